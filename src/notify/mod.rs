//! Notifies people and services of the result of a scan. The only user of an HTTP client besides the cluster's.
//!
//! A report goes through three steps: [`digest`] puts it into words (pure), a sink builds its payload from them
//! (pure, held to the receiver's documented limits by tests), and [`http`] delivers it. Sinks run side by side and
//! each has its own result: a receiver that is down costs its own message and no other. That a message could not be
//! delivered is part of the run's result, so results are values, not a first error that hides the second.
//!
//! Each kind of sink has a folder with its settings, its payload and its [`Sink`]; [`section`] lists them.

mod alerted;
pub mod alertmanager;
pub mod authorization;
mod codes;
pub mod digest;
mod ended;
mod evaluated;
mod fair;
mod guarded;
pub mod http;
pub mod links;
pub mod list;
pub mod pagerduty;
pub mod pushgateway;
mod quoted;
pub(crate) mod release;
pub mod roots;
pub mod routes;
pub mod section;
pub mod settings;
pub mod slack;
mod text;
pub mod webhook;
pub mod when;

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use serde_json::Value;

use self::digest::{Beside, Digest};
use self::http::DeliveryClient;
use self::links::LinkTemplate;
use self::routes::Routes;
use self::settings::HttpSettings;
use crate::model::Report;
use crate::state::{self, Occasion, Part, PartRequest, SharedRelease, State, Telling};

/// A receiver of notifications, such as a chat channel or a service that alerts people.
pub trait Sink: Send + Sync {
    /// The name of this sink in results.
    fn name(&self) -> &str;

    /// Sends what a notice calls for, if anything.
    fn deliver<'a>(&'a self, http: &'a DeliveryClient, notice: &'a Notice<'a>) -> BoxFuture<'a, Delivery>;

    /// The documents that [`Sink::deliver`] would send, without secrets; or why there would be none.
    fn preview(&self, notice: &Notice<'_>) -> Result<Vec<Value>, String>;

    /// What it cannot do where no scan is remembered, in half a sentence; `None` where it does all that it is asked for.
    fn without_memory(&self) -> Option<&'static str> {
        None
    }

    /// Finds out whether messages would arrive, without sending any that people see.
    fn check<'a>(&'a self, http: &'a DeliveryClient) -> BoxFuture<'a, CheckResult>;
}

/// What one sink is told of a scan.
///
/// The text of the digest is sanitised and capped already; text that comes from the report has to be sanitised by the sink.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'r> {
    /// The part of the report that is for this sink. The status of everything in it is that for the sink: what it was not
    /// told yet is new.
    pub report: &'r Report,
    /// The same part in words.
    pub digest: &'r Digest,
    /// Why the sink is told.
    pub occasion: Occasion,
    /// What the sink asked to keep at its last delivery; `None` without memory.
    pub kept: Option<&'r Value>,
}

impl<'r> Notice<'r> {
    /// The whole of a report, of which nothing is known to be old.
    pub const fn without_memory(report: &'r Report, digest: &'r Digest) -> Self {
        Self {
            report,
            digest,
            occasion: Occasion::Scan,
            kept: None,
        }
    }
}

/// The result of one sink's delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The sink's name.
    pub sink: String,
    /// How the delivery ended.
    pub status: DeliveryStatus,
    /// What the sink wants to find in [`Notice::kept`] next time: names of what it opened, no secrets and no values. `None`
    /// leaves what was kept.
    pub keeps: Option<Value>,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// The receiver took it.
    Delivered {
        /// The numbers of messages that were sent and left out, for sinks that send several.
        note: Option<String>,
    },
    /// The report did not call for a message.
    NothingToSend,
    /// It was not taken, or not all of it.
    Undelivered {
        /// Why, in one sentence without address and key. What a receiver said is in it only where that was made harmless.
        reason: String,
    },
}

impl Delivery {
    /// Whether a message that the report calls for did not arrive.
    pub fn is_undelivered(&self) -> bool {
        match self.status {
            DeliveryStatus::Undelivered { .. } => true,
            DeliveryStatus::Delivered { .. } | DeliveryStatus::NothingToSend => false,
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.sink)?;
        match &self.status {
            DeliveryStatus::Delivered { note: None } => f.write_str("delivered"),
            DeliveryStatus::Delivered { note: Some(note) } => write!(f, "delivered: {note}"),
            DeliveryStatus::NothingToSend => f.write_str("nothing to send"),
            DeliveryStatus::Undelivered { reason } => write!(f, "not delivered: {reason}"),
        }
    }
}

/// The result of checking one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// The sink's name.
    pub sink: String,
    /// Whether messages can be expected to arrive.
    pub status: CheckStatus,
    /// The reason, in one sentence.
    pub message: String,
}

/// Whether messages can be expected to arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// Yes, as far as a check without a message shows.
    Valid,
    /// The receiver answers, but its answer does not decide it.
    Unclear,
    /// No.
    Invalid,
}

/// Everywhere that reports are sent to.
pub struct Sinks {
    http: DeliveryClient,
    receivers: Vec<NamedSink>,
    routes: Routes,
    links: Vec<LinkTemplate>,
}

/// Why a sink that is configured gets nothing.
pub const LEFT_OUT: &str =
    "nothing is ever sent to it, because no route names it and `default` does not either";

/// A sink under the name that routes and results give it.
struct NamedSink {
    name: String,
    sink: Box<dyn Sink>,
}

impl Sinks {
    /// No sinks yet. Nothing is set up before the first message.
    pub fn new(http: HttpSettings) -> Self {
        Self {
            http: DeliveryClient::new(http),
            receivers: Vec::new(),
            routes: Routes::default(),
            links: Vec::new(),
        }
    }

    /// Adds a sink.
    #[must_use]
    pub fn with(self, sink: impl Sink + 'static) -> Self {
        self.with_named("", [sink])
    }

    /// Adds as many sinks of one kind as there are, under this name, or under the name of their kind if it is empty.
    #[must_use]
    pub fn with_named<S: Sink + 'static>(mut self, name: &str, sinks: impl IntoIterator<Item = S>) -> Self {
        self.receivers.extend(sinks.into_iter().map(|sink| NamedSink {
            name: if name.is_empty() { sink.name() } else { name }.to_owned(),
            sink: Box::new(sink),
        }));
        self
    }

    /// Tells each sink what these routes send it.
    #[must_use]
    pub fn with_routes(mut self, routes: Routes) -> Self {
        self.routes = routes;
        self
    }

    /// Gives messages these links to the worst release.
    #[must_use]
    pub fn with_links(mut self, links: Vec<LinkTemplate>) -> Self {
        self.links = links;
        self
    }

    /// The names of the sinks.
    pub fn names(&self) -> BTreeSet<&str> {
        self.receivers.iter().map(|sink| sink.name.as_str()).collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.receivers.is_empty()
    }

    /// What each sink is told of a report, in the order in which they were added.
    pub fn parts(&self, report: &Report, memory: Option<(&State, &Telling)>) -> Vec<Part> {
        let part = |sink: &NamedSink| {
            let (name, routes) = (sink.name.as_str(), &self.routes);
            let releases = report.releases.iter();
            let errors = report.errors.iter();
            let request = PartRequest {
                sink: name,
                report,
                releases: releases
                    .filter_map(|release| {
                        let share = routes.share(release, name)?;
                        Some(SharedRelease { release, share })
                    })
                    .collect(),
                errors: errors.filter(|error| routes.sends_error(error, name)).collect(),
            };
            match memory {
                Some((state, telling)) => state.part(&request, telling),
                None => state::without_memory(&request),
            }
        };
        self.receivers.iter().map(part).collect()
    }

    /// Sends every sink its part at once. One result for each sink. When `out_of_time` resolves, to the reason, what has not
    /// been delivered by then is given up.
    pub async fn deliver_parts(
        &self,
        parts: &[Part],
        out_of_time: impl Future<Output = &'static str> + Send,
    ) -> Vec<Delivery> {
        let out_of_time = out_of_time.boxed().shared();
        let deliveries = self.receivers.iter().zip(parts).map(|(NamedSink { name, sink }, part)| {
            let out_of_time = out_of_time.clone();
            async move {
                let digest = Digest::of(&part.report, Beside::of(part)).with_links(&part.report, &self.links);
                let notice = Notice {
                    report: &part.report,
                    digest: &digest,
                    occasion: part.occasion,
                    kept: part.kept.as_ref(),
                };
                tokio::select! {
                    biased;
                    delivery = sink.deliver(&self.http, &notice) => Delivery { sink: name.clone(), ..delivery },
                    reason = out_of_time => Delivery {
                        sink: name.clone(),
                        status: DeliveryStatus::Undelivered { reason: reason.to_owned() },
                        keeps: None,
                    },
                }
            }
        });
        join_all(deliveries).await
    }

    /// Sends a report of which nothing is remembered everywhere at once.
    pub async fn deliver(
        &self,
        report: &Report,
        out_of_time: impl Future<Output = &'static str> + Send,
    ) -> Vec<Delivery> {
        self.deliver_parts(&self.parts(report, None), out_of_time).await
    }

    /// What each sink would be sent of a report of which nothing is remembered, by its name.
    pub fn preview(&self, report: &Report) -> Vec<(&str, Result<Vec<Value>, String>)> {
        let parts = self.parts(report, None);
        let previews = self
            .receivers
            .iter()
            .zip(parts)
            .map(|(NamedSink { name, sink }, part)| {
                let digest =
                    Digest::of(&part.report, Beside::of(&part)).with_links(&part.report, &self.links);
                let notice = Notice::without_memory(&part.report, &digest);
                (name.as_str(), sink.preview(&notice))
            });
        previews.collect()
    }

    /// The sinks that nothing is ever sent to, because no route names them and they get nothing of what no route takes.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        let names = self.receivers.iter().map(|sink| sink.name.as_str());
        names.filter(|name| self.routes.leaves_out(name))
    }

    /// The sinks that cannot do all that they are asked for where no scan is remembered, each with what is missing.
    pub fn without_memory(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let receivers = self.receivers.iter();
        receivers.filter_map(|NamedSink { name, sink }| Some((name.as_str(), sink.without_memory()?)))
    }

    /// Finds out for every sink whether messages would arrive, without sending any that people see.
    pub async fn check(&self) -> Vec<CheckResult> {
        let checks = self.receivers.iter().map(|NamedSink { name, sink }| async move {
            let result = CheckResult {
                sink: name.clone(),
                ..sink.check(&self.http).await
            };
            if self.routes.leaves_out(name) {
                CheckResult {
                    status: CheckStatus::Invalid,
                    message: format!("{LEFT_OUT}; the receiver itself: {}", result.message),
                    ..result
                }
            } else {
                result
            }
        });
        join_all(checks).await
    }
}
