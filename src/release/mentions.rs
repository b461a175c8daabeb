//! The search for names of functions that render something else each time, without reading the templates.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::lenient::Part;

/// Whether the texts of a record are searched. Of the revisions of a release, only those of the deployed one are rendered
/// again.
pub(super) trait Search {
    /// Whether they are.
    const IS_ON: bool;
}

/// They are searched.
pub(super) struct Searched;

/// They are passed over.
pub(super) struct PassedOver;

impl Search for Searched {
    const IS_ON: bool = true;
}

impl Search for PassedOver {
    const IS_ON: bool = false;
}

/// The beginnings of those names, as long as is needed to be rare. What is found is looked into, so that one too many
/// costs time and says nothing.
const NEEDLES: [&str; 53] = [
    "lookup",
    "common.secrets.",
    "randA",
    "randB",
    "randI",
    "randN",
    "uuidv4",
    "uuid ",
    "now |",
    "now|",
    "now)",
    "now }",
    "now}",
    "now -",
    "now-}",
    "now.",
    "now\n",
    "now\r",
    "now\t",
    "ago ",
    "ago)",
    "ago}",
    "ago|",
    "ago\n",
    "ago\t",
    "date \"",
    "date `",
    "dateInZone",
    "date_in_zone",
    "htmlDate",
    "durationRound",
    "keys .",
    "keys $",
    "keys (",
    "| keys",
    "|keys",
    "values .",
    "values $",
    "values (",
    "| values",
    "genCA",
    "genPrivateKey",
    "genSelfSigned",
    "genSigned",
    "shuffle",
    "htpasswd",
    "bcrypt",
    "encryptAES",
    "getHostByName",
    ".Revision",
    "\"Revision\"",
    ".IsInstall",
    ".IsUpgrade",
];

/// The needles in a text.
static PLAIN: LazyLock<AhoCorasick> = LazyLock::new(|| searcher(NEEDLES.map(str::to_owned)));

/// The needles in base64, each as it stands behind 0, 1 and 2 bytes, without the characters that depend on what is
/// beside it.
static ENCODED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    searcher(NEEDLES.into_iter().flat_map(|needle| {
        (0..3).map(move |before| {
            let encoded = STANDARD_NO_PAD.encode(format!("{}{needle}", "-".repeat(before)));
            let first = (before * 8).div_ceil(6);
            let last = (before + needle.len()) * 8 / 6;
            encoded[first..last].to_owned()
        })
    }))
});

#[expect(clippy::expect_used, reason = "the needles are known when this is compiled")]
fn searcher(needles: impl IntoIterator<Item = String>) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        // By itself it chooses a smaller automaton for so many needles, which takes half as long again.
        .kind(Some(AhoCorasickKind::DFA))
        .build(needles)
        .expect("a few short needles are no automaton too large")
}

/// Whether a text has a needle.
pub(super) fn are_in(text: &str) -> bool {
    PLAIN.is_match(text)
}

/// Whether a file has a needle, told by its base64.
pub(super) struct Mentions;

impl Part<'_> for Mentions {
    type Value = bool;

    fn text(base64: &str) -> bool {
        ENCODED.is_match(base64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        for needle in NEEDLES {
            assert!(are_in(&format!("a {needle}")), "{needle}");
            for before in 0..7 {
                for after in ["", "x", " \"v1\" }}"] {
                    let text = format!("{}{needle}{after}", "\u{1}".repeat(before));
                    assert!(Mentions::text(&STANDARD.encode(&text)), "{text:?}");
                }
            }
        }
        for text in [
            "",
            "look up",
            "LOOKUP",
            "{{ .Values.secrets }}",
            "known",
            "random",
        ] {
            assert!(!are_in(text), "{text:?}");
            assert!(!Mentions::text(&STANDARD.encode(text)), "{text:?}");
        }
    }
}
