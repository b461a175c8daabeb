//! What Helm put there, dropped and could not remove, however many upgrades ago.

use super::who_asked::{chart_of, disproved, lines};
use crate::harness::{Cluster, HelmVersion, Problems, Release, later};

/// A dropped key of `stringData` stays in `data`. Revision 2 has it as its previous revision's, those after it do not.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_an_upgrade_could_not_remove_is_told_after_every_later_one() {
    let mut problems = Problems::default();
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "left-behind", &[]);
        let mut found = Vec::new();
        for round in ["2", "3", "4"] {
            let round = format!("round={round}");
            release
                .upgrade_to(&["--set", "withToken=false", "--set", &round])
                .succeeded();
            let scan = release.scan();
            for finding in scan.drift() {
                if (finding.code.as_str(), finding.object.as_str())
                    != ("lingering", release.fill("Secret/{r}-keys").as_str())
                {
                    found.push(format!("{round}: {finding}"));
                }
            }
            let paths: Vec<String> = scan.drift().into_iter().map(|finding| finding.path).collect();
            if paths != ["/data/empty", "/data/token"] {
                found.push(format!("{round}: {paths:?}"));
            }
        }
        problems.note(&release, "dropped keys of stringData", &found);
    }
}

/// Values that their type takes as a whole, with one of theirs changed by every round.
const WHOLES: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: whole}
spec:
  selector: {app: whole, round: "{{ .Values.round }}"}
  ports: [{name: web, port: 80}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: whole}
spec:
  podSelector: {matchLabels: {app: whole, round: "{{ .Values.round }}"}}
  policyTypes: [Ingress]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: whole}
spec:
  selector: {matchLabels: {app: whole}}
  template:
    metadata: {labels: {app: whole}}
    spec:
      nodeSelector: {kubernetes.io/os: linux, round: "{{ .Values.round }}"}
      containers:
        - name: app
          image: registry.example.com/app:1
          env:
            - name: TOKEN
              valueFrom: {secretKeyRef: {name: token, key: "round-{{ .Values.round }}"}}
            - name: NODE
              valueFrom: {fieldRef: {fieldPath: "metadata.labels['round{{ .Values.round }}']"}}
            - name: CPU
              valueFrom: {resourceFieldRef: {containerName: app, resource: "{{ ternary "limits.cpu" "limits.memory" (eq .Values.round "1") }}"}}
"#;

/// Regression: client-side apply merges its keys with others of a value that is owned as a whole, such as a Service's
/// selector. The keys that somebody had added were Helm's then, and no report named them any more.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_helm_merged_into_a_value_that_is_owned_whole_is_told() {
    let by_hand = [
        ("service/whole", r#"{"spec":{"selector":{"by":"hand"}}}"#),
        (
            "networkpolicy/whole",
            r#"{"spec":{"podSelector":{"matchLabels":{"by":"hand"}}}}"#,
        ),
        (
            "deployment/whole",
            r#"{"spec":{"template":{"spec":{"nodeSelector":{"by":"hand"},"containers":[{"name":"app","env":[
                {"name":"TOKEN","valueFrom":{"secretKeyRef":{"optional":true}}}]}]}}}}"#,
        ),
    ];
    let places = |verdicts: [&str; 4]| {
        let [selector, policy, node, optional] = verdicts;
        let mut lines = vec![
            format!("{selector} /spec/selector/by"),
            format!("{policy} /spec/podSelector/matchLabels/by"),
            format!("{node} /spec/template/spec/nodeSelector/by"),
            format!(
                "{optional} /spec/template/spec/containers[name=app]/env[name=TOKEN]/valueFrom/secretKeyRef/optional"
            ),
        ];
        lines.sort();
        lines
    };
    let mut problems = Problems::default();
    for (helm, flags) in [
        (HelmVersion::V3, &[][..]),
        (HelmVersion::V4, &["--server-side=false"][..]),
    ] {
        let chart = chart_of(WHOLES);
        let folder = chart.path().display().to_string();
        let flags = [flags, &["--set-string", "round=1"]].concat();
        let release = Release::install_from(Cluster::shared(), helm, &folder, &flags);
        let mut wrong = Vec::new();
        let mut expect = |class: &str, expected: Vec<String>| {
            let mut found = lines(&release);
            found.sort();
            if found != expected {
                wrong.push(format!("{class}: {found:#?}, not {expected:#?}"));
            }
            wrong.extend(disproved(&release));
        };
        expect("as installed", vec![]);
        for (object, patch) in by_hand {
            release.kubectl(&["patch", object, "-p", patch]);
        }
        expect("by hand", places(["drift added"; 4]));
        for round in ["2", "3"] {
            later();
            release
                .upgrade_to(&["--set-string", &format!("round={round}")])
                .succeeded();
            let left = [
                "drift lingering",
                "drift lingering",
                "info lingering",
                "info lingering",
            ];
            expect(round, places(left));
        }
        problems.note(&release, "merged keys", &wrong);
    }
}
