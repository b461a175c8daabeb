//! Functions between texts and lists of texts: `join`, `split` and the like (sprig's `strings.go`).

use std::rc::Rc;

use super::super::traced::{Origin, Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{self, exactly};
use super::print::{self, filled, hanging, part};
use super::provenance::taken_from;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "join" => Function::with_holes(join),
        "toStrings" => Function::with_holes(to_strings),
        "splitList" => Function::of(split_list),
        "split" => Function::of(split),
        "splitn" => Function::of(split_n),
        _ => return None,
    })
}

/// The items of a value as texts (`strslice`): those of a list without nil, or what is not a list as the only one.
fn texts(value: &Traced, work: &mut Work) -> Result<Vec<Text>, Fault> {
    let items = match &value.value {
        Value::List(items) => items.as_slice(),
        Value::Nil => &[],
        Value::Unknown => return Err(Fault::Unsupported("a list that is not known".to_owned())),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Map(_)
        | Value::Native(_) => std::slice::from_ref(value),
    };
    let mut texts = Vec::new();
    for item in items {
        if !matches!(item.value, Value::Nil) {
            let item = taken_from(value, item, work)?;
            texts.push(filled(print::printed(&item, work)?, &item.origin));
        }
    }
    Ok(texts)
}

/// The items of a list with something between them (`join`).
fn join(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [separator, list] = exactly(args)?;
    let between = match &separator.value {
        Value::Unknown => return Err(Fault::Unsupported("a separator that is not known".to_owned())),
        _ => arguments::text(separator)?,
    };
    let mut joined = Text::default();
    for (position, text) in texts(list, work)?.iter().enumerate() {
        if position > 0 {
            work.bytes(between.cost())?;
            joined.append(between);
        }
        work.bytes(text.cost())?;
        joined.append(text);
    }
    if joined.pieces().next().is_none() {
        return Ok(Traced::derived_text("", args));
    }
    Ok(Traced::text(joined))
}

/// The items of a list as texts (`strslice`).
fn to_strings(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [list] = exactly(args)?;
    let texts = texts(list, work)?.into_iter().map(Traced::text).collect();
    Ok(Traced {
        value: Value::List(Rc::new(texts)),
        origin: Origin::derived(list.origin.all_keys()),
    })
}

/// The parts of a text between separators, at most so many (`strings.SplitN`), as positions in bytes.
fn parts(text: &str, separator: &str, at_most: usize, work: &mut Work) -> Result<Vec<(usize, usize)>, Fault> {
    let mut parts = Vec::new();
    if at_most == 0 {
        return Ok(parts);
    }
    work.bytes(text.len())?;
    let mut start = 0;
    if separator.is_empty() {
        // Character by character.
        for (position, _) in text.char_indices().skip(1) {
            if parts.len() + 1 >= at_most {
                break;
            }
            work.text(position - start)?;
            parts.push((start, position));
            start = position;
        }
        if !text.is_empty() {
            parts.push((start, text.len()));
        }
        return Ok(parts);
    }
    for (position, _) in text.match_indices(separator) {
        if parts.len() + 1 >= at_most {
            break;
        }
        work.text(position - start)?;
        parts.push((start, position));
        start = position + separator.len();
    }
    parts.push((start, text.len()));
    Ok(parts)
}

/// The parts of a text as values.
fn split_up(
    separator: &Traced,
    value: &Traced,
    at_most: usize,
    work: &mut Work,
) -> Result<Vec<Traced>, Fault> {
    let text = arguments::text(value)?;
    let places = parts(text.as_str(), arguments::text(separator)?.as_str(), at_most, work)?;
    let keys = separator.keys();
    let pieces = text.pieces().count();
    let mut values = Vec::with_capacity(places.len());
    for (start, end) in places {
        work.steps(pieces / 4)?;
        values.push(Traced::text(hanging(part(text, start, end), &keys)));
    }
    Ok(values)
}

/// The parts of a text as a list (`strings.Split`).
fn split_list(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [separator, text] = exactly(args)?;
    let values = split_up(separator, text, usize::MAX, work)?;
    Ok(Traced::derived(Value::List(Rc::new(values)), args))
}

/// The parts of a text as a map with the names `_0`, `_1` and so on (`split`).
fn split(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [separator, text] = exactly(args)?;
    let values = split_up(separator, text, usize::MAX, work)?;
    Ok(numbered(values, args))
}

/// The same with at most so many parts (`splitn`).
fn split_n(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [separator, count, text] = exactly(args)?;
    let at_most = usize::try_from(arguments::int(count)?).unwrap_or(usize::MAX);
    let values = split_up(separator, text, at_most, work)?;
    Ok(numbered(values, args))
}

fn numbered(values: Vec<Traced>, args: &[Traced]) -> Traced {
    let entries = values
        .into_iter()
        .enumerate()
        .map(|(number, value)| (format!("_{number}").into(), value));
    Traced::derived(Value::Map(entries.collect()), args)
}

#[cfg(test)]
mod tests;
