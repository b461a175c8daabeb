//! Secrets in elements of XML: `<password>…</password>`, and `<property name="password" value="…"/>`.

use super::{NAMING, Open, Pair, Reader, is_nothing, offset_in};
use crate::policy::redact::names::Sensitivity;
use crate::policy::redact::shapes;
use crate::policy::redact::words::VALUES;

/// Marks of a section of text in which tags are none.
const BEGIN: &str = "<![CDATA[";
const END: &str = "]]>";

impl Reader<'_, '_> {
    /// The text of an element with a sensitive name, and the value beside such a name; gives the place behind the tag.
    pub(super) fn element(&mut self, at: usize, end: usize) -> Option<usize> {
        let rest = &self.text[at + 1..end];
        let ends = |character: char| !(character.is_alphanumeric() || "_.:-".contains(character));
        let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if !name.starts_with(char::is_alphabetic) {
            return None;
        }
        // Looked for up to the next tag only, so that every byte is looked at once.
        let close = rest
            .find(['>', '<'])
            .filter(|close| rest[*close..].starts_with('>'))?;
        let tag = &rest[..close];
        let attribute = |wanted: &[&str]| {
            let mut from = 0;
            while let Some(equals) = tag[from..].find('=').map(|equals| from + equals) {
                let name = tag[..equals]
                    .trim_end()
                    .rsplit(char::is_whitespace)
                    .next()
                    .unwrap_or_default();
                let value = tag[equals + 1..].trim_start();
                let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
                let inner = &value[usize::from(quote.is_some())..];
                let length =
                    inner.find(|character| quote.map_or(character == ' ', |quote| character == quote));
                let inner = &inner[..length.unwrap_or(inner.len())];
                if wanted.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)) {
                    return Some(inner);
                }
                from = offset_in(tag, inner) + inner.len();
            }
            None
        };
        let is_named =
            attribute(&NAMING).is_some_and(|named| self.sensitivity_of(named) > Sensitivity::Plain);
        let is_paired = !tag.ends_with('/') && self.pairs_up(name, at + 1 + close + 1, end);
        let is_sensitive = is_named || is_paired || self.sensitivity_of(name) > Sensitivity::Plain;
        if !is_sensitive {
            return None;
        }
        if let Some(value) =
            attribute(&VALUES).filter(|value| !value.is_empty() && !shapes::is_placeholder(value))
        {
            let from = offset_in(self.text, value);
            self.hide(from..from + value.len());
        }
        let from = at + 1 + close + 1;
        if tag.ends_with('/') {
            return Some(from);
        }
        Some(self.element_text(from, end))
    }

    /// Takes note of an element that names the one beside it (`<name>password</name><value>x</value>`); says whether this
    /// element holds the value of a sensitive name.
    fn pairs_up(&mut self, name: &str, from: usize, end: usize) -> bool {
        let rest = &self.text[from..end];
        let text = &rest[..rest.find('<').unwrap_or(rest.len())];
        let is_one_of = |list: &[&str]| list.iter().any(|own| name.eq_ignore_ascii_case(own));
        if is_one_of(&VALUES) {
            if !self.pair.is_sensitive {
                self.pair.value = Some(from..from + text.len());
            }
            return self.pair.is_sensitive;
        }
        if is_one_of(&NAMING) {
            self.pair.is_sensitive = self.sensitivity_of(text.trim()) > Sensitivity::Plain;
            let value = self.pair.value.take().filter(|_| self.pair.is_sensitive);
            self.found.extend(value);
        } else if text.trim().is_empty() {
            // An element that holds others begins a pair of its own.
            self.pair = Pair::default();
        }
        false
    }

    /// Hides the text of an element up to the next tag; gives the place of that.
    pub(super) fn element_text(&mut self, from: usize, end: usize) -> usize {
        let rest = &self.text[from..end];
        let length = rest.find('<');
        let text = &rest[..length.unwrap_or(rest.len())];
        if !is_nothing(text.trim()) && !shapes::is_placeholder(text) {
            self.hide(from..from + text.len());
        }
        let Some(length) = length else {
            self.open = Open::Element;
            return end;
        };
        self.open = Open::Nothing;
        if rest[length..].starts_with(BEGIN) {
            self.character_data(from + length + BEGIN.len(), end)
        } else {
            from + length
        }
    }

    /// Hides a section of text in which tags are none; gives the place behind it.
    pub(super) fn character_data(&mut self, from: usize, end: usize) -> usize {
        let length = self.text[from..end].find(END);
        self.hide(from..length.map_or(end, |length| from + length));
        self.open = if length.is_none() {
            Open::CharacterData
        } else {
            Open::Nothing
        };
        length.map_or(end, |length| from + length + END.len())
    }
}
