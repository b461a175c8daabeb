//! Decimal numbers as `shopspring/decimal` computes with them, which sprig's `addf` and its like do.

/// How many digits after the point a quotient has at most (`decimal.go`, `DivisionPrecision`).
const DIVISION_DIGITS: i32 = 16;

/// `coefficient` times ten to the power of `exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    coefficient: i128,
    exponent: i32,
}

impl Decimal {
    /// The decimal that a float is printed as; `None` for infinity and for what is no number.
    pub(super) fn of(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e')?;
        let exponent: i32 = exponent.parse().ok()?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        Some(Self {
            coefficient: format!("{whole}{fraction}").parse().ok()?,
            exponent: exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?,
        })
    }

    /// The nearest float.
    pub(super) fn to_float(self) -> f64 {
        format!("{}e{}", self.coefficient, self.exponent)
            .parse()
            .unwrap_or_default()
    }

    /// The sum; `None` where it has too many digits for this.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let sum = self
            .coefficient_at(exponent)?
            .checked_add(other.coefficient_at(exponent)?)?;
        Some(Self {
            coefficient: sum,
            exponent,
        })
    }

    /// The difference; `None` where it has too many digits for this.
    pub(super) fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self {
            coefficient: other.coefficient.checked_neg()?,
            exponent: other.exponent,
        })
    }

    /// The product; `None` where it has too many digits for this.
    pub(super) fn times(self, other: Self) -> Option<Self> {
        Some(Self {
            coefficient: self.coefficient.checked_mul(other.coefficient)?,
            exponent: self.exponent.checked_add(other.exponent)?,
        })
    }

    /// The quotient, rounded away from zero at half; `None` where it has too many digits for this, or for a divisor of 0.
    pub(super) fn over(self, other: Self) -> Option<Self> {
        let shift = self
            .exponent
            .checked_sub(other.exponent)?
            .checked_add(DIVISION_DIGITS)?;
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        let (dividend, divisor) = if shift >= 0 {
            (self.coefficient.checked_mul(power)?, other.coefficient)
        } else {
            (self.coefficient, other.coefficient.checked_mul(power)?)
        };
        let mut quotient = dividend.checked_div(divisor)?;
        let rest = dividend.checked_rem(divisor)?;
        if rest.unsigned_abs().checked_mul(2)? >= divisor.unsigned_abs() {
            quotient = quotient.checked_add(if (dividend < 0) == (divisor < 0) { 1 } else { -1 })?;
        }
        Some(Self {
            coefficient: quotient,
            exponent: -DIVISION_DIGITS,
        })
    }

    /// Whether it is 0.
    pub(super) const fn is_zero(self) -> bool {
        self.coefficient == 0
    }

    fn coefficient_at(self, exponent: i32) -> Option<i128> {
        let power = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        if self.coefficient == 0 {
            return Some(0);
        }
        self.coefficient.checked_mul(10_i128.checked_pow(power)?)
    }
}
