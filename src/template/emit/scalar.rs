//! How YAML writes a text: plain, in quotes or as a block (go-yaml, `emitterc.go`, `yaml_emitter_analyze_scalar` and
//! `yaml_emitter_select_scalar_style`).

use super::resolve::{Dialect, needs_quotes};

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// In `'`.
    Single,
    /// In `"`, with escapes.
    Double,
    /// After `|`, in lines of its own.
    Literal,
}

/// What a text holds.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "libyaml asks each of them")]
struct Analysis {
    is_multiline: bool,
    plain_allowed: bool,
    single_allowed: bool,
    block_allowed: bool,
}

/// Whether a line ends with it, as libyaml has it.
pub(super) const fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether it may be written as it is.
pub(super) const fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether a text can be the name of a field without `?` before it.
pub(super) fn is_simple_key(text: &str) -> bool {
    text.len() <= 128 && !text.contains(is_break)
}

/// How a text is written as a value, or as the name of a field that stands before its colon.
pub(super) fn style(text: &str, is_key: bool, dialect: Dialect) -> Style {
    let analysis = analyze(text, dialect);
    let mut style = if text.contains('\n') {
        Style::Literal
    } else if needs_quotes(text, dialect) {
        Style::Double
    } else {
        Style::Plain
    };
    if is_key && analysis.is_multiline {
        style = Style::Double;
    }
    if style == Style::Plain && (!analysis.plain_allowed || text.is_empty() && is_key) {
        style = Style::Single;
    }
    if style == Style::Single && !analysis.single_allowed {
        style = Style::Double;
    }
    if style == Style::Literal && (!analysis.block_allowed || is_key) {
        style = Style::Double;
    }
    style
}

fn analyze(text: &str, dialect: Dialect) -> Analysis {
    if text.is_empty() {
        return Analysis {
            is_multiline: false,
            plain_allowed: true,
            single_allowed: true,
            block_allowed: false,
        };
    }
    let mut has_indicator = text.starts_with("---") || text.starts_with("...");
    let mut has_break = false;
    let mut has_special = false;
    let mut has_tab = false;
    let mut break_then_space = false;
    let mut space_then_break = false;
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_first = before.is_none();
        let ends_word = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        let after_space = before.is_none_or(|before| matches!(before, ' ' | '\t' | '\0') || is_break(before));
        has_indicator |= match character {
            '#' => after_space,
            ':' => ends_word,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                is_first
            }
            '?' | '-' => is_first && ends_word,
            _ => false,
        };
        if character == '\t' && dialect == Dialect::Three {
            has_tab = true;
        } else if !is_printable(character) {
            has_special = true;
        }
        if character == ' ' {
            break_then_space |= before.is_some_and(is_break);
        } else if is_break(character) {
            has_break = true;
            space_then_break |= before == Some(' ');
        }
        before = Some(character);
    }
    let is_edge =
        |character: Option<char>| character.is_some_and(|character| character == ' ' || is_break(character));
    let has_edge = is_edge(text.chars().next()) || is_edge(text.chars().next_back());
    let is_odd = space_then_break || has_special;
    Analysis {
        is_multiline: has_break,
        plain_allowed: !(has_edge || has_indicator || has_break || break_then_space || has_tab || is_odd),
        single_allowed: !(break_then_space || has_tab || is_odd),
        block_allowed: !(text.ends_with(' ') || is_odd),
    }
}
