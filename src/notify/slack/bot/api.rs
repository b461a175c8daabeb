//! Calls of [Slack's Web API](https://docs.slack.dev/apis/web-api/), which answers 200 and says in the body whether it did what
//! it was asked for.
//!
//! An error is a code. Those that Slack documents for the methods used here are known with what to do about them; of others only
//! what looks like a code is repeated, because a proxy can answer anything.

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::place::MessagePlace;
use super::settings::SlackBot;
use crate::notify::http::{DeliveryClient, ReceiverError, ReceiverRequest, ReceiverResponse};

/// How much of an answer is read: it repeats the message, with every character beyond ASCII as six.
const MAX_ANSWER: usize = 128 << 10;

/// The longest code that is repeated. Slack's have at most 40 characters.
const LONGEST_CODE: usize = 64;

/// What the bot has to be allowed to do.
pub(super) const SCOPE: &str = "chat:write";

/// Errors after which another attempt is as worth it as after 5xx.
const PASSING: [&str; 6] = [
    "fatal_error",
    "internal_error",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
];

/// Errors by which a message cannot be replied to or changed any more.
const GONE: [&str; 10] = [
    "message_not_found",
    "thread_not_found",
    "cant_update_message",
    "edit_window_closed",
    "cannot_reply_to_message",
    "restricted_action_thread_locked",
    "channel_not_found",
    "is_archived",
    "is_inactive",
    "not_in_channel",
];

const NO_TOKEN: &str = "Slack does not know the token: put in the one that the app shows now";
const NO_APP: &str = "the app was removed from the workspace, or its token was revoked: install it again";
const RESTRICTED: &str = "an administrator restricts posting to this channel";
const LAYOUT: &str = "Slack does not accept the layout of the message";
const TOO_LONG: &str = "the message is too long for Slack";
const NO_MESSAGE: &str = "the message was deleted, or is in another channel";
const NOT_CHANGED: &str = "the message can no longer be changed";

/// Errors of `chat.postMessage`, `chat.update` and `auth.test`, each with what to do about it.
const KNOWN: [(&str, &str); 43] = [
    ("not_in_channel", "the bot is not in the channel: invite it there"),
    (
        "channel_not_found",
        "there is no such channel that the bot may see: check `channel`, and invite the bot where the channel is private",
    ),
    ("is_archived", "the channel is archived"),
    ("is_inactive", "the channel is frozen"),
    (
        "missing_scope",
        "the app lacks the scope chat:write: add it and install the app again",
    ),
    (
        "no_permission",
        "the app lacks the scope chat:write: add it and install the app again",
    ),
    ("not_allowed_token_type", "the token is not that of a bot"),
    ("invalid_auth", NO_TOKEN),
    ("not_authed", NO_TOKEN),
    ("token_revoked", NO_APP),
    ("account_inactive", NO_APP),
    (
        "token_expired",
        "the token has expired: turn off token rotation, or renew the token in time",
    ),
    ("access_denied", "the workspace does not let this app in"),
    (
        "ekm_access_denied",
        "an administrator has suspended posting to this channel",
    ),
    (
        "org_login_required",
        "the workspace is being moved to an organisation",
    ),
    (
        "team_added_to_org",
        "the workspace is being moved to an organisation",
    ),
    (
        "team_access_not_granted",
        "the app is not allowed in the workspace of this channel",
    ),
    ("team_not_found", "the workspace does not exist"),
    (
        "two_factor_setup_required",
        "the workspace asks for a second factor to be set up",
    ),
    ("enterprise_is_restricted", "the organisation does not allow this"),
    ("accesslimited", "access to this method is limited for the app"),
    (
        "method_deprecated",
        "Slack no longer has this method: take a newer driftline",
    ),
    (
        "deprecated_endpoint",
        "Slack no longer has this method: take a newer driftline",
    ),
    ("restricted_action", RESTRICTED),
    ("restricted_action_read_only_channel", RESTRICTED),
    (
        "restricted_action_non_threadable_channel",
        "an administrator forbids threads in this channel",
    ),
    (
        "restricted_action_thread_only_channel",
        "this channel takes replies only",
    ),
    (
        "restricted_action_thread_locked",
        "an administrator locked the thread",
    ),
    ("cannot_reply_to_message", "this message cannot be replied to"),
    (
        "messages_tab_disabled",
        "the app has switched off its messages tab",
    ),
    ("message_not_found", NO_MESSAGE),
    ("thread_not_found", NO_MESSAGE),
    ("cant_update_message", NOT_CHANGED),
    ("edit_window_closed", NOT_CHANGED),
    ("msg_too_long", TOO_LONG),
    ("msg_blocks_too_long", TOO_LONG),
    ("invalid_blocks", LAYOUT),
    ("invalid_blocks_format", LAYOUT),
    ("invalid_arguments", LAYOUT),
    ("no_text", "the message has no text"),
    ("metadata_too_large", TOO_LONG),
    (
        "message_limit_exceeded",
        "the workspace has reached its limit of messages",
    ),
    (
        "unknown_method",
        "the address is not that of Slack's API: check `api_url`",
    ),
];

/// Why a call did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// There was no answer of Slack's.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
    /// Slack says that it did not, by a code.
    #[error("{host} refused {what}{}", reason(.code.as_deref()))]
    Refused {
        /// The API's host.
        host: String,
        /// The thing that was refused, with its article.
        what: &'static str,
        /// The code; `None` where it does not look like one.
        code: Option<String>,
    },
}

fn reason(code: Option<&str>) -> String {
    let Some(code) = code else {
        return String::new();
    };
    match KNOWN.iter().find(|(known, _)| *known == code) {
        Some((_, hint)) => format!(": {hint} (`{code}`)"),
        None => format!(": `{code}`"),
    }
}

impl CallError {
    /// Whether the message can no longer be replied to or changed, and others can.
    pub(super) fn is_gone(&self) -> bool {
        match self {
            Self::Receiver(_) | Self::Refused { code: None, .. } => false,
            Self::Refused { code: Some(code), .. } => GONE.contains(&code.as_str()),
        }
    }
}

/// The calls of one delivery, with a pause between two.
pub(super) struct Calls<'a> {
    bot: &'a SlackBot,
    http: &'a DeliveryClient,
    deadline: Instant,
    is_first: bool,
}

impl<'a> Calls<'a> {
    /// No call yet, of at most so many. The pauses between them come on top of the time for a receiver.
    pub(super) fn new(bot: &'a SlackBot, http: &'a DeliveryClient, most: usize) -> Self {
        let pauses = bot.pace.saturating_mul(u32::try_from(most).unwrap_or(u32::MAX));
        Self {
            bot,
            http,
            deadline: http.deadline() + pauses,
            is_first: true,
        }
    }

    /// Posts a message, and says where it stands.
    pub(super) async fn post(&mut self, body: &Value) -> Result<MessagePlace, CallError> {
        let (answer, status) = self.call("chat.postMessage", "the message", body).await?;
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        let place = MessagePlace {
            channel: text("channel"),
            ts: text("ts"),
        };
        place
            .checked(&self.bot.channel)
            .ok_or_else(|| self.bot.unexpected(status).into())
    }

    /// Changes a message.
    pub(super) async fn update(&mut self, body: &Value) -> Result<(), CallError> {
        self.call("chat.update", "the change of a message", body)
            .await
            .map(|_| ())
    }

    async fn call(
        &mut self,
        method: &'static str,
        what: &'static str,
        body: &Value,
    ) -> Result<(Value, u16), CallError> {
        if !std::mem::take(&mut self.is_first) {
            sleep(self.bot.pace).await;
        }
        let response = self.bot.call(self.http, self.deadline, method, body).await?;
        Ok((self.bot.answer(&response, what)?, response.status))
    }
}

impl SlackBot {
    /// Calls a method of the API.
    pub(super) async fn call(
        &self,
        http: &DeliveryClient,
        deadline: Instant,
        method: &'static str,
        body: &Value,
    ) -> Result<ReceiverResponse, ReceiverError> {
        let endpoint = self.api.below([method]);
        let request = ReceiverRequest::post(&endpoint, body)
            .with_authorization(self.authorization.clone())
            .with_max_answer(MAX_ANSWER)
            .with_passing_failures(passing_failure);
        Ok(http.send(&request, deadline).await?)
    }

    /// What a response says, if it is Slack's and says that it did what it was asked for.
    pub(super) fn answer(&self, response: &ReceiverResponse, what: &'static str) -> Result<Value, CallError> {
        let host = || self.api.host().to_owned();
        let status = response.status;
        if (300..400).contains(&status) {
            return Err(ReceiverError::Redirected { host: host(), status }.into());
        }
        let body = response.body.as_deref().unwrap_or_default();
        let answer: Value = serde_json::from_str(body).unwrap_or_default();
        match answer["ok"].as_bool() {
            Some(true) if (200..300).contains(&status) => Ok(answer),
            Some(false) => Err(CallError::Refused {
                host: host(),
                what,
                code: answer["error"]
                    .as_str()
                    .filter(|code| is_code(code))
                    .map(str::to_owned),
            }),
            Some(true) | None => Err(self.unexpected(status).into()),
        }
    }

    fn unexpected(&self, status: u16) -> ReceiverError {
        ReceiverError::Unexpected {
            host: self.api.host().to_owned(),
            status,
            expected: "as Slack's API does",
        }
    }
}

/// Whether a text is a code and nothing that somebody could have written.
fn is_code(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(is_plain)
}

fn passing_failure(body: &str) -> Option<&'static str> {
    let answer: Value = serde_json::from_str(body).ok()?;
    let code = answer["error"].as_str().filter(|_| answer["ok"] == false)?;
    PASSING.into_iter().find(|known| *known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_quoted_and_nothing_else_is() {
        for code in ["not_in_channel", "some_new_error"] {
            assert!(is_code(code), "{code}");
        }
        for text in ["", "hunter2", "Not_In_Channel", "a b", "<!here>", &"a".repeat(65)] {
            assert!(!is_code(text), "{text}");
        }
        assert_eq!(
            reason(Some("not_in_channel")),
            ": the bot is not in the channel: invite it there (`not_in_channel`)"
        );
        assert_eq!(reason(Some("some_new_error")), ": `some_new_error`");
        assert_eq!(reason(None), "");
    }

    #[test]
    fn the_tables_have_codes_and_each_once() {
        let codes: std::collections::BTreeSet<&str> = KNOWN.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), KNOWN.len());
        assert!(codes.iter().chain(&PASSING).all(|code| is_code(code)));
        assert!(GONE.iter().all(|code| codes.contains(code)), "each is explained");
    }

    #[test]
    fn what_passes_is_known_by_its_code() {
        assert_eq!(
            passing_failure(r#"{"ok":false,"error":"internal_error"}"#),
            Some("internal_error")
        );
        for body in [
            r#"{"ok":true,"error":"internal_error"}"#,
            r#"{"ok":false,"error":"not_in_channel"}"#,
            "internal_error",
            "",
        ] {
            assert_eq!(passing_failure(body), None, "{body}");
        }
    }
}
