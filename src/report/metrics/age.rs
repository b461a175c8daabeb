//! How old drift is, as far as anything tells.

use chrono::{DateTime, Utc};

use crate::model::{Finding, ObjectReport, ReleaseReport, Tracked};
use crate::vocabulary::ObjectState;

/// The drift of some releases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DriftAge {
    /// How many fields drifted, and how many objects are missing, terminating, foreign or left over.
    pub(super) drift: usize,
    /// Of how much of that nothing tells since when.
    pub(super) undated: usize,
    /// The earliest time that is known.
    pub(super) oldest: Option<DateTime<Utc>>,
}

impl DriftAge {
    /// The drift of one release.
    pub(super) fn of(release: &ReleaseReport) -> Self {
        let mut age = Self::default();
        for object in &release.objects {
            age.add_object(object);
        }
        age
    }

    /// Adds the drift of others.
    pub(super) fn add(&mut self, other: Self) {
        self.drift += other.drift;
        self.undated += other.undated;
        self.oldest = self.oldest.into_iter().chain(other.oldest).min();
    }

    /// How many seconds the oldest had lasted at this time; 0 without any.
    pub(super) fn seconds(self, at: DateTime<Utc>) -> f64 {
        self.oldest.map_or(0.0, |oldest| seconds(at - oldest).max(0.0))
    }

    fn add_object(&mut self, object: &ObjectReport) {
        match object.state {
            // How long it has drifted follows from its fields.
            ObjectState::Drifted => {
                self.oldest = self.oldest.into_iter().chain(began(&object.tracked)).min();
            }
            ObjectState::Missing
            | ObjectState::Terminating
            | ObjectState::Foreign
            | ObjectState::Leftover => {
                self.add_drift(&object.tracked);
            }
            ObjectState::InSync | ObjectState::Unknown | ObjectState::Ignored => {}
        }
        for finding in object
            .findings
            .iter()
            .filter(|finding| Finding::is_drift(finding))
        {
            self.add_drift(&finding.tracked);
        }
        self.drift += object.left_out.drift;
        self.undated += object.left_out.drift;
    }

    fn add_drift(&mut self, tracked: &Tracked) {
        let began = began(tracked);
        self.drift += 1;
        self.undated += usize::from(began.is_none());
        self.oldest = self.oldest.into_iter().chain(began).min();
    }
}

/// When something began, as far as anything tells.
fn began(tracked: &Tracked) -> Option<DateTime<Utc>> {
    tracked.since.map(|since| since.time).or(tracked.first_seen)
}

/// A duration in seconds.
pub(super) fn seconds(duration: chrono::TimeDelta) -> f64 {
    duration.as_seconds_f64()
}
