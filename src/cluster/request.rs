//! The requests by which single facts are read: one object, a whole list, the length of a list.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::answer::{Identity, StatedType, malformed};
use super::http::{ApiAnswer, ApiClient, Compression, JSON, Purpose, RetryBudget, parse};
use super::pages::{self, ListRequest};
use super::paths::{ApiPath, ApiResource};
use super::seen_version::SeenVersion;
use super::storage::METADATA_ONLY;
use crate::object::Gvk;
use crate::source::surroundings::Counted;
use crate::source::{Kinds, ReadError};
use crate::weight;

/// The most items that one list may have, and the most bytes that they may take as text: more of them than any cluster has,
/// and little enough to keep in memory.
const MOST_ITEMS: usize = 5_000;
const MOST_BYTES: usize = 16 << 20;

/// How many items are asked for where a list is only counted and the API server does not say how many follow.
const COUNTED_PAGE: u32 = 500;

/// Reads from one API server.
pub(super) struct Reader<'a> {
    pub(super) http: &'a ApiClient,
    pub(super) kinds: &'a Kinds,
}

/// A kind, and how it is addressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind<'a> {
    pub(super) api_version: &'a str,
    pub(super) name: &'a str,
    pub(super) plural: &'a str,
}

/// What a list selects.
#[derive(Debug, Clone, Copy)]
pub(super) enum Selector<'a> {
    /// Everything.
    All,
    /// The objects with a label.
    Label(&'a str),
    /// The objects with a field.
    Field(&'a str),
}

impl Selector<'_> {
    fn applied_to(self, path: ApiPath) -> ApiPath {
        match self {
            Self::All => path,
            Self::Label(selector) => path.with("labelSelector", selector),
            Self::Field(selector) => path.with("fieldSelector", selector),
        }
    }
}

impl Reader<'_> {
    /// Whether a kind is served. `Err` where its group does not answer.
    pub(super) fn is_served(&self, kind: Kind<'_>) -> Result<bool, ReadError> {
        if self.kinds.served.contains_key(&kind.gvk()) {
            return Ok(true);
        }
        let group = kind.gvk().group().to_owned();
        let unavailable = &self.kinds.unavailable;
        match unavailable
            .iter()
            .find(|known| Gvk::new(*known, "").group() == group)
        {
            Some(api_version) => Err(ReadError::GroupUnavailable {
                api_version: api_version.clone(),
            }),
            None => Ok(false),
        }
    }

    /// The first of some versions of a kind that is served.
    pub(super) fn first_served<'k>(
        &self,
        versions: impl IntoIterator<Item = Kind<'k>>,
    ) -> Result<Option<Kind<'k>>, ReadError> {
        for kind in versions {
            if self.is_served(kind)? {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    /// One object; `None` where it does not exist.
    pub(super) async fn object(
        &self,
        kind: Kind<'_>,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<bytes::Bytes>, ReadError> {
        let resource = kind.resource();
        let purpose = Purpose {
            verb: "get",
            resource: &resource.role_name(),
            namespace,
        };
        let path = resource.object(namespace, name);
        match self.http.get(path.as_ref(), JSON, purpose).await? {
            ApiAnswer::Body(body) => {
                let identity: Identity<'_> = parse(&body)?;
                identity.stated_type().must_be(&kind.gvk())?;
                identity.metadata.must_be(namespace, name)?;
                Ok(Some(body))
            }
            ApiAnswer::NotFound => Ok(None),
            ApiAnswer::NoSuchPath | ApiAnswer::Expired | ApiAnswer::TooLarge => {
                Err(malformed("it is no answer to a GET of an object"))
            }
        }
    }

    /// A whole list, item by item, in its order.
    pub(super) async fn list<T: Send + 'static>(
        &self,
        kind: Kind<'_>,
        namespace: Option<&str>,
        selector: Selector<'_>,
        read_item: impl Fn(&str) -> Result<Option<T>, ReadError> + Send + Sync + 'static,
    ) -> Result<Vec<T>, ReadError> {
        let (resource, items) = (kind.resource(), kind.gvk());
        let list = ListRequest {
            path: &selector.applied_to(resource.collection(namespace)),
            items: &items,
            accept: JSON,
            purpose: Purpose {
                verb: "list",
                resource: &resource.role_name(),
                namespace,
            },
            compression: Compression::Allowed,
            retries: &RetryBudget::default(),
            seen: &SeenVersion::default(),
        };
        let (expected, listed) = (items.clone(), namespace.map(str::to_owned));
        let (kept, bytes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        pages::collect(self.http, list, move |json| {
            let identity: Identity<'_> = parse(json.as_bytes())?;
            identity.stated_type().may_be(&expected)?;
            identity.metadata.must_be_within(listed.as_deref())?;
            let item = read_item(json)?;
            if item.is_some() {
                let size = bytes
                    .fetch_add(json.len(), Ordering::Relaxed)
                    .saturating_add(json.len());
                if kept.fetch_add(1, Ordering::Relaxed) >= MOST_ITEMS || size > MOST_BYTES {
                    return Err(malformed("it has more than is looked at"));
                }
            }
            Ok(item)
        })
        .await
    }

    /// How many objects a list has, by one request. Without a selector the API server says how many follow the first one.
    pub(super) async fn count(
        &self,
        kind: Kind<'_>,
        namespace: Option<&str>,
        selector: Selector<'_>,
    ) -> Result<Counted, ReadError> {
        let resource = kind.resource();
        let purpose = Purpose {
            verb: "list",
            resource: &resource.role_name(),
            namespace,
        };
        let limit = match selector {
            Selector::All => 1,
            Selector::Label(_) | Selector::Field(_) => COUNTED_PAGE,
        };
        let path = selector
            .applied_to(resource.collection(namespace))
            .page(limit, None);
        match self.http.get(path.as_ref(), METADATA_ONLY, purpose).await? {
            ApiAnswer::Body(body) => {
                let page: CountedPage<'_> = parse(&body)?;
                let list = Gvk::new("meta.k8s.io/v1", "PartialObjectMetadataList");
                StatedType::new(Some(&page.api_version), Some(&page.kind)).must_be(&list)?;
                Ok(page.counted())
            }
            ApiAnswer::NotFound | ApiAnswer::NoSuchPath | ApiAnswer::Expired | ApiAnswer::TooLarge => {
                Err(malformed("it is no list"))
            }
        }
    }
}

impl<'a> Kind<'a> {
    pub(super) fn gvk(self) -> Gvk {
        Gvk::new(self.api_version, self.name)
    }

    const fn resource(self) -> ApiResource<'a> {
        ApiResource {
            api_version: self.api_version,
            plural: self.plural,
        }
    }
}

/// The first page of a list that is counted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountedPage<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    metadata: CountedMeta,
    #[serde(deserialize_with = "length")]
    items: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountedMeta {
    #[serde(default, rename = "continue")]
    token: Option<String>,
    remaining_item_count: Option<u64>,
}

fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let length = weight::list::fold(deserializer, |length: u64, _: IgnoredAny| Ok(length + 1));
    length.map(Option::unwrap_or_default)
}

impl CountedPage<'_> {
    fn counted(&self) -> Counted {
        let has_more = self
            .metadata
            .token
            .as_deref()
            .is_some_and(|token| !token.is_empty());
        let remaining = self.metadata.remaining_item_count;
        Counted {
            count: self.items.saturating_add(remaining.unwrap_or_default()),
            or_more: has_more && remaining.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_counted_by_its_first_page() {
        let counted = |metadata: &str, items: &str| {
            let page = format!(
                r#"{{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {metadata}, "items": {items}}}"#
            );
            let page: CountedPage<'_> = serde_json::from_str(&page).unwrap();
            page.counted().to_string()
        };
        assert_eq!(counted("{}", "[]"), "0");
        assert_eq!(counted("{}", "null"), "0");
        assert_eq!(
            counted(r#"{"continue": "x", "remainingItemCount": 41}"#, "[{}]"),
            "42"
        );
        assert_eq!(counted(r#"{"continue": "x"}"#, "[{}, {}]"), "more than 2");
    }
}
