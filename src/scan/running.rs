//! An operation of Helm that may still be running, and the differences that it explains.
//!
//! While `helm upgrade --wait` waits, the baseline is the revision before, and the objects are those of the new one already.
//! That is no drift but the upgrade at work: nobody is to be called for it. What the running revision does not explain
//! stays drift, and so does everything once the operation counts as stuck.
//!
//! Helm creates and updates the objects of the new revision, deletes those that it no longer has, and then waits (Helm:
//! `pkg/kube/client.go`, `update`; `pkg/action/upgrade.go`, `performUpgrade`). An uninstall deletes all of them.

use serde_json::Value;

use crate::compare::patch::without_nulls;
use crate::model::{Finding, ObjectReport};
use crate::release::stored::{Status, StoredRevision};
use crate::vocabulary::{FindingCode, ObjectState, Severity};

/// An operation that may still be running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RunningOperation {
    revision: u64,
    status: Status,
}

/// Whether the revision that an operation is about has an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InRunningRevision {
    /// It has.
    Kept,
    /// It has not, so that the operation deletes the object.
    Dropped,
    /// Nobody knows.
    Unknown,
}

/// How much of a report an operation explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Explained {
    /// Nothing, or some of it, which the report says.
    Parts,
    /// All of it: there is nothing to report.
    Whole,
}

impl RunningOperation {
    /// The operation of a revision that is pending.
    pub(super) const fn of(revision: &StoredRevision) -> Self {
        Self {
            revision: revision.revision,
            status: revision.status,
        }
    }

    /// Takes what the operation explains out of the drift of an object.
    pub(super) fn explain(self, report: &mut ObjectReport, object: InRunningRevision) -> Explained {
        match report.state {
            ObjectState::Missing | ObjectState::Terminating if self.deletes(object) => {
                report.state = ObjectState::InSync;
                (report.next_upgrade, report.next_upgrade_reason) = (None, None);
                report.reason = Some(format!(
                    "revision {} is {}, and its operation, which may still be running, deletes it",
                    self.revision,
                    self.status.as_str()
                ));
            }
            // What a revision left that the operation replaces.
            ObjectState::Leftover if self.deletes(object) => return Explained::Whole,
            ObjectState::Drifted => self.explain_fields(report),
            ObjectState::InSync
            | ObjectState::Missing
            | ObjectState::Terminating
            | ObjectState::Foreign
            | ObjectState::Leftover
            | ObjectState::Unknown
            | ObjectState::Ignored => {}
        }
        Explained::Parts
    }

    fn deletes(self, object: InRunningRevision) -> bool {
        self.status == Status::Uninstalling || object == InRunningRevision::Dropped
    }

    /// The values of the running revision are no drift.
    fn explain_fields(self, report: &mut ObjectReport) {
        let is_explained = |finding: &Finding| {
            finding.is_drift()
                && finding.code == FindingCode::HalfUpgraded
                && finding.from_revision == Some(self.revision)
        };
        for finding in report.findings.iter_mut().filter(|finding| is_explained(finding)) {
            finding.severity = Severity::Info;
            finding.message = format!(
                "the live value is that of revision {}, which is {} and may still be running",
                self.revision,
                self.status.as_str()
            );
            let undo = report
                .patch
                .iter()
                .position(|operation| undoes(operation, finding));
            undo.map(|position| report.patch.remove(position));
        }
        report.state = report.state_by_findings();
    }
}

/// Whether an operation of a patch writes back what a finding is about.
fn undoes(operation: &Value, finding: &Finding) -> bool {
    operation["path"] == finding.pointer.as_str()
        && operation.get("value").cloned() == finding.desired.as_ref().map(without_nulls)
}
