//! Alertmanager, through its [API v2](https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).
//!
//! Alertmanager decides who hears of an alert, how often, and with which others: it groups, silences, repeats and tells of
//! what is over. So it gets every scan's alerts, whether they are news or not: an alert that nobody sends again ends. Members
//! of a group do not tell each other of alerts, only of what they notified, so each gets all of them, and it is enough that
//! one takes them. [`alerts`] decides on the alerts; this module sends them.
//!
//! An answer of 200 without a body accepts alerts. With 400 an Alertmanager took those of the request that are valid
//! (`postAlertsHandler` in api/v2/api.go), so the others of the scan are still sent; any other failure ends the delivery to
//! this member, as the next request would only fail likewise.

pub mod alerts;
mod kept;
mod labels;
pub mod settings;

use std::fmt::Write as _;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use serde_json::Value;
use tokio::time::Instant;

use self::alerts::AlertPlan;
use self::settings::{Alertmanager, Member};
use super::http::{DeliveryClient, ReceiverError, ReceiverRequest, ReceiverResponse};
use super::{CheckResult, CheckStatus, Delivery, DeliveryStatus, Notice, Sink};
use crate::report::words::count;

/// The most alerts of one request.
const BATCH: usize = 100;

/// The most bytes of one request's alerts. Alertmanager itself has no limit; the proxies in front of it do.
const BATCH_BYTES: usize = 256 << 10;

/// The beginnings of Alertmanager's reasons to refuse alerts, each in words that repeat nothing of them (`Validate` in
/// alert/validate.go; the last two are those of go-openapi, before the handler sees the request).
const KNOWN: [(&str, &str); 6] = [
    ("invalid label set", "a label is not valid"),
    ("invalid annotations", "an annotation is not valid"),
    ("start time", "a time is not valid"),
    ("at least one label pair", "an alert has no labels"),
    ("parsing alerts body", "it could not parse the alerts"),
    ("alerts in body", "the alerts do not have the form of its API"),
];

/// Why a member did not take all alerts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum MemberError {
    /// None was taken.
    #[error(transparent)]
    Nothing(ReceiverError),
    /// Some were taken.
    #[error("{accepted} of {} were accepted; the first failure: {first}", count(*.total, "request"))]
    Partly {
        /// How many requests were accepted.
        accepted: usize,
        /// How many there were.
        total: usize,
        /// The first failure.
        first: ReceiverError,
    },
}

impl Sink for Alertmanager {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, http: &'a DeliveryClient, notice: &'a Notice<'a>) -> BoxFuture<'a, Delivery> {
        async move {
            let plan = AlertPlan::new(notice, self);
            let status = if plan.alerts.is_empty() {
                DeliveryStatus::NothingToSend
            } else {
                self.send(http, &plan).await
            };
            let is_known = !matches!(status, DeliveryStatus::Undelivered { .. });
            Delivery {
                sink: self.name.clone(),
                status,
                keeps: plan.keeps.filter(|_| is_known),
            }
        }
        .boxed()
    }

    fn preview(&self, notice: &Notice<'_>) -> Result<Vec<Value>, String> {
        let plan = AlertPlan::new(notice, self);
        if plan.alerts.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![Value::Array(plan.alerts)])
    }

    /// Asks each member how it is, which changes nothing. It proves that the address, the certificate and the credentials are
    /// good. A proxy may still allow to ask and not to send.
    fn check<'a>(&'a self, http: &'a DeliveryClient) -> BoxFuture<'a, CheckResult> {
        async move {
            let deadline = http.deadline();
            let asked = self.members.iter().map(|member| self.ask(http, member, deadline));
            let (mut good, mut bad) = (Vec::new(), Vec::new());
            for (member, answer) in self.members.iter().zip(join_all(asked).await) {
                match answer {
                    Ok(()) => good.push(member.alerts.host()),
                    Err(error) => bad.push(error.to_string()),
                }
            }
            let (status, message) = if bad.is_empty() {
                let good = good.join(", ");
                (
                    CheckStatus::Valid,
                    format!("{good} answered as Alertmanager does; no alert was sent"),
                )
            } else if good.is_empty() {
                (CheckStatus::Invalid, bad.join("; "))
            } else {
                let (good, bad) = (good.join(", "), bad.join("; "));
                (
                    CheckStatus::Unclear,
                    format!("{good} answered as Alertmanager does, but not all did: {bad}"),
                )
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

impl Alertmanager {
    /// Sends a scan's alerts to every member.
    async fn send(&self, http: &DeliveryClient, plan: &AlertPlan) -> DeliveryStatus {
        let batches = batches(&plan.alerts);
        let deadline = http.deadline();
        let sent = self
            .members
            .iter()
            .map(|member| self.send_to(http, member, &batches, deadline));
        let failures: Vec<String> = join_all(sent)
            .await
            .into_iter()
            .filter_map(|sent| sent.err().map(|error| error.to_string()))
            .collect();
        if failures.len() == self.members.len() {
            return DeliveryStatus::Undelivered {
                reason: failures.join("; "),
            };
        }
        let mut note = note(plan);
        if !failures.is_empty() {
            let _ = write!(note, "; warning, not to every address: {}", failures.join("; "));
        }
        DeliveryStatus::Delivered { note: Some(note) }
    }

    async fn send_to(
        &self,
        http: &DeliveryClient,
        member: &Member,
        batches: &[Value],
        deadline: Instant,
    ) -> Result<(), MemberError> {
        let (mut accepted, mut first) = (0, None);
        for batch in batches {
            let request = ReceiverRequest::post(&member.alerts, batch);
            match self.answer(http, request, deadline).await {
                Ok(response) if is_acceptance(&response) => accepted += 1,
                Ok(response) => {
                    first.get_or_insert(refusal(member, &response));
                    if response.status != 400 {
                        break;
                    }
                }
                Err(error) => {
                    first.get_or_insert(error);
                    break;
                }
            }
        }
        match first {
            None => Ok(()),
            Some(first) if accepted == 0 => Err(MemberError::Nothing(first)),
            Some(first) => Err(MemberError::Partly {
                accepted,
                total: batches.len(),
                first,
            }),
        }
    }

    async fn ask(
        &self,
        http: &DeliveryClient,
        member: &Member,
        deadline: Instant,
    ) -> Result<(), ReceiverError> {
        let request = ReceiverRequest::get(&member.status);
        let response = self.answer(http, request, deadline).await?;
        if response.status == 200 && is_status(response.body.as_deref().unwrap_or_default()) {
            return Ok(());
        }
        Err(refusal(member, &response))
    }

    async fn answer(
        &self,
        http: &DeliveryClient,
        request: ReceiverRequest<'_>,
        deadline: Instant,
    ) -> Result<ReceiverResponse, ReceiverError> {
        let mut request = request.with_roots(self.roots.as_ref());
        if let Some(authorization) = &self.authorization {
            request = request.with_authorization(authorization.clone());
        }
        Ok(http.send(&request, deadline).await?)
    }
}

/// The alerts as the bodies of requests.
fn batches(alerts: &[Value]) -> Vec<Value> {
    let mut batches: Vec<Vec<Value>> = Vec::new();
    let mut bytes = 0;
    for alert in alerts {
        let size = alert.to_string().len();
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + size <= BATCH_BYTES => {
                batch.push(alert.clone());
                bytes += size;
            }
            Some(_) | None => {
                batches.push(vec![alert.clone()]);
                bytes = size;
            }
        }
    }
    batches.into_iter().map(Value::Array).collect()
}

fn note(plan: &AlertPlan) -> String {
    let mut note = format!(
        "{} firing, {} resolved",
        count(plan.firing, "alert"),
        plan.resolved
    );
    if plan.unread > 0 {
        let _ = write!(
            note,
            ", {} kept firing, as their releases could not be read",
            plan.unread
        );
    }
    if plan.left_out > 0 {
        let _ = write!(
            note,
            "; left out, as a scan sends {} firing alerts at most: {}",
            plan.firing,
            count(plan.left_out, "release")
        );
    }
    note
}

/// Whether a member took the alerts: 200 without a body, in any version of the API. What a proxy shows instead has one.
fn is_acceptance(response: &ReceiverResponse) -> bool {
    response.status == 200 && response.body.as_deref().is_none_or(|body| body.trim().is_empty())
}

/// Whether an answer is the beginning of `alertmanagerStatus`: an object with the cluster, the configuration and the version.
/// It holds the whole configuration, so often only its beginning is there.
fn is_status(body: &str) -> bool {
    let body = body.trim_start();
    body.starts_with('{') && (body.contains("\"cluster\"") || body.contains("\"versionInfo\""))
}

/// Why a response is not the one that it should be.
fn refusal(member: &Member, response: &ReceiverResponse) -> ReceiverError {
    let (host, status) = (member.alerts.host().to_owned(), response.status);
    let refused = |reason: Option<&str>| ReceiverError::Refused {
        host: host.clone(),
        status,
        what: "the request",
        reason: reason.map(str::to_owned),
    };
    match status {
        300..=399 => ReceiverError::Redirected { host, status },
        400 | 422 => refused(known_reason(response.body.as_deref().unwrap_or_default())),
        401 => refused(Some(
            "it wants credentials that are right: `username` and `password_file`, or `bearer_token_file`",
        )),
        403 => refused(Some("these credentials may not do this")),
        404 | 405 => refused(Some(
            "there is no API v2 of an Alertmanager at this address; check the path in front of /api/v2",
        )),
        413 => refused(Some(
            "something in front of Alertmanager takes no requests of 256 KiB",
        )),
        _ => ReceiverError::Unexpected {
            host,
            status,
            expected: "as Alertmanager does",
        },
    }
}

/// The known reason in a body such as `"invalid label set: invalid name \"a b\""`.
fn known_reason(body: &str) -> Option<&'static str> {
    let known = KNOWN.into_iter().find(|(words, _)| body.contains(words));
    known.map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_known_reasons_are_quoted() {
        assert_eq!(
            known_reason(r#""invalid label set: invalid name \"hunter2\"""#),
            Some("a label is not valid")
        );
        assert_eq!(known_reason("hunter2"), None);
    }

    #[test]
    fn a_request_has_no_more_than_it_may() {
        let long = json!({"summary": "x".repeat(100 << 10)});
        let sizes = |alerts: &[Value]| -> Vec<usize> {
            let batches = batches(alerts);
            batches
                .iter()
                .map(|batch| batch.as_array().unwrap().len())
                .collect()
        };
        assert_eq!(sizes(&vec![json!({}); 250]), [100, 100, 50]);
        assert_eq!(sizes(&vec![long; 5]), [2, 2, 1]);
        assert_eq!(sizes(&[]), [0; 0]);
    }
}
