//! Previews: what an operation of Helm would do to a release, if it ran now.
//!
//! Everything here is read from records and from the cluster before; Helm itself checks nothing of it in a dry run. What
//! happens to each object is known already ([`crate::classify::transition`]); here it is put together in Helm's order, with
//! what stands in the way around the objects, the hooks, and what is left behind when it fails (Helm:
//! `pkg/action/rollback.go`, `upgrade.go`; `pkg/kube/client.go`, `Update`).

pub mod surroundings;

use std::collections::BTreeSet;

use crate::classify::transition::ObjectPreview;
use crate::health::ReleaseFacts;
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

/// The facts that a preview rests on.
#[derive(Debug, Clone, Copy)]
pub struct PreviewFacts<'a> {
    /// The release.
    pub release: &'a ReleaseFacts<'a>,
    /// The operation.
    pub operation: Operation,
    /// The objects of both manifests: those that Helm applies, in the order of the manifest, then those that it deletes.
    pub objects: &'a [ObjectPreview],
    /// The kinds of the manifests that the API server does not serve.
    pub not_served: &'a NotServed,
}

/// The kinds that the API server does not serve, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotServed {
    /// Those of the manifest that Helm starts from.
    pub from: BTreeSet<String>,
    /// Those of the manifest that Helm applies.
    pub to: BTreeSet<String>,
    /// Those of the hooks that the operation runs.
    pub hooks: BTreeSet<String>,
}
