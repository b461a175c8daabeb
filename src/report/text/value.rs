//! How single values are shown: quoted where they could be mistaken for something else.

use serde_json::Value;

use crate::report::sanitize::{Medium, is_unsafe, sanitize};

use super::safe::Safe;

/// One value on one line.
///
/// Strings are bare unless that could mislead: the string `8080` is quoted because the number is not, and so are strings
/// that are empty, have outer blanks or hold characters that need an escape. Inside quotes a backslash is doubled, so
/// that an escape differs from text that looks like one.
pub(in crate::report) fn show(value: &Value, medium: Medium) -> Safe {
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

#[cfg(test)]
mod tests {
    use super::*;
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
}
