//! What is printed of values, which key each piece has, and what of that is read back.

use serde_json::json;

use super::super::key::Key;
use super::super::traced::{Text, Traced, Tree, Value};
use super::super::work::Work;
use super::{JsonStyle, from_json, from_yaml, from_yaml_array, to_json, to_yaml, to_yaml_pretty};

fn values(value: &serde_json::Value) -> Traced {
    Traced::of_values(value, &Key::root(), &Tree::default())
}

fn yaml(value: &serde_json::Value) -> String {
    to_yaml(&values(value), &mut Work::default())
        .unwrap()
        .as_str()
        .to_owned()
}

/// The pieces that show a key.
fn keyed(text: &Text) -> Vec<(String, String)> {
    text.pieces()
        .filter_map(|(part, origin)| Some((origin.key.as_ref()?.to_string(), part.to_owned())))
        .collect()
}

fn field(map: &Traced, name: &str) -> Traced {
    match &map.value {
        Value::Map(map) => map.get(name).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn key(value: &Traced) -> String {
    value.origin.key.as_ref().map(Key::to_string).unwrap_or_default()
}

#[test]
fn yaml_has_quotes_where_another_type_would_be_read() {
    for text in ["yes", "1", "0x1F", "1e3", "12:30", "2020-01-02", "~", ".5", ""] {
        assert_eq!(yaml(&json!(text)), format!("\"{text}\""));
    }
    for text in ["a", "1.2.3", "100m", "2020-13-01", "a b", "http://x:80/a?b=c"] {
        assert_eq!(yaml(&json!(text)), text);
    }
    for text in ["a: b", "#a", "- a", " a", "*a", "@a"] {
        assert_eq!(yaml(&json!(text)), format!("'{text}'"));
    }
    assert_eq!(yaml(&json!("a\tb")), "\"a\\tb\"");
}

#[test]
fn yaml_has_lists_and_blocks_as_helm_prints_them() {
    assert_eq!(
        yaml(&json!({"b": [{"x": 1, "y": [[]]}], "a10": "1\n2\n", "a9": {}, "n": null})),
        "a9: {}\na10: |\n  1\n  2\nb:\n- x: 1\n  \"y\":\n  - []\n\"n\": null"
    );
    let pretty = to_yaml_pretty(&values(&json!({"b": [{"x": 1_000_000.0}]})), &mut Work::default()).unwrap();
    assert_eq!(pretty.as_str(), "b:\n  - x: 1e+06");
}

#[test]
fn yaml_folds_long_lines() {
    let words = ["word"; 20].join(" ");
    let lines: Vec<String> = yaml(&json!({ "a": words })).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with("  word"));
}

#[test]
fn numbers_of_values_have_no_exponent_in_yaml_unless_they_have_fractions() {
    assert_eq!(
        yaml(&json!([1_000_000.0, 1_234_567.5, 1e20, 0.000_001])),
        "- 1000000\n- 1.2345675e+06\n- 1e+20\n- 1e-06"
    );
}

#[test]
fn each_scalar_of_yaml_shows_its_key() {
    let text = to_yaml(
        &values(&json!({"image": {"tag": "1.0", "pull": ""}, "list": [], "lines": "a\nb"})),
        &mut Work::default(),
    )
    .unwrap();
    let expected = [
        ("image.pull", ""),
        ("image.tag", "1.0"),
        ("lines", "a\n"),
        ("lines", "b"),
        ("list", "[]"),
    ];
    assert_eq!(
        keyed(&text),
        expected.map(|(key, part)| (key.to_owned(), part.to_owned()))
    );
}

#[test]
fn json_escapes_what_html_would_read() {
    let json = |style| {
        let text = to_json(
            &values(&json!({"a": "<&>\u{2028}\"", "b": [1e21, {}]})),
            style,
            &mut Work::default(),
        );
        text.unwrap().as_str().to_owned()
    };
    assert_eq!(
        json(JsonStyle::Html),
        "{\"a\":\"\\u003c\\u0026\\u003e\\u2028\\\"\",\"b\":[1e+21,{}]}"
    );
    assert_eq!(
        json(JsonStyle::Raw),
        "{\"a\":\"<&>\\u2028\\\"\",\"b\":[1e+21,{}]}"
    );
    assert_eq!(
        json(JsonStyle::Pretty),
        "{\n  \"a\": \"\\u003c\\u0026\\u003e\\u2028\\\"\",\n  \"b\": [\n    1e+21,\n    {}\n  ]\n}"
    );
}

#[test]
fn what_was_printed_is_read_back_with_its_keys() {
    let mut work = Work::default();
    let all = values(
        &json!({"port": 80, "on": true, "name": "yes", "list": [], "lines": "a\nb\n", "map": {"x": null}}),
    );
    for text in [
        to_yaml(&all, &mut work).unwrap(),
        to_json(&all, JsonStyle::Html, &mut work).unwrap(),
    ] {
        let read = from_yaml(&text, &mut work).unwrap();
        for name in ["port", "on", "name", "list", "lines"] {
            assert_eq!(key(&field(&read, name)), name);
        }
        assert_eq!(key(&field(&field(&read, "map"), "x")), "map.x");
        assert!(
            matches!(field(&read, "port").value, Value::Float(port) if (port - 80.0).abs() < f64::EPSILON)
        );
    }
}

#[test]
fn a_text_of_several_pieces_is_read_back_with_each() {
    let mut work = Work::default();
    let of = |name: &str, text: &str| Text::of(text, super::Origin::value(Key::root().name(name)));
    let mut text = Text::literal("image: \"");
    text.append(&of("repository", "web"));
    text.push_literal(":");
    text.append(&of("tag", "1.0"));
    text.push_literal("\"\nother: fixed\n");
    let read = from_yaml(&text, &mut work).unwrap();
    let Value::Text(image) = field(&read, "image").value else {
        panic!()
    };
    assert_eq!(image.as_str(), "web:1.0");
    assert_eq!(
        keyed(&image),
        [("repository", "web"), ("tag", "1.0")].map(|(key, part)| (key.to_owned(), part.to_owned()))
    );
    assert!(field(&read, "other").keys().is_none());
}

#[test]
fn structure_that_comes_from_a_value_gives_no_scalar_a_key() {
    let mut work = Work::default();
    let text = Text::of("a: 1\nb: 2\n", super::Origin::value(Key::root().name("raw")));
    let read = from_yaml(&text, &mut work).unwrap();
    let field = field(&read, "a");
    assert_eq!(key(&field), "");
    assert_eq!(
        field.keys().iter().map(Key::to_string).collect::<Vec<_>>(),
        ["raw"]
    );
}

#[test]
fn what_is_no_map_gives_an_error_in_its_place() {
    let mut work = Work::default();
    let error = |read: Traced| matches!(field(&read, "Error").value, Value::Unknown);
    assert!(error(from_yaml(&Text::literal("[1]"), &mut work).unwrap()));
    assert!(error(from_json(&Text::literal("{"), &mut work).unwrap()));
    let list = from_yaml_array(&Text::literal("a: 1"), &mut work).unwrap();
    assert!(matches!(list.value, Value::List(items) if items.len() == 1));
    let empty = from_yaml(&Text::literal(""), &mut work).unwrap();
    assert_eq!(empty.truth(), Some(false));
}
