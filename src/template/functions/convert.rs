//! Numbers as sprig makes them of anything, which is what `spf13/cast` does (`caste.go`, `ToInt64E` and `ToFloat64E`).

use super::super::traced::{Traced, Value};
use super::super::work::Fault;

/// A float without its fraction. Where that is no integer of 64 bits, Go has the least one on the machines that Helm runs on.
pub(super) fn truncated(value: f64) -> i64 {
    // 2^63, the first float that is too large.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&value) {
        #[allow(clippy::cast_possible_truncation)] // It is within the range.
        let value = value as i64;
        value
    } else {
        i64::MIN
    }
}

/// The nearest float.
pub(super) fn as_float(value: i64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Go rounds, too.
    let value = value as f64;
    value
}

/// An integer of anything; what is no number is 0.
pub(super) fn to_int(value: &Traced) -> Result<i64, Fault> {
    match &value.value {
        Value::Int(value) => Ok(*value),
        Value::Float(value) => Ok(truncated(*value)),
        Value::Bool(value) => Ok(i64::from(*value)),
        Value::Text(text) if text.has_hole() => Err(Fault::not_known()),
        Value::Text(text) => Ok(parse_int(without_zero_fraction(text.as_str())).unwrap_or(0)),
        Value::Nil | Value::List(_) | Value::Map(_) | Value::Native(_) => Ok(0),
        Value::Unknown => Err(Fault::not_known()),
    }
}

/// A float of anything; what is no number is 0.
pub(super) fn to_float(value: &Traced) -> Result<f64, Fault> {
    match &value.value {
        Value::Int(value) => Ok(as_float(*value)),
        Value::Float(value) => Ok(*value),
        Value::Bool(value) => Ok(f64::from(u8::from(*value))),
        Value::Text(text) if text.has_hole() => Err(Fault::not_known()),
        Value::Text(text) => parse_float(text.as_str()),
        Value::Nil | Value::List(_) | Value::Map(_) | Value::Native(_) => Ok(0.0),
        Value::Unknown => Err(Fault::not_known()),
    }
}

/// `1.00` is `1` (`caste.go`, `trimZeroDecimal`).
fn without_zero_fraction(text: &str) -> &str {
    match text.trim_end_matches('0').strip_suffix('.') {
        Some(whole) if whole.len() + 1 < text.len() => whole,
        _ => text,
    }
}

/// An integer with the prefixes and underscores of Go (`strconv/atoi.go`, `ParseInt` with base 0).
fn parse_int(text: &str) -> Option<i64> {
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let prefix = unsigned.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (radix, digits) = match prefix.as_str() {
        "0b" if unsigned.len() > 2 => (2, unsigned.get(2..)?),
        "0o" if unsigned.len() > 2 => (8, unsigned.get(2..)?),
        "0x" if unsigned.len() > 2 => (16, unsigned.get(2..)?),
        _ if unsigned == "0" => return Some(0),
        _ if unsigned.starts_with('0') => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    if digits.contains('_') && !underscores_separate_digits(digits, radix != 10) {
        return None;
    }
    let digits = digits.replace('_', "");
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let value = i128::from(u64::from_str_radix(&digits, radix).ok()?);
    i64::try_from(if is_negative { -value } else { value }).ok()
}

/// Whether each underscore stands between digits, or between a prefix and a digit.
fn underscores_separate_digits(digits: &str, has_prefix: bool) -> bool {
    !digits.ends_with('_') && !digits.contains("__") && (has_prefix || !digits.starts_with('_'))
}

/// A float (`strconv/atof.go`, `ParseFloat`); 0 where the text is none or where it is too large.
fn parse_float(text: &str) -> Result<f64, Fault> {
    let unsigned = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    if unsigned.starts_with("0x") {
        // Only those with a binary exponent are floats.
        return if unsigned.contains('p') {
            Err(Fault::Unsupported("a hexadecimal float".to_owned()))
        } else {
            Ok(0.0)
        };
    }
    if text.contains('_') && !underscores_stand_between_digits(text) {
        return Ok(0.0);
    }
    let is_word = unsigned.starts_with(['i', 'n']);
    let value: f64 = text.replace('_', "").parse().unwrap_or(0.0);
    Ok(if value.is_infinite() && !is_word {
        0.0
    } else {
        value
    })
}

fn underscores_stand_between_digits(text: &str) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| {
            is_digit(at.checked_sub(1).and_then(|at| bytes.get(at))) && is_digit(bytes.get(at + 1))
        })
}

/// A decimal number (`strconv/atoi.go`, `Atoi`): the largest or the least where it is larger or less, 0 where it is none.
pub(super) fn atoi(text: &str) -> i64 {
    parse_radix(text, 10).unwrap_or(0)
}

/// An integer without prefix: the largest or the least where it is larger or less, `None` where it is none.
fn parse_radix(text: &str, radix: u32) -> Option<i64> {
    use std::num::IntErrorKind;
    match i64::from_str_radix(text, radix) {
        Ok(value) => Some(value),
        Err(error) => match error.kind() {
            IntErrorKind::PosOverflow => Some(i64::MAX),
            IntErrorKind::NegOverflow => Some(i64::MIN),
            _ => None,
        },
    }
}

/// The number that octal digits write; 0 where they are none or too many.
pub(super) fn octal(text: &str) -> i64 {
    i64::from_str_radix(text, 8).unwrap_or(0)
}
