//! What the next `helm upgrade` with the same chart and values does to a difference.
//!
//! Client-side apply merges built-in kinds three ways, which writes back whatever the manifest names, and others two
//! ways, from the old to the new manifest, which sees no live value at all (Helm: `pkg/kube/client.go`,
//! `createPatch`). Server-side apply writes what the manifest names unless another manager owns the field with
//! another value; then the API server refuses the whole object and the upgrade fails (structured-merge-diff:
//! `merge/update.go`, `Apply`). Tried cell by cell against Helm 3 and Helm 4 in `tests/testbed/upgrade.rs`.

use serde_json::Value;

use super::attributed::Attributed;
use super::attribution::is_grown_claim;
use crate::compare::additions::Addition;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::three_way::Change;
use crate::manifest::desired::{RELEASE_NAME, RELEASE_NAMESPACE};
use crate::object::Gvk;
use crate::types::TypeTable;
use crate::vocabulary::{ApplyMethod, FindingCode, NextUpgrade};

/// Who owns a field besides the manager that applies the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Another manager, or the same name by another operation.
    Others,
    /// Helm's server-side apply alone.
    Helm,
    /// Nobody.
    Nobody,
}

/// What happens to one difference on its own.
pub(super) fn predict(method: ApplyMethod, gvk: &Gvk, change: &Change, claim: Claim) -> NextUpgrade {
    if matches!(change.code, FindingCode::Pruned | FindingCode::MutatedAtAdmission) {
        // Written and changed or dropped again, every time.
        return NextUpgrade::Keep;
    }
    match method {
        // An applied set that no longer names a field gives it up.
        ApplyMethod::Ssa if change.desired.is_none() && claim == Claim::Helm => NextUpgrade::Revert,
        ApplyMethod::Ssa | ApplyMethod::Csa if change.desired.is_none() => NextUpgrade::Keep,
        ApplyMethod::Ssa if claim == Claim::Others => NextUpgrade::Conflict,
        ApplyMethod::Ssa => NextUpgrade::Revert,
        // The API server never lets a claim shrink.
        ApplyMethod::Csa if is_grown_claim(gvk, change) => NextUpgrade::Conflict,
        ApplyMethod::Csa if is_merged_three_ways(gvk) || is_stamp(&change.path) => NextUpgrade::Revert,
        ApplyMethod::Csa => NextUpgrade::Keep,
    }
}

/// What happens to something that the manifest does not name.
pub(super) fn of_addition(method: ApplyMethod, gvk: &Gvk, addition: &Addition<'_>) -> NextUpgrade {
    match method {
        // To name a part is to claim the whole.
        ApplyMethod::Ssa if addition.in_whole => NextUpgrade::Conflict,
        ApplyMethod::Csa if is_replaced(gvk, &addition.path) => NextUpgrade::Revert,
        ApplyMethod::Ssa | ApplyMethod::Csa => NextUpgrade::Keep,
    }
}

/// Whether a place is in an object that a strategic merge replaces instead of merging it: the only one of the patch
/// strategy `replace` is a budget's selector (k8s.io/api: `policy/v1/types.go`, `PodDisruptionBudgetSpec`).
fn is_replaced(gvk: &Gvk, path: &FieldPath) -> bool {
    gvk.kind == "PodDisruptionBudget"
        && gvk.api_version == "policy/v1"
        && path.segments().len() > 2
        && path.keys().take(2).eq(["spec", "selector"])
}

/// What the differences of one object do to each other.
///
/// What somebody replaced is something that is gone and something that was added; the merge restores the first beside
/// the second or in its place. An object that the API server refuses is not written at all, so that nothing of it is
/// reverted either.
pub(super) fn settle(method: ApplyMethod, attributed: &mut [Attributed]) {
    for removed in 0..attributed.len() {
        for added in 0..attributed.len() {
            let restored = attributed[removed].next_upgrade == NextUpgrade::Revert;
            match meet(method, &attributed[removed], &attributed[added]).filter(|_| restored) {
                Some(Meeting::Replaced) => attributed[added].next_upgrade = NextUpgrade::Revert,
                Some(Meeting::Refused) => attributed[removed].next_upgrade = NextUpgrade::Conflict,
                None => {}
            }
        }
    }
    let is_refused = attributed
        .iter()
        .any(|found| found.next_upgrade == NextUpgrade::Conflict);
    if is_refused && method == ApplyMethod::Ssa {
        for found in attributed {
            if found.next_upgrade == NextUpgrade::Revert {
                found.next_upgrade = NextUpgrade::Conflict;
            }
        }
    }
}

/// What comes of something restored where somebody put something else.
enum Meeting {
    /// The other goes.
    Replaced,
    /// The API server does not take both.
    Refused,
}

fn meet(method: ApplyMethod, removed: &Attributed, added: &Attributed) -> Option<Meeting> {
    let (Some(asked), None) = (&removed.change.desired, &removed.change.live) else {
        return None;
    };
    let (None, Some(found)) = (&added.change.desired, &added.change.live) else {
        return None;
    };
    let (gone, place) = removed.change.path.segments().split_last()?;
    let (come, other) = added.change.path.segments().split_last()?;
    if place != other {
        return None;
    }
    if let (Segment::Key(gone), Segment::Key(come)) = (gone, come) {
        return alternatives(method, place, gone, come);
    }
    // Ports: a strategic merge knows them by their numbers, and two of one name are refused, as are two without a
    // name in a Service (Kubernetes: `pkg/apis/core/validation`, `ValidateService` and `validateContainerPorts`).
    let is_same = number_of(&removed.change.path)? == number_of(&added.change.path)?;
    let (asked, found) = (asked.get("name"), found.get("name"));
    let is_service = place.len() == 2;
    match (method, is_same) {
        (ApplyMethod::Csa, true) => Some(Meeting::Replaced),
        (ApplyMethod::Ssa, true) | (ApplyMethod::Ssa | ApplyMethod::Csa, false) => {
            (asked == found && (is_service || asked.is_some())).then_some(Meeting::Refused)
        }
    }
}

/// Fields of which an object has one (Kubernetes: `pkg/apis/core/validation` and `pkg/apis/policy/validation`).
const ALTERNATIVES: &[&[&str]] = &[
    &["value", "valueFrom"],
    &[
        "configMapKeyRef",
        "fieldRef",
        "fileKeyRef",
        "resourceFieldRef",
        "secretKeyRef",
    ],
    &["exec", "grpc", "httpGet", "sleep", "tcpSocket"],
    &["maxUnavailable", "minAvailable"],
];

/// What comes of one field restored beside another that excludes it. Of a volume a strategic merge keeps the kind
/// that it names (k8s.io/api: `core/v1/types.go`, the patch strategy `retainKeys` of `PodSpec.Volumes`).
fn alternatives(method: ApplyMethod, place: &[Segment], gone: &str, come: &str) -> Option<Meeting> {
    let is_volume = matches!(place, [.., Segment::Key(volumes), Segment::Match(_)] if volumes == "volumes");
    let rules_out = |fields: &&&[&str]| fields.contains(&gone) && fields.contains(&come);
    match (method, is_volume) {
        (ApplyMethod::Csa, true) => Some(Meeting::Replaced),
        (ApplyMethod::Ssa, true) => Some(Meeting::Refused),
        (ApplyMethod::Ssa | ApplyMethod::Csa, false) => {
            ALTERNATIVES.iter().find(rules_out).map(|_| Meeting::Refused)
        }
    }
}

/// The number by which a strategic merge knows the port of a Service or container.
fn number_of(path: &FieldPath) -> Option<&Value> {
    let is_any = |key: &str, keys: [&str; 2]| keys.contains(&key);
    let (keys, name) = match path.segments() {
        [Segment::Key(spec), Segment::Key(ports), Segment::Match(keys)]
            if spec == "spec" && ports == "ports" =>
        {
            (keys, "port")
        }
        [
            ..,
            Segment::Key(containers),
            Segment::Match(_),
            Segment::Key(ports),
            Segment::Match(keys),
        ] if is_any(containers, ["containers", "initContainers"]) && ports == "ports" => {
            (keys, "containerPort")
        }
        _ => return None,
    };
    keys.iter().find(|(key, _)| key == name).map(|(_, value)| value)
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

    /// Method, kind, code, desired, live and owner → what happens.
    #[test]
    fn what_happens_depends_on_method_kind_and_owner() {
        use ApplyMethod::{Csa, Ssa};
        use FindingCode::{Changed, Lingering, MutatedAtAdmission, Pruned, Removed};
        use NextUpgrade::{Conflict, Keep, Revert};
        let built_in = Gvk::new("apps/v1", "Deployment");
        let definition = Gvk::new("apiextensions.k8s.io/v1", "CustomResourceDefinition");
        let service = Gvk::new("apiregistration.k8s.io/v1", "APIService");
        let custom = Gvk::new("example.com/v1", "Widget");
        let (one, two) = (Some(json!(1)), Some(json!(2)));
        for (method, gvk, code, desired, live, claim, expected) in [
            (Csa, &built_in, Changed, &one, &two, Claim::Others, Revert),
            (Csa, &built_in, Removed, &one, &None, Claim::Nobody, Revert),
            (Csa, &definition, Changed, &one, &two, Claim::Others, Revert),
            (Csa, &service, Changed, &one, &two, Claim::Others, Keep),
            (Csa, &custom, Changed, &one, &two, Claim::Others, Keep),
            (Csa, &custom, Removed, &one, &None, Claim::Nobody, Keep),
            (Csa, &built_in, Lingering, &None, &two, Claim::Helm, Keep),
            (Csa, &built_in, MutatedAtAdmission, &one, &two, Claim::Helm, Keep),
            (Ssa, &built_in, Changed, &one, &two, Claim::Others, Conflict),
            (Ssa, &custom, Changed, &one, &two, Claim::Others, Conflict),
            (Ssa, &custom, Changed, &one, &two, Claim::Helm, Revert),
            (Ssa, &built_in, Removed, &one, &None, Claim::Nobody, Revert),
            // Part of a value that somebody else owns as a whole.
            (Ssa, &built_in, Removed, &one, &None, Claim::Others, Conflict),
            (Ssa, &built_in, Lingering, &None, &two, Claim::Others, Keep),
            (Ssa, &built_in, Lingering, &None, &two, Claim::Helm, Revert),
            (Ssa, &built_in, Pruned, &one, &None, Claim::Helm, Keep),
        ] {
            let change = change(code, desired.clone(), live.clone());
            assert_eq!(
                predict(method, gvk, &change, claim),
                expected,
                "{method} {gvk} {code} {claim:?}"
            );
        }
    }

    /// The API server refuses to shrink a claim, whoever grew it: the upgrade fails.
    #[test]
    fn a_claim_that_a_person_grew_fails_the_upgrade() {
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
            predict(ApplyMethod::Csa, &claim, &grown, Claim::Others),
            NextUpgrade::Conflict
        );
    }
}
