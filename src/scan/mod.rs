//! One scan, from listing releases to the report.
//!
//! The only place that knows the order of things. Reading is concurrent and bounded, everything that is decided is
//! decided by pure code elsewhere, and what is found out lands on one board, so that a scan which is stopped half
//! way still reports what it saw, and says of the rest that it was not reached.

mod board;
mod load;
mod work;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures::StreamExt;

use self::board::{Absence, Board, Facts, Seen, Tables};
use crate::classify::code::{Outcome, Stopped};
use crate::classify::object::Rules;
use crate::object::Gvk;
use crate::release::history::History;
use crate::report::{self, IgnoredBy, Report, ReportError, ReportNote, SCHEMA, Summary, Tool};
use crate::source::{Kinds, ReadError, ScaleTargets, Source};
use crate::types::TypeTable;

/// What cannot be said without the second listing.
const UNSEEN: &str = "it is not known whether releases changed during the scan";

/// What to scan, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The namespaces whose releases are scanned; all of them when empty.
    pub namespaces: Vec<String>,
    /// The names of the releases that are scanned; all of them when empty.
    pub releases: Vec<String>,
    /// From which age on a pending operation is taken for dead.
    pub stuck_after: Duration,
    /// The cap on one decoded record, in bytes.
    pub max_record_bytes: u64,
    /// How many releases are decoded at once.
    pub concurrency: usize,
    /// How differences are classified and shown.
    pub rules: Rules,
}

/// Is told how far a scan has come.
pub trait Progress: Send + Sync {
    /// A stage with so many steps begins.
    fn stage(&self, name: &'static str, steps: usize);
    /// One more step is done.
    fn step(&self);
}

/// Tells nobody.
pub struct Quiet;

impl Progress for Quiet {
    fn stage(&self, _name: &'static str, _steps: usize) {}
    fn step(&self) {}
}

/// Scans until everything is read or `stop` resolves.
pub async fn scan<S: Source>(
    source: Arc<S>,
    options: &Options,
    progress: &dyn Progress,
    stop: impl Future<Output = Stopped>,
) -> Report {
    let started_at = Utc::now();
    let board = Board::default();
    let ended = tokio::select! {
        biased;
        stopped = stop => Ended::Stopped(stopped),
        result = read(&source, options, progress, &board) => match result {
            Ok(()) => Ended::Complete,
            Err(error) => Ended::Failed(error),
        },
    };
    let Seen {
        mut releases,
        mut errors,
        notes,
    } = board.into_seen(source.now(), age(options.stuck_after));
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
        release.verdict = report::counts::verdict(&release.objects, &release.health);
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
        outcome: outcome.unwrap_or_else(|| report::counts::outcome(&releases, &errors, stopped)),
        stopped,
        summary: Summary::of(&releases),
        ignored: report::counts::ignored(&options.rules.ignore, &releases),
        releases,
        errors,
        notes,
    };
    report.sort();
    tell_idle_rules(&report, options);
    report
}

/// A rule that matches nothing is either mistaken or no longer needed; in a part of the cluster it is neither.
fn tell_idle_rules(report: &Report, options: &Options) {
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

/// Reads everything onto the board. `Err` when there is nothing to go on at all.
async fn read<S: Source>(
    source: &Arc<S>,
    options: &Options,
    progress: &dyn Progress,
    board: &Board,
) -> Result<(), ReportError> {
    progress.stage("listing releases", 0);
    let mut clock = Clock::start();
    let (kinds, inventory) = tokio::join!(source.kinds(), source.revisions(&options.namespaces));
    let inventory = inventory.map_err(|error| storage_error(&error))?;
    let kinds = kinds.map_err(|error| ReportError {
        scope: "discovery".to_owned(),
        message: format!("the kinds that the API server serves cannot be listed: {error}"),
    })?;
    let before = inventory.errors.clone();
    board.errors(inventory.errors);
    let wanted =
        |history: &History| options.releases.is_empty() || options.releases.contains(&history.key.name);
    let histories: Vec<History> = History::group(inventory.revisions)
        .into_iter()
        .filter(wanted)
        .collect();
    for name in options
        .releases
        .iter()
        .filter(|name| !histories.iter().any(|history| &history.key.name == *name))
    {
        let message = format!("there is no release named `{name}` where the scan looked");
        board.errors(vec![ReportError {
            scope: "storage".to_owned(),
            message,
        }]);
    }
    if histories.is_empty() && !options.namespaces.is_empty() {
        tracing::warn!(
            "there are no releases in namespace {}",
            options.namespaces.join(", ")
        );
    }
    board.releases(&histories);
    clock.lap("list");

    progress.stage("reading releases", histories.len());
    futures::stream::iter(histories.iter().enumerate())
        .for_each_concurrent(options.concurrency.max(1), |(position, history)| async move {
            let loaded = load::load(source, history, options.max_record_bytes).await;
            board.loaded(position, loaded);
            progress.step();
        })
        .await;
    clock.lap("decode");

    let plan = board.plan(&kinds);
    let ((tables, without_schema), scale_targets) = tokio::join!(
        tables(source, &plan.custom, &kinds),
        scale_targets(source, &plan.scalable, &kinds)
    );
    board.notes(without_schema);
    let facts = Facts {
        tables,
        scale_targets,
        rules: &options.rules,
    };
    clock.lap("types");

    progress.stage("reading objects", plan.wanted.len());
    source
        .objects(&plan.wanted, &|key, lookup| {
            board.found(key, &lookup, &facts);
            progress.step();
        })
        .await;
    clock.lap("compare");

    progress.stage("checking for changes during the scan", 0);
    match source.revisions(&options.namespaces).await {
        Ok(after) => {
            let unseen = after.errors.into_iter().filter(|error| !before.contains(error));
            let unseen: Vec<ReportError> = unseen
                .map(|error| ReportError {
                    message: format!("{UNSEEN}: {}", error.message),
                    ..error
                })
                .collect();
            board.moved(
                &History::group(after.revisions),
                if unseen.is_empty() {
                    Absence::Moved
                } else {
                    Absence::Unseen
                },
            );
            board.errors(unseen);
        }
        Err(error) => board.errors(vec![ReportError {
            scope: "storage".to_owned(),
            message: format!("{UNSEEN}: the release records cannot be listed: {error}"),
        }]),
    }
    clock.lap("recheck");
    Ok(())
}

fn storage_error(error: &ReadError) -> ReportError {
    let hint = match error {
        ReadError::Forbidden { namespace: None, .. } => "; name the namespaces to scan with -n",
        _ => "",
    };
    ReportError {
        scope: "storage".to_owned(),
        message: format!("the release records cannot be listed: {error}{hint}"),
    }
}

/// What autoscalers target, where there is anything to target.
async fn scale_targets<S: Source>(
    source: &Arc<S>,
    namespaces: &BTreeSet<String>,
    kinds: &Kinds,
) -> ScaleTargets {
    if namespaces.is_empty() {
        return ScaleTargets::default();
    }
    source.scale_targets(namespaces, kinds).await
}

/// The type facts of the custom resources in use, and a note on each group that has no schema: its objects are
/// compared by generic rules, which know no quantities, keys and defaults.
async fn tables<S: Source>(source: &Arc<S>, custom: &[String], kinds: &Kinds) -> (Tables, Vec<ReportNote>) {
    let served = |api_version: &&String| {
        kinds
            .served
            .keys()
            .any(|gvk: &Gvk| gvk.api_version == **api_version)
    };
    let read: Vec<(String, Result<TypeTable, String>)> = futures::stream::iter(custom.iter().filter(served))
        .map(|api_version| async move {
            let table = match source.schema(api_version).await {
                Ok(Some(document)) => {
                    TypeTable::from_openapi_v3(&document).map_err(|error| error.to_string())
                }
                Ok(None) => Err("the API server publishes no schema of them".to_owned()),
                Err(error) => Err(format!("their schema cannot be read: {error}")),
            };
            (api_version.clone(), table)
        })
        .buffer_unordered(4)
        .collect()
        .await;
    let mut tables = Tables::new();
    let mut notes = Vec::new();
    for (api_version, table) in read {
        if let Err(reason) = &table {
            notes.push(ReportNote {
                scope: api_version.clone(),
                message: format!("its objects are compared by generic rules: {reason}"),
            });
        }
        tables.insert(api_version, table.ok());
    }
    (tables, notes)
}

fn age(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// Logs how long each stage took.
struct Clock(std::time::Instant);

impl Clock {
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    fn lap(&mut self, stage: &'static str) {
        tracing::info!(
            stage,
            millis = u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX),
            "done"
        );
        self.0 = std::time::Instant::now();
    }
}
