//! The `HelmRelease` of Flux (fluxcd/helm-controller `api/v2/helmrelease_types.go`).

use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use super::super::answer::nullable;
use super::super::request::Kind;
use super::Follows;
use crate::source::followed::{DriftSettings, FollowedQuestion};
use crate::vocabulary::DriftCorrection;

/// The longest name of a release that Helm takes, and how much of a longer one Flux keeps before its hash.
const LONGEST: usize = 53;
const KEPT: usize = 40;

const fn version(api_version: &'static str) -> Kind<'static> {
    Kind {
        api_version,
        name: "HelmRelease",
        plural: "helmreleases",
    }
}

#[derive(Deserialize)]
pub(super) struct HelmRelease {
    metadata: Metadata,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "nullable")]
    suspend: bool,
    kube_config: Option<IgnoredAny>,
    #[serde(deserialize_with = "nullable")]
    release_name: String,
    #[serde(deserialize_with = "nullable")]
    target_namespace: String,
    #[serde(deserialize_with = "nullable")]
    storage_namespace: String,
    #[serde(deserialize_with = "nullable")]
    drift_detection: DriftDetection,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DriftDetection {
    #[serde(deserialize_with = "nullable")]
    mode: String,
    #[serde(deserialize_with = "nullable")]
    ignore: Vec<IgnoredAny>,
}

impl HelmRelease {
    /// Whether it installs the release (`GetReleaseName`, `GetReleaseNamespace`, `GetStorageNamespace`), in this cluster.
    fn installs(&self, question: &FollowedQuestion) -> bool {
        let own = &self.metadata.namespace;
        let is = |namespace: &String, expected: &String| {
            expected == if namespace.is_empty() { own } else { namespace }
        };
        self.spec.kube_config.is_none()
            && shortened(&self.release_name()) == question.release.name
            && is(&self.spec.storage_namespace, &question.release.namespace)
            && is(&self.spec.target_namespace, &question.installs_into)
    }

    fn release_name(&self) -> String {
        let Spec {
            release_name,
            target_namespace,
            ..
        } = &self.spec;
        match (release_name.as_str(), target_namespace.as_str()) {
            ("", "") => self.metadata.name.clone(),
            ("", target) => format!("{target}-{}", self.metadata.name),
            (name, _) => name.to_owned(),
        }
    }
}

impl Follows for HelmRelease {
    const KINDS: &'static [Kind<'static>] = &[
        version("helm.toolkit.fluxcd.io/v2"),
        version("helm.toolkit.fluxcd.io/v2beta2"),
        version("helm.toolkit.fluxcd.io/v2beta1"),
    ];

    fn settings(&self, question: &FollowedQuestion) -> Option<DriftSettings> {
        let detection = &self.spec.drift_detection;
        let correction = match detection.mode.as_str() {
            _ if self.spec.suspend => DriftCorrection::Suspended,
            "enabled" => DriftCorrection::Corrected,
            "warn" => DriftCorrection::Reported,
            _ => DriftCorrection::Ignored,
        };
        self.installs(question).then_some(DriftSettings {
            correction,
            has_exceptions: !detection.ignore.is_empty(),
        })
    }
}

/// A name as Flux shortens it (fluxcd/helm-controller `internal/release/name.go`, `ShortenName`).
fn shortened(name: &str) -> String {
    match name.get(..KEPT) {
        Some(kept) if name.len() > LONGEST => {
            let hash = format!("{:x}", Sha256::digest(name));
            format!("{kept}-{}", &hash[..LONGEST - KEPT - 1])
        }
        Some(_) | None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::question;
    use super::*;
    use serde_json::{Value, json};

    fn settings(spec: &Value) -> Option<DriftSettings> {
        let object = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec});
        let release: HelmRelease = serde_json::from_value(object).unwrap();
        release.settings(&question("web", "shop", "shop"))
    }

    #[test]
    fn the_mode_says_what_becomes_of_drift() {
        for (spec, correction) in [
            (
                json!({"driftDetection": {"mode": "enabled"}}),
                DriftCorrection::Corrected,
            ),
            (
                json!({"driftDetection": {"mode": "warn"}}),
                DriftCorrection::Reported,
            ),
            (
                json!({"driftDetection": {"mode": "disabled"}}),
                DriftCorrection::Ignored,
            ),
            (json!({"driftDetection": {}}), DriftCorrection::Ignored),
            (
                json!({"driftDetection": null, "suspend": null}),
                DriftCorrection::Ignored,
            ),
            (json!({}), DriftCorrection::Ignored),
            (
                json!({"suspend": true, "driftDetection": {"mode": "enabled"}}),
                DriftCorrection::Suspended,
            ),
        ] {
            let expected = DriftSettings {
                correction,
                has_exceptions: false,
            };
            assert_eq!(settings(&spec), Some(expected), "{spec}");
        }
        let ignoring =
            json!({"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/spec/replicas"]}]}});
        assert!(settings(&ignoring).unwrap().has_exceptions);
    }

    /// Whoever writes labels could point at any `HelmRelease`, and driftline would tell its settings.
    #[test]
    fn what_installs_another_release_says_nothing() {
        for spec in [
            json!({"releaseName": "api"}),
            json!({"targetNamespace": "shop"}),
            json!({"targetNamespace": "other", "releaseName": "web"}),
            json!({"storageNamespace": "other"}),
            json!({"kubeConfig": {"secretRef": {"name": "remote"}}}),
        ] {
            assert_eq!(settings(&spec), None, "{spec}");
        }
    }

    #[test]
    fn the_release_is_named_as_flux_names_it() {
        let object = |name: &str, spec: &Value| -> HelmRelease {
            let object = json!({"metadata": {"name": name, "namespace": "flux-system"}, "spec": spec});
            serde_json::from_value(object).unwrap()
        };
        let target = json!({"targetNamespace": "shop"});
        assert!(object("web", &target).installs(&question("shop-web", "flux-system", "shop")));
        let named = json!({"targetNamespace": "shop", "storageNamespace": "shop", "releaseName": "web"});
        assert!(object("any", &named).installs(&question("web", "shop", "shop")));
        let long = "a-name-of-a-release-that-is-longer-than-helm-takes-names";
        // What `sha256sum` says of the name begins with these digits.
        assert_eq!(
            shortened(long),
            "a-name-of-a-release-that-is-longer-than--f84ca9bee893"
        );
        assert_eq!(shortened("web"), "web");
    }
}
