//! PagerDuty, through its [Events API v2](https://developer.pagerduty.com/docs/events-api-v2-overview).
//!
//! What is sent is decided in [`plan`]; this is how. 202 is the only answer that means accepted, 400 refuses one event
//! for good, 429 and 5xx are tried again. A refused event does not keep the others of the run from being sent, since
//! what makes it refused may be somebody's doing; any other failure ends the run, as the next event would only fail
//! likewise.

pub mod plan;

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::sleep;

use self::plan::{Action, Event, Plan, dedup_key};
use super::http::{Http, SendError};
use super::settings::PagerDutySettings;
use super::{CheckResult, CheckStatus};
use crate::model::Fingerprint;
use crate::report::words::count;

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

/// Why events were not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PagerDutyError {
    /// There was no answer.
    #[error("{0}")]
    Send(SendError),
    /// The event was refused.
    #[error("{host} refused the event with {status}{}", .why.map(|why| format!(": {why}")).unwrap_or_default())]
    Refused {
        /// Where to.
        host: String,
        /// The HTTP status.
        status: u16,
        /// PagerDuty's reason, if it is a known one.
        why: Option<&'static str>,
    },
    /// The receiver redirected.
    #[error("{host} answered {status}, a redirect, which is not followed: configure the final address")]
    Redirected {
        /// Where to.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The receiver answered something else.
    #[error("{host} answered {status}, where PagerDuty answers 202 to an event it takes")]
    Unexpected {
        /// Where to.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// Some of several events were delivered.
    #[error("{sent} of {} were accepted; the first failure: {first}", count(*.total, "event"))]
    Partly {
        /// How many PagerDuty accepted.
        sent: usize,
        /// How many there were.
        total: usize,
        /// What went wrong first.
        first: Box<PagerDutyError>,
    },
}

/// Sends a run's events, and says what was sent and what was not for want of room.
pub(crate) async fn send(
    http: &Http,
    settings: &PagerDutySettings,
    plan: &Plan,
) -> Result<String, PagerDutyError> {
    let total = plan.events.len();
    let pause = if total > BURST {
        settings.pace
    } else {
        Duration::ZERO
    };
    let planned = pause.saturating_mul(u32::try_from(total).unwrap_or(u32::MAX));
    let deadline = http.deadline() + planned;
    let (mut sent, mut first) = (0, None);
    for (index, event) in plan.events.iter().enumerate() {
        if index > 0 {
            sleep(pause).await;
        }
        let body = event.body(settings.routing_key.expose_secret()).to_string();
        match post(http, settings, &body, deadline).await {
            Ok(()) => sent += 1,
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
        None => Ok(note(plan)),
        Some(error) if total == 1 => Err(error),
        Some(error) => Err(PagerDutyError::Partly {
            sent,
            total,
            first: Box::new(error),
        }),
    }
}

fn is_about_the_event(error: &PagerDutyError) -> bool {
    match error {
        PagerDutyError::Refused {
            status: 400 | 413,
            why,
            ..
        } => !why.is_some_and(|why| why.contains("routing")),
        PagerDutyError::Refused { .. }
        | PagerDutyError::Send(_)
        | PagerDutyError::Redirected { .. }
        | PagerDutyError::Unexpected { .. }
        | PagerDutyError::Partly { .. } => false,
    }
}

fn note(plan: &Plan) -> String {
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

async fn post(
    http: &Http,
    settings: &PagerDutySettings,
    body: &str,
    deadline: tokio::time::Instant,
) -> Result<(), PagerDutyError> {
    let answer = http
        .post(&settings.endpoint, body.as_bytes(), deadline)
        .await
        .map_err(PagerDutyError::Send)?;
    let (host, status) = (settings.endpoint.host().to_owned(), answer.status);
    match status {
        202 => Ok(()),
        300..=399 => Err(PagerDutyError::Redirected { host, status }),
        400..=499 => Err(PagerDutyError::Refused {
            host,
            status,
            why: known(answer.body.as_deref().unwrap_or("")),
        }),
        _ => Err(PagerDutyError::Unexpected { host, status }),
    }
}

/// The most telling known reason in an answer like
/// `{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}`.
fn known(body: &str) -> Option<&'static str> {
    let answer: Value = serde_json::from_str(body).ok()?;
    let errors = answer
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let said: Vec<&str> = errors
        .chain(answer.get("message"))
        .filter_map(Value::as_str)
        .collect();
    KNOWN.into_iter().find(|known| said.contains(known))
}

/// Asks PagerDuty whether it takes events with this key.
///
/// There is no harmless probe, so it is an event without effect: a `resolve` for a key under which nothing was ever
/// triggered, which PagerDuty accepts and drops. It proves that the host is reached, that its certificate is good and
/// that the key has the right form. PagerDuty may accept an event before it looks for the integration, so it does not
/// prove that the key belongs to one.
pub(crate) async fn check(http: &Http, settings: &PagerDutySettings) -> CheckResult {
    let event = Event {
        dedup_key: dedup_key(&Fingerprint::of(["check", "never triggered"])),
        action: Action::Resolve,
    };
    let body = event.body(settings.routing_key.expose_secret()).to_string();
    let (status, message) = match post(http, settings, &body, http.deadline()).await {
        Ok(()) => (
            CheckStatus::Valid,
            format!(
                "{} accepted a resolve for an alert that never was, which has no effect; it does not say whether the \
                 key belongs to a service",
                settings.endpoint.host()
            ),
        ),
        Err(error) => (CheckStatus::Invalid, error.to_string()),
    };
    CheckResult {
        sink: settings.name.clone(),
        status,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_reasons_are_quoted() {
        let body = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}"#;
        assert_eq!(known(body), Some("Invalid routing key"));
        let body =
            r#"{"status":"invalid event","message":"Event object is invalid","errors":["hunter2 is wrong"]}"#;
        assert_eq!(known(body), Some("Event object is invalid"));
        assert_eq!(known("<html>hunter2"), None);
        assert_eq!(known(r#"["hunter2"]"#), None);
    }
}
