//! Equality of two scalars, by the type of their place.
//!
//! The API server stores what it decoded into Go types and prints them back in its own spelling, so `2000m`
//! returns as `2` where a quantity is expected and stays `2000m` where text is. Nothing is coerced where the type
//! is unknown.

use std::hash::{Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, FixedOffset};
use serde_json::{Number, Value};

use super::quantity::Quantity;
use crate::types::{Shape, ValueKind};

/// Whether the server would store both scalars as the same value at a place of this shape.
pub(super) fn scalars(shape: Option<Shape<'_>>, left: &Value, right: &Value) -> bool {
    let kind = shape.map(Shape::value);
    let (left, right) = (read(kind, left), read(kind, right));
    if left == right {
        return true;
    }
    if let (Value::Number(left), Value::Number(right)) = (left, right) {
        // A field that is a float in Go holds what a float can: 9007199254740993 comes back as …992.
        let as_floats = kind == Some(ValueKind::Number) && left.as_f64() == right.as_f64();
        if as_floats || numbers(left, right) {
            return true;
        }
    }
    let stored = |value| kind.and_then(|kind| stored(kind, value));
    same(stored(left), stored(right))
}

/// The empty text.
const EMPTY: &Value = &Value::String(String::new());

/// A scalar as Go reads it: a null among texts is the empty one (Go: `encoding/json`, `literalStore`).
fn read(kind: Option<ValueKind>, value: &Value) -> &Value {
    match (kind, value) {
        (Some(ValueKind::String), Value::Null) => EMPTY,
        (Some(_) | None, _) => value,
    }
}

/// Hashes a scalar so that scalars that are the same at a place of this shape ([`scalars`]) have the same hash.
pub(super) fn hash_as_stored(shape: Option<Shape<'_>>, value: &Value, hasher: &mut impl Hasher) {
    match shape.and_then(|shape| stored(shape.value(), value)) {
        Some(stored) => stored.hash(hasher),
        None => hash_scalar(read(shape.map(Shape::value), value), hasher),
    }
}

/// A scalar of a type that has several spellings for one value, as the server stores it.
#[derive(PartialEq, Eq, Hash)]
enum Stored {
    Amount(Quantity),
    Bytes(Vec<u8>),
    Time(DateTime<FixedOffset>),
    /// In nanoseconds.
    Duration(i128),
}

/// What the server stores of a scalar at a place of this kind; `None` if each spelling is another value there, and if it
/// cannot be read.
fn stored(kind: ValueKind, value: &Value) -> Option<Stored> {
    match kind {
        ValueKind::Quantity => Quantity::from_value(value).map(Stored::Amount),
        ValueKind::Bytes => bytes(value.as_str()?).map(Stored::Bytes),
        ValueKind::Time => {
            let time = DateTime::parse_from_rfc3339(value.as_str()?);
            time.ok().map(Stored::Time)
        }
        ValueKind::Duration => go_duration(value.as_str()?).map(Stored::Duration),
        ValueKind::String
        | ValueKind::Integer
        | ValueKind::Number
        | ValueKind::Boolean
        | ValueKind::IntOrString
        | ValueKind::Object
        | ValueKind::Map
        | ValueKind::List
        | ValueKind::Any => None,
    }
}

/// Hashes a value so that values that are the same without a type have the same hash.
pub(super) fn hash_scalar(value: &Value, hasher: &mut impl Hasher) {
    match value.as_f64() {
        // Negative zero is zero.
        Some(number) => (number + 0.0).to_bits().hash(hasher),
        None => value.hash(hasher),
    }
}

/// Whether both are quantities of the same amount.
pub(super) fn amounts(left: &Value, right: &Value) -> bool {
    same(Quantity::from_value(left), Quantity::from_value(right))
}

/// Whether `printed` is what Go makes of the duration in `text` (Go: `time.Duration.String`): `8760h0m0s` of `8760h`.
pub(super) fn is_printed_duration(text: &Value, printed: &Value) -> bool {
    let (Value::String(text), Value::String(printed)) = (text, printed) else {
        return false;
    };
    // A bare zero is a number before it is a duration.
    text != "0" && go_duration(text).is_some_and(|nanos| go_printed(nanos) == *printed)
}

fn go_printed(nanos: i128) -> String {
    const SECOND: u128 = 1_000_000_000;
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let decimal = |unit: u128| {
        let fraction = format!("{:0width$}", nanos % unit, width = unit.ilog10() as usize);
        match fraction.trim_end_matches('0') {
            "" => String::new(),
            digits => format!(".{digits}"),
        }
    };
    let (minutes, seconds) = (nanos / SECOND / 60, nanos / SECOND % 60);
    let fraction = decimal(SECOND);
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{nanos}ns"),
        1_000..1_000_000 => format!("{sign}{}{}µs", nanos / 1_000, decimal(1_000)),
        1_000_000..SECOND => format!("{sign}{}{}ms", nanos / 1_000_000, decimal(1_000_000)),
        _ if minutes == 0 => format!("{sign}{seconds}{fraction}s"),
        _ if minutes < 60 => format!("{sign}{minutes}m{seconds}{fraction}s"),
        _ => format!("{sign}{}h{}m{seconds}{fraction}s", minutes / 60, minutes % 60),
    }
}

/// Whether both can be read, and as the same.
fn same<T: PartialEq>(left: Option<T>, right: Option<T>) -> bool {
    left.zip(right).is_some_and(|(left, right)| left == right)
}

/// Integers compare as integers; only where one side has a fraction or an exponent does `f64` decide.
fn numbers(left: &Number, right: &Number) -> bool {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left.as_f64() == right.as_f64(),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// Go's JSON decoder skips line breaks in base64, so folded blocks of a manifest are the same bytes.
fn bytes(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte == b'\n' || byte == b'\r') {
        STANDARD.decode(text.replace(['\n', '\r'], "")).ok()
    } else {
        STANDARD.decode(text).ok()
    }
}

/// A Go duration in nanoseconds, as `time.ParseDuration` reads it: `8760h` and `8760h0m0s` are the same.
///
/// `kube_core::Duration` reads the same notation, but by way of `f64`, which is inexact, and by a multiplication that
/// panics where it overflows. This text comes from a cluster.
fn go_duration(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let nanos: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(nanos)?)?;
        if !fraction.is_empty() {
            let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
            total = total.checked_add(fraction.parse::<i128>().ok()?.checked_mul(nanos)? / divisor)?;
        }
        rest = after;
    }
    Some(if negative { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

    fn at<'a>(api_version: &str, kind: &str, path: &[&str]) -> Shape<'a> {
        let mut shape = TypeTable::builtin().kind(api_version, kind).unwrap();
        for step in path {
            shape = match (*step, shape.field(step)) {
                ("*", _) => shape.element().unwrap(),
                (_, crate::types::Field::Declared(inner)) => inner,
                (step, other) => panic!("{step}: {other:?}"),
            };
        }
        shape
    }

    #[test]
    fn quantities_are_numbers_only_where_the_type_says_so() {
        let limit = at(
            "v1",
            "Pod",
            &["spec", "containers", "*", "resources", "limits", "memory"],
        );
        assert!(scalars(Some(limit), &json!("1024Mi"), &json!("1Gi")));
        assert!(scalars(Some(limit), &json!(1), &json!("1000m")));
        let data = at("v1", "ConfigMap", &["data", "memory"]);
        assert!(!scalars(Some(data), &json!("1024Mi"), &json!("1Gi")));
        assert!(!scalars(None, &json!("1024Mi"), &json!("1Gi")));
    }

    #[test]
    fn secret_bytes_compare_decoded_and_other_text_exactly() {
        let data = at("v1", "Secret", &["data", "token"]);
        assert!(scalars(
            Some(data),
            &json!("aGVsbG8g\nd29ybGQ=\n"),
            &json!("aGVsbG8gd29ybGQ=")
        ));
        assert!(!scalars(Some(data), &json!("aGVsbG8="), &json!("aGVsbG8h")));
        assert!(!scalars(None, &json!("a\n"), &json!("a")));
    }

    #[test]
    fn numbers_compare_without_a_detour_through_floats() {
        assert!(scalars(None, &json!(1e6), &json!(1_000_000)));
        assert!(!scalars(
            None,
            &json!(9_007_199_254_740_993_u64),
            &json!(9_007_199_254_740_992_u64)
        ));
        assert!(
            !scalars(None, &json!("80"), &json!(80)),
            "int-or-string keeps its type"
        );
    }

    #[test]
    fn durations_as_go_prints_them() {
        for (text, printed) in [
            ("8760h", "8760h0m0s"),
            ("90m", "1h30m0s"),
            ("60s", "1m0s"),
            ("1500ms", "1.5s"),
            ("0.1s", "100ms"),
            ("1.5ms", "1.5ms"),
            ("1500ns", "1.5µs"),
            ("15ns", "15ns"),
            ("0s", "0s"),
            ("0h", "0s"),
            ("-90s", "-1m30s"),
            ("61.5s", "1m1.5s"),
        ] {
            assert!(
                is_printed_duration(&json!(text), &json!(printed)),
                "{text}: {printed}"
            );
        }
        for (text, other) in [
            ("8760h", "525600m"),
            ("1h", "1h0m"),
            ("1h", "2h0m0s"),
            ("0", "0s"),
            ("a", "a0s"),
        ] {
            assert!(
                !is_printed_duration(&json!(text), &json!(other)),
                "{text}: {other}"
            );
        }
    }

    #[test]
    fn go_durations_compare_by_length() {
        for (left, right) in [
            ("8760h", "8760h0m0s"),
            ("1.5h", "90m"),
            ("100ms", "0.1s"),
            ("0", "0s"),
            ("-1m", "-60s"),
        ] {
            assert_eq!(go_duration(left), go_duration(right), "{left} and {right}");
            assert!(go_duration(left).is_some(), "{left}");
        }
        for text in [
            "",
            "-",
            "1",
            "1d",
            "h",
            ".s",
            "1h.",
            "99999999999999999999999999999999999999999h",
        ] {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }
}
