//! The webhooks of the cluster, by their rules.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::answer::{malformed, nullable};
use super::super::http::parse;
use super::super::request::{Kind, Reader, Selector};
use crate::source::ReadError;
use crate::source::surroundings::{
    AdmissionRule, Answer, Backend, FailurePolicy, LabelSelector, MatchPolicy, MatchResources, ServiceName,
    Webhook, WebhookKind,
};

/// How many webhooks are looked at. Large clusters have some hundred.
const MOST_WEBHOOKS: usize = 2_000;

/// The port of a Service that a webhook does not name (Kubernetes: `pkg/apis/admissionregistration/v1/defaults.go`).
const DEFAULT_PORT: u16 = 443;

#[derive(Deserialize)]
struct Configuration {
    metadata: Metadata,
    #[serde(default, deserialize_with = "nullable")]
    webhooks: Vec<Wire>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    name: String,
    client_config: ClientConfig,
    #[serde(default, deserialize_with = "nullable")]
    rules: Vec<AdmissionRule>,
    failure_policy: Option<FailurePolicy>,
    #[serde(default, deserialize_with = "nullable")]
    match_policy: MatchPolicy,
    #[serde(default, deserialize_with = "nullable")]
    namespace_selector: LabelSelector,
    #[serde(default, deserialize_with = "nullable")]
    object_selector: LabelSelector,
    #[serde(default, deserialize_with = "nullable")]
    match_conditions: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct ClientConfig {
    service: Option<Service>,
}

#[derive(Deserialize)]
struct Service {
    namespace: String,
    name: String,
    port: Option<u16>,
}

/// Every webhook of the cluster.
pub(super) async fn read(reader: &Reader<'_>) -> Result<Vec<Webhook>, ReadError> {
    let (validating, mutating) = futures::try_join!(
        list(reader, WebhookKind::Validating),
        list(reader, WebhookKind::Mutating)
    )?;
    let all = [mutating, validating].concat();
    if all.len() > MOST_WEBHOOKS {
        return Err(malformed("there are more webhooks than a preview looks at"));
    }
    Ok(all)
}

async fn list(reader: &Reader<'_>, of: WebhookKind) -> Result<Vec<Webhook>, ReadError> {
    let kind = Kind {
        api_version: "admissionregistration.k8s.io/v1",
        name: of.as_str(),
        plural: match of {
            WebhookKind::Validating => "validatingwebhookconfigurations",
            WebhookKind::Mutating => "mutatingwebhookconfigurations",
        },
    };
    if !reader.is_served(kind)? {
        return Ok(Vec::new());
    }
    let configurations = reader.list(kind, None, Selector::All, move |json| {
        let configuration: Configuration = parse(json.as_bytes())?;
        let name = configuration.metadata.name;
        let webhooks = configuration.webhooks.into_iter();
        let webhooks: Vec<Webhook> = webhooks.map(|wire| webhook(of, &name, wire)).collect();
        Ok(Some(webhooks))
    });
    Ok(configurations.await?.into_iter().flatten().collect())
}

fn webhook(kind: WebhookKind, configuration: &str, wire: Wire) -> Webhook {
    Webhook {
        kind,
        configuration: configuration.to_owned(),
        name: wire.name,
        matches: MatchResources {
            resource_rules: wire.rules,
            exclude_resource_rules: Vec::new(),
            match_policy: wire.match_policy,
            namespace_selector: wire.namespace_selector,
            object_selector: wire.object_selector,
        },
        conditions: wire.match_conditions.len(),
        failure_policy: wire.failure_policy.unwrap_or(FailurePolicy::Fail),
        backend: match wire.client_config.service {
            Some(service) => Backend::Service {
                service: ServiceName {
                    namespace: service.namespace,
                    name: service.name,
                },
                port: service.port.unwrap_or(DEFAULT_PORT),
                state: Answer::NotAsked,
            },
            None => Backend::Url,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_webhook_is_reduced_to_its_rules_and_its_address_is_not_kept() {
        let wire = |client: serde_json::Value| {
            json!({"name": "a.example.com", "clientConfig": client, "sideEffects": "None",
                "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
                    "resources": ["secrets"], "scope": "Namespaced"}],
                "namespaceSelector": {"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]},
                "matchConditions": [{"name": "a", "expression": "true"}]})
        };
        let read = |client| {
            webhook(
                WebhookKind::Validating,
                "c",
                serde_json::from_value(wire(client)).unwrap(),
            )
        };
        let by_url = read(json!({"url": "https://u:hunter2@example.com/"}));
        let written = serde_json::to_string(&by_url).unwrap();
        assert!(
            !written.contains("example.com/") && !written.contains("hunter2"),
            "{written}"
        );
        assert_eq!(
            (by_url.failure_policy, by_url.conditions),
            (FailurePolicy::Fail, 1)
        );
        assert_eq!(serde_json::from_str::<Webhook>(&written).unwrap(), by_url);
        let by_service = read(json!({"service": {"namespace": "n", "name": "s"}, "caBundle": "aGk="}));
        assert!(matches!(by_service.backend, Backend::Service { port: 443, .. }));
    }
}
