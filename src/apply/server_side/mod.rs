//! Server-side apply: what the API server makes of the manifest's object and the managed fields
//! (structured-merge-diff: `merge/update.go`, `Updater.Apply`).
//!
//! 1. The applied object has to fit the schema (`validate`), and is merged into the live one (`values`).
//! 2. What Helm applied before and does not apply now goes, unless somebody else owns it or part of it.
//! 3. What that changed or added and others own is a conflict, unless Helm forces it. Values are compared as they are
//!    written: `cpu: 1000m` is another value than the `"1"` that lives, although the API server keeps them alike. A null
//!    is a value, too: it is applied and owned, and conflicts with any other.
//!
//! What Helm sends is the object of the manifest, as it is (Helm: `pkg/kube/client.go`, `patchResourceServerSide`). What
//! the API server makes of the merged object is the business of `settle`.

mod element;
mod managers;
mod schema;
mod set;
mod unowned;
mod validate;
mod values;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::{Value, json};

use self::managers::{Manager, Managers};
use self::schema::Type;
use self::set::Set;
use self::validate::{Checked, Misfit, validate};
use super::{Conflict, Merged, OnConflict, Refusal, Takeover, Write};
use crate::compare::managed_fields::Live;
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::Shape;

/// Why nothing can be told of an object of which others own fields that may be other ones in this version.
const OTHER_VERSION: &str = "it is managed through another version of its API, too";

/// How many conflicts of one object are told. No honest object comes near, and each takes the memory of a whole path.
const MAX_CONFLICTS: usize = 2_000;

/// What the apply makes of the live object.
pub(super) fn applied(
    write: &Write<'_>,
    new: &Value,
    live: &Live<'_>,
    on_conflict: OnConflict,
    takeover: Takeover,
) -> Merged {
    let work = write.work;
    if live.has_unread_fields {
        return Merged::Unknown("its managed fields could not be read".into());
    }
    if let Some(refusal) = refused_metadata(new, &live.object) {
        return Merged::Refused(refusal);
    }
    let of = Type::of_kind(write.shape, write.gvk);
    let name = managers::kept_name(write.manager);
    let mut entries = managers::entries(live, work);
    match takeover {
        Takeover::Nothing => {}
        Takeover::ClientSide => entries = managers::migrated(entries, name, work),
    }
    let has_own_status = unowned::has_own_status(write.shape, entries.iter().map(|entry| entry.subresource));
    let empty = json!({"apiVersion": write.gvk.api_version, "kind": write.gvk.kind});
    let mut managers = if entries.is_empty() {
        Managers::before_first_apply(of, &empty, &live.object, &write.gvk.api_version, work)
    } else {
        Managers::of(entries, name, work)
    };
    managers.reconcile(of, work);
    let new = if has_own_status {
        without_status(new)
    } else {
        Cow::Borrowed(new)
    };
    let apply = Apply {
        of,
        live: &live.object,
        new: &new,
        managers: &managers,
        has_own_status,
        work,
    };
    apply.outcome(write, on_conflict)
}

/// The places at which two versions of an object differ.
pub(super) fn changed_places(
    gvk: &Gvk,
    shape: Option<Shape<'_>>,
    before: &Value,
    after: &Value,
    most: usize,
    work: &Work,
) -> Vec<FieldPath> {
    values::changes(Type::of_kind(shape, gvk), before, after, work).paths(most, work)
}

/// Whether an apply adds an element to a list that has it already under another spelling of its key, or does not have it.
///
/// `protocol: ""` is another key than the `TCP` that the API server stores, so that a second apply adds the port again.
pub(super) fn adds_element(
    gvk: &Gvk,
    shape: Option<Shape<'_>>,
    new: &Value,
    live: &Value,
    work: &Work,
) -> bool {
    values::adds_element(Type::of_kind(shape, gvk), live, new, work)
}

/// What the object's own metadata forbids.
fn refused_metadata(new: &Value, live: &Value) -> Option<Refusal> {
    let metadata = new.get("metadata")?;
    let refused = |field: &str, rule: &'static str| Refusal {
        path: FieldPath::root().key("metadata").key(field),
        rule: rule.into(),
        others: 0,
    };
    let names_another = |field: &str| {
        let named = metadata.get(field).and_then(Value::as_str).unwrap_or_default();
        let lives = live
            .pointer(&format!("/metadata/{field}"))
            .and_then(Value::as_str);
        !named.is_empty() && lives.is_some_and(|lives| lives != named)
    };
    // apimachinery: `structuredmerge.go`, `Apply`.
    if metadata
        .get("managedFields")
        .is_some_and(|fields| !fields.is_null())
    {
        return Some(refused(
            "managedFields",
            "server-side apply takes no managed fields",
        ));
    }
    if names_another("resourceVersion") {
        return Some(refused(
            "resourceVersion",
            "the manifest names a version of the object that is no longer the newest",
        ));
    }
    names_another("uid").then(|| refused("uid", "the manifest names another object of this name"))
}

fn without_status(new: &Value) -> Cow<'_, Value> {
    if new.get("status").is_none() {
        return Cow::Borrowed(new);
    }
    let mut new = new.clone();
    if let Some(fields) = new.as_object_mut() {
        fields.remove("status");
    }
    Cow::Owned(new)
}

/// One apply, when everything about it is known.
struct Apply<'a> {
    of: Type<'a>,
    live: &'a Value,
    new: &'a Value,
    managers: &'a Managers<'a>,
    has_own_status: bool,
    work: &'a Work,
}

impl Apply<'_> {
    fn outcome(&self, write: &Write<'_>, on_conflict: OnConflict) -> Merged {
        let work = self.work;
        let owned = self.owned();
        // What lives fitted the definition of before, and excuses nothing by the one to come.
        let (live, excused) = if write.shape.is_some_and(Shape::is_to_come) {
            (&Value::Null, &Set::default())
        } else {
            (self.live, &owned)
        };
        let checked = Checked::Applied { live, owned: excused };
        if let Err(Misfit::Nameless(refusal) | Misfit::Other(refusal)) =
            validate(self.of, self.new, checked, work)
        {
            return Merged::Refused(refusal);
        }
        match validate(self.of, self.live, Checked::Live, work) {
            Ok(()) => {}
            Err(Misfit::Nameless(refusal)) => return Merged::Refused(refusal),
            Err(Misfit::Other(_)) => {
                return Merged::Unknown("the live object does not fit the type that is known of it".into());
            }
        }
        let merged = values::merged(self.of, self.live, self.new, work);
        let merged = self.pruned(merged);
        // An element that a prune leaves nothing of cannot be compared with the live ones.
        if let Err(Misfit::Nameless(refusal)) = validate(self.of, &merged, Checked::Live, work) {
            return Merged::Refused(refusal);
        }
        if element::is_same(self.live, &merged) {
            return Merged::Unchanged;
        }
        let api_version = write.gvk.api_version.as_str();
        if self
            .managers
            .all()
            .any(|manager| self.is_foreign(manager, api_version))
        {
            return Merged::Unknown(OTHER_VERSION.into());
        }
        let mut changed = values::changes(self.of, self.live, &merged, work);
        if self.has_own_status {
            changed.remove(&element::Element::Field("status"));
        }
        let others = match on_conflict {
            OnConflict::Force => return Merged::Object(merged),
            OnConflict::Fail => &self.managers.others,
        };
        let mut conflicts: Vec<Conflict> = Vec::new();
        for other in others {
            let room = MAX_CONFLICTS.saturating_sub(conflicts.len());
            let found = conflicts_with(other, &changed, room, work);
            // How a custom resource is converted to another version is up to a program of its own.
            let is_converted = !other.api_version.is_empty()
                && other.api_version != api_version
                && !write.shape.is_some_and(Shape::is_builtin);
            if is_converted && !found.is_empty() {
                return Merged::Unknown(OTHER_VERSION.into());
            }
            conflicts.extend(found);
        }
        if conflicts.is_empty() {
            Merged::Object(merged)
        } else {
            Merged::Conflict(conflicts)
        }
    }

    /// What anybody owned before.
    fn owned(&self) -> Set<'_> {
        let mut owned = Set::default();
        for manager in self.managers.all() {
            owned.add(&manager.fields, self.work);
        }
        owned
    }

    /// Whether a manager's fields are named in another version of the API in which they may mean something else: at least
    /// one of them is unknown in this one.
    fn is_foreign(&self, manager: &Manager<'_>, api_version: &str) -> bool {
        let mut fields = manager.fields.clone();
        if self.has_own_status {
            fields.remove(&element::Element::Field("status"));
        }
        !manager.api_version.is_empty()
            && manager.api_version != api_version
            && !fields.is_declared(self.of, self.work)
    }

    /// The merged object without what Helm applied before and does not apply any more (`Updater.prune`).
    fn pruned(&self, merged: Value) -> Value {
        let Some(own) = self.managers.own.as_ref().filter(|own| !own.fields.is_empty()) else {
            return merged;
        };
        let (of, work) = (self.of, self.work);
        let last = own.fields.with_declared_fields(of, work);
        let all = values::fields(of, &merged, work).with_declared_fields(of, work);
        // First everything of it goes, …
        let bare = values::without(of, &merged, &last, work);
        // … then comes back what somebody owns, …
        let mut owned = values::fields(of, self.new, work);
        for other in &self.managers.others {
            owned.add(&other.fields, work);
        }
        let mut kept = values::fields(of, &bare, work).with_declared_fields(of, work);
        kept.add(&owned.with_declared_fields(of, work), work);
        let with_owned = values::without(of, &merged, &all.difference(&kept, work), work);
        // … and what went with it and was never Helm's.
        let kept = values::fields(of, &with_owned, work).with_declared_fields(of, work);
        let gone = all.difference(&kept, work).intersection(&last, work);
        values::without(of, &merged, &gone, work)
    }
}

/// The changed fields that a manager owns, so many at most.
fn conflicts_with(manager: &Manager<'_>, changed: &Set<'_>, most: usize, work: &Work) -> Vec<Conflict> {
    let fields = manager.fields.intersection(changed, work);
    let conflict = |path| Conflict {
        path,
        manager: manager.name.to_owned(),
        operation: manager.operation,
        subresource: manager.subresource.to_owned(),
    };
    fields.paths(most, work).into_iter().map(conflict).collect()
}
