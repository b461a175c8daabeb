//! One object of a release, from the plan to its inspection.

use std::sync::Arc;

use serde_json::Value;

use super::definitions::AppliedDefinition;
use super::running::InRunningRevision;
use crate::classify::blocked::Block;
use crate::classify::dry_run::DryRunCheck;
use crate::classify::question::Question;
use crate::classify::rendering::Rendering;
use crate::classify::state::empty_report;
use crate::classify::subject::Role;
use crate::classify::transition::{InManifests, ObjectPreview};
use crate::compare::three_way::OfRevision;
use crate::health::observe::{Observation, RevisionBodies};
use crate::health::{ObjectMarks, ObservedObject};
use crate::model::ObjectReport;
use crate::object::ObjectKey;
use crate::source::ReadError;
use crate::source::surroundings::SentVerb;
use crate::vocabulary::{NextUpgrade, ObjectState};

/// One object that a scan looks at for a release.
pub(super) struct PlannedObject {
    pub(super) key: ObjectKey,
    pub(super) purpose: Purpose,
    pub(super) template: Option<String>,
    /// What the next upgrade renders for it.
    pub(super) rendering: Rendering,
    /// Whether the health of the release depends on it, however far the scan gets.
    pub(super) is_observed: bool,
    /// Whether the newest revision has it, where its operation did not complete.
    pub(super) in_newest: InRunningRevision,
    /// Whether the revision has it that a rollback returns to.
    pub(super) is_in_good: bool,
    /// Whether the newest revision's manifest keeps it when the release is uninstalled.
    pub(super) is_kept_by_manifest: bool,
    pub(super) progress: ObjectProgress,
    /// Its place among the objects of a previewed operation.
    pub(super) turn: Option<Turn>,
    /// The definition of its kind, where a previewed operation applies that before it.
    pub(super) definition: Option<Arc<AppliedDefinition>>,
    /// Why nothing is known of it, until it was inspected.
    unread: Option<ReadError>,
    /// The result of an earlier inspection, which counts until there is a later one.
    earlier: Option<Box<Inspected>>,
}

/// Why the next upgrade fails at an object of a kind that is not served (Helm: `pkg/kube/client.go`, `Build`).
const NOT_SERVED: &str = "Helm cannot read a manifest with a kind that the API server does not serve";

/// Why a scan looks at an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The baseline has it.
    Baseline,
    /// Only a previous, failed or pending revision has it.
    Leftover,
    /// A revision that failed or is pending has it, and nothing is deployed or the operation may still be running.
    Attempted,
    /// A hook creates it.
    Hook,
    /// Only the manifest has it to which a previewed operation goes.
    Target,
}

/// How far a scan has got with one object.
pub(super) enum ObjectProgress {
    /// It waits to be read.
    Waiting(Box<ToInspect>),
    /// It is being inspected, outside of the lock.
    InFlight,
    /// It was inspected, or cannot be.
    Done(Box<Inspected>),
}

/// The work on an object once it is read. It is dropped after that, because it is most of the memory of a scan.
#[derive(Default)]
pub(super) struct ToInspect {
    /// The bodies to compare it with.
    pub(super) compare: Option<Expectations>,
    /// The bodies of the two revisions that it may be at, where the health of the release depends on it.
    pub(super) observe: Option<RevisionBodies>,
    /// Whether the revisions before those that a comparison needs are among the bodies.
    pub(super) older: OlderRevisions,
    /// The bodies of the two manifests of a previewed operation.
    pub(super) transition: Option<TransitionBodies>,
}

/// The bodies of an object in the two manifests of a previewed operation, as JSON.
#[derive(Debug, Clone)]
pub(super) struct TransitionBodies {
    /// That of the manifest that Helm starts from.
    pub(super) from: Option<Arc<str>>,
    /// That of the manifest that Helm applies.
    pub(super) to: Option<TargetBody>,
}

/// What Helm sends about an object in a previewed operation.
pub(super) enum SentObject {
    /// An object that may be spoken of.
    Told {
        verb: SentVerb,
        /// What Helm applies.
        object: Option<Value>,
        /// The live object.
        live: Option<Value>,
    },
    /// One that may not: only its namespace is asked about.
    Untold,
}

/// The place of an object in a previewed operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) position: usize,
    pub(super) manifests: InManifests,
}

/// What the manifest that Helm applies says of an object.
#[derive(Debug, Clone)]
pub(super) enum TargetBody {
    /// It has this document.
    Document(Arc<str>),
    /// It has several documents of the object.
    Several,
}

impl TransitionBodies {
    /// The bodies themselves.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &Arc<str>> {
        let to = self.to.iter().filter_map(|to| match to {
            TargetBody::Document(body) => Some(body),
            TargetBody::Several => None,
        });
        self.from.iter().chain(to)
    }
}

/// The revisions before those that every comparison needs, of one object.
#[derive(Default)]
pub(super) enum OlderRevisions {
    /// They were not read: mostly nobody needs them.
    #[default]
    NotRead,
    /// They are among the bodies, but for what this says.
    Read {
        /// What could not be read of them.
        gap: Option<String>,
    },
}

/// The bodies of an object in the revisions, as JSON.
pub(super) struct Expectations {
    pub(super) role: Role,
    pub(super) expires: bool,
    pub(super) body: Arc<str>,
    /// The bodies of earlier documents of the same manifest about the same object, the latest first.
    pub(super) duplicate_documents: Vec<Arc<str>>,
    pub(super) previous: Option<OfRevision<Arc<str>>>,
    /// Those before the previous one, newest first. They are read only for objects that need them.
    pub(super) older: Vec<OfRevision<Arc<str>>>,
    /// Newest first.
    pub(super) attempted: Vec<OfRevision<Arc<str>>>,
}

/// The result of inspecting an object.
#[derive(Default)]
pub(super) struct Inspected {
    /// Its part of the report; `None` where nothing has to be reported.
    pub(super) report: Option<ObjectReport>,
    /// The dry run that could confirm its findings. It is taken when it is made.
    pub(super) check: Option<DryRunCheck>,
    /// Why the next upgrade fails at it, if it does.
    pub(super) block: Option<Block>,
    /// What the object shows of the release's health.
    pub(super) observed: Option<Observation>,
    /// What a previewed operation does to it.
    pub(super) preview: Option<ObjectPreview>,
    /// What Helm sends about it, where the surroundings are asked about it.
    pub(super) sent: Option<SentObject>,
    /// The marks of programs that manage releases, where the object is the release's.
    pub(super) marks: Option<ObjectMarks>,
    /// What is asked about its drift.
    pub(super) questions: Vec<Question>,
    /// The work to do again once older revisions were read, where they may explain what the object holds.
    pub(super) again: Option<ToInspect>,
}

impl PlannedObject {
    /// An object that nothing is done with yet.
    pub(super) fn new(key: ObjectKey, purpose: Purpose, template: Option<String>) -> Self {
        Self {
            key,
            purpose,
            template,
            rendering: Rendering::default(),
            is_observed: false,
            in_newest: InRunningRevision::Unknown,
            is_in_good: purpose == Purpose::Baseline,
            is_kept_by_manifest: false,
            progress: ObjectProgress::Waiting(Box::default()),
            turn: None,
            definition: None,
            unread: Some(ReadError::NotReached),
            earlier: None,
        }
    }

    /// The same object, to be compared with what revisions ask for.
    pub(super) fn comparing(mut self, expectations: Expectations) -> Self {
        if let ObjectProgress::Waiting(todo) = &mut self.progress {
            todo.compare = Some(expectations);
        }
        self
    }

    /// The same object, to be observed for the health of its release.
    pub(super) fn observing(mut self, bodies: RevisionBodies) -> Self {
        if let ObjectProgress::Waiting(todo) = &mut self.progress {
            todo.observe = Some(bodies);
            self.is_observed = true;
        }
        self
    }

    /// Lets a previewed operation pass over the object, in its turn.
    pub(super) fn in_transition(&mut self, position: usize, bodies: TransitionBodies) {
        if let ObjectProgress::Waiting(todo) = &mut self.progress {
            let manifests = match (&bodies.from, &bodies.to) {
                (Some(_), Some(_)) => InManifests::Both,
                (_, None) => InManifests::From,
                (None, Some(_)) => InManifests::To,
            };
            self.turn = Some(Turn { position, manifests });
            todo.transition = Some(bodies);
        }
    }

    /// Takes the object out of a previewed operation.
    pub(super) fn out_of_transition(&mut self) {
        self.turn = None;
        if let ObjectProgress::Waiting(todo) = &mut self.progress {
            todo.transition = None;
        }
    }

    /// The definition of a custom kind that a previewed operation applies, with its place among the objects.
    pub(super) fn applied_definition(&self) -> Option<(usize, &TargetBody)> {
        // Earlier versions have another form, and no API server serves them any more.
        let is_definition = self.key.gvk.is_definition() && self.key.gvk.version() == "v1";
        let turn = self.turn.filter(|_| is_definition)?;
        match &self.progress {
            ObjectProgress::Waiting(todo) => Some((turn.position, todo.transition.as_ref()?.to.as_ref()?)),
            ObjectProgress::InFlight | ObjectProgress::Done(_) => None,
        }
    }

    /// Takes the work on the object; `None` where it was taken before.
    pub(super) fn start(&mut self) -> Option<ToInspect> {
        match std::mem::replace(&mut self.progress, ObjectProgress::InFlight) {
            ObjectProgress::Waiting(todo) => Some(*todo),
            ObjectProgress::InFlight => None,
            ObjectProgress::Done(inspected) => {
                self.progress = ObjectProgress::Done(inspected);
                None
            }
        }
    }

    /// Stores the result of its inspection.
    pub(super) fn finish(&mut self, inspected: Inspected) {
        self.is_observed |= inspected.observed.is_some();
        self.unread = None;
        self.progress = ObjectProgress::Done(Box::new(inspected));
    }

    /// The bodies that it was compared with, if it is to be compared again with those of older revisions.
    pub(super) fn compared_bodies(&self) -> Option<&Expectations> {
        self.inspected()?.again.as_ref()?.compare.as_ref()
    }

    /// Lets the object be inspected once more, with the bodies of older revisions, newest first. Until then the result
    /// that is known counts, with this reason.
    pub(super) fn reopen(
        &mut self,
        bodies: Vec<OfRevision<Arc<str>>>,
        gap: Option<String>,
        unfinished: &str,
    ) {
        let ObjectProgress::Done(inspected) = &mut self.progress else {
            return;
        };
        let Some(mut todo) = inspected.again.take() else {
            return;
        };
        todo.older = OlderRevisions::Read { gap };
        if let Some(expectations) = &mut todo.compare {
            expectations.older = bodies;
        }
        let waiting = ObjectProgress::Waiting(Box::new(todo));
        if let ObjectProgress::Done(mut earlier) = std::mem::replace(&mut self.progress, waiting) {
            if let Some(report) = &mut earlier.report {
                report.add_reason(unfinished);
            }
            earlier.check = None;
            if let Some(preview) = &mut earlier.preview {
                preview.request = None;
            }
            self.earlier = Some(earlier);
        }
    }

    /// Notes that the object cannot be read.
    pub(super) fn fail(&mut self, error: &ReadError) {
        let mut report = self.unknown(error);
        if let (Some(report), ReadError::NotServed { .. }) = (&mut report, error) {
            report.next_upgrade = Some(NextUpgrade::Refused);
            report.next_upgrade_reason = Some(NOT_SERVED.to_owned());
        }
        self.finish(Inspected {
            report,
            ..Inspected::default()
        });
        self.unread = Some(error.clone());
    }

    /// The result of its inspection; `None` until there is one.
    pub(super) fn inspected(&self) -> Option<&Inspected> {
        match &self.progress {
            ObjectProgress::Waiting(_) | ObjectProgress::InFlight => self.earlier.as_deref(),
            ObjectProgress::Done(inspected) => Some(inspected),
        }
    }

    /// What a previewed operation does to it.
    pub(super) fn previewed(&self) -> Option<(usize, ObjectPreview)> {
        let Turn { position, manifests } = self.turn?;
        let inspected = self.inspected();
        let preview = inspected.and_then(|inspected| inspected.preview.clone());
        let preview = preview.or_else(|| {
            let reason = self.unread.as_ref()?;
            Some(ObjectPreview::unread(&self.key, manifests, reason.to_string()))
        });
        Some((position, preview?))
    }

    /// Its kind, where the API server does not serve it, and the manifests of the previewed operation that have it.
    pub(super) fn not_served(&self) -> Option<(String, InManifests)> {
        let Turn { manifests, .. } = self.turn?;
        match self.unread.as_ref()? {
            ReadError::NotServed { api_version, kind } => {
                Some((format!("{kind} of {api_version}"), manifests))
            }
            // Of all others it is not known, or they are served.
            _ => None,
        }
    }

    /// What Helm sends about it in a previewed operation, where that was asked about.
    pub(super) fn sent(&self) -> Option<&SentObject> {
        self.inspected()?.sent.as_ref()
    }

    /// What a previewed operation does to it, to be changed, with its place among the objects.
    pub(super) fn previewed_mut(&mut self) -> Option<(usize, &mut ObjectPreview)> {
        let position = self.turn?.position;
        Some((position, self.inspected_mut()?.preview.as_mut()?))
    }

    /// Its part of the report, once it was inspected.
    pub(super) fn report(&self) -> Option<&ObjectReport> {
        self.inspected()?.report.as_ref()
    }

    /// What it shows of the release's health, once it was inspected.
    pub(super) fn observed(&self) -> Option<&Observation> {
        self.inspected()?.observed.as_ref()
    }

    /// The result of its inspection, to be changed.
    pub(super) fn inspected_mut(&mut self) -> Option<&mut Inspected> {
        match &mut self.progress {
            ObjectProgress::Waiting(_) | ObjectProgress::InFlight => self.earlier.as_deref_mut(),
            ObjectProgress::Done(inspected) => Some(inspected),
        }
    }

    /// Its part of the report if the scan ends now.
    pub(super) fn into_report(mut self) -> Option<ObjectReport> {
        let earlier = self.earlier.take();
        match self.progress {
            ObjectProgress::Waiting(_) | ObjectProgress::InFlight => match earlier {
                Some(earlier) => earlier.report,
                None => self.unknown(&ReadError::NotReached),
            },
            ObjectProgress::Done(inspected) => inspected.report,
        }
    }

    /// What the object shows of the release's health if the scan ends now.
    pub(super) fn observed_object(&self) -> ObservedObject {
        ObservedObject {
            key: self.key.clone(),
            is_deployed: self.purpose == Purpose::Baseline,
            is_in_good: self.is_in_good,
            is_kept_by_manifest: self.is_kept_by_manifest,
            is_in_newest: self.in_newest == InRunningRevision::Kept,
            observed: self.observed().cloned(),
        }
    }

    /// Whether it is of another revision than the baseline and was not read: no report has it then.
    pub(super) fn is_unread_leftover(&self) -> bool {
        let is_read = self.unread.is_none() && self.inspected().is_some();
        match self.purpose {
            Purpose::Leftover | Purpose::Attempted => !is_read,
            Purpose::Baseline | Purpose::Hook | Purpose::Target => false,
        }
    }

    /// The report of an object that could not be read; `None` unless the baseline has it, because nobody expects the
    /// others.
    fn unknown(&self, error: &ReadError) -> Option<ObjectReport> {
        match self.purpose {
            Purpose::Baseline => Some(empty_report(
                &self.key,
                self.template.as_deref(),
                ObjectState::Unknown,
                Some(error.to_string()),
            )),
            Purpose::Leftover | Purpose::Attempted | Purpose::Hook | Purpose::Target => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Gvk;

    fn planned(purpose: Purpose) -> PlannedObject {
        let key = ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: Some("shop".into()),
            name: "web".into(),
        };
        PlannedObject::new(key, purpose, None).observing(RevisionBodies::default())
    }

    /// A scan can be stopped at any moment, also while an object is being inspected.
    #[test]
    fn an_object_of_the_baseline_is_unknown_until_it_was_inspected() {
        let mut object = planned(Purpose::Baseline);
        let state = |object: &PlannedObject| match &object.progress {
            ObjectProgress::Waiting(_) | ObjectProgress::InFlight => {
                object.unknown(&ReadError::NotReached).map(|report| report.state)
            }
            ObjectProgress::Done(inspected) => inspected.report.as_ref().map(|report| report.state),
        };
        assert_eq!(state(&object), Some(ObjectState::Unknown));
        assert!(object.start().is_some());
        assert_eq!(state(&object), Some(ObjectState::Unknown));
        assert!(object.is_observed && object.observed_object().observed.is_none());
        assert!(object.start().is_none(), "nobody else inspects it");
        object.finish(Inspected::default());
        assert_eq!(state(&object), None);
        assert!(object.start().is_none(), "it is inspected once");
    }

    #[test]
    fn objects_that_nobody_expects_are_not_reported_as_unread() {
        for purpose in [
            Purpose::Leftover,
            Purpose::Attempted,
            Purpose::Hook,
            Purpose::Target,
        ] {
            assert_eq!(planned(purpose).into_report(), None, "{purpose:?}");
        }
    }
}
