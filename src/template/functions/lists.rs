//! Functions on lists: sprig's `list.go`, and those of `numeric.go` that count.

use std::rc::Rc;

use super::super::traced::{Origin, Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{at_least, exactly, int, list, not_known};
use super::convert::to_int;
use super::equality::is_among;
use super::maps::text_of;
use super::provenance::{list_of, part_of, taken_from};

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "list" | "tuple" => Function::with_holes(make),
        "append" | "mustAppend" | "push" | "mustPush" => Function::with_holes(append),
        "prepend" | "mustPrepend" => Function::with_holes(prepend),
        "concat" => Function::with_holes(concat),
        "first" | "mustFirst" => Function::with_holes(first),
        "last" | "mustLast" => Function::with_holes(last),
        "rest" | "mustRest" => Function::with_holes(rest),
        "initial" | "mustInitial" => Function::with_holes(initial),
        "reverse" | "mustReverse" => Function::with_holes(reverse),
        "uniq" | "mustUniq" => Function::with_holes(uniq),
        "compact" | "mustCompact" => Function::with_holes(compact),
        "without" | "mustWithout" => Function::with_holes(without),
        "has" | "mustHas" => Function::with_holes(has),
        "slice" | "mustSlice" => Function::with_holes(slice),
        "chunk" | "mustChunk" => Function::with_holes(chunk),
        "sortAlpha" => Function::with_holes(sort_alpha),
        "until" => Function::of(until),
        "untilStep" => Function::of(until_step),
        "seq" => Function::of(seq),
        _ => return None,
    })
}

fn make(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    list_of(args.to_vec(), Origin::literal(), work)
}

fn append(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source, item] = exactly(args)?;
    let mut items = list(source, work)?.to_vec();
    items.push(item.clone());
    list_of(items, part_of(source), work)
}

fn prepend(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source, item] = exactly(args)?;
    let mut items = vec![item.clone()];
    items.extend_from_slice(list(source, work)?);
    list_of(items, part_of(source), work)
}

fn concat(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let mut items = Vec::new();
    let mut origin = Origin::literal();
    for source in args {
        let more = list(source, work)?;
        work.list(more.len())?;
        items.extend_from_slice(more);
        origin = Origin::derived(origin.keys.and(&source.origin.all_keys()));
    }
    list_of(items, origin, work)
}

/// An item of a list, or nil, which a list that is not empty would replace.
fn item(source: &Traced, item: Option<&Traced>, work: &mut Work) -> Result<Traced, Fault> {
    match item {
        Some(item) => taken_from(source, item, work),
        None => Ok(Traced {
            value: Value::Nil,
            origin: part_of(source),
        }),
    }
}

fn first(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    let items = list(source, work)?;
    item(source, items.first(), work)
}

fn last(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    let items = list(source, work)?;
    item(source, items.last(), work)
}

fn rest(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    let items = list(source, work)?;
    list_of(items.get(1..).unwrap_or_default().to_vec(), part_of(source), work)
}

fn initial(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    let items = list(source, work)?;
    let kept = items.split_last().map_or(&[][..], |(_, kept)| kept);
    list_of(kept.to_vec(), part_of(source), work)
}

fn reverse(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    let items = list(source, work)?;
    list_of(items.iter().rev().cloned().collect(), part_of(source), work)
}

fn uniq(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    let mut kept: Vec<Traced> = Vec::new();
    for item in list(source, work)? {
        if !is_among(item, &kept, work)?.ok_or_else(not_known)? {
            kept.push(item.clone());
        }
    }
    // Which are left hangs on all of them.
    list_of(kept, Origin::derived(source.keys()), work)
}

/// The items that are not empty. It hangs on those that are left out, too.
fn compact(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    let mut kept = Vec::new();
    let mut origin = part_of(source);
    for item in list(source, work)? {
        if item.truth().ok_or_else(not_known)? {
            kept.push(item.clone());
        } else {
            origin = Origin::derived(origin.keys.and(&item.keys()));
        }
    }
    list_of(kept, origin, work)
}

fn without(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([source], omitted) = at_least(args)?;
    let mut kept = Vec::new();
    let mut origin = Origin::derived(part_of(source).keys.and(&Traced::keys_of(omitted)));
    for item in list(source, work)? {
        if is_among(item, omitted, work)?.ok_or_else(not_known)? {
            origin = Origin::derived(origin.keys.and(&item.keys()));
        } else {
            kept.push(item.clone());
        }
    }
    list_of(kept, origin, work)
}

fn has(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [needle, source] = exactly(args)?;
    if matches!(source.value, Value::Nil) {
        return Ok(Traced::derived(Value::Bool(false), args));
    }
    let items = list(source, work)?;
    let has = is_among(needle, items, work)?.ok_or_else(not_known)?;
    Ok(Traced::derived(Value::Bool(has), args))
}

/// sprig's, which takes the place of Go's: no texts, and nil for an empty list.
fn slice(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let ([source], bounds) = at_least(args)?;
    let items = list(source, work)?;
    let keys = bounds
        .iter()
        .fold(source.origin.all_keys(), |keys, bound| keys.and(&bound.keys()));
    let origin = Origin::derived(keys);
    if items.is_empty() {
        return Ok(Traced {
            value: Value::Nil,
            origin,
        });
    }
    let bound = |position: usize, otherwise: usize| match bounds.get(position) {
        Some(bound) => usize::try_from(to_int(bound)?).map_err(|_| out_of_range()),
        None => Ok(otherwise),
    };
    let part = items
        .get(bound(0, 0)?..bound(1, items.len())?)
        .ok_or_else(out_of_range)?;
    list_of(part.to_vec(), origin, work)
}

fn out_of_range() -> Fault {
    Fault::Failed("the bounds are outside the list".to_owned())
}

fn chunk(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [size_arg, source] = exactly(args)?;
    let size = int(size_arg)?;
    let items = list(source, work)?;
    let origin = Origin::derived(source.origin.all_keys().and(&size_arg.keys()));
    let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
        // sprig's arithmetic finds no part for some sizes below zero, and one that cannot be for others.
        let is_none = size < 0 && items.len() > 1 && items.len() as u64 - 1 <= size.unsigned_abs();
        return if is_none {
            list_of(Vec::new(), origin, work)
        } else {
            Err(Fault::Failed("chunk takes a size above zero".to_owned()))
        };
    };
    let chunks = items
        .chunks(size)
        .map(|part| list_of(part.to_vec(), part_of(source), work))
        .collect::<Result<_, _>>()?;
    list_of(chunks, origin, work)
}

/// The items as texts, sorted by their bytes. Each still shows the key that it showed.
fn sort_alpha(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [source] = exactly(args)?;
    if matches!(source.value, Value::Unknown) {
        return Err(not_known());
    }
    let single = [source.clone()];
    let items = match &source.value {
        Value::List(_) => list(source, work)?,
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Map(_)
        | Value::Native(_)
        | Value::Unknown => &single,
    };
    let is_list = matches!(source.value, Value::List(_));
    let mut texts: Vec<Text> = Vec::new();
    for item in items {
        if is_list && matches!(item.value, Value::Nil) {
            continue;
        }
        let text = text_of(item, work)?;
        if is_list && text.has_hole() {
            return Err(not_known());
        }
        work.bytes(text.cost())?;
        texts.push(text);
    }
    // Each text is compared about as often as the number of texts has binary digits.
    work.steps(texts.len().saturating_mul(texts.len().max(1).ilog2() as usize))?;
    texts.sort_by(|own, other| own.as_str().cmp(other.as_str()));
    // Where each of them stands hangs on all of them.
    let texts = texts.into_iter().map(Traced::text).collect();
    list_of(texts, Origin::derived(source.keys()), work)
}

fn until(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [count] = exactly(args)?;
    let count = int(count)?;
    numbers(args, 0, count, if count < 0 { -1 } else { 1 }, work)
}

fn until_step(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [from, limit, step] = exactly(args)?;
    numbers(args, int(from)?, int(limit)?, int(step)?, work)
}

fn numbers(args: &[Traced], from: i64, limit: i64, step: i64, work: &mut Work) -> Result<Traced, Fault> {
    let origin = Traced::derived(Value::Nil, args).origin;
    let mut items = Vec::new();
    each_number(from, limit, step, |number| {
        // Paid before it is held: there may be any number of them.
        work.list(1)?;
        items.push(Traced {
            value: Value::Int(number),
            origin: Origin::literal(),
        });
        Ok(())
    })?;
    Ok(Traced {
        value: Value::List(Rc::new(items)),
        origin,
    })
}

/// The numbers from one on, up to another and without it (`numeric.go`, `untilStep`).
fn each_number(
    from: i64,
    limit: i64,
    step: i64,
    mut visit: impl FnMut(i64) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut number = from;
    while (step > 0 && from <= limit && number < limit) || (step < 0 && limit < from && number > limit) {
        visit(number)?;
        let Some(next) = number.checked_add(step) else {
            break;
        };
        number = next;
    }
    Ok(())
}

/// A text of numbers, as the command of that name prints them; both ends are in it.
fn seq(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let numbers = args.iter().map(int).collect::<Result<Vec<_>, _>>()?;
    let (from, step, end) = match *numbers.as_slice() {
        [end] => (1, if end < 1 { -1 } else { 1 }, end),
        [from, end] => (from, if end < from { -1 } else { 1 }, end),
        [from, step, end] if end >= from || step <= 0 => (from, step, end),
        _ => return Ok(Traced::derived_text("", args)),
    };
    let limit = end.wrapping_add(if end < from { -1 } else { 1 });
    let mut text = String::new();
    each_number(from, limit, step, |number| {
        let number = number.to_string();
        work.bytes(number.len() + 1)?;
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&number);
        Ok(())
    })?;
    Ok(Traced::derived_text(text, args))
}

#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "short values in tables")]
mod tests {
    use super::super::trial::{at, call, int, shown, text, unknown, values};
    use super::*;

    #[test]
    fn items_keep_their_keys() {
        let values = values(r#"{"l": ["b", "a", "b"], "e": [], "x": "y"}"#);
        let (l, e) = (at(&values, "l"), at(&values, "e"));
        let (b, a, c) = ("\"b\"@l[0]", "\"a\"@l[1]", "\"b\"@l[2]");
        for (name, args, expected) in [
            (
                "list",
                vec![at(&values, "x"), unknown()],
                "[\"y\"@x, ?]".to_owned(),
            ),
            (
                "append",
                vec![l.clone(), text("c")],
                format!("[{b}, {a}, {c}, \"c\"]~(l)"),
            ),
            (
                "prepend",
                vec![l.clone(), text("c")],
                format!("[\"c\", {b}, {a}, {c}]~(l)"),
            ),
            (
                "concat",
                vec![e.clone(), l.clone()],
                format!("[{b}, {a}, {c}]~(e,l)"),
            ),
            ("first", vec![l.clone()], b.to_owned()),
            ("last", vec![l.clone()], c.to_owned()),
            ("first", vec![e.clone()], "null~(e)".to_owned()),
            ("rest", vec![l.clone()], format!("[{a}, {c}]~(l)")),
            ("initial", vec![l.clone()], format!("[{b}, {a}]~(l)")),
            ("reverse", vec![l.clone()], format!("[{c}, {a}, {b}]~(l)")),
            ("uniq", vec![l.clone()], format!("[{b}, {a}]~(l)")),
            (
                "without",
                vec![l.clone(), text("b")],
                format!("[{a}]~(l,l[0],l[2])"),
            ),
            ("has", vec![text("a"), l.clone()], "true~(l)".to_owned()),
            ("has", vec![text("a"), Traced::nil()], "false".to_owned()),
            ("slice", vec![l.clone(), int(1), int(2)], format!("[{a}]~(l)")),
            ("slice", vec![l.clone(), int(1), int(4)], "fails".to_owned()),
            ("slice", vec![e, int(1)], "null~(e)".to_owned()),
            (
                "chunk",
                vec![int(2), l.clone()],
                format!("[[{b}, {a}]~(l), [{c}]~(l)]~(l)"),
            ),
            ("chunk", vec![int(0), l.clone()], "fails".to_owned()),
            ("sortAlpha", vec![l], format!("[{a}, {b}, {c}]~(l)")),
            ("append", vec![Traced::nil(), int(1)], "fails".to_owned()),
            ("first", vec![text("abc")], "fails".to_owned()),
        ] {
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
    }

    #[test]
    fn a_decision_on_an_item_that_is_not_known_is_not_known() {
        let list = call("list", &[text("a"), unknown()]).unwrap();
        for (name, args, expected) in [
            ("has", vec![text("a"), list.clone()], "true"),
            ("has", vec![text("b"), list.clone()], "?"),
            ("uniq", vec![list.clone()], "?"),
            ("compact", vec![list.clone()], "?"),
            ("without", vec![list.clone(), text("a")], "?"),
            ("sortAlpha", vec![list.clone()], "?"),
            ("first", vec![list.clone()], "\"a\""),
            ("last", vec![list.clone()], "?"),
            ("reverse", vec![list], "[?, \"a\"]"),
        ] {
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
    }

    #[test]
    fn numbers_are_counted_as_sprig_counts_them() {
        let list = |numbers: &[i64]| numbers.iter().map(|number| int(*number)).collect::<Vec<_>>();
        for (name, args, expected) in [
            ("until", vec![3], "[0, 1, 2]"),
            ("until", vec![-2], "[0, -1]"),
            ("untilStep", vec![1, 6, 2], "[1, 3, 5]"),
            ("untilStep", vec![1, 6, -1], "[]"),
            ("untilStep", vec![3, 0, 0], "[]"),
            ("seq", vec![3], "\"1 2 3\""),
            ("seq", vec![-1], "\"1 0 -1\""),
            ("seq", vec![2, 4], "\"2 3 4\""),
            ("seq", vec![5, -2, 1], "\"5 3 1\""),
            ("seq", vec![5, 2, 1], "\"\""),
            ("seq", vec![1, 0, 5], "\"\""),
        ] {
            assert_eq!(shown(name, &list(&args)), expected, "{name} {args:?}");
        }
        let values = values(r#"{"n": 3}"#);
        assert_eq!(shown("until", &[at(&values, "n")]), "fails");
        let n = call("int", &[at(&values, "n")]).unwrap();
        assert_eq!(shown("until", &[n]), "[0, 1, 2]~(n)");
    }

    #[test]
    fn lists_have_an_end_and_a_depth() {
        assert!(shown("until", &[int(i64::MAX)]).contains("the limit"));
        let mut list = call("list", &[]).unwrap();
        let deepest = (0..100).find_map(|_| match call("list", &[list.clone()]) {
            Ok(deeper) => {
                list = deeper;
                None
            }
            Err(fault) => Some(fault),
        });
        assert_eq!(deepest, Some(Fault::TooMuch("64 nested lists")));
    }
}
