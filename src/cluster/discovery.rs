//! Which kinds the API server serves, and the schemas of their types.
//!
//! Aggregated discovery answers in two requests (apimachinery's `apidiscovery.k8s.io/v2`); servers before 1.26
//! answer one request per group. Real clusters have aggregated APIs whose server is dead: their kinds are unknown,
//! not gone, and no other kind suffers.

use std::borrow::Cow;
use std::time::Duration;

use futures::StreamExt;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::answer::{malformed, nullable};
use super::http::{ApiAnswer, ApiClient, JSON, Purpose, parse};
use super::paths::ApiPath;
use crate::object::Gvk;
use crate::source::{Kinds, ReadError, ServedKind};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

const PURPOSE: Purpose<'static> = Purpose {
    verb: "get",
    resource: "the API discovery documents",
    namespace: None,
};

/// The type of a discovery document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stated<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default, borrow)]
    api_version: Cow<'a, str>,
}

/// The groups with their resources.
#[derive(Deserialize)]
struct Aggregated<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    items: Vec<Group<'a>>,
}

/// `/api` of an old server.
#[derive(Deserialize)]
struct OldVersions<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    versions: Vec<Cow<'a, str>>,
}

/// `/apis` of an old server.
#[derive(Deserialize)]
struct OldGroups<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    groups: Vec<OldGroup<'a>>,
}

/// Either form of the two discovery roots.
enum Root<'a> {
    Aggregated(Vec<Group<'a>>),
    /// The groups and versions, each with a document of its own.
    ByVersion(Vec<Cow<'a, str>>),
}

impl<'a> Root<'a> {
    /// Reads a root by the type that it states (Kubernetes: `apiserver/pkg/endpoints/discovery`: `aggregated/handler.go`
    /// for the groups with their resources, `legacy.go` and `root.go` for the two old lists, of which the first has no
    /// API version).
    fn read(body: &'a [u8]) -> Result<Self, ReadError> {
        let Stated { kind, api_version } = parse(body)?;
        match (&*kind, &*api_version) {
            ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2" | "apidiscovery.k8s.io/v2beta1") => {
                let Aggregated { items } = parse(body)?;
                Ok(Self::Aggregated(items))
            }
            ("APIVersions", "" | "v1") => {
                let OldVersions { versions } = parse(body)?;
                Ok(Self::ByVersion(versions))
            }
            ("APIGroupList", "v1") => {
                let OldGroups { groups } = parse(body)?;
                let versions = groups.into_iter().flat_map(|group| group.versions);
                Ok(Self::ByVersion(
                    versions.map(|version| version.group_version).collect(),
                ))
            }
            _ => Err(malformed(
                "it is no list of API groups; is this a Kubernetes API?",
            )),
        }
    }
}

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow)]
    metadata: GroupName<'a>,
    #[serde(default, borrow, deserialize_with = "nullable")]
    versions: Vec<Version<'a>>,
}

#[derive(Deserialize)]
struct GroupName<'a> {
    #[serde(default, borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Version<'a> {
    #[serde(borrow, rename = "version")]
    name: Cow<'a, str>,
    #[serde(default, borrow)]
    freshness: Cow<'a, str>,
    #[serde(default, borrow, deserialize_with = "nullable")]
    resources: Vec<DiscoveredResource<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiscoveredResource<'a> {
    #[serde(borrow, rename = "resource")]
    plural: Cow<'a, str>,
    #[serde(borrow)]
    response_kind: Option<ResponseKind<'a>>,
    scope: Scope,
    #[serde(default, borrow, deserialize_with = "nullable")]
    verbs: Vec<Cow<'a, str>>,
}

/// Where the objects of a kind live (Kubernetes: `apidiscovery/v2/types.go`, `ResourceScope`).
#[derive(Deserialize)]
enum Scope {
    Namespaced,
    Cluster,
}

#[derive(Deserialize)]
struct ResponseKind<'a> {
    #[serde(default, borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct OldGroup<'a> {
    #[serde(default, borrow, deserialize_with = "nullable")]
    versions: Vec<OldVersion<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldVersion<'a> {
    #[serde(borrow)]
    group_version: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceList<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    group_version: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "nullable")]
    resources: Vec<OldResource<'a>>,
}

#[derive(Deserialize)]
struct OldResource<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    namespaced: bool,
    #[serde(default, borrow, deserialize_with = "nullable")]
    verbs: Vec<Cow<'a, str>>,
}

/// Whether these verbs of a resource include a list.
fn can_list(verbs: &[Cow<'_, str>]) -> bool {
    verbs.iter().any(|verb| verb == "list")
}

/// How many kinds a server may serve. The largest known clusters have two thousand.
const MAX_KINDS: usize = 50_000;

/// How many groups and versions a server may have that has to be asked for each.
const MAX_GROUPS: usize = 5_000;

/// Every kind that is served, and the groups whose server does not answer.
pub(super) async fn kinds(http: &ApiClient) -> Result<Kinds, ReadError> {
    let mut kinds = Kinds::default();
    let mut one_by_one = Vec::new();
    for root in ["/api", "/apis"] {
        let body = match http.get(root, AGGREGATED, PURPOSE).await? {
            ApiAnswer::Body(body) => body,
            ApiAnswer::NotFound | ApiAnswer::NoSuchPath | ApiAnswer::Expired | ApiAnswer::TooLarge => {
                return Err(ReadError::Malformed {
                    reason: format!("{root} is not there; is this a Kubernetes API?"),
                });
            }
        };
        match Root::read(&body)? {
            Root::Aggregated(groups) => add_groups(groups, &mut kinds),
            Root::ByVersion(versions) => one_by_one.extend(versions.into_iter().map(Cow::into_owned)),
        }
    }
    if one_by_one.len() > MAX_GROUPS {
        return Err(malformed("too large: it has more than 5000 API groups"));
    }
    let mut lists = futures::stream::iter(one_by_one)
        .map(|api_version| async move { (resources(http, &api_version).await, api_version) })
        .buffer_unordered(8);
    while let Some((resources, api_version)) = lists.next().await {
        match resources {
            Ok(resources) => kinds.served.extend(resources),
            Err(error) => {
                tracing::debug!(api_version, %error, "group unavailable");
                kinds.unavailable.push(api_version);
            }
        }
    }
    if kinds.served.len() > MAX_KINDS || kinds.unavailable.len() > MAX_KINDS {
        return Err(malformed("too large: it serves more than 50000 kinds"));
    }
    kinds.unavailable.sort();
    Ok(kinds)
}

fn add_groups(groups: Vec<Group<'_>>, kinds: &mut Kinds) {
    for group in groups {
        for version in group.versions {
            add_version(&group.metadata.name, version, kinds);
        }
    }
}

fn add_version(group: &str, version: Version<'_>, kinds: &mut Kinds) {
    let api_version = if group.is_empty() {
        version.name.to_string()
    } else {
        format!("{group}/{}", version.name)
    };
    if version.freshness == "Stale" {
        kinds.unavailable.push(api_version);
        return;
    }
    for resource in version.resources {
        let Some(kind) = resource.response_kind.filter(|kind| !kind.kind.is_empty()) else {
            continue;
        };
        let served = ServedKind {
            plural: resource.plural.into_owned(),
            namespaced: match resource.scope {
                Scope::Namespaced => true,
                Scope::Cluster => false,
            },
            listable: can_list(&resource.verbs),
        };
        kinds
            .served
            .entry(Gvk::new(api_version.clone(), kind.kind))
            .or_insert(served);
    }
}

async fn resources(http: &ApiClient, api_version: &str) -> Result<Vec<(Gvk, ServedKind)>, ReadError> {
    let path = ApiPath::group_version(api_version);
    let ApiAnswer::Body(body) = http.get(path.as_ref(), JSON, PURPOSE).await? else {
        return Err(ReadError::GroupUnavailable {
            api_version: api_version.to_owned(),
        });
    };
    let list: ResourceList<'_> = parse(&body)?;
    if list.kind != "APIResourceList" || list.group_version != api_version {
        return Err(malformed(
            "it is no list of the resources of this group and version",
        ));
    }
    Ok(list
        .resources
        .into_iter()
        .filter(|resource| !resource.name.contains('/'))
        .map(|resource| {
            let served = ServedKind {
                plural: resource.name.into_owned(),
                namespaced: resource.namespaced,
                listable: can_list(&resource.verbs),
            };
            (Gvk::new(api_version, resource.kind), served)
        })
        .collect())
}

/// The fields that every `OpenAPI` v3 document has (kube-openapi: `pkg/spec3/spec.go`, `OpenAPI`).
#[derive(Deserialize)]
struct OpenApi<'a> {
    #[serde(borrow)]
    openapi: Cow<'a, str>,
    #[serde(rename = "components")]
    _components: IgnoredAny,
}

/// How long the API server may take to publish the schema of a definition that it serves already.
const PUBLISHED_WITHIN: [Duration; 2] = [Duration::from_millis(400), Duration::from_millis(800)];

/// The `OpenAPI` v3 document of a group and version.
///
/// A custom resource is served a moment before its schema is published (Kubernetes: apiextensions-apiserver,
/// `pkg/controller/openapiv3`), so that a scan right after an installation has to ask again.
pub(super) async fn schema(http: &ApiClient, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
    let purpose = Purpose {
        verb: "get",
        resource: "the OpenAPI v3 documents",
        namespace: None,
    };
    let path = format!("/openapi/v3{}", ApiPath::group_version(api_version));
    let mut pauses = PUBLISHED_WITHIN.into_iter();
    loop {
        if let ApiAnswer::Body(body) = http.get(&path, JSON, purpose).await? {
            let document: OpenApi<'_> = parse(&body)?;
            if !document.openapi.starts_with("3.") {
                return Err(malformed("it is no OpenAPI v3 document"));
            }
            return Ok(Some(body.into()));
        }
        match pauses.next() {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Ok(None),
        }
    }
}

/// The version of the API server (Helm: `pkg/action/action.go`, `getCapabilities`); `None` where it does not say it.
pub(super) async fn version(http: &ApiClient) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let purpose = Purpose {
        verb: "get",
        resource: "the version of the API server",
        namespace: None,
    };
    match http.get("/version", JSON, purpose).await {
        Ok(ApiAnswer::Body(body)) => parse::<Version>(&body).ok().map(|version| version.git_version),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregated_discovery_tells_stale_groups_from_served_kinds() {
        let document = r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2",
            "metadata":{},"items":[
            {"metadata":{"name":"apps"},"versions":[{"version":"v1","freshness":"Current","resources":[
                {"resource":"deployments","responseKind":{"group":"","version":"","kind":"Deployment"},
                 "scope":"Namespaced","verbs":["get","list"],"subresources":[{"subresource":"scale"}]}]}]},
            {"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","freshness":"Stale"}]},
            {"metadata":{},"versions":[{"version":"v1","freshness":"Current","resources":[
                {"resource":"nodes","responseKind":{"kind":"Node"},"scope":"Cluster"}]}]}]}"#;
        let mut kinds = Kinds::default();
        let Root::Aggregated(groups) = Root::read(document.as_bytes()).unwrap() else {
            panic!("an aggregated document");
        };
        add_groups(groups, &mut kinds);
        assert_eq!(kinds.unavailable, ["metrics.k8s.io/v1beta1"]);
        let deployment = &kinds.served[&Gvk::new("apps/v1", "Deployment")];
        assert_eq!(
            (
                deployment.plural.as_str(),
                deployment.namespaced,
                deployment.listable
            ),
            ("deployments", true, true)
        );
        assert!(!kinds.served[&Gvk::new("v1", "Node")].namespaced);
    }
}
