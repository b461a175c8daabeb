//! Previews: what an operation of Helm would do to a release, if it ran now.
//!
//! Everything here is read from records and from the cluster before; Helm itself checks nothing of it in a dry run. What
//! happens to each object is known already ([`crate::classify::transition`]); here it is put together in Helm's order, with
//! what stands in the way around the objects, the hooks, and what is left behind when it fails (Helm:
//! `pkg/action/rollback.go`, `upgrade.go`; `pkg/kube/client.go`, `Update`).

mod facts;
mod target;

pub use self::facts::{
    HookFacts, HookPresence, HookTime, LiveHook, MethodFacts, NotServed, Obstacle, ObstacleStep, Operation,
    PreviewFacts, RecordAccess, ServerSideTraces, Strength, Surrounded,
};
pub use self::target::{Target, TargetChoice, TargetRecord, TargetStanding, choose_target};
