//! `driftline scan`: compares releases with the cluster, prints the report and sends notifications.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::app::baseline::Baseline;
use crate::app::cli::{Global, ScanArgs};
use crate::app::ending::Ending;
use crate::app::environment;
use crate::app::exit::{self, NotificationStatus};
use crate::app::memory::{self, Loaded, Memory};
use crate::app::metrics::MetricsOutput;
use crate::app::output::{ReportOutput, apart, outputs};
use crate::app::scanning;
use crate::app::settings::{ScanSettings, StateStore};
use crate::app::stop::{Abort, Stop};
use crate::model::Report;
use crate::notify::Sinks;
use crate::report::ReportKind;
use crate::report::text::{Detail, Extent};
use crate::scan::InSync;
use crate::state::Telling;

/// How long sinks that are out of time may take to say which of them have delivered. They need a moment, unless putting
/// the report into words still goes on.
const RESULTS: Duration = Duration::from_millis(500);

/// Runs the command to its exit status.
pub(super) async fn run(args: &ScanArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let settings = ScanSettings::resolve(args, &environment::variable)?;
    let outputs = outputs(args.output.outputs.clone(), args.output_file.as_deref())?;
    if let Some(path) = &settings.metrics.file {
        apart(&outputs, "--metrics-file", path)?;
    }
    if let StateStore::File(path) = &settings.state {
        apart(&outputs, "the file of the state", path)?;
    }
    let stop = Stop::after(settings.reading.timeout, abort)?;
    let metrics = MetricsOutput::new(settings.metrics)?;
    let baseline = match &settings.baseline {
        Some(path) => Some(Baseline::read(path, &stop).await?),
        None => None,
    };
    let opened = scanning::open(settings.reading.target, &stop).await?;
    let drivers = opened.drivers();
    let cluster_name = opened.cluster_name();
    // The file may lie where reading it takes for ever.
    let loaded = tokio::select! {
        loaded = memory::load(&settings.state, opened.cluster(), &cluster_name) => loaded,
        _ = stop.stopped() => Loaded::out_of_time(),
    };
    let mut options = settings.reading.scan;
    // A report to compare with remembers what it has, and its objects as well.
    if !args.all && baseline.is_none() {
        options.in_sync = InSync::Counted;
    }
    if let Loaded::Memory(memory) = &loaded {
        options.earlier = Some(Arc::new(memory.state.earlier()));
    }
    let (mut report, costs) = opened.scan(&options, global, &stop).await;
    report.selection.drivers = drivers;
    let mut memory = None;
    match (loaded, baseline) {
        (_, Some(baseline)) => baseline.compare(&mut report)?,
        (Loaded::Memory(mut loaded), None) => {
            loaded.compare(&mut report);
            memory = Some(*loaded);
        }
        (Loaded::Unreadable(reason), None) => report.notes.push(memory::note(reason)),
        (Loaded::Nothing, None) => {}
    }
    // Before anything is taken away that is only not shown.
    let counted = metrics.count(&report, &costs);
    let report = Arc::new(if args.all {
        report
    } else {
        report.without_in_sync()
    });
    let output = ReportOutput {
        report: Arc::clone(&report),
        kind: ReportKind::Scan,
        outputs,
        links: args.output.links(&report),
        fail_on: settings.fail_on,
        detail: Detail::asked(args.all, args.summary),
        extent: Extent::asked(args.full, args.all),
    };
    let ending = Ending::of(&output, global);
    // Side by side: a reader that does not read keeps no alert back, and a receiver that does not answer no report.
    let delivery = deliver(settings.sinks, &report, memory, settings.telling, &stop);
    let (written, (notifications, memory)) = tokio::join!(output.write(global, &stop), delivery);
    // Before a person reads, and whatever became of the report: what was told is told.
    let saving = async {
        if let Some(memory) = memory
            && let Err(reason) = stop.last_step(memory.save()).await
        {
            tracing::warn!("the state was not written: {}", reason.reason());
        }
    };
    let publishing = metrics.publish(counted, notifications, &stop);
    let ((), notifications) = tokio::join!(saving, publishing);
    // Only now: a person may read for long, and what is logged about the messages would stand in the midst of the report.
    written.show(&stop).await?;
    ending.say();
    Ok(exit::of_scan(
        &report,
        settings.fail_on,
        notifications,
        settings.exit_code_on_drift,
    ))
}

/// Sends every receiver its part, and remembers what each was told.
async fn deliver(
    sinks: Sinks,
    report: &Arc<Report>,
    memory: Option<Memory>,
    telling: Telling,
    stop: &Stop,
) -> (NotificationStatus, Option<Memory>) {
    if sinks.is_empty() {
        return (NotificationStatus::NothingToDeliver, memory);
    }
    let (limit, report) = (stop.clone(), Arc::clone(report));
    // On a thread of its own: putting a large report into words must not hold back the signals.
    let deliveries = tokio::spawn(async move {
        let out_of_time = async move { limit.out_of_time().await.reason() };
        let state = memory.as_ref().map(|memory| (&memory.state, &telling));
        let parts = sinks.parts(&report, state);
        let deliveries = sinks.deliver_parts(&parts, out_of_time).await;
        (parts, deliveries, memory)
    });
    let deliveries = tokio::select! {
        biased;
        deliveries = deliveries => deliveries.map_err(|_| "putting the report into words failed"),
        reason = async { let reason = stop.out_of_time().await; sleep(RESULTS).await; reason } => Err(reason.reason()),
    };
    let (parts, deliveries, mut memory) = match deliveries {
        Ok(deliveries) => deliveries,
        Err(reason) => {
            tracing::error!("the notifications were not delivered: {reason}");
            return (NotificationStatus::Undelivered, None);
        }
    };
    let mut status = NotificationStatus::Delivered;
    for (part, delivery) in parts.into_iter().zip(deliveries) {
        if delivery.is_undelivered() {
            tracing::error!("{delivery}");
            status = NotificationStatus::Undelivered;
        } else {
            tracing::info!("{delivery}");
        }
        if let Some(memory) = &mut memory {
            memory.told(part.receipt, delivery);
        }
    }
    (status, memory)
}
