//! The verdict on one object: from the revisions' manifests and the live object to its part of the report.

mod whole;

use std::collections::BTreeSet;

use serde_json::Value;

pub(super) use self::whole::may_be_foretold;
use self::whole::{foretell_foreign, foretell_missing, foretell_terminating, shown_block};
use super::attributed::Attributed;
use super::attribution::{Attribution, Attributor, ObjectContext, UnreadField};
use super::blocked::Block;
use super::dry_run::DryRunCheck;
use super::finding::{finding, shown_patch};
use super::listed::Listed;
use super::live::LiveObject;
use super::next_upgrade::Upgrade;
use super::question::{Question, Questions};
use super::state::{StateVerdict, absent, empty_report, verdict_by_state};
use super::subject::Subject;
use crate::compare::managed_fields::Live;
use crate::compare::older::left_by_older;
use crate::compare::room::Room;
use crate::compare::shapes::status_field;
use crate::compare::three_way::{Change, OfRevision, Versions, three_way};
use crate::compare::work::Work;
use crate::manifest::desired::desired;
use crate::model::{Finding, ObjectReport};
use crate::policy::ignore::ApplicableRules;
use crate::policy::redact::FieldRedaction;
use crate::policy::{Confirm, Policy};
use crate::vocabulary::{FindingCode, NextUpgrade, ObjectState, Severity, count};

/// The report of an object, and the dry run that may correct it.
#[derive(Debug)]
pub struct Judgement {
    /// The report, as far as it goes without a dry run.
    pub report: ObjectReport,
    /// The dry run, where there is something to confirm and the operator wants that.
    pub check: Option<DryRunCheck>,
    /// Why the next upgrade fails at the object, if it does.
    pub block: Option<Block>,
    /// Whether the object holds something that a revision before the compared ones may have left behind.
    pub is_unexplained: bool,
    /// What is asked about its drift; nothing unless keys of values were asked for.
    pub questions: Vec<Question>,
}

impl From<ObjectReport> for Judgement {
    fn from(report: ObjectReport) -> Self {
        Self {
            report,
            check: None,
            block: None,
            is_unexplained: false,
            questions: Vec::new(),
        }
    }
}

/// Judges an object; `None` for one that the baseline does not have and that does not exist, or was never this
/// release's.
///
/// An object that takes more work than is left for it is unknown: nothing of a part of the comparison is shown.
pub fn judge(
    subject: &Subject<'_>,
    live: &LiveObject<'_>,
    policy: &Policy,
    work: &Work,
) -> Option<Judgement> {
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
        LiveObject::NotFound => return judge_absent(subject, policy, work),
        LiveObject::Unreadable(reason) => return report(ObjectState::Unknown, Some(reason.clone())),
    };
    let verdict = verdict_by_state(subject, live, &policy.managers);
    let rules = policy
        .ignore
        .on(subject.key, subject.owner.name, Some(&live.object));
    let mut judged = match verdict {
        StateVerdict::Report(mut report) => {
            let block = match report.state {
                ObjectState::Foreign => foretell_foreign(subject, live, policy, work, &mut report),
                ObjectState::Terminating => foretell_terminating(subject, live, policy, work, &mut report),
                _ => None,
            };
            Judgement {
                block,
                ..Judgement::from(*report)
            }
        }
        StateVerdict::Nothing => return None,
        StateVerdict::Absent => return judge_absent(subject, policy, work),
        StateVerdict::Compare => compare_with_each(subject, live, policy, &rules, work),
    };
    if work.is_spent() {
        return report(ObjectState::Unknown, Some(work.reason()));
    }
    judged.report = rules.object(judged.report);
    // An object that is ignored as a whole needs no confirmation.
    judged.check = judged
        .check
        .filter(|_| judged.report.state == ObjectState::Drifted);
    Some(judged)
}

/// The differences from a manifest of an object that is not the release's, or not yet, as though it were.
pub fn findings_beside(subject: &Subject<'_>, live: &Live<'_>, policy: &Policy, work: &Work) -> Vec<Finding> {
    let rules = policy
        .ignore
        .on(subject.key, subject.owner.name, Some(&live.object));
    compare(subject, live, policy, &rules, work).report.findings
}

/// Judges an object that does not exist, or of which it may not be told that it does.
fn judge_absent(subject: &Subject<'_>, policy: &Policy, work: &Work) -> Option<Judgement> {
    let mut report = absent(subject)?;
    if report.state == ObjectState::InSync {
        return Some(report.into());
    }
    if report.state == ObjectState::Missing {
        foretell_missing(subject, policy, work, &mut report);
    }
    let rules = policy.ignore.on(subject.key, subject.owner.name, None);
    Some(rules.object(report).into())
}

/// How many documents of one manifest that name the same object are compared, the last ones.
///
/// Charts that name an object twice do so by mistake. Each document costs as much as an object of its own.
pub const MAX_DOCUMENTS: usize = 8;

/// Compares with every document in which the manifest names the object, and takes the one that fits best.
///
/// Helm installs the objects of a kind side by side (Helm: `pkg/kube/client.go`, `batchPerform`), and by server-side
/// apply the second of two is no error: any of them may have come last.
fn compare_with_each(
    subject: &Subject<'_>,
    live: &Live<'_>,
    policy: &Policy,
    rules: &ApplicableRules<'_>,
    work: &Work,
) -> Judgement {
    let judged = compare(subject, live, policy, rules, work);
    let duplicate_documents = subject.duplicate_documents.iter().take(MAX_DOCUMENTS - 1);
    let duplicate_documents = duplicate_documents.take_while(|_| !work.is_spent()).map(|body| {
        let duplicate = Subject { body, ..*subject };
        compare(&duplicate, live, policy, rules, work)
    });
    let differing = |judged: &Judgement| {
        let findings = judged.report.findings.iter();
        let listed = findings.filter(|finding| {
            finding.severity == Severity::Drift || finding.code == FindingCode::MutatedAtAdmission
        });
        listed.count() + judged.report.left_out.total()
    };
    let mut best = duplicate_documents.fold(judged, |best, duplicate| {
        if differing(&duplicate) < differing(&best) {
            duplicate
        } else {
            best
        }
    });
    let documents = subject.duplicate_documents.len() + 1;
    if documents > MAX_DOCUMENTS {
        best.report.add_reason(&format!(
            "the manifest names it in {documents} documents, of which the last {MAX_DOCUMENTS} were compared"
        ));
    }
    best
}

/// Judges an object by its values.
fn compare(
    subject: &Subject<'_>,
    live: &Live<'_>,
    policy: &Policy,
    rules: &ApplicableRules<'_>,
    work: &Work,
) -> Judgement {
    let read = |body: &str| {
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        desired(body, subject.key, subject.owner, status_field(subject.shape))
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
    let room = Room::default();
    let mut changes = three_way(subject.shape, versions, work, &room);
    let known_bodies = || {
        subject
            .previous
            .map(|previous| previous.object)
            .into_iter()
            .chain([subject.body])
    };
    let older = subject.older.iter();
    let older: Vec<OfRevision<Value>> = older
        .filter(|older| known_bodies().all(|known| *known != *older.object))
        .map(|older| older.with(read(&older.object)))
        .collect();
    let left_by_older = left_by_older(subject.shape, &older, &versions, &changes, work, &room);
    let upgrade = Upgrade::of(subject, Some(live), &policy.managers, work);
    let context = ObjectContext {
        gvk: &subject.key.gvk,
        shape: subject.shape,
        method: subject.method,
        operations: subject.operations,
        autoscaler: subject.autoscaler,
        managers: &policy.managers,
        work,
        room: &room,
        upgrade: &upgrade,
    };

    let unattributed = if live.has_unread_fields {
        Some(UNREAD_FIELDS.to_owned())
    } else {
        live.managed.is_empty().then(|| UNATTRIBUTED.to_owned())
    };
    let mut report = empty_report(subject.key, subject.template, ObjectState::InSync, unattributed);
    let attributor = Attributor::new(context, &versions, live);
    let left_by_older = left_by_older.into_iter();
    changes.extend(left_by_older.filter(|change| !attributor.is_only_others(&change.path)));
    let Attribution {
        differences: attributed,
        is_unexplained,
    } = attributor.attribute(changes);
    // Of an object in which nothing differs only the managed fields can tell that the upgrade fails.
    let is_simulated = !attributed.is_empty() || upgrade.may_fail(&wanted);
    let predictions = if attributed.is_empty() {
        Vec::new()
    } else {
        upgrade.predict(&wanted, &attributed)
    };
    let block = is_simulated
        .then(|| shown_block(subject, &upgrade, &[&wanted, &live.object], policy))
        .flatten();
    let redacted = redacted_fields(subject, policy, &versions, &attributed);
    let affordable = attributed
        .into_iter()
        .zip(predictions)
        .zip(redacted)
        .take_while(|((attributed, _), _)| work.affords(1 + rules.steps(&attributed.change.path)));
    let mut shadowed_rules = BTreeSet::new();
    let found = affordable.map(|((attributed, prediction), redacted)| {
        let mut finding = finding(subject, &attributed, &prediction, policy, &redacted);
        name_refused_field(&mut finding, block.as_ref());
        finding.ignored_by = rules.finding(&attributed.change.path, &finding);
        shadowed_rules.extend(rules.shadowed(&attributed.change.path, &finding));
        (finding, attributed.change)
    });
    let listed = Listed::of(found);
    report.left_out = listed.left_out;
    report.shadowed_rules = shadowed_rules.into_iter().collect();
    let (mut drift, mut pruned): (Vec<(usize, Change)>, Vec<Change>) = (Vec::new(), Vec::new());
    let mut questions = Questions::default();
    for (mut finding, change) in listed.findings {
        questions.note(subject, policy, report.findings.len(), &mut finding, &change);
        if finding.is_drift() {
            report.state = ObjectState::Drifted;
            drift.push((report.findings.len(), change));
        } else if change.code == FindingCode::Pruned {
            pruned.push(change);
        }
        report.findings.push(finding);
    }
    for unread in attributor.unread_fields().iter().take(MAX_UNREAD_FIELDS) {
        note_unread_field(&mut report, unread, policy);
    }
    let unread = room.left_out();
    note_left_out(&mut report, unread);
    report.patch = shown_patch(
        drift
            .iter()
            .map(|(position, change)| (&report.findings[*position], change)),
    );
    let check = match policy.confirm {
        Confirm::None => None,
        Confirm::Server => DryRunCheck::of(subject, &wanted, &live.object, drift, &pruned, unread),
    };
    Judgement {
        report,
        check,
        block,
        is_unexplained,
        questions: questions.into_list(),
    }
}

/// Says of a field that is not written which other field the refusal is about.
fn name_refused_field(finding: &mut Finding, block: Option<&Block>) {
    let Some(Block::Refused { path, rule }) = block else {
        return;
    };
    let is_within = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
    };
    let is_about = is_within(&finding.path, path) || is_within(path, &finding.path);
    if finding.next_upgrade == Some(NextUpgrade::Refused) && !path.is_empty() && !is_about {
        finding.next_upgrade_reason = Some(format!("the object, for {path}: {rule}"));
    }
}

/// For how many writers the report says what they wrote by another version.
const MAX_UNREAD_FIELDS: usize = 3;

/// Says in the report that somebody wrote a field by another API version, which the object does not show at the manifest's.
///
/// What a person wrote is drift until it is known to be none. Controllers write by the version that they know best all the
/// time.
fn note_unread_field(report: &mut ObjectReport, unread: &UnreadField, policy: &Policy) {
    report.add_reason(&format!(
        "{} wrote {} by {}, for which the version of the manifest has no field, so it is not known whether that is drift",
        policy.redaction.shown_text(&unread.actor.manager),
        policy.redaction.shown_text(&unread.path.to_string()),
        policy.redaction.shown_text(&unread.api_version),
    ));
    if unread.is_persons && report.state == ObjectState::InSync {
        report.state = ObjectState::Unknown;
    }
}

/// Says in the report what it does not list, and what was not looked into.
///
/// Nobody knows the writers of differences that were not looked into, nor whether they are drift. If there are any, only
/// drift among the others says what state the object is in.
fn note_left_out(report: &mut ObjectReport, unread: usize) {
    let left_out = report.left_out.total();
    if left_out > 0 {
        let listed = report.findings.len();
        report.add_reason(&format!(
            "{listed} of its {} findings are listed",
            listed + left_out
        ));
    }
    if unread == 0 {
        return;
    }
    let were = if unread == 1 { "was" } else { "were" };
    if report.state == ObjectState::Drifted {
        report.add_reason(&format!(
            "{} {were} only counted, because there are too many",
            count(unread, "further difference")
        ));
    } else {
        report.state = ObjectState::Unknown;
        report.add_reason(&format!(
            "too costly to compare: {} {were} only counted, because there are too many, and the others are no drift",
            count(unread, "difference")
        ));
    }
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

/// The reason in the report of an object whose managed fields are broken, or too large.
const UNREAD_FIELDS: &str = "its managed fields cannot be read or are too large, so neither the writers of its fields nor \
    additions are known";

#[cfg(test)]
mod tests;
