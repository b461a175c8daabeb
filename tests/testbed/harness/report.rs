//! The report of `driftline scan -o json`, as tests ask about it.

use std::fmt;

use serde_json::Value;

use super::cluster::Outcome;

/// A finished scan.
#[derive(Debug)]
pub(crate) struct Scan {
    /// The exit status.
    pub(crate) status: i32,
    /// The report.
    pub(crate) report: Value,
    /// What was printed, for tests about what must not be printed.
    pub(crate) stdout: String,
    /// The log.
    pub(crate) stderr: String,
}

/// One finding, with the object it is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// The object, as `Kind/name`.
    pub(crate) object: String,
    /// The code, `changed` for one.
    pub(crate) code: String,
    /// `drift` or `info`.
    pub(crate) severity: String,
    /// The readable path.
    pub(crate) path: String,
    /// The value that the release asks for; null when it asks for none.
    pub(crate) desired: Value,
    /// The value in the cluster; null when there is none.
    pub(crate) live: Value,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            object,
            code,
            severity,
            path,
            desired,
            live,
        } = self;
        write!(f, "{object} {code} ({severity}) {path}: {desired} -> {live}")
    }
}

impl From<Outcome> for Scan {
    #[track_caller]
    fn from(outcome: Outcome) -> Self {
        let Outcome {
            command,
            status,
            stdout,
            stderr,
        } = outcome;
        let report = serde_json::from_str(&stdout).unwrap_or_else(|error| {
            panic!("{command} (exit status {status}) did not print a report: {error}\n{stdout}\n{stderr}")
        });
        Self {
            status,
            report,
            stdout,
            stderr,
        }
    }
}

impl Scan {
    /// The report without what differs between two scans of the same state.
    pub(crate) fn timeless(&self) -> Value {
        let mut report = self.report.clone();
        for time in ["startedAt", "finishedAt"] {
            report[time].take();
        }
        // What was asked for; a snapshot is asked for as a whole.
        if let Some(report) = report.as_object_mut() {
            report.remove("selection");
        }
        report
    }

    /// What the report says of a release.
    pub(crate) fn release(&self, name: &str) -> Option<&Value> {
        list(&self.report, "releases").find(|release| release["name"] == name)
    }

    /// Every object that the report shows, with its release's health aside.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Value> {
        list(&self.report, "releases").flat_map(|release| list(release, "objects"))
    }

    /// What the report says of an object, as `Kind/name`.
    pub(crate) fn object(&self, name: &str) -> Option<&Value> {
        self.objects().find(|object| object_name(object) == name)
    }

    /// Whether the report says that the next upgrade of a release fails.
    pub(crate) fn says_blocked(&self) -> bool {
        self.health().iter().any(|code| code == "upgrade-blocked")
    }

    /// Whether the evidence of that names an object, as `Kind/name`, or does not name all.
    pub(crate) fn says_blocked_at(&self, object: &str) -> bool {
        let evidence: Vec<String> = list(&self.report, "releases")
            .flat_map(|release| list(release, "health"))
            .filter(|health| health["code"] == "upgrade-blocked")
            .flat_map(|health| list(health, "evidence"))
            .filter_map(|line| line.as_str().map(str::to_owned))
            .collect();
        evidence.iter().any(|line| {
            let place = line.split_once(": ").map_or("", |(place, _)| place);
            let named = place.split_once(' ').map(|(kind, name)| {
                let name = name.rsplit('/').next().unwrap_or_default();
                format!("{kind}/{name}")
            });
            line.ends_with(" more") || named.as_deref() == Some(object)
        })
    }

    /// Every object whose state is more than a matter of its fields: missing
    /// ones, for example. As `Kind/name state`, sorted.
    pub(crate) fn states(&self) -> Vec<String> {
        let mut states: Vec<String> = self
            .objects()
            .filter(|object| !matches!(object["state"].as_str(), Some("in-sync" | "drifted")))
            .map(|object| format!("{} {}", object_name(object), text(object, "state")))
            .collect();
        states.sort();
        states
    }

    /// Every finding of every object.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let of = |object: &Value, finding: &Value| Finding {
            object: object_name(object),
            code: text(finding, "code"),
            severity: text(finding, "severity"),
            path: text(finding, "path"),
            desired: finding["desired"].clone(),
            live: finding["live"].clone(),
        };
        self.objects()
            .flat_map(|object| list(object, "findings").map(move |finding| of(object, finding)))
            .collect()
    }

    /// Everything that the report says of one finding, by its object and path.
    pub(crate) fn finding(&self, object: &str, path: &str) -> Option<&Value> {
        self.objects()
            .filter(|found| object_name(found) == object)
            .flat_map(|found| list(found, "findings"))
            .find(|finding| finding["path"] == path)
    }

    /// The paths of the findings of an object.
    pub(crate) fn paths(&self, object: &str) -> Vec<String> {
        let findings = self.findings().into_iter();
        findings
            .filter(|finding| finding.object == object)
            .map(|finding| finding.path)
            .collect()
    }

    /// The findings of severity drift.
    pub(crate) fn drift(&self) -> Vec<Finding> {
        self.findings()
            .into_iter()
            .filter(|finding| finding.severity == "drift")
            .collect()
    }

    /// The codes of all releases' health entries.
    pub(crate) fn health(&self) -> Vec<String> {
        list(&self.report, "releases")
            .flat_map(|release| list(release, "health"))
            .map(|entry| text(entry, "code"))
            .collect()
    }

    /// What the health of a release says under a code.
    pub(crate) fn health_entry(&self, code: &str) -> Option<&Value> {
        list(&self.report, "releases")
            .flat_map(|release| list(release, "health"))
            .find(|entry| entry["code"] == code)
    }

    /// A number at a path of the report, such as `summary.objects.total`.
    #[track_caller]
    pub(crate) fn number(&self, path: &str) -> u64 {
        path.split('.')
            .fold(&self.report, |value, key| &value[key])
            .as_u64()
            .unwrap_or_else(|| panic!("the report has no number at {path}:\n{:#}", self.report))
    }
}

/// The elements of a list; none where there is no list.
pub(super) fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value[key]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// The name of an object of the report, as `Kind/name`.
pub(super) fn object_name(object: &Value) -> String {
    format!("{}/{}", text(object, "kind"), text(object, "name"))
}
