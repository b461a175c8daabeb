//! When a scan is worth a message, for receivers that show each one to people.

use serde::Deserialize;

use super::Notice;
use super::digest::Level;
use crate::state::Occasion;

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
        SendWhen::Drift => match notice.occasion {
            Occasion::Scan => notice.digest.level > Level::Clean,
            // That all is well again, too.
            Occasion::Changed | Occasion::Reminder => true,
            Occasion::Unchanged => false,
        },
    }
}
