//! The facts of the tables, field by field.

mod atomic;
mod kinds;
mod objects;
mod openapi;
mod packed;
mod patch;
mod workloads;

use super::{ExplicitZero, Field, ListKind, Shape, TypeTable, ValueKind};

/// Follows `spec/containers/*/image`: `*` enters a list or a map's values.
fn at<'a>(table: &'a TypeTable, api_version: &str, kind: &str, path: &str) -> Result<Shape<'a>, String> {
    let mut shape = table.kind(api_version, kind).ok_or("no such kind")?;
    for step in path.split('/').filter(|step| !step.is_empty()) {
        shape = match (step, shape.element()) {
            ("*", Some(element)) => element,
            _ => match shape.field(step) {
                Field::Declared(field) => field,
                Field::Undeclared => return Err(format!("{step} undeclared")),
                Field::Unknown => return Err(format!("{step} unknown")),
            },
        };
    }
    Ok(shape)
}

/// All facts on a place in words: `list by name, dropped`, `integer, kept, defaulted 1`.
fn facts(table: &TypeTable, api_version: &str, kind: &str, path: &str) -> String {
    let shape = match at(table, api_version, kind, path) {
        Ok(shape) => shape,
        Err(why) => return why,
    };
    let mut value = format!("{:?}", shape.value()).to_lowercase();
    if shape.value() == ValueKind::List {
        value = match shape.list() {
            ListKind::Atomic => "list atomic".to_owned(),
            ListKind::Set => "list set".to_owned(),
            ListKind::Map(keys) => format!("list by {}", keys.join("+")),
        };
    }
    let zero = match shape.zero() {
        ExplicitZero::Dropped => "dropped",
        ExplicitZero::Kept => "kept",
    };
    let mut words = vec![value, zero.to_owned()];
    match (shape.is_server_defaulted(), shape.default()) {
        (true, Some(default)) => words.push(format!("defaulted {default}")),
        (true, None) => words.push("defaulted".to_owned()),
        (false, None) => {}
        (false, Some(default)) => words.push(format!("{default} though not defaulted")),
    }
    if shape.is_unordered() {
        words.push("unordered".to_owned());
    }
    if shape.is_atomic() {
        words.push("atomic".to_owned());
    }
    if shape.is_nullable() {
        words.push("nullable".to_owned());
    }
    words.join(", ")
}

fn check(table: &TypeTable, rows: &[(&str, &str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(kind, path, expected)| {
            let (api_version, name) = kind.split_once(' ').unwrap();
            let found = facts(table, api_version, name, path);
            (found != *expected).then(|| format!("{kind} {path}: {found} (expected {expected})"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
