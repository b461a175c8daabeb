//! What one object tells of an operation that did not come to its end.
//!
//! Only releases in trouble are observed: those whose newest revision is not the one that is deployed.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::readiness::{self, JobState};
use crate::classify::subject::Visibility;
use crate::compare::managed_fields::Live;
use crate::compare::three_way::{Versions, three_way};
use crate::manifest::desired::{Owner, Ownership, desired};
use crate::object::ObjectKey;
use crate::policy::managers::{ManagerKind, Managers};
use crate::source::Lookup;
use crate::types::Shape;
use crate::vocabulary::FindingCode;

/// An object of a release in trouble, and what the two revisions ask of it; as JSON.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// The object.
    pub key: &'a ObjectKey,
    /// The release that it should belong to.
    pub owner: Owner<'a>,
    /// What the deployed revision asks for.
    pub old: Option<&'a str>,
    /// What the newest revision asks for.
    pub new: Option<&'a str>,
    /// What is known of its type.
    pub shape: Option<Shape<'a>>,
    /// Who is who among field managers.
    pub managers: &'a Managers,
    /// Whether its values may be shown at all.
    pub values: Visibility,
}

/// What was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Whether it is there, and whose.
    pub presence: Presence,
    /// Which revision it is like, where that can be told.
    pub side: Option<Side>,
    /// Why it is not ready.
    pub unready: Option<String>,
    /// How the Job stands that it is.
    pub job: Option<JobState>,
    /// That it is being deleted.
    pub deleting: Option<Deleting>,
    /// When somebody last wrote it in Helm's name.
    pub written: Option<DateTime<Utc>>,
}

/// Whether an object is there, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// The API server says that it does not exist.
    Absent,
    /// It belongs to the release.
    Ours,
    /// It belongs to another release, `NAMESPACE/NAME`.
    Anothers(String),
    /// It belongs to no release.
    Nobodys,
    /// It could not be read.
    Unread,
}

/// Which revision an object is like, where the two ask for different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The deployed one.
    Old,
    /// The newest one.
    New,
    /// Neither, or partly the one and partly the other.
    Neither,
}

/// An object that is being deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleting {
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// What it waits for.
    pub finalizers: Vec<String>,
}

/// Whether an object is being deleted. Hardly any is, so the text is asked before it is parsed.
pub fn is_being_deleted(lookup: &Lookup<'_>) -> bool {
    matches!(lookup, Lookup::Found(json) if json.contains("\"deletionTimestamp\""))
}

/// Looks at an object.
pub fn observe(watched: &Watched<'_>, lookup: &Lookup<'_>) -> Observed {
    let nothing = |presence| Observed {
        side: match presence {
            Presence::Absent => absent_side(watched),
            Presence::Ours | Presence::Anothers(_) | Presence::Nobodys | Presence::Unread => None,
        },
        presence,
        unready: None,
        job: None,
        deleting: None,
        written: None,
    };
    let live = match lookup {
        Lookup::NotFound => return nothing(Presence::Absent),
        Lookup::Unreadable(_) => return nothing(Presence::Unread),
        Lookup::Found(json) => match Live::parse(json) {
            Ok(live) => live,
            Err(_) => return nothing(Presence::Unread),
        },
    };
    let presence = match Ownership::of(&live.object, watched.owner) {
        Ownership::Ours => Presence::Ours,
        Ownership::Another(other) => Presence::Anothers(format!("{}/{}", other.namespace, other.name)),
        Ownership::Nobody => Presence::Nobodys,
    };
    // A record can name any object: of one elsewhere that does not confirm it nothing is told.
    let is_elsewhere = watched.values == Visibility::Hidden
        || watched
            .key
            .namespace
            .as_deref()
            .is_some_and(|namespace| namespace != watched.owner.namespace);
    if is_elsewhere && presence != Presence::Ours {
        return nothing(Presence::Unread);
    }
    let kind = &watched.key.gvk.kind;
    Observed {
        side: side(watched, &live.object),
        presence,
        unready: readiness::unready(kind, &live.object),
        job: readiness::job_state(kind, &live.object),
        deleting: deleting(&live.object),
        written: live
            .managed
            .iter()
            .filter(|entry| {
                entry.subresource.is_empty() && watched.managers.who(&entry.manager) == ManagerKind::Helm
            })
            .filter_map(|entry| entry.time)
            .max(),
    }
}

fn absent_side(watched: &Watched<'_>) -> Option<Side> {
    match (watched.old, watched.new) {
        (Some(_), Some(_)) => Some(Side::Neither),
        (Some(_), None) => Some(Side::New),
        (None, Some(_)) => Some(Side::Old),
        (None, None) => None,
    }
}

fn side(watched: &Watched<'_>, live: &Value) -> Option<Side> {
    match (watched.old, watched.new) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => match (is_like(watched, old, live), is_like(watched, new, live)) {
            // They differ in what makes no difference: comments, defaults spelled out.
            (true, true) => None,
            (true, false) => Some(Side::Old),
            (false, true) => Some(Side::New),
            (false, false) => Some(Side::Neither),
        },
        (Some(_), None) => Some(Side::Old),
        (None, Some(new)) if is_like(watched, new, live) => Some(Side::New),
        (None, Some(_)) => Some(Side::Neither),
        (None, None) => None,
    }
}

fn is_like(watched: &Watched<'_>, body: &str, live: &Value) -> bool {
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    let wanted = desired(body, watched.key, watched.owner);
    let versions = Versions {
        previous: None,
        desired: &wanted,
        attempted: &[],
        live,
    };
    three_way(watched.shape, versions)
        .iter()
        .all(|change| change.code == FindingCode::Pruned)
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
    use crate::types::TypeTable;
    use serde_json::json;

    fn watched<'a>(
        key: &'a ObjectKey,
        managers: &'a Managers,
        bodies: (Option<&'a str>, Option<&'a str>),
    ) -> Watched<'a> {
        Watched {
            key,
            owner: Owner {
                name: "web",
                namespace: "shop",
            },
            old: bodies.0,
            new: bodies.1,
            shape: TypeTable::builtin().kind("v1", "ConfigMap"),
            managers,
            values: Visibility::Shown,
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
        let body = |color: &str| json!({"data": {"color": color}}).to_string();
        let (red, blue) = (body("red"), body("blue"));
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
            let bodies = (old.map(String::as_str), new.map(String::as_str));
            let text = lives.map(|color| live("web", color));
            let lookup = text.as_deref().map_or(Lookup::NotFound, Lookup::Found);
            let observed = observe(&watched(&key, &managers, bodies), &lookup);
            assert_eq!(observed.side, side, "{old:?} {new:?} {lives:?}");
        }
    }

    #[test]
    fn of_somebody_elses_object_in_another_namespace_nothing_is_told() {
        let managers = Managers::default();
        let text = live("api", "red");
        for (namespace, presence) in [
            ("shop", Presence::Anothers("shop/api".into())),
            ("elsewhere", Presence::Unread),
        ] {
            let key = key(namespace);
            let observed = observe(&watched(&key, &managers, (None, None)), &Lookup::Found(&text));
            assert_eq!(observed.presence, presence);
        }
    }
}
