//! The marks in the tables, and what is put in their place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Version;

/// A row's text with its marks filled in.
pub(crate) struct Filled {
    pub(crate) text: String,
    /// What stands in place of the marks, in base64 too where it is.
    pub(crate) marks: Vec<String>,
}

/// The beginning of a part that is put into base64.
const ENCODED: &str = "<b64:";

/// Fills the marks of a row in, with other texts for each version.
pub(crate) fn filled(text: &str, row: usize, version: Version) -> Filled {
    let mut marks: Vec<String> = Vec::new();
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, mark) = rest.split_at(at);
        result.push_str(before);
        let end = mark.find('>').unwrap_or(mark.len());
        // A value stands for the same text wherever it is in its row.
        let seed = match &mark[1..end.max(1)] {
            "v" => row * 1_000 + 99,
            _ => row * 1_000 + marks.len() * 2,
        } + usize::from(version == Version::Live) * 500_000_000;
        if let Some(value) = value(&mark[1..end.max(1)], seed) {
            result.push_str(&value);
            if !marks.contains(&value) {
                marks.push(value);
            }
            rest = &mark[end + 1..];
        } else {
            result.push('<');
            rest = &mark[1..];
        }
    }
    result.push_str(rest);
    while let Some(at) = result.find(ENCODED) {
        let end = at + result[at..].find('>').unwrap();
        let encoded = STANDARD.encode(&result[at + ENCODED.len()..end]);
        result.replace_range(at..=end, &encoded);
        // Without its end, which depends on what follows.
        marks.push(encoded.trim_end_matches('=').to_owned());
    }
    Filled { text: result, marks }
}

/// The text in place of a mark.
fn value(mark: &str, seed: usize) -> Option<String> {
    const DIGITS: &str = "0123456789";
    const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const ALL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let (alphabet, length) = match mark {
        "s" => (ALL, 20),
        "v" => ("abcdefghijklmnopqrstuvwxyz", 9),
        "n" => (DIGITS, 12),
        _ => {
            let length = mark.get(1..)?.parse().ok()?;
            match mark.as_bytes().first()? {
                b'U' => (CAPITALS, length),
                b'h' => ("0123456789abcdef", length),
                b'a' => (ALL, length),
                _ => return None,
            }
        }
    };
    let mut state = seed as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        // SplitMix64: the texts only have to differ and to look like no words.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let letters = alphabet.as_bytes();
    let mut text: String = (0..length)
        .map(|_| char::from(letters[usize::try_from(next() % letters.len() as u64).unwrap()]))
        .collect();
    if mark == "n" {
        text.replace_range(0..1, "7");
    }
    if alphabet == ALL && length > 3 {
        text.replace_range(1..4, "q7Z");
    }
    Some(text)
}
