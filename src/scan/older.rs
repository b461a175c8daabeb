//! Older revisions, read for the objects that hold something which no newer revision explains.
//!
//! A comparison needs the baseline, the revision before it and those that failed since. What an older one put there and
//! Helm did not remove is in the cluster all the same ([`crate::compare::older`]). So where the live object shows a trace of
//! it, the kept records are read, and only the bodies of such objects are held. A release without a trace costs
//! no request.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::cluster_facts::ClusterFacts;
use super::decoders::Decoders;
use super::load::decode_record;
use super::older_wanted::OlderWanted;
use super::resolver::Resolver;
use super::stages::{Stages, Wave};
use super::state::{ObjectPosition, ReadPlan};
use super::weight::ReleaseWeight;
use crate::compare::three_way::OfRevision;
use crate::manifest::parse::ParsedDocuments;
use crate::object::ObjectKey;
use crate::release::decode::decode_without_variations;
use crate::release::history::History;
use crate::release::stored::{ReleaseKey, StoredRevision};
use crate::source::{Kinds, ObjectRequest, ReadError, Record, Share, Source};
use crate::vocabulary::count;
use crate::weight::at_once;

/// For how many releases older revisions are read at once.
const RELEASES_AT_ONCE: usize = 4;

/// The older revisions of a few releases, while they are read.
struct Reading {
    kinds: Arc<Kinds>,
    positions: HashMap<ReleaseKey, usize>,
    releases: Vec<(OlderWanted, Mutex<Found>)>,
    decoders: Decoders,
    /// The most that those of one release may come to.
    release_bytes: usize,
}

/// What was found in those of one release.
#[derive(Default)]
struct Found {
    documents: ParsedDocuments,
    weight: ReleaseWeight,
    /// By the positions of the objects.
    bodies: BTreeMap<usize, Vec<OfRevision<Arc<str>>>>,
    unread: usize,
    is_too_large: bool,
}

impl<S: Source> Stages<'_, S> {
    /// Reads the older revisions of the releases with objects that nothing explains, and compares those objects again.
    pub(super) async fn look_into_older_revisions(
        &self,
        wave: &Wave,
        plan: &ReadPlan,
        kinds: &Kinds,
        facts: &Arc<ClusterFacts>,
    ) {
        let wanted = self.state.older_wanted(&wave.releases);
        if wanted.is_empty() {
            return;
        }
        self.progress.stage("reading older revisions", wanted.len());
        let kinds = Arc::new(kinds.clone());
        let mut wanted = wanted.into_iter();
        loop {
            let few: Vec<OlderWanted> = wanted.by_ref().take(RELEASES_AT_ONCE).collect();
            if few.is_empty() {
                return;
            }
            let reopened = self.reopen_with_older(few, &kinds).await;
            let again: Vec<ObjectRequest> = plan
                .objects
                .iter()
                .filter(|request| reopened.binary_search(&request.key).is_ok())
                .cloned()
                .collect();
            if !again.is_empty() {
                self.read(&again, Share::Few, facts).await;
            }
        }
    }

    /// Reads the older revisions of a few releases, and lets the objects that they have wait to be inspected again.
    /// Returns their keys in order.
    async fn reopen_with_older(&self, few: Vec<OlderWanted>, kinds: &Arc<Kinds>) -> Vec<ObjectKey> {
        let revisions: Vec<StoredRevision> = few
            .iter()
            .flat_map(|wanted| wanted.history.older().cloned())
            .collect();
        let reading = Arc::new(Reading::new(
            few,
            Arc::clone(kinds),
            self.options.limits.older_bytes,
        ));
        let (accepting, record_bytes) = (Arc::clone(&reading), self.options.max_record_bytes);
        let accept = move |stored: &StoredRevision, answer| accepting.accept(stored, answer, record_bytes);
        self.source.records(revisions, Arc::new(accept)).await;
        let mut reopened = Vec::new();
        for (wanted, found) in reading.take() {
            let gap = found.gap(&wanted.history);
            let mut bodies = found.bodies;
            for (key, object) in &wanted.objects {
                let at = ObjectPosition {
                    release: wanted.release,
                    object: object.position,
                };
                let bodies = bodies.remove(&object.position).unwrap_or_default();
                if !bodies.is_empty() || gap.is_some() {
                    self.state.reopen(key, at, newest_of_each(bodies), gap.clone());
                    reopened.push(key.clone());
                }
            }
            self.progress.step();
        }
        reopened.sort_unstable();
        reopened
    }
}

impl Reading {
    fn new(few: Vec<OlderWanted>, kinds: Arc<Kinds>, release_bytes: usize) -> Self {
        let positions = few.iter().enumerate();
        Self {
            kinds,
            positions: positions
                .map(|(position, wanted)| (wanted.history.key.clone(), position))
                .collect(),
            releases: few.into_iter().map(|wanted| (wanted, Mutex::default())).collect(),
            decoders: Decoders::new(at_once()),
            release_bytes,
        }
    }

    /// Takes in a record.
    fn accept(&self, stored: &StoredRevision, answer: Result<Record, ReadError>, record_bytes: u64) {
        let position = self.positions.get(&stored.release);
        let Some((wanted, found)) = position.and_then(|position| self.releases.get(*position)) else {
            return;
        };
        // Revisions of one release take turns: they share most of their documents.
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_too_large {
            return;
        }
        let _decoder = self.decoders.wait();
        let documents = &mut found.documents;
        // A defect that one record brings to light is that record's.
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            decode_record(
                stored,
                answer.ok()?,
                decode_without_variations,
                record_bytes,
                documents,
            )
            .ok()
        }));
        let Ok(Some((_, objects))) = decoded else {
            found.unread += 1;
            return;
        };
        found.weight.add(&objects, None);
        if found.weight.whole() > self.release_bytes {
            *found = Found {
                is_too_large: true,
                ..Found::default()
            };
            return;
        }
        let resolver = Resolver {
            namespace: &wanted.installs_into,
            kinds: &self.kinds,
        };
        for object in objects {
            if let Some(known) = wanted.objects.get(&resolver.key_of(&object))
                && !known.bodies.contains(&object.body)
            {
                found.bodies.entry(known.position).or_default().push(OfRevision {
                    revision: stored.revision,
                    object: object.body,
                });
            }
        }
    }

    /// What was found, by release; answers that come after that are not taken in.
    fn take(&self) -> impl Iterator<Item = (&OlderWanted, Found)> {
        self.releases.iter().map(|(wanted, found)| {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            (wanted, std::mem::take(&mut *found))
        })
    }
}

impl Found {
    /// What is not known of the older revisions, as the reason on an object that nothing explains.
    fn gap(&self, history: &History) -> Option<String> {
        let beyond = history.older_unread();
        let what = if self.is_too_large {
            "its older revisions are too large to be read".to_owned()
        } else if self.unread > 0 {
            format!("{} could not be read", count(self.unread, "older revision"))
        } else if beyond > 0 {
            format!(
                "{} were not read, because there are too many",
                count(beyond, "older revision")
            )
        } else {
            return None;
        };
        Some(format!(
            "{what}, and may have left behind what no other revision explains"
        ))
    }
}

/// The bodies, newest first, each for the newest revision that has it.
fn newest_of_each(mut bodies: Vec<OfRevision<Arc<str>>>) -> Vec<OfRevision<Arc<str>>> {
    bodies.sort_by_key(|body| std::cmp::Reverse(body.revision));
    let mut known = HashSet::new();
    bodies.retain(|body| known.insert(Arc::clone(&body.object)));
    bodies
}

#[cfg(test)]
mod tests;
