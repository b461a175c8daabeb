//! The configuration file: one YAML document, every key documented in `config/driftline.example.yaml`.
//!
//! Unknown keys are errors, because a mistyped key that is silently ignored turns an alert off. Secrets are never
//! in it, only the names of the files that hold them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::SettingsError;
use super::ignore::IgnoreRule;
use crate::policy::managers::ManagerLists;
use crate::vocabulary::{FindingCode, Severity};

/// The file, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) cluster: ClusterSection,
    pub(super) scan: ScanSection,
    pub(super) severity: BTreeMap<FindingCode, Severity>,
    pub(super) managers: ManagerLists,
    pub(super) redact: RedactSection,
    pub(super) ignore: Vec<IgnoreRule>,
    pub(super) ignore_annotation: Option<String>,
    pub(super) notify: NotifySection,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClusterSection {
    pub(super) name: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScanSection {
    pub(super) namespaces: Vec<String>,
    #[serde(deserialize_with = "duration")]
    pub(super) timeout: Option<Duration>,
    #[serde(deserialize_with = "duration")]
    pub(super) request_timeout: Option<Duration>,
    pub(super) concurrency: Option<u8>,
    #[serde(deserialize_with = "duration")]
    pub(super) stuck_after: Option<Duration>,
    pub(super) exit_code_on_drift: Option<u8>,
    pub(super) confirm: Confirm,
    pub(super) fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FailOn {
    #[default]
    Drift,
    Health,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Confirm {
    #[default]
    None,
    Server,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RedactSection {
    pub(super) keys: Vec<String>,
    pub(super) config_maps: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NotifySection {
    pub(super) attempts: Option<u32>,
    #[serde(deserialize_with = "duration")]
    pub(super) budget: Option<Duration>,
    pub(super) slack: Option<SlackSection>,
    pub(super) pagerduty: Option<PagerDutySection>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SlackSection {
    pub(super) url_file: Option<PathBuf>,
    pub(super) format: Option<SlackFormat>,
    pub(super) when: When,
    pub(super) allow_http: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SlackFormat {
    Blocks,
    Attachments,
    Text,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum When {
    #[default]
    Drift,
    Always,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PagerDutySection {
    pub(super) routing_key_file: Option<PathBuf>,
    pub(super) url: Option<String>,
    pub(super) scope: PagerDutyScope,
    pub(super) severity: Option<PagerDutySeverity>,
    pub(super) allow_http: bool,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PagerDutyScope {
    #[default]
    Cluster,
    Release,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PagerDutySeverity {
    Critical,
    Error,
    Warning,
    Info,
}

/// Reads a configuration file.
pub(super) fn read(path: &Path) -> Result<File, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Unreadable {
        what: "configuration file",
        path: path.to_owned(),
        source,
    })?;
    parse(&text).map_err(|(line, problem)| SettingsError::File {
        path: path.to_owned(),
        line,
        problem,
    })
}

/// The line, where it is known, and what is wrong there.
pub(super) fn parse(text: &str) -> Result<File, (Option<u64>, String)> {
    // A file of comments only is a file without settings.
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Ok(File::default());
    }
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map(|location| location.line());
        let problem = error.without_snippet().to_string();
        (line, problem)
    })
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    humantime::parse_duration(&text).map(Some).map_err(|error| {
        serde::de::Error::custom(format!(
            "`{text}` is not a duration such as 30s, 15m or 1h30m: {error}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_with_their_line_and_what_would_be_right() {
        for (text, line, expected) in [
            ("scan:\n  namespace: [a]\n", 2, "namespaces"),
            ("severity:\n  changd: info\n", 2, "changed"),
            ("severity:\n  changed: low\n", 2, "drift, info"),
            ("scan:\n  timeout: soon\n", 2, "not a duration such as"),
            ("notify:\n  slack:\n    when: never\n", 3, "always"),
            ("notify:\n  slack:\n    url: x\n", 3, "url_file"),
            ("scan: [\n", 1, ""),
        ] {
            let (found, problem) = parse(text).unwrap_err();
            assert_eq!(found, Some(line), "{text}: {problem}");
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        for text in ["", "\n# comment\n"] {
            assert!(parse(text).unwrap().notify.slack.is_none());
        }
    }
}
