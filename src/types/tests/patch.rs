//! The patch strategies and merge keys of the table, against the tags in k8s.io/api.

use std::collections::BTreeMap;

use super::at;
use crate::types::{ListKind, PatchStrategy, Shape, TypeTable};

/// Every field with a strategy, once for each type that has it, as `strategy`, or `strategy by key`.
fn strategies(table: &TypeTable) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for object in &table.types {
        for (_, node) in &object.fields {
            let shape = table.shape(*node);
            if shape.patch_strategy().is_some() {
                *counts.entry(in_words(shape)).or_default() += 1;
            }
        }
    }
    counts
}

fn in_words(shape: Shape<'_>) -> String {
    let strategy = match shape.patch_strategy() {
        None => "none",
        Some(PatchStrategy::Merge) => "merge",
        Some(PatchStrategy::Replace) => "replace",
        Some(PatchStrategy::RetainKeys) => "retainKeys",
        Some(PatchStrategy::MergeRetainKeys) => "merge,retainKeys",
    };
    match shape.patch_merge_key() {
        Some(key) => format!("{strategy} by {key}"),
        None => strategy.to_owned(),
    }
}

/// The numbers of `tools/typefacts/regenerate --dump | grep -o 'patch [a-z].*'`.
#[test]
fn every_strategy_of_the_embedded_table() {
    let expected = [
        ("merge", 2),
        ("merge by containerPort", 4),
        ("merge by devicePath", 4),
        ("merge by ip", 2),
        ("merge by mountPath", 4),
        ("merge by name", 34),
        ("merge by port", 1),
        ("merge by rule", 2),
        ("merge by topologyKey", 2),
        ("merge by uid", 1),
        ("merge,retainKeys by name", 6),
        ("replace", 1),
        ("retainKeys", 4),
    ];
    let expected = BTreeMap::from(expected.map(|(strategy, count)| (strategy.to_owned(), count)));
    assert_eq!(strategies(TypeTable::builtin()), expected);
}

#[test]
fn strategies_and_merge_keys_of_single_fields() {
    let pod = "apps/v1 Deployment";
    for (kind, path, expected) in [
        ("v1 Pod", "metadata/finalizers", "merge"),
        ("v1 Pod", "metadata/ownerReferences", "merge by uid"),
        ("v1 Pod", "metadata/labels", "none"),
        ("apps/v1 Deployment", "spec/strategy", "retainKeys"),
        ("apps/v1beta1 Deployment", "spec/strategy", "retainKeys"),
        ("extensions/v1beta1 Deployment", "spec/strategy", "retainKeys"),
        ("apps/v1 StatefulSet", "spec/updateStrategy", "none"),
        ("policy/v1 PodDisruptionBudget", "spec/selector", "replace"),
        ("policy/v1beta1 PodDisruptionBudget", "spec/selector", "none"),
        ("v1 Service", "spec/ports", "merge by port"),
        ("v1 Service", "spec/selector", "none"),
        (pod, "spec/template/spec/volumes", "merge,retainKeys by name"),
        (
            pod,
            "spec/template/spec/resourceClaims",
            "merge,retainKeys by name",
        ),
        (pod, "spec/template/spec/hostAliases", "merge by ip"),
        (pod, "spec/template/spec/tolerations", "none"),
        (
            pod,
            "spec/template/spec/topologySpreadConstraints",
            "merge by topologyKey",
        ),
        (
            pod,
            "spec/template/spec/initContainers/*/ports",
            "merge by containerPort",
        ),
        (
            pod,
            "spec/template/spec/containers/*/volumeMounts",
            "merge by mountPath",
        ),
        (
            pod,
            "spec/template/spec/containers/*/volumeDevices",
            "merge by devicePath",
        ),
        // A list has the strategy, not its elements.
        (pod, "spec/template/spec/volumes/*", "none"),
        ("v1 ServiceAccount", "secrets", "merge by name"),
        ("v1 ServiceAccount", "imagePullSecrets", "none"),
        ("v1 Node", "spec/podCIDRs", "merge"),
        (
            "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
            "webhooks",
            "merge by name",
        ),
    ] {
        let (api_version, name) = kind.split_once(' ').unwrap();
        let shape = at(TypeTable::builtin(), api_version, name, path).unwrap();
        assert_eq!(in_words(shape), expected, "{kind} {path}");
    }
}

/// The keys of a list go to the last detail, the merge key may not.
#[test]
fn merge_keys_may_be_coarser_than_keys() {
    let ports = at(TypeTable::builtin(), "v1", "Service", "spec/ports").unwrap();
    assert_eq!(
        ports.list(),
        ListKind::Map(&["port".to_owned(), "protocol".to_owned()])
    );
    assert_eq!(ports.patch_merge_key(), Some("port"));
}

/// JSON merge patches know no strategies, in metadata neither.
#[test]
fn custom_resources_have_no_strategies() {
    for document in [
        &include_bytes!("../../../tests/data/openapi/crd.json")[..],
        include_bytes!("../../../tests/data/openapi/go-types.json"),
    ] {
        let table = TypeTable::from_openapi_v3(document).unwrap();
        assert_eq!(strategies(&table), BTreeMap::new());
    }
}
