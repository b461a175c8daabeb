//! The `notify` section of the configuration file: the one list of the kinds of sinks.
//!
//! A new kind of sink is a module of its own with a section, settings and an implementation of [`super::Sink`], and a
//! field and two lines here.

use std::error::Error;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use serde_saphyr::Spanned;

use super::Sinks;
use super::alertmanager::settings::{Alertmanager, AlertmanagerSection};
use super::pagerduty::settings::{PagerDutySection, PagerDutyService};
use super::settings::{HttpSettings, SinkContext, duration};
use super::slack::settings::{SlackSection, SlackWebhook};
use super::webhook::settings::{Webhook, WebhookSection};
use crate::state::{Settle, Telling};

/// The longest time for one receiver, whatever is asked for: no scan lasts longer, and clocks end somewhere.
const LONGEST_BUDGET: Duration = Duration::from_hours(24);

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifySection {
    attempts: Option<u32>,
    #[serde(deserialize_with = "duration")]
    budget: Option<Duration>,
    settle: Option<SettleSetting>,
    #[serde(deserialize_with = "duration")]
    remind: Option<Duration>,
    slack: Option<Spanned<SlackSection>>,
    pagerduty: Option<Spanned<PagerDutySection>>,
    alertmanager: Option<Spanned<AlertmanagerSection>>,
    webhook: Option<Spanned<WebhookSection>>,
}

/// Why a sink's section cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("notify.{section}")]
pub struct SectionError {
    /// The sink's key in the `notify` section.
    section: &'static str,
    /// The line of the section, if the configuration file has one.
    line: Option<u64>,
    /// The mistake, and what would be right.
    source: Box<dyn Error + Send + Sync>,
}

/// How old something is before it is told: a duration, or `2 scans`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SettleSetting(Settle);

impl<'de> Deserialize<'de> for SettleSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let scans = text.strip_suffix("scans").or_else(|| text.strip_suffix("scan"));
        let settle = match scans {
            Some(number) => number.trim().parse().ok().map(Settle::Scans),
            None => humantime::parse_duration(&text).ok().map(Settle::Age),
        };
        settle.map(Self).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is neither a duration such as 10m nor a number of scans such as `2 scans`"
            ))
        })
    }
}

impl NotifySection {
    /// When receivers are told.
    pub fn telling(&self) -> Telling {
        let by_default = Telling::default();
        Telling {
            settle: self.settle.map_or(by_default.settle, |settle| settle.0),
            remind: self.remind.unwrap_or(by_default.remind),
        }
    }

    /// The sinks that the section or the environment names.
    pub fn resolve(self, context: &SinkContext<'_>) -> Result<Sinks, SectionError> {
        let (slack, line) = parts(self.slack);
        let slack = SlackWebhook::from_section(slack, context).map_err(in_section("slack", line))?;
        let (pagerduty, line) = parts(self.pagerduty);
        let pagerduty =
            PagerDutyService::from_section(pagerduty, context).map_err(in_section("pagerduty", line))?;
        let (alertmanager, line) = parts(self.alertmanager);
        let alertmanager =
            Alertmanager::from_section(alertmanager, context).map_err(in_section("alertmanager", line))?;
        let (webhook, line) = parts(self.webhook);
        let webhook = Webhook::from_section(webhook, context).map_err(in_section("webhook", line))?;
        let mut http = HttpSettings::default();
        http.attempts = self.attempts.unwrap_or(http.attempts).max(1);
        http.budget = self.budget.unwrap_or(http.budget).min(LONGEST_BUDGET);
        let sinks = Sinks::new(http).with_all(slack).with_all(pagerduty);
        Ok(sinks.with_all(alertmanager).with_all(webhook))
    }
}

impl SectionError {
    /// The line of the section, if the configuration file has one.
    pub const fn line(&self) -> Option<u64> {
        self.line
    }
}

/// A section and its line.
fn parts<S>(section: Option<Spanned<S>>) -> (Option<S>, Option<u64>) {
    section.map_or((None, None), |section| {
        (Some(section.value), Some(section.referenced.line()))
    })
}

fn in_section<E: Error + Send + Sync + 'static>(
    section: &'static str,
    line: Option<u64>,
) -> impl FnOnce(E) -> SectionError {
    move |source| SectionError {
        section,
        line,
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    /// The sinks of a section, or the whole sentence that says why there are none.
    fn resolve(text: &str, variables: &[(&str, &str)]) -> Result<Sinks, String> {
        let section: NotifySection = serde_saphyr::from_str(text).unwrap();
        let environment = |name: &str| {
            let variable = variables.iter().find(|(known, _)| *known == name);
            variable.map(|(_, value)| (*value).to_owned())
        };
        let context = SinkContext {
            environment: &environment,
            selection: &[],
        };
        section.resolve(&context).map_err(|error| {
            let source = error.source().map(ToString::to_string);
            format!("{error}: {}", source.unwrap_or_default())
        })
    }

    #[test]
    fn secrets_come_from_the_environment_or_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "https://hooks.slack.com/services/T0/B0/secret\n").unwrap();
        let section = format!("slack: {{url_file: {}}}", file.path().display());
        assert!(!resolve(&section, &[]).unwrap().is_empty());
        let from_environment = resolve("{}", &[("DRIFTLINE_PAGERDUTY_ROUTING_KEY", KEY)]);
        assert!(!from_environment.unwrap().is_empty());
        assert!(resolve("{}", &[]).unwrap().is_empty());
    }

    #[test]
    fn a_sink_without_its_secret_says_where_to_put_it() {
        for (section, sentence) in [
            (
                "pagerduty: {}",
                "notify.pagerduty: set `routing_key_file` to the file that holds the secret, or \
                 DRIFTLINE_PAGERDUTY_ROUTING_KEY in the environment",
            ),
            (
                "slack: {}",
                "notify.slack: set `url_file` to the file that holds the secret, or DRIFTLINE_SLACK_URL in the \
                 environment",
            ),
            (
                "slack: {url_file: /does/not/exist}",
                "notify.slack: the url_file /does/not/exist cannot be read",
            ),
        ] {
            assert_eq!(resolve(section, &[]).err().as_deref(), Some(sentence));
        }
    }

    #[test]
    fn plain_http_has_to_be_allowed() {
        let url = [("DRIFTLINE_SLACK_URL", "http://127.0.0.1:9/hooks/hunter2")];
        let error = resolve("{}", &url).err().unwrap();
        assert!(
            error
                .starts_with("notify.slack: the Slack webhook URL must use https; `allow_http: true` allows"),
            "{error}"
        );
        resolve("slack: {allow_http: true}", &url).unwrap();
    }
}
