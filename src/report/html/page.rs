//! What stands above the releases, and what stands below them.

use askama::Template;

use super::budget::{Capped, ENTRIES, LISTED, capped};
use super::csp;
use super::glossary::{self, Word};
use super::news::{self, News};
use super::prose::Prose;
use super::release::Step;
use super::traits::{Choice, Choices};
use crate::model::{OrphanedObject, OrphanedRelease, Report, Resolved};
use crate::report::RenderOptions;
use crate::report::summary::critical_releases;
use crate::report::text::safe::Safe;
use crate::report::text::{TextOptions, changes, closing, orphans, stopped_words};
use crate::report::words::{about, ended, headline, lasting, minute, outcome};
use crate::vocabulary::Outcome;

/// How many units the bar of verdicts is wide.
const WIDE: usize = 1_000;

/// Everything above the releases.
#[derive(Template)]
#[template(path = "report/html/head.html", whitespace = "minimize")]
pub(super) struct Head<'r> {
    policy: String,
    style: &'static str,
    version: Safe,
    cluster: Safe,
    server: Safe,
    scanned: String,
    scanned_at: String,
    took: String,
    tone: &'static str,
    outcome: &'static str,
    headline: String,
    /// The answer but for what the heading says of it.
    answer: Option<Safe>,
    /// How many releases are in a critical state.
    critical: usize,
    bar: Vec<Part>,
    /// What the bar shows, in words.
    counts: String,
    selection: Vec<(&'static str, Safe)>,
    stopped: Option<&'static str>,
    errors: Capped<(Safe, Prose)>,
    changes: Option<Changes>,
    verdicts: Capped<Choice>,
    codes: Capped<Choice>,
    namespaces: Capped<Choice>,
    managers: Capped<Choice>,
    statuses: Capped<Choice>,
    /// What is counted, with a heading and the noun for it.
    counted: Vec<(&'static str, &'static str, Capped<Choice>)>,
    releases: usize,
    /// Whether anything is said of the next upgrade.
    has_upgrades: bool,
    tail: &'r Tail,
}

/// A part of the bar of verdicts.
struct Part {
    class: &'static str,
    mark: &'static str,
    name: &'static str,
    number: usize,
    at: usize,
    width: usize,
}

/// What is new.
struct Changes {
    counts: Option<String>,
    since: Option<String>,
    /// What is new or changed; nothing where nothing was remembered, because then everything is new.
    listed: Capped<News>,
}

impl<'r> Head<'r> {
    /// The beginning of a page.
    pub(super) fn of(report: &Report, choices: &Choices, tail: &'r Tail, options: &RenderOptions) -> Self {
        let text = &options.text;
        let tone = match report.outcome {
            Outcome::Clean if critical_releases(report).next().is_some() => "critical",
            Outcome::Clean => "clean",
            Outcome::Drift => "drifted",
            Outcome::Incomplete => "incomplete",
            Outcome::Error => "unreadable",
        };
        let errors = report.errors.iter();
        let took = (report.finished_at - report.started_at).num_milliseconds().max(0);
        let bar = bar(report);
        let counts: Vec<String> = bar
            .iter()
            .map(|part| format!("{} {}", part.number, part.name))
            .collect();
        Self {
            policy: csp::policy(csp::STYLE, csp::SCRIPT),
            style: csp::STYLE,
            version: text.safe(&report.tool.version),
            cluster: text.safe(&report.cluster.name),
            server: text.safe(&report.cluster.server),
            scanned: minute(report.started_at),
            scanned_at: report.started_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            took: format!("{}.{} s", took / 1000, took % 1000 / 100),
            tone,
            outcome: outcome(report),
            headline: headline(report),
            answer: rest_of_answer(report, text),
            counts: counts.join(", "),
            critical: choices.critical(),
            bar,
            selection: selection(report, text),
            stopped: report.stopped.map(stopped_words),
            errors: capped(
                errors.map(|error| (text.safe(&error.scope), Prose::of(&text.safe(&error.message)))),
                LISTED,
            ),
            changes: changes_of(report, text),
            verdicts: choices.verdicts(),
            codes: choices.codes(),
            namespaces: choices.namespaces(),
            managers: choices.managers(),
            statuses: choices.statuses(),
            counted: [
                ("Codes, the worst first", "code", choices.counted_codes()),
                ("Writers of differences", "writer", choices.counted_managers()),
                (
                    "Namespaces not in order",
                    "namespace",
                    choices.counted_namespaces(),
                ),
            ]
            .into_iter()
            .filter(|(_, _, choices)| choices.len() > 0)
            .collect(),
            releases: report.releases.len(),
            has_upgrades: choices.has_upgrades,
            tail,
        }
    }
}

/// The answer of the text report but for what stands elsewhere in the head: the heading, the verdicts, the cluster, and what
/// is new.
fn rest_of_answer(report: &Report, options: &TextOptions) -> Option<Safe> {
    let answer = closing::answer(report, options).said();
    let cluster = options.safe(&format!(" ({})", about(report)));
    let answer = answer.as_str();
    let rest = answer.strip_suffix(cluster.as_str()).unwrap_or(answer);
    let rest = rest.strip_prefix(outcome(report)).unwrap_or(rest);
    let rest = rest.trim_start_matches(": ").replacen(&headline(report), "", 1);
    let changes = changes::counts(report);
    let is_told =
        |part: &&str| part.is_empty() || part.starts_with("releases: ") || Some(*part) == changes.as_deref();
    let parts: Vec<&str> = rest.split("; ").filter(|part| !is_told(part)).collect();
    (!parts.is_empty()).then(|| Safe::of(&parts.join("; "), options.medium))
}

/// The bar of verdicts, the worst first.
fn bar(report: &Report) -> Vec<Part> {
    let counts = &report.summary.releases;
    let total = counts.drifted + counts.unreadable + counts.incomplete + counts.clean;
    let parts = [
        ("drifted", "≠", counts.drifted),
        ("unreadable", "×", counts.unreadable),
        ("incomplete", "?", counts.incomplete),
        ("clean", "✓", counts.clean),
    ];
    let mut before = 0;
    let mut bar = Vec::new();
    for (name, mark, number) in parts {
        if number > 0 {
            let at = before * WIDE / total;
            before += number;
            bar.push(Part {
                class: name,
                mark,
                name,
                number,
                at,
                width: before * WIDE / total - at,
            });
        }
    }
    bar
}

/// What the scan was about, where that was not everything.
fn selection(report: &Report, options: &TextOptions) -> Vec<(&'static str, Safe)> {
    let selected = &report.selection;
    let list = |names: &[String]| options.safe(&names.join(", "));
    let mut told = Vec::new();
    if !selected.namespaces.is_empty() {
        told.push(("namespaces", list(&selected.namespaces)));
    }
    if !selected.releases.is_empty() {
        told.push(("releases", list(&selected.releases)));
    }
    if let Some(selector) = &selected.selector {
        told.push(("labels", options.safe(selector)));
    }
    if let Some(shard) = &selected.shard {
        told.push(("shard", options.safe(shard)));
    }
    if !report.clusters.is_empty() {
        let clusters = report.clusters.iter();
        let scanned = clusters.map(|cluster| format!("{} at {}", cluster.name, minute(cluster.started_at)));
        told.push(("scanned", options.safe(&scanned.collect::<Vec<_>>().join(", "))));
    }
    if !selected.drivers.is_empty() {
        told.push(("stored as", list(&selected.drivers)));
    }
    told
}

fn changes_of(report: &Report, options: &TextOptions) -> Option<Changes> {
    let compared_with = report.compared_with.as_ref()?;
    Some(Changes {
        listed: match compared_with.scanned_at {
            Some(_) => news::of(report, options),
            None => capped([], 0),
        },
        counts: changes::counts(report),
        since: compared_with.scanned_at.map(minute),
    })
}

/// Everything below the releases.
#[derive(Template)]
#[template(path = "report/html/tail.html", whitespace = "minimize")]
pub(super) struct Tail {
    /// Releases of which the page has not even a line.
    pub(super) unlisted: usize,
    has_releases: bool,
    resolved: Capped<ResolvedView>,
    orphans: Option<Capped<OrphanView>>,
    orphaned: Option<String>,
    ignored: Capped<Safe>,
    confirmation: Capped<Prose>,
    notes: Capped<(Safe, Prose)>,
    words: Vec<Word>,
    script: &'static str,
}

/// What earlier scans found and this one did not.
struct ResolvedView {
    release: Safe,
    code: Safe,
    what: Safe,
    how: &'static str,
    lasted: String,
}

/// A release of which only objects are left.
struct OrphanView {
    name: Safe,
    records: &'static str,
    objects: Capped<(Safe, Safe)>,
    evidence: Capped<Safe>,
    steps: Capped<Step>,
}

impl Tail {
    /// The end of a page.
    pub(super) fn of(report: &Report, choices: &Choices, options: &RenderOptions) -> Self {
        let text = &options.text;
        let safe = |line: &String| text.safe(line);
        let rules = report.ignored.iter().filter_map(closing::ignored);
        let answers = report.confirmation.iter().flat_map(closing::confirmation);
        let notes = report.notes.iter();
        let orphans = report.orphans.as_ref();
        Self {
            unlisted: 0,
            has_releases: !report.releases.is_empty(),
            resolved: capped(report.resolved.iter().map(|entry| resolved(entry, text)), LISTED),
            orphans: orphans.map(|found| capped(found.iter().map(|release| orphan(release, text)), LISTED)),
            orphaned: closing::orphans(report),
            ignored: capped(rules.map(|line| safe(&line)), LISTED),
            confirmation: capped(answers.map(|line| Prose::of(&safe(&line))), LISTED),
            notes: capped(
                notes.map(|note| (text.safe(&note.scope), Prose::of(&text.safe(&note.message)))),
                LISTED,
            ),
            words: glossary::words(choices.known.iter().copied()),
            script: csp::SCRIPT,
        }
    }
}

fn resolved(entry: &Resolved, options: &TextOptions) -> ResolvedView {
    let object = entry.object.as_ref().map(|object| match &object.namespace {
        Some(namespace) if *namespace != entry.namespace => {
            format!("{} {namespace}/{}", object.kind, object.name)
        }
        Some(_) | None => format!("{} {}", object.kind, object.name),
    });
    let what: Vec<String> = object.into_iter().chain(entry.path.clone()).collect();
    ResolvedView {
        release: options.safe(&entry.full_name()),
        code: options.safe(&entry.code),
        what: options.safe(&what.join(" ")),
        how: ended(entry),
        lasted: format!("known {}", lasting(entry.first_seen, entry.resolved_at)),
    }
}

fn orphan(release: &OrphanedRelease, options: &TextOptions) -> OrphanView {
    let object = |object: &OrphanedObject| {
        let name = match &object.namespace {
            Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
            None => format!("{} {}", object.kind, object.name),
        };
        (options.safe(&name), options.safe(&orphans::facts(object)))
    };
    OrphanView {
        name: options.safe(&release.full_name()),
        records: release.records.message(),
        objects: capped(release.objects.iter().map(object), ENTRIES),
        evidence: capped(release.evidence.iter().map(|text| options.safe(text)), ENTRIES),
        steps: capped(
            release.advice.iter().map(|advice| Step::of(advice, options)),
            ENTRIES,
        ),
    }
}

impl Tail {
    /// Whether there is anything to say of what is resolved.
    const fn has_resolved(&self) -> bool {
        !self.resolved.shown.is_empty()
    }
}
