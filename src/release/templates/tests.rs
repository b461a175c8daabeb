use super::super::mentions::Searched;
use super::super::variations::{Cause, Variation};
use super::*;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

fn file(name: &str, text: &str) -> Value {
    json!({"name": name, "modtime": "2026-01-01T00:00:00Z", "data": STANDARD.encode(text)})
}

fn variations(record: &Value) -> Variations {
    let wire: WireTemplates = serde_json::from_value(record.clone()).unwrap();
    wire.variations(false)
}

#[test]
fn templates_of_another_shape_render_the_same() {
    for files in [
        json!(null),
        json!({}),
        json!(7),
        json!([7]),
        json!([]),
        json!([null]),
        json!([{"name": 7, "data": {}}]),
    ] {
        let text = files.to_string();
        assert!(!mentions_in_files::<Searched, _>(&mut serde_json::Deserializer::from_str(&text)).unwrap());
        assert!(!mentions_in_values::<Searched, _>(&mut serde_json::Deserializer::from_str(&text)).unwrap());
        let record = json!({"config": files, "chart": {"templates": files, "files": files, "values": files}});
        assert!(variations(&record).is_empty(), "{files}");
    }
    assert!(variations(&json!({"chart": null, "config": null})).is_empty());
}

#[test]
fn only_the_files_that_may_vary_leave_their_names() {
    let templates = [
        file(
            "templates/secret.yaml",
            r#"{{ $old := lookup "v1" "Secret" "a" "b" }}"#,
        ),
        file("templates/service.yaml", "kind: Service # no lookup here"),
        file("templates/text.yaml", "{{ tpl .Values.text . }}"),
    ];
    let found = |values: &Value, files: &Value| {
        let record = json!({"chart": {"templates": templates, "files": files}, "config": values});
        variations(&record).files.into_keys().collect::<Vec<_>>()
    };
    let one = ["templates/secret.yaml"];
    let both = ["templates/secret.yaml", "templates/text.yaml"];
    assert_eq!(found(&json!({"text": "x"}), &json!([])), one);
    assert_eq!(found(&json!({"text": ["{{ uuidv4 }}"]}), &json!([])), both);
    let files = json!([file("x.txt", "{{ include (print \"a\" .x) . }}")]);
    assert_eq!(found(&json!({}), &files), both);
    let prose = json!([file("README.md", "{{ include (print \"a\" .x) . }}")]);
    assert_eq!(found(&json!({}), &prose), one);
}

#[test]
fn what_cannot_be_looked_into_counts_as_not_read() {
    let long = STANDARD.encode(format!("{}lookup", " ".repeat(MAX_FILE)));
    let harmless = STANDARD.encode(" ".repeat(MAX_FILE));
    for (data, is_not_read) in [(long.as_str(), true), ("%", true), (harmless.as_str(), false)] {
        let record = json!({"chart": {"templates": [{"name": "templates/a.yaml", "data": data}]}});
        let expected = is_not_read.then(|| Variation::of_all(Cause::NotRead));
        let found = variations(&record);
        assert!(found.of_file("templates/a.yaml").iter().eq(&expected));
    }
}
