//! `driftline rights`: which rights are missing, and the role that grants them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::server::{Fault, SECRET, Server};
use super::world::{Home, release, shop};
use crate::support::program::Ran;

fn rights(server: &Server, flags: &[&str]) -> Ran {
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    home.run(&[&["rights", "--kubeconfig", &kubeconfig], flags].concat())
}

/// The missing rights: verbs, resource, namespace.
fn missing(run: &Ran) -> BTreeSet<(String, String, String)> {
    let report = run.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rights = report["rights"].as_array().unwrap();
    rights
        .iter()
        .filter(|right| right["missing"] != json!([]))
        .map(|right| {
            let verbs: Vec<String> = right["missing"].as_array().unwrap().iter().map(&text).collect();
            (
                verbs.join(","),
                text(&right["resource"]),
                text(&right["namespace"]),
            )
        })
        .collect()
}

fn triple(verbs: &str, resource: &str, namespace: &str) -> (String, String, String) {
    (verbs.to_owned(), resource.to_owned(), namespace.to_owned())
}

fn documents(run: &Ran) -> Vec<Value> {
    serde_saphyr::from_multiple(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

#[test]
fn with_all_rights_nothing_is_missing_and_only_questions_were_sent() {
    let server = Server::start(shop());
    let run = rights(&server, &[]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout
            .contains("allowed: system:serviceaccount:ops:driftline"),
        "{}",
        run.stdout
    );
    for request in server.received() {
        let is_question = request.path().ends_with("reviews");
        assert_eq!(
            request.method,
            if is_question { "POST" } else { "GET" },
            "{request:?}"
        );
        // Not one object was read for it.
        let is_object = request.path().ends_with("/settings") || request.path().ends_with("/crontabs");
        assert!(!is_object, "{request:?}");
    }
    let run = rights(&server, &["-o", "role"]);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "# Nothing is missing.\n")
    );
}

#[test]
fn a_missing_kind_is_named_with_its_releases_and_the_role_grants_it() {
    let server = Server::start(shop())
        .denying("get", "crontabs", None)
        .denying("list", "crontabs", None);
    let text = rights(&server, &["-n", "shop"]);
    assert_eq!(text.status, Some(3), "{}{}", text.stdout, text.stderr);
    let row = text
        .stdout
        .lines()
        .find(|line| line.starts_with("missing"))
        .unwrap();
    for part in [
        "get, list",
        "crontabs.stable.example.com",
        "namespace shop",
        "shop/web",
    ] {
        assert!(row.contains(part), "{row}");
    }
    assert!(
        text.stdout
            .contains("$ driftline rights -n shop -o role --kubeconfig="),
        "{}",
        text.stdout
    );
    let report = rights(&server, &["-n", "shop", "-o", "json"]);
    assert_eq!(
        missing(&report),
        BTreeSet::from([triple("get,list", "crontabs", "shop")])
    );

    let role = rights(&server, &["-n", "shop", "-o", "role"]);
    assert_eq!(role.status, Some(3));
    let [role, binding] = documents(&role).try_into().unwrap();
    assert_eq!(
        (&role["kind"], &binding["kind"]),
        (&json!("Role"), &json!("RoleBinding"))
    );
    // All that the namespace needs, so that applying it again takes nothing away.
    assert_eq!(
        role["rules"],
        json!([
            {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list"]},
            {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["list"]},
            {"apiGroups": ["stable.example.com"], "resources": ["crontabs"], "verbs": ["get", "list"]},
        ])
    );
    assert_eq!(
        binding["subjects"],
        json!([{"kind": "ServiceAccount", "name": "driftline", "namespace": "ops"}])
    );
    // The same report as YAML.
    let yaml = rights(&server, &["-n", "shop", "-o", "yaml"]);
    assert_eq!(documents(&yaml), [report.json()]);
}

/// Who may not read a kind everywhere may still read it where releases are.
#[test]
fn the_namespaces_with_releases_are_enough_for_objects_and_not_for_records() {
    let mut objects = shop();
    objects.extend(release("edge", "proxy", &[super::world::cron_tab("hourly")]));
    let server = Server::start(objects)
        .denying("list", "crontabs", Some("edge"))
        .denying("list", "configmaps", Some("unused"));
    let report = rights(&server, &["-o", "json"]);
    assert_eq!(
        missing(&report),
        BTreeSet::from([triple("list", "crontabs", ""), triple("list", "configmaps", "")])
    );
    let scopes: BTreeSet<String> = report.json()["rights"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|right| right["missing"] != json!([]))
        .map(|right| {
            format!(
                "{} {}",
                right["purpose"].as_str().unwrap(),
                right["scope"].as_str().unwrap()
            )
        })
        .collect();
    // The objects in namespace shop can be read by name there.
    assert_eq!(
        scopes,
        BTreeSet::from(["objects all-namespaces", "records all-namespaces"].map(str::to_owned))
    );
    let kinds: Vec<Value> = documents(&rights(&server, &["-o", "role"]))
        .iter()
        .map(|document| document["kind"].clone())
        .collect();
    assert_eq!(kinds, ["ClusterRole", "ClusterRoleBinding"]);
}

/// Nobody knows the kinds, and still the first role to grant is known.
#[test]
fn without_records_the_right_to_read_them_is_what_is_missing() {
    let server = Server::start(shop())
        .always("/api/v1/namespaces/shop/secrets", Fault::Status(403))
        .always("/api/v1/namespaces/shop/configmaps", Fault::Status(403))
        .denying("get", "secrets", None)
        .denying("list", "secrets", None);
    let run = rights(&server, &["-n", "shop", "-o", "json"]);
    assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
    assert_eq!(
        missing(&run),
        BTreeSet::from([triple("get,list", "secrets", "shop")])
    );
    let errors = run.errors();
    assert!(
        errors[0].1.contains("the release records cannot be listed"),
        "{errors:?}"
    );
    // A role has no place for errors.
    let role = rights(&server, &["-n", "shop", "-o", "role"]);
    let error = "the release records cannot be listed";
    assert!(role.stderr.contains(error), "{}", role.stderr);
}

#[test]
fn another_account_is_asked_about_by_name() {
    let server = Server::start(shop()).denying("get", "crontabs", None);
    let flags = ["-n", "shop", "--service-account", "scans/reader", "-o", "role"];
    let role = rights(&server, &flags);
    assert_eq!(
        documents(&role)[1]["subjects"],
        json!([{"kind": "ServiceAccount", "name": "reader", "namespace": "scans"}])
    );
    let reviews: Vec<Value> = server
        .received()
        .into_iter()
        .filter(|request| request.method == "POST")
        .map(|request| {
            assert!(request.path().ends_with("/subjectaccessreviews"), "{request:?}");
            request.body["spec"]["user"].clone()
        })
        .collect();
    assert!(
        reviews
            .iter()
            .all(|user| user == "system:serviceaccount:scans:reader"),
        "{reviews:?}"
    );
    // The table names the same command for the same account.
    let table = rights(&server, &flags[..4]);
    let command = "$ driftline rights -n shop --service-account scans/reader -o role --kubeconfig=";
    assert!(table.stdout.contains(command), "{}", table.stdout);
    let wrong = rights(&server, &["--service-account", "reader"]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("NAMESPACE/NAME"), "{}", wrong.stderr);
}

#[test]
fn dry_runs_and_orphans_need_more() {
    let server = Server::start(shop())
        .denying("patch", "configmaps", None)
        .denying("patch", "secrets", None)
        .denying("list", "deployments", None);
    let flags = ["-n", "shop", "-o", "json"];
    assert_eq!(rights(&server, &flags).status, Some(0));
    let more = [&flags[..], &["--confirm", "server", "--orphans"]].concat();
    assert_eq!(
        missing(&rights(&server, &more)),
        BTreeSet::from([
            triple("patch", "configmaps", "shop"),
            triple("list", "deployments", "shop")
        ])
    );
}

/// A server that does not answer questions gives no answer, and above all not that everything is allowed.
#[test]
fn an_answer_that_is_none_is_an_error() {
    const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    for fault in [
        Fault::Body("{}".to_owned()),
        Fault::Body(json!({"kind": "Status", "apiVersion": "v1", "status": {"allowed": true}}).to_string()),
        Fault::Status(403),
        Fault::Status(404),
    ] {
        let server = Server::start(shop()).always(REVIEWS, fault.clone());
        let run = rights(&server, &["-n", "shop"]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{fault:?}");
        assert!(
            run.stderr.contains("the rights cannot be compared"),
            "{}",
            run.stderr
        );
    }
}

/// Before Kubernetes 1.26 an account cannot ask who it is; the rights are told all the same.
#[test]
fn an_account_without_a_name_has_rights_and_no_role() {
    let server = Server::start(shop())
        .always("/apis/authentication.k8s.io/*", Fault::Status(404))
        .denying("get", "crontabs", None);
    let run = rights(&server, &["-n", "shop"]);
    assert_eq!(run.status, Some(3), "{}", run.stderr);
    assert!(
        run.stdout.contains("missing: this account lacks 1 of"),
        "{}",
        run.stdout
    );
    let role = rights(&server, &["-n", "shop", "-o", "role"]);
    assert_eq!(role.status, Some(2));
    assert!(role.stderr.contains("--service-account"), "{}", role.stderr);
}
