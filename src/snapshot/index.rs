//! The contents of `snapshot.json`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{Cluster, Tool};
use crate::object::{Gvk, ObjectKey};
use crate::release::stored::{Driver, ReleaseKey, StoredRevision};
use crate::source::followed::{DriftSettings, Followed, HelmChart};
use crate::source::surroundings::Surroundings;
use crate::source::{
    Capabilities, Inventory, Kinds, OwnedObjects, ReadError, RevisionSet, ScaleTargets, ServedKind,
    TerminatingNamespace,
};

/// The name and version of the format.
pub const FORMAT: &str = "driftline.snapshot/v1";

/// The file as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    pub(super) format: String,
    pub(super) tool: Tool,
    pub(super) cluster: Cluster,
    pub(super) taken_at: DateTime<Utc>,
    pub(super) values: SensitiveValues,
    pub(super) listings: Vec<RecordedListing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kinds: Option<Recorded<NeededKinds>>,
    pub(super) records: Vec<RecordEntry>,
    pub(super) objects: Vec<ObjectEntry>,
    pub(super) schemas: Vec<SchemaEntry>,
    /// Absent where nothing scalable was read, and in snapshots of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) scale_targets: Option<ScaleTargets>,
    /// Absent where the scan did not look for orphans, and in snapshots of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) owned: Option<Recorded<OwnedObjects>>,
    /// Absent where there are none, and in snapshots of earlier versions.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) terminating_namespaces: Vec<TerminatingNamespace>,
    /// Absent where nothing was previewed, and in snapshots of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) surroundings: Option<Surroundings>,
    /// Absent where nothing was asked, and in snapshots of earlier versions.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) followed: Vec<FollowedEntry>,
    /// Absent where none installs a release of the snapshot, and in snapshots of earlier versions.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) helm_charts: Vec<HelmChart>,
    /// Absent in snapshots without values.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) capabilities: Option<Capabilities>,
}

impl Index {
    /// What cannot be in an index that driftline wrote: an entry that stands twice, of which one would hide the other, or
    /// a record whose name is not that of its release and revision.
    pub(super) fn problem(&self) -> Option<String> {
        let records = first_double(self.records.iter().map(|entry| &entry.record))
            .map(|record| format!("the record {}/{}", record.namespace, record.object));
        let objects = self.objects.iter().map(ObjectEntry::key).collect::<Vec<_>>();
        let objects = first_double(&objects).map(|key| format!("the object {key}"));
        let schemas = first_double(self.schemas.iter().map(|entry| &entry.api_version))
            .map(|api_version| format!("the schema of {api_version}"));
        let kinds = self.kinds.iter().filter_map(|kinds| match kinds {
            Recorded::Given(kinds) => {
                first_double(kinds.served.iter().map(|kind| (&kind.api_version, &kind.kind)))
            }
            Recorded::Unreadable(_) => None,
        });
        let kinds = kinds
            .map(|(api_version, kind)| format!("the kind {kind} in {api_version}"))
            .next();
        let listed = self.listings.iter().find_map(|listing| match &listing.answer {
            Recorded::Given(inventory) => problem_of(inventory),
            Recorded::Unreadable(_) => None,
        });
        let owned = self.owned.iter().find_map(|owned| match owned {
            Recorded::Given(owned) => first_double(
                owned
                    .objects
                    .iter()
                    .map(|object| (&object.api_version, &object.kind, &object.namespace, &object.name)),
            ),
            Recorded::Unreadable(_) => None,
        });
        let owned = owned.map(|(_, kind, _, name)| format!("the object {kind} {name} of a release"));
        let followed = first_double(
            self.followed
                .iter()
                .map(|entry| (&entry.release, &entry.followed)),
        );
        let followed = followed.map(|(release, _)| format!("what is followed for {}", release.name));
        let double = records.or(objects).or(schemas).or(kinds).or(owned).or(followed);
        double
            .map(|entry| format!("{entry} stands in it twice"))
            .or(listed)
    }
}

fn problem_of(inventory: &Inventory) -> Option<String> {
    let keys: Vec<RecordKey> = inventory.revisions.iter().map(RecordKey::of).collect();
    if let Some(key) = first_double(&keys) {
        return Some(format!(
            "the record {}/{} stands in it twice",
            key.namespace, key.object
        ));
    }
    let strange = inventory
        .revisions
        .iter()
        .find(|revision| !revision.is_named_as_stored())?;
    Some(format!(
        "the record {}/{} cannot be revision {} of {}",
        strange.release.namespace, strange.object, strange.revision, strange.release.name
    ))
}

/// The first item that came before.
fn first_double<T: Ord>(items: impl IntoIterator<Item = T>) -> Option<T> {
    let mut known = BTreeSet::new();
    for item in items {
        if let Some(double) = known.replace(item) {
            return Some(double);
        }
    }
    None
}

/// Whether a snapshot holds the sensitive values that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensitiveValues {
    /// It does.
    Kept,
    /// It holds tokens in their place.
    Redacted,
}

/// The answer to a question that has one, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Recorded<T> {
    Given(T),
    Unreadable(ReadError),
}

impl<T> From<Result<T, ReadError>> for Recorded<T> {
    fn from(result: Result<T, ReadError>) -> Self {
        match result {
            Ok(answer) => Self::Given(answer),
            Err(error) => Self::Unreadable(error),
        }
    }
}

/// One listing of the stored revisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedListing {
    /// The namespaces that were asked for; all of them when none are named.
    pub(super) namespaces: Vec<String>,
    pub(super) answer: Recorded<Inventory>,
}

impl RecordedListing {
    /// Whether a later listing of these revisions says nothing else.
    pub(super) fn answers(&self, later: &Self, set: RevisionSet) -> bool {
        let answer = match &self.answer {
            Recorded::Given(inventory) => Recorded::Given(inventory.clone().only(set)),
            Recorded::Unreadable(error) => Recorded::Unreadable(error.clone()),
        };
        self.namespaces == later.namespaces && answer == later.answer
    }
}

/// The kinds that the recorded objects need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NeededKinds {
    pub(super) served: Vec<KindEntry>,
    pub(super) unavailable: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KindEntry {
    api_version: String,
    kind: String,
    plural: String,
    namespaced: bool,
}

impl NeededKinds {
    /// The served kinds that are needed, and every group that did not answer.
    pub(super) fn select(kinds: &Kinds, is_needed: impl Fn(&Gvk) -> bool) -> Self {
        Self {
            served: kinds
                .served
                .iter()
                .filter(|(gvk, _)| is_needed(gvk))
                .map(|(gvk, kind)| KindEntry {
                    api_version: gvk.api_version.clone(),
                    kind: gvk.kind.clone(),
                    plural: kind.plural.clone(),
                    namespaced: kind.namespaced,
                })
                .collect(),
            unavailable: kinds.unavailable.clone(),
        }
    }

    pub(super) fn kinds(&self) -> Kinds {
        Kinds {
            served: self
                .served
                .iter()
                .map(|entry| {
                    (
                        Gvk::new(&entry.api_version, &entry.kind),
                        ServedKind {
                            plural: entry.plural.clone(),
                            namespaced: entry.namespaced,
                            // A snapshot answers what was asked of the cluster, whatever can be asked.
                            listable: false,
                        },
                    )
                })
                .collect(),
            unavailable: self.unavailable.clone(),
        }
    }
}

/// Where a release record is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct RecordKey {
    namespace: String,
    driver: Driver,
    object: String,
}

impl RecordKey {
    pub(super) fn of(revision: &StoredRevision) -> Self {
        Self {
            namespace: revision.release.namespace.clone(),
            driver: revision.release.driver,
            object: revision.object.clone(),
        }
    }
}

/// A release record that was asked for and not decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordEntry {
    pub(super) record: RecordKey,
    pub(super) outcome: RecordOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RecordOutcome {
    /// The sentence that says why.
    Undecodable(String),
    Unreadable(ReadError),
}

/// An object that was asked for and not found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectEntry {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: String,
    pub(super) outcome: ObjectOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ObjectOutcome {
    NotFound,
    Unreadable(ReadError),
}

impl ObjectEntry {
    pub(super) fn new(key: &ObjectKey, outcome: ObjectOutcome) -> Self {
        Self {
            api_version: key.gvk.api_version.clone(),
            kind: key.gvk.kind.clone(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            outcome,
        }
    }

    pub(super) fn key(&self) -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new(&self.api_version, &self.kind),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// What was said of what a program follows for a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FollowedEntry {
    pub(super) release: ReleaseKey,
    pub(super) followed: Followed,
    pub(super) answer: Recorded<Option<DriftSettings>>,
}

/// A group and version whose schema was asked for and not received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SchemaEntry {
    pub(super) api_version: String,
    pub(super) outcome: SchemaOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SchemaOutcome {
    NotPublished,
    Unreadable(ReadError),
}
