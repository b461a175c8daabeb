//! What is said of a release, an object and its findings, reduced to what two of them have in common.
//!
//! Keys are hashed, with secrets of this run, so that nobody can make two of them alike: a release must not be able to have
//! another one told in its place. Each part of the model is taken apart by name, so that the compiler asks of a new one
//! whether it is said of a member.
//!
//! Names differ from release to release. They are the same here if the name of the release and that of its namespace stand
//! in the same places of them, as whole words: `web-a` and `web-b` in releases `a` and `b`. Values are the same only if
//! they are equal.

use std::cmp::Reverse;
use std::hash::{BuildHasher as _, Hash, RandomState};

use serde_json::Value;

use super::Said;
use crate::model::{
    Actor, Finding, Health, IgnoredBy, KeptBy, KeyPath, ObjectReport, ReleaseReport, Tracked,
};
use crate::report::origin::{Origin, Place};
use crate::vocabulary::{
    ChangeStatus, FindingCode, HealthCode, HealthSeverity, KeyCertainty, ManagingTool, NextUpgrade,
    ObjectState, Severity, Verdict,
};

/// The longest name that Kubernetes takes. Longer ones are nobody's, and are not looked for.
const LONGEST_NAME: usize = 253;

/// What stands for all that is said of a member: two hashes, so that no two members have the same by chance.
pub(super) type Fingerprint = [u64; 2];

/// The secrets that fingerprints are made with: those of one cannot be compared with those of another.
pub(super) struct Keys {
    secrets: [RandomState; 2],
    said: Said,
}

/// The fingerprint of a release, and those of its objects with their positions, in an order that is the same for all
/// releases of one fingerprint.
pub(super) struct ReleaseFingerprints {
    /// That of the release.
    pub(super) release: Fingerprint,
    /// Those of its objects.
    pub(super) objects: Vec<(Fingerprint, usize)>,
}

impl Keys {
    /// Fingerprints of what is said.
    pub(super) fn of(said: Said) -> Self {
        Self {
            secrets: Default::default(),
            said,
        }
    }

    fn fingerprint(&self, key: &impl Hash) -> Fingerprint {
        self.secrets.each_ref().map(|secret| secret.hash_one(key))
    }

    /// The fingerprints of a release and its objects.
    pub(super) fn release(&self, release: &ReleaseReport) -> ReleaseFingerprints {
        let objects = release.objects.iter().enumerate();
        let objects = objects.filter(|(_, object)| self.said.has_object(object));
        let mut objects: Vec<_> = objects
            .map(|(position, object)| {
                (
                    self.fingerprint(&object_key(release, object, self.said)),
                    position,
                )
            })
            .collect();
        objects.sort_unstable();
        let of_objects: Vec<_> = objects.iter().map(|(fingerprint, _)| *fingerprint).collect();
        ReleaseFingerprints {
            release: self.fingerprint(&(release_key(release, self.said), of_objects)),
            objects,
        }
    }

    /// The fingerprint of an object's findings.
    pub(super) fn findings(&self, release: &ReleaseReport, object: &ObjectReport) -> Fingerprint {
        self.fingerprint(&finding_keys(release, object, self.said))
    }
}

#[derive(Hash)]
struct ReleaseKey<'r> {
    chart: Option<(&'r str, &'r str)>,
    storage: (&'r str, Vec<Piece<'r>>),
    has_baseline: bool,
    newest: Option<&'r String>,
    verdict: Verdict,
    managed_by: Option<(ManagingTool, Vec<Piece<'r>>)>,
    health: Vec<HealthKey<'r>>,
}

fn release_key(release: &ReleaseReport, said: Said) -> ReleaseKey<'_> {
    let ReleaseReport {
        namespace: _,
        name: _,
        of_cluster: _,
        storage,
        labels: _,
        chart,
        baseline,
        previous: _,
        latest,
        apply_method: _,
        verdict,
        tracked: _,
        health,
        objects: _,
        detail: _,
        managed_by,
        preview: _,
        values_check: _,
        unlisted: _,
        has_unread_leftovers: _,
        has_unsettled: _,
        cluster: _,
    } = release;
    let newest = baseline.as_ref().map(|baseline| baseline.revision) != Some(latest.revision);
    ReleaseKey {
        chart: chart.as_ref().map(|chart| (&*chart.name, &*chart.version)),
        storage: (&storage.driver, place(&storage.namespace, release)),
        has_baseline: baseline.is_some(),
        newest: newest.then_some(&latest.status),
        verdict: *verdict,
        managed_by: managed_by.as_ref().map(|managed_by| {
            let name = managed_by.name.as_deref().unwrap_or_default();
            (managed_by.tool, pieces(name, release))
        }),
        health: health
            .iter()
            .filter(|_| said.has_health())
            .map(|entry| health_key(release, entry))
            .collect(),
    }
}

/// What is said of how something stands to earlier scans: whether they knew it, and whether it comes and goes.
type Known = (Option<ChangeStatus>, bool);

const fn known(tracked: &Tracked) -> Known {
    (tracked.status, tracked.flapping)
}

#[derive(Hash)]
struct HealthKey<'r> {
    code: HealthCode,
    severity: HealthSeverity,
    known: Known,
    message: Vec<Piece<'r>>,
    has_advice: bool,
}

fn health_key<'r>(release: &'r ReleaseReport, entry: &'r Health) -> HealthKey<'r> {
    let Health {
        code,
        severity,
        tracked,
        message,
        evidence: _,
        advice,
    } = entry;
    HealthKey {
        code: *code,
        severity: *severity,
        known: known(tracked),
        message: pieces(message, release),
        has_advice: !advice.is_empty(),
    }
}

#[derive(Hash)]
struct ObjectKey<'r> {
    api_version: &'r str,
    kind: &'r str,
    namespace: Option<Vec<Piece<'r>>>,
    name: Vec<Piece<'r>>,
    template: Option<&'r String>,
    state: ObjectState,
    known: Known,
    reason: Option<Vec<Piece<'r>>>,
    ignored_by: Option<IgnoredBy>,
    next_upgrade: Option<NextUpgrade>,
    next_upgrade_reason: Option<&'r String>,
    findings: Vec<FindingKey<'r>>,
}

fn object_key<'r>(release: &'r ReleaseReport, object: &'r ObjectReport, said: Said) -> ObjectKey<'r> {
    let ObjectReport {
        api_version,
        kind,
        namespace,
        name,
        template,
        state,
        tracked,
        reason,
        ignored_by,
        next_upgrade,
        next_upgrade_reason,
        findings: _,
        left_out: _,
        patch: _,
        seen_again: _,
        shadowed_rules: _,
    } = object;
    ObjectKey {
        api_version,
        kind,
        namespace: namespace.as_ref().map(|namespace| place(namespace, release)),
        name: pieces(name, release),
        template: template.as_ref(),
        state: *state,
        known: known(tracked),
        reason: reason.as_ref().map(|reason| pieces(reason, release)),
        ignored_by: *ignored_by,
        next_upgrade: *next_upgrade,
        next_upgrade_reason: next_upgrade_reason.as_ref(),
        findings: finding_keys(release, object, said),
    }
}

#[derive(Hash)]
struct FindingKey<'r> {
    code: FindingCode,
    severity: Severity,
    known: Known,
    path: Vec<Piece<'r>>,
    desired: Option<&'r Value>,
    live: Option<&'r Value>,
    /// Which values are not shown, and why.
    not_shown: [bool; 3],
    origin: Option<OriginKey<'r>>,
    writer: Option<WriterKey<'r>>,
    ignored_by: Option<IgnoredBy>,
    confirmed: Option<bool>,
    next_upgrade: Option<NextUpgrade>,
    next_upgrade_reason: Option<&'r String>,
    becomes: Option<&'r Value>,
    kept_by: Option<KeptByKey<'r>>,
    message: &'r str,
}

/// What a line says of the key that keeps a field.
#[derive(Hash)]
struct KeptByKey<'r> {
    key: &'r KeyPath,
    value: Option<&'r Value>,
    certainty: KeyCertainty,
    has_list: bool,
    moved: usize,
}

#[derive(Hash)]
struct WriterKey<'r> {
    manager: &'r str,
    operation: &'r str,
    subresource: Option<&'r String>,
    has_time: bool,
}

fn finding_keys<'r>(release: &'r ReleaseReport, object: &'r ObjectReport, said: Said) -> Vec<FindingKey<'r>> {
    let findings = object.findings.iter();
    let findings = findings.filter(|finding| said.has_finding(finding));
    findings.map(|finding| finding_key(release, finding)).collect()
}

fn finding_key<'r>(release: &'r ReleaseReport, finding: &'r Finding) -> FindingKey<'r> {
    let Finding {
        code,
        severity,
        tracked,
        path,
        pointer: _,
        previous: _,
        desired,
        live,
        redacted,
        shortened,
        omitted,
        from_revision: _,
        actor,
        ignored_by,
        confirmed,
        next_upgrade,
        next_upgrade_reason,
        becomes,
        kept_by,
        no_key: _,
        message,
    } = finding;
    FindingKey {
        code: *code,
        severity: *severity,
        known: known(tracked),
        path: pieces(path, release),
        desired: desired.as_ref(),
        live: live.as_ref(),
        not_shown: [*redacted, *shortened, *omitted],
        origin: Origin::of(release, finding).map(origin_key),
        writer: actor.as_ref().map(writer_key),
        ignored_by: *ignored_by,
        confirmed: *confirmed,
        next_upgrade: *next_upgrade,
        next_upgrade_reason: next_upgrade_reason.as_ref(),
        becomes: becomes.as_ref(),
        kept_by: kept_by.as_deref().map(kept_by_key),
        message,
    }
}

fn kept_by_key(kept_by: &KeptBy) -> KeptByKey<'_> {
    KeptByKey {
        key: &kept_by.key,
        value: kept_by.value.as_ref(),
        certainty: kept_by.certainty,
        has_list: kept_by.key.is_in_list(),
        moved: kept_by.moved(),
    }
}

/// Releases count their revisions apart: what they have in common is the place of one.
#[derive(Hash)]
enum OriginKey<'r> {
    AsIn(Place<'r>),
    AlsoChanged(&'r Value),
}

const fn origin_key(origin: Origin<'_>) -> OriginKey<'_> {
    match origin {
        Origin::AsIn { place, revision: _ } => OriginKey::AsIn(place),
        Origin::AlsoChanged { by: _, from } => OriginKey::AlsoChanged(from),
    }
}

fn writer_key(actor: &Actor) -> WriterKey<'_> {
    let Actor {
        manager,
        operation,
        subresource,
        time,
    } = actor;
    WriterKey {
        manager,
        operation,
        subresource: subresource.as_ref(),
        has_time: time.is_some(),
    }
}

/// A part of a name. From the pieces and the names of a release follows the whole name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Piece<'r> {
    /// The name of the release.
    Release,
    /// The namespace of the release.
    Namespace,
    /// Text that has neither as a word.
    Text(&'r str),
}

/// The pieces of a namespace's name. That of the release is told by itself, also where the release has the same name.
fn place<'r>(namespace: &'r str, release: &ReleaseReport) -> Vec<Piece<'r>> {
    if namespace == release.namespace {
        vec![Piece::Namespace]
    } else {
        pieces(namespace, release)
    }
}

/// Takes text apart where the names of a release stand in it as words. Where both could stand, the longer one does.
pub(super) fn pieces<'r>(text: &'r str, release: &ReleaseReport) -> Vec<Piece<'r>> {
    let names = [
        (&*release.name, Piece::Release),
        (&*release.namespace, Piece::Namespace),
    ];
    let mut found: Vec<_> = names
        .into_iter()
        .filter(|(name, _)| (1..=LONGEST_NAME).contains(&name.len()))
        .flat_map(|(name, piece)| {
            let places = text
                .match_indices(name)
                .map(|(start, _)| (start, start + name.len()));
            let words = places.filter(|(start, end)| is_word(text, *start, *end));
            words.map(move |(start, end)| (start, Reverse(end), piece))
        })
        .collect();
    found.sort_unstable();
    let mut pieces = Vec::new();
    let mut done = 0;
    for (start, Reverse(end), piece) in found {
        if start < done {
            continue;
        }
        pieces.extend((start > done).then(|| Piece::Text(&text[done..start])));
        pieces.push(piece);
        done = end;
    }
    pieces.extend((done < text.len()).then(|| Piece::Text(&text[done..])));
    pieces
}

/// Whether this part of a text is not the middle of a longer word.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    ![before, after].into_iter().flatten().any(char::is_alphanumeric)
}
