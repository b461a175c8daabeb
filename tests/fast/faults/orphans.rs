//! `scan --orphans`: objects whose release has no record, and everything that must not be taken for one.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{Fault, SECRET, Server, Stored};
use super::world::{Home, Revision, config_map, cron_tab, live, scan_command, secret, shop};
use crate::support::program::Ran;

fn scan(server: &Server, flags: &[&str]) -> Ran {
    let home = Home::new();
    let run = scan_command(&home, server, &[&["--orphans"], flags].concat()).run();
    for request in server.received() {
        assert_eq!(request.method, "GET", "{request:?}");
        if request.target.contains("managed-by") {
            assert!(
                request.accept.contains("as=PartialObjectMetadataList"),
                "{request:?}"
            );
            assert!(request.target.contains("limit="), "{request:?}");
        }
    }
    run
}

/// The orphans of a report: release, records, kind, name.
fn orphans(run: &Ran) -> Vec<[String; 4]> {
    let report = run.json();
    let releases = report["orphans"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", run.stdout));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    releases
        .iter()
        .flat_map(|release| {
            let name = format!("{}/{}", text(&release["namespace"]), text(&release["name"]));
            let objects = release["objects"].as_array().unwrap().iter();
            objects.map(move |object| {
                [
                    name.clone(),
                    text(&release["records"]),
                    text(&object["kind"]),
                    text(&object["name"]),
                ]
            })
        })
        .collect()
}

fn notes(run: &Ran) -> String {
    let report = run.json();
    let notes = report["notes"].as_array().into_iter().flatten();
    let messages: Vec<String> = notes
        .map(|note| note["message"].as_str().unwrap().to_owned())
        .collect();
    messages.join("\n")
}

/// A shop with objects of a release that has no record.
fn lost() -> Vec<Stored> {
    let mut objects = shop();
    let mut kept = live("shop", "lost", &config_map("kept", "x"));
    kept.body["metadata"]["annotations"]["helm.sh/resource-policy"] = json!("keep");
    kept.body["metadata"]["creationTimestamp"] = json!("2026-01-01T10:00:00Z");
    objects.push(kept);
    objects.push(live("shop", "lost", &secret("token")));
    objects
}

fn row(release: &str, records: &str, kind: &str, name: &str) -> [String; 4] {
    [release, records, kind, name].map(str::to_owned)
}

#[test]
fn objects_without_a_record_are_listed_and_change_no_status() {
    let server = Server::start(lost());
    let run = scan(&server, &["-o", "json"]);
    assert_eq!(
        orphans(&run),
        [
            row("shop/lost", "none", "ConfigMap", "kept"),
            row("shop/lost", "none", "Secret", "token"),
        ]
    );
    assert_eq!(
        (run.status, run.json()["outcome"].clone()),
        (Some(0), json!("clean"))
    );
    let object = &run.json()["orphans"][0]["objects"][0];
    assert_eq!(
        (&object["keptByPolicy"], &object["createdAt"]),
        (&json!(true), &json!("2026-01-01T10:00:00Z"))
    );
    let text = scan(&server, &[]);
    for part in [
        "orphaned  shop/lost   there is no record of this release; left: 2 objects",
        "  orphan  ConfigMap shop/kept   created 2026-01-01 10:00, kept by helm.sh/resource-policy",
        "$ kubectl get secrets,configmaps -A -l owner=helm,name=lost",
        "DESTRUCTIVE",
        "$ kubectl delete configmap kept -n shop",
        "; orphans: 2 objects of 1 release",
    ] {
        assert!(text.stdout.contains(part), "{part}: {}", text.stdout);
    }
    // Nobody asked for them: no request more, and nothing in the report.
    let home = Home::new();
    let server = Server::start(lost());
    let without = scan_command(&home, &server, &["-o", "json"]).run();
    assert_eq!(without.json()["orphans"], Value::Null);
    assert!(
        !server
            .received()
            .iter()
            .any(|request| request.target.contains("managed-by"))
    );
}

#[test]
fn what_a_controller_made_or_helm_could_not_have_written_is_no_orphan() {
    let mut objects = shop();
    let mut copied = live("shop", "lost", &config_map("copied", "x"));
    copied.body["metadata"]["ownerReferences"] = json!([{"kind": "ReplicaSet", "name": "x", "uid": "1"}]);
    let mut unnamed = live("shop", "lost", &config_map("unnamed", "x"));
    unnamed.body["metadata"]["annotations"] = json!({"meta.helm.sh/release-namespace": "shop"});
    let odd = live("shop", "$(reboot)", &config_map("odd", "x"));
    objects.extend([copied, unnamed, odd]);
    let run = scan(&Server::start(objects), &["-o", "json"]);
    assert_eq!(orphans(&run), Vec::<[String; 4]>::new());
    assert!(scan(&Server::start(shop()), &[]).stdout.contains("; no orphans"));
}

/// Somebody changed the annotation of an object that a release deploys: the scan calls it foreign, and advises nobody to delete it.
#[test]
fn an_object_that_a_deployed_manifest_has_is_no_orphan_whatever_its_annotation_says() {
    let mut objects = shop();
    let is_of_web = |stored: &&mut Stored| {
        stored.body["metadata"]["annotations"]["meta.helm.sh/release-name"] == json!("web")
    };
    let moved = objects.iter_mut().find(is_of_web).unwrap();
    moved.body["metadata"]["annotations"]["meta.helm.sh/release-name"] = json!("other");
    let run = scan(&Server::start(objects), &[]);
    assert!(
        run.stdout
            .contains("in the deployed manifest of shop/web: it is no orphan"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("; no orphans (") && !run.stdout.contains("kubectl delete"),
        "{}",
        run.stdout
    );
}

/// A record that claims another namespace: forged, or Flux's. Only the settings can tell.
#[test]
fn a_record_in_another_namespace_is_told_and_where_trusted_it_counts() {
    let mut objects = lost();
    let mut record = Revision::new("shop", "lost", &[config_map("kept", "x")]).stored();
    record.body["metadata"]["namespace"] = json!("flux-system");
    objects.push(record);
    let run = scan(&Server::start(objects.clone()), &["-o", "json"]);
    assert_eq!(orphans(&run), Vec::<[String; 4]>::new());
    assert!(
        notes(&run).contains("trusted_storage_namespaces"),
        "{}",
        notes(&run)
    );
    let home = Home::new();
    let config = home.file("config.yaml", "trusted_storage_namespaces: [flux-system]\n");
    let run = scan(&Server::start(objects), &["-o", "json", "--config", &config]);
    assert_eq!(orphans(&run), Vec::<[String; 4]>::new());
    assert_eq!(notes(&run), "");
}

#[test]
fn a_release_that_was_uninstalled_with_its_history_kept_can_come_back() {
    let mut objects = lost();
    let record = Revision {
        number: 3,
        status: "uninstalled",
        ..Revision::new("shop", "lost", &[])
    };
    objects.push(record.stored());
    let run = scan(&Server::start(objects), &["-o", "json"]);
    assert_eq!(
        orphans(&run)[0],
        row("shop/lost", "uninstalled", "ConfigMap", "kept")
    );
    let advice = run.json()["orphans"][0]["advice"].to_string();
    assert!(advice.contains("helm rollback lost 3 -n shop"), "{advice}");
}

/// Between the two lists of records, releases come and go.
#[test]
fn a_release_that_appears_or_ends_during_the_scan_has_no_orphans() {
    let appearing = Revision::new("shop", "lost", &[config_map("kept", "x")]).stored();
    let server = Server::start(lost()).on("/api/v1/secrets", "managed-by", 0, 1, Fault::Change(appearing));
    let run = scan(&server, &["-o", "json"]);
    assert_eq!(orphans(&run), Vec::<[String; 4]>::new(), "{}", run.stdout);
}

#[test]
fn some_namespaces_say_what_is_not_known() {
    let mut objects = lost();
    let mut elsewhere = live("shop", "other", &config_map("elsewhere", "x"));
    elsewhere.body["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = json!("edge");
    objects.push(elsewhere);
    let server = Server::start(objects);
    let run = scan(&server, &["-n", "shop", "-o", "json"]);
    assert_eq!(orphans(&run).len(), 2);
    let notes = notes(&run);
    for part in ["kinds without a namespace", "edge/other", "storageNamespace"] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    let lists = server.received();
    let searched = lists
        .iter()
        .filter(|request| request.target.contains("managed-by"));
    for request in searched {
        assert!(request.path().contains("/namespaces/shop/"), "{request:?}");
    }
}

const CRON_TABS: &str = "/apis/stable.example.com/v1/crontabs";

#[test]
fn what_cannot_be_listed_is_told_and_hides_nothing_else() {
    let mut objects = lost();
    objects.push(live("shop", "lost", &cron_tab("left")));
    // A missing right is a remark, as nobody has to grant it for this.
    let server =
        Server::start(objects.clone()).on(CRON_TABS, "managed-by", 0, usize::MAX, Fault::Status(403));
    let run = scan(&server, &["-o", "json"]);
    assert_eq!((orphans(&run).len(), run.status), (2, Some(0)));
    assert!(
        notes(&run).contains("crontabs.stable.example.com; driftline rights --orphans"),
        "{}",
        notes(&run)
    );
    // Anything else is an error.
    let nonsense = Fault::Body(format!("{{\"login\": \"{SECRET}\"}}"));
    let server = Server::start(objects).on(CRON_TABS, "managed-by", 0, usize::MAX, nonsense);
    let run = scan(&server, &["-o", "json"]);
    assert_eq!((orphans(&run).len(), run.status), (2, Some(3)));
    let errors = run.errors();
    assert!(
        errors[0]
            .1
            .starts_with("crontabs.stable.example.com cannot be listed"),
        "{errors:?}"
    );
}

/// Without the list of `ConfigMap`s that hold records, any object may have one there.
#[test]
fn without_all_records_no_object_is_called_an_orphan() {
    let server = Server::start(lost()).on("/api/v1/configmaps", "owner", 0, usize::MAX, Fault::Status(403));
    let run = scan(&server, &["-o", "json"]);
    assert_eq!(orphans(&run), Vec::<[String; 4]>::new());
    assert_eq!(run.status, Some(3));
    assert!(notes(&run).contains("shop/lost"), "{}", notes(&run));
    let wrong = scan(&server, &["-l", "team=a"]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("--orphans"), "{}", wrong.stderr);
}

#[test]
fn a_snapshot_that_was_taken_with_orphans_has_them_and_another_one_says_so() {
    let server = Server::start(lost());
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    for (flags, expected) in [(&["--orphans"][..], 2), (&[], 0)] {
        let folder = TempDir::new().unwrap();
        let folder = folder.path().to_str().unwrap();
        let taken = home
            .command(
                &[
                    &["snapshot", "-o", folder, "--kubeconfig", &kubeconfig, "--redact"],
                    flags,
                ]
                .concat(),
            )
            .run();
        assert_eq!(taken.status, Some(0), "{}", taken.stderr);
        let run = home.run(&["scan", "--snapshot", folder, "--orphans", "-o", "json"]);
        if expected > 0 {
            assert_eq!((orphans(&run).len(), run.status), (expected, Some(0)));
        } else {
            assert_eq!(
                (run.json()["orphans"].clone(), run.status),
                (Value::Null, Some(3))
            );
            assert!(
                run.errors()[0].1.contains("take it with --orphans"),
                "{:?}",
                run.errors()
            );
        }
    }
}

/// A namespace that is being deleted, whether or not there is a right to know it.
#[test]
fn a_namespace_that_is_being_deleted_is_told_where_the_scan_is_about_it() {
    let namespace = |name: &str| Stored {
        plural: "namespaces",
        body: json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "deletionTimestamp": "2026-03-01T12:00:00Z"},
            "status": {"phase": "Terminating", "conditions": [
                {"type": "NamespaceContentRemaining", "status": "True", "message": "secrets. has 1 resource instances"},
                {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "none"}]}}),
    };
    let mut objects = shop();
    objects.extend([namespace("shop"), namespace("other")]);
    let told = |flags: &[&str], server: &Server| {
        let home = Home::new();
        let run = scan_command(&home, server, &[flags, &["-o", "json"]].concat()).run();
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        notes(&run)
    };
    let server = Server::start(objects.clone());
    let expected = "the namespace is being deleted since 2026-03-01 12:00, and the records of its releases with it; \
                    NamespaceContentRemaining: secrets. has 1 resource instances; see `kubectl describe namespace shop`";
    assert_eq!(told(&[], &server), expected);
    assert_eq!(
        server.count("/api/v1/namespaces"),
        1,
        "one request for all of them"
    );
    let server = Server::start(objects).always("/api/v1/namespaces", Fault::Status(403));
    assert_eq!(told(&[], &server), "");
}
