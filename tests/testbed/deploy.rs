//! The manifests under `deploy/`, applied: the account that they make finds
//! what an administrator finds, and can do nothing but read.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Account, Cluster, HelmVersion, Release, Scan};

const USER: &str = "system:serviceaccount:driftline:driftline";

/// What Kubernetes lets every account create: questions about itself.
const QUESTIONS: [&str; 3] = [
    "selfsubjectaccessreviews",
    "selfsubjectreviews",
    "selfsubjectrulesreviews",
];

/// Everything, in a cluster of its own: nothing that other tests make may come
/// between two scans of all namespaces.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_cluster_wide_form_finds_what_an_administrator_finds() {
    let cluster = &Cluster::start();
    let mut releases = Vec::new();
    for (index, chart) in ["shop", "cluster-scoped", "workloads", "networking", "lists"]
        .iter()
        .enumerate()
    {
        releases.push(Release::install(cluster, HelmVersion::ALL[index % 2], chart, &[]));
    }
    releases[0].upgrade(&[]);
    for arguments in [
        ["scale", "statefulset/{r}-api", "--replicas=5"],
        ["delete", "service/{r}-web", "--wait"],
        [
            "patch",
            "secret/{r}-database",
            r#"-p={"stringData":{"DB_PASSWORD":"other"}}"#,
        ],
    ] {
        releases[0].kubectl(&arguments);
    }
    cluster.kubectl(&["apply", "-k", &overlay("cluster")]);
    allowed(cluster, "list", "priorityclasses", &[]);
    let account = cluster.account("driftline", "driftline");
    let scan = |more: &[&str]| {
        let arguments = [&["scan", "-A", "--all", "-o", "json"], more].concat();
        Scan::from(cluster.driftline(&arguments))
    };
    let as_account = || scan(&["--kubeconfig", &account.kubeconfig]);

    // Whatever is built in.
    let (ours, admins) = (as_account(), scan(&[]));
    assert_eq!(as_admin(&ours, &account), admins.timeless());
    assert_eq!((ours.status, ours.number("summary.releases.total")), (1, 5));
    assert_eq!(ours.number("summary.objects.unknown"), 0, "{:#}", ours.report);

    // Nobody can know which custom resources charts install: they are unknown,
    // by name, until somebody adds them as deploy/rbac says.
    let widgets = Release::install(cluster, HelmVersion::V4, "custom-resources", &[]);
    widgets.kubectl(&["patch", "widget/{r}", "--type=merge", r#"-p={"spec":{"size":9}}"#]);
    check_unknown_widgets(&as_account(), &widgets);
    cluster.apply(&json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {
            "name": "driftline-widgets",
            "labels": {"driftline/aggregate-to-reader": "true"},
        },
        "rules": [{"apiGroups": ["testbed.example"], "resources": ["widgets"], "verbs": ["get", "list"]}],
    }));
    allowed(cluster, "list", "widgets.testbed.example", &[]);
    let (ours, admins) = (as_account(), scan(&[]));
    assert_eq!(as_admin(&ours, &account), admins.timeless());
    assert_eq!(ours.number("summary.releases.total"), 6);
    assert_eq!(ours.number("summary.objects.unknown"), 0, "{:#}", ours.report);

    check_rights(cluster, &account, &[]);
    check_requests(cluster);
}

/// In the namespace that the overlay names, which no other test uses.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_namespaced_form_finds_the_same_in_its_namespace() {
    let cluster = Cluster::shared();
    cluster.kubectl(&["apply", "-k", &overlay("namespaced")]);
    let shop = Release::install_into(cluster, HelmVersion::V3, ("default", "watched-shop"), "shop", &[]);
    let widgets = Release::install_into(
        cluster,
        HelmVersion::V4,
        ("default", "watched-widgets"),
        "custom-resources",
        &[],
    );
    shop.kubectl(&[
        "set",
        "image",
        "deployment/{r}-web",
        "web=registry.example.com/shop/web:hotfix",
    ]);
    widgets.kubectl(&["patch", "widget/{r}", "--type=merge", r#"-p={"spec":{"size":9}}"#]);
    let account = cluster.account("driftline", "driftline");
    let as_account = ["--all", "--kubeconfig", &account.kubeconfig];

    check_unknown_widgets(&widgets.scan_with(&as_account, &[]), &widgets);
    let metadata = json!({"name": "driftline-widgets", "namespace": "default"});
    cluster.apply(&json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": metadata,
                "rules": [
                    {"apiGroups": ["testbed.example"], "resources": ["widgets"], "verbs": ["get", "list"]},
                ],
            },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": metadata,
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": "driftline-widgets",
                },
                "subjects": [{"kind": "ServiceAccount", "name": "driftline", "namespace": "driftline"}],
            },
        ],
    }));
    allowed(cluster, "list", "widgets.testbed.example", &["-n", "default"]);
    let (ours, admins) = (shop.scan_with(&as_account, &[]), shop.scan_with(&["--all"], &[]));
    assert_eq!(as_admin(&ours, &account), admins.timeless());
    assert_eq!((ours.status, ours.drift().len()), (1, 2), "{:#}", ours.report);

    // Everywhere else it may read nothing, and says so in one sentence.
    let arguments = ["scan", "--kubeconfig", &account.kubeconfig, "-o", "json"];
    let everywhere = Scan::from(cluster.driftline(&arguments));
    assert_eq!(everywhere.status, 2);
    assert_eq!(
        everywhere.report["errors"],
        json!([{
            "scope": "storage",
            "message": "the release records cannot be listed: forbidden: not allowed to list secrets in all \
                        namespaces (RBAC); name the namespaces to scan with -n",
        }])
    );
    check_rights(cluster, &account, &["-n", "default"]);
    check_rights(cluster, &account, &["-n", "driftline"]);
    assert_eq!(everywhere.report["releases"], json!([]));
}

/// The report, with advice that does not repeat the account's kubeconfig.
fn as_admin(scan: &Scan, account: &Account) -> Value {
    let option = format!(" --kubeconfig={}", account.kubeconfig);
    let report = scan.timeless().to_string().replace(&option, "");
    serde_json::from_str(&report).expect("it is JSON as before")
}

fn overlay(name: &str) -> String {
    format!("{}/deploy/overlays/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Waits until the account may do something: roles are aggregated by a
/// controller, and the authorizer reads them from a cache.
pub(crate) fn allowed(cluster: &Cluster, verb: &str, resource: &str, place: &[&str]) {
    let as_user = format!("--as={USER}");
    let arguments = [&["auth", "can-i", verb, resource, &as_user], place].concat();
    let deadline = Instant::now() + Duration::from_secs(30);
    while cluster.try_kubectl(&arguments).status != 0 {
        assert!(Instant::now() < deadline, "{USER} may not {verb} {resource}");
        sleep(Duration::from_millis(100));
    }
}

/// The widgets are all that cannot be read, and the report names the right that is missing.
fn check_unknown_widgets(scan: &Scan, release: &Release<'_>) {
    let unknown: Vec<_> = scan
        .objects()
        .filter(|object| object["state"] == "unknown")
        .collect();
    assert_eq!(unknown.len(), 4, "{:#}", scan.report);
    for object in unknown {
        assert_eq!(object["kind"], "Widget");
        let reason = object["reason"].as_str().unwrap();
        let expected = format!(
            "forbidden: not allowed to get widgets.testbed.example in namespace {} (RBAC)",
            release.namespace
        );
        assert_eq!(reason, expected);
    }
}

/// The API server's own list of what the account may do: read.
fn check_rights(cluster: &Cluster, account: &Account, place: &[&str]) {
    let namespace = place.get(1).unwrap_or(&"kube-system");
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let answer: Value = serde_json::from_str(&cluster.create_as(account, &review)).unwrap();
    let status = &answer["status"];
    let mut resources = BTreeSet::new();
    for rule in status["resourceRules"].as_array().unwrap() {
        let names = strings(&rule["resources"]);
        if names.iter().all(|name| QUESTIONS.contains(name)) {
            continue;
        }
        // The one object that a job writes is its memory, in its own namespace.
        if *namespace == "driftline" && strings(&rule["resourceNames"]) == ["driftline-state"] {
            assert_eq!(
                (strings(&rule["verbs"]), names),
                (vec!["get", "patch"], vec!["configmaps"])
            );
            continue;
        }
        assert_eq!(strings(&rule["verbs"]), ["get", "list"], "{rule}");
        assert!(!names.iter().any(|name| name.contains(['*', '/'])), "{rule}");
        resources.extend(names);
    }
    for rule in status["nonResourceRules"].as_array().unwrap() {
        assert_eq!(strings(&rule["verbs"]), ["get"], "{rule}");
    }
    assert_eq!(resources.is_empty(), *namespace == "driftline", "{resources:?}");
    for [verb, resource] in [
        ["create", "pods"],
        ["create", "pods/exec"],
        ["update", "secrets"],
        ["patch", "deployments.apps"],
        ["delete", "configmaps"],
        ["deletecollection", "secrets"],
        ["watch", "secrets"],
        ["create", "serviceaccounts/token"],
        ["impersonate", "users"],
        ["escalate", "clusterroles.rbac.authorization.k8s.io"],
    ] {
        let as_account = [
            "auth",
            "can-i",
            verb,
            resource,
            "--kubeconfig",
            &account.kubeconfig,
        ];
        let answer = cluster.try_kubectl(&[&as_account[..], place].concat());
        assert_eq!(
            (answer.status, answer.stdout.trim()),
            (1, "no"),
            "{verb} {resource}"
        );
    }
}

/// What scans did, by the API server's audit log: they used both verbs that are
/// granted and no others, and were refused nothing but the widgets.
fn check_requests(cluster: &Cluster) {
    let mut verbs = BTreeSet::new();
    let mut refused = BTreeSet::new();
    let mut roots = BTreeSet::new();
    for event in cluster.audit(USER) {
        if !event["userAgent"].as_str().unwrap().starts_with("driftline/") {
            continue;
        }
        verbs.insert(event["verb"].as_str().unwrap().to_owned());
        if event["objectRef"].is_null() {
            let path = event["requestURI"].as_str().unwrap();
            roots.insert(path.split('?').next().unwrap().to_owned());
        }
        if event["responseStatus"]["code"] == 403 {
            refused.insert(event["objectRef"]["resource"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(verbs, BTreeSet::from(["get", "list"].map(str::to_owned)));
    assert_eq!(refused, BTreeSet::from(["widgets".to_owned()]));
    assert_eq!(
        roots,
        BTreeSet::from(["/api", "/apis", "/openapi/v3/apis/testbed.example/v1"].map(str::to_owned))
    );
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
