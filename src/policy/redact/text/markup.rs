//! Secrets in elements of XML: `<password>…</password>`, and `<property name="password" value="…"/>`.

use super::{NAMING, Open, Reader, is_nothing, offset_in};
use crate::policy::redact::names::Sensitivity;
use crate::policy::redact::shapes;
use crate::policy::redact::words::VALUES;

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
        let is_sensitive = is_named || self.sensitivity_of(name) > Sensitivity::Plain;
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
        let text = &self.text[from..end];
        let length = text.find('<');
        if length.is_none() {
            self.open = Open::Element;
        }
        let text = &text[..length.unwrap_or(text.len())];
        if !is_nothing(text.trim()) && !shapes::is_placeholder(text) {
            self.hide(from..from + text.len());
        }
        Some(from + text.len())
    }
}
