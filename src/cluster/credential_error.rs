//! Why there are no credentials for a cluster.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;

/// Why there are no credentials. Neither they nor the output of a plugin are quoted.
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
    /// The plugin did not start.
    #[error("the kubeconfig's credential plugin cannot be started: {source}{}", advice(.hint.as_deref()))]
    Start {
        /// The error of the operating system.
        source: Arc<io::Error>,
        /// How to install it, as the kubeconfig says.
        hint: Option<String>,
    },
    /// The plugin failed.
    #[error("the kubeconfig's credential plugin failed: {0}")]
    Failed(ExitStatus),
    /// The plugin was lost sight of.
    #[error("the kubeconfig's credential plugin failed: {0}")]
    Lost(Arc<io::Error>),
    /// The plugin prints without end.
    #[error("the kubeconfig's credential plugin printed more than {} KiB and was ended", .0 >> 10)]
    Endless(u64),
    /// The plugin printed something else.
    #[error("the credentials that the kubeconfig's credential plugin printed cannot be used: {0}")]
    Useless(&'static str),
}

/// The end of a sentence about a plugin that is not there.
fn advice(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!("; the kubeconfig says: {hint}"))
}
