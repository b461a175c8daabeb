//! The configuration file: one YAML document, every key documented in `config/driftline.example.yaml`.
//!
//! Unknown keys are errors, because a mistyped key that is silently ignored turns an alert off. Secrets are never
//! in it, only the names of the files that hold them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Deserializer, de};
use serde_path_to_error::Segment;
use serde_saphyr::Error;

use super::error::SettingsError;
use super::ignore::{IgnoreRule, any_number};
use super::metrics::MetricsSection;
use super::state::StateStore;
use crate::app::cli::{CONCURRENCY, NO_LIMIT};
use crate::app::exit::DriftStatus;
use crate::limited_file;
use crate::notify::Sinks;
use crate::notify::section::NotifySection;
use crate::notify::settings::{SinkContext, duration};
use crate::policy::Confirm;
use crate::policy::glob::Glob;
use crate::policy::managers::ManagerLists;
use crate::policy::redact::{ConfigMaps, KeyPatternError, Redaction};
use crate::policy::selection::NamespacePattern;
use crate::policy::shard::Shard;
use crate::report::summary::{Condition, FailOn};
use crate::vocabulary::{FindingCode, Severity};

/// The largest configuration file. A thousand ignore rules have a fifth of it.
const MAX_BYTES: u64 = 1 << 20;

/// The file, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// Where it was read.
    #[serde(skip)]
    pub(super) path: Option<PathBuf>,
    pub(super) cluster: ClusterSection,
    pub(super) scan: ScanSection,
    pub(super) severity: BTreeMap<FindingCode, Severity>,
    pub(super) managers: ManagerLists,
    pub(super) redact: RedactSection,
    pub(super) ignore: Vec<IgnoreRule>,
    pub(super) ignore_annotation: Option<String>,
    #[serde(deserialize_with = "any_number")]
    pub(super) trusted_storage_namespaces: Vec<Glob>,
    pub(super) state: StateStore,
    pub(super) notify: NotifySection,
    pub(super) metrics: MetricsSection,
}

/// How reports call the cluster.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClusterSection {
    pub(super) name: Option<String>,
}

/// The namespaces and limits of a scan, and its exit status.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScanSection {
    #[serde(deserialize_with = "any_number")]
    pub(super) namespaces: Vec<NamespacePattern>,
    pub(super) allow_empty: bool,
    #[serde(deserialize_with = "shard")]
    pub(super) shard: Option<Shard>,
    #[serde(deserialize_with = "time_limit")]
    pub(super) timeout: Option<Duration>,
    #[serde(deserialize_with = "time_limit")]
    pub(super) request_timeout: Option<Duration>,
    #[serde(deserialize_with = "concurrency")]
    pub(super) concurrency: Option<u8>,
    #[serde(deserialize_with = "duration")]
    pub(super) stuck_after: Option<Duration>,
    #[serde(deserialize_with = "drift_status")]
    pub(super) exit_code_on_drift: Option<DriftStatus>,
    #[serde(deserialize_with = "choice")]
    pub(super) confirm: Option<Confirm>,
    #[serde(deserialize_with = "fail_on")]
    pub(super) fail_on: Option<FailOn>,
}

/// Values that are hidden besides those of Secrets.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RedactSection {
    #[serde(deserialize_with = "any_number")]
    pub(super) keys: Vec<KeyPattern>,
    pub(super) config_maps: bool,
}

/// Reads a configuration file. Without one, nothing is configured.
pub(super) fn read(path: Option<&Path>) -> Result<File, SettingsError> {
    let Some(path) = path else {
        return Ok(File::default());
    };
    let text = limited_file::read_text(path, MAX_BYTES).map_err(|source| SettingsError::Unreadable {
        what: "configuration file",
        path: path.to_owned(),
        source,
    })?;
    match parse(&text) {
        Ok(file) => Ok(File {
            path: Some(path.to_owned()),
            ..file
        }),
        Err((line, problem)) => Err(SettingsError::File {
            path: path.to_owned(),
            line,
            problem,
        }),
    }
}

impl File {
    /// The sinks of the `notify` section and of the environment.
    pub(super) fn sinks(&self, context: &SinkContext<'_>) -> Result<Sinks, SettingsError> {
        let severity = |code: FindingCode| self.severity.get(&code).copied();
        let is_drift =
            |code: FindingCode| severity(code).unwrap_or(code.default_severity()) == Severity::Drift;
        let checked = self.notify.check_codes(is_drift);
        let sinks = checked.and_then(|()| self.notify.clone().resolve(context));
        sinks.map_err(|error| SettingsError::from(error).in_file(self.path.as_deref()))
    }
}

/// Parses a configuration file. An error has the line, where it is known, and the mistake on it.
pub(super) fn parse(text: &str) -> Result<File, (Option<u64>, String)> {
    // A file of comments only is a file without settings.
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Ok(File::default());
    }
    // The library takes 32 lines of comments in a row, and the example has more.
    let options = serde_saphyr::options! { with_snippet: false, emit_comments: false };
    let mut place = None;
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            place = place_of(error.path());
            error.into_inner()
        })
    });
    parsed.map_err(|error| {
        let line = error.location().map(|location| location.line());
        let problem = problem_of(error.without_snippet());
        let problem = match place {
            Some(place) => format!("{problem}, in {place}"),
            None => problem,
        };
        (line, problem)
    })
}

/// Where a mistake is: names of settings, and positions in lists. The name of a wrong key is in the error.
fn place_of(path: &serde_path_to_error::Path) -> Option<String> {
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                let _ = write!(place, "[{index}]");
            }
            // The field of the library's own that knows the line; no setting has the name.
            Segment::Map { key } if key == "value" => {}
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(name);
            }
            Segment::Unknown => {}
        }
    }
    (!place.is_empty()).then_some(place)
}

/// A mistake in plain words. The library's own sentences speak to programmers, and repeat the line.
fn problem_of(error: &Error) -> String {
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key `{key}` stands twice"),
        Error::DuplicateMappingKey { key: None, .. } => "a key stands twice".to_owned(),
        Error::Unexpected { expected, .. } | Error::InvalidScalar { ty: expected, .. } => {
            format!("expected {}", in_plain_words(expected))
        }
        Error::InvalidBooleanStrict { .. } => format!("expected {}", in_plain_words("boolean")),
        Error::NullIntoString { .. } => {
            format!("expected {}, and there is nothing", in_plain_words("string"))
        }
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            format!("expected {}", in_plain_words(expected))
        }
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => format!("`{variant}` is not one of: {}", expected.join(", ")),
        Error::SerdeMissingField { field, .. } => format!("`{field}` is missing"),
        other => {
            let text = other.to_string();
            let place = other
                .location()
                .map(|location| format!(" at line {}, column {}", location.line(), location.column()));
            let without_place = place.and_then(|place| text.strip_suffix(&place).map(str::to_owned));
            without_place.unwrap_or(text)
        }
    }
}

/// What the library calls what it expected, as the documentation calls it.
fn in_plain_words(expected: &str) -> &str {
    match expected {
        "sequence start" | "a sequence" => "a list, such as [a, b]",
        "mapping start" | "a map" => "keys with values, such as {key: value}",
        "string scalar" | "string" | "a string" => "a text",
        "boolean" | "a boolean" => "true or false",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        other => other,
    }
}

/// A time limit, as the flags take it.
fn time_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    match duration(deserializer)? {
        Some(Duration::ZERO) => Err(de::Error::custom(NO_LIMIT)),
        limit => Ok(limit),
    }
}

/// A name of `redact.keys`, checked.
#[derive(Debug, Clone)]
pub(super) struct KeyPattern(String);

impl FromStr for KeyPattern {
    type Err = KeyPatternError;

    fn from_str(text: &str) -> Result<Self, KeyPatternError> {
        let pattern = text.to_owned();
        Redaction::new(std::slice::from_ref(&pattern), ConfigMaps::Shown)?;
        Ok(Self(pattern))
    }
}

impl RedactSection {
    /// What the section hides.
    pub(super) fn redaction(&self) -> Result<Redaction, KeyPatternError> {
        let keys: Vec<String> = self.keys.iter().map(|pattern| pattern.0.clone()).collect();
        let config_maps = if self.config_maps {
            ConfigMaps::Hidden
        } else {
            ConfigMaps::Shown
        };
        Redaction::new(&keys, config_maps)
    }
}

/// A number of concurrent requests, as the flag takes it.
fn concurrency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let Some(number) = Option::<i64>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match u8::try_from(number) {
        Ok(in_range) if CONCURRENCY.contains(&number) => Ok(Some(in_range)),
        Ok(_) | Err(_) => Err(de::Error::custom(format!("{number} is not in {CONCURRENCY:?}"))),
    }
}

/// An exit status for drift, as the flag takes it.
fn drift_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DriftStatus>, D::Error> {
    let number = Option::<i64>::deserialize(deserializer)?;
    let status = number.map(|number| number.to_string().parse());
    status.transpose().map_err(de::Error::custom)
}

/// A share of the namespaces, as the flag takes it.
fn shard<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Shard>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse())
        .transpose()
        .map_err(de::Error::custom)
}

/// One of the words that the flag of the same name takes.
fn choice<'de, D: Deserializer<'de>, T: ValueEnum>(deserializer: D) -> Result<Option<T>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    one_of(&text).map(Some).map_err(de::Error::custom)
}

/// One of the words that a flag takes, or a sentence that names them.
fn one_of<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let words = T::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value);
        let words: Vec<String> = words.map(|word| word.get_name().to_owned()).collect();
        format!("`{text}` is not one of: {}", words.join(", "))
    })
}

/// One or several conditions, separated by commas, as the flag takes them.
struct Conditions(Vec<Condition>);

impl FromStr for Conditions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split(',').map(|word| one_of(word.trim()));
        words.collect::<Result<_, _>>().map(Self)
    }
}

/// What fails a scan: a text, or a list of texts.
fn fail_on<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FailOn>, D::Error> {
    /// Of a key without a value there is none.
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct List(#[serde(deserialize_with = "any_number")] Vec<Conditions>);

    let list = Option::<List>::deserialize(deserializer)?;
    let conditions = list.into_iter().flat_map(|list| list.0);
    let conditions: Vec<Condition> = conditions.flat_map(|some| some.0).collect();
    if conditions.is_empty() {
        return Ok(None);
    }
    FailOn::all(&conditions).map(Some).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn mistakes_are_named_with_their_line_and_what_would_be_right() {
        for (text, line, expected) in [
            ("scan:\n  namespace: [a]\n", 2, "namespaces"),
            ("severity:\n  changd: info\n", 2, "changed"),
            ("severity:\n  changed: low\n", 2, "drift, info"),
            ("scan:\n  timeout: soon\n", 2, "not a duration such as"),
            ("scan:\n  confirm: all\n", 2, "`all` is not one of: none, server"),
            (
                "scan:\n  fail_on: error\n",
                2,
                "`error` is not one of: drift, health, blocked",
            ),
            (
                "scan:\n  fail_on: [new,\n    drift]\n",
                2,
                "`drift` counts all drift, and `new` only what is new or changed",
            ),
            (
                "scan:\n  fail_on: [new,\n    heath]\n",
                3,
                "`heath` is not one of",
            ),
            ("scan:\n  exit_code_on_drift: 3\n", 2, "an incomplete scan"),
            ("scan:\n  exit_code_on_drift: 300\n", 2, "not an exit status"),
            (
                "scan:\n  namespaces: [shop, Shop]\n",
                2,
                "cannot be the name of a namespace",
            ),
            ("scan:\n  concurrency: 0\n", 2, "0 is not in 1..=64"),
            ("scan:\n  concurrency: 65\n", 2, "65 is not in 1..=64"),
            ("scan:\n  concurrency: 6400\n", 2, "6400 is not in 1..=64"),
            (
                "scan:\n  timeout: 0s\n",
                2,
                "every scan has a time limit: give a longer one, such as 2h, in scan.timeout",
            ),
            ("scan:\n  request_timeout: 0m\n", 2, "in scan.request_timeout"),
            ("redact:\n  keys:\n    - x\n    - '['\n", 4, "in redact.keys"),
            ("managers:\n  people: [a, '[']\n", 2, "in managers.people[1]"),
            (
                "managers:\n  expected:\n    - about: x\n      paths: [/a]\n      kinds: ['[']\n",
                5,
                "in managers.expected[0].kinds[0]",
            ),
            ("notify:\n  budget: soon\n", 2, "`soon` is not a duration such as"),
            ("notify:\n  slack:\n    when: never\n", 3, "always"),
            ("notify:\n  slack:\n    url: x\n", 3, "url_file"),
            ("trusted_storage_namespaces: [\"flux[\"]\n", 1, "without its `]`"),
            ("metrics:\n  releases: -1\n", 2, "-1 is not in 0..=10000"),
            ("metrics:\n  pushgateway: {password: x}\n", 2, "password_file"),
            ("scan: [\n", 1, ""),
        ] {
            let (place, problem) = parse(text).unwrap_err();
            assert_eq!(place, Some(line), "{text}: {problem}");
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_a_mistake_in_plain_words() {
        let list = "expected a list, such as [a, b]";
        let keys = "expected keys with values, such as {key: value}";
        for (text, problem, place) in [
            ("notify: {routes: [{to: slack}]}", list, "notify.routes[0].to"),
            (
                "notify: {routes: [{to: [a], namespaces: shop}]}",
                list,
                "notify.routes[0].namespaces",
            ),
            (
                "notify: {alertmanager: {urls: http://x}}",
                list,
                "notify.alertmanager.urls",
            ),
            ("notify: {links: {title: a}}", list, "notify.links"),
            ("notify: {default: slack}", list, "notify.default"),
            ("notify: {sinks: {name: a}}", list, "notify.sinks"),
            ("notify: {routes: {to: [a]}}", list, "notify.routes"),
            ("notify: []", keys, "notify"),
            ("notify: {slack: [a]}", keys, "notify.slack"),
            (
                "state: {file: }",
                "expected a text, and there is nothing",
                "state",
            ),
            ("state: {configmap: {name: a}}", "expected a text", "state"),
            (
                "notify: {attempts: many}",
                "expected a whole number",
                "notify.attempts",
            ),
            (
                "notify: {attempts: 99999999999}",
                "99999999999 is not in 1..=1000",
                "notify.attempts",
            ),
            ("notify: {attempts: 0}", "0 is not in 1..=1000", "notify.attempts"),
            (
                "notify: {routes: [{continue: 1}]}",
                "expected true or false",
                "notify.routes[0].continue",
            ),
            (
                "notify: {slack: {when: never}}",
                "`never` is not one of: drift, always",
                "notify.slack.when",
            ),
            (
                "notify: {budget: 0s}",
                "nothing is delivered in no time: give a longer one, such as 90s",
                "notify.budget",
            ),
            (
                "notify: {remind: 0s}",
                "every scan would be a reminder: give a longer time, such as 24h, or a very long one, such as 10years, for none",
                "notify.remind",
            ),
            (
                "notify: {sinks: [{name: a, pagerduty: {scope: x}}]}",
                "`x` is not one of: cluster, release",
                "notify.sinks[0].pagerduty.scope",
            ),
            (
                "metrics: {pushgateway: {allow_http: 1}}",
                "expected true or false",
                "metrics.pushgateway.allow_http",
            ),
            (
                "metrics: {file: ''}",
                "`file` is empty: leave it out, or name the file",
                "metrics.file",
            ),
        ] {
            let (line, said) = parse(text).unwrap_err();
            assert_eq!(line, Some(1), "{text}: {said}");
            let said_place = said
                .strip_prefix(problem)
                .and_then(|rest| rest.strip_prefix(", in "));
            // A place may end at the section of which a value is.
            assert!(
                said_place.is_some_and(|said| said.starts_with(place)),
                "{text}: {said}"
            );
        }
        let links = "{title: a, url: https://example.com}, ".repeat(6);
        let (_, said) = parse(&format!("notify: {{links: [{links}]}}")).unwrap_err();
        assert_eq!(
            said,
            "there are 6 links, and a message has at most 5, in notify.links"
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_a_mistake_in_one_sentence() {
        let twice = parse("scan:\n  timeout: 1m\n  timeout: 2m\n").unwrap_err();
        assert_eq!(
            twice,
            (Some(3), "the key `timeout` stands twice, in scan".to_owned())
        );
    }

    /// A key that is right nowhere.
    const WRONG: &str = "{of-no-use: 1}";

    /// The keys that are right in a mapping, as the error for a wrong one lists them. `text` is a file with [`WRONG`]
    /// in the mapping's place. Other values, and mappings with names of the operator's, have none.
    fn keys(text: &str) -> Vec<String> {
        let problem = parse(text).err().map_or_else(String::new, |(_, problem)| problem);
        let known = problem.split_once("unknown field `of-no-use`, expected one of ");
        let known = known.map(|(_, known)| known.split_once(", in ").map_or(known, |(known, _)| known));
        let known = known.iter().flat_map(|known| known.split(", "));
        known.map(str::to_owned).collect()
    }

    /// Checks that a mapping of the example has every key, and its value as well.
    fn has_every_key(text: &str, place: &str, mapping: &Value, checked: &mut Vec<String>) {
        for key in keys(text) {
            let value = match mapping {
                Value::Array(entries) => entries.iter().find_map(|entry| entry.get(&key)),
                other => other.get(&key),
            };
            let place = format!("{place}/{key}");
            // Named receivers have the keys of those without a name.
            let Some(value) = value else {
                assert!(place.starts_with("/notify/sinks/"), "the example lacks {place}");
                continue;
            };
            for form in [WRONG, &format!("[{WRONG}]")] {
                let text = text.replace(WRONG, &format!("{{{key}: {form}}}"));
                has_every_key(&text, &place, value, checked);
            }
            checked.push(place);
        }
    }

    const EXAMPLE: &str = include_str!("../../../config/driftline.example.yaml");
    const DEPLOYED: &str = include_str!("../../../deploy/base/config.yaml");

    /// A line without the `#` that hides a setting; `#` and one blank begin an explanation.
    fn hidden(line: &str) -> Option<String> {
        let at = line.len() - line.trim_start().len();
        let rest = line[at..].strip_prefix('#')?;
        let is_setting = rest.starts_with("  ") || !rest.is_empty() && !rest.starts_with(' ');
        is_setting.then(|| format!("{}{rest}", &line[..at]))
    }

    /// A file in which the settings that are hidden in some of its lines are shown.
    fn shown(text: &str, is_shown: impl Fn(usize) -> bool) -> String {
        let lines = text.lines().enumerate().map(|(number, line)| match hidden(line) {
            Some(setting) if is_shown(number) => setting,
            Some(_) | None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Each hidden setting together with those that it stands under.
    fn with_its_sections(text: &str, number: usize) -> Vec<usize> {
        let indentation = |line: &str| {
            let setting = hidden(line)?;
            let rest = setting.trim_start();
            (!rest.starts_with('#')).then(|| setting.len() - rest.len())
        };
        let lines: Vec<Option<usize>> = text.lines().map(indentation).collect();
        let Some(mut depth) = lines[number] else {
            return Vec::new();
        };
        let mut numbers = vec![number];
        for above in (0..number).rev() {
            if text.lines().nth(above).is_none_or(|line| hidden(line).is_none()) {
                break;
            }
            if let Some(its) = lines[above].filter(|its| *its < depth) {
                numbers.push(above);
                depth = its;
            }
        }
        numbers
    }

    #[test]
    fn settings_that_are_commented_out_are_right_each_alone_and_all_together() {
        for text in [EXAMPLE, DEPLOYED] {
            let check = |is_shown: &dyn Fn(usize) -> bool| {
                let text = shown(text, is_shown);
                let file = parse(&text).unwrap_or_else(|problem| panic!("{problem:?}: {text}"));
                (file, text)
            };
            let (all, _) = check(&|_| true);
            super::super::policy::policy(&all, Confirm::None).unwrap();
            let mut alone = 0;
            for number in 0..text.lines().count() {
                let numbers = with_its_sections(text, number);
                alone += usize::from(!numbers.is_empty());
                // A rule is a setting as a whole: its paths are no rule without what it is about. Nor is a title a link.
                if !numbers.iter().any(|number| {
                    let line = text.lines().nth(*number).unwrap();
                    line.contains("- about") || line.contains("- title")
                }) {
                    check(&|number| numbers.contains(&number));
                }
            }
            assert!(alone > 5, "{alone}");
            // Each block of lines.
            let lines: Vec<bool> = text.lines().map(|line| hidden(line).is_some()).collect();
            for first in (0..lines.len()).filter(|at| lines[*at] && (*at == 0 || !lines[at - 1])) {
                let end = (first..lines.len()).find(|at| !lines[*at]).unwrap_or(lines.len());
                check(&|number| (first..end).contains(&number));
            }
        }
    }

    #[test]
    fn the_example_has_every_key_that_the_file_may_have() {
        let text = shown(EXAMPLE, |_| true);
        let example: Value = serde_saphyr::from_str(&text).unwrap();
        let mut checked = Vec::new();
        has_every_key(WRONG, "", &example, &mut checked);
        for place in [
            "/scan/timeout",
            "/ignore/labels",
            "/managers/expected/paths",
            "/notify/slack/allow_http",
        ] {
            assert!(
                checked.iter().any(|known| known == place),
                "{place} is not in {checked:?}"
            );
        }
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        for text in ["", "\n# comment\n"] {
            let file = parse(text).unwrap();
            assert!(file.scan.namespaces.is_empty() && file.ignore.is_empty());
        }
    }

    #[test]
    fn nobody_may_be_trusted() {
        for text in [
            "trusted_storage_namespaces: []\n",
            "trusted_storage_namespaces: [ ]\n",
        ] {
            assert!(
                parse(text).unwrap().trusted_storage_namespaces.is_empty(),
                "{text}"
            );
        }
    }
}
