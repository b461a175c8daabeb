//! Definitions of custom resources that do not let something happen: a version that has stored objects cannot be dropped,
//! and a definition that is being deleted takes no new objects (Kubernetes:
//! `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`, `ValidateCustomResourceDefinitionStoredVersions`;
//! `pkg/apiserver/customresource_handler.go`, `serveResource`).

use serde_json::Value;

use super::{Obstacle, Sent, SurroundingFacts, Verdict, gap_of};
use crate::health::entry::moment;
use crate::source::surroundings::{Definition, SentVerb, definition_of};
use crate::vocabulary::PreviewCause;

pub(super) fn judge(facts: &SurroundingFacts<'_>) -> Vec<Obstacle> {
    let mut found = Vec::new();
    for sent in facts.sent {
        match sent.verb {
            SentVerb::Update if sent.is("apiextensions.k8s.io", "CustomResourceDefinition") => {
                found.extend(dropped_version(facts, sent));
            }
            SentVerb::Create => found.extend(terminating(facts, sent)),
            SentVerb::Update | SentVerb::Delete => {}
        }
    }
    found
}

fn dropped_version(facts: &SurroundingFacts<'_>, sent: &Sent<'_>) -> Option<Obstacle> {
    let answer = facts.surroundings.definitions.get(&sent.key.name);
    let stored: Vec<&str> = if let Some(live) = sent.live {
        texts(&live["status"]["storedVersions"]).collect()
    } else {
        let Some(definition) = answer.and_then(|answer| answer.read()) else {
            let what = format!("in which versions {} has stored objects", sent.key);
            return gap_of(&what, answer);
        };
        definition.iter().flat_map(stored_versions).collect()
    };
    let versions = sent.object?["spec"]["versions"].as_array()?;
    let has = |stored: &str| versions.iter().any(|version| version["name"] == stored);
    let dropped: Vec<&str> = stored.into_iter().filter(|version| !has(version)).collect();
    if dropped.is_empty() {
        return None;
    }
    Some(Obstacle::of_object(
        PreviewCause::Rule,
        sent,
        Verdict::UpdateFails,
        format!(
            "it cannot lose version {}, in which objects are or were stored (status.storedVersions)",
            dropped.join(", ")
        ),
    ))
}

fn stored_versions(definition: &Definition) -> impl Iterator<Item = &str> {
    definition.stored_versions.iter().map(String::as_str)
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn terminating(facts: &SurroundingFacts<'_>, sent: &Sent<'_>) -> Option<Obstacle> {
    let name = definition_of(&sent.key.gvk, facts.kinds)?;
    let definition = facts.surroundings.definitions.get(&name)?.read()?.as_ref()?;
    definition.terminating_since.map(|since| {
        let message = format!(
            "it cannot be created: the CustomResourceDefinition {name} is being deleted since {}",
            moment(since)
        );
        Obstacle::of_object(PreviewCause::Rule, sent, Verdict::CreateFails, message)
    })
}
