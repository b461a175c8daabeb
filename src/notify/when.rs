//! When a scan is worth a message, for receivers that show each one to people.

use std::fmt::Display;

use serde::Deserialize;

use super::digest::Level;
use super::{Delivery, DeliveryStatus, Notice};
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

/// Sends the only message of a sink, if a report calls for one.
pub(super) async fn send_if_worth<E: Display>(
    sink: &str,
    notice: &Notice<'_>,
    when: SendWhen,
    send: impl Future<Output = Result<(), E>>,
) -> Delivery {
    let status = if is_worth_sending(notice, when) {
        match send.await {
            Ok(()) => DeliveryStatus::Delivered { note: None },
            Err(error) => DeliveryStatus::Undelivered {
                reason: error.to_string(),
            },
        }
    } else {
        DeliveryStatus::NothingToSend
    };
    Delivery {
        sink: sink.to_owned(),
        status,
        keeps: None,
    }
}
