//! Values that somebody put back after an upgrade, and values that never arrived.

use super::*;

/// What Helm owns of the Deployment, without the image that somebody took over.
fn everything_but_the_image() -> Value {
    let mut fields = everything();
    json_patch::merge(
        &mut fields,
        &json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": null}}}}}}),
    );
    fields
}

/// The previous revision had image `old`, the baseline has `a`, the object has `old`: it never arrived, or somebody put
/// it back.
#[test]
fn a_value_of_the_previous_revision_was_put_back_where_that_is_proven() {
    use ApplyMethod::{Csa, Ssa};
    use FindingCode::{MutatedAtAdmission, NotApplied, Overwritten, Undone};
    let end = "2026-11-20T03:00:30Z";
    let rest = everything_but_the_image();
    let helm = |operation: &str, time: &str| entry("helm", operation, "", time, &rest);
    let other = |manager: &str, time: &str| entry(manager, "Update", "", time, &image());
    let (apply, update) = (helm("Apply", DURING), helm("Update", DURING));
    for (why, method, managed, code, manager) in [
        (
            "the applied set names everything, and somebody took the image out of it",
            Ssa,
            vec![apply.clone(), other("kubectl-edit", AFTER)],
            Undone,
            Some("kubectl-edit"),
        ),
        (
            "a merge wrote what differed, and somebody took the image over",
            Csa,
            vec![update.clone(), other("kubectl", AFTER)],
            Undone,
            Some("kubectl"),
        ),
        (
            "programs put things back as well",
            Csa,
            vec![update.clone(), other("velero-server", AFTER)],
            Undone,
            Some("velero-server"),
        ),
        (
            "of several the latest counts",
            Csa,
            vec![
                update.clone(),
                other("kubectl-edit", EARLIER),
                other("kubectl-set", AFTER),
            ],
            Undone,
            Some("kubectl-set"),
        ),
        (
            "by the same name, and by an upgrade that another Helm made",
            Csa,
            vec![update.clone(), entry("helm", "Apply", "", AFTER, &image())],
            Overwritten,
            Some("helm"),
        ),
        (
            "Helm never wrote this object while the baseline was rolled out",
            Csa,
            vec![helm("Update", EARLIER), other("kubectl-edit", AFTER)],
            NotApplied,
            Some("kubectl-edit"),
        ),
        (
            "the entry by which this release is applied is old",
            Ssa,
            vec![helm("Apply", EARLIER), other("kubectl-edit", AFTER)],
            NotApplied,
            Some("kubectl-edit"),
        ),
        (
            "Helm may still have been waiting",
            Csa,
            vec![update.clone(), other("kubectl-edit", DURING)],
            NotApplied,
            Some("kubectl-edit"),
        ),
        (
            "the second in which Helm ended",
            Csa,
            vec![update.clone(), other("kubectl-edit", end)],
            NotApplied,
            Some("kubectl-edit"),
        ),
        (
            "written before the upgrade",
            Csa,
            vec![update.clone(), other("kubectl-edit", EARLIER)],
            NotApplied,
            Some("kubectl-edit"),
        ),
        ("nobody owns it", Csa, vec![update.clone()], NotApplied, None),
        (
            "Helm owns it: the value in its request was this one, or admission made it so",
            Csa,
            vec![entry("helm", "Update", "", DURING, &everything())],
            NotApplied,
            Some("helm"),
        ),
        (
            "two own it: Helm's apply agreed with what was there",
            Ssa,
            vec![
                entry("helm", "Apply", "", DURING, &everything()),
                entry("flux", "Apply", "", AFTER, &image()),
            ],
            NotApplied,
            Some("flux"),
        ),
        ("no managed fields", Csa, vec![], NotApplied, None),
    ] {
        let case = Case {
            previous: Some(with_image("old")),
            live: with_image("old"),
            managed,
            method,
            ..Case::default()
        };
        let finding = case.one();
        let actor = finding.actor.as_ref().map(|actor| actor.manager.as_str());
        assert_eq!((finding.code, actor), (code, manager), "{why}");
        assert_eq!(finding.from_revision, Some(1), "{why}");
        assert_ne!(finding.code, MutatedAtAdmission, "{why}");
    }
}

/// Helm wrote the field and does not own it any more: somebody removed it again, and a removal leaves no name.
#[test]
fn a_field_that_somebody_removed_again_is_undone_without_a_writer() {
    let mut with_pause = everything();
    with_pause["f:spec"]["f:paused"] = json!({});
    let mut desired = deployment();
    desired["spec"]["paused"] = json!(true);
    for (kind, fields, code) in [
        (("apps/v1", "Deployment"), everything(), FindingCode::Undone),
        // Still owned: the server dropped it.
        (("apps/v1", "Deployment"), with_pause, FindingCode::NotApplied),
        // No schema says whether the server knows the field.
        (
            ("example.com/v1", "Deployment"),
            everything(),
            FindingCode::NotApplied,
        ),
    ] {
        let case = Case {
            kind,
            previous: Some(deployment()),
            desired: desired.clone(),
            live: json!({"spec": {"paused": null}}),
            managed: vec![entry("helm", "Apply", "", DURING, &fields)],
            ..Case::default()
        };
        let finding = case.one();
        assert_eq!((finding.code, finding.actor), (code, None), "{kind:?}");
    }
}

/// A value that is owned as a whole has one owner, which is who removed a part of it.
#[test]
fn a_part_of_an_atomic_value_is_undone_by_the_owner_of_the_whole() {
    let selector = |labels: Value| json!({"spec": {"selector": labels}});
    for (time, code) in [(AFTER, FindingCode::Undone), (DURING, FindingCode::NotApplied)] {
        let case = Case {
            kind: ("v1", "Service"),
            previous: Some(selector(json!({"app": "web"}))),
            desired: selector(json!({"app": "web", "track": "stable"})),
            live: selector(json!({"track": null})),
            managed: vec![
                entry("helm", "Apply", "", DURING, &json!({"f:spec": {"f:type": {}}})),
                entry(
                    "kubectl-edit",
                    "Update",
                    "",
                    time,
                    &json!({"f:spec": {"f:selector": {}}}),
                ),
            ],
            ..Case::default()
        };
        let finding = case.one();
        let actor = finding.actor.map(|actor| actor.manager);
        assert_eq!((finding.code, actor.as_deref()), (code, Some("kubectl-edit")));
    }
}

/// Without a Go type Helm compares the manifests alone, and one before the baseline that failed may have had the
/// baseline's value already.
#[test]
fn a_custom_resource_is_undone_only_after_a_revision_that_was_deployed() {
    let widget = |size: u8| json!({"spec": {"size": size}});
    let (size, color) = (
        json!({"f:spec": {"f:size": {}}}),
        json!({"f:spec": {"f:color": {}}}),
    );
    let case = |kind| Case {
        kind,
        previous: Some(widget(1)),
        desired: widget(2),
        live: widget(1),
        managed: vec![
            entry("helm", "Update", "", DURING, &color),
            entry("kubectl-edit", "Update", "", AFTER, &size),
        ],
        method: ApplyMethod::Csa,
        ..Case::default()
    };
    // Revision 1 failed.
    assert_eq!(
        case(("example.com/v1", "Widget")).one().code,
        FindingCode::NotApplied
    );
    assert_eq!(case(("apps/v1", "Widget")).one().code, FindingCode::NotApplied);
    let applied = Case {
        method: ApplyMethod::Ssa,
        managed: vec![
            entry("helm", "Apply", "", DURING, &color),
            entry("kubectl-edit", "Update", "", AFTER, &size),
        ],
        ..case(("example.com/v1", "Widget"))
    };
    assert_eq!(applied.one().code, FindingCode::Undone);
}

/// A write that has a code of its own keeps it.
#[test]
fn an_autoscalers_way_back_to_the_previous_count_is_no_undoing() {
    let mut rest = everything();
    json_patch::merge(&mut rest, &json!({"f:spec": {"f:replicas": null}}));
    for (manager, subresource, code) in [
        ("kube-controller-manager", "scale", FindingCode::Autoscaled),
        ("kubectl", "scale", FindingCode::Undone),
    ] {
        let mut previous = deployment();
        previous["spec"]["replicas"] = json!(5);
        let case = Case {
            previous: Some(previous),
            live: json!({"spec": {"replicas": 5}}),
            managed: vec![
                entry("helm", "Apply", "", DURING, &rest),
                entry(manager, "Update", subresource, AFTER, &replicas()),
            ],
            autoscaler: Autoscaler::Targets,
            ..Case::default()
        };
        assert_eq!(case.one().code, code, "{manager}");
    }
}
