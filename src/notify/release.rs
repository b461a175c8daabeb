//! A release in the words of a message: what of it is new, by whom, since when, and what the next upgrade does to it.
//!
//! Names, kinds, codes and field paths, never values. Releases of which the same is to be said are told together. What a
//! receiver knows already is only counted.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::list::{DetailLevel, DetailLine, ListEntry};
use super::text::{NAME, PATH, SENTENCE, clean, fit};
use crate::classify::state::MISSING_OR_NOT_OWNED;
use crate::health::place_of_blocked_upgrade;
use crate::model::{Finding, Health, ObjectReport, ReleaseReport, Report, Since, Tracked};
use crate::preview::place_of_blocked_rollback;
use crate::report::alike::{self, ReleaseGroup, Said};
use crate::report::urgency;
use crate::report::words::{count, field_effect, lasting, minute, object_effect, period};
use crate::vocabulary::{
    ChangeStatus, HealthCode, HealthSeverity, NextUpgrade, ObjectState, SinceSource, Verdict,
};

/// The most objects that a message names of one release.
const OBJECTS: usize = 5;

/// The most fields that a message names of one object.
const FIELDS: usize = 4;

/// The most releases that a message names of those of which the same is said.
const NAMED: usize = 5;

/// The room for their names, in bytes inside a JSON string.
const NAMES: usize = 400;

/// Namespace and name, and where the records are if that is elsewhere.
pub(crate) fn release_name(release: &ReleaseReport) -> String {
    let name = format!(
        "{}/{}",
        clean(&release.namespace, NAME),
        clean(&release.name, NAME)
    );
    if release.storage.namespace == release.namespace {
        name
    } else {
        format!("{name} (recorded in {})", clean(&release.storage.namespace, NAME))
    }
}

/// Whether a message about a release says more than that it is there.
pub(crate) fn has_trouble(release: &ReleaseReport) -> bool {
    release.verdict == Verdict::Drifted || release.health.iter().any(is_critical)
}

/// Whether something in a release is to be told as new.
pub(crate) fn has_news(release: &ReleaseReport) -> bool {
    let is_remarkable = release.tracked.status.is_some();
    let health = release
        .health
        .iter()
        .any(|entry| is_told(entry, is_remarkable) && is_new(&entry.tracked));
    health || release.objects.iter().any(is_new_object)
}

/// Whether a health entry is told. Without memory only what is critical is: a warning would be told at every scan.
fn is_told(entry: &Health, is_remembered: bool) -> bool {
    match entry.severity {
        HealthSeverity::Critical => true,
        HealthSeverity::Warning => is_remembered,
        HealthSeverity::Info => false,
    }
}

fn is_critical(entry: &Health) -> bool {
    entry.severity == HealthSeverity::Critical
}

fn is_new(tracked: &Tracked) -> bool {
    tracked.status != Some(ChangeStatus::Ongoing)
}

/// Whether an object drifted, and the receiver does not know all of that.
fn is_new_object(object: &ObjectReport) -> bool {
    object.state.is_drift() && is_new(&object.tracked)
}

/// The drifted releases, those that drifted in the same way together.
pub(crate) fn drifted(report: &Report) -> Vec<ReleaseGroup<'_>> {
    let releases = report.releases.iter();
    alike::releases(
        releases.filter(|release| release.verdict == Verdict::Drifted),
        Said::Drift,
    )
}

/// A release with what is new of it alone.
pub(crate) fn news_only(release: &ReleaseReport) -> ReleaseReport {
    let mut release = release.clone();
    let is_remembered = release.tracked.status.is_some();
    if !is_remembered {
        return release;
    }
    release
        .health
        .retain(|entry| is_told(entry, is_remembered) && is_new(&entry.tracked));
    release.objects.retain(is_new_object);
    for object in &mut release.objects {
        object
            .findings
            .retain(|finding| finding.is_drift() && is_new(&finding.tracked));
    }
    release
}

/// The releases with news, the worst first, those of which the same is said together.
pub(crate) fn with_news(report: &Report) -> Vec<ReleaseGroup<'_>> {
    let releases = report.releases.iter();
    let mut releases: Vec<_> = releases
        .filter(|release| match report.summary.changes {
            Some(_) => has_news(release),
            None => has_trouble(release),
        })
        .collect();
    releases.sort_by_cached_key(|release| {
        let name = (&release.namespace, &release.name, &release.storage);
        (urgency::order(release), name)
    });
    alike::releases(releases, Said::Everything)
}

/// A release in a list.
pub(super) fn entry(release: &ReleaseReport, facts: &str, details: Vec<DetailLine>) -> ListEntry {
    let head = match facts {
        "" => release_name(release),
        facts => format!("{}: {facts}", release_name(release)),
    };
    ListEntry {
        namespace: release.storage.namespace.clone(),
        number: 1,
        head,
        details,
    }
}

/// The entry for releases of which the same is new.
pub(super) fn news_entry(group: &ReleaseGroup<'_>, now: DateTime<Utc>) -> ListEntry {
    let release = group.first;
    let details = lines(group, Extent::News, now);
    let facts = drift_facts(release);
    if group.len() == 1 {
        return entry(release, &facts, details);
    }
    let each = match facts.as_str() {
        "" => String::new(),
        facts => format!(": {facts} each"),
    };
    ListEntry {
        namespace: release.storage.namespace.clone(),
        number: group.len(),
        head: format!("{}{each}", in_the_same_way(group)),
        details,
    }
}

/// How much of a release drifted, and the codes of its health; empty where nothing is told of it.
pub(super) fn told_facts(release: &ReleaseReport, is_remembered: bool) -> String {
    let mut facts = drift_facts(release);
    let codes = release.health.iter();
    for entry in codes.filter(|entry| is_told(entry, is_remembered)) {
        let gap = if facts.is_empty() { "" } else { ", " };
        let _ = write!(facts, "{gap}{}", entry.code);
    }
    facts
}

/// The entry for a release of which the receiver knows everything.
pub(super) fn ongoing_entry(release: &ReleaseReport, now: DateTime<Utc>) -> ListEntry {
    let since = release.tracked.since.map(|since| lasting(since.time, now));
    let flapping = release.tracked.flapping.then(|| FLAPPING.to_owned());
    let of_release: Vec<String> = since.into_iter().chain(flapping).collect();
    let mut entry = entry(release, "", Vec::new());
    // Behind the name of the release, since behind the last code it would be read as that code's.
    if !of_release.is_empty() {
        let _ = write!(entry.head, " ({})", of_release.join(", "));
    }
    let facts = told_facts(release, true);
    if !facts.is_empty() {
        let _ = write!(entry.head, ": {facts}");
    }
    entry
}

/// What is said of something that is found and not found by turns.
pub(super) const FLAPPING: &str = "keeps coming and going";

/// How much of a release drifted; empty where nothing did.
pub(crate) fn drift_facts(release: &ReleaseReport) -> String {
    let drifted = release.objects.iter().filter(|object| object.state.is_drift());
    let findings = release.objects.iter().flat_map(|object| &object.findings);
    let findings = findings.filter(|finding| finding.is_drift()).count();
    let left_out: usize = release.objects.iter().map(|object| object.left_out.drift).sum();
    let objects = drifted.count();
    let mut facts = match objects {
        0 => return String::new(),
        objects => count(objects, "object"),
    };
    if findings + left_out > 0 {
        let _ = write!(facts, ", {}", count(findings + left_out, "field"));
    }
    facts
}

/// The number and the names of the releases of a group.
pub(crate) fn in_the_same_way(group: &ReleaseGroup<'_>) -> String {
    let excerpt = group.excerpt(NAMED);
    let names: Vec<_> = excerpt.named.into_iter().map(release_name).collect();
    named_in_the_same_way(group.len(), &names)
}

/// The number of releases, and the names of some.
pub(super) fn named_in_the_same_way(number: usize, names: &[String]) -> String {
    let shown = names.len().min(NAMED);
    let mut text = fit(&names[..shown].join(", "), NAMES);
    if number > shown {
        let _ = write!(text, " and {} more", number - shown);
    }
    format!("{} in the same way ({text})", count(number, "release"))
}

/// How much of a release is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What the receiver does not know yet, and how much it knows.
    News,
    /// Everything, as an alert has it.
    Everything,
}

impl Extent {
    fn has(self, tracked: &Tracked) -> bool {
        match self {
            Self::News => is_new(tracked),
            Self::Everything => true,
        }
    }

    /// The findings of an object that are told.
    fn drift(self, object: &ObjectReport) -> impl Iterator<Item = &Finding> {
        let findings = object.findings.iter();
        findings.filter(move |finding| finding.is_drift() && self.has(&finding.tracked))
    }
}

/// One release in the words of an alert.
pub(crate) struct ReleaseDigest {
    /// Namespace and name.
    pub(crate) name: String,
    /// How much of it drifted.
    pub(crate) facts: String,
    /// Health, objects and fields, indented.
    pub(crate) details: Vec<String>,
}

impl ReleaseDigest {
    /// Puts everything that is wrong with a release into words. `now` is the time of the scan.
    pub(crate) fn of(release: &ReleaseReport, now: DateTime<Utc>) -> Self {
        let alone = ReleaseGroup::alone(release);
        let details = lines(&alone, Extent::Everything, now);
        Self {
            name: release_name(release),
            facts: drift_facts(release),
            details: details.into_iter().map(|line| line.text).collect(),
        }
    }
}

/// What is told of a release, which is the same in all releases of its group: health, objects, fields, the worst first.
fn lines(group: &ReleaseGroup<'_>, extent: Extent, now: DateTime<Utc>) -> Vec<DetailLine> {
    let release = group.first;
    let is_remembered = release.tracked.status.is_some();
    let mut lines: Vec<DetailLine> = release
        .health
        .iter()
        .filter(|entry| is_told(entry, is_remembered) && extent.has(&entry.tracked))
        .map(|entry| line(DetailLevel::Objects, health_line(entry)))
        .collect();
    let objects = release.objects.iter().enumerate();
    let mut objects: Vec<_> = objects
        .filter(|(_, object)| object.state.is_drift() && extent.has(&object.tracked))
        .collect();
    objects.sort_by_key(|(_, object)| {
        let name = (&object.kind, &object.namespace, &object.name, &object.api_version);
        (urgency::of_object(object), name)
    });
    for (position, object) in objects.iter().take(OBJECTS) {
        lines.push(line(DetailLevel::Objects, object_line(release, object)));
        let mut findings: Vec<_> = extent.drift(object).enumerate().collect();
        findings.sort_by_key(|(_, finding)| (urgency::of_finding(finding), &finding.path, finding.code));
        for (at, finding) in findings.iter().take(FIELDS) {
            let alike = group.counterparts(*position);
            let alike = alike.filter_map(|object| extent.drift(object).nth(*at));
            let text = format!("    {}", field(finding, &alike.collect::<Vec<_>>()));
            lines.push(line(DetailLevel::Fields, text));
        }
        if let Some(more) = findings.len().checked_sub(FIELDS).filter(|more| *more > 0) {
            let text = format!("    and {}", count(more, "more field"));
            lines.push(line(DetailLevel::Fields, text));
        }
    }
    if let Some(more) = objects.len().checked_sub(OBJECTS).filter(|more| *more > 0) {
        lines.push(line(
            DetailLevel::Objects,
            format!("  and {}", count(more, "more object")),
        ));
    }
    let known = known_drift(release);
    if extent == Extent::News && known > 0 {
        let age = release.tracked.since.map_or_else(String::new, |since| {
            format!(", the oldest {}", lasting(since.time, now))
        });
        let text = format!("  and {} known before{age}", count(known, "difference"));
        lines.push(line(DetailLevel::Objects, text));
    }
    lines
}

/// How many differences of a release the receiver knows.
fn known_drift(release: &ReleaseReport) -> usize {
    let known = |object: &ObjectReport| {
        let findings = object.findings.iter().filter(|finding| finding.is_drift());
        let known = findings.filter(|finding| !is_new(&finding.tracked)).count();
        let is_known_whole = object.state.is_drift() && object.state != ObjectState::Drifted;
        known + usize::from(is_known_whole && !is_new(&object.tracked))
    };
    release.objects.iter().map(known).sum()
}

fn line(shown_from: DetailLevel, text: String) -> DetailLine {
    DetailLine { shown_from, text }
}

/// A health entry. Its own sentence may repeat what Helm or the API server said, so the meaning of the code stands in its
/// place; of an operation that would fail, the beginning of the sentence, which says what fails and where.
fn health_line(entry: &Health) -> String {
    let place = match entry.code {
        HealthCode::UpgradeBlocked => place_of_blocked_upgrade(entry),
        HealthCode::RollbackBlocked => place_of_blocked_rollback(entry),
        HealthCode::Undecodable
        | HealthCode::NoBaseline
        | HealthCode::FailedUpgrade
        | HealthCode::FailedInstall
        | HealthCode::InProgress
        | HealthCode::Stuck
        | HealthCode::SeveralDeployed
        | HealthCode::IdentityMismatch
        | HealthCode::ApiRemoved
        | HealthCode::ChangedDuringScan
        | HealthCode::HalfUpgraded
        | HealthCode::HookFailed
        | HealthCode::HookRunning
        | HealthCode::LeftoverObjects
        | HealthCode::BlockedByFinalizer
        | HealthCode::HistoryBloat
        | HealthCode::OwnershipConflict
        | HealthCode::LeftoverHooks
        | HealthCode::ChartCrdsChanged
        | HealthCode::MissingObjects
        | HealthCode::RollbackLoses => None,
    };
    let what = place.map_or_else(|| entry.code.message().to_owned(), |place| clean(place, SENTENCE));
    format!(
        "  {} {}: {what}{}",
        entry.severity,
        entry.code,
        marks(&entry.tracked)
    )
}

/// A difference: the field, the field manager that claims to have written it and those that are alike, and what the next
/// upgrade does to it. Field managers are not authenticated.
fn field(finding: &Finding, alike: &[&Finding]) -> String {
    let mut text = format!("{} {}", finding.code, clean(&finding.path, PATH));
    if let Some(actor) = &finding.actor {
        let _ = write!(text, ", by {} (claimed)", clean(&actor.manager, NAME));
    }
    let all = std::iter::once(finding).chain(alike.iter().copied());
    match (alike::written(all), finding.tracked.since) {
        (Some((first, last)), _) => {
            let _ = write!(text, ", {} UTC", period(first, last));
        }
        (None, Some(since)) => text.push_str(&seen(since)),
        (None, None) => {}
    }
    text.push_str(&marks_without_time(&finding.tracked));
    match (finding.next_upgrade, &finding.next_upgrade_reason) {
        (Some(next), _) => {
            let _ = write!(text, "; next upgrade: {}", becomes(next));
        }
        (None, Some(_)) => text.push_str("; next upgrade: not known"),
        (None, None) => {}
    }
    if !alike.is_empty() && alike::is_unproven(finding) {
        let _ = write!(text, ", {}", alike::UNPROVEN);
    }
    text
}

/// The effect on a field without its value.
const fn becomes(next: NextUpgrade) -> &'static str {
    match next {
        NextUpgrade::Becomes => "becomes a third value",
        NextUpgrade::Revert | NextUpgrade::Keep | NextUpgrade::Conflict | NextUpgrade::Refused => {
            field_effect(next)
        }
    }
}

/// An object and its state.
fn object_line(release: &ReleaseReport, object: &ObjectReport) -> String {
    let mut text = format!("  {}: {}", object_name(release, object), state(object));
    if object.state != ObjectState::Drifted {
        text.push_str(&marks(&object.tracked));
        if let Some(next) = object.next_upgrade {
            let _ = write!(text, "; next upgrade: {}", object_effect(next, object.state));
        }
    }
    text
}

/// An object's kind and name, with its namespace where that is not the release's.
pub(crate) fn object_name(release: &ReleaseReport, object: &ObjectReport) -> String {
    let place = match &object.namespace {
        Some(namespace) if *namespace != release.namespace => format!("{}/", clean(namespace, NAME)),
        Some(_) | None => String::new(),
    };
    format!(
        "{} {place}{}",
        clean(&object.kind, NAME),
        clean(&object.name, NAME)
    )
}

/// Since when something is so, and whether it comes and goes.
fn marks(tracked: &Tracked) -> String {
    let since = tracked.since.map_or_else(String::new, seen);
    since + &marks_without_time(tracked)
}

fn marks_without_time(tracked: &Tracked) -> String {
    let mut marks = String::new();
    if tracked.status == Some(ChangeStatus::Changed) {
        marks.push_str(", changed again");
    }
    if tracked.flapping {
        let _ = write!(marks, ", {FLAPPING}");
    }
    marks
}

fn seen(since: Since) -> String {
    let time = minute(since.time);
    match since.from {
        SinceSource::FirstSeen => format!(", first seen {time} UTC"),
        SinceSource::ManagedFields | SinceSource::Operation => format!(", since {time} UTC"),
    }
}

/// The state of an object in the words of the report, which decides what may be told of it.
pub(crate) fn state(object: &ObjectReport) -> &'static str {
    match object.state {
        ObjectState::Missing if object.reason.as_deref() == Some(MISSING_OR_NOT_OWNED) => {
            MISSING_OR_NOT_OWNED
        }
        ObjectState::Foreign => "foreign, not owned by this release",
        ObjectState::InSync
        | ObjectState::Drifted
        | ObjectState::Missing
        | ObjectState::Terminating
        | ObjectState::Leftover
        | ObjectState::Unknown
        | ObjectState::Ignored => object.state.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};

    use super::*;
    use crate::report::fixtures::{object, release};
    use crate::vocabulary::{HealthSeverity, SinceSource};

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
    }

    #[test]
    fn the_age_and_the_flapping_of_a_release_stand_behind_its_name_and_not_behind_a_code() {
        let mut web = release("shop", "web")
            .with_objects([object("v1", "Service", "shop", "web").in_state(ObjectState::Missing)])
            .with_health(HealthCode::FailedUpgrade, HealthSeverity::Critical);
        web.tracked.status = Some(ChangeStatus::Ongoing);
        web.tracked.flapping = true;
        web.tracked.since = Some(Since {
            time: now() - TimeDelta::days(2),
            from: SinceSource::FirstSeen,
        });
        assert_eq!(
            ongoing_entry(&web, now()).head,
            "shop/web (for 2 days, keeps coming and going): 1 object, failed-upgrade"
        );
        web.tracked.flapping = false;
        web.tracked.since = None;
        assert_eq!(
            ongoing_entry(&web, now()).head,
            "shop/web: 1 object, failed-upgrade"
        );
    }

    #[test]
    fn what_blocks_an_operation_is_one_line_that_says_what_fails_and_where() {
        let line = |code: HealthCode, message: &str| {
            let mut web = release("shop", "web").with_health(code, HealthSeverity::Warning);
            message.clone_into(&mut web.health[0].message);
            health_line(&web.health[0])
        };
        assert_eq!(
            line(
                HealthCode::UpgradeBlocked,
                "the next upgrade fails at Deployment shop/web: somebody owns hunter2"
            ),
            "  warning upgrade-blocked: the next upgrade fails at Deployment shop/web"
        );
        assert_eq!(
            line(
                HealthCode::RollbackBlocked,
                "a rollback to revision 3 does not work: it fails half-way: Job shop/web: hunter2 is immutable"
            ),
            "  warning rollback-blocked: a rollback to revision 3 does not work: it fails half-way: Job shop/web"
        );
        // Nothing that is not of this form is repeated.
        for code in [HealthCode::UpgradeBlocked, HealthCode::RollbackBlocked] {
            assert!(!line(code, "hunter2: hunter2").contains("hunter2"));
        }
    }
}
