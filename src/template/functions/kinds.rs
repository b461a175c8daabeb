//! Functions that ask what a value is: sprig's `reflect.go`.
//!
//! Some types that Go tells apart are one here: `int` and `int64`; lists of texts, of integers and of anything; maps of texts
//! and of anything. Where the answer hangs on that, it is not known.

use super::super::traced::{Origin, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{exactly, known_text, not_known};
use super::equality::deep_equal;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "kindOf" => Function::with_holes(kind_of),
        "kindIs" => Function::with_holes(kind_is),
        "typeOf" => Function::with_holes(type_of),
        "typeIs" => Function::with_holes(type_is),
        "typeIsLike" => Function::with_holes(type_is_like),
        "deepEqual" => Function::with_holes(deep_equal_of),
        _ => return None,
    })
}

/// The names that a kind or a type may have here; none where nothing is known.
type Names = &'static [&'static str];

const INTEGERS: Names = &["int", "int64"];

fn kinds(value: &Value) -> Names {
    match value {
        Value::Nil => &["invalid"],
        Value::Bool(_) => &["bool"],
        Value::Int(_) => INTEGERS,
        Value::Float(_) => &["float64"],
        Value::Text(_) => &["string"],
        Value::List(_) => &["slice"],
        Value::Map(_) => &["map"],
        Value::Native(_) | Value::Unknown => &[],
    }
}

fn types(value: &Traced) -> Names {
    let has_key = value.origin.key.is_some();
    match &value.value {
        Value::Nil => &["<nil>"],
        Value::List(items) if !has_key && items.iter().all(|item| matches!(item.value, Value::Text(_))) => {
            &["[]interface {}", "[]string", "[]int", "[][]interface {}"]
        }
        Value::List(items) if !has_key && items.iter().all(|item| matches!(item.value, Value::Int(_))) => {
            &["[]interface {}", "[]int"]
        }
        Value::List(items) if !has_key && items.iter().all(|item| matches!(item.value, Value::List(_))) => {
            &["[]interface {}", "[][]interface {}"]
        }
        Value::List(_) => &["[]interface {}"],
        // All values of the release have a type of Helm, which has another name in each of its versions.
        Value::Map(_)
            if value
                .origin
                .key
                .as_ref()
                .is_some_and(super::super::key::Key::is_root) =>
        {
            &[]
        }
        Value::Map(map)
            if !has_key
                && map
                    .entries()
                    .values()
                    .all(|entry| matches!(entry.value, Value::Text(_))) =>
        {
            &["map[string]interface {}", "map[string]string"]
        }
        Value::Map(_) => &["map[string]interface {}"],
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Native(_)
        | Value::Unknown => kinds(&value.value),
    }
}

/// What a value is hangs on what the value hangs on itself, and not on what is in it.
fn answer(value: Value, of: &Traced) -> Traced {
    Traced::derived(
        value,
        &[Traced {
            value: Value::Nil,
            origin: Origin::derived(of.origin.all_keys()),
        }],
    )
}

fn named(names: Names, of: &Traced) -> Result<Traced, Fault> {
    match names {
        [name] => Ok(answer(
            Value::Text(std::rc::Rc::new(super::super::traced::Text::literal(*name))),
            of,
        )),
        _ => Err(not_known()),
    }
}

fn is_named(names: Names, is_it: impl Fn(&str) -> bool, of: &Traced) -> Result<Traced, Fault> {
    if names.is_empty() {
        return Err(not_known());
    }
    if !names.iter().any(|name| is_it(name)) {
        return Ok(answer(Value::Bool(false), of));
    }
    if names.iter().all(|name| is_it(name)) {
        return Ok(answer(Value::Bool(true), of));
    }
    Err(not_known())
}

fn kind_of(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    named(kinds(&value.value), value)
}

fn kind_is(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [kind, value] = exactly(args)?;
    let kind = known_text(kind)?;
    is_named(kinds(&value.value), |name| name == kind, value)
}

fn type_of(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    named(types_paid(value, work)?, value)
}

fn type_is(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [kind, value] = exactly(args)?;
    let kind = known_text(kind)?;
    is_named(types_paid(value, work)?, |name| name == kind, value)
}

/// A pointer is like what it points to, but no value here is one.
fn type_is_like(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    type_is(args, work)
}

fn types_paid(value: &Traced, work: &mut Work) -> Result<Names, Fault> {
    match &value.value {
        Value::List(items) => work.steps(items.len())?,
        Value::Map(map) => work.steps(map.entries().len())?,
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Native(_)
        | Value::Unknown => {}
    }
    Ok(types(value))
}

fn deep_equal_of(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [own, other] = exactly(args)?;
    let is_equal = deep_equal(own, other, work)?.ok_or_else(not_known)?;
    Ok(Traced::derived(Value::Bool(is_equal), args))
}

#[cfg(test)]
mod tests {
    use super::super::trial::{at, call, int, shown, text, unknown, values};
    use super::*;

    #[test]
    fn kinds_and_types_are_those_of_go() {
        let values = values(r#"{"n": 1, "l": ["a"], "m": {"a": "b"}}"#);
        let key = |path| at(&values, path);
        let texts = call("list", &[text("a")]).unwrap();
        for (name, args, expected) in [
            ("kindOf", vec![key("n")], "\"float64\"~(n)"),
            ("kindOf", vec![Traced::nil()], "\"invalid\""),
            ("kindOf", vec![key("m")], "\"map\"~(m)"),
            ("kindIs", vec![text("slice"), key("l")], "true~(l)"),
            // It may be either kind of integer.
            ("kindIs", vec![text("int"), int(1)], "?"),
            ("kindIs", vec![text("string"), int(1)], "false"),
            ("typeOf", vec![key("l")], "\"[]interface {}\"~(l)"),
            ("typeOf", vec![texts.clone()], "?"),
            ("typeIs", vec![text("string"), texts], "false"),
            ("typeOf", vec![key("m")], "\"map[string]interface {}\"~(m)"),
            ("typeOf", vec![values.clone()], "?"),
            ("typeIsLike", vec![text("string"), text("a")], "true"),
            ("kindIs", vec![text("string"), unknown()], "?"),
        ] {
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
    }

    #[test]
    fn equality_looks_into_maps_and_lists() {
        let values = values(r#"{"a": {"x": [1]}, "b": {"x": [1]}, "c": {"x": [2]}}"#);
        let key = |path| at(&values, path);
        let open = call("dict", &[text("x"), unknown()]).unwrap();
        for (own, other, expected) in [
            (key("a"), key("b"), "true~(a,b)"),
            (key("a"), key("c"), "false~(a,c)"),
            (key("a"), open.clone(), "?(a)"),
            (open, call("dict", &[]).unwrap(), "false"),
            (text("1"), int(1), "false"),
        ] {
            let args = [own, other];
            assert_eq!(shown("deepEqual", &args), expected, "{args:?}");
        }
    }
}
