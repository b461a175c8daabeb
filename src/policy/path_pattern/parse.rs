//! Reading a path pattern.

use serde_json::Value;

use super::foreign::{self, Foreign};
use super::{Step, wildcards};
use crate::policy::glob::Glob;

/// How long a pattern may be, in bytes.
const LIMIT: usize = 1024;

/// How many keys and values of a pattern may have wildcards: more than a place has steps that anybody would leave open.
const WILDCARDS: usize = 16;

/// Why a text is not a path pattern. Positions count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathPatternError {
    /// The text is empty.
    #[error("a path pattern cannot be empty; `/` stands for the whole object")]
    Empty,
    /// More text than any place needs.
    #[error("a path pattern cannot be longer than {limit} bytes, and this one has {length}")]
    TooLong {
        /// How long a pattern may be.
        limit: usize,
        /// How long it is.
        length: usize,
    },
    /// More wildcards than any place needs.
    #[error(
        "a path pattern cannot have more than {limit} keys and values with wildcards; `**` skips any number of keys"
    )]
    TooManyWildcards {
        /// How many keys and values of a pattern may have wildcards.
        limit: usize,
    },
    /// The syntax of another tool.
    #[error("`{pattern}` is written as {syntax} and would match nothing; write `{right}`")]
    Foreign {
        /// The whole pattern.
        pattern: String,
        /// The syntax.
        syntax: &'static str,
        /// The same place in the syntax of patterns.
        right: String,
    },
    /// Two slashes in a row, or one at the end.
    #[error("`{pattern}` has no key after the `/` at character {at}")]
    NoKey {
        /// The whole pattern.
        pattern: String,
        /// Where the slash is.
        at: usize,
    },
    /// A character in a plain key that only brackets or quotes may hold.
    #[error(
        "`{pattern}` has a {character:?} at character {at}; a key that holds it is written in brackets and \
         quotes: [\"...\"]"
    )]
    Misplaced {
        /// The whole pattern.
        pattern: String,
        /// The character.
        character: char,
        /// Where it is.
        at: usize,
    },
    /// Something between `]` and the next step.
    #[error("`{pattern}` needs a `/`, a `[` or its end at character {at}, after the brackets")]
    NotSeparated {
        /// The whole pattern.
        pattern: String,
        /// Where the step should end.
        at: usize,
    },
    /// No closing bracket.
    #[error("`{pattern}` lacks the `]` for the `[` at character {at}")]
    Unclosed {
        /// The whole pattern.
        pattern: String,
        /// Where the opening bracket is.
        at: usize,
    },
    /// Quotes that hold no JSON string.
    #[error("`{pattern}` has quotes at character {at} that do not hold a JSON string")]
    Quotes {
        /// The whole pattern.
        pattern: String,
        /// Where the quotes begin.
        at: usize,
    },
    /// Brackets that hold none of what brackets may hold.
    #[error(
        "`{pattern}` has brackets at character {at} that hold none of \"key\", name=value, =member, a position \
         and *"
    )]
    Brackets {
        /// The whole pattern.
        pattern: String,
        /// Where the brackets begin.
        at: usize,
    },
    /// A key or value with wildcards that make no sense.
    #[error(
        "`{pattern}` has a key or value at character {at} that is no glob: {problem}; a \\ before a character \
         lets it stand for itself"
    )]
    Glob {
        /// The whole pattern.
        pattern: String,
        /// Where the key or value begins.
        at: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// The steps of a pattern, with a [`Step::Any`] at its end, and at its beginning unless it begins with a slash.
pub(super) fn steps(text: &str) -> Result<Vec<Step>, PathPatternError> {
    if text.is_empty() {
        return Err(PathPatternError::Empty);
    }
    if text.len() > LIMIT {
        return Err(PathPatternError::TooLong {
            limit: LIMIT,
            length: text.len(),
        });
    }
    if let Some(Foreign { syntax, right }) = foreign::recognise(text) {
        return Err(PathPatternError::Foreign {
            pattern: text.to_owned(),
            syntax,
            right,
        });
    }
    let mut steps = Vec::new();
    if !text.starts_with('/') {
        steps.push(Step::Any);
    }
    if text != "/" {
        let mut parser = Parser { text, at: 0 };
        let mut open = 0;
        while let Some(step) = parser.step()? {
            // Counted as they come, so that the rest of a hostile pattern is not even read.
            open += wildcards(std::slice::from_ref(&step));
            if open > WILDCARDS {
                return Err(PathPatternError::TooManyWildcards { limit: WILDCARDS });
            }
            steps.push(step);
        }
    }
    steps.push(Step::Any);
    Ok(steps)
}

/// Reads one step after the other.
struct Parser<'t> {
    text: &'t str,
    /// The byte that comes next.
    at: usize,
}

impl<'t> Parser<'t> {
    /// The text from here on.
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over a text, if it comes next.
    fn skip(&mut self, text: &str) -> bool {
        let comes = self.rest().starts_with(text);
        if comes {
            self.at += text.len();
        }
        comes
    }

    /// Reads a step; `None` at the end.
    fn step(&mut self) -> Result<Option<Step>, PathPatternError> {
        let start = self.at;
        let rest = self.rest();
        if rest.is_empty() {
            return Ok(None);
        }
        // A slash before brackets says no more than the brackets, and is easily written.
        let slash = self.skip("/");
        if self.rest().starts_with('[') {
            return self.brackets().map(Some);
        }
        if !slash && start > 0 {
            return Err(PathPatternError::NotSeparated {
                pattern: self.text.to_owned(),
                at: self.character(start),
            });
        }
        let key = self.rest();
        let key = &key[..glob_end(key, UnquotedGlob::Key).unwrap_or(key.len())];
        if key.is_empty() {
            return Err(PathPatternError::NoKey {
                pattern: self.text.to_owned(),
                at: self.character(start),
            });
        }
        if let Some((offset, character)) = misplaced(key) {
            return Err(PathPatternError::Misplaced {
                pattern: self.text.to_owned(),
                character,
                at: self.character(self.at + offset),
            });
        }
        let from = self.at;
        self.at += key.len();
        Ok(Some(match key {
            "**" => Step::Any,
            key => Step::Key(self.glob(from, Glob::read(key))?),
        }))
    }

    /// Reads a step in brackets.
    fn brackets(&mut self) -> Result<Step, PathPatternError> {
        let open = self.at;
        self.at += 1;
        let wrong = |parser: &Self| PathPatternError::Brackets {
            pattern: parser.text.to_owned(),
            at: parser.character(open),
        };
        let step = if self.rest().starts_with('"') {
            Step::Key(self.quoted()?)
        } else if self.skip("*") {
            Step::Element
        } else if self.skip("=") {
            Step::Member(self.value(open)?)
        } else if self.rest().starts_with(|first: char| first.is_ascii_digit()) {
            let end = self.find(&[']'], open)?;
            let digits = &self.text[self.at..end];
            self.at = end;
            Step::Index(digits.parse().map_err(|_| wrong(self))?)
        } else {
            let mut keys = Vec::new();
            loop {
                let end = self.find(&['=', ',', ']'], open)?;
                let name = self.text[self.at..end].to_owned();
                self.at = end;
                if name.is_empty() || !self.skip("=") {
                    return Err(wrong(self));
                }
                keys.push((name, self.value(open)?));
                if !self.skip(",") {
                    break Step::Match(keys);
                }
            }
        };
        if self.skip("]") {
            return Ok(step);
        }
        self.find(&[']'], open)?;
        Err(wrong(self))
    }

    /// A value as a path writes it: bare, in quotes, or as the JSON of a list or an object.
    fn value(&mut self, open: usize) -> Result<Glob, PathPatternError> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        if self.rest().starts_with(['{', '[']) {
            let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<Value>();
            let value = values.next().and_then(Result::ok);
            let end = self.at + values.byte_offset();
            let ends = self
                .text
                .get(end..)
                .is_some_and(|rest| rest.starts_with([',', ']']));
            if let (Some(value), true) = (value, ends) {
                let value = Glob::with_stars(&value.to_string());
                return self.glob(self.at, value).inspect(|_| self.at = end);
            }
        }
        let from = self.at;
        // Braces or brackets of a class that never end are the mistake that the error names.
        let end = match glob_end(self.rest(), UnquotedGlob::Value) {
            Some(end) => from + end,
            None => self.find(&[',', ']'], open)?,
        };
        let value = &self.text[from..end];
        self.at = end;
        if value.is_empty() {
            return Err(PathPatternError::Brackets {
                pattern: self.text.to_owned(),
                at: self.character(open),
            });
        }
        self.glob(from, Glob::read(value))
    }

    /// A glob, or the error with its position.
    fn glob(&self, from: usize, read: Result<Glob, String>) -> Result<Glob, PathPatternError> {
        read.map_err(|problem| PathPatternError::Glob {
            pattern: self.text.to_owned(),
            at: self.character(from),
            problem,
        })
    }

    /// A glob as a JSON string, in which it needs no other care.
    fn quoted(&mut self) -> Result<Glob, PathPatternError> {
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        let value = values.next().and_then(Result::ok);
        let value = value.ok_or_else(|| PathPatternError::Quotes {
            pattern: self.text.to_owned(),
            at: self.character(self.at),
        })?;
        let from = self.at;
        self.at += values.byte_offset();
        self.glob(from, Glob::read(&value))
    }

    /// Where the next of these characters is; without one, the brackets do not end.
    fn find(&self, characters: &[char], open: usize) -> Result<usize, PathPatternError> {
        let offset = self.rest().find(characters);
        offset
            .map(|offset| self.at + offset)
            .ok_or_else(|| self.unclosed(open))
    }

    fn unclosed(&self, open: usize) -> PathPatternError {
        PathPatternError::Unclosed {
            pattern: self.text.to_owned(),
            at: self.character(open),
        }
    }

    /// The position of a byte, as people count.
    fn character(&self, byte: usize) -> usize {
        self.text.get(..byte).map_or(0, |before| before.chars().count()) + 1
    }
}

/// Where a glob without quotes stands, which decides the characters that end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnquotedGlob {
    /// As a key, up to a slash or a bracket.
    Key,
    /// As a value in brackets, up to a comma or the closing bracket.
    Value,
}

/// Where a glob without quotes ends. Characters in braces, in the brackets of a value and after a backslash belong to
/// it.
fn glob_end(text: &str, glob: UnquotedGlob) -> Option<usize> {
    let mut nesting = Nesting::default();
    let mut is_class = false;
    text.char_indices()
        .find(|(_, character)| {
            if nesting.encloses(*character) {
                return false;
            }
            match (glob, character) {
                (UnquotedGlob::Key, '/' | '[') => true,
                (UnquotedGlob::Value, '[') => {
                    is_class = true;
                    false
                }
                (UnquotedGlob::Value, ']') => !std::mem::take(&mut is_class),
                (UnquotedGlob::Value, ',') => !is_class,
                (UnquotedGlob::Key | UnquotedGlob::Value, _) => false,
            }
        })
        .map(|(offset, _)| offset)
}

/// The first character of a plain key that only quotes may hold.
fn misplaced(key: &str) -> Option<(usize, char)> {
    let mut nesting = Nesting::default();
    key.char_indices().find(|(_, character)| {
        !nesting.encloses(*character) && ("]\"=, ".contains(*character) || character.is_control())
    })
}

/// The backslash or the open braces before a character, which make it a part of the glob.
#[derive(Debug, Default)]
struct Nesting {
    is_escaped: bool,
    depth: usize,
}

impl Nesting {
    /// Reads the next character, and says whether it belongs to the glob in any case.
    fn encloses(&mut self, character: char) -> bool {
        if self.is_escaped {
            self.is_escaped = false;
            return true;
        }
        match character {
            '\\' => self.is_escaped = true,
            '{' => self.depth += 1,
            '}' => self.depth = self.depth.saturating_sub(1),
            // Braces that are not closed end with the step, so that the error names their position.
            '/' => return false,
            _ => return self.depth > 0,
        }
        true
    }
}
