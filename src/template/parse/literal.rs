//! Numbers and texts of templates, as Go's `strconv` and `text/template` read them.

use std::rc::Rc;

use super::super::ast::Operand;
use super::super::work::Fault;
use super::failed;

/// A text in quotes or back quotes (`strconv.Unquote`).
pub(super) fn unquote(quoted: &str, line: usize) -> Result<Rc<str>, Fault> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if quoted.starts_with('`') {
        // Go leaves carriage returns out of raw texts.
        return Ok(inner.replace('\r', "").into());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let (unit, after) =
            unescape(rest, '"').ok_or_else(|| failed("a text has an unknown escape", line))?;
        match unit {
            Unit::Byte(byte) => bytes.push(byte),
            Unit::Character(character) => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = after;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(Fault::Unsupported("a text that is not UTF-8".to_owned())),
    }
}

/// What one character or escape of a text stands for.
enum Unit {
    Byte(u8),
    Character(char),
}

/// Reads a character or an escape (`strconv.UnquoteChar`).
fn unescape(text: &str, quote: char) -> Option<(Unit, &str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    if first == quote {
        return None;
    }
    if first != '\\' {
        return Some((Unit::Character(first), characters.as_str()));
    }
    let escape = characters.next()?;
    let rest = characters.as_str();
    let simple = |character| Some((Unit::Character(character), rest));
    match escape {
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        '\\' => simple('\\'),
        '\'' | '"' if escape == quote => simple(escape),
        'x' => {
            let (value, rest) = digits(rest, 2, 16)?;
            Some((Unit::Byte(u8::try_from(value).ok()?), rest))
        }
        'u' | 'U' => {
            let (value, rest) = digits(rest, if escape == 'u' { 4 } else { 8 }, 16)?;
            Some((Unit::Character(char::from_u32(value)?), rest))
        }
        '0'..='7' => {
            let (value, rest) = digits(text.get(1..)?, 3, 8)?;
            Some((Unit::Byte(u8::try_from(value).ok()?), rest))
        }
        _ => None,
    }
}

/// Reads exactly as many digits.
fn digits(text: &str, count: usize, radix: u32) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some((u32::from_str_radix(digits, radix).ok()?, rest))
}

/// A character in quotes, which is a number.
pub(super) fn character(quoted: &str, line: usize) -> Result<Operand, Fault> {
    let bad = || failed("a character in quotes is none", line);
    let (unit, rest) = unescape(quoted.get(1..).unwrap_or_default(), '\'').ok_or_else(bad)?;
    if rest != "'" {
        return Err(bad());
    }
    Ok(Operand::Int(match unit {
        Unit::Byte(byte) => i64::from(byte),
        Unit::Character(character) => i64::from(u32::from(character)),
    }))
}

/// A number (`text/template/parse/node.go`, `newNumber`, and `text/template/exec.go`, `idealConstant`).
pub(super) fn number(text: &str, line: usize) -> Result<Operand, Fault> {
    let bad = || failed("what begins as a number is none", line);
    let complex = || Err(Fault::Unsupported("a complex number".to_owned()));
    if let Some(imaginary) = text.strip_suffix('i') {
        return if float(imaginary).is_some() {
            complex()
        } else {
            Err(bad())
        };
    }
    let has_fraction = text.contains(['.', 'e', 'E', 'p', 'P']);
    let is_hex_integer = (text.starts_with("0x") || text.starts_with("0X")) && !text.contains(['p', 'P']);
    match integer(text) {
        Some(Integer::Fits(value)) if has_fraction && !is_hex_integer => {
            Ok(Operand::Float(int_to_float(value)))
        }
        Some(Integer::Fits(value)) => Ok(Operand::Int(value)),
        Some(Integer::Large) => Err(Fault::Unsupported(
            "an integer beyond 64 bits with a sign".to_owned(),
        )),
        None if has_fraction => float(text).map(Operand::Float).ok_or_else(bad),
        None => Err(bad()),
    }
}

/// What `strconv.ParseInt` or `ParseUint` read.
enum Integer {
    /// An integer of 64 bits with a sign.
    Fits(i64),
    /// One of 64 bits without a sign.
    Large,
}

/// An integer with an optional base, as `strconv.ParseInt` and `ParseUint` read it for base 0.
fn integer(text: &str) -> Option<Integer> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.get(..1)?, digits),
        None => ("", text),
    };
    if !underscores_are_right(digits) {
        return None;
    }
    let (radix, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    let digits: String = digits.chars().filter(|digit| *digit != '_').collect();
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    if let Ok(value) = i64::from_str_radix(&format!("{sign}{digits}"), radix) {
        return Some(Integer::Fits(value));
    }
    (sign.is_empty() && u64::from_str_radix(&digits, radix).is_ok()).then_some(Integer::Large)
}

/// A float, as `strconv.ParseFloat` reads it.
fn float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !underscores_are_right(digits) {
        return None;
    }
    let plain: String = text.chars().filter(|digit| *digit != '_').collect();
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    if let Some(hex) = unsigned
        .strip_prefix("0x")
        .or_else(|| unsigned.strip_prefix("0X"))
    {
        let value = hex_float(hex)?;
        return Some(if plain.starts_with('-') { -value } else { value });
    }
    // Rust reads what Go reads, but for the words `inf` and `nan`, which no number here holds.
    let is_number = unsigned
        .chars()
        .all(|digit| digit.is_ascii_digit() || matches!(digit, '.' | 'e' | 'E' | '+' | '-'));
    let value: f64 = if is_number {
        plain.parse().ok()?
    } else {
        return None;
    };
    value.is_finite().then_some(value)
}

/// A hexadecimal float without its `0x`; at most 52 bits.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let value = u64::from_str_radix(&digits, 16)
        .ok()
        .filter(|value| *value < 1 << 53)?;
    let exponent: i32 = exponent.parse().ok()?;
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    #[expect(clippy::cast_precision_loss, reason = "it has at most 53 bits")]
    let value = value as f64;
    let half = shift.clamp(-2000, 2000) / 2;
    let scaled = value * 2_f64.powi(half) * 2_f64.powi(shift.clamp(-2000, 2000) - half);
    scaled.is_finite().then_some(scaled)
}

/// Whether underscores stand between digits only (`strconv`, `underscoreOK`).
fn underscores_are_right(digits: &str) -> bool {
    let lower = digits.to_ascii_lowercase();
    let (is_hex, rest, mut after_digit) = match lower.get(..2) {
        Some("0x") => (true, lower.get(2..), true),
        Some("0o" | "0b") => (false, lower.get(2..), true),
        _ => (false, Some(lower.as_str()), false),
    };
    let mut after_underscore = false;
    for character in rest.unwrap_or_default().chars() {
        if character == '_' {
            if !after_digit {
                return false;
            }
            (after_digit, after_underscore) = (false, true);
            continue;
        }
        let is_digit = character.is_ascii_digit() || is_hex && character.is_ascii_hexdigit();
        if after_underscore && !is_digit {
            return false;
        }
        (after_digit, after_underscore) = (is_digit, false);
    }
    !after_underscore
}

#[expect(clippy::cast_precision_loss, reason = "Go rounds it the same way")]
const fn int_to_float(value: i64) -> f64 {
    value as f64
}
