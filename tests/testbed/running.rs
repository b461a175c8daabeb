//! Operations of Helm that are still running: what they explain is no drift, and nobody is called for it.
//!
//! There is no kubelet, so that every `--wait` waits until Helm is killed.

use std::process::Child;

use serde_json::json;

use crate::harness::{Cluster, HelmVersion, Release, Scan};
use crate::notify::Sinks;

/// A Helm that waits. It is killed when the test ends, however it ends.
struct Waiting(Child);

impl Drop for Waiting {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const WAIT: [&str; 2] = ["--wait", "--timeout=120s"];

fn start(release: &Release<'_>, verb: &str, args: &[&str], until: &str) -> Waiting {
    Waiting(release.spawn_helm(verb, &[args, &WAIT].concat(), until))
}

/// Scans, and requires that nobody is called, that no alert is closed, and that the operation is said to run.
fn calls_nobody(sinks: &Sinks, release: &Release<'_>, status: &str) -> Scan {
    let (scan, slack, pagerduty) = sinks.scan(release, &["--all"]);
    let found = &scan.report["releases"][0];
    assert_eq!(found["latest"]["status"], status, "{:#}", scan.report);
    assert_eq!((scan.status, scan.drift()), (0, vec![]), "{:#}", scan.report);
    assert_eq!(scan.states(), [""; 0], "{:#}", scan.report);
    assert!(
        scan.health().contains(&"in-progress".to_owned()),
        "{:?}",
        scan.health()
    );
    assert_eq!((slack, pagerduty), (vec![], vec![]));
    scan
}

/// What `kubectl` and other people do meanwhile is drift, and so is everything once the operation is stuck.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_running_upgrade_is_no_drift_until_it_is_stuck() {
    let sinks = Sinks::start();
    for helm in HelmVersion::ALL {
        let release = Release::install(
            Cluster::shared(),
            helm,
            "troubled",
            &["--set=web=true,added=true"],
        );
        let new = release.fill("--set=web=true,message=two,added=false,shared={r}-new");
        // Helm deletes what it drops once all the rest is written.
        let helm = start(&release, "upgrade", &[&new], "--for=delete configmap/{r}-added");
        let scan = calls_nobody(&sinks, &release, "pending-upgrade");
        let settings = scan.finding(&release.fill("ConfigMap/{r}-settings"), "/data/message");
        let settings = settings.unwrap_or_else(|| panic!("{:#}", scan.report));
        assert_eq!(
            (&settings["code"], &settings["severity"]),
            (&json!("half-upgraded"), &json!("info"))
        );

        release.kubectl(&[
            "set",
            "image",
            "statefulset/{r}-db",
            "db=registry.example.com/db:hotfix",
        ]);
        let (scan, slack, pagerduty) = sinks.scan(&release, &[]);
        let changed: Vec<String> = scan.drift().into_iter().map(|finding| finding.object).collect();
        assert_eq!(
            (scan.status, changed),
            (1, vec![release.fill("StatefulSet/{r}-db")])
        );
        assert_eq!((slack.len(), pagerduty.len()), (1, 1));
        assert_eq!(pagerduty[0]["event_action"], "trigger");

        sinks.set("scan", &json!({"stuck_after": "1ms"}));
        let (scan, slack, _) = sinks.scan(&release, &[]);
        let mut drifted: Vec<String> = scan.drift().into_iter().map(|finding| finding.object).collect();
        drifted.sort();
        drifted.dedup();
        let all = [
            "ConfigMap/{r}-settings",
            "Deployment/{r}-web",
            "StatefulSet/{r}-db",
        ];
        assert_eq!(drifted, all.map(|name| release.fill(name)), "{:#}", scan.report);
        assert_eq!(scan.states(), [release.fill("ConfigMap/{r}-added missing")]);
        assert!(scan.health().contains(&"stuck".to_owned()), "{:?}", scan.health());
        assert_eq!((scan.status, slack.len()), (1, 1));
        sinks.set("scan", &json!({}));
        drop(helm);
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_running_rollback_installation_or_removal_calls_nobody() {
    let sinks = Sinks::start();
    for helm in HelmVersion::ALL {
        let release = Release::unborn(Cluster::shared(), helm, "troubled");
        let first = ["--set=web=true,added=true"];
        let installing = start(&release, "install", &first, "deployment/{r}-web");
        calls_nobody(&sinks, &release, "pending-install");
        drop(installing);

        let release = Release::install(Cluster::shared(), helm, "troubled", &first);
        let second = ["--set=web=true,message=two"];
        release.upgrade_to(&second).succeeded();
        // It brings an object back that revision 2 does not have.
        let back = start(
            &release,
            "rollback",
            &["1"],
            "--for=jsonpath={.status.observedGeneration}=3 deployment/{r}-web",
        );
        calls_nobody(&sinks, &release, "pending-rollback");
        drop(back);

        let release = Release::install(Cluster::shared(), helm, "troubled", &first);
        let finalizers = r#"-p={"metadata":{"finalizers":["testbed.example/cleanup"]}}"#;
        release.kubectl(&["patch", "configmap/{r}-settings", "--type=merge", finalizers]);
        let going = "--for=jsonpath={.metadata.deletionTimestamp} configmap/{r}-settings";
        let removal = start(&release, "uninstall", &[], going);
        calls_nobody(&sinks, &release, "uninstalling");
        drop(removal);
        let none = r#"-p={"metadata":{"finalizers":null}}"#;
        release.kubectl(&["patch", "configmap/{r}-settings", "--type=merge", none]);
    }
}
