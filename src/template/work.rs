//! What the evaluation of a chart may cost. Templates come from whoever may write records.

use std::rc::Rc;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use super::cache::Cache;
use super::traced::{Map, Traced, Value};
use crate::weight::turn;

/// Why a template renders nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It uses something that this evaluator does not know.
    #[error("it uses {0}, which is not evaluated here")]
    Unsupported(String),
    /// The template refuses the values, or Helm would end with an error: `fail`, `required`, a field of nil.
    #[error("it fails: {0}")]
    Failed(String),
    /// It costs more than any real chart.
    #[error("it takes more than {0}, the limit")]
    TooMuch(&'static str),
}

/// How many steps pass before the clock is asked again.
const STEPS_BETWEEN_CLOCKS: usize = 1024;

/// What a map takes beside its entries, and what each entry takes.
const MAP_BYTES: usize = 512;
const ENTRY_BYTES: usize = 128;

impl Fault {
    /// Of a function that cannot do anything with what it is given.
    pub fn not_known() -> Self {
        Self::Unsupported("a value that is not known".to_owned())
    }
}

/// What is left of the steps, bytes and levels that an evaluation may take.
///
/// Steps and time are those of all evaluations of a release together. Bytes are those of one: what it made is gone when
/// the next begins.
#[derive(Debug)]
pub struct Work {
    steps: usize,
    /// Since the clock was asked.
    steps_unasked: usize,
    bytes: usize,
    /// Of one evaluation.
    bytes_at_most: usize,
    depth: usize,
    until: Instant,
    /// Held once something large is evaluated: only one is at a time.
    turn: Option<MutexGuard<'static, ()>>,
    /// The maps in which something was put: they may hold themselves.
    changed_maps: Vec<Map>,
    /// What was read of texts, by all evaluations.
    pub(super) cache: Cache,
}

/// How deep an evaluation was, to come back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level(usize);

const STEPS: usize = 20_000_000;
/// Of all evaluations, and of what goes on between them. Waiting for others does not count.
const TIME: Duration = Duration::from_secs(10);
/// Ten times what the largest known chart takes. All of it may be held at once, in a pod that has five times as much.
const BYTES: usize = 48 << 20;

/// The bytes of an evaluation that is large: more than the largest known chart takes.
const LARGE: usize = 8 << 20;

impl Default for Work {
    /// Many times what the largest known chart takes.
    fn default() -> Self {
        Self::part(1)
    }
}

impl Work {
    /// One of so many parts of what a release may take, with all levels: whoever tries many templates ends sooner.
    pub fn part(of: usize) -> Self {
        let of = of.max(1);
        Self {
            steps: STEPS / of,
            steps_unasked: 0,
            bytes: BYTES / of,
            bytes_at_most: BYTES / of,
            depth: 400,
            until: Instant::now() + TIME,
            turn: None,
            changed_maps: Vec::new(),
            cache: Cache::default(),
        }
    }

    /// Waits until nothing large is evaluated elsewhere, and lets nothing large be while this lasts.
    pub fn take_turn(&mut self) {
        if self.turn.is_none() {
            let began = Instant::now();
            self.turn = Some(turn());
            // What others take is not this one's time.
            self.until += began.elapsed();
        }
    }

    /// Asks the clock, for whatever goes on beside the evaluations.
    pub fn time(&self) -> Result<(), Fault> {
        if Instant::now() > self.until {
            return Err(Fault::TooMuch("10 s"));
        }
        Ok(())
    }

    /// Begins another evaluation of the same release.
    pub(super) const fn begin(&mut self) {
        self.bytes = self.bytes_at_most;
    }

    /// Spends a step.
    pub fn step(&mut self) -> Result<(), Fault> {
        self.steps(1)
    }

    /// Spends as many steps.
    pub fn steps(&mut self, steps: usize) -> Result<(), Fault> {
        self.steps = self
            .steps
            .checked_sub(steps)
            .ok_or(Fault::TooMuch("20,000,000 steps"))?;
        self.steps_unasked = self.steps_unasked.saturating_add(steps);
        // The clock is asked now and then.
        if self.steps_unasked >= STEPS_BETWEEN_CLOCKS {
            self.steps_unasked = 0;
            self.time()?;
        }
        Ok(())
    }

    /// Spends bytes of text that is made.
    pub fn bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or(Fault::TooMuch("48 MiB of text"))?;
        if self.bytes_at_most - self.bytes > LARGE {
            self.take_turn();
        }
        self.steps(1 + bytes / 64)
    }

    /// Spends what a value takes that is a text of its own, with so many bytes.
    pub(super) fn text(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes(bytes.saturating_add(2 * ENTRY_BYTES))
    }

    /// Spends what a map of so many entries takes.
    pub(super) fn map(&mut self, entries: usize) -> Result<(), Fault> {
        self.bytes(MAP_BYTES.saturating_add(entries.saturating_mul(ENTRY_BYTES)))
    }

    /// Spends what a list of so many items takes.
    pub(super) fn list(&mut self, items: usize) -> Result<(), Fault> {
        self.bytes(items.saturating_mul(ENTRY_BYTES))
    }

    /// Puts an entry into a map that is there already.
    pub(super) fn put(&mut self, map: &Map, name: Rc<str>, value: Traced) -> Result<(), Fault> {
        self.map(1)?;
        let may_hold_itself = matches!(value.value, Value::Map(_) | Value::List(_));
        if may_hold_itself && self.changed_maps.last().is_none_or(|last| !last.is(map)) {
            self.changed_maps.push(map.clone());
        }
        map.entries_mut().insert(name, value);
        Ok(())
    }

    /// Empties all maps that something was put in, once nobody needs them: one that holds itself would stay for ever.
    pub(super) fn empty_changed_maps(&mut self) {
        for map in self.changed_maps.drain(..) {
            let entries = std::mem::take(&mut *map.entries_mut());
            drop(entries);
        }
    }

    /// Goes one level deeper, until [`Work::leave`].
    pub fn enter(&mut self) -> Result<(), Fault> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::TooMuch("400 levels"))?;
        Ok(())
    }

    /// Comes back from [`Work::enter`].
    pub const fn leave(&mut self) {
        self.depth += 1;
    }

    /// How deep it is now.
    pub(super) const fn level(&self) -> Level {
        Level(self.depth)
    }

    /// Comes back to a level, whatever was entered since: faults end what they pass without [`Work::leave`].
    pub(super) const fn back_to(&mut self, level: Level) {
        self.depth = level.0;
    }
}
