//! Makes up writes of built-in kinds and custom resources, the same ones for the same seed.
//!
//! An object is grown from the facts on its type, with few and short values so that two objects often agree, and more
//! often with the fields that a patch treats in a way of their own. The old manifest, the new one and the live object are
//! three variations of it.

use driftline::object::Gvk;
use driftline::types::{Shape, TypeTable, ValueKind};
use serde_json::{Map, Value, json};

use crate::support::dice::Dice;

/// One write of one object by a client-side apply.
pub(crate) struct Triple {
    pub(crate) gvk: Gvk,
    pub(crate) old: Value,
    pub(crate) new: Value,
    pub(crate) live: Value,
}

/// Kinds with many rules, of which there are more triples than of others.
const RICH: &[(&str, &str)] = &[
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("policy/v1", "PodDisruptionBudget"),
];

/// So many triples from this seed.
pub(crate) fn triples(seed: u64, count: usize) -> impl Iterator<Item = Triple> {
    let table = TypeTable::builtin();
    // Whether Helm knows the type of that version depends on its release.
    let is_retired = |(version, _): &(&str, &str)| *version == "autoscaling/v2beta2";
    let kinds: Vec<_> = table.kinds().filter(|kind| !is_retired(kind)).collect();
    (0..count).map(move |number| {
        let mut dice = Dice::new(seed, number, 1_000);
        let (api_version, kind) = match number % 8 {
            0 | 1 => kinds[(number / 8 * 2 + number % 8) % kinds.len()],
            7 => *dice.pick(&[
                ("example.com/v1", "Widget"),
                ("apiregistration.k8s.io/v1", "APIService"),
            ]),
            _ => *dice.pick(RICH),
        };
        let shape = table.kind(api_version, kind);
        let mut grower = Grower {
            dice,
            oddity: if number % 5 == 0 { 12 } else { 0 },
            long: number % 11 == 3,
        };
        grower.triple(Gvk::new(api_version, kind), shape)
    })
}

struct Grower {
    dice: Dice,
    /// Of a thousand places, those with something that a sane manifest does not have.
    oddity: usize,
    /// Whether lists may be long.
    long: bool,
}

impl Grower {
    fn triple(&mut self, gvk: Gvk, shape: Option<Shape<'_>>) -> Triple {
        let base = match shape {
            Some(shape) => self.object(shape, 0),
            None => self.free(0),
        };
        let mut variations = (0..3).map(|_| {
            let mut value = self.varied(&base, shape, "", None);
            let fields = value.as_object_mut().unwrap();
            fields.insert("apiVersion".into(), gvk.api_version.as_str().into());
            fields.insert("kind".into(), gvk.kind.as_str().into());
            let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
            if !metadata.is_object() {
                *metadata = json!({});
            }
            metadata["name"] = "x".into();
            if let Some(metadata) = metadata.as_object_mut() {
                for unused in ["managedFields", "namespace"] {
                    metadata.remove(unused);
                }
            }
            if shape.is_some() {
                // No write of the object itself changes it.
                fields.remove("status");
            }
            value
        });
        let (old, new, live) = (
            variations.next().unwrap(),
            variations.next().unwrap(),
            variations.next().unwrap(),
        );
        drop(variations);
        // An upgrade with the same manifest is the usual one.
        let old = if self.dice.happens(250) { new.clone() } else { old };
        Triple { gvk, old, new, live }
    }

    fn value(&mut self, shape: Shape<'_>, depth: usize, name: &str) -> Value {
        if self.dice.happens(self.oddity) {
            return self.odd(name);
        }
        match shape.value() {
            ValueKind::String if name == "$patch" => "replace".into(),
            ValueKind::String => (*self.dice.pick(&["a", "b", "c", "d", "80"])).into(),
            ValueKind::Integer => (*self.dice.pick(&[1, 2, 3, 80, 0])).into(),
            ValueKind::Number => self.dice.pick(&[json!(1), json!(1.5), json!(2.0)]).clone(),
            ValueKind::Boolean => self.dice.happens(500).into(),
            ValueKind::Quantity => self
                .dice
                .pick(&[json!("1"), json!(1), json!("500m"), json!(0.5)])
                .clone(),
            ValueKind::IntOrString => self.dice.pick(&[json!("http"), json!(80), json!("50%")]).clone(),
            ValueKind::Bytes => (*self.dice.pick(&["YQ==", "Yg==", ""])).into(),
            ValueKind::Time => "2026-01-02T03:04:05.000000Z".into(),
            ValueKind::Duration => (*self.dice.pick(&["1s", "2s"])).into(),
            ValueKind::Any => self.free(depth),
            ValueKind::Object => self.object(shape, depth),
            ValueKind::Map => {
                let count = self.dice.below(3);
                let mut fields = Map::new();
                for _ in 0..count {
                    let key = *self.dice.pick(&["a", "b", "c"]);
                    if let driftline::types::Field::Declared(inner) = shape.field(key) {
                        fields.insert(key.into(), self.value(inner, depth + 1, ""));
                    }
                }
                fields.into()
            }
            ValueKind::List => {
                let Some(element) = shape.element() else {
                    return json!([]);
                };
                let count = self.length();
                (0..count).map(|_| self.element(shape, element, depth)).collect()
            }
        }
    }

    fn length(&mut self) -> usize {
        if self.long && self.dice.happens(300) {
            8 + self.dice.below(12)
        } else {
            self.dice.below(5)
        }
    }

    fn element(&mut self, list: Shape<'_>, element: Shape<'_>, depth: usize) -> Value {
        let mut value = self.value(element, depth + 1, "");
        if let (Some(key), Some(fields)) = (list.patch_merge_key(), value.as_object_mut())
            && !self.dice.happens(self.oddity)
            && let driftline::types::Field::Declared(shape) = element.field(key)
        {
            let number = if self.long {
                self.dice.below(40)
            } else {
                self.dice.below(5)
            };
            let key_value = match shape.value() {
                ValueKind::Integer => (80 + number).into(),
                _ => format!("k{number}").into(),
            };
            fields.insert(key.into(), key_value);
        }
        value
    }

    fn object(&mut self, shape: Shape<'_>, depth: usize) -> Value {
        // The table has no facts on what is in a status.
        let fields: Vec<_> = shape.fields().filter(|(name, _)| *name != "status").collect();
        let mut object = Map::new();
        for (name, field) in &fields {
            let is_structure = matches!(
                field.value(),
                ValueKind::Object | ValueKind::List | ValueKind::Map
            );
            let chance = match (field.patch_strategy().is_some(), *name) {
                (_, "managedFields" | "ephemeralContainers") => 20,
                (_, "spec" | "template" | "jobTemplate") => 950,
                (true, _) => 450,
                (false, _) if depth > 7 => 0,
                (false, _) if is_structure => 2500 / fields.len().max(6),
                (false, _) => 2000 / fields.len().max(4),
            };
            if self.dice.happens(chance) {
                object.insert((*name).into(), self.value(*field, depth + 1, name));
            }
        }
        if self.dice.happens(self.oddity) {
            let (name, value) = self.directive(&fields);
            object.insert(name, value);
        }
        object.into()
    }

    /// A directive of a strategic merge patch, or a field that the type does not have.
    fn directive(&mut self, fields: &[(&str, Shape<'_>)]) -> (String, Value) {
        let lists: Vec<&str> = fields
            .iter()
            .filter(|(_, shape)| shape.value() == ValueKind::List)
            .map(|(name, _)| *name)
            .collect();
        let list = if lists.is_empty() {
            "none"
        } else {
            *self.dice.pick(&lists)
        };
        match self.dice.below(7) {
            0 => (
                "$patch".into(),
                (*self.dice.pick(&["replace", "delete", "merge", "odd"])).into(),
            ),
            1 => ("$retainKeys".into(), json!(["a", "name", "type"])),
            2 => (
                format!("$setElementOrder/{list}"),
                json!([{"name": "k1"}, {"name": "k0"}]),
            ),
            3 => (format!("$deleteFromPrimitiveList/{list}"), json!(["a", "b"])),
            4 => ("undeclared".into(), json!({"a": {"b": 1}})),
            5 => ("undeclared".into(), json!([1, 2])),
            _ => ("Spec".into(), json!({"a": {"b": 1}})),
        }
    }

    /// A value of no particular type.
    fn free(&mut self, depth: usize) -> Value {
        match self.dice.below(if depth > 4 { 6 } else { 10 }) {
            _ if depth == 0 => {
                let mut fields = Map::new();
                for name in ["spec", "data", "metadata", "status"] {
                    if self.dice.happens(700) {
                        let inner = self.free(1);
                        fields.insert(name.into(), inner);
                    }
                }
                fields.into()
            }
            0 => json!(1),
            1 => json!("a"),
            2 => json!(true),
            3 => self
                .dice
                .pick(&[
                    json!(1.5),
                    json!(9_007_199_254_740_993_i64),
                    json!(1e21),
                    json!(1.0),
                ])
                .clone(),
            4 => json!(""),
            5 => json!(null),
            6 => {
                let count = self.dice.below(3);
                (0..count).map(|_| self.free(depth + 1)).collect()
            }
            _ => {
                let mut fields = Map::new();
                for name in ["a", "b", "c"] {
                    if self.dice.happens(500) {
                        let inner = self.free(depth + 1);
                        fields.insert(name.into(), inner);
                    }
                }
                fields.into()
            }
        }
    }

    fn odd(&mut self, name: &str) -> Value {
        if name == "metadata" {
            return json!({});
        }
        match self.dice.below(8) {
            0 | 1 => Value::Null,
            2 => json!("odd"),
            3 => json!(7),
            4 => json!({"a": "b"}),
            5 => json!(["a", null]),
            6 => json!([{"name": "k0"}, {"$patch": "delete", "name": "k1"}]),
            _ => json!([{"$patch": "replace"}, {"name": "k2"}]),
        }
    }

    /// A value like this one. An element of a list that is merged is handed in with its key, which it keeps.
    fn varied(&mut self, value: &Value, shape: Option<Shape<'_>>, name: &str, kept: Option<&str>) -> Value {
        if let Some(shape) = shape
            && self.dice.happens(40)
            && !name.is_empty()
            && name != "metadata"
            && kept.is_none()
        {
            return self.value(shape, 6, name);
        }
        match value {
            Value::Object(fields) => {
                let mut varied = Map::new();
                for (name, field) in fields {
                    let inner = shape.and_then(|shape| match shape.field(name) {
                        driftline::types::Field::Declared(inner) => Some(inner),
                        _ => None,
                    });
                    let is_key = kept == Some(name.as_str()) && !self.dice.happens(self.oddity);
                    match self.dice.below(100) {
                        0..8 if !is_key => {}
                        8 if !is_key && self.dice.happens(400) => {
                            varied.insert(name.clone(), Value::Null);
                        }
                        _ => {
                            varied.insert(name.clone(), self.varied(field, inner, name, None));
                        }
                    }
                }
                if let Some(shape) = shape
                    && self.dice.happens(150)
                {
                    let fields: Vec<_> = shape
                        .fields()
                        .filter(|(name, _)| !["metadata", "status"].contains(name))
                        .collect();
                    if !fields.is_empty() {
                        let (name, field) = *self.dice.pick(&fields);
                        let added = self.value(field, 6, name);
                        varied.insert(name.into(), added);
                    }
                }
                varied.into()
            }
            Value::Array(items) => {
                let element = shape.and_then(Shape::element);
                let key = shape.and_then(Shape::patch_merge_key);
                let mut varied: Vec<Value> = Vec::new();
                for item in items {
                    match self.dice.below(100) {
                        0..10 => {}
                        10..14 => {
                            let twin = self.varied(item, element, "", key);
                            varied.push(item.clone());
                            varied.push(twin);
                        }
                        _ => varied.push(self.varied(item, element, "", key)),
                    }
                }
                if let (Some(shape), Some(element)) = (shape, element)
                    && self.dice.happens(250)
                {
                    varied.push(self.element(shape, element, 6));
                }
                if varied.len() > 1 && self.dice.happens(200) {
                    let (left, right) = (self.dice.below(varied.len()), self.dice.below(varied.len()));
                    varied.swap(left, right);
                }
                varied.into()
            }
            scalar => scalar.clone(),
        }
    }
}
