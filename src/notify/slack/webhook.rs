//! Incoming webhooks: sends a message and reads the response, which is a word.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::payload;
use super::settings::{SlackFormat, SlackWebhook};
use crate::notify::digest::Digest;
use crate::notify::http::{DeliveryClient, ReceiverError, ReceiverRequest, ReceiverResponse};
use crate::notify::when::{is_worth_sending, send_if_worth};
use crate::notify::{CheckResult, CheckStatus, Delivery, Notice, Sink};

/// Errors of incoming webhooks that may be quoted back, each with what to do about it.
const KNOWN: [(&str, &str); 20] = [
    ("invalid_payload", "Slack could not parse the message"),
    (
        "invalid_blocks",
        "Slack does not accept the layout of the message",
    ),
    (
        "invalid_blocks_format",
        "Slack does not accept the layout of the message",
    ),
    (
        "invalid_attachments",
        "Slack does not accept the layout of the message",
    ),
    ("msg_blocks_too_long", "the message is too long for Slack"),
    ("too_many_attachments", "the message has too many attachments"),
    ("no_text", "the message has no text"),
    (
        "missing_text_or_fallback_or_attachments",
        "the message has no text",
    ),
    ("user_not_found", "the user it would go to does not exist"),
    (
        "action_prohibited",
        "an administrator restricts posting to this channel",
    ),
    (
        "invalid_token",
        "the webhook's address is wrong, or the webhook was removed",
    ),
    (
        "posting_to_general_channel_denied",
        "an administrator restricts posting to this channel",
    ),
    ("team_disabled", "the workspace is disabled"),
    ("channel_not_found", "the webhook's channel no longer exists"),
    (
        "no_service",
        "the webhook was removed or disabled; create a new one",
    ),
    ("no_service_id", "the webhook's address is incomplete"),
    ("no_active_hooks", "the webhook was disabled"),
    ("no_team", "the workspace in the webhook's address does not exist"),
    ("channel_is_archived", "the webhook's channel is archived"),
    (
        "invalid_auth",
        "the webhook's address is wrong, or the webhook was removed",
    ),
];

impl Sink for SlackWebhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, http: &'a DeliveryClient, notice: &'a Notice<'a>) -> BoxFuture<'a, Delivery> {
        send_if_worth(&self.name, notice, self.when, self.send(http, notice.digest)).boxed()
    }

    fn preview(&self, notice: &Notice<'_>) -> Result<Vec<Value>, String> {
        let message = || payload::message(notice.digest, self.format);
        Ok(is_worth_sending(notice, self.when)
            .then(message)
            .into_iter()
            .collect())
    }

    /// Posts an empty text, which Slack refuses with `no_text` only after it has found the webhook. No message appears.
    fn check<'a>(&'a self, http: &'a DeliveryClient) -> BoxFuture<'a, CheckResult> {
        async move {
            let (status, message) = match self.post(http, &json!({"text": ""})).await {
                Err(error) => (CheckStatus::Invalid, error.to_string()),
                Ok(response) => self.probe_status(&response),
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

impl SlackWebhook {
    async fn send(&self, http: &DeliveryClient, digest: &Digest) -> Result<(), ReceiverError> {
        let message = payload::message(digest, self.format);
        let response = self.post(http, &message).await?;
        self.accepted(&response)
    }

    async fn post(&self, http: &DeliveryClient, message: &Value) -> Result<ReceiverResponse, ReceiverError> {
        let request = ReceiverRequest::post(&self.endpoint, message);
        Ok(http.send(&request, http.deadline()).await?)
    }

    /// Whether a response accepts the message, and if not, why.
    fn accepted(&self, response: &ReceiverResponse) -> Result<(), ReceiverError> {
        let is_accepted = match (response.status, &response.body) {
            // The status came, the rest did not: sending again could post the message twice.
            (200..=299, None) => true,
            (200..=299, Some(body)) => match self.format {
                SlackFormat::Blocks => body.trim() == "ok",
                SlackFormat::Attachments | SlackFormat::Text => says_yes(body.trim()),
            },
            _ => false,
        };
        if is_accepted {
            Ok(())
        } else {
            Err(self.refusal(response))
        }
    }

    fn refusal(&self, response: &ReceiverResponse) -> ReceiverError {
        let host = self.endpoint.host().to_owned();
        let status = response.status;
        let body = response.body.as_deref().map_or("", str::trim);
        match KNOWN.into_iter().find(|(code, _)| *code == body) {
            Some((code, hint)) => ReceiverError::Refused {
                host,
                status,
                what: "the message",
                reason: Some(format!("{hint} (`{code}`)")),
            },
            None if (300..400).contains(&status) => ReceiverError::Redirected { host, status },
            None => ReceiverError::Unexpected {
                host,
                status,
                expected: "as an incoming webhook does",
            },
        }
    }

    /// The result of a check, from the response to an empty message.
    fn probe_status(&self, response: &ReceiverResponse) -> (CheckStatus, String) {
        let host = self.endpoint.host();
        if is_no_text(response) {
            return (
                CheckStatus::Valid,
                format!("{host} knows the webhook; no message was posted"),
            );
        }
        match self.accepted(response) {
            Ok(()) => (
                CheckStatus::Unclear,
                format!("{host} accepted an empty message, which Slack itself would not"),
            ),
            Err(error @ ReceiverError::Unexpected { status: 400, .. }) => {
                (CheckStatus::Unclear, error.to_string())
            }
            Err(error) => (CheckStatus::Invalid, error.to_string()),
        }
    }
}

/// Whether a compatible server has taken a message: Mattermost says `ok`, Discord nothing, and others answer with a JSON
/// object that may say `false` or `error` in a successful response, as Rocket.Chat's and Zulip's do. Anything else, such as
/// a page of HTML, comes from something that stands in front of the server.
fn says_yes(body: &str) -> bool {
    if body.is_empty() || body.eq_ignore_ascii_case("ok") {
        return true;
    }
    let Ok(Value::Object(answer)) = serde_json::from_str(body) else {
        return false;
    };
    let is_false = |key: &str| answer.get(key).and_then(Value::as_bool) == Some(false);
    let is_error = answer.get("result").and_then(Value::as_str) == Some("error");
    !is_false("ok") && !is_false("success") && !is_error
}

/// Whether a refusal is only about the missing text: Slack says so in a word, Mattermost in the `id` of a JSON object.
fn is_no_text(response: &ReceiverResponse) -> bool {
    let body = response.body.as_deref().map_or("", str::trim);
    let mattermost = || {
        serde_json::from_str::<Value>(body)
            .ok()?
            .get("id")?
            .as_str()
            .map(str::to_owned)
    };
    response.status == 400
        && (matches!(body, "no_text" | "missing_text_or_fallback_or_attachments")
            || mattermost().as_deref() == Some("web.incoming_webhook.text.app_error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_a_chat_server_means_delivered() {
        for yes in [
            "ok",
            "OK",
            "",
            r#"{"success":true}"#,
            r#"{"result":"success","msg":""}"#,
        ] {
            assert!(says_yes(yes), "{yes}");
        }
        for no in [
            "<html><body>Sign in</body></html>",
            "okay",
            "true",
            "[]",
            r#"{"ok":false}"#,
            r#"{"success":false}"#,
            r#"{"result":"error"}"#,
        ] {
            assert!(!says_yes(no), "{no}");
        }
    }

    #[test]
    fn known_responses_to_the_probe() {
        let response = |status, body: &str| ReceiverResponse {
            status,
            headers: reqwest::header::HeaderMap::new(),
            body: Some(body.to_owned()),
        };
        assert!(is_no_text(&response(400, "no_text")));
        assert!(is_no_text(&response(
            400,
            r#"{"id":"web.incoming_webhook.text.app_error","message":"x"}"#
        )));
        assert!(!is_no_text(&response(
            400,
            r#"{"id":"web.incoming_webhook.invalid.app_error"}"#
        )));
        assert!(!is_no_text(&response(404, "no_text")));
        assert!(!is_no_text(&response(400, "invalid_payload")));
    }
}
