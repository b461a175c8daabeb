//! Lists that are one value to the API server.

use serde_json::{Value, json};

use super::{Reason, Release, named, refused, set, verified};

#[test]
fn one_changed_element_names_its_own_key() {
    let release = Release::of_container(
        "        args:\n        - --fixed\n        - --level={{ .Values.level }}",
        json!({"level": "info"}),
    );
    let answer = release.ask(
        "args",
        json!(["--fixed", "--level=info"]),
        json!(["--fixed", "--level=debug"]),
    );
    assert_eq!(set(answer), verified("level", json!("debug")));
    let answer = release.ask(
        "args",
        json!(["--fixed", "--level=info"]),
        json!(["--other", "--level=info"]),
    );
    assert_eq!(refused(answer), Reason::SetByChart);
}

#[test]
fn a_list_of_the_values_is_given_whole() {
    let text = "        args: {{ toJson .Values.args }}";
    for live in [
        json!(["a", "c"]),
        json!(["b"]),
        json!(["a", "b", "c"]),
        json!(["x", "y"]),
    ] {
        let release = Release::of_container(text, json!({"args": ["a", "b"]}));
        let found = named(release.ask("args", json!(["a", "b"]), live.clone()));
        assert_eq!(found.snippet, json!({ "args": live }));
    }
}

#[test]
fn an_element_that_came_goes_where_the_chart_takes_more() {
    for (form, values, value) in [
        (
            "        {{- range .Values.extraArgs }}\n        - {{ . }}\n        {{- end }}",
            json!({"extraArgs": []}),
            json!(["--level=7"]),
        ),
        (
            "        {{- range $key, $value := .Values.extraArgs }}\n        - --{{ $key }}={{ $value }}\n        {{- end }}",
            json!({"extraArgs": {}}),
            json!({"level": "7"}),
        ),
    ] {
        let release = Release::of_container(&format!("        args:\n        - --fixed\n{form}"), values);
        let answer = release.ask("args", json!(["--fixed"]), json!(["--fixed", "--level=7"]));
        assert_eq!(set(answer), verified("extraArgs", value), "{form}");
    }
}

#[test]
fn an_element_that_went_is_kept_away() {
    let release = Release::of_container(
        "        args:\n        - --fixed\n        {{- if .Values.debug }}\n        - --debug\n        {{- end }}",
        json!({"debug": true}),
    );
    let answer = release.ask("args", json!(["--fixed", "--debug"]), json!(["--fixed"]));
    assert_eq!(set(answer), verified("debug", json!(false)));
}

#[test]
fn a_variable_that_was_added_is_an_element_or_an_entry() {
    let element = json!({"name": "LEVEL", "value": "7"});
    for (form, values, value) in [
        (
            "        env:\n          {{- toYaml .Values.extraEnv | nindent 10 }}",
            json!({"extraEnv": []}),
            json!([element]),
        ),
        (
            "        env:\n        {{- range $k, $v := .Values.extraEnv }}\n        - name: {{ $k }}\n          value: {{ $v | quote }}\n        {{- end }}",
            json!({"extraEnv": {}}),
            json!({"LEVEL": "7"}),
        ),
    ] {
        let release = Release::of_container(form, values);
        let answer = release.ask("env @LEVEL", Value::Null, element.clone());
        assert_eq!(set(answer), verified("extraEnv", value), "{form}");
    }
}
