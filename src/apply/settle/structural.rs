//! What the API server refuses in the schemas of a `CustomResourceDefinition`.
//!
//! A schema has to be structural: every field has one type, and what is beside a schema says none
//! (apiextensions-apiserver: `pkg/apiserver/schema/validation.go`, `ValidateStructural`; `pkg/apis/apiextensions/validation`,
//! `ValidateCustomResourceDefinitionOpenAPISchema`, `specStandardValidatorV3` and `validateMapListKeysMapSet`). Rules in CEL
//! are not compiled here.

use std::collections::HashSet;

use serde_json::Value;

use super::faults::Faults;
use super::found::Found;
use super::schema::is_of_kind;
use crate::types::ValueKind;

/// Keywords that no schema may have.
const NOT_SUPPORTED: [&str; 6] = [
    "$ref",
    "id",
    "additionalItems",
    "patternProperties",
    "definitions",
    "dependencies",
];

/// Keywords that a schema beside another may not have.
const NOT_BESIDE: [&str; 11] = [
    "additionalProperties",
    "default",
    "title",
    "description",
    "nullable",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
];

/// Where a schema is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Inner,
}

/// Looks for what is refused in the schema of a version.
pub(super) fn check(schema: &Found<'_>, faults: &mut Faults<'_>) {
    structural(schema, Level::Root, faults);
}

fn structural(schema: &Found<'_>, level: Level, faults: &mut Faults<'_>) {
    if !schema.value.is_object() || !faults.work.affords(1) {
        return;
    }
    supported(schema, faults);
    let kind = schema.text("type").unwrap_or_default();
    let is = |keyword: &str| schema.get(keyword) == Some(&Value::Bool(true));
    let is_open = is("x-kubernetes-int-or-string") || is("x-kubernetes-preserve-unknown-fields");
    if kind.is_empty() && (level == Level::Root || !is_open) {
        faults.add(
            schema.path.key("type"),
            "a schema has to say of which type a value is",
        );
    } else if level == Level::Root && kind != "object" {
        faults.add(schema.path.key("type"), "the type of an object is object");
    }
    if let Some(default) = schema.field("default")
        && ValueKind::of_json_type(kind).is_some_and(|kind| !is_of_kind(kind, default.value))
    {
        faults.add(default.path, "a default has to be of the type of its field");
    }
    properties(schema, level, faults);
    items(schema, kind, faults);
    if schema.get("x-kubernetes-map-type").is_some() && kind != "object" {
        faults.add(
            schema.path.key("x-kubernetes-map-type"),
            "only an object has a type of map",
        );
    }
    beside(schema, faults);
}

/// What every schema may not have, one beside another too.
fn supported(schema: &Found<'_>, faults: &mut Faults<'_>) {
    for keyword in NOT_SUPPORTED {
        if schema.get(keyword).is_some() {
            faults.add(
                schema.path.key(keyword),
                "the schema of a kind may not have this keyword",
            );
        }
    }
    if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
        faults.add(
            schema.path.key("uniqueItems"),
            "uniqueItems may not be true: x-kubernetes-list-type says that a list is a set",
        );
    }
    if schema
        .text("type")
        .is_some_and(|kind| !kind.is_empty() && ValueKind::of_json_type(kind).is_none())
    {
        faults.add(schema.path.key("type"), "a schema has no such type");
    }
}

fn properties(schema: &Found<'_>, level: Level, faults: &mut Faults<'_>) {
    let additional = schema.field("additionalProperties");
    let properties = schema.field("properties");
    let names = properties
        .iter()
        .filter_map(|properties| properties.value.as_object());
    let names: Vec<&String> = names.flat_map(|properties| properties.keys()).collect();
    if let Some(additional) = additional {
        let is_anything = additional.value == &Value::Bool(true);
        if level == Level::Root {
            faults.add(
                additional.path.clone(),
                "an object itself may not have any fields",
            );
        } else if !names.is_empty() && !is_anything {
            faults.add(
                additional.path.clone(),
                "a schema has either properties or additionalProperties",
            );
        }
        structural(&additional, Level::Inner, faults);
    }
    let Some(properties) = properties else { return };
    for name in names {
        if level == Level::Root && name == "metadata" {
            continue;
        }
        if let Some(property) = properties.field(name) {
            structural(&property, Level::Inner, faults);
        }
    }
}

fn items(schema: &Found<'_>, kind: &str, faults: &mut Faults<'_>) {
    let items = schema.field("items");
    if let Some(items) = &items {
        if items.value.is_array() {
            faults.add(items.path.clone(), "the elements of a list have one schema");
        }
        structural(items, Level::Inner, faults);
    } else if kind == "array" {
        faults.add(
            schema.path.key("items"),
            "a schema of a list has to have one of its elements",
        );
    }
    let Some(list) = schema.field("x-kubernetes-list-type") else {
        return;
    };
    if kind != "array" {
        faults.add(list.path, "only an array has a type of list");
        return;
    }
    match list.value.as_str() {
        Some("map") => keys(schema, items.as_ref(), faults),
        Some("atomic") => {}
        Some("set") => {
            let element = items.as_ref();
            let is = |keyword: &str, value: &str| {
                element.is_some_and(|element| element.text(keyword) == Some(value))
            };
            if is("type", "object") && !is("x-kubernetes-map-type", "atomic") {
                faults.add(list.path, "the objects of a set have to be atomic");
            }
        }
        Some(_) | None => faults.add(list.path, "the type of a list is atomic, set or map"),
    }
}

/// The keys of a list: scalar fields of its elements that are always there.
fn keys(schema: &Found<'_>, element: Option<&Found<'_>>, faults: &mut Faults<'_>) {
    let place = schema.path.key("x-kubernetes-list-map-keys");
    let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
    let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(element) = element else { return };
    if keys.is_empty() {
        faults.add(place, "a list of type map has to have keys");
        return;
    }
    if element.text("type") != Some("object") {
        faults.add(
            element.path.key("type"),
            "the elements of a list with keys are objects",
        );
        return;
    }
    let required = element.get("required").and_then(Value::as_array);
    let required: HashSet<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    for key in keys {
        let property = element
            .field("properties")
            .and_then(|properties| properties.field(key));
        let Some(property) = property else {
            faults.add(place.clone(), "a key of a list has to be a field of its elements");
            continue;
        };
        if matches!(property.text("type"), Some("object" | "array")) {
            faults.add(
                property.path.key("type"),
                "a key of a list is no object and no list",
            );
        }
        if !required.contains(key) && property.get("default").is_none() {
            faults.add(
                property.path,
                "a key of a list has to be required, or to have a default",
            );
        }
    }
}

/// The schemas beside a schema.
fn beside(schema: &Found<'_>, faults: &mut Faults<'_>) {
    for keyword in ["allOf", "anyOf", "oneOf", "not"] {
        let Some(beside) = schema.field(keyword) else {
            continue;
        };
        if keyword == "not" {
            nested(&beside, faults);
            continue;
        }
        if is_of_number_or_text(&beside) {
            continue;
        }
        for (position, branch) in beside.elements(faults.work).iter().enumerate() {
            let is_first = keyword == "allOf" && position == 0;
            let is_of_number_or_text = is_first
                && branch
                    .field("anyOf")
                    .is_some_and(|any| is_of_number_or_text(&any));
            if !is_of_number_or_text {
                nested(branch, faults);
            }
        }
    }
}

/// A schema beside another.
fn nested(schema: &Found<'_>, faults: &mut Faults<'_>) {
    if !schema.value.is_object() || !faults.work.affords(1) {
        return;
    }
    supported(schema, faults);
    if schema.text("type").is_some_and(|kind| !kind.is_empty()) {
        faults.add(
            schema.path.key("type"),
            "a schema beside another may not name a type",
        );
    }
    for keyword in NOT_BESIDE {
        if schema
            .get(keyword)
            .is_some_and(|value| value != &Value::Bool(false))
        {
            faults.add(
                schema.path.key(keyword),
                "a schema beside another may not have this keyword",
            );
        }
    }
    let fields = schema.field("properties");
    let names = fields.iter().filter_map(|fields| fields.value.as_object());
    let fields = names
        .flat_map(|names| names.keys())
        .filter_map(|name| fields.as_ref()?.field(name));
    let inner = fields.chain(schema.field("items")).chain(schema.field("not"));
    for inner in inner {
        nested(&inner, faults);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        if let Some(branches) = schema
            .field(keyword)
            .filter(|branches| !is_of_number_or_text(branches))
        {
            for branch in branches.elements(faults.work) {
                nested(&branch, faults);
            }
        }
    }
}

/// Whether these are the two schemas of a number that may be a text.
fn is_of_number_or_text(branches: &Found<'_>) -> bool {
    *branches.value == serde_json::json!([{"type": "integer"}, {"type": "string"}])
}
