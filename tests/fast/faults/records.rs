//! Release records that cannot be listed, read or decoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::server::{Fault, SECRET, Server, Stored};
use super::world::{Home, Revision, config_map, each, gzip, live, release, scan, scan_json, shop};

const RECORDS: &str = "type%3Dhelm";

/// The shop with a second release, `bad`, whose only record is this.
fn shop_and(record: Stored) -> Server {
    Server::start(shop().into_iter().chain([record]))
}

fn bad() -> Revision {
    Revision::new("shop", "bad", &[config_map("broken", "red")])
}

#[test]
fn an_undecodable_record_is_one_entry_and_the_rest_is_scanned() {
    let json = bad().json().to_string();
    let encoded = STANDARD.encode(gzip(json.as_bytes()));
    let compressed = gzip(json.as_bytes());
    let cut = STANDARD.encode(&compressed[..compressed.len() / 2]);
    let bomb = STANDARD.encode(gzip(&vec![b' '; 65 << 20]));
    let wrong = |change: fn(&mut Value)| {
        let mut json = bad().json();
        change(&mut json);
        STANDARD.encode(gzip(json.to_string().as_bytes()))
    };
    let manifest = |text: &str| {
        let mut json = bad().json();
        json["manifest"] = json!(text);
        STANDARD.encode(gzip(json.to_string().as_bytes()))
    };
    let rows = [
        (format!("%%%{SECRET}"), "not base64"),
        (encoded[..=encoded.len() / 2].to_owned(), "not base64"),
        (cut, "gzip stream is broken or cut off"),
        (bomb, "too large: it decodes to more than 64 MiB"),
        (STANDARD.encode("{}"), "it has no name"),
        (
            wrong(|json| json["name"] = json!("other")),
            "the record of another release",
        ),
        (
            wrong(|json| json["version"] = json!(2)),
            "the record of another revision",
        ),
        (wrong(|json| json["version"] = json!(0)), "it has no revision"),
        (wrong(|json| json["info"] = json!({})), "it has no status"),
        (wrong(|json| json["chart"] = Value::Null), "it has no chart"),
        (
            manifest(&format!(
                "apiVersion: v1\nkind: A\nmetadata: {{name: a}}\nspec: [{}0]\n",
                "0,".repeat(2 << 20)
            )),
            "too large: it takes more than 32 MiB of memory",
        ),
        (STANDARD.encode(&json[..json.len() / 2]), "cut off"),
        (STANDARD.encode(gzip(SECRET.as_bytes())), "malformed"),
        (STANDARD.encode("[1]"), "not a release"),
        (wrong(|json| json["version"] = json!("one")), "not a release"),
        (
            wrong(|json| json["manifest"] = json!({"a": SECRET})),
            "not a release",
        ),
        (String::new(), "cut off"),
        (manifest("a: [hunter2"), "manifest"),
        (
            manifest("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata:\n\tkey: hunter2\n"),
            "manifest",
        ),
    ];
    each(rows, |(payload, reason)| {
        let run = scan_json(&shop_and(bad().holding(&payload)), &["--all"]);
        assert_eq!(run.status, Some(3), "{reason}: {}", run.stderr);
        let health = run.health();
        let [(name, code, message)] = &health[..] else {
            panic!("{health:?}")
        };
        assert_eq!((name.as_str(), code.as_str()), ("bad", "undecodable"));
        assert!(
            message.contains("Secret shop/sh.helm.release.v1.bad.v1") && message.contains(reason),
            "{message}"
        );
        assert_eq!(run.json()["summary"]["objects"]["inSync"], 3);
        assert_eq!(run.json()["summary"]["releases"]["unreadable"], 1);
    });
}

/// Charts with nothing but hooks are installed with an empty manifest, which Helm leaves out of the record.
#[test]
fn a_record_without_manifest_is_an_honest_one() {
    let mut json = bad().json();
    json.as_object_mut().unwrap().remove("manifest");
    let payload = STANDARD.encode(gzip(json.to_string().as_bytes()));
    let run = scan_json(&shop_and(bad().holding(&payload)), &[]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
}

/// Which revision is the deployed one is not certain then, whatever became of its objects.
#[test]
fn a_record_that_contradicts_its_label_is_not_clean() {
    let mut objects = shop();
    let mut pending = Revision::new("shop", "bad", &[]);
    pending.status = "pending-upgrade";
    let mut stored = pending.stored();
    stored.body["metadata"]["labels"]["status"] = json!("deployed");
    objects.push(stored);
    let run = scan_json(&Server::start(objects), &[]);
    assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.health()[0].1, "identity-mismatch");
}

#[test]
fn a_record_of_another_shape_is_named_too() {
    let mut number = bad().stored();
    number.body["data"]["release"] = json!(7);
    let mut without = bad().stored();
    without.body["data"] = json!({"other": SECRET});
    let mut null = bad().stored();
    null.body["data"] = Value::Null;
    each(
        [
            (number, "unexpected JSON"),
            (without, "no `release` key"),
            (null, "no `release` key"),
        ],
        |(record, reason)| {
            let run = scan_json(&shop_and(record), &[]);
            assert_eq!(run.status, Some(3));
            let [(_, code, message)] = &run.health()[..] else {
                panic!("{:?}", run.health())
            };
            assert_eq!(code, "undecodable");
            assert!(
                message.contains(reason) && message.contains("sh.helm.release.v1.bad.v1"),
                "{message}"
            );
        },
    );
}

#[test]
fn an_undecodable_record_hides_no_drift_elsewhere() {
    let mut objects = shop();
    objects[1].body["data"]["key"] = json!("red");
    objects.push(bad().holding("%"));
    let run = scan(&Server::start(objects), &[]);
    assert_eq!(run.status, Some(1));
    for expected in ["undecodable", "settings", "1 unreadable"] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
}

#[test]
fn an_undecodable_previous_revision_leaves_the_comparison_and_says_so() {
    let mut objects = shop();
    let mut second = Revision::new("shop", "bad", &[config_map("broken", "red")]);
    (second.number, second.status) = (2, "deployed");
    let mut first = second.clone();
    (first.number, first.status) = (1, "superseded");
    objects.push(live("shop", "bad", &config_map("broken", "red")));
    objects.extend([first.holding("%"), second.stored()]);
    let run = scan_json(&Server::start(objects), &["--all"]);
    assert_eq!(run.status, Some(3));
    assert!(run.health()[0].2.contains("bad.v1"), "{:?}", run.health());
    assert_eq!(run.json()["summary"]["objects"]["inSync"], 4);
}

#[test]
fn without_the_right_to_list_one_sentence_names_the_missing_right() {
    let server = Server::start(shop()).on("/api/v1/secrets", RECORDS, 0, usize::MAX, Fault::Status(403));
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    let [(scope, message)] = &run.errors()[..] else {
        panic!("{:?}", run.errors())
    };
    assert_eq!(scope, "storage");
    assert_eq!(
        message,
        "the release records cannot be listed: forbidden: not allowed to list secrets in all namespaces \
         (RBAC); name the namespaces to scan with -n"
    );
    let text = scan(&server, &[]);
    assert_eq!(text.status, Some(2));
    assert_eq!(
        text.stdout.matches("not allowed to list secrets").count(),
        1,
        "{}",
        text.stdout
    );
}

#[test]
fn a_forbidden_namespace_is_named_and_the_others_are_scanned() {
    let mut objects = shop();
    objects.extend(release("hidden", "api", &[config_map("a", "b")]));
    let forbidden = "/api/v1/namespaces/hidden/*";
    let server = Server::start(objects).always(forbidden, Fault::Status(403));
    let run = scan_json(&server, &["-n", "shop", "-n", "hidden", "--all"]);
    assert_eq!(run.status, Some(3));
    assert_eq!(run.json()["summary"]["objects"]["inSync"], 3);
    for (scope, message) in run.errors() {
        assert_eq!(scope, "namespace/hidden");
        assert!(message.contains("not allowed to list"), "{message}");
        assert!(message.contains("in namespace hidden"), "{message}");
    }
    assert!(
        run.health().is_empty(),
        "nothing of the refused namespace is said to have moved: {:?}",
        run.health()
    );
}

#[test]
fn every_namespace_forbidden_is_an_error() {
    let server = Server::start(shop()).always("/api/v1/namespaces/shop/*", Fault::Status(403));
    let run = scan_json(&server, &["-n", "shop"]);
    assert_eq!(run.status, Some(2));
    let errors = run.errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0]
            .1
            .contains("not allowed to list secrets in namespace shop"),
        "{errors:?}"
    );
}

#[test]
fn a_record_that_cannot_be_read_is_not_called_broken() {
    let path = bad().stored().path();
    each(
        [
            (
                Fault::Status(403),
                "forbidden: not allowed to get secrets in namespace shop (RBAC)",
            ),
            (Fault::Status(404), "404 (NotFound)"),
            (Fault::Answer(404, "text/plain", "not found"), "answered 404"),
            (Fault::Status(410), "answered 410"),
            (
                Fault::Body(format!("<html>{SECRET}")),
                "unexpected JSON at line 1",
            ),
        ],
        |(fault, reason)| {
            let server = shop_and(bad().stored()).always(&path, fault);
            let run = scan_json(&server, &["--all"]);
            assert_eq!(run.status, Some(3));
            let [(name, code, message)] = &run.health()[..] else {
                panic!("{:?}", run.health())
            };
            assert_eq!((name.as_str(), code.as_str()), ("bad", "undecodable"));
            assert!(message.contains(reason), "{message}");
            assert_eq!(run.json()["summary"]["objects"]["inSync"], 3);
        },
    );
}

#[test]
fn pages_are_followed_and_an_expired_token_begins_again_once() {
    let many = || {
        (0..7).flat_map(|index| {
            let objects = [config_map(&format!("c{index}"), "x")];
            release("shop", &format!("r{index}"), &objects)
        })
    };
    let server = Server::start(many()).pages_of(2);
    let run = scan_json(&server, &[]);
    assert_eq!(
        (run.status, &run.json()["summary"]["releases"]["total"]),
        (Some(0), &json!(7))
    );

    let server =
        Server::start(many())
            .pages_of(3)
            .on("/api/v1/secrets", "continue=6", 0, 1, Fault::Status(410));
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    assert_eq!(run.json()["summary"]["releases"]["total"], 7);

    let server = Server::start(many()).pages_of(3).on(
        "/api/v1/secrets",
        "continue=6",
        0,
        usize::MAX,
        Fault::Status(410),
    );
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(2), "{}", run.stdout);
    assert!(
        run.errors()[0].1.contains("could not be completed"),
        "{:?}",
        run.errors()
    );
}

/// The path of the list of records with their payload, and the text in its query that no other list has.
const LIST: &str = "/api/v1/secrets";
const WITH_PAYLOAD: &str = "limit=25";

/// Seven releases with one object each; all but the newest revision are superseded.
fn seven(revisions: u64) -> Vec<Stored> {
    let mut stored = Vec::new();
    for index in 0..7 {
        let object = config_map(&format!("c{index}"), "x");
        let mut revision = Revision::new("shop", &format!("r{index}"), std::slice::from_ref(&object));
        for number in 1..=revisions {
            revision.number = number;
            revision.status = if number == revisions {
                "deployed"
            } else {
                "superseded"
            };
            stored.push(revision.stored());
        }
        stored.push(live("shop", &revision.name, &object));
    }
    stored
}

/// The names of the records that were asked for one by one.
fn read_by_name(server: &Server) -> Vec<String> {
    let mut names: Vec<String> = server
        .received()
        .iter()
        .filter_map(|request| request.path().rsplit_once("/sh.helm.release.v1."))
        .map(|(_, name)| name.to_owned())
        .collect();
    names.sort();
    names
}

fn all_in_sync(server: &Server, flags: &[&str], objects: usize) {
    let run = scan_json(server, flags);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.health().is_empty(), "{:?}", run.health());
    assert_eq!(run.json()["summary"]["objects"]["inSync"], objects);
}

#[test]
fn records_are_listed_where_most_are_needed_and_else_asked_for_by_name() {
    let listed = |server: &Server, query: &str| {
        let mut requests = server.received().into_iter();
        requests.any(|request| request.target.contains(WITH_PAYLOAD) && request.target.contains(query))
    };
    // All that there is, over several pages.
    let server = Server::start(seven(2)).pages_of(3);
    all_in_sync(&server, &[], 7);
    assert_eq!(read_by_name(&server), Vec::<String>::new());
    assert!(!listed(&server, "superseded"));
    // Of a long history the current revisions, and by name the ones before them.
    let server = Server::start(seven(9));
    all_in_sync(&server, &[], 7);
    assert!(listed(&server, "owner%3Dhelm%2Cstatus%21%3Dsuperseded"));
    let previous: Vec<String> = (0..7).map(|index| format!("r{index}.v8")).collect();
    assert_eq!(read_by_name(&server), previous);
    // Of many releases one.
    let server = Server::start(seven(2));
    all_in_sync(&server, &["--release", "r3"], 1);
    assert_eq!(read_by_name(&server), ["r3.v1", "r3.v2"]);
    // Namespace by namespace.
    let server = Server::start(seven(1));
    all_in_sync(&server, &["-n", "shop"], 7);
    assert_eq!(read_by_name(&server), Vec::<String>::new());
}

#[test]
fn records_that_a_list_does_not_bring_are_asked_for_by_name() {
    let rows = [
        Fault::Status(403),
        Fault::Status(500),
        Fault::Status(413),
        Fault::Status(410),
        Fault::Body("[]".to_owned()),
        Fault::Body(
            json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": null}).to_string(),
        ),
        Fault::Body(
            json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [{"metadata": {}}, 7]})
                .to_string(),
        ),
        Fault::CutOff,
    ];
    each(rows, |fault| {
        let server = Server::start(seven(1)).on(LIST, WITH_PAYLOAD, 0, usize::MAX, fault);
        all_in_sync(&server, &[], 7);
        assert_eq!(read_by_name(&server).len(), 7);
    });
    // An expired token leaves the pages after it.
    let server = Server::start(seven(1)).pages_of(3).on(
        LIST,
        "limit=100&continue=6",
        0,
        usize::MAX,
        Fault::Status(410),
    );
    all_in_sync(&server, &[], 7);
    assert_eq!(read_by_name(&server), ["r6.v1"]);
}

#[test]
fn a_bad_record_in_a_list_hides_no_other() {
    let mut odd = seven(1);
    odd[0].body["data"]["release"] = json!(7);
    let mut broken = seven(1);
    broken[0].body["data"]["release"] = json!(STANDARD.encode("%"));
    let gone = seven(1)[0].path();
    let deleted = Server::start(seven(1).split_off(2))
        .always(&gone, Fault::Status(404))
        .on(
            LIST,
            "limit=500",
            0,
            usize::MAX,
            Fault::Body(
                json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1"},
                       "items": seven(1).into_iter().filter(|stored| stored.plural == "secrets")
                           .map(|stored| json!({"metadata": stored.body["metadata"]})).collect::<Vec<_>>()})
                .to_string(),
            ),
        );
    each(
        [
            (Server::start(odd), "unexpected JSON"),
            (Server::start(broken), "not base64"),
            (deleted, "404"),
        ],
        |(server, reason)| {
            let run = scan_json(&server, &["--all"]);
            assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
            let [(name, code, message)] = &run.health()[..] else {
                panic!("{:?}", run.health())
            };
            assert_eq!((name.as_str(), code.as_str()), ("r0", "undecodable"));
            assert!(message.contains(reason), "{message}");
            assert_eq!(run.json()["summary"]["objects"]["inSync"], 6);
        },
    );
}

#[test]
fn lists_that_are_null_are_empty() {
    let server = Server::start([]).null_lists();
    let run = scan(&server, &[]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("no releases found"), "{}", run.stdout);
}

#[test]
fn a_release_that_moves_during_the_scan_is_not_judged() {
    let mut next = Revision::new("shop", "web", &[config_map("settings", "red")]);
    (next.number, next.status) = (2, "pending-upgrade");
    let server = Server::start(shop()).on("/api/v1/secrets", RECORDS, 1, 1, Fault::Change(next.stored()));
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(3));
    let [(name, code, _)] = &run.health()[..] else {
        panic!("{:?}", run.health())
    };
    assert_eq!((name.as_str(), code.as_str()), ("web", "changed-during-scan"));
    assert_eq!(run.json()["releases"][0]["verdict"], "incomplete");
}

/// The second listing leaves out superseded revisions, unless one of them is the newest of its release.
#[test]
fn what_is_not_listed_again_is_not_said_to_have_moved() {
    let revision = |number: u64, status: &'static str| {
        let mut revision = Revision::new("shop", "web", &[config_map("settings", "red")]);
        (revision.number, revision.status) = (number, status);
        revision.stored()
    };
    let live = || live("shop", "web", &config_map("settings", "red"));
    for (newest, again) in [("deployed", false), ("superseded", true)] {
        let server = Server::start([revision(1, "superseded"), revision(2, newest), live()]);
        let run = scan_json(&server, &[]);
        let moved = run.health();
        let moved = moved.iter().filter(|(_, code, _)| code == "changed-during-scan");
        assert_eq!(moved.count(), 0, "{newest}: {}", run.stdout);
        let listings = server.received().into_iter().filter(|request| {
            request.target.contains(RECORDS) && request.accept.contains("PartialObjectMetadataList")
        });
        let of_all = listings.filter(|request| !request.target.contains("status%21%3Dsuperseded"));
        assert_eq!(of_all.count(), if again { 2 } else { 1 }, "{newest}");
    }
    let server = Server::start([revision(1, "superseded"), revision(2, "superseded"), live()]).on(
        "/api/v1/secrets",
        RECORDS,
        1,
        1,
        Fault::Change(revision(3, "superseded")),
    );
    let run = scan_json(&server, &[]);
    let moved = run.health();
    let moved = moved.iter().filter(|(_, code, _)| code == "changed-during-scan");
    assert_eq!(moved.count(), 1, "{}", run.stdout);
}

#[test]
fn not_knowing_whether_releases_moved_is_said() {
    let server = Server::start(shop()).on("/api/v1/secrets", RECORDS, 1, usize::MAX, Fault::Status(403));
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    assert!(run.health().is_empty(), "{:?}", run.health());
    assert!(
        run.errors()[0].1.contains("changed during the scan"),
        "{:?}",
        run.errors()
    );

    let mut objects = shop();
    objects.extend(release("other", "api", &[config_map("a", "b")]));
    let second = "/api/v1/namespaces/other/secrets";
    let server = Server::start(objects).on(second, RECORDS, 1, usize::MAX, Fault::Status(403));
    let run = scan_json(&server, &["-n", "shop", "-n", "other"]);
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    assert!(run.health().is_empty(), "{:?}", run.health());
    assert_eq!(run.errors().len(), 1, "{:?}", run.errors());
    assert_eq!(run.errors()[0].0, "namespace/other");
}

/// Everybody who may write records chooses the version of a chart, and an operator pastes what is printed.
#[test]
fn a_version_that_is_none_is_in_no_command() {
    let mut failed = Revision::new("shop", "web", &[config_map("settings", "red")]);
    (failed.number, failed.status) = (2, "failed");
    let mut json = failed.json();
    json["chart"]["metadata"]["version"] = json!("1.0.0;touch owned;:");
    let payload = STANDARD.encode(gzip(json.to_string().as_bytes()));
    let server = Server::start(shop().into_iter().chain([failed.holding(&payload)]));
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    let run = home.run(&["diagnose", "web", "-n", "shop", "--kubeconfig", &kubeconfig]);
    let commands = run
        .stdout
        .lines()
        .filter(|line| line.trim_start().starts_with("$ "));
    assert!(commands.clone().count() > 3, "{}{}", run.stdout, run.stderr);
    assert!(
        commands.clone().all(|command| !command.contains("touch")),
        "{}",
        run.stdout
    );
    let reason =
        "no command is printed for an upgrade: the version of the chart is not one that Helm accepts";
    assert!(run.stdout.contains(reason), "{}", run.stdout);
}
