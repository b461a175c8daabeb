//! Objects that Helm rendered, and what is not the same in two renderings.

use std::collections::{BTreeMap, BTreeSet};

use driftline::compare::path::{FieldPath, Segment};
use driftline::yaml::{self, Limits};
use serde_json::Value;

/// The objects of a manifest, as `Kind/name`.
pub(super) struct Rendered(BTreeMap<String, Value>);

/// A field: its object, and its path as reports write it.
pub(super) type Field = (String, String);

impl Rendered {
    /// Reads a manifest.
    #[track_caller]
    pub(super) fn of(manifest: &str) -> Self {
        let documents = manifest.split("\n---").map(|document| {
            let document = document.trim_start_matches("---");
            yaml::parse_document(document, &Limits::default())
                .unwrap_or_else(|error| panic!("{error}:\n{document}"))
        });
        Self::from_objects(documents.filter(Value::is_object))
    }

    /// The objects of a list, as `kubectl get -o json` prints it.
    #[track_caller]
    pub(super) fn of_list(list: &str) -> Self {
        let list: Value = serde_json::from_str(list).expect("kubectl prints JSON");
        Self::from_objects(list["items"].as_array().into_iter().flatten().cloned())
    }

    fn from_objects(objects: impl Iterator<Item = Value>) -> Self {
        let named = objects.map(|object| {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let name = format!("{}/{}", word(&object["kind"]), word(&object["metadata"]["name"]));
            (name, object)
        });
        Self(named.collect())
    }

    /// One object.
    pub(super) fn object(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All of them with their names.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// The fields that are not the same in another rendering.
    pub(super) fn moved(&self, other: &Self) -> BTreeSet<Field> {
        let names: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        let mut moved = BTreeSet::new();
        for name in names {
            let mut paths = Vec::new();
            differing(
                self.0.get(name),
                other.0.get(name),
                &FieldPath::root(),
                &mut paths,
            );
            moved.extend(paths.iter().map(|path| (name.clone(), path.to_string())));
        }
        moved
    }
}

/// Whether one of two paths is the other or lies inside it.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let is_in = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        outer == "/" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
    };
    is_in(one, other) || is_in(other, one)
}

fn differing(one: Option<&Value>, other: Option<&Value>, path: &FieldPath, found: &mut Vec<FieldPath>) {
    match (one, other) {
        (one, other) if one == other => {}
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                differing(one.get(key), other.get(key), &path.key(key), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            let list = path.keys().next_back().unwrap_or_default();
            let (one, other) = match (elements(list, one), elements(list, other)) {
                (Some(one), Some(other)) => (one, other),
                _ => (positions(one), positions(other)),
            };
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let segment = one
                    .get(key)
                    .or(other.get(key))
                    .map(|(segment, _)| segment.clone());
                let path = path.join(segment.expect("it is the key of one of both"));
                let value = |of: &BTreeMap<_, (_, _)>| of.get(key).map(|(_, value)| *value);
                differing(value(&one), value(&other), &path, found);
            }
        }
        _ => found.push(path.clone()),
    }
}

type Elements<'v> = BTreeMap<String, (Segment, &'v Value)>;

/// The elements of a list by their keys; `None` where they do not have them, or share them.
fn elements<'v>(list: &str, items: &'v [Value]) -> Option<Elements<'v>> {
    let keys: &[&str] = match list {
        "ports" if items.iter().any(|item| item.get("containerPort").is_some()) => {
            &["containerPort", "protocol"]
        }
        "ports" => &["port", "protocol"],
        "volumeMounts" => &["mountPath"],
        _ => &["name"],
    };
    let mut found = Elements::new();
    for item in items {
        let own: Option<Vec<(String, Value)>> = keys
            .iter()
            .map(|key| Some(((*key).to_owned(), item.get(key)?.clone())))
            .collect();
        let segment = Segment::Match(own?);
        let is_new = found.insert(format!("{segment:?}"), (segment, item)).is_none();
        if !is_new {
            return None;
        }
    }
    Some(found)
}

fn positions(items: &[Value]) -> Elements<'_> {
    let items = items.iter().enumerate();
    items
        .map(|(index, item)| (format!("{index:09}"), (Segment::Index(index), item)))
        .collect()
}

#[test]
fn what_moved_is_told_by_the_paths_of_reports() {
    let manifest = |image: &str, second: &str| {
        format!(
            "---\n# Source: a/b.yaml\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{containers: [{{name: app, image: {image}, \
             args: [a, {second}]}}]}}\n---\nkind: Secret\nmetadata:\n  name: db\n"
        )
    };
    let (one, other) = (
        Rendered::of(&manifest("a:1", "b")),
        Rendered::of(&manifest("a:2", "c")),
    );
    let moved: Vec<String> = one.moved(&other).into_iter().map(|(_, path)| path).collect();
    assert_eq!(
        moved,
        [
            "/spec/containers[name=app]/args[1]",
            "/spec/containers[name=app]/image"
        ]
    );
    assert!(overlap("/a/b", "/a") && overlap("/a", "/a[0]") && overlap("/", "/a") && !overlap("/ab", "/a"));
}
