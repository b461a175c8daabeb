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
    /// What its nodes change for those after it. Shared with the branches around it.
    pub changes: Vec<Rc<Change>>,
    /// Whether what it renders may go on with the line that it begins in.
    pub is_within_line: bool,
    /// Whether `break` or `continue` in it ends a turn of the `range` around it.
    pub jumps: bool,
}

impl Branch {
    /// A branch with what its nodes do to those after it.
    pub(super) fn new(control: Control, pipeline: Pipeline, body: Rc<[Node]>, otherwise: Rc<[Node]>) -> Self {
        let mut changes: Vec<Rc<Change>> = body.iter().flat_map(Node::changes).collect();
        if control != Control::If {
            // The dot is another one within: what the pipeline has.
            let before = changes.len();
            changes.retain(|change| !change.is_of_dot());
            if changes.len() < before {
                pipeline.add_holders(&mut changes);
            }
        }
        changes.extend(otherwise.iter().flat_map(Node::changes));
        let jumps = |nodes: &[Node]| nodes.iter().any(Node::jumps);
        Self {
            jumps: (control != Control::Range && jumps(&body)) || jumps(&otherwise),
            is_within_line: goes_on_with_line(&body) || goes_on_with_line(&otherwise),
            pipeline,
            body,
            otherwise,
            changes,
        }
    }
}

/// Whether the first thing that nodes render is no line of its own.
fn goes_on_with_line(nodes: &[Node]) -> bool {
    for node in nodes {
        match node {
            Node::Text(text) => {
                let text = text.trim_start_matches([' ', '\t', '\r']);
                if !text.is_empty() {
                    return !text.starts_with('\n');
                }
            }
            Node::Action(pipeline) if pipeline.variables.is_empty() => return !pipeline.begins_line(),
            Node::Template { .. } => return true,
            Node::If(branch) | Node::With(branch) | Node::Range(branch) if branch.is_within_line => {
                return true;
            }
            Node::Action(_) | Node::If(_) | Node::With(_) | Node::Range(_) | Node::Break | Node::Continue => {
            }
        }
    }
    false
}

/// What nodes change for those after them.
#[derive(Debug)]
pub enum Change {
    /// A variable is assigned.
    Variable(Rc<str>),
    /// A map that this operand holds: something is set in it, or it is given to a template that may do so.
    Maps(Operand),
}

impl Change {
    fn is_of_dot(&self) -> bool {
        matches!(self, Self::Maps(Operand::Dot | Operand::Field(_)))
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
    fn changes(&self) -> Vec<Rc<Change>> {
        let mut changes = Vec::new();
        match self {
            Self::Action(pipeline) => pipeline.add_changes(&mut changes),
            Self::If(branch) | Self::With(branch) | Self::Range(branch) => {
                branch.pipeline.add_changes(&mut changes);
                changes.extend(branch.changes.iter().cloned());
            }
            Self::Template { argument, .. } => {
                if let Some(argument) = argument {
                    argument.add_holders(&mut changes);
                }
            }
            Self::Text(_) | Self::Break | Self::Continue => {}
        }
        changes
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
    /// Adds the variables that it assigns, and the maps that its functions may set something in.
    fn add_changes(&self, changes: &mut Vec<Rc<Change>>) {
        let assigned = self.variables.iter().filter(|_| self.is_assignment);
        changes.extend(assigned.map(|name| Rc::new(Change::Variable(Rc::clone(name)))));
        for command in &self.commands {
            let others = match &command.operands[..] {
                // What comes by the pipe is given to the template as well, so these are all.
                [Operand::Function(name), ..] if GIVE_MAPS.contains(&&**name) => {
                    return self.add_holders(changes);
                }
                [Operand::Function(name), target, others @ ..] if CHANGE_MAPS.contains(&&**name) => {
                    target.add_holders(changes);
                    others
                }
                all => all,
            };
            for operand in others {
                if let Operand::Pipeline(pipeline) = operand.without_fields() {
                    pipeline.add_changes(changes);
                }
            }
        }
    }

    /// Adds what its operands hold.
    fn add_holders(&self, changes: &mut Vec<Rc<Change>>) {
        let operands = self.commands.iter().flat_map(|command| &command.operands);
        operands.for_each(|operand| operand.add_holders(changes));
    }

    /// Whether it prints a line break first.
    fn begins_line(&self) -> bool {
        let last = self.commands.last().and_then(|command| command.operands.first());
        matches!(last, Some(Operand::Function(name)) if &**name == "nindent")
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

/// The functions that give what they are given to a template.
const GIVE_MAPS: [&str; 2] = ["include", "tpl"];

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

impl Operand {
    /// Adds what it holds: a variable or the dot, or those in a pipeline.
    fn add_holders(&self, changes: &mut Vec<Rc<Change>>) {
        match self.without_fields() {
            Self::Dot | Self::Field(_) | Self::Variable(..) => {
                if !self.is_of_helm() {
                    changes.push(Rc::new(Change::Maps(self.clone())));
                }
            }
            Self::Pipeline(pipeline) => pipeline.add_holders(changes),
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Function(_)
            | Self::Chain(..) => {}
        }
    }

    /// What it is without the fields behind its parentheses.
    fn without_fields(&self) -> &Self {
        let mut operand = self;
        while let Self::Chain(inner, _) = operand {
            operand = inner;
        }
        operand
    }

    /// Whether it is a part of what Helm gives, whose keys are known.
    fn is_of_helm(&self) -> bool {
        let (Self::Variable(_, fields) | Self::Field(fields)) = self else {
            return false;
        };
        let first = fields.first().map(|name| &**name);
        matches!(
            first,
            Some("Values" | "Chart" | "Release" | "Capabilities" | "Files" | "Template")
        )
    }

    /// Whether it asks for a field. Nil that comes out of a pipeline or a variable is another to Go than that of a field
    /// (`text/template/exec.go`, `validateType`): the latter is a value of the type `interface{}`.
    pub(super) fn is_field(&self) -> bool {
        match self {
            Self::Field(_) | Self::Chain(..) => true,
            Self::Variable(_, fields) => !fields.is_empty(),
            _ => false,
        }
    }
}
