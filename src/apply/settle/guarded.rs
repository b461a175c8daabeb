//! Objects that may change in a few ways only: claims, Pods, Jobs, address ranges, and what is being deleted.
//!
//! Kubernetes: `pkg/apis/core/validation/validation.go`, `ValidatePersistentVolumeClaimUpdate`, `ValidatePodUpdate`,
//! `ValidatePersistentVolumeUpdate`; `pkg/apis/batch/validation/validation.go`, `validateCompletions`,
//! `validatePodTemplateUpdate`; `pkg/apis/networking/validation/validation.go`, `ValidateServiceCIDRUpdate`; apimachinery:
//! `pkg/api/validation/objectmeta.go`, `ValidateObjectMetaUpdate`.

use std::collections::HashSet;

use serde_json::Value;

use super::super::Refusal;
use super::values::{at, changed_fields, same};
use crate::compare::path::FieldPath;
use crate::compare::quantity::Quantity;
use crate::object::Gvk;

/// What the rules of a kind make of an update.
pub(super) enum Verdict {
    /// It is refused.
    Refused(Refusal),
    /// Whether it is refused depends on what is not known here.
    Unknown(&'static str),
}

/// What the rules of a kind say.
type Checked = Result<(), Verdict>;

/// Holds an update to the rules of its kind.
pub(super) fn check(gvk: &Gvk, live: &Value, merged: &Value) -> Checked {
    finalizers(live, merged)?;
    match (gvk.group(), gvk.kind.as_str()) {
        ("", "PersistentVolumeClaim") => claim(live, merged),
        ("", "PersistentVolume") => volume(live, merged),
        ("", "Pod") => pod(live, merged),
        ("batch", "Job") => job(live, merged),
        ("", "ResourceQuota") => scopes(live, merged),
        ("networking.k8s.io", "ServiceCIDR") => ranges(live, merged),
        _ => Ok(()),
    }
}

fn refuse(keys: &[&str], rule: &'static str) -> Checked {
    let path = keys.iter().fold(FieldPath::root(), |path, key| path.key(key));
    Err(Verdict::Refused(Refusal {
        path,
        rule: rule.into(),
        others: 0,
    }))
}

fn unknown(reason: &'static str) -> Checked {
    Err(Verdict::Unknown(reason))
}

/// Whether a list has only what another one has.
fn is_within(items: &[Value], others: &[Value]) -> bool {
    let known: HashSet<String> = others.iter().map(Value::to_string).collect();
    items.iter().all(|item| known.contains(&item.to_string()))
}

fn finalizers(live: &Value, merged: &Value) -> Checked {
    const PLACE: [&str; 2] = ["metadata", "finalizers"];
    let list = |object: &Value| {
        let finalizers = at(object, &PLACE).and_then(Value::as_array);
        finalizers.cloned().unwrap_or_default()
    };
    if at(live, &["metadata", "deletionTimestamp"]).is_some() && !is_within(&list(merged), &list(live)) {
        return refuse(&PLACE, "an object that is being deleted gets no new finalizers");
    }
    Ok(())
}

const CLAIM: &str = "the API server lets only the size and the attributes class of a bound claim change";

fn claim(live: &Value, merged: &Value) -> Checked {
    const SIZE: [&str; 4] = ["spec", "resources", "requests", "storage"];
    let is_bound = at(live, &["status", "phase"]).and_then(Value::as_str) == Some("Bound");
    let (was, is) = (at(live, &["spec"]), at(merged, &["spec"]));
    for field in changed_fields(was, is) {
        let value = |spec: Option<&Value>| spec.and_then(|spec| spec.get(field)).cloned();
        match field {
            // Bound once, by whoever binds it.
            "volumeName" if at(live, &["spec", "volumeName"]).is_none() => {}
            // The class that a claim never had may be given to it.
            "storageClassName" if at(live, &["spec", "storageClassName"]).is_none() => {
                return unknown("the API server takes a class for a claim without one only in some cases");
            }
            "volumeAttributesClassName" if is_bound => {
                if value(is).is_none() && at(live, &["status", "currentVolumeAttributesClassName"]).is_some()
                {
                    return refuse(
                        &["spec", "volumeAttributesClassName"],
                        "the API server does not let a claim lose its attributes class",
                    );
                }
            }
            "resources" if is_bound => {
                let rest = |spec: Option<&Value>| {
                    let mut resources = spec.and_then(|spec| spec.get("resources")).cloned();
                    if let Some(requests) = resources
                        .as_mut()
                        .and_then(|resources| resources.get_mut("requests"))
                        .and_then(Value::as_object_mut)
                    {
                        requests.remove("storage");
                    }
                    resources
                };
                if !same(rest(was).as_ref(), rest(is).as_ref()) {
                    return refuse(&["spec", "resources"], CLAIM);
                }
                size(at(live, &SIZE), at(merged, &SIZE), live)?;
            }
            "resources" => return refuse(&SIZE, "the API server lets only the size of a bound claim change"),
            _ => return refuse(&["spec", field], CLAIM),
        }
    }
    Ok(())
}

/// A claim grows where its class allows it, and shrinks only while the volume has not grown yet.
fn size(was: Option<&Value>, is: Option<&Value>, live: &Value) -> Checked {
    const PLACE: [&str; 4] = ["spec", "resources", "requests", "storage"];
    let amount = |value: Option<&Value>| value.and_then(Quantity::from_value);
    let capacity = amount(at(live, &["status", "capacity", "storage"]));
    match (amount(was), amount(is)) {
        (Some(was), Some(is)) if is < was => {
            if capacity.is_some_and(|capacity| is <= capacity) {
                refuse(&PLACE, "the API server does not let a claim shrink")
            } else {
                unknown("older API servers let no claim shrink")
            }
        }
        (Some(was), Some(is)) if is > was => {
            unknown("whether the storage class lets claims grow is not known")
        }
        (Some(_), Some(_)) => Ok(()),
        _ => refuse(&PLACE, "a claim has to have a size"),
    }
}

fn volume(live: &Value, merged: &Value) -> Checked {
    const AFFINITY: [&str; 2] = ["spec", "nodeAffinity"];
    if at(live, &AFFINITY).is_some() && !same(at(live, &AFFINITY), at(merged, &AFFINITY)) {
        return unknown("the API server lets the nodes of a volume change only in some cases");
    }
    Ok(())
}

const POD: &str =
    "of a Pod the API server lets only images, tolerations, scheduling gates and the deadline change";

fn pod(live: &Value, merged: &Value) -> Checked {
    let (was, is) = (at(live, &["spec"]), at(merged, &["spec"]));
    for field in changed_fields(was, is) {
        let list = |spec: Option<&Value>| {
            let value = spec.and_then(|spec| spec.get(field));
            value.and_then(Value::as_array).cloned().unwrap_or_default()
        };
        match field {
            "containers" | "initContainers" => {
                let without_images = |spec| {
                    let mut containers = list(spec);
                    for container in containers.iter_mut().filter_map(Value::as_object_mut) {
                        container.remove("image");
                    }
                    Value::from(containers)
                };
                if !same(Some(&without_images(was)), Some(&without_images(is))) {
                    return refuse(&["spec", field], POD);
                }
            }
            "tolerations" => {
                // How long is free.
                let lasting = |spec| {
                    let mut tolerations = list(spec);
                    for toleration in tolerations.iter_mut().filter_map(Value::as_object_mut) {
                        toleration.remove("tolerationSeconds");
                    }
                    tolerations
                };
                if !is_within(&lasting(was), &lasting(is)) {
                    return refuse(
                        &["spec", field],
                        "the API server only lets a Pod get further tolerations",
                    );
                }
            }
            "schedulingGates" => {
                if !is_within(&list(is), &list(was)) {
                    return refuse(
                        &["spec", field],
                        "the API server only lets a Pod lose scheduling gates",
                    );
                }
            }
            "activeDeadlineSeconds" => {
                let seconds =
                    |spec: Option<&Value>| spec.and_then(|spec| spec.get(field)).and_then(Value::as_i64);
                let is_allowed = match (seconds(was), seconds(is)) {
                    (None, _) => true,
                    (Some(was), Some(is)) => is <= was,
                    (Some(_), None) => false,
                };
                if !is_allowed {
                    return refuse(
                        &["spec", field],
                        "the API server only lets a Pod's deadline shrink",
                    );
                }
            }
            "terminationGracePeriodSeconds" | "nodeSelector" | "affinity" if is_gated(live) => {
                return unknown("of a Pod that waits to be scheduled the API server lets some of it change");
            }
            _ => return refuse(&["spec", field], POD),
        }
    }
    Ok(())
}

fn is_gated(live: &Value) -> bool {
    let gates = at(live, &["spec", "schedulingGates"]).and_then(Value::as_array);
    gates.is_some_and(|gates| !gates.is_empty())
}

fn job(live: &Value, merged: &Value) -> Checked {
    const TEMPLATE: [&str; 2] = ["spec", "template"];
    const COMPLETIONS: [&str; 2] = ["spec", "completions"];
    if at(live, &["spec", "suspend"]) == Some(&Value::Bool(true))
        && !same(at(live, &TEMPLATE), at(merged, &TEMPLATE))
    {
        return unknown(
            "of a suspended Job the API server lets the labels and the scheduling fields of the template change, and refuses any other \
             change, with which the upgrade fails",
        );
    }
    let is_indexed = at(merged, &["spec", "completionMode"]).and_then(Value::as_str) == Some("Indexed");
    let (was, is) = (at(live, &COMPLETIONS), at(merged, &COMPLETIONS));
    if is_indexed && !same(was, is) && !same(is, at(merged, &["spec", "parallelism"])) {
        return refuse(
            &COMPLETIONS,
            "the completions of an indexed Job change only together with its parallelism",
        );
    }
    Ok(())
}

fn ranges(live: &Value, merged: &Value) -> Checked {
    const PLACE: [&str; 2] = ["spec", "cidrs"];
    let list = |object: &Value| {
        at(object, &PLACE)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let (was, is) = (list(live), list(merged));
    if was != is && !(was.len() == 1 && is.len() == 2 && was.first() == is.first()) {
        return refuse(
            &PLACE,
            "the API server does not let the ranges of Service addresses change",
        );
    }
    Ok(())
}

fn scopes(live: &Value, merged: &Value) -> Checked {
    const PLACE: [&str; 2] = ["spec", "scopes"];
    let sorted = |object: &Value| {
        let scopes = at(object, &PLACE).and_then(Value::as_array);
        let mut scopes: Vec<String> = scopes.into_iter().flatten().map(Value::to_string).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    };
    if sorted(live) == sorted(merged) {
        return Ok(());
    }
    refuse(&PLACE, "the API server does not let the scopes of a quota change")
}
