use serde_json::json;

use super::super::testing::{int, joined, keyed, shown, text};

#[test]
fn words_change_as_sprig_changes_them() {
    for (name, before, after) in [
        ("lower", "ABC é", "abc é"),
        ("upper", "abc é", "ABC É"),
        ("title", "the quick-brown fox_x", "The Quick-Brown Fox_x"),
        ("untitle", "The Quick", "the quick"),
        ("swapcase", "Hello World ab", "hELLO wORLD AB"),
        ("camelcase", "http_server-name", "HttpServerName"),
        ("camelcase", "_complex__case_", "_Complex_Case_"),
        ("snakecase", "FirstName", "first_name"),
        ("snakecase", "HTTP20xOK", "http_20x_ok"),
        ("snakecase", "Bld4Floor3rd", "bld4_floor_3rd"),
        ("kebabcase", "HTTPServer", "http-server"),
        ("kebabcase", "GO PATH", "go-path"),
        ("initials", "First Try", "FT"),
        ("base", "/a/b/", "b"),
        ("base", "", "."),
        ("dir", "/a/b", "/a"),
        ("clean", "../a/./b//../c/..", "../a"),
        ("ext", "a/x.tar.gz", ".gz"),
        ("upper", "straße", "unknown"),
        ("snakecase", "Größe", "unknown"),
    ] {
        assert_eq!(shown(name, &[text(before)]), after, "{name} {before}");
    }
}

#[test]
fn texts_are_shortened_and_wrapped_in_bytes() {
    for (name, args, expected) in [
        ("abbrev", vec![int(5), text("hello world")], "he..."),
        (
            "abbrevboth",
            vec![int(5), int(10), text("1234 5678 9123")],
            "...5678...",
        ),
        ("wrap", vec![int(5), text("the quick brown")], "the\nquick\nbrown"),
        ("wrapWith", vec![int(3), text("|"), text("abcdef")], "abc|def"),
        ("plural", vec![text("one"), text("many"), int(1)], "one"),
        ("plural", vec![text("one"), text("many"), int(2)], "many"),
    ] {
        assert_eq!(shown(name, &args), expected, "{name}");
    }
}

#[test]
fn what_stays_as_it_is_keeps_its_key() {
    let name = || {
        joined(&[
            keyed("name", json!("web")),
            text("-"),
            keyed("kind", json!("API")),
        ])
    };
    assert_eq!(shown("lower", &[name()]), "<name=web>-<~api>");
    assert_eq!(shown("kebabcase", &[keyed("name", json!("web"))]), "<name=web>");
    assert_eq!(
        shown("kebabcase", &[keyed("name", json!("webApp"))]),
        "<~web-app>"
    );
    assert_eq!(
        shown("base", &[joined(&[text("a/"), keyed("name", json!("b"))])]),
        "<name=b>"
    );
    assert_eq!(
        shown("abbrev", &[int(9), keyed("name", json!("web"))]),
        "<name=web>"
    );
}
