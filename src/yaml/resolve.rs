//! The type and value of a scalar: go-yaml v2's rules, which are YAML 1.1 with exceptions of their own.
//!
//! Mirrors `resolve` in `resolve.go` and `decoder.scalar` in `decode.go` of go.yaml.in/yaml/v2 2.4.3, and the
//! key rules of `convertToJSONableObject` in sigs.k8s.io/yaml 1.6 (`yaml.go`). The numbers end as the API server
//! would store them: `Unstructured` objects know `int64` and `float64` only, and Go writes an integral float
//! without a fraction (`floatEncoder` in encoding/json).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Number, Value};

use super::event::ScalarEvent;

/// The prefix that `!!` stands for.
const PREFIX: &str = "tag:yaml.org,2002:";

/// Go's `base64.StdEncoding`: padding required, stray bits in the last character ignored.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A scalar with its type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    /// `~`, `null` or nothing at all.
    Null,
    /// `yes`, `off`, `true`, …
    Bool(bool),
    /// A number that fits 64 bits with a sign.
    Integer(i64),
    /// A number that fits 64 bits only without a sign.
    Unsigned(u64),
    /// Any other number, and `.inf` and `.nan`.
    Float(f64),
    /// Everything else.
    Text(String),
}

/// Why a scalar has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// The explicit tag asks for a type the text is not of.
    Tag,
    /// A `!!binary` that is not base64.
    Base64,
}

/// The tags that go-yaml interprets; any other tag makes the scalar a string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    None,
    Bool,
    Integer,
    Float,
    Null,
    Timestamp,
}

/// Decides the type of a scalar.
pub(super) fn resolve(scalar: ScalarEvent) -> Result<Scalar, Unresolved> {
    let tag = match scalar.tag.as_deref() {
        None | Some("") if !scalar.implicit => return Ok(Scalar::Text(scalar.text)),
        None | Some("") => Tag::None,
        Some(tag) => match tag.strip_prefix(PREFIX) {
            Some("bool") => Tag::Bool,
            Some("int") => Tag::Integer,
            Some("float") => Tag::Float,
            Some("null") => Tag::Null,
            Some("timestamp") => Tag::Timestamp,
            Some("binary") => return binary(&scalar.text).map(Scalar::Text).ok_or(Unresolved::Base64),
            Some(_) | None => return Ok(Scalar::Text(scalar.text)),
        },
    };
    let found = typed(&scalar.text);
    match (tag, found) {
        (Tag::None, None) => Ok(Scalar::Text(scalar.text)),
        (Tag::None, Some(found))
        | (Tag::Bool, Some(found @ Scalar::Bool(_)))
        | (Tag::Integer, Some(found @ (Scalar::Integer(_) | Scalar::Unsigned(_))))
        | (Tag::Float, Some(found @ Scalar::Float(_)))
        | (Tag::Null, Some(found @ Scalar::Null)) => Ok(found),
        #[expect(
            clippy::cast_precision_loss,
            reason = "go-yaml converts with float64(v), which rounds as well"
        )]
        (Tag::Float, Some(Scalar::Integer(integer))) => Ok(Scalar::Float(integer as f64)),
        (Tag::Timestamp, None) if looks_like_timestamp(&scalar.text) => Ok(Scalar::Text(scalar.text)),
        (Tag::Bool | Tag::Integer | Tag::Float | Tag::Null | Tag::Timestamp, _) => Err(Unresolved::Tag),
    }
}

/// The type a plain text has of itself, none for a string. The first character rules most texts out.
fn typed(text: &str) -> Option<Scalar> {
    match text.as_bytes().first() {
        None | Some(b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O') => word(text),
        Some(b'.') => word(text).or_else(|| dotted_float(text).map(Scalar::Float)),
        Some(b'+' | b'-' | b'0'..=b'9') => word(text).or_else(|| number(text)),
        Some(_) => None,
    }
}

/// The spellings in go-yaml's table. No others: `yEs` is a string.
fn word(text: &str) -> Option<Scalar> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// Integers in any base, then floats, with underscores anywhere.
fn number(text: &str) -> Option<Scalar> {
    let stripped;
    let plain = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    integer(plain)
        .or_else(|| decimal_float(plain).map(Scalar::Float))
        .or_else(|| binary_with_inner_sign(plain).map(Scalar::Integer))
}

/// Go's `strconv.ParseInt(s, 0, 64)`, then `strconv.ParseUint(s, 0, 64)`.
fn integer(text: &str) -> Option<Scalar> {
    if let Some(digits) = text.strip_prefix('-') {
        return 0_i64
            .checked_sub_unsigned(magnitude(digits)?)
            .map(Scalar::Integer);
    }
    let unsigned = text.strip_prefix('+');
    let value = magnitude(unsigned.unwrap_or(text))?;
    match (i64::try_from(value), unsigned) {
        (Ok(value), _) => Some(Scalar::Integer(value)),
        (Err(_), None) => Some(Scalar::Unsigned(value)),
        (Err(_), Some(_)) => None,
    }
}

/// The digits of an integer without sign; a leading zero means octal, as in Go and C.
fn magnitude(digits: &str) -> Option<u64> {
    let (digits, radix) = match digits.as_bytes() {
        [] => return None,
        [b'0', b'b' | b'B', _, ..] => (&digits[2..], 2),
        [b'0', b'o' | b'O', _, ..] => (&digits[2..], 8),
        [b'0', b'x' | b'X', _, ..] => (&digits[2..], 16),
        [b'0'] => return Some(0),
        [b'0', ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    if digits.starts_with('+') {
        None
    } else {
        u64::from_str_radix(digits, radix).ok()
    }
}

/// Go's `yamlStyleFloat` pattern, then `strconv.ParseFloat`; what overflows stays a string.
fn decimal_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    // Of what Rust reads as a float, only the words `inf` and `nan` are not in the pattern.
    if !unsigned.starts_with(|first: char| first == '.' || first.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Go's `strconv.ParseFloat` on a text that starts with a dot: underscores may stand between digits.
fn dotted_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let misplaced = |(index, byte): (usize, &u8)| {
        let digit = |at: Option<&u8>| at.is_some_and(|&byte| byte.is_ascii_digit() || byte == b'_');
        *byte == b'_' && !(digit(bytes.get(index.wrapping_sub(1))) && digit(bytes.get(index + 1)))
    };
    if text.contains("__") || bytes.iter().enumerate().any(misplaced) {
        return None;
    }
    decimal_float(&text.replace('_', ""))
}

/// A leftover of go-yaml: after `0b` has failed as an integer, what follows it may still carry a sign.
fn binary_with_inner_sign(text: &str) -> Option<i64> {
    text.strip_prefix("0b")
        .filter(|rest| rest.starts_with(['+', '-']))
        .and_then(|rest| i64::from_str_radix(rest, 2).ok())
}

/// Whether the text has the outline of the timestamps go-yaml knows: a date, and perhaps a time.
///
/// Only an explicit `!!timestamp` asks, and its value stays a string. Days of the month and time zones are not
/// checked: Go would refuse some that pass here, and Helm could not have installed those.
fn looks_like_timestamp(text: &str) -> bool {
    let date = text.find(['T', 't', ' ']).map_or(text, |end| &text[..end]);
    let mut parts = date.split('-');
    let mut digits = |lengths: std::ops::RangeInclusive<usize>| {
        parts.next().is_some_and(|part| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    digits(4..=4) && digits(1..=2) && digits(1..=2) && parts.next().is_none()
}

/// Decodes `!!binary`. Go's JSON writer then replaces every byte that is not UTF-8 by U+FFFD, one by one.
fn binary(text: &str) -> Option<String> {
    let encoded: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let bytes = BASE64.decode(encoded).ok()?;
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Some(decoded)
}

impl Scalar {
    /// The scalar as a JSON value; none for `.nan` and `.inf`, which JSON cannot hold.
    pub(super) fn into_value(self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => Value::from(value),
            #[expect(
                clippy::cast_precision_loss,
                reason = "Unstructured keeps what exceeds int64 as float64"
            )]
            Self::Unsigned(value) => Value::Number(go_number(value as f64)?),
            Self::Float(value) => Value::Number(go_number(value)?),
            Self::Text(text) => Value::String(text),
        })
    }

    /// The scalar as a key of a JSON object; none for what sigs.k8s.io/yaml refuses as a key.
    pub(super) fn into_key(self) -> Option<String> {
        match self {
            Self::Null | Self::Unsigned(_) => None,
            Self::Bool(value) => Some(value.to_string()),
            Self::Integer(value) => Some(value.to_string()),
            Self::Float(value) => Some(float_key(value)),
            Self::Text(text) => Some(text),
        }
    }

    /// The bytes a copy of it takes besides its fixed size.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Unsigned(_) | Self::Float(_) => 0,
        }
    }
}

/// A float as a reader of Go's JSON output sees it: without fraction and below 1e21 it is an integer.
pub(super) fn go_number(value: f64) -> Option<Number> {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        // As Go does, `Display` writes the shortest digits that identify the float and pads with zeros.
        let digits = value.to_string();
        if let Ok(integer) = digits.parse::<i64>() {
            return Some(integer.into());
        }
        if let Ok(integer) = digits.parse::<u64>() {
            return Some(integer.into());
        }
    }
    Number::from_f64(value)
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 32)`, with go-yaml's words for what is not a number.
fn float_key(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "sigs.k8s.io/yaml formats keys as 32-bit floats"
    )]
    let value = value as f32;
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(-4..=5) | Err(_) => value.to_string(),
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}
