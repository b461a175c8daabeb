//! Keys of the names under which charts take what is added.

use serde_json::Value;

use super::super::names::plain;
use super::super::placement::placements;
use super::super::question::words_of;
use super::place::Place;
use super::{Candidate, last_name, same_end};

/// Keys that may add a field. None where a chart may read the key in more than one form.
pub(super) fn candidates(place: &Place<'_>, live: &Value) -> Vec<Candidate> {
    let path = &place.question.field.path;
    let kind = place.question.asked.key.gvk.kind.as_str();
    let is_of_pod = path.keys().any(|key| key == "template");
    let nodes = place.nodes();
    let mut candidates = Vec::new();
    for placement in placements(path) {
        let before: Vec<String> = words_of(path)
            .into_iter()
            .take_while(|word| word != placement.name)
            .collect();
        for (key, current) in &nodes {
            let Some(name) = last_name(key) else { continue };
            let labels = place.labels(key);
            let is_global = labels.first().is_some_and(|first| first == "global");
            let above = labels.split_last().map_or(&[][..], |(_, above)| above);
            let above_last = above.last().map(|name| plain(name)).unwrap_or_default();
            let takes = takes(&plain(name), &above_last, placement.name, kind, is_of_pod);
            let is_list = current.is_array() || placement.name != "env";
            if is_global || !takes || !is_list {
                continue;
            }
            let values = placement.values(current, live);
            if let [value] = &values[..] {
                candidates.push(Candidate {
                    key: key.clone(),
                    value: value.clone(),
                    depth: 1 + same_end(above, &before),
                });
            }
        }
    }
    candidates
}

/// Whether charts take a field of this name at a key, by the key's name and the one above it.
fn takes(name: &str, above: &str, field: &str, kind: &str, is_of_pod: bool) -> bool {
    match field {
        "nodeSelector" | "tolerations" | "priorityClassName" | "resources" => name == plain(field),
        "annotations" if is_of_pod => name == "podannotations",
        "annotations" => {
            let kind = plain(kind);
            matches!(kind.as_str(), "service" | "ingress")
                && ((name == "annotations" && above == kind) || name == format!("{kind}annotations"))
        }
        "env" => matches!(name, "extraenvvars" | "extraenv" | "env"),
        _ => false,
    }
}
