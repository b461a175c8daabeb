//! Functions on maps: sprig's `dict.go`, and `index` and `len` of Go's `text/template/funcs.go`.

use std::rc::Rc;

use super::super::key::Keys;
use super::super::traced::{Map, Origin, Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{at_least, exactly, known_text, map, not_known, wrong_type};
use super::merge;
use super::print::printed;
use super::provenance::{hang, list_of, missing_from, names, stand_in, taken_from};

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "dict" => Function::with_holes(dict),
        "set" => Function::with_holes(set),
        "unset" => Function::with_holes(unset),
        "get" => Function::with_holes(get),
        "hasKey" => Function::with_holes(has_key),
        "dig" => Function::with_holes(dig),
        "pluck" => Function::with_holes(pluck),
        "keys" => Function::with_holes(keys),
        "values" => Function::with_holes(values),
        "omit" => Function::with_holes(omit),
        "pick" => Function::with_holes(pick),
        "merge" | "mustMerge" => Function::with_holes(merge::merge),
        "mergeOverwrite" | "mustMergeOverwrite" => Function::with_holes(merge::merge_overwrite),
        "deepCopy" | "mustDeepCopy" => Function::with_holes(deep_copy),
        "index" => Function::with_holes(index),
        "len" => Function::with_holes(len),
        _ => return None,
    })
}

/// The text that sprig makes of anything for a name (`strings.go`, `strval`).
pub(super) fn text_of(value: &Traced, work: &mut Work) -> Result<Text, Fault> {
    match &value.value {
        Value::Nil => Ok(Text::of("<nil>", Origin::derived(value.keys()))),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_)
        | Value::Unknown => printed(value, work),
    }
}

fn dict(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    work.map(args.len() / 2)?;
    let mut entries = Vec::new();
    let mut chosen_by = Keys::None;
    for pair in args.chunks(2) {
        let Some(name) = pair.first() else { continue };
        let name = text_of(name, work)?;
        if name.has_hole() {
            return Err(not_known());
        }
        chosen_by = chosen_by.and(&name.keys());
        let value = pair
            .get(1)
            .cloned()
            .unwrap_or_else(|| Traced::text(Text::literal("")));
        entries.push((Rc::from(name.as_str()), value));
    }
    let map: Map = entries.into_iter().collect();
    map.choose_by(&chosen_by);
    Ok(Traced::literal(Value::Map(map)))
}

fn set(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [target, name, value] = exactly(args)?;
    let chosen_by = name.keys();
    let name = known_text(name)?;
    let entries = map(target)?.ok_or_else(|| wrong_type("a map"))?;
    work.put(entries, name.into(), value.clone())?;
    entries.choose_by(&chosen_by);
    Ok(target.clone())
}

fn unset(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [target, name] = exactly(args)?;
    let chosen_by = name.keys();
    let name = known_text(name)?;
    if let Some(entries) = map(target)? {
        entries.entries_mut().remove(name);
        entries.choose_by(&chosen_by);
    }
    Ok(target.clone())
}

/// The entry of a name, if there is one.
fn entry(source: &Traced, name: &str, work: &mut Work) -> Result<Option<Traced>, Fault> {
    match map(source)?.and_then(|map| map.get(name)) {
        Some(entry) => taken_from(source, &entry, work).map(Some),
        None => Ok(None),
    }
}

/// What is missing is an empty text, which a value at its key would replace.
fn get(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source, name] = exactly(args)?;
    let entry_name = known_text(name)?;
    let found = match entry(source, entry_name, work)? {
        Some(entry) => entry,
        None => Traced::text(Text::of("", missing_from(source, entry_name))),
    };
    hang(&found, &name.keys(), work)
}

fn has_key(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source, name] = exactly(args)?;
    let entry_name = known_text(name)?;
    let entry = entry(source, entry_name, work)?;
    let keys = match &entry {
        Some(entry) => entry.origin.all_keys(),
        None => missing_from(source, entry_name).all_keys(),
    };
    Ok(Traced {
        value: Value::Bool(entry.is_some()),
        origin: Origin::derived(keys.and(&name.keys())),
    })
}

fn dig(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let Some(([path @ .., default], source)) = args.split_last().map(|(last, rest)| (rest, last)) else {
        return Err(Fault::Failed("dig has a wrong number of arguments".to_owned()));
    };
    if path.is_empty() {
        return Err(Fault::Failed("dig has a wrong number of arguments".to_owned()));
    }
    let chosen_by = Traced::keys_of(path);
    let mut found = source.clone();
    for (position, name) in path.iter().enumerate() {
        let name_text = known_text(name)?;
        let entries = map(&found)?.ok_or_else(|| wrong_type("a map"))?;
        let next = entries.get(name_text);
        let Some(next) = next else {
            // The place of what is asked for is further down.
            let mut missing = Traced {
                value: Value::Nil,
                origin: missing_from(&found, name_text),
            };
            for name in path.iter().skip(position + 1) {
                missing.origin = missing_from(&missing, known_text(name)?);
            }
            found = stand_in(default, &missing, work)?;
            break;
        };
        found = taken_from(&found, &next, work)?;
    }
    hang(&found, &chosen_by, work)
}

fn pluck(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([name], sources) = at_least(args)?;
    let entry_name = known_text(name)?;
    let mut entries = Vec::new();
    let mut missing = name.keys();
    for source in sources {
        match entry(source, entry_name, work)? {
            Some(entry) => entries.push(hang(&entry, &name.keys(), work)?),
            None => missing = missing.and(&missing_from(source, entry_name).all_keys()),
        }
    }
    list_of(entries, Origin::derived(missing), work)
}

/// Go has the names in any order; here they are sorted, as charts sort them that render the same each time.
fn keys(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let mut texts = Vec::new();
    let mut all = Keys::None;
    for source in args {
        let origin = Origin::derived(source.chosen_by_all());
        all = all.and(&origin.keys);
        if let Some(map) = map(source)? {
            for name in names(map, work)? {
                texts.push(Traced::text(Text::of(&*name, origin.clone())));
            }
        }
    }
    list_of(texts, Origin::derived(all), work)
}

/// In the order of their names, where Go has any order.
fn values(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    let mut values = Vec::new();
    if let Some(map) = map(source)? {
        work.steps(map.entries().len())?;
        for entry in map.entries().values() {
            values.push(taken_from(source, entry, work)?);
        }
    }
    list_of(values, Origin::derived(source.chosen_by_all()), work)
}

/// What is left is still at the key of the map.
fn omit(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([source], omitted_names) = at_least(args)?;
    let omitted = omitted_names
        .iter()
        .map(|name| known_text(name))
        .collect::<Result<Vec<_>, _>>()?;
    let kept: Map = match map(source)? {
        Some(map) => {
            let entries = map.entries();
            work.map(entries.len())?;
            work.steps(entries.len().saturating_mul(omitted.len()))?;
            let kept = entries.iter().filter(|(name, _)| !omitted.contains(&&***name));
            kept.map(|(name, entry)| (Rc::clone(name), entry.clone()))
                .collect()
        }
        None => Map::default(),
    };
    Ok(Traced {
        value: Value::Map(kept),
        origin: source
            .origin
            .clone()
            .hanging_on(&source.chosen_by().and(&Traced::keys_of(omitted_names))),
    })
}

fn pick(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([source], picked) = at_least(args)?;
    work.map(picked.len())?;
    let mut kept = Vec::new();
    for name in picked {
        let name = known_text(name)?;
        if let Some(entry) = map(source)?.and_then(|map| map.get(name)) {
            kept.push((name.into(), entry));
        }
    }
    Ok(Traced {
        value: Value::Map(kept.into_iter().collect()),
        origin: Origin::derived(source.chosen_by_all().and(&Traced::keys_of(picked))),
    })
}

fn deep_copy(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    if matches!(value.value, Value::Nil) {
        return Err(wrong_type("something to copy"));
    }
    copied(value, work)
}

/// The same values in maps and lists of their own.
fn copied(value: &Traced, work: &mut Work) -> Result<Traced, Fault> {
    work.steps(4)?;
    let copy = match &value.value {
        Value::List(items) => {
            work.enter()?;
            work.list(items.len())?;
            let items = items
                .iter()
                .map(|item| copied(item, work))
                .collect::<Result<_, _>>()?;
            work.leave();
            Value::List(Rc::new(items))
        }
        Value::Map(map) => {
            work.enter()?;
            work.map(map.entries().len())?;
            let mut entries = Vec::new();
            for (name, entry) in map.entries().iter() {
                entries.push((Rc::clone(name), copied(entry, work)?));
            }
            work.leave();
            let copy: Map = entries.into_iter().collect();
            copy.choose_by(&map.chosen_by());
            Value::Map(copy)
        }
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Native(_)
        | Value::Unknown => value.value.clone(),
    };
    Ok(Traced {
        value: copy,
        origin: value.origin.clone(),
    })
}

fn index(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([source], path) = at_least(args)?;
    let mut found = source.clone();
    if matches!(found.value, Value::Nil) {
        return Err(Fault::Failed("index of nil".to_owned()));
    }
    for step in path {
        work.step()?;
        found = indexed(&found, step, work)?;
    }
    hang(&found, &Traced::keys_of(path), work)
}

fn indexed(source: &Traced, step: &Traced, work: &mut Work) -> Result<Traced, Fault> {
    match &source.value {
        Value::Map(_) => {
            let name = known_text(step)?;
            Ok(match entry(source, name, work)? {
                Some(entry) => entry,
                None => Traced {
                    value: Value::Nil,
                    origin: missing_from(source, name),
                },
            })
        }
        Value::List(items) => match items.get(position(step)?) {
            Some(item) => taken_from(source, item, work),
            None => Err(Fault::Failed("index out of range".to_owned())),
        },
        Value::Text(text) if text.has_hole() => Err(not_known()),
        Value::Text(text) => match text.as_str().as_bytes().get(position(step)?) {
            Some(byte) => Ok(Traced::derived(
                Value::Int(i64::from(*byte)),
                &[source.clone(), step.clone()],
            )),
            None => Err(Fault::Failed("index out of range".to_owned())),
        },
        Value::Unknown | Value::Native(_) => Err(not_known()),
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Float(_) => Err(wrong_type("a map or a list")),
    }
}

/// Go takes integers alone, so no number of values (`funcs.go`, `indexArg`).
fn position(step: &Traced) -> Result<usize, Fault> {
    match &step.value {
        Value::Int(position) => {
            usize::try_from(*position).map_err(|_| Fault::Failed("index out of range".to_owned()))
        }
        Value::Unknown => Err(not_known()),
        Value::Nil
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => Err(wrong_type("an integer for a list")),
    }
}

fn len(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let len = match &value.value {
        Value::Text(text) if text.has_hole() => return Err(not_known()),
        Value::Text(text) => text.as_str().len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.entries().len(),
        Value::Native(_) | Value::Unknown => return Err(not_known()),
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            return Err(wrong_type("a text, a list or a map"));
        }
    };
    Ok(Traced::derived(
        Value::Int(i64::try_from(len).unwrap_or(i64::MAX)),
        args,
    ))
}

#[cfg(test)]
mod tests {
    use super::super::trial::{at, call, described, int, shown, text, unknown, values};
    use super::*;

    #[test]
    fn entries_keep_their_keys_and_missing_ones_have_a_place() {
        let values =
            values(r#"{"m": {"a": "x", "b": {"c": 1, "n": null}}, "l": ["p", {"q": "r"}], "s": "t"}"#);
        let (m, l) = (at(&values, "m"), at(&values, "l"));
        for (name, args, expected) in [
            ("get", vec![m.clone(), text("a")], "\"x\"@m.a"),
            ("get", vec![m.clone(), text("z")], "\"\"@m.z"),
            ("get", vec![at(&values, "none"), text("z")], "\"\"@none.z"),
            ("get", vec![m.clone(), int(1)], "fails"),
            ("hasKey", vec![m.clone(), text("a")], "true~(m.a)"),
            ("hasKey", vec![m.clone(), text("z")], "false~(m.z)"),
            ("index", vec![m.clone(), text("b"), text("c")], "1.0@m.b.c"),
            ("index", vec![m.clone(), text("z")], "null@m.z"),
            ("index", vec![m.clone(), text("z"), text("y")], "fails"),
            ("index", vec![l.clone(), int(1), text("q")], "\"r\"@l[1].q"),
            ("index", vec![l.clone(), int(2)], "fails"),
            (
                "index",
                vec![l.clone(), Traced::literal(Value::Float(0.0))],
                "fails",
            ),
            ("index", vec![unknown(), text("a")], "?"),
            ("index", vec![m.clone(), unknown()], "?(m)"),
            ("dig", vec![text("b"), text("c"), int(2), m.clone()], "1.0@m.b.c"),
            ("dig", vec![text("b"), text("z"), int(2), m.clone()], "2@m.b.z?"),
            ("dig", vec![text("z"), text("y"), int(2), m.clone()], "2@m.z.y?"),
            (
                "dig",
                vec![text("b"), text("n"), text("y"), int(2), m.clone()],
                "fails",
            ),
            ("dig", vec![text("a"), m.clone()], "fails"),
            ("pluck", vec![text("a"), m.clone()], "[\"x\"@m.a]"),
            (
                "keys",
                vec![at(&values, "m.b")],
                "[\"c\"~(m.b), \"n\"~(m.b)]~(m.b)",
            ),
            (
                "values",
                vec![at(&values, "m.b")],
                "[1.0@m.b.c, null@m.b.n]~(m.b)",
            ),
            ("omit", vec![m.clone(), text("b")], "{a: \"x\"@m.a}@m"),
            (
                "pick",
                vec![m.clone(), text("a"), text("z")],
                "{a: \"x\"@m.a}~(m)",
            ),
            ("len", vec![l.clone()], "2~(l)"),
            ("len", vec![text("é")], "2"),
            ("len", vec![Traced::nil()], "fails"),
        ] {
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
    }

    #[test]
    fn set_and_unset_change_the_map_that_others_hold() {
        let values = values(r#"{"a": "x"}"#);
        call("set", &[values.clone(), text("b"), unknown()]).unwrap();
        call("unset", &[values.clone(), text("a")]).unwrap();
        assert_eq!(described(&values), "{b: ?}@");
        assert_eq!(shown("set", &[Traced::nil(), text("a"), int(1)]), "fails");
    }

    #[test]
    fn a_map_may_hold_itself() {
        let map = call("dict", &[]).unwrap();
        call("set", &[map.clone(), text("self"), map.clone()]).unwrap();
        assert!(matches!(map.keys(), Keys::Many));
        assert!(shown("deepCopy", std::slice::from_ref(&map)).contains("the limit"));
        call("unset", &[map, text("self")]).unwrap();
    }

    #[test]
    fn maps_may_lie_within_each_other_without_end() {
        let mut map = call("dict", &[]).unwrap();
        for _ in 0..200_000 {
            map = call("dict", &[text("a"), map]).unwrap();
        }
        assert_eq!(shown("len", &[map]), "1~(many)");
    }

    #[test]
    fn dict_takes_anything_for_a_name_but_what_is_not_known() {
        assert_eq!(
            shown("dict", &[text("a"), unknown(), text("b")]),
            "{a: ?, b: \"\"}"
        );
        assert_eq!(shown("dict", &[unknown(), int(1)]), "?");
    }

    #[test]
    fn a_copy_keeps_keys_and_is_not_changed_with_the_first() {
        let values = values(r#"{"m": {"a": {"b": 1}}}"#);
        let copy = call("deepCopy", &[at(&values, "m")]).unwrap();
        call("set", &[at(&values, "m.a"), text("b"), int(2)]).unwrap();
        assert_eq!(described(&copy), "{a: {b: 1.0@m.a.b}@m.a}@m");
    }
}
