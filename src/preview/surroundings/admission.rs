//! Webhooks and policies that decide about what Helm sends.
//!
//! One whose server cannot answer, and which fails closed, refuses every request that it is about, the record of the new
//! revision among them. One that answers decides as on every other day, and what it says is not known.
//!
//! The CEL expressions of policies are not evaluated. A policy that has not changed since it let the same objects pass lets
//! them pass again, if it looks at nothing but the object. What any other policy says is not known before, so the operation
//! may fail by it. Deletions are never proven so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Obstacle, SurroundingFacts, Verdict, about, gap_of};
use crate::object::{Gvk, ObjectKey};
use crate::source::ServedVersions;
use crate::source::surroundings::{
    AdmissionRequest, Answer, Backend, FailurePolicy, Labels, Matched, Policy, RequestLabels, Resource,
    SentVerb, Webhook,
};
use crate::vocabulary::{ApplyMethod, PreviewCause};

/// How many objects a sentence names.
const NAMED: usize = 2;

/// How many webhooks that answer are told one by one.
const MOST_ASKED: usize = 3;

pub(super) fn judge(facts: &SurroundingFacts<'_>) -> Vec<Obstacle> {
    let versions = facts.kinds.versions();
    let requests = requests(facts, &versions);
    let (mut found, mut asked) = (Vec::new(), Vec::new());
    let webhooks = &facts.surroundings.webhooks;
    for webhook in webhooks.read().map_or(&[][..], Vec::as_slice) {
        let of_webhook = by_webhook(webhook, &matched(&requests, |request| webhook.matched(request)));
        if of_webhook
            .iter()
            .any(|obstacle| obstacle.verdict == Verdict::Asked)
        {
            asked.push((webhook, of_webhook));
        } else {
            found.extend(of_webhook);
        }
    }
    found.extend(few(asked));
    let policies = &facts.surroundings.policies;
    for policy in policies.read().map_or(&[][..], Vec::as_slice) {
        let matched = matched(&requests, |request| policy.matched(request));
        found.extend(by_policy(facts, policy, &matched));
    }
    found.extend(gap_of("what webhooks are asked", Some(webhooks)));
    found.extend(gap_of("what policies are about", Some(policies)));
    found
}

/// Webhooks that answer, each in a sentence while there are few. A large cluster has dozens, and on every other day they
/// let pass what they are asked about.
fn few(asked: Vec<(&Webhook, Vec<Obstacle>)>) -> Vec<Obstacle> {
    if asked.len() <= MOST_ASKED {
        return asked.into_iter().flat_map(|(_, obstacles)| obstacles).collect();
    }
    let named: Vec<&str> = asked
        .iter()
        .take(NAMED)
        .map(|(webhook, _)| webhook.name.as_str())
        .collect();
    let message = format!(
        "{} webhooks decide about what Helm sends, and may refuse: {} and {} more",
        asked.len(),
        named.join(", "),
        asked.len() - NAMED
    );
    let obstacles = asked.iter().flat_map(|(_, obstacles)| obstacles);
    // One that is about anything else leaves the sentence open.
    let is_answered = obstacles.clone().all(|obstacle| !obstacle.about.is_empty());
    let mut about: Vec<ObjectKey> = obstacles.flat_map(|obstacle| &obstacle.about).cloned().collect();
    about.sort();
    about.dedup();
    vec![Obstacle {
        about: if is_answered { about } else { Vec::new() },
        ..Obstacle::of_release(PreviewCause::Admission, Verdict::Asked, message)
    }]
}

/// A request, with the labels that selectors look at.
struct Request<'a> {
    verb: SentVerb,
    gvk: Gvk,
    plural: &'a str,
    served_versions: &'a [&'a str],
    name: String,
    namespace: Option<&'a str>,
    /// `None` for the record.
    key: Option<&'a ObjectKey>,
    after: Option<Labels>,
    before: Option<Labels>,
    of_namespace: Option<Labels>,
    /// When the live object was created.
    created: Option<DateTime<Utc>>,
}

impl Request<'_> {
    fn asked(&self) -> AdmissionRequest<'_> {
        AdmissionRequest {
            verb: self.verb,
            resource: Resource {
                group: self.gvk.group(),
                version: self.gvk.version(),
                served_versions: self.served_versions,
                plural: self.plural,
            },
            name: &self.name,
            namespace: self.namespace,
            labels: RequestLabels {
                objects: [self.after.as_ref(), self.before.as_ref()],
                namespace: self.of_namespace.as_ref(),
            },
        }
    }
}

/// Every request of the operation: the record, then the objects.
fn requests<'a>(facts: &SurroundingFacts<'a>, versions: &'a ServedVersions<'a>) -> Vec<Request<'a>> {
    let record = facts.record;
    let created = created_namespaces(facts);
    let labels_of = |namespace: &str| {
        let read = facts
            .surroundings
            .namespaces
            .get(namespace)
            .and_then(Answer::read);
        let live = read.and_then(Option::as_ref).map(|facts| facts.labels.clone());
        live.or_else(|| created.get(namespace).cloned())
    };
    let of_record = Request {
        verb: SentVerb::Create,
        gvk: Gvk::new("v1", record.driver.kind()),
        plural: record.driver.resource(),
        served_versions: &[],
        name: format!("sh.helm.release.v1.{}.v{}", record.release, record.revision),
        namespace: Some(record.namespace),
        key: None,
        after: Some(record_labels(facts)),
        before: None,
        of_namespace: labels_of(record.namespace),
        created: None,
    };
    let of_objects = facts.sent.iter().filter_map(|sent| {
        let served = facts.kinds.served.get(&sent.key.gvk)?;
        let before = sent.live.map(labels);
        // Labels that the manifest does not name stay.
        let after = sent.object.map(|object| {
            let mut after = before.clone().unwrap_or_default();
            after.extend(labels(object));
            after
        });
        let of_namespace = match (sent.is("", "Namespace"), sent.verb) {
            (true, SentVerb::Create | SentVerb::Update) => after.clone(),
            (true, SentVerb::Delete) => before.clone(),
            (false, _) => sent.key.namespace.as_deref().and_then(labels_of),
        };
        Some(Request {
            verb: sent.verb,
            gvk: sent.key.gvk.clone(),
            plural: &served.plural,
            served_versions: versions.of(sent.key.gvk.group(), &served.plural),
            name: sent.key.name.clone(),
            namespace: sent.key.namespace.as_deref(),
            key: Some(sent.key),
            after,
            before,
            of_namespace,
            created: sent.live.and_then(created_at),
        })
    });
    [of_record].into_iter().chain(of_objects).collect()
}

/// The labels of the namespaces that the operation creates; the API server adds one (Kubernetes:
/// `pkg/registry/core/namespace/strategy.go`, `PrepareForCreate`).
fn created_namespaces(facts: &SurroundingFacts<'_>) -> BTreeMap<String, Labels> {
    let creates = facts
        .sent
        .iter()
        .filter(|sent| sent.verb == SentVerb::Create && sent.is("", "Namespace"));
    creates
        .map(|sent| {
            let mut labels = sent.object.map(labels).unwrap_or_default();
            labels.insert("kubernetes.io/metadata.name".to_owned(), sent.key.name.clone());
            (sent.key.name.clone(), labels)
        })
        .collect()
}

/// The labels of a record (Helm: `pkg/storage/driver/secrets.go`, `newSecretsObject`).
fn record_labels(facts: &SurroundingFacts<'_>) -> Labels {
    [
        ("name", facts.record.release.to_owned()),
        ("owner", "helm".to_owned()),
        ("version", facts.record.revision.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn created_at(object: &Value) -> Option<DateTime<Utc>> {
    let created = object["metadata"]["creationTimestamp"].as_str()?;
    Some(DateTime::parse_from_rfc3339(created).ok()?.to_utc())
}

fn labels(object: &Value) -> Labels {
    let labels = object["metadata"]["labels"].as_object();
    labels
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The requests that are matched, each with how surely.
fn matched<'r, 'a>(
    requests: &'r [Request<'a>],
    matched: impl Fn(&AdmissionRequest<'_>) -> Matched,
) -> Vec<(&'r Request<'a>, Matched)> {
    let each = requests
        .iter()
        .map(|request| (request, matched(&request.asked())));
    each.filter(|(_, matched)| *matched != Matched::No).collect()
}

fn by_webhook(webhook: &Webhook, matched: &[(&Request<'_>, Matched)]) -> Vec<Obstacle> {
    let dead = match &webhook.backend {
        Backend::Url => None,
        Backend::Service { service, port, state } => state.read().and_then(|state| {
            let why = state.why_dead()?;
            Some(format!(
                "Service {}/{} (port {port}) {why}",
                service.namespace, service.name
            ))
        }),
    };
    let named = format!(
        "webhook {} of {} {}",
        webhook.name, webhook.kind, webhook.configuration
    );
    match (dead, webhook.failure_policy) {
        (Some(why), FailurePolicy::Fail) => matched
            .iter()
            .map(|(request, matched)| refused_by_dead(request, *matched, &named, &why))
            .collect(),
        (Some(_), FailurePolicy::Ignore) => Vec::new(),
        (None, FailurePolicy::Fail | FailurePolicy::Ignore) => asked(&named, matched)
            .into_iter()
            .map(|obstacle| with_doubt(obstacle, &webhook.backend))
            .collect(),
    }
}

/// Says where it could not be read whether anything answers.
fn with_doubt(mut obstacle: Obstacle, backend: &Backend) -> Obstacle {
    let error = match backend {
        Backend::Url => None,
        Backend::Service { state, .. } => state.error(),
    };
    if let Some(error) = error {
        obstacle.message = format!("{}; whether it answers is not known: {error}", obstacle.message);
    }
    obstacle
}

fn refused_by_dead(request: &Request<'_>, matched: Matched, webhook: &str, why: &str) -> Obstacle {
    let answers = format!("{webhook} cannot answer: {why}");
    match (request.key, matched) {
        (None, Matched::Yes) => Obstacle::of_release(
            PreviewCause::RecordRefused,
            Verdict::RecordRefused,
            format!("Helm cannot store the new revision: {answers}"),
        ),
        (None, Matched::Perhaps | Matched::No) => Obstacle::of_release(
            PreviewCause::RecordRefused,
            Verdict::MayFail,
            format!("Helm may be unable to store the new revision: {answers}, if it is asked"),
        ),
        (Some(key), Matched::Yes) => Obstacle {
            cause: PreviewCause::Admission,
            object: Some(key.clone()),
            verdict: Verdict::refused(request.verb),
            message: format!("it is refused, because {answers}"),
            about: about(key, request.verb),
        },
        (Some(key), Matched::Perhaps | Matched::No) => Obstacle {
            cause: PreviewCause::Admission,
            object: Some(key.clone()),
            verdict: Verdict::MayFail,
            message: format!("it is refused if {webhook} is asked, which cannot answer: {why}"),
            about: about(key, request.verb),
        },
    }
}

fn by_policy(
    facts: &SurroundingFacts<'_>,
    policy: &Policy,
    matched: &[(&Request<'_>, Matched)],
) -> Vec<Obstacle> {
    let (proven, open): (Vec<_>, Vec<_>) = matched
        .iter()
        .copied()
        .partition(|(request, _)| has_passed(facts, policy, request));
    let (deletions, writes): (Vec<_>, Vec<_>) = open
        .into_iter()
        .partition(|(request, _)| request.verb == SentVerb::Delete);
    let who = format!("ValidatingAdmissionPolicy {}", policy.name);
    // Deletions are told one by one, because not every Helm fails by one.
    let open = [&writes[..]].into_iter().chain(deletions.chunks(1));
    let may_fail = open
        .flat_map(|matched| asked(&who, matched))
        .map(|obstacle| Obstacle {
            verdict: Verdict::MayFail,
            ..obstacle
        });
    asked(&who, &proven).into_iter().chain(may_fail).collect()
}

/// Whether a policy let the same object pass before, and cannot say anything else now.
///
/// Server-side apply sends every object every time. Client-side apply sends what differs, so a live object must have been
/// created under the policy, and of one that is created anew nothing is known. Where a policy asks about creations alone, or
/// about changes alone, it may not have been asked before.
fn has_passed(facts: &SurroundingFacts<'_>, policy: &Policy, request: &Request<'_>) -> bool {
    let passed = || {
        if request.key.is_none() {
            return facts.record.newest;
        }
        let taken = facts.taken?;
        let is_asked = |verb| {
            let asked = AdmissionRequest {
                verb,
                ..request.asked()
            };
            policy.matched(&asked) != Matched::No
        };
        match (request.verb, taken.method) {
            (SentVerb::Delete, _) | (SentVerb::Create, ApplyMethod::Csa) => None,
            (SentVerb::Create | SentVerb::Update, _)
                if !is_asked(SentVerb::Create) || !is_asked(SentVerb::Update) =>
            {
                None
            }
            (SentVerb::Create | SentVerb::Update, ApplyMethod::Ssa) => Some(taken.at),
            (SentVerb::Update, ApplyMethod::Csa) => Some(taken.at.min(request.created?)),
        }
    };
    policy
        .same_since
        .zip(passed())
        .is_some_and(|(since, passed)| since < passed)
}

/// The requests that somebody decides about whose answer is not known, in one sentence.
fn asked(who: &str, matched: &[(&Request<'_>, Matched)]) -> Vec<Obstacle> {
    if matched.is_empty() {
        return Vec::new();
    }
    let named = matched.iter().take(NAMED).map(|(request, _)| match request.key {
        Some(key) => key.to_string(),
        None => "the record of the new revision".to_owned(),
    });
    let mut named = named.collect::<Vec<_>>().join(", ");
    if matched.len() > NAMED {
        named = format!("{named} and {} more", matched.len() - NAMED);
    }
    let object = match matched {
        [(request, _)] => request.key.cloned(),
        _ => None,
    };
    let answered = matched
        .iter()
        .map(|(request, _)| match (request.key, request.verb) {
            (Some(key), SentVerb::Create | SentVerb::Update) => Some(key.clone()),
            (Some(_), SentVerb::Delete) | (None, _) => None,
        });
    vec![Obstacle {
        cause: PreviewCause::Admission,
        object,
        verdict: Verdict::Asked,
        message: format!("{who} decides about {named}, and may refuse"),
        about: answered.collect::<Option<Vec<_>>>().unwrap_or_default(),
    }]
}
