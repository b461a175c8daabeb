//! Releases in unusual places and in unusual states: records in `ConfigMap`s,
//! broken or half written, objects elsewhere, kinds that are no longer there.
//!
//! What Jobs that expire and `helm.sh/resource-policy: keep` come to is in
//! `catalogue/`.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Cluster, HelmVersion, Release, Scan};

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn records_in_configmaps_are_found() {
    let cluster = Cluster::shared();
    let driver = |name| [("HELM_DRIVER", name)];
    for helm in HelmVersion::ALL {
        // One release whose records are Secrets, beside the one whose records are not.
        let other = Release::install(cluster, helm, "empty", &[]);
        let chart = crate::harness::chart("shop");
        let arguments = ["install", "in-configmaps", &chart, "-n", &other.namespace];
        cluster
            .helm_with(helm, &arguments, &driver("configmap"))
            .succeeded();
        other.kubectl(&["scale", "statefulset/in-configmaps-api", "--replicas=5"]);

        let names = |scan: &Scan| -> Vec<(Value, Value)> {
            let releases = scan.report["releases"].as_array().unwrap().iter();
            releases
                .map(|release| (release["name"].clone(), release["storage"]["driver"].clone()))
                .collect()
        };
        let in_configmaps = (json!("in-configmaps"), json!("configmap"));
        let in_secrets = (json!(other.name), json!("secret"));
        let both = other.scan();
        // Sorted: the other one is `empty-…`.
        assert_eq!(names(&both), [in_secrets.clone(), in_configmaps.clone()]);
        let one = other.scan_with(&[], &driver("configmap"));
        assert_eq!(names(&one), [in_configmaps]);
        for scan in [both, one] {
            let [finding] = scan.drift().try_into().expect("one finding");
            assert_eq!((finding.path.as_str(), scan.status), ("/spec/replicas", 1));
        }
        let rest = other.scan_with(&[], &driver("secret"));
        assert_eq!((names(&rest), rest.status), (vec![in_secrets], 0));
    }
}

/// A release's objects need not live where its records do.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn objects_in_other_namespaces_belong_to_their_release() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "helm-features", &[]);
        let elsewhere = release.fill("{r}-elsewhere");
        release.cluster.kubectl(&[
            "patch",
            "configmap",
            &elsewhere,
            "-n",
            &elsewhere,
            r#"-p={"data":{"message":"other"}}"#,
        ]);
        let scan = release.scan();
        let [finding] = scan.drift().try_into().expect("one finding");
        assert_eq!(
            (finding.code.as_str(), finding.path.as_str()),
            ("changed", "/data/message")
        );
        let object = scan
            .objects()
            .find(|object| object["state"] == "drifted")
            .unwrap();
        assert_eq!(object["namespace"], elsewhere.as_str());
        assert_eq!(
            scan.report["releases"][0]["namespace"],
            release.namespace.as_str()
        );

        // The same name in the release's own namespace is another object.
        release
            .cluster
            .kubectl(&["delete", "configmap", &elsewhere, "-n", &elsewhere]);
        release.kubectl(&["create", "configmap", "{r}-elsewhere"]);
        assert_eq!(
            release.scan().states(),
            [format!("ConfigMap/{elsewhere} missing")]
        );
    }
}

/// A record that lies in one namespace and is of a release in another: forged, or where Flux keeps it. Nobody knows which,
/// unless the settings say so.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_record_in_another_namespace_tells_nothing_unless_the_settings_trust_it() {
    let cluster = Cluster::shared();
    for helm in HelmVersion::ALL {
        let victim = Release::install(cluster, helm, "shop", &[]);
        let evil = cluster.namespace("evil");
        let record = victim.kubectl(&["get", "secret", "sh.helm.release.v1.{r}.v1", "-o", "json"]);
        let mut record: Value = serde_json::from_str(&record).unwrap();
        let labels = record["metadata"]["labels"].clone();
        record["metadata"] = json!({"name": record["metadata"]["name"], "namespace": evil, "labels": labels});
        cluster.apply(&record);

        let scan = |settings: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), settings).unwrap();
            let config = file.path().display().to_string();
            let arguments = ["scan", "-n", &evil, "-o", "json", "--all", "--config", &config];
            Scan::from(cluster.driftline(&arguments))
        };
        let untouched = scan("");
        assert_eq!(
            (untouched.status, untouched.health()),
            (3, vec!["identity-mismatch".to_owned()])
        );
        assert!(untouched.objects().all(|object| object["state"] == "unknown"));
        assert!(untouched.objects().count() > 3);
        let trusting = format!("trusted_storage_namespaces: [{evil}]\n");
        assert_eq!(scan(&trusting).status, 0, "{:#}", scan(&trusting).report);

        victim.kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"]);
        victim.kubectl(&["delete", "service/{r}-api"]);
        assert_eq!(scan("").timeless(), untouched.timeless(), "nobody learns of it");
        let (theirs, trusted) = (victim.scan(), scan(&trusting));
        assert_eq!((trusted.status, trusted.drift()), (1, theirs.drift()));

        let page = cluster.driftline(&["diagnose", &victim.name, "-n", &evil]);
        assert!(!page.stdout.contains("kubectl"), "{}", page.stdout);
        cluster.kubectl(&["delete", "namespace", &evil, "--wait=false"]);
    }
}

/// A kind goes away under a release: first its definition is deleted, then its
/// API group is claimed by a server that does not exist. Nothing is missing,
/// because nobody said so, and every other object is compared as ever.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn objects_of_kinds_that_went_away_are_unknown() {
    let cluster = Cluster::shared();
    for helm in HelmVersion::ALL {
        let group = format!("{}.gone.example", helm.name());
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("gadgets.{group}")},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"kind": "Gadget", "plural": "gadgets"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                }}}],
            },
        });
        cluster.apply(&definition);
        let name = format!("crd/gadgets.{group}");
        cluster.kubectl(&["wait", "--for=condition=Established", &name, "--timeout=30s"]);
        let chart = own_chart(&format!(
            "apiVersion: {group}/v1\nkind: Gadget\nmetadata: {{name: gadget}}\nspec: {{size: 1}}\n---\n\
             apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: beside}}\ndata: {{key: value}}\n"
        ));
        let release = Release::install_from(cluster, helm, &path(&chart), &[]);
        let fresh = release.scan();
        assert_eq!(
            (fresh.status, fresh.number("summary.objects.inSync")),
            (0, 2),
            "{:#}",
            fresh.report
        );

        cluster.kubectl(&["delete", &name, "--wait"]);
        let reason = |scan: &Scan| {
            let unknown = scan.objects().find(|object| object["state"] == "unknown");
            unknown.map(|object| object["reason"].as_str().unwrap().to_owned())
        };
        let not_served = format!("the API server does not serve Gadget in {group}/v1");
        let deleted = eventually(&release, |scan| reason(scan).as_ref() == Some(&not_served));
        assert_eq!(
            (deleted.status, deleted.health()),
            (3, vec!["api-removed".to_owned()])
        );
        assert_eq!(deleted.states(), ["Gadget/gadget unknown"]);
        assert_eq!(deleted.number("summary.objects.inSync"), 1);

        cluster.apply(&json!({
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": format!("v1.{group}")},
            "spec": {
                "group": group,
                "version": "v1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": true,
                "service": {"namespace": release.namespace, "name": "nowhere"},
            },
        }));
        let unavailable = format!("the API group of {group}/v1 is unavailable: its server does not answer");
        let dead = eventually(&release, |scan| reason(scan).as_ref() == Some(&unavailable));
        assert_eq!((dead.status, dead.health()), (3, Vec::new()), "{:#}", dead.report);
        assert_eq!(dead.states(), ["Gadget/gadget unknown"]);
        assert_eq!(dead.number("summary.objects.inSync"), 1);
        release.kubectl(&["patch", "configmap/beside", r#"-p={"data":{"key":"other"}}"#]);
        assert_eq!((release.scan().drift().len(), release.scan().status), (1, 1));
        cluster.kubectl(&["delete", "apiservice", &format!("v1.{group}")]);
    }
}

/// A record that nobody can read is reported as one, and hides nothing else.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn broken_records_do_not_hide_other_releases() {
    let cluster = Cluster::shared();
    for helm in HelmVersion::ALL {
        let broken = Release::install(cluster, helm, "shop", &[]);
        let name = broken.fill("beside-{r}");
        let place = (broken.namespace.as_str(), name.as_str());
        let beside = Release::install_into(cluster, helm, place, "helm-features", &[]);
        beside.kubectl(&[
            "patch",
            "configmap/{r}-dropped",
            r#"-p={"data":{"message":"other"}}"#,
        ]);
        let record = "secret/sh.helm.release.v1.{r}.v1";
        for payload in [
            json!({"stringData": {"release": "not base64"}}),
            // Base64 of nothing that was ever compressed.
            json!({"stringData": {"release": "bm90IGEgcmVsZWFzZQ=="}}),
            // The beginning of a gzip stream.
            json!({"stringData": {"release": "H4sIAAAAAAAA/w=="}}),
            json!({"data": {"release": ""}}),
            json!({"data": null}),
        ] {
            let payload = payload.to_string();
            broken.kubectl(&["patch", record, "--type=merge", "-p", &payload]);
            let scan = broken.scan();
            assert_eq!(scan.status, 1, "{payload}: {:#}", scan.report);
            assert_eq!(scan.number("summary.releases.unreadable"), 1, "{payload}");
            // Server-side apply would meet the patched field; client-side apply writes over it.
            let expected: &[&str] = match helm {
                HelmVersion::V3 => &["undecodable"],
                HelmVersion::V4 => &["upgrade-blocked", "undecodable"],
            };
            assert_eq!(scan.health(), expected, "{payload}");
            let [finding] = scan.drift().try_into().expect("one finding");
            assert_eq!(finding.object, beside.fill("ConfigMap/{r}-dropped"));
        }
        // On its own it is no drift: nothing is known.
        beside.kubectl(&[
            "patch",
            "configmap/{r}-dropped",
            r#"-p={"data":{"message":"dropped"}}"#,
        ]);
        assert_eq!(broken.scan().status, 3);
    }
}

/// Helm dies while it waits for a hook. At first that looks like work, later like what it is.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_helm_that_died_leaves_a_release_stuck() {
    let cluster = Cluster::shared();
    let waits = own_chart(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {number: \"{{ .Release.Revision }}\"}\n\
         ---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: never-ends\n  annotations: {helm.sh/hook: \
         pre-upgrade}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: job, image: \
         registry.example.com/job:1}]\n",
    );
    let impatient = waits.path().join("config.yaml").display().to_string();
    fs::write(&impatient, "scan: {stuck_after: 1s}\n").unwrap();
    for helm in HelmVersion::ALL {
        let release = Release::install_from(cluster, helm, &path(&waits), &[]);
        let arguments = ["upgrade", &release.name, &path(&waits), "-n", &release.namespace];
        let mut killed = cluster.spawn_helm(helm, &arguments);
        release.kubectl(&["wait", "--for=create", "job/never-ends", "--timeout=60s"]);
        killed.kill().unwrap();
        killed.wait().unwrap();

        let young = release.scan();
        assert_eq!(
            (young.status, young.health()),
            (0, ["in-progress", "hook-running"].map(str::to_owned).to_vec())
        );
        assert_eq!(young.report["releases"][0]["latest"]["status"], "pending-upgrade");
        assert_eq!(young.report["releases"][0]["baseline"]["revision"], 1);
        sleep(Duration::from_secs(2));
        let old = release.scan_with(&["--config", &impatient], &[]);
        assert_eq!(old.health(), ["stuck", "hook-running"]);
        assert_eq!((old.drift(), old.states()), (Vec::new(), Vec::new()));
        let health = &old.report["releases"][0]["health"][0];
        assert_eq!(health["severity"], "critical", "{health}");
        assert!(!health["advice"].as_array().unwrap().is_empty(), "{health}");
        // Helm itself agrees that nothing can be done to it.
        let refused = cluster.helm(helm, &arguments).failed();
        assert!(refused.contains("another operation"), "{refused}");
    }
}

/// Every revision has labels of its own, and Helm looks at those of the newest one.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn labels_select_releases_as_helm_list_does() {
    let cluster = Cluster::shared();
    for helm in HelmVersion::ALL {
        let release = Release::install(cluster, helm, "empty", &["--labels=team=a"]);
        release.upgrade_to(&["--labels=team=b"]).succeeded();
        let namespace = release.namespace.as_str();
        for (selector, is_listed) in [("team=a", false), ("team=b", true), ("team in (b,c),!x", true)] {
            let listed = cluster.helm(helm, &["list", "-q", "-n", namespace, "-l", selector]);
            assert_eq!(
                listed.succeeded().contains(&release.name),
                is_listed,
                "{selector}"
            );
            let scan = cluster.driftline(&["scan", "-n", namespace, "-l", selector, "-o", "json"]);
            let report: Value = serde_json::from_str(&scan.stdout).unwrap();
            let releases = report["releases"].as_array().unwrap();
            assert_eq!(releases.len(), usize::from(is_listed), "{}", scan.stdout);
            assert_eq!(scan.status, if is_listed { 0 } else { 3 }, "{}", scan.stderr);
        }
        let wrong = cluster.driftline(&["scan", "-n", namespace, "-l", "team in"]);
        assert_eq!(wrong.status, 2, "{}", wrong.stdout);
        assert!(
            wrong.stdout.contains("`team in` is not a label selector, see -l"),
            "{}",
            wrong.stdout
        );
    }
}

/// What is uninstalled is meant to be gone, also where its history is kept.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn uninstalled_releases_are_not_reported() {
    let cluster = Cluster::shared();
    for helm in HelmVersion::ALL {
        let release = Release::install(cluster, helm, "shop", &[]);
        let arguments = [
            "uninstall",
            &release.name,
            "-n",
            &release.namespace,
            "--keep-history",
        ];
        cluster.helm(helm, &arguments).succeeded();
        release.kubectl(&["get", "secret/sh.helm.release.v1.{r}.v1"]);
        let scan = release.scan();
        assert_eq!((scan.status, scan.number("summary.releases.total")), (0, 0));
    }
}

/// A rollback is a revision like any other: what it asks for is what counts.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_rollback_is_compared_with_what_it_asks_for() {
    let cluster = Cluster::shared();
    for helm in HelmVersion::ALL {
        let release = Release::install(cluster, helm, "shop", &[]);
        release.upgrade(&[]);
        let arguments = ["rollback", &release.name, "1", "-n", &release.namespace];
        cluster.helm(helm, &arguments).succeeded();
        let scan = release.scan();
        assert_eq!(
            (scan.status, scan.number("summary.objects.inSync")),
            (0, 13),
            "{:#}",
            scan.report
        );
        assert_eq!(scan.report["releases"][0]["baseline"]["revision"], 3);
        assert_eq!(scan.report["releases"][0]["previous"]["revision"], 2);
    }
}

/// A chart of one template.
fn own_chart(template: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("Chart.yaml"),
        "apiVersion: v2\nname: own\nversion: 1.0.0\n",
    )
    .unwrap();
    fs::create_dir(dir.path().join("templates")).unwrap();
    fs::write(dir.path().join("templates/objects.yaml"), template).unwrap();
    dir
}

fn path(chart: &TempDir) -> String {
    chart.path().display().to_string()
}

/// Scans until the API server has noticed what happened to its kinds.
fn eventually(release: &Release<'_>, noticed: impl Fn(&Scan) -> bool) -> Scan {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let scan = release.scan();
        if noticed(&scan) || Instant::now() > deadline {
            return scan;
        }
        sleep(Duration::from_millis(300));
    }
}
