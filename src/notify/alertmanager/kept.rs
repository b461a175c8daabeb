//! What the sink remembers of the alerts that are firing, from one delivery to the next.
//!
//! The labels of an alert change with the codes of its release, so only somebody who knows the old ones can end the old
//! alert. What comes back may be anything: whoever can write to the memory could name alerts that are not driftline's. So the
//! name of the alert and the cluster are never read from it, and what does not have the form of an entry is passed over.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::labels::{AlertSeverity, LabelledRelease, Labels, Trouble, are_codes, check_extra};
use crate::model::Storage;

/// The most alerts that are remembered, which is the most that are sent as firing.
pub(super) const MAX_KEPT: usize = 1_000;

/// The longest name that is remembered, in bytes: no object of Kubernetes has a longer one.
const MAX_NAME: usize = 253;

/// The form of what is kept. Another one is nothing that is known.
const VERSION: u64 = 1;

/// One alert that was firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptAlert {
    /// Where the records of its release are kept.
    pub(super) storage: Storage,
    /// The namespace that the release installs into.
    pub(super) namespace: String,
    /// The name of the release.
    pub(super) name: String,
    /// What was wrong with it.
    pub(super) trouble: Trouble,
    /// Since when.
    pub(super) starts_at: DateTime<Utc>,
    /// The last scan that found it so.
    pub(super) seen: DateTime<Utc>,
    /// When it ends if nobody refreshes it.
    pub(super) ends_at: DateTime<Utc>,
}

/// The alerts that were firing, and what all of them had in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// The labels of the operator's.
    pub(super) extra: BTreeMap<String, String>,
    /// The alerts.
    pub(super) alerts: Vec<KeptAlert>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    alerts: Vec<Entry>,
}

/// An alert, in few bytes: all of them share the room of the memory. Times are seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Entry {
    namespace: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    storage: Option<Storage>,
    severity: String,
    codes: String,
    since: i64,
    seen: i64,
    until: i64,
}

impl Kept {
    /// Reads what was kept.
    pub(super) fn read(value: Option<&Value>) -> Self {
        let is_bounded = |value: &&Value| {
            let alerts = value.get("alerts").and_then(Value::as_array);
            alerts.is_some_and(|alerts| alerts.len() <= MAX_KEPT)
        };
        let document = value
            .filter(is_bounded)
            .and_then(|value| Document::deserialize(value).ok());
        let Some(document) = document else {
            return Self::default();
        };
        if document.version != VERSION || check_extra(&document.labels).is_err() {
            return Self::default();
        }
        Self {
            extra: document.labels,
            alerts: document.alerts.into_iter().filter_map(Entry::alert).collect(),
        }
    }

    /// The form in which they are kept.
    pub(super) fn write(&self) -> Value {
        let alerts = self.alerts.iter().filter(|alert| alert.has_room()).take(MAX_KEPT);
        let document = Document {
            version: VERSION,
            labels: self.extra.clone(),
            alerts: alerts.map(Entry::of).collect(),
        };
        serde_json::to_value(document).unwrap_or_default()
    }
}

impl KeptAlert {
    /// What tells its release from all others.
    pub(super) fn release(&self) -> (&Storage, &str) {
        (&self.storage, &self.name)
    }

    /// Its labels.
    pub(super) fn labels(&self, cluster: &str, extra: &BTreeMap<String, String>) -> Labels {
        let release = LabelledRelease {
            namespace: &self.namespace,
            name: &self.name,
            storage: &self.storage,
        };
        release.labels(cluster, extra, &self.trouble)
    }

    fn has_room(&self) -> bool {
        let texts = [
            &self.namespace,
            &self.name,
            &self.storage.namespace,
            &self.storage.driver,
        ];
        texts.into_iter().all(|text| text.len() <= MAX_NAME)
    }
}

impl Entry {
    fn of(alert: &KeptAlert) -> Self {
        let usual = Storage {
            driver: "secret".to_owned(),
            namespace: alert.namespace.clone(),
        };
        Self {
            namespace: alert.namespace.clone(),
            name: alert.name.clone(),
            storage: (alert.storage != usual).then(|| alert.storage.clone()),
            severity: alert.trouble.severity.as_str().to_owned(),
            codes: alert.trouble.codes.clone(),
            since: alert.starts_at.timestamp(),
            seen: alert.seen.timestamp(),
            until: alert.ends_at.timestamp(),
        }
    }

    fn alert(self) -> Option<KeptAlert> {
        let time = |seconds| DateTime::from_timestamp(seconds, 0);
        let alert = KeptAlert {
            storage: self.storage.unwrap_or_else(|| Storage {
                driver: "secret".to_owned(),
                namespace: self.namespace.clone(),
            }),
            namespace: self.namespace,
            name: self.name,
            trouble: Trouble {
                severity: AlertSeverity::named(&self.severity)?,
                codes: Some(self.codes).filter(|codes| are_codes(codes))?,
            },
            starts_at: time(self.since)?,
            seen: time(self.seen)?,
            ends_at: time(self.until)?,
        };
        alert.has_room().then_some(alert)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use serde_json::json;

    use super::*;

    fn alert(name: &str) -> KeptAlert {
        let noon = Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap();
        KeptAlert {
            storage: Storage {
                driver: "secret".to_owned(),
                namespace: "shop".to_owned(),
            },
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            trouble: Trouble {
                severity: AlertSeverity::Warning,
                codes: "changed,missing".to_owned(),
            },
            starts_at: noon,
            seen: noon,
            ends_at: noon,
        }
    }

    #[test]
    fn what_is_kept_comes_back_within_its_bounds() {
        let mut kept = Kept {
            extra: [("team".to_owned(), "x".to_owned())].into(),
            alerts: vec![alert("web"), alert("api")],
        };
        kept.alerts[1].storage.namespace = "flux-system".to_owned();
        assert_eq!(Kept::read(Some(&kept.write())), kept);
        kept.alerts = vec![alert(&"w".repeat(300)), alert("web")];
        assert_eq!(kept.write()["alerts"].as_array().unwrap().len(), 1);
        kept.alerts = (0..2_000)
            .map(|number| alert(&format!("app-{number:04}")))
            .collect();
        let written = kept.write();
        assert_eq!(written["alerts"].as_array().unwrap().len(), MAX_KEPT);
        assert!(
            written.to_string().len() < 160 * MAX_KEPT,
            "{}",
            written.to_string().len()
        );
    }

    #[test]
    fn whatever_else_comes_back_is_nothing() {
        let good = Kept {
            extra: BTreeMap::new(),
            alerts: vec![alert("web")],
        };
        let with = |pointer: &str, value: Value| {
            let mut document = good.write();
            *document.pointer_mut(pointer).unwrap() = value;
            Kept::read(Some(&document)).alerts.len()
        };
        assert_eq!(with("/alerts/0/name", json!("web")), 1);
        for (pointer, value) in [
            ("", json!("hunter2")),
            ("/version", json!(2)),
            ("/alerts", json!(vec![json!({}); 3])),
            ("/alerts", json!(vec![good.write()["alerts"][0].clone(); 1_001])),
            ("/alerts/0/name", json!("w".repeat(300))),
            ("/alerts/0/severity", json!("fatal")),
            ("/alerts/0/codes", json!("\u{1b}[31m")),
            ("/alerts/0/codes", json!("")),
            ("/alerts/0/until", json!(i64::MAX)),
            ("/alerts/0/since", json!("now")),
        ] {
            assert_eq!(with(pointer, value.clone()), 0, "{pointer}: {value}");
        }
        let mut document = good.write();
        document["labels"] = json!({"alertname": "KubeAPIDown"});
        assert_eq!(
            Kept::read(Some(&document)),
            Kept::default(),
            "nobody else's alert is ended"
        );
    }
}
