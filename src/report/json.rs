//! The report as JSON: `driftline.report/v1`, the contract described by `schema.json` beside this file.
//!
//! Written by the same derives that read it back, pretty, keys in the order of the model, one trailing newline.
//! Besides the escapes that JSON demands, characters that act on a terminal or are invisible there, and commands that a CI
//! runner would obey in its log, are written as `\u` escapes. A parser reads exactly the same text; a log stays harmless.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use super::sanitize::escape_json;
use crate::model::Report;

/// The JSON Schema of the contract.
pub const JSON_SCHEMA: &str = include_str!("schema.json");

/// Writes a report as JSON.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write(report, out)
}

/// A report as JSON, in the bytes of the format; `None` where it cannot be written.
pub(crate) fn to_text(report: &Report) -> Option<String> {
    let mut text = Vec::new();
    render(report, &mut text).ok()?;
    String::from_utf8(text).ok()
}

/// Writes any document as JSON that a log can hold: what every format built on JSON is written with.
pub(super) fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, LogSafeFormatter::default());
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// The pretty layout with more escapes.
#[derive(Default)]
struct LogSafeFormatter(PrettyFormatter<'static>);

impl Formatter for LogSafeFormatter {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        writer.write_all(escape_json(fragment).as_bytes())
    }

    fn write_char_escape<W: Write + ?Sized>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
