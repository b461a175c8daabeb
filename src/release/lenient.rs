//! Parts of a record that Go would refuse or nobody needs: whatever has another shape counts as nothing.
//!
//! Nothing is buffered to find out which shape a part has, as serde's untagged enums do: what is passed over is skipped.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A part, by what each shape of it means.
pub(super) trait Part<'de>: Sized {
    /// What is read; its default is nothing.
    type Value: Default;

    /// It is a text.
    fn text(_: &str) -> Self::Value {
        Self::Value::default()
    }

    /// It is null.
    fn null() -> Self::Value {
        Self::Value::default()
    }

    /// It is a list.
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }

    /// It is an object.
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }
}

/// Reads a part, whatever shape it has.
pub(super) struct Lenient<P>(PhantomData<P>);

impl<P> Lenient<P> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, P: Part<'de>> DeserializeSeed<'de> for Lenient<P> {
    type Value = P::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<P::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: Part<'de>> Visitor<'de> for Lenient<P> {
    type Value = P::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<P::Value, E> {
        Ok(P::null())
    }

    fn visit_bool<E>(self, _: bool) -> Result<P::Value, E> {
        Ok(P::Value::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<P::Value, E> {
        Ok(P::Value::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<P::Value, E> {
        Ok(P::Value::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<P::Value, E> {
        Ok(P::Value::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<P::Value, E> {
        Ok(P::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<P::Value, A::Error> {
        P::list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<P::Value, A::Error> {
        P::object(object)
    }
}
