//! What manifests that Helm rendered with other values say of the drift of a release: Helm stays the judge.
//!
//! A drifted field is looked up in the rendering by its keys, and its value there is compared with the one that lives as
//! the API server compares. What else the rendering moves is told against the deployed manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::super::asked::{FindingAsked, ValuesWanted};
use crate::classify::finding::shown_value;
use crate::compare::diff::{is_satisfied_at, without_servers_choices};
use crate::compare::keyed::elements_by_keys;
use crate::compare::list_index::ListIndexes;
use crate::compare::lookup::value_at;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::shapes::{shape_at, step};
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
use crate::source::{Kinds, ReadError, Record, Source};
use crate::types::Shape;
use crate::values::{Asked, AskedField};
use crate::vocabulary::{CheckedOutcome, NextUpgrade};

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
    source.records(vec![stored.clone()], Arc::new(accept)).await;
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
    /// Whether the rendering has at least one of the objects that are deployed.
    pub(super) fn is_of_release(&self, deployed: &[ManifestObject]) -> bool {
        let (deployed, rendered) = (self.objects(deployed), self.objects(&self.rendered.objects));
        deployed.is_empty() || deployed.keys().any(|key| rendered.contains_key(key))
    }

    /// What the rendering says of the drift, and what else it moves against the deployed manifest.
    pub(super) fn of(&self, wanted: &ValuesWanted, deployed: Option<Vec<ManifestObject>>) -> ValuesCheck {
        let rendered = self.objects(&self.rendered.objects);
        let mut check = ValuesCheck::default();
        let mut drifted: BTreeMap<&ObjectKey, Vec<&FieldPath>> = BTreeMap::new();
        for (asked, of) in wanted.asked.iter().zip(&wanted.of) {
            let object = Self::parsed(rendered.get(&asked.key), &asked.key);
            let of_object = drifted.entry(&asked.key).or_default();
            let begin = check.fields.len();
            for (field, finding) in asked.fields.iter().zip(&of.findings) {
                of_object.push(&field.path);
                check
                    .fields
                    .push(self.field(asked, field, finding, object.as_ref()));
            }
            let checked = check.fields.iter_mut().skip(begin).zip(&of.findings);
            fail_together(checked.collect());
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
        // Of what somebody added all has to be there that the server does not choose by itself, and not only nothing else.
        let asked_for = live.map(|live| without_servers_choices(live, value, shape, &work));
        let is_live = holds(value, live) && (deployed.is_some() || holds(asked_for.as_ref(), value));
        let is_deployed = value == deployed || (holds(value, deployed) && holds(deployed, value));
        checked.outcome = if work.is_spent() {
            CheckedOutcome::Unknown
        } else if is_live && (live == deployed || value != deployed) {
            CheckedOutcome::Agrees
        } else {
            match (finding.next_upgrade, is_deployed) {
                (Some(NextUpgrade::Refused), _) => CheckedOutcome::Fails,
                (Some(NextUpgrade::Conflict), _) if !finding.fails_beside => CheckedOutcome::Fails,
                (Some(NextUpgrade::Keep), true) => CheckedOutcome::Stays,
                (_, true) => CheckedOutcome::AsDeployed,
                (_, false) => CheckedOutcome::Becomes,
            }
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
            let mut differences = Differences {
                known: drifted.get(key).map(Vec::as_slice).unwrap_or_default(),
                found: Vec::new(),
            };
            let root = self.facts.shape(&key.gvk);
            match (Self::parsed(before, key), Self::parsed(after, key)) {
                (Some(before), Some(after)) => {
                    differences.compare(Some(&before), Some(&after), root, &FieldPath::root());
                }
                (_, _) => differences.found.push(FieldPath::root()),
            }
            for path in differences.found {
                moved.insert(MovedField {
                    kind: key.gvk.kind.clone(),
                    namespace: key.namespace.clone(),
                    name: key.name.clone(),
                    path: self.redaction().shown_text(&path.to_string()),
                });
            }
        }
        moved
    }
}

/// An object is written as a whole or not at all: where the upgrade stops at one field, it stops at the others that it would
/// change. It does not where the rendering agrees with all that somebody else owns.
fn fail_together(mut fields: Vec<(&mut CheckedField, &FindingAsked)>) {
    let is_failure =
        |(checked, _): &(&mut CheckedField, &FindingAsked)| checked.outcome == CheckedOutcome::Fails;
    if !fields.iter().any(is_failure) {
        return;
    }
    for (checked, finding) in &mut fields {
        let is_written = matches!(
            checked.outcome,
            CheckedOutcome::AsDeployed | CheckedOutcome::Becomes | CheckedOutcome::Gone
        );
        if finding.fails_beside && is_written {
            checked.outcome = CheckedOutcome::Fails;
        }
    }
}

/// The places where two manifests of an object differ, but for those that drifted.
struct Differences<'k> {
    /// The fields that drifted.
    known: &'k [&'k FieldPath],
    found: Vec<FieldPath>,
}

impl Differences<'_> {
    /// Compares what two manifests have at a place. Elements of lists are matched by the keys of their type, where it has
    /// some, as the paths of findings match them; else by those that most lists have.
    fn compare(
        &mut self,
        before: Option<&Value>,
        after: Option<&Value>,
        shape: Option<Shape<'_>>,
        path: &FieldPath,
    ) {
        let is_known = self
            .known
            .iter()
            .any(|known| path.segments().starts_with(known.segments()));
        if before == after || is_known || self.found.len() > 2 * MOVED {
            return;
        }
        // Of what came or went as a whole, a part may be what drifted.
        let is_around = self
            .known
            .iter()
            .any(|known| known.segments().starts_with(path.segments()));
        let (before, after) = match (before, after) {
            (Some(one), None) if is_around => (one, &empty_as(one)),
            (None, Some(other)) if is_around => (&empty_as(other), other),
            (Some(one), Some(other)) => (one, other),
            (_, _) => return self.found.push(path.clone()),
        };
        match (before, after) {
            (Value::Object(one), Value::Object(other)) => {
                let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
                for name in names {
                    let (shape, path) = (step(shape, &Segment::Key(name.clone())), path.key(name));
                    self.compare(one.get(name), other.get(name), shape, &path);
                }
            }
            (Value::Array(one), Value::Array(other)) => self.elements(one, other, shape, path),
            (_, _) => self.found.push(path.clone()),
        }
    }

    fn elements(&mut self, one: &[Value], other: &[Value], shape: Option<Shape<'_>>, path: &FieldPath) {
        let element = shape.and_then(Shape::element);
        if let Some(pairs) = elements_by_keys(one, other, shape) {
            for (segment, before, after) in pairs {
                self.compare(before, after, element, &path.join(segment));
            }
        } else if one.len() == other.len() {
            for (position, (before, after)) in one.iter().zip(other).enumerate() {
                self.compare(
                    Some(before),
                    Some(after),
                    element,
                    &path.join(Segment::Index(position)),
                );
            }
        } else if self.is_more_than_drift(one, other, path) {
            self.found.push(path.clone());
        }
    }

    /// Whether more elements of a list came and went than drifted. One that drifted may have gone, with another in its place.
    fn is_more_than_drift(&self, one: &[Value], other: &[Value], path: &FieldPath) -> bool {
        let below = self.known.iter();
        let drifted = below
            .filter(|known| known.segments().starts_with(path.segments()))
            .count();
        let of_each = [(one, other), (other, one)].map(|(items, others)| {
            let only_here = items.iter().filter(|item| !others.contains(item));
            only_here.take(2 * drifted + 1).count()
        });
        of_each.iter().sum::<usize>() > 2 * drifted
    }
}

/// A container of the same kind that holds nothing.
fn empty_as(value: &Value) -> Value {
    match value {
        Value::Object(_) => Value::Object(serde_json::Map::new()),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}
