//! Ports of the nodes and cluster IPs that another Service has: the API server gives each of them to one Service
//! (Kubernetes: `pkg/registry/core/service/storage/alloc.go`, `initNodePorts`, `allocHealthCheckNodePort`, `allocClusterIPs`).
//!
//! A Service that Helm deletes has its ports until then, and deletions come last: a Service under a new name that keeps a
//! fixed node port cannot be created. A Service that Helm changes first may have given its port back by then.

use std::collections::BTreeMap;

use super::{Obstacle, Sent, SurroundingFacts, Verdict, gap_of};
use crate::source::surroundings::{FixedPlace, FixedPlaces, Holder, SentVerb, ServiceName};
use crate::vocabulary::PreviewCause;

pub(super) fn judge(facts: &SurroundingFacts<'_>) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let holders = facts.surroundings.holders.read().map_or(&[][..], Vec::as_slice);
    let mut claims: BTreeMap<FixedPlace, &Sent<'_>> = BTreeMap::new();
    let mut asks = false;
    for (turn, sent) in facts.sent.iter().enumerate() {
        for place in wanted(sent) {
            asks = true;
            let is_other = |service: &Option<ServiceName>| !is_holder(sent, service.as_ref());
            let taken = |holder: &&Holder| is_other(&holder.service) && holder.places.contains(&place);
            let earlier = claims.get(&place).filter(|earlier| earlier.key != sent.key);
            let obstacle = match (holders.iter().find(taken), earlier) {
                (Some(holder), _) => Some(by_live(facts, turn, sent, &place, holder.service.as_ref())),
                (None, Some(earlier)) => Some((
                    Verdict::refused(sent.verb),
                    format!("it cannot have {}: {} gets it first", shown(&place), earlier.key),
                )),
                (None, None) => None,
            };
            match obstacle {
                Some((verdict, message)) => {
                    found.push(Obstacle::of_object(PreviewCause::Taken, sent, verdict, message));
                }
                None => {
                    claims.insert(place, sent);
                }
            }
        }
    }
    if asks {
        let what = "whether the ports and addresses that Services name are free";
        found.extend(gap_of(what, Some(&facts.surroundings.holders)));
        let beyond = facts.surroundings.unread_services.as_ref();
        found.extend(beyond.map(|error| Obstacle::gap(what, error)));
    }
    found
}

/// The ports and addresses that a request asks for and its object does not have.
fn wanted(sent: &Sent<'_>) -> Vec<FixedPlace> {
    let is_written = match sent.verb {
        SentVerb::Create | SentVerb::Update => sent.is("", "Service"),
        SentVerb::Delete => false,
    };
    let Some(object) = sent.object.filter(|_| is_written) else {
        return Vec::new();
    };
    let own = sent.live.map(FixedPlaces::of).unwrap_or_default();
    let asked = FixedPlaces::of(object);
    asked.iter().filter(|place| !own.has(place)).cloned().collect()
}

fn by_live(
    facts: &SurroundingFacts<'_>,
    turn: usize,
    sent: &Sent<'_>,
    place: &FixedPlace,
    holder: Option<&ServiceName>,
) -> (Verdict, String) {
    let refused = Verdict::refused(sent.verb);
    let (place_shown, own) = (shown(place), facts.record.namespace);
    let of_operation = facts
        .sent
        .iter()
        .enumerate()
        .find(|(_, other)| is_holder(other, holder));
    let holder_shown = match holder {
        Some(holder) if holder.namespace == own => format!("Service {}/{}", holder.namespace, holder.name),
        Some(_) | None => "a Service in another namespace".to_owned(),
    };
    match of_operation {
        Some((_, other)) if other.verb == SentVerb::Delete => (
            refused,
            format!(
                "it cannot have {place_shown}: {holder_shown} has it, and Helm deletes that one only after everything else"
            ),
        ),
        Some((earlier, other)) if earlier < turn && gives_back(other, place) => (
            Verdict::MayFail,
            format!("it gets {place_shown} only if {holder_shown} gives it back before"),
        ),
        Some(_) | None => (
            refused,
            format!("it cannot have {place_shown}: {holder_shown} has it"),
        ),
    }
}

/// Whether a change of a Service may take a port or an address from it.
fn gives_back(other: &Sent<'_>, place: &FixedPlace) -> bool {
    other
        .object
        .is_some_and(|object| !FixedPlaces::of(object).has(place))
}

fn is_holder(sent: &Sent<'_>, holder: Option<&ServiceName>) -> bool {
    holder.is_some_and(|holder| {
        sent.is("", "Service")
            && sent.key.name == holder.name
            && sent.key.namespace.as_deref() == Some(&holder.namespace)
    })
}

fn shown(place: &FixedPlace) -> String {
    match place {
        FixedPlace::Port(port) => format!("node port {port}"),
        FixedPlace::Address(address) => format!("cluster IP {address}"),
    }
}
