//! Programs that manage releases are recognised by what they leave on real objects.
//!
//! Each of them runs Helm's own code under the name of its program, which is what Helm calls itself in managed fields. So a
//! real Helm under that name leaves what they leave.

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
fn a_program_that_installs_releases_is_known_by_its_name() {
    for (helm, program, tool) in [
        (HelmVersion::V3, "helm_v3", "k3s"),
        (HelmVersion::V3, "terraform-provider-helm_v2.17.0_x5", "terraform"),
        (HelmVersion::V4, "helm-controller", "flux"),
        (HelmVersion::V4, "crossplane-helm-provider", "crossplane"),
    ] {
        let release = Release::unborn(Cluster::shared(), helm, "lookup");
        let line = format!(
            "folder=$(mktemp -d); cp \"$(command -v {})\" \"$folder/{program}\"
             \"$folder/{program}\" install {} {} --namespace {}; rm -r \"$folder\"",
            helm.name(),
            release.name,
            release.chart,
            release.namespace
        );
        release.shell(&line).succeeded();
        let managed_by = managed_by(&release);
        assert_eq!(managed_by["tool"], tool, "{managed_by:#}");
        assert_eq!(
            managed_by["evidence"],
            serde_json::json!([format!(
                "4 of 4 objects were written by the field manager {program}"
            )])
        );
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
