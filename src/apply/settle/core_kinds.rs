//! Combinations that validation refuses in Services, `ConfigMaps` and Secrets (Kubernetes:
//! `pkg/apis/core/validation/validation.go`).

use serde_json::Value;

use super::faults::Faults;
use super::found::Found;
use crate::object::Gvk;

/// `validateService`, `validateServicePort`.
pub(super) fn service(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
pub(super) fn config_map(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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

pub(super) fn secret(_: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
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
