//! The API server's answers when it was asked to confirm findings.
//!
//! Each finding carries its answer, and each object the reason why it has none. A reason that concerns many objects,
//! such as a missing right, is kept once, here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ReleaseReport;

/// How many findings the API server confirmed, and why others have no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// How many findings the API server confirmed.
    pub confirmed: usize,
    /// For how many findings a dry run of the manifest gave the live value.
    pub unconfirmed: usize,
    /// The reasons why objects were not checked by a dry run.
    pub unanswered: Vec<Unconfirmed>,
}

/// The objects whose findings were not checked for one reason.
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
            unanswered: Unconfirmed::of(unanswered),
        }
    }
}

impl Unconfirmed {
    /// The reasons, each with the number of its objects.
    pub fn of(reasons: BTreeMap<String, usize>) -> Vec<Self> {
        let reasons = reasons.into_iter();
        reasons
            .map(|(message, objects)| Self { message, objects })
            .collect()
    }
}
