//! Why a chart cannot be used.

/// Why a chart cannot be used. The sentences continue "the chart in X cannot be used: ". They name files and limits,
/// and quote no content of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// It cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// What the system says.
        why: String,
    },
    /// It is no archive of a chart.
    #[error("{0}")]
    Archive(&'static str),
    /// A file that Helm refuses, or that this program does not read.
    #[error("{file} {why}")]
    File {
        /// The file, by its path in the chart.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// It has more of something than any known chart.
    #[error("it has more than {0}")]
    TooMuch(&'static str),
    /// It has no `Chart.yaml`.
    #[error("it has no Chart.yaml")]
    NoChartYaml,
    /// Helm refuses what `Chart.yaml` says.
    #[error("its Chart.yaml {0}")]
    Metadata(&'static str),
    /// Charts that it depends on are not in `charts/`.
    #[error(
        "it has no {0} in charts/, which its Chart.yaml says it depends on: `helm dependency build` brings that"
    )]
    NoDependencies(String),
    /// A chart in `charts/` cannot be used.
    #[error("in charts/{name}: {error}")]
    Dependency {
        /// The folder or archive in `charts/`.
        name: String,
        /// Why.
        error: Box<ChartError>,
    },
    /// Helm refuses the values: they give a dependency something else than a map.
    #[error("the values give {0} something else than a map, which is the name of a chart that it depends on")]
    NoTable(String),
}
