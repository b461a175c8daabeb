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

/// A strategic merge takes two protocols of one port for one port, and does not add the second. An apply does.
#[test]
fn an_element_that_shares_its_merge_key_is_not_undone_by_anybody() {
    use ApplyMethod::{Csa, Ssa};
    use FindingCode::{NotApplied, Undone};
    use NextUpgrade::{Keep, Revert};
    let ports = |ports: Value| json!({"spec": {"ports": ports}});
    let port = |port: u16, protocol: &str| json!({"name": format!("{port}-{protocol}"), "port": port, "protocol": protocol});
    let fields = json!({"f:spec": {"f:selector": {}}});
    for (why, method, desired, code, next) in [
        (
            "shared",
            Csa,
            json!([port(53, "UDP"), port(53, "TCP")]),
            NotApplied,
            Keep,
        ),
        (
            "by itself",
            Csa,
            json!([port(53, "UDP"), port(80, "TCP")]),
            Undone,
            Revert,
        ),
        (
            "shared",
            Ssa,
            json!([port(53, "UDP"), port(53, "TCP")]),
            Undone,
            Revert,
        ),
    ] {
        let operation = if method == Csa { "Update" } else { "Apply" };
        let old = ports(json!([port(53, "UDP")]));
        let case = Case {
            kind: ("v1", "Service"),
            previous: Some(old.clone()),
            desired: ports(desired),
            live: old,
            managed: vec![entry("helm", operation, "", DURING, &fields)],
            method,
            ..Case::default()
        };
        let finding = case.one();
        let found = (finding.code, finding.actor, finding.next_upgrade);
        assert_eq!(found, (code, None, Some(next)), "{why} {method}");
    }
}

/// The previous manifest or the live object alone may have the second element: the patch of either decides.
#[test]
fn a_merge_key_that_was_shared_proves_nothing_either() {
    let port = |protocol: &str, target: u16| json!({"name": protocol, "port": 53, "protocol": protocol, "targetPort": target});
    let ports = |ports: Value| json!({"spec": {"ports": ports}});
    let (one, both) = (
        ports(json!([port("UDP", 1)])),
        ports(json!([port("UDP", 1), port("TCP", 1)])),
    );
    for (previous, live, code) in [
        (&one, &one, FindingCode::Undone),
        (&both, &one, FindingCode::NotApplied),
        // The patch meets the first of the live elements, which is this one.
        (&one, &both, FindingCode::Undone),
    ] {
        let target = json!({"f:spec": {"f:ports": {
            "k:{\"port\":53,\"protocol\":\"UDP\"}": {"f:targetPort": {}}}}});
        let case = Case {
            kind: ("v1", "Service"),
            previous: Some(previous.clone()),
            desired: ports(json!([port("UDP", 2)])),
            live: live.clone(),
            managed: vec![
                entry(
                    "helm",
                    "Update",
                    "",
                    DURING,
                    &json!({"f:spec": {"f:selector": {}}}),
                ),
                entry("kubectl-edit", "Update", "", AFTER, &target),
            ],
            method: ApplyMethod::Csa,
            ..Case::default()
        };
        let findings = case.judge().findings;
        let found = findings
            .iter()
            .find(|finding| finding.path.ends_with("targetPort"));
        assert_eq!(found.map(|finding| finding.code), Some(code), "{previous} {live}");
    }
}

/// A label on the release's record moves the known end of the operation, so that the time of a write proves nothing. A
/// removal has no time and needs none.
#[test]
fn a_removal_is_undone_whenever_the_record_was_written_last() {
    let mut desired = deployment();
    desired["spec"]["paused"] = json!(true);
    let case = Case {
        previous: Some(with_image("old")),
        desired,
        live: json!({"spec": {"paused": null, "template": with_image("old")["spec"]["template"]}}),
        managed: vec![
            entry("helm", "Apply", "", DURING, &everything_but_the_image()),
            entry("kubectl-edit", "Update", "", DURING, &image()),
        ],
        ..Case::default()
    };
    let findings = case.judge().findings;
    let mut found: Vec<(FindingCode, bool)> = findings
        .iter()
        .filter(|finding| finding.from_revision.is_some())
        .map(|finding| (finding.code, finding.actor.is_some()))
        .collect();
    found.sort_by_key(|(code, _)| code.to_string());
    assert_eq!(
        found,
        [(FindingCode::NotApplied, true), (FindingCode::Undone, false)]
    );
}
