//! Repairs of two spellings that charts contain and go-yaml's scanner reads, but the parser refuses.
//!
//! - `"it\'s"`: go-yaml accepts an escaped apostrophe in a double-quoted scalar (`yaml_parser_scan_flow_scalar` in
//!   `scannerc.go`), which is YAML of neither version.
//! - `{name:}` and `[a:, b]`: within brackets, go-yaml ends a plain scalar at a colon only when a space follows
//!   (`yaml_parser_scan_plain_scalar`), so that the colon belongs to the text. A template that renders
//!   `{name:{{ .Values.name }}}` with an empty value leaves exactly this.
//!
//! Where the parser stops at one of them, it is certain which of the two it is, and the text can be rewritten to
//! one that means the same and that the parser reads.

use std::collections::HashSet;

/// A fault at which the parser stops and that can be repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// An escape in a double-quoted scalar that it does not know.
    Escape,
    /// A colon in a plain scalar inside brackets, with a bracket, a comma or a question mark behind it.
    Colon,
}

impl Fault {
    /// Recognises the parser's wording.
    pub(super) fn of(problem: &str) -> Option<Self> {
        match problem {
            "found unknown escape character" => Some(Self::Escape),
            "found unexpected ':'" => Some(Self::Colon),
            _ => None,
        }
    }

    /// The text without the fault at this byte; none if it is something else that stands there.
    pub(super) fn repair(self, text: &str, at: usize, colon: char) -> Option<String> {
        match self {
            Self::Escape => without_escaped_apostrophes(text, at),
            Self::Colon => {
                let after = text.get(at..)?.strip_prefix(':')?;
                Some(format!("{}{colon}{after}", &text[..at]))
            }
        }
    }
}

/// Removes the backslash of every escaped apostrophe from here to the end of the double-quoted scalar.
fn without_escaped_apostrophes(text: &str, at: usize) -> Option<String> {
    let rest = text.get(at..)?;
    if !rest.starts_with("\\'") {
        return None;
    }
    let mut repaired = String::with_capacity(text.len());
    repaired.push_str(&text[..at]);
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                repaired.push('"');
                break;
            }
            '\\' => match characters.next() {
                Some('\'') => repaired.push('\''),
                escaped => repaired.extend(['\\'].into_iter().chain(escaped)),
            },
            _ => repaired.push(character),
        }
    }
    repaired.push_str(characters.as_str());
    Some(repaired)
}

/// A character to stand in for a colon: one for private use that the text does not contain.
pub(super) fn stand_in(text: &str) -> Option<char> {
    let private = '\u{E000}'..='\u{F8FF}';
    let used: HashSet<char> = text
        .chars()
        .filter(|character| private.contains(character))
        .collect();
    private.clone().find(|character| !used.contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_touches_only_the_scalar_at_fault() {
        let text = r#"a: "1\\\'2\"\'" # \'"#;
        let at = text.find(r"\'").unwrap();
        assert_eq!(
            Fault::Escape.repair(text, at, 'x').unwrap(),
            r#"a: "1\\'2\"'" # \'"#
        );
    }

    #[test]
    fn anything_else_at_that_place_is_left_alone() {
        assert_eq!(Fault::Escape.repair(r#""\q\'""#, 1, 'x'), None);
        assert_eq!(Fault::Colon.repair("{é:}", 2, 'x'), None, "inside a character");
        assert_eq!(Fault::Colon.repair("{a}", 9, 'x'), None, "beyond the end");
        assert_eq!(Fault::Colon.repair("{é:}", 3, 'x').unwrap(), "{éx}");
    }

    #[test]
    fn the_stand_in_is_new_to_the_text() {
        assert_eq!(stand_in("\u{E000}\u{E001}\u{E003}"), Some('\u{E002}'));
    }
}
