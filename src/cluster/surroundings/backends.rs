//! Whether anything answers for a webhook: its Service exists, and one of its endpoints is ready.
//!
//! Asked only of webhooks that fail closed and that the operation concerns.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::answer::nullable;
use super::super::http::parse;
use super::super::request::{Kind, Reader, Selector};
use super::{AT_ONCE, ReadError};
use crate::source::surroundings::{
    Answer, Backend, BackendState, FailurePolicy, Resource, SentVerb, ServiceName, SurroundingsQuestion,
    Webhook,
};
use futures::StreamExt;
use futures::stream;

/// How many Services are looked at.
const MOST_SERVICES: usize = 100;

const SERVICE: Kind<'static> = Kind {
    api_version: "v1",
    name: "Service",
    plural: "services",
};
const SLICE: Kind<'static> = Kind {
    api_version: "discovery.k8s.io/v1",
    name: "EndpointSlice",
    plural: "endpointslices",
};

/// A Service and a port of it.
type Target = (ServiceName, u16);

/// Finds out what answers for the webhooks that matter.
pub(super) async fn check(
    reader: &Reader<'_>,
    question: &SurroundingsQuestion,
    webhooks: Result<Vec<Webhook>, ReadError>,
) -> Result<Vec<Webhook>, ReadError> {
    let mut webhooks = webhooks?;
    let versions = reader.kinds.versions();
    let written: Vec<(SentVerb, Resource<'_>)> = question
        .written
        .iter()
        .filter_map(|(verb, gvk)| {
            let plural = &reader.kinds.served.get(gvk)?.plural;
            let resource = Resource {
                group: gvk.group(),
                version: gvk.version(),
                served_versions: versions.of(gvk.group(), plural),
                plural,
            };
            Some((*verb, resource))
        })
        .collect();
    let wanted: BTreeSet<Target> = webhooks
        .iter()
        .filter(|webhook| concerns(webhook, &written))
        .filter_map(|webhook| target(&webhook.backend))
        .collect();
    let mut asked = Vec::new();
    for target in wanted.iter().take(MOST_SERVICES) {
        asked.push(async move {
            let answer = state(reader, &target.0, target.1).await;
            (target.clone(), Answer::from(answer))
        });
    }
    let mut states: BTreeMap<Target, Answer<BackendState>> =
        stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    for target in wanted.iter().skip(MOST_SERVICES) {
        let error = ReadError::BudgetSpent { limit: MOST_SERVICES };
        states.insert(target.clone(), Answer::Unread(error));
    }
    for webhook in &mut webhooks {
        let known = target(&webhook.backend).and_then(|target| states.get(&target));
        match (&mut webhook.backend, known) {
            (Backend::Service { state, .. }, Some(known)) => state.clone_from(known),
            (Backend::Service { .. } | Backend::Url, _) => {}
        }
    }
    Ok(webhooks)
}

fn target(backend: &Backend) -> Option<Target> {
    match backend {
        Backend::Service { service, port, .. } => Some((service.clone(), *port)),
        Backend::Url => None,
    }
}

/// Whether a webhook that fails closed is about something that is written.
fn concerns(webhook: &Webhook, written: &[(SentVerb, Resource<'_>)]) -> bool {
    match webhook.failure_policy {
        FailurePolicy::Fail => written
            .iter()
            .any(|(verb, resource)| webhook.matches.concern(*verb, *resource)),
        FailurePolicy::Ignore => false,
    }
}

#[derive(Deserialize)]
struct Service {
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(rename = "type")]
    service_type: Option<String>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    ports: Vec<ServicePort>,
}

#[derive(Deserialize)]
struct ServicePort {
    port: u16,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
}

async fn state(reader: &Reader<'_>, service: &ServiceName, port: u16) -> Result<BackendState, ReadError> {
    let Some(body) = reader
        .object(SERVICE, Some(&service.namespace), &service.name)
        .await?
    else {
        return Ok(BackendState::NoService);
    };
    let Service { spec } = parse(&body)?;
    let name = match known_by_service(&spec, port) {
        Ok(name) => name,
        Err(state) => return Ok(state),
    };
    let label = format!("kubernetes.io/service-name={}", service.name);
    let slices = reader.list(
        SLICE,
        Some(&service.namespace),
        Selector::Label(&label),
        move |json| {
            let slice: Slice = parse(json.as_bytes())?;
            Ok(slice.answers(&name).then_some(()))
        },
    );
    let answering = slices.await?;
    Ok(if answering.is_empty() {
        BackendState::NoReadyEndpoint
    } else {
        BackendState::Ready
    })
}

/// The name of the port, or what the Service alone says.
fn known_by_service(spec: &Spec, port: u16) -> Result<String, BackendState> {
    if spec.service_type.as_deref() == Some("ExternalName") {
        return Err(BackendState::Elsewhere);
    }
    match spec.cluster_ip.as_deref() {
        None | Some("" | "None") => return Err(BackendState::NoAddress),
        Some(_) => {}
    }
    let named = spec.ports.iter().find(|named| named.port == port);
    named.map(|named| named.name.clone()).ok_or(BackendState::NoPort)
}

#[derive(Deserialize)]
struct Slice {
    #[serde(default, deserialize_with = "nullable")]
    endpoints: Vec<Endpoint>,
    #[serde(default, deserialize_with = "nullable")]
    ports: Vec<SlicePort>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(default, deserialize_with = "nullable")]
    conditions: Conditions,
}

#[derive(Deserialize, Default)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
}

#[derive(Deserialize)]
struct SlicePort {
    #[serde(default, deserialize_with = "nullable")]
    name: String,
}

impl Slice {
    /// Whether an endpoint has the port and is ready, or still serves while it ends. Unsaid is ready (Kubernetes:
    /// `k8s.io/api/discovery/v1/types.go`, `EndpointConditions`; `pkg/proxy/topology.go`, `CategorizeEndpoints`).
    fn answers(&self, port: &str) -> bool {
        self.ports.iter().any(|known| known.name == port)
            && self.endpoints.iter().any(|endpoint| {
                endpoint.conditions.ready.unwrap_or(true) || endpoint.conditions.serving == Some(true)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_the_service_alone_says() {
        let ports = json!([{"port": 443, "name": "https"}, {"port": 80}]);
        let rows = [
            (
                json!({"type": "ClusterIP", "clusterIP": "10.0.0.1", "ports": ports}),
                443,
                Ok("https".to_owned()),
            ),
            (
                json!({"type": "ClusterIP", "clusterIP": "10.0.0.1", "ports": ports}),
                80,
                Ok(String::new()),
            ),
            (
                json!({"type": "ClusterIP", "clusterIP": "10.0.0.1", "ports": ports}),
                8443,
                Err(BackendState::NoPort),
            ),
            (
                json!({"type": "ClusterIP", "clusterIP": "None", "ports": ports}),
                443,
                Err(BackendState::NoAddress),
            ),
            (
                json!({"type": "ExternalName", "externalName": "x.example.com"}),
                443,
                Err(BackendState::Elsewhere),
            ),
        ];
        for (spec, port, expected) in rows {
            let read: Spec = serde_json::from_value(spec.clone()).unwrap();
            assert_eq!(known_by_service(&read, port), expected, "{spec}");
        }
    }

    #[test]
    fn an_endpoint_answers_if_it_is_ready_and_has_the_port() {
        let answers = |ports: Value, conditions: Value| {
            let slice =
                json!({"ports": ports, "endpoints": [{"addresses": ["10.0.0.9"], "conditions": conditions}]});
            serde_json::from_value::<Slice>(slice).unwrap().answers("https")
        };
        let ports = json!([{"name": "https", "port": 9443}]);
        assert!(answers(ports.clone(), json!({"ready": true})));
        assert!(answers(ports.clone(), json!({})));
        assert!(answers(
            ports.clone(),
            json!({"ready": false, "serving": true, "terminating": true})
        ));
        assert!(!answers(ports.clone(), json!({"ready": false, "serving": false})));
        assert!(!answers(
            json!([{"name": "metrics", "port": 8080}]),
            json!({"ready": true})
        ));
        assert!(!answers(Value::Null, json!({"ready": true})));
        let none = json!({"ports": ports, "endpoints": null});
        assert!(!serde_json::from_value::<Slice>(none).unwrap().answers("https"));
    }
}
