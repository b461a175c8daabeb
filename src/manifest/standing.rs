//! Which objects a release may speak of: those in its own namespace, and others that provably are its own.
//!
//! Everybody who may write Secrets in one namespace can write a release record there, and a record can name any object of
//! the cluster. driftline reads with rights of its own, so that a report could tell the writer of a record what he may not
//! read: values, whether a guess is right, whether an object exists. So an object outside the release's own namespace is
//! spoken of only if its live annotations name this very release, as Helm writes them (Helm: `pkg/action/validate.go`,
//! `setMetadataVisitor`). Whoever writes annotations may write the object. The label that Helm writes beside them names no
//! release, so it proves nothing more, and its loss is a difference like any other.
//!
//! Charts with objects in other namespaces are common, such as a `RoleBinding` in `kube-system`, and one that was deleted has
//! to be reported. But an object that does not exist proves nothing. So an object in another namespace that does not
//! exist and one that is not the release's are told alike, as missing or not owned: nobody learns from it what exists
//! there, and no loss goes unreported. For cluster-scoped objects the two are told apart, and the other release is named:
//! two releases that fight over a `CustomResourceDefinition` are a trouble of their own, and the names of cluster-scoped
//! objects are known to most users of a cluster. Nothing else of them is told.

use serde_json::Value;

use super::desired::{Owner, Ownership};
use crate::object::ObjectKey;

/// Where an object is, seen from a release that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the release's own namespace, whose people could read the object themselves.
    Own,
    /// In another namespace.
    Other,
    /// In no namespace.
    Cluster,
}

impl Place {
    /// Where an object is, seen from its release.
    pub fn of(key: &ObjectKey, owner: Owner<'_>) -> Self {
        match &key.namespace {
            Some(namespace) if namespace == owner.namespace => Self::Own,
            Some(_) => Self::Other,
            None => Self::Cluster,
        }
    }
}

/// What a live object is to a release that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It is the release's.
    Ours,
    /// It is another release's.
    Another(Owner<'a>),
    /// It is no release's.
    Nobody,
    /// It is in another namespace, and nothing proves that it is the release's. Not even that it exists may be told.
    Unproven,
}

impl<'a> Standing<'a> {
    /// What a live object is to a release that names it.
    pub fn of(live: &'a Value, key: &ObjectKey, owner: Owner<'_>) -> Self {
        match (Ownership::of(live, owner), Place::of(key, owner)) {
            (Ownership::Ours, _) => Self::Ours,
            (Ownership::Another(_) | Ownership::Nobody, Place::Other) => Self::Unproven,
            (Ownership::Another(other), Place::Own | Place::Cluster) => Self::Another(other),
            (Ownership::Nobody, Place::Own | Place::Cluster) => Self::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::desired::{MANAGED_BY, RELEASE_NAME, RELEASE_NAMESPACE};
    use crate::object::Gvk;
    use serde_json::json;

    const OWNER: Owner<'_> = Owner {
        name: "web",
        namespace: "shop",
    };

    fn live(label: &str, name: &str, namespace: &str) -> Value {
        json!({"metadata": {"labels": {MANAGED_BY: label},
            "annotations": {RELEASE_NAME: name, RELEASE_NAMESPACE: namespace}}})
    }

    #[test]
    fn outside_of_its_namespace_only_both_annotations_of_helm_prove_that_an_object_is_a_release_s() {
        let standing = |live: &Value, namespace: Option<&str>| {
            let key = ObjectKey {
                gvk: Gvk::new("v1", "ConfigMap"),
                namespace: namespace.map(str::to_owned),
                name: "x".to_owned(),
            };
            format!("{:?}", Standing::of(live, &key, OWNER))
        };
        let another = |name: &str, namespace: &str| {
            format!("Another(Owner {{ name: {name:?}, namespace: {namespace:?} }})")
        };
        let bare = json!({"metadata": {}});
        let rows = [
            (
                live("Helm", "web", "shop"),
                "Ours".to_owned(),
                "Ours",
                "Ours".to_owned(),
            ),
            (
                live("kubectl", "web", "shop"),
                "Ours".to_owned(),
                "Ours",
                "Ours".to_owned(),
            ),
            (
                live("Helm", "api", "shop"),
                another("api", "shop"),
                "Unproven",
                another("api", "shop"),
            ),
            (
                live("Helm", "web", "bank"),
                another("web", "bank"),
                "Unproven",
                another("web", "bank"),
            ),
            (bare, "Nobody".to_owned(), "Unproven", "Nobody".to_owned()),
        ];
        for (live, own, other, cluster) in rows {
            assert_eq!(standing(&live, Some("shop")), own, "{live}");
            assert_eq!(standing(&live, Some("bank")), other, "{live}");
            assert_eq!(standing(&live, None), cluster, "{live}");
        }
    }
}
