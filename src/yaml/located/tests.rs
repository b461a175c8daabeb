//! Where nodes stand, and that they are those of the document.

use proptest::prelude::*;

use super::super::parse_document;
use super::*;

fn tree(text: &str) -> Tree {
    parse(text, &Limits::default(), &mut Repairs::default())
        .unwrap()
        .unwrap()
}

/// The text of the scalar at these names and positions.
fn at<'t>(text: &'t str, steps: &[&str]) -> &'t str {
    let tree = tree(text);
    let mut id = tree.root();
    for step in steps {
        id = match &tree.node(id).unwrap().content {
            Content::Sequence(items) => items[step.parse::<usize>().unwrap()].node,
            Content::Scalar { .. } | Content::Mapping(_) => tree.entry(id, step).unwrap().value.node,
        };
    }
    &text[tree.node(id).unwrap().span.clone()]
}

#[test]
fn nodes_know_where_they_stand() {
    let text = "é: [\"ü\", 'x' ]\nb:\n  - |-\n    é\n    2\n  - &a !!str 3 # c\n  - *a\nc:\nd: ''\n";
    assert_eq!(at(text, &["é", "0"]), "\"ü\"");
    assert_eq!(at(text, &["é"]), "[\"ü\", 'x' ]");
    assert_eq!(at(text, &["b", "0"]), "|-\n    é\n    2\n");
    assert_eq!(at(text, &["b", "1"]), "&a !!str 3");
    assert_eq!(at(text, &["b", "2"]), "&a !!str 3");
    assert_eq!(at(text, &["c"]), "");
    assert_eq!(at(text, &["d"]), "''");
}

#[test]
fn places_are_those_of_the_given_text_where_it_had_to_be_rewritten() {
    let text = "\u{FEFF}a: \"it\\'s\"\r\nb: {c:, d: x}\r\ne: \"y\\'\"\r\nf: z";
    assert_eq!(at(text, &["a"]), "\"it\\'s\"");
    assert_eq!(at(text, &["b", "d"]), "x");
    assert_eq!(at(text, &["e"]), "\"y\\'\"");
    assert_eq!(at(text, &["f"]), "z");
}

#[test]
fn what_an_alias_brings_is_marked() {
    let tree = tree("a: &a {x: 1, z: 2}\nb:\n  <<: *a\n  z: 3\nc: *a\n");
    let shared = |id, name| tree.entry(id, name).unwrap().value;
    let b = shared(tree.root(), "b");
    assert!(!b.is_shared && shared(b.node, "x").is_shared && !shared(b.node, "z").is_shared);
    assert!(shared(tree.root(), "c").is_shared);
}

proptest! {
    #[test]
    fn the_value_is_that_of_the_document(
        text in "(a|b|- |: |\n|\n  |&a |\\*a|<<: |'|\"|\\\\'|\\[|\\]|\\{|\\}|, |\\||>|0x1|~|é|:|\r\n|!!str |1.0|\\? ){0,25}"
    ) {
        let read = parse(&text, &Limits::default(), &mut Repairs::default());
        let read = read.map(|tree| tree.map_or(Value::Null, |tree| tree.value(tree.root())));
        match parse_document(&text, &Limits::default()) {
            Ok(value) => prop_assert_eq!(read.unwrap(), value),
            Err(_) => prop_assert!(read.is_err()),
        }
    }
}
