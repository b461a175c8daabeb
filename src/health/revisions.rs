//! Entries about the history as a whole: its revisions, and the sizes and charts of their records.

use super::advice::compare_definitions;
use super::deletions::weigh;
use super::entry::remark;
use super::release_facts::ReleaseFacts;
use super::steps::with;
use crate::model::Health;
use crate::vocabulary::{HealthCode, HealthSeverity, count};

/// How many bytes a Secret or a `ConfigMap` may hold (Kubernetes:
/// `pkg/apis/core/types.go`, `MaxSecretSize`).
pub(super) const LIMIT: u64 = 1 << 20;

/// The number of revisions from which on a history is reported. Helm keeps ten by default.
const MANY: usize = 50;

/// Revisions whose labels, object name and record disagree.
pub(super) fn mismatched_metadata(facts: &ReleaseFacts<'_>) -> Vec<Health> {
    let mut health = Vec::new();
    for revision in facts.history.revisions() {
        if let Some(mismatch) = &revision.mismatch {
            health.push(remark(
                HealthCode::IdentityMismatch,
                HealthSeverity::Warning,
                mismatch.clone(),
            ));
        }
    }
    health
}

/// More than one revision with the status deployed.
pub(super) fn several_deployed(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let baseline = facts.history.baseline()?;
    let deployed: Vec<String> = facts
        .history
        .deployed()
        .map(|revision| revision.revision.to_string())
        .collect();
    if deployed.len() < 2 {
        return None;
    }
    let commands = facts.commands();
    let mut advice = vec![commands.history()];
    advice.extend(commands.backup(&[baseline.revision]));
    advice.push(commands.rollback(
        baseline.revision,
        "a rollback to the newest of them marks the others as superseded, which an upgrade does not",
        &[],
    ));
    let advice = weigh(facts, advice);
    Some(with(
        remark(
            HealthCode::SeveralDeployed,
            HealthSeverity::Warning,
            format!(
                "revisions {} all have the status deployed; objects are compared with the newest of them",
                deployed.join(", ")
            ),
        ),
        vec!["a rollback during an upgrade leaves this behind: only an upgrade checks whether another operation is in progress".to_owned()],
        advice,
    ))
}

/// How much of the limit a record takes.
pub(super) const fn percent_of_limit(bytes: u64) -> u64 {
    bytes * 100 / LIMIT
}

/// Records that are too many, or nearly too large to be written.
pub(super) fn bloat(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let kept = facts.history.revisions().len();
    let sizes: Vec<u64> = facts.records.values().filter_map(|record| record.bytes).collect();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    let percent = percent_of_limit(largest);
    let is_large = percent >= 75;
    if kept < MANY && !is_large {
        return None;
    }
    let are_kept = format!(
        "{} {} kept",
        count(kept, "revision"),
        if kept == 1 { "is" } else { "are" }
    );
    let mut evidence = vec![are_kept.clone()];
    if !sizes.is_empty() {
        let mean = sizes.iter().sum::<u64>() / sizes.len() as u64;
        let (read, total) = (sizes.len(), mean * kept as u64);
        evidence.push(format!(
            "{} {} read: the largest has {}, {percent} % of the 1 MiB that a record may have; all records together have about {}",
            count(read, "record"),
            if read == 1 { "was" } else { "were" },
            size(largest),
            size(total)
        ));
    }
    let (severity, message) = if percent >= 95 {
        (
            HealthSeverity::Critical,
            "the next revision may not fit into a record: upgrades then fail".to_owned(),
        )
    } else if is_large {
        (
            HealthSeverity::Warning,
            format!("its records are close to the limit of 1 MiB ({percent} %)"),
        )
    } else {
        (
            HealthSeverity::Warning,
            format!("{are_kept}; Helm's default is 10"),
        )
    };
    let mut health = with(
        remark(HealthCode::HistoryBloat, severity, message),
        evidence,
        vec![facts.commands().history()],
    );
    health.evidence.push(
        if is_large {
            "the limit is that of each record: only a smaller chart helps, without files that do not belong in it; \
             --history-max does not"
        } else {
            "the next upgrade with --history-max 10, or with HELM_MAX_HISTORY=10 in its environment, keeps the newest \
             ten revisions and the deployed one"
        }
        .to_owned(),
    );
    Some(health)
}

/// Definitions in `crds/` that changed: Helm installs them once and never upgrades them.
pub(super) fn changed_definitions(facts: &ReleaseFacts<'_>) -> Option<Health> {
    let newest = facts.records.get(&facts.history.latest()?.revision)?;
    let changed: Vec<(u64, &String)> = facts
        .records
        .iter()
        .flat_map(|(revision, record)| {
            record
                .crds
                .iter()
                .map(move |(file, print)| (*revision, file, print))
        })
        .filter(|(_, file, print)| newest.crds.get(*file).is_some_and(|now| now != *print))
        .map(|(revision, file, _)| (revision, file))
        .collect();
    let (revision, _) = changed.last()?;
    let mut files: Vec<&str> = changed.iter().map(|(_, file)| file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    let command = compare_definitions(newest.chart.as_ref());
    Some(with(
        remark(
            HealthCode::ChartCrdsChanged,
            HealthSeverity::Info,
            format!(
                "the chart's {} changed after revision {revision}, and Helm does not upgrade CustomResourceDefinitions",
                files.join(", ")
            ),
        ),
        vec![format!(
            "unless somebody applied the new definitions, the cluster has the old ones: `{command}` shows the \
                 difference; to apply it, put `kubectl apply --server-side -f -` after the pipe"
        )],
        Vec::new(),
    ))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes >> 20),
    }
}
