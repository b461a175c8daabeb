//! The type and the place of an answer: an API server states both, and whatever else answers 200 does not.
//!
//! A proxy, a login page or a broken gateway answers 200 to anything. Were such an answer taken for a list, a cluster
//! would look empty, and an empty cluster is a clean one. So each answer has to be what was asked for. The API server
//! writes `kind` and `apiVersion` into every object and every list (apimachinery:
//! `pkg/runtime/serializer/versioning/versioning.go`, `doEncode`). Of a list's items it writes them into custom
//! resources and partial metadata only, so that an item may leave them out but not contradict them.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::object::Gvk;
use crate::source::ReadError;

/// The type of an answer or an item, as it states it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatedType<'a> {
    pub(super) api_version: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
}

impl<'a> StatedType<'a> {
    /// The type that these fields state.
    pub(super) fn new(api_version: Option<&'a Cow<'_, str>>, kind: Option<&'a Cow<'_, str>>) -> Self {
        Self {
            api_version: api_version.map(AsRef::as_ref),
            kind: kind.map(AsRef::as_ref),
        }
    }

    /// `Err` unless this is the type, stated in full.
    pub(super) fn must_be(self, expected: &Gvk) -> Result<(), ReadError> {
        let is_expected =
            self.kind == Some(&expected.kind) && self.api_version == Some(&expected.api_version);
        if is_expected {
            Ok(())
        } else {
            Err(other_type(expected))
        }
    }

    /// `Err` where an item of a list states another type.
    pub(super) fn may_be(self, expected: &Gvk) -> Result<(), ReadError> {
        let contradicts = self.kind.is_some_and(|kind| kind != expected.kind)
            || self
                .api_version
                .is_some_and(|api_version| api_version != expected.api_version);
        if contradicts {
            Err(other_type(expected))
        } else {
            Ok(())
        }
    }
}

fn other_type(expected: &Gvk) -> ReadError {
    malformed(&format!("it is no {} of {}", expected.kind, expected.api_version))
}

/// An answer that is not what was asked for.
pub(super) fn malformed(reason: &str) -> ReadError {
    ReadError::Malformed {
        reason: reason.to_owned(),
    }
}

/// The type and the place of an object; the rest of it is skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) metadata: Place<'a>,
}

/// The place of an object among those of its kind.
#[derive(Deserialize)]
pub(super) struct Place<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) namespace: Option<Cow<'a, str>>,
}

impl Identity<'_> {
    /// The type that the object states.
    pub(super) fn stated_type(&self) -> StatedType<'_> {
        StatedType::new(self.api_version.as_ref(), self.kind.as_ref())
    }
}

impl Place<'_> {
    /// `Err` unless the object lies where it was asked for.
    pub(super) fn must_be(&self, namespace: Option<&str>, name: &str) -> Result<(), ReadError> {
        if self.name == name && self.namespace.as_deref() == namespace {
            Ok(())
        } else {
            Err(malformed("it is another object"))
        }
    }

    /// `Err` where an item has no name, or lies outside of the namespace that was listed.
    pub(super) fn must_be_within(&self, namespace: Option<&str>) -> Result<(), ReadError> {
        must_be_within(&self.name, self.namespace.as_deref(), namespace)
    }
}

/// `Err` where an item has no name, or lies outside of the namespace that was listed.
pub(super) fn must_be_within(
    name: &str,
    namespace: Option<&str>,
    listed: Option<&str>,
) -> Result<(), ReadError> {
    if name.is_empty() {
        Err(malformed("an item of the list has no name"))
    } else if listed.is_some() && namespace != listed {
        Err(malformed("an item of the list is in another namespace"))
    } else {
        Ok(())
    }
}

/// A list of Go's, which writes an empty one as `null`. As a field it has to be there.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_states_its_type_and_an_item_does_not_contradict_it() {
        let expected = Gvk::new("apps/v1", "Deployment");
        let rows = [
            (Some("apps/v1"), Some("Deployment"), true, true),
            (None, None, false, true),
            (None, Some("Deployment"), false, true),
            (Some("apps/v1"), None, false, true),
            (Some("v1"), Some("Deployment"), false, false),
            (Some("apps/v1"), Some("Status"), false, false),
            (Some(""), Some(""), false, false),
        ];
        for (api_version, kind, answer, item) in rows {
            let stated = StatedType { api_version, kind };
            assert_eq!(stated.must_be(&expected).is_ok(), answer, "{stated:?}");
            assert_eq!(stated.may_be(&expected).is_ok(), item, "{stated:?}");
        }
    }
}
