//! Previews: what an operation of Helm would do to a release, if it ran now.
//!
//! Everything here is read from records and from the cluster before; Helm itself checks nothing of it in a dry run. What
//! happens to each object is known already ([`crate::classify::transition`]); here it is put together in Helm's order, with
//! what stands in the way around the objects, the hooks, and what is left behind when it fails (Helm:
//! `pkg/action/rollback.go`, `upgrade.go`; `pkg/kube/client.go`, `Update`).

mod facts;
pub mod surroundings;
mod target;

pub use self::facts::{
    HookFacts, HookPresence, HookTime, LiveHook, MethodFacts, NotServed, Obstacle, ObstacleStep, Operation,
    PreviewFacts, RecordAccess, ServerSideTraces, Strength, Surrounded,
};
pub use self::target::{Target, TargetChoice, TargetRecord, TargetStanding, choose_target};

/// The preview.
pub fn preview(facts: &PreviewFacts<'_>) -> crate::model::Preview {
    use crate::vocabulary::PreviewOutcome;
    let fails = facts.objects.iter().any(|object| object.block.is_some());
    crate::model::Preview {
        operation: facts.operation.kind,
        from_revision: facts.operation.from,
        to_revision: facts.operation.to,
        apply_method: facts.operation.method,
        outcome: if fails {
            PreviewOutcome::Failed
        } else {
            PreviewOutcome::Works
        },
        message: String::new(),
        causes: Vec::new(),
        leaves: None,
        objects: facts
            .objects
            .iter()
            .map(|object| crate::model::PreviewObject {
                api_version: object.key.gvk.api_version.clone(),
                kind: object.key.gvk.kind.clone(),
                namespace: object.key.namespace.clone(),
                name: object.key.name.clone(),
                action: object.action,
                reason: object.reason.clone(),
                fields: object.fields.clone(),
                left_out: object.left_out,
            })
            .collect(),
        hooks: Vec::new(),
        not_known: Vec::new(),
        advice: Vec::new(),
    }
}

/// What the health says.
pub const fn health(_facts: &PreviewFacts<'_>) -> Vec<crate::model::Health> {
    Vec::new()
}
