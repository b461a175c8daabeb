//! One scan, from listing releases to the report.
//!
//! Only this folder knows the order of a scan, which `stages` has. Reading is concurrent and bounded, and every decision
//! is made by pure code elsewhere. Every answer goes into one `ScanState`, so that a scan which is stopped
//! halfway still reports everything that it read, and the rest as not reached.

mod absent;
mod address;
mod asked;
mod authority;
mod batches;
mod beside;
mod claims;
mod clock;
mod cluster_facts;
mod confirm;
mod decoders;
mod definitions;
mod finished;
mod forbidden;
#[cfg(test)]
mod forged_records;
mod inspection;
mod judges;
mod ledger;
mod limits;
mod load;
mod needs;
mod older;
mod older_wanted;
mod options;
mod orphans;
mod plan;
mod planned;
mod preview_facts;
mod queue;
mod release;
mod resolver;
mod running;
mod scope;
mod stages;
mod state;
mod surroundings;
mod terminating;
#[cfg(test)]
mod tests;
mod transition;
mod values;
mod weight;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use self::address::address;
use self::clock::StageTimes;
use self::judges::Judges;
pub use self::limits::ScanLimits;
pub use self::needs::{NeededResource, Needs, needs};
pub use self::options::{InSync, OrphanSearch, PreviewRequest, Progress, Quiet, ScanOptions};
use self::stages::Stages;
use self::state::{Results, ScanState};
use crate::health::OtherReleases;
use crate::model::{
    Confirmation, ReleaseReport, Report, ReportError, SCHEMA, ScanCosts, Selected, Summary, Tool,
};
use crate::policy::Confirm;
use crate::report::{identity, idle, summary};
use crate::source::Source;
use crate::vocabulary::{IdleReason, Outcome, Stopped};

/// How long a scan that is stopped goes on comparing what it has read.
const LAST_COMPARISONS: Duration = Duration::from_secs(1);

/// Scans until everything is read or `stop` resolves.
pub async fn scan<S: Source>(
    source: Arc<S>,
    options: &ScanOptions,
    progress: &Arc<dyn Progress>,
    stop: impl Future<Output = Stopped>,
) -> Report {
    let (report, _) = scan_with_costs(source, options, progress, stop).await;
    report
}

/// The same, and what it cost.
pub async fn scan_with_costs<S: Source>(
    source: Arc<S>,
    options: &ScanOptions,
    progress: &Arc<dyn Progress>,
    stop: impl Future<Output = Stopped>,
) -> (Report, ScanCosts) {
    let times = StageTimes::default();
    let started_at = Utc::now();
    let state = Arc::new(ScanState::new(&options.limits));
    let queue_bytes = options.limits.queue_bytes;
    let judges = Judges::new(Arc::clone(&state), Arc::clone(progress), queue_bytes);
    let stages = Stages {
        source: &source,
        options,
        progress,
        state: &state,
        judges: &judges,
        times: &times,
    };
    let ended = tokio::select! {
        biased;
        stopped = stop => ScanEnd::Stopped(stopped),
        result = stages.run() => match result {
            Ok(()) => ScanEnd::Complete,
            Err(error) => ScanEnd::Failed(error),
        },
    };
    // What was read before the end is in the report, unless it takes too long.
    let _ = tokio::time::timeout(LAST_COMPARISONS, judges.done()).await;
    judges.close();
    match &ended {
        ScanEnd::Complete => {}
        ScanEnd::Stopped(_) | ScanEnd::Failed(_) => state.note_unread_releases(),
    }
    let Results {
        mut releases,
        mut errors,
        mut notes,
        orphans,
        unanswered,
        coverage,
        left_out,
    } = state.take_results(source.now(), options);
    errors.extend(ended.error());
    errors.extend(orphans.errors);
    notes.extend(orphans.notes);
    for release in &mut releases {
        release.verdict = summary::verdict(release);
    }
    let ignore = &options.policy.ignore;
    let mut ignored = summary::ignored(ignore.counts(&options.policy.redaction), &releases);
    if coverage == OtherReleases::AllRead && errors.is_empty() {
        match options.selection.shard {
            None => idle::note_idle(&mut ignored, &ignore.rules, &releases),
            Some(_) => idle::note_idle_in_shard(&mut ignored, &ignore.rules, &releases),
        }
    }
    let left_out = left_out.map(|keys| keys.into_iter().map(|key| (key.storage(), key.name)).collect());
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        cluster: source.cluster(),
        clusters: Vec::new(),
        started_at,
        finished_at: Utc::now(),
        outcome: ended.outcome(&releases, &errors),
        stopped: ended.stopped(),
        summary: Summary::of(&releases),
        selection: Selected {
            left_out,
            ..options.selection.in_words()
        },
        compared_with: None,
        ignored,
        confirmation: match options.policy.confirm {
            Confirm::None => None,
            Confirm::Server => Some(Confirmation::of(&releases, unanswered)),
        },
        releases,
        orphans: orphans.releases,
        resolved: Vec::new(),
        errors,
        notes,
    };
    report.sort();
    identity::identify(&mut report);
    address(&mut report, &options.cluster);
    warn_of_idle_rules(&report);
    let cpu_millis = clock::processor_time().map(clock::millis);
    tracing::info!(cpu_millis, "the scan has ended");
    let costs = ScanCosts {
        stages: times.so_far(),
        traffic: source.traffic(),
    };
    (report, costs)
}

/// Rules that ignore nothing are mistaken or no longer needed.
fn warn_of_idle_rules(report: &Report) {
    for count in &report.ignored {
        let (rule, description) = (count.rule, &count.description);
        match count.idle {
            Some(IdleReason::MatchedNothing) => {
                tracing::warn!("ignore {rule} ({description}) matched nothing");
            }
            Some(IdleReason::Shadowed) => tracing::warn!(
                "ignore {rule} ({description}) ignores nothing: earlier rules take everything that it matches"
            ),
            None => {}
        }
    }
}

/// The end of a scan.
enum ScanEnd {
    /// Everything was read.
    Complete,
    /// The scan was stopped before that.
    Stopped(Stopped),
    /// The scan could not begin, for this reason.
    Failed(ReportError),
}

impl ScanEnd {
    const fn stopped(&self) -> Option<Stopped> {
        match self {
            Self::Stopped(reason) => Some(*reason),
            Self::Complete | Self::Failed(_) => None,
        }
    }

    /// The error that a report has for a scan that ended early.
    fn error(&self) -> Option<ReportError> {
        let message = match self {
            Self::Complete => return None,
            Self::Failed(error) => return Some(error.clone()),
            Self::Stopped(Stopped::Deadline) => "the scan ran out of time before everything was read",
            Self::Stopped(Stopped::Signal) => "the scan was asked to stop before everything was read",
        };
        Some(ReportError {
            scope: "scan".to_owned(),
            message: message.to_owned(),
        })
    }

    fn outcome(&self, releases: &[ReleaseReport], errors: &[ReportError]) -> Outcome {
        match self {
            Self::Failed(_) => Outcome::Error,
            Self::Complete | Self::Stopped(_) => summary::outcome(releases, errors, self.stopped()),
        }
    }
}
