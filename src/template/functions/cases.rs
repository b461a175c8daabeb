//! `snakecase` and `kebabcase`: words with something between them (`xstrings`, `camelCaseToLowerCase`).

use super::super::work::Fault;
use super::Function;
use super::characters;
use super::words::rewritten;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "snakecase" => Function::of(|args, work| rewritten(args, |text| connected(text, '_'), work)),
        "kebabcase" => Function::of(|args, work| rewritten(args, |text| connected(text, '-'), work)),
        _ => return None,
    })
}

/// What a word is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// There is no word left.
    End,
    Number,
    /// It starts with a large letter.
    Upper,
    /// It starts with a small letter.
    Lower,
    /// Spaces, `-` and `_`.
    Connector,
    Punctuation,
    /// Symbols and controls.
    Other,
}

/// The words of a text, one after another.
struct Words<'a> {
    rest: &'a str,
}

fn is_connector(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b' ' | b'\t'..=b'\r')
}

/// Punctuation as Unicode has it, to which a few marks of ASCII are symbols.
fn is_punctuation(byte: u8) -> bool {
    byte.is_ascii_punctuation()
        && !matches!(byte, b'$' | b'+' | b'<' | b'=' | b'>' | b'^' | b'`' | b'|' | b'~')
}

impl<'a> Words<'a> {
    fn next(&mut self) -> (Word, &'a str) {
        let bytes = self.rest.as_bytes();
        let Some(&first) = bytes.first() else {
            return (Word::End, "");
        };
        let run = |from: usize, is_part: fn(u8) -> bool| {
            let rest = bytes.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|byte| is_part(**byte)).count()
        };
        let (word, end) = if is_connector(first) {
            (Word::Connector, run(1, is_connector))
        } else if is_punctuation(first) {
            (Word::Punctuation, run(1, is_punctuation))
        } else if first.is_ascii_uppercase() {
            (Word::Upper, upper_end(bytes, run))
        } else if first.is_ascii_lowercase() {
            (Word::Lower, run(1, |byte| byte.is_ascii_lowercase()))
        } else if first.is_ascii_digit() {
            (Word::Number, run(1, |byte| byte.is_ascii_digit()))
        } else {
            let is_other =
                |byte: u8| !is_connector(byte) && !byte.is_ascii_alphanumeric() && !is_punctuation(byte);
            (Word::Other, run(1, is_other))
        };
        let (text, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        (word, text)
    }
}

/// Where a word ends that starts with a large letter: of several large ones, the last belongs to the small ones behind it.
fn upper_end(bytes: &[u8], run: impl Fn(usize, fn(u8) -> bool) -> usize) -> usize {
    match bytes.get(1) {
        Some(second) if second.is_ascii_uppercase() => {
            let end = run(2, |byte| byte.is_ascii_uppercase());
            if bytes.get(end).is_some_and(u8::is_ascii_lowercase) {
                end - 1
            } else {
                end
            }
        }
        Some(second) if second.is_ascii_lowercase() => run(2, |byte| byte.is_ascii_lowercase()),
        _ => 1,
    }
}

fn connected(text: &str, connector: char) -> Result<String, Fault> {
    characters::only_ascii(text)?;
    let mut words = Words { rest: text };
    let mut out = String::with_capacity(text.len());
    let (mut word, mut part) = words.next();
    while !words.rest.is_empty() {
        if word != Word::Connector {
            write(&mut out, word, part, connector);
        }
        let (before, last) = (word, part);
        (word, part) = words.next();
        match before {
            Word::Number => {
                (word, part) = take_words(&mut words, &mut out, word, part, connector);
                if !matches!(word, Word::End | Word::Punctuation | Word::Connector) {
                    out.push(connector);
                }
            }
            Word::Connector => write(&mut out, before, last, connector),
            Word::Punctuation => {}
            Word::Upper | Word::Lower | Word::Other | Word::End if word != Word::Number => {
                if !matches!(word, Word::Connector | Word::Punctuation) {
                    out.push(connector);
                }
            }
            Word::Upper | Word::Lower | Word::Other | Word::End => {
                if words.rest.is_empty() {
                    break;
                }
                // A number belongs to the word before it, unless small letters follow.
                let number = part;
                (word, part) = words.next();
                if word == Word::Lower {
                    out.push(connector);
                    write(&mut out, Word::Number, number, connector);
                    (word, part) = take_words(&mut words, &mut out, word, part, connector);
                    if !matches!(word, Word::End | Word::Connector | Word::Punctuation) {
                        out.push(connector);
                    }
                } else {
                    write(&mut out, Word::Number, number, connector);
                    if !matches!(word, Word::Connector | Word::Punctuation) {
                        out.push(connector);
                    }
                }
            }
        }
    }
    write(&mut out, word, part, connector);
    Ok(out)
}

/// Writes small letters and numbers as one word, and returns the word behind them.
fn take_words<'a>(
    words: &mut Words<'a>,
    out: &mut String,
    mut word: Word,
    mut part: &'a str,
    connector: char,
) -> (Word, &'a str) {
    while matches!(word, Word::Lower | Word::Number) {
        write(out, word, part, connector);
        (word, part) = words.next();
    }
    (word, part)
}

fn write(out: &mut String, word: Word, part: &str, connector: char) {
    match word {
        Word::Upper => out.push_str(&part.to_ascii_lowercase()),
        Word::Connector => out.extend(part.chars().map(|_| connector)),
        Word::Number | Word::Lower | Word::Punctuation | Word::Other | Word::End => out.push_str(part),
    }
}
