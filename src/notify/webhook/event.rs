//! A scan as an event, `driftline.event/v1`: what is new, what is still so and what is over, for programs.
//!
//! Names, paths and codes, never values, and no sentence in which the API server or Helm may have repeated values. Lists are
//! cut where they are long, fairly to namespaces, and say how many entries they would have. Fields are only ever added.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::{
    Finding, Fingerprint, Health, ObjectReport, ReleaseReport, Report, Resolved, Summary, Tracked,
};
use crate::notify::digest::Level;
use crate::notify::text::{NAME, PATH, clean};
use crate::notify::{Notice, fair};
use crate::state::Occasion;
use crate::vocabulary::{
    ChangeStatus, Ending, FindingCode, HealthCode, HealthSeverity, ObjectState, Outcome, ResolvedKind,
    Stopped, Verdict,
};

/// The name and version of the contract.
pub(super) const EVENT_SCHEMA: &str = "driftline.event/v1";

/// The most entries of one list.
const MAX_ENTRIES: usize = 500;

/// A scan as an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'n> {
    schema: &'static str,
    /// Always `scan`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The same for every attempt to deliver this message.
    id: String,
    cluster: &'n str,
    /// The shard of it that was scanned, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<String>,
    started_at: DateTime<Utc>,
    finished_at: DateTime<Utc>,
    tool_version: String,
    occasion: &'static str,
    level: &'static str,
    headline: &'n str,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<Stopped>,
    summary: &'n Summary,
    /// What is wrong and was not known before; without memory, everything that is wrong.
    new: List,
    /// What was known, and is another one now.
    changed: List,
    /// What was known as it is.
    ongoing: List,
    /// What is over.
    resolved: List,
    /// How many parts of the cluster could not be read that belong to no single release.
    errors: usize,
    /// The operator's links to the worst release with something new, else to the worst one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<EntryLink<'n>>,
}

/// A link of the settings, filled with names.
#[derive(Debug, Serialize)]
struct EntryLink<'n> {
    title: &'n str,
    url: &'n str,
}

/// A list that is cut where it is long.
#[derive(Debug, Default, Serialize)]
struct List {
    total: usize,
    entries: Vec<Entry>,
}

/// One thing that is wrong, or was.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    kind: ResolvedKind,
    code: &'static str,
    /// How much a health entry matters: `critical` or `warning`.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<HealthSeverity>,
    fingerprint: String,
    namespace: String,
    release: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<EntryObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<Ending>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flapping: bool,
}

#[derive(Debug, Serialize)]
struct EntryObject {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
}

impl<'n> Event<'n> {
    /// Puts a scan into an event.
    pub(super) fn new(notice: &Notice<'n>, id: &str) -> Self {
        let (report, digest) = (notice.report, notice.digest);
        let mut entries: [Vec<Entry>; 3] = Default::default();
        for (status, entry) in report
            .releases
            .iter()
            .flat_map(|release| entries_of(report, release))
        {
            let list = match status {
                None | Some(ChangeStatus::New) => 0,
                Some(ChangeStatus::Changed) => 1,
                Some(ChangeStatus::Ongoing) => 2,
            };
            entries[list].push(entry);
        }
        let [new, changed, ongoing] = entries.map(List::of);
        Self {
            schema: EVENT_SCHEMA,
            kind: "scan",
            id: id.to_owned(),
            cluster: &digest.cluster_name,
            shard: report.selection.shard.as_deref().map(|shard| clean(shard, NAME)),
            started_at: report.started_at,
            finished_at: report.finished_at,
            tool_version: clean(&report.tool.version, NAME),
            occasion: match notice.occasion {
                Occasion::Scan => "scan",
                Occasion::Changed => "changed",
                Occasion::Reminder => "reminder",
                Occasion::Unchanged => "unchanged",
            },
            level: match digest.level {
                Level::Clean => "clean",
                Level::Incomplete => "incomplete",
                Level::Critical => "critical",
                Level::Alarm => "alarm",
            },
            headline: &digest.headline,
            outcome: report.outcome,
            stopped: report.stopped,
            summary: &report.summary,
            new,
            changed,
            ongoing,
            resolved: List::of(report.resolved.iter().map(Entry::of_resolved).collect()),
            errors: report.errors.len(),
            links: digest
                .links
                .iter()
                .map(|link| EntryLink {
                    title: &link.title,
                    url: &link.url,
                })
                .collect(),
        }
    }
}

impl List {
    fn of(entries: Vec<Entry>) -> Self {
        Self {
            total: entries.len(),
            entries: fair::by_namespace(entries, MAX_ENTRIES, |entry| &entry.namespace),
        }
    }
}

/// What is wrong with a release, with how it stands to earlier scans. Where these remembered no single finding or no single
/// object, the object or the release stands for it.
fn entries_of<'r>(
    report: &'r Report,
    release: &'r ReleaseReport,
) -> impl Iterator<Item = (Option<ChangeStatus>, Entry)> + 'r {
    let health = release
        .health
        .iter()
        .filter(|health| health.severity != HealthSeverity::Info);
    let health = health.map(|health| (health.tracked.status, Entry::of_health(report, release, health)));
    // Where scans are remembered, what was not read is neither new nor over.
    let is_unread_told = report.summary.changes.is_none();
    let is_wrong = move |object: &&ObjectReport| {
        object.state.is_drift() || (is_unread_told && object.state == ObjectState::Unknown)
    };
    let of_release = release.tracked.status;
    let objects = release.objects.iter().filter(is_wrong).flat_map(move |object| {
        let findings: Vec<&Finding> = object
            .findings
            .iter()
            .filter(|finding| finding.is_drift())
            .collect();
        let is_said = object.state == ObjectState::Drifted && !findings.is_empty();
        let state = (!is_said).then(|| {
            let entry = Entry::of_object(report, release, object);
            (object.tracked.status.or(of_release), entry)
        });
        let findings = findings.into_iter().map(move |finding| {
            let entry = Entry::of_finding(report, release, object, finding);
            let of_object = object.tracked.status.or(of_release);
            (finding.tracked.status.or(of_object), entry)
        });
        state.into_iter().chain(findings.collect::<Vec<_>>())
    });
    health.chain(objects)
}

impl Entry {
    fn new(kind: ResolvedKind, release: &ReleaseReport, fingerprint: Fingerprint, tracked: &Tracked) -> Self {
        Self {
            kind,
            code: "",
            severity: None,
            fingerprint: fingerprint.to_string(),
            namespace: clean(&release.namespace, NAME),
            release: clean(&release.name, NAME),
            object: None,
            path: None,
            first_seen: tracked.first_seen,
            since: tracked.since.map(|since| since.time),
            how: None,
            flapping: tracked.flapping,
        }
    }

    fn of_health(report: &Report, release: &ReleaseReport, health: &Health) -> Self {
        let fingerprint = Fingerprint::health(report, release, health);
        Self {
            code: health.code.as_str(),
            severity: Some(health.severity),
            ..Self::new(ResolvedKind::Health, release, fingerprint, &health.tracked)
        }
    }

    fn of_object(report: &Report, release: &ReleaseReport, object: &ObjectReport) -> Self {
        let fingerprint = Fingerprint::object(report, release, object);
        Self {
            code: object.state.as_str(),
            object: Some(EntryObject::of(
                &object.kind,
                object.namespace.as_deref(),
                &object.name,
            )),
            ..Self::new(ResolvedKind::Object, release, fingerprint, &object.tracked)
        }
    }

    fn of_finding(
        report: &Report,
        release: &ReleaseReport,
        object: &ObjectReport,
        finding: &Finding,
    ) -> Self {
        let fingerprint = Fingerprint::finding(report, release, object, finding);
        Self {
            code: finding.code.as_str(),
            object: Some(EntryObject::of(
                &object.kind,
                object.namespace.as_deref(),
                &object.name,
            )),
            path: Some(clean(&finding.path, PATH)),
            ..Self::new(ResolvedKind::Finding, release, fingerprint, &finding.tracked)
        }
    }

    /// What is over comes from the memory, so its code is one only if it is known.
    fn of_resolved(resolved: &Resolved) -> Self {
        let object = resolved.object.as_ref();
        Self {
            kind: resolved.kind,
            code: known_code(resolved.kind, &resolved.code),
            severity: None,
            fingerprint: resolved.fingerprint.to_string(),
            namespace: clean(&resolved.namespace, NAME),
            release: clean(&resolved.release, NAME),
            object: object
                .map(|object| EntryObject::of(&object.kind, object.namespace.as_deref(), &object.name)),
            path: resolved.path.as_deref().map(|path| clean(path, PATH)),
            first_seen: Some(resolved.first_seen),
            since: None,
            how: Some(resolved.how),
            flapping: resolved.flapping,
        }
    }
}

impl EntryObject {
    fn of(kind: &str, namespace: Option<&str>, name: &str) -> Self {
        Self {
            kind: clean(kind, NAME),
            namespace: namespace.map(|namespace| clean(namespace, NAME)),
            name: clean(name, NAME),
        }
    }
}

/// The code of what is over.
fn known_code(kind: ResolvedKind, code: &str) -> &'static str {
    let known = match kind {
        ResolvedKind::Finding => code.parse().map(FindingCode::as_str),
        ResolvedKind::Object => code.parse().map(ObjectState::as_str),
        ResolvedKind::Health => code.parse().map(HealthCode::as_str),
        ResolvedKind::Release => code.parse().map(Verdict::as_str),
    };
    known.unwrap_or("unknown")
}
