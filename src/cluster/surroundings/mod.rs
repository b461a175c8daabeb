//! Reads what is around the objects of an operation of Helm ([`crate::source::surroundings`]).
//!
//! Every part is one list or a few GETs, all of them at once, and each fails by itself. Only what the rules of the API server
//! look at is kept. The number of requests and the size of what is kept are bounded; what is beyond a bound is an error of
//! that part, never a shorter list.

mod backends;
mod definitions;
mod limits;
mod namespaces;
mod policies;
mod quotas;
mod services;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use futures::stream;

use super::http::ApiClient;
use super::request::Reader;
use crate::source::surroundings::{
    Answer, MatchResources, NamespaceFacts, Policy, Surroundings, SurroundingsQuestion, Webhook,
};
use crate::source::{Kinds, ReadError};

/// How many names of one sort are asked about one by one. A release has objects in a few namespaces.
const MOST_NAMES: usize = 500;

/// How many of them are under way at once; the client has a limit of its own.
const AT_ONCE: usize = 8;

/// Reads what a question is about.
pub(super) async fn read(http: &ApiClient, question: &SurroundingsQuestion, kinds: &Kinds) -> Surroundings {
    let reader = &Reader { http, kinds };
    let admission = async {
        let (webhooks, policies) = futures::join!(webhooks::read(reader), policies::read(reader));
        (backends::check(reader, question, webhooks).await, policies)
    };
    let (
        mut namespaces,
        quotas,
        limits,
        services,
        (webhooks, policies),
        definitions,
        custom_objects,
        contents,
    ) = futures::join!(
        each(&question.namespaces, |name| namespaces::read(reader, name)),
        each(&question.namespaces, |name| quotas::read(reader, name)),
        each(&question.limited, |name| limits::read(reader, name)),
        services::read(reader, question),
        admission,
        each(&question.definitions, |name| definitions::read(reader, name)),
        each(&question.deleted_definitions, |name| definitions::count_objects(
            reader, name
        )),
        each(&question.deleted_namespaces, |name| namespaces::count_contents(
            reader, name
        )),
    );
    let (webhooks, policies) = (Answer::from(webhooks), Answer::from(policies));
    keep_selected_labels(&mut namespaces, &webhooks, &policies);
    Surroundings {
        namespaces,
        quotas,
        limits,
        holders: services.holders,
        unread_services: services.unread,
        places: question.places.clone(),
        webhooks,
        policies,
        definitions,
        custom_objects,
        contents,
    }
}

/// Asks about each name.
async fn each<'q, T, F>(
    names: &'q BTreeSet<String>,
    ask: impl Fn(&'q str) -> F,
) -> BTreeMap<String, Answer<T>>
where
    F: Future<Output = Result<T, ReadError>>,
{
    let mut asked = Vec::new();
    for name in names.iter().take(MOST_NAMES) {
        let answer = ask(name);
        asked.push(async move { (name.clone(), Answer::from(answer.await)) });
    }
    let mut answers: BTreeMap<String, Answer<T>> =
        stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    for name in names.iter().skip(MOST_NAMES) {
        let error = ReadError::BudgetSpent { limit: MOST_NAMES };
        answers.insert(name.clone(), Answer::Unread(error));
    }
    answers
}

/// Forgets the labels of namespaces that no selector looks at.
fn keep_selected_labels(
    namespaces: &mut BTreeMap<String, Answer<Option<NamespaceFacts>>>,
    webhooks: &Answer<Vec<Webhook>>,
    policies: &Answer<Vec<Policy>>,
) {
    let of_webhooks = webhooks
        .read()
        .into_iter()
        .flatten()
        .map(|webhook| &webhook.matches);
    let of_policies = policies.read().into_iter().flatten().flat_map(|policy| {
        let bindings = policy
            .bindings
            .iter()
            .filter_map(|binding| binding.matches.as_ref());
        [&policy.matches].into_iter().chain(bindings)
    });
    let keys: BTreeSet<&str> = of_webhooks
        .chain(of_policies)
        .flat_map(MatchResources::namespace_labels)
        .collect();
    for answer in namespaces.values_mut() {
        if let Answer::Read(Some(facts)) = answer {
            facts.labels.retain(|key, _| keys.contains(key.as_str()));
        }
    }
}
