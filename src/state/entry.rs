//! What is remembered of one finding, one object or one health entry.

use std::collections::BTreeSet;

use chrono::serde::{ts_seconds, ts_seconds_option};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::digest::Hash;
use crate::model::{Fingerprint, ObjectNames, ReleaseNames, Resolved, ResolvedObject, Storage};
use crate::vocabulary::{Ending, MemoryDetail, ResolvedKind};

/// How long it is remembered that something ended: what is back within that time comes and goes.
pub(super) const FLAPPING_WINDOW: TimeDelta = TimeDelta::days(7);

/// How long an end waits for a receiver that is down.
const GIVEN_UP: TimeDelta = TimeDelta::days(30);

/// How often something came back within that time that is flapping.
const FLAPPING: usize = 2;

/// The code of what drifted in an object or a release, where its findings are not remembered one by one.
const DRIFTED: &str = "drifted";

/// How many returns are remembered.
const RETURNS: usize = 4;

/// What an entry is about, in the words of the report. Values are not remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Subject {
    /// All that drifted in the release: a memory that remembers releases only.
    Release,
    /// The release's health.
    Health,
    /// The state of an object, or all that drifted in it.
    Object(ResolvedObject),
    /// A field of an object.
    Field {
        /// The object.
        object: ResolvedObject,
        /// The path.
        path: String,
        /// The same place in the object as it was then, as a JSON pointer.
        pointer: String,
    },
}

impl Subject {
    /// The object that it is about.
    pub(super) const fn object(&self) -> Option<&ResolvedObject> {
        match self {
            Self::Release | Self::Health => None,
            Self::Object(object) | Self::Field { object, .. } => Some(object),
        }
    }

    /// The fingerprint of what it is about.
    pub(super) fn fingerprint(&self, release: ReleaseNames<'_>, code: &str) -> Fingerprint {
        match self {
            Self::Release => Fingerprint::of_release(release),
            Self::Health => Fingerprint::of_health(release, code),
            Self::Object(object) => Fingerprint::of_object(release, names(object)),
            Self::Field { object, path, .. } => Fingerprint::of_finding(release, names(object), path),
        }
    }
}

/// The names of an object.
pub(super) fn names(object: &ResolvedObject) -> ObjectNames<'_> {
    ObjectNames {
        api_version: &object.api_version,
        kind: &object.kind,
        namespace: object.namespace.as_deref(),
        name: &object.name,
    }
}

/// A receiver of notifications, by its number in the memory.
pub(crate) type SinkNumber = u16;

/// One thing that a report says of a release.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) subject: Subject,
    pub(super) code: String,
    pub(super) content: Hash,
    pub(super) live: Option<Hash>,
    pub(super) matters: bool,
    /// Whether its values were left out of the report, so that they are not compared.
    pub(super) is_omitted: bool,
}

impl Item {
    /// The item in a memory of this detail.
    pub(super) fn at(mut self, detail: MemoryDetail) -> Self {
        let subject = match (detail, &self.subject) {
            (MemoryDetail::Fields, _)
            | (_, Subject::Health | Subject::Release)
            | (MemoryDetail::Objects, Subject::Object(_)) => return self,
            (MemoryDetail::Objects, Subject::Field { object, .. }) => Subject::Object(object.clone()),
            (MemoryDetail::Releases, Subject::Field { .. } | Subject::Object(_)) => Subject::Release,
        };
        self.subject = subject;
        DRIFTED.clone_into(&mut self.code);
        self.live = None;
        self
    }
}

/// What is remembered of one finding, object or health entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// What it is about.
    pub(super) subject: Subject,
    /// The code, or the object's state.
    pub(super) code: String,
    /// A hash of all by which it is another one: code, severity, values, revision.
    pub(super) content: Hash,
    /// A hash of the live value, where the report showed it whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) live: Option<Hash>,
    /// Whether its values were left out of the report for their size, so that they are not in the hash.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) is_omitted: bool,
    /// Whether it is more than worth knowing.
    pub(super) matters: bool,
    /// The first scan that found it.
    #[serde(with = "ts_seconds")]
    pub(super) first_seen: DateTime<Utc>,
    /// The last scan that found it.
    #[serde(with = "ts_seconds")]
    pub(super) found_at: DateTime<Utc>,
    /// How many scans in a row found it.
    pub(super) scans: u32,
    /// When it came back, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) returns: Vec<i64>,
    /// When it ended, as something that matters.
    #[serde(with = "ts_seconds_option", skip_serializing_if = "Option::is_none", default)]
    pub(super) ended_at: Option<DateTime<Utc>>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) how: Option<Ending>,
    /// The receivers that were told that it is there, and not yet that it ended.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub(super) known_to: BTreeSet<SinkNumber>,
    /// Those of them that were told of it as it is.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub(super) told: BTreeSet<SinkNumber>,
}

impl Entry {
    /// The entry of something that is found for the first time.
    pub(super) fn new(item: Item, now: DateTime<Utc>) -> Self {
        Self {
            subject: item.subject,
            code: item.code,
            content: item.content,
            live: item.live,
            is_omitted: item.is_omitted,
            matters: item.matters,
            first_seen: now,
            found_at: now,
            scans: 1,
            returns: Vec::new(),
            ended_at: None,
            how: None,
            known_to: BTreeSet::new(),
            told: BTreeSet::new(),
        }
    }

    /// Whether a memory of this detail has it for several findings or objects together.
    pub(super) fn is_together(&self, detail: MemoryDetail) -> bool {
        match (detail, &self.subject) {
            (MemoryDetail::Objects, Subject::Object(_)) => self.code == DRIFTED,
            (MemoryDetail::Releases, Subject::Release) => true,
            (_, Subject::Release | Subject::Health | Subject::Object(_) | Subject::Field { .. }) => false,
        }
    }

    /// Whether it is there and matters.
    pub(super) const fn is_active(&self) -> bool {
        self.ended_at.is_none() && self.matters
    }

    /// Whether it keeps coming and going.
    pub(super) fn is_flapping(&self, now: DateTime<Utc>) -> bool {
        let window = 0..FLAPPING_WINDOW.num_seconds();
        let recent = |at: &&i64| window.contains(&now.timestamp().saturating_sub(**at));
        self.returns.iter().filter(recent).count() >= FLAPPING
    }

    /// Notes that it is there again.
    ///
    /// What was told once as coming and going is not told at each return.
    pub(super) fn come_back(&mut self, now: DateTime<Utc>) {
        if !self.is_flapping(now) {
            self.told.clear();
        }
        self.returns.push(now.timestamp());
        let excess = self.returns.len().saturating_sub(RETURNS);
        self.returns.drain(..excess);
        (self.ended_at, self.how, self.first_seen, self.scans) = (None, None, now, 0);
    }

    /// Notes that it ended.
    pub(super) fn end(&mut self, now: DateTime<Utc>, how: Ending) {
        (self.ended_at, self.how) = (Some(now), Some(how));
        self.scans = 0;
    }

    /// Whether the scan of this time found it.
    pub(super) fn is_found(&self, now: DateTime<Utc>) -> bool {
        self.found_at.timestamp() == now.timestamp()
    }

    /// Whether nobody needs to remember it any more: it ended some time ago, and every receiver that knew of it was told.
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_some_and(|at| {
            let age = now - at;
            // By a clock that was wrong it ended at a time that is yet to come.
            let is_past = age > FLAPPING_WINDOW || age < -FLAPPING_WINDOW;
            age > GIVEN_UP || is_past && self.known_to.is_empty()
        })
    }

    /// Whether no scan that remembers here found it for so long that none will: its release moved to another shard.
    pub(super) fn is_given_up(&self, now: DateTime<Utc>) -> bool {
        now - self.found_at > GIVEN_UP
    }

    /// The entry as a report tells that it ended; `None` where it did not.
    pub(super) fn resolved(
        &self,
        release: ReleaseNames<'_>,
        namespace: &str,
        now: DateTime<Utc>,
    ) -> Option<Resolved> {
        let (resolved_at, how) = (self.ended_at?, self.how?);
        Some(Resolved {
            fingerprint: self.subject.fingerprint(release, &self.code),
            kind: match self.subject {
                Subject::Release => ResolvedKind::Release,
                Subject::Health => ResolvedKind::Health,
                Subject::Object(_) => ResolvedKind::Object,
                Subject::Field { .. } => ResolvedKind::Finding,
            },
            namespace: namespace.to_owned(),
            release: release.name.to_owned(),
            cluster: None,
            storage: Storage::clone(release.storage),
            object: self.subject.object().cloned(),
            path: match &self.subject {
                Subject::Field { path, .. } => Some(path.clone()),
                Subject::Release | Subject::Health | Subject::Object(_) => None,
            },
            code: self.code.clone(),
            first_seen: self.first_seen,
            resolved_at,
            how,
            flapping: self.is_flapping(now),
        })
    }
}
