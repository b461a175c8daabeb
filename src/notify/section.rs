//! The `notify` section of the configuration file: the one list of the kinds of sinks.
//!
//! A new kind of sink is a module of its own with a section, settings and an implementation of [`super::Sink`], and a
//! field and two lines here.

use std::error::Error;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use serde_saphyr::Spanned;

use super::Sinks;
use super::alertmanager::settings::{Alertmanager, AlertmanagerSection};
use super::guarded::Guarded;
use super::links::{LinkTemplate, MOST};
use super::pagerduty::settings::{PagerDutySection, PagerDutyService};
use super::routes::{DEFAULT, Route, Routes};
use super::settings::{HttpSettings, SinkContext, duration};
use super::slack::settings::{SlackReceiver, SlackSection};
use super::webhook::settings::{Webhook, WebhookSection};
use crate::state::{Settle, Telling};
use crate::vocabulary::FindingCode;

/// The longest time for one receiver, whatever is asked for: no scan lasts longer, and clocks end somewhere.
const LONGEST_BUDGET: Duration = Duration::from_hours(24);

/// How often a message may be tried.
const ATTEMPTS: RangeInclusive<i64> = 1..=1000;

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifySection {
    #[serde(deserialize_with = "attempts")]
    attempts: Option<u32>,
    #[serde(deserialize_with = "budget")]
    budget: Option<Duration>,
    settle: Option<SettleSetting>,
    #[serde(deserialize_with = "remind")]
    remind: Option<Duration>,
    slack: Option<Spanned<Guarded<SlackSection>>>,
    pagerduty: Option<Spanned<Guarded<PagerDutySection>>>,
    alertmanager: Option<Spanned<Guarded<AlertmanagerSection>>>,
    webhook: Option<Spanned<Guarded<WebhookSection>>>,
    sinks: Vec<Spanned<NamedSection>>,
    routes: Option<Spanned<Vec<Route>>>,
    default: Option<Spanned<Vec<String>>>,
    #[serde(deserialize_with = "links")]
    links: Vec<LinkTemplate>,
}

/// How often a message is tried.
fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<i64>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match u32::try_from(number) {
        Ok(in_range) if ATTEMPTS.contains(&number) => Ok(Some(in_range)),
        Ok(_) | Err(_) => Err(de::Error::custom(format!("{number} is not in {ATTEMPTS:?}"))),
    }
}

/// How long one receiver may take.
fn budget<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    match duration(deserializer)? {
        Some(Duration::ZERO) => Err(de::Error::custom(
            "nothing is delivered in no time: give a longer one, such as 90s",
        )),
        budget => Ok(budget),
    }
}

/// How often receivers are reminded.
fn remind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    match duration(deserializer)? {
        Some(Duration::ZERO) => Err(de::Error::custom(
            "every scan would be a reminder: give a longer time, such as 24h, or a very long one, such as 10years, for none",
        )),
        remind => Ok(remind),
    }
}

/// The links, of which a message has room for a few.
fn links<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LinkTemplate>, D::Error> {
    let links = Vec::<LinkTemplate>::deserialize(deserializer)?;
    if links.len() > MOST {
        return Err(de::Error::custom(format!(
            "there are {} links, and a message has at most {MOST}",
            links.len()
        )));
    }
    Ok(links)
}

/// A further receiver, with a name of its own and the settings of one kind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NamedSection {
    name: String,
    slack: Option<Spanned<Guarded<SlackSection>>>,
    pagerduty: Option<Spanned<Guarded<PagerDutySection>>>,
    alertmanager: Option<Spanned<Guarded<AlertmanagerSection>>>,
    webhook: Option<Spanned<Guarded<WebhookSection>>>,
}

/// Why a named receiver cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum NamedSectionError {
    /// The name cannot be used.
    #[error(
        "the receiver {0} needs a `name` of lower-case letters, digits and `-`, with at most 40 characters"
    )]
    Name(usize),
    /// Two receivers have one name.
    #[error("`{0}` is the name of two receivers: give each its own")]
    Twice(String),
    /// It is of no kind, or of several.
    #[error("the receiver `{0}` needs exactly one of: slack, pagerduty, alertmanager, webhook")]
    Kind(String),
}

/// The longest name of a receiver.
const LONGEST_NAME: usize = 40;

/// Why a sink's section cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("notify.{section}{}", .receiver.as_ref().map_or_else(String::new, |name| format!(", receiver `{name}`")))]
pub struct SectionError {
    /// The sink's key in the `notify` section.
    section: &'static str,
    /// The receiver, if it has a name.
    receiver: Option<String>,
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

    /// Checks that somebody can be told because of each code that a route asks for, where `is_drift` says which findings count
    /// as drift.
    pub fn check_codes(&self, is_drift: impl Fn(FindingCode) -> bool) -> Result<(), SectionError> {
        let Some(section) = &self.routes else {
            return Ok(());
        };
        let routes = Routes {
            routes: section.value.clone(),
            default: None,
        };
        routes
            .check_codes(is_drift)
            .map_err(|error| in_section(error.key(), Some(section.referenced.line()))(error))
    }

    /// The keys that have no effect where no scan is remembered.
    pub fn keys_of_memory(&self) -> impl Iterator<Item = &'static str> + use<> {
        let tells_at_once = Settle::Age(Duration::ZERO);
        let settle = self.settle.filter(|settle| settle.0 != tells_at_once);
        let settle = settle.map(|_| "settle");
        let remind = self.remind.is_some().then_some("remind");
        settle.into_iter().chain(remind)
    }

    /// The sinks that the section or the environment names.
    pub fn resolve(self, context: &SinkContext<'_>) -> Result<Sinks, SectionError> {
        let mut http = HttpSettings::default();
        http.attempts = self.attempts.unwrap_or(http.attempts);
        http.budget = self.budget.unwrap_or(http.budget).min(LONGEST_BUDGET);
        let unnamed = NamedSection {
            name: String::new(),
            slack: self.slack,
            pagerduty: self.pagerduty,
            alertmanager: self.alertmanager,
            webhook: self.webhook,
        };
        let mut sinks = unnamed.add(Sinks::new(http), context)?;
        // The variables of the environment are those of the receivers without a name.
        let without_variables = SinkContext {
            environment: None,
            ..*context
        };
        for (number, section) in self.sinks.into_iter().enumerate() {
            let line = section.referenced.line();
            let section = section.value;
            let in_sinks = |error: NamedSectionError| in_section("sinks", Some(line))(error);
            let name = section.checked_name(number + 1).map_err(in_sinks)?;
            if sinks.names().contains(name.as_str()) {
                return Err(in_sinks(NamedSectionError::Twice(name)));
            }
            let added = section.add(sinks, &without_variables);
            sinks = added.map_err(|error| SectionError {
                section: "sinks",
                receiver: Some(name),
                ..error
            })?;
        }
        let (routes, line_of_routes) = parts(self.routes);
        let (default, line_of_default) = parts(self.default);
        let routes = Routes {
            routes: routes.unwrap_or_default(),
            default,
        };
        routes.check(&sinks.names()).map_err(|error| {
            let key = error.key();
            let line = if key == DEFAULT {
                line_of_default
            } else {
                line_of_routes
            };
            in_section(key, line)(error)
        })?;
        Ok(sinks.with_routes(routes).with_links(self.links))
    }
}

impl NamedSection {
    /// The name, if it can be used and the section is of one kind.
    fn checked_name(&self, number: usize) -> Result<String, NamedSectionError> {
        let is_plain = |ch: char| ch.is_ascii_lowercase() || ch.is_ascii_digit() || ch == '-';
        let name = &self.name;
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain) {
            return Err(NamedSectionError::Name(number));
        }
        let kinds = [
            self.slack.is_some(),
            self.pagerduty.is_some(),
            self.alertmanager.is_some(),
            self.webhook.is_some(),
        ];
        match kinds.into_iter().filter(|is_set| *is_set).count() {
            1 => Ok(name.clone()),
            _ => Err(NamedSectionError::Kind(name.clone())),
        }
    }

    /// Adds the sinks of the section, under its name if it has one.
    fn add(self, sinks: Sinks, context: &SinkContext<'_>) -> Result<Sinks, SectionError> {
        let name = &self.name;
        let (slack, line) = guarded_parts(self.slack);
        let slack = SlackReceiver::from_section(slack, context).map_err(in_section("slack", line))?;
        let sinks = match slack {
            Some(SlackReceiver::Webhook(webhook)) => sinks.with_named(name, [webhook]),
            Some(SlackReceiver::Bot(bot)) => sinks.with_named(name, [bot]),
            None => sinks,
        };
        let (pagerduty, line) = guarded_parts(self.pagerduty);
        let pagerduty =
            PagerDutyService::from_section(pagerduty, context).map_err(in_section("pagerduty", line))?;
        let (alertmanager, line) = guarded_parts(self.alertmanager);
        let alertmanager =
            Alertmanager::from_section(alertmanager, context).map_err(in_section("alertmanager", line))?;
        let (webhook, line) = guarded_parts(self.webhook);
        let webhook = Webhook::from_section(webhook, context).map_err(in_section("webhook", line))?;
        let sinks = sinks.with_named(name, pagerduty).with_named(name, alertmanager);
        Ok(sinks.with_named(name, webhook))
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

/// A sink's section and its line.
fn guarded_parts<S>(section: Option<Spanned<Guarded<S>>>) -> (Option<S>, Option<u64>) {
    let (section, line) = parts(section);
    (section.map(|Guarded(section)| section), line)
}

fn in_section<E: Error + Send + Sync + 'static>(
    section: &'static str,
    line: Option<u64>,
) -> impl FnOnce(E) -> SectionError {
    move |source| SectionError {
        section,
        receiver: None,
        line,
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            environment: Some(&environment),
            selection: &[],
        };
        section.resolve(&context).map_err(|error| {
            let source = error.source().map(ToString::to_string);
            format!("{error}: {}", source.unwrap_or_default())
        })
    }

    /// The variables of the environment are those of the receivers without a name.
    #[test]
    fn a_receiver_with_a_name_is_told_of_no_variable() {
        let url = [("DRIFTLINE_SLACK_URL", "https://hooks.slack.com/services/T0/B0/x")];
        for (kind, key) in [
            ("slack: {}", "url_file"),
            ("pagerduty: {}", "routing_key_file"),
            ("webhook: {}", "url_file"),
            ("slack: {channel: C0123ABCD}", "token_file"),
            (
                "alertmanager: {urls: ['https://am.example.com'], username: me}",
                "password_file",
            ),
        ] {
            let text = format!("sinks: [{{name: a, {kind}}}]");
            let error = resolve(&text, &url).map(|_| ()).unwrap_err();
            assert!(error.starts_with("notify.sinks, receiver `a`: "), "{error}");
            assert!(error.contains(key) && !error.contains("environment"), "{error}");
        }
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
                "notify.slack: set `url_file` to the file that holds the URL of an incoming webhook, or, \
                 for a bot, `channel` and `token_file`",
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
    fn slack_is_a_webhook_or_a_bot_and_never_both() {
        let url = (
            "DRIFTLINE_SLACK_URL",
            "https://hooks.slack.com/services/T/B/hunter2",
        );
        let token = ("DRIFTLINE_SLACK_TOKEN", "xoxb-hunter2");
        for (section, variables) in [
            ("{}", &[url][..]),
            ("slack: {channel: C0123ABCD}", &[token]),
            (
                "slack: {channel: '#ops', api_url: 'https://slack-gov.com/api/'}",
                &[token],
            ),
        ] {
            assert_eq!(
                resolve(section, variables).unwrap().names(),
                BTreeSet::from(["slack"]),
                "{section}"
            );
        }
        for (section, variables, said) in [
            (
                "slack: {url_file: a, token_file: b}",
                &[][..],
                "are both set: keep one",
            ),
            (
                "slack: {channel: C0123ABCD}",
                &[url, token],
                "are both set: keep one",
            ),
            ("{}", &[token], "needs a `channel` to post to"),
            (
                "slack: {channel: C0123ABCD}",
                &[],
                "`channel` needs the token of a bot",
            ),
            (
                "slack: {channel: C0123ABCD}",
                &[url],
                "`channel` is for the token of a bot",
            ),
            (
                "slack: {api_url: 'https://slack.com/api/'}",
                &[url],
                "`api_url` is for the token of a bot",
            ),
            (
                "slack: {channel: ops, format: text}",
                &[token],
                "`format` is for incoming webhooks",
            ),
            (
                "slack: {channel: 'the ops'}",
                &[token],
                "is an ID such as C0123ABCD",
            ),
            (
                "slack: {channel: ops, api_url: 'http://127.0.0.1:9/'}",
                &[token],
                "must use https",
            ),
            (
                "slack: {channel: ops}",
                &[("DRIFTLINE_SLACK_TOKEN", "hunter2")],
                "is not that of a bot, which begins with xoxb-",
            ),
        ] {
            let error = resolve(section, variables).err().unwrap();
            assert!(
                error.starts_with("notify.slack: ") && error.contains(said),
                "{section}: {error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn further_receivers_have_names_and_routes_know_them() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "https://hooks.slack.com/services/T/B/X").unwrap();
        let slack = format!("slack: {{url_file: '{}'}}", file.path().display());
        let of_team = |name: &str| format!("{{name: '{name}', {slack}}}");
        let teams = format!("{slack}\nsinks: [{}, {}]\n", of_team("team-a"), of_team("team-b"));
        let sinks = resolve(
            &format!("{teams}routes: [{{to: [team-a]}}]\ndefault: [slack]"),
            &[],
        )
        .unwrap();
        assert_eq!(
            sinks.names().into_iter().collect::<Vec<_>>(),
            ["slack", "team-a", "team-b"]
        );
        for (section, said) in [
            (
                format!("sinks: [{}, {}]", of_team("a"), of_team("a")),
                "notify.sinks: `a` is the name of two receivers",
            ),
            (
                format!("{slack}\nsinks: [{}]", of_team("slack")),
                "notify.sinks: `slack` is the name of two receivers",
            ),
            (
                format!("sinks: [{}]", of_team("Team A")),
                "notify.sinks: the receiver 1 needs a `name`",
            ),
            (
                "sinks: [{name: a}]".to_owned(),
                "notify.sinks: the receiver `a` needs exactly one of",
            ),
            (
                format!("{teams}routes: [{{to: [team-c]}}]"),
                "notify.routes: `team-c` is no receiver",
            ),
            (
                format!("{teams}default: [team-c]"),
                "notify.default: `team-c` is no receiver",
            ),
        ] {
            let error = resolve(&section, &[]).err().unwrap();
            assert!(error.starts_with(said), "{section}: {error}");
        }
    }

    #[test]
    fn a_secret_in_the_settings_is_told_where_it_belongs() {
        let error = |section: &str| {
            let error = serde_saphyr::from_str::<NotifySection>(section).unwrap_err();
            error.without_snippet().to_string()
        };
        for (section, files, variables) in [
            ("slack: {url: hunter2}", "`url_file`", "DRIFTLINE_SLACK_URL"),
            ("slack: {token: hunter2}", "`token_file`", "DRIFTLINE_SLACK_TOKEN"),
            (
                "slack: {key: hunter2}",
                "`url_file` or `token_file`",
                "DRIFTLINE_SLACK_URL or DRIFTLINE_SLACK_TOKEN",
            ),
            (
                "pagerduty: {key: hunter2}",
                "`routing_key_file`",
                "DRIFTLINE_PAGERDUTY_ROUTING_KEY",
            ),
            (
                "sinks: [{name: a, pagerduty: {routing_key: hunter2}}]",
                "`routing_key_file`",
                "DRIFTLINE_PAGERDUTY_ROUTING_KEY",
            ),
            (
                "alertmanager: {password: hunter2}",
                "`password_file`",
                "DRIFTLINE_ALERTMANAGER_PASSWORD",
            ),
            (
                "alertmanager: {token: hunter2}",
                "`bearer_token_file`",
                "DRIFTLINE_ALERTMANAGER_TOKEN",
            ),
            (
                "webhook: {secret: hunter2}",
                "`secret_file`",
                "DRIFTLINE_WEBHOOK_SECRET",
            ),
        ] {
            let error = error(section);
            let said = format!(
                "set {files} to the file that holds it, or, for a receiver without a name, {variables} in the environment"
            );
            assert!(error.contains(&said), "{section}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        // What is no name of a secret is an unknown key, and these are keys.
        for section in ["slack: {urls: x}", "alertmanager: {url: x}", "webhook: {hook: x}"] {
            let error = error(section);
            assert!(
                error.contains("unknown field") && error.contains("ca_file") != section.starts_with("slack"),
                "{error}"
            );
        }
        serde_saphyr::from_str::<NotifySection>("pagerduty: {url: 'https://example.com'}").unwrap();
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
