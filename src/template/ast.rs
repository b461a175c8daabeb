//! What a template is made of, as Go's `text/template/parse` has it.

use std::collections::HashMap;
use std::rc::Rc;

/// Templates by their names, as `define` or as files.
pub(super) type Defines = HashMap<Rc<str>, Rc<[Node]>>;

/// A parsed file: what it renders itself, and what it defines.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The file's own content.
    pub nodes: Rc<[Node]>,
    /// The templates that `define` and `block` name, in the order of the text.
    pub defines: Vec<(Rc<str>, Rc<[Node]>)>,
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Node {
    /// Text, with white space trimmed where `{{-` and `-}}` ask for it.
    Text(Rc<str>),
    /// A pipeline whose value is printed, unless it declares or assigns a variable.
    Action(Pipeline),
    /// `template`, and what `block` renders in its place.
    Template {
        /// The name.
        name: Rc<str>,
        /// Its dot; nil without one.
        argument: Option<Pipeline>,
    },
    /// `if`.
    If(Branch),
    /// `with`.
    With(Branch),
    /// `range`.
    Range(Branch),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
}

/// What `if`, `with` and `range` have in common. `else if` is an `if` alone in `otherwise`.
#[derive(Debug, Clone)]
pub struct Branch {
    /// What decides.
    pub pipeline: Pipeline,
    /// What is rendered then.
    pub body: Rc<[Node]>,
    /// What is rendered otherwise.
    pub otherwise: Rc<[Node]>,
    /// What its nodes change for those after it: variables that are assigned, and maps that something is set in. Shared with
    /// the branches around it.
    pub changes: Vec<Rc<Operand>>,
    /// Whether `break` or `continue` in it ends a turn of the `range` around it.
    pub jumps: bool,
}

impl Branch {
    /// A branch with what its nodes do to those after it.
    pub(super) fn new(control: Control, pipeline: Pipeline, body: Rc<[Node]>, otherwise: Rc<[Node]>) -> Self {
        // Within `with` and `range`, a field is one of another dot.
        let is_same_dot =
            |target: &Rc<Operand>| control == Control::If || matches!(**target, Operand::Variable(..));
        let changed = body.iter().flat_map(Node::changes).filter(is_same_dot);
        let changes = changed.chain(otherwise.iter().flat_map(Node::changes)).collect();
        let jumps = |nodes: &[Node]| nodes.iter().any(Node::jumps);
        Self {
            jumps: (control != Control::Range && jumps(&body)) || jumps(&otherwise),
            pipeline,
            body,
            otherwise,
            changes,
        }
    }
}

/// What begins a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    /// `if`.
    If,
    /// `with`.
    With,
    /// `range`.
    Range,
}

impl Node {
    /// What it changes for the nodes after it.
    fn changes(&self) -> Vec<Rc<Operand>> {
        match self {
            Self::Action(pipeline) => pipeline.changes(),
            Self::If(branch) | Self::With(branch) => branch.changes.clone(),
            Self::Range(branch) => [branch.pipeline.changes(), branch.changes.clone()].concat(),
            Self::Text(_) | Self::Template { .. } | Self::Break | Self::Continue => Vec::new(),
        }
    }

    fn jumps(&self) -> bool {
        match self {
            Self::Break | Self::Continue => true,
            Self::If(branch) | Self::With(branch) | Self::Range(branch) => branch.jumps,
            Self::Text(_) | Self::Action(_) | Self::Template { .. } => false,
        }
    }
}

impl Pipeline {
    /// The variables that it assigns, and the maps that its functions set something in.
    fn changes(&self) -> Vec<Rc<Operand>> {
        let assigned = self.variables.iter().filter(|_| self.is_assignment);
        let assigned = assigned.map(|name| Operand::Variable(Rc::clone(name), Vec::new()));
        let set = self
            .commands
            .iter()
            .filter_map(|command| match &command.operands[..] {
                [
                    Operand::Function(name),
                    target @ (Operand::Variable(..) | Operand::Field(_)),
                    ..,
                ] if CHANGE_MAPS.contains(&&**name) => Some(target.clone()),
                _ => None,
            });
        assigned.chain(set).map(Rc::new).collect()
    }
}

/// The functions that change the map that they are given (sprig's `dict.go`).
const CHANGE_MAPS: [&str; 6] = [
    "set",
    "unset",
    "merge",
    "mustMerge",
    "mergeOverwrite",
    "mustMergeOverwrite",
];

/// Commands, each of which gets the value of the one before it as its last argument.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The variables that take its value; empty for a pipeline that declares none. `range` may have two.
    pub variables: Vec<Rc<str>>,
    /// Whether the variables are given a new value with `=`, and not declared with `:=`.
    pub is_assignment: bool,
    /// The commands; at least one.
    pub commands: Vec<Command>,
}

/// An operand with its arguments.
#[derive(Debug, Clone)]
pub struct Command {
    /// At least one.
    pub operands: Vec<Operand>,
}

/// A word of a command.
#[derive(Debug, Clone)]
pub enum Operand {
    /// `nil`.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a character.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A text in quotes.
    Text(Rc<str>),
    /// `.`
    Dot,
    /// `.a.b`
    Field(Vec<Rc<str>>),
    /// `$x.a.b`; the name is without `$`, and empty for `$`.
    Variable(Rc<str>, Vec<Rc<str>>),
    /// The name of a function.
    Function(Rc<str>),
    /// A pipeline in parentheses.
    Pipeline(Box<Pipeline>),
    /// Fields of a pipeline in parentheses: `(index .a 0).b`.
    Chain(Box<Operand>, Vec<Rc<str>>),
}
