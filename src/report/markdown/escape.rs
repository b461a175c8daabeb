//! The boundary between text from a cluster and a reader of Markdown.
//!
//! Everybody who may write to a namespace chooses names, values and messages. In a comment on a pull request they could be
//! links, images, HTML, a table of their own, or call people (`@name`) and other pages (`#123`) by name. GitHub looks for the
//! latter in all text that is not code, also behind escapes, so escapes are no answer. Text is written in two ways here: as
//! [`code`], in which nothing means anything, and as [`prose`], which leaves only such words bare that mean nothing anywhere.
//!
//! All of it passes [`super::super::sanitize`] before: no text holds a line break, a control or an invisible character.

use std::borrow::Cow;

use crate::report::text::line::Line;
use crate::report::text::safe::Safe;

/// From how many letters on a word could be the beginning of the hash of a commit, which GitHub links.
const SHORTEST_HASH: usize = 7;
/// How many digits a number has at most that is left bare.
const DIGITS: usize = 6;
/// What may stand behind a bare word.
const BEHIND: [char; 5] = [',', '.', ';', ':', ')'];
/// How many bytes of a text are shown: a thousand columns of any script have fewer.
const LONGEST: usize = 6_000;
/// How many backticks in a row stay as they are.
const LONGEST_RUN: usize = 16;
/// How many such marks stand behind a word at most.
const MARKS: usize = 2;

/// Text as code inside a line: nothing in it means anything.
///
/// The fence is longer than every run of backticks in the text. Text that begins or ends with one is kept apart from the
/// fence by blanks, which a reader does not see.
pub(super) fn code(text: &Safe) -> String {
    code_of(text.as_str())
}

fn code_of(text: &str) -> String {
    if text.trim_matches(' ').is_empty() {
        return format!("\"{text}\"");
    }
    let text = &*shown(text);
    let fence = "`".repeat(longest_run(text) + 1);
    let ends = ['`', ' '];
    if text.starts_with(ends) || text.ends_with(ends) {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// The same inside a cell of a table, where a bar ends the cell even in code: it is shown as an escape.
pub(super) fn cell(text: &Safe) -> String {
    code_of(&text.as_str().replace('|', "\\u{7c}"))
}

/// A sentence: its plain words bare, and everything between them as code. Blanks in a row become one.
pub(super) fn prose(text: &Safe) -> String {
    prose_of(text.as_str())
}

/// A line of the text report as a sentence, without its indentation and its mark. Three blanks part what is said of one
/// thing there.
pub(super) fn line(line: &Line) -> String {
    let text = text_of(line);
    prose_of(&text.trim_start_matches([' ', '-']).replace("   ", "; "))
}

/// Two values of a line of the text report as code, and what stands in place of values as a sentence.
pub(super) fn values(line: &Line) -> String {
    let text = text_of(line);
    if text.contains(" → ") {
        code_of(&text)
    } else {
        prose_of(&text)
    }
}

fn text_of(line: &Line) -> String {
    line.spans().iter().map(|span| span.text.as_str()).collect()
}

fn prose_of(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 16);
    let text = if text.len() <= LONGEST {
        Cow::Borrowed(text)
    } else {
        shown(text)
    };
    let mut rest = text.trim_start_matches(' ');
    while !rest.is_empty() {
        if !written.is_empty() {
            written.push(' ');
        }
        let taken = quoted(rest, &mut written).unwrap_or_else(|| words(rest, &mut written));
        rest = rest[taken..].trim_start_matches(' ');
    }
    written
}

/// Writes a part that driftline put between backticks itself, with the marks around it, and returns its length; `None` where
/// the text does not begin with one.
fn quoted(text: &str, written: &mut String) -> Option<usize> {
    let opening = text.strip_prefix('(').unwrap_or(text);
    let (inner, rest) = opening.strip_prefix('`')?.split_once('`')?;
    let marks = &rest[..rest.find(' ').unwrap_or(rest.len())];
    if inner.is_empty() || marks.len() > MARKS || !marks.chars().all(|mark| BEHIND.contains(&mark)) {
        return None;
    }
    written.push_str(&text[..text.len() - opening.len()]);
    written.push_str(&code_of(inner));
    written.push_str(marks);
    Some(text.len() - rest.len() + marks.len())
}

/// Writes the first word if it is bare, and otherwise the words up to the next bare one as one piece of code. Marks that end
/// a sentence or a part of one stay outside. Returns the length of what was written.
fn words(text: &str, written: &mut String) -> usize {
    let end_of_word = |from: usize| text[from..].find(' ').map_or(text.len(), |at| from + at);
    let mut end = end_of_word(0);
    if is_bare(&text[..end]) {
        written.push_str(&text[..end]);
        return end;
    }
    while !text[..end].ends_with([',', ';', ':']) && end < text.len() {
        let next = &text[end + 1..end_of_word(end + 1)];
        if is_bare(next) || next.starts_with('`') || next.starts_with("(`") {
            break;
        }
        end += 1 + next.len();
    }
    let piece = text[..end].trim_end_matches(' ');
    let has_brackets = piece.contains('(');
    let inner = piece.trim_end_matches(|mark| BEHIND.contains(&mark) && !(has_brackets && mark == ')'));
    // A name may consist of such marks.
    let is_sentence = !inner.is_empty() && piece.len() - inner.len() <= MARKS;
    let inner = if is_sentence { inner } else { piece };
    written.push_str(&code_of(inner));
    written.push_str(&piece[inner.len()..]);
    end
}

/// Whether a word means nothing but itself, wherever it stands in a line: letters, with hyphens or apostrophes between them,
/// or a short number, with the marks of a sentence around it.
fn is_bare(word: &str) -> bool {
    let word = word.strip_prefix('(').unwrap_or(word);
    let core = word.trim_end_matches(BEHIND);
    if core.is_empty() || word.len() - core.len() > MARKS {
        return false;
    }
    // At the beginning of a line a number with a full stop or a bracket is the first item of a list.
    let is_item = word[core.len()..].starts_with(['.', ')']);
    let is_number = !is_item && core.len() <= DIGITS && core.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash =
        |part: &str| part.len() >= SHORTEST_HASH && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphabetic()) && !is_hash(part)
    };
    is_number || core.split(['-', '\'']).all(is_part)
}

/// Lines in a fence, which is longer than every run of backticks in them. Each is preceded by the indent.
///
/// `kind` is the language of the fence. A line never holds a line break.
pub(super) fn fenced(kind: &'static str, lines: &[String], indent: &'static str) -> String {
    let lines: Vec<_> = lines.iter().map(|line| shown(line)).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let mut block = format!("{indent}{fence}{kind}\n");
    for line in &lines {
        block.push_str(indent);
        block.push_str(line);
        block.push('\n');
    }
    block.push_str(indent);
    block.push_str(&fence);
    block.push('\n');
    block
}

/// What a page shows of a text: all of it, but for what parsers and readers cannot take.
///
/// Long runs of backticks become escapes: parsers know only so long a fence, and GitHub's takes the 81st backtick for text.
/// A text of more bytes than a few lines have is cut. Columns are no measure for that: there are characters without width.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let text = if longest_run(text) <= LONGEST_RUN {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.replace('`', "\\u{60}"))
    };
    if text.len() <= LONGEST {
        return text;
    }
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end));
    Cow::Owned(format!("{}…", &text[..end.unwrap_or_default()]))
}

/// How many backticks stand side by side at most.
fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for byte in text.bytes() {
        run = if byte == b'`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_code_before_its_end() {
        for (text, expected) in [
            ("nginx:1.27", "`nginx:1.27`"),
            ("a`b", "``a`b``"),
            ("`a", "`` `a ``"),
            ("a``", "``` a`` ```"),
            (" a ", "`  a  `"),
            ("", "\"\""),
            ("  ", "\"  \""),
            ("<img src=x>", "`<img src=x>`"),
            ("`````````````````", &format!("`{}`", "\\u{60}".repeat(17))),
        ] {
            assert_eq!(code_of(text), expected, "{text:?}");
        }
        assert_eq!(cell(&Safe::from("a|b")), "`a\\u{7c}b`");
    }

    #[test]
    fn only_plain_words_are_bare() {
        for (text, expected) in [
            (
                "revision 2 failed; revision 1 is deployed",
                "revision 2 failed; revision 1 is deployed",
            ),
            (
                "next upgrade: fails (conflict): owned by kubectl-set",
                "next upgrade: fails (conflict): owned by kubectl-set",
            ),
            (
                "ConfigMap shop/config is 3 h old, see 2026-11-20 02:51.",
                "ConfigMap `shop/config` is 3 h old, see `2026-11-20 02:51`.",
            ),
            (
                "Service shop/a, Service shop/b",
                "Service `shop/a`, Service `shop/b`",
            ),
            ("by @octocat", "by `@octocat`"),
            ("fixes #12 and GH-12", "fixes `#12` and `GH-12`"),
            (
                "commit deadbeef, x-deadbeef and 1234567",
                "commit `deadbeef`, `x-deadbeef` and `1234567`",
            ),
            ("[a](javascript:x)", "`[a](javascript:x)`"),
            ("www.example.com", "`www.example.com`"),
            ("a *b* _c_ <b>", "a `*b* _c_ <b>`"),
            (":tada: :)", "`:tada`: `:)`"),
            ("größe \\a", "`größe \\a`"),
            ("1. first", "`1`. first"),
            (
                "in Helm's name (in Helm 3: --atomic)",
                "in Helm's name (in Helm 3: `--atomic`)",
            ),
            ("use `helm test -o x`, or (`a`)", "use `helm test -o x`, or (`a`)"),
            ("a ``b`` `c", "a ``` ``b`` ``` `` `c ``"),
            ("--- +++", "`--- +++`"),
            (",,,,", "`,,,,`"),
            ("", ""),
        ] {
            assert_eq!(prose_of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let lines = ["+ ````".to_owned(), "- a".to_owned()];
        assert_eq!(
            fenced("diff", &lines, "  "),
            "  `````diff\n  + ````\n  - a\n  `````\n"
        );
        assert_eq!(fenced("sh", &lines[1..], ""), "```sh\n- a\n```\n");
    }
}
