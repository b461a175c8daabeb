//! Namespaces that are gone, or going.

use super::*;

fn terminating() -> Answer<Option<NamespaceFacts>> {
    Answer::Read(Some(NamespaceFacts {
        terminating_since: Some("2026-11-25T03:00:00Z".parse().unwrap()),
        labels: BTreeMap::new(),
    }))
}

#[test]
fn a_terminating_namespace_takes_no_record_and_no_new_object() {
    let mut scene =
        scene()
            .create("ConfigMap", "shop/a")
            .send(UPDATE, "ConfigMap", "shop/b", json!({}), json!({}));
    scene
        .surroundings
        .namespaces
        .insert("shop".to_owned(), terminating());
    assert_eq!(
        scene.found(),
        [
            "RecordRefused record-refused -: Helm cannot store the new revision: namespace shop is being deleted since \
             2026-11-25T03:00:00Z, and takes no new objects",
            "CreateFails namespace-gone ConfigMap shop/a: it cannot be created: namespace shop is being deleted since \
             2026-11-25T03:00:00Z, and takes no new objects",
        ]
    );
}

#[test]
fn a_namespace_that_is_gone_stops_creates_unless_the_operation_makes_it() {
    let gone = |mut scene: Scene| {
        scene
            .surroundings
            .namespaces
            .insert("edge".to_owned(), Answer::Read(None));
        scene.verdicts()
    };
    let create = |scene: Scene| scene.create("ConfigMap", "edge/a");
    assert_eq!(gone(create(scene())), ["CreateFails ConfigMap edge/a"]);
    assert_eq!(gone(create(scene().create("Namespace", "edge"))), NONE);
    // Helm's order counts: the namespace comes too late.
    assert_eq!(
        gone(create(scene()).create("Namespace", "edge")),
        ["CreateFails ConfigMap edge/a"]
    );
}

#[test]
fn a_namespace_that_could_not_be_read_is_a_gap_only_where_something_is_created() {
    let unread = |mut scene: Scene| {
        let error = ReadError::Unauthorized;
        scene
            .surroundings
            .namespaces
            .insert("edge".to_owned(), Answer::Unread(error));
        scene.verdicts()
    };
    assert_eq!(unread(scene().create("ConfigMap", "edge/a")), ["Gap -"]);
    let update = scene().send(UPDATE, "ConfigMap", "edge/a", json!({}), json!({}));
    assert_eq!(unread(update), NONE);
}
