//! The memory that values take, counted while they are built.
//!
//! A megabyte of JSON can take a hundred megabytes as a value: an element of a list takes 32 bytes, and a map with one
//! entry the 640 bytes of a whole tree node. The size of a text therefore bounds nothing, and what comes from a cluster
//! is weighed. The weights follow the types that are built (`serde_json::Value`, `BTreeMap`, `Vec`), with the allocator's
//! rounding, on a machine of 64 bits.

pub mod json;
pub mod list;

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// The most that the value of one object, or of any other answer of a cluster, may weigh.
///
/// The largest custom resource definition of the known charts has 1.4 MB and 46,000 nodes, which is about 13 MiB at the
/// 260 bytes that a node of such definitions weighs. Four such values at once, a live object and those of three
/// revisions, fit into the memory of the shipped pod.
pub const MAX_VALUE: usize = 32 << 20;

/// The most that the values of one comparison may weigh together: the live object and those of the revisions.
pub const MAX_COMPARED: usize = 64 << 20;

/// What weighs at most this is small: as much of it as [`at_once`] says fits into the memory.
pub const SMALL_VALUE: usize = 2 << 20;

/// The most threads that decode records, and the most that compare objects. Each may hold some megabytes, so that their
/// number is part of what a scan takes, which has to be the same on a node of 64 processors.
const MOST_AT_ONCE: usize = 4;

/// How many threads decode records, and how many compare objects: as many as there are processors, up to four.
pub fn at_once() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors.min(MOST_AT_ONCE)
}

/// Held by whoever builds something large.
static TURN: Mutex<()> = Mutex::new(());

/// Waits until nobody else builds something large, and keeps the others waiting while the turn is held. Small things are
/// not kept waiting, so that what one tenant makes large delays the others' small things by no more than its own time.
/// A holder must not ask for another turn.
pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the allocator adds to an allocation, and what it rounds to.
const ALLOCATION: usize = 16;

/// The least that an allocation takes.
const LEAST_ALLOCATION: usize = 32;

/// A node of a `BTreeMap<String, Value>`: eleven keys and values, and its own fields.
const MAP_NODE: usize = 11 * (size_of::<String>() + size_of::<Value>()) + ALLOCATION;

/// How many entries the first node of a map takes, and how many each further one where the keys come in order: a full
/// node is split in halves.
const FIRST_NODE: usize = 11;
const FURTHER_NODE: usize = 6;

/// How many elements a `Vec` makes room for with the first one.
const FIRST_ELEMENTS: usize = 4;

/// The weight that is left for a value and its parts.
#[derive(Debug)]
pub struct Allowance {
    limit: usize,
    left: Cell<usize>,
    spent: Cell<bool>,
}

/// The error for a value that weighs more than its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too large: it takes more than {} MiB of memory", .limit >> 20)]
pub struct TooHeavy {
    /// The limit in bytes.
    pub limit: usize,
}

impl Allowance {
    /// An allowance of so many bytes.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            left: Cell::new(limit),
            spent: Cell::new(false),
        }
    }

    /// Whether a charge was refused.
    pub const fn is_spent(&self) -> bool {
        self.spent.get()
    }

    /// What was charged so far.
    pub const fn charged(&self) -> usize {
        self.limit - self.left.get()
    }

    /// The error for a charge that was refused.
    pub const fn error(&self) -> TooHeavy {
        TooHeavy { limit: self.limit }
    }

    /// Charges a weight.
    pub fn charge(&self, weight: usize) -> Result<(), TooHeavy> {
        if let Some(left) = self.left.get().checked_sub(weight) {
            self.left.set(left);
            Ok(())
        } else {
            self.spent.set(true);
            Err(self.error())
        }
    }

    /// Charges a text.
    pub fn text(&self, bytes: usize) -> Result<(), TooHeavy> {
        self.charge(text(bytes))
    }

    /// Charges one more element of a list that has so many.
    pub fn element(&self, before: usize) -> Result<(), TooHeavy> {
        self.charge(element(before))
    }

    /// Charges one more entry of a map that has so many.
    pub fn entry(&self, before: usize, key: usize) -> Result<(), TooHeavy> {
        self.charge(entry(before) + text(key))
    }
}

/// What a value weighs that was built already.
pub fn of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(own) => text(own.len()),
        Value::Array(items) => {
            let places: usize = (0..items.len()).map(element).sum();
            places + items.iter().map(of_value).sum::<usize>()
        }
        Value::Object(fields) => {
            let places: usize = (0..fields.len()).map(entry).sum();
            let fields = fields
                .iter()
                .map(|(name, value)| text(name.len()) + of_value(value));
            places + fields.sum::<usize>()
        }
    }
}

/// The weight of a text of so many bytes, outside of the value that holds it.
const fn text(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    let rounded = (bytes + ALLOCATION / 2).next_multiple_of(ALLOCATION);
    if rounded < LEAST_ALLOCATION {
        LEAST_ALLOCATION
    } else {
        rounded
    }
}

/// The weight of one more element: a full list doubles.
const fn element(before: usize) -> usize {
    if before == 0 {
        FIRST_ELEMENTS * size_of::<Value>() + ALLOCATION
    } else if before >= FIRST_ELEMENTS && before.is_power_of_two() {
        before * size_of::<Value>()
    } else {
        0
    }
}

/// The weight of one more entry, without its key's text.
const fn entry(before: usize) -> usize {
    let needs_node =
        before == 0 || (before >= FIRST_NODE && (before - FIRST_NODE).is_multiple_of(FURTHER_NODE));
    if needs_node { MAP_NODE } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_that_does_not_fit_is_refused_and_remembered() {
        let allowance = Allowance::new(100);
        assert_eq!(allowance.charge(60), Ok(()));
        assert_eq!(allowance.charge(41), Err(TooHeavy { limit: 100 }));
        assert!(allowance.is_spent());
        assert_eq!(allowance.charged(), 60);
    }

    /// The weights of lists and maps as they grow, against what the standard library reserves for them.
    #[test]
    fn lists_weigh_what_they_reserve() {
        let mut list: Vec<Value> = Vec::new();
        let mut weight = 0;
        for before in 0..1000 {
            weight += element(before);
            list.push(Value::Null);
            assert_eq!(
                weight,
                list.capacity() * size_of::<Value>() + ALLOCATION,
                "{before}"
            );
        }
    }

    #[test]
    fn a_value_weighs_the_same_before_and_after_it_is_built() {
        let value = serde_json::json!({"a": [1, "two", {"b": null}, []], "c": {"d": "e".repeat(20_000)}});
        let allowance = Allowance::new(MAX_VALUE);
        let text = value.to_string();
        json::within(&mut serde_json::Deserializer::from_str(&text), &allowance).unwrap();
        assert_eq!(of_value(&value), allowance.charged());
    }

    #[test]
    fn a_map_weighs_a_node_and_more_as_it_grows() {
        let weight = |entries: usize| (0..entries).map(entry).sum::<usize>();
        assert_eq!((weight(1), weight(11)), (MAP_NODE, MAP_NODE));
        assert_eq!((weight(12), weight(18)), (2 * MAP_NODE, 3 * MAP_NODE));
        assert!(weight(10_000) / 10_000 >= 100);
    }
}
