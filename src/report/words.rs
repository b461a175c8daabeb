//! The few words that every text about a report shares: counted nouns, moments, and the answer in half a sentence.

use chrono::{DateTime, Utc};

use crate::model::Report;
use crate::vocabulary::Outcome;
pub(crate) use crate::vocabulary::count;

/// A moment to the minute, without its time zone, which is always UTC.
pub(crate) fn minute(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M").to_string()
}

/// The day of a moment, in UTC.
pub(crate) fn day(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d").to_string()
}

/// The whole report in half a sentence. It holds numbers only, nothing that a cluster could have written.
pub(crate) fn headline(report: &Report) -> String {
    let releases = &report.summary.releases;
    let total = count(releases.total, "release");
    let unread = releases.incomplete + releases.unreadable;
    match report.outcome {
        Outcome::Clean if releases.total == 0 => "no releases found".to_owned(),
        Outcome::Clean => format!(
            "{total}, {} in sync",
            count(report.summary.objects.in_sync, "object")
        ),
        Outcome::Drift => format!("{} of {total} drifted", releases.drifted),
        Outcome::Incomplete if releases.total == 0 => "not everything could be read".to_owned(),
        Outcome::Incomplete if unread == 0 => {
            format!("no drift seen in {total}, but not everything could be read")
        }
        Outcome::Incomplete => format!("no drift seen, but {unread} of {total} could not be fully read"),
        Outcome::Error if releases.total == 0 => "the scan did not finish".to_owned(),
        Outcome::Error => format!(
            "the scan did not finish; {} of {total} seen so far drifted",
            releases.drifted
        ),
    }
}
