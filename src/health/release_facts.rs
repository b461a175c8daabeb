//! The facts that a diagnosis rests on: the history, the records and the objects of one release.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::advice::{Commands, Contested};
use super::description::{self, Cause};
use super::drift::Drift;
use super::gitops::Marks;
use super::observe::{Observation, Presence};
use crate::classify::blocked::Block;
use crate::model::{Chart, Finding, ObjectReport};
use crate::object::ObjectKey;
use crate::release::history::{Depth, History};
use crate::release::record::{CrdFingerprint, Hook};
use crate::release::stored::ReleaseKey;
use crate::release::variations::Variations;
use crate::source::followed::FollowedAnswer;
use crate::vocabulary::{ApplyMethod, NextUpgrade, ObjectState};

/// The facts of one record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordFacts {
    /// Helm's own description of how the operation ended.
    pub description: String,
    /// How Helm applied the objects, where the record says so.
    pub apply_method: Option<ApplyMethod>,
    /// A number that records with the same objects share; `None` where it is not known.
    pub manifest: Option<u64>,
    /// The revision that a rollback goes back to, where Helm recorded it: Helm 4 does.
    pub rollback_revision: u64,
    /// When the operation began, on the clock of the machine that ran Helm.
    pub deployed_at: Option<DateTime<Utc>>,
    /// The size of the record, as it is stored.
    pub bytes: Option<u64>,
    /// Its hooks.
    pub hooks: Vec<Hook>,
    /// Its chart.
    pub chart: Option<Chart>,
    /// Fingerprints of the definitions in the chart's `crds/`, by file.
    pub crds: BTreeMap<String, CrdFingerprint>,
    /// What the chart's templates may render otherwise the next time.
    pub variations: Variations,
}

/// One object that the health of its release depends on.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact about another manifest"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedObject {
    /// The object.
    pub key: ObjectKey,
    /// Whether the deployed revision has it.
    pub is_deployed: bool,
    /// Whether the revision has it that a rollback returns to: the deployed one, or the last good one.
    pub is_in_good: bool,
    /// Whether the newest revision has it.
    pub is_in_newest: bool,
    /// Whether the newest revision's manifest keeps it when the release is uninstalled.
    pub is_kept_by_manifest: bool,
    /// The observation; `None` where there is none.
    pub observed: Option<Observation>,
}

impl ObservedObject {
    /// Whether it could not be read.
    fn is_unread(&self) -> bool {
        let presence = self.observed.as_ref().map(|observed| &observed.presence);
        presence.is_none_or(|presence| *presence == Presence::Unread)
    }
}

/// An object of the deployed revision that is not this release's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignObject {
    /// The object.
    pub key: ObjectKey,
    /// The owner of the object, in words.
    pub reason: String,
    /// What the next upgrade does to it, where that is known.
    pub next_upgrade: Option<NextUpgrade>,
}

/// An object at which the next upgrade fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedObject {
    /// The object.
    pub key: ObjectKey,
    /// Why it fails.
    pub block: Block,
    /// Why the next upgrade may render something that does not fail; `None` where it fails in any case.
    pub doubt: Option<&'static str>,
}

/// An object that an older revision or a hook left behind, and that another release deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedObject {
    /// The object.
    pub key: ObjectKey,
    /// The release whose deployed manifest names it.
    pub by: ReleaseKey,
}

/// Whether another release that a scan did not read may deploy an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OtherReleases {
    /// All of them were read.
    #[default]
    AllRead,
    /// The scan was only about some releases, could not list all, or ended early.
    SomeUnread,
}

/// Kinds that the API server does not serve, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotServedKinds {
    /// The kinds of the baseline.
    pub baseline: BTreeSet<String>,
    /// The kinds of the newest revision, if its operation did not complete.
    pub newest: BTreeSet<String>,
}

/// The facts of the objects of one release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectFacts {
    /// The objects of the newest revision and of the deployed one, where the newest operation did not complete, and
    /// every object that is being deleted.
    pub observed: Vec<ObservedObject>,
    /// The hooks of the newest revision, where its operation did not complete; with the whole history, those of all
    /// revisions.
    pub hooks: Vec<ObservedObject>,
    /// Objects that other revisions left behind.
    pub leftovers: Vec<ObjectKey>,
    /// Objects of the deployed revision that are not this release's.
    pub foreign: Vec<ForeignObject>,
    /// Objects that other revisions left behind, and that another release deploys by now.
    pub claimed: Vec<ClaimedObject>,
    /// Whether other releases may deploy what this one left behind.
    pub other_releases: OtherReleases,
    /// Objects outside the release's namespace that are not the release's, or are in another namespace and do not exist there.
    pub unproven: Vec<ObjectKey>,
    /// Kinds that the API server does not serve.
    pub not_served: NotServedKinds,
    /// Objects at which the next upgrade fails.
    pub blocked: Vec<BlockedObject>,
    /// The chart's and the live value of fields at which the next upgrade fails, in words, where they may be shown.
    pub failing_values: BTreeMap<(ObjectKey, String), String>,
    /// Whether somebody else owns a field that Helm would write.
    pub contested: Contested,
    /// What programs that manage releases left on its objects.
    pub marks: Marks,
    /// What was said of what these marks name, if it was asked.
    pub followed: Option<Box<FollowedAnswer>>,
    /// The drift that a rollback or an upgrade writes over.
    pub drift: Drift,
    /// Since when the release's namespace is being deleted, if it is.
    pub namespace_deleted: Option<DateTime<Utc>>,
}

/// For how many fields of a release the values are kept. An entry names twenty.
const MAX_VALUES: usize = 100;

/// How many characters of a value evidence shows.
const BRIEF: usize = 60;

/// A value in a sentence.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(BRIEF) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl ObjectFacts {
    /// How many of the observed objects could not be read.
    pub(super) fn unread_count(&self) -> usize {
        self.observed.iter().filter(|object| object.is_unread()).count()
    }

    /// Notes the consequences that the report of one object has for the health of its release.
    pub fn note_report(&mut self, key: &ObjectKey, report: &ObjectReport) {
        match report.state {
            ObjectState::Leftover => self.leftovers.push(key.clone()),
            ObjectState::Foreign => self.foreign.push(ForeignObject {
                key: key.clone(),
                reason: report.reason.clone().unwrap_or_default(),
                next_upgrade: report.next_upgrade,
            }),
            ObjectState::InSync
            | ObjectState::Drifted
            | ObjectState::Missing
            | ObjectState::Terminating
            | ObjectState::Unknown
            | ObjectState::Ignored => {}
        }
        for finding in &report.findings {
            if let (Some(desired), Some(live)) = (&finding.desired, &finding.live)
                && !finding.redacted
                && finding.next_upgrade.is_some_and(NextUpgrade::is_failure)
                && self.failing_values.len() < MAX_VALUES
            {
                let values = format!("the chart has {}, and {} lives", brief(desired), brief(live));
                self.failing_values
                    .insert((key.clone(), finding.path.clone()), values);
            }
        }
        self.drift.note(key, report);
        let is_contested = |finding: &Finding| finding.next_upgrade == Some(NextUpgrade::Conflict);
        if report.findings.iter().any(is_contested) {
            self.contested = Contested::Yes;
        }
    }

    /// Whether an object of the deployed revision is not this release's.
    pub(super) fn is_foreign(&self, key: &ObjectKey) -> bool {
        self.foreign.iter().any(|foreign| foreign.key == *key)
    }

    /// Notes that the next upgrade fails at an object, whose report is noted already.
    pub fn note_block(&mut self, key: &ObjectKey, block: &Block) {
        self.note_block_of(key, block, None);
    }

    /// The same, of an object for which another manifest may be rendered then.
    pub fn note_block_of(&mut self, key: &ObjectKey, block: &Block, doubt: Option<&'static str>) {
        match block {
            // What is somebody else's object is no reason to force anything.
            Block::Conflict(_) if !self.is_foreign(key) => self.contested = Contested::Yes,
            Block::Conflict(_) | Block::Refused { .. } => {}
        }
        self.blocked.push(BlockedObject {
            key: key.clone(),
            block: block.clone(),
            doubt,
        });
    }

    /// Why an object that was left behind may be another release's, where not all releases were read.
    pub(super) fn doubt(&self) -> Option<String> {
        match self.other_releases {
            OtherReleases::AllRead => None,
            OtherReleases::SomeUnread => Some(
                "not all releases were read, and another one may have deployed the same object by now: a scan of the whole \
                 cluster compares with the manifests of all"
                    .to_owned(),
            ),
        }
    }
}

/// The facts of one release.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseFacts<'a> {
    /// The metadata of all of its revisions.
    pub history: &'a History,
    /// The facts of the records that were read, by revision.
    pub records: &'a BTreeMap<u64, RecordFacts>,
    /// The facts of its objects.
    pub objects: &'a ObjectFacts,
    /// How Helm applies the release.
    pub method: ApplyMethod,
    /// How much was read.
    pub depth: Depth,
    /// The API server's clock.
    pub now: DateTime<Utc>,
    /// The age from which on a pending operation counts as stuck.
    pub stuck_after: TimeDelta,
}

impl ReleaseFacts<'_> {
    /// The commands about the release.
    pub(crate) fn commands(&self) -> Commands<'_> {
        Commands {
            key: &self.history.key,
            method: self.method,
            contested: if self.failure() == Some(Cause::Conflict) {
                Contested::Yes
            } else {
                self.objects.contested
            },
        }
    }

    /// The record of the newest revision.
    pub(super) fn newest_record(&self) -> Option<&RecordFacts> {
        self.records.get(&self.history.latest()?.revision)
    }

    /// Why the newest operation failed, as far as Helm says it.
    pub(super) fn failure(&self) -> Option<Cause> {
        let record = self.newest_record()?;
        description::is_failure(&record.description).then(|| description::cause(&record.description))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::state::empty_report;
    use crate::object::Gvk;

    #[test]
    fn objects_left_over_or_foreign_count_for_the_health_of_a_release() {
        let key = |state: ObjectState| ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: Some("shop".into()),
            name: state.to_string(),
        };
        let mut facts = ObjectFacts::default();
        for state in ObjectState::ALL {
            let key = key(*state);
            facts.note_report(&key, &empty_report(&key, None, *state, Some("a reason".into())));
        }
        let foreign = ForeignObject {
            key: key(ObjectState::Foreign),
            reason: "a reason".into(),
            next_upgrade: None,
        };
        assert_eq!(facts.leftovers, [key(ObjectState::Leftover)]);
        assert_eq!(facts.foreign, [foreign]);
        assert_eq!(facts.contested, Contested::No);
    }
}
