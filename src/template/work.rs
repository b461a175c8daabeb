//! What the evaluation of a chart may cost. Templates come from whoever may write records.

use std::time::{Duration, Instant};

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

/// What is left of the steps, bytes and levels that an evaluation may take.
#[derive(Debug, Clone)]
pub struct Work {
    steps: usize,
    bytes: usize,
    depth: usize,
    until: Instant,
}

impl Default for Work {
    /// Many times what the largest known chart takes.
    fn default() -> Self {
        Self {
            steps: 20_000_000,
            bytes: 256 << 20,
            depth: 400,
            until: Instant::now() + Duration::from_secs(10),
        }
    }
}

impl Work {
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
        // The clock is asked now and then.
        if self.steps.is_multiple_of(1024) && Instant::now() > self.until {
            return Err(Fault::TooMuch("10 s"));
        }
        Ok(())
    }

    /// Spends bytes of text that is made.
    pub fn bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or(Fault::TooMuch("256 MiB of text"))?;
        self.steps(1 + bytes / 64)
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
}
