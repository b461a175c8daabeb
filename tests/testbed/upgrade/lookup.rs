//! Charts whose templates read live objects or render something anew: what the next upgrade renders is not what the record
//! says.

use crate::harness::{Cluster, HelmVersion, Release, later};

/// What somebody writes into each Secret: `second`.
const SECOND: &str = "c2Vjb25k";

const READS_LIVE: &str = "the template reads live objects (lookup)";
const RENDERS_ANEW: &str = "the template renders a random value, the time, the revision";
const DEPENDENCY: &str = "the template is that of a dependency or includes one";

/// The Secrets that keep what lives, each with the reason that is told.
const SECRETS: [(&str, &str); 4] = [
    ("own", READS_LIVE),
    ("included", READS_LIVE),
    ("db", DEPENDENCY),
    ("library", DEPENDENCY),
];

/// The config maps whose `value` is not rendered as before, by the way in which their template comes to it. Where it is one
/// line behind its key, only that key is doubted.
const CONFIG_MAPS: [(&str, &str, Doubted); 10] = [
    ("put-together", READS_LIVE, Doubted::All),
    ("in-a-variable", READS_LIVE, Doubted::All),
    ("handed-over", READS_LIVE, Doubted::All),
    ("from-values", READS_LIVE, Doubted::All),
    ("from-a-file", READS_LIVE, Doubted::All),
    ("in-a-text", READS_LIVE, Doubted::All),
    ("installation", RENDERS_ANEW, Doubted::All),
    ("random", RENDERS_ANEW, Doubted::Key),
    ("revision", RENDERS_ANEW, Doubted::Key),
    ("checksum", READS_LIVE, Doubted::Key),
];

#[derive(Clone, Copy, PartialEq)]
enum Doubted {
    All,
    Key,
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_is_not_rendered_as_before_is_not_foretold() {
    for helm in [HelmVersion::V3, HelmVersion::V4] {
        let release = Release::install(Cluster::shared(), helm, "lookup", &[]);
        later();
        let edit = |object: &str, patch: &str| {
            let words = [
                "patch",
                object,
                "--type=merge",
                "--field-manager=kubectl-edit",
                "-p",
                patch,
            ];
            release.kubectl(&words);
        };
        for secret in SECRETS.iter().map(|(secret, _)| *secret).chain(["plain"]) {
            let patch = format!(r#"{{"data":{{"password":"{SECOND}"}}}}"#);
            edit(&format!("secret/{{r}}-{secret}"), &patch);
        }
        for (name, _, _) in CONFIG_MAPS {
            let patch = r#"{"data":{"value":"edited","fixed":"edited"}}"#;
            edit(&format!("configmap/{{r}}-{name}"), patch);
        }
        let scan = release.scan();
        let finding = |object: String, path: &str| {
            scan.finding(&release.fill(&object), path)
                .unwrap_or_else(|| panic!("{object} has no finding at {path}"))
                .clone()
        };
        let doubted = |object: String, path: &str, reason: &str| {
            let finding = finding(object, path);
            assert!(finding["nextUpgrade"].is_null(), "{helm:?}: {finding:#}");
            let said = finding["nextUpgradeReason"].as_str().unwrap_or_default();
            assert!(said.starts_with(reason), "{helm:?}: {finding:#}");
        };
        // Server-side apply meets the owner of what is rendered as before.
        let (effect, flags): (_, &[&str]) = match helm {
            HelmVersion::V3 => ("revert", &[]),
            HelmVersion::V4 => ("conflict", &["--force-conflicts"]),
        };
        for (secret, reason) in SECRETS {
            doubted(format!("Secret/{{r}}-{secret}"), "/data/password", reason);
        }
        let plain = finding("Secret/{r}-plain".to_owned(), "/data/password");
        assert_eq!(plain["nextUpgrade"], effect, "{helm:?}");
        for (name, reason, extent) in CONFIG_MAPS {
            let object = format!("ConfigMap/{{r}}-{name}");
            doubted(object.clone(), "/data/value", reason);
            match extent {
                Doubted::All => doubted(object, "/data/fixed", reason),
                Doubted::Key => assert_eq!(
                    finding(object, "/data/fixed")["nextUpgrade"],
                    effect,
                    "{helm:?}: {name}"
                ),
            }
        }
        release.upgrade_to(flags).succeeded();
        for (secret, _) in SECRETS {
            assert_eq!(password(&release, secret), SECOND, "{helm:?}: {secret}");
        }
        assert_eq!(password(&release, "plain"), "Zmlyc3Q=", "{helm:?}");
        for (name, reason, extent) in CONFIG_MAPS {
            let read = |key: &str| {
                let path = format!("jsonpath={{.data.{key}}}");
                release.kubectl(&["get", &format!("configmap/{{r}}-{name}"), "-o", &path])
            };
            assert_eq!(read("fixed"), "first", "{helm:?}: {name}");
            let is_kept = reason == READS_LIVE && extent == Doubted::All;
            assert_eq!(read("value").trim() == "edited", is_kept, "{helm:?}: {name}");
        }
    }
}

fn password(release: &Release<'_>, secret: &str) -> String {
    let secret = format!("secret/{{r}}-{secret}");
    release.kubectl(&["get", &secret, "-o", "jsonpath={.data.password}"])
}
