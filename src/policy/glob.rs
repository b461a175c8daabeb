//! Globs, the one dialect of patterns in ignore rules: names, keys and values.
//!
//! `*` stands for any characters, `?` for one, `[ab]` and `[a-c]` for one of several, `[!ab]` for one of all others,
//! `{this,that}` for one of several texts. A backslash takes the meaning from the character after it. Slashes are
//! characters like any other.
//!
//! Some patterns come from objects in the cluster, by whoever may edit them. So a pattern has a limited length, a text
//! that no API server would take for a name is compared with the pattern's own text only, and matching takes time
//! proportional to the text (globset and regex have no backtracking). A pattern with wildcards holds some ten kilobytes,
//! so code that reads many of them from one object has to limit their number (`Glob::has_wildcards`).

use std::fmt;
use std::str::FromStr;

use globset::{ErrorKind, GlobBuilder, GlobSet, GlobSetBuilder};

/// How long a pattern may be, in bytes.
const PATTERN_LIMIT: usize = 512;

/// How long a text may be that wildcards are tried on, in bytes; the longest key of an annotation has 317.
const TEXT_LIMIT: usize = 1024;

/// A text in which wildcards stand for other texts. It matches itself as well, so that a name can be pasted.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    /// The matcher, if the text has wildcards.
    wildcards: Option<GlobSet>,
}

/// Why a text is not a glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// It would match nothing.
    #[error("an empty pattern matches nothing; leave the key out to match everything")]
    Empty,
    /// Its brackets or braces make no sense.
    #[error("`{pattern}` is not a pattern of names such as web-*: {problem}")]
    Malformed {
        /// The text.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Glob {
    /// A text that stands for itself, but for the stars in it.
    pub(super) fn with_stars(text: &str) -> Result<Self, String> {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            if is_special(character) && character != '*' {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        Ok(Self {
            text: text.to_owned(),
            ..Self::read(&escaped)?
        })
    }

    /// Reads a text, or says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.len() > PATTERN_LIMIT {
            return Err(format!("it is longer than {PATTERN_LIMIT} bytes"));
        }
        let wildcards = if text.contains(is_special) {
            Some(compile(text).map_err(|error| problem_of(error.kind()))?)
        } else {
            None
        };
        Ok(Self {
            text: text.to_owned(),
            wildcards,
        })
    }

    /// Whether the pattern can stand for other texts than its own, which takes memory.
    pub fn has_wildcards(&self) -> bool {
        self.wildcards.is_some()
    }

    /// Whether a text is the pattern's own or one that it stands for.
    pub fn matches(&self, text: &str) -> bool {
        let stands_for = |wildcards: &GlobSet| text.len() <= TEXT_LIMIT && wildcards.is_match(text);
        self.text == text || self.wildcards.as_ref().is_some_and(stands_for)
    }
}

/// A set of one, because a matcher of one glob panics on what regex refuses, such as deep nesting.
fn compile(text: &str) -> Result<GlobSet, globset::Error> {
    let glob = GlobBuilder::new(text).backslash_escape(true).build()?;
    GlobSetBuilder::new().add(glob).build()
}

/// What is wrong with a pattern. The sentences of globset advise an escape that has another meaning in a path.
fn problem_of(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::UnclosedClass => "it has a `[` without its `]`".to_owned(),
        ErrorKind::InvalidRange(from, to) => format!("its range {from}-{to} runs backwards"),
        ErrorKind::UnopenedAlternates => "it has a `}` without its `{`".to_owned(),
        ErrorKind::UnclosedAlternates => "it has a `{` without its `}`".to_owned(),
        ErrorKind::DanglingEscape => "it ends with a `\\` that has no character after it".to_owned(),
        other => other.to_string(),
    }
}

/// Whether a character has a meaning of its own in a pattern.
const fn is_special(character: char) -> bool {
    matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\')
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        Self::read(text).map_err(|problem| GlobError::Malformed {
            pattern: text.to_owned(),
            problem,
        })
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_characters_and_texts() {
        for (pattern, text, matches) in [
            ("web", "web", true),
            ("web", "web-1", false),
            ("web-*", "web-", true),
            ("a.example.com/*", "a.example.com/b/c", true),
            ("we?", "web", true),
            ("we?", "we", false),
            ("we[ab]", "web", true),
            ("we[!ab]", "web", false),
            ("we[!ab]", "wec", true),
            ("we[a-c]", "wec", true),
            ("{api,web-*}", "web-1", true),
            ("{api,web-*}", "worker", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            // Each is its own text as well.
            ("we[ab]", "we[ab]", true),
            (r"a\*", r"a\*", true),
            ("ü*", "üö", true),
        ] {
            let glob: Glob = pattern.parse().unwrap();
            assert_eq!(glob.matches(text), matches, "{pattern} and {text}");
            assert_eq!(glob.to_string(), pattern);
        }
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        for (pattern, problem) in [
            ("web-[", "it has a `[` without its `]`"),
            ("{web,api", "it has a `{` without its `}`"),
            ("web}", "it has a `}` without its `{`"),
            ("a\\", "it ends with a `\\` that has no character after it"),
            ("[z-a]", "its range z-a runs backwards"),
        ] {
            let message = pattern.parse::<Glob>().unwrap_err().to_string();
            assert_eq!(
                message,
                format!("`{pattern}` is not a pattern of names such as web-*: {problem}")
            );
        }
        assert_eq!("".parse::<Glob>().unwrap_err(), GlobError::Empty);
        assert!(
            "a".repeat(513)
                .parse::<Glob>()
                .unwrap_err()
                .to_string()
                .ends_with("longer than 512 bytes")
        );
    }

    /// An annotation in a cluster may hold anything: neither nesting nor wildcards may cost much.
    #[test]
    fn hostile_patterns_and_texts_are_bounded() {
        let nested = format!("{}a{}", "{a,".repeat(120), "}".repeat(120));
        // The answer does not matter, only that it comes at once.
        drop(nested.parse::<Glob>());
        let glob: Glob = "*a?????????????????????????????b".repeat(16).parse().unwrap();
        assert!(!glob.matches(&"a".repeat(TEXT_LIMIT)));
        let any: Glob = "a*".parse().unwrap();
        assert!(any.matches(&"a".repeat(TEXT_LIMIT)));
        assert!(!any.matches(&"a".repeat(TEXT_LIMIT + 1)), "no name is as long");
    }
}
