//! Charts in records that are made to harm whoever asks which values keep the drift: their templates, values and schemas.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::releases::{
    added_fields, changed_fields, changed_parts, everywhere, release, stored, templated, valued, with_setting,
};
use super::scene::{Hostile, Promise, Scene};
use crate::support::hostile::alias_bomb;

pub(super) fn scenes() -> Vec<Scene> {
    let scenes = [endless(), growing(), rendered(), files(), fields(), schemas()].concat();
    scenes.into_iter().map(Scene::with_values).collect()
}

fn row(name: &'static str, about: &'static str, make: fn() -> Hostile) -> Scene {
    Scene {
        promise: Promise::Answered,
        ..Scene::told(name, about, make)
    }
}

/// Templates that never end.
fn endless() -> Vec<Scene> {
    vec![
        row("values-recurse", "a template that includes itself", || {
            templated(
                r#"{{ define "a" }}{{ include "a" (list . .) | indent 2 }}{{ end }}{{ include "a" . }}"#,
            )
        }),
        row(
            "values-loop",
            "12 templates of a million loops of a million",
            || everywhere("{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}"),
        ),
        row("values-tpl", "a template that evaluates itself", || {
            templated(r#"{{ $d := dict "t" "{{ tpl .t . }}" }}{{ tpl $d.t $d }}"#)
        }),
        row(
            "values-regex",
            "12 templates with 100,000 costly expressions each",
            || {
                everywhere(
                    r#"{{ range until 100000 }}{{ $x := regexMatch (printf "(a{1,99}b?){1,9}%d" .) "aaab" }}{{ end }}"#,
                )
            },
        ),
        row(
            "values-regex-search",
            "expressions that backtrack elsewhere, over long texts",
            || {
                everywhere(
                    r#"{{ $x := repeat 100000 "a" }}{{ range until 100000 }}{{ $y := regexMatch "^(a+)+$|(a|aa)+b" $x }}{{ end }}"#,
                )
            },
        ),
        row("values-sha", "checksums of a megabyte, over and over", || {
            everywhere(
                r#"{{ $x := repeat 1000000 "a" }}{{ range until 100000 }}{{ $y := sha256sum $x }}{{ end }}"#,
            )
        }),
    ]
}

/// Templates whose texts and values grow.
fn growing() -> Vec<Scene> {
    vec![
        row(
            "values-text-doubles",
            "12 templates with a text that doubles",
            || everywhere(r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = print $x $x }}{{ end }}"#),
        ),
        row(
            "values-text-held",
            "12 templates that hold many long texts",
            || {
                everywhere(
                    r#"{{ $m := dict }}{{ range until 10000 }}{{ $_ := set $m (toString .) (repeat 100000 "a") }}{{ end }}"#,
                )
            },
        ),
        row("values-lists", "12 templates with a list that doubles", || {
            everywhere(r"{{ $x := list 1 }}{{ range until 1000 }}{{ $x = concat $x $x }}{{ end }}")
        }),
        row("values-maps", "12 templates with a million small maps", || {
            everywhere(
                r#"{{ $m := dict }}{{ range until 1000000 }}{{ $_ := set $m (toString .) (dict "a" (dict "b" .)) }}{{ end }}"#,
            )
        }),
        row(
            "values-pieces",
            "12 templates with a million pieces of text",
            || {
                everywhere(
                    r#"{{ $x := "" }}{{ range until 1000000 }}{{ $x = print $x $.Values.key "b" }}{{ end }}"#,
                )
            },
        ),
        row(
            "values-written",
            "12 templates that write a million pieces",
            || everywhere("{{ range until 1000000 }}{{ $.Values.key }}b{{ end }}"),
        ),
        row(
            "values-yaml",
            "12 templates with YAML of maps in maps in maps",
            || {
                everywhere(
                    r#"{{ $x := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ toYaml $x }}"#,
                )
            },
        ),
        row("values-printf", "12 templates with widths of a million", || {
            everywhere(r#"{{ range until 1000 }}{{ printf "%999999d %0*d" 1 999999 1 }}{{ end }}"#)
        }),
        row(
            "values-numbers-at-once",
            "12 templates with a list of all numbers",
            || everywhere("{{ range until 9223372036854775807 }}{{ end }}"),
        ),
        row(
            "values-concat",
            "12 templates with a list of 100 long lists",
            || {
                let lists = "$x ".repeat(100);
                everywhere(&format!(
                    "{{{{ $x := until 200000 }}}}{{{{ $y := concat {lists} }}}}"
                ))
            },
        ),
        row(
            "values-split",
            "12 templates that split a long text into letters",
            || everywhere(r#"{{ $x := splitList "" (repeat 5000000 "a") }}"#),
        ),
        row("values-replace", "12 templates that replace every letter", || {
            everywhere(r#"{{ $x := replace "a" "" (repeat 5000000 "a") }}"#)
        }),
        row("values-nospace", "12 templates that take out every blank", || {
            everywhere(r#"{{ $x := nospace (repeat 5000000 " a") }}"#)
        }),
        row(
            "values-nothing",
            "12 templates that write nothing, 10 million times",
            || {
                everywhere(
                    "{{ range until 100000 }}{{ range until 100 }}{{ $.Values.none }}{{ end }}{{ end }}",
                )
            },
        ),
        row(
            "values-read-back",
            "12 templates that read lists of 500,000 numbers",
            || {
                everywhere(
                    r#"{{ range until 100 }}{{ $x := fromYaml (print "a: [" (repeat 500000 "0,") . "]") }}{{ end }}"#,
                )
            },
        ),
        row(
            "values-from-yaml",
            "12 templates that read aliases of aliases",
            || {
                let text = alias_bomb().replace('\n', "\\n");
                everywhere(&format!(
                    r#"{{{{ $x := fromYaml "{text}" }}}}{{{{ toYaml $x }}}}"#
                ))
            },
        ),
    ]
}

/// Texts that are costly to read once they are rendered.
fn rendered() -> Vec<Scene> {
    vec![
        row("values-long-document", "10 MB of rendered text", || {
            everywhere(r##"{{ repeat 1000000 "# a: b, c\n" }}"##)
        }),
        row(
            "values-other-helm",
            "1.5 MB of rendered text that neither Helm deployed",
            || {
                everywhere(
                    r#"{{ $_ := set .Values "key" "c" }}{{ range until 100000 }}# a: b, c {{ . }}{{ "\n" }}{{ end }}"#,
                )
            },
        ),
        row("values-many-keys", "a rendered map of 400,000 keys", || {
            everywhere(r#"{{ range until 400000 }}k{{ . }}: ""{{ "\n" }}{{ end }}"#)
        }),
        row("values-many-documents", "400,000 rendered documents", || {
            everywhere(r#"{{ range until 400000 }}---{{ "\n" }}a: b{{ "\n" }}{{ end }}"#)
        }),
        row(
            "values-deep-document",
            "a million levels of rendered lists",
            || everywhere(r#"a: {{ repeat 1000000 "[" }}{{ "\n---\n" }}"#),
        ),
        row(
            "values-deep-blocks",
            "a million levels of rendered block lists",
            || everywhere(r#"a:{{ "\n" }}{{ repeat 1000000 "- " }}{{ "\n---\n" }}"#),
        ),
        row("values-aliases", "rendered aliases of aliases", || {
            everywhere(&format!("{}---\n", alias_bomb()))
        }),
    ]
}

/// Templates and values that are costly before anything is evaluated.
fn files() -> Vec<Scene> {
    vec![
        row("values-long-template", "a template of 4 MB", || {
            templated(&"{{ if true }}x{{ end }}".repeat(180_000))
        }),
        row(
            "values-deep-template",
            "a template of 500,000 blocks in each other",
            || templated(&"{{ if true }}".repeat(500_000)),
        ),
        row("values-many-templates", "19,000 templates that loop", || {
            let text = with_setting("{{ range until 100000 }}{{ end }}", 0);
            let files: Vec<(String, String)> = (0..19_000)
                .map(|at| (format!("templates/{at}.yaml"), text.clone()))
                .chain([("templates/a.yaml".to_owned(), text.clone())])
                .collect();
            Hostile::stored(release(0, &files, &json!({"key": "a"}), &Value::Null))
        }),
        row("values-wide", "values of 150,000 keys", || {
            let values: Map<String, Value> =
                (0..150_000).map(|at| (format!("key{at}"), json!("a"))).collect();
            valued(&values.into())
        }),
        row(
            "values-numbers",
            "values of 300,000 numbers in 12 releases",
            || {
                let values = json!({"key": "a", "list": vec![0; 300_000]});
                let each = (0..12).flat_map(|number| {
                    let files = [("templates/a.yaml".to_owned(), with_setting("", number))];
                    release(number, &files, &values, &Value::Null)
                });
                Hostile::stored(each)
            },
        ),
        row(
            "values-names",
            "names of templates and keys that mean something to terminals",
            || {
                // No YAML has such characters in the name of a template, which the manifest names.
                let file = "templates/\u{202e}$(touch owned)`; 'touch owned'.yaml".to_owned();
                let key = "\u{1b}]0;owned\u{7}\u{202e}$(touch owned)\n---\nevil: true";
                let template = format!("index .Values {}", json!(key));
                let files = [(file, with_setting("", 0).replace(".Values.key", &template))];
                let [record, object] = release(0, &files, &json!({key: "a"}), &Value::Null);
                Hostile::stored([record, object])
            },
        ),
    ]
}

/// Many drifted fields.
fn fields() -> Vec<Scene> {
    vec![
        row("values-1000-fields", "1,000 changed fields of one object", || {
            changed_fields("", &json!({}))
        }),
        row(
            "values-1000-fields-long",
            "1,000 changed fields of one object in a long document",
            || {
                changed_fields(
                    r#"{{ range until 100000 }}# a: b, c{{ "\n" }}{{ end }}"#,
                    &json!({}),
                )
            },
        ),
        row(
            "values-1000-fields-wide",
            "1,000 changed fields, and values of 100,000 keys",
            || {
                let values: Map<String, Value> = (0..100_000)
                    .map(|at| (format!("other{at}"), json!("a")))
                    .collect();
                changed_fields("", &values.into())
            },
        ),
        row(
            "values-1000-added",
            "1,000 added fields whose names all fit to 100,000 keys",
            || {
                let keys: Map<String, Value> =
                    (0..100_000).map(|at| (format!("key{at}"), json!("a"))).collect();
                added_fields(&json!({"data": keys, "key": "a"}))
            },
        ),
    ]
}

/// Schemas that are costly to ask.
fn schemas() -> Vec<Scene> {
    vec![
        row(
            "values-schemas",
            "schemas that refer to themselves, to others and to files",
            || {
                let doubling: Map<String, Value> = (0..60)
                    .map(|at| {
                        let next = json!({"$ref": format!("#/$defs/{}", at + 1)});
                        (at.to_string(), json!({"allOf": [next, next]}))
                    })
                    .chain([("60".to_owned(), json!({}))])
                    .collect();
                let schemas = [
                    json!({"$ref": "#"}),
                    json!({"$ref": "#/$defs/0", "$defs": doubling}),
                    json!({"$ref": "http://127.0.0.1:9/schema.json"}),
                    json!({"$ref": "file:///dev/zero"}),
                    json!({"properties": {"key": {"pattern": "^(a+)+$|(?=a)(?<!b)((a{1,999}){1,999}){1,999}"}}}),
                    json!({"properties": {"key": {"pattern": "((a{1,99}){1,99}){1,99}"}}}),
                    json!({"properties": {"key": {"enum": vec![0; 400_000]}}}),
                    json!({"anyOf": vec![json!({"type": "string"}); 100_000]}),
                    json!("no schema"),
                ];
                let each = schemas.into_iter().enumerate().flat_map(|(number, schema)| {
                    let files = [("templates/a.yaml".to_owned(), with_setting("", number))];
                    release(number, &files, &json!({"key": "a"}), &schema)
                });
                Hostile::stored(each)
            },
        ),
        row(
            "values-1000-fields-schema",
            "1,000 changed fields, and a schema that is costly to ask for each",
            || {
                let schema = json!({"properties": {"data": {"additionalProperties": {"anyOf":
                    vec![json!({"type": "object", "required": ["a"]}); 400].into_iter().chain([json!({})]).collect::<Vec<_>>()}}}});
                let (mut record, object) = changed_parts("", &json!({}));
                record["chart"]["schema"] = STANDARD.encode(schema.to_string()).into();
                Hostile::stored([stored(0, &record), object])
            },
        ),
    ]
}
