//! The one place that sends anything else than GET: server-side dry runs, where the user asks for them.
//!
//! A dry run is a PATCH that the API server goes through with, admission included, and then does not store
//! (Kubernetes: `apiserver/pkg/endpoints/handlers/patch.go`, `PatchResource`; `dryRun=All`). It needs the right to
//! patch, which cannot be granted for dry runs alone. Server-side apply, because it says what an object would be with
//! the manifest's values whoever owns them now. The query is written here, so that no caller can leave it out.

use ::http::{Request, StatusCode, header};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::client::Body;

use super::http::{self, Answer, Call, Failure, Http, JSON, Patience, Purpose, Response, api_path, encode};
use crate::source::{ObjectRequest, ReadError};

/// The query of every dry run. The name of the manager appears in audit logs.
const DRY_RUN: &str = "dryRun=All&force=true&fieldManager=driftline";

/// JSON is YAML, too.
const APPLY: &str = "application/apply-patch+yaml";

/// What refusals say, and how a report may say it: their own words quote values.
const KNOWN: [(&str, &str); 3] = [
    (
        "does not support dry run",
        "an admission webhook does not support dry runs",
    ),
    (
        "failed to create typed patch object",
        "the manifest's object does not fit the type",
    ),
    ("failed calling webhook", "an admission webhook fails"),
];

/// What the API server would make of an object that is there.
pub(super) async fn dry_run(
    http: &Http,
    wanted: &ObjectRequest,
    body: Vec<u8>,
) -> Result<Vec<u8>, ReadError> {
    let key = &wanted.key;
    let within = key.namespace.as_deref().map_or_else(String::new, |namespace| {
        format!("/namespaces/{}", encode(namespace))
    });
    let path = format!(
        "{}{within}/{}/{}?{DRY_RUN}",
        api_path(&key.gvk.api_version),
        wanted.plural,
        encode(&key.name)
    );
    let resource = match key.gvk.group() {
        "" => wanted.plural.clone(),
        group => format!("{}.{group}", wanted.plural),
    };
    let purpose = Purpose {
        verb: "patch",
        resource: &resource,
        namespace: key.namespace.as_deref(),
    };
    let body = bytes::Bytes::from(body);
    let make = || {
        Request::patch(&path)
            .header(header::ACCEPT, JSON)
            .header(header::CONTENT_TYPE, APPLY)
            .body(Body::from(body.clone()))
    };
    let call = Call {
        path: &path,
        patience: &Patience::default(),
        make: &make,
        judge: &|response| judge(&response, purpose),
    };
    let (answer, _) = http.send(call).await?;
    match answer {
        Answer::Body(body) => Ok(body.to_vec()),
        Answer::NotFound | Answer::NoSuchPath => Err(refused(StatusCode::NOT_FOUND, String::new())),
        Answer::Expired => Err(refused(StatusCode::GONE, String::new())),
    }
}

/// As for reading, but that a server error is an answer: the same webhook or the same manifest fails again.
fn judge(response: &Response, purpose: Purpose<'_>) -> Result<Answer, Failure> {
    let status = response.status;
    if status != StatusCode::BAD_REQUEST && status != StatusCode::INTERNAL_SERVER_ERROR {
        return http::judge(response, purpose);
    }
    let told: Option<Status> = serde_json::from_slice(&response.body).ok();
    let message = told.and_then(|told| told.message).unwrap_or_default();
    let known = KNOWN.iter().find(|(said, _)| message.contains(said));
    let reason = known.map_or_else(String::new, |(_, told)| (*told).to_owned());
    Err(Failure::Final(refused(status, reason)))
}

fn refused(status: StatusCode, reason: String) -> ReadError {
    ReadError::Refused {
        status: status.as_u16(),
        reason,
    }
}
