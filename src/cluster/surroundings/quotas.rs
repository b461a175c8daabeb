//! The quotas of a namespace, by their status.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::answer::nullable;
use super::super::http::parse;
use super::super::request::{Kind, Reader, Selector};
use crate::source::ReadError;
use crate::source::surroundings::Quota;

const QUOTA: Kind<'static> = Kind {
    api_version: "v1",
    name: "ResourceQuota",
    plural: "resourcequotas",
};

#[derive(Deserialize)]
struct ResourceQuota {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default, deserialize_with = "nullable")]
    scopes: BTreeSet<String>,
    #[serde(default, deserialize_with = "nullable")]
    scope_selector: ScopeSelector,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ScopeSelector {
    #[serde(default, deserialize_with = "nullable")]
    match_expressions: Vec<ScopeRequirement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeRequirement {
    scope_name: String,
}

#[derive(Deserialize, Default)]
struct Status {
    #[serde(default, deserialize_with = "nullable")]
    hard: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "nullable")]
    used: BTreeMap<String, String>,
}

/// The quotas of a namespace.
pub(super) async fn read(reader: &Reader<'_>, namespace: &str) -> Result<Vec<Quota>, ReadError> {
    let quotas = reader.list(QUOTA, Some(namespace), Selector::All, |json| {
        let quota: ResourceQuota = parse(json.as_bytes())?;
        let selected = quota.spec.scope_selector.match_expressions.into_iter();
        let scopes = quota
            .spec
            .scopes
            .into_iter()
            .chain(selected.map(|requirement| requirement.scope_name));
        Ok(Some(Quota {
            name: quota.metadata.name,
            scopes: scopes.collect(),
            hard: quota.status.hard,
            used: quota.status.used,
        }))
    });
    quotas.await
}
