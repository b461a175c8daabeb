//! What an operation of the real Helm came to: for the release, and for each object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::cluster::{Cluster, Outcome};

/// The records of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Records {
    /// The statuses by revision.
    statuses: BTreeMap<u64, String>,
}

/// An operation, with the cluster before and after it.
pub(crate) struct Happened {
    pub(crate) helm: Outcome,
    pub(crate) records: [Records; 2],
    pub(crate) objects: [BTreeMap<String, Value>; 2],
}

/// What happened to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Created,
    /// It is another one, under the same name.
    Recreated,
    Changed,
    Deleted,
    /// Its deletion began and does not end.
    Terminating,
    Untouched,
    /// It was and is not there.
    Absent,
}

impl Happened {
    /// The outcome, in the words of previews; `works-but` is a matter of judgment, and `works` here.
    pub(crate) fn outcome(&self) -> &'static str {
        let [before, after] = self.records.each_ref().map(Records::newest);
        if self.helm.status == 0 {
            return "works";
        }
        let is_same_revision = before.map(|(revision, _)| revision) == after.map(|(revision, _)| revision);
        match after {
            _ if is_same_revision => "refused",
            Some((_, status)) if status.starts_with("pending-") => "lock-left",
            Some((_, "failed")) => "failed",
            Some(_) | None => "something else",
        }
    }

    /// Whether a revision is deployed afterwards.
    pub(crate) fn has_deployed(&self) -> bool {
        self.records[1].deployed().next().is_some()
    }

    /// Helm's error, by the codes of previews' causes.
    pub(crate) fn cause(&self) -> &'static str {
        let told = &self.helm.stderr;
        let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
        let is_of_record = says(&["create: failed to create"]);
        if says(&["release has no ", "release: already exists", "release: not found"]) {
            "record"
        } else if is_of_record || (says(&["secrets \""]) && says(&["being terminated"])) {
            "record-refused"
        } else if says(&["another operation (install/upgrade/rollback) is in progress"]) {
            "pending"
        } else if says(&[
            "unable to build kubernetes object",
            "resource mapping not found",
            "no matches for kind",
        ]) {
            "kind-not-served"
        } else if says(&[
            "hooks failed",
            "Hook pre-",
            "Hook post-",
            "failed: DeadlineExceeded",
            "not ready. status: Failed",
        ]) {
            "hook"
        } else if says(&["conflict occurred"]) {
            "conflict"
        } else if says(&["exists and cannot be imported", "invalid ownership metadata"]) {
            "ownership"
        } else if says(&["exceeded quota"]) {
            "quota"
        } else if says(&["already allocated", "is already allocated"]) {
            "taken"
        } else if says(&["namespaces \""]) && says(&["not found", "being terminated"]) {
            "namespace-gone"
        } else if says(&["must be specified for an update"]) {
            "helm"
        } else if says(&["denied request", "failed calling webhook"]) {
            "admission"
        } else {
            "rule"
        }
    }

    /// Every object that lived before or lives now, as `Kind/name`.
    pub(crate) fn names(&self) -> BTreeSet<&String> {
        self.objects.iter().flat_map(BTreeMap::keys).collect()
    }

    /// What happened to an object.
    pub(crate) fn fate(&self, name: &str) -> Fate {
        let [before, after] = self.objects.each_ref().map(|objects| objects.get(name));
        match (before, after) {
            (None, None) => Fate::Absent,
            (None, Some(_)) => Fate::Created,
            (Some(_), None) => Fate::Deleted,
            (Some(before), Some(after)) => {
                let is_terminating = |object: &Value| !object["metadata"]["deletionTimestamp"].is_null();
                if before["metadata"]["uid"] != after["metadata"]["uid"] {
                    Fate::Recreated
                } else if is_terminating(after) && !is_terminating(before) {
                    Fate::Terminating
                } else if meant(before) != meant(after) {
                    Fate::Changed
                } else {
                    Fate::Untouched
                }
            }
        }
    }

    /// Helm's error on one line.
    pub(crate) fn words(&self) -> String {
        let lines = self.helm.stderr.lines().map(str::trim);
        lines.collect::<Vec<_>>().join(" ")
    }
}

impl Records {
    /// The records that Helm keeps.
    pub(crate) fn of(cluster: &Cluster, namespace: &str, release: &str) -> Self {
        let columns =
            r#"-o=jsonpath={range .items[*]}{.metadata.labels.version} {.metadata.labels.status}{"\n"}{end}"#;
        let selector = format!("owner=helm,name={release}");
        let args = ["get", "secrets", "-n", namespace, "-l", &selector, columns];
        let lines = cluster.try_kubectl(&args).stdout;
        let statuses = lines
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(version, status)| Some((version.parse().ok()?, status.to_owned())));
        Self {
            statuses: statuses.collect(),
        }
    }

    /// The newest revision with its status.
    pub(crate) fn newest(&self) -> Option<(u64, &str)> {
        let newest = self.statuses.last_key_value();
        newest.map(|(revision, status)| (*revision, status.as_str()))
    }

    /// The revisions that are deployed.
    pub(crate) fn deployed(&self) -> impl Iterator<Item = u64> {
        let deployed = self.statuses.iter().filter(|(_, status)| *status == "deployed");
        deployed.map(|(revision, _)| *revision)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Recreated => "recreated",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Terminating => "terminating",
            Self::Untouched => "untouched",
            Self::Absent => "absent",
        })
    }
}

/// What people mean by an object: without the server's book-keeping and what controllers add in their own time.
pub(crate) fn meant(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["managedFields", "resourceVersion", "generation"] {
            metadata.remove(field);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("deployment.kubernetes.io/revision");
        }
        if let Some(finalizers) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) {
            finalizers.retain(|name| {
                !matches!(
                    name.as_str(),
                    Some("kubernetes.io/pv-protection" | "kubernetes.io/pvc-protection")
                )
            });
            if finalizers.is_empty() {
                metadata.remove("finalizers");
            }
        }
    }
    object
}

/// `Kind/name` of an object.
pub(crate) fn shown(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

/// The objects of an answer of `kubectl get -o json`, by `Kind/name`.
pub(crate) fn by_name(text: &str) -> BTreeMap<String, Value> {
    let Ok(read) = serde_json::from_str::<Value>(text) else {
        return BTreeMap::new();
    };
    let objects = match read["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![read],
    };
    let named = objects.into_iter().map(|object| (shown(&object), object));
    named.collect()
}
