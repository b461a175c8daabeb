//! YAML as go-yaml prints it (`emitterc.go`), each scalar with its origin.

use std::rc::Rc;

use super::super::functions::taken_from;
use super::super::traced::{HOLE, Map, Origin, Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::number;
use super::order;
use super::resolve::Dialect;
use super::scalar::{Style, is_break, is_printable, is_simple_key, style};

/// Where version 2 begins to fold lines; version 3 never does.
const WIDTH: usize = 80;

/// Prints a value, with the line break at the end. `None` for what go-yaml refuses.
pub(super) fn print(value: &Traced, dialect: Dialect, work: &mut Work) -> Result<Option<Text>, Fault> {
    let mut emitter = Emitter {
        out: Text::default(),
        piece: String::new(),
        origin: None,
        dialect,
        column: 0,
        indent: None,
        after_space: true,
        in_indent: true,
        in_map: false,
        is_key: false,
        is_refused: false,
    };
    emitter.node(value, work)?;
    emitter.indent();
    Ok((!emitter.is_refused).then_some(emitter.out))
}

/// What is printed, and where in the line.
#[expect(clippy::struct_excessive_bools, reason = "they are go-yaml's")]
struct Emitter {
    out: Text,
    /// The part of the scalar's piece that is not yet in `out`.
    piece: String,
    /// The origin of the piece that is being printed.
    origin: Option<Origin>,
    dialect: Dialect,
    /// The characters before in the line.
    column: usize,
    /// The indentation; `None` at the root.
    indent: Option<usize>,
    /// Whether a space stands before.
    after_space: bool,
    /// Whether nothing but indentation stands before in the line.
    in_indent: bool,
    /// Whether the node is in a map.
    in_map: bool,
    /// Whether the node is the name of a field that stands before its colon.
    is_key: bool,
    /// Whether go-yaml refuses it.
    is_refused: bool,
}

impl Emitter {
    fn node(&mut self, value: &Traced, work: &mut Work) -> Result<(), Fault> {
        work.step()?;
        match &value.value {
            Value::Nil => self.word("null", &value.origin, work),
            Value::Bool(true) => self.word("true", &value.origin, work),
            Value::Bool(false) => self.word("false", &value.origin, work),
            Value::Int(number) => self.word(&number.to_string(), &value.origin, work),
            Value::Float(number) => {
                let printed = match self.dialect {
                    Dialect::Two => number::yaml_of_json(*number),
                    Dialect::Three => Some(match number::general(*number).as_str() {
                        "NaN" => ".nan".to_owned(),
                        "+Inf" => ".inf".to_owned(),
                        "-Inf" => "-.inf".to_owned(),
                        printed => printed.to_owned(),
                    }),
                };
                self.is_refused |= printed.is_none();
                self.word(&printed.unwrap_or_default(), &value.origin, work)
            }
            Value::Text(text) => self.text(text, work),
            Value::List(items) if items.is_empty() => self.word("[]", &value.origin, work),
            Value::Map(map) if map.entries().is_empty() => {
                self.word("{}", &value.origin.clone().hanging_on(&map.chosen_by()), work)
            }
            Value::List(items) => self.deeper(work, |emitter, work| emitter.list(value, items, work)),
            Value::Map(map) => self.deeper(work, |emitter, work| emitter.map(value, map, work)),
            Value::Unknown => self.word(&HOLE.to_string(), &value.origin, work),
            Value::Native(_) => Err(Fault::Unsupported("an object of Helm as YAML".to_owned())),
        }
    }

    fn deeper(
        &mut self,
        work: &mut Work,
        print: impl FnOnce(&mut Self, &mut Work) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        work.enter()?;
        let indent = self.indent;
        let result = print(self, work);
        self.indent = indent;
        work.leave();
        result
    }

    /// Indents what follows by one level.
    fn increase_indent(&mut self) {
        self.indent = Some(self.indent.map_or(0, |indent| indent + 2));
    }

    fn list(&mut self, list: &Traced, items: &[Traced], work: &mut Work) -> Result<(), Fault> {
        // Version 2 does not indent a list under the name of its field.
        if self.dialect == Dialect::Three || !self.in_map || self.in_indent {
            self.increase_indent();
        }
        for item in items {
            work.bytes(self.indent.unwrap_or_default())?;
            self.indent();
            self.indicator("-", true);
            self.in_map = false;
            self.is_key = false;
            self.node(&taken_from(list, item, work)?, work)?;
        }
        Ok(())
    }

    fn map(&mut self, value: &Traced, map: &Map, work: &mut Work) -> Result<(), Fault> {
        self.increase_indent();
        // Who sets the map as a whole sets the names, too.
        let name_origin = match &value.origin.key {
            Some(_) => Origin::derived(value.origin.all_keys()),
            None => Origin::literal(),
        };
        let mut entries: Vec<(Rc<str>, Traced)> = Vec::new();
        for (name, entry) in map.entries().iter() {
            // go-yaml's order is not always one, so it is no order to sort by.
            let position = entries.partition_point(|(other, _)| !order::is_before(name, other, self.dialect));
            work.steps(1 + (entries.len() - position) / 8)?;
            entries.insert(position, (Rc::clone(name), taken_from(value, entry, work)?));
        }
        for (name, entry) in entries {
            work.bytes(self.indent.unwrap_or_default())?;
            // What is longer is no key for the reader of the JSON that version 2 goes through.
            self.is_refused |= self.dialect == Dialect::Two && json_len(&name) > 1024;
            self.indent();
            let is_simple = is_simple_key(&name);
            if !is_simple {
                self.indicator("?", true);
            }
            self.in_map = true;
            self.is_key = is_simple;
            self.text(&Text::of(&*name, name_origin.clone()), work)?;
            if is_simple {
                self.literal(":");
                self.after_space = false;
                self.in_indent = false;
            } else {
                self.indent();
                self.indicator(":", true);
            }
            self.in_map = true;
            self.is_key = false;
            self.node(&entry, work)?;
        }
        Ok(())
    }

    /// Prints a word that needs no quotes.
    fn word(&mut self, word: &str, origin: &Origin, work: &mut Work) -> Result<(), Fault> {
        work.bytes(word.len())?;
        if !self.after_space {
            self.literal(" ");
        }
        self.column += word.chars().count();
        self.out.push(word, origin);
        self.after_space = false;
        self.in_indent = false;
        Ok(())
    }

    /// Prints a text as its characters ask for.
    fn text(&mut self, text: &Text, work: &mut Work) -> Result<(), Fault> {
        let characters = text.as_str();
        work.bytes(characters.len().saturating_mul(2))?;
        if self.dialect == Dialect::Two {
            if characters.contains('\u{85}') {
                return Err(Fault::Unsupported("a text with U+0085 as YAML".to_owned()));
            }
            // The reader of the JSON that version 2 goes through refuses them.
            self.is_refused |= characters
                .contains(|character| matches!(character, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'));
        }
        let style = style(characters, self.is_key, self.dialect);
        let indent = self.indent;
        self.indent = Some(indent.map_or(2, |indent| indent + 2));
        match style {
            Style::Plain => {
                if !characters.is_empty() && !self.after_space {
                    self.literal(" ");
                }
                self.flow(text, style, work)?;
            }
            Style::Single => {
                self.indicator("'", false);
                self.flow(text, style, work)?;
                self.literal("'");
            }
            Style::Double => {
                self.indicator("\"", false);
                self.flow(text, style, work)?;
                self.literal("\"");
            }
            Style::Literal => self.block(text, work)?,
        }
        if style != Style::Literal {
            self.after_space = false;
            self.in_indent = false;
        }
        self.indent = indent;
        Ok(())
    }

    /// Prints a text within a line, which is folded where it is long.
    fn flow(&mut self, text: &Text, style: Style, work: &mut Work) -> Result<(), Fault> {
        let all = text.as_str();
        let has_mark = all.starts_with('\u{feff}');
        let mut at = 0;
        let (mut after_space, mut after_break) = (false, false);
        for (part, origin) in text.pieces() {
            self.begin_piece(origin);
            for character in part.chars() {
                let is_inside = at > 0 && at + 1 < all.len();
                at += character.len_utf8();
                let next = all.get(at..).and_then(|rest| rest.chars().next());
                if style == Style::Double && (has_mark || must_escape(character)) {
                    self.escape(character);
                    after_space = false;
                } else if character == ' ' {
                    let folds = self.folds()
                        && !after_space
                        && match style {
                            Style::Plain => next != Some(' '),
                            Style::Single => is_inside && next != Some(' '),
                            Style::Double => is_inside,
                            Style::Literal => false,
                        };
                    if folds {
                        work.bytes(self.indent.unwrap_or_default())?;
                        self.fold(next == Some(' ') && style == Style::Double);
                    } else {
                        self.put(' ');
                    }
                    after_space = true;
                } else if is_break(character) {
                    if !after_break && character == '\n' {
                        self.line_break('\n');
                    }
                    self.line_break(character);
                    after_break = true;
                } else {
                    if after_break {
                        self.indent();
                    }
                    if character == '\'' && style == Style::Single {
                        self.put('\'');
                    }
                    self.put(character);
                    self.in_indent = false;
                    after_space = false;
                    after_break = false;
                }
            }
            self.end_piece();
        }
        Ok(())
    }

    /// Whether a line is as long as version 2 lets it be.
    fn folds(&self) -> bool {
        self.dialect == Dialect::Two && !self.is_key && self.column > WIDTH
    }

    /// Ends a line where a space stood. The line break belongs to the scalar, since it is read as that space.
    fn fold(&mut self, keeps_space: bool) {
        self.line_break('\n');
        let indent = self.indent.unwrap_or_default();
        self.literal(&" ".repeat(indent));
        self.after_space = true;
        if keeps_space {
            self.put('\\');
        }
    }

    /// Prints a text in lines of its own.
    fn block(&mut self, text: &Text, work: &mut Work) -> Result<(), Fault> {
        let all = text.as_str();
        self.indicator("|", false);
        if all.starts_with(|first| first == ' ' || is_break(first)) {
            self.literal("2");
        }
        let mut last = all.chars().rev();
        let ends_with_break = last.next().is_some_and(is_break);
        if !ends_with_break {
            self.literal("-");
        } else if last.next().is_none_or(is_break) {
            self.literal("+");
        }
        self.literal("\n");
        self.column = 0;
        self.in_indent = true;
        self.after_space = true;
        let mut after_break = true;
        for (part, origin) in text.pieces() {
            self.begin_piece(origin);
            for character in part.chars() {
                if is_break(character) {
                    self.line_break(character);
                    after_break = true;
                } else {
                    if after_break {
                        work.bytes(self.indent.unwrap_or_default())?;
                        self.indent();
                    }
                    self.put(character);
                    self.in_indent = false;
                    after_break = false;
                }
            }
            self.end_piece();
        }
        Ok(())
    }

    /// Goes to the indentation, in a new line unless nothing is lost by staying.
    fn indent(&mut self) {
        let indent = self.indent.unwrap_or_default();
        if !self.in_indent || self.column > indent || self.column == indent && !self.after_space {
            self.literal("\n");
            self.column = 0;
            self.in_indent = true;
        }
        if self.column < indent {
            self.literal(&" ".repeat(indent - self.column));
        }
        self.after_space = true;
        // Version 3 notes only at the break of a line that nothing stands in it.
        self.in_indent |= self.dialect == Dialect::Two;
    }

    /// Prints a mark, with a space before it where there is none. `-`, `?` and `:` may stand in the indentation.
    fn indicator(&mut self, mark: &str, in_indent: bool) {
        if !self.after_space {
            self.literal(" ");
        }
        self.literal(mark);
        self.after_space = false;
        self.in_indent &= in_indent;
    }

    /// Prints what no value holds.
    fn literal(&mut self, text: &str) {
        self.flush();
        self.column += text.len();
        self.out.push_literal(text);
    }

    fn begin_piece(&mut self, origin: &Origin) {
        self.origin = Some(origin.clone());
    }

    /// Ends the piece; one without characters is kept for its key.
    fn end_piece(&mut self) {
        if let Some(origin) = self.origin.take()
            && (!self.piece.is_empty() || origin.key.is_some())
        {
            self.out.push(&self.piece, &origin);
        }
        self.piece.clear();
    }

    /// Moves what is printed of the piece into the text.
    fn flush(&mut self) {
        if let Some(origin) = &self.origin
            && !self.piece.is_empty()
        {
            self.out.push(&self.piece, origin);
            self.piece.clear();
        }
    }

    fn put(&mut self, character: char) {
        self.piece.push(character);
        self.column += 1;
    }

    fn line_break(&mut self, character: char) {
        self.piece.push(character);
        self.column = 0;
        self.in_indent = true;
    }

    fn escape(&mut self, character: char) {
        let short = match character {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(character);
                let escaped = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                self.column += escaped.len();
                self.piece.push_str(&escaped);
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }
}

/// Whether a text in double quotes holds a character by its escape only.
const fn must_escape(character: char) -> bool {
    !is_printable(character) || is_break(character) || matches!(character, '"' | '\\')
}

/// The characters that `encoding/json` prints for a name, with its quotes.
fn json_len(name: &str) -> usize {
    let len = |character| match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => 6,
        _ => 1,
    };
    2 + name.chars().map(len).sum::<usize>()
}
