//! Single writes, as people meet them. `tests/fast/apply` holds thousands of made-up ones to apimachinery.

use serde_json::{Value, json};

use super::{Patched, is_merged_three_ways, patch};
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::object::Gvk;

/// The upgrade of an object to the manifest that it has, and what it sends and leaves.
fn upgrade(api_version: &str, kind: &str, manifest: &Value, live: &Value) -> Patched {
    write(api_version, kind, Some(manifest), manifest, live)
}

fn write(api_version: &str, kind: &str, old: Option<&Value>, new: &Value, live: &Value) -> Patched {
    let work = Work::of_steps(100_000);
    let gvk = Gvk::new(api_version, kind);
    let patched = patch(&gvk, old, new, live, &work);
    assert!(!work.is_spent());
    patched
}

/// What becomes of the object.
fn object(patched: Patched) -> Value {
    match patched {
        Patched::Sent { object, .. } => object,
        other => panic!("{other:?}"),
    }
}

fn sent(patched: Patched) -> Value {
    match patched {
        Patched::Sent { patch, .. } => patch,
        other => panic!("{other:?}"),
    }
}

fn pod_template(spec: &Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

fn containers(container: &Value) -> Value {
    pod_template(&json!({"containers": [container]}))
}

/// The server then fills its default, 1, whatever an autoscaler wanted.
#[test]
fn a_null_takes_away_the_replicas_that_an_autoscaler_set() {
    let after = upgrade(
        "apps/v1",
        "Deployment",
        &json!({"spec": {"replicas": null, "paused": true}}),
        &json!({"spec": {"replicas": 4, "paused": true}}),
    );
    assert_eq!(object(after), json!({"spec": {"paused": true}}));
}

#[test]
fn a_null_wipes_what_a_reflector_wrote() {
    let manifest = json!({"metadata": {"name": "a"}, "data": null});
    let live = json!({"metadata": {"name": "a"}, "data": {"ca.crt": "x"}});
    assert_eq!(
        object(upgrade("v1", "ConfigMap", &manifest, &live)),
        json!({"metadata": {"name": "a"}})
    );
}

#[test]
fn what_the_manifest_does_not_name_stays() {
    let manifest = json!({"spec": {"minReadySeconds": 3}});
    let live = json!({"spec": {"minReadySeconds": 3, "replicas": 4}});
    assert_eq!(
        upgrade("apps/v1", "Deployment", &manifest, &live),
        Patched::Nothing
    );
    let live = json!({"spec": {"minReadySeconds": 5, "replicas": 4}});
    assert_eq!(
        object(upgrade("apps/v1", "Deployment", &manifest, &live)),
        json!({"spec": {"minReadySeconds": 3, "replicas": 4}})
    );
}

/// Both have the key 53 to the patch, so that of two changed fields one ends in the other port.
#[test]
fn ports_of_one_number_are_one_to_the_patch() {
    let manifest = json!({"spec": {"ports": [
        {"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]}});
    let mut live = manifest.clone();
    assert_eq!(upgrade("v1", "Service", &manifest, &live), Patched::Nothing);
    live["spec"]["ports"][1]["targetPort"] = 5353.into();
    live["spec"]["ports"][1]["name"] = "changed".into();
    assert_eq!(
        object(upgrade("v1", "Service", &manifest, &live))["spec"]["ports"],
        json!([
            {"name": "dns-tcp", "port": 53, "protocol": "UDP"},
            {"name": "changed", "port": 53, "protocol": "TCP", "targetPort": 5353},
        ])
    );
}

/// The server keeps ports by number and protocol, the patch finds them by number.
#[test]
fn a_port_that_is_missing_beside_one_of_its_number_does_not_come_back() {
    let manifest = json!({"spec": {"ports": [
        {"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]}});
    let live = json!({"spec": {"ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}});
    assert_eq!(
        object(upgrade("v1", "Service", &manifest, &live))["spec"]["ports"],
        json!([{"name": "dns", "port": 53, "protocol": "UDP"}])
    );
}

#[test]
fn a_second_host_alias_of_one_address_does_not_come_back() {
    let manifest = pod_template(&json!({"hostAliases": [
        {"ip": "10.0.0.1", "hostnames": ["a"]}, {"ip": "10.0.0.1", "hostnames": ["b"]},
    ]}));
    let live = pod_template(&json!({"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]}));
    let after = object(upgrade("apps/v1", "Deployment", &manifest, &live));
    assert_eq!(
        after["spec"]["template"]["spec"]["hostAliases"],
        json!([{"ip": "10.0.0.1", "hostnames": ["a"]}])
    );
}

#[test]
fn a_constraint_that_differs_in_what_the_server_tells_it_by_is_overwritten() {
    let constraint = |when: &str| {
        pod_template(&json!({"topologySpreadConstraints": [
            {"topologyKey": "zone", "whenUnsatisfiable": when, "maxSkew": 1},
        ]}))
    };
    let (wanted, live) = (constraint("DoNotSchedule"), constraint("ScheduleAnyway"));
    assert_eq!(object(upgrade("apps/v1", "Deployment", &wanted, &live)), wanted);
}

/// Of the old list's two elements one has no partner in the new one, and the order to delete it meets both.
#[test]
fn a_variable_that_is_named_once_instead_of_twice_is_gone() {
    let twice =
        containers(&json!({"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]}));
    let once = containers(&json!({"name": "a", "env": [{"name": "X", "value": "2"}]}));
    let after = object(write("apps/v1", "Deployment", Some(&twice), &once, &twice));
    assert_eq!(
        after["spec"]["template"]["spec"]["containers"],
        json!([{"name": "a", "env": []}])
    );
}

/// Which of several equal names comes first in a long list is Go's secret; where only one of them differs, it makes no
/// difference.
#[test]
fn a_name_that_a_long_list_has_twice_is_told_of_where_its_order_means_nothing() {
    let variables = |first: &str, second: &str| -> Value {
        let others = (0..20).map(|number| json!({"name": format!("V{number}")}));
        let twins = [first, second].map(|value| json!({"name": "X", "value": value}));
        containers(&json!({"name": "a", "env": twins.into_iter().chain(others).collect::<Vec<_>>()}))
    };
    let manifest = variables("1", "2");
    let upgrade = |live: &Value| upgrade("apps/v1", "Deployment", &manifest, live);
    assert_eq!(upgrade(&manifest), Patched::Nothing);
    let after = object(upgrade(&variables("1", "3")));
    assert_eq!(
        after["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"],
        "2"
    );
    assert!(matches!(upgrade(&variables("3", "4")), Patched::Unknown(_)));
}

#[test]
fn what_the_new_manifest_drops_goes_and_what_others_added_stays() {
    let old = containers(&json!({"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y"}]}));
    let new = containers(&json!({"name": "a", "env": [{"name": "X", "value": "2"}]}));
    let live =
        containers(&json!({"name": "a", "env": [{"name": "Z"}, {"name": "Y"}, {"name": "X", "value": "1"}]}));
    let after = object(write("apps/v1", "Deployment", Some(&old), &new, &live));
    assert_eq!(
        after["spec"]["template"]["spec"]["containers"][0]["env"],
        json!([{"name": "Z"}, {"name": "X", "value": "2"}])
    );
}

#[test]
fn a_strategy_keeps_only_what_the_manifest_names() {
    let manifest = json!({"spec": {"strategy": {"type": "Recreate"}}});
    let live = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let patched = upgrade("apps/v1", "Deployment", &manifest, &live);
    assert_eq!(
        sent(patched.clone()),
        json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}})
    );
    assert_eq!(object(patched), manifest);
}

#[test]
fn helm_fails_at_an_element_without_its_key() {
    let manifest = containers(&json!({"name": "a", "env": [{"value": "1"}]}));
    let live = containers(&json!({"name": "a", "env": [{"name": "X"}]}));
    let Patched::Refused(refusal) = upgrade("apps/v1", "Deployment", &manifest, &live) else {
        panic!("Helm makes no patch of it");
    };
    let path = ["spec", "template", "spec", "containers", "env"];
    assert_eq!(
        refusal.path,
        path.iter().fold(FieldPath::root(), |path, name| path.key(name))
    );
    assert_eq!(
        refusal.rule,
        "Helm fails at a list that is merged by `name` if an element of it has none"
    );
}

#[test]
fn a_custom_resource_is_written_where_the_manifest_changes() {
    let old = json!({"spec": {"size": 1, "gone": {"a": 1}}, "kept": null});
    let new = json!({"spec": {"size": 2}, "kept": null});
    let live = json!({"spec": {"size": 5, "gone": {"b": 1}, "added": true}, "kept": 3});
    assert_eq!(
        object(write("example.com/v1", "Widget", Some(&old), &new, &live)),
        json!({"spec": {"size": 2, "added": true}, "kept": 3})
    );
    assert_eq!(
        write("example.com/v1", "Widget", Some(&new), &new, &live),
        Patched::Nothing
    );
}

/// Helm has found what it would create, and takes the manifest's object for the one of the last release.
#[test]
fn what_no_release_had_is_written_as_if_the_last_one_had_it() {
    let new = json!({"spec": {"size": 2}});
    let live = json!({"spec": {"size": 5}});
    assert_eq!(
        write("example.com/v1", "Widget", None, &new, &live),
        Patched::Nothing
    );
    let new = json!({"data": {"a": "1"}});
    let live = json!({"data": {"a": "2", "b": "3"}});
    assert_eq!(
        object(write("v1", "ConfigMap", None, &new, &live)),
        json!({"data": {"a": "1", "b": "3"}})
    );
}

/// Helm cannot read it into its type, and falls back to the patch of a custom resource.
#[test]
fn an_object_that_does_not_fit_its_type_is_not_merged_with_what_lives() {
    let manifest = json!({"spec": {"replicas": "3"}});
    let live = json!({"spec": {"replicas": 1}});
    assert_eq!(
        upgrade("apps/v1", "Deployment", &manifest, &live),
        Patched::Nothing
    );
}

/// Helm's releases before client-go dropped the version merge it three ways, those after it two ways.
#[test]
fn of_a_retired_version_only_what_all_of_helm_does_is_told() {
    let version = "autoscaling/v2beta2";
    let manifest = json!({"spec": {"minReplicas": 1}});
    let upgrade = |live: Value| upgrade(version, "HorizontalPodAutoscaler", &manifest, &live);
    assert_eq!(upgrade(manifest.clone()), Patched::Nothing);
    assert!(matches!(
        upgrade(json!({"spec": {"minReplicas": 2}})),
        Patched::Unknown(_)
    ));
}

#[test]
fn numbers_that_helm_writes_alike_are_the_same() {
    let manifest = json!({"spec": {"replicas": 3.0}, "metadata": {"name": "a"}});
    let live = json!({"spec": {"replicas": 3}, "metadata": {"name": "a", "namespace": "b"}});
    assert_eq!(
        upgrade("apps/v1", "Deployment", &manifest, &live),
        Patched::Nothing
    );
}

#[test]
fn a_namespace_that_only_one_manifest_names_is_no_change() {
    let old = json!({"metadata": {"name": "a", "namespace": "b"}, "spec": {}});
    let new = json!({"metadata": {"name": "a"}, "spec": {}});
    assert_eq!(
        write("example.com/v1", "Widget", Some(&old), &new, &old),
        Patched::Nothing
    );
    assert_eq!(write("v1", "Service", Some(&old), &new, &old), Patched::Nothing);
}

#[test]
fn a_large_list_takes_steps_and_no_more_than_in_proportion() {
    let steps = |count: usize| {
        let variables = |value: &str| -> Value {
            let variables = (0..count).map(|number| json!({"name": format!("X{number}"), "value": value}));
            containers(&json!({"name": "a", "env": variables.rev().collect::<Vec<_>>()}))
        };
        let work = Work::of_steps(10_000_000);
        let gvk = Gvk::new("apps/v1", "Deployment");
        let (old, live) = (variables("1"), variables("2"));
        let patched = patch(&gvk, Some(&old), &old, &live, &work);
        assert!(matches!(patched, Patched::Sent { .. }));
        work.taken()
    };
    let (few, many) = (steps(200), steps(2000));
    assert!(few > 200 && many < few * 11, "{few} {many}");
    let work = Work::of_steps(10);
    let manifest = json!({"spec": {"ports": [{"port": 1}, {"port": 2}, {"port": 3}, {"port": 4}]}});
    let patched = patch(&Gvk::new("v1", "Service"), None, &manifest, &manifest, &work);
    assert!(matches!(patched, Patched::Unknown(_)) && work.is_spent());
}

#[test]
fn kinds_of_which_helm_knows_the_type_are_merged_three_ways() {
    for (api_version, kind, expected) in [
        ("apps/v1", "Deployment", true),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", true),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", false),
        ("apiregistration.k8s.io/v1", "APIService", false),
        ("example.com/v1", "Widget", false),
    ] {
        assert_eq!(
            is_merged_three_ways(&Gvk::new(api_version, kind)),
            expected,
            "{kind}"
        );
    }
}
