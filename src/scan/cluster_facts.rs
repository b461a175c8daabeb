//! The facts of the whole cluster that the verdicts on objects rest on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::classify::subject::Autoscaler;
use crate::object::{Gvk, ObjectKey};
use crate::policy::Policy;
use crate::source::ScaleTargets;
use crate::state::Earlier;
use crate::types::{Shape, TypeTable};

/// The type facts of custom resources, by group and version; `None` where the server publishes no schema.
pub(super) type Tables = BTreeMap<String, Option<Arc<TypeTable>>>;

/// The cluster's types and autoscalers, and the operator's policy. What one wave of releases asks is kept for the next.
#[derive(Clone)]
pub(super) struct ClusterFacts {
    pub(super) tables: Tables,
    pub(super) scale_targets: ScaleTargets,
    /// The namespaces whose autoscalers were asked for.
    pub(super) scalable: BTreeSet<String>,
    pub(super) policy: Policy,
    pub(super) earlier: Option<Arc<Earlier>>,
}

/// The meaning of a release that the second listing does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// The release is gone.
    Deleted,
    /// Nothing: not everything could be listed again.
    NotListed,
}

impl ClusterFacts {
    /// Facts of which nothing was read yet.
    pub(super) fn new(policy: Policy, earlier: Option<Arc<Earlier>>) -> Self {
        Self {
            tables: Tables::new(),
            scale_targets: ScaleTargets::default(),
            scalable: BTreeSet::new(),
            policy,
            earlier,
        }
    }

    /// The type facts of a kind.
    pub(super) fn shape(&self, gvk: &Gvk) -> Option<Shape<'_>> {
        let custom = || {
            let table = self.tables.get(&gvk.api_version)?.as_deref()?;
            table.kind(&gvk.api_version, &gvk.kind)
        };
        TypeTable::builtin()
            .kind(&gvk.api_version, &gvk.kind)
            .or_else(custom)
    }

    /// Whether an autoscaler chooses the replica count of an object.
    pub(super) fn autoscaler(&self, key: &ObjectKey) -> Autoscaler {
        match self.scale_targets.targets(key) {
            Some(true) if self.scale_targets.may_empty(key) => Autoscaler::TargetsToZero,
            Some(true) => Autoscaler::Targets,
            Some(false) => Autoscaler::None,
            None => Autoscaler::Unknown,
        }
    }
}
