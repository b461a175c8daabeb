//! Which release a person looks at first: the weight of the worst that a report says of each.
//!
//! A weight is decided by names alone, never by values: by the code of a health entry, by the state and the kind of an
//! object, by the place of a field. [`Weight`] is the order. Between releases of one weight, the one with more trouble
//! comes first, and then the order of the report decides. Where earlier scans are known, what is new or changed comes before
//! all that they knew: a gate that fails on news names the news. Everything here is one pass over the report.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use crate::model::{Finding, Health, ObjectReport, ReleaseReport, Report, Revision, Tracked};
use crate::object::Gvk;
use crate::vocabulary::{ChangeStatus, HealthCode, HealthSeverity, ObjectState, Verdict};

/// How much a trouble of a release matters, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Weight {
    /// The release is in a critical state: an operation is stuck or failed, or the next one fails.
    Critical,
    /// A record of the release cannot be decoded.
    Unreadable,
    /// A workload is missing or being deleted: nothing runs.
    Workload,
    /// A Service, an Ingress, a network policy or an object of RBAC is missing or being deleted: nothing gets through.
    Access,
    /// Another object is missing or being deleted, or belongs to somebody else.
    Object,
    /// Containers, or the image of one, are other ones.
    Image,
    /// A command, its arguments, its environment or a port is another one.
    Process,
    /// A number of replicas, or a limit of an autoscaler, is another one.
    Replicas,
    /// Another field of a specification differs.
    Spec,
    /// The data of a `ConfigMap` or a Secret differs.
    Data,
    /// An object of another revision is left over.
    Leftover,
    /// Something could not be read or compared.
    Unread,
    /// A health entry that somebody should look at.
    Warning,
    /// A label, an annotation or other metadata differs.
    Metadata,
}

/// One thing that is wrong with a release.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble<'r> {
    /// The release as a whole.
    Health(&'r Health),
    /// A whole object.
    Object(&'r ObjectReport),
    /// A field of an object.
    Field(&'r ObjectReport, &'r Finding),
}

impl<'r> Trouble<'r> {
    /// How it stands to what earlier scans found.
    const fn tracked(&self) -> &'r Tracked {
        match self {
            Self::Health(entry) => &entry.tracked,
            Self::Object(object) => &object.tracked,
            Self::Field(_, finding) => &finding.tracked,
        }
    }

    /// Whether it is new, or another one than it was.
    const fn is_news(&self) -> bool {
        match self.tracked().status {
            Some(ChangeStatus::New | ChangeStatus::Changed) => true,
            Some(ChangeStatus::Ongoing) | None => false,
        }
    }
}

/// A release with the worst that is wrong with it, or with the worst that is new, where anything is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Urgent<'r> {
    /// The release.
    pub(crate) release: &'r ReleaseReport,
    /// How much the worst trouble matters.
    pub(crate) weight: Weight,
    /// The worst trouble; of several that weigh the same, the first of the report.
    pub(crate) worst: Trouble<'r>,
    /// How many other troubles the release has.
    pub(crate) others: usize,
}

/// The releases that are not clean, or are in a critical state, the worst first.
pub(crate) fn ranked(report: &Report) -> Vec<Urgent<'_>> {
    let mut urgent: Vec<Urgent<'_>> = report
        .releases
        .iter()
        .filter_map(Urgent::of)
        .filter(|urgent| urgent.release.verdict != Verdict::Clean || urgent.is_critical())
        .collect();
    // Stable: within equals, the order of the report stays.
    urgent.sort_by_key(Urgent::order);
    urgent
}

/// The place of a release among others, the worst first.
pub(crate) fn order(release: &ReleaseReport) -> impl Ord + use<> {
    let urgent = Urgent::of(release);
    (urgent.is_none(), urgent.map(|urgent| urgent.order()))
}

impl<'r> Urgent<'r> {
    const fn order(&self) -> (Reverse<bool>, Weight, Reverse<usize>) {
        (Reverse(self.worst.is_news()), self.weight, Reverse(self.others))
    }

    /// The worst that a report says of a release, of what is new if anything is; `None` where it has nothing that anybody has
    /// to look at.
    pub(crate) fn of(release: &'r ReleaseReport) -> Option<Self> {
        Self::worst_by(release, |weight, trouble| (Reverse(trouble.is_news()), weight))
    }

    /// The same, whatever is new: what is said of a release that stays as it is stays the same.
    pub(crate) fn whatever_is_new(release: &'r ReleaseReport) -> Option<Self> {
        Self::worst_by(release, |weight, _| weight)
    }

    fn worst_by<O: Ord>(
        release: &'r ReleaseReport,
        order: impl Fn(Weight, Trouble<'r>) -> O,
    ) -> Option<Self> {
        let health = release
            .health
            .iter()
            .filter_map(|entry| Some((health_weight(entry)?, Trouble::Health(entry))));
        let objects = release.objects.iter().flat_map(object_troubles);
        let mut troubles = 0;
        let mut worst: Option<(Weight, Trouble<'r>)> = None;
        for (weight, trouble) in health.chain(objects) {
            troubles += 1;
            if worst.is_none_or(|(worst, known)| order(weight, trouble) < order(worst, known)) {
                worst = Some((weight, trouble));
            }
        }
        let left_out = release.objects.iter().map(|object| object.left_out.drift);
        worst.map(|(weight, worst)| Self {
            release,
            weight,
            worst,
            others: troubles - 1 + left_out.sum::<usize>(),
        })
    }

    /// Whether the release is in a critical state, whatever is new of it.
    pub(crate) fn is_critical(&self) -> bool {
        let mut health = self.release.health.iter();
        health.any(|entry| health_weight(entry) == Some(Weight::Critical))
    }

    /// The name of the worst trouble's writer, as it calls itself; `None` where nobody is known.
    pub(crate) fn who(&self) -> Option<&'r str> {
        match self.worst {
            Trouble::Field(_, finding) => Some(finding.actor.as_ref()?.manager.as_str()),
            Trouble::Health(_) | Trouble::Object(_) => None,
        }
    }

    /// Since when the worst trouble is known to be: the last write of its writer, or the newest operation of Helm.
    pub(crate) fn since(&self) -> Option<DateTime<Utc>> {
        match self.worst {
            Trouble::Field(_, finding) => finding.actor.as_ref()?.time,
            Trouble::Health(_) | Trouble::Object(_) => self.operation()?.deployed_at,
        }
    }

    /// The revision of the newest operation, where the worst trouble is about that.
    pub(crate) fn operation(&self) -> Option<&'r Revision> {
        match self.worst {
            Trouble::Health(entry) if is_about_the_operation(entry.code) => Some(&self.release.latest),
            Trouble::Health(_) | Trouble::Object(_) | Trouble::Field(..) => None,
        }
    }
}

/// Whether a health entry is about the newest operation, and so as old as that.
pub(crate) const fn is_about_the_operation(code: HealthCode) -> bool {
    match code {
        HealthCode::FailedUpgrade
        | HealthCode::FailedInstall
        | HealthCode::InProgress
        | HealthCode::Stuck
        | HealthCode::HalfUpgraded
        | HealthCode::HookFailed
        | HealthCode::HookRunning => true,
        HealthCode::Undecodable
        | HealthCode::NoBaseline
        | HealthCode::SeveralDeployed
        | HealthCode::IdentityMismatch
        | HealthCode::ApiRemoved
        | HealthCode::ChangedDuringScan
        | HealthCode::LeftoverObjects
        | HealthCode::BlockedByFinalizer
        | HealthCode::HistoryBloat
        | HealthCode::OwnershipConflict
        | HealthCode::LeftoverHooks
        | HealthCode::ChartCrdsChanged
        | HealthCode::MissingObjects
        | HealthCode::UpgradeBlocked
        | HealthCode::RollbackBlocked
        | HealthCode::RollbackLoses => false,
    }
}

/// The weight of a health entry; `None` where it is only worth knowing.
fn health_weight(entry: &Health) -> Option<Weight> {
    match (entry.code, entry.severity) {
        (HealthCode::Undecodable, _) => Some(Weight::Unreadable),
        (HealthCode::ChangedDuringScan, _) => Some(Weight::Unread),
        (_, HealthSeverity::Critical) => Some(Weight::Critical),
        (HealthCode::NoBaseline | HealthCode::IdentityMismatch, HealthSeverity::Warning) => {
            Some(Weight::Unread)
        }
        (_, HealthSeverity::Warning) => Some(Weight::Warning),
        (_, HealthSeverity::Info) => None,
    }
}

/// What is wrong with an object: the object as a whole, or each field that drifted.
fn object_troubles(object: &ObjectReport) -> impl Iterator<Item = (Weight, Trouble<'_>)> {
    let whole = object_weight(object).map(|weight| (weight, Trouble::Object(object)));
    let drift = object.findings.iter().filter(|finding| finding.is_drift());
    let fields = drift.map(move |finding| (field_weight(&finding.pointer), Trouble::Field(object, finding)));
    whole.into_iter().chain(fields)
}

/// The weight of the worst that is wrong with an object; the least where nothing is.
pub(crate) fn of_object(object: &ObjectReport) -> Weight {
    let weights = object_troubles(object).map(|(weight, _)| weight);
    weights.min().unwrap_or(Weight::Metadata)
}

/// The weight of a difference.
pub(crate) fn of_finding(finding: &Finding) -> Weight {
    field_weight(&finding.pointer)
}

/// The weight of an object as a whole; `None` where only fields of it can be wrong.
fn object_weight(object: &ObjectReport) -> Option<Weight> {
    match object.state {
        ObjectState::Missing | ObjectState::Terminating => Some(absence_weight(object)),
        ObjectState::Foreign => Some(Weight::Object),
        ObjectState::Leftover => Some(Weight::Leftover),
        ObjectState::Unknown => Some(Weight::Unread),
        // The findings that make it drifted are not in the report, because they were too many.
        ObjectState::Drifted if !object.findings.iter().any(Finding::is_drift) => Some(Weight::Spec),
        ObjectState::InSync | ObjectState::Drifted | ObjectState::Ignored => None,
    }
}

/// The weight of the absence of an object, by its kind.
fn absence_weight(object: &ObjectReport) -> Weight {
    let gvk = Gvk::new(&*object.api_version, &*object.kind);
    match (gvk.group(), object.kind.as_str()) {
        ("apps" | "batch", _) | ("", "Pod" | "ReplicationController") => Weight::Workload,
        ("networking.k8s.io" | "gateway.networking.k8s.io" | "rbac.authorization.k8s.io", _)
        | ("", "Service" | "ServiceAccount") => Weight::Access,
        _ => Weight::Object,
    }
}

/// The weight of a difference, by the place of its field in the object.
fn field_weight(pointer: &str) -> Weight {
    let keys = || pointer.split('/').skip(1);
    let any = |names: &[&str]| keys().any(|key| names.contains(&key));
    match keys().next() {
        Some("metadata") => return Weight::Metadata,
        Some("data" | "binaryData" | "stringData") => return Weight::Data,
        Some(_) | None => {}
    }
    let mut ends = pointer.rsplit('/');
    let (last, parent) = (ends.next().unwrap_or_default(), ends.next().unwrap_or_default());
    let is_container = matches!(parent, "containers" | "initContainers" | "ephemeralContainers");
    // Labels and annotations of a workload's pods.
    if any(&["metadata"]) && any(&["labels", "annotations"]) {
        Weight::Metadata
    } else if last == "image" || is_container {
        Weight::Image
    } else if any(&["command", "args", "env", "envFrom", "ports"]) {
        Weight::Process
    } else if matches!(last, "replicas" | "minReplicas" | "maxReplicas") {
        Weight::Replicas
    } else {
        Weight::Spec
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{every, finding, object, release, report};
    use crate::vocabulary::{FindingCode, Severity};

    fn changed(pointer: &str) -> Finding {
        finding(FindingCode::Changed, pointer, Some(1.into()), Some(2.into()))
    }

    fn drifted(pointer: &str) -> ObjectReport {
        object("apps/v1", "Deployment", "shop", "web").drifted([changed(pointer)])
    }

    fn missing(api_version: &str, kind: &str) -> ObjectReport {
        object(api_version, kind, "shop", "web").in_state(ObjectState::Missing)
    }

    /// One release for each row of the documented order, handed over in the opposite order.
    #[test]
    fn releases_come_in_the_documented_order() {
        let healthy = release("shop", "web");
        let with = |object: ObjectReport| healthy.clone().with_objects([object]);
        let health = |code, severity| healthy.clone().with_health(code, severity);
        let in_state = |state| object("v1", "ConfigMap", "shop", "web").in_state(state);
        let rows = vec![
            (
                Weight::Critical,
                health(HealthCode::Stuck, HealthSeverity::Critical),
            ),
            (
                Weight::Critical,
                health(HealthCode::FailedUpgrade, HealthSeverity::Critical),
            ),
            (
                Weight::Unreadable,
                health(HealthCode::Undecodable, HealthSeverity::Critical),
            ),
            (Weight::Workload, with(missing("apps/v1", "StatefulSet"))),
            (Weight::Workload, with(missing("batch/v1", "CronJob"))),
            (Weight::Access, with(missing("v1", "Service"))),
            (
                Weight::Access,
                with(missing("rbac.authorization.k8s.io/v1", "RoleBinding")),
            ),
            (Weight::Object, with(missing("v1", "ConfigMap"))),
            (Weight::Object, with(in_state(ObjectState::Foreign))),
            (
                Weight::Image,
                with(drifted("/spec/template/spec/containers/0/image")),
            ),
            (Weight::Image, with(drifted("/spec/template/spec/containers/1"))),
            (
                Weight::Process,
                with(drifted("/spec/template/spec/containers/0/args/2")),
            ),
            (
                Weight::Process,
                with(drifted("/spec/template/spec/containers/0/env/0/value")),
            ),
            (Weight::Process, with(drifted("/spec/ports/0/targetPort"))),
            (Weight::Replicas, with(drifted("/spec/replicas"))),
            (Weight::Spec, with(drifted("/spec/paused"))),
            (Weight::Spec, with(drifted("/rules/0/verbs"))),
            (Weight::Data, with(drifted("/data/env"))),
            (Weight::Leftover, with(in_state(ObjectState::Leftover))),
            (Weight::Unread, with(in_state(ObjectState::Unknown))),
            (
                Weight::Unread,
                health(HealthCode::NoBaseline, HealthSeverity::Warning),
            ),
            (Weight::Metadata, with(drifted("/metadata/labels/image"))),
            (
                Weight::Metadata,
                with(drifted("/spec/template/metadata/annotations/checksum~1config")),
            ),
        ];
        let mut releases = Vec::new();
        for (position, (weight, row)) in rows.into_iter().enumerate() {
            let found = Urgent::of(&row).unwrap();
            assert_eq!(found.weight, weight, "{position}: {found:?}");
            // The names are in the opposite order of the weights.
            let name = format!("{:02}", 99 - position);
            releases.push(ReleaseReport { name, ..row });
        }
        let report = report(releases);
        let weights: Vec<Weight> = ranked(&report).iter().map(|urgent| urgent.weight).collect();
        assert_eq!(weights.len(), report.releases.len());
        assert!(weights.is_sorted(), "{weights:?}");
    }

    #[test]
    fn the_worst_trouble_of_a_release_decides_and_the_others_are_counted() {
        let release = release("shop", "web").with_objects([
            drifted("/metadata/labels/a"),
            drifted("/spec/replicas"),
            missing("v1", "Service"),
        ]);
        let urgent = Urgent::of(&release).unwrap();
        assert_eq!((urgent.weight, urgent.others), (Weight::Access, 2));
        assert!(matches!(urgent.worst, Trouble::Object(object) if object.kind == "Service"));
    }

    #[test]
    fn more_trouble_comes_first_and_then_the_order_of_the_report() {
        let drifted_in = |name, count| {
            let fields = ["a", "b", "c"].map(|field| changed(&format!("/spec/{field}")));
            let object = object("apps/v1", "Deployment", "shop", name);
            release("shop", name).with_objects([object.drifted(fields.into_iter().take(count))])
        };
        let report = report(vec![
            drifted_in("d", 1),
            drifted_in("c", 1),
            drifted_in("b", 3),
            drifted_in("a", 2),
        ]);
        let names: Vec<&str> = ranked(&report)
            .iter()
            .map(|urgent| urgent.release.name.as_str())
            .collect();
        assert_eq!(names, ["b", "a", "c", "d"]);
    }

    #[test]
    fn what_is_in_order_or_only_worth_knowing_is_not_ranked() {
        let info = Finding {
            severity: Severity::Info,
            ..changed("/spec/replicas")
        };
        let mut in_sync = object("apps/v1", "Deployment", "shop", "web");
        in_sync.findings.push(info);
        let quiet = release("shop", "a")
            .with_objects([in_sync])
            .with_health(HealthCode::InProgress, HealthSeverity::Info);
        let bloated = release("shop", "b").with_health(HealthCode::HistoryBloat, HealthSeverity::Warning);
        let failed = release("shop", "c").with_health(HealthCode::FailedUpgrade, HealthSeverity::Critical);
        assert!(Urgent::of(&quiet).is_none());
        let report = report(vec![quiet, bloated, failed]);
        let names: Vec<&str> = ranked(&report)
            .iter()
            .map(|urgent| urgent.release.name.as_str())
            .collect();
        // Clean, and yet in a critical state.
        assert_eq!(names, ["c"]);
    }

    #[test]
    fn every_release_that_is_not_clean_is_ranked() {
        for (name, report) in every() {
            let not_clean = report
                .releases
                .iter()
                .filter(|release| release.verdict != Verdict::Clean);
            let ranked = ranked(&report);
            for release in not_clean {
                let is_it = |urgent: &Urgent<'_>| std::ptr::eq(urgent.release, release);
                assert!(
                    ranked.iter().any(is_it),
                    "{name}: {}/{}",
                    release.namespace,
                    release.name
                );
            }
        }
    }

    #[test]
    fn a_release_whose_drift_is_not_listed_is_ranked_by_what_is() {
        let mut cut = drifted("/spec/paused");
        cut.left_out.drift = 40;
        let release = release("shop", "web").with_objects([cut]);
        assert_eq!(Urgent::of(&release).unwrap().others, 40);
    }
}
