//! Objects of which it is costly to foretell what Helm's next upgrade makes of them, each as large as an API server
//! stores.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::scene::{EVIL, Hostile, Scene, owned};
use crate::faults::world::{Revision, config_map, cron_tab, gzip};

pub(super) fn scenes() -> Vec<Scene> {
    vec![
        Scene::told(
            "empty-ports",
            "a missing Deployment of 300,000 ports that the API server completes",
            || {
                let ports = vec![json!({}); 300_000];
                let container = json!({"name": "app", "image": "a", "ports": ports});
                Hostile::stored([applied(&deployment(&json!([container])))])
            },
        ),
        Scene::told(
            "ports-for-none",
            "300,000 ports that the API server completes, in place of one",
            || {
                let with =
                    |ports: Vec<Value>| deployment(&json!([{"name": "app", "image": "a", "ports": ports}]));
                pair(
                    &with(vec![json!({}); 300_000]),
                    &with(vec![json!({"containerPort": 80})]),
                )
            },
        ),
        Scene::told(
            "contested-depth",
            "30,000 fields 60 levels deep that somebody owns",
            || {
                let deep = |value: &str| {
                    let entries = keyed(30_000, |at| (format!("k{at}"), json!(value)));
                    let mut object = cron_tab("custom");
                    object["spec"]["untyped"] = (0..60).fold(entries, |inner, _| json!({"a": inner}));
                    object
                };
                let fields = keyed(30_000, |at| (format!("f:k{at}"), json!({})));
                let fields = (0..60).fold(fields, |inner, _| json!({"f:a": inner}));
                let mut live = deep("b");
                managed(&mut live, 1, &json!({"f:spec": {"f:untyped": fields}}));
                pair(&deep("a"), &live)
            },
        ),
        Scene::told("contested-by-many", "2,000 entries that 60 managers own", || {
            let with = |value: &str| {
                let mut object = config_map("f", "a");
                object["data"] = keyed(2_000, |at| (format!("k{at}"), json!(value)));
                object
            };
            let fields = keyed(2_000, |at| (format!("f:k{at}"), json!({})));
            let mut live = with("b");
            managed(&mut live, 60, &json!({"f:data": fields}));
            pair(&with("a"), &live)
        }),
        Scene::told(
            "managers-of-depth",
            "60 managers of fields 100 levels deep",
            || {
                let deep = (0..100).fold(json!({}), |fields, _| json!({"f:a": fields}));
                let mut live = config_map("f", "b");
                managed(&mut live, 60, &json!({"f:data": deep}));
                pair(&config_map("f", "a"), &live)
            },
        ),
        Scene::told(
            "unknown-fields",
            "12,000 variables with a field that the type does not have, and that lives",
            || {
                let with = |value: &str| {
                    let env = all(12_000, |at| json!({"name": format!("A{at}"), "other": value}));
                    deployment(&json!([{"name": "app", "image": "a", "env": env}]))
                };
                pair(&with("a"), &with("b"))
            },
        ),
    ]
}

/// A record that was applied by the server, with this object.
fn applied(object: &Value) -> crate::faults::server::Stored {
    let revision = Revision::new(EVIL, "e0", std::slice::from_ref(object));
    let mut record = revision.json();
    record["apply_method"] = json!("ssa");
    revision.holding(&STANDARD.encode(gzip(record.to_string().as_bytes())))
}

/// A release that asks for the first object and finds the second.
fn pair(desired: &Value, live: &Value) -> Hostile {
    Hostile::stored([applied(desired), owned("e0", live)])
}

fn deployment(containers: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}, "spec": {
        "selector": {"matchLabels": {"app": "app"}},
        "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": containers}}}})
}

fn managed(object: &mut Value, managers: usize, fields: &Value) {
    object["metadata"]["managedFields"] = all(managers, |at| {
        json!({"manager": format!("m{at}"), "operation": "Update", "apiVersion": object["apiVersion"],
               "time": "2026-03-02T12:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields})
    });
}

fn all(count: usize, element: impl Fn(usize) -> Value) -> Value {
    (0..count).map(element).collect()
}

fn keyed(count: usize, entry: impl Fn(usize) -> (String, Value)) -> Value {
    (0..count).map(entry).collect::<Map<_, _>>().into()
}
