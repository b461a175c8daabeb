//! The `notify.webhook` section of the configuration file, and the receiver that it describes.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::notify::guarded::SecretSection;
use crate::notify::roots::{PrivateRoots, RootsError};
use crate::notify::settings::{
    Endpoint, EndpointError, EndpointKind, SecretError, SecretSetting, SinkContext, Transport,
};
use crate::notify::when::SendWhen;

/// The fewest bytes of a secret: whoever sees one signed message can try all shorter ones.
const MIN_SECRET: usize = 16;

/// The receiver's address, which may be as good as a password.
const URL: SecretSetting = SecretSetting {
    key: "url_file",
    variable: "DRIFTLINE_WEBHOOK_URL",
};

/// The key that signs messages.
const SECRET: SecretSetting = SecretSetting {
    key: "secret_file",
    variable: "DRIFTLINE_WEBHOOK_SECRET",
};

const ENDPOINT: EndpointKind = EndpointKind {
    name: "webhook URL",
    example: "https://example.com/hooks/driftline",
};

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSection {
    url_file: Option<PathBuf>,
    secret_file: Option<PathBuf>,
    body: WebhookBody,
    cloudevents: CloudEvents,
    when: SendWhen,
    ca_file: Option<PathBuf>,
    #[serde(rename = "allow_http")]
    transport: Transport,
}

impl SecretSection for WebhookSection {
    const SECRETS: &'static [SecretSetting] = &[URL, SECRET];
}

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookBody {
    /// What is new, what is still so and what is over, in names, paths and codes.
    #[default]
    Event,
    /// The whole report, with the values of fields.
    Report,
}

/// Whether a message is a [CloudEvent](https://github.com/cloudevents/spec).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CloudEvents {
    /// It is the document itself.
    #[default]
    None,
    /// The document is the `data` of a `CloudEvent` in the structured mode. In the binary mode the attributes would be headers,
    /// which the signature does not cover.
    Structured,
}

/// Why the section cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookSettingsError {
    /// The address or the secret is nowhere to be found.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The address is not that of any receiver.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The secret is too easy to guess.
    #[error(
        "the webhook secret must have at least {MIN_SECRET} bytes; `openssl rand -hex 32` prints a good one"
    )]
    ShortSecret,
    /// The certificates cannot be used.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

/// A receiver of JSON.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The name of this sink in results.
    pub name: String,
    /// Where to post.
    pub endpoint: Endpoint,
    /// What a message says.
    pub body: WebhookBody,
    /// Whether it is a `CloudEvent`.
    pub cloudevents: CloudEvents,
    /// When to send one.
    pub when: SendWhen,
    /// The key that signs messages. Without one they are not signed.
    pub(super) secret: Option<SecretString>,
    /// The authority that vouches for the receiver, if it is a private one.
    pub(super) roots: Option<PrivateRoots>,
}

impl Webhook {
    /// Checks the address, and chooses the defaults: events, not signed, only when there is something to tell. White space
    /// around the address, as files have it, is ignored.
    pub fn try_new(url: &SecretString, transport: Transport) -> Result<Self, WebhookSettingsError> {
        let (endpoint, _) = Endpoint::try_new(ENDPOINT, url, transport)?;
        Ok(Self {
            name: "webhook".to_owned(),
            endpoint,
            body: WebhookBody::default(),
            cloudevents: CloudEvents::default(),
            when: SendWhen::default(),
            secret: None,
            roots: None,
        })
    }

    /// The same with messages that are signed with this secret. White space around it, as files have it, is no part of it.
    pub fn with_secret(mut self, secret: &SecretString) -> Result<Self, WebhookSettingsError> {
        let secret = secret.expose_secret().trim();
        if secret.len() < MIN_SECRET {
            return Err(WebhookSettingsError::ShortSecret);
        }
        self.secret = Some(SecretString::from(secret));
        Ok(self)
    }

    /// The receiver of the configuration file or the environment, if there is one.
    pub(crate) fn from_section(
        section: Option<WebhookSection>,
        context: &SinkContext<'_>,
    ) -> Result<Option<Self>, WebhookSettingsError> {
        let Some(section) = context.section_or_default(section, URL) else {
            return Ok(None);
        };
        let url = context.secret(URL, section.url_file.as_deref())?;
        let mut webhook = Self::try_new(&url, section.transport)?;
        if section.secret_file.is_some() || context.variable(SECRET.variable).is_some() {
            let secret = context.secret(SECRET, section.secret_file.as_deref())?;
            webhook = webhook.with_secret(&secret)?;
        }
        webhook.body = section.body;
        webhook.cloudevents = section.cloudevents;
        webhook.when = section.when;
        webhook.roots = section.ca_file.as_deref().map(PrivateRoots::read).transpose()?;
        Ok(Some(webhook))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_never_shown() {
        let url = SecretString::from("https://example.com/hooks/hunter2");
        let webhook = Webhook::try_new(&url, Transport::HttpsOnly).unwrap();
        let short = webhook
            .clone()
            .with_secret(&SecretString::from("hunter2\n"))
            .unwrap_err();
        assert!(short.to_string().contains("at least 16 bytes"), "{short}");
        assert!(!short.to_string().contains("hunter2"));
        let signed = webhook
            .with_secret(&SecretString::from("hunter2hunter2hunter2\n"))
            .unwrap();
        assert!(!format!("{signed:?}").contains("hunter2"), "{signed:?}");
        assert_eq!(signed.secret.unwrap().expose_secret(), "hunter2hunter2hunter2");
    }
}
