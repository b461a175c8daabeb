//! Definitions of custom resources, and what goes with what is deleted.

use super::*;

fn definition(versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|name| json!({"name": name, "served": true}))
        .collect();
    json!({"spec": {"versions": versions}})
}

#[test]
fn a_definition_cannot_lose_a_version_with_stored_objects() {
    let live = json!({"status": {"storedVersions": ["v1", "v2"]}});
    let name = "widgets.example.com";
    let update = |object, live| scene().send(UPDATE, "CustomResourceDefinition", name, object, live);
    assert_eq!(
        update(definition(&["v1"]), live.clone()).found(),
        [
            "UpdateFails rule CustomResourceDefinition widgets.example.com: it cannot lose version v2, in which objects \
             are or were stored (status.storedVersions)"
        ]
    );
    assert_eq!(update(definition(&["v1", "v2", "v3"]), live).found(), NONE);
    // Without the live object the definition that was read tells.
    let mut scene = update(definition(&["v1"]), Value::Null);
    let stored = Definition {
        stored_versions: vec!["v2".to_owned()],
        ..Definition::default()
    };
    scene
        .surroundings
        .definitions
        .insert(name.to_owned(), Answer::Read(Some(stored)));
    assert_eq!(
        scene.verdicts(),
        ["UpdateFails CustomResourceDefinition widgets.example.com"]
    );
    scene
        .surroundings
        .definitions
        .insert(name.to_owned(), Answer::Unread(ReadError::Unauthorized));
    assert_eq!(scene.verdicts(), ["Gap -"]);
}

#[test]
fn a_definition_that_is_being_deleted_takes_no_new_objects() {
    let mut scene = scene()
        .create("Widget", "shop/w")
        .send(UPDATE, "Widget", "shop/v", json!({}), json!({}));
    let definition = Definition {
        terminating_since: Some("2026-11-25T03:00:00Z".parse().unwrap()),
        ..Definition::default()
    };
    scene
        .surroundings
        .definitions
        .insert("widgets.example.com".to_owned(), Answer::Read(Some(definition)));
    assert_eq!(scene.verdicts(), ["CreateFails Widget shop/w"]);
}

/// A record can name any Namespace and any definition of the cluster.
#[test]
fn what_goes_with_an_object_of_somebody_else_is_not_counted() {
    let contents = Contents {
        claims: Counted {
            count: 2,
            or_more: false,
        },
        ..Contents::default()
    };
    let another = json!({"metadata": {"annotations": {
        "meta.helm.sh/release-name": "other", "meta.helm.sh/release-namespace": "old"}}});
    for live in [json!({}), another] {
        let mut namespace = scene().send(DELETE, "Namespace", "old", Value::Null, live.clone());
        namespace
            .surroundings
            .contents
            .insert("old".to_owned(), Answer::Read(contents));
        assert_eq!(
            namespace.found(),
            ["Loses deletes-data Namespace old: everything in it is deleted"]
        );
        let name = "widgets.example.com";
        for count in [0, 3] {
            let mut definition = scene().send(
                DELETE,
                "CustomResourceDefinition",
                name,
                Value::Null,
                live.clone(),
            );
            let counted = Counted {
                count,
                or_more: false,
            };
            definition
                .surroundings
                .custom_objects
                .insert(name.to_owned(), Answer::Read(counted));
            assert_eq!(
                definition.found(),
                [format!(
                    "Loses deletes-data CustomResourceDefinition {name}: every object of its kind is deleted"
                )]
            );
        }
    }
}

#[test]
fn what_goes_with_a_deleted_object_is_counted() {
    let delete = |kind: &str, place: &str, live: Value| scene().send(DELETE, kind, place, Value::Null, live);
    let own = || {
        json!({"metadata": {"annotations": {
        "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}}})
    };
    let mut namespace = delete("Namespace", "old", own());
    let counted = |count| Counted {
        count,
        or_more: false,
    };
    let contents = Contents {
        claims: counted(2),
        pods: counted(0),
        records: Counted {
            count: 500,
            or_more: true,
        },
    };
    namespace
        .surroundings
        .contents
        .insert("old".to_owned(), Answer::Read(contents));
    assert_eq!(
        namespace.found(),
        [
            "Loses deletes-data Namespace old: everything in it is deleted: 2 volume claims, more than 500 records of Helm \
          releases"
        ]
    );
    namespace
        .surroundings
        .contents
        .insert("old".to_owned(), Answer::Unread(ReadError::Unauthorized));
    assert_eq!(namespace.verdicts(), ["Loses Namespace old", "Gap -"]);

    let name = "widgets.example.com";
    let mut definition = delete("CustomResourceDefinition", name, own());
    for (count, message) in [(1, "1 object"), (3, "3 objects")] {
        definition
            .surroundings
            .custom_objects
            .insert(name.to_owned(), Answer::Read(counted(count)));
        let found = definition.found().join("\n");
        assert!(
            found.ends_with(&format!("every object of its kind is deleted: {message}")),
            "{found}"
        );
    }
    definition
        .surroundings
        .custom_objects
        .insert(name.to_owned(), Answer::Read(counted(0)));
    assert_eq!(definition.found(), NONE);

    assert_eq!(
        delete("PersistentVolumeClaim", "shop/p", json!({})).verdicts(),
        ["Loses PersistentVolumeClaim shop/p"]
    );
    assert_eq!(
        delete("PersistentVolume", "disk", json!({})).verdicts(),
        ["Loses PersistentVolume disk"]
    );
    let set = |when| json!({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": when}}});
    assert_eq!(
        delete("StatefulSet", "shop/db", set("Delete")).verdicts(),
        ["Loses StatefulSet shop/db"]
    );
    assert_eq!(delete("StatefulSet", "shop/db", set("Retain")).verdicts(), NONE);
    let going = json!({"metadata": {"deletionTimestamp": "2026-11-25T03:00:00Z"}});
    assert_eq!(delete("PersistentVolumeClaim", "shop/p", going).verdicts(), NONE);
}
