//! What a scan would read, found out without reading it: the rights that releases need.
//!
//! It goes through the same stages as a scan up to the plan of each wave, so that the needs are those of a real scan:
//! the kinds of the deployed, the previous and the failed revisions, wherever their objects live.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::clock::StageTimes;
use super::judges::Judges;
use super::options::{Progress, ScanOptions};
use super::stages::{FirstListing, Stages};
use super::state::{ReadPlan, ScanState};
use crate::model::ReportError;
use crate::model::rights::Resource;
use crate::source::{Kinds, Source};
use crate::vocabulary::HealthCode;

/// How many pairs of a resource and a namespace are kept. Two hundred kinds in all of fifty namespaces come to it; a
/// record can name any number.
const MAX_PLACES: usize = 10_000;

/// How many releases are named for one resource.
const MAX_RELEASES: usize = 1_000;

/// What a scan of some releases reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The namespaces of the releases; all of them when empty.
    pub namespaces: Vec<String>,
    /// Whether no namespace is selected, so that nothing is read.
    pub is_of_nothing: bool,
    /// The resources of the releases' objects.
    pub resources: BTreeMap<Resource, NeededResource>,
    /// The namespaces with objects that an autoscaler could target.
    pub scalable: BTreeSet<String>,
    /// The groups and versions of custom resources.
    pub schemas: BTreeSet<String>,
    /// The kinds that the API server serves.
    pub kinds: Kinds,
    /// Why there may be more needs than these.
    pub errors: Vec<ReportError>,
}

/// Where objects of one resource are read, and for which releases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NeededResource {
    /// The namespaces; none for a resource without namespaces.
    pub namespaces: BTreeSet<String>,
    /// The releases, as `NAMESPACE/NAME`.
    pub releases: BTreeSet<String>,
}

/// Finds out what a scan would read, with the namespace and name of every release.
pub async fn needs<S: Source>(source: Arc<S>, options: &ScanOptions, progress: &Arc<dyn Progress>) -> Needs {
    let state = Arc::new(ScanState::new(&options.limits));
    let judges = Judges::new(
        Arc::clone(&state),
        Arc::clone(progress),
        options.limits.queue_bytes,
    );
    let stages = Stages {
        source: &source,
        options,
        progress,
        state: &state,
        judges: &judges,
        times: &StageTimes::default(),
    };
    let mut collected = Collected::default();
    let ended = collected.plan_everything(&stages).await;
    let namespaces = state.ownership(|ownership| ownership.namespaces().to_vec());
    let results = state.take_results(source.now(), options);
    let mut needs = collected.needs;
    needs.namespaces = namespaces;
    needs.errors.extend(ended.err());
    needs.errors.extend(results.errors);
    if collected.is_cut {
        needs.errors.push(ReportError {
            scope: "rights".to_owned(),
            message: format!(
                "not all needs are listed: at most {MAX_PLACES} places of resources, and {MAX_RELEASES} releases for each"
            ),
        });
    }
    for release in &results.releases {
        let mut health = release.health.iter();
        if let Some(entry) = health.find(|entry| entry.code == HealthCode::Undecodable) {
            needs.errors.push(ReportError {
                scope: format!("{}/{}", release.namespace, release.name),
                message: format!("what it needs is not known: {}", entry.message),
            });
        }
    }
    needs.errors.sort();
    needs.errors.dedup();
    needs
}

#[derive(Default)]
struct Collected {
    needs: Needs,
    places: usize,
    is_cut: bool,
}

impl Collected {
    /// Plans every wave of releases. `Err` when not even the kinds or the records could be listed.
    async fn plan_everything<S: Source>(&mut self, stages: &Stages<'_, S>) -> Result<(), ReportError> {
        let FirstListing {
            kinds,
            histories,
            listed_in,
            ..
        } = stages.list().await?;
        if listed_in.is_some_and(|namespaces| namespaces.is_empty()) {
            self.needs.is_of_nothing = true;
            return Ok(());
        }
        let mut batches = stages.batches(&histories);
        stages.progress.stage("reading releases", batches.len());
        loop {
            let wave = stages.decode(&histories, &mut batches, stages.progress).await;
            if wave.releases.is_empty() {
                break;
            }
            let plan = stages.state.plan(&wave.releases, &kinds, stages.options);
            self.add(plan, stages.state);
            let now = stages.source.now();
            stages.state.finish(&wave.releases, now, stages.options);
        }
        self.needs.kinds = kinds;
        Ok(())
    }

    fn add(&mut self, plan: ReadPlan, state: &ScanState) {
        for request in plan.objects {
            let key = &request.key;
            let resource = Resource::new(key.gvk.group(), request.plural);
            let needed = self.needs.resources.entry(resource).or_default();
            for release in state.waiting_for(key) {
                let name = format!("{}/{}", release.namespace, release.name);
                if needed.releases.len() < MAX_RELEASES {
                    needed.releases.insert(name);
                } else {
                    self.is_cut |= !needed.releases.contains(&name);
                }
            }
            let Some(namespace) = &key.namespace else { continue };
            if needed.namespaces.contains(namespace) {
                continue;
            }
            if self.places < MAX_PLACES {
                self.places += 1;
                needed.namespaces.insert(namespace.clone());
            } else {
                self.is_cut = true;
            }
        }
        self.needs.scalable.extend(plan.scalable);
        self.needs.schemas.extend(plan.custom);
    }
}
