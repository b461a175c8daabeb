//! What is around the objects of an operation, where parts of it cannot be read.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use driftline::app::process;
use driftline::cluster::Cluster;
use driftline::cluster::client::{Access, Options};
use driftline::object::{Gvk, ObjectKey};
use driftline::policy::redact::Redaction;
use driftline::release::stored::Driver;
use driftline::source::surroundings::{Answer, SentVerb, Surroundings, SurroundingsQuestion};
use driftline::source::{Kinds, ReadError, ServedKind, Source as _};
use serde_json::{Value, json};

use super::server::{Fault, SECRET, Server};
use super::world::{Home, scan_json, shop};

const SERVICES: &str = "/api/v1/services";
const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/// A record and a Service with a node port, in namespace `shop`.
fn question() -> SurroundingsQuestion {
    let mut question = SurroundingsQuestion::default();
    question.add_record("shop", Driver::Secret);
    let key = ObjectKey {
        gvk: Gvk::new("v1", "Service"),
        namespace: Some("shop".to_owned()),
        name: "web".to_owned(),
    };
    let service = json!({"spec": {"ports": [{"nodePort": 30080}]}});
    question.add(SentVerb::Create, &key, Some(&service), &Kinds::default());
    question
}

fn kinds() -> Kinds {
    let mut kinds = Kinds::default();
    for (kind, plural) in [
        (
            "ValidatingWebhookConfiguration",
            "validatingwebhookconfigurations",
        ),
        ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    ] {
        let served = ServedKind {
            plural: plural.to_owned(),
            namespaced: false,
            listable: true,
        };
        let gvk = Gvk::new("admissionregistration.k8s.io/v1", kind);
        kinds.served.insert(gvk, served);
    }
    kinds
}

/// What the program reads of a server.
fn read(server: &Server) -> Surroundings {
    process::install_crypto_provider();
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = Options {
            access: Access::Kubeconfig {
                path: Some(PathBuf::from(kubeconfig)),
                context: None,
            },
            name: None,
            drivers: BTreeSet::new(),
            selector: None,
            redaction: Redaction::default(),
            request_timeout: Duration::from_secs(5),
            concurrency: 8,
        };
        let cluster = Cluster::connect(options).await.unwrap();
        cluster.surroundings(&question(), &kinds()).await
    })
}

fn list(api_version: &str, kind: &str, items: &Value) -> Fault {
    let metadata = json!({"resourceVersion": "1"});
    let list = json!({"apiVersion": api_version, "kind": format!("{kind}List"), "metadata": metadata, "items": items});
    Fault::Body(list.to_string())
}

fn service(namespace: &str, name: &str, port: u16) -> Value {
    json!({"metadata": {"namespace": namespace, "name": name}, "spec": {"ports": [{"nodePort": port}]}})
}

/// A server on which everything else can be read, and is empty.
fn server() -> Server {
    let admission = "admissionregistration.k8s.io/v1";
    Server::start([])
        .always(
            "/api/v1/namespaces/shop/resourcequotas",
            list("v1", "ResourceQuota", &json!([])),
        )
        .always(
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
            list(admission, "MutatingWebhookConfiguration", &json!([])),
        )
}

fn webhooks(items: &Value) -> Fault {
    list(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        items,
    )
}

#[test]
fn only_services_with_a_port_that_is_asked_for_are_kept_and_foreign_ones_have_no_name() {
    let services = json!([
        service("bank", "vault", 30080),
        service("shop", "api", 30080),
        service("shop", "plain", 31000)
    ]);
    let server = server()
        .always(SERVICES, list("v1", "Service", &services))
        .always(WEBHOOKS, webhooks(&json!([])));
    let found = read(&server);
    let holders = found.holders.read().unwrap();
    let names = holders
        .iter()
        .map(|holder| holder.service.as_ref().map(|service| service.name.as_str()));
    assert_eq!(names.collect::<Vec<_>>(), [None, Some("api")]);
    assert_eq!(
        found.namespaces["shop"],
        Answer::Read(None),
        "only the API server's 404 means that it is gone"
    );
    assert!(found.unread_services.is_none() && found.policies.read().is_some());
}

#[test]
fn without_the_right_to_all_services_those_of_the_own_namespaces_are_read() {
    let own = json!([service("shop", "old", 30080)]);
    let server = server()
        .always(SERVICES, Fault::Status(403))
        .always("/api/v1/namespaces/shop/services", list("v1", "Service", &own))
        .always(WEBHOOKS, webhooks(&json!([])));
    let found = read(&server);
    assert_eq!(found.holders.read().map(Vec::len), Some(1));
    assert!(
        matches!(found.unread_services, Some(ReadError::Forbidden { .. })),
        "{found:?}"
    );
}

#[test]
fn a_part_that_cannot_be_read_is_never_taken_for_empty() {
    let foreign_rules = json!([{"metadata": {"name": "c"}, "webhooks": [{"name": "w", "clientConfig": {}, "rules": [
        {"operations": ["*"], "apiGroups": [""], "apiVersions": ["*"], "resources": ["*"], "scope": "Galaxy"}]}]}]);
    for fault in [
        Fault::Status(403),
        Fault::Status(404),
        Fault::Body("<html>Please sign in</html>".to_owned()),
        Fault::Body("{}".to_owned()),
        list("v1", "ConfigMap", &json!([])),
        Fault::Endless,
        webhooks(&foreign_rules),
    ] {
        let shown = format!("{fault:?}");
        let services = list("v1", "Service", &json!([]));
        let found = read(&server().always(WEBHOOKS, fault).always(SERVICES, services));
        let error = found.webhooks.error().map(ToString::to_string);
        assert!(
            error.as_ref().is_some_and(|error| !error.contains(SECRET)),
            "{shown}: {error:?}"
        );
        assert!(
            found.holders.read().is_some() && found.quotas["shop"].read().is_some(),
            "{shown}"
        );
    }
}

/// A scan compares objects; what may stand in the way of an operation is a preview's question.
#[test]
fn a_scan_reads_nothing_of_what_is_around_the_objects() {
    let server = Server::start(shop());
    let run = scan_json(&server, &["--all"]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    for received in server.received() {
        let path = received.path();
        let parts = [
            "services",
            "resourcequotas",
            "endpointslices",
            "admissionregistration",
            "customresourcedefinitions",
        ];
        assert!(!parts.iter().any(|part| path.contains(part)), "{path}");
    }
}
