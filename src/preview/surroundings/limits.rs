//! Limits of a namespace that a volume claim or a Pod does not keep (Kubernetes:
//! `plugin/pkg/admission/limitranger/admission.go`, `PersistentVolumeClaimValidateLimitFunc`, `PodValidateLimitFunc`).
//!
//! Claims are held to them whenever they are written, Pods when they are created. The Pods of a workload are created by its
//! controller, which is no part of the operation. Limits on a Pod as a whole are not calculated.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Obstacle, Sent, SurroundingFacts, Verdict, gap_of};
use crate::compare::quantity::Quantity;
use crate::source::surroundings::{Amounts, Limit, SentVerb};
use crate::vocabulary::PreviewCause;

/// Billionths of one, in which a quantity counts.
const ONE: i128 = 1_000_000_000;

/// How many breaches of one object are told.
const TOLD: usize = 3;

pub(super) fn judge(facts: &SurroundingFacts<'_>) -> Vec<Obstacle> {
    let mut found: Vec<Obstacle> = facts
        .sent
        .iter()
        .filter_map(|sent| of_sent(facts, sent))
        .collect();
    let limited = facts.sent.iter().filter(|sent| Sort::of(sent).is_some());
    let namespaces: BTreeSet<&str> = limited.filter_map(|sent| sent.key.namespace.as_deref()).collect();
    found.extend(namespaces.into_iter().filter_map(|namespace| {
        let what = format!("whether the limits of namespace {namespace} let volume claims and Pods pass");
        gap_of(&what, facts.surroundings.limits.get(namespace))
    }));
    found
}

/// What a limit can be about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Claim,
    Pod,
}

impl Sort {
    /// The sort of an object that limits are asked about.
    fn of(sent: &Sent<'_>) -> Option<Self> {
        match sent.verb {
            SentVerb::Create if sent.is("", "Pod") => Some(Self::Pod),
            SentVerb::Create | SentVerb::Update if sent.is("", "PersistentVolumeClaim") => Some(Self::Claim),
            SentVerb::Create | SentVerb::Update | SentVerb::Delete => None,
        }
    }
}

fn of_sent(facts: &SurroundingFacts<'_>, sent: &Sent<'_>) -> Option<Obstacle> {
    let sort = Sort::of(sent)?;
    let namespace = sent.key.namespace.as_deref()?;
    let ranges = facts.surroundings.limits.get(namespace)?.read()?;
    let limits = ranges.iter().flat_map(|range| &range.limits);
    let (mut broken, mut is_open) = (BTreeSet::new(), false);
    for limit in limits {
        match (sort, limit.sort.as_str()) {
            (Sort::Claim, "PersistentVolumeClaim") => of_claim(sent, limit, &mut broken),
            (Sort::Pod, "Container") => {
                for container in containers(sent.object?) {
                    of_container(&container["resources"], limit, &mut broken);
                }
            }
            (Sort::Pod, "Pod") => is_open = true,
            (Sort::Claim | Sort::Pod, _) => {}
        }
    }
    let is_own = namespace == facts.record.namespace;
    let of = |verdict, message| Some(Obstacle::of_object(PreviewCause::Rule, sent, verdict, message));
    if !broken.is_empty() {
        let told: Vec<String> = broken.into_iter().take(TOLD).collect();
        let message = if is_own {
            format!(
                "it does not keep the limits of namespace {namespace}: {}",
                told.join(", ")
            )
        } else {
            format!("it does not keep the limits of namespace {namespace}")
        };
        return of(Verdict::refused(sent.verb), message);
    }
    if is_open {
        let message = format!("limits of namespace {namespace} are about whole Pods, and are not calculated");
        return of(Verdict::MayFail, message);
    }
    None
}

/// What a claim requests; what the manifest leaves out stays as it is.
fn of_claim(sent: &Sent<'_>, limit: &Limit, broken: &mut BTreeSet<String>) {
    let requested = |resource: &str| {
        let objects = [sent.object, sent.live].into_iter().flatten();
        let mut amounts = objects
            .filter_map(|object| Quantity::from_value(&object["spec"]["resources"]["requests"][resource]));
        amounts.next().map(Quantity::nanos)
    };
    for (resource, most) in &limit.max {
        match requested(resource) {
            None => drop(broken.insert(format!("{resource} is not requested, and may be at most {most}"))),
            Some(amount) if exceeds(amount, most) => {
                broken.insert(format!("{resource} may be at most {most}"));
            }
            Some(_) => {}
        }
    }
    for (resource, least) in &limit.min {
        match requested(resource) {
            None => drop(broken.insert(format!(
                "{resource} is not requested, and must be at least {least}"
            ))),
            Some(amount) if falls_short(amount, least) => {
                broken.insert(format!("{resource} must be at least {least}"));
            }
            Some(_) => {}
        }
    }
}

/// What a container requests and is limited to, with what the limits give one that names none. A limit stands for a request
/// that is not named (Kubernetes: `pkg/apis/core/v1/defaults.go`, `SetDefaults_Pod`).
fn of_container(resources: &Value, limit: &Limit, broken: &mut BTreeSet<String>) {
    let named =
        |part: &str, resource: &str| Quantity::from_value(&resources[part][resource]).map(Quantity::nanos);
    let given = |amounts: &Amounts, resource: &str| {
        let amount = amounts.get(resource).and_then(|amount| Quantity::parse(amount));
        amount.map(Quantity::nanos)
    };
    let limited = |resource: &str| named("limits", resource).or_else(|| given(&limit.default, resource));
    let requested = |resource: &str| {
        named("requests", resource)
            .or_else(|| named("limits", resource))
            .or_else(|| given(&limit.default_request, resource))
    };
    for (resource, most) in &limit.max {
        let amounts = [limited(resource), requested(resource)];
        if amounts[0].is_none() || amounts.into_iter().flatten().any(|amount| exceeds(amount, most)) {
            broken.insert(format!("a container's {resource} may be at most {most}"));
        }
    }
    for (resource, least) in &limit.min {
        let amounts = [requested(resource), limited(resource)];
        if amounts[0].is_none()
            || amounts
                .into_iter()
                .flatten()
                .any(|amount| falls_short(amount, least))
        {
            broken.insert(format!("a container's {resource} must be at least {least}"));
        }
    }
    for (resource, ratio) in &limit.max_limit_request_ratio {
        let is_kept = match (limited(resource), requested(resource), Quantity::parse(ratio)) {
            (_, _, None) => true,
            (Some(limited), Some(requested), Some(ratio)) => {
                // Whole numbers: what they cannot hold is no limit that a container keeps.
                let most = requested.checked_mul(ratio.nanos()).map(|most| most / ONE);
                requested > 0 && most.is_none_or(|most| limited <= most)
            }
            (None, _, Some(_)) | (_, None, Some(_)) => false,
        };
        if !is_kept {
            broken.insert(format!(
                "a container's limit of {resource} may be at most {ratio} times its request"
            ));
        }
    }
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers"].into_iter();
    lists.flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
}

fn exceeds(amount: i128, most: &str) -> bool {
    Quantity::parse(most).is_some_and(|most| amount > most.nanos())
}

fn falls_short(amount: i128, least: &str) -> bool {
    Quantity::parse(least).is_some_and(|least| amount < least.nanos())
}
