//! The results of a log: one for each entry.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::entry::{self, Entry, Subject};
use super::super::location::{LINE, Locations};
use super::log::{
    ArtifactLocation, Location, LogicalLocation, PhysicalLocation, Region, SarifResult, Suppression, Text,
};
use super::rules::full_stop;
use super::{level, message};
use crate::model::{IgnoredCount, Report};
use crate::vocabulary::ChangeStatus;

/// The name of the fingerprints that driftline makes.
const FINGERPRINT: &str = "driftline/v1";

/// The only name that GitHub looks at. Its upload action fills it from the line of the file where it is absent, by which
/// all entries at one file would become one alert.
const GITHUB_FINGERPRINT: &str = "primaryLocationLineHash";

/// The name of the root of the repository.
pub(super) const ROOT: &str = "%SRCROOT%";

/// One result.
pub(super) fn result(report: &Report, entry: &Entry<'_>, locations: Locations<'_>) -> SarifResult {
    let rule = entry.rule();
    let place = entry.location(locations);
    let fingerprint = entry.fingerprint.to_string();
    SarifResult {
        rule_id: rule.to_string(),
        rule_index: rule.index().unwrap_or_default(),
        level: level(entry.level),
        message: Text::plain(message(&full_stop(&entry.sentence()))),
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation {
                    uri: place.uri().into_owned(),
                    uri_base_id: ROOT,
                },
                region: Region { start_line: LINE },
            },
            logical_locations: logical_locations(entry),
        }],
        partial_fingerprints: BTreeMap::from([
            (FINGERPRINT, fingerprint.clone()),
            (GITHUB_FINGERPRINT, fingerprint),
        ]),
        baseline_state: report
            .compared_with
            .as_ref()
            .and_then(|_| entry.status())
            .map(baseline_state),
        suppressions: suppressions(report, entry),
        properties: properties(entry),
    }
}

const fn baseline_state(status: ChangeStatus) -> &'static str {
    match status {
        ChangeStatus::New => "new",
        ChangeStatus::Changed => "updated",
        ChangeStatus::Ongoing => "unchanged",
    }
}

/// Where an entry is in the cluster, from the namespace to the field.
fn logical_locations(entry: &Entry<'_>) -> Vec<LogicalLocation> {
    let release = entry.release;
    let mut full = String::new();
    let mut place = |name: &str, kind: &'static str, joint: &str| {
        let name = entry::safe(name);
        full.push_str(joint);
        full.push_str(&name);
        LogicalLocation {
            name,
            fully_qualified_name: full.clone(),
            kind,
        }
    };
    let mut places = vec![
        place(&release.place(), "namespace", ""),
        place(&release.name, "module", "/"),
    ];
    if let Some(object) = entry.object() {
        let name = match &object.namespace {
            Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
            None => format!("{} {}", object.kind, object.name),
        };
        places.push(place(&name, "object", "/"));
    }
    if let Subject::Finding(_, finding) = entry.subject {
        places.push(place(&finding.path, "property", ""));
    }
    places
}

/// The rule of the operator that ignores an entry.
fn suppressions(report: &Report, entry: &Entry<'_>) -> Vec<Suppression> {
    let Some(by) = entry.ignored_by() else {
        return Vec::new();
    };
    let rule = report.ignored.iter().find(|count| count.rule == by);
    vec![Suppression {
        kind: "external",
        status: "accepted",
        justification: Some(entry::safe(
            &rule.map_or_else(|| by.to_string(), IgnoredCount::name),
        )),
    }]
}

/// What else is known of an entry, by the names that the report has for it.
fn properties(entry: &Entry<'_>) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            properties.insert(name.to_owned(), value);
        }
    };
    let (tracked, next) = match entry.subject {
        Subject::Health(health) => (&health.tracked, None),
        Subject::Object(object) => (&object.tracked, object.next_upgrade),
        Subject::Finding(_, finding) => (&finding.tracked, finding.next_upgrade),
    };
    add("nextUpgrade", next.map(|next| json!(next)));
    add("firstSeen", tracked.first_seen.map(|time| json!(time)));
    add("since", tracked.since.map(|since| json!(since.time)));
    add("flapping", tracked.flapping.then_some(Value::Bool(true)));
    if let Subject::Finding(_, finding) = entry.subject
        && let Some(actor) = &finding.actor
    {
        add("claimedWriter", Some(json!(entry::safe(&actor.manager))));
        add("claimedWriteTime", actor.time.map(|time| json!(time)));
    }
    properties
}
