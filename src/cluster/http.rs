//! One request to the API server, with every limit that a batch job needs.
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

use super::credentials::Credentials;
use crate::backoff::{Backoff, Jitter};
use crate::source::ReadError;

/// The media type of JSON, for `Accept`.
pub(super) const JSON: &str = "application/json";

/// The largest body that is read. A page of full-sized objects fits; nothing legitimate is larger.
const MAX_BODY_BYTES: usize = 256 << 20;

/// The longest path and query that is sent. No name and no continue token comes near it, and kube panics where they do not
/// fit into an address behind the server's own path.
const MAX_PATH_BYTES: usize = 16 << 10;

/// How often one request is tried.
const ATTEMPTS: u32 = 5;
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(250),
    longest: Duration::from_secs(32),
};
/// How many requests for one kind may fail to the last attempt before the others are tried only once.
const GIVEN_UP_AT: u32 = 8;

/// The bounds of all requests together.
pub(super) struct RequestLimits {
    request_timeout: Duration,
    slots: Arc<Semaphore>,
}

impl RequestLimits {
    pub(super) fn new(request_timeout: Duration, concurrency: usize) -> Self {
        Self {
            request_timeout,
            slots: Arc::new(Semaphore::new(concurrency.max(1))),
        }
    }
}

/// A client of the API server, with limits and retries.
#[derive(Clone)]
pub(super) struct ApiClient {
    client: kube::Client,
    credentials: Arc<Credentials>,
    server: String,
    limits: Arc<RequestLimits>,
    traffic: Arc<Traffic>,
}

/// How many requests and bytes were exchanged so far.
#[derive(Default)]
struct Traffic {
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// How many of the objects of one kind may fail to their last attempt before the others are tried only once.
///
/// One object that cannot be decrypted or converted fails by itself, however often it is asked for, and so does
/// every object of a kind whose conversion webhook is gone. Trying each of thousands five times would take as many
/// pauses, and after the first failures of a kind the others hardly succeed. Only 500 counts: the other statuses that
/// are worth another attempt concern the whole server, and pass.
#[derive(Default)]
pub(super) struct RetryBudget(AtomicU32);

impl RetryBudget {
    fn attempts(&self) -> u32 {
        if self.0.load(Ordering::Relaxed) < GIVEN_UP_AT {
            ATTEMPTS
        } else {
            1
        }
    }

    fn spend(&self, error: &ReadError) {
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
    pub(super) compression: Compression,
    pub(super) retries: &'a RetryBudget,
}

/// Whether the API server may compress its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// It may.
    Allowed,
    /// It may not: the payload is compressed already, and doing it again costs both sides more than it saves.
    Refused,
}

/// A request's place among those that may be under way. It is kept until the answer is processed, so that no
/// more answers are in memory than requests are allowed.
pub(super) type RequestSlot = OwnedSemaphorePermit;

/// The purpose of a request in the words of RBAC, for errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose<'a> {
    pub(super) verb: &'a str,
    pub(super) resource: &'a str,
    pub(super) namespace: Option<&'a str>,
}

/// An answer that is no failure.
pub(super) enum ApiAnswer {
    Body(bytes::Bytes),
    /// The API server looked and there is no such object.
    NotFound,
    /// A 404 without the API server's reason `NotFound`: the path is not served, or a proxy before the API server does
    /// not know it.
    NoSuchPath,
    /// A continue token has expired; the list has to begin again.
    Expired,
}

/// How one attempt failed.
pub(super) enum Failure {
    Final(ReadError),
    /// Worth another attempt, after the pause that the server asked for.
    Again(ReadError, Option<Duration>),
}

/// An answer of the API server, not yet interpreted.
pub(super) struct ApiResponse {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: bytes::Bytes,
    attempt: u32,
}

/// A request of any kind: how it is made, anew for every attempt, and what its answer means.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) path: &'a str,
    pub(super) retries: &'a RetryBudget,
    pub(super) make: &'a (dyn Fn() -> Result<Request<Body>, ::http::Error> + Send + Sync),
    pub(super) interpret: &'a (dyn Fn(ApiResponse) -> Result<ApiAnswer, Failure> + Send + Sync),
}

impl ApiClient {
    pub(super) fn new(
        client: kube::Client,
        credentials: Credentials,
        server: String,
        limits: RequestLimits,
    ) -> Self {
        Self {
            client,
            credentials: Arc::new(credentials),
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

    /// Sends a single GET, with a retry budget of its own; the path carries its query.
    pub(super) async fn get(
        &self,
        path: &str,
        accept: &str,
        purpose: Purpose<'_>,
    ) -> Result<ApiAnswer, ReadError> {
        let get = Get {
            path,
            accept,
            purpose,
            compression: Compression::Allowed,
            retries: &RetryBudget::default(),
        };
        self.get_keeping_slot(get).await.map(|(answer, _)| answer)
    }

    /// Sends one GET, and returns its slot, to be kept while the answer is processed.
    pub(super) async fn get_keeping_slot(&self, get: Get<'_>) -> Result<(ApiAnswer, RequestSlot), ReadError> {
        let make = || {
            let request = Request::get(get.path).header(header::ACCEPT, get.accept);
            let request = match get.compression {
                // kube says which codings it knows where a request does not.
                Compression::Allowed => request,
                Compression::Refused => request.header(header::ACCEPT_ENCODING, "identity"),
            };
            request.body(Body::empty())
        };
        let call = Call {
            path: get.path,
            retries: get.retries,
            make: &make,
            interpret: &|response| interpret(&response, get.purpose),
        };
        self.send(call).await
    }

    /// Sends a request until it is answered, within the limits.
    pub(super) async fn send(&self, call: Call<'_>) -> Result<(ApiAnswer, RequestSlot), ReadError> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(call, attempt).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let (error, retry_after) = match failure {
                Failure::Final(error) => return Err(error),
                Failure::Again(error, retry_after) => (error, retry_after),
            };
            if attempt >= call.retries.attempts() {
                call.retries.spend(&error);
                return Err(error);
            }
            let pause = BACKOFF.pause(attempt, retry_after, Jitter::draw());
            tracing::debug!(path = call.path, attempt, %error, ?pause, "trying again");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, call: Call<'_>, attempt: u32) -> Result<(ApiAnswer, RequestSlot), Failure> {
        if call.path.len() > MAX_PATH_BYTES {
            let reason = format!("its address would have more than {} KiB", MAX_PATH_BYTES >> 10);
            return Err(Failure::Final(ReadError::Malformed { reason }));
        }
        let mut request = (call.make)().map_err(|error| {
            Failure::Final(ReadError::Malformed {
                reason: error.to_string(),
            })
        })?;
        // The semaphore is closed only when the program ends.
        let slot = Arc::clone(&self.limits.slots)
            .acquire_owned()
            .await
            .map_err(|_| Failure::Final(ReadError::NotReached))?;
        let seconds = self.limits.request_timeout.as_millis().div_ceil(1000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let exchange = async {
            self.credentials
                .authorize(request.headers_mut())
                .await
                .map_err(|error| Failure::Final(self.unreachable(&error.to_string())))?;
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
            Ok(ApiResponse {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
                attempt,
            })
        };
        match tokio::time::timeout(self.limits.request_timeout, exchange).await {
            // A server that hangs once hangs again: one more attempt, not four.
            Err(_) if attempt > 1 => Err(Failure::Final(ReadError::TimedOut { seconds })),
            Err(_) => Err(Failure::Again(ReadError::TimedOut { seconds }, None)),
            Ok(response) => {
                let response = response?;
                self.traffic.requests.fetch_add(1, Ordering::Relaxed);
                self.traffic
                    .bytes
                    .fetch_add(response.body.len() as u64, Ordering::Relaxed);
                (call.interpret)(response).map(|answer| (answer, slot))
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

/// Interprets the answer to a GET.
pub(super) fn interpret(response: &ApiResponse, purpose: Purpose<'_>) -> Result<ApiAnswer, Failure> {
    let ApiResponse {
        status,
        headers,
        body,
        attempt,
    } = response;
    if status.is_success() {
        return Ok(ApiAnswer::Body(body.clone()));
    }
    let reason = || {
        let status: Option<Status> = serde_json::from_slice(body).ok();
        status
            .and_then(|status| status.reason)
            .filter(|reason| reason.chars().all(char::is_alphanumeric))
    };
    match *status {
        StatusCode::NOT_FOUND if reason().as_deref() == Some("NotFound") => Ok(ApiAnswer::NotFound),
        StatusCode::NOT_FOUND => Ok(ApiAnswer::NoSuchPath),
        StatusCode::GONE => Ok(ApiAnswer::Expired),
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
            let retry_after = headers
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs);
            Err(Failure::Again(
                ReadError::Overloaded {
                    status: status.as_u16(),
                    attempts: *attempt,
                },
                retry_after,
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

/// The message of the innermost cause; never the output of a credential plugin.
pub(super) fn reason(error: &kube::Error) -> String {
    if let kube::Error::Auth(_) = error {
        return "the credentials of the kubeconfig cannot be used".to_owned();
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
        // The system's message does not name the file.
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
