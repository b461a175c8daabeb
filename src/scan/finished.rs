//! A release whose objects were compared: its report, and what the end of the scan needs to know of it.

use chrono::{DateTime, Utc};

use super::cluster_facts::Absence;
use crate::health::remark;
use crate::model::{Health, ObjectReport, ReleaseReport};
use crate::release::history::History;
use crate::release::stored::{ReleaseKey, Status};
use crate::vocabulary::{HealthCode, HealthSeverity};

/// The newest revision of a release: if it is another one at the end, the release changed during the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newest {
    revision: u64,
    pub(super) status: Status,
    written: Option<DateTime<Utc>>,
}

impl Newest {
    pub(super) fn of(history: &History) -> Option<Self> {
        history.latest().map(|latest| Self {
            revision: latest.revision,
            status: latest.status,
            written: latest.written,
        })
    }

    /// Whether the newest revision is another one by now.
    pub(super) fn has_changed(before: Option<Self>, now: Option<&History>, absence: Absence) -> bool {
        match (now, absence) {
            (None, Absence::NotListed) => false,
            (now, Absence::Deleted | Absence::NotListed) => now.and_then(Self::of) != before,
        }
    }
}

/// The remark on a release whose newest revision changed during the scan.
pub(super) fn changed_during_scan() -> Health {
    remark(
        HealthCode::ChangedDuringScan,
        HealthSeverity::Info,
        "its newest revision changed while the scan was running; scan again".to_owned(),
    )
}

/// The remark on a release whose objects are left out of the report.
pub(super) fn too_many_objects(count: usize) -> Health {
    let message = format!(
        "too large: its {count} objects are left out, because a report holds no more of all releases together"
    );
    remark(HealthCode::Undecodable, HealthSeverity::Warning, message)
}

/// A release that was compared.
pub(super) struct FinishedRelease {
    pub(super) key: ReleaseKey,
    pub(super) newest: Option<Newest>,
    pub(super) report: Option<ReleaseReport>,
}

impl FinishedRelease {
    pub(super) fn new(history: &History, report: Option<ReleaseReport>) -> Self {
        Self {
            key: history.key.clone(),
            newest: Newest::of(history),
            report,
        }
    }

    /// Notes whether the newest revision changed since the scan began.
    pub(super) fn note_changed_during_scan(&mut self, now: Option<&History>, absence: Absence) {
        let has_changed = Newest::has_changed(self.newest, now, absence);
        if let Some(report) = self.report.as_mut().filter(|_| has_changed) {
            report.health.push(changed_during_scan());
        }
    }

    /// Leaves out the values of its findings, because those of the whole scan are too large.
    pub(super) fn omit_values(&mut self) {
        let objects = self.report.iter_mut().flat_map(|report| &mut report.objects);
        objects.for_each(ObjectReport::omit_values);
    }

    /// Leaves out the reports of its objects, because those of the whole scan are too many.
    pub(super) fn omit_objects(&mut self) {
        if let Some(report) = &mut self.report {
            let objects = std::mem::take(&mut report.objects);
            let unlisted = std::mem::take(&mut report.unlisted);
            let objects = objects.len() + unlisted.objects;
            report.health.push(too_many_objects(objects));
        }
    }
}
