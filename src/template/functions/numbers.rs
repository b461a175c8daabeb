//! Numbers as Go writes them (`strconv.FormatFloat`).

/// A form of `strconv.FormatFloat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `%e`: digits and an exponent.
    Exponent,
    /// `%f`: digits only.
    Plain,
    /// `%g`: whichever is the shorter one.
    Either,
}

/// A float in a form, with as many digits as the precision says, or as few as tell it from all others.
pub(super) fn float(value: f64, form: Form, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    match (form, precision) {
        (Form::Plain, Some(precision)) => format!("{value:.precision$}"),
        (Form::Plain, None) => format!("{value}"),
        (Form::Exponent, Some(precision)) => go_exponent(&format!("{value:.precision$e}")),
        (Form::Exponent, None) => go_exponent(&format!("{value:e}")),
        (Form::Either, None) => either(&format!("{value:e}"), None),
        (Form::Either, Some(precision)) => {
            let digits = precision.max(1);
            let before = digits - 1;
            either(&format!("{value:.before$e}"), Some(digits))
        }
    }
}

/// `1.5e7` as Go has it, `1.5e+07`.
fn go_exponent(number: &str) -> String {
    let Some((digits, exponent)) = number.split_once('e') else {
        return number.to_owned();
    };
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

/// The form of `%g` for a number with an exponent.
fn either(number: &str, precision: Option<usize>) -> String {
    let Some((digits, exponent)) = number.split_once('e') else {
        return number.to_owned();
    };
    let exponent: i64 = exponent.parse().unwrap_or_default();
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits), |digits| ("-", digits));
    let digits: String = digits.chars().filter(|character| *character != '.').collect();
    let trimmed = digits.trim_end_matches('0');
    let digits = if trimmed.is_empty() { "0" } else { trimmed };
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    // Zero has no digits before its point there, and so never an exponent.
    let point = if digits == "0" { 0 } else { exponent + 1 };
    let limit = match precision.map(|precision| i64::try_from(precision).unwrap_or(i64::MAX)) {
        None => 6,
        Some(precision) if precision > count && count >= point => count,
        Some(precision) => precision,
    };
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    if exponent < -4 || exponent >= limit {
        let point = if rest.is_empty() { "" } else { "." };
        return go_exponent(&format!("{sign}{first}{point}{rest}e{exponent}"));
    }
    if exponent < 0 {
        let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    }
    let before = usize::try_from(exponent + 1).unwrap_or_default();
    match digits.split_at_checked(before) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, part)) => format!("{sign}{whole}.{part}"),
        None => format!("{sign}{digits}{}", "0".repeat(before - digits.len())),
    }
}
