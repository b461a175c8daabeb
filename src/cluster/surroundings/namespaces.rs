//! Namespaces: whether they exist and take new objects, and what goes with one that is deleted.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::super::answer::nullable;
use super::super::http::parse;
use super::super::request::{Kind, Reader, Selector};
use crate::source::ReadError;
use crate::source::surroundings::{Contents, Labels, NamespaceFacts};

const NAMESPACE: Kind<'static> = core("Namespace", "namespaces");
const CLAIM: Kind<'static> = core("PersistentVolumeClaim", "persistentvolumeclaims");
const POD: Kind<'static> = core("Pod", "pods");
const SECRET: Kind<'static> = core("Secret", "secrets");

/// The records of Helm among Secrets.
const RECORDS: Selector<'static> = Selector::Field("type=helm.sh/release.v1");

const fn core<'a>(kind: &'a str, plural: &'a str) -> Kind<'a> {
    Kind {
        api_version: "v1",
        name: kind,
        plural,
    }
}

#[derive(Deserialize)]
struct Namespace {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default, deserialize_with = "nullable")]
    labels: Labels,
    deletion_timestamp: Option<DateTime<Utc>>,
}

/// A namespace; `None` where it does not exist.
pub(super) async fn read(reader: &Reader<'_>, name: &str) -> Result<Option<NamespaceFacts>, ReadError> {
    let body = reader.object(NAMESPACE, None, name).await?;
    let facts = body.map(|body| {
        let namespace: Namespace = parse(&body)?;
        Ok(NamespaceFacts {
            terminating_since: namespace.metadata.deletion_timestamp,
            labels: namespace.metadata.labels,
        })
    });
    facts.transpose()
}

/// What goes with a namespace that is deleted.
pub(super) async fn count_contents(reader: &Reader<'_>, name: &str) -> Result<Contents, ReadError> {
    let (claims, pods, records) = futures::try_join!(
        reader.count(CLAIM, Some(name), Selector::All),
        reader.count(POD, Some(name), Selector::All),
        reader.count(SECRET, Some(name), RECORDS),
    )?;
    Ok(Contents {
        claims,
        pods,
        records,
    })
}
