//! How the origin of a value changes where functions choose it, take it out of something or let it stand in for another.

use std::rc::Rc;

use super::super::key::{Key, Keys};
use super::super::traced::{Kind, Map, Origin, Text, Traced, Value};
use super::super::work::{Fault, Work};

/// How many lists may lie directly within each other. Only lists can do so without a map in between, and they cannot change.
const MAX_NESTED_LISTS: usize = 64;

/// A list made of these items. Its size is paid for.
pub(super) fn list_of(items: Vec<Traced>, origin: Origin, work: &mut Work) -> Result<Traced, Fault> {
    work.list(items.len())?;
    for item in &items {
        check_nesting(item, MAX_NESTED_LISTS, work)?;
    }
    Ok(Traced {
        value: Value::List(Rc::new(items)),
        origin,
    })
}

fn check_nesting(value: &Traced, left: usize, work: &mut Work) -> Result<(), Fault> {
    let Value::List(items) = &value.value else {
        return Ok(());
    };
    let left = left.checked_sub(1).ok_or(Fault::TooMuch("64 nested lists"))?;
    work.steps(items.len())?;
    items.iter().try_for_each(|item| check_nesting(item, left, work))
}

/// The origin of a list that is made of parts of another: it hangs on whatever that one shows.
pub(super) fn part_of(list: &Traced) -> Origin {
    Origin::derived(list.origin.all_keys())
}

/// The value, chosen by something that hangs on these keys. What stands in the template is one of several texts then.
///
/// What a list or a map holds hangs on them as it is taken out ([`taken_from`]): others may hold the same map.
pub(in crate::template) fn hang(value: &Traced, keys: &Keys, work: &mut Work) -> Result<Traced, Fault> {
    if keys.is_none() {
        return Ok(value.clone());
    }
    work.step()?;
    let mut hanging = value.clone();
    hanging.origin = hung(&value.origin, keys);
    if let Value::Text(text) = &value.value {
        work.bytes(text.cost())?;
        hanging.value = Value::Text(Rc::new(text.map_origins(|_, origin| hung(origin, keys))));
    }
    Ok(hanging)
}

fn hung(origin: &Origin, keys: &Keys) -> Origin {
    let mut origin = origin.clone().hanging_on(keys);
    if origin.kind == Kind::Literal {
        origin.kind = Kind::Alternative;
    }
    origin
}

/// A value that is shown because another is empty: with a value at the key of the empty one, it is that value.
pub(super) fn stand_in(value: &Traced, empty: &Traced, work: &mut Work) -> Result<Traced, Fault> {
    let Some(key) = &empty.origin.key else {
        return hang(value, &empty.keys(), work);
    };
    let is_whole = match &value.value {
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Unknown => true,
        Value::Text(text) => !text.has_hole(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.entries().is_empty(),
        Value::Native(_) => false,
    };
    if is_whole {
        Ok(with_default_key(value, key, &empty.origin.keys))
    } else {
        hang(value, &empty.origin.all_keys(), work)
    }
}

/// The same, for a map that lies in a map that another is merged with: there, each entry stands in for the entry of that name.
///
/// The maps within are changed in place, as whoever else holds them sees what is merged into them.
pub(super) fn stand_in_deep(value: &Traced, key: &Key, work: &mut Work) -> Result<Traced, Fault> {
    work.step()?;
    if value.origin.key.is_some() {
        let mut value = value.clone();
        value.origin = value.origin.hanging_on(&Keys::one(key.clone()));
        return Ok(value);
    }
    if let Value::Map(map) = &value.value {
        work.enter()?;
        let names = names(map, work)?;
        for name in names {
            if let Some(entry) = map.get(&name) {
                let entry = stand_in_deep(&entry, &key.name(&name), work)?;
                work.put(map, name, entry)?;
            }
        }
        work.leave();
    }
    let missing = Traced {
        value: Value::Nil,
        origin: Origin::value(key.clone()),
    };
    if matches!(value.value, Value::Map(_)) {
        Ok(with_default_key(value, key, &Keys::None))
    } else {
        stand_in(value, &missing, work)
    }
}

/// The names of a map's entries.
pub(super) fn names(map: &Map, work: &mut Work) -> Result<Vec<Rc<str>>, Fault> {
    let entries = map.entries();
    work.steps(entries.len())?;
    Ok(entries.keys().map(Rc::clone).collect())
}

fn with_default_key(value: &Traced, key: &Key, keys: &Keys) -> Traced {
    let origin = Origin {
        kind: if matches!(value.value, Value::Unknown) {
            Kind::Hole
        } else {
            Kind::Default
        },
        key: Some(key.clone()),
        keys: value.keys().and(keys),
    };
    match &value.value {
        Value::Text(text) => Traced::text(Text::of(text.as_str(), origin)),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_)
        | Value::Unknown => Traced {
            value: value.value.clone(),
            origin,
        },
    }
}

/// An entry as it comes out of a map or a list. One without a key hangs on what the container hangs on.
pub(in crate::template) fn taken_from(
    container: &Traced,
    entry: &Traced,
    work: &mut Work,
) -> Result<Traced, Fault> {
    if entry.origin.key.is_some() {
        Ok(entry.clone())
    } else {
        hang(entry, &container.chosen_by(), work)
    }
}

/// The origin of an entry that a map does not have: a map with a key has a place for it.
pub(in crate::template) fn missing_from(map: &Traced, name: &str) -> Origin {
    match &map.origin.key {
        Some(key) => Origin::value(key.name(name)).hanging_on(&map.chosen_by()),
        None => Origin::derived(map.chosen_by()),
    }
}
