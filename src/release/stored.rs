//! One stored revision, known by the metadata of the object that holds it.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model;

/// The kinds of objects that Helm stores records in (`HELM_DRIVER`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// Helm's default.
    Secret,
    /// `HELM_DRIVER=configmap`.
    ConfigMap,
}

impl Driver {
    /// Every driver that keeps records in the cluster.
    pub const ALL: [Self; 2] = [Self::Secret, Self::ConfigMap];

    /// The name that reports and snapshots use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::ConfigMap => "configmap",
        }
    }

    /// The kind of object that holds a record.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// The resource that holds the records.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::ConfigMap => "configmaps",
        }
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        })
    }
}

/// Helm's status of a revision (Helm: `pkg/release/common/status.go`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Helm's own status `unknown`, or a label that Helm does not write.
    Unknown,
    /// Applied, and current as far as Helm knows.
    Deployed,
    /// Uninstalled, history kept.
    Uninstalled,
    /// Was deployed, until a later revision was.
    Superseded,
    /// The operation failed.
    Failed,
    /// An uninstall began.
    Uninstalling,
    /// An install began.
    PendingInstall,
    /// An upgrade began.
    PendingUpgrade,
    /// A rollback began.
    PendingRollback,
}

impl Status {
    /// Reads a status label; one that Helm does not define is [`Status::Unknown`].
    pub fn from_label(label: &str) -> Self {
        match label {
            "deployed" => Self::Deployed,
            "uninstalled" => Self::Uninstalled,
            "superseded" => Self::Superseded,
            "failed" => Self::Failed,
            "uninstalling" => Self::Uninstalling,
            "pending-install" => Self::PendingInstall,
            "pending-upgrade" => Self::PendingUpgrade,
            "pending-rollback" => Self::PendingRollback,
            _ => Self::Unknown,
        }
    }

    /// Helm's name of the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Deployed => "deployed",
            Self::Uninstalled => "uninstalled",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalling => "uninstalling",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
        }
    }

    /// Whether Helm began an operation and has not recorded its end.
    pub const fn is_pending(self) -> bool {
        match self {
            Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback | Self::Uninstalling => true,
            Self::Unknown | Self::Deployed | Self::Uninstalled | Self::Superseded | Self::Failed => false,
        }
    }
}

/// The identity of a release: where its records are, by the API server's own metadata.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReleaseKey {
    /// The namespace of the records.
    pub namespace: String,
    /// The release's name.
    pub name: String,
    /// The kind of object that holds the records.
    pub driver: Driver,
}

impl ReleaseKey {
    /// The report's form of where the records are.
    pub fn storage(&self) -> model::Storage {
        model::Storage {
            driver: self.driver.as_str().to_owned(),
            namespace: self.namespace.clone(),
        }
    }
}

impl fmt::Display for ReleaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// One revision of a release, as its object's metadata describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredRevision {
    /// The release it belongs to.
    pub release: ReleaseKey,
    /// The name of the `Secret` or `ConfigMap`.
    pub object: String,
    /// The revision number.
    pub revision: u64,
    /// The status label.
    pub status: Status,
    /// When the API server created the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// When the object was last written, on the API server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<DateTime<Utc>>,
    /// The object's resource version after that write.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resource_version: Option<u64>,
    /// How the labels contradict the object's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<String>,
    /// The labels that people gave the release with `--labels`, as they stand at this revision.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub labels: BTreeMap<String, String>,
}

/// The metadata that identifies a stored revision.
#[derive(Debug, Clone, Copy)]
pub struct RecordMetadata<'a> {
    /// The kind of the object.
    pub driver: Driver,
    /// The object's namespace.
    pub namespace: &'a str,
    /// The object's name.
    pub object: &'a str,
    /// The labels `name`, `version` and `status`.
    pub labels: [Option<&'a str>; 3],
    /// Its creation timestamp.
    pub created: Option<DateTime<Utc>>,
    /// The latest time in its managed fields.
    pub written: Option<DateTime<Utc>>,
    /// Its resource version.
    pub resource_version: Option<&'a str>,
}

impl StoredRevision {
    /// Whether the object's name is the one from which the release and the revision follow. It is, unless the revision was
    /// read from a file that somebody changed.
    pub fn is_named_as_stored(&self) -> bool {
        identify(&self.object) == Some((&self.release.name, self.revision))
    }

    /// Identifies a record by its object's name, which cannot be edited as labels can. `None` when the object is no
    /// release record.
    pub fn from_metadata(metadata: RecordMetadata<'_>) -> Option<Self> {
        let (name, revision) = identify(metadata.object)?;
        let [label_name, label_version, label_status] = metadata.labels;
        let mut mismatches = Vec::new();
        if label_name != Some(name) {
            mismatches.push(format!("label `name` is {}", quoted(label_name)));
        }
        if label_version.and_then(|version| version.parse().ok()) != Some(revision) {
            mismatches.push(format!("label `version` is {}", quoted(label_version)));
        }
        let status = label_status.map_or(Status::Unknown, Status::from_label);
        if status == Status::Unknown && label_status != Some("unknown") {
            mismatches.push(format!("label `status` is {}", quoted(label_status)));
        }
        Some(Self {
            release: ReleaseKey {
                namespace: metadata.namespace.to_owned(),
                name: name.to_owned(),
                driver: metadata.driver,
            },
            object: metadata.object.to_owned(),
            revision,
            status,
            created: metadata.created,
            written: metadata.written.max(metadata.created),
            resource_version: metadata.resource_version.and_then(|version| version.parse().ok()),
            mismatch: (!mismatches.is_empty()).then(|| {
                format!(
                    "{} {}: {}",
                    metadata.driver,
                    metadata.object,
                    mismatches.join(", ")
                )
            }),
            labels: BTreeMap::new(),
        })
    }

    /// The same with the labels that people gave the release.
    #[must_use]
    pub fn with_labels(self, labels: BTreeMap<String, String>) -> Self {
        Self { labels, ..self }
    }
}

/// The release and the revision in the name of a record's object, `sh.helm.release.v1.NAME.vREVISION` (Helm:
/// `pkg/storage/storage.go`, `makeKey`).
fn identify(object: &str) -> Option<(&str, u64)> {
    let (name, revision) = object.strip_prefix("sh.helm.release.v1.")?.rsplit_once(".v")?;
    Some((name, revision.parse().ok()?))
}

fn quoted(label: Option<&str>) -> String {
    label.map_or_else(|| "missing".to_owned(), |label| format!("`{label}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(object: &str, labels: [Option<&str>; 3]) -> Option<StoredRevision> {
        StoredRevision::from_metadata(RecordMetadata {
            driver: Driver::Secret,
            namespace: "shop",
            object,
            labels,
            created: None,
            written: None,
            resource_version: None,
        })
    }

    #[test]
    fn the_object_name_identifies_the_revision() {
        let revision = stored(
            "sh.helm.release.v1.web.v1.v12",
            [Some("web.v1"), Some("12"), Some("deployed")],
        )
        .unwrap();
        assert_eq!(
            (revision.release.name.as_str(), revision.revision),
            ("web.v1", 12)
        );
        assert_eq!((revision.status, revision.mismatch), (Status::Deployed, None));
        for other in [
            "web",
            "sh.helm.release.v1.web",
            "sh.helm.release.v1.web.vx",
            "sh.helm.release.v2.web.v1",
        ] {
            assert_eq!(stored(other, [None; 3]), None, "{other}");
        }
    }

    #[test]
    fn labels_that_disagree_are_named() {
        let revision = stored("sh.helm.release.v1.web.v2", [Some("api"), None, Some("fine")]).unwrap();
        assert_eq!(revision.release.name, "web", "the name wins: labels are editable");
        assert_eq!(
            revision.mismatch.as_deref(),
            Some(
                "Secret sh.helm.release.v1.web.v2: label `name` is `api`, label `version` is missing, label `status` \
                 is `fine`"
            )
        );
    }

    #[test]
    fn every_status_of_helm_round_trips() {
        for label in [
            "unknown",
            "deployed",
            "uninstalled",
            "superseded",
            "failed",
            "uninstalling",
            "pending-install",
            "pending-upgrade",
            "pending-rollback",
        ] {
            assert_eq!(Status::from_label(label).as_str(), label);
        }
    }
}
