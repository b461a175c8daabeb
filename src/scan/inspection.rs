//! The inspection of one object for one release: the object is compared, observed, or both.

use std::collections::HashSet;
use std::sync::Arc;

use super::authority::Authority;
use super::cluster_facts::ClusterFacts;
use super::definitions::AppliedDefinition;
use super::planned::{
    Expectations, Inspected, OlderRevisions, SentObject, TargetBody, ToInspect, TransitionBodies,
};
use crate::classify::blocked::Block;
use crate::classify::live::LiveObject;
use crate::classify::object::{Judgement, MAX_DOCUMENTS, findings_beside, judge};
use crate::classify::rendering::Rendering;
use crate::classify::subject::{Role, Subject, Visibility};
use crate::classify::transition::{self, Detail, ObjectPreview, To, Transition};
use crate::compare::work::{ReleaseWork, Work};
use crate::health::ObjectMarks;
use crate::health::observe::{Observation, Probe, RevisionBodies, observe};
use crate::manifest::desired::Owner;
use crate::manifest::standing::{Place, Standing};
use crate::model::{ObjectReport, Storage};
use crate::object::ObjectKey;
use crate::preview::Operation;
use crate::preview::surroundings::verb_sent;
use crate::release::operations::Operations;
use crate::vocabulary::{ApplyMethod, ObjectState, PreviewAction};
use crate::weight;

/// The facts of a release that all of its objects share.
#[derive(Clone)]
pub(super) struct ReleaseContext {
    pub(super) name: String,
    /// Where its records are.
    pub(super) storage: Storage,
    pub(super) authority: Authority,
    pub(super) method: ApplyMethod,
    pub(super) operations: Operations,
    /// Whether revisions are kept that a comparison does not need.
    pub(super) has_older_revisions: bool,
    /// The work that is left for its objects.
    pub(super) work: Arc<ReleaseWork>,
    /// The operation that is previewed, and how much is told of each object.
    pub(super) operation: Option<(Operation, Detail)>,
}

/// One object that is to be inspected.
pub(super) struct Inspection {
    pub(super) release: Arc<ReleaseContext>,
    pub(super) key: ObjectKey,
    pub(super) template: Option<String>,
    pub(super) rendering: Rendering,
    /// The definition of its kind, where the operation that is previewed applies that before the object.
    pub(super) definition: Option<Arc<AppliedDefinition>>,
    pub(super) todo: ToInspect,
}

/// The largest live object that is kept for the question what is around it, as text.
const MAX_KEPT: usize = 64 << 10;

impl ReleaseContext {
    fn owner(&self) -> Owner<'_> {
        Owner {
            name: &self.name,
            namespace: self.authority.namespace(),
        }
    }

    /// Where an object is, seen from the release.
    pub(super) fn place_of(&self, key: &ObjectKey) -> Place {
        Place::of(key, self.owner())
    }

    /// Whether the values of an object may be shown. In another namespace they may be known to fewer people than the release
    /// is, even of an object that is the release's.
    fn values_of(&self, key: &ObjectKey) -> Visibility {
        match self.place_of(key) {
            Place::Own | Place::Cluster => Visibility::Shown,
            Place::Other => Visibility::Hidden,
        }
    }
}

impl Inspection {
    /// The bodies that the inspection makes values of. Revisions share those that are alike.
    fn bodies(&self) -> impl Iterator<Item = &Arc<str>> {
        let compared = self.todo.compare.iter().flat_map(|expectations| {
            let others = expectations.previous.iter().chain(&expectations.older);
            let others = others.chain(&expectations.attempted);
            let duplicates = expectations.duplicate_documents.iter().take(MAX_DOCUMENTS);
            [&expectations.body]
                .into_iter()
                .chain(others.map(|other| &other.object))
                .chain(duplicates)
        });
        let observed = self.todo.observe.iter();
        let observed = observed.flat_map(|bodies| bodies.deployed.iter().chain(&bodies.attempted));
        let transition = self.todo.transition.iter().flat_map(TransitionBodies::bodies);
        compared.chain(observed).chain(transition)
    }

    /// The weight of the bodies that the inspection makes values of. Bodies that revisions share count once.
    pub(super) fn weight(&self) -> usize {
        let mut known = HashSet::new();
        self.bodies()
            .filter(|body| known.insert(Arc::as_ptr(body).addr()))
            .map(|body| weight::json::weigh(body))
            .sum()
    }

    /// Inspects the object.
    pub(super) fn run(self, live: &LiveObject<'_>, facts: &ClusterFacts) -> Inspected {
        let expectations = self.todo.compare.as_ref();
        let work = Work::of_object(self.bytes(live), &self.release.work);
        let judged = expectations.and_then(|expectations| self.compare(expectations, live, facts, &work));
        let is_unexplained = judged.as_ref().is_some_and(|judged| judged.is_unexplained);
        let (mut report, check, block, questions) = match judged {
            Some(judged) => (Some(judged.report), judged.check, judged.block, judged.questions),
            None => (None, None, None, Vec::new()),
        };
        let observed = self.observe(live, facts, &work);
        let previewed = self.preview(live, report.as_ref(), block.as_ref(), facts, &work);
        let (preview, sent) = previewed.unzip();
        let marks = expectations.and_then(|_| self.marks(live, facts, &work));
        drop(work);
        let again = match &self.todo.older {
            OlderRevisions::Read { gap: Some(gap) } if is_unexplained => {
                if let Some(report) = &mut report {
                    report.add_reason(gap);
                }
                None
            }
            OlderRevisions::NotRead if is_unexplained && self.release.has_older_revisions => Some(self.todo),
            OlderRevisions::Read { .. } | OlderRevisions::NotRead => None,
        };
        Inspected {
            report,
            check,
            block,
            observed,
            preview,
            sent: sent.flatten(),
            marks,
            questions,
            again,
        }
    }

    /// What the operation that is previewed does to the object, and what Helm sends about it where that is asked about;
    /// `report` and `block` are those of the next upgrade.
    fn preview(
        &self,
        live: &LiveObject<'_>,
        report: Option<&ObjectReport>,
        block: Option<&Block>,
        facts: &ClusterFacts,
        work: &Work,
    ) -> Option<(ObjectPreview, Option<SentObject>)> {
        let bodies = self.todo.transition.as_ref()?;
        let (operation, detail) = self.release.operation?;
        let is_unchanged = match (&bodies.from, &bodies.to) {
            (Some(from), Some(TargetBody::Document(to))) => from == to,
            (_, _) => false,
        };
        // Of two manifests with the same object the next upgrade tells the same, and that is known; unless it is to be of
        // another kind by then.
        if detail == Detail::Outcome
            && is_unchanged
            && self.definition.is_none()
            && block.is_none()
            && operation.method == self.release.method
        {
            return None;
        }
        let defined = self.definition.as_ref();
        let (definition, shape) = match defined.map(|definition| definition.of_version(&self.key.gvk)) {
            Some((definition, shape)) => (Some(definition), shape),
            None => (None, facts.shape(&self.key.gvk)),
        };
        let transition = Transition {
            operation: operation.kind,
            method: operation.apply(),
            key: &self.key,
            owner: self.release.owner(),
            from: bodies.from.as_deref(),
            to: bodies.to.as_ref().map(|to| match to {
                TargetBody::Document(body) => To::Document(body),
                TargetBody::Several => To::Several,
            }),
            shape,
            definition,
            values: self.release.values_of(&self.key),
            detail,
        };
        if detail == Detail::Outcome
            && block.is_none()
            && !transition::may_fail(&transition, live, &facts.policy.managers)
        {
            return None;
        }
        let mut preview = transition::preview(&transition, live, &facts.policy, work);
        if matches!(detail, Detail::Fields | Detail::Requests) {
            self.add_survivors(&mut preview, &transition, live, report, facts, work);
        }
        let is_told = preview.live.is_some() || preview.action != PreviewAction::Unknown;
        let sent = match detail {
            Detail::Outcome | Detail::TakenBack => None,
            // Of what may not be spoken of only the namespace is asked about.
            Detail::Fields | Detail::Requests if !is_told => transition.to.map(|_| SentObject::Untold),
            Detail::Fields | Detail::Requests => {
                verb_sent(&preview, operation.method).map(|verb| SentObject::Told {
                    verb,
                    object: transition::sent(&transition),
                    // Nothing of an object that is not the release's is handed on.
                    live: match live {
                        LiveObject::Found(live) if preview.live.is_some() && live.bytes <= MAX_KEPT => {
                            Some(live.object.clone())
                        }
                        LiveObject::Found(_) | LiveObject::NotFound | LiveObject::Unreadable(_) => None,
                    },
                })
            }
        };
        Some((preview, sent))
    }

    /// Adds what others put into the object and the operation leaves.
    fn add_survivors(
        &self,
        preview: &mut ObjectPreview,
        transition: &Transition<'_>,
        live: &LiveObject<'_>,
        report: Option<&ObjectReport>,
        facts: &ClusterFacts,
        work: &Work,
    ) {
        let is_compared = match report.map(|report| report.state) {
            Some(ObjectState::InSync | ObjectState::Drifted) => true,
            // Helm writes it as though it were the release's, and the baseline's.
            Some(ObjectState::Foreign | ObjectState::Leftover) | None => false,
            Some(
                ObjectState::Missing | ObjectState::Terminating | ObjectState::Unknown | ObjectState::Ignored,
            ) => return,
        };
        if let Some(report) = report.filter(|_| is_compared) {
            preview.add_survivors(&report.findings);
        }
        let (LiveObject::Found(live), Some(To::Document(body))) = (live, &transition.to) else {
            return;
        };
        // What the baseline asks for and the target does not may be another's as well, and stay.
        let is_told = is_compared && transition.from == Some(*body);
        if preview.live.is_some() && !is_told {
            let subject = self.subject(body, facts);
            preview.add_survivors(&findings_beside(&subject, live, &facts.policy, work));
        }
    }

    /// The size of everything that is compared.
    fn bytes(&self, live: &LiveObject<'_>) -> usize {
        let live = match live {
            LiveObject::Found(live) => live.bytes,
            LiveObject::NotFound | LiveObject::Unreadable(_) => 0,
        };
        live + self.bodies().map(|body| body.len()).sum::<usize>()
    }

    /// The object as one manifest asks for it.
    fn subject<'s>(&'s self, body: &'s str, facts: &'s ClusterFacts) -> Subject<'s> {
        Subject {
            key: &self.key,
            template: self.template.as_deref(),
            owner: self.release.owner(),
            role: Role::Expected,
            expires: false,
            body,
            duplicate_documents: &[],
            previous: None,
            older: &[],
            attempted: &[],
            method: self.release.method,
            shape: facts.shape(&self.key.gvk),
            operations: &self.release.operations,
            autoscaler: facts.autoscaler(&self.key),
            values: self.release.values_of(&self.key),
        }
    }

    fn compare(
        &self,
        expectations: &Expectations,
        live: &LiveObject<'_>,
        facts: &ClusterFacts,
        work: &Work,
    ) -> Option<Judgement> {
        let previous = expectations.previous.as_ref();
        let subject = Subject {
            role: expectations.role,
            expires: expectations.expires,
            duplicate_documents: &expectations.duplicate_documents,
            previous: previous.map(|previous| previous.with(&*previous.object)),
            older: &expectations.older,
            attempted: &expectations.attempted,
            ..self.subject(&expectations.body, facts)
        };
        let mut judged = judge(&subject, live, &facts.policy, work)?;
        self.rendering.temper(&mut judged);
        if let (Some(earlier), LiveObject::Found(live)) = (&facts.earlier, live) {
            let report = &mut judged.report;
            let names = report.names();
            report.seen_again =
                earlier.seen_again(&self.release.storage, &self.release.name, names, &live.object);
        }
        Some(judged)
    }

    fn observe(&self, live: &LiveObject<'_>, facts: &ClusterFacts, work: &Work) -> Option<Observation> {
        let is_expected = |expectations: &Expectations| expectations.role == Role::Expected;
        let bodies = match &self.todo.observe {
            Some(bodies) => bodies,
            // An object that cannot be deleted blocks any release.
            None if self.todo.compare.as_ref().is_some_and(is_expected)
                && self.is_ours_being_deleted(live) =>
            {
                &RevisionBodies::default()
            }
            None => return None,
        };
        let probe = Probe {
            key: &self.key,
            owner: self.release.owner(),
            bodies,
            shape: facts.shape(&self.key.gvk),
            managers: &facts.policy.managers,
        };
        Some(observe(&probe, live, work))
    }

    /// The marks of programs that manage releases, on an object that is the release's.
    fn marks(&self, live: &LiveObject<'_>, facts: &ClusterFacts, work: &Work) -> Option<ObjectMarks> {
        match live {
            LiveObject::Found(live)
                if Standing::of(&live.object, &self.key, self.release.owner()) == Standing::Ours =>
            {
                Some(ObjectMarks::of(&self.key, live, facts.shape(&self.key.gvk), work))
            }
            LiveObject::Found(_) | LiveObject::NotFound | LiveObject::Unreadable(_) => None,
        }
    }

    /// Whether the object is being deleted, and may be spoken of.
    fn is_ours_being_deleted(&self, live: &LiveObject<'_>) -> bool {
        let owner = self.release.owner();
        live.is_being_deleted()
            && match live {
                LiveObject::Found(live) => match self.release.place_of(&self.key) {
                    Place::Own => true,
                    Place::Other | Place::Cluster => {
                        Standing::of(&live.object, &self.key, owner) == Standing::Ours
                    }
                },
                LiveObject::NotFound | LiveObject::Unreadable(_) => false,
            }
    }
}
