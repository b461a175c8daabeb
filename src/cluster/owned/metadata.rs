//! The metadata by which an object says whose it is.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::shell::Word;
use crate::source::ClaimedRelease;
use crate::weight;

/// The metadata of an object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartialObject<'a> {
    #[serde(borrow)]
    pub(super) api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) metadata: ObjectMetadata<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectMetadata<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) uid: Option<Cow<'a, str>>,
    pub(super) creation_timestamp: Option<DateTime<Utc>>,
    pub(super) deletion_timestamp: Option<DateTime<Utc>>,
    #[serde(default, borrow)]
    pub(super) annotations: Annotations<'a>,
    #[serde(default, rename = "ownerReferences", deserialize_with = "is_not_empty")]
    pub(super) is_owned: bool,
}

/// The annotations that Helm writes, and the one that it reads.
#[derive(Deserialize, Default)]
pub(super) struct Annotations<'a> {
    #[serde(borrow, rename = "meta.helm.sh/release-name")]
    release: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "meta.helm.sh/release-namespace")]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "helm.sh/resource-policy")]
    policy: Option<Cow<'a, str>>,
}

impl Annotations<'_> {
    /// Whether Helm keeps the object when the release is uninstalled (Helm: `pkg/action/resource_policy.go`,
    /// `filterManifestsToKeep`).
    pub(super) fn is_kept(&self) -> bool {
        let policy = self.policy.as_deref();
        policy.is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
    }
}

impl ObjectMetadata<'_> {
    /// The release that the object names; `None` where the names are none that Helm could have written.
    pub(super) fn claim(&self) -> Option<ClaimedRelease> {
        let name = Word::release(self.annotations.release.as_deref()?).ok()?;
        let namespace = Word::namespace(self.annotations.namespace.as_deref()?).ok()?;
        Some(ClaimedRelease {
            namespace: namespace.as_str().to_owned(),
            name: name.as_str().to_owned(),
        })
    }
}

/// Whether a list has an item.
fn is_not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let found = weight::list::fold(deserializer, |_: bool, _: IgnoredAny| Ok(true));
    found.map(Option::unwrap_or_default)
}
