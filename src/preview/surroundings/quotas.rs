//! Quotas that leave no room: for the record of the new revision, for objects that are created, and for Services and volume
//! claims that come to use more (Kubernetes: `apiserver/pkg/admission/plugin/resourcequota/controller.go`,
//! `CheckRequest`).
//!
//! Objects of other kinds count when they are created only. What is deleted is deleted last, so it makes no room. Usage adds
//! up in the order of the requests. A quota that counts Pods by what they request is not calculated here.

use std::collections::BTreeMap;

use super::usage::{self, Usage};
use super::{Obstacle, Sent, SurroundingFacts, Verdict, gap_of, namespaces_of_creates};
use crate::compare::quantity::Quantity;
use crate::source::surroundings::{Quota, SentVerb};
use crate::vocabulary::{PreviewCause, count};

/// How many records Helm keeps unless `--history-max` says otherwise (Helm: `pkg/cmd/upgrade.go`, `rollback.go`).
const HISTORY_MAX: usize = 10;

/// What becomes of a request by one quota.
enum Room {
    Enough,
    /// The limits that it would exceed.
    Exceeded(Vec<String>),
    /// The resources whose usage is not known to the API server yet.
    NotCounted(Vec<String>),
}

pub(super) fn judge(facts: &SurroundingFacts<'_>) -> Vec<Obstacle> {
    let mut counters = Counters::of(facts);
    let record = facts.record;
    let mut found = Vec::new();
    let usage = usage::of("", record.driver.resource(), None);
    for (quota, room) in counters.add(record.namespace, &usage) {
        found.extend(of_record(facts, &quota, room));
    }
    for sent in facts.sent {
        let Some((namespace, usage)) = used_more(facts, sent) else {
            continue;
        };
        for (quota, room) in counters.add(namespace, &usage) {
            let quota = Named {
                quota,
                is_own: namespace == record.namespace,
            };
            found.extend(of_object(sent, namespace, &quota, room));
        }
        found.extend(of_pod(facts, sent));
    }
    found.extend(namespaces_of_creates(facts).into_iter().filter_map(|namespace| {
        let what = format!("whether the quotas of namespace {namespace} leave room");
        gap_of(&what, facts.surroundings.quotas.get(namespace))
    }));
    found
}

fn of_record(facts: &SurroundingFacts<'_>, quota: &str, room: Room) -> Option<Obstacle> {
    let kept = facts.record.kept;
    let namespace = facts.record.namespace;
    let of = |verdict, message| {
        Some(Obstacle::of_release(
            PreviewCause::RecordRefused,
            verdict,
            message,
        ))
    };
    match room {
        Room::Enough => None,
        // Helm deletes the oldest records first, and the API server counts anew a moment later (Helm:
        // `pkg/storage/storage.go`, `Create`).
        Room::Exceeded(limits) if kept >= HISTORY_MAX => of(
            Verdict::MayFail,
            format!(
                "quota {quota} of namespace {namespace} is full ({}): the new revision is stored only if the API server \
                 has counted again after Helm deleted the oldest of the {}",
                limits.join(", "),
                count(kept, "record")
            ),
        ),
        Room::Exceeded(limits) => of(
            Verdict::RecordRefused,
            format!(
                "Helm cannot store the new revision: quota {quota} of namespace {namespace} is full ({})",
                limits.join(", ")
            ),
        ),
        Room::NotCounted(names) => of(
            Verdict::MayFail,
            format!(
                "Helm cannot store the new revision before quota {quota} of namespace {namespace} has counted {}",
                names.join(", ")
            ),
        ),
    }
}

/// A quota, and whether its amounts may be told.
struct Named {
    quota: String,
    is_own: bool,
}

fn of_object(sent: &Sent<'_>, namespace: &str, quota: &Named, room: Room) -> Option<Obstacle> {
    let done = match sent.verb {
        SentVerb::Create => "created",
        SentVerb::Update => "changed",
        SentVerb::Delete => "deleted",
    };
    let of = |verdict, message| Some(Obstacle::of_object(PreviewCause::Quota, sent, verdict, message));
    match room {
        Room::Enough => None,
        Room::Exceeded(_) if !quota.is_own => of(
            Verdict::refused(sent.verb),
            format!("it cannot be {done}: a quota of namespace {namespace} leaves no room for it"),
        ),
        Room::Exceeded(limits) => of(
            Verdict::refused(sent.verb),
            format!(
                "it cannot be {done}: quota {} leaves no room for it ({})",
                quota.quota,
                limits.join(", ")
            ),
        ),
        Room::NotCounted(_) => of(
            Verdict::MayFail,
            format!("it cannot be {done} before the quotas of namespace {namespace} have been counted"),
        ),
    }
}

/// What a request uses of the quotas of its namespace.
fn used_more<'a>(facts: &SurroundingFacts<'_>, sent: &Sent<'a>) -> Option<(&'a str, Usage)> {
    let namespace = sent.key.namespace.as_deref()?;
    let group = sent.key.gvk.group();
    let plural = facts.kinds.served.get(&sent.key.gvk)?.plural.as_str();
    let used = |object| usage::of(group, plural, object);
    match sent.verb {
        SentVerb::Create => Some((namespace, used(sent.object))),
        SentVerb::Update if sent.is("", "Service") || sent.is("", "PersistentVolumeClaim") => {
            // What the manifest leaves out stays as it is; its type is what matters.
            let (object, live) = (sent.object?, sent.live?);
            Some((namespace, usage::more(used(Some(object)), &used(Some(live)))))
        }
        SentVerb::Update | SentVerb::Delete => None,
    }
}

/// A Pod of the manifest is counted by what its containers request and by the quota's scopes too.
fn of_pod(facts: &SurroundingFacts<'_>, sent: &Sent<'_>) -> Option<Obstacle> {
    if sent.verb != SentVerb::Create || !sent.is("", "Pod") {
        return None;
    }
    let namespace = sent.key.namespace.as_deref()?;
    let quotas = facts.surroundings.quotas.get(namespace)?.read()?;
    let is_of_pods =
        |quota: &Quota| !quota.scopes.is_empty() || quota.hard.keys().any(|name| is_compute(name));
    quotas.iter().any(is_of_pods).then(|| {
        let message = format!("a quota of namespace {namespace} limits what its Pods may request");
        Obstacle::of_object(PreviewCause::Quota, sent, Verdict::MayFail, message)
    })
}

fn is_compute(name: &str) -> bool {
    let is_whole = ["cpu", "memory", "ephemeral-storage"].contains(&name);
    let is_part = ["limits.", "hugepages-"]
        .iter()
        .any(|start| name.starts_with(start));
    is_whole || is_part || (name.starts_with("requests.") && name != "requests.storage")
}

/// What is used of each quota, while the requests are gone through.
struct Counters<'a> {
    quotas: BTreeMap<&'a str, Vec<Counter<'a>>>,
}

struct Counter<'a> {
    quota: &'a Quota,
    added: BTreeMap<String, i128>,
}

impl<'a> Counters<'a> {
    fn of(facts: &SurroundingFacts<'a>) -> Self {
        let read = facts
            .surroundings
            .quotas
            .iter()
            .filter_map(|(namespace, quotas)| {
                // A quota with scopes counts neither records nor Services, and volume claims only by their attributes.
                let counted = quotas.read()?.iter().filter(|quota| quota.scopes.is_empty());
                let counters = counted.map(|quota| Counter {
                    quota,
                    added: BTreeMap::new(),
                });
                Some((namespace.as_str(), counters.collect()))
            });
        Self {
            quotas: read.collect(),
        }
    }

    /// Adds what a request uses, and says what each quota makes of it. A refused request uses nothing.
    fn add(&mut self, namespace: &str, usage: &Usage) -> Vec<(String, Room)> {
        let counters = self
            .quotas
            .get_mut(namespace)
            .map_or(&mut [][..], Vec::as_mut_slice);
        let rooms: Vec<(String, Room)> = counters
            .iter()
            .map(|counter| (counter.quota.name.clone(), counter.room(usage)))
            .collect();
        if rooms.iter().all(|(_, room)| matches!(room, Room::Enough)) {
            for counter in counters {
                for (name, amount) in usage {
                    let added = counter.added.entry(name.clone()).or_default();
                    *added = added.saturating_add(*amount);
                }
            }
        }
        rooms
    }
}

impl Counter<'_> {
    fn room(&self, usage: &Usage) -> Room {
        let (mut exceeded, mut not_counted) = (Vec::new(), Vec::new());
        for (name, amount) in usage.iter().filter(|(_, amount)| **amount > 0) {
            let Some(limit) = self.quota.hard.get(name) else {
                continue;
            };
            let Some(used) = self.quota.used.get(name) else {
                not_counted.push(name.clone());
                continue;
            };
            let amounts = Quantity::parse(limit).zip(Quantity::parse(used));
            let Some((limit_amount, used_amount)) = amounts else {
                continue;
            };
            let added = self.added.get(name).copied().unwrap_or_default();
            let sum = used_amount.nanos().saturating_add(added).saturating_add(*amount);
            if sum > limit_amount.nanos() {
                exceeded.push(format!("{name}: {used} of {limit} used"));
            }
        }
        if !exceeded.is_empty() {
            Room::Exceeded(exceeded)
        } else if !not_counted.is_empty() {
            Room::NotCounted(not_counted)
        } else {
            Room::Enough
        }
    }
}
