use serde_json::json;

use super::super::testing::{int, joined, keyed, shown, text};

#[test]
fn expressions_are_those_of_go() {
    for (expression, subject, expected) in [
        ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-app", "true"),
        ("^\\d+$", "٣", "false"),
        ("\\bé", "aé", "true"),
        ("[[]", "[", "true"),
        ("a{,2}", "a{,2}", "true"),
        ("(", "(", "unknown"),
        ("a**", "a", "false"),
        ("\\pL", "a", "unknown"),
    ] {
        assert_eq!(
            shown("regexMatch", &[text(expression), text(subject)]),
            expected,
            "{expression}"
        );
    }
    assert_eq!(shown("mustRegexMatch", &[text("a**"), text("a")]), "failed");
}

#[test]
fn places_are_found_split_and_replaced() {
    for (name, args, expected) in [
        ("regexFind", vec![text("[0-9]+"), text("ab12")], "12"),
        ("regexFind", vec![text("x"), text("ab12")], ""),
        ("regexFindAll", vec![text("a|b"), text("abc"), int(-1)], "[a, b]"),
        (
            "regexFindAll",
            vec![text("a*"), text("baac"), int(-1)],
            "[, aa, ]",
        ),
        ("regexSplit", vec![text("/"), text("a/b/c"), int(2)], "[a, b/c]"),
        (
            "regexReplaceAll",
            vec![text("(a)(b)"), text("abab"), text("${2}$1")],
            "baba",
        ),
        ("regexReplaceAll", vec![text("a"), text("a"), text("$1x$$")], "$"),
        (
            "regexReplaceAllLiteral",
            vec![text("a"), text("a"), text("$0")],
            "$0",
        ),
        ("regexQuoteMeta", vec![text("a.b*")], "a\\.b\\*"),
    ] {
        assert_eq!(shown(name, &args), expected, "{name}");
    }
}

#[test]
fn what_is_not_replaced_keeps_its_keys() {
    let name = || {
        joined(&[
            keyed("name", json!("web")),
            text("_"),
            keyed("part", json!("api")),
        ])
    };
    let replace = |expression: &str| shown("regexReplaceAll", &[text(expression), name(), text("-")]);
    assert_eq!(replace("[^a-z_]"), "<name=web>_<part=api>");
    assert_eq!(replace("_"), "<name=web>-<part=api>");
    assert_eq!(replace("^w"), "<~-eb>_<part=api>");
    assert_eq!(shown("regexFind", &[text("[^_]+$"), name()]), "<part=api>");
}
