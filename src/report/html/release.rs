//! One release: the line by which it is found, and all that is known of it.

use askama::Template;
use chrono::{DateTime, Utc};

use super::budget::{Capped, ENTRIES, capped};
use super::glossary::Code;
use super::news;
use super::prose::Prose;
use super::row::{notable, tone, writers};
use super::timeline::{self, Timeline};
use super::traits::{CRITICAL, Traits};
use crate::model::{Advice, Health, ReleaseReport, Revision, RevisionDetail};
use crate::report::summary::is_critical;
use crate::report::text::safe::Safe;
use crate::report::text::{TextOptions, changes, diagnosis, overview, upgrade};
use crate::report::urgency::Urgent;
use crate::report::words::{count, minute, verdict};
use crate::vocabulary::ApplyMethod;

/// How a release is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// In its line alone.
    Line,
}

/// The line of a release, and what stands above its objects.
#[derive(Template)]
#[template(path = "report/html/release.html", whitespace = "minimize")]
pub(super) struct ReleaseView<'r> {
    id: usize,
    is_open: bool,
    is_whole: bool,
    /// The class that its verdict has.
    tone: &'static str,
    /// The mark before its verdict, for those who see no colours.
    mark: &'static str,
    verdict: &'static str,
    /// The word for a critical state, where its verdict does not say it.
    critical: Option<&'static str>,
    traits: &'r Traits,
    namespace: Safe,
    name: Safe,
    chart: Option<Safe>,
    trouble: Option<Safe>,
    who: Option<Safe>,
    since: Option<String>,
    /// The writers of other differences, where none is known of the worst trouble.
    writers: Option<Safe>,
    /// What earlier scans say of it.
    remark: Option<Safe>,
    /// How many other releases are in the same way.
    alike: Option<String>,
    health: Capped<HealthView>,
    steps: Capped<Step>,
    /// How many commands those are.
    commands: String,
    /// Whether they are shown from the beginning.
    is_urgent: bool,
    refused: Option<Safe>,
    revisions: Option<Capped<RevisionRow>>,
    standing: Capped<Standing>,
    objects: Option<String>,
}

/// A health entry.
struct HealthView {
    /// Its anchor, where anything leads to it.
    id: Option<String>,
    severity: &'static str,
    code: &'static str,
    anchor: String,
    message: Prose,
    remark: Option<Safe>,
    evidence: Capped<Prose>,
}

/// A command to consider.
pub(super) struct Step {
    /// Whether it deletes or overwrites anything.
    pub(super) is_destructive: bool,
    /// Why one would run it.
    pub(super) why: Prose,
    /// What it changes.
    pub(super) changes: Prose,
    /// The command, or why it is not shown.
    pub(super) command: Result<Safe, &'static str>,
}

/// One revision that is kept.
struct RevisionRow {
    /// The revisions before it that are not kept.
    gap: Option<String>,
    number: u64,
    status: Safe,
    created: Option<String>,
    written: Option<String>,
    size: Option<String>,
    chart: Option<Safe>,
    is_baseline: bool,
    description: Option<Safe>,
}

/// How an object stands to an operation that did not complete.
struct Standing {
    side: Safe,
    object: Safe,
    remarks: Option<Safe>,
}

impl Step {
    /// A piece of advice.
    pub(super) fn of(advice: &Advice, options: &TextOptions) -> Self {
        let command = Safe::of(&advice.command, options.medium);
        Self {
            is_destructive: advice.destructive,
            why: Prose::of(&options.safe(&advice.why)),
            changes: Prose::of(&options.safe(&advice.changes)),
            // With escapes in it a command would be another one.
            command: if command.as_str() == advice.command {
                Ok(command)
            } else {
                Err(diagnosis::NOT_SHOWN)
            },
        }
    }
}

impl<'r> ReleaseView<'r> {
    /// A release, which has this position in the report.
    pub(super) fn of(
        id: usize,
        release: &ReleaseReport,
        traits: &'r Traits,
        extent: Extent,
        now: DateTime<Utc>,
        options: &TextOptions,
    ) -> Self {
        let urgent = Urgent::of(release).or_else(|| notable(release));
        let trouble = urgent
            .as_ref()
            .map(|urgent| overview::trouble(urgent, None, options));
        let is_whole = extent == Extent::Whole;
        let (tone, mark) = tone(release);
        let remark = changes::remark(&release.tracked, Some(now));
        let mut view = Self {
            id,
            is_open: false,
            is_whole,
            tone,
            mark,
            verdict: verdict(release),
            critical: traits
                .is
                .contains(&CRITICAL)
                .then_some(CRITICAL)
                .filter(|critical| !verdict(release).ends_with(critical)),
            traits,
            namespace: options.safe(&release.place()),
            name: options.safe(&release.name),
            chart: chart(release).map(|chart| options.safe(&chart)),
            trouble,
            who: urgent
                .and_then(|urgent| urgent.who())
                .map(|who| options.safe(who)),
            since: urgent.and_then(|urgent| urgent.since()).map(minute),
            writers: urgent
                .is_none_or(|urgent| urgent.who().is_none())
                .then(|| writers(release))
                .flatten()
                .map(|writers| options.safe(&writers)),
            remark: remark.map(|remark| options.safe(&remark)),
            alike: None,
            health: capped([], ENTRIES),
            steps: capped([], ENTRIES),
            commands: String::new(),
            is_urgent: false,
            refused: None,
            revisions: None,
            standing: capped([], ENTRIES),
            objects: None,
        };
        if is_whole {
            view.add_details(release, now, options);
        }
        view
    }

    /// The same release, with its details in sight from the beginning.
    pub(super) const fn opened(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// The same release, beside so many others of which the same is to be said.
    pub(super) fn beside(mut self, others: usize) -> Self {
        self.alike = (others > 0).then(|| format!("{} in the same way", count(others, "other release")));
        self
    }

    fn add_details(&mut self, release: &ReleaseReport, now: DateTime<Utc>, options: &TextOptions) {
        let entries = release.health.iter().enumerate();
        let entries = entries.map(|(at, entry)| HealthView {
            id: news::health_anchor(self.id, at, &entry.tracked),
            ..health(entry, now, options)
        });
        self.health = capped(entries, ENTRIES);
        let steps = diagnosis::steps(&release.health);
        self.commands = count(steps.len(), "command");
        self.is_urgent = release.health.iter().any(is_critical);
        self.steps = capped(steps.into_iter().map(|advice| Step::of(advice, options)), ENTRIES);
        self.refused = upgrade::refused_until(release, options).map(|line| {
            let said = line.said();
            Safe::of(said.as_str().trim_start_matches([' ', '-']), options.medium)
        });
        if let Some(detail) = &release.detail {
            let mut before = None;
            let rows = detail.revisions.iter().map(|revision| {
                let gap = before.and_then(|before| diagnosis::gap(before, revision.revision));
                before = Some(revision.revision);
                revision_row(release, revision, gap, options)
            });
            self.revisions = Some(capped(rows, ENTRIES));
            let standing = detail.objects.iter().map(|object| Standing {
                side: options.safe(&diagnosis::side(release, detail.attempted, object)),
                object: options.safe(&match &object.namespace {
                    Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
                    None => format!("{} {}", object.kind, object.name),
                }),
                remarks: (!object.remarks.is_empty()).then(|| options.safe(&object.remarks.join("; "))),
            });
            self.standing = capped(standing, ENTRIES);
        }
        self.objects = (!release.objects.is_empty()).then(|| count(release.objects.len(), "object"));
    }
}

/// The name and version of a release's chart.
fn chart(release: &ReleaseReport) -> Option<String> {
    let chart = release.chart.as_ref()?;
    Some(format!("{}-{}", chart.name, chart.version))
}

fn health(entry: &Health, now: DateTime<Utc>, options: &TextOptions) -> HealthView {
    let remark = changes::remark(&entry.tracked, Some(now));
    HealthView {
        id: None,
        severity: entry.severity.as_str(),
        code: entry.code.as_str(),
        anchor: Code::Health(entry.code).anchor(),
        message: Prose::of(&options.safe(&entry.message)),
        remark: remark.map(|remark| options.safe(&remark)),
        evidence: capped(
            entry.evidence.iter().map(|text| Prose::of(&options.safe(text))),
            ENTRIES,
        ),
    }
}

/// What is known of a release as a whole, with the words for it.
fn facts(release: &ReleaseReport, options: &TextOptions) -> Vec<(&'static str, Safe)> {
    let mut facts = Vec::new();
    if let Some(chart) = chart(release) {
        facts.push(("Chart", options.safe(&chart)));
    }
    let baseline = release.baseline.as_ref();
    let deployed = baseline.map_or_else(|| "none".to_owned(), revision);
    facts.push(("Deployed", options.safe(&deployed)));
    if let Some(previous) = &release.previous {
        facts.push(("Before that", options.safe(&revision(previous))));
    }
    if baseline != Some(&release.latest) {
        facts.push(("Newest", options.safe(&revision(&release.latest))));
    }
    facts.extend(release.apply_method.map(|method| {
        let how = match method {
            ApplyMethod::Csa => "client-side apply",
            ApplyMethod::Ssa => "server-side apply",
        };
        ("Applied by", Safe::from(how))
    }));
    let storage = format!("{} in {}", release.storage.driver, release.storage.namespace);
    facts.push(("Stored as", options.safe(&storage)));
    if let Some(by) = &release.managed_by {
        let name = by
            .name
            .as_ref()
            .map(|name| format!(", {name}"))
            .unwrap_or_default();
        // What it follows confirms the marks.
        let claimed = if by.drift_correction.is_none() {
            " (claimed)"
        } else {
            ""
        };
        let text = format!("{}{name}{claimed}: {}", by.tool, by.meaning);
        facts.push(("Managed by", options.safe(&text)));
    }
    facts
}

fn revision(revision: &Revision) -> String {
    let number = format!("revision {} ({})", revision.revision, revision.status);
    match revision.deployed_at {
        Some(at) => format!("{number}, {}", minute(at)),
        None => number,
    }
}

fn revision_row(
    release: &ReleaseReport,
    revision: &RevisionDetail,
    gap: Option<String>,
    options: &TextOptions,
) -> RevisionRow {
    let baseline = release.baseline.as_ref();
    let chart = revision.chart.as_ref();
    RevisionRow {
        gap,
        number: revision.revision,
        status: options.safe(&revision.status),
        created: revision.created.map(minute),
        written: revision.written.map(minute),
        size: revision
            .bytes
            .map(|bytes| format!("{} KiB", bytes.div_ceil(1024))),
        chart: chart.map(|chart| options.safe(&format!("{}-{}", chart.name, chart.version))),
        is_baseline: baseline.is_some_and(|baseline| baseline.revision == revision.revision),
        description: revision.description.as_deref().map(|text| options.safe(text)),
    }
}

/// What stands below the objects of a release, and beside them.
#[derive(Template)]
#[template(path = "report/html/release_end.html", whitespace = "minimize")]
pub(super) struct ReleaseEnd {
    in_sync: Capped<Safe>,
    left_out: usize,
    facts: Vec<(&'static str, Safe)>,
    labels: Capped<Safe>,
    marks: Capped<Safe>,
    timeline: Timeline,
}

impl ReleaseEnd {
    /// The end of a release with these objects in sync of which there is nothing else to say, and so many objects that are
    /// not shown.
    pub(super) fn of(
        release: &ReleaseReport,
        in_sync: impl Iterator<Item = Safe>,
        left_out: usize,
        now: DateTime<Utc>,
        options: &TextOptions,
    ) -> Self {
        let labels = release.labels.iter();
        let labels = labels.map(|(key, value)| options.safe(&format!("{key}={value}")));
        let marks = release.managed_by.iter().flat_map(|by| &by.evidence);
        Self {
            in_sync: capped(in_sync, ENTRIES),
            left_out,
            facts: facts(release, options),
            labels: capped(labels, ENTRIES),
            marks: capped(marks.map(|mark| options.safe(mark)), ENTRIES),
            timeline: timeline::of(release, now, options),
        }
    }
}
