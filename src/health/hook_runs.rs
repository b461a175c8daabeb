//! The runs of an operation's hooks, as the record and the objects that the hooks made tell of them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::readiness::JobState;
use super::release_facts::{ObservedObject, ReleaseFacts};
use crate::release::record::Hook;
use crate::release::stored::StoredRevision;

/// Hooks by the kind and the name of the objects that they make. A record can have a thousand; of several that make the
/// same object, the first counts.
pub(super) fn by_object(hooks: &[Hook]) -> HashMap<(&str, &str), &Hook> {
    let mut by_object = HashMap::new();
    for hook in hooks {
        by_object
            .entry((hook.kind.as_str(), hook.name.as_str()))
            .or_insert(hook);
    }
    by_object
}

/// Those of the newest revision; none where its record was not read.
pub(super) fn of_newest<'f>(
    facts: &ReleaseFacts<'f>,
    latest: &StoredRevision,
) -> HashMap<(&'f str, &'f str), &'f Hook> {
    let record = facts.records.get(&latest.revision);
    by_object(record.map(|record| record.hooks.as_slice()).unwrap_or_default())
}

/// The kind and the name of an object that a hook made.
pub(super) fn made(object: &ObservedObject) -> (&str, &str) {
    (&object.key.gvk.kind, &object.key.name)
}

/// Whether a Job or a Pod failed that a hook of the newest operation made.
pub(super) fn has_failed(facts: &ReleaseFacts<'_>, latest: &StoredRevision) -> bool {
    let hooks = of_newest(facts, latest);
    facts.objects.hooks.iter().any(|object| {
        let job = object.observed.as_ref().and_then(|observed| observed.job);
        job == Some(JobState::Failed)
            && hooks
                .get(&made(object))
                .is_some_and(|hook| started(latest, hook).is_some())
    })
}

/// When an operation started a hook, if it did. A rollback copies the outcome of its target's hooks. Two clocks are involved,
/// so a minute is allowed between them.
pub(super) fn started(latest: &StoredRevision, hook: &Hook) -> Option<DateTime<Utc>> {
    let begin = latest.created.map(|created| created - TimeDelta::minutes(1));
    let started = hook.last_run.started_at;
    started.filter(|started| begin.is_none_or(|begin| *started >= begin))
}
