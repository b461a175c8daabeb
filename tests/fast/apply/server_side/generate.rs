//! Makes up the histories of objects, the same ones for the same seed: what several managers applied and updated, and what
//! Helm applies at last.
//!
//! All writes to an object are variations of one base, with few and short values, so that managers own the same fields
//! with the same values, with other ones, or only parts of an element.

use driftline::types::{ExplicitZero, Field, ListKind, Shape, TypeTable, ValueKind};
use serde_json::{Map, Value, json};

use super::Asked;
use crate::support::dice::Dice;

/// Kinds with many rules, of which there are more histories than of others.
const RICH: &[(&str, &str)] = &[
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
];

/// The history of this number.
pub(super) fn history(seed: u64, number: usize, custom: &TypeTable, document: &Value) -> Asked {
    let mut dice = Dice::new(seed, number, 100);
    let builtin = TypeTable::builtin();
    let kinds: Vec<(&str, &str)> = builtin
        .kinds()
        .filter(|(_, kind)| !kind.ends_with("List"))
        .collect();
    let (api_version, kind) = match number % 8 {
        0..=2 => kinds[(number / 8 * 3 + number % 8) % kinds.len()],
        6 => ("example.com/v1", "Widget"),
        7 => ("example.com/v1", "Loose"),
        _ => *dice.pick(RICH),
    };
    let shape = builtin
        .kind(api_version, kind)
        .or_else(|| custom.kind(api_version, kind));
    let is_odd = number.is_multiple_of(5);
    let mut grower = Grower {
        dice,
        oddity: if is_odd { 3 } else { 0 },
        left: 0,
    };
    let base = grower.object(api_version, kind, shape);
    let mut asked = Asked {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        openapi: (kind == "Widget").then(|| document.clone()),
        deduced: kind == "Loose",
        writes: Vec::new(),
        takeover: grower.dice.happens(15),
        last: Value::Null,
    };
    for _ in 0..=grower.dice.below(4) {
        let does = *grower.dice.pick(&["apply", "apply", "update", "merge", "merge"]);
        let mut object = grower.variation(&base, shape, does == "apply");
        name(&mut object, api_version, kind);
        asked.writes.push(json!({
            "does": does,
            "manager": grower.dice.pick(&["helm", "helm", "b", "c"]),
            "subresource": if does == "merge" { *grower.dice.pick(&["", "scale"]) } else { "" },
            "force": grower.dice.happens(80),
            "object": object,
        }));
    }
    if grower.dice.happens(4) {
        asked.writes.push(json!({"does": "forget", "manager": ""}));
    }
    let mut object = grower.variation(&base, shape, true);
    name(&mut object, api_version, kind);
    asked.last = json!({
        "does": "apply", "manager": "helm", "force": grower.dice.happens(40), "object": object,
    });
    asked
}

fn name(object: &mut Value, api_version: &str, kind: &str) {
    if !object.is_object() {
        *object = json!({});
    }
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    object["metadata"]["name"] = json!("a");
}

struct Grower {
    dice: Dice,
    /// Of a hundred places, those with something that a sane manifest does not have.
    oddity: usize,
    /// How many values may still be grown.
    left: usize,
}

impl Grower {
    fn object(&mut self, api_version: &str, kind: &str, shape: Option<Shape<'_>>) -> Value {
        self.left = 25 + self.dice.below(30);
        let mut object = match shape {
            Some(shape) => self.value(shape, 0),
            None => self.free(0),
        };
        name(&mut object, api_version, kind);
        object
    }

    fn value(&mut self, shape: Shape<'_>, depth: usize) -> Value {
        self.left = self.left.saturating_sub(1);
        if self.dice.happens(self.oddity) {
            return self
                .dice
                .pick(&[
                    json!(null),
                    json!("a"),
                    json!(1),
                    json!([]),
                    json!({}),
                    json!([null]),
                ])
                .clone();
        }
        if self.dice.happens(4) {
            return Value::Null;
        }
        match shape.value() {
            ValueKind::String | ValueKind::Bytes | ValueKind::Duration => self.text(),
            ValueKind::Time => json!("2026-01-01T00:00:00Z"),
            ValueKind::Integer => json!(self.dice.below(3)),
            ValueKind::Number => self.dice.pick(&[json!(1), json!(1.0), json!(1.5)]).clone(),
            ValueKind::Boolean => json!(self.dice.happens(50)),
            ValueKind::Quantity => self.dice.pick(&[json!("1"), json!("1000m"), json!(1)]).clone(),
            ValueKind::IntOrString => self.dice.pick(&[json!(80), json!("80"), json!("http")]).clone(),
            ValueKind::Any => self.free(depth),
            ValueKind::List => {
                let Some(element) = shape.element() else {
                    return json!([]);
                };
                let count = if self.left == 0 { 0 } else { self.dice.below(4) };
                let items = (0..count).map(|_| self.item(shape, element, depth + 1));
                Value::Array(unique(shape, items.collect()))
            }
            ValueKind::Map => {
                let count = if self.left == 0 { 0 } else { self.dice.below(4) };
                let Field::Declared(inner) = shape.field("a") else {
                    return json!({});
                };
                let mut fields = Map::new();
                for _ in 0..count {
                    let name = *self.dice.pick(&["a", "b", "c/d"]);
                    fields.insert(name.to_owned(), self.value(inner, depth + 1));
                }
                Value::Object(fields)
            }
            ValueKind::Object => self.fields(shape, depth),
        }
    }

    fn fields(&mut self, shape: Shape<'_>, depth: usize) -> Value {
        let mut fields = Map::new();
        let declared: Vec<_> = shape.fields().collect();
        for &(name, inner) in &declared {
            // Nobody applies these, or only once: the names of the object are put there later.
            let is_skipped = matches!(
                name,
                "status" | "managedFields" | "creationTimestamp" | "resourceVersion"
            ) || depth < 2 && matches!(name, "apiVersion" | "kind" | "uid");
            let wanted = match name {
                "spec" | "template" | "containers" if depth < 5 => 90,
                "metadata" if depth == 0 => 60,
                _ => 300 / declared.len().max(4),
            };
            if !is_skipped && self.left > 0 && depth < 12 && self.dice.happens(wanted) {
                let value = self.value(inner, depth + 1);
                // A free-form object is known as a free-form value only; anything else in it is refused later.
                let is_fit = name != "free" || value.is_object();
                fields.insert(name.to_owned(), if is_fit { value } else { json!({"a": 1}) });
            }
        }
        if self.dice.happens(self.oddity) {
            fields.insert("undeclared".to_owned(), json!(1));
        }
        Value::Object(fields)
    }

    fn item(&mut self, list: Shape<'_>, element: Shape<'_>, depth: usize) -> Value {
        let mut item = self.value(element, depth);
        let ListKind::Map(keys) = list.list() else {
            return item;
        };
        if let Value::Object(fields) = &mut item {
            for key in keys {
                let Field::Declared(shape) = element.field(key) else {
                    continue;
                };
                let has_default =
                    shape.default().is_some() || shape.is_builtin() && shape.zero() == ExplicitZero::Dropped;
                if fields.get(key).is_none_or(Value::is_null) && !(has_default && self.dice.happens(10)) {
                    let value = match shape.value() {
                        ValueKind::Integer => json!(80 + self.dice.below(2)),
                        _ => self.text(),
                    };
                    fields.insert(key.clone(), value);
                }
            }
        }
        item
    }

    fn text(&mut self) -> Value {
        self.dice
            .pick(&[json!("a"), json!("b"), json!("c"), json!("")])
            .clone()
    }

    fn free(&mut self, depth: usize) -> Value {
        self.left = self.left.saturating_sub(1);
        match self.dice.below(if depth > 4 { 4 } else { 9 }) {
            0 => json!(1),
            1 => self.text(),
            2 => json!(true),
            3 => json!(null),
            4 => {
                let items = (0..self.dice.below(3)).map(|_| self.free(depth + 1));
                Value::Array(items.collect())
            }
            _ => {
                let mut fields = Map::new();
                for _ in 0..=self.dice.below(3) {
                    let name = *self.dice.pick(&["a", "b", "c"]);
                    fields.insert(name.to_owned(), self.free(depth + 1));
                }
                Value::Object(fields)
            }
        }
    }

    /// The base as one of the managers wants it.
    fn variation(&mut self, base: &Value, shape: Option<Shape<'_>>, is_applied: bool) -> Value {
        self.left = 12;
        self.varied(base, shape, 0, is_applied)
    }

    fn varied(&mut self, value: &Value, shape: Option<Shape<'_>>, depth: usize, is_applied: bool) -> Value {
        if depth > 1 && self.dice.happens(9) {
            return match shape {
                Some(shape) => self.value(shape, depth),
                None => self.free(depth),
            };
        }
        match value {
            Value::Object(fields) => {
                let mut out = Map::new();
                for (name, inner) in fields {
                    if depth > 0 && self.dice.happens(if depth > 4 { 12 } else { 22 }) {
                        continue;
                    }
                    let field = shape.and_then(|shape| match shape.field(name) {
                        Field::Declared(inner) => Some(inner),
                        Field::Undeclared | Field::Unknown => None,
                    });
                    let value = self.varied(inner, field, depth + 1, is_applied);
                    let is_fit = name != "free" || value.is_object();
                    out.insert(name.clone(), if is_fit { value } else { inner.clone() });
                }
                Value::Object(out)
            }
            Value::Array(items) => {
                let element = shape.and_then(Shape::element);
                let mut out = Vec::new();
                for item in items {
                    if !self.dice.happens(20) {
                        out.push(self.varied(item, element, depth + 1, is_applied));
                    }
                }
                if let (Some(list), Some(element)) = (shape, element)
                    && self.dice.happens(25)
                    && self.left > 0
                {
                    out.push(self.item(list, element, depth + 1));
                }
                if self.dice.happens(25) {
                    out.reverse();
                }
                let may_repeat = if is_applied {
                    self.dice.happens(self.oddity)
                } else {
                    self.dice.happens(30)
                };
                match shape {
                    Some(shape) if !may_repeat => out = unique(shape, out),
                    Some(_) if self.dice.happens(50) => out.extend(out.clone().into_iter().take(1)),
                    Some(_) | None => {}
                }
                Value::Array(out)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }
}

/// The elements without those that have the keys of an earlier one.
fn unique(list: Shape<'_>, items: Vec<Value>) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    let mut out = Vec::new();
    for item in items {
        let key = match list.list() {
            ListKind::Map(keys) => {
                let of = |key: &String| {
                    let value = item.get(key).cloned();
                    value.unwrap_or_else(|| {
                        if key == "protocol" {
                            json!("TCP")
                        } else {
                            json!("")
                        }
                    })
                };
                Value::Array(keys.iter().map(of).collect())
            }
            ListKind::Set => item.clone(),
            ListKind::Atomic => {
                out.push(item);
                continue;
            }
        };
        let is_member =
            list.list() != ListKind::Set || !(item.is_null() || item.is_object() || item.is_array());
        if is_member && !seen.contains(&key) {
            seen.push(key);
            out.push(item);
        }
    }
    out
}
