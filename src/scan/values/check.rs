//! What manifests that Helm rendered with other values say of the drift of a release: Helm stays the judge.
//!
//! A drifted field is looked up in the rendering by its keys, and its value there is compared with the one that lives as
//! the API server compares. What else the rendering moves is told against the deployed manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::super::asked::{FindingAsked, ValuesWanted};
use crate::classify::finding::shown_value;
use crate::compare::diff::is_satisfied_at;
use crate::compare::list_index::ListIndexes;
use crate::compare::lookup::value_at;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::shapes::shape_at;
use crate::compare::work::{ReleaseWork, Work};
use crate::manifest::desired::kept;
use crate::manifest::parse::{ManifestObject, ParsedDocuments};
use crate::manifest::rendered::Rendered;
use crate::model::{CheckedField, MovedField, ValuesCheck};
use crate::object::ObjectKey;
use crate::policy::redact::Redaction;
use crate::release::decode::decode_without_variations;
use crate::release::stored::StoredRevision;
use crate::scan::cluster_facts::ClusterFacts;
use crate::scan::load::decode_record;
use crate::scan::resolver::Resolver;
use crate::source::{Kinds, ReadError, Record, Share, Source};
use crate::values::{Asked, AskedField};
use crate::vocabulary::CheckedOutcome;

/// How many moved fields are listed.
const MOVED: usize = 1_000;

/// The most of a value that is shown.
const MAX_VALUE: usize = 16 << 10;

/// The objects of a manifest by their keys, each with its last document.
type Objects = BTreeMap<ObjectKey, Arc<str>>;

/// Reads the deployed manifest of a release once more; `None` where that cannot be done.
pub(super) async fn deployed<S: Source>(
    source: &S,
    stored: &StoredRevision,
    max_bytes: u64,
) -> Option<Vec<ManifestObject>> {
    let found: Arc<Mutex<Option<Vec<ManifestObject>>>> = Arc::default();
    let put = Arc::clone(&found);
    let accept = move |stored: &StoredRevision, answer: Result<Record, ReadError>| {
        let Ok(record) = answer else { return };
        let mut documents = ParsedDocuments::default();
        let decoded = decode_record(
            stored,
            record,
            decode_without_variations,
            max_bytes,
            &mut documents,
        );
        if let Ok((_, objects)) = decoded {
            *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(objects);
        }
    };
    source
        .records(vec![stored.clone()], Share::Part, Arc::new(accept))
        .await;
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    found.take()
}

/// Everything that a check goes by.
pub(super) struct Check<'a> {
    pub(super) rendered: &'a Rendered,
    pub(super) kinds: &'a Kinds,
    pub(super) facts: &'a ClusterFacts,
    pub(super) installs_into: &'a str,
}

impl Check<'_> {
    /// What the rendering says of the drift, and what else it moves against the deployed manifest.
    pub(super) fn of(&self, wanted: &ValuesWanted, deployed: Option<Vec<ManifestObject>>) -> ValuesCheck {
        let rendered = self.objects(&self.rendered.objects);
        let mut check = ValuesCheck::default();
        let mut drifted: BTreeMap<&ObjectKey, Vec<&FieldPath>> = BTreeMap::new();
        for (asked, of) in wanted.asked.iter().zip(&wanted.of) {
            let object = Self::parsed(rendered.get(&asked.key), &asked.key);
            let of_object = drifted.entry(&asked.key).or_default();
            for (field, finding) in asked.fields.iter().zip(&of.findings) {
                of_object.push(&field.path);
                check
                    .fields
                    .push(self.field(asked, field, finding, object.as_ref()));
            }
        }
        if let Some(deployed) = deployed {
            let deployed = self.objects(&deployed);
            let moved = self.moved(&deployed, &rendered, &drifted);
            check.also_moves_left_out = moved.len().saturating_sub(MOVED);
            check.also_moves = moved.into_iter().take(MOVED).collect();
        }
        check
    }

    fn redaction(&self) -> &Redaction {
        &self.facts.policy.redaction
    }

    fn objects(&self, objects: &[ManifestObject]) -> Objects {
        let resolver = Resolver {
            namespace: self.installs_into,
            kinds: self.kinds,
        };
        let objects = objects.iter();
        objects
            .map(|object| (resolver.key_of(object), Arc::clone(&object.body)))
            .collect()
    }

    /// An object as the API server keeps it, so that its fields are where findings have them.
    fn parsed(body: Option<&Arc<str>>, key: &ObjectKey) -> Option<Value> {
        Some(kept(serde_json::from_str(body?).ok()?, &key.gvk))
    }

    /// What becomes of a field.
    fn field(
        &self,
        asked: &Asked,
        field: &AskedField,
        finding: &FindingAsked,
        object: Option<&Value>,
    ) -> CheckedField {
        let mut checked = CheckedField {
            kind: asked.key.gvk.kind.clone(),
            namespace: asked.key.namespace.clone(),
            name: asked.key.name.clone(),
            path: finding.path.clone(),
            outcome: CheckedOutcome::Gone,
            becomes: None,
            redacted: finding.is_redacted,
        };
        let Some(object) = object else { return checked };
        let root = self.facts.shape(&asked.key.gvk);
        let bytes = crate::compare::path::size_of_value(object);
        let work = Work::of_object(bytes, &Arc::new(ReleaseWork::default()));
        let lists = ListIndexes::new(&work);
        let value = value_at(object, &field.path, root, &lists);
        let shape = shape_at(root, &field.path);
        let holds = |desired: Option<&Value>, other: Option<&Value>| match desired {
            None => other.is_none_or(Value::is_null),
            Some(desired) => is_satisfied_at(&field.path, desired, other, shape, &work),
        };
        let (live, deployed) = (field.live.as_ref(), field.deployed.as_ref());
        // Of what somebody added all has to be there, and not only nothing else.
        let is_live = holds(value, live) && (deployed.is_some() || holds(live, value));
        let is_deployed = value == deployed || (holds(value, deployed) && holds(deployed, value));
        checked.outcome = if work.is_spent() {
            CheckedOutcome::Unknown
        } else if is_live && (live == deployed || value != deployed) {
            CheckedOutcome::Agrees
        } else if is_deployed {
            CheckedOutcome::AsDeployed
        } else {
            CheckedOutcome::Becomes
        };
        if checked.outcome == CheckedOutcome::Becomes && !finding.is_redacted {
            let value = value.cloned().unwrap_or(Value::Null);
            match shown_value(self.redaction(), &asked.key.gvk, object, &field.path, &value) {
                Some(value) if crate::compare::path::size_of_value(&value) <= MAX_VALUE => {
                    checked.becomes = Some(value);
                }
                Some(_) => {}
                None => checked.redacted = true,
            }
        }
        checked
    }

    /// The fields that the rendering moves and that did not drift.
    fn moved(
        &self,
        deployed: &Objects,
        rendered: &Objects,
        drifted: &BTreeMap<&ObjectKey, Vec<&FieldPath>>,
    ) -> BTreeSet<MovedField> {
        let keys: BTreeSet<&ObjectKey> = deployed.keys().chain(rendered.keys()).collect();
        let mut moved = BTreeSet::new();
        for key in keys {
            let (before, after) = (deployed.get(key), rendered.get(key));
            if before == after {
                continue;
            }
            let mut paths = Vec::new();
            match (Self::parsed(before, key), Self::parsed(after, key)) {
                (Some(before), Some(after)) => differing(&before, &after, &FieldPath::root(), &mut paths),
                (_, _) => paths.push(FieldPath::root()),
            }
            let known = drifted.get(key);
            for path in paths {
                let is_known = known.is_some_and(|known| known.iter().any(|known| known.overlaps(&path)));
                let is_said = is_known && path != FieldPath::root();
                if !is_said {
                    moved.insert(MovedField {
                        kind: key.gvk.kind.clone(),
                        namespace: key.namespace.clone(),
                        name: key.name.clone(),
                        path: self.redaction().shown_text(&path.to_string()),
                    });
                }
            }
        }
        moved
    }
}

/// The places where two manifests of an object differ. Elements of lists are matched by the keys that most lists have.
fn differing(before: &Value, after: &Value, path: &FieldPath, found: &mut Vec<FieldPath>) {
    if before == after || found.len() > 2 * MOVED {
        return;
    }
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let path = path.key(name);
                match (one.get(name), other.get(name)) {
                    (Some(before), Some(after)) => differing(before, after, &path, found),
                    (_, _) => found.push(path),
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => match (keyed(one), keyed(other)) {
            (Some(one), Some(other)) => {
                let keys: BTreeSet<&(&str, String)> = one.keys().chain(other.keys()).collect();
                for key in keys {
                    let (name, _) = key;
                    let element = one.get(key).or_else(|| other.get(key));
                    let value = element.and_then(|element| element.get(*name)).cloned();
                    let segment = Segment::Match(vec![((*name).to_owned(), value.unwrap_or_default())]);
                    let path = path.join(segment);
                    match (one.get(key), other.get(key)) {
                        (Some(before), Some(after)) => differing(before, after, &path, found),
                        (_, _) => found.push(path),
                    }
                }
            }
            (_, _) if one.len() == other.len() => {
                for (position, (before, after)) in one.iter().zip(other).enumerate() {
                    differing(before, after, &path.join(Segment::Index(position)), found);
                }
            }
            (_, _) => found.push(path.clone()),
        },
        (_, _) => found.push(path.clone()),
    }
}

/// The elements of a list by the first of these keys that all of them have, each with another value.
fn keyed(items: &[Value]) -> Option<BTreeMap<(&'static str, String), &Value>> {
    const KEYS: [&str; 4] = ["name", "mountPath", "containerPort", "port"];
    KEYS.into_iter().find_map(|key| {
        let by_key: Option<BTreeMap<_, _>> = items
            .iter()
            .map(|item| Some(((key, item.get(key)?.to_string()), item)))
            .collect();
        by_key.filter(|by_key| by_key.len() == items.len())
    })
}
