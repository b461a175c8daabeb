//! PagerDuty, through its [Events API v2](https://developer.pagerduty.com/docs/events-api-v2-overview).
//!
//! [`events`] decides on the events; this module sends them. 202 with the status `success` is the only response that means
//! accepted, 400 refuses one event for good, 429 and 5xx are tried again. A refused event does not keep the others of the run from being sent,
//! since a name in it, which anybody may have chosen, may be the reason; any other failure ends the run, as the next
//! event would only fail likewise.

pub mod changes;
pub mod events;
pub mod open;
mod payload;
pub mod settings;

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use self::changes::SentChanges;
use self::events::{Action, Event, EventPlan, dedup_key};
use self::open::OpenAlerts;
use self::settings::PagerDutyService;
use super::http::{DeliveryClient, ReceiverError, ReceiverRequest};
use super::quoted::quoted;
use super::{CheckResult, CheckStatus, Delivery, DeliveryStatus, Notice, Sink};
use crate::model::Fingerprint;
use crate::report::words::count;
use crate::state::Occasion;

/// What a preview has in place of the integration key.
const HIDDEN_KEY: &str = "(integration key)";

/// How many events may be sent without pausing. PagerDuty takes about 120 in any minute.
const BURST: usize = 100;

/// The reasons for a refusal that are about the key, and so about every event.
const OF_THE_KEY: [&str; 4] = [
    "Invalid routing key",
    "Length of 'routing_key' is incorrect (should be 32 characters)",
    "'routing_key' cannot contain non-alphanumeric characters.",
    "'routing_key' is missing or blank",
];

/// What PagerDuty says of every event that it refuses.
const INVALID: &str = "Event object is invalid";

/// What is kept from scan to scan.
#[derive(Debug, Default)]
struct Kept {
    open: OpenAlerts,
    changes: SentChanges,
    /// The shard of the scans that opened them.
    shard: Option<String>,
}

impl Kept {
    fn of(kept: &Value) -> Self {
        Self {
            shard: kept["shard"].as_str().map(str::to_owned),
            open: OpenAlerts::of_kept(&kept["open"]),
            changes: SentChanges::of_kept(&kept["changes"]),
        }
    }

    fn to_keep(&self) -> Value {
        let mut kept = json!({"open": self.open.kept(), "changes": self.changes.kept()});
        if let Some(shard) = &self.shard {
            kept["shard"] = json!(shard);
        }
        kept
    }
}

/// Why a run's events were not all delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum PagerDutyError {
    /// The only event was not delivered.
    #[error(transparent)]
    Event(ReceiverError),
    /// Some of several events were not delivered.
    #[error("{accepted} of {} were accepted; the first failure: {first}", count(*.total, "event"))]
    Partly {
        /// How many PagerDuty accepted.
        accepted: usize,
        /// How many there were.
        total: usize,
        /// The first failure.
        first: ReceiverError,
    },
}

impl Sink for PagerDutyService {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, http: &'a DeliveryClient, notice: &'a Notice<'a>) -> BoxFuture<'a, Delivery> {
        async move {
            let is_remembered = notice.occasion != Occasion::Scan;
            let mut kept = notice.kept.map(Kept::of).unwrap_or_default();
            let shard = notice.report.selection.shard.as_ref();
            // Scans of other shards opened alerts of releases that are this one's now, and kept alerts of some that are not.
            let is_of_other_shards = kept.shard.as_ref() != shard;
            let open = notice.kept.filter(|_| !is_of_other_shards);
            let mut plan = EventPlan::new(notice, open.map(|_| &kept.open), self);
            if is_of_other_shards {
                plan.close_unsharded(notice.report, &kept.open, self);
                kept.open = OpenAlerts::default();
            }
            if self.changes.is_some() {
                let changes = &kept.changes;
                changes.add_to(&mut plan, notice.report, notice.digest, self.max_events);
            }
            let sent = self.send(http, &plan, &mut kept).await;
            if self.changes.is_some() {
                let is_all_sent = sent.is_ok() && plan.changes_left_out == 0;
                kept.changes.end(notice.report, is_all_sent);
            }
            // Until each release had its turn, nobody knows which alerts are open.
            if sent.is_ok() && plan.resolves_left_out == 0 {
                kept.shard = shard.cloned();
            }
            let status = match sent {
                Ok(()) if plan.events.is_empty() => DeliveryStatus::NothingToSend,
                Ok(()) => DeliveryStatus::Delivered {
                    note: Some(note(&plan)),
                },
                Err(error) => DeliveryStatus::Undelivered {
                    reason: error.to_string(),
                },
            };
            Delivery {
                sink: self.name.clone(),
                status,
                keeps: is_remembered.then(|| kept.to_keep()),
            }
        }
        .boxed()
    }

    fn preview(&self, notice: &Notice<'_>) -> Result<Vec<Value>, String> {
        let plan = EventPlan::new(notice, None, self);
        Ok(plan.events.iter().map(|event| event.body(HIDDEN_KEY)).collect())
    }

    fn without_memory(&self) -> Option<&'static str> {
        self.changes
            .is_some()
            .then_some("`changes` has no effect: no change is sent")
    }

    /// There is no harmless probe, so an event without effect is sent: a `resolve` for a key under which nothing was
    /// ever triggered, which PagerDuty accepts and drops. It proves that the host is reached, that its certificate is
    /// good and that the key has the right form. PagerDuty may accept an event before it looks for the integration, so
    /// it does not prove that the key belongs to one.
    fn check<'a>(&'a self, http: &'a DeliveryClient) -> BoxFuture<'a, CheckResult> {
        async move {
            let event = Event {
                key: dedup_key(&Fingerprint::of(["check", "never triggered"])),
                action: Action::Resolve,
            };
            let (status, message) = match self.post(http, &event, http.deadline()).await {
                Ok(()) => (
                    CheckStatus::Valid,
                    format!(
                        "{} accepted a resolve for an alert that was never opened, which has no effect; this does \
                         not prove that the key belongs to a service",
                        self.endpoint.host()
                    ),
                ),
                Err(error) => (CheckStatus::Invalid, error.to_string()),
            };
            CheckResult {
                sink: self.name.clone(),
                status,
                message,
            }
        }
        .boxed()
    }
}

impl PagerDutyService {
    /// Sends a run's events, and notes which alerts are open then, and which changes were sent.
    async fn send(
        &self,
        http: &DeliveryClient,
        plan: &EventPlan,
        kept: &mut Kept,
    ) -> Result<(), PagerDutyError> {
        let total = plan.events.len();
        let pause = if total > BURST { self.pace } else { Duration::ZERO };
        let planned = pause.saturating_mul(u32::try_from(total).unwrap_or(u32::MAX));
        let deadline = http.deadline() + planned;
        let (mut accepted, mut first) = (0, None);
        for (index, event) in plan.events.iter().enumerate() {
            if index > 0 {
                sleep(pause).await;
            }
            match self.post(http, event, deadline).await {
                Ok(()) => {
                    accepted += 1;
                    match event.action {
                        Action::Trigger { severity, .. } => {
                            kept.open.opened(&event.key, severity.as_str());
                        }
                        Action::Resolve => kept.open.closed(&event.key),
                        Action::Change { deployed_at, .. } => kept.changes.add(&event.key, deployed_at),
                    }
                }
                Err(error) => {
                    let goes_on = is_about_the_event(&error);
                    first.get_or_insert(error);
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        match first {
            None => Ok(()),
            Some(error) if total == 1 => Err(PagerDutyError::Event(error)),
            Some(first) => Err(PagerDutyError::Partly {
                accepted,
                total,
                first,
            }),
        }
    }

    async fn post(
        &self,
        http: &DeliveryClient,
        event: &Event,
        deadline: Instant,
    ) -> Result<(), ReceiverError> {
        let body = event.body(self.routing_key.expose_secret());
        let endpoint = match (&event.action, &self.changes) {
            (Action::Change { .. }, Some(changes)) => changes,
            (_, _) => &self.endpoint,
        };
        let response = http
            .send(&ReceiverRequest::post(endpoint, &body), deadline)
            .await?;
        let (host, status) = (self.endpoint.host().to_owned(), response.status);
        match status {
            202 if says_success(response.body.as_deref().unwrap_or("")) => Ok(()),
            300..=399 => Err(ReceiverError::Redirected { host, status }),
            400..=499 => Err(ReceiverError::Refused {
                host,
                status,
                what: "the event",
                reason: reason(
                    response.body.as_deref().unwrap_or(""),
                    self.routing_key.expose_secret(),
                ),
            }),
            _ => Err(ReceiverError::Unexpected {
                host,
                status,
                expected: "as PagerDuty does (202, with the status `success`)",
            }),
        }
    }
}

/// Whether only this one event is refused, for a reason other than the key.
fn is_about_the_event(error: &ReceiverError) -> bool {
    match error {
        ReceiverError::Refused {
            status: 400 | 413,
            reason,
            ..
        } => !reason
            .as_ref()
            .is_some_and(|reason| OF_THE_KEY.contains(&reason.as_str())),
        ReceiverError::Refused { .. }
        | ReceiverError::NoResponse(_)
        | ReceiverError::Redirected { .. }
        | ReceiverError::Unexpected { .. } => false,
    }
}

fn note(plan: &EventPlan) -> String {
    let number = |is_counted: fn(&Action) -> bool| {
        let events = plan.events.iter();
        events.filter(|event| is_counted(&event.action)).count()
    };
    let note = numbers(
        number(|action| matches!(action, Action::Trigger { .. })),
        number(|action| matches!(action, Action::Resolve)),
        number(|action| matches!(action, Action::Change { .. })),
    );
    if plan.triggers_left_out + plan.resolves_left_out + plan.changes_left_out == 0 {
        return format!("{note} sent");
    }
    let left_out = numbers(
        plan.triggers_left_out,
        plan.resolves_left_out,
        plan.changes_left_out,
    );
    format!("{note} sent; left out to stay below PagerDuty's rate limit: {left_out}")
}

/// Numbers of events in words; changes only where there are any.
fn numbers(triggers: usize, resolves: usize, changes: usize) -> String {
    let (triggers, resolves) = (count(triggers, "trigger"), count(resolves, "resolve"));
    match changes {
        0 => format!("{triggers} and {resolves}"),
        _ => format!("{triggers}, {resolves} and {}", count(changes, "change")),
    }
}

/// Whether an answer is PagerDuty's own for an event that it accepts, like
/// `{"status":"success","message":"Event processed","dedup_key":"…"}`. A proxy can answer 202, too.
fn says_success(body: &str) -> bool {
    serde_json::from_str::<Value>(body).is_ok_and(|answer| answer["status"] == "success")
}

/// The reason in a response like `{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}`:
/// what is said of the key, else all that is said, made harmless. A proxy can answer anything, and names of the event may be in it.
fn reason(body: &str, key: &str) -> Option<String> {
    let response: Value = serde_json::from_str(body).ok()?;
    let errors = match response.get("errors") {
        Some(Value::Array(errors)) => errors.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(error)) => vec![error.as_str()],
        Some(_) | None => Vec::new(),
    };
    let message = response.get("message").and_then(Value::as_str);
    let said = || errors.iter().copied().chain(message);
    if let Some(known) = OF_THE_KEY
        .into_iter()
        .find(|known| said().any(|said| said == *known))
    {
        return Some(known.to_owned());
    }
    let telling = quoted(said().filter(|said| *said != INVALID), key);
    telling.or_else(|| (message == Some(INVALID)).then(|| INVALID.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_refusal_is_told_in_pagerdutys_words_and_without_the_key() {
        let invalid = |errors: Value| {
            let body =
                json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors});
            reason(&body.to_string(), KEY)
        };
        for (errors, want) in [
            (json!(["Invalid routing key"]), "Invalid routing key"),
            (
                json!(["'payload.source' is missing or blank", "Invalid routing key"]),
                "Invalid routing key",
            ),
            (
                json!(["'payload.summary' is too long", 7, {"a": "b"}]),
                "it says \"'payload.summary' is too long\"",
            ),
            (json!("'payload' is missing"), "it says \"'payload' is missing\""),
            (
                json!([format!("no service has {KEY}")]),
                "Event object is invalid",
            ),
            (json!([]), "Event object is invalid"),
            (json!({"a": 1}), "Event object is invalid"),
        ] {
            assert_eq!(invalid(errors.clone()).as_deref(), Some(want), "{errors}");
        }
        assert_eq!(reason("<html>proxy", KEY), None);
        assert_eq!(reason(r#"["proxy"]"#, KEY), None);
        assert_eq!(
            reason(r#"{"message": "Throttled"}"#, KEY).as_deref(),
            Some("it says \"Throttled\"")
        );
    }

    /// Whoever names a release chooses what PagerDuty may say of its event: that must not keep the others from being sent.
    #[test]
    fn only_what_is_said_of_the_key_is_about_every_event() {
        let refused = |errors: Value| ReceiverError::Refused {
            host: "events.example.com".to_owned(),
            status: 400,
            what: "the event",
            reason: reason(&json!({ "errors": errors }).to_string(), KEY),
        };
        assert!(!is_about_the_event(&refused(json!(["Invalid routing key"]))));
        assert!(is_about_the_event(&refused(json!([
            "'payload.component' Invalid routing key is refused"
        ]))));
        assert!(is_about_the_event(&refused(json!([
            "'group' routing-api is refused"
        ]))));
    }
}
