//! Every field of every built-in kind that the API server fills in where a manifest has its zero: such a zero asks for
//! nothing, so that what somebody writes there is found, and what the server writes is not.

use serde_json::{Map, Value, json};

use super::additions::{ComparedObject, Provenance, additions};
use super::list_index::ListIndexes;
use super::managed_fields::{Live, owns_objects_whole};
use super::room::Room;
use super::three_way::{Versions, all_changes};
use super::work::Work;
use crate::types::{ExplicitZero, ListKind, Shape, TypeTable, ValueKind};

/// A step from a kind to one of its fields.
#[derive(Clone)]
enum Step<'t> {
    Field(&'t str, Shape<'t>),
    Element(Shape<'t>),
}

/// One object: as the manifest has it, as it lives, and the set of whoever wrote the field.
struct Built {
    desired: Value,
    live: Value,
    fields: Value,
}

/// Calls for every field that the server fills in for a zero.
fn each_filled<'t>(shape: Shape<'t>, steps: &mut Vec<Step<'t>>, call: &mut impl FnMut(&[Step<'t>])) {
    if let Some(element) = shape.element() {
        steps.push(Step::Element(shape));
        each_filled(element, steps, call);
        steps.pop();
    }
    for (name, inner) in shape.fields() {
        // The server's own, what is written through other resources, and schemas, which refer to themselves.
        if matches!(
            name,
            "metadata" | "status" | "apiVersion" | "kind" | "openAPIV3Schema"
        ) {
            continue;
        }
        steps.push(Step::Field(name, inner));
        let is_scalar = other_value(inner).is_some();
        if inner.is_server_defaulted() && inner.zero() == ExplicitZero::Dropped && is_scalar {
            call(steps);
        }
        each_filled(inner, steps, call);
        steps.pop();
    }
}

/// A value that nothing but a person would choose.
fn other_value(shape: Shape<'_>) -> Option<Value> {
    match shape.value() {
        ValueKind::String => Some(json!("chosen-by-hand")),
        ValueKind::Integer | ValueKind::IntOrString => Some(json!(7_777)),
        ValueKind::Boolean => Some(json!(true)),
        ValueKind::List => {
            let element = shape.element()?;
            match shape.list() {
                ListKind::Map(keys) => Some(json!([element_of(keys)])),
                ListKind::Set | ListKind::Atomic => Some(json!([other_value(element)?])),
            }
        }
        ValueKind::Number
        | ValueKind::Quantity
        | ValueKind::Bytes
        | ValueKind::Time
        | ValueKind::Duration
        | ValueKind::Object
        | ValueKind::Map
        | ValueKind::Any => None,
    }
}

fn zero_of(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(""),
        Value::Number(_) => json!(0),
        Value::Bool(_) => json!(false),
        Value::Array(_) => json!([]),
        other => panic!("{other}"),
    }
}

/// An element with these keys.
fn element_of(keys: &[String]) -> Map<String, Value> {
    keys.iter().map(|key| (key.clone(), json!("k"))).collect()
}

fn build(steps: &[Step<'_>], chosen: &Value, live: &Value) -> Built {
    let Some((step, rest)) = steps.split_first() else {
        return Built {
            desired: zero_of(chosen),
            live: live.clone(),
            fields: json!({}),
        };
    };
    let inner = build(rest, chosen, live);
    match step {
        Step::Field(name, shape) => {
            let is_whole =
                rest.iter().all(|step| matches!(step, Step::Field(..))) && owns_objects_whole(*shape);
            let is_map_list = matches!(shape.list(), ListKind::Map(_)) && rest.is_empty();
            let below = match live.as_array() {
                _ if is_whole => json!({}),
                Some(items) if is_map_list => {
                    let key = |item: &Value| (format!("k:{item}"), json!({".": {}}));
                    Value::Object(items.iter().map(key).collect())
                }
                Some(items) if rest.is_empty() && shape.list() == ListKind::Set => Value::Object(
                    items
                        .iter()
                        .map(|item| (format!("v:{item}"), json!({})))
                        .collect(),
                ),
                Some(_) | None => inner.fields,
            };
            Built {
                desired: json!({*name: inner.desired}),
                live: json!({*name: inner.live}),
                fields: json!({format!("f:{name}"): below}),
            }
        }
        Step::Element(list) => {
            let (mut desired, mut live) = (inner.desired, inner.live);
            let fields = match list.list() {
                ListKind::Map(keys) => {
                    let keys = element_of(keys);
                    for (name, value) in &keys {
                        for side in [&mut desired, &mut live] {
                            side[name] = value.clone();
                        }
                    }
                    json!({format!("k:{}", Value::Object(keys)): inner.fields})
                }
                ListKind::Set | ListKind::Atomic => json!({}),
            };
            Built {
                desired: json!([desired]),
                live: json!([live]),
                fields,
            }
        }
    }
}

/// What the comparison and the search for additions find.
fn found(shape: Shape<'_>, built: &Built) -> Vec<String> {
    let mut live = built.live.clone();
    live["metadata"] = json!({"managedFields": [
        {"manager": "m", "operation": "Update", "fieldsV1": built.fields}]});
    let text = live.to_string();
    let live = Live::parse(&text).unwrap();
    let versions = Versions {
        previous: None,
        desired: &built.desired,
        attempted: &[],
        live: &live.object,
    };
    let mut found: Vec<String> = all_changes(Some(shape), versions)
        .into_iter()
        .map(|change| change.path.to_string())
        .collect();
    let object = ComparedObject {
        shape: Some(shape),
        desired: &built.desired,
        live: &live.object,
    };
    let work = Work::of_steps(u64::MAX);
    let (lists, room) = (ListIndexes::new(&work), Room::default());
    let added = additions(&live.managed[0], Provenance::Editor, object, &lists, &room);
    found.extend(added.into_iter().map(|addition| addition.path.to_string()));
    found
}

/// Regression: a chart's `serviceAccountName: ""` or `imagePullPolicy: ""` hid what people wrote there.
#[test]
fn what_somebody_writes_over_a_zero_that_the_server_fills_is_found() {
    let table = TypeTable::builtin();
    let mut tried = 0;
    let mut hidden = Vec::new();
    for (api_version, kind) in table.kinds() {
        let root = table.kind(api_version, kind).unwrap();
        each_filled(root, &mut Vec::new(), &mut |steps| {
            let Some(Step::Field(name, leaf)) = steps.last() else {
                panic!()
            };
            // Another value of a key is another element.
            let is_key = steps.iter().rev().nth(1).is_some_and(|step| match step {
                Step::Element(list) => {
                    matches!(list.list(), ListKind::Map(keys) if keys.iter().any(|key| key == name))
                }
                Step::Field(..) => false,
            });
            let chosen = other_value(*leaf).unwrap();
            if is_key || leaf.default() == Some(&chosen) {
                return;
            }
            tried += 1;
            let place = || -> String {
                let step = |step: &Step<'_>| match step {
                    Step::Field(name, _) => format!("/{name}"),
                    Step::Element(_) => "[]".to_owned(),
                };
                format!(
                    "{api_version} {kind} {}",
                    steps.iter().map(step).collect::<String>()
                )
            };
            if found(root, &build(steps, &chosen, &chosen)).is_empty() {
                hidden.push(place());
            }
            if let Some(default) = leaf.default() {
                let filled = found(root, &build(steps, &chosen, default));
                assert_eq!(filled, [""; 0], "{}", place());
            }
        });
    }
    assert!(tried > 500, "{tried}");
    assert_eq!(hidden, [""; 0]);
}
