//! The keys as YAML, each with its comments above it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::Value;

use super::entry::Entry;
use super::plan::Plan;
use super::remarks::Remarks;
use crate::model::KeyStep;
use crate::report::yaml;

/// How far each level is indented.
const STEP: usize = 2;

/// A level of the values.
enum Node<'p> {
    /// A map with more levels below it.
    Map(BTreeMap<&'p str, Node<'p>>),
    /// A key that is set.
    Set(&'p Entry<'p>),
}

/// Writes the keys that are set.
pub(super) fn write(plan: &Plan<'_>, remarks: &Remarks<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut root = BTreeMap::new();
    for entry in &plan.set {
        insert(&mut root, entry.key.steps(), entry);
    }
    write_map(&root, 0, remarks, out)
}

/// Puts an entry to its place. No entry is within another one, and all their steps are names.
fn insert<'p>(map: &mut BTreeMap<&'p str, Node<'p>>, steps: &'p [KeyStep], entry: &'p Entry<'p>) {
    match steps {
        [] | [KeyStep::Index(_), ..] => {}
        [KeyStep::Name(name)] => {
            map.insert(name, Node::Set(entry));
        }
        [KeyStep::Name(name), rest @ ..] => {
            let inner = map.entry(name).or_insert_with(|| Node::Map(BTreeMap::new()));
            if let Node::Map(inner) = inner {
                insert(inner, rest, entry);
            }
        }
    }
}

fn write_map(
    map: &BTreeMap<&str, Node<'_>>,
    indent: usize,
    remarks: &Remarks<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (name, node) in map {
        match node {
            Node::Map(inner) => {
                write_entry(name, None, indent, out)?;
                write_map(inner, indent + STEP, remarks, out)?;
            }
            Node::Set(entry) => {
                remarks.entry(entry, indent, out)?;
                write_entry(name, Some(&entry.value), indent, out)?;
            }
        }
    }
    Ok(())
}

/// Writes a key, with its value where it has one on this level.
fn write_entry(name: &str, value: Option<&Value>, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    let map = Value::Object(serde_json::Map::from_iter([(
        name.to_owned(),
        value.cloned().unwrap_or(Value::Null),
    )]));
    let mut text = Vec::new();
    yaml::write(&map, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    let text = match value {
        Some(_) => &*text,
        // Its entries stand on the next lines.
        None => text.strip_suffix(" null\n").unwrap_or(&text),
    };
    for line in text.lines() {
        writeln!(out, "{:indent$}{line}", "")?;
    }
    Ok(())
}
