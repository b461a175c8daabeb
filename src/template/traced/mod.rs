//! Values that remember which key of the release's values they come from.

mod text;

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::key::{Gathered, Key, KeyStep, Keys};

pub(super) use text::Mark;
pub use text::{BLOCK_HOLE, HOLE, PIECE_BYTES, Piece, Text};

/// How a value or a piece of text came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It stands in the template.
    Literal,
    /// It is the value of a key: with another value there, it is that value.
    Value,
    /// It stands in for a key that is empty: with a value there, it is that value.
    Default,
    /// It was made of values, and no key can be set to what it is.
    Derived,
    /// It stands in one branch of a condition that hangs on values.
    Alternative,
    /// What it is, nobody knows: a function or a helper is not known here.
    Hole,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// How it came about.
    pub kind: Kind,
    /// The key that it shows: set to something, the value becomes that.
    pub key: Option<Key>,
    /// The keys that it hangs on otherwise.
    pub keys: Keys,
}

impl Origin {
    /// Of what stands in a template.
    pub const fn literal() -> Self {
        Self {
            kind: Kind::Literal,
            key: None,
            keys: Keys::None,
        }
    }

    /// Of the value of a key.
    pub const fn value(key: Key) -> Self {
        Self {
            kind: Kind::Value,
            key: Some(key),
            keys: Keys::None,
        }
    }

    /// Of what is computed from something that hangs on these keys; without any it is as good as literal.
    pub const fn derived(keys: Keys) -> Self {
        Self {
            kind: if keys.is_none() {
                Kind::Literal
            } else {
                Kind::Derived
            },
            key: None,
            keys,
        }
    }

    /// Of what is not known and hangs on these keys.
    pub const fn hole(keys: Keys) -> Self {
        Self {
            kind: Kind::Hole,
            key: None,
            keys,
        }
    }

    /// The same, hanging on more keys.
    #[must_use]
    pub fn hanging_on(mut self, keys: &Keys) -> Self {
        self.keys = self.keys.and(keys);
        self
    }

    /// All keys that it hangs on, the one that it shows among them.
    pub fn all_keys(&self) -> Keys {
        match &self.key {
            Some(key) => self.keys.and_one(key),
            None => self.keys.clone(),
        }
    }
}

/// A map, as templates have it: whoever holds it sees what others set in it.
#[derive(Debug, Clone, Default)]
pub struct Map(Rc<Entries>);

#[derive(Debug, Default)]
struct Entries {
    of_map: RefCell<BTreeMap<Rc<str>, Traced>>,
    /// The keys that decide what is set in it: whatever it has and has not hangs on them.
    chosen_by: RefCell<Keys>,
    /// The tree that it is a part of; `None` for a map that a template made.
    tree: Option<Tree>,
}

/// What the maps of one tree of values have in common.
#[derive(Debug, Clone, Default)]
pub struct Tree(Rc<Cell<bool>>);

impl Tree {
    /// Whether a template changed one of the maps.
    pub(super) fn is_changed(&self) -> bool {
        self.0.get()
    }

    /// Forgets about changes.
    pub(super) fn reset(&self) {
        self.0.set(false);
    }
}

/// One map after the other, as a template may make maps within maps without end.
impl Drop for Entries {
    fn drop(&mut self) {
        let mut left: Vec<Traced> = std::mem::take(self.of_map.get_mut()).into_values().collect();
        while let Some(Traced { value, .. }) = left.pop() {
            match value {
                Value::Map(map) => {
                    if let Some(mut entries) = Rc::into_inner(map.0) {
                        left.extend(std::mem::take(entries.of_map.get_mut()).into_values());
                    }
                }
                Value::List(items) => left.extend(Rc::into_inner(items).into_iter().flatten()),
                Value::Nil
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Text(_)
                | Value::Native(_)
                | Value::Unknown => {}
            }
        }
    }
}

impl Map {
    /// A map that is a part of a tree.
    pub(super) fn of_tree(entries: BTreeMap<Rc<str>, Traced>, tree: &Tree) -> Self {
        Self(Rc::new(Entries {
            of_map: RefCell::new(entries),
            chosen_by: RefCell::default(),
            tree: Some(tree.clone()),
        }))
    }

    /// The entries, sorted by name as templates go through them.
    pub fn entries(&self) -> Ref<'_, BTreeMap<Rc<str>, Traced>> {
        self.0.of_map.borrow()
    }

    /// The entries, to be changed. No entries may be held at the same time.
    pub fn entries_mut(&self) -> RefMut<'_, BTreeMap<Rc<str>, Traced>> {
        if let Some(tree) = &self.0.tree {
            tree.0.set(true);
        }
        self.0.of_map.borrow_mut()
    }

    /// The entry of a name.
    pub fn get(&self, name: &str) -> Option<Traced> {
        self.0.of_map.borrow().get(name).cloned()
    }

    /// Whether it is a part of what Helm gives to templates.
    pub(super) fn is_of_tree(&self) -> bool {
        self.0.tree.is_some()
    }

    /// The keys that decide what is set in it.
    pub(super) fn chosen_by(&self) -> Keys {
        self.0.chosen_by.borrow().clone()
    }

    /// Lets what is set in it hang on more keys, for all who hold it. What Helm gives has keys of its own. Returns whether
    /// that is news.
    pub(super) fn choose_by(&self, keys: &Keys) -> bool {
        let before = self.chosen_by();
        let now = before.and(keys);
        let is_news = !self.is_of_tree() && now != before;
        if is_news {
            *self.0.chosen_by.borrow_mut() = now;
        }
        is_news
    }

    /// Whether both are the same map, and not only alike.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl FromIterator<(Rc<str>, Traced)> for Map {
    fn from_iter<I: IntoIterator<Item = (Rc<str>, Traced)>>(entries: I) -> Self {
        Self(Rc::new(Entries {
            of_map: RefCell::new(entries.into_iter().collect()),
            chosen_by: RefCell::default(),
            tree: None,
        }))
    }
}

/// An object of Helm with methods.
#[derive(Debug, Clone)]
pub enum Native {
    /// `.Files`, or what its `Glob` selects: files by name.
    Files(Rc<BTreeMap<Rc<str>, Rc<[u8]>>>),
    /// `.Capabilities.APIVersions`.
    ApiVersions(Arc<BTreeSet<String>>),
    /// `.Capabilities.KubeVersion`.
    KubeVersion(Rc<KubeVersion>),
}

/// A version of Kubernetes (Helm: `pkg/chart/common/capabilities.go`).
#[derive(Debug)]
pub struct KubeVersion {
    /// All of it, such as `v1.33.4`.
    pub version: String,
    /// The first number.
    pub major: String,
    /// The second number.
    pub minor: String,
}

/// How deep and how far the keys of what a value holds are looked for, before they are no longer told apart.
const MAX_LEVELS_WALKED: usize = 64;
const MAX_VALUES_WALKED: usize = 10_000;

/// A value in a template.
#[derive(Debug, Clone)]
pub enum Value {
    /// Go's nil: what a map does not have, and null.
    Nil,
    /// A truth value.
    Bool(bool),
    /// An integer: a number in a template, or what `int` and arithmetic make. Numbers of values are floats, as in Helm.
    Int(i64),
    /// A number of values.
    Float(f64),
    /// A text.
    Text(Rc<Text>),
    /// A list.
    List(Rc<Vec<Traced>>),
    /// A map.
    Map(Map),
    /// An object of Helm.
    Native(Native),
    /// What nobody knows.
    Unknown,
}

/// A value with its origin. Texts have origins of their own: there, `origin` is that of the whole text.
#[derive(Debug, Clone)]
pub struct Traced {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

impl Traced {
    /// A value that stands in a template.
    pub const fn literal(value: Value) -> Self {
        Self {
            value,
            origin: Origin::literal(),
        }
    }

    /// Nil that stands in a template.
    pub const fn nil() -> Self {
        Self::literal(Value::Nil)
    }

    /// A value that is computed from others.
    pub fn derived(value: Value, from: &[Self]) -> Self {
        let keys = Self::keys_of(from);
        match value {
            Value::Text(text) => Self::text(Text::of(text.as_str(), Origin::derived(keys))),
            value => Self {
                value,
                origin: Origin::derived(keys),
            },
        }
    }

    /// A text computed from others.
    pub fn derived_text(text: impl Into<String>, from: &[Self]) -> Self {
        Self::derived(Value::Text(Rc::new(Text::literal(text))), from)
    }

    /// What is not known and hangs on others.
    pub fn unknown(from: &[Self]) -> Self {
        let keys = Self::keys_of(from);
        Self {
            value: Value::Unknown,
            origin: Origin::hole(keys),
        }
    }

    /// A text with its pieces. One that is nothing but a hole is not known.
    pub fn text(text: Text) -> Self {
        let origin = text.origin();
        let value = if origin.kind == Kind::Hole && text.as_str().chars().eq([HOLE]) {
            Value::Unknown
        } else {
            Value::Text(Rc::new(text))
        };
        Self { value, origin }
    }

    /// Values as Helm gives them to a template, each with its key.
    pub fn of_values(value: &serde_json::Value, key: &Key, tree: &Tree) -> Self {
        let origin = Origin::value(key.clone());
        let value = match value {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
            serde_json::Value::String(text) => Value::Text(Rc::new(Text::of(text.as_str(), origin.clone()))),
            serde_json::Value::Array(items) => Value::List(Rc::new(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| Self::of_values(item, &key.join(KeyStep::Index(index)), tree))
                    .collect(),
            )),
            serde_json::Value::Object(fields) => {
                let entries = fields.iter().map(|(name, value)| {
                    let name: Rc<str> = name.as_str().into();
                    let value = Self::of_values(value, &key.join(KeyStep::Name(Rc::clone(&name))), tree);
                    (name, value)
                });
                Value::Map(Map::of_tree(entries.collect(), tree))
            }
        };
        Self { value, origin }
    }

    /// Data of the chart, such as its metadata, which no key changes.
    pub fn of_data(value: &serde_json::Value, tree: &Tree) -> Self {
        Self::literal(match value {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
            serde_json::Value::String(text) => Value::Text(Rc::new(Text::literal(text.as_str()))),
            serde_json::Value::Array(items) => Value::List(Rc::new(
                items.iter().map(|item| Self::of_data(item, tree)).collect(),
            )),
            serde_json::Value::Object(fields) => {
                let entries = fields
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), Self::of_data(value, tree)));
                Value::Map(Map::of_tree(entries.collect(), tree))
            }
        })
    }

    /// Whether it is a map that is a part of what Helm gives to templates.
    pub(super) fn is_of_tree(&self) -> bool {
        matches!(&self.value, Value::Map(map) if map.is_of_tree())
    }

    /// What is in it at the end of a chain of names, if there is something.
    pub(super) fn at(&self, names: &[Rc<str>]) -> Option<Self> {
        let mut found = self.clone();
        for name in names {
            let Value::Map(map) = &found.value else {
                return None;
            };
            found = map.get(name)?;
        }
        Some(found)
    }

    /// The keys that decide what a list or a map holds, and what it does not.
    pub(super) fn chosen_by(&self) -> Keys {
        match &self.value {
            Value::Map(map) => self.origin.keys.and(&map.chosen_by()),
            _ => self.origin.keys.clone(),
        }
    }

    /// The same, with the key that it shows.
    pub(super) fn chosen_by_all(&self) -> Keys {
        match &self.origin.key {
            Some(key) => self.chosen_by().and_one(key),
            None => self.chosen_by(),
        }
    }

    /// All keys that it hangs on, those of what it holds among them.
    ///
    /// The values of a key hang on that key, whatever they hold.
    pub fn keys(&self) -> Keys {
        Self::keys_of(std::slice::from_ref(self))
    }

    /// All keys that several values hang on.
    pub fn keys_of(values: &[Self]) -> Keys {
        let mut keys = Gathered::default();
        let mut left = MAX_VALUES_WALKED;
        for value in values {
            value.gather(&mut keys, MAX_LEVELS_WALKED, &mut left);
        }
        keys.finish()
    }

    /// Gathers the keys of so many levels and values. A map may hold itself.
    fn gather(&self, keys: &mut Gathered, levels: usize, left: &mut usize) {
        if let Value::Text(text) = &self.value {
            keys.add_all(&text.keys());
        }
        keys.add_all(&self.origin.keys);
        self.origin.key.iter().for_each(|key| keys.add(key));
        if self.origin.key.is_some() {
            return;
        }
        match &self.value {
            Value::List(items) => Self::gather_all(keys, items.iter(), levels, left),
            Value::Map(map) => {
                keys.add_all(&map.chosen_by());
                Self::gather_all(keys, map.entries().values(), levels, left);
            }
            Value::Nil
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Native(_)
            | Value::Unknown => {}
        }
    }

    fn gather_all<'a>(
        keys: &mut Gathered,
        of: impl Iterator<Item = &'a Self>,
        levels: usize,
        left: &mut usize,
    ) {
        for value in of {
            if keys.are_many() {
                return;
            }
            let (Some(levels), Some(now_left)) = (levels.checked_sub(1), left.checked_sub(1)) else {
                return keys.add_all(&Keys::Many);
            };
            *left = now_left;
            value.gather(keys, levels, left);
        }
    }

    /// Whether it is not known, or is a text with a part that is not.
    pub fn has_hole(&self) -> bool {
        match &self.value {
            Value::Unknown => true,
            Value::Text(text) => text.has_hole(),
            Value::Nil
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Native(_) => false,
        }
    }

    /// Go's truth (`text/template`, `IsTrue`); `None` where it is not known.
    pub fn truth(&self) -> Option<bool> {
        match &self.value {
            Value::Nil => Some(false),
            Value::Bool(value) => Some(*value),
            Value::Int(value) => Some(*value != 0),
            Value::Float(value) => Some(*value != 0.0),
            Value::Text(text) if text.has_hole() => {
                // With characters around the hole, it is filled whatever the hole is.
                (text.as_str().chars().count() > 1).then_some(true)
            }
            Value::Text(text) => Some(!text.as_str().is_empty()),
            Value::List(items) => Some(!items.is_empty()),
            Value::Map(map) => Some(!map.entries().is_empty()),
            Value::Native(Native::Files(files)) => Some(!files.is_empty()),
            Value::Native(Native::ApiVersions(_) | Native::KubeVersion(_)) => Some(true),
            Value::Unknown => None,
        }
    }
}
