//! What rules and annotations do to the verdict on an object.

use serde_json::{Value, json};

use super::*;
use crate::classify::fixtures::{key, subject};
use crate::classify::live::LiveObject;
use crate::classify::object::judge;
use crate::classify::subject::{Role, Subject};
use crate::compare::path::Segment;
use crate::compare::work::Work;
use crate::model::Actor;
use crate::object::Gvk;
use crate::policy::Policy;
use crate::policy::glob::Glob;
use crate::policy::redact::Redaction;
use crate::source::{Lookup, ReadError};
use crate::vocabulary::FindingCode;

const KEY: &str = "example.com/driftline-ignore";
const BODY: &str = r#"{"spec": {"replicas": 3, "template": {"spec": {"containers": [
    {"name": "app", "image": "web:1"}, {"name": "log", "image": "log:1"}]}}}}"#;

fn glob(text: &str) -> Glob {
    text.parse().unwrap()
}

fn at(path: &str) -> Rule {
    Rule {
        paths: vec![path.parse().unwrap()],
        ..Rule::default()
    }
}

fn whole() -> Rule {
    Rule {
        name: Some(glob("we*")),
        ..Rule::default()
    }
}

fn ignoring(rules: Vec<Rule>) -> IgnoreRules {
    IgnoreRules {
        rules,
        annotation: None,
    }
}

fn annotated() -> IgnoreRules {
    IgnoreRules {
        rules: Vec::new(),
        annotation: Some(KEY.to_owned()),
    }
}

/// A Deployment of which replicas and the image of one container differ, with an annotation if one is given.
fn live(annotation: Option<&str>) -> Value {
    let mut live = json!({
        "metadata": {
            "labels": {"app.kubernetes.io/managed-by": "Helm", "tier": "front"},
            "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"},
        },
        "spec": {"replicas": 5, "template": {"spec": {"containers": [
            {"name": "app", "image": "web:2"}, {"name": "log", "image": "log:1"}]}}},
    });
    if let Some(value) = annotation {
        live["metadata"]["annotations"][KEY] = value.into();
    }
    live
}

fn deployment() -> ObjectKey {
    key("apps/v1", "Deployment", "shop")
}

fn judged(role: Role, lookup: &Lookup<'_>, ignore: IgnoreRules) -> ObjectReport {
    let key = deployment();
    let subject = Subject {
        role,
        ..subject(&key, BODY)
    };
    let policy = Policy {
        ignore,
        ..Policy::default()
    };
    judge(
        &subject,
        &LiveObject::parse(lookup),
        &policy,
        &Work::of_steps(u64::MAX),
    )
    .unwrap()
    .report
}

/// One dialect in every key of a rule: a pattern says of a key in a path what it says of a name.
#[test]
fn all_keys_of_a_rule_speak_one_dialect() {
    let names: [fn(Option<Glob>) -> Rule; 6] = [
        |kind| Rule {
            kind,
            ..Rule::default()
        },
        |api_version| Rule {
            api_version,
            ..Rule::default()
        },
        |namespace| Rule {
            namespace,
            ..Rule::default()
        },
        |name| Rule {
            name,
            ..Rule::default()
        },
        |release| Rule {
            release,
            ..Rule::default()
        },
        |manager| Rule {
            manager,
            ..Rule::default()
        },
    ];
    for (pattern, text, matches) in [
        ("web-a", "web-a", true),
        ("web", "web-a", false),
        ("web*", "web-a", true),
        ("*-a", "web-a", true),
        ("we?-{a,b}", "web-a", true),
        ("we?-{a,b}", "web-c", false),
        ("{we*,api}", "web-a", true),
        ("we[ab]", "web", true),
        ("we[!ab]", "web", false),
        ("we[!ab]", "wez", true),
        (r"we\*", "we*", true),
        (r"we\*", "web", false),
        ("we?", "we", false),
    ] {
        let object = ObjectKey {
            gvk: Gvk::new(text, text),
            namespace: Some(text.to_owned()),
            name: text.to_owned(),
        };
        let root = FieldPath::root();
        let quoted = Value::from(pattern);
        let places = [
            (format!("/data[{quoted}]"), root.key("data").key(text)),
            (
                format!("/list[name={pattern}]"),
                root.key("list")
                    .join(Segment::Match(vec![("name".into(), text.into())])),
            ),
            (
                format!("/list[name={quoted}]"),
                root.key("list")
                    .join(Segment::Match(vec![("name".into(), text.into())])),
            ),
            (
                format!("/set[={pattern}]"),
                root.key("set").join(Segment::Member(text.into())),
            ),
        ];
        // Without quotes brackets begin the next step of a path.
        let plain =
            (!pattern.contains('[')).then(|| (format!("/data/{pattern}"), root.key("data").key(text)));
        let rules = names
            .iter()
            .map(|rule| (rule(Some(glob(pattern))), root.key("spec")))
            .chain(
                places
                    .into_iter()
                    .chain(plain)
                    .map(|(path, place)| (at(&path), place)),
            );
        for (rule, path) in rules {
            let takes =
                rule.covers(&object, text, None) && rule.takes(&path, Some(text), FindingCode::Changed);
            assert_eq!(takes, matches, "{rule:?} and {text}");
        }
    }
}

fn found(live: &Value, ignore: IgnoreRules) -> ObjectReport {
    judged(Role::Expected, &Lookup::Found(&live.to_string()), ignore)
}

/// The last key of each finding, with who ignores it.
fn findings(report: &ObjectReport) -> Vec<(&str, Option<IgnoredBy>)> {
    let findings = report.findings.iter();
    findings
        .map(|finding| {
            (
                finding.path.rsplit('/').next().unwrap_or_default(),
                finding.ignored_by,
            )
        })
        .collect()
}

const BY_1: Option<IgnoredBy> = Some(IgnoredBy::Rule(1));
const BY_2: Option<IgnoredBy> = Some(IgnoredBy::Rule(2));
const BY_ITSELF: Option<IgnoredBy> = Some(IgnoredBy::Annotation);

#[test]
fn a_rule_takes_the_field_that_it_names_and_no_other() {
    let report = found(&live(None), ignoring(vec![at("/spec/replicas")]));
    assert_eq!(report.state, ObjectState::Drifted);
    assert_eq!(findings(&report), [("replicas", BY_1), ("image", None)]);
    let patched: Vec<_> = report.patch.iter().map(|operation| &operation["path"]).collect();
    assert_eq!(patched, ["/spec/template/spec/containers/0/image"]);
}

#[test]
fn an_object_whose_drift_is_all_ignored_is_ignored() {
    let rules = vec![at("/spec/replicas"), at("containers[name=app]")];
    let report = found(&live(None), ignoring(rules));
    assert_eq!((report.state, report.ignored_by), (ObjectState::Ignored, None));
    assert_eq!(findings(&report), [("replicas", BY_1), ("image", BY_2)]);
    assert_eq!(report.patch, Vec::<Value>::new());
}

#[test]
fn the_first_rule_that_matches_takes_a_finding() {
    let report = found(&live(None), ignoring(vec![at("image"), whole()]));
    assert_eq!(findings(&report), [("replicas", BY_2), ("image", BY_1)]);
}

/// A change to a rule, and whether the rule matches then.
type Case = (fn(Rule) -> Rule, bool);

#[test]
fn every_key_of_a_rule_must_match() {
    let replicas = || at("/spec/replicas");
    let cases: [Case; 16] = [
        (
            |rule| Rule {
                kind: Some(glob("Deploy*")),
                ..rule
            },
            true,
        ),
        (
            |rule| Rule {
                kind: Some(glob("StatefulSet")),
                ..rule
            },
            false,
        ),
        (
            |rule| Rule {
                api_version: Some(glob("apps/*")),
                ..rule
            },
            true,
        ),
        (
            |rule| Rule {
                api_version: Some(glob("batch/*")),
                ..rule
            },
            false,
        ),
        (
            |rule| Rule {
                namespace: Some(glob("{shop,bank}")),
                ..rule
            },
            true,
        ),
        (
            |rule| Rule {
                namespace: Some(glob("team-*")),
                ..rule
            },
            false,
        ),
        (
            |rule| Rule {
                name: Some(glob("w?b")),
                ..rule
            },
            true,
        ),
        (
            |rule| Rule {
                name: Some(glob("web-*")),
                ..rule
            },
            false,
        ),
        (
            |rule| Rule {
                release: Some(glob("web")),
                ..rule
            },
            true,
        ),
        (
            |rule| Rule {
                release: Some(glob("api")),
                ..rule
            },
            false,
        ),
        (
            |rule| Rule {
                labels: Some("tier in (front),!zone".parse().unwrap()),
                ..rule
            },
            true,
        ),
        (
            |rule| Rule {
                labels: Some("tier=db".parse().unwrap()),
                ..rule
            },
            false,
        ),
        (
            |rule| Rule {
                codes: vec![FindingCode::Removed, FindingCode::Changed],
                ..rule
            },
            true,
        ),
        (
            |rule| Rule {
                codes: vec![FindingCode::Removed],
                ..rule
            },
            false,
        ),
        (
            |rule| Rule {
                paths: vec!["/data".parse().unwrap()],
                ..rule
            },
            false,
        ),
        // Nobody is said to have written it.
        (
            |rule| Rule {
                manager: Some(glob("*")),
                ..rule
            },
            false,
        ),
    ];
    for (change, matches) in cases {
        let rule = change(replicas());
        let text = rule.description(&Redaction::default());
        let report = found(&live(None), ignoring(vec![rule]));
        assert_eq!(findings(&report)[0].1.is_some(), matches, "{text}");
    }
}

#[test]
fn a_rule_may_go_by_who_is_said_to_have_written_the_value() {
    let mut finding = found(&live(None), IgnoreRules::default()).findings.remove(0);
    finding.actor = Some(Actor {
        manager: "kubectl-scale".into(),
        operation: "Update".into(),
        subresource: None,
        time: None,
    });
    let path = FieldPath::root().key("spec").key("replicas");
    for (manager, taken) in [("kubectl-*", BY_1), ("argocd", None)] {
        let ignoring = ignoring(vec![Rule {
            manager: Some(glob(manager)),
            ..Rule::default()
        }]);
        assert_eq!(
            ignoring.on(&deployment(), "web", None).finding(&path, &finding),
            taken
        );
    }
}

#[test]
fn only_a_rule_about_objects_covers_one_that_is_missing() {
    let missing = |rule| judged(Role::Expected, &Lookup::NotFound, ignoring(vec![rule]));
    let report = missing(whole());
    assert_eq!((report.state, report.ignored_by), (ObjectState::Ignored, BY_1));
    assert_eq!(report.reason.as_deref(), Some("missing; ignored by rule 1"));
    assert_eq!(missing(at("/")).state, ObjectState::Missing);
    let labelled = Rule {
        labels: Some("tier!=db".parse().unwrap()),
        ..Rule::default()
    };
    assert_eq!(
        missing(labelled).state,
        ObjectState::Missing,
        "it has no labels to go by"
    );
}

#[test]
fn a_rule_about_objects_covers_every_state_that_is_drift() {
    let mut foreign = live(None);
    foreign["metadata"]["annotations"] = json!({});
    let mut terminating = live(None);
    terminating["metadata"]["deletionTimestamp"] = "2026-11-20T03:12:00Z".into();
    for (role, live, reason) in [
        (
            Role::Expected,
            foreign,
            "foreign: not owned by this release: it belongs to no release; ignored by rule 1",
        ),
        (
            Role::Expected,
            terminating,
            "terminating: deleted at 2026-11-20T03:12:00Z, still terminating; ignored by rule 1",
        ),
        (Role::Leftover, live(None), "leftover; ignored by rule 1"),
    ] {
        let report = judged(role, &Lookup::Found(&live.to_string()), ignoring(vec![whole()]));
        assert_eq!((report.state, report.ignored_by), (ObjectState::Ignored, BY_1));
        assert_eq!(report.reason.as_deref(), Some(reason));
    }
}

#[test]
fn what_could_not_be_read_is_never_ignored() {
    let error = ReadError::TimedOut { seconds: 30 };
    let report = judged(
        Role::Expected,
        &Lookup::Unreadable(&error),
        ignoring(vec![whole()]),
    );
    assert_eq!(report.state, ObjectState::Unknown);
}

#[test]
fn a_rule_leaves_an_object_in_sync_as_it_is() {
    let live = {
        let mut live = live(None);
        live["spec"] = serde_json::from_str::<Value>(BODY).unwrap()["spec"].clone();
        live
    };
    let report = found(&live, ignoring(vec![whole()]));
    assert_eq!((report.state, report.ignored_by), (ObjectState::InSync, None));
}

#[test]
fn an_annotation_means_nothing_unless_the_settings_name_it() {
    assert_eq!(
        found(&live(Some("true")), IgnoreRules::default()).state,
        ObjectState::Drifted
    );
}

#[test]
fn an_object_opts_out_as_a_whole_or_of_some_fields() {
    let report = found(&live(Some("true")), annotated());
    assert_eq!(
        (report.state, report.ignored_by),
        (ObjectState::Ignored, BY_ITSELF)
    );
    assert_eq!(findings(&report), [("replicas", BY_ITSELF), ("image", BY_ITSELF)]);
    assert_eq!(
        report.reason.as_deref(),
        Some("ignored by its annotation example.com/driftline-ignore")
    );
    let report = found(&live(Some("/spec/replicas, /data")), annotated());
    assert_eq!((report.state, report.ignored_by), (ObjectState::Drifted, None));
    assert_eq!(findings(&report), [("replicas", BY_ITSELF), ("image", None)]);
}

#[test]
fn an_annotation_that_makes_no_sense_ignores_nothing_and_is_reported() {
    let report = found(&live(Some("/spec/replicas,sure")), annotated());
    assert_eq!(report.state, ObjectState::Drifted);
    assert_eq!(findings(&report), [("replicas", None), ("image", None)]);
    let reason = report.reason.unwrap_or_default();
    assert_eq!(
        reason.rsplit("; ").next(),
        Some(
            "its annotation example.com/driftline-ignore ignores nothing: entry 2 is neither `true` nor a path \
             such as /spec/replicas"
        )
    );
}

/// Otherwise a forged release record could be used to read annotations of other objects.
#[test]
fn the_annotation_of_a_foreign_object_is_not_reported() {
    for value in ["true", "sure"] {
        let mut live = live(Some(value));
        live["metadata"]["annotations"]["meta.helm.sh/release-name"] = "api".into();
        let report = found(&live, annotated());
        assert_eq!((report.state, report.ignored_by), (ObjectState::Foreign, None));
        assert!(!report.reason.unwrap().contains("annotation"));
    }
}
