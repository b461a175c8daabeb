//! The templates of a chart in a record, of which one fact is kept: which of them read live objects.
//!
//! A template that calls `lookup` renders what lives in the cluster (Helm: `pkg/engine/lookup_func.go`, `NewLookupFunction`),
//! so the next upgrade with the same chart and values may render another manifest than the stored one. A record holds the
//! templates of its own chart and none of those of its dependencies: Helm keeps them in a field that is not written
//! (`pkg/chart/v2/chart.go`, `dependencies`). Of named templates that only a dependency defines, those of a common
//! library are known by name.
//!
//! Most charts read nothing, so each file is first searched in its base64, without decoding it. Only a record in which that
//! finds something is read once more, with the calls of its templates.

use std::collections::BTreeSet;

use base64::Engine as _;
use serde::de::{DeserializeSeed as _, SeqAccess};
use serde::{Deserialize, Deserializer};

use super::calls::{Calls, Scope};
use super::chart_files::{Content, for_each_file};
use super::encoding::BASE64;
use super::lenient::{Lenient, Part};

/// What a template that reads live objects has in it: the name of the function, or of the library's templates that call it.
#[cfg(test)]
const NEEDLES: [&str; 2] = ["lookup", "common.secrets."];

/// The base64 of those, each as it stands behind 0, 1 and 2 bytes, without the characters that depend on what is
/// beside it.
const ENCODED: [&str; 6] = [
    "bG9va3Vw",
    "xvb2t1c",
    "sb29rdX",
    "Y29tbW9uLnNlY3JldHMu",
    "NvbW1vbi5zZWNyZXRzL",
    "jb21tb24uc2VjcmV0cy",
];

/// The characters of the longest template that is looked into. A longer one counts as reading live objects.
const MAX_TEMPLATE: usize = 1 << 20;

/// Whether any template of a chart may read live objects.
pub(super) fn mention_lookup<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Files;
    impl<'de> Part<'de> for Files {
        type Value = bool;

        fn list<A: SeqAccess<'de>>(list: A) -> Result<bool, A::Error> {
            let mut found = false;
            for_each_file::<Mentions, A>(list, |file| {
                found |= file.data.unwrap_or_default();
                Ok(())
            })?;
            Ok(found)
        }
    }
    Lenient::<Files>::new().deserialize(deserializer)
}

/// A record, of which only the calls of its templates are read.
#[derive(Deserialize)]
pub(super) struct WireTemplates {
    #[serde(default)]
    chart: Option<ChartTemplates>,
}

#[derive(Deserialize)]
struct ChartTemplates {
    #[serde(default, deserialize_with = "live_readers")]
    templates: BTreeSet<String>,
}

impl WireTemplates {
    /// The files of the templates that read live objects.
    pub(super) fn live_readers(self) -> BTreeSet<String> {
        self.chart.map(|chart| chart.templates).unwrap_or_default()
    }
}

fn live_readers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<String>, D::Error> {
    struct Files;
    impl<'de> Part<'de> for Files {
        type Value = BTreeSet<String>;

        fn list<A: SeqAccess<'de>>(list: A) -> Result<Self::Value, A::Error> {
            let mut calls = Calls::default();
            for_each_file::<Text, A>(list, |file| {
                let name = file.name.unwrap_or_default();
                match file.data.unwrap_or_default() {
                    Read::Whole(text) => calls.add_file(&name, &text),
                    Read::TooLong => calls.add_reader(Scope::File(name)),
                    Read::Nothing => {}
                }
                Ok(())
            })?;
            Ok(calls.live_readers())
        }
    }
    Lenient::<Files>::new().deserialize(deserializer)
}

/// Whether a file has one of [`NEEDLES`].
struct Mentions;

impl Part<'_> for Mentions {
    type Value = bool;

    fn text(base64: &str) -> bool {
        ENCODED.iter().any(|needle| base64.contains(needle))
    }
}

impl Content<'_> for Mentions {
    fn is_of(_: &str) -> bool {
        true
    }
}

/// The bytes of a file.
struct Text;

/// What was read of a file.
#[derive(Default)]
enum Read {
    /// It is no file.
    #[default]
    Nothing,
    /// All of it.
    Whole(Vec<u8>),
    /// It is longer than any real template.
    TooLong,
}

impl Part<'_> for Text {
    type Value = Read;

    fn text(base64: &str) -> Read {
        if base64.len() > MAX_TEMPLATE {
            return Read::TooLong;
        }
        BASE64.decode(base64).map_or(Read::Nothing, Read::Whole)
    }
}

impl Content<'_> for Text {
    fn is_of(_: &str) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        for needle in NEEDLES {
            for before in 0..7 {
                for after in ["", "x", " \"v1\" }}"] {
                    let text = format!("{}{needle}{after}", "\u{1}".repeat(before));
                    assert!(Mentions::text(&STANDARD.encode(&text)), "{text:?}");
                }
            }
        }
        for text in ["", "look up", "LOOKUP", "{{ .Values.secrets }}"] {
            assert!(!Mentions::text(&STANDARD.encode(text)), "{text:?}");
        }
    }

    fn readers(files: &str) -> (bool, Vec<String>) {
        let mentioned = mention_lookup(&mut serde_json::Deserializer::from_str(files)).unwrap();
        let readers = live_readers(&mut serde_json::Deserializer::from_str(files)).unwrap();
        (mentioned, readers.into_iter().collect())
    }

    #[test]
    fn templates_of_another_shape_read_nothing() {
        for files in [
            "null",
            "{}",
            "7",
            "[7]",
            "[]",
            "[null]",
            r#"[{"name":7,"data":{}}]"#,
            r#"[{"data":"%"}]"#,
        ] {
            assert_eq!(readers(files), (false, Vec::new()), "{files}");
        }
    }

    #[test]
    fn only_the_files_that_read_leave_their_names() {
        let file = |name: &str, text: &str| serde_json::json!({"name": name, "modtime": "2026-01-01T00:00:00Z", "data": STANDARD.encode(text)});
        let files = serde_json::json!([
            file(
                "templates/secret.yaml",
                r#"{{ $old := lookup "v1" "Secret" "a" "b" }}"#
            ),
            file("templates/service.yaml", "kind: Service # no lookup here"),
        ]);
        assert_eq!(
            readers(&files.to_string()),
            (true, vec!["templates/secret.yaml".to_owned()])
        );
    }

    #[test]
    fn a_template_too_long_to_look_into_counts_as_reading() {
        let text = format!("{}lookup", " ".repeat(MAX_TEMPLATE));
        let files = serde_json::json!([{"name": "templates/a.yaml", "data": STANDARD.encode(text)}]);
        assert_eq!(
            readers(&files.to_string()),
            (true, vec!["templates/a.yaml".to_owned()])
        );
    }
}
