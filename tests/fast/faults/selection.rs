//! A gate that is asked for what does not exist does not pass, and says what is not there.

use serde_json::json;

use super::server::{Fault, SECRET, Server, Stored};
use super::world::{Home, Revision, config_map, each, reads_only, release, scan, scan_json, shop};
use crate::support::program::Ran;

/// The namespaces `shop`, `shop-eu` and `empty`, and a release in each of the first two.
fn cluster() -> Vec<Stored> {
    let namespace = |name: &str| Stored {
        plural: "namespaces",
        body: json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
    };
    let mut stored: Vec<Stored> = ["shop", "shop-eu", "empty"].map(namespace).to_vec();
    stored.extend(shop());
    stored.extend(release("shop-eu", "api", &[config_map("settings", "blue")]));
    stored
}

/// A server whose account may not list anything in all namespaces.
fn within_namespaces() -> Server {
    let refused = Fault::Status(403);
    Server::start(cluster())
        .always("/api/v1/namespaces", refused.clone())
        .always("/api/v1/secrets", refused.clone())
        .always("/api/v1/configmaps", refused)
}

fn names(run: &Ran) -> Vec<String> {
    let report = run.json();
    let releases = report["releases"].as_array().unwrap().iter();
    releases
        .map(|release| release["name"].as_str().unwrap().to_owned())
        .collect()
}

fn messages(run: &Ran) -> Vec<String> {
    run.errors().into_iter().map(|(_, message)| message).collect()
}

#[test]
fn a_scan_of_what_does_not_exist_is_incomplete() {
    type Row<'r> = (&'r [&'r str], &'r [&'r str], &'r [&'r str]);
    let rows: [Row<'_>; 7] = [
        (&["-n", "typo"], &[], &["there is no namespace `typo`"]),
        (
            &["-n", "shop,spoh"],
            &["web"],
            &["there is no namespace `spoh`; did you mean shop?"],
        ),
        (
            &["-n", "empty"],
            &[],
            &["namespace `empty` exists and holds no releases"],
        ),
        (&["-n", "tenant*"], &[], &["no namespace matches `tenant*`"]),
        (
            &["--release", "wbe"],
            &[],
            &["no release in any namespace is named `wbe`; did you mean web (in shop)?"],
        ),
        (
            &["--release", "web,shop/api"],
            &["web"],
            &["no release in namespace shop is named `api`"],
        ),
        (
            &["-n", "typo", "--release", "web"],
            &[],
            &["there is no namespace `typo`; there is a release web in namespace shop"],
        ),
    ];
    each(rows, |(flags, found, expected)| {
        let server = Server::start(cluster());
        let run = scan_json(&server, flags);
        assert_eq!(run.status, Some(3), "{flags:?}{}{}", run.stdout, run.stderr);
        assert_eq!(run.json()["outcome"], "incomplete");
        assert_eq!(
            (names(&run), messages(&run)),
            (to_owned(found), to_owned(expected))
        );
        assert_eq!(run.errors()[0].0, "selection");

        // Who wants that to pass says so.
        let allowed = scan_json(&server, &[flags, &["--allow-empty"]].concat());
        assert_eq!(allowed.status, Some(0), "{}", allowed.stdout);
        assert_eq!(allowed.errors(), []);
        let report = allowed.json();
        let notes = report["notes"].as_array().unwrap().iter();
        let notes: Vec<&str> = notes.map(|note| note["message"].as_str().unwrap()).collect();
        assert_eq!(notes, expected);
    });
}

fn to_owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn patterns_select_namespaces_and_releases() {
    let server = Server::start(cluster());
    each(
        [
            (&["-n", "shop*"][..], &["web", "api"][..]),
            (&["-n", "{shop-eu,x}"], &["api"]),
            (&["--release", "{web,ap?}"], &["web", "api"]),
            (&["--release", "shop-*/*"], &["api"]),
        ],
        |(flags, expected)| {
            let run = scan_json(&server, flags);
            assert_eq!(
                (run.status, names(&run)),
                (Some(0), to_owned(expected)),
                "{}",
                run.stdout
            );
        },
    );
    reads_only(&server);
}

/// The account may read records in single namespaces, or everything but namespaces.
#[test]
fn a_right_that_a_pattern_takes_is_named() {
    let run = scan_json(&within_namespaces(), &["-n", "shop*"]);
    assert_eq!(run.status, Some(2), "{}", run.stdout);
    let [message] = &messages(&run)[..] else {
        panic!("{}", run.stdout)
    };
    assert!(
        message.contains("forbidden: not allowed to list secrets in all namespaces"),
        "{message}"
    );
    assert!(message.contains("the right to list namespaces"), "{message}");

    // Without that right, the records of all namespaces are listed.
    let server = Server::start(cluster()).always("/api/v1/namespaces", Fault::Status(403));
    let run = scan_json(&server, &["-n", "shop*"]);
    assert_eq!(
        (run.status, names(&run)),
        (Some(0), to_owned(&["web", "api"])),
        "{}",
        run.stdout
    );

    // An empty namespace may be a mistyped one: that is not known.
    let run = scan_json(&within_namespaces(), &["-n", "shop,typo"]);
    assert_eq!(
        (run.status, names(&run)),
        (Some(3), to_owned(&["web"])),
        "{}",
        run.stdout
    );
    assert_eq!(
        messages(&run),
        [
            "no release is in namespace `typo`, and whether the namespace exists is not known: that takes the right to list \
          namespaces (RBAC)"
        ]
    );
}

#[test]
fn every_command_treats_a_mistake_alike() {
    let server = Server::start(cluster());
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    let folder = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| home.run(&[arguments, &["--kubeconfig", &kubeconfig]].concat());
    for (arguments, status, said) in [
        (
            &["scan", "--release", "wbe"][..],
            3,
            "did you mean web (in shop)?",
        ),
        (&["diagnose", "wbe"], 3, "did you mean web (in shop)?"),
        (&["diagnose", "shop/wbe"], 3, "did you mean web (in shop)?"),
        (
            &["diagnose", "web", "-n", "typo"],
            3,
            "there is no namespace `typo`",
        ),
        (
            &["diagnose", "web", "-n", "typo"],
            3,
            "; there is a release web in namespace shop",
        ),
        (
            &["values", "web", "-n", "typo"],
            3,
            "; there is a release web in namespace shop",
        ),
        (
            &["scan", "--release", "web", "-n", "typo"],
            3,
            "; there is a release web in namespace shop",
        ),
        (
            &["snapshot", "-o", &folder("a"), "--release", "wbe"],
            3,
            "did you mean web (in shop)?",
        ),
        (
            &["snapshot", "-o", &folder("b"), "-n", "typo"],
            3,
            "there is no namespace `typo`",
        ),
        (
            &["scan", "-n", "Shop"],
            2,
            "cannot be the name of a namespace: that has up to 63",
        ),
        (
            &["diagnose", "web", "-n", "a b"],
            2,
            "cannot be the name of a namespace: that has up to 63",
        ),
        (
            &["snapshot", "-o", &folder("c"), "-n", ""],
            2,
            "an empty name is the name of nothing",
        ),
        (
            &["scan", "--release", "Web"],
            2,
            "cannot be the name of a release: that has up to 53",
        ),
        (&["diagnose", "web", "-n", "sh*"], 0, ""),
    ] {
        let run = run(arguments);
        assert_eq!(
            run.status,
            Some(status),
            "{arguments:?}{}{}",
            run.stdout,
            run.stderr
        );
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(text.contains(said), "{arguments:?}{text}");
    }
    reads_only(&server);
}

/// Without the right to read the records, nobody knows that there is no such release.
#[test]
fn what_may_not_be_read_is_not_called_absent() {
    let server = Server::start(cluster())
        .always("/api/v1/namespaces/shop/secrets", Fault::Status(403))
        .always("/api/v1/namespaces/shop/configmaps", Fault::Status(403));
    let run = scan_json(&server, &["-n", "shop,shop-eu", "--release", "web"]);
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    assert_eq!(run.errors().len(), 2, "{}", run.stdout);
    assert!(
        messages(&run).iter().all(|message| message.contains("forbidden")),
        "{}",
        run.stdout
    );
}

#[test]
fn a_cluster_without_releases_is_clean_and_says_so() {
    let run = scan(&Server::start([]), &[]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("no namespace has a release"),
        "{}",
        run.stdout
    );
}

#[test]
fn labels_select_a_release_by_its_newest_revision_and_leave_its_history_whole() {
    let labelled = |number, status, team: &str| {
        let revision = Revision {
            number,
            status,
            ..Revision::new("shop", "web", &[config_map("settings", "blue")])
        };
        let mut stored = revision.stored();
        stored.body["metadata"]["labels"]["team"] = json!(team);
        stored
    };
    let objects = release("shop", "web", &[config_map("settings", "blue")]);
    let objects = objects.into_iter().filter(|object| !object.is_record());
    let stored = objects.chain([labelled(1, "superseded", "a"), labelled(2, "deployed", "b")]);
    let server = Server::start(stored);
    let earlier = scan_json(&server, &["-l", "team=a"]);
    assert_eq!((earlier.status, names(&earlier)), (Some(3), vec![]));
    assert_eq!(
        messages(&earlier),
        ["no release in any namespace has labels that match `team=a`"]
    );
    let now = scan_json(&server, &["-l", "team=b"]);
    assert_eq!((now.status, names(&now)), (Some(0), vec!["web".to_owned()]));
    assert_eq!(now.health(), []);
}
