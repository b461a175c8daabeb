//! One scan, from listing releases to the report.
//!
//! The only place that knows the order of things. Reading is concurrent and bounded, everything that is decided is
//! decided by pure code elsewhere, and what is found out lands on one board, so that a scan which is stopped half
//! way still reports what it saw, and says of the rest that it was not reached.

mod confirm;
mod load;
mod plan;
mod release;
mod state;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use futures::StreamExt;

use self::load::{Loaded, Loading};
use self::state::{Absence, Board, Facts, Seen, Tables};
use crate::model::{Confirmation, IgnoredBy, Report, ReportError, ReportNote, SCHEMA, Summary, Tool};
use crate::object::{Gvk, ObjectKey};
use crate::policy::Confirm;
use crate::policy::Policy;
use crate::release::history::{Depth, History};
use crate::release::stored::StoredRevision;
use crate::report::summary;
use crate::source::{Kinds, Lookup, ReadError, ScaleTargets, Source};
use crate::types::TypeTable;
use crate::vocabulary::{Outcome, Stopped};

/// What cannot be said without the second listing.
const UNSEEN: &str = "it is not known whether releases changed during the scan";

/// What to scan, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The namespaces whose releases are scanned; all of them when empty.
    pub namespaces: Vec<String>,
    /// The names of the releases that are scanned; all of them when empty.
    pub releases: Vec<String>,
    /// How much of each release is read.
    pub depth: Depth,
    /// From which age on a pending operation is taken for dead.
    pub stuck_after: Duration,
    /// The cap on one decoded record, in bytes.
    pub max_record_bytes: u64,
    /// How differences are classified and shown.
    pub rules: Policy,
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
    progress: &Arc<dyn Progress>,
    stop: impl Future<Output = Stopped>,
) -> Report {
    let started_at = Utc::now();
    let board = Arc::new(Board::default());
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
        unanswered,
    } = board.take_seen(source.now(), options);
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
        ignored: summary::ignored(options.rules.ignore.counts(), &releases),
        confirmation: match options.rules.confirm {
            Confirm::None => None,
            Confirm::Server => Some(Confirmation::of(&releases, unanswered)),
        },
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
    progress: &Arc<dyn Progress>,
    board: &Arc<Board>,
) -> Result<(), ReportError> {
    progress.stage("listing releases", 0);
    let mut clock = Clock::start();
    // Its first use unpacks it, which can as well happen while the cluster answers.
    tokio::task::spawn_blocking(TypeTable::builtin);
    let (kinds, inventory) = tokio::join!(source.kinds(), source.revisions(&options.namespaces));
    let inventory = inventory.map_err(|error| storage_error(&error))?;
    let kinds = kinds.map_err(|error| ReportError {
        scope: "discovery".to_owned(),
        message: format!("the kinds that the API server serves cannot be listed: {error}"),
    })?;
    let before = inventory.errors.clone();
    board.errors(inventory.errors);
    let wanted = |history: &History| {
        let is_named = options.releases.is_empty() || options.releases.contains(&history.key.name);
        // Of what was uninstalled nothing is meant to exist; only who asks for its history is told.
        let is_listed = match options.depth {
            Depth::Comparison => !history.is_uninstalled(),
            Depth::History => true,
        };
        is_named && is_listed
    };
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
    records(source, histories, options, progress, board).await;
    clock.lap("decode");

    let plan = board.plan(&kinds, options.depth);
    let ((tables, without_schema), scale_targets) = tokio::join!(
        tables(source, &plan.custom, &kinds),
        scale_targets(source, &plan.scalable, &kinds)
    );
    board.notes(without_schema);
    let facts = Facts {
        tables,
        scale_targets,
        rules: options.rules.clone(),
    };
    clock.lap("types");

    progress.stage("reading objects", plan.wanted.len());
    let facts = Arc::new(facts);
    let (board_of, step, facts_of) = (Arc::clone(board), Arc::clone(progress), Arc::clone(&facts));
    let found = move |key: &ObjectKey, lookup: Lookup<'_>| {
        board_of.found(key, &lookup, &facts_of);
        step.step();
    };
    source.objects(&plan.wanted, Arc::new(found)).await;
    clock.lap("compare");

    match options.rules.confirm {
        Confirm::None => {}
        Confirm::Server => {
            confirm::confirm(source, board, &kinds, &facts, &**progress).await;
            clock.lap("confirm");
        }
    }

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

/// Reads and decodes what the comparison needs of every release.
async fn records<S: Source>(
    source: &Arc<S>,
    histories: Vec<History>,
    options: &Options,
    progress: &Arc<dyn Progress>,
    board: &Arc<Board>,
) {
    let mut wanted = Vec::new();
    for (position, history) in histories.iter().enumerate() {
        let before = wanted.len();
        wanted.extend(history.records_needed(options.depth).cloned());
        if wanted.len() == before {
            board.loaded(position, Loaded::default());
            progress.step();
        }
    }
    let loading = Loading::new(histories, options.max_record_bytes, options.depth);
    let (board, progress) = (Arc::clone(board), Arc::clone(progress));
    let found = move |revision: &StoredRevision, answer| {
        if let Some((position, loaded)) = loading.accept(revision, answer) {
            board.loaded(position, loaded);
            progress.step();
        }
    };
    source.records(wanted, Arc::new(found)).await;
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

/// Logs how long each stage took, and how much processor time.
struct Clock {
    began: Instant,
    worked: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            worked: processor_time(),
        }
    }

    fn lap(&mut self, stage: &'static str) {
        let now = Self::start();
        let worked = now.worked.zip(self.worked);
        tracing::info!(
            stage,
            millis = millis(now.began.duration_since(self.began)),
            cpu_millis = worked.map(|(now, before)| millis(now.saturating_sub(before))),
            "done"
        );
        *self = now;
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The processor time of this process, in user mode and in the kernel; `None` where there is no Linux to tell.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field, the program's name, may hold anything; what follows it are numbers, of which user time is
    // the twelfth. Linux counts in hundredths of a second here, whatever the kernel's own tick is.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}
