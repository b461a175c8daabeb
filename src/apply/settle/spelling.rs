//! The spelling in which the API server writes a value of a built-in type.
//!
//! What is sent is read into Go types and written from them again, so that `1000m` becomes `1`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::compare::quantity::Quantity;
use crate::types::ValueKind;

/// How a value is spelled after it was read and written.
pub(super) enum Spelling {
    /// As it was.
    Same,
    /// In this way.
    Other(Value),
    /// It cannot be told.
    Unknown,
}

/// The spelling of a value that is no list and no object.
pub(super) fn of(kind: ValueKind, value: &Value) -> Spelling {
    match kind {
        ValueKind::Quantity => amount(value).map_or(Spelling::Unknown, |text| changed(value, text)),
        ValueKind::Bytes => bytes(value),
        ValueKind::Time => time(value),
        ValueKind::Duration
        | ValueKind::String
        | ValueKind::Integer
        | ValueKind::Number
        | ValueKind::Boolean
        | ValueKind::IntOrString
        | ValueKind::Object
        | ValueKind::Map
        | ValueKind::List
        | ValueKind::Any => Spelling::Same,
    }
}

fn changed(value: &Value, text: String) -> Spelling {
    if value.as_str() == Some(text.as_str()) {
        Spelling::Same
    } else {
        Spelling::Other(Value::from(text))
    }
}

/// Base64 as Go writes it: the line breaks that it reads over are gone.
fn bytes(value: &Value) -> Spelling {
    let Some(text) = value.as_str() else {
        return Spelling::Unknown;
    };
    let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    match STANDARD.decode(&joined) {
        Ok(bytes) => changed(value, STANDARD.encode(bytes)),
        Err(_) => Spelling::Unknown,
    }
}

/// Times are written in UTC and, of most types, without fractions.
fn time(value: &Value) -> Spelling {
    let is_plain = value.as_str().is_some_and(|text| {
        chrono::DateTime::parse_from_rfc3339(text)
            .is_ok_and(|time| time.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string() == text)
    });
    if is_plain {
        Spelling::Same
    } else {
        Spelling::Unknown
    }
}

/// The three families of suffixes, of which a quantity keeps its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Binary,
    Decimal,
    Exponent,
}

/// Suffixes by powers of a thousand, from a billionth on.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// A quantity's canonical text: the largest suffix of its family that leaves a whole number (apimachinery:
/// `pkg/api/resource/quantity.go`, `CanonicalizeBytes`).
pub(super) fn amount(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let nanos = Quantity::parse(&text)?.nanos();
    if nanos == 0 {
        return Some("0".into());
    }
    let unit = 1_000_000_000_i128;
    // The server caps what is larger.
    if nanos.abs() > i128::from(i64::MAX) * unit {
        return None;
    }
    let suffix = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    let family = match suffix {
        "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => Family::Binary,
        "E" => Family::Decimal,
        _ if suffix.starts_with(['e', 'E']) => Family::Exponent,
        _ => Family::Decimal,
    };
    Some(match family {
        Family::Binary if nanos.abs() >= 1024 * unit => {
            // Fractions of a byte are rounded away from zero.
            let whole = nanos / unit + if nanos % unit == 0 { 0 } else { nanos.signum() };
            let (number, power) = reduce(whole, 1024, BINARY.len() - 1);
            format!("{number}{}", BINARY[power])
        }
        Family::Binary | Family::Decimal => {
            let (number, power) = reduce(nanos, 1000, DECIMAL.len() - 1);
            format!("{number}{}", DECIMAL[power])
        }
        Family::Exponent => {
            let (number, power) = reduce(nanos, 1000, 12);
            let exponent = 3 * i64::try_from(power).ok()? - 9;
            if exponent == 0 {
                number.to_string()
            } else {
                format!("{number}e{exponent}")
            }
        }
    })
}

/// Divides by a base as often as that leaves a whole number, at most so many times.
fn reduce(mut number: i128, base: i128, most: usize) -> (i128, usize) {
    let mut power = 0;
    while power < most && number % base == 0 {
        number /= base;
        power += 1;
    }
    (number, power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What `kubectl apply` was seen to store.
    #[test]
    fn amounts_are_written_as_the_server_writes_them() {
        for (given, written) in [
            (json!("1000m"), "1"),
            (json!("0.5"), "500m"),
            (json!(1), "1"),
            (json!(0.1), "100m"),
            (json!("1500m"), "1500m"),
            (json!("1024Mi"), "1Gi"),
            (json!("1.5Gi"), "1536Mi"),
            (json!("512Mi"), "512Mi"),
            (json!("0.5Ki"), "512"),
            (json!(3072), "3072"),
            (json!("1000"), "1k"),
            (json!("1000Mi"), "1000Mi"),
            (json!("1e3"), "1e3"),
            (json!("12E2"), "1200"),
            (json!("0"), "0"),
            (json!("0Mi"), "0"),
        ] {
            assert_eq!(amount(&given).as_deref(), Some(written), "{given}");
        }
        assert_eq!(amount(&json!("many")), None);
    }
}
