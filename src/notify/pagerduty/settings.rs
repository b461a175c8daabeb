//! The `notify.pagerduty` section of the configuration file, and the service that it describes.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::notify::guarded::SecretSection;
use crate::notify::settings::{
    Endpoint, EndpointError, EndpointKind, SecretError, SecretSetting, SinkContext, Transport,
};

/// The Events API v2 in PagerDuty's US service region.
pub const PAGERDUTY_US: &str = "https://events.pagerduty.com/v2/enqueue";

/// The Events API v2 in PagerDuty's EU service region.
pub const PAGERDUTY_EU: &str = "https://events.eu.pagerduty.com/v2/enqueue";

/// The integration key, with which anybody can open and close alerts.
const ROUTING_KEY: SecretSetting = SecretSetting {
    key: "routing_key_file",
    variable: "DRIFTLINE_PAGERDUTY_ROUTING_KEY",
};

const ENDPOINT: EndpointKind = EndpointKind {
    name: "PagerDuty URL",
    example: PAGERDUTY_US,
};

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PagerDutySection {
    routing_key_file: Option<PathBuf>,
    url: Option<String>,
    scope: PagerDutyScope,
    severity: Option<PagerDutySeverity>,
    changes: ChangeEvents,
    #[serde(rename = "allow_http")]
    transport: Transport,
}

impl SecretSection for PagerDutySection {
    const SECRETS: &'static [SecretSetting] = &[ROUTING_KEY];
}

/// Whether PagerDuty is told of deployments, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "bool")]
enum ChangeEvents {
    #[default]
    Unsent,
    Sent,
}

impl From<bool> for ChangeEvents {
    /// As `changes` says.
    fn from(changes: bool) -> Self {
        if changes { Self::Sent } else { Self::Unsent }
    }
}

/// The scope of one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PagerDutyScope {
    /// The whole cluster: one alert, with the drifted releases inside.
    #[default]
    Cluster,
    /// One release: as many alerts as there are drifted releases.
    Release,
}

/// PagerDuty's own severities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PagerDutySeverity {
    /// `critical`
    Critical,
    /// `error`
    Error,
    /// `warning`
    Warning,
    /// `info`
    Info,
}

impl PagerDutySeverity {
    /// The name that the Events API knows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// How severe an alert is, by its cause; `None` raises none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeverityMap {
    /// Something drifted.
    pub drift: PagerDutySeverity,
    /// Nothing drifted, and the health of a release is critical.
    pub critical_health: Option<PagerDutySeverity>,
    /// Neither, and something could not be read, or the scan failed. Off by default: a scan that cannot read is a
    /// matter for the people who operate it, and the exit status and chat messages report it already.
    pub incomplete: Option<PagerDutySeverity>,
}

impl Default for SeverityMap {
    fn default() -> Self {
        Self {
            drift: PagerDutySeverity::Warning,
            critical_health: Some(PagerDutySeverity::Critical),
            incomplete: None,
        }
    }
}

/// Why the section cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PagerDutySettingsError {
    /// The routing key is nowhere to be found.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The address is not that of any receiver.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The address is not one that the address of change events follows from.
    #[error("with `changes: true` the PagerDuty URL must end with /v2/enqueue, as {PAGERDUTY_US} does")]
    NoChanges,
    /// The routing key has the wrong length.
    #[error(
        "the PagerDuty routing key must be 32 characters long and has {0}; \
         it is the integration key of an `Events API v2` integration"
    )]
    KeyLength(usize),
    /// The routing key has other characters than letters and digits.
    #[error("the PagerDuty routing key may only have letters and digits")]
    KeyCharacters,
}

/// A PagerDuty service with an `Events API v2` integration.
#[derive(Debug, Clone)]
pub struct PagerDutyService {
    /// The name of this sink in results.
    pub name: String,
    /// The integration key.
    pub routing_key: SecretString,
    /// The Events API.
    pub endpoint: Endpoint,
    /// Where change events go, if any are sent.
    pub changes: Option<Endpoint>,
    /// The scope of one alert.
    pub scope: PagerDutyScope,
    /// How severe alerts are.
    pub severities: SeverityMap,
    /// Which part of the cluster the scan covers, empty for all of it. A scan of one namespace must never resolve
    /// the alert of a scan of all, so whatever narrows a scan (namespaces, release names, label selectors) belongs
    /// in here, in an order that is the same for every run.
    pub selection: Vec<String>,
    /// How many events one run sends at most, in scope `Release`. PagerDuty takes about 120 a minute.
    pub max_events: usize,
    /// The pause between two events once a run sends more than one minute takes.
    pub pace: Duration,
}

impl PagerDutyService {
    /// Checks the routing key, and chooses the defaults: one alert per cluster, in the US service region. White
    /// space around the key, as files have it, is ignored.
    pub fn try_new(routing_key: &SecretString) -> Result<Self, PagerDutySettingsError> {
        let key = routing_key.expose_secret().trim();
        let length = key.chars().count();
        if length != 32 {
            return Err(PagerDutySettingsError::KeyLength(length));
        }
        if !key.chars().all(|char| char.is_ascii_alphanumeric()) {
            return Err(PagerDutySettingsError::KeyCharacters);
        }
        Ok(Self {
            name: "pagerduty".to_owned(),
            routing_key: SecretString::from(key),
            endpoint: events_api(PAGERDUTY_US, Transport::HttpsOnly)?,
            changes: None,
            scope: PagerDutyScope::default(),
            severities: SeverityMap::default(),
            selection: Vec::new(),
            max_events: 300,
            pace: Duration::from_millis(550),
        })
    }

    /// Sends to another address of the Events API, such as [`PAGERDUTY_EU`].
    pub fn with_url(mut self, url: &str, transport: Transport) -> Result<Self, PagerDutySettingsError> {
        self.endpoint = events_api(url, transport)?;
        Ok(self)
    }

    /// Sends a change event for each deployment, too: to `/v2/change/enqueue`, beside the address of the alerts.
    pub fn with_changes(mut self, transport: Transport) -> Result<Self, PagerDutySettingsError> {
        let url = self.endpoint.url().expose_secret();
        let base = url.strip_suffix("/v2/enqueue");
        let url = base.map(|base| format!("{base}/v2/change/enqueue"));
        let url = url.ok_or(PagerDutySettingsError::NoChanges)?;
        self.changes = Some(events_api(&url, transport)?);
        Ok(self)
    }

    /// The service of the configuration file or the environment, if there is one.
    pub(crate) fn from_section(
        section: Option<PagerDutySection>,
        context: &SinkContext<'_>,
    ) -> Result<Option<Self>, PagerDutySettingsError> {
        let Some(section) = context.section_or_default(section, ROUTING_KEY) else {
            return Ok(None);
        };
        let key = context.secret(ROUTING_KEY, section.routing_key_file.as_deref())?;
        let mut service = Self::try_new(&key)?;
        if let Some(url) = &section.url {
            service = service.with_url(url, section.transport)?;
        }
        if section.changes == ChangeEvents::Sent {
            service = service.with_changes(section.transport)?;
        }
        service.scope = section.scope;
        service.severities.drift = section.severity.unwrap_or(service.severities.drift);
        service.selection = context.selection.to_vec();
        Ok(Some(service))
    }
}

fn events_api(url: &str, transport: Transport) -> Result<Endpoint, EndpointError> {
    Endpoint::try_new(ENDPOINT, &SecretString::from(url), transport).map(|(endpoint, _)| endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(key: &str) -> Result<PagerDutyService, PagerDutySettingsError> {
        PagerDutyService::try_new(&SecretString::from(key))
    }

    #[test]
    fn routing_keys_have_a_shape() {
        service(&format!("{}\n", "0123456789abcdef".repeat(2))).unwrap();
        let error = service("e+23rschqs").unwrap_err();
        assert!(matches!(error, PagerDutySettingsError::KeyLength(10)), "{error}");
        let error = service(&"+".repeat(32)).unwrap_err();
        assert!(matches!(error, PagerDutySettingsError::KeyCharacters), "{error}");
    }

    #[test]
    fn debug_output_keeps_the_key() {
        let service = service(&"hunter2".repeat(5)[..32]).unwrap();
        assert!(!format!("{service:?}").contains("hunter2"));
    }

    #[test]
    fn the_eu_region_is_one_call_away() {
        let service = service(&"a".repeat(32)).unwrap();
        assert_eq!(service.endpoint.host(), "events.pagerduty.com");
        let service = service.with_url(PAGERDUTY_EU, Transport::HttpsOnly).unwrap();
        assert_eq!(service.endpoint.host(), "events.eu.pagerduty.com");
    }
}
