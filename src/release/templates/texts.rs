//! The texts in values of any shape.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How deeply values nest at most of which the texts are read; `serde_json` refuses more of what is not passed over.
const MAX_DEPTH: usize = 100;

/// Hands on every text among values, keys apart.
pub(super) struct EachText<'f, F> {
    take: &'f mut F,
    depth: usize,
}

impl<'f, F: FnMut(&str)> EachText<'f, F> {
    pub(super) const fn of(take: &'f mut F) -> Self {
        Self { take, depth: 0 }
    }

    const fn inner(&mut self) -> EachText<'_, F> {
        EachText {
            take: &mut *self.take,
            depth: self.depth + 1,
        }
    }
}

impl<'de, F: FnMut(&str)> DeserializeSeed<'de> for EachText<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth == MAX_DEPTH {
            deserializer.deserialize_ignored_any(IgnoredAny).map(drop)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de, F: FnMut(&str)> Visitor<'de> for EachText<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        (self.take)(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self.inner())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        while object.next_key::<IgnoredAny>()?.is_some() {
            object.next_value_seed(self.inner())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut take = |text: &str| found.push(text.to_owned());
        let mut json = serde_json::Deserializer::from_str(json);
        EachText::of(&mut take).deserialize(&mut json).unwrap();
        json.end().unwrap();
        found
    }

    #[test]
    fn every_text_is_handed_on_and_no_shape_is_an_error() {
        assert_eq!(
            texts(
                r#"{"a":"1","b":["2",{"c":"\u0033","d":null}],"e":1.5,"f":-7,"g":true,"h":18446744073709551615}"#
            ),
            ["1", "2", "3"]
        );
        for json in ["null", "7", "[]", "{}"] {
            assert!(texts(json).is_empty(), "{json}");
        }
    }

    #[test]
    fn what_nests_too_deeply_is_passed_over() {
        for depth in [MAX_DEPTH - 1, MAX_DEPTH, 500, 10_000] {
            let json = format!("{}\"x\"{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(texts(&json).len(), usize::from(depth < MAX_DEPTH), "{depth}");
        }
    }
}
