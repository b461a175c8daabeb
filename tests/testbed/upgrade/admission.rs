//! Webhooks that look at creations only: what they changed does not come again.
//!
//! A scan cannot see what admission will do to the next write, so that it may leave the fate open; what it says has to
//! come true.

use serde_json::{Value, json};

use super::METHODS;
use crate::harness::{Cluster, Problems, Rehearsal, Release, Webhook};

const WEB: &str = "Deployment/shop-web";
const IMAGE: &str = "/spec/template/spec/containers[name=web]/image";
const TOLERATIONS: &str = "/spec/template/spec/tolerations";

/// Pulls from a mirror, and adds a toleration.
fn mirrored(object: &Value) -> Vec<Value> {
    let containers = object["spec"]["template"]["spec"]["containers"].as_array();
    let mut patch: Vec<Value> = containers
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(index, container)| {
            let path = container["image"]
                .as_str()?
                .strip_prefix("registry.example.com/")?;
            let pointer = format!("/spec/template/spec/containers/{index}/image");
            Some(json!({"op": "replace", "path": pointer, "value": format!("mirror.example.com/{path}")}))
        })
        .collect();
    let toleration = json!([{"key": "spot", "operator": "Exists"}]);
    patch.push(json!({"op": "add", "path": "/spec/template/spec/tolerations", "value": toleration}));
    patch
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_a_webhook_changed_at_creation_does_not_come_again() {
    let mut problems = Problems::default();
    for (method, fates) in METHODS.iter().zip(FATES) {
        let cluster = Cluster::shared();
        let namespace = cluster.namespace("creation");
        let _webhook = Webhook::of_creations(cluster, &namespace, mirrored);
        let release = Release::install_into(cluster, method.helm, (&namespace, "shop"), "shop", method.flags);
        let scan = release.scan_with(&["--all"], &[]);
        let mut rehearsal = Rehearsal::of(&release, &scan).expect("it was installed");
        let web = rehearsal.upgrade(WEB);
        let mut found = web.disproved();
        for (path, fate) in [IMAGE, TOLERATIONS].into_iter().zip(fates) {
            let happened = web.fate(path);
            if happened != fate {
                found.push(format!("{path}: known {fate}, happened {happened}"));
            }
        }
        let finding = scan.finding(WEB, IMAGE).expect("the image is another");
        if finding["code"] != "mutated-at-admission" {
            found.push(format!("called {}", finding["code"]));
        }
        if finding["nextUpgrade"].is_null() && !finding["nextUpgradeReason"].is_string() {
            found.push("nothing is predicted, and no reason given".to_owned());
        }
        problems.note(&release, &format!("{:?}", method.applies), &found);
    }
}

/// The image and the tolerations, by method.
const FATES: [[&str; 2]; 3] = [["revert", "keep"], ["revert", "keep"], ["revert", "keep"]];
