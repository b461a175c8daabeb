//! The values that a strategic merge patch removes because the manifest does not name them.
//!
//! Most fields that others add stay. Two patch strategies of Go types remove them (apimachinery:
//! `pkg/util/strategicpatch`, `handleMapDiff` and `diffMaps`): `replace` writes an object as a whole, `retainKeys`
//! lists the fields that may stay in it.

use serde_json::Value;

use crate::compare::lookup::value_at;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::shapes::step;
use crate::types::{PatchStrategy, Shape};

/// The shape at the end of a path.
pub(super) fn shape_of<'a>(root: Option<Shape<'a>>, path: &[Segment]) -> Option<Shape<'a>> {
    path.iter().fold(root, step)
}

/// Whether the patch drops a value that the manifest does not name: because it replaces an object around the value, or
/// because it keeps only the fields of that object that the manifest names.
pub(super) fn is_dropped(root: Option<Shape<'_>>, desired: &Value, path: &FieldPath) -> bool {
    let segments = path.segments();
    let is_named = |depth: usize| value_at(desired, &path.prefix(depth), root).is_some();
    (1..segments.len()).any(|depth| {
        let around = &segments[..depth];
        if is_replaced(root, around) {
            is_named(depth)
        } else {
            retains_keys(root, around) && is_named(depth) && !is_named(depth + 1)
        }
    })
}

/// Whether the patch replaces an object instead of merging it.
fn is_replaced(root: Option<Shape<'_>>, object: &[Segment]) -> bool {
    strategy(root, object) == Some(PatchStrategy::Replace)
}

/// Whether the patch keeps of an object only the fields that the manifest names.
pub(super) fn retains_keys(root: Option<Shape<'_>>, object: &[Segment]) -> bool {
    match object.split_last() {
        // The strategy of a list is that of its elements.
        Some((Segment::Match(_), list)) => strategy(root, list) == Some(PatchStrategy::MergeRetainKeys),
        Some((Segment::Key(_) | Segment::Index(_) | Segment::Member(_), _)) | None => {
            strategy(root, object) == Some(PatchStrategy::RetainKeys)
        }
    }
}

/// The patch strategy at a place.
fn strategy(root: Option<Shape<'_>>, path: &[Segment]) -> Option<PatchStrategy> {
    shape_of(root, path)?.patch_strategy()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

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
            assert_eq!(
                is_dropped(shape, &desired, path),
                expected,
                "{api_version} {kind} {path} {desired}"
            );
        }
    }
}
