//! What a scan reads when, and what one release may ask of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use driftline::cluster::Cluster;
use driftline::cluster::client::{Access, Options};
use driftline::object::{Gvk, ObjectKey};
use driftline::policy::redact::{ConfigMaps, Redaction};
use driftline::release::stored::Driver;
use driftline::source::{Expected, Lookup, NamespaceRange, ObjectRequest, Share, Source as _};
use serde_json::{Value, json};

use super::server::{Fault, Received, SECRET, Server, Stored};
use super::world::{Home, Revision, config_map, cron_tab, live, release, scan_json, secret};

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

/// The objects that a part of a scan reads of a list of all namespaces: `a` to `f` in each.
fn part(namespaces: &[&str]) -> Vec<ObjectRequest> {
    let names = namespaces
        .iter()
        .flat_map(|namespace| ["a", "b", "c", "d", "e", "f"].map(|name| (*namespace, name)));
    let request = |(turn, (namespace, name)): (usize, (&str, &str))| ObjectRequest {
        key: ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        },
        plural: "configmaps".to_owned(),
        expected: Expected::Present,
        turn,
        budget: None,
    };
    names.enumerate().map(request).collect()
}

/// Reads two parts of a cluster, and returns the queries of the lists of all namespaces, and how many requests there were
/// besides.
fn read_in_parts(server: &Server) -> (Vec<String>, usize) {
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    let options = Options {
        access: Access::Kubeconfig {
            path: Some(kubeconfig.into()),
            context: None,
        },
        name: None,
        drivers: BTreeSet::from([Driver::Secret]),
        selector: None,
        redaction: Redaction::new(&[], ConfigMaps::default()).unwrap(),
        request_timeout: Duration::from_secs(5),
        concurrency: 8,
    };
    let found = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let cluster = Cluster::connect(options).await.unwrap();
        let parts = [(["n1", "n2", "n3"], Some("n3"), 2), (["n4", "n5", "n6"], None, 1)];
        for (namespaces, until, parts) in parts {
            let share = Share::Part {
                range: NamespaceRange {
                    from: namespaces[0].to_owned(),
                    until: until.map(str::to_owned),
                },
                parts,
            };
            let found = Arc::clone(&found);
            let handler = move |key: &ObjectKey, lookup: Lookup<'_>| {
                assert!(matches!(lookup, Lookup::Found(_)), "{key:?}");
                found.fetch_add(1, Ordering::Relaxed);
            };
            cluster
                .objects(&part(&namespaces), share, Arc::new(handler))
                .await;
        }
    });
    assert_eq!(found.load(Ordering::Relaxed), 36);
    let received = server.received();
    let (lists, others): (Vec<_>, Vec<_>) = received
        .iter()
        .partition(|request| request.path() == "/api/v1/configmaps");
    let query = |request: &&Received| request.target.split_once('?').unwrap().1.to_owned();
    (lists.iter().map(query).collect(), others.len())
}

/// Six namespaces with six objects each, as two parts read them.
fn six_namespaces() -> Server {
    let objects = part(&["n1", "n2", "n3", "n4", "n5", "n6"])
        .into_iter()
        .map(|request| {
            let namespace = request.key.namespace.unwrap();
            live(&namespace, "web", &config_map(&request.key.name, "x"))
        });
    Server::start(objects).pages_of(5)
}

/// The second part goes on with the page in which the first one ended, whatever part of the list that is.
#[test]
fn parts_of_a_scan_read_one_list_one_after_the_other() {
    let (lists, others) = read_in_parts(&six_namespaces());
    let expected = [
        "limit=50",
        "limit=50&continue=5",
        "limit=50&continue=10",
        "limit=50&continue=15",
        "limit=100&continue=15",
        "limit=100&continue=20",
        "limit=100&continue=25",
        "limit=100&continue=30",
        "limit=100&continue=35",
    ];
    assert_eq!(lists, expected);
    assert_eq!(others, 0);
}

/// Where the API server has forgotten the list, and where it may not be read, the second part lists its namespaces.
#[test]
fn a_list_that_cannot_be_read_on_is_replaced_by_those_of_namespaces() {
    let list = "/api/v1/configmaps";
    for server in [
        six_namespaces().on(list, "continue=15", 1, usize::MAX, Fault::Status(410)),
        six_namespaces().on(list, "continue=20", 0, usize::MAX, Fault::Status(410)),
        six_namespaces().always(list, Fault::Status(403)),
    ] {
        let (_, others) = read_in_parts(&server);
        assert!((6..=12).contains(&others), "{others}");
        assert_eq!(server.count("/api/v1/namespaces/n6/configmaps/f"), 0);
    }
}
