//! The prediction of what the next `helm upgrade` with the same chart and values does to an object.
//!
//! Helm's write is simulated once for an object that differs, or of which others own fields that Helm's apply names
//! ([`crate::apply`]), and every difference is looked up in the result. What the simulation does not know is no prediction,
//! with the reason.

mod sent;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;

use super::attributed::{Attributed, manager_name};
use super::blocked::{Block, ContestedField};
use super::subject::Subject;
use crate::apply::{
    Conflict, Merged, Method, OnConflict, Outcome, Write, Written, adds_element, is_merged_three_ways, merge,
    simulate,
};
use crate::compare::fate::{Fate, Fates};
use crate::compare::list_index::ListIndexes;
use crate::compare::managed_fields::{Entry, Live, Operation};
use crate::compare::path::FieldPath;
use crate::compare::three_way::Change;
use crate::compare::work::Work;
use crate::manifest::desired::RELEASE_NAME;
use crate::policy::managers::{ManagerKind, Managers};
use crate::vocabulary::{ApplyMethod, FindingCode};
use crate::weight;

/// What the next upgrade does to a difference.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Prediction {
    /// Helm writes the baseline's value back.
    Revert,
    /// The live value stays.
    Keep,
    /// The field has this value afterwards, or none.
    Becomes(Option<Value>),
    /// The upgrade fails because of the owners of fields, in words.
    Conflict(String),
    /// The upgrade fails by this rule.
    Refused(String),
    /// It is not known, for this reason.
    Unknown(Cow<'static, str>),
}

/// The name under which Helm writes unless it is told otherwise: that of its program (Helm: `pkg/kube/client.go`,
/// `getManagedFieldsManager`).
const HELM: &str = "helm";

/// Why nothing is foretold of an object that the manifest names in several documents.
const SEVERAL_DOCUMENTS: &str = "the manifest names the object in several documents";
/// Why nothing is foretold where the simulation takes too many steps.
const TOO_COSTLY: &str = "it takes too many steps to foretell";
/// Why nothing is foretold of an object whose simulation would take too much memory.
const TOO_LARGE: &str = "the object is too large to foretell it";
/// Why nothing is foretold of a body that is no object.
const NO_OBJECT: &str = "the manifest's document is no object";
/// Why nothing is foretold of a server-side apply without the managed fields.
const UNREAD_FIELDS: &str = "the object's managed fields cannot be read";
/// Why nothing is foretold of a value that admission makes.
const ADMISSION: &str =
    "Helm writes the manifest's value, and what changed it at admission may change it again";
/// Why nothing is foretold of a place in a list that becomes another one.
const OTHER_LIST: &str = "the list that it is in becomes another one";
/// Why nothing is foretold of an outcome that a live object cannot have.
const NO_WRITE: &str = "Helm does not write over the live object";

/// The next upgrade of one object to the same manifest, and the write of the baseline before it.
pub(super) struct Upgrade<'a> {
    subject: Subject<'a>,
    live: Option<&'a Live<'a>>,
    manager: &'a str,
    /// Apart from that of the comparison, which does not suffer from a costly simulation.
    work: Work,
    next: OnceCell<Outcome>,
    /// What the next upgrade makes of it if it takes the fields of others over.
    forced: OnceCell<Outcome>,
    baseline: OnceCell<Outcome>,
}

impl<'a> Upgrade<'a> {
    pub(super) fn of(
        subject: &Subject<'a>,
        live: Option<&'a Live<'a>>,
        managers: &Managers,
        work: &Work,
    ) -> Self {
        Self {
            subject: *subject,
            live,
            // What Helm patches by itself it patches under any name.
            manager: match (live, subject.method) {
                (Some(live), ApplyMethod::Ssa) => manager(live, subject, managers, work),
                (Some(_) | None, _) => HELM,
            },
            work: work.apart(),
            next: OnceCell::new(),
            forced: OnceCell::new(),
            baseline: OnceCell::new(),
        }
    }

    /// What the next upgrade makes of the object.
    pub(super) fn next(&self) -> &Outcome {
        self.next
            .get_or_init(|| self.write(self.subject.body, self.method(OnConflict::Fail), self.live))
    }

    /// What the next upgrade makes of the object with `--force-conflicts`.
    fn forced(&self) -> &Outcome {
        self.forced
            .get_or_init(|| self.write(self.subject.body, self.method(OnConflict::Force), self.live))
    }

    /// What the baseline's write would make of the live object if it came now.
    fn baseline(&self) -> &Outcome {
        self.baseline.get_or_init(|| {
            let from = self
                .subject
                .previous
                .map_or(self.subject.body, |previous| previous.object);
            self.write(from, self.method(OnConflict::Fail), self.live)
        })
    }

    const fn method(&self, on_conflict: OnConflict) -> Method {
        match self.subject.method {
            ApplyMethod::Csa => Method::ClientSide,
            ApplyMethod::Ssa => Method::ServerSide(on_conflict),
        }
    }

    /// What Helm's write of the baseline makes of a live object, from this body.
    fn write(&self, from: &str, method: Method, live: Option<&Live<'_>>) -> Outcome {
        self.with_write(from, method, live, simulate)
            .unwrap_or_else(|reason| Outcome::Unknown(reason.into()))
    }

    /// The answer to a question about Helm's write of the baseline over a live object, from this body; or why there is none.
    fn with_write<T>(
        &self,
        from: &str,
        method: Method,
        live: Option<&Live<'_>>,
        question: impl Fn(&Write<'_>) -> T,
    ) -> Result<T, &'static str> {
        let subject = &self.subject;
        if !subject.duplicate_documents.is_empty() {
            return Err(SEVERAL_DOCUMENTS);
        }
        let has_unread_fields = live.is_some_and(|live| live.has_unread_fields);
        if has_unread_fields && subject.method == ApplyMethod::Ssa {
            return Err(UNREAD_FIELDS);
        }
        if is_too_large([from, subject.body], live) {
            return Err(TOO_LARGE);
        }
        let (Some(old), Some(new)) = (
            sent::read(from, subject.key),
            sent::read(subject.body, subject.key),
        ) else {
            return Err(NO_OBJECT);
        };
        let new = sent::stamped(new, subject.owner);
        let answer = question(&Write {
            method,
            gvk: &subject.key.gvk,
            shape: subject.shape,
            old: Some(&old),
            new: Some(&new),
            live,
            manager: self.manager,
            work: &self.work,
        });
        if self.work.is_spent() {
            return Err(TOO_COSTLY);
        }
        Ok(answer)
    }

    /// The prediction for each difference of the object; `desired` is the manifest's object made comparable.
    pub(super) fn predict(&self, desired: &Value, attributed: &[Attributed]) -> Vec<Prediction> {
        let changes = attributed.iter().map(|found| &found.change);
        match self.next() {
            Outcome::Untouched => changes.map(|_| Prediction::Keep).collect(),
            Outcome::Written(written) => self.written(desired, written, changes).collect(),
            Outcome::Conflict(conflicts) => {
                // Even a value that the API server would keep is refused where somebody else owns it.
                let is_named = |change: &Change| {
                    let is_write = !matches!(change.code, FindingCode::Pruned | FindingCode::AlsoWritten);
                    let mut conflicts = conflicts.iter();
                    is_write
                        && conflicts
                            .any(|conflict| self.work.affords(1) && conflict.path.overlaps(&change.path))
                };
                self.failing(desired, self.forced(), changes, is_named, |change| {
                    let steps = conflicts.len() * (1 + change.path.segments().len() / 8);
                    if self.work.affords(steps) {
                        Prediction::Conflict(owners(conflicts, &change.path))
                    } else {
                        Prediction::Unknown(TOO_COSTLY.into())
                    }
                })
            }
            Outcome::Refused(refusal) => {
                let unknown = Outcome::Unknown(NO_WRITE.into());
                self.failing(
                    desired,
                    &unknown,
                    changes,
                    |_| false,
                    |_| Prediction::Refused(refusal.sentence()),
                )
            }
            Outcome::Unknown(reason) => changes
                .map(|change| match change.code {
                    FindingCode::Pruned | FindingCode::AlsoWritten => Prediction::Keep,
                    _ => Prediction::Unknown(reason.clone()),
                })
                .collect(),
            Outcome::Created(_) | Outcome::Deleted => {
                changes.map(|_| Prediction::Unknown(NO_WRITE.into())).collect()
            }
        }
    }

    /// The predictions where the upgrade fails at the object: what it would have written is not written, and the rest stays
    /// as well, but for what the failure is about.
    fn failing<'c>(
        &self,
        desired: &Value,
        written_otherwise: &Outcome,
        changes: impl Iterator<Item = &'c Change>,
        is_named: impl Fn(&Change) -> bool,
        failure: impl Fn(&Change) -> Prediction,
    ) -> Vec<Prediction> {
        let changes: Vec<&Change> = changes.collect();
        let otherwise: Vec<Prediction> = match written_otherwise {
            Outcome::Written(written) => self.written(desired, written, changes.iter().copied()).collect(),
            Outcome::Untouched
            | Outcome::Conflict(_)
            | Outcome::Refused(_)
            | Outcome::Unknown(_)
            | Outcome::Created(_)
            | Outcome::Deleted => changes
                .iter()
                .map(|change| match (&change.desired, change.code) {
                    (None, _) | (Some(_), FindingCode::Pruned) => Prediction::Keep,
                    (Some(_), _) => Prediction::Revert,
                })
                .collect(),
        };
        let pairs = changes.into_iter().zip(otherwise);
        pairs
            .map(|(change, otherwise)| match otherwise {
                Prediction::Keep if !is_named(change) => Prediction::Keep,
                _ => failure(change),
            })
            .collect()
    }

    /// The predictions where the object is written.
    fn written<'c>(
        &self,
        desired: &Value,
        written: &Written,
        changes: impl Iterator<Item = &'c Change>,
    ) -> impl Iterator<Item = Prediction> {
        let lists = ListIndexes::new(&self.work);
        let predictions: Vec<Prediction> = changes
            .map(|change| {
                let fate = self.fate(desired, written, change, &lists);
                if self.work.is_spent() {
                    Prediction::Unknown(TOO_COSTLY.into())
                } else {
                    fate
                }
            })
            .collect();
        predictions.into_iter()
    }

    fn fate<'v>(
        &'v self,
        desired: &'v Value,
        written: &'v Written,
        change: &Change,
        lists: &ListIndexes<'v>,
    ) -> Prediction {
        // The API server drops the field at every write, and where values are the same there is nothing to write.
        if matches!(change.code, FindingCode::Pruned | FindingCode::AlsoWritten) {
            return Prediction::Keep;
        }
        let doubts = written.doubts.iter();
        let mut doubts = doubts.filter(|doubt| self.work.affords(1) && doubt.path.overlaps(&change.path));
        if let Some(doubt) = doubts.next() {
            return Prediction::Unknown(doubt.reason.clone());
        }
        let Some(live) = self.live else {
            return Prediction::Unknown(NO_WRITE.into());
        };
        let fates = Fates {
            desired,
            live: &live.object,
            after: &written.object,
            shape: self.subject.shape,
            lists,
        };
        match (fates.of(change), &written.may_be_refused) {
            (Fate::AsLive, _) => Prediction::Keep,
            (_, Some(reason)) => Prediction::Unknown(reason.clone()),
            _ if change.code == FindingCode::MutatedAtAdmission => Prediction::Unknown(ADMISSION.into()),
            (Fate::AsDesired, None) => Prediction::Revert,
            (Fate::Other(value), None) => Prediction::Becomes(value.cloned()),
            (Fate::Unclear, None) => Prediction::Unknown(OTHER_LIST.into()),
        }
    }

    /// Whether Helm's own merge fails to bring a value of the manifest about, whoever changes what: it takes several
    /// elements of a list for one.
    ///
    /// Only a merge with the live object shows that. The patch of a kind that Helm does not know has nothing of a value that
    /// the manifests agree on.
    pub(super) fn loses(&self, desired: &Value, change: &Change) -> bool {
        if self.subject.method == ApplyMethod::Ssa || !is_merged_three_ways(&self.subject.key.gvk) {
            return false;
        }
        self.is_lost(self.next(), desired, change) || self.is_lost(self.baseline(), desired, change)
    }

    fn is_lost(&self, outcome: &Outcome, desired: &Value, change: &Change) -> bool {
        match outcome {
            Outcome::Untouched => true,
            Outcome::Written(written) => {
                let lists = ListIndexes::new(&self.work);
                match self.fate(desired, written, &as_changed(change), &lists) {
                    Prediction::Keep | Prediction::Becomes(_) => !self.work.is_spent(),
                    Prediction::Revert
                    | Prediction::Conflict(_)
                    | Prediction::Refused(_)
                    | Prediction::Unknown(_) => false,
                }
            }
            Outcome::Created(_)
            | Outcome::Deleted
            | Outcome::Conflict(_)
            | Outcome::Refused(_)
            | Outcome::Unknown(_) => false,
        }
    }

    /// Whether the request by which Helm wrote the baseline set the value of a field that has another one now.
    ///
    /// The object that Helm met then is not known: it was like the previous manifest, or like the live object, and the patch
    /// of either sets the value.
    pub(super) fn was_in_patch(&self, desired: &Value, change: &Change) -> bool {
        let Some(previous) = self.subject.previous else {
            return false;
        };
        let Ok(deployed) = Live::parse(previous.object) else {
            return false;
        };
        let Outcome::Written(written) = self.baseline() else {
            return false;
        };
        // The previous manifest is no object that the API server would return, so only the patch of it counts.
        let method = self.method(OnConflict::Fail);
        let patched = self.with_write(previous.object, method, Some(&deployed), |write| {
            write.new.map(|new| merge(write, new, &deployed))
        });
        let Ok(Some(Merged::Object(patched))) = patched else {
            return false;
        };
        let sets = |live: &Value, after: &Value| {
            let lists = ListIndexes::new(&self.work);
            let fates = Fates {
                desired,
                live,
                after,
                shape: self.subject.shape,
                lists: &lists,
            };
            fates.of(change) == Fate::AsDesired
        };
        self.live.is_some_and(|live| sets(&live.object, &written.object)) && sets(&deployed.object, &patched)
    }

    /// Whether Helm's server-side apply may fail although nothing differs: others may own fields that it names, or it would
    /// add an element to a list.
    pub(super) fn may_fail(&self, desired: &Value) -> bool {
        let Some(live) = self.live.filter(|_| self.subject.method == ApplyMethod::Ssa) else {
            return false;
        };
        let is_ours = |entry: &Entry<'_>| {
            entry.operation == Operation::Apply
                && entry.manager == self.manager
                && entry.subresource.is_empty()
        };
        // Of an object without managed fields the API server makes up an owner of every field.
        if live.managed.is_empty() {
            return true;
        }
        let mut others = live
            .managed
            .iter()
            .filter(|entry| !is_ours(entry) && entry.subresource != "status");
        let (gvk, shape) = (&self.subject.key.gvk, self.subject.shape);
        others.any(|entry| self.names_owned(entry, desired, &FieldPath::root()))
            || adds_element(gvk, shape, desired, &live.object, &self.work)
    }

    /// Whether an object of the manifest names something that the entry owns.
    fn names_owned(&self, entry: &Entry<'_>, desired: &Value, path: &FieldPath) -> bool {
        if !self.work.affords(1) || !entry.owns(path, self.subject.shape, &self.work) {
            return false;
        }
        match desired {
            Value::Object(fields) => fields
                .iter()
                .any(|(key, value)| self.names_owned(entry, value, &path.key(key))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                !path.segments().is_empty()
            }
        }
    }

    /// Why the next upgrade fails at the object, if it does.
    pub(super) fn block(&self) -> Option<Block<FieldPath>> {
        // Where the API server would refuse the write in any case, no way around the conflict leads anywhere.
        let outcome = match (self.next(), self.subject.method) {
            (Outcome::Conflict(_), ApplyMethod::Ssa) if matches!(self.forced(), Outcome::Refused(_)) => {
                self.forced()
            }
            (next, _) => next,
        };
        match outcome {
            Outcome::Conflict(conflicts) => {
                let fields = conflicts.iter().map(|conflict| ContestedField {
                    path: conflict.path.clone(),
                    owner: owner(conflict),
                });
                Some(Block::Conflict(fields.collect()))
            }
            Outcome::Refused(refusal) => Some(Block::Refused {
                path: refusal.path.clone(),
                rule: refusal.sentence(),
            }),
            Outcome::Created(_)
            | Outcome::Deleted
            | Outcome::Untouched
            | Outcome::Written(_)
            | Outcome::Unknown(_) => None,
        }
    }

    /// The prediction for an object as a whole that is not this release's, or does not exist: Helm creates it or takes it
    /// over.
    pub(super) fn predict_object(&self) -> Prediction {
        match self.next() {
            Outcome::Unknown(reason)
            | Outcome::Written(Written {
                may_be_refused: Some(reason),
                ..
            }) => Prediction::Unknown(reason.clone()),
            Outcome::Created(_) | Outcome::Written(_) => Prediction::Revert,
            Outcome::Untouched => Prediction::Keep,
            Outcome::Deleted => Prediction::Unknown(NO_WRITE.into()),
            Outcome::Conflict(conflicts) => Prediction::Conflict(owners(conflicts, &FieldPath::root())),
            Outcome::Refused(refusal) => Prediction::Refused(refusal.sentence()),
        }
    }
}

/// The most that the live object and the bodies may weigh together: a simulation has several copies of each at a time.
const MAX_SIMULATED: usize = 16 << 20;

/// What is this short weighs less than that, whatever it is.
const SHORT: usize = 64 << 10;

fn is_too_large(bodies: [&str; 2], live: Option<&Live<'_>>) -> bool {
    let bytes = bodies.iter().map(|body| body.len()).sum::<usize>() + live.map_or(0, |live| live.bytes);
    if bytes <= SHORT {
        return false;
    }
    let bodies: usize = bodies.iter().map(|body| weight::json::weigh(body)).sum();
    bodies + live.map_or(0, |live| weight::of_value(&live.object)) > MAX_SIMULATED
}

/// The same difference as one that nothing but its values decides.
fn as_changed(change: &Change) -> Change {
    Change {
        code: FindingCode::Changed,
        ..change.clone()
    }
}

/// The name under which this release's Helm writes the object, by the managed fields: of programs that embed Helm each has
/// its own.
fn manager<'l>(live: &'l Live<'_>, subject: &Subject<'_>, managers: &Managers, work: &Work) -> &'l str {
    // Its set is as large as the object, and there is no need to read it where nobody else applies.
    let mut appliers = live
        .managed
        .iter()
        .filter(|entry| entry.operation == Operation::Apply && entry.subresource.is_empty());
    if let (Some(only), None) = (appliers.next(), appliers.next())
        && managers.kind_of(&only.manager) == ManagerKind::Helm
    {
        return &only.manager;
    }
    let stamp = FieldPath::root()
        .key("metadata")
        .key("annotations")
        .key(RELEASE_NAME);
    let rank = |entry: &&Entry<'_>| {
        let is_helm = managers.kind_of(&entry.manager) == ManagerKind::Helm;
        let is_applier = entry.operation == Operation::Apply;
        let is_creator = entry.owns(&stamp, subject.shape, work);
        (is_applier, is_creator, is_helm, entry.time)
    };
    let entries = live.managed.iter().filter(|entry| {
        entry.subresource.is_empty()
            && (managers.kind_of(&entry.manager) == ManagerKind::Helm
                || entry.owns(&stamp, subject.shape, work))
    });
    entries.max_by_key(rank).map_or(HELM, |entry| &entry.manager)
}

/// A manager in words.
fn owner(conflict: &Conflict) -> String {
    let manager = manager_name(&conflict.manager);
    match conflict.subresource.as_str() {
        "" => manager,
        subresource => format!("{manager} via {}", manager_name(subresource)),
    }
}

/// How many managers a sentence names.
const NAMED: usize = 3;

/// Whose a field is that the upgrade fails at, or whose other fields of the object are.
fn owners(conflicts: &[Conflict], path: &FieldPath) -> String {
    let named = |conflicts: &mut dyn Iterator<Item = &Conflict>| {
        let mut names: Vec<String> = Vec::new();
        for conflict in conflicts {
            let name = owner(conflict);
            if names.len() <= NAMED && !names.contains(&name) {
                names.push(name);
            }
        }
        if names.len() > NAMED {
            names.truncate(NAMED);
            names.push("others".to_owned());
        }
        names.join(", ")
    };
    let own = named(&mut conflicts.iter().filter(|conflict| conflict.path.overlaps(path)));
    if own.is_empty() {
        format!(
            "other fields of the object are owned by {}",
            named(&mut conflicts.iter())
        )
    } else {
        format!("owned by {own}")
    }
}
