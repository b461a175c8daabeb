//! What a scan reads when, and what one release may ask of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::server::{Server, Stored};
use super::world::{Revision, config_map, cron_tab, live, release, scan_json, secret};

/// How often each path was asked for.
fn requests(server: &Server) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in server.received() {
        *counts.entry(request.path().to_owned()).or_insert(0) += 1;
    }
    counts
}

/// Most clusters fit into memory as a whole: they are read by a few lists, each once.
#[test]
fn a_small_cluster_is_read_with_a_few_lists() {
    let mut objects = Vec::new();
    for namespace in ["pay", "shop", "stock"] {
        for name in ["api", "web"] {
            let named = |suffix: &str| format!("{name}-{suffix}");
            objects.extend(release(
                namespace,
                name,
                &[
                    config_map(&named("a"), "x"),
                    config_map(&named("b"), "x"),
                    secret(&named("login")),
                    cron_tab(&named("nightly")),
                ],
            ));
        }
    }
    let server = Server::start(objects);
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    let lists = |pairs: &[(&str, usize)]| -> BTreeMap<String, usize> {
        pairs
            .iter()
            .map(|(path, count)| ((*path).to_owned(), *count))
            .collect()
    };
    assert_eq!(
        requests(&server),
        lists(&[
            ("/api", 1),
            ("/apis", 1),
            // Those that are being deleted.
            ("/api/v1/namespaces", 1),
            // The metadata of all records, before and after; the records; the Secrets of releases.
            ("/api/v1/secrets", 4),
            // The records of the other driver, before and after; the ConfigMaps of releases.
            ("/api/v1/configmaps", 3),
            ("/apis/stable.example.com/v1/crontabs", 1),
            ("/openapi/v3/apis/stable.example.com/v1", 1),
            ("/apis/autoscaling/v2/horizontalpodautoscalers", 1),
        ])
    );
}

/// A record that names one object in each of thousands of namespaces.
fn scattered(count: usize) -> Stored {
    let objects: Vec<Value> = (0..count)
        .map(|number| {
            json!({"apiVersion": "v1", "kind": "ConfigMap",
                   "metadata": {"name": "a", "namespace": format!("n{number:05}")}})
        })
        .collect();
    Revision::new("evil", "scattered", &objects).stored()
}

#[test]
fn a_release_that_causes_too_many_requests_is_read_as_far_as_its_budget_goes() {
    let mut objects = release("shop", "web", &[config_map("settings", "blue"), secret("login")]);
    objects.push(scattered(3_000));
    let server = Server::start(objects);
    let run = scan_json(&server, &[]);
    let report = run.json();
    let releases = report["releases"].as_array().unwrap();
    let release = |name: &str| releases.iter().find(|release| release["name"] == name).unwrap();
    assert_eq!(release("web")["verdict"], "clean");
    let unknown: Vec<String> = run
        .objects()
        .into_iter()
        .filter(|(_, state, _)| state == "unknown")
        .map(|(_, _, reason)| reason)
        .collect();
    let gets = server.received();
    let gets = gets
        .iter()
        .filter(|request| request.path().ends_with("/configmaps/a"))
        .count();
    assert!((1_000..1_500).contains(&gets), "{gets}");
    assert_eq!(unknown.len(), 3_000 - gets);
    let reason = format!("its release needs more than {gets} requests of its own");
    assert!(
        unknown.iter().all(|unknown| unknown.contains(&reason)),
        "{}",
        unknown[0]
    );
    // Those that the manifest names first are read, every time.
    let last = server
        .received()
        .iter()
        .any(|request| request.path().contains("n02999"));
    assert!(!last && server.count("/api/v1/namespaces/n00000/configmaps/a") == 1);
}

/// Thousands of objects that lists answer cost a few requests, whatever the size of the record.
#[test]
fn a_release_of_thousands_of_objects_in_one_namespace_is_read_by_lists() {
    let objects: Vec<Value> = (0..1_500)
        .map(|number| config_map(&format!("dashboard-{number:04}"), "x"))
        .collect();
    let server = Server::start(release("shop", "dashboards", &objects));
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    assert!(server.received().len() < 30, "{}", server.received().len());
}

/// The records before the previous one are read where something is left that they may explain, and nowhere else.
#[test]
fn older_records_are_read_only_for_what_nothing_else_explains() {
    let keys = |keys: &[&str]| {
        let data: BTreeMap<_, _> = keys.iter().map(|key| (*key, "YQ==")).collect();
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "type": "Opaque", "data": data})
    };
    let revision = |number, status, object: Value| Revision {
        number,
        status,
        ..Revision::new("shop", "web", &[object])
    };
    for (lives, read, drift) in [(&["user"][..], 2, 0), (&["user", "token"][..], 3, 1)] {
        let server = Server::start(vec![
            revision(1, "superseded", keys(&["user", "token"])).stored(),
            revision(2, "superseded", keys(&["user"])).stored(),
            revision(3, "deployed", keys(&["user"])).stored(),
            live("shop", "web", &keys(lives)),
        ]);
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(drift), "{}", run.stdout);
        let records = server.received();
        let records = records
            .iter()
            .filter(|request| request.path().contains("/secrets/sh.helm.release.v1.web.v"));
        assert_eq!(records.count(), read, "{lives:?}");
    }
}
