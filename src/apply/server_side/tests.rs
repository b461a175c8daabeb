use serde_json::{Value, json};

use crate::apply::{Merged, Method, OnConflict, Write, merge};
use crate::compare::managed_fields::Live;
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::TypeTable;

/// A live object with these entries of managed fields: manager, operation, subresource, fields.
struct Lives {
    object: Value,
    entries: Vec<Value>,
}

fn lives(object: Value) -> Lives {
    Lives {
        object,
        entries: Vec::new(),
    }
}

impl Lives {
    fn owned(mut self, manager: &str, operation: &str, subresource: &str, fields: impl Into<Value>) -> Self {
        let fields: Value = fields.into();
        let version = self.object["apiVersion"].clone();
        self.entries.push(json!({
            "manager": manager, "operation": operation, "subresource": subresource, "apiVersion": version,
            "fieldsType": "FieldsV1", "fieldsV1": fields,
        }));
        self
    }

    fn text(&self) -> String {
        let mut object = self.object.clone();
        if !self.entries.is_empty() {
            object["metadata"]["managedFields"] = Value::Array(self.entries.clone());
        }
        object.to_string()
    }

    fn applied(&self, method: Method, new: &Value) -> Merged {
        self.applied_within(method, new, &Work::of_steps(1_000_000))
    }

    fn applied_within(&self, method: Method, new: &Value, work: &Work) -> Merged {
        let text = self.text();
        let live = Live::parse(&text).unwrap();
        let gvk = Gvk::new(
            self.object["apiVersion"].as_str().unwrap(),
            self.object["kind"].as_str().unwrap(),
        );
        let write = Write {
            method,
            gvk: &gvk,
            shape: TypeTable::builtin().kind(&gvk.api_version, &gvk.kind),
            old: None,
            new: Some(new),
            live: Some(&live),
            manager: "helm",
            work,
        };
        merge(&write, new, &live)
    }

    /// The conflicts of an apply, as text; empty where there are none.
    fn conflicts(&self, new: &Value) -> Vec<String> {
        match self.applied(Method::ServerSide(OnConflict::Fail), new) {
            Merged::Conflict(conflicts) => conflicts
                .iter()
                .map(|conflict| {
                    let through = if conflict.subresource.is_empty() {
                        String::new()
                    } else {
                        format!(" through {}", conflict.subresource)
                    };
                    format!("{} {}{through}", conflict.path, conflict.manager)
                })
                .collect(),
            Merged::Unchanged | Merged::Object(_) => Vec::new(),
            other @ (Merged::Refused(_) | Merged::Unknown(_)) => panic!("{other:?}"),
        }
    }

    fn forced(&self, new: &Value) -> Value {
        match self.applied(Method::ServerSide(OnConflict::Force), new) {
            Merged::Object(object) => object,
            other @ (Merged::Unchanged | Merged::Conflict(_) | Merged::Refused(_) | Merged::Unknown(_)) => {
                panic!("{other:?}")
            }
        }
    }
}

fn object(api_version: &str, kind: &str, fields: &Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
    for (name, value) in fields.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

fn deployment(spec: &Value) -> Value {
    object("apps/v1", "Deployment", &json!({"spec": spec}))
}

/// A null is applied as a value: it conflicts with an autoscaler just as a number does.
#[test]
fn replicas_beside_an_autoscaler_conflict_also_when_they_are_null() {
    let lives = lives(deployment(&json!({"replicas": 4, "paused": true})))
        .owned("helm", "Apply", "", json!({"f:spec": {"f:paused": {}}}))
        .owned(
            "kube-controller-manager",
            "Update",
            "scale",
            json!({"f:spec": {"f:replicas": {}}}),
        );
    let conflict = ["/spec/replicas kube-controller-manager through scale"];
    assert_eq!(
        lives.conflicts(&deployment(&json!({"replicas": 2, "paused": true}))),
        conflict
    );
    let null = deployment(&json!({"replicas": null, "paused": true}));
    assert_eq!(lives.conflicts(&null), conflict);
    assert_eq!(
        lives.forced(&null)["spec"],
        json!({"replicas": null, "paused": true})
    );
    let none: [&str; 0] = [];
    assert_eq!(
        lives.conflicts(&deployment(&json!({"replicas": 4, "paused": true}))),
        none
    );
    assert_eq!(lives.conflicts(&deployment(&json!({"paused": true}))), none);
}

#[test]
fn a_null_beside_an_injector_conflicts() {
    let webhook = |client: Value| {
        object(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            &json!({"webhooks": [{"name": "w.example.com", "clientConfig": client}]}),
        )
    };
    let key = "k:{\"name\":\"w.example.com\"}";
    let lives = lives(webhook(json!({"url": "https://a", "caBundle": "Y2E="})))
        .owned(
            "helm",
            "Apply",
            "",
            json!({"f:webhooks": {key: {".": {}, "f:name": {}, "f:clientConfig": {"f:url": {}}}}}),
        )
        .owned(
            "cert-manager-cainjector",
            "Update",
            "",
            json!({"f:webhooks": {key: {"f:clientConfig": {"f:caBundle": {}}}}}),
        );
    assert_eq!(
        lives.conflicts(&webhook(json!({"url": "https://a", "caBundle": null}))),
        ["/webhooks[name=w.example.com]/clientConfig/caBundle cert-manager-cainjector"]
    );
    assert!(lives.conflicts(&webhook(json!({"url": "https://a"}))).is_empty());
}

/// An atomic list is one value, and an empty one differs; in a keyed one nobody owns nothing.
#[test]
fn an_empty_list_conflicts_where_it_is_owned_as_a_whole() {
    let account = |secrets: Value| object("v1", "ServiceAccount", &secrets);
    let lives_account = lives(account(json!({"imagePullSecrets": [{"name": "pull"}]})))
        .owned("helm", "Apply", "", json!({"f:metadata": {"f:labels": {}}}))
        .owned("openshift", "Update", "", json!({"f:imagePullSecrets": {}}));
    assert_eq!(
        lives_account.conflicts(&account(json!({"imagePullSecrets": []}))),
        ["/imagePullSecrets openshift"]
    );
    let pod = |spec: Value| object("v1", "Pod", &json!({"spec": spec}));
    let lives_pod = lives(pod(json!({"imagePullSecrets": [{"name": "pull"}]})))
        .owned("helm", "Apply", "", json!({"f:metadata": {"f:labels": {}}}))
        .owned(
            "b",
            "Update",
            "",
            json!({"f:spec": {"f:imagePullSecrets": {"k:{\"name\":\"pull\"}": {}}}}),
        );
    assert_eq!(
        lives_pod.applied(
            Method::ServerSide(OnConflict::Fail),
            &pod(json!({"imagePullSecrets": []}))
        ),
        Merged::Unchanged
    );
}

/// The API server compares what is written, before it brings amounts into their usual spelling.
#[test]
fn an_equal_amount_in_another_spelling_conflicts() {
    let with_cpu = |cpu: &str| {
        let container = json!({"name": "app", "resources": {"limits": {"cpu": cpu}}});
        deployment(&json!({"template": {"spec": {"containers": [container]}}}))
    };
    let owned = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {
        ".": {}, "f:name": {}, "f:resources": {"f:limits": {"f:cpu": {}}}}}}}}});
    let both = lives(with_cpu("1"))
        .owned("helm", "Apply", "", owned.clone())
        .owned("operator", "Apply", "", owned.clone());
    assert_eq!(
        both.conflicts(&with_cpu("1000m")),
        ["/spec/template/spec/containers[name=app]/resources/limits/cpu operator"]
    );
    assert!(both.conflicts(&with_cpu("1")).is_empty());
    let alone = lives(with_cpu("1")).owned("helm", "Apply", "", owned);
    assert!(alone.conflicts(&with_cpu("1000m")).is_empty());
}

/// References are owned as a whole, but not that of a volume: the chart names the claim, and the controller adds the rest.
#[test]
fn a_volume_that_is_bound_does_not_conflict() {
    let volume = |claim: Value| object("v1", "PersistentVolume", &json!({"spec": {"claimRef": claim}}));
    let claim = json!({"name": "data", "namespace": "a"});
    let lives = lives(volume(json!({"name": "data", "namespace": "a", "uid": "u"})))
        .owned(
            "helm",
            "Apply",
            "",
            json!({"f:spec": {"f:claimRef": {"f:name": {}, "f:namespace": {}}}}),
        )
        .owned(
            "kube-controller-manager",
            "Update",
            "",
            json!({"f:spec": {"f:claimRef": {"f:uid": {}}}}),
        );
    assert_eq!(
        lives.applied(Method::ServerSide(OnConflict::Fail), &volume(claim)),
        Merged::Unchanged
    );
}

#[test]
fn what_helm_does_not_apply_any_more_goes_unless_somebody_else_owns_it() {
    let data = |data: Value| object("v1", "ConfigMap", &json!({"data": data}));
    let lives_data = lives(data(json!({"a": "1", "b": "2", "c": "3", "d": "4"})))
        .owned(
            "helm",
            "Apply",
            "",
            json!({"f:data": {"f:a": {}, "f:b": {}, "f:c": {}}}),
        )
        .owned(
            "kubectl-edit",
            "Update",
            "",
            json!({"f:data": {"f:c": {}, "f:d": {}}}),
        );
    assert_eq!(
        lives_data.forced(&data(json!({"a": "1"})))["data"],
        json!({"a": "1", "c": "3", "d": "4"})
    );

    // Of an element that somebody owns a part of, that part and its keys stay.
    let pod = |containers: Value| object("v1", "Pod", &json!({"spec": {"containers": containers}}));
    let key = "k:{\"name\":\"b\"}";
    let lives_pod = lives(pod(
        json!([{"name": "a", "image": "x"}, {"name": "b", "image": "y", "tty": true}]),
    ))
    .owned(
        "helm",
        "Apply",
        "",
        json!({"f:spec": {"f:containers": {
                "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}},
                key: {".": {}, "f:name": {}, "f:image": {}}}}}),
    )
    .owned(
        "b",
        "Apply",
        "",
        json!({"f:spec": {"f:containers": {key: {".": {}, "f:name": {}, "f:tty": {}}}}}),
    );
    assert_eq!(
        lives_pod.forced(&pod(json!([{"name": "a", "image": "x"}])))["spec"]["containers"],
        json!([{"name": "a", "image": "x"}, {"name": "b", "tty": true}])
    );
}

#[test]
fn without_managed_fields_everything_is_somebody_elses() {
    let data = |data: Value| object("v1", "ConfigMap", &json!({"data": data}));
    let lives = lives(data(json!({"a": "1", "b": "2"})));
    assert_eq!(
        lives.conflicts(&data(json!({"a": "2", "c": "3"}))),
        ["/data/a before-first-apply"]
    );
    assert_eq!(
        lives.forced(&data(json!({"a": "2", "c": "3"})))["data"],
        json!({"a": "2", "b": "2", "c": "3"})
    );
}

/// What Helm wrote by client-side apply is another manager's to a server-side apply, until Helm takes it over.
#[test]
fn helms_own_client_side_writes_conflict_until_they_are_taken_over() {
    let data = |data: Value| object("v1", "ConfigMap", &json!({"data": data}));
    let lives = lives(data(json!({"a": "1", "b": "2"}))).owned(
        "helm",
        "Update",
        "",
        json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}}),
    );
    let new = data(json!({"a": "9"}));
    assert_eq!(lives.conflicts(&new), ["/data/a helm"]);
    let Merged::Object(object) = lives.applied(Method::ToServerSide(OnConflict::Fail), &new) else {
        panic!("a conflict with itself")
    };
    assert_eq!(
        object["data"],
        json!({"a": "9"}),
        "and what the chart dropped goes"
    );
}

#[test]
fn objects_that_the_api_server_cannot_read_are_refused() {
    let pod = |spec: Value| object("v1", "Pod", &json!({"spec": spec}));
    let lives = lives(pod(json!({"newField": {"a": 1}, "containers": []}))).owned(
        "helm",
        "Apply",
        "",
        json!({"f:spec": {"f:other": {"f:b": {}}}}),
    );
    let rows = [
        (json!({"containres": []}), Some("/spec/containres")),
        (
            json!({"containers": [{"name": "a"}, {"name": "a"}]}),
            Some("/spec/containers[name=a]"),
        ),
        (json!({"containers": ["a"]}), Some("/spec/containers[0]")),
        (
            json!({"containers": [{"name": "a", "env": [{"name": "E", "value": 1}]}]}),
            Some("/spec/containers[name=a]/env[name=E]/value"),
        ),
        (json!({"hostNetwork": "yes"}), Some("/spec/hostNetwork")),
        (json!({"tolerations": {}}), Some("/spec/tolerations")),
        // Fields of another version of the API server, which has them.
        (json!({"newField": {"a": 2, "b": 3}}), None),
        (json!({"other": {"b": 3}}), None),
    ];
    for (spec, expected) in rows {
        let refused = match lives.applied(Method::ServerSide(OnConflict::Fail), &pod(spec.clone())) {
            Merged::Refused(refusal) => Some(refusal.path.to_string()),
            Merged::Unchanged | Merged::Object(_) | Merged::Conflict(_) => None,
            Merged::Unknown(reason) => panic!("{reason}"),
        };
        assert_eq!(refused.as_deref(), expected, "{spec}");
    }
    let rows = [
        (json!({"managedFields": []}), true),
        (json!({"resourceVersion": "7"}), true),
        (json!({"resourceVersion": "8", "uid": "u"}), false),
        (json!({"uid": "v"}), true),
        (json!({"managedFields": null, "resourceVersion": ""}), false),
    ];
    for (metadata, expected) in rows {
        let mut live = object("v1", "ConfigMap", &json!({}));
        live["metadata"] = json!({"name": "a", "resourceVersion": "8", "uid": "u"});
        let mut new = live.clone();
        new["metadata"] = metadata.clone();
        let merged = self::lives(live).applied(Method::ServerSide(OnConflict::Force), &new);
        assert_eq!(matches!(merged, Merged::Refused(_)), expected, "{metadata}");
    }
}

/// Fields that are named in another version of the API may be other fields in this one.
#[test]
fn another_version_of_the_api_is_not_guessed_at() {
    let autoscaler = |most: u8| {
        object(
            "autoscaling/v1",
            "HorizontalPodAutoscaler",
            &json!({"spec": {"maxReplicas": most, "scaleTargetRef": {"kind": "Deployment", "name": "a"}}}),
        )
    };
    let mut lives = lives(autoscaler(3)).owned("helm", "Apply", "", json!({"f:spec": {"f:maxReplicas": {}}}));
    let mut status = lives.entries[0].clone();
    status["manager"] = json!("kube-controller-manager");
    status["apiVersion"] = json!("autoscaling/v2");
    status["fieldsV1"] = json!({"f:status": {"f:currentMetrics": {}}});
    lives.entries.push(status.clone());
    let fails = Method::ServerSide(OnConflict::Fail);
    assert!(
        matches!(lives.applied(fails, &autoscaler(4)), Merged::Object(_)),
        "the status is apart"
    );
    status["manager"] = json!("kubectl-edit");
    status["fieldsV1"] = json!({"f:spec": {"f:metrics": {}}});
    lives.entries.push(status);
    assert!(matches!(lives.applied(fails, &autoscaler(4)), Merged::Unknown(_)));
    assert_eq!(
        lives.applied(fails, &autoscaler(3)),
        Merged::Unchanged,
        "nothing could conflict"
    );
}

/// An element that has none of its keys makes every apply fail, whoever put it there.
#[test]
fn a_live_element_without_its_keys_makes_every_apply_fail() {
    let account = |secrets: Value| object("v1", "ServiceAccount", &json!({"secrets": secrets}));
    let lives = lives(account(json!([{"name": "a"}, {"namespace": "b"}]))).owned(
        "helm",
        "Apply",
        "",
        json!({"f:secrets": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}}}}),
    );
    let merged = lives.applied(
        Method::ServerSide(OnConflict::Force),
        &account(json!([{"name": "a"}])),
    );
    let Merged::Refused(refusal) = merged else {
        panic!("{merged:?}")
    };
    assert_eq!(refusal.path.to_string(), "/secrets[1]");
}

/// A custom resource without a subresource for its status has one like any other field.
#[test]
fn a_status_is_apart_where_it_is_written_apart() {
    let widget = |status: u8| object("example.com/v1", "Widget", &json!({"status": {"phase": status}}));
    let by = |subresource: &str| {
        lives(widget(1))
            .owned("helm", "Apply", "", json!({"f:spec": {"f:a": {}}}))
            .owned(
                "operator",
                "Update",
                subresource,
                json!({"f:status": {"f:phase": {}}}),
            )
    };
    assert_eq!(by("").conflicts(&widget(2)), ["/status/phase operator"]);
    assert_eq!(
        by("status").applied(Method::ServerSide(OnConflict::Fail), &widget(2)),
        Merged::Unchanged
    );
}

#[test]
fn the_work_grows_with_the_size_and_not_with_its_square() {
    let steps = |count: usize| {
        let env = |value: &str| {
            let items = (0..count).map(|at| json!({"name": format!("E{at}"), "value": value}));
            let container = json!({"name": "a", "env": items.collect::<Vec<_>>()});
            object("v1", "Pod", &json!({"spec": {"containers": [container]}}))
        };
        let owned = (0..count).map(|at| {
            let key = format!("k:{{\"name\":\"E{at}\"}}");
            (key, json!({".": {}, "f:name": {}, "f:value": {}}))
        });
        let owned: serde_json::Map<String, Value> = owned.collect();
        let fields = json!({"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {"f:env": owned}}}});
        let lives = lives(env("1"))
            .owned("helm", "Apply", "", fields.clone())
            .owned("b", "Update", "", fields);
        let work = Work::of_steps(u64::MAX);
        let merged = lives.applied_within(Method::ServerSide(OnConflict::Fail), &env("2"), &work);
        assert!(matches!(merged, Merged::Conflict(conflicts) if conflicts.len() == count));
        (work.taken(), lives.text().len())
    };
    let (few, bytes) = steps(200);
    let (many, _) = steps(400);
    assert!(many * 2 <= few * 5, "{few} {many}");
    assert!(few < 2 * bytes as u64, "{few} for {bytes} bytes");
}

/// A port that the manifest writes with an empty protocol is another element than the one that the API server stored.
#[test]
fn an_element_that_the_server_keys_otherwise_is_added_again() {
    let deployment = |ports: Value, limits: Value| {
        deployment(&json!({"template": {"spec": {"containers": [
            {"name": "app", "ports": ports, "resources": {"limits": limits}}]}}}))
    };
    let lives = deployment(
        json!([{"name": "http", "containerPort": 80, "protocol": "TCP"},
            {"name": "dns", "containerPort": 53, "protocol": "UDP"}]),
        json!({"cpu": "1"}),
    );
    let dns = json!({"name": "dns", "containerPort": 53, "protocol": "UDP"});
    for (ports, expected) in [
        (json!([{"name": "http", "containerPort": 80}, dns]), false),
        (json!([dns, {"name": "http", "containerPort": 80}]), false),
        (
            json!([{"name": "http", "containerPort": 80, "protocol": "TCP"}]),
            false,
        ),
        (
            json!([dns, {"name": "http", "containerPort": 80, "protocol": ""}]),
            true,
        ),
        (json!([dns, {"name": "http", "containerPort": 81}]), true),
        (json!(null), false),
    ] {
        let new = deployment(ports, json!({"cpu": "1000m"}));
        let gvk = Gvk::new("apps/v1", "Deployment");
        let shape = TypeTable::builtin().kind("apps/v1", "Deployment");
        let adds = super::adds_element(&gvk, shape, &new, &lives, &Work::of_steps(10_000));
        assert_eq!(adds, expected, "{new}");
    }
}

/// A selector is owned as a whole.
#[test]
fn another_selector_conflicts_as_a_whole() {
    let of = |labels: Value| deployment(&json!({"selector": {"matchLabels": labels}}));
    let lives = lives(of(json!({"app": "a", "x": "y"}))).owned(
        "kubectl-create",
        "Update",
        "",
        json!({"f:spec": {"f:selector": {}}}),
    );
    assert_eq!(
        lives.conflicts(&of(json!({"app": "a"}))),
        ["/spec/selector kubectl-create"]
    );
}
