//! The verdict on one object: from the revisions' manifests and the live object to its part of the report.

use serde_json::Value;

use super::attributed::Attributed;
use super::attribution::{Attributor, ObjectContext};
use super::dry_run::DryRunCheck;
use super::finding::{finding, shown_patch};
use super::live::LiveObject;
use super::state::{StateVerdict, empty_report, verdict_by_state};
use super::subject::{Role, Subject};
use crate::compare::managed_fields::Live;
use crate::compare::three_way::{Change, OfRevision, Versions, three_way};
use crate::manifest::desired::desired;
use crate::model::ObjectReport;
use crate::policy::ignore::ApplicableRules;
use crate::policy::redact::FieldRedaction;
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
        LiveObject::NotFound if subject.role == Role::Leftover => return None,
        LiveObject::NotFound if subject.expires => {
            let reason = "removed by its ttlSecondsAfterFinished, as a finished Job is".to_owned();
            return report(ObjectState::InSync, Some(reason));
        }
        LiveObject::NotFound => {
            let rules = policy.ignore.on(subject.key, subject.owner.name, None);
            let missing = empty_report(subject.key, subject.template, ObjectState::Missing, None);
            return Some(rules.object(missing).into());
        }
        LiveObject::Unreadable(reason) => return report(ObjectState::Unknown, Some(reason.clone())),
    };
    let rules = policy
        .ignore
        .on(subject.key, subject.owner.name, Some(&live.object));
    let mut judged = judge_live(subject, live, policy, &rules)?;
    judged.report = rules.object(judged.report);
    // An object that is ignored as a whole needs no confirmation.
    judged.check = judged
        .check
        .filter(|_| judged.report.state == ObjectState::Drifted);
    Some(judged)
}

/// Judges an object that exists.
fn judge_live(
    subject: &Subject<'_>,
    live: &Live<'_>,
    policy: &Policy,
    rules: &ApplicableRules<'_>,
) -> Option<Judgement> {
    match verdict_by_state(subject, live, &policy.managers) {
        StateVerdict::Report(report) => Some((*report).into()),
        StateVerdict::Nothing => None,
        StateVerdict::Compare => Some(compare_with_each(subject, live, policy, rules)),
    }
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
    let attributed = Attributor::new(context, &versions, live).attribute(changes);
    let redacted = redacted_fields(subject, policy, &versions, &attributed);
    for (attributed, redacted) in attributed.into_iter().zip(redacted) {
        let mut finding = finding(subject, &attributed, policy, &redacted);
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

/// What the report shows of each difference of an object.
fn redacted_fields<'p>(
    subject: &Subject<'_>,
    policy: &'p Policy,
    versions: &Versions<'_>,
    attributed: &[Attributed],
) -> Vec<FieldRedaction<'p>> {
    let previous = versions.previous.map(|previous| previous.object);
    let objects: Vec<&Value> = previous
        .into_iter()
        .chain([versions.desired, versions.live])
        .collect();
    let paths = attributed.iter().map(|attributed| &attributed.change.path);
    policy.redaction.fields(&subject.key.gvk, &objects, paths)
}

/// The reason in the report of an object whose managed fields the API server dropped, or somebody cleared.
const UNATTRIBUTED: &str =
    "it has no managed fields, so neither the writers of its fields nor additions are known";

#[cfg(test)]
mod tests;
