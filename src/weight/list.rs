//! Lists that are gone through element by element, so that they end where they are too long, and not after they are built.
//!
//! Nothing is buffered on the way. Go writes an empty list as `null`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Goes through a list without keeping it, until a step refuses an element with a message. `None` where there is null in
/// place of a list.
pub fn fold<'de, D, T, R>(
    deserializer: D,
    step: impl FnMut(R, T) -> Result<R, &'static str>,
) -> Result<Option<R>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
    R: Default,
{
    deserializer.deserialize_any(Fold(step, PhantomData))
}

/// Reads a list of at most so many elements; a longer one is refused with the message.
pub fn at_most<'de, D, T>(deserializer: D, most: usize, message: &'static str) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = fold(deserializer, |mut list: Vec<T>, element| {
        if list.len() == most {
            return Err(message);
        }
        list.push(element);
        Ok(list)
    });
    list.map(Option::unwrap_or_default)
}

struct Fold<S, T, R>(S, PhantomData<fn(R, T) -> R>);

impl<'de, S, T, R> Visitor<'de> for Fold<S, T, R>
where
    S: FnMut(R, T) -> Result<R, &'static str>,
    T: Deserialize<'de>,
    R: Default,
{
    type Value = Option<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Option<R>, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Option<R>, A::Error> {
        let mut folded = R::default();
        while let Some(element) = list.next_element()? {
            folded = (self.0)(folded, element).map_err(A::Error::custom)?;
        }
        Ok(Some(folded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>, String> {
        at_most(&mut serde_json::Deserializer::from_str(text), 2, "too many")
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_ends_where_it_is_too_long() {
        assert_eq!(read("[1,2]"), Ok(vec![1, 2]));
        assert_eq!(read("null"), Ok(Vec::new()));
        // What comes after is not looked at.
        assert!(read("[1,2,3,nonsense").unwrap_err().starts_with("too many"));
        assert!(read("{}").unwrap_err().contains("expected a list"));
    }

    #[test]
    fn null_is_told_from_an_empty_list() {
        let count = |text: &str| {
            let mut json = serde_json::Deserializer::from_str(text);
            fold(&mut json, |count: usize, _: u8| Ok(count + 1)).unwrap()
        };
        assert_eq!(count("null"), None);
        assert_eq!(count("[]"), Some(0));
        assert_eq!(count("[5,6]"), Some(2));
    }
}
