//! Functions that compare and choose: Go's `text/template/funcs.go` and sprig's `defaults.go`.
//!
//! `and` and `or` do not evaluate all of their arguments, so they are in `expressions`.

use std::cmp::Ordering;

use super::super::key::Keys;
use super::super::traced::{Kind, Origin, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{at_least, exactly, not_known, wrong_type};
use super::provenance::{hang, stand_in};

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "eq" => Function::of(eq),
        "ne" => Function::of(ne),
        "lt" => Function::of(lt),
        "le" => Function::of(le),
        "gt" => Function::of(gt),
        "ge" => Function::of(ge),
        "not" => Function::with_holes(not),
        "empty" => Function::with_holes(empty),
        "any" => Function::with_holes(any),
        "all" => Function::with_holes(all),
        "default" => Function::with_holes(default),
        "coalesce" => Function::with_holes(coalesce),
        "ternary" => Function::with_holes(ternary),
        _ => return None,
    })
}

/// Whether two values are equal (`funcs.go`, `eq`). Values of different kinds cannot be compared, an integer with a float
/// neither; nil can with anything.
fn are_equal(own: &Traced, other: &Traced) -> Result<bool, Fault> {
    match (&own.value, &other.value) {
        (Value::Unknown | Value::Native(_), _) | (_, Value::Unknown | Value::Native(_)) => Err(not_known("eq")),
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Bool(own), Value::Bool(other)) => Ok(own == other),
        (Value::Int(own), Value::Int(other)) => Ok(own == other),
        #[allow(clippy::float_cmp)] // Go compares them exactly.
        (Value::Float(own), Value::Float(other)) => Ok(own == other),
        (Value::Text(own), Value::Text(other)) => Ok(own.as_str() == other.as_str()),
        (Value::List(_), Value::List(_)) | (Value::Map(_), Value::Map(_)) => {
            Err(Fault::Failed("lists and maps cannot be compared".to_owned()))
        }
        (
            Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_),
            _,
        ) => Err(Fault::Failed("values of different types cannot be compared".to_owned())),
    }
}

/// How two values are ordered (`funcs.go`, `lt`); `None` where one is not a number.
fn order(own: &Traced, other: &Traced) -> Result<Option<Ordering>, Fault> {
    match (&own.value, &other.value) {
        (Value::Unknown | Value::Native(_), _) | (_, Value::Unknown | Value::Native(_)) => Err(not_known("lt")),
        (Value::Int(own), Value::Int(other)) => Ok(Some(own.cmp(other))),
        (Value::Float(own), Value::Float(other)) => Ok(own.partial_cmp(other)),
        (Value::Text(own), Value::Text(other)) => Ok(Some(own.as_str().cmp(other.as_str()))),
        (
            Value::Nil
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_),
            _,
        ) => Err(Fault::Failed("the values have no order".to_owned())),
    }
}

fn eq(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([own, first], rest) = at_least("eq", args)?;
    work.steps(args.len())?;
    let mut is_equal = are_equal(own, first)?;
    for other in rest {
        is_equal = is_equal || are_equal(own, other)?;
    }
    Ok(Traced::derived(Value::Bool(is_equal), args))
}

fn ne(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [own, other] = exactly("ne", args)?;
    Ok(Traced::derived(Value::Bool(!are_equal(own, other)?), args))
}

fn ordered(name: &str, args: &[Traced], holds: fn(Option<Ordering>) -> bool) -> Result<Traced, Fault> {
    let [own, other] = exactly(name, args)?;
    Ok(Traced::derived(Value::Bool(holds(order(own, other)?)), args))
}

fn lt(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    ordered("lt", args, |order| order == Some(Ordering::Less))
}

fn le(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    ordered("le", args, |order| matches!(order, Some(Ordering::Less | Ordering::Equal)))
}

/// Go turns `le` round, so what is no number is greater than any.
fn gt(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    ordered("gt", args, |order| !matches!(order, Some(Ordering::Less | Ordering::Equal)))
}

fn ge(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    ordered("ge", args, |order| order != Some(Ordering::Less))
}

fn not(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly("not", args)?;
    let truth = value.truth().ok_or_else(|| not_known("not"))?;
    Ok(Traced::derived(Value::Bool(!truth), args))
}

/// What sprig calls empty is what Go calls false.
fn empty(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    not(args, work)
}

fn any(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    work.steps(args.len())?;
    if args.iter().any(|value| value.truth() == Some(true)) {
        Ok(Traced::derived(Value::Bool(true), args))
    } else if args.iter().any(|value| value.truth().is_none()) {
        Err(not_known("any"))
    } else {
        Ok(Traced::derived(Value::Bool(false), args))
    }
}

fn all(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    work.steps(args.len())?;
    if args.iter().any(|value| value.truth() == Some(false)) {
        Ok(Traced::derived(Value::Bool(false), args))
    } else if args.iter().any(|value| value.truth().is_none()) {
        Err(not_known("all"))
    } else {
        Ok(Traced::derived(Value::Bool(true), args))
    }
}

/// `default d x`: where `x` is empty and has a key, `d` is shown until that key has a value.
fn default(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([default], given) = at_least("default", args)?;
    let Some(value) = given.first() else {
        return Ok(default.clone());
    };
    match value.truth() {
        None => Err(not_known("default")),
        Some(true) => Ok(value.clone()),
        Some(false) => stand_in(default, value, work),
    }
}

/// The first value that is not empty. It shows its own key, which has the value now; without one, it stands in for the
/// first of the empty values before it that has a key, as that one wins when it is set.
fn coalesce(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    work.steps(args.len())?;
    let mut empty = Keys::None;
    let mut first = None;
    for value in args {
        match value.truth() {
            None => return Err(not_known("coalesce")),
            Some(true) => {
                return match first {
                    Some(first) if value.origin.key.is_none() => {
                        let mut asked: Traced = first;
                        asked.origin = asked.origin.hanging_on(&empty);
                        stand_in(value, &asked, work)
                    }
                    _ => hang(value, &empty, work),
                };
            }
            Some(false) => {
                empty = empty.and(&value.keys());
                if first.is_none() && value.origin.key.is_some() {
                    first = Some(value.clone());
                }
            }
        }
    }
    Ok(match first.and_then(|first| first.origin.key) {
        Some(key) => Traced {
            value: Value::Nil,
            origin: Origin {
                kind: Kind::Default,
                key: Some(key),
                keys: empty,
            },
        },
        None => Traced::derived(Value::Nil, args),
    })
}

fn ternary(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [yes, no, condition] = exactly("ternary", args)?;
    match &condition.value {
        Value::Bool(value) => hang(if *value { yes } else { no }, &condition.keys(), work),
        Value::Unknown => Err(not_known("ternary")),
        Value::Nil
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type("ternary", "a truth value")),
    }
}
