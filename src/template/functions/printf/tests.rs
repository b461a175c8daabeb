use serde_json::json;

use super::super::super::traced::Traced;
use super::super::testing::{int, joined, keyed, shown, text, unknown};

#[test]
fn a_format_is_filled_piece_by_piece() {
    let image = || keyed("image", json!("nginx"));
    let port = || keyed("port", json!(8080));
    let ratio = || keyed("ratio", json!(0.5));
    for (format, args, expected) in [
        ("%s:%v", vec![image(), port()], "<image=nginx>:<port=8080>"),
        ("%q", vec![keyed("image", json!("a\"b"))], "\"<image=a\\\"b>\""),
        ("%d", vec![port()], "%!d(float64=<port=8080>)"),
        ("%s", vec![port()], "%!s(float64=<port=8080>)"),
        ("%s", vec![keyed("none", json!(null))], "<none=%!s(<nil>)>"),
        ("%v", vec![keyed("none", json!(null))], "<none=<nil>>"),
        ("%t", vec![keyed("on", json!(true))], "<on=true>"),
        ("%t", vec![image()], "%!t(string=<image=nginx>)"),
        (
            "%g|%.1f|%.2f",
            vec![ratio(), ratio(), ratio()],
            "<ratio=0.5>|<ratio=0.5>|<~0.50>",
        ),
        (
            "%-7s|%7s",
            vec![image(), image()],
            "<image=nginx>  |  <image=nginx>",
        ),
        ("%.2s", vec![image()], "<~ng>"),
        ("%05d|%x|%X", vec![int(42), int(255), text("hi")], "00042|ff|6869"),
        (
            "%T %T",
            vec![port(), keyed("list", json!([]))],
            "<~float64> <~[]interface {}>",
        ),
        ("%s", vec![], "%!s(MISSING)"),
        (
            "a",
            vec![image(), port()],
            "a%!(EXTRA <~string>=<image=nginx>, <~float64>=<port=8080>)",
        ),
        ("%[2]s-%[1]s", vec![text("a"), image()], "<image=nginx>-a"),
        ("%[3]s", vec![text("a")], "%!s(BADINDEX)"),
        ("%*d%%", vec![int(4), int(7)], "   7%"),
        ("100%", vec![], "100%!(NOVERB)"),
        ("%z", vec![text("a")], "%!z(string=a)"),
        ("%s-%s", vec![unknown("a"), image()], "<?\u{e000}>-<image=nginx>"),
        ("%5s", vec![unknown("a")], "unknown"),
        ("%s", vec![int(5)], "unknown"),
    ] {
        let args: Vec<Traced> = std::iter::once(text(format)).chain(args).collect();
        assert_eq!(shown("printf", &args), expected, "{format}");
    }
}

#[test]
fn a_format_keeps_its_own_keys() {
    let format = joined(&[keyed("prefix", json!("web")), text("-%s")]);
    assert_eq!(shown("printf", &[format, text("a")]), "<prefix=web>-a");
    assert_eq!(shown("printf", &[keyed("whole", json!("web"))]), "<whole=web>");
}

#[test]
fn print_puts_spaces_between_what_is_no_text() {
    let one = || keyed("one", json!(1));
    assert_eq!(
        shown("print", &[text("a"), text("b"), one(), one(), text("c")]),
        "ab<one=1> <one=1>c"
    );
    assert_eq!(shown("println", &[text("a"), one()]), "a <one=1>\n");
    assert_eq!(
        shown("print", &[keyed("map", json!({"b": 1, "a": [true]}))]),
        "<~map[a:><~[><map.a[0]=true><~]><~ b:><map.b=1><~]>"
    );
    assert_eq!(shown("print", &[unknown("a"), one()]), "unknown");
}

#[test]
fn floats_are_written_as_go_writes_them() {
    for (number, expected) in [
        (1_000_000.0, "1e+06"),
        (123_456.0, "123456"),
        (1_234_567.5, "1.2345675e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.75, "-2.75"),
        (1e100, "1e+100"),
        (0.0, "0"),
    ] {
        assert_eq!(
            shown("print", &[keyed("n", json!(number))]),
            format!("<n={expected}>")
        );
    }
}
