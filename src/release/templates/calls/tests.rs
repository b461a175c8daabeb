use super::*;

const READS: &str = r#"{{ lookup "v1" "Secret" "a" "b" }}"#;

const NOTHING: [&str; 0] = [];

fn variations(files: &[(&str, &str)]) -> Variations {
    let mut calls = Calls::default();
    for (name, text) in files {
        calls.add_file(name, text.as_bytes());
    }
    calls.variations(false)
}

/// What varies in each file, as `cause` or `cause:key`.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    told(&variations(files))
}

fn told(variations: &Variations) -> Vec<String> {
    let cause = |cause| match cause {
        Cause::ReadsLive => "live",
        Cause::RendersAnew => "anew",
        Cause::NotRead => "unread",
        Cause::Dependency => "dependency",
    };
    let one = |variation: &Variation| match &variation.key {
        Some(key) => format!("{}:{key}", cause(variation.cause)),
        None => cause(variation.cause).to_owned(),
    };
    let files = variations.files.iter().map(|(file, found)| {
        // Of a name that is put together nobody knows whether a dependency has it.
        let is_told = |variation: &&Variation| found.len() == 1 || variation.cause != Cause::Dependency;
        let found: Vec<String> = found.iter().filter(is_told).map(one).collect();
        format!("{file} {}", found.join(" "))
    });
    files.chain(variations.other_files.iter().map(one)).collect()
}

#[test]
fn a_template_reads_by_itself_or_by_what_it_calls() {
    let helpers = r#"{{- define "app.password" -}}
        {{- if true }}{{ with (lookup "v1" "Secret" .ns "x") }}{{ .data.p }}{{ end }}{{ else }}none{{ end -}}
        {{- end -}}
        {{- define "app.labels" }}app: x{{ end }}
        {{- define "app.secret" }}{{ template "app.password" . }}{{ end }}"#;
    let files = [
        ("templates/_helpers.tpl", helpers),
        ("templates/a.yaml", r#"p: {{ include "app.secret" . }}"#),
        ("templates/b.yaml", r#"l: {{ include "app.labels" . }}"#),
        ("templates/c.yaml", r"{{- $x := lookup `v1` `Secret` `a` `b` -}}"),
        (
            "templates/d.yaml",
            r#"c/d: {{ include (print $.Template.BasePath "/a.yaml") . | sha256sum }}"#,
        ),
    ];
    assert_eq!(
        found(&files),
        [
            "templates/a.yaml live",
            "templates/c.yaml live",
            "templates/d.yaml live:c/d"
        ]
    );
}

/// Each way in which a template can come to another piece, with the file that reads live objects.
#[test]
fn a_call_is_found_however_it_is_written() {
    let helper = format!(r#"{{{{ define "app.c" }}}}{READS}{{{{ end }}}}"#);
    for call in [
        r#"{{ include "app.c" . }}"#,
        r#"{{ template "app.c" . }}"#,
        "{{ include `app.c` . }}",
        r#"{{- . | include "app.c" -}}"#,
        r#"{{ include (printf "%s.c" .Chart.Name) . }}"#,
        r#"{{ include (printf "app.%s" .x) . }}"#,
        r#"{{ include (printf "%s.%s" .x .y) . }}"#,
        r#"{{ include (printf "a%sp.%v" .x .y) . }}"#,
        r#"{{ include (printf "%s/templates/r.yaml" .Chart.Name) . }}"#,
        r#"{{ include ("app.c") . }}"#,
        r#"{{ range $t := list "app.c" }}{{ include $t $ }}{{ end }}"#,
        "{{ include (index . 1) (index . 0) }}",
        r#"{{ include (.Values.helper | default "app.c") . }}"#,
        r#"{{ include "app\x2ec" . }}"#,
        r#"{{ tpl "{{ include \"app.c\" . }}" . }}"#,
        r#"{{ tpl `{{ include "app.c" . }}` . }}"#,
        r#"{{ include (print $.Template.BasePath "/r.yaml") . }}"#,
        r#"{{ include (print .Template.BasePath "/" "r.yaml") . }}"#,
        r#"{{ include (printf "%s/r.yaml" $.Template.BasePath) . }}"#,
        r#"{{ include (printf "%s/%s" .root.Template.BasePath "r.yaml") . }}"#,
        r#"{{ $p := print $.Template.BasePath "/r.yaml" }}{{ include $p . }}"#,
        r#"{{ include "app/templates/r.yaml" . }}"#,
        r#"{{ tpl "{{ lookup \"v1\" \"Secret\" \"a\" \"b\" }}" . }}"#,
        r#"{{ $t := "{{\nlookup \"v1\" }}" }}{{ tpl $t . }}"#,
        r#"{{ if (lookup "v1" "Secret" "a" "b") }}{{ end }}"#,
        r#"{{ block "q" . }}{{ lookup "v1" "Pod" "" "" }}{{ end }}"#,
        r#"{{ define "y" }}{{ if 1 }}{{ end }}{{ end }}{{ lookup "v1" "Pod" "" "" }}"#,
        "{{ lookup",
    ] {
        let files = [
            ("templates/_h.tpl", helper.as_str()),
            ("templates/r.yaml", READS),
            ("templates/x.yaml", call),
        ];
        assert_eq!(
            found(&files),
            ["templates/r.yaml live", "templates/x.yaml live"],
            "{call}"
        );
    }
}

#[test]
fn the_word_alone_calls_nothing() {
    let helper = format!(r#"{{{{ define "app.c" }}}}{READS}{{{{ end }}}}"#);
    for text in [
        "lookup",
        "{{/* lookup \"v1\" */}} x",
        "{{- /* {{ lookup }} */ -}}",
        r#"{{ .Values.lookup }}{{ $lookup }}{{ "lookup" }}{{ lookups }}"#,
        "{{ `}} lookup {{` }}",
        r#"{{ "a \" lookup" }}"#,
        r#"{{ .Values.now }}{{ "now" }}{{ $now }} now {{ .Release.Name }}{{ .Release.RevisionX }}"#,
        r#"{{ include "app.d" . }}{{ define "app.d" }}d{{ end }}"#,
        "{{ tpl .Values.text . }}",
        r#"{{ include (print $.Template.BasePath "/y.yaml") . }}"#,
        r#"{{ include (printf "app.%sd" .x) . }}{{ define "app.d" }}d{{ end }}"#,
        r#"{{ include (printf "%s/y.yaml" $.Template.BasePath) . }}"#,
        r#"{{ include "app/templates/y.yaml" . }}"#,
    ] {
        let files = [
            ("templates/_h.tpl", helper.as_str()),
            ("templates/NOTES.txt", READS),
            ("templates/x.yaml", text),
            ("templates/y.yaml", "y"),
        ];
        assert_eq!(found(&files), NOTHING, "{text}");
    }
}

#[test]
fn what_tpl_renders_is_in_values_and_files() {
    for (text, expected) in [
        (READS, &["templates/x.yaml live"][..]),
        (r#"a: {{ include "app.c" . }}"#, &["templates/x.yaml live"]),
        ("{{ include .name . }}", &["templates/x.yaml live"]),
        ("{{ .Values.a }} lookup", &[]),
        (r#"{{ define "late" }}{{ randAlphaNum 5 }}{{ end }}"#, &[]),
    ] {
        let mut calls = Calls::default();
        calls.add_file("templates/x.yaml", b"{{ tpl .Values.text . }}");
        calls.add_file("templates/y.yaml", b"{{ .Values.text }}");
        calls.add_file(
            "templates/_h.tpl",
            format!(r#"{{{{ define "app.c" }}}}{READS}{{{{ end }}}}"#).as_bytes(),
        );
        let mut texts = Calls::default();
        texts.add_text(text.as_bytes());
        calls.absorb(texts);
        assert_eq!(told(&calls.variations(false)), expected, "{text}");
    }
}

/// All of sprig that is not the same each time, and what Helm sets for each operation.
#[test]
fn what_is_rendered_anew_is_known_with_its_key() {
    for (text, expected) in [
        ("a: {{ randAlphaNum 5 | quote }}", "anew:a"),
        ("a: {{ randAlpha 5 }}", "anew:a"),
        ("a: {{ randNumeric 5 }}", "anew:a"),
        ("a: {{ randAscii 5 | b64enc }}", "anew:a"),
        ("a: {{ randInt 1 5 }}", "anew:a"),
        ("a: {{ randBytes 5 }}", "anew:a"),
        ("a: {{ uuidv4 }}", "anew:a"),
        ("a: {{ now | date \"2006\" }}", "anew:a"),
        ("a: {{ ago .Values.t }}", "anew"),
        ("a: {{ shuffle \"abc\" }}", "anew"),
        ("a: {{ htpasswd \"a\" \"b\" }}", "anew:a"),
        ("a: {{ bcrypt \"a\" }}", "anew:a"),
        ("a: {{ encryptAES \"a\" \"b\" }}", "anew:a"),
        ("a: {{ getHostByName \"a\" | quote }}", "anew:a"),
        ("{{ $ca := genCA \"a\" 365 }}a: {{ $ca.Cert | b64enc }}", "anew"),
        (
            "a: {{ (genSelfSignedCert \"a\" nil nil 1).Key | b64enc }}",
            "anew:a",
        ),
        ("{{ genSignedCert \"a\" }}", "anew"),
        ("a: {{ genPrivateKey \"rsa\" | b64enc | quote }}", "anew:a"),
        ("a: {{ .Release.Revision | quote }}", "anew:a"),
        ("a: {{ $.Release.Revision }}", "anew:a"),
        ("{{ if .Release.IsInstall }}a: b{{ end }}", "anew"),
        ("{{ if not .ctx.Release.IsUpgrade }}a: b{{ end }}", "anew"),
        (
            "a: {{ include \"pw\" . | quote }}{{ define \"pw\" }}{{ randAlpha 5 }}{{ end }}",
            "anew:a",
        ),
        (
            "{{ include \"an\" . | nindent 4 }}{{ define \"an\" }}\nroll: {{ randAlpha 5 }}{{ end }}",
            "anew:roll",
        ),
        (
            "a: {{ include \"pw\" . }}{{ define \"pw\" }}{{ randAlpha 5 }}{{ end }}",
            "anew",
        ),
        ("a: {{ tpl `{{ randAlpha 5 }}` . | quote }}", "anew:a"),
        ("{{ with .Release }}a: {{ .Revision }}{{ end }}", "anew"),
        ("{{ $r := .Release }}\na: {{ $r.Revision }}", "anew:a"),
        ("a: {{ (.Release).Revision }}", "anew"),
        ("a: {{ index .Release \"Revision\" | quote }}", "anew:a"),
        ("a: {{ pick .Release \"Revision\" | toJson }}", "anew:a"),
        ("a: {{ .Release | toJson | sha256sum }}", "anew:a"),
        ("a: {{ $ | toJson | sha256sum }}", "anew:a"),
        ("a: {{ now.UnixNano | quote }}", "anew:a"),
        ("a: {{ keys .Values.m | join \",\" | quote }}", "anew:a"),
        ("a: {{ date \"15:04:05\" .Values.n | quote }}", "anew:a"),
        (
            "a: {{ durationRound (toDate \"2006\" .Values.t) | quote }}",
            "anew:a",
        ),
        ("a: {{ .Chart.Name }}-{{ .Release.Revision }}", "anew:a"),
        ("a: {{ .Values.pw | default (randAlphaNum 10) }}", "anew:a"),
    ] {
        assert_eq!(
            found(&[("x.yaml", text)]),
            [format!("x.yaml {expected}")],
            "{text}"
        );
    }
}

/// What a dependency defines is not in the record; a chart's own template of the same name is.
#[test]
fn the_template_of_a_dependency_is_doubted_or_known_by_name() {
    for (text, expected) in [
        (
            r#"{{ include "common.secrets.passwords.manage" (dict "secret" "x") }}"#,
            Some("live"),
        ),
        (r#"{{ include "lib.secret" . }}"#, Some("dependency")),
        (
            r#"a: {{ include "lib.password" . | b64enc }}"#,
            Some("dependency:a"),
        ),
        (
            r#"{{ include "common.names.fullname" . }}{{ include "lib.labels" . }}"#,
            None,
        ),
        (
            r#"{{ include "common.tplvalues.render" (dict "value" .Values.x) }}"#,
            None,
        ),
        (
            r#"{{ include "lib.secret" . }}{{ define "lib.secret" }}x{{ end }}"#,
            None,
        ),
    ] {
        let expected = expected.map(|expected| format!("a {expected}"));
        assert_eq!(found(&[("a", text)]), Vec::from_iter(expected), "{text}");
    }
}

/// Values are one map for all templates: one of them can write there what it read.
#[test]
fn what_is_written_into_shared_values_may_be_anywhere() {
    for (text, is_shared) in [
        (r#"set .Values "p" (lookup "v1" "Secret" "a" "b")"#, true),
        (r#"set .Values.x "p" (lookup "v1" "Secret" "a" "b")"#, true),
        (r#"set .Values.x "other" (lookup "v1" "Secret" "a" "b")"#, false),
        (r#"set .Values.x .key (lookup "v1" "Secret" "a" "b")"#, true),
        (r#"set (index .Values "x") "p" (randAlpha 5)"#, true),
        (r#"set $x "p" (randAlpha 5)"#, true),
        (r#"include "put" (dict "m" .Values.x "v" (randAlpha 5))"#, true),
        (r#"mergeOverwrite $.Values.x (dict "p" (randAlpha 5))"#, true),
        (r#"set $own "other" (lookup "v1" "Secret" "a" "b")"#, false),
        (r#"set $own "Values" (lookup "v1" "Secret" "a" "b")"#, false),
        (r#"set . "Values" (lookup "v1" "Secret" "a" "b")"#, true),
        (r#"set .Values "p" "x""#, false),
    ] {
        let text = format!("{{{{ $_ := {text} }}}}");
        let files = [
            ("a", text.as_str()),
            ("b", "b: {{ $.Values.x.p }}"),
            ("c", "c: {{ .p }}"),
            (
                "_h.tpl",
                r#"{{ define "put" }}{{ $_ := set .m "p" .v }}{{ end }}"#,
            ),
        ];
        let found = variations(&files);
        assert_eq!(!found.of_file("b").is_empty(), is_shared, "{text}");
    }
}

#[test]
fn keys_are_told_apart_up_to_a_number() {
    let lines = |count: usize| {
        let lines = (0..count).map(|index| format!("k{index}: {{{{ randAlpha 5 }}}}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(variations(&[("a", &lines(MAX_KEYS))]).files["a"].len(), MAX_KEYS);
    assert_eq!(found(&[("a", &lines(MAX_KEYS + 1))]), ["a anew"]);
}

#[test]
fn templates_that_call_each_other_come_to_an_end() {
    let text = r#"{{ define "a" }}{{ include "b" . }}{{ end }}{{ define "b" }}{{ include "a" . }}{{ end }}{{ include "a" . }}"#;
    assert_eq!(found(&[("f", text)]), NOTHING);
    let text = text.replace(
        "{{ define \"b\" }}",
        "{{ define \"b\" }}{{ include .x . }}{{ randAlpha 5 }}",
    );
    assert_eq!(found(&[("f", &text)]), ["f anew"]);
}

/// A chart that has more than is noted was not looked into, wherever the limit is reached.
#[test]
fn more_names_than_any_chart_has_leave_everything_open() {
    let many = r#"{{ include "a" . }}"#.repeat(MAX_BYTES / 64);
    assert_eq!(found(&[("f", &many), ("g", "")]), ["unread"]);
    let files: Vec<String> = (0..=MAX_TOLD).map(|index| format!("f{index}")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), READS)).collect();
    assert_eq!(found(&files), ["unread"]);
}

/// What the action renders is made of values, so that nobody knows what it calls.
#[test]
fn texts_that_are_put_together_for_tpl_are_not_known() {
    for text in [
        r#"{{ tpl (printf "{{ %s }}" .Values.expr) . }}"#,
        r#"{{ tpl (print "{{" .Values.expr "}}") . }}"#,
        "{{ tpl (b64dec .Values.b) . }}",
    ] {
        assert_eq!(found(&[("a", text)]), ["a unread"], "{text}");
    }
}

/// Such an action was read again for each of the words, and what it notes counted each time.
#[test]
fn an_action_with_many_calls_is_read_once() {
    for call in ["include ", "include (", "include (print "] {
        let many = format!("{{{{ {}x }}}}", call.repeat(300_000));
        assert_eq!(
            found(&[("a", READS), ("b", &many)]),
            ["a live", "b live unread"],
            "{call}"
        );
        let mut calls = Calls::default();
        calls.add_text(many.as_bytes());
        calls.add_file("c", b"{{ tpl .Values.text . }}");
        assert_eq!(told(&calls.variations(false)), ["c unread"], "{call}");
    }
}

/// Each of the pieces wrote for each that reads, and each name was held to each pattern.
#[test]
fn many_pieces_that_write_read_and_call_by_patterns_come_to_an_end() {
    let pieces: Vec<String> = (0..3_000)
        .map(|index| {
            let name = format!(
                r#"{{{{ define "d{index}" }}}}{{{{ $_ := set $x "k" (randAlpha 5) }}}}{{{{ .Values.k }}}}"#
            );
            format!(r#"{name}{{{{ include (printf "d{index}%s" .x) . }}}}{{{{ end }}}}"#)
        })
        .collect();
    assert_eq!(
        found(&[("a", &pieces.concat()), ("b", "{{ .Values.k }}")]),
        ["b anew"]
    );
}

#[test]
fn texts_within_texts_come_to_an_end() {
    let mut text = READS.to_owned();
    for _ in 0..20 {
        text = format!("{{{{ tpl {text:?} . }}}}");
        if text.len() > 1 << 20 {
            break;
        }
    }
    found(&[("a", &text)]);
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in r#"[{}"`' a\\*/()-]{0,80}|(\{\{|\}\}|end|define "x"|lookup|include|tpl|now|a: |[ "`|(=]){0,40}"#) {
        found(&[("a", &text)]);
    }
}
