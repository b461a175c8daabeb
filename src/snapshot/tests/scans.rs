//! Scans of a snapshot, however late and whichever version took it.

use chrono::TimeDelta;

use super::*;
use crate::policy::selection::Selection;
use crate::policy::{Confirm, Policy};
use crate::release::chart_part::ChartPart;
use crate::release::history::Depth;
use crate::release::stored::Status;
use crate::scan::{InSync, OrphanSearch, Progress, Quiet, ScanLimits, ScanOptions, scan};
use crate::shell::ClusterFlags;
use crate::source::{ChartHandler, ChartRecord, RevisionSet};
use crate::vocabulary::{HealthCode, Stopped};

/// An operation that was pending when the snapshot was taken is pending in every scan of it, however late.
#[tokio::test]
async fn ages_are_measured_at_the_time_of_the_snapshot() {
    let taken_at = DateTime::UNIX_EPOCH;
    let pending = |minutes| {
        StoredRevision::from_metadata(RecordMetadata {
            driver: Driver::Secret,
            namespace: "shop",
            object: &format!("sh.helm.release.v1.since-{minutes}.v1"),
            labels: [
                Some(&format!("since-{minutes}")),
                Some("1"),
                Some("pending-install"),
            ],
            created: Some(taken_at - TimeDelta::minutes(minutes)),
            written: None,
            resource_version: None,
        })
        .unwrap()
    };
    let fake = Fake {
        listings: vec![Inventory {
            extent: Extent::Cluster,
            revisions: vec![pending(2), pending(90)],
            left_out: None,
            errors: vec![],
        }],
        records: [2, 90]
            .map(|minutes| {
                let object = format!("sh.helm.release.v1.since-{minutes}.v1");
                (object, Ok(encoded(&json!({"name": format!("since-{minutes}")}))))
            })
            .into(),
        ..Fake::default()
    };
    let (_guard, path) = new_path();
    let recorder = Arc::new(record_into(&fake, &path, None));
    let options = options(Depth::Comparison);
    let quiet: Arc<dyn Progress> = Arc::new(Quiet);
    let first = scan(Arc::clone(&recorder), &options, &quiet, pending_forever()).await;
    recorder.finish().unwrap();
    let snapshot = Arc::new(SnapshotSource::open(&path).unwrap());
    let later = scan(snapshot, &options, &quiet, pending_forever()).await;
    assert_eq!(later.releases, first.releases);
    let messages: Vec<&str> = later
        .releases
        .iter()
        .flat_map(|release| &release.health)
        .filter(|health| matches!(health.code, HealthCode::InProgress | HealthCode::Stuck))
        .map(|health| health.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "revision 1 is pending-install, last written 2 min ago; Helm refuses upgrades until it ends",
            "revision 1 is pending-install, last written 1 h ago: longer than 15 min, so the Helm process is probably gone; Helm \
             refuses upgrades until this is mended"
        ]
    );
}

/// A scan that reads one release after the other asks for objects and autoscalers several times.
#[tokio::test]
async fn a_snapshot_that_was_taken_in_parts_is_whole() {
    let gvk = Gvk::new("apps/v1", "Deployment");
    let mut fake = Fake::default();
    let served = ServedKind {
        plural: "deployments".into(),
        namespaced: true,
        listable: true,
    };
    fake.kinds.served.insert(gvk, served);
    let mut inventory = Inventory::default();
    for (number, namespace) in [(1, "pay"), (2, "shop"), (3, "stock")] {
        let stored = revision(namespace, number);
        let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n";
        let record = json!({"name": "web", "namespace": namespace, "version": number, "manifest": manifest,
            "info": {"status": "deployed"}, "chart": {"metadata": {"name": "web", "version": "1.0.0"}}});
        fake.records.insert(stored.object.clone(), Ok(encoded(&record)));
        let live = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": number},
            "metadata": {"name": "web", "namespace": namespace, "annotations": {
                "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": namespace}}});
        let key = key("apps/v1", "Deployment", Some(namespace), "web");
        fake.objects.insert(key, Ok(live.to_string()));
        inventory.revisions.push(stored);
    }
    fake.listings = vec![inventory];
    let quiet: Arc<dyn Progress> = Arc::new(Quiet);
    let mut reports = Vec::new();
    for wave_bytes in [32 << 20, 1] {
        let limits = ScanLimits {
            wave_bytes,
            ..ScanLimits::default()
        };
        let (_guard, path) = new_path();
        let recorder = Arc::new(record_into(&fake, &path, None));
        let in_parts = ScanOptions {
            limits,
            ..options(Depth::Comparison)
        };
        let first = scan(Arc::clone(&recorder), &in_parts, &quiet, pending_forever()).await;
        assert_eq!(recorder.finish().unwrap().objects, 3);
        let snapshot = Arc::new(SnapshotSource::open(&path).unwrap());
        let again = scan(snapshot, &options(Depth::Comparison), &quiet, pending_forever()).await;
        assert_eq!(again.releases, first.releases);
        reports.push(again.releases);
    }
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0].len(), 3);
}

/// The tokens of a redacted snapshot are no values: a scan of it hides them where a scan of the cluster hides the values, and
/// no patch writes them into a cluster.
#[tokio::test]
async fn a_scan_of_a_redacted_snapshot_shows_what_a_scan_of_the_cluster_does() {
    let object = |password: &str, level: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop", "annotations": {
                "args": format!("--password={password}"), "address": format!("https://u:{password}@h.example.com/"),
                "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"},
                "labels": {"app.kubernetes.io/managed-by": "Helm"}},
            "data": {"level": level, "bearer": format!("Bearer {password}"),
                "app.env": format!("LEVEL={level}\nDB_PASSWORD={password}\n")}})
    };
    let served = ServedKind {
        plural: "configmaps".to_owned(),
        namespaced: true,
        listable: true,
    };
    let key = key("v1", "ConfigMap", Some("shop"), "a");
    for (planted, changed) in [("plantedone", "plantedtwo"), ("plantedone", "plantedone")] {
        let record = json!({"name": "web", "namespace": "shop", "version": 1, "info": {"status": "deployed"},
            "manifest": format!("---\n{}\n", object(planted, "info")),
            "chart": {"metadata": {"name": "web", "version": "1.0.0"}}});
        let fake = Fake {
            kinds: Kinds {
                served: [(Gvk::new("v1", "ConfigMap"), served.clone())].into(),
                unavailable: vec![],
            },
            listings: vec![Inventory {
                extent: Extent::Cluster,
                revisions: vec![revision("shop", 1)],
                left_out: None,
                errors: vec![],
            }],
            records: [(revision("shop", 1).object, Ok(encoded(&record)))].into(),
            objects: [(key.clone(), Ok(object(changed, "debug").to_string()))].into(),
            ..Fake::default()
        };
        let quiet: Arc<dyn Progress> = Arc::new(Quiet);
        let options = options(Depth::Comparison);
        let (_guard, path) = new_path();
        let recorder = Arc::new(record_into(&fake, &path, Some(Redaction::default())));
        let live = scan(Arc::clone(&recorder), &options, &quiet, pending_forever()).await;
        recorder.finish().unwrap();
        let snapshot = Arc::new(SnapshotSource::open(&path).unwrap());
        let redacted = scan(snapshot, &options, &quiet, pending_forever()).await;
        assert_eq!(redacted.releases, live.releases);
        let findings = &live.releases[0].objects[0].findings;
        assert_eq!(
            findings.len(),
            if planted == changed { 2 } else { 5 },
            "{findings:#?}"
        );
    }
}

/// Who else deploys what a release left behind is known only where all releases were read. A snapshot of a part of the
/// cluster stays one, however much of it is scanned.
#[tokio::test]
async fn a_snapshot_of_a_part_of_the_cluster_knows_of_no_other_releases() {
    let old = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\n";
    let encode = |number: u64, status: &str, manifest: &str| {
        encoded(
            &json!({"name": "web", "namespace": "shop", "version": number, "manifest": manifest,
            "info": {"status": status}, "chart": {"metadata": {"name": "web", "version": "1.0.0"}}}),
        )
    };
    let mut first = revision("shop", 1);
    first.status = Status::Superseded;
    let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old", "namespace": "shop",
        "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}}});
    let config_maps = ServedKind {
        plural: "configmaps".to_owned(),
        namespaced: true,
        listable: true,
    };
    let fake = |extent: Extent| Fake {
        kinds: Kinds {
            served: [(Gvk::new("v1", "ConfigMap"), config_maps.clone())].into(),
            unavailable: vec![],
        },
        listings: vec![Inventory {
            extent,
            revisions: vec![first.clone(), revision("shop", 2)],
            left_out: None,
            errors: vec![],
        }],
        records: [(1, "superseded", old), (2, "deployed", "")]
            .map(|(number, status, manifest)| {
                let record = encode(number, status, manifest);
                (revision("shop", number).object, Ok(record))
            })
            .into(),
        objects: [(key("v1", "ConfigMap", Some("shop"), "old"), Ok(live.to_string()))].into(),
        ..Fake::default()
    };
    let quiet: Arc<dyn Progress> = Arc::new(Quiet);
    for (extent, namespaces, doubts) in [
        (Extent::Cluster, vec![], 0),
        (Extent::Part, vec![], 1),
        (Extent::Part, vec!["shop".parse().unwrap()], 1),
    ] {
        let (_guard, path) = new_path();
        let recorder = Arc::new(record_into(&fake(extent), &path, None));
        let some = ScanOptions {
            selection: Selection {
                namespaces,
                ..Selection::default()
            },
            ..options(Depth::Comparison)
        };
        let taken = scan(Arc::clone(&recorder), &some, &quiet, pending_forever()).await;
        recorder.finish().unwrap();
        let snapshot = Arc::new(SnapshotSource::open(&path).unwrap());
        let whole = scan(snapshot, &options(Depth::Comparison), &quiet, pending_forever()).await;
        assert_eq!(whole.releases, taken.releases, "{extent:?}");
        let left_over = &whole.releases[0].health[0];
        assert_eq!(left_over.code, HealthCode::LeftoverObjects);
        assert_eq!(left_over.evidence.len(), doubts, "{extent:?}");
    }
}

/// Snapshots of the first format have fingerprints that no version computes again; in one that also keeps a payload,
/// which is decoded anew, both kinds meet.
#[tokio::test]
async fn definitions_with_fingerprints_of_two_kinds_did_not_change() {
    let release = |number: u64, file: &str| {
        let files = json!([{"name": "crds/widgets.yaml", "data": STANDARD.encode(file)}]);
        encoded(
            &json!({"name": "web", "namespace": "shop", "version": number, "manifest": "",
            "info": {"status": if number == 1 { "superseded" } else { "deployed" }},
            "chart": {"metadata": {"name": "web", "version": "1.0.0"}, "files": files}}),
        )
    };
    let mut first = revision("shop", 1);
    first.status = Status::Superseded;
    let (_guard, path) = new_path();
    let fake = Fake {
        listings: vec![Inventory {
            extent: Extent::Cluster,
            revisions: vec![first, revision("shop", 2)],
            left_out: None,
            errors: vec![],
        }],
        records: [(1, "one"), (2, "another")]
            .map(|(number, file)| (revision("shop", number).object, Ok(release(number, file))))
            .into(),
        ..Fake::default()
    };
    let options = options(Depth::History);
    let quiet: Arc<dyn Progress> = Arc::new(Quiet);
    let recorder = Arc::new(record_into(&fake, &path, None));
    scan(Arc::clone(&recorder), &options, &quiet, pending_forever()).await;
    recorder.finish().unwrap();
    let changed = async || {
        let snapshot = Arc::new(SnapshotSource::open(&path).unwrap());
        let report = scan(snapshot, &options, &quiet, pending_forever()).await;
        let health = report.releases.iter().flat_map(|release| &release.health);
        health
            .filter(|health| health.code == HealthCode::ChartCrdsChanged)
            .count()
    };
    assert_eq!(changed().await, 1, "two fingerprints of one kind");

    let file = path.join("releases/shop/secret/sh.helm.release.v1.web.v1.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    record["chart"] = json!({"metadata": record["chart"]["metadata"], "files": {"crds/widgets.yaml": 42}});
    fs::write(&file, record.to_string()).unwrap();
    assert_eq!(changed().await, 0);
}

fn options(depth: Depth) -> ScanOptions {
    ScanOptions {
        selection: Selection::default(),
        depth,
        stuck_after: std::time::Duration::from_mins(15),
        max_record_bytes: 1 << 20,
        policy: Policy::default(),
        limits: ScanLimits::default(),
        earlier: None,
        in_sync: InSync::Listed,
        orphans: OrphanSearch::No,
        cluster: ClusterFlags::default(),
        chart: None,
        rendered: None,
        preview: None,
        confirm_writes: Confirm::None,
    }
}

fn pending_forever() -> std::future::Pending<Stopped> {
    std::future::pending()
}

/// The chart part of a record is there only where somebody asked for it.
#[tokio::test]
async fn charts_are_read_back_as_they_were_written() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("snapshot");
    let record = json!({"name": "web", "namespace": "shop", "version": 1, "info": {"status": "deployed"},
        "config": {"password": "hunter2"}, "manifest": "---\n", "chart": {"metadata": {"name": "web"}, "templates": [],
        "values": {"a": 1}}});
    let revision = revision("shop", 1);
    let mut fake = Fake {
        listings: vec![Inventory::default()],
        ..Fake::default()
    };
    fake.records.insert(revision.object.clone(), Ok(encoded(&record)));
    let recorder = Recorder::create(fake, &target, DateTime::UNIX_EPOCH, None, Policy::default()).unwrap();
    let read = |source: Arc<Mutex<Vec<Value>>>| -> ChartHandler {
        Arc::new(move |_, answer| {
            let part = match answer.unwrap() {
                ChartRecord::Encoded(payload) => ChartPart::decode(&payload, 1 << 20).unwrap(),
                ChartRecord::Json(json) => ChartPart::from_json(&json, 1 << 20).unwrap(),
            };
            source.lock().unwrap().push(serde_json::to_value(part).unwrap());
        })
    };
    recorder.kinds().await.unwrap();
    recorder.revisions(&[], RevisionSet::All).await.unwrap();
    let found = Arc::<Mutex<Vec<Value>>>::default();
    recorder
        .charts(vec![revision.clone()], read(Arc::clone(&found)))
        .await;
    assert_eq!(recorder.finish().unwrap().charts, 1);
    let snapshot = SnapshotSource::open(&target).unwrap();
    snapshot.charts(vec![revision], read(Arc::clone(&found))).await;
    let found = found.lock().unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0]["config"], json!({"password": "hunter2"}));
}
