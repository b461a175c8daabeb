//! A stored manifest as the documents Helm applied.
//!
//! Helm 3.22 and 4.3 hand the whole `release.Manifest` to `kube.Client.Build`, which reads it with cli-runtime's
//! `StreamVisitor.Visit` and so with apimachinery's `YAMLOrJSONDecoder` (`util/yaml/decoder.go`). Its rules, not
//! YAML's and not those of Helm's `SplitManifests` (which cuts rendered templates, earlier), say where a document
//! ends, even in the middle of a block scalar:
//!
//! - A line that starts with `---` separates (`YAMLReader.Read`). Spaces and a comment may follow; anything else,
//!   as in `---apiVersion: v1`, is an error. For Helm it ends the run, so that an installed release cannot hold
//!   it; here it costs one document.
//! - A separator with nothing before it belongs to the document it starts. That is why the first document's text
//!   begins with `---`, which YAML does not mind.
//! - A manifest that starts with `{` is a stream of JSON values, and YAML from the first thing on that is not JSON,
//!   provided that at most one value came before. Helm writes `---` first; a post-renderer may not.
//!
//! Empty documents and those with comments only are yielded: they parse as null, which Helm skips.

use std::iter::FusedIterator;

use serde_json::value::RawValue;
use thiserror::Error;

/// The comment that Helm writes above each document, before the template's name.
const SOURCE: &str = "# Source: ";

/// Bytes in which apimachinery looks for the brace of a JSON stream: cli-runtime's buffer size.
const JSON_LOOKAHEAD: usize = 4096;

/// Documents in a manifest that is worth reading. The largest known chart has 150.
pub const MAX_DOCUMENTS: usize = 10_000;

/// One document of a manifest, as its text stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManifestDocument<'a> {
    /// The template that rendered it, as Helm noted it: `chart/templates/x.yaml`. Anyone can write such a comment.
    pub source: Option<&'a str>,
    /// The text, for [`crate::yaml::parse_document`].
    pub text: &'a str,
    /// The line of the manifest on which the text starts, counted from one.
    pub line: usize,
}

/// Why a manifest does not split. No variant holds any of its text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Something other than a comment follows `---`; the document below that line is lost.
    #[error("line {line} of the manifest: only a comment may follow `---` on the same line")]
    Separator {
        /// The line of the manifest.
        line: usize,
    },
    /// A stream of JSON values ends in something that is not JSON; the rest is lost.
    #[error("line {line} of the manifest: invalid JSON after {values} JSON documents")]
    Json {
        /// The line of the manifest on which the rest starts.
        line: usize,
        /// How many values came before.
        values: usize,
    },
    /// There are more documents than [`MAX_DOCUMENTS`]; the rest is not read.
    #[error("line {line} of the manifest: more than {limit} documents")]
    TooMany {
        /// The line of the manifest on which the first unread document starts.
        line: usize,
        /// The limit.
        limit: usize,
    },
}

/// Splits a manifest into its documents.
pub fn documents(manifest: &str) -> ManifestDocuments<'_> {
    let head = manifest
        .as_bytes()
        .get(..JSON_LOOKAHEAD)
        .unwrap_or(manifest.as_bytes());
    let json = String::from_utf8_lossy(head).trim_start().starts_with('{');
    let mode = if json {
        Mode::Json { values: 0 }
    } else {
        Mode::Yaml
    };
    ManifestDocuments {
        rest: manifest,
        line: 1,
        mode,
        yielded: 0,
    }
}

/// The documents of a manifest, in order.
#[derive(Debug, Clone)]
pub struct ManifestDocuments<'a> {
    rest: &'a str,
    /// The line on which `rest` starts.
    line: usize,
    mode: Mode,
    yielded: usize,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Json { values: usize },
    Yaml,
}

impl<'a> Iterator for ManifestDocuments<'a> {
    type Item = Result<ManifestDocument<'a>, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        let json = match self.mode {
            Mode::Json { values } => self.next_json(values),
            Mode::Yaml => None,
        };
        let document = json.or_else(|| self.next_yaml())?;
        self.yielded += 1;
        if self.yielded <= MAX_DOCUMENTS {
            return Some(document);
        }
        self.rest = "";
        let line = match document {
            Ok(ManifestDocument { line, .. })
            | Err(
                SplitError::Separator { line }
                | SplitError::Json { line, .. }
                | SplitError::TooMany { line, .. },
            ) => line,
        };
        Some(Err(SplitError::TooMany {
            line,
            limit: MAX_DOCUMENTS,
        }))
    }
}

impl FusedIterator for ManifestDocuments<'_> {}

impl ManifestDocuments<'_> {
    /// The next value of a JSON stream; none when YAML has to go on.
    fn next_json(&mut self, values: usize) -> Option<<Self as Iterator>::Item> {
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<&RawValue>();
        match stream.next() {
            Some(Ok(value)) => {
                let end = stream.byte_offset();
                let text = value.get();
                let line = self.line + line_breaks(&self.rest[..end - text.len()]);
                self.advance(end);
                self.mode = Mode::Json { values: values + 1 };
                Some(Ok(ManifestDocument {
                    source: None,
                    text,
                    line,
                }))
            }
            None => {
                self.rest = "";
                None
            }
            Some(Err(_)) if values > 1 => {
                let line = self.line;
                self.rest = "";
                Some(Err(SplitError::Json { line, values }))
            }
            Some(Err(_)) => {
                // `consumeWhitespace`: the rest of the line on which the JSON ended.
                let trimmed = self.rest.trim_start();
                let blank = &self.rest[..self.rest.len() - trimmed.len()];
                self.advance(blank.find('\n').map_or(blank.len(), |end| end + 1));
                self.mode = Mode::Yaml;
                None
            }
        }
    }

    /// The text up to the next separator.
    fn next_yaml(&mut self) -> Option<<Self as Iterator>::Item> {
        let line = self.line;
        let mut length = 0;
        let mut lines = 0;
        let mut fault = None;
        let mut separated = None;
        for text in self.rest.split_inclusive('\n') {
            if let Some(after) = text.strip_prefix("---") {
                if length > 0 {
                    // A good separator is consumed; a bad one is left to begin the next, faulty document.
                    separated = Some(if is_clean(after) { text.len() } else { 0 });
                    break;
                }
                if !is_clean(after) {
                    fault = Some(SplitError::Separator { line });
                }
            }
            length += text.len();
            lines += 1;
        }
        if length == 0 {
            return None;
        }
        let text = &self.rest[..length];
        let consumed = separated.unwrap_or(0);
        self.rest = &self.rest[length + consumed..];
        self.line += lines + usize::from(consumed > 0);
        Some(match fault {
            Some(fault) => Err(fault),
            None => Ok(ManifestDocument {
                source: source(text),
                text,
                line,
            }),
        })
    }

    fn advance(&mut self, bytes: usize) {
        self.line += line_breaks(&self.rest[..bytes]);
        self.rest = &self.rest[bytes..];
    }
}

/// Whether nothing but space and a comment follows a separator.
fn is_clean(after: &str) -> bool {
    let after = after.trim();
    after.is_empty() || after.starts_with('#')
}

/// The template's name in the comment that Helm puts right below the separator.
fn source(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| !line.starts_with("---"))?;
    line.strip_prefix(SOURCE).map(str::trim_end)
}

fn line_breaks(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(manifest: &str) -> Vec<(Option<&str>, &str, usize)> {
        documents(manifest)
            .map(|document| {
                document
                    .map(|found| (found.source, found.text, found.line))
                    .unwrap()
            })
            .collect()
    }

    #[test]
    fn a_manifest_of_helm_splits_into_templates() {
        let manifest =
            "---\n# Source: c/templates/a.yaml\na: 1\n---\n# Source: c/templates/b.yaml\r\nb: |\n  x\n";
        assert_eq!(
            texts(manifest),
            [
                (
                    Some("c/templates/a.yaml"),
                    "---\n# Source: c/templates/a.yaml\na: 1\n",
                    1
                ),
                (
                    Some("c/templates/b.yaml"),
                    "# Source: c/templates/b.yaml\r\nb: |\n  x\n",
                    5
                ),
            ]
        );
    }

    #[test]
    fn only_the_comment_right_below_the_separator_names_the_template() {
        for text in [
            "a: 1\n# Source: x\n",
            "\n# Source: x\n",
            " # Source: x\n",
            "#Source: x\n",
            "# c\n# Source: x",
        ] {
            assert_eq!(texts(text), [(None, text, 1)]);
        }
    }

    #[test]
    fn separators_join_the_document_they_start_when_nothing_came_before() {
        assert_eq!(texts(""), []);
        assert_eq!(texts("---"), [(None, "---", 1)]);
        assert_eq!(
            texts("---\n---\na: 1\n---\n"),
            [(None, "---\n", 1), (None, "a: 1\n", 3)]
        );
        assert_eq!(
            texts("\n---\n---\n---\nb: 1"),
            [(None, "\n", 1), (None, "---\n", 3), (None, "b: 1", 5)]
        );
        assert_eq!(
            texts("a: |\n  x\n--- # c\n  y\n"),
            [(None, "a: |\n  x\n", 1), (None, "  y\n", 4)]
        );
        assert_eq!(texts("a: |\n  ---\n ---\n"), [(None, "a: |\n  ---\n ---\n", 1)]);
    }

    #[test]
    fn a_bad_separator_costs_the_document_below_it_only() {
        let manifest = "a: 1\n---b: 2\nc: 3\n---\nd: 4\n----\n";
        let found: Vec<_> = documents(manifest)
            .map(|document| document.map(|found| found.text))
            .collect();
        assert_eq!(
            found,
            [
                Ok("a: 1\n"),
                Err(SplitError::Separator { line: 2 }),
                Ok("d: 4\n"),
                Err(SplitError::Separator { line: 6 }),
            ]
        );
        assert_eq!(
            SplitError::Separator { line: 2 }.to_string(),
            "line 2 of the manifest: only a comment may follow `---` on the same line"
        );
    }

    #[test]
    fn json_values_need_no_separator() {
        assert_eq!(
            texts("\n {\"a\":\n1}{\"b\": 2}\n\n"),
            [(None, "{\"a\":\n1}", 2), (None, "{\"b\": 2}", 3)]
        );
        assert_eq!(
            texts("{\"a\": 1}\n---\nb: 2\n---\nc: 3\n"),
            [
                (None, "{\"a\": 1}", 1),
                (None, "---\nb: 2\n", 2),
                (None, "c: 3\n", 5)
            ]
        );
        assert_eq!(
            texts("{a: 1}\n---\nb: 2\n"),
            [(None, "{a: 1}\n", 1), (None, "b: 2\n", 3)]
        );
        let broken: Vec<_> = documents("{}\n{}\n---\n{}")
            .map(|document| document.map(|found| found.text))
            .collect();
        assert_eq!(
            broken,
            [Ok("{}"), Ok("{}"), Err(SplitError::Json { line: 2, values: 2 })]
        );
    }

    #[test]
    fn the_brace_of_a_json_stream_is_looked_for_near_the_start_only() {
        let blank = " ".repeat(JSON_LOOKAHEAD - 1);
        assert_eq!(texts(&format!("{blank}{{}}{{}}")).len(), 2);
        assert_eq!(
            texts(&format!("{blank} {{}}{{}}")).len(),
            1,
            "one YAML document, broken"
        );
    }

    #[test]
    fn documents_are_counted() {
        let manifest = "a: 1\n---\n".repeat(MAX_DOCUMENTS + 5);
        let found: Vec<_> = documents(&manifest).collect();
        assert_eq!(
            found.iter().filter(|document| document.is_ok()).count(),
            MAX_DOCUMENTS
        );
        let line = 2 * MAX_DOCUMENTS + 1;
        assert_eq!(
            found[MAX_DOCUMENTS..],
            [Err(SplitError::TooMany {
                line,
                limit: MAX_DOCUMENTS
            })]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_lost_but_separators(manifest in "(---|--- #|---x|a: 1|\\{|\\}|[ \n\r]){0,30}") {
            let mut from = 0;
            for document in documents(&manifest) {
                let Ok(ManifestDocument { text, line, .. }) = document else { return Ok(()) };
                let start = text.as_ptr() as usize - manifest.as_ptr() as usize;
                for skipped in manifest[from..start].lines() {
                    let blank = skipped.trim().is_empty();
                    proptest::prop_assert!(blank || skipped.starts_with("---"), "{skipped:?}");
                }
                proptest::prop_assert_eq!(line, 1 + line_breaks(&manifest[..start]));
                from = start + text.len();
            }
        }
    }
}
