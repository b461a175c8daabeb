//! What Helm sends about one object, and what of the API server's words about it may be used.

use serde_json::{Value, json};

use super::{Detail, HelmRequest, Owners, SentRequest, To, Transition, preview as preview_of};
use crate::apply::{Method, OnConflict};
use crate::classify::fixtures::{key, owned};
use crate::classify::live::LiveObject;
use crate::classify::subject::Visibility;
use crate::compare::work::Work;
use crate::manifest::desired::Owner;
use crate::object::ObjectKey;
use crate::policy::Policy;
use crate::source::{ApplyOptions, DryRunWrite, Lookup, OwnedFields, UnknownFields};
use crate::types::TypeTable;
use crate::vocabulary::PreviewedOperation;

const CSA: Method = Method::ClientSide;
const SSA: Method = Method::ToServerSide(OnConflict::Fail);

/// A write of one object.
struct Write<'a> {
    key: &'a ObjectKey,
    method: Method,
    values: Visibility,
    from: Option<&'a Value>,
    to: &'a Value,
    live: Option<&'a Value>,
}

impl Write<'_> {
    fn request(&self) -> HelmRequest {
        let text = |value: Option<&Value>| value.map(Value::to_string);
        let (from, to, live) = (text(self.from), self.to.to_string(), text(self.live));
        let transition = Transition {
            operation: PreviewedOperation::Rollback,
            method: self.method,
            key: self.key,
            owner: Owner {
                name: "web",
                namespace: "shop",
            },
            from: from.as_deref(),
            to: Some(To::Document(&to)),
            shape: TypeTable::builtin().kind(&self.key.gvk.api_version, &self.key.gvk.kind),
            definition: None,
            values: self.values,
            detail: Detail::Requests,
        };
        let lookup = live.as_deref().map_or(Lookup::NotFound, Lookup::Found);
        let work = Work::of_steps(u64::MAX);
        let live = LiveObject::parse(&lookup);
        preview_of(&transition, &live, &Policy::default(), &work)
            .request
            .unwrap()
    }

    #[track_caller]
    fn sent(&self) -> SentRequest {
        match self.request() {
            HelmRequest::Sent(sent) => sent,
            other => panic!("{other:?}"),
        }
    }
}

fn body(sent: &SentRequest) -> Value {
    serde_json::from_slice(&sent.dry_run.body).unwrap()
}

fn config(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": data})
}

/// The object as a release has put it there, with these managed fields.
fn live(object: &Value, managed: &Value) -> Value {
    let mut object = owned(object);
    object["metadata"]["namespace"] = json!("shop");
    object["metadata"]["managedFields"] = managed.clone();
    object
}

fn entry(manager: &str, operation: &str) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1",
           "time": "2026-11-20T09:12:00Z", "fieldsV1": {"f:data": {"f:a": {}}}})
}

const fn apply(owned: OwnedFields) -> DryRunWrite {
    DryRunWrite::Apply(ApplyOptions {
        owned,
        unknown: UnknownFields::Refuse,
    })
}

#[test]
fn each_method_sends_what_its_helm_does() {
    let key = key("v1", "ConfigMap", "shop");
    let (from, to) = (config(&json!({"a": "1"})), config(&json!({"a": "2"})));
    let lives = live(&from, &json!([entry("helm", "Update")]));
    let applied = live(&from, &json!([entry("helm", "Apply")]));
    let write = |method, live| Write {
        key: &key,
        method,
        values: Visibility::Shown,
        from: Some(&from),
        to: &to,
        live,
    };
    let sent = write(CSA, Some(&lives)).sent();
    assert_eq!(sent.dry_run.write, DryRunWrite::StrategicMerge);
    assert_eq!(
        (body(&sent), sent.dry_run.manager.as_str()),
        (json!({"data": {"a": "2"}}), "helm")
    );

    let created = write(CSA, None).sent();
    assert_eq!(created.dry_run.write, DryRunWrite::Create);
    let whole = body(&created);
    assert_eq!(
        whole["metadata"]["annotations"]["meta.helm.sh/release-name"],
        "web"
    );
    assert_eq!(whole["metadata"]["namespace"], "shop");

    let sent = write(SSA, Some(&applied)).sent();
    assert_eq!(
        (sent.dry_run.write, sent.owners),
        (apply(OwnedFields::Refuse), Owners::Asked)
    );
    assert_eq!(body(&sent), whole);
    assert_eq!(write(SSA, None).sent().dry_run.write, apply(OwnedFields::Refuse));
    let forced = write(Method::ServerSide(OnConflict::Force), Some(&applied)).sent();
    assert_eq!(
        (forced.dry_run.write, forced.owners),
        (apply(OwnedFields::TakeOver), Owners::Asked)
    );
    // What Helm wrote client-side it makes its own first, so that its own former writes are no conflict.
    let sent = write(SSA, Some(&lives)).sent();
    assert_eq!(
        (sent.dry_run.write, sent.owners),
        (apply(OwnedFields::TakeOver), Owners::PassedOver)
    );
}

#[test]
fn where_nothing_differs_only_a_server_side_apply_sends_something() {
    let key = key("v1", "ConfigMap", "shop");
    let object = config(&json!({"a": "1"}));
    let applied = live(&object, &json!([entry("helm", "Apply")]));
    let write = |method| Write {
        key: &key,
        method,
        values: Visibility::Shown,
        from: Some(&object),
        to: &object,
        live: Some(&applied),
    };
    assert_eq!(write(CSA).request(), HelmRequest::Nothing);
    assert_eq!(write(SSA).sent().dry_run.write, apply(OwnedFields::Refuse));
}

/// A custom resource gets a patch from manifest to manifest, with numbers as Go writes them.
#[test]
fn a_custom_resource_is_patched_by_a_json_merge() {
    let key = key("example.com/v1", "Widget", "shop");
    let widget = |size: f64| {
        json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "web"},
                                    "spec": {"size": size, "ratio": 0.5}})
    };
    let (from, to) = (widget(1.0), widget(3.0));
    let lives = live(&from, &json!([entry("helm", "Update")]));
    let write = Write {
        key: &key,
        method: CSA,
        values: Visibility::Shown,
        from: Some(&from),
        to: &to,
        live: Some(&lives),
    };
    let sent = write.sent();
    assert_eq!(sent.dry_run.write, DryRunWrite::JsonMerge);
    let text = String::from_utf8(sent.dry_run.body.clone()).unwrap();
    assert!(text.ends_with(r#""spec":{"size":3}}"#), "{text}");
    // The old manifest has none of Helm's stamps.
    assert_eq!(
        body(&sent)["metadata"]["labels"],
        json!({"app.kubernetes.io/managed-by": "Helm"})
    );
}

/// Nothing is sent in driftline's name about an object that is not provably the release's.
#[test]
fn an_object_of_nobody_is_not_asked_about() {
    let key = key("v1", "ConfigMap", "shop");
    let (from, to) = (config(&json!({"a": "1"})), config(&json!({"a": "2"})));
    let mut lives = live(&from, &json!([]));
    lives["metadata"]["annotations"] = json!({});
    let write = Write {
        key: &key,
        method: CSA,
        values: Visibility::Shown,
        from: Some(&from),
        to: &to,
        live: Some(&lives),
    };
    assert!(matches!(write.request(), HelmRequest::NotAsked(_)));
}

#[test]
fn words_with_a_hidden_value_are_not_used() {
    let used = |kind: &str, values: Visibility, words: &str| {
        let key = key("v1", kind, "shop");
        let data = json!({"DB_PASSWORD": "open sesame", "note": "plain"});
        let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}, "data": data});
        let write = Write {
            key: &key,
            method: CSA,
            values,
            from: None,
            to: &object,
            live: None,
        };
        write.sent().hidden.without(words.to_owned()).is_some()
    };
    for (kind, values, words, is_used) in [
        ("ConfigMap", Visibility::Shown, "denied: plain is too short", true),
        (
            "ConfigMap",
            Visibility::Shown,
            "denied: open sesame is too short",
            false,
        ),
        ("ConfigMap", Visibility::Hidden, "denied: no", false),
        ("Secret", Visibility::Shown, "denied: no", false),
    ] {
        assert_eq!(used(kind, values, words), is_used, "{kind} {values:?} {words}");
    }
}
