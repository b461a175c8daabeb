//! Why there are no credentials for a cluster.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Why there are no credentials. They are not quoted, and of a plugin only what it said on standard error, without secrets.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum CredentialError {
    /// A text cannot be sent.
    #[error("{what} has a line break or another character that no HTTP header can hold")]
    NoHeader {
        /// The text.
        what: String,
    },
    /// There is a token, and nothing in it.
    #[error("{what} is empty")]
    Empty {
        /// The token.
        what: String,
    },
    /// A file cannot be read.
    #[error("the token file {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The kubeconfig has a plugin without a command.
    #[error("the kubeconfig names no command for its credential plugin (exec)")]
    NoCommand,
    /// There is no such program.
    #[error("the kubeconfig's credential plugin {name} is not in PATH{}", advice(.hint.as_deref()))]
    NotInPath {
        /// The plugin.
        name: PluginName,
        /// How to install it, as the kubeconfig says.
        hint: Option<String>,
    },
    /// There is no such file.
    #[error("the kubeconfig's credential plugin {name} does not exist{}", advice(.hint.as_deref()))]
    NoFile {
        /// The plugin.
        name: PluginName,
        /// How to install it, as the kubeconfig says.
        hint: Option<String>,
    },
    /// The plugin did not start.
    #[error("the kubeconfig's credential plugin {name} cannot be started: {source}")]
    Start {
        /// The plugin.
        name: PluginName,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The plugin failed.
    #[error("the kubeconfig's credential plugin {name} failed ({status}){}", said(.words))]
    Failed {
        /// The plugin.
        name: PluginName,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of what it said, without secrets.
        words: String,
    },
    /// The plugin was lost sight of.
    #[error("the kubeconfig's credential plugin {name} failed: {source}")]
    Lost {
        /// The plugin.
        name: PluginName,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The plugin prints without end.
    #[error("the kubeconfig's credential plugin {name} printed more than {} KiB and was ended", .limit >> 10)]
    Endless {
        /// The plugin.
        name: PluginName,
        /// How much it may print.
        limit: u64,
    },
    /// The plugin speaks another version of the protocol.
    #[error(
        "the kubeconfig's credential plugin printed an ExecCredential of {}, and the kubeconfig asks for {}",
        .printed.unwrap_or("an unknown API version"),
        .wanted.as_deref().unwrap_or("client.authentication.k8s.io")
    )]
    Version {
        /// The version, where it is one of the protocol.
        printed: Option<&'static str>,
        /// The version in the kubeconfig.
        wanted: Option<String>,
    },
    /// The credentials are of no use any more.
    #[error(
        "the credentials that the kubeconfig's credential plugin printed expired on {}: log in again, or check the clock",
        .0.format("%Y-%m-%d at %H:%M:%S UTC")
    )]
    Expired(DateTime<Utc>),
    /// The plugin printed something else.
    #[error("the credentials that the kubeconfig's credential plugin printed cannot be used: {0}")]
    Useless(&'static str),
}

impl CredentialError {
    /// A plugin printed something else than credentials.
    pub(super) const fn useless(reason: &'static str) -> Self {
        Self::Useless(reason)
    }
}

/// The longest name of a plugin that is shown.
const MAX_NAME: usize = 200;

/// The command of a plugin as the kubeconfig has it, between quotes.
#[derive(Debug, Clone)]
pub(super) struct PluginName(String);

impl PluginName {
    /// The name; `command` has no secrets any more.
    pub(super) fn new(command: String) -> Self {
        Self(command)
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{:.MAX_NAME$}`", self.0)
    }
}

/// The end of a sentence about a plugin that is not there.
fn advice(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!("; the kubeconfig says: {hint}"))
}

/// The end of a sentence about a plugin that failed.
fn said(words: &str) -> String {
    if words.is_empty() {
        " and said nothing".to_owned()
    } else {
        format!(" and said: {words}")
    }
}
