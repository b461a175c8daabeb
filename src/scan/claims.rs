//! The names of the objects that deployed manifests have, of all releases of a scan.
//!
//! An object that one release left behind may be another release's by now, although its annotations still name the first:
//! Helm does not check the owner of an object that a release had before. Nobody should be told to delete it. So an object
//! is left over only if no other release's deployed manifest or hooks name it. A manifest counts only for objects that its
//! release may speak for, and for cluster-scoped objects only against releases of its own namespace; otherwise a forged
//! record could hide what others left behind.
//!
//! Only a hash of each name is kept, and the number of its release: a mebibyte for 65,000 objects.

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
    /// The hash of each name, and the position of its release.
    names: Vec<(u64, usize)>,
}

/// The names that deployed manifests claim, ready to be looked up.
#[derive(Default)]
pub(super) struct DeployedNames(Claims);

impl Claims {
    /// Adds the objects that the deployed manifest of a release names.
    pub(super) fn add(&mut self, release: &ReleaseKey, objects: impl Iterator<Item = ObjectKey>) {
        let position = self.releases.len();
        self.releases.push(release.clone());
        let names = objects.map(|key| (self.hasher.hash_one(identity(&key)), position));
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
        let Claims {
            hasher,
            releases,
            names,
        } = &self.0;
        let wanted = hasher.hash_one(identity(key));
        let from = names.partition_point(|(hash, _)| *hash < wanted);
        let same = names[from..].iter().take_while(|(hash, _)| *hash == wanted);
        let claimants = same.filter_map(|(_, position)| releases.get(*position));
        let others = claimants.filter(|release| *release != than);
        // The live object says that it is this release's. Of a cluster-scoped one, a record in another namespace proves
        // nothing by naming it.
        let may_claim =
            |release: &&ReleaseKey| key.namespace.is_some() || release.namespace == than.namespace;
        others.filter(may_claim).min()
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

    #[test]
    fn a_name_is_found_for_every_release_but_its_own_whatever_group_it_was_moved_from() {
        let mut claims = Claims::default();
        claims.add(
            &release("web"),
            [key("apps/v1", "a"), key("apps/v1", "b")].into_iter(),
        );
        claims.add(&release("api"), [key("extensions/v1beta1", "b")].into_iter());
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
        claims.add(&evil, [role.clone()].into_iter());
        claims.add(&release("api"), [role.clone()].into_iter());
        let names = claims.close();
        assert_eq!(
            names.claimed_by_another(&release("web"), &role),
            Some(&release("api"))
        );
        assert_eq!(names.claimed_by_another(&release("api"), &role), None);
    }
}
