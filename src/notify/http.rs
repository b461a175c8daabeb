//! How a message gets to its receiver: one client, bounded attempts, and errors that give nothing away.
//!
//! Retried is what the receivers document as worth retrying: no connection, a time-out, 429 and 5xx. Every other
//! answer is final and for the sink to read. Redirects are not followed, since the address is configured and a
//! server that sends a message elsewhere is not that address. What is quoted in an error is chosen here piece by
//! piece (host, kind of failure, status), because the errors of HTTP libraries print addresses.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, redirect, retry};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep};

use super::settings::{Endpoint, HttpSettings, Proxy};
use crate::backoff::{Backoff, Jitter};

/// How much of an answer is read. Slack's and PagerDuty's are far shorter.
const MAX_ANSWER: usize = 8 * 1024;

/// Makes ring the process's TLS provider unless there already is one. Safe to call any number of times.
///
/// Both HTTP clients of this crate find their provider that way, and neither starts without.
pub fn install_crypto_provider() {
    // The only failure is that another call came first, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Why a message did not get an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no client to send with.
    #[error("the HTTPS client could not be set up: {0}")]
    Client(String),
    /// Every attempt failed.
    #[error("{host}: {trouble} ({})", gave_up(*.attempts, *.stop))]
    GaveUp {
        /// Where to.
        host: String,
        /// What went wrong the last time.
        trouble: Trouble,
        /// How many attempts were made.
        attempts: u32,
        /// Why there was no further one.
        stop: Stop,
    },
}

fn gave_up(number: u32, stop: Stop) -> String {
    let plural = if number == 1 { "" } else { "s" };
    match stop {
        Stop::Attempts => format!("gave up after {number} attempt{plural}"),
        Stop::Budget => format!("gave up after {number} attempt{plural}, out of time"),
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

/// What went wrong with one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No connection came about, with the reason where it is a known one.
    Connect(Option<String>),
    /// The time for one attempt ran out.
    TimedOut,
    /// The connection broke before an answer came.
    Broken(Option<String>),
    /// The receiver answered 429 or 5xx.
    Status(u16),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = |detail: &Option<String>| {
            detail
                .as_ref()
                .map_or_else(String::new, |text| format!(": {text}"))
        };
        match self {
            Self::Connect(why) => write!(f, "could not connect{}", detail(why)),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Broken(why) => write!(f, "the connection broke before an answer came{}", detail(why)),
            Self::Status(429) => f.write_str("answered 429, too many requests"),
            Self::Status(status) => write!(f, "answered {status}, a trouble of its own"),
        }
    }
}

/// A final answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The first bytes of the body; `None` when the connection broke within it.
    pub(crate) body: Option<String>,
}

/// The client, made when the first message is sent: a machine without CA certificates can then still scan.
pub(crate) struct Http {
    settings: HttpSettings,
    client: OnceLock<Result<Client, SendError>>,
}

impl Http {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self {
            settings,
            client: OnceLock::new(),
        }
    }

    /// When a sink that starts now has to be done.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.settings.budget
    }

    /// Posts JSON until there is an answer, or no further attempt is worth it.
    pub(crate) async fn post(
        &self,
        to: &Endpoint,
        body: &[u8],
        deadline: Instant,
    ) -> Result<Answer, SendError> {
        let client = self
            .client
            .get_or_init(|| build(&self.settings))
            .as_ref()
            .map_err(Clone::clone)?;
        let backoff = Backoff {
            first: self.settings.first_pause,
            longest: self.settings.longest_pause,
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (trouble, asked) = match self.attempt(client, to, body, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = backoff.pause(attempts, asked, Jitter::draw());
            let stop = if attempts >= self.settings.attempts {
                Stop::Attempts
            } else if Instant::now() + pause >= deadline {
                Stop::Budget
            } else {
                tracing::debug!(host = to.host(), attempts, %trouble, ?pause, "delivery will be tried again");
                sleep(pause).await;
                continue;
            };
            return Err(SendError::GaveUp {
                host: to.host().to_owned(),
                trouble,
                attempts,
                stop,
            });
        }
    }

    /// One request: a final answer, or what went wrong and how long the receiver asks to wait.
    async fn attempt(
        &self,
        client: &Client,
        to: &Endpoint,
        body: &[u8],
        deadline: Instant,
    ) -> Result<Answer, (Trouble, Option<Duration>)> {
        let timeout = self
            .settings
            .attempt_timeout
            .min(deadline.saturating_duration_since(Instant::now()));
        let sent = client
            .post(to.url().expose_secret())
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .timeout(timeout)
            .body(body.to_vec())
            .send()
            .await;
        let response = sent.map_err(|error| (trouble(&error.without_url()), None))?;
        let status = response.status().as_u16();
        if status == 429 || status >= 500 {
            let asked = response
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| retry_after(value, (self.settings.clock)()));
            return Err((Trouble::Status(status), asked));
        }
        // From here on the receiver has decided. An answer that breaks off is no reason to send the message twice.
        Ok(Answer {
            status,
            body: read_body(response).await,
        })
    }
}

fn build(settings: &HttpSettings) -> Result<Client, SendError> {
    // Without a provider the builder does not fail but panics.
    install_crypto_provider();
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
    builder.build().map_err(|error| {
        let why = error
            .source()
            .map_or_else(|| "no usable TLS configuration".to_owned(), ToString::to_string);
        SendError::Client(super::text::clean(&why, super::text::SENTENCE))
    })
}

async fn read_body(mut response: reqwest::Response) -> Option<String> {
    let mut body = Vec::new();
    while body.len() < MAX_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - body.len())]),
            Ok(None) => break,
            Err(_) => return None,
        }
    }
    Some(String::from_utf8_lossy(&body).into_owned())
}

/// Names what went wrong in words of our own: the libraries' errors contain addresses.
fn trouble(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::TimedOut;
    }
    let why = known_cause(error);
    if error.is_connect() {
        Trouble::Connect(why)
    } else {
        Trouble::Broken(why)
    }
}

/// The innermost cause that is of a known kind: a TLS error, or the kind (never the message) of an I/O error.
fn known_cause(error: &reqwest::Error) -> Option<String> {
    let mut found = None;
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
            found = Some(io.kind().to_string())
                .filter(|kind| kind != "other error" && kind != "uncategorized error");
        }
        // An I/O error that only wraps another error skips that one when asked for its source.
        let wrapped = io.and_then(io::Error::get_ref);
        next = wrapped
            .map(|wrapped| wrapped as &(dyn StdError + 'static))
            .or_else(|| cause.source());
    }
    found
}

/// Reads `Retry-After` ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#name-retry-after)): seconds, or
/// a date.
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
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
        let seconds = |value| retry_after(value, now).map(|wait| wait.as_secs());
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
