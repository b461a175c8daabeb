//! What nobody may learn by a forged record: whether a guess is right, whether an object exists, what is in it.

use std::path::Path;
use std::sync::Arc;

use super::super::{Progress, Quiet, scan};
use super::*;
use crate::report::fixtures::test_cluster::NOW;
use crate::snapshot::{Recorder, SnapshotSource};

/// The oracles of equality and of existence.
fn tells_nothing(release: TestRelease, worlds: &[World], objects: fn(&str) -> Vec<Value>) {
    for history in HISTORIES {
        for depth in [Depth::Comparison, Depth::History] {
            let told = |world: World, guess: &str| {
                let mut cluster = TestCluster::new();
                put_history(&mut cluster, release, history, &objects(guess));
                put_victims(&mut cluster, world);
                everything(&cluster.scan_with(&at_depth(depth)))
            };
            let wrong = told(World::Absent, "silver-heron");
            assert!(!wrong.contains("heron"), "{history} {depth:?}: {wrong}");
            for line in wrong.lines().filter(|line| line.contains("kubectl")) {
                assert!(!line.contains("victim"), "{history} {depth:?}: {line}");
            }
            for &world in worlds {
                assert_eq!(told(world, PRIVATE), wrong, "{history} {depth:?} {world:?}");
            }
            let of_the_victim = told(World::OfTheVictim, "silver-heron");
            assert_eq!(of_the_victim, wrong, "{history} {depth:?}");
        }
    }
}

#[test]
fn a_record_that_claims_another_namespace_tells_nothing_of_it() {
    // Nothing is read, so that few worlds do.
    let worlds = [World::OfTheVictim, World::OfTheSameName];
    tells_nothing(CLAIMS_ANOTHER, &worlds, guesses);
    tells_nothing(CLAIMS_ANOTHER, &worlds[..1], |guess| {
        let mut objects = guesses(guess);
        for object in &mut objects {
            object["metadata"].as_object_mut().unwrap().remove("namespace");
        }
        objects
    });
}

#[test]
fn a_record_that_names_objects_in_another_namespace_tells_nothing_of_them() {
    tells_nothing(CLAIMS_ITS_OWN, &WORLDS, guesses);
}

/// Two releases that fight over a definition are a trouble that has to be told; the content of the object is not.
#[test]
fn of_a_cluster_scoped_object_of_another_release_only_the_owner_is_told() {
    let namespace = |label: &str| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared", "labels": {label: label},
            "finalizers": [label]}})
    };
    for history in HISTORIES {
        for depth in [Depth::Comparison, Depth::History] {
            let told = |guess: &str| {
                let mut cluster = TestCluster::new();
                put_history(&mut cluster, CLAIMS_ITS_OWN, history, &[namespace(guess)]);
                let by = set("/data", "x").by(PRIVATE, None, "2026-11-18T09:12:00Z");
                let deleted = set("/metadata/deletionTimestamp", "2026-11-17T09:12:00Z");
                cluster.put(VICTIM, &namespace(PRIVATE), &[by, deleted]);
                cluster.scan_with(&at_depth(depth))
            };
            let report = told(PRIVATE);
            let seen = everything(&report);
            assert!(
                !seen.contains(PRIVATE) && !seen.contains("2026-11-17"),
                "{history}: {seen}"
            );
            assert_eq!(seen, everything(&told("silver-heron")), "{history}");
            for command in commands(&report) {
                let is_helm_s = command.starts_with("helm rollback") || command.starts_with("helm uninstall");
                assert!(!command.contains("shared") && !is_helm_s, "{history}: {command}");
            }
            if history == "deployed" {
                let (state, reason) = state_of(&report, "x", "shared").unwrap();
                let owner = "not owned by this release: it belongs to release victim/bank";
                assert_eq!((state, reason.as_str()), (ObjectState::Foreign, owner));
            }
        }
    }
}

/// A scan that is recorded, and a scan of what was recorded: their reports, and all that was written.
fn recorded(cluster: TestCluster, options: &ScanOptions) -> (Report, Report, String) {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("snapshot");
    let recorder = Recorder::create(cluster, &place, at(NOW), None, options.policy.clone());
    let recorder = Arc::new(recorder.unwrap());
    let progress: Arc<dyn Progress> = Arc::new(Quiet);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let timeless = |mut report: Report| {
        (report.started_at, report.finished_at) = (at(NOW), at(NOW));
        report
    };
    let never = std::future::pending;
    let direct = runtime.block_on(scan(Arc::clone(&recorder), options, &progress, never()));
    recorder.finish().unwrap();
    let source = Arc::new(SnapshotSource::open(&place).unwrap());
    let replayed = runtime.block_on(scan(source, options, &progress, never()));
    (timeless(direct), timeless(replayed), text_of(&place))
}

/// The text of all files below a directory.
fn text_of(directory: &Path) -> String {
    let entries = std::fs::read_dir(directory).unwrap();
    let texts = entries.map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text_of(&path)
        } else {
            std::fs::read_to_string(&path).unwrap()
        }
    });
    texts.collect()
}

/// A snapshot is passed on: what a report may not tell is not in it.
#[test]
fn a_snapshot_holds_nothing_that_a_report_may_not_tell() {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared",
        "labels": {PRIVATE: "x"}}});
    for release in [CLAIMS_ANOTHER, CLAIMS_ITS_OWN] {
        for history in HISTORIES {
            let mut objects = guesses("silver-heron");
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared"}}));
            let mut cluster = TestCluster::new();
            put_history(&mut cluster, release, history, &objects);
            put_victims(&mut cluster, World::OfTheVictim);
            cluster.put(VICTIM, &namespace, &[]);
            let (direct, replayed, files) = recorded(cluster, &options());
            assert!(!files.contains(PRIVATE), "{history}: {files}");
            assert_eq!(everything(&direct), everything(&replayed), "{history}");
        }
    }
}
