//! Objects that cannot be read: each is unknown, with the reason, and none is missing.

use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Fault, Received, SECRET, Server, Stored};
use super::world::{Revision, config_map, each, live, release, scan, scan_json, secret, shop};

const SETTINGS: &str = "/api/v1/namespaces/shop/configmaps/settings";

/// The only object that is not in sync: its state and reason.
fn only(server: &Server, flags: &[&str], status: i32) -> (String, String) {
    let run = scan_json(server, flags);
    assert_eq!(run.status, Some(status), "{}{}", run.stdout, run.stderr);
    let objects = run.objects();
    let [(_, state, reason)] = &objects[..] else {
        panic!("{objects:?}")
    };
    (state.clone(), reason.clone())
}

#[test]
fn a_release_without_differences_is_clean() {
    let server = Server::start(shop());
    let run = scan_json(&server, &["--all"]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    assert_eq!(run.json()["summary"]["objects"]["inSync"], 3);
    let text = scan(&server, &["-vvv"]);
    assert_eq!(text.status, Some(0), "{}", text.stderr);
}

#[test]
fn only_not_found_means_missing() {
    let mut objects = shop();
    objects.remove(1);
    let (state, _) = only(&Server::start(objects), &[], 1);
    assert_eq!(state, "missing");
}

#[test]
fn refusals_are_unknown_with_their_reason() {
    let rows = [
        (
            Fault::Status(403),
            "forbidden: not allowed to get configmaps in namespace shop (RBAC)",
        ),
        (Fault::Status(401), "unauthorized"),
        (Fault::Status(400), "answered 400"),
        (Fault::Status(410), "answered 410"),
        (
            Fault::Answer(404, "text/html", "<html>hunter2</html>"),
            "answered 404",
        ),
        (
            Fault::Answer(404, "text/plain", "404 page not found\n"),
            "answered 404",
        ),
        (Fault::Answer(302, "text/html", "hunter2"), "answered 302"),
        (Fault::Body(format!("{{\"data\": {SECRET}")), "JSON"),
        (Fault::Body("[]".to_owned()), "JSON"),
        (Fault::Body(String::new()), "JSON"),
        (Fault::Body("null".to_owned()), "JSON"),
        (
            Fault::Body(json!({"kind": "Status", "reason": SECRET}).to_string()),
            "JSON",
        ),
        (
            Fault::Body(config_map("settings", "red").to_string()),
            "it is another object",
        ),
    ];
    each(rows, |(fault, expected)| {
        let row = format!("{fault:?}");
        let server = Server::start(shop()).always(SETTINGS, fault);
        let (state, reason) = only(&server, &[], 3);
        assert_eq!(state, "unknown", "{row}");
        assert!(reason.contains(expected), "{row}: {reason}");
    });
}

#[test]
fn failures_are_tried_again_and_then_unknown() {
    let rows = [
        (Fault::TooMany(0), "429", 5),
        (Fault::Status(500), "500", 5),
        (Fault::Status(502), "502", 5),
        (Fault::Status(503), "503", 5),
        (Fault::CutOff, "connection broke", 5),
        (Fault::Slow(Duration::from_mins(1)), "timed out after 1 s", 2),
    ];
    each(rows, |(fault, expected, attempts)| {
        let row = format!("{fault:?}");
        let server = Server::start(shop()).always(SETTINGS, fault);
        let (state, reason) = only(&server, &["--request-timeout", "700ms"], 3);
        assert_eq!(state, "unknown", "{row}");
        assert!(reason.contains(expected), "{row}: {reason}");
        assert_eq!(server.count(SETTINGS), attempts, "{row}");
    });
}

#[test]
fn a_failure_that_passes_leaves_no_trace() {
    each([Fault::TooMany(1), Fault::Status(503), Fault::CutOff], |fault| {
        let server = Server::start(shop()).on(SETTINGS, "", 0, 2, fault.clone());
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(0), "{fault:?}: {}", run.stdout);
        // Twice the second that the server asked for.
        let asked = matches!(fault, Fault::TooMany(_));
        assert!(!asked || run.took > Duration::from_secs(2), "{:?}", run.took);
    });
}

/// Ten `ConfigMaps` in two namespaces, enough to be listed.
fn many() -> Vec<Stored> {
    ["shop", "depot"]
        .into_iter()
        .flat_map(|namespace| {
            let objects: Vec<Value> = (0..5)
                .map(|index| config_map(&format!("c{index}"), namespace))
                .collect();
            release(namespace, namespace, &objects)
        })
        .collect()
}

fn in_sync(server: &Server, flags: &[&str]) -> Value {
    let run = scan_json(server, flags);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    run.json()["summary"]["objects"]["inSync"].clone()
}

#[test]
fn a_refused_list_is_read_otherwise() {
    let wide = "/api/v1/configmaps";
    let objects = "limit=100";
    // Listed namespace by namespace.
    let server = Server::start(many()).on(wide, objects, 0, usize::MAX, Fault::Status(403));
    assert_eq!(in_sync(&server, &[]), 10);
    assert_eq!(server.count("/api/v1/namespaces/shop/configmaps"), 1);
    assert_eq!(server.count("/api/v1/namespaces/shop/configmaps/c0"), 0);
    // Read one by one.
    each(
        [
            Fault::Status(403),
            Fault::Status(405),
            Fault::Status(404),
            Fault::Body("[]".to_owned()),
        ],
        |fault| {
            let server = Server::start(many())
                .on(wide, objects, 0, usize::MAX, fault.clone())
                .always("/api/v1/namespaces/shop/configmaps", fault.clone())
                .always("/api/v1/namespaces/depot/configmaps", fault);
            assert_eq!(in_sync(&server, &[]), 10);
            assert_eq!(server.count("/api/v1/namespaces/shop/configmaps/c0"), 1);
        },
    );
}

#[test]
fn one_object_that_breaks_the_list_spoils_only_itself() {
    // A conversion webhook or a lost encryption key fails the whole list, and the GET of one object.
    let server = Server::start(many())
        .on(
            "/api/v1/configmaps",
            "limit=100",
            0,
            usize::MAX,
            Fault::Status(500),
        )
        .always("/api/v1/namespaces/shop/configmaps/c0", Fault::Status(500));
    let (state, reason) = only(&server, &[], 3);
    assert_eq!(state, "unknown");
    assert!(
        reason.contains("500") && !reason.contains("overloaded"),
        "{reason}"
    );
}

#[test]
fn a_kind_whose_every_object_fails_costs_no_pauses_for_each() {
    let objects: Vec<Value> = (0..100)
        .map(|index| config_map(&format!("c{index}"), "x"))
        .collect();
    let server = Server::start(release("shop", "web", &objects))
        .always("/api/v1/namespaces/shop/configmaps*", Fault::Status(500));
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(3), "{}", run.stderr);
    let unknown = run.objects();
    assert_eq!(unknown.len(), 100);
    assert!(
        unknown
            .iter()
            .all(|(_, state, reason)| state == "unknown" && reason.contains("500"))
    );
    // The list's pauses, and those of the objects that are tried at once; a hundred objects' would take a minute.
    assert!(run.took < Duration::from_secs(20), "{:?}", run.took);
}

#[test]
fn leftovers_are_read_by_name_only_where_a_list_may_be_wrong() {
    let dropped: Vec<Value> = (0..5)
        .map(|index| config_map(&format!("c{index}"), "x"))
        .collect();
    let mut first = Revision::new("shop", "web", &dropped);
    first.status = "superseded";
    let mut second = Revision::new("shop", "web", &[secret("login")]);
    second.number = 2;
    let world = || {
        let kept = live("shop", "web", &config_map("c3", "x"));
        [
            first.stored(),
            second.stored(),
            live("shop", "web", &secret("login")),
            kept,
        ]
    };
    let gone = "/api/v1/namespaces/shop/configmaps/c0";
    let list = "/api/v1/namespaces/shop/configmaps";
    let early = json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "1", "continue": "1"}, "items": []});
    let early = early.to_string();
    let expired = |times| {
        Server::start(world())
            .on(list, "continue=1", 0, times, Fault::Status(410))
            .on(list, "limit=100", 0, times, Fault::Body(early.clone()))
    };
    let rows = [
        (Server::start(world()), 0),
        (
            Server::start(world()).on(list, "limit=100", 0, 1, Fault::Status(403)),
            1,
        ),
        // Begun again, it is whole.
        (expired(1), 0),
        (expired(usize::MAX), 1),
    ];
    each(rows, |(server, asked)| {
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(1), "{}", run.stdout);
        let [(name, state, _)] = &run.objects()[..] else {
            panic!("{:?}", run.objects())
        };
        assert_eq!((name.as_str(), state.as_str()), ("c3", "leftover"));
        assert_eq!(server.count(gone), asked);
    });
}

#[test]
fn a_list_is_paged_and_the_other_objects_are_read_one_by_one() {
    let server = Server::start(many()).pages_of(3);
    assert_eq!(in_sync(&server, &[]), 10);
    let server = Server::start(many()).pages_of(3).on(
        "/api/v1/configmaps",
        "continue=6",
        0,
        usize::MAX,
        Fault::Status(410),
    );
    assert_eq!(in_sync(&server, &[]), 10);
    let server = Server::start(many()).pages_of(3).on(
        "/api/v1/configmaps",
        "continue=3",
        0,
        1,
        Fault::Body(
            json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": null}).to_string(),
        ),
    );
    assert_eq!(in_sync(&server, &[]), 10);
}

#[test]
fn an_overloaded_list_makes_its_objects_unknown() {
    let server = Server::start(many()).on(
        "/api/v1/configmaps",
        "limit=100",
        0,
        usize::MAX,
        Fault::TooMany(0),
    );
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(3));
    assert_eq!(run.objects().len(), 10);
    for (_, state, reason) in run.objects() {
        assert_eq!(state, "unknown");
        assert!(reason.contains("429 to 5 attempts"), "{reason}");
    }
}

#[test]
fn secrets_are_compared_and_never_shown() {
    let mut objects = release(
        "shop",
        "web",
        &(0..5)
            .map(|index| secret(&format!("s{index}")))
            .collect::<Vec<_>>(),
    );
    objects[1].body["data"]["password"] = json!("aHVudGVyMnx4");
    let server = Server::start(objects);
    for flags in [&["-o", "json"][..], &[], &["-vvv"]] {
        let run = scan(&server, flags);
        assert_eq!(run.status, Some(1), "{}", run.stderr);
        assert!(run.stdout.contains("password"), "{}", run.stdout);
    }
}

#[test]
fn a_shared_object_belongs_to_one_release() {
    let shared = config_map("shared", "x");
    let mut objects = release("shop", "a", std::slice::from_ref(&shared));
    objects.push(Revision::new("shop", "b", &[shared]).stored());
    let run = scan_json(&Server::start(objects), &["--all"]);
    assert_eq!(run.status, Some(1));
    let states: Vec<String> = run.objects().into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(states, ["in-sync", "foreign"]);
    assert!(
        run.stdout.contains("it belongs to release shop/a"),
        "{}",
        run.stdout
    );
}

#[test]
fn objects_in_another_namespace_show_no_values() {
    let mut private = config_map("private", "ours");
    let mut owned = live("vault", "bank", &config_map("private", "tell-nobody"));
    owned.body["metadata"]["labels"]["team"] = json!("tell-nobody");
    private["metadata"]["namespace"] = json!("vault");
    let nosy = Revision::new("shop", "nosy", &[private]);
    let server = Server::start([nosy.stored(), owned]);
    for flags in [&["-o", "json", "--all"][..], &["--all"], &["-vvv"]] {
        let run = scan(&server, flags);
        assert_eq!(run.status, Some(1));
        assert!(run.stdout.contains("not owned by this release"), "{}", run.stdout);
        for secret in ["tell-nobody", "bank"] {
            assert!(
                !run.stdout.contains(secret) && !run.stderr.contains(secret),
                "{}",
                run.stdout
            );
        }
    }
}

/// Five objects of a megabyte each do not fit into one page.
#[test]
fn a_page_that_is_too_large_is_asked_for_again_with_fewer_items() {
    let objects: Vec<Value> = (0..5)
        .map(|index| config_map(&format!("c{index}"), &"x".repeat(1_000_000)))
        .collect();
    let server = Server::start(release("shop", "web", &objects));
    assert_eq!(in_sync(&server, &[]), 5);
    let list = "/api/v1/namespaces/shop/configmaps";
    let received = server.received();
    let limits: Vec<&str> = received
        .iter()
        .filter(|request| request.path() == list && !request.target.contains("labelSelector"))
        .filter_map(|request| request.target.split_once('?'))
        .map(|(_, query)| query)
        .collect();
    // A megabyte each, of which two come to what a page should have.
    let first = [100, 50, 25, 12, 6, 3].map(|limit| format!("limit={limit}"));
    let expected = [&first[..], &["limit=2&continue=3".to_owned()]].concat();
    assert_eq!(limits, expected);
    assert_eq!(server.count(&format!("{list}/c0")), 0);
}

/// The record of a release may be in a list that is later than that of the other kind of records: what it deployed is not in the
/// state that the earlier list shows.
#[test]
fn objects_are_no_older_than_any_list_of_records() {
    let objects: Vec<Value> = (0..5)
        .map(|index| config_map(&format!("c{index}"), "blue"))
        .collect();
    let server = Server::start(release("shop", "web", &objects));
    assert_eq!(in_sync(&server, &[]), 5);
    let received = server.received();
    let mut lists = received.iter().filter(|request| {
        request.path().ends_with("/configmaps") && !request.target.contains("labelSelector")
    });
    let first = &lists.next().unwrap().target;
    assert!(!first.contains("resourceVersion"), "{first}");
}

#[test]
fn an_api_server_whose_cache_is_behind_is_asked_without_a_version() {
    let behind = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Timeout","code":504,
        "message":"Timeout: Too large resource version: 1, current: 0","details":{"retryAfterSeconds":1,
        "causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}]}}"#;
    let objects: Vec<Value> = (0..5)
        .map(|index| config_map(&format!("c{index}"), "blue"))
        .collect();
    let server = Server::start(release("shop", "web", &objects)).on(
        "/api*",
        "resourceVersion=",
        0,
        usize::MAX,
        Fault::Answer(504, "application/json", behind),
    );
    assert_eq!(in_sync(&server, &[]), 5);
    let with_version = |request: &&Received| request.target.contains("resourceVersion=");
    let waited = server.received().iter().filter(with_version).count();
    assert_eq!(waited, 1, "nobody waits for it again");
}

#[test]
fn an_object_that_is_too_large_is_unknown_and_spoils_only_itself() {
    let mut large = live("shop", "web", &config_map("settings", "blue")).body;
    large["data"]["other"] = json!("x".repeat(17 << 20));
    let server = Server::start(shop()).always(SETTINGS, Fault::Body(large.to_string()));
    let (state, reason) = only(&server, &[], 3);
    assert_eq!(state, "unknown");
    assert!(reason.contains("too large: it has more than 16 MiB"), "{reason}");
    assert_eq!(server.count(SETTINGS), 2, "once with little room, once with more");
}

/// Half a megabyte of it takes forty.
#[test]
fn an_object_whose_value_is_too_large_is_unknown() {
    let mut large = live("shop", "web", &config_map("settings", "blue")).body;
    large["data"]["other"] = json!([]);
    let parts = format!("[{}0]", "{\"a\":0},".repeat(60_000));
    let text = large
        .to_string()
        .replace("\"other\":[]", &format!("\"other\":{parts}"));
    let server = Server::start(shop()).always(SETTINGS, Fault::Body(text));
    let (state, reason) = only(&server, &[], 3);
    assert_eq!(state, "unknown");
    assert!(
        reason.contains("too large: it takes more than 32 MiB of memory"),
        "{reason}"
    );
}
