//! How text is cut to a number of columns: between characters as people see them, and so that what differs stays.
//!
//! Of two values the parts that they begin and end with in common go first, because a reader who asks what changed needs
//! the rest: `…team/web:1.26-al…` and `…team/web:1.27-al…`. Text is cut between grapheme clusters
//! ([UAX #29](https://www.unicode.org/reports/tr29/)), so that no accent leaves its letter and no emoji falls apart.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

/// The columns of the widest cluster that is kept whole. A hostile one can be as wide as a value is long.
const WIDEST: usize = 2;

/// What stands in place of what is cut. It takes one column.
const CUT: &str = "…";

/// A part of a text that is shown or cut as a whole, and its columns.
type Part<'t> = (&'t str, usize);

/// Cuts a text at its end.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    cut_end(&parts(text), columns)
}

/// Cuts a text in front, which for paths is the part that says the least.
pub(super) fn cut_front(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    cut_start(&parts(text), columns)
}

/// Cuts two values to a number of columns each, so that their differences stay in sight.
///
/// What they begin with in common is cut in the same place, so that the first difference stands at the same column on both
/// sides. A value beside which there is nothing to compare keeps both of its ends.
pub(super) fn shorten(before: &str, after: &str, columns: usize) -> (String, String) {
    if before.width() <= columns && after.width() <= columns {
        return (before.to_owned(), after.to_owned());
    }
    let (before, after) = (parts(before), parts(after));
    let prefix = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (common, of_before) = before.split_at(prefix);
    let of_after = &after[prefix..];
    let pairs = of_before.iter().rev().zip(of_after.iter().rev());
    let suffix = pairs.take_while(|(a, b)| a == b).count();
    let (of_before, end) = of_before.split_at(of_before.len() - suffix);
    let of_after = &of_after[..of_after.len() - suffix];
    // The common parts tell a reader where the difference is: they get a third of the room, and more where the difference
    // needs less. What stands before it says more than what stands behind it.
    let longest = width(of_before).max(width(of_after));
    let around = (columns / 3).max(columns.saturating_sub(longest));
    let behind = width(end).min((around / 3).max(around.saturating_sub(width(common))));
    let lead = cut_start(common, around - behind);
    let tail = cut_end(end, around - lead.width());
    let room = columns - lead.width() - tail.width();
    let side = |parts| format!("{lead}{}{tail}", cut_middle(parts, room));
    (side(of_before), side(of_after))
}

fn cut_end(parts: &[Part<'_>], columns: usize) -> String {
    if width(parts) <= columns {
        return text(parts);
    }
    let shown = fitting(parts.iter(), columns.saturating_sub(1));
    format!("{}{CUT}", text(&parts[..shown]))
}

fn cut_start(parts: &[Part<'_>], columns: usize) -> String {
    if width(parts) <= columns {
        return text(parts);
    }
    let shown = fitting(parts.iter().rev(), columns.saturating_sub(1));
    format!("{CUT}{}", text(&parts[parts.len() - shown..]))
}

/// Cuts parts in the middle. The beginning, where a difference begins, gets more room than the end.
fn cut_middle(parts: &[Part<'_>], columns: usize) -> String {
    if width(parts) <= columns {
        return text(parts);
    }
    let room = columns.saturating_sub(1);
    let end = &parts[parts.len() - fitting(parts.iter().rev(), room / 3)..];
    let shown = fitting(parts.iter(), room.saturating_sub(width(end)));
    format!("{}{CUT}{}", text(&parts[..shown]), text(end))
}

/// The clusters of a text. Those that are too wide to be kept whole fall into their characters.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for cluster in text.graphemes(true) {
        if cluster.width() <= WIDEST {
            parts.push((cluster, cluster.width()));
        } else {
            let characters = cluster.char_indices();
            let characters = characters.map(|(at, ch)| &cluster[at..at + ch.len_utf8()]);
            parts.extend(characters.map(|character| (character, character.width())));
        }
    }
    parts
}

/// How many of these parts fit.
fn fitting<'p, 't: 'p>(parts: impl Iterator<Item = &'p Part<'t>>, columns: usize) -> usize {
    let mut used = 0;
    let fitting = parts.take_while(|(_, width)| {
        used += width;
        used <= columns
    });
    fitting.count()
}

fn width(parts: &[Part<'_>]) -> usize {
    parts.iter().map(|(_, width)| width).sum()
}

fn text(parts: &[Part<'_>]) -> String {
    parts.iter().map(|(part, _)| *part).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_common_beginning_and_end_of_long_values_are_cut_first() {
        let digest = "@sha256:0123456789abcdef0123456789abcdef";
        let image = |tag: &str| format!("registry.example.com/platform/team/web:{tag}{digest}");
        for (before, after, columns, shown) in [
            (
                image("1.2"),
                image("1.3"),
                24,
                ("…orm/team/web:1.2@sha25…", "…orm/team/web:1.3@sha25…"),
            ),
            // What follows the difference leaves its room to what stands before it.
            (
                "registry.example.com/platform/team/web:2026-11-18-0912-abcdef".to_owned(),
                "registry.example.com/platform/team/web:2026-11-20-0312-fedcba".to_owned(),
                24,
                ("…:2026-11-18-0912-abcdef", "…:2026-11-20-0312-fedcba"),
            ),
            // The end of what differs is of interest, too.
            (
                format!("--flags={}", "a".repeat(90)),
                format!("--flags={}", "b".repeat(90) + "end"),
                24,
                ("--flags=aaaaaaaaaa…aaaaa", "--flags=bbbbbbbbbb…bbend"),
            ),
            ("short".to_owned(), "other".to_owned(), 24, ("short", "other")),
            (
                "(not set)".to_owned(),
                "https://example.com/a/rather/long/address?with=parameters".to_owned(),
                24,
                ("(not set)", "https://example.…ameters"),
            ),
        ] {
            let (left, right) = shorten(&before, &after, columns);
            assert_eq!((&*left, &*right), shown);
        }
    }

    #[test]
    fn characters_as_people_see_them_are_not_taken_apart() {
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(cut(&family.repeat(4), 5), format!("{}…", family.repeat(2)));
        assert_eq!(
            cut_front(&"e\u{301}".repeat(9), 4),
            format!("…{}", "e\u{301}".repeat(3))
        );
        // One cluster of a thousand columns.
        assert!(cut(&"\u{1100}".repeat(500), 9).width() <= 9);
    }

    proptest! {
        #[test]
        fn shortened_texts_fit_and_still_differ(
            prefix in "([a-z日]|e\u{301}){0,80}", a in "[0-4]{0,40}", b in "[5-9]{1,40}", suffix in "[a-z日]{0,80}",
            columns in 12_usize..40,
        ) {
            let side = |middle: &str| format!("{prefix}{middle}{suffix}");
            let (before, after) = shorten(&side(&a), &side(&b), columns);
            prop_assert!(before.width() <= columns && after.width() <= columns);
            prop_assert_ne!(before, after);
        }

        #[test]
        fn values_that_differ_at_all_look_different(
            before in "[ab]{0,90}", after in "[ab]{0,90}", columns in 12_usize..40,
        ) {
            let (left, right) = shorten(&before, &after, columns);
            prop_assert_eq!(left == right, before == after);
        }

        #[test]
        fn cutting_never_exceeds_the_columns(text in "\\PC{0,60}", other in "\\PC{0,60}", columns in 12_usize..50) {
            prop_assert!(cut(&text, columns).width() <= columns);
            prop_assert!(cut_front(&text, columns).width() <= columns);
            let (text, other) = shorten(&text, &other, columns);
            prop_assert!(text.width() <= columns && other.width() <= columns);
        }
    }
}
