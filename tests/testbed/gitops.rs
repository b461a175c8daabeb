//! Programs that manage releases are recognised by what they leave on real objects: where that
//! comes from is in `src/health/gitops/marks.rs`.

use serde_json::{Value, json};

use crate::harness::{Cluster, HelmVersion, Release, Scan};

/// What the report says of who manages a release.
fn managed_by(release: &Release<'_>) -> Value {
    let scan = release.scan();
    scan.release(&release.name)
        .map_or(Value::Null, |release| release["managedBy"].clone())
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_program_that_wrote_helms_annotations_is_known_by_its_name() {
    for (program, tool) in [
        ("terraform-provider-helm_v2.17.0_x5", "terraform"),
        ("helm-controller", "flux"),
        ("pulumi-resource-kubernetes", "pulumi"),
        ("crossplane-helm-provider", "crossplane"),
    ] {
        let release = Release::install(Cluster::shared(), HelmVersion::V3, "lookup", &[]);
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {
            "name": release.fill("{r}-plain"),
            "annotations": {"meta.helm.sh/release-name": release.name}}});
        let line = format!("kubectl apply --server-side --field-manager={program} -f - <<< '{object}'");
        release.shell(&line).succeeded();
        let managed_by = managed_by(&release);
        assert_eq!(managed_by["tool"], tool, "{managed_by:#}");
        let evidence = format!("1 of 15 objects was written by the field manager {program}");
        assert_eq!(managed_by["evidence"], json!([evidence]));
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn labels_and_annotations_name_what_a_program_follows() {
    let release = Release::install(Cluster::shared(), HelmVersion::V4, "lookup", &[]);
    release.kubectl(&["label", "secret", "{r}-plain", "app.kubernetes.io/instance=store"]);
    assert_eq!(managed_by(&release), Value::Null, "an ordinary release");
    let tracking = release.fill("argocd.argoproj.io/tracking-id=store:/Secret:{r}/{r}-plain");
    release.kubectl(&["annotate", "secret", "{r}-plain", &tracking]);
    let found = managed_by(&release);
    assert_eq!(
        (&found["tool"], &found["name"]),
        (&"argo-cd".into(), &"Application store".into())
    );
    let labels = release.fill("helm.toolkit.fluxcd.io/namespace={r}");
    for secret in ["{r}-plain", "{r}-own", "{r}-db"] {
        release.kubectl(&[
            "label",
            "secret",
            secret,
            "helm.toolkit.fluxcd.io/name=web",
            &labels,
        ]);
    }
    let found = managed_by(&release);
    assert_eq!(found["tool"], "flux", "most objects say so");
    assert_eq!(found["name"], release.fill("HelmRelease {r}/web"));
}

/// Lets the API server serve a kind that programs follow. The test has its own server: the real definitions are not here.
fn define(cluster: &Cluster, group: &str, version: &str, kind: &str, plural: &str) {
    cluster.apply(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
            "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema":
                {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}));
    let name = format!("{plural}.{group}");
    let established = [
        "wait",
        "--for=condition=established",
        "--timeout=60s",
        "crd",
        &name,
    ];
    cluster.kubectl(&established);
}

/// One release whose object says that this `HelmRelease` manages it.
fn labelled<'c>(cluster: &'c Cluster, namespace: &str) -> Release<'c> {
    let release = Release::install(cluster, HelmVersion::V4, "lookup", &[]);
    let namespace = format!("helm.toolkit.fluxcd.io/namespace={namespace}");
    let name = release.fill("helm.toolkit.fluxcd.io/name={r}");
    release.kubectl(&["label", "secret", "{r}-plain", &name, &namespace]);
    release
}

/// A `HelmRelease` of Flux for this release.
fn helm_release(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"namespace": namespace, "name": name}, "spec": spec})
}

/// One is read by its name, several of one namespace are listed.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_a_helm_release_makes_of_drift_is_read_where_it_manages_the_release() {
    let cluster = Cluster::start();
    let flux = cluster.namespace("flux");
    let lone = labelled(&cluster, &flux);
    let unread = &managed_by(&lone)["evidence"][1];
    let absent = format!(
        "HelmRelease {flux}/{} does not exist, or manages something else than this release",
        lone.name
    );
    assert_eq!(*unread, absent, "nothing serves the kind");
    define(
        &cluster,
        "helm.toolkit.fluxcd.io",
        "v2",
        "HelmRelease",
        "helmreleases",
    );

    let spec = |release: &Release<'_>, detection: &Value, suspend: bool| {
        json!({"releaseName": release.name, "targetNamespace": release.namespace,
            "storageNamespace": release.namespace, "suspend": suspend, "driftDetection": detection,
            "values": {"password": "hunter2"}})
    };
    let cases = [
        (json!({"mode": "enabled"}), false, json!("corrected")),
        (
            json!({"mode": "warn", "ignore": [{"paths": ["/spec/replicas"]}]}),
            false,
            json!("reported"),
        ),
        (json!({"mode": "disabled"}), false, json!("ignored")),
        (Value::Null, false, json!("ignored")),
        (json!({"mode": "enabled"}), true, json!("suspended")),
    ];
    let many: Vec<_> = cases.iter().map(|_| labelled(&cluster, &flux)).collect();
    for (release, (detection, suspend, _)) in many.iter().zip(&cases) {
        cluster.apply(&helm_release(
            &flux,
            &release.name,
            &spec(release, detection, *suspend),
        ));
    }
    // Somebody's labels point at what manages another release.
    let other = spec(&many[0], &json!({"mode": "enabled"}), false);
    cluster.apply(&helm_release(&flux, &lone.name, &other));

    let dir = tempfile::tempdir().expect("there is room for temporary files");
    let path = dir.path().join("snapshot").display().to_string();
    cluster
        .driftline(&["snapshot", "-A", "-o", &path, "--redact"])
        .succeeded();
    let scans = [
        ("all, listed", cluster.driftline(&["scan", "-A", "-o", "json"])),
        (
            "from a snapshot",
            cluster.driftline(&["scan", "--snapshot", &path, "-o", "json"]),
        ),
    ];
    for (way, scan) in scans {
        let scan = Scan::from(scan);
        for (release, (_, _, correction)) in many.iter().zip(&cases) {
            let found = &scan.release(&release.name).expect(way)["managedBy"];
            assert_eq!(found["driftCorrection"], *correction, "{way}: {found:#}");
            assert_eq!(found["evidence"].as_array().map(Vec::len), Some(1), "{found:#}");
        }
        let found = &scan.release(&lone.name).expect(way)["managedBy"];
        assert_eq!(
            (&found["driftCorrection"], &found["evidence"][1]),
            (&Value::Null, &absent.clone().into())
        );
    }
    for (release, (_, _, correction)) in many.iter().zip(&cases) {
        assert_eq!(
            managed_by(release)["driftCorrection"],
            *correction,
            "alone, by its name"
        );
    }
    let ignoring = managed_by(&many[1]);
    let meaning = ignoring["meaning"].as_str().unwrap_or_default();
    assert!(
        meaning.ends_with("except for what spec.driftDetection.ignore names"),
        "{meaning}"
    );
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn whether_an_application_heals_itself_is_read_where_it_has_the_object() {
    let cluster = Cluster::start();
    define(&cluster, "argoproj.io", "v1alpha1", "Application", "applications");
    cluster.kubectl(&["create", "namespace", "argocd"]);
    let release = Release::install(&cluster, HelmVersion::V4, "lookup", &[]);
    let tracking = release.fill("argocd.argoproj.io/tracking-id=store:/Secret:{r}/{r}-plain");
    release.kubectl(&["annotate", "secret", "{r}-plain", &tracking]);
    let application = |policy: &Value, name: &str| {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"namespace": "argocd", "name": "store"},
            "spec": {"destination": {"server": "https://kubernetes.default.svc"}, "syncPolicy": policy},
            "status": {"resources": [{"version": "v1", "kind": "Secret", "namespace": release.namespace,
                "name": release.fill(name)}]}})
    };
    for (policy, name, correction) in [
        (
            json!({"automated": {"selfHeal": true}}),
            "{r}-plain",
            json!("corrected"),
        ),
        (json!({"automated": {}}), "{r}-plain", json!("reported")),
        (json!({"automated": {"selfHeal": true}}), "{r}-other", Value::Null),
    ] {
        cluster.apply(&application(&policy, name));
        let found = managed_by(&release);
        assert_eq!(found["driftCorrection"], correction, "{policy} {name}: {found:#}");
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_k3s_installs_is_known_by_its_helm_chart() {
    let cluster = Cluster::start();
    define(&cluster, "helm.cattle.io", "v1", "HelmChart", "helmcharts");
    let release = Release::install(&cluster, HelmVersion::V4, "lookup", &[]);
    let other = Release::install(&cluster, HelmVersion::V3, "lookup", &[]);
    let chart = |annotations: Value| {
        json!({"apiVersion": "helm.cattle.io/v1", "kind": "HelmChart",
            "metadata": {"namespace": "kube-system", "name": release.name, "annotations": annotations},
            "spec": {"targetNamespace": release.namespace, "chartContent": "aGVsbG8="}})
    };
    for (annotations, correction) in [
        (json!({}), "ignored"),
        (
            json!({"helmcharts.helm.cattle.io/unmanaged": "true"}),
            "suspended",
        ),
    ] {
        cluster.apply(&chart(annotations));
        let found = managed_by(&release);
        let name = release.fill("HelmChart kube-system/{r}");
        assert_eq!(
            (&found["tool"], &found["name"]),
            (&"k3s".into(), &name.into()),
            "{found:#}"
        );
        assert_eq!(found["driftCorrection"], correction, "{found:#}");
    }
    assert_eq!(managed_by(&other), Value::Null);
}
