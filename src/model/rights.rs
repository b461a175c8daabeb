//! The rights that a scan needs, and those of them that an account lacks: what `driftline rights` reports.
//!
//! Its JSON form is the contract `driftline.rights/v1`; fields are only ever added.

use serde::Serialize;

use super::{Cluster, ReportError, Tool};
use crate::shell::ClusterFlags;
use crate::vocabulary::{codes, vocabulary};

/// The name and version of the JSON contract.
pub const RIGHTS_SCHEMA: &str = "driftline.rights/v1";

/// The rights that a scan needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsReport {
    /// Always [`RIGHTS_SCHEMA`].
    pub schema: String,
    /// The program that made this report.
    pub tool: Tool,
    /// Which cluster was asked.
    pub cluster: Cluster,
    /// The account whose rights these are; `null` where the API server does not say who asks.
    pub account: Option<Account>,
    /// Whether it is the account that asked.
    pub is_own_account: bool,
    /// The namespaces of the releases; all of them when empty.
    pub namespaces: Vec<String>,
    /// The names of the releases; all of them when empty.
    pub releases: Vec<String>,
    /// Every right that is needed, the missing ones first.
    pub rights: Vec<NeededRight>,
    /// Why there may be more needs than these.
    pub errors: Vec<ReportError>,
    /// The flags that chose the cluster, which printed commands repeat.
    #[serde(skip)]
    pub flags: ClusterFlags,
}

/// An account, as a role binding names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind")]
pub enum Account {
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A user.
    User {
        /// The name.
        name: String,
    },
}

/// The beginning of the user names of service accounts (Kubernetes: `apiserver/pkg/authentication/serviceaccount/util.go`,
/// `ServiceAccountUsernamePrefix`).
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

impl Account {
    /// The account with this user name.
    pub fn of_user(name: &str) -> Self {
        let parts = name.strip_prefix(SERVICE_ACCOUNT);
        match parts.and_then(|parts| parts.split_once(':')) {
            Some((namespace, name)) => Self::ServiceAccount {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            },
            None => Self::User {
                name: name.to_owned(),
            },
        }
    }

    /// The user name that the API server knows the account by.
    pub fn user_name(&self) -> String {
        match self {
            Self::ServiceAccount { namespace, name } => format!("{SERVICE_ACCOUNT}{namespace}:{name}"),
            Self::User { name } => name.clone(),
        }
    }
}

/// The text that should name a service account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a service account is named by its namespace and its name: NAMESPACE/NAME")]
pub struct NoServiceAccount;

impl std::str::FromStr for Account {
    type Err = NoServiceAccount;

    /// Reads `NAMESPACE/NAME`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self::ServiceAccount {
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                })
            }
            _ => Err(NoServiceAccount),
        }
    }
}

/// One resource in one place, and what a scan does with it there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NeededRight {
    /// The verbs that are missing.
    pub missing: Vec<Verb>,
    /// The purpose.
    pub purpose: RightPurpose,
    /// The subject of the right.
    #[serde(flatten)]
    pub target: RightTarget,
    /// Every verb that is needed.
    pub verbs: Vec<Verb>,
    /// The releases whose objects it is needed for, sorted; none where all of them need it.
    pub releases: Vec<String>,
}

/// What a right is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "scope", rename_all = "kebab-case")]
pub enum RightTarget {
    /// A resource in one namespace.
    Namespace {
        /// The resource.
        #[serde(flatten)]
        resource: Resource,
        /// The namespace.
        namespace: String,
    },
    /// A resource in all namespaces.
    AllNamespaces {
        /// The resource.
        #[serde(flatten)]
        resource: Resource,
    },
    /// A resource without namespaces.
    Cluster {
        /// The resource.
        #[serde(flatten)]
        resource: Resource,
    },
    /// A path of the API server that is no resource.
    Path {
        /// The path.
        path: String,
    },
}

impl RightTarget {
    /// The same right in one namespace, where it is one in all of them.
    #[must_use]
    pub fn within(&self, namespace: &str) -> Option<Self> {
        match self {
            Self::AllNamespaces { resource } => Some(Self::Namespace {
                resource: resource.clone(),
                namespace: namespace.to_owned(),
            }),
            Self::Namespace { .. } | Self::Cluster { .. } | Self::Path { .. } => None,
        }
    }
}

/// A resource, as roles name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural name.
    pub resource: String,
}

impl Resource {
    /// Names a resource.
    pub fn new(group: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            resource: resource.into(),
        }
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.resource)?;
        if self.group.is_empty() {
            Ok(())
        } else {
            write!(f, ".{}", self.group)
        }
    }
}

vocabulary! {
    /// A verb of a right.
    Verb {
        /// Read one object by its name.
        Get = "get",
        /// Read all objects of a kind.
        List = "list",
        /// Create an object: for server-side dry runs of previews.
        Create = "create",
        /// Change an object: for server-side dry runs.
        Patch = "patch",
    }
}

codes! {
    /// The purpose of a right.
    RightPurpose {
        Records = "records": "Helm's release records",
        Objects = "objects": "the objects of releases",
        ReplicaCounts = "replica-counts": "which replica counts an autoscaler sets",
        Discovery = "discovery": "the kinds that the API server serves",
        Schemas = "schemas": "the schemas of custom resources",
        DryRuns = "dry-runs": "server-side dry runs (--confirm server)",
        Orphans = "orphans": "objects whose release has no record (--orphans)",
        Namespaces = "namespaces": "namespaces that are being deleted",
        Previews = "previews": "what may stand in the way of a rollback or an upgrade (--preview)",
    }
}

impl RightsReport {
    /// The rights that are missing.
    pub fn missing(&self) -> impl Iterator<Item = &NeededRight> {
        self.rights.iter().filter(|right| !right.missing.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_by_user_names_and_on_the_command_line() {
        let account = Account::of_user("system:serviceaccount:ops:driftline");
        assert_eq!(account, "ops/driftline".parse().unwrap());
        assert_eq!(account.user_name(), "system:serviceaccount:ops:driftline");
        let user = Account::of_user("jane@example.com");
        assert_eq!(user.user_name(), "jane@example.com");
        assert!(matches!(user, Account::User { .. }));
        for text in ["driftline", "/x", "x/", "a/b/c"] {
            assert_eq!(text.parse::<Account>(), Err(NoServiceAccount));
        }
    }
}
