//! Hot fixes whose key takes more with it than the field, or goes only with others.

use serde_json::{Value, json};

use super::{Reason, Release, named, refused, set, verified};

const TEMPLATE: &str = "web/templates/web.yaml";

/// A probe by HTTP becomes a command, and a hard rule a soft one: the switch that takes away what was deployed takes away what
/// lives as well.
#[test]
fn a_switch_that_takes_away_what_lives_beside_a_field_is_no_key() {
    let probe = "        {{- if .Values.probe.enabled }}\n        probe:\n          httpGet: {port: 80}\n          period: 10\n        \
                 {{- end }}\n        affinity:\n          {{- if eq .Values.anti \"hard\" }}\n          required: [{key: a}]\n          \
                 {{- end }}\n        {{- if .Values.hook }}\n        hook: {stop: {wait: 5}}\n        {{- end }}";
    let release = Release::of_container(
        probe,
        json!({"probe": {"enabled": true}, "anti": "hard", "hook": true}),
    );
    let container = "spec template spec containers @web";
    let path = |field: &str| format!("{container} {field}");
    let ask = |fields: &[(&str, Value, Value)]| {
        let paths: Vec<String> = fields.iter().map(|(field, ..)| path(field)).collect();
        let fields = fields.iter().zip(&paths);
        let fields = fields.map(|((_, deployed, live), path)| (&**path, deployed.clone(), live.clone()));
        release.ask_all(TEMPLATE, ("Deployment", "web"), fields.collect())
    };
    let none = Value::Null;
    // Something lives in its place, or beside it without drift.
    for fields in [
        vec![
            ("probe httpGet", json!({"port": 80}), none.clone()),
            ("probe exec", none.clone(), json!({"command": ["true"]})),
        ],
        vec![("probe httpGet", json!({"port": 80}), none.clone())],
        vec![
            ("hook stop", json!({"wait": 5}), none.clone()),
            ("hook start", none.clone(), json!({"wait": 5})),
        ],
    ] {
        let mut answers = ask(&fields);
        assert_eq!(refused(answers.remove(0)), Reason::NotKept, "{fields:?}");
    }
    // All of it is gone.
    let all = ask(&[(
        "probe",
        json!({"httpGet": {"port": 80}, "period": 10}),
        none.clone(),
    )]);
    assert_eq!(
        set(all.into_iter().next().unwrap()),
        verified("probe.enabled", json!(false))
    );
    let parts = ask(&[
        ("probe httpGet", json!({"port": 80}), none.clone()),
        ("probe period", json!(10), none.clone()),
    ]);
    for answer in parts {
        assert_eq!(set(answer), verified("probe.enabled", json!(false)));
    }
    let only = ask(&[("hook stop", json!({"wait": 5}), none)]);
    assert_eq!(
        set(only.into_iter().next().unwrap()),
        verified("hook", json!(false))
    );
}

/// `rollingUpdate: {}` beside `type: Recreate` is refused by the API server.
#[test]
fn a_map_is_taken_away_and_not_left_empty_where_both_can_be() {
    let release = Release::of_container(
        "        strategy:\n{{ toYaml .Values.strategy | indent 10 }}",
        json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}),
    );
    let answer = release.ask("strategy rollingUpdate", json!({"maxSurge": 1}), Value::Null);
    assert_eq!(set(answer), verified("strategy.rollingUpdate", Value::Null));
    // A template that writes the map itself leaves no choice.
    let release = Release::of_container(
        "        limits:\n          {{- range $key, $value := .Values.limits }}\n          {{ $key }}: {{ $value }}\n          \
         {{- else }} {}{{ end }}",
        json!({"limits": {"cpu": "1"}}),
    );
    let answer = release.ask("limits", json!({"cpu": "1"}), Value::Null);
    assert_eq!(set(answer), verified("limits.cpu", Value::Null));
}

#[test]
fn keys_that_a_chart_or_its_schema_refuses_together_are_not_named_together() {
    let schema =
        json!({"not": {"properties": {"a": {"const": "q"}, "b": {"minimum": 5}}, "required": ["a", "b"]}});
    let text = "        a: {{ .Values.a }}\n        b: {{ .Values.b }}\n        c: {{ .Values.c }}";
    let stops =
        "\n        {{- if and (eq .Values.a \"q\") (gt (int .Values.b) 4) }}{{ fail \"not both\" }}{{ end }}";
    let values = json!({"a": "p", "b": 1, "c": 1});
    let container = "spec template spec containers @web";
    for release in [
        Release::of_container(text, values.clone()).with_schema(&schema),
        Release::of_container(&format!("{text}{stops}"), values.clone()),
    ] {
        let [a, b, c] = ["a", "b", "c"].map(|name| format!("{container} {name}"));
        let fields = vec![
            (&*a, json!("p"), json!("q")),
            (&*b, json!(1), json!(7)),
            (&*c, json!(1), json!(2)),
        ];
        let mut answers = release
            .ask_all(TEMPLATE, ("Deployment", "web"), fields)
            .into_iter();
        assert_eq!(set(answers.next().unwrap()), verified("a", json!("q")));
        assert_eq!(refused(answers.next().unwrap()), Reason::NotTogether);
        assert_eq!(set(answers.next().unwrap()), verified("c", json!(2)));
        // By itself it is right.
        assert_eq!(set(release.ask("b", json!(1), json!(7))), verified("b", json!(7)));
    }
}

#[test]
fn a_key_that_also_changes_a_selector_is_not_named() {
    let labels = "{{ range $key, $value := .Values.labels }}\n    {{ $key }}: {{ $value }}{{ end }}";
    let template = |selector: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels:{labels}\nspec:\n  selector:\n    \
             matchLabels: {{app: web}}\n    {selector}"
        )
    };
    let values = json!({"labels": {"app": "web"}});
    let ask = |release: &Release| {
        let object = ("Deployment", "web");
        release.ask_in(TEMPLATE, object, "metadata labels team", Value::Null, json!("a"))
    };
    let fixed = Release::of(
        &template("").replace(
            "matchLabels: {app: web}",
            &format!("matchLabels:{}", labels.replace("    ", "      ")),
        ),
        values.clone(),
    );
    assert_eq!(refused(ask(&fixed)), Reason::NoneFound);
    // An object that was made anew has such a field already.
    let release = Release::of(
        &template("replicas: {{ .Values.replicas }}").replace("{app: web}", "{app: {{ .Values.app }}}"),
        json!({"labels": {}, "app": "web", "replicas": 1}),
    );
    let path = "spec selector matchLabels app";
    let answer = release.ask_in(TEMPLATE, ("Deployment", "web"), path, json!("web"), json!("api"));
    assert_eq!(set(answer), verified("app", json!("api")));
    assert_eq!(
        set(ask(&Release::of(&template(""), values))),
        verified("labels.team", json!("a"))
    );
}

/// `resources: {}` beside a preset, and `customLivenessProbe`: all that is deployed there is given, as it lives.
#[test]
fn an_empty_key_that_replaces_what_the_chart_writes_is_given_all_of_it() {
    let resources = "        {{- if .Values.resources }}\n        resources: {{- toYaml .Values.resources | nindent 10 }}\n        \
                     {{- else }}\n        resources: {limits: {cpu: 750m, memory: 768Mi}}\n        {{- end }}";
    let probe = "        {{- if .Values.customProbe }}\n        probe: {{- toYaml .Values.customProbe | nindent 10 }}\n        \
                 {{- else if .Values.probe.enabled }}\n        probe: {path: /, period: {{ .Values.probe.period }}}\n        {{- end }}";
    let release = Release::of_container(
        &format!("{resources}\n{probe}"),
        json!({"resources": {}, "customProbe": {}, "probe": {"enabled": true, "period": 10}}),
    );
    let limits = |memory: &str| json!({"limits": {"cpu": "750m", "memory": memory}});
    assert_eq!(
        set(release.ask("resources limits memory", json!("768Mi"), json!("2Gi"))),
        verified("resources", limits("2Gi"))
    );
    assert_eq!(
        set(release.ask("probe path", json!("/"), json!("/ready"))),
        verified("customProbe", json!({"path": "/ready", "period": 10}))
    );
    assert_eq!(
        set(release.ask("probe period", json!(10), json!(20))),
        verified("probe.period", json!(20))
    );
}

/// A metric of an autoscaler and a port are known by the keys of their types, and by their place in a template.
#[test]
fn a_field_is_no_side_effect_of_its_own_key() {
    let release = Release::of_container(
        "        ports:\n        - name: http\n          containerPort: {{ .Values.port }}\n        env:\n        - {name: PORT, value: {{ .Values.port | quote }}}",
        json!({"port": 80}),
    );
    let ports = "spec template spec containers @web ports";
    let [was, is] = [80, 8080].map(|port| format!("{ports} @containerPort={port},protocol=TCP"));
    let port = |number: u16| json!({"name": "http", "containerPort": number});
    let fields = vec![(&*was, port(80), Value::Null), (&*is, Value::Null, port(8080))];
    for answer in release.ask_all(TEMPLATE, ("Deployment", "web"), fields) {
        let found = named(answer);
        let moved: Vec<&str> = found.also_changes.iter().map(|moved| &*moved.path).collect();
        assert_eq!(
            moved,
            ["/spec/template/spec/containers[name=web]/env[name=PORT]/value"]
        );
    }
}

/// The text in a block was chosen by other keys, and so did not hang on the switch of the block any more.
#[test]
fn a_switch_takes_away_a_block_whose_text_other_keys_choose() {
    for inner in [
        "{{ if .Values.probe.http }}httpGet{{ else }}tcpSocket{{ end }}: {port: 80}",
        "{{ $p := dict }}{{ if not .Values.probe.http }}{{ $_ := set $p \"tcpSocket\" (dict \"port\" 80) }}{{ end }}{{ \
         toYaml $p | nindent 10 }}",
    ] {
        let release = Release::of_container(
            &format!(
                "        {{{{- if .Values.probe.enabled }}}}\n        readinessProbe:\n          {inner}\n        {{{{- end }}}}"
            ),
            json!({"probe": {"enabled": true, "http": false}}),
        );
        let answer = release.ask("readinessProbe", json!({"tcpSocket": {"port": 80}}), Value::Null);
        assert_eq!(set(answer), verified("probe.enabled", json!(false)), "{inner}");
    }
}
