//! Walks over values along their types: the fields of a value, what changed between two, what a merge makes of two, and
//! what is left when fields are taken away (structured-merge-diff: `typed/tofieldset.go`, `compare.go`, `merge.go`,
//! `remove.go`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as Fields, Value};

use super::element::{Element, is_same};
use super::schema::{Atom, List, Map, Type};
use super::set::{Node, Set};
use crate::compare::work::Work;

/// The fields of a value, as a manager who applies it owns them.
pub(super) fn fields<'v>(of: Type<'v>, value: &'v Value, work: &Work) -> Set<'v> {
    let mut root = Node::default();
    add_fields(of, value, &mut root, work);
    root.below
}

fn add_fields<'v>(of: Type<'v>, value: &'v Value, at: &mut Node<'v>, work: &Work) {
    if !work.affords_value(value) {
        return;
    }
    match (of.atom(Some(value)), value) {
        (Atom::Scalar(_), _) => at.is_named = true,
        (Atom::Map(map), _) if map.is_atomic => at.is_named = true,
        (Atom::List(list), _) if list.is_atomic() => at.is_named = true,
        (Atom::Map(map), Value::Object(inner)) => {
            for (name, value) in inner {
                let mut node = Node::default();
                add_fields(map.value_or_any(name), value, &mut node, work);
                // An empty map is named, as a null is; an empty list that is not atomic is not.
                let is_empty = value.is_null() || value.as_object().is_some_and(Fields::is_empty);
                node.is_named |= is_empty || !map.declares(name);
                at.below.insert(Element::Field(name), node);
            }
        }
        (Atom::List(list), Value::Array(items)) => {
            // Elements with the same keys are one place that is named without what is in it.
            let mut counts: BTreeMap<Element<'v>, usize> = BTreeMap::new();
            for item in items {
                if !work.affords_value(item) {
                    return;
                }
                let step = afforded_step(list, item, work).unwrap_or(Element::NAMELESS);
                *counts.entry(step).or_default() += 1;
            }
            for item in items {
                let step = afforded_step(list, item, work).unwrap_or(Element::NAMELESS);
                let mut node = Node::default();
                if counts.get(&step) == Some(&1) {
                    add_fields(list.element, item, &mut node, work);
                }
                node.is_named = true;
                at.below.insert(step, node);
            }
        }
        (Atom::Map(_) | Atom::List(_), _) => {}
    }
}

/// The step to an element; none where the list has elements that cannot be told apart, or work is spent.
fn afforded_step<'v>(list: List<'v>, item: &'v Value, work: &Work) -> Option<Element<'v>> {
    let step = list.step(item).ok()?;
    work.affords(step.steps()).then_some(step)
}

/// The places that a change of one value into the other changed or added.
pub(super) fn changes<'v>(of: Type<'v>, old: &'v Value, new: &'v Value, work: &Work) -> Set<'v> {
    let mut root = Node::default();
    add_changes(of, Some(old), Some(new), &mut root, work);
    root.below
}

fn add_changes<'v>(
    of: Type<'v>,
    old: Option<&'v Value>,
    new: Option<&'v Value>,
    at: &mut Node<'v>,
    work: &Work,
) {
    if !work.affords(1) {
        return;
    }
    // A value of another kind than before is looked at as what it was, and as what it is.
    let was_another = old.is_some() && new.is_some() && of.choice(old) != of.choice(new);
    if was_another {
        add_changes_of(of.atom(old), old, new, at, work);
    }
    let is_leaf = add_changes_of(of.atom(new.or(old)), old, new, at, work);
    if !is_leaf && old.is_none() {
        at.is_named = true;
    }
}

/// Adds the changes; says whether the value counts as a leaf.
fn add_changes_of<'v>(
    atom: Atom<'v>,
    old: Option<&'v Value>,
    new: Option<&'v Value>,
    at: &mut Node<'v>,
    work: &Work,
) -> bool {
    if is_leaf(atom, old, new) {
        let is_changed = match (old, new) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(old), Some(new)) => {
                work.affords_value(old) && work.affords_value(new) && !is_same(old, new)
            }
        };
        at.is_named |= is_changed;
        return true;
    }
    match atom {
        Atom::Scalar(_) => {}
        Atom::Map(map) => {
            let (old, new) = (as_object(old), as_object(new));
            for name in names(old, new) {
                let mut node = Node::default();
                let get =
                    |fields: Option<&'v Fields<String, Value>>| fields.and_then(|fields| fields.get(name));
                add_changes(map.value_or_any(name), get(old), get(new), &mut node, work);
                at.below.insert(Element::Field(name), node);
            }
        }
        Atom::List(list) => {
            let (old, new) = (
                by_step(list, as_array(old), work),
                by_step(list, as_array(new), work),
            );
            let no_items = Vec::new();
            let steps: BTreeSet<&Element<'v>> = old.keys().chain(new.keys()).collect();
            for step in steps {
                let olds = old.get(step).unwrap_or(&no_items);
                let news = new.get(step).unwrap_or(&no_items);
                let mut node = Node::default();
                match (olds.as_slice(), news.as_slice()) {
                    ([] | [_], [] | [_]) => {
                        let (old, new) = (olds.first().copied(), news.first().copied());
                        add_changes(list.element, old, new, &mut node, work);
                    }
                    ([_, _, ..], [_, _, ..]) => {
                        let all = olds.len() == news.len();
                        let is_equal = all && olds.iter().zip(news).all(|(old, new)| is_same(old, new));
                        node.is_named |= !is_equal;
                    }
                    ([_, _, ..], []) => {}
                    ([_, _, ..], [new]) => add_changes(list.element, None, Some(new), &mut node, work),
                    ([] | [_], [_, _, ..]) => node.is_named = true,
                }
                at.below.insert(step.clone(), node);
            }
        }
    }
    false
}

/// Whether a value is looked at as a whole: one without parts, an atomic one, and an empty one that was empty.
fn is_leaf(atom: Atom<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
    match atom {
        Atom::Scalar(_) => true,
        Atom::Map(map) => {
            let is_empty = |value| as_object(value).is_none_or(Fields::is_empty);
            map.is_atomic || is_empty(old) && is_empty(new)
        }
        Atom::List(list) => {
            let is_empty = |value| as_array(value).is_none_or(<[Value]>::is_empty);
            list.is_atomic() || is_empty(old) && is_empty(new)
        }
    }
}

fn as_object(value: Option<&Value>) -> Option<&Fields<String, Value>> {
    value.and_then(Value::as_object)
}

fn as_array(value: Option<&Value>) -> Option<&[Value]> {
    value.and_then(Value::as_array).map(Vec::as_slice)
}

/// The names of the fields of two objects.
fn names<'v>(
    one: Option<&'v Fields<String, Value>>,
    other: Option<&'v Fields<String, Value>>,
) -> BTreeSet<&'v str> {
    let all = one.into_iter().chain(other);
    all.flat_map(|fields| fields.keys().map(String::as_str)).collect()
}

/// The elements of a list, by the steps to them.
fn by_step<'v>(
    list: List<'v>,
    items: Option<&'v [Value]>,
    work: &Work,
) -> BTreeMap<Element<'v>, Vec<&'v Value>> {
    let mut found: BTreeMap<Element<'v>, Vec<&'v Value>> = BTreeMap::new();
    for item in items.unwrap_or_default() {
        if let Some(step) = afforded_step(list, item, work) {
            found.entry(step).or_default().push(item);
        }
    }
    found
}

/// Whether an apply of a value adds an element that none of the live ones is: one that is new, or whose key the API server
/// spells otherwise.
pub(super) fn adds_element(of: Type<'_>, live: &Value, applied: &Value, work: &Work) -> bool {
    if !work.affords(1) {
        return false;
    }
    match (of.atom(Some(applied)), live, applied) {
        (Atom::Map(map), Value::Object(live), Value::Object(applied)) if !map.is_atomic => {
            applied.iter().any(|(name, applied)| {
                let live = live.get(name);
                live.is_some_and(|live| adds_element(map.value_or_any(name), live, applied, work))
            })
        }
        (Atom::List(list), Value::Array(live), Value::Array(applied)) if !list.is_atomic() => {
            let live = by_step(list, Some(live), work);
            applied.iter().any(|applied| {
                let lives = afforded_step(list, applied, work).map(|step| live.get(&step));
                match lives {
                    Some(Some(lives)) => lives
                        .iter()
                        .any(|live| adds_element(list.element, live, applied, work)),
                    Some(None) => true,
                    None => false,
                }
            })
        }
        (Atom::Map(_) | Atom::List(_) | Atom::Scalar(_), _, _) => false,
    }
}

/// What the live value becomes when another one is applied to it; nothing goes by this.
pub(super) fn merged(of: Type<'_>, live: &Value, applied: &Value, work: &Work) -> Value {
    if !work.affords_value(applied) {
        return Value::Null;
    }
    let atom = of.atom(Some(applied));
    if is_leaf(atom, Some(live), Some(applied)) {
        return applied.clone();
    }
    match (atom, live, applied) {
        // What is merged was validated: the other side is null, which keeps what there is.
        (Atom::Map(map), Value::Object(live), Value::Object(applied)) => {
            merged_fields(map, live, applied, work)
        }
        (Atom::List(list), Value::Array(live), Value::Array(applied)) => {
            Value::Array(merged_items(list, live, applied, work))
        }
        (Atom::Map(_), Value::Object(_), _) | (Atom::List(_), Value::Array(_), _) => live.clone(),
        (Atom::Map(_) | Atom::List(_) | Atom::Scalar(_), _, _) => applied.clone(),
    }
}

fn merged_fields(
    map: Map<'_>,
    live: &Fields<String, Value>,
    applied: &Fields<String, Value>,
    work: &Work,
) -> Value {
    let kept = live.iter().map(|(name, live)| {
        let value = match applied.get(name) {
            Some(applied) => merged(map.value_or_any(name), live, applied, work),
            None => live.clone(),
        };
        (name.clone(), value)
    });
    let added = applied.iter().filter(|(name, _)| !live.contains_key(*name));
    let added = added.map(|(name, value)| (name.clone(), value.clone()));
    Value::Object(kept.chain(added).collect())
}

/// The elements of a list in their new order: that of what is applied, and the others where they stood
/// (`typed/merge.go`, `visitListItems`).
fn merged_items(list: List<'_>, live: &[Value], applied: &[Value], work: &Work) -> Vec<Value> {
    let live_steps: Vec<_> = live
        .iter()
        .filter_map(|item| afforded_step(list, item, work))
        .collect();
    let applied_steps: Vec<_> = applied
        .iter()
        .filter_map(|item| afforded_step(list, item, work))
        .collect();
    if live_steps.len() < live.len() || applied_steps.len() < applied.len() {
        return Vec::new();
    }
    // Of several elements with the same keys none is merged with the new one, which stands in their place.
    let mut lives: BTreeMap<&Element<'_>, Option<&Value>> = BTreeMap::new();
    for (step, item) in live_steps.iter().zip(live) {
        lives
            .entry(step)
            .and_modify(|found| *found = None)
            .or_insert(Some(item));
    }
    let news: BTreeMap<&Element<'_>, &Value> = applied_steps.iter().zip(applied).collect();
    let merge = |step: &Element<'_>| {
        let new = news.get(step).copied().unwrap_or(&Value::Null);
        match lives.get(step).copied().flatten() {
            Some(live) => merged(list.element, live, new, work),
            None => new.clone(),
        }
    };
    let mut shared = applied_steps.iter().filter(|step| lives.contains_key(step));
    let mut next_shared = shared.next();
    let mut done: BTreeSet<&Element<'_>> = BTreeSet::new();
    let mut out = Vec::with_capacity(live.len().max(applied.len()));
    let (mut l, mut r) = (0, 0);
    while l < live.len() || r < applied.len() {
        if !work.affords(1) {
            break;
        }
        if let (Some(own), Some(new)) = (live_steps.get(l), applied_steps.get(r)) {
            if own == new {
                done.insert(own);
                out.push(merge(own));
                l += 1;
                r += 1;
                next_shared = shared.next();
                continue;
            }
            if news.contains_key(own) && next_shared.is_some_and(|next| next != own) {
                // It comes at another place.
                l += 1;
                continue;
            }
        }
        if let Some(own) = live_steps.get(l) {
            if !news.contains_key(own) {
                out.push(live[l].clone());
                l += 1;
                continue;
            }
            if done.contains(own) {
                l += 1;
            }
        }
        if let Some(new) = applied_steps.get(r) {
            done.insert(new);
            out.push(merge(new));
            r += 1;
            if next_shared == Some(new) {
                next_shared = shared.next();
            }
        }
    }
    out
}

/// The value without the places of a set. What loses everything is null and does not vanish, unless it is in the set.
pub(super) fn without(of: Type<'_>, value: &Value, removed: &Set<'_>, work: &Work) -> Value {
    if !work.affords_value(value) {
        return Value::Null;
    }
    match (of.atom(Some(value)), value) {
        (Atom::Scalar(_), _) => value.clone(),
        (Atom::Map(map), Value::Object(fields)) if !map.is_atomic => {
            let mut out = Fields::new();
            for (name, value) in fields {
                let kept = match removed.get(&Element::Field(name)) {
                    Some(node) if node.is_named => continue,
                    Some(node) if !node.below.is_empty() => {
                        without(map.value_or_any(name), value, &node.below, work)
                    }
                    Some(_) | None => value.clone(),
                };
                out.insert(name.clone(), kept);
            }
            if out.is_empty() {
                Value::Null
            } else {
                Value::Object(out)
            }
        }
        (Atom::List(list), Value::Array(items)) if !list.is_atomic() => {
            let mut out = Vec::with_capacity(items.len());
            for item in items {
                let node = afforded_step(list, item, work).and_then(|step| removed.get(&step));
                match node {
                    Some(node) if node.is_named => {}
                    Some(node) if !node.below.is_empty() => {
                        out.push(without(list.element, item, &node.below, work));
                    }
                    Some(_) | None => out.push(item.clone()),
                }
            }
            if out.is_empty() {
                Value::Null
            } else {
                Value::Array(out)
            }
        }
        (Atom::Map(_) | Atom::List(_), _) => Value::Null,
    }
}
