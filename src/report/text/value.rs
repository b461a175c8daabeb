//! How single values are shown: quoted where they could be mistaken, shortened where they differ.

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::report::sanitize::{Medium, is_unsafe, sanitize};

use super::line::Safe;

/// One value on one line.
///
/// Strings are bare unless that could mislead: the string `8080` is quoted because the number is not, and so is
/// whatever is empty, has outer blanks or holds characters that need an escape. Inside quotes a backslash is
/// doubled, so an escape is told from text that looks like one.
pub(super) fn show(value: &Value, medium: Medium) -> Safe {
    match value {
        Value::String(text) if is_plain(text) => Safe::of(text, medium),
        Value::String(text) => match text.lines().count() {
            0 | 1 => quoted(text, medium),
            lines => Safe::of(&format!("({lines} lines)"), medium),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Safe::of(&value.to_string(), medium)
        }
    }
}

/// A string in quotes, on one line whatever it holds.
pub(super) fn quoted(text: &str, medium: Medium) -> Safe {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    // Sanitised before the quotes are added; sanitising twice changes nothing.
    Safe::of(&format!("\"{}\"", sanitize(&escaped, medium)), medium)
}

/// Whether a string can be shown bare without being taken for anything else.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['"', '(', '[', '{'])
        && !text.contains('→')
        && !text.chars().any(is_unsafe)
        && serde_json::from_str::<Value>(text).is_err()
}

/// Cuts safe text to a number of columns, saying so with `…`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut short = take(text.chars(), columns.saturating_sub(1));
    short.push('…');
    short
}

/// Cuts safe text in front, which for paths is the part that says the least.
pub(super) fn cut_front(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let tail = take(text.chars().rev(), columns.saturating_sub(1));
    std::iter::once('…').chain(tail.chars().rev()).collect()
}

/// Shortens two texts to a number of columns each so that their first difference stays in sight, at the same
/// column on both sides.
pub(super) fn shorten(before: &str, after: &str, columns: usize) -> (String, String) {
    if before.width() <= columns && after.width() <= columns {
        return (before.to_owned(), after.to_owned());
    }
    let common: Vec<char> = before
        .chars()
        .zip(after.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a)
        .collect();
    // What both share says where one is: up to a third of the room, and more where the rest needs less.
    let rest = |text: &str| text.chars().skip(common.len()).collect::<String>().width();
    let longest = rest(before).max(rest(after));
    let lead = (columns / 3).max(columns.saturating_sub(1 + longest));
    let mut used = 0;
    let shared = common
        .iter()
        .rev()
        .take_while(|ch| {
            used += ch.width().unwrap_or(0);
            used <= lead
        })
        .count();
    let start = common.len() - shared;
    let window = |text: &str| {
        // Cutting off one character to put an ellipsis in its place helps nobody.
        if start < 2 {
            return cut(text, columns);
        }
        let rest: String = text.chars().skip(start).collect();
        format!("…{}", cut(&rest, columns.saturating_sub(1)))
    };
    (window(before), window(after))
}

/// The longest run of characters that fits.
fn take(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|ch| {
            used += ch.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn values_are_quoted_only_where_they_could_mislead() {
        for (value, shown) in [
            (json!("nginx:1.27"), "nginx:1.27"),
            (json!("a b"), "a b"),
            (json!(3), "3"),
            (json!("3"), "\"3\""),
            (json!("true"), "\"true\""),
            (json!(""), "\"\""),
            (json!(" x"), "\" x\""),
            (json!("(absent)"), "\"(absent)\""),
            (json!("a → b"), "\"a → b\""),
            (json!("say \"hi\""), "say \"hi\""),
            (json!("C:\\new"), "C:\\new"),
            (json!("x\\n\n"), "\"x\\\\n\\n\""),
            (json!("\u{202e}x"), "\"\\u{202e}x\""),
            (json!("a\nb\n"), "(2 lines)"),
            (json!(["a", 1]), "[\"a\",1]"),
            (json!({"a": null}), "{\"a\":null}"),
        ] {
            assert_eq!(show(&value, Medium::Terminal).as_str(), shown);
        }
    }

    #[test]
    fn long_values_are_shortened_around_their_first_difference() {
        let before = "registry.example.com/platform/team/web:2026-11-18-0912-abcdef";
        let after = "registry.example.com/platform/team/web:2026-11-20-0312-fedcba";
        assert_eq!(
            shorten(before, after, 24),
            (
                "…:2026-11-18-0912-abcdef".into(),
                "…:2026-11-20-0312-fedcba".into()
            )
        );
        assert_eq!(shorten("short", "other", 24), ("short".into(), "other".into()));
    }

    proptest! {
        #[test]
        fn what_is_shortened_fits_and_still_differs(
            prefix in "[a-z日]{0,80}", a in "[0-4]{1,40}", b in "[5-9]{1,40}", columns in 12_usize..40,
        ) {
            let (before, after) = shorten(&format!("{prefix}{a}"), &format!("{prefix}{b}"), columns);
            prop_assert!(before.width() <= columns && after.width() <= columns);
            prop_assert_ne!(before, after);
        }

        #[test]
        fn cutting_never_exceeds_the_columns(text in "\\PC{0,60}", columns in 1_usize..50) {
            prop_assert!(cut(&text, columns).width() <= columns);
            prop_assert!(cut_front(&text, columns).width() <= columns);
        }
    }
}
