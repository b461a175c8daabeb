//! Entries of Secrets, which templates write as text or as base64.

use serde_json::{Value, json};

use super::{Reason, Release, refused, set, verified};

/// The answer about an entry of the Secret `login`, with its texts.
fn ask(template: &str, values: Value, deployed: &str, live: Option<&str>) -> super::Answer {
    use base64::Engine as _;
    let encoded = |text: &str| Value::from(base64::engine::general_purpose::STANDARD.encode(text));
    let text = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\n{template}\n");
    let release = Release::of(&text, values);
    release.ask_in(
        "web/templates/web.yaml",
        ("Secret", "login"),
        "data password",
        encoded(deployed),
        live.map_or(Value::Null, encoded),
    )
}

#[test]
fn the_key_of_an_entry_is_named_whether_it_is_written_as_text_or_as_base64() {
    let values = json!({"auth": {"password": "old"}});
    for template in [
        "stringData:\n  password: {{ .Values.auth.password | quote }}",
        "data:\n  password: {{ .Values.auth.password | b64enc | quote }}",
        "data:\n  password: {{ printf \"%s\" .Values.auth.password | b64enc }}",
    ] {
        let answer = ask(template, values.clone(), "old", Some("new"));
        assert_eq!(set(answer), verified("auth.password", json!("new")), "{template}");
        // What was appended: the base64 of the old text begins that of the new one.
        let answer = ask(template, values.clone(), "old", Some("older"));
        assert_eq!(
            set(answer),
            verified("auth.password", json!("older")),
            "{template}"
        );
    }
    let part = "stringData:\n  password: {{ printf \"user:%s\" .Values.auth.password }}";
    let answer = ask(part, values.clone(), "user:old", Some("user:new"));
    assert_eq!(set(answer), verified("auth.password", json!("new")));
    let gone =
        "stringData:\n  user: x\n  {{- with .Values.auth.password }}\n  password: {{ . }}\n  {{- end }}";
    let answer = ask(gone, values, "old", None);
    assert_eq!(set(answer), verified("auth.password", Value::Null));
}

#[test]
fn an_entry_that_no_key_makes_has_none() {
    let values = json!({"auth": {"password": "old"}});
    let literal = "stringData:\n  password: old";
    let answer = ask(literal, values.clone(), "old", Some("new"));
    assert_eq!(refused(answer), Reason::SetByChart);
    let random = "data:\n  password: {{ randAlphaNum 9 | b64enc }}";
    let answer = ask(random, values.clone(), "old", Some("new"));
    assert_eq!(refused(answer), Reason::NotEvaluated);
    let hashed = "data:\n  password: {{ .Values.auth.password | sha256sum | b64enc }}";
    let hash = "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";
    assert_eq!(
        refused(ask(hashed, values, hash, Some("new"))),
        Reason::NotEvaluated
    );
}
