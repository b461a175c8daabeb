//! What somebody else put into an object beside what the manifest asks for.
//!
//! The comparison of desired with live never sees these: the server and its controllers add to everything. Managed
//! fields tell who owns each path, so that what a person or another program added can be told from what the
//! server filled in.

use serde_json::{Map, Value};

use super::diff::{covers, is_servers_choice};
use super::keyed;
use super::lookup::{child, key_value};
use super::managed_fields::{Entry, element_keys, owns_objects_whole, set_member};
use super::path::{FieldPath, Segment, push_token};
use crate::types::{ListKind, Shape, ValueKind};

/// One place that a manager owns and the manifest does not ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Addition<'v> {
    /// Where it is.
    pub path: FieldPath,
    /// The same place in the live object, as an RFC 6901 pointer.
    pub pointer: String,
    /// What is there.
    pub live: &'v Value,
    /// Whether it is a part of a value that the API server knows as a whole only: the manager owns the manifest's
    /// part as well.
    pub in_whole: bool,
}

/// What a manager did to the object as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It made the object, so that it owns whatever the server filled in on that occasion.
    Creator,
    /// It changed an object that others made: what it owns, it wrote.
    Editor,
}

/// Everything in `live` that the manager of `entry` owns and `desired` leaves unsaid, except for the values that
/// the server would choose by itself.
///
/// A whole list element or structure that the manager made is one addition; maps are told key by key.
pub fn additions<'v>(
    entry: &Entry<'_>,
    standing: Standing,
    shape: Option<Shape<'_>>,
    desired: &Value,
    live: &'v Value,
) -> Vec<Addition<'v>> {
    let mut found = Vec::new();
    let Value::Object(fields) = live else {
        return found;
    };
    let place = |key: &str, live: &'v Value| Place {
        path: FieldPath::root().key(key),
        pointer: push_token("", key),
        shape: shape.and_then(|shape| child(shape, key)),
        standing,
        live,
    };
    for (token, below) in entry.fields() {
        let (Some(key), Value::Object(below)) = (token.strip_prefix("f:"), below) else {
            continue;
        };
        match (key, fields.get(key)) {
            (_, None) | ("apiVersion" | "kind" | "status", _) => {}
            ("metadata", Some(live)) => {
                let metadata = place(key, live);
                let below = below
                    .iter()
                    .filter(|(token, _)| METADATA.contains(&token.as_str()));
                for (token, below) in below {
                    metadata.child(token, below, desired.get(key), &mut found);
                }
            }
            (_, Some(live)) => place(key, live).visit(below, desired.get(key), &mut found),
        }
    }
    found
}

/// The metadata that others than the API server write.
const METADATA: [&str; 4] = ["f:annotations", "f:finalizers", "f:labels", "f:ownerReferences"];

/// A place in the live object.
struct Place<'v, 's> {
    path: FieldPath,
    pointer: String,
    shape: Option<Shape<'s>>,
    standing: Standing,
    live: &'v Value,
}

impl<'v, 's> Place<'v, 's> {
    /// Looks at a place that the manager owns, or owns something in.
    fn visit(self, below: &Map<String, Value>, desired: Option<&Value>, found: &mut Vec<Addition<'v>>) {
        match desired.filter(|value| !value.is_null()) {
            None => self.unasked(below, found),
            Some(desired) if below.is_empty() && self.is_atomic() => self.surplus(desired, found),
            Some(desired) => {
                for (token, below) in below {
                    self.child(token, below, Some(desired), found);
                }
            }
        }
    }

    /// The manifest says nothing here.
    fn unasked(self, below: &Map<String, Value>, found: &mut Vec<Addition<'v>>) {
        if self.is_servers_choice() {
            return;
        }
        let is_map = self.shape.is_some_and(|shape| shape.value() == ValueKind::Map);
        let made_whole = below.contains_key(".") && self.live.is_object() && !is_map;
        if below.is_empty() || made_whole {
            found.push(self.found());
            return;
        }
        for (token, below) in below {
            self.child(token, below, None, found);
        }
    }

    /// Whether to own this value is to own all that is in it. Of other lists and maps an empty set owns nothing.
    fn is_atomic(&self) -> bool {
        match self.live {
            Value::Object(_) => self.shape.is_some_and(owns_objects_whole),
            Value::Array(_) => self.shape.is_none_or(|shape| shape.list() == ListKind::Atomic),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }

    /// Whether the value would be the same if nobody had written it.
    ///
    /// What depends on other fields (`imagePullPolicy` on the tag) can only be told from a value that somebody
    /// chose where the writer made the object.
    fn is_servers_choice(&self) -> bool {
        match (self.shape, self.live) {
            (Some(shape), live) if shape.is_server_defaulted() => {
                (shape.default().is_some() || self.standing == Standing::Creator)
                    && is_servers_choice(shape, live)
            }
            (_, Value::Object(fields)) => fields
                .iter()
                .all(|(key, value)| self.key(key, value).is_servers_choice()),
            (_, Value::Array(items)) => items.is_empty(),
            // A zero that is there was written: `automountServiceAccountToken: false`, a label without a value.
            (_, Value::Bool(_) | Value::Number(_) | Value::String(_)) => false,
            (_, Value::Null) => true,
        }
    }

    /// Whether this is the second name of a Pod's account, which the server keeps equal to the first (Kubernetes:
    /// `pkg/apis/core/v1/conversion.go`, `Convert_core_PodSpec_To_v1_PodSpec`).
    fn is_mirror(&self, name: &Value) -> bool {
        self.shape.is_some_and(Shape::is_builtin) && self.live.get("serviceAccountName") == Some(name)
    }

    /// Whether this is the status of an object inside another, such as a claim template's `phase: Pending`
    /// (Kubernetes: `pkg/apis/core/v1/defaults.go`, `SetDefaults_PersistentVolumeClaim`).
    fn is_embedded_status(&self) -> bool {
        self.path.keys().next_back() == Some("status") && self.shape.is_some_and(Shape::is_builtin)
    }

    /// The manager owns the whole value, of which the manifest asks for a part.
    ///
    /// Values that differ and lists of another length are the comparison's; left are the fields beside.
    fn surplus(self, desired: &Value, found: &mut Vec<Addition<'v>>) {
        match (self.live, desired) {
            (Value::Object(live), Value::Object(desired)) => {
                for (key, value) in live {
                    let place = self.key(key, value);
                    match desired.get(key).filter(|value| !value.is_null()) {
                        Some(desired) => place.surplus(desired, found),
                        None if place.is_servers_choice() || place.is_embedded_status() => {}
                        None => found.push(Addition {
                            in_whole: true,
                            ..place.found()
                        }),
                    }
                }
            }
            (Value::Array(live), Value::Array(desired)) if live.len() == desired.len() => {
                let element = self.shape.and_then(Shape::element);
                let positions = match self.shape.filter(|shape| shape.is_unordered()) {
                    Some(shape) => keyed::pair(desired, live, shape.identity(), |wanted, live| {
                        covers(element, wanted, Some(live))
                    }),
                    None => (0..live.len()).collect(),
                };
                for (index, desired) in positions.into_iter().zip(desired) {
                    self.step(Segment::Index(index), &index.to_string(), element, &live[index])
                        .surplus(desired, found);
                }
            }
            _ => {}
        }
    }

    /// Looks at one child of the set.
    fn child(&self, token: &str, below: &Value, desired: Option<&Value>, found: &mut Vec<Addition<'v>>) {
        let Value::Object(below) = below else { return };
        let element = self.shape.and_then(Shape::element);
        if let Some(key) = token.strip_prefix("f:") {
            match self.live.get(key) {
                Some(Value::String(policy))
                    if key == "imagePullPolicy" && follows_from_tag(policy, self.live) => {}
                Some(name) if key == "serviceAccount" && self.is_mirror(name) => {}
                Some(live) => {
                    let desired = desired.and_then(|desired| desired.get(key));
                    self.key(key, live).visit(below, desired, found);
                }
                None => {}
            }
        } else if let Some(keys) = element_keys(token) {
            let is_it = |item: &&Value| {
                keys.iter()
                    .all(|(key, value)| *key_value(item, key, element) == *value)
            };
            let items = self.live.as_array().map_or(&[][..], Vec::as_slice);
            // Duplicates of a key override each other in order.
            let Some(index) = items.iter().rposition(|item| is_it(&item)) else {
                return;
            };
            let desired = desired.and_then(|desired| desired.as_array()?.iter().rfind(is_it));
            let segment = Segment::Match(self.ordered(keys));
            self.step(segment, &index.to_string(), element, &items[index])
                .visit(below, desired, found);
        } else if let Some(member) = set_member(token) {
            let position = |list: &Value| list.as_array()?.iter().position(|item| *item == member);
            if let Some(index) = position(self.live)
                && desired.and_then(position).is_none()
            {
                let place = self.step(
                    Segment::Member(member),
                    &index.to_string(),
                    element,
                    &self.live[index],
                );
                found.push(place.found());
            }
        }
    }

    /// The keys of an element in the order in which the type names them, as everywhere else in a report.
    fn ordered(&self, mut keys: Map<String, Value>) -> Vec<(String, Value)> {
        let mut ordered = Vec::with_capacity(keys.len());
        if let Some(ListKind::Map(names)) = self.shape.map(Shape::list) {
            for name in names {
                ordered.extend(keys.remove_entry(name));
            }
        }
        ordered.extend(keys);
        ordered
    }

    fn key(&self, key: &str, live: &'v Value) -> Place<'v, 's> {
        let shape = self.shape.and_then(|shape| child(shape, key));
        self.step(Segment::Key(key.to_owned()), key, shape, live)
    }

    fn step(
        &self,
        segment: Segment,
        token: &str,
        shape: Option<Shape<'s>>,
        live: &'v Value,
    ) -> Place<'v, 's> {
        Place {
            path: self.path.join(segment),
            pointer: push_token(&self.pointer, token),
            shape,
            standing: self.standing,
            live,
        }
    }

    fn found(self) -> Addition<'v> {
        Addition {
            path: self.path,
            pointer: self.pointer,
            live: self.live,
            in_whole: false,
        }
    }
}

/// Whether the API server would choose this pull policy for a container (Kubernetes: `pkg/apis/core/v1/defaults.go`,
/// `SetDefaults_Container`): always to pull what moves.
fn follows_from_tag(policy: &str, container: &Value) -> bool {
    let Some(image) = container.get("image").and_then(Value::as_str) else {
        return false;
    };
    let name = image.rsplit('/').next().unwrap_or(image);
    let moves = !name.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    policy == if moves { "Always" } else { "IfNotPresent" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::managed_fields::Live;
    use crate::types::TypeTable;
    use serde_json::json;

    /// Kind, the set of one manager, what the manifest says, what lives → the paths that were added.
    fn paths(api_version: &str, kind: &str, fields: &Value, desired: &Value, live: &Value) -> Vec<String> {
        let mut object = live.clone();
        object["metadata"]["managedFields"] =
            json!([{"manager": "m", "operation": "Update", "fieldsV1": fields}]);
        let text = object.to_string();
        let live = Live::parse(&text).unwrap();
        let shape = TypeTable::builtin().kind(api_version, kind);
        additions(&live.managed[0], Standing::Editor, shape, desired, &live.object)
            .into_iter()
            .map(|addition| {
                assert_eq!(live.object.pointer(&addition.pointer), Some(addition.live));
                addition.path.to_string()
            })
            .collect()
    }

    #[test]
    fn what_a_manager_owns_and_nobody_asked_for_was_added() {
        let fields = json!({"f:metadata": {"f:labels": {"f:team": {}, "f:app": {}}, "f:generation": {}},
            "f:spec": {"f:paused": {}, "f:template": {"f:spec": {
                "f:containers": {
                    "k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}, "f:env": {".": {},
                        "k:{\"name\":\"DEBUG\"}": {".": {}, "f:name": {}, "f:value": {}}}},
                    "k:{\"name\":\"sidecar\"}": {".": {}, "f:name": {}, "f:image": {}, "f:imagePullPolicy": {}}},
                "f:nodeSelector": {}, "f:restartPolicy": {}, "f:dnsPolicy": {}, "f:tolerations": {}}}},
            "f:status": {"f:replicas": {}}});
        let desired = json!({"metadata": {"labels": {"app": "web"}},
            "spec": {"template": {"spec": {"nodeSelector": {"disk": "ssd"},
                "containers": [{"name": "app", "image": "a"}]}}}});
        let live = json!({"metadata": {"labels": {"app": "web", "team": "blue"}, "generation": 2},
            "spec": {"paused": true, "template": {"spec": {"restartPolicy": "Always", "dnsPolicy": "Default",
                "nodeSelector": {"disk": "ssd", "zone": "a"}, "tolerations": [{"operator": "Exists"}],
                "containers": [
                    {"name": "sidecar", "image": "s", "imagePullPolicy": "IfNotPresent"},
                    {"name": "app", "image": "a", "env": [{"name": "DEBUG", "value": "1"}]}]}}},
            "status": {"replicas": 1}});
        let found = paths("apps/v1", "Deployment", &fields, &desired, &live);
        let pod = "/spec/template/spec";
        assert_eq!(
            found,
            [
                "/metadata/labels/team".to_owned(),
                "/spec/paused".to_owned(),
                format!("{pod}/containers[name=app]/env[name=DEBUG]"),
                format!("{pod}/containers[name=sidecar]"),
                // Not the default policy.
                format!("{pod}/dnsPolicy"),
                // Owned as a whole: the key beside the manifest's.
                format!("{pod}/nodeSelector/zone"),
                format!("{pod}/tolerations"),
            ]
        );
    }

    #[test]
    fn maps_are_told_key_by_key_and_sets_member_by_member() {
        let fields = json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"a\"": {}, "v:\"b\"": {}}},
            "f:data": {".": {}, "f:x": {}, "f:y": {}}});
        let live = json!({"metadata": {"finalizers": ["a", "b"]}, "data": {"x": "1", "y": "2"}});
        let desired = json!({"metadata": {"finalizers": ["a"]}});
        assert_eq!(
            paths("v1", "ConfigMap", &fields, &desired, &live),
            ["/data/x", "/data/y", "/metadata/finalizers[=b]"]
        );
    }

    /// What is left of a set whose members somebody else replaced looks like that of an atomic value.
    #[test]
    fn an_emptied_set_of_a_list_or_map_owns_nothing_in_it() {
        let fields = json!({"f:data": {}});
        let live = json!({"metadata": {}, "data": {"x": "1"}});
        assert_eq!(
            paths("v1", "ConfigMap", &fields, &json!({"data": {"y": "1"}}), &live),
            Vec::<String>::new()
        );
        // A selector is atomic, ports are not.
        let fields = json!({"f:spec": {"f:ports": {}, "f:selector": {}}});
        let desired = json!({"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}});
        let live = json!({"metadata": {},
            "spec": {"ports": [{"port": 81, "protocol": "UDP"}], "selector": {"a": "b", "c": "d"}}});
        assert_eq!(
            paths("v1", "Service", &fields, &desired, &live),
            ["/spec/selector/c"]
        );
    }

    #[test]
    fn rules_in_another_order_add_nothing_to_each_other() {
        let fields = json!({"f:rules": {}});
        let get = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]});
        let update =
            json!({"apiGroups": [""], "resources": ["leases"], "verbs": ["update"], "resourceNames": ["a"]});
        let url = json!({"nonResourceURLs": ["/metrics"], "verbs": ["get"]});
        let desired = json!({"rules": [get, update, url]});
        let live = json!({"metadata": {}, "rules": [url, get, update]});
        assert_eq!(
            paths(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                &fields,
                &desired,
                &live
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_second_name_of_an_account_is_no_addition() {
        let fields = json!({"f:spec": {"f:serviceAccount": {}, "f:serviceAccountName": {}}});
        let desired = json!({"spec": {"serviceAccountName": "own"}});
        let live =
            json!({"metadata": {}, "spec": {"serviceAccount": "other", "serviceAccountName": "other"}});
        assert_eq!(paths("v1", "Pod", &fields, &desired, &live), Vec::<String>::new());
        // Where the chart names none, the first name says it.
        assert_eq!(
            paths("v1", "Pod", &fields, &json!({"spec": {}}), &live),
            ["/spec/serviceAccountName"]
        );
    }

    #[test]
    fn the_status_of_a_claim_template_is_no_addition() {
        let fields = json!({"f:spec": {"f:volumeClaimTemplates": {}}});
        let claim = json!({"metadata": {"name": "data"}});
        let desired = json!({"spec": {"volumeClaimTemplates": [claim]}});
        let mut live = desired.clone();
        live["metadata"] = json!({});
        live["spec"]["volumeClaimTemplates"][0]["status"] = json!({"phase": "Pending"});
        assert_eq!(
            paths("apps/v1", "StatefulSet", &fields, &desired, &live),
            Vec::<String>::new()
        );
    }

    #[test]
    fn zeros_that_somebody_wrote_are_additions_and_defaults_are_not() {
        let fields = json!({"f:metadata": {"f:labels": {"f:empty": {}}},
            "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {
                "f:automountServiceAccountToken": {}, "f:securityContext": {}, "f:terminationGracePeriodSeconds": {}}}}});
        let live = json!({"metadata": {"labels": {"empty": ""}},
            "spec": {"replicas": 1, "template": {"spec": {
                "automountServiceAccountToken": false, "securityContext": {}, "terminationGracePeriodSeconds": 30}}}});
        let desired = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"template": {"spec": {}}}});
        assert_eq!(
            paths("apps/v1", "Deployment", &fields, &desired, &live),
            [
                "/metadata/labels/empty",
                "/spec/template/spec/automountServiceAccountToken"
            ]
        );
    }

    #[test]
    fn a_pull_policy_that_follows_from_the_tag_is_no_addition() {
        let at = |image: &str, policy: &str| {
            let fields = json!({"f:spec": {"f:containers": {
                "k:{\"name\":\"app\"}": {"f:imagePullPolicy": {}}}}});
            let desired = json!({"spec": {"containers": [{"name": "app", "image": image}]}});
            let live = json!({"metadata": {}, "spec": {"containers": [
                {"name": "app", "image": image, "imagePullPolicy": policy}]}});
            paths("v1", "Pod", &fields, &desired, &live).len()
        };
        for (image, policy, additions) in [
            ("registry:5000/app:1", "IfNotPresent", 0),
            ("registry:5000/app:1", "Always", 1),
            ("registry:5000/app", "Always", 0),
            ("registry:5000/app", "IfNotPresent", 1),
            ("app:latest", "Always", 0),
            ("app:latest@sha256:1", "IfNotPresent", 0),
            ("app:1", "Never", 1),
        ] {
            assert_eq!(at(image, policy), additions, "{image} {policy}");
        }
    }

    #[test]
    fn a_set_that_is_out_of_date_adds_nothing() {
        let fields =
            json!({"f:data": {"f:gone": {}}, "f:spec": {"f:list": {"k:{\"name\":\"a\"}": {".": {}}}}});
        let live = json!({"metadata": {}, "data": {"x": "1"}});
        assert_eq!(
            paths("v1", "ConfigMap", &fields, &json!({}), &live),
            Vec::<String>::new()
        );
    }
}
