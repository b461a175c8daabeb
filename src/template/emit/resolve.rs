//! Whether a text, written without quotes, would be read as something other than a text.

use std::sync::LazyLock;

use regex::Regex;

/// Which of go-yaml's versions prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Version 2, from JSON: `toYaml` (sigs.k8s.io/yaml, `Marshal`).
    Two,
    /// Version 3: `toYamlPretty`.
    Three,
}

/// A pattern; one that is wrong matches nothing.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// Numbers in base 60 (go-yaml, `encode.go`, `isBase60Float`).
static BASE_60: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$"));
/// Decimal numbers (go-yaml, `resolve.go`, `yamlStyleFloat`).
static DECIMAL: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"));
/// What Go's `ParseFloat` reads that begins with a dot.
static DOTTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"^\.[0-9](_?[0-9])*([eE][-+]?[0-9](_?[0-9])*)?$"));
/// Times (go-yaml, `resolve.go`, `allowedTimestampFormats`), with groups for the numbers that have limits.
static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(concat!(
        r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})",
        r"(?:([Tt ])([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})([.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?$"
    ))
});

fn matches(pattern: Option<&Regex>, text: &str) -> bool {
    pattern.is_some_and(|pattern| pattern.is_match(text))
}

/// Whether go-yaml writes a text in quotes, lest it be read as something else (`encode.go`, `stringv`; `resolve.go`).
pub(super) fn needs_quotes(text: &str, dialect: Dialect) -> bool {
    if is_word(text) {
        return true;
    }
    match text.bytes().next() {
        Some(b'.') => is_dotted(text),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            is_time(text) || is_number(text, dialect) || text.contains(':') && matches(BASE_60.as_ref(), text)
        }
        _ => false,
    }
}

/// The words that YAML has for truth values, null, numbers that are none and merging.
fn is_word(text: &str) -> bool {
    matches!(
        text,
        "" | "y"
            | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "true"
            | "True"
            | "TRUE"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "false"
            | "False"
            | "FALSE"
            | "off"
            | "Off"
            | "OFF"
            | "~"
            | "null"
            | "Null"
            | "NULL"
            | ".nan"
            | ".NaN"
            | ".NAN"
            | ".inf"
            | ".Inf"
            | ".INF"
            | "+.inf"
            | "+.Inf"
            | "+.INF"
            | "-.inf"
            | "-.Inf"
            | "-.INF"
    )
}

fn is_dotted(text: &str) -> bool {
    matches(DOTTED.as_ref(), text) && text.replace('_', "").parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_number(text: &str, dialect: Dialect) -> bool {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix(['+', '-']) {
        Some(digits) => (plain.get(..1).unwrap_or_default(), digits),
        None => ("", plain.as_str()),
    };
    if is_integer(sign, digits) {
        return true;
    }
    if matches(DECIMAL.as_ref(), &plain) && plain.parse::<f64>().is_ok_and(f64::is_finite) {
        return true;
    }
    // Both versions read what follows `0b`, and the third what follows `0o`, with a sign of its own.
    let prefixed = |prefix: &str, radix: u32| match (sign, digits.strip_prefix(prefix)) {
        ("", Some(rest)) => {
            i64::from_str_radix(rest, radix).is_ok() || u64::from_str_radix(rest, radix).is_ok()
        }
        ("-", Some(rest)) => {
            !rest.starts_with(['+', '-']) && i64::from_str_radix(&format!("-{rest}"), radix).is_ok()
        }
        _ => false,
    };
    prefixed("0b", 2) || dialect == Dialect::Three && prefixed("0o", 8)
}

/// What `strconv.ParseInt` or `ParseUint` read for base 0.
fn is_integer(sign: &str, digits: &str) -> bool {
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, digits.get(2..)),
        Some("0o" | "0O") => (8, digits.get(2..)),
        Some("0b" | "0B") => (2, digits.get(2..)),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, digits.get(1..)),
        _ => (10, Some(digits)),
    };
    let digits = digits.unwrap_or_default();
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return false;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).is_ok()
        || sign.is_empty() && u64::from_str_radix(digits, radix).is_ok()
}

/// Whether a text is a time (go-yaml, `parseTimestamp`; Go, `time.Parse`).
fn is_time(text: &str) -> bool {
    let Some(parts) = TIME.as_ref().and_then(|pattern| pattern.captures(text)) else {
        return false;
    };
    let number = |group: usize| -> Option<u32> { parts.get(group)?.as_str().parse().ok() };
    let (Some(year), Some(month), Some(day)) = (number(1), number(2), number(3)) else {
        return false;
    };
    if !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
        return false;
    }
    let Some(mark) = parts.get(4) else {
        return true;
    };
    let zone = parts.get(9).map(|zone| zone.as_str());
    // With a space between day and hour there is no zone; with a letter there must be one.
    if (mark.as_str() == " ") != zone.is_none() {
        return false;
    }
    let zone_is_right = zone.is_none_or(|zone| {
        let mut numbers = zone
            .trim_start_matches(['+', '-', 'Z'])
            .split(':')
            .map(str::parse::<u32>);
        zone == "Z"
            || numbers
                .next()
                .is_some_and(|hour| hour.is_ok_and(|hour| hour <= 24))
                && numbers
                    .next()
                    .is_some_and(|minute| minute.is_ok_and(|minute| minute <= 60))
    });
    zone_is_right
        && number(5).is_some_and(|hour| hour < 24)
        && number(6).is_some_and(|minute| minute < 60)
        && number(7).is_some_and(|second| second < 60)
}

/// The days of a month.
const fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
