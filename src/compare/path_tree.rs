//! Known places of an object, and whether another one is among them, around one of them or inside of one.

use std::collections::HashMap;

use super::path::{FieldPath, Segment};

/// The places, as a tree of their steps.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    /// Whether the root of this tree is one of the places.
    is_place: bool,
    /// What is below the root; in each of these trees there is a place.
    below: HashMap<Segment, PathTree>,
}

impl PathTree {
    /// Adds a place.
    pub(crate) fn insert(&mut self, path: &FieldPath) {
        let mut node = self;
        for segment in path.segments() {
            node = node.below.entry(segment.clone()).or_default();
        }
        node.is_place = true;
    }

    /// Whether the path is one of the places, or lies inside one.
    pub(crate) fn is_around(&self, path: &FieldPath) -> bool {
        self.towards(path).is_some_and(|tree| tree.is_place)
    }

    /// Whether the path is one of the places, or lies inside one, or has one inside it.
    pub(crate) fn overlaps(&self, path: &FieldPath) -> bool {
        self.towards(path)
            .is_some_and(|tree| tree.is_place || !tree.below.is_empty())
    }

    /// The first place on the way to a path, or the tree at its end; `None` where no place is near the path.
    fn towards(&self, path: &FieldPath) -> Option<&Self> {
        let mut node = self;
        for segment in path.segments() {
            if node.is_place {
                break;
            }
            node = node.below.get(segment)?;
        }
        Some(node)
    }
}

impl<'p> FromIterator<&'p FieldPath> for PathTree {
    fn from_iter<I: IntoIterator<Item = &'p FieldPath>>(paths: I) -> Self {
        let mut tree = Self::default();
        paths.into_iter().for_each(|path| tree.insert(path));
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path() -> impl Strategy<Value = FieldPath> {
        let step = prop_oneof![
            "[ab]".prop_map(Segment::Key),
            (0_usize..2).prop_map(Segment::Index)
        ];
        prop::collection::vec(step, 0..4).prop_map(|steps| steps.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_tree_knows_what_its_places_know(places in prop::collection::vec(path(), 0..6), other in path()) {
            let tree: PathTree = places.iter().collect();
            let overlaps = places.iter().any(|place| place.overlaps(&other));
            prop_assert_eq!(tree.overlaps(&other), overlaps, "{:?} {}", places, other);
        }
    }
}
