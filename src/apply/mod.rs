//! What one write by Helm makes of one object.
//!
//! A write has a method, the object in the manifest that Helm starts from, the object in the manifest that it writes,
//! and the live object with its managed fields. Helm's next upgrade starts from the manifest that it writes; a rollback
//! and another version of a chart do not.
//!
//! - `client_side`: Helm computes a patch itself, of built-in kinds a three-way strategic merge, of others a two-way JSON
//!   merge that is blind to what lives (Helm: `pkg/kube/client.go`, `createPatch`).
//! - `server_side`: the API server merges the manifest by the managed fields, and refuses what others own
//!   (structured-merge-diff: `merge/update.go`, `Updater.Apply`).
//! - `settle`: what the API server then drops, fills or refuses.
//!
//! It is pure, and it never guesses: what the facts do not tell is [`Outcome::Unknown`] or a [`Doubt`] about a place.

pub mod client_side;
mod server_side;
mod settle;
mod unread;

pub(crate) use self::client_side::{has_merged_elements, is_merged_three_ways};
pub(crate) use self::settle::{has_rules_in_cel, is_fixed};

use std::borrow::Cow;

use serde_json::Value;

use crate::compare::managed_fields::{Live, Operation};
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::Shape;
use crate::vocabulary::count;

/// How Helm writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Helm sends a patch that it computes.
    ClientSide,
    /// Helm sends the manifest's object.
    ServerSide(OnConflict),
    /// Helm first makes what it wrote by client-side apply its own for server-side apply, and then applies: on the first
    /// upgrade of a release that was written client-side, and on every rollback (Helm: `pkg/action/upgrade.go`,
    /// `rollback.go`, `ClientUpdateOptionUpgradeClientSideFieldManager`).
    ToServerSide(OnConflict),
}

/// What a server-side apply does about fields that others own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// It fails.
    Fail,
    /// It takes them over (`--force-conflicts`).
    Force,
}

/// What Helm makes its own before it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takeover {
    /// Nothing.
    Nothing,
    /// The fields that it wrote by client-side apply.
    ClientSide,
}

/// One write of one object.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// How Helm writes.
    pub method: Method,
    /// The object's type.
    pub gvk: &'a Gvk,
    /// The facts about its type, where they are known.
    pub shape: Option<Shape<'a>>,
    /// The object in the manifest that Helm starts from, as the record has it, without what Helm stamps.
    pub old: Option<&'a Value>,
    /// The object that Helm writes, with what Helm stamps; `None` where the manifest no longer has it.
    pub new: Option<&'a Value>,
    /// The live object; `None` where there is none.
    pub live: Option<&'a Live<'a>>,
    /// The name under which Helm writes.
    pub manager: &'a str,
    /// The steps that the simulation may take. If they are spent after that, the outcome is not to be used.
    pub work: &'a Work,
}

/// What becomes of the object.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Helm creates it.
    Created(Value),
    /// Helm deletes it.
    Deleted,
    /// Helm sends nothing, or what it sends changes nothing.
    Untouched,
    /// Helm writes it.
    Written(Written),
    /// The API server refuses a server-side apply because of the owners of fields.
    Conflict(Vec<Conflict>),
    /// Helm or the API server refuses the write.
    Refused(Refusal),
    /// It cannot be told what happens.
    Unknown(Cow<'static, str>),
}

/// The object after the write.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The object, without managed fields.
    pub object: Value,
    /// The places of which it is not certain that the API server leaves them so.
    pub doubts: Vec<Doubt>,
    /// Why the API server may refuse the whole write, if it may, as the end of a sentence that begins with "because".
    pub may_be_refused: Option<Cow<'static, str>>,
}

/// A place whose value after the write is not certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The place; what is below it is as uncertain.
    pub path: FieldPath,
    /// Why, as the end of a sentence that begins with "because".
    pub reason: Cow<'static, str>,
}

/// A field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub path: FieldPath,
    /// The name of the manager.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The subresource that it wrote through; empty for the object itself.
    pub subresource: String,
}

/// A write that Helm or the API server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The place that the rule is about.
    pub path: FieldPath,
    /// The rule, as a sentence without its full stop and without values: "the API server does not let a claim shrink".
    pub rule: Cow<'static, str>,
    /// How many other rules refuse it as well, as far as they are known.
    pub others: usize,
}

impl Refusal {
    /// The rule, and how many others there are.
    pub fn sentence(&self) -> String {
        match self.others {
            0 => self.rule.clone().into_owned(),
            others => format!("{}, and {} as well", self.rule, refuses(others)),
        }
    }
}

fn refuses(others: usize) -> String {
    let verb = if others == 1 { "refuses it" } else { "refuse it" };
    format!("{} {verb}", count(others, "other rule"))
}

/// What is known of the manifest that Helm writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manifest {
    /// The API server has taken it.
    Accepted,
    /// It may be older than what the API server knows of the kind now, or new.
    Untried,
}

/// What the write makes of the object, where the API server has taken the manifest before.
pub fn simulate(write: &Write<'_>) -> Outcome {
    outcome(write, Manifest::Accepted)
}

/// What the write makes of the object, where the manifest is not known to fit the schema that the API server has now: one of
/// an older revision, or one that was just rendered.
pub fn attempt(write: &Write<'_>) -> Outcome {
    outcome(write, Manifest::Untried)
}

fn outcome(write: &Write<'_>, manifest: Manifest) -> Outcome {
    if let (Method::ServerSide(_) | Method::ToServerSide(_), Manifest::Untried) = (write.method, manifest)
        && let (Some(new), Some(shape)) = (write.new, write.shape)
        && let Some(refused) = settle::refused_null(shape, new, write.work)
    {
        return refused;
    }
    let (new, live) = match (write.new, write.live) {
        (None, None) => return Outcome::Untouched,
        (None, Some(_)) => return Outcome::Deleted,
        (Some(new), None) => return settle::created(write.gvk, write.shape, new, manifest, write.work),
        (Some(new), Some(live)) => (new, live),
    };
    match merge(write, new, live) {
        Merged::Unchanged => Outcome::Untouched,
        Merged::Object(object) => settle::updated(
            write.gvk,
            write.shape,
            &live.object,
            object,
            Some(new),
            manifest,
            write.work,
        ),
        Merged::Conflict(conflicts) => Outcome::Conflict(conflicts),
        Merged::Refused(refusal) => Outcome::Refused(refusal),
        Merged::Unknown(reason) => Outcome::Unknown(reason),
    }
}

/// What Helm's or the API server's merge makes of a live object; [`simulate`] goes on from there.
pub fn merge(write: &Write<'_>, new: &Value, live: &Live<'_>) -> Merged {
    match write.method {
        Method::ClientSide => client_side::patched(write, new, live),
        Method::ServerSide(on_conflict) => {
            server_side::applied(write, new, live, on_conflict, Takeover::Nothing)
        }
        Method::ToServerSide(on_conflict) => {
            server_side::applied(write, new, live, on_conflict, Takeover::ClientSide)
        }
    }
}

/// What the API server makes of a live object and of what a patch made of it: the last step of [`simulate`] alone, as a
/// real API server can be asked about it.
pub fn settled(gvk: &Gvk, shape: Option<Shape<'_>>, live: &Value, merged: Value, work: &Work) -> Outcome {
    settle::updated(gvk, shape, live, merged, None, Manifest::Accepted, work)
}

/// The places at which two versions of an object differ, as managed fields would name them; no more than so many.
pub(crate) fn changed_places(
    gvk: &Gvk,
    shape: Option<Shape<'_>>,
    before: &Value,
    after: &Value,
    most: usize,
    work: &Work,
) -> Vec<FieldPath> {
    server_side::changed_places(gvk, shape, before, after, most, work)
}

/// Whether a server-side apply adds an element to a list of the live object: a quick look for what nothing but the keys of
/// elements tells where the values are the same.
pub(crate) fn adds_element(
    gvk: &Gvk,
    shape: Option<Shape<'_>>,
    new: &Value,
    live: &Value,
    work: &Work,
) -> bool {
    server_side::adds_element(gvk, shape, new, live, work)
}

/// What the merge makes of a live object, before the API server looks at the result.
#[derive(Debug, Clone, PartialEq)]
pub enum Merged {
    /// There is nothing to send, or what is sent changes nothing.
    Unchanged,
    /// The merged object, without managed fields.
    Object(Value),
    /// Others own fields with other values.
    Conflict(Vec<Conflict>),
    /// The merge fails.
    Refused(Refusal),
    /// It cannot be told.
    Unknown(Cow<'static, str>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_how_many_other_rules_there_are() {
        let sentence = |others| {
            let refusal = Refusal {
                path: FieldPath::root(),
                rule: "it is immutable".into(),
                others,
            };
            refusal.sentence()
        };
        assert_eq!(sentence(0), "it is immutable");
        assert_eq!(
            sentence(1),
            "it is immutable, and 1 other rule refuses it as well"
        );
        assert_eq!(
            sentence(2),
            "it is immutable, and 2 other rules refuse it as well"
        );
    }
}
