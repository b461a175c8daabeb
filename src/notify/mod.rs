//! Tells people and services what a scan found. The only user of an HTTP client besides the cluster's.
//!
//! A report goes through three steps: [`digest`] puts it into words (pure), a sink builds its payload from them
//! (pure, held to the receiver's documented limits by tests), and [`http`] delivers it. Sinks run side by side and
//! each has its own result: a receiver that is down costs its own message and no other. That a message could not be
//! delivered is part of the run's result, so results are values, not a first error that hides the second.

pub mod digest;
pub mod http;
pub mod list;
pub mod pagerduty;
pub mod settings;
pub mod slack;
mod text;

use std::fmt;

use futures::future::join_all;

use self::digest::Digest;
use self::http::Http;
use self::pagerduty::plan::Plan;
use self::settings::{HttpSettings, PagerDutySettings, SlackSettings};
use crate::model::Report;

pub use self::http::install_crypto_provider;

/// Everywhere that reports are sent to.
pub struct Sinks {
    http: Http,
    sinks: Vec<Sink>,
}

/// One receiver.
enum Sink {
    Slack(SlackSettings),
    PagerDuty(PagerDutySettings),
}

/// What became of one sink's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The sink's name.
    pub sink: String,
    /// What became of it.
    pub outcome: DeliveryOutcome,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver took it.
    Delivered {
        /// What was sent and what was left out, if there is anything to say about it.
        note: Option<String>,
    },
    /// The report did not call for a message.
    NothingToSend,
    /// It was not taken, or not all of it.
    Undelivered {
        /// Why, in one sentence without address, key or anything the receiver said that is not known to be harmless.
        reason: String,
    },
}

impl Delivery {
    /// Whether something that should have been said was not.
    pub fn is_undelivered(&self) -> bool {
        match self.outcome {
            DeliveryOutcome::Undelivered { .. } => true,
            DeliveryOutcome::Delivered { .. } | DeliveryOutcome::NothingToSend => false,
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.sink)?;
        match &self.outcome {
            DeliveryOutcome::Delivered { note: None } => f.write_str("delivered"),
            DeliveryOutcome::Delivered { note: Some(note) } => write!(f, "delivered: {note}"),
            DeliveryOutcome::NothingToSend => f.write_str("nothing to send"),
            DeliveryOutcome::Undelivered { reason } => write!(f, "not delivered: {reason}"),
        }
    }
}

/// What a check found out about one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// The sink's name.
    pub sink: String,
    /// Whether messages can be expected to arrive.
    pub status: CheckStatus,
    /// What was seen, in one sentence.
    pub message: String,
}

/// Whether messages can be expected to arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// As far as can be told without sending one, yes.
    Valid,
    /// The receiver is there, and its answer does not settle it.
    Unclear,
    /// No.
    Invalid,
}

impl Sinks {
    /// No sinks yet. Nothing is set up before the first message.
    pub fn new(http: HttpSettings) -> Self {
        Self {
            http: Http::new(http),
            sinks: Vec::new(),
        }
    }

    /// Adds a Slack webhook.
    #[must_use]
    pub fn with_slack(mut self, settings: SlackSettings) -> Self {
        self.sinks.push(Sink::Slack(settings));
        self
    }

    /// Adds a PagerDuty service.
    #[must_use]
    pub fn with_pagerduty(mut self, settings: PagerDutySettings) -> Self {
        self.sinks.push(Sink::PagerDuty(settings));
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Sends a report everywhere at once. One result for each sink, in the order in which they were added.
    pub async fn deliver(&self, report: &Report) -> Vec<Delivery> {
        let digest = Digest::new(report);
        join_all(
            self.sinks
                .iter()
                .map(|sink| sink.deliver(&self.http, report, &digest)),
        )
        .await
    }

    /// Finds out for every sink whether messages would arrive, without sending any that people see.
    pub async fn check(&self) -> Vec<CheckResult> {
        join_all(self.sinks.iter().map(|sink| sink.check(&self.http))).await
    }
}

impl Sink {
    async fn deliver(&self, http: &Http, report: &Report, digest: &Digest) -> Delivery {
        let (sink, result) = match self {
            Self::Slack(settings) => (&settings.name, deliver_to_slack(http, settings, digest).await),
            Self::PagerDuty(settings) => (&settings.name, deliver_to_pagerduty(http, settings, report).await),
        };
        let outcome = result.unwrap_or_else(|reason| DeliveryOutcome::Undelivered { reason });
        Delivery {
            sink: sink.clone(),
            outcome,
        }
    }

    async fn check(&self, http: &Http) -> CheckResult {
        match self {
            Self::Slack(settings) => slack::check(http, settings).await,
            Self::PagerDuty(settings) => pagerduty::check(http, settings).await,
        }
    }
}

async fn deliver_to_slack(
    http: &Http,
    settings: &SlackSettings,
    digest: &Digest,
) -> Result<DeliveryOutcome, String> {
    if !slack::is_worth_sending(digest, settings.when) {
        return Ok(DeliveryOutcome::NothingToSend);
    }
    slack::send(http, settings, digest)
        .await
        .map_err(|error| error.to_string())?;
    Ok(DeliveryOutcome::Delivered { note: None })
}

async fn deliver_to_pagerduty(
    http: &Http,
    settings: &PagerDutySettings,
    report: &Report,
) -> Result<DeliveryOutcome, String> {
    let plan = Plan::new(report, settings);
    if plan.events.is_empty() {
        return Ok(DeliveryOutcome::NothingToSend);
    }
    let note = pagerduty::send(http, settings, &plan)
        .await
        .map_err(|error| error.to_string())?;
    Ok(DeliveryOutcome::Delivered { note: Some(note) })
}
