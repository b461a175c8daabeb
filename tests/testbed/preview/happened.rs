//! What an operation of the real Helm came to: for the release, and for each object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::stage::Records;
use crate::harness::Outcome;

/// An operation, with the cluster before and after it.
pub(super) struct Happened {
    pub(super) helm: Outcome,
    pub(super) records: [Records; 2],
    pub(super) objects: [BTreeMap<String, Value>; 2],
}

/// What happened to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
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
    pub(super) fn outcome(&self) -> &'static str {
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
    pub(super) fn has_deployed(&self) -> bool {
        self.records[1].has_deployed()
    }

    /// Helm's error, by the codes of previews' causes.
    pub(super) fn cause(&self) -> &'static str {
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
    pub(super) fn names(&self) -> BTreeSet<&String> {
        self.objects.iter().flat_map(BTreeMap::keys).collect()
    }

    /// What happened to an object.
    pub(super) fn fate(&self, name: &str) -> Fate {
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
    pub(super) fn words(&self) -> String {
        let lines = self.helm.stderr.lines().map(str::trim);
        lines.collect::<Vec<_>>().join(" ")
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
pub(super) fn meant(object: &Value) -> Value {
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
