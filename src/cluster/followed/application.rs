//! The `Application` of Argo CD (argoproj/argo-cd `pkg/apis/application/v1alpha1/types.go`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::answer::nullable;
use super::super::request::Kind;
use super::Follows;
use crate::object::ObjectKey;
use crate::source::followed::{DriftSettings, FollowedQuestion};
use crate::vocabulary::DriftCorrection;

/// With this annotation an Application is left alone (argo-cd: `common/common.go`, `AnnotationKeyAppSkipReconcile`).
const SKIPS: &str = "argocd.argoproj.io/skip-reconcile";

/// The address and the name of the cluster that Argo CD runs in (argo-cd: `KubernetesInternalAPIServerAddr`, and the name
/// that it gives it).
const OWN_SERVER: &str = "https://kubernetes.default.svc";
const OWN_NAME: &str = "in-cluster";

#[derive(Deserialize)]
pub(super) struct Application {
    metadata: Metadata,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default, deserialize_with = "nullable")]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "nullable")]
    destination: Destination,
    #[serde(deserialize_with = "nullable")]
    sync_policy: SyncPolicy,
    #[serde(deserialize_with = "nullable")]
    ignore_differences: Vec<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Destination {
    #[serde(deserialize_with = "nullable")]
    server: String,
    #[serde(deserialize_with = "nullable")]
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SyncPolicy {
    automated: Option<Automated>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Automated {
    enabled: Option<bool>,
    self_heal: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "nullable")]
    resources: Vec<Resource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    #[serde(deserialize_with = "nullable")]
    group: String,
    #[serde(deserialize_with = "nullable")]
    kind: String,
    #[serde(deserialize_with = "nullable")]
    namespace: String,
    #[serde(deserialize_with = "nullable")]
    name: String,
}

impl Application {
    /// Whether it has the object, in this cluster.
    fn has(&self, key: &ObjectKey) -> bool {
        let Destination { server, name } = &self.spec.destination;
        let is_here = server.trim_end_matches('/') == OWN_SERVER || name == OWN_NAME;
        let is_the_object = |resource: &Resource| {
            let Resource {
                group,
                kind,
                namespace,
                name,
            } = resource;
            group == key.gvk.group()
                && *kind == key.gvk.kind
                && *name == key.name
                && *namespace == *key.namespace.as_deref().unwrap_or_default()
        };
        is_here && self.status.resources.iter().any(is_the_object)
    }

    /// Whether it takes drift back by itself (`IsAutomatedSyncEnabled`, and `selfHeal`).
    fn heals(&self) -> bool {
        let automated = self.spec.sync_policy.automated.as_ref();
        automated.is_some_and(|automated| {
            automated.enabled.unwrap_or(true) && automated.self_heal.unwrap_or_default()
        })
    }
}

impl Follows for Application {
    const KINDS: &'static [Kind<'static>] = &[Kind {
        api_version: "argoproj.io/v1alpha1",
        name: "Application",
        plural: "applications",
    }];

    fn settings(&self, question: &FollowedQuestion) -> Option<DriftSettings> {
        let skips = self.metadata.annotations.get(SKIPS);
        let correction = if skips.is_some_and(|skips| skips == "true") {
            DriftCorrection::Suspended
        } else if self.heals() {
            DriftCorrection::Corrected
        } else {
            DriftCorrection::Reported
        };
        self.has(&question.object).then_some(DriftSettings {
            correction,
            has_exceptions: !self.spec.ignore_differences.is_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::question;
    use super::*;
    use serde_json::{Value, json};

    fn settings(annotations: &Value, spec: &Value, resources: &Value) -> Option<DriftSettings> {
        let mut spec = spec.clone();
        if spec["destination"].is_null() {
            spec["destination"] = json!({"server": OWN_SERVER, "namespace": "shop"});
        }
        let object = json!({"metadata": {"name": "store", "annotations": annotations}, "spec": spec,
            "status": {"resources": resources}});
        let application: Application = serde_json::from_value(object).unwrap();
        application.settings(&question("web", "shop", "shop"))
    }

    fn own() -> Value {
        json!([{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "web"}])
    }

    #[test]
    fn only_automated_syncs_that_heal_correct_drift() {
        let none = json!({});
        for (annotations, policy, correction) in [
            (
                &none,
                json!({"automated": {"selfHeal": true}}),
                DriftCorrection::Corrected,
            ),
            (
                &none,
                json!({"automated": {"selfHeal": true, "enabled": false}}),
                DriftCorrection::Reported,
            ),
            (
                &none,
                json!({"automated": {"prune": true}}),
                DriftCorrection::Reported,
            ),
            (&none, json!({"automated": {}}), DriftCorrection::Reported),
            (&none, Value::Null, DriftCorrection::Reported),
            (
                &json!({SKIPS: "true"}),
                json!({"automated": {"selfHeal": true}}),
                DriftCorrection::Suspended,
            ),
        ] {
            let found = settings(annotations, &json!({"syncPolicy": policy}), &own());
            let expected = DriftSettings {
                correction,
                has_exceptions: false,
            };
            assert_eq!(found, Some(expected), "{annotations} {policy}");
        }
        let ignoring =
            json!({"ignoreDifferences": [{"kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]});
        assert!(settings(&none, &ignoring, &own()).unwrap().has_exceptions);
    }

    #[test]
    fn what_has_other_objects_says_nothing() {
        let other = json!([{"group": "apps", "kind": "Deployment", "namespace": "other", "name": "web"}]);
        let remote = json!({"destination": {"server": "https://203.0.113.1"}});
        assert_eq!(settings(&json!({}), &json!({}), &other), None);
        assert_eq!(settings(&json!({}), &json!({}), &json!(null)), None);
        assert_eq!(settings(&json!({}), &remote, &own()), None);
        let by_name = json!({"destination": {"name": OWN_NAME}});
        assert!(settings(&Value::Null, &by_name, &own()).is_some());
    }
}
