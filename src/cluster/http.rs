//! One request to the API server, with every limit that a batch job needs.
//!
//! Bounded in time, size, number and retries. Retries follow what the API server's priority and fairness asks for
//! (429 with `Retry-After`), and cover what load balancers and restarts do (502–504, dropped connections); anything
//! else is an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use ::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::client::Body;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::credentials::Credentials;
use super::paths::without_version;
use super::traffic::Traffic;
use crate::backoff::{Backoff, Jitter};
use crate::model::ApiTraffic;
use crate::source::ReadError;

/// The media type of JSON, for `Accept`.
pub(super) const JSON: &str = "application/json";

/// The largest answer that is read: an object of etcd's 1.5 MiB fits in whatever way JSON writes it, and so do the
/// documents of every known API group.
const MAX_BODY_BYTES: usize = 16 << 20;
/// The largest page of a list. A larger one is asked for again with fewer items.
const MAX_PAGE_BYTES: usize = 4 << 20;
/// The room that an answer gets which is no list. A larger one is asked for again, with room for the largest.
const USUAL_BODY_BYTES: usize = 2 << 20;
/// How many bytes of answers are held at once, those included that are being worked on. The shipped pod has eight times
/// as much.
const MAX_BYTES_HELD: usize = 32 << 20;
/// The unit in which room for answers is given out: a semaphore has no more permits than fit into 32 bits.
const UNIT: usize = 1 << 10;

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
    /// Room for the bytes of answers, in units.
    room: Arc<Semaphore>,
}

impl RequestLimits {
    pub(super) fn new(request_timeout: Duration, concurrency: usize) -> Self {
        Self {
            request_timeout,
            slots: Arc::new(Semaphore::new(concurrency.max(1))),
            room: Arc::new(Semaphore::new(MAX_BYTES_HELD / UNIT)),
        }
    }
}

/// A client of the API server, with limits and retries.
#[derive(Clone)]
pub(super) struct ApiClient {
    client: kube::Client,
    credentials: Arc<Credentials>,
    server: String,
    network: Network,
    limits: Arc<RequestLimits>,
    traffic: Arc<Traffic>,
    /// Whether the API server's cache was behind once: every request would wait for it.
    is_cache_behind: Arc<AtomicBool>,
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
    pub(super) answer: AnswerSize,
    pub(super) retries: &'a RetryBudget,
}

/// What an answer is, and so how large it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerSize {
    /// A page of a list. A larger one than fits is [`ApiAnswer::TooLarge`].
    Page,
    /// Anything else. A larger one than any is an error.
    Single,
}

impl AnswerSize {
    /// The room that the first attempt gets.
    const fn usual(self) -> usize {
        match self {
            Self::Page => MAX_PAGE_BYTES,
            Self::Single => USUAL_BODY_BYTES,
        }
    }

    /// The room that is asked for where an answer did not fit; `None` where the answer stays too large.
    const fn larger(self, than: usize) -> Option<usize> {
        match self {
            Self::Single if than < MAX_BODY_BYTES => Some(MAX_BODY_BYTES),
            Self::Page | Self::Single => None,
        }
    }
}

/// What lies between here and the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// The network of the cluster or of this machine, where compressing takes longer than sending.
    Near,
    /// Any other one.
    Far,
}

/// Whether the API server may compress its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// It may, where the network is slower than that.
    Allowed,
    /// It may not: the payload is compressed already, and doing it again costs both sides more than it saves.
    Refused,
}

/// A request's place among those that may be under way, and the room for its answer. Both are kept until the answer is
/// processed, so that no more is in memory than is allowed.
pub(super) struct RequestSlot {
    _place: OwnedSemaphorePermit,
    room: OwnedSemaphorePermit,
}

impl RequestSlot {
    /// Gives back the room that the answer did not need.
    fn shrink(&mut self, bytes: usize) {
        let spare = self.room.num_permits().saturating_sub(bytes.div_ceil(UNIT));
        drop(self.room.split(spare));
    }
}

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
    /// A page of a list has more bytes than a page may have.
    TooLarge,
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
    pub(super) answer: AnswerSize,
    pub(super) retries: &'a RetryBudget,
    pub(super) make: &'a (dyn Fn() -> Result<Request<Body>, ::http::Error> + Send + Sync),
    pub(super) interpret: &'a (dyn Fn(ApiResponse) -> Result<ApiAnswer, Failure> + Send + Sync),
}

impl ApiClient {
    pub(super) fn new(
        client: kube::Client,
        credentials: Credentials,
        server: String,
        network: Network,
        limits: RequestLimits,
    ) -> Self {
        Self {
            client,
            credentials: Arc::new(credentials),
            server,
            network,
            limits: Arc::new(limits),
            traffic: Arc::default(),
            is_cache_behind: Arc::default(),
        }
    }

    /// What was asked so far.
    pub(super) fn traffic(&self) -> ApiTraffic {
        self.traffic.so_far()
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
            answer: AnswerSize::Single,
            retries: &RetryBudget::default(),
        };
        self.get_keeping_slot(get).await.map(|(answer, _)| answer)
    }

    /// Sends one GET, and returns its slot, to be kept while the answer is processed.
    ///
    /// Where the API server's cache is not as new as the version that is asked for, the same is asked of etcd, which always is,
    /// and so is everything from then on.
    pub(super) async fn get_keeping_slot(&self, get: Get<'_>) -> Result<(ApiAnswer, RequestSlot), ReadError> {
        let is_behind = || self.is_cache_behind.load(Ordering::Relaxed);
        if !is_behind() {
            let answer = self.get_as_it_is(get).await;
            if answer.is_ok() || !is_behind() || without_version(get.path).is_none() {
                return answer;
            }
            tracing::debug!("the API server's cache is behind, asking without a version");
        }
        let path = without_version(get.path);
        let path = path.as_deref().unwrap_or(get.path);
        self.get_as_it_is(Get { path, ..get }).await
    }

    async fn get_as_it_is(&self, get: Get<'_>) -> Result<(ApiAnswer, RequestSlot), ReadError> {
        let make = || {
            let request = Request::get(get.path).header(header::ACCEPT, get.accept);
            let request = match (get.compression, self.network) {
                // kube says which codings it knows where a request does not.
                (Compression::Allowed, Network::Far) => request,
                (Compression::Allowed, Network::Near) | (Compression::Refused, _) => {
                    request.header(header::ACCEPT_ENCODING, "identity")
                }
            };
            request.body(Body::empty())
        };
        let call = Call {
            path: get.path,
            answer: get.answer,
            retries: get.retries,
            make: &make,
            interpret: &|response| {
                if !(is_cache_behind(&response) && without_version(get.path).is_some()) {
                    return interpret(&response, get.purpose);
                }
                self.is_cache_behind.store(true, Ordering::Relaxed);
                Err(Failure::Final(ReadError::Overloaded {
                    status: response.status.as_u16(),
                    attempts: response.attempt,
                }))
            },
        };
        self.send(call).await
    }

    /// Sends a request until it is answered, within the limits.
    pub(super) async fn send(&self, call: Call<'_>) -> Result<(ApiAnswer, RequestSlot), ReadError> {
        let mut attempt = 1;
        let mut room = call.answer.usual();
        loop {
            let failure = match self.attempt(call, attempt, room).await {
                Ok((ApiAnswer::TooLarge, slot)) => match (call.answer.larger(room), call.answer) {
                    (Some(larger), _) => {
                        room = larger;
                        continue;
                    }
                    (None, AnswerSize::Page) => return Ok((ApiAnswer::TooLarge, slot)),
                    (None, AnswerSize::Single) => {
                        let reason = format!("too large: it has more than {} MiB", MAX_BODY_BYTES >> 20);
                        return Err(ReadError::Malformed { reason });
                    }
                },
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

    /// Waits for a place among the requests, and for room for an answer of so many bytes. Whoever has both needs nothing
    /// else to go on, so that nobody waits in a circle.
    async fn slot(&self, room: usize) -> Result<RequestSlot, Failure> {
        let limits = &self.limits;
        let units = u32::try_from(room / UNIT).unwrap_or(u32::MAX);
        // The semaphores are closed only when the program ends.
        let ended = |_| Failure::Final(ReadError::NotReached);
        Ok(RequestSlot {
            _place: Arc::clone(&limits.slots).acquire_owned().await.map_err(ended)?,
            room: Arc::clone(&limits.room)
                .acquire_many_owned(units)
                .await
                .map_err(ended)?,
        })
    }

    async fn attempt(
        &self,
        call: Call<'_>,
        attempt: u32,
        room: usize,
    ) -> Result<(ApiAnswer, RequestSlot), Failure> {
        if call.path.len() > MAX_PATH_BYTES {
            let reason = format!("its address would have more than {} KiB", MAX_PATH_BYTES >> 10);
            return Err(Failure::Final(ReadError::Malformed { reason }));
        }
        let mut request = (call.make)().map_err(|error| {
            Failure::Final(ReadError::Malformed {
                reason: error.to_string(),
            })
        })?;
        let mut slot = self.slot(room).await?;
        let seconds = self.limits.request_timeout.as_millis().div_ceil(1000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let exchange = async {
            self.credentials
                .authorize(request.headers_mut())
                .await
                .map_err(|error| Failure::Final(self.unreachable(&error.to_string())))?;
            let sent = self.traffic.send();
            let response = self
                .client
                .send(request)
                .await
                .map_err(|error| self.broken(&error, attempt))?;
            let (head, body) = response.into_parts();
            // What says how large it is and does not fit is not begun.
            let stated = head.headers.get(header::CONTENT_LENGTH);
            let stated: Option<usize> = stated.and_then(|length| length.to_str().ok()?.parse().ok());
            let status = head.status.as_u16();
            if stated.is_some_and(|length| length > room) {
                sent.answered(status, room);
                return Ok(None);
            }
            let body = match read_body(body, room).await {
                Ok(body) => body,
                Err(BodyError::TooLarge) => {
                    sent.answered(status, room);
                    return Ok(None);
                }
                Err(BodyError::Broken) => {
                    let error = self.unreachable("the connection broke while the answer was read");
                    return Err(Failure::Again(error, None));
                }
            };
            sent.answered(status, body.len());
            Ok(Some(ApiResponse {
                status: head.status,
                headers: head.headers,
                body,
                attempt,
            }))
        };
        match tokio::time::timeout(self.limits.request_timeout, exchange).await {
            // A server that hangs once hangs again: one more attempt, not four.
            Err(_) if attempt > 1 => Err(Failure::Final(ReadError::TimedOut { seconds })),
            Err(_) => Err(Failure::Again(ReadError::TimedOut { seconds }, None)),
            Ok(response) => {
                let response = response?;
                let bytes = response.as_ref().map_or(room, |response| response.body.len());
                slot.shrink(bytes);
                let answer = match response {
                    Some(response) => (call.interpret)(response)?,
                    None => ApiAnswer::TooLarge,
                };
                Ok((answer, slot))
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

/// Why a body could not be read.
enum BodyError {
    /// It has more bytes than there is room for.
    TooLarge,
    /// The connection broke.
    Broken,
}

/// Reads a body, decompressed, of at most so many bytes.
async fn read_body(mut body: Body, room: usize) -> Result<bytes::Bytes, BodyError> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        let Some(data) = frame.data_ref() else { continue };
        if data.len() > room - read.len() {
            return Err(BodyError::TooLarge);
        }
        read.extend_from_slice(data);
    }
    Ok(read.into())
}

/// Whether the API server's cache stayed older than the version that was asked for (Kubernetes:
/// `apiserver/pkg/storage/errors.go`, `NewTooLargeResourceVersionError`).
fn is_cache_behind(response: &ApiResponse) -> bool {
    if response.status != StatusCode::GATEWAY_TIMEOUT {
        return false;
    }
    let status: Option<Status> = serde_json::from_slice(&response.body).ok();
    let causes = status.and_then(|status| status.details?.causes);
    let mut causes = causes.iter().flatten();
    causes.any(|cause| cause.reason.as_deref() == Some("ResourceVersionTooLarge"))
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

/// The message of the innermost cause. That of unusable credentials could quote them.
pub(super) fn reason(error: &kube::Error) -> String {
    if let kube::Error::Auth(_) = error {
        return "the credentials of the kubeconfig cannot be used".to_owned();
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
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
