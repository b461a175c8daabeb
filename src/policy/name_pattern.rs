//! Names of namespaces and releases, and patterns of such names, as settings and the command line take them.
//!
//! A text that could be the name of nothing is refused where it is read: a gate that asks for the namespace `Shop` would
//! look at nothing, and a rule for it would ignore nothing.

use super::glob::{Glob, GlobError};
use crate::shell::Word;

/// Why a text names no namespace or no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is no text.
    #[error("an empty name is the name of nothing; leave it out to select everything")]
    Empty,
    /// Its brackets or braces make no sense.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// No namespace can have the name.
    #[error(
        "`{0}` cannot be the name of a namespace: that has up to 63 lower-case letters, digits and hyphens, and begins and \
         ends with a letter or a digit"
    )]
    Namespace(String),
    /// No release can have the name.
    #[error(
        "`{0}` cannot be the name of a release: that has up to 53 lower-case letters, digits, hyphens and dots, and begins \
         and ends with a letter or a digit"
    )]
    Release(String),
}

/// Reads the name of a namespace, or a pattern of such names.
pub fn namespace(text: &str) -> Result<Glob, NameError> {
    read(text, |name| Word::namespace(name).is_ok(), NameError::Namespace)
}

/// Reads the name of a release, or a pattern of such names.
pub fn release(text: &str) -> Result<Glob, NameError> {
    read(text, |name| Word::release(name).is_ok(), NameError::Release)
}

fn read(
    text: &str,
    is_name: impl Fn(&str) -> bool,
    error: fn(String) -> NameError,
) -> Result<Glob, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    let glob: Glob = text.parse()?;
    let can_match = if glob.has_wildcards() {
        text.chars().all(is_of_patterns)
    } else {
        is_name(text)
    };
    if can_match {
        Ok(glob)
    } else {
        Err(error(text.to_owned()))
    }
}

/// Whether a pattern of names may have a character: those of names, and those with a meaning in a pattern.
const fn is_of_patterns(character: char) -> bool {
    character.is_ascii_lowercase()
        || character.is_ascii_digit()
        || matches!(
            character,
            '-' | '.' | '*' | '?' | '[' | ']' | '!' | '{' | '}' | ','
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns_are_read_by_the_rules_of_kubernetes_and_helm() {
        for name in ["shop", "a", "team-1", "team-*", "{a,b}-x", "t?", "[a-c]*", "[!x]"] {
            assert_eq!(namespace(name).unwrap().to_string(), name);
            assert_eq!(release(name).unwrap().to_string(), name);
        }
        assert!(release("a.b").is_ok());
        for name in [
            "Shop",
            "a b",
            "-a",
            "a_b",
            "a.b",
            "shop/web",
            "Team-*",
            "x\u{1b}",
            &"a".repeat(64),
        ] {
            let error = namespace(name).unwrap_err().to_string();
            assert!(
                error.contains("cannot be the name of a namespace: that has"),
                "{error}"
            );
        }
        for name in ["Web", "a/b", "web_1", "web ", &"a".repeat(54)] {
            let error = release(name).unwrap_err().to_string();
            assert!(
                error.contains("cannot be the name of a release: that has"),
                "{error}"
            );
        }
        assert_eq!(namespace(""), Err(NameError::Empty));
        assert!(
            namespace("[a")
                .unwrap_err()
                .to_string()
                .contains("without its `]`")
        );
    }
}
