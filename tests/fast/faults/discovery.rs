//! Discovery that fails in part or as a whole: the kinds it leaves out are unknown, and the others are not affected.

use serde_json::json;

use super::server::{Fault, Server};
use super::world::{Revision, each, live, release, scan_json, shop};

const CRON_TABS: &str = "/apis/stable.example.com/v1";

fn unknown_cron_tab(server: &Server, expected: &str) {
    let run = scan_json(server, &[]);
    assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
    let objects = run.objects();
    let [(name, state, reason)] = &objects[..] else {
        panic!("{objects:?}")
    };
    assert_eq!((name.as_str(), state.as_str()), ("nightly", "unknown"));
    assert!(reason.contains(expected), "{reason}");
    assert_eq!(run.json()["summary"]["objects"]["inSync"], 2);
}

#[test]
fn a_stale_group_is_unknown_and_never_missing() {
    let server = Server::start(shop()).stale("stable.example.com/v1");
    unknown_cron_tab(&server, "the API group of stable.example.com/v1 is unavailable");
}

#[test]
fn an_old_server_is_asked_group_by_group() {
    let run = scan_json(&Server::start(shop()).old(), &["--all"]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    assert_eq!(run.json()["summary"]["objects"]["inSync"], 3);
}

#[test]
fn a_dead_group_of_an_old_server_spoils_only_itself() {
    each(
        [
            Fault::Status(503),
            Fault::Status(404),
            Fault::Body("not JSON".to_owned()),
            Fault::Answer(403, "text/plain", "hunter2"),
        ],
        |fault| {
            let server = Server::start(shop()).old().always(CRON_TABS, fault);
            unknown_cron_tab(&server, "the API group of stable.example.com/v1 is unavailable");
        },
    );
}

#[test]
fn a_group_without_resources_serves_nothing() {
    let server = Server::start(shop()).old().null_lists();
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    assert!(
        run.objects()[0].2.contains("does not serve CronTab"),
        "{:?}",
        run.objects()
    );
}

#[test]
fn a_kind_that_is_not_served_is_unknown_and_its_upgrade_fails() {
    let gone =
        json!({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "pdb"}});
    let run = scan_json(
        &Server::start([Revision::new("shop", "web", &[gone]).stored()]),
        &[],
    );
    assert_eq!(run.status, Some(3));
    let [(_, state, reason)] = &run.objects()[..] else {
        panic!("{:?}", run.objects())
    };
    assert_eq!(state, "unknown");
    assert!(
        reason.contains("does not serve PodDisruptionBudget in policy/v1beta1"),
        "{reason}"
    );
    assert_eq!(run.health()[0].1, "api-removed");
}

#[test]
fn a_dead_server_behind_a_live_group_makes_its_objects_unknown() {
    let server = Server::start(shop()).always("/apis/stable.example.com/v1/namespaces/*", Fault::Status(503));
    unknown_cron_tab(&server, "503 to 5 attempts");
}

#[test]
fn a_schema_that_cannot_be_read_only_coarsens_the_comparison() {
    each([403, 500], |status| {
        let server = Server::start(shop()).always("/openapi/v3/*", Fault::Status(status));
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(0), "{}", run.stdout);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let note = &report["notes"][0];
        assert_eq!(note["scope"], "stable.example.com/v1", "{}", run.stdout);
        let message = note["message"].as_str().unwrap();
        assert!(message.contains("generic rules"), "{message}");
    });
}

#[test]
fn without_discovery_nothing_can_be_said() {
    each(
        [
            ("/apis", Fault::Status(403), "forbidden"),
            (
                "/api",
                Fault::Answer(404, "text/html", "<html>hunter2</html>"),
                "is this a Kubernetes API?",
            ),
            (
                "/apis",
                Fault::Body("<html>hunter2".to_owned()),
                "unexpected JSON",
            ),
            ("/api*", Fault::Status(401), "does not accept the credentials"),
        ],
        |(path, fault, expected)| {
            let run = scan_json(&Server::start(shop()).always(path, fault), &[]);
            assert_eq!(run.status, Some(2), "{}", run.stdout);
            let errors = run.errors();
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].1.contains(expected), "{errors:?}");
        },
    );
}

#[test]
fn null_discovery_is_empty_and_not_broken() {
    let body = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
                      "metadata": {}, "items": null})
    .to_string();
    let object = super::world::config_map("settings", "blue");
    let mut objects = release("shop", "web", std::slice::from_ref(&object));
    objects.push(live("shop", "web", &object));
    let server = Server::start(objects).always("/apis", Fault::Body(body));
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
}
