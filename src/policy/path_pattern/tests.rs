//! Which places a pattern matches, and the errors for texts that are no pattern.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn pattern(text: &str) -> PathPattern {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn element(keys: &[(&str, Value)]) -> Segment {
    Segment::Match(
        keys.iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    )
}

fn image(container: &str) -> FieldPath {
    FieldPath::root()
        .key("spec")
        .key("template")
        .key("spec")
        .key("containers")
        .join(element(&[("name", json!(container))]))
        .key("image")
}

fn annotation(key: &str) -> FieldPath {
    FieldPath::root().key("metadata").key("annotations").key(key)
}

fn port() -> FieldPath {
    FieldPath::root().key("spec").key("ports").join(element(&[
        ("containerPort", json!(80)),
        ("protocol", json!("TCP")),
    ]))
}

#[test]
fn what_a_pattern_matches() {
    let finalizer = FieldPath::root()
        .key("metadata")
        .key("finalizers")
        .join(Segment::Member(json!("a.example.com/b c")));
    let verbs = FieldPath::root()
        .key("rules")
        .join(Segment::Index(2))
        .key("verbs");
    let rows: Vec<(&str, FieldPath, bool)> = vec![
        ("/", image("app"), true),
        ("/", FieldPath::root(), true),
        ("**", image("app"), true),
        ("/spec", image("app"), true),
        ("/spe", image("app"), false),
        (
            "/spec/template/spec/containers[name=app]/image",
            image("app"),
            true,
        ),
        (
            "/spec/template/spec/containers[name=app]/image",
            image("api"),
            false,
        ),
        ("/spec/template/spec/containers[name=app]", image("app"), true),
        (
            "/spec/template/spec/containers[name=app]/image/tag",
            image("app"),
            false,
        ),
        (
            "/spec/template/spec/containers/[name=app]/image",
            image("app"),
            true,
        ),
        (
            "/spec/template/spec/containers[name=sidecar-*]",
            image("sidecar-log"),
            true,
        ),
        (
            "/spec/template/spec/containers[name=sidecar-*]",
            image("app"),
            false,
        ),
        ("/spec/template/spec/containers[name=\"app\"]", image("app"), true),
        ("/spec/template/spec/containers[*]/image", image("app"), true),
        ("/spec/template/spec/containers[0]/image", image("app"), false),
        ("/spec/template/spec/containers/*/image", image("app"), false),
        ("/spec/template/spec/*[name=app]/image", image("app"), true),
        ("containers[name=app]/image", image("app"), true),
        ("containers[name=app]/image", image("api"), false),
        ("[name=app]", image("app"), true),
        ("template", image("app"), true),
        ("image", image("app"), true),
        ("/containers[name=app]/image", image("app"), false),
        ("/spec/**/image", image("app"), true),
        ("/spec/**/template/spec", image("app"), true),
        ("/spec/**/spec/**/name", image("app"), false),
        ("/**/[*]/image", image("app"), true),
        ("/*/template", image("app"), true),
        (
            "/metadata/annotations[\"field.cattle.io/*\"]",
            annotation("field.cattle.io/publicEndpoints"),
            true,
        ),
        (
            "/metadata/annotations[\"field.cattle.io/*\"]",
            annotation("cattle.io/status"),
            false,
        ),
        (
            "/metadata/annotations/*",
            annotation("field.cattle.io/publicEndpoints"),
            true,
        ),
        (
            "/metadata/annotations[*]",
            annotation("field.cattle.io/publicEndpoints"),
            false,
        ),
        ("/metadata/annotations/a*c", annotation("abbc"), true),
        ("/metadata/annotations[\"*\"]", annotation("a b"), true),
        ("ports[containerPort=80,protocol=TCP]", port(), true),
        ("ports[protocol=TCP,containerPort=80]", port(), true),
        ("ports[containerPort=80]", port(), true),
        ("ports[containerPort=80,protocol=UDP]", port(), false),
        ("ports[containerPort=80,hostIP=*]", port(), false),
        ("/metadata/finalizers[=a.example.com/*]", finalizer.clone(), true),
        ("/metadata/finalizers[=\"a.example.com/b c\"]", finalizer, true),
        ("/rules[2]", verbs, true),
        // The dialect of all other keys of a rule.
        ("/metadata/annotations/we?", annotation("web"), true),
        ("/metadata/annotations/we?", annotation("we"), false),
        ("/metadata/annotations/{a,we?}", annotation("web"), true),
        ("/metadata/annotations/{a,b=c d}", annotation("b=c d"), true),
        ("/metadata/annotations/{a,b}/c", annotation("a"), false),
        ("/metadata/annotations[\"we[a-c]\"]", annotation("web"), true),
        ("/metadata/annotations[\"we[!a-c]\"]", annotation("web"), false),
        (
            "/metadata/annotations[\"{a,b}.example.com/*\"]",
            annotation("a.example.com/x"),
            true,
        ),
        (r"/metadata/annotations/a\*", annotation("a*"), true),
        (r"/metadata/annotations/a\*", annotation("ab"), false),
        (r"/metadata/annotations/a\[b\]", annotation("a[b]"), true),
        (r"/metadata/annotations/a\/b", annotation("a/b"), true),
        (r#"/metadata/annotations["a\\{b"]"#, annotation("a{b"), true),
        ("containers[name=a{pp,pi}]/image", image("api"), true),
        ("containers[name=a[pq]p]/image", image("app"), true),
        ("containers[name=a?p]/image", image("app"), true),
        (r"containers[name=a\]]/image", image("a]"), true),
        ("{containers,initContainers}[*]/image", image("app"), true),
    ];
    for (text, path, matches) in rows {
        assert_eq!(pattern(text).matches(&path), matches, "{text} and {path}");
    }
}

#[test]
fn each_mistake_has_an_error_of_one_sentence() {
    for (text, message) in [
        (
            "",
            "a path pattern cannot be empty; `/` stands for the whole object",
        ),
        (
            "/spec//image",
            "`/spec//image` has no key after the `/` at character 6",
        ),
        ("/spec/", "`/spec/` has no key after the `/` at character 6"),
        (
            "/metadata/annotations/a=b",
            "`/metadata/annotations/a=b` has a '=' at character 24; a key that holds it is written in \
             brackets and quotes: [\"...\"]",
        ),
        (
            "/spec]",
            "`/spec]` has a ']' at character 6; a key that holds it is written in brackets and quotes: \
             [\"...\"]",
        ),
        (
            "/a[name=b]image",
            "`/a[name=b]image` needs a `/`, a `[` or its end at character 11, after the brackets",
        ),
        (
            "/ü[name=b",
            "`/ü[name=b` lacks the `]` for the `[` at character 3",
        ),
        ("/a[b", "`/a[b` lacks the `]` for the `[` at character 3"),
        ("/a[0", "`/a[0` lacks the `]` for the `[` at character 3"),
        (
            "/data/{a,b",
            "`/data/{a,b` has a key or value at character 7 that is no glob: it has a `{` without its `}`; \
             a \\ before a character lets it stand for itself",
        ),
        (
            "/ü[name=a[b]",
            "`/ü[name=a[b]` has a key or value at character 9 that is no glob: it has a `[` without its \
             `]`; a \\ before a character lets it stand for itself",
        ),
        (
            "/a[\"[z-a]\"]",
            "`/a[\"[z-a]\"]` has a key or value at character 4 that is no glob: its range z-a runs backwards; a \\ \
             before a character lets it stand for itself",
        ),
        (
            "/a[\"b]",
            "`/a[\"b]` has quotes at character 4 that do not hold a JSON string",
        ),
    ] {
        assert_eq!(text.parse::<PathPattern>().unwrap_err().to_string(), message);
    }
    for text in [
        "/a[]",
        "/a[b]",
        "/a[1x]",
        "/a[=]",
        "/a[b=]",
        "/a[b=c,]",
        "/a[b=c,d]",
        "/a[**]",
        "/a[\"b\"x]",
        "/a[99999999999999999999999]",
        "/a[=b,c]",
    ] {
        assert_eq!(
            text.parse::<PathPattern>().unwrap_err().to_string(),
            format!(
                "`{text}` has brackets at character 3 that hold none of \"key\", name=value, =member, a \
                 position and *"
            )
        );
    }
}

#[test]
fn patterns_are_read_and_written_as_text() {
    let read: PathPattern = serde_json::from_str(r#""containers[*]/image""#).unwrap();
    assert_eq!(read.to_string(), "containers[*]/image");
    assert!(serde_json::from_str::<PathPattern>(r#""/a[""#).is_err());
}

/// An annotation in a cluster may hold anything; the time must not grow with the power of its wildcards.
#[test]
fn many_wildcards_are_matched_in_time() {
    let text = format!("{}b", "a/**/".repeat(60));
    let deep = (0..400).fold(FieldPath::root(), |path, _| path.key("a"));
    assert!(!pattern(&text).matches(&deep));
    let text = format!("/{}b", "a*".repeat(60));
    assert!(!pattern(&text).matches(&FieldPath::root().key(&"a".repeat(4000))));
}

/// A pattern has a limited length, and the error does not repeat a longer one.
#[test]
fn a_pattern_has_a_limited_length() {
    let text = format!("/{}", "a/".repeat(600));
    assert_eq!(
        text.parse::<PathPattern>().unwrap_err().to_string(),
        "a path pattern cannot be longer than 1024 bytes, and this one has 1201"
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-c/:. =,\"ü]{0,4}".prop_map(Value::from),
        (0..3u64).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        "[ab]{1,2}".prop_map(|text| json!({"key": [text]})),
    ]
}

fn any_segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        "[a-c/. \"=,ü\n]{0,3}".prop_map(Segment::Key),
        (0..3usize).prop_map(Segment::Index),
        any_value().prop_map(|name| element(&[("name", name)])),
        (any_value(), any_value()).prop_map(|(a, b)| element(&[("port", a), ("protocol", b)])),
        any_value().prop_map(Segment::Member),
    ]
}

/// Paths of real objects: they begin with a field of the object.
fn any_path() -> impl Strategy<Value = FieldPath> {
    ("[a-c]{1,2}", prop::collection::vec(any_segment(), 0..4)).prop_map(|(first, rest)| {
        rest.into_iter()
            .fold(FieldPath::root().key(&first), |path, segment| path.join(segment))
    })
}

proptest! {
    #[test]
    fn a_path_read_back_matches_itself_and_what_is_inside(path in any_path(), inner in any_segment()) {
        let pattern = pattern(&path.to_string());
        prop_assert!(pattern.matches(&path));
        prop_assert!(pattern.matches(&path.join(inner)));
    }

    #[test]
    fn a_path_read_back_matches_nothing_else(path in any_path(), other in any_path()) {
        let inside = other.to_string() == path.to_string() || other.segments().starts_with(path.segments());
        prop_assert_eq!(pattern(&path.to_string()).matches(&other), inside, "{} and {}", path, other);
    }

    #[test]
    fn a_sibling_is_not_matched(path in any_path(), one in any_segment(), other in any_segment()) {
        let (one, other) = (path.join(one), path.join(other));
        prop_assert_eq!(
            pattern(&one.to_string()).matches(&other),
            one.to_string() == other.to_string(),
            "{} and {}", one, other
        );
    }

    #[test]
    fn no_text_is_too_much_for_the_parser(text in "[/\\[\\]{}?*=,\"a0ü\\\\]{0,12}") {
        if let Ok(pattern) = text.parse::<PathPattern>() {
            prop_assert_eq!(pattern.to_string(), text);
        }
    }
}
