//! Values as Go holds them: tables that several places share.
//!
//! Helm merges values in place, and what is merged into one place may show in another that holds the same table. The
//! outcome is only the same with the same sharing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::DefaultNulls;
use crate::chart::{Chart, ChartError};
use crate::weight;

/// How deep values may nest. What is read here nests at most 128 levels; imports add some.
const MAX_DEPTH: usize = 300;

/// How many values are copied or merged for one chart and its dependencies. The largest known chart takes 200,000.
const MAX_STEPS: usize = 1_000_000;

/// What copies of dependencies may take, which a chart can have under as many names as it likes.
const MAX_COPIES: usize = 32 << 20;

/// What a chart and each file of it take beside their values.
const CHART_BYTES: usize = 1 << 10;
const FILE_BYTES: usize = 128;

/// A table that is shared by all who hold it.
pub(super) type Table = Rc<RefCell<BTreeMap<String, Node>>>;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A table.
    Table(Table),
    /// Null, a scalar or a list, which nobody changes.
    Other(Rc<Value>),
}

impl Node {
    /// Whether it is null.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Other(value) if value.is_null())
    }

    /// The table that it is.
    pub(super) const fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Other(_) => None,
        }
    }

    /// A null.
    pub(super) fn null() -> Self {
        Self::Other(Rc::new(Value::Null))
    }
}

/// What is left of the work that the values of a chart may take, and the rule that they are merged by.
#[derive(Debug)]
pub(super) struct Budget {
    steps: usize,
    copies: usize,
    /// What becomes of nulls in default values.
    pub(super) default_nulls: DefaultNulls,
}

impl Budget {
    /// The whole of it.
    pub(super) const fn new(default_nulls: DefaultNulls) -> Self {
        Self {
            steps: MAX_STEPS,
            copies: MAX_COPIES,
            default_nulls,
        }
    }

    /// Takes the room for a copy of a chart, with all that it depends on.
    pub(super) fn copy(&mut self, chart: &Chart) -> Result<(), ChartError> {
        let names = chart.templates.iter().chain(&chart.files);
        let names: usize = names.map(|file| FILE_BYTES + file.name.len()).sum();
        let values = weight::of_value(&chart.metadata) + weight::of_value(&chart.values);
        self.copies = self
            .copies
            .checked_sub(CHART_BYTES + names + values)
            .ok_or(ChartError::TooMuch("32 MiB of copies of its dependencies"))?;
        let mut dependencies = chart.dependencies.iter();
        dependencies.try_for_each(|dependency| self.copy(dependency))
    }

    /// Takes a step at a depth.
    pub(super) fn step(&mut self, depth: usize) -> Result<(), ChartError> {
        if depth > MAX_DEPTH {
            return Err(ChartError::TooMuch("300 levels of values"));
        }
        self.steps = self.steps.checked_sub(1).ok_or(ChartError::TooMuch(
            "1,000,000 values, with those of its dependencies",
        ))?;
        Ok(())
    }
}

/// A table without entries.
pub(super) fn empty() -> Table {
    Table::default()
}

/// A table of its own with what a map has. Whatever is no map has nothing.
pub(super) fn of_value(value: &Value, budget: &mut Budget) -> Result<Table, ChartError> {
    match value {
        Value::Object(fields) => of_map(fields, 0, budget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Ok(empty()),
    }
}

fn of_map(fields: &Map<String, Value>, depth: usize, budget: &mut Budget) -> Result<Table, ChartError> {
    let mut table = BTreeMap::new();
    for (key, value) in fields {
        budget.step(depth)?;
        let node = match value {
            Value::Object(fields) => Node::Table(of_map(fields, depth + 1, budget)?),
            other => Node::Other(Rc::new(other.clone())),
        };
        table.insert(key.clone(), node);
    }
    Ok(Rc::new(RefCell::new(table)))
}

/// A copy that shares no table.
pub(super) fn copy(table: &Table, budget: &mut Budget) -> Result<Table, ChartError> {
    copy_at(table, 0, budget)
}

fn copy_at(table: &Table, depth: usize, budget: &mut Budget) -> Result<Table, ChartError> {
    let mut own = BTreeMap::new();
    for (key, node) in table.borrow().iter() {
        budget.step(depth)?;
        let node = match node {
            Node::Table(inner) => Node::Table(copy_at(inner, depth + 1, budget)?),
            Node::Other(value) => Node::Other(Rc::clone(value)),
        };
        own.insert(key.clone(), node);
    }
    Ok(Rc::new(RefCell::new(own)))
}

/// The table as a value.
pub(super) fn to_value(table: &Table, budget: &mut Budget) -> Result<Value, ChartError> {
    value_at(table, 0, budget)
}

fn value_at(table: &Table, depth: usize, budget: &mut Budget) -> Result<Value, ChartError> {
    let mut fields = Map::new();
    for (key, node) in table.borrow().iter() {
        budget.step(depth)?;
        let value = match node {
            Node::Table(inner) => value_at(inner, depth + 1, budget)?,
            Node::Other(value) => Value::clone(value),
        };
        fields.insert(key.clone(), value);
    }
    Ok(Value::Object(fields))
}

/// The entry of a table.
pub(super) fn get(table: &Table, key: &str) -> Option<Node> {
    table.borrow().get(key).cloned()
}

/// Sets the entry of a table.
pub(super) fn set(table: &Table, key: &str, node: Node) {
    table.borrow_mut().insert(key.to_owned(), node);
}

/// Removes the entry of a table.
pub(super) fn remove(table: &Table, key: &str) {
    table.borrow_mut().remove(key);
}

/// The entries of a table as they are now.
pub(super) fn entries(table: &Table) -> Vec<(String, Node)> {
    let table = table.borrow();
    table
        .iter()
        .map(|(key, node)| (key.clone(), node.clone()))
        .collect()
}

/// The table at a path of keys with dots between them (Helm: `pkg/chart/common/values.go`, `Table`).
pub(super) fn at(table: &Table, path: &str) -> Option<Table> {
    let mut current = Rc::clone(table);
    for key in path.split('.') {
        let next = get(&current, key)?.table().map(Rc::clone)?;
        current = next;
    }
    Some(current)
}

/// What is no table at such a path (Helm: `PathValue`).
pub(super) fn scalar_at(table: &Table, path: &str) -> Option<Rc<Value>> {
    let (parent, key) = match path.rsplit_once('.') {
        Some((parent, key)) => (at(table, parent)?, key),
        None => (Rc::clone(table), path),
    };
    match get(&parent, key)? {
        Node::Other(value) => Some(value),
        Node::Table(_) => None,
    }
}
