//! `metadata.managedFields`: the manager that is said to have written each field.
//!
//! The API server notes for every field which manager last wrote it, on every write and before admission plug-ins
//! change anything (Kubernetes: `apiserver/pkg/endpoints/handlers`, `create.go`, `update.go`, `patch.go`). A manager is
//! a name that the writer chose: a claim, no proof. The sets of fields are in the notation of `fields_v1`.

use std::cell::OnceCell;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields_v1::FieldSet;
use super::path::{FieldPath, Segment};
use super::shapes;
use super::work::Work;
use crate::types::{ListKind, Shape, ValueKind};
use crate::weight::json::ValueError;
use crate::weight::{self, MAX_VALUE};

/// How many entries an object may have. The API server merges the oldest updates beyond ten (Kubernetes:
/// `apimachinery/pkg/util/managedfields/internal/capmanagers.go`), but keeps every manager that applies.
const MAX_ENTRIES: usize = 10_000;

/// From how many bytes on managed fields are weighed before sets are made of them. Those of an ordinary object have some
/// kilobytes.
const WEIGHED_FROM: usize = 128 << 10;

/// How many times the memory of a plain value a set of fields takes, for its indexes.
const SET_WEIGHT: usize = 2;

/// A live object, and its managed fields apart from it.
#[derive(Debug)]
pub struct Live<'a> {
    /// The object, without its managed fields.
    pub object: Value,
    /// The managed fields; empty when the API server keeps none of this object, or they could not be read.
    pub managed: Vec<Entry<'a>>,
    /// Whether it has managed fields that could not be read, or are larger than any object's.
    pub has_unread_fields: bool,
    /// The size of its text.
    pub bytes: usize,
}

/// The fields that one manager owns by one operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    /// The name that the writer gave itself.
    #[serde(default)]
    pub manager: String,
    /// The API version in which the fields are named; empty where the entry does not say.
    #[serde(default)]
    pub api_version: String,
    /// How it wrote.
    #[serde(default)]
    pub operation: Operation,
    /// The subresource that it wrote through; empty for the object itself.
    #[serde(default)]
    pub subresource: String,
    /// When this manager last changed any of its fields.
    pub time: Option<DateTime<Utc>>,
    #[serde(borrow, rename = "fieldsV1")]
    raw: Option<&'a RawValue>,
    /// Parsed on first use: the fields of most entries are never needed.
    #[serde(skip)]
    fields: OnceCell<FieldSet>,
}

/// How a manager wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Anything else: create, update, patch.
    #[default]
    #[serde(other)]
    Update,
}

impl Operation {
    /// The API's own name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: Option<HeadMetadata<'a>>,
}

#[derive(Deserialize)]
struct HeadMetadata<'a> {
    #[serde(borrow, rename = "managedFields")]
    managed_fields: Option<&'a RawValue>,
}

impl<'a> Live<'a> {
    /// Reads an object as the API server sends it.
    ///
    /// Managed fields are often half of the text and mostly unused, so they are cut out before the rest is parsed.
    /// Managed fields that cannot be read count as none, and that is told.
    pub fn parse(text: &'a str) -> Result<Self, ValueError> {
        let head = serde_json::from_str::<Head<'_>>(text).ok();
        let Some(raw) = head.and_then(|head| head.metadata?.managed_fields) else {
            return Ok(Self {
                object: weight::json::value(text)?,
                managed: Vec::new(),
                has_unread_fields: false,
                bytes: text.len(),
            });
        };
        // The raw value borrows from the text, so this is where it lies in it.
        let from = raw.get().as_ptr().addr() - text.as_ptr().addr();
        let until = from + raw.get().len();
        let rest = [&text[..from], "null", &text[until..]].concat();
        let managed = entries(raw.get());
        Ok(Self {
            object: weight::json::value(&rest)?,
            has_unread_fields: managed.is_none(),
            managed: managed.unwrap_or_default(),
            bytes: text.len(),
        })
    }
}

/// The entries of an object; `None` where they cannot be read, are more than any object has, or would take more memory
/// than any object's: the sets of all of them are kept together.
fn entries(text: &str) -> Option<Vec<Entry<'_>>> {
    if text.len() > WEIGHED_FROM && weight::json::weigh(text).saturating_mul(SET_WEIGHT) > MAX_VALUE {
        return None;
    }
    let mut json = serde_json::Deserializer::from_str(text);
    weight::list::at_most(&mut json, MAX_ENTRIES, "too many managed fields").ok()
}

impl Entry<'_> {
    /// The set of fields, as `FieldsV1`.
    pub(crate) fn fields(&self) -> &FieldSet {
        self.fields.get_or_init(|| {
            self.raw
                .and_then(|raw| serde_json::from_str(raw.get()).ok())
                .unwrap_or_default()
        })
    }

    /// Whether the manager owns the value at a path of an object of this shape, or anything in it.
    ///
    /// A value that is atomic to the API server is owned as a whole: then the manager of the whole owns its parts. The
    /// same empty set at a list or map that is not atomic says that the manager once created it, and that the values
    /// that it put there were removed or are somebody else's.
    pub fn owns(&self, path: &FieldPath, shape: Option<Shape<'_>>, work: &Work) -> bool {
        let mut node = self.fields();
        if node.is_empty() {
            return false;
        }
        let mut shape = shape;
        for segment in path.segments() {
            if node.is_empty() {
                return is_atomic_at(shape, segment);
            }
            match node.below(segment, work) {
                Some(next) => node = next,
                None => return false,
            }
            shape = shapes::step(shape, segment);
        }
        true
    }
}

/// Whether managed fields name the object or list that a step leads into only as a whole (structured-merge-diff:
/// `typed/helpers.go`, `ElementRelationship`). Where no type is known lists are atomic and objects are not
/// (`schema/deduced.go`).
pub(super) fn is_atomic_at(shape: Option<Shape<'_>>, segment: &Segment) -> bool {
    match segment {
        Segment::Key(_) => shape.is_some_and(owns_objects_whole),
        Segment::Index(_) => true,
        Segment::Match(_) | Segment::Member(_) => shape.is_none_or(|shape| shape.list() == ListKind::Atomic),
    }
}

/// Whether the fields of an object or map are never named one by one.
pub(super) fn owns_objects_whole(shape: Shape<'_>) -> bool {
    // Free-form values of built-in kinds are `RawExtension`s, which are atomic.
    shape.is_atomic() || shape.is_builtin() && shape.value() == ValueKind::Any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TypeTable;
    use serde_json::json;

    fn container(name: &str) -> FieldPath {
        FieldPath::root()
            .key("spec")
            .key("containers")
            .join(Segment::Match(vec![("name".into(), json!(name))]))
    }

    #[test]
    fn managed_fields_that_are_too_many_or_broken_count_as_none_and_are_told() {
        let entry = json!({"manager": "m", "operation": "Apply", "fieldsV1": {"f:data": {}}});
        let rows = [
            (json!([entry.clone()]), (1, false)),
            (json!([]), (0, false)),
            (json!(null), (0, false)),
            (json!(vec![entry; MAX_ENTRIES + 1]), (0, true)),
            (json!("none"), (0, true)),
        ];
        for (managed, expected) in rows {
            let text = json!({"metadata": {"managedFields": managed}}).to_string();
            let live = Live::parse(&text).unwrap();
            assert_eq!((live.managed.len(), live.has_unread_fields), expected);
        }
    }

    #[test]
    fn ownership_follows_fields_keys_members_and_atomic_values() {
        let text = json!({
            "kind": "Pod",
            "metadata": {"name": "p", "managedFields": [{
                "manager": "kubectl-edit", "operation": "Update", "time": "2026-11-20T03:12:00Z", "fieldsType": "FieldsV1",
                "fieldsV1": {
                    "f:metadata": {"f:finalizers": {".": {}, "v:\"a/b\"": {}}, "f:annotations": {"f:x/y": {}}},
                    "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:image": {}, "f:args": {},
                        "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {"f:hostPort": {}}}}}}}}]},
            "spec": {"containers": []},
        })
        .to_string();
        let live = Live::parse(&text).unwrap();
        assert_eq!(
            live.object["metadata"],
            json!({"name": "p", "managedFields": null})
        );
        let [entry] = &live.managed[..] else {
            panic!("{:?}", live.managed)
        };
        assert_eq!(
            (
                entry.manager.as_str(),
                entry.operation,
                entry.subresource.as_str()
            ),
            ("kubectl-edit", Operation::Update, "")
        );
        let metadata = FieldPath::root().key("metadata");
        let port = |number: u16| {
            container("app").key("ports").join(Segment::Match(vec![
                ("containerPort".into(), json!(number)),
                ("protocol".into(), json!("TCP")),
            ]))
        };
        for (path, owned) in [
            (container("app").key("image"), true),
            (container("app"), true),
            (container("app").key("command"), false),
            (container("web").key("image"), false),
            // An atomic list: its elements belong to the owner of the list.
            (container("app").key("args").join(Segment::Index(1)), true),
            (port(80).key("hostPort"), true),
            (port(80).key("name"), false),
            (port(81).key("hostPort"), false),
            (metadata.key("annotations").key("x/y"), true),
            (
                metadata.key("finalizers").join(Segment::Member(json!("a/b"))),
                true,
            ),
            (
                metadata.key("finalizers").join(Segment::Member(json!("c"))),
                false,
            ),
        ] {
            let shape = TypeTable::builtin().kind("v1", "Pod");
            assert_eq!(entry.owns(&path, shape, &Work::of_steps(10_000)), owned, "{path}");
        }
    }

    /// When the last member goes, the set `{".": {}}` is left, which is written `{}` like that of an atomic value.
    #[test]
    fn an_emptied_set_owns_nothing_below() {
        let text = json!({"metadata": {"managedFields": [{"manager": "helm", "fieldsV1": {
            "f:data": {}, "f:spec": {"f:ports": {}, "f:selector": {}, "f:externalIPs": {}}}}]}})
        .to_string();
        let live = Live::parse(&text).unwrap();
        let kind = |kind: &str| TypeTable::builtin().kind("v1", kind);
        let spec = FieldPath::root().key("spec");
        let port = spec.key("ports").join(Segment::Match(vec![
            ("port".into(), json!(80)),
            ("protocol".into(), json!("TCP")),
        ]));
        let data = FieldPath::root().key("data");
        for (path, shape, owned) in [
            (spec.key("ports"), kind("Service"), true),
            (port.clone(), kind("Service"), false),
            (port.key("name"), kind("Service"), false),
            (spec.key("selector").key("app"), kind("Service"), true),
            (
                spec.key("externalIPs").join(Segment::Index(0)),
                kind("Service"),
                true,
            ),
            (data.key("key"), kind("ConfigMap"), false),
            (data.key("key"), None, false),
        ] {
            assert_eq!(
                live.managed[0].owns(&path, shape, &Work::of_steps(10_000)),
                owned,
                "{path}"
            );
        }
    }

    #[test]
    fn objects_without_or_with_broken_managed_fields_are_still_read() {
        for text in [
            r#"{"metadata":{"name":"a"},"data":{"k":"v"}}"#,
            r#"{"metadata":{"name":"a","managedFields":null},"data":{"k":"v"}}"#,
            r#"{"metadata":{"name":"a","managedFields":[{"manager":1}]},"data":{"k":"v"}}"#,
            r#"{"metadata":null,"data":{"k":"v"}}"#,
        ] {
            let live = Live::parse(text).unwrap();
            assert_eq!(live.object["data"], json!({"k": "v"}), "{text}");
            assert!(live.managed.is_empty(), "{text}");
        }
        assert!(Live::parse("{").is_err());
    }
}
