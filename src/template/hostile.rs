//! Templates of somebody who means harm: each ends soon, on a quarter of the stack that evaluations have, and takes no
//! more than its share.

use std::sync::Arc;
use std::thread;

use serde_json::{Value as Json, json};

use super::program::Program;
use super::roots::Surroundings;
use super::work::{Fault, Work};
use crate::chart::{Chart, ChartFile};

/// A quarter of what `values` gives an evaluation.
const STACK: usize = 16 << 20;

/// What a template renders, with values, or why it does not.
fn rendered(template: &str, values: Json) -> Result<String, Fault> {
    let chart = Chart {
        metadata: json!({"name": "web", "version": "1.0.0"}),
        templates: vec![ChartFile {
            name: "templates/a.yaml".to_owned(),
            data: Arc::from(template.as_bytes()),
        }],
        files: Vec::new(),
        values: json!({}),
        schema: None,
        dependencies: Vec::new(),
        are_dependencies_known: true,
    };
    let run = move || {
        let mut work = Work::part(16);
        let program = Program::of(&chart, &mut work);
        let surroundings = Surroundings {
            kube_version: Some("v1.33.4".to_owned()),
            ..Surroundings::default()
        };
        let mut evaluation = program.evaluate(&values, &surroundings, &mut work, |_| true);
        let file = evaluation.files.pop_first().map(|(_, file)| file.text);
        file.map_or_else(
            || Ok(String::new()),
            |text| text.map(|text| text.as_str().to_owned()),
        )
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(run);
    thread.unwrap().join().unwrap()
}

fn is_too_much(template: &str) {
    let result = rendered(template, json!({}));
    let shown = match &result {
        Ok(text) => text.chars().take(80).collect(),
        Err(fault) => fault.to_string(),
    };
    let template: String = template.chars().take(200).collect();
    assert!(matches!(result, Err(Fault::TooMuch(_))), "{template}: {shown}");
}

/// Every branch knows what is changed in those within it.
#[test]
fn changes_in_branches_within_branches_are_paid_for_by_each() {
    let within = |branches: usize, changes: usize| {
        let (open, close) = (
            "{{ if .Values.a }}".repeat(branches),
            "{{ end }}".repeat(branches),
        );
        format!("{{{{ $x := 0 }}}}{open}{}{close}", "{{ $x = 1 }}".repeat(changes))
    };
    for few in [within(1, 3_000), within(100, 30)] {
        assert_eq!(rendered(&few, json!({})), Ok(String::new()));
    }
    is_too_much(&within(150, 3_000));
}

#[test]
fn templates_that_go_ever_deeper_end() {
    for template in [
        r#"{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}"#,
        r#"{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}"#,
        r#"{{ define "a" }}{{ if true }}{{ with . }}{{ range list 1 }}{{ include "a" $ | indent 2 | upper | quote }}{{ end }}{{ end }}{{ end }}{{ end }}{{ include "a" . }}"#,
        r#"{{ define "a" }}{{ tpl "{{ include \"a\" . }}" . }}{{ end }}{{ include "a" . }}"#,
        r#"{{ $d := dict "t" "{{ tpl .t . }}" }}{{ tpl $d.t $d }}"#,
    ] {
        is_too_much(template);
    }
    for (open, close) in [
        ("(", ")"),
        ("(list ", ")"),
        ("(dict \"a\" ", ")"),
        ("(toYaml (list ", "))"),
        ("(and true ", ")"),
        ("(index (list ", ") 0)"),
    ] {
        let template = format!("{{{{ {}1{} }}}}", open.repeat(5_000), close.repeat(5_000));
        is_too_much(&template);
    }
    for block in [
        "{{ if true }}",
        "{{ with 1 }}",
        "{{ range list 1 }}",
        "{{ if false }}{{ else if true }}",
    ] {
        is_too_much(&format!("{}x{}", block.repeat(5_000), "{{ end }}".repeat(5_000)));
    }
}

#[test]
fn as_deep_as_is_allowed_needs_no_more_stack() {
    let nested = |open: &str, close: &str, levels: usize| {
        let template = format!("{{{{ {}1{} }}}}", open.repeat(levels), close.repeat(levels));
        rendered(&template, json!({}))
    };
    let mut deepest = 0;
    for levels in 1..400 {
        match nested("(", ")", levels) {
            Ok(text) => assert_eq!(text, "1"),
            Err(fault) => {
                assert!(matches!(fault, Fault::TooMuch(_)));
                break;
            }
        }
        deepest = levels;
    }
    assert!(deepest > 100);
    for name in [
        "toYaml",
        "toJson",
        "toPrettyJson",
        "toString",
        "deepCopy",
        "quote",
        "sha256sum",
    ] {
        let template = format!(
            "{{{{ $d := dict }}}}{{{{ range until 390 }}}}{{{{ $d = dict \"a\" $d }}}}{{{{ end }}}}{{{{ $x := {name} $d }}}}ok"
        );
        match rendered(&template, json!({})) {
            Ok(text) => assert_eq!(text, "ok", "{name}"),
            Err(fault) => assert!(
                matches!(fault, Fault::TooMuch(_) | Fault::Failed(_)),
                "{name}: {fault}"
            ),
        }
    }
}

#[test]
fn deep_texts_are_read_or_are_not_known() {
    for (open, name) in [
        ("[", "fromYamlArray"),
        ("{a: ", "fromYaml"),
        ("- ", "fromYamlArray"),
        ("[", "fromJsonArray"),
    ] {
        let template = format!("{{{{ $x := {name} (repeat 50000 {open:?}) }}}}ok");
        assert_eq!(
            rendered(&template, json!({})),
            Ok("ok".to_owned()),
            "{name} {open}"
        );
    }
}

#[test]
fn what_grows_without_end_ends() {
    for template in [
        // Texts that double.
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = print $x $x }}{{ end }}"#,
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = repeat 100 $x }}{{ end }}"#,
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = replace "a" "aaaa" $x }}{{ end }}"#,
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = regexReplaceAll "a" $x "${0}${0}" }}{{ end }}"#,
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = join $x (list $x $x $x) }}{{ end }}"#,
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = b64enc $x }}{{ end }}"#,
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = cat $x $x }}{{ end }}"#,
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = printf "%s%s" $x $x }}{{ end }}"#,
        r#"{{ $x := "aaaaaaaa" }}{{ range until 1000 }}{{ $x = quote $x $x }}{{ end }}"#,
        r#"{{ $x := "\n\n\n\n" }}{{ range until 1000 }}{{ $x = indent 10000 $x }}{{ end }}"#,
        r#"{{ $x := "\n\n\n\n" }}{{ range until 1000 }}{{ $x = nindent 10000000 $x }}{{ end }}"#,
        r#"{{ $x := "a" }}{{ range until 1000 }}{{ $x = toJson (list $x $x) }}{{ end }}"#,
        r#"{{ $x := "a" }}{{ range until 1000 }}{{ $x = wrapWith 1 $x (repeat 1000 "ab ") }}{{ end }}"#,
        r#"{{ range until 1000 }}{{ printf "%999999d" 1 }}{{ end }}"#,
        r#"{{ range until 1000 }}{{ printf "%*d" 999999 1 }}{{ end }}"#,
        // Lists and maps that double.
        r"{{ $x := list 1 }}{{ range until 1000 }}{{ $x = concat $x $x }}{{ end }}",
        r"{{ $x := list }}{{ range until 1000000 }}{{ $x = append $x 1 }}{{ end }}",
        r"{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}",
        r#"{{ $x := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ toYaml $x }}"#,
        r#"{{ $x := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ $y := deepCopy $x }}"#,
        r#"{{ $x := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ print $x }}"#,
        r#"{{ $x := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ eq (toJson $x) "" }}"#,
        r#"{{ $x := dict "a" 1 }}{{ $y := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ $y = dict "a" $y "b" $y }}{{ end }}{{ deepEqual $x $y }}"#,
        r#"{{ $x := dict "a" 1 }}{{ $y := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ $y = dict "a" $y "b" $y }}{{ end }}{{ $z := merge $x $y }}"#,
        // Loops.
        r"{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}",
        r"{{ range until 9223372036854775807 }}{{ end }}",
        r"{{ $x := until 100000 }}{{ range $x }}{{ $y := len $x }}{{ range $x }}{{ end }}{{ end }}",
        r#"{{ range until 1000000 }}{{ $x := dict "a" (dict "b" .) }}{{ end }}"#,
    ] {
        is_too_much(template);
    }
}

#[test]
fn a_template_of_very_many_words_or_blocks_is_not_held() {
    is_too_much(&format!("{{{{ $x := list {}}}}}", "1 ".repeat(210_000)));
    is_too_much(&"{{ if true }}x{{ end }}".repeat(30_000));
}

#[test]
fn maps_that_hold_themselves_end() {
    let own = r#"{{ $m := dict "a" 1 }}{{ $n := dict "b" $m }}{{ $_ := set $m "n" $n }}"#;
    for action in [
        "toYaml $m",
        "toJson $m",
        "toPrettyJson $m",
        "print $m",
        "printf \"%v\" $m",
        "toString $m | len",
        "deepCopy $m | len",
        "deepEqual $m (deepCopy $m)",
        "quote $m",
    ] {
        is_too_much(&format!("{own}{{{{ {action} }}}}"));
    }
    for action in [
        "merge $m $n | len",
        "merge (dict) $m | len",
        "mergeOverwrite $n $m | len",
        "len $m",
        "keys $m | len",
        "deepEqual $m $m",
    ] {
        let result = rendered(&format!("{own}{{{{ $x := {action} }}}}ok"), json!({}));
        assert!(
            matches!(&result, Ok(text) if text == "ok") || matches!(result, Err(Fault::TooMuch(_))),
            "{action}: {result:?}"
        );
    }
}

#[test]
fn a_level_that_a_fault_left_is_given_back() {
    let template = r#"{{ range until 500 }}{{ $x := printf "%v" (list (list (list $.Files))) }}{{ end }}ok"#;
    assert_eq!(rendered(template, json!({})), Ok("ok".to_owned()));
}

#[test]
fn what_one_file_sets_anywhere_the_next_one_sees() {
    let values = json!({"x": {"y": "old"}, "z": {"w": 1}});
    let file = |text: &str, name: &str| ChartFile {
        name: name.to_owned(),
        data: Arc::from(text.as_bytes()),
    };
    for (set, is_set) in [
        (r#"{{ $_ := set .Values.x "y" "new" }}"#, true),
        (r#"{{ $_ := set (index (list .Values.x) 0) "y" "new" }}"#, true),
        (
            r#"{{ $_ := mergeOverwrite (dict "a" .Values.x) (dict "a" (dict "y" "new")) }}"#,
            true,
        ),
        (
            r#"{{ $_ := set . "Values" (dict "x" (dict "y" "new") "self" .Values) }}"#,
            true,
        ),
        (r#"{{ $_ := set (deepCopy .Values.x) "y" "new" }}"#, false),
    ] {
        let chart = Chart {
            metadata: json!({"name": "web"}),
            // Helm goes through files from the last to the first.
            templates: vec![
                file("{{ .Values.x.y }} {{ .Template.Name }}", "templates/a.yaml"),
                file(set, "templates/b.yaml"),
            ],
            files: Vec::new(),
            values: json!({}),
            schema: None,
            dependencies: Vec::new(),
            are_dependencies_known: true,
        };
        let mut work = Work::default();
        let program = Program::of(&chart, &mut work);
        let surroundings = Surroundings::default();
        let all = program.evaluate(&values, &surroundings, &mut work, |_| true);
        assert_eq!(
            all.files["web/templates/b.yaml"].changes_values(),
            is_set,
            "{set}"
        );
        let again = program.evaluate_again(&values, &surroundings, &mut work, &all, |name| {
            name.ends_with("a.yaml")
        });
        for evaluation in [&all, &again] {
            let text = evaluation.files["web/templates/a.yaml"].text.as_ref().unwrap();
            let expected = if is_set { "new" } else { "old" };
            assert_eq!(text.as_str(), format!("{expected} web/templates/a.yaml"), "{set}");
        }
    }
}

#[test]
fn a_template_inside_itself_is_a_hole_where_a_guess_led_there() {
    let template = r#"{{ define "a" }}{{ range $k, $v := .c }}{{ if kindOf $v | eq "map" }}{{ include "a" (dict "c" $v) }}{{ else }}x{{ end }}{{ end }}{{ end }}{{ include "a" (dict "c" (include "unknown" .)) }}."#;
    assert_eq!(
        rendered(template, json!({})),
        Ok(format!("{}.", super::traced::HOLE))
    );
}

#[test]
fn the_version_of_kubernetes_prints_itself() {
    assert_eq!(
        rendered(
            "{{ .Capabilities.KubeVersion }} {{ .Capabilities.KubeVersion.Minor }}",
            json!({})
        ),
        Ok("v1.33.4 33".to_owned())
    );
    assert!(matches!(
        rendered("{{ nil | print }}", json!({})),
        Err(Fault::Failed(_))
    ));
}
