//! `merge` and `mergeOverwrite`: sprig's `dict.go` on `dario.cat/mergo` 1.0 (`merge.go`, `deepMerge`).
//!
//! The first map is changed in place, and so are the maps in it. Maps are merged; of anything else, one or the other is
//! taken whole. Entries that are taken are not copied, so a map is then in both.

use super::super::traced::{Map, Traced, Value};
use super::super::work::{Fault, Work};
use super::arguments::{at_least, map};
use super::provenance::{missing_from, names, stand_in, stand_in_deep, taken_from};

/// Which of two entries is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefer {
    /// That of the map which is merged into, unless it is empty.
    Target,
    /// That of the map which is merged in, even if it is empty.
    Source,
}

pub(super) fn merge(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    merge_all(args, Prefer::Target, work)
}

pub(super) fn merge_overwrite(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    merge_all(args, Prefer::Source, work)
}

fn merge_all(args: &[Traced], prefer: Prefer, work: &mut Work) -> Result<Traced, Fault> {
    let ([target], sources) = at_least(args)?;
    // All have to be maps before one is changed.
    let own = match map(target)? {
        Some(own) => own.clone(),
        None => Map::default(),
    };
    for source in sources {
        map(source)?;
    }
    let target = Traced {
        value: Value::Map(own.clone()),
        origin: target.origin.clone(),
    };
    for source in sources {
        merge_into(&target, &own, source, prefer, work)?;
    }
    Ok(target)
}

fn merge_into(
    target: &Traced,
    own: &Map,
    source: &Traced,
    prefer: Prefer,
    work: &mut Work,
) -> Result<(), Fault> {
    let Some(other) = map(source)? else {
        return Ok(());
    };
    if own.is(other) {
        return Ok(());
    }
    work.enter()?;
    own.choose_by(&source.chosen_by());
    for name in names(other, work)? {
        let Some(value) = other.get(&name) else { continue };
        let value = taken_from(source, &value, work)?;
        let held = own.get(&name);
        let missing = Traced {
            value: Value::Nil,
            origin: missing_from(target, &name),
        };
        let merged = match prefer {
            Prefer::Target => filled(held.as_ref(), &missing, &value, work)?,
            Prefer::Source => overwritten(held.as_ref(), &value, work)?,
        };
        if let Some(merged) = merged {
            work.put(own, name, merged)?;
        }
    }
    if prefer == Prefer::Source {
        keep_replaceable(own, source, other, work)?;
    }
    work.leave();
    Ok(())
}

/// Merges a map into the one that is held; whether that was possible.
fn merged_within(
    held: Option<&Traced>,
    value: &Traced,
    prefer: Prefer,
    work: &mut Work,
) -> Result<bool, Fault> {
    let Some(held) = held else { return Ok(false) };
    let (Value::Map(own), Value::Map(_)) = (&held.value, &value.value) else {
        return Ok(false);
    };
    merge_into(held, own, value, prefer, work)?;
    Ok(!own.entries().is_empty())
}

/// The entry of the source where that of the target is empty; `None` where all stays. What is taken shows its own key,
/// which has the value now; without one, it stands in for the entry that is empty.
fn filled(
    held: Option<&Traced>,
    missing: &Traced,
    value: &Traced,
    work: &mut Work,
) -> Result<Option<Traced>, Fault> {
    if matches!(value.value, Value::Nil) || merged_within(held, value, Prefer::Target, work)? {
        return Ok(None);
    }
    let empty = match held {
        None => missing,
        Some(held) => match held.truth() {
            // A map of which nobody knows the entries may have some that are merged.
            Some(true) if matches!((&held.value, &value.value), (Value::Map(_), Value::Unknown)) => {
                return Ok(Some(Traced::unknown(&[held.clone(), value.clone()])));
            }
            Some(true) => return Ok(None),
            Some(false) => held,
            None => return Ok(Some(Traced::unknown(&[held.clone(), value.clone()]))),
        },
    };
    if value.origin.key.is_some() {
        let mut value = value.clone();
        value.origin = value.origin.hanging_on(&empty.origin.all_keys());
        return Ok(Some(value));
    }
    match (&empty.origin.key, &value.value) {
        (Some(key), Value::Map(_)) => stand_in_deep(value, key, work).map(Some),
        _ => stand_in(value, empty, work).map(Some),
    }
}

/// The entry of the source; `None` where the entry that is held stays, with another map merged into it.
fn overwritten(held: Option<&Traced>, value: &Traced, work: &mut Work) -> Result<Option<Traced>, Fault> {
    if merged_within(held, value, Prefer::Source, work)? {
        return Ok(None);
    }
    Ok(Some(match (held.map(|held| &held.value), &value.value) {
        // If both are maps, they are merged; else one is taken.
        (Some(Value::Map(_) | Value::Unknown), Value::Unknown) | (Some(Value::Unknown), Value::Map(_)) => {
            Traced::unknown(&[held.cloned().unwrap_or_else(Traced::nil), value.clone()])
        }
        _ => value.clone(),
    }))
}

/// What stays although the source would win: with a value at the key that the source has for it, it is that value.
fn keep_replaceable(own: &Map, source: &Traced, other: &Map, work: &mut Work) -> Result<(), Fault> {
    let Some(key) = &source.origin.key else {
        return Ok(());
    };
    for name in names(own, work)? {
        if other.entries().contains_key(&name) {
            continue;
        }
        let Some(held) = own.get(&name) else { continue };
        let replaceable = stand_in_deep(&held, &key.name(&name), work)?;
        work.put(own, name, replaceable)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::trial::{at, call, described, int, shown, text, unknown, values};
    use super::*;

    fn dict(entries: &[(&str, Traced)]) -> Traced {
        let args: Vec<_> = entries
            .iter()
            .flat_map(|(name, value)| [text(name), value.clone()])
            .collect();
        call("dict", &args).unwrap()
    }

    #[test]
    fn merge_fills_what_is_empty() {
        let values = values(
            r#"{"a": {"empty": "", "full": "x", "no": null, "map": {"p": 1}, "list": []},
                "b": {"empty": "y", "full": "z", "no": "n", "map": {"q": 2, "p": 3}, "list": [1], "nil": null}}"#,
        );
        assert_eq!(
            shown("merge", &[at(&values, "a"), at(&values, "b")]),
            "{empty: \"y\"@b.empty(a.empty), full: \"x\"@a.full, list: [1.0@b.list[0]]@b.list(a.list), \
             map: {p: 1.0@a.map.p, q: 2.0@b.map.q(a.map.q)}@a.map, no: \"n\"@b.no(a.no)}@a"
        );
    }

    #[test]
    fn what_stands_in_the_template_stands_in_for_missing_values() {
        let values = values(r#"{"a": {"set": 1}}"#);
        let defaults = dict(&[
            ("set", int(2)),
            ("new", text("d")),
            ("map", dict(&[("p", int(3))])),
        ]);
        assert_eq!(
            shown("merge", &[at(&values, "a"), defaults.clone()]),
            "{map: {p: 3@a.map.p?}@a.map?(a.map.p), new: \"d\"@a.new?, set: 1.0@a.set}@a"
        );
    }

    #[test]
    fn merge_overwrite_takes_empty_values_too_and_keeps_what_values_may_replace() {
        let values = values(r#"{"b": {"empty": "", "no": null, "list": []}}"#);
        let target = dict(&[
            ("empty", text("x")),
            ("no", text("y")),
            ("list", text("z")),
            ("kept", text("k")),
            ("map", dict(&[("p", int(1))])),
        ]);
        let merged = "{empty: \"\"@b.empty, kept: \"k\"@b.kept?, list: []@b.list, \
                      map: {p: 1@b.map.p?}@b.map?(b.map.p), no: null@b.no}";
        assert_eq!(
            shown("mergeOverwrite", &[target.clone(), at(&values, "b")]),
            merged
        );
        assert_eq!(described(&target), merged);
    }

    #[test]
    fn an_entry_is_not_known_where_what_it_was_is_not() {
        for (name, own, other, expected) in [
            ("merge", unknown(), int(1), "{a: ?}"),
            ("merge", int(1), unknown(), "{a: 1}"),
            ("merge", int(0), unknown(), "{a: ?}"),
            ("merge", dict(&[("b", int(1))]), unknown(), "{a: ?}"),
            ("mergeOverwrite", unknown(), int(1), "{a: 1}"),
            ("mergeOverwrite", int(1), unknown(), "{a: ?}"),
        ] {
            let args = [dict(&[("a", own)]), dict(&[("a", other)])];
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
        assert_eq!(shown("merge", &[dict(&[]), unknown()]), "?");
    }

    #[test]
    fn nil_is_an_empty_map_and_anything_else_is_none() {
        assert_eq!(shown("merge", &[Traced::nil(), dict(&[("a", int(1))])]), "{a: 1}");
        assert_eq!(shown("merge", &[dict(&[("a", int(1))]), Traced::nil()]), "{a: 1}");
        assert_eq!(shown("merge", &[dict(&[]), text("a")]), "fails");
    }
}
