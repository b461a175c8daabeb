//! One scan, from listing releases to the report.
//!
//! The only folder that knows the order of things: `stages` has it. Reading is concurrent and bounded, and whatever is
//! decided is decided by pure code elsewhere. Every answer goes into one [`ScanState`], so that a scan which is stopped
//! halfway still reports what it saw, and says of the rest that it was not reached.

mod clock;
mod confirm;
mod facts;
mod inspection;
mod load;
mod options;
mod plan;
mod planned;
mod release;
mod resolver;
mod stages;
mod state;

use std::future::Future;
use std::sync::Arc;

use chrono::Utc;

pub use self::options::{Options, Progress, Quiet};
use self::stages::Stages;
use self::state::{Results, ScanState};
use crate::model::{Confirmation, IgnoredBy, Report, ReportError, SCHEMA, Summary, Tool};
use crate::policy::Confirm;
use crate::report::summary;
use crate::source::Source;
use crate::vocabulary::{Outcome, Stopped};

/// Scans until everything is read or `stop` resolves.
pub async fn scan<S: Source>(
    source: Arc<S>,
    options: &Options,
    progress: &Arc<dyn Progress>,
    stop: impl Future<Output = Stopped>,
) -> Report {
    let started_at = Utc::now();
    let state = Arc::new(ScanState::default());
    let stages = Stages {
        source: &source,
        options,
        progress,
        state: &state,
    };
    let ended = tokio::select! {
        biased;
        stopped = stop => Ended::Stopped(stopped),
        result = stages.run() => match result {
            Ok(()) => Ended::Complete,
            Err(error) => Ended::Failed(error),
        },
    };
    let Results {
        mut releases,
        mut errors,
        notes,
        unanswered,
    } = state.take_results(source.now(), options);
    let mut outcome = None;
    let mut stopped = None;
    match ended {
        Ended::Complete => {}
        Ended::Stopped(reason) => {
            stopped = Some(reason);
            let message = match reason {
                Stopped::Deadline => "the scan ran out of time before everything was read",
                Stopped::Signal => "the scan was asked to stop before everything was read",
            };
            errors.push(ReportError {
                scope: "scan".to_owned(),
                message: message.to_owned(),
            });
        }
        Ended::Failed(error) => {
            outcome = Some(Outcome::Error);
            errors.push(error);
        }
    }
    for release in &mut releases {
        release.verdict = summary::verdict(&release.objects, &release.health);
    }
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        cluster: source.cluster(),
        started_at,
        finished_at: Utc::now(),
        outcome: outcome.unwrap_or_else(|| summary::outcome(&releases, &errors, stopped)),
        stopped,
        summary: Summary::of(&releases),
        ignored: summary::ignored(options.policy.ignore.counts(), &releases),
        confirmation: match options.policy.confirm {
            Confirm::None => None,
            Confirm::Server => Some(Confirmation::of(&releases, unanswered)),
        },
        releases,
        errors,
        notes,
    };
    report.sort();
    warn_of_idle_rules(&report, options);
    report
}

/// A rule that matches nothing is either mistaken or no longer needed; in a part of the cluster it is neither.
fn warn_of_idle_rules(report: &Report, options: &Options) {
    let is_whole = report.outcome != Outcome::Error && report.stopped.is_none();
    if !is_whole || !options.namespaces.is_empty() || !options.releases.is_empty() {
        return;
    }
    for count in report.ignored.iter().filter(|count| count.is_idle()) {
        match count.rule {
            IgnoredBy::Rule(number) => {
                tracing::warn!("ignore rule {number} ({}) matched nothing", count.description);
            }
            IgnoredBy::Annotation => {}
        }
    }
}

enum Ended {
    Complete,
    Stopped(Stopped),
    Failed(ReportError),
}
