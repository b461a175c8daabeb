//! When a scan is worth a message, for receivers that show each one to people.

use serde::Deserialize;

use super::Notice;
use super::digest::Level;

/// When a scan is worth a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SendWhen {
    /// Whenever there is something to look at: drift, a release in a critical state, anything that could not be
    /// read, a scan that failed or was stopped.
    #[default]
    Drift,
    /// After every scan.
    Always,
}

/// Whether a report calls for a message.
pub fn is_worth_sending(notice: &Notice<'_>, when: SendWhen) -> bool {
    match when {
        SendWhen::Always => true,
        SendWhen::Drift => notice.digest.level > Level::Clean && notice.occasion.is_worth_a_message(),
    }
}
