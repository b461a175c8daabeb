//! The steps from an object to the value that a walk looks at.
//!
//! A trail lives on the call stack, because paths and pointers cost more than the values that they lead to: a walk
//! builds them only for the values that it reports.

use serde_json::Value;

use super::keyed::ElementKeys;
use super::path::{FieldPath, Segment, push_token};

/// The steps so far.
#[derive(Clone, Copy)]
pub(super) enum Trail<'a> {
    /// The object itself.
    Root,
    /// A field of an object.
    Key(&'a Trail<'a>, &'a str),
    /// An element of an atomic list.
    Index(&'a Trail<'a>, usize),
    /// An element that is known by its keys, and its position in the live list if it is there.
    Match(&'a Trail<'a>, &'a ElementKeys<'a>, Option<usize>),
    /// A member of a set, and its position in the live list if it is there.
    Member(&'a Trail<'a>, &'a Value, Option<usize>),
}

impl Trail<'_> {
    /// The same place as a path.
    pub(super) fn path(&self) -> FieldPath {
        let mut steps: Vec<Segment> = self.steps().filter_map(Self::segment).collect();
        steps.reverse();
        steps.into_iter().collect()
    }

    /// The same place in the live object as an RFC 6901 pointer; ends in `-` for a list element that is not there.
    pub(super) fn pointer(&self) -> String {
        let steps: Vec<&Self> = self.steps().collect();
        let mut pointer = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Self::Root => {}
                Self::Key(_, key) => push_token(&mut pointer, key),
                Self::Index(_, index) | Self::Match(_, _, Some(index)) | Self::Member(_, _, Some(index)) => {
                    push_token(&mut pointer, &index.to_string());
                }
                Self::Match(_, _, None) | Self::Member(_, _, None) => push_token(&mut pointer, "-"),
            }
        }
        pointer
    }

    /// This step and those before it, back to the object itself.
    fn steps(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |step| match step {
            Self::Root => None,
            Self::Key(parent, _)
            | Self::Index(parent, _)
            | Self::Match(parent, _, _)
            | Self::Member(parent, _, _) => Some(*parent),
        })
    }

    /// The last step, as a path has it.
    fn segment(&self) -> Option<Segment> {
        match self {
            Self::Root => None,
            Self::Key(_, key) => Some(Segment::Key((*key).to_owned())),
            Self::Index(_, index) => Some(Segment::Index(*index)),
            Self::Match(_, keys, _) => Some(keys.to_segment()),
            Self::Member(_, value, _) => Some(Segment::Member((*value).clone())),
        }
    }

    /// Whether these keys lead here from the object itself, with no list in between.
    pub(super) fn is_at(&self, keys: &[&str]) -> bool {
        match (self, keys) {
            (Self::Root, []) => true,
            (Self::Key(parent, key), [outer @ .., last]) => key == last && parent.is_at(outer),
            _ => false,
        }
    }

    /// Whether this is a field of an object that is reached by these keys, wherever they begin.
    pub(super) fn is_field_of(&self, keys: &[&str]) -> bool {
        match self {
            Self::Key(parent, _) => parent.ends_with(keys),
            Self::Root | Self::Index(..) | Self::Match(..) | Self::Member(..) => false,
        }
    }

    fn ends_with(&self, keys: &[&str]) -> bool {
        match (self, keys) {
            (_, []) => true,
            (Self::Key(parent, key), [outer @ .., last]) => key == last && parent.ends_with(outer),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_trail_names_its_place_in_both_notations() {
        let (port, finalizer) = (json!({"containerPort": 80}), json!("a/b"));
        let names = ["containerPort".to_owned(), "protocol".to_owned()];
        let keys = ElementKeys::of(&port, &names, None);
        let spec = Trail::Key(&Trail::Root, "spec");
        let ports = Trail::Key(&spec, "a/b");
        for (trail, path, pointer) in [
            (Trail::Root, "/", ""),
            (spec, "/spec", "/spec"),
            (Trail::Index(&spec, 3), "/spec[3]", "/spec/3"),
            (
                Trail::Match(&ports, &keys, Some(1)),
                "/spec[\"a/b\"][containerPort=80,protocol=null]",
                "/spec/a~1b/1",
            ),
            (
                Trail::Match(&spec, &keys, None),
                "/spec[containerPort=80,protocol=null]",
                "/spec/-",
            ),
            (
                Trail::Member(&spec, &finalizer, Some(2)),
                "/spec[=a/b]",
                "/spec/2",
            ),
            (Trail::Member(&spec, &finalizer, None), "/spec[=a/b]", "/spec/-"),
        ] {
            assert_eq!(
                (trail.path().to_string().as_str(), trail.pointer().as_str()),
                (path, pointer)
            );
        }
    }

    #[test]
    fn places_are_known_by_their_keys() {
        let spec = Trail::Key(&Trail::Root, "spec");
        let element = Trail::Index(&spec, 0);
        let limits = Trail::Key(&element, "limits");
        let cpu = Trail::Key(&limits, "cpu");
        assert!(Trail::Root.is_at(&[]) && spec.is_at(&["spec"]));
        assert!(!spec.is_at(&[]) && !spec.is_at(&["a", "spec"]) && !element.is_at(&["spec"]));
        assert!(!limits.is_at(&["spec", "limits"]), "a list is in between");
        assert!(cpu.is_field_of(&["limits"]) && spec.is_field_of(&[]));
        assert!(!cpu.is_field_of(&["cpu"]) && !cpu.is_field_of(&["spec", "limits"]));
        assert!(!element.is_field_of(&["spec"]), "an element is no field");
    }
}
