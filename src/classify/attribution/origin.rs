//! The origin of a value that differs from the manifest's: rules in the order in which they are tried.
//!
//! Most codes come from the comparison of values and stay. A rule gives another one where the managed fields, the times
//! of Helm's operations or the knowledge of one field say more.

use chrono::{DateTime, Utc};

use super::writers::{AttributedEntry, WriteTime, Writer};
use super::{Attributor, ObjectContext};
use crate::apply::is_merged_three_ways;
use crate::classify::attributed::actor;
use crate::classify::known_fields::{grows_volume_claim, is_placeholder, is_restart};
use crate::classify::subject::Autoscaler;
use crate::compare::asked::{is_silent, still_owns};
use crate::compare::order::is_about_order;
use crate::compare::shapes::shape_at;
use crate::compare::three_way::Change;
use crate::model::Actor;
use crate::policy::managers::ManifestMention;
use crate::release::stored::Status;
use crate::types::is_zero;
use crate::vocabulary::{ApplyMethod, FindingCode};

/// The sentence about a value that Helm's own merge loses.
const LOST_BY_HELM: &str =
    "Helm's patch takes elements of this list for one another and loses what the manifest says";

/// The code of a difference, and its writer as the managed fields name it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) code: FindingCode,
    pub(super) actor: Option<Actor>,
    /// What the manager is known to do there, where it is expected.
    pub(super) about: Option<String>,
    /// A sentence that says more than that of the code.
    pub(super) note: Option<&'static str>,
}

/// One difference, and the entries of the managed fields that own its place.
pub(super) struct Evidence<'e, 'a> {
    attributor: &'e Attributor<'a>,
    change: &'e Change,
    /// The entry of this release's Helm.
    ours: Option<&'e AttributedEntry<'a>>,
    /// The latest of the other entries.
    other: Option<&'e AttributedEntry<'a>>,
}

impl<'e, 'a> Evidence<'e, 'a> {
    /// The rules. The first that has a verdict decides, so that their order is part of what they say: a field or a
    /// write that has a code of its own comes before what the writer tells, and that before what only a time tells.
    const RULES: [fn(&Self) -> Option<Verdict>; 11] = [
        Self::reordered,
        Self::lost_by_helm,
        Self::dropped_by_server,
        Self::restarted,
        Self::autoscaled,
        Self::resized,
        Self::expected_controller,
        Self::other_helm,
        Self::ambiguous_second,
        Self::undone,
        Self::changed_at_admission,
    ];

    pub(super) fn of(
        attributor: &'e Attributor<'a>,
        change: &'e Change,
        owners: &[&'e AttributedEntry<'a>],
    ) -> Self {
        let (mut ours, mut other): (Option<&AttributedEntry<'_>>, Option<&AttributedEntry<'_>>) =
            (None, None);
        for &owner in owners {
            if owner.writer == Writer::Ours {
                ours = ours.or(Some(owner));
            } else if other.is_none_or(|other| other.entry.time <= owner.entry.time) {
                other = Some(owner);
            }
        }
        Self {
            attributor,
            change,
            ours,
            other,
        }
    }

    /// The verdict of the rules; `None` if the evidence shows that nothing differs.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        if self.is_dropped_by_server() && self.change.desired.as_ref().is_some_and(is_zero) {
            return None;
        }
        if self.is_filled_in() {
            return None;
        }
        let verdict = Self::RULES.iter().find_map(|rule| rule(self));
        Some(verdict.unwrap_or_else(|| self.called(self.change.code)))
    }

    /// A verdict with the writer that the managed fields name.
    ///
    /// A removed field has no owner left. Where it was a part of a value that is owned as a whole, the owner of the
    /// whole removed it; this release's Helm is named for no removal.
    fn called(&self, code: FindingCode) -> Verdict {
        let owner = match &self.change.live {
            Some(_) => self.other.or(self.ours),
            None => self.other,
        };
        Verdict {
            code,
            actor: owner.map(|owner| actor(owner.entry)),
            about: None,
            note: None,
        }
    }

    /// Whether the live object holds a value that a write could have brought, instead of the manifest's.
    fn is_rewritten(&self) -> bool {
        self.change.live.is_some()
            && matches!(self.change.code, FindingCode::Changed | FindingCode::NotApplied)
    }

    /// Whether a field of Helm's write is not there although Helm still owns it.
    fn is_dropped_by_server(&self) -> bool {
        self.change.code == FindingCode::Removed && self.change.live.is_none() && self.is_still_ours()
    }

    /// Whether Helm still owns the value, or what the manifest asks for where there is none: a removal takes the
    /// ownership with it.
    fn is_still_ours(&self) -> bool {
        let Some(ours) = self.ours else { return false };
        let ObjectContext { shape, work, .. } = self.attributor.context;
        match (&self.change.live, &self.change.desired) {
            (None, Some(desired)) => still_owns(ours.entry, &self.change.path, desired, shape, work),
            (Some(_), _) | (None, None) => true,
        }
    }

    /// Whether a webhook filled in what the manifest leaves open: its zero asks for nothing, and nobody owns the value
    /// although Helm's own entry is there, so that no write after Helm's brought it.
    fn is_filled_in(&self) -> bool {
        let attributor = self.attributor;
        let is_unwritten = self.ours.is_none()
            && self.other.is_none()
            && attributor
                .entries
                .iter()
                .any(|entry| entry.writer == Writer::Ours);
        is_unwritten
            && self.is_rewritten()
            && self.change.desired.as_ref().is_some_and(|desired| {
                is_silent(shape_at(attributor.context.shape, &self.change.path), desired)
            })
    }

    /// Another order, which managed fields do not see: whoever owns the elements need not have turned them. It comes first:
    /// a merge that leaves it as it is lost nothing, and Helm's ownership of the elements tells of no admission.
    fn reordered(&self) -> Option<Verdict> {
        (self.is_rewritten() && is_about_order(&self.change.path, self.attributor.context.shape)).then(|| {
            Verdict {
                actor: None,
                ..self.called(self.change.code)
            }
        })
    }

    /// A value that Helm's own merge loses, so that no webhook has to do with it: of elements that share a merge key the patch
    /// names one (apimachinery: `strategicpatch/patch.go`, `mergeSliceWithSpecialElements`).
    fn lost_by_helm(&self) -> Option<Verdict> {
        let is_admissions = self.is_dropped_by_server() || self.is_changed_at_admission();
        let attributor = self.attributor;
        let is_lost = is_admissions
            && self.change.desired.is_some()
            && self.was_merged()
            && attributor.context.upgrade.loses(attributor.desired, self.change);
        is_lost.then(|| Verdict {
            actor: self.ours.map(|ours| actor(ours.entry)),
            note: Some(LOST_BY_HELM),
            ..self.called(self.change.code)
        })
    }

    /// Whether the baseline's Helm met the object: it writes what it creates as it is, so that nothing gets lost.
    fn was_merged(&self) -> bool {
        let created = self.attributor.live.object["metadata"]["creationTimestamp"].as_str();
        let created: Option<DateTime<Utc>> = created.and_then(|created| created.parse().ok());
        created.is_some_and(|created| !self.attributor.context.operations.covers_creation(created))
    }

    /// A field of Helm's write that the server dropped.
    fn dropped_by_server(&self) -> Option<Verdict> {
        let owner = self.other.or(self.ours);
        self.is_dropped_by_server().then(|| Verdict {
            actor: owner.map(|owner| actor(owner.entry)),
            ..self.called(FindingCode::MutatedAtAdmission)
        })
    }

    /// The mark of a restart, which the chart sets too.
    fn restarted(&self) -> Option<Verdict> {
        (self.is_rewritten() && is_restart(&self.change.path)).then(|| self.called(FindingCode::Restarted))
    }

    /// A replica count that an autoscaler chose: through `scale`, by a manager that does so, where one targets the
    /// object; or a zero, which leaves no trace, where the autoscaler may leave no replica.
    fn autoscaled(&self) -> Option<Verdict> {
        if !self.is_rewritten() || self.change.path != self.attributor.replicas {
            return None;
        }
        let attributor = self.attributor;
        let is_zero = attributor.context.autoscaler == Autoscaler::TargetsToZero
            && attributor.untraced_replicas().is_some_and(|live| *live == 0);
        let is_autoscalers = self
            .other
            .is_some_and(|other| attributor.is_autoscalers(other.entry));
        (is_zero || is_autoscalers).then(|| self.called(FindingCode::Autoscaled))
    }

    /// A volume claim that a program raised.
    fn resized(&self) -> Option<Verdict> {
        let is_program = self.other.is_none_or(|other| other.writer == Writer::Program);
        (self.is_rewritten() && is_program && grows_volume_claim(self.attributor.context.gvk, self.change))
            .then(|| self.called(FindingCode::Resized))
    }

    /// A write that belongs to a healthy cluster. Without any managed fields it may be anybody's.
    fn expected_controller(&self) -> Option<Verdict> {
        if !self.is_rewritten() || self.other.is_none() && !self.attributor.entries.is_empty() {
            return None;
        }
        let path = &self.change.path;
        let manager = self.other.map_or("", |other| other.entry.manager.as_str());
        let is_set = (self.change.desired.as_ref()).is_some_and(|desired| !is_placeholder(path, desired));
        let mention = if is_set {
            ManifestMention::Set
        } else {
            ManifestMention::Unset
        };
        let about = self.attributor.expected(manager, path, mention)?;
        Some(Verdict {
            about: Some(about),
            ..self.called(FindingCode::ControllerOwned)
        })
    }

    /// A writer in Helm's name, when this release's Helm was not at work.
    fn other_helm(&self) -> Option<Verdict> {
        let is_other_helm = self.other.is_some_and(|other| other.writer == Writer::OtherHelm);
        (self.is_rewritten() && is_other_helm).then(|| self.called(FindingCode::Overwritten))
    }

    /// The second in which Helm ended: only the owner of a value can change it and leave no other entry.
    fn ambiguous_second(&self) -> Option<Verdict> {
        let is_ambiguous = self
            .ours
            .is_some_and(|ours| ours.write_time == WriteTime::Ambiguous);
        (self.is_rewritten() && self.other.is_none() && is_ambiguous)
            .then(|| self.called(FindingCode::Overwritten))
    }

    /// The previous revision's value, which somebody put back after Helm had written the baseline's value.
    ///
    /// Ownership shows that the baseline's value had arrived. The writer's time does not: an entry's time is that of
    /// its manager's last write of any field, so that a manager that had owned the field before the upgrade, and wrote
    /// another field after it, would look the same. Two facts together prove it:
    ///
    /// - An entry of Helm's, by the operation by which this release is applied, was last written while the baseline's
    ///   operation ran. Helm writes an object's fields in one request, and that request set this field: a server-side
    ///   apply names every field of the manifest, a three-way merge every field that differs from it, and a two-way
    ///   merge every field that differs between the baseline and the revision that Helm upgraded from
    ///   ([`Evidence::was_in_patch`]). A three-way merge misses a field of list elements that it cannot tell apart.
    /// - Helm does not own the field any more. A write of another value takes the ownership over, and a removal takes
    ///   it away (structured-merge-diff: `merge/update.go`, `Update`), so one of these came after Helm's write.
    ///
    /// The writer must be named, be no other Helm, and have written after the baseline's operation: a value that
    /// somebody put back while Helm was still waiting for Pods may be part of how the release is rolled out. A removal
    /// leaves no name; it counts if the server's types have the field, since the server drops a field that they lack
    /// before any manager owns it.
    ///
    /// A removal leaves no time either, so the end of the operation does not bear on it: the lost ownership proves it,
    /// and it accuses nobody. A later write to the record, such as a label, moves the known end of the operation.
    /// Then a value that a named writer put back is `not-applied`, and a removal in the same object is still `undone`.
    fn undone(&self) -> Option<Verdict> {
        if self.change.code != FindingCode::NotApplied || self.is_still_ours() || !self.was_in_patch() {
            return None;
        }
        let is_undone = match (&self.change.live, self.other) {
            (Some(_), None) => false,
            (None, None) => shape_at(self.attributor.context.shape, &self.change.path).is_some(),
            (Some(_) | None, Some(other)) => {
                let operations = self.attributor.context.operations;
                let is_after = (other.entry.time).is_some_and(|time| operations.is_after_baseline(time));
                match other.writer {
                    Writer::Person | Writer::Program => is_after,
                    Writer::Ours | Writer::OtherHelm => false,
                }
            }
        };
        is_undone.then(|| self.called(FindingCode::Undone))
    }

    /// Whether the baseline's Helm wrote this object, in a request that set this field.
    fn was_in_patch(&self) -> bool {
        let attributor = self.attributor;
        let context = &attributor.context;
        let was_in_patch = || context.upgrade.was_in_patch(attributor.desired, self.change);
        let is_complete = match context.method {
            ApplyMethod::Ssa => true,
            ApplyMethod::Csa if is_merged_three_ways(context.gvk) => was_in_patch(),
            // Helm compares the manifests alone, and the revision that it upgrades from may have failed with the
            // baseline's value already in its manifest.
            ApplyMethod::Csa => context.operations.follows_deployed_revision(),
        };
        attributor.is_written_by_baseline && is_complete
    }

    /// A value that admission made of Helm's own write. The value that a failed operation wrote may simply have stayed.
    fn changed_at_admission(&self) -> Option<Verdict> {
        self.is_changed_at_admission()
            .then(|| self.called(FindingCode::MutatedAtAdmission))
    }

    fn is_changed_at_admission(&self) -> bool {
        let ours = self.ours.filter(|_| self.other.is_none());
        let is_changed = self.is_rewritten() && self.change.code == FindingCode::Changed;
        is_changed && ours.is_some_and(|ours| self.was_completed(ours))
    }

    /// Whether the write belongs to an operation that was completed: then Helm wrote what its manifest says, and
    /// another value is admission's.
    fn was_completed(&self, ours: &AttributedEntry<'_>) -> bool {
        let operations = self.attributor.context.operations;
        let outcome = ours.entry.time.and_then(|time| operations.outcome_at(time));
        match outcome {
            Some(Status::Failed) => false,
            Some(
                Status::Deployed
                | Status::Superseded
                | Status::Unknown
                | Status::Uninstalled
                | Status::Uninstalling
                | Status::PendingInstall
                | Status::PendingUpgrade
                | Status::PendingRollback,
            )
            | None => true,
        }
    }
}
