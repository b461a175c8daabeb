//! Numbers as Go prints them.

/// As `strconv.FormatFloat` prints with `'g'` and the fewest digits, and so `%v` and go-yaml.
pub(super) fn general(value: f64) -> String {
    if let Some(word) = not_finite(value) {
        return word.to_owned();
    }
    let (digits, exponent) = digits(value);
    if (-4..6).contains(&exponent) {
        plain(value, &digits, exponent)
    } else {
        scientific(value, &digits, exponent, 2)
    }
}

/// As `encoding/json` prints; `None` for what JSON cannot express.
pub(super) fn json(value: f64) -> Option<String> {
    if not_finite(value).is_some() {
        return None;
    }
    let size = value.abs();
    let (digits, exponent) = digits(value);
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        // Go takes the zero out of `e-09`, but not out of `e+09`, which does not occur.
        return Some(scientific(
            value,
            &digits,
            exponent,
            if exponent < 0 { 1 } else { 2 },
        ));
    }
    Some(plain(value, &digits, exponent))
}

/// As go-yaml prints what it read of `encoding/json`: integers in full as far as 64 bits hold them.
pub(super) fn yaml_of_json(value: f64) -> Option<String> {
    let json = json(value)?;
    if json == "-0" {
        return Some("0".to_owned());
    }
    if json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok() {
        return Some(json);
    }
    Some(general(value))
}

fn not_finite(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

/// The fewest digits that tell a number from all others, and the power of ten of the first.
fn digits(value: f64) -> (String, i32) {
    let value = value.abs();
    let shortest = format!("{value:e}");
    let (digits, _) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    // Of two numbers that are equally short and equally near, Go takes the even one.
    let precision = digits.len().saturating_sub(2);
    let even = format!("{value:.precision$e}");
    let text = if even.parse() == Ok(value) { even } else { shortest };
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (digits.replace('.', ""), exponent.parse().unwrap_or_default())
}

fn scientific(value: f64, digits: &str, exponent: i32, width: usize) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (first, rest) = digits.split_at_checked(1).unwrap_or(("0", ""));
    let point = if rest.is_empty() { "" } else { "." };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!(
        "{sign}{first}{point}{rest}e{exponent_sign}{:0width$}",
        exponent.unsigned_abs()
    )
}

/// All digits, without an exponent.
fn plain(value: f64, digits: &str, exponent: i32) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let Ok(before) = usize::try_from(exponent) else {
        let zeros = usize::try_from(exponent.unsigned_abs())
            .unwrap_or_default()
            .saturating_sub(1);
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    };
    match digits.split_at_checked(before.saturating_add(1)) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!(
            "{sign}{digits}{}",
            "0".repeat((before + 1).saturating_sub(digits.len()))
        ),
    }
}
