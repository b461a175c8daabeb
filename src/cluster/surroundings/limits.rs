//! The limits of a namespace: what each volume claim and each container may ask for.

use serde::Deserialize;

use super::super::answer::nullable;
use super::super::http::parse;
use super::super::request::{Kind, Reader, Selector};
use crate::source::ReadError;
use crate::source::surroundings::{Limit, LimitRange};

const LIMIT_RANGE: Kind<'static> = Kind {
    api_version: "v1",
    name: "LimitRange",
    plural: "limitranges",
};

#[derive(Deserialize)]
struct WireLimitRange {
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize, Default)]
struct Spec {
    #[serde(default, deserialize_with = "nullable")]
    limits: Vec<Limit>,
}

/// The limits of a namespace.
pub(super) async fn read(reader: &Reader<'_>, namespace: &str) -> Result<Vec<LimitRange>, ReadError> {
    let limits = reader.list(LIMIT_RANGE, Some(namespace), Selector::All, |json| {
        let range: WireLimitRange = parse(json.as_bytes())?;
        Ok(Some(LimitRange {
            limits: range.spec.limits,
        }))
    });
    limits.await
}
