//! Paths of fields, which name a place in an object for people and for programs.
//!
//! A JSON pointer with list indexes names another element as soon as a list is reordered, so elements of keyed
//! lists are named by their keys: `/spec/containers[name=app]/image`. The RFC 6901 pointer into the live object is
//! kept beside it, because patches need it.

use std::fmt;

use serde_json::Value;

/// One step from a value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A key of an object.
    Key(String),
    /// A position in an atomic list.
    Index(usize),
    /// The element of a keyed list whose keys have these values.
    Match(Vec<(String, Value)>),
    /// A member of a set.
    Member(Value),
}

impl Segment {
    /// About how many bytes the step takes.
    fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Key(key) => key.len(),
                Self::Index(_) => 0,
                Self::Match(keys) => keys
                    .iter()
                    .map(|(key, value)| key.len() + size_of_value(value))
                    .sum(),
                Self::Member(value) => size_of_value(value),
            }
    }
}

/// About how many bytes a value takes.
pub fn size_of_value(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(size_of_value).sum(),
            Value::Object(fields) => fields
                .iter()
                .map(|(key, value)| size_of::<String>() + key.len() + size_of_value(value))
                .sum(),
        }
}

impl FromIterator<Segment> for FieldPath {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

/// A place in an object. Its display form is the report's `path`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FieldPath(Vec<Segment>);

impl FieldPath {
    /// The object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The place one step further.
    #[must_use]
    pub fn join(&self, segment: Segment) -> Self {
        let mut segments = Vec::with_capacity(self.0.len() + 1);
        segments.extend_from_slice(&self.0);
        segments.push(segment);
        Self(segments)
    }

    /// The place under an object's key.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.join(Segment::Key(key.to_owned()))
    }

    /// About how many bytes the path takes.
    pub(crate) fn size(&self) -> usize {
        self.0.iter().map(Segment::size).sum()
    }

    /// The steps from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether one of the two places is the other or lies inside it.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(own, other)| own == other)
    }

    /// The path without these parts.
    pub fn without(&self, hidden: &[HiddenPart]) -> String {
        PartlyHidden { path: self, hidden }.to_string()
    }

    /// The object keys on the way, without list positions.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => None,
        })
    }
}

/// A part of a path that must not be shown, and the text that stands in its place.
///
/// The text stands without quotes where any other with a blank has them, so that no name can pass for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenPart {
    /// The step that it is a part of, counted from 0.
    pub step: usize,
    /// Which of the keys of a [`Segment::Match`] has the hidden value; `None` for the whole step.
    pub key: Option<usize>,
    /// The text in its place.
    pub token: String,
}

/// A path of which parts are hidden.
struct PartlyHidden<'p> {
    path: &'p FieldPath,
    hidden: &'p [HiddenPart],
}

impl PartlyHidden<'_> {
    /// The text that stands in place of a step, or of the value of one of its keys.
    fn token(&self, step: usize, key: Option<usize>) -> Option<&str> {
        let part = self
            .hidden
            .iter()
            .find(|part| (part.step, part.key) == (step, key));
        part.map(|part| part.token.as_str())
    }
}

impl fmt::Display for PartlyHidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.0.is_empty() {
            return f.write_str("/");
        }
        for (step, segment) in self.path.0.iter().enumerate() {
            match (segment, self.token(step, None)) {
                (Segment::Key(_) | Segment::Index(_) | Segment::Match(_), Some(token)) => {
                    write!(f, "[{token}]")?;
                }
                (Segment::Member(_), Some(token)) => write!(f, "[={token}]")?,
                (Segment::Key(key), None) if is_plain(key) => write!(f, "/{key}")?,
                (Segment::Key(key), None) => write!(f, "[{}]", Value::from(key.as_str()))?,
                (Segment::Index(index), None) => write!(f, "[{index}]")?,
                (Segment::Match(keys), None) => {
                    f.write_str("[")?;
                    for (position, (key, value)) in keys.iter().enumerate() {
                        let comma = if position == 0 { "" } else { "," };
                        match self.token(step, Some(position)) {
                            Some(token) => write!(f, "{comma}{key}={token}")?,
                            None => write!(f, "{comma}{key}={}", BracketedValue(value))?,
                        }
                    }
                    f.write_str("]")?;
                }
                (Segment::Member(value), None) => write!(f, "[={}]", BracketedValue(value))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = &[];
        PartlyHidden { path: self, hidden }.fmt(f)
    }
}

/// Whether a key needs no quotes, because it has no character that the path's own syntax uses.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && !key.contains(['/', '[', ']', '"', '=', ',', ' ']) && !key.contains(char::is_control)
}

/// A value inside brackets, quoted only if it would be misread without quotes.
struct BracketedValue<'a>(&'a Value);

impl fmt::Display for BracketedValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // Inside brackets a slash is harmless, and mount paths are keys.
            Value::String(text) if is_plain(&text.replace('/', "")) || text == "/" => f.write_str(text),
            other => write!(f, "{other}"),
        }
    }
}

/// Whether a field is at a path or below it, both as reports write them.
pub fn is_at(field: &str, path: &str) -> bool {
    let rest = field.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with(['/', '[']))
}

/// Appends one reference token to an RFC 6901 pointer.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_read_like_the_field_they_name() {
        let container = FieldPath::root()
            .key("spec")
            .key("containers")
            .join(Segment::Match(vec![("name".into(), json!("app"))]));
        let cases = [
            (FieldPath::root(), "/"),
            (container.key("image"), "/spec/containers[name=app]/image"),
            (
                container.key("ports").join(Segment::Match(vec![
                    ("containerPort".into(), json!(80)),
                    ("protocol".into(), json!("TCP")),
                ])),
                "/spec/containers[name=app]/ports[containerPort=80,protocol=TCP]",
            ),
            (
                container
                    .key("volumeMounts")
                    .join(Segment::Match(vec![("mountPath".into(), json!("/var/lib"))])),
                "/spec/containers[name=app]/volumeMounts[mountPath=/var/lib]",
            ),
            (
                FieldPath::root()
                    .key("metadata")
                    .key("annotations")
                    .key("meta.helm.sh/release-name"),
                "/metadata/annotations[\"meta.helm.sh/release-name\"]",
            ),
            (
                FieldPath::root()
                    .key("metadata")
                    .key("finalizers")
                    .join(Segment::Member(json!("a b"))),
                "/metadata/finalizers[=\"a b\"]",
            ),
            (
                FieldPath::root()
                    .key("rules")
                    .join(Segment::Index(2))
                    .key("verbs"),
                "/rules[2]/verbs",
            ),
        ];
        for (path, text) in cases {
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn hidden_parts_are_replaced_by_what_no_name_looks_like() {
        let path = FieldPath::root()
            .key("hunter2")
            .join(Segment::Match(vec![
                ("apiKey".into(), json!("hunter2")),
                ("name".into(), json!("(redacted 1)")),
            ]))
            .join(Segment::Member(json!("hunter2")));
        let part = |step, key, number| HiddenPart {
            step,
            key,
            token: format!("(redacted {number})"),
        };
        assert_eq!(
            path.without(&[part(0, None, 1), part(1, Some(0), 2), part(2, None, 3)]),
            "[(redacted 1)][apiKey=(redacted 2),name=\"(redacted 1)\"][=(redacted 3)]"
        );
    }

    #[test]
    fn pointer_tokens_are_escaped() {
        let mut pointer = "/metadata".to_owned();
        push_token(&mut pointer, "a/b~c");
        assert_eq!(pointer, "/metadata/a~1b~0c");
    }
}
