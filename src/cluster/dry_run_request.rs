//! Server-side dry runs, which the operator has to ask for: the only requests that are not GETs.
//!
//! A dry run is a POST or a PATCH that the API server goes through with, admission included, and then does not store
//! (Kubernetes: `apiserver/pkg/endpoints/handlers/create.go` and `patch.go`; `dryRun=All`). It needs the right to create or
//! to patch, which cannot be granted for dry runs alone. Findings are confirmed by server-side apply, because it says what
//! an object would be with the manifest's values whoever owns them now; previews send what Helm sends. The query is written
//! here, so that no caller can leave it out.

use std::sync::{Mutex, PoisonError};

use ::http::{Method, Request, StatusCode, header};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::client::Body;

use super::fetch::object_text;
use super::http::{
    self, AnswerSize, ApiAnswer, ApiClient, ApiResponse, Call, Failure, JSON, Purpose, RetryBudget,
};
use super::paths::{ApiPath, ApiResource};
use crate::source::{
    ApplyOptions, DryRun, DryRunError, DryRunWrite, ObjectRequest, OwnedFields, ReadError, UnknownFields,
};

/// JSON is YAML, too.
const APPLY: &str = "application/apply-patch+yaml";
const STRATEGIC_MERGE: &str = "application/strategic-merge-patch+json";
const JSON_MERGE: &str = "application/merge-patch+json";

/// The longest message of a refusal that is kept. A sentence of a report has fewer characters.
const MAX_WORDS: usize = 16 << 10;

/// Parts of the messages of refusals, and the sentences that a report has in their place: the messages quote values.
const KNOWN_REFUSALS: [(&str, &str); 6] = [
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
    (
        "failed to convert new object",
        "the manifest's object does not fit the type",
    ),
    ("failed calling webhook", "an admission webhook fails"),
];

/// How the messages of refusals by RBAC and by admission go on (Kubernetes:
/// `apiserver/pkg/endpoints/handlers/responsewriters/errors.go`, `forbiddenMessage`; apimachinery:
/// `pkg/api/errors/errors.go`, `NewForbidden`).
const BY_RBAC: &str = " is forbidden: User \"";
const BY_ANYBODY: &str = " is forbidden: ";
const BY_ADMISSION: &str = "admission refuses it";

/// Sends a dry run, and returns the object as the API server would store it.
pub(super) async fn send(
    http: &ApiClient,
    request: &ObjectRequest,
    dry_run: DryRun,
) -> Result<Vec<u8>, DryRunError> {
    let key = &request.key;
    let namespace = key.namespace.as_deref();
    let resource = ApiResource {
        api_version: &key.gvk.api_version,
        plural: &request.plural,
    };
    let wire = Wire::of(dry_run.write);
    let path = match dry_run.write {
        DryRunWrite::Create => resource.collection(namespace),
        DryRunWrite::Apply(_) | DryRunWrite::StrategicMerge | DryRunWrite::JsonMerge => {
            resource.object(namespace, &key.name)
        }
    };
    let path = with_query(path, dry_run.write, &dry_run.manager);
    let purpose = Purpose {
        verb: wire.verb,
        resource: &resource.role_name(),
        namespace,
    };
    let body = bytes::Bytes::from(dry_run.body);
    let make = || {
        Request::builder()
            .method(wire.method.clone())
            .uri(path.as_ref())
            .header(header::ACCEPT, JSON)
            .header(header::CONTENT_TYPE, wire.content_type)
            .body(Body::from(body.clone()))
    };
    let words = Mutex::new(None);
    let call = Call {
        path: path.as_ref(),
        answer: AnswerSize::Single,
        retries: &RetryBudget::default(),
        make: &make,
        interpret: &|response| {
            let message = message(&response);
            let answer = interpret(&response, message.as_deref(), purpose);
            *words.lock().unwrap_or_else(PoisonError::into_inner) = message;
            answer
        },
    };
    let answer = match http.send(call).await {
        Ok((ApiAnswer::Body(body), _)) => return Ok(object_text(key, &body).map(|_| body.to_vec())?),
        Ok((ApiAnswer::NotFound | ApiAnswer::NoSuchPath, _)) => refused(StatusCode::NOT_FOUND, ""),
        Ok((ApiAnswer::TooLarge, _)) => refused(StatusCode::PAYLOAD_TOO_LARGE, ""),
        Ok((ApiAnswer::Expired, _)) => refused(StatusCode::GONE, ""),
        Err(error) => error,
    };
    Err(DryRunError {
        error: answer,
        words: words.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
}

/// How a write is sent.
struct Wire {
    method: Method,
    content_type: &'static str,
    /// The verb in the words of RBAC.
    verb: &'static str,
}

impl Wire {
    const fn of(write: DryRunWrite) -> Self {
        let (method, content_type, verb) = match write {
            DryRunWrite::Create => (Method::POST, JSON, "create"),
            DryRunWrite::Apply(_) => (Method::PATCH, APPLY, "patch"),
            DryRunWrite::StrategicMerge => (Method::PATCH, STRATEGIC_MERGE, "patch"),
            DryRunWrite::JsonMerge => (Method::PATCH, JSON_MERGE, "patch"),
        };
        Self {
            method,
            content_type,
            verb,
        }
    }
}

/// The query of a dry run. The name of the manager appears in audit logs.
fn with_query(path: ApiPath, write: DryRunWrite, manager: &str) -> ApiPath {
    let path = path.with("dryRun", "All");
    let (force, validation) = match write {
        DryRunWrite::Apply(ApplyOptions { owned, unknown }) => (
            Some(match owned {
                OwnedFields::Refuse => "false",
                OwnedFields::TakeOver => "true",
            }),
            match unknown {
                UnknownFields::ByDefault => None,
                UnknownFields::Refuse => Some("Strict"),
            },
        ),
        DryRunWrite::Create | DryRunWrite::StrategicMerge | DryRunWrite::JsonMerge => (None, None),
    };
    let path = force
        .into_iter()
        .fold(path, |path, force| path.with("force", force));
    let path = path.with("fieldManager", manager);
    validation
        .into_iter()
        .fold(path, |path, validation| path.with("fieldValidation", validation))
}

/// Interprets an answer as for reading, with two exceptions. A server error is final: the same webhook or the same
/// manifest fails again. And a 403 may be admission's, which concerns this object alone, unlike RBAC's.
fn interpret(
    response: &ApiResponse,
    message: Option<&str>,
    purpose: Purpose<'_>,
) -> Result<ApiAnswer, Failure> {
    let status = response.status;
    let known = match status {
        StatusCode::BAD_REQUEST | StatusCode::INTERNAL_SERVER_ERROR => message.and_then(known_refusal),
        StatusCode::FORBIDDEN => match message.and_then(forbidden) {
            Some(known) => Some(known),
            None => return http::interpret(response, lacking(purpose, message)),
        },
        _ => return http::interpret(response, purpose),
    };
    Err(Failure::Final(refused(status, known.unwrap_or_default())))
}

/// The API server's own words about a refusal.
fn message(response: &ApiResponse) -> Option<String> {
    if response.status.is_success() {
        return None;
    }
    let refusal: Status = serde_json::from_slice(&response.body).ok()?;
    let mut message = refusal.message?;
    message.truncate(message.floor_char_boundary(MAX_WORDS));
    Some(message)
}

/// The sentence for a refusal, where its message is known.
fn known_refusal(message: &str) -> Option<&'static str> {
    let known = KNOWN_REFUSALS.iter().find(|(part, _)| message.contains(part));
    known.map(|(_, sentence)| *sentence)
}

/// The sentence for a 403 by admission; `None` for one by RBAC, or by whoever stands before the API server.
fn forbidden(message: &str) -> Option<&'static str> {
    let is_by_admission = message.contains(BY_ANYBODY) && !message.contains(BY_RBAC);
    known_refusal(message).or(is_by_admission.then_some(BY_ADMISSION))
}

/// The right that is missing: an apply of an object that does not exist needs the one to create it, too.
fn lacking<'p>(purpose: Purpose<'p>, message: Option<&str>) -> Purpose<'p> {
    match message {
        Some(message) if message.contains("\" cannot create resource ") => Purpose {
            verb: "create",
            ..purpose
        },
        Some(_) | None => purpose,
    }
}

fn refused(status: StatusCode, reason: &str) -> ReadError {
    ReadError::Refused {
        status: status.as_u16(),
        reason: reason.to_owned(),
    }
}
