//! Releases with charts in their records, and settings that somebody changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::scene::{EVIL, Hostile, owned};
use crate::faults::server::Stored;
use crate::faults::world::{Revision, gzip};

/// Values with a setting, and a null that not every version of Helm keeps: an evaluation that does not give what was deployed is
/// tried as that of the other ones, too.
fn settings() -> Value {
    json!({"key": "a", "other": {"null": null}})
}

/// A template that does this, and renders the setting of the release with this number.
pub(super) fn with_setting(template: &str, number: usize) -> String {
    format!(
        "{template}\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\ndata: {{key: {{{{ .Values.key }}}}}}\n"
    )
}

/// One release with this template.
pub(super) fn templated(template: &str) -> Hostile {
    let files = [("templates/a.yaml".to_owned(), with_setting(template, 0))];
    Hostile::stored(release(0, &files, &settings(), &Value::Null))
}

/// 12 releases with this template: more than are evaluated at once.
pub(super) fn everywhere(template: &str) -> Hostile {
    Hostile::stored((0..12).flat_map(|number| {
        let files = [("templates/a.yaml".to_owned(), with_setting(template, number))];
        release(number, &files, &settings(), &Value::Null)
    }))
}

/// One release with these values, and a setting.
pub(super) fn valued(values: &Value) -> Hostile {
    let mut values = values.clone();
    values["key"] = json!("a");
    let files = [("templates/a.yaml".to_owned(), with_setting("", 0))];
    Hostile::stored(release(0, &files, &values, &Value::Null))
}

/// The record of a release, and its `ConfigMap` with a setting that somebody changed. The first of the files is that of the `ConfigMap`.
pub(super) fn release(
    number: usize,
    files: &[(String, String)],
    values: &Value,
    schema: &Value,
) -> [Stored; 2] {
    let template = files.last().map(|(name, _)| name.as_str()).unwrap_or_default();
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{number}")},
                            "data": {"key": "a"}});
    let record = record(number, files, values, schema, template, &object);
    object["data"]["key"] = json!("b");
    [stored(number, &record), owned(&format!("e{number}"), &object)]
}

/// What the record of a release holds.
fn record(
    number: usize,
    files: &[(String, String)],
    values: &Value,
    schema: &Value,
    template: &str,
    object: &Value,
) -> Value {
    let files: Vec<Value> = files
        .iter()
        .map(|(name, text)| json!({"name": name, "data": STANDARD.encode(text)}))
        .collect();
    let schema = match schema {
        Value::Null => Value::Null,
        schema => STANDARD.encode(schema.to_string()).into(),
    };
    json!({"name": format!("e{number}"), "namespace": EVIL, "version": 1, "info": {"status": "deployed"},
           "config": {}, "manifest": format!("---\n# Source: app/{template}\n{object}\n"),
           "chart": {"metadata": {"name": "app", "version": "1.0.0"}, "templates": files, "files": [],
                     "values": values, "schema": schema}})
}

pub(super) fn stored(number: usize, record: &Value) -> Stored {
    let payload = STANDARD.encode(gzip(record.to_string().as_bytes()));
    Revision::new(EVIL, &format!("e{number}"), &[]).holding(&payload)
}

/// The names of so many fields.
fn names() -> impl Iterator<Item = String> {
    (0..1_000).map(|at| format!("key{at:04}"))
}

/// The record of a release and its `ConfigMap`, of which every entry was changed.
pub(super) fn changed_parts(template: &str, values: &Value) -> (Value, Stored) {
    let data = |text: &str| -> Map<String, Value> { names().map(|name| (name, text.into())).collect() };
    let mut values = values.clone();
    values["data"] = data("a").into();
    let text = format!(
        "{template}\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c0}}\ndata:\n  {{{{- toYaml .Values.data | nindent 2 }}}}\n"
    );
    let files = [("templates/a.yaml".to_owned(), text)];
    let mut object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c0"}, "data": data("a")});
    let record = record(0, &files, &values, &Value::Null, "templates/a.yaml", &object);
    object["data"] = data("b").into();
    (record, owned("e0", &object))
}

pub(super) fn changed_fields(template: &str, values: &Value) -> Hostile {
    let (record, object) = changed_parts(template, values);
    Hostile::stored([stored(0, &record), object])
}

/// A release to whose `ConfigMap` somebody added many entries.
pub(super) fn added_fields(values: &Value) -> Hostile {
    let files = [(
        "templates/a.yaml".to_owned(),
        with_setting("{{ $x := toJson .Values }}", 0),
    )];
    let [record, mut object] = release(0, &files, values, &Value::Null);
    let fields: Map<String, Value> = names().map(|name| (format!("f:{name}"), json!({}))).collect();
    object.body["data"] = names()
        .map(|name| (name, "b".into()))
        .collect::<Map<_, _>>()
        .into();
    object.body["data"]["key"] = json!("a");
    object.body["metadata"]["managedFields"] = json!([
        {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "v1", "time": "2026-03-01T13:00:00Z",
         "fieldsType": "FieldsV1", "fieldsV1": {"f:data": fields}}]);
    Hostile::stored([record, object])
}

/// A release with a setting of this name, which somebody changed to this value.
pub(super) fn renamed(key: &str, value: &str) -> Hostile {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c0}\ndata: {key: {{ index .Values.settings KEY | quote }}}\n";
    let text = template.replace("KEY", &json!(key).to_string());
    let files = [("templates/a.yaml".to_owned(), text)];
    let [record, mut object] = release(0, &files, &json!({"settings": {key: "a"}}), &Value::Null);
    object.body["data"]["key"] = value.into();
    Hostile::stored([record, object])
}
