//! Characters as Go's `unicode` and `strconv` see them.

use std::fmt::Write as _;

use super::super::work::Fault;

/// Whether Go prints the character as it is (`unicode.IsPrint`): letters, marks, numbers, punctuation, symbols, the space.
pub(super) fn is_print(character: char) -> bool {
    if character.is_ascii() {
        return character == ' ' || character.is_ascii_graphic();
    }
    // After another character, marks are not escaped by Rust, either: what is left are the characters that do not print.
    let mut bytes = [0_u8; 8];
    bytes[0] = b'a';
    let len = bytes
        .get_mut(1..)
        .map_or(0, |rest| character.encode_utf8(rest).len());
    let after_letter = bytes
        .get(..=len)
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    after_letter.is_some_and(|text| text.escape_debug().nth(1) == Some(character))
}

/// The characters as they stand between the quotes of Go's `%q` (`strconv.Quote`).
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            character if is_print(character) => quoted.push(character),
            character => {
                let code = u32::from(character);
                // Writing to a text does not fail.
                let _ = match code {
                    0..0x80 => write!(quoted, "\\x{code:02x}"),
                    0x80..0x1_0000 => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
    quoted
}

/// The upper-case character of one (`unicode.ToUpper`). Go maps one character to one; where that is not what Rust knows,
/// it is not known.
pub(super) fn upper(character: char) -> Result<char, Fault> {
    single(character, character.to_uppercase())
}

/// The lower-case character of one (`unicode.ToLower`).
pub(super) fn lower(character: char) -> Result<char, Fault> {
    single(character, character.to_lowercase())
}

/// The title-case character of one (`unicode.ToTitle`).
pub(super) fn title(character: char) -> Result<char, Fault> {
    match character {
        // Digraphs have a title case of their own, and Georgian letters stay as they are.
        '\u{1c4}'..='\u{1cc}' | '\u{1f1}'..='\u{1f3}' | '\u{10d0}'..='\u{10ff}' => Err(unlike(character)),
        _ => upper(character),
    }
}

fn single(character: char, mut mapped: impl Iterator<Item = char>) -> Result<char, Fault> {
    match (mapped.next(), mapped.next()) {
        (Some(mapped), None) => Ok(mapped),
        _ => Err(unlike(character)),
    }
}

fn unlike(character: char) -> Fault {
    Fault::Unsupported(format!("the case of {character:?}"))
}

/// Refuses a text whose characters Go and Rust may sort differently into upper and lower case.
pub(super) fn only_ascii(text: &str) -> Result<(), Fault> {
    if text.is_ascii() {
        Ok(())
    } else {
        Err(Fault::Unsupported(
            "the case of letters outside of ASCII".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{is_print, quoted};

    #[test]
    fn marks_and_letters_print_but_spaces_and_controls_do_not() {
        for character in ['a', ' ', 'é', '\u{301}', '漢', '😀', '\u{2019}'] {
            assert!(is_print(character), "{character:?}");
        }
        for character in [
            '\0', '\u{7f}', '\u{a0}', '\u{ad}', '\u{200b}', '\u{2028}', '\u{feff}', '\u{e000}',
        ] {
            assert!(!is_print(character), "{character:?}");
        }
    }

    #[test]
    fn a_text_is_quoted_as_go_quotes_it() {
        assert_eq!(
            quoted("a\"b\\\n\t\u{1}é\u{a0}\u{200b}\u{e0001}"),
            "a\\\"b\\\\\\n\\t\\x01é\\u00a0\\u200b\\U000e0001"
        );
    }
}
