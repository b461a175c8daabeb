//! Prometheus' [Pushgateway](https://github.com/prometheus/pushgateway), which keeps the metrics of a job that has ended.
//!
//! It keeps them by group: the job, the cluster, and the shard of a scan of one. `PUT` replaces a group; `POST` replaces in it the metrics of the same
//! names and leaves the others. A complete scan replaces its group, so that no series outlives what it is about. Any other
//! run has nothing to say of some metrics, such as the time of the last complete scan, and leaves them.

pub mod settings;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use self::settings::PushgatewaySettings;
use super::http::{DeliveryClient, ReceiverError, ReceiverRequest, ReceiverResponse};
use super::settings::{Endpoint, HttpSettings};
use super::{CheckResult, CheckStatus};

/// The beginning of the only answer that is read: the gateway's own words for metrics that contradict those of others.
const INCONSISTENT: &str = "pushed metrics are invalid or inconsistent";

/// The name of the gateway in results of checks: that of its settings.
const CHECKED: &str = "metrics.pushgateway";

/// What becomes of metrics of the group that are not pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They are removed.
    Removed,
    /// They stay.
    Kept,
}

/// Metrics on their way to a Pushgateway.
#[derive(Debug, Clone, Copy)]
pub struct Push<'a> {
    /// The cluster that they are about, as their label has it.
    pub cluster: &'a str,
    /// The number of the shard that they are about, where the scan was of one.
    pub shard: Option<&'a str>,
    /// The metrics.
    pub text: &'a str,
    /// Their media type.
    pub content_type: &'static str,
    /// What becomes of the others.
    pub others: Others,
}

/// A Pushgateway, with the client that pushes to it. Nothing is set up before the first push.
pub struct Pushgateway {
    settings: PushgatewaySettings,
    http: DeliveryClient,
}

impl Pushgateway {
    /// The gateway of these settings.
    pub fn new(settings: PushgatewaySettings, http: HttpSettings) -> Self {
        Self {
            settings,
            http: DeliveryClient::new(http),
        }
    }

    /// Pushes metrics. An error is one sentence without address, password and anything that the gateway said.
    pub async fn push(&self, push: &Push<'_>) -> Result<(), ReceiverError> {
        let shard = push.shard.map(|shard| group_label("shard", shard));
        let group: Vec<_> = [
            group_label("job", &self.settings.job),
            group_label("cluster", push.cluster),
        ]
        .into_iter()
        .chain(shard)
        .collect();
        let path = std::iter::once("metrics").chain(group.iter().flatten().map(String::as_str));
        let endpoint = self.settings.endpoint.below(path);
        let request = match push.others {
            Others::Removed => ReceiverRequest::put_bytes(&endpoint, push.content_type, push.text.to_owned()),
            Others::Kept => ReceiverRequest::post_bytes(&endpoint, push.content_type, push.text.to_owned()),
        };
        judge(endpoint.host(), &self.send(request).await?)
    }

    /// Finds out whether it answers, and to this user or token, by asking for its status
    /// ([`GET /api/v1/status`](https://github.com/prometheus/pushgateway#query-api)). Nothing is pushed: even an empty group would
    /// show, with the time of the push.
    pub async fn check(&self) -> CheckResult {
        let endpoint = self.settings.endpoint.below(["api", "v1", "status"]);
        let (status, message) = match self.send(ReceiverRequest::get(&endpoint)).await {
            Err(error) => (CheckStatus::Invalid, error.to_string()),
            Ok(response) => self.status(&endpoint, &response),
        };
        CheckResult {
            sink: CHECKED.to_owned(),
            status,
            message,
        }
    }

    async fn send(&self, request: ReceiverRequest<'_>) -> Result<ReceiverResponse, ReceiverError> {
        let request = match &self.settings.authorization {
            Some(value) => request.with_authorization(value.clone()),
            None => request,
        };
        let request = request.with_roots(self.settings.roots.as_ref());
        Ok(self.http.send(&request, self.http.deadline()).await?)
    }

    /// What the answer to a question for its status says.
    fn status(&self, endpoint: &Endpoint, response: &ReceiverResponse) -> (CheckStatus, String) {
        let host = endpoint.host();
        match response.status {
            200 if is_status(response.body.as_deref().unwrap_or_default()) => {
                let whom = match &self.settings.authorization {
                    Some(_) => "with these credentials",
                    None => "without credentials",
                };
                let message = format!("{host} answers as a Pushgateway does, {whom}; no metric was pushed");
                (CheckStatus::Valid, message)
            }
            // What takes pushes as a Pushgateway does need not have the rest of its API.
            404 | 405 => {
                let message = format!(
                    "{host} answered {} to the question for its status: a Pushgateway has /api/v1/status, and whether this takes \
                     metrics shows with the first scan",
                    response.status
                );
                (CheckStatus::Unclear, message)
            }
            _ => {
                let error = refusal(host, response);
                (CheckStatus::Invalid, error.to_string())
            }
        }
    }
}

/// Whether an answer is that of the API: `{"status":"success","data":{"build_information":…`. It has the flags and the metrics
/// besides, so often only its beginning is there.
fn is_status(body: &str) -> bool {
    let is_whole = serde_json::from_str::<Value>(body).is_ok_and(|answer| answer["status"] == "success");
    let begins = body.trim_start().starts_with('{') && body.contains("\"build_information\"");
    is_whole || begins
}

/// The two segments of the path that stand for a label of the group. A value that would be no segment, because it is empty,
/// has a slash or is a step in a path, is written in base64.
fn group_label(name: &str, value: &str) -> [String; 2] {
    if value.is_empty() {
        [format!("{name}@base64"), "=".to_owned()]
    } else if value.contains('/') || value == "." || value == ".." {
        [format!("{name}@base64"), URL_SAFE_NO_PAD.encode(value)]
    } else {
        [name.to_owned(), value.to_owned()]
    }
}

fn judge(host: &str, response: &ReceiverResponse) -> Result<(), ReceiverError> {
    match response.status {
        // 202: a gateway that does not check what it takes.
        200 | 202 => Ok(()),
        _ => Err(refusal(host, response)),
    }
}

/// Why an answer is not the one that it should be.
fn refusal(host: &str, response: &ReceiverResponse) -> ReceiverError {
    let status = response.status;
    let host = host.to_owned();
    let reason = match status {
        300..=399 => return ReceiverError::Redirected { host, status },
        400 if response
            .body
            .as_deref()
            .is_some_and(|body| body.starts_with(INCONSISTENT)) =>
        {
            "somebody else pushes metrics of the same names and of another kind"
        }
        401 | 403 => "it wants another user and password, or another token",
        413 => "they are too large for it: lower metrics.releases",
        _ => {
            return ReceiverError::Unexpected {
                host,
                status,
                expected: "as a Pushgateway does",
            };
        }
    };
    ReceiverError::Refused {
        host,
        status,
        what: "the request",
        reason: Some(reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_a_label_of_the_group() {
        let text = |value: &str| group_label("cluster", value).join("/");
        assert_eq!(text("prod eu"), "cluster/prod eu");
        assert_eq!(text(""), "cluster@base64/=");
        assert_eq!(text(".."), "cluster@base64/Li4");
        assert_eq!(
            text("arn:aws:eks:eu/prod"),
            "cluster@base64/YXJuOmF3czpla3M6ZXUvcHJvZA"
        );
    }
}
