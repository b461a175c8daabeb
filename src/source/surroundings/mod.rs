//! What is around the objects of an operation of Helm and may stand in its way: namespaces, quotas, ports, webhooks,
//! policies, definitions of custom resources.
//!
//! A scan compares objects and asks for none of this; a preview does, once for each operation. The answers are reduced to
//! what the rules of the API server look at, so that a snapshot can hold them: of Services only those that have a port or an
//! address that is asked for, of webhooks only their rules. They hold no values of objects. Every part is read by itself, or
//! says why it was not: a missing right leaves a gap in a preview and never ends it.
//!
//! Whoever asks names only namespaces that the record of the release may speak for (see [`crate::manifest::standing`]).

mod admission;
mod facts;
mod matching;
mod question;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::admission::{
    AdmissionRule, Backend, BackendState, Binding, FailurePolicy, LabelOperator, LabelRequirement,
    LabelSelector, MatchPolicy, MatchResources, Policy, RuleScope, Webhook, WebhookKind,
};
pub use self::facts::{
    Amounts, Contents, Counted, DefinedVersion, Definition, FixedPlace, Holder, Labels, Limit, LimitRange,
    NamespaceFacts, Quota, ServiceName,
};
pub use self::matching::{AdmissionRequest, Matched, RequestLabels, Resource};
pub use self::question::{FixedPlaces, SentVerb, SurroundingsQuestion, definition_of};
use super::ReadError;

/// What is around the objects of an operation, as far as it was asked for and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Surroundings {
    /// The namespaces that were asked for; `None` for one that does not exist.
    pub namespaces: BTreeMap<String, Answer<Option<NamespaceFacts>>>,
    /// The quotas of these namespaces.
    pub quotas: BTreeMap<String, Answer<Vec<Quota>>>,
    /// The limits of the namespaces in which volume claims and Pods are written.
    pub limits: BTreeMap<String, Answer<Vec<LimitRange>>>,
    /// The Services that have a port or an address that was asked for.
    pub holders: Answer<Vec<Holder>>,
    /// Why there may be others in namespaces whose Services could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_services: Option<ReadError>,
    /// The ports and addresses that were asked for.
    pub places: FixedPlaces,
    /// The webhooks of every `ValidatingWebhookConfiguration` and `MutatingWebhookConfiguration`.
    pub webhooks: Answer<Vec<Webhook>>,
    /// The `ValidatingAdmissionPolicy` objects that a binding puts to use.
    pub policies: Answer<Vec<Policy>>,
    /// The definitions of custom resources that were asked for, by name; `None` for one that does not exist.
    pub definitions: BTreeMap<String, Answer<Option<Definition>>>,
    /// How many custom objects go with the definitions that would be deleted.
    pub custom_objects: BTreeMap<String, Answer<Counted>>,
    /// What goes with the namespaces that would be deleted.
    pub contents: BTreeMap<String, Answer<Contents>>,
}

/// The answer to one part of a question.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T> {
    /// It was not asked for.
    #[default]
    NotAsked,
    /// It was read.
    Read(T),
    /// It could not be read.
    Unread(ReadError),
}

impl<T> Answer<T> {
    /// What was read, if it was.
    pub const fn read(&self) -> Option<&T> {
        match self {
            Self::Read(answer) => Some(answer),
            Self::NotAsked | Self::Unread(_) => None,
        }
    }

    /// Why it was not read, if it was asked for.
    pub const fn error(&self) -> Option<&ReadError> {
        match self {
            Self::Unread(error) => Some(error),
            Self::NotAsked | Self::Read(_) => None,
        }
    }

    /// Whether it was asked for.
    const fn is_asked(&self) -> bool {
        match self {
            Self::NotAsked => false,
            Self::Read(_) | Self::Unread(_) => true,
        }
    }
}

impl<T> From<Result<T, ReadError>> for Answer<T> {
    fn from(result: Result<T, ReadError>) -> Self {
        match result {
            Ok(answer) => Self::Read(answer),
            Err(error) => Self::Unread(error),
        }
    }
}

impl Surroundings {
    /// The answer of a source that has none: every part that was asked for is unread.
    pub fn unread(question: &SurroundingsQuestion, error: &ReadError) -> Self {
        fn each<T>(names: &BTreeSet<String>, error: &ReadError) -> BTreeMap<String, Answer<T>> {
            let unread = |name: &String| (name.clone(), Answer::Unread(error.clone()));
            names.iter().map(unread).collect()
        }
        Self {
            namespaces: each(&question.namespaces, error),
            quotas: each(&question.namespaces, error),
            limits: each(&question.limited, error),
            holders: if question.places.is_empty() {
                Answer::NotAsked
            } else {
                Answer::Unread(error.clone())
            },
            unread_services: None,
            places: question.places.clone(),
            webhooks: Answer::Unread(error.clone()),
            policies: Answer::Unread(error.clone()),
            definitions: each(&question.definitions, error),
            custom_objects: each(&question.deleted_definitions, error),
            contents: each(&question.deleted_namespaces, error),
        }
    }

    /// Adds the answer to another question. What was read is not taken back by a later failure.
    pub fn add(&mut self, other: Self) {
        merge(&mut self.namespaces, other.namespaces);
        merge(&mut self.quotas, other.quotas);
        merge(&mut self.limits, other.limits);
        merge(&mut self.definitions, other.definitions);
        merge(&mut self.custom_objects, other.custom_objects);
        merge(&mut self.contents, other.contents);
        match (&mut self.holders, other.holders) {
            (Answer::Read(known), Answer::Read(new)) => {
                self.places.extend(other.places);
                self.unread_services = self.unread_services.take().or(other.unread_services);
                for holder in new {
                    match known.iter_mut().find(|known| known.service == holder.service) {
                        Some(known) => known.places.extend(holder.places),
                        None => known.push(holder),
                    }
                }
            }
            (known @ (Answer::NotAsked | Answer::Unread(_)), new @ (Answer::Read(_) | Answer::Unread(_))) => {
                *known = new;
                self.places = other.places;
                self.unread_services = other.unread_services;
            }
            (Answer::Read(_), Answer::Unread(_)) | (_, Answer::NotAsked) => {}
        }
        replace(&mut self.webhooks, other.webhooks);
        replace(&mut self.policies, other.policies);
    }

    /// The part of it that answers a question; what it does not hold is unread for the given reason.
    #[must_use]
    pub fn select(&self, question: &SurroundingsQuestion, missing: &ReadError) -> Self {
        let mut selected = Self::unread(question, missing);
        fill(&mut selected.namespaces, &self.namespaces);
        fill(&mut selected.quotas, &self.quotas);
        fill(&mut selected.limits, &self.limits);
        fill(&mut selected.definitions, &self.definitions);
        fill(&mut selected.custom_objects, &self.custom_objects);
        fill(&mut selected.contents, &self.contents);
        if selected.holders.is_asked() && self.places.contains(&question.places) {
            let of_question = |holder: &Holder| {
                let mut holder = holder.clone();
                holder.places.retain(|place| question.places.has(place));
                (!holder.places.is_empty()).then_some(holder)
            };
            selected.unread_services.clone_from(&self.unread_services);
            selected.holders = match &self.holders {
                Answer::Read(holders) => Answer::Read(holders.iter().filter_map(of_question).collect()),
                Answer::Unread(error) => Answer::Unread(error.clone()),
                Answer::NotAsked => Answer::Unread(missing.clone()),
            };
        }
        if self.webhooks.is_asked() {
            selected.webhooks.clone_from(&self.webhooks);
        }
        if self.policies.is_asked() {
            selected.policies.clone_from(&self.policies);
        }
        selected
    }
}

fn replace<T>(known: &mut Answer<T>, new: Answer<T>) {
    match (&*known, &new) {
        (_, Answer::NotAsked) | (Answer::Read(_), Answer::Unread(_)) => {}
        (Answer::NotAsked | Answer::Unread(_), _) | (Answer::Read(_), Answer::Read(_)) => *known = new,
    }
}

fn merge<T>(known: &mut BTreeMap<String, Answer<T>>, new: BTreeMap<String, Answer<T>>) {
    for (name, answer) in new {
        replace(known.entry(name).or_default(), answer);
    }
}

fn fill<T: Clone>(selected: &mut BTreeMap<String, Answer<T>>, known: &BTreeMap<String, Answer<T>>) {
    for (name, answer) in selected {
        if let Some(known) = known.get(name).filter(|known| known.is_asked()) {
            answer.clone_from(known);
        }
    }
}

#[cfg(test)]
mod tests;
