//! Charts whose templates read live objects: what the next upgrade renders is not what the record says.

use crate::harness::{Cluster, HelmVersion, Release, later};

/// What somebody writes into each Secret: `second`.
const SECOND: &str = "c2Vjb25k";

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_a_template_reads_from_the_cluster_is_not_foretold() {
    for helm in [HelmVersion::V3, HelmVersion::V4] {
        let release = Release::install(Cluster::shared(), helm, "lookup", &[]);
        later();
        for secret in ["own", "included", "db", "plain"] {
            let patch = format!(r#"{{"data":{{"password":"{SECOND}"}}}}"#);
            let secret = format!("secret/{{r}}-{secret}");
            release.kubectl(&[
                "patch",
                &secret,
                "--type=merge",
                "--field-manager=kubectl-edit",
                "-p",
                &patch,
            ]);
        }
        let scan = release.scan();
        let finding = |secret: &str| {
            let object = release.fill(&format!("Secret/{{r}}-{secret}"));
            scan.finding(&object, "/data/password")
                .unwrap_or_else(|| panic!("{secret} has no finding"))
        };
        for (secret, reason) in [
            ("own", "the template reads live objects (lookup)"),
            ("included", "the template reads live objects (lookup)"),
            ("db", "the template is that of a dependency"),
        ] {
            let finding = finding(secret);
            assert!(finding["nextUpgrade"].is_null(), "{helm:?}: {finding:#}");
            let said = finding["nextUpgradeReason"].as_str().unwrap_or_default();
            assert!(said.starts_with(reason), "{helm:?}: {finding:#}");
        }
        // Server-side apply meets the owner of the one Secret that does not render what lives.
        let (effect, flags): (_, &[&str]) = match helm {
            HelmVersion::V3 => ("revert", &[]),
            HelmVersion::V4 => ("conflict", &["--force-conflicts"]),
        };
        assert_eq!(finding("plain")["nextUpgrade"], effect, "{helm:?}");
        release.upgrade_to(flags).succeeded();
        for secret in ["own", "included", "db"] {
            assert_eq!(password(&release, secret), SECOND, "{helm:?}: {secret}");
        }
        assert_eq!(password(&release, "plain"), "Zmlyc3Q=", "{helm:?}");
    }
}

fn password(release: &Release<'_>, secret: &str) -> String {
    let secret = format!("secret/{{r}}-{secret}");
    release.kubectl(&["get", &secret, "-o", "jsonpath={.data.password}"])
}
