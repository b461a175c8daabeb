//! Progress on a terminal: which stage, how far. Elsewhere it is silent.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::scan::Progress;

/// A progress bar on standard error; hidden when that is no terminal.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar on standard error, where that is a terminal.
    pub fn shown() -> Self {
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()))
    }

    /// An invisible bar, for runs whose log lines would break a visible one.
    pub fn hidden() -> Self {
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn stage(&self, name: &'static str, steps: usize) {
        let template = if steps == 0 {
            "{spinner} {msg}"
        } else {
            "{spinner} {msg} {pos}/{len} {wide_bar}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.set_position(0);
        self.0.set_length(steps as u64);
        self.0.set_message(name);
        self.0.enable_steady_tick(Duration::from_millis(120));
    }

    fn step(&self) {
        self.0.inc(1);
    }
}
