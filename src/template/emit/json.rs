//! JSON as Go's `encoding/json` prints it, each scalar with its origin.

use std::fmt::Write as _;

use super::super::functions::taken_from;
use super::super::traced::{HOLE, Origin, Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::JsonStyle;
use super::number;

/// Prints a value. `None` for what JSON cannot express.
pub(super) fn print(value: &Traced, style: JsonStyle, work: &mut Work) -> Result<Option<Text>, Fault> {
    let mut printer = Printer {
        out: Text::default(),
        style,
        level: 0,
        is_refused: false,
    };
    printer.value(value, work)?;
    Ok((!printer.is_refused).then_some(printer.out))
}

struct Printer {
    out: Text,
    style: JsonStyle,
    level: usize,
    is_refused: bool,
}

impl Printer {
    fn value(&mut self, value: &Traced, work: &mut Work) -> Result<(), Fault> {
        work.bytes(8)?;
        match &value.value {
            Value::Nil => self.out.push("null", &value.origin),
            Value::Bool(true) => self.out.push("true", &value.origin),
            Value::Bool(false) => self.out.push("false", &value.origin),
            Value::Int(number) => self.out.push(&number.to_string(), &value.origin),
            Value::Float(number) => {
                let printed = number::json(*number);
                self.is_refused |= printed.is_none();
                self.out.push(&printed.unwrap_or_default(), &value.origin);
            }
            Value::Text(text) => self.text(text, work)?,
            Value::List(items) if items.is_empty() => self.out.push("[]", &value.origin),
            Value::Map(map) if map.entries().is_empty() => {
                let origin = value.origin.clone().hanging_on(&map.chosen_by());
                self.out.push("{}", &origin);
            }
            Value::List(items) => {
                work.enter()?;
                self.open("[");
                let result = items.iter().enumerate().try_for_each(|(position, item)| {
                    self.next(position, work)?;
                    self.value(&taken_from(value, item, work)?, work)
                });
                self.close("]");
                work.leave();
                result?;
            }
            Value::Map(map) => {
                work.enter()?;
                self.open("{");
                // Who sets the map as a whole sets the names, too.
                let name_origin = match &value.origin.key {
                    Some(_) => Origin::derived(value.origin.all_keys()),
                    None => Origin::literal(),
                };
                let colon = if self.style == JsonStyle::Pretty {
                    ": "
                } else {
                    ":"
                };
                let result = map
                    .entries()
                    .iter()
                    .enumerate()
                    .try_for_each(|(position, (name, entry))| {
                        self.next(position, work)?;
                        self.text(&Text::of(&**name, name_origin.clone()), work)?;
                        self.out.push_literal(colon);
                        self.value(&taken_from(value, entry, work)?, work)
                    });
                self.close("}");
                work.leave();
                result?;
            }
            Value::Unknown => self.out.push(&HOLE.to_string(), &value.origin),
            Value::Native(_) => return Err(Fault::Unsupported("an object of Helm as JSON".to_owned())),
        }
        Ok(())
    }

    fn open(&mut self, bracket: &str) {
        self.out.push_literal(bracket);
        self.level += 1;
    }

    fn next(&mut self, position: usize, work: &mut Work) -> Result<(), Fault> {
        if position > 0 {
            self.out.push_literal(",");
        }
        work.bytes(2 + 2 * self.level)?;
        self.line();
        Ok(())
    }

    fn close(&mut self, bracket: &str) {
        self.level -= 1;
        self.line();
        self.out.push_literal(bracket);
    }

    fn line(&mut self) {
        if self.style == JsonStyle::Pretty {
            self.out.push_literal(&format!("\n{}", "  ".repeat(self.level)));
        }
    }

    fn text(&mut self, text: &Text, work: &mut Work) -> Result<(), Fault> {
        work.bytes(text.cost())?;
        self.out.push_literal("\"");
        for (part, origin) in text.pieces() {
            let mut escaped = String::with_capacity(part.len());
            for character in part.chars() {
                self.escape(character, &mut escaped);
            }
            self.out.push(&escaped, origin);
        }
        self.out.push_literal("\"");
        Ok(())
    }

    /// Adds a character as `encoding/json` writes it (`appendString`).
    fn escape(&self, character: char, escaped: &mut String) {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '<' | '>' | '&' if self.style == JsonStyle::Raw => escaped.push(character),
            '<' | '>' | '&' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                // Writing into a text cannot fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
}
