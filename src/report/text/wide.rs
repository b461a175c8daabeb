//! One line for each release, as `kubectl get -o wide` has it: a header, columns in line, and nothing but the table.
//!
//! Cells are parted by three blanks and no line is wrapped, as kubectl does it (`tabwriterPadding` and `GetNewTabWriter` in
//! k8s.io/cli-runtime `pkg/printers/tabwriter.go`), so that a line stays one for `grep` and `sort`. Text from a cluster stands
//! at the beginning of a line here, as in no other text: see [`Safe::at_line_start`].

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::line::Line;
use super::overview::{of_operation, trouble};
use super::safe::Safe;
use super::upgrade::of_release;
use super::{SENTENCE, TextOptions};
use crate::model::{ReleaseReport, Report, Storage};
use crate::report::summary::blocked_entries;
use crate::report::urgency::Urgent;
use crate::report::words::{minute, news, verdict};
use crate::vocabulary::HealthCode;

/// The headers. Writers are claimed, and times are UTC.
const HEADERS: [&str; 9] = [
    "NAMESPACE",
    "RELEASE",
    "CHART",
    "REVISION",
    "VERDICT",
    "WORST FINDING",
    "WHO",
    "SINCE",
    "NEXT UPGRADE",
];
/// The header of what earlier scans say, where the report was compared with any.
const NEWS: &str = "NEWS";
/// How many blanks part two cells.
const GAP: usize = 3;
/// What stands in an empty cell: kubectl's word for it.
const NONE: &str = "<none>";

/// Writes the table of all releases of a report.
pub(in crate::report) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    if report.releases.is_empty() {
        return Ok(());
    }
    let news = News::of(report);
    let headers = HEADERS.iter().copied().chain(news.is_some().then_some(NEWS));
    let mut widths: Vec<usize> = headers.clone().map(str::len).collect();
    // The cells are made twice: a report can have more releases than their cells fit into memory beside it.
    for release in &report.releases {
        for (width, cell) in widths.iter_mut().zip(cells(release, news.as_ref(), options)) {
            *width = (*width).max(cell.width());
        }
    }
    row(headers.map(Safe::from), &widths, out)?;
    for release in &report.releases {
        row(cells(release, news.as_ref(), options), &widths, out)?;
    }
    Ok(())
}

/// What earlier scans say of the releases.
struct News<'r> {
    /// How much is resolved of each release of which anything is, by its cluster, its name and its storage.
    resolved: BTreeMap<(Option<&'r str>, &'r str, &'r Storage), usize>,
}

impl<'r> News<'r> {
    /// None where the report was compared with nothing.
    fn of(report: &'r Report) -> Option<Self> {
        report.compared_with.as_ref()?;
        let mut resolved = BTreeMap::new();
        for entry in &report.resolved {
            *resolved
                .entry((entry.cluster.as_deref(), entry.release.as_str(), &entry.storage))
                .or_default() += 1;
        }
        Some(Self { resolved })
    }

    /// The cell of a release: whether its trouble is new, and how much is resolved.
    fn cell(&self, release: &ReleaseReport, options: &TextOptions) -> Safe {
        let status = news(&release.tracked).map(str::to_owned);
        let id = (
            release.of_cluster.as_deref(),
            release.name.as_str(),
            &release.storage,
        );
        let resolved = self.resolved.get(&id);
        let resolved = resolved.map(|count| format!("{count} resolved"));
        let words: Vec<String> = status.into_iter().chain(resolved).collect();
        if words.is_empty() {
            Safe::from(NONE)
        } else {
            options.safe(&words.join(", "))
        }
    }
}

fn row(cells: impl IntoIterator<Item = Safe>, widths: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let mut line = Line::default();
    let mut column = 0;
    for (cell, width) in cells.into_iter().zip(widths) {
        line.pad_to(column).plain(cell);
        column += width + GAP;
    }
    line.write(out)
}

/// Whether a cell would look empty, and the next one would begin the line.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn cells(release: &ReleaseReport, news: Option<&News<'_>>, options: &TextOptions) -> Vec<Safe> {
    let text = |text: Option<String>| {
        let text = text.filter(|text| !is_blank(text));
        text.map_or(Safe::from(NONE), |text| options.safe(&text))
    };
    let urgent = Urgent::of(release);
    let urgent = urgent.as_ref();
    let chart = release.chart.as_ref();
    let mut cells = vec![
        match release.place().as_ref() {
            namespace if is_blank(namespace) => Safe::from(NONE),
            namespace => Safe::at_line_start(namespace, options.medium).cut(SENTENCE),
        },
        text(Some(release.name.clone())),
        text(chart.map(|chart| format!("{}-{}", chart.name, chart.version))),
        text(
            release
                .baseline
                .as_ref()
                .map(|revision| revision.revision.to_string()),
        ),
        Safe::from(verdict(release)),
        urgent.map_or_else(
            || {
                running(release)
                    .or_else(|| blocked(release))
                    .map_or(Safe::from(NONE), |text| options.safe(&text))
            },
            |urgent| trouble(urgent, None, options),
        ),
        text(urgent.and_then(Urgent::who).map(str::to_owned)),
        text(urgent.and_then(Urgent::since).map(minute)),
        Safe::from(of_release(release, urgent.map(|urgent| urgent.worst)).unwrap_or(NONE)),
    ];
    cells.extend(news.map(|news| news.cell(release, options)));
    cells
}

/// The operation that is running on a release with which nothing else is the matter.
fn running(release: &ReleaseReport) -> Option<String> {
    let mut health = release.health.iter();
    let entry = health.find(|entry| entry.code == HealthCode::InProgress)?;
    Some(of_operation(entry, &release.latest))
}

/// The operation that fails or loses something, of a release with which nothing else is the matter: `--fail-on` counts it.
fn blocked(release: &ReleaseReport) -> Option<String> {
    let mut entries = blocked_entries(release);
    let first = entries.next()?;
    let more = match entries.count() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    Some(format!("{}{more}", first.code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObjectReport;
    use crate::report::fixtures::{finding, object, release};
    use crate::vocabulary::{FindingCode, HealthSeverity, NextUpgrade, ObjectState};

    fn row_of(release: &ReleaseReport) -> Vec<String> {
        let cells = cells(release, None, &TextOptions::PLAIN);
        cells.iter().map(|cell| cell.as_str().to_owned()).collect()
    }

    #[test]
    fn a_release_that_fails_a_scan_only_by_a_rollback_has_a_cell_that_says_so() {
        let loses = release("shop", "web").with_health(HealthCode::RollbackLoses, HealthSeverity::Info);
        assert_eq!(row_of(&loses)[5], "rollback-loses");
        let may_fail = release("shop", "web").with_health(HealthCode::UpgradeBlocked, HealthSeverity::Info);
        assert_eq!(row_of(&may_fail)[5], NONE);
    }

    fn with(object: ObjectReport) -> ReleaseReport {
        release("shop", "web").with_objects([object])
    }

    /// Helm refuses every upgrade while an operation is pending, whatever it would do.
    #[test]
    fn the_next_upgrade_of_a_pending_release_is_refused_and_of_an_unknown_object_not_known() {
        let mut changed = finding(FindingCode::Changed, "/data/a", None, None);
        changed.next_upgrade = Some(NextUpgrade::Revert);
        let mut pending = with(object("v1", "ConfigMap", "shop", "web").drifted([changed]));
        assert_eq!(row_of(&pending)[8], "reverts");
        pending.latest.status = "pending-upgrade".to_owned();
        assert_eq!(row_of(&pending)[8], "refused (pending)");
        pending.objects.clear();
        assert_eq!(row_of(&pending)[8], "refused (pending)");
        let missing = with(object("v1", "ConfigMap", "shop", "web").in_state(ObjectState::Missing));
        assert_eq!(row_of(&missing)[8], "not known");
    }
}
