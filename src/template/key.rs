//! Places in a chart's values, and sets of them.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::rc::Rc;
use std::sync::LazyLock;

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
    /// How many steps from the root.
    depth: usize,
    /// That of all steps: keys are compared and looked up far more often than made.
    hash: u64,
}

/// Makes the hashes of keys. Names come from templates, so nobody may foresee what has the same hash.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

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
            depth: self.depth() + 1,
            hash: HASHES.hash_one((self.digest(), &step)),
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

    /// How many steps from the root.
    fn depth(&self) -> usize {
        self.0.as_deref().map_or(0, |place| place.depth)
    }

    /// The hash of all steps.
    fn digest(&self) -> u64 {
        self.0.as_deref().map_or(0, |place| place.hash)
    }

    /// The place at which so many steps end; itself if it has no more.
    fn up_to(&self, depth: usize) -> &Self {
        let mut key = self;
        while let Some(place) = key.0.as_deref().filter(|place| place.depth > depth) {
            key = &place.parent;
        }
        key
    }

    /// The steps from the root.
    pub fn steps(&self) -> Vec<&KeyStep> {
        let mut steps = Vec::new();
        let mut place = self.0.as_deref();
        while let Some(Place { parent, step, .. }) = place {
            steps.push(step);
            place = parent.0.as_deref();
        }
        steps.reverse();
        steps
    }

    /// Whether one of the two places is the other or lies inside it.
    pub fn overlaps(&self, other: &Self) -> bool {
        let depth = self.depth().min(other.depth());
        self.up_to(depth) == other.up_to(depth)
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
                    if own_place.hash != other_place.hash || own_place.step != other_place.step {
                        return false;
                    }
                    (own, other) = (&own_place.parent, &other_place.parent);
                }
            }
        }
    }
}

impl Eq for Key {}

/// By the first step that differs. It is looked for from the ends, where keys of one tree meet in a place they share.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let mut order = self.depth().cmp(&other.depth());
        let depth = self.depth().min(other.depth());
        let (mut own, mut other) = (self.up_to(depth), other.up_to(depth));
        while let (Some(own_place), Some(other_place)) = (&own.0, &other.0) {
            if Rc::ptr_eq(own_place, other_place) {
                break;
            }
            order = own_place.step.cmp(&other_place.step).then(order);
            (own, other) = (&own_place.parent, &other_place.parent);
        }
        order
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest());
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
    /// These: sorted, each once.
    Some(Rc<Vec<Key>>),
    /// More than are told apart.
    Many,
}

impl Keys {
    /// One key alone.
    pub fn one(key: Key) -> Self {
        Self::Some(Rc::new(vec![key]))
    }

    /// Whether there is none.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether both are the same without looking at the keys: others may be equal, too.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) | (Self::Many, Self::Many) => true,
            (Self::Some(own), Self::Some(other)) => Rc::ptr_eq(own, other),
            (Self::None | Self::Some(_) | Self::Many, _) => false,
        }
    }

    /// Those of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::None, keys) | (keys, Self::None) => keys.clone(),
            (Self::Many, Self::Some(_) | Self::Many) | (Self::Some(_), Self::Many) => Self::Many,
            (Self::Some(own), Self::Some(other)) => {
                if Rc::ptr_eq(own, other) || is_subset(other, own) {
                    return self.clone();
                }
                if is_subset(own, other) {
                    return Self::Some(Rc::clone(other));
                }
                let keys = union(own, other);
                if keys.len() > MAX_KEYS {
                    Self::Many
                } else {
                    Self::Some(Rc::new(keys))
                }
            }
        }
    }

    /// The same and one more.
    #[must_use]
    pub fn and_one(&self, key: &Key) -> Self {
        match self {
            Self::Some(own) if own.binary_search(key).is_ok() => self.clone(),
            Self::None | Self::Some(_) => self.and(&Self::one(key.clone())),
            Self::Many => Self::Many,
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

/// Whether all keys of one list are in another; both are sorted.
fn is_subset(part: &[Key], all: &[Key]) -> bool {
    part.len() <= all.len() && part.iter().all(|key| all.binary_search(key).is_ok())
}

/// The keys of two sorted lists, sorted.
fn union(own: &[Key], other: &[Key]) -> Vec<Key> {
    let mut keys = Vec::with_capacity(own.len() + other.len());
    let (mut own, mut other) = (own.iter().peekable(), other.iter().peekable());
    loop {
        let next = match (own.peek(), other.peek()) {
            (Some(one), Some(two)) => match one.cmp(two) {
                Ordering::Less => own.next(),
                Ordering::Greater => other.next(),
                Ordering::Equal => {
                    other.next();
                    own.next()
                }
            },
            (Some(_), None) => own.next(),
            (None, _) => other.next(),
        };
        match next {
            Some(key) => keys.push(key.clone()),
            None => return keys,
        }
    }
}

/// The keys of many values, as they are gathered one after the other.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    keys: HashSet<Key>,
    /// What was added last: neighbours often hang on the same.
    last: Keys,
    are_many: bool,
}

impl Gathered {
    /// Adds a key.
    pub(super) fn add(&mut self, key: &Key) {
        if !self.are_many && !self.keys.contains(key) {
            self.keys.insert(key.clone());
            self.are_many = self.keys.len() > MAX_KEYS;
        }
    }

    /// Adds keys.
    pub(super) fn add_all(&mut self, keys: &Keys) {
        if self.are_many || keys.is(&self.last) {
            return;
        }
        self.are_many |= matches!(keys, Keys::Many);
        for key in keys.iter() {
            self.add(key);
        }
        self.last = keys.clone();
    }

    /// Whether more keys would make no difference.
    pub(super) const fn are_many(&self) -> bool {
        self.are_many
    }

    /// All of them.
    pub(super) fn finish(self) -> Keys {
        if self.are_many {
            return Keys::Many;
        }
        if self.keys.is_empty() {
            return Keys::None;
        }
        let mut keys: Vec<Key> = self.keys.into_iter().collect();
        // Those that were added last, alone, need no list of their own.
        if let Keys::Some(last) = &self.last
            && last.len() == keys.len()
        {
            return self.last;
        }
        keys.sort_unstable();
        Keys::Some(Rc::new(keys))
    }
}
