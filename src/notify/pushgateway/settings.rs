//! The `metrics.pushgateway` section of the configuration file, and the gateway that it describes.

use std::path::PathBuf;

use reqwest::header::HeaderValue;
use serde::Deserialize;

use crate::notify::authorization::{AuthorizationError, Identity, SecretSource};
use crate::notify::roots::{PrivateRoots, RootsError};
use crate::notify::settings::{Endpoint, EndpointError, EndpointKind, SecretSetting, SinkContext, Transport};

/// The job of the metrics, where the settings name none.
const JOB: &str = "driftline";

/// The password of the user.
const PASSWORD: SecretSetting = SecretSetting {
    key: "password_file",
    variable: "DRIFTLINE_PUSHGATEWAY_PASSWORD",
};

/// The token, in place of a user and a password.
const TOKEN: SecretSetting = SecretSetting {
    key: "bearer_token_file",
    variable: "DRIFTLINE_PUSHGATEWAY_TOKEN",
};

const ENDPOINT: EndpointKind = EndpointKind {
    name: "Pushgateway URL",
    example: "https://pushgateway.example.com",
};

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PushgatewaySection {
    url: Option<String>,
    job: Option<String>,
    username: Option<String>,
    password_file: Option<PathBuf>,
    bearer_token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    #[serde(rename = "allow_http")]
    transport: Transport,
}

/// Why the section cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PushgatewaySettingsError {
    /// There is no address.
    #[error("set `url` to the address of the Pushgateway, such as {}", ENDPOINT.example)]
    NoUrl,
    /// The address is not that of any receiver.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The address has the path of a group in it.
    #[error("the Pushgateway URL must end before /metrics: `job` is a setting of its own")]
    PathOfAGroup,
    /// The job has no name.
    #[error("`job` is empty: leave it out for `{JOB}`, or give the job a name")]
    NoJob,
    /// Nobody can be proven to send.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The file of certificates cannot be used.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

/// A Pushgateway.
#[derive(Debug, Clone)]
pub struct PushgatewaySettings {
    /// The gateway, without the path of a group.
    pub(super) endpoint: Endpoint,
    /// The job of the metrics.
    pub(super) job: String,
    /// The header that proves who pushes; it is marked as sensitive, so that no log shows it.
    pub(super) authorization: Option<HeaderValue>,
    /// The authorities that are trusted in place of those of the system.
    pub(super) roots: Option<PrivateRoots>,
}

impl PushgatewaySettings {
    /// A gateway at this address, of the default job, which asks nobody who it is.
    pub fn try_new(url: &str, transport: Transport) -> Result<Self, PushgatewaySettingsError> {
        let (endpoint, url) = Endpoint::try_base(ENDPOINT, url, transport)?;
        if url
            .path_segments()
            .is_some_and(|mut parts| parts.any(|part| part == "metrics"))
        {
            return Err(PushgatewaySettingsError::PathOfAGroup);
        }
        Ok(Self {
            endpoint,
            job: JOB.to_owned(),
            authorization: None,
            roots: None,
        })
    }

    /// The gateway of the configuration file.
    pub(crate) fn from_section(
        section: PushgatewaySection,
        context: &SinkContext<'_>,
    ) -> Result<Self, PushgatewaySettingsError> {
        let url = section.url.as_deref().ok_or(PushgatewaySettingsError::NoUrl)?;
        let mut settings = Self::try_new(url, section.transport)?;
        if let Some(job) = &section.job {
            if job.trim().is_empty() {
                return Err(PushgatewaySettingsError::NoJob);
            }
            settings.job.clone_from(job);
        }
        let identity = Identity {
            username: section.username.as_deref(),
            password: SecretSource::new(PASSWORD, section.password_file.as_deref()),
            token: SecretSource::new(TOKEN, section.bearer_token_file.as_deref()),
        };
        settings.authorization = identity.header(context)?;
        if let Some(path) = section.ca_file {
            settings.roots = Some(PrivateRoots::read(&path)?);
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(
        text: &str,
        variables: &[(&str, &str)],
    ) -> Result<PushgatewaySettings, PushgatewaySettingsError> {
        let section: PushgatewaySection = serde_saphyr::from_str(text).unwrap();
        let environment = |name: &str| {
            let variable = variables.iter().find(|(known, _)| *known == name);
            variable.map(|(_, value)| (*value).to_owned())
        };
        let context = SinkContext {
            environment: Some(&environment),
            selection: &[],
        };
        PushgatewaySettings::from_section(section, &context)
    }

    #[test]
    fn mistakes_say_what_would_be_right_and_quote_no_secret() {
        let url = "url: https://push.example.com";
        for (text, want) in [
            ("{}".to_owned(), "set `url` to the address of the Pushgateway"),
            (
                "url: http://push.example.com".to_owned(),
                "`allow_http: true` allows",
            ),
            (
                "url: https://me:hunter2@push.example.com".to_owned(),
                "a path only",
            ),
            (
                "url: https://push.example.com?x=hunter2".to_owned(),
                "a path only",
            ),
            (format!("{url}/metrics/job/x"), "must end before /metrics"),
            (format!("{url}/behind/metrics/"), "must end before /metrics"),
            (format!("{url}\njob: ''"), "`job` is empty"),
            (format!("{url}\nusername: me"), "set `password_file` to the file"),
            (format!("{url}\nusername: 'me:you'"), "a colon"),
            (
                format!("{url}\nbearer_token_file: /does/not/exist"),
                "cannot be read",
            ),
            (
                format!("{url}\nca_file: /does/not/exist"),
                "the ca_file /does/not/exist cannot be read",
            ),
            (
                format!("{url}\nca_file: Cargo.toml"),
                "must have certificates in PEM",
            ),
        ] {
            let error = resolve(&text, &[]).unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn who_pushes_is_proven_by_one_header_that_no_log_shows() {
        let url = "url: https://push.example.com";
        let password = [("DRIFTLINE_PUSHGATEWAY_PASSWORD", "hunter2\n")];
        let basic = resolve(&format!("{url}\nusername: me"), &password).unwrap();
        assert_eq!(basic.authorization.as_ref().unwrap(), "Basic bWU6aHVudGVyMg==");
        assert!(!format!("{basic:?}").contains("bWU6"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\n").unwrap();
        let text = format!("{url}\nbearer_token_file: {}", file.path().display());
        let bearer = resolve(&text, &[]).unwrap();
        assert_eq!(bearer.authorization.as_ref().unwrap(), "Bearer hunter2");
        assert!(resolve(url, &[]).unwrap().authorization.is_none());
    }
}
