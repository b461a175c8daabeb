//! The `notify.alertmanager` section of the configuration file, and the Alertmanagers that it describes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::Deserialize;

use super::labels::{LabelError, check_extra};
use crate::notify::authorization::{AuthorizationError, Identity, SecretSource};
use crate::notify::guarded::SecretSection;
use crate::notify::roots::{PrivateRoots, RootsError};
use crate::notify::settings::{
    Endpoint, EndpointError, EndpointKind, SecretSetting, SinkContext, Transport, duration,
};

/// The most addresses of one group of Alertmanagers.
const MAX_ADDRESSES: usize = 16;

/// The time between two scans where the settings do not say it: the schedule of the shipped `CronJob`.
const HOURLY: Duration = Duration::from_hours(1);

/// The shortest and the longest time between two scans.
const INTERVALS: [Duration; 2] = [Duration::from_mins(1), Duration::from_hours(24 * 7)];

const PASSWORD: SecretSetting = SecretSetting {
    key: "password_file",
    variable: "DRIFTLINE_ALERTMANAGER_PASSWORD",
};

const TOKEN: SecretSetting = SecretSetting {
    key: "bearer_token_file",
    variable: "DRIFTLINE_ALERTMANAGER_TOKEN",
};

const ENDPOINT: EndpointKind = EndpointKind {
    name: "Alertmanager URL",
    example: "https://alertmanager.example.com",
};

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertmanagerSection {
    urls: Vec<String>,
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "duration")]
    interval: Option<Duration>,
    incomplete: IncompleteReleases,
    generator_url: Option<String>,
    username: Option<String>,
    password_file: Option<PathBuf>,
    bearer_token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    #[serde(rename = "allow_http")]
    transport: Transport,
}

impl SecretSection for AlertmanagerSection {
    const SECRETS: &'static [SecretSetting] = &[PASSWORD, TOKEN];
}

/// What becomes of releases that could not be fully read, and of which nothing worse is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "bool")]
pub enum IncompleteReleases {
    /// They raise no alert: a scan that cannot read is a matter for the people who operate it.
    #[default]
    Silent,
    /// They raise one of severity info.
    Alerted,
}

impl From<bool> for IncompleteReleases {
    /// As `incomplete` says.
    fn from(incomplete: bool) -> Self {
        if incomplete { Self::Alerted } else { Self::Silent }
    }
}

/// Why the section cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AlertmanagerSettingsError {
    /// No Alertmanager is named.
    #[error("set `urls` to the address of each Alertmanager, such as [https://alertmanager.example.com]")]
    NoAddress,
    /// More Alertmanagers are named than one group has.
    #[error("`urls` has more than {MAX_ADDRESSES} addresses")]
    TooManyAddresses,
    /// An address is not that of any receiver.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// An address has the path of the API in it.
    #[error("the Alertmanager URL must end before /api/v2")]
    PathOfTheApi,
    /// A label cannot be one.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// The interval is too short or too long.
    #[error("`interval` is the time between two scans: from 1m to 7d")]
    Interval,
    /// The link is none.
    #[error("`generator_url` must begin with https:// or http://")]
    GeneratorUrl,
    /// Nobody can be proven to send.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The certificates cannot be used.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

/// A group of Alertmanagers that tell each other what they notified.
#[derive(Debug, Clone)]
pub struct Alertmanager {
    /// The name of this sink in results.
    pub name: String,
    /// Each member of the group. Every one gets every alert, as Alertmanager's documentation asks for.
    pub members: Vec<Member>,
    /// Labels of the operator's that every alert has beside its own.
    pub labels: BTreeMap<String, String>,
    /// The time between two scans.
    pub interval: Duration,
    /// What becomes of releases that could not be fully read.
    pub incomplete: IncompleteReleases,
    /// A link that every alert has.
    pub generator_url: Option<String>,
    /// What proves to the members who sends.
    pub(super) authorization: Option<HeaderValue>,
    /// The authority that vouches for the members, if it is a private one.
    pub(super) roots: Option<PrivateRoots>,
}

/// One Alertmanager of a group.
#[derive(Debug, Clone)]
pub struct Member {
    /// `POST` adds alerts.
    pub(super) alerts: Endpoint,
    /// `GET` tells how it is.
    pub(super) status: Endpoint,
}

impl Alertmanager {
    /// Checks the addresses, and chooses the defaults: hourly scans, no labels of the operator's, nobody to authenticate as.
    pub fn try_new<'u>(
        urls: impl IntoIterator<Item = &'u str>,
        transport: Transport,
    ) -> Result<Self, AlertmanagerSettingsError> {
        let members = urls.into_iter().map(|url| Member::try_new(url, transport));
        let members: Vec<Member> = members.take(MAX_ADDRESSES + 1).collect::<Result<_, _>>()?;
        match members.len() {
            0 => Err(AlertmanagerSettingsError::NoAddress),
            1..=MAX_ADDRESSES => Ok(Self {
                name: "alertmanager".to_owned(),
                members,
                labels: BTreeMap::new(),
                interval: HOURLY,
                incomplete: IncompleteReleases::default(),
                generator_url: None,
                authorization: None,
                roots: None,
            }),
            _ => Err(AlertmanagerSettingsError::TooManyAddresses),
        }
    }

    /// The same with labels of the operator's.
    pub fn with_labels(
        mut self,
        labels: BTreeMap<String, String>,
    ) -> Result<Self, AlertmanagerSettingsError> {
        check_extra(&labels)?;
        self.labels = labels;
        Ok(self)
    }

    /// The Alertmanagers of the configuration file, if there are any.
    pub(crate) fn from_section(
        section: Option<AlertmanagerSection>,
        context: &SinkContext<'_>,
    ) -> Result<Option<Self>, AlertmanagerSettingsError> {
        let Some(section) = section else {
            return Ok(None);
        };
        let identity = Identity {
            username: section.username.as_deref(),
            password: SecretSource::new(PASSWORD, section.password_file.as_deref()),
            token: SecretSource::new(TOKEN, section.bearer_token_file.as_deref()),
        };
        let authorization = identity.header(context)?;
        let urls = section.urls.iter().map(String::as_str);
        let mut group = Self::try_new(urls, section.transport)?.with_labels(section.labels)?;
        group.interval = section.interval.unwrap_or(HOURLY);
        let [shortest, longest] = INTERVALS;
        if !(shortest..=longest).contains(&group.interval) {
            return Err(AlertmanagerSettingsError::Interval);
        }
        group.incomplete = section.incomplete;
        group.generator_url = section.generator_url.as_deref().map(link).transpose()?;
        group.authorization = authorization;
        group.roots = section.ca_file.as_deref().map(PrivateRoots::read).transpose()?;
        Ok(Some(group))
    }
}

impl Member {
    fn try_new(url: &str, transport: Transport) -> Result<Self, AlertmanagerSettingsError> {
        let (base, url) = Endpoint::try_base(ENDPOINT, url, transport)?;
        if url
            .path_segments()
            .is_some_and(|mut parts| parts.any(|part| part == "api"))
        {
            return Err(AlertmanagerSettingsError::PathOfTheApi);
        }
        Ok(Self {
            alerts: base.below(["api", "v2", "alerts"]),
            status: base.below(["api", "v2", "status"]),
        })
    }
}

/// A link, as alerts have it.
fn link(url: &str) -> Result<String, AlertmanagerSettingsError> {
    Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(String::from)
        .ok_or(AlertmanagerSettingsError::GeneratorUrl)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn section(text: &str) -> Result<Option<Alertmanager>, String> {
        let section = serde_saphyr::from_str(text).unwrap();
        let has_user = text.contains("username");
        let environment = |name: &str| (has_user && name == PASSWORD.variable).then(|| "hunter2".to_owned());
        let context = SinkContext {
            environment: Some(&environment),
            selection: &[],
        };
        Alertmanager::from_section(Some(section), &context).map_err(|error| error.to_string())
    }

    #[test]
    fn mistakes_are_named_and_secrets_are_not() {
        for (text, want) in [
            ("{}", "set `urls`"),
            ("urls: [http://am.example.com]", "must use https"),
            (
                "urls: ['https://am.example.com/api/v2/alerts']",
                "must end before /api/v2",
            ),
            ("urls: ['https://me:hunter2@am.example.com']", "a path only"),
            ("urls: ['https://am.example.com?token=hunter2']", "a path only"),
            ("{urls: ['https://a.example'], interval: 5s}", "from 1m to 7d"),
            (
                "{urls: ['https://a.example'], labels: {severity: x}}",
                "`severity`",
            ),
            (
                "{urls: ['https://a.example'], generator_url: 'javascript:x'}",
                "`generator_url`",
            ),
            ("{urls: ['https://a.example'], username: 'a:b'}", "a colon"),
            (
                "{urls: ['https://a.example'], ca_file: /dev/null}",
                "must have certificates in PEM",
            ),
        ] {
            let error = section(text).unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_path_of_an_address_stays_in_front() {
        let group = section("{urls: ['https://example.com:9443/am/'], username: me}")
            .unwrap()
            .unwrap();
        let urls = [&group.members[0].alerts, &group.members[0].status];
        let urls = urls.map(|endpoint| endpoint.url().expose_secret().to_owned());
        assert_eq!(
            urls,
            [
                "https://example.com:9443/am/api/v2/alerts",
                "https://example.com:9443/am/api/v2/status"
            ]
        );
        assert_eq!(group.authorization.as_ref().unwrap(), "Basic bWU6aHVudGVyMg==");
        let debug = format!("{group:?}");
        assert!(!debug.contains("hunter2") && !debug.contains("bWU6"), "{debug}");
    }
}
