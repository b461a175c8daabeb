//! `driftline compare`: says how a stored report stands to an earlier one.

use std::path::Path;
use std::time::Duration;

use crate::app::baseline::Baseline;
use crate::app::cli::{CompareArgs, Global};
use crate::app::exit::{self, NotificationStatus};
use crate::app::stop::{Abort, Stop};
use crate::app::stored;
use crate::report::summary::FailOn;
use crate::report::{ReportKind, identity};

/// Runs the command to its exit status, which is that of a scan with the old report as its baseline.
pub(super) async fn run(args: &CompareArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let stdin = Path::new(stored::STDIN);
    if args.old == stdin && args.new == stdin {
        anyhow::bail!("standard input has one report: give the other one as a file");
    }
    let fail_on = FailOn::all(&args.fail_on)?;
    let stop = Stop::after(Duration::MAX, abort)?;
    let old = Baseline::read(&args.old, &stop).await?;
    let mut report = stored::read("report", &args.new, &stop).await?;
    match ReportKind::of(&report) {
        ReportKind::Scan if !report.clusters.is_empty() => anyhow::bail!(
            "the report {} is of several clusters: compare the reports of each, as the scans of them wrote them",
            stored::place_of(&args.new)
        ),
        ReportKind::Scan => {}
        kind @ (ReportKind::Diagnosis | ReportKind::Preview) => anyhow::bail!(
            "the report {} is {}: reports of scans can be compared, as `driftline scan -o json` writes them",
            stored::place_of(&args.new),
            kind.in_words()
        ),
    }
    // Somebody may have given it another name since.
    identity::fingerprint(&mut report);
    old.compare(&mut report)?;
    let report = stored::part(report, &args.stored);
    let report = stored::write(report, &args.stored, fail_on, global, &stop).await?;
    Ok(exit::of_scan(
        &report,
        fail_on,
        NotificationStatus::NothingToDeliver,
        None,
    ))
}
