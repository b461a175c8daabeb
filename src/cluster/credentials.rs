//! The credentials that requests carry, and when they are renewed.
//!
//! kube sends basic authentication and client certificates. Bearer tokens are sent from here: kube panics on a token that
//! is no header value, and runs credential plugins without any limit. A token file is read again every minute and a
//! plugin is run again before its token expires, as client-go does (`transport/token_source.go`,
//! `plugin/pkg/client/auth/exec/exec.go`).

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::AUTHORIZATION;
use ::http::{HeaderMap, HeaderValue};
use chrono::{DateTime, TimeDelta, Utc};
use kube::config::ExecConfig;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::credential_error::CredentialError;
use super::plugin::{self, ClientCertificate, ExecCredential};
use crate::limited_file;
use crate::policy::redact::Redaction;

/// The largest token file that is read. API servers take headers of a few kilobytes.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// How long a token file counts as read. client-go and kube have the same minute.
const REREAD_AFTER: Duration = Duration::from_mins(1);

/// How long before its token expires a plugin is run again, as kube does it.
const RENEW_BEFORE: TimeDelta = TimeDelta::minutes(1);

/// How long a plugin that failed is not run again: hundreds of requests would only wait for it to fail in turn.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Where the credentials come from.
#[derive(Debug)]
pub(super) enum CredentialSource {
    /// From the client itself: a certificate, basic authentication, OIDC, or none at all.
    Client,
    /// A token of the kubeconfig.
    Token(SecretString),
    /// A file with a token.
    File(PathBuf),
    /// A program that prints a token or a certificate.
    Plugin(Box<ExecConfig>),
}

/// The credentials of requests.
pub(super) enum Credentials {
    /// The client sends them.
    Client,
    /// A token that stays.
    Token(HeaderValue),
    /// A token that may change.
    Renewed(Mutex<Renewed>),
}

/// A token that may change, and the last attempt to get it.
pub(super) struct Renewed {
    renewal: Renewal,
    token: HeaderValue,
    /// The last failure, and when it was.
    failure: Option<(Instant, CredentialError)>,
}

/// Where a new token comes from, and when.
enum Renewal {
    File {
        path: PathBuf,
        read: Instant,
    },
    Plugin {
        config: Box<ExecConfig>,
        redaction: Redaction,
        expires: DateTime<Utc>,
    },
}

impl Credentials {
    /// Gets credentials for the first time, and the certificate that the client has to use, if a plugin printed one.
    /// `redaction` says what of a plugin's words is not shown.
    pub(super) async fn obtain(
        source: CredentialSource,
        redaction: Redaction,
    ) -> Result<(Self, Option<ClientCertificate>), CredentialError> {
        match source {
            CredentialSource::Client => Ok((Self::Client, None)),
            CredentialSource::Token(token) => {
                let header = bearer(token.expose_secret(), || "the token of the kubeconfig".to_owned())?;
                Ok((Self::Token(header), None))
            }
            CredentialSource::File(path) => {
                let token = token_of_file(path.clone()).await?;
                let read = Instant::now();
                Ok((Self::renewed(Renewal::File { path, read }, token), None))
            }
            CredentialSource::Plugin(config) => {
                let credential = plugin::run(&config, &redaction).await?;
                let certificate = credential.certificate()?;
                let credentials = match (token_of(&credential)?, credential.expires) {
                    (Some(token), Some(expires)) => {
                        let renewal = Renewal::Plugin {
                            config,
                            redaction,
                            expires,
                        };
                        Self::renewed(renewal, token)
                    }
                    (Some(token), None) => Self::Token(token),
                    (None, _) if certificate.is_some() => Self::Client,
                    (None, _) => {
                        return Err(CredentialError::useless(
                            "there is neither a token nor a certificate",
                        ));
                    }
                };
                Ok((credentials, certificate))
            }
        }
    }

    fn renewed(renewal: Renewal, token: HeaderValue) -> Self {
        Self::Renewed(Mutex::new(Renewed {
            renewal,
            token,
            failure: None,
        }))
    }

    /// Adds the credentials to a request. A plugin that has to run again for that ends with the future.
    pub(super) async fn authorize(&self, headers: &mut HeaderMap) -> Result<(), CredentialError> {
        let token = match self {
            Self::Client => return Ok(()),
            Self::Token(token) => token.clone(),
            Self::Renewed(renewed) => renewed.lock().await.token().await?,
        };
        headers.insert(AUTHORIZATION, token);
        Ok(())
    }
}

impl Renewed {
    async fn token(&mut self) -> Result<HeaderValue, CredentialError> {
        if let Some((at, failure)) = &self.failure
            && at.elapsed() < RETRY_AFTER
        {
            return Err(failure.clone());
        }
        self.failure = None;
        match &mut self.renewal {
            Renewal::File { path, read } => {
                if read.elapsed() >= REREAD_AFTER {
                    // The last token goes on where the file cannot be read, as in client-go.
                    if let Ok(token) = token_of_file(path.clone()).await {
                        self.token = token;
                    }
                    *read = Instant::now();
                }
            }
            Renewal::Plugin {
                config,
                redaction,
                expires,
            } => {
                if Utc::now() + RENEW_BEFORE >= *expires {
                    match renew(config, redaction).await {
                        Ok((token, until)) => {
                            self.token = token;
                            *expires = until;
                        }
                        Err(error) => {
                            self.failure = Some((Instant::now(), error.clone()));
                            return Err(error);
                        }
                    }
                }
            }
        }
        Ok(self.token.clone())
    }
}

/// Runs a plugin again.
async fn renew(
    config: &ExecConfig,
    redaction: &Redaction,
) -> Result<(HeaderValue, DateTime<Utc>), CredentialError> {
    let credential = plugin::run(config, redaction).await?;
    let token = token_of(&credential)?.ok_or(CredentialError::useless("there is no token any more"))?;
    // A token without end needs no further run.
    Ok((token, credential.expires.unwrap_or(DateTime::<Utc>::MAX_UTC)))
}

fn token_of(credential: &ExecCredential) -> Result<Option<HeaderValue>, CredentialError> {
    let token = credential.token.as_ref();
    let header = token.map(|token| {
        bearer(token.expose_secret(), || {
            "the token of the kubeconfig's credential plugin".to_owned()
        })
    });
    header.transpose()
}

/// Reads a token file. White space around the token is not part of it, as in client-go's `fileTokenSource.Token`.
async fn token_of_file(path: PathBuf) -> Result<HeaderValue, CredentialError> {
    let unreadable = |source: io::Error| CredentialError::Unreadable {
        path: path.clone(),
        source: Arc::new(source),
    };
    let file = path.clone();
    let bytes = tokio::task::spawn_blocking(move || limited_file::read(&file, MAX_TOKEN_BYTES))
        .await
        .map_err(|_| unreadable(io::Error::other("reading it failed")))?
        .map_err(unreadable)?;
    let what = || format!("the token in {}", path.display());
    let text = String::from_utf8(bytes).map_err(|_| CredentialError::NoHeader { what: what() })?;
    bearer(text.trim(), what)
}

/// The header of a token.
fn bearer(token: &str, what: impl Fn() -> String) -> Result<HeaderValue, CredentialError> {
    if token.is_empty() {
        return Err(CredentialError::Empty { what: what() });
    }
    let mut header = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| CredentialError::NoHeader { what: what() })?;
    header.set_sensitive(true);
    Ok(header)
}
