//! Templates' texts as they come: pieces, holes, blocks, files in files.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::compare::path::Segment;
use crate::template::key::{Key, Keys};
use crate::template::traced::Kind;
use crate::yaml::parse_document;

/// A text in which `‹key=value›` is the value of a key, `‹?›` a hole and `‹??›` one that is indented.
fn text(marked: &str) -> Text {
    let mut text = Text::default();
    for part in marked.split_inclusive('›') {
        let (literal, value) = part.split_once('‹').map_or((part, None), |(literal, value)| {
            (literal, value.strip_suffix('›'))
        });
        text.push_literal(literal);
        match value {
            None => {}
            Some("?") => text.push("\u{E000}", &Origin::hole(Keys::None)),
            Some("??") => text.push("\u{E001}", &Origin::hole(Keys::None)),
            Some(value) => {
                let (key, value) = value.split_once('=').unwrap();
                text.push(value, &Origin::value(Key::root().name(key)));
            }
        }
    }
    text
}

fn map(marked: &str) -> SourceMap {
    SourceMap::of(&text(marked), &Limits::default())
}

fn only(marked: &str) -> Document {
    let mut map = map(marked);
    assert_eq!((map.documents.len(), map.lost), (1, 0), "{marked}");
    map.documents.remove(0)
}

/// `a/b`, `[2]`, `[name=x]` and `[=x]`, between slashes.
fn path(text: &str) -> FieldPath {
    let steps = text.split('/').filter(|step| !step.is_empty()).map(|step| {
        let Some(step) = step.strip_prefix('[').and_then(|step| step.strip_suffix(']')) else {
            return Segment::Key(step.to_owned());
        };
        let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
        if let Some(member) = step.strip_prefix('=') {
            return Segment::Member(value(member));
        }
        step.parse().map_or_else(
            |_| {
                let keys = step.split(',').map(|key| key.split_once('=').unwrap());
                Segment::Match(keys.map(|(key, of)| (key.to_owned(), value(of))).collect())
            },
            Segment::Index,
        )
    });
    steps.collect()
}

/// The pieces, with the key of each that shows one: `key=text`, and `key~text` for a part of its text.
fn pieces(located: &Located) -> Vec<String> {
    let shown = located.pieces.iter().map(|piece| match &piece.origin.key {
        Some(key) => format!("{key}{}{}", if piece.is_whole { "=" } else { "~" }, piece.text),
        None => piece.text.replace(HOLE, "?"),
    });
    shown.collect()
}

fn field(document: &Document, at: &str) -> (Value, Vec<String>) {
    let located = document.field(&path(at)).unwrap_or_else(|| panic!("{at}"));
    assert!(located.is_exact, "{at}: {located:?}");
    (located.value.clone(), pieces(&located))
}

fn show(pieces: &[&str]) -> Vec<String> {
    pieces.iter().map(|&piece| piece.to_owned()).collect()
}

#[test]
fn a_field_has_its_value_and_its_pieces() {
    let document = only(
        "# Source\nkind: Deployment\nmetadata: {name: ‹name=web›-x}\nspec:\n  replicas: ‹count=2›\n  image: \"‹repo=nginx›:‹tag=1.2›\"\n  \
         single: 'it''s ‹a=b›'\n  none: ‹empty=›\n  quoted: \"‹empty=›\"\n  port: ‹port=\"80\"›\n  escaped: \"a\\n‹x=\\u00e9\\\"›\"\n  map: {}\n",
    );
    assert_eq!(document.name.known(), Some("web-x"));
    for (at, value, expected) in [
        ("spec/replicas", json!(2), vec!["count=2"]),
        (
            "spec/image",
            json!("nginx:1.2"),
            vec!["repo=nginx", ":", "tag=1.2"],
        ),
        ("spec/single", json!("it's b"), vec!["it's ", "a=b"]),
        ("spec/none", Value::Null, vec!["empty="]),
        ("spec/quoted", json!(""), vec!["empty="]),
        ("spec/port", json!("80"), vec!["port=80"]),
        ("spec/escaped", json!("a\né\""), vec!["a\n", "x=é\""]),
        ("spec/map", json!({}), vec!["{}"]),
    ] {
        let (found, own) = field(&document, at);
        assert_eq!(found, value, "{at}");
        assert_eq!(own, show(&expected), "{at}");
    }
    assert_eq!(document.value(&path("metadata")), Some(json!({"name": "web-x"})));
    assert_eq!(document.field(&path("spec")), None);
    let under: Vec<String> = document
        .fields_under(&path("metadata"), 9)
        .into_iter()
        .map(|(path, _)| path.to_string())
        .collect();
    assert_eq!(under, ["/name"]);
}

#[test]
fn blocks_lose_their_indentation() {
    let document = only(
        "data:\n  a: |\n    x=‹a=1›\n\n      y\n    ‹b=z\n    w›\n  c: >-\n    one\n    ‹d=two›\n\n    three\n  e: |2+\n      f\n\n  g: h\n",
    );
    assert_eq!(
        field(&document, "data/a"),
        (
            json!("x=1\n\n  y\nz\nw\n"),
            show(&["x=", "a=1", "\n\n  y\n", "b=z\nw", "\n"])
        )
    );
    assert_eq!(
        field(&document, "data/c"),
        (json!("one two\nthree"), show(&["one ", "d=two", "\nthree"]))
    );
    assert_eq!(field(&document, "data/e"), (json!("  f\n\n"), show(&["  f\n\n"])));
}

#[test]
fn a_hole_hides_no_more_than_it_must() {
    let document = only(
        "kind: ‹?›\nmetadata:\n  name: ‹?›-web\n  labels:\n    ‹??›\n    app: ‹app=a›\n  annotations:\n    ‹??›\nspec:\n  replicas: ‹?›\n  \
         args:\n  - a\n  ‹?›\n  - b\n  env:\n    ‹??›\n  image: x:‹?›\n  containers:\n  - ‹?›\n    name: c\n    image: ‹image=i›\n  ‹?›\n",
    );
    assert!(document.name.fits("my-web") && !document.name.fits("my-db") && document.name.known().is_none());
    assert_eq!(
        field(&document, "metadata/labels/app"),
        (json!("a"), show(&["app=a"]))
    );
    assert!(document.may_have(&path("metadata/labels/tier")));
    assert!(!document.may_have(&path("metadata/namespace")));
    assert!(document.field(&path("metadata/annotations")).unwrap().has_hole);
    assert!(document.may_have(&path("metadata/annotations/x")));
    assert!(document.field(&path("spec/replicas")).unwrap().has_hole);
    assert_eq!(document.value(&path("spec/replicas")), None);
    assert_eq!(field(&document, "spec/args/[0]").0, json!("a"));
    assert_eq!(field(&document, "spec/args/[=b]").0, json!("b"));
    assert_eq!(
        document.field(&path("spec/args/[2]")),
        None,
        "the hole may be any number"
    );
    assert!(document.field(&path("spec/env")).unwrap().has_hole);
    let image = document.field(&path("spec/image")).unwrap();
    assert_eq!((pieces(&image), image.is_exact), (show(&["x:", "?"]), true));
    assert_eq!(
        field(&document, "spec/containers/[name=c]/image").1,
        show(&["image=i"])
    );
    assert!(document.may_have(&path("spec/containers/[name=c]/args")));
}

#[test]
fn holes_where_no_text_may_stand_are_worked_around() {
    for marked in [
        "kind: A\nlabels: ‹?›\n  app: ‹app=a›\n",
        "‹?›\nkind: A\nlabels:\n  app: ‹app=a›\n‹?›\n",
        "kind: A\nlabels:\n  ‹?›\n\n  # c\n  ‹?›\n  app: ‹app=a›\n",
        "kind: A\nlabels: {app: ‹app=a›, ‹?›}\n",
    ] {
        let document = only(marked);
        assert!(
            document.field(&path("labels/app")).is_some(),
            "{marked}: {:?}",
            document.body
        );
        assert_eq!(
            field(&document, "labels/app"),
            (json!("a"), show(&["app=a"])),
            "{marked}"
        );
    }
    let document = only("kind: A\nspec:\n  b: \"c\" ‹?›\n  d: ‹?› [e]\n");
    assert!(document.field(&path("spec/b")).unwrap().has_hole);
    assert!(document.field(&path("spec/d")).unwrap().has_hole);
    let document =
        only("kind: A\nspec:\n  ‹?›\n  key: {‹?›: 1}\n  b: 1\ndata:\n  a: |\n    x\n    ‹?›\n    y: ‹y=z›\n");
    let block = document.field(&path("data/a")).unwrap();
    assert_eq!(
        (pieces(&block), block.has_hole),
        (show(&["x\n", "?", "\ny: ", "y=z", "\n"]), true)
    );
}

#[test]
fn a_broken_document_is_lost_alone() {
    let map = map("kind: A\n---\na: [\n---\n# nothing\n---\n‹?›\n---kind: B\n---\nkind: C\nb: *x\n");
    let kinds: Vec<_> = map.documents.iter().map(|found| found.kind.known()).collect();
    assert_eq!((kinds, map.lost), (vec![Some("A"), Some("B")], 3));
}

#[test]
fn objects_are_found_by_kind_and_name() {
    let map = map(
        "kind: A\nmetadata: {name: ‹?›-x}\n---\nkind: A\nmetadata: {name: y-x, namespace: nn}\nv: 1\n---\nkind: A\nmetadata: {name: y-x, namespace: m}\nv: 2\n---\n\
         kind: BList\napiVersion: v1\nitems:\n- metadata: {name: b}\n- {kind: C, apiVersion: v2, metadata: {name: c}}\n",
    );
    let value = |namespace| {
        map.document("A", Some(namespace), "y-x")
            .and_then(|found| found.value(&path("v")))
    };
    assert_eq!(
        (value("nn"), value("m"), value("o")),
        (Some(json!(1)), Some(json!(2)), None)
    );
    assert!(map.document("A", None, "z-x").is_some() && map.document("A", None, "z").is_none());
    assert!(map.document("B", None, "b").is_some() && map.document("C", None, "c").is_some());
    assert_eq!(map.lost, 0);
}

#[test]
fn elements_are_found_by_any_of_their_keys() {
    let document = only(
        "ports:\n- {containerPort: 53}\n- {containerPort: 53, protocol: UDP}\n- {containerPort: ‹?›, name: h}\nenv:\n- {name: A, value: 1}\n- {name: ‹?›_B, value: 2}\n\
         mounts:\n- mountPath: ‹?›\n- mountPath: ‹?›/x\n",
    );
    let found = |at: &str| document.value(&path(at));
    assert_eq!(
        found("ports/[containerPort=53,protocol=TCP]"),
        Some(json!({"containerPort": 53}))
    );
    assert_eq!(
        found("ports/[containerPort=53,protocol=UDP]/protocol"),
        Some(json!("UDP"))
    );
    assert_eq!(found("ports/[containerPort=80]/name"), Some(json!("h")));
    assert_eq!(found("env/[name=X_B]/value"), Some(json!(2)));
    assert_eq!(found("env/[name=X]/value"), None);
    assert_eq!(found("mounts/[mountPath=/a/x]/mountPath"), None, "both may be it");
}

#[test]
fn what_an_alias_or_a_merge_key_brings_is_shared() {
    let document = only("a: &a {x: ‹k=1›, z: 2}\nb:\n  <<: *a\n  z: 3\n");
    let located = |at| document.field(&path(at)).unwrap();
    assert_eq!(
        (pieces(&located("b/x")), located("b/x").is_shared),
        (show(&["k=1"]), true)
    );
    assert!(!located("b/z").is_shared && !located("a/x").is_shared);
    let anchored = only("a: &a !!str ‹k=1›\n");
    assert_eq!(field(&anchored, "a"), (json!("1"), show(&["k=1"])));
}

#[test]
fn fields_inside_texts_have_pieces_too() {
    let document = only(
        "data:\n  c.yaml: |\n    # ‹note=n›\n    log: ‹level=info›\n    list:\n      - name: a\n        v: \"‹x=1›\"\n    more: ‹?›\n  d.json: '{\"a\": ‹a=1›}'\n  text: |\n    a\n    b\n",
    );
    let inside = |entry: &str, inner: &str| {
        let located = document.inside(&path(entry), &path(inner))?;
        Some((located.value.clone(), pieces(&located)))
    };
    assert_eq!(
        inside("data/c.yaml", "log"),
        Some((json!("info"), show(&["level=info"])))
    );
    assert_eq!(
        inside("data/c.yaml", "list/[name=a]/v"),
        Some((json!("1"), show(&["x=1"])))
    );
    assert_eq!(inside("data/d.json", "a"), Some((json!(1), show(&["a=1"]))));
    assert!(document.embedded(&path("data/text")).is_none());
    assert!(
        document
            .embedded(&path("data/c.yaml"))
            .unwrap()
            .field(&path("more"))
            .unwrap()
            .has_hole
    );
}

#[test]
fn texts_are_compared_by_what_they_say() {
    let differences = |one: &str, two: &str| {
        differences_inside(one, two, &Limits::default()).map(|found| {
            let found = found.into_iter();
            found
                .map(|(path, before, after)| (path.to_string(), before, after))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(
        differences(
            "# c\na: 1\nl: [{name: x, v: 1}]\nd: 4\n",
            "l:\n- v: 2\n  name: x\na: \"1\"\ne: {}\n"
        ),
        Some(vec![
            ("/a".to_owned(), Some(json!(1)), Some(json!("1"))),
            ("/d".to_owned(), Some(json!(4)), None),
            ("/e".to_owned(), None, Some(json!({}))),
            ("/l[name=x]/v".to_owned(), Some(json!(1)), Some(json!(2))),
        ])
    );
    assert_eq!(differences("a: 1\n", "a:   1 # x\n"), Some(Vec::new()));
    assert_eq!(
        differences("{\"a\": 1}", "{\"a\": 2}").map(|found| found.len()),
        Some(1)
    );
    for other in ["x\ny\n", "a: 1\n---\nb: 1\n", "a: [\n", "- a\n- b\n"] {
        assert_eq!(differences("a: 1\n", other), None, "{other}");
    }
}

#[test]
fn another_rendering_tells_which_fields_move() {
    let one = map(
        "kind: A\nmetadata: {name: x}\nspec:\n  v: ‹v=1›\n  h: ‹?›\n  ‹??›\n  ports:\n  - port: 80\n    name: w\n---\nkind: B\nmetadata: {name: one}\n",
    );
    let two = map(
        "kind: A\nmetadata: {name: x}\nspec:\n  v: ‹v=2›\n  h: ‹?›\n  ‹??›\n  ports:\n  - port: 80\n    name: z\n---\nkind: B\nmetadata: {name: two}\n",
    );
    let found: Vec<_> = one
        .changes(&two, 10)
        .into_iter()
        .map(|change| {
            (
                change.kind,
                change.name,
                change.path.to_string(),
                change.before.is_some(),
                change.after.is_some(),
            )
        })
        .collect();
    let change = |kind: &str, name: &str, path: &str, before, after| {
        (kind.to_owned(), name.to_owned(), path.to_owned(), before, after)
    };
    assert_eq!(
        found,
        [
            change("A", "x", "/spec/ports[port=80,protocol=TCP]/name", true, true),
            change("A", "x", "/spec/v", true, true),
            change("B", "one", "/", true, false),
            change("B", "two", "/", false, true),
        ]
    );
    assert_eq!(one.changes(&two, 2).len(), 2);
    assert!(one.changes(&one, 10).is_empty());
}

/// Every scalar that is written once, against the whole document's value.
fn check(text: &Text) {
    let map = SourceMap::of(text, &Limits::default());
    for document in &map.documents {
        let value = parse_document(&document.body.source.text, &Limits::default()).unwrap();
        assert_eq!(document.body.tree.value(document.body.tree.root()), value);
        for (path, located) in document.fields_under(&FieldPath::root(), 100_000) {
            if !located.is_exact {
                assert!(text.as_str().contains("!!binary"), "{path}: {located:?}");
                continue;
            }
            let text: String = located.pieces.iter().map(|piece| piece.text.as_str()).collect();
            match &located.value {
                Value::String(value) => assert_eq!(&text, value, "{path}"),
                Value::Null | Value::Bool(_) | Value::Number(_) => {
                    let read = parse_document(&text, &Limits::default()).unwrap();
                    assert_eq!(read, located.value, "{path}");
                }
                Value::Array(_) | Value::Object(_) => {}
            }
            let is_positional = |segment: &Segment| matches!(segment, Segment::Index(_));
            if !path.segments().iter().any(is_positional) && !located.is_shared {
                assert_eq!(document.field(&path), Some(located), "{path}");
            }
        }
    }
}

#[test]
fn the_charts_of_the_tests_are_read_exactly() {
    for file in [
        include_str!("../../../tests/charts/scalars/values.yaml"),
        include_str!("../../../tests/charts/workloads/values.yaml"),
    ] {
        check(&Text::literal(file));
    }
}

/// A text of YAML with scalars in all styles.
fn yaml() -> impl Strategy<Value = String> {
    let word = "[a-zé:#'\" \\\\-]{0,8}";
    let lines = proptest::collection::vec("( {0,2}[a-z#é]{1,4}[ ]?){0,2}", 1..5);
    let scalar = prop_oneof![
        word.prop_map(|word| format!(
            "a{}",
            word.replace(": ", ":")
                .replace(" #", "#")
                .trim_end_matches([':', ' '])
        )),
        word.prop_map(|word| format!("'{}'", word.replace('\'', "''"))),
        word.prop_map(|word| format!(
            "\"{}\\n\\u00e9\\t\"",
            word.replace('\\', "\\\\").replace('"', "\\\"")
        )),
        "[a-z]{1,3}".prop_map(|word| format!("\"{word}\n      {word} \n\n    {word}\\\n    {word}\"")),
        "[a-z]{1,3}".prop_map(|word| format!("'{word}\n\n\n      {word} \n    {word}'")),
        "[a-z]{1,3}".prop_map(|word| format!("{word}0 {word}\n      {word} \n\n    {word}0")),
        (lines, "[|>][+-]?", any::<bool>()).prop_map(|(lines, header, is_first)| {
            let mut block = header;
            if is_first {
                block.push_str("\n    first");
            }
            for line in lines {
                block.push_str("\n    ");
                block.push_str(&line);
            }
            block
        }),
        Just("&a !!str 0x1".to_owned()),
        Just("12".to_owned()),
        Just(String::new()),
    ];
    proptest::collection::vec(scalar, 1..5).prop_map(|scalars| {
        let mut text = String::new();
        for (index, scalar) in scalars.iter().enumerate() {
            text += &["k", &index.to_string(), ":\n  s: ", scalar, "\n"].concat();
        }
        text
    })
}

/// A value that is empty may stand between them.
#[test]
fn the_two_characters_of_a_break_may_be_of_different_pieces() {
    let mut text = Text::default();
    for (index, piece) in ["k: 'a\r", "", "\n  b'\r", "\n"].into_iter().enumerate() {
        text.push(piece, &Origin::value(Key::root().name(&index.to_string())));
    }
    check(&text);
}

proptest! {
    #[test]
    fn pieces_together_are_the_value(yaml in yaml(), cuts in proptest::collection::vec(0_usize..400, 0..12), crlf: bool) {
        let yaml = if crlf { yaml.replace('\n', "\r\n") } else { yaml };
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| yaml.is_char_boundary(*cut)).collect();
        cuts.extend([0, yaml.len()]);
        cuts.sort_unstable();
        let mut text = Text::default();
        for (index, cut) in cuts.windows(2).enumerate() {
            text.push(&yaml[cut[0]..cut[1]], &Origin { kind: Kind::Value, ..Origin::value(Key::root().name(&index.to_string())) });
        }
        check(&text);
    }

    #[test]
    fn no_text_is_too_odd(marked in "(‹\\?›|‹\\?\\?›|‹a=b›|a|kind: |- |: |\n|  |---|'|\"|\\[|\\}|\\{|, |\\||>|#|<<: |&a |\\*a|é){0,30}") {
        let map = map(&marked);
        for document in &map.documents {
            let fields = document.fields_under(&FieldPath::root(), 100);
            prop_assert!(fields.iter().all(|(_, located)| located.has_hole || located.is_exact || located.style != Style::Plain));
            prop_assert!(map.changes(&map, 10).is_empty());
            for (path, _) in fields {
                let _ = document.may_have(&path.key("x"));
                let _ = document.embedded(&path);
            }
        }
    }
}
