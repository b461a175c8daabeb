//! Writes of objects that somebody made to be costly: the simulation takes steps in proportion to their size.
//!
//! Steps are counted and time is not measured, so that a busy machine changes nothing.

use driftline::apply::{Method, OnConflict, Outcome, Write, simulate};
use driftline::compare::managed_fields::Live;
use driftline::compare::work::Work;
use driftline::object::Gvk;
use driftline::types::TypeTable;
use serde_json::{Map, Value, json};

/// The class that is searched through for each of its fields: newer API servers have a few that no table knows.
const QUADRATIC: &str = "fields that the type does not have, and that live";

/// A way in which a write could take more than its size explains.
struct Class {
    name: &'static str,
    kind: (&'static str, &'static str),
    /// The object that Helm writes, and the live one, in a size.
    make: fn(usize) -> (Value, Value),
}

const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");
const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");
const METHODS: [Method; 4] = [
    Method::ClientSide,
    Method::ServerSide(OnConflict::Fail),
    Method::ServerSide(OnConflict::Force),
    Method::ToServerSide(OnConflict::Fail),
];

const CLASSES: [Class; 12] = [
    Class {
        name: "variables in another order",
        kind: DEPLOYMENT,
        make: |size| {
            let variable = |at| json!({"name": format!("A{at}"), "value": "a"});
            (
                variables(&all(0..size, variable)),
                variables(&all((0..size).rev(), variable)),
            )
        },
    },
    Class {
        name: "other variables, of which Helm owns what lives",
        kind: DEPLOYMENT,
        make: |size| {
            let variable =
                |prefix: &'static str| move |at| json!({"name": format!("{prefix}{at}"), "value": "a"});
            let owned = keyed(size, |at| {
                (
                    format!(r#"k:{{"name":"B{at}"}}"#),
                    json!({".": {}, "f:name": {}, "f:value": {}}),
                )
            });
            let mut live = variables(&all(0..size, variable("B")));
            managed(&mut live, 1, "Apply", &container_fields("f:env", &owned));
            (variables(&all(0..size, variable("A"))), live)
        },
    },
    Class {
        name: "variables of one name",
        kind: DEPLOYMENT,
        make: |size| {
            let variable = |at| json!({"name": "A", "value": format!("{at}")});
            (
                variables(&json!([{"name": "A", "value": "x"}])),
                variables(&all(0..size, variable)),
            )
        },
    },
    Class {
        name: "ports of one number",
        kind: DEPLOYMENT,
        make: |size| {
            let port = |value: &'static str| move |at| json!({"containerPort": 80, "protocol": format!("P{at}"), "name": format!("{value}{at}")});
            (
                containers(&json!([{"name": "app", "ports": all(0..size, port("a"))}])),
                containers(&json!([{"name": "app", "ports": all((0..size).rev(), port("b"))}])),
            )
        },
    },
    Class {
        name: "fields that the type does not have, and others own",
        kind: DEPLOYMENT,
        make: |size| {
            let variable = |value: &'static str| move |at| json!({"name": format!("A{at}"), "other": value});
            let owned = keyed(size, |at| {
                (
                    format!(r#"k:{{"name":"A{at}"}}"#),
                    json!({".": {}, "f:other": {}}),
                )
            });
            let mut live = variables(&all(0..size, |at| json!({"name": format!("A{at}")})));
            managed(&mut live, 1, "Update", &container_fields("f:env", &owned));
            (variables(&all(0..size, variable("a"))), live)
        },
    },
    Class {
        name: "fields that the type does not have, and that live",
        kind: DEPLOYMENT,
        make: |size| {
            let variable = |value: &'static str| move |at| json!({"name": format!("A{at}"), "other": value});
            (
                variables(&all(0..size, variable("a"))),
                variables(&all(0..size, variable("b"))),
            )
        },
    },
    Class {
        name: "containers that the API server completes",
        kind: DEPLOYMENT,
        make: |size| {
            let container =
                |at| json!({"name": format!("a{at}"), "image": "a", "ports": [{"containerPort": 80}]});
            (
                containers(&all(0..size, container)),
                containers(&json!([{"name": "b", "image": "b"}])),
            )
        },
    },
    Class {
        name: "containers whose images change",
        kind: DEPLOYMENT,
        make: |size| {
            let container = |image: &'static str| move |at| json!({"name": format!("a{at}"), "image": image});
            (
                containers(&all(0..size, container("a:latest"))),
                containers(&all((0..size).rev(), container("b:1"))),
            )
        },
    },
    Class {
        name: "finalizers, half of them others",
        kind: CONFIG_MAP,
        make: |size| {
            let finalizers = |from| {
                let finalizers = all(from..from + size, |at| json!(format!("example.com/f{at}")));
                json!({"metadata": {"finalizers": finalizers}})
            };
            (finalizers(0), finalizers(size / 2))
        },
    },
    Class {
        name: "labels of many managers",
        kind: CONFIG_MAP,
        make: |size| {
            let labels = |value: &str| keyed(size, |at| (format!("l{at}"), json!(value)));
            let mut live = json!({"metadata": {"labels": labels("b")}});
            let owned = keyed(20, |at| (format!("f:l{at}"), json!({})));
            managed(
                &mut live,
                size,
                "Update",
                &json!({"f:metadata": {"f:labels": owned}}),
            );
            (json!({"metadata": {"labels": labels("a")}}), live)
        },
    },
    Class {
        name: "managed fields of great depth",
        kind: CONFIG_MAP,
        make: |size| {
            let deep = (0..100).fold(json!({}), |inner, _| json!({"f:a": inner}));
            let mut live = json!({"data": {"a": "b"}});
            managed(&mut live, size / 10, "Apply", &deep);
            (json!({"data": {"a": "a"}}), live)
        },
    },
    Class {
        name: "a custom resource of great depth",
        kind: ("example.com/v1", "Thing"),
        make: |size| {
            let nested = |value: &str| {
                let leaf = keyed(size, |at| (format!("k{at}"), json!(value)));
                (0..50).fold(leaf, |inner, _| json!({"a": [inner]}))
            };
            (json!({"spec": nested("a")}), json!({"spec": nested("b")}))
        },
    },
];

/// A list of an element for each number.
fn all(numbers: impl Iterator<Item = usize>, element: impl Fn(usize) -> Value) -> Value {
    numbers.map(element).collect()
}

/// An object of so many entries.
fn keyed(count: usize, entry: impl Fn(usize) -> (String, Value)) -> Value {
    (0..count).map(entry).collect::<Map<_, _>>().into()
}

fn containers(containers: &Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": containers}}}})
}

fn variables(env: &Value) -> Value {
    containers(&json!([{"name": "app", "image": "a", "env": env}]))
}

/// The managed fields of this part of a container.
fn container_fields(name: &str, fields: &Value) -> Value {
    let container = json!({name: fields});
    json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {r#"k:{"name":"app"}"#: container}}}}})
}

/// Gives the object so many managers, each of these fields. The first one is Helm.
fn managed(object: &mut Value, managers: usize, operation: &str, fields: &Value) {
    object["metadata"]["managedFields"] = all(0..managers, |at| {
        let name = if at == 0 {
            "helm".to_owned()
        } else {
            format!("m{at}")
        };
        json!({"manager": name, "operation": operation, "apiVersion": "v1", "time": "2026-03-02T12:00:00Z",
               "fieldsType": "FieldsV1", "fieldsV1": fields})
    });
}

/// The steps that a write takes, and its size in bytes.
fn written(class: &Class, size: usize, method: Method) -> (u64, u64) {
    let (new, live) = (class.make)(size);
    let live = live.to_string();
    let bytes = new.to_string().len() * 2 + live.len();
    let (api_version, kind) = class.kind;
    let live = Live::parse(&live).unwrap();
    let work = Work::of_steps(u64::MAX);
    let outcome = simulate(&Write {
        method,
        gvk: &Gvk::new(api_version, kind),
        shape: TypeTable::builtin().kind(api_version, kind),
        old: Some(&new),
        new: Some(&new),
        live: Some(&live),
        manager: "helm",
        work: &work,
    });
    assert!(!matches!(outcome, Outcome::Created(_) | Outcome::Deleted));
    (work.taken(), bytes as u64)
}

#[test]
fn the_work_of_a_simulation_grows_with_the_size_and_not_with_its_square() {
    for class in CLASSES.iter().filter(|class| class.name != QUADRATIC) {
        for method in METHODS {
            let (small, small_bytes) = written(class, 300, method);
            let (large, large_bytes) = written(class, 600, method);
            let is_in_proportion =
                large * 2 <= small * 5 || large * small_bytes * 4 <= small * large_bytes * 5;
            assert!(
                is_in_proportion,
                "{}, {method:?}: {small} steps for {small_bytes} bytes, then {large} for {large_bytes}",
                class.name
            );
            // An object's allowance is twenty steps for a byte.
            assert!(
                large <= 10 * large_bytes,
                "{}, {method:?}: {large} steps for {large_bytes} bytes",
                class.name
            );
        }
    }
}
