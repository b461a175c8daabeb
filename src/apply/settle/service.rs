//! A Service: what its allocators keep, what its strategy drops when the type changes, and what it may not change.
//!
//! The order is the API server's: defaults (`pkg/apis/core/v1/defaults.go`, `SetDefaults_Service`), what the client left
//! out and was allocated (`pkg/registry/core/service/storage/storage.go`, `beginUpdate`), what does not go with the new type
//! (`pkg/registry/core/service/strategy.go`, `dropTypeDependentFields`), validation.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::super::{Doubt, Refusal};
use super::guarded::Verdict;
use super::place::{declared, segment};
use crate::compare::path::FieldPath;
use crate::types::{Shape, is_zero};

type Fields = Map<String, Value>;

/// The reason for what an allocator gives.
const ALLOCATED: &str = "the API server chooses it";

/// Brings a Service into the form in which it is stored.
pub(super) fn settle(shape: Shape<'_>, live: &Value, object: &mut Value) -> Result<Vec<Doubt>, Verdict> {
    let (Some(old), Some(new)) = (
        live.get("spec").and_then(Value::as_object),
        object.get_mut("spec").and_then(Value::as_object_mut),
    ) else {
        return Ok(Vec::new());
    };
    let mut doubts = Vec::new();
    fill(new);
    keep_allocated(old, new);
    choose_addresses(old, new, &mut doubts);
    choose_ports(shape, new, &mut doubts);
    drop_what_does_not_fit(old, new);
    if kind(new) == "ExternalName" {
        // It is not shown of this type (`defaultOnReadInternalTrafficPolicy`).
        new.remove("internalTrafficPolicy");
    }
    may_change(old, new).map_err(Verdict::Refused)?;
    if asks_for_families(old, new) {
        return Err(Verdict::Unknown(
            "whether the cluster has addresses of both families is not known",
        ));
    }
    Ok(doubts)
}

fn spec(field: &str) -> FieldPath {
    FieldPath::root().key("spec").key(field)
}

fn kind(spec: &Fields) -> &str {
    spec.get("type").and_then(Value::as_str).unwrap_or("ClusterIP")
}

fn text<'v>(spec: &'v Fields, field: &str) -> &'v str {
    spec.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(spec: &'v Fields, field: &str) -> &'v [Value] {
    spec.get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn ports(spec: &Fields) -> impl Iterator<Item = &Fields> {
    list(spec, "ports").iter().filter_map(Value::as_object)
}

fn ports_mut(spec: &mut Fields) -> impl Iterator<Item = &mut Fields> {
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
    ports.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn node_port(port: &Fields) -> Option<u64> {
    port.get("nodePort")
        .and_then(Value::as_u64)
        .filter(|&port| port != 0)
}

fn needs_address(spec: &Fields) -> bool {
    kind(spec) != "ExternalName"
}

fn needs_node_ports(spec: &Fields) -> bool {
    matches!(kind(spec), "NodePort" | "LoadBalancer")
}

fn needs_health_port(spec: &Fields) -> bool {
    kind(spec) == "LoadBalancer" && text(spec, "externalTrafficPolicy") == "Local"
}

fn is_reached_from_outside(spec: &Fields) -> bool {
    needs_node_ports(spec) || kind(spec) == "ClusterIP" && !list(spec, "externalIPs").is_empty()
}

fn is_headless(spec: &Fields) -> bool {
    text(spec, "clusterIP") == "None"
}

/// Fills in constants that depend on the type.
fn fill(new: &mut Fields) {
    match text(new, "sessionAffinity") {
        "None" => {
            new.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let timeout = new
                .get("sessionAffinityConfig")
                .and_then(|config| config.pointer("/clientIP/timeoutSeconds"));
            if timeout.is_none_or(Value::is_null) {
                new.insert(
                    "sessionAffinityConfig".into(),
                    json!({"clientIP": {"timeoutSeconds": 10_800}}),
                );
            }
        }
        _ => {}
    }
    put_missing(new, "type", "ClusterIP");
    if is_reached_from_outside(new) {
        put_missing(new, "externalTrafficPolicy", "Cluster");
    }
    if kind(new) != "ExternalName" {
        put_missing(new, "internalTrafficPolicy", "Cluster");
    }
    if kind(new) == "LoadBalancer" {
        put_missing(new, "allocateLoadBalancerNodePorts", true);
    }
}

fn put_missing(fields: &mut Fields, field: &str, value: impl Into<Value>) {
    fields.entry(field).or_insert_with(|| value.into());
}

/// Puts in what was allocated and the client left out (`patchAllocatedValues`, `normalizeClusterIPs`).
fn keep_allocated(old: &Fields, new: &mut Fields) {
    if needs_address(old) && needs_address(new) {
        for field in ["clusterIP", "clusterIPs"] {
            if new.get(field).is_none_or(is_zero)
                && let Some(value) = old.get(field)
            {
                new.insert(field.to_owned(), value.clone());
            }
        }
    }
    if needs_node_ports(old) && needs_node_ports(new) {
        let wanted: HashSet<u64> = ports(new).filter_map(node_port).collect();
        let used: HashSet<u64> = ports(old)
            .filter_map(node_port)
            .filter(|port| wanted.contains(port))
            .collect();
        let by_name: HashMap<String, u64> = ports(old)
            .map(|port| (text(port, "name").to_owned(), node_port(port).unwrap_or(0)))
            .collect();
        for port in ports_mut(new) {
            if node_port(port).is_none()
                && let Some(&known) = by_name.get(text(port, "name"))
                && known != 0
                && !used.contains(&known)
            {
                port.insert("nodePort".into(), json!(known));
            }
        }
    }
    if needs_health_port(old)
        && needs_health_port(new)
        && !new.contains_key("healthCheckNodePort")
        && let Some(port) = old.get("healthCheckNodePort")
    {
        new.insert("healthCheckNodePort".into(), port.clone());
    }
    if text(old, "clusterIP") != text(new, "clusterIP") && old.get("clusterIPs") == new.get("clusterIPs") {
        match text(new, "clusterIP").to_owned() {
            address if address.is_empty() => {
                new.remove("clusterIPs");
            }
            address => {
                new.insert("clusterIPs".into(), json!([address]));
            }
        }
    }
}

/// The addresses and their families (`pkg/registry/core/service/storage/alloc.go`, `initIPFamilyFields`).
fn choose_addresses(old: &Fields, new: &mut Fields, doubts: &mut Vec<Doubt>) {
    if !needs_address(new) {
        return;
    }
    let mut missing = Vec::new();
    if !new.contains_key("ipFamilyPolicy") {
        match old.get("ipFamilyPolicy") {
            Some(policy) => {
                new.insert("ipFamilyPolicy".into(), policy.clone());
            }
            None if is_headless(new) && new.get("selector").is_none_or(is_zero) => {
                new.insert("ipFamilyPolicy".into(), json!("RequireDualStack"));
            }
            None => {
                new.insert("ipFamilyPolicy".into(), json!("SingleStack"));
            }
        }
    }
    if text(new, "ipFamilyPolicy") == "SingleStack" {
        for field in ["clusterIPs", "ipFamilies"] {
            if old.get(field) == new.get(field)
                && let Some(Value::Array(values)) = new.get_mut(field)
            {
                values.truncate(1);
            }
        }
    }
    let has_stacks_left = text(new, "ipFamilyPolicy") != "SingleStack"
        && old.get("ipFamilyPolicy") != new.get("ipFamilyPolicy");
    if new.get("ipFamilies").is_none_or(is_zero) {
        let families: Vec<Value> = list(new, "clusterIPs")
            .iter()
            .filter_map(Value::as_str)
            .filter(|address| *address != "None")
            .map(|address| json!(if address.contains(':') { "IPv6" } else { "IPv4" }))
            .collect();
        if families.is_empty() || has_stacks_left {
            missing.push("ipFamilies");
        } else {
            new.insert("ipFamilies".into(), Value::from(families));
        }
    } else if has_stacks_left && list(new, "ipFamilies").len() < 2 {
        missing.push("ipFamilies");
        missing.push("clusterIPs");
    }
    if new.get("clusterIP").is_none_or(is_zero) {
        missing.extend(["clusterIP", "clusterIPs"]);
    }
    doubts.extend(missing.into_iter().map(|field| Doubt {
        path: spec(field),
        reason: ALLOCATED.into(),
    }));
}

/// The ports that are allocated anew.
fn choose_ports(shape: Shape<'_>, new: &Fields, doubts: &mut Vec<Doubt>) {
    let allocates = match kind(new) {
        "NodePort" => true,
        "LoadBalancer" => new.get("allocateLoadBalancerNodePorts") != Some(&Value::Bool(false)),
        _ => false,
    };
    if allocates {
        let facts = declared(shape, "spec").and_then(|spec| declared(spec, "ports"));
        let lacking = list(new, "ports")
            .iter()
            .enumerate()
            .filter(|(_, port)| port.as_object().is_some_and(|port| node_port(port).is_none()));
        doubts.extend(lacking.map(|(index, port)| Doubt {
            path: spec("ports").join(segment(facts, index, port)).key("nodePort"),
            reason: ALLOCATED.into(),
        }));
    }
    if needs_health_port(new) && !new.contains_key("healthCheckNodePort") {
        doubts.push(Doubt {
            path: spec("healthCheckNodePort"),
            reason: ALLOCATED.into(),
        });
    }
}

/// Drops what the new type has no use for, and nobody changed (`dropTypeDependentFields`).
fn drop_what_does_not_fit(old: &Fields, new: &mut Fields) {
    if needs_address(old) && !needs_address(new) {
        if old.get("clusterIP") == new.get("clusterIP") && old.get("clusterIPs") == new.get("clusterIPs") {
            new.remove("clusterIP");
            new.remove("clusterIPs");
        }
        for field in ["ipFamilies", "ipFamilyPolicy"] {
            if old.get(field) == new.get(field) {
                new.remove(field);
            }
        }
    }
    if needs_node_ports(old) && !needs_node_ports(new) {
        let known: HashSet<u64> = ports(old).filter_map(node_port).collect();
        if ports(new).filter_map(node_port).all(|port| known.contains(&port)) {
            for port in ports_mut(new) {
                port.remove("nodePort");
            }
        }
    }
    let was_balanced = kind(old) == "LoadBalancer" && kind(new) != "LoadBalancer";
    let drops = [
        (
            needs_health_port(old) && !needs_health_port(new),
            "healthCheckNodePort",
        ),
        (was_balanced, "allocateLoadBalancerNodePorts"),
        (was_balanced, "loadBalancerClass"),
        (
            is_reached_from_outside(old) && !is_reached_from_outside(new),
            "externalTrafficPolicy",
        ),
    ];
    for (is_useless, field) in drops {
        if is_useless && old.get(field) == new.get(field) {
            new.remove(field);
        }
    }
}

/// Whether a Service asks for families of addresses that it did not have, or did not have to have.
fn asks_for_families(old: &Fields, new: &Fields) -> bool {
    let needs_both = |spec: &Fields| {
        text(spec, "ipFamilyPolicy") == "RequireDualStack"
            && !(is_headless(spec) && spec.get("selector").is_none_or(is_zero))
    };
    let known = list(old, "ipFamilies");
    needs_address(new)
        && (needs_both(new) && !needs_both(old)
            || needs_address(old)
                && list(new, "ipFamilies")
                    .iter()
                    .any(|family| !known.contains(family)))
}

/// What may not change (`pkg/apis/core/validation/validation.go`, `ValidateServiceUpdate`).
fn may_change(old: &Fields, new: &Fields) -> Result<(), Refusal> {
    let refuse = |field: &str, rule: &'static str| {
        Err(Refusal {
            path: spec(field),
            rule: rule.into(),
            others: 0,
        })
    };
    if needs_address(old) && needs_address(new) {
        let first = |spec: &'_ Fields, field: &str| list(spec, field).first().cloned();
        let (was, is) = (first(old, "clusterIPs"), first(new, "clusterIPs"));
        if !(is_headless(old) && is_headless(new)) && was.is_some() && was != is {
            return refuse(
                "clusterIP",
                "the API server does not let the address of a Service change",
            );
        }
        let (was, is) = (first(old, "ipFamilies"), first(new, "ipFamilies"));
        if !is_headless(old) && !is_headless(new) && was.is_some() && is.is_some() && was != is {
            return refuse(
                "ipFamilies",
                "the API server does not let the first address family of a Service change",
            );
        }
    }
    if kind(old) == "LoadBalancer"
        && kind(new) == "LoadBalancer"
        && old.get("loadBalancerClass") != new.get("loadBalancerClass")
    {
        return refuse(
            "loadBalancerClass",
            "the API server does not let the class of a load balancer change",
        );
    }
    if needs_health_port(old)
        && needs_health_port(new)
        && old.get("healthCheckNodePort") != new.get("healthCheckNodePort")
    {
        return refuse(
            "healthCheckNodePort",
            "the API server does not let the port of a Service's health check change",
        );
    }
    Ok(())
}
