//! Tests beyond the recorded cases of `tests/fast/yaml_oracle.rs`: errors, limits, silence, and arbitrary text.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Limits, TextPosition, YamlError, parse_document};

fn parse(text: &str) -> Result<Value, YamlError> {
    parse_document(text, &Limits::default())
}

fn at(line: usize, column: usize) -> TextPosition {
    TextPosition { line, column }
}

#[test]
fn errors_say_where() {
    for (text, expected) in [
        (
            "a: 1\nb: [x\nc: y\n",
            YamlError::Syntax {
                at: at(3, 2),
                problem: "did not find expected ',' or ']'",
            },
        ),
        ("a:\n  b: *c\n", YamlError::UnknownAnchor { at: at(2, 6) }),
        ("a: &a\n- *a\n", YamlError::ContainsItself { at: at(2, 3) }),
        ("a: !!int x\n", YamlError::Tag { at: at(1, 4) }),
        ("a: !!binary _\n", YamlError::Base64 { at: at(1, 4) }),
        ("é: é\nb: {é: .inf}\n", YamlError::NotFinite { at: at(2, 8) }),
        ("a: &n ~\nb: {*n : 1}\n", YamlError::Key { at: at(2, 5) }),
        ("a: {<<: [{}, 1]}\n", YamlError::Merge { at: at(1, 14) }),
        (
            "a: 1\nb: é\u{7}\n",
            YamlError::Syntax {
                at: at(2, 5),
                problem: "control characters are not allowed",
            },
        ),
    ] {
        assert_eq!(parse(text), Err(expected), "{text:?}");
    }
}

#[test]
fn messages_are_sentences_with_the_place() {
    let messages: Vec<String> = ["a: [", "a: *b", "a: .nan", "? [a]\n: b"]
        .iter()
        .map(|text| parse(text).unwrap_err().to_string())
        .collect();
    assert_eq!(
        messages,
        [
            "invalid YAML at line 2, column 1: did not find expected node content",
            "the alias at line 1, column 4 refers to an unknown anchor",
            "the number at line 1, column 4 is not finite, which JSON cannot express",
            "the key at line 1, column 3 cannot be the name of a JSON field",
        ]
    );
}

#[test]
fn nothing_is_null_and_only_the_first_document_counts() {
    for text in ["", "\n", "# c\n", "---\n", "---\n---\na: 1\n"] {
        assert_eq!(parse(text), Ok(Value::Null), "{text:?}");
    }
    assert_eq!(parse("a: 1\n---\nb: [\n"), Ok(json!({"a": 1})));
}

#[test]
fn depth_is_limited_however_it_comes_about() {
    let limits = Limits {
        depth: 5,
        ..Limits::default()
    };
    let too_deep = |line, column| {
        Err(YamlError::TooDeep {
            at: at(line, column),
            limit: 5,
        })
    };
    assert_eq!(parse_document("[[[[1]]]]", &limits), Ok(json!([[[[1]]]])));
    assert_eq!(parse_document("[[[[[1]]]]]", &limits), too_deep(1, 6));
    assert_eq!(
        parse_document("{\"a\": [[[[1]]]]}", &limits),
        too_deep(1, 11),
        "JSON"
    );
    assert_eq!(
        parse_document("{\"a\": [[[1]]]}", &limits),
        Ok(json!({"a": [[[1]]]}))
    );
    // An alias puts its node's height on top of its own depth.
    assert_eq!(
        parse_document("a: &a [[1]]\nb: [*a]\n", &limits),
        Ok(json!({"a": [[1]], "b": [[[1]]]}))
    );
    assert_eq!(
        parse_document("a: &a [[1]]\nb: [[*a]]\n", &limits),
        too_deep(2, 6)
    );
    assert_eq!(
        parse_document("a: &a {b: [[1]]}\nb: [{<<: *a}]\n", &limits),
        too_deep(2, 10)
    );
    assert_eq!(
        parse_document("a: &a {b: [1]}\nb: [{<<: *a}]\n", &limits).map(|value| value["b"][0]["b"][0].clone()),
        Ok(json!(1))
    );
}

#[test]
fn an_unclosed_tower_of_brackets_is_refused_before_it_is_built() {
    assert!(matches!(
        parse(&"[".repeat(1_000_000)),
        Err(YamlError::TooDeep { limit: 100, .. })
    ));
    assert!(matches!(
        parse(&"{\"a\":".repeat(200_000)),
        Err(YamlError::TooDeep { limit: 100, .. })
    ));
    assert!(matches!(
        parse(&"- ".repeat(500_000)),
        Err(YamlError::TooDeep { limit: 100, .. })
    ));
}

#[test]
fn nodes_and_copies_are_limited() {
    let limits = Limits {
        nodes: 20,
        ..Limits::default()
    };
    assert!(parse_document(&"- a\n".repeat(18), &limits).is_ok());
    assert!(matches!(
        parse_document(&"- a\n".repeat(19), &limits),
        Err(YamlError::TooManyNodes { limit: 20, .. })
    ));
    let copies = |count| format!("a: &a [1, 2]\nb: [{}]\n", ["*a"; 8][..count].join(", "));
    assert!(parse_document(&copies(2), &limits).is_ok());
    assert!(matches!(
        parse_document(&copies(3), &limits),
        Err(YamlError::TooManyNodes { .. })
    ));

    // Few nodes, much text: each copy of the scalar counts, that for the anchor included.
    let limits = Limits {
        copied_bytes: 3000,
        ..Limits::default()
    };
    let copies = |count| {
        format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(1000),
            ["*a"; 8][..count].join(", ")
        )
    };
    assert!(parse_document(&copies(2), &limits).is_ok());
    assert!(matches!(
        parse_document(&copies(3), &limits),
        Err(YamlError::TooMuchCopied { limit: 3000, .. })
    ));
}

#[test]
fn nested_anchors_cannot_multiply_a_large_document() {
    // Each anchor keeps a copy of what it holds, so 90 of them around 50,000 nodes would be millions.
    let anchors: Vec<String> = (0..90).map(|number| format!("[&a{number} ")).collect();
    let text = format!("{}[{}]{}", anchors.concat(), "1, ".repeat(50_000), "]".repeat(90));
    let refused = parse(&text).map(|_| "read");
    assert!(
        matches!(
            refused,
            Err(YamlError::TooManyNodes { .. } | YamlError::TooHeavy(_))
        ),
        "{refused:?}"
    );
}

#[test]
fn a_panic_of_the_parser_is_an_error_and_silent() {
    // The parser panics on a comma behind a tag; that the hook stays silent is seen by wrapping it.
    use std::sync::atomic::{AtomicUsize, Ordering};
    static PRINTED: AtomicUsize = AtomicUsize::new(0);
    assert!(parse("a: 1").is_ok(), "the first call wraps the hook");
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {
        PRINTED.fetch_add(1, Ordering::Relaxed);
    }));
    let quiet = super::quiet::silencing(std::panic::take_hook());
    std::panic::set_hook(quiet);
    assert_eq!(parse("a: [!b, c]"), Err(YamlError::ParserFailed));
    let silent = PRINTED.load(Ordering::Relaxed) == 0;
    let elsewhere = std::panic::catch_unwind(|| panic!("outside of the parser"));
    std::panic::set_hook(former);
    assert!(silent, "the parser's panic was printed");
    assert!(elsewhere.is_err());
    assert!(PRINTED.load(Ordering::Relaxed) > 0, "other panics are printed");
}

#[test]
fn repairs_are_bounded() {
    // Every colon is a fault of its own and costs a reading from the start.
    let text = format!("[{}]", "a:, ".repeat(50_000));
    assert!(matches!(
        parse(&text),
        Err(YamlError::Syntax {
            problem: "found unexpected ':'",
            ..
        })
    ));
    let text = format!("[{}]", "a:, ".repeat(100));
    assert_eq!(parse(&text), Ok(json!(vec!["a:"; 100])));
}

/// JSON values as an API server prints them: numbers that survive Go's `int64` and `float64`.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        r"(?s)[-+.0-9eExX_:#&*!|>'%@`{}\[\],\n\t]{0,8}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_filter_map("has no fraction", |float| (float.fract() != 0.0)
            .then(|| json!(float))),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    /// A document is an object: other JSON is YAML to Helm, with characters that have to be escaped there.
    #[test]
    fn json_reads_as_itself(value in any_json()) {
        let value = json!({ "document": value });
        let text = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(parse(&text), Ok(value));
    }

    /// The same through the YAML parser, which refuses or folds some characters unless they are escaped.
    #[test]
    fn json_in_yaml_reads_as_itself(value in any_json()) {
        let text = format!("# not JSON\n{}\n", escaped(&serde_json::to_string(&value).unwrap()));
        prop_assert_eq!(parse(&text), Ok(value));
    }

    #[test]
    fn no_text_makes_the_parser_fail(text in any::<String>()) {
        prop_assert!(never_fails(&text));
    }

    #[test]
    fn no_text_of_indicators_makes_the_parser_fail(
        text in r"(?s)[-?:,\[\]{}#&*!|>'%@`\n\r\t ab0<.~\\é\u{85}\u{feff}]{0,40}",
    ) {
        prop_assert!(never_fails(&text));
    }
}

/// Whether the text is read or properly refused. Panics are caught, this module's own as well, so what is looked for
/// is their trace; the one that is known of the parser needs a tag.
fn never_fails(text: &str) -> bool {
    text.contains('!') || parse(text) != Err(YamlError::ParserFailed)
}

/// Escapes what YAML does not take literally in a double-quoted scalar.
fn escaped(json: &str) -> String {
    let mut text = String::new();
    for character in json.chars() {
        match character {
            '\u{7F}'..='\u{9F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => {
                write!(text, "\\u{:04x}", u32::from(character)).unwrap();
            }
            _ => text.push(character),
        }
    }
    text
}

#[test]
fn directives_are_limited() {
    let text = |count: usize| {
        let mut text = String::new();
        for index in 0..count {
            let _ = writeln!(text, "%TAG !t{index}! x\n# c\n");
        }
        text + "--- {a: 1}\n"
    };
    assert!(parse_document(&text(64), &Limits::default()).is_ok());
    assert_eq!(
        parse_document(&text(100_000), &Limits::default()),
        Err(YamlError::TooManyDirectives { limit: 64 })
    );
}

#[test]
fn the_value_and_every_copy_of_it_are_weighed() {
    let limits = Limits {
        weight: 100_000,
        ..Limits::default()
    };
    for (heavy, light) in [
        (
            format!("[{}0]", "0,".repeat(3000)),
            format!("[{}0]", "0,".repeat(1000)),
        ),
        (
            format!("[{}]", "{a: 1},".repeat(150)),
            format!("[{}]", "{a: 1},".repeat(120)),
        ),
        (
            format!("a: &a {}\nb: [*a,*a,*a]", "x".repeat(20_000)),
            format!("a: {}", "x".repeat(90_000)),
        ),
        (
            format!("a: &a {}", "x".repeat(60_000)),
            format!("a: &a {}", "x".repeat(40_000)),
        ),
        (
            format!("{{{}}}", json_pairs(1000)),
            format!("{{{}}}", json_pairs(600)),
        ),
    ] {
        assert!(
            matches!(parse_document(&heavy, &limits), Err(YamlError::TooHeavy(_))),
            "{heavy:.40}"
        );
        assert!(parse_document(&light, &limits).is_ok(), "{light:.40}");
    }
}

fn json_pairs(count: usize) -> String {
    let pairs: Vec<String> = (0..count).map(|index| format!("\"k{index:04}\": 1")).collect();
    pairs.join(",")
}
