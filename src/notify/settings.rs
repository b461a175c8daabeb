//! The parts that the settings of all sinks share, checked before anything is sent.
//!
//! Addresses and keys are types of their own that only exist once valid, so that a typo ends the run at its start
//! and not after the scan. Every error is one sentence that says what would be right and never repeats what was
//! given: a webhook's address is its password. Each sink's own section and settings are beside the sink.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};

use crate::limited_file;

/// The largest file of a secret: an address or a key.
const MAX_SECRET_BYTES: u64 = 64 << 10;

/// What some editors write in front of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The variables of an environment, by their names.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The sources of a sink's settings besides its section of the configuration file.
pub struct SinkContext<'a> {
    /// The environment, so that tests need not change their own; `None` for receivers with names, for which there are no
    /// variables.
    pub environment: Option<Variables<'a>>,
    /// The conditions that narrow the scan, in the same order on every run: part of the identity of its alerts.
    pub selection: &'a [String],
}

/// Where a secret comes from. There is no flag for one: everybody on the machine can read flags.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretSetting {
    /// The key of the section that names the file.
    pub(crate) key: &'static str,
    /// The environment variable that holds the secret itself.
    pub(crate) variable: &'static str,
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Neither the file nor the environment variable is set.
    #[error("set `{key}` to the file that holds the secret, or {variable} in the environment")]
    Missing {
        /// The key to set.
        key: &'static str,
        /// The environment variable to set.
        variable: &'static str,
    },
    /// The file is not set, and nothing else can be.
    #[error("set `{key}` to the file that holds the secret")]
    NoFile {
        /// The key to set.
        key: &'static str,
    },
    /// The file cannot be read.
    #[error("the {key} {} cannot be read", .path.display())]
    Unreadable {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file has nothing in it.
    #[error("the {key} {} is empty", .path.display())]
    Empty {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// An editor wrote something in front of the secret that nobody sees.
    #[error("the {key} {} begins with a byte order mark: save it as UTF-8 without one", .path.display())]
    ByteOrderMark {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
}

impl SinkContext<'_> {
    /// A variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.environment.and_then(|environment| environment(name))
    }

    /// Why there is no secret where none is set.
    pub(crate) fn missing(&self, SecretSetting { key, variable }: SecretSetting) -> SecretError {
        match self.environment {
            Some(_) => SecretError::Missing { key, variable },
            None => SecretError::NoFile { key },
        }
    }

    /// The section to use: a secret in the environment alone turns its sink on.
    pub(crate) fn section_or_default<S: Default>(
        &self,
        section: Option<S>,
        secret: SecretSetting,
    ) -> Option<S> {
        section.or_else(|| self.variable(secret.variable).map(|_| S::default()))
    }

    /// A secret from the environment, else from the file that the section names.
    pub(crate) fn secret(
        &self,
        setting: SecretSetting,
        path: Option<&Path>,
    ) -> Result<SecretString, SecretError> {
        if let Some(value) = self.variable(setting.variable) {
            return Ok(SecretString::from(value));
        }
        let path = path.ok_or_else(|| self.missing(setting))?;
        let key = setting.key;
        let secret = limited_file::read_text(path, MAX_SECRET_BYTES).map(SecretString::from);
        let secret = secret.map_err(|source| SecretError::Unreadable {
            key,
            path: path.to_owned(),
            source,
        })?;
        let path = path.to_owned();
        if secret.expose_secret().starts_with(BYTE_ORDER_MARK) {
            Err(SecretError::ByteOrderMark { key, path })
        } else if secret.expose_secret().trim().is_empty() {
            Err(SecretError::Empty { key, path })
        } else {
            Ok(secret)
        }
    }
}

/// A duration as the configuration file has it.
pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    humantime::parse_duration(&text).map(Some).map_err(|error| {
        de::Error::custom(format!(
            "`{text}` is not a duration such as 30s, 15m or 1h30m: {error}"
        ))
    })
}

/// Why an address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The address does not parse.
    #[error("the {name} is not a valid URL ({why}); it should look like {example}")]
    NotAUrl {
        /// Which address.
        name: &'static str,
        /// The error of the parser, which never quotes the address.
        why: String,
        /// One that would do.
        example: &'static str,
    },
    /// There are several addresses, or one that is broken. A parser of URLs joins the lines.
    #[error("the {name} must be one address, with no white space or line break in it, such as {example}")]
    NotOne {
        /// Which address.
        name: &'static str,
        /// One that would do.
        example: &'static str,
    },
    /// The address is neither `https` nor `http`, or has no host.
    #[error("the {name} must begin with https:// and name a host")]
    NotHttp {
        /// Which address.
        name: &'static str,
    },
    /// The address is `http` and that was not allowed.
    #[error(
        "the {name} must use https; `allow_http: true` allows plain http, for a test server or inside a cluster"
    )]
    NotHttps {
        /// Which address.
        name: &'static str,
    },
    /// The address has parts that no address below it can have.
    #[error(
        "the {name} may have a scheme, a host, a port and a path only: a user with a password, or a token, has settings of its own"
    )]
    NotABase {
        /// Which address.
        name: &'static str,
    },
}

/// Which addresses are acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "bool")]
pub enum Transport {
    /// `https` only: notifications name the objects of a cluster, and the address itself is secret.
    #[default]
    HttpsOnly,
    /// `http` too, for test servers and receivers inside the cluster.
    AllowHttp,
}

impl From<bool> for Transport {
    /// As `allow_http` says.
    fn from(allow_http: bool) -> Self {
        if allow_http {
            Self::AllowHttp
        } else {
            Self::HttpsOnly
        }
    }
}

/// How errors call an address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndpointKind {
    /// Which address it is.
    pub(crate) name: &'static str,
    /// An example of one.
    pub(crate) example: &'static str,
}

/// A valid address of a receiver. It may be as good as a password, so it is never shown, only its host is.
#[derive(Clone)]
pub struct Endpoint {
    url: SecretString,
    host: String,
}

impl Endpoint {
    /// Checks an address. White space around it, as files have it, is ignored.
    pub(crate) fn try_new(
        EndpointKind { name, example }: EndpointKind,
        given: &SecretString,
        transport: Transport,
    ) -> Result<(Self, Url), EndpointError> {
        let given = given.expose_secret().trim();
        if given.contains(char::is_whitespace) {
            return Err(EndpointError::NotOne { name, example });
        }
        let url = Url::parse(given).map_err(|error| EndpointError::NotAUrl {
            name,
            why: error.to_string(),
            example,
        })?;
        match (url.scheme(), transport) {
            ("https", _) | ("http", Transport::AllowHttp) => {}
            ("http", Transport::HttpsOnly) => return Err(EndpointError::NotHttps { name }),
            _ => return Err(EndpointError::NotHttp { name }),
        }
        let Some(host) = url.host_str() else {
            return Err(EndpointError::NotHttp { name });
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

    /// Checks an address below which others are: it has no user, password, query or fragment.
    pub(crate) fn try_base(
        kind: EndpointKind,
        given: &str,
        transport: Transport,
    ) -> Result<(Self, Url), EndpointError> {
        let (endpoint, url) = Self::try_new(kind, &SecretString::from(given), transport)?;
        let is_base = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_base {
            Ok((endpoint, url))
        } else {
            Err(EndpointError::NotABase { name: kind.name })
        }
    }

    /// The address below this one whose path has these segments more. Each is encoded; none may be empty or a step in a path.
    pub(crate) fn below<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Self {
        let mut endpoint = self.clone();
        // It was parsed before, and every address with a host has a path.
        if let Ok(mut url) = Url::parse(self.url.expose_secret()) {
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().extend(segments);
            }
            endpoint.url = SecretString::from(url.as_str());
        }
        endpoint
    }

    /// Host and, where it is unusual, port: all of an address that a message may show.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The whole address.
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
    /// The clock, which is read only if `Retry-After` names a date.
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

    const ADDRESS: EndpointKind = EndpointKind {
        name: "URL of the test",
        example: "https://example.com",
    };

    #[test]
    fn an_address_is_one_and_may_have_white_space_around_it_only() {
        let address = |text: &str| {
            let endpoint = Endpoint::try_new(ADDRESS, &SecretString::from(text), Transport::HttpsOnly);
            endpoint
                .map(|(_, url)| url.to_string())
                .map_err(|error| error.to_string())
        };
        for text in [
            "https://a/hunter2",
            " https://a/hunter2\n",
            "\thttps://a/hunter2\r\n\n",
        ] {
            assert_eq!(address(text).as_deref(), Ok("https://a/hunter2"), "{text:?}");
        }
        for between in ["\n", "\r\n", "\r", "\t", " ", "\u{a0}", "\u{2028}"] {
            assert_eq!(
                address(&format!("https://a/hunter2{between}https://b/hunter2")).unwrap_err(),
                "the URL of the test must be one address, with no white space or line break in it, such as \
                 https://example.com",
                "{between:?}"
            );
        }
    }

    #[test]
    fn a_file_without_a_secret_says_so() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let context = SinkContext {
            environment: None,
            selection: &[],
        };
        let setting = SecretSetting {
            key: "url_file",
            variable: "URL",
        };
        for (text, said) in [
            ("", Err("is empty")),
            (" \r\n\n", Err("is empty")),
            ("\u{feff}https://a", Err("begins with a byte order mark")),
            ("\u{feff}", Err("begins with a byte order mark")),
            (" a \n", Ok(" a \n")),
        ] {
            std::fs::write(file.path(), text).unwrap();
            match (context.secret(setting, Some(file.path())), said) {
                (Ok(secret), Ok(wanted)) => assert_eq!(secret.expose_secret(), wanted),
                (Err(error), Err(said)) => {
                    let error = error.to_string();
                    assert!(
                        error.starts_with("the url_file ") && error.contains(said),
                        "{error}"
                    );
                }
                (read, _) => panic!("{text:?}: {read:?}"),
            }
        }
    }
}
