//! Texts of release records that are made to harm. Both test binaries use them: against a fake API server and against the
//! real one.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Nine levels of nine aliases each, as the entries of a map.
pub(crate) fn alias_bomb() -> String {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..10 {
        let aliases = list(&format!("*a{}", level - 1), 9);
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    text
}

/// A text so many times, with commas between.
pub(crate) fn list(item: &str, count: usize) -> String {
    let mut text = format!("{item},").repeat(count);
    text.pop();
    text
}

/// A manifest of so many documents.
pub(crate) fn documents(count: usize, document: impl Fn(usize) -> String) -> String {
    let documents: Vec<String> = (0..count).map(|at| format!("---\n{}\n", document(at))).collect();
    documents.concat()
}

/// A manifest of one document, which is a list of so many objects.
pub(crate) fn list_object(count: usize, item: impl Fn(usize) -> Value) -> String {
    let items: Vec<String> = (0..count).map(|at| item(at).to_string()).collect();
    format!(
        r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#,
        items.join(",")
    )
}

/// A record's JSON with a manifest.
pub(crate) fn with_manifest(namespace: &str, name: &str, manifest: &str) -> String {
    json!({"name": name, "namespace": namespace, "version": 1, "info": {"status": "deployed"},
           "chart": {"metadata": {"name": "app", "version": "1.0.0"}}, "manifest": manifest})
    .to_string()
}

/// A record's JSON with one hook, so many times.
pub(crate) fn with_hooks(namespace: &str, name: &str, hook: &str, count: usize) -> String {
    let hooks = list(hook, count);
    format!(
        r#"{{"name":"{name}","namespace":"{namespace}","version":1,"info":{{"status":"deployed"}},"chart":{{"metadata":{{"name":"app","version":"1.0.0"}}}},"manifest":"","hooks":[{hooks}]}}"#
    )
}

/// A record's JSON with one file of the chart, so many times: a definition, whose fingerprint is kept.
pub(crate) fn with_chart_files(namespace: &str, name: &str, count: usize) -> String {
    let files = list(r#"{"name":"crds/a","data":""}"#, count);
    format!(
        r#"{{"name":"{name}","namespace":"{namespace}","version":1,"info":{{"status":"deployed"}},"manifest":"","chart":{{"metadata":{{"name":"app","version":"1.0.0"}},"files":[{files}]}}}}"#
    )
}

/// A manifest that names one Deployment so many times, in documents that differ.
pub(crate) fn one_deployment(name: &str, count: usize) -> String {
    documents(count, |at| {
        let env = json!([{"name": "V0", "value": format!("{at}")}]);
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
               "spec": {"template": {"spec": {"containers": [{"name": "app", "env": env}]}}}})
        .to_string()
    })
}

/// A manifest of so many objects, each in a namespace of its own.
pub(crate) fn many_namespaces(count: usize) -> String {
    list_object(
        count,
        |at| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": format!("n{at}")}}),
    )
}

/// A manifest of one object of 42 MiB.
pub(crate) fn long_text() -> String {
    let data = "the same line again\\n".repeat(2 << 20);
    format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{{"a":"{data}"}}}}"#)
}
