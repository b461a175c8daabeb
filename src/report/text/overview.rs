//! The first screen of a long report: how many releases are not in sync, and the worst of them in a line each.
//!
//! A report that a reader takes in at once has no overview, which would tell the same story twice. `--summary` prints the
//! overview of all such releases and leaves the details out.

use std::collections::HashMap;
use std::io::{self, Write};

use super::line::Line;
use super::safe::Safe;
use super::shorten::cut_front;
use super::{TextOptions, TextWriter};
use crate::model::{Health, ObjectReport, ReleaseReport, Report, Revision};
use crate::report::alike::ReleaseGroup;
use crate::report::urgency::{Trouble, Urgent, Weight};
use crate::report::words::{count, day, minute, news, present};
use crate::vocabulary::HealthSeverity;

/// How many releases are a handful: a report of so many is its own overview.
const HANDFUL: usize = 5;
/// How many lines a reader takes in at once. It is no terminal's height, so that a report has the same parts everywhere.
const SCREEN: usize = 40;
/// How many releases an overview before the details has.
const WORST: usize = 10;
/// How much of the line names and managers take, where it is as long as a file lets it be.
const LINE: usize = 120;
/// What a cell for the worst trouble has at least.
const TROUBLE: usize = 24;
/// What a path in such a cell has at least.
const PATH: usize = 20;
/// How many columns a terminal has at least on which a moment is shown to the minute.
const TO_THE_MINUTE: usize = 100;
/// How much of a name or a path is shown at all.
const NAME_LIMIT: usize = 400;

/// A line of an overview: a release, and how many others of which the same is to be said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'r> {
    urgent: &'r Urgent<'r>,
    alike: usize,
}

/// A line for each release.
pub(super) fn of_releases<'r>(urgent: &'r [Urgent<'r>]) -> Vec<Entry<'r>> {
    let alone = |urgent| Entry { urgent, alike: 0 };
    urgent.iter().map(alone).collect()
}

/// A line for each group of releases, at the place of the first of them.
pub(super) fn of_groups<'r>(urgent: &'r [Urgent<'r>], groups: &[ReleaseGroup<'r>]) -> Vec<Entry<'r>> {
    let alike: HashMap<*const ReleaseReport, usize> = groups
        .iter()
        .map(|group| (std::ptr::from_ref(group.first), group.len() - 1))
        .collect();
    let entry = |urgent: &'r Urgent<'r>| {
        let alike = alike.get(&std::ptr::from_ref(urgent.release)).copied()?;
        Some(Entry { urgent, alike })
    };
    urgent.iter().filter_map(entry).collect()
}

/// The entries for the beginning of a report whose details follow.
pub(super) fn worst(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    // A line that says that there is one more takes no less room than that one.
    if entries.len() > WORST + 1 {
        entries.truncate(WORST);
    }
    entries
}

/// Whether a report is too long to be taken in at once. `render` writes its details.
pub(super) fn is_needed(
    entries: &[Entry<'_>],
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> bool {
    let mut screen = Screen { left: SCREEN };
    // The details are not rendered further than the screen goes.
    entries.len() > HANDFUL && render(&mut screen).is_err()
}

/// Takes as many lines as a screen has.
struct Screen {
    left: usize,
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
        match self.left.checked_sub(lines) {
            Some(left) => self.left = left,
            None => return Err(io::ErrorKind::StorageFull.into()),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TextWriter<'_> {
    /// The overview, with a blank line at its end; nothing where every release is in order. `urgent` has all releases that
    /// are not, of which the entries tell some.
    pub(super) fn overview(
        &mut self,
        report: &Report,
        urgent: &[Urgent<'_>],
        entries: &[Entry<'_>],
    ) -> io::Result<()> {
        if urgent.is_empty() {
            return Ok(());
        }
        self.line(&heading(report, urgent, self.options))?;
        let rows: Vec<_> = entries
            .iter()
            .map(|entry| Row::of(*entry, self.options))
            .collect();
        let columns = Columns::of(&rows, self.options);
        for row in &rows {
            self.line(&row.line(&columns, self.options))?;
        }
        let told: usize = entries.iter().map(|entry| 1 + entry.alike).sum();
        let more = urgent.len() - told;
        if more > 0 {
            let text = format!("and {}: --summary lists them", count(more, "more release"));
            let mut line = Line::indented(NAME_AT);
            line.push(self.options.palette.dim, self.options.safe(&text));
            self.line(&line)?;
        }
        self.blank()
    }
}

/// How many releases there are of each kind, and how to read the lines below.
fn heading(report: &Report, urgent: &[Urgent<'_>], options: &TextOptions) -> Line {
    let releases = &report.summary.releases;
    let is_critical = |health: &Health| health.severity == HealthSeverity::Critical;
    let critical = urgent
        .iter()
        .filter(|urgent| urgent.release.health.iter().any(is_critical));
    let counts = [
        (releases.drifted, "drifted"),
        (releases.incomplete, "incomplete"),
        (releases.unreadable, "unreadable"),
        (critical.count(), "critical"),
    ];
    let counts = present(&counts);
    let mut line = Line::default();
    line.push(options.palette.name, "not in order").plain(": ");
    line.plain(options.safe(&format!(
        "{} of {} ({}), the worst first; writers are claimed, times are UTC",
        urgent.len(),
        count(releases.total, "release"),
        counts.join(", ")
    )));
    line
}

/// The cells of one release.
struct Row<'r> {
    urgent: &'r Urgent<'r>,
    name: Safe,
    who: Safe,
    since: Safe,
    /// What earlier scans say; empty where nothing is remembered.
    news: Safe,
}

/// Where the cells begin.
struct Columns {
    trouble_at: usize,
    who_at: usize,
    since_at: usize,
    news_at: usize,
    /// How much of a trouble is shown.
    trouble: Option<usize>,
}

/// Before the name stands the mark of a list.
const NAME_AT: usize = 2;
/// How many blanks part two cells.
const GAP: usize = 2;

impl<'r> Row<'r> {
    fn of(entry: Entry<'r>, options: &TextOptions) -> Self {
        let Entry { urgent, alike } = entry;
        let others = match alike {
            0 => String::new(),
            others => format!(" and {others} alike"),
        };
        let since = urgent.since().map(|at| match options.columns() {
            Some(..TO_THE_MINUTE) => day(at),
            Some(TO_THE_MINUTE..) | None => minute(at),
        });
        Self {
            urgent,
            name: options.safe(&format!("{}{others}", urgent.release.full_name())),
            who: options
                .safe(urgent.who().unwrap_or_default())
                .cut(options.columns().unwrap_or(LINE) / 5),
            since: options.safe(&since.unwrap_or_default()),
            news: Safe::from(news(&urgent.release.tracked).unwrap_or_default()),
        }
    }

    fn line(&self, columns: &Columns, options: &TextOptions) -> Line {
        let palette = &options.palette;
        let mut line = Line::default();
        line.push(palette.dim, "- ").push(palette.name, self.name.clone());
        let style = match self.urgent.weight {
            Weight::Unreadable | Weight::Unread | Weight::Warning => palette.warn,
            Weight::Metadata => palette.dim,
            Weight::Critical
            | Weight::Workload
            | Weight::Access
            | Weight::Object
            | Weight::Image
            | Weight::Process
            | Weight::Replicas
            | Weight::Spec
            | Weight::Data
            | Weight::Leftover => palette.bad,
        };
        line.plain("  ").pad_to(columns.trouble_at);
        line.push(style, trouble(self.urgent, columns.trouble, options));
        let cells = [
            (&self.who, columns.who_at),
            (&self.since, columns.since_at),
            (&self.news, columns.news_at),
        ];
        for (cell, at) in cells {
            if cell.width() > 0 {
                line.plain("  ").pad_to(at).push(palette.dim, cell.clone());
            }
        }
        line
    }
}

impl Columns {
    fn of(rows: &[Row<'_>], options: &TextOptions) -> Self {
        let third = options.columns().unwrap_or(LINE) / 3;
        let name = column(rows.iter().map(|row| row.name.width()), third);
        let who = column(rows.iter().map(|row| row.who.width()), third);
        let since = column(rows.iter().map(|row| row.since.width()), third);
        let news = match column(rows.iter().map(|row| row.news.width()), third) {
            0 => 0,
            news => GAP + news,
        };
        let trouble_at = NAME_AT + name + GAP;
        let room = options.columns().map(|columns| {
            columns
                .saturating_sub(trouble_at + GAP + who + GAP + since + news)
                .max(TROUBLE)
        });
        let troubles = rows.iter().map(|row| trouble(row.urgent, room, options).width());
        let who_at = trouble_at + column(troubles, room.unwrap_or(LINE)) + GAP;
        let since_at = who_at + who + GAP;
        Self {
            trouble_at,
            who_at,
            since_at,
            news_at: since_at + since + GAP,
            trouble: room,
        }
    }
}

/// The widest cell that is not wider than the limit; wider ones push the rest of their own line only.
fn column(widths: impl Iterator<Item = usize>, limit: usize) -> usize {
    widths.filter(|width| *width <= limit).max().unwrap_or(0)
}

/// The worst trouble of a release in a few words that `driftline explain` knows, cut to these columns, and how many more
/// there are.
pub(in crate::report) fn trouble(urgent: &Urgent<'_>, columns: Option<usize>, options: &TextOptions) -> Safe {
    let more = match urgent.others {
        0 => String::new(),
        others => format!(" +{others}"),
    };
    let room = columns
        .unwrap_or(NAME_LIMIT)
        .saturating_sub(more.len())
        .max(TROUBLE / 2);
    let text = match urgent.worst {
        Trouble::Health(entry) => match urgent.operation() {
            Some(revision) => of_operation(entry, revision),
            None => entry.code.to_string(),
        },
        Trouble::Object(object) => format!("{} {}", object.state, title(urgent.release, object)),
        // First what says the most: the rest may be cut.
        Trouble::Field(object, finding) => {
            let of = options.safe(&format!(" of {}", title(urgent.release, object)));
            let path = options.safe(&finding.path);
            let left = room.saturating_sub(finding.code.as_str().len() + 1 + of.width());
            let path = end_of_path(path.as_str(), left.max(PATH));
            format!("{} {path}{}", finding.code, of.as_str())
        }
    };
    Safe::of(
        &format!("{}{more}", options.safe(&text).cut(room).as_str()),
        options.medium,
    )
}

/// A health entry about an operation, with the revision that the operation made.
pub(super) fn of_operation(entry: &Health, revision: &Revision) -> String {
    format!(
        "{} (revision {} {})",
        entry.code, revision.revision, revision.status
    )
}

/// An object's kind and name, with its namespace where that is not the release's.
pub(in crate::report) fn title(release: &ReleaseReport, object: &ObjectReport) -> String {
    match &object.namespace {
        Some(namespace) if *namespace != release.namespace => {
            format!("{} {namespace}/{}", object.kind, object.name)
        }
        Some(_) | None => format!("{} {}", object.kind, object.name),
    }
}

/// The end of a path, which says the most, from the beginning of a key if one fits.
fn end_of_path(path: &str, columns: usize) -> String {
    let whole = cut_front(path, columns);
    match (whole.strip_prefix('…'), whole.find('/')) {
        (Some(_), Some(at)) => format!("…{}", &whole[at..]),
        (Some(_) | None, _) => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_keep_their_last_keys() {
        let path = "/spec/template/spec/containers[name=app]/image";
        assert_eq!(end_of_path(path, 60), path);
        assert_eq!(end_of_path(path, 30), "…/containers[name=app]/image");
        assert_eq!(end_of_path(path, 12), "…/image");
        assert_eq!(end_of_path(path, 4), "…age");
    }

    #[test]
    fn what_fits_a_screen_needs_no_overview() {
        let report = crate::report::fixtures::drifted();
        let release = &report.releases[0];
        let urgent = Urgent::of(release).unwrap();
        let lines =
            |count: usize| move |out: &mut dyn Write| (0..count).try_for_each(|_| out.write_all(b"x\n"));
        let urgent = [urgent; HANDFUL + 1];
        let many = of_releases(&urgent);
        assert!(!is_needed(&many, lines(SCREEN)));
        assert!(is_needed(&many, lines(SCREEN + 1)));
        assert!(!is_needed(&many[..HANDFUL], lines(SCREEN + 1)));
    }
}
