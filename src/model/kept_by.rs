//! Which key of a chart's values keeps what lives in a field, or why none is known.
//!
//! A key is written as Helm's `--set` writes it: names with dots between them, positions in brackets, and a backslash
//! before any character of a name that would end it (Helm: `pkg/strvals/parser.go`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::vocabulary::{KeyCertainty, NoKeyReason, ValueOrigin};

/// One step into values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyStep {
    /// A name in a map.
    Name(String),
    /// A position in a list.
    Index(usize),
}

/// A key of values: `web.ports[0].name`. It begins with a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(Vec<KeyStep>);

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no key of values, such as web.ports[0].name")]
pub struct NoKeyPath;

/// The key that keeps what lives in a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptBy {
    /// The key.
    pub key: KeyPath,
    /// The value to set, null where the key has to be taken away; absent where it is hidden.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        deserialize_with = "super::null_is_a_value"
    )]
    pub value: Option<Value>,
    /// The value that the key has now; absent where it has none, and where that is hidden.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        deserialize_with = "super::null_is_a_value"
    )]
    pub current: Option<Value>,
    /// Where the key has its value from now.
    pub origin: ValueOrigin,
    /// How sure it is.
    pub certainty: KeyCertainty,
    /// The list that has to be given as a whole, because the key is in it; absent where the key is in none, and where
    /// something in the list is hidden.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub list: Option<KeptList>,
    /// The other fields that the key moves, as far as they are listed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also_changes: Vec<MovedField>,
    /// How many more fields it moves than are listed.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub also_changes_left_out: usize,
    /// Whether values are left out because they may be secret.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub redacted: bool,
}

/// A list as it has to be given: Helm does not merge lists, so that a list with one element replaces all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptList {
    /// The key of the list.
    pub key: KeyPath,
    /// All of its elements.
    pub value: Value,
}

/// A field that a key moves besides the one that it keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MovedField {
    /// The kind of its object.
    pub kind: String,
    /// The namespace of its object; `null` for cluster-scoped kinds, and for those that take that of the release.
    pub namespace: Option<String>,
    /// The name of its object.
    pub name: String,
    /// Where in the object, as a finding has it; `/` for an object that comes or goes as a whole.
    pub path: String,
}

/// Why no key is named for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoKey {
    /// The reason.
    pub code: NoKeyReason,
    /// One sentence, without values.
    pub message: String,
}

/// Whether nothing was left out.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(super) const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl From<NoKeyReason> for NoKey {
    fn from(code: NoKeyReason) -> Self {
        Self {
            code,
            message: code.message().to_owned(),
        }
    }
}

impl KeptBy {
    /// The values that it shows.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        let list = self.list.as_ref().map(|list| &list.value);
        self.value.iter().chain(&self.current).chain(list)
    }

    /// What is to be set: the key and its value, or the list that the key is in. `None` where that is hidden, or where no
    /// list says what its other elements are.
    pub fn assignment(&self) -> Option<(&KeyPath, &Value)> {
        match &self.list {
            Some(list) => Some((&list.key, &list.value)),
            None if self.key.is_in_list() => None,
            None => Some((&self.key, self.value.as_ref()?)),
        }
    }

    /// How many other fields the key moves.
    pub fn moved(&self) -> usize {
        self.also_changes.len().saturating_add(self.also_changes_left_out)
    }
}

impl KeyPath {
    /// A key of these steps; `None` where the first one is no name.
    pub fn of(steps: Vec<KeyStep>) -> Option<Self> {
        matches!(steps.first(), Some(KeyStep::Name(_))).then_some(Self(steps))
    }

    /// The steps from all the values.
    pub fn steps(&self) -> &[KeyStep] {
        &self.0
    }

    /// The key under a name in it.
    #[must_use]
    pub fn name(&self, name: &str) -> Self {
        let steps = self.0.iter().cloned();
        Self(steps.chain([KeyStep::Name(name.to_owned())]).collect())
    }

    /// Whether it leads into a list.
    pub fn is_in_list(&self) -> bool {
        self.0.iter().any(|step| matches!(step, KeyStep::Index(_)))
    }

    /// The first list on the way; the key itself where there is none.
    #[must_use]
    pub fn outer_list(&self) -> Self {
        let names = self.0.iter().take_while(|step| matches!(step, KeyStep::Name(_)));
        Self(names.cloned().collect())
    }

    /// Whether one of the two keys is the other or lies inside it.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(own, other)| own == other)
    }

    /// The names on the way.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            KeyStep::Name(name) => Some(name.as_str()),
            KeyStep::Index(_) => None,
        })
    }

    /// Values that have nothing but this one under the key; `None` where the key leads into a list.
    pub fn tree(&self, value: Value) -> Option<Value> {
        self.0.iter().rev().try_fold(value, |value, step| match step {
            KeyStep::Name(name) => Some(Value::Object(Map::from_iter([(name.clone(), value)]))),
            KeyStep::Index(_) => None,
        })
    }
}

/// The characters that end a name where no backslash stands before them (Helm: `pkg/strvals/parser.go`, `key`), and those
/// that Helm takes for a list where a value begins.
const SPECIAL: [char; 8] = ['.', ',', '=', '[', ']', '{', '}', '\\'];

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                KeyStep::Name(name) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    for character in name.chars() {
                        if SPECIAL.contains(&character) {
                            f.write_str("\\")?;
                        }
                        write!(f, "{character}")?;
                    }
                }
                KeyStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl FromStr for KeyPath {
    type Err = NoKeyPath;

    fn from_str(text: &str) -> Result<Self, NoKeyPath> {
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let (name, after) = name(rest)?;
            steps.push(KeyStep::Name(name));
            rest = after;
            while let Some(inner) = rest.strip_prefix('[') {
                let (index, after) = inner.split_once(']').ok_or(NoKeyPath)?;
                if index.is_empty() || !index.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(NoKeyPath);
                }
                steps.push(KeyStep::Index(index.parse().map_err(|_| NoKeyPath)?));
                rest = after;
            }
            if rest.is_empty() {
                return Ok(Self(steps));
            }
            rest = rest.strip_prefix('.').ok_or(NoKeyPath)?;
        }
    }
}

/// The name at the beginning of a text, and what follows it.
fn name(text: &str) -> Result<(String, &str), NoKeyPath> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => name.push(characters.next().ok_or(NoKeyPath)?.1),
            '.' | '[' => return Ok((name, text.get(at..).unwrap_or_default())),
            other => name.push(other),
        }
    }
    Ok((name, ""))
}

impl Serialize for KeyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn key(text: &str) -> KeyPath {
        text.parse().unwrap()
    }

    #[test]
    fn keys_are_written_as_helm_reads_them() {
        let name = |name: &str| KeyStep::Name(name.to_owned());
        for (steps, text) in [
            (vec![name("web"), name("image")], "web.image"),
            (
                vec![name("env"), KeyStep::Index(2), name("value")],
                "env[2].value",
            ),
            (
                vec![name("annotations"), name("nginx.ingress.kubernetes.io/rewrite")],
                "annotations.nginx\\.ingress\\.kubernetes\\.io/rewrite",
            ),
        ] {
            let path = KeyPath::of(steps).unwrap();
            assert_eq!(path.to_string(), text);
            assert_eq!(key(text), path);
        }
        for text in ["a[", "a[x]", "a[+1]", "a\\", "a[0]b"] {
            assert_eq!(text.parse::<KeyPath>(), Err(NoKeyPath), "{text}");
        }
    }

    #[test]
    fn a_list_is_given_as_a_whole() {
        let mut kept = KeptBy {
            key: key("web.env[1].value"),
            value: Some(json!("2")),
            current: Some(json!("1")),
            origin: ValueOrigin::ChartDefault,
            certainty: KeyCertainty::Verified,
            list: None,
            also_changes: Vec::new(),
            also_changes_left_out: 0,
            redacted: false,
        };
        assert_eq!(kept.assignment(), None);
        assert_eq!(kept.key.outer_list(), key("web.env"));
        kept.list = Some(KeptList {
            key: key("web.env"),
            value: json!([{"name": "A"}, {"name": "B", "value": "2"}]),
        });
        assert_eq!(kept.assignment().unwrap().0.to_string(), "web.env");
        assert_eq!(key("a.b").tree(json!(1)), Some(json!({"a": {"b": 1}})));
        assert_eq!(key("a[0].b").tree(json!(1)), None);
    }

    proptest! {
        #[test]
        fn every_key_reads_back(names in proptest::collection::vec(("\\PC{0,8}", proptest::option::of(0_usize..9)), 1..5)) {
            let steps = names.into_iter().flat_map(|(name, index)| {
                [Some(KeyStep::Name(name)), index.map(KeyStep::Index)].into_iter().flatten()
            });
            let path = KeyPath::of(steps.collect()).unwrap();
            prop_assert_eq!(path.to_string().parse::<KeyPath>(), Ok(path));
        }
    }
}
