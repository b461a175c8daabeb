//! The alerts that driftline opened and has not closed, as the memory keeps them from scan to scan.
//!
//! With them an alert of a release that was uninstalled is closed, and an open one is not triggered at every scan. What was
//! kept may be anything: keys of another form are passed over, and no more are kept than a cluster can have.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// How many keys are kept.
const MOST: usize = 10_000;

/// The longest key that PagerDuty takes.
const LONGEST: usize = 255;

/// The keys of open alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenAlerts(BTreeSet<String>);

impl OpenAlerts {
    /// Reads what was kept.
    pub fn of_kept(kept: &Value) -> Self {
        let keys = kept["open"].as_array().into_iter().flatten();
        let keys = keys.filter_map(Value::as_str).filter(|key| key.len() <= LONGEST);
        Self(keys.take(MOST).map(str::to_owned).collect())
    }

    /// What is to be kept.
    pub fn kept(&self) -> Value {
        json!({"open": self.0.iter().take(MOST).collect::<Vec<_>>()})
    }

    /// Whether an alert is open.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// Notes that an alert was opened.
    pub fn opened(&mut self, key: &str) {
        self.0.insert(key.to_owned());
    }

    /// Notes that an alert was closed.
    pub fn closed(&mut self, key: &str) {
        self.0.remove(key);
    }
}
