//! The `notify.slack` section of the configuration file, and the webhook or the bot that it describes.

use std::path::PathBuf;

use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use super::bot::settings::{BotSettingsError, SlackBot};
use crate::notify::guarded::SecretSection;
use crate::notify::settings::{
    Endpoint, EndpointError, EndpointKind, SecretError, SecretSetting, SinkContext, Transport,
};
use crate::notify::when::SendWhen;

/// Hosts of Slack itself; everything else that takes Slack's messages is a compatible server.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// The webhook's address, with which anybody can post to the channel.
const URL: SecretSetting = SecretSetting {
    key: "url_file",
    variable: "DRIFTLINE_SLACK_URL",
};

/// The token of a bot, with which anybody can post wherever the bot may.
const TOKEN: SecretSetting = SecretSetting {
    key: "token_file",
    variable: "DRIFTLINE_SLACK_TOKEN",
};

const ENDPOINT: EndpointKind = EndpointKind {
    name: "Slack webhook URL",
    example: "https://hooks.slack.com/services/T…/B…/…",
};

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlackSection {
    url_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    channel: Option<String>,
    api_url: Option<String>,
    format: Option<SlackFormat>,
    when: SendWhen,
    #[serde(rename = "allow_http")]
    transport: Transport,
}

impl SecretSection for SlackSection {
    const SECRETS: &'static [SecretSetting] = &[URL, TOKEN];
}

/// How a message is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlackFormat {
    /// Block Kit: Slack itself. Nothing in it is parsed as markup.
    Blocks,
    /// One coloured attachment: Mattermost, Rocket.Chat, Discord's `/slack` addresses.
    Attachments,
    /// Only text, for servers that take nothing else.
    Text,
}

/// Why the section cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SlackSettingsError {
    /// There is neither a webhook nor a bot.
    #[error(
        "set `url_file` to the file that holds the URL of an incoming webhook, or, for a bot, `channel` and `token_file`"
    )]
    Neither,
    /// There are a webhook and a bot.
    #[error(
        "an incoming webhook (`url_file` or DRIFTLINE_SLACK_URL) and the token of a bot (`token_file` or DRIFTLINE_SLACK_TOKEN) are \
         both set: keep one, and give the other a name under `sinks`"
    )]
    Both,
    /// There is a channel, and nobody to post to it.
    #[error("`channel` needs the token of a bot: set `token_file` to the file that holds it")]
    NoToken,
    /// There is a bot that does not know where to post.
    #[error("the token of a bot needs a `channel` to post to, such as C0123ABCD")]
    NoChannel,
    /// A key is of no use with a webhook.
    #[error(
        "`{0}` is for the token of a bot: an incoming webhook posts to the channel for which it was made"
    )]
    OnlyForBots(&'static str),
    /// A key is of no use with a bot.
    #[error("`format` is for incoming webhooks: a bot always sends blocks")]
    OnlyForWebhooks,
    /// The bot cannot be used.
    #[error(transparent)]
    Bot(#[from] BotSettingsError),
    /// The secret is nowhere to be found.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The address is not that of any receiver.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The address starts a Slack workflow.
    #[error(
        "the Slack URL is a workflow trigger, which takes variables and not messages; \
         create an incoming webhook instead (its URL begins with https://hooks.slack.com/services/)"
    )]
    WorkflowTrigger,
    /// The address is Slack's and not that of an incoming webhook.
    #[error(
        "the Slack URL is not that of an incoming webhook, which begins with https://hooks.slack.com/services/"
    )]
    NotAWebhook,
}

/// What a section describes.
#[derive(Debug, Clone)]
pub enum SlackReceiver {
    /// An incoming webhook.
    Webhook(SlackWebhook),
    /// A bot with a token.
    Bot(SlackBot),
}

impl SlackReceiver {
    /// The receiver of the configuration file or the environment, if there is one.
    pub(crate) fn from_section(
        section: Option<SlackSection>,
        context: &SinkContext<'_>,
    ) -> Result<Option<Self>, SlackSettingsError> {
        let section = context.section_or_default(section, URL);
        let Some(section) = context.section_or_default(section, TOKEN) else {
            return Ok(None);
        };
        let is_set = |secret: SecretSetting| context.variable(secret.variable).is_some();
        let has_url = section.url_file.is_some() || is_set(URL);
        let has_token = section.token_file.is_some() || is_set(TOKEN);
        let receiver = match (has_url, has_token) {
            (true, false) => Self::Webhook(section.webhook(context)?),
            (false, true) => Self::Bot(section.bot(context)?),
            (true, true) => return Err(SlackSettingsError::Both),
            (false, false) if section.channel.is_some() => return Err(SlackSettingsError::NoToken),
            (false, false) => return Err(SlackSettingsError::Neither),
        };
        Ok(Some(receiver))
    }
}

impl SlackSection {
    fn webhook(self, context: &SinkContext<'_>) -> Result<SlackWebhook, SlackSettingsError> {
        let only_for_bots = [("channel", &self.channel), ("api_url", &self.api_url)];
        if let Some((key, _)) = only_for_bots.into_iter().find(|(_, value)| value.is_some()) {
            return Err(SlackSettingsError::OnlyForBots(key));
        }
        let url = context.secret(URL, self.url_file.as_deref())?;
        let mut webhook = SlackWebhook::try_new(&url, self.transport)?;
        webhook.format = self.format.unwrap_or(webhook.format);
        webhook.when = self.when;
        Ok(webhook)
    }

    fn bot(self, context: &SinkContext<'_>) -> Result<SlackBot, SlackSettingsError> {
        if self.format.is_some() {
            return Err(SlackSettingsError::OnlyForWebhooks);
        }
        let channel = self.channel.ok_or(SlackSettingsError::NoChannel)?;
        let token = context.secret(TOKEN, self.token_file.as_deref())?;
        let mut bot = SlackBot::try_new(&token, &channel)?;
        if let Some(url) = &self.api_url {
            bot = bot.with_api(url, self.transport)?;
        }
        bot.when = self.when;
        Ok(bot)
    }
}

/// A Slack incoming webhook, or one of a compatible server.
#[derive(Debug, Clone)]
pub struct SlackWebhook {
    /// The name of this sink in results.
    pub name: String,
    /// Where to post.
    pub endpoint: Endpoint,
    /// How the message is laid out.
    pub format: SlackFormat,
    /// When to post.
    pub when: SendWhen,
}

impl SlackWebhook {
    /// Checks the webhook's address and chooses what suits it: blocks for Slack itself, attachments for others;
    /// silence after a clean scan. White space around the address, as files have it, is ignored.
    pub fn try_new(url: &SecretString, transport: Transport) -> Result<Self, SlackSettingsError> {
        let (endpoint, url) = Endpoint::try_new(ENDPOINT, url, transport)?;
        Ok(Self {
            name: "slack".to_owned(),
            endpoint,
            format: default_format(&url)?,
            when: SendWhen::default(),
        })
    }
}

fn default_format(url: &Url) -> Result<SlackFormat, SlackSettingsError> {
    if !url.host_str().is_some_and(|host| SLACK_HOSTS.contains(&host)) {
        return Ok(SlackFormat::Attachments);
    }
    let path = url.path();
    if path.starts_with("/triggers/") || path.starts_with("/workflows/") {
        return Err(SlackSettingsError::WorkflowTrigger);
    }
    if !path.starts_with("/services/") {
        return Err(SlackSettingsError::NotAWebhook);
    }
    Ok(SlackFormat::Blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(url: &str, transport: Transport) -> Result<SlackWebhook, SlackSettingsError> {
        SlackWebhook::try_new(&SecretString::from(url), transport)
    }

    #[test]
    fn slack_itself_gets_blocks_and_others_attachments() {
        let slack_itself = webhook(
            " https://hooks.slack.com/services/T0/B0/secret\n",
            Transport::HttpsOnly,
        )
        .unwrap();
        assert_eq!(slack_itself.format, SlackFormat::Blocks);
        assert_eq!(slack_itself.endpoint.host(), "hooks.slack.com");
        let other = webhook("https://chat.example.org:8443/hooks/secret", Transport::HttpsOnly).unwrap();
        assert_eq!(other.format, SlackFormat::Attachments);
        assert_eq!(other.endpoint.host(), "chat.example.org:8443");
        webhook("http://127.0.0.1:9/hooks/secret", Transport::AllowHttp).unwrap();
    }

    #[test]
    fn wrong_addresses_are_refused_and_never_quoted() {
        let cases = [
            ("http://chat.example.org/hooks/hunter2", "must use https"),
            ("ftp://chat.example.org/hooks/hunter2", "must begin with https://"),
            ("hunter2", "is not a valid URL"),
            ("", "is not a valid URL"),
            ("https://:0hunter2/hooks", "is not a valid URL"),
            ("https://hooks.slack.com/triggers/hunter2", "workflow trigger"),
            ("https://hooks.slack.com/workflows/hunter2", "workflow trigger"),
            (
                "https://hooks.slack.com/hunter2",
                "not that of an incoming webhook",
            ),
        ];
        for (given, want) in cases {
            let error = webhook(given, Transport::HttpsOnly).unwrap_err().to_string();
            assert!(error.contains(want), "{given}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn debug_output_keeps_the_address() {
        let webhook = webhook(
            "https://hooks.slack.com/services/T0/B0/hunter2",
            Transport::HttpsOnly,
        )
        .unwrap();
        assert!(!format!("{webhook:?}").contains("hunter2"));
    }
}
