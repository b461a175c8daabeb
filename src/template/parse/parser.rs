//! The tree of a template, as `text/template/parse/parse.go` makes it.

mod pipelines;

use std::rc::Rc;

use super::super::ast::{Branch, Change, Control, Node, Parsed};
use super::super::work::{Fault, Work};
use super::lexer::{Token, Word};
use super::{failed, is_empty, literal};

/// What a part of a template takes once it is read, beside its text.
const NODE_BYTES: usize = size_of::<Node>() + 128;

/// Where a list of nodes ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    End,
    Else,
}

/// What a part of a template is.
enum Part {
    Node(Node),
    Stop(Stop),
}

/// What a pipeline belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Range,
    Parentheses,
    Other,
}

/// Reads words in order.
pub(super) struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// The variables that are visible.
    variables: Vec<&'a str>,
    /// How many `range` are open.
    ranges: usize,
    defines: Vec<(Rc<str>, Rc<[Node]>)>,
}

impl<'a> Parser<'a> {
    /// For the words of a file.
    pub(super) fn new(tokens: &'a [Token<'a>]) -> Self {
        Self {
            tokens,
            at: 0,
            variables: vec!["$"],
            ranges: 0,
            defines: Vec::new(),
        }
    }

    /// Reads something that lies one level deeper.
    fn deeper<T>(work: &mut Work, read: impl FnOnce(&mut Work) -> Result<T, Fault>) -> Result<T, Fault> {
        work.enter()?;
        let result = read(work);
        work.leave();
        result
    }

    /// The whole file.
    pub(super) fn file(mut self, work: &mut Work) -> Result<Parsed, Fault> {
        let mut nodes = Vec::new();
        loop {
            work.step()?;
            match self.peek().word {
                Word::Eof => break,
                Word::Open => {
                    let start = self.at;
                    self.at += 1;
                    if self.next_word().word == Word::Define {
                        work.steps(self.defines.len())?;
                        self.define(work)?;
                        continue;
                    }
                    self.at = start;
                }
                _ => {}
            }
            match self.part(work)? {
                Part::Node(node) => nodes.push(node),
                Part::Stop(Stop::End) => return self.fail("`end` closes nothing"),
                Part::Stop(Stop::Else) => return self.fail("`else` belongs to nothing"),
            }
        }
        Ok(Parsed {
            nodes: nodes.into(),
            defines: self.defines,
        })
    }

    /// The word at hand; the end of the file is the last.
    fn peek(&self) -> Token<'a> {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .copied()
            .unwrap_or(Token {
                word: Word::Eof,
                text: "",
                line: 1,
            })
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Skips white space and takes the word after it.
    fn next_word(&mut self) -> Token<'a> {
        self.peek_word();
        self.next()
    }

    /// Skips white space.
    fn peek_word(&mut self) -> Token<'a> {
        while self.peek().word == Word::Space {
            self.at += 1;
        }
        self.peek()
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, Fault> {
        let before = self.tokens.get(self.at.saturating_sub(1)).copied();
        Err(failed(what, before.unwrap_or_else(|| self.peek()).line))
    }

    fn expect_close(&mut self, what: &'static str) -> Result<(), Fault> {
        if self.next_word().word == Word::Close {
            Ok(())
        } else {
            self.fail(what)
        }
    }

    /// `define`, whose name follows.
    fn define(&mut self, work: &mut Work) -> Result<(), Fault> {
        let name = self.name()?;
        self.expect_close("`define` has more than a name")?;
        let body = self.definition(work)?;
        self.add(name, body)
    }

    /// The name of a template.
    fn name(&mut self) -> Result<Rc<str>, Fault> {
        let token = self.next_word();
        match token.word {
            Word::String | Word::RawString => literal::unquote(token.text, token.line),
            _ => self.fail("a template is named by something other than a text"),
        }
    }

    /// The body of a template of its own, which sees no variable and no `range` around it.
    fn definition(&mut self, work: &mut Work) -> Result<Rc<[Node]>, Fault> {
        let variables = std::mem::replace(&mut self.variables, vec!["$"]);
        let ranges = std::mem::take(&mut self.ranges);
        let (nodes, stop) = Self::deeper(work, |work| self.list(work))?;
        self.variables = variables;
        self.ranges = ranges;
        match stop {
            Stop::End => Ok(nodes),
            Stop::Else => self.fail("`else` belongs to nothing"),
        }
    }

    /// Keeps a template. One that is empty is replaced, and replaces none.
    fn add(&mut self, name: Rc<str>, nodes: Rc<[Node]>) -> Result<(), Fault> {
        let Some(position) = self.defines.iter().position(|(other, _)| *other == name) else {
            self.defines.push((name, nodes));
            return Ok(());
        };
        if let Some((_, former)) = self.defines.get_mut(position)
            && is_empty(former)
        {
            *former = nodes;
            return Ok(());
        }
        if is_empty(&nodes) {
            Ok(())
        } else {
            self.fail("a template is defined twice")
        }
    }

    /// Nodes until `end` or `else`.
    fn list(&mut self, work: &mut Work) -> Result<(Rc<[Node]>, Stop), Fault> {
        let mut nodes = Vec::new();
        loop {
            work.step()?;
            if self.peek_word().word == Word::Eof {
                return Err(failed(
                    "the text ends where an `end` is missing",
                    self.peek().line,
                ));
            }
            match self.part(work)? {
                Part::Node(node) => nodes.push(node),
                Part::Stop(stop) => return Ok((nodes.into(), stop)),
            }
        }
    }

    /// Text or an action.
    fn part(&mut self, work: &mut Work) -> Result<Part, Fault> {
        let token = self.next_word();
        work.bytes(NODE_BYTES)?;
        match token.word {
            Word::Text => {
                work.bytes(token.text.len())?;
                Ok(Part::Node(Node::Text(token.text.into())))
            }
            Word::Open => self.action(work),
            _ => self.fail("a word stands where none may"),
        }
    }

    /// An action after its `{{`.
    fn action(&mut self, work: &mut Work) -> Result<Part, Fault> {
        let start = self.at;
        let node = match self.next_word().word {
            Word::Block => self.block(work)?,
            Word::Template => self.template(work)?,
            word @ (Word::Break | Word::Continue) => {
                self.expect_close("`break` or `continue` has an argument")?;
                if self.ranges == 0 {
                    return self.fail("`break` or `continue` stands outside of `range`");
                }
                if word == Word::Break {
                    Node::Break
                } else {
                    Node::Continue
                }
            }
            Word::Else => {
                // `else if` is an `else` that holds an `if`, which is left to be read.
                if !matches!(self.peek_word().word, Word::If | Word::With) {
                    self.expect_close("`else` has an argument")?;
                }
                return Ok(Part::Stop(Stop::Else));
            }
            Word::End => {
                self.expect_close("`end` has an argument")?;
                return Ok(Part::Stop(Stop::End));
            }
            Word::If => self.control(Control::If, work)?,
            Word::With => self.control(Control::With, work)?,
            Word::Range => self.control(Control::Range, work)?,
            _ => {
                self.at = start;
                Node::Action(self.pipeline(Context::Other, Word::Close, work)?)
            }
        };
        Ok(Part::Node(node))
    }

    /// `if`, `with` or `range`, to its `end`.
    fn control(&mut self, control: Control, work: &mut Work) -> Result<Node, Fault> {
        Self::deeper(work, |work| self.branch(control, work))
    }

    fn branch(&mut self, control: Control, work: &mut Work) -> Result<Node, Fault> {
        let visible = self.variables.len();
        let context = if control == Control::Range {
            Context::Range
        } else {
            Context::Other
        };
        let pipeline = self.pipeline(context, Word::Close, work)?;
        self.ranges += usize::from(control == Control::Range);
        let (body, stop) = self.list(work)?;
        self.ranges -= usize::from(control == Control::Range);
        let otherwise: Rc<[Node]> = match stop {
            Stop::End => Rc::default(),
            Stop::Else => match (control, self.peek().word) {
                (Control::If, Word::If) | (Control::With, Word::With) => {
                    self.at += 1;
                    [self.control(control, work)?].into()
                }
                _ => {
                    let (nodes, stop) = self.list(work)?;
                    if stop == Stop::Else {
                        return self.fail("a second `else` stands where an `end` is missing");
                    }
                    nodes
                }
            },
        };
        self.variables.truncate(visible);
        let branch = Branch::new(control, pipeline, body, otherwise);
        // Each branch around it holds them as well.
        work.bytes(branch.changes.len().saturating_mul(size_of::<Rc<Change>>()))?;
        Ok(match control {
            Control::If => Node::If(branch),
            Control::With => Node::With(branch),
            Control::Range => Node::Range(branch),
        })
    }

    /// `block`: a template that is defined and rendered.
    fn block(&mut self, work: &mut Work) -> Result<Node, Fault> {
        let name = self.name()?;
        let argument = self.pipeline(Context::Other, Word::Close, work)?;
        let body = self.definition(work)?;
        self.add(Rc::clone(&name), body)?;
        Ok(Node::Template {
            name,
            argument: Some(argument),
        })
    }

    fn template(&mut self, work: &mut Work) -> Result<Node, Fault> {
        let name = self.name()?;
        let argument = if self.peek_word().word == Word::Close {
            self.at += 1;
            None
        } else {
            Some(self.pipeline(Context::Other, Word::Close, work)?)
        };
        Ok(Node::Template { name, argument })
    }
}
