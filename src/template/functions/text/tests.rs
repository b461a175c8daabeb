use serde_json::json;

use super::super::testing::{int, joined, keyed, shown, text, unknown};

#[test]
fn quotes_stand_around_what_a_key_shows() {
    let port = || keyed("port", json!(8080));
    for (name, args, expected) in [
        ("quote", vec![port()], "\"<port=8080>\""),
        (
            "quote",
            vec![keyed("tag", json!("a\"b\n"))],
            "\"<tag=a\\\"b\\n>\"",
        ),
        ("quote", vec![keyed("tag", json!(null))], "<tag=>"),
        (
            "quote",
            vec![port(), keyed("tag", json!(null)), text("x")],
            "\"<port=8080>\"<tag=> \"x\"",
        ),
        (
            "quote",
            vec![keyed("size", json!(1_234_567))],
            "\"<size=1.234567e+06>\"",
        ),
        ("quote", vec![unknown("a")], "\"<?\u{e000}>\""),
        ("quote", vec![keyed("tag", json!(""))], "\"<tag=>\""),
        ("squote", vec![keyed("tag", json!("it's"))], "'<tag=it's>'"),
        (
            "squote",
            vec![keyed("list", json!(["a", null, true]))],
            "'<~[><list[0]=a><~ ><list[1]=<nil>><~ ><list[2]=true><~]>'",
        ),
        ("toString", vec![port()], "<port=8080>"),
        ("toString", vec![keyed("tag", json!(null))], "<tag=<nil>>"),
        ("toString", vec![unknown("a")], "unknown"),
        (
            "cat",
            vec![text("a"), keyed("none", json!(null)), port()],
            "a<none=> <port=8080>",
        ),
    ] {
        assert_eq!(shown(name, &args), expected, "{name}");
    }
}

#[test]
fn what_is_indented_keeps_its_keys_and_holes_become_blocks() {
    let block = || joined(&[text("a: "), keyed("a", json!("x\ny"))]);
    assert_eq!(shown("indent", &[int(2), block()]), "  a: <a=x\n  y>");
    assert_eq!(shown("nindent", &[int(2), block()]), "\n  a: <a=x\n  y>");
    assert_eq!(shown("nindent", &[int(2), unknown("a")]), "\n  <?\u{e001}>");
    assert_eq!(shown("indent", &[int(-1), text("a")]), "failed");
    assert_eq!(shown("indent", &[int(1), keyed("port", json!(1))]), "failed");
}

#[test]
fn what_is_cut_shows_its_key_no_longer_and_the_rest_does() {
    let name = || {
        joined(&[
            keyed("name", json!("web")),
            text("-"),
            keyed("part", json!("api")),
        ])
    };
    for (function, args, expected) in [
        ("trunc", vec![int(63), name()], "<name=web>-<part=api>"),
        ("trunc", vec![int(5), name()], "<name=web>-<~a>"),
        ("trunc", vec![int(-3), name()], "<part=api>"),
        ("trunc", vec![int(-7), name()], "<name=web>-<part=api>"),
        ("trimSuffix", vec![text("-"), name()], "<name=web>-<part=api>"),
        ("trimSuffix", vec![text("-api"), name()], "<name=web>"),
        ("trimPrefix", vec![text("w"), name()], "<~eb>-<part=api>"),
        (
            "trim",
            vec![joined(&[text(" "), keyed("name", json!("web")), text("\n")])],
            "<name=web>",
        ),
        ("trim", vec![keyed("name", json!("  "))], "<~>"),
        (
            "trimAll",
            vec![
                text("/"),
                joined(&[text("/"), keyed("name", json!("a")), text("/")]),
            ],
            "<name=a>",
        ),
        ("substr", vec![int(4), int(7), name()], "<part=api>"),
        ("substr", vec![int(5), int(4), name()], "failed"),
        ("substr", vec![int(0), int(-1), name()], "<name=web>-<part=api>"),
        ("trunc", vec![int(1), text("é")], "unknown"),
        ("trim", vec![unknown("a")], "unknown"),
        ("trim", vec![keyed("port", json!(1))], "failed"),
        ("trim", vec![], "failed"),
    ] {
        assert_eq!(shown(function, &args), expected, "{function}");
    }
}

#[test]
fn what_is_replaced_is_derived_and_the_rest_keeps_its_keys() {
    let version = || joined(&[keyed("name", json!("web")), text("_"), keyed("tag", json!("1+2"))]);
    for (function, args, expected) in [
        (
            "replace",
            vec![text("+"), text("_"), keyed("tag", json!("1.2"))],
            "<tag=1.2>",
        ),
        (
            "replace",
            vec![text("+"), text("_"), version()],
            "<name=web>_<~1_2>",
        ),
        (
            "replace",
            vec![text("_"), text("-"), version()],
            "<name=web>-<tag=1+2>",
        ),
        ("replace", vec![text(""), text("-"), text("ab")], "-a-b-"),
        ("nospace", vec![text(" a b ")], "ab"),
        ("repeat", vec![int(3), keyed("a", json!("x"))], "<~xxx>"),
        ("repeat", vec![int(-1), text("x")], "failed"),
        ("contains", vec![text("eb"), version()], "<~true>"),
        ("hasPrefix", vec![text("x"), text("a")], "false"),
        ("hasSuffix", vec![text("2"), version()], "<~true>"),
    ] {
        assert_eq!(shown(function, &args), expected, "{function}");
    }
}

#[test]
fn a_required_value_passes_and_a_missing_one_fails() {
    for (value, expected) in [
        (keyed("a", json!("x")), "<a=x>"),
        (keyed("a", json!(0)), "<a=0>"),
        (keyed("a", json!("")), "failed"),
        (keyed("a", json!(null)), "failed"),
        (unknown("a"), "unknown"),
    ] {
        assert_eq!(shown("required", &[text("a is needed"), value]), expected);
    }
    assert_eq!(shown("fail", &[joined(&[text("no "), unknown("a")])]), "failed");
}

#[test]
fn a_text_that_is_too_large_is_too_much() {
    assert_eq!(
        shown("repeat", &[int(i64::MAX), text("x")]),
        "it takes more than 48 MiB of text, the limit"
    );
    assert_eq!(
        shown("indent", &[int(i64::MAX), text("x")]),
        "it takes more than 48 MiB of text, the limit"
    );
}
