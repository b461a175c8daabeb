//! Rules of a custom resource's schema about several values at once.
//!
//! A manifest was accepted, and so was the live object. What a merge makes of both was not: rules in CEL, alternatives and
//! limits to the length of a list are about what stands together, and rules with `oldSelf` about the change itself. They
//! are not evaluated here; what is held to the schema ([`super::schema`]) keeps all but those in CEL. They run where the value changes that they belong to (apiextensions-apiserver:
//! `pkg/apiserver/schema/cel/validation.go`, `validateExpressions`; `pkg/apiserver/validation/ratcheting.go`).

use std::cell::Cell;
use std::collections::HashSet;

use serde_json::Value;

use crate::compare::work::Work;
use crate::types::{Field, Shape};

/// Why such a write may be refused.
pub(super) const REASON: &str = "the kind has rules of its own, which may refuse the change";

/// Which rules are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Those that a merge of two accepted objects may break.
    OfSeveralValues,
    /// Of these, those in CEL.
    OfSeveralValuesInCel,
    /// All in CEL.
    InCel,
}

/// Whether a value changes for which the schema has such rules, into one that is not known to keep them: `accepted` is the
/// manifest's object as it is stored, which keeps all rules but those about the change.
pub(super) fn is_changed(
    shape: Shape<'_>,
    live: Option<&Value>,
    merged: &Value,
    accepted: Option<&Value>,
    rules: Rules,
    work: &Work,
) -> bool {
    let walk = Walk {
        work,
        rules,
        is_ruled: Cell::new(false),
    };
    walk.changes(shape, live, merged, accepted);
    walk.is_ruled.get()
}

struct Walk<'w> {
    work: &'w Work,
    rules: Rules,
    is_ruled: Cell<bool>,
}

impl Walk<'_> {
    /// Whether a value becomes another one; notes whether one with rules does.
    fn changes(
        &self,
        shape: Shape<'_>,
        live: Option<&Value>,
        merged: &Value,
        accepted: Option<&Value>,
    ) -> bool {
        if !self.work.affords_value(merged) {
            return false;
        }
        let is_changed = match (live, merged) {
            (_, Value::Object(merged)) => {
                let live = live.and_then(Value::as_object);
                let goes = live.is_none_or(|live| live.keys().any(|name| !merged.contains_key(name)));
                merged.iter().fold(goes, |is_changed, (name, merged)| {
                    let live = live.and_then(|live| live.get(name));
                    let changes = match shape.field(name) {
                        Field::Declared(inner) => {
                            let accepted = accepted.and_then(|accepted| accepted.get(name));
                            self.changes(inner, live, merged, accepted)
                        }
                        Field::Undeclared | Field::Unknown => live != Some(merged),
                    };
                    is_changed | changes
                })
            }
            (_, Value::Array(merged)) => {
                let live = live.and_then(Value::as_array);
                let goes = live.is_none_or(|live| live.len() != merged.len());
                let known: HashSet<String> = live.into_iter().flatten().map(Value::to_string).collect();
                merged
                    .iter()
                    .enumerate()
                    .fold(goes, |is_changed, (index, merged)| {
                        let is_new = !known.contains(&merged.to_string());
                        if let (true, Some(element)) = (is_new, shape.element()) {
                            let accepted = accepted.and_then(|accepted| accepted.get(index));
                            self.changes(element, None, merged, accepted);
                        }
                        is_changed | is_new | (live.and_then(|live| live.get(index)) != Some(merged))
                    })
            }
            (live, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                live != Some(merged)
            }
        };
        let keeps_rules = || !shape.has_transition_rules() && accepted == Some(merged);
        if is_changed && self.has_rules(shape) && !keeps_rules() {
            self.is_ruled.set(true);
        }
        is_changed
    }

    /// Whether a value has such rules.
    fn has_rules(&self, shape: Shape<'_>) -> bool {
        let are_in_cel = || shape.limits().is_none_or(|limits| limits.has_other_rules);
        match self.rules {
            Rules::OfSeveralValues => shape.has_rules(),
            Rules::OfSeveralValuesInCel => shape.has_rules() && are_in_cel(),
            Rules::InCel => shape.limits().is_some_and(|limits| limits.has_other_rules),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

    #[test]
    fn what_a_rule_is_about_is_in_doubt_when_it_changes() {
        let rule = |text: &str| json!([{"rule": text, "message": "no"}]);
        let document = json!({"components": {"schemas": {"x": {
            "type": "object",
            "x-kubernetes-group-version-kind": [{"group": "x.example", "version": "v1", "kind": "Trinket"}],
            "properties": {
                "metadata": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
                "spec": {"type": "object", "properties": {
                    "free": {"type": "string"},
                    "checked": {"type": "string", "x-kubernetes-validations": rule("self != ''")},
                    "fixed": {"type": "string", "x-kubernetes-validations": rule("self == oldSelf")},
                    "sides": {"type": "object", "x-kubernetes-validations": rule("!(has(self.a) && has(self.b))"),
                        "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
                    "either": {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                        "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
                    "number": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                    "few": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                    "many": {"type": "array", "items": {"type": "object", "properties": {
                        "name": {"type": "string"},
                        "fixed": {"type": "string", "x-kubernetes-validations": rule("self == oldSelf")}}}},
                }},
            },
        }}}});
        let table = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
        let shape = table.kind("x.example/v1", "Trinket").unwrap();
        let spec = json!({"free": "1", "checked": "1", "fixed": "1", "sides": {"a": "1"}, "either": {"a": "1"},
            "number": 1, "few": ["1"], "many": [{"name": "a"}]});
        let live = json!({"spec": spec});
        let work = Work::of_steps(10_000);
        for (field, becomes, expected) in [
            ("free", json!("2"), false),
            ("checked", json!("2"), false),
            ("number", json!("2"), false),
            ("fixed", json!("2"), true),
            ("sides", json!({"a": "1", "b": "1"}), true),
            ("sides", json!({"a": "1"}), false),
            ("either", json!({"a": "1", "b": "1"}), true),
            ("few", json!(["1", "2"]), true),
            ("many", json!([{"name": "b"}]), false),
            ("many", json!([{"name": "a"}, {"name": "b", "fixed": "1"}]), true),
        ] {
            let mut merged = live.clone();
            merged["spec"][field] = becomes;
            assert_eq!(
                is_changed(shape, Some(&live), &merged, None, Rules::OfSeveralValues, &work),
                expected,
                "{merged}"
            );
            // What the manifest says alone was accepted, but the change never was.
            let is_transition =
                expected && merged.to_string().contains("\"fixed\"") && matches!(field, "fixed" | "many");
            assert_eq!(
                is_changed(
                    shape,
                    Some(&live),
                    &merged,
                    Some(&merged),
                    Rules::OfSeveralValues,
                    &work
                ),
                is_transition,
                "{merged}"
            );
            // Rules in CEL that were never tried are those about one value, too.
            let is_in_cel =
                matches!(field, "checked" | "sides") && merged["spec"][field] != live["spec"][field];
            assert_eq!(
                is_changed(shape, Some(&live), &merged, None, Rules::InCel, &work),
                is_in_cel,
                "{merged}"
            );
        }
    }
}
