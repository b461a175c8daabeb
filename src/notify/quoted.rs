//! What a receiver says of a message that it refuses, made fit to be shown: no control characters, nothing endless, and nothing that
//! could be a key, although a receiver may repeat the one that it was sent.

use super::text::{cap, clean};

/// The most sentences that are repeated.
const SENTENCES: usize = 3;

/// The longest of them, in characters.
const SENTENCE: usize = 160;

/// How many letters and digits in a row may be a key. PagerDuty's keys have 32.
const KEY: usize = 20;

/// How many letters and digits together may be a part of one.
const MIXED: usize = 6;

/// What stands in the place of what may be a key.
const HIDDEN: &str = "(hidden)";

/// The sentences of a receiver as one, for the end of another sentence; `None` where nothing can be repeated. `key` is what must not
/// be in it, in whatever way it is broken up.
pub(super) fn quoted<'t>(sentences: impl IntoIterator<Item = &'t str>, key: &str) -> Option<String> {
    let mut sentences = sentences.into_iter().filter(|text| !holds(text, key));
    let shown: Vec<String> = sentences
        .by_ref()
        .map(without_keys)
        .filter(|text| !text.is_empty())
        .take(SENTENCES)
        .collect();
    if shown.is_empty() {
        return None;
    }
    let more = if sentences.next().is_some() { "; …" } else { "" };
    Some(format!("it says \"{}{more}\"", shown.join("; ")))
}

/// Whether a text has the letters and digits of a key in their order, whatever is between them.
fn holds(text: &str, key: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|ch| ch.to_ascii_lowercase()).collect()
    };
    let key = plain(key);
    !key.is_empty() && plain(text).contains(&key)
}

/// One sentence without what may be a key. A quotation mark would end the quotation.
fn without_keys(text: &str) -> String {
    // Of a long text the rest is not looked at: it is not shown.
    let text = clean(text.trim(), SENTENCE * 4).replace('"', "'");
    let mut shown = String::new();
    let mut run = String::new();
    for ch in text.chars().map(Some).chain([None]) {
        match ch {
            Some(ch) if ch.is_ascii_alphanumeric() || matches!(ch, '+' | '/' | '=') => run.push(ch),
            other => {
                shown.push_str(if may_be_secret(&run) { HIDDEN } else { &run });
                run.clear();
                shown.extend(other);
            }
        }
    }
    cap(shown.chars(), SENTENCE)
}

/// Whether a run of letters and digits may be a key or a part of one: no word of a sentence is that long, or mixes the two.
fn may_be_secret(run: &str) -> bool {
    let has = |is: fn(&char) -> bool| run.chars().any(|ch| is(&ch));
    run.len() >= KEY || (run.len() >= MIXED && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY_OF_TEST: &str = "0123456789abcdef0123456789abcdef";

    fn say(sentences: &[&str]) -> Option<String> {
        quoted(sentences.iter().copied(), KEY_OF_TEST)
    }

    #[test]
    fn what_a_receiver_says_is_repeated_in_bounds_and_harmless() {
        assert_eq!(
            say(&["'payload.severity' is invalid", "summary\u{202e} is\n\"long\""]).as_deref(),
            Some("it says \"'payload.severity' is invalid; summary is 'long'\"")
        );
        let many = say(&["a", "b", "c", "d"]).unwrap();
        assert_eq!(many, "it says \"a; b; c; …\"");
        let long = say(&[&"long ".repeat(100_000)]).unwrap();
        assert!(long.chars().count() < 200 && long.contains('…'), "{long}");
        assert_eq!(say(&[]), None);
        assert_eq!(say(&["", " \n", "\u{200b}"]), None);
    }

    #[test]
    fn no_key_is_repeated_however_it_is_broken_up() {
        let spaced: String = KEY_OF_TEST.chars().flat_map(|ch| [ch, ' ']).collect();
        for text in [
            KEY_OF_TEST,
            "the key 0123456789ABCDEF0123456789ABCDEF is not known",
            "01234567-89abcdef-01234567-89abcdef",
            "0123456789abcdef\u{200b}0123456789abcdef",
            &spaced,
        ] {
            assert_eq!(say(&[text]), None, "{text}");
        }
        // Others' keys, and what is left of ours.
        assert_eq!(
            say(&["the key zyxwvutsrqponmlkjihg is not 0123456789abcdef0123456789"]).as_deref(),
            Some("it says \"the key (hidden) is not (hidden)\"")
        );
    }
}
