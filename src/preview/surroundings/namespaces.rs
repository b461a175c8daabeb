//! Nothing can be created in a namespace that does not exist, or that is being deleted; what is there already can still be
//! written (Kubernetes: `apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go`, `Admit`).

use std::collections::BTreeSet;

use super::{Obstacle, SurroundingFacts, Verdict, gap_of, namespaces_of_creates};
use crate::health::entry::moment;
use crate::source::surroundings::{NamespaceFacts, SentVerb};
use crate::vocabulary::PreviewCause;

pub(super) fn judge(facts: &SurroundingFacts<'_>) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let state = |name: &str| facts.surroundings.namespaces.get(name);
    let record = facts.record;
    if let Some(problem) = state(record.namespace).and_then(|answer| problem(answer.read()?.as_ref())) {
        found.push(Obstacle::of_release(
            PreviewCause::RecordRefused,
            Verdict::RecordRefused,
            format!(
                "Helm cannot store the new revision: namespace {} {problem}",
                record.namespace
            ),
        ));
    }
    let mut made: BTreeSet<&str> = BTreeSet::new();
    for sent in facts.sent {
        match sent.verb {
            SentVerb::Create if sent.is("", "Namespace") => {
                made.insert(&sent.key.name);
            }
            SentVerb::Create => {
                let namespace = sent.key.namespace.as_deref();
                let namespace = namespace.filter(|namespace| !made.contains(namespace));
                let problem = namespace
                    .and_then(state)
                    .and_then(|answer| problem(answer.read()?.as_ref()));
                if let (Some(namespace), Some(problem)) = (namespace, problem) {
                    found.push(Obstacle::of_object(
                        PreviewCause::NamespaceGone,
                        sent,
                        Verdict::CreateFails,
                        format!("it cannot be created: namespace {namespace} {problem}"),
                    ));
                }
            }
            SentVerb::Update | SentVerb::Delete => {}
        }
    }
    found.extend(namespaces_of_creates(facts).into_iter().filter_map(|namespace| {
        let what = format!("whether namespace {namespace} takes new objects");
        gap_of(&what, state(namespace))
    }));
    found
}

/// Why nothing can be created in a namespace, after its name.
fn problem(namespace: Option<&NamespaceFacts>) -> Option<String> {
    match namespace {
        None => Some("does not exist".to_owned()),
        Some(NamespaceFacts {
            terminating_since: Some(since),
            labels: _,
        }) => Some(format!(
            "is being deleted since {}, and takes no new objects",
            moment(*since)
        )),
        Some(NamespaceFacts {
            terminating_since: None,
            labels: _,
        }) => None,
    }
}
