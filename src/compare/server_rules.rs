//! Rules of the API server and its admission for single fields, beside the type facts of every field.
//!
//! Each behaviour has one table and one function, so that the walks over desired and live values know no field by its
//! name. The fields that a manifest's object loses on its way to the API server are in [`crate::manifest::desired`].

use serde_json::{Map, Value};

use super::equal;
use super::trail::Trail;
use crate::manifest::desired::TYPE_AND_STATUS;
use crate::types::{Field, Shape, ValueKind, is_zero};

/// Keys that are directives of a strategic merge patch and no fields (apimachinery:
/// `pkg/util/strategicpatch/patch.go`).
const DIRECTIVES: [&str; 2] = ["$patch", "$retainKeys"];

/// The beginnings of directives that name the field that they are about.
const DIRECTIVE_PREFIXES: [&str; 2] = ["$setElementOrder/", "$deleteFromPrimitiveList/"];

/// Whether a key of a manifest is a directive. Other keys with a dollar are fields: `$ref` in a schema.
pub(super) fn is_directive(key: &str) -> bool {
    key.starts_with('$')
        && (DIRECTIVES.contains(&key) || DIRECTIVE_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
}

/// A field of a built-in kind that the server keeps equal to another one beside it.
struct Mirror {
    field: &'static str,
    original: &'static str,
}

/// A Pod's account has a deprecated second name (Kubernetes: `pkg/apis/core/v1/conversion.go`,
/// `Convert_v1_PodSpec_To_core_PodSpec` and `Convert_core_PodSpec_To_v1_PodSpec`).
const MIRRORED: [Mirror; 1] = [Mirror {
    field: "serviceAccount",
    original: "serviceAccountName",
}];

fn original_of(shape: Option<Shape<'_>>, field: &str) -> Option<&'static str> {
    let mirror = MIRRORED.iter().find(|mirror| mirror.field == field)?;
    shape.is_some_and(Shape::is_builtin).then_some(mirror.original)
}

/// Whether another field of the manifest's object decides what the server writes to this one.
pub(super) fn is_overruled(shape: Option<Shape<'_>>, desired: &Map<String, Value>, key: &str) -> bool {
    original_of(shape, key)
        .and_then(|original| desired.get(original))
        .is_some_and(|original| !is_zero(original))
}

/// The field under which an object holds what was written to this one. Of a Secret that was applied server-side, managed
/// fields still name the field of the manifest (apimachinery: `managedfields/internal/structuredmerge.go`, `Apply`).
pub(super) fn stored_under<'k>(shape: Option<Shape<'_>>, key: &'k str) -> &'k str {
    let is_declared = |name: &str| matches!(shape.map(|shape| shape.field(name)), Some(Field::Declared(_)));
    let is_secrets = key == "stringData"
        && shape.is_some_and(Shape::is_builtin)
        && is_declared("stringData")
        && is_declared("data");
    if is_secrets { "data" } else { key }
}

/// Whether a live object's field only repeats another one.
pub(super) fn is_mirror(shape: Option<Shape<'_>>, live: &Map<String, Value>, key: &str) -> bool {
    original_of(shape, key).is_some_and(|original| {
        let original = live.get(original);
        original.is_some() && original == live.get(key)
    })
}

/// A field of a built-in kind whose default follows from the other fields of its object.
struct DerivedDefault {
    field: &'static str,
    /// What the server writes into an object with these fields that lacks it.
    derive: fn(&Map<String, Value>) -> Option<&'static str>,
}

/// A container's images are always pulled where their tag moves (Kubernetes: `pkg/apis/core/v1/defaults.go`,
/// `SetDefaults_Container`).
const DERIVED_DEFAULTS: [DerivedDefault; 1] = [DerivedDefault {
    field: "imagePullPolicy",
    derive: pull_policy,
}];

/// Whether the server would write this very value into a live object if nobody had chosen one.
///
/// Custom resources have no such defaults, whatever fields they borrow from containers: their schemas hold constants.
pub(super) fn is_derived_default(shape: Option<Shape<'_>>, live: &Map<String, Value>, key: &str) -> bool {
    let default = DERIVED_DEFAULTS.iter().find(|default| default.field == key);
    default
        .filter(|_| shape.is_some_and(Shape::is_builtin))
        .and_then(|default| (default.derive)(live))
        .is_some_and(|derived| live.get(key).is_some_and(|value| value == derived))
}

fn pull_policy(container: &Map<String, Value>) -> Option<&'static str> {
    Some(pull_policy_of(container.get("image")?.as_str()?))
}

/// The policy that the server gives to an image for which nobody chose one.
pub(crate) fn pull_policy_of(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let (name, digest) = match name.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (name, None),
    };
    // Without a tag and a digest the tag is `latest`; with both the tag still counts (`pkg/util/parsers`).
    let moves = match name.split_once(':') {
        Some((_, tag)) => tag == "latest",
        None => digest.is_none(),
    };
    if moves { "Always" } else { "IfNotPresent" }
}

/// An atomic list of a built-in kind to which admission appends.
struct Appended {
    /// Where it is.
    place: &'static [&'static str],
    /// The field by which appended elements are known, and its values.
    key: &'static str,
    values: &'static [&'static str],
}

/// Every Pod is made to tolerate nodes that are lost for a while, and some Pods nodes that are short of memory
/// (Kubernetes: `plugin/pkg/admission/defaulttolerationseconds`, and `podtolerationrestriction` beside it). The
/// templates of Pods are not.
const APPENDED_BY_ADMISSION: [Appended; 1] = [Appended {
    place: &["spec", "tolerations"],
    key: "key",
    values: &[
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "node.kubernetes.io/memory-pressure",
    ],
}];

/// The elements of a live list without those that admission put after the manifest's, which are this many.
pub(super) fn without_appended<'v>(
    trail: &Trail<'_>,
    shape: Option<Shape<'_>>,
    live: &'v [Value],
    desired: usize,
) -> &'v [Value] {
    let Some(rule) = APPENDED_BY_ADMISSION
        .iter()
        .find(|rule| trail.is_at(rule.place) && shape.is_some_and(Shape::is_builtin))
    else {
        return live;
    };
    let is_appended = |item: &&Value| {
        let value = item.get(rule.key).and_then(Value::as_str);
        value.is_some_and(|value| rule.values.contains(&value))
    };
    let extra = live.get(desired..).unwrap_or_default();
    let appended = extra.iter().rev().take_while(is_appended).count();
    &live[..live.len() - appended]
}

/// The objects whose fields are amounts wherever they are: the types of containers are embedded everywhere
/// (k8s.io/api: `core/v1/types.go`, `ResourceRequirements`).
const AMOUNTS: [[&str; 2]; 2] = [["resources", "limits"], ["resources", "requests"]];

/// Whether the live value may be the manifest's, spelled anew by a program that holds the custom resource in Go types
/// and writes it back.
///
/// Schemas rarely name such types. Amounts are known by their place, and durations by the spelling that Go prints.
pub(super) fn is_respelled(
    trail: &Trail<'_>,
    shape: Option<Shape<'_>>,
    desired: &Value,
    live: &Value,
) -> bool {
    if shape.is_some_and(Shape::is_builtin) {
        return false;
    }
    if AMOUNTS.iter().any(|place| trail.is_field_of(place)) {
        return equal::amounts(desired, live);
    }
    shape.is_some_and(|shape| shape.value() == ValueKind::String) && equal::is_printed_duration(desired, live)
}

/// Whether a field is the type or the status of an object inside another, which the server fills in by itself: that of
/// a `StatefulSet`'s claim template (Kubernetes: `pkg/apis/core/v1/defaults.go`, `SetDefaults_PersistentVolumeClaim`).
/// Such objects are known by their metadata.
pub(super) fn describes_embedded_object(shape: Shape<'_>, live: &Map<String, Value>, key: &str) -> bool {
    TYPE_AND_STATUS.contains(&key) && live.contains_key("metadata") && shape.is_builtin()
}

/// The fields of metadata that others than the API server write (apimachinery: `pkg/apis/meta/v1/types.go`,
/// `ObjectMeta`).
const WRITTEN_METADATA: [&str; 4] = ["annotations", "finalizers", "labels", "ownerReferences"];

/// Whether others than the API server write this field of an object's metadata.
pub(super) fn is_written_metadata(key: &str) -> bool {
    WRITTEN_METADATA.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

    /// The shape of a built-in kind, or of a field in it; `*` leads into the elements of a list.
    fn builtin(api_version: &str, kind: &str, path: &[&str]) -> Option<Shape<'static>> {
        let root = TypeTable::builtin().kind(api_version, kind);
        assert!(root.is_some(), "{kind}");
        path.iter().fold(root, |shape, key| match *key {
            "*" => shape?.element(),
            key => super::super::shapes::child(shape?, key),
        })
    }

    /// A custom resource whose only fields are texts that a built-in kind has too.
    fn custom() -> TypeTable {
        let text = json!({"type": "string"});
        let document = json!({"components": {"schemas": {"Thing": {
            "type": "object",
            "properties": {"image": text, "imagePullPolicy": text, "serviceAccount": text,
                "serviceAccountName": text, "apiVersion": text, "metadata": {"type": "object"}},
            "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}]}}}});
        TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap()
    }

    fn fields(object: Value) -> Map<String, Value> {
        match object {
            Value::Object(fields) => fields,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn directives_are_no_fields() {
        let elements = DIRECTIVE_PREFIXES.map(|prefix| format!("{prefix}finalizers"));
        for key in DIRECTIVES.into_iter().chain(elements.iter().map(String::as_str)) {
            assert!(is_directive(key), "{key}");
        }
        for key in ["$ref", "$patches", "patch", "$setElementOrder", ""] {
            assert!(!is_directive(key), "{key}");
        }
    }

    #[test]
    fn a_mirrored_field_follows_its_original() {
        let custom = custom();
        for Mirror { field, original } in MIRRORED {
            let built_in = builtin("v1", "Pod", &["spec"]);
            let other = custom.kind("example.com/v1", "Thing");
            for (shape, value, is_ruled) in [
                (built_in, json!("a"), true),
                (built_in, json!(""), false),
                (built_in, Value::Null, false),
                (other, json!("a"), false),
                (None, json!("a"), false),
            ] {
                let desired = fields(json!({field: "b", original: value}));
                assert_eq!(is_overruled(shape, &desired, field), is_ruled, "{desired:?}");
                assert!(!is_overruled(shape, &desired, original));
            }
            for (shape, value, is_mirrored) in [
                (built_in, "a", true),
                (built_in, "b", false),
                (other, "a", false),
                (None, "a", false),
            ] {
                let live = fields(json!({field: "a", original: value}));
                assert_eq!(is_mirror(shape, &live, field), is_mirrored, "{live:?}");
                assert!(!is_mirror(shape, &live, original));
            }
            assert!(!is_mirror(built_in, &fields(json!({field: "a"})), field));
            assert!(!is_mirror(built_in, &Map::new(), field));
        }
    }

    /// Each row: an image, and the pull policy that the server writes for it.
    #[test]
    fn derived_defaults_follow_from_the_fields_beside() {
        let [DerivedDefault { field, .. }] = DERIVED_DEFAULTS;
        let container = builtin("v1", "Pod", &["spec", "containers", "*"]);
        for (image, policy) in [
            ("registry:5000/app:1", "IfNotPresent"),
            ("registry:5000/app", "Always"),
            ("app:latest", "Always"),
            ("app@sha256:1", "IfNotPresent"),
            ("app:1@sha256:1", "IfNotPresent"),
            ("app:latest@sha256:1", "Always"),
        ] {
            for other in ["Always", "IfNotPresent", "Never", ""] {
                let live = fields(json!({"image": image, field: other}));
                assert_eq!(
                    is_derived_default(container, &live, field),
                    other == policy,
                    "{image} {other}"
                );
            }
        }
        let live = fields(json!({field: "IfNotPresent"}));
        assert!(!is_derived_default(container, &live, field), "no image");
    }

    /// Regression: a pull policy that somebody put into a custom resource was taken for a default, which the API
    /// server has for containers only.
    #[test]
    fn custom_resources_have_no_derived_defaults() {
        let custom = custom();
        let live = fields(json!({"image": "app:1", "imagePullPolicy": "IfNotPresent"}));
        for shape in [custom.kind("example.com/v1", "Thing"), None] {
            for default in DERIVED_DEFAULTS {
                assert!(!is_derived_default(shape, &live, default.field), "{shape:?}");
            }
        }
    }

    #[test]
    fn what_admission_appends_is_left_out_at_its_place_only() {
        let custom = custom();
        for Appended { place, key, values } in APPENDED_BY_ADMISSION {
            let [outer, inner] = *place else {
                panic!("{place:?}")
            };
            let outer = Trail::Key(&Trail::Root, outer);
            let trail = Trail::Key(&outer, inner);
            let shape = builtin("v1", "Pod", place);
            for value in values {
                let (own, appended) = (json!({key: "own"}), json!({key: value}));
                let left =
                    |desired: usize, live: &[Value]| without_appended(&trail, shape, live, desired).len();
                assert_eq!(left(1, &[own.clone(), appended.clone()]), 1, "{value}");
                assert_eq!(left(0, &[appended.clone(), appended.clone()]), 0, "{value}");
                // In place of the manifest's, or before somebody else's.
                assert_eq!(left(1, std::slice::from_ref(&appended)), 1, "{value}");
                assert_eq!(
                    left(1, &[own.clone(), appended.clone(), own.clone()]),
                    3,
                    "{value}"
                );

                let live = [own, appended];
                let thing = custom.kind("example.com/v1", "Thing");
                let template = Trail::Key(&Trail::Root, "template");
                let inside = Trail::Key(&template, inner);
                for (trail, shape) in [(&trail, thing), (&trail, None), (&inside, shape), (&outer, shape)] {
                    assert_eq!(without_appended(trail, shape, &live, 1).len(), 2, "{value}");
                }
            }
        }
    }

    #[test]
    fn amounts_are_respelled_at_their_places_and_not_in_built_in_kinds() {
        let (text, amount) = (json!("1000m"), json!("1"));
        for place in AMOUNTS {
            let resources = Trail::Key(&Trail::Root, place[0]);
            let limits = Trail::Key(&resources, place[1]);
            let cpu = Trail::Key(&limits, "cpu");
            assert!(is_respelled(&cpu, None, &text, &amount), "{place:?}");
            assert!(!is_respelled(&cpu, None, &text, &json!("2")), "{place:?}");
            assert!(!is_respelled(&limits, None, &text, &amount), "{place:?}");
            let built_in = builtin("v1", "ConfigMap", &["data", "a"]);
            assert!(!is_respelled(&cpu, built_in, &text, &amount), "{place:?}");
        }
        let custom = custom();
        let shape = custom.kind("example.com/v1", "Thing");
        let image = super::super::shapes::child(shape.unwrap(), "image");
        let (text, printed) = (json!("1h"), json!("1h0m0s"));
        assert!(is_respelled(&Trail::Root, image, &text, &printed));
        assert!(!is_respelled(&Trail::Root, image, &printed, &text));
        assert!(!is_respelled(&Trail::Root, None, &text, &printed));
    }

    #[test]
    fn objects_inside_others_say_their_type_and_status() {
        let claims = builtin("apps/v1", "StatefulSet", &["spec", "volumeClaimTemplates", "*"]).unwrap();
        let (embedded, bare) = (
            fields(json!({"metadata": {}, "apiVersion": "v1", "kind": "A", "status": {}})),
            fields(json!({"apiVersion": "v1", "kind": "A", "status": {}})),
        );
        let custom = custom();
        let thing = custom.kind("example.com/v1", "Thing").unwrap();
        for key in TYPE_AND_STATUS {
            assert!(describes_embedded_object(claims, &embedded, key), "{key}");
            assert!(!describes_embedded_object(claims, &bare, key), "{key}");
            assert!(!describes_embedded_object(thing, &embedded, key), "{key}");
        }
        assert!(!describes_embedded_object(claims, &embedded, "spec"));
    }

    #[test]
    fn most_metadata_is_the_servers() {
        for key in WRITTEN_METADATA {
            assert!(is_written_metadata(key), "{key}");
        }
        for key in ["creationTimestamp", "generation", "managedFields", "name", "uid"] {
            assert!(!is_written_metadata(key), "{key}");
        }
    }
}
