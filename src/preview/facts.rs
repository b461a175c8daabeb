//! The facts that a preview rests on: the operation, the records that it needs, the objects, the hooks, and what is around
//! them.

use std::collections::BTreeSet;

use super::confirmed::DryRuns;
use super::surroundings::Obstacle;
use super::target::{RecordAccess, Target};
use crate::apply::{Method, OnConflict};
use crate::classify::transition::{LiveOwner, ObjectPreview};
use crate::health::ReleaseFacts;
use crate::object::ObjectKey;
use crate::vocabulary::{ApplyMethod, PreviewedOperation};

/// An operation of Helm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Which one.
    pub kind: PreviewedOperation,
    /// The revision whose manifest Helm starts from.
    pub from: u64,
    /// The revision that a rollback goes to.
    pub to: Option<u64>,
    /// How Helm applies: for a rollback as the record of the target says.
    pub method: ApplyMethod,
}

impl Operation {
    /// How Helm writes the objects. Every rollback makes what Helm wrote client-side its own first.
    pub const fn apply(self) -> Method {
        match (self.method, self.kind) {
            (ApplyMethod::Csa, _) => Method::ClientSide,
            (ApplyMethod::Ssa, PreviewedOperation::Rollback) => Method::ToServerSide(OnConflict::Fail),
            (ApplyMethod::Ssa, PreviewedOperation::Upgrade) => Method::ServerSide(OnConflict::Fail),
        }
    }
}

/// The facts that a preview rests on.
#[derive(Debug, Clone, Copy)]
pub struct PreviewFacts<'a> {
    /// The release.
    pub release: &'a ReleaseFacts<'a>,
    /// The operation.
    pub operation: Operation,
    /// The revision that a rollback goes to, and how it was chosen; `None` for an upgrade.
    pub target: Option<&'a Target>,
    /// Whether the record could be used that Helm starts from: the newest one, or for an upgrade the deployed one.
    pub newest_record: &'a RecordAccess,
    /// What is known of the methods of both revisions.
    pub methods: MethodFacts,
    /// The objects of both manifests: those that Helm applies, in the order of the manifest, then those that it deletes.
    pub objects: &'a [ObjectPreview],
    /// The kinds of the manifests that the API server does not serve.
    pub not_served: &'a NotServed,
    /// The hooks that the operation runs, in Helm's order: those before the objects, then those after them.
    pub hooks: &'a [HookFacts],
    /// What stands in the way around the objects, what goes with them, and what of that could not be read; `None` where nobody
    /// looked, as in a scan.
    pub around: Option<&'a [Obstacle]>,
    /// What dry runs of the writes showed; the objects and what is around them have it already. `None` where none was asked for.
    pub dry_runs: Option<&'a DryRuns>,
}

impl PreviewFacts<'_> {
    /// Whether the API server accepts an object as Helm sends it.
    pub(super) fn is_accepted(&self, key: &ObjectKey) -> bool {
        self.dry_runs
            .is_some_and(|dry_runs| dry_runs.accepted.contains(key))
    }

    /// Whether it accepts every object that Helm sends.
    pub(super) fn accepts_all(&self) -> bool {
        self.dry_runs
            .is_some_and(|dry_runs| dry_runs.accepted.len() == dry_runs.confirmation.writes)
    }
}

/// The kinds of both manifests that the API server does not serve, in words. Those of hooks are not among them: such a hook
/// has [`HookPresence::KindNotServed`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotServed {
    /// Those of the manifest that Helm starts from.
    pub from: BTreeSet<String>,
    /// Those of the manifest that Helm applies.
    pub to: BTreeSet<String>,
}

/// What is known of how the two revisions were applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodFacts {
    /// The method in the record that Helm starts from; `None` where the record names none.
    pub from: Option<ApplyMethod>,
    /// The method in the record that decides, of which `auto` makes Helm's choice: that of the target of a rollback, that of
    /// the newest record for an upgrade. `None` where the record names none, as every record that Helm 3 wrote (or wrote again).
    pub decisive: Option<ApplyMethod>,
    /// Whether live objects show that Helm once applied them on the server.
    pub traces: ServerSideTraces,
}

/// Whether live objects have an entry of Helm's with the operation `Apply` among their managed fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerSideTraces {
    /// None has, or nobody looked.
    #[default]
    None,
    /// At least one has.
    Some,
}

/// One hook that an operation runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFacts {
    /// Its object.
    pub key: ObjectKey,
    /// The revision that has it; `None` for a hook of rendered manifests.
    pub revision: Option<u64>,
    /// When the operation runs it.
    pub time: HookTime,
    /// Its delete policies, as the record has them: with none, Helm takes `before-hook-creation`.
    pub delete_policies: Vec<String>,
    /// What has its name in the cluster.
    pub presence: HookPresence,
}

/// When an operation runs a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookTime {
    /// Before the objects are applied.
    Before,
    /// When the objects are applied and awaited.
    After,
}

impl HookTime {
    /// The event at which an operation runs such a hook, by Helm's name.
    pub const fn event(self, operation: PreviewedOperation) -> &'static str {
        match (operation, self) {
            (PreviewedOperation::Rollback, Self::Before) => "pre-rollback",
            (PreviewedOperation::Rollback, Self::After) => "post-rollback",
            (PreviewedOperation::Upgrade, Self::Before) => "pre-upgrade",
            (PreviewedOperation::Upgrade, Self::After) => "post-upgrade",
        }
    }
}

/// What has the name of a hook in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookPresence {
    /// Nothing has.
    Absent,
    /// An object has.
    Present(LiveHook),
    /// Nothing may be told: the hook is in another namespace, and nothing proves that what is there is the release's.
    NotTold,
    /// The API server does not serve its kind.
    KindNotServed,
    /// It could not be read, for this reason.
    Unread(String),
}

/// An object that has the name of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveHook {
    /// What an earlier run of a hook left: its annotation `helm.sh/hook` says so.
    EarlierRun,
    /// A run of a hook that has not ended.
    Running,
    /// Another object, with its owner.
    Other(LiveOwner),
}
