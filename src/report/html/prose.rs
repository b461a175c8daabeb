//! Sentences in which backticks set off code.

use crate::report::text::safe::Safe;

/// How many pieces of code of one text are set off.
const CODES: usize = 50;

/// A sentence, in parts.
pub(super) struct Prose {
    /// The parts, in their order; without the backticks that set them off.
    pub(super) parts: Vec<Span>,
}

/// A part of a sentence.
pub(super) struct Span {
    /// Whether it is code.
    pub(super) is_code: bool,
    /// What it says.
    pub(super) text: String,
}

impl Prose {
    /// The parts of a text. A backtick that sets nothing off stays as it is.
    pub(super) fn of(text: &Safe) -> Self {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        let mut codes = 0;
        while let Some((before, code, after)) = next_code(rest).filter(|_| codes < CODES) {
            if !before.is_empty() {
                parts.push(span(false, before));
            }
            parts.push(span(true, code));
            rest = after;
            codes += 1;
        }
        if !rest.is_empty() {
            parts.push(span(false, rest));
        }
        Self { parts }
    }
}

/// What stands before the first code of a text, the code, and what stands behind it.
fn next_code(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    (!code.trim().is_empty()).then_some((before, code, after))
}

fn span(is_code: bool, text: &str) -> Span {
    Span {
        is_code,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sanitize::Medium;

    #[test]
    fn code_is_set_off_and_a_single_backtick_stays() {
        for (text, told) in [
            ("no code", vec![(false, "no code")]),
            (
                "run `a -b` or `c`",
                vec![(false, "run "), (true, "a -b"), (false, " or "), (true, "c")],
            ),
            ("`a` and ` alone", vec![(true, "a"), (false, " and ` alone")]),
            ("`` nothing", vec![(false, "`` nothing")]),
            ("", vec![]),
        ] {
            let prose = Prose::of(&Safe::of(text, Medium::Terminal));
            let parts: Vec<_> = prose
                .parts
                .iter()
                .map(|part| (part.is_code, part.text.as_str()))
                .collect();
            assert_eq!(parts, told, "{text}");
        }
        let many = Prose::of(&Safe::of(&"`a` ".repeat(10_000), Medium::Terminal));
        assert!(many.parts.len() <= 2 * CODES + 1);
    }
}
