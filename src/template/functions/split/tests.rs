use serde_json::json;

use super::super::testing::{int, joined, keyed, shown, text, unknown};

#[test]
fn a_list_is_joined_item_by_item() {
    let hosts = || keyed("hosts", json!(["a", null, 3]));
    for (name, args, expected) in [
        ("join", vec![text(","), hosts()], "<hosts[0]=a>,<hosts[2]=3>"),
        ("join", vec![text(","), keyed("host", json!("a"))], "<host=a>"),
        ("join", vec![text(","), keyed("host", json!(null))], "<~>"),
        ("join", vec![text(","), unknown("hosts")], "unknown"),
        ("toStrings", vec![hosts()], "[<hosts[0]=a>, <hosts[2]=3>]"),
    ] {
        assert_eq!(shown(name, &args), expected, "{name}");
    }
}

#[test]
fn a_part_that_is_a_whole_value_shows_its_key() {
    let image = || {
        joined(&[
            keyed("repository", json!("nginx")),
            text(":"),
            keyed("tag", json!("1.2")),
        ])
    };
    for (name, args, expected) in [
        (
            "splitList",
            vec![text(":"), image()],
            "[<repository=nginx>, <tag=1.2>]",
        ),
        (
            "splitList",
            vec![text("."), image()],
            "[<repository=nginx>:<~1>, <~2>]",
        ),
        (
            "split",
            vec![text(":"), image()],
            "{_0: <repository=nginx>, _1: <tag=1.2>}",
        ),
        (
            "splitn",
            vec![text("x"), int(2), text("axbxc")],
            "{_0: a, _1: bxc}",
        ),
        ("splitn", vec![text("x"), int(0), text("axb")], "{}"),
        ("splitList", vec![text(""), text("aé")], "[a, é]"),
        ("splitList", vec![text(","), text("")], "[]"),
    ] {
        assert_eq!(shown(name, &args), expected, "{name}");
    }
}
