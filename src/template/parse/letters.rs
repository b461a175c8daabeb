//! What Go takes for letters and digits.

use std::sync::LazyLock;

use regex::Regex;

/// Decimal digits of all scripts.
static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\d$").ok());

/// Whether Go's `unicode.IsDigit` holds.
pub(in super::super) fn is_digit(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_digit();
    }
    character.is_numeric()
        && DIGIT
            .as_ref()
            .is_some_and(|digit| digit.is_match(character.encode_utf8(&mut [0; 4])))
}

/// Whether Go's `unicode.IsLetter` holds. Unlike in Go, the marks that some scripts write with letters count as well.
pub(in super::super) fn is_letter(character: char) -> bool {
    // What is both is a number that looks like letters, such as a Roman one; letters in circles are symbols.
    let is_symbol = matches!(character, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    character.is_alphabetic() && !character.is_numeric() && !is_symbol
}
