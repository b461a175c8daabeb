//! Live objects that are made to be costly to compare, each as large as an API server stores.

use serde_json::{Value, json};

use super::scene::{EVIL, Hostile, Promise, Scene, owned};
use crate::faults::world::{Revision, config_map, cron_tab};

pub(super) fn scenes() -> Vec<Scene> {
    let row = |name, about, make| Scene {
        name,
        about,
        promise: Promise::OthersAsWithout,
        make,
    };
    // The order of these elements means nothing, so that nothing has drifted.
    let permuted = |name, about, make| Scene {
        promise: Promise::Harmless,
        ..row(name, about, make)
    };
    vec![
        permuted("duplicate-env", "one variable 16,000 times, in reverse", || {
            let env = |numbers: &mut dyn Iterator<Item = usize>| -> Value {
                numbers
                    .map(|at| json!({"name": "A", "value": format!("{at}")}))
                    .collect()
            };
            pair(
                &with_env(env(&mut (0..16_000))),
                &with_env(env(&mut (0..16_000).rev())),
            )
        }),
        row("env-reversed", "16,000 variables in reverse", || {
            let env = |value: &str, numbers: &mut dyn Iterator<Item = usize>| -> Value {
                numbers
                    .map(|at| json!({"name": format!("A{at}"), "value": value}))
                    .collect()
            };
            pair(
                &with_env(env("a", &mut (0..16_000))),
                &with_env(env("b", &mut (0..16_000).rev())),
            )
        }),
        row("finalizers", "20,000 finalizers, in another order", || {
            let finalizers = |numbers: &mut dyn Iterator<Item = usize>| -> Value {
                numbers.map(|at| json!(format!("example.com/f{at}"))).collect()
            };
            let mut desired = config_map("f", "a");
            desired["metadata"]["finalizers"] = finalizers(&mut (0..20_000));
            let mut live = desired.clone();
            live["metadata"]["finalizers"] = finalizers(&mut (10_000..30_000).rev());
            pair(&desired, &live)
        }),
        permuted("role-rules", "a Role of 4,000 rules, in another order", || {
            pair(&role(&mut (0..4_000)), &role(&mut (0..4_000).rev()))
        }),
        permuted(
            "role-rules-256",
            "256 rules of 400 resources, in another order",
            || pair(&large_role(&mut (0..256)), &large_role(&mut (0..256).rev())),
        ),
        row(
            "findings-by-managers",
            "2,000 changed variables and 1,000 field managers",
            || {
                let env = |value: &str| -> Value {
                    (0..2_000)
                        .map(|at| json!({"name": format!("A{at}"), "value": value}))
                        .collect()
                };
                let mut live = with_env(env("b"));
                let keys: Value = (0..20)
                    .map(|at| {
                        (
                            format!(r#"k:{{"name":"A{at}"}}"#),
                            json!({".": {}, "f:name": {}, "f:value": {}}),
                        )
                    })
                    .collect::<serde_json::Map<_, _>>()
                    .into();
                managed(
                    &mut live,
                    1_000,
                    &json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {r#"k:{"name":"app"}"#: {"f:env": keys}}}}}}),
                );
                pair(&with_env(env("a")), &live)
            },
        ),
        row(
            "managed-keys",
            "20,000 managed keys of entries that are not there",
            || {
                let keys: Value = (0..20_000)
                    .map(|at| (format!(r#"k:{{"name":"B{at}"}}"#), json!({".": {}})))
                    .collect::<serde_json::Map<_, _>>()
                    .into();
                let env = |prefix: &str| -> Value {
                    (0..16_000)
                        .map(|at| json!({"name": format!("{prefix}{at}"), "value": "a"}))
                        .collect()
                };
                let mut live = with_env(env("B"));
                managed(
                    &mut live,
                    1,
                    &json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {r#"k:{"name":"app"}"#: {"f:env": keys}}}}}}),
                );
                pair(&with_env(env("A")), &live)
            },
        ),
        row("managed-values", "20,000 managed members of a set", || {
            let values: Value = (0..20_000)
                .map(|at| (format!(r#"v:"f{at}""#), json!({})))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let mut live = config_map("f", "a");
            live["metadata"]["finalizers"] = (0..20_000).map(|at| json!(format!("f{at}"))).collect();
            managed(&mut live, 3, &json!({"f:metadata": {"f:finalizers": values}}));
            pair(&config_map("f", "b"), &live)
        }),
        row("managed-deep", "managed fields 100,000 levels deep", || {
            let mut live = config_map("f", "a");
            let mut fields = json!({});
            for _ in 0..120 {
                fields = json!({"f:a": fields});
            }
            managed(&mut live, 50, &fields);
            pair(&config_map("f", "b"), &live)
        }),
        row(
            "permuted-texts",
            "8 ConfigMaps of 1.35 MB, line by line in another order",
            || {
                let text = |numbers: &mut dyn Iterator<Item = usize>| -> String {
                    numbers.map(|at| format!("line {at} of a long text\n")).collect()
                };
                let lines = 50_000;
                pairs((0..8).map(|number| {
                    let name = format!("p{number}");
                    (
                        config_map(&name, &text(&mut (0..lines))),
                        config_map(&name, &text(&mut (0..lines).map(|at| at * 7_919 % lines))),
                    )
                }))
            },
        ),
        row("49000-missing", "49,000 objects that are missing", || {
            let objects: Vec<Value> = (0..49_000).map(|at| config_map(&format!("c{at}"), "a")).collect();
            // One list: a manifest has fewer documents.
            Hostile::stored([Revision::new(
                EVIL,
                "e0",
                &[json!({"apiVersion": "v1", "kind": "List", "items": objects})],
            )
            .stored()])
        }),
        row(
            "untyped-set",
            "a custom resource with 30,000 texts in another order",
            || {
                let texts = |numbers: &mut dyn Iterator<Item = usize>| -> Value {
                    let texts: Value = numbers.map(|at| json!(format!("t{at}"))).collect();
                    let mut object = cron_tab("texts");
                    object["spec"]["texts"] = texts;
                    object
                };
                pair(&texts(&mut (0..30_000)), &texts(&mut (0..30_000).rev()))
            },
        ),
        row(
            "untyped-objects",
            "a custom resource with 10,000 entries of the same name",
            || {
                let entries = |value: &str| -> Value {
                    let mut object = cron_tab("entries");
                    object["spec"]["entries"] = (0..10_000)
                        .map(|at| json!({"name": "a", "value": format!("{value}{at}")}))
                        .collect();
                    object
                };
                pair(&entries("a"), &entries("b"))
            },
        ),
        row("50000-changes", "a ConfigMap of 50,000 changed entries", || {
            let data = |value: &str| -> Value {
                let entries: serde_json::Map<_, _> =
                    (0..50_000).map(|at| (format!("k{at}"), json!(value))).collect();
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "changes"}, "data": entries})
            };
            pair(&data("a"), &data("b"))
        }),
        row(
            "deep-object",
            "a custom resource 120 levels deep, with 5,000 changes",
            || {
                let deep = |value: &str| -> Value {
                    let mut inner: Value = (0..5_000)
                        .map(|at| (format!("k{at}"), json!(value)))
                        .collect::<serde_json::Map<_, _>>()
                        .into();
                    for _ in 0..80 {
                        inner = json!({"a": inner});
                    }
                    let mut object = cron_tab("deep");
                    object["spec"]["deep"] = inner;
                    object
                };
                pair(&deep("a"), &deep("b"))
            },
        ),
    ]
}

/// A Deployment with so many variables.
pub(super) fn deployment(name: &str, variables: usize) -> Value {
    let env: Value = (0..variables)
        .map(|at| json!({"name": format!("V{at}"), "value": "a value of some length"}))
        .collect();
    let mut object = with_env(env);
    object["metadata"]["name"] = json!(name);
    object
}

fn with_env(env: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"},
           "spec": {"template": {"spec": {"containers": [{"name": "app", "image": "a", "env": env}]}}}})
}

fn role(numbers: &mut dyn Iterator<Item = usize>) -> Value {
    let rules: Value = numbers
        .map(|at| json!({"apiGroups": [""], "resources": [format!("r{at}")], "verbs": ["get", "list"]}))
        .collect();
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "role"}, "rules": rules})
}

/// A Role of rules whose last resources tell them apart.
fn large_role(numbers: &mut dyn Iterator<Item = usize>) -> Value {
    let mut role = role(numbers);
    for rule in role["rules"].as_array_mut().into_iter().flatten() {
        let resources = rule["resources"].as_array_mut().into_iter().flatten();
        let last: Vec<Value> = resources.map(|name| name.take()).collect();
        let common = (0..400).map(|at| json!(format!("resource{at}")));
        rule["resources"] = common.chain(last).collect();
    }
    role
}

/// Gives the object so many field managers, each of these fields.
fn managed(object: &mut Value, managers: usize, fields: &Value) {
    object["metadata"]["managedFields"] = (0..managers)
        .map(|at| {
            json!({"manager": format!("m{at}"), "operation": "Update", "apiVersion": "v1",
                   "time": "2026-03-02T12:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields})
        })
        .collect();
}

/// A release that asks for the first object of the pair and finds the second.
fn pair(desired: &Value, live: &Value) -> Hostile {
    pairs([(desired.clone(), live.clone())])
}

fn pairs(pairs: impl IntoIterator<Item = (Value, Value)>) -> Hostile {
    let (desired, live): (Vec<Value>, Vec<Value>) = pairs.into_iter().unzip();
    let record = Revision::new(EVIL, "e0", &desired).stored();
    let objects = live.iter().map(|object| owned("e0", object));
    Hostile::stored([record].into_iter().chain(objects))
}
