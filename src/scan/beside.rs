//! The releases of other shards, as far as the truth about those of this one depends on them.
//!
//! Two answers do. An object is left over only if no other release deploys it, and an object is an orphan only if no release at
//! all has it. Which release may deploy a leftover is known before anything is read: one whose records are in the namespace
//! of the object, or in one that the settings trust. An orphan takes the records of all, so one shard searches for all of
//! them: the first.
//!
//! Nothing of these releases is compared, and each is dropped once its names are known.

use std::sync::Arc;

use super::load::{LoadLimits, Loaded, Loading};
use super::options::OrphanSearch;
use super::stages::Stages;
use crate::release::history::History;
use crate::release::stored::StoredRevision;
use crate::source::{Kinds, Source};

/// How many releases are read at once. Those whose records are not all there are held meanwhile.
const AT_ONCE: usize = 32;

impl<S: Source> Stages<'_, S> {
    /// Whether this scan is the one that looks for orphans.
    pub(super) fn searches_orphans(&self) -> bool {
        let shard = self.options.selection.shard;
        shard.is_none_or(|shard| shard.index() == 0)
    }

    /// Reads those releases of other shards that may have what was found here without a release.
    pub(super) async fn read_beside(&self, beside: Vec<Arc<History>>, kinds: &Kinds) {
        let wanted = self.wanted_beside(beside);
        if wanted.is_empty() {
            return;
        }
        self.progress
            .stage("reading releases of other shards", wanted.len());
        let depth = self.options.depth;
        let limits = LoadLimits {
            record: self.options.max_record_bytes,
            release: self.options.limits.release_bytes,
            batch: None,
        };
        let (kinds, options) = (Arc::new(kinds.clone()), Arc::new(self.options.clone()));
        for some in wanted.chunks(AT_ONCE) {
            let records: Vec<StoredRevision> = some
                .iter()
                .flat_map(|history| history.records_needed(depth).cloned())
                .collect();
            for history in some
                .iter()
                .filter(|history| history.records_needed(depth).next().is_none())
            {
                let (history, loaded) = (Arc::clone(history), Loaded::default());
                self.state.note_beside(history, loaded, &kinds, &options);
            }
            let histories = some.to_vec();
            let loading = Loading::new(histories.clone(), limits, depth);
            let (state, progress) = (Arc::clone(self.state), Arc::clone(self.progress));
            let (kinds, options) = (Arc::clone(&kinds), Arc::clone(&options));
            let accept = move |stored: &StoredRevision, answer| {
                loading.accept(stored, answer, |position, loaded| {
                    if let Some(history) = histories.get(position) {
                        state.note_beside(Arc::clone(history), loaded, &kinds, &options);
                        progress.step();
                    }
                });
            };
            self.source.records(records, Arc::new(accept)).await;
        }
    }

    /// The releases of other shards that have to be read.
    fn wanted_beside(&self, mut beside: Vec<Arc<History>>) -> Vec<Arc<History>> {
        let is_for_orphans = match self.options.orphans {
            OrphanSearch::No => false,
            OrphanSearch::Yes | OrphanSearch::IfNoRecord => {
                self.state.ownership(|ownership| ownership.has_candidates())
            }
        };
        if !is_for_orphans {
            let namespaces = self.state.namespaces_of_leftovers();
            let policy = &self.options.policy;
            beside.retain(|history| {
                let stored_in = &history.key.namespace;
                !namespaces.is_empty() && (namespaces.contains(stored_in) || policy.trusts_storage(stored_in))
            });
        }
        beside
    }
}
