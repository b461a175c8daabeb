//! Text that came from a cluster, made fit for a message.
//!
//! Everybody who controls one namespace chooses names and field paths there. People trust a chat message or an alert, so
//! everything passes [`clean`] once: nothing invisible, nothing that reorders or breaks a line, nothing endless. The
//! markup of a receiver is escaped in the module of that receiver.

use std::fmt::Write as _;

use crate::report::sanitize::is_unsafe;

/// The longest name that a message shows, in characters. A Kubernetes name has at most 253, Helm's has 53.
pub(crate) const NAME: usize = 100;

/// The longest field path that a message shows, in characters.
pub(crate) const PATH: usize = 160;

/// The longest sentence that a message shows, in characters.
pub(crate) const SENTENCE: usize = 300;

/// Strips invisible characters and caps the rest at `max` characters, the last of them `…` if anything is missing.
///
/// Line breaks, tabs and unusual blanks become one space each, so that no name can start a line of its own.
pub(crate) fn clean(text: &str, max: usize) -> String {
    let visible = text.chars().filter_map(|ch| match ch {
        ch if !is_unsafe(ch) => Some(ch),
        ch if ch.is_whitespace() => Some(' '),
        _ => None,
    });
    cap(visible, max)
}

/// Keeps at most `max` characters, the last of them `…` if anything is missing.
pub(crate) fn cap(chars: impl IntoIterator<Item = char>, max: usize) -> String {
    let mut chars = chars.into_iter();
    let mut text: String = chars.by_ref().take(max).collect();
    if chars.next().is_some() {
        text.pop();
        text.push('…');
    }
    text
}

/// How many bytes a text takes inside a JSON string.
///
/// The one measure for every limit: it is never less than the number of bytes, of UTF-16 units or of characters,
/// whichever of them a receiver counts.
pub(crate) fn json_len(text: &str) -> usize {
    text.chars()
        .map(|char| match char {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\u{1f}' => 6,
            char => char.len_utf8(),
        })
        .sum()
}

/// Keeps as much as takes at most `max` bytes inside a JSON string, the last character `…` if anything is missing.
pub(crate) fn fit(text: &str, max: usize) -> String {
    if json_len(text) <= max {
        return text.to_owned();
    }
    let mut room = max.saturating_sub('…'.len_utf8());
    let mut fitted: String = text
        .chars()
        .take_while(|char| {
            let rest = room.checked_sub(json_len(char.encode_utf8(&mut [0; 4])));
            room = rest.unwrap_or(0);
            rest.is_some()
        })
        .collect();
    fitted.push('…');
    fitted
}

/// Keeps a text from beginning a link or a mention where a receiver hands it on to Slack as it is: both are in `<` and `>`,
/// with nothing blank behind the `<`.
pub(crate) fn without_markup(text: &str) -> String {
    text.replace('<', "< ")
}

/// A text as one segment of a URI's path ([RFC 3986, 3.3](https://www.rfc-editor.org/rfc/rfc3986#section-3.3)).
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::sanitize::{Medium, sanitize};

    #[test]
    fn nothing_invisible_or_line_breaking_is_left() {
        let cases = [
            ("web", "web"),
            ("web\nfake: line\r\n", "web fake: line  "),
            ("\u{1b}[31mred\u{7}", "[31mred"),
            ("abc\u{202e}cba\u{2066}x\u{2069}", "abccbax"),
            ("a\u{200b}b\u{200d}c\u{feff}d\u{ad}e", "abcde"),
            ("x\u{e0041}\u{e0042}y", "xy"),
            ("line\u{2028}separator", "line separator"),
            ("wide\u{3000}blank\u{a0}", "wide blank "),
            ("grüße 🚀", "grüße 🚀"),
        ];
        for (given, want) in cases {
            assert_eq!(clean(given, NAME), want);
        }
    }

    #[test]
    fn messages_and_terminals_are_kept_from_the_same_characters() {
        for ch in '\0'..=char::MAX {
            let text = ch.to_string();
            assert_eq!(
                clean(&text, NAME) == text,
                sanitize(&text, Medium::Terminal) == text,
                "U+{:04X}",
                u32::from(ch)
            );
        }
    }

    #[test]
    fn no_text_begins_a_link_or_a_mention() {
        for text in [
            "<!here>",
            "<@U1>",
            "<#C1>",
            "<https://evil.example|web>",
            "<<!here>",
            "a <",
        ] {
            let broken = without_markup(text);
            assert!(
                broken.split('<').skip(1).all(|rest| rest.starts_with(' ')),
                "{broken}"
            );
        }
        assert_eq!(without_markup("shop/web > 1"), "shop/web > 1");
    }

    #[test]
    fn too_long_a_text_says_so() {
        assert_eq!(clean("abcdef", 6), "abcdef");
        assert_eq!(clean("abcdefg", 6), "abcde…");
        assert_eq!(clean(&"🚀".repeat(5_000), NAME).chars().count(), NAME);
    }

    proptest! {
        #[test]
        fn fitted_text_fits(text in any::<String>(), max in 3_usize..60) {
            let fitted = fit(&text, max);
            prop_assert!(json_len(&fitted) <= max);
            prop_assert!(fitted == text || fitted.ends_with('…'));
        }

        #[test]
        fn the_measure_is_what_json_takes(text in any::<String>()) {
            prop_assert_eq!(json_len(&text) + 2, serde_json::to_string(&text).unwrap().len());
            prop_assert!(json_len(&text) >= text.encode_utf16().count());
        }
    }
}
