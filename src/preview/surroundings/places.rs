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
    let index = Index::of(facts);
    let mut claims: BTreeMap<FixedPlace, &Sent<'_>> = BTreeMap::new();
    let mut asks = false;
    for (turn, sent) in facts.sent.iter().enumerate() {
        for place in wanted(sent) {
            asks = true;
            let earlier = claims.get(&place).filter(|earlier| earlier.key != sent.key);
            let obstacle = match (index.other_holder(sent, &place), earlier) {
                (Some(holder), _) => Some(index.by_live(turn, sent, &place, holder)),
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

/// Who has each place, and the requests about Services, for looking them up.
struct Index<'a> {
    /// The namespace of the release.
    own: &'a str,
    holders: BTreeMap<&'a FixedPlace, Vec<&'a Holder>>,
    /// The first request about each Service, with its turn, by namespace and name.
    services: BTreeMap<(&'a str, &'a str), (usize, &'a Sent<'a>)>,
}

impl<'a> Index<'a> {
    fn of(facts: &SurroundingFacts<'a>) -> Self {
        let mut holders: BTreeMap<&FixedPlace, Vec<&Holder>> = BTreeMap::new();
        for holder in facts.surroundings.holders.read().into_iter().flatten() {
            for place in &holder.places {
                holders.entry(place).or_default().push(holder);
            }
        }
        let mut services = BTreeMap::new();
        for (turn, sent) in facts.sent.iter().enumerate() {
            if let Some(name) = service_name(sent) {
                services.entry(name).or_insert((turn, sent));
            }
        }
        Self {
            own: facts.record.namespace,
            holders,
            services,
        }
    }

    /// The first that has a place, other than the object of a request.
    fn other_holder(&self, sent: &Sent<'_>, place: &FixedPlace) -> Option<&'a Holder> {
        let own = service_name(sent);
        let is_other = |holder: &&&Holder| {
            holder
                .service
                .as_ref()
                .is_none_or(|service| Some(pair(service)) != own)
        };
        self.holders.get(place)?.iter().find(is_other).copied()
    }

    /// What it comes to that a live Service has a place.
    fn by_live(
        &self,
        turn: usize,
        sent: &Sent<'_>,
        place: &FixedPlace,
        holder: &Holder,
    ) -> (Verdict, String) {
        let service = holder.service.as_ref();
        let of_operation = service.and_then(|service| self.services.get(&pair(service)).copied());
        let refused = Verdict::refused(sent.verb);
        let place_shown = shown(place);
        let holder_shown = match service {
            Some(holder) if holder.namespace == self.own => {
                format!("Service {}/{}", holder.namespace, holder.name)
            }
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
}

fn pair(service: &ServiceName) -> (&str, &str) {
    (&service.namespace, &service.name)
}

/// The namespace and the name of a request's object, where that is a Service.
fn service_name<'a>(sent: &Sent<'a>) -> Option<(&'a str, &'a str)> {
    let namespace = sent.key.namespace.as_deref()?;
    sent.is("", "Service")
        .then_some((namespace, sent.key.name.as_str()))
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

/// Whether a change of a Service may take a port or an address from it.
fn gives_back(other: &Sent<'_>, place: &FixedPlace) -> bool {
    other
        .object
        .is_some_and(|object| !FixedPlaces::of(object).has(place))
}

fn shown(place: &FixedPlace) -> String {
    match place {
        FixedPlace::Port(port) => format!("node port {port}"),
        FixedPlace::Address(address) => format!("cluster IP {address}"),
    }
}
