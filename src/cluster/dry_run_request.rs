//! Server-side dry runs, which the operator has to ask for: the only requests that are not GETs.
//!
//! A dry run is a PATCH that the API server goes through with, admission included, and then does not store
//! (Kubernetes: `apiserver/pkg/endpoints/handlers/patch.go`, `PatchResource`; `dryRun=All`). It needs the right to
//! patch, which cannot be granted for dry runs alone. Server-side apply, because it says what an object would be with
//! the manifest's values whoever owns them now. The query is written here, so that no caller can leave it out.

use ::http::{Request, StatusCode, header};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::client::Body;

use super::fetch::object_text;
use super::http::{
    self, AnswerSize, ApiAnswer, ApiClient, ApiResponse, Call, Failure, JSON, Purpose, RetryBudget,
};
use super::paths::ApiResource;
use crate::source::{ObjectRequest, ReadError};

/// The query of every dry run. The name of the manager appears in audit logs.
const DRY_RUN: [(&str, &str); 3] = [
    ("dryRun", "All"),
    ("force", "true"),
    ("fieldManager", "driftline"),
];

/// JSON is YAML, too.
const APPLY: &str = "application/apply-patch+yaml";

/// Parts of the messages of refusals, and the sentences that a report has in their place: the messages quote values.
const KNOWN_REFUSALS: [(&str, &str); 5] = [
    // Kubernetes: `apiserver/pkg/admission/plugin/webhook/errors/statuserror.go`, `ToStatusErr`.
    ("denied the request", "an admission webhook denies it"),
    // Kubernetes: `apiserver/pkg/admission/plugin/policy/validating/dispatcher.go`, `Dispatch`.
    ("denied request", "an admission policy denies it"),
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

/// Sends a dry run for an existing object, and returns the object as the API server would store it.
pub(super) async fn send(
    http: &ApiClient,
    request: &ObjectRequest,
    body: Vec<u8>,
) -> Result<Vec<u8>, ReadError> {
    let key = &request.key;
    let namespace = key.namespace.as_deref();
    let resource = ApiResource {
        api_version: &key.gvk.api_version,
        plural: &request.plural,
    };
    let path = DRY_RUN
        .into_iter()
        .fold(resource.object(namespace, &key.name), |path, (name, value)| {
            path.with(name, value)
        });
    let purpose = Purpose {
        verb: "patch",
        resource: &resource.role_name(),
        namespace,
    };
    let body = bytes::Bytes::from(body);
    let make = || {
        Request::patch(path.as_ref())
            .header(header::ACCEPT, JSON)
            .header(header::CONTENT_TYPE, APPLY)
            .body(Body::from(body.clone()))
    };
    let call = Call {
        path: path.as_ref(),
        answer: AnswerSize::Single,
        retries: &RetryBudget::default(),
        make: &make,
        interpret: &|response| interpret(&response, purpose),
    };
    let (answer, _) = http.send(call).await?;
    match answer {
        ApiAnswer::Body(body) => object_text(key, &body).map(|_| body.to_vec()),
        ApiAnswer::NotFound | ApiAnswer::NoSuchPath => Err(refused(StatusCode::NOT_FOUND, String::new())),
        ApiAnswer::TooLarge => Err(refused(StatusCode::PAYLOAD_TOO_LARGE, String::new())),
        ApiAnswer::Expired => Err(refused(StatusCode::GONE, String::new())),
    }
}

/// Interprets an answer as for reading, with two exceptions. A server error is final: the same webhook or the same
/// manifest fails again. And a 403 may be admission's, which concerns this object alone, unlike RBAC's.
fn interpret(response: &ApiResponse, purpose: Purpose<'_>) -> Result<ApiAnswer, Failure> {
    let status = response.status;
    let known = match status {
        StatusCode::BAD_REQUEST | StatusCode::INTERNAL_SERVER_ERROR => known_refusal(response),
        StatusCode::FORBIDDEN => match known_refusal(response) {
            Some(known) => Some(known),
            None => return http::interpret(response, purpose),
        },
        _ => return http::interpret(response, purpose),
    };
    Err(Failure::Final(refused(
        status,
        known.unwrap_or_default().to_owned(),
    )))
}

/// The sentence for a refusal, where its message is known.
fn known_refusal(response: &ApiResponse) -> Option<&'static str> {
    let refusal: Status = serde_json::from_slice(&response.body).ok()?;
    let message = refusal.message?;
    let known = KNOWN_REFUSALS.iter().find(|(part, _)| message.contains(part));
    known.map(|(_, sentence)| *sentence)
}

fn refused(status: StatusCode, reason: String) -> ReadError {
    ReadError::Refused {
        status: status.as_u16(),
        reason,
    }
}
