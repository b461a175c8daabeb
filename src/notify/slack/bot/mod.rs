//! A bot of Slack's: a short message for what is new, the details in its thread, and the message kept up to date until all of
//! it is over.
//!
//! `story` decides what belongs into which thread, `payload` writes it, `api` sends it. A thread that was opened is kept at
//! once, even if its details could not be posted: the next scan goes on in it. Before something is said in a thread, the message at
//! its top is changed, because that fails where the message was deleted, and a reply does not.

mod api;
mod payload;
mod place;
pub mod settings;
mod story;
mod threads;

use std::mem;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use self::api::{CallError, Calls, SCOPE};
use self::place::MessagePlace;
use self::settings::SlackBot;
use self::story::{Opening, Story};
use self::threads::{Thread, Threads};
use crate::notify::http::DeliveryClient;
use crate::notify::text::fit;
use crate::notify::when::{SendWhen, is_worth_sending};
use crate::notify::{CheckResult, CheckStatus, Delivery, DeliveryStatus, Notice, Sink};
use crate::report::words::count;
use crate::state::Occasion;

/// The header in which Slack names what a token may do.
const SCOPES_HEADER: &str = "x-oauth-scopes";

/// The most calls for one scan beside those for open threads: a message, its details, and a message apart.
const OTHER_CALLS: usize = 3;

/// What was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sent {
    messages: usize,
    changes: usize,
}

impl Sink for SlackBot {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, http: &'a DeliveryClient, notice: &'a Notice<'a>) -> BoxFuture<'a, Delivery> {
        async move {
            let kept = notice.kept.map(|kept| Threads::of_kept(kept, &self.channel));
            let mut threads = kept.unwrap_or_default();
            let mut sent = Sent::default();
            let result = self.tell(http, notice, &mut threads, &mut sent).await;
            let status = match result {
                Err(error) => DeliveryStatus::Undelivered {
                    reason: error.to_string(),
                },
                Ok(()) if sent == Sent::default() => DeliveryStatus::NothingToSend,
                Ok(()) => DeliveryStatus::Delivered {
                    note: Some(sent.to_string()),
                },
            };
            let is_remembered = notice.occasion != Occasion::Scan;
            Delivery {
                sink: self.name.clone(),
                status,
                keeps: is_remembered.then(|| threads.kept(&self.channel)),
            }
        }
        .boxed()
    }

    fn preview(&self, notice: &Notice<'_>) -> Result<Vec<Value>, String> {
        if !is_worth_sending(notice, self.when) {
            return Ok(Vec::new());
        }
        let story = Story::new(notice);
        let Some(opening) = story.opening(&Threads::default(), &[]) else {
            return Ok(vec![payload::message(&self.channel, notice.digest)]);
        };
        let place = MessagePlace {
            channel: self.channel.as_str().to_owned(),
            ts: payload::HIDDEN_TIME.to_owned(),
        };
        Ok(vec![
            payload::opening(
                &self.channel,
                &story.top(&opening.headline, &opening.releases, opening.more),
            ),
            payload::reply(&place, &opening.details, false),
        ])
    }

    fn without_memory(&self) -> Option<&'static str> {
        Some("every scan posts a new message, and none is kept up to date or ticked off")
    }

    /// Asks whose token it is, which posts nothing. Whether the bot may post to the channel is not to be found out without a
    /// message, or without more rights than a bot needs.
    fn check<'a>(&'a self, http: &'a DeliveryClient) -> BoxFuture<'a, CheckResult> {
        async move {
            let (status, message) = match self.ask(http).await {
                Err(error) => (CheckStatus::Invalid, error.to_string()),
                Ok(scopes) => self.scopes_status(scopes.as_deref()),
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

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (messages, changes) = (count(self.messages, "message"), count(self.changes, "message"));
        match self.changes {
            0 => f.write_str(&messages),
            _ => write!(f, "{messages}, {changes} brought up to date"),
        }
    }
}

impl SlackBot {
    /// Tells what a notice calls for, and notes which threads are open then.
    async fn tell(
        &self,
        http: &DeliveryClient,
        notice: &Notice<'_>,
        threads: &mut Threads,
        sent: &mut Sent,
    ) -> Result<(), CallError> {
        let is_worth_sending = is_worth_sending(notice, self.when);
        if notice.occasion == Occasion::Scan && !is_worth_sending {
            return Ok(());
        }
        let story = Story::new(notice);
        let mut calls = Calls::new(self, http, 2 * threads.0.len() + OTHER_CALLS);
        let mut lost = Vec::new();
        let result = async {
            go_on(&story, threads, &mut lost, &mut calls, sent).await?;
            if let Some(opening) = story.opening(threads, &lost) {
                self.open(&story, opening, threads, &mut lost, &mut calls, sent)
                    .await?;
            }
            let apart = story.apart(threads).or_else(|| {
                let is_silent = self.when == SendWhen::Always && sent.messages == 0;
                is_silent.then(|| story.rest(threads))
            });
            if let Some(apart) = apart {
                calls.post(&payload::message(&self.channel, &apart)).await?;
                sent.messages += 1;
            }
            Ok(())
        }
        .await;
        if result.is_ok() {
            threads.0.retain(|thread| !thread.is_over());
        } else {
            // The next scan finds out again that they are lost, and posts anew what is still so.
            lost.append(&mut threads.0);
            threads.0 = lost;
        }
        result
    }

    /// Opens a thread, and posts its details.
    async fn open(
        &self,
        story: &Story<'_>,
        opening: Opening,
        threads: &mut Threads,
        lost: &mut Vec<Thread>,
        calls: &mut Calls<'_>,
        sent: &mut Sent,
    ) -> Result<(), CallError> {
        let Opening {
            headline,
            releases,
            more,
            details,
        } = opening;
        let headline = fit(&headline, threads::LINE);
        let message = payload::opening(&self.channel, &story.top(&headline, &releases, more));
        let place = calls.post(&message).await?;
        sent.messages += 1;
        lost.clear();
        threads.0.push(Thread {
            place: place.clone(),
            headline,
            releases,
            more,
            owes_details: true,
            shown: payload::shown(&message),
        });
        calls.post(&payload::reply(&place, &details, false)).await?;
        sent.messages += 1;
        if let Some(thread) = threads.0.last_mut() {
            thread.owes_details = false;
        }
        Ok(())
    }

    /// The scopes of the token, where Slack names them.
    async fn ask(&self, http: &DeliveryClient) -> Result<Option<String>, CallError> {
        let response = self.call(http, http.deadline(), "auth.test", &json!({})).await?;
        self.answer(&response, "the token")?;
        let scopes = response.headers.get(SCOPES_HEADER);
        Ok(scopes.and_then(|scopes| scopes.to_str().ok()).map(str::to_owned))
    }

    /// The result of a check, from the scopes of a token that is in order.
    fn scopes_status(&self, scopes: Option<&str>) -> (CheckStatus, String) {
        const REST: &str = "whether the bot is in the channel shows with the first message";
        let host = self.api.host();
        match scopes {
            None => (
                CheckStatus::Unclear,
                format!("{host} knows the token, and does not say whether it has the scope {SCOPE}; {REST}"),
            ),
            Some(scopes) if scopes.split(',').any(|scope| scope.trim() == SCOPE) => (
                CheckStatus::Valid,
                format!("{host} knows the token, which has the scope {SCOPE}; {REST}; no message was posted"),
            ),
            Some(_) => (
                CheckStatus::Invalid,
                format!(
                    "{host} knows the token, but it lacks the scope {SCOPE}: add it and install the app again"
                ),
            ),
        }
    }
}

/// Says in each thread what there is to say, brings the message at its top up to date, and sets apart the threads of which that
/// message cannot be changed any more.
async fn go_on(
    story: &Story<'_>,
    threads: &mut Threads,
    lost: &mut Vec<Thread>,
    calls: &mut Calls<'_>,
    sent: &mut Sent,
) -> Result<(), CallError> {
    let mut waiting = mem::take(&mut threads.0).into_iter();
    while let Some(mut thread) = waiting.next() {
        story.follow(&mut thread);
        match go_on_in(story, &mut thread, calls, sent).await {
            Ok(()) => threads.0.push(thread),
            Err(error) if error.is_gone() => lost.push(thread),
            Err(error) => {
                threads.0.push(thread);
                threads.0.extend(waiting);
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn go_on_in(
    story: &Story<'_>,
    thread: &mut Thread,
    calls: &mut Calls<'_>,
    sent: &mut Sent,
) -> Result<(), CallError> {
    let reply = story.reply(thread);
    let update = payload::update(&thread.place, &story.top_of(thread));
    let shown = payload::shown(&update);
    if reply.is_some() || shown != thread.shown {
        calls.update(&update).await?;
        sent.changes += 1;
        thread.shown = shown;
    }
    if let Some(reply) = reply {
        calls
            .post(&payload::reply(&thread.place, &reply.digest, reply.is_broadcast))
            .await?;
        sent.messages += 1;
    }
    thread.owes_details = false;
    Ok(())
}
