//! `driftline merge`: puts the reports of shards, or of several clusters, together.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::app::cli::{Global, MergeArgs};
use crate::app::exit::{self, NotificationStatus};
use crate::app::stop::{Abort, Stop};
use crate::app::stored;
use crate::report::merge::{Given, merge};
use crate::report::summary::FailOn;

/// Runs the command to its exit status, which is that of one scan of everything.
pub(super) async fn run(args: &MergeArgs, global: &Global, abort: Abort) -> anyhow::Result<u8> {
    let fail_on = FailOn::all(&args.fail_on)?;
    let from_stdin = args
        .reports
        .iter()
        .filter(|path| *path == Path::new(stored::STDIN));
    if from_stdin.count() > 1 {
        anyhow::bail!("standard input is given twice: it is read once, and may have several reports");
    }
    if let Some(path) = overwritten(args) {
        anyhow::bail!(
            "the report {} is one of those to put together, and --output would write over it: give the output another name",
            stored::place_of(path)
        );
    }
    let stop = Stop::after(Duration::MAX, abort)?;
    let mut given = Vec::new();
    let mut room = stored::MAX_BYTES;
    for path in &args.reports {
        let (reports, bytes) = stored::read_all("report", path, room, &stop).await?;
        room = room.saturating_sub(bytes);
        let many = reports.len();
        given.extend(reports.into_iter().enumerate().map(|(at, report)| Given {
            place: match many {
                1 => stored::place_of(path),
                _ => format!("{} (report {} of {many})", stored::place_of(path), at + 1),
            },
            report,
        }));
    }
    let report = merge(given)?;
    if fail_on.is_only_new() && report.summary.changes.is_none() {
        anyhow::bail!(
            "--fail-on {fail_on} needs reports that say what is new, and not all of these do: their scans need --state or \
             --baseline"
        );
    }
    let report = stored::part(report, &args.stored);
    let report = stored::write(report, &args.stored, fail_on, global, &stop).await?;
    Ok(exit::of_scan(
        &report,
        fail_on,
        NotificationStatus::NothingToDeliver,
        args.exit_code_on_drift,
    ))
}

/// A report that the output would be written over.
fn overwritten(args: &MergeArgs) -> Option<&Path> {
    // A file that is not there yet is none of the reports.
    let written = args.stored.output.outputs.iter();
    let written: Vec<_> = written
        .filter_map(|output| fs::canonicalize(output.file.as_ref()?).ok())
        .collect();
    // What standard input is redirected from has a name; a pipe has none.
    let is_written = |path: &Path| {
        let path = if path == Path::new(stored::STDIN) {
            Path::new("/dev/stdin")
        } else {
            path
        };
        fs::canonicalize(path).is_ok_and(|path| written.contains(&path))
    };
    let mut reports = args.reports.iter().map(AsRef::as_ref);
    reports.find(|path: &&Path| is_written(path))
}
