//! The values of a finding as the page shows them: on a line each, or the lines that differ side by side.

use serde_json::Value;

use super::budget::{DIFF_COLUMNS, DIFF_LINES, VALUE};
use super::marked::{self, Marked};
use crate::model::Finding;
use crate::report::text::TextOptions;
use crate::report::text::change::{self, Values, hidden};
use crate::report::text::line_diff::{Hunk, LineDiff, changed};
use crate::report::text::safe::Safe;
use crate::report::text::value::show;
use crate::report::words::count;

/// From how many bytes on lists and maps are compared line by line.
const STRUCTURE: usize = 80;

/// How many bytes lists and maps have that are laid out for that.
const LAID_OUT: usize = 256 << 10;

/// The values of one finding.
pub(super) enum Shown {
    /// What stands in place of both.
    Instead(Safe),
    /// One line each.
    Sides(Sides),
    /// The lines that differ.
    Lines(Table),
}

/// Values on one line each.
pub(super) struct Sides {
    /// The values, the oldest first.
    pub(super) values: Vec<Side>,
    /// Whether the page shows less of them than the report has.
    pub(super) is_cut: bool,
}

/// One value.
pub(super) struct Side {
    /// Whose value it is.
    pub(super) of: &'static str,
    /// The class that tells it from the others.
    pub(super) class: &'static str,
    /// The value.
    pub(super) value: Marked,
    /// Whether there is no value: what stands there is said by driftline.
    pub(super) is_absent: bool,
}

/// The lines in which two texts differ, side by side.
pub(super) struct Table {
    /// How many lines were removed and added.
    pub(super) caption: String,
    /// The lines.
    pub(super) rows: Vec<Row>,
    /// How many rows are not shown.
    pub(super) left_out: usize,
}

/// One row of such a table.
pub(super) struct Row {
    /// The line that is deployed.
    pub(super) deployed: Option<Line>,
    /// The line that lives.
    pub(super) live: Option<Line>,
    /// Whether it is a line of both, which only says where the others stand.
    pub(super) is_context: bool,
}

/// One line of a text.
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: usize,
    /// What it says.
    pub(super) text: Marked,
}

/// The values of a finding. There is room for so many lines of texts, which gets less.
pub(super) fn of(finding: &Finding, room: &mut usize, options: &TextOptions) -> Shown {
    let values = Values::of(finding);
    if let Some(instead) = hidden(values) {
        return Shown::Instead(Safe::from(instead));
    }
    if let Some((before, after)) = change::texts(values) {
        return Shown::Lines(table(before, after, room, options));
    }
    if let Some((before, after)) = laid_out(values) {
        return Shown::Lines(table(&before, &after, room, options));
    }
    let Some((before, after)) = change::sides(values, options.medium) else {
        return Shown::Instead(options.safe(&finding.message));
    };
    let is_cut = before.width() > VALUE || after.width() > VALUE;
    let (before, after) = Safe::shorten(&before, &after, VALUE);
    let (deployed, live) = marked::pair(&before, &after);
    let side = |of, class, value, is_absent| Side {
        of,
        class,
        value,
        is_absent,
    };
    let mut sides = Vec::new();
    if let Some(previous) = previous(finding) {
        let previous = show(previous, options.medium).cut(VALUE);
        sides.push(side("Previous", "previous", Marked::plain(&previous), false));
    }
    sides.push(side("Deployed", "deployed", deployed, finding.desired.is_none()));
    sides.push(side("Live", "live", live, finding.live.is_none()));
    Shown::Sides(Sides {
        values: sides,
        is_cut,
    })
}

/// The previous revision's value, where it is another one than the deployed one and may be shown.
fn previous(finding: &Finding) -> Option<&Value> {
    let previous = finding.previous.as_ref()?;
    (!finding.redacted && finding.desired.as_ref() != Some(previous)).then_some(previous)
}

/// Lists and maps, an entry in each line, where they are too long for one line.
fn laid_out(values: Values<'_>) -> Option<(String, String)> {
    let is_structure = |value: &Value| matches!(value, Value::Array(_) | Value::Object(_));
    let both = [values.before, values.after];
    if !both.iter().all(|value| value.is_some_and(is_structure)) {
        return None;
    }
    let length: usize = both.iter().flatten().map(|value| value.to_string().len()).sum();
    if !(STRUCTURE..=LAID_OUT).contains(&length) {
        return None;
    }
    let text = |value: Option<&Value>| serde_json::to_string_pretty(value?).ok();
    // Both end in the same way.
    Some((
        format!("{}\n", text(values.before)?),
        format!("{}\n", text(values.after)?),
    ))
}

fn table(before: &str, after: &str, room: &mut usize, options: &TextOptions) -> Table {
    let limit = DIFF_LINES.min(*room);
    let diff = LineDiff::of(before, after);
    let caption = format!(
        "{} removed, {} added",
        count(diff.removed(), "line"),
        diff.added()
    );
    let mut rows = Vec::new();
    let mut left_out = 0;
    for hunk in diff.hunks() {
        let free = limit.saturating_sub(rows.len());
        let size = hunk.before.len().max(hunk.after.len());
        left_out += size.saturating_sub(free);
        if free > 0 {
            rows.extend(context(&hunk, options));
            rows.extend((0..size.min(free)).map(|at| row(&hunk, at, options)));
        }
    }
    *room = room.saturating_sub(rows.len());
    Table {
        caption,
        rows,
        left_out,
    }
}

/// The line before a place where texts differ.
fn context(hunk: &Hunk<'_>, options: &TextOptions) -> Option<Row> {
    let text = hunk.context?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let line = |number| Line {
        number,
        text: Marked::plain(&Safe::of(text, options.medium).cut(DIFF_COLUMNS)),
    };
    Some(Row {
        deployed: Some(line(hunk.before_at)),
        live: Some(line(hunk.after_at)),
        is_context: true,
    })
}

/// The lines at this place of both sides.
fn row(hunk: &Hunk<'_>, at: usize, options: &TextOptions) -> Row {
    let text = |line: &&str| changed(line, options.medium);
    let (deployed, live) = match (hunk.before.get(at).map(text), hunk.after.get(at).map(text)) {
        (Some(deployed), Some(live)) => {
            let (deployed, live) = Safe::shorten(&deployed, &live, DIFF_COLUMNS);
            let (deployed, live) = marked::pair(&deployed, &live);
            (Some(deployed), Some(live))
        }
        (deployed, live) => {
            let plain = |text: Safe| Marked::plain(&text.cut(DIFF_COLUMNS));
            (deployed.map(plain), live.map(plain))
        }
    };
    let numbered = |before: usize, text| Line {
        number: before + at + 1,
        text,
    };
    Row {
        deployed: deployed.map(|text| numbered(hunk.before_at, text)),
        live: live.map(|text| numbered(hunk.after_at, text)),
        is_context: false,
    }
}
