//! What a rollback does to one object: which changes it makes, whose it takes back, what it leaves, and where it fails.

use serde_json::{Value, json};

use super::{Detail, InManifests, LiveOwner, ObjectPreview, To, Transition, WayOut, preview as preview_of};
use crate::apply::{Method, OnConflict};
use crate::classify::blocked::Block;
use crate::classify::fixtures::{key, owned};
use crate::classify::live::LiveObject;
use crate::classify::subject::Visibility;
use crate::compare::work::Work;
use crate::manifest::desired::Owner;
use crate::object::ObjectKey;
use crate::policy::Policy;
use crate::source::Lookup;
use crate::types::TypeTable;
use crate::vocabulary::{PreviewAction, PreviewEffect, PreviewedOperation};

const CSA: Method = Method::ClientSide;
const SSA: Method = Method::ToServerSide(OnConflict::Fail);

fn preview(
    key: &ObjectKey,
    method: Method,
    from: Option<&Value>,
    to: Option<&Value>,
    live: Option<&Value>,
) -> ObjectPreview {
    let text = |value: Option<&Value>| value.map(Value::to_string);
    let (from, to, live) = (text(from), text(to), text(live));
    let transition = Transition {
        operation: PreviewedOperation::Rollback,
        method,
        key,
        owner: Owner {
            name: "web",
            namespace: "shop",
        },
        from: from.as_deref(),
        to: to.as_deref().map(To::Document),
        shape: TypeTable::builtin().kind(&key.gvk.api_version, &key.gvk.kind),
        definition: None,
        values: Visibility::Shown,
        detail: Detail::Fields,
    };
    let lookup = live.as_deref().map_or(Lookup::NotFound, Lookup::Found);
    let work = Work::of_steps(u64::MAX);
    preview_of(
        &transition,
        &LiveObject::parse(&lookup),
        &Policy::default(),
        &work,
    )
}

fn manifest(kind: &str, extra: &Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}});
    json_patch::merge(&mut object, extra);
    object
}

/// Path, effect, value after.
fn fields(preview: &ObjectPreview) -> Vec<(&str, PreviewEffect, Value)> {
    let fields = preview.fields.iter().map(|field| {
        let after = field.after.clone().unwrap_or_default();
        (field.path.as_str(), field.effect, after)
    });
    fields.collect()
}

fn written_by(manager: &str, operation: &str, fields: &Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1",
        "time": "2026-11-20T03:00:00Z", "fieldsV1": fields})
}

/// Each key of a `ConfigMap` is one row: in the newest manifest, in the target, live, by whom → effect, value after.
#[test]
fn what_the_manifests_change_is_told_from_what_is_taken_back() {
    let key = key("v1", "ConfigMap", "shop");
    let from = manifest(
        "ConfigMap",
        &json!({"data": {"planned": "2", "edited": "1", "removed": "1", "dropped": "1", "same": "1"}}),
    );
    let to = manifest(
        "ConfigMap",
        &json!({"data": {"planned": "1", "edited": "1", "removed": "1", "back": "1", "same": "1"}}),
    );
    // An item of a list does not say its type.
    let mut live = owned(
        &json!({"metadata": {"name": "web", "namespace": "shop"}, "data": {
        "planned": "2", "edited": "9", "dropped": "1", "same": "1", "beside": "9"}}),
    );
    live["metadata"]["managedFields"] = json!([written_by(
        "kubectl-edit",
        "Update",
        &json!({"f:data": {"f:edited": {}, "f:beside": {}}})
    )]);
    let preview = preview(&key, CSA, Some(&from), Some(&to), Some(&live));
    assert_eq!(
        (preview.action, preview.manifests),
        (PreviewAction::Change, InManifests::Both)
    );
    let mut found = fields(&preview);
    found.sort_by_key(|(path, _, _)| *path);
    assert_eq!(
        found,
        [
            ("/data/back", PreviewEffect::Change, json!("1")),
            ("/data/dropped", PreviewEffect::Change, Value::Null),
            ("/data/edited", PreviewEffect::TakeBack, json!("1")),
            ("/data/planned", PreviewEffect::Change, json!("1")),
            ("/data/removed", PreviewEffect::TakeBack, json!("1")),
        ]
    );
    let edited = preview
        .fields
        .iter()
        .find(|field| field.path == "/data/edited")
        .unwrap();
    assert_eq!(edited.actor.as_ref().unwrap().manager, "kubectl-edit");
}

/// A two-way patch is blind to what lives: what both manifests agree on stays as somebody made it.
#[test]
fn a_custom_resource_keeps_an_edit_that_both_manifests_agree_about() {
    let key = key("example.com/v1", "Widget", "shop");
    let widget = json!({"spec": {"size": 1}});
    let live = owned(&json!({"apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {"size": 9}}));
    let kept = preview(&key, CSA, Some(&widget), Some(&widget), Some(&live));
    assert_eq!(kept.action, PreviewAction::None);
    assert_eq!(fields(&kept), [("/spec/size", PreviewEffect::Differ, json!(9))]);
    assert_eq!(kept.fields[0].applied, Some(json!(1)));
    let met = preview(&key, CSA, None, Some(&widget), Some(&live));
    assert!(
        matches!(&met.block, Some(Block::Refused { rule, .. }) if rule.contains("resource version")),
        "{met:#?}"
    );
}

#[test]
fn what_others_own_stops_a_server_side_rollback_and_a_flag_gets_past_it() {
    let key = key("v1", "ConfigMap", "shop");
    let manifest = manifest("ConfigMap", &json!({"data": {"color": "red"}}));
    let mut live = owned(&json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "web", "namespace": "shop"}, "data": {"color": "blue"}}));
    live["metadata"]["managedFields"] = json!([
        written_by(
            "helm",
            "Apply",
            &json!({"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}})
        ),
        written_by("kubectl-edit", "Update", &json!({"f:data": {"f:color": {}}}))
    ]);
    let preview = preview(&key, SSA, Some(&manifest), Some(&manifest), Some(&live));
    assert_eq!(preview.action, PreviewAction::Fail);
    let [field] = &preview.fields[..] else {
        panic!("{preview:#?}")
    };
    assert_eq!(
        (field.path.as_str(), field.effect, &field.live, &field.applied),
        (
            "/data/color",
            PreviewEffect::Fail,
            &Some(json!("blue")),
            &Some(json!("red"))
        )
    );
    assert_eq!(field.actor.as_ref().unwrap().manager, "kubectl-edit");
    assert_eq!(preview.ways_out, [WayOut::Force, WayOut::ClientSide]);
}

/// Server-side apply looks for conflicts first, and at what cannot change only where they are forced.
#[test]
fn a_conflict_hides_no_field_that_cannot_change() {
    let key = key("v1", "ConfigMap", "shop");
    for (is_immutable, ways_out) in [(false, &[WayOut::Force, WayOut::ClientSide][..]), (true, &[])] {
        let manifest = manifest("ConfigMap", &json!({"data": {"color": "red"}}));
        let mut live = owned(&json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "web", "namespace": "shop"}, "data": {"color": "blue"}, "immutable": is_immutable}));
        live["metadata"]["managedFields"] = json!([
            written_by(
                "helm",
                "Apply",
                &json!({"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}})
            ),
            written_by(
                "kubectl-edit",
                "Update",
                &json!({"f:data": {"f:color": {}}, "f:immutable": {}})
            )
        ]);
        let preview = preview(&key, SSA, Some(&manifest), Some(&manifest), Some(&live));
        assert!(matches!(preview.block, Some(Block::Conflict(_))), "{preview:#?}");
        let is_refused = matches!(preview.block_if_forced, Some(Block::Refused { .. }));
        assert_eq!(is_refused, is_immutable, "{preview:#?}");
        assert_eq!(preview.ways_out, ways_out);
    }
}

/// Helm deletes what the target lacks, whosever it is, unless the live object itself says otherwise.
#[test]
fn only_the_live_object_can_ask_to_be_kept() {
    let key = key("v1", "ConfigMap", "shop");
    let kept = json!({"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}});
    let manifest = manifest("ConfigMap", &kept);
    // Of a live object Helm compares the policy to the letter.
    let misspelt = json!({"metadata": {"annotations": {"helm.sh/resource-policy": " Keep"}}});
    let mut foreign = owned(&json!({}));
    foreign["metadata"]["annotations"]["meta.helm.sh/release-name"] = json!("api");
    for (live, action, owner) in [
        (owned(&json!({})), PreviewAction::Delete, LiveOwner::Ours),
        (owned(&kept), PreviewAction::Keep, LiveOwner::Ours),
        (owned(&misspelt), PreviewAction::Delete, LiveOwner::Ours),
        (
            foreign,
            PreviewAction::Delete,
            LiveOwner::Another("shop/api".to_owned()),
        ),
    ] {
        let preview = preview(&key, CSA, Some(&manifest), None, Some(&live));
        assert_eq!(
            (preview.action, preview.live.map(|live| live.owner)),
            (action, Some(owner))
        );
    }
    let absent = preview(&key, CSA, Some(&manifest), None, None);
    assert_eq!(absent.action, PreviewAction::None);
}

/// Whoever forges a record must not learn from the preview what another object holds.
#[test]
fn nothing_is_told_of_an_object_elsewhere_that_is_not_the_releases() {
    let elsewhere = key("v1", "ConfigMap", "kube-system");
    let guess = manifest("ConfigMap", &json!({"data": {"color": "blue"}}));
    let live = json!({"metadata": {"name": "web"}, "data": {"color": "blue"}});
    for method in [CSA, SSA] {
        for (from, to) in [
            (None, Some(&guess)),
            (Some(&guess), Some(&guess)),
            (Some(&guess), None),
        ] {
            let there = preview(&elsewhere, method, from, to, Some(&live));
            assert_eq!(there.action, PreviewAction::Unknown);
            assert!(there.fields.is_empty() && there.live.is_none(), "{there:#?}");
            assert_eq!(
                there,
                preview(&elsewhere, method, from, to, None),
                "nor whether it exists"
            );
        }
    }
    let secret = key("v1", "Secret", "shop");
    let preview = preview(&secret, CSA, None, Some(&guess), Some(&live));
    assert_eq!(preview.action, PreviewAction::Unknown);
    assert!(preview.fields.is_empty(), "{preview:#?}");
}

#[test]
fn values_of_secrets_are_not_shown() {
    let key = key("v1", "Secret", "shop");
    let secret = |value: &str| manifest("Secret", &json!({"stringData": {"token": value}}));
    let live = owned(&json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "web", "namespace": "shop"}, "data": {"token": "bGl2ZQ=="}, "type": "Opaque"}));
    let preview = preview(&key, CSA, Some(&secret("old")), Some(&secret("new")), Some(&live));
    let text = format!("{preview:?}");
    for hidden in ["bGl2ZQ", "bmV3", "b2xk", "\"new\"", "\"old\""] {
        assert!(!text.contains(hidden), "{text}");
    }
    assert!(preview.fields.iter().all(|field| field.redacted), "{text}");
}
