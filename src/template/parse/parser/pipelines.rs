//! Pipelines and what they are made of.

use std::rc::Rc;

use super::super::super::ast::{Command, Operand, Pipeline};
use super::super::super::work::{Fault, Work};
use super::super::lexer::Word;
use super::super::literal;
use super::{Context, Parser};

impl Parser<'_> {
    /// A pipeline and the word that ends it.
    pub(super) fn pipeline(
        &mut self,
        context: Context,
        end: Word,
        work: &mut Work,
    ) -> Result<Pipeline, Fault> {
        let mut pipeline = Pipeline {
            variables: Vec::new(),
            is_assignment: false,
            commands: Vec::new(),
        };
        while self.declaration(context, &mut pipeline)? {}
        loop {
            work.step()?;
            let token = self.peek_word();
            match token.word {
                word if word == end => {
                    self.at += 1;
                    break;
                }
                Word::Bool
                | Word::Character
                | Word::Complex
                | Word::Dot
                | Word::Field
                | Word::Identifier
                | Word::Number
                | Word::Nil
                | Word::RawString
                | Word::String
                | Word::Variable
                | Word::OpenParen => {
                    let command = self.command(work)?;
                    pipeline.commands.push(command);
                }
                _ => {
                    self.at += 1;
                    return self.fail("a word stands in a pipeline where none may");
                }
            }
        }
        if pipeline.commands.is_empty() {
            return self.fail("a pipeline is empty");
        }
        let later = pipeline
            .commands
            .iter()
            .skip(1)
            .filter_map(|command| command.operands.first());
        for operand in later {
            if is_constant(operand) {
                return self.fail("a value stands where a pipeline needs a function");
            }
        }
        Ok(pipeline)
    }

    /// A variable that a pipeline declares or assigns; whether another may follow.
    fn declaration(&mut self, context: Context, pipeline: &mut Pipeline) -> Result<bool, Fault> {
        let variable = self.peek_word();
        if variable.word != Word::Variable {
            return Ok(false);
        }
        let start = self.at;
        self.at += 1;
        let after = self.next_word();
        let is_comma = after.word == Word::Mark && after.text == ",";
        if !is_comma && !matches!(after.word, Word::Assign | Word::Declare) {
            self.at = start;
            return Ok(false);
        }
        let name = variable.text.strip_prefix('$').unwrap_or(variable.text);
        pipeline.variables.push(name.into());
        self.variables.push(variable.text);
        if !is_comma {
            pipeline.is_assignment = after.word == Word::Assign;
            return Ok(false);
        }
        if context != Context::Range || pipeline.variables.len() > 1 {
            return self.fail("a pipeline declares too many variables");
        }
        match self.peek_word().word {
            Word::Variable | Word::Close | Word::CloseParen => Ok(true),
            _ => self.fail("`range` declares something other than a variable"),
        }
    }

    /// Operands up to a pipe or the end of the pipeline.
    fn command(&mut self, work: &mut Work) -> Result<Command, Fault> {
        let mut operands = Vec::new();
        loop {
            work.step()?;
            self.peek_word();
            if let Some(operand) = self.operand(work)? {
                operands.push(operand);
            }
            match self.next().word {
                Word::Space => {}
                Word::Close | Word::CloseParen => {
                    self.at -= 1;
                    break;
                }
                Word::Pipe => break,
                _ => return self.fail("a word stands in a command where none may"),
            }
        }
        if operands.is_empty() {
            return self.fail("a command is empty");
        }
        Ok(Command { operands })
    }

    /// A term with the fields after it.
    fn operand(&mut self, work: &mut Work) -> Result<Option<Operand>, Fault> {
        let Some(mut term) = self.term(work)? else {
            return Ok(None);
        };
        let mut fields: Vec<Rc<str>> = Vec::new();
        while self.peek().word == Word::Field {
            work.step()?;
            let field = self.next().text;
            fields.push(field.strip_prefix('.').unwrap_or(field).into());
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        match &mut term {
            Operand::Field(own) | Operand::Variable(_, own) => own.append(&mut fields),
            Operand::Function(_) | Operand::Pipeline(_) | Operand::Chain(..) => {
                return Ok(Some(Operand::Chain(Box::new(term), fields)));
            }
            Operand::Nil
            | Operand::Bool(_)
            | Operand::Int(_)
            | Operand::Float(_)
            | Operand::Text(_)
            | Operand::Dot => return self.fail("a field follows something that has none"),
        }
        Ok(Some(term))
    }

    fn term(&mut self, work: &mut Work) -> Result<Option<Operand>, Fault> {
        let token = self.next_word();
        let term = match token.word {
            Word::Identifier => Operand::Function(token.text.into()),
            Word::Dot => Operand::Dot,
            Word::Nil => Operand::Nil,
            Word::Variable => {
                if !self.variables.contains(&token.text) {
                    return self.fail("a variable is not declared");
                }
                work.steps(self.variables.len() / 16)?;
                let name = token.text.strip_prefix('$').unwrap_or(token.text);
                Operand::Variable(name.into(), Vec::new())
            }
            Word::Field => {
                let name = token.text.strip_prefix('.').unwrap_or(token.text);
                Operand::Field(vec![name.into()])
            }
            Word::Bool => Operand::Bool(token.text == "true"),
            Word::Character => literal::character(token.text, token.line)?,
            Word::Number => literal::number(token.text, token.line)?,
            Word::Complex => return Err(Fault::Unsupported("a complex number".to_owned())),
            Word::OpenParen => {
                let pipeline = Self::deeper(work, |work| {
                    self.pipeline(Context::Parentheses, Word::CloseParen, work)
                })?;
                Operand::Pipeline(Box::new(pipeline))
            }
            Word::String | Word::RawString => {
                work.bytes(token.text.len())?;
                Operand::Text(literal::unquote(token.text, token.line)?)
            }
            _ => {
                self.at -= 1;
                return Ok(None);
            }
        };
        Ok(Some(term))
    }
}

/// Whether an operand can only begin a pipeline.
const fn is_constant(operand: &Operand) -> bool {
    match operand {
        Operand::Bool(_)
        | Operand::Dot
        | Operand::Nil
        | Operand::Int(_)
        | Operand::Float(_)
        | Operand::Text(_) => true,
        Operand::Field(_)
        | Operand::Variable(..)
        | Operand::Function(_)
        | Operand::Pipeline(_)
        | Operand::Chain(..) => false,
    }
}
