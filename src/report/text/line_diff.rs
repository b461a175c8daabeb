//! Values of several lines, such as a configuration file in a `ConfigMap`: only the lines that differ.
//!
//! A compact unified form behind a gutter. The gutter is not decoration: it keeps text from the cluster away from
//! the beginning of the line, where CI runners look for commands.

use std::collections::HashMap;

use anstyle::Style;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::report::sanitize::Medium;

use super::line::Line;
use super::palette::Palette;
use super::safe::Safe;

/// How many lines of a difference are shown.
const SHOWN: usize = 12;
/// How many lines may lie between the first difference and the last one, on either side, so that the lines between them
/// are paired. Beyond that all of them count as changed. The cost of pairing grows with the number of lines (`similar`
/// gives up on the shortest answer where that is expensive), and this bounds the memory for it.
const PAIRED: usize = 20_000;

/// The lines that differ, ready to print.
pub(super) struct LineDiff {
    /// How many lines only the baseline has.
    pub(super) removed: usize,
    /// How many lines only the live object has.
    pub(super) added: usize,
    /// The lines to print.
    pub(super) block: Vec<Line>,
}

/// The colours and the room that a line difference is printed with.
pub(super) struct DiffLayout<'a> {
    /// The colours.
    pub(super) palette: &'a Palette,
    /// Who reads the output.
    pub(super) medium: Medium,
    /// Where the gutter stands.
    pub(super) indent: usize,
    /// How many columns the text of a line may take.
    pub(super) columns: usize,
}

/// Compares two texts line by line.
pub(super) fn diff(before: &str, after: &str, layout: &DiffLayout<'_>) -> LineDiff {
    let (before, after): (Vec<_>, Vec<_>) = (split(before), split(after));
    let ops = operations(&before, &after);
    let mut writer = BlockWriter {
        layout,
        block: Vec::new(),
        left_out: 0,
    };
    let (mut removed, mut added) = (0, 0);
    for op in &ops {
        let (old, new) = (op.old_range(), op.new_range());
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        removed += old.len();
        added += new.len();
        writer.hunk(&before, &after, op);
    }
    writer.finish();
    LineDiff {
        removed,
        added,
        block: writer.block,
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
struct BlockWriter<'a> {
    layout: &'a DiffLayout<'a>,
    block: Vec<Line>,
    left_out: usize,
}

impl BlockWriter<'_> {
    fn hunk(&mut self, before: &[&str], after: &[&str], op: &DiffOp) {
        let palette = self.layout.palette;
        let (old, new) = (op.old_range(), op.new_range());
        let size = old.len() + new.len();
        if self.block.len() >= SHOWN {
            self.left_out += size;
            return;
        }
        self.heading(new.start + 1);
        if let Some(context) = old.start.checked_sub(1) {
            self.line(palette.dim, "  ", &self.safe(before[context]));
        }
        let (mut minus, mut plus) = (Vec::new(), Vec::new());
        for at in 0..old.len().max(new.len()).min(SHOWN) {
            let (a, b) = (before[old.clone()].get(at), after[new.clone()].get(at));
            match (a.map(|line| self.changed(line)), b.map(|line| self.changed(line))) {
                (Some(a), Some(b)) => {
                    let (a, b) = Safe::shorten(&a, &b, self.layout.columns);
                    minus.push(a);
                    plus.push(b);
                }
                (a, b) => {
                    minus.extend(a);
                    plus.extend(b);
                }
            }
        }
        let room = SHOWN.saturating_sub(self.block.len()).max(4);
        // When not everything fits, both sides get their share.
        let share = if minus.len() + plus.len() <= room {
            room
        } else {
            room / 2
        };
        let shown = minus.len().min(share) + plus.len().min(share);
        for line in minus.iter().take(share) {
            self.line(palette.before, "- ", line);
        }
        for line in plus.iter().take(share) {
            self.line(palette.after, "+ ", line);
        }
        self.left_out += size - shown;
    }

    fn finish(&mut self) {
        let words = match self.left_out {
            0 => return,
            1 => "… 1 more changed line left out".to_owned(),
            count => format!("… {count} more changed lines left out"),
        };
        let text = Safe::of(&words, self.layout.medium);
        self.line(self.layout.palette.dim, "", &text);
    }

    fn heading(&mut self, number: usize) {
        let text = Safe::of(&format!("line {number}"), self.layout.medium);
        self.line(self.layout.palette.dim, "@ ", &text);
    }

    fn line(&mut self, style: Style, mark: &'static str, text: &Safe) {
        let mut line = Line::indented(self.layout.indent);
        line.push(self.layout.palette.dim, "│ ").push(style, mark);
        line.push(style, text.cut(self.layout.columns));
        self.block.push(line);
    }

    fn safe(&self, line: &str) -> Safe {
        Safe::of(line.strip_suffix('\n').unwrap_or(line), self.layout.medium)
    }

    /// A changed line, with blanks and a missing newline at its end made visible.
    fn changed(&self, line: &str) -> Safe {
        let Some(text) = line.strip_suffix('\n') else {
            return Safe::of(&format!("{line} (no newline at the end)"), self.layout.medium);
        };
        let kept = text.trim_end_matches(' ');
        let blanks = "\\u{20}".repeat((text.len() - kept.len()).min(8));
        Safe::of(&format!("{kept}{blanks}"), self.layout.medium)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(before: &str, after: &str) -> (usize, usize, String) {
        let layout = DiffLayout {
            palette: &Palette::PLAIN,
            medium: Medium::CiLog,
            indent: 1,
            columns: 40,
        };
        let diff = diff(before, after, &layout);
        let mut out = Vec::new();
        for line in &diff.block {
            line.write(&mut out).unwrap();
        }
        (diff.removed, diff.added, String::from_utf8(out).unwrap())
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
