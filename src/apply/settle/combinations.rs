//! Combinations of values that validation refuses.
//!
//! A merge can bring together what nobody ever wrote together. The rules here are those of Kubernetes'
//! `pkg/apis/*/validation/validation.go` about several values at once; each names its function. What the live object has
//! already was accepted, or is tolerated, so that only what is new in the merged one is refused.

use std::collections::HashSet;

use serde_json::Value;

use super::faults::Faults;
use super::found::Found;
use super::{core_kinds, kinds, named, pods, required};
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::Shape;

/// The combinations that the update brings about and the API server refuses, each with its place.
pub(super) fn broken(
    gvk: &Gvk,
    shape: Shape<'_>,
    live: &Value,
    merged: &Value,
    work: &Work,
) -> Vec<(FieldPath, &'static str)> {
    let faults = faults_of(gvk, shape, merged, work);
    if faults.is_empty() {
        return faults;
    }
    let tolerated: HashSet<(FieldPath, &str)> = faults_of(gvk, shape, live, work).into_iter().collect();
    let is_new = |fault: &(FieldPath, &'static str)| !tolerated.contains(fault);
    faults.into_iter().filter(is_new).collect()
}

/// What the API server refuses in an object that is created: there is no live object that had it already.
///
/// Of a custom resource only the metadata is looked at. Whatever nobody could afford to look at is taken as accepted.
pub(super) fn broken_at_creation(
    gvk: &Gvk,
    shape: Shape<'_>,
    object: &Value,
    work: &Work,
) -> Vec<(FieldPath, &'static str)> {
    let mut faults = Faults::new(work);
    named::check(gvk, &Found::root(object, Some(shape)), &mut faults);
    let mut faults = faults.into_found();
    if shape.is_builtin() {
        faults.extend(faults_of(gvk, shape, object, work));
    }
    faults
}

fn faults_of(gvk: &Gvk, shape: Shape<'_>, object: &Value, work: &Work) -> Vec<(FieldPath, &'static str)> {
    let mut faults = Faults::new(work);
    let root = Found::root(object, Some(shape));
    for rules in [of_kind(gvk.group(), &gvk.kind), pods::check, required::check] {
        rules(gvk, &root, &mut faults);
    }
    faults.into_found()
}

type Rules = fn(&Gvk, &Found<'_>, &mut Faults<'_>);

fn of_kind(group: &str, kind: &str) -> Rules {
    match (group, kind) {
        ("", "Service") => core_kinds::service,
        ("", "ConfigMap") => core_kinds::config_map,
        ("", "Secret") => core_kinds::secret,
        ("apps", "Deployment" | "DaemonSet" | "StatefulSet") => kinds::rollout,
        ("policy", "PodDisruptionBudget") => kinds::budget,
        ("autoscaling", "HorizontalPodAutoscaler") => kinds::autoscaler,
        ("networking.k8s.io", "Ingress") => kinds::ingress,
        ("rbac.authorization.k8s.io", "ClusterRole") => kinds::cluster_role,
        ("networking.k8s.io", "NetworkPolicy") => kinds::network_policy,
        ("admissionregistration.k8s.io", _) => kinds::admission,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => kinds::definition,
        ("apiregistration.k8s.io", "APIService") => kinds::api_service,
        _ => |_, _, _| {},
    }
}
