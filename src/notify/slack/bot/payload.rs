//! The messages of the bot: a short one in the channel, and the details in its thread.
//!
//! The short one is all that somebody sees at night: how bad it is, what is wrong and by whom, and the links of the settings. It is
//! about what is so now, so its headline goes on to the worst that is left. It is made of what is kept and of the settings alone, so
//! that it is the same as long as nothing changes.

use serde_json::{Value, json};

use super::place::MessagePlace;
use super::settings::Channel;
use super::threads::{Followed, LINE};
use crate::model::Fingerprint;
use crate::notify::digest::Digest;
use crate::notify::links::{FittingLinks, Link};
use crate::notify::list::{DetailLevel, DetailLine, LineCost, ListEntry, MessageList};
use crate::notify::release::FLAPPING;
use crate::notify::slack::payload::{self, HEADER, LINKS, chunks, escape, inert, links_block, plain};
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

/// What the short message is about.
pub(super) struct Top<'t> {
    /// The cluster.
    pub(super) cluster: &'t str,
    /// What was wrong when it was posted.
    pub(super) headline: &'t str,
    /// The releases, the worst first.
    pub(super) releases: &'t [Followed],
    /// How many more there were than are followed.
    pub(super) more: usize,
    /// The links to the release to look at first.
    pub(super) links: Vec<Link>,
}

/// The short message at the top of a thread.
pub(super) fn opening(channel: &Channel, about: &Top<'_>) -> Value {
    let mut message = in_channel(channel.as_str(), top(about));
    message["unfurl_links"] = json!(false);
    message["unfurl_media"] = json!(false);
    message
}

/// The same message as it is now.
pub(super) fn update(place: &MessagePlace, about: &Top<'_>) -> Value {
    let mut message = in_channel(&place.channel, top(about));
    message["ts"] = json!(place.ts);
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

/// What is wrong now: how bad the worst of it is, in which cluster, what that is and by whom, and how many releases more. What is
/// over already stands in front of that.
fn headline(about: &Top<'_>) -> String {
    let total = about.releases.len() + about.more;
    let over = about.releases.iter().filter(|release| release.is_over).count();
    if over == total {
        return format!("\u{2713} Resolved: {}", about.headline);
    }
    let what = match Followed::first(about.releases) {
        Some(first) => format!(
            "{} in {}: {}",
            first.severity(),
            about.cluster,
            what_is_wrong(about.releases, about.more)
        ),
        None => format!("{}: {}", about.cluster, what_is_wrong(about.releases, about.more)),
    };
    match over {
        0 => what,
        over => format!("{over} of {total} resolved; {what}"),
    }
}

/// The worst of what is not over, and of how many releases more there is something.
pub(super) fn what_is_wrong(releases: &[Followed], more: usize) -> String {
    let open = more + releases.iter().filter(|release| !release.is_over).count();
    match (Followed::first(releases), open) {
        (None, open) => count(open, "more release"),
        (Some(first), ..=1) => worst_of(first),
        (Some(first), open) => format!("{}, and {}", worst_of(first), count(open - 1, "more release")),
    }
}

/// The worst of a release, with the release.
fn worst_of(release: &Followed) -> String {
    let Followed {
        worst, title, writer, ..
    } = release;
    let writer = writer
        .as_ref()
        .map_or_else(String::new, |writer| format!(", by {writer} (claimed)"));
    match worst.as_str() {
        "" => title.clone(),
        worst => format!("{worst} of {title}{writer}"),
    }
}

fn top(about: &Top<'_>) -> Value {
    let headline = fit(&inert(&headline(about)), HEADER);
    let list = list(about.releases, about.more);
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
    let mut blocks = vec![
        json!({"type": "header", "text": plain(&headline)}),
        json!({"type": "rich_text", "elements": texts.collect::<Vec<_>>()}),
    ];
    blocks.extend(links_block(&FittingLinks::new(&about.links, LINKS)));
    blocks.push(json!({"type": "context", "elements": [plain("The details are in the thread.")]}));
    json!({
        "text": escape(&fallback.join("\n")),
        "blocks": blocks,
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
    let Followed { title, facts, .. } = release;
    let flapping = if release.flapping {
        format!(" ({FLAPPING})")
    } else {
        String::new()
    };
    let (head, details) = match &release.ending {
        Some(ending) if release.is_over => (format!("\u{2713} {title}: {ending}"), None),
        // The codes of a release's health are among the facts already.
        Some(_) | None => (
            format!("\u{2022} {} {title}{flapping}: {facts}", release.severity()),
            release.says_more().then(|| format!("    {}", release.worst_by())),
        ),
    };
    let details = details.map(|text| DetailLine {
        shown_from: DetailLevel::Objects,
        text: fit(&text, LINE),
    });
    ListEntry {
        namespace: release.namespace.clone(),
        number: 1,
        head: fit(&head, LINE),
        details: details.into_iter().collect(),
    }
}
