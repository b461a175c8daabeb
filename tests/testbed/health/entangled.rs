//! Ways into trouble in which the first step that comes to mind fails, or takes something with it that somebody misses.

use super::cure::Cure;
use super::states::{definition, until_served};
use super::{Begin, State};
use crate::harness::{HelmVersion, Release, later};

pub(super) const ENTANGLED: &[State] = &[
    State {
        name: "object-handed-over-after-a-failure",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let args = ["--set=service=second,message=two,added=true,claim=true"];
            release.upgrade_to(&args).failed();
            let annotation = "meta.helm.sh/release-name=another";
            release.kubectl(&["annotate", "--overwrite", "configmap/{r}-added", annotation]);
        },
        diagnoses: &[
            "failed-upgrade",
            "ownership-conflict",
            "half-upgraded",
            "leftover-objects",
            "rollback-loses",
        ],
        cure: Cure::AdviceThat(&["failed-upgrade", "leftover-objects"], |release| {
            // The leftover claim is deleted by what is advised about it, and not by the rollback before.
            let added = release.shell(&release.fill(r#"kubectl get configmap/{r}-added -n "$NAMESPACE""#));
            (added.status != 0)
                .then(|| "what another release owns is gone".to_owned())
                .into_iter()
                .collect()
        }),
    },
    State {
        name: "drifted-port",
        install: &["--set=port=80"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let patch = r#"-p=[{"op":"replace","path":"/spec/ports/0/port","value":8080}]"#;
            release.kubectl(&["patch", "service/{r}-web", "--type=json", patch]);
            release.upgrade_to(&["--set=port=80,message=two"]).failed();
        },
        diagnoses: &[
            "failed-upgrade",
            "half-upgraded",
            "upgrade-blocked",
            "rollback-blocked",
        ],
        cure: Cure::Advice(&["failed-upgrade"]),
    },
    State {
        name: "replaced-object",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let line = r#"kubectl get statefulset/{r}-db -n "$NAMESPACE" -o json |
                sed 's/"serviceName": "first"/"serviceName": "third"/' | kubectl replace --force -f -"#;
            release.shell(&release.fill(line)).succeeded();
            release.upgrade_to(&["--set=message=two"]).failed();
        },
        diagnoses: &[
            "failed-upgrade",
            "half-upgraded",
            "upgrade-blocked",
            "rollback-blocked",
        ],
        cure: Cure::Advice(&["failed-upgrade"]),
    },
    State {
        name: "rollback-hook-failed",
        install: &["--set=hook=pre-rollback,hookJob=fails"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.upgrade_to(&["--set=message=two"]).succeeded();
            release.helm_on("rollback", &["1"]).failed();
        },
        diagnoses: &["stuck", "hook-failed"],
        cure: Cure::AdviceThat(&["stuck"], has_message_one),
    },
    State {
        name: "rollback-timed-out",
        install: &["--set=web=true"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.upgrade_to(&["--set=web=true,message=two"]).succeeded();
            release
                .helm_on("rollback", &["1", "--wait", "--timeout=4s"])
                .failed();
        },
        diagnoses: &["failed-upgrade", "half-upgraded"],
        cure: Cure::AdviceThat(&["failed-upgrade"], has_message_one),
    },
    State {
        name: "rollback-interrupted-and-a-kind-is-gone",
        install: &["--set=hook=pre-rollback,hookJob=hangs"],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            with_gadget(release, &[]);
            release.kill_helm("rollback", &["1"], "job/{r}-migrate");
            release.kubectl(&["delete", "job/{r}-migrate"]);
            without_kind(release);
        },
        diagnoses: &["stuck", "api-removed"],
        cure: Cure::Advice(&["stuck"]),
    },
    State {
        name: "uninstall-after-a-kind-is-gone",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            with_gadget(release, &[]);
            without_kind(release);
            release.helm_on("uninstall", &[]).failed();
        },
        diagnoses: &["stuck", "no-baseline"],
        cure: Cure::AdviceThatRemoves(&["stuck"]),
    },
    State {
        name: "deployed-record-lost",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            release.upgrade_to(&["--set=message=two"]).succeeded();
            release
                .upgrade_to(&["--set=message=three,added=true"])
                .succeeded();
            release.kubectl(&["delete", "secret/sh.helm.release.v1.{r}.v3"]);
        },
        diagnoses: &["no-baseline"],
        cure: Cure::Words(|release| {
            release
                .upgrade_to(&["--set=message=three,added=true"])
                .succeeded();
        }),
    },
    State {
        name: "hook-killed-after-drift",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let value = r#"-p={"data":{"message":"mine"}}"#;
            let manager = "--field-manager=kubectl-edit";
            release.kubectl(&["patch", "configmap/{r}-settings", manager, value]);
            later();
            let args = ["--set=hook=pre-upgrade,hookJob=hangs,message=two"];
            release.kill_helm("upgrade", &args, "job/{r}-migrate");
        },
        diagnoses: &[
            "stuck",
            "hook-running",
            "helm4: upgrade-blocked",
            "helm4: rollback-blocked",
        ],
        cure: Cure::Advice(&["hook-running", "stuck"]),
    },
    State {
        name: "records-deleted",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| drop(release.kubectl(&["delete", "secrets", "-l", "owner=helm"])),
        // There is no release to diagnose, and the page says what is left of it.
        diagnoses: &[],
        cure: Cure::Words(|release| {
            release.helm("install", &[]).succeeded();
        }),
    },
    State {
        name: "namespace-terminating",
        install: &[],
        begin: Begin::Installed,
        stuck_after: "1ms",
        immune: None,
        make: |release| {
            let hook = ["--set=hook=pre-upgrade,hookJob=hangs,message=two"];
            release.kill_helm("upgrade", &hook, "job/{r}-migrate");
            let finalizers = r#"-p={"metadata":{"finalizers":["testbed.example/cleanup"]}}"#;
            for object in [
                "secret/sh.helm.release.v1.{r}.v1",
                "secret/sh.helm.release.v1.{r}.v2",
            ] {
                release.kubectl(&["patch", object, "--type=merge", finalizers]);
            }
            release
                .cluster
                .kubectl(&["delete", "namespace", &release.namespace, "--wait=false"]);
            for object in ["configmap/{r}-settings", "job/{r}-migrate"] {
                release.kubectl(&["wait", "--for=delete", object, "--timeout=60s"]);
            }
        },
        diagnoses: &["stuck"],
        cure: Cure::None("nothing can be mended in a namespace that is being deleted"),
    },
];

fn has_message_one(release: &Release<'_>) -> Vec<String> {
    let message = release.kubectl(&["get", "configmap/{r}-settings", "-o=jsonpath={.data.message}"]);
    (message != "one")
        .then(|| format!("the rollback was to bring back the message one, not {message}"))
        .into_iter()
        .collect()
}

/// Upgrades to a revision with a custom resource.
fn with_gadget(release: &Release<'_>, args: &[&str]) {
    release.cluster.apply(&definition(release, true));
    let plural = release.fill("crd/gadgets.{r}.troubled.example");
    release.kubectl(&["wait", "--for=condition=Established", &plural, "--timeout=30s"]);
    let mut all = vec!["--set=gadget=v1"];
    all.extend(args);
    release.upgrade_to(&all).succeeded();
}

/// Deletes the kind of the custom resource.
fn without_kind(release: &Release<'_>) {
    let plural = release.fill("crd/gadgets.{r}.troubled.example");
    release.kubectl(&["delete", &plural]);
    until_served(release, "v1", false);
}

/// Client-side apply goes from the deployed manifest to the new one, and knows nothing of what a failed revision wrote
/// between them (Helm: `pkg/action/upgrade.go`, `prepareUpgrade`).
pub(super) fn fields_of_a_failed_revision(helm: HelmVersion) -> Vec<String> {
    let cluster = crate::harness::Cluster::shared_for_deletions();
    let release = Release::install(cluster, helm, "troubled", &["--set=web=true"]);
    super::states::observed(&release);
    release
        .upgrade_to(&["--set=web=true,sidecar=true,service=second"])
        .failed();
    release.upgrade_to(&["--set=web=true,message=three"]).succeeded();
    let scan = release.scan();
    let path = "/spec/template/spec/containers[name=sidecar]";
    let name = release.fill("Deployment/{r}-web");
    let found = scan.finding(&name, path);
    let shown = || {
        format!(
            "{:?} {:?}",
            scan.states(),
            scan.drift().iter().map(ToString::to_string).collect::<Vec<_>>()
        )
    };
    let mut problems = Vec::new();
    match (helm, found) {
        (HelmVersion::V3, Some(finding)) => {
            if finding["code"] != "lingering" || finding["fromRevision"] != 2 {
                problems.push(format!("{finding:#}"));
            }
        }
        (HelmVersion::V3, None) => problems.push(format!("the sidecar is not found: {}", shown())),
        (HelmVersion::V4, None) if scan.status == 0 => {}
        (HelmVersion::V4, _) => problems.push(shown()),
    }
    problems
}
