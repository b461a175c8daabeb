//! The manifests under `deploy/` grant what a scan does and nothing more.
//!
//! driftline only ever sends GET, so the only verbs are `get` and `list`, but for `patch` in the component that turns dry
//! runs on. The rules are listed in two places,
//! because a Role cannot refer to a `ClusterRole`'s rules without somebody who may create one; they must not part.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

const CLUSTER: [&str; 6] = [
    "cluster/reader.yaml",
    "cluster/records.yaml",
    "cluster/discovery.yaml",
    "cluster/namespaced.yaml",
    "cluster/cluster-scoped.yaml",
    "cluster/custom-resources.yaml",
];

const NAMESPACE: [&str; 3] = [
    "namespace/role.yaml",
    "namespace/rolebinding.yaml",
    "namespace/custom-resources.yaml",
];

/// What only the cluster-wide form grants, of kinds that have a namespace or are custom.
const NOT_IN_A_ROLE: [(&str, &str); 4] = [
    // Kubernetes' own `admin` role lacks it, so a namespace's admin could not grant it.
    ("", "podtemplates"),
    // They are listed in all namespaces.
    ("helm.cattle.io", "helmcharts"),
    // These have no namespace.
    ("cert-manager.io", "clusterissuers"),
    ("gateway.networking.k8s.io", "gatewayclasses"),
];

fn documents(file: &str) -> Vec<Value> {
    let path = format!("{}/deploy/rbac/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rules(file: &str) -> Vec<Value> {
    documents(file)
        .iter()
        .filter_map(|document| document["rules"].as_array().cloned())
        .flatten()
        .collect()
}

fn strings<'a>(rule: &'a Value, field: &str) -> Vec<&'a str> {
    rule[field]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Group and resource of everything that files grant.
fn resources(files: &[&str]) -> BTreeSet<(String, String)> {
    let mut granted = BTreeSet::new();
    for rule in files.iter().flat_map(|file| rules(file)) {
        for group in strings(&rule, "apiGroups") {
            for resource in strings(&rule, "resources") {
                granted.insert((group.to_owned(), resource.to_owned()));
            }
        }
    }
    granted
}

#[test]
fn the_memory_is_the_only_object_that_the_overlays_let_the_job_write() {
    let rules = rules("state/role.yaml");
    assert_eq!(rules.len(), 1);
    let rule = &rules[0];
    assert_eq!(strings(rule, "verbs"), ["get", "patch"]);
    assert_eq!(strings(rule, "resources"), ["configmaps"]);
    let names = strings(rule, "resourceNames");
    assert_eq!(documents("state/configmap.yaml")[0]["metadata"]["name"], names[0]);
    let settings = include_str!("../../deploy/base/config.yaml");
    assert!(settings.contains(&format!("  configmap: {}\n", names[0])));
}

/// Each shard has a Pod and a memory, and the job may write these alone.
#[test]
fn the_sharded_overlay_has_as_many_pods_and_memories_as_shards() {
    let overlay = &documents("../overlays/sharded/kustomization.yaml")[0];
    let patches: Vec<Vec<Value>> = overlay["patches"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|patch| serde_saphyr::from_str(patch["patch"].as_str().unwrap()).ok())
        .collect();
    let value = |path: &str| -> Vec<&Value> {
        let steps = patches.iter().flatten().filter(|step| step["op"] != "test");
        steps
            .filter(|step| step["path"].as_str().unwrap().ends_with(path))
            .map(|step| &step["value"])
            .collect()
    };
    let states = documents("../overlays/sharded/states.yaml");
    let names: Vec<&str> = states
        .iter()
        .map(|state| state["metadata"]["name"].as_str().unwrap())
        .collect();
    let shards = names.len();
    assert_eq!(value("/completionMode"), ["Indexed"]);
    assert_eq!(value("/completions"), [shards]);
    assert_eq!(value("/parallelism"), [shards]);
    assert_eq!(
        value("/args/-"),
        [
            &*format!("--shard=$(JOB_COMPLETION_INDEX)/{shards}"),
            "--state=configmap:driftline-state-$(JOB_COMPLETION_INDEX)"
        ]
    );
    // What `driftline merge` reads.
    assert_eq!(
        value("/containers/0/env"),
        [&serde_json::json!([{"name": "DRIFTLINE_OUTPUT", "value": "json"}])]
    );
    let expected: Vec<String> = (0..shards)
        .map(|index| format!("driftline-state-{index}"))
        .collect();
    assert_eq!(names, expected);
    assert_eq!(
        *value("/resourceNames")[0],
        *serde_json::to_value(&expected).as_ref().unwrap()
    );
}

#[test]
fn rules_only_read_and_name_what_they_read() {
    for file in CLUSTER.iter().chain(&NAMESPACE) {
        for rule in rules(file) {
            let verbs = strings(&rule, "verbs");
            let expected: &[&str] = if rule["nonResourceURLs"].is_null() {
                &["get", "list"]
            } else {
                &["get"]
            };
            assert_eq!(verbs, expected, "{file}: {rule}");
            for name in strings(&rule, "apiGroups")
                .iter()
                .chain(&strings(&rule, "resources"))
            {
                assert!(!name.contains(['*', '/']), "{file}: {rule}");
            }
        }
    }
}

/// Rights to write lie in one file, which no overlay has but the one that is named after it.
#[test]
fn only_the_confirming_component_grants_patch_and_only_on_what_is_read() {
    let confirm = ["../components/confirm/role.yaml"];
    for rule in rules(confirm[0]) {
        assert_eq!(strings(&rule, "verbs"), ["patch"], "{rule}");
    }
    let (patched, read) = (resources(&confirm), resources(&CLUSTER));
    assert!(patched.is_subset(&read), "{:?}", patched.difference(&read));
    let dangerous = [
        "secrets",
        "serviceaccounts",
        "clusterroles",
        "roles",
        "rolebindings",
    ];
    assert!(
        !patched
            .iter()
            .any(|(_, name)| name.contains('*') || dangerous.contains(&name.as_str()))
    );
    for overlay in ["cluster", "namespaced", "orphans", "confirmed", "sharded"] {
        let kustomization = &documents(&format!("../overlays/{overlay}/kustomization.yaml"))[0];
        let components = strings(kustomization, "components");
        assert_eq!(
            components.contains(&"../../components/confirm"),
            overlay == "confirmed",
            "{overlay}"
        );
    }
    let role = &documents(confirm[0])[0];
    assert_eq!(
        role["metadata"]["labels"]["driftline/aggregate-to-reader"],
        "true"
    );
}

/// Looking for orphans is an argument of the job and no right.
#[test]
fn the_orphans_component_grants_nothing() {
    let component = &documents("../components/orphans/kustomization.yaml")[0];
    assert!(component["resources"].is_null());
    let patch = component["patches"][0]["patch"].as_str().unwrap();
    assert!(patch.contains("value: --orphans"), "{patch}");
    let overlay = &documents("../overlays/orphans/kustomization.yaml")[0];
    assert_eq!(strings(overlay, "components"), ["../../components/orphans"]);
}

#[test]
fn both_forms_grant_the_same_on_what_is_in_a_namespace() {
    let mut cluster = resources(&[
        "cluster/records.yaml",
        "cluster/namespaced.yaml",
        "cluster/custom-resources.yaml",
    ]);
    for (group, resource) in NOT_IN_A_ROLE {
        assert!(
            cluster.remove(&(group.to_owned(), resource.to_owned())),
            "{resource} is not granted at all"
        );
    }
    assert_eq!(resources(&NAMESPACE), cluster);
}

#[test]
fn everything_a_cluster_role_grants_reaches_the_one_that_is_bound() {
    let mut roles: Vec<Value> = CLUSTER.iter().flat_map(|file| documents(file)).collect();
    roles.retain(|document| document["kind"] == "ClusterRole");
    let (bound, parts): (Vec<_>, Vec<_>) = roles
        .into_iter()
        .partition(|role| !role["aggregationRule"].is_null());
    let [bound] = bound.as_slice() else {
        panic!("one role aggregates the others, found {}", bound.len());
    };
    let selector = &bound["aggregationRule"]["clusterRoleSelectors"][0]["matchLabels"];
    assert!(selector.is_object());
    for part in &parts {
        assert_eq!(
            &part["metadata"]["labels"], selector,
            "{}",
            part["metadata"]["name"]
        );
    }
}
