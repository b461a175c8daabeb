//! The namespace that a release may speak for.
//!
//! A record says which namespace its release installs into, and everybody who may write records in one namespace can write
//! the name of any other there. Helm keeps records in the namespace that the release installs into (Helm:
//! `pkg/action/action.go`, `Configuration.Init`), so the API server's metadata of the record says what a release may speak
//! for. Flux can keep records elsewhere; the settings name the namespaces whose records may then be believed.

use crate::health::remark;
use crate::model::Health;
use crate::object::ObjectKey;
use crate::policy::Policy;
use crate::release::stored::ReleaseKey;
use crate::source::ReadError;
use crate::vocabulary::{HealthCode, HealthSeverity};

/// The namespace that a release may speak for, and the one that its record claims where nothing confirms that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    namespace: String,
    claimed: Option<String>,
}

impl Authority {
    /// The authority of a release of which nothing but the place of its records is known.
    pub(super) fn of_storage(release: &ReleaseKey) -> Self {
        Self {
            namespace: release.namespace.clone(),
            claimed: None,
        }
    }

    /// The authority of a release whose record says that it installs into a namespace.
    pub(super) fn of_record(release: &ReleaseKey, installs_into: &str, policy: &Policy) -> Self {
        let stored_in = &release.namespace;
        if installs_into == stored_in || policy.trusts_storage(stored_in) {
            Self {
                namespace: installs_into.to_owned(),
                claimed: None,
            }
        } else {
            Self {
                namespace: stored_in.clone(),
                claimed: Some(installs_into.to_owned()),
            }
        }
    }

    /// The namespace that the release may speak for.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The namespace of objects that the manifest names without one.
    pub(super) fn default_namespace(&self) -> &str {
        self.claimed.as_deref().unwrap_or(&self.namespace)
    }

    /// Why an object may not be read for the release. What is not read cannot be told by any way around.
    pub(super) fn refuse(&self, key: &ObjectKey) -> Option<ReadError> {
        self.claimed.as_ref()?;
        let is_own = key.namespace.as_ref() == Some(&self.namespace);
        (!is_own).then(|| ReadError::NotTrusted {
            namespace: self.namespace.clone(),
        })
    }

    /// Whether the release's deployed manifest is believed when it names this object.
    pub(super) fn may_claim(&self, key: &ObjectKey) -> bool {
        match &key.namespace {
            Some(namespace) => *namespace == self.namespace,
            None => self.claimed.is_none(),
        }
    }

    /// The entry about a record that claims another namespace.
    pub(super) fn health(&self) -> Option<Health> {
        let claimed = self.claimed.as_ref()?;
        let own = &self.namespace;
        let message = format!(
            "the record in namespace {own} says that the release installs into namespace {claimed}, and nothing proves that: \
             only objects in namespace {own} are compared. If nobody but a program that deploys releases, such as Flux, \
             may write there, add {own} to trusted_storage_namespaces in the settings"
        );
        Some(remark(
            HealthCode::IdentityMismatch,
            HealthSeverity::Warning,
            message,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Gvk;
    use crate::release::stored::Driver;

    fn release() -> ReleaseKey {
        ReleaseKey {
            namespace: "flux-system".to_owned(),
            name: "web".to_owned(),
            driver: Driver::Secret,
        }
    }

    fn key(namespace: Option<&str>) -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: namespace.map(str::to_owned),
            name: "x".to_owned(),
        }
    }

    #[test]
    fn a_record_speaks_for_another_namespace_only_where_the_settings_trust_its_own() {
        let trusting = |glob: &str| Policy {
            trusted_storage: vec![glob.parse().unwrap()],
            ..Policy::default()
        };
        for (policy, installs_into, namespace, claimed) in [
            (Policy::default(), "flux-system", "flux-system", None),
            (Policy::default(), "shop", "flux-system", Some("shop")),
            (trusting("other"), "shop", "flux-system", Some("shop")),
            (trusting("flux-*"), "shop", "shop", None),
        ] {
            let authority = Authority::of_record(&release(), installs_into, &policy);
            assert_eq!(authority.namespace(), namespace, "{policy:?}");
            assert_eq!(authority.claimed.as_deref(), claimed, "{policy:?}");
            assert_eq!(authority.health().is_some(), claimed.is_some());
            assert_eq!(authority.default_namespace(), installs_into);
        }
    }

    #[test]
    fn a_claim_that_nothing_proves_has_nothing_read_outside_the_record_s_namespace() {
        let claims = Authority::of_record(&release(), "shop", &Policy::default());
        let own = Authority::of_storage(&release());
        for namespace in [Some("flux-system"), Some("shop"), Some("bank"), None] {
            let key = key(namespace);
            assert_eq!(claims.refuse(&key).is_none(), namespace == Some("flux-system"));
            assert_eq!(claims.may_claim(&key), namespace == Some("flux-system"));
            assert!(own.refuse(&key).is_none());
        }
        assert!(own.may_claim(&key(None)) && !own.may_claim(&key(Some("bank"))));
    }
}
