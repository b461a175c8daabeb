//! The API server's answers when it was asked to confirm findings.
//!
//! The findings carry the answers, and objects the reasons why there is none. A reason that is no single object's
//! fault, such as a missing right, is said once, here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ReleaseReport;

/// The answers, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// How many findings the API server confirmed.
    pub confirmed: usize,
    /// How many it found to be no difference.
    pub unconfirmed: usize,
    /// Why whole kinds of objects were not asked about.
    pub unanswered: Vec<Unconfirmed>,
}

/// Objects whose findings nobody confirmed, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unconfirmed {
    /// One sentence.
    pub message: String,
    /// How many objects.
    pub objects: usize,
}

impl Confirmation {
    /// Counts the answers in these releases; `unanswered` has the number of objects for each reason.
    pub fn of(releases: &[ReleaseReport], unanswered: BTreeMap<String, usize>) -> Self {
        let findings = || {
            let objects = releases.iter().flat_map(|release| &release.objects);
            objects.flat_map(|object| &object.findings)
        };
        let count = |answer| {
            findings()
                .filter(|finding| finding.confirmed == Some(answer))
                .count()
        };
        Self {
            confirmed: count(true),
            unconfirmed: count(false),
            unanswered: unanswered
                .into_iter()
                .map(|(message, objects)| Unconfirmed { message, objects })
                .collect(),
        }
    }
}
