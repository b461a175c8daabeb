//! Servers that answer something other than what they were asked: nothing of it may read as "there is nothing".

use serde_json::{Value, json};

use super::scene::{EVIL, Hostile, Promise, Scene, owned};
use crate::faults::server::Fault;
use crate::faults::world::Revision;

/// Release records, wherever they are listed.
const RECORDS: &str = "labelSelector=owner%3Dhelm";

pub(super) fn scenes() -> Vec<Scene> {
    let row = |name, about, make| Scene {
        flags: &[],
        name,
        about,
        promise: Promise::NeverClean,
        make,
    };
    vec![
        row("records-empty", "`{}` in place of the list of records", || {
            records(0, Fault::Body("{}".to_owned()))
        }),
        row(
            "records-error",
            "an error with status 200 in place of the list of records",
            || records(0, Fault::Body(json!({"error": "no"}).to_string())),
        ),
        row(
            "records-status",
            "a Status with status 200 in place of the list of records",
            || {
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 503});
                records(0, Fault::Body(status.to_string()))
            },
        ),
        row("records-html", "HTML in place of the list of records", || {
            records(0, Fault::Answer(200, "text/html", "<html>sign in</html>"))
        }),
        row(
            "records-another-list",
            "a list of another kind in place of the list of records",
            || {
                let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []});
                records(0, Fault::Body(list.to_string()))
            },
        ),
        row("records-without-items", "a list of records without items", || {
            let list =
                json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}});
            records(0, Fault::Body(list.to_string()))
        }),
        row(
            "records-same-token",
            "a list of records that ends nowhere",
            || {
                let list = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": [],
                              "metadata": {"resourceVersion": "1", "continue": "again"}});
                records(0, Fault::Body(list.to_string()))
            },
        ),
        row(
            "records-endless",
            "a list of records with ever new tokens",
            || records(0, Fault::Endless),
        ),
        row("records-huge", "a list of records of 250 MiB", || {
            let items: Value = json!({"metadata": {"name": "x".repeat(100), "namespace": "evil"}});
            let items = vec![items.to_string(); (250 << 20) / 160].join(",");
            records(
                0,
                Fault::Body(format!(
                    r#"{{"kind":"SecretList","apiVersion":"v1","metadata":{{"resourceVersion":"1"}},"items":[{items}]}}"#
                )),
            )
        }),
        row("kinds-empty", "`{}` in place of every kind", || {
            faulty("/api*", "", Fault::Body("{}".to_owned()))
        }),
        row("kinds-huge", "100 MB of groups in place of the kinds", || {
            let group = json!({"metadata": {"name": "g.example.com"}, "versions": [{"version": "v1", "freshness": "Current", "resources": []}]}).to_string();
            let groups = vec![group; 900_000].join(",");
            faulty(
                "/apis",
                "",
                Fault::Body(format!(
                    r#"{{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{{}},"items":[{groups}]}}"#
                )),
            )
        }),
        row("schemas-huge", "100 MB of schemas", || {
            let schema = r#""S":{"type":"object","properties":{"a":{"type":"string"}}}"#;
            let schemas = vec![schema; 1_700_000].join(",");
            faulty(
                "/openapi/*",
                "",
                Fault::Body(format!(
                    r#"{{"openapi":"3.0.0","components":{{"schemas":{{{schemas}}}}}}}"#
                )),
            )
        }),
        row("object-empty", "`{}` in place of every object", || {
            faulty("/api/v1/namespaces/*", "", Fault::Body("{}".to_owned()))
        }),
        row("object-huge", "200 MB in place of every object", || {
            faulty(
                "/api/v1/namespaces/*",
                "",
                Fault::Body(format!(
                    r#"{{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"name":"settings"}},"data":{{"a":"{}"}}}}"#,
                    "x".repeat(200_000_000)
                )),
            )
        }),
        row(
            "autoscalers-empty",
            "`{}` in place of the autoscalers of a Deployment whose replicas differ",
            || {
                let replicas = |count: usize| {
                    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"},
                           "spec": {"replicas": count}})
                };
                let record = Revision::new(EVIL, "e0", &[replicas(2)]).stored();
                Hostile {
                    stored: vec![record, owned("e0", &replicas(5))],
                    ..faulty("/apis/autoscaling/v2/*", "", Fault::Body("{}".to_owned()))
                }
            },
        ),
    ]
}

fn faulty(path: &'static str, query: &'static str, fault: Fault) -> Hostile {
    Hostile {
        stored: Vec::new(),
        faults: vec![(path, query, 0, fault)],
    }
}

fn records(skip: usize, fault: Fault) -> Hostile {
    Hostile {
        stored: Vec::new(),
        faults: vec![("/api/v1/secrets", RECORDS, skip, fault)],
    }
}
