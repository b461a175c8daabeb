//! What of the notifications comes to nothing as it is configured, a sentence each: no mistake that could end a scan, since a flag,
//! a variable or another file may have been meant to complete it.

use super::state::StateStore;
use crate::notify::section::NotifySection;
use crate::notify::{LEFT_OUT, Sinks};

/// What has no effect without a memory, if there is none.
pub(super) fn without_memory(section: &NotifySection, sinks: &Sinks, state: &StateStore) -> Vec<String> {
    if *state != StateStore::None || sinks.is_empty() {
        return Vec::new();
    }
    let keys: Vec<String> = section.keys_of_memory().map(|key| format!("`{key}`")).collect();
    let of_keys = match &keys[..] {
        [] => None,
        [key] => Some(format!("notify: {key} has no effect")),
        keys => Some(format!("notify: {} have no effect", keys.join(" and "))),
    };
    let of_sinks = sinks.without_memory();
    let of_sinks = of_sinks.map(|(name, what)| format!("{name}: {what}"));
    let all = of_keys.into_iter().chain(of_sinks);
    all.map(|what| {
        format!(
            "{what} without a memory of earlier scans: set `state` in the configuration file, --state or DRIFTLINE_STATE"
        )
    })
    .collect()
}

/// The receivers that get nothing.
pub(super) fn left_out(sinks: &Sinks) -> Vec<String> {
    sinks
        .left_out()
        .map(|name| format!("{name}: {LEFT_OUT}"))
        .collect()
}
