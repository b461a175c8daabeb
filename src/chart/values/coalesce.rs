//! The values of a chart and its dependencies, merged with those that were given (Helm:
//! `pkg/chart/common/util/coalesce.go`).
//!
//! What is given wins over a chart's defaults, tables are merged, and a null removes the key that a default has. A
//! merge keeps the nulls, so that a later merge can still see them.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::DefaultNulls;
use super::table::{self, Budget, Node, Table};
use crate::chart::{Chart, ChartError};

/// The table that all charts share.
const GLOBAL: &str = "global";

/// What becomes of nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// They remove keys: Helm's `CoalesceValues`.
    Remove,
    /// They stay: Helm's `MergeValues`.
    Keep,
}

/// The given values with the defaults of a chart and its dependencies (`CoalesceValues`, `MergeValues`).
pub(super) fn values(
    chart: &Chart,
    given: &Table,
    nulls: Nulls,
    budget: &mut Budget,
) -> Result<Table, ChartError> {
    let merged = table::copy(given, budget)?;
    with_defaults(chart, &merged, nulls, 0, budget)?;
    Ok(merged)
}

fn with_defaults(
    chart: &Chart,
    given: &Table,
    nulls: Nulls,
    depth: usize,
    budget: &mut Budget,
) -> Result<(), ChartError> {
    budget.step(depth)?;
    own_defaults(chart, given, nulls, budget)?;
    for dependency in &chart.dependencies {
        let name = dependency.name();
        let values = match table::get(given, name) {
            Some(Node::Table(values)) => values,
            Some(Node::Other(_)) => return Err(ChartError::NoTable(name.to_owned())),
            None => {
                let values = table::empty();
                table::set(given, name, Node::Table(Rc::clone(&values)));
                values
            }
        };
        globals(&values, given, budget)?;
        with_defaults(dependency, &values, nulls, depth + 1, budget)?;
    }
    Ok(())
}

/// The defaults of one chart (`coalesceValues`).
fn own_defaults(chart: &Chart, given: &Table, nulls: Nulls, budget: &mut Budget) -> Result<(), ChartError> {
    let defaults = table::of_value(&chart.values, budget)?;
    for (key, default) in table::entries(&defaults) {
        budget.step(0)?;
        match table::get(given, &key) {
            Some(value) if value.is_null() && nulls == Nulls::Remove => table::remove(given, &key),
            Some(Node::Table(value)) => {
                let Node::Table(default) = default else { continue };
                // The dependency itself removes what is null.
                let is_dependency = chart.dependencies.iter().any(|other| other.name() == key);
                let nulls = if is_dependency { Nulls::Keep } else { nulls };
                if nulls == Nulls::Remove && budget.default_nulls == DefaultNulls::Dropped {
                    without_nulls(&default, 0, budget)?;
                }
                tables(&value, &default, nulls, budget)?;
            }
            Some(Node::Other(_)) => {}
            None => {
                if nulls == Nulls::Remove && budget.default_nulls == DefaultNulls::Dropped {
                    match &default {
                        Node::Table(default) => without_nulls(default, 0, budget)?,
                        other if other.is_null() => continue,
                        Node::Other(_) => {}
                    }
                }
                table::set(given, &key, default);
            }
        }
    }
    Ok(())
}

/// Hands the globals of a chart down to the values of a dependency (`coalesceGlobals`).
fn globals(to: &Table, from: &Table, budget: &mut Budget) -> Result<(), ChartError> {
    let own = match table::get(to, GLOBAL) {
        None => table::empty(),
        Some(Node::Table(own)) => own,
        Some(Node::Other(_)) => return Ok(()),
    };
    let above = match table::get(from, GLOBAL) {
        None => table::empty(),
        Some(Node::Table(above)) => above,
        Some(Node::Other(_)) => return Ok(()),
    };
    for (key, value) in table::entries(&above) {
        budget.step(0)?;
        let present = table::get(&own, &key);
        match (value, present) {
            (Node::Table(value), None) => table::set(&own, &key, Node::Table(shallow(&value))),
            (Node::Table(value), Some(Node::Table(present))) => {
                let merged = shallow(&value);
                tables(&merged, &present, Nulls::Keep, budget)?;
                table::set(&own, &key, Node::Table(merged));
            }
            (Node::Table(_), Some(Node::Other(_))) | (Node::Other(_), Some(Node::Table(_))) => {}
            (value @ Node::Other(_), _) => table::set(&own, &key, value),
        }
    }
    table::set(to, GLOBAL, Node::Table(own));
    Ok(())
}

/// A copy whose inner tables are still shared.
fn shallow(of: &Table) -> Table {
    Rc::new(of.as_ref().clone())
}

/// Merges one table into another, which wins (`CoalesceTables`, `MergeTables`).
pub(super) fn tables(
    into: &Table,
    from: &Table,
    nulls: Nulls,
    budget: &mut Budget,
) -> Result<(), ChartError> {
    tables_at(into, from, nulls, 0, budget)
}

fn tables_at(
    into: &Table,
    from: &Table,
    nulls: Nulls,
    depth: usize,
    budget: &mut Budget,
) -> Result<(), ChartError> {
    if Rc::ptr_eq(into, from) {
        return Ok(());
    }
    let had: BTreeSet<String> = table::entries(from)
        .into_iter()
        .filter_map(|(key, value)| (!value.is_null()).then_some(key))
        .collect();
    for (key, value) in table::entries(into) {
        budget.step(depth)?;
        if value.is_null() {
            table::set(from, &key, Node::null());
        }
    }
    for (key, value) in table::entries(from) {
        budget.step(depth)?;
        match table::get(into, &key) {
            Some(present) if nulls == Nulls::Remove && present.is_null() && had.contains(&key) => {
                table::remove(into, &key);
            }
            None => table::set(into, &key, value),
            Some(Node::Table(present)) => {
                if let Node::Table(value) = value {
                    tables_at(&present, &value, nulls, depth + 1, budget)?;
                }
            }
            Some(Node::Other(_)) => {}
        }
    }
    Ok(())
}

/// Removes the nulls of a table and of the tables in it (`cleanNilValues`).
fn without_nulls(of: &Table, depth: usize, budget: &mut Budget) -> Result<(), ChartError> {
    for (key, value) in table::entries(of) {
        budget.step(depth)?;
        match value {
            Node::Table(inner) => without_nulls(&inner, depth + 1, budget)?,
            other if other.is_null() => table::remove(of, &key),
            Node::Other(_) => {}
        }
    }
    Ok(())
}
