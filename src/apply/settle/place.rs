//! The place that a walk is at, and the elements of lists as paths name them.

use std::collections::HashMap;

use serde_json::Value;

use crate::compare::path::{FieldPath, Segment};
use crate::compare::work::Work;
use crate::types::{ExplicitZero, Field, ListKind, Shape, is_zero};

/// The steps from the object to a value in it. They live on the call stack, and become a path only where one is reported.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    /// The object itself.
    Root,
    /// A field.
    Key(&'p Place<'p>, &'p str),
    /// An element of a list, with the list's facts.
    Element(&'p Place<'p>, Option<Shape<'p>>, usize, &'p Value),
}

impl Place<'_> {
    /// The same place as a path.
    pub(super) fn path(&self) -> FieldPath {
        let mut steps = Vec::new();
        let mut place = self;
        loop {
            match place {
                Place::Root => break,
                Place::Key(outer, key) => {
                    steps.push(Segment::Key((*key).to_owned()));
                    place = outer;
                }
                Place::Element(outer, list, index, item) => {
                    steps.push(segment(*list, *index, item));
                    place = outer;
                }
            }
        }
        steps.reverse();
        steps.into_iter().collect()
    }

    /// The last field on the way here.
    pub(super) fn field(&self) -> &str {
        match self {
            Place::Root => "",
            Place::Key(_, key) => key,
            Place::Element(outer, ..) => outer.field(),
        }
    }

    /// Whether this is the object's metadata.
    pub(super) fn is_metadata(&self) -> bool {
        matches!(self, Place::Key(Place::Root, "metadata"))
    }
}

/// How a path names an element of a list.
pub(super) fn segment(list: Option<Shape<'_>>, index: usize, item: &Value) -> Segment {
    match list.map_or(ListKind::Atomic, Shape::list) {
        ListKind::Map(keys) if item.is_object() => {
            let element = list.and_then(Shape::element);
            let keys = keys
                .iter()
                .map(|key| (key.clone(), key_value(item, key, element)));
            Segment::Match(keys.collect())
        }
        ListKind::Set => Segment::Member(item.clone()),
        ListKind::Map(_) | ListKind::Atomic => Segment::Index(index),
    }
}

/// The value of one key of an element, or what the API server fills in for it.
fn key_value(item: &Value, key: &str, element: Option<Shape<'_>>) -> Value {
    let own = item.get(key).filter(|value| !value.is_null());
    let shape = element.and_then(|element| declared(element, key));
    let default = shape.and_then(|shape| Some((shape, shape.default()?)));
    match default {
        Some((shape, default)) => own
            .filter(|value| !is_zero(value) || shape.zero() == ExplicitZero::Kept)
            .unwrap_or(default)
            .clone(),
        None => own.cloned().unwrap_or_default(),
    }
}

/// The facts on a field that the type declares.
pub(super) fn declared<'a>(shape: Shape<'a>, field: &str) -> Option<Shape<'a>> {
    match shape.field(field) {
        Field::Declared(inner) => Some(inner),
        Field::Undeclared | Field::Unknown => None,
    }
}

/// For each element of a merged list the position of the same element in the live one.
///
/// Elements of a keyed list are the same by their keys, and of those that share them the first goes with the first. In any
/// other list only what is equal is the same.
pub(super) fn partners(list: Shape<'_>, merged: &[Value], live: &[Value], work: &Work) -> Vec<Option<usize>> {
    let ListKind::Map(keys) = list.list() else {
        let equal = |(index, item): (usize, &Value)| (live.get(index) == Some(item)).then_some(index);
        return merged
            .iter()
            .enumerate()
            .map(|at| work.affords(1).then(|| equal(at)).flatten())
            .collect();
    };
    let element = list.element();
    let key_of = |item: &Value| -> String {
        let values: Vec<Value> = keys.iter().map(|key| key_value(item, key, element)).collect();
        Value::from(values).to_string()
    };
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, item) in live.iter().enumerate().rev() {
        if !work.affords(keys.len()) {
            break;
        }
        known.entry(key_of(item)).or_default().push(index);
    }
    merged
        .iter()
        .map(|item| {
            work.affords(keys.len())
                .then(|| known.get_mut(&key_of(item))?.pop())
                .flatten()
        })
        .collect()
}
