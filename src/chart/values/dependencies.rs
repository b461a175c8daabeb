//! Which dependencies of a chart are rendered, under which names, and what the chart imports of their values (Helm:
//! `pkg/chart/v2/util/dependencies.go`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::coalesce::{self, Nulls};
use super::range;
use super::table::{self, Budget, Node, Table};
use crate::chart::{Chart, ChartError};

/// The field of a chart's metadata.
const DEPENDENCIES: &str = "dependencies";

/// What `Chart.yaml` says of one dependency.
struct Requirement {
    fields: Value,
    is_on: bool,
}

impl Requirement {
    fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn list(&self, field: &str) -> &[Value] {
        let list = self.fields.get(field).and_then(Value::as_array);
        list.map(Vec::as_slice).unwrap_or_default()
    }

    fn is_met_by(&self, chart: &Chart) -> bool {
        chart.name() == self.text("name") && range::has(self.text("version"), chart.version())
    }

    /// By the first of its conditions that the values answer (`processDependencyConditions`).
    fn ask_conditions(&mut self, values: &Table, prefix: &str) {
        let conditions = self.text("condition").trim().to_owned();
        let asked = conditions.split(',').filter(|path| !path.is_empty());
        for path in asked {
            if let Some(answer) = table::scalar_at(values, &format!("{prefix}{path}"))
                && let Some(answer) = answer.as_bool()
            {
                self.is_on = answer;
                return;
            }
        }
    }

    /// By its tags, of which one that is true is enough (`processDependencyTags`).
    fn ask_tags(&mut self, tags: &Table) {
        let answers = self
            .list("tags")
            .iter()
            .filter_map(|tag| match table::get(tags, tag.as_str()?)? {
                Node::Other(value) => value.as_bool(),
                Node::Table(_) => None,
            });
        let answers: BTreeSet<bool> = answers.collect();
        self.is_on = answers.contains(&true) || answers.is_empty();
    }
}

/// The requirements of a chart; `None` if it states none.
fn requirements(chart: &Chart) -> Option<Vec<Requirement>> {
    let stated = chart.metadata.get(DEPENDENCIES)?.as_array()?;
    let stated = stated.iter().filter(|fields| fields.is_object());
    Some(
        stated
            .map(|fields| Requirement {
                fields: fields.clone(),
                is_on: true,
            })
            .collect(),
    )
}

/// Whether a chart has dependencies, or says that it has.
pub(super) fn are_there(chart: &Chart) -> bool {
    !chart.dependencies.is_empty() || chart.metadata.get(DEPENDENCIES).is_some()
}

/// Keeps the dependencies that are on, and imports their values (`ProcessDependencies`).
pub(super) fn process(chart: &mut Chart, given: &Table, budget: &mut Budget) -> Result<(), ChartError> {
    keep_those_that_are_on(chart, given, "", 0, budget)?;
    import_values(chart, budget)
}

/// `processDependencyEnabled`.
fn keep_those_that_are_on(
    chart: &mut Chart,
    given: &Table,
    prefix: &str,
    depth: usize,
    budget: &mut Budget,
) -> Result<(), ChartError> {
    budget.step(depth)?;
    let Some(mut stated) = requirements(chart) else {
        return Ok(());
    };
    let present = std::mem::take(&mut chart.dependencies);
    let unstated = |dependency: &&Chart| !stated.iter().any(|stated| stated.is_met_by(dependency));
    let mut kept: Vec<Chart> = present.iter().filter(unstated).cloned().collect();
    for requirement in &mut stated {
        budget.step(depth)?;
        let alias = requirement.text("alias").to_owned();
        if let Some(found) = present
            .iter()
            .find(|dependency| requirement.is_met_by(dependency))
        {
            budget.copy(found)?;
            let mut dependency = found.clone();
            if !alias.is_empty() {
                set(&mut dependency.metadata, "name", Value::String(alias.clone()));
            }
            kept.push(dependency);
        }
        if !alias.is_empty() {
            set(&mut requirement.fields, "name", Value::String(alias));
        }
    }
    chart.dependencies = kept;
    let values = coalesce::values(chart, given, Nulls::Remove, budget)?;
    let tags = table::at(&values, "tags");
    for requirement in &mut stated {
        if let Some(tags) = &tags {
            requirement.ask_tags(tags);
        }
        requirement.ask_conditions(&values, prefix);
    }
    let off: BTreeSet<String> = stated
        .iter()
        .filter(|requirement| !requirement.is_on)
        .map(|requirement| requirement.text("name").to_owned())
        .collect();
    chart
        .dependencies
        .retain(|dependency| !off.contains(dependency.name()));
    stated.retain(|requirement| !off.contains(requirement.text("name")));
    for dependency in &mut chart.dependencies {
        let prefix = format!("{prefix}{}.", dependency.name());
        keep_those_that_are_on(dependency, &values, &prefix, depth + 1, budget)?;
    }
    let stated: Vec<Value> = stated
        .into_iter()
        .map(|mut requirement| {
            set(&mut requirement.fields, "enabled", Value::Bool(true));
            requirement.fields
        })
        .collect();
    if stated.is_empty() {
        if let Value::Object(fields) = &mut chart.metadata {
            fields.remove(DEPENDENCIES);
        }
    } else {
        set(&mut chart.metadata, DEPENDENCIES, Value::Array(stated));
    }
    Ok(())
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(key.to_owned(), value);
    }
}

/// `processDependencyImportValues`: dependencies first.
fn import_values(chart: &mut Chart, budget: &mut Budget) -> Result<(), ChartError> {
    for dependency in &mut chart.dependencies {
        import_values(dependency, budget)?;
    }
    let Some(stated) = requirements(chart) else {
        return Ok(());
    };
    let values = coalesce::values(chart, &table::empty(), Nulls::Keep, budget)?;
    let imported = table::empty();
    for requirement in &stated {
        for import in requirement.list("import-values") {
            budget.step(0)?;
            let (child, parent) = match import {
                Value::String(child) => (format!("exports.{child}"), ".".to_owned()),
                Value::Object(import) => (printed(import.get("child")), printed(import.get("parent"))),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => continue,
            };
            let path = format!("{}.{child}", requirement.text("name"));
            if let Some(found) = table::at(&values, &path) {
                let found = nested(&parent, found, budget)?;
                coalesce::tables(&imported, &found, Nulls::Keep, budget)?;
            }
        }
    }
    // What is imported has a lower priority than the chart's own values.
    let values = table::copy(&values, budget)?;
    coalesce::tables(&values, &imported, Nulls::Keep, budget)?;
    chart.values = table::to_value(&values, budget)?;
    Ok(())
}

/// A value as Go's `%v` prints it, which is a path where it is a text.
fn printed(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "<nil>".to_owned(),
    }
}

/// The table below a path of keys (`pathToMap`).
fn nested(path: &str, table: Table, budget: &mut Budget) -> Result<Table, ChartError> {
    if path == "." {
        return Ok(table);
    }
    let mut current = table;
    for (depth, key) in path.split('.').rev().enumerate() {
        budget.step(depth)?;
        let outer = table::empty();
        table::set(&outer, key, Node::Table(current));
        current = outer;
    }
    Ok(current)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chart::values::{DefaultNulls, rendered_values};

    /// A chart that depends on the next one under so many names, and so on.
    fn chain(levels: usize, names: usize) -> Chart {
        let next = levels.checked_sub(1).map(|below| chain(below, names));
        let stated: Vec<Value> = next
            .iter()
            .flat_map(|next| {
                (0..names)
                    .map(|at| json!({"name": next.name(), "version": "1.0.0", "alias": format!("a{at}")}))
            })
            .collect();
        Chart {
            metadata: json!({"name": format!("c{levels}"), "version": "1.0.0", DEPENDENCIES: stated}),
            templates: Vec::new(),
            files: Vec::new(),
            values: json!({}),
            schema: None,
            dependencies: next.into_iter().collect(),
            are_dependencies_known: true,
        }
    }

    #[test]
    fn copies_of_dependencies_under_other_names_are_limited() {
        let of = |levels, names| {
            let chart = chain(levels, names);
            let rendered = rendered_values(&chart, &json!({}), DefaultNulls::Kept);
            rendered.map(|rendered| rendered.scopes.len())
        };
        assert_eq!(of(2, 3).unwrap(), 1 + 3 + 9);
        assert!(matches!(of(5, 30), Err(ChartError::TooMuch(_))));
    }
}
