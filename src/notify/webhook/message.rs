//! The bytes of one message, and its signature.
//!
//! The signature is the HMAC-SHA256 of exactly these bytes, in the form that GitHub made common: `sha256=` and 64 hexadecimal
//! digits. A document says when the scan ended and, by its id, which message it is, and both are signed: with these a receiver
//! refuses what somebody recorded and sends again.

use std::borrow::Cow;
use std::fmt::Write as _;

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::value::RawValue;

use super::event::{EVENT_SCHEMA, Event};
use super::settings::{CloudEvents, Webhook, WebhookBody};
use crate::model::{Fingerprint, ReleaseReport, Report};
use crate::notify::Notice;
use crate::notify::text::percent_encoded;
use crate::report::json;
use crate::vocabulary::Verdict;

/// The most bytes of a message.
const MAX_BYTES: usize = 5 << 20;

/// The type of a document.
const JSON: &str = "application/json";

/// The type of a `CloudEvent` in the structured mode
/// ([HTTP binding, 3.2](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md)).
const CLOUD_EVENT: &str = "application/cloudevents+json";

/// Why there is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The document cannot be written.
    #[error("the message could not be written as JSON")]
    Unwritten,
    /// It is longer than receivers take.
    #[error(
        "the report has {} MiB, more than the {} MiB of a message: `body: event` is shorter",
        .0.div_ceil(1 << 20),
        MAX_BYTES >> 20
    )]
    TooLong(usize),
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is: `scan` or `ping`.
    pub kind: &'static str,
    /// The same for every attempt to deliver it.
    pub id: String,
    /// The type of its body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// The attributes of a `CloudEvent` ([version 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md)).
#[derive(Serialize)]
struct CloudEvent<'m> {
    specversion: &'static str,
    id: &'m str,
    source: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    datacontenttype: &'static str,
    data: &'m RawValue,
}

#[derive(Serialize)]
struct Ping {
    schema: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'static str,
}

/// The report without the releases that only look clean because the receiver is not told, or not yet, of what is wrong with
/// them or was not read: a program would close what it opened for them.
fn without_doubt(report: &Report) -> Cow<'_, Report> {
    let is_in_doubt = |release: &ReleaseReport| release.has_unsettled && release.verdict == Verdict::Clean;
    if !report.releases.iter().any(is_in_doubt) {
        return Cow::Borrowed(report);
    }
    let mut report = report.clone();
    report.releases.retain(|release| !is_in_doubt(release));
    Cow::Owned(report)
}

impl Message {
    /// The message of a scan.
    pub fn of_scan(notice: &Notice<'_>, webhook: &Webhook) -> Result<Self, MessageError> {
        let report = notice.report;
        let id = delivery_id(report);
        let (document, kind) = match webhook.body {
            WebhookBody::Event => (
                serde_json::to_string(&Event::new(notice, &id)).map_err(|_| MessageError::Unwritten)?,
                "driftline.event.v1",
            ),
            WebhookBody::Report => (
                json::to_text(&without_doubt(report)).ok_or(MessageError::Unwritten)?,
                "driftline.report.v1",
            ),
        };
        let (content_type, body) = match webhook.cloudevents {
            CloudEvents::None => (JSON, document),
            CloudEvents::Structured => {
                let time = report.finished_at.to_rfc3339();
                let source = format!(
                    "/driftline/clusters/{}",
                    percent_encoded(&notice.digest.cluster_name)
                );
                (CLOUD_EVENT, cloud_event(&id, source, kind, Some(time), document)?)
            }
        };
        if body.len() > MAX_BYTES {
            return Err(MessageError::TooLong(body.len()));
        }
        Ok(Self {
            kind: "scan",
            id,
            content_type,
            body,
        })
    }

    /// The message that only asks whether messages arrive.
    pub fn ping(webhook: &Webhook) -> Result<Self, MessageError> {
        let ping = Ping {
            schema: EVENT_SCHEMA,
            kind: "ping",
            id: "ping",
        };
        let document = serde_json::to_string(&ping).map_err(|_| MessageError::Unwritten)?;
        let (content_type, body) = match webhook.cloudevents {
            CloudEvents::None => (JSON, document),
            CloudEvents::Structured => {
                let source = "/driftline".to_owned();
                (
                    CLOUD_EVENT,
                    cloud_event("ping", source, "driftline.ping.v1", None, document)?,
                )
            }
        };
        Ok(Self {
            kind: "ping",
            id: "ping".to_owned(),
            content_type,
            body,
        })
    }

    /// The value of `X-Driftline-Signature-256`.
    pub(super) fn signature(&self, secret: &SecretString) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        let tag = hmac::sign(&key, self.body.as_bytes());
        tag.as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

fn cloud_event(
    id: &str,
    source: String,
    kind: &'static str,
    time: Option<String>,
    document: String,
) -> Result<String, MessageError> {
    let data = RawValue::from_string(document).map_err(|_| MessageError::Unwritten)?;
    let event = CloudEvent {
        specversion: "1.0",
        id,
        source,
        kind,
        time,
        datacontenttype: JSON,
        data: &data,
    };
    serde_json::to_string(&event).map_err(|_| MessageError::Unwritten)
}

/// The id of a scan's message: a scan has one, however often it is sent.
fn delivery_id(report: &Report) -> String {
    let (started, finished) = (report.started_at.to_rfc3339(), report.finished_at.to_rfc3339());
    let parts = ["webhook", &*report.cluster.name, &*started, &*finished].into_iter();
    let id = Fingerprint::of(parts.chain(report.selection.shard.as_deref())).to_string();
    id.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation, "Validating webhook deliveries".
    #[test]
    fn the_signature_is_the_one_that_github_documents() {
        let message = Message {
            kind: "scan",
            id: String::new(),
            content_type: JSON,
            body: "Hello, World!".to_owned(),
        };
        assert_eq!(
            message.signature(&SecretString::from("It's a Secret to Everybody")),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }

    #[test]
    fn a_source_is_a_uri() {
        assert_eq!(percent_encoded("prod-eu"), "prod-eu");
        assert_eq!(percent_encoded("a/b ü?"), "a%2Fb%20%C3%BC%3F");
    }
}
