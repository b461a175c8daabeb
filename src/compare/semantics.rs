//! What the API server makes of manifests, kind by kind: the differences that are none, and those that are.
//!
//! Tables of what a manifest says, what then lives, and the changes that a user is told of. The servers' answers
//! are those of a Kubernetes 1.36 API server unless a row says otherwise.

use serde_json::{Value, json};

use super::three_way::{Versions, three_way};
use crate::types::TypeTable;

/// The changes between a manifest and a live object, as `code path`.
fn changes(table: &TypeTable, kind: (&str, &str), desired: &Value, live: &Value) -> Vec<String> {
    let shape = table.kind(kind.0, kind.1);
    assert!(shape.is_some(), "{kind:?}");
    let versions = Versions {
        previous: None,
        desired,
        attempted: &[],
        live,
    };
    three_way(shape, versions)
        .into_iter()
        .map(|change| format!("{} {}", change.code, change.path))
        .collect()
}

fn builtin(api_version: &str, kind: &str, desired: &Value, live: &Value) -> Vec<String> {
    changes(TypeTable::builtin(), (api_version, kind), desired, live)
}

const NONE: [&str; 0] = [];

/// Regression: the tolerations that admission gives to Pods were expected in templates too, so that one which
/// somebody put beside the manifest's empty list went unseen.
#[test]
fn a_toleration_added_to_a_templates_empty_list() {
    let set = |tolerations: Value| json!({"spec": {"template": {"spec": {"tolerations": tolerations}}}});
    let live = set(json!([{"operator": "Exists"}]));
    for kind in ["DaemonSet", "Deployment", "StatefulSet"] {
        assert_eq!(
            builtin("apps/v1", kind, &set(json!([])), &live),
            ["changed /spec/template/spec/tolerations"]
        );
        assert_eq!(builtin("apps/v1", kind, &set(Value::Null), &live), NONE);
    }
}

/// Regression: a host port of 0 in a template was taken for one that the server chooses, which it does in Pods.
#[test]
fn a_host_port_set_where_the_template_says_zero() {
    let spec = |host: u16| json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "hostPort": host}]}]});
    let template = |host| json!({"spec": {"template": {"spec": spec(host)}}});
    assert_eq!(
        builtin("apps/v1", "Deployment", &template(0), &template(8080)),
        ["changed /spec/template/spec/containers[name=a]/ports[containerPort=80,protocol=TCP]/hostPort"]
    );
    let pod = |host| json!({"spec": spec(host)});
    assert_eq!(builtin("v1", "Pod", &pod(0), &pod(80)), NONE);
}
