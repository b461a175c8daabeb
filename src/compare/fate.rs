//! What becomes of a place that differs, by a later version of the object.
//!
//! The later version may be spelled otherwise than both, so values are the same where the server could not tell them apart
//! ([`is_satisfied_at`], in both directions). A place in a list that has no keys is not the same place in another version:
//! there the whole list decides.

use serde_json::Value;

use super::diff::is_satisfied_at;
use super::list_index::ListIndexes;
use super::lookup::{is_ambiguous, value_at};
use super::path::{FieldPath, Segment};
use super::shapes::shape_at;
use super::three_way::Change;
use crate::types::Shape;

/// What becomes of a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate<'v> {
    /// It stays as it lives.
    AsLive,
    /// It becomes as desired.
    AsDesired,
    /// It becomes neither: this value, or nothing.
    Other(Option<&'v Value>),
    /// The list that it is in becomes neither.
    Unclear,
}

/// One object in three versions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fates<'v, 'l> {
    /// As it should be.
    pub(crate) desired: &'v Value,
    /// As it is.
    pub(crate) live: &'v Value,
    /// As it will be.
    pub(crate) after: &'v Value,
    /// The facts about its type.
    pub(crate) shape: Option<Shape<'v>>,
    /// Where the elements of its lists are.
    pub(crate) lists: &'l ListIndexes<'v>,
}

impl<'v> Fates<'v, '_> {
    /// What becomes of the place of a difference.
    pub(crate) fn of(&self, change: &Change) -> Fate<'v> {
        let path = &change.path;
        let at = |object, path: &FieldPath| value_at(object, path, self.shape, self.lists);
        // Elements that share their keys are one place, and a position is another place in each version.
        let is_place = at(self.live, path) == present(change.live.as_ref())
            && (change.desired.is_none() || at(self.desired, path) == present(change.desired.as_ref()));
        let is_by_position = |segment: &Segment| matches!(segment, Segment::Index(_));
        let has_keys = is_place && !path.segments().iter().any(is_by_position);
        if has_keys && !is_ambiguous(self.after, path, self.shape, self.lists) {
            let after = at(self.after, path);
            return self.compared(
                path,
                change.desired.as_ref(),
                change.live.as_ref(),
                after,
                Fate::Other(after),
            );
        }
        let is_in_list = |segment: &Segment| !matches!(segment, Segment::Key(_));
        let steps = path.segments().iter();
        let list: FieldPath = steps
            .take_while(|segment| !is_in_list(segment))
            .cloned()
            .collect();
        self.compared(
            &list,
            at(self.desired, &list),
            at(self.live, &list),
            at(self.after, &list),
            Fate::Unclear,
        )
    }

    fn compared(
        &self,
        path: &FieldPath,
        desired: Option<&Value>,
        live: Option<&Value>,
        after: Option<&Value>,
        otherwise: Fate<'v>,
    ) -> Fate<'v> {
        let shape = shape_at(self.shape, path);
        let holds =
            |one: &Value, other: &Value| is_satisfied_at(path, one, Some(other), shape, self.lists.work());
        // Whether the server could not tell two values apart.
        let is_same = |one: Option<&Value>, other: Option<&Value>| match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => one == other || holds(one, other) && holds(other, one),
            (Some(_), None) | (None, Some(_)) => false,
        };
        let (desired, live) = (present(desired), present(live));
        if is_same(live, after) {
            Fate::AsLive
        } else if is_same(desired, after)
            || desired.is_some_and(|desired| is_satisfied_at(path, desired, after, shape, self.lists.work()))
        {
            Fate::AsDesired
        } else {
            otherwise
        }
    }
}

/// A value, unless it is none.
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::work::Work;
    use crate::types::TypeTable;
    use crate::vocabulary::FindingCode;
    use serde_json::json;

    fn fate(path: FieldPath, desired: &Value, live: &Value, after: &Value) -> String {
        let shape = TypeTable::builtin().kind("v1", "Pod");
        let work = Work::of_steps(100_000);
        let lists = ListIndexes::new(&work);
        let value = |object| value_at(object, &path, shape, &lists).cloned();
        let change = Change {
            code: FindingCode::Changed,
            pointer: String::new(),
            previous: None,
            desired: value(desired),
            live: value(live),
            from_revision: None,
            path,
        };
        let fates = Fates {
            desired,
            live,
            after,
            shape,
            lists: &lists,
        };
        match fates.of(&change) {
            Fate::AsLive => "as it lives".to_owned(),
            Fate::AsDesired => "as desired".to_owned(),
            Fate::Other(value) => value.map_or("gone".to_owned(), Value::to_string),
            Fate::Unclear => "unclear".to_owned(),
        }
    }

    fn container(name: &str) -> FieldPath {
        FieldPath::root()
            .key("spec")
            .key("containers")
            .join(Segment::Match(vec![("name".into(), json!(name))]))
    }

    #[test]
    fn a_field_is_followed_through_reordered_lists_and_other_spellings() {
        let pod = |cpu: &str| json!({"spec": {"containers": [{"name": "app", "resources": {"limits": {"cpu": cpu}}}, {"name": "side"}]}});
        let reordered = |cpu: &str| json!({"spec": {"containers": [{"name": "side"}, {"name": "app", "resources": {"limits": {"cpu": cpu}}}]}});
        let cpu = container("app").key("resources").key("limits").key("cpu");
        for (after, expected) in [
            ("2", "as desired"),
            ("2000m", "as desired"),
            ("500m", "as it lives"),
            ("0.5", "as it lives"),
            ("3", "\"3\""),
        ] {
            assert_eq!(
                fate(cpu.clone(), &pod("2"), &pod("500m"), &reordered(after)),
                expected
            );
        }
        let gone = json!({"spec": {"containers": [{"name": "side"}]}});
        assert_eq!(fate(cpu, &pod("2"), &pod("500m"), &gone), "gone");
    }

    /// Regression: that a list in another order stays was said of every write.
    #[test]
    fn an_order_that_means_something_is_followed() {
        let pod =
            |names: [&str; 2]| json!({"spec": {"initContainers": names.map(|name| json!({"name": name}))}});
        let list = FieldPath::root().key("spec").key("initContainers");
        for (after, expected) in [(["a", "b"], "as desired"), (["b", "a"], "as it lives")] {
            assert_eq!(
                fate(list.clone(), &pod(["a", "b"]), &pod(["b", "a"]), &pod(after)),
                expected
            );
        }
    }

    #[test]
    fn a_position_is_decided_by_its_list() {
        let pod = |args: Value| json!({"spec": {"containers": [{"name": "app", "args": args}]}});
        let second = container("app").key("args").join(Segment::Index(1));
        let (desired, live) = (pod(json!(["a", "b"])), pod(json!(["a", "x"])));
        for (after, expected) in [
            (json!(["a", "b"]), "as desired"),
            (json!(["a", "x"]), "as it lives"),
            (json!(["a"]), "unclear"),
        ] {
            assert_eq!(fate(second.clone(), &desired, &live, &pod(after)), expected);
        }
    }
}
