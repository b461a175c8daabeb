//! The boundary between text from a cluster and a terminal or a CI log.
//!
//! Everybody who may write to a namespace chooses names, values, reasons and error messages. Printed as they
//! are they can move the cursor, recolour or rewrite earlier lines (CVE-2021-25743 in kubectl), reorder a line
//! with bidi controls, hide a difference behind an invisible character, or be obeyed as a command by the CI
//! runner that reads the log. Whatever could do that is shown as a visible escape instead. Nothing is dropped:
//! two values that differ only in an invisible character must not look alike in a tool that shows differences.
//!
//! Runners look for commands in two ways. GitHub's `::command` counts at the start of a line only, after leading
//! blanks; renderers keep that rule by starting every line with a word or a mark of their own. `##[command]`,
//! `##vso[…]`, `##teamcity[…]` and GitLab's `section_start:` count anywhere in a line and are broken up here.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The reader of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Medium {
    /// A person's terminal, a file or a pipe.
    #[default]
    Terminal,
    /// A CI runner, which obeys commands that it finds in the log.
    CiLog,
}

/// Environment variables of which any one says that a CI runner reads the output.
const CI_VARIABLES: [&str; 6] = [
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "TEAMCITY_VERSION",
    "BUILDKITE",
];

impl Medium {
    /// Decides from environment variables, looked up through `is_set`, who reads the output.
    pub fn detect(is_set: impl Fn(&str) -> bool) -> Self {
        if CI_VARIABLES.into_iter().any(is_set) {
            Self::CiLog
        } else {
            Self::Terminal
        }
    }
}

/// Makes text from a cluster safe to write inside a line.
///
/// The result holds no line break, no control and no invisible character. Text that needs no change, which is
/// nearly all of it, is borrowed.
pub fn sanitize(text: &str, medium: Medium) -> Cow<'_, str> {
    let Some(first) = first_unsafe(text, medium) else {
        return Cow::Borrowed(text);
    };
    let mut safe = String::with_capacity(text.len() + 16);
    safe.push_str(&text[..first]);
    for (at, ch) in text[first..].char_indices() {
        if is_unsafe(ch) || starts_command(&text[first + at..], medium) {
            escape(ch, &mut safe);
        } else {
            safe.push(ch);
        }
    }
    Cow::Owned(safe)
}

/// Makes a line of JSON, or a part of one of its strings, safe to write to a log. A parser reads exactly the same.
///
/// All characters in question stand in strings, where `\u` escapes are as good: outside of them, JSON has none that is
/// unsafe and none that begins a runner's command.
pub fn escape_json(line: &str) -> Cow<'_, str> {
    let is_escaped = |at: usize, ch: char| is_unsafe(ch) || is_runner_command(&line[at..]);
    if !line.char_indices().any(|(at, ch)| is_escaped(at, ch)) {
        return Cow::Borrowed(line);
    }
    let mut safe = String::with_capacity(line.len() + 16);
    for (at, ch) in line.char_indices() {
        if is_escaped(at, ch) {
            for unit in ch.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(ch);
        }
    }
    Cow::Owned(safe)
}

/// The position of the first character that needs an escape.
fn first_unsafe(text: &str, medium: Medium) -> Option<usize> {
    if medium == Medium::Terminal && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    text.char_indices()
        .find(|(at, ch)| is_unsafe(*ch) || starts_command(&text[*at..], medium))
        .map(|(at, _)| at)
}

/// Writes one character as a visible escape, in the notation of Rust and JavaScript.
fn escape(ch: char, out: &mut String) {
    match ch {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        other => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:02x}}}", u32::from(other));
        }
    }
}

/// Whether a character would act on a terminal, or not be seen there.
///
/// The only such table: by Unicode's properties the control characters (`Cc`), the format characters (`Cf`: bidi
/// controls, zero-width characters, tags) but for those that are drawn (`Prepended_Concatenation_Mark`), the other
/// `Default_Ignorable_Code_Point`s (variation selectors, fillers), the separators of lines and paragraphs (`Zl`, `Zp`)
/// and every blank but the space (`Zs`); and two symbols that are drawn as nothing, the Braille pattern blank and the
/// musical null notehead. A test holds the table to the properties.
pub(crate) const fn is_unsafe(ch: char) -> bool {
    matches!(ch,
        '\0'..='\u{1f}'
        | '\u{7f}'..='\u{a0}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{1680}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3000}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d159}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a runner could read a command from here on that counts anywhere in a line.
fn starts_command(rest: &str, medium: Medium) -> bool {
    match medium {
        Medium::Terminal => false,
        Medium::CiLog => is_runner_command(rest),
    }
}

/// Whether text begins with `##[`, `##word[`, `section_start:` or `section_end:`, in any case.
pub(crate) fn is_runner_command(rest: &str) -> bool {
    if let Some(word) = rest.strip_prefix("##") {
        return word
            .trim_start_matches(|ch: char| ch.is_ascii_alphanumeric() || ch == '-' || ch == '_')
            .starts_with('[');
    }
    ["section_start:", "section_end:"].iter().any(|command| {
        rest.get(..command.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(command))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_that_act_on_a_terminal_become_visible() {
        for (text, safe) in [
            ("nginx:1.27", "nginx:1.27"),
            ("größe → 日本語 🦀", "größe → 日本語 🦀"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"),
            ("\0\u{7f}\u{9b}", "\\u{00}\\u{7f}\\u{9b}"),
            ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
            ("\u{2066}x\u{2069}\u{200f}", "\\u{2066}x\\u{2069}\\u{200f}"),
            ("ad\u{200b}min", "ad\\u{200b}min"),
            ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
            ("1\u{a0}000\u{feff}", "1\\u{a0}000\\u{feff}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
        ] {
            assert_eq!(sanitize(text, Medium::Terminal), safe, "{text:?}");
            assert_eq!(sanitize(text, Medium::CiLog), safe, "{text:?}");
        }
    }

    /// The characters of a class, in the notation of regular expressions.
    fn class(pattern: &str) -> impl Fn(char) -> bool {
        let hir = regex_syntax::parse(pattern).unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.into_kind()
        else {
            panic!("{pattern} is no class of characters")
        };
        move |ch| {
            let mut ranges = class.iter();
            ranges.any(|range| (range.start()..=range.end()).contains(&ch))
        }
    }

    #[test]
    fn the_table_is_what_unicode_says() {
        let is_hidden = class(
            r"[[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\x{2800}\x{1D159}]--[\x20\p{Prepended_Concatenation_Mark}]]",
        );
        for ch in '\0'..=char::MAX {
            assert_eq!(is_unsafe(ch), is_hidden(ch), "U+{:04X}", u32::from(ch));
        }
    }

    #[test]
    fn commands_of_runners_are_broken_in_their_logs_only() {
        for (text, safe) in [
            ("##[add-mask]x", "\\u{23}#[add-mask]x"),
            ("a ##vso[task.complete]", "a \\u{23}#vso[task.complete]"),
            ("###TeamCity[x]", "#\\u{23}#TeamCity[x]"),
            ("section_start:1:x", "\\u{73}ection_start:1:x"),
            ("SECTION_END:1:x", "\\u{53}ECTION_END:1:x"),
            ("## Title", "## Title"),
            ("std::error", "std::error"),
        ] {
            assert_eq!(sanitize(text, Medium::CiLog), safe, "{text:?}");
            assert_eq!(sanitize(text, Medium::Terminal), text);
        }
    }

    #[test]
    fn clean_text_is_borrowed() {
        for text in ["", "plain", "größe"] {
            assert!(matches!(sanitize(text, Medium::CiLog), Cow::Borrowed(_)));
            assert!(matches!(sanitize(text, Medium::Terminal), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn runners_are_recognised_by_their_variables() {
        assert_eq!(Medium::detect(|_| false), Medium::Terminal);
        assert_eq!(Medium::detect(|name| name == "TF_BUILD"), Medium::CiLog);
    }

    /// Text made of the pieces that matter, which plain random strings would hardly ever hit.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            proptest::sample::select(vec![
                "#",
                "##",
                "[",
                "vso",
                "teamcity",
                "section_start:",
                "section_",
                "end:",
                "::error::",
                "\n",
                "\r",
                "\u{1b}[31m",
                "\u{202e}",
                "\\"
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text in hostile()) {
            let safe = sanitize(&text, Medium::CiLog);
            prop_assert!(!safe.chars().any(is_unsafe));
            prop_assert!(!safe.char_indices().any(|(at, _)| is_runner_command(&safe[at..])), "{safe:?}");
        }

        #[test]
        fn json_is_safe_and_says_the_same(text in hostile()) {
            let line = serde_json::to_string(&text).unwrap();
            let safe = escape_json(&line);
            prop_assert!(!safe.chars().any(is_unsafe));
            prop_assert!(!safe.char_indices().any(|(at, _)| is_runner_command(&safe[at..])), "{safe:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }

        #[test]
        fn safe_text_stays_as_it_is(text in hostile()) {
            let once = sanitize(&text, Medium::CiLog).into_owned();
            prop_assert_eq!(sanitize(&once, Medium::CiLog), once.as_str());
        }

        #[test]
        fn nothing_is_dropped(text in hostile()) {
            let safe = sanitize(&text, Medium::Terminal);
            prop_assert!(safe.chars().count() >= text.chars().count());
        }
    }
}
