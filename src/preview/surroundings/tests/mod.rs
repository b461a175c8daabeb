//! What stands in the way, rule by rule. Every row is the operation of one release, `web` in namespace `shop`.

mod admission;
mod definitions;
mod limits;
mod namespaces;
mod places;
mod quotas;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::object::Gvk;
use crate::source::ServedKind;
use crate::source::surroundings::{
    Backend, BackendState, Contents, Counted, Definition, FailurePolicy, FixedPlace, FixedPlaces, Holder,
    NamespaceFacts, Policy, Quota, ServiceName, Webhook, WebhookKind,
};

/// An operation: what is around it, and what it sends.
struct Scene {
    surroundings: Surroundings,
    sent: Vec<(SentVerb, ObjectKey, Option<Value>, Option<Value>)>,
    driver: Driver,
    kept: usize,
    taken: Option<Taken>,
}

const CREATE: SentVerb = SentVerb::Create;
const UPDATE: SentVerb = SentVerb::Update;
const DELETE: SentVerb = SentVerb::Delete;

fn scene() -> Scene {
    let shop = Answer::Read(Some(NamespaceFacts::default()));
    Scene {
        surroundings: Surroundings {
            namespaces: BTreeMap::from([("shop".to_owned(), shop)]),
            quotas: BTreeMap::from([("shop".to_owned(), Answer::Read(Vec::new()))]),
            holders: Answer::Read(Vec::new()),
            webhooks: Answer::Read(Vec::new()),
            policies: Answer::Read(Vec::new()),
            ..Surroundings::default()
        },
        sent: Vec::new(),
        driver: Driver::Secret,
        kept: 2,
        taken: None,
    }
}

fn kinds() -> Kinds {
    let mut kinds = Kinds::default();
    for (api_version, kind, plural) in [
        ("v1", "ConfigMap", "configmaps"),
        ("v1", "Namespace", "namespaces"),
        ("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
        ("v1", "PersistentVolume", "persistentvolumes"),
        ("v1", "Pod", "pods"),
        ("v1", "Secret", "secrets"),
        ("v1", "Service", "services"),
        ("apps/v1", "Deployment", "deployments"),
        ("apps/v1", "StatefulSet", "statefulsets"),
        ("example.com/v1", "Widget", "widgets"),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
        ),
    ] {
        let served = ServedKind {
            plural: plural.to_owned(),
            namespaced: !["namespaces", "persistentvolumes", "customresourcedefinitions"].contains(&plural),
            listable: true,
        };
        kinds.served.insert(Gvk::new(api_version, kind), served);
    }
    kinds
}

/// A key by its kind; `NAMESPACE/NAME` or `NAME`.
fn key(kind: &str, place: &str) -> ObjectKey {
    let gvk = kinds().served.into_keys().find(|gvk| gvk.kind == kind).unwrap();
    let (namespace, name) = match place.split_once('/') {
        Some((namespace, name)) => (Some(namespace.to_owned()), name),
        None => (None, place),
    };
    ObjectKey {
        gvk,
        namespace,
        name: name.to_owned(),
    }
}

impl Scene {
    fn send(mut self, verb: SentVerb, kind: &str, place: &str, object: Value, live: Value) -> Self {
        let some = |value: Value| (!value.is_null()).then_some(value);
        self.sent.push((verb, key(kind, place), some(object), some(live)));
        self
    }

    fn create(self, kind: &str, place: &str) -> Self {
        self.send(CREATE, kind, place, json!({}), Value::Null)
    }

    fn quota(mut self, namespace: &str, limits: &[(&str, &str, &str)]) -> Self {
        let amounts = |of: fn(&(&str, &str, &str)) -> String| {
            limits
                .iter()
                .map(|limit| (limit.0.to_owned(), of(limit)))
                .filter(|(_, amount)| !amount.is_empty())
                .collect()
        };
        let quota = Quota {
            name: "q".to_owned(),
            scopes: BTreeSet::new(),
            hard: amounts(|limit| limit.2.to_owned()),
            used: amounts(|limit| limit.1.to_owned()),
        };
        self.surroundings
            .quotas
            .insert(namespace.to_owned(), Answer::Read(vec![quota]));
        self
    }

    fn held_by(mut self, service: Option<(&str, &str)>, places: &Value) -> Self {
        let holder = Holder {
            service: service.map(|(namespace, name)| ServiceName {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }),
            places: FixedPlaces::of(&json!({"spec": places}))
                .iter()
                .cloned()
                .collect(),
        };
        match &mut self.surroundings.holders {
            Answer::Read(holders) => holders.push(holder),
            Answer::NotAsked | Answer::Unread(_) => panic!("holders are read in scenes"),
        }
        self
    }

    fn webhook(mut self, policy: FailurePolicy, state: Answer<BackendState>, matches: Value) -> Self {
        let webhook = Webhook {
            kind: WebhookKind::Validating,
            configuration: "guard".to_owned(),
            name: "guard.example.com".to_owned(),
            conditions: usize::from(matches["conditions"].is_number()),
            matches: serde_json::from_value(matches).unwrap(),
            failure_policy: policy,
            backend: Backend::Service {
                service: ServiceName {
                    namespace: "ops".to_owned(),
                    name: "guard".to_owned(),
                },
                port: 443,
                state,
            },
        };
        self.surroundings.webhooks = Answer::Read(vec![webhook]);
        self
    }

    fn judge(&self) -> Vec<Obstacle> {
        let kinds = kinds();
        let sent: Vec<Sent<'_>> = self
            .sent
            .iter()
            .map(|(verb, key, object, live)| Sent {
                key,
                verb: *verb,
                object: object.as_ref(),
                live: live.as_ref(),
            })
            .collect();
        judge(&SurroundingFacts {
            surroundings: &self.surroundings,
            kinds: &kinds,
            record: RecordWrite {
                release: "web",
                namespace: "shop",
                driver: self.driver,
                revision: 3,
                kept: self.kept,
                newest: self.taken.map(|taken| taken.at),
            },
            taken: self.taken,
            sent: &sent,
        })
    }

    /// Each obstacle as `VERDICT CODE OBJECT: MESSAGE`.
    fn found(&self) -> Vec<String> {
        let each = |obstacle: Obstacle| {
            let object = obstacle
                .object
                .map_or_else(|| "-".to_owned(), |key| key.to_string());
            format!(
                "{:?} {} {object}: {}",
                obstacle.verdict, obstacle.cause, obstacle.message
            )
        };
        self.judge().into_iter().map(each).collect()
    }

    /// Each obstacle as `VERDICT OBJECT`.
    fn verdicts(&self) -> Vec<String> {
        let each = |obstacle: Obstacle| {
            let object = obstacle
                .object
                .map_or_else(|| "-".to_owned(), |key| key.to_string());
            format!("{:?} {object}", obstacle.verdict)
        };
        self.judge().into_iter().map(each).collect()
    }
}

const NONE: [&str; 0] = [];

#[test]
fn nothing_around_stands_in_the_way() {
    let scene = scene()
        .create("ConfigMap", "shop/a")
        .send(UPDATE, "Service", "shop/web", json!({}), json!({}))
        .send(DELETE, "ConfigMap", "shop/b", Value::Null, json!({}));
    assert_eq!(scene.found(), NONE);
}

#[test]
fn what_helm_sends_depends_on_the_method_and_the_kind() {
    use ApplyMethod::{Csa, Ssa};
    use InManifests::{Both, From, To};
    use PreviewAction::{Change, Create, Delete, Keep, None as Nothing};
    let sent = |kind: &str, action, manifests, method| {
        let mut object = ObjectPreview::new(&key(kind, "shop/a"), manifests);
        object.action = action;
        object.live = Some(crate::classify::transition::LiveFacts::default());
        verb_sent(&object, method)
    };
    for (kind, action, manifests, method, expected) in [
        ("ConfigMap", Nothing, Both, Csa, None),
        ("ConfigMap", Nothing, Both, Ssa, Some(UPDATE)),
        ("Widget", Nothing, Both, Csa, Some(UPDATE)),
        ("ConfigMap", Change, Both, Csa, Some(UPDATE)),
        ("ConfigMap", Create, To, Csa, Some(CREATE)),
        ("ConfigMap", Delete, From, Ssa, Some(DELETE)),
        ("ConfigMap", Keep, From, Ssa, None),
    ] {
        assert_eq!(
            sent(kind, action, manifests, method),
            expected,
            "{kind} {action} {method}"
        );
    }
}
