//! The way of one object from one manifest to another: what a rollback, or an upgrade to another manifest, does to it.
//!
//! Helm applies what the manifest has that it goes to, and deletes what only the one has that it starts from, unless the
//! live object asks to be kept (Helm: `pkg/kube/client.go`, `Update`). A rollback starts from the newest manifest, whatever
//! its status (Helm: `pkg/action/rollback.go`, `performRollback`).

mod fields;
mod glance;
mod request;
#[cfg(test)]
mod request_tests;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::fields::Fields;
pub use self::glance::may_fail;
pub use self::request::{HelmRequest, HiddenWords, Owners, SentRequest};
use super::blocked::Block;
use super::helm_write::{self, Documents, HELM, SEVERAL_DOCUMENTS, Start, TOO_COSTLY, manager, stamped};
use super::live::LiveObject;
use super::object::may_be_foretold;
use super::state::MISSING_OR_NOT_OWNED;
use super::subject::Visibility;
use crate::apply::{
    Method, OnConflict, Outcome, Written, attempt, has_rules_in_cel, is_merged_three_ways, settled,
};
use crate::compare::managed_fields::{Live, Operation};
use crate::compare::shapes::status_field;
use crate::compare::work::Work;
use crate::manifest::desired::{Owner, desired};
use crate::manifest::parse::is_kept_where_it_lives;
use crate::manifest::standing::{Place, Standing};
use crate::model::PreviewField;
use crate::object::ObjectKey;
use crate::policy::Policy;
use crate::policy::managers::ManagerKind;
use crate::source::DryRunError;
use crate::types::Shape;
use crate::vocabulary::{PreviewAction, PreviewedOperation};

/// One object and what the two manifests of an operation say of it.
#[derive(Debug, Clone, Copy)]
pub struct Transition<'a> {
    /// The operation.
    pub operation: PreviewedOperation,
    /// How Helm applies.
    pub method: Method,
    /// The object.
    pub key: &'a ObjectKey,
    /// The release.
    pub owner: Owner<'a>,
    /// The document of the manifest that Helm starts from.
    pub from: Option<&'a str>,
    /// The documents of the manifest that Helm applies; of several the last one.
    pub to: Option<To<'a>>,
    /// The facts about its type.
    pub shape: Option<Shape<'a>>,
    /// The definition of its kind, where the operation applies that before the object; the facts are from it then.
    pub definition: Option<Definition<'a>>,
    /// Whether its values may be shown at all.
    pub values: Visibility,
    /// What is asked about it.
    pub detail: Detail,
}

/// What the manifest that Helm applies says of an object.
#[derive(Debug, Clone, Copy)]
pub enum To<'a> {
    /// It has this document.
    Document(&'a str),
    /// It has several documents of the object.
    Several,
}

/// The definition of a custom kind that an operation applies before the objects of it.
#[derive(Debug, Clone, Copy)]
pub struct Definition<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it says of the version that the manifest of an object names.
    pub version: DefinedVersion<'a>,
}

/// What a definition says of a version of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinedVersion<'a> {
    /// The version is served, and has a schema.
    Served,
    /// The version is not served.
    NotServed,
    /// What it says cannot be used, for this reason.
    Unread(&'a str),
}

/// How much is told of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Whether the operation works at it.
    Outcome,
    /// What the operation takes back of it, too: for the advice of a release in trouble.
    TakenBack,
    /// Its fields too.
    Fields,
    /// These, and what Helm sends, for a dry run of it.
    Requests,
}

/// What an operation does to one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectPreview {
    /// The object.
    pub key: ObjectKey,
    /// Which of the two manifests have it.
    pub manifests: InManifests,
    /// What Helm does to it, as far as the object alone tells.
    pub action: PreviewAction,
    /// Why, where the action alone does not say it; without secrets.
    pub reason: Option<String>,
    /// Why the operation fails at it, if it does.
    pub block: Option<Block>,
    /// Why it fails at it as well where that is a conflict and is forced; not where only the outcome was asked for.
    pub block_if_forced: Option<Block>,
    /// By which flags the operation gets past that; only where its fields were asked for.
    pub ways_out: Vec<WayOut>,
    /// Why the API server may refuse it, as the end of a sentence that begins with "because".
    pub may_be_refused: Option<String>,
    /// Whether it gets values for which its kind has rules in CEL, to which nothing here holds it; only where its fields were
    /// asked for.
    pub has_rules_in_cel: bool,
    /// The name of the definition of its kind, where the operation applies that before: all that is told of the object rests on
    /// it.
    pub definition: Option<String>,
    /// Its fields, where they were asked for.
    pub fields: Vec<PreviewField>,
    /// How many fields are not listed.
    pub left_out: usize,
    /// The live object; `None` where there is none, or where nothing of it may be told.
    pub live: Option<LiveFacts>,
    /// What Helm sends to create or to write it, where that was asked for.
    pub request: Option<HelmRequest>,
    /// What the API server said to a dry run of that, where one was made.
    pub dry_run: Option<Result<(), DryRunError>>,
}

/// A way for Helm to write an object at which an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayOut {
    /// Server-side apply that takes the fields of others over (`--force-conflicts`).
    Force,
    /// Client-side apply (`--server-side=false`).
    ClientSide,
}

/// Which of the two manifests of an operation have an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InManifests {
    /// Both have it.
    Both,
    /// Only the one has it that Helm starts from: Helm deletes the object.
    From,
    /// Only the one has it that Helm applies.
    To,
}

/// What is known of a live object beside its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveFacts {
    /// Whose it is.
    pub owner: LiveOwner,
    /// Whether it is being deleted.
    pub is_being_deleted: bool,
    /// Its finalizers.
    pub finalizers: Vec<String>,
    /// Whether its own annotation asks Helm to keep it.
    pub is_kept: bool,
    /// Whether Helm has applied it on the server.
    pub is_applied_by_helm: bool,
}

/// Whose a live object is, by its annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LiveOwner {
    /// The release's.
    #[default]
    Ours,
    /// Another release's, as `NAMESPACE/NAME`.
    Another(String),
    /// No release's.
    Nobody,
}

/// Why nothing is told of an object that is not the release's.
const NOT_TOLD: &str = "it is not this release's, and nothing more may be told of it";
/// Why Helm's patch of a custom resource fails that the manifest does not have from which it starts.
const LOSES_VERSION: &str =
    "Helm's patch takes out the resource version, without which the API server changes no custom resource";

/// The object that Helm sends, with what it stamps; `None` where it applies none, or where that cannot be read.
pub fn sent(transition: &Transition<'_>) -> Option<Value> {
    match transition.to? {
        To::Document(to) => Some(stamped(helm_write::read(to, transition.key)?, transition.owner)),
        To::Several => None,
    }
}

/// What an operation does to one object.
pub fn preview(
    transition: &Transition<'_>,
    live: &LiveObject<'_>,
    policy: &Policy,
    work: &Work,
) -> ObjectPreview {
    let manifests = match (transition.from, transition.to) {
        (Some(_), Some(_)) => InManifests::Both,
        (_, None) => InManifests::From,
        (None, Some(_)) => InManifests::To,
    };
    let mut preview = ObjectPreview::new(transition.key, manifests);
    let work = work.apart();
    match live {
        LiveObject::Unreadable(reason) => preview.unknown(policy.redaction.shown_text(reason)),
        // Nobody may learn what exists in another namespace.
        LiveObject::NotFound if Place::of(transition.key, transition.owner) == Place::Other => {
            preview.unknown(MISSING_OR_NOT_OWNED);
        }
        LiveObject::NotFound => absent(transition, &mut preview, policy, &work),
        LiveObject::Found(live) => found(transition, live, &mut preview, policy, &work),
    }
    if transition.detail == Detail::Requests && transition.to.is_some() && preview.request.is_none() {
        let reason = preview.reason.as_deref().unwrap_or(NO_REQUEST);
        preview.request = Some(HelmRequest::NotAsked(reason.to_owned()));
    }
    preview
}

impl ObjectPreview {
    /// An object of which nothing is known yet.
    pub(crate) fn new(key: &ObjectKey, manifests: InManifests) -> Self {
        Self {
            key: key.clone(),
            manifests,
            action: PreviewAction::None,
            reason: None,
            block: None,
            block_if_forced: None,
            ways_out: Vec::new(),
            may_be_refused: None,
            has_rules_in_cel: false,
            definition: None,
            fields: Vec::new(),
            left_out: 0,
            live: None,
            request: None,
            dry_run: None,
        }
    }

    /// An object that could not be read, for this reason.
    pub fn unread(key: &ObjectKey, manifests: InManifests, reason: String) -> Self {
        let mut preview = Self::new(key, manifests);
        preview.request = match manifests {
            InManifests::Both | InManifests::To => Some(HelmRequest::NotAsked(reason.clone())),
            InManifests::From => None,
        };
        preview.unknown(reason);
        preview
    }

    /// Notes the definition of its kind. Whether it leaves anything to tell of the object.
    fn is_defined(&mut self, transition: &Transition<'_>) -> bool {
        let (Some(_), Some(definition)) = (transition.to, transition.definition) else {
            return true;
        };
        self.definition = Some(definition.name.to_owned());
        match definition.version {
            DefinedVersion::Served => true,
            DefinedVersion::NotServed => {
                // Helm finds no object by that version, and fails to create one.
                self.live = None;
                self.fails(Block::Refused {
                    path: "/apiVersion".to_owned(),
                    rule: format!(
                        "CustomResourceDefinition {}, which Helm applies before, does not serve this version any more",
                        definition.name
                    ),
                });
                false
            }
            DefinedVersion::Unread(why) => {
                self.unknown(format!(
                    "Helm applies CustomResourceDefinition {} before, and what that says of it is not known: {why}",
                    definition.name
                ));
                false
            }
        }
    }

    /// Leaves an object that Helm is to delete where it is, if it is not found by the version of its manifest any more: Helm
    /// passes over it (Helm: `pkg/kube/client.go`, `update`).
    fn stays_unfound(&mut self, definition: Definition<'_>) {
        match definition.version {
            DefinedVersion::NotServed => {
                self.definition = Some(definition.name.to_owned());
                self.action = PreviewAction::None;
                self.reason = Some(format!(
                    "it stays, because Helm does not find it: CustomResourceDefinition {}, which Helm applies before, does not \
                     serve its version any more",
                    definition.name
                ));
            }
            DefinedVersion::Served | DefinedVersion::Unread(_) => {}
        }
    }

    fn unknown(&mut self, reason: impl Into<String>) {
        self.action = PreviewAction::Unknown;
        self.reason = Some(reason.into());
    }

    /// Notes what Helm sends, where that is asked for.
    fn ask(
        &mut self,
        transition: &Transition<'_>,
        documents: &Documents<'_>,
        live: Option<&Live<'_>>,
        policy: &Policy,
        work: &Work,
    ) {
        match transition.detail {
            Detail::Outcome | Detail::TakenBack | Detail::Fields => {}
            Detail::Requests => {
                let work = work.apart();
                self.request = Some(request::of(transition, documents, live, &policy.redaction, &work));
            }
        }
    }

    fn notes_rules_in_cel(
        &mut self,
        transition: &Transition<'_>,
        live: Option<&Value>,
        after: &Value,
        work: &Work,
    ) {
        self.has_rules_in_cel = match transition.detail {
            Detail::Outcome | Detail::TakenBack => false,
            Detail::Fields | Detail::Requests => has_rules_in_cel(transition.shape, live, after, work),
        };
    }

    fn fails(&mut self, block: Block) {
        self.action = PreviewAction::Fail;
        self.block = Some(block);
    }

    /// Forgets why the operation fails at it, and what gets it past that.
    pub(crate) fn unblock(&mut self) {
        self.block = None;
        self.block_if_forced = None;
        self.ways_out.clear();
    }
}

fn absent(transition: &Transition<'_>, preview: &mut ObjectPreview, policy: &Policy, work: &Work) {
    let to = match transition.to {
        None => return,
        Some(To::Several) => return preview.unknown(SEVERAL_DOCUMENTS),
        Some(To::Document(to)) => to,
    };
    preview.action = PreviewAction::Create;
    if !preview.is_defined(transition) {
        return;
    }
    let documents = Documents {
        key: transition.key,
        owner: transition.owner,
        shape: transition.shape,
        manager: HELM,
        from: Start::Nothing,
        to,
    };
    let outcome = documents.ask(transition.method, None, work, attempt);
    let outcome = outcome.unwrap_or_else(|reason| Outcome::Unknown(reason.into()));
    // What the simulation does not know of a new object does not make its creation uncertain: only a rule that refuses it.
    if let Some(block) = Block::of(&outcome) {
        preview.fails(block.shown_in(&transition.key.gvk, &[], &policy.redaction));
    } else if let Outcome::Created(object) = &outcome {
        preview.notes_rules_in_cel(transition, None, object, work);
    }
    preview.ask(transition, &documents, None, policy, work);
}

fn found(
    transition: &Transition<'_>,
    live: &Live<'_>,
    preview: &mut ObjectPreview,
    policy: &Policy,
    work: &Work,
) {
    let standing = Standing::of(&live.object, transition.key, transition.owner);
    let owner = match standing {
        Standing::Ours => LiveOwner::Ours,
        Standing::Another(other) => LiveOwner::Another(
            policy
                .redaction
                .shown_text(&format!("{}/{}", other.namespace, other.name)),
        ),
        Standing::Nobody => LiveOwner::Nobody,
        Standing::Unproven => return preview.unknown(MISSING_OR_NOT_OWNED),
    };
    let metadata = &live.object["metadata"];
    let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
    preview.live = Some(LiveFacts {
        owner,
        is_being_deleted: metadata["deletionTimestamp"].is_string(),
        finalizers: finalizers
            .filter_map(Value::as_str)
            .take(MAX_FINALIZERS)
            .map(|finalizer| policy.redaction.shown_text(finalizer))
            .collect(),
        is_applied_by_helm: live.managed.iter().any(|entry| {
            entry.operation == Operation::Apply
                && entry.subresource.is_empty()
                && policy.managers.kind_of(&entry.manager) == ManagerKind::Helm
        }),
        is_kept: is_kept_where_it_lives(&live.object),
    });
    let is_kept = preview.live.as_ref().is_some_and(|live| live.is_kept);
    let to = match transition.to {
        None => {
            preview.action = if is_kept {
                PreviewAction::Keep
            } else {
                PreviewAction::Delete
            };
            if !is_kept && let Some(definition) = transition.definition {
                preview.stays_unfound(definition);
            }
            return;
        }
        Some(To::Several) => return preview.unknown(SEVERAL_DOCUMENTS),
        Some(To::Document(to)) => to,
    };
    if standing != Standing::Ours && !may_be_foretold(transition.key, transition.owner) {
        return preview.unknown(NOT_TOLD);
    }
    if !preview.is_defined(transition) {
        return;
    }
    let start = match (transition.from, transition.operation, transition.method) {
        (Some(from), _, _) => Start::Document(from),
        (None, PreviewedOperation::Rollback, Method::ClientSide) => {
            if !is_merged_three_ways(&transition.key.gvk) {
                preview.fails(Block::Refused {
                    path: "/metadata/resourceVersion".to_owned(),
                    rule: LOSES_VERSION.to_owned(),
                });
                return;
            }
            Start::Live
        }
        (None, _, _) => Start::Nothing,
    };
    let documents = Documents {
        key: transition.key,
        owner: transition.owner,
        shape: transition.shape,
        manager: match transition.method {
            Method::ClientSide => HELM,
            Method::ServerSide(_) | Method::ToServerSide(_) => {
                manager(live, transition.shape, &policy.managers, work)
            }
        },
        from: start,
        to,
    };
    let outcome = documents.ask(transition.method, Some(live), work, attempt);
    let outcome = outcome.unwrap_or_else(|reason| Outcome::Unknown(reason.into()));
    // Nothing is sent in driftline's name about an object that is not provably the release's.
    if standing == Standing::Ours {
        preview.ask(transition, &documents, Some(live), policy, work);
    }
    if let Some(block) = Block::of(&outcome) {
        let applied = read(transition, to);
        let versions = [&applied, &live.object];
        preview.fails(block.shown_in(&transition.key.gvk, &versions, &policy.redaction));
        if transition.detail == Detail::Outcome {
            return;
        }
        let fields = Fields::that_fail(transition, &outcome, &applied, live, work);
        (preview.fields, preview.left_out) = fields.shown(transition, &versions, policy);
        let forced = forced(&outcome, transition.method, &documents, live, work);
        let block = forced.as_ref().and_then(Block::of);
        preview.block_if_forced =
            block.map(|block| block.shown_in(&transition.key.gvk, &versions, &policy.redaction));
        match transition.detail {
            Detail::Outcome | Detail::TakenBack => {}
            Detail::Fields | Detail::Requests => {
                preview.ways_out = ways_out(transition.method, forced.as_ref(), &documents, live, work);
            }
        }
        return;
    }
    let outcome = match outcome {
        Outcome::Untouched if transition.definition.is_some() => reread(transition, live, work),
        outcome => outcome,
    };
    let (after, doubts) = match &outcome {
        Outcome::Untouched => (&live.object, &[][..]),
        Outcome::Written(written) => {
            preview.action = PreviewAction::Change;
            preview.may_be_refused = written.may_be_refused.as_deref().map(str::to_owned);
            (&written.object, &written.doubts[..])
        }
        Outcome::Unknown(reason) => return preview.unknown(policy.redaction.shown_text(reason)),
        Outcome::Created(_) | Outcome::Deleted | Outcome::Conflict(_) | Outcome::Refused(_) => {
            return preview.unknown(NO_WRITE);
        }
    };
    match transition.detail {
        Detail::Outcome => {}
        Detail::TakenBack | Detail::Fields | Detail::Requests => {
            let applied = read(transition, to);
            let fields = Fields::of(transition, &applied, after, doubts, live, &policy.managers, work);
            if work.is_spent() {
                return preview.unknown(TOO_COSTLY);
            }
            if preview.action == PreviewAction::Change && !fields.has_changes() {
                if is_reordered(after, &live.object) {
                    preview.reason = Some(ONLY_ORDER.to_owned());
                } else {
                    preview.action = PreviewAction::None;
                }
            }
            if preview.action == PreviewAction::Change {
                preview.notes_rules_in_cel(transition, Some(&live.object), after, work);
            }
            let versions = [&applied, &live.object, after];
            (preview.fields, preview.left_out) = fields.shown(transition, &versions, policy);
        }
    }
}

/// What is read of an object that Helm does not write: the API server drops and fills in fields by the definition that it has
/// then (apiextensions-apiserver: `pkg/apiserver/customresource_handler.go`, `schemaCoercingDecoder` and `unstructuredDefaulter`).
fn reread(transition: &Transition<'_>, live: &Live<'_>, work: &Work) -> Outcome {
    let read = settled(
        &transition.key.gvk,
        transition.shape,
        &live.object,
        live.object.clone(),
        work,
    );
    match read {
        Outcome::Written(written) if written.object != live.object => Outcome::Written(Written {
            may_be_refused: None,
            ..written
        }),
        Outcome::Written(_)
        | Outcome::Untouched
        | Outcome::Created(_)
        | Outcome::Deleted
        | Outcome::Conflict(_)
        | Outcome::Refused(_)
        | Outcome::Unknown(_) => Outcome::Untouched,
    }
}

/// Whether a list of named elements has another order in another version of an object.
fn is_reordered(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => one
            .iter()
            .any(|(field, one)| other.get(field).is_some_and(|other| is_reordered(one, other))),
        (Value::Array(one), Value::Array(other)) => {
            let (mut one, mut other) = (names(one), names(other));
            let is_same = one == other;
            one.sort_unstable();
            other.sort_unstable();
            !is_same && one == other
        }
        (_, _) => false,
    }
}

/// The names of the elements of a list.
fn names(items: &[Value]) -> Vec<&str> {
    let names = items.iter().map(|item| item["name"].as_str().or(item.as_str()));
    names.map(Option::unwrap_or_default).collect()
}

/// What changes where no field does.
const ONLY_ORDER: &str = "only the order of a list changes";

/// What comes of a conflict that is forced; `None` where there is none.
fn forced(
    outcome: &Outcome,
    method: Method,
    documents: &Documents<'_>,
    live: &Live<'_>,
    work: &Work,
) -> Option<Outcome> {
    let method = match (outcome, method) {
        (Outcome::Conflict(_), Method::ServerSide(_)) => Method::ServerSide(OnConflict::Force),
        (Outcome::Conflict(_), Method::ToServerSide(_)) => Method::ToServerSide(OnConflict::Force),
        (_, _) => return None,
    };
    documents.ask(method, Some(live), work, attempt).ok()
}

/// By which flags Helm gets past the failure of a server-side apply. `forced` is what comes of it when it is forced.
fn ways_out(
    method: Method,
    forced: Option<&Outcome>,
    documents: &Documents<'_>,
    live: &Live<'_>,
    work: &Work,
) -> Vec<WayOut> {
    let works = |outcome: &Outcome| match outcome {
        Outcome::Written(written) => written.may_be_refused.is_none(),
        Outcome::Untouched => true,
        Outcome::Created(_)
        | Outcome::Deleted
        | Outcome::Conflict(_)
        | Outcome::Refused(_)
        | Outcome::Unknown(_) => false,
    };
    let client_side = || match method {
        Method::ClientSide => None,
        Method::ServerSide(_) | Method::ToServerSide(_) => {
            documents.ask(Method::ClientSide, Some(live), work, attempt).ok()
        }
    };
    let by_force = forced.is_some_and(works).then_some(WayOut::Force);
    let in_the_client = client_side()
        .as_ref()
        .is_some_and(works)
        .then_some(WayOut::ClientSide);
    by_force.into_iter().chain(in_the_client).collect()
}

/// Why no dry run is made where nothing else says why.
const NO_REQUEST: &str = "what Helm sends is not known";

/// Why nothing is told of an outcome that a live object cannot have.
const NO_WRITE: &str = "Helm does not write over the live object";

/// How many finalizers of one object are kept.
const MAX_FINALIZERS: usize = 20;

fn read(transition: &Transition<'_>, document: &str) -> Value {
    let body = serde_json::from_str(document).unwrap_or(Value::Null);
    desired(
        body,
        transition.key,
        transition.owner,
        status_field(transition.shape),
    )
}
