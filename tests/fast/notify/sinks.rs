//! What a sink of another kind gets from the rest of the module, shown by one that only exists here.

use std::future::pending;

use driftline::notify::http::{DeliveryClient, ReceiverRequest};
use driftline::notify::settings::{Endpoint, Transport};
use driftline::notify::slack::settings::SlackWebhook;
use driftline::notify::{CheckResult, CheckStatus, Delivery, DeliveryStatus, Notice, Sink, Sinks};
use driftline::vocabulary::Verdict;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::delivery::quick;
use super::reports::{drifted, release, report};
use crate::support::receiver::{Receiver, Reply};

/// A service that takes headlines and can be asked whether it is ready, both with a token.
struct Ticker {
    endpoint: Endpoint,
    token: HeaderValue,
}

impl Ticker {
    async fn send(&self, http: &DeliveryClient, request: ReceiverRequest<'_>) -> Result<u16, String> {
        let request = request.with_authorization(self.token.clone());
        assert!(!format!("{request:?}").contains("hunter2"));
        let response = http.send(&request, http.deadline()).await;
        response
            .map(|response| response.status)
            .map_err(|error| error.to_string())
    }
}

impl Sink for Ticker {
    fn name(&self) -> &'static str {
        "ticker"
    }

    fn deliver<'a>(&'a self, http: &'a DeliveryClient, notice: &'a Notice<'a>) -> BoxFuture<'a, Delivery> {
        async move {
            let message =
                json!({"headline": notice.digest.headline, "total": notice.report.summary.releases.total});
            let sent = self
                .send(http, ReceiverRequest::post(&self.endpoint, &message))
                .await;
            Delivery {
                sink: "ticker".to_owned(),
                status: sent.map_or_else(
                    |reason| DeliveryStatus::Undelivered { reason },
                    |_| DeliveryStatus::Delivered { note: None },
                ),
                keeps: None,
            }
        }
        .boxed()
    }

    fn preview(&self, notice: &Notice<'_>) -> Result<Vec<Value>, String> {
        Ok(vec![json!({"headline": notice.digest.headline})])
    }

    fn check<'a>(&'a self, http: &'a DeliveryClient) -> BoxFuture<'a, CheckResult> {
        async move {
            let (status, message) = match self.send(http, ReceiverRequest::get(&self.endpoint)).await {
                Ok(status) => (CheckStatus::Valid, format!("it answered {status}")),
                Err(reason) => (CheckStatus::Invalid, reason),
            };
            CheckResult {
                sink: "ticker".to_owned(),
                status,
                message,
            }
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_sink_is_given_report_digest_and_a_client_that_knows_get_and_authorization() {
    let server = Receiver::start([Reply::Answer(204, "")]).await;
    let url = SecretString::from(server.url("/ticker/hunter2"));
    let endpoint = SlackWebhook::try_new(&url, Transport::AllowHttp)
        .unwrap()
        .endpoint;
    let sinks = Sinks::new(quick()).with(Ticker {
        endpoint,
        token: HeaderValue::from_static("Bearer hunter2"),
    });
    let report = report(vec![
        drifted("shop", "web", 1, 1),
        release("shop", "api", Verdict::Clean),
    ]);
    assert_eq!(
        sinks.deliver(&report, pending()).await[0].to_string(),
        "ticker: delivered"
    );
    assert_eq!(sinks.check().await[0].status, CheckStatus::Valid);
    let received = server.received();
    assert_eq!(
        (&*received[0].method, received[0].json()),
        (
            "POST",
            json!({"headline": "prod: 1 of 2 releases drifted; the worst: changed /spec/field-000 in Deployment web-000 of shop/web", "total": 2})
        )
    );
    assert_eq!((&*received[1].method, received[1].body.len()), ("GET", 0));
    assert_eq!(received[1].header("content-type"), None);
    for request in received {
        assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
    }
}
