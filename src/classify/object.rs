//! The verdict on one object: from what was asked and what was found to its part of the report.

use serde_json::Value;

use super::attribution::{Attributed, Attribution, Context};
use super::dry_run::{self, Question};
use super::live::LiveObject;
use super::subject::{Role, Subject, Values};
use crate::compare::managed_fields::Live;
use crate::compare::three_way::{Change, OfRevision, Versions, three_way};
use crate::manifest::desired::{Ownership, desired};
use crate::manifest::object::is_kept;
use crate::model::{Finding, ObjectReport};
use crate::object::{Gvk, ObjectKey};
use crate::policy::ignore::ApplicableRules;
use crate::policy::managers::ManagerKind;
use crate::policy::redact::{HIDDEN, Hidden};
use crate::policy::{Confirm, Policy};
use crate::vocabulary::{FindingCode, NextUpgrade, ObjectState, Severity};

/// What is to be reported of an object, and what the API server should be asked before that.
#[derive(Debug)]
pub struct Judged {
    /// The report, as far as it goes without asking.
    pub report: ObjectReport,
    /// The question, where there is one and the operator wants it asked.
    pub question: Option<Question>,
}

impl From<ObjectReport> for Judged {
    fn from(report: ObjectReport) -> Self {
        Self {
            report,
            question: None,
        }
    }
}

/// What is to be reported of an object; `None` for objects that nothing expects and that are not there, or were
/// never this release's.
pub fn judge(subject: &Subject<'_>, live: &LiveObject<'_>, rules: &Policy) -> Option<Judged> {
    let report = |state, reason: Option<String>| {
        Some(Judged::from(empty_report(
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
            let ignored = rules.ignore.on(subject.key, subject.owner.name, None);
            let missing = empty_report(subject.key, subject.template, ObjectState::Missing, None);
            return Some(ignored.object(missing).into());
        }
        LiveObject::Unreadable(reason) => return report(ObjectState::Unknown, Some(reason.clone())),
    };
    let ignored = rules
        .ignore
        .on(subject.key, subject.owner.name, Some(&live.object));
    let mut judged = judge_live(subject, live, rules, &ignored)?;
    judged.report = ignored.object(judged.report);
    // What is ignored as a whole is not asked about.
    judged.question = judged
        .question
        .filter(|_| judged.report.state == ObjectState::Drifted);
    Some(judged)
}

fn judge_live(
    subject: &Subject<'_>,
    live: &Live<'_>,
    rules: &Policy,
    ignored: &ApplicableRules<'_>,
) -> Option<Judged> {
    let report = |state, reason: Option<String>| {
        Some(Judged::from(empty_report(
            subject.key,
            subject.template,
            state,
            reason,
        )))
    };
    let ownership = Ownership::of(&live.object, subject.owner);
    match subject.role {
        Role::Expected => {}
        Role::Leftover => {
            let left_over =
                ownership == Ownership::Ours && deleted(&live.object).is_none() && !is_kept(&live.object);
            return report(ObjectState::Leftover, None).filter(|_| left_over);
        }
    }
    if ownership != Ownership::Ours {
        return report(
            ObjectState::Foreign,
            Some(foreign(subject, live, ownership, rules)),
        );
    }
    if let Some(since) = deleted(&live.object) {
        return report(ObjectState::Terminating, Some(terminating(&live.object, since)));
    }
    Some(compare_with_each(subject, live, rules, ignored))
}

/// Compares with every document in which the manifest names the object, and takes the one that fits best.
///
/// Helm installs the objects of a kind side by side (Helm: `pkg/kube/client.go`, `batchPerform`), and by server-side
/// apply the second of two is no error: any of them may have come last.
fn compare_with_each(
    subject: &Subject<'_>,
    live: &Live<'_>,
    rules: &Policy,
    ignored: &ApplicableRules<'_>,
) -> Judged {
    let judged = compare(subject, live, rules, ignored);
    let duplicate_documents = subject.duplicate_documents.iter().map(|body| {
        let rival = Subject { body, ..*subject };
        compare(&rival, live, rules, ignored)
    });
    let differing = |judged: &Judged| {
        let findings = judged.report.findings.iter();
        findings
            .filter(|finding| {
                finding.severity == Severity::Drift || finding.code == FindingCode::MutatedAtAdmission
            })
            .count()
    };
    duplicate_documents.fold(judged, |best, rival| {
        if differing(&rival) < differing(&best) {
            rival
        } else {
            best
        }
    })
}

fn compare(subject: &Subject<'_>, live: &Live<'_>, rules: &Policy, ignored: &ApplicableRules<'_>) -> Judged {
    let read = |body: &str| {
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        desired(body, subject.key, subject.owner)
    };
    let wanted = read(subject.body);
    // Revisions that ask for the very same say nothing new.
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
    let context = Context {
        gvk: &subject.key.gvk,
        shape: subject.shape,
        method: subject.method,
        operations: subject.operations,
        autoscaler: subject.autoscaler,
        managers: &rules.managers,
    };

    let unattributed = live.managed.is_empty().then(|| UNATTRIBUTED.to_owned());
    let mut report = empty_report(subject.key, subject.template, ObjectState::InSync, unattributed);
    let (mut drift, mut pruned): (Vec<(usize, Change)>, Vec<Change>) = (Vec::new(), Vec::new());
    for attributed in Attribution::new(context, &wanted, live).attribute(changes) {
        let mut finding = finding(subject, &attributed, rules);
        finding.ignored_by = ignored.finding(&attributed.change.path, &finding);
        if finding.ignored_by.is_none() && finding.severity == Severity::Drift {
            report.state = ObjectState::Drifted;
            drift.push((report.findings.len(), attributed.change));
        } else if attributed.change.code == FindingCode::Pruned {
            pruned.push(attributed.change);
        }
        report.findings.push(finding);
    }
    report.patch = dry_run::patch(
        drift
            .iter()
            .map(|(position, change)| (&report.findings[*position], change)),
    );
    let question = match rules.confirm {
        Confirm::None => None,
        Confirm::Server => Question::about(subject, &wanted, &live.object, drift, &pruned),
    };
    Judged { report, question }
}

/// Said of objects whose managed fields the API server dropped, or somebody cleared.
const UNATTRIBUTED: &str = "it has no managed fields: who wrote what, and what was added, cannot be told";

fn finding(subject: &Subject<'_>, attributed: &Attributed, rules: &Policy) -> Finding {
    let gvk = &subject.key.gvk;
    let change = &attributed.change;
    let mut redacted = false;
    let mut shown = |value: &Option<Value>| {
        let (value, hidden) = match (subject.values, value.as_ref()?) {
            (Values::Shown, value) => rules.redaction.apply(gvk, &change.path, value),
            (Values::Hidden, _) => (HIDDEN.into(), Hidden::Partly),
        };
        redacted |= hidden == Hidden::Partly;
        Some(value)
    };
    let (previous, desired, live) = (
        shown(&change.previous),
        shown(&change.desired),
        shown(&change.live),
    );
    let severity = rules.severity(change.code);
    Finding {
        code: change.code,
        severity: attributed.severity.map_or(severity, |lower| severity.max(lower)),
        path: change.path.to_string(),
        pointer: change.pointer.clone(),
        previous,
        desired,
        live,
        redacted,
        from_revision: change.from_revision,
        actor: attributed.actor.clone(),
        ignored_by: None,
        confirmed: None,
        next_upgrade: Some(attributed.next_upgrade),
        message: message(attributed),
    }
}

fn message(attributed: &Attributed) -> String {
    let code = attributed.change.code;
    match (code, &attributed.actor, &attributed.about) {
        (FindingCode::ControllerOwned, Some(actor), Some(about)) => format!("{} {about}", actor.manager),
        (_, _, _) => code.message().to_owned(),
    }
}

fn foreign(subject: &Subject<'_>, live: &Live<'_>, ownership: Ownership<'_>, rules: &Policy) -> String {
    // Of an object in somebody else's namespace nothing more is told: a release record can name any object.
    let visible = subject
        .key
        .namespace
        .as_deref()
        .is_none_or(|namespace| namespace == subject.owner.namespace);
    let writer = || {
        let writer = last_writer(live, rules);
        writer.map_or_else(String::new, |writer| {
            format!("; last written by {writer} (claimed)")
        })
    };
    match ownership {
        Ownership::Another(owner) if visible => {
            format!(
                "not owned by this release: it belongs to release {}/{}{}",
                owner.namespace,
                owner.name,
                writer()
            )
        }
        Ownership::Nobody if visible => {
            format!("not owned by this release: it belongs to no release{}", writer())
        }
        Ownership::Another(_) | Ownership::Nobody | Ownership::Ours => "not owned by this release".to_owned(),
    }
}

/// Who wrote the object itself last, Helm or a person: controllers write all the time.
fn last_writer(live: &Live<'_>, rules: &Policy) -> Option<String> {
    let entry = live
        .managed
        .iter()
        .filter(|entry| {
            entry.subresource.is_empty()
                && match rules.managers.who(&entry.manager) {
                    ManagerKind::Helm | ManagerKind::Person => true,
                    ManagerKind::Program => false,
                }
        })
        .max_by_key(|entry| entry.time)?;
    let time = entry.time.map_or_else(String::new, |time| {
        format!(" at {}", time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    });
    Some(format!("{}{time}", entry.manager))
}

fn deleted(live: &Value) -> Option<&str> {
    live.pointer("/metadata/deletionTimestamp")?.as_str()
}

fn terminating(live: &Value, since: &str) -> String {
    let finalizers: Vec<&str> = live
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .map(|finalizers| finalizers.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if finalizers.is_empty() {
        format!("deleted at {since}, still terminating")
    } else {
        format!(
            "deleted at {since}, waiting for its finalizers: {}",
            finalizers.join(", ")
        )
    }
}

/// Helm creates what is missing, and touches neither what it no longer names nor what is being deleted. What it does to
/// a foreign object depends on who wrote which of its fields.
const fn next_upgrade(state: ObjectState) -> Option<NextUpgrade> {
    match state {
        ObjectState::Missing => Some(NextUpgrade::Revert),
        ObjectState::Terminating | ObjectState::Leftover => Some(NextUpgrade::Keep),
        ObjectState::InSync
        | ObjectState::Drifted
        | ObjectState::Foreign
        | ObjectState::Unknown
        | ObjectState::Ignored => None,
    }
}

/// The report of an object without findings.
pub fn empty_report(
    key: &ObjectKey,
    template: Option<&str>,
    state: ObjectState,
    reason: Option<String>,
) -> ObjectReport {
    let ObjectKey {
        gvk: Gvk { api_version, kind },
        namespace,
        name,
    } = key.clone();
    ObjectReport {
        api_version,
        kind,
        namespace,
        name,
        template: template.map(str::to_owned),
        state,
        reason,
        next_upgrade: next_upgrade(state),
        ignored_by: None,
        findings: Vec::new(),
        patch: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::attribution::Autoscaler;
    use super::*;
    use crate::manifest::desired::Owner;
    use crate::release::operations::Operations;
    use crate::source::{Lookup, ReadError};
    use crate::types::TypeTable;
    use crate::vocabulary::ApplyMethod;
    use serde_json::json;
    use std::sync::Arc;
    use std::sync::LazyLock;

    const OWNER: Owner<'_> = Owner {
        name: "web",
        namespace: "shop",
    };

    static NO_OPERATIONS: LazyLock<Operations> = LazyLock::new(Operations::default);

    fn key(api_version: &str, kind: &str, namespace: &str) -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new(api_version, kind),
            namespace: Some(namespace.into()),
            name: "web".into(),
        }
    }

    fn subject<'a>(key: &'a ObjectKey, body: &'a str) -> Subject<'a> {
        Subject {
            key,
            template: None,
            owner: OWNER,
            role: Role::Expected,
            expires: false,
            body,
            duplicate_documents: &[],
            previous: None,
            attempted: &[],
            method: ApplyMethod::Csa,
            shape: TypeTable::builtin().kind(&key.gvk.api_version, &key.gvk.kind),
            operations: &NO_OPERATIONS,
            autoscaler: Autoscaler::None,
            values: Values::Shown,
        }
    }

    fn owned(extra: &Value) -> Value {
        let mut live = json!({"metadata": {
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}}});
        json_patch::merge(&mut live, extra);
        live
    }

    fn judge(subject: &Subject<'_>, lookup: &Lookup<'_>, rules: &Policy) -> Option<ObjectReport> {
        super::judge(subject, &LiveObject::parse(lookup), rules).map(|judged| judged.report)
    }

    fn state(subject: &Subject<'_>, live: &Value) -> (ObjectState, Option<String>) {
        let report = judge(subject, &Lookup::Found(&live.to_string()), &Policy::default()).unwrap();
        (report.state, report.reason)
    }

    #[test]
    fn only_a_404_makes_an_object_missing() {
        let key = key("v1", "ConfigMap", "shop");
        let subject = subject(&key, "{}");
        let judged = |lookup: Lookup<'_>| judge(&subject, &lookup, &Policy::default()).unwrap();
        assert_eq!(judged(Lookup::NotFound).state, ObjectState::Missing);
        let error = ReadError::TimedOut { seconds: 30 };
        let unknown = judged(Lookup::Unreadable(&error));
        assert_eq!(
            (unknown.state, unknown.reason.as_deref()),
            (ObjectState::Unknown, Some("timed out after 30 s"))
        );
        assert_eq!(judged(Lookup::Found("{")).state, ObjectState::Unknown);
    }

    /// Regression: of an object that the manifest names twice the last document was expected to be what is there, but
    /// an installation applies both at the same time.
    #[test]
    fn either_of_two_documents_for_one_object_may_have_won() {
        let key = key("v1", "ConfigMap", "shop");
        let (first, last) = (json!({"data": {"x": "1", "y": "1"}}), json!({"data": {"x": "2"}}));
        let (body, duplicate_documents) = (last.to_string(), [Arc::from(first.to_string())]);
        let subject = Subject {
            duplicate_documents: &duplicate_documents,
            ..subject(&key, &body)
        };
        assert_eq!(state(&subject, &owned(&first)).0, ObjectState::InSync);
        assert_eq!(state(&subject, &owned(&last)).0, ObjectState::InSync);
        let other = owned(&json!({"data": {"x": "3"}}));
        let report = judge(&subject, &Lookup::Found(&other.to_string()), &Policy::default()).unwrap();
        let found: Vec<_> = report
            .findings
            .iter()
            .map(|finding| (&*finding.path, &finding.desired))
            .collect();
        assert_eq!(found, [("/data/x", &Some(json!("2")))]);
    }

    #[test]
    fn a_finished_job_that_its_ttl_removed_is_in_sync() {
        let key = key("batch/v1", "Job", "shop");
        let subject = Subject {
            expires: true,
            ..subject(&key, "{}")
        };
        let report = judge(&subject, &Lookup::NotFound, &Policy::default()).unwrap();
        assert_eq!(report.state, ObjectState::InSync);
    }

    #[test]
    fn objects_of_others_are_foreign_and_nothing_of_them_is_shown() {
        let near = key("v1", "ConfigMap", "shop");
        let live = owned(
            &json!({"metadata": {"annotations": {"meta.helm.sh/release-name": "api"}}, "data": {"a": "x"}}),
        );
        assert_eq!(
            state(&subject(&near, r#"{"data":{"a":"y"}}"#), &live),
            (
                ObjectState::Foreign,
                Some("not owned by this release: it belongs to release shop/api".into())
            )
        );
        let far = key("v1", "ConfigMap", "bank");
        assert_eq!(
            state(&subject(&far, r#"{"data":{"a":"y"}}"#), &live),
            (ObjectState::Foreign, Some("not owned by this release".into()))
        );
        assert_eq!(
            state(&subject(&near, "{}"), &json!({"metadata": {}})),
            (
                ObjectState::Foreign,
                Some("not owned by this release: it belongs to no release".into())
            )
        );
    }

    #[test]
    fn terminating_objects_are_not_compared() {
        let key = key("v1", "ConfigMap", "shop");
        let live = owned(
            &json!({"metadata": {"deletionTimestamp": "2026-11-20T03:12:00Z", "finalizers": ["a", "b"]}}),
        );
        assert_eq!(
            state(&subject(&key, r#"{"data":{"a":"y"}}"#), &live),
            (
                ObjectState::Terminating,
                Some("deleted at 2026-11-20T03:12:00Z, waiting for its finalizers: a, b".into())
            )
        );
    }

    #[test]
    fn leftovers_are_reported_only_while_they_are_ours_and_not_kept() {
        let key = key("v1", "ConfigMap", "shop");
        let subject = Subject {
            role: Role::Leftover,
            ..subject(&key, "{}")
        };
        let judged = |live: &Value| {
            judge(&subject, &Lookup::Found(&live.to_string()), &Policy::default()).map(|report| report.state)
        };
        assert_eq!(judged(&owned(&json!({}))), Some(ObjectState::Leftover));
        assert_eq!(
            judged(&owned(
                &json!({"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}})
            )),
            None
        );
        assert_eq!(judged(&json!({"metadata": {}})), None);
        assert_eq!(judge(&subject, &Lookup::NotFound, &Policy::default()), None);
    }

    #[test]
    fn secret_values_leave_no_trace_in_findings_and_patches() {
        let key = key("v1", "Secret", "shop");
        let live = owned(&json!({"data": {"password": "bmV3LXNlY3JldA=="}, "type": "Opaque"}));
        let body = r#"{"stringData":{"password":"hunter2"},"type":"Opaque","metadata":{"labels":{"a":"b"}}}"#;
        let report = judge(
            &subject(&key, body),
            &Lookup::Found(&live.to_string()),
            &Policy::default(),
        )
        .unwrap();
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(report.findings.len(), 2, "{text}");
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.path == "/data/password" && finding.redacted)
        );
        for secret in ["hunter2", "aHVudGVyMg", "bmV3LXNlY3JldA", "new-secret"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(
            report.patch,
            [json!({"op": "add", "path": "/metadata/labels/a", "value": "b"})]
        );
    }

    #[test]
    fn a_record_from_another_namespace_shows_no_values() {
        let key = key("v1", "ConfigMap", "shop");
        let live = owned(&json!({"data": {"a": "live-value"}}));
        let subject = Subject {
            values: Values::Hidden,
            ..subject(&key, r#"{"data":{"a":"claimed-value"}}"#)
        };
        let report = judge(&subject, &Lookup::Found(&live.to_string()), &Policy::default()).unwrap();
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(
            (report.state, report.findings[0].path.as_str()),
            (ObjectState::Drifted, "/data/a")
        );
        assert!(!text.contains("-value"), "{text}");
    }

    #[test]
    fn the_operator_can_move_a_code_to_the_other_severity() {
        let key = key("v1", "ConfigMap", "shop");
        let live = owned(&json!({"data": {"a": "x"}}));
        let rules = Policy {
            severity: vec![(FindingCode::Changed, Severity::Info)],
            ..Policy::default()
        };
        let subject = subject(&key, r#"{"data":{"a":"y"}}"#);
        let report = judge(&subject, &Lookup::Found(&live.to_string()), &rules).unwrap();
        assert_eq!((report.state, report.findings.len()), (ObjectState::InSync, 1));
        assert_eq!(report.patch, Vec::<Value>::new(), "the patch covers drift only");
    }

    /// The API server takes whatever is there for somebody else's when nobody is known to own it.
    #[test]
    fn a_change_without_managed_fields_conflicts_on_the_server() {
        let key = key("v1", "ConfigMap", "shop");
        let live = owned(&json!({"data": {"a": "x"}})).to_string();
        for (method, expected) in [
            (ApplyMethod::Csa, NextUpgrade::Revert),
            (ApplyMethod::Ssa, NextUpgrade::Conflict),
        ] {
            let subject = Subject {
                method,
                ..subject(&key, r#"{"data":{"a":"y"}}"#)
            };
            let report = judge(&subject, &Lookup::Found(&live), &Policy::default()).unwrap();
            assert_eq!(report.findings[0].next_upgrade, Some(expected), "{method}");
        }
    }
}
