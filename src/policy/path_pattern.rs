//! Patterns of places in an object, in the syntax in which reports write paths.
//!
//! Whoever reads a path in a report can paste it into a rule and then widen it, so the syntax is that of
//! [`FieldPath`]'s display form with wildcards. No upstream syntax would do: JSON pointers name list elements by
//! positions that change, and the paths of `metadata.managedFields` (structured-merge-diff: `fieldpath/pathelement.go`,
//! `PathElementMatcher`) are not written by hand.
//!
//! Values are compared as the text that a path shows, so `[containerPort=80]` needs no type. Matching takes time
//! proportional to pattern times path, whatever the pattern: some patterns come from objects in the cluster.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::compare::path::{FieldPath, Segment};

/// A pattern of places in an object. It matches a place and everything inside it.
///
/// | pattern | matches |
/// |---|---|
/// | `/spec/replicas` | this place, and what is inside it |
/// | `/metadata/annotations["a.example.com/*"]` | keys by a glob; a key with a slash stands in quotes and brackets |
/// | `/spec/containers[name=app]/image` | in the element with this key, by a glob too: `[name=sidecar-*]` |
/// | `/spec/ports[port=80]` | an element that has this among its keys |
/// | `/metadata/finalizers[=a.example.com/*]` | a member of a set |
/// | `/rules[0]`, `/rules[*]` | the element at a position of an atomic list; any element of any list |
/// | `/spec/*/image` | one key, whatever its name |
/// | `/spec/**/image` | any number of steps, none included |
/// | `containers[name=app]/image` | anywhere, since it does not begin with a slash |
/// | `/` | everything |
///
/// `*` is the only wildcard inside a text and stands for any characters. There is no escape for it: a key that
/// holds a star is matched by itself, and some others are too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    /// With the freedom to begin anywhere and to go on spelled out as [`Step::Any`].
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Any number of segments.
    Any,
    /// A key of an object.
    Key(Glob),
    /// Any element of any list.
    Element,
    /// The element of an atomic list at a position.
    Index(usize),
    /// An element of a keyed list that has these among its keys.
    Match(Vec<(String, Glob)>),
    /// A member of a set.
    Member(Glob),
}

/// A text in which a star stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Glob(String);

/// Why a text is not a path pattern. Positions count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathPatternError {
    /// Nothing at all.
    #[error("a path pattern cannot be empty; `/` stands for the whole object")]
    Empty,
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
}

impl PathPattern {
    /// Whether this place is the pattern's, or inside of it.
    pub fn matches(&self, path: &FieldPath) -> bool {
        wildcard(
            &self.steps,
            path.segments(),
            |step| *step == Step::Any,
            Step::matches,
        )
    }
}

impl Step {
    fn matches(&self, segment: &Segment) -> bool {
        match (self, segment) {
            (Self::Any, _) | (Self::Element, Segment::Index(_) | Segment::Match(_) | Segment::Member(_)) => {
                true
            }
            (Self::Key(glob), Segment::Key(key)) => glob.matches(key),
            (Self::Index(wanted), Segment::Index(index)) => wanted == index,
            (Self::Match(wanted), Segment::Match(keys)) => wanted.iter().all(|(name, glob)| {
                keys.iter()
                    .any(|(key, value)| key == name && glob.matches(&text(value)))
            }),
            (Self::Member(glob), Segment::Member(value)) => glob.matches(&text(value)),
            (Self::Key(_) | Self::Element | Self::Index(_) | Self::Match(_) | Self::Member(_), _) => false,
        }
    }
}

impl Glob {
    fn matches(&self, text: &str) -> bool {
        wildcard(
            self.0.as_bytes(),
            text.as_bytes(),
            |byte| *byte == b'*',
            PartialEq::eq,
        )
    }
}

/// The text of a value inside brackets.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Cow::Owned(value.to_string())
        }
    }
}

/// Whether a sequence fits a pattern in which some parts stand for any number of items.
///
/// Only the last wildcard is ever tried again: what fitted before it would fit no worse elsewhere.
fn wildcard<P, T>(
    pattern: &[P],
    items: &[T],
    is_wild: impl Fn(&P) -> bool,
    fits: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut retry = None;
    while let Some(item) = items.get(position) {
        match (pattern.get(at), retry) {
            (Some(part), _) if is_wild(part) => {
                at += 1;
                retry = Some((at, position));
            }
            (Some(part), _) if fits(part, item) => {
                at += 1;
                position += 1;
            }
            (_, Some((after, from))) => {
                at = after;
                position = from + 1;
                retry = Some((after, position));
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(at).all(is_wild)
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for PathPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for PathPattern {
    type Err = PathPatternError;

    fn from_str(text: &str) -> Result<Self, PathPatternError> {
        if text.is_empty() {
            return Err(PathPatternError::Empty);
        }
        let mut steps = Vec::new();
        if !text.starts_with('/') {
            steps.push(Step::Any);
        }
        if text != "/" {
            let mut parser = Parser { text, at: 0 };
            while let Some(step) = parser.step()? {
                steps.push(step);
            }
        }
        steps.push(Step::Any);
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }
}

/// Reads one step after the other.
struct Parser<'t> {
    text: &'t str,
    /// The byte that comes next.
    at: usize,
}

impl<'t> Parser<'t> {
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
        let key = &key[..key.find(['/', '[']).unwrap_or(key.len())];
        if key.is_empty() {
            return Err(PathPatternError::NoKey {
                pattern: self.text.to_owned(),
                at: self.character(start),
            });
        }
        let misplaced = |character: char| "]\"=, ".contains(character) || character.is_control();
        if let Some((offset, character)) = key.char_indices().find(|(_, character)| misplaced(*character)) {
            return Err(PathPatternError::Misplaced {
                pattern: self.text.to_owned(),
                character,
                at: self.character(self.at + offset),
            });
        }
        self.at += key.len();
        Ok(Some(match key {
            "**" => Step::Any,
            key => Step::Key(Glob(key.to_owned())),
        }))
    }

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
                self.at = end;
                return Ok(Glob(value.to_string()));
            }
        }
        let end = self.find(&[',', ']'], open)?;
        let value = &self.text[self.at..end];
        self.at = end;
        if value.is_empty() {
            return Err(PathPatternError::Brackets {
                pattern: self.text.to_owned(),
                at: self.character(open),
            });
        }
        Ok(Glob(value.to_owned()))
    }

    fn quoted(&mut self) -> Result<Glob, PathPatternError> {
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        let value = values.next().and_then(Result::ok);
        let value = value.ok_or_else(|| PathPatternError::Quotes {
            pattern: self.text.to_owned(),
            at: self.character(self.at),
        })?;
        self.at += values.byte_offset();
        Ok(Glob(value))
    }

    /// Where the next of these characters is; without one, the brackets do not end.
    fn find(&self, characters: &[char], open: usize) -> Result<usize, PathPatternError> {
        let offset = self
            .rest()
            .find(characters)
            .ok_or_else(|| PathPatternError::Unclosed {
                pattern: self.text.to_owned(),
                at: self.character(open),
            })?;
        Ok(self.at + offset)
    }

    /// The position of a byte, as people count.
    fn character(&self, byte: usize) -> usize {
        self.text.get(..byte).map_or(0, |before| before.chars().count()) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn pattern(text: &str) -> PathPattern {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn element(keys: &[(&str, Value)]) -> Segment {
        Segment::Match(
            keys.iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        )
    }

    fn image(container: &str) -> FieldPath {
        FieldPath::root()
            .key("spec")
            .key("template")
            .key("spec")
            .key("containers")
            .join(element(&[("name", json!(container))]))
            .key("image")
    }

    fn annotation(key: &str) -> FieldPath {
        FieldPath::root().key("metadata").key("annotations").key(key)
    }

    fn port() -> FieldPath {
        FieldPath::root().key("spec").key("ports").join(element(&[
            ("containerPort", json!(80)),
            ("protocol", json!("TCP")),
        ]))
    }

    #[test]
    fn what_a_pattern_matches() {
        let finalizer = FieldPath::root()
            .key("metadata")
            .key("finalizers")
            .join(Segment::Member(json!("a.example.com/b c")));
        let verbs = FieldPath::root()
            .key("rules")
            .join(Segment::Index(2))
            .key("verbs");
        let rows: [(&str, FieldPath, bool); 42] = [
            ("/", image("app"), true),
            ("/", FieldPath::root(), true),
            ("**", image("app"), true),
            ("/spec", image("app"), true),
            ("/spe", image("app"), false),
            (
                "/spec/template/spec/containers[name=app]/image",
                image("app"),
                true,
            ),
            (
                "/spec/template/spec/containers[name=app]/image",
                image("api"),
                false,
            ),
            ("/spec/template/spec/containers[name=app]", image("app"), true),
            (
                "/spec/template/spec/containers[name=app]/image/tag",
                image("app"),
                false,
            ),
            (
                "/spec/template/spec/containers/[name=app]/image",
                image("app"),
                true,
            ),
            (
                "/spec/template/spec/containers[name=sidecar-*]",
                image("sidecar-log"),
                true,
            ),
            (
                "/spec/template/spec/containers[name=sidecar-*]",
                image("app"),
                false,
            ),
            ("/spec/template/spec/containers[name=\"app\"]", image("app"), true),
            ("/spec/template/spec/containers[*]/image", image("app"), true),
            ("/spec/template/spec/containers[0]/image", image("app"), false),
            ("/spec/template/spec/containers/*/image", image("app"), false),
            ("/spec/template/spec/*[name=app]/image", image("app"), true),
            ("containers[name=app]/image", image("app"), true),
            ("containers[name=app]/image", image("api"), false),
            ("[name=app]", image("app"), true),
            ("template", image("app"), true),
            ("image", image("app"), true),
            ("/containers[name=app]/image", image("app"), false),
            ("/spec/**/image", image("app"), true),
            ("/spec/**/template/spec", image("app"), true),
            ("/spec/**/spec/**/name", image("app"), false),
            ("/**/[*]/image", image("app"), true),
            ("/*/template", image("app"), true),
            (
                "/metadata/annotations[\"field.cattle.io/*\"]",
                annotation("field.cattle.io/publicEndpoints"),
                true,
            ),
            (
                "/metadata/annotations[\"field.cattle.io/*\"]",
                annotation("cattle.io/status"),
                false,
            ),
            (
                "/metadata/annotations/*",
                annotation("field.cattle.io/publicEndpoints"),
                true,
            ),
            (
                "/metadata/annotations[*]",
                annotation("field.cattle.io/publicEndpoints"),
                false,
            ),
            ("/metadata/annotations/a*c", annotation("abbc"), true),
            ("/metadata/annotations[\"*\"]", annotation("a b"), true),
            ("ports[containerPort=80,protocol=TCP]", port(), true),
            ("ports[protocol=TCP,containerPort=80]", port(), true),
            ("ports[containerPort=80]", port(), true),
            ("ports[containerPort=80,protocol=UDP]", port(), false),
            ("ports[containerPort=80,hostIP=*]", port(), false),
            ("/metadata/finalizers[=a.example.com/*]", finalizer.clone(), true),
            ("/metadata/finalizers[=\"a.example.com/b c\"]", finalizer, true),
            ("/rules[2]", verbs, true),
        ];
        for (text, path, matches) in rows {
            assert_eq!(pattern(text).matches(&path), matches, "{text} and {path}");
        }
    }

    #[test]
    fn each_mistake_is_told_in_one_sentence() {
        for (text, told) in [
            (
                "",
                "a path pattern cannot be empty; `/` stands for the whole object",
            ),
            (
                "/spec//image",
                "`/spec//image` has no key after the `/` at character 6",
            ),
            ("/spec/", "`/spec/` has no key after the `/` at character 6"),
            (
                "/metadata/annotations/a=b",
                "`/metadata/annotations/a=b` has a '=' at character 24; a key that holds it is written in \
                 brackets and quotes: [\"...\"]",
            ),
            (
                "/spec]",
                "`/spec]` has a ']' at character 6; a key that holds it is written in brackets and quotes: \
                 [\"...\"]",
            ),
            (
                "/a[name=b]image",
                "`/a[name=b]image` needs a `/`, a `[` or its end at character 11, after the brackets",
            ),
            (
                "/ü[name=b",
                "`/ü[name=b` lacks the `]` for the `[` at character 3",
            ),
            ("/a[b", "`/a[b` lacks the `]` for the `[` at character 3"),
            ("/a[0", "`/a[0` lacks the `]` for the `[` at character 3"),
            (
                "/a[\"b]",
                "`/a[\"b]` has quotes at character 4 that do not hold a JSON string",
            ),
        ] {
            assert_eq!(text.parse::<PathPattern>().unwrap_err().to_string(), told);
        }
        for text in [
            "/a[]",
            "/a[b]",
            "/a[1x]",
            "/a[=]",
            "/a[b=]",
            "/a[b=c,]",
            "/a[b=c,d]",
            "/a[**]",
            "/a[\"b\"x]",
            "/a[99999999999999999999999]",
            "/a[=b,c]",
        ] {
            assert_eq!(
                text.parse::<PathPattern>().unwrap_err().to_string(),
                format!(
                    "`{text}` has brackets at character 3 that hold none of \"key\", name=value, =member, a \
                     position and *"
                )
            );
        }
    }

    #[test]
    fn patterns_are_read_and_written_as_text() {
        let read: PathPattern = serde_json::from_str(r#""containers[*]/image""#).unwrap();
        assert_eq!(read.to_string(), "containers[*]/image");
        assert!(serde_json::from_str::<PathPattern>(r#""/a[""#).is_err());
    }

    /// An annotation in a cluster may hold anything; the time must not grow with the power of its wildcards.
    #[test]
    fn many_wildcards_are_matched_in_time() {
        let text = format!("{}b", "a/**/".repeat(60));
        let deep = (0..400).fold(FieldPath::root(), |path, _| path.key("a"));
        assert!(!pattern(&text).matches(&deep));
        let text = format!("/{}b", "a*".repeat(60));
        assert!(!pattern(&text).matches(&FieldPath::root().key(&"a".repeat(4000))));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[a-c/:. =,\"\\[\\]{}ü]{0,4}".prop_map(Value::from),
            (0..3u64).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
            "[ab]{1,2}".prop_map(|text| json!({"key": [text]})),
        ]
    }

    fn any_segment() -> impl Strategy<Value = Segment> {
        prop_oneof![
            "[a-c/. \"=,\\[\\]ü\n\\\\]{0,3}".prop_map(Segment::Key),
            (0..3usize).prop_map(Segment::Index),
            any_value().prop_map(|name| element(&[("name", name)])),
            (any_value(), any_value()).prop_map(|(a, b)| element(&[("port", a), ("protocol", b)])),
            any_value().prop_map(Segment::Member),
        ]
    }

    /// Paths of real objects: they begin with a field of the object.
    fn any_path() -> impl Strategy<Value = FieldPath> {
        ("[a-c]{1,2}", prop::collection::vec(any_segment(), 0..4)).prop_map(|(first, rest)| {
            rest.into_iter()
                .fold(FieldPath::root().key(&first), |path, segment| path.join(segment))
        })
    }

    proptest! {
        #[test]
        fn a_path_read_back_matches_itself_and_what_is_inside(path in any_path(), inner in any_segment()) {
            let pattern = pattern(&path.to_string());
            prop_assert!(pattern.matches(&path));
            prop_assert!(pattern.matches(&path.join(inner)));
        }

        #[test]
        fn a_path_read_back_matches_nothing_else(path in any_path(), other in any_path()) {
            let inside = other.to_string() == path.to_string() || other.segments().starts_with(path.segments());
            prop_assert_eq!(pattern(&path.to_string()).matches(&other), inside, "{} and {}", path, other);
        }

        #[test]
        fn a_sibling_is_not_matched(path in any_path(), one in any_segment(), other in any_segment()) {
            let (one, other) = (path.join(one), path.join(other));
            prop_assert_eq!(
                pattern(&one.to_string()).matches(&other),
                one.to_string() == other.to_string(),
                "{} and {}", one, other
            );
        }

        #[test]
        fn no_text_is_too_much_for_the_parser(text in "[/\\[\\]*=,\"a0ü\\\\]{0,12}") {
            if let Ok(pattern) = text.parse::<PathPattern>() {
                prop_assert_eq!(pattern.to_string(), text);
            }
        }
    }
}
