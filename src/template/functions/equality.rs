//! Whether values are the same through and through, as Go's `reflect.DeepEqual` compares them.

use super::super::traced::{Traced, Value};
use super::super::work::{Fault, Work};

/// Whether two values are equal with all that they hold; `None` where that hangs on something that is not known.
///
/// Go also tells `int` from `int64`, and a list of texts from a list of anything; here integers are integers, lists lists.
pub(super) fn deep_equal(own: &Traced, other: &Traced, work: &mut Work) -> Result<Option<bool>, Fault> {
    work.step()?;
    Ok(match (&own.value, &other.value) {
        (Value::Unknown | Value::Native(_), _) | (_, Value::Unknown | Value::Native(_)) => None,
        (Value::Nil, Value::Nil) => Some(true),
        (Value::Bool(own), Value::Bool(other)) => Some(own == other),
        (Value::Int(own), Value::Int(other)) => Some(own == other),
        #[allow(clippy::float_cmp)] // Go compares them exactly.
        (Value::Float(own), Value::Float(other)) => Some(own == other),
        (Value::Text(own), Value::Text(other)) if own.has_hole() || other.has_hole() => None,
        (Value::Text(own), Value::Text(other)) => Some(own.as_str() == other.as_str()),
        (Value::List(own), Value::List(other)) => {
            if own.len() != other.len() {
                return Ok(Some(false));
            }
            work.enter()?;
            let result = all_equal(own.iter().zip(other.iter()), work)?;
            work.leave();
            result
        }
        (Value::Map(own), Value::Map(other)) => {
            if own.is(other) {
                return Ok(Some(true));
            }
            let (own, other) = (own.entries(), other.entries());
            if own.len() != other.len() || !own.keys().eq(other.keys()) {
                return Ok(Some(false));
            }
            work.enter()?;
            let result = all_equal(own.values().zip(other.values()), work)?;
            work.leave();
            result
        }
        (
            Value::Nil
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_),
            _,
        ) => Some(false),
    })
}

fn all_equal<'a>(
    pairs: impl Iterator<Item = (&'a Traced, &'a Traced)>,
    work: &mut Work,
) -> Result<Option<bool>, Fault> {
    let mut result = Some(true);
    for (own, other) in pairs {
        match deep_equal(own, other, work)? {
            Some(true) => {}
            Some(false) => return Ok(Some(false)),
            None => result = None,
        }
    }
    Ok(result)
}

/// Whether one of the items is the same as a value; `None` where that is not known.
pub(super) fn is_among(value: &Traced, items: &[Traced], work: &mut Work) -> Result<Option<bool>, Fault> {
    let mut result = Some(false);
    for item in items {
        match deep_equal(value, item, work)? {
            Some(true) => return Ok(Some(true)),
            Some(false) => {}
            None => result = None,
        }
    }
    Ok(result)
}
