//! Does the live object hold everything that a manifest asks for?
//!
//! A walk of the desired value over the live one. It never asks what else the live object holds: the API server
//! and its controllers add defaults, allocations and bookkeeping to everything. What an absent, null or zero value
//! means is decided by the facts of the place (see the rules of `omitempty` in Go's `encoding/json`, and the
//! defaulting functions of the API groups).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::equal;
use super::keyed;
use super::lookup::{child, key_value};
use super::path::{FieldPath, Segment, push_token};
use crate::types::{ExplicitZero, Field, ListKind, Shape, ValueKind, is_zero};

/// One place where the live object does not hold what was asked.
#[derive(Debug)]
pub(super) struct Difference<'v> {
    pub(super) path: FieldPath,
    /// Where in the live object a patch would write; ends in `-` for a list element that is not there.
    pub(super) pointer: String,
    pub(super) desired: &'v Value,
    pub(super) live: Option<&'v Value>,
    pub(super) cause: Cause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The live object holds something else, or nothing.
    Value,
    /// The type has no such field: the server drops it.
    Undeclared,
}

/// Everything that `desired` asks for and `live` does not hold, in the order of the desired value.
pub(super) fn uncovered<'v>(
    shape: Option<Shape<'_>>,
    desired: &'v Value,
    live: &'v Value,
) -> Vec<Difference<'v>> {
    let mut walk = Walk {
        differences: Vec::new(),
    };
    walk.value(&Trail::Root, shape, desired, Some(live));
    walk.differences
}

/// Whether `live` holds everything that `desired` asks for, apart from what the server drops anyway.
pub(super) fn covers(shape: Option<Shape<'_>>, desired: &Value, live: Option<&Value>) -> bool {
    finds_nothing(|walk| walk.value(&Trail::Root, shape, desired, live))
}

/// Whether a walk comes across nothing but what the server drops anyway.
fn finds_nothing<'v>(go: impl FnOnce(&mut Walk<'v>)) -> bool {
    let mut walk = Walk {
        differences: Vec::new(),
    };
    go(&mut walk);
    walk.differences
        .iter()
        .all(|difference| difference.cause == Cause::Undeclared)
}

/// The steps so far, on the call stack: paths and pointers are only built where something differs.
enum Trail<'a> {
    Root,
    Key(&'a Trail<'a>, &'a str),
    Index(&'a Trail<'a>, usize),
    /// An element of a keyed list, and its position in the live list if it is there.
    Match(&'a Trail<'a>, &'a [(String, Value)], Option<usize>),
    Member(&'a Trail<'a>, &'a Value),
}

impl Trail<'_> {
    fn path(&self) -> FieldPath {
        match self {
            Self::Root => FieldPath::root(),
            Self::Key(parent, key) => parent.path().key(key),
            Self::Index(parent, index) => parent.path().join(Segment::Index(*index)),
            Self::Match(parent, keys, _) => parent.path().join(Segment::Match(keys.to_vec())),
            Self::Member(parent, value) => parent.path().join(Segment::Member((*value).clone())),
        }
    }

    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => push_token(&parent.pointer(), key),
            Self::Index(parent, index) | Self::Match(parent, _, Some(index)) => {
                format!("{}/{index}", parent.pointer())
            }
            Self::Match(parent, _, None) | Self::Member(parent, _) => format!("{}/-", parent.pointer()),
        }
    }
}

/// The elements of a keyed list that share their keys, with these keys' values.
type Group<'v> = (Vec<(String, Value)>, Vec<&'v Value>);

/// What fields mean that a structure holds beside the wanted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    /// Anybody may add there.
    MeansNothing,
    /// They are there in place of what was wanted.
    Counts,
}

struct Walk<'v> {
    differences: Vec<Difference<'v>>,
}

impl<'v> Walk<'v> {
    fn record(&mut self, trail: &Trail<'_>, desired: &'v Value, live: Option<&'v Value>, cause: Cause) {
        self.differences.push(Difference {
            path: trail.path(),
            pointer: trail.pointer(),
            desired,
            live,
            cause,
        });
    }

    fn value(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: &'v Value,
        live: Option<&'v Value>,
    ) {
        let live = live.filter(|value| !value.is_null());
        match (desired, live) {
            (Value::Null, _) => {}
            (Value::Object(desired), Some(Value::Object(live))) => {
                self.object(trail, shape, desired, (live, Company::MeansNothing));
            }
            (Value::Array(desired_items), Some(live_value @ Value::Array(live_items))) => {
                self.list(trail, shape, (desired, desired_items), (live_value, live_items));
            }
            (_, None) => {
                if says_anything(shape, desired) {
                    self.record(trail, desired, None, Cause::Value);
                }
            }
            (_, Some(live)) => {
                // Where Go cannot tell a zero from nothing, the server fills in what it likes.
                let server_chose = is_zero(desired)
                    && shape.is_some_and(|shape| {
                        shape.is_server_defaulted() && shape.zero() == ExplicitZero::Dropped
                    });
                let same =
                    || equal::scalars(shape, desired, live) || is_respelled(trail, shape, desired, live);
                if !server_chose && !same() {
                    self.record(trail, desired, Some(live), Cause::Value);
                }
            }
        }
    }

    fn object(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: &'v Map<String, Value>,
        (live, company): (&'v Map<String, Value>, Company),
    ) {
        for (key, value) in desired.iter().filter(|(key, _)| !is_directive(key)) {
            if is_overruled(shape, desired, key) {
                continue;
            }
            let trail = Trail::Key(trail, key);
            let found = live.get(key);
            match shape.map_or(Field::Unknown, |shape| shape.field(key)) {
                Field::Declared(inner) => match company {
                    Company::MeansNothing => self.value(&trail, Some(inner), value, found),
                    Company::Counts => self.element(&trail, Some(inner), value, found),
                },
                Field::Undeclared if found.is_none() => {
                    if !value.is_null() {
                        self.record(&trail, value, None, Cause::Undeclared);
                    }
                }
                Field::Undeclared | Field::Unknown => self.value(&trail, None, value, found),
            }
        }
    }

    fn list(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: (&'v Value, &'v [Value]),
        live: (&'v Value, &'v [Value]),
    ) {
        let live = if shape.is_some_and(|shape| is_appended_to(trail, shape)) {
            (live.0, without_appended(live.1, desired.1.len()))
        } else {
            live
        };
        if desired.1.is_empty() {
            // To an empty list that merges anybody may add; an atomic one counts as a whole, empty too.
            if !live.1.is_empty() && shape.is_some_and(is_meant_empty) {
                self.record(trail, desired.0, Some(live.0), Cause::Value);
            }
            return;
        }
        let element = shape.and_then(Shape::element);
        match shape.map_or(ListKind::Atomic, Shape::list) {
            ListKind::Map(keys) if desired.1.iter().all(Value::is_object) => {
                self.keyed(trail, element, keys, desired.1, live.1);
            }
            ListKind::Set => {
                let members: HashSet<String> = live.1.iter().map(Value::to_string).collect();
                for member in desired.1 {
                    if !members.contains(&member.to_string()) {
                        self.record(&Trail::Member(trail, member), member, None, Cause::Value);
                    }
                }
            }
            ListKind::Map(_) | ListKind::Atomic => self.atomic(trail, shape, desired, live),
        }
    }

    /// Keyed lists: order means nothing, and where a key occurs twice the last one counts (`env`), unless the
    /// server kept them all apart (`ports` with one number and two names). Managed fields cannot name one of two
    /// elements with one key, so that what somebody put beside the manifest's is told here.
    fn keyed(
        &mut self,
        trail: &Trail<'_>,
        element: Option<Shape<'_>>,
        keys: &[String],
        desired: &'v [Value],
        live: &'v [Value],
    ) {
        let key_of = |item: &Value| -> Vec<(String, Value)> {
            keys.iter()
                .map(|key| (key.clone(), key_value(item, key, element).into_owned()))
                .collect()
        };
        let index_of = |values: &[(String, Value)]| -> String {
            values
                .iter()
                .map(|(_, value)| value.to_string())
                .collect::<Vec<_>>()
                .join("\0")
        };
        let mut live_by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, item) in live.iter().enumerate() {
            live_by_key
                .entry(index_of(&key_of(item)))
                .or_default()
                .push(position);
        }
        let mut order = Vec::new();
        let mut desired_by_key: HashMap<String, Group<'v>> = HashMap::new();
        for item in desired {
            let values = key_of(item);
            let index = index_of(&values);
            let group = desired_by_key.entry(index.clone()).or_insert_with(|| {
                order.push(index);
                (values, Vec::new())
            });
            group.1.push(item);
        }
        for index in order {
            let Some((values, wanted)) = desired_by_key.remove(&index) else {
                continue;
            };
            let Some(last) = wanted.last() else { continue };
            let Some(positions) = live_by_key.get(&index) else {
                self.record(&Trail::Match(trail, &values, None), last, None, Cause::Value);
                continue;
            };
            let holds = |item: &Value, position: usize| covers(element, item, Some(&live[position]));
            let kept_apart = positions.len() > 1
                && wanted
                    .iter()
                    .all(|item| positions.iter().any(|position| holds(item, *position)));
            let unasked = || {
                let is_unasked = |position: &&usize| !wanted.iter().any(|item| holds(item, **position));
                let others = positions.iter().rev();
                others.filter(|_| positions.len() > wanted.len()).find(is_unasked)
            };
            let compared = if kept_apart { unasked() } else { positions.last() };
            if let Some(position) = compared {
                let trail = Trail::Match(trail, &values, Some(*position));
                self.value(&trail, element, last, Some(&live[*position]));
            }
        }
    }

    /// Atomic lists count as one value, in order unless that means nothing. Structures of the same number are
    /// compared one by one, so that the finding names the field.
    fn atomic(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: (&'v Value, &'v [Value]),
        live: (&'v Value, &'v [Value]),
    ) {
        if desired.1.len() != live.1.len() {
            self.record(trail, desired.0, Some(live.0), Cause::Value);
            return;
        }
        let element = shape.and_then(Shape::element);
        let is_structure = |item: &Value| item.is_object() || item.is_array();
        let holds = |wanted: &Value, found: &Value| {
            if is_structure(wanted) {
                finds_nothing(|walk| walk.element(&Trail::Root, element, wanted, Some(found)))
            } else {
                holds_scalar(element, wanted, found)
            }
        };
        let unordered = shape.filter(|shape| shape.is_unordered());
        let identity = unordered.map_or(&[][..], Shape::identity);
        let positions: Vec<usize> = match unordered {
            Some(_) => keyed::pair(desired.1, live.1, identity, holds),
            None => (0..live.1.len()).collect(),
        };
        let twins = || {
            let found = positions.iter().map(|&position| (position, &live.1[position]));
            desired.1.iter().zip(found)
        };
        if !desired.1.iter().all(is_structure) {
            if !twins().all(|(wanted, (_, found))| holds(wanted, found)) {
                self.record(trail, desired.0, Some(live.0), Cause::Value);
            }
            return;
        }
        for (wanted, (position, found)) in twins() {
            let keys = keyed::identify(identity, wanted, found);
            let trail = if keys.is_empty() {
                Trail::Index(trail, position)
            } else {
                Trail::Match(trail, &keys, Some(position))
            };
            self.element(&trail, element, wanted, Some(found));
        }
    }

    /// A structure in an atomic list. Nobody can add to such a list without replacing it, so that what neither the
    /// manifest nor the server put there is a change of the innermost structure that holds it.
    ///
    /// Only where everything that the server fills in is known: programs complete custom resources by webhooks, which
    /// no schema tells.
    fn element(
        &mut self,
        trail: &Trail<'_>,
        shape: Option<Shape<'_>>,
        desired: &'v Value,
        live: Option<&'v Value>,
    ) {
        match (shape.filter(|shape| shape.is_builtin()), desired, live) {
            (Some(known), Value::Object(wanted), Some(Value::Object(found))) => {
                // The server completes some maps key by key: the requests of a LimitRange from its limits.
                let is_completed = known.value() == ValueKind::Map && known.is_server_defaulted();
                if !is_completed && holds_more(known, wanted, found) {
                    self.record(trail, desired, live, Cause::Value);
                } else {
                    self.object(trail, shape, wanted, (found, Company::Counts));
                }
            }
            _ => self.value(trail, shape, desired, live),
        }
    }
}

/// Whether a key speaks to a strategic merge patch and not to the object (apimachinery:
/// `pkg/util/strategicpatch/patch.go`). Other keys with a dollar are fields: `$ref` in a schema.
pub(super) fn is_directive(key: &str) -> bool {
    key.starts_with('$')
        && (matches!(key, "$patch" | "$retainKeys")
            || key.starts_with("$setElementOrder/")
            || key.starts_with("$deleteFromPrimitiveList/"))
}

/// Whether elements in a list that a manifest leaves empty were put there by somebody else than the server.
fn is_meant_empty(shape: Shape<'_>) -> bool {
    shape.value() == ValueKind::List && shape.list() == ListKind::Atomic && !shape.is_server_defaulted()
}

/// Whether a structure in an atomic list holds fields that neither the manifest nor the server put there.
fn holds_more(shape: Shape<'_>, desired: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    // An object within an object, as in a StatefulSet's claim templates: the server names its type and its state.
    let is_servers =
        |key: &str| live.contains_key("metadata") && matches!(key, "apiVersion" | "kind" | "status");
    live.iter()
        .filter(|(key, _)| desired.get(*key).is_none_or(Value::is_null) && !is_servers(key))
        .any(|(key, live)| child(shape, key).is_some_and(|inner| !is_servers_choice(inner, live)))
}

/// Whether the server writes this very value when nobody asks for one.
pub(super) fn is_servers_choice(shape: Shape<'_>, live: &Value) -> bool {
    if shape.is_server_defaulted() {
        // Filled without a fixed default: allocated, or dependent on other fields.
        return shape
            .default()
            .is_none_or(|default| covers(Some(shape), live, Some(default)));
    }
    match live {
        Value::Object(fields) if !fields.is_empty() => fields
            .iter()
            .all(|(key, value)| child(shape, key).is_some_and(|shape| is_servers_choice(shape, value))),
        _ => is_zero(live),
    }
}

/// An element of an atomic list of scalars: nothing is optional there, not even a zero.
fn holds_scalar(element: Option<Shape<'_>>, wanted: &Value, found: &Value) -> bool {
    wanted == found || equal::scalars(element, wanted, found)
}

/// Whether the manifest's value would leave a trace in the live object.
fn says_anything(shape: Option<Shape<'_>>, value: &Value) -> bool {
    let kept = shape.map_or(ExplicitZero::Kept, Shape::zero) == ExplicitZero::Kept;
    match value {
        Value::Null => false,
        Value::Object(fields) => {
            kept || fields.iter().any(|(key, value)| {
                match shape.map_or(Field::Unknown, |shape| shape.field(key)) {
                    Field::Declared(inner) => says_anything(Some(inner), value),
                    Field::Unknown => says_anything(None, value),
                    Field::Undeclared => false,
                }
            })
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => kept || !is_zero(value),
    }
}

/// Whether another field of the manifest decides what the server writes here: a Pod's account has a deprecated
/// second name, which the server overwrites with the first (Kubernetes: `pkg/apis/core/v1/conversion.go`,
/// `Convert_v1_PodSpec_To_core_PodSpec`).
fn is_overruled(shape: Option<Shape<'_>>, desired: &Map<String, Value>, key: &str) -> bool {
    key == "serviceAccount"
        && shape.is_some_and(Shape::is_builtin)
        && desired
            .get("serviceAccountName")
            .is_some_and(|name| !is_zero(name))
}

/// Whether a program that holds a custom resource in Go types and writes it back has spelled this value anew.
///
/// The schema rarely tells. Amounts are known by their place in `resources`, as the types of containers are embedded
/// everywhere; durations by being spelled as Go prints them, and no other way.
fn is_respelled(trail: &Trail<'_>, shape: Option<Shape<'_>>, desired: &Value, live: &Value) -> bool {
    if shape.is_some_and(Shape::is_builtin) {
        return false;
    }
    match trail {
        Trail::Key(Trail::Key(Trail::Key(_, "resources"), "limits" | "requests"), _) => {
            equal::amounts(desired, live)
        }
        Trail::Root | Trail::Key(..) | Trail::Index(..) | Trail::Match(..) | Trail::Member(..) => {
            shape.is_some_and(|shape| shape.value() == ValueKind::String)
                && equal::is_printed_duration(desired, live)
        }
    }
}

/// The one atomic list that admission appends to: every Pod is made to tolerate nodes that are lost for a while. The
/// templates of Pods are not.
fn is_appended_to(trail: &Trail<'_>, shape: Shape<'_>) -> bool {
    match trail {
        Trail::Key(Trail::Key(Trail::Root, "spec"), "tolerations") => shape.is_builtin(),
        Trail::Root | Trail::Key(..) | Trail::Index(..) | Trail::Match(..) | Trail::Member(..) => false,
    }
}

/// The tolerations that admission appends (Kubernetes: `plugin/pkg/admission/defaulttolerationseconds`, and
/// `podtolerationrestriction` beside it).
const APPENDED: [&str; 3] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/memory-pressure",
];

/// The tolerations without those that admission put after the manifest's.
fn without_appended(tolerations: &[Value], wanted: usize) -> &[Value] {
    let is_appended = |toleration: &&Value| {
        let key = toleration.get("key").and_then(Value::as_str);
        key.is_some_and(|key| APPENDED.contains(&key))
    };
    let surplus = tolerations.get(wanted..).unwrap_or_default();
    let appended = surplus.iter().rev().take_while(is_appended).count();
    &tolerations[..tolerations.len() - appended]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

    /// Kind, what the manifest says, what lives → the paths that differ.
    fn paths(api_version: &str, kind: &str, desired: &Value, live: &Value) -> Vec<String> {
        let shape = TypeTable::builtin().kind(api_version, kind);
        assert!(shape.is_some(), "{kind}");
        uncovered(shape, desired, live)
            .into_iter()
            .map(|difference| difference.path.to_string())
            .collect()
    }

    fn pod(container: &Value) -> Value {
        json!({"spec": {"containers": [container]}})
    }

    #[test]
    fn zeros_mean_what_their_type_makes_of_them() {
        let none: [&str; 0] = [];
        let deployment = |spec: Value| json!({ "spec": spec });
        // A pointer: zero is meant.
        for live in [json!({"replicas": 1}), json!({})] {
            let found = paths(
                "apps/v1",
                "Deployment",
                &deployment(json!({"replicas": 0})),
                &deployment(live),
            );
            assert_eq!(found, ["/spec/replicas"]);
        }
        // Not a pointer: absent and server-chosen values agree, others do not.
        let service = |spec: Value| json!({ "spec": spec });
        let asked = service(json!({"clusterIP": "", "type": "", "publishNotReadyAddresses": false}));
        let lives = service(json!({"clusterIP": "10.0.0.1", "type": "ClusterIP"}));
        assert_eq!(paths("v1", "Service", &asked, &lives), none);
        let changed = service(json!({"clusterIP": "10.0.0.1", "publishNotReadyAddresses": true}));
        assert_eq!(
            paths("v1", "Service", &asked, &changed),
            ["/spec/publishNotReadyAddresses"]
        );
        let (asked, lives) = (
            json!({"spec": {"hostNetwork": false}}),
            json!({"spec": {"hostNetwork": true}}),
        );
        assert_eq!(paths("v1", "Pod", &asked, &lives), ["/spec/hostNetwork"]);
    }

    #[test]
    fn keyed_lists_ignore_order_and_fill_in_their_keys() {
        let none: [&str; 0] = [];
        let asked = pod(&json!({"name": "a", "ports": [
            {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": ""}, {"containerPort": 80}]}));
        let lives = pod(&json!({"name": "a", "ports": [
            {"containerPort": 80, "protocol": "TCP"}, {"containerPort": 53, "protocol": "TCP"},
            {"containerPort": 53, "protocol": "UDP"}]}));
        assert_eq!(paths("v1", "Pod", &asked, &lives), none);
        let fewer = pod(&json!({"name": "a", "ports": [{"containerPort": 53, "protocol": "TCP"}]}));
        assert_eq!(
            paths("v1", "Pod", &asked, &fewer),
            [
                "/spec/containers[name=a]/ports[containerPort=53,protocol=UDP]",
                "/spec/containers[name=a]/ports[containerPort=80,protocol=TCP]"
            ]
        );
    }

    #[test]
    fn the_last_of_duplicate_keys_counts_unless_the_server_kept_them_apart() {
        let none: [&str; 0] = [];
        let env = |values: &[&str]| {
            let env: Vec<Value> = values
                .iter()
                .map(|value| json!({"name": "A", "value": value}))
                .collect();
            pod(&json!({"name": "a", "env": env}))
        };
        for (asked, lives, expected) in [
            (&["1", "2"][..], &["1", "2"][..], &none[..]),
            (&["1", "2"], &["2"], &none),
            (
                &["1", "2"],
                &["1"],
                &["/spec/containers[name=a]/env[name=A]/value"],
            ),
            (
                &["1", "2"],
                &["1", "3"],
                &["/spec/containers[name=a]/env[name=A]/value"],
            ),
        ] {
            assert_eq!(
                paths("v1", "Pod", &env(asked), &env(lives)),
                expected,
                "{asked:?} {lives:?}"
            );
        }
    }

    #[test]
    fn an_element_more_with_the_key_of_another_is_found() {
        let ports = |names: &[&str]| {
            let ports: Vec<Value> = names
                .iter()
                .map(|name| json!({"name": name, "containerPort": 80}))
                .collect();
            pod(&json!({"name": "a", "ports": ports}))
        };
        let name = ["/spec/containers[name=a]/ports[containerPort=80,protocol=TCP]/name"];
        let none: [&str; 0] = [];
        for (lives, expected) in [
            (&["http", "admin"][..], &name[..]),
            (&["admin", "http"], &name),
            (&["http", "http"], &none),
        ] {
            let found = paths("v1", "Pod", &ports(&["http"]), &ports(lives));
            assert_eq!(found, expected, "{lives:?}");
        }
    }

    #[test]
    fn atomic_lists_count_as_a_whole_and_in_order() {
        let args = |args: Value| pod(&json!({"name": "a", "args": args}));
        for lives in [
            json!(["b", "a"]),
            json!(["a"]),
            json!(["a", "b", "c"]),
            json!(["a", ""]),
        ] {
            let found = paths("v1", "Pod", &args(json!(["a", "b"])), &args(lives));
            assert_eq!(found, ["/spec/containers[name=a]/args"]);
        }
        let rules = |port: u16| {
            json!({"spec": {"rules": [{"http": {"paths": [{"path": "/", "backend": {"service": {
                "name": "web", "port": {"number": port}}}}]}}]}})
        };
        assert_eq!(
            paths("networking.k8s.io/v1", "Ingress", &rules(80), &rules(81)),
            ["/spec/rules[0]/http/paths[0]/backend/service/port/number"]
        );
    }

    #[test]
    fn what_is_added_in_an_atomic_list_changes_it() {
        let none: [&str; 0] = [];
        let role = |rule: Value| json!({ "rules": [rule] });
        let secrets = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]});
        let mut narrowed = secrets.clone();
        narrowed["resourceNames"] = json!(["one"]);
        let found = |asked: &Value, lives: &Value| {
            let (asked, lives) = (role(asked.clone()), role(lives.clone()));
            paths("rbac.authorization.k8s.io/v1", "Role", &asked, &lives)
        };
        assert_eq!(found(&secrets, &narrowed), ["/rules[0]"]);
        assert_eq!(found(&narrowed, &secrets), ["/rules[0]/resourceNames"]);

        let policy = |ingress: Value| json!({"spec": {"ingress": [ingress]}});
        let found = |asked: Value, lives: Value| {
            paths(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                &policy(asked),
                &policy(lives),
            )
        };
        // What the server fills in is no addition.
        assert_eq!(
            found(
                json!({"ports": [{"port": 80}]}),
                json!({"ports": [{"port": 80, "protocol": "TCP"}]})
            ),
            none
        );
        assert_eq!(
            found(
                json!({"ports": [{"port": 80}]}),
                json!({"ports": [{"port": 80, "protocol": "TCP", "endPort": 90}]})
            ),
            ["/spec/ingress[0]/ports[0]"]
        );
        assert_eq!(
            found(json!({}), json!({"from": [{"podSelector": {}}]})),
            ["/spec/ingress[0]"]
        );

        let claims = |claim: Value| json!({"spec": {"volumeClaimTemplates": [claim]}});
        let asked = claims(json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}));
        let mut lives = claims(json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "creationTimestamp": null},
            "spec": {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"}, "status": {"phase": "Pending"}}));
        assert_eq!(paths("apps/v1", "StatefulSet", &asked, &lives), none);
        lives["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"] = json!({"a": "b"});
        assert_eq!(
            paths("apps/v1", "StatefulSet", &asked, &lives),
            ["/spec/volumeClaimTemplates[0]/metadata"]
        );
    }

    #[test]
    fn an_empty_atomic_list_is_meant_empty() {
        let service = |ranges: Value| json!({"spec": {"loadBalancerSourceRanges": ranges}});
        let found = |lives: Value| paths("v1", "Service", &service(json!([])), &lives);
        assert_eq!(
            found(service(json!(["10.0.0.0/8"]))),
            ["/spec/loadBalancerSourceRanges"]
        );
        assert_eq!(found(service(Value::Null)), Vec::<String>::new());
        // Others may add where lists merge, and the server where it fills in.
        for (field, filled) in [
            ("imagePullSecrets", json!([{"name": "pull"}])),
            ("secrets", json!([{"name": "token"}])),
        ] {
            let (asked, lives) = (json!({ field: [] }), json!({ field: filled }));
            assert_eq!(
                paths("v1", "ServiceAccount", &asked, &lives),
                Vec::<String>::new()
            );
        }
        let (asked, lives) = (
            json!({"spec": {"clusterIPs": []}}),
            json!({"spec": {"clusterIPs": ["10.0.0.1"]}}),
        );
        assert_eq!(paths("v1", "Service", &asked, &lives), Vec::<String>::new());
    }

    #[test]
    fn admission_appends_tolerations_to_pods_and_to_nothing_else() {
        let none: [&str; 0] = [];
        let asked = json!([{"key": "a", "operator": "Exists"}]);
        let lost = json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
            "tolerationSeconds": 300});
        let lives = json!([{"key": "a", "operator": "Exists"}, lost]);
        let pod = |tolerations: &Value| json!({"spec": {"tolerations": tolerations}});
        assert_eq!(paths("v1", "Pod", &pod(&asked), &pod(&lives)), none);
        assert_eq!(paths("v1", "Pod", &pod(&json!([])), &pod(&lives)), none);
        assert_eq!(
            paths("v1", "Pod", &pod(&asked), &pod(&json!([lost]))),
            ["/spec/tolerations[0]"]
        );
        // Somebody else's, after admission's.
        let extra = json!([{"key": "a", "operator": "Exists"}, lost, {"operator": "Exists"}]);
        assert_eq!(
            paths("v1", "Pod", &pod(&asked), &pod(&extra)),
            ["/spec/tolerations"]
        );
        let set = |tolerations: &Value| json!({"spec": {"template": pod(tolerations)}});
        assert_eq!(
            paths("apps/v1", "DaemonSet", &set(&asked), &set(&lives)),
            ["/spec/template/spec/tolerations"]
        );
    }

    #[test]
    fn metrics_of_an_autoscaler_may_come_back_in_another_order() {
        let metric = |name: &str| {
            json!({"type": "Resource", "resource": {"name": name, "target": {
                "type": "Utilization", "averageUtilization": 80}}})
        };
        let metrics = |names: &[&str]| {
            let metrics: Vec<Value> = names.iter().map(|name| metric(name)).collect();
            json!({"spec": { "metrics": metrics }})
        };
        let found = |lives: &[&str]| {
            paths(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                &metrics(&["memory", "cpu"]),
                &metrics(lives),
            )
        };
        assert_eq!(found(&["cpu", "memory"]), Vec::<String>::new());
        assert_eq!(found(&["cpu", "disk"]).len(), 1);
    }

    #[test]
    fn keys_with_a_dollar_are_fields_unless_they_are_directives() {
        let asked =
            json!({"spec": {"$patch": "replace", "$setElementOrder/list": [1], "schema": {"$ref": "#/a"}}});
        let lives = json!({"spec": {"schema": {"$ref": "#/b"}}});
        let found = uncovered(None, &asked, &lives);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path.to_string(), "/spec/schema/$ref");
    }

    #[test]
    fn the_server_completes_the_requests_of_a_limit_range_key_by_key() {
        let limits = |requests: Value| {
            json!({"spec": {"limits": [{"type": "Container", "default": {"cpu": "1", "memory": "1Gi"},
                                        "defaultRequest": requests}]}})
        };
        let asked = limits(json!({"cpu": "500m"}));
        let found = |lives: Value| paths("v1", "LimitRange", &asked, &limits(lives));
        assert_eq!(
            found(json!({"cpu": "500m", "memory": "1Gi"})),
            Vec::<String>::new()
        );
        assert_eq!(
            found(json!({"cpu": "2", "memory": "1Gi"})),
            ["/spec/limits[0]/defaultRequest/cpu"]
        );
    }

    #[test]
    fn null_asks_for_nothing_and_unknown_fields_are_the_servers_to_drop() {
        let asked = json!({"metadata": {"labels": null}, "spec": {"replicas": null, "selectors": {"a": 1}}});
        let lives = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 3}});
        let shape = TypeTable::builtin().kind("apps/v1", "Deployment");
        let found = uncovered(shape, &asked, &lives);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].path.to_string().as_str(), found[0].cause),
            ("/spec/selectors", Cause::Undeclared)
        );
    }

    #[test]
    fn floats_of_a_schema_hold_what_a_float_can() {
        let crd = |maximum: Value| json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"maximum": maximum}}}]}});
        let (asked, lives) = (
            crd(json!(9_007_199_254_740_993_i64)),
            crd(json!(9_007_199_254_740_992_i64)),
        );
        assert_eq!(
            paths(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                &asked,
                &lives
            ),
            Vec::<String>::new()
        );
    }
}
