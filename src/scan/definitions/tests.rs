//! Objects of a kind whose definition changes with them: what a preview says of them, against what the API server says of
//! the kind now.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::manifest::rendered::Rendered;
use crate::model::{Preview, Report};
use crate::release::history::Depth;
use crate::report::fixtures::test_cluster::{TestCluster, TestRelease, TestRevision, options};
use crate::scan::{PreviewRequest, ScanOptions};
use crate::vocabulary::{HealthCode, PreviewAction, PreviewEffect, PreviewOutcome};

const WEB: TestRelease = TestRelease::new("shop", "web");

/// A definition of ovens whose `spec` has these fields.
fn definition(fields: &Value) -> Value {
    with_versions(&json!([version("v1", true, fields)]))
}

fn with_versions(versions: &Value) -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ovens.ovens.example.com"},
        "spec": {"group": "ovens.example.com", "scope": "Namespaced",
            "names": {"kind": "Oven", "plural": "ovens"}, "versions": versions}})
}

fn version(name: &str, served: bool, fields: &Value) -> Value {
    json!({"name": name, "served": served, "storage": true, "schema": {"openAPIV3Schema": {
        "type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}}})
}

fn oven(spec: &Value) -> Value {
    json!({"apiVersion": "ovens.example.com/v1", "kind": "Oven", "metadata": {"name": "big"}, "spec": spec})
}

/// A cluster in which the last of some revisions is deployed, with what the API server publishes of its definition.
fn cluster(revisions: &[&[Value]]) -> TestCluster {
    let mut cluster = TestCluster::new();
    for (number, objects) in (1..).zip(revisions) {
        let status = if number == revisions.len() as u64 {
            "deployed"
        } else {
            "superseded"
        };
        cluster.store(
            WEB,
            &TestRevision {
                number,
                status,
                time: "2026-11-18T09:12:00Z",
                description: "Upgrade complete",
                objects,
            },
        );
    }
    for object in revisions.last().copied().unwrap_or_default() {
        cluster.put(WEB, object, &[]);
        if object["kind"] == "CustomResourceDefinition" {
            cluster.publish(object);
        }
    }
    cluster
}

fn only_preview(report: Report) -> Preview {
    let mut releases = report.releases;
    releases.pop().and_then(|release| release.preview).unwrap()
}

/// The preview of an upgrade from some objects to others.
fn upgrade(from: &[Value], to: &[Value]) -> Preview {
    let manifests: Vec<String> = to.iter().map(|object| format!("---\n{object}\n")).collect();
    let rendered = Rendered::parse(&manifests.concat()).unwrap();
    let options = ScanOptions {
        preview: Some(PreviewRequest::Upgrade(Arc::new(rendered))),
        ..options()
    };
    only_preview(cluster(&[from]).scan_with(&options))
}

/// The preview of a rollback from some objects to others.
fn rollback(from: &[Value], to: &[Value]) -> Preview {
    let options = ScanOptions {
        preview: Some(PreviewRequest::Rollback),
        depth: Depth::Rollback(None),
        ..options()
    };
    only_preview(cluster(&[to, from]).scan_with(&options))
}

/// What happens to the oven, and why.
fn of_oven(preview: &Preview) -> (PreviewAction, &str) {
    let mut objects = preview.objects.iter();
    let oven = objects.find(|object| object.kind == "Oven").unwrap();
    (oven.action, oven.reason.as_deref().unwrap_or_default())
}

/// Regression: an object was held to the schema that the API server published before the operation.
#[test]
fn an_object_is_held_to_the_definition_that_the_operation_applies_before_it() {
    let at_least = |least: u64| json!({"heat": {"type": "integer", "minimum": least}});
    let named =
        |choices: Value| json!({"heat": {"type": "integer"}, "kind": {"type": "string", "enum": choices}});
    let fixed = |rules: Value| json!({"mode": {"type": "string", "x-kubernetes-validations": rules}});
    let rule = json!([{"rule": "self == oldSelf"}]);
    for (what, was, becomes, before, after, works) in [
        (
            "looser",
            at_least(5),
            at_least(1),
            json!({"heat": 7}),
            json!({"heat": 3}),
            true,
        ),
        (
            "stricter",
            at_least(1),
            at_least(5),
            json!({"heat": 7}),
            json!({"heat": 3}),
            false,
        ),
        (
            "stricter, and as it was",
            at_least(1),
            at_least(5),
            json!({"heat": 3}),
            json!({"heat": 3}),
            true,
        ),
        (
            "a choice more",
            named(json!(["a"])),
            named(json!(["a", "b"])),
            json!({"kind": "a"}),
            json!({"kind": "b"}),
            true,
        ),
        (
            "a choice less",
            named(json!(["a", "b"])),
            named(json!(["a"])),
            json!({"kind": "a"}),
            json!({"kind": "b"}),
            false,
        ),
        (
            "another type",
            json!({"heat": {"type": "integer"}}),
            json!({"heat": {"type": "string"}}),
            json!({"heat": 1}),
            json!({"heat": "1"}),
            true,
        ),
        (
            "a rule less",
            fixed(rule.clone()),
            fixed(json!([])),
            json!({"mode": "a"}),
            json!({"mode": "b"}),
            true,
        ),
        (
            "a rule more",
            fixed(json!([])),
            fixed(rule),
            json!({"mode": "a"}),
            json!({"mode": "b"}),
            false,
        ),
    ] {
        let from = [definition(&was), oven(&before)];
        let to = [definition(&becomes), oven(&after)];
        for (operation, preview) in [
            ("upgrade", upgrade(&from, &to)),
            ("rollback", rollback(&from, &to)),
        ] {
            let expected = if works {
                PreviewOutcome::Works
            } else {
                PreviewOutcome::Failed
            };
            assert_eq!(
                preview.outcome, expected,
                "{what}, {operation}: {}",
                preview.message
            );
            let fails = of_oven(&preview).0 == PreviewAction::Fail;
            assert_eq!(fails, !works, "{what}, {operation}");
        }
    }
}

#[test]
fn a_new_object_is_held_to_that_definition_too() {
    let at_least = |least: u64| definition(&json!({"heat": {"type": "integer", "minimum": least}}));
    for (was, becomes, action) in [(5, 1, PreviewAction::Create), (1, 5, PreviewAction::Fail)] {
        let preview = upgrade(&[at_least(was)], &[at_least(becomes), oven(&json!({"heat": 3}))]);
        assert_eq!(
            of_oven(&preview).0,
            action,
            "{was} to {becomes}: {}",
            preview.message
        );
    }
}

/// Fields are dropped and filled in by the new definition, in an object that Helm does not write, too.
#[test]
fn fields_are_dropped_and_filled_in_by_that_definition() {
    let heat = || json!({"heat": {"type": "integer"}});
    let mut with_mode = heat();
    with_mode["mode"] = json!({"type": "string"});
    let mut with_default = heat();
    with_default["mode"] = json!({"type": "string", "default": "slow"});
    let both = json!({"heat": 1, "mode": "fast"});
    let change = |after: Value| vec![("/spec/mode", PreviewEffect::Change, after)];
    let rows = [
        // It is no longer dropped.
        (
            heat(),
            with_mode.clone(),
            json!({"heat": 1}),
            both.clone(),
            change(json!("fast")),
        ),
        // It is dropped now.
        (with_mode.clone(), heat(), both.clone(), both, change(Value::Null)),
        (
            with_mode.clone(),
            with_default,
            json!({"heat": 1}),
            json!({"heat": 1}),
            change(json!("slow")),
        ),
        (heat(), with_mode, json!({"heat": 1}), json!({"heat": 1}), vec![]),
    ];
    for (was, becomes, before, after, expected) in rows {
        let preview = upgrade(
            &[definition(&was), oven(&before)],
            &[definition(&becomes), oven(&after)],
        );
        let oven = preview.objects.iter().find(|object| object.kind == "Oven");
        // What the manifest asks for and the definition drops is lost.
        let is_lost = oven.is_some_and(|oven| oven.fields.iter().any(|field| field.applied.is_some()));
        let outcome = if is_lost {
            PreviewOutcome::WorksBut
        } else {
            PreviewOutcome::Works
        };
        assert_eq!(preview.outcome, outcome, "{}", preview.message);
        assert_eq!(
            is_lost,
            after.get("mode").is_some() && becomes.get("mode").is_none()
        );
        let fields = oven.into_iter().flat_map(|oven| &oven.fields);
        let found: Vec<_> = fields
            .map(|field| {
                (
                    field.path.as_str(),
                    field.effect,
                    field.after.clone().unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{becomes}");
    }
}

#[test]
fn a_version_that_the_definition_gives_up_cannot_be_written() {
    let heat = json!({"heat": {"type": "integer"}});
    let versions = |served| with_versions(&json!([version("v1", served, &heat), version("v2", true, &heat)]));
    for after in [json!({"heat": 2}), json!({"heat": 1})] {
        let from = [versions(true), oven(&json!({"heat": 1}))];
        let preview = upgrade(&from, &[versions(false), oven(&after)]);
        assert_eq!(preview.outcome, PreviewOutcome::Failed, "{}", preview.message);
        let (_, why) = of_oven(&preview);
        assert!(why.contains("ovens.ovens.example.com"), "{why}");
    }
}

/// Helm looks for it by the version of its manifest.
#[test]
fn an_object_of_a_version_that_the_definition_gives_up_is_not_deleted() {
    let heat = json!({"heat": {"type": "integer"}});
    let versions = |served| with_versions(&json!([version("v1", served, &heat), version("v2", true, &heat)]));
    for (served, action) in [(true, PreviewAction::Delete), (false, PreviewAction::None)] {
        let from = [versions(true), oven(&json!({"heat": 1}))];
        let preview = upgrade(&from, &[versions(served)]);
        assert_eq!(of_oven(&preview).0, action, "{}", preview.message);
    }
}

/// Server-side apply is held to it as well, whoever owns what it loses.
#[test]
fn server_side_apply_refuses_a_field_that_the_definition_loses() {
    let published = json!({"heat": {"type": "integer"}, "mode": {"type": "string"}});
    let lost = definition(&json!({"heat": {"type": "integer"}}));
    let mut cluster = cluster(&[&[definition(&published), oven(&json!({"heat": 1, "mode": "slow"}))]]);
    cluster.apply_on_server();
    let manifests = format!(
        "---\n{lost}\n---\n{}\n",
        oven(&json!({"heat": 2, "mode": "slow"}))
    );
    let options = ScanOptions {
        preview: Some(PreviewRequest::Upgrade(Arc::new(
            Rendered::parse(&manifests).unwrap(),
        ))),
        ..options()
    };
    let preview = only_preview(cluster.scan_with(&options));
    assert_eq!(preview.outcome, PreviewOutcome::Failed, "{}", preview.message);
    let (action, why) = of_oven(&preview);
    assert_eq!(action, PreviewAction::Fail);
    assert!(why.contains("/spec/mode"), "{why}");
}

/// Neither schema is known to count: nothing certain is said.
#[test]
fn where_the_definition_cannot_be_relied_on_the_object_is_left_open() {
    let heat = json!({"heat": {"type": "integer"}});
    let mut unpruned = definition(&heat);
    unpruned["spec"]["preserveUnknownFields"] = json!(true);
    let mut broken = definition(&heat);
    broken["spec"]["versions"][0]["schema"] = json!({"openAPIV3Schema": {"type": 1}});
    for (becomes, outcome) in [
        (unpruned, PreviewOutcome::Unknown),
        (broken, PreviewOutcome::Failed),
    ] {
        let from = [definition(&heat), oven(&json!({"heat": 1}))];
        let preview = upgrade(&from, &[becomes, oven(&json!({"heat": 2}))]);
        assert_eq!(preview.outcome, outcome, "{}", preview.message);
        let (action, why) = of_oven(&preview);
        assert_eq!(action, PreviewAction::Unknown, "{why}");
    }
    // The names may not change, and the operation fails at the definition already.
    let mut renamed = definition(&json!({"heat": {"type": "integer", "minimum": 5}}));
    renamed["spec"]["names"]["plural"] = json!("kilns");
    let from = [definition(&heat), oven(&json!({"heat": 1}))];
    let preview = upgrade(&from, &[renamed, oven(&json!({"heat": 2}))]);
    assert_eq!(preview.outcome, PreviewOutcome::Failed, "{}", preview.message);
    assert_eq!(of_oven(&preview).0, PreviewAction::Unknown);
    assert!(
        !preview
            .causes
            .iter()
            .any(|cause| cause.object.as_deref() == Some("Oven shop/big"))
    );
}

/// Regression: an object was held to the definition of today, which a hook deletes and makes anew before it.
#[test]
fn an_object_whose_definition_is_a_hook_is_left_open() {
    let limited = definition(&json!({"heat": {"type": "integer", "minimum": 5}}));
    let from = [limited, oven(&json!({"heat": 7}))];
    for (event, is_open) in [
        ("pre-upgrade", true),
        ("post-upgrade", false),
        ("pre-rollback", false),
    ] {
        let mut hook = definition(&json!({"heat": {"type": "integer"}}));
        hook["metadata"]["annotations"] = json!({"helm.sh/hook": event});
        let preview = upgrade(&from, &[hook, oven(&json!({"heat": 3}))]);
        let (action, why) = of_oven(&preview);
        assert_eq!(
            action == PreviewAction::Unknown,
            is_open,
            "{event}: {action:?} {why}"
        );
    }
}

/// Every scan asks whether a rollback would work, by the same rules.
#[test]
fn a_scan_does_not_say_that_the_rollback_is_blocked_by_the_definition_of_today() {
    let at_least = |least: u64| definition(&json!({"heat": {"type": "integer", "minimum": least}}));
    for (newest, previous, is_blocked) in [(5, 1, false), (1, 5, true)] {
        let from = [at_least(newest), oven(&json!({"heat": 7}))];
        let to = [at_least(previous), oven(&json!({"heat": 3}))];
        let report = cluster(&[&to, &from]).scan_with(&options());
        let health = &report.releases[0].health;
        let found = health
            .iter()
            .any(|entry| entry.code == HealthCode::RollbackBlocked);
        assert_eq!(found, is_blocked, "{health:?}");
    }
}
