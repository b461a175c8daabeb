//! Objects that somebody made to be costly: for each way in which a comparison could take more than its input's size
//! explains, an input of any size.
//!
//! The tests count their steps, and the benchmark shows what they cost.

use std::sync::Arc;

use driftline::classify::live::LiveObject;
use driftline::classify::object::judge;
use driftline::classify::subject::Autoscaler;
use driftline::classify::subject::{Role, Subject, Visibility};
use driftline::compare::three_way::OfRevision;
use driftline::compare::work::Work;
use driftline::manifest::desired::Owner;
use driftline::model::ObjectReport;
use driftline::object::{Gvk, ObjectKey};
use driftline::policy::Policy;
use driftline::policy::ignore::IgnoreRules;
use driftline::release::operations::Operations;
use driftline::source::Lookup;
use driftline::types::TypeTable;
use driftline::vocabulary::ApplyMethod;
use serde_json::{Map, Value, json};

/// The annotation of the operator's choice.
const ANNOTATION: &str = "example.com/ignore";

/// A class of inputs.
#[derive(Clone, Copy)]
pub(crate) struct Costly {
    /// What it is.
    pub(crate) name: &'static str,
    /// An input of this size.
    pub(crate) make: fn(usize) -> Input,
}

/// One object with everything that it is compared with.
pub(crate) struct Input {
    kind: (&'static str, &'static str),
    body: String,
    duplicates: Vec<Arc<str>>,
    previous: Option<String>,
    live: String,
}

/// Every class.
pub(crate) const CLASSES: [Costly; 17] = [
    Costly {
        name: "duplicate environment keys in another order",
        make: duplicate_keys,
    },
    Costly {
        name: "duplicate environment keys with an extra field each",
        make: extended_duplicate_keys,
    },
    Costly {
        name: "environment entries of a person",
        make: added_entries,
    },
    Costly {
        name: "environment entries that are gone",
        make: removed_entries,
    },
    Costly {
        name: "environment entries left over",
        make: left_over_entries,
    },
    Costly {
        name: "finalizers",
        make: finalizers,
    },
    Costly {
        name: "finalizers left over",
        make: left_over_finalizers,
    },
    Costly {
        name: "labels of many managers",
        make: managers,
    },
    Costly {
        name: "rules in another order",
        make: reordered_rules,
    },
    Costly {
        name: "rules that all changed",
        make: changed_rules,
    },
    Costly {
        name: "verbs in another order",
        make: reordered_verbs,
    },
    Costly {
        name: "entries of a ConfigMap",
        make: entries,
    },
    Costly {
        name: "ports that replace each other",
        make: ports,
    },
    Costly {
        name: "fields that others added and removed",
        make: siblings,
    },
    Costly {
        name: "patterns of an annotation",
        make: patterns,
    },
    Costly {
        name: "a quantity of many digits",
        make: digits,
    },
    Costly {
        name: "a custom resource of great depth",
        make: depth,
    },
];

/// Many documents of one manifest that name the same object.
pub(crate) fn documents(count: usize, entries: usize) -> Input {
    let env = |value: &str| -> Vec<Value> {
        (0..entries)
            .map(|at| json!({"name": format!("K{at}"), "value": value}))
            .collect()
    };
    let input = deployment(env("a"), env("b"));
    Input {
        duplicates: (1..count)
            .map(|at| deployment(env(&at.to_string()), Vec::new()).body.into())
            .collect(),
        ..input
    }
}

impl Input {
    /// An object as manifests ask for it and as it lives.
    pub(crate) fn of(kind: (&'static str, &'static str), body: &str, previous: &str, live: &str) -> Self {
        Self {
            kind,
            body: body.to_owned(),
            duplicates: Vec::new(),
            previous: Some(previous.to_owned()),
            live: live.to_owned(),
        }
    }

    /// The size of everything that is compared.
    pub(crate) fn bytes(&self) -> usize {
        let duplicates: usize = self.duplicates.iter().map(|body| body.len()).sum();
        self.body.len() + self.previous.as_ref().map_or(0, String::len) + self.live.len() + duplicates
    }

    /// The verdict on the object.
    pub(crate) fn judge(&self, work: &Work) -> ObjectReport {
        let (api_version, kind) = self.kind;
        let key = ObjectKey {
            gvk: Gvk::new(api_version, kind),
            namespace: Some("shop".to_owned()),
            name: "web".to_owned(),
        };
        let operations = Operations::default();
        let policy = Policy {
            ignore: IgnoreRules {
                annotation: Some(ANNOTATION.to_owned()),
                ..IgnoreRules::default()
            },
            ..Policy::default()
        };
        let previous = self.previous.as_deref();
        let subject = Subject {
            key: &key,
            template: None,
            owner: Owner {
                name: "web",
                namespace: "shop",
            },
            role: Role::Expected,
            expires: false,
            body: &self.body,
            duplicate_documents: &self.duplicates,
            previous: previous.map(|object| OfRevision { revision: 1, object }),
            older: &[],
            attempted: &[],
            method: ApplyMethod::Csa,
            shape: TypeTable::builtin().kind(api_version, kind),
            operations: &operations,
            autoscaler: Autoscaler::None,
            values: Visibility::Shown,
        };
        let live = LiveObject::parse(&Lookup::Found(&self.live));
        judge(&subject, &live, &policy, work).unwrap().report
    }
}

fn input(kind: (&'static str, &'static str), body: &Value, mut live: Value) -> Input {
    live["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
    live["metadata"]["annotations"]["meta.helm.sh/release-name"] = json!("web");
    live["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = json!("shop");
    Input {
        kind,
        body: body.to_string(),
        duplicates: Vec::new(),
        previous: None,
        live: live.to_string(),
    }
}

/// A manager's entry of the managed fields.
fn manager(name: &str, fields: &Value) -> Value {
    json!({"manager": name, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "time": "2026-11-20T04:00:00Z", "fieldsV1": fields})
}

fn container(env: Vec<Value>) -> Value {
    let env = Value::Array(env);
    json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "a", "env": env}]}}}})
}

fn deployment(desired: Vec<Value>, live: Vec<Value>) -> Input {
    input(("apps/v1", "Deployment"), &container(desired), container(live))
}

/// The managed fields of a container's environment.
fn owned_env(count: usize) -> Value {
    let env: Map<String, Value> = (0..count)
        .map(|at| {
            (
                format!("k:{{\"name\":\"K{at}\"}}"),
                json!({".": {}, "f:name": {}, "f:value": {}}),
            )
        })
        .collect();
    json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:env": env}}}}}})
}

fn entry(at: usize) -> Value {
    json!({"name": format!("K{at}"), "value": "v"})
}

fn duplicate_keys(count: usize) -> Input {
    let env: Vec<Value> = (0..count)
        .map(|at| json!({"name": "A", "value": at.to_string()}))
        .collect();
    deployment(env.clone(), env.into_iter().rev().collect())
}

fn extended_duplicate_keys(count: usize) -> Input {
    let env = |extra: bool| -> Vec<Value> {
        let entry = |at: usize| {
            if extra {
                json!({"name": "A", "value": at.to_string(), "valueFrom": {"fieldRef": {"fieldPath": "a"}}})
            } else {
                json!({"name": "A", "value": at.to_string()})
            }
        };
        (0..count).map(entry).collect()
    };
    deployment(env(false), env(true).into_iter().rev().collect())
}

fn added_entries(count: usize) -> Input {
    let live = container((0..count).map(entry).collect());
    let mut live = live;
    live["metadata"]["managedFields"] = json!([manager("kubectl-edit", &owned_env(count))]);
    input(("apps/v1", "Deployment"), &container(vec![entry(count)]), live)
}

fn removed_entries(count: usize) -> Input {
    Input {
        previous: Some(container((0..count).rev().map(entry).collect()).to_string()),
        ..deployment((0..count).map(entry).collect(), vec![entry(count)])
    }
}

fn left_over_entries(count: usize) -> Input {
    let mut live = container((0..count).map(entry).collect());
    live["metadata"]["managedFields"] = json!([manager("helm", &owned_env(count))]);
    Input {
        previous: Some(container((0..count).rev().map(entry).collect()).to_string()),
        ..input(("apps/v1", "Deployment"), &container(vec![entry(count)]), live)
    }
}

fn with_finalizers(range: std::ops::Range<usize>) -> Value {
    json!({"metadata": {"finalizers": range.map(|at| format!("example.com/f{at}")).collect::<Vec<_>>()}})
}

fn finalizers(count: usize) -> Input {
    Input {
        previous: Some(with_finalizers(0..count).to_string()),
        ..input(
            ("v1", "ConfigMap"),
            &with_finalizers(0..count),
            with_finalizers(count..2 * count),
        )
    }
}

fn left_over_finalizers(count: usize) -> Input {
    let members: Map<String, Value> = (0..count)
        .map(|at| (format!("v:\"example.com/f{at}\""), json!({})))
        .collect();
    let mut live = with_finalizers(0..count);
    live["metadata"]["managedFields"] = json!([
        manager(
            "kubectl",
            &json!({"f:metadata": {"f:finalizers": members.clone()}})
        ),
        manager("other", &json!({"f:metadata": {"f:finalizers": members}})),
    ]);
    Input {
        previous: Some(with_finalizers(0..count / 2).to_string()),
        ..input(("v1", "ConfigMap"), &with_finalizers(count..count + 1), live)
    }
}

/// As many managers as a hundredth of the labels, each of which owns all of them.
fn managers(count: usize) -> Input {
    let labels = |value: &str| -> Map<String, Value> {
        (0..count).map(|at| (format!("l{at}"), json!(value))).collect()
    };
    let fields: Map<String, Value> = (0..count).map(|at| (format!("f:l{at}"), json!({}))).collect();
    let fields = json!({"f:metadata": {"f:labels": fields}});
    let mut live = json!({"metadata": {"labels": labels("b")}});
    live["metadata"]["managedFields"] = (0..=count / 100)
        .map(|at| manager(&format!("m{at}"), &fields))
        .collect();
    input(
        ("v1", "ConfigMap"),
        &json!({"metadata": {"labels": labels("a")}}),
        live,
    )
}

const ROLE: (&str, &str) = ("rbac.authorization.k8s.io/v1", "Role");

fn rule(at: usize, verb: &str) -> Value {
    json!({"apiGroups": [""], "resources": [format!("r{at}")], "verbs": ["get", "list", verb]})
}

fn reordered_rules(count: usize) -> Input {
    let live =
        |at| json!({"apiGroups": [""], "resources": [format!("r{at}")], "verbs": ["watch", "list", "get"]});
    let desired = json!({"rules": (0..count).map(|at| rule(at, "watch")).collect::<Vec<_>>()});
    input(
        ROLE,
        &desired,
        json!({"rules": (0..count).rev().map(live).collect::<Vec<_>>()}),
    )
}

fn changed_rules(count: usize) -> Input {
    let rules = |verb: &str| (0..count).map(|at| rule(at, verb)).collect::<Vec<_>>();
    let live: Vec<Value> = rules("delete").into_iter().rev().collect();
    input(ROLE, &json!({"rules": rules("watch")}), json!({"rules": live}))
}

fn reordered_verbs(count: usize) -> Input {
    let rules =
        |verbs: Vec<String>| json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}]});
    let verbs = || (0..count).map(|at| format!("v{at}"));
    let live = verbs()
        .rev()
        .map(|verb| if verb == "v0" { "other".to_owned() } else { verb });
    input(ROLE, &rules(verbs().collect()), rules(live.collect()))
}

fn entries(count: usize) -> Input {
    let data = |value: &str| -> Map<String, Value> {
        (0..count).map(|at| (format!("k{at}"), json!(value))).collect()
    };
    Input {
        previous: Some(json!({"data": data("0")}).to_string()),
        ..input(
            ("v1", "ConfigMap"),
            &json!({"data": data("1")}),
            json!({"data": data("2")}),
        )
    }
}

/// Ports of a Service: every one is gone, and another one of the same number or name was added.
fn ports(count: usize) -> Input {
    let ports = |protocol: &str| -> Vec<Value> {
        (0..count)
            .map(|at| json!({"port": at, "protocol": protocol, "name": format!("p{}", at % 7)}))
            .collect()
    };
    let owned: Map<String, Value> = (0..count)
        .map(|at| {
            (
                format!("k:{{\"port\":{at},\"protocol\":\"UDP\"}}"),
                json!({".": {}, "f:port": {}}),
            )
        })
        .collect();
    let mut live = json!({"spec": {"ports": ports("UDP")}});
    live["metadata"]["managedFields"] =
        json!([manager("kubectl-edit", &json!({"f:spec": {"f:ports": owned}}))]);
    input(("v1", "Service"), &json!({"spec": {"ports": ports("TCP")}}), live)
}

fn siblings(count: usize) -> Input {
    let labels = |prefix: &str| -> Map<String, Value> {
        (0..count)
            .map(|at| (format!("{prefix}{at}"), json!("v")))
            .collect()
    };
    let owned: Map<String, Value> = (0..count).map(|at| (format!("f:b{at}"), json!({}))).collect();
    let mut live = json!({"metadata": {"labels": labels("b")}});
    live["metadata"]["managedFields"] = json!([manager(
        "kubectl-edit",
        &json!({"f:metadata": {"f:labels": owned}})
    )]);
    input(
        ("v1", "ConfigMap"),
        &json!({"metadata": {"labels": labels("a")}}),
        live,
    )
}

/// An annotation with as many wildcards as it may have, and names on which they all have to be tried.
fn patterns(count: usize) -> Input {
    let data = |value: &str| -> Map<String, Value> {
        (0..count / 10)
            .map(|at| (format!("{}{at}", "a".repeat(200)), json!(value)))
            .collect()
    };
    let pattern = format!("/data/{}b", "*a?????".repeat(20));
    let mut live = json!({"data": data("2")});
    live["metadata"]["annotations"][ANNOTATION] = json!(vec![pattern; 60].join(","));
    input(("v1", "ConfigMap"), &json!({"data": data("1")}), live)
}

fn digits(count: usize) -> Input {
    let limits = |cpu: String| json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "resources": {"limits": {"cpu": cpu}}}]}}}});
    let digits = "0".repeat(count * 100);
    input(
        ("apps/v1", "Deployment"),
        &limits(format!("1{digits}")),
        limits(format!("2{digits}")),
    )
}

/// A field at the bottom of each of many objects in objects, in lists that hold no other.
fn depth(count: usize) -> Input {
    let nested = |value: &str| {
        let leaf: Map<String, Value> = (0..count).map(|at| (format!("k{at}"), json!(value))).collect();
        let spec = (0..50).fold(Value::Object(leaf), |inner, _| json!({"a": [inner]}));
        json!({ "spec": spec })
    };
    Input {
        previous: Some(nested("0").to_string()),
        ..input(("example.com/v1", "Thing"), &nested("1"), nested("2"))
    }
}
