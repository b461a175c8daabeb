//! The ways into trouble. A scan of what they leave behind is the page in `docs/diagnose`.

use std::fs;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::cure::Cure;
use super::{Begin, State};
use crate::harness::{HelmVersion, Release, later};

pub(super) const STATES: &[State] = &[
    State {
        name: "installation-killed",
        install: &[],
        begin: Begin::Empty,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let hook = ["--set=hook=pre-install,hookJob=hangs"];
            release.kill_helm("install", &hook, "job/{r}-migrate");
        },
        diagnoses: &["stuck", "no-baseline", "hook-running"],
        cure: Cure::Advice(&["hook-running", "stuck"]),
    },
    State {
        name: "upgrade-killed",
        install: &["--set=web=true"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let args = ["--set=web=true,message=two,added=true", "--wait", "--timeout=60s"];
            // It is written after the ConfigMaps, and by then its controller has looked at it.
            let written = "--for=jsonpath={.status.observedGeneration}=2 deployment/{r}-web";
            release.kill_helm("upgrade", &args, written);
        },
        diagnoses: &["stuck", "half-upgraded"],
        cure: Cure::Advice(&["stuck"]),
    },
    State {
        name: "rollback-interrupted",
        install: &["--set=hook=pre-rollback,hookJob=hangs"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.upgrade_to(&["--set=message=two"]).succeeded();
            release.kill_helm("rollback", &["1"], "job/{r}-migrate");
        },
        diagnoses: &["stuck", "hook-running"],
        cure: Cure::Advice(&["hook-running", "stuck"]),
    },
    State {
        name: "uninstall-killed",
        install: &["--set=hook=pre-delete,hookJob=hangs"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| release.kill_helm("uninstall", &[], "job/{r}-migrate"),
        diagnoses: &["stuck", "no-baseline", "hook-running"],
        cure: Cure::Advice(&["hook-running", "stuck"]),
    },
    State {
        name: "uninstall-blocked-by-a-finalizer",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let finalizers = r#"-p={"metadata":{"finalizers":["testbed.example/cleanup"]}}"#;
            release.kubectl(&["patch", "configmap/{r}-settings", "--type=merge", finalizers]);
            // It goes after the StatefulSet, in Helm's order of deletion.
            let going = "--for=jsonpath={.metadata.deletionTimestamp} configmap/{r}-settings";
            release.kill_helm("uninstall", &["--wait", "--timeout=60s"], going);
            release.kubectl(&["wait", "--for=delete", "statefulset/{r}-db", "--timeout=60s"]);
        },
        diagnoses: &["stuck", "no-baseline", "blocked-by-finalizer"],
        cure: Cure::Advice(&["blocked-by-finalizer", "stuck"]),
    },
    State {
        name: "hook-failed",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let args = ["--set=hook=pre-upgrade,hookJob=fails,message=two"];
            release.upgrade_to(&args).failed();
        },
        diagnoses: &["failed-upgrade", "hook-failed"],
        cure: Cure::Advice(&["failed-upgrade"]),
    },
    State {
        name: "hook-outlives-the-timeout",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let args = ["--set=hook=pre-upgrade,hookJob=hangs,message=two", "--timeout=2s"];
            release.upgrade_to(&args).failed();
        },
        diagnoses: &["failed-upgrade", "hook-running"],
        cure: Cure::Advice(&["hook-running", "failed-upgrade"]),
    },
    State {
        name: "installation-failed",
        install: &[],
        begin: Begin::Empty,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.helm("install", &["--set=refused=true"]).failed();
            observed(release);
        },
        diagnoses: &["failed-install", "no-baseline"],
        cure: Cure::Words(|release| {
            // The cause is gone: the chart is mended.
            release.upgrade_to(&["--set=refused=false"]).succeeded();
        }),
    },
    State {
        name: "immutable-field",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let args = ["--set=service=second,message=two,added=true"];
            release.upgrade_to(&args).failed();
        },
        diagnoses: &["failed-upgrade", "half-upgraded", "leftover-objects"],
        cure: Cure::Advice(&["failed-upgrade"]),
    },
    State {
        name: "conflict-with-another-manager",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        // Client-side apply knows no conflicts.
        immune: Some(HelmVersion::V3),
        make: |release| {
            let value = r#"-p={"data":{"message":"mine"}}"#;
            release.kubectl(&[
                "patch",
                "configmap/{r}-settings",
                "--field-manager=kubectl-edit",
                value,
            ]);
            later();
            let outcome = release.upgrade_to(&["--set=message=two"]);
            match release.helm {
                HelmVersion::V3 => drop(outcome.succeeded()),
                HelmVersion::V4 => drop(outcome.failed()),
            }
        },
        diagnoses: &["failed-upgrade", "upgrade-blocked", "rollback-blocked"],
        cure: Cure::Advice(&["failed-upgrade"]),
    },
    State {
        name: "field-of-another-manager",
        install: &["--set=web=true,webReplicas=1"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        // Client-side apply knows no conflicts.
        immune: Some(HelmVersion::V3),
        make: |release| {
            release.kubectl(&["scale", "deployment/{r}-web", "--replicas=3"]);
        },
        diagnoses: &["upgrade-blocked"],
        cure: Cure::Advice(&["upgrade-blocked"]),
    },
    State {
        name: "field-of-an-autoscaler",
        install: &["--set=web=true,webReplicas=1"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: Some(HelmVersion::V3),
        make: |release| {
            release.kubectl(&["autoscale", "deployment/{r}-web", "--min=2", "--max=4"]);
            let scaled = "--for=jsonpath={.spec.replicas}=2";
            release.kubectl(&["wait", scaled, "deployment/{r}-web", "--timeout=60s"]);
        },
        diagnoses: &["upgrade-blocked"],
        cure: Cure::Words(|release| {
            // The autoscaler would take the field back from --force-conflicts.
            release.upgrade_to(&["--set=web=true"]).succeeded();
        }),
    },
    State {
        name: "field-that-cannot-be-changed-back",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let line = r#"kubectl get statefulset/{r}-db -n "$NAMESPACE" -o json |
                sed 's/"serviceName": "first"/"serviceName": "second"/' | kubectl replace --force -f -"#;
            release.shell(&release.fill(line)).succeeded();
        },
        diagnoses: &["upgrade-blocked"],
        cure: Cure::Words(|release| {
            release.upgrade_to(&["--set=service=second"]).succeeded();
        }),
    },
    State {
        name: "values-against-the-schema",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.upgrade_to(&["--set=message=2"]).failed();
        },
        // Helm refuses before it writes anything, so that there is nothing to be seen.
        diagnoses: &[],
        cure: Cure::Nothing,
    },
    State {
        name: "rollback-failed",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.kubectl(&["delete", "statefulset/{r}-db"]);
            release.upgrade_to(&["--set=service=second"]).succeeded();
            observed(release);
            release.helm_on("rollback", &["1"]).failed();
        },
        diagnoses: &["failed-upgrade", "no-baseline"],
        cure: Cure::Advice(&["failed-upgrade"]),
    },
    State {
        name: "rollback-to-the-deployed-revision-failed",
        install: &["--set=hook=pre-rollback,hookJob=fails"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let args = ["--set=hook=pre-rollback,hookJob=fails,message=two,added=true,refused=true"];
            release.upgrade_to(&args).failed();
            observed(release);
            // It stops at the hook, and what the upgrade wrote lives on.
            release.helm_on("rollback", &["1"]).failed();
        },
        diagnoses: &["stuck", "hook-failed", "half-upgraded", "leftover-objects"],
        cure: Cure::Advice(&["leftover-objects", "stuck"]),
    },
    State {
        name: "history-of-large-revisions",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let dir = tempfile::tempdir().expect("there is room for temporary files");
            let path = dir.path().join("bulk");
            fs::write(&path, noise(850_000)).expect("the file can be written");
            let bulk = format!("--set-file=bulk={}", path.display());
            release.upgrade_to(&[&bulk, "--set=message=two"]).succeeded();
        },
        diagnoses: &["history-bloat"],
        cure: Cure::None("nothing is broken yet, and only a smaller chart makes smaller records"),
    },
    State {
        name: "several-deployed",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            // Nothing but an upgrade looks whether another operation is under way.
            let args = ["--set=hook=post-upgrade,hookJob=hangs,message=two"];
            let mut upgrade = release.spawn_helm("upgrade", &args, "job/{r}-migrate");
            release.helm_on("rollback", &["1"]).succeeded();
            let pods = "-l=job-name={r}-migrate";
            release.kubectl(&["wait", "--for=create", "pod", pods, "--timeout=60s"]);
            let pod = release.kubectl(&["get", "pods", "-o=name", pods]);
            let done = r#"-p={"status":{"phase":"Succeeded"}}"#;
            release.kubectl(&["patch", pod.trim(), "--subresource=status", "--type=merge", done]);
            assert!(upgrade.wait().expect("Helm ends").success());
        },
        diagnoses: &["several-deployed", "leftover-hooks"],
        cure: Cure::Advice(&["several-deployed"]),
    },
    State {
        name: "operation-in-progress",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "15m",
        immune: None,
        make: |release| {
            let args = ["--set=hook=pre-upgrade,hookJob=hangs,message=two"];
            release.kill_helm("upgrade", &args, "job/{r}-migrate");
        },
        diagnoses: &["in-progress", "hook-running"],
        cure: Cure::None("it may still be running, and waiting is all that is right"),
    },
    State {
        name: "uninstalled-with-its-history",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| drop(release.helm_on("uninstall", &["--keep-history"]).succeeded()),
        diagnoses: &["no-baseline"],
        cure: Cure::Advice(&["no-baseline"]),
    },
    State {
        name: "removed-hook",
        install: &["--set=hook=post-install"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| drop(release.upgrade_to(&["--set=message=two,hook="]).succeeded()),
        diagnoses: &["leftover-hooks"],
        cure: Cure::Advice(&["leftover-hooks"]),
    },
    State {
        name: "changed-definitions",
        install: &[],
        begin: Begin::Empty,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let chart = copy_of(&release.chart);
            let path = chart.path().display().to_string();
            let file = chart.path().join("crds/gadgets.yaml");
            fs::create_dir(chart.path().join("crds")).expect("the folder can be made");
            for (verb, serves_first) in [("install", true), ("upgrade", false)] {
                let text = definition(release, serves_first).to_string();
                fs::write(&file, text).expect("the definition can be written");
                let args = [verb, &release.name, &path, "--namespace", &release.namespace];
                release.cluster.helm(release.helm, &args).succeeded();
            }
        },
        diagnoses: &["chart-crds-changed"],
        cure: Cure::Nothing,
    },
    State {
        name: "removed-api-version",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.cluster.apply(&definition(release, true));
            let plural = release.fill("crd/gadgets.{r}.troubled.example");
            release.kubectl(&["wait", "--for=condition=Established", &plural, "--timeout=30s"]);
            release.upgrade_to(&["--set=gadget=v1"]).succeeded();
            release.cluster.apply(&definition(release, false));
            until_served(release, "v1", false);
        },
        diagnoses: &["api-removed", "rollback-blocked"],
        cure: Cure::Words(|release| {
            release.cluster.apply(&definition(release, true));
            until_served(release, "v1", true);
            release.upgrade_to(&["--set=gadget=v2"]).succeeded();
            release.cluster.apply(&definition(release, false));
            until_served(release, "v1", false);
        }),
    },
    State {
        name: "object-of-another-release",
        install: &["--set=shared=common"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.kubectl(&[
                "annotate",
                "--overwrite",
                "configmap/common",
                "meta.helm.sh/release-name=another",
            ]);
        },
        diagnoses: &["ownership-conflict", "helm4: upgrade-blocked"],
        cure: Cure::Words(|release| {
            release.kubectl(&["annotate", "configmap/common", "helm.sh/resource-policy=keep"]);
            release.upgrade_to(&["--set=shared="]).succeeded();
            release.kubectl(&["get", "configmap/common"]);
        }),
    },
];

/// Waits until the controller of the chart's `StatefulSet` has looked at it.
pub(super) fn observed(release: &Release<'_>) {
    let condition = "--for=jsonpath={.status.observedGeneration}=1";
    release.kubectl(&["wait", condition, "statefulset/{r}-db", "--timeout=60s"]);
}

/// A chart that can be changed.
fn copy_of(chart: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("there is room for temporary files");
    let status = Command::new("cp")
        .args(["-r", &format!("{chart}/."), &dir.path().display().to_string()])
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the chart can be copied"
    );
    dir
}

/// Text that gzip cannot make smaller than three quarters.
fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let letter = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"[(state >> 58) as usize],
        )
    };
    (0..bytes).map(letter).collect()
}

/// A definition in two versions, of which the first may be served or not.
pub(super) fn definition(release: &Release<'_>, serves_first: bool) -> serde_json::Value {
    let group = release.fill("{r}.troubled.example");
    let version = |name: &str, served: bool, storage: bool| {
        json!({"name": name, "served": served, "storage": storage, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}}})
    };
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("gadgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget", "listKind": "GadgetList"},
            "versions": [version("v1", serves_first, false), version("v2", true, true)]}})
}

/// Waits until the API server does or does not serve a version.
pub(super) fn until_served(release: &Release<'_>, version: &str, served: bool) {
    let path = release.fill(&format!("/apis/{{r}}.troubled.example/{version}"));
    let line = format!("command kubectl get --raw {path} >/dev/null 2>&1");
    for _ in 0..100 {
        if (release.shell(&line).status == 0) == served {
            // Helm and kubectl keep what they have discovered.
            release.shell("rm -rf \"$KUBECACHEDIR\" \"$HOME/.kube/cache\"");
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    panic!("{path} is served, or not, for too long");
}
