//! Expressions: what a pipeline is worth, as Go's `text/template/exec.go` does it.

use std::rc::Rc;

use super::ast::{Command, Operand, Pipeline};
use super::evaluate::{Run, Variables};
use super::key::{Key, Keys};
use super::traced::{Kind, Native, Origin, Text, Traced, Value};
use super::work::Fault;
use super::{functions, natives};

impl Run<'_> {
    /// The value of a pipeline.
    pub(super) fn pipeline(
        &mut self,
        pipeline: &Pipeline,
        dot: &Traced,
        variables: &Variables,
    ) -> Result<Traced, Fault> {
        let mut value = None;
        self.work.enter()?;
        for command in &pipeline.commands {
            let result = self.command(command, value.take(), dot, variables);
            value = Some(result.inspect_err(|_| self.work.leave())?);
        }
        self.work.leave();
        Ok(value.unwrap_or_else(Traced::nil))
    }

    fn command(
        &mut self,
        command: &Command,
        last: Option<Traced>,
        dot: &Traced,
        variables: &Variables,
    ) -> Result<Traced, Fault> {
        self.work.step()?;
        let Some((first, arguments)) = command.operands.split_first() else {
            return Ok(Traced::nil());
        };
        if let Operand::Function(name) = first {
            if matches!(&**name, "and" | "or") {
                return self.decide(&**name == "or", arguments, last, dot, variables);
            }
            let args = self.arguments(arguments, last, dot, variables)?;
            let mut pairs = arguments.iter().zip(&args).enumerate();
            let is_refused = |(position, (operand, arg)): (usize, (&Operand, &Traced))| {
                matches!(arg.value, Value::Nil) && operand.is_field() && functions::takes_map(name, position)
            };
            if pairs.any(is_refused) {
                return Err(Fault::Failed(
                    "a function takes a map and is given a field that is nil".to_owned(),
                ));
            }
            return self.call(name, &args);
        }
        let has_arguments = !arguments.is_empty() || last.is_some();
        if !has_arguments {
            if matches!(first, Operand::Nil) {
                return Err(Fault::Failed("nil is no command".to_owned()));
            }
            return self.operand(first, dot, variables);
        }
        let args = self.arguments(arguments, last, dot, variables)?;
        match first {
            Operand::Field(fields) => self.method(dot.clone(), fields, &args),
            Operand::Variable(name, fields) => {
                let receiver = variables.get(name)?.clone();
                self.method(receiver, fields, &args)
            }
            Operand::Chain(operand, fields) => {
                let receiver = self.operand(operand, dot, variables)?;
                self.method(receiver, fields, &args)
            }
            Operand::Nil
            | Operand::Bool(_)
            | Operand::Int(_)
            | Operand::Float(_)
            | Operand::Text(_)
            | Operand::Dot
            | Operand::Function(_)
            | Operand::Pipeline(_) => Err(Fault::Failed(
                "a value that is no function has arguments".to_owned(),
            )),
        }
    }

    fn arguments(
        &mut self,
        operands: &[Operand],
        last: Option<Traced>,
        dot: &Traced,
        variables: &Variables,
    ) -> Result<Vec<Traced>, Fault> {
        let mut args = Vec::with_capacity(operands.len() + 1);
        for operand in operands {
            args.push(self.operand(operand, dot, variables)?);
        }
        args.extend(last);
        Ok(args)
    }

    fn operand(&mut self, operand: &Operand, dot: &Traced, variables: &Variables) -> Result<Traced, Fault> {
        self.work.step()?;
        match operand {
            Operand::Nil => Ok(Traced::nil()),
            Operand::Bool(value) => Ok(Traced::literal(Value::Bool(*value))),
            Operand::Int(value) => Ok(Traced::literal(Value::Int(*value))),
            Operand::Float(value) => Ok(Traced::literal(Value::Float(*value))),
            Operand::Text(text) => Ok(Traced::text(Text::literal(&**text))),
            Operand::Dot => {
                self.note_read(dot);
                Ok(dot.clone())
            }
            Operand::Field(fields) => self.fields(dot.clone(), fields),
            Operand::Variable(name, fields) => {
                let value = variables.get(name)?.clone();
                self.fields(value, fields)
            }
            Operand::Function(name) => self.call(name, &[]),
            Operand::Pipeline(pipeline) => self.pipeline(pipeline, dot, variables),
            Operand::Chain(operand, fields) => {
                let value = self.operand(operand, dot, variables)?;
                self.fields(value, fields)
            }
        }
    }

    /// `and` and `or`, which stop at the argument that decides (Go: `text/template/funcs.go`).
    fn decide(
        &mut self,
        stops_at: bool,
        operands: &[Operand],
        last: Option<Traced>,
        dot: &Traced,
        variables: &Variables,
    ) -> Result<Traced, Fault> {
        let mut keys = Keys::None;
        let mut empty = None;
        let count = operands.len() + usize::from(last.is_some());
        let mut last = last;
        for position in 0..count {
            let value = match operands.get(position) {
                Some(operand) => self.operand(operand, dot, variables)?,
                None => last.take().unwrap_or_else(Traced::nil),
            };
            let is_last = position + 1 == count;
            let Some(truth) = value.truth() else {
                if is_last {
                    return Ok(value.hanging_on(&keys));
                }
                return Ok(Traced {
                    value: Value::Unknown,
                    origin: Origin::hole(keys.and(&value.keys())),
                });
            };
            if truth == stops_at || is_last {
                return Ok(match empty {
                    // What stands in for an empty value is its default.
                    Some(key) if stops_at && truth && value.origin.kind == Kind::Literal => {
                        value.in_place_of(&key)
                    }
                    _ => value.hanging_on(&keys),
                });
            }
            keys = keys.and(&value.keys());
            empty = empty.or_else(|| value.origin.key.clone());
        }
        Err(Fault::Failed("and and or need an argument".to_owned()))
    }

    /// The value at the end of a chain of fields.
    fn fields(&mut self, mut value: Traced, fields: &[Rc<str>]) -> Result<Traced, Fault> {
        for (position, name) in fields.iter().enumerate() {
            self.work.step()?;
            self.asked.operation |= matches!(&**name, "IsInstall" | "IsUpgrade" | "Revision");
            // Nil at the beginning of a chain has no fields, and asking is no error; nil on the way is one
            // (Go: `evalField`, where an invalid receiver is none and a nil interface fails).
            value = match &value.value {
                Value::Nil if position == 0 => missing(&value, name),
                _ => self.field(&value, name)?,
            };
        }
        self.note_read(&value);
        Ok(value)
    }

    /// One field, or a method without arguments.
    fn field(&mut self, value: &Traced, name: &str) -> Result<Traced, Fault> {
        match &value.value {
            Value::Map(map) => match map.get(name) {
                Some(entry) => functions::taken_from(value, &entry, self.work),
                None => Ok(missing(value, name)),
            },
            Value::Unknown => Ok(Traced {
                origin: Origin {
                    key: value.origin.key.as_ref().map(|key| key.name(name)),
                    ..Origin::hole(value.keys())
                },
                value: Value::Unknown,
            }),
            Value::Native(native) => natives::call(native, name, &[], self.work),
            // In a branch that Helm may not have taken, nothing fails.
            _ if self.guesses > 0 => {
                self.excused.insert((value.origin.key.clone(), name.into()));
                Ok(match &value.value {
                    Value::Nil => missing(value, name),
                    _ => Traced::unknown(std::slice::from_ref(value)),
                })
            }
            Value::Nil => Err(Fault::Failed("a field of nil is asked for".to_owned())),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => Err(
                Fault::Failed("a field of a value without fields is asked for".to_owned()),
            ),
        }
    }

    /// A method with arguments.
    fn method(&mut self, receiver: Traced, fields: &[Rc<str>], args: &[Traced]) -> Result<Traced, Fault> {
        let Some((method, fields)) = fields.split_last() else {
            return Err(Fault::Failed(
                "a value that is no function has arguments".to_owned(),
            ));
        };
        let receiver = self.fields(receiver, fields)?;
        match &receiver.value {
            Value::Native(native) => natives::call(native, method, args, self.work),
            Value::Unknown => Ok(Traced::unknown(args)),
            Value::Map(_)
            | Value::Nil
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => Err(Fault::Failed(
                "a value that is no method has arguments".to_owned(),
            )),
        }
    }

    fn call(&mut self, name: &str, args: &[Traced]) -> Result<Traced, Fault> {
        match (name, args) {
            ("include", [template, argument]) => {
                let Some(name) = known_text(template) else {
                    return Ok(Traced::unknown(args));
                };
                let text = Traced::text(self.include(name.as_str(), argument)?);
                functions::hang(&text, &template.keys(), self.work)
            }
            ("tpl", [text, dot]) => match known_text(text) {
                Some(text) => Ok(Traced::text(self.tpl(&text, dot)?)),
                None if matches!(text.value, Value::Unknown | Value::Text(_)) => Ok(Traced::unknown(args)),
                None => Err(Fault::Failed(
                    "tpl takes a text and is given something else".to_owned(),
                )),
            },
            ("lookup", _) => {
                self.asked.objects = true;
                Ok(Traced::unknown(&[]))
            }
            _ => {
                let value = if args.iter().any(|arg| matches!(arg.value, Value::Native(_))) {
                    let args: Vec<Traced> = args.iter().map(as_list).collect();
                    functions::call(name, &args, self.work)?
                } else {
                    functions::call(name, args, self.work)?
                };
                // `index` and `get` read a value as a field does.
                self.note_read(&value);
                Ok(value)
            }
        }
    }

    /// Notes that what is rendered may hang on a key.
    fn note_read(&mut self, value: &Traced) {
        if let Some(key) = &value.origin.key
            && !self.reads.contains(key)
        {
            self.reads.insert(key.clone());
        }
    }
}

/// What a map does not have: nil, with the key that it would have.
fn missing(map: &Traced, name: &str) -> Traced {
    Traced {
        value: Value::Nil,
        origin: functions::missing_from(map, name),
    }
}

/// The served API versions as functions see them: a list of texts.
fn as_list(value: &Traced) -> Traced {
    match &value.value {
        Value::Native(Native::ApiVersions(served)) => {
            let versions = served.iter().map(|version| Traced::text(Text::literal(version)));
            Traced::literal(Value::List(Rc::new(versions.collect())))
        }
        _ => value.clone(),
    }
}

/// A text that is known as a whole.
fn known_text(value: &Traced) -> Option<Rc<Text>> {
    match &value.value {
        Value::Text(text) if !text.has_hole() => Some(Rc::clone(text)),
        _ => None,
    }
}

impl Traced {
    /// The same value, hanging on more keys.
    #[must_use]
    pub(super) fn hanging_on(self, keys: &Keys) -> Self {
        if keys.is_none() {
            return self;
        }
        match self.value {
            Value::Text(text) => Self::text(text.map_origins(|_, origin| origin.clone().hanging_on(keys))),
            value => Self {
                value,
                origin: self.origin.hanging_on(keys),
            },
        }
    }

    /// The same value, which stands in for that of an empty key. Maps and lists stay what they are: their entries are not
    /// those of the key.
    #[must_use]
    pub(super) fn in_place_of(self, key: &Key) -> Self {
        let default = |origin: &Origin| Origin {
            kind: Kind::Default,
            key: Some(key.clone()),
            keys: origin.all_keys(),
        };
        match self.value {
            Value::Text(text) if !text.has_hole() => {
                let keys = Origin::derived(text.keys());
                Self::text(Text::of(text.as_str(), default(&keys)))
            }
            value @ (Value::Bool(_) | Value::Int(_) | Value::Float(_)) => Self {
                value,
                origin: default(&self.origin),
            },
            value => Self {
                value,
                origin: self.origin,
            }
            .hanging_on(&Keys::one(key.clone())),
        }
    }
}
