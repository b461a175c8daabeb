//! The metrics of a scan on their way out: a file for the textfile collector of node exporters, and a Pushgateway.
//!
//! Both keep what the run says nothing of: the file by taking it over from the one that is replaced, the gateway by itself.
//! A file that cannot be written and metrics that were not taken count as a message that did not arrive: whoever relies on
//! them would otherwise see old numbers and think that all is well.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::exit::NotificationStatus;
use super::output::file::{self, Attempt, Readers};
use super::settings::MetricsSettings;
use super::stop::Stop;
use crate::limited_file;
use crate::model::{Report, ScanCosts};
use crate::notify::CheckResult;
use crate::notify::pushgateway::settings::PushgatewaySettings;
use crate::notify::pushgateway::{Others, Push, Pushgateway};
use crate::notify::settings::HttpSettings;
use crate::report::metrics::{CONTENT_TYPE, Exposition, Metrics, NotificationOutcome, RunEnd};

/// The largest file of which something is kept. The series of ten thousand releases have half of it.
const MAX_KEPT_BYTES: u64 = 16 << 20;

/// How hard a push is tried. The next scan pushes again, and nobody is woken by it.
fn http() -> HttpSettings {
    HttpSettings {
        attempt_timeout: Duration::from_secs(10),
        attempts: 3,
        first_pause: Duration::from_secs(1),
        budget: Duration::from_secs(20),
        ..HttpSettings::default()
    }
}

/// Where the metrics of a scan go, checked before it takes its time.
pub(super) struct MetricsOutput {
    file: Option<PathBuf>,
    pushgateway: Option<Pushgateway>,
    releases: usize,
}

impl MetricsOutput {
    /// Checks the place of the file.
    pub(super) fn new(settings: MetricsSettings) -> anyhow::Result<Self> {
        if let Some(path) = &settings.file {
            check(path)?;
        }
        let gateway = |settings| Pushgateway::new(settings, http());
        Ok(Self {
            file: settings.file,
            pushgateway: settings.pushgateway.map(gateway),
            releases: settings.releases,
        })
    }

    /// Counts a report from which nothing was taken away yet; `None` where nobody asks for metrics.
    pub(super) fn count(&self, report: &Report, costs: &ScanCosts) -> Option<Metrics> {
        let is_asked_for = self.file.is_some() || self.pushgateway.is_some();
        is_asked_for.then(|| Metrics::of(report, costs, self.releases))
    }

    /// Writes and pushes metrics side by side, and logs what does not work. Returns what has become of the notifications and
    /// of these together.
    pub(super) async fn publish(
        self,
        metrics: Option<Metrics>,
        notifications: NotificationStatus,
        stop: &Stop,
    ) -> NotificationStatus {
        let Some(metrics) = metrics else {
            return notifications;
        };
        let exposition = metrics.exposition(match notifications {
            NotificationStatus::NothingToDeliver => NotificationOutcome::None,
            NotificationStatus::Delivered => NotificationOutcome::Delivered,
            NotificationStatus::Undelivered => NotificationOutcome::Undelivered,
        });
        let others = match metrics.end() {
            RunEnd::Complete => Others::Removed,
            RunEnd::Incomplete | RunEnd::Early => Others::Kept,
        };
        let exposition = Arc::new(exposition);
        let results = tokio::join!(
            write(self.file, Arc::clone(&exposition), others, stop),
            push(self.pushgateway, &exposition, others, stop)
        );
        let mut status = notifications;
        for result in [results.0, results.1] {
            if let Err(error) = result {
                tracing::error!("{error:#}");
                status = NotificationStatus::Undelivered;
            }
        }
        status
    }
}

/// Finds out whether a Pushgateway would take metrics, without leaving any there.
pub(super) async fn check_pushgateway(settings: Option<PushgatewaySettings>) -> Option<CheckResult> {
    Some(Pushgateway::new(settings?, http()).check().await)
}

/// Checks that a file could be made at a path.
fn check(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        anyhow::bail!(
            "the metrics cannot be written to {}: there is no folder {}; create it first",
            path.display(),
            folder.display()
        );
    }
    if path.is_dir() {
        anyhow::bail!(
            "the metrics cannot be written to {}, which is a folder: name a file in it that ends with .prom",
            path.display()
        );
    }
    Ok(())
}

async fn write(
    path: Option<PathBuf>,
    exposition: Arc<Exposition>,
    others: Others,
    stop: &Stop,
) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let place = path.display().to_string();
    let attempt = Attempt::default();
    let writing = attempt.clone();
    let written = tokio::task::spawn_blocking(move || {
        let mut exposition = Arc::unwrap_or_clone(exposition);
        if let (Others::Kept, Some(old)) = (others, old(&path)) {
            exposition.keep_from(&old);
        }
        let text = exposition.text();
        file::write_for(Readers::Everybody, &path, &writing, |out| {
            writing.watch(out).write_all(text.as_bytes())
        })
    });
    match stop.last_step(written).await {
        Ok(Ok(written)) => written.with_context(|| format!("the metrics cannot be written to {place}")),
        Ok(Err(_)) => {
            anyhow::bail!("the metrics cannot be written to {place}: putting them into words failed")
        }
        Err(reason) => {
            attempt.abandon();
            anyhow::bail!("the metrics were not written to {place}: {}", reason.reason())
        }
    }
}

/// What the file says that is replaced, as far as there is one. Whatever else it is has nothing that could be kept.
fn old(path: &Path) -> Option<String> {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    is_file.then(|| limited_file::read_text(path, MAX_KEPT_BYTES).ok())?
}

async fn push(
    gateway: Option<Pushgateway>,
    exposition: &Exposition,
    others: Others,
    stop: &Stop,
) -> anyhow::Result<()> {
    let Some(gateway) = gateway else { return Ok(()) };
    let push = Push {
        shard: exposition.shard(),
        cluster: exposition.cluster(),
        text: &exposition.text(),
        content_type: CONTENT_TYPE,
        others,
    };
    match stop.last_step(gateway.push(&push)).await {
        Ok(pushed) => pushed.context("the metrics were not pushed"),
        Err(reason) => anyhow::bail!("the metrics were not pushed: {}", reason.reason()),
    }
}
