//! Where a message of the bot stands, as Slack answered when it was posted.

use serde::{Deserialize, Serialize};

use super::settings::Channel;

/// The longest time of a message: `1503435956.000247` has 17 characters.
const LONGEST_TIME: usize = 30;

/// A channel and the time of a message in it, which is the message's name there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MessagePlace {
    /// The ID of the channel. `chat.update` takes no names.
    pub(super) channel: String,
    /// Seconds, a point, and six more digits.
    pub(super) ts: String,
}

impl MessagePlace {
    /// A place, if it can be one in this channel.
    pub(super) fn checked(self, channel: &Channel) -> Option<Self> {
        (channel.can_be(&self.channel) && is_time(&self.ts)).then_some(self)
    }
}

fn is_time(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= LONGEST_TIME
        && text
            .split_once('.')
            .is_some_and(|(seconds, rest)| is_number(seconds) && is_number(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_slack_calls_a_message_is_a_place() {
        let place = |channel: &str, ts: &str| {
            let place = MessagePlace {
                channel: channel.to_owned(),
                ts: ts.to_owned(),
            };
            place.checked(&Channel::try_new("ops").unwrap()).is_some()
        };
        assert!(place("C0123ABCD", "1503435956.000247"));
        for ts in [
            "",
            ".",
            "1503435956",
            "1.2.3",
            "1503435956.",
            "-1.0",
            "1.0\n",
            "١.٢",
        ] {
            assert!(!place("C0123ABCD", ts), "{ts}");
        }
        assert!(!place("C0123ABCD", &"1".repeat(40).replacen("11", "1.", 1)));
        assert!(!place("ops", "1503435956.000247"));
    }
}
