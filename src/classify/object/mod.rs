//! The verdict on one object: from the revisions' manifests and the live object to its part of the report.

use serde_json::Value;

use super::attribution::{Attributor, ObjectContext};
use super::dry_run::DryRunCheck;
use super::finding::{finding, shown_patch};
use super::live::LiveObject;
use super::state::{StateVerdict, absent, empty_report, verdict_by_state};
use super::subject::Subject;
use crate::compare::managed_fields::Live;
use crate::compare::three_way::{Change, OfRevision, Versions, three_way};
use crate::manifest::desired::desired;
use crate::model::ObjectReport;
use crate::policy::ignore::ApplicableRules;
use crate::policy::{Confirm, Policy};
use crate::vocabulary::{FindingCode, ObjectState, Severity};

/// The report of an object, and the dry run that may correct it.
#[derive(Debug)]
pub struct Judgement {
    /// The report, as far as it goes without a dry run.
    pub report: ObjectReport,
    /// The dry run, where there is something to confirm and the operator wants that.
    pub check: Option<DryRunCheck>,
}

impl From<ObjectReport> for Judgement {
    fn from(report: ObjectReport) -> Self {
        Self { report, check: None }
    }
}

/// Judges an object; `None` for one that the baseline does not have and that does not exist, or was never this
/// release's.
pub fn judge(subject: &Subject<'_>, live: &LiveObject<'_>, policy: &Policy) -> Option<Judgement> {
    let report = |state, reason: Option<String>| {
        Some(Judgement::from(empty_report(
            subject.key,
            subject.template,
            state,
            reason,
        )))
    };
    let live = match live {
        LiveObject::Found(live) => live,
        LiveObject::NotFound => return judge_absent(subject, policy),
        LiveObject::Unreadable(reason) => return report(ObjectState::Unknown, Some(reason.clone())),
    };
    let verdict = verdict_by_state(subject, live, &policy.managers);
    let rules = policy
        .ignore
        .on(subject.key, subject.owner.name, Some(&live.object));
    let mut judged = match verdict {
        StateVerdict::Report(report) => Judgement::from(*report),
        StateVerdict::Nothing => return None,
        StateVerdict::Absent => return judge_absent(subject, policy),
        StateVerdict::Compare => compare_with_each(subject, live, policy, &rules),
    };
    judged.report = rules.object(judged.report);
    // An object that is ignored as a whole needs no confirmation.
    judged.check = judged
        .check
        .filter(|_| judged.report.state == ObjectState::Drifted);
    Some(judged)
}

/// Judges an object that does not exist, or of which it may not be told that it does.
fn judge_absent(subject: &Subject<'_>, policy: &Policy) -> Option<Judgement> {
    let report = absent(subject)?;
    if report.state == ObjectState::InSync {
        return Some(report.into());
    }
    let rules = policy.ignore.on(subject.key, subject.owner.name, None);
    Some(rules.object(report).into())
}

/// Compares with every document in which the manifest names the object, and takes the one that fits best.
///
/// Helm installs the objects of a kind side by side (Helm: `pkg/kube/client.go`, `batchPerform`), and by server-side
/// apply the second of two is no error: any of them may have come last.
fn compare_with_each(
    subject: &Subject<'_>,
    live: &Live<'_>,
    policy: &Policy,
    rules: &ApplicableRules<'_>,
) -> Judgement {
    let judged = compare(subject, live, policy, rules);
    let duplicate_documents = subject.duplicate_documents.iter().map(|body| {
        let duplicate = Subject { body, ..*subject };
        compare(&duplicate, live, policy, rules)
    });
    let differing = |judged: &Judgement| {
        let findings = judged.report.findings.iter();
        findings
            .filter(|finding| {
                finding.severity == Severity::Drift || finding.code == FindingCode::MutatedAtAdmission
            })
            .count()
    };
    duplicate_documents.fold(judged, |best, duplicate| {
        if differing(&duplicate) < differing(&best) {
            duplicate
        } else {
            best
        }
    })
}

/// Judges an object by its values.
fn compare(
    subject: &Subject<'_>,
    live: &Live<'_>,
    policy: &Policy,
    rules: &ApplicableRules<'_>,
) -> Judgement {
    let read = |body: &str| {
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        desired(body, subject.key, subject.owner)
    };
    let wanted = read(subject.body);
    // A revision with the same body adds nothing and is not parsed again.
    let otherwise = subject
        .previous
        .filter(|previous| previous.object != subject.body);
    let otherwise = otherwise.map(|previous| read(previous.object));
    let previous = subject
        .previous
        .map(|previous| previous.with(otherwise.as_ref().unwrap_or(&wanted)));
    let attempted: Vec<OfRevision<Value>> = subject
        .attempted
        .iter()
        .filter(|attempted| *attempted.object != *subject.body)
        .map(|attempted| attempted.with(read(&attempted.object)))
        .collect();
    let versions = Versions {
        previous,
        desired: &wanted,
        attempted: &attempted,
        live: &live.object,
    };
    let changes = three_way(subject.shape, versions);
    let context = ObjectContext {
        gvk: &subject.key.gvk,
        shape: subject.shape,
        method: subject.method,
        operations: subject.operations,
        autoscaler: subject.autoscaler,
        managers: &policy.managers,
    };

    let unattributed = live.managed.is_empty().then(|| UNATTRIBUTED.to_owned());
    let mut report = empty_report(subject.key, subject.template, ObjectState::InSync, unattributed);
    let (mut drift, mut pruned): (Vec<(usize, Change)>, Vec<Change>) = (Vec::new(), Vec::new());
    for attributed in Attributor::new(context, &versions, live).attribute(changes) {
        let mut finding = finding(subject, &attributed, policy);
        finding.ignored_by = rules.finding(&attributed.change.path, &finding);
        if finding.ignored_by.is_none() && finding.severity == Severity::Drift {
            report.state = ObjectState::Drifted;
            drift.push((report.findings.len(), attributed.change));
        } else if attributed.change.code == FindingCode::Pruned {
            pruned.push(attributed.change);
        }
        report.findings.push(finding);
    }
    report.patch = shown_patch(
        drift
            .iter()
            .map(|(position, change)| (&report.findings[*position], change)),
    );
    let check = match policy.confirm {
        Confirm::None => None,
        Confirm::Server => DryRunCheck::of(subject, &wanted, &live.object, drift, &pruned),
    };
    Judgement { report, check }
}

/// The reason in the report of an object whose managed fields the API server dropped, or somebody cleared.
const UNATTRIBUTED: &str =
    "it has no managed fields, so neither the writers of its fields nor additions are known";

#[cfg(test)]
mod tests;
