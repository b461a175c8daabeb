//! The report as YAML: the contract `driftline.report/v1` again, key for key what `json.rs` writes.
//!
//! It is JSON in block style: `serde_json` walks the report, and the formatter here writes what it meets. The emitter of
//! `serde-saphyr`, which settings are read with, has no place to escape what acts on a terminal or commands a CI runner, and
//! a plain or a single-quoted string cannot be escaped afterwards. So a string is written plain only where no reader of
//! YAML, of version 1.1 or 1.2, could take it for anything else; every other string stands in double quotes, on one line
//! and with escapes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

use super::sanitize::{is_runner_command, is_unsafe};
use crate::model::Report;

/// How far each level is indented.
const STEP: usize = 2;
/// The most bytes of a key that is written without a mark: readers look no further than 1024 for the colon.
const SHORT_KEY: usize = 800;
/// Words that YAML 1.1 reads as something other than text, in any case; see go-yaml's `resolveTable` in `resolve.go`.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// Writes a report as YAML.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write(report, out)
}

/// Writes any document as YAML that a log can hold.
pub(super) fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut trimmed = Trimmed { out, blank: false };
    let mut serializer = Serializer::with_formatter(&mut trimmed, Block::default());
    document.serialize(&mut serializer)?;
    trimmed.write_all(b"\n")
}

/// A writer that leaves out a blank at the end of a line: whether what follows a key or a dash stands on the same line is
/// not known when it is written.
struct Trimmed<'a> {
    out: &'a mut dyn Write,
    blank: bool,
}

/// The blank that parts a key or a dash from what follows. No other text is written like this.
const BLANK: &[u8] = b" ";

impl Write for Trimmed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.blank) && bytes.first() != Some(&b'\n') {
            self.out.write_all(BLANK)?;
        }
        if bytes == BLANK {
            self.blank = true;
        } else {
            self.out.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The layout in blocks.
#[derive(Default)]
struct Block {
    levels: Vec<Level>,
    /// The string that is being written. Only its end shows how it is written.
    text: String,
    /// Whether that string is a key.
    is_key: bool,
    /// Whether the last key was too long to be followed by its colon.
    is_long_key: bool,
}

/// A map or a list that is being written.
struct Level {
    kind: Kind,
    /// Where its entries begin.
    indent: usize,
    /// Whether its first entry stands on the line on which it begins.
    begins_in_line: bool,
    is_empty: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    List,
}

impl Block {
    fn begin(&mut self, kind: Kind) {
        let (indent, begins_in_line) = match self.levels.last() {
            None => (0, true),
            Some(parent) => match (parent.kind, kind) {
                (Kind::List, Kind::Map | Kind::List) => (parent.indent + STEP, true),
                (Kind::Map, Kind::Map) => (parent.indent + STEP, false),
                // As kubectl writes lists.
                (Kind::Map, Kind::List) => (parent.indent, false),
            },
        };
        self.levels.push(Level {
            kind,
            indent,
            begins_in_line,
            is_empty: true,
        });
    }

    fn entry<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        let Some(level) = self.levels.last_mut() else {
            return Ok(());
        };
        let in_line = std::mem::take(&mut level.is_empty) && level.begins_in_line;
        if in_line {
            Ok(())
        } else {
            next_line(level.indent, writer)
        }
    }

    fn end<W: Write + ?Sized>(&mut self, empty: &[u8], writer: &mut W) -> io::Result<()> {
        match self.levels.pop() {
            Some(level) if level.is_empty => writer.write_all(empty),
            Some(_) | None => Ok(()),
        }
    }
}

fn next_line<W: Write + ?Sized>(indent: usize, writer: &mut W) -> io::Result<()> {
    writer.write_all(b"\n")?;
    // Not one by one, see [`BLANK`]; indents are even.
    (0..indent / STEP).try_for_each(|_| writer.write_all(b"  "))
}

impl Formatter for Block {
    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        // YAML 1.1 wants a point and a sign: `1e300` is a text to some of its readers.
        let text = serde_json::Number::from_f64(value)
            .map_or_else(|| "null".to_owned(), |number| number.to_string());
        let text = match text.split_once('e') {
            Some((digits, exponent)) => {
                let point = if digits.contains('.') { "" } else { ".0" };
                let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
                format!("{digits}{point}e{sign}{exponent}")
            }
            None => text,
        };
        writer.write_all(text.as_bytes())
    }

    fn begin_string<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.text.clear();
        Ok(())
    }

    fn write_string_fragment<W: Write + ?Sized>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.text.push_str(fragment);
        Ok(())
    }

    fn write_char_escape<W: Write + ?Sized>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        self.text.push(match escape {
            CharEscape::Quote => '"',
            CharEscape::ReverseSolidus => '\\',
            CharEscape::Solidus => '/',
            CharEscape::Backspace => '\u{8}',
            CharEscape::FormFeed => '\u{c}',
            CharEscape::LineFeed => '\n',
            CharEscape::CarriageReturn => '\r',
            CharEscape::Tab => '\t',
            CharEscape::AsciiControl(byte) => char::from(byte),
        });
        Ok(())
    }

    fn end_string<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        let quoted;
        let text = if is_plain(&self.text) {
            &self.text
        } else {
            quoted = in_quotes(&self.text);
            &quoted
        };
        self.is_long_key = self.is_key && text.len() > SHORT_KEY;
        if self.is_long_key {
            writer.write_all(b"? ")?;
        }
        writer.write_all(text.as_bytes())
    }

    fn begin_array<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.begin(Kind::List);
        Ok(())
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(b"[]", writer)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, _: bool) -> io::Result<()> {
        self.entry(writer)?;
        writer.write_all(b"-")?;
        writer.write_all(BLANK)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.begin(Kind::Map);
        Ok(())
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(b"{}", writer)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, _: bool) -> io::Result<()> {
        self.is_key = true;
        self.entry(writer)
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_key = false;
        Ok(())
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_long_key {
            next_line(self.levels.last().map_or(0, |level| level.indent), writer)?;
        }
        writer.write_all(b":")?;
        writer.write_all(BLANK)
    }
}

/// Whether every reader of YAML takes a text for itself where it stands without quotes: it begins as neither a number nor a
/// mark does, and has only characters that mean nothing in between.
fn is_plain(text: &str) -> bool {
    let is_harmless = |ch: char| ch.is_ascii_alphanumeric() || " -_./+=()[]@,:\"".contains(ch);
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.chars().all(is_harmless)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        && !text.char_indices().any(|(at, _)| is_runner_command(&text[at..]))
}

/// A text in double quotes, with everything escaped that acts on a terminal, commands a runner or is no character of YAML.
fn in_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for (at, ch) in text.char_indices() {
        match ch {
            '"' | '\\' => quoted.extend(['\\', ch]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{fffe}' | '\u{ffff}' => quoted.push_str(&escape(ch)),
            _ if is_unsafe(ch) || is_runner_command(&text[at..]) => quoted.push_str(&escape(ch)),
            _ => quoted.push(ch),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(ch: char) -> String {
    match u32::from(ch) {
        code @ 0..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::report::fixtures;
    use crate::yaml::{Limits, parse_document};

    fn written(document: &impl Serialize) -> String {
        let mut out = Vec::new();
        write(document, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// What readers of YAML 1.2 and of go-yaml's 1.1 make of a document.
    fn read(text: &str) -> [Value; 2] {
        let new = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let old = parse_document(text, &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"));
        [new, old]
    }

    #[test]
    fn blocks_are_laid_out_as_kubectl_does_it() {
        let document = json!({
            "name": "web", "empty": {}, "none": [], "count": 3,
            "items": [{"a": 1, "b": [true, null]}, [1, [2]], "x"],
            "deep": {"er": {"x": "y"}},
        });
        let expected = "count: 3\ndeep:\n  er:\n    x: \"y\"\nempty: {}\nitems:\n- a: 1\n  b:\n  - true\n  - null\n- - 1\n  \
                        - - 2\n- x\nname: web\nnone: []\n";
        assert_eq!(written(&document), expected);
        assert_eq!(read(expected), [document.clone(), document]);
    }

    #[test]
    fn texts_that_could_be_something_else_are_quoted() {
        for text in [
            "yes",
            "No",
            "ON",
            "off",
            "y",
            "N",
            "true",
            "null",
            "NULL",
            "~",
            "",
            " ",
            " x",
            "x ",
            "0644",
            "1e3",
            "1_000",
            "0x1f",
            "0o7",
            "12:30:45",
            "2026-11-20",
            "2026-11-20T03:14:00Z",
            ".inf",
            "-.INF",
            ".nan",
            "+1",
            "-",
            "- x",
            "? x",
            ": x",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "<<",
            "=",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a]",
            "'a'",
            "\"a\"",
            "---",
            "...",
            "a\nb\n",
            "\ta",
            "a\u{0}b",
            "a\u{85}b",
            "\u{feff}",
            "\u{202e}x",
            "\u{ffff}",
            "日本",
            "\u{e0041}",
            "##[error]x",
            "x ##vso[y]",
            "section_start:1:x",
            "::error::x",
        ] {
            let document = json!({"value": text, "list": [text], text: 1});
            let yaml = written(&document);
            assert_eq!(read(&yaml), [document.clone(), document], "{text:?}: {yaml}");
            assert!(yaml.contains("value: \""), "{text:?}: {yaml}");
        }
    }

    #[test]
    fn names_paths_and_images_are_not_quoted() {
        for text in [
            "half-upgraded",
            "/spec/containers[name=app]/image",
            "registry.example.com/shop/web:1.5.0",
            "/metadata/labels[\"app.kubernetes.io/version\"]",
            "the live value is not the one that Helm deployed",
            "note",
        ] {
            let document = json!({"value": text});
            assert_eq!(written(&document), format!("value: {text}\n"));
            assert_eq!(read(&written(&document)), [document.clone(), document]);
        }
    }

    #[test]
    fn numbers_are_numbers_to_every_reader() {
        for number in [
            json!(1e300),
            json!(1.5e-7),
            json!(0.1),
            json!(-3),
            json!(i64::MAX),
            json!(i64::MIN),
        ] {
            let yaml = written(&json!({"n": number}));
            let read = read(&yaml);
            assert_eq!(read, [json!({"n": number}), json!({"n": number})], "{yaml}");
        }
        assert_eq!(written(&json!([1e300])), "- 1.0e+300\n");
    }

    /// Readers give up on a key whose colon is too far away.
    #[test]
    fn a_long_key_is_marked_as_one() {
        for value in [
            json!("x"),
            json!({"a": {"b": 1}}),
            json!([1, {"a": 2}]),
            json!({}),
        ] {
            let document = json!({"a": {"k".repeat(2_000): value}, "b": 1});
            assert_eq!(read(&written(&document)), [document.clone(), document]);
        }
    }

    #[test]
    fn yaml_reads_back_as_the_same_report() {
        for (name, report) in fixtures::every() {
            let expected = serde_json::to_value(&report).unwrap();
            let yaml = written(&report);
            assert_eq!(read(&yaml), [expected.clone(), expected], "{name}: {yaml}");
            assert!(!yaml.contains(" \n"), "{name}: {yaml}");
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let text =
            "([a-zA-Z0-9/ :#'\"\\[\\]{},&*!|>%@`~?=.+-]|\\PC|\n|\t|\u{1b}|\u{202e}|yes|null|##\\[){0,12}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(text, inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn yaml_says_what_json_says(document in documents()) {
            let document = json!({"document": document});
            let yaml = written(&document);
            prop_assert_eq!(read(&yaml), [document.clone(), document], "{}", yaml);
        }
    }
}
