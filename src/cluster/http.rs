//! One GET to the API server, with every limit that a batch job needs.
//!
//! Bounded in time, size, number and retries. Retries follow what the API server's priority and fairness asks for
//! (429 with `Retry-After`), and cover what load balancers and restarts do (502–504, dropped connections); anything
//! else is an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use ::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::client::Body;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::source::ReadError;

/// What asks for JSON.
pub(super) const JSON: &str = "application/json";

/// The largest body that is read. A page of full-sized objects fits; nothing legitimate is larger.
const MAX_BODY_BYTES: usize = 256 << 20;

/// How often one request is tried.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(32);
/// How many requests for one kind may fail to the last attempt before the others are tried once.
const GIVEN_UP: u32 = 8;

/// The bounds of all requests together.
pub(super) struct Limits {
    request_timeout: Duration,
    slots: Arc<Semaphore>,
}

impl Limits {
    pub(super) fn new(request_timeout: Duration, concurrency: usize) -> Self {
        Self {
            request_timeout,
            slots: Arc::new(Semaphore::new(concurrency.max(1))),
        }
    }
}

/// The API server.
#[derive(Clone)]
pub(super) struct Http {
    client: kube::Client,
    server: String,
    limits: Arc<Limits>,
    traffic: Arc<Traffic>,
}

/// What was sent and received so far.
#[derive(Default)]
struct Traffic {
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// How long the failures of one kind are borne.
///
/// One object that cannot be decrypted or converted fails by itself, however often it is asked for, and so does
/// every object of a kind whose conversion webhook is gone. Trying each of thousands five times would take as many
/// pauses; what a kind's first failures did not bring, the others' will not. Only 500 counts: what else is worth
/// another attempt is the whole server's condition, and passes.
#[derive(Default)]
pub(super) struct Patience(AtomicU32);

impl Patience {
    fn attempts(&self) -> u32 {
        if self.0.load(Ordering::Relaxed) < GIVEN_UP {
            ATTEMPTS
        } else {
            1
        }
    }

    fn gives_up(&self, error: &ReadError) {
        if let ReadError::Overloaded { status: 500, .. } = error {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// One GET.
#[derive(Clone, Copy)]
pub(super) struct Get<'a> {
    /// The path with its query.
    pub(super) path: &'a str,
    pub(super) accept: &'a str,
    pub(super) purpose: Purpose<'a>,
    pub(super) coding: Coding,
    pub(super) patience: &'a Patience,
}

/// Whether the API server may compress its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// If it likes.
    Any,
    /// No: what is asked for is compressed already, and doing it again costs both sides more than it saves.
    Identity,
}

/// A request's place among those that may be under way. Whoever works on an answer keeps it until that is done, so
/// that no more answers are held than requests are allowed.
pub(super) type Slot = OwnedSemaphorePermit;

/// What a request was for: an error says it in the words of RBAC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose<'a> {
    pub(super) verb: &'a str,
    pub(super) resource: &'a str,
    pub(super) namespace: Option<&'a str>,
}

/// What came back.
pub(super) enum Answer {
    Body(bytes::Bytes),
    /// The API server looked and there is no such object.
    NotFound,
    /// A 404 of whoever answered: the path is not served, or something before the API server does not know it.
    NoSuchPath,
    /// A continue token has expired; the list has to begin again.
    Expired,
}

/// How one attempt failed.
enum Failure {
    Final(ReadError),
    /// Worth another attempt, after the pause that the server asked for.
    Again(ReadError, Option<Duration>),
}

impl Http {
    pub(super) fn new(client: kube::Client, server: String, limits: Limits) -> Self {
        Self {
            client,
            server,
            limits: Arc::new(limits),
            traffic: Arc::default(),
        }
    }

    /// How many requests were sent, and how many bytes their answers had.
    pub(super) fn traffic(&self) -> (u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.traffic.requests), read(&self.traffic.bytes))
    }

    /// Sends one GET that stands for itself; the path carries its query.
    pub(super) async fn get(
        &self,
        path: &str,
        accept: &str,
        purpose: Purpose<'_>,
    ) -> Result<Answer, ReadError> {
        let get = Get {
            path,
            accept,
            purpose,
            coding: Coding::Any,
            patience: &Patience::default(),
        };
        self.hold(get).await.map(|(answer, _)| answer)
    }

    /// Sends one GET, and leaves its slot to whoever works on the answer.
    pub(super) async fn hold(&self, get: Get<'_>) -> Result<(Answer, Slot), ReadError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(get, attempt).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let (error, asked) = match failure {
                Failure::Final(error) => return Err(error),
                Failure::Again(error, asked) => (error, asked),
            };
            if attempt >= get.patience.attempts() {
                get.patience.gives_up(&error);
                return Err(error);
            }
            tracing::debug!(path = get.path, attempt, %error, "trying again");
            tokio::time::sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            attempt += 1;
        }
    }

    async fn attempt(&self, get: Get<'_>, attempt: u32) -> Result<(Answer, Slot), Failure> {
        let mut request = Request::get(get.path).header(header::ACCEPT, get.accept);
        match get.coding {
            // kube says which codings it knows where a request does not.
            Coding::Any => {}
            Coding::Identity => request = request.header(header::ACCEPT_ENCODING, "identity"),
        }
        let request = request.body(Body::empty()).map_err(|error| {
            Failure::Final(ReadError::Malformed {
                reason: error.to_string(),
            })
        })?;
        // Closed only when the program ends; then there is nobody left to answer to.
        let slot = Arc::clone(&self.limits.slots)
            .acquire_owned()
            .await
            .map_err(|_| Failure::Final(ReadError::NotReached))?;
        let seconds = self.limits.request_timeout.as_millis().div_ceil(1000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let exchange = async {
            let response = self
                .client
                .send(request)
                .await
                .map_err(|error| self.broken(&error, attempt))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_BODY_BYTES)
                .collect()
                .await
                .map_err(|error| {
                    if error.is::<http_body_util::LengthLimitError>() {
                        let reason = format!("it is larger than {} MiB", MAX_BODY_BYTES >> 20);
                        Failure::Final(ReadError::Malformed { reason })
                    } else {
                        Failure::Again(
                            self.unreachable("the connection broke while the answer was read"),
                            None,
                        )
                    }
                })?;
            Ok((head.status, head.headers, body.to_bytes()))
        };
        match tokio::time::timeout(self.limits.request_timeout, exchange).await {
            // A server that hangs once hangs again: one more attempt, not four.
            Err(_) if attempt > 1 => Err(Failure::Final(ReadError::TimedOut { seconds })),
            Err(_) => Err(Failure::Again(ReadError::TimedOut { seconds }, None)),
            Ok(exchange) => {
                let (status, headers, body) = exchange?;
                self.traffic.requests.fetch_add(1, Ordering::Relaxed);
                self.traffic.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
                judge(status, &headers, body, get.purpose, attempt).map(|answer| (answer, slot))
            }
        }
    }

    fn broken(&self, error: &kube::Error, attempt: u32) -> Failure {
        match error {
            kube::Error::Auth(_) => Failure::Final(self.unreachable(&reason(error))),
            // As long as any other wait for a server that hangs.
            error if is_timeout(error) => {
                let error = self.unreachable("connecting to it timed out");
                if attempt > 1 {
                    Failure::Final(error)
                } else {
                    Failure::Again(error, None)
                }
            }
            _ => Failure::Again(self.unreachable(&reason(error)), None),
        }
    }

    fn unreachable(&self, reason: &str) -> ReadError {
        ReadError::Unreachable {
            server: self.server.clone(),
            reason: reason.to_owned(),
        }
    }
}

fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    body: bytes::Bytes,
    purpose: Purpose<'_>,
    attempt: u32,
) -> Result<Answer, Failure> {
    if status.is_success() {
        return Ok(Answer::Body(body));
    }
    let reason = || {
        let status: Option<Status> = serde_json::from_slice(&body).ok();
        status
            .and_then(|status| status.reason)
            .filter(|reason| reason.chars().all(char::is_alphanumeric))
    };
    match status {
        StatusCode::NOT_FOUND if reason().as_deref() == Some("NotFound") => Ok(Answer::NotFound),
        StatusCode::NOT_FOUND => Ok(Answer::NoSuchPath),
        StatusCode::GONE => Ok(Answer::Expired),
        StatusCode::UNAUTHORIZED => Err(Failure::Final(ReadError::Unauthorized)),
        StatusCode::FORBIDDEN => Err(Failure::Final(ReadError::Forbidden {
            verb: purpose.verb.to_owned(),
            resource: purpose.resource.to_owned(),
            namespace: purpose.namespace.map(str::to_owned),
        })),
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            let asked = headers
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs);
            Err(Failure::Again(
                ReadError::Overloaded {
                    status: status.as_u16(),
                    attempts: attempt,
                },
                asked,
            ))
        }
        _ => Err(Failure::Final(ReadError::Refused {
            status: status.as_u16(),
            reason: reason().unwrap_or_default(),
        })),
    }
}

/// Whether a connection was not set up in time.
fn is_timeout(error: &kube::Error) -> bool {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::TimedOut)
}

/// What went wrong, in the words of the innermost cause; never what a credential plugin printed.
pub(super) fn reason(error: &kube::Error) -> String {
    if let kube::Error::Auth(error) = error {
        return match error {
            kube::client::AuthError::AuthExecStart(source) => {
                format!("the kubeconfig's credential plugin cannot be started: {source}")
            }
            kube::client::AuthError::AuthExecRun { out, .. } => {
                format!("the kubeconfig's credential plugin failed: {}", out.status)
            }
            kube::client::AuthError::ReadTokenFile(source, path) => {
                format!("the token file {} cannot be read: {source}", path.display())
            }
            _ => "the credentials of the kubeconfig cannot be used".to_owned(),
        };
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
        // What the system says does not name the file.
        if let Some(kube::config::LoadDataError::ReadFile(source, path)) = innermost.downcast_ref() {
            return format!("{} cannot be read: {source}", path.display());
        }
    }
    innermost.to_string()
}

/// Parses an answer, with an error that says where and never what.
pub(super) fn parse<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, ReadError> {
    serde_json::from_slice(body).map_err(|error| ReadError::Malformed {
        reason: format!(
            "unexpected JSON at line {}, column {}",
            error.line(),
            error.column()
        ),
    })
}

/// Percent-encodes one segment of a path, or a value of a query.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The URL path of a group and version.
pub(super) fn api_path(api_version: &str) -> String {
    if api_version.contains('/') {
        let (group, version) = api_version.split_once('/').unwrap_or((api_version, ""));
        format!("/apis/{}/{}", encode(group), encode(version))
    } else {
        format!("/api/{}", encode(api_version))
    }
}

/// The metadata that says whether a list goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListMeta {
    #[serde(rename = "continue")]
    pub(super) token: Option<String>,
    pub(super) remaining_item_count: Option<u64>,
}
