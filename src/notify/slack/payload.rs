//! The message that a report becomes, in each of the formats.
//!
//! In the blocks that Slack itself gets, everything is `plain_text` or a `rich_text` text element, neither of which
//! Slack parses: no name can mention a channel, link anywhere or close a code block. The fallback text, and the text
//! formats for other servers, are parsed; there `&`, `<` and `>` are escaped as
//! [Slack asks](https://docs.slack.dev/messaging/formatting-message-text/#escaping), and `@` and backticks, which
//! Mattermost takes as mentions and the end of a code block, are replaced by look-alikes.

use serde_json::{Value, json};

use super::settings::SlackFormat;
use crate::notify::digest::{Digest, Level};
use crate::notify::links::FittingLinks;
use crate::notify::list::LineCost;
use crate::notify::text::{fit, json_len};

/// A header block's limit.
pub(super) const HEADER: usize = 150;

/// The length up to which a text element is filled. A text object takes 3,000 characters; a cleaned line takes at most 2,000 bytes.
const CHUNK: usize = 2_900;

/// The room for the lists in a message with blocks. The whole is kept below 12,000 bytes: Slack documents no limit, and
/// has been seen to refuse 15,200 bytes with `msg_blocks_too_long` and to accept 13,000.
const BLOCKS_BODY: usize = 8_500;

/// The room for links in a message with blocks; the lists have what they leave.
pub(super) const LINKS: usize = 3_500;

/// The room for links in text; the lists have what they leave.
const LINKS_IN_TEXT: usize = 1_600;

/// The room for a command.
const NEXT: usize = 400;

/// The room for the lists in the fallback text, which is for notifications and screen readers.
const FALLBACK_BODY: usize = 1_500;

/// The room for the lists in an attachment, whose text takes 3,000 characters.
const ATTACHMENT_BODY: usize = 2_200;

/// The room for the lists in a message that is only text, which should have at most 4,000 characters.
const TEXT_BODY: usize = 3_000;

/// The message for a report.
pub fn message(digest: &Digest, format: SlackFormat) -> Value {
    let mut message = match format {
        SlackFormat::Blocks => json!({"text": fallback(digest), "blocks": blocks(digest)}),
        SlackFormat::Attachments => {
            json!({"text": escape(&digest.headline), "attachments": [attachment(digest)]})
        }
        SlackFormat::Text => json!({"text": text(digest)}),
    };
    // Without these flags Slack turns text that looks like a link or a name into one.
    message["parse"] = json!("none");
    message["link_names"] = json!(false);
    message["unfurl_links"] = json!(false);
    message["unfurl_media"] = json!(false);
    message
}

fn fallback(digest: &Digest) -> String {
    let cost = LineCost {
        text: |line| json_len(&escape(line)),
        per_line: 2,
    };
    let mut lines = vec![digest.headline.clone()];
    lines.extend(digest.news.without_details().lines(FALLBACK_BODY, cost));
    lines.extend(digest.next.iter().cloned());
    escape(&lines.join("\n"))
}

fn blocks(digest: &Digest) -> Vec<Value> {
    let cost = LineCost {
        text: |line| json_len(&inert(line)),
        per_line: 2,
    };
    let mut blocks = vec![json!({"type": "header", "text": plain(&fit(&inert(&digest.headline), HEADER))})];
    let links = FittingLinks::new(&digest.links, LINKS);
    for section in digest.sections(BLOCKS_BODY - links.taken, cost) {
        let title = json!({"type": "text", "text": section.title, "style": {"bold": true}});
        let mut elements = vec![json!({"type": "rich_text_section", "elements": [title]})];
        for text in chunks(&section.lines) {
            let text = json!({"type": "text", "text": text});
            elements.push(json!({"type": "rich_text_preformatted", "elements": [text]}));
        }
        blocks.push(json!({"type": "rich_text", "elements": elements}));
    }
    if let Some(next) = &digest.next {
        let elements = json!([
            {"type": "text", "text": "Next: "},
            {"type": "text", "text": fit(&inert(next), NEXT), "style": {"code": true}},
        ]);
        let section = json!({"type": "rich_text_section", "elements": elements});
        blocks.push(json!({"type": "rich_text", "elements": [section]}));
    }
    blocks.extend(links_block(&links));
    let scan_facts: Vec<_> = digest.scan_facts.iter().map(|fact| plain(&inert(fact))).collect();
    blocks.push(json!({"type": "context", "elements": scan_facts}));
    blocks
}

/// The links in a row, with how many have no room; `None` where there are none.
pub(super) fn links_block(fitting: &FittingLinks<'_>) -> Option<Value> {
    if fitting.links.is_empty() && fitting.left_out.is_none() {
        return None;
    }
    let left_out = fitting
        .left_out
        .as_ref()
        .map(|text| json!({"type": "text", "text": format!("  {text}")}));
    let links = fitting.links.iter().enumerate().flat_map(|(number, link)| {
        let gap = (number > 0).then(|| json!({"type": "text", "text": "  "}));
        let link = json!({"type": "link", "url": link.url, "text": inert(&link.title)});
        gap.into_iter().chain([link])
    });
    let links = links.chain(left_out);
    let section = json!({"type": "rich_text_section", "elements": links.collect::<Vec<_>>()});
    Some(json!({"type": "rich_text", "elements": [section]}))
}

pub(super) fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

/// Joins lines into as few texts as the limit of one text allows.
pub(super) fn chunks(lines: &[String]) -> Vec<String> {
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
        Level::Incomplete => "warning",
        Level::Critical | Level::Alarm => "danger",
    };
    json!({
        "color": color,
        "fallback": escape(&digest.headline),
        "text": markup_body(digest, ATTACHMENT_BODY),
        "mrkdwn_in": ["text"],
        "footer": escape(&digest.scan_facts.join(", ")),
    })
}

fn text(digest: &Digest) -> String {
    let (headline, scan_facts) = (escape(&digest.headline), escape(&digest.scan_facts.join(", ")));
    format!("{headline}\n{}\n{scan_facts}", markup_body(digest, TEXT_BODY))
}

/// All lists, and what to run next, in one code block; the headline where there is nothing to list.
fn markup_body(digest: &Digest, budget: usize) -> String {
    let cost = LineCost {
        text: |line| json_len(&escape(line)),
        per_line: 2,
    };
    let pages = FittingLinks::new(&digest.links, LINKS_IN_TEXT);
    let sections = digest.sections(budget - pages.taken, cost);
    let lines = sections
        .into_iter()
        .flat_map(|section| std::iter::once(format!("{}:", section.title)).chain(section.lines));
    let next = digest
        .next
        .iter()
        .map(|next| format!("Next: {}", fit(next, NEXT)));
    let left_out = pages.left_out;
    let pages = pages.links.iter();
    let pages = pages.map(|link| format!("{}: {}", link.title, link.url));
    let pages = pages.chain(left_out);
    let lines: Vec<String> = lines.chain(next).chain(pages).map(|line| escape(&line)).collect();
    if lines.is_empty() {
        escape(&digest.headline)
    } else {
        format!("```\n{}\n```", lines.join("\n"))
    }
}

/// Makes text safe where it is parsed as Slack's or Mattermost's markup.
pub(super) fn escape(text: &str) -> String {
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

/// Breaks the text of mentions, in case a receiver parses text that is declared as plain.
pub(super) fn inert(text: &str) -> String {
    text.replace("<!", "< !")
        .replace("<@", "< @")
        .replace("<#", "< #")
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
}
