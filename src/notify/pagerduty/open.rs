//! The alerts that driftline opened and has not closed, as the memory keeps them from scan to scan.
//!
//! With them an alert of a release that was uninstalled is closed, and an open one is not triggered at every scan. What was
//! kept may be anything: keys of another form are passed over, and no more are kept than a cluster can have.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// How many keys are kept.
const MOST: usize = 10_000;

/// The longest key that PagerDuty takes.
const LONGEST: usize = 255;

/// The keys of open alerts, each with the severity that it was last given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenAlerts(BTreeMap<String, String>);

impl OpenAlerts {
    /// Reads what was kept.
    pub fn of_kept(kept: &Value) -> Self {
        let alerts = kept.as_object().into_iter().flatten();
        let alerts = alerts.filter_map(|(key, severity)| Some((key, severity.as_str()?)));
        let alerts = alerts.filter(|(key, severity)| key.len() <= LONGEST && severity.len() <= LONGEST);
        let alerts = alerts.map(|(key, severity)| (key.clone(), severity.to_owned()));
        Self(alerts.take(MOST).collect())
    }

    /// What is to be kept.
    pub fn kept(&self) -> Value {
        json!(self.0.iter().take(MOST).collect::<BTreeMap<_, _>>())
    }

    /// Whether an alert is open.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Whether an alert is open with this severity.
    pub fn is_as(&self, key: &str, severity: &str) -> bool {
        self.0.get(key).is_some_and(|open| open == severity)
    }

    /// Notes that an alert was opened, or given another severity.
    pub fn opened(&mut self, key: &str, severity: &str) {
        self.0.insert(key.to_owned(), severity.to_owned());
    }

    /// Notes that an alert was closed.
    pub fn closed(&mut self, key: &str) {
        self.0.remove(key);
    }
}
