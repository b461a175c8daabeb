//! The values that a strategic merge patch removes because the manifest does not name them, and the list elements that
//! it cannot tell apart.
//!
//! Most fields that others add stay. Two patch strategies of Go types remove them (apimachinery:
//! `pkg/util/strategicpatch`, `handleMapDiff` and `diffMaps`): `replace` writes an object as a whole, `retainKeys`
//! lists the fields that may stay in it.
//!
//! The patch knows the elements of a list by one merge key, and the API server may know them by more: of a Service's
//! ports `port`, and `port` with `protocol`. Elements that share the merge key are one element to the patch, which
//! cannot add the second of them and may write a field of one into another.

use std::cell::LazyCell;

use serde_json::Value;

use crate::compare::list_index::ListIndexes;
use crate::compare::lookup::values_along;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::shapes::step;
use crate::types::{PatchStrategy, Shape};

/// The shape at the end of a path.
pub(super) fn shape_of<'a>(root: Option<Shape<'a>>, path: &[Segment]) -> Option<Shape<'a>> {
    path.iter().fold(root, step)
}

/// Whether the patch drops a value that the manifest does not name: because it replaces an object around the value, or
/// because it keeps only the fields of that object that the manifest names.
pub(super) fn is_dropped<'v>(
    root: Option<Shape<'_>>,
    desired: &'v Value,
    path: &FieldPath,
    lists: &ListIndexes<'v>,
) -> bool {
    let segments = path.segments();
    let shapes = shapes_along(root, segments);
    // Hardly any type has a strategy that asks for these.
    let named = LazyCell::new(|| values_along(desired, path, root, lists));
    let is_named = |depth: usize| named.get(depth).is_some_and(|value| !value.is_null());
    (1..segments.len()).any(|depth| {
        if is_replaced(&shapes, depth) {
            is_named(depth)
        } else {
            retains(&shapes, segments, depth) && is_named(depth) && !is_named(depth + 1)
        }
    })
}

/// Whether a list on the way to a place has several elements with the merge key of the one that the way leads through.
pub(in crate::classify) fn shares_merge_key<'v>(
    root: Option<Shape<'_>>,
    object: &'v Value,
    path: &FieldPath,
    lists: &ListIndexes<'v>,
) -> bool {
    merge_groups(root, object, path, lists)
        .iter()
        .any(|group| group.first_two.len() > 1)
}

/// Whether the patch reaches every list element on the way to a place. Of the elements that share their merge key it
/// reaches the first in the manifest.
pub(super) fn is_reached<'v>(
    root: Option<Shape<'_>>,
    desired: &'v Value,
    path: &FieldPath,
    lists: &ListIndexes<'v>,
) -> bool {
    merge_groups(root, desired, path, lists).iter().all(|group| {
        let first = group.first_two.first();
        first
            .zip(group.own)
            .is_none_or(|(first, own)| std::ptr::eq(*first, own))
    })
}

/// The elements of one list that are one element to a strategic merge.
struct MergeGroup<'v> {
    /// The element on the way to the place, if the list has it.
    own: Option<&'v Value>,
    /// The first two of the elements.
    first_two: Vec<&'v Value>,
}

/// The elements of an object that are one to a strategic merge with an element on the way to a place, list by list.
fn merge_groups<'v>(
    root: Option<Shape<'_>>,
    object: &'v Value,
    path: &FieldPath,
    lists: &ListIndexes<'v>,
) -> Vec<MergeGroup<'v>> {
    let segments = path.segments();
    if !segments
        .iter()
        .any(|segment| matches!(segment, Segment::Match(_)))
    {
        return Vec::new();
    }
    let shapes = shapes_along(root, segments);
    let values = values_along(object, path, root, lists);
    let groups = segments.iter().enumerate().filter_map(|(steps, segment)| {
        let Segment::Match(keys) = segment else {
            return None;
        };
        let merge_key = shapes.get(steps).copied().flatten()?.patch_merge_key()?;
        let value = key_value(keys, merge_key)?;
        let list: &'v Vec<Value> = values.get(steps).copied()?.as_array()?;
        let first_two = lists.first_two_with_field(list, merge_key, value);
        Some(MergeGroup {
            own: values.get(steps + 1).copied().filter(|own| !own.is_null()),
            first_two: first_two.into_iter().map(|position| &list[position]).collect(),
        })
    });
    groups.collect()
}

/// The shapes on the way to a path: for each number of steps one.
fn shapes_along<'a>(root: Option<Shape<'a>>, path: &[Segment]) -> Vec<Option<Shape<'a>>> {
    let further = path.iter().scan(root, |shape, segment| {
        *shape = step(*shape, segment);
        Some(*shape)
    });
    std::iter::once(root).chain(further).collect()
}

/// The value of the merge key among the keys of an element.
pub(super) fn key_value<'k>(keys: &'k [(String, Value)], merge_key: &str) -> Option<&'k Value> {
    keys.iter()
        .find(|(key, _)| key == merge_key)
        .map(|(_, value)| value)
}

/// Whether the patch replaces the object after so many steps instead of merging it.
fn is_replaced(shapes: &[Option<Shape<'_>>], depth: usize) -> bool {
    strategy(shapes, depth) == Some(PatchStrategy::Replace)
}

/// Whether the patch keeps of the object after so many steps only the fields that the manifest names.
fn retains(shapes: &[Option<Shape<'_>>], segments: &[Segment], depth: usize) -> bool {
    match depth
        .checked_sub(1)
        .and_then(|last| Some((last, segments.get(last)?)))
    {
        // The strategy of a list is that of its elements.
        Some((list, Segment::Match(_))) => strategy(shapes, list) == Some(PatchStrategy::MergeRetainKeys),
        Some((_, Segment::Key(_) | Segment::Index(_) | Segment::Member(_))) | None => {
            strategy(shapes, depth) == Some(PatchStrategy::RetainKeys)
        }
    }
}

/// Whether the patch keeps of an object only the fields that the manifest names.
pub(super) fn retains_keys(root: Option<Shape<'_>>, object: &[Segment]) -> bool {
    retains(&shapes_along(root, object), object, object.len())
}

/// The patch strategy after so many steps.
fn strategy(shapes: &[Option<Shape<'_>>], depth: usize) -> Option<PatchStrategy> {
    shapes.get(depth).copied().flatten()?.patch_strategy()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::work::Work;
    use crate::types::TypeTable;
    use serde_json::json;

    /// Ports of a Service, and a place in one → whether it shares its merge key, and whether the patch reaches it.
    #[test]
    fn of_elements_with_one_merge_key_a_patch_reaches_the_first() {
        let shape = TypeTable::builtin().kind("v1", "Service");
        let (udp, tcp) = (
            json!({"port": 53, "protocol": "UDP"}),
            json!({"port": 53, "name": "tcp"}),
        );
        let web = json!({"port": 80});
        let port = |port: u16, protocol: &str| {
            let keys = vec![("port".into(), json!(port)), ("protocol".into(), json!(protocol))];
            FieldPath::root()
                .key("spec")
                .key("ports")
                .join(Segment::Match(keys))
        };
        for (ports, path, is_shared, is_first) in [
            (json!([udp, tcp, web]), port(53, "UDP"), true, true),
            (json!([udp, tcp, web]), port(53, "TCP"), true, false),
            (json!([tcp, udp]), port(53, "TCP").key("targetPort"), true, true),
            (json!([tcp, udp]), port(53, "UDP").key("targetPort"), true, false),
            (json!([udp, tcp, web]), port(80, "TCP"), false, true),
            (json!([udp]), port(53, "TCP"), false, true),
            (
                json!([udp, tcp]),
                FieldPath::root().key("spec").key("ports"),
                false,
                true,
            ),
            (json!(null), port(53, "TCP"), false, true),
        ] {
            let object = json!({"spec": {"ports": ports}});
            let work = Work::of_steps(10_000);
            let lists = ListIndexes::new(&work);
            let found = (
                shares_merge_key(shape, &object, &path, &lists),
                is_reached(shape, &object, &path, &lists),
            );
            assert_eq!(found, (is_shared, is_first), "{path} in {object}");
        }
    }

    /// Kind, manifest, path → whether the patch drops it.
    #[test]
    fn a_patch_drops_unnamed_fields_by_its_strategy() {
        let strategy = |strategy: Value| json!({"spec": {"strategy": strategy}});
        let key = |path: &str| path.split('/').fold(FieldPath::root(), |path, key| path.key(key));
        let surge = key("spec/strategy/rollingUpdate/maxSurge");
        let budget = |selector: Value| json!({"spec": {"selector": selector}});
        let label = key("spec/selector/matchLabels/track");
        let volume = |volume: Value| json!({"spec": {"volumes": [volume]}});
        let element = |name: &str| Segment::Match(vec![("name".into(), json!(name))]);
        let source = key("spec/volumes").join(element("files")).key("emptyDir");
        let rolling = json!({"type": "RollingUpdate"});
        for (api_version, kind, desired, path, expected) in [
            ("apps/v1", "Deployment", strategy(rolling.clone()), &surge, true),
            (
                "apps/v1beta1",
                "Deployment",
                strategy(rolling.clone()),
                &surge,
                true,
            ),
            // The manifest names the field around the value, so that both stay.
            (
                "apps/v1",
                "Deployment",
                strategy(json!({"rollingUpdate": {"maxUnavailable": 0}})),
                &surge,
                false,
            ),
            // The manifest does not name the object, so that it is not in the patch.
            ("apps/v1", "Deployment", json!({"spec": {}}), &surge, false),
            // No strategy.
            ("apps/v1", "StatefulSet", strategy(rolling), &surge, false),
            (
                "policy/v1",
                "PodDisruptionBudget",
                budget(json!({"matchLabels": {"app": "web"}})),
                &label,
                true,
            ),
            (
                "policy/v1",
                "PodDisruptionBudget",
                json!({"spec": {}}),
                &label,
                false,
            ),
            (
                "policy/v1beta1",
                "PodDisruptionBudget",
                budget(json!({"matchLabels": {"app": "web"}})),
                &label,
                false,
            ),
            (
                "v1",
                "Pod",
                volume(json!({"name": "files", "secret": {"secretName": "s"}})),
                &source,
                true,
            ),
            ("v1", "Pod", volume(json!({"name": "other"})), &source, false),
        ] {
            let shape = TypeTable::builtin().kind(api_version, kind);
            let work = Work::of_steps(10_000);
            let lists = ListIndexes::new(&work);
            assert_eq!(
                is_dropped(shape, &desired, path, &lists),
                expected,
                "{api_version} {kind} {path} {desired}"
            );
        }
    }
}
