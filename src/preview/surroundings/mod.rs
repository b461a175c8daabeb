//! What stands in the way of an operation around its objects: judged from what was read of it, by the rules of the API
//! server.
//!
//! Each file has one rule: `namespaces`, `quotas`, `limits`, `places` (ports and addresses), `definitions`, `admission`
//! (webhooks and policies), `losses` (what goes with an object). None of them knows whether Helm gets as far as an object;
//! each says what happens if it does, and how sure that is. Helm's order of requests is taken from the caller: the record
//! first, then the objects as they are sent, then the deletions (Helm: `pkg/action/rollback.go`, `pkg/kube/client.go`,
//! `Update`).
//!
//! A release must not learn of what it does not own ([`crate::manifest::standing`]): Services in other namespaces are not
//! named, and neither are amounts of quotas there.

mod admission;
mod definitions;
mod limits;
mod losses;
mod namespaces;
mod places;
mod quotas;
mod usage;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::classify::transition::{InManifests, ObjectPreview};
use crate::object::ObjectKey;
use crate::release::stored::Driver;
use crate::source::surroundings::{Answer, SentVerb, Surroundings};
use crate::source::{Kinds, ReadError};
use crate::types::TypeTable;
use crate::vocabulary::{ApplyMethod, PreviewAction, PreviewCause};

/// The facts that the judgments rest on.
#[derive(Debug, Clone, Copy)]
pub struct SurroundingFacts<'a> {
    /// What was read.
    pub surroundings: &'a Surroundings,
    /// The kinds that the API server serves.
    pub kinds: &'a Kinds,
    /// The record of the new revision.
    pub record: RecordWrite<'a>,
    /// When the API server took the objects that Helm applies: at the revision that a rollback goes to, and for an upgrade
    /// at the deployed one, of which most are the same. `None` where that is not known, or where it refused some.
    pub taken: Option<Taken>,
    /// The requests for objects, in Helm's order. Hooks that run are among them where they run.
    pub sent: &'a [Sent<'a>],
}

/// The record that Helm writes before everything else.
#[derive(Debug, Clone, Copy)]
pub struct RecordWrite<'a> {
    /// The name of the release.
    pub release: &'a str,
    /// The namespace of its records, which is the release's own.
    pub namespace: &'a str,
    /// The kind of object that holds it.
    pub driver: Driver,
    /// The number of the new revision.
    pub revision: u64,
    /// How many records the release has now.
    pub kept: usize,
    /// When the newest of them was created.
    pub newest: Option<DateTime<Utc>>,
}

/// Objects of the release that the API server took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// When the operation began that wrote them.
    pub at: DateTime<Utc>,
    /// How Helm applies.
    pub method: ApplyMethod,
}

/// A request that Helm sends about one object.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The object.
    pub key: &'a ObjectKey,
    /// What is asked.
    pub verb: SentVerb,
    /// What Helm applies, as the manifest says it with Helm's own label and annotations; `None` for a deletion.
    pub object: Option<&'a Value>,
    /// The live object; `None` where there is none, or where nothing of it may be told.
    pub live: Option<&'a Value>,
}

/// The request that Helm sends about an object; `None` where it sends none.
///
/// Client-side apply of a kind of Kubernetes itself sends only what differs; server-side apply, and every apply of a custom
/// resource, always sends something, which admission sees (Helm: `pkg/kube/client.go`, `updateResource`).
pub fn verb_sent(object: &ObjectPreview, method: ApplyMethod) -> Option<SentVerb> {
    match (object.manifests, object.action) {
        (InManifests::From, PreviewAction::Keep) => None,
        (
            InManifests::From,
            PreviewAction::Create
            | PreviewAction::Change
            | PreviewAction::Delete
            | PreviewAction::None
            | PreviewAction::Fail
            | PreviewAction::NotReached
            | PreviewAction::Unknown,
        ) => object.live.is_some().then_some(SentVerb::Delete),
        (InManifests::Both | InManifests::To, action) => match action {
            PreviewAction::Create => Some(SentVerb::Create),
            PreviewAction::None => is_always_sent(object, method).then_some(SentVerb::Update),
            PreviewAction::Change
            | PreviewAction::Fail
            | PreviewAction::NotReached
            | PreviewAction::Unknown
            | PreviewAction::Keep => Some(SentVerb::Update),
            PreviewAction::Delete => Some(SentVerb::Delete),
        },
    }
}

fn is_always_sent(object: &ObjectPreview, method: ApplyMethod) -> bool {
    let gvk = &object.key.gvk;
    let is_custom = TypeTable::builtin().kind(&gvk.api_version, &gvk.kind).is_none();
    match method {
        ApplyMethod::Ssa => true,
        ApplyMethod::Csa => is_custom,
    }
}

/// One thing around the objects that the outcome of an operation rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is.
    pub cause: PreviewCause,
    /// The object that it is about; `None` where it is about the record, or about several objects.
    pub object: Option<ObjectKey>,
    /// What it comes to.
    pub verdict: Verdict,
    /// One sentence, without the object and without a full stop.
    pub message: String,
    /// The objects whose dry runs answer it, if the API server accepts all of them; none where no dry run of an object can.
    pub about: Vec<ObjectKey>,
}

/// What an obstacle comes to, if Helm gets so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The API server does not take the record of the new revision: Helm ends, and nothing was written.
    RecordRefused,
    /// The object cannot be created: Helm ends there.
    CreateFails,
    /// The object cannot be patched: Helm goes on with the others, and the operation fails.
    UpdateFails,
    /// The object cannot be deleted: Helm 4 fails once it has tried the others, Helm 3 passes over it.
    DeleteFails,
    /// It may fail, for a reason that is there to be seen.
    MayFail,
    /// It succeeds, and what the message says is lost.
    Loses,
    /// Something else decides, as on every other day: a webhook that answers, a policy that let the same pass before. Only
    /// what it says is not known.
    Asked,
    /// The API server accepts in dry runs what might have failed.
    Accepted,
    /// It could not be read, so nothing of the kind is known.
    Gap,
}

impl Verdict {
    /// What a refused request comes to.
    pub(in crate::preview) const fn refused(verb: SentVerb) -> Self {
        match verb {
            SentVerb::Create => Self::CreateFails,
            SentVerb::Update => Self::UpdateFails,
            SentVerb::Delete => Self::DeleteFails,
        }
    }
}

/// Everything that stands in the way, first what is about the record, then what is about the objects in their order, then
/// what could not be read.
pub fn judge(facts: &SurroundingFacts<'_>) -> Vec<Obstacle> {
    let mut found = namespaces::judge(facts);
    found.extend(quotas::judge(facts));
    found.extend(limits::judge(facts));
    found.extend(places::judge(facts));
    found.extend(definitions::judge(facts));
    found.extend(admission::judge(facts));
    found.extend(losses::judge(facts));
    let mut turns: HashMap<&ObjectKey, usize> = HashMap::new();
    for (turn, sent) in facts.sent.iter().enumerate() {
        turns.entry(sent.key).or_insert(turn);
    }
    let position = |obstacle: &Obstacle| match (obstacle.verdict, &obstacle.object) {
        (Verdict::RecordRefused, _) => (0, 0),
        (Verdict::Gap, _) => (3, 0),
        (_, Some(key)) => (1, turns.get(key).copied().unwrap_or(usize::MAX)),
        (_, None) => (2, 0),
    };
    found.sort_by_key(position);
    found
}

impl Obstacle {
    fn of_object(cause: PreviewCause, sent: &Sent<'_>, verdict: Verdict, message: String) -> Self {
        Self {
            cause,
            object: Some(sent.key.clone()),
            verdict,
            message,
            about: about(sent.key, sent.verb),
        }
    }

    /// What a dry run of an object's write showed.
    pub(in crate::preview) fn of_dry_run(
        object: &ObjectPreview,
        cause: PreviewCause,
        verdict: Verdict,
        message: String,
    ) -> Self {
        Self {
            cause,
            object: Some(object.key.clone()),
            verdict,
            message,
            about: Vec::new(),
        }
    }

    fn of_release(cause: PreviewCause, verdict: Verdict, message: String) -> Self {
        Self {
            cause,
            object: None,
            verdict,
            message,
            about: Vec::new(),
        }
    }

    /// What could not be read, and so is not known.
    fn gap(what: &str, error: &ReadError) -> Self {
        Self::of_release(
            PreviewCause::Unread,
            Verdict::Gap,
            format!("{what} is not known: {error}"),
        )
    }
}

/// The object of a request whose dry run answers an obstacle; deletions have none.
fn about(key: &ObjectKey, verb: SentVerb) -> Vec<ObjectKey> {
    match verb {
        SentVerb::Create | SentVerb::Update => vec![key.clone()],
        SentVerb::Delete => Vec::new(),
    }
}

/// The gap that an answer leaves, if it was asked for and not given.
fn gap_of<T>(what: &str, answer: Option<&Answer<T>>) -> Option<Obstacle> {
    answer
        .and_then(Answer::error)
        .map(|error| Obstacle::gap(what, error))
}

impl Sent<'_> {
    /// Whether it is of a kind of Kubernetes itself.
    fn is(&self, group: &str, kind: &str) -> bool {
        self.key.gvk.group() == group && self.key.gvk.kind == kind
    }
}

/// The namespaces in which something is created, without those that the operation creates itself.
fn namespaces_of_creates<'a>(facts: &SurroundingFacts<'a>) -> BTreeSet<&'a str> {
    let creates = facts.sent.iter().filter(|sent| sent.verb == SentVerb::Create);
    creates
        .filter_map(|sent| sent.key.namespace.as_deref())
        .chain([facts.record.namespace])
        .collect()
}

#[cfg(test)]
mod tests;
