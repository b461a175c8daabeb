//! How many release records there are in each place, which decides whether they are listed or read one by one.

use std::collections::BTreeMap;

use crate::release::stored::{Driver, Status, StoredRevision};

/// Where records were listed: a kind of record, and one namespace or all of them.
pub(super) type Scope = (Driver, Option<String>);

/// How many records a list has in each scope, as the last listing saw them. Decides how records are asked for, never which.
#[derive(Debug, Default)]
pub(super) struct RecordCounts(BTreeMap<Scope, Counts>);

/// How many records a list of all namespaces may have. The first page of a list comes from the API server's memory, and the
/// others mostly from etcd, which reads superseded revisions as well (Kubernetes:
/// `apiserver/pkg/storage/cacher/store/watch_cache_storage.go`, `GetExactSnapshotLocked`: of a kind that nobody wrote for
/// minutes there is no snapshot). The lists of namespaces are first pages.
const MOST_EVERYWHERE: usize = 100;

/// The wanted records of one scope, and how many it has.
pub(super) type WantedRecords = (Scope, Counts, Vec<StoredRevision>);

/// How many records there are.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    /// All of them.
    pub(super) all: usize,
    /// Those of revisions that another one followed.
    pub(super) superseded: usize,
}

impl Counts {
    /// Those of revisions that no other one followed.
    pub(super) const fn current(self) -> usize {
        self.all.saturating_sub(self.superseded)
    }
}

impl RecordCounts {
    /// Counts a listing of one namespace; of all of them when none is named. Every namespace is counted by itself as well:
    /// parts of a scan are listed by namespace.
    pub(super) fn add(&mut self, namespace: Option<&str>, revisions: &[StoredRevision]) {
        for revision in revisions {
            let release = &revision.release;
            let everywhere = namespace.is_none().then_some(None);
            for namespace in everywhere.into_iter().chain([Some(release.namespace.clone())]) {
                let counts = self.0.entry((release.driver, namespace)).or_default();
                counts.all += 1;
                counts.superseded += usize::from(revision.status == Status::Superseded);
            }
        }
    }

    /// Sorts the wanted records by the scopes that can be listed.
    pub(super) fn sort(&self, wanted: Vec<StoredRevision>) -> Vec<WantedRecords> {
        let mut sorted: BTreeMap<Scope, Vec<StoredRevision>> = BTreeMap::new();
        for revision in wanted {
            let everywhere = (revision.release.driver, None);
            let is_small = |counts: &Counts| counts.current() <= MOST_EVERYWHERE;
            let scope = if self.0.get(&everywhere).is_some_and(is_small) {
                everywhere
            } else {
                (revision.release.driver, Some(revision.release.namespace.clone()))
            };
            sorted.entry(scope).or_default().push(revision);
        }
        let counts = |scope: &Scope| self.0.get(scope).copied().unwrap_or_default();
        sorted
            .into_iter()
            .map(|(scope, wanted)| (scope.clone(), counts(&scope), wanted))
            .collect()
    }
}
