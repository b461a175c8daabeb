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

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n";

#[test]
fn a_port_with_another_number_is_one_change() {
    let text =
        format!("{SERVICE}  - port: {{{{ .Values.service.port }}}}\n    targetPort: http\n    name: http\n");
    let release = Release::of(&text, json!({"service": {"port": 80}}));
    let answers = release.ask_all(
        "web/templates/web.yaml",
        ("Service", "web"),
        vec![
            (
                "spec ports @port=80",
                json!({"port": 80, "targetPort": "http", "name": "http"}),
                Value::Null,
            ),
            (
                "spec ports @port=8000",
                Value::Null,
                json!({"port": 8000, "targetPort": "http", "name": "http", "protocol": "TCP"}),
            ),
        ],
    );
    for answer in answers {
        assert_eq!(set(answer), verified("service.port", json!(8000)));
    }
}

#[test]
fn no_key_leaves_an_element_without_its_key() {
    let text = format!("{SERVICE}  - port: {{{{ .Values.service.port }}}}\n    name: http\n");
    let release = Release::of(&text, json!({"service": {"port": 80}}));
    let answer = release.ask_in(
        "web/templates/web.yaml",
        ("Service", "web"),
        "spec ports @port=80",
        json!({"port": 80, "name": "http"}),
        Value::Null,
    );
    assert_eq!(refused(answer), Reason::NotKept);
}

#[test]
fn no_key_leaves_a_field_empty_elsewhere() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      \
                containers:\n      - name: web\n        volumeMounts:\n        {{- range .Values.volumes }}\n        \
                - name: {{ .name }}\n          mountPath: {{ .path }}\n        {{- end }}\n      volumes:\n      \
                {{- range .Values.volumes }}\n      - name: {{ .name }}\n        emptyDir: {}\n      {{- end }}\n";
    let release = Release::of(text, json!({"volumes": []}));
    let answer = release.ask_in(
        "web/templates/web.yaml",
        ("Deployment", "web"),
        "spec template spec volumes @tmp",
        Value::Null,
        json!({"name": "tmp", "emptyDir": {}}),
    );
    refused(answer);
}
