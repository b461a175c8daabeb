//! The few words that every text about a report shares: counted nouns, moments, and the answer in half a sentence.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::summary::{FailOn, critical_releases};
use crate::model::{FindingCounts, KeptBy, ReleaseReport, Report, ReportError, Resolved, Tracked};
use crate::shell::{ClusterFlags, Command, Refusal, Word};
use crate::vocabulary::{
    ChangeStatus, Ending, FindingCode, HealthCode, HealthSeverity, KeyCertainty, NextUpgrade, ObjectState,
    Outcome, ResolvedKind, ValueOrigin, Verdict,
};

pub(crate) use crate::vocabulary::count;

/// The counts that are not zero: `1 clean`, `2 drifted`.
pub(crate) fn present(counts: &[(usize, &str)]) -> Vec<String> {
    let present = counts.iter().filter(|(number, _)| *number > 0);
    present.map(|(number, what)| format!("{number} {what}")).collect()
}

/// The findings of a report by what they count as.
pub(crate) const fn finding_counts(findings: &FindingCounts) -> [(usize, &'static str); 3] {
    [
        (findings.drift, "drift"),
        (findings.info, "info"),
        (findings.ignored, "ignored"),
    ]
}

/// What a report is about: its cluster, with the shard of a scan of one, or its clusters.
pub(crate) fn about(report: &Report) -> String {
    let name = &report.cluster.name;
    match (&report.clusters[..], &report.selection.shard) {
        ([], None) => format!("cluster {name}"),
        ([], Some(shard)) => format!("cluster {name}, shard {shard}"),
        ([_, ..], _) => format!("clusters {name}"),
    }
}

/// A moment to the minute, without its time zone, which is always UTC.
pub(crate) fn minute(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M").to_string()
}

/// The verdict on a release for people: a release that matches what was deployed and yet is stuck or failed is not
/// simply clean.
pub(crate) fn verdict(release: &ReleaseReport) -> &'static str {
    match release.verdict {
        Verdict::Clean => in_sync([release]),
        Verdict::Drifted | Verdict::Incomplete | Verdict::Unreadable => release.verdict.as_str(),
    }
}

/// The outcome of a report for people, by the same words.
pub(crate) fn outcome(report: &Report) -> &'static str {
    match report.outcome {
        Outcome::Clean => in_sync(critical_releases(report)),
        Outcome::Drift | Outcome::Incomplete | Outcome::Error => report.outcome.as_str(),
    }
}

/// The word for releases that match what was deployed, by the worst that their health says.
fn in_sync<'r>(releases: impl IntoIterator<Item = &'r ReleaseReport>) -> &'static str {
    let codes = releases.into_iter().flat_map(critical_codes);
    let worst = codes.map(|code| match code {
        HealthCode::FailedUpgrade | HealthCode::FailedInstall | HealthCode::HookFailed => Trouble::Failed,
        HealthCode::Stuck => Trouble::Stuck,
        HealthCode::Undecodable
        | HealthCode::NoBaseline
        | HealthCode::InProgress
        | HealthCode::SeveralDeployed
        | HealthCode::IdentityMismatch
        | HealthCode::ApiRemoved
        | HealthCode::ChangedDuringScan
        | HealthCode::HalfUpgraded
        | HealthCode::HookRunning
        | HealthCode::LeftoverObjects
        | HealthCode::BlockedByFinalizer
        | HealthCode::HistoryBloat
        | HealthCode::OwnershipConflict
        | HealthCode::LeftoverHooks
        | HealthCode::ChartCrdsChanged
        | HealthCode::MissingObjects
        | HealthCode::UpgradeBlocked
        | HealthCode::RollbackBlocked
        | HealthCode::RollbackLoses => Trouble::Critical,
    });
    match worst.max() {
        Some(Trouble::Failed) => "in sync, but failed",
        Some(Trouble::Stuck) => "in sync, but stuck",
        Some(Trouble::Critical) => "in sync, but critical",
        None => Verdict::Clean.as_str(),
    }
}

/// The trouble of a release that is in sync, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    /// The next operation on it fails.
    Critical,
    /// Its newest operation does not end.
    Stuck,
    /// Its newest operation failed.
    Failed,
}

/// The critical health codes of a release.
pub(crate) fn critical_codes(release: &ReleaseReport) -> BTreeSet<HealthCode> {
    let critical = release
        .health
        .iter()
        .filter(|health| health.severity == HealthSeverity::Critical);
    critical.map(|health| health.code).collect()
}

/// What the health of the releases adds to the answer, and whether it is the reason for the exit status; `None` where all
/// are healthy, or something else is the answer.
pub(crate) fn health_answer(report: &Report, fail_on: FailOn) -> Option<String> {
    let is_failure = fail_on.is_health_failure(report);
    match report.outcome {
        Outcome::Clean => {}
        Outcome::Incomplete if is_failure => {}
        // Drift that was known is no failure, and what is one has to be said.
        Outcome::Drift if is_failure && fail_on.is_only_new() => {}
        // The counts say it.
        Outcome::Incomplete | Outcome::Drift | Outcome::Error => return None,
    }
    let (critical, (fail, lose), status) = if is_failure {
        let critical = fail_on.critical_releases(report).count();
        let status = format!(" (exit status 1, --fail-on {fail_on})");
        (critical, blocked_counts(report, fail_on), status)
    } else {
        (critical_releases(report).count(), (0, 0), String::new())
    };
    // What was known before is no failure, and is not counted as one.
    let news = if is_failure && fail_on.is_only_new() && report.summary.changes.is_some() {
        " that is new or changed"
    } else {
        ""
    };
    let parts = [
        (critical > 0).then(|| format!("{} in a critical state{news}", count(critical, "release"))),
        (fail > 0).then(|| format!("{} whose next upgrade or rollback fails", count(fail, "release"))),
        (lose > 0).then(|| format!("{} whose rollback loses something", count(lose, "release"))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{}{status}", parts.join(", ")))
}

/// How many releases have an upgrade or a rollback that fails, and how many others one that loses something, where that is
/// a failure.
fn blocked_counts(report: &Report, fail_on: FailOn) -> (usize, usize) {
    if !fail_on.counts_blocked() {
        return (0, 0);
    }
    let fails = |release: &&ReleaseReport| {
        let mut entries = fail_on.blocked_entries(report, release);
        entries.any(|entry| entry.code != HealthCode::RollbackLoses)
    };
    let blocked = || fail_on.blocked_releases(report);
    let fail = blocked().filter(fails).count();
    (fail, blocked().count() - fail)
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

/// How long something has been so: `for 3 days`.
pub(crate) fn lasting(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - since).num_seconds().max(0);
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(size, _)| seconds >= *size);
    unit.map_or_else(
        || "for less than a minute".to_owned(),
        |(size, unit)| {
            let number = usize::try_from(seconds / size).unwrap_or(usize::MAX);
            format!("for {}", count(number, unit))
        },
    )
}

/// How something stands to what earlier scans found, in a word for a cell of a table.
pub(crate) const fn news(tracked: &Tracked) -> Option<&'static str> {
    match tracked.status {
        None => None,
        Some(ChangeStatus::New) => Some("new"),
        Some(ChangeStatus::Changed) => Some("changed"),
        Some(ChangeStatus::Ongoing) => Some("known"),
    }
}

/// How something ended, in the fewest words, whatever it was.
const fn ending(how: Ending) -> &'static str {
    match how {
        Ending::Reverted => "reverted to the chart's value",
        Ending::Adopted => "adopted by an upgrade",
        Ending::Upgraded => "in sync since an upgrade",
        Ending::ObjectGone => "the object is gone",
        Ending::ReleaseGone => "the release is gone",
        Ending::Ignored => "ignored now",
        Ending::Expected => "counts as info now",
        Ending::Over => "over",
    }
}

/// How something ended, in the words of what it was: where nothing had another value, none was reverted.
pub(crate) fn ended(resolved: &Resolved) -> &'static str {
    let state: Option<ObjectState> = resolved.code.parse().ok();
    let finding: Option<FindingCode> = resolved.code.parse().ok();
    match (resolved.how, resolved.kind) {
        (Ending::Reverted, ResolvedKind::Object) => match state {
            Some(ObjectState::Missing | ObjectState::Terminating) => "the object is back",
            Some(ObjectState::Foreign | ObjectState::Leftover) => "the object is the release's again",
            Some(
                ObjectState::InSync | ObjectState::Drifted | ObjectState::Unknown | ObjectState::Ignored,
            )
            | None => IN_SYNC_AGAIN,
        },
        (Ending::Reverted, ResolvedKind::Finding) => match finding {
            Some(FindingCode::Added | FindingCode::Lingering) => "the field is gone again",
            Some(FindingCode::Removed) => "the field is back",
            Some(
                FindingCode::Changed
                | FindingCode::NotApplied
                | FindingCode::Undone
                | FindingCode::HalfUpgraded
                | FindingCode::Pruned
                | FindingCode::Overwritten
                | FindingCode::MutatedAtAdmission
                | FindingCode::Autoscaled
                | FindingCode::Restarted
                | FindingCode::Resized
                | FindingCode::ControllerOwned
                | FindingCode::AlsoWritten,
            )
            | None => ending(Ending::Reverted),
        },
        (Ending::Reverted, ResolvedKind::Release | ResolvedKind::Health) => IN_SYNC_AGAIN,
        (Ending::Adopted, ResolvedKind::Object) if state == Some(ObjectState::Missing) => {
            "the chart no longer has the object"
        }
        (
            Ending::Adopted
            | Ending::Upgraded
            | Ending::ObjectGone
            | Ending::ReleaseGone
            | Ending::Ignored
            | Ending::Expected
            | Ending::Over,
            _,
        ) => ending(resolved.how),
    }
}

/// What is said of all that drifted in an object or a release, whichever of it was reverted and whichever is gone.
const IN_SYNC_AGAIN: &str = "in sync again";

/// The effect of the next upgrade on a field, in a few words.
pub(crate) const fn field_effect(next: NextUpgrade) -> &'static str {
    match next {
        NextUpgrade::Revert => "reverts",
        NextUpgrade::Keep => "keeps",
        NextUpgrade::Conflict => "fails (conflict)",
        NextUpgrade::Becomes => "becomes",
        NextUpgrade::Refused => "fails (refused)",
    }
}

/// The effect of the next upgrade on a whole object, in a few words.
pub(crate) const fn object_effect(next: NextUpgrade, state: ObjectState) -> &'static str {
    match (next, state) {
        (NextUpgrade::Revert, ObjectState::Foreign) => "takes it over",
        (NextUpgrade::Revert, _) => "recreates",
        (NextUpgrade::Keep | NextUpgrade::Conflict | NextUpgrade::Becomes | NextUpgrade::Refused, _) => {
            field_effect(next)
        }
    }
}

/// How sure it is that a key keeps a field, and what else it does.
pub(crate) fn certainty(kept_by: &KeptBy) -> String {
    let certainty = match kept_by.certainty {
        KeyCertainty::Verified => "verified",
        KeyCertainty::ByName => "by name only, check first",
    };
    match kept_by.moved() {
        0 => certainty.to_owned(),
        moved => format!("{certainty}; also changes {}", count(moved, "more field")),
    }
}

/// Where a value comes from that a key has now.
pub(crate) const fn value_origin(origin: ValueOrigin) -> &'static str {
    match origin {
        ValueOrigin::ChartDefault => "chart default",
        ValueOrigin::SetByUser => "set by you",
        ValueOrigin::Unset => "not set",
    }
}

/// A command of driftline itself about a release, which begins with these words.
pub(crate) fn own_command(words: &[&'static str], release: &ReleaseReport) -> Result<Command, Refusal> {
    command_on(&release.cluster, words, release)
}

/// The same for people elsewhere, who have neither the files nor the contexts of whoever runs this program. Only a report of
/// several clusters names one.
pub(crate) fn command_elsewhere(words: &[&'static str], release: &ReleaseReport) -> Result<Command, Refusal> {
    command_on(&ClusterFlags::default(), words, release)
}

/// What prints the values that a revision was given.
pub(crate) fn get_values(release: &ReleaseReport, revision: u64) -> Result<Command, Refusal> {
    Command::helm(&["get", "values"], &release.storage.driver)
        .word(&Word::release(&release.name)?)
        .literal(&["--revision"])
        .word(&Word::number(revision))
        .literal(&["-n"])
        .word(&Word::namespace(&release.storage.namespace)?)
        .literal(&["-o", "yaml"])
        .on(&cluster_of(release, &release.cluster))
}

/// The cluster of a release: as its report names it where that is of several, else by these flags.
fn cluster_of<'r>(release: &ReleaseReport, flags: &'r ClusterFlags) -> Cow<'r, ClusterFlags> {
    match &release.of_cluster {
        Some(name) => Cow::Owned(ClusterFlags::named(name)),
        None => Cow::Borrowed(flags),
    }
}

fn command_on(
    cluster: &ClusterFlags,
    words: &[&'static str],
    release: &ReleaseReport,
) -> Result<Command, Refusal> {
    let name = Word::release(&release.name)?;
    let namespace = Word::namespace(&release.storage.namespace)?;
    Command::new("driftline", words)
        .word(&name)
        .literal(&["-n"])
        .word(&namespace)
        .on(&cluster_of(release, cluster))
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
        Outcome::Incomplete if releases.total == 0 && misses_names_only(report) => {
            "nothing was found of what was named".to_owned()
        }
        Outcome::Incomplete if releases.total == 0 => "not everything could be read".to_owned(),
        Outcome::Incomplete if unread == 0 && misses_names_only(report) => {
            format!("no drift seen in {total}, but not everything that was named was found")
        }
        Outcome::Incomplete if unread == 0 => {
            format!("no drift seen in {total}, but not everything could be read")
        }
        Outcome::Incomplete => format!("no drift seen, but {unread} of {total} could not be fully compared"),
        Outcome::Error if releases.total == 0 => "the scan did not finish".to_owned(),
        Outcome::Error => format!(
            "the scan did not finish; {} of {total} seen so far drifted",
            releases.drifted
        ),
    }
}

/// Whether everything was read, and only something that was named does not exist.
fn misses_names_only(report: &Report) -> bool {
    let mut errors = report.errors.iter();
    report.stopped.is_none() && !report.errors.is_empty() && errors.all(ReportError::is_absence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::remark;
    use crate::report::fixtures;

    #[test]
    fn what_was_named_and_not_found_is_told_from_what_could_not_be_read() {
        let said = |scopes: &[&str], mut report: Report| {
            report.outcome = Outcome::Incomplete;
            let errors = scopes.iter().map(|scope| ReportError {
                scope: (*scope).to_owned(),
                message: String::new(),
            });
            report.errors = errors.collect();
            headline(&report)
        };
        let mut nothing = fixtures::clean();
        nothing.summary.releases.total = 0;
        let absent = [ReportError::SELECTION];
        assert_eq!(
            said(&absent, nothing.clone()),
            "nothing was found of what was named"
        );
        assert_eq!(said(&["storage"], nothing), "not everything could be read");
        let some = said(&absent, fixtures::clean());
        assert!(
            some.ends_with(", but not everything that was named was found"),
            "{some}"
        );
        let both = said(&["selection", "storage"], fixtures::clean());
        assert!(both.ends_with(", but not everything could be read"), "{both}");
    }

    #[test]
    fn a_release_in_sync_that_failed_or_is_stuck_is_not_called_clean() {
        use HealthCode::{FailedUpgrade, HistoryBloat, HookFailed, Stuck};
        for (codes, said) in [
            (&[][..], "clean"),
            (&[Stuck], "in sync, but stuck"),
            (&[FailedUpgrade], "in sync, but failed"),
            (&[Stuck, HookFailed], "in sync, but failed"),
            (&[HistoryBloat], "in sync, but critical"),
        ] {
            let mut report = fixtures::clean();
            let health = codes
                .iter()
                .map(|code| remark(*code, HealthSeverity::Critical, String::new()));
            report.releases[0].health.extend(health);
            assert_eq!((verdict(&report.releases[0]), outcome(&report)), (said, said));
            let answers = [FailOn::DRIFT, FailOn::HEALTH].map(|fail_on| health_answer(&report, fail_on));
            if codes.is_empty() {
                assert_eq!(answers, [None, None]);
            } else {
                let because = "1 release in a critical state (exit status 1, --fail-on health)";
                assert_eq!(
                    answers.map(Option::unwrap),
                    ["1 release in a critical state", because]
                );
                report.outcome = Outcome::Incomplete;
                let answers = [FailOn::DRIFT, FailOn::HEALTH].map(|fail_on| health_answer(&report, fail_on));
                assert_eq!(answers, [None, Some(because.to_owned())]);
            }
        }
        let mut drifted = fixtures::drifted();
        drifted
            .releases
            .iter_mut()
            .for_each(|release| release.verdict = Verdict::Drifted);
        assert_eq!(
            (verdict(&drifted.releases[0]), outcome(&drifted)),
            ("drifted", "drift")
        );
    }

    /// Nothing is wrong with what runs, so that only who asks for it is failed.
    #[test]
    fn what_an_upgrade_or_a_rollback_would_meet_counts_only_where_it_is_asked_for() {
        use HealthCode::{RollbackBlocked, RollbackLoses, UpgradeBlocked};
        for (code, severity) in [
            (UpgradeBlocked, HealthSeverity::Warning),
            (RollbackBlocked, HealthSeverity::Warning),
            (RollbackLoses, HealthSeverity::Info),
        ] {
            let mut report = fixtures::clean();
            report.releases[0]
                .health
                .push(remark(code, severity, String::new()));
            let answers = [FailOn::DRIFT, FailOn::HEALTH, FailOn::BLOCKED].map(|fail_on| {
                (
                    fail_on.is_health_failure(&report),
                    health_answer(&report, fail_on),
                )
            });
            let because = if code == RollbackLoses {
                "1 release whose rollback loses something (exit status 1, --fail-on blocked)"
            } else {
                "1 release whose next upgrade or rollback fails (exit status 1, --fail-on blocked)"
            };
            assert_eq!(
                answers,
                [(false, None), (false, None), (true, Some(because.to_owned()))]
            );
        }
        let (mut clean, fail_on) = (fixtures::clean(), FailOn::BLOCKED);
        assert!(!fail_on.is_health_failure(&clean) && health_answer(&clean, fail_on).is_none());
        let may_fail = remark(UpgradeBlocked, HealthSeverity::Info, String::new());
        clean.releases[0].health.push(may_fail);
        assert!(!fail_on.is_health_failure(&clean) && health_answer(&clean, fail_on).is_none());
    }

    #[test]
    fn nothing_is_called_reverted_that_had_no_other_value() {
        use Ending::{Adopted, Reverted};
        use ResolvedKind::{Finding, Object, Release};
        let remembered = fixtures::scenes::remembered();
        for (how, kind, code, words) in [
            (Reverted, Finding, "changed", "reverted to the chart's value"),
            (Reverted, Finding, "added", "the field is gone again"),
            (Reverted, Finding, "lingering", "the field is gone again"),
            (Reverted, Finding, "removed", "the field is back"),
            (Reverted, Object, "missing", "the object is back"),
            (Reverted, Object, "terminating", "the object is back"),
            (Reverted, Object, "foreign", "the object is the release's again"),
            (Reverted, Object, "drifted", "in sync again"),
            (Reverted, Release, "drifted", "in sync again"),
            (Adopted, Object, "missing", "the chart no longer has the object"),
            (Adopted, Finding, "changed", "adopted by an upgrade"),
        ] {
            let resolved = Resolved {
                how,
                kind,
                code: code.to_owned(),
                ..remembered.resolved[0].clone()
            };
            assert_eq!(ended(&resolved), words, "{how} {code}");
        }
    }

    #[test]
    fn beside_known_drift_a_new_critical_state_says_why_the_scan_fails() {
        use crate::model::ChangeCounts;
        use crate::vocabulary::ChangeStatus;
        let fail_on = FailOn::HEALTH.only_new();
        let mut report = fixtures::report(vec![
            fixtures::release("shop", "api").with_health(HealthCode::Stuck, HealthSeverity::Critical),
            fixtures::release("shop", "web").with_health(HealthCode::FailedUpgrade, HealthSeverity::Critical),
        ]);
        report.outcome = Outcome::Drift;
        report.summary.changes = Some(ChangeCounts::default());
        for release in &mut report.releases {
            release.health[0].tracked.status = Some(ChangeStatus::Ongoing);
        }
        assert_eq!(health_answer(&report, fail_on), None);
        report.releases[1].health[0].tracked.status = Some(ChangeStatus::New);
        let said =
            "1 release in a critical state that is new or changed (exit status 1, --fail-on new,health)";
        assert_eq!(health_answer(&report, fail_on).as_deref(), Some(said));
        assert_eq!(health_answer(&report, FailOn::HEALTH), None);
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
