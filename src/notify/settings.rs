//! What the sinks need to know, checked before anything is sent.
//!
//! Addresses and keys are types of their own that only exist once valid, so that a typo ends the run at its start
//! and not after the scan. Every error is one sentence that says what would be right and never repeats what was
//! given: a webhook's address is its password.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// PagerDuty's Events API v2 in its US service region.
pub const PAGERDUTY_US: &str = "https://events.pagerduty.com/v2/enqueue";

/// PagerDuty's Events API v2 in its EU service region.
pub const PAGERDUTY_EU: &str = "https://events.eu.pagerduty.com/v2/enqueue";

/// Hosts of Slack itself; everything else that takes Slack's messages is a compatible server.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// Why a sink's settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The address does not parse.
    #[error("the {what} is not a valid URL ({why}); it should look like {example}")]
    NotAUrl {
        /// Which address.
        what: &'static str,
        /// What the parser says, which never quotes the address.
        why: String,
        /// One that would do.
        example: &'static str,
    },
    /// The address is neither `https` nor `http`, or has no host.
    #[error("the {what} must begin with https:// and name a host")]
    NotHttp {
        /// Which address.
        what: &'static str,
    },
    /// The address is `http` and that was not allowed.
    #[error(
        "the {what} must use https; plain http has to be allowed explicitly, for a test server or inside a cluster"
    )]
    NotHttps {
        /// Which address.
        what: &'static str,
    },
    /// The address starts a Slack workflow.
    #[error(
        "the Slack URL is a workflow trigger, which takes variables and not messages; \
         create an incoming webhook instead (its URL begins with https://hooks.slack.com/services/)"
    )]
    WorkflowTrigger,
    /// The address is Slack's and not that of an incoming webhook.
    #[error(
        "the Slack URL is not that of an incoming webhook, which begins with https://hooks.slack.com/services/"
    )]
    NotAWebhook,
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

/// Which addresses are acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `https` only: what is sent names everything that runs in a cluster, and the address itself is secret.
    HttpsOnly,
    /// `http` too, for test servers and receivers inside the cluster.
    AllowHttp,
}

/// A valid address of a receiver. It may be as good as a password, so it is never shown, only its host is.
#[derive(Clone)]
pub struct Endpoint {
    url: SecretString,
    host: String,
}

impl Endpoint {
    fn try_new(
        what: &'static str,
        example: &'static str,
        given: &SecretString,
        transport: Transport,
    ) -> Result<(Self, Url), SettingsError> {
        let url = Url::parse(given.expose_secret().trim()).map_err(|error| SettingsError::NotAUrl {
            what,
            why: error.to_string(),
            example,
        })?;
        match (url.scheme(), transport) {
            ("https", _) | ("http", Transport::AllowHttp) => {}
            ("http", Transport::HttpsOnly) => return Err(SettingsError::NotHttps { what }),
            _ => return Err(SettingsError::NotHttp { what }),
        }
        let Some(host) = url.host_str() else {
            return Err(SettingsError::NotHttp { what });
        };
        let host = url
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let endpoint = Self {
            url: SecretString::from(url.as_str()),
            host,
        };
        Ok((endpoint, url))
    }

    /// Host and, where it is unusual, port: all of an address that a message may show.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn url(&self) -> &SecretString {
        &self.url
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// When a chat message is worth sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// Whenever there is something to look at: drift, a release in a critical state, anything that could not be
    /// read, a scan that failed or was stopped.
    #[default]
    Drift,
    /// After every scan.
    Always,
}

/// How a message is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlackFormat {
    /// Block Kit: Slack itself. Nothing in it is parsed as markup.
    Blocks,
    /// One coloured attachment: Mattermost, Rocket.Chat, Discord's `/slack` addresses.
    Attachments,
    /// Only text, for whatever takes nothing else.
    Text,
}

/// A Slack incoming webhook, or one of a compatible server.
#[derive(Debug, Clone)]
pub struct SlackSettings {
    /// What results call this sink.
    pub name: String,
    /// Where to post.
    pub endpoint: Endpoint,
    /// How the message is laid out.
    pub format: SlackFormat,
    /// When to post.
    pub when: When,
}

impl SlackSettings {
    /// Checks the webhook's address and chooses what suits it: blocks for Slack itself, attachments for others;
    /// silence after a clean scan. White space around the address, as files have it, is ignored.
    pub fn try_new(url: &SecretString, transport: Transport) -> Result<Self, SettingsError> {
        let (endpoint, url) = Endpoint::try_new(
            "Slack webhook URL",
            "https://hooks.slack.com/services/T…/B…/…",
            url,
            transport,
        )?;
        let is_slack = url.host_str().is_some_and(|host| SLACK_HOSTS.contains(&host));
        if is_slack {
            let path = url.path();
            if path.starts_with("/triggers/") || path.starts_with("/workflows/") {
                return Err(SettingsError::WorkflowTrigger);
            }
            if !path.starts_with("/services/") {
                return Err(SettingsError::NotAWebhook);
            }
        }
        Ok(Self {
            name: "slack".to_owned(),
            endpoint,
            format: if is_slack {
                SlackFormat::Blocks
            } else {
                SlackFormat::Attachments
            },
            when: When::default(),
        })
    }
}

/// What one alert stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PagerDutyScope {
    /// The whole cluster: one alert, with the drifted releases inside.
    #[default]
    Cluster,
    /// One release: as many alerts as there are drifted releases.
    Release,
}

/// PagerDuty's own severities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Neither, and something could not be read, or the scan failed. Off by default: a scan that cannot look is
    /// the business of whoever watches the job, and exit status and chat already say so.
    pub incomplete: Option<PagerDutySeverity>,
}

impl Default for SeverityMap {
    fn default() -> Self {
        Self {
            drift: PagerDutySeverity::Error,
            critical_health: Some(PagerDutySeverity::Warning),
            incomplete: None,
        }
    }
}

/// A PagerDuty service with an `Events API v2` integration.
#[derive(Debug, Clone)]
pub struct PagerDutySettings {
    /// What results call this sink.
    pub name: String,
    /// The integration key.
    pub routing_key: SecretString,
    /// The Events API.
    pub endpoint: Endpoint,
    /// What one alert stands for.
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

impl PagerDutySettings {
    /// Checks the routing key, and chooses the defaults: one alert per cluster, in the US service region. White
    /// space around the key, as files have it, is ignored.
    pub fn try_new(routing_key: &SecretString) -> Result<Self, SettingsError> {
        let key = routing_key.expose_secret().trim();
        let length = key.chars().count();
        if length != 32 {
            return Err(SettingsError::KeyLength(length));
        }
        if !key.chars().all(|char| char.is_ascii_alphanumeric()) {
            return Err(SettingsError::KeyCharacters);
        }
        Ok(Self {
            name: "pagerduty".to_owned(),
            routing_key: SecretString::from(key),
            endpoint: events_api(PAGERDUTY_US, Transport::HttpsOnly)?,
            scope: PagerDutyScope::default(),
            severities: SeverityMap::default(),
            selection: Vec::new(),
            max_events: 300,
            pace: Duration::from_millis(550),
        })
    }

    /// Sends to another address of the Events API, such as [`PAGERDUTY_EU`].
    pub fn with_url(mut self, url: &str, transport: Transport) -> Result<Self, SettingsError> {
        self.endpoint = events_api(url, transport)?;
        Ok(self)
    }
}

fn events_api(url: &str, transport: Transport) -> Result<Endpoint, SettingsError> {
    Endpoint::try_new("PagerDuty URL", PAGERDUTY_US, &SecretString::from(url), transport)
        .map(|(endpoint, _)| endpoint)
}

/// Where requests go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proxy {
    /// As `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    /// Straight to the receiver.
    Direct,
}

/// How hard delivery is tried.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// How long one connection may take to open.
    pub connect_timeout: Duration,
    /// How long one attempt may take from start to end.
    pub attempt_timeout: Duration,
    /// How often one message is tried at most.
    pub attempts: u32,
    /// The longest pause after the first failure; it doubles with each further one, and half of it is jitter.
    pub first_pause: Duration,
    /// The longest pause, whatever `Retry-After` asks for.
    pub longest_pause: Duration,
    /// How long one sink may take with all its attempts and pauses. Deliberate pacing comes on top.
    pub budget: Duration,
    /// Where requests go out.
    pub proxy: Proxy,
    /// The time of day, only asked when `Retry-After` names a date.
    pub clock: fn() -> DateTime<Utc>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(15),
            attempts: 5,
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_mins(1),
            budget: Duration::from_secs(90),
            proxy: Proxy::default(),
            clock: Utc::now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slack(url: &str, transport: Transport) -> Result<SlackSettings, SettingsError> {
        SlackSettings::try_new(&SecretString::from(url), transport)
    }

    #[test]
    fn slack_itself_gets_blocks_and_others_attachments() {
        let slack_itself = slack(
            " https://hooks.slack.com/services/T0/B0/secret\n",
            Transport::HttpsOnly,
        )
        .unwrap();
        assert_eq!(slack_itself.format, SlackFormat::Blocks);
        assert_eq!(slack_itself.endpoint.host(), "hooks.slack.com");
        let other = slack("https://chat.example.org:8443/hooks/secret", Transport::HttpsOnly).unwrap();
        assert_eq!(other.format, SlackFormat::Attachments);
        assert_eq!(other.endpoint.host(), "chat.example.org:8443");
        slack("http://127.0.0.1:9/hooks/secret", Transport::AllowHttp).unwrap();
    }

    #[test]
    fn wrong_addresses_are_refused_and_never_quoted() {
        let cases = [
            ("http://chat.example.org/hooks/hunter2", "must use https"),
            ("ftp://chat.example.org/hooks/hunter2", "must begin with https://"),
            ("hunter2", "is not a valid URL"),
            ("", "is not a valid URL"),
            ("https://:0hunter2/hooks", "is not a valid URL"),
            ("https://hooks.slack.com/triggers/hunter2", "workflow trigger"),
            ("https://hooks.slack.com/workflows/hunter2", "workflow trigger"),
            (
                "https://hooks.slack.com/hunter2",
                "not that of an incoming webhook",
            ),
        ];
        for (given, want) in cases {
            let error = slack(given, Transport::HttpsOnly).unwrap_err().to_string();
            assert!(error.contains(want), "{given}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn routing_keys_have_a_shape() {
        let key = |text: &str| PagerDutySettings::try_new(&SecretString::from(text));
        key(&format!("{}\n", "0123456789abcdef".repeat(2))).unwrap();
        assert_eq!(key("e+23rschqs").unwrap_err(), SettingsError::KeyLength(10));
        assert_eq!(key(&"+".repeat(32)).unwrap_err(), SettingsError::KeyCharacters);
    }

    #[test]
    fn debug_output_keeps_addresses_and_keys() {
        let settings = slack(
            "https://hooks.slack.com/services/T0/B0/hunter2",
            Transport::HttpsOnly,
        )
        .unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let settings =
            PagerDutySettings::try_new(&SecretString::from("hunter2".repeat(5)[..32].to_owned())).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn the_eu_region_is_one_call_away() {
        let settings = PagerDutySettings::try_new(&SecretString::from("a".repeat(32))).unwrap();
        assert_eq!(settings.endpoint.host(), "events.pagerduty.com");
        let settings = settings.with_url(PAGERDUTY_EU, Transport::HttpsOnly).unwrap();
        assert_eq!(settings.endpoint.host(), "events.eu.pagerduty.com");
    }
}
