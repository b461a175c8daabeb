//! YAML and JSON read back, where each scalar gets the key that its characters show.
//!
//! The text is read twice: as it is, and with a character of its own in place of each piece that comes from values. Where
//! the second reading has such characters, the first has what the pieces hold.

use std::rc::Rc;

use serde_json::Value as Json;

use super::super::key::Keys;
use super::super::traced::{Kind, Origin, Text, Traced, Value};
use super::super::work::{Fault, Work};
use crate::weight;
use crate::yaml::{Limits, parse_document};

/// The largest text that is read.
const MAX_TEXT: usize = 4 << 20;

/// The first of the characters that stand for pieces: private ones, which YAML takes for letters.
const FIRST_MARK: u32 = 0xf_0000;
/// How many there are.
const MARKS: usize = 0xfffe;

/// The languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// As sigs.k8s.io/yaml reads it.
    Yaml,
    /// As `encoding/json` reads it.
    Json,
}

/// Reads a text; `None` where it is not of the language.
pub(super) fn read(text: &Text, language: Language, work: &mut Work) -> Result<Option<Traced>, Fault> {
    if text.as_str().len() > MAX_TEXT {
        return Err(Fault::TooMuch("4 MiB of text to read"));
    }
    // Values take more memory than their text.
    work.bytes(text.as_str().len().saturating_mul(8).saturating_add(text.cost()))?;
    let Some(json) = parse(text.as_str(), language, work) else {
        return Ok(None);
    };
    let marked = Marked::of(text);
    // JSON is YAML, too, and takes a mark for a scalar where it is one.
    let shape = marked
        .as_ref()
        .and_then(|marked| parse(&marked.text, Language::Yaml, work));
    let whole = Origin::derived(text.keys());
    let (Some(shape), Some(marked)) = (shape, marked) else {
        return of_one_origin(&json, &whole, work).map(Some);
    };
    let reader = Reader {
        origins: marked.pieces,
        rest: Origin::derived(marked.other_keys),
        whole,
    };
    reader.with_marks(&json, &shape, work).map(Some)
}

fn parse(text: &str, language: Language, work: &mut Work) -> Option<Rc<Json>> {
    let cache = match language {
        Language::Yaml => &mut work.cache.yaml,
        Language::Json => &mut work.cache.json,
    };
    cache.get(text).unwrap_or_else(|| {
        let read = match language {
            Language::Yaml => parse_document(text, &Limits::default()).ok(),
            Language::Json => serde_json::from_str(text).ok(),
        };
        let weight = read.as_ref().map_or(0, weight::of_value);
        let read = read.map(Rc::new);
        cache.insert(text, weight, &read);
        read
    })
}

/// A text with marks in place of its pieces.
struct Marked {
    text: String,
    /// What each mark stands for, and the origin of it.
    pieces: Vec<(String, Origin)>,
    /// The keys of the pieces that have none.
    other_keys: Keys,
}

impl Marked {
    /// `None` where marks say nothing.
    fn of(text: &Text) -> Option<Self> {
        if text.as_str().contains(is_mark) {
            return None;
        }
        let mut marked = Self {
            text: String::with_capacity(text.as_str().len()),
            pieces: Vec::new(),
            other_keys: Keys::None,
        };
        for (part, origin) in text.pieces() {
            if !can_be_marked(part, origin) {
                marked.text.push_str(part);
                marked.other_keys = marked.other_keys.and(&origin.all_keys());
                continue;
            }
            let index = marked.pieces.len();
            if index >= MARKS {
                return None;
            }
            let mark = u32::try_from(index)
                .ok()
                .and_then(|index| char::from_u32(FIRST_MARK + index))?;
            marked.text.push(mark);
            // The line breaks at the end of a piece of a block are those of the block.
            let shown = part.trim_end_matches('\n');
            marked.text.push_str(part.get(shown.len()..).unwrap_or_default());
            marked.pieces.push((shown.to_owned(), origin.clone()));
        }
        (!marked.pieces.is_empty()).then_some(marked)
    }
}

const fn is_mark(character: char) -> bool {
    matches!(character, '\u{f0000}'..='\u{ffffd}')
}

/// Whether a piece is a part of a scalar, and not of the structure around it.
fn can_be_marked(part: &str, origin: &Origin) -> bool {
    let shown = part.trim_end_matches('\n');
    if shown.contains('\n') || shown.is_empty() && !part.is_empty() {
        return false;
    }
    match origin.kind {
        Kind::Value | Kind::Default => origin.key.is_some(),
        Kind::Derived => {
            !shown.is_empty()
                && shown.chars().all(|character| {
                    character.is_alphanumeric() || matches!(character, '.' | '_' | '/' | '-')
                })
                && !shown.starts_with('-')
        }
        Kind::Literal | Kind::Alternative | Kind::Hole => false,
    }
}

struct Reader {
    /// What each mark stands for.
    origins: Vec<(String, Origin)>,
    /// The origin of what no mark tells about: literal, unless pieces without a mark come from values.
    rest: Origin,
    /// The origin of maps and lists, which hang on all of the text.
    whole: Origin,
}

impl Reader {
    /// A value whose counterpart has marks.
    fn with_marks(&self, json: &Json, shape: &Json, work: &mut Work) -> Result<Traced, Fault> {
        work.list(1)?;
        match (json, shape) {
            (Json::Object(fields), Json::Object(shapes)) => {
                work.enter()?;
                let mut by_name = std::collections::BTreeMap::new();
                for (name, shape) in shapes {
                    by_name.insert(self.unmarked(name), shape);
                }
                let entries: Result<Vec<(Rc<str>, Traced)>, Fault> = fields
                    .iter()
                    .map(|(name, field)| {
                        let value = match by_name.get(name) {
                            Some(shape) => self.with_marks(field, shape, work)?,
                            None => of_one_origin(field, &self.rest, work)?,
                        };
                        Ok((Rc::from(name.as_str()), value))
                    })
                    .collect();
                work.leave();
                Ok(Traced {
                    value: Value::Map(entries?.into_iter().collect()),
                    origin: self.whole.clone(),
                })
            }
            (Json::Array(items), Json::Array(shapes)) if items.len() == shapes.len() => {
                work.enter()?;
                let items: Result<Vec<Traced>, Fault> = items
                    .iter()
                    .zip(shapes)
                    .map(|(item, shape)| self.with_marks(item, shape, work))
                    .collect();
                work.leave();
                Ok(Traced {
                    value: Value::List(Rc::new(items?)),
                    origin: self.whole.clone(),
                })
            }
            (_, Json::String(shape)) if shape.contains(is_mark) => self.scalar(json, shape, work),
            _ => of_one_origin(json, &self.rest, work),
        }
    }

    /// The piece that a character stands for.
    fn piece(&self, character: char) -> Option<&(String, Origin)> {
        let index = u32::from(character).checked_sub(FIRST_MARK)?;
        self.origins.get(usize::try_from(index).ok()?)
    }

    /// A name without its marks.
    fn unmarked(&self, name: &str) -> String {
        let mut text = String::with_capacity(name.len());
        for character in name.chars() {
            match self.piece(character) {
                Some((piece, _)) => text.push_str(piece),
                None => text.push(character),
            }
        }
        text
    }

    /// A scalar that holds marks.
    fn scalar(&self, json: &Json, shape: &str, work: &mut Work) -> Result<Traced, Fault> {
        let origins: Vec<&Origin> = shape
            .chars()
            .filter_map(|mark| self.piece(mark).map(|(_, origin)| origin))
            .collect();
        let keys = origins
            .iter()
            .fold(Keys::None, |keys, origin| keys.and(&origin.all_keys()));
        let is_whole = shape
            .chars()
            .all(|character| is_mark(character) || character.is_whitespace());
        let is_one = origins.windows(2).all(|pair| pair.first() == pair.last());
        match origins.first() {
            // A block of several lines has a piece for each.
            Some(origin) if is_whole && is_one && origin.key.is_some() => of_one_origin(json, origin, work),
            _ => {
                if let Json::String(text) = json
                    && let Some(text) = self.assembled(shape, text)
                {
                    return Ok(Traced::text(text));
                }
                of_one_origin(json, &Origin::derived(keys), work)
            }
        }
    }

    /// A text of its pieces, where they make up what was read.
    fn assembled(&self, shape: &str, read: &str) -> Option<Text> {
        let mut text = Text::default();
        for part in shape.split_inclusive(is_mark) {
            let literal = part.trim_end_matches(is_mark);
            if !literal.is_empty() {
                text.push(literal, &self.rest);
            }
            for mark in part.chars().rev().take_while(|character| is_mark(*character)) {
                let (piece, origin) = self.piece(mark)?;
                text.push(piece, origin);
            }
        }
        (text.as_str() == read).then_some(text)
    }
}

/// A value all of which has one origin.
fn of_one_origin(json: &Json, origin: &Origin, work: &mut Work) -> Result<Traced, Fault> {
    work.list(1)?;
    let value = match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        Json::String(text) => {
            work.text(text.len())?;
            return Ok(Traced::text(Text::of(text.as_str(), origin.clone())));
        }
        Json::Array(_) | Json::Object(_) if origin.key.is_some() && !is_empty(json) => {
            // What a key holds is not that key.
            let origin = Origin::derived(origin.all_keys());
            return of_one_origin(json, &origin, work);
        }
        Json::Array(items) => {
            work.enter()?;
            let items: Result<Vec<Traced>, Fault> = items
                .iter()
                .map(|item| of_one_origin(item, origin, work))
                .collect();
            work.leave();
            Value::List(Rc::new(items?))
        }
        Json::Object(fields) => {
            work.enter()?;
            let fields: Result<Vec<(Rc<str>, Traced)>, Fault> = fields
                .iter()
                .map(|(name, value)| Ok((Rc::from(name.as_str()), of_one_origin(value, origin, work)?)))
                .collect();
            work.leave();
            Value::Map(fields?.into_iter().collect())
        }
    };
    Ok(Traced {
        value,
        origin: origin.clone(),
    })
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}
