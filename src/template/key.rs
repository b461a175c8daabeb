//! Places in a chart's values, and sets of them.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// One step into values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyStep {
    /// A name in a map.
    Name(Rc<str>),
    /// A position in a list.
    Index(usize),
}

/// A place in the values of a release: the path of the value that `-f` or `--set` would set.
///
/// Its last step is kept with the place that it starts from, so that places of one tree share what they have in common.
#[derive(Clone, Default)]
pub struct Key(Option<Rc<Place>>);

struct Place {
    parent: Key,
    step: KeyStep,
}

/// One place after the other, as a template may make a key of any length.
impl Drop for Place {
    fn drop(&mut self) {
        let mut next = self.parent.0.take();
        while let Some(mut place) = next.and_then(Rc::into_inner) {
            next = place.parent.0.take();
        }
    }
}

impl Key {
    /// All the values.
    pub const fn root() -> Self {
        Self(None)
    }

    /// The place under a name.
    #[must_use]
    pub fn name(&self, name: &str) -> Self {
        self.join(KeyStep::Name(name.into()))
    }

    /// The place one step further.
    #[must_use]
    pub fn join(&self, step: KeyStep) -> Self {
        Self(Some(Rc::new(Place {
            parent: self.clone(),
            step,
        })))
    }

    /// The place that the last step starts from; `None` at the root.
    pub fn parent(&self) -> Option<&Self> {
        self.0.as_deref().map(|place| &place.parent)
    }

    /// The last step; `None` at the root.
    pub fn last(&self) -> Option<&KeyStep> {
        self.0.as_deref().map(|place| &place.step)
    }

    /// Whether it is all the values.
    pub const fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// The steps from the root.
    pub fn steps(&self) -> Vec<&KeyStep> {
        let mut steps = Vec::new();
        let mut place = self.0.as_deref();
        while let Some(Place { parent, step }) = place {
            steps.push(step);
            place = parent.0.as_deref();
        }
        steps.reverse();
        steps
    }

    /// Whether one of the two places is the other or lies inside it.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.steps()
            .iter()
            .zip(other.steps())
            .all(|(own, other)| *own == other)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let (mut own, mut other) = (self, other);
        loop {
            match (&own.0, &other.0) {
                (None, None) => return true,
                (None, Some(_)) | (Some(_), None) => return false,
                (Some(own_place), Some(other_place)) => {
                    if Rc::ptr_eq(own_place, other_place) {
                        return true;
                    }
                    if own_place.step != other_place.step {
                        return false;
                    }
                    (own, other) = (&own_place.parent, &other_place.parent);
                }
            }
        }
    }
}

impl Eq for Key {}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some(own), Some(other)) = (&self.0, &other.0)
            && Rc::ptr_eq(own, other)
        {
            return Ordering::Equal;
        }
        self.steps().cmp(&other.steps())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.steps().hash(state);
    }
}

/// The key as `--set` writes it: `web.ports[0].name`, with `\` before what would end a name.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps().into_iter().enumerate() {
            match step {
                KeyStep::Name(name) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    for character in name.chars() {
                        if matches!(character, '.' | ',' | '=' | '[' | ']' | '\\' | '{' | '}') {
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

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// How many keys a text may hang on before they are no longer told apart.
const MAX_KEYS: usize = 64;

/// The keys that a value hangs on without showing them, such as that of a condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Keys {
    /// None.
    #[default]
    None,
    /// These.
    Some(Rc<BTreeSet<Key>>),
    /// More than are told apart.
    Many,
}

impl Keys {
    /// One key alone.
    pub fn one(key: Key) -> Self {
        Self::Some(Rc::new(BTreeSet::from([key])))
    }

    /// Whether there is none.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Those of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::None, keys) | (keys, Self::None) => keys.clone(),
            (Self::Many, Self::Some(_) | Self::Many) | (Self::Some(_), Self::Many) => Self::Many,
            (Self::Some(own), Self::Some(other)) => {
                if Rc::ptr_eq(own, other) || other.is_subset(own) {
                    return self.clone();
                }
                let keys: BTreeSet<Key> = own.union(other).cloned().collect();
                if keys.len() > MAX_KEYS {
                    Self::Many
                } else {
                    Self::Some(Rc::new(keys))
                }
            }
        }
    }

    /// The keys that are told apart.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        let keys = match self {
            Self::Some(keys) => Some(keys.iter()),
            Self::None | Self::Many => None,
        };
        keys.into_iter().flatten()
    }
}
