//! Regular expressions of schemas, which are Go's.
//!
//! Go's and ours are nearly the same language, and both search the text for a match (kube-openapi:
//! `pkg/validation/validate/values.go`, `Pattern`). Where they might differ, nothing is told: beyond ASCII, and where a class
//! of characters has what is an operator only here.

use std::collections::HashMap;

use regex::bytes::{Regex, RegexBuilder};

use crate::compare::work::Work;

/// The most that one compiled expression may take; those of real schemas take a tenth.
const MAX_COMPILED: usize = 1 << 20;

/// How many expressions are kept compiled; compiling one takes as long as many matches.
const MAX_KEPT: usize = 64;

/// The steps of compiling an expression, for each of its bytes.
const STEPS_PER_BYTE: usize = 8;

/// Expressions that were compiled; `None` where an expression cannot be told.
#[derive(Default)]
pub(super) struct Patterns<'p>(HashMap<&'p str, Option<Regex>>);

impl<'p> Patterns<'p> {
    /// Whether a text has the form of an expression; `None` where that cannot be told.
    pub(super) fn fits(&mut self, pattern: &'p str, text: &str, work: &Work) -> Option<bool> {
        if !text.is_ascii() {
            return None;
        }
        if !self.0.contains_key(pattern) {
            if !work.affords(pattern.len() * STEPS_PER_BYTE) {
                return None;
            }
            if self.0.len() >= MAX_KEPT {
                self.0.clear();
            }
            self.0.insert(pattern, compiled(pattern));
        }
        let expression = self.0.get(pattern)?.as_ref()?;
        Some(expression.is_match(text.as_bytes()))
    }
}

fn compiled(pattern: &str) -> Option<Regex> {
    if !pattern.is_ascii() || is_read_otherwise(pattern) {
        return None;
    }
    // In Go, `\d`, `\w`, `\s` and `\b` are about ASCII alone.
    let mut builder = RegexBuilder::new(pattern);
    builder
        .unicode(false)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED);
    builder.build().ok()
}

/// Whether a class of characters has a class in it, or two of the signs that are operators there: Go takes them as they
/// stand. `\b{start}` is a boundary here alone, and `\<` and `\>` are.
fn is_read_otherwise(pattern: &str) -> bool {
    let operators = ["&&", "--", "~~"];
    if operators.iter().any(|operator| pattern.contains(operator))
        || ["\\b{", "\\<", "\\>"].iter().any(|sign| pattern.contains(sign))
    {
        return true;
    }
    let mut is_in_class = false;
    let mut signs = pattern.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => {
                signs.next();
            }
            '[' if is_in_class => return true,
            '[' => {
                is_in_class = true;
                // What comes first stands for itself, a closing bracket too.
                if signs.peek() == Some(&'^') {
                    signs.next();
                }
                if signs.peek() == Some(&']') {
                    signs.next();
                }
            }
            ']' => is_in_class = false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_held_to_the_expression_as_go_reads_it() {
        let work = Work::of_steps(1_000_000);
        let mut patterns = Patterns::default();
        for (pattern, text, expected) in [
            ("^[a-z]+$", "abc", Some(true)),
            ("^[a-z]+$", "Abc", Some(false)),
            // It is searched for.
            ("b", "abc", Some(true)),
            ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b", Some(true)),
            (r"^\d{1,3}(\.\d{1,3}){3}$", "10.0.0", Some(false)),
            ("^(|https?://.*)$", "", Some(true)),
            ("^[]x]$", "]", Some(true)),
            // The end of the text, not of its last line.
            ("^a$", "a\n", Some(false)),
            // What Go and we might read otherwise.
            ("^[a-z&&[^b]]$", "a", None),
            ("^[a--b]$", "a", None),
            ("^[a[b]$", "[", None),
            ("^é$", "e", None),
            ("^.$", "é", None),
            (r"^\p{L}$", "a", None),
            ("(", "a", None),
            ("(((a{1000}){1000}){1000})", "a", None),
        ] {
            assert_eq!(
                patterns.fits(pattern, text, &work),
                expected,
                "{pattern} {text:?}"
            );
        }
    }
}
