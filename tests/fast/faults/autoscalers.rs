//! Autoscalers that cannot be listed, or not at once: which replica counts are theirs.

use serde_json::{Value, json};

use super::server::{Fault, Server, Stored};
use super::world::{live, release, scan_json};

const AUTOSCALERS: &str = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers";

/// A Deployment as a chart writes it.
fn deployment() -> Value {
    let labels = json!({"app": "web"});
    let container = json!({"name": "web", "image": "web:1"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
           "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}})
}

fn autoscaler(name: &str, target: &str) -> Stored {
    let autoscaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {"minReplicas": 1, "maxReplicas": 9,
                 "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}}});
    live("shop", "web", &autoscaler)
}

/// A Deployment whose replica count somebody raised in the way an autoscaler does, and autoscalers of these.
fn scaled(targets: &[&str]) -> Vec<Stored> {
    let mut objects = release("shop", "web", &[deployment()]);
    let deployment = &mut objects[1].body;
    deployment["spec"]["replicas"] = json!(5);
    deployment["metadata"]["managedFields"] = json!([
        {"manager": "helm", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-03-01T12:00:00Z",
         "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:template": {}}}},
        {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1",
         "subresource": "scale", "time": "2026-03-01T13:00:00Z", "fieldsType": "FieldsV1",
         "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
    let named = targets.iter().enumerate();
    objects.extend(named.map(|(index, target)| autoscaler(&format!("a{index}"), target)));
    objects
}

/// The finding code of the replica count.
fn replicas(server: &Server) -> String {
    let run = scan_json(server, &["--all"]);
    let findings = &run.json()["releases"][0]["objects"][0]["findings"];
    assert_eq!(
        findings[0]["path"], "/spec/replicas",
        "{}{}",
        run.stdout, run.stderr
    );
    findings[0]["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_replica_count_is_an_autoscalers_where_one_targets_the_object() {
    let server = Server::start(scaled(&["api", "worker", "web"])).pages_of(1);
    assert_eq!(replicas(&server), "autoscaled");
    let server = Server::start(scaled(&["api", "worker", "cron"])).pages_of(1);
    assert_eq!(replicas(&server), "changed");
}

/// Without the second attempt, every replica count would be judged as if nothing were known of autoscalers.
#[test]
fn an_expired_list_of_autoscalers_begins_again() {
    let expired = |objects, times| {
        Server::start(objects)
            .pages_of(1)
            .on(AUTOSCALERS, "continue=2", 0, times, Fault::Status(410))
    };
    let server = expired(scaled(&["api", "worker", "cron"]), 1);
    assert_eq!(
        replicas(&server),
        "changed",
        "no autoscaler has anything to do with it"
    );
    assert_eq!(
        server.count(AUTOSCALERS),
        6,
        "three pages, of which the last is refused, and three"
    );
    // Only once.
    let server = expired(scaled(&["api", "worker", "cron"]), usize::MAX);
    assert_eq!(replicas(&server), "autoscaled", "nothing is known of autoscalers");
    assert_eq!(server.count(AUTOSCALERS), 6);
}

#[test]
fn a_list_without_an_end_is_given_up() {
    let page = |token: &str| {
        let page = json!({"kind": "HorizontalPodAutoscalerList", "apiVersion": "autoscaling/v2",
                          "metadata": {"resourceVersion": "1", "continue": token}, "items": []});
        Fault::Body(page.to_string())
    };
    let server = Server::start(scaled(&[])).always(AUTOSCALERS, page("0"));
    assert_eq!(replicas(&server), "autoscaled", "nothing is known of autoscalers");
    assert_eq!(server.count(AUTOSCALERS), 2, "the same token twice leads nowhere");
    // Tokens that lead in a circle.
    let server = Server::start(scaled(&[]))
        .on(AUTOSCALERS, "continue=0", 0, usize::MAX, page("1"))
        .always(AUTOSCALERS, page("0"));
    assert_eq!(replicas(&server), "autoscaled", "nothing is known of autoscalers");
    assert_eq!(server.count(AUTOSCALERS), 3);
}
