//! Live objects that are made to be costly to compare, each as large as an API server stores.

use serde_json::{Map, Value, json};

use super::scene::{EVIL, Hostile, Scene, owned};
use crate::faults::world::{Revision, config_map, cron_tab};
use crate::support::hostile::list_object;

pub(super) fn scenes() -> Vec<Scene> {
    [elements(), managers(), sizes()].concat()
}

/// Lists whose elements have to be matched. Those are harmless in which the order of the elements means nothing.
fn elements() -> Vec<Scene> {
    vec![
        Scene::harmless("duplicate-env", "one variable 16,000 times, in reverse", || {
            let variable = |at| json!({"name": "A", "value": format!("{at}")});
            let (desired, live) = (all(0..16_000, variable), all((0..16_000).rev(), variable));
            pair(&with_env(&desired), &with_env(&live))
        }),
        Scene::told("env-reversed", "16,000 changed variables, in reverse", || {
            let desired = all(0..16_000, |at| json!({"name": format!("A{at}"), "value": "a"}));
            let live = all(
                (0..16_000).rev(),
                |at| json!({"name": format!("A{at}"), "value": "b"}),
            );
            pair(&with_env(&desired), &with_env(&live))
        }),
        Scene::told("finalizers", "20,000 finalizers, half of them others", || {
            let finalizer = |at| json!(format!("example.com/f{at}"));
            let with = |finalizers: Value| {
                let mut object = config_map("f", "a");
                object["metadata"]["finalizers"] = finalizers;
                object
            };
            let (desired, live) = (all(0..20_000, finalizer), all((10_000..30_000).rev(), finalizer));
            pair(&with(desired), &with(live))
        }),
        Scene::harmless("role-rules", "a Role of 4,000 rules, in another order", || {
            pair(&role(0..4_000, 0), &role((0..4_000).rev(), 0))
        }),
        Scene::harmless(
            "role-rules-256",
            "256 rules of 400 resources, in another order",
            || pair(&role(0..256, 400), &role((0..256).rev(), 400)),
        ),
        Scene::told(
            "untyped-set",
            "30,000 texts of an unknown type, in reverse",
            || {
                let text = |at| json!(format!("t{at}"));
                pair(
                    &custom(all(0..30_000, text)),
                    &custom(all((0..30_000).rev(), text)),
                )
            },
        ),
        Scene::told("untyped-objects", "10,000 entries of the same name", || {
            let entries = |value: &str| {
                custom(all(
                    0..10_000,
                    |at| json!({"name": "a", "value": format!("{value}{at}")}),
                ))
            };
            pair(&entries("a"), &entries("b"))
        }),
    ]
}

/// Fields that many managers own, or one manager many of.
fn managers() -> Vec<Scene> {
    vec![
        Scene::told(
            "findings-by-managers",
            "2,000 changed variables and 1,000 field managers",
            || {
                let env = |value: &str| all(0..2_000, |at| json!({"name": format!("A{at}"), "value": value}));
                let owned = keyed(20, |at| {
                    let key = format!(r#"k:{{"name":"A{at}"}}"#);
                    (key, json!({".": {}, "f:name": {}, "f:value": {}}))
                });
                let mut live = with_env(&env("b"));
                managed(&mut live, 1_000, &env_fields(&owned));
                pair(&with_env(&env("a")), &live)
            },
        ),
        Scene::told("managed-keys", "16,000 variables that somebody added", || {
            let env = |prefix: &str| {
                all(
                    0..16_000,
                    |at| json!({"name": format!("{prefix}{at}"), "value": "a"}),
                )
            };
            let owned = keyed(20_000, |at| {
                (format!(r#"k:{{"name":"B{at}"}}"#), json!({".": {}}))
            });
            let mut live = with_env(&env("B"));
            managed(&mut live, 1, &env_fields(&owned));
            pair(&with_env(&env("A")), &live)
        }),
        Scene::told(
            "managed-values",
            "20,000 finalizers that three managers own",
            || {
                let owned = keyed(20_000, |at| (format!(r#"v:"f{at}""#), json!({})));
                let mut live = config_map("f", "a");
                live["metadata"]["finalizers"] = all(0..20_000, |at| json!(format!("f{at}")));
                managed(&mut live, 3, &json!({"f:metadata": {"f:finalizers": owned}}));
                pair(&config_map("f", "b"), &live)
            },
        ),
        Scene::told("managed-deep", "managed fields 120 levels deep", || {
            let deep = (0..120).fold(json!({}), |fields, _| json!({"f:a": fields}));
            let mut live = config_map("f", "a");
            managed(&mut live, 50, &deep);
            pair(&config_map("f", "b"), &live)
        }),
    ]
}

/// Much to compare, and much to report.
fn sizes() -> Vec<Scene> {
    vec![
        Scene::told(
            "permuted-texts",
            "5 ConfigMaps of 130 texts of 1,900 lines, in another order",
            || {
                const LINES: usize = 1_900;
                let line = |at: usize| format!("{at}\n");
                let text = (0..LINES).map(line).collect::<Vec<_>>().concat();
                let permuted = (0..LINES).map(|at| line(at * 7_919 % LINES));
                let permuted = permuted.collect::<Vec<_>>().concat();
                let with = |name: &str, text: &str| {
                    let mut object = config_map(name, "");
                    object["data"] = keyed(130, |at| (format!("k{at}"), json!(text)));
                    object
                };
                pairs((0..5).map(|number| {
                    let name = format!("p{number}");
                    (with(&name, &text), with(&name, &permuted))
                }))
            },
        ),
        Scene::told("49000-missing", "49,000 objects that are missing", || {
            let mut revision = Revision::new(EVIL, "e0", &[]);
            // One list: a manifest has fewer documents.
            revision.manifest = list_object(49_000, |at| config_map(&format!("c{at}"), "a"));
            Hostile::stored([revision.stored()])
        }),
        Scene::told("50000-changes", "a ConfigMap of 50,000 changed entries", || {
            let with = |value: &str| {
                let data = keyed(50_000, |at| (format!("k{at}"), json!(value)));
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "changes"}, "data": data})
            };
            pair(&with("a"), &with("b"))
        }),
        Scene::told("deep-object", "5,000 changes 80 levels deep", || {
            let deep = |value: &str| {
                let entries = keyed(5_000, |at| (format!("k{at}"), json!(value)));
                custom((0..80).fold(entries, |inner, _| json!({"a": inner})))
            };
            pair(&deep("a"), &deep("b"))
        }),
    ]
}

/// A Deployment with so many variables.
pub(super) fn deployment(name: &str, variables: usize) -> Value {
    let variable = |at| json!({"name": format!("V{at}"), "value": "a value of some length"});
    let mut object = with_env(&all(0..variables, variable));
    object["metadata"]["name"] = json!(name);
    object
}

fn with_env(env: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"},
           "spec": {"template": {"spec": {"containers": [{"name": "app", "image": "a", "env": env}]}}}})
}

/// The managed fields of these variables.
fn env_fields(env: &Value) -> Value {
    let container = json!({"f:env": env});
    json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {r#"k:{"name":"app"}"#: container}}}}})
}

/// A Role of rules that share so many resources; the last resource tells them apart.
fn role(numbers: impl Iterator<Item = usize>, shared: usize) -> Value {
    let rules = all(numbers, |rule| {
        let resources = (0..shared).map(|at| json!(format!("resource{at}")));
        let resources: Value = resources.chain([json!(format!("r{rule}"))]).collect();
        json!({"apiGroups": [""], "resources": resources, "verbs": ["get", "list"]})
    });
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "role"}, "rules": rules})
}

/// A custom resource with this value, of which its schema says nothing.
fn custom(value: Value) -> Value {
    let mut object = cron_tab("custom");
    object["spec"]["untyped"] = value;
    object
}

/// Gives the object so many field managers, each of these fields.
fn managed(object: &mut Value, managers: usize, fields: &Value) {
    object["metadata"]["managedFields"] = all(0..managers, |at| {
        json!({"manager": format!("m{at}"), "operation": "Update", "apiVersion": "v1",
               "time": "2026-03-02T12:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields})
    });
}

/// A list of an element for each number.
fn all(numbers: impl Iterator<Item = usize>, element: impl Fn(usize) -> Value) -> Value {
    numbers.map(element).collect()
}

/// An object of so many entries.
fn keyed(count: usize, entry: impl Fn(usize) -> (String, Value)) -> Value {
    (0..count).map(entry).collect::<Map<_, _>>().into()
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
