use serde_json::{Value, json};

use crate::model::Report;
use crate::release::history::Depth;
use crate::report::fixtures::test_cluster::{TestCluster, TestRelease, TestRevision, options, set};
use crate::scan::{PreviewRequest, ScanOptions};

const WEB: TestRelease = TestRelease::new("shop", "web");

/// Two revisions of which none is deployed: the second one failed, and added an object.
fn cluster() -> TestCluster {
    let config_map = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}});
    let both: [Value; 2] = ["settings", "added"].map(config_map);
    let mut cluster = TestCluster::new();
    for (number, status, description, objects) in [
        (1, "superseded", "Install complete", &both[..1]),
        (
            2,
            "failed",
            "Upgrade \"web\" failed: timed out waiting",
            &both[..],
        ),
    ] {
        cluster.store(
            WEB,
            &TestRevision {
                number,
                status,
                time: "2026-11-18T09:12:00Z",
                description,
                objects,
            },
        );
    }
    for object in &both {
        cluster.put(WEB, object, &[]);
    }
    cluster
}

/// What the commands to revision 1 say of what they delete.
fn deleted(report: &Report) -> Vec<&str> {
    let health = report.releases[0].health.iter();
    let advice = health.flat_map(|entry| &entry.advice);
    let changes = advice.map(|advice| advice.changes.as_str());
    changes
        .filter(|changes| changes.contains("only the newest revision has"))
        .collect()
}

/// Regression: where a preview went to the revision that a rollback returns to anyway, that revision's objects counted as
/// objects of the newest revision alone.
#[test]
fn the_advice_of_a_preview_deletes_nothing_that_the_good_revision_has() {
    for (depth, preview) in [
        (Depth::History, None),
        (Depth::Rollback(None), Some(PreviewRequest::Rollback)),
        (Depth::Rollback(Some(1)), Some(PreviewRequest::Rollback)),
        (Depth::Rollback(Some(2)), Some(PreviewRequest::Rollback)),
    ] {
        let report = cluster().scan_with(&ScanOptions {
            depth,
            preview,
            ..options()
        });
        let deleted = deleted(&report);
        assert!(!deleted.is_empty(), "{depth:?}");
        for changes in deleted {
            assert!(changes.contains("ConfigMap shop/added"), "{depth:?}: {changes}");
            assert!(!changes.contains("shop/settings"), "{depth:?}: {changes}");
        }
        let previewed = report.releases[0].preview.as_ref();
        let operation = previewed.map(|preview| (preview.from_revision, preview.to_revision));
        let expected = match depth {
            Depth::Rollback(to) => Some((2, to.or(Some(1)))),
            Depth::Comparison | Depth::History => None,
        };
        assert_eq!(operation, expected, "{depth:?}");
    }
}

/// A rollback writes what its target says over what was changed by hand, also where the next upgrade would keep it or where
/// nothing is compared because no revision is deployed: Helm 3 patches the field of a custom resource where its two manifests
/// differ.
#[test]
fn a_rollback_out_of_trouble_tells_what_it_takes_back() {
    let oven = |heat: u64| json!({"apiVersion": "ovens.example.com/v1", "kind": "Oven", "metadata": {"name": "oven"}, "spec": {"heat": heat}});
    let config_map = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"key": value}});
    for first in ["deployed", "superseded"] {
        let mut cluster = TestCluster::new();
        for (number, status, description, heat) in [
            (1, first, "Install complete", 3),
            (2, "failed", "Upgrade \"web\" failed: timed out waiting", 4),
        ] {
            cluster.store(
                WEB,
                &TestRevision {
                    number,
                    status,
                    time: "2026-11-18T09:12:00Z",
                    description,
                    objects: &[oven(heat), config_map("value")],
                },
            );
        }
        cluster.put(WEB, &oven(3), &[set("/spec/heat", 9)]);
        cluster.put(WEB, &config_map("value"), &[set("/data/key", "by hand")]);
        let report = cluster.scan_with(&ScanOptions {
            depth: Depth::History,
            ..options()
        });
        let health = report.releases[0].health.iter();
        let advice: Vec<_> = health.flat_map(|entry| &entry.advice).collect();
        let to_first = |command: &str| command.starts_with("helm rollback web 1");
        let rollback = advice.iter().find(|advice| to_first(&advice.command)).unwrap();
        for field in ["Oven shop/oven /spec/heat", "ConfigMap shop/settings /data/key"] {
            assert!(rollback.changes.contains(field), "{first}: {}", rollback.changes);
        }
        for object in ["configmap settings", "oven.ovens.example.com oven"] {
            let saves = |command: &str| command.starts_with(&format!("kubectl get {object} "));
            assert!(
                advice.iter().any(|advice| saves(&advice.command)),
                "{first}: {advice:#?}"
            );
        }
    }
}
