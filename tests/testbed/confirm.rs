//! Dry runs on a real API server: real drift stays, what admission makes of the
//! manifest goes, and nothing in the cluster changes.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Account, Cluster, HelmVersion, Release, Scan};

const CONFIRM: [&str; 3] = ["--all", "--confirm", "server"];

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn real_drift_is_confirmed_and_what_admission_rewrites_is_not() {
    let cluster = Cluster::shared();
    for helm in HelmVersion::ALL {
        let scene = Scene::new(cluster, helm);
        let before = scene.resource_versions();

        // Without the right to patch: as without the flag, and a sentence about it.
        let (plain, refused) = (scene.scan(&["--all"]), scene.scan(&CONFIRM));
        assert_eq!(refused.status, 1, "{}", refused.stderr);
        assert_eq!(refused.report["releases"], plain.report["releases"]);
        assert!(plain.report["confirmation"].is_null());
        let message = format!(
            "forbidden: not allowed to patch widgets.testbed.example in namespace {} (RBAC)",
            scene.release.namespace
        );
        assert_eq!(
            refused.report["confirmation"],
            json!({"confirmed": 0, "unconfirmed": 0, "unanswered": [{"message": message, "objects": 1}]})
        );
        assert_eq!(
            drift(&refused),
            ["/spec/interval changed", "/spec/size changed"]
                .map(str::to_owned)
                .into(),
            "the made-up difference is there to begin with"
        );

        scene.grant("confirm", &["patch"]);
        scene.allowed("patch");
        let confirmed = scene.scan(&CONFIRM);
        assert_eq!(answer(&confirmed, "/spec/size"), ("drift", Some(true)));
        assert_eq!(answer(&confirmed, "/spec/interval"), ("info", Some(false)));
        assert_eq!(
            confirmed.report["confirmation"],
            json!({"confirmed": 1, "unconfirmed": 1, "unanswered": []}),
            "{:#}",
            confirmed.report
        );
        assert_eq!(confirmed.status, 1);

        // Nothing but the made-up difference is left.
        scene.release.kubectl(&[
            "patch",
            "widgets.testbed.example/{r}",
            "--type=merge",
            r#"-p={"spec":{"size":3}}"#,
        ]);
        let clean = scene.scan(&CONFIRM);
        assert_eq!(clean.status, 0, "{:#}", clean.report);
        assert_eq!(scene.scan(&["--all"]).status, 1);

        scene.check_requests();
        let after = scene.resource_versions();
        let widget = format!("widget.testbed.example/{}", scene.release.name);
        let changed: Vec<_> = before.difference(&after).map(|(name, _)| name.as_str()).collect();
        assert_eq!(changed, [widget], "by the test itself");
    }
}

/// What the server will not apply stays drift, with the reason on the object.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_the_server_refuses_to_apply_stays_drift() {
    let cluster = Cluster::shared();
    let shop = Release::install(cluster, HelmVersion::V3, "shop", &[]);
    // A selector cannot be changed: another object took the place of the release's.
    let text = shop.kubectl(&["get", "deployment/{r}-web", "-o", "json"]);
    let mut deployment: Value = serde_json::from_str(&text).unwrap();
    for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
        deployment["metadata"].as_object_mut().unwrap().remove(field);
    }
    deployment["spec"]["selector"]["matchLabels"]["mark"] = json!("2");
    deployment["spec"]["template"]["metadata"]["labels"]["mark"] = json!("2");
    let name = shop.fill("{r}-web");
    let selected = deployment["spec"]["selector"]["matchLabels"].as_object().unwrap();
    let key = selected.keys().find(|key| *key != "mark").unwrap().clone();
    deployment["spec"]["selector"]["matchLabels"][&key] = json!("other");
    deployment["spec"]["template"]["metadata"]["labels"][&key] = json!("other");
    shop.kubectl(&["delete", "deployment/{r}-web", "--wait"]);
    cluster.apply(&deployment);
    let scan = shop.scan_with(&CONFIRM, &[]);
    assert_eq!(scan.status, 1);
    let object = scan
        .objects()
        .find(|object| object["kind"] == "Deployment" && object["name"] == name)
        .unwrap();
    assert_eq!(object["state"], "drifted");
    let reason = object["reason"].as_str().unwrap();
    assert!(
        reason.contains("not confirmed: the API server answered 422 (Invalid)"),
        "{reason}"
    );
    for finding in object["findings"].as_array().unwrap() {
        assert!(finding["confirmed"].is_null(), "{finding:#}");
    }
}

/// A release of widgets whose interval a policy rewrites, and an account that reads it.
struct Scene<'c> {
    release: Release<'c>,
    account: Account,
    user: String,
}

impl<'c> Scene<'c> {
    fn new(cluster: &'c Cluster, helm: HelmVersion) -> Self {
        let release = Release::install(cluster, helm, "custom-resources", &[]);
        let namespace = &release.namespace;
        rewrite_intervals(cluster, namespace);
        release.kubectl(&[
            "patch",
            "widgets.testbed.example/{r}",
            "--type=merge",
            r#"-p={"spec":{"size":9}}"#,
        ]);
        // Whose fields those are cannot be told any more, as after a restore from a backup.
        release.kubectl(&[
            "patch",
            "widgets.testbed.example/{r}",
            "--type=json",
            r#"-p=[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]"#,
        ]);
        release.kubectl(&["create", "serviceaccount", "reader"]);
        let scene = Self {
            account: cluster.account(namespace, "reader"),
            user: format!("system:serviceaccount:{namespace}:reader"),
            release,
        };
        scene.grant("read", &["get", "list"]);
        scene.allowed("list");
        scene
    }

    /// Grants verbs on all that the release and its records are.
    fn grant(&self, name: &str, verbs: &[&str]) {
        let metadata = json!({"name": name, "namespace": self.release.namespace});
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
            "rules": [
                {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": verbs},
                {"apiGroups": ["testbed.example"], "resources": ["widgets"], "verbs": verbs}]});
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": self.release.namespace}]});
        self.release
            .cluster
            .apply(&json!({"apiVersion": "v1", "kind": "List", "items": [role, binding]}));
    }

    fn allowed(&self, verb: &str) {
        let user = format!("--as={}", self.user);
        let arguments = [
            "auth",
            "can-i",
            verb,
            "widgets.testbed.example",
            &user,
            "-n",
            &self.release.namespace,
        ];
        until("the account has its rights", || {
            self.release.cluster.try_kubectl(&arguments).status == 0
        });
    }

    fn scan(&self, flags: &[&str]) -> Scan {
        let flags = [&["--kubeconfig", &self.account.kubeconfig], flags].concat();
        self.release.scan_with(&flags, &[])
    }

    /// Every object of the namespace at its version.
    fn resource_versions(&self) -> BTreeSet<(String, String)> {
        let text = self
            .release
            .kubectl(&["get", "widgets.testbed.example,secrets,configmaps", "-o", "json"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| {
                let kind = text(&item["kind"]).to_lowercase();
                let kind = kind.replace("widget", "widget.testbed.example");
                let name = format!("{kind}/{}", text(&item["metadata"]["name"]));
                (name, text(&item["metadata"]["resourceVersion"]))
            })
            .collect()
    }

    /// By the API server's own log: only reads, and dry runs.
    fn check_requests(&self) {
        let mut patches = 0;
        for event in self.release.cluster.audit(&self.user) {
            match event["verb"].as_str().unwrap() {
                "get" | "list" => {}
                "patch" => {
                    patches += 1;
                    let uri = event["requestURI"].as_str().unwrap();
                    assert!(uri.contains("?dryRun=All&"), "{uri}");
                }
                verb => panic!("{verb}: {event:#}"),
            }
        }
        assert!(patches > 0);
    }
}

/// Installs a policy that writes intervals in seconds, and waits until it does.
fn rewrite_intervals(cluster: &Cluster, namespace: &str) {
    let api_version = "admissionregistration.k8s.io/v1";
    let metadata = json!({"name": namespace});
    let rules = json!([{"apiGroups": ["testbed.example"], "apiVersions": ["v1"], "resources": ["widgets"],
                        "operations": ["CREATE", "UPDATE"]}]);
    let policy = json!({"apiVersion": api_version, "kind": "MutatingAdmissionPolicy", "metadata": metadata,
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": rules},
            "matchConditions": [{"name": "has-interval", "expression": "has(object.spec) && has(object.spec.interval)"}],
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression":
                r#"[JSONPatch{op: "replace", path: "/spec/interval", value: "31536000s"}]"#}}]}});
    let binding = json!({"apiVersion": api_version, "kind": "MutatingAdmissionPolicyBinding", "metadata": metadata,
        "spec": {"policyName": namespace, "matchResources": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}}});
    cluster.apply(&json!({"apiVersion": "v1", "kind": "List", "items": [policy, binding]}));
    let arguments = [
        "annotate",
        "--overwrite",
        "--dry-run=server",
        "-o=json",
        "-n",
        namespace,
        "widgets.testbed.example",
        "--all",
        "x=y",
    ];
    until("the policy rewrites intervals", || {
        // A kind that was just defined may not be known to admission yet.
        cluster.try_kubectl(&arguments).stdout.contains("31536000s")
    });
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}, but not within 30 s");
        sleep(Duration::from_millis(100));
    }
}

/// Path and code of every finding of severity drift.
fn drift(scan: &Scan) -> BTreeSet<String> {
    let drift = scan.drift();
    drift
        .into_iter()
        .map(|finding| format!("{} {}", finding.path, finding.code))
        .collect()
}

/// Severity and answer of the finding at a path.
#[track_caller]
fn answer<'s>(scan: &'s Scan, path: &str) -> (&'s str, Option<bool>) {
    let mut findings = scan
        .objects()
        .filter_map(|object| object["findings"].as_array())
        .flatten();
    let finding = findings
        .find(|finding| finding["path"] == path)
        .unwrap_or_else(|| panic!("nothing at {path}:\n{:#}", scan.report));
    (
        finding["severity"].as_str().unwrap_or_default(),
        finding["confirmed"].as_bool(),
    )
}
