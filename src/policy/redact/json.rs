//! Secrets in a text that is JSON: where in the text the hidden values are.
//!
//! The text is read here and not by a JSON library, because the values have to be found in it: whatever is not hidden
//! stays to the byte, so that two texts are equal after redaction only if they were before.

use std::ops::Range;

/// The deepest nesting that is followed. A deeper text is taken for one that is not JSON.
const DEPTH: usize = 64;

/// A JSON value and its place in the text.
#[derive(Debug)]
pub(super) enum Node<'t> {
    /// A text with its escapes, without its quotes.
    Text(&'t str),
    /// A number or a boolean.
    Scalar(&'t str),
    /// Nothing.
    Null,
    /// The keys, without their quotes, and their values.
    Object(Vec<(&'t str, Node<'t>)>),
    /// The elements.
    Array(Vec<Node<'t>>),
}

/// Reads a text that is one JSON object or array.
pub(super) fn parse(text: &str) -> Option<Node<'_>> {
    let mut reader = Reader { text, at: 0 };
    reader.blanks();
    if !matches!(reader.peek()?, b'{' | b'[') {
        return None;
    }
    let node = reader.node(DEPTH)?;
    reader.blanks();
    (reader.at == text.len()).then_some(node)
}

/// Where a part of a text is in it.
pub(super) fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

/// A text without its escapes.
pub(super) fn unescaped(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned())
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn node(&mut self, depth: usize) -> Option<Node<'t>> {
        let depth = depth.checked_sub(1)?;
        self.blanks();
        match self.peek()? {
            b'{' => {
                let mut fields = Vec::new();
                self.elements(b'{', b'}', |reader| {
                    reader.blanks();
                    let key = reader.text()?;
                    reader.take(b':')?;
                    fields.push((key, reader.node(depth)?));
                    Some(())
                })?;
                Some(Node::Object(fields))
            }
            b'[' => {
                let mut items = Vec::new();
                self.elements(b'[', b']', |reader| {
                    items.push(reader.node(depth)?);
                    Some(())
                })?;
                Some(Node::Array(items))
            }
            b'"' => Some(Node::Text(self.text()?)),
            _ => {
                let rest = &self.text[self.at..];
                let is_part =
                    |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
                let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
                let word = &rest[..end];
                self.at += end;
                match word {
                    "" => None,
                    "null" => Some(Node::Null),
                    _ => Some(Node::Scalar(word)),
                }
            }
        }
    }

    /// Reads what is between two brackets, with commas between the elements.
    fn elements(
        &mut self,
        open: u8,
        close: u8,
        mut element: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.take(open)?;
        self.blanks();
        if self.peek()? == close {
            self.at += 1;
            return Some(());
        }
        loop {
            element(self)?;
            self.blanks();
            match self.peek()? {
                b',' => self.at += 1,
                byte if byte == close => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// Reads a text in quotes.
    fn text(&mut self) -> Option<&'t str> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let text = self.text.get(start..self.at)?;
        self.at += 1;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_where_they_are() {
        let text = r#" {"a": "x\"y", "b": [1, true, null, {"c": ""}], "é": {}} "#;
        let Some(Node::Object(fields)) = parse(text) else {
            panic!("not read")
        };
        let Node::Text(value) = fields[0].1 else {
            panic!("no text")
        };
        assert_eq!(&text[range_in(text, value)], r#"x\"y"#);
        assert_eq!(unescaped(value), "x\"y");
        assert_eq!(fields.len(), 3);
    }

    #[test]
    fn what_is_not_json_is_not_read() {
        for text in [
            "", "x", "\"x\"", "{", "{a: b}", "{\"a\":}", "[1,]", "{} x", "[\"\\",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_none());
    }
}
