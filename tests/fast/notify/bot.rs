//! What a channel sees of a bot that opens threads, goes on in them and ticks them off. The server keeps messages as Slack does,
//! and holds every call to what Slack documents.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driftline::model::{Actor, ReleaseReport, Report, ReportError};
use driftline::notify::settings::Transport;
use driftline::notify::slack::bot::settings::SlackBot;
use driftline::notify::when::SendWhen;
use driftline::notify::{CheckStatus, Delivery, Sinks};
use driftline::report::identity::identify;
use driftline::state::{Salt, State, Telling};
use driftline::vocabulary::{HealthCode, ObjectState, Outcome, Verdict};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::delivery::quick;
use super::reports::{HOSTILE, VALUE, critical, drifted, empty, finding, object, release, report};
use crate::support::receiver::{Computed, Received, Receiver, Reply};
use crate::support::rules::check_slack_call;

const TOKEN: &str = "xoxb-1234-hunter2";

/// The ID behind the name of the channel.
const CHANNEL: &str = "C0123ABCD";

/// A message as Slack has it.
struct Posted {
    ts: String,
    thread: Option<String>,
    is_deleted: bool,
}

/// What Slack knows, and what it is to refuse.
#[derive(Default)]
struct Workspace {
    messages: Vec<Posted>,
    /// For each of the next calls the error that it gets, if any.
    refusals: VecDeque<Option<&'static str>>,
}

impl Workspace {
    fn answer(&mut self, request: &Received) -> Value {
        assert_eq!(request.header("authorization"), Some("Bearer xoxb-1234-hunter2"));
        assert!(
            request
                .header("content-type")
                .unwrap()
                .starts_with("application/json")
        );
        assert!(!String::from_utf8_lossy(&request.body).contains("hunter2"));
        let method = request.path.strip_prefix("/api/").unwrap();
        let body = request.json();
        check_slack_call(method, &body);
        if let Some(error) = self.refusals.pop_front().flatten() {
            return json!({"ok": false, "error": error});
        }
        let find = |ts: &Value| self.messages.iter().position(|message| ts == message.ts.as_str());
        if method == "chat.update" {
            assert_eq!(body["channel"], CHANNEL);
            return match find(&body["ts"]) {
                Some(at) if !self.messages[at].is_deleted => {
                    json!({"ok": true, "channel": CHANNEL, "ts": body["ts"], "text": body["text"]})
                }
                Some(_) | None => json!({"ok": false, "error": "message_not_found"}),
            };
        }
        let thread = body.get("thread_ts").map(|ts| ts.as_str().unwrap().to_owned());
        if thread.is_some() {
            let top = find(&body["thread_ts"]).expect("a reply is to a message of the bot");
            assert!(self.messages[top].thread.is_none(), "a reply is never to a reply");
        }
        let ts = format!("17000000{:02}.000100", self.messages.len());
        self.messages.push(Posted {
            ts: ts.clone(),
            thread,
            is_deleted: false,
        });
        json!({"ok": true, "channel": CHANNEL, "ts": ts, "message": {"blocks": body["blocks"], "text": body["text"]}})
    }
}

/// A Slack that plays along, and what its channel was sent.
pub(crate) struct Slack {
    server: Receiver,
    workspace: Arc<Mutex<Workspace>>,
}

impl Slack {
    pub(crate) async fn start() -> Self {
        let workspace = Arc::new(Mutex::new(Workspace::default()));
        let known = Arc::clone(&workspace);
        let answer = move |request: &Received| known.lock().unwrap().answer(request).to_string();
        let server = Receiver::start([Reply::Computed(Computed::new(answer))]).await;
        Self { server, workspace }
    }

    pub(crate) fn bot(&self) -> SlackBot {
        bot(&self.server)
    }

    fn refuse(&self, errors: impl IntoIterator<Item = Option<&'static str>>) {
        self.workspace.lock().unwrap().refusals = errors.into_iter().collect();
    }

    fn delete_first(&self) {
        self.workspace.lock().unwrap().messages[0].is_deleted = true;
    }

    /// Every call so far, in a line: `+` a message in the channel, `>` a reply, `>+` one that the channel sees, `~` a change.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.server.received().iter().map(call).collect()
    }

    fn bodies(&self) -> Vec<Value> {
        self.server.received().iter().map(Received::json).collect()
    }
}

fn bot(server: &Receiver) -> SlackBot {
    let bot = SlackBot::try_new(&SecretString::from(TOKEN), "#ops").unwrap();
    let mut bot = bot.with_api(&server.url("/api/"), Transport::AllowHttp).unwrap();
    bot.pace = Duration::ZERO;
    bot
}

fn call(request: &Received) -> String {
    let body = request.json();
    let headline = body["blocks"][0]["text"]["text"].as_str().unwrap();
    let mark = match (&*request.path, body.get("thread_ts"), body.get("reply_broadcast")) {
        ("/api/chat.update", _, _) => "~ ",
        (_, None, _) => "+ ",
        (_, Some(_), None) => "> ",
        (_, Some(_), Some(_)) => ">+",
    };
    format!("{mark} {headline}")
}

/// The lines of releases of a message at the top of a thread.
fn lines(body: &Value) -> Vec<String> {
    let elements = body["blocks"][1]["elements"].as_array().unwrap();
    let texts = elements
        .iter()
        .map(|element| element["elements"][0]["text"].as_str().unwrap());
    texts.flat_map(str::lines).map(str::to_owned).collect()
}

/// Scans with a memory, one each hour.
struct Scans {
    slack: Slack,
    sinks: Sinks,
    state: State,
    hour: i64,
}

impl Scans {
    async fn start() -> Self {
        let slack = Slack::start().await;
        let mut http = quick();
        http.attempts = 1;
        Self {
            sinks: Sinks::new(http).with(slack.bot()),
            slack,
            state: State::fresh("prod", Salt::new([3; 16])),
            hour: 0,
        }
    }

    /// Scans, and gives the calls that came of it.
    async fn scan(&mut self, releases: Vec<ReleaseReport>) -> Vec<String> {
        self.scan_report(report(releases)).await.1
    }

    async fn scan_report(&mut self, mut report: Report) -> (Delivery, Vec<String>) {
        let before = self.slack.calls().len();
        report.started_at = empty().started_at + chrono::Duration::hours(self.hour);
        report.finished_at = report.started_at;
        self.hour += 1;
        identify(&mut report);
        self.state.compare(&mut report);
        let parts = self
            .sinks
            .parts(&report, Some((&self.state, &Telling::default())));
        let delivery = self.sinks.deliver_parts(&parts, pending()).await.remove(0);
        let receipt = parts.into_iter().next().unwrap().receipt;
        if delivery.is_undelivered() {
            self.state.undelivered(receipt, delivery.keeps.clone());
        } else {
            self.state.delivered(receipt, delivery.keeps.clone());
        }
        self.state = State::decode(&self.state.encode().unwrap()).unwrap();
        for text in [delivery.to_string(), format!("{delivery:?}")] {
            assert!(!text.contains("hunter2") && !text.contains(VALUE), "{text}");
        }
        (delivery, self.slack.calls().split_off(before))
    }

    fn last(&self) -> Value {
        self.slack.bodies().pop().unwrap()
    }

    fn last_change(&self) -> Value {
        let received = self.slack.server.received();
        let mut changes = received.iter().filter(|request| request.path.ends_with("update"));
        changes.next_back().unwrap().json()
    }
}

fn clean(name: &str) -> ReleaseReport {
    release("shop", name, Verdict::Clean)
}

fn drift(name: &str) -> ReleaseReport {
    drifted("shop", name, 1, 1)
}

const OPENED: [&str; 2] = [
    "+  warning in prod: changed /spec/field-000 in Deployment web-000 of shop/web",
    ">  prod: changed /spec/field-000 in Deployment web-000 of shop/web",
];

const RESOLVED: &str = "~  ✓ Resolved: prod: changed /spec/field-000 in Deployment web-000 of shop/web";

#[tokio::test]
async fn an_incident_is_one_message_and_its_thread() {
    let mut scans = Scans::start().await;
    assert!(scans.scan(vec![clean("web"), clean("api")]).await.is_empty());
    let opened = scans.scan(vec![drift("web"), drift("api")]).await;
    assert_eq!(
        opened,
        [
            "+  warning in prod: changed /spec/field-000 in Deployment api-000 of shop/api, and 1 more release",
            ">  prod: changed /spec/field-000 in Deployment api-000 of shop/api, and new in 1 more release",
        ]
    );
    let bodies = scans.slack.bodies();
    assert_eq!(bodies[0]["channel"], "#ops");
    assert_eq!(
        lines(&bodies[0]),
        [
            "• warning shop/api: 1 object, 1 field",
            "    changed /spec/field-000 in Deployment api-000",
            "• warning shop/web: 1 object, 1 field",
            "    changed /spec/field-000 in Deployment web-000",
        ]
    );
    assert_eq!(bodies[1]["thread_ts"], "1700000000.000100");
    // Nothing changed, and nothing is called.
    assert!(scans.scan(vec![drift("web"), drift("api")]).await.is_empty());
    // What is new in a release that the thread is about is said there, and shown in the channel.
    let mut web = drift("web");
    web.objects[0].findings.push(finding("/spec/second"));
    let more = scans.scan(vec![web.clone(), drift("api")]).await;
    assert_eq!(
        more,
        [
            "~  warning in prod: changed /spec/field-000 in Deployment api-000 of shop/api, and 1 more release",
            ">+ prod: changed /spec/second in Deployment web-000 of shop/web",
        ]
    );
    assert_eq!(
        lines(&scans.last_change()),
        [
            "• warning shop/api: 1 object, 1 field",
            "    changed /spec/field-000 in Deployment api-000",
            "• warning shop/web: 1 object, 2 fields",
            "    changed /spec/field-000 in Deployment web-000",
        ]
    );
    // One of the two is over.
    let over = scans.scan(vec![web.clone(), clean("api")]).await;
    assert_eq!(
        over,
        [
            "~  1 of 2 resolved; warning in prod: changed /spec/field-000 in Deployment web-000 of shop/web",
            ">  prod: resolved in shop/api",
        ]
    );
    assert_eq!(
        lines(&scans.last_change()),
        [
            "• warning shop/web: 1 object, 2 fields",
            "    changed /spec/field-000 in Deployment web-000",
            "✓ shop/api: the object is gone, 2026-03-01 16:00 UTC"
        ]
    );
    // And then the other one.
    let over = scans.scan(vec![clean("web"), clean("api")]).await;
    assert_eq!(
        over,
        [
            "~  ✓ Resolved: prod: changed /spec/field-000 in Deployment api-000 of shop/api, and 1 more release",
            ">  prod: resolved in shop/web",
        ]
    );
    assert!(scans.scan(vec![clean("web"), clean("api")]).await.is_empty());
    // The next one is another message.
    assert_eq!(scans.scan(vec![drift("web"), clean("api")]).await, OPENED);
    let last = scans.last();
    assert_ne!(last["thread_ts"], "1700000000.000100");
    insta::assert_json_snapshot!("bot_messages", scans.slack.bodies()[..5]);
}

/// Whoever sees only the message at the top, at night, must know how bad it is, what, by whom, and where the runbook is.
#[tokio::test]
async fn the_message_at_the_top_says_how_bad_it_is_and_who_and_where_the_runbook_is() {
    let mut scans = Scans::start().await;
    let link = |title: &str, host: &str| {
        let url = format!("https://{host}.example.com/{{cluster}}/{{namespace}}/{{release}}");
        serde_json::from_value(json!({"title": title, "url": url})).unwrap()
    };
    scans.sinks = scans
        .sinks
        .with_links(vec![link("Runbook", "wiki"), link("Panel", "graphs")]);
    let mut web = drift("web");
    web.objects[0].findings[0].actor = Some(Actor {
        manager: "kubectl-edit".to_owned(),
        operation: "Update".to_owned(),
        subresource: None,
        time: None,
    });
    let mut api = clean("api");
    api.health.push(critical(HealthCode::FailedUpgrade));
    let opened = scans.scan(vec![web.clone(), api.clone()]).await;
    assert_eq!(
        opened[0],
        "+  critical in prod: failed-upgrade of shop/api, and 1 more release"
    );
    let links = |body: &Value| -> Vec<String> {
        let elements = body["blocks"][2]["elements"][0]["elements"].as_array().unwrap();
        let links = elements.iter().filter(|element| element["type"] == "link");
        links
            .map(|link| link["url"].as_str().unwrap().to_owned())
            .collect()
    };
    let bodies = scans.slack.bodies();
    assert_eq!(
        lines(&bodies[0]),
        [
            "• critical shop/api: failed-upgrade",
            "• warning shop/web: 1 object, 1 field",
            "    changed /spec/field-000 in Deployment web-000, by kubectl-edit (claimed)",
        ]
    );
    assert_eq!(
        links(&bodies[0]),
        [
            "https://wiki.example.com/prod/shop/api",
            "https://graphs.example.com/prod/shop/api"
        ]
    );
    assert!(scans.scan(vec![web.clone(), api]).await.is_empty());
    // The worst is over: the message goes on to what is left.
    let over = scans.scan(vec![web.clone(), clean("api")]).await;
    assert_eq!(
        over[0],
        "~  1 of 2 resolved; warning in prod: changed /spec/field-000 in Deployment web-000 of shop/web, by kubectl-edit \
         (claimed)"
    );
    assert_eq!(
        links(&scans.last_change()),
        [
            "https://wiki.example.com/prod/shop/web",
            "https://graphs.example.com/prod/shop/web"
        ]
    );
    // All is over: the message is about what was wrong.
    let over = scans.scan(vec![clean("web"), clean("api")]).await;
    assert_eq!(
        over[0],
        "~  ✓ Resolved: prod: failed-upgrade of shop/api, and 1 more release"
    );
}

/// The headline named a field that is in order again, and others of the same object are not.
#[tokio::test]
async fn the_message_at_the_top_names_what_is_left_of_a_release() {
    let mut scans = Scans::start().await;
    let mut web = drift("web");
    web.objects[0].findings.push(finding("/spec/second"));
    assert_eq!(scans.scan(vec![web.clone()]).await, OPENED);
    web.objects[0].findings.remove(0);
    let calls = scans.scan(vec![web]).await;
    assert_eq!(
        calls[0],
        "~  warning in prod: changed /spec/second in Deployment web-000 of shop/web"
    );
    assert_eq!(
        lines(&scans.last_change()),
        [
            "• warning shop/web: 1 object, 1 field",
            "    changed /spec/second in Deployment web-000"
        ]
    );
}

#[tokio::test]
async fn what_was_not_read_changes_no_line() {
    let mut scans = Scans::start().await;
    assert_eq!(scans.scan(vec![drift("web"), clean("api")]).await, OPENED);
    // The release is not read at all.
    let mut unread = report(vec![clean("api")]);
    unread.outcome = Outcome::Incomplete;
    unread.errors.push(ReportError {
        scope: "namespace/shop".to_owned(),
        message: "timed out".to_owned(),
    });
    unread.releases.clear();
    let (_, calls) = scans.scan_report(unread).await;
    assert_eq!(
        calls,
        ["+  prod: not everything could be read; 1 known difference not read this time"]
    );
    // Its object is not read.
    let mut web = release("shop", "web", Verdict::Incomplete);
    web.objects.push(object("shop", "web-000", 0));
    web.objects[0].state = ObjectState::Unknown;
    let calls = scans.scan(vec![web, clean("api")]).await;
    assert_eq!(
        calls,
        ["+  prod: not everything could be read; 1 known difference not read this time"]
    );
    let calls = scans.scan(vec![drift("web"), clean("api")]).await;
    assert_eq!(
        calls,
        ["+  prod: 1 release still not in order; everything could be read again"]
    );
    assert!(scans.scan(vec![clean("web"), clean("api")]).await[0].starts_with("~  ✓ Resolved: "));
}

#[tokio::test]
async fn a_release_that_was_uninstalled_is_ticked_off() {
    let mut scans = Scans::start().await;
    scans.scan(vec![drift("web"), clean("api")]).await;
    let calls = scans.scan(vec![clean("api")]).await;
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(
        lines(&scans.last_change()),
        ["✓ shop/web: the release is gone, 2026-03-01 13:00 UTC"]
    );
}

#[tokio::test]
async fn a_reminder_is_a_message_of_its_own() {
    let mut scans = Scans::start().await;
    scans.scan(vec![drift("web")]).await;
    for _ in 1..24 {
        assert!(scans.scan(vec![drift("web")]).await.is_empty());
    }
    let calls = scans.scan(vec![drift("web")]).await;
    assert_eq!(calls, ["+  prod: 1 release still not in order"]);
}

#[tokio::test]
async fn a_message_that_was_deleted_is_posted_anew_while_it_is_needed() {
    let mut scans = Scans::start().await;
    scans.scan(vec![drift("web"), drift("api")]).await;
    scans.slack.delete_first();
    let mut web = drift("web");
    web.objects[0].findings.push(finding("/spec/second"));
    let calls = scans.scan(vec![web.clone(), drift("api")]).await;
    assert_eq!(
        calls,
        [
            "~  warning in prod: changed /spec/field-000 in Deployment api-000 of shop/api, and 1 more release",
            "+  warning in prod: changed /spec/field-000 in Deployment web-000 of shop/web, and 1 more release",
            ">  prod: changed /spec/second in Deployment web-000 of shop/web; 1 release still not in order",
        ]
    );
    assert_eq!(scans.scan(vec![web, drift("api")]).await, [""; 0]);
    // What is over and was in a message that is gone is told in a message.
    let mut scans = Scans::start().await;
    scans.scan(vec![drift("web"), clean("api")]).await;
    scans.slack.delete_first();
    let calls = scans.scan(vec![clean("web"), clean("api")]).await;
    assert_eq!(calls[1..], ["+  prod: resolved in shop/web; all is in order"]);
    assert!(scans.scan(vec![clean("web"), clean("api")]).await.is_empty());
}

#[tokio::test]
async fn details_that_could_not_be_posted_go_into_the_same_thread() {
    let mut scans = Scans::start().await;
    scans.slack.refuse([None, Some("team_added_to_org")]);
    let (delivery, calls) = scans.scan_report(report(vec![drift("web")])).await;
    assert_eq!(calls, OPENED);
    assert_eq!(
        delivery.to_string().split_once(" refused ").unwrap().1,
        "the message: the workspace is being moved to an organisation (`team_added_to_org`)"
    );
    let calls = scans.scan(vec![drift("web")]).await;
    assert_eq!(calls, [OPENED[0].replacen('+', "~", 1), OPENED[1].to_owned()]);
    assert_eq!(scans.last()["thread_ts"], "1700000000.000100");
    assert!(scans.scan(vec![drift("web")]).await.is_empty());
    // What is over before its details were posted is ticked off all the same.
    let mut scans = Scans::start().await;
    scans.slack.refuse([None, Some("team_added_to_org")]);
    scans.scan(vec![drift("web")]).await;
    let calls = scans.scan(vec![clean("web")]).await;
    assert_eq!(calls, [RESOLVED]);
    assert!(scans.scan(vec![clean("web")]).await.is_empty());
}

#[tokio::test]
async fn what_the_channel_refuses_is_told_when_it_no_longer_does() {
    let mut scans = Scans::start().await;
    scans.scan(vec![drift("web"), clean("api")]).await;
    scans
        .slack
        .refuse([Some("not_in_channel"), Some("not_in_channel")]);
    let (delivery, _) = scans.scan_report(report(vec![drift("web"), drift("api")])).await;
    assert!(
        delivery
            .to_string()
            .contains("invite it there (`not_in_channel`)"),
        "{delivery}"
    );
    scans.slack.refuse([]);
    let calls = scans.scan(vec![drift("web"), drift("api")]).await;
    assert_eq!(
        calls,
        [
            "+  warning in prod: changed /spec/field-000 in Deployment api-000 of shop/api",
            ">  prod: changed /spec/field-000 in Deployment api-000 of shop/api",
        ]
    );
    // The first thread was not forgotten meanwhile.
    let calls = scans.scan(vec![clean("web"), drift("api")]).await;
    assert_eq!(calls[0], RESOLVED);
}

#[tokio::test]
async fn every_refusal_is_named_and_nothing_else_is_quoted() {
    for (answer, want) in [
        (
            r#"{"ok":false,"error":"not_in_channel"}"#,
            "refused the message: the bot is not in the channel: invite it there",
        ),
        (
            r#"{"ok":false,"error":"missing_scope","needed":"chat:write"}"#,
            "lacks the scope chat:write",
        ),
        (
            r#"{"ok":false,"error":"invalid_auth"}"#,
            "Slack does not know the token",
        ),
        (
            r#"{"ok":false,"error":"msg_blocks_too_long"}"#,
            "the message is too long for Slack",
        ),
        (
            r#"{"ok":false,"error":"brand_new_error"}"#,
            "refused the message: `brand_new_error`",
        ),
        (r#"{"ok":false,"error":"evil hunter2"}"#, "refused the message"),
        (
            r#"{"ok":false,"error":"internal_error"}"#,
            "the receiver failed (`internal_error`) (gave up after 3 attempts)",
        ),
        (r#"{"ok":true}"#, "answered 200, not as Slack's API does"),
        (
            r#"{"ok":true,"channel":"evil","ts":"1.0"}"#,
            "answered 200, not as Slack's API does",
        ),
        (
            "<html>evil hunter2</html>",
            "answered 200, not as Slack's API does",
        ),
    ] {
        let server = Receiver::start([Reply::Answer(200, answer)]).await;
        let sinks = Sinks::new(quick()).with(bot(&server));
        let said = sinks.deliver(&report(vec![drift("web")]), pending()).await[0].to_string();
        assert!(said.contains(want), "{answer}: {said}");
        assert!(!said.contains("evil") && !said.contains("hunter2"), "{said}");
        assert_eq!(
            server.received().len(),
            if answer.contains("internal") { 3 } else { 1 }
        );
    }
    let limited = Reply::WithHeader(429, "Retry-After: 0", "{}");
    let posted = Reply::Answer(200, r#"{"ok":true,"channel":"C0123ABCD","ts":"1.0"}"#);
    let server = Receiver::start([limited, posted]).await;
    let sinks = Sinks::new(quick()).with(bot(&server));
    let deliveries = sinks.deliver(&report(vec![drift("web")]), pending()).await;
    assert_eq!(deliveries[0].to_string(), "slack: delivered: 2 messages");
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn without_memory_every_scan_is_a_message_with_a_thread() {
    let slack = Slack::start().await;
    let sinks = Sinks::new(quick()).with(slack.bot());
    for _ in 0..2 {
        let deliveries = sinks
            .deliver(&report(vec![drift("web"), clean("api")]), pending())
            .await;
        assert_eq!(deliveries[0].keeps, None);
    }
    let headline =
        "prod: 1 of 2 releases drifted; the worst: changed /spec/field-000 in Deployment web-000 of shop/web";
    let once = [OPENED[0].to_owned(), format!(">  {headline}")];
    assert_eq!(slack.calls(), [&once[..], &once].concat());
    assert_eq!(
        sinks.deliver(&report(vec![clean("web")]), pending()).await[0].to_string(),
        "slack: nothing to send"
    );
    let mut always = slack.bot();
    always.when = SendWhen::Always;
    Sinks::new(quick())
        .with(always)
        .deliver(&report(vec![clean("web")]), pending())
        .await;
    assert_eq!(slack.calls()[4..], ["+  prod: 1 release, 0 objects in sync"]);
}

#[tokio::test]
async fn a_check_asks_for_the_scope_and_posts_nothing() {
    for (header, answer, status, said) in [
        (
            "x-oauth-scopes: incoming-webhook,chat:write",
            r#"{"ok":true,"team":"evil"}"#,
            CheckStatus::Valid,
            "no message was posted",
        ),
        (
            "x-oauth-scopes: chat:write.public",
            r#"{"ok":true}"#,
            CheckStatus::Invalid,
            "lacks the scope chat:write",
        ),
        (
            "x-other: x",
            r#"{"ok":true}"#,
            CheckStatus::Unclear,
            "does not say whether",
        ),
        (
            "x-other: x",
            r#"{"ok":false,"error":"account_inactive"}"#,
            CheckStatus::Invalid,
            "(`account_inactive`)",
        ),
        (
            "x-other: x",
            "<html>",
            CheckStatus::Invalid,
            "not as Slack's API does",
        ),
    ] {
        let server = Receiver::start([Reply::WithHeader(200, header, answer)]).await;
        let result = Sinks::new(quick()).with(bot(&server)).check().await.remove(0);
        assert_eq!(result.status, status, "{result:?}");
        assert!(result.message.contains(said), "{result:?}");
        assert!(!format!("{result:?}").contains("evil"), "{result:?}");
        let received = server.received();
        assert_eq!((received.len(), &*received[0].path), (1, "/api/auth.test"));
    }
}

#[tokio::test]
async fn a_preview_has_the_message_and_its_thread() {
    let slack = Slack::start().await;
    let sinks = Sinks::new(quick()).with(slack.bot());
    let report = report(vec![drift("web"), clean("api")]);
    let messages = sinks.preview(&report).remove(0).1.unwrap();
    assert_eq!(messages.len(), 2);
    for message in &messages {
        check_slack_call("chat.postMessage", message);
    }
    assert!(!json!(messages).to_string().contains("hunter2"));
    sinks.deliver(&report, pending()).await;
    let mut sent = slack.bodies();
    sent[1]["thread_ts"] = messages[1]["thread_ts"].clone();
    sent[1]["channel"] = messages[1]["channel"].clone();
    assert_eq!(messages, sent);
}

#[tokio::test]
async fn many_releases_and_hostile_names_stay_within_the_limits() {
    let mut scans = Scans::start().await;
    let many = |change: fn(ReleaseReport) -> ReleaseReport| -> Vec<ReleaseReport> {
        (0..520)
            .map(|number| {
                let release = drifted(
                    &format!("team-{:02}", number % 50),
                    &format!("app-{number:03}"),
                    1,
                    1,
                );
                change(release)
            })
            .collect()
    };
    assert_eq!(scans.scan(many(|release| release)).await.len(), 2);
    let opening = lines(&scans.slack.bodies()[0]);
    assert!(
        opening.len() > 50 && opening.last().unwrap().ends_with("left out for length"),
        "{opening:?}"
    );
    assert!(scans.scan(many(|release| release)).await.is_empty());
    let clean = |mut release: ReleaseReport| {
        release.verdict = Verdict::Clean;
        release.objects.clear();
        release
    };
    // Those that it does not follow are told apart.
    let calls = scans.scan(many(clean)).await;
    assert!(
        calls[0].starts_with("~  500 of 520 resolved; prod: 20 more releases") && calls.len() == 3,
        "{calls:?}"
    );
    assert!(
        calls[2].starts_with("+  prod: resolved in 20 releases"),
        "{calls:?}"
    );

    for name in HOSTILE {
        let mut scans = Scans::start().await;
        let name = format!("{name}{}", name.repeat(300 / name.len().max(1)));
        let hostile = |verdict| {
            let mut release = drifted(&name, &name, 2, 2);
            if verdict == Verdict::Clean {
                release.objects.clear();
            }
            release.verdict = verdict;
            release
        };
        let mut report = report(vec![hostile(Verdict::Drifted)]);
        report.cluster.name.clone_from(&name);
        scans.scan_report(report).await;
        scans.scan(vec![hostile(Verdict::Clean)]).await;
    }
}

#[tokio::test]
async fn a_memory_that_means_harm_changes_nothing_of_others() {
    let slack = Slack::start().await;
    let mut http = quick();
    http.attempts = 1;
    let mut bot = SlackBot::try_new(&SecretString::from(TOKEN), CHANNEL)
        .unwrap()
        .with_api(&slack.server.url("/api/"), Transport::AllowHttp)
        .unwrap();
    bot.pace = Duration::ZERO;
    let sinks = Sinks::new(http).with(bot);
    let mut report = report(vec![drift("web")]);
    identify(&mut report);
    let state = &mut State::fresh("prod", Salt::new([3; 16]));
    state.compare(&mut report);
    let key: String = report.releases[0]
        .tracked
        .fingerprint
        .unwrap()
        .to_string()
        .chars()
        .take(32)
        .collect();
    let thread = |channel: &str, ts: &str| {
        json!({
            "place": {"channel": channel, "ts": ts}, "headline": "<!channel>", "shown": "",
            "releases": [{
                "key": key, "namespace": "<!here>", "name": "../x", "title": "<!channel>\u{202e}", "facts": "<@U1>",
                "worst": "<!here>\n", "writer": "<!channel>",
            }],
        })
    };
    let mut parts = sinks.parts(&report, Some((state, &Telling::default())));
    for (channel, ts) in [
        ("C9999ZZZZ", "1.0"),
        ("../auth.revoke", "1.0"),
        (CHANNEL, "1.0/x"),
        (CHANNEL, "1"),
    ] {
        parts[0].kept = Some(json!({"channel": CHANNEL, "threads": [thread(channel, ts)]}));
        let before = slack.calls().len();
        sinks.deliver_parts(&parts, pending()).await;
        assert_eq!(slack.calls()[before..], OPENED, "{channel} {ts}");
    }
    // In the bot's own channel the text is harmless, and a message that is not there is posted anew.
    parts[0].kept = Some(json!({"channel": CHANNEL, "threads": [thread(CHANNEL, "1.0")]}));
    let before = slack.calls().len();
    sinks.deliver_parts(&parts, pending()).await;
    let changed = OPENED[0].replacen('+', "~", 1);
    assert_eq!(slack.calls()[before..], [changed.as_str(), OPENED[0], OPENED[1]]);
    // Of a release that this scan knows nothing of.
    let mut other = thread(CHANNEL, "1700000000.000100");
    other["releases"][0]["key"] = json!("0".repeat(32));
    parts[0].kept = Some(json!({"channel": CHANNEL, "threads": [other]}));
    let before = slack.calls().len();
    sinks.deliver_parts(&parts, pending()).await;
    assert_eq!(
        slack.calls()[before],
        "~  warning in prod: < !here>  of < !channel>, by < !channel> (claimed)"
    );
}
