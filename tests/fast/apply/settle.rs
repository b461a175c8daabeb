//! What a real API server made of merged objects, and what is said of it.
//!
//! `tests/data/apply/settle.json` holds live objects, JSON patches of them, and what Kubernetes 1.36 answered:
//! `tests/testbed/apply.rs` asks it again.

use driftline::apply::{Outcome, Written, settled};
use driftline::compare::work::Work;
use driftline::object::Gvk;
use driftline::types::TypeTable;
use serde::Deserialize;
use serde_json::Value;

use crate::support::differences::differences;

#[derive(Deserialize)]
struct Recorded {
    objects: Vec<Value>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    object: usize,
    patch: json_patch::Patch,
    /// What the answer changed in the live object; nothing where it was refused.
    becomes: Option<json_patch::Patch>,
}

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("../../data/apply/settle.json")).unwrap()
}

fn patched(object: &Value, patch: &json_patch::Patch) -> Value {
    let mut patched = object.clone();
    json_patch::patch(&mut patched, patch).unwrap();
    patched
}

/// What is said of a merged object.
fn said(live: &Value, merged: Value) -> Outcome {
    let text = |field: &str| live[field].as_str().unwrap();
    let gvk = Gvk::new(text("apiVersion"), text("kind"));
    let shape = TypeTable::builtin().kind(&gvk.api_version, &gvk.kind);
    settled(&gvk, shape, live, merged, &Work::of_steps(100_000))
}

/// A zero that types drop is the same as nothing.
fn is_dropped(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    }
}

fn is_same(server: &Value, own: &Value) -> bool {
    is_dropped(server) && is_dropped(own) && !server.is_string()
}

/// What is said is what the server did, or it is said that it cannot be told.
#[test]
fn what_is_said_is_what_a_real_server_did() {
    let recorded = recorded();
    let mut wrong = Vec::new();
    let mut unknown = Vec::new();
    for row in &recorded.rows {
        let live = &recorded.objects[row.object];
        match (said(live, patched(live, &row.patch)), &row.becomes) {
            (Outcome::Refused(_), None) => {}
            (Outcome::Unknown(_), _) => unknown.push(row.name.as_str()),
            (Outcome::Written(Written { object, doubts, .. }), Some(becomes)) => {
                let mut found = differences(&patched(live, becomes), &object, &is_same);
                found.retain(|path, _| !path.starts_with("/status"));
                let is_doubted = !doubts.is_empty() && found.len() <= doubts.len();
                if !found.is_empty() && !is_doubted {
                    wrong.push(format!("{}: {found:?}, {doubts:?}", row.name));
                }
            }
            (outcome, becomes) => wrong.push(format!("{}: {becomes:?}, {outcome:?}", row.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(recorded.rows.len() > 350);
    // Each of these depends on what no object tells.
    assert_eq!(
        unknown,
        [
            "suspended job node selector",
            "suspended job image",
            "bound claim grows",
            "bound claim shrinks above its capacity",
            "selectorless headless gets a selector",
            "dual stack required",
        ]
    );
}

/// A write that changes nothing gives the live object, of every kind.
#[test]
fn what_is_not_changed_stays() {
    for live in recorded().objects {
        let Outcome::Written(Written { object, doubts, .. }) = said(&live, live.clone()) else {
            panic!("{live}");
        };
        let found = differences(&live, &object, &is_same);
        assert!(found.is_empty() && doubts.is_empty(), "{found:?} {doubts:?}");
    }
}
