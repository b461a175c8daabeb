//! JSON as a value of bounded weight.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Allowance, MAX_VALUE, TooHeavy};

/// A text of so many bytes weighs no more than a few megabytes.
const SHORT: usize = 16 << 10;

/// Why a text is no value. The sentences quote nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The value weighs more than its limit.
    #[error(transparent)]
    TooHeavy(#[from] TooHeavy),
    /// The text is not JSON.
    #[error("unexpected JSON at line {line}, column {column}")]
    Json {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
}

/// Reads JSON into a value of at most [`MAX_VALUE`].
pub fn value(text: &str) -> Result<Value, ValueError> {
    within(
        &mut serde_json::Deserializer::from_str(text),
        &Allowance::new(MAX_VALUE),
    )
}

/// Reads the bytes of JSON into a value of at most [`MAX_VALUE`].
pub fn value_of_bytes(text: &[u8]) -> Result<Value, ValueError> {
    within(
        &mut serde_json::Deserializer::from_slice(text),
        &Allowance::new(MAX_VALUE),
    )
}

/// Reads all of a text into a value that the allowance covers.
pub fn within<'de, R: serde_json::de::Read<'de>>(
    deserializer: &mut serde_json::Deserializer<R>,
    allowance: &Allowance,
) -> Result<Value, ValueError> {
    let read = WeighedValue(allowance)
        .deserialize(&mut *deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| {
        if allowance.is_spent() {
            ValueError::TooHeavy(allowance.error())
        } else {
            ValueError::Json {
                line: error.line(),
                column: error.column(),
            }
        }
    })
}

/// The weight that a text would have as a value, without building it; of what is no JSON, the weight of its beginning.
pub fn weigh(text: &str) -> usize {
    // Nothing that is this short weighs much, and most objects are.
    if text.len() <= SHORT {
        return text.len();
    }
    let allowance = Allowance::new(usize::MAX);
    let weighed = Weigher(&allowance).deserialize(&mut serde_json::Deserializer::from_str(text));
    drop(weighed);
    allowance.charged()
}

/// Goes through a value and charges each part.
#[derive(Clone, Copy)]
struct Weigher<'a>(&'a Allowance);

impl<'de> DeserializeSeed<'de> for Weigher<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Weigher<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
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

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.text(value.len()).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut elements = 0;
        while list.next_element_seed(self)?.is_some() {
            self.0.element(elements).map_err(A::Error::custom)?;
            elements += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut entries = 0;
        while map.next_key_seed(self)?.is_some() {
            self.0.entry(entries, 0).map_err(A::Error::custom)?;
            map.next_value_seed(self)?;
            entries += 1;
        }
        Ok(())
    }
}

/// Builds a value as `serde_json` does, and charges each part before it is built.
#[derive(Clone, Copy)]
struct WeighedValue<'a>(&'a Allowance);

impl<'de> DeserializeSeed<'de> for WeighedValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for WeighedValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.0.text(value.len()).map_err(E::custom)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(self)? {
            self.0.element(elements.len()).map_err(A::Error::custom)?;
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            self.0.entry(entries.len(), key.len()).map_err(A::Error::custom)?;
            // The last of several equal keys counts, as in Go.
            entries.insert(key, map.next_value_seed(self)?);
        }
        Ok(Value::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_serde_json_makes_of_them() {
        for text in [
            "null",
            "true",
            "-1",
            "18446744073709551615",
            "1.5",
            "1e300",
            "\"a\\u0000b\"",
            "[]",
            "[[1],[2,{}]]",
            r#"{"a":{"b":[null]},"c":"d","a":1}"#,
        ] {
            assert_eq!(value(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
            assert_eq!(value_of_bytes(text.as_bytes()), value(text));
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for text in ["", "{", "1 2", "\n[1,", "{\"a\":1}x", "hunter2"] {
            let error = value(text).unwrap_err();
            assert!(matches!(error, ValueError::Json { .. }), "{text}");
            assert!(!error.to_string().contains("hunter2"));
        }
        assert!(value(&"[".repeat(200)).is_err(), "too deep for anything");
    }

    /// Texts of two megabytes whose values would take tens of megabytes to gigabytes.
    #[test]
    fn a_value_is_refused_before_it_is_built() {
        let repeated = |open: &str, part: &str, close: &str| {
            let parts = vec![part; (2 << 20) / (part.len() + 1)].join(",");
            format!("{open}{parts}{close}")
        };
        for text in [
            repeated("[", "0", "]"),
            repeated("[", "[0]", "]"),
            repeated("[", "{\"a\":0}", "]"),
            repeated("[", "\"a\"", "]"),
            repeated("[", "[[[[{\"\":0}]]]]", "]"),
        ] {
            assert_eq!(
                value(&text).unwrap_err(),
                ValueError::TooHeavy(TooHeavy { limit: MAX_VALUE })
            );
        }
    }

    #[test]
    fn a_text_weighs_what_its_value_is_charged() {
        let entries: Vec<String> = (0..2_000)
            .map(|index| format!("{{\"name\":\"n{index}\",\"list\":[{index},null,{{}},1.5]}}"))
            .collect();
        let text = format!("[{}]", entries.join(","));
        let allowance = Allowance::new(MAX_VALUE);
        within(&mut serde_json::Deserializer::from_str(&text), &allowance).unwrap();
        assert_eq!(weigh(&text), allowance.charged());
        assert_eq!(weigh("{}"), 2);
    }

    #[test]
    fn what_an_object_of_etcd_can_be_is_read() {
        let text = format!("{{\"data\":{{\"a\":\"{}\"}}}}", "x".repeat(1_500_000));
        assert!(value(&text).is_ok());
        let entries: Vec<String> = (0..20_000)
            .map(|index| format!("{{\"name\":\"n{index}\",\"value\":\"{index}\"}}"))
            .collect();
        assert!(value(&format!("[{}]", entries.join(","))).is_ok());
    }
}
