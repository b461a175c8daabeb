//! The prediction of what the next `helm upgrade` with the same chart and values does to a difference.
//!
//! Client-side apply merges built-in kinds three ways, which writes back every field that the manifest names, and
//! others two ways, from the old to the new manifest, which sees no live value at all (Helm: `pkg/kube/client.go`,
//! `createPatch`). Server-side apply writes the fields that the manifest names unless another manager owns one of them
//! with another value; then the API server refuses the whole object and the upgrade fails (structured-merge-diff:
//! `merge/update.go`, `Apply`). Tried cell by cell against Helm 3 and Helm 4 in `tests/testbed/upgrade`.
//!
//! `strategic_merge` knows the fields that the client's patch removes beside and the elements that it misses, and `interaction` the effects of an
//! object's differences on each other.

mod interaction;
mod strategic_merge;

use serde_json::Value;

use self::interaction::interactions;
pub(super) use self::strategic_merge::shares_merge_key;
use self::strategic_merge::{is_dropped, is_reached};
use super::attributed::Attributed;
use super::known_fields::grows_volume_claim;
use crate::compare::additions::Addition;
use crate::compare::list_index::ListIndexes;
use crate::compare::path::FieldPath;
use crate::compare::three_way::Change;
use crate::manifest::desired::{RELEASE_NAME, RELEASE_NAMESPACE};
use crate::object::Gvk;
use crate::types::{Shape, TypeTable};
use crate::vocabulary::{ApplyMethod, FindingCode, NextUpgrade};

/// The owner of a field, as a server-side apply of the release meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldOwner {
    /// Another manager, or the same name by another operation.
    Others,
    /// Helm's server-side apply alone.
    Helm,
    /// Nobody.
    Nobody,
}

/// The next upgrade of one object to the same manifest.
#[derive(Clone, Copy)]
pub(super) struct Upgrade<'a, 'l> {
    pub(super) method: ApplyMethod,
    pub(super) gvk: &'a Gvk,
    /// The facts about the object's type.
    pub(super) shape: Option<Shape<'a>>,
    /// The object as the manifest asks for it.
    pub(super) desired: &'a Value,
    /// Where the elements of its lists are.
    pub(super) lists: &'l ListIndexes<'a>,
}

impl Upgrade<'_, '_> {
    /// The prediction for one difference on its own.
    pub(super) fn predict(&self, change: &Change, owner: FieldOwner) -> NextUpgrade {
        if matches!(change.code, FindingCode::Pruned | FindingCode::MutatedAtAdmission) {
            // Helm writes the field, and the server changes or drops it, every time.
            return NextUpgrade::Keep;
        }
        match self.method {
            // A server-side apply that no longer names a field removes it.
            ApplyMethod::Ssa if change.desired.is_none() && owner == FieldOwner::Helm => NextUpgrade::Revert,
            ApplyMethod::Csa if change.desired.is_none() && self.drops(&change.path) => NextUpgrade::Revert,
            ApplyMethod::Ssa | ApplyMethod::Csa if change.desired.is_none() => NextUpgrade::Keep,
            ApplyMethod::Ssa if owner == FieldOwner::Others => NextUpgrade::Conflict,
            ApplyMethod::Ssa => NextUpgrade::Revert,
            // The API server never lets a volume claim shrink.
            ApplyMethod::Csa if grows_volume_claim(self.gvk, change) => NextUpgrade::Conflict,
            ApplyMethod::Csa if !is_reached(self.shape, self.desired, &change.path, self.lists) => {
                NextUpgrade::Keep
            }
            ApplyMethod::Csa if is_merged_three_ways(self.gvk) || is_stamp(&change.path) => {
                NextUpgrade::Revert
            }
            ApplyMethod::Csa => NextUpgrade::Keep,
        }
    }

    /// The prediction for a field that others added and the manifest does not name.
    pub(super) fn predict_addition(&self, addition: &Addition<'_>) -> NextUpgrade {
        match self.method {
            // An apply that names a part of an atomic value takes over the whole.
            ApplyMethod::Ssa if addition.in_whole => NextUpgrade::Conflict,
            ApplyMethod::Csa if self.drops(&addition.path) => NextUpgrade::Revert,
            ApplyMethod::Ssa | ApplyMethod::Csa => NextUpgrade::Keep,
        }
    }

    /// Whether the client's patch drops a value that the manifest does not name.
    fn drops(&self, path: &FieldPath) -> bool {
        is_merged_three_ways(self.gvk) && is_dropped(self.shape, self.desired, path, self.lists)
    }

    /// Corrects the predictions for one object by the effects of its differences on each other.
    pub(super) fn apply_interactions(&self, attributed: &mut [Attributed]) {
        for (difference, prediction) in interactions(self.method, self.shape, attributed) {
            attributed[difference].next_upgrade = prediction;
        }
        let is_refused = attributed
            .iter()
            .any(|found| found.next_upgrade == NextUpgrade::Conflict);
        // The API server writes nothing of an object that it refuses, whatever the method.
        if is_refused {
            for found in attributed {
                if found.next_upgrade == NextUpgrade::Revert {
                    found.next_upgrade = NextUpgrade::Conflict;
                }
            }
        }
    }
}

/// Whether Helm knows the Go type of a kind. Its scheme has client-go's types and `CustomResourceDefinition`s, not
/// those of aggregated APIs (Helm: `pkg/kube/client.go`, `init`).
pub(super) fn is_merged_three_ways(gvk: &Gvk) -> bool {
    gvk.group() != "apiregistration.k8s.io"
        && TypeTable::builtin().kind(&gvk.api_version, &gvk.kind).is_some()
}

/// Helm adds its own annotations to the new manifest only, so that every patch has them.
fn is_stamp(path: &FieldPath) -> bool {
    let is = |name: &str| path.keys().eq(["metadata", "annotations", name]);
    is(RELEASE_NAME) || is(RELEASE_NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::work::Work;
    use serde_json::json;

    fn change(code: FindingCode, desired: Option<Value>, live: Option<Value>) -> Change {
        Change {
            code,
            path: FieldPath::root().key("spec").key("size"),
            pointer: "/spec/size".into(),
            previous: None,
            from_revision: None,
            desired,
            live,
        }
    }

    fn predict(method: ApplyMethod, gvk: &Gvk, change: &Change, owner: FieldOwner) -> NextUpgrade {
        let work = Work::of_steps(10_000);
        let upgrade = Upgrade {
            method,
            gvk,
            shape: TypeTable::builtin().kind(&gvk.api_version, &gvk.kind),
            desired: &Value::Null,
            lists: &ListIndexes::new(&work),
        };
        upgrade.predict(change, owner)
    }

    /// Method, kind, code, desired, live and owner → the prediction.
    #[test]
    fn the_prediction_depends_on_method_kind_and_owner() {
        use ApplyMethod::{Csa, Ssa};
        use FindingCode::{Changed, Lingering, MutatedAtAdmission, Pruned, Removed};
        use NextUpgrade::{Conflict, Keep, Revert};
        let built_in = Gvk::new("apps/v1", "Deployment");
        let definition = Gvk::new("apiextensions.k8s.io/v1", "CustomResourceDefinition");
        let service = Gvk::new("apiregistration.k8s.io/v1", "APIService");
        let custom = Gvk::new("example.com/v1", "Widget");
        let (one, two) = (Some(json!(1)), Some(json!(2)));
        for (method, gvk, code, desired, live, owner, expected) in [
            (Csa, &built_in, Changed, &one, &two, FieldOwner::Others, Revert),
            (Csa, &built_in, Removed, &one, &None, FieldOwner::Nobody, Revert),
            (Csa, &definition, Changed, &one, &two, FieldOwner::Others, Revert),
            (Csa, &service, Changed, &one, &two, FieldOwner::Others, Keep),
            (Csa, &custom, Changed, &one, &two, FieldOwner::Others, Keep),
            (Csa, &custom, Removed, &one, &None, FieldOwner::Nobody, Keep),
            (Csa, &built_in, Lingering, &None, &two, FieldOwner::Helm, Keep),
            (
                Csa,
                &built_in,
                MutatedAtAdmission,
                &one,
                &two,
                FieldOwner::Helm,
                Keep,
            ),
            (Ssa, &built_in, Changed, &one, &two, FieldOwner::Others, Conflict),
            (Ssa, &custom, Changed, &one, &two, FieldOwner::Others, Conflict),
            (Ssa, &custom, Changed, &one, &two, FieldOwner::Helm, Revert),
            (Ssa, &built_in, Removed, &one, &None, FieldOwner::Nobody, Revert),
            // Part of a value that somebody else owns as a whole.
            (Ssa, &built_in, Removed, &one, &None, FieldOwner::Others, Conflict),
            (Ssa, &built_in, Lingering, &None, &two, FieldOwner::Others, Keep),
            (Ssa, &built_in, Lingering, &None, &two, FieldOwner::Helm, Revert),
            (Ssa, &built_in, Pruned, &one, &None, FieldOwner::Helm, Keep),
        ] {
            let change = change(code, desired.clone(), live.clone());
            assert_eq!(
                predict(method, gvk, &change, owner),
                expected,
                "{method} {gvk} {code} {owner:?}"
            );
        }
    }

    /// The API server refuses to shrink a volume claim, so the upgrade fails.
    #[test]
    fn a_volume_claim_that_a_person_grew_fails_the_upgrade() {
        let claim = Gvk::new("v1", "PersistentVolumeClaim");
        let grown = Change {
            path: FieldPath::root()
                .key("spec")
                .key("resources")
                .key("requests")
                .key("storage"),
            ..change(FindingCode::Changed, Some(json!("1Gi")), Some(json!("2Gi")))
        };
        assert_eq!(
            predict(ApplyMethod::Csa, &claim, &grown, FieldOwner::Others),
            NextUpgrade::Conflict
        );
    }
}
