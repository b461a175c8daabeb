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
        (Value::Unknown | Value::Native(_), _) | (_, Value::Unknown | Value::Native(_)) => Err(not_known()),
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
        ) => Err(Fault::Failed(
            "values of different types cannot be compared".to_owned(),
        )),
    }
}

/// How two values are ordered (`funcs.go`, `lt`); `None` where one is not a number.
fn order(own: &Traced, other: &Traced) -> Result<Option<Ordering>, Fault> {
    match (&own.value, &other.value) {
        (Value::Unknown | Value::Native(_), _) | (_, Value::Unknown | Value::Native(_)) => Err(not_known()),
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
    let ([own, first], rest) = at_least(args)?;
    work.steps(args.len())?;
    let mut is_equal = are_equal(own, first)?;
    for other in rest {
        is_equal = is_equal || are_equal(own, other)?;
    }
    Ok(Traced::derived(Value::Bool(is_equal), args))
}

fn ne(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [own, other] = exactly(args)?;
    Ok(Traced::derived(Value::Bool(!are_equal(own, other)?), args))
}

fn ordered(args: &[Traced], holds: fn(Option<Ordering>) -> bool) -> Result<Traced, Fault> {
    let [own, other] = exactly(args)?;
    Ok(Traced::derived(Value::Bool(holds(order(own, other)?)), args))
}

fn lt(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    ordered(args, |order| order == Some(Ordering::Less))
}

fn le(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    ordered(args, |order| {
        matches!(order, Some(Ordering::Less | Ordering::Equal))
    })
}

/// Go turns `le` round, so what is no number is greater than any.
fn gt(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    ordered(args, |order| {
        !matches!(order, Some(Ordering::Less | Ordering::Equal))
    })
}

fn ge(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    ordered(args, |order| order != Some(Ordering::Less))
}

fn not(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let truth = value.truth().ok_or_else(not_known)?;
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
        Err(not_known())
    } else {
        Ok(Traced::derived(Value::Bool(false), args))
    }
}

fn all(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    work.steps(args.len())?;
    if args.iter().any(|value| value.truth() == Some(false)) {
        Ok(Traced::derived(Value::Bool(false), args))
    } else if args.iter().any(|value| value.truth().is_none()) {
        Err(not_known())
    } else {
        Ok(Traced::derived(Value::Bool(true), args))
    }
}

/// `default d x`: where `x` is empty and has a key, `d` is shown until that key has a value.
fn default(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([default], given) = at_least(args)?;
    let Some(value) = given.first() else {
        return Ok(default.clone());
    };
    match value.truth() {
        None => Err(not_known()),
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
            None => return Err(not_known()),
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
    let [yes, no, condition] = exactly(args)?;
    match &condition.value {
        Value::Bool(value) => hang(if *value { yes } else { no }, &condition.keys(), work),
        Value::Unknown => Err(not_known()),
        Value::Nil
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type("a truth value")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{at, bool, int, shown, text, unknown, values};
    use super::*;

    #[test]
    fn values_compare_as_in_go() {
        let values = values(r#"{"n": 1, "s": "a", "l": [1]}"#);
        let (n, s, l, none) = (
            at(&values, "n"),
            at(&values, "s"),
            at(&values, "l"),
            Traced::nil(),
        );
        for (name, args, expected) in [
            ("eq", vec![text("a"), text("b"), text("a")], "true"),
            ("eq", vec![s.clone(), text("a")], "true~(s)"),
            // A number of values is a float, and one of the template is an integer.
            ("eq", vec![n.clone(), int(1)], "fails"),
            (
                "eq",
                vec![n.clone(), Traced::literal(Value::Float(1.0))],
                "true~(n)",
            ),
            ("eq", vec![n.clone(), text("1")], "fails"),
            // What comes after an equal value is not looked at.
            ("eq", vec![s.clone(), text("a"), int(1)], "true~(s)"),
            ("eq", vec![none.clone(), int(1)], "false"),
            ("eq", vec![none.clone(), none.clone()], "true"),
            ("eq", vec![none.clone(), l.clone()], "false~(l)"),
            ("eq", vec![l.clone(), l.clone()], "fails"),
            ("eq", vec![int(1)], "fails"),
            ("ne", vec![s.clone(), text("b")], "true~(s)"),
            ("lt", vec![int(1), int(2)], "true"),
            ("le", vec![text("b"), s.clone()], "false~(s)"),
            ("gt", vec![n.clone(), int(0)], "fails"),
            ("ge", vec![bool(true), bool(true)], "fails"),
            ("gt", vec![none, int(0)], "fails"),
            ("eq", vec![unknown(), text("a")], "?"),
        ] {
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
    }

    #[test]
    fn a_default_stands_in_for_the_key_that_is_empty() {
        let values =
            values(r#"{"set": "x", "empty": "", "zero": 0, "no": false, "other": "o", "map": {"a": "b"}}"#);
        let key = |path| at(&values, path);
        for (args, expected) in [
            (vec![text("d"), key("set")], "\"x\"@set"),
            (vec![text("d"), key("empty")], "\"d\"@empty?"),
            (vec![text("d"), key("missing")], "\"d\"@missing?"),
            (vec![int(5), key("zero")], "5@zero?"),
            (vec![bool(true), key("no")], "true@no?"),
            (vec![key("other"), key("missing")], "\"o\"@missing?(other)"),
            (vec![key("map"), key("missing")], "{a: \"b\"@map.a}@map(missing)"),
            (vec![text("d"), unknown()], "?"),
            (vec![unknown(), key("missing")], "?@missing"),
            (vec![unknown(), key("set")], "\"x\"@set"),
            (vec![text("d"), text("")], "\"d\""),
            (vec![text("d")], "\"d\""),
        ] {
            assert_eq!(shown("default", &args), expected, "{args:?}");
        }
    }

    #[test]
    fn an_empty_map_that_stands_in_for_a_missing_one_has_its_place() {
        let values = values("{}");
        let empty = super::super::trial::call("dict", &[]).unwrap();
        let map = super::super::trial::call("default", &[empty, at(&values, "a")]).unwrap();
        assert_eq!(shown("index", &[map, text("b")]), "null@a.b");
    }

    #[test]
    fn coalesce_shows_the_key_that_has_a_value_or_stands_in_for_the_first() {
        let values = values(r#"{"empty": "", "second": "s"}"#);
        let key = |path| at(&values, path);
        for (args, expected) in [
            (
                vec![key("empty"), key("second"), text("d")],
                "\"s\"@second(empty)",
            ),
            (
                vec![key("missing"), key("empty"), text("d")],
                "\"d\"@missing?(empty,missing)",
            ),
            (vec![text(""), text("d")], "\"d\""),
            (vec![key("empty")], "null@empty?(empty)"),
            (vec![unknown(), text("d")], "?"),
        ] {
            assert_eq!(shown("coalesce", &args), expected, "{args:?}");
        }
    }

    #[test]
    fn what_is_chosen_hangs_on_the_condition() {
        let values = values(r#"{"on": true, "a": "x"}"#);
        let key = |path| at(&values, path);
        for (args, expected) in [
            (vec![text("yes"), text("no"), key("on")], "\"yes\"|(on)"),
            (vec![key("a"), text("no"), key("on")], "\"x\"@a(on)"),
            (vec![text("yes"), key("a"), bool(false)], "\"x\"@a"),
            (vec![text("yes"), text("no"), unknown()], "?"),
            (vec![text("yes"), unknown(), bool(true)], "\"yes\""),
            (vec![text("yes"), text("no"), text("true")], "fails"),
            (vec![text("yes"), text("no"), Traced::nil()], "fails"),
        ] {
            assert_eq!(shown("ternary", &args), expected, "{args:?}");
        }
    }

    #[test]
    fn truth_is_told_as_far_as_it_is_known() {
        for (name, args, expected) in [
            ("any", vec![unknown(), bool(true)], "true"),
            ("any", vec![unknown(), bool(false)], "?"),
            ("all", vec![unknown(), bool(false)], "false"),
            ("all", vec![unknown(), bool(true)], "?"),
            ("all", vec![], "true"),
            ("any", vec![], "false"),
            ("not", vec![text("")], "true"),
            ("empty", vec![unknown()], "?"),
        ] {
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
    }
}
