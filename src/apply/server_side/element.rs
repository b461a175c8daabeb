//! Steps from a value into it as managed fields name them, and the order that they have (structured-merge-diff:
//! `fieldpath/element.go`, `value/value.go`).

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::compare::path::Segment;
use crate::compare::work::text_steps;

/// One step, which borrows its names and values from the objects and managed fields that it was found in.
#[derive(Debug, Clone)]
pub(super) enum Element<'a> {
    /// A field of an object, or a key of a map.
    Field(&'a str),
    /// The element of a keyed list; its keys in the order of their names.
    Keys(Vec<(&'a str, &'a Value)>),
    /// The member of a set.
    Member(&'a Value),
    /// A position in an atomic list.
    Index(usize),
}

impl<'a> Element<'a> {
    /// The step to an element that cannot be told from the others: one of which a prune left nothing, not even its keys.
    pub(super) const NAMELESS: Self = Self::Index(usize::MAX);

    /// The step that a path takes.
    pub(super) fn of(segment: &'a Segment) -> Self {
        match segment {
            Segment::Key(key) => Self::Field(key),
            Segment::Index(index) => Self::Index(*index),
            Segment::Match(keys) => {
                Self::Keys(keys.iter().map(|(name, value)| (name.as_str(), value)).collect())
            }
            Segment::Member(value) => Self::Member(value),
        }
    }

    /// The step as part of a path.
    pub(super) fn to_segment(&self) -> Segment {
        match self {
            Self::Field(name) => Segment::Key((*name).to_owned()),
            Self::Index(index) => Segment::Index(*index),
            Self::Keys(keys) => {
                let owned = |&(name, value): &(&str, &Value)| (name.to_owned(), value.clone());
                Segment::Match(keys.iter().map(owned).collect())
            }
            Self::Member(value) => Segment::Member((*value).clone()),
        }
    }

    /// The steps of work for comparing this with another one.
    pub(super) fn steps(&self) -> usize {
        match self {
            Self::Field(name) => 1 + text_steps(name),
            Self::Index(_) => 1,
            Self::Keys(keys) => 1 + keys.iter().map(|(_, value)| steps_within(value)).sum::<usize>(),
            Self::Member(value) => 1 + steps_within(value),
        }
    }
}

/// The steps for comparing a value with all that is in it.
fn steps_within(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text_steps(text),
        Value::Array(items) => 1 + items.iter().map(steps_within).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(steps_within).sum::<usize>(),
    }
}

impl Ord for Element<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(one), Self::Field(other)) => one.cmp(other),
            (Self::Keys(one), Self::Keys(other)) => compare_keys(one, other),
            (Self::Member(one), Self::Member(other)) => compare(one, other),
            (Self::Index(one), Self::Index(other)) => one.cmp(other),
            (Self::Field(_) | Self::Keys(_) | Self::Member(_) | Self::Index(_), _) => {
                self.rank().cmp(&other.rank())
            }
        }
    }
}

impl PartialOrd for Element<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Element<'_> {}

impl Element<'_> {
    const fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Keys(_) => 1,
            Self::Member(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

fn compare_keys(one: &[(&str, &Value)], other: &[(&str, &Value)]) -> Ordering {
    for ((name, value), (other_name, other_value)) in one.iter().zip(other) {
        let order = name.cmp(other_name).then_with(|| compare(value, other_value));
        if order != Ordering::Equal {
            return order;
        }
    }
    one.len().cmp(&other.len())
}

/// Whether two values are the same to the API server: numbers are, however they are written; amounts are texts.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    compare(one, other) == Ordering::Equal
}

/// The order of values: `80` and `80.0` are one number, as managed fields are read with floating point.
fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare_numbers(one, other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Array(one), Value::Array(other)) => {
            let items = one.iter().zip(other).map(|(one, other)| compare(one, other));
            first_difference(items).then(one.len().cmp(&other.len()))
        }
        (Value::Object(one), Value::Object(other)) => {
            let fields = one
                .iter()
                .zip(other)
                .map(|((name, value), (other_name, other_value))| {
                    name.cmp(other_name).then_with(|| compare(value, other_value))
                });
            first_difference(fields).then(one.len().cmp(&other.len()))
        }
        (Value::Null, Value::Null) => Ordering::Equal,
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => rank(one).cmp(&rank(other)),
    }
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders
        .find(|order| *order != Ordering::Equal)
        .unwrap_or(Ordering::Equal)
}

fn compare_numbers(one: &Number, other: &Number) -> Ordering {
    if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64()) {
        return one.cmp(&other);
    }
    let float = |number: &Number| number.as_f64().unwrap_or(f64::MAX);
    float(one).total_cmp(&float(other))
}

const fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}
