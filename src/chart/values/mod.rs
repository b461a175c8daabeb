//! The values that the templates of a chart see.

mod coalesce;
mod dependencies;
mod range;
mod table;

use std::borrow::Cow;

use serde_json::Value;

use self::coalesce::Nulls;
use self::table::Budget;
use super::{Chart, ChartError};

/// What becomes of nulls in the default values of a chart, which is not the same in all versions of Helm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultNulls {
    /// They count as nothing: Helm 4.1 and later.
    Dropped,
    /// Templates see them: Helm 3 and Helm 4.0.
    Kept,
}

/// A chart that is ready to be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered<'c> {
    /// The chart with the dependencies that are on, under the names that their aliases give them. The default values
    /// have what is imported from dependencies.
    pub chart: Cow<'c, Chart>,
    /// `.Values` of the chart's own templates. Those of its dependencies have theirs in it: see [`Scope`].
    pub values: Value,
    /// The chart itself, and all that it depends on: parents before what they depend on.
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
    /// The places in [`Chart::dependencies`] that lead to it.
    pub place: Vec<usize>,
}

impl DefaultNulls {
    /// What the other versions do.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Dropped => Self::Kept,
            Self::Kept => Self::Dropped,
        }
    }
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

    /// The chart, of the rendered one.
    pub fn of<'a>(&self, chart: &'a Chart) -> Option<&'a Chart> {
        self.place
            .iter()
            .try_fold(chart, |chart, &place| chart.dependencies.get(place))
    }

    /// `.Values` of this chart, of those of the rendered one (Helm: `pkg/engine/engine.go`, `recAllTpls`). `None` where
    /// it has none.
    pub fn values<'a>(&self, values: &'a Value) -> Option<&'a Value> {
        let found = self
            .prefix
            .iter()
            .try_fold(values, |values, key| values.get(key))?;
        found.is_object().then_some(found)
    }
}

/// The values that a chart's templates see, with the values that were given: Helm's `ProcessDependencies`
/// (`pkg/chart/v2/util/dependencies.go`) and `CoalesceValues` (`pkg/chart/common/util/coalesce.go`). The chart of a
/// record was processed before it was stored: its own values have those of its dependencies.
///
/// # Errors
///
/// Helm refuses the values, or they take more work than those of any known chart.
pub fn rendered_values<'c>(
    chart: &'c Chart,
    config: &Value,
    default_nulls: DefaultNulls,
) -> Result<Rendered<'c>, ChartError> {
    let mut budget = Budget::new(default_nulls);
    let mut chart = Cow::Borrowed(chart);
    let given = table::of_value(config, &mut budget)?;
    if chart.are_dependencies_known && dependencies::are_there(&chart) {
        dependencies::process(chart.to_mut(), &given, &mut budget)?;
    }
    let merged = coalesce::values(&chart, &given, Nulls::Remove, &mut budget)?;
    let values = table::to_value(&merged, &mut budget)?;
    let mut scopes = vec![Scope {
        chart: chart.name().to_owned(),
        prefix: Vec::new(),
        place: Vec::new(),
    }];
    let mut next = 0;
    while let Some(scope) = scopes.get(next).cloned() {
        next += 1;
        for (place, dependency) in scope
            .of(&chart)
            .into_iter()
            .flat_map(|of| of.dependencies.iter().enumerate())
        {
            budget.step(0)?;
            // Helm reads the name as a path.
            let keys = dependency.name().split('.').map(str::to_owned);
            scopes.push(Scope {
                chart: format!("{}/charts/{}", scope.chart, dependency.name()),
                prefix: scope.prefix.iter().cloned().chain(keys).collect(),
                place: scope.place.iter().copied().chain([place]).collect(),
            });
        }
    }
    Ok(Rendered {
        chart,
        values,
        scopes,
    })
}
