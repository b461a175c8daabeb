//! The inspection of one object for one release: the object is compared, observed, or both.

use std::collections::HashSet;
use std::sync::Arc;

use super::cluster_facts::ClusterFacts;
use super::planned::{Expectations, Inspected, ToInspect};
use crate::classify::live::LiveObject;
use crate::classify::object::{Judgement, judge};
use crate::classify::subject::{Role, Subject, Visibility};
use crate::health::observe::{Observation, Probe, RevisionBodies, observe};
use crate::manifest::desired::Owner;
use crate::object::ObjectKey;
use crate::release::operations::Operations;
use crate::vocabulary::ApplyMethod;
use crate::weight;

/// The facts of a release that all of its objects share.
#[derive(Clone)]
pub(super) struct ReleaseContext {
    pub(super) name: String,
    /// The namespace that the release installs into, as its record says.
    pub(super) namespace: String,
    /// The namespace that holds its records.
    pub(super) record_namespace: String,
    pub(super) method: ApplyMethod,
    pub(super) operations: Operations,
}

/// One object that is to be inspected.
pub(super) struct Inspection {
    pub(super) release: Arc<ReleaseContext>,
    pub(super) key: ObjectKey,
    pub(super) template: Option<String>,
    pub(super) todo: ToInspect,
}

impl ReleaseContext {
    fn owner(&self) -> Owner<'_> {
        Owner {
            name: &self.name,
            namespace: &self.namespace,
        }
    }

    /// Whether the values of an object may be shown: everybody who may write records in one namespace can name a release
    /// of another namespace in them.
    fn values_of(&self, key: &ObjectKey) -> Visibility {
        match &key.namespace {
            Some(namespace)
                if *namespace != self.record_namespace && self.namespace != self.record_namespace =>
            {
                Visibility::Hidden
            }
            Some(_) | None => Visibility::Shown,
        }
    }
}

impl Inspection {
    /// The weight of the bodies that the inspection makes values of. Bodies that revisions share count once.
    pub(super) fn weight(&self) -> usize {
        let compared = self.todo.compare.iter().flat_map(|expectations| {
            let previous = expectations.previous.iter().map(|previous| &previous.object);
            let attempted = expectations.attempted.iter().map(|attempted| &attempted.object);
            let duplicates = &expectations.duplicate_documents;
            [&expectations.body]
                .into_iter()
                .chain(previous)
                .chain(attempted)
                .chain(duplicates)
        });
        let observed = self.todo.observe.iter();
        let observed = observed.flat_map(|bodies| bodies.deployed.iter().chain(&bodies.newest));
        compared
            .chain(observed)
            .map(|body| weight::json::weigh(body))
            .sum()
    }

    /// Inspects the object.
    pub(super) fn run(&self, live: &LiveObject<'_>, facts: &ClusterFacts) -> Inspected {
        let expectations = self.todo.compare.as_ref();
        let judged = expectations.and_then(|expectations| self.compare(expectations, live, facts));
        let (report, check) = judged.map_or((None, None), |judged| (Some(judged.report), judged.check));
        Inspected {
            report,
            check,
            observed: self.observe(live, facts),
        }
    }

    fn compare(
        &self,
        expectations: &Expectations,
        live: &LiveObject<'_>,
        facts: &ClusterFacts,
    ) -> Option<Judgement> {
        let previous = expectations.previous.as_ref();
        let subject = Subject {
            key: &self.key,
            template: self.template.as_deref(),
            owner: self.release.owner(),
            role: expectations.role,
            expires: expectations.expires,
            body: &expectations.body,
            duplicate_documents: &expectations.duplicate_documents,
            previous: previous.map(|previous| previous.with(&*previous.object)),
            attempted: &expectations.attempted,
            method: self.release.method,
            shape: facts.shape(&self.key.gvk),
            operations: &self.release.operations,
            autoscaler: facts.autoscaler(&self.key),
            values: self.release.values_of(&self.key),
        };
        judge(&subject, live, &facts.policy)
    }

    fn observe(&self, live: &LiveObject<'_>, facts: &ClusterFacts) -> Option<Observation> {
        let is_expected = |expectations: &Expectations| expectations.role == Role::Expected;
        let bodies = match &self.todo.observe {
            Some(bodies) => bodies,
            // An object that cannot be deleted blocks any release.
            None if self.todo.compare.as_ref().is_some_and(is_expected) && live.is_being_deleted() => {
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
            values: self.release.values_of(&self.key),
        };
        Some(observe(&probe, live))
    }
}
