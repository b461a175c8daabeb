//! Where the metrics of a scan go: the `metrics` section of the configuration file, under flags and the environment.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};
use serde_saphyr::Spanned;

use super::ScanTarget;
use super::error::SettingsError;
use crate::app::cli::ScanArgs;
use crate::notify::pushgateway::settings::{PushgatewaySection, PushgatewaySettings};
use crate::notify::settings::SinkContext;

/// The most releases that may have series of their own.
const MAX_RELEASES: i64 = 10_000;

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MetricsSection {
    #[serde(deserialize_with = "file")]
    file: Option<PathBuf>,
    #[serde(deserialize_with = "releases")]
    releases: usize,
    pushgateway: Option<Spanned<PushgatewaySection>>,
}

/// The name of a file.
fn file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    match Option::<PathBuf>::deserialize(deserializer)? {
        Some(path) if path.as_os_str().is_empty() => Err(de::Error::custom(
            "`file` is empty: leave it out, or name the file",
        )),
        path => Ok(path),
    }
}

/// A number of releases.
fn releases<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = Option::<i64>::deserialize(deserializer)?.unwrap_or_default();
    match usize::try_from(number) {
        Ok(in_range) if number <= MAX_RELEASES => Ok(in_range),
        Ok(_) | Err(_) => Err(de::Error::custom(format!(
            "{number} is not in 0..={MAX_RELEASES}"
        ))),
    }
}

/// Where the metrics of a scan go.
#[derive(Debug)]
pub struct MetricsSettings {
    /// The file for the textfile collector; none where there is no need of one.
    pub file: Option<PathBuf>,
    /// How many releases have series of their own at most.
    pub releases: usize,
    /// The Pushgateway.
    pub pushgateway: Option<PushgatewaySettings>,
}

impl MetricsSettings {
    /// The settings of a scan.
    ///
    /// Whoever made a snapshot chose the name of the cluster in it: the metrics of a snapshot only go where whoever scans it
    /// says, and not where those of the cluster are kept.
    pub(super) fn resolve(
        args: &ScanArgs,
        target: &ScanTarget,
        section: MetricsSection,
        config: Option<&Path>,
        context: &SinkContext<'_>,
    ) -> Result<Self, SettingsError> {
        let path = args.metrics_file.clone();
        if path.as_deref() == Some(Path::new("-")) {
            return Err(SettingsError::MetricsToStdout);
        }
        let (file, releases) = (section.file.clone(), section.releases);
        let pushgateway = pushgateway(section, config, context)?;
        let (path, pushgateway) = match target {
            ScanTarget::Cluster(_) => (path.or(file), pushgateway),
            ScanTarget::Snapshot { .. } => {
                if path.is_none() && file.is_some() || pushgateway.is_some() {
                    tracing::warn!(
                        "no metrics go where the configuration file says: they are about the cluster, and this is a snapshot"
                    );
                }
                (path, None)
            }
        };
        Ok(Self {
            file: path,
            releases,
            pushgateway: pushgateway.filter(|_| !args.no_notify),
        })
    }
}

/// The Pushgateway of the section.
pub(super) fn pushgateway(
    section: MetricsSection,
    config: Option<&Path>,
    context: &SinkContext<'_>,
) -> Result<Option<PushgatewaySettings>, SettingsError> {
    let pushgateway = section.pushgateway.map(|section| {
        PushgatewaySettings::from_section(section.value, context).map_err(|source| {
            SettingsError::Pushgateway {
                line: section.referenced.line(),
                source: Box::new(source),
            }
            .in_file(config)
        })
    });
    pushgateway.transpose()
}
