//! The prediction of what the next `helm upgrade` with the same chart and values does to an object.
//!
//! Helm's write is simulated once for an object that differs, or of which others own fields that Helm's apply names
//! ([`crate::apply`]), and every difference is looked up in the result. What the simulation does not know is no prediction,
//! with the reason.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;

use super::attributed::Attributed;
use super::blocked::{Block, owner};
use super::helm_write::{Documents, HELM, SEVERAL_DOCUMENTS, Start, TOO_COSTLY, manager};
use super::subject::Subject;
use crate::apply::{
    Conflict, Merged, Method, OnConflict, Outcome, Write, Written, adds_element, has_merged_elements,
    is_merged_three_ways, merge, simulate,
};
use crate::compare::fate::{Fate, Fates};
use crate::compare::list_index::ListIndexes;
use crate::compare::managed_fields::{Entry, Live, Operation};
use crate::compare::path::FieldPath;
use crate::compare::three_way::Change;
use crate::compare::work::Work;
use crate::model::Finding;
use crate::policy::managers::Managers;
use crate::vocabulary::{ApplyMethod, FindingCode};

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
                (Some(live), ApplyMethod::Ssa) => manager(live, subject.shape, managers, work),
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
        let documents = Documents {
            key: subject.key,
            owner: subject.owner,
            shape: subject.shape,
            manager: self.manager,
            from: Start::Document(from),
            to: subject.body,
        };
        documents.ask(method, live, &self.work, question)
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

    /// Whether Helm's write may fail although nothing differs. Of a server-side apply others may own fields, or it would add
    /// an element to a list; a client-side one may mix up elements that have the same merge key.
    pub(super) fn may_fail(&self, desired: &Value) -> bool {
        let Some(live) = self.live else {
            return false;
        };
        match self.subject.method {
            ApplyMethod::Csa => return has_merged_elements(&self.subject.key.gvk, desired, &self.work),
            ApplyMethod::Ssa => {}
        }
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
        Block::of(outcome)
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

/// The same difference as one that nothing but its values decides.
fn as_changed(change: &Change) -> Change {
    Change {
        code: FindingCode::Changed,
        ..change.clone()
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
        format!("{} {}", Finding::OWNED_BESIDE, named(&mut conflicts.iter()))
    } else {
        format!("owned by {own}")
    }
}
