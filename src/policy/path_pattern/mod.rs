//! Patterns of places in an object, in the syntax in which reports write paths.
//!
//! An operator can paste a path from a report into a rule and then widen it, so the syntax is that of [`FieldPath`]'s
//! display form with wildcards. No upstream syntax would do: JSON pointers name list elements by
//! positions that change, and the paths of `metadata.managedFields` (structured-merge-diff: `fieldpath/pathelement.go`,
//! `PathElementMatcher`) are not written by hand.
//!
//! Keys and values are globs, so one of `* ? [ ] { } \` that stands for itself needs a backslash before it.
//!
//! Values are compared as the text that a path shows, so `[containerPort=80]` needs no type. A pattern has a limited
//! length, and matching takes time proportional to pattern times path, whatever the pattern: some patterns come from
//! objects in the cluster.

mod foreign;
mod parse;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use self::parse::PathPatternError;
use super::glob::Glob;
use super::redact::Redaction;
use crate::compare::path::{FieldPath, Segment};
use crate::types::{Field, ListKind, Shape};

/// How many pairs of a pattern's and a path's bytes are one step, at worst: most wildcards look at each byte once.
const WILDCARD_BYTES_PER_STEP: usize = 32;

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
/// | `/data/{a,b-*}` | one of several keys |
/// | `/spec/**/image` | any number of steps, none included |
/// | `containers[name=app]/image` | anywhere, since it does not begin with a slash |
/// | `/` | everything |
///
/// Keys and values are globs, in the dialect of all other keys of a rule ([`Glob`]): `*`, `?`, `[ab]`, `{this,that}`,
/// and a backslash before a character that stands for itself. In a key without quotes brackets begin the next step, so
/// that `[ab]` needs quotes there: `["we[ab]"]`. Quotes hold a JSON string, in which a backslash is written twice.
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

impl PathPattern {
    /// How many keys and values of the pattern have wildcards.
    pub(super) fn wildcards(&self) -> usize {
        wildcards(&self.steps)
    }

    /// The steps for trying the pattern on a place, in the measure of [`crate::compare::work`].
    pub(super) fn steps(&self, path: &FieldPath) -> usize {
        let segments = path.segments().len().saturating_mul(self.steps.len());
        let texts = if self.wildcards() == 0 {
            0
        } else {
            self.text.len().saturating_mul(path.size()) / WILDCARD_BYTES_PER_STEP
        };
        segments + texts
    }

    /// The pattern's text without secrets, by the rules for the paths that it matches.
    pub(super) fn shown(&self, redaction: &Redaction) -> String {
        let of_glob = |glob: &Glob| match glob.to_string() {
            text if text.chars().all(|character| "*?".contains(character)) => Value::Null,
            text => Value::String(text),
        };
        // What is inside of the place is a part of every pattern, and goes without saying.
        let inner = self.steps.strip_suffix(&[Step::Any]);
        let steps = inner.unwrap_or(&self.steps);
        let path = steps.iter().fold(FieldPath::root(), |path, step| {
            path.join(match step {
                Step::Any => Segment::Key("**".to_owned()),
                Step::Key(glob) => Segment::Key(glob.to_string()),
                Step::Element => Segment::Match(Vec::new()),
                Step::Index(index) => Segment::Index(*index),
                Step::Match(keys) => Segment::Match(
                    keys.iter()
                        .map(|(key, glob)| (key.clone(), of_glob(glob)))
                        .collect(),
                ),
                Step::Member(glob) => Segment::Member(of_glob(glob)),
            })
        });
        let shown = redaction.shown_path(&path);
        if shown == path.to_string() {
            self.text.clone()
        } else {
            shown
        }
    }

    /// The keys of the first list in an object of this type that the pattern asks for a position of, although reports name
    /// the elements of that list by these keys.
    pub(super) fn keys_of_counted_list<'s>(&self, object: Shape<'s>) -> Option<&'s [String]> {
        let mut at = object;
        for step in &self.steps {
            at = match step {
                Step::Key(key) => match at.field(&key.to_string()) {
                    Field::Declared(shape) => shape,
                    Field::Undeclared | Field::Unknown => return None,
                },
                Step::Index(_) => match at.list() {
                    ListKind::Map(keys) => return Some(keys),
                    ListKind::Atomic | ListKind::Set => at.element()?,
                },
                Step::Element | Step::Match(_) => at.element()?,
                Step::Any | Step::Member(_) => return None,
            };
        }
        None
    }

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

fn wildcards(steps: &[Step]) -> usize {
    let in_step = |step: &Step| match step {
        Step::Key(glob) | Step::Member(glob) => usize::from(glob.has_wildcards()),
        Step::Match(keys) => keys.iter().filter(|(_, glob)| glob.has_wildcards()).count(),
        Step::Any | Step::Element | Step::Index(_) => 0,
    };
    steps.iter().map(in_step).sum()
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
        Ok(Self {
            steps: parse::steps(text)?,
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
