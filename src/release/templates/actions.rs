//! The actions of a template, and the words and texts in them (Go: `text/template/parse/lex.go`).
//!
//! This is no parser of templates: what tells of calls is read, and the rest is passed over.

/// How much of the line before an action is looked at: more than a key has.
const MAX_LINE: usize = 512;

/// An action, with what stands before it.
pub(super) struct Action<'t> {
    /// What is between its braces.
    pub(super) inner: &'t [u8],
    /// The text before it on the same line.
    pub(super) before: &'t [u8],
}

/// The actions of a text, without comments.
pub(super) struct Actions<'t> {
    text: &'t [u8],
    position: usize,
}

impl<'t> Actions<'t> {
    pub(super) const fn of(text: &'t [u8]) -> Self {
        Self { text, position: 0 }
    }
}

impl<'t> Iterator for Actions<'t> {
    type Item = Action<'t>;

    fn next(&mut self) -> Option<Action<'t>> {
        let rest = &self.text[self.position..];
        let start = self.position + find(rest, *b"{{")?;
        let behind = &self.text[start + 2..];
        let (inner, after) = split_off(behind);
        self.position = self.text.len() - after.len();
        let nearest = &self.text[start.saturating_sub(MAX_LINE)..start];
        let line = nearest.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        Some(Action { inner, before: line })
    }
}

/// Whether a text may have an action.
pub(super) fn has_actions(text: &[u8]) -> bool {
    find(text, *b"{{").is_some()
}

/// Splits off an action, behind its opening braces, from what comes after it.
fn split_off(text: &[u8]) -> (&[u8], &[u8]) {
    let trimmed = text.strip_prefix(b"-").unwrap_or(text).trim_ascii_start();
    if trimmed.starts_with(b"/*") {
        let end = find(trimmed, *b"*/").map_or(trimmed.len(), |end| end + 2);
        return (&[], &trimmed[end..]);
    }
    let mut position = 0;
    while position < text.len() {
        match text[position] {
            quote @ (b'"' | b'`' | b'\'') => position = quoted_end(text, position, quote),
            b'}' if text[position..].starts_with(b"}}") => {
                return (&text[..position], &text[position + 2..]);
            }
            _ => position += 1,
        }
    }
    (text, &[])
}

/// Where a quoted text ends, behind its closing quote.
fn quoted_end(text: &[u8], start: usize, quote: u8) -> usize {
    let mut position = start + 1;
    while position < text.len() {
        match text[position] {
            b'\\' if quote != b'`' => position += 2,
            byte if byte == quote => return position + 1,
            _ => position += 1,
        }
    }
    text.len()
}

/// A word, a quoted text or a mark of an action.
#[derive(Clone, Copy)]
pub(super) enum Token<'t> {
    /// A name, a keyword or a field with its dots.
    Word(&'t [u8]),
    /// A quoted text as it is written, without its quotes.
    Text(&'t [u8]),
    /// Anything else, such as a parenthesis.
    Mark(u8),
}

impl<'t> Token<'t> {
    /// The word that it is.
    pub(super) const fn word(self) -> Option<&'t [u8]> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text(_) | Self::Mark(_) => None,
        }
    }

    pub(super) const fn is_mark(self, mark: u8) -> bool {
        matches!(self, Self::Mark(own) if own == mark)
    }
}

/// The tokens of an action.
pub(super) struct Tokens<'t>(pub(super) &'t [u8]);

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$".contains(byte) || !byte.is_ascii();
        // The dash of a trimmed action is no token of its own.
        let text = self.0.trim_ascii_start();
        let text = text.strip_prefix(b"-").unwrap_or(text).trim_ascii_start();
        let first = text.first()?;
        let (token, rest) = match first {
            quote @ (b'"' | b'`' | b'\'') => {
                let end = quoted_end(text, 0, *quote);
                let inner = text.get(1..end - 1).unwrap_or_default();
                (Token::Text(inner), &text[end..])
            }
            byte if is_word(byte) => {
                let end = text.iter().position(|byte| !is_word(byte)).unwrap_or(text.len());
                (Token::Word(&text[..end]), &text[end..])
            }
            mark => (Token::Mark(*mark), &text[1..]),
        };
        self.0 = rest;
        Some(token)
    }
}

fn find(text: &[u8], needle: [u8; 2]) -> Option<usize> {
    text.windows(2).position(|pair| *pair == needle)
}
