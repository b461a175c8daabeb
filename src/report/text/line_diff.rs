//! Values of several lines, such as a configuration file in a `ConfigMap`: only the lines that differ.
//!
//! A compact unified form behind a gutter. The gutter is not decoration: it keeps text from the cluster away from
//! the beginning of the line, where CI runners look for commands.

use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::Style;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::report::sanitize::Medium;

use super::line::Line;
use super::palette::Palette;
use super::safe::Safe;

/// How many lines may lie between the first difference and the last one, on either side, so that the lines between them
/// are paired. Beyond that all of them count as changed. The cost of pairing grows with the number of lines (`similar`
/// gives up on the shortest answer where that is expensive), and this bounds the memory for it.
const PAIRED: usize = 20_000;

/// The lines in which two texts differ.
pub(in crate::report) struct LineDiff<'t> {
    before: Vec<&'t str>,
    after: Vec<&'t str>,
    operations: Vec<DiffOp>,
}

/// The colours and the room that a line difference is printed with.
pub(in crate::report) struct DiffLayout<'a> {
    /// The colours.
    pub(in crate::report) palette: &'a Palette,
    /// Who reads the output.
    pub(in crate::report) medium: Medium,
    /// Where the gutter stands.
    pub(in crate::report) indent: usize,
    /// What fits; everything is shown without limits.
    pub(in crate::report) limits: Option<DiffLimits>,
}

/// One place where two texts differ.
pub(in crate::report) struct Hunk<'d> {
    /// How many lines stand before it in the first text.
    pub(in crate::report) before_at: usize,
    /// The same in the second text.
    pub(in crate::report) after_at: usize,
    /// The line before it, which both have.
    pub(in crate::report) context: Option<&'d str>,
    /// The lines of the first text, with their ends.
    pub(in crate::report) before: &'d [&'d str],
    /// The lines of the second text.
    pub(in crate::report) after: &'d [&'d str],
}

/// How much of a line difference is shown.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct DiffLimits {
    /// How many columns the text of a line may take.
    pub(in crate::report) columns: usize,
    /// How many lines are shown.
    pub(in crate::report) lines: usize,
}

impl<'t> LineDiff<'t> {
    /// Compares two texts line by line.
    pub(in crate::report) fn of(before: &'t str, after: &'t str) -> Self {
        let (before, after) = (split(before), split(after));
        let mut operations = operations(&before, &after);
        operations.retain(|op| !matches!(op, DiffOp::Equal { .. }));
        Self {
            before,
            after,
            operations,
        }
    }

    /// How many lines only the baseline has.
    pub(in crate::report) fn removed(&self) -> usize {
        self.operations.iter().map(|op| op.old_range().len()).sum()
    }

    /// How many lines only the live object has.
    pub(in crate::report) fn added(&self) -> usize {
        self.operations.iter().map(|op| op.new_range().len()).sum()
    }

    /// The places where the texts differ, in their order.
    pub(in crate::report) fn hunks(&self) -> impl Iterator<Item = Hunk<'_>> {
        self.operations.iter().map(|op| {
            let (old, new) = (op.old_range(), op.new_range());
            Hunk {
                before_at: old.start,
                after_at: new.start,
                context: old.start.checked_sub(1).map(|at| self.before[at]),
                before: &self.before[old],
                after: &self.after[new],
            }
        })
    }

    /// Writes the lines that differ, each as soon as it is made: together they can be as large as the values again.
    pub(in crate::report) fn write(&self, layout: &DiffLayout<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = HunkWriter {
            layout,
            out,
            written: 0,
            left_out: 0,
        };
        for op in &self.operations {
            writer.hunk(&self.before, &self.after, op)?;
        }
        writer.finish()
    }
}

/// The lines with their ends, so that a missing last newline is a difference.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn operations(before: &[&str], after: &[&str]) -> Vec<DiffOp> {
    let prefix = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let suffix = before[prefix..]
        .iter()
        .rev()
        .zip(after[prefix..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let old = &before[prefix..before.len() - suffix];
    let new = &after[prefix..after.len() - suffix];
    if old.len() > PAIRED || new.len() > PAIRED {
        return vec![DiffOp::Replace {
            old_index: prefix,
            old_len: old.len(),
            new_index: prefix,
            new_len: new.len(),
        }];
    }
    let mut numbers = HashMap::new();
    let (old, new) = (numbered(old, &mut numbers), numbered(new, &mut numbers));
    let mut ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    for op in &mut ops {
        shift(op, prefix);
    }
    ops
}

/// The number of each line, the same for equal lines: lines can be long, and pairing compares each of them many times.
fn numbered<'t>(lines: &[&'t str], numbers: &mut HashMap<&'t str, usize>) -> Vec<usize> {
    lines
        .iter()
        .map(|line| {
            let next = numbers.len();
            *numbers.entry(line).or_insert(next)
        })
        .collect()
}

/// Moves an operation behind the lines that both sides begin with.
const fn shift(op: &mut DiffOp, by: usize) {
    let (DiffOp::Equal {
        old_index, new_index, ..
    }
    | DiffOp::Delete {
        old_index, new_index, ..
    }
    | DiffOp::Insert {
        old_index, new_index, ..
    }
    | DiffOp::Replace {
        old_index, new_index, ..
    }) = op;
    *old_index += by;
    *new_index += by;
}

/// Writes the hunks of a difference, as many as fit.
struct HunkWriter<'a> {
    layout: &'a DiffLayout<'a>,
    out: &'a mut dyn Write,
    written: usize,
    left_out: usize,
}

impl HunkWriter<'_> {
    fn hunk(&mut self, before: &[&str], after: &[&str], op: &DiffOp) -> io::Result<()> {
        let palette = self.layout.palette;
        let (old, new) = (op.old_range(), op.new_range());
        let size = old.len() + new.len();
        let limit = self.layout.limits.map_or(usize::MAX, |limits| limits.lines);
        if self.written >= limit {
            self.left_out += size;
            return Ok(());
        }
        self.heading(new.start + 1)?;
        if let Some(context) = old.start.checked_sub(1) {
            self.line(palette.dim, "  ", &self.safe(before[context]))?;
        }
        let (mut minus, mut plus) = (Vec::new(), Vec::new());
        for at in 0..old.len().max(new.len()).min(limit) {
            let (a, b) = (before[old.clone()].get(at), after[new.clone()].get(at));
            match (a.map(|line| self.changed(line)), b.map(|line| self.changed(line))) {
                (Some(a), Some(b)) => {
                    let (a, b) = self.shorten(a, b);
                    minus.push(a);
                    plus.push(b);
                }
                (a, b) => {
                    minus.extend(a);
                    plus.extend(b);
                }
            }
        }
        let room = limit.saturating_sub(self.written).max(4);
        // When not everything fits, both sides get their share.
        let share = if minus.len() + plus.len() <= room {
            room
        } else {
            room / 2
        };
        let shown = minus.len().min(share) + plus.len().min(share);
        for line in minus.iter().take(share) {
            self.line(palette.before, "- ", line)?;
        }
        for line in plus.iter().take(share) {
            self.line(palette.after, "+ ", line)?;
        }
        self.left_out += size - shown;
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let words = match self.left_out {
            0 => return Ok(()),
            1 => "… 1 more changed line left out".to_owned(),
            count => format!("… {count} more changed lines left out"),
        };
        let text = Safe::of(&words, self.layout.medium);
        self.line(self.layout.palette.dim, "", &text)
    }

    fn heading(&mut self, number: usize) -> io::Result<()> {
        let text = Safe::of(&format!("line {number}"), self.layout.medium);
        self.line(self.layout.palette.dim, "@ ", &text)
    }

    fn line(&mut self, style: Style, mark: &'static str, text: &Safe) -> io::Result<()> {
        let mut line = Line::indented(self.layout.indent);
        line.push(self.layout.palette.dim, "│ ").push(style, mark);
        line.push(
            style,
            match self.layout.limits {
                Some(limits) => text.cut(limits.columns),
                None => text.clone(),
            },
        );
        self.written += 1;
        line.write(self.out)
    }

    /// Two lines, of which one stands in the place of the other.
    fn shorten(&self, before: Safe, after: Safe) -> (Safe, Safe) {
        match self.layout.limits {
            Some(limits) => Safe::shorten(&before, &after, limits.columns),
            None => (before, after),
        }
    }

    fn safe(&self, line: &str) -> Safe {
        Safe::of(line.strip_suffix('\n').unwrap_or(line), self.layout.medium)
    }

    fn changed(&self, line: &str) -> Safe {
        changed(line, self.layout.medium)
    }
}

/// A changed line, with blanks and a missing newline at its end made visible.
pub(in crate::report) fn changed(line: &str, medium: Medium) -> Safe {
    let Some(text) = line.strip_suffix('\n') else {
        return Safe::of(&format!("{line} (no newline at the end)"), medium);
    };
    let kept = text.trim_end_matches(' ');
    let blanks = "\\u{20}".repeat((text.len() - kept.len()).min(8));
    Safe::of(&format!("{kept}{blanks}"), medium)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many lines of a difference the tests show.
    const SHOWN: usize = 12;

    fn plain(before: &str, after: &str) -> (usize, usize, String) {
        let limits = DiffLimits {
            columns: 40,
            lines: SHOWN,
        };
        within(before, after, Some(limits))
    }

    fn within(before: &str, after: &str, limits: Option<DiffLimits>) -> (usize, usize, String) {
        let layout = DiffLayout {
            palette: &Palette::PLAIN,
            medium: Medium::CiLog,
            indent: 1,
            limits,
        };
        let diff = LineDiff::of(before, after);
        let mut out = Vec::new();
        diff.write(&layout, &mut out).unwrap();
        (diff.removed(), diff.added(), String::from_utf8(out).unwrap())
    }

    fn numbered(mark: &str, count: usize) -> String {
        (0..count).fold(String::new(), |text, at| text + mark + &at.to_string() + "\n")
    }

    #[test]
    fn only_what_differs_is_shown_with_one_line_before_it() {
        let (removed, added, block) = plain("a\nb\nc\nd\n", "a\nb\nC\nd\n");
        assert_eq!((removed, added), (1, 1));
        assert_eq!(block, " │ @ line 3\n │   b\n │ - c\n │ + C\n");
    }

    #[test]
    fn invisible_ends_of_lines_are_shown() {
        let (_, _, block) = plain("a \nb", "a\nb\n");
        assert!(block.contains("│ - a\\u{20}\n"), "{block}");
        assert!(block.contains("│ - b (no newline at the end)\n"), "{block}");
    }

    #[test]
    fn long_differences_say_how_much_was_left_out() {
        let numbered = |mark: &str| numbered(mark, 40);
        let (removed, added, block) = plain(&numbered("a"), &numbered("b"));
        assert_eq!((removed, added), (40, 40));
        let shown = block
            .lines()
            .filter(|line| line.contains("│ - ") || line.contains("│ + "))
            .count();
        assert!(
            block.ends_with(&format!("… {} more changed lines left out\n", 80 - shown)),
            "{block}"
        );
        assert!(block.lines().count() <= SHOWN + 2);
    }

    #[test]
    fn without_limits_everything_is_shown() {
        let long = |end: &str| format!("{}{end}\n", "x".repeat(300));
        let (before, after) = (numbered("a", 40) + &long("1"), numbered("b", 40) + &long("2"));
        let (_, _, block) = within(&before, &after, None);
        assert_eq!(block.lines().count(), 1 + 41 + 41);
        assert!(
            block.contains(&long("1")) && block.contains(&long("2")),
            "{block}"
        );
    }

    #[test]
    fn long_lines_show_where_they_differ() {
        let line = |middle: &str| format!("{}{middle}{}\n", "x".repeat(300), "y".repeat(300));
        let (_, _, block) = plain(&line("1"), &line("2"));
        assert!(block.contains("xx1yy") && block.contains("xx2yy"), "{block}");
    }

    #[test]
    fn more_lines_than_are_paired_all_count_as_changed() {
        let numbered = |mark: &str| numbered(mark, 50_000);
        let (removed, added, _) = plain(&numbered("a"), &numbered("b"));
        assert_eq!((removed, added), (50_000, 50_000));
        // Those that both sides begin or end with do not count.
        let (before, after) = (numbered("a"), numbered("a").replace("a40000\n", "a40000\nnew\n"));
        let (removed, added, block) = plain(&before, &after);
        assert_eq!((removed, added), (0, 1));
        assert_eq!(block, " │ @ line 40002\n │   a40000\n │ + new\n");
    }

    /// Two changes far from each other in a long file are two changes.
    #[test]
    fn distant_differences_are_shown_apart() {
        let before = numbered("a", 10_000);
        let after = before.replace("a10\n", "b10\n").replace("a9000\n", "b9000\n");
        let (removed, added, block) = plain(&before, &after);
        assert_eq!((removed, added), (2, 2));
        assert!(
            block.contains("@ line 11\n") && block.contains("@ line 9001\n"),
            "{block}"
        );
    }

    /// `benches/report.rs` shows what this costs.
    #[test]
    fn the_same_lines_in_another_order_are_paired() {
        let count = PAIRED;
        let line = |at: usize| format!("{}{at}\n", "x".repeat(60));
        let before: String = (0..count).map(line).collect();
        let after: String = (0..count).map(|at| line(at * 7_919 % count)).collect();
        let (removed, added, _) = plain(&before, &after);
        assert_eq!(removed, added);
        assert!(removed <= count && removed > 0);
    }

    #[test]
    fn no_line_begins_with_a_command() {
        let (_, _, block) = plain("x\n", "::error::x\n##[add-mask]y\n");
        assert!(block.lines().all(|line| line.trim_start().starts_with('│')));
        assert!(!block.contains("##["));
    }
}
