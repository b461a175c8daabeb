//! The header that proves to a receiver who sends: a user with a password, or a token.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::settings::{SecretError, SecretSetting, SinkContext};

/// Who sends, as a section of the configuration file and the environment say it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'s> {
    /// The user.
    pub(crate) username: Option<&'s str>,
    /// The password of the user.
    pub(crate) password: SecretSource<'s>,
    /// The token, in place of both.
    pub(crate) token: SecretSource<'s>,
}

/// Where a secret may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretSource<'s> {
    setting: SecretSetting,
    file: Option<&'s Path>,
}

/// Why nobody can be proven to send.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizationError {
    /// The password or the token is nowhere to be found.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A password belongs to nobody.
    #[error("a password needs `username`, too")]
    NoUsername,
    /// The user's name ends where its password begins.
    #[error("`username` must not have a colon in it")]
    ColonInUsername,
    /// There are two ways to prove who sends.
    #[error("choose `username` with a password, or a token: a request has one of them")]
    TwoIdentities,
    /// It has characters that no header may have.
    #[error("the token has a line break in it, or another character that an HTTP header cannot hold")]
    NotAHeader,
}

impl Identity<'_> {
    /// The `Authorization` header of every request, if there is to be one. It is marked as sensitive, so that no log shows it.
    pub(crate) fn header(
        &self,
        context: &SinkContext<'_>,
    ) -> Result<Option<HeaderValue>, AuthorizationError> {
        let token = self.token.read(context)?;
        let password = self.password.read(context)?;
        let text = match (self.username, password, token) {
            (None, None, None) => return Ok(None),
            (None, None, Some(token)) => return bearer(token.expose_secret().trim()).map(Some),
            (Some(username), ..) if username.contains(':') => {
                return Err(AuthorizationError::ColonInUsername);
            }
            (Some(username), Some(password), None) => {
                // A password may begin or end with a blank. The end of the file's only line is none of it.
                let password = password.expose_secret().trim_end_matches(['\r', '\n']);
                format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
            }
            (Some(_), None, None) => return Err(context.missing(self.password.setting).into()),
            (None, Some(_), None) => return Err(AuthorizationError::NoUsername),
            (_, _, Some(_)) => return Err(AuthorizationError::TwoIdentities),
        };
        sensitive(text).map(Some)
    }
}

/// The header of who has a token.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, AuthorizationError> {
    sensitive(format!("Bearer {token}"))
}

fn sensitive(text: String) -> Result<HeaderValue, AuthorizationError> {
    let mut value = HeaderValue::try_from(text).map_err(|_| AuthorizationError::NotAHeader)?;
    value.set_sensitive(true);
    Ok(value)
}

impl<'s> SecretSource<'s> {
    /// The secret of this setting, and the file that the section names.
    pub(crate) const fn new(setting: SecretSetting, file: Option<&'s Path>) -> Self {
        Self { setting, file }
    }

    /// The secret, if one is named.
    fn read(&self, context: &SinkContext<'_>) -> Result<Option<SecretString>, SecretError> {
        let is_named = self.file.is_some() || context.variable(self.setting.variable).is_some();
        is_named
            .then(|| context.secret(self.setting, self.file))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: SecretSetting = SecretSetting {
        key: "password_file",
        variable: "PASSWORD",
    };
    const TOKEN: SecretSetting = SecretSetting {
        key: "bearer_token_file",
        variable: "TOKEN",
    };

    /// The header of this user, with these variables set.
    fn header(username: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let environment = |name: &str| {
            let variable = variables.iter().find(|(known, _)| *known == name);
            variable.map(|(_, value)| (*value).to_owned())
        };
        let context = SinkContext {
            environment: Some(&environment),
            selection: &[],
        };
        let source = |setting| SecretSource::new(setting, None);
        let identity = Identity {
            username,
            password: source(PASSWORD),
            token: source(TOKEN),
        };
        let header = identity.header(&context).map_err(|error| error.to_string())?;
        assert!(header.as_ref().is_none_or(HeaderValue::is_sensitive));
        Ok(header.map(|value| value.to_str().unwrap().to_owned()))
    }

    #[test]
    fn one_header_says_who_sends() {
        let basic = |password: &str| {
            Ok(Some(format!(
                "Basic {}",
                STANDARD.encode(format!("me:{password}"))
            )))
        };
        assert_eq!(header(None, &[]), Ok(None));
        assert_eq!(
            header(Some("me"), &[("PASSWORD", "hunter2\r\n")]),
            basic("hunter2")
        );
        assert_eq!(
            header(Some("me"), &[("PASSWORD", " hunter2 ")]),
            basic(" hunter2 ")
        );
        assert_eq!(
            header(None, &[("TOKEN", "hunter2\n")]),
            Ok(Some("Bearer hunter2".to_owned()))
        );
    }

    #[test]
    fn mistakes_are_named_and_secrets_are_not() {
        let password = ("PASSWORD", "hunter2");
        for (username, variables, want) in [
            (Some("me"), &[][..], "set `password_file` to the file"),
            (None, &[password], "a password needs `username`"),
            (Some("a:b"), &[password], "must not have a colon"),
            (Some("a:b"), &[], "must not have a colon"),
            (Some("me"), &[("TOKEN", "hunter2")], "choose `username`"),
            (None, &[password, ("TOKEN", "hunter2")], "choose `username`"),
            (None, &[("TOKEN", "hunter2\nX: y")], "the token has a line break"),
        ] {
            let error = header(username, variables).unwrap_err();
            assert!(error.contains(want), "{username:?} {variables:?}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
