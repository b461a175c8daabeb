//! What a chart says of itself (Helm: `pkg/chart/v2/metadata.go`, `Metadata` and `Validate`).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::values;
use crate::chart::ChartError;

/// The file of the metadata.
pub(super) const CHART_YAML: &str = "Chart.yaml";

/// The file of the dependencies of charts of the first version.
pub(super) const REQUIREMENTS: &str = "requirements.yaml";

/// How many dependencies a chart states at most.
const MAX_DEPENDENCIES: usize = 500;

/// The fields that are texts.
const TEXTS: [&str; 11] = [
    "name",
    "home",
    "version",
    "description",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "kubeVersion",
    "type",
];

/// The other fields.
const OTHERS: [&str; 6] = [
    "sources",
    "keywords",
    "maintainers",
    "deprecated",
    "annotations",
    "dependencies",
];

/// The fields of a dependency that are texts.
const DEPENDENCY_TEXTS: [&str; 5] = ["name", "version", "repository", "condition", "alias"];

/// The metadata as far as they are read.
#[derive(Default)]
pub(super) struct Metadata {
    fields: Option<Map<String, Value>>,
}

impl Metadata {
    /// Reads `Chart.yaml`.
    pub(super) fn read_chart(&mut self, data: &[u8]) -> Result<(), ChartError> {
        self.read(CHART_YAML, data)?;
        let fields = self.fields.get_or_insert_default();
        let version = fields.entry("apiVersion").or_insert(Value::Null);
        if version.as_str().is_none_or(str::is_empty) {
            *version = Value::from("v1");
        }
        Ok(())
    }

    /// Reads `requirements.yaml`.
    pub(super) fn read_requirements(&mut self, data: &[u8]) -> Result<(), ChartError> {
        self.read(REQUIREMENTS, data)
    }

    fn read(&mut self, file: &str, data: &[u8]) -> Result<(), ChartError> {
        let read = values::document(file, values::text(file, data)?)?.unwrap_or_default();
        let fields = self.fields.get_or_insert_default();
        for (key, value) in read {
            if TEXTS.contains(&key.as_str()) {
                fields.insert(key, as_text(value));
            } else if OTHERS.contains(&key.as_str()) {
                fields.insert(key, value);
            }
        }
        Ok(())
    }

    /// Whether the chart is one of the first version, which keeps its dependencies in a file of their own.
    pub(super) fn is_of_first_version(&self) -> bool {
        self.text("apiVersion") == "v1"
    }

    fn text(&self, key: &str) -> &str {
        let value = self.fields.as_ref().and_then(|fields| fields.get(key));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// The metadata, if Helm takes them.
    pub(super) fn checked(mut self) -> Result<Value, ChartError> {
        if self.fields.is_none() {
            return Err(ChartError::NoChartYaml);
        }
        let name = self.text("name");
        if name.is_empty() {
            return Err(ChartError::Metadata("has no name"));
        }
        if name == "." || name == ".." || name.contains('/') {
            return Err(ChartError::Metadata("has a name that Helm refuses"));
        }
        if self.text("version").is_empty() {
            return Err(ChartError::Metadata("has no version"));
        }
        if !matches!(self.text("type"), "" | "application" | "library") {
            return Err(ChartError::Metadata("has a type that Helm does not know"));
        }
        let mut fields = self.fields.take().unwrap_or_default();
        if let Some(dependencies) = fields.get_mut("dependencies") {
            check_dependencies(dependencies)?;
        }
        Ok(Value::Object(fields))
    }
}

fn check_dependencies(dependencies: &mut Value) -> Result<(), ChartError> {
    let list = match dependencies {
        Value::Null => return Ok(()),
        Value::Array(list) => list,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(ChartError::Metadata("has dependencies that are no list"));
        }
    };
    if list.len() > MAX_DEPENDENCIES {
        return Err(ChartError::TooMuch("500 dependencies"));
    }
    let mut names = BTreeSet::new();
    for dependency in list {
        let Value::Object(fields) = dependency else {
            return Err(ChartError::Metadata("has a dependency that is no map"));
        };
        for key in DEPENDENCY_TEXTS {
            if let Some(value) = fields.get_mut(key) {
                *value = as_text(std::mem::take(value));
            }
        }
        let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
        let (name, alias) = (text("name"), text("alias"));
        let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        if !alias.chars().all(is_plain) {
            return Err(ChartError::Metadata(
                "has a dependency with an alias that Helm refuses",
            ));
        }
        if !names.insert(if alias.is_empty() { name } else { alias }.to_owned()) {
            return Err(ChartError::Metadata("has two dependencies of one name or alias"));
        }
    }
    Ok(())
}

/// What stands where a text belongs: a number or a word is its text (sigs.k8s.io/yaml: `yaml.go`,
/// `convertToJSONableObject`).
fn as_text(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(word) => Value::String(word.to_string()),
        other @ (Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_)) => other,
    }
}
