use super::*;
use crate::model::{KeptBy, KeptList, KeyPath, KeyStep, MovedField};
use crate::report::fixtures::{finding, object, release, report};
use crate::vocabulary::{FindingCode, KeyCertainty, NextUpgrade, NoKeyReason, ObjectState, ValueOrigin};
use crate::yaml::{self, Limits};
use serde_json::{Value, json};

fn kept(path: &str, key: &str, value: Value) -> Finding {
    let mut finding = finding(
        FindingCode::Changed,
        path,
        Some(json!("old")),
        Some(value.clone()),
    )
    .by("kubectl-edit", None, "2026-11-20T03:14:00Z");
    finding.kept_by = Some(Box::new(KeptBy {
        key: key.parse().unwrap(),
        value: Some(value),
        current: Some(json!("old")),
        origin: ValueOrigin::ChartDefault,
        certainty: KeyCertainty::Verified,
        list: None,
        also_changes: Vec::new(),
        also_changes_left_out: 0,
        redacted: false,
    }));
    finding
}

fn in_list(path: &str, key: &str, value: Value, list: Value) -> Finding {
    let mut finding = kept(path, key, value);
    let kept_by = finding.kept_by.as_mut().unwrap();
    kept_by.list = Some(KeptList {
        key: kept_by.key.outer_list(),
        value: list,
    });
    finding
}

fn printed(findings: Vec<Finding>, form: ValuesForm) -> (String, ValuesCounts) {
    let deployment = object("apps/v1", "Deployment", "shop", "web").drifted(findings);
    let report = report(vec![release("shop", "web").with_objects([deployment])]);
    let mut out = Vec::new();
    let counts = render(&report, form, Medium::Terminal, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), counts)
}

fn values(text: &str) -> Value {
    yaml::parse_document(text, &Limits::default()).unwrap()
}

#[test]
fn the_snippet_is_yaml_with_nothing_but_the_keys() {
    let mut unset = finding(FindingCode::Changed, "/spec/paused", None, Some(json!(true)));
    unset.no_key = Some(NoKeyReason::SetByChart.into());
    let (text, counts) = printed(
        vec![
            kept("/a", "web.resources.limits.memory", json!("1Gi")),
            kept("/b", "web.resources.limits.cpu", json!("0o17")),
            kept("/c", "annotations.a\\.b/c", json!("x: y\n# z")),
            kept("/d", "web.node", json!({"pool": ["a", {"b": null}]})),
            unset,
        ],
        ValuesForm::Yaml,
    );
    let expected = json!({
        "web": {"resources": {"limits": {"memory": "1Gi", "cpu": "0o17"}}, "node": {"pool": ["a", {"b": null}]}},
        "annotations": {"a.b/c": "x: y\n# z"}
    });
    assert_eq!(values(&text), expected, "{text}");
    assert!(
        text.contains("# Deployment web /a: old → 1Gi, by kubectl-edit, 2026-11-20 03:14 (claimed)"),
        "{text}"
    );
    assert!(text.contains("# now old (chart default); verified"), "{text}");
    assert!(
        text.contains("No value sets these; the chart sets them itself:\n#   Deployment web /spec/paused"),
        "{text}"
    );
    assert_eq!((counts.fields, counts.kept, counts.set_by_chart), (5, 4, 1));
}

/// Without them, a snippet would look like the answer to all that drifted.
#[test]
fn objects_without_fields_are_named() {
    let states = [
        (ObjectState::Missing, true),
        (ObjectState::Terminating, true),
        (ObjectState::Foreign, true),
        (ObjectState::Unknown, true),
        (ObjectState::Leftover, false),
    ];
    for (state, is_named) in states {
        let elsewhere = object("v1", "Service", "tools", "web").in_state(state);
        let report = report(vec![release("shop", "web").with_objects([elsewhere])]);
        let mut out = Vec::new();
        render(&report, ValuesForm::Yaml, Medium::Terminal, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let line = format!(
            "# Without fields to keep, as these objects could not be compared:\n#   Service tools/web: {state}"
        );
        assert_eq!(text.contains(&line), is_named, "{text}");
    }
}

#[test]
fn changes_of_several_fields_in_one_list_are_put_together() {
    let list =
        |level: &str, port: &str| json!([{"name": "LEVEL", "value": level}, {"name": "PORT", "value": port}]);
    let (text, counts) = printed(
        vec![
            in_list("/a", "env[0].value", json!("debug"), list("debug", "80")),
            in_list("/b", "env[1].value", json!("81"), list("info", "81")),
        ],
        ValuesForm::Yaml,
    );
    assert_eq!(values(&text), json!({"env": list("debug", "81")}), "{text}");
    assert_eq!(counts.kept, 2);
}

/// `kubectl set env` with a variable that is there, and with others that are not: each of them is kept by the whole list.
#[test]
fn changed_and_added_elements_of_one_list_are_put_together() {
    let element = |name: &str, value: &str| json!({"name": name, "value": value});
    let now = [element("LEVEL", "info"), element("PORT", "80")];
    let changed = json!([element("LEVEL", "debug"), element("PORT", "80")]);
    let added = |name: &str| {
        let path = format!("/env[name={name}]");
        let mut finding = kept(&path, "env", json!([&now[..], &[element(name, "1")]].concat()));
        finding.kept_by.as_mut().unwrap().current = Some(json!(now));
        finding
    };
    let all = [
        added("A"),
        in_list("/env[name=LEVEL]/value", "env[0].value", json!("debug"), changed),
        added("B"),
    ];
    for order in [[0, 1, 2], [1, 0, 2], [2, 0, 1]] {
        let (text, counts) = printed(order.map(|at| all[at].clone()).to_vec(), ValuesForm::Yaml);
        let list = values(&text)["env"].clone();
        let mut names: Vec<String> = list.as_array().unwrap().iter().map(ToString::to_string).collect();
        names.sort();
        let expected = [
            element("A", "1"),
            element("B", "1"),
            element("LEVEL", "debug"),
            element("PORT", "80"),
        ];
        assert_eq!(names, expected.map(|element| element.to_string()), "{text}");
        assert_eq!((counts.kept, counts.by_hand), (3, 0), "{text}");
    }
}

/// Nobody has to keep what Helm does not write, and nobody should learn from Helm alone that an upgrade fails.
#[test]
fn the_next_upgrade_is_told_of_fields_without_a_key() {
    let unset = |path: &str, next: NextUpgrade| {
        let mut finding = finding(FindingCode::Changed, path, Some(json!("a")), Some(json!("b")));
        (finding.no_key, finding.next_upgrade) = (Some(NoKeyReason::SetByChart.into()), Some(next));
        finding
    };
    let (text, counts) = printed(
        vec![
            unset("/kept", NextUpgrade::Keep),
            unset("/owned", NextUpgrade::Conflict),
            unset("/reverted", NextUpgrade::Revert),
        ],
        ValuesForm::Yaml,
    );
    assert!(
        text.contains(
            "# Nothing to set; the next upgrade leaves these as they live:\n#   Deployment web /kept: a → b\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("/owned: a → b; the next upgrade fails there\n"),
        "{text}"
    );
    assert!(text.contains("/reverted: a → b\n"), "{text}");
    let ValuesCounts {
        fields,
        stays,
        set_by_chart,
        fails,
        ..
    } = counts;
    assert_eq!((fields, stays, set_by_chart, fails), (3, 1, 1, 1));
}

#[test]
fn the_values_of_a_revision_that_was_never_deployed_are_named_by_a_command() {
    let mut left = finding(
        FindingCode::HalfUpgraded,
        "/a",
        Some(json!("a")),
        Some(json!("b")),
    );
    (left.no_key, left.from_revision) = (Some(NoKeyReason::HalfUpgraded.into()), Some(8));
    let (text, _) = printed(vec![left], ValuesForm::Yaml);
    assert!(
        text.contains("keep them: helm get values web --revision 8 -n shop -o yaml:\n"),
        "{text}"
    );
}

/// Helm merges maps, so that one key may be set by several findings and below another one.
#[test]
fn maps_for_one_key_are_put_together() {
    let (text, counts) = printed(
        vec![
            kept("/a", "web.image", json!({"repository": "nginx", "tag": "1"})),
            kept("/b", "web.image.pullPolicy", json!("Always")),
            kept("/c", "web.image", json!({"tag": "1", "digest": null})),
            kept("/d", "web", json!({"replicas": 2})),
        ],
        ValuesForm::Yaml,
    );
    let image = json!({"repository": "nginx", "tag": "1", "digest": null, "pullPolicy": "Always"});
    let web = json!({"web": {"image": image, "replicas": 2}});
    assert_eq!(values(&text), web, "{text}");
    assert_eq!((counts.kept, counts.by_hand), (4, 0));
}

#[test]
fn of_two_values_for_one_key_neither_is_set() {
    let (text, counts) = printed(
        vec![
            kept("/a", "image.tag", json!("1")),
            kept("/b", "image.tag", json!("2")),
            kept("/c", "image", json!({"tag": "1"})),
            kept("/d", "memory", json!("1Gi")),
            kept("/e", "memory", json!("1Gi")),
        ],
        ValuesForm::Yaml,
    );
    assert_eq!(values(&text), json!({"memory": "1Gi"}), "{text}");
    assert!(text.contains("different values of one key"), "{text}");
    assert_eq!((counts.kept, counts.by_hand), (2, 3));
}

/// Each of the two is kept by its key alone, and neither by both: they meet in the text of an image.
#[test]
fn two_keys_that_change_each_others_fields_are_not_set() {
    let moves = |mut finding: Finding, path: &str| {
        let moved = MovedField {
            kind: "Deployment".to_owned(),
            namespace: None,
            name: "web".to_owned(),
            path: path.to_owned(),
        };
        finding.kept_by.as_mut().unwrap().also_changes.push(moved);
        finding
    };
    let image = |name: &str| format!("/containers[name={name}]/image");
    let (text, counts) = printed(
        vec![
            moves(kept(&image("a"), "tag", json!("2")), &image("b")),
            moves(kept(&image("b"), "repository", json!("r")), "/labels/version"),
            moves(kept("/args", "args", json!(["a"])), "/labels/other"),
            // A part of a field and a field around it.
            moves(
                kept("/probe/period", "probe.period", json!(3)),
                "/env[name=A]/value",
            ),
            moves(kept("/env[name=A]", "env.A", json!("b")), "/argsFrom"),
            // One map from two, which move each other's fields.
            moves(kept(&image("c"), "image", json!({"tag": "2"})), &image("d")),
            moves(kept(&image("d"), "image.repository", json!("r")), &image("c")),
            // Two that want the same.
            moves(kept(&image("e"), "job", json!({"tag": "2"})), &image("f")),
            moves(kept(&image("f"), "job", json!({"tag": "2"})), &image("e")),
        ],
        ValuesForm::Yaml,
    );
    assert_eq!(
        values(&text),
        json!({"args": ["a"], "job": {"tag": "2"}}),
        "{text}"
    );
    let told = text.matches("The key of one of these also changes another one");
    assert_eq!(told.count(), 3, "{text}");
    assert_eq!((counts.kept, counts.by_hand), (3, 6));
}

#[test]
fn a_hidden_value_is_a_comment() {
    let mut secret = kept("/data/password", "auth.password", json!("hunter2"));
    let kept_by = secret.kept_by.as_mut().unwrap();
    (kept_by.value, kept_by.current, kept_by.redacted) = (None, None, true);
    (secret.desired, secret.live, secret.redacted) =
        (Some(json!("(redacted)")), Some(json!("(redacted)")), true);
    for form in [ValuesForm::Yaml, ValuesForm::SetJson] {
        let (text, counts) = printed(vec![secret.clone()], form);
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!((counts.kept, counts.by_hand), (0, 1));
        if form == ValuesForm::Yaml {
            assert!(
                values(&text).is_null() && text.contains("#   auth.password: <hidden>"),
                "{text}"
            );
        }
    }
}

/// Whoever writes to a namespace chooses names, values and managers.
#[test]
fn no_text_leaves_its_comment() {
    let attack = "x\nevil: true\r\n\u{2028}y\u{85}z";
    let mut hostile = kept(attack, "a", json!("1")).by(attack, Some(attack), "2026-11-20T03:14:00Z");
    hostile.desired = Some(json!(attack));
    let mut none = finding(FindingCode::Changed, attack, None, None);
    none.no_key = Some(NoKeyReason::Ambiguous.into());
    let key = KeyStep::Name(attack.to_owned());
    let mut named = kept("/k", "b", json!(attack));
    named.kept_by.as_mut().unwrap().key = KeyPath::of(vec![key]).unwrap();
    let (text, _) = printed(vec![hostile, none, named], ValuesForm::Yaml);
    assert_eq!(values(&text), json!({"a": "1", attack: attack}), "{text}");
    assert!(
        !text
            .chars()
            .any(|ch| ch != '\n' && crate::report::sanitize::is_unsafe(ch)),
        "{text:?}"
    );
}

#[test]
fn arguments_are_quoted_for_a_shell() {
    let (text, _) = printed(
        vec![
            kept("/a", "web.memory", json!("1Gi")),
            kept("/b", "web.note", json!("it's $(id) é")),
            kept("/c", "web.replicas", json!(3)),
            // A map would replace that of a file before it.
            kept("/d", "web.image", json!({"tag": "1", "digest": null})),
            kept("/e", "web.env", json!({})),
        ],
        ValuesForm::SetJson,
    );
    let words = shlex::split(&text.replace(" \\\n", " ")).unwrap();
    assert_eq!(
        words,
        [
            "--set-json",
            "web.env={}",
            "--set-json",
            "web.image.digest=null",
            "--set-json",
            "web.image.tag=\"1\"",
            "--set-json",
            "web.memory=\"1Gi\"",
            "--set-json",
            "web.note=\"it's $(id) \\u00e9\"",
            "--set-json",
            "web.replicas=3"
        ]
    );
}

/// Their names cannot be written in an argument, so the fields are left to whoever reads.
#[test]
fn what_no_argument_can_set_is_not_counted_as_kept() {
    for name in ["", "e\u{301}", "-x"] {
        let mut odd = kept("/k", "a", json!("1"));
        odd.kept_by.as_mut().unwrap().key = KeyPath::of(vec![KeyStep::Name(name.to_owned())]).unwrap();
        let mut inner = kept("/l", "a", json!({name: "1"}));
        inner.kept_by.as_mut().unwrap().key = KeyPath::of(vec![KeyStep::Name("in".to_owned())]).unwrap();
        let (text, counts) = printed(vec![odd, inner, kept("/m", "b", json!("1"))], ValuesForm::SetJson);
        let inner_is_an_argument = name == "-x";
        let kept = 1 + usize::from(inner_is_an_argument);
        assert_eq!((counts.kept, counts.by_hand), (kept, 3 - kept), "{name:?} {text}");
        assert_eq!(text.matches("--set-json").count(), kept, "{text}");
        assert!(text.contains("# left out"), "{text}");
    }
}
