//! The names of the namespaces, by which patterns of them are matched and mistyped ones are told from empty ones.

use std::borrow::Cow;

use serde::Deserialize;

use super::answer::{StatedType, must_be_within};
use super::http::{ApiClient, Compression, Purpose, RetryBudget, parse};
use super::pages::{self, ListRequest};
use super::paths::ApiResource;
use super::storage::METADATA_ONLY;
use crate::object::Gvk;
use crate::source::ReadError;

const NAMESPACES: ApiResource<'static> = ApiResource {
    api_version: "v1",
    plural: "namespaces",
};

/// A namespace, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Namespace<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Every namespace.
pub(super) async fn list(http: &ApiClient) -> Result<Vec<String>, ReadError> {
    let partial = Gvk::new("meta.k8s.io/v1", "PartialObjectMetadata");
    let list = ListRequest {
        path: &NAMESPACES.collection(None),
        items: &partial,
        accept: METADATA_ONLY,
        purpose: Purpose {
            verb: "list",
            resource: NAMESPACES.plural,
            namespace: None,
        },
        compression: Compression::Allowed,
        retries: &RetryBudget::default(),
    };
    let items = partial.clone();
    pages::collect(http, list, move |json| {
        let item: Namespace<'_> = parse(json.as_bytes())?;
        StatedType::new(item.api_version.as_ref(), item.kind.as_ref()).may_be(&items)?;
        must_be_within(&item.metadata.name, None, None)?;
        Ok(Some(item.metadata.name.into_owned()))
    })
    .await
}
