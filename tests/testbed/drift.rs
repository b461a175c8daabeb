//! What people, programs and half-finished upgrades do to a release is found,
//! named as what it is, and nothing else is reported beside it.
//!
//! Every case gets a release of its own, with both Helms.

use serde_json::{Value, json};

use crate::harness::{Cluster, Finding, HelmVersion, Problems, Release, Scan};

/// What a scan has to say. Names are written with `{r}` for the release's name.
#[derive(Default)]
struct Expected {
    /// Object, code, path, desired and live value of every finding of severity
    /// drift; null stands for an absent value.
    findings: Vec<(&'static str, &'static str, &'static str, Value, Value)>,
    /// Objects that are missing, foreign and so on, as `Kind/name state`.
    states: &'static [&'static str],
    /// Codes of release health that have to be among those reported.
    health: &'static [&'static str],
}

/// Changes made with kubectl to a chart's first revision.
struct Case {
    chart: &'static str,
    commands: &'static [&'static [&'static str]],
    expected: Expected,
}

/// One finding on its own.
fn one(
    object: &'static str,
    code: &'static str,
    path: &'static str,
    desired: Value,
    live: Value,
) -> Expected {
    Expected {
        findings: vec![(object, code, path, desired, live)],
        ..Expected::default()
    }
}

/// Objects in a state of their own, without findings.
fn states(states: &'static [&'static str]) -> Expected {
    Expected {
        states,
        ..Expected::default()
    }
}

/// Values that people change.
fn changed() -> Vec<Case> {
    vec![
        Case {
            chart: "shop",
            commands: &[&[
                "set",
                "image",
                "deployment/{r}-web",
                "web=registry.example.com/shop/web:hotfix",
            ]],
            expected: one(
                "Deployment/{r}-web",
                "changed",
                "/spec/template/spec/containers[name=web]/image",
                json!("registry.example.com/shop/web:1.4.2"),
                json!("registry.example.com/shop/web:hotfix"),
            ),
        },
        Case {
            chart: "shop",
            commands: &[&["scale", "statefulset/{r}-api", "--replicas=5"]],
            expected: one(
                "StatefulSet/{r}-api",
                "changed",
                "/spec/replicas",
                json!(3),
                json!(5),
            ),
        },
        Case {
            chart: "shop",
            commands: &[&[
                "patch",
                "configmap/{r}-config",
                r#"-p={"data":{"currency":"USD"}}"#,
            ]],
            expected: one(
                "ConfigMap/{r}-config",
                "changed",
                "/data/currency",
                json!("EUR"),
                json!("USD"),
            ),
        },
        Case {
            chart: "shop",
            commands: &[&[
                "patch",
                "statefulset/{r}-api",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/template/spec/containers/0/args/1","value":"--log-format=text"}]"#,
            ]],
            expected: one(
                "StatefulSet/{r}-api",
                "changed",
                "/spec/template/spec/containers[name=api]/args",
                json!(["--listen=:8080", "--log-format=json"]),
                json!(["--listen=:8080", "--log-format=text"]),
            ),
        },
        Case {
            chart: "shop",
            commands: &[&[
                "patch",
                "service/{r}-web",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/ports/0/targetPort","value":8081}]"#,
            ]],
            expected: one(
                "Service/{r}-web",
                "changed",
                "/spec/ports[port=80,protocol=TCP]/targetPort",
                json!("http"),
                json!(8081),
            ),
        },
        Case {
            chart: "custom-resources",
            commands: &[&["patch", "widget/{r}", "--type=merge", r#"-p={"spec":{"size":9}}"#]],
            expected: one("Widget/{r}", "changed", "/spec/size", json!(3), json!(9)),
        },
        Case {
            chart: "workloads",
            commands: &[&[
                "set",
                "resources",
                "deployment/{r}-quantities",
                "-c=app",
                "--limits=cpu=2001m",
            ]],
            expected: one(
                "Deployment/{r}-quantities",
                "changed",
                "/spec/template/spec/containers[name=app]/resources/limits/cpu",
                json!("2000m"),
                json!("2001m"),
            ),
        },
        // Not at a path where quantities live: the spelling counts.
        Case {
            chart: "workloads",
            commands: &[&["set", "env", "deployment/{r}-quantities", "-c=app", "MEMORY=1Gi"]],
            expected: one(
                "Deployment/{r}-quantities",
                "changed",
                "/spec/template/spec/containers[name=app]/env[name=MEMORY]/value",
                json!("1024Mi"),
                json!("1Gi"),
            ),
        },
        // A replica count of zero is meant.
        Case {
            chart: "workloads",
            commands: &[&["scale", "deployment/{r}-zeros", "--replicas=1"]],
            expected: one(
                "Deployment/{r}-zeros",
                "changed",
                "/spec/replicas",
                json!(0),
                json!(1),
            ),
        },
        Case {
            chart: "scalars",
            commands: &[&[
                "patch",
                "configmap/{r}-binary",
                r#"-p={"binaryData":{"bytes":"/wD+gII="}}"#,
            ]],
            expected: one(
                "ConfigMap/{r}-binary",
                "changed",
                "/binaryData/bytes",
                json!("/wD+gIE="),
                json!("/wD+gII="),
            ),
        },
        Case {
            chart: "cluster-scoped",
            commands: &[&[
                "patch",
                "clusterrole/{r}-reader",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/rules/0/verbs","value":["*"]}]"#,
            ]],
            expected: one(
                "ClusterRole/{r}-reader",
                "changed",
                "/rules[0]/verbs",
                json!(["get", "list"]),
                json!(["*"]),
            ),
        },
        // Whoever adds to an element of an atomic list changes it.
        Case {
            chart: "cluster-scoped",
            commands: &[&[
                "patch",
                "clusterrole/{r}-reader",
                "--type=json",
                r#"-p=[{"op":"add","path":"/rules/0/resourceNames","value":["one"]}]"#,
            ]],
            expected: one(
                "ClusterRole/{r}-reader",
                "changed",
                "/rules[0]",
                json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}),
                json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"],
                    "resourceNames": ["one"]}),
            ),
        },
        // The list is empty because nothing is to be allowed.
        Case {
            chart: "networking",
            commands: &[&[
                "patch",
                "networkpolicy/{r}-deny",
                "--type=json",
                r#"-p=[{"op":"add","path":"/spec/ingress","value":[{}]}]"#,
            ]],
            expected: one(
                "NetworkPolicy/{r}-deny",
                "changed",
                "/spec/ingress",
                json!([]),
                json!([{}]),
            ),
        },
    ]
}

/// What people take away.
fn removed() -> Vec<Case> {
    vec![
        Case {
            chart: "shop",
            commands: &[&[
                "patch",
                "deployment/{r}-web",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation"}]"#,
            ]],
            expected: one(
                "Deployment/{r}-web",
                "removed",
                "/spec/template/spec/containers[name=web]/securityContext/allowPrivilegeEscalation",
                json!(false),
                Value::Null,
            ),
        },
        Case {
            chart: "shop",
            commands: &[&["label", "deployment/{r}-web", "app.kubernetes.io/component-"]],
            expected: one(
                "Deployment/{r}-web",
                "removed",
                r#"/metadata/labels["app.kubernetes.io/component"]"#,
                json!("web"),
                Value::Null,
            ),
        },
        Case {
            chart: "shop",
            commands: &[&[
                "patch",
                "deployment/{r}-web",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/spec/template/spec/containers/0/env/0"}]"#,
            ]],
            expected: one(
                "Deployment/{r}-web",
                "removed",
                "/spec/template/spec/containers[name=web]/env[name=API_URL]",
                json!({"name": "API_URL", "value": "http://{r}-api:8080"}),
                Value::Null,
            ),
        },
        Case {
            chart: "shop",
            commands: &[&[
                "patch",
                "configmap/{r}-config",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/data/currency"}]"#,
            ]],
            expected: one(
                "ConfigMap/{r}-config",
                "removed",
                "/data/currency",
                json!("EUR"),
                Value::Null,
            ),
        },
        // A custom resource keeps zeros, so the absence of one was made.
        Case {
            chart: "custom-resources",
            commands: &[&[
                "patch",
                "widget/{r}-zeros",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/spec/size"},{"op":"remove","path":"/spec/enabled"}]"#,
            ]],
            expected: Expected {
                findings: vec![
                    (
                        "Widget/{r}-zeros",
                        "removed",
                        "/spec/enabled",
                        json!(false),
                        Value::Null,
                    ),
                    ("Widget/{r}-zeros", "removed", "/spec/size", json!(0), Value::Null),
                ],
                ..Expected::default()
            },
        },
        Case {
            chart: "networking",
            commands: &[&[
                "patch",
                "service/{r}-plain",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/spec/selector/app"}]"#,
            ]],
            expected: one(
                "Service/{r}-plain",
                "removed",
                "/spec/selector",
                json!({"app": "{r}"}),
                Value::Null,
            ),
        },
        Case {
            chart: "shop",
            commands: &[&["delete", "service/{r}-web", "deployment/{r}-web"]],
            expected: states(&["Deployment/{r}-web missing", "Service/{r}-web missing"]),
        },
        Case {
            chart: "lists",
            commands: &[&["delete", "configmap/{r}-finalizers", "--wait=false"]],
            expected: states(&["ConfigMap/{r}-finalizers terminating"]),
        },
        Case {
            chart: "shop",
            commands: &[&[
                "annotate",
                "--overwrite",
                "configmap/{r}-config",
                "meta.helm.sh/release-name=somebody-else",
            ]],
            expected: states(&["ConfigMap/{r}-config foreign"]),
        },
        // Recreated by hand, without Helm's annotations.
        Case {
            chart: "shop",
            commands: &[
                &["delete", "configmap/{r}-config"],
                &["create", "configmap", "{r}-config", "--from-literal=currency=EUR"],
            ],
            expected: states(&["ConfigMap/{r}-config foreign"]),
        },
    ]
}

/// Changes made after the second revision was deployed.
fn after_an_upgrade() -> Vec<Case> {
    let image = "/spec/template/spec/containers[name=web]/image";
    vec![
        Case {
            chart: "shop",
            commands: &[&[
                "set",
                "image",
                "deployment/{r}-web",
                "web=registry.example.com/shop/web:1.4.2",
            ]],
            expected: one(
                "Deployment/{r}-web",
                "not-applied",
                image,
                json!("registry.example.com/shop/web:1.5.0"),
                json!("registry.example.com/shop/web:1.4.2"),
            ),
        },
        Case {
            chart: "shop",
            commands: &[&[
                "set",
                "image",
                "deployment/{r}-web",
                "web=registry.example.com/shop/web:hotfix",
            ]],
            expected: one(
                "Deployment/{r}-web",
                "conflict",
                image,
                json!("registry.example.com/shop/web:1.5.0"),
                json!("registry.example.com/shop/web:hotfix"),
            ),
        },
        // Both revisions agree on this one.
        Case {
            chart: "shop",
            commands: &[&["scale", "statefulset/{r}-api", "--replicas=5"]],
            expected: one(
                "StatefulSet/{r}-api",
                "changed",
                "/spec/replicas",
                json!(3),
                json!(5),
            ),
        },
        Case {
            chart: "shop",
            commands: &[&["set", "env", "statefulset/{r}-api", "LEGACY_CHECKOUT=true"]],
            expected: one(
                "StatefulSet/{r}-api",
                "lingering",
                "/spec/template/spec/containers[name=api]/env[name=LEGACY_CHECKOUT]",
                Value::Null,
                json!({"name": "LEGACY_CHECKOUT", "value": "true"}),
            ),
        },
        Case {
            chart: "custom-resources",
            commands: &[&[
                "patch",
                "widget/{r}",
                "--type=merge",
                r#"-p={"spec":{"color":"red"}}"#,
            ]],
            expected: one(
                "Widget/{r}",
                "lingering",
                "/spec/color",
                Value::Null,
                json!("red"),
            ),
        },
    ]
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn changed_values_are_found() {
    check_cases(changed, |_| {});
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn removed_fields_and_objects_are_found() {
    check_cases(removed, |_| {});
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_previous_revision_tells_differences_apart() {
    check_cases(after_an_upgrade, |release| release.upgrade(&[]));
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_changed_secret_is_found_and_never_shown() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "shop", &[]);
        release.kubectl(&[
            "patch",
            "secret/{r}-database",
            r#"-p={"stringData":{"DB_PASSWORD":"tr0ub4dor-and-3"}}"#,
        ]);
        let scan = release.scan();
        let [finding] = scan.drift().try_into().expect("one finding");
        assert_eq!(finding.object, release.fill("Secret/{r}-database"));
        assert_eq!(
            (finding.code.as_str(), finding.path.as_str()),
            ("changed", "/data/DB_PASSWORD")
        );
        assert_eq!(scan.status, 1);

        // Neither value, neither spelling, in no format and no log.
        let text = Cluster::shared().driftline(&["scan", "-n", &release.namespace, "-v"]);
        for secret in ["correct-horse", "tr0ub4dor", "Y29ycmVjdC1ob3Jz", "dHIwdWI0ZG9y"] {
            for shown in [&scan.stdout, &scan.stderr, &text.stdout, &text.stderr] {
                assert!(!shown.contains(secret), "{helm:?} shows {secret}:\n{shown}");
            }
        }
    }
}

/// One object is refused. Both Helms go on with the others and leave out the
/// deletions; what they applied is attributed to the upgrade, not to a person.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_upgrade_that_failed_halfway_is_told_from_drift() {
    let annotation = r#"/metadata/annotations["testbed.example/message"]"#;
    let image = "/spec/template/spec/containers[name=app]/image";
    let [before, after] = ["one", "two"].map(|tag| json!(format!("registry.example.com/app:{tag}")));
    let half = |object, path| (object, "half-upgraded", path, json!("one"), json!("two"));
    let cases = [
        (
            "--set=refused=true",
            vec![
                half("Deployment/{r}", annotation),
                ("Deployment/{r}", "half-upgraded", image, before, after),
            ],
        ),
        ("--set=immutable=second", vec![half("Service/{r}", annotation)]),
    ];
    let mut problems = Problems::default();
    for helm in HelmVersion::ALL {
        for (switch, applied) in &cases {
            let release = Release::install(Cluster::shared(), helm, "helm-features", &[]);
            release.try_upgrade(&[switch]).failed();
            let mut findings = applied.clone();
            findings.push(half("ConfigMap/{r}-elsewhere", "/data/message"));
            findings.push(half("ConfigMap/{r}-stamped", "/data/message"));
            let expected = Expected {
                findings,
                states: &["ConfigMap/{r}-added leftover"],
                health: &["failed-upgrade"],
            };
            problems.note(&release, switch, &check(&release, &expected, &release.scan()));
        }
    }
}

/// A hook that fails comes last: everything is at the new revision by then, and
/// Helm calls it failed all the same.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_upgrade_whose_hook_failed_is_told_from_drift() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "helm-features", &[]);
        release
            .try_upgrade(&["--set=failingHook=true,kept=true,dropped=true,added=false"])
            .failed();
        let scan = release.scan();
        let codes: Vec<_> = scan.drift().into_iter().map(|finding| finding.code).collect();
        assert!(
            !codes.is_empty() && codes.iter().all(|code| code == "half-upgraded"),
            "{:#}",
            scan.report
        );
        assert!(
            scan.health().contains(&"failed-upgrade".to_owned()),
            "{:?}",
            scan.health()
        );
    }
}

/// Without a revision that was ever deployed there is nothing to compare with.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_failed_installation_is_reported_as_one() {
    for helm in HelmVersion::ALL {
        let (release, outcome) =
            Release::try_install(Cluster::shared(), helm, "helm-features", &["--set=refused=true"]);
        outcome.failed();
        let scan = release.scan();
        assert!(scan.drift().is_empty(), "{:#}", scan.report);
        assert!(
            scan.health().contains(&"failed-install".to_owned()),
            "{:?}",
            scan.health()
        );
    }
}

/// What a revision no longer names must be gone, unless Helm was asked to keep it.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn kept_objects_are_no_leftovers_and_recreated_ones_are() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "helm-features", &[]);
        release.upgrade(&[]);
        release.kubectl(&["get", "configmap/{r}-kept"]);
        release.kubectl(&[
            "create",
            "configmap",
            "{r}-dropped",
            "--from-literal=message=dropped",
        ]);
        release.kubectl(&[
            "label",
            "configmap/{r}-dropped",
            "app.kubernetes.io/managed-by=Helm",
        ]);
        release.kubectl(&[
            "annotate",
            "configmap/{r}-dropped",
            "meta.helm.sh/release-name={r}",
            "meta.helm.sh/release-namespace={r}",
        ]);
        let expected = states(&["ConfigMap/{r}-dropped leftover"]);
        let problems = check(&release, &expected, &release.scan());
        assert!(problems.is_empty(), "{helm:?}:\n{}", problems.join("\n"));
    }
}

fn check_cases(cases: fn() -> Vec<Case>, prepare: fn(&Release<'_>)) {
    let mut problems = Problems::default();
    for helm in HelmVersion::ALL {
        for case in cases() {
            let release = Release::install(Cluster::shared(), helm, case.chart, &[]);
            prepare(&release);
            for command in case.commands {
                release.kubectl(command);
            }
            let what = format!("after {:?}", case.commands);
            problems.note(&release, &what, &check(&release, &case.expected, &release.scan()));
        }
    }
}

fn check(release: &Release<'_>, expected: &Expected, scan: &Scan) -> Vec<String> {
    let mut wanted: Vec<_> = expected
        .findings
        .iter()
        .map(|row| finding(release, row).to_string())
        .collect();
    let mut found: Vec<_> = scan.drift().iter().map(ToString::to_string).collect();
    wanted.extend(expected.states.iter().map(|state| release.fill(state)));
    found.extend(scan.states());
    let mut problems: Vec<String> = wanted
        .iter()
        .filter(|row| !found.contains(row))
        .map(|row| format!("missed:   {row}"))
        .collect();
    problems.extend(
        found
            .iter()
            .filter(|row| !wanted.contains(row))
            .map(|row| format!("reported: {row}")),
    );

    let health = scan.health();
    for code in expected.health {
        if !health.iter().any(|found| found == code) {
            problems.push(format!("no health entry {code} in {health:?}"));
        }
    }
    if scan.status != 1 {
        problems.push(format!("exit status {}: {}", scan.status, scan.stderr));
    }
    problems
}

fn finding(release: &Release<'_>, row: &(&str, &str, &str, Value, Value)) -> Finding {
    let (object, code, path, desired, live) = row;
    let fill = |value: &Value| serde_json::from_str(&release.fill(&value.to_string())).expect("still JSON");
    Finding {
        object: release.fill(object),
        code: (*code).to_owned(),
        severity: "drift".to_owned(),
        path: release.fill(path),
        desired: fill(desired),
        live: fill(live),
    }
}
