//! For tests: calls functions with values of keys, and writes down what comes out with its origin.

use std::rc::Rc;

use super::super::key::{Key, KeyStep, Keys};
use super::super::traced::{Kind, Origin, Text, Traced, Tree, Value};
use super::super::work::{Fault, Work};

/// The values of a release, at the root.
pub(super) fn values(json: &str) -> Traced {
    Traced::of_values(
        &serde_json::from_str(json).unwrap(),
        &Key::root(),
        &Tree::default(),
    )
}

/// The value at a path such as `a.b.0`, or nil at its key.
pub(super) fn at(values: &Traced, path: &str) -> Traced {
    path.split('.')
        .fold(values.clone(), |value, name| match &value.value {
            Value::List(items) => items.get(name.parse::<usize>().unwrap()).unwrap().clone(),
            Value::Map(map) => map.get(name).unwrap_or_else(|| nil_at(&value, name)),
            _ => nil_at(&value, name),
        })
}

fn nil_at(of: &Traced, name: &str) -> Traced {
    Traced {
        value: Value::Nil,
        origin: Origin::value(of.origin.key.as_ref().unwrap().join(KeyStep::Name(name.into()))),
    }
}

/// A text of the template.
pub(super) fn text(text: &str) -> Traced {
    Traced::literal(Value::Text(Rc::new(Text::literal(text))))
}

/// An integer of the template.
pub(super) fn int(value: i64) -> Traced {
    Traced::literal(Value::Int(value))
}

/// A truth value of the template.
pub(super) fn bool(value: bool) -> Traced {
    Traced::literal(Value::Bool(value))
}

/// Something that nobody knows.
pub(super) fn unknown() -> Traced {
    Traced::unknown(&[])
}

/// What a function gives.
pub(super) fn call(name: &str, args: &[Traced]) -> Result<Traced, Fault> {
    super::call(name, args, &mut Work::default())
}

/// What a function gives, as JSON with the origin of each value in it: `1@key`, `1@key?` where it stands in for an empty key,
/// `1~` where it was made of others, `1|` where it is one of several, and nothing where it stands in the template. The
/// other keys follow in brackets.
pub(super) fn shown(name: &str, args: &[Traced]) -> String {
    match call(name, args) {
        Ok(value) => described(&value),
        Err(Fault::Failed(_)) => "fails".to_owned(),
        Err(fault) => fault.to_string(),
    }
}

pub(super) fn described(value: &Traced) -> String {
    let text = match &value.value {
        Value::Nil => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => format!("{:?}", text.as_str()),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(described).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let entries = map.entries();
            let entries: Vec<_> = entries
                .iter()
                .map(|(name, entry)| format!("{name}: {}", described(entry)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Native(_) => "native".to_owned(),
        Value::Unknown => "?".to_owned(),
    };
    let origin = &value.origin;
    let key = origin
        .key
        .as_ref()
        .map(|key| format!("@{key}"))
        .unwrap_or_default();
    let mark = match origin.kind {
        Kind::Literal | Kind::Value | Kind::Hole => "",
        Kind::Default => "?",
        Kind::Derived => "~",
        Kind::Alternative => "|",
    };
    let keys = match &origin.keys {
        Keys::None => String::new(),
        Keys::Some(keys) => keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        Keys::Many => "many".to_owned(),
    };
    let keys = if keys.is_empty() {
        keys
    } else {
        format!("({keys})")
    };
    format!("{text}{key}{mark}{keys}")
}
