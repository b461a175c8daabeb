//! What the API server makes of an object that was merged: what it drops, fills and refuses.
//!
//! The steps are those of an update, in the API server's order: the way through the types of the kind (`round_trip`,
//! `spelling`, `defaults`, `mirrors`), what the strategy of the kind does (`strategy`, `service`), and validation: what may
//! not change (`immutable`, `guarded`), and what may not stand together (`combinations`,
//! `core_kinds`, `kinds`, `pods`), what may not be missing (`required`), and how a new object may be named (`named`). Webhooks
//! come in between; nothing is known of them here.
//!
//! Of custom resources the schema tells what is dropped and filled, and where it has rules about several values
//! (`x-kubernetes-validations`, `oneOf`): what a merge brings together there may be refused (`ruled`). Where the manifest may
//! be older than the schema, or new, the whole object is held to it (`schema`, `format`, `pattern`).

mod combinations;
mod core_kinds;
mod defaults;
mod faults;
mod format;
mod found;
mod guarded;
mod immutable;
mod kinds;
mod mirrors;
mod named;
mod pattern;
mod place;
mod pods;
mod refilled;
mod required;
mod round_trip;
mod ruled;
mod schema;
mod service;
mod spelling;
mod strategy;
mod structural;
mod typed;
mod values;

pub(crate) use self::immutable::is_fixed;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use self::guarded::Verdict;
use self::place::Place;
use self::round_trip::RoundTrip;
use self::ruled::Rules;
use self::typed::Misfit;
use super::{Doubt, Manifest, Outcome, Refusal, Written};
use crate::compare::path::{FieldPath, Segment};
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::Shape;

/// What becomes of an object that Helm creates. The manifest of a deployed revision was accepted before; that of a failed
/// one, or a rendered one, may be refused.
pub(super) fn created(
    gvk: &Gvk,
    shape: Option<Shape<'_>>,
    new: &Value,
    manifest: Manifest,
    work: &Work,
) -> Outcome {
    let mut object = new.clone();
    if let Some(shape) = shape {
        if let Some(refused) = refused(misfits(shape, new, manifest, work)) {
            return refused;
        }
        let trip = RoundTrip::new(work);
        trip.value(&Place::Root, shape, &mut object, None);
        if shape.is_builtin() {
            mirrors::fold_texts(gvk, &mut object);
            strategy::fill_whole(gvk, &mut object);
        }
        let doubts = trip.into_doubts();
        // Rules that cannot be told do not make a creation uncertain: nothing is known of most of them.
        let verdict = match manifest {
            Manifest::Untried => schema::verdict(shape, None, &object, &doubts, work),
            Manifest::Accepted => schema::Verdict::default(),
        };
        let mut broken = verdict.broken;
        let combined = combinations::broken_at_creation(gvk, shape, &object, work).into_iter();
        broken.extend(combined.map(|(path, rule)| (path, rule.into())));
        if let Some(refused) = refused(broken) {
            return refused;
        }
    }
    Outcome::Created(object)
}

/// Whether a write brings values to a custom resource for which its kind has rules in CEL: nothing here evaluates these.
pub(crate) fn has_rules_in_cel(
    shape: Option<Shape<'_>>,
    live: Option<&Value>,
    object: &Value,
    work: &Work,
) -> bool {
    let shape = shape.filter(|shape| !shape.is_builtin());
    shape.is_some_and(|shape| ruled::is_changed(shape, live, object, None, Rules::InCel, work))
}

/// The first value of a built-in kind that the API server cannot read, in a manifest that it may not have taken before.
fn misfits(shape: Shape<'_>, new: &Value, manifest: Manifest, work: &Work) -> Vec<(FieldPath, &'static str)> {
    let is_untried = manifest == Manifest::Untried && shape.is_builtin();
    let first = is_untried.then(|| typed::first(Misfit::Type, shape, new, work));
    first.flatten().into_iter().collect()
}

/// The refusal of a null that a server-side apply brings to a custom resource.
pub(super) fn refused_null(shape: Shape<'_>, new: &Value, work: &Work) -> Option<Outcome> {
    let null = (!shape.is_builtin()).then(|| typed::first(Misfit::Null, shape, new, work));
    refused(null.flatten().into_iter().collect())
}

/// How many other rules are told with their places.
const TOLD: usize = 2;

/// A refusal by the first of some broken rules, which tells the next ones as well.
fn refused<R: Into<Cow<'static, str>>>(broken: Vec<(FieldPath, R)>) -> Option<Outcome> {
    let mut broken = broken.into_iter().map(|(path, rule)| (path, rule.into()));
    let (path, rule) = broken.next()?;
    let mut known: HashSet<Cow<'static, str>> = HashSet::from([rule.clone()]);
    let mut sentence = rule;
    let mut others = 0_usize;
    for (path, rule) in broken {
        if known.contains(&rule) {
            continue;
        }
        if known.len() <= TOLD {
            // No colon after the place: a name of a secret before one hides what follows.
            sentence = format!("{sentence}; and {rule} (at {})", place_in_words(&path)).into();
        } else {
            others += 1;
        }
        known.insert(rule);
    }
    Some(Outcome::Refused(Refusal {
        path,
        rule: sentence,
        others,
    }))
}

/// A place without what may be a value in it: the keys of list elements, and members of sets.
fn place_in_words(path: &FieldPath) -> String {
    let steps = path.segments().iter().map(|segment| match segment {
        Segment::Key(key) => format!("/{key}"),
        Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => "[*]".to_owned(),
    });
    steps.collect()
}

/// What becomes of a live object and what a merge made of it; `new` is the object of the manifest, where it is known.
pub(super) fn updated(
    gvk: &Gvk,
    shape: Option<Shape<'_>>,
    live: &Value,
    merged: Value,
    new: Option<&Value>,
    manifest: Manifest,
    work: &Work,
) -> Outcome {
    let mut object = merged;
    let Some(shape) = shape else {
        return untyped(gvk, live, object);
    };
    if let Some(refused) = new.and_then(|new| refused(misfits(shape, new, manifest, work))) {
        return refused;
    }
    let trip = RoundTrip::new(work);
    let status = object.get("status").cloned();
    mirrors::fold_texts(gvk, &mut object);
    trip.value(&Place::Root, shape, &mut object, Some(live));
    let mut doubts = trip.into_doubts();
    strategy::keep_servers(gvk, Some(shape), live, &mut object);
    if !shape.is_builtin() {
        doubts.extend(doubt_of_status(status.as_ref(), live));
        let accepted = new.map(|new| {
            let mut accepted = new.clone();
            RoundTrip::new(work).value(&Place::Root, shape, &mut accepted, None);
            accepted
        });
        let verdict = match manifest {
            Manifest::Untried => schema::verdict(shape, Some(live), &object, &doubts, work),
            Manifest::Accepted => schema::Verdict::default(),
        };
        if let Some(refused) = refused(verdict.broken) {
            return refused;
        }
        let rules = match manifest {
            Manifest::Accepted => Rules::OfSeveralValues,
            // It was just held to all others.
            Manifest::Untried => Rules::OfSeveralValuesInCel,
        };
        let is_unsure = verdict.is_unsure
            || ruled::is_changed(shape, Some(live), &object, accepted.as_ref(), rules, work);
        let may_be_refused = is_unsure.then(|| ruled::REASON.into());
        return Outcome::Written(Written {
            object,
            doubts,
            may_be_refused,
        });
    }
    doubts.extend(refilled::doubt(gvk, live, &object));
    strategy::fill_whole(gvk, &mut object);
    strategy::keep_admitted(gvk, live, &mut object);
    strategy::count_templates(gvk, live, &mut object);
    if (gvk.group(), gvk.kind.as_str()) == ("", "Service") {
        match service::settle(shape, live, &mut object) {
            Ok(found) => doubts.extend(found),
            Err(verdict) => return verdict.into(),
        }
    }
    let mut broken = immutable::broken(gvk, live, &object);
    broken.extend(combinations::broken(gvk, shape, live, &object, work));
    if let Some(refused) = refused(broken) {
        return refused;
    }
    match guarded::check(gvk, live, &object) {
        Ok(()) => written(object, doubts),
        Err(verdict) => verdict.into(),
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Refused(refusal) => Self::Refused(refusal),
            Verdict::Unknown(reason) => Self::Unknown(reason.into()),
        }
    }
}

fn written(object: Value, doubts: Vec<Doubt>) -> Outcome {
    Outcome::Written(Written {
        object,
        doubts,
        may_be_refused: None,
    })
}

/// An object of whose type nothing is known: what the merge put or took away may be dropped or filled in.
fn untyped(gvk: &Gvk, live: &Value, merged: Value) -> Outcome {
    let mut object = merged;
    strategy::keep_servers(gvk, None, live, &mut object);
    let mut doubts = Vec::new();
    doubt_of_changes(&FieldPath::root(), live, &object, &mut doubts);
    written(object, doubts)
}

/// Doubts the fields that are only in one of two objects.
fn doubt_of_changes(path: &FieldPath, live: &Value, merged: &Value, doubts: &mut Vec<Doubt>) {
    let (Some(was), Some(is)) = (live.as_object(), merged.as_object()) else {
        return;
    };
    for name in was
        .keys()
        .chain(is.keys().filter(|name| !was.contains_key(*name)))
    {
        match (was.get(name), is.get(name)) {
            (Some(was), Some(is)) => doubt_of_changes(&path.key(name), was, is, doubts),
            _ => doubts.push(Doubt {
                path: path.key(name),
                reason: "the schema of the kind is not known".into(),
            }),
        }
    }
}

/// Where a custom resource has a status of its own, a write through the object does not change it.
fn doubt_of_status(merged: Option<&Value>, live: &Value) -> Option<Doubt> {
    (merged != live.get("status")).then(|| Doubt {
        path: FieldPath::root().key("status"),
        reason: "it is not known whether the kind keeps its status apart".into(),
    })
}
