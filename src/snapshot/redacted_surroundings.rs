//! What is around the objects, as a redacted snapshot holds it.
//!
//! It has no values of objects, but labels can hold anything. They are hidden by the rules for the labels of objects, with the
//! same tokens, so that a selector selects what it selected before.

use serde_json::{Value, json};

use super::redactor::Redactor;
use crate::object::Gvk;
use crate::source::surroundings::{Answer, LabelSelector, Labels, MatchResources, Surroundings};

/// Replaces what the rules hide.
pub(super) fn redact(redactor: &Redactor, surroundings: &mut Surroundings) {
    for answer in surroundings.namespaces.values_mut() {
        if let Answer::Read(Some(facts)) = answer {
            facts.labels = labels(redactor, &facts.labels);
        }
    }
    if let Answer::Read(webhooks) = &mut surroundings.webhooks {
        for webhook in webhooks {
            redact_selectors(redactor, &mut webhook.matches);
        }
    }
    if let Answer::Read(policies) = &mut surroundings.policies {
        for policy in policies {
            redact_selectors(redactor, &mut policy.matches);
            let of_bindings = policy.bindings.iter_mut();
            for matches in of_bindings.filter_map(|binding| binding.matches.as_mut()) {
                redact_selectors(redactor, matches);
            }
        }
    }
}

fn redact_selectors(redactor: &Redactor, matches: &mut MatchResources) {
    for selector in [&mut matches.namespace_selector, &mut matches.object_selector] {
        redact_selector(redactor, selector);
    }
}

fn redact_selector(redactor: &Redactor, selector: &mut LabelSelector) {
    selector.match_labels = labels(redactor, &selector.match_labels);
    for requirement in &mut selector.match_expressions {
        for value in &mut requirement.values {
            let label = Labels::from([(requirement.key.clone(), std::mem::take(value))]);
            *value = labels(redactor, &label).into_values().next().unwrap_or_default();
        }
    }
}

/// Labels as they stand in a redacted object.
fn labels(redactor: &Redactor, labels: &Labels) -> Labels {
    let mut object = json!({"metadata": {"labels": labels}});
    redactor.object(&Gvk::new("v1", "Namespace"), &mut object);
    let hidden = object["metadata"]["labels"].as_object();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    hidden
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::redact::Redaction;
    use crate::source::surroundings::{
        Backend, FailurePolicy, LabelOperator, LabelRequirement, NamespaceFacts, Webhook, WebhookKind,
    };

    #[test]
    fn secret_labels_are_hidden_and_selectors_select_as_before() {
        let redactor = Redactor::new(Redaction::default()).unwrap();
        let secret = ("password".to_owned(), "hunter2hunter2".to_owned());
        let plain = ("team".to_owned(), "shop".to_owned());
        let selector = LabelSelector {
            match_labels: Labels::from([plain.clone()]),
            match_expressions: vec![LabelRequirement {
                key: secret.0.clone(),
                operator: LabelOperator::In,
                values: vec!["other-secret".to_owned(), secret.1.clone()],
            }],
        };
        let webhook = Webhook {
            kind: WebhookKind::Validating,
            configuration: "c".to_owned(),
            name: "a.example.com".to_owned(),
            matches: MatchResources {
                namespace_selector: selector.clone(),
                object_selector: selector,
                ..MatchResources::default()
            },
            conditions: 0,
            failure_policy: FailurePolicy::Fail,
            backend: Backend::Url,
        };
        let mut surroundings = Surroundings {
            webhooks: Answer::Read(vec![webhook]),
            ..Surroundings::default()
        };
        let facts = NamespaceFacts {
            terminating_since: None,
            labels: Labels::from([secret, plain]),
        };
        surroundings
            .namespaces
            .insert("shop".to_owned(), Answer::Read(Some(facts)));
        redact(&redactor, &mut surroundings);
        let written = serde_json::to_string(&surroundings).unwrap();
        assert!(
            !written.contains("hunter2") && !written.contains("other-secret"),
            "{written}"
        );
        assert!(written.contains(r#""team":"shop""#), "{written}");
        let facts = surroundings.namespaces["shop"].read().cloned().flatten().unwrap();
        let webhooks = surroundings.webhooks.read().unwrap();
        assert!(webhooks[0].matches.namespace_selector.selects(&facts.labels));
        assert_eq!(
            serde_json::from_str::<Surroundings>(&written).unwrap(),
            surroundings
        );
    }
}
