//! The delivery of a message to its receiver: one client, bounded attempts, and errors that reveal no secret.
//!
//! Failures are retried that the receivers document as worth retrying: no connection, a time-out, 429 and 5xx. Every
//! other response is final and for the sink to read. Redirects are not followed, since the address is configured and a
//! server that sends a message elsewhere is not that address. An error is put together here from its host, its kind of
//! failure and its status, because the errors of HTTP libraries print addresses.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, redirect, retry};
use rustls::crypto::CryptoProvider;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::roots::PrivateRoots;
use super::settings::{Endpoint, HttpSettings, Proxy};
use crate::backoff::{Backoff, Jitter};
use crate::report::words::count;

/// How much of a response is read, unless a request says otherwise. What decides is far shorter.
const MAX_ANSWER: usize = 8 * 1024;

/// The type of a request's body, unless it is said to be another one.
const JSON: &str = "application/json; charset=utf-8";

/// Why a message did not get an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no client to send with.
    #[error("the HTTPS client could not be set up: {0}")]
    Client(String),
    /// Every attempt failed.
    #[error("{host}: {failure} ({})", gave_up(*.attempts, *.stop))]
    GaveUp {
        /// The receiver's host.
        host: String,
        /// The failure of the last attempt.
        failure: AttemptFailure,
        /// How many attempts were made.
        attempts: u32,
        /// Why there was no further attempt.
        stop: Stop,
    },
}

fn gave_up(number: u32, stop: Stop) -> String {
    let attempts = count(usize::try_from(number).unwrap_or(usize::MAX), "attempt");
    match stop {
        Stop::Attempts => format!("gave up after {attempts}"),
        Stop::Budget => format!("gave up after {attempts}, out of time"),
    }
}

/// Why there was no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// As many as are allowed were made.
    Attempts,
    /// The next one would have come after the time for this sink.
    Budget,
}

/// The failure of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptFailure {
    /// No connection came about, with the reason where it is a known one.
    Connect(Option<String>),
    /// The time for one attempt ran out.
    TimedOut,
    /// The connection broke before an answer came.
    Broken(Option<String>),
    /// The receiver answered 429 or 5xx.
    Status(u16),
    /// The receiver said in a successful response that it failed, by this code.
    Said(&'static str),
}

impl fmt::Display for AttemptFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(f, "could not connect{}", after_colon(why.as_deref())),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Broken(why) => write!(
                f,
                "the connection broke before an answer came{}",
                after_colon(why.as_deref())
            ),
            Self::Status(429) => f.write_str("answered 429, too many requests"),
            Self::Status(status) => write!(f, "the receiver failed ({status})"),
            Self::Said(code) => write!(f, "the receiver failed (`{code}`)"),
        }
    }
}

/// A reason as the end of a sentence, where there is one.
fn after_colon(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

/// Why a receiver did not accept a request, in words that reveal neither addresses nor keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverError {
    /// There was no final response.
    #[error(transparent)]
    NoResponse(#[from] SendError),
    /// The receiver refused it.
    #[error("{host} refused {what} with {status}{}", after_colon(.reason.as_deref()))]
    Refused {
        /// The receiver's host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The thing that was refused, with its article.
        what: &'static str,
        /// Why, where it is a known reason.
        reason: Option<String>,
    },
    /// The receiver redirected.
    #[error("{host} answered {status}, a redirect, which is not followed: configure the final address")]
    Redirected {
        /// The receiver's host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The response is not one of this kind of receiver.
    #[error("{host} answered {status}, not {expected}: check the address")]
    Unexpected {
        /// The receiver's host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The answer of receivers of this kind.
        expected: &'static str,
    },
}

/// A request to a receiver.
#[derive(Debug, Clone)]
pub struct ReceiverRequest<'a> {
    method: Method,
    endpoint: &'a Endpoint,
    headers: HeaderMap,
    body: Option<Bytes>,
    roots: Option<&'a PrivateRoots>,
    max_answer: usize,
    passing: Option<PassingFailure>,
}

/// Finds in the body of a response the code of a failure that is as worth another attempt as 5xx is.
pub(crate) type PassingFailure = fn(&str) -> Option<&'static str>;

impl<'a> ReceiverRequest<'a> {
    /// A request that changes nothing.
    pub fn get(endpoint: &'a Endpoint) -> Self {
        Self {
            method: Method::GET,
            endpoint,
            headers: HeaderMap::new(),
            body: None,
            roots: None,
            max_answer: MAX_ANSWER,
            passing: None,
        }
    }

    /// A request that hands over JSON.
    pub fn post(endpoint: &'a Endpoint, json: &Value) -> Self {
        Self::post_bytes(endpoint, JSON, json.to_string())
    }

    /// A request that hands over a document of this type, byte by byte as it is.
    pub fn post_bytes(endpoint: &'a Endpoint, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::with_body(Method::POST, endpoint, content_type, body.into())
    }

    /// A request that puts a document of this type in the place of what is there.
    pub fn put_bytes(endpoint: &'a Endpoint, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::with_body(Method::PUT, endpoint, content_type, body.into())
    }

    fn with_body(method: Method, endpoint: &'a Endpoint, content_type: &'static str, body: Bytes) -> Self {
        let headers = [(CONTENT_TYPE, HeaderValue::from_static(content_type))];
        Self {
            method,
            endpoint,
            headers: headers.into_iter().collect(),
            body: Some(body),
            roots: None,
            max_answer: MAX_ANSWER,
            passing: None,
        }
    }

    /// The same request to a receiver whose response decides only after so many bytes.
    #[must_use]
    pub(crate) const fn with_max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// The same request to a receiver that says in successful responses that it failed.
    #[must_use]
    pub(crate) const fn with_passing_failures(mut self, passing: PassingFailure) -> Self {
        self.passing = Some(passing);
        self
    }

    /// The same request with another header, which is no secret.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same request to a receiver whose certificate only these roots vouch for, if there are any.
    #[must_use]
    pub const fn with_roots(mut self, roots: Option<&'a PrivateRoots>) -> Self {
        self.roots = roots;
        self
    }

    /// The same request with an `Authorization` header, whose value, such as `Bearer …`, is kept out of every log.
    #[must_use]
    pub fn with_authorization(mut self, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        self
    }
}

/// A final response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The first bytes of the body; `None` when the connection broke within it.
    pub body: Option<String>,
}

/// An attempt without a final response.
struct FailedAttempt {
    failure: AttemptFailure,
    /// How long the receiver asks to wait.
    retry_after: Option<Duration>,
}

/// The client, made when the first message is sent: a machine without CA certificates can then still scan.
pub struct DeliveryClient {
    settings: HttpSettings,
    client: OnceLock<Result<Client, String>>,
}

impl DeliveryClient {
    /// No client yet.
    pub fn new(settings: HttpSettings) -> Self {
        Self {
            settings,
            client: OnceLock::new(),
        }
    }

    /// When a sink that starts now has to be done.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.settings.budget
    }

    /// Sends a request until there is a final response, or no further attempt is worth it.
    pub async fn send(
        &self,
        request: &ReceiverRequest<'_>,
        deadline: Instant,
    ) -> Result<ReceiverResponse, SendError> {
        let client = match request.roots {
            None => &self.client,
            Some(roots) => roots.client(),
        };
        let client = client
            .get_or_init(|| build(&self.settings, request.roots))
            .as_ref()
            .map_err(|why| SendError::Client(why.clone()))?;
        let host = request.endpoint.host();
        let backoff = Backoff {
            first: self.settings.first_pause,
            longest: self.settings.longest_pause,
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let FailedAttempt { failure, retry_after } = match self.attempt(client, request, deadline).await {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            let pause = backoff.pause(attempts, retry_after, Jitter::draw());
            let stop = if attempts >= self.settings.attempts {
                Stop::Attempts
            } else if Instant::now() + pause >= deadline {
                Stop::Budget
            } else {
                tracing::debug!(host, attempts, %failure, ?pause, "delivery will be tried again");
                sleep(pause).await;
                continue;
            };
            return Err(SendError::GaveUp {
                host: host.to_owned(),
                failure,
                attempts,
                stop,
            });
        }
    }

    /// Makes one attempt, which ends with a final response or fails.
    async fn attempt(
        &self,
        client: &Client,
        request: &ReceiverRequest<'_>,
        deadline: Instant,
    ) -> Result<ReceiverResponse, FailedAttempt> {
        let timeout = self
            .settings
            .attempt_timeout
            .min(deadline.saturating_duration_since(Instant::now()));
        let url = request.endpoint.url().expose_secret();
        let mut builder = client
            .request(request.method.clone(), url)
            .headers(request.headers.clone())
            .timeout(timeout);
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let response = builder.send().await.map_err(|error| FailedAttempt {
            failure: failure_of(&error.without_url()),
            retry_after: None,
        })?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let failed = |failure| FailedAttempt {
            failure,
            retry_after: headers
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| parse_retry_after(value, (self.settings.clock)())),
        };
        if status == 429 || status >= 500 {
            return Err(failed(AttemptFailure::Status(status)));
        }
        // From here on the receiver has decided. A response that breaks off is no reason to send the message twice.
        let body = read_body(response, request.max_answer).await;
        let said = request.passing.zip(body.as_deref());
        if let Some(code) = said.and_then(|(passing, body)| passing(body)) {
            return Err(failed(AttemptFailure::Said(code)));
        }
        Ok(ReceiverResponse {
            status,
            headers,
            body,
        })
    }
}

/// Makes a client, or says why there is none.
fn build(settings: &HttpSettings, roots: Option<&PrivateRoots>) -> Result<Client, String> {
    // Without a provider the builder does not fail but panics.
    if CryptoProvider::get_default().is_none() {
        return Err("the process has no TLS provider".to_owned());
    }
    let builder = Client::builder()
        .user_agent(concat!("driftline/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(settings.connect_timeout);
    let builder = match settings.proxy {
        Proxy::Environment => builder,
        Proxy::Direct => builder.no_proxy(),
    };
    let builder = match roots {
        None => builder,
        Some(roots) => builder.tls_certs_only(roots.certificates()),
    };
    builder.build().map_err(|error| {
        let why = error
            .source()
            .map_or_else(|| "no usable TLS configuration".to_owned(), ToString::to_string);
        super::text::clean(&why, super::text::SENTENCE)
    })
}

async fn read_body(mut response: reqwest::Response, max: usize) -> Option<String> {
    let mut body = Vec::new();
    while body.len() < max {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(max - body.len())]),
            Ok(None) => break,
            Err(_) => return None,
        }
    }
    Some(String::from_utf8_lossy(&body).into_owned())
}

/// Names a failure in words of our own, because the errors of HTTP libraries contain addresses.
fn failure_of(error: &reqwest::Error) -> AttemptFailure {
    if error.is_timeout() {
        return AttemptFailure::TimedOut;
    }
    let why = known_cause(error);
    if error.is_connect() {
        AttemptFailure::Connect(why)
    } else {
        AttemptFailure::Broken(why)
    }
}

/// The innermost cause that is of a known kind: a TLS error, or the kind (never the message) of an I/O error.
fn known_cause(error: &reqwest::Error) -> Option<String> {
    let mut io_kind = None;
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return Some(super::text::clean(&tls.to_string(), super::text::SENTENCE));
        }
        if cause.to_string().starts_with("dns error") {
            return Some("its name does not resolve".to_owned());
        }
        let io = cause.downcast_ref::<io::Error>();
        if let Some(io) = io {
            io_kind = Some(io.kind().to_string())
                .filter(|kind| kind != "other error" && kind != "uncategorized error");
        }
        // An I/O error that only wraps another error skips that one when asked for its source.
        let wrapped = io.and_then(io::Error::get_ref);
        next = wrapped
            .map(|wrapped| wrapped as &(dyn StdError + 'static))
            .or_else(|| cause.source());
    }
    io_kind
}

/// Reads `Retry-After` ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#name-retry-after)): seconds, or
/// a date.
fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    Some((date.to_utc() - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap();
        let seconds = |value| parse_retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("30"), Some(30));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(seconds("Sun, 01 Mar 2026 12:00:45 GMT"), Some(45));
        assert_eq!(seconds("Sun, 01 Mar 2026 11:00:00 GMT"), Some(0));
        for nonsense in ["", "soon", "-3", "1.5", "\u{0661}"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
    }
}
