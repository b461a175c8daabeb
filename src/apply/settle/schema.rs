//! A custom resource held to the schema that the API server has of its kind now.
//!
//! A manifest may be older than the schema, or not yet tried. The API server looks at the object when it is pruned and its
//! defaults are filled in (apiextensions-apiserver: `pkg/registry/customresource/validator.go` and `strategy.go`; kube-openapi:
//! `pkg/validation/validate`). What lives already and stays as it is passes, whatever the schema says of it, and so does no
//! element of a list without keys, which has no counterpart (`pkg/apiserver/validation/ratcheting.go`, since Kubernetes 1.30).
//!
//! No rule has the limit or the value in its words: the values may be secret. The values of which a schema lets a field have
//! one are those of the schema, and told.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::faults::Faults;
use super::format;
use super::found::Found;
use super::named;
use super::pattern::Patterns;
use super::place::segment;
use crate::apply::Doubt;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::work::Work;
use crate::types::{Alternative, Alternatives, Bound, Field, Limits, ListKind, Number, Shape, ValueKind};

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
const OTHER_FORMAT: &str = "the schema of the kind demands a text of another format here";
const TOO_LARGE: &str = "the schema of the kind demands a number of fewer bits here";
const NONE_OF_SEVERAL: &str =
    "the schema of the kind has several forms for this value, and it has none of them";
const MORE_THAN_ONE: &str =
    "the schema of the kind has several forms for this value, and it has more than one of them";
const FORBIDDEN: &str = "the schema of the kind forbids a value of this form here";
const MEMBER_TWICE: &str = "a set does not take the same element twice";
const KEYS_TWICE: &str = "a list with keys does not take two elements with the same keys";
const NO_TYPE: &str = "an object in an object has to say of what kind it is";
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
    let patterns = RefCell::default();
    let walk = Walk {
        work,
        doubts,
        patterns: &patterns,
        verdict: RefCell::default(),
    };
    walk.value(&FieldPath::root(), Schema::OfField(shape), live, object);
    walk.verdict.into_inner()
}

/// A schema that a value is held to.
#[derive(Clone, Copy)]
enum Schema<'w> {
    /// That of its field.
    OfField(Shape<'w>),
    /// One beside that.
    Beside(&'w Alternative),
}

impl<'w> Schema<'w> {
    fn limits(self) -> Option<&'w Limits> {
        match self {
            Self::OfField(shape) => shape.limits(),
            Self::Beside(alternative) => Some(&alternative.limits),
        }
    }

    fn kind(self) -> ValueKind {
        match self {
            Self::OfField(shape) => shape.value(),
            Self::Beside(alternative) => alternative.kind.unwrap_or(ValueKind::Any),
        }
    }

    fn field(self, name: &str) -> Option<Self> {
        match self {
            Self::OfField(shape) => match shape.field(name) {
                Field::Declared(inner) => Some(Self::OfField(inner)),
                Field::Undeclared | Field::Unknown => None,
            },
            Self::Beside(alternative) => alternative.field(name).map(Self::Beside),
        }
    }
}

struct Walk<'w, 'p> {
    work: &'w Work,
    doubts: &'p [Doubt],
    patterns: &'p RefCell<Patterns<'w>>,
    verdict: RefCell<Verdict>,
}

impl<'w> Walk<'w, '_> {
    fn breaks(&self, path: &FieldPath, rule: &'static str) {
        self.breaks_by(path, || Cow::Borrowed(rule));
    }

    /// The same, by a rule that is put together only where it is told.
    fn breaks_by(&self, path: &FieldPath, rule: impl FnOnce() -> Cow<'static, str>) {
        let is_certain = !self.is_in_doubt(path);
        let mut verdict = self.verdict.borrow_mut();
        if !is_certain {
            verdict.is_unsure = true;
        } else if verdict.broken.len() < MAX_BROKEN {
            verdict.broken.push((path.clone(), rule()));
        }
    }

    /// Whether it is not certain what is at a place.
    fn is_in_doubt(&self, path: &FieldPath) -> bool {
        !self.work.affords(self.doubts.len()) || self.doubts.iter().any(|doubt| doubt.path.overlaps(path))
    }

    fn is_unsure(&self) {
        self.verdict.borrow_mut().is_unsure = true;
    }

    fn value(&self, path: &FieldPath, schema: Schema<'w>, live: Option<&Value>, value: &Value) {
        // What does not change passes.
        if live == Some(value) || !self.work.affords_value(value) {
            return;
        }
        // A null that is no value of its field is pruned before (`defaulting/prune.go`).
        if value.is_null() {
            let choices = schema.limits().map_or(&[][..], |limits| &limits.choices);
            if !choices.is_empty() && !choices.contains(value) {
                self.breaks_by(path, || no_choice(choices).into());
            }
            return;
        }
        if let Some(limits) = schema.limits() {
            self.demands(path, schema, limits, live, value);
        }
    }

    fn demands(
        &self,
        path: &FieldPath,
        schema: Schema<'w>,
        limits: &'w Limits,
        live: Option<&Value>,
        value: &Value,
    ) {
        if !is_of_kind(schema.kind(), value) {
            self.breaks(path, OTHER_TYPE);
            return;
        }
        match schema {
            Schema::OfField(shape) => {
                if limits.is_fixed
                    && let Some(live) = live.filter(|live| !live.is_null())
                    && self.differs(shape, live, value)
                {
                    self.breaks(path, FIXED);
                }
            }
            // Of an alternative it matters whether it is kept.
            Schema::Beside(_) if limits.has_other_rules || limits.is_fixed => self.is_unsure(),
            Schema::Beside(_) => {}
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
            Value::Array(items) => self.list(path, schema, limits, live.and_then(Value::as_array), items),
            Value::Object(fields) => {
                self.object(path, schema, limits, live.and_then(Value::as_object), fields);
            }
            Value::Null | Value::Bool(_) => {}
        }
        for alternatives in &limits.alternatives {
            self.alternatives(path, alternatives, value);
        }
    }

    /// Holds a value to the schemas beside that of its field (`validate/schema_props.go`). Nothing in it passes them for being
    /// as it was, where the value is another one as a whole.
    fn alternatives(&self, path: &FieldPath, alternatives: &'w Alternatives, value: &Value) {
        let (fewest, most) = match alternatives.number {
            Number::All => {
                for schema in &alternatives.schemas {
                    self.demands(path, Schema::Beside(schema), &schema.limits, None, value);
                }
                return;
            }
            Number::AtLeastOne => (1, usize::MAX),
            Number::ExactlyOne => (1, 1),
            Number::None => (0, 0),
        };
        let (mut kept, mut unsure) = (0_usize, 0_usize);
        for schema in &alternatives.schemas {
            match self.keeps(path, schema, value) {
                Some(true) => kept += 1,
                Some(false) => {}
                None => unsure += 1,
            }
        }
        if self.is_in_doubt(path) {
            self.is_unsure();
        } else if kept + unsure < fewest {
            self.breaks(path, NONE_OF_SEVERAL);
        } else if kept > most {
            self.breaks(path, if most == 0 { FORBIDDEN } else { MORE_THAN_ONE });
        } else if kept < fewest || kept + unsure > most {
            self.is_unsure();
        }
    }

    /// Whether a value fits a schema; `None` where that cannot be told.
    fn keeps(&self, path: &FieldPath, schema: &'w Alternative, value: &Value) -> Option<bool> {
        if !self.work.affords_value(value) {
            return None;
        }
        let inner = Walk {
            work: self.work,
            doubts: &[],
            patterns: self.patterns,
            verdict: RefCell::default(),
        };
        inner.demands(path, Schema::Beside(schema), &schema.limits, None, value);
        let verdict = inner.verdict.into_inner();
        match (verdict.broken.is_empty(), verdict.is_unsure) {
            (false, _) => Some(false),
            (true, false) => Some(true),
            (true, true) => None,
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
                self.is_unsure();
            }
        }
        if limits
            .format
            .as_deref()
            .is_some_and(|format| !format::holds(format, number))
        {
            self.breaks(path, TOO_LARGE);
        }
    }

    fn text(&self, path: &FieldPath, limits: &'w Limits, text: &str) {
        self.count(path, limits, text.chars().count(), [LONGER, SHORTER]);
        let mut patterns = self.patterns.borrow_mut();
        let pattern = limits.pattern.as_deref();
        let has_form = pattern.map(|pattern| (OTHER_FORM, patterns.fits(pattern, text, self.work)));
        let format = limits.format.as_deref();
        let has_format =
            format.map(|format| (OTHER_FORMAT, format::fits(format, text, &mut patterns, self.work)));
        for (rule, fits) in has_form.into_iter().chain(has_format) {
            match fits {
                Some(true) => {}
                Some(false) => self.breaks(path, rule),
                None => self.is_unsure(),
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
        schema: Schema<'w>,
        limits: &Limits,
        live: Option<&Vec<Value>>,
        items: &[Value],
    ) {
        self.count(path, limits, items.len(), [MORE_ITEMS, FEWER_ITEMS]);
        if limits.is_unique && has_twice(items) {
            self.breaks(path, TWICE);
        }
        let shape = match schema {
            Schema::OfField(shape) => shape,
            Schema::Beside(alternative) => {
                let element = alternative.element.as_deref().map(Schema::Beside);
                for (index, item) in items.iter().enumerate() {
                    if let Some(element) = element {
                        self.value(&path.join(Segment::Index(index)), element, None, item);
                    }
                }
                return;
            }
        };
        // A list that lives so already lets every other of the object live so.
        if shape.list() == ListKind::Set && has_twice(items) {
            match live {
                Some(live) if has_twice(live) => self.is_unsure(),
                Some(_) | None => self.breaks(path, MEMBER_TWICE),
            }
        }
        let Some(element) = shape.element() else {
            return;
        };
        let is_keyed = matches!(shape.list(), ListKind::Map(_));
        let are_twice = |items: &[Value]| {
            let mut seen = HashSet::new();
            let mut steps = items
                .iter()
                .enumerate()
                .map(|(index, item)| segment(Some(shape), index, item));
            is_keyed && !steps.all(|step| seen.insert(step))
        };
        if are_twice(items) {
            match live {
                Some(live) if are_twice(live) => self.is_unsure(),
                Some(_) | None => self.breaks(path, KEYS_TWICE),
            }
        }
        let named = live.into_iter().flatten().enumerate().filter(|_| is_keyed);
        let named: HashMap<Segment, &Value> = named
            .map(|(index, item)| (segment(Some(shape), index, item), item))
            .collect();
        for (index, item) in items.iter().enumerate() {
            let step = segment(Some(shape), index, item);
            let live = named.get(&step).copied();
            let path = path.join(step);
            // Elements are not pruned.
            if item.is_null() && !element.is_nullable() && element.value() != ValueKind::Any {
                self.breaks(&path, OTHER_TYPE);
            }
            self.value(&path, Schema::OfField(element), live, item);
        }
    }

    fn object(
        &self,
        path: &FieldPath,
        schema: Schema<'w>,
        limits: &Limits,
        live: Option<&Map<String, Value>>,
        fields: &Map<String, Value>,
    ) {
        self.count(path, limits, fields.len(), [MORE_FIELDS, FEWER_FIELDS]);
        if limits.is_embedded {
            self.embedded(path, fields);
        }
        let is_data = match schema {
            Schema::OfField(shape) => shape.status_is_data(),
            Schema::Beside(_) => false,
        };
        // A status that is written apart is not the business of this write.
        let is_apart = |name: &str| path.segments().is_empty() && name == "status" && !is_data;
        for name in &limits.required {
            if self.work.affords(1) && !fields.contains_key(name) && !is_apart(name) {
                self.breaks(&path.key(name), MISSING);
            }
        }
        for (name, value) in fields {
            if let Some(inner) = schema.field(name).filter(|_| !is_apart(name)) {
                let live = live.and_then(|live| live.get(name));
                self.value(&path.key(name), inner, live, value);
            }
        }
    }

    /// Holds an object in an object to what every object has to have (apiextensions-apiserver:
    /// `pkg/apiserver/schema/objectmeta/validation.go`, `validateEmbeddedResource`).
    fn embedded(&self, path: &FieldPath, fields: &Map<String, Value>) {
        for name in ["apiVersion", "kind"] {
            let is_told = fields
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty());
            if !is_told {
                self.breaks(&path.key(name), NO_TYPE);
            }
        }
        let mut faults = Faults::new(self.work);
        if let Some(metadata) = fields.get("metadata") {
            let metadata = Found {
                path: path.key("metadata"),
                value: metadata,
                shape: None,
            };
            named::check_metadata(&metadata, &mut faults);
        }
        for (path, rule) in faults.into_found() {
            self.breaks(&path, rule);
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

fn has_twice(items: &[Value]) -> bool {
    let mut seen = HashSet::new();
    items.iter().any(|item| !seen.insert(item))
}

fn is_same_number(one: &Value, other: &Value) -> bool {
    one.is_number() && one.as_f64() == other.as_f64()
}

/// Whether a value is of the type that the schema names (`validate/type.go`). A number without a fraction is an integer.
pub(super) fn is_of_kind(kind: ValueKind, value: &Value) -> bool {
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
            (
                keyed.clone(),
                json!([{"name": "a"}]),
                json!([{"name": "b", "size": 1}, {"name": "b", "size": 2}]),
                Some(KEYS_TWICE),
            ),
            (keyed, json!([{"name": "a"}]), json!([{"size": 1}]), Some(MISSING)),
            (
                json!({"type": "array", "items": {"type": "string", "maxLength": 1}}),
                json!(["aa"]),
                json!(["aa", "b"]),
                Some(SHORTER),
            ),
            (
                list("x-kubernetes-list-type", json!("set")),
                json!(["a"]),
                json!(["a", "a"]),
                Some(MEMBER_TWICE),
            ),
            (
                string("format", json!("ipv4")),
                json!("10.0.0.1"),
                json!("ten"),
                Some(OTHER_FORMAT),
            ),
            (string("format", json!("unknown")), json!("a"), json!("b"), None),
            (
                json!({"type": "integer", "format": "int32"}),
                json!(1),
                json!(1_u64 << 40),
                Some(TOO_LARGE),
            ),
            (
                number("format", json!("int32")),
                json!(1),
                json!(1_u64 << 40),
                None,
            ),
            (
                number("allOf", json!([{"minimum": 1}, {"maximum": 9}])),
                json!(1),
                json!(10),
                Some(SMALLER),
            ),
            (
                number("anyOf", json!([{"maximum": 1}, {"minimum": 9}])),
                json!(1),
                json!(5),
                Some(NONE_OF_SEVERAL),
            ),
            (
                number("anyOf", json!([{"maximum": 5}, {"minimum": 5}])),
                json!(1),
                json!(5),
                None,
            ),
            (
                number("oneOf", json!([{"maximum": 5}, {"minimum": 5}])),
                json!(1),
                json!(5),
                Some(MORE_THAN_ONE),
            ),
            (
                number("oneOf", json!([{"maximum": 5}, {"minimum": 5}])),
                json!(1),
                json!(6),
                None,
            ),
            (
                number("not", json!({"minimum": 5})),
                json!(1),
                json!(5),
                Some(FORBIDDEN),
            ),
            // One schema beside another may have some of its own.
            (
                number(
                    "oneOf",
                    json!([{"not": {"minimum": 5}}, {"anyOf": [{"minimum": 8}, {"maximum": 6}]}]),
                ),
                json!(1),
                json!(7),
                Some(NONE_OF_SEVERAL),
            ),
            // A number that may be a text names its types so, and no more is meant by it.
            (
                json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
                json!(1),
                json!("a"),
                None,
            ),
            (
                json!({"x-kubernetes-int-or-string": true,
                    "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"pattern": "^[a-z]$"}]}),
                json!(1),
                json!("A"),
                Some(OTHER_FORM),
            ),
            (
                map(
                    "anyOf",
                    json!([{"required": ["a"]}, {"additionalProperties": {"pattern": "^x"}}]),
                ),
                json!({"a": "1"}),
                json!({"b": "1"}),
                Some(NONE_OF_SEVERAL),
            ),
            (
                map(
                    "anyOf",
                    json!([{"required": ["a"]}, {"additionalProperties": {"pattern": "^x"}}]),
                ),
                json!({"a": "1"}),
                json!({"b": "x"}),
                None,
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
