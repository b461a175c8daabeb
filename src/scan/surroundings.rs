//! What is around the objects of a previewed operation: the question, and the obstacles in the answer.

use std::collections::HashSet;

use super::planned::{PlannedObject, SentObject};
use crate::object::ObjectKey;
use crate::preview::Operation;
use crate::preview::surroundings::{self, Obstacle, RecordWrite, Sent, SurroundingFacts, Taken};
use crate::release::history::History;
use crate::release::stored::Status;
use crate::source::Kinds;
use crate::source::surroundings::{SentVerb, Surroundings, SurroundingsQuestion};
use crate::vocabulary::PreviewCause;

/// The question about the surroundings of an operation.
pub(super) fn question(history: &History, objects: &[PlannedObject], kinds: &Kinds) -> SurroundingsQuestion {
    let mut question = SurroundingsQuestion::default();
    question.add_record(&history.key.namespace, history.key.driver);
    for (key, sent) in sent_in_turn(objects) {
        match sent {
            SentObject::Told {
                verb,
                object,
                live: _,
            } => question.add(*verb, key, object.as_ref(), kinds),
            SentObject::Untold => question.namespaces.extend(key.namespace.clone()),
        }
    }
    question
}

/// What stands in the way of an operation.
pub(super) fn surrounded(
    history: &History,
    operation: &Operation,
    objects: &[PlannedObject],
    answer: &Surroundings,
    kinds: &Kinds,
) -> Vec<Obstacle> {
    let in_turn = sent_in_turn(objects);
    let sent = in_turn.iter().map(|(key, sent)| match sent {
        SentObject::Told { verb, object, live } => Sent {
            key,
            verb: *verb,
            object: object.as_ref(),
            live: live.as_ref(),
        },
        SentObject::Untold => Sent {
            key,
            verb: SentVerb::Create,
            object: None,
            live: None,
        },
    });
    let sent: Vec<Sent<'_>> = sent.collect();
    let facts = SurroundingFacts {
        surroundings: answer,
        kinds,
        record: RecordWrite {
            release: &history.key.name,
            namespace: &history.key.namespace,
            driver: history.key.driver,
            revision: history.latest().map_or(1, |latest| latest.revision + 1),
            kept: history.revisions().len(),
            newest: history.latest().and_then(|latest| latest.created),
        },
        taken: taken(history, operation),
        sent: &sent,
    };
    // Of an object that may not be spoken of only the namespace is judged.
    let untold = in_turn.iter().filter(|(_, sent)| match sent {
        SentObject::Told { .. } => false,
        SentObject::Untold => true,
    });
    let untold: HashSet<&ObjectKey> = untold.map(|(key, _)| *key).collect();
    let mut obstacles = surroundings::judge(&facts);
    obstacles.retain(|obstacle| {
        let is_untold = obstacle.object.as_ref().is_some_and(|key| untold.contains(key));
        obstacle.cause == PreviewCause::NamespaceGone || !is_untold
    });
    obstacles
}

/// When the API server took all objects of the revision that Helm goes to, or of the one that an upgrade starts from.
fn taken(history: &History, operation: &Operation) -> Option<Taken> {
    let revision = operation.to.unwrap_or(operation.from);
    let mut revisions = history.revisions().iter();
    let stored = revisions.find(|stored| stored.revision == revision)?;
    match stored.status {
        Status::Deployed | Status::Superseded => Some(Taken {
            at: stored.created?,
            method: operation.method,
        }),
        Status::Failed
        | Status::PendingInstall
        | Status::PendingUpgrade
        | Status::PendingRollback
        | Status::Uninstalled
        | Status::Uninstalling
        | Status::Unknown => None,
    }
}

/// What Helm sends about the objects, in its order.
fn sent_in_turn(objects: &[PlannedObject]) -> Vec<(&ObjectKey, &SentObject)> {
    let sent = objects
        .iter()
        .filter_map(|object| Some((object.turn?.position, &object.key, object.sent()?)));
    let mut sent: Vec<_> = sent.collect();
    sent.sort_by_key(|(position, _, _)| *position);
    sent.into_iter().map(|(_, key, sent)| (key, sent)).collect()
}
