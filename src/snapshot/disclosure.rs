//! Which of the objects that a scan read go into a snapshot: those that the scan may speak of.
//!
//! A record can name any object of the cluster, and a snapshot is passed on. If it held everything that was read, whoever
//! writes records in one namespace could have the objects of all others put into the snapshot of that one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::manifest::desired::{MANAGED_BY, Owner, Ownership, RELEASE_NAME, RELEASE_NAMESPACE};
use crate::manifest::standing::Standing;
use crate::object::ObjectKey;
use crate::policy::Policy;
use crate::release::record::Release;
use crate::release::stored::ReleaseKey;

/// The releases of a snapshot, by name and by the namespace that each may speak for.
#[derive(Debug, Default)]
pub(super) struct Releases {
    /// The namespaces whose objects a snapshot holds.
    namespaces: BTreeSet<String>,
    owners: BTreeSet<(String, String)>,
}

/// How much of an object goes into a snapshot.
#[derive(Debug, PartialEq)]
pub(super) enum Disclosed {
    /// All of it.
    Whole,
    /// Only its owner.
    Owner(Value),
    /// Nothing, not even that it exists: a scan takes it for missing, and tells the two alike.
    Nothing,
}

impl Releases {
    /// Notes a release, by where its records are.
    pub(super) fn add(&mut self, release: &ReleaseKey) {
        self.add_owner(&release.name, &release.namespace);
    }

    /// Notes the namespace that a record says its release installs into, where the policy lets it speak for that.
    pub(super) fn add_claim(&mut self, stored: &ReleaseKey, record: &Release, policy: &Policy) {
        if !record.namespace.is_empty() && policy.trusts_storage(&stored.namespace) {
            self.add_owner(&stored.name, &record.namespace);
        }
    }

    /// Whether there is a release of this name that speaks for this namespace.
    pub(super) fn has(&self, name: &str, namespace: &str) -> bool {
        self.owners.contains(&(name.to_owned(), namespace.to_owned()))
    }

    fn add_owner(&mut self, name: &str, namespace: &str) {
        self.namespaces.insert(namespace.to_owned());
        self.owners.insert((name.to_owned(), namespace.to_owned()));
    }

    /// How much of a live object a snapshot of these releases holds.
    pub(super) fn disclose(&self, key: &ObjectKey, live: &Value) -> Disclosed {
        let is_near = |namespace: &String| self.namespaces.contains(namespace);
        if key.namespace.as_ref().is_some_and(is_near) {
            return Disclosed::Whole;
        }
        // No release has this name, so that every owner is another one.
        let nobody = Owner {
            name: "",
            namespace: "",
        };
        let owner = match Ownership::of(live, nobody) {
            Ownership::Another(owner) => Some(owner),
            Ownership::Ours | Ownership::Nobody => None,
        };
        let is_known = |owner: &Owner<'_>| {
            let names = (owner.name.to_owned(), owner.namespace.to_owned());
            self.owners.contains(&names) && Standing::of(live, key, *owner) == Standing::Ours
        };
        match (owner.filter(is_known), &key.namespace) {
            (Some(_), _) => Disclosed::Whole,
            (None, Some(_)) => Disclosed::Nothing,
            (None, None) => Disclosed::Owner(only_owner(key, live)),
        }
    }
}

/// An object with nothing but its name and its marks of ownership.
fn only_owner(key: &ObjectKey, live: &Value) -> Value {
    let mut stub =
        json!({"apiVersion": key.gvk.api_version, "kind": key.gvk.kind, "metadata": {"name": key.name}});
    for (field, marks) in [
        ("labels", &[MANAGED_BY][..]),
        ("annotations", &[RELEASE_NAME, RELEASE_NAMESPACE]),
    ] {
        for mark in marks {
            if let Some(value) = live
                .pointer(&format!("/metadata/{field}"))
                .and_then(|field| field.get(mark))
            {
                stub["metadata"][field][*mark] = value.clone();
            }
        }
    }
    stub
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Gvk;
    use crate::release::stored::Driver;

    fn live(name: &str, namespace: &str) -> Value {
        json!({"metadata": {"labels": {MANAGED_BY: "Helm", "a": "b"}, "uid": "1",
            "annotations": {RELEASE_NAME: name, RELEASE_NAMESPACE: namespace}}, "data": {"a": "b"}})
    }

    fn releases(policy: &Policy) -> Releases {
        let mut releases = Releases::default();
        let stored = ReleaseKey {
            namespace: "evil".to_owned(),
            name: "x".to_owned(),
            driver: Driver::Secret,
        };
        releases.add(&stored);
        let record = Release {
            namespace: "victim".to_owned(),
            ..Release::default()
        };
        releases.add_claim(&stored, &record, policy);
        releases
    }

    #[test]
    fn a_snapshot_holds_what_its_releases_may_speak_of() {
        let key = |namespace: Option<&str>| ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: namespace.map(str::to_owned),
            name: "a".to_owned(),
        };
        let stub = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a",
            "labels": {MANAGED_BY: "Helm"}, "annotations": {RELEASE_NAME: "bank", RELEASE_NAMESPACE: "victim"}}});
        let (distrusting, trusting) = (
            Policy::default(),
            Policy {
                trusted_storage: vec!["evil".parse().unwrap()],
                ..Policy::default()
            },
        );
        for (policy, namespace, live, disclosed) in [
            (
                &distrusting,
                Some("evil"),
                live("bank", "victim"),
                Disclosed::Whole,
            ),
            (
                &distrusting,
                Some("victim"),
                live("bank", "victim"),
                Disclosed::Nothing,
            ),
            (
                &distrusting,
                Some("victim"),
                live("x", "victim"),
                Disclosed::Nothing,
            ),
            (&distrusting, Some("victim"), json!({}), Disclosed::Nothing),
            (&distrusting, Some("victim"), live("x", "evil"), Disclosed::Whole),
            (&distrusting, None, live("x", "evil"), Disclosed::Whole),
            (&distrusting, None, live("bank", "victim"), Disclosed::Owner(stub)),
            (
                &trusting,
                Some("victim"),
                live("bank", "victim"),
                Disclosed::Whole,
            ),
            (&trusting, None, live("x", "victim"), Disclosed::Whole),
        ] {
            let found = releases(policy).disclose(&key(namespace), &live);
            assert_eq!(found, disclosed, "{namespace:?} {live}");
        }
    }
}
