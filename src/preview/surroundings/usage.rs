//! How much of a quota an object uses (Kubernetes: `pkg/quota/v1/evaluator/core/services.go`,
//! `persistent_volume_claims.go`, `apiserver/pkg/quota/v1/generic/evaluator.go`, `objectCountEvaluator.Usage`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::compare::quantity::Quantity;

/// The amounts that an object uses, in billionths, by the names of the counted resources.
pub(super) type Usage = BTreeMap<String, i128>;

/// Billionths of one.
const ONE: i128 = 1_000_000_000;

/// The annotation that once named the storage class of a volume claim (Kubernetes:
/// `component-helpers/storage/volume/helpers.go`, `GetPersistentVolumeClaimClass`).
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// The core resources that have a name of their own beside `count/…` (Kubernetes: `pkg/quota/v1/evaluator/core/registry.go`,
/// `legacyObjectCountAliases`; `pods.go`, `services.go`, `persistent_volume_claims.go`).
const NAMED: [&str; 7] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
];

/// What an object of a resource uses. The compute resources of Pods are left out.
pub(super) fn of(group: &str, plural: &str, object: Option<&Value>) -> Usage {
    let mut usage = Usage::new();
    let counted = if group.is_empty() {
        format!("count/{plural}")
    } else {
        format!("count/{plural}.{group}")
    };
    usage.insert(counted, ONE);
    if group.is_empty() && NAMED.contains(&plural) {
        usage.insert(plural.to_owned(), ONE);
    }
    match (group, plural, object) {
        ("", "services", Some(service)) => add_service(&mut usage, &service["spec"]),
        ("", "persistentvolumeclaims", Some(claim)) => add_claim(&mut usage, claim),
        (_, _, _) => {}
    }
    usage
}

fn add_service(usage: &mut Usage, spec: &Value) {
    let ports = spec["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let count = |number: usize| i128::try_from(number).unwrap_or(i128::MAX / ONE) * ONE;
    let chosen = || {
        ports
            .iter()
            .filter(|port| port["nodePort"].as_u64().is_some_and(|port| port != 0))
    };
    let (node_ports, balancers) = match spec["type"].as_str() {
        Some("NodePort") => (count(ports.len()), 0),
        Some("LoadBalancer") if spec["allocateLoadBalancerNodePorts"] == Value::Bool(false) => {
            (count(chosen().count()), ONE)
        }
        Some("LoadBalancer") => (count(ports.len()), ONE),
        Some(_) | None => (0, 0),
    };
    usage.insert("services.nodeports".to_owned(), node_ports);
    usage.insert("services.loadbalancers".to_owned(), balancers);
}

fn add_claim(usage: &mut Usage, claim: &Value) {
    let spec = &claim["spec"];
    let of_annotation = claim["metadata"]["annotations"][OLD_CLASS].as_str();
    let class = of_annotation
        .or(spec["storageClassName"].as_str())
        .filter(|class| !class.is_empty());
    let storage = Quantity::from_value(&spec["resources"]["requests"]["storage"]).map(Quantity::nanos);
    // Requests count in whole bytes, rounded up.
    let storage = storage.map(|nanos| nanos + (ONE - nanos.rem_euclid(ONE)).rem_euclid(ONE));
    let mut add = |name: &str, amount: i128| {
        if let Some(class) = class {
            usage.insert(format!("{class}.storageclass.storage.k8s.io/{name}"), amount);
        }
        usage.insert(name.to_owned(), amount);
    };
    add("persistentvolumeclaims", ONE);
    if let Some(storage) = storage {
        add("requests.storage", storage);
    }
}

/// What a change uses more; what it uses less is not given back before the change (Kubernetes:
/// `apiserver/pkg/quota/v1/resources.go`, `SubtractWithNonNegativeResult`).
pub(super) fn more(after: Usage, before: &Usage) -> Usage {
    after
        .into_iter()
        .map(|(name, amount)| {
            let before = before.get(&name).copied().unwrap_or_default();
            (name, amount.saturating_sub(before))
        })
        .filter(|(_, more)| *more > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(usage: &Usage) -> Vec<String> {
        let each = |(name, amount): (&String, &i128)| format!("{name}={}", amount / ONE);
        usage.iter().map(each).collect()
    }

    #[test]
    fn objects_count_by_their_resource_and_the_old_names() {
        assert_eq!(shown(&of("", "secrets", None)), ["count/secrets=1", "secrets=1"]);
        assert_eq!(
            shown(&of("apps", "deployments", Some(&json!({})))),
            ["count/deployments.apps=1"]
        );
        assert_eq!(shown(&of("", "endpoints", None)), ["count/endpoints=1"]);
    }

    #[test]
    fn services_count_their_node_ports_by_type() {
        let rows = [
            (json!({"ports": [{}, {}]}), 0, 0),
            (json!({"type": "ClusterIP", "ports": [{}]}), 0, 0),
            (
                json!({"type": "NodePort", "ports": [{}, {"nodePort": 30080}]}),
                2,
                0,
            ),
            (json!({"type": "LoadBalancer", "ports": [{}, {}]}), 2, 1),
            (
                json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false,
                    "ports": [{}, {"nodePort": 30080}]}),
                1,
                1,
            ),
        ];
        for (spec, node_ports, balancers) in rows {
            let usage = of("", "services", Some(&json!({"spec": spec})));
            let found = (usage["services.nodeports"], usage["services.loadbalancers"]);
            assert_eq!(found, (node_ports * ONE, balancers * ONE), "{spec}");
        }
    }

    #[test]
    fn claims_count_their_storage_by_class_too() {
        let claim =
            json!({"spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "1500m"}}}});
        assert_eq!(
            shown(&of("", "persistentvolumeclaims", Some(&claim))),
            [
                "count/persistentvolumeclaims=1",
                "gold.storageclass.storage.k8s.io/persistentvolumeclaims=1",
                "gold.storageclass.storage.k8s.io/requests.storage=2",
                "persistentvolumeclaims=1",
                "requests.storage=2",
            ]
        );
    }

    #[test]
    fn a_change_counts_what_it_uses_more() {
        let of = |spec| of("", "services", Some(&json!({"spec": spec})));
        let cluster = of(json!({"ports": [{}]}));
        let node = of(json!({"type": "NodePort", "ports": [{}]}));
        assert_eq!(shown(&more(node.clone(), &cluster)), ["services.nodeports=1"]);
        assert_eq!(more(cluster, &node), Usage::new());
    }
}
