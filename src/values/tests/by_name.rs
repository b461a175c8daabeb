//! Fields of dependencies, whose templates nobody has.

use serde_json::{Value, json};

use super::{Answer, Reason, Release, by_name, refused, set};

const CONTAINER: &str = "spec template spec containers @db";

/// The answer about a field of the Deployment `shop-db` of the dependency `db`.
fn ask(release: &Release, path: &str, deployed: Value, live: Value) -> Answer {
    let template = "web/charts/db/templates/deployment.yaml";
    release.ask_in(template, ("Deployment", "shop-db"), path, deployed, live)
}

#[test]
fn a_key_of_the_dependency_is_named_for_its_name_and_value() {
    let image = format!("{CONTAINER} image");
    let memory = format!("{CONTAINER} resources limits memory");
    for (values, path, deployed, live, key, value) in [
        (
            json!({"replicaCount": 1}),
            "spec replicas",
            json!(1),
            json!(3),
            "db.replicaCount",
            json!(3),
        ),
        (
            json!({"image": {"repository": "r/db", "tag": "1.2"}}),
            &image,
            json!("r/db:1.2"),
            json!("r/db:1.3"),
            "db.image.tag",
            json!("1.3"),
        ),
        (
            json!({"image": {"repository": "r/db", "tag": ""}}),
            &image,
            json!("r/db:v1.2.0"),
            json!("r/db:v1.3.0"),
            "db.image.tag",
            json!("v1.3.0"),
        ),
        (
            json!({"resources": {}}),
            &memory,
            Value::Null,
            json!("1Gi"),
            "db.resources",
            json!({"limits": {"memory": "1Gi"}}),
        ),
        (
            json!({"nodeSelector": {}, "metrics": {"nodeSelector": {}}}),
            "spec template spec nodeSelector disk",
            Value::Null,
            json!("ssd"),
            "db.nodeSelector",
            json!({"disk": "ssd"}),
        ),
        (
            json!({"resources": {"limits": {"memory": "1Gi"}}}),
            &memory,
            json!("1Gi"),
            Value::Null,
            "db.resources.limits.memory",
            Value::Null,
        ),
    ] {
        let release = Release::of_dependency("db", values);
        let answer = ask(&release, path, deployed, live);
        assert_eq!(set(answer), by_name(key, value), "{path}");
    }
}

#[test]
fn names_that_do_not_tell_name_nothing() {
    let image = format!("{CONTAINER} image");
    let sidecar = "spec template spec containers @exporter resources limits memory";
    for (values, path, deployed, live) in [
        // Two as good.
        (
            json!({"one": {"replicaCount": 1}, "two": {"replicaCount": 1}}),
            "spec replicas",
            json!(1),
            json!(3),
        ),
        // Another key makes the flavor of the tag.
        (
            json!({"image": {"repository": "r/db", "tag": ""}}),
            &*image,
            json!("r/db:1.2-slim"),
            json!("r/db:1.3"),
        ),
        // A container that is not the main one.
        (json!({"resources": {}}), sidecar, Value::Null, json!("1Gi")),
        // What the chart keeps for itself.
        (
            json!({"_defaults": {"image": {"repository": "r/db", "tag": "1"}}}),
            &*image,
            json!("r/db:1"),
            json!("r/db:2"),
        ),
        // One server has one replica.
        (
            json!({"architecture": "standalone", "replicaCount": 1}),
            "spec replicas",
            json!(1),
            json!(3),
        ),
        // A probe of the user's own stands in.
        (
            json!({"livenessProbe": {"enabled": true}, "customLivenessProbe": {"exec": {}}}),
            "spec template spec containers @db livenessProbe",
            json!({"exec": {}}),
            Value::Null,
        ),
    ] {
        let release = Release::of_dependency("db", values.clone());
        let answer = ask(&release, path, deployed, live);
        assert_eq!(refused(answer), Reason::NotInRecord, "{values}");
    }
}

#[test]
fn values_of_another_dependency_are_not_meant() {
    let release = Release::of_dependency("cache", json!({"replicaCount": 1}));
    assert_eq!(
        refused(ask(&release, "spec replicas", json!(1), json!(3))),
        Reason::NotInRecord
    );
}

#[test]
fn a_second_object_of_the_chart_takes_no_key_of_the_main_one() {
    let release = Release::of_dependency("db", json!({"nodeSelector": {}, "backup": {"nodeSelector": {}}}));
    let answer = release.ask_in(
        "web/charts/db/templates/backup.yaml",
        ("Deployment", "shop-db-backup"),
        "spec template spec nodeSelector disk",
        Value::Null,
        json!("ssd"),
    );
    assert_eq!(
        set(answer),
        by_name("db.backup.nodeSelector", json!({"disk": "ssd"}))
    );
}
