//! The YAML of a chart (Helm: `pkg/chart/v2/loader/load.go`, `LoadValues`).

use serde_json::{Map, Value};

use crate::chart::ChartError;
use crate::yaml::{self, Limits};

/// Reads one document; `None` if it is empty.
pub(super) fn document(file: &str, text: &str) -> Result<Option<Map<String, Value>>, ChartError> {
    let read = yaml::parse_document(text, &Limits::default());
    match read.map_err(|error| refused(file, &format!("is not read: {error}")))? {
        Value::Object(fields) => Ok(Some(fields)),
        Value::Null => Ok(None),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(refused(file, "is no map"))
        }
    }
}

/// The text of a file.
pub(super) fn text<'a>(file: &str, data: &'a [u8]) -> Result<&'a str, ChartError> {
    std::str::from_utf8(data).map_err(|_| refused(file, "is not UTF-8"))
}

/// Reads default values: one document or more, of which later ones win.
pub(super) fn parse(data: &[u8]) -> Result<Value, ChartError> {
    const FILE: &str = "values.yaml";
    const MAX_DOCUMENTS: usize = 100;
    let mut values = Map::new();
    for (index, text) in documents(text(FILE, data)?).into_iter().enumerate() {
        if index == MAX_DOCUMENTS {
            return Err(ChartError::TooMuch("100 documents in its values.yaml"));
        }
        if let Some(more) = document(FILE, &text)? {
            merge(&mut values, more);
        }
    }
    Ok(Value::Object(values))
}

/// The documents of a text, between lines of `---` (apimachinery: `util/yaml/decoder.go`, `YAMLReader`).
fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let ends = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.trim().is_empty());
        match documents.last_mut() {
            Some(last) if !ends => last.push_str(line),
            Some(last) if last.is_empty() => {}
            _ => documents.push(String::new()),
        }
    }
    documents
}

/// Merges maps; what comes later wins (`MergeMaps`).
fn merge(into: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(present)), Value::Object(value)) => merge(present, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn refused(file: &str, why: &str) -> ChartError {
    ChartError::File {
        file: file.to_owned(),
        why: why.to_owned(),
    }
}
