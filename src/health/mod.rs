//! What state a release is really in, and the safest way out of it.
//!
//! From the metadata of all revisions, the records of those that matter, and the objects of a release whose newest
//! operation did not come to its end. Every diagnosis says what it rests on. Nothing here changes anything: advice is
//! for people, who know what else is going on.
//!
//! What Helm accepts in which state is in its `pkg/action`: an upgrade refuses while the newest revision is pending, a
//! rollback and an uninstall do not (`upgrade.go`, `prepareUpgrade`; `rollback.go`; `uninstall.go`).

mod advice;
mod description;
pub mod detail;
mod history;
mod hooks;
mod objects;
pub mod observe;
mod operation;
mod progress;
pub mod readiness;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use self::advice::Commands;
pub use self::advice::Contested;
use self::observe::Observed;
use crate::model::{Advice, Chart, Health};
use crate::object::ObjectKey;
use crate::release::decode::DecodeError;
use crate::release::history::Depth;
use crate::release::history::History;
use crate::release::record::{CrdFingerprint, Hook};
use crate::release::stored::StoredRevision;
use crate::vocabulary::{ApplyMethod, HealthCode, HealthSeverity};

/// What the record of one revision tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordFacts {
    /// How Helm says it ended.
    pub description: String,
    /// When it began, on the clock of whoever ran Helm.
    pub deployed_at: Option<DateTime<Utc>>,
    /// How large it is, as it is stored.
    pub bytes: Option<u64>,
    /// Its hooks.
    pub hooks: Vec<Hook>,
    /// Its chart.
    pub chart: Option<Chart>,
    /// Fingerprints of the definitions in the chart's `crds/`, by file.
    pub crds: BTreeMap<String, CrdFingerprint>,
}

/// One object of a release in trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedObject {
    /// The object.
    pub key: ObjectKey,
    /// Whether the deployed revision has it.
    pub is_deployed: bool,
    /// What was seen; `None` where nobody looked.
    pub observed: Option<Observed>,
}

/// Everything that is known of one release.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseFacts<'a> {
    /// The metadata of all of its revisions.
    pub history: &'a History,
    /// What the records tell that were read, by revision.
    pub told: &'a BTreeMap<u64, RecordFacts>,
    /// The objects of the newest revision and of the deployed one, where the newest did not come to its end.
    pub objects: &'a [ObservedObject],
    /// The hooks of the newest revision likewise; with the whole history, those of all revisions.
    pub hooks: &'a [ObservedObject],
    /// Objects that other revisions left behind.
    pub leftovers: &'a [ObjectKey],
    /// Objects of the deployed revision that are not this release's, with whose they are.
    pub foreign: &'a [(ObjectKey, String)],
    /// The kinds of the baseline that the API server does not serve, in words.
    pub unserved: &'a BTreeSet<String>,
    /// Those of a newest revision that did not come to its end.
    pub unserved_newest: &'a BTreeSet<String>,
    /// How Helm applies the release.
    pub method: ApplyMethod,
    /// Whether somebody else owns a field that Helm would write.
    pub contested: Contested,
    /// How much was read.
    pub depth: Depth,
    /// The API server's clock.
    pub now: DateTime<Utc>,
    /// From which age on a pending operation is taken for dead.
    pub stuck_after: TimeDelta,
}

impl ReleaseFacts<'_> {
    fn commands(&self) -> Commands<'_> {
        Commands {
            key: &self.history.key,
            method: self.method,
            contested: self.contested,
        }
    }
}

/// Everything that is noteworthy about a release beyond its objects.
pub fn diagnose(case: &ReleaseFacts<'_>) -> Vec<Health> {
    let mut health = history::of(case);
    health.extend(operation::of(case));
    health.extend(progress::half_upgraded(case));
    health.extend(progress::no_baseline(case));
    health.extend(hooks::of(case));
    match case.depth {
        // Worth knowing when somebody asks; a scan is about what somebody has to do.
        Depth::Comparison => {}
        Depth::History => {
            health.extend(hooks::left_over(case));
            health.extend(history::definitions(case));
        }
    }
    health.extend(objects::of(case));
    health
}

/// A remark without advice.
pub fn remark(code: HealthCode, severity: HealthSeverity, message: String) -> Health {
    Health {
        code,
        severity,
        message,
        evidence: Vec::new(),
        advice: Vec::new(),
    }
}

/// A record that cannot be decoded.
pub fn undecodable(revision: &StoredRevision, error: &DecodeError) -> Health {
    let release = &revision.release;
    let commands = Commands {
        key: release,
        method: ApplyMethod::Csa,
        contested: Contested::No,
    };
    let mut steps = vec![commands.history()];
    steps.extend(commands.backup(&[]));
    steps.push(commands.delete_record(
        revision,
        "only if there is no copy to restore it from: Helm passes over such a record and then fails to make the next one",
    ));
    with(
        remark(
            HealthCode::Undecodable,
            HealthSeverity::Critical,
            format!(
                "revision {} cannot be decoded: {} {}/{}: {error}",
                revision.revision, release.driver, release.namespace, revision.object
            ),
        ),
        Vec::new(),
        steps,
    )
}

fn with(mut health: Health, evidence: Vec<String>, advice: Vec<Advice>) -> Health {
    health.evidence.extend(evidence);
    health.advice.extend(advice);
    health
}

/// A duration in its largest whole unit.
fn human(age: TimeDelta) -> String {
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("min", 60)] {
        if age.num_seconds() >= size {
            return format!("{} {unit}", age.num_seconds() / size);
        }
    }
    format!("{} s", age.num_seconds())
}

fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// How many objects a sentence names.
const NAMED: usize = 3;

/// The first few of some objects.
fn named<'k>(keys: impl Iterator<Item = &'k ObjectKey>) -> String {
    let keys: Vec<&ObjectKey> = keys.collect();
    let mut named: Vec<String> = keys.iter().take(NAMED).map(ToString::to_string).collect();
    if keys.len() > NAMED {
        named.push(format!("{} more", keys.len() - NAMED));
    }
    match named.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
