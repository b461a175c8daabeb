//! The names of the objects that deployed manifests have, of all releases of a scan.
//!
//! An object that one release left behind may be another release's by now, although its annotations still name the first:
//! Helm does not check the owner of an object that a release had before. Nobody should be told to delete it. So an object
//! is left over only if no other release's deployed manifest or hooks name it. A manifest counts only for objects that its
//! release may speak for, and for cluster-scoped objects only against releases of its own namespace; otherwise a forged
//! record could hide what others left behind.
//!
//! An object whose annotations name a release without records is an orphan only if no manifest has it to which Helm may come
//! back: the deployed one, the newest, or an earlier one. There every manifest counts, because the report says whose it is.
//!
//! Only a hash of each name is kept, and the number of its release: a mebibyte and a half for 65,000 objects.

use std::hash::{BuildHasher as _, RandomState};

use super::plan::identity;
use crate::object::ObjectKey;
use crate::release::stored::ReleaseKey;

/// The names that deployed manifests claim, while a scan collects them.
#[derive(Default)]
pub(super) struct Claims {
    /// Chosen anew for each scan, so that nobody can choose a name with the hash of another.
    hasher: RandomState,
    releases: Vec<ReleaseKey>,
    names: Vec<Name>,
}

/// A name in the manifest of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    hash: u64,
    /// The position of its release.
    release: usize,
    held: Held,
    /// Whether the release may speak for the object.
    is_claim: bool,
}

/// The manifest of a release that has an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Held {
    /// That of the deployed revision.
    Deployed,
    /// That of a revision which did not complete.
    Attempted,
    /// That of an earlier revision, to which a rollback may go, or of one that failed.
    Other,
}

/// An object in the manifest of a release.
pub(super) struct HeldObject {
    pub(super) key: ObjectKey,
    pub(super) held: Held,
    /// Whether the release may speak for the object.
    pub(super) is_claim: bool,
}

/// The names that deployed manifests claim, ready to be looked up.
#[derive(Default)]
pub(super) struct DeployedNames(Claims);

impl Claims {
    /// Adds the objects that the manifests of a release name.
    pub(super) fn add(&mut self, release: &ReleaseKey, objects: impl Iterator<Item = HeldObject>) {
        let position = self.releases.len();
        self.releases.push(release.clone());
        let names = objects.map(|object| Name {
            hash: self.hasher.hash_one(identity(&object.key)),
            release: position,
            held: object.held,
            is_claim: object.is_claim,
        });
        self.names.extend(names);
    }

    /// Makes the names ready to be looked up.
    pub(super) fn close(mut self) -> DeployedNames {
        self.names.sort_unstable();
        DeployedNames(self)
    }
}

impl DeployedNames {
    /// The first release other than this one whose deployed manifest names an object.
    pub(super) fn claimed_by_another(&self, than: &ReleaseKey, key: &ObjectKey) -> Option<&ReleaseKey> {
        let claims = self.named(key).filter(|name| match name.held {
            Held::Deployed => name.is_claim,
            Held::Attempted | Held::Other => false,
        });
        let claimants = claims.filter_map(|name| self.0.releases.get(name.release));
        let others = claimants.filter(|release| *release != than);
        // The live object says that it is this release's. Of a cluster-scoped one, a record in another namespace proves
        // nothing by naming it.
        let may_claim =
            |release: &&ReleaseKey| key.namespace.is_some() || release.namespace == than.namespace;
        others.filter(may_claim).min()
    }

    /// The release whose manifest has an object, of those that pass: the one with the manifest that counts most, and of several
    /// the first.
    pub(super) fn holder(
        &self,
        key: &ObjectKey,
        passes: impl Fn(&ReleaseKey) -> bool,
    ) -> Option<(Held, &ReleaseKey)> {
        let holders = self
            .named(key)
            .filter_map(|name| Some((name.held, self.0.releases.get(name.release)?)));
        holders.filter(|(_, release)| passes(release)).min()
    }

    /// The names that are this object's.
    fn named(&self, key: &ObjectKey) -> impl Iterator<Item = &Name> {
        let Claims { hasher, names, .. } = &self.0;
        let wanted = hasher.hash_one(identity(key));
        let from = names.partition_point(|name| name.hash < wanted);
        names[from..].iter().take_while(move |name| name.hash == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Gvk;
    use crate::release::stored::Driver;

    fn release(name: &str) -> ReleaseKey {
        ReleaseKey {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            driver: Driver::Secret,
        }
    }

    fn key(api_version: &str, name: &str) -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new(api_version, "Deployment"),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        }
    }

    fn deployed(key: ObjectKey) -> HeldObject {
        HeldObject {
            key,
            held: Held::Deployed,
            is_claim: true,
        }
    }

    #[test]
    fn a_name_is_found_for_every_release_but_its_own_whatever_group_it_was_moved_from() {
        let mut claims = Claims::default();
        claims.add(
            &release("web"),
            [key("apps/v1", "a"), key("apps/v1", "b")]
                .into_iter()
                .map(deployed),
        );
        claims.add(
            &release("api"),
            [key("extensions/v1beta1", "b")].into_iter().map(deployed),
        );
        let names = claims.close();
        let claimant = |than: &str, key: &ObjectKey| {
            names
                .claimed_by_another(&release(than), key)
                .map(|release| release.name.as_str())
        };
        assert_eq!(claimant("old", &key("apps/v1", "a")), Some("web"));
        assert_eq!(claimant("web", &key("apps/v1", "a")), None);
        assert_eq!(claimant("web", &key("apps/v1", "b")), Some("api"));
        assert_eq!(
            claimant("old", &key("apps/v1", "b")),
            Some("api"),
            "the first by name"
        );
        assert_eq!(claimant("old", &key("apps/v1", "c")), None);
    }

    /// A record proves nothing of a cluster-scoped object by naming it, and could hide what others left behind.
    #[test]
    fn a_cluster_scoped_object_is_claimed_within_a_namespace_only() {
        let role = ObjectKey {
            gvk: Gvk::new("rbac.authorization.k8s.io/v1", "ClusterRole"),
            namespace: None,
            name: "reader".to_owned(),
        };
        let evil = ReleaseKey {
            namespace: "evil".to_owned(),
            ..release("web")
        };
        let mut claims = Claims::default();
        claims.add(&evil, [role.clone()].into_iter().map(deployed));
        claims.add(&release("api"), [role.clone()].into_iter().map(deployed));
        let names = claims.close();
        assert_eq!(
            names.claimed_by_another(&release("web"), &role),
            Some(&release("api"))
        );
        assert_eq!(names.claimed_by_another(&release("api"), &role), None);
    }

    /// Whoever may have the object back is told, and what only counts for deployed manifests counts for these alone.
    #[test]
    fn every_manifest_holds_an_object_and_the_deployed_one_most() {
        let held = |held| HeldObject {
            held,
            is_claim: false,
            ..deployed(key("apps/v1", "a"))
        };
        let mut claims = Claims::default();
        claims.add(&release("api"), [held(Held::Other)].into_iter());
        claims.add(&release("web"), [held(Held::Deployed)].into_iter());
        let names = claims.close();
        let object = key("apps/v1", "a");
        assert_eq!(
            names.holder(&object, |_| true),
            Some((Held::Deployed, &release("web")))
        );
        let others = names.holder(&object, |key| key.name != "web");
        assert_eq!(others, Some((Held::Other, &release("api"))));
        assert_eq!(names.holder(&key("apps/v1", "b"), |_| true), None);
        assert_eq!(names.claimed_by_another(&release("old"), &object), None);
    }
}
