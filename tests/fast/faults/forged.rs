//! Records that somebody with the rights of one namespace wrote: what the program reads for them, and what it then prints
//! and sends. The table of what such records can name is in `src/scan/forged_records/mod.rs`.

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::server::{Server, Stored};
use super::world::{Home, Revision, config_map, each, live, reads_only, scan_command, secret};
use crate::support::program::Ran;
use crate::support::receiver::{Receiver, Reply};

/// What nobody but the people of `victim` may read.
const PRIVATE: &str = "cobalt-heron";

/// The revision of a release that is stored in `evil` and claims to be of a namespace.
fn forged(claimed: &str, number: u64, status: &'static str, objects: &[Value]) -> Stored {
    let mut revision = Revision::new(claimed, "x", objects);
    (revision.number, revision.status) = (number, status);
    let mut stored = revision.stored();
    stored.body["metadata"]["namespace"] = json!("evil");
    stored
}

/// The victim's objects, with a guess at what is in them.
fn guesses(guess: &str) -> Vec<Value> {
    let mut objects = vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "bank", "labels": {guess: "x"}},
            "spec": {"template": {"spec": {"containers": [{"name": guess, "image": guess}]}}}}),
        secret("login"),
        config_map("settings", guess),
    ];
    for object in &mut objects {
        object["metadata"]["namespace"] = json!("victim");
    }
    objects
}

fn victims() -> Vec<Stored> {
    let objects = guesses(PRIVATE);
    objects
        .iter()
        .map(|object| live("victim", "bank", object))
        .collect()
}

/// Runs a command with a pager, and returns all that anybody sees of it, but for its times.
fn everything(server: &Server, command: &[&str], settings: &str) -> (Ran, String) {
    let home = Home::new();
    let runtime = Runtime::new().unwrap();
    let pager = runtime.block_on(Receiver::start([Reply::Answer(202, r#"{"status":"success"}"#)]));
    let key = home.file("key", "0123456789abcdef0123456789abcdef");
    let config = home.file(
        "driftline.yaml",
        &format!(
            "{settings}\ncluster: {{name: test}}\nnotify:\n  pagerduty:\n    routing_key_file: {key}\n    url: {}\n    \
             allow_http: true\n    scope: release\n",
            pager.url("/v2/enqueue")
        ),
    );
    let run = if command[0] == "scan" {
        scan_command(&home, server, &[&command[1..], &["--config", &config]].concat()).run()
    } else {
        let kubeconfig = home.kubeconfig(&server.url, &json!({"token": "t"}));
        home.run(&[command, &["--kubeconfig", &kubeconfig, "--config", &config]].concat())
    };
    reads_only(server);
    let sent = pager.received().into_iter().map(|event| {
        let mut event = event.json();
        if let Some(payload) = event.get_mut("payload").and_then(Value::as_object_mut) {
            payload.remove("timestamp");
            payload["custom_details"]["scan"] = Value::Null;
        }
        event
    });
    let sent: Vec<Value> = sent.collect();
    runtime.shutdown_background();
    let (stdout, stderr) = (&run.stdout, &run.stderr);
    let seen = format!("{:?}\n{stdout}\n{stderr}\n{}", run.status, json!(sent));
    let seen = seen.replace(&server.url, "SERVER");
    let seen = seen.replace(home.path().to_str().unwrap(), "HOME");
    let timeless = |line: &str| {
        let is_a_time = line.contains("\"startedAt\"") || line.contains("\"finishedAt\"");
        (!is_a_time).then(|| line.to_owned())
    };
    let lines: Vec<String> = seen.lines().filter_map(timeless).collect();
    (run, lines.join("\n"))
}

#[test]
fn a_forged_record_tells_and_reads_nothing_of_others() {
    let commands = [
        &["scan", "--all"][..],
        &["scan", "-o", "json", "--all"],
        &["diagnose", "x", "-n", "evil"],
        &["diagnose", "x", "-n", "evil", "-o", "json"],
    ];
    each(["evil", "victim"], |claimed| {
        let histories = |guess: &str| {
            let named = guesses(guess);
            let deployed = vec![forged(claimed, 1, "deployed", &named)];
            let dropped = vec![
                forged(claimed, 1, "superseded", &named),
                forged(claimed, 2, "deployed", &[config_map("own", "x")]),
            ];
            [deployed, dropped]
        };
        for command in commands {
            for position in 0..2 {
                let told = |guess: &str, theirs: Vec<Stored>| {
                    let history = histories(guess).into_iter().nth(position).unwrap();
                    let server = Server::start(history.into_iter().chain(theirs));
                    let (_, seen) = everything(&server, command, "");
                    if claimed == "victim" {
                        let asked = server.received().into_iter().any(|request| {
                            request.target.contains("victim") || request.path().ends_with("/deployments")
                        });
                        assert!(!asked, "{claimed} {command:?} {position}");
                    }
                    seen
                };
                let wrong = told("silver-heron", victims());
                assert!(!wrong.contains(PRIVATE), "{claimed} {command:?}: {wrong}");
                assert_eq!(
                    told(PRIVATE, victims()),
                    wrong,
                    "{claimed} {command:?} {position}"
                );
                assert_eq!(
                    told(PRIVATE, Vec::new()),
                    wrong,
                    "{claimed} {command:?} {position}"
                );
                let history = histories(PRIVATE).into_iter().nth(position).unwrap();
                let server = Server::start(history.into_iter().chain(victims()));
                let (log, _) = everything(&server, &[command, &["-vvv"]].concat(), "");
                assert!(!log.stderr.contains(PRIVATE), "{command:?}: {}", log.stderr);
                for line in wrong.lines().filter(|line| line.contains("kubectl")) {
                    assert!(!line.contains("victim"), "{command:?}: {line}");
                }
            }
        }
    });
}

#[test]
fn the_settings_say_which_records_may_speak_for_other_namespaces() {
    let records = |number| forged("victim", number, "deployed", &guesses("guess"));
    let server = Server::start(
        [records(1)]
            .into_iter()
            .chain(guesses(PRIVATE).iter().map(|object| live("victim", "x", object))),
    );
    let (untrusted, seen) = everything(&server, &["scan"], "");
    assert_eq!(untrusted.status, Some(3), "{seen}");
    assert!(seen.contains("add evil to trusted_storage_namespaces"), "{seen}");
    assert!(!seen.contains("resolve"), "{seen}");
    let (trusted, seen) = everything(&server, &["scan"], "trusted_storage_namespaces: ev*");
    assert_eq!(trusted.status, Some(1), "{seen}");
    assert!(
        seen.contains(PRIVATE) && !seen.contains("identity-mismatch"),
        "{seen}"
    );
}

#[test]
fn a_snapshot_names_no_autoscaled_objects_but_those_that_it_holds() {
    let deployment = |name: &str, namespace: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
            "spec": {"replicas": 1}})
    };
    let autoscaler = |name: &str, namespace: &str| {
        live(
            namespace,
            "bank",
            &json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": name, "namespace": namespace}, "spec": {"maxReplicas": 2,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}}}),
        )
    };
    let own = deployment("own", "evil");
    let named = [deployment("none", "victim"), own.clone()];
    let server = Server::start([
        forged("evil", 1, "deployed", &named),
        live("evil", "x", &own),
        autoscaler("own", "evil"),
        autoscaler(PRIVATE, "victim"),
    ]);
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": "t"}));
    let folder = home.path().join("snapshot");
    let run = home.run(&[
        "snapshot",
        "-n",
        "evil",
        "-o",
        folder.to_str().unwrap(),
        "--kubeconfig",
        &kubeconfig,
    ]);
    let index = std::fs::read_to_string(folder.join("snapshot.json"));
    let index = index.unwrap_or_else(|error| panic!("{error}: {}", run.stderr));
    let index: Value = serde_json::from_str(&index).unwrap();
    assert!(!index.to_string().contains(PRIVATE), "{index}");
    assert_eq!(index["scaleTargets"]["targets"][0]["name"], "own", "{index}");
}
