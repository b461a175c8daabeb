//! The threads that the bot opened and goes on with, as the memory keeps them from scan to scan.
//!
//! Kept are where a thread stands, its headline, and for each release a short fingerprint and what is said of it: names, paths and
//! codes, no values. What was kept may be anything: what is not of this form is passed over, texts are cleaned again, and only messages
//! in the bot's own channel are ever replied to or changed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::place::MessagePlace;
use super::settings::Channel;
use crate::model::{Fingerprint, ReleaseReport};
use crate::notify::digest::trouble;
use crate::notify::release::{release_name, told_facts};
use crate::notify::text::{NAME, clean, fit};
use crate::report::urgency::Urgent;
use crate::report::words::critical_codes;

/// How many threads are gone on with. The oldest one gives way.
const MOST_THREADS: usize = 50;

/// How many releases one thread follows.
pub(super) const MOST_RELEASES: usize = 500;

/// How many releases all threads follow together. The oldest threads give way.
const MOST_FOLLOWED: usize = 1_000;

/// How many bytes all threads take together. The oldest ones give way: the memory keeps no more than 1 MiB for a receiver, and
/// nothing at all of what is longer.
const MOST_BYTES: usize = 900 << 10;

/// The longest text of a release, and the longest headline, in bytes inside a JSON string.
pub(super) const LINE: usize = 240;

/// How many characters of a fingerprint tell a release from all others.
const KEY: usize = 32;

/// What tells a release from all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ReleaseKey(String);

impl ReleaseKey {
    /// The key of a release.
    pub(super) fn of(fingerprint: &Fingerprint) -> Self {
        Self(fingerprint.to_string().chars().take(KEY).collect())
    }

    fn is_key(&self) -> bool {
        self.0.len() == KEY && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// A release that a thread is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Followed {
    /// Which one.
    pub(super) key: ReleaseKey,
    /// Its namespace, for links.
    pub(super) namespace: String,
    /// Its name, for links.
    pub(super) name: String,
    /// Its name as messages have it.
    pub(super) title: String,
    /// Whether it keeps coming and going.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) flapping: bool,
    /// How much is wrong with it: numbers and codes.
    pub(super) facts: String,
    /// The worst of that.
    pub(super) worst: String,
    /// Who claims to have written the worst of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) writer: Option<String>,
    /// Whether it is in a critical state.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) is_critical: bool,
    /// How what the channel was told of it ended, the last part of it at least.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) ending: Option<String>,
    /// Whether nothing of it is left.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) is_over: bool,
}

impl Followed {
    /// A release, and what is so of it now.
    pub(super) fn new(key: ReleaseKey, release: &ReleaseReport) -> Self {
        let is_remembered = release.tracked.status.is_some();
        let urgent = Urgent::whatever_is_new(release);
        let text = |text: &str| fit(text, LINE);
        Self {
            key,
            namespace: short(&release.namespace),
            name: short(&release.name),
            title: text(&release_name(release)),
            flapping: release.tracked.flapping,
            facts: text(&told_facts(release, is_remembered)),
            worst: text(&urgent.as_ref().map(trouble).unwrap_or_default()),
            writer: urgent.and_then(|urgent| urgent.who().map(short)),
            is_critical: !critical_codes(release).is_empty(),
            ending: None,
            is_over: false,
        }
    }

    /// Notes what is so now.
    pub(super) fn goes_on(&mut self, release: &ReleaseReport) {
        *self = Self::new(self.key.clone(), release);
    }

    /// The release to look at first, of those that are not over: one in a critical state, else the one that was the worst.
    pub(super) fn first(releases: &[Self]) -> Option<&Self> {
        let open = releases.iter().filter(|release| !release.is_over);
        open.min_by_key(|release| !release.is_critical)
    }

    /// How bad it is, in a word.
    pub(super) const fn severity(&self) -> &'static str {
        if self.is_critical { "critical" } else { "warning" }
    }

    /// Whether the worst of it is no code that the facts have already.
    pub(super) fn says_more(&self) -> bool {
        !self.worst.is_empty() && !self.facts.split(", ").any(|fact| fact == self.worst)
    }

    /// The worst of it, and who claims to have written that. Field managers are not authenticated.
    pub(super) fn worst_by(&self) -> String {
        match &self.writer {
            Some(writer) => format!("{}, by {writer} (claimed)", self.worst),
            None => self.worst.clone(),
        }
    }

    /// Notes that nothing is left.
    pub(super) fn ends(&mut self, ending: &str) {
        self.ending = Some(fit(ending, LINE));
        self.is_over = true;
    }
}

/// A thread: the message at its top, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Thread {
    /// Where the message stands.
    pub(super) place: MessagePlace,
    /// What was wrong when it was posted.
    pub(super) headline: String,
    /// Its releases, the worst first.
    pub(super) releases: Vec<Followed>,
    /// How many more it was about than it follows.
    #[serde(skip_serializing_if = "is_none", default)]
    pub(super) more: usize,
    /// Whether the details of what was new are still to be posted.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) owes_details: bool,
    /// A hash of the message as it stands there.
    #[serde(default)]
    pub(super) shown: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_none(number: &usize) -> bool {
    *number == 0
}

impl Thread {
    /// Whether nothing of what it is about is left.
    pub(super) fn is_over(&self) -> bool {
        self.more == 0 && self.releases.iter().all(|release| release.is_over)
    }

    /// Whether it is about a release.
    pub(super) fn has(&self, key: &ReleaseKey) -> bool {
        self.releases.iter().any(|release| release.key == *key)
    }

    /// A thread that was kept, if it can be one of the bot's in this channel.
    fn of_kept(kept: &Value, channel: &Channel) -> Option<Self> {
        let mut thread: Self = serde_json::from_value(kept.clone()).ok()?;
        thread.place = thread.place.checked(channel)?;
        thread.headline = cleaned(&thread.headline);
        thread.releases.retain(|release| release.key.is_key());
        thread.releases.truncate(MOST_RELEASES);
        for release in &mut thread.releases {
            release.namespace = short(&release.namespace);
            release.name = short(&release.name);
            for text in [&mut release.title, &mut release.facts, &mut release.worst] {
                *text = cleaned(text);
            }
            release.writer = release.writer.as_deref().map(short);
            release.ending = release.ending.as_deref().map(cleaned);
        }
        (!thread.releases.is_empty()).then_some(thread)
    }
}

fn cleaned(text: &str) -> String {
    fit(&clean(text, LINE), LINE)
}

/// One name, cleaned. So many bytes hold every name that the API server lets through.
fn short(name: &str) -> String {
    fit(&clean(name, NAME), NAME)
}

/// All threads that are gone on with, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Threads(pub(super) Vec<Thread>);

impl Threads {
    /// Reads what was kept. After the channel has been changed, nothing is gone on with.
    pub(super) fn of_kept(kept: &Value, channel: &Channel) -> Self {
        let threads = kept["threads"].as_array().into_iter().flatten();
        let threads = threads
            .filter(|_| kept["channel"] == channel.as_str())
            .take(MOST_THREADS)
            .filter_map(|thread| Thread::of_kept(thread, channel));
        Self(threads.collect())
    }

    /// What is to be kept: the newest of them.
    pub(super) fn kept(mut self, channel: &Channel) -> Value {
        let (mut followed, mut bytes) = (0, 0);
        let newest = self.0.iter().rev().take(MOST_THREADS).take_while(|thread| {
            followed += thread.releases.len();
            bytes += json!(thread).to_string().len();
            followed <= MOST_FOLLOWED && bytes <= MOST_BYTES
        });
        let old = self.0.len() - newest.count();
        self.0.drain(..old);
        json!({"channel": channel.as_str(), "threads": self.0})
    }

    /// Whether a thread is about a release.
    pub(super) fn has(&self, key: &ReleaseKey) -> bool {
        self.0.iter().any(|thread| thread.has(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::release;

    fn thread(number: usize, releases: usize) -> Thread {
        let release = |at: usize| {
            let key = ReleaseKey::of(&Fingerprint::of(["release", &format!("{number}-{at}")]));
            Followed::new(key, &release("shop", "web"))
        };
        Thread {
            place: MessagePlace {
                channel: "C0123ABCD".to_owned(),
                ts: format!("{number}.000100"),
            },
            headline: "prod: something".to_owned(),
            releases: (0..releases).map(release).collect(),
            more: 0,
            owes_details: false,
            shown: String::new(),
        }
    }

    fn channel() -> Channel {
        Channel::try_new("ops").unwrap()
    }

    #[test]
    fn threads_come_back_as_they_were_kept() {
        let threads = Threads(vec![thread(1, 2), thread(2, 1)]);
        let kept = threads.clone().kept(&channel());
        assert_eq!(Threads::of_kept(&kept, &channel()), threads);
        let other = Channel::try_new("dev").unwrap();
        assert_eq!(Threads::of_kept(&kept, &other), Threads::default());
    }

    #[test]
    fn the_oldest_threads_give_way() {
        let many = Threads((0..60).map(|number| thread(number, 1)).collect());
        let kept = Threads::of_kept(&many.kept(&channel()), &channel());
        assert_eq!((kept.0.len(), &*kept.0[0].place.ts), (50, "10.000100"));
        let large = Threads((0..3).map(|number| thread(number, 400)).collect());
        let kept = large.kept(&channel());
        assert!(kept.to_string().len() < 1 << 20);
        assert_eq!(Threads::of_kept(&kept, &channel()).0.len(), 2);
    }

    /// What is longer than the memory takes would be forgotten as a whole, and every open message with it.
    #[test]
    fn long_texts_cost_the_oldest_threads_and_not_all_of_them() {
        let mut long = json!(thread(1, MOST_RELEASES));
        let text = "\u{1f680}".repeat(1_000);
        for release in long["releases"].as_array_mut().unwrap() {
            for key in ["namespace", "name", "title", "facts", "worst", "writer", "ending"] {
                release[key] = json!(text);
            }
        }
        let long = Thread::of_kept(&long, &channel()).unwrap();
        let mut newest = long.clone();
        newest.place.ts = "2.000100".to_owned();
        let kept = Threads(vec![long, newest]).kept(&channel());
        assert!(kept.to_string().len() < 1 << 20);
        let kept = Threads::of_kept(&kept, &channel());
        assert_eq!((kept.0.len(), &*kept.0[0].place.ts), (1, "2.000100"));
    }

    #[test]
    fn whatever_else_comes_back_is_nothing() {
        let good = json!(thread(1, 1));
        let with = |pointer: &str, value: Value| {
            let mut thread = good.clone();
            *thread.pointer_mut(pointer).unwrap() = value;
            json!({"channel": "ops", "threads": [thread]})
        };
        for kept in [
            json!(null),
            json!("text"),
            json!({"threads": {"a": 1}}),
            json!({"channel": "ops", "threads": [1, null, "x", {}]}),
            with("/place/channel", json!("U0123ABCD")),
            with("/place/channel", json!("../auth.revoke")),
            with("/place/ts", json!("1")),
            with("/releases", json!([])),
            with("/releases/0/key", json!("x")),
            with("/releases/0/facts", json!(7)),
        ] {
            assert_eq!(Threads::of_kept(&kept, &channel()), Threads::default(), "{kept}");
        }
        let hostile = format!("<!channel>\u{202e}\n{}", "x".repeat(9_000));
        for key in ["namespace", "name", "title", "facts", "worst", "writer", "ending"] {
            let mut given = json!(thread(1, 1));
            given["releases"][0][key] = json!(hostile);
            let kept = Threads::of_kept(&json!({"channel": "ops", "threads": [given]}), &channel());
            let text = json!(kept.0[0].releases[0])[key].as_str().unwrap().to_owned();
            assert!(
                text.len() <= LINE && text.starts_with("<!channel> x"),
                "{key}: {text}"
            );
        }
        let mut id = with("/headline", json!("x"));
        id["channel"] = json!("C0000ZZZZ");
        let id_channel = Channel::try_new("C0000ZZZZ").unwrap();
        assert_eq!(
            Threads::of_kept(&id, &id_channel),
            Threads::default(),
            "another channel's"
        );
    }
}
