//! Any receiver of JSON: one POST for a scan that is worth a message, signed, and as a `CloudEvent` if it is to be one.
//!
//! `event` is the document for programs, [`message`] writes and signs it; this module sends it. Any answer of 2xx accepts
//! the message: what else a receiver says is its own.

mod event;
pub mod message;
pub mod settings;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use self::message::{Message, MessageError};
use self::settings::Webhook;
use super::http::{DeliveryClient, ReceiverError, ReceiverRequest};
use super::when::{is_worth_sending, send_if_worth};
use super::{CheckResult, CheckStatus, Delivery, Notice, Sink};

const SIGNATURE: HeaderName = HeaderName::from_static("x-driftline-signature-256");
const DELIVERY: HeaderName = HeaderName::from_static("x-driftline-delivery");
const EVENT: HeaderName = HeaderName::from_static("x-driftline-event");

/// Why a message was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum WebhookError {
    /// There is none.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The receiver did not accept it.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
}

impl Sink for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, http: &'a DeliveryClient, notice: &'a Notice<'a>) -> BoxFuture<'a, Delivery> {
        let send = async move { self.send(http, Message::of_scan(notice, self)).await };
        send_if_worth(&self.name, notice, self.when, send).boxed()
    }

    fn preview(&self, notice: &Notice<'_>) -> Result<Vec<Value>, String> {
        if !is_worth_sending(notice, self.when) {
            return Ok(Vec::new());
        }
        let message = Message::of_scan(notice, self).map_err(|error| error.to_string())?;
        let document = serde_json::from_str(&message.body);
        document
            .map(|document| vec![document])
            .map_err(|error| error.to_string())
    }

    /// Sends a `ping`, signed and marked as one, as GitHub does when a webhook is set up. Nothing less proves anything: whether
    /// a receiver answers to HEAD or OPTIONS says nothing of POST, and nothing of the secret.
    fn check<'a>(&'a self, http: &'a DeliveryClient) -> BoxFuture<'a, CheckResult> {
        async move {
            let (status, message) = match self.send(http, Message::ping(self)).await {
                Ok(()) => (
                    CheckStatus::Valid,
                    format!("{} accepted a ping, which tells of no scan", self.endpoint.host()),
                ),
                Err(error) => (CheckStatus::Invalid, error.to_string()),
            };
            CheckResult {
                sink: self.name.clone(),
                status,
                message,
            }
        }
        .boxed()
    }
}

impl Webhook {
    async fn send(
        &self,
        http: &DeliveryClient,
        message: Result<Message, MessageError>,
    ) -> Result<(), WebhookError> {
        let message = message?;
        let header = |text: &str| HeaderValue::from_str(text).map_err(|_| MessageError::Unwritten);
        let (id, kind) = (header(&message.id)?, HeaderValue::from_static(message.kind));
        let signature = self
            .secret
            .as_ref()
            .map(|secret| header(&message.signature(secret)));
        let mut request = ReceiverRequest::post_bytes(&self.endpoint, message.content_type, message.body)
            .with_roots(self.roots.as_ref())
            .with_header(DELIVERY, id)
            .with_header(EVENT, kind);
        if let Some(signature) = signature.transpose()? {
            request = request.with_header(SIGNATURE, signature);
        }
        let response = http
            .send(&request, http.deadline())
            .await
            .map_err(ReceiverError::from)?;
        match response.status {
            200..=299 => Ok(()),
            status => Err(self.refusal(status).into()),
        }
    }

    fn refusal(&self, status: u16) -> ReceiverError {
        let host = self.endpoint.host().to_owned();
        let reason = match status {
            300..=399 => return ReceiverError::Redirected { host, status },
            401 | 403 => Some("it does not accept the address or the signature"),
            404 | 410 => Some("nothing is at this address"),
            405 => Some("it takes no POST at this address"),
            413 => Some("the message is too long for it; `body: event` is the shorter one"),
            415 => Some("it does not take this type of content; see `cloudevents`"),
            _ => None,
        };
        ReceiverError::Refused {
            host,
            status,
            what: "the message",
            reason: reason.map(str::to_owned),
        }
    }
}
