//! Whether a live object may hold more than its manifest asks for: a quick look before the managed fields are read, which
//! are as large as the object.

use serde_json::{Map, Value};

use super::diff::is_servers_choice;
use super::path_tree::PathTree;
use super::server_rules::{describes_embedded_object, is_derived_default, is_mirror, is_written_metadata};
use super::shapes::child;
use super::trail::Trail;
use super::work::Work;
use crate::manifest::desired::TYPE_AND_STATUS;
use crate::types::{Shape, ValueKind};

/// Whether the live object has a value that the manifest does not ask for, that the server does not fill in and that is not
/// among the known places. Where lists differ in length or order, the answer may be yes without such a value.
pub(crate) fn may_hold_more(
    shape: Option<Shape<'_>>,
    desired: &Value,
    live: &Value,
    known: &PathTree,
    work: &Work,
) -> bool {
    let (Value::Object(live), Value::Object(desired)) = (live, desired) else {
        return false;
    };
    let look = Look { known, work };
    live.iter().any(|(key, value)| {
        let trail = Trail::Key(&Trail::Root, key);
        let shape = shape.and_then(|shape| child(shape, key));
        match (key.as_str(), value) {
            ("metadata", Value::Object(metadata)) => metadata.iter().any(|(key, value)| {
                let trail = Trail::Key(&trail, key);
                let shape = shape.and_then(|shape| child(shape, key));
                let desired = desired.get("metadata").and_then(|metadata| metadata.get(key));
                is_written_metadata(key) && look.field(&trail, shape, desired, value)
            }),
            (key, _) if TYPE_AND_STATUS.contains(&key) => false,
            (key, value) => look.field(&trail, shape, desired.get(key), value),
        }
    })
}

/// A walk of a live object beside the manifest's.
struct Look<'k> {
    known: &'k PathTree,
    work: &'k Work,
}

impl Look<'_> {
    /// Whether a field or an element holds more.
    fn field(
        &self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: Option<&Value>,
        live: &Value,
    ) -> bool {
        if !self.work.affords(1) {
            return false;
        }
        match (desired.filter(|value| !value.is_null()), live) {
            (Some(Value::Object(desired)), Value::Object(fields)) => {
                self.fields(trail, shape, desired, fields)
            }
            (Some(Value::Array(desired)), Value::Array(items)) => {
                let element = shape.and_then(Shape::element);
                desired.len() != items.len()
                    || items
                        .iter()
                        .zip(desired)
                        .enumerate()
                        .any(|(index, (live, desired))| {
                            self.field(&Trail::Index(trail, index), element, Some(desired), live)
                        })
            }
            (Some(_), _) | (None, Value::Null) => false,
            // Of what nobody asks for, each part may be known by itself.
            (None, Value::Object(fields)) if !fields.is_empty() => {
                self.fields(trail, shape, &Map::new(), fields)
            }
            (None, _) => {
                let is_servers = shape.is_some_and(|shape| is_servers_choice(shape, live, self.work));
                !is_servers && !self.known.overlaps(&trail.path())
            }
        }
    }

    fn fields(
        &self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: &Map<String, Value>,
        live: &Map<String, Value>,
    ) -> bool {
        // The server puts no key into a map for being empty.
        let is_map = shape.is_some_and(|shape| shape.value() == ValueKind::Map);
        live.iter().any(|(key, value)| {
            let desired = desired.get(key);
            let is_servers = || {
                is_derived_default(shape, live, key)
                    || is_mirror(shape, live, key)
                    || shape.is_some_and(|shape| describes_embedded_object(shape, live, key))
            };
            let trail = Trail::Key(trail, key);
            if is_map && desired.is_none() && !value.is_null() {
                return !is_servers() && !self.known.overlaps(&trail.path());
            }
            let inner = shape.and_then(|shape| child(shape, key));
            self.field(&trail, inner, desired, value) && !(desired.is_none() && is_servers())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::path::FieldPath;
    use crate::types::TypeTable;
    use serde_json::json;

    #[test]
    fn only_what_neither_the_manifest_nor_the_server_explains_is_more() {
        let desired = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"selector": {"matchLabels": {"a": "b"}},
            "template": {"spec": {"containers": [{"name": "app", "image": "x", "resources": {"limits": {"cpu": "1"}}}]}}}});
        let live = json!({"apiVersion": "apps/v1", "kind": "Deployment", "status": {"replicas": 1},
            "metadata": {"labels": {"a": "b"}, "uid": "u", "generation": 1, "annotations": {"known": "1"}},
            "spec": {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
                "selector": {"matchLabels": {"a": "b"}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                "template": {"metadata": {"creationTimestamp": null}, "spec": {"restartPolicy": "Always",
                    "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "securityContext": {},
                    "terminationGracePeriodSeconds": 30, "containers": [{"name": "app", "image": "x",
                        "imagePullPolicy": "Always", "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "File", "resources": {"limits": {"cpu": "1"}}}]}}}});
        let annotation = FieldPath::root().key("metadata").key("annotations").key("known");
        let known: PathTree = std::iter::once(&annotation).collect();
        let shape = TypeTable::builtin().kind("apps/v1", "Deployment");
        let more = |pointer: &str, value: Option<Value>| {
            let mut live = live.clone();
            if let Some(value) = value {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                live.pointer_mut(parent).unwrap()[key] = value;
            }
            may_hold_more(shape, &desired, &live, &known, &Work::of_steps(10_000))
        };
        assert!(!more("", None));
        for (pointer, value) in [
            ("/metadata/labels/left", json!("")),
            ("/spec/replicas", json!(3)),
            ("/spec/template/spec/hostAliases", json!([{"ip": "10.0.0.1"}])),
            ("/spec/template/spec/containers/0/args", json!(["-v"])),
            ("/spec/template/metadata/annotations", json!({"left": "1"})),
        ] {
            assert!(more(pointer, Some(value)), "{pointer}");
        }
        assert!(!more("/metadata/finalizers", Some(Value::Null)));
    }
}
