//! Releases as a whole: upgrades that fail halfway, installs that never succeed, objects that stay behind; and a
//! Secret, which must be compared and never shown.
//!
//! Every case gets a release of its own, with both Helms.

use serde_json::{Value, json};

use crate::harness::{Cluster, Finding, HelmVersion, Problems, Release, Scan};

/// The expected report. Names are written with `{r}` for the release's name.
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

/// Objects in a state of their own, without findings.
fn states(states: &'static [&'static str]) -> Expected {
    Expected {
        states,
        ..Expected::default()
    }
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
        let disproved = release.disproved(&scan);
        assert!(disproved.is_empty(), "{helm:?}: {disproved:#?}");
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
            // No values are shown of objects in other namespaces.
            let hidden = || json!("(redacted)");
            let elsewhere = "ConfigMap/{r}-elsewhere";
            findings.push((elsewhere, "half-upgraded", "/data/message", hidden(), hidden()));
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

/// Of two upgrades that failed, the first one wrote the value and the second one stopped at its hook: the value is not
/// the newest revision's.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_half_upgraded_value_is_named_by_the_revision_that_wrote_it() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "troubled", &[]);
        release.upgrade_to(&["--set=message=two,service=second"]).failed();
        release
            .upgrade_to(&["--set=message=three,hook=pre-upgrade,hookJob=fails"])
            .failed();
        let scan = release.scan();
        assert_eq!(scan.report["releases"][0]["latest"]["revision"], 3);
        let found = scan.finding(&release.fill("ConfigMap/{r}-settings"), "/data/message");
        let fields = ["code", "live", "fromRevision"].map(|field| &found.expect("a finding")[field]);
        assert_eq!(
            fields,
            [&json!("half-upgraded"), &json!("two"), &json!(2)],
            "{helm:?}"
        );
        let text = Cluster::shared()
            .driftline(&["scan", "-n", &release.namespace])
            .stdout;
        assert!(text.contains("one → two   as in revision 2"), "{helm:?}:\n{text}");
        assert!(!text.contains("as in revision 3"), "{helm:?}:\n{text}");
    }
}

/// Regression: a rollback that fails turns a failed revision into a superseded one, and what that had written was taken for
/// the work of a webhook: in sync, and exit status 0.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_a_failed_upgrade_wrote_is_told_after_the_rollback_from_it_failed_too() {
    let mut problems = Problems::default();
    for helm in HelmVersion::ALL {
        let installed = ["--set=hook=pre-rollback,hookJob=fails"];
        let release = Release::install(Cluster::shared(), helm, "troubled", &installed);
        release.upgrade_to(&["--set=message=two,service=second"]).failed();
        release.helm_on("rollback", &["1"]).failed();
        let history = release.helm_on("history", &[]).stdout;
        let scan = release.scan();
        let found = scan.finding(&release.fill("ConfigMap/{r}-settings"), "/data/message");
        let told = found.map(|found| (found["code"].clone(), found["fromRevision"].clone()));
        let mut wrong = Vec::new();
        if told != Some((json!("half-upgraded"), json!(2))) || scan.status != 1 {
            wrong.push(format!("{told:?}, exit status {}: {history}", scan.status));
        }
        problems.note(&release, "rollback from a failed upgrade", &wrong);
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

/// An object that the baseline no longer names is a leftover, unless Helm was told to keep it.
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
    problems.extend(release.disproved(scan).into_values().flatten());
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
