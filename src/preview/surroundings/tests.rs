//! What stands in the way, rule by rule. Every row is the operation of one release, `web` in namespace `shop`.

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

    fn held_by(mut self, service: Option<(&str, &str)>, places: Value) -> Self {
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
            },
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

fn terminating() -> Answer<Option<NamespaceFacts>> {
    Answer::Read(Some(NamespaceFacts {
        terminating_since: Some("2026-11-25T03:00:00Z".parse().unwrap()),
        labels: BTreeMap::new(),
    }))
}

#[test]
fn nothing_around_stands_in_the_way() {
    let scene = scene()
        .create("ConfigMap", "shop/a")
        .send(UPDATE, "Service", "shop/web", json!({}), json!({}))
        .send(DELETE, "ConfigMap", "shop/b", Value::Null, json!({}));
    assert_eq!(scene.found(), NONE);
}

#[test]
fn a_terminating_namespace_takes_no_record_and_no_new_object() {
    let mut scene =
        scene()
            .create("ConfigMap", "shop/a")
            .send(UPDATE, "ConfigMap", "shop/b", json!({}), json!({}));
    scene
        .surroundings
        .namespaces
        .insert("shop".to_owned(), terminating());
    assert_eq!(
        scene.found(),
        [
            "RecordRefused record-refused -: Helm cannot store the new revision: namespace shop is being deleted since \
             2026-11-25T03:00:00Z, and takes no new objects",
            "CreateFails namespace-gone ConfigMap shop/a: it cannot be created: namespace shop is being deleted since \
             2026-11-25T03:00:00Z, and takes no new objects",
        ]
    );
}

#[test]
fn a_namespace_that_is_gone_stops_creates_unless_the_operation_makes_it() {
    let gone = |mut scene: Scene| {
        scene
            .surroundings
            .namespaces
            .insert("edge".to_owned(), Answer::Read(None));
        scene.verdicts()
    };
    let create = |scene: Scene| scene.create("ConfigMap", "edge/a");
    assert_eq!(gone(create(scene())), ["CreateFails ConfigMap edge/a"]);
    assert_eq!(gone(create(scene().create("Namespace", "edge"))), NONE);
    // Helm's order counts: the namespace comes too late.
    assert_eq!(
        gone(create(scene()).create("Namespace", "edge")),
        ["CreateFails ConfigMap edge/a"]
    );
}

#[test]
fn a_namespace_that_could_not_be_read_is_a_gap_only_where_something_is_created() {
    let unread = |mut scene: Scene| {
        let error = ReadError::Unauthorized;
        scene
            .surroundings
            .namespaces
            .insert("edge".to_owned(), Answer::Unread(error));
        scene.verdicts()
    };
    assert_eq!(unread(scene().create("ConfigMap", "edge/a")), ["Gap -"]);
    let update = scene().send(UPDATE, "ConfigMap", "edge/a", json!({}), json!({}));
    assert_eq!(unread(update), NONE);
}

#[test]
fn a_full_quota_on_records_refuses_everything() {
    for (name, driver, is_refused) in [
        ("secrets", Driver::Secret, true),
        ("count/secrets", Driver::Secret, true),
        ("configmaps", Driver::ConfigMap, true),
        ("configmaps", Driver::Secret, false),
        ("secrets", Driver::ConfigMap, false),
    ] {
        let scene = Scene { driver, ..scene() }.quota("shop", &[(name, "4", "4")]);
        let expected: &[&str] = if is_refused { &["RecordRefused -"] } else { &[] };
        assert_eq!(scene.verdicts(), expected, "{name}");
        let scene = Scene {
            driver,
            ..self::scene()
        }
        .quota("shop", &[(name, "3", "4")]);
        assert_eq!(scene.verdicts(), NONE, "{name}");
    }
    let message = &scene().quota("shop", &[("secrets", "4", "4")]).found()[0];
    assert!(
        message.ends_with("quota q of namespace shop is full (secrets: 4 of 4 used)"),
        "{message}"
    );
}

/// Helm deletes the oldest record before it writes the new one, and the quota is counted anew a moment later.
#[test]
fn a_full_quota_may_take_the_record_where_helm_deletes_an_old_one_first() {
    let scene = Scene { kept: 10, ..scene() }.quota("shop", &[("secrets", "10", "10")]);
    assert_eq!(scene.verdicts(), ["MayFail -"]);
}

#[test]
fn creates_add_up_after_the_record() {
    let scene = scene()
        .quota(
            "shop",
            &[("secrets", "2", "4"), ("count/deployments.apps", "0", "1")],
        )
        .create("Secret", "shop/a")
        .create("Deployment", "shop/web")
        .create("Secret", "shop/b")
        .create("Deployment", "shop/api")
        .send(UPDATE, "Secret", "shop/c", json!({}), json!({}))
        .send(DELETE, "Secret", "shop/d", Value::Null, json!({}));
    assert_eq!(
        scene.verdicts(),
        ["CreateFails Secret shop/b", "CreateFails Deployment shop/api"]
    );
}

#[test]
fn services_and_claims_count_when_they_come_to_use_more() {
    let node = json!({"spec": {"type": "NodePort", "ports": [{}]}});
    let cluster = json!({"spec": {"type": "ClusterIP", "ports": [{}]}});
    let claim = |storage: &str| json!({"spec": {"resources": {"requests": {"storage": storage}}}});
    let full = || {
        scene().quota(
            "shop",
            &[
                ("services.nodeports", "1", "1"),
                ("requests.storage", "8Gi", "10Gi"),
            ],
        )
    };
    let rows = [
        (
            full().send(CREATE, "Service", "shop/s", node.clone(), Value::Null),
            1,
        ),
        (
            full().send(CREATE, "Service", "shop/s", cluster.clone(), Value::Null),
            0,
        ),
        (
            full().send(UPDATE, "Service", "shop/s", node.clone(), cluster.clone()),
            1,
        ),
        (
            full().send(UPDATE, "Service", "shop/s", node.clone(), node.clone()),
            0,
        ),
        (full().send(UPDATE, "Service", "shop/s", cluster, node), 0),
        (
            full().send(
                CREATE,
                "PersistentVolumeClaim",
                "shop/p",
                claim("2Gi"),
                Value::Null,
            ),
            0,
        ),
        (
            full().send(
                CREATE,
                "PersistentVolumeClaim",
                "shop/p",
                claim("2049Mi"),
                Value::Null,
            ),
            1,
        ),
        (
            full().send(
                UPDATE,
                "PersistentVolumeClaim",
                "shop/p",
                claim("3Gi"),
                claim("1Gi"),
            ),
            0,
        ),
        (
            full().send(
                UPDATE,
                "PersistentVolumeClaim",
                "shop/p",
                claim("4Gi"),
                claim("1Gi"),
            ),
            1,
        ),
    ];
    for (scene, expected) in rows {
        assert_eq!(scene.judge().len(), expected, "{:?}", scene.sent);
    }
}

#[test]
fn a_quota_with_scopes_counts_no_records_and_one_without_usage_may_refuse() {
    let mut scoped = scene().quota("shop", &[("secrets", "4", "4")]);
    if let Some(Answer::Read(quotas)) = scoped.surroundings.quotas.get_mut("shop") {
        quotas[0].scopes.insert("BestEffort".to_owned());
    }
    assert_eq!(scoped.verdicts(), NONE);
    assert_eq!(
        scene().quota("shop", &[("secrets", "", "4")]).verdicts(),
        ["MayFail -"]
    );
}

#[test]
fn pods_of_a_manifest_may_be_more_than_a_quota_of_their_requests_allows() {
    let pods = |limit| {
        scene()
            .quota("shop", &[(limit, "0", "1")])
            .create("Pod", "shop/p")
            .verdicts()
    };
    for limit in ["requests.cpu", "limits.memory", "memory"] {
        assert_eq!(pods(limit), ["MayFail Pod shop/p"], "{limit}");
    }
    assert_eq!(pods("requests.storage"), NONE);
}

/// A release must not learn how much of a quota another namespace uses.
#[test]
fn amounts_of_another_namespaces_quota_are_not_told() {
    let scene = scene()
        .quota("edge", &[("configmaps", "7", "7")])
        .create("ConfigMap", "edge/a");
    assert_eq!(
        scene.found(),
        [
            "CreateFails quota ConfigMap edge/a: it cannot be created: a quota of namespace edge leaves no room for it"
        ]
    );
}

fn node_port(port: u16) -> Value {
    json!({"spec": {"ports": [{"port": 80, "nodePort": port}]}})
}

#[test]
fn a_port_that_another_service_has_is_taken() {
    let taken = |verb, live| {
        scene()
            .held_by(Some(("shop", "other")), node_port(30080)["spec"].clone())
            .send(verb, "Service", "shop/web", node_port(30080), live)
            .found()
    };
    assert_eq!(
        taken(CREATE, Value::Null),
        ["CreateFails taken Service shop/web: it cannot have node port 30080: Service shop/other has it"]
    );
    assert_eq!(
        taken(UPDATE, node_port(31000)),
        ["UpdateFails taken Service shop/web: it cannot have node port 30080: Service shop/other has it"]
    );
    assert_eq!(taken(UPDATE, node_port(30080)), NONE, "it has the port itself");
    let own = scene()
        .held_by(Some(("shop", "web")), node_port(30080)["spec"].clone())
        .send(UPDATE, "Service", "shop/web", node_port(30080), Value::Null);
    assert_eq!(own.found(), NONE, "nobody else has it");
}

#[test]
fn addresses_and_health_check_ports_are_taken_alike() {
    for (held, asked) in [
        (json!({"clusterIP": "10.0.0.7"}), json!({"clusterIP": "10.0.0.7"})),
        (
            json!({"clusterIP": "10.0.0.7"}),
            json!({"clusterIPs": ["10.0.0.7", "fd00::7"]}),
        ),
        (
            json!({"ports": [{"nodePort": 31000}]}),
            json!({"healthCheckNodePort": 31000}),
        ),
    ] {
        let scene = scene().held_by(None, held).send(
            CREATE,
            "Service",
            "shop/web",
            json!({"spec": asked}),
            Value::Null,
        );
        assert_eq!(scene.verdicts(), ["CreateFails Service shop/web"]);
    }
}

#[test]
fn a_renamed_service_stands_in_its_own_way() {
    let scene = scene()
        .held_by(Some(("shop", "old")), node_port(30080)["spec"].clone())
        .send(CREATE, "Service", "shop/new", node_port(30080), Value::Null)
        .send(DELETE, "Service", "shop/old", Value::Null, node_port(30080));
    assert_eq!(
        scene.found(),
        [
            "CreateFails taken Service shop/new: it cannot have node port 30080: Service shop/old has it, and Helm deletes \
          that one only after everything else"
        ]
    );
}

#[test]
fn a_service_that_changes_first_may_give_its_port_back() {
    let change = |scene: Scene| scene.send(UPDATE, "Service", "shop/a", node_port(31000), node_port(30080));
    let create = |scene: Scene| scene.send(CREATE, "Service", "shop/b", node_port(30080), Value::Null);
    let held = || scene().held_by(Some(("shop", "a")), node_port(30080)["spec"].clone());
    assert_eq!(create(change(held())).verdicts(), ["MayFail Service shop/b"]);
    assert_eq!(change(create(held())).verdicts(), ["CreateFails Service shop/b"]);
    let twice = create(scene()).send(CREATE, "Service", "shop/c", node_port(30080), Value::Null);
    assert_eq!(
        twice.found(),
        ["CreateFails taken Service shop/c: it cannot have node port 30080: Service shop/b gets it first"]
    );
}

/// A release must not learn which Services other namespaces have.
#[test]
fn a_service_of_another_namespace_is_not_named() {
    for holder in [None, Some(("bank", "vault"))] {
        let scene = scene().held_by(holder, node_port(30080)["spec"].clone()).send(
            CREATE,
            "Service",
            "shop/web",
            node_port(30080),
            Value::Null,
        );
        let found = scene.found().join("\n");
        assert!(found.contains("a Service in another namespace has it"), "{found}");
        assert!(!found.contains("bank") && !found.contains("vault"), "{found}");
    }
}

#[test]
fn services_that_could_not_be_read_are_a_gap_only_where_a_port_is_asked_for() {
    let mut scene = scene().create("Service", "shop/plain");
    scene.surroundings.holders = Answer::Unread(ReadError::Unauthorized);
    assert_eq!(scene.verdicts(), NONE);
    let mut scene = scene.send(CREATE, "Service", "shop/web", node_port(30080), Value::Null);
    assert_eq!(scene.verdicts(), ["Gap -"]);
    scene.surroundings.holders = Answer::Read(Vec::new());
    scene.surroundings.unread_services = Some(ReadError::Unauthorized);
    assert_eq!(scene.verdicts(), ["Gap -"]);
    // The whole of it was read.
    scene.surroundings.places = FixedPlaces::of(&node_port(30080));
    assert!(scene.surroundings.places.has(&FixedPlace::Port(30080)));
    scene.surroundings.unread_services = None;
    assert_eq!(scene.verdicts(), NONE);
}

fn definition(versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|name| json!({"name": name, "served": true}))
        .collect();
    json!({"spec": {"versions": versions}})
}

#[test]
fn a_definition_cannot_lose_a_version_with_stored_objects() {
    let live = json!({"status": {"storedVersions": ["v1", "v2"]}});
    let name = "widgets.example.com";
    let update = |object, live| scene().send(UPDATE, "CustomResourceDefinition", name, object, live);
    assert_eq!(
        update(definition(&["v1"]), live.clone()).found(),
        [
            "UpdateFails rule CustomResourceDefinition widgets.example.com: it cannot lose version v2, in which objects \
             are or were stored (status.storedVersions)"
        ]
    );
    assert_eq!(update(definition(&["v1", "v2", "v3"]), live).found(), NONE);
    // Without the live object the definition that was read tells.
    let mut scene = update(definition(&["v1"]), Value::Null);
    let stored = Definition {
        stored_versions: vec!["v2".to_owned()],
        ..Definition::default()
    };
    scene
        .surroundings
        .definitions
        .insert(name.to_owned(), Answer::Read(Some(stored)));
    assert_eq!(
        scene.verdicts(),
        ["UpdateFails CustomResourceDefinition widgets.example.com"]
    );
    scene
        .surroundings
        .definitions
        .insert(name.to_owned(), Answer::Unread(ReadError::Unauthorized));
    assert_eq!(scene.verdicts(), ["Gap -"]);
}

#[test]
fn a_definition_that_is_being_deleted_takes_no_new_objects() {
    let mut scene = scene()
        .create("Widget", "shop/w")
        .send(UPDATE, "Widget", "shop/v", json!({}), json!({}));
    let definition = Definition {
        terminating_since: Some("2026-11-25T03:00:00Z".parse().unwrap()),
        ..Definition::default()
    };
    scene
        .surroundings
        .definitions
        .insert("widgets.example.com".to_owned(), Answer::Read(Some(definition)));
    assert_eq!(scene.verdicts(), ["CreateFails Widget shop/w"]);
}

#[test]
fn what_goes_with_a_deleted_object_is_counted() {
    let delete = |kind: &str, place: &str, live: Value| scene().send(DELETE, kind, place, Value::Null, live);
    let mut namespace = delete("Namespace", "old", json!({}));
    let counted = |count| Counted {
        count,
        or_more: false,
    };
    let contents = Contents {
        claims: counted(2),
        pods: counted(0),
        records: Counted {
            count: 500,
            or_more: true,
        },
    };
    namespace
        .surroundings
        .contents
        .insert("old".to_owned(), Answer::Read(contents));
    assert_eq!(
        namespace.found(),
        [
            "Loses deletes-data Namespace old: everything in it is deleted: 2 volume claims, more than 500 records of Helm \
          releases"
        ]
    );
    namespace
        .surroundings
        .contents
        .insert("old".to_owned(), Answer::Unread(ReadError::Unauthorized));
    assert_eq!(namespace.verdicts(), ["Loses Namespace old", "Gap -"]);

    let name = "widgets.example.com";
    let mut definition = delete("CustomResourceDefinition", name, json!({}));
    for (count, message) in [(1, "1 object"), (3, "3 objects")] {
        definition
            .surroundings
            .custom_objects
            .insert(name.to_owned(), Answer::Read(counted(count)));
        let found = definition.found().join("\n");
        assert!(
            found.ends_with(&format!("every object of its kind is deleted: {message}")),
            "{found}"
        );
    }
    definition
        .surroundings
        .custom_objects
        .insert(name.to_owned(), Answer::Read(counted(0)));
    assert_eq!(definition.found(), NONE);

    assert_eq!(
        delete("PersistentVolumeClaim", "shop/p", json!({})).verdicts(),
        ["Loses PersistentVolumeClaim shop/p"]
    );
    assert_eq!(
        delete("PersistentVolume", "disk", json!({})).verdicts(),
        ["Loses PersistentVolume disk"]
    );
    let set = |when| json!({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": when}}});
    assert_eq!(
        delete("StatefulSet", "shop/db", set("Delete")).verdicts(),
        ["Loses StatefulSet shop/db"]
    );
    assert_eq!(delete("StatefulSet", "shop/db", set("Retain")).verdicts(), NONE);
    let going = json!({"metadata": {"deletionTimestamp": "2026-11-25T03:00:00Z"}});
    assert_eq!(delete("PersistentVolumeClaim", "shop/p", going).verdicts(), NONE);
}

fn every(operation: &str, resources: &[&str]) -> Value {
    json!({"rules": [{"operations": [operation], "apiGroups": ["*"], "apiVersions": ["*"], "resources": resources}]})
}

#[test]
fn a_dead_webhook_that_fails_closed_refuses_what_it_is_about() {
    let dead = |operation: &str, resources: &[&str]| {
        let state = Answer::Read(BackendState::NoReadyEndpoint);
        scene()
            .webhook(FailurePolicy::Fail, state, every(operation, resources))
            .create("ConfigMap", "shop/a")
            .send(UPDATE, "Service", "shop/s", json!({}), json!({}))
            .send(DELETE, "ConfigMap", "shop/b", Value::Null, json!({}))
    };
    assert_eq!(
        dead("CREATE", &["configmaps"]).found(),
        [
            "CreateFails admission ConfigMap shop/a: it is refused, because webhook guard.example.com of \
             ValidatingWebhookConfiguration guard cannot answer: Service ops/guard (port 443) has no ready endpoint"
        ]
    );
    assert_eq!(dead("UPDATE", &["*"]).verdicts(), ["UpdateFails Service shop/s"]);
    assert_eq!(
        dead("DELETE", &["*"]).verdicts(),
        ["DeleteFails ConfigMap shop/b"]
    );
    assert_eq!(
        dead("*", &["*"]).verdicts(),
        [
            "RecordRefused -",
            "CreateFails ConfigMap shop/a",
            "UpdateFails Service shop/s",
            "DeleteFails ConfigMap shop/b"
        ]
    );
    assert_eq!(
        dead("CREATE", &["secrets"]).verdicts(),
        ["RecordRefused -"],
        "the record is a Secret"
    );
    assert_eq!(dead("CREATE", &["pods"]).verdicts(), NONE);
}

#[test]
fn only_a_webhook_that_cannot_answer_and_fails_closed_refuses() {
    let all = || every("CREATE", &["configmaps"]);
    let verdicts = |policy, state| {
        scene()
            .webhook(policy, state, all())
            .create("ConfigMap", "shop/a")
            .verdicts()
    };
    let fails = ["CreateFails ConfigMap shop/a"];
    let asked = ["Asked ConfigMap shop/a"];
    for state in [
        BackendState::NoService,
        BackendState::NoPort,
        BackendState::NoAddress,
        BackendState::NoReadyEndpoint,
    ] {
        assert_eq!(
            verdicts(FailurePolicy::Fail, Answer::Read(state)),
            fails,
            "{state}"
        );
        assert_eq!(
            verdicts(FailurePolicy::Ignore, Answer::Read(state)),
            NONE,
            "{state}"
        );
    }
    for state in [BackendState::Ready, BackendState::Elsewhere] {
        assert_eq!(
            verdicts(FailurePolicy::Fail, Answer::Read(state)),
            asked,
            "{state}"
        );
    }
    let unread = Answer::Unread(ReadError::Unauthorized);
    assert_eq!(verdicts(FailurePolicy::Fail, unread), asked);
    let mut conditional = all();
    conditional["conditions"] = json!(1);
    let dead = Answer::Read(BackendState::NoService);
    let scene = scene()
        .webhook(FailurePolicy::Fail, dead, conditional)
        .create("ConfigMap", "shop/a");
    assert_eq!(scene.verdicts(), ["MayFail ConfigMap shop/a"]);
}

/// Labels that the manifest does not name stay on the object, and those of a namespace that is created are its own.
#[test]
fn selectors_look_at_the_labels_that_the_request_has() {
    let selecting = |selector: &str, labels: Value| {
        let mut matches = every("*", &["*"]);
        matches[selector] = json!({"matchLabels": labels});
        scene().webhook(
            FailurePolicy::Fail,
            Answer::Read(BackendState::NoService),
            matches,
        )
    };
    let labelled = |labels: Value| json!({"metadata": {"labels": labels}});
    let object = selecting("objectSelector", json!({"inject": "yes"}))
        .send(
            UPDATE,
            "ConfigMap",
            "shop/a",
            labelled(json!({"x": "1"})),
            labelled(json!({"inject": "yes"})),
        )
        .send(
            CREATE,
            "ConfigMap",
            "shop/b",
            labelled(json!({"inject": "no"})),
            Value::Null,
        );
    assert_eq!(object.verdicts(), ["UpdateFails ConfigMap shop/a"]);
    let record = selecting("objectSelector", json!({"owner": "helm"}));
    assert_eq!(record.verdicts(), ["RecordRefused -"]);
    let mut made = selecting(
        "namespaceSelector",
        json!({"kubernetes.io/metadata.name": "edge"}),
    )
    .create("Namespace", "edge")
    .create("ConfigMap", "edge/a");
    made.surroundings
        .namespaces
        .insert("edge".to_owned(), Answer::Read(None));
    assert_eq!(made.verdicts(), ["CreateFails ConfigMap edge/a"]);
}

#[test]
fn policies_and_webhooks_that_answer_are_told_once_with_what_they_decide_about() {
    let mut scene = scene()
        .create("ConfigMap", "shop/a")
        .create("ConfigMap", "shop/b")
        .create("ConfigMap", "shop/c");
    let policy = Policy {
        name: "images".to_owned(),
        matches: serde_json::from_value(json!({"resourceRules": every("*", &["*"])["rules"]})).unwrap(),
        conditions: 0,
        bindings: vec![serde_json::from_value(json!({"name": "b"})).unwrap()],
    };
    scene.surroundings.policies = Answer::Read(vec![policy]);
    assert_eq!(
        scene.found(),
        [
            "Asked admission -: ValidatingAdmissionPolicy images decides about the record of the new revision, ConfigMap \
             shop/a and 2 more, and may refuse"
        ]
    );
    scene.surroundings.policies = Answer::Unread(ReadError::Unauthorized);
    scene.surroundings.webhooks = Answer::Unread(ReadError::Unauthorized);
    assert_eq!(scene.verdicts(), ["Gap -", "Gap -"]);
}

#[test]
fn what_helm_sends_depends_on_the_method_and_the_kind() {
    let sent = |kind: &str, action, manifests, method| {
        let object = ObjectPreview {
            key: key(kind, "shop/a"),
            manifests,
            action,
            reason: None,
            block: None,
            ways_out: Vec::new(),
            may_be_refused: None,
            fields: Vec::new(),
            left_out: 0,
            live: Some(crate::classify::transition::LiveFacts::default()),
        };
        verb_sent(&object, method)
    };
    use ApplyMethod::{Csa, Ssa};
    use InManifests::{Both, From, To};
    use PreviewAction::{Change, Create, Delete, Keep, None as Nothing};
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
