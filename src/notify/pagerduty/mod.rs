//! PagerDuty, through its [Events API v2](https://developer.pagerduty.com/docs/events-api-v2-overview).
//!
//! [`events`] decides on the events; this module sends them. 202 with the status `success` is the only response that means
//! accepted, 400 refuses one event for good, 429 and 5xx are tried again. A refused event does not keep the others of the run from being sent,
//! since a name in it, which anybody may have chosen, may be the reason; any other failure ends the run, as the next
//! event would only fail likewise.

pub mod events;
pub mod open;
mod payload;
pub mod settings;

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use self::events::{Action, AlertEvent, EventPlan, dedup_key};
use self::open::OpenAlerts;
use self::settings::PagerDutyService;
use super::http::{DeliveryClient, ReceiverError, ReceiverRequest};
use super::{CheckResult, CheckStatus, Delivery, DeliveryStatus, Notice, Sink};
use crate::model::Fingerprint;
use crate::report::words::count;
use crate::state::Occasion;

/// What a preview has in place of the integration key.
const HIDDEN_KEY: &str = "(integration key)";

/// How many events may be sent without pausing. PagerDuty takes about 120 in any minute.
const BURST: usize = 100;

/// The reasons for a refusal that may be quoted back. None of them repeats anything of the event.
const KNOWN: [&str; 5] = [
    "Invalid routing key",
    "Length of 'routing_key' is incorrect (should be 32 characters)",
    "'routing_key' cannot contain non-alphanumeric characters.",
    "'routing_key' is missing or blank",
    "Event object is invalid",
];

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
            let mut open = notice.kept.map(OpenAlerts::of_kept).unwrap_or_default();
            let plan = EventPlan::new(notice, notice.kept.map(|_| &open), self);
            let status = if plan.events.is_empty() {
                DeliveryStatus::NothingToSend
            } else {
                match self.send(http, &plan, &mut open).await {
                    Ok(()) => DeliveryStatus::Delivered {
                        note: Some(note(&plan)),
                    },
                    Err(error) => DeliveryStatus::Undelivered {
                        reason: error.to_string(),
                    },
                }
            };
            Delivery {
                sink: self.name.clone(),
                status,
                keeps: is_remembered.then(|| open.kept()),
            }
        }
        .boxed()
    }

    fn preview(&self, notice: &Notice<'_>) -> Result<Vec<Value>, String> {
        let plan = EventPlan::new(notice, None, self);
        Ok(plan.events.iter().map(|event| event.body(HIDDEN_KEY)).collect())
    }

    /// There is no harmless probe, so an event without effect is sent: a `resolve` for a key under which nothing was
    /// ever triggered, which PagerDuty accepts and drops. It proves that the host is reached, that its certificate is
    /// good and that the key has the right form. PagerDuty may accept an event before it looks for the integration, so
    /// it does not prove that the key belongs to one.
    fn check<'a>(&'a self, http: &'a DeliveryClient) -> BoxFuture<'a, CheckResult> {
        async move {
            let event = AlertEvent {
                dedup_key: dedup_key(&Fingerprint::of(["check", "never triggered"])),
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
    /// Sends a run's events, and notes which alerts are open then.
    async fn send(
        &self,
        http: &DeliveryClient,
        plan: &EventPlan,
        open: &mut OpenAlerts,
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
                        Action::Trigger { .. } => open.opened(&event.dedup_key),
                        Action::Resolve => open.closed(&event.dedup_key),
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
        event: &AlertEvent,
        deadline: Instant,
    ) -> Result<(), ReceiverError> {
        let body = event.body(self.routing_key.expose_secret());
        let response = http
            .send(&ReceiverRequest::post(&self.endpoint, &body), deadline)
            .await?;
        let (host, status) = (self.endpoint.host().to_owned(), response.status);
        match status {
            202 if says_success(response.body.as_deref().unwrap_or("")) => Ok(()),
            300..=399 => Err(ReceiverError::Redirected { host, status }),
            400..=499 => Err(ReceiverError::Refused {
                host,
                status,
                what: "the event",
                reason: known_reason(response.body.as_deref().unwrap_or("")).map(str::to_owned),
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
        } => !reason.as_ref().is_some_and(|reason| reason.contains("routing")),
        ReceiverError::Refused { .. }
        | ReceiverError::NoResponse(_)
        | ReceiverError::Redirected { .. }
        | ReceiverError::Unexpected { .. } => false,
    }
}

fn note(plan: &EventPlan) -> String {
    let triggers = plan
        .events
        .iter()
        .filter(|event| matches!(event.action, Action::Trigger { .. }))
        .count();
    let resolves = plan.events.len() - triggers;
    let mut note = format!(
        "{} and {} sent",
        count(triggers, "trigger"),
        count(resolves, "resolve")
    );
    if plan.triggers_left_out > 0 || plan.resolves_left_out > 0 {
        let (triggers, resolves) = (plan.triggers_left_out, plan.resolves_left_out);
        let left_out = format!(
            "{} and {}",
            count(triggers, "trigger"),
            count(resolves, "resolve")
        );
        note = format!("{note}; left out to stay below PagerDuty's rate limit: {left_out}");
    }
    note
}

/// Whether an answer is PagerDuty's own for an event that it accepts, like
/// `{"status":"success","message":"Event processed","dedup_key":"…"}`. A proxy can answer 202, too.
fn says_success(body: &str) -> bool {
    serde_json::from_str::<Value>(body).is_ok_and(|answer| answer["status"] == "success")
}

/// The most telling known reason in a response like
/// `{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}`.
fn known_reason(body: &str) -> Option<&'static str> {
    let response: Value = serde_json::from_str(body).ok()?;
    let errors = response
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let reasons: Vec<&str> = errors
        .chain(response.get("message"))
        .filter_map(Value::as_str)
        .collect();
    KNOWN.into_iter().find(|known| reasons.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_reasons_are_quoted() {
        let body = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}"#;
        assert_eq!(known_reason(body), Some("Invalid routing key"));
        let body =
            r#"{"status":"invalid event","message":"Event object is invalid","errors":["hunter2 is wrong"]}"#;
        assert_eq!(known_reason(body), Some("Event object is invalid"));
        assert_eq!(known_reason("<html>hunter2"), None);
        assert_eq!(known_reason(r#"["hunter2"]"#), None);
    }
}
