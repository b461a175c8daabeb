//! Values of several lines, such as a configuration file in a `ConfigMap`: only the lines that differ.
//!
//! A compact unified form behind a gutter. The gutter is not decoration: it keeps text from the cluster away from
//! the beginning of the line, where CI runners look for commands.

use anstyle::Style;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::report::sanitize::Medium;

use super::line::Line;
use super::palette::Palette;
use super::safe::Safe;

/// How many lines of a difference are shown.
const SHOWN: usize = 12;
/// Beyond this many lines on both sides a difference is not minimised, so that hostile values cost nothing.
const MINIMISED: usize = 2_000;

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
    let (old, new) = (before.len() - prefix - suffix, after.len() - prefix - suffix);
    if old > MINIMISED || new > MINIMISED {
        return vec![DiffOp::Replace {
            old_index: prefix,
            old_len: old,
            new_index: prefix,
            new_len: new,
        }];
    }
    capture_diff_slices(Algorithm::Myers, before, after)
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
    fn huge_and_hostile_values_are_not_minimised() {
        let numbered = |mark: &str| numbered(mark, 50_000);
        let (removed, added, _) = plain(&numbered("a"), &numbered("b"));
        assert_eq!((removed, added), (50_000, 50_000));
    }

    #[test]
    fn no_line_begins_with_a_command() {
        let (_, _, block) = plain("x\n", "::error::x\n##[add-mask]y\n");
        assert!(block.lines().all(|line| line.trim_start().starts_with('│')));
        assert!(!block.contains("##["));
    }
}
