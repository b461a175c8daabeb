//! Combinations that validation refuses in other kinds than those of the core group (Kubernetes:
//! `pkg/apis/*/validation/validation.go`).

use std::collections::HashSet;

use serde_json::Value;

use super::faults::Faults;
use super::found::Found;
use super::structural;
use crate::compare::path::FieldPath;
use crate::object::Gvk;

/// Whether a number or percentage is none.
fn is_none_at_all(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Number(number)) => number.as_i64() == Some(0),
        Some(Value::String(text)) => text == "0%",
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => false,
    }
}

/// `ValidateDeploymentStrategy`, `ValidateDaemonSetUpdateStrategy`, `ValidateStatefulSetSpec`.
pub(super) fn rollout(gvk: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let is_deployment = gvk.kind == "Deployment";
    let seconds = |field: &str| root.value.pointer("/spec")?.get(field)?.as_i64();
    if is_deployment
        && let Some(deadline) = seconds("progressDeadlineSeconds")
        && deadline <= seconds("minReadySeconds").unwrap_or_default()
    {
        faults.add(
            root.path.key("spec").key("progressDeadlineSeconds"),
            "progressDeadlineSeconds has to be greater than minReadySeconds",
        );
    }
    let name = if is_deployment {
        "strategy"
    } else {
        "updateStrategy"
    };
    let Some(strategy) = root.all(&["spec", name], faults.work).pop() else {
        return;
    };
    let kind = strategy.text("type").unwrap_or("RollingUpdate");
    let Some(rolling) = strategy.field("rollingUpdate") else {
        return;
    };
    if kind != "RollingUpdate" && gvk.kind != "DaemonSet" {
        faults.add(
            rolling.path,
            "rollingUpdate may only be set where the type of the strategy is RollingUpdate",
        );
        return;
    }
    let (surge, unavailable) = (
        is_none_at_all(rolling.get("maxSurge")),
        is_none_at_all(rolling.get("maxUnavailable")),
    );
    if kind == "RollingUpdate" && gvk.kind != "StatefulSet" && surge && unavailable {
        faults.add(
            rolling.path.key("maxUnavailable"),
            "maxUnavailable and maxSurge may not both be 0",
        );
    }
    if kind == "RollingUpdate" && gvk.kind == "DaemonSet" && !surge && !unavailable {
        faults.add(
            rolling.path.key("maxSurge"),
            "of a DaemonSet only one of maxUnavailable and maxSurge may be set",
        );
    }
}

/// `ValidatePodDisruptionBudgetSpec`.
pub(super) fn budget(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    if let Some(spec) = root.field("spec") {
        faults.not_both(
            &spec,
            ["minAvailable", "maxUnavailable"],
            "minAvailable and maxUnavailable may not both be set",
        );
    }
}

/// `validateHorizontalPodAutoscalerSpec`, `validateMetricSpec`, `validateMetricTarget`.
pub(super) fn autoscaler(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    const SOURCES: [&str; 5] = ["resource", "containerResource", "pods", "object", "external"];
    let Some(spec) = root.field("spec") else {
        return;
    };
    let number = |field| spec.get(field).and_then(Value::as_i64);
    if let (Some(least), Some(most)) = (number("minReplicas"), number("maxReplicas"))
        && most < least
    {
        faults.add(
            spec.path.key("maxReplicas"),
            "maxReplicas has to be at least minReplicas",
        );
    }
    for metric in spec.all(&["metrics", "*"], faults.work) {
        faults.one_of(&metric, &SOURCES, "a metric has to have exactly one source");
        let wanted = metric.text("type").map(|kind| {
            let mut letters = kind.chars();
            letters
                .next()
                .map(|first| first.to_lowercase().chain(letters).collect::<String>())
                .unwrap_or_default()
        });
        if let Some(wanted) = wanted
            && metric.get(&wanted).is_none()
        {
            faults.add(
                metric.path.key(&wanted),
                "a metric has to have the source of its type",
            );
        }
        for source in SOURCES {
            if let Some(target) = metric.all(&[source, "target"], faults.work).pop() {
                faults.not_both(
                    &target,
                    ["averageUtilization", "averageValue"],
                    "the target of a metric has only one value",
                );
            }
        }
    }
}

/// `validateHTTPIngressPath`, `validateIngressBackend`.
pub(super) fn ingress(gvk: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    for path in root.all(&["spec", "rules", "*", "http", "paths", "*"], faults.work) {
        if path.get("pathType").is_none() && gvk.version() == "v1" {
            faults.add(path.path.key("pathType"), "a path has to have a type");
        }
    }
    if let Some(spec) = root.field("spec")
        && spec.get("defaultBackend").is_none()
        && spec.all(&["rules", "*"], faults.work).is_empty()
    {
        faults.add(spec.path, "an ingress has to have rules or a default backend");
    }
    let mut backends = root.all(&["spec", "defaultBackend"], faults.work);
    backends.extend(root.all(
        &["spec", "rules", "*", "http", "paths", "*", "backend"],
        faults.work,
    ));
    for backend in backends {
        faults.one_of(
            &backend,
            &["service", "resource"],
            "a backend is either a service or a resource",
        );
        if let Some(port) = backend.all(&["service", "port"], faults.work).pop() {
            faults.one_of(
                &port,
                &["name", "number"],
                "the port of a backend is either a name or a number",
            );
        }
    }
}

/// `ValidatePolicyRule`.
pub(super) fn cluster_role(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    for rule in root.all(&["rules", "*"], faults.work) {
        let has = |field: &str| {
            let items = rule.get(field).and_then(Value::as_array);
            items.is_some_and(|items| !items.is_empty())
        };
        if has("nonResourceURLs") && (has("resources") || has("apiGroups") || has("resourceNames")) {
            faults.add(
                rule.path.key("nonResourceURLs"),
                "a rule is either about resources or about paths of the server",
            );
        }
    }
}

/// `ValidateNetworkPolicyPeer`, `ValidateNetworkPolicyPort`.
pub(super) fn network_policy(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
        for peer in root.all(&["spec", rules, "*", peers, "*"], faults.work) {
            for field in ["podSelector", "namespaceSelector"] {
                faults.not_both(
                    &peer,
                    ["ipBlock", field],
                    "a peer is either a block of addresses or a selector",
                );
            }
            if ["ipBlock", "podSelector", "namespaceSelector"]
                .iter()
                .all(|field| peer.get(field).is_none())
            {
                faults.add(peer.path, "a peer has to be something");
            }
        }
        for port in root.all(&["spec", rules, "*", "ports", "*"], faults.work) {
            if port.get("endPort").is_some() && port.get("port").is_none_or(|port| !port.is_number()) {
                faults.add(
                    port.path.key("endPort"),
                    "the last port of a range needs a first one that is a number",
                );
            }
        }
    }
}

/// `validateWebhookClientConfig`, `validateValidatingAdmissionPolicyBindingSpec`.
pub(super) fn admission(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let hooks = root.all(&["webhooks", "*"], faults.work);
    faults.unique(
        &hooks,
        |hook| hook.text("name").map(str::to_owned),
        "two webhooks have the same name",
    );
    for client in root.all(&["webhooks", "*", "clientConfig"], faults.work) {
        faults.one_of(
            &client,
            &["url", "service"],
            "a webhook has either a url or a service",
        );
    }
    let actions = root.all(&["spec", "validationActions"], faults.work);
    for actions in actions {
        let has = |action: &str| {
            let items = actions.value.as_array();
            items.is_some_and(|items| items.iter().any(|item| item.as_str() == Some(action)))
        };
        if has("Deny") && has("Warn") {
            faults.add(
                actions.path.clone(),
                "the actions Deny and Warn may not be used together",
            );
        }
        faults.unique(
            &actions.elements(faults.work),
            |action| action.value.as_str().map(str::to_owned),
            "an action is named twice",
        );
    }
}

/// `validateCustomResourceDefinitionSpec`, `ValidateCustomResourceDefinitionStoredVersions`.
pub(super) fn definition(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let versions = root.all(&["spec", "versions", "*"], faults.work);
    faults.unique(
        &versions,
        |version| version.text("name").map(str::to_owned),
        "two versions have the same name",
    );
    let stored = |version: &&Found<'_>| version.get("storage") == Some(&Value::Bool(true));
    if versions.iter().filter(stored).count() != 1 {
        faults.add(
            FieldPath::root().key("spec").key("versions"),
            "exactly one version has to be the stored one",
        );
    }
    let names: HashSet<&str> = versions
        .iter()
        .filter_map(|version| version.text("name"))
        .collect();
    for stored in root.all(&["status", "storedVersions", "*"], faults.work) {
        if stored.value.as_str().is_some_and(|name| !names.contains(name)) {
            faults.add(
                FieldPath::root().key("spec").key("versions"),
                "a version in which objects are stored may not go",
            );
        }
    }
    let is_pruned = |spec: Found<'_>| spec.get("preserveUnknownFields") != Some(&Value::Bool(true));
    if root.field("spec").is_none_or(is_pruned) {
        for schema in root.all(
            &["spec", "versions", "*", "schema", "openAPIV3Schema"],
            faults.work,
        ) {
            structural::check(&schema, faults);
        }
    }
    for client in root.all(&["spec", "conversion", "webhook", "clientConfig"], faults.work) {
        faults.one_of(
            &client,
            &["url", "service"],
            "a webhook has either a url or a service",
        );
    }
}

/// kube-aggregator: `pkg/apis/apiregistration/validation/validation.go`, `ValidateAPIService`.
pub(super) fn api_service(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    if let Some(spec) = root.field("spec")
        && spec.get("insecureSkipTLSVerify") == Some(&Value::Bool(true))
        && spec.text("caBundle").is_some_and(|bundle| !bundle.is_empty())
    {
        faults.add(
            spec.path.key("insecureSkipTLSVerify"),
            "insecureSkipTLSVerify may not be true where there is a caBundle",
        );
    }
}
