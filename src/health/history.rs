//! What the metadata of all revisions says.

use super::{ReleaseFacts, remark, with};
use crate::model::Health;
use crate::vocabulary::{HealthCode, HealthSeverity};

/// How many bytes a Secret or a `ConfigMap` may hold (Kubernetes:
/// `pkg/apis/core/types.go`, `MaxSecretSize`).
pub(super) const LIMIT: u64 = 1 << 20;

/// From how many revisions on a history is remarkable. Helm keeps ten unless told otherwise.
const MANY: usize = 50;

pub(super) fn of(case: &ReleaseFacts<'_>) -> Vec<Health> {
    let mut health = Vec::new();
    for revision in case.history.revisions() {
        if let Some(mismatch) = &revision.mismatch {
            health.push(remark(
                HealthCode::IdentityMismatch,
                HealthSeverity::Warning,
                mismatch.clone(),
            ));
        }
    }
    health.extend(several_deployed(case));
    health.extend(bloat(case));
    health
}

fn several_deployed(case: &ReleaseFacts<'_>) -> Option<Health> {
    let baseline = case.history.baseline()?;
    let deployed: Vec<String> = case
        .history
        .deployed()
        .map(|revision| revision.revision.to_string())
        .collect();
    if deployed.len() < 2 {
        return None;
    }
    let commands = case.commands();
    let mut advice = vec![commands.history()];
    advice.extend(commands.backup(&[baseline.revision]));
    advice.push(commands.rollback(
        baseline.revision,
        "a rollback to the newest of them marks all of the others as superseded, which upgrades do not",
        "",
    ));
    Some(with(
        remark(
            HealthCode::SeveralDeployed,
            HealthSeverity::Warning,
            format!(
                "revisions {} all have status deployed; the newest of them is compared against",
                deployed.join(", ")
            ),
        ),
        vec!["a rollback while an upgrade was running makes this; only upgrades look whether another operation is under way".to_owned()],
        advice,
    ))
}

/// How much of the limit a record takes.
pub(super) const fn percent_of_limit(bytes: u64) -> u64 {
    bytes * 100 / LIMIT
}

/// Records that are too many, or nearly too large to be written.
fn bloat(case: &ReleaseFacts<'_>) -> Option<Health> {
    let count = case.history.revisions().len();
    let sizes: Vec<u64> = case.told.values().filter_map(|told| told.bytes).collect();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    let percent = percent_of_limit(largest);
    let is_large = percent >= 75;
    if count < MANY && !is_large {
        return None;
    }
    let mut evidence = vec![format!("{count} revisions are kept")];
    if !sizes.is_empty() {
        let mean = sizes.iter().sum::<u64>() / sizes.len() as u64;
        let (read, total) = (sizes.len(), mean * count as u64);
        evidence.push(format!(
            "{read} of the records were read: the largest has {}, {percent} % of the 1 MiB that a record may have; all of them have about {}",
            size(largest),
            size(total)
        ));
    }
    let (severity, message) = if percent >= 95 {
        (
            HealthSeverity::Critical,
            "the next revision may not fit into its record any more: then upgrades fail".to_owned(),
        )
    } else if is_large {
        (
            HealthSeverity::Warning,
            format!("its records come near the limit of 1 MiB ({percent} %)"),
        )
    } else {
        (
            HealthSeverity::Warning,
            format!("{count} revisions are kept, where Helm keeps 10 unless told otherwise"),
        )
    };
    let mut health = with(
        remark(HealthCode::HistoryBloat, severity, message),
        evidence,
        vec![case.commands().history()],
    );
    health.evidence.push(
        if is_large {
            "each revision counts by itself: only a smaller chart helps, without files that do not belong into it; \
             --history-max does not"
        } else {
            "the next upgrade with --history-max 10, or with HELM_MAX_HISTORY=10 in its environment, keeps the newest ten, \
             and of the older ones the deployed one"
        }
        .to_owned(),
    );
    Some(health)
}

/// Definitions in `crds/` that changed: Helm installs them once and never upgrades them.
pub(super) fn definitions(case: &ReleaseFacts<'_>) -> Option<Health> {
    let newest = case.told.get(&case.history.latest()?.revision)?;
    let changed: Vec<(u64, &String)> = case
        .told
        .iter()
        .flat_map(|(revision, told)| {
            told.crds
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
    Some(with(
        remark(
            HealthCode::ChartCrdsChanged,
            HealthSeverity::Info,
            format!(
                "the chart's {} changed after revision {revision}, and Helm does not upgrade definitions",
                files.join(", ")
            ),
        ),
        vec![
            "unless somebody applied them, the cluster has the older ones: `helm show crds CHART | kubectl diff -f -` shows \
             the difference, `kubectl apply --server-side -f -` in its place applies it"
                .to_owned(),
        ],
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
