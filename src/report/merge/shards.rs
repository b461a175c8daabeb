//! The reports of the shards of one cluster, as the report of one scan of it.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Given, MergeError, confirmation, once, short, stopped, summary, worst};
use crate::model::{ComparedWith, IgnoredCount, Report, ReportError, ReportNote, Selected, Tool};
use crate::policy::shard::Shard;
use crate::report::words::minute;
use crate::vocabulary::{IdleReason, MemoryDetail, Outcome};

/// From when on the shards are of different times: scans of one Job begin together.
const APART: TimeDelta = TimeDelta::hours(1);

/// The scopes of what is said of one scan alone, so that two shards mean two things with the same words.
const OF_ONE_SCAN: [&str; 4] = ["scan", "state", "values", ReportError::REPORT];

/// A report of a shard, and which one that is.
struct Part {
    shard: Shard,
    place: String,
    report: Report,
}

/// Puts the reports of one cluster together.
pub(super) fn merge(mut given: Vec<Given>) -> Result<Report, MergeError> {
    let has_shard = |one: &Given| one.report.selection.shard.is_some();
    match (given.pop(), given.is_empty()) {
        (None, _) => return Err(MergeError::Nothing),
        (Some(only), true) if !has_shard(&only) => return Ok(only.report),
        (Some(last), _) => given.push(last),
    }
    one_cluster(&given)?;
    let mut parts = Vec::new();
    for Given { place, report } in given {
        let Some(shard) = Shard::of(&report.selection) else {
            return Err(MergeError::UnknownShard(place));
        };
        if let Some(release) = report
            .releases
            .iter()
            .find(|release| !shard.has(&release.storage.namespace))
        {
            return Err(MergeError::OfAnotherShard {
                release: short(&release.full_name()),
                shard: shard.to_string(),
                place,
            });
        }
        parts.push(Part { shard, place, report });
    }
    // Those that will not count, too: what was scanned otherwise is no earlier try of the same scan.
    if let Some((first, others)) = parts.split_first() {
        others.iter().try_for_each(|other| goes_with(first, other))?;
    }
    list_alike(&parts)?;
    let (parts, notes) = newest(parts)?;
    together(parts, notes).ok_or(MergeError::Nothing)
}

/// The newest report of each shard, with a note on each shard that has several: a Pod that is tried again leaves the log of the
/// one before. Reports that are the same are one.
fn newest(parts: Vec<Part>) -> Result<(Vec<Part>, Vec<ReportNote>), MergeError> {
    let mut by_shard: BTreeMap<Shard, Vec<Part>> = BTreeMap::new();
    for part in parts {
        by_shard.entry(part.shard).or_default().push(part);
    }
    let (mut chosen, mut notes) = (Vec::new(), Vec::new());
    for mut all in by_shard.into_values() {
        all.sort_by_key(|part| part.report.started_at);
        let Some(newest) = all.pop() else { continue };
        let (shard, began) = (newest.shard, newest.report.started_at);
        all.retain(|other| other.report != newest.report);
        if let Some(other) = all.iter().find(|other| other.report.started_at == began) {
            return Err(MergeError::SameShard {
                one: other.place.clone(),
                other: newest.place,
                shard: shard.to_string(),
                cluster: short(&newest.report.cluster.name),
            });
        }
        if !all.is_empty() {
            notes.push(ReportNote {
                scope: ReportError::MERGE.to_owned(),
                message: format!(
                    "shard {shard} was scanned {} times: the scan that began last counts, at {}",
                    all.len() + 1,
                    began.format("%Y-%m-%d %H:%M:%S")
                ),
            });
        }
        chosen.push(newest);
    }
    Ok((chosen, notes))
}

/// `Err` where reports of one name are not of shards of one cluster.
fn one_cluster(given: &[Given]) -> Result<(), MergeError> {
    let Some((first, others)) = given.split_first() else {
        return Err(MergeError::Nothing);
    };
    for other in others {
        let (here, there) = (&first.report.cluster, &other.report.cluster);
        let (one, another) = (first.place.clone(), other.place.clone());
        if here.server != there.server {
            return Err(MergeError::SameName {
                one,
                other: another,
                cluster: short(&here.name),
                here: short(&here.server),
                there: short(&there.server),
            });
        }
        let cluster = short(&here.name);
        let of_whole = |part: String, shard: &str, whole: String| MergeError::ShardOfWhole {
            one: part,
            shard: short(shard),
            whole,
            cluster: cluster.clone(),
        };
        match (&first.report.selection.shard, &other.report.selection.shard) {
            (Some(_), Some(_)) => {}
            (Some(shard), None) => return Err(of_whole(one, shard, another)),
            (None, Some(shard)) => return Err(of_whole(another, shard, one)),
            (None, None) => {
                return Err(MergeError::SameCluster {
                    one,
                    other: another,
                    cluster,
                });
            }
        }
    }
    Ok(())
}

/// `Err` where two shards are not of one way to scan.
fn goes_with(first: &Part, other: &Part) -> Result<(), MergeError> {
    let (one, another) = (&first.report, &other.report);
    let cluster = short(&one.cluster.name);
    if first.shard.count() != other.shard.count() {
        return Err(MergeError::OtherCount {
            one: first.place.clone(),
            other: other.place.clone(),
            shard: first.shard.to_string(),
            of_other: other.shard.to_string(),
            cluster,
        });
    }
    let selected = |report: &Report| Selected {
        shard: None,
        ..report.selection.clone()
    };
    let rules = |report: &Report| -> Vec<_> {
        let counts = report.ignored.iter();
        counts
            .map(|count| (count.rule, count.description.clone(), count.reason.clone()))
            .collect()
    };
    let what = if selected(one) != selected(another) {
        "releases selected"
    } else if rules(one) != rules(another) {
        "ignore rules"
    } else if one.confirmation.is_some() != another.confirmation.is_some() {
        "answers to --confirm"
    } else {
        return Ok(());
    };
    Err(MergeError::OtherOptions {
        one: first.place.clone(),
        other: other.place.clone(),
        cluster,
        what,
    })
}

/// `Err` where one of the shards lists objects in sync, and another one leaves them out.
fn list_alike(parts: &[Part]) -> Result<(), MergeError> {
    let first = |asked: bool| {
        parts
            .iter()
            .find(|part| part.report.was_asked_for_all() == Some(asked))
    };
    match (first(true), first(false)) {
        (Some(with), Some(without)) => Err(MergeError::InSync {
            with: with.place.clone(),
            without: without.place.clone(),
            cluster: short(&with.report.cluster.name),
        }),
        (Some(_), None) | (None, _) => Ok(()),
    }
}

/// The report of one scan of all these shards, with these notes and those on the shards; `None` without any.
fn together(mut parts: Vec<Part>, mut notes: Vec<ReportNote>) -> Option<Report> {
    let missing = missing(&parts);
    notes.extend(notes_on(&parts));
    parts.iter_mut().for_each(name_shard);
    let all = || parts.iter().map(|part| &part.report);
    let first = all().next()?;
    let mut errors = once(all().map(|report| report.errors.clone()).collect());
    errors.extend(missing);
    notes.extend(once(all().map(|report| report.notes.clone()).collect()));
    let is_missed = errors.iter().any(|error| error.scope == ReportError::MERGE);
    let outcomes = all().map(|report| report.outcome);
    let mut merged = Report {
        schema: first.schema.clone(),
        tool: tool(all()),
        cluster: first.cluster.clone(),
        clusters: Vec::new(),
        started_at: all().map(|report| report.started_at).min()?,
        finished_at: all().map(|report| report.finished_at).max()?,
        outcome: worst(outcomes.chain(is_missed.then_some(Outcome::Incomplete))),
        stopped: stopped(all().map(|report| report.stopped)),
        summary: summary(all().map(|report| &report.summary)),
        selection: Selected {
            shard: None,
            ..first.selection.clone()
        },
        compared_with: compared_with(all().map(|report| report.compared_with.as_ref())),
        ignored: ignored(all(), errors.is_empty()),
        confirmation: confirmation(all().map(|report| report.confirmation.clone())),
        releases: Vec::new(),
        orphans: None,
        resolved: Vec::new(),
        errors,
        notes,
    };
    for report in parts.into_iter().map(|part| part.report) {
        merged.releases.extend(report.releases);
        merged.resolved.extend(report.resolved);
        if let Some(orphans) = report.orphans {
            merged.orphans.get_or_insert_default().extend(orphans);
        }
    }
    merged.sort();
    // Stable: what ended of one release has its order already.
    merged.resolved.sort_by(|one, other| {
        (&one.namespace, &one.release, &one.storage).cmp(&(&other.namespace, &other.release, &other.storage))
    });
    if let Some(orphans) = &mut merged.orphans {
        orphans.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
    }
    Some(merged)
}

/// An error for each shard that is not given.
fn missing(parts: &[Part]) -> Vec<ReportError> {
    let Some(first) = parts.first() else {
        return Vec::new();
    };
    let is_given = |shard: &Shard| parts.iter().any(|part| part.shard == *shard);
    let missing: Vec<String> = first
        .shard
        .all()
        .filter(|shard| !is_given(shard))
        .map(|shard| shard.to_string())
        .collect();
    let (noun, whose) = match &missing[..] {
        [] => return Vec::new(),
        [_] => ("shard", "its"),
        [..] => ("the shards", "their"),
    };
    vec![ReportError {
        scope: ReportError::MERGE.to_owned(),
        message: format!(
            "there is no report of {noun} {} of the cluster {}: the releases in {whose} namespaces are missing here",
            missing.join(", "),
            short(&first.report.cluster.name)
        ),
    }]
}

/// What is to be borne in mind of shards that were not scanned by one Job.
fn notes_on(parts: &[Part]) -> Vec<ReportNote> {
    let mut notes = Vec::new();
    let mut note = |message: String| {
        let scope = ReportError::MERGE.to_owned();
        notes.push(ReportNote { scope, message });
    };
    let oldest = parts.iter().min_by_key(|part| part.report.started_at);
    let newest = parts.iter().max_by_key(|part| part.report.started_at);
    if let (Some(oldest), Some(newest)) = (oldest, newest)
        && newest.report.started_at - oldest.report.started_at >= APART
    {
        note(format!(
            "the shards are of different times: shard {} was scanned at {}, and shard {} at {}",
            oldest.shard,
            minute(oldest.report.started_at),
            newest.shard,
            minute(newest.report.started_at)
        ));
    }
    let version = |part: &Part| short(&part.report.tool.version);
    let first = parts.first().map(version);
    let other = parts.iter().find(|part| Some(version(part)) != first);
    if let (Some(first), Some(other)) = (first, other) {
        note(format!(
            "the shards were scanned by different versions of driftline, {first} and {}",
            version(other)
        ));
    }
    let is_remembered = |part: &&Part| part.report.compared_with.is_some();
    let remembered = parts.iter().filter(is_remembered).count();
    if remembered > 0
        && let Some(without) = parts.iter().find(|part| !is_remembered(part))
    {
        note(format!(
            "what is new is not known as a whole: the scan of shard {} was compared with nothing",
            without.shard
        ));
    }
    notes
}

/// Says of what is about one scan alone which one that was.
fn name_shard(part: &mut Part) {
    let shard = part.shard;
    let is_of_one_scan = |scope: &str| OF_ONE_SCAN.contains(&scope);
    let errors = part.report.errors.iter_mut();
    let errors = errors.map(|error| (&error.scope, &mut error.message));
    let notes = part.report.notes.iter_mut();
    let notes = notes.map(|note| (&note.scope, &mut note.message));
    for (scope, message) in errors.chain(notes) {
        if is_of_one_scan(scope) {
            *message = format!("{message} (shard {shard})");
        }
    }
}

/// The program that made the reports; this one where several did.
pub(super) fn tool<'r>(reports: impl Iterator<Item = &'r Report>) -> Tool {
    let mut tools = reports.map(|report| &report.tool);
    let first = tools.next();
    match first {
        Some(first) if tools.all(|tool| tool == first) => first.clone(),
        Some(_) | None => Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
    }
}

/// What the reports were compared with: the earliest of all scans, in the least detail; `None` where one was compared with
/// nothing.
pub(super) fn compared_with<'r>(all: impl Iterator<Item = Option<&'r ComparedWith>>) -> Option<ComparedWith> {
    let all: Vec<&ComparedWith> = all.collect::<Option<_>>()?;
    let times: Option<Vec<_>> = all.iter().map(|one| one.scanned_at).collect();
    let rank = |detail: &MemoryDetail| match detail {
        MemoryDetail::Fields => 0,
        MemoryDetail::Objects => 1,
        MemoryDetail::Releases => 2,
    };
    Some(ComparedWith {
        scanned_at: times.and_then(|times| times.into_iter().min()),
        detail: all.iter().map(|one| one.detail).max_by_key(rank)?,
    })
}

/// The counts of the ignore rules, which all shards have. A rule is idle where it is in each of them, and everything was read.
fn ignored<'r>(reports: impl Iterator<Item = &'r Report>, is_whole: bool) -> Vec<IgnoredCount> {
    let mut lists = reports.map(|report| &report.ignored);
    let mut sums = lists.next().cloned().unwrap_or_default();
    let mut idle: Vec<Vec<Option<IdleReason>>> = sums.iter().map(|sum| vec![sum.idle_in_shard]).collect();
    for list in lists {
        for ((sum, idle), count) in sums.iter_mut().zip(&mut idle).zip(list) {
            sum.findings = sum.findings.saturating_add(count.findings);
            sum.objects = sum.objects.saturating_add(count.objects);
            idle.push(count.idle_in_shard);
        }
    }
    for (sum, reasons) in sums.iter_mut().zip(idle) {
        sum.idle_in_shard = None;
        sum.idle = if !is_whole || !sum.left_nothing_out() {
            None
        } else if reasons.contains(&Some(IdleReason::Shadowed)) {
            Some(IdleReason::Shadowed)
        } else {
            let all_alike = reasons
                .iter()
                .all(|reason| *reason == Some(IdleReason::MatchedNothing));
            all_alike.then_some(IdleReason::MatchedNothing)
        };
    }
    sums
}
