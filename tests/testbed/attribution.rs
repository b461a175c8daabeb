//! The writer of a difference: another release, a program under Helm's name, an admission webhook or a person.
//!
//! Managed fields name Helm in most of these, and only the times in the release's own records tell them apart.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Cluster, HelmVersion, Release, Scan, Webhook, later};

const CONFIG: &str = "ConfigMap/{r}-config";

/// Every finding as `code (severity) object path by manager`, sorted.
fn findings(release: &Release<'_>, scan: &Scan) -> Vec<String> {
    let mut findings: Vec<String> = scan
        .findings()
        .into_iter()
        .map(|found| {
            let full = scan.finding(&found.object, &found.path);
            let manager = full.and_then(|full| full["actor"]["manager"].as_str());
            let manager = manager.map(|name| format!(" by {name}")).unwrap_or_default();
            format!(
                "{} ({}) {} {}{manager}",
                found.code, found.severity, found.object, found.path
            )
        })
        .map(|line| line.replace(&release.name, "{r}"))
        .collect();
    findings.sort();
    findings
}

/// The time of a write shows that a writer in Helm's name was not this release's Helm.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_value_changed_in_helms_name_is_overwritten() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "shop", &[]);
        later();
        release.kubectl(&[
            "patch",
            "configmap/{r}-config",
            "--field-manager=helm",
            r#"-p={"data":{"currency":"USD"}}"#,
        ]);
        let scan = release.scan();
        assert_eq!(
            (scan.status, findings(&release, &scan)),
            (
                1,
                vec![format!("overwritten (drift) {CONFIG} /data/currency by helm")]
            ),
            "{helm:?}"
        );
    }
}

/// The same by a server-side apply of the whole object, as another Helm 4 would write it: no upgrade conflicts with
/// that, so that the only sign is the time.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_object_applied_in_helms_name_is_overwritten() {
    let cluster = Cluster::shared();
    let release = Release::install(cluster, HelmVersion::V4, "shop", &[]);
    later();
    let text = release.kubectl(&["get", "configmap/{r}-config", "-o=json"]);
    let mut object: Value = serde_json::from_str(&text).unwrap();
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.retain(|key, _| ["name", "labels", "annotations"].contains(&key.as_str()));
    object["data"]["currency"] = json!("USD");
    cluster.apply_as("helm", &release.namespace, &object);

    let scan = release.scan();
    assert_eq!(
        findings(&release, &scan),
        [format!("overwritten (drift) {CONFIG} /data/currency by helm")]
    );
    let finding = scan.finding(&release.fill(CONFIG), "/data/currency").unwrap();
    assert_eq!(finding["nextUpgrade"], "revert");
    release.upgrade_to(&[]).succeeded();
    assert_eq!(
        release.kubectl(&["get", CONFIG, "-o=jsonpath={.data.currency}"]),
        "EUR"
    );
}

/// Somebody else writes the object, and nothing differs: worth a note, no drift.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_write_in_helms_name_that_agrees_is_a_note() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "shop", &[]);
        later();
        for currency in ["USD", "EUR"] {
            let patch = json!({"data": {"currency": currency}}).to_string();
            release.kubectl(&[
                "patch",
                "configmap/{r}-config",
                "--field-manager=helm",
                "-p",
                &patch,
            ]);
        }
        let scan = release.scan_with(&["--all"], &[]);
        assert_eq!(
            (scan.status, findings(&release, &scan)),
            (0, vec![format!("also-written (info) {CONFIG} / by helm")]),
            "{helm:?}"
        );
    }
}

/// A person who writes under a name of their own is known by that name.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_person_outside_of_any_upgrade_is_named() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "shop", &[]);
        later();
        release.kubectl(&[
            "patch",
            "configmap/{r}-config",
            r#"-p={"data":{"currency":"USD"}}"#,
        ]);
        let scan = release.scan();
        assert_eq!(
            findings(&release, &scan),
            [format!(
                "changed (drift) {CONFIG} /data/currency by kubectl-patch"
            )],
            "{helm:?}"
        );
    }
}

/// A value that somebody put back after an upgrade is undone, by their name. A value that they had written before the
/// upgrade is not, whatever they write afterwards.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_value_put_back_is_told_from_one_that_never_arrived() {
    let message = |code: &str, manager: &str| {
        vec![format!(
            "{code} (drift) ConfigMap/{{r}}-note /data/message by {manager}"
        )]
    };
    for (helm, flags) in [
        (HelmVersion::V3, &[][..]),
        (HelmVersion::V4, &["--server-side=false"][..]),
        (HelmVersion::V4, &["--force-conflicts"][..]),
    ] {
        let install: &[&str] = if flags.contains(&"--force-conflicts") {
            &[]
        } else {
            flags
        };
        let arguments = [&["--set=ConfigMap={note}"][..], install].concat();
        let release = Release::install(Cluster::shared(), helm, "targets", &arguments);
        let patch = |text: &str| {
            let patch = json!({"data": {"message": text}}).to_string();
            release.kubectl(&["patch", "configmap/{r}-note", "-p", &patch]);
        };
        // A hot-fix that the upgrade overwrites: its writer is known from before.
        patch("hot-fix");
        later();
        release.upgrade(&[&["--reuse-values"][..], flags].concat());
        later();
        assert_eq!(
            findings(&release, &release.scan()),
            Vec::<String>::new(),
            "{helm:?} {flags:?}"
        );
        patch("revision 1");
        assert_eq!(
            findings(&release, &release.scan()),
            message("undone", "kubectl-patch"),
            "{helm:?} {flags:?}"
        );
        later();
        release.kubectl(&["patch", "configmap/{r}-note", r#"-p={"data":{"size":"2000m"}}"#]);
        let found = findings(&release, &release.scan());
        assert!(
            found.contains(&message("undone", "kubectl-patch")[0]),
            "{helm:?} {flags:?}: {found:?}"
        );
    }
}

/// A strategic merge takes elements of one merge key for one and does not add the second, although it writes the object.
/// Nobody put anything back.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_element_that_a_merge_could_not_add_is_not_undone() {
    let spread =
        "/spec/template/spec/topologySpreadConstraints[topologyKey=zone,whenUnsatisfiable=DoNotSchedule]";
    let container = "/spec/template/spec/containers[name=app]/ports[containerPort=53,protocol=TCP]";
    let missing = [
        format!("not-applied (drift) Deployment/{{r}} {container}"),
        format!("not-applied (drift) Deployment/{{r}} {spread}"),
        "not-applied (drift) Service/{r}-dns /spec/ports[port=53,protocol=TCP]".to_owned(),
    ];
    for (helm, flags, expected) in [
        (HelmVersion::V3, &[][..], &missing[..]),
        (HelmVersion::V4, &["--server-side=false"][..], &missing[..]),
        (HelmVersion::V4, &[][..], &[][..]),
    ] {
        let one = [&["--set=dns={UDP}"][..], flags].concat();
        let release = Release::install(Cluster::shared(), helm, "strategies", &one);
        let both = [
            &[
                "--set=dns={UDP,TCP}",
                "--set=spread={ScheduleAnyway,DoNotSchedule}",
            ][..],
            flags,
        ]
        .concat();
        // An upgrade from a manifest that has them cannot add them either.
        for code in ["not-applied", "removed"] {
            later();
            release.upgrade(&both);
            let scan = release.scan();
            let expected: Vec<String> = expected
                .iter()
                .map(|line| line.replace("not-applied", code))
                .collect();
            assert_eq!(findings(&release, &scan), expected, "{helm:?} {flags:?}");
            for finding in scan.findings() {
                let full = scan.finding(&finding.object, &finding.path).unwrap();
                assert_eq!(full["nextUpgrade"], "keep", "{helm:?} {flags:?}: {full}");
            }
        }
    }
}

/// Helm 3 compares the manifests of a custom resource, and nothing else: a rollback from a failed revision that had the
/// value already leaves alone what somebody wrote in between.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_custom_resource_that_a_rollback_never_reached_is_not_undone() {
    let release = Release::install(
        Cluster::shared(),
        HelmVersion::V3,
        "targets",
        &["--set=Gizmo={one}", "--set=Deployment={never-ready}"],
    );
    release.upgrade(&["--reuse-values"]);
    release
        .upgrade_to(&["--reuse-values", "--set=revision=1", "--wait", "--timeout=2s"])
        .failed();
    let patch = |patch: &str| release.kubectl(&["patch", "gizmo/{r}-one", "--type=merge", "-p", patch]);
    patch(r#"{"spec":{"size":2}}"#);
    later();
    let arguments = ["rollback", &release.name, "1", "-n", &release.namespace];
    release.cluster.helm(release.helm, &arguments).succeeded();
    later();
    let expected = "not-applied (drift) Gizmo/{r}-one /spec/size by kubectl-patch";
    assert_eq!(findings(&release, &release.scan()), [expected]);
    // A later write of the same person to another field proves nothing about this one.
    patch(r#"{"spec":{"replicas":4}}"#);
    let found = findings(&release, &release.scan());
    assert!(found.iter().any(|line| line == expected), "{found:?}");
}

/// Every write of this release's own Helm falls into one of its operations, also if it writes again and again.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn upgrades_and_rollbacks_are_no_writes_of_another_helm() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "shop", &[]);
        let check = |what: &str| {
            let scan = release.scan_with(&["--all"], &[]);
            let found = findings(&release, &scan);
            assert_eq!((scan.status, found), (0, Vec::new()), "{helm:?} after {what}");
        };
        later();
        release.upgrade(&[]);
        check("an upgrade");
        later();
        release.upgrade_to(&[]).succeeded();
        check("an upgrade that changes nothing");
        later();
        let arguments = ["rollback", &release.name, "1", "-n", &release.namespace];
        release.cluster.helm(helm, &arguments).succeeded();
        check("a rollback");
    }
}

/// Helm 4 writes a definition in another release's `crds/` over one that this release installed, without its ownership
/// annotations. Each upgrade takes it back, without a message.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn releases_that_overwrite_each_others_definition_are_reported() {
    for (helm, place, state) in [
        // Helm 3 leaves a definition alone that is there already.
        (HelmVersion::V3, "crds", None),
        (HelmVersion::V4, "crds", Some("foreign")),
        (HelmVersion::V3, "templates", Some("foreign")),
        (HelmVersion::V4, "templates", Some("foreign")),
    ] {
        let cluster = Cluster::shared();
        let dir = tempfile::tempdir().unwrap();
        let group = format!("{}.testbed.example", cluster.namespace("definition"));
        let first = write_chart(&dir.path().join("first"), "templates", &group);
        let second = write_chart(&dir.path().join("second"), place, &group);

        let first = Release::install_from(cluster, helm, &first, &[]);
        assert_eq!(first.scan().status, 0, "{helm:?} {place}");
        later();
        let flags: &[&str] = if place == "templates" {
            &["--take-ownership"]
        } else {
            &[]
        };
        let second = Release::install_from(cluster, helm, &second, flags);
        let expected: Vec<String> = state
            .map(|state| format!("CustomResourceDefinition/overlaps.{group} {state}"))
            .into_iter()
            .collect();
        assert_eq!(first.scan().states(), expected, "{helm:?} {place}");
        assert_eq!(second.scan().status, 0, "{helm:?} {place}");

        first.upgrade_to(&[]).succeeded();
        assert_eq!(first.scan().status, 0, "{helm:?} {place}");
        let theirs = if place == "templates" {
            expected
        } else {
            Vec::new()
        };
        assert_eq!(second.scan().states(), theirs, "{helm:?} {place}");
    }
}

/// A chart with one definition, that says by which chart it is.
fn write_chart(dir: &Path, place: &str, group: &str) -> String {
    let name = dir.file_name().unwrap().to_str().unwrap();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("overlaps.{group}"), "labels": {"from": name}},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Overlap", "plural": "overlaps"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "description": format!("By {name}.")}}}],
        },
    });
    fs::create_dir_all(dir.join(place)).unwrap();
    fs::write(
        dir.join("Chart.yaml"),
        json!({"apiVersion": "v2", "name": name, "version": "0.1.0"}).to_string(),
    )
    .unwrap();
    fs::write(dir.join(place).join("definition.yaml"), definition.to_string()).unwrap();
    dir.display().to_string()
}

const IMAGE: &str = "/spec/template/spec/containers[name=web]/image";
/// The server drops the map with its only annotation.
const ANNOTATIONS: &str = "/spec/template/metadata/annotations";

/// Pulls from a mirror, takes an annotation away, and adds a label, an annotation and a toleration.
fn mutation(object: &Value) -> Vec<Value> {
    let mut patch = Vec::new();
    let containers = object["spec"]["template"]["spec"]["containers"].as_array();
    for (index, container) in containers.into_iter().flatten().enumerate() {
        let image = container["image"].as_str().unwrap_or_default();
        if let Some(path) = image.strip_prefix("registry.example.com/") {
            let pointer = format!("/spec/template/spec/containers/{index}/image");
            patch.push(
                json!({"op": "replace", "path": pointer, "value": format!("mirror.example.com/{path}")}),
            );
        }
    }
    let pointer = "/spec/template/metadata/annotations/checksum~1config";
    if object.pointer(pointer).is_some() {
        patch.push(json!({"op": "remove", "path": pointer}));
    }
    for key in ["labels", "annotations"] {
        if object["metadata"].get(key).is_some() {
            patch.push(json!({"op": "add", "path": format!("/metadata/{key}/admitted"), "value": "yes"}));
        }
    }
    let toleration = json!([{"key": "spot", "operator": "Exists"}]);
    patch.push(json!({"op": "add", "path": "/spec/template/spec/tolerations", "value": toleration}));
    patch
}

/// A value that an admission webhook made of Helm's own write is no drift; a later write of a person is.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_webhooks_write_differs_from_a_persons() {
    for (helm, flags) in [
        (HelmVersion::V3, &[][..]),
        (HelmVersion::V4, &["--server-side=false"][..]),
        (HelmVersion::V4, &[][..]),
    ] {
        let cluster = Cluster::shared();
        let namespace = cluster.namespace("admission");
        let _webhook = Webhook::register(cluster, &namespace, mutation);
        let release = Release::install_into(cluster, helm, (&namespace, "shop"), "shop", flags);
        let web = "Deployment/shop-web";
        let image = || release.kubectl(&["get", web, "-o=jsonpath={..containers[0].image}"]);
        assert_eq!(image(), "mirror.example.com/shop/web:1.4.2", "{helm:?} {flags:?}");

        // The same after an install and after an upgrade.
        for what in ["install", "upgrade"] {
            let scan = release.scan_with(&["--all"], &[]);
            assert_eq!(
                (scan.status, findings(&release, &scan).join("\n")),
                (
                    0,
                    [ANNOTATIONS, IMAGE]
                        .map(|path| format!("mutated-at-admission (info) {web} {path} by helm"))
                        .join("\n")
                        .replace("shop", "{r}")
                ),
                "{helm:?} {flags:?} {what}"
            );
            for path in [IMAGE, ANNOTATIONS] {
                // Helm may send the value again, and what the webhook makes of that nobody knows before.
                let finding = scan.finding(web, path).unwrap();
                assert!(
                    finding["nextUpgrade"] == "keep"
                        || finding["nextUpgrade"].is_null() && finding["nextUpgradeReason"].is_string(),
                    "{helm:?} {flags:?} {what}: {finding}"
                );
            }
            later();
            release.upgrade_to(&[]).succeeded();
            assert_eq!(image(), "mirror.example.com/shop/web:1.4.2", "{helm:?} {flags:?}");
        }

        release.kubectl(&["set", "image", web, "web=hotfix"]);
        let scan = release.scan();
        let finding = scan.finding(web, IMAGE).unwrap();
        assert_eq!(
            (
                scan.status,
                &finding["code"],
                &finding["actor"]["manager"],
                &finding["live"]
            ),
            (1, &json!("changed"), &json!("kubectl-set"), &json!("hotfix")),
            "{helm:?} {flags:?}"
        );
    }
}
