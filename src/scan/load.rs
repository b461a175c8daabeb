//! The records of one release, decoded: what each revision that matters asked for.

use std::collections::HashSet;
use std::sync::Arc;

use crate::classify::code::{ApplyMethod, HealthCode, HealthSeverity};
use crate::classify::health;
use crate::manifest::object::{self, ManifestObject};
use crate::release::decode::{self, DecodeError, Hook, Release};
use crate::release::history::History;
use crate::release::stored::StoredRevision;
use crate::report::{self, Health};
use crate::source::{Record, Source};
use crate::yaml::Limits;

/// One decoded revision.
pub(super) struct Revision {
    pub(super) number: u64,
    pub(super) namespace: String,
    pub(super) chart: Option<report::Chart>,
    pub(super) deployed_at: Option<chrono::DateTime<chrono::Utc>>,
    pub(super) method: ApplyMethod,
    pub(super) hooks: Vec<Hook>,
    pub(super) objects: Vec<ManifestObject>,
}

/// What could be read of a release.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) baseline: Option<Revision>,
    pub(super) previous: Option<Revision>,
    /// Newest first.
    pub(super) attempted: Vec<Revision>,
    /// What could not be read, and what the records say otherwise than their metadata.
    pub(super) health: Vec<Health>,
}

impl Loaded {
    /// Every revision that was decoded, the baseline first.
    pub(super) fn revisions(&self) -> impl Iterator<Item = &Revision> {
        self.baseline.iter().chain(&self.attempted).chain(&self.previous)
    }
}

/// Reads and decodes the revisions that the comparison needs.
pub(super) async fn load<S: Source>(source: &Arc<S>, history: &History, max_bytes: u64) -> Loaded {
    let mut loaded = Loaded::default();
    if let Some(stored) = history.baseline() {
        loaded.baseline = one(source, stored, max_bytes, &mut loaded).await;
        if loaded.baseline.is_none() {
            return loaded;
        }
    }
    if let Some(stored) = history.previous() {
        loaded.previous = one(source, stored, max_bytes, &mut loaded).await;
    }
    for stored in history.attempted() {
        let revision = one(source, stored, max_bytes, &mut loaded).await;
        loaded.attempted.extend(revision);
    }
    share_bodies(&mut loaded);
    loaded
}

async fn one<S: Source>(
    source: &Arc<S>,
    stored: &StoredRevision,
    max_bytes: u64,
    loaded: &mut Loaded,
) -> Option<Revision> {
    let record = match source.record(stored).await {
        Ok(record) => record,
        Err(error) => {
            let release = &stored.release;
            let message = format!(
                "revision {} cannot be read: {} {}/{}: {error}",
                stored.revision, release.driver, release.namespace, stored.object
            );
            loaded.health.push(health::remark(
                HealthCode::Undecodable,
                HealthSeverity::Warning,
                message,
            ));
            return None;
        }
    };
    // Decompressing and parsing takes milliseconds to seconds: not on the threads that wait for the network.
    let decoded = tokio::task::spawn_blocking(move || decode_record(record, max_bytes)).await;
    let decoded =
        decoded.unwrap_or_else(|_| Err(DecodeError::Recorded("the decoder failed on it".to_owned())));
    match decoded {
        Ok((release, objects)) => {
            loaded.health.extend(mismatch(stored, &release));
            let namespace = if release.namespace.is_empty() {
                stored.release.namespace.clone()
            } else {
                release.namespace.clone()
            };
            let chart = release.chart.as_ref().and_then(|chart| chart.metadata.as_ref());
            Some(Revision {
                number: stored.revision,
                namespace,
                chart: chart.map(|chart| report::Chart {
                    name: chart.name.clone(),
                    version: chart.version.clone(),
                }),
                deployed_at: release.info.last_deployed,
                method: release.apply_method(),
                hooks: release.hooks.unwrap_or_default(),
                objects,
            })
        }
        Err(error) => {
            loaded.health.push(health::undecodable(stored, &error));
            None
        }
    }
}

fn decode_record(record: Record, max_bytes: u64) -> Result<(Release, Vec<ManifestObject>), DecodeError> {
    let mut release = match record {
        Record::Encoded(payload) => decode::decode(&payload, max_bytes)?,
        Record::Decoded(release) => *release,
        Record::Undecodable(error) => return Err(error),
    };
    let manifest = release.manifest.take().unwrap_or_default();
    let objects = object::parse(&manifest, &Limits::default())
        .map_err(|error| DecodeError::Manifest(error.to_string()))?;
    Ok((release, objects))
}

/// The record's own idea of what it is, where it differs from the object that holds it.
fn mismatch(stored: &StoredRevision, release: &Release) -> Option<Health> {
    let mut differences = Vec::new();
    if release.name != stored.release.name {
        differences.push("another release name");
    }
    if release.version != stored.revision {
        differences.push("another revision");
    }
    if !release.info.status.is_empty() && release.info.status != stored.status.as_str() {
        differences.push("another status than its label");
    }
    (!differences.is_empty()).then(|| {
        let message = format!(
            "the record in {} {} names {}",
            stored.release.driver,
            stored.object,
            differences.join(" and ")
        );
        health::remark(HealthCode::IdentityMismatch, HealthSeverity::Warning, message)
    })
}

/// Revisions of one release are mostly alike: equal bodies are kept once.
fn share_bodies(loaded: &mut Loaded) {
    let mut bodies: HashSet<Arc<str>> = HashSet::new();
    let revisions = loaded
        .baseline
        .iter_mut()
        .chain(loaded.previous.iter_mut())
        .chain(loaded.attempted.iter_mut());
    for object in revisions.flat_map(|revision| revision.objects.iter_mut()) {
        if let Some(body) = bodies.get(&object.body) {
            object.body = Arc::clone(body);
        } else {
            bodies.insert(Arc::clone(&object.body));
        }
    }
}
