//! The order of names in YAML (go-yaml, `sorter.go`): numbers within names count by their size.

use super::super::parse::letters::{is_digit, is_letter};
use super::resolve::Dialect;

/// Whether a name comes before another.
pub(super) fn is_before(left: &str, right: &str, dialect: Dialect) -> bool {
    let mut has_zeros_only = true;
    let mut after_digit = false;
    let (mut lefts, mut rights) = (left.chars(), right.chars());
    loop {
        let (left_rest, right_rest) = (lefts.as_str(), rights.as_str());
        let (Some(one), Some(other)) = (lefts.next(), rights.next()) else {
            return right_rest.chars().count() > left_rest.chars().count();
        };
        if one == other {
            after_digit = is_digit(one);
            // Go looks back over the digits before a difference for one that is not zero.
            has_zeros_only = !after_digit || has_zeros_only && one == '0';
            continue;
        }
        let (is_letter, is_other_letter) = (is_letter(one), is_letter(other));
        if is_letter && is_other_letter {
            return one < other;
        }
        if is_letter || is_other_letter {
            return if after_digit && dialect == Dialect::Three {
                is_letter
            } else {
                is_other_letter
            };
        }
        let start = i64::from((one == '0' || other == '0') && !has_zeros_only);
        let (number, len) = leading_number(left_rest, start);
        let (other_number, other_len) = leading_number(right_rest, start);
        return if number != other_number {
            number < other_number
        } else if len != other_len {
            len < other_len
        } else {
            one < other
        };
    }
}

/// The number at the beginning of a text after a digit, with the digits it has. It overflows as in Go.
fn leading_number(text: &str, start: i64) -> (i64, usize) {
    let mut number = start;
    let mut len = 0;
    for digit in text.chars().take_while(|character| is_digit(*character)) {
        number = number
            .wrapping_mul(10)
            .wrapping_add(i64::from(u32::from(digit)) - i64::from(u32::from('0')));
        len += 1;
    }
    (number, len)
}
