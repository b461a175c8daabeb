//! Slack, and servers that take Slack's incoming webhooks.
//!
//! In the blocks that Slack itself gets, everything is `plain_text` or a `rich_text` text element, neither of which
//! Slack parses: no name can mention a channel, link anywhere or close a code block. The fallback text, and the text
//! formats for other servers, are parsed; there `&`, `<` and `>` are escaped as
//! [Slack asks](https://docs.slack.dev/messaging/formatting-message-text/#escaping), and `@` and backticks, which
//! Mattermost takes as mentions and the end of a code block, are replaced by look-alikes.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::digest::{Digest, Level};
use super::http::{Answer, Http, SendError};
use super::list::Cost;
use super::settings::{SlackFormat, SlackSettings, When};
use super::text::{fit, json_len};
use super::{CheckResult, CheckStatus};

/// A header block's limit.
const HEADER: usize = 150;

/// What one text element is filled to. A text object takes 3,000 characters; a cleaned line takes at most 2,000 bytes.
const CHUNK: usize = 2_900;

/// What the lists take of a message with blocks. The whole is kept below 12,000 bytes: Slack documents no limit, and
/// has been seen to refuse 15,200 bytes with `msg_blocks_too_long` and to accept 13,000.
const BLOCKS_BODY: usize = 8_500;

/// What the lists take of the fallback text, which is for notifications and screen readers.
const FALLBACK_BODY: usize = 1_500;

/// What the lists take of an attachment, whose text takes 3,000 characters.
const ATTACHMENT_BODY: usize = 2_200;

/// What the lists take of a message that is only text, which should have at most 4,000 characters.
const TEXT_BODY: usize = 3_000;

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

/// Why a message was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// There was no answer.
    #[error("no message was delivered: {0}")]
    Send(SendError),
    /// The receiver refused the message for a known reason.
    #[error("{host} refused the message with {status} `{code}`: {hint}")]
    Refused {
        /// Where to.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Slack's word for it.
        code: &'static str,
        /// What to do about it.
        hint: &'static str,
    },
    /// The receiver redirected.
    #[error("{host} answered {status}, a redirect, which is not followed: configure the final address")]
    Redirected {
        /// Where to.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The receiver answered something else.
    #[error("{host} answered {status} and not as an incoming webhook does: is the address the right one?")]
    Unexpected {
        /// Where to.
        host: String,
        /// The HTTP status.
        status: u16,
    },
}

/// Whether a report is worth a message.
pub fn is_worth_sending(digest: &Digest, when: When) -> bool {
    match when {
        When::Always => true,
        When::Drift => digest.level > Level::Clean,
    }
}

/// The message for a report.
pub fn message(digest: &Digest, format: SlackFormat) -> Value {
    let mut message = match format {
        SlackFormat::Blocks => json!({"text": fallback(digest), "blocks": blocks(digest)}),
        SlackFormat::Attachments => {
            json!({"text": escape(&digest.headline), "attachments": [attachment(digest)]})
        }
        SlackFormat::Text => json!({"text": text(digest)}),
    };
    // Slack looks at what it thinks are links and names unless told otherwise.
    message["parse"] = json!("none");
    message["link_names"] = json!(false);
    message["unfurl_links"] = json!(false);
    message["unfurl_media"] = json!(false);
    message
}

fn fallback(digest: &Digest) -> String {
    let cost = Cost {
        of: |line| json_len(&escape(line)),
        per_line: 2,
    };
    let mut lines = vec![digest.headline.clone()];
    lines.extend(digest.counts.iter().cloned());
    lines.extend(digest.drifted.without_details().lines(FALLBACK_BODY, cost));
    escape(&lines.join("\n"))
}

fn blocks(digest: &Digest) -> Vec<Value> {
    let cost = Cost {
        of: |line| json_len(&inert(line)),
        per_line: 2,
    };
    let mut blocks = vec![
        json!({"type": "header", "text": plain(&fit(&inert(&digest.headline), HEADER))}),
        json!({"type": "section", "text": plain(&inert(&digest.counts.join("\n")))}),
    ];
    for section in digest.sections(BLOCKS_BODY, cost) {
        let title = json!({"type": "text", "text": section.title, "style": {"bold": true}});
        let mut elements = vec![json!({"type": "rich_text_section", "elements": [title]})];
        for text in chunks(&section.lines) {
            let text = json!({"type": "text", "text": text});
            elements.push(json!({"type": "rich_text_preformatted", "elements": [text]}));
        }
        blocks.push(json!({"type": "rich_text", "elements": elements}));
    }
    let origin: Vec<_> = digest.origin.iter().map(|fact| plain(&inert(fact))).collect();
    blocks.push(json!({"type": "context", "elements": origin}));
    blocks
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

/// Joins lines into as few texts as the limit of one text allows.
fn chunks(lines: &[String]) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    let mut length = 0;
    for line in lines.iter().map(|line| inert(line)) {
        let more = json_len(&line) + 2;
        match chunks.last_mut() {
            Some(chunk) if length + more <= CHUNK => {
                chunk.push('\n');
                chunk.push_str(&line);
                length += more;
            }
            Some(_) | None => {
                length = more;
                chunks.push(line);
            }
        }
    }
    chunks
}

fn attachment(digest: &Digest) -> Value {
    let color = match digest.level {
        Level::Clean => "good",
        Level::Incomplete | Level::Critical => "warning",
        Level::Alarm => "danger",
    };
    json!({
        "color": color,
        "fallback": escape(&digest.headline),
        "text": markup_body(digest, ATTACHMENT_BODY),
        "mrkdwn_in": ["text"],
        "footer": escape(&digest.origin.join(", ")),
    })
}

fn text(digest: &Digest) -> String {
    let (headline, origin) = (escape(&digest.headline), escape(&digest.origin.join(", ")));
    format!("{headline}\n{}\n{origin}", markup_body(digest, TEXT_BODY))
}

/// The counts, then all lists in one code block.
fn markup_body(digest: &Digest, budget: usize) -> String {
    let cost = Cost {
        of: |line| json_len(&escape(line)),
        per_line: 2,
    };
    let mut body = escape(&digest.counts.join("\n"));
    let sections = digest.sections(budget, cost);
    if !sections.is_empty() {
        let lines = sections
            .into_iter()
            .flat_map(|section| std::iter::once(format!("{}:", section.title)).chain(section.lines));
        body.push_str("\n```\n");
        for line in lines {
            body.push_str(&escape(&line));
            body.push('\n');
        }
        body.push_str("```");
    }
    body
}

/// Makes text safe where it is parsed as Slack's or Mattermost's markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push('＠'),
            '`' => escaped.push('\''),
            char => escaped.push(char),
        }
    }
    escaped
}

/// Breaks what would be a mention if a receiver parsed text that is not to be parsed.
fn inert(text: &str) -> String {
    text.replace("<!", "< !")
        .replace("<@", "< @")
        .replace("<#", "< #")
}

/// Sends a message.
pub(crate) async fn send(http: &Http, settings: &SlackSettings, digest: &Digest) -> Result<(), SlackError> {
    let body = message(digest, settings.format).to_string();
    let deadline = http.deadline();
    let answer = http
        .post(&settings.endpoint, body.as_bytes(), deadline)
        .await
        .map_err(SlackError::Send)?;
    accepted(settings, &answer)
}

fn accepted(settings: &SlackSettings, answer: &Answer) -> Result<(), SlackError> {
    let is_accepted = match (answer.status, &answer.body) {
        // The status came, the rest did not: sending again could post the message twice.
        (200..=299, None) => true,
        (200..=299, Some(body)) => match settings.format {
            SlackFormat::Blocks => body.trim() == "ok",
            SlackFormat::Attachments | SlackFormat::Text => !says_no(body),
        },
        _ => false,
    };
    if is_accepted {
        Ok(())
    } else {
        Err(refusal(settings, answer))
    }
}

/// Whether a compatible server says `false` in a successful answer, as Rocket.Chat does.
fn says_no(body: &str) -> bool {
    let is_false = |answer: &Value, key: &str| answer.get(key).and_then(Value::as_bool) == Some(false);
    serde_json::from_str::<Value>(body)
        .is_ok_and(|answer| is_false(&answer, "ok") || is_false(&answer, "success"))
}

fn refusal(settings: &SlackSettings, answer: &Answer) -> SlackError {
    let host = settings.endpoint.host().to_owned();
    let status = answer.status;
    let body = answer.body.as_deref().map_or("", str::trim);
    match KNOWN.into_iter().find(|(code, _)| *code == body) {
        Some((code, hint)) => SlackError::Refused {
            host,
            status,
            code,
            hint,
        },
        None if (300..400).contains(&status) => SlackError::Redirected { host, status },
        None => SlackError::Unexpected { host, status },
    }
}

/// Asks a webhook whether it is alive by posting an empty text, which Slack refuses with `no_text` only after it has
/// found the webhook. Nothing is posted.
pub(crate) async fn check(http: &Http, settings: &SlackSettings) -> CheckResult {
    let deadline: Instant = http.deadline();
    let answer = http.post(&settings.endpoint, br#"{"text":""}"#, deadline).await;
    let host = settings.endpoint.host();
    let (status, message) = match answer {
        Err(error) => (CheckStatus::Invalid, error.to_string()),
        Ok(answer) if is_no_text(&answer) => (
            CheckStatus::Valid,
            format!("{host} knows the webhook; nothing was posted"),
        ),
        Ok(answer) => match accepted(settings, &answer) {
            Ok(()) => (
                CheckStatus::Unclear,
                format!("{host} accepted an empty message, which Slack itself would not"),
            ),
            Err(error @ SlackError::Unexpected { status: 400, .. }) => {
                (CheckStatus::Unclear, error.to_string())
            }
            Err(error) => (CheckStatus::Invalid, error.to_string()),
        },
    };
    CheckResult {
        sink: settings.name.clone(),
        status,
        message,
    }
}

/// Whether a refusal is only about the missing text: Slack says so in a word, Mattermost in the `id` of a JSON object.
fn is_no_text(answer: &Answer) -> bool {
    let body = answer.body.as_deref().map_or("", str::trim);
    let mattermost = || {
        serde_json::from_str::<Value>(body)
            .ok()?
            .get("id")?
            .as_str()
            .map(str::to_owned)
    };
    answer.status == 400
        && (matches!(body, "no_text" | "missing_text_or_fallback_or_attachments")
            || mattermost().as_deref() == Some("web.incoming_webhook.text.app_error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_mentions_are_broken() {
        assert_eq!(
            escape("<!channel> a & b `x` @here"),
            "&lt;!channel&gt; a &amp; b 'x' ＠here"
        );
        assert_eq!(
            inert("<!channel> <@U1> <#C1> a < b"),
            "< !channel> < @U1> < #C1> a < b"
        );
    }

    #[test]
    fn texts_are_joined_up_to_the_limit_of_one() {
        let line = "x".repeat(1_000);
        let joined = chunks(&vec![line; 5]);
        assert_eq!(
            joined.iter().map(String::len).collect::<Vec<_>>(),
            [2_001, 2_001, 1_000]
        );
    }

    #[test]
    fn known_answers_to_the_probe() {
        let answer = |status, body: &str| Answer {
            status,
            body: Some(body.to_owned()),
        };
        assert!(is_no_text(&answer(400, "no_text")));
        assert!(is_no_text(&answer(
            400,
            r#"{"id":"web.incoming_webhook.text.app_error","message":"x"}"#
        )));
        assert!(!is_no_text(&answer(
            400,
            r#"{"id":"web.incoming_webhook.invalid.app_error"}"#
        )));
        assert!(!is_no_text(&answer(404, "no_text")));
        assert!(!is_no_text(&answer(400, "invalid_payload")));
    }
}
