//! The labels of an alert, which are its identity: an alert with other labels is another alert to Alertmanager.
//!
//! Alertmanager takes any label name and any value that is UTF-8 (`Validate` in alert/validate.go); a name here has the form
//! that Prometheus has always taken, so that it can be written in every matcher. It removes labels with empty values
//! (`removeEmptyLabels` in api/v2/api.go), so none is empty here.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Fingerprint, ReleaseReport, Storage};
use crate::notify::text::{NAME, clean};
use crate::report::words::critical_codes;
use crate::vocabulary::{ObjectState, Verdict};

/// The name of every alert.
pub(super) const ALERT_NAME: &str = "DriftlineRelease";

/// The most labels that an operator adds.
pub(super) const MAX_EXTRA: usize = 20;

/// The longest value of a label that an operator adds, in bytes.
pub(super) const MAX_VALUE: usize = 200;

/// The longest list of codes, in bytes.
pub(super) const MAX_CODES: usize = 200;

/// The labels that no other ones may replace.
const RESERVED: [&str; 7] = [
    "alertname",
    "cluster",
    "namespace",
    "release",
    "storage",
    "severity",
    "codes",
];

/// Why a label of the operator's cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// There are too many.
    #[error("`labels` has more than {MAX_EXTRA} labels")]
    TooMany,
    /// The name is not one.
    #[error("a name in `labels` must have letters, digits and `_` only, and begin with no digit")]
    Name,
    /// The name is that of a label that every alert has.
    #[error("`labels` cannot set `{0}`, which every alert has already")]
    Reserved(&'static str),
    /// The value is not one.
    #[error("a value in `labels` must have 1 to {MAX_VALUE} bytes and no control characters")]
    Value,
}

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AlertSeverity {
    /// The release could not be fully read.
    Info,
    /// It drifted.
    Warning,
    /// Its health is critical.
    Critical,
}

impl AlertSeverity {
    const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The value of the label.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == name)
    }
}

/// The labels of one alert.
pub(super) type Labels = BTreeMap<String, String>;

/// What changes from one alert of a release to the next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trouble {
    /// How much it matters.
    pub(super) severity: AlertSeverity,
    /// Its codes, sorted, with commas between them.
    pub(super) codes: String,
}

/// The names of a release, as its labels have them.
#[derive(Debug, Clone, Copy)]
pub(super) struct LabelledRelease<'r> {
    /// The namespace that it installs into.
    pub(super) namespace: &'r str,
    /// Its name.
    pub(super) name: &'r str,
    /// Where its records are kept.
    pub(super) storage: &'r Storage,
}

/// Checks the labels of an operator.
pub(super) fn check_extra(labels: &BTreeMap<String, String>) -> Result<(), LabelError> {
    if labels.len() > MAX_EXTRA {
        return Err(LabelError::TooMany);
    }
    for (name, value) in labels {
        if !is_name(name) {
            return Err(LabelError::Name);
        }
        if let Some(reserved) = RESERVED.into_iter().find(|reserved| reserved == name) {
            return Err(LabelError::Reserved(reserved));
        }
        if value.trim().is_empty() || value.len() > MAX_VALUE || value.chars().any(char::is_control) {
            return Err(LabelError::Value);
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let is_first = |char: char| char.is_ascii_alphabetic() || char == '_';
    name.len() <= MAX_VALUE
        && name.starts_with(is_first)
        && name.chars().all(|char| is_first(char) || char.is_ascii_digit())
}

impl<'r> LabelledRelease<'r> {
    /// The names of a release of a report.
    pub(super) fn of(release: &'r ReleaseReport) -> Self {
        Self {
            namespace: &release.namespace,
            name: &release.name,
            storage: &release.storage,
        }
    }

    /// The labels of its alert.
    ///
    /// Two releases never have the same labels: where their records are is a label of those that are not where most are.
    pub(super) fn labels(self, cluster: &str, extra: &BTreeMap<String, String>, trouble: &Trouble) -> Labels {
        let mut labels = extra.clone();
        let mut add = |name: &str, value: String| labels.insert(name.to_owned(), value);
        add("alertname", ALERT_NAME.to_owned());
        add("cluster", name_label(cluster));
        add("namespace", name_label(self.namespace));
        add("release", name_label(self.name));
        if self.storage.driver != "secret" || self.storage.namespace != self.namespace {
            let place = format!("{}/{}", self.storage.driver, self.storage.namespace);
            add("storage", name_label(&place));
        }
        add("severity", trouble.severity.as_str().to_owned());
        add("codes", trouble.codes.clone());
        labels
    }
}

/// A name as the value of a label. A name that no cluster should have is made harmless, and stays another one than all
/// others: what it was is in the end of it.
fn name_label(name: &str) -> String {
    let label = clean(name, NAME);
    if label == name && !label.trim().is_empty() {
        return label;
    }
    let fingerprint = Fingerprint::of([name]).to_string();
    format!("{label}~{}", fingerprint.get(..16).unwrap_or(&fingerprint))
}

/// What is wrong with a release, if it is to be alerted of.
pub(super) fn trouble(release: &ReleaseReport, least: AlertSeverity) -> Option<Trouble> {
    let critical = critical_codes(release);
    let severity = match release.verdict {
        _ if !critical.is_empty() => AlertSeverity::Critical,
        Verdict::Drifted => AlertSeverity::Warning,
        Verdict::Incomplete | Verdict::Unreadable => AlertSeverity::Info,
        Verdict::Clean => return None,
    };
    if severity < least {
        return None;
    }
    let mut codes: BTreeSet<&str> = critical.iter().map(|code| code.as_str()).collect();
    match release.verdict {
        Verdict::Incomplete | Verdict::Unreadable => {
            codes.insert(release.verdict.as_str());
        }
        Verdict::Clean | Verdict::Drifted => {}
    }
    for object in release.objects.iter().filter(|object| object.state.is_drift()) {
        let findings = object.findings.iter().filter(|finding| finding.is_drift());
        let found: Vec<&str> = findings.map(|finding| finding.code.as_str()).collect();
        if object.state != ObjectState::Drifted || found.is_empty() {
            codes.insert(object.state.as_str());
        }
        codes.extend(found);
    }
    // What it drifted by may be more than a report lists.
    if codes.is_empty() {
        codes.insert(release.verdict.as_str());
    }
    Some(Trouble {
        severity,
        codes: joined(&codes),
    })
}

/// Codes with commas between them. Those that have no room are counted in a last word, `+2`.
fn joined(codes: &BTreeSet<&str>) -> String {
    // `,+99` has room at the end.
    let room = MAX_CODES - 4;
    let mut text = String::new();
    for (position, code) in codes.iter().enumerate() {
        let comma = if text.is_empty() { "" } else { "," };
        if text.len() + comma.len() + code.len() > room {
            return format!("{text}{comma}+{}", codes.len() - position);
        }
        text.push_str(comma);
        text.push_str(code);
    }
    text
}

/// Whether a text may be the value of the label `codes`.
pub(super) fn are_codes(text: &str) -> bool {
    let is_part =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '-' | ',' | '+');
    !text.is_empty() && text.len() <= MAX_CODES && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{finding, object, release};
    use crate::vocabulary::{FindingCode, HealthCode, HealthSeverity};

    #[test]
    fn the_worst_decides_the_severity_and_everything_is_among_the_codes() {
        let changed = finding(FindingCode::Changed, "/spec/replicas", None, None);
        let mut web = release("shop", "web").with_objects([
            object("apps/v1", "Deployment", "shop", "web").drifted([changed.clone(), changed]),
            object("v1", "Service", "shop", "web").in_state(ObjectState::Missing),
        ]);
        web.verdict = Verdict::Drifted;
        let found = trouble(&web, AlertSeverity::Warning).unwrap();
        assert_eq!(
            (found.severity, &*found.codes),
            (AlertSeverity::Warning, "changed,missing")
        );
        let web = web.with_health(HealthCode::Stuck, HealthSeverity::Critical);
        let found = trouble(&web, AlertSeverity::Warning).unwrap();
        assert_eq!(
            (found.severity, &*found.codes),
            (AlertSeverity::Critical, "changed,missing,stuck")
        );
        let mut half = release("shop", "half");
        half.verdict = Verdict::Incomplete;
        assert_eq!(trouble(&half, AlertSeverity::Warning), None);
        let found = trouble(&half, AlertSeverity::Info).unwrap();
        assert_eq!(
            (found.severity, &*found.codes),
            (AlertSeverity::Info, "incomplete")
        );
    }

    #[test]
    fn a_long_list_of_codes_ends_with_how_many_are_missing() {
        let words: Vec<String> = (10..60).map(|number| format!("code-{number}")).collect();
        let text = joined(&words.iter().map(String::as_str).collect());
        assert!(text.len() <= MAX_CODES && are_codes(&text), "{text}");
        assert!(
            text.starts_with("code-10,code-11,") && text.ends_with(",+26"),
            "{text}"
        );
    }

    #[test]
    fn no_two_names_become_the_same_label() {
        assert_eq!(name_label("shop"), "shop");
        let hostile = ["", " ", "we\u{200b}b", "web\u{202e}", "web\n", "web "];
        let labels: BTreeSet<String> = hostile.map(name_label).into();
        assert_eq!(labels.len(), hostile.len());
        assert!(
            labels
                .iter()
                .all(|label| !label.trim().is_empty() && label != "web")
        );
        assert_ne!(name_label(&"a".repeat(300)), name_label(&"a".repeat(301)));
    }

    #[test]
    fn labels_of_every_alert_cannot_be_set() {
        let label = |name: &str, value: &str| check_extra(&[(name.to_owned(), value.to_owned())].into());
        assert_eq!(label("team", "payments"), Ok(()));
        assert_eq!(label("codes", "x"), Err(LabelError::Reserved("codes")));
        for name in ["", "9a", "a-b", "é", "a b"] {
            assert_eq!(label(name, "x"), Err(LabelError::Name), "{name}");
        }
        for value in ["", " ", "a\nb"] {
            assert_eq!(label("team", value), Err(LabelError::Value), "{value:?}");
        }
    }
}
