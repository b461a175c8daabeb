//! The few words that every text about a report shares: counted nouns, moments, and the answer in half a sentence.

use chrono::{DateTime, Utc};

use crate::model::Report;
use crate::vocabulary::Outcome;

/// A number and its noun: `1 release`, `2 releases`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A moment to the minute, without its time zone, which is always UTC.
pub(crate) fn minute(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M").to_string()
}

/// The time between two moments to the minute; a moment if they are the same.
pub(crate) fn period(first: DateTime<Utc>, last: DateTime<Utc>) -> String {
    let (from, to) = (minute(first), minute(last));
    if from == to {
        from
    } else if first.date_naive() == last.date_naive() {
        format!("{from} to {}", last.format("%H:%M"))
    } else {
        format!("{from} to {to}")
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        let counted = [0, 1, 2].map(|number| count(number, "object"));
        assert_eq!(counted, ["0 objects", "1 object", "2 objects"]);
    }

    #[test]
    fn a_period_says_no_more_than_differs() {
        let at = |text: &str| text.parse().unwrap();
        let first = at("2026-11-20T02:51:07Z");
        for (last, said) in [
            ("2026-11-20T02:51:58Z", "2026-11-20 02:51"),
            ("2026-11-20T03:05:00Z", "2026-11-20 02:51 to 03:05"),
            ("2026-11-21T00:10:00Z", "2026-11-20 02:51 to 2026-11-21 00:10"),
        ] {
            assert_eq!(period(first, at(last)), said);
        }
    }
}
