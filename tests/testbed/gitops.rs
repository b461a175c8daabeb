//! Programs that manage releases are recognised by what they leave on real objects: where that
//! comes from is in `src/health/gitops/marks.rs`.

use serde_json::Value;

use crate::harness::{Cluster, HelmVersion, Release};

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
        let object = serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": {
            "name": release.fill("{r}-plain"),
            "annotations": {"meta.helm.sh/release-name": release.name}}});
        let line = format!("kubectl apply --server-side --field-manager={program} -f - <<< '{object}'");
        release.shell(&line).succeeded();
        let managed_by = managed_by(&release);
        assert_eq!(managed_by["tool"], tool, "{managed_by:#}");
        let evidence = format!("1 of 15 objects was written by the field manager {program}");
        assert_eq!(managed_by["evidence"], serde_json::json!([evidence]));
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
