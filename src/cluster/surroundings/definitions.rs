//! Definitions of custom resources, and how many objects go with one that is deleted.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::super::answer::nullable;
use super::super::http::parse;
use super::super::request::{Kind, Reader, Selector};
use crate::source::ReadError;
use crate::source::surroundings::{Counted, DefinedVersion, Definition};

const DEFINITION: Kind<'static> = Kind {
    api_version: "apiextensions.k8s.io/v1",
    name: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
};

#[derive(Deserialize)]
struct Wire {
    metadata: Metadata,
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    deletion_timestamp: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Spec {
    group: String,
    names: Names,
    versions: Vec<DefinedVersion>,
}

#[derive(Deserialize)]
struct Names {
    kind: String,
    plural: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default, deserialize_with = "nullable")]
    stored_versions: Vec<String>,
}

async fn get(reader: &Reader<'_>, name: &str) -> Result<Option<Wire>, ReadError> {
    let body = reader.object(DEFINITION, None, name).await?;
    body.map(|body| parse(&body)).transpose()
}

/// A definition; `None` where it does not exist.
pub(super) async fn read(reader: &Reader<'_>, name: &str) -> Result<Option<Definition>, ReadError> {
    let wire = get(reader, name).await?;
    Ok(wire.map(|wire| Definition {
        versions: wire.spec.versions,
        stored_versions: wire.status.stored_versions,
        terminating_since: wire.metadata.deletion_timestamp,
    }))
}

/// How many objects there are of a definition.
pub(super) async fn count_objects(reader: &Reader<'_>, name: &str) -> Result<Counted, ReadError> {
    let Some(wire) = get(reader, name).await? else {
        return Ok(Counted::default());
    };
    let served = wire.spec.versions.iter().find(|version| version.served);
    let Some(served) = served else {
        // Objects of a kind that is not served are stored all the same, and nobody can count them.
        return Err(ReadError::NotServed {
            api_version: wire.spec.group,
            kind: wire.spec.names.kind,
        });
    };
    let kind = Kind {
        api_version: &format!("{}/{}", wire.spec.group, served.name),
        name: &wire.spec.names.kind,
        plural: &wire.spec.names.plural,
    };
    reader.count(kind, None, Selector::All).await
}
