//! Combinations of values that validation refuses.
//!
//! A merge can bring together what nobody ever wrote together. The rules here are those of Kubernetes'
//! `pkg/apis/*/validation/validation.go` about several values at once; each names its function. What the live object has
//! already was accepted, or is tolerated, so that only what is new in the merged one is refused.

use std::collections::HashSet;

use serde_json::Value;

use super::super::Refusal;
use super::found::Found;
use super::pods;
use super::required;
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::object::Gvk;
use crate::types::Shape;

/// What is found wrong with an object.
pub(super) struct Faults<'w> {
    pub(super) work: &'w Work,
    found: Vec<(FieldPath, &'static str)>,
}

impl Faults<'_> {
    /// Notes a rule that is broken at a place.
    pub(super) fn add(&mut self, path: FieldPath, rule: &'static str) {
        self.found.push((path, rule));
    }

    /// Holds a place to having exactly one of some fields.
    pub(super) fn one_of(&mut self, place: &Found<'_>, fields: &[&str], rule: &'static str) {
        let mut present = fields.iter().filter(|field| place.get(field).is_some());
        match (present.next(), present.next()) {
            (Some(_), None) => {}
            (None, _) => self.add(place.path.clone(), rule),
            (Some(_), Some(second)) => self.add(place.path.key(second), rule),
        }
    }

    /// Holds a place to having at most one of some fields.
    pub(super) fn not_both(&mut self, place: &Found<'_>, fields: [&str; 2], rule: &'static str) {
        if fields.iter().all(|field| place.get(field).is_some()) {
            self.add(place.path.key(fields[1]), rule);
        }
    }

    /// Holds places to being different in what a function says of them.
    pub(super) fn unique<K: std::hash::Hash + Eq>(
        &mut self,
        places: &[Found<'_>],
        key: impl Fn(&Found<'_>) -> Option<K>,
        rule: &'static str,
    ) {
        let mut seen = HashSet::new();
        for place in places {
            if !self.work.affords_value(place.value) {
                return;
            }
            if let Some(key) = key(place)
                && !seen.insert(key)
            {
                self.add(place.path.clone(), rule);
            }
        }
    }
}

/// The first combination that the update brings about and the API server refuses.
pub(super) fn check(
    gvk: &Gvk,
    shape: Shape<'_>,
    live: &Value,
    merged: &Value,
    work: &Work,
) -> Result<(), Refusal> {
    let faults = faults_of(gvk, shape, merged, work);
    if faults.is_empty() {
        return Ok(());
    }
    let tolerated: HashSet<(FieldPath, &str)> = faults_of(gvk, shape, live, work).into_iter().collect();
    match faults.into_iter().find(|fault| !tolerated.contains(fault)) {
        Some((path, rule)) => Err(Refusal {
            path,
            rule: rule.into(),
        }),
        None => Ok(()),
    }
}

fn faults_of(gvk: &Gvk, shape: Shape<'_>, object: &Value, work: &Work) -> Vec<(FieldPath, &'static str)> {
    let mut faults = Faults {
        work,
        found: Vec::new(),
    };
    let root = Found::root(object, Some(shape));
    for rules in [of_kind(gvk.group(), &gvk.kind), pods::check, required::check] {
        rules(gvk, &root, &mut faults);
    }
    faults.found
}

type Rules = fn(&Gvk, &Found<'_>, &mut Faults<'_>);

fn of_kind(group: &str, kind: &str) -> Rules {
    match (group, kind) {
        ("", "Service") => service,
        ("", "ConfigMap") => config_map,
        ("", "Secret") => secret,
        ("apps", "Deployment" | "DaemonSet" | "StatefulSet") => rollout,
        ("policy", "PodDisruptionBudget") => budget,
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler,
        ("networking.k8s.io", "Ingress") => ingress,
        ("rbac.authorization.k8s.io", "ClusterRole") => cluster_role,
        ("networking.k8s.io", "NetworkPolicy") => network_policy,
        ("admissionregistration.k8s.io", _) => admission,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition,
        ("apiregistration.k8s.io", "APIService") => api_service,
        _ => |_, _, _| {},
    }
}

/// `validateService`, `validateServicePort`.
fn service(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let Some(spec) = root.field("spec") else {
        return;
    };
    let kind = spec.text("type").unwrap_or("ClusterIP");
    let ports = spec.all(&["ports", "*"], faults.work);
    let protocol = |port: &Found<'_>| port.text("protocol").unwrap_or("TCP").to_owned();
    let number =
        |port: &Found<'_>, field: &str| port.get(field).and_then(Value::as_u64).filter(|&port| port != 0);
    faults.unique(
        &ports,
        |port| Some((number(port, "port")?, protocol(port))),
        "two ports of a Service have the same number and protocol",
    );
    faults.unique(
        &ports,
        |port| Some((number(port, "nodePort")?, protocol(port))),
        "two ports of a Service have the same port of the nodes",
    );
    faults.unique(
        &ports,
        |port| port.text("name").map(str::to_owned),
        "two ports of a Service have the same name",
    );
    if ports.len() > 1 {
        for port in ports
            .iter()
            .filter(|port| port.text("name").is_none_or(str::is_empty))
        {
            faults.add(
                port.path.key("name"),
                "of several ports of a Service each has to have a name",
            );
        }
    }
    let is_headless = spec.text("clusterIP") == Some("None");
    if ports.is_empty() && kind != "ExternalName" && !is_headless {
        faults.add(spec.path.key("ports"), "a Service has to have ports");
    }
    if is_headless && matches!(kind, "NodePort" | "LoadBalancer") {
        faults.add(
            spec.path.key("clusterIP"),
            "a Service of this type has to have an address",
        );
    }
    if kind == "ClusterIP" {
        for port in ports.iter().filter(|port| number(port, "nodePort").is_some()) {
            faults.add(
                port.path.key("nodePort"),
                "a Service of type ClusterIP has no ports of the nodes",
            );
        }
    }
    if kind == "ExternalName" {
        if spec.text("externalName").is_none_or(str::is_empty) {
            faults.add(
                spec.path.key("externalName"),
                "a Service of type ExternalName has to have a name",
            );
        }
        for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if spec
                .get(field)
                .is_some_and(|value| value.as_array().is_none_or(|items| !items.is_empty()))
            {
                faults.add(
                    spec.path.key(field),
                    "a Service of type ExternalName has no addresses",
                );
            }
        }
    }
    if kind != "LoadBalancer" {
        for field in [
            "allocateLoadBalancerNodePorts",
            "loadBalancerClass",
            "loadBalancerSourceRanges",
        ] {
            if spec
                .get(field)
                .is_some_and(|value| value.as_array().is_none_or(|items| !items.is_empty()))
            {
                faults.add(
                    spec.path.key(field),
                    "only a Service of type LoadBalancer has this field",
                );
            }
        }
    }
    let has_addresses = spec.all(&["externalIPs", "*"], faults.work).is_empty();
    let is_outside = matches!(kind, "NodePort" | "LoadBalancer") || kind == "ClusterIP" && !has_addresses;
    if !is_outside && spec.get("externalTrafficPolicy").is_some() {
        faults.add(
            spec.path.key("externalTrafficPolicy"),
            "only a Service that is reached from outside has a policy for that traffic",
        );
    }
    let is_checked = kind == "LoadBalancer" && spec.text("externalTrafficPolicy") == Some("Local");
    if !is_checked && number(&spec, "healthCheckNodePort").is_some() {
        faults.add(
            spec.path.key("healthCheckNodePort"),
            "only a load balancer for local traffic has a port for its health check",
        );
    }
}

/// `ValidateConfigMap`.
fn config_map(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let data = root.get("data").and_then(Value::as_object);
    let binary = root.get("binaryData").and_then(Value::as_object);
    let (Some(data), Some(binary)) = (data, binary) else {
        return;
    };
    for key in binary
        .keys()
        .filter(|key| faults.work.affords(1) && data.contains_key(*key))
        .collect::<Vec<_>>()
    {
        faults.add(
            root.path.key("data").key(key),
            "a key is both in data and in binaryData",
        );
    }
}

/// The keys that a Secret of a type has to have: `ValidateSecret`.
const SECRET_KEYS: [(&str, &[&str]); 4] = [
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
];

fn secret(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let kind = root.text("type").unwrap_or("Opaque");
    let has = |key: &str| root.get("data").is_some_and(|data| data.get(key).is_some());
    for key in SECRET_KEYS
        .iter()
        .filter(|row| row.0 == kind)
        .flat_map(|row| row.1)
    {
        if !has(key) {
            faults.add(
                root.path.key("data").key(key),
                "a Secret of this type has to have this key",
            );
        }
    }
    if kind == "kubernetes.io/basic-auth" && !has("username") && !has("password") {
        faults.add(
            root.path.key("data"),
            "a Secret of this type has to have a user name or a password",
        );
    }
}

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
fn rollout(gvk: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let is_deployment = gvk.kind == "Deployment";
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
fn budget(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    if let Some(spec) = root.field("spec") {
        faults.not_both(
            &spec,
            ["minAvailable", "maxUnavailable"],
            "minAvailable and maxUnavailable may not both be set",
        );
    }
}

/// `validateHorizontalPodAutoscalerSpec`, `validateMetricSpec`, `validateMetricTarget`.
fn autoscaler(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
fn ingress(gvk: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
fn cluster_role(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
fn network_policy(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
fn admission(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
fn definition(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
    for client in root.all(&["spec", "conversion", "webhook", "clientConfig"], faults.work) {
        faults.one_of(
            &client,
            &["url", "service"],
            "a webhook has either a url or a service",
        );
    }
}

/// kube-aggregator: `pkg/apis/apiregistration/validation/validation.go`, `ValidateAPIService`.
fn api_service(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
