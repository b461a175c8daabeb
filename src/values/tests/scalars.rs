//! Scalars that changed, came or went.

use serde_json::{Value, json};

use super::{DefaultNulls, Reason, Release, named, refused, set, verified};

#[test]
fn a_changed_scalar_names_the_key_behind_it() {
    for (text, values, deployed, live, key, value) in [
        // A number, a text and a bool keep the type that the key has.
        (
            "{{ .Values.a }}",
            json!({"a": 1}),
            json!(1),
            json!(2),
            "a",
            json!(2),
        ),
        (
            "{{ .Values.a | quote }}",
            json!({"a": 1}),
            json!("1"),
            json!("2"),
            "a",
            json!(2),
        ),
        (
            "{{ .Values.a | quote }}",
            json!({"a": "1"}),
            json!("1"),
            json!("2"),
            "a",
            json!("2"),
        ),
        (
            "{{ .Values.a.b }}",
            json!({"a": {"b": true}}),
            json!(true),
            json!(false),
            "a.b",
            json!(false),
        ),
        // The part of a text that is a value.
        (
            "\"{{ .Values.repo }}:{{ .Values.tag }}\"",
            json!({"repo": "r", "tag": "1"}),
            json!("r:1"),
            json!("r:2"),
            "tag",
            json!("2"),
        ),
        // A default stands in for an empty key.
        (
            "{{ .Values.a | default \"x\" }}",
            json!({"a": ""}),
            json!("x"),
            json!("z"),
            "a",
            json!("z"),
        ),
        (
            "{{ .Values.a | default .Values.b }}",
            json!({"a": null, "b": "x"}),
            json!("x"),
            json!("z"),
            "a",
            json!("z"),
        ),
        // A value that is a template itself.
        (
            "{{ tpl .Values.a . }}",
            json!({"a": "x"}),
            json!("x"),
            json!("z"),
            "a",
            json!("z"),
        ),
        // The other branch of a condition.
        (
            "{{ ternary \"left\" \"right\" .Values.a }}",
            json!({"a": true}),
            json!("left"),
            json!("right"),
            "a",
            json!(false),
        ),
        (
            "{{ if .Values.a }}{{ .Values.a }}{{ else }}x{{ end }}",
            json!({"a": ""}),
            json!("x"),
            json!("z"),
            "a",
            json!("z"),
        ),
    ] {
        let release = Release::of_container(&format!("        field: {text}"), values);
        let answer = release.ask("field", deployed, live);
        assert_eq!(set(answer), verified(key, value), "{text}");
    }
}

#[test]
fn nothing_is_named_where_no_key_keeps_what_lives() {
    for (text, values, deployed, live, reason) in [
        ("fixed", json!({}), "fixed", "other", Reason::SetByChart),
        (
            "{{ .Values.a }}-{{ .Values.b }}",
            json!({"a": "x", "b": "y"}),
            "x-y",
            "p-q",
            Reason::SeveralKeys,
        ),
        (
            "{{ .Values.a }}{{ if ne .Values.a \"x\" }}{{ fail \"only x\" }}{{ end }}",
            json!({"a": "x"}),
            "x",
            "y",
            Reason::NotKept,
        ),
        ("{{ .Values.a }}", json!({"a": "p"}), "x", "y", Reason::Differs),
        (
            "{{ .Values.a | upper }}",
            json!({"a": "x"}),
            "X",
            "Y",
            Reason::NotEvaluated,
        ),
    ] {
        let release = Release::of_container(&format!("        field: {text}"), values);
        let answer = release.ask("field", deployed.into(), live.into());
        assert_eq!(refused(answer), reason, "{text}");
    }
}

/// Texts of the template that another value would replace: "the chart sets it itself" would be wrong of all of them.
#[test]
fn what_values_choose_is_not_called_set_by_the_chart() {
    let on = |key: &str| verified(key, json!(true));
    for (text, values, answer) in [
        (
            "{{ $x := \"one\" }}{{ if .Values.a }}{{ $x = \"two\" }}{{ end }}{{ $x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $x := \"one\" }}{{ with .Values.b }}{{ if .a }}{{ $x = \"two\" }}{{ end }}{{ end }}{{ $x }}",
            json!({"b": {"a": false}}),
            Some(on("b.a")),
        ),
        (
            "{{ $d := dict \"x\" \"one\" }}{{ if .Values.a }}{{ $_ := set $d \"x\" \"two\" }}{{ end }}{{ $d.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $d := dict \"in\" (dict \"x\" \"one\") }}{{ if .Values.a }}{{ $_ := set $d.in \"x\" \"two\" }}{{ end \
             }}{{ $d.in.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $l := list }}{{ if not .Values.a }}{{ $l = append $l \"one\" }}{{ else }}{{ $l = append $l \"two\" }}\
             {{ end }}{{ range $l }}{{ . }}{{ end }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ get (dict \"one\" \"one\" \"two\" \"two\") .Values.size }}",
            json!({"size": "one"}),
            None,
        ),
        (
            "{{ (dict \"one\" \"one\" \"two\" \"two\") | dig .Values.size \"none\" }}",
            json!({"size": "one"}),
            None,
        ),
        (
            "{{ (dict \"two\" \"two\") | dig .Values.size \"one\" }}",
            json!({"size": "none"}),
            None,
        ),
        (
            "{{ range pick (dict \"x\" \"one\" \"y\" \"two\") .Values.name }}{{ . }}{{ end }}",
            json!({"name": "x"}),
            None,
        ),
        (
            "{{ range omit (dict \"x\" \"one\" \"y\" \"two\") .Values.name }}{{ . }}{{ end }}",
            json!({"name": "y"}),
            None,
        ),
        (
            "{{ index (dict \"one\" \"one\" \"two\" \"two\") .Values.size }}",
            json!({"size": "one"}),
            None,
        ),
        (
            "{{ index (list \"one\" \"two\") (int .Values.size) }}",
            json!({"size": 0}),
            None,
        ),
        (
            "{{ pluck .Values.size (dict \"one\" \"one\" \"two\" \"two\") | first }}",
            json!({"size": "one"}),
            None,
        ),
        (
            "{{ define \"t.one\" }}one{{ end }}{{ define \"t.two\" }}two{{ end }}{{ include (printf \"t.%s\" .Values.size) . }}",
            json!({"size": "one"}),
            None,
        ),
        (
            "{{ range $i := until (int .Values.n) }}{{ if eq $i 0 }}one{{ end }}{{ end }}",
            json!({"n": 1}),
            None,
        ),
        (
            "{{ $n := 0 }}{{ range .Values.l }}{{ $n = add1 $n }}{{ end }}{{ if eq (int $n) 1 }}one{{ else }}two{{ end }}",
            json!({"l": ["x"]}),
            None,
        ),
        (
            "{{ range list 1 2 }}{{ if and (eq . 2) $.Values.a }}{{ continue }}{{ end }}{{ if eq . 2 }}one{{ end }}{{ end }}",
            json!({"a": false}),
            None,
        ),
        (
            "{{ range $name, $_ := .Values.m }}one{{ end }}",
            json!({"m": {"x": 1}}),
            None,
        ),
        (
            "{{ $d := dict \"x\" \"one\" }}{{ $o := $d }}{{ if .Values.a }}{{ $_ := set $o \"x\" \"two\" }}{{ end }}{{ $d.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ define \"t.set\" }}{{ if .on }}{{ $_ := set .m \"x\" \"two\" }}{{ end }}{{ end }}{{ $d := dict \"x\" \"one\" }}{{ include \"t.set\" (dict \"m\" $d \"on\" .Values.a) }}{{ $d.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ define \"t.out\" }}{{ if .V.a }}{{ $_ := set .out \"x\" \"two\" }}{{ end }}{{ end }}{{ $c := dict \"out\" (dict \"x\" \"one\") }}{{ include \"t.out\" (merge (dict \"V\" .Values) $c) }}{{ get $c.out \"x\" }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ define \"t.out\" }}{{ if .V.a }}{{ $_ := set .out \"x\" \"two\" }}{{ end }}{{ end }}{{ $c := dict \"out\" (dict) }}{{ include \"t.out\" (merge (dict \"V\" .Values) $c) }}{{ get $c.out \"x\" | default \"one\" }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $d := dict \"in\" (dict \"x\" \"one\") }}{{ with $d.in }}{{ if $.Values.a }}{{ $_ := set . \"x\" \"two\" }}{{ end }}{{ end }}{{ $d.in.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $d := dict \"in\" (dict \"x\" \"one\") }}{{ range $n, $m := $d }}{{ if $.Values.a }}{{ $_ := set $m \"x\" \"two\" }}{{ end }}{{ end }}{{ $d.in.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $l := list (dict \"x\" \"one\") }}{{ if .Values.a }}{{ $_ := set (index $l 0) \"x\" \"two\" }}{{ end }}{{ (index $l 0).x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $d := dict \"in\" (dict \"x\" \"one\") }}{{ if .Values.a }}{{ $_ := set (get $d \"in\") \"x\" \"two\" }}{{ end }}{{ $d.in.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ define \"t.set\" }}{{ $_ := set . \"x\" \"two\" }}{{ end }}{{ $d := dict \"x\" \"one\" }}{{ if .Values.a }}{{ template \"t.set\" $d }}{{ end }}{{ $d.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ define \"t.set\" }}{{ $_ := set . \"x\" \"two\" }}{{ end }}{{ $d := dict \"x\" \"one\" }}{{ if .Values.a }}{{ $_ := include \"t.set\" $d }}{{ end }}{{ $d.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ define \"t.set\" }}{{ $_ := set . \"x\" \"two\" }}{{ end }}{{ $d := dict \"x\" \"one\" }}{{ if .Values.a }}{{ $d | include \"t.set\" }}{{ end }}{{ $d.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $d := dict \"x\" \"one\" }}{{ if .Values.a }}{{ tpl \"{{ $_ := set . `x` `two` }}\" $d }}{{ end }}{{ $d.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $l := list (dict \"x\" \"one\") }}{{ if .Values.a }}{{ range $l }}{{ $_ := set . \"x\" \"two\" }}{{ end }}{{ end }}{{ (index $l 0).x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ $d := dict \"x\" \"one\" }}{{ $c := deepCopy $d }}{{ if .Values.a }}{{ $_ := merge $c (dict \"y\" \"two\") }}{{ end }}{{ $c.y | default $d.x }}",
            json!({"a": false}),
            Some(on("a")),
        ),
        (
            "{{ without (list \"one\" \"two\") .Values.n | first }}",
            json!({"n": "two"}),
            None,
        ),
        (
            "{{ without (list \"one\" \"two\") .Values.n | join \",\" }}",
            json!({"n": "two"}),
            None,
        ),
        (
            "{{ list \"one\" \"two\" .Values.n | sortAlpha | first }}",
            json!({"n": "z"}),
            None,
        ),
        (
            "{{ list \"a\" \"one\" .Values.n | uniq | last }}",
            json!({"n": "a"}),
            None,
        ),
        (
            "{{ $d := dict \"q\" \"one\" }}{{ $_ := set $d .Values.n \"two\" }}{{ $d.q }}",
            json!({"n": "x"}),
            None,
        ),
        (
            "{{ $d := dict \"q\" \"two\" }}{{ $_ := unset $d .Values.n }}{{ $d.q | default \"one\" }}",
            json!({"n": "q"}),
            None,
        ),
        (
            "{{ (dict .Values.n \"two\").q | default \"one\" }}",
            json!({"n": "x"}),
            None,
        ),
        (
            "{{ $d := dict \"q\" \"two\" }}{{ $_ := unset $d .Values.n }}{{ if hasKey $d \"q\" }}two{{ else }}one{{ end }}",
            json!({"n": "q"}),
            None,
        ),
        (
            "{{ $d := dict \"q\" \"two\" }}{{ $_ := unset $d .Values.n }}{{ toYaml $d | replace \"{}\" \"one\" }}",
            json!({"n": "q"}),
            None,
        ),
    ] {
        let release = Release::of_container(&format!("        field: {text}"), values);
        let given = release.ask("field", json!("one"), json!("two"));
        match answer {
            Some(answer) => assert_eq!(set(given), answer, "{text}"),
            None => assert_eq!(refused(given), Reason::NotEvaluated, "{text}"),
        }
    }
}

/// A condition that renders nothing says that other values render something.
#[test]
fn a_condition_may_go_on_with_a_line_to_which_it_adds_nothing() {
    let block = "one\n        {{- if .Values.a }}\n        other: x\n        {{- end }}";
    let included =
        "one{{ if .Values.a }}{{ include \"t\" . | nindent 8 }}{{ end }}{{ define \"t\" }}other: x{{ end }}";
    for (text, values, live, answer) in [
        (
            "\"{{ .Values.repo }}:1{{ if .Values.a }}-x{{ end }}\"",
            json!({"a": false, "repo": "one"}),
            "one:1-x",
            Ok(verified("a", json!(true))),
        ),
        (
            "\"{{ .Values.repo }}:1{{ if .Values.a }}-x{{ end }}\"",
            json!({"a": false, "repo": "one"}),
            "two:1",
            Ok(verified("repo", json!("two"))),
        ),
        (
            "one{{ if .Values.a }}{{ if .Values.b }}-x{{ end }}{{ end }}",
            json!({"a": true, "b": false}),
            "one-x",
            Ok(verified("b", json!(true))),
        ),
        (
            "{{ if .Values.a }}x-{{ end }}one",
            json!({"a": false}),
            "x-one",
            Ok(verified("a", json!(true))),
        ),
        (
            "one{{ if .Values.a }}{{ else }}-x{{ end }}",
            json!({"a": true}),
            "one-x",
            Ok(verified("a", json!(false))),
        ),
        (
            "one{{ range .Values.l }},{{ . }}{{ end }}",
            json!({"l": []}),
            "one,two",
            Err(Reason::NotEvaluated),
        ),
        (block, json!({"a": false}), "two", Err(Reason::SetByChart)),
        (included, json!({"a": false}), "two", Err(Reason::SetByChart)),
    ] {
        let deployed = if text.contains(":1") { "one:1" } else { "one" };
        let release = Release::of_container(&format!("        field: {text}"), values);
        let given = release.ask("field", json!(deployed), json!(live));
        match answer {
            Ok(answer) => assert_eq!(set(given), answer, "{text}"),
            Err(reason) => assert_eq!(refused(given), reason, "{text}"),
        }
    }
}

#[test]
fn a_value_that_the_schema_refuses_is_not_named() {
    let schema = json!({"properties": {"a": {"enum": ["x", "z"]}}});
    let release =
        Release::of_container("        field: {{ .Values.a }}", json!({"a": "x"})).with_schema(&schema);
    assert_eq!(
        refused(release.ask("field", json!("x"), json!("w"))),
        Reason::RefusedBySchema
    );
    assert_eq!(
        set(release.ask("field", json!("x"), json!("z"))),
        verified("a", json!("z"))
    );
}

#[test]
fn a_key_that_names_objects_is_not_named() {
    let template =
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.a }}\nspec:\n  x: {{ .Values.a }}\n";
    let release = Release::of(template, json!({"a": "web"}));
    let answer = release.ask_in(
        "web/templates/web.yaml",
        ("Service", "web"),
        "spec x",
        json!("web"),
        json!("other"),
    );
    assert_eq!(refused(answer), Reason::NamesObjects);
}

#[test]
fn other_fields_that_the_key_moves_are_told() {
    let release = Release::of_container(
        "        field: {{ .Values.a }}\n        twin: {{ .Values.a }}",
        json!({"a": "x"}),
    );
    let found = named(release.ask("field", json!("x"), json!("z")));
    let paths: Vec<&str> = found
        .also_changes
        .iter()
        .map(|moved| moved.path.as_str())
        .collect();
    assert_eq!(paths, ["/spec/template/spec/containers[name=web]/twin"]);
}

#[test]
fn a_field_that_was_taken_away_is_kept_away() {
    for (text, values, deployed, key, value) in [
        (
            "        map:\n          {{- toYaml .Values.map | nindent 10 }}",
            json!({"map": {"a": 1, "field": "x"}}),
            json!("x"),
            "map.field",
            Value::Null,
        ),
        (
            "        {{- if .Values.on }}\n        map: {field: x}\n        {{- end }}",
            json!({"on": true}),
            json!("x"),
            "on",
            json!(false),
        ),
    ] {
        let release = Release::of_container(text, values);
        let answer = release.ask("map field", deployed, Value::Null);
        assert_eq!(set(answer), verified(key, value), "{text}");
    }
}

#[test]
fn the_nulls_of_a_chart_are_those_of_the_helm_that_deployed_it() {
    let text = "        {{- if hasKey .Values.a \"b\" }}\n        field: null-{{ .Values.c }}\n        {{- else }}\n        \
                field: {{ .Values.c }}\n        {{- end }}";
    let values = json!({"a": {"b": null}, "c": "x"});
    for (nulls, deployed, live) in [
        (DefaultNulls::Kept, "null-x", "null-z"),
        (DefaultNulls::Kept, "x", "z"),
        (DefaultNulls::Dropped, "null-x", "null-z"),
        (DefaultNulls::Dropped, "x", "z"),
    ] {
        let mut release = Release::of_container(text, values.clone());
        release.0.default_nulls = nulls;
        let answer = release.ask("field", json!(deployed), json!(live));
        assert_eq!(set(answer), verified("c", json!("z")), "{nulls:?} {deployed}");
    }
}

#[test]
fn a_key_with_which_the_chart_would_fail_is_not_named_though_a_condition_is_not_known() {
    let text = "        {{- with .Values.probe }}\n        probe:\n          {{- toYaml . | nindent 10 }}\n        {{- end }}\n        \
                {{- if .Capabilities.HelmVersion.Version }}\n        some: thing\n        {{- end }}\n        port: {{ .Values.probe.get.port }}";
    let probe = json!({"get": {"port": 80}});
    let release = Release::of_container(text, json!({"probe": probe}));
    let answer = release.ask("probe", probe, Value::Null);
    assert_eq!(refused(answer), Reason::NotKept);
}

#[test]
fn a_field_that_was_added_is_named_without_what_is_around_it() {
    let text = "        {{- with .Values.resources }}\n        resources:\n          {{- toYaml . | nindent 10 }}\n        {{- end }}";
    for values in [
        json!({"resources": {}}),
        json!({"resources": {"limits": {"cpu": "1"}}}),
    ] {
        let release = Release::of_container(text, values.clone());
        let found = named(release.ask("resources limits memory", Value::Null, json!("1Gi")));
        assert_eq!(
            found.snippet,
            json!({"resources": {"limits": {"memory": "1Gi"}}}),
            "{values}"
        );
        assert_eq!(found.also_changes, [], "{values}");
    }
}

/// As a number it would be printed without the zeros.
#[test]
fn a_number_with_zeros_around_it_is_given_as_a_text() {
    let release = Release::of_container("        field: {{ .Values.a | quote }}", json!({"a": 420}));
    for (live, value) in [
        ("0600", json!("0600")),
        ("2.50", json!("2.50")),
        ("1.0", json!("1.0")),
        ("384", json!(384)),
        ("2.5", json!(2.5)),
    ] {
        let answer = release.ask("field", json!("420"), json!(live));
        assert_eq!(set(answer), verified("a", value), "{live}");
    }
}

/// A `ConfigMap` with one entry, and the answer about it.
fn ask_entry(entry: &str, values: Value, deployed: &str, live: &str) -> super::Answer {
    let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  v: {entry}\n");
    Release::of(&text, values).ask_in(
        "web/templates/web.yaml",
        ("ConfigMap", "web"),
        "data v",
        json!(deployed),
        json!(live),
    )
}

#[test]
fn a_text_that_yaml_reads_as_something_else_is_kept_only_by_what_quotes_it() {
    for live in [
        "true", "123", "1000000", "0644", "z ", " z", "\tz", "", "null", "z\n",
    ] {
        let values = json!({"a": "foo"});
        for entry in ["{{ .Values.a | quote }}", "{{ toJson .Values.a }}"] {
            let answer = ask_entry(entry, values.clone(), "foo", live);
            assert_eq!(set(answer), verified("a", json!(live)), "{entry} {live:?}");
        }
        let answer = ask_entry("{{ .Values.a }}", values, "foo", live);
        assert_eq!(refused(answer), Reason::NotKept, "{live:?}");
    }
}

#[test]
fn white_space_that_the_template_takes_or_gives_is_no_value() {
    for (entry, deployed, live) in [
        ("{{ .Values.a | trim | quote }}", "foo", "x\n"),
        ("{{ .Values.a | indent 2 | quote }}", "  foo", "  x\n"),
        ("|\n    {{ .Values.a }}", "foo\n", "foo"),
    ] {
        refused(ask_entry(entry, json!({"a": "foo"}), deployed, live));
    }
    // YAML takes all but one break from the end of such a text.
    let answer = ask_entry("|\n    {{ .Values.a }}", json!({"a": "foo"}), "foo\n", "x\n");
    assert_eq!(set(answer), verified("a", json!("x")));
}

#[test]
fn a_number_is_kept_by_a_number_and_a_quantity_by_either() {
    let port = |live: Value| {
        let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  \
                    externalTrafficPort: {{ .Values.port | quote }}\n";
        let release = Release::of(text, json!({"port": "http"}));
        release.ask_in(
            "web/templates/web.yaml",
            ("Service", "web"),
            "spec externalTrafficPort",
            json!("http"),
            live,
        )
    };
    assert_eq!(set(port(json!("8080"))), verified("port", json!("8080")));
    assert_eq!(refused(port(json!(8080))), Reason::NotKept);
    let text = "        resources:\n          limits:\n            cpu: {{ .Values.cpu }}";
    let release = Release::of_container(text, json!({"cpu": 1}));
    let answer = release.ask("resources limits cpu", json!(1), json!("2"));
    assert_eq!(set(answer), verified("cpu", json!(2)));
}

/// Helm 4 applies on the server, where a number and a text are two values: whoever wrote the text would own another one.
#[test]
fn a_quantity_is_kept_as_the_text_that_lives() {
    let text = "        resources:\n          {{- toYaml .Values.resources | nindent 10 }}";
    let values = json!({"resources": {"limits": {"cpu": 1}}});
    let release = Release::of_container(text, values.clone());
    let ask = |release: &Release| set(release.ask("resources limits cpu", json!(1), json!("2")));
    assert_eq!(ask(&release), verified("resources.limits.cpu", json!("2")));
    let schema = json!({"properties": {"resources": {"properties": {"limits": {"properties":
        {"cpu": {"type": "number"}}}}}}});
    let release = Release::of_container(text, values).with_schema(&schema);
    assert_eq!(ask(&release), verified("resources.limits.cpu", json!(2)));
}

#[test]
fn the_upgrade_that_sets_a_key_has_the_next_revision() {
    let entry = "{{ .Values.first }}-{{ .Release.Revision }}";
    let asked = |live| ask_entry(entry, json!({"first": "one"}), "one-1", live);
    assert_eq!(refused(asked("two-1")), Reason::NotKept);
}

#[test]
fn what_every_upgrade_moves_is_not_moved_by_a_key() {
    let entry =
        "{{ .Values.first }}\n  other: {{ .Release.IsInstall }}-{{ .Release.Revision }}-{{ .Values.second }}";
    let found = named(ask_entry(
        entry,
        json!({"first": "one", "second": "x"}),
        "one",
        "two",
    ));
    assert_eq!(found.also_changes, []);
    let entry = "{{ .Values.first }}\n  other: {{ .Release.Revision }}-{{ .Values.first }}";
    let found = named(ask_entry(entry, json!({"first": "one"}), "one", "two"));
    assert_eq!(found.also_changes.len(), 1);
}

/// Go's templates refuse nil of a field for a text or a map, and take that of a pipeline for a map.
#[test]
fn a_key_is_not_taken_away_from_a_function_that_needs_it() {
    let block = |omitted: &str| {
        let field = "{{- with .Values.m }}\n        field:\n          {{- toYaml . | nindent 10 }}\n        {{- end }}";
        format!("        {field}\n        other: {{{{ {omitted} | toJson }}}}")
    };
    for (omitted, is_refused) in [
        ("omit .Values.m \"a\"", true),
        ("pick $.Values.m \"a\"", true),
        ("merge (dict \"b\" 1) .Values.m", true),
        ("get .Values.m \"a\"", true),
        ("hasKey .Values.m \"a\"", true),
        ("pluck \"a\" .Values.m", true),
        ("keys .Values.m", true),
        ("tpl .Values.m .", true),
        ("omit (.Values.m) \"a\"", false),
        ("len (.Values.m | keys)", false),
        ("dict \"a\" .Values.m", false),
    ] {
        let values = if omitted.starts_with("tpl") {
            json!({"m": "t"})
        } else {
            json!({"m": {"a": 1, "b": 2}})
        };
        let release = Release::of_container(&block(omitted), values.clone());
        let answer = release.ask("field", values["m"].clone(), Value::Null);
        let is_null = matches!(&answer, super::Answer::Key(found) if found.key.len() == 1);
        let shown = match &answer {
            super::Answer::Key(found) => format!("{:?} {}", found.key, found.value),
            super::Answer::None(reason) => reason.to_string(),
        };
        assert_eq!(!is_null, is_refused, "{omitted}: {shown}");
    }
}

#[test]
fn line_breaks_that_the_template_adds_are_not_given_to_the_key() {
    let config = "a: 1\nb: 2\n";
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  v: |\n    {{ tpl .Values.config . | nindent 4 }}\n";
    let release = Release::of(text, json!({ "config": config }));
    let answer = release.ask_in(
        "web/templates/web.yaml",
        ("ConfigMap", "web"),
        "data v",
        json!(format!("\n{config}")),
        json!("\na: 1\nb: 3\n"),
    );
    assert_eq!(set(answer), verified("config", json!("a: 1\nb: 3\n")));
}

/// The key is also a good one by its name.
#[test]
fn what_hangs_on_live_objects_has_no_key_by_name() {
    let entry = "{{ lookup \"v1\" \"ConfigMap\" \"prod\" \"web\" | empty | ternary .Values.v \"other\" }}";
    let answer = ask_entry(entry, json!({"v": "one"}), "one", "two");
    assert_eq!(refused(answer), Reason::NotEvaluated);
}

#[test]
fn what_only_an_installation_renders_is_kept_by_no_key() {
    for entry in [
        "{{ if .Release.IsInstall }}{{ .Values.first }}{{ else }}{{ .Values.later }}{{ end }}",
        "{{ if .Release.IsUpgrade }}{{ .Values.later }}{{ else }}{{ .Values.first }}{{ end }}",
        "{{ with lookup \"v1\" \"ConfigMap\" \"prod\" \"web\" }}{{ .data.v }}{{ else }}{{ .Values.first }}{{ end }}",
    ] {
        let values = json!({"first": "one", "later": "two"});
        refused(ask_entry(entry, values, "one", "three"));
    }
}

#[test]
fn what_functions_read_moves_with_the_key() {
    let read = |entry: &str| {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  v: {{{{ .Values.a }}}}\n  w: {entry}\n"
        );
        let answer = Release::of(&text, json!({"a": "foo"})).with_second(&format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndata:\n  w: {entry}\n"
        ));
        let answer = answer.ask_in(
            "web/templates/web.yaml",
            ("ConfigMap", "web"),
            "data v",
            json!("foo"),
            json!("bar"),
        );
        let also = named(answer).also_changes;
        let names = also.into_iter().map(|moved| moved.name);
        names.collect::<Vec<String>>()
    };
    for entry in [
        "{{ .Values.a }}",
        "{{ index . \"Values\" \"a\" }}",
        "{{ index .Values \"a\" }}",
        "{{ get (get $ \"Values\") \"a\" }}",
        "{{ (index $ \"Values\").a }}",
    ] {
        assert_eq!(read(entry), ["other", "web"], "{entry}");
    }
}
