//! The bot that a token and a channel describe.

use std::fmt;
use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::notify::authorization::bearer;
use crate::notify::settings::{Endpoint, EndpointError, EndpointKind, Transport};
use crate::notify::when::SendWhen;

/// Slack's Web API.
pub const SLACK_API: &str = "https://slack.com/api/";

const ENDPOINT: EndpointKind = EndpointKind {
    name: "Slack API URL",
    example: SLACK_API,
};

/// How the tokens of bots begin: for good, and where an app rotates them.
const BOT_TOKENS: [&str; 2] = ["xoxb-", "xoxe.xoxb-"];

/// Slack takes one message a second for a channel.
const PACE: Duration = Duration::from_secs(1);

/// The longest channel. Slack's names have at most 80 characters.
const LONGEST_CHANNEL: usize = 81;

/// The shortest and the longest ID of a channel.
const ID_LENGTH: std::ops::RangeInclusive<usize> = 6..=30;

/// Why a bot cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BotSettingsError {
    /// The token is of another kind.
    #[error(
        "the Slack token is not that of a bot, which begins with xoxb-: an app shows it under `OAuth & Permissions` once it is \
         installed"
    )]
    NotABotToken,
    /// The token has a character that no header may have.
    #[error("the Slack token has a character that cannot be sent")]
    TokenCharacters,
    /// The channel cannot be one.
    #[error(
        "the Slack `channel` is an ID such as C0123ABCD, which the channel's details show, or a name without blanks"
    )]
    Channel,
    /// The address is not that of any receiver.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// A channel as the settings have it: an ID, or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel(String);

impl Channel {
    /// Checks an ID or a name.
    pub fn try_new(text: &str) -> Result<Self, BotSettingsError> {
        let text = text.trim();
        let name = text.strip_prefix('#').unwrap_or(text);
        let is_usable = |ch: char| ch.is_alphanumeric() || ch == '-' || ch == '_';
        if name.is_empty() || text.chars().count() > LONGEST_CHANNEL || !name.chars().all(is_usable) {
            return Err(BotSettingsError::Channel);
        }
        Ok(Self(text.to_owned()))
    }

    /// The channel as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an ID can be that of this channel: of a name only Slack knows.
    pub(super) fn can_be(&self, id: &str) -> bool {
        is_channel_id(id) && (!is_channel_id(&self.0) || self.0 == id)
    }
}

/// Whether a text is the ID of a channel, a private channel or a direct message.
fn is_channel_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    ID_LENGTH.contains(&text.len()) && text.starts_with(['C', 'G', 'D']) && text.bytes().all(is_plain)
}

/// A bot that posts to a channel of Slack.
#[derive(Clone)]
pub struct SlackBot {
    /// The name of this sink in results.
    pub name: String,
    /// Where the methods of the API are.
    pub(super) api: Endpoint,
    /// The `Authorization` header.
    pub(super) authorization: HeaderValue,
    /// Where to post.
    pub channel: Channel,
    /// When to post.
    pub when: SendWhen,
    /// The pause between two calls.
    pub pace: Duration,
}

impl SlackBot {
    /// Checks token and channel. White space around them, as files have it, is ignored.
    pub fn try_new(token: &SecretString, channel: &str) -> Result<Self, BotSettingsError> {
        let token = token.expose_secret().trim();
        if !BOT_TOKENS.iter().any(|begin| token.starts_with(begin)) {
            return Err(BotSettingsError::NotABotToken);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BotSettingsError::TokenCharacters);
        }
        let authorization = bearer(token).map_err(|_| BotSettingsError::TokenCharacters)?;
        let (api, _) = Endpoint::try_base(ENDPOINT, SLACK_API, Transport::HttpsOnly)?;
        Ok(Self {
            name: "slack".to_owned(),
            api,
            authorization,
            channel: Channel::try_new(channel)?,
            when: SendWhen::default(),
            pace: PACE,
        })
    }

    /// The same bot where the API is at another address, such as `https://slack-gov.com/api/`.
    pub fn with_api(mut self, url: &str, transport: Transport) -> Result<Self, BotSettingsError> {
        let (api, _) = Endpoint::try_base(ENDPOINT, url, transport)?;
        self.api = api;
        Ok(self)
    }
}

impl fmt::Debug for SlackBot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackBot")
            .field("name", &self.name)
            .field("api", &self.api)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bot(token: &str, channel: &str) -> Result<SlackBot, BotSettingsError> {
        SlackBot::try_new(&SecretString::from(token), channel)
    }

    #[test]
    fn only_tokens_of_bots_are_taken_and_none_is_quoted() {
        for token in [" xoxb-1-hunter2\n", "xoxe.xoxb-1-hunter2"] {
            let bot = bot(token, "C0123ABCD").unwrap();
            assert!(!format!("{bot:?}").contains("hunter2"), "{bot:?}");
            assert_eq!(bot.api.host(), "slack.com");
        }
        for (token, want) in [
            ("xoxp-1-hunter2", "not that of a bot"),
            ("xapp-1-hunter2", "not that of a bot"),
            ("hunter2", "not that of a bot"),
            ("", "not that of a bot"),
            ("xoxb-hun\nter2", "cannot be sent"),
            ("xoxb-hunter2 ü", "cannot be sent"),
        ] {
            let error = bot(token, "ops").unwrap_err().to_string();
            assert!(error.contains(want), "{token}: {error}");
            assert!(!error.contains("ter2"), "{error}");
        }
    }

    #[test]
    fn a_channel_is_an_id_or_a_name() {
        for channel in ["C0123ABCD", "#ops", "ops-alerts_2", " betrieb-für-alle "] {
            bot("xoxb-1", channel).unwrap();
        }
        for channel in ["", "#", "two words", "@somebody", "<#C0123ABCD>", &"x".repeat(90)] {
            assert_eq!(
                bot("xoxb-1", channel).unwrap_err(),
                BotSettingsError::Channel,
                "{channel}"
            );
        }
        let id = Channel::try_new("C0123ABCD").unwrap();
        assert!(id.can_be("C0123ABCD") && !id.can_be("C0123ABCE"));
        let name = Channel::try_new("ops").unwrap();
        assert!(name.can_be("C0123ABCE") && !name.can_be("U0123ABCE") && !name.can_be("C0123<!x>"));
    }
}
