//! Charts: what a release record keeps of its chart, a chart as its folder or archive holds it, and the values that
//! its templates see.
//!
//! A record has everything of the chart itself and nothing of the charts that it depends on (Helm keeps their list
//! out of the JSON: `pkg/chart/v2/chart.go`, `Chart`). Those are known only where the chart was given.

mod error;
mod load;
mod values;

use std::sync::Arc;

use serde_json::Value;

pub use error::ChartError;
pub use load::load;
pub use values::{DefaultNulls, Rendered, Scope, rendered_values};

/// A file of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartFile {
    /// Its path in the chart's folder, such as `templates/web.yaml`.
    pub name: String,
    /// Its bytes. They are shared: a chart is copied for each evaluation.
    pub data: Arc<[u8]>,
}

/// A chart, as Helm loads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What its `Chart.yaml` says, in the form of a record: `{"name":…,"version":…,"appVersion":…,"dependencies":[…]}`.
    pub metadata: Value,
    /// The files below `templates/`.
    pub templates: Vec<ChartFile>,
    /// The other files, which templates read by `.Files`.
    pub files: Vec<ChartFile>,
    /// Its default values: a map. A record has those of its dependencies among them.
    pub values: Value,
    /// The text of its `values.schema.json`.
    pub schema: Option<Arc<[u8]>>,
    /// The charts that it depends on, as `charts/` has them. None if the chart comes from a record.
    pub dependencies: Vec<Chart>,
    /// Whether [`Chart::dependencies`] are all of them: not so for a chart from a record that says it has any.
    pub are_dependencies_known: bool,
}

impl Chart {
    /// The name, which is the alias for a dependency that has one; empty if it has none.
    pub fn name(&self) -> &str {
        self.word("name")
    }

    /// The version; empty if it has none.
    pub fn version(&self) -> &str {
        self.word("version")
    }

    /// The names under which the values of the dependencies stand that its metadata state: the alias of one that has one.
    pub fn dependency_names(&self) -> impl Iterator<Item = &str> {
        let stated = self.metadata.get("dependencies").and_then(Value::as_array);
        stated.into_iter().flatten().filter_map(|stated| {
            let text = |key| stated.get(key).and_then(Value::as_str);
            text("alias")
                .filter(|alias| !alias.is_empty())
                .or_else(|| text("name"))
        })
    }

    fn word(&self, key: &str) -> &str {
        self.metadata.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What the record of a release says of how its manifest was rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseChart {
    /// The name of the release.
    pub name: String,
    /// The release's namespace.
    pub namespace: String,
    /// The revision.
    pub revision: u64,
    /// What its Helm did with nulls in default values, as far as the record says which one it was.
    pub default_nulls: DefaultNulls,
    /// The values that were given, by files and flags: a map.
    pub config: Value,
    /// The manifest, without hooks.
    pub manifest: String,
    /// The chart.
    pub chart: Chart,
}
