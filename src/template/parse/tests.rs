//! What of Go templates is read, and what is refused.

use super::super::ast::{Node, Operand};
use super::super::work::{Fault, Work};
use super::parse;

fn parsed(text: &str) -> super::Parsed {
    parse(text, &mut Work::default()).unwrap()
}

fn refused(text: &str) -> String {
    match parse(text, &mut Work::default()) {
        Err(Fault::Failed(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// The only operand of the only action of a template.
fn operand(action: &str) -> Operand {
    match &*parsed(&format!("{{{{ {action} }}}}")).nodes {
        [Node::Action(pipeline)] => pipeline.commands[0].operands[0].clone(),
        nodes => panic!("{nodes:?}"),
    }
}

fn texts(text: &str) -> String {
    parsed(text).nodes.iter().fold(String::new(), |mut texts, node| {
        if let Node::Text(text) = node {
            texts.push_str(text);
        } else {
            texts.push('#');
        }
        texts
    })
}

#[test]
fn dashes_trim_the_white_space_beside_an_action() {
    assert_eq!(texts("a \r\n{{- .x -}} \n b"), "a#b");
    assert_eq!(texts("a {{.x}} b"), "a # b");
    assert_eq!(texts("a {{- /* comment */ -}} b"), "ab");
    assert_eq!(texts("a {{-3}} b"), "a # b");
}

#[test]
fn numbers_have_all_of_gos_forms() {
    assert!(matches!(operand("0x1F"), Operand::Int(31)));
    assert!(matches!(operand("0o17"), Operand::Int(15)));
    assert!(matches!(operand("017"), Operand::Int(15)));
    assert!(matches!(operand("0b101"), Operand::Int(5)));
    assert!(matches!(operand("1_000"), Operand::Int(1000)));
    assert!(matches!(operand("-0x1e"), Operand::Int(-30)) || matches!(operand("-0x1e"), Operand::Float(_)));
    assert!(matches!(operand("'a'"), Operand::Int(97)));
    assert!(matches!(operand("1e3"), Operand::Float(value) if (value - 1000.0).abs() < f64::EPSILON));
    assert!(matches!(operand("0x1p4"), Operand::Float(value) if (value - 16.0).abs() < f64::EPSILON));
    assert_eq!(refused("{{ 089 }}"), "what begins as a number is none in line 1");
    assert_eq!(
        parse("{{ 1i }}", &mut Work::default()).unwrap_err(),
        Fault::Unsupported("a complex number".to_owned())
    );
}

#[test]
fn texts_have_all_of_gos_escapes() {
    let text = |action: &str| match operand(action) {
        Operand::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        text(r#""a\tb\"\\\x41\101\u00e9\U0001F600""#),
        "a\tb\"\\AA\u{e9}\u{1f600}"
    );
    assert_eq!(text("`a\\n\r\nb`"), "a\\n\nb");
    refused(r#"{{ "\q" }}"#);
    refused(r#"{{ "\'" }}"#);
}

#[test]
fn fields_follow_variables_and_parentheses_but_no_constant() {
    assert!(
        matches!(operand("$.a.b"), Operand::Variable(name, fields) if name.is_empty() && fields.len() == 2)
    );
    assert!(matches!(operand("(index .a 0).b.c"), Operand::Chain(_, fields) if fields.len() == 2));
    refused(r#"{{ "a".b }}"#);
    refused("{{ nil.b }}");
}

#[test]
fn an_else_if_is_an_if_alone_in_the_else() {
    let parsed = parsed("{{ if .a }}1{{ else if .b }}2{{ else }}3{{ end }}");
    let [Node::If(outer)] = &*parsed.nodes else {
        panic!()
    };
    let [Node::If(inner)] = &*outer.otherwise else {
        panic!()
    };
    assert_eq!((inner.body.len(), inner.otherwise.len()), (1, 1));
}

#[test]
fn a_variable_is_seen_only_within_its_block() {
    parsed("{{ range $i, $e := .l }}{{ $i }}{{ $e }}{{ end }}");
    refused("{{ if .a }}{{ $x := 1 }}{{ end }}{{ $x }}");
    refused("{{ $x := 1 }}{{ define \"t\" }}{{ $x }}{{ end }}");
}

#[test]
fn an_empty_definition_replaces_none_and_is_replaced() {
    let bodies =
        |text: &str| -> Vec<usize> { parsed(text).defines.iter().map(|(_, body)| body.len()).collect() };
    assert_eq!(
        bodies("{{ define \"a\" }}{{ .x }}{{ end }}{{ define \"a\" }} {{ end }}"),
        [1]
    );
    assert_eq!(
        bodies("{{ define \"a\" }}{{ end }}{{ define \"a\" }}x{{ .y }}{{ end }}"),
        [2]
    );
    refused("{{ define \"a\" }}1{{ end }}{{ define \"a\" }}2{{ end }}");
}

#[test]
fn an_error_says_the_line_and_nothing_of_the_template() {
    assert_eq!(
        refused("a\nb{{ if .secret }}\n"),
        "the text ends where an `end` is missing in line 3"
    );
    assert_eq!(
        refused("\n{{ .secret@ }}"),
        "a name holds a character that no name may hold in line 2"
    );
    assert_eq!(
        refused("{{ break }}"),
        "`break` or `continue` stands outside of `range` in line 1"
    );
}

#[test]
fn deep_templates_are_refused_and_leave_the_depth_as_it_was() {
    let mut work = Work::default();
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(matches!(parse(&deep, &mut work), Err(Fault::TooMuch(_))));
    let fits = format!("{{{{ {}1{} }}}}", "(".repeat(90), ")".repeat(90));
    parse(&fits, &mut work).unwrap();
}
