//! The rules together: which values are hidden, and which parts of texts and paths.

use super::*;
use crate::compare::path::{FieldPath, Segment};
use proptest::prelude::*;
use serde_json::json;

fn shown(gvk: &Gvk, path: &FieldPath, value: &Value) -> (Value, Hidden) {
    let redaction = Redaction::default();
    let fields = redaction.fields(gvk, &[], [path]);
    fields[0].value(value)
}

fn keys(path: &[&str]) -> FieldPath {
    path.iter().fold(FieldPath::root(), |path, key| path.key(key))
}

fn named(path: &[&str], name: &str) -> FieldPath {
    keys(path).join(Segment::Match(vec![("name".into(), json!(name))]))
}

#[test]
fn secrets_are_hidden_and_ordinary_values_are_not() {
    let (pod, secret, config_map) = (
        Gvk::new("v1", "Pod"),
        Gvk::new("v1", "Secret"),
        Gvk::new("v1", "ConfigMap"),
    );
    let quota = Gvk::new("v1", "ResourceQuota");
    let rows = [
        (&secret, keys(&["data", "user"]), json!("YQ=="), json!(HIDDEN)),
        (
            &secret,
            keys(&["data"]),
            json!({"a": "b", "c": 1}),
            json!({"a": HIDDEN, "c": HIDDEN}),
        ),
        (&secret, keys(&["type"]), json!("Opaque"), json!("Opaque")),
        (&config_map, keys(&["data", "log"]), json!("info"), json!("info")),
        (
            &config_map,
            keys(&["data", "DB_PASSWORD"]),
            json!("x"),
            json!(HIDDEN),
        ),
        (
            &pod,
            named(&["spec", "env"], "DB_PASSWORD").key("value"),
            json!("x"),
            json!(HIDDEN),
        ),
        (
            &pod,
            named(&["spec", "env"], "LOG_LEVEL").key("value"),
            json!("x"),
            json!("x"),
        ),
        (
            &pod,
            named(&["spec", "containers"], "app"),
            json!({"name": "app", "env": [{"name": "API_TOKEN", "value": "x"}, {"name": "A", "value": "y"}],
                   "args": ["--token=x", "--level=3"]}),
            json!({"name": "app", "env": [{"name": "API_TOKEN", "value": HIDDEN}, {"name": "A", "value": "y"}],
                   "args": [HIDDEN, "--level=3"]}),
        ),
        (
            &pod,
            keys(&["spec", "volumes"]),
            json!([{"secret": {"secretName": "tls", "optional": true, "items": [{"key": "a", "path": "b"}]}}]),
            json!([{"secret": {"secretName": "tls", "optional": true, "items": [{"key": "a", "path": "b"}]}}]),
        ),
        (
            &pod,
            keys(&["metadata", "annotations", LAST_APPLIED]),
            json!("{}"),
            json!(HIDDEN),
        ),
        (
            &pod,
            keys(&["spec", "url"]),
            json!("postgres://u:p@db/x"),
            json!(HIDDEN),
        ),
        (
            &pod,
            keys(&["spec", "url"]),
            json!("https://example.com/a@b:c"),
            json!("https://example.com/a@b:c"),
        ),
        (
            &pod,
            keys(&["spec", "automountServiceAccountToken"]),
            json!(true),
            json!(true),
        ),
        (&pod, keys(&["spec", "password"]), json!(12345), json!(HIDDEN)),
        (&pod, keys(&["spec", "password"]), json!(true), json!(HIDDEN)),
        (
            &pod,
            keys(&["spec", "password"]),
            json!({"value": "x", "name": "y"}),
            json!({"value": HIDDEN, "name": "y"}),
        ),
        (
            &pod,
            keys(&["spec", "tokens"]),
            json!({"ci": "x"}),
            json!({"ci": HIDDEN}),
        ),
        (
            &pod,
            keys(&["spec", "tokens"]),
            json!(["x", "y"]),
            json!([HIDDEN, HIDDEN]),
        ),
        (
            &pod,
            keys(&["spec", "vars"]),
            json!([{"key": "password", "value": "x"}, {"key": "level", "value": "y"}]),
            json!([{"key": "password", "value": HIDDEN}, {"key": "level", "value": "y"}]),
        ),
        (
            &pod,
            keys(&["spec", "tolerations"]),
            json!([{"key": "secret-node", "operator": "Equal", "value": "x", "effect": "NoSchedule"}]),
            json!([{"key": "secret-node", "operator": "Equal", "value": "x", "effect": "NoSchedule"}]),
        ),
        (
            &pod,
            keys(&["spec", "embedded"]),
            json!({"kind": "Secret", "data": {"a": "eA=="}, "metadata": {"name": "n"}}),
            json!({"kind": "Secret", "data": {"a": HIDDEN}, "metadata": {"name": "n"}}),
        ),
        (
            &pod,
            keys(&["spec", "args"]),
            json!(["--password", "x", "--level", "3"]),
            json!(["--password", HIDDEN, "--level", "3"]),
        ),
        (
            &pod,
            keys(&["metadata", "annotations", "a"]),
            json!(
                r#"{"user":"u","password":"x","n":[{"name":"token","value":"y"}],"kind":"Secret","data":{"k":"z"}}"#
            ),
            json!(
                r#"{"user":"u","password":"(redacted)","n":[{"name":"token","value":"(redacted)"}],"kind":"Secret","data":{"k":"(redacted)"}}"#
            ),
        ),
        (
            &config_map,
            keys(&["data", "app.yaml"]),
            json!("log: info\ndb:\n  password: x\n  host: h\n"),
            json!("log: info\ndb:\n  password: (redacted)\n  host: h\n"),
        ),
        (
            &pod,
            keys(&["spec", "urls"]),
            json!({"https://u:p@h/": 1, "https://u:q@h/": 2, "https://h/": 3}),
            json!({"(redacted 1)": 1, "(redacted 2)": 2, "https://h/": 3}),
        ),
        (
            &quota,
            keys(&["spec", "hard"]),
            json!({"secrets": "10", "count/secrets": 5, "requests.example.com/tokens": "2Gi"}),
            json!({"secrets": "10", "count/secrets": 5, "requests.example.com/tokens": "2Gi"}),
        ),
        (
            &quota,
            keys(&["spec", "hard", "secrets"]),
            json!("10"),
            json!("10"),
        ),
        (
            &quota,
            keys(&["status", "used", "count/secrets"]),
            json!("3"),
            json!("3"),
        ),
        // The quotas of other APIs have the same.
        (
            &Gvk::new("quota.openshift.io/v1", "ClusterResourceQuota"),
            keys(&["spec", "quota", "hard", "secrets"]),
            json!("10"),
            json!("10"),
        ),
        (
            &Gvk::new("capsule.clastix.io/v1beta2", "Tenant"),
            keys(&["spec", "resourceQuotas", "items"]),
            json!([{"hard": {"secrets": "10"}}]),
            json!([{"hard": {"secrets": "10"}}]),
        ),
        // What is no amount is none, and neither is what stands elsewhere in a quota.
        (
            &quota,
            keys(&["spec", "hard", "password"]),
            json!("hunter2"),
            json!(HIDDEN),
        ),
        (
            &quota,
            keys(&["metadata", "annotations", "password"]),
            json!("hunter2"),
            json!(HIDDEN),
        ),
    ];
    for (gvk, path, value, expected) in rows {
        let (shown, hidden) = shown(gvk, &path, &value);
        assert_eq!(shown, expected, "{gvk} {path}");
        assert_eq!(hidden == Hidden::Partly, shown != value, "{gvk} {path}");
    }
}

#[test]
fn whole_objects_follow_the_rules_of_their_fields() {
    let object =
        json!({"kind": "Secret", "data": {"a": "YQ=="}, "metadata": {"annotations": {LAST_APPLIED: "{}"}}});
    let (shown, _) = shown(&Gvk::new("v1", "Secret"), &FieldPath::root(), &object);
    assert_eq!(
        shown,
        json!({"kind": "Secret", "data": {"a": HIDDEN}, "metadata": {"annotations": {LAST_APPLIED: HIDDEN}}})
    );
}

#[test]
fn what_stands_beside_a_value_decides_about_it() {
    let redaction = Redaction::default();
    let gvk = Gvk::new("example.com/v1", "Widget");
    let desired = json!({"vars": [{"name": "DB_PASSWORD", "value": "x"}], "inner": {"kind": "Secret", "data": {"a": "b"}}});
    let live = json!({"vars": [{"name": "LEVEL", "value": "y"}]});
    let paths = [
        keys(&["vars"]).join(Segment::Index(0)).key("value"),
        keys(&["inner", "data", "a"]),
        keys(&["vars"]).join(Segment::Index(0)).key("name"),
    ];
    let fields = redaction.fields(&gvk, &[&desired, &live], &paths);
    let hidden: Vec<bool> = fields
        .iter()
        .map(|field| field.value(&json!("hunter2")).1 == Hidden::Partly)
        .collect();
    assert_eq!(hidden, [true, true, false]);
}

#[test]
fn parts_of_paths_are_hidden_and_kept_apart() {
    let redaction = Redaction::default();
    let gvk = Gvk::new("example.com/v1", "Widget");
    let member = |path: &[&str], value: &str| keys(path).join(Segment::Member(json!(value)));
    let account =
        |key: &str| keys(&["spec", "accounts"]).join(Segment::Match(vec![("apiKey".into(), json!(key))]));
    let paths = [
        (
            member(&["spec", "tokens"], "z"),
            "/spec/tokens/0",
            "/spec/tokens[=(redacted 4)]",
            "/spec/tokens/0",
        ),
        (
            member(&["spec", "tokens"], "a"),
            "/spec/tokens/-",
            "/spec/tokens[=(redacted 5)]",
            "/spec/tokens/-",
        ),
        (
            account("k").key("user"),
            "/spec/accounts/0/user",
            "/spec/accounts[apiKey=(redacted 1)]/user",
            "/spec/accounts/0/user",
        ),
        (
            account("l").key("user"),
            "/spec/accounts/1/user",
            "/spec/accounts[apiKey=(redacted 2)]/user",
            "/spec/accounts/1/user",
        ),
        (
            account("k").key("admin"),
            "/spec/accounts/0/admin",
            "/spec/accounts[apiKey=(redacted 1)]/admin",
            "/spec/accounts/0/admin",
        ),
        (
            keys(&["spec", "urls", "https://u:p@h/"]),
            "/spec/urls/https:~1~1u:p@h~1",
            "/spec/urls[(redacted 6)]",
            "/spec/urls/(redacted 6)",
        ),
        (
            named(&["spec", "imagePullSecrets"], "registry"),
            "/spec/imagePullSecrets/0",
            "/spec/imagePullSecrets[name=registry]",
            "/spec/imagePullSecrets/0",
        ),
    ];
    let fields = redaction.fields(&gvk, &[], paths.iter().map(|(path, ..)| path));
    let numbers: Vec<String> = fields
        .iter()
        .zip(&paths)
        .map(|(field, (path, ..))| field.path(path))
        .collect();
    // By place first, then in the order in which they came.
    assert_eq!(
        numbers,
        [
            "/spec/tokens[=(redacted 3)]",
            "/spec/tokens[=(redacted 4)]",
            "/spec/accounts[apiKey=(redacted 1)]/user",
            "/spec/accounts[apiKey=(redacted 2)]/user",
            "/spec/accounts[apiKey=(redacted 1)]/admin",
            "/spec/urls[(redacted 5)]",
            "/spec/imagePullSecrets[name=registry]",
        ]
    );
    for (field, (_, raw, ..)) in fields.iter().zip(&paths) {
        assert!(!field.pointer(raw).contains("u:p@"), "{raw}");
    }
}

proptest! {
    /// Pieces of every format in any order, cut anywhere: no text is a surprise, and no line gets lost.
    #[test]
    fn any_text_keeps_its_lines(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "password", "token", ": ", "=", "\"", "'", "\\", "\n", "\r\n", "  ", "- ", "{", "}", "[", "]", "<", ">", "/",
            "é", "\u{2028}", "密", "://", "u:p@h", "|", "#", "kind: Secret", "data:", "--", "-p", "mysql ", "eyJ", "&", ";",
            "-----BEGIN PRIVATE KEY-----", "-----END ", "name: ", "value", "x", ",", "$1$", "${X}", "Bearer ",
        ]), 0..40),
    ) {
        let text = pieces.concat();
        let redaction = Redaction::default();
        let shown = redaction.shown_text(&text);
        prop_assert_eq!(shown.lines().count(), text.lines().count());
        let mut value = json!({"a": &text, (text.clone()): [&text], "spec": {"args": [&text, &text]}});
        redaction.hide_object(&Gvk::new("v1", "ConfigMap"), &mut value, &mut Blank);
        redaction.hide_keys(&mut value, &mut |_| HIDDEN.to_owned());
    }
}

#[test]
fn operators_can_hide_more() {
    let redaction = Redaction::new(&["*colour".to_owned()], ConfigMaps::Hidden).unwrap();
    let value = |gvk: &Gvk, path: &FieldPath| redaction.fields(gvk, &[], [path])[0].value(&json!("x")).0;
    let config_map = Gvk::new("v1", "ConfigMap");
    assert_eq!(value(&config_map, &keys(&["data", "log"])), json!(HIDDEN));
    let pod = Gvk::new("v1", "Pod");
    assert_eq!(value(&pod, &keys(&["spec", "my-colour"])), json!(HIDDEN));
    let error = Redaction::new(&["[".to_owned()], ConfigMaps::Shown)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("`[` is not a pattern of key names"), "{error}");
}
