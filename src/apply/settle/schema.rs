//! A custom resource held to the schema that the API server has of its kind now.
//!
//! A manifest may be older than the schema, or not yet tried. The API server looks at the object when it is pruned and its
//! defaults are filled in (apiextensions-apiserver: `pkg/registry/customresource/validator.go`; kube-openapi:
//! `pkg/validation/validate`). What lives already and stays as it is passes, whatever the schema says of it, and so does no
//! element of a list without keys, which has no counterpart (`pkg/apiserver/validation/ratcheting.go`, since Kubernetes 1.30).
//!
//! No rule has the limit or the value in its words: the values may be secret. The values of which a schema lets a field have
//! one are those of the schema, and told.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::pattern::Patterns;
use super::place::segment;
use crate::apply::Doubt;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::work::Work;
use crate::types::{Bound, Field, Limits, ListKind, Shape, ValueKind};

const OTHER_TYPE: &str = "the schema of the kind demands a value of another type here";
const LARGER: &str = "the schema of the kind demands a larger number here";
const SMALLER: &str = "the schema of the kind demands a smaller number here";
const NO_MULTIPLE: &str = "the schema of the kind takes only multiples of a number here, and this is none";
const LONGER: &str = "the schema of the kind demands a longer text here";
const SHORTER: &str = "the schema of the kind demands a shorter text here";
const OTHER_FORM: &str = "the schema of the kind demands a text of another form here";
const NO_CHOICE: &str = "the schema of the kind takes only certain values here";
const MORE_ITEMS: &str = "the schema of the kind demands more elements here";
const FEWER_ITEMS: &str = "the schema of the kind demands fewer elements here";
const TWICE: &str = "the schema of the kind does not take the same element twice here";
const MORE_FIELDS: &str = "the schema of the kind demands more fields here";
const FEWER_FIELDS: &str = "the schema of the kind demands fewer fields here";
const MISSING: &str = "the schema of the kind demands this field";
const FIXED: &str = "the schema of the kind has a rule by which the value may not change";

/// How many of the values that a field may have are told.
const MAX_CHOICES: usize = 8;

/// How many characters one of them may have.
const MAX_CHOICE: usize = 40;

/// The rule that a field has one of certain values, with the first of these.
fn no_choice(choices: &[Value]) -> String {
    let short = choices.iter().map(Value::to_string);
    let told: Vec<String> = short
        .filter(|choice| choice.chars().count() <= MAX_CHOICE)
        .take(MAX_CHOICES)
        .collect();
    let more = match choices.len().saturating_sub(told.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if told.is_empty() {
        return format!("{NO_CHOICE}, and this is none of them");
    }
    format!(
        "{NO_CHOICE} ({}{more}), and this is none of them",
        told.join(", ")
    )
}

/// How many broken rules of one object are noted: the first are told, and how many there are.
const MAX_BROKEN: usize = 100;

/// What the schema says of an object.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// The places at which it breaks a rule, with the rule.
    pub(super) broken: Vec<(FieldPath, Cow<'static, str>)>,
    /// Whether there is a value of which it cannot be told.
    pub(super) is_unsure: bool,
}

/// Holds an object to the schema; `live` is what it was before, and of places in doubt nothing is said.
pub(super) fn verdict(
    shape: Shape<'_>,
    live: Option<&Value>,
    object: &Value,
    doubts: &[Doubt],
    work: &Work,
) -> Verdict {
    let walk = Walk {
        work,
        doubts,
        patterns: RefCell::default(),
        verdict: RefCell::default(),
    };
    walk.value(&FieldPath::root(), shape, live, object);
    walk.verdict.into_inner()
}

struct Walk<'w> {
    work: &'w Work,
    doubts: &'w [Doubt],
    patterns: RefCell<Patterns<'w>>,
    verdict: RefCell<Verdict>,
}

impl<'w> Walk<'w> {
    fn breaks(&self, path: &FieldPath, rule: &'static str) {
        self.breaks_by(path, || Cow::Borrowed(rule));
    }

    /// The same, by a rule that is put together only where it is told.
    fn breaks_by(&self, path: &FieldPath, rule: impl FnOnce() -> Cow<'static, str>) {
        let is_certain = self.work.affords(self.doubts.len())
            && !self.doubts.iter().any(|doubt| doubt.path.overlaps(path));
        let mut verdict = self.verdict.borrow_mut();
        if !is_certain {
            verdict.is_unsure = true;
        } else if verdict.broken.len() < MAX_BROKEN {
            verdict.broken.push((path.clone(), rule()));
        }
    }

    fn value(&self, path: &FieldPath, shape: Shape<'w>, live: Option<&Value>, value: &Value) {
        // Null is pruned or allowed before (`defaulting/prune.go`); what does not change passes.
        if value.is_null() || live == Some(value) || !self.work.affords_value(value) {
            return;
        }
        let Some(limits) = shape.limits() else {
            return;
        };
        if !is_of_kind(shape.value(), value) {
            self.breaks(path, OTHER_TYPE);
            return;
        }
        if limits.is_fixed
            && let Some(live) = live.filter(|live| !live.is_null())
            && self.differs(shape, live, value)
        {
            self.breaks(path, FIXED);
        }
        let is_same = |choice: &Value| choice == value || is_same_number(choice, value);
        if !limits.choices.is_empty()
            && self.work.affords(limits.choices.len())
            && !limits.choices.iter().any(is_same)
        {
            self.breaks_by(path, || no_choice(&limits.choices).into());
        }
        match value {
            Value::Number(number) => self.number(path, limits, number.as_f64()),
            Value::String(text) => self.text(path, limits, text),
            Value::Array(items) => self.list(path, shape, limits, live.and_then(Value::as_array), items),
            Value::Object(fields) => {
                self.object(path, shape, limits, live.and_then(Value::as_object), fields);
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn number(&self, path: &FieldPath, limits: &Limits, number: Option<f64>) {
        let Some(number) = number else {
            return;
        };
        let is_below = |bound: Bound| {
            if bound.is_beyond {
                number <= bound.number
            } else {
                number < bound.number
            }
        };
        let is_above = |bound: Bound| {
            if bound.is_beyond {
                number >= bound.number
            } else {
                number > bound.number
            }
        };
        if limits.minimum.is_some_and(is_below) {
            self.breaks(path, LARGER);
        }
        if limits.maximum.is_some_and(is_above) {
            self.breaks(path, SMALLER);
        }
        if let Some(factor) = limits.multiple_of {
            let is_whole = |number: f64| number.fract() == 0.0;
            if is_whole(number) && is_whole(factor) {
                if number % factor != 0.0 {
                    self.breaks(path, NO_MULTIPLE);
                }
            } else {
                // How it comes out depends on how fractions are rounded.
                self.verdict.borrow_mut().is_unsure = true;
            }
        }
    }

    fn text(&self, path: &FieldPath, limits: &'w Limits, text: &str) {
        self.count(path, limits, text.chars().count(), [LONGER, SHORTER]);
        if let Some(pattern) = &limits.pattern {
            match self.patterns.borrow_mut().fits(pattern, text, self.work) {
                Some(true) => {}
                Some(false) => self.breaks(path, OTHER_FORM),
                None => self.verdict.borrow_mut().is_unsure = true,
            }
        }
    }

    fn count(&self, path: &FieldPath, limits: &Limits, count: usize, [more, fewer]: [&'static str; 2]) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if limits.least.is_some_and(|least| count < least) {
            self.breaks(path, more);
        }
        if limits.most.is_some_and(|most| count > most) {
            self.breaks(path, fewer);
        }
    }

    fn list(
        &self,
        path: &FieldPath,
        shape: Shape<'w>,
        limits: &Limits,
        live: Option<&Vec<Value>>,
        items: &[Value],
    ) {
        self.count(path, limits, items.len(), [MORE_ITEMS, FEWER_ITEMS]);
        let mut seen = HashSet::new();
        if limits.is_unique && items.iter().any(|item| !seen.insert(item)) {
            self.breaks(path, TWICE);
        }
        let Some(element) = shape.element() else {
            return;
        };
        let is_keyed = matches!(shape.list(), ListKind::Map(_));
        let named = live.into_iter().flatten().enumerate().filter(|_| is_keyed);
        let named: HashMap<Segment, &Value> = named
            .map(|(index, item)| (segment(Some(shape), index, item), item))
            .collect();
        for (index, item) in items.iter().enumerate() {
            let step = segment(Some(shape), index, item);
            let live = named.get(&step).copied();
            self.value(&path.join(step), element, live, item);
        }
    }

    fn object(
        &self,
        path: &FieldPath,
        shape: Shape<'w>,
        limits: &Limits,
        live: Option<&Map<String, Value>>,
        fields: &Map<String, Value>,
    ) {
        self.count(path, limits, fields.len(), [MORE_FIELDS, FEWER_FIELDS]);
        // A status that is written apart is not the business of this write.
        let is_apart = |name: &str| path.segments().is_empty() && name == "status" && !shape.status_is_data();
        for name in &limits.required {
            if self.work.affords(1) && !fields.contains_key(name) && !is_apart(name) {
                self.breaks(&path.key(name), MISSING);
            }
        }
        for (name, value) in fields {
            if let Field::Declared(inner) = shape.field(name)
                && !is_apart(name)
            {
                let live = live.and_then(|live| live.get(name));
                self.value(&path.key(name), inner, live, value);
            }
        }
    }

    /// Whether two values differ in CEL, where the order of sets and of lists with keys means nothing; of these only the
    /// length tells (apiserver: `pkg/cel/common/values.go`, `unstructuredList.Equal`).
    fn differs(&self, shape: Shape<'_>, was: &Value, is: &Value) -> bool {
        if !self.work.affords(1) {
            return false;
        }
        match (was, is) {
            (Value::Object(was), Value::Object(is)) => {
                was.len() != is.len()
                    || was.iter().any(|(name, was)| {
                        is.get(name).is_none_or(|is| match shape.field(name) {
                            Field::Declared(inner) => self.differs(inner, was, is),
                            Field::Undeclared | Field::Unknown => false,
                        })
                    })
            }
            (Value::Array(was), Value::Array(is)) => {
                was.len() != is.len()
                    || shape.list() == ListKind::Atomic
                        && shape.element().is_some_and(|element| {
                            was.iter().zip(is).any(|(was, is)| self.differs(element, was, is))
                        })
            }
            (was, is) => was != is && !is_same_number(was, is),
        }
    }
}

fn is_same_number(one: &Value, other: &Value) -> bool {
    one.is_number() && one.as_f64() == other.as_f64()
}

/// Whether a value is of the type that the schema names (`validate/type.go`). A number without a fraction is an integer.
fn is_of_kind(kind: ValueKind, value: &Value) -> bool {
    let is_whole = |value: &Value| value.as_f64().is_some_and(|number| number.fract() == 0.0);
    match kind {
        ValueKind::String => value.is_string(),
        ValueKind::Integer => is_whole(value),
        ValueKind::Number => value.is_number(),
        ValueKind::Boolean => value.is_boolean(),
        ValueKind::IntOrString => value.is_string() || is_whole(value),
        ValueKind::Quantity => value.is_string() || value.is_number(),
        // A list is not held to a format.
        ValueKind::Bytes | ValueKind::Time | ValueKind::Duration => value.is_string() || value.is_array(),
        ValueKind::List => value.is_array(),
        ValueKind::Object | ValueKind::Map => value.is_object(),
        ValueKind::Any => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::types::TypeTable;

    /// The schema of a field, and what becomes of it: the live value, the value after, and the rule that it breaks.
    #[test]
    fn a_value_is_held_to_each_keyword_of_its_schema() {
        let text = json!({"type": "string"});
        let number = |keyword: &str, limit: Value| json!({"type": "number", (keyword): limit});
        let string = |keyword: &str, limit: Value| json!({"type": "string", (keyword): limit});
        let list = |keyword: &str, limit: Value| json!({"type": "array", "items": text, (keyword): limit});
        let map = |keyword: &str, limit: Value| json!({"type": "object", "additionalProperties": text, (keyword): limit});
        let fixed = |schema: Value| {
            let mut schema = schema;
            schema["x-kubernetes-validations"] = json!([{"rule": "self == oldSelf", "message": "no"}]);
            schema
        };
        let none = Value::Null;
        let beyond = json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true});
        let keyed = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "required": ["name"],
                "properties": {"name": text, "size": {"type": "integer", "minimum": 1}, "note": text}}});
        for (schema, live, after, expected) in [
            (number("minimum", json!(1)), json!(5), json!(0), Some(LARGER)),
            (number("minimum", json!(1)), json!(5), json!(1), None),
            (
                number("minimum", json!(1)),
                none.clone(),
                json!(0.5),
                Some(LARGER),
            ),
            (beyond, json!(5), json!(1), Some(LARGER)),
            (number("maximum", json!(9)), json!(5), json!(10), Some(SMALLER)),
            (number("maximum", json!(9)), json!(5), json!(9.0), None),
            (
                number("multipleOf", json!(5)),
                json!(5),
                json!(7),
                Some(NO_MULTIPLE),
            ),
            (number("multipleOf", json!(5)), json!(5), json!(10), None),
            (
                string("minLength", json!(2)),
                json!("abc"),
                json!("é"),
                Some(LONGER),
            ),
            (
                string("maxLength", json!(2)),
                json!("a"),
                json!("abc"),
                Some(SHORTER),
            ),
            (string("maxLength", json!(2)), json!("a"), json!("éé"), None),
            (
                string("pattern", json!("^[a-z]+$")),
                json!("a"),
                json!("A"),
                Some(OTHER_FORM),
            ),
            (string("pattern", json!("^[a-z]+$")), json!("a"), json!("b"), None),
            (
                string("enum", json!(["a", "b"])),
                json!("a"),
                json!("c"),
                Some(NO_CHOICE),
            ),
            (string("enum", json!(["a", "b"])), json!("a"), json!("b"), None),
            (number("enum", json!([1, 2])), json!(1), json!(2.0), None),
            (
                list("minItems", json!(1)),
                json!(["a"]),
                json!([]),
                Some(MORE_ITEMS),
            ),
            (
                list("maxItems", json!(1)),
                json!(["a"]),
                json!(["a", "b"]),
                Some(FEWER_ITEMS),
            ),
            (
                list("uniqueItems", json!(true)),
                json!(["a"]),
                json!(["a", "a"]),
                Some(TWICE),
            ),
            (
                map("minProperties", json!(1)),
                json!({"a": "1"}),
                json!({}),
                Some(MORE_FIELDS),
            ),
            (
                map("maxProperties", json!(1)),
                json!({"a": "1"}),
                json!({"a": "1", "b": "1"}),
                Some(FEWER_FIELDS),
            ),
            (text.clone(), json!("a"), json!(1), Some(OTHER_TYPE)),
            (json!({"type": "integer"}), json!(1), json!("1"), Some(OTHER_TYPE)),
            (json!({"type": "integer"}), json!(1), json!(1.5), Some(OTHER_TYPE)),
            (json!({"type": "integer"}), json!(1), json!(2.0), None),
            (
                json!({"type": "boolean"}),
                json!(true),
                json!("false"),
                Some(OTHER_TYPE),
            ),
            (
                json!({"type": "array", "items": text}),
                json!(["a"]),
                json!("a"),
                Some(OTHER_TYPE),
            ),
            (
                json!({"type": "array", "items": text}),
                json!(["a"]),
                json!(["a", 1]),
                Some(OTHER_TYPE),
            ),
            (
                json!({"x-kubernetes-int-or-string": true}),
                json!(1),
                json!("a"),
                None,
            ),
            (
                json!({"x-kubernetes-int-or-string": true}),
                json!(1),
                json!(true),
                Some(OTHER_TYPE),
            ),
            (
                json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
                json!({}),
                json!({"a": 1}),
                None,
            ),
            (
                json!({"type": "string", "nullable": true, "minLength": 2}),
                json!("ab"),
                none.clone(),
                None,
            ),
            (fixed(text.clone()), json!("a"), json!("b"), Some(FIXED)),
            (fixed(text.clone()), none.clone(), json!("b"), None),
            (fixed(json!({"type": "number"})), json!(1), json!(1.0), None),
            (
                fixed(list("x-kubernetes-list-type", json!("set"))),
                json!(["a", "b"]),
                json!(["b", "a"]),
                None,
            ),
            (
                fixed(list("x-kubernetes-list-type", json!("set"))),
                json!(["a"]),
                json!(["b", "a"]),
                Some(FIXED),
            ),
            (
                fixed(list("maxItems", json!(9))),
                json!(["a", "b"]),
                json!(["b", "a"]),
                Some(FIXED),
            ),
            // What was so before passes, an element of a keyed list too; one of another list has no counterpart.
            (
                keyed.clone(),
                json!([{"name": "a", "size": 0}]),
                json!([{"name": "b", "size": 1}, {"name": "a", "size": 0}]),
                None,
            ),
            (
                keyed.clone(),
                json!([{"name": "a", "size": 0}]),
                json!([{"name": "a", "size": 0, "note": "x"}]),
                None,
            ),
            (
                keyed.clone(),
                json!([{"name": "a", "size": 0}]),
                json!([{"name": "b", "size": 0}]),
                Some(LARGER),
            ),
            (keyed, json!([{"name": "a"}]), json!([{"size": 1}]), Some(MISSING)),
            (
                json!({"type": "array", "items": {"type": "string", "maxLength": 1}}),
                json!(["aa"]),
                json!(["aa", "b"]),
                Some(SHORTER),
            ),
        ] {
            let object = |value: &Value| match value {
                Value::Null => json!({"spec": {}}),
                value => json!({"spec": {"field": value}}),
            };
            let found = broken(
                &json!({"type": "object", "properties": {"field": schema}}),
                Some(&object(&live)),
                &object(&after),
            );
            let rules: Vec<&str> = found.broken.iter().map(|(_, rule)| &**rule).collect();
            let rules: Vec<&str> = rules
                .into_iter()
                .map(|rule| {
                    if rule.starts_with(NO_CHOICE) {
                        NO_CHOICE
                    } else {
                        rule
                    }
                })
                .collect();
            assert_eq!(
                (rules, found.is_unsure),
                (Vec::from_iter(expected), false),
                "{schema}: {live} -> {after}"
            );
        }
    }

    #[test]
    fn the_values_that_a_field_may_have_are_named_as_far_as_a_sentence_goes() {
        assert_eq!(
            no_choice(&[json!("small"), json!("large"), json!(3)]),
            "the schema of the kind takes only certain values here (\"small\", \"large\", 3), and this is none of them"
        );
        let many: Vec<Value> = (0..20).map(|number| json!(number)).collect();
        assert!(
            no_choice(&many).contains("6, 7 and 12 more)"),
            "{}",
            no_choice(&many)
        );
        let long = [json!("x".repeat(100))];
        assert!(no_choice(&long).ends_with("certain values here, and this is none of them"));
    }

    #[test]
    fn a_field_that_is_demanded_counts_where_its_object_changes_or_is_new() {
        let schema = json!({"type": "object", "required": ["note"],
            "properties": {"note": {"type": "string"}, "size": {"type": "integer"}}});
        let object = |spec: Value| json!({"metadata": {"labels": {"a": "1"}}, "spec": spec});
        for (live, after, expected) in [
            (Some(json!({"size": 1})), json!({"size": 2}), 1),
            (Some(json!({"size": 1})), json!({"size": 1}), 0),
            (Some(json!({"size": 1, "note": "a"})), json!({"size": 1}), 1),
            (None, json!({"size": 1}), 1),
            (None, json!({"size": 1, "note": "a"}), 0),
        ] {
            let mut before = live.clone().map(object);
            if let Some(before) = &mut before {
                before["metadata"]["labels"] = json!({});
            }
            let found = broken(&schema, before.as_ref(), &object(after.clone()));
            let paths: Vec<String> = found.broken.iter().map(|(path, _)| path.to_string()).collect();
            assert_eq!(paths, vec!["/spec/note"; expected], "{live:?} -> {after}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_no_refusal() {
        let pattern =
            json!({"type": "object", "properties": {"field": {"type": "string", "pattern": r"^\p{L}+$"}}});
        let object = |value: &str| json!({"spec": {"field": value}});
        let found = broken(&pattern, Some(&object("a")), &object("b"));
        assert!(found.broken.is_empty() && found.is_unsure, "{found:?}");
        let unchanged = broken(&pattern, Some(&object("a")), &object("a"));
        assert!(
            unchanged.broken.is_empty() && !unchanged.is_unsure,
            "{unchanged:?}"
        );
    }

    #[test]
    fn a_status_that_is_written_apart_is_not_looked_at() {
        let schema = json!({"type": "object", "properties": {}});
        let object = json!({"spec": {}, "status": {"size": "many"}});
        assert!(broken(&schema, None, &object).broken.is_empty());
    }

    fn broken(spec: &Value, live: Option<&Value>, object: &Value) -> Verdict {
        let document = json!({"components": {"schemas": {"x": {
            "type": "object",
            "required": ["spec", "status"],
            "x-kubernetes-group-version-kind": [{"group": "x.example", "version": "v1", "kind": "Trinket"}],
            "properties": {
                "metadata": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
                "spec": spec,
                "status": {"type": "object", "properties": {"size": {"type": "integer"}}},
            },
        }}}});
        let table = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
        let shape = table.kind("x.example/v1", "Trinket").unwrap();
        let work = Work::of_steps(100_000);
        let found = verdict(shape, live, object, &[], &work);
        assert!(!work.is_spent());
        found
    }
}
