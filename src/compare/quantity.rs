//! Resource quantities as numbers: `1024Mi` and `1Gi` are the same amount.
//!
//! Mirrors `ParseQuantity` of apimachinery (`pkg/api/resource/quantity.go`): a decimal number with an optional
//! binary suffix, decimal suffix or exponent, kept to nano precision and rounded up below it.

use serde_json::Value;

/// An amount in billionths, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i128);

impl Quantity {
    /// The amount in billionths.
    pub fn nanos(self) -> i128 {
        self.0
    }

    /// Reads a quantity as a manifest or the API server writes it: a string, or a plain number.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Parses the textual form; `None` when it is not a quantity or beyond any real amount.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = unsigned
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let (binary, exponent) = scale(suffix)?;
        let digits = [whole, fraction].concat();
        let mut amount: i128 = digits
            .trim_start_matches('0')
            .parse()
            .or_else(|error| {
                if digits.bytes().all(|digit| digit == b'0') {
                    Ok(0)
                } else {
                    Err(error)
                }
            })
            .ok()?;
        amount = amount
            .checked_shl(binary)
            .filter(|shifted| shifted >> binary == amount)?;
        let power = exponent
            .checked_add(9)?
            .checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let factor = 10_i128.checked_pow(power.unsigned_abs());
        let nanos = match (power >= 0, factor) {
            (true, Some(factor)) => amount.checked_mul(factor)?,
            (true, None) => (amount == 0).then_some(0)?,
            (false, Some(factor)) => amount / factor + i128::from(amount % factor != 0),
            (false, None) => i128::from(amount != 0),
        };
        Some(Self(if negative { -nanos } else { nanos }))
    }
}

/// The power of two and of ten that a suffix stands for.
fn scale(suffix: &str) -> Option<(u32, i32)> {
    Some(match suffix {
        "" => (0, 0),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            (
                0,
                exponent.parse().ok().filter(|e: &i32| (-100..=100).contains(e))?,
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn spellings_of_one_amount_are_equal() {
        for (left, right) in [
            ("2000m", "2"),
            ("1024Mi", "1Gi"),
            ("1.0", "1"),
            ("1.5", "1500m"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("12e-1", "1200m"),
            ("+3Ki", "3072"),
            ("0.1n", "1n"),
            ("1E", "1000P"),
            ("1Ei", "1024Pi"),
            ("9223372036854775807", "9223372036854775807.0"),
            ("-1", "-1000m"),
            ("000", "0"),
        ] {
            assert!(Quantity::parse(left).is_some(), "{left}");
            assert_eq!(
                Quantity::parse(left),
                Quantity::parse(right),
                "{left} and {right}"
            );
        }
        assert_eq!(Quantity::from_value(&json!(0.5)), Quantity::parse("500m"));
        assert_eq!(Quantity::from_value(&json!(2)), Quantity::parse("2"));
    }

    #[test]
    fn different_amounts_differ_and_other_text_is_no_quantity() {
        assert_ne!(Quantity::parse("1G"), Quantity::parse("1Gi"));
        assert_ne!(
            Quantity::parse("9223372036854775807"),
            Quantity::parse("9223372036854775808")
        );
        for text in [
            "",
            "-",
            "m",
            "1.2.3",
            "1kb",
            "1 Gi",
            "Gi",
            "1e",
            "0x10",
            "1e999999999999",
            "é",
        ] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "[-+]?[0-9.]{0,60}[a-zA-Z0-9+-]{0,6}") {
            let _ = Quantity::parse(&text);
        }

        #[test]
        fn milli_and_whole_agree(amount in 0_u32..u32::MAX) {
            prop_assert_eq!(Quantity::parse(&format!("{amount}")), Quantity::parse(&format!("{amount}000m")));
        }
    }
}
