//! The fields in which earlier scans found drift, for the scan that may find none there any more.
//!
//! Whether an upgrade adopted a change or took it back shows in the live object alone: it has the value that it had, or
//! another one. So the scan, which has the object in its hands, looks.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::digest::{Hash, Salt};
use super::entry::{Subject, names};
use super::items::of_value;
use super::memory::{ReleaseId, State};
use crate::model::{Fingerprint, ObjectNames, ReleaseNames, SeenAgain, Storage};

/// The fields in which earlier scans found drift, by their objects.
#[derive(Debug, Clone)]
pub struct Earlier {
    cluster: String,
    salt: Salt,
    /// The releases of which something is remembered.
    releases: BTreeSet<ReleaseId>,
    objects: HashMap<Fingerprint, Vec<EarlierField>>,
}

#[derive(Debug, Clone)]
struct EarlierField {
    path: String,
    pointer: String,
    live: Hash,
}

impl State {
    /// The fields in which earlier scans found drift.
    pub fn earlier(&self) -> Earlier {
        let mut objects: HashMap<Fingerprint, Vec<EarlierField>> = HashMap::new();
        for (id, release) in &self.releases {
            let release_names = id.names(&self.cluster);
            for entry in release.entries.values().filter(|entry| entry.is_active()) {
                let (
                    Subject::Field {
                        object,
                        path,
                        pointer,
                    },
                    Some(live),
                ) = (&entry.subject, entry.live)
                else {
                    continue;
                };
                let object = Fingerprint::of_object(release_names, names(object));
                objects.entry(object).or_default().push(EarlierField {
                    path: path.clone(),
                    pointer: pointer.clone(),
                    live,
                });
            }
        }
        Earlier {
            cluster: self.cluster.clone(),
            salt: self.salt,
            releases: self.releases.keys().cloned().collect(),
            objects,
        }
    }
}

impl Earlier {
    /// Whether earlier scans remember something of a release.
    pub fn knows(&self, storage: &Storage, release: &str) -> bool {
        let (storage, name) = (storage.clone(), release.to_owned());
        self.releases.contains(&ReleaseId { storage, name })
    }

    /// The fields of an object of a release in which earlier scans found drift, as they are now.
    pub fn seen_again(
        &self,
        storage: &Storage,
        release: &str,
        object: ObjectNames<'_>,
        live: &Value,
    ) -> Vec<SeenAgain> {
        let release = ReleaseNames {
            cluster: &self.cluster,
            storage,
            name: release,
        };
        let fields = self.objects.get(&Fingerprint::of_object(release, object));
        let seen = |field: &EarlierField| SeenAgain {
            path: field.path.clone(),
            is_as_before: of_value(live.pointer(&field.pointer), &self.salt) == field.live,
        };
        fields.into_iter().flatten().map(seen).collect()
    }
}
