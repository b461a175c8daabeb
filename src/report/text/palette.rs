//! The colours of the text for people.
//!
//! Meaning never hangs on colour alone: every coloured word says the same thing in words. The plain palette is
//! made of empty styles, so renderers have one code path and a pipe gets not one escape.

use anstyle::{AnsiColor, Style};

use crate::model::ReleaseReport;
use crate::report::words::critical_codes;
use crate::vocabulary::{HealthSeverity, NextUpgrade, ObjectState, Severity, Verdict};

/// One style per role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Drift, failures and everything else that is wrong.
    pub bad: Style,
    /// Everything that somebody should look at.
    pub warn: Style,
    /// Everything that is in order.
    pub good: Style,
    /// Names of releases and objects.
    pub name: Style,
    /// Details that a reader may skip.
    pub dim: Style,
    /// The deployed value, left of the arrow.
    pub before: Style,
    /// The live value, right of the arrow.
    pub after: Style,
    /// Commands that delete or overwrite, and upgrades that fail.
    pub danger: Style,
}

impl Palette {
    /// No colours at all.
    pub const PLAIN: Self = Self {
        bad: Style::new(),
        warn: Style::new(),
        good: Style::new(),
        name: Style::new(),
        dim: Style::new(),
        before: Style::new(),
        after: Style::new(),
        danger: Style::new(),
    };

    /// The sixteen colours that every terminal theme defines.
    pub const COLOUR: Self = Self {
        bad: AnsiColor::Red.on_default().bold(),
        warn: AnsiColor::Yellow.on_default().bold(),
        good: AnsiColor::Green.on_default(),
        name: Style::new().bold(),
        dim: Style::new().dimmed(),
        before: AnsiColor::Red.on_default(),
        after: AnsiColor::Green.on_default(),
        danger: AnsiColor::Red.on_default().bold().invert(),
    };

    pub(super) fn verdict(&self, release: &ReleaseReport) -> Style {
        match release.verdict {
            Verdict::Clean if !critical_codes(release).is_empty() => self.bad,
            Verdict::Clean => self.good,
            Verdict::Drifted => self.bad,
            Verdict::Incomplete | Verdict::Unreadable => self.warn,
        }
    }

    pub(super) const fn state(&self, state: ObjectState) -> Style {
        match state {
            ObjectState::InSync => self.good,
            ObjectState::Drifted | ObjectState::Missing | ObjectState::Terminating => self.bad,
            ObjectState::Foreign | ObjectState::Leftover | ObjectState::Unknown => self.warn,
            ObjectState::Ignored => self.dim,
        }
    }

    pub(super) const fn health(&self, severity: HealthSeverity) -> Style {
        match severity {
            HealthSeverity::Info => self.dim,
            HealthSeverity::Warning => self.warn,
            HealthSeverity::Critical => self.bad,
        }
    }

    /// The style of what the next upgrade does. That it fails stands out from everything else.
    pub(super) const fn next_upgrade(&self, next: NextUpgrade) -> Style {
        match next {
            NextUpgrade::Revert => self.name,
            NextUpgrade::Keep | NextUpgrade::Becomes => self.warn,
            NextUpgrade::Conflict | NextUpgrade::Refused => self.danger,
        }
    }

    pub(super) const fn finding(&self, severity: Severity) -> Style {
        match severity {
            Severity::Drift => self.bad,
            Severity::Info => self.dim,
        }
    }
}
