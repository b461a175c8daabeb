//! The observation of one object: how far an operation that did not complete got with it.
//!
//! An object is observed if the newest revision of its release is not the deployed one, or if it is being deleted.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::readiness::{self, JobState};
use crate::classify::live::LiveObject;
use crate::compare::room::Room;
use crate::compare::shapes::status_field;
use crate::compare::three_way::{Versions, three_way};
use crate::compare::work::Work;
use crate::manifest::desired::{Owner, desired};
use crate::manifest::parse::is_kept_where_it_lives;
use crate::manifest::standing::{Place, Standing};
use crate::object::ObjectKey;
use crate::policy::managers::{ManagerKind, Managers};
use crate::release::record::HOOK_ANNOTATION;
use crate::types::Shape;
use crate::vocabulary::FindingCode;

/// The bodies of an object in the deployed revision and in an attempt after it, as JSON; `None` where a revision does not
/// have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevisionBodies {
    /// The body in the deployed revision.
    pub deployed: Option<Arc<str>>,
    /// The body in the attempt.
    pub attempted: Option<Arc<str>>,
}

/// An object to observe, and its bodies in the two revisions.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    /// The object.
    pub key: &'a ObjectKey,
    /// The release that it should belong to.
    pub owner: Owner<'a>,
    /// The bodies in the two revisions.
    pub bodies: &'a RevisionBodies,
    /// The facts of its type, where they are known.
    pub shape: Option<Shape<'a>>,
    /// The kinds of field managers.
    pub managers: &'a Managers,
}

/// The observation of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Whether the object exists, and its owner.
    pub presence: Presence,
    /// The revision that it is at, where the two differ.
    pub side: Option<Side>,
    /// Why it is not ready.
    pub unready: Option<String>,
    /// Its state, if it is a Job or a Pod.
    pub job: Option<JobState>,
    /// Its deletion, if it is being deleted.
    pub deleting: Option<Deleting>,
    /// When somebody last wrote it in Helm's name.
    pub written: Option<DateTime<Utc>>,
    /// Whether its annotations say that it is a hook.
    pub origin: ObjectOrigin,
    /// Whether its own annotation keeps Helm from deleting it when it leaves the release.
    pub is_kept: bool,
}

impl Observation {
    /// Whether it is a hook whose Job or Pod has not ended.
    pub fn is_running_hook(&self) -> bool {
        self.origin == ObjectOrigin::Hook && self.job == Some(JobState::Running)
    }
}

/// Where an object comes from, by its own annotations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ObjectOrigin {
    /// Helm created it as a hook (Helm: `pkg/release/v1/hook.go`, `HookAnnotation`).
    Hook,
    /// Nothing says so.
    #[default]
    Unknown,
}

/// Whether an object exists, and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// The API server says that it does not exist.
    Absent,
    /// It belongs to the release.
    Ours,
    /// It belongs to another release, `NAMESPACE/NAME`.
    OtherRelease(String),
    /// It belongs to no release.
    NoRelease,
    /// It is in another namespace than the release's, and does not exist or is not provably the release's.
    Unproven,
    /// It could not be read, or was too costly to compare.
    Unread,
}

/// The revision that an object is at, where the two differ about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The deployed one.
    Old,
    /// The attempted one.
    New,
    /// Neither, or partly the one and partly the other.
    Neither,
}

/// An object that is being deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleting {
    /// When the deletion was requested.
    pub since: Option<DateTime<Utc>>,
    /// The finalizers that it waits for.
    pub finalizers: Vec<String>,
}

/// Observes an object.
///
/// An object that takes more work than is left for it counts as not read: nobody knows which revision it is at.
pub fn observe(probe: &Probe<'_>, live: &LiveObject<'_>, work: &Work) -> Observation {
    let nothing = |presence| Observation {
        side: match presence {
            Presence::Absent => absent_side(probe.bodies),
            Presence::Ours
            | Presence::OtherRelease(_)
            | Presence::NoRelease
            | Presence::Unproven
            | Presence::Unread => None,
        },
        presence,
        unready: None,
        job: None,
        deleting: None,
        written: None,
        origin: ObjectOrigin::Unknown,
        is_kept: false,
    };
    let place = Place::of(probe.key, probe.owner);
    let live = match live {
        LiveObject::NotFound => {
            return nothing(match place {
                Place::Own | Place::Cluster => Presence::Absent,
                Place::Other => Presence::Unproven,
            });
        }
        LiveObject::Unreadable(_) => return nothing(Presence::Unread),
        LiveObject::Found(live) => live,
    };
    let presence = match Standing::of(&live.object, probe.key, probe.owner) {
        Standing::Ours => Presence::Ours,
        Standing::Another(other) => Presence::OtherRelease(format!("{}/{}", other.namespace, other.name)),
        Standing::Nobody => Presence::NoRelease,
        Standing::Unproven => Presence::Unproven,
    };
    // Of what is not the release's, only the owner is told outside the release's namespace.
    if place != Place::Own && presence != Presence::Ours {
        return nothing(presence);
    }
    let kind = &probe.key.gvk.kind;
    let side = side(probe, &live.object, work);
    let (side, presence) = if work.is_spent() {
        (None, Presence::Unread)
    } else {
        (side, presence)
    };
    Observation {
        side,
        presence,
        unready: readiness::unready(kind, &live.object),
        job: readiness::job_state(kind, &live.object),
        deleting: deleting(&live.object),
        written: live
            .managed
            .iter()
            .filter(|entry| {
                entry.subresource.is_empty() && probe.managers.kind_of(&entry.manager) == ManagerKind::Helm
            })
            .filter_map(|entry| entry.time)
            .max(),
        origin: if live.object["metadata"]["annotations"][HOOK_ANNOTATION].is_string() {
            ObjectOrigin::Hook
        } else {
            ObjectOrigin::Unknown
        },
        is_kept: is_kept_where_it_lives(&live.object),
    }
}

fn absent_side(bodies: &RevisionBodies) -> Option<Side> {
    match (&bodies.deployed, &bodies.attempted) {
        // The revisions do not differ about it.
        (Some(old), Some(new)) if old == new => None,
        (Some(_), Some(_)) => Some(Side::Neither),
        (Some(_), None) => Some(Side::New),
        (None, Some(_)) => Some(Side::Old),
        (None, None) => None,
    }
}

fn side(probe: &Probe<'_>, live: &Value, work: &Work) -> Option<Side> {
    let is_like = |body: &str| is_like(probe, body, live, work);
    match (&probe.bodies.deployed, &probe.bodies.attempted) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => match (is_like(old), is_like(new)) {
            // The two revisions differ only in comments or in defaults that one of them spells out.
            (true, true) => None,
            (true, false) => Some(Side::Old),
            (false, true) => Some(Side::New),
            (false, false) => Some(Side::Neither),
        },
        (Some(_), None) => Some(Side::Old),
        (None, Some(new)) if is_like(new) => Some(Side::New),
        (None, Some(_)) => Some(Side::Neither),
        (None, None) => None,
    }
}

fn is_like(probe: &Probe<'_>, body: &str, live: &Value, work: &Work) -> bool {
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    let desired = desired(body, probe.key, probe.owner, status_field(probe.shape));
    let versions = Versions {
        previous: None,
        desired: &desired,
        attempted: &[],
        live,
    };
    let room = Room::default();
    three_way(probe.shape, versions, work, &room)
        .iter()
        .all(|change| change.code == FindingCode::Pruned)
        && room.left_out() == 0
}

fn deleting(live: &Value) -> Option<Deleting> {
    let metadata = &live["metadata"];
    let since = metadata["deletionTimestamp"].as_str()?;
    let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
    Some(Deleting {
        since: since.parse().ok(),
        finalizers: finalizers.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Gvk;
    use crate::source::Lookup;
    use crate::types::TypeTable;
    use serde_json::json;

    fn probe<'a>(key: &'a ObjectKey, managers: &'a Managers, bodies: &'a RevisionBodies) -> Probe<'a> {
        Probe {
            key,
            owner: Owner {
                name: "web",
                namespace: "shop",
            },
            bodies,
            shape: TypeTable::builtin().kind("v1", "ConfigMap"),
            managers,
        }
    }

    fn key(namespace: &str) -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: Some(namespace.into()),
            name: "web".into(),
        }
    }

    fn live(owner: &str, color: &str) -> String {
        json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": {
                "meta.helm.sh/release-name": owner, "meta.helm.sh/release-namespace": "shop"}},
            "data": {"color": color}})
        .to_string()
    }

    #[test]
    fn an_object_is_on_the_side_that_it_is_like() {
        let body = |color: &str| Arc::from(json!({"data": {"color": color}}).to_string());
        let (red, blue): (Arc<str>, Arc<str>) = (body("red"), body("blue"));
        let (key, managers) = (key("shop"), Managers::default());
        let rows = [
            (Some(&red), Some(&blue), Some("red"), Some(Side::Old)),
            (Some(&red), Some(&blue), Some("blue"), Some(Side::New)),
            (Some(&red), Some(&blue), Some("green"), Some(Side::Neither)),
            (Some(&red), Some(&red), Some("green"), None),
            (Some(&red), Some(&blue), None, Some(Side::Neither)),
            (None, Some(&blue), Some("blue"), Some(Side::New)),
            (None, Some(&blue), Some("green"), Some(Side::Neither)),
            (None, Some(&blue), None, Some(Side::Old)),
            (Some(&red), None, Some("red"), Some(Side::Old)),
            (Some(&red), None, None, Some(Side::New)),
        ];
        for (old, new, lives, side) in rows {
            let bodies = RevisionBodies {
                deployed: old.cloned(),
                attempted: new.cloned(),
            };
            let text = lives.map(|color| live("web", color));
            let lookup = text.as_deref().map_or(Lookup::NotFound, Lookup::Found);
            let observed = observe(
                &probe(&key, &managers, &bodies),
                &LiveObject::parse(&lookup),
                &Work::of_steps(10_000),
            );
            assert_eq!(observed.side, side, "{old:?} {new:?} {lives:?}");
        }
    }

    #[test]
    fn an_object_of_another_release_in_another_namespace_is_not_described() {
        let managers = Managers::default();
        let text = live("api", "red");
        for (namespace, presence) in [
            ("shop", Presence::OtherRelease("shop/api".into())),
            ("elsewhere", Presence::Unproven),
        ] {
            let key = key(namespace);
            let bodies = RevisionBodies::default();
            let live = LiveObject::parse(&Lookup::Found(&text));
            let observed = observe(&probe(&key, &managers, &bodies), &live, &Work::of_steps(10_000));
            assert_eq!(observed.presence, presence);
        }
    }
}
