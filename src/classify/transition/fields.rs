//! The fields of one object that an operation changes, and those that differ from what it applies and stay.

use std::borrow::Cow;

use serde_json::Value;

use super::{ObjectPreview, Transition, read};
use crate::apply::{Conflict, Doubt, Outcome, changed_places};
use crate::classify::attributed::{actor, manager_name};
use crate::classify::finding::shown_actor;
use crate::classify::listed::shortened;
use crate::classify::subject::Visibility;
use crate::compare::diff::is_satisfied_at;
use crate::compare::list_index::ListIndexes;
use crate::compare::lookup::value_at;
use crate::compare::managed_fields::Live;
use crate::compare::path::{FieldPath, Segment, size_of_value};
use crate::compare::path_tree::PathTree;
use crate::compare::room::Room;
use crate::compare::shapes::shape_at;
use crate::compare::three_way::{Change, OfRevision, Versions, three_way};
use crate::compare::work::Work;
use crate::model::{Actor, Finding, PreviewField};
use crate::policy::Policy;
use crate::policy::managers::{ManagerKind, Managers};
use crate::policy::redact::{HIDDEN, Hidden};
use crate::vocabulary::{FindingCode, PreviewAction, PreviewEffect};

/// How many fields of one object are listed.
const MAX_FIELDS: usize = 500;

/// How many bytes the values of the fields of one object may come to.
const MAX_FIELD_BYTES: usize = 1 << 20;

/// The fields of one object.
pub(super) struct Fields {
    fields: Vec<Field>,
    /// How many differences were only counted.
    counted: usize,
}

/// Why a field that Helm applies is not there afterwards.
const DROPPED: &str = "the API server drops it, because the type does not have the field";

/// One field.
struct Field {
    path: FieldPath,
    effect: PreviewEffect,
    live: Option<Value>,
    after: Option<Value>,
    applied: Option<Value>,
    actor: Option<Actor>,
    reason: Option<Cow<'static, str>>,
}

impl Field {
    fn of(change: Change, effect: PreviewEffect, after: Option<Value>, doubts: &[Doubt]) -> Self {
        Self {
            live: change.live,
            ..Self::at(change.path, effect, after, doubts)
        }
    }

    fn at(path: FieldPath, effect: PreviewEffect, after: Option<Value>, doubts: &[Doubt]) -> Self {
        let doubt = doubts.iter().find(|doubt| doubt.path.overlaps(&path));
        Self {
            effect: doubt.map_or(effect, |_| PreviewEffect::Unknown),
            reason: doubt.map(|doubt| doubt.reason.clone()),
            path,
            live: None,
            after,
            applied: None,
            actor: None,
        }
    }
}

/// The versions of an object between which its fields are looked for.
struct Look<'a> {
    transition: &'a Transition<'a>,
    /// As the manifest has it from which Helm starts.
    from: Option<&'a Value>,
    /// As the manifest has it that Helm applies.
    applied: &'a Value,
    live: &'a Live<'a>,
    /// As it is then.
    after: &'a Value,
    doubts: &'a [Doubt],
    managers: &'a Managers,
    lists: &'a ListIndexes<'a>,
    work: &'a Work,
}

impl<'a> Look<'a> {
    fn at(&self, object: &'a Value, path: &FieldPath) -> Option<&'a Value> {
        value_at(object, path, self.transition.shape, self.lists)
    }

    fn is_same(&self, path: &FieldPath, one: Option<&Value>, other: Option<&Value>) -> bool {
        is_same(path, one, other, self.transition, self.work)
    }

    /// Whether a field becomes what is applied, but for what the API server fills in.
    fn comes(&self, field: &Field, applied: &Value) -> bool {
        let shape = shape_at(self.transition.shape, &field.path);
        applied.is_null() || is_satisfied_at(&field.path, applied, field.after.as_ref(), shape, self.work)
    }

    /// The manager, other than Helm, that wrote a field last.
    fn writer(&self, path: &FieldPath) -> Option<Actor> {
        self.last_writer(path, |kind| kind != ManagerKind::Helm)
    }

    /// The manager among those of some kinds that wrote a field last.
    fn last_writer(&self, path: &FieldPath, is_among: fn(ManagerKind) -> bool) -> Option<Actor> {
        let entries = self.live.managed.iter().filter(|entry| {
            entry.subresource != "status"
                && is_among(self.managers.kind_of(&entry.manager))
                && self.work.affords(1)
                && entry.owns(path, self.transition.shape, self.work)
        });
        entries.max_by_key(|entry| entry.time).map(actor)
    }

    /// What the write changes.
    fn written(&self, room: &Room) -> Vec<Field> {
        // Taken for two manifests, the two versions of the live object differ in that.
        let versions = Versions {
            previous: Some(OfRevision {
                revision: 0,
                object: &self.live.object,
            }),
            desired: self.after,
            attempted: &[],
            live: &self.live.object,
        };
        let changes = three_way(self.transition.shape, versions, self.work, room).into_iter();
        let changes = changes.filter(|change| change.code != FindingCode::Pruned && !is_type(&change.path));
        changes.map(|change| self.written_field(change)).collect()
    }

    fn written_field(&self, change: Change) -> Field {
        let from = self.from.map(|from| self.at(from, &change.path));
        let is_as_deployed = from.map(|from| self.is_same(&change.path, from, change.live.as_ref()));
        let after = change.desired.clone();
        let mut field = Field::of(change, PreviewEffect::Change, after, self.doubts);
        let applied = self.at(self.applied, &field.path);
        field.applied = applied.filter(|applied| !self.comes(&field, applied)).cloned();
        if is_as_deployed != Some(true) {
            field.actor = self.writer(&field.path);
        }
        let is_others = field.actor.is_some()
            || (is_as_deployed == Some(false) && !self.is_of_helm(&field, from.flatten()));
        // What others deleted comes back, whatever the API server fills in then.
        let is_put_back = field.effect == PreviewEffect::Unknown && field.live.is_none();
        if is_others && (field.effect == PreviewEffect::Change || is_put_back) {
            field.effect = PreviewEffect::TakeBack;
        }
        field
    }

    /// Whether a live value that nobody else owns is one of another revision, as after an upgrade that failed, or one that
    /// the API server filled in.
    fn is_of_helm(&self, field: &Field, from: Option<&Value>) -> bool {
        let is_filled_in = from.is_none() && field.live.is_some() && !self.live.managed.is_empty();
        is_filled_in
            || self
                .last_writer(&field.path, |kind| kind == ManagerKind::Helm)
                .is_some()
    }

    /// What the API server drops or fills in because of that.
    fn dependent(&self, known: &PathTree) -> Vec<Field> {
        let Transition { key, shape, .. } = *self.transition;
        let (live, after) = (&self.live.object, self.after);
        let places = changed_places(&key.gvk, shape, live, after, MAX_FIELDS, self.work).into_iter();
        let places = places.filter(|path| !known.overlaps(path) && !is_type(path));
        let fields = places.filter_map(|path| {
            let (lives, comes) = (self.at(live, &path), self.at(after, &path));
            (!self.is_same(&path, lives, comes)).then(|| Field {
                live: lives.cloned(),
                ..Field::at(path, PreviewEffect::Change, comes.cloned(), self.doubts)
            })
        });
        fields.collect()
    }

    /// What differs from the manifest and stays so.
    fn left(&self, known: &PathTree, room: &Room) -> Vec<Field> {
        let versions = Versions {
            previous: None,
            desired: self.applied,
            attempted: &[],
            live: self.after,
        };
        let changes = three_way(self.transition.shape, versions, self.work, room).into_iter();
        let is_new = |change: &Change| {
            let from = self.from.and_then(|from| self.at(from, &change.path));
            !self.is_same(&change.path, from, change.desired.as_ref())
        };
        // What the newest manifest has too was dropped before, and is no matter of this operation.
        let changes = changes.filter(|change| {
            (change.code != FindingCode::Pruned || is_new(change)) && !known.overlaps(&change.path)
        });
        let fields = changes.map(|change| {
            let (after, applied) = (change.live.clone(), change.desired.clone());
            let actor = self.writer(&change.path);
            let is_dropped = change.code == FindingCode::Pruned;
            let field = Field::of(change, PreviewEffect::Differ, after, self.doubts);
            Field {
                applied,
                actor,
                reason: field.reason.clone().or(is_dropped.then(|| DROPPED.into())),
                ..field
            }
        });
        fields.collect()
    }
}

impl Fields {
    /// The fields of an object that lives like this and is like `after` then.
    pub(super) fn of(
        transition: &Transition<'_>,
        applied: &Value,
        after: &Value,
        doubts: &[Doubt],
        live: &Live<'_>,
        managers: &Managers,
        work: &Work,
    ) -> Self {
        let from = transition.from.map(|from| read(transition, from));
        let look = Look {
            transition,
            from: from.as_ref(),
            applied,
            live,
            after,
            doubts,
            managers,
            lists: &ListIndexes::new(work),
            work,
        };
        let room = Room::default();
        let known = |fields: &[Field]| fields.iter().map(|field| &field.path).collect::<PathTree>();
        let mut fields = look.written(&room);
        fields.extend(look.dependent(&known(&fields)));
        fields.extend(look.left(&known(&fields), &room));
        Self {
            fields,
            counted: room.left_out(),
        }
    }

    /// The fields because of which an operation fails at an object; none where it does not.
    pub(super) fn that_fail(
        transition: &Transition<'_>,
        outcome: &Outcome,
        applied: &Value,
        live: &Live<'_>,
        work: &Work,
    ) -> Self {
        let lists = ListIndexes::new(work);
        let field = |path: &FieldPath| Field {
            path: path.clone(),
            effect: PreviewEffect::Fail,
            live: value_at(&live.object, path, transition.shape, &lists).cloned(),
            after: None,
            applied: value_at(applied, path, transition.shape, &lists).cloned(),
            actor: None,
            reason: None,
        };
        let fields = match outcome {
            Outcome::Conflict(conflicts) => {
                let owned = conflicts.iter().take(MAX_FIELDS).map(|conflict| Field {
                    actor: Some(actor_of(conflict, live)),
                    ..field(&conflict.path)
                });
                owned.collect()
            }
            Outcome::Refused(refusal) => vec![Field {
                reason: Some(refusal.sentence().into()),
                ..field(&refusal.path)
            }],
            Outcome::Created(_)
            | Outcome::Deleted
            | Outcome::Untouched
            | Outcome::Written(_)
            | Outcome::Unknown(_) => Vec::new(),
        };
        Self { fields, counted: 0 }
    }

    /// Whether the operation changes any of them.
    pub(super) fn has_changes(&self) -> bool {
        let mut effects = self.fields.iter().map(|field| field.effect);
        self.counted > 0 || effects.any(|effect| effect != PreviewEffect::Differ)
    }

    /// What a preview shows of them, and how many it does not list; `versions` are those of the object.
    pub(super) fn shown(
        self,
        transition: &Transition<'_>,
        versions: &[&Value],
        policy: &Policy,
    ) -> (Vec<PreviewField>, usize) {
        let paths = self.fields.iter().map(|field| &field.path);
        let redactions = policy.redaction.fields(&transition.key.gvk, versions, paths);
        let all = self.fields.len();
        let mut bytes = 0;
        let pairs = self.fields.into_iter().zip(redactions).take(MAX_FIELDS);
        let shown: Vec<PreviewField> = pairs
            .map(|(field, redaction)| {
                let mut redacted = false;
                let mut shown = |value: Option<Value>| {
                    let value = value?;
                    let (value, hidden) = match transition.values {
                        Visibility::Shown => redaction.value(&value),
                        Visibility::Hidden => (HIDDEN.into(), Hidden::Partly),
                    };
                    redacted |= hidden == Hidden::Partly;
                    Some(shortened(&value, "").unwrap_or(value))
                };
                PreviewField {
                    live: shown(field.live),
                    after: shown(field.after),
                    applied: shown(field.applied),
                    path: redaction.path(&field.path),
                    effect: field.effect,
                    redacted,
                    actor: field.actor.map(|actor| shown_actor(actor, policy)),
                    reason: field.reason.map(|reason| policy.redaction.shown_text(&reason)),
                }
            })
            .take_while(|field| {
                let values = [&field.live, &field.after, &field.applied];
                bytes += values.into_iter().flatten().map(size_of_value).sum::<usize>();
                bytes <= MAX_FIELD_BYTES
            })
            .collect();
        let left_out = all - shown.len() + self.counted;
        (shown, left_out)
    }
}

/// The manager in a conflict, with the time of its last write.
fn actor_of(conflict: &Conflict, live: &Live<'_>) -> Actor {
    let mut entries = live.managed.iter().filter(|entry| {
        entry.manager == conflict.manager
            && entry.operation == conflict.operation
            && entry.subresource == conflict.subresource
    });
    Actor {
        manager: manager_name(&conflict.manager),
        operation: conflict.operation.as_str().to_owned(),
        subresource: (!conflict.subresource.is_empty()).then(|| manager_name(&conflict.subresource)),
        time: entries.find_map(|entry| entry.time),
    }
}

/// Whether a place says the type of the object, which the items of a list leave out.
fn is_type(path: &FieldPath) -> bool {
    matches!(path.segments(), [Segment::Key(field)] if field == "apiVersion" || field == "kind")
}

/// Whether the API server could not tell two values apart.
fn is_same(
    path: &FieldPath,
    one: Option<&Value>,
    other: Option<&Value>,
    transition: &Transition<'_>,
    work: &Work,
) -> bool {
    let present = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    match (one, other) {
        (Some(one), Some(other)) if !one.is_null() && !other.is_null() => {
            let shape = shape_at(transition.shape, path);
            one == other
                || is_satisfied_at(path, one, Some(other), shape, work)
                    && is_satisfied_at(path, other, Some(one), shape, work)
        }
        (one, other) => !present(one) && !present(other),
    }
}

impl ObjectPreview {
    /// Adds what others put beside the manifests and the operation leaves, by the findings of the object.
    pub fn add_survivors(&mut self, findings: &[Finding]) {
        if !matches!(self.action, PreviewAction::Change | PreviewAction::None) {
            return;
        }
        let is_within = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with('['))
        };
        let survivors = findings.iter().filter(|finding| {
            let mut fields = self.fields.iter();
            finding.desired.is_none()
                && finding.live.is_some()
                && !finding.is_expected()
                && finding.ignored_by.is_none()
                && !fields.any(|field| {
                    is_within(&field.path, &finding.path) || is_within(&finding.path, &field.path)
                })
        });
        let survivors: Vec<PreviewField> = survivors
            .take(MAX_FIELDS.saturating_sub(self.fields.len()))
            .map(|finding| PreviewField {
                path: finding.path.clone(),
                // What an earlier revision put there is not taken out.
                effect: if finding.code == FindingCode::Lingering {
                    PreviewEffect::Differ
                } else {
                    PreviewEffect::Survive
                },
                live: finding.live.clone(),
                after: finding.live.clone(),
                applied: None,
                redacted: finding.redacted,
                actor: finding.actor.clone(),
                reason: None,
            })
            .collect();
        self.fields.extend(survivors);
    }
}
