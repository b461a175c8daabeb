//! What is pasted runs in the cluster that it was printed for, or nowhere.

use super::{merged, named, scanned};
use crate::model::{Advice, Report};
use crate::report::fixtures::release;
use crate::report::words::{command_elsewhere, own_command};
use crate::vocabulary::{HealthCode, HealthSeverity};

fn advice(command: &str) -> Advice {
    Advice {
        command: command.to_owned(),
        destructive: true,
        why: "to have it back".to_owned(),
        changes: String::new(),
        words: None,
    }
}

/// The report of a cluster with one release, whose health advises these commands.
fn advised(cluster: &str, commands: &[&str]) -> Report {
    let mut pipe = release("data", "pipe").with_health(HealthCode::Stuck, HealthSeverity::Critical);
    pipe.health[0].advice = commands.iter().copied().map(advice).collect();
    named(scanned(vec![pipe]), cluster)
}

fn commands(report: &Report) -> Vec<&str> {
    let health = report.releases.iter().flat_map(|release| &release.health);
    let advice = health.flat_map(|health| &health.advice);
    advice.map(|advice| advice.command.as_str()).collect()
}

#[test]
fn every_command_of_several_clusters_names_its_own() {
    let inside = [
        "helm upgrade pipe '<chart pipe>' --force-conflicts -n data",
        "HELM_DRIVER=configmap helm get values pipe -n data > pipe.yaml",
        "argocd app get pipe",
    ];
    let outside = [
        "helm rollback pipe 1 -n data --kube-context=prod-us",
        "kubectl get pods -n data --kubeconfig='/tmp/a b'",
    ];
    let report = merged([advised("eu west", &inside), advised("us", &outside)]);
    assert_eq!(
        commands(&report),
        [
            "helm upgrade pipe '<chart pipe>' --force-conflicts -n data --kube-context='eu west'",
            "HELM_DRIVER=configmap helm get values pipe -n data --kube-context='eu west' > pipe.yaml",
            // It has its own way to know where.
            "argocd app get pipe",
            outside[0],
            outside[1],
        ]
    );
    let next = |at: usize| {
        own_command(&["diagnose"], &report.releases[at])
            .unwrap()
            .to_string()
    };
    assert_eq!(next(0), "driftline diagnose pipe -n data --context='eu west'");
    assert_eq!(next(1), "driftline diagnose pipe -n data --context=us");
    let elsewhere = command_elsewhere(&["diagnose"], &report.releases[1]).unwrap();
    assert_eq!(elsewhere.to_string(), next(1));
}

#[test]
fn a_command_that_cannot_name_its_cluster_is_not_printed() {
    let both = ["kubectl get pods; kubectl delete pod pipe-0", "helm list -n data"];
    for (report, reason) in [
        (advised("eu", &both), "not written as driftline writes one"),
        (advised("e\u{202e}u\n", &both[1..]), "printable ASCII"),
    ] {
        let cluster = report.cluster.name.clone();
        let report = merged([report, advised("us", &[])]);
        assert_eq!(commands(&report), Vec::<&str>::new());
        let of_cluster = report
            .releases
            .iter()
            .find(|release| release.of_cluster.as_ref() == Some(&cluster));
        let evidence = &of_cluster.unwrap().health[0].evidence;
        assert!(
            evidence
                .last()
                .is_some_and(|last| last.starts_with("no command is printed: ") && last.contains(reason)),
            "{evidence:?}"
        );
    }
}

#[test]
fn commands_of_one_cluster_stay_as_its_scan_wrote_them() {
    let report = advised("eu", &["helm list -n data"]);
    assert_eq!(merged([report.clone()]), report);
    let next = own_command(&["diagnose"], &report.releases[0]).unwrap();
    assert_eq!(next.to_string(), "driftline diagnose pipe -n data");
}
