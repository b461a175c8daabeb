//! The messages of the bot: a short one in the channel, and the details in its thread.
//!
//! The short one says what was new when it was posted, and for each release what is so now. It is made of what is kept alone, so
//! that it is the same as long as nothing changes.

use serde_json::{Value, json};

use super::place::MessagePlace;
use super::settings::Channel;
use super::threads::{Followed, Thread};
use crate::model::Fingerprint;
use crate::notify::digest::Digest;
use crate::notify::list::{LineCost, ListEntry, MessageList};
use crate::notify::slack::payload::{self, HEADER, chunks, escape, inert, plain};
use crate::notify::slack::settings::SlackFormat;
use crate::notify::text::{fit, json_len};
use crate::report::words::count;

/// The room for the lines of releases in the short message.
const LINES: usize = 4_000;

/// The room for them in its fallback text.
const FALLBACK_LINES: usize = 1_500;

/// What a preview has in place of the time of the message that it replies to.
pub(super) const HIDDEN_TIME: &str = "(time of the message)";

/// A message of its own in the channel.
pub(super) fn message(channel: &Channel, digest: &Digest) -> Value {
    in_channel(channel.as_str(), payload::message(digest, SlackFormat::Blocks))
}

/// The short message at the top of a thread.
pub(super) fn opening(channel: &Channel, headline: &str, releases: &[Followed], more: usize) -> Value {
    let mut message = in_channel(channel.as_str(), top(headline, releases, more));
    message["unfurl_links"] = json!(false);
    message["unfurl_media"] = json!(false);
    message
}

/// The same message as it is now.
pub(super) fn update(thread: &Thread) -> Value {
    let mut message = in_channel(
        &thread.place.channel,
        top(&headline(thread), &thread.releases, thread.more),
    );
    message["ts"] = json!(thread.place.ts);
    message
}

/// A hash of what people see of a message.
pub(super) fn shown(message: &Value) -> String {
    Fingerprint::of([&*message["text"].to_string(), &*message["blocks"].to_string()]).to_string()
}

/// Details in a thread.
pub(super) fn reply(place: &MessagePlace, digest: &Digest, is_broadcast: bool) -> Value {
    let mut message = in_channel(&place.channel, payload::message(digest, SlackFormat::Blocks));
    message["thread_ts"] = json!(place.ts);
    if is_broadcast {
        message["reply_broadcast"] = json!(true);
    }
    message
}

fn in_channel(channel: &str, mut message: Value) -> Value {
    message["channel"] = json!(channel);
    message
}

/// What the thread is about, with how much of it is over in front.
fn headline(thread: &Thread) -> String {
    let total = thread.releases.len() + thread.more;
    let over = thread.releases.iter().filter(|release| release.is_over).count();
    match over {
        0 => thread.headline.clone(),
        over if over == total => format!("\u{2713} Resolved: {}", thread.headline),
        over => format!("{over} of {total} resolved: {}", thread.headline),
    }
}

fn top(headline: &str, releases: &[Followed], more: usize) -> Value {
    let headline = fit(&inert(headline), HEADER);
    let list = list(releases, more);
    let in_block = LineCost {
        text: |line| json_len(&inert(line)),
        per_line: 2,
    };
    let texts = chunks(&list.lines(LINES, in_block)).into_iter().map(|text| {
        let text = json!({"type": "text", "text": text});
        json!({"type": "rich_text_preformatted", "elements": [text]})
    });
    let escaped = LineCost {
        text: |line| json_len(&escape(line)),
        per_line: 2,
    };
    let mut fallback = vec![headline.clone()];
    fallback.extend(list.lines(FALLBACK_LINES, escaped));
    json!({
        "text": escape(&fallback.join("\n")),
        "blocks": [
            {"type": "header", "text": plain(&headline)},
            {"type": "rich_text", "elements": texts.collect::<Vec<_>>()},
            {"type": "context", "elements": [plain("The details are in the thread.")]},
        ],
        "parse": "none",
        "link_names": false,
    })
}

/// The lines of releases, what is left of them first.
fn list(releases: &[Followed], more: usize) -> MessageList {
    let (over, open): (Vec<_>, Vec<_>) = releases.iter().partition(|release| release.is_over);
    let mut entries: Vec<ListEntry> = open.into_iter().chain(over).map(line).collect();
    if more > 0 {
        entries.push(ListEntry {
            namespace: String::new(),
            number: more,
            head: format!(
                "and {}, which this message does not follow",
                count(more, "more release")
            ),
            details: Vec::new(),
        });
    }
    MessageList {
        title: "Releases",
        noun: "release",
        entries,
    }
}

fn line(release: &Followed) -> ListEntry {
    let name = release.line.split(": ").next().unwrap_or_default();
    let head = match &release.ending {
        Some(ending) if release.is_over => format!("\u{2713} {name}: {ending}"),
        Some(_) | None => format!("\u{2022} {}", release.line),
    };
    ListEntry {
        namespace: name.split('/').next().unwrap_or_default().to_owned(),
        number: 1,
        head,
        details: Vec::new(),
    }
}
