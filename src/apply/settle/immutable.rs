//! Fields that the API server does not let an update change.
//!
//! The table follows `Validate*Update` in Kubernetes' `pkg/apis/*/validation/validation.go`, and for definitions of custom
//! resources `validateCustomResourceDefinitionSpecUpdate` in apiextensions-apiserver. Services have rules of their own
//! (`service.rs`), and so have claims and Pods (`guarded.rs`).

use serde_json::Value;

use super::values::{at, changed_fields, same};
use crate::compare::path::FieldPath;
use crate::object::Gvk;

/// When a row holds.
#[derive(Clone, Copy)]
enum When {
    Always,
    /// The live object says so itself: `immutable: true`.
    MarkedImmutable,
    /// A definition whose names the API server has accepted.
    Established,
    /// A Job without an index per Pod.
    NotIndexed,
    /// A Job that runs.
    NotSuspended,
}

/// Which part of the place is fixed.
#[derive(Clone, Copy)]
enum Part {
    /// All of it.
    Whole,
    /// Its fields, but for these.
    AllBut(&'static [&'static str]),
    /// These of its fields.
    Only(&'static [&'static str]),
}

struct Row {
    group: &'static str,
    kinds: &'static [&'static str],
    place: &'static [&'static str],
    part: Part,
    when: When,
    rule: &'static str,
}

const fn row(
    group: &'static str,
    kinds: &'static [&'static str],
    place: &'static [&'static str],
    part: Part,
    when: When,
    rule: &'static str,
) -> Row {
    Row {
        group,
        kinds,
        place,
        part,
        when,
        rule,
    }
}

/// What a volume can be of (`PersistentVolumeSource`).
const VOLUME_SOURCES: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

const SELECTOR: &str = "the API server does not let a workload's selector change";
const STATEFUL: &str = "of a StatefulSet the API server lets only replicas, ordinals, template, updateStrategy, \
                        revisionHistoryLimit, persistentVolumeClaimRetentionPolicy and minReadySeconds change";
const JOB: &str = "the API server does not let this field of a Job change";
const DATA: &str = "the object is marked as immutable, and only its metadata may change";
const STORAGE: &str = "the API server does not let this field of a storage class change";
const NAMES: &str = "the API server does not let a definition's group, scope and names change";
const SPEC: &str = "the API server does not let the specification of this kind change";

const TABLE: [Row; 28] = [
    row(
        "apps",
        &["Deployment", "ReplicaSet", "DaemonSet"],
        &["spec", "selector"],
        Part::Whole,
        When::Always,
        SELECTOR,
    ),
    row(
        "apps",
        &["StatefulSet"],
        &["spec"],
        Part::AllBut(&[
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ]),
        When::Always,
        STATEFUL,
    ),
    row(
        "apps",
        &["ControllerRevision"],
        &["data"],
        Part::Whole,
        When::Always,
        "the API server does not let the data of a revision change",
    ),
    row(
        "batch",
        &["Job"],
        &["spec"],
        Part::Only(&[
            "selector",
            "completionMode",
            "podFailurePolicy",
            "backoffLimitPerIndex",
            "managedBy",
            "successPolicy",
        ]),
        When::Always,
        JOB,
    ),
    row(
        "batch",
        &["Job"],
        &["spec", "completions"],
        Part::Whole,
        When::NotIndexed,
        JOB,
    ),
    row(
        "batch",
        &["Job"],
        &["spec", "template"],
        Part::Whole,
        When::NotSuspended,
        "the API server does not let the Pod template of a Job change",
    ),
    row(
        "",
        &["PersistentVolume"],
        &["spec"],
        Part::Only(VOLUME_SOURCES),
        When::Always,
        "the API server does not let the source of a volume change",
    ),
    row(
        "",
        &["PersistentVolume", "PersistentVolumeClaim"],
        &["spec", "volumeMode"],
        Part::Whole,
        When::Always,
        "the API server does not let the mode of a volume change",
    ),
    row(
        "",
        &["Secret"],
        &["type"],
        Part::Whole,
        When::Always,
        "the API server does not let the type of a Secret change",
    ),
    row(
        "",
        &["Secret", "ConfigMap"],
        &[],
        Part::Only(&["immutable", "data", "binaryData"]),
        When::MarkedImmutable,
        DATA,
    ),
    row(
        "rbac.authorization.k8s.io",
        &["RoleBinding", "ClusterRoleBinding"],
        &["roleRef"],
        Part::Whole,
        When::Always,
        "the API server does not let a binding change its role",
    ),
    row(
        "storage.k8s.io",
        &["StorageClass"],
        &[],
        Part::Only(&["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]),
        When::Always,
        STORAGE,
    ),
    row(
        "storage.k8s.io",
        &["CSIDriver"],
        &["spec"],
        Part::Only(&["attachRequired", "volumeLifecycleModes"]),
        When::Always,
        "the API server does not let this field of a driver change",
    ),
    row(
        "storage.k8s.io",
        &["VolumeAttributesClass"],
        &[],
        Part::Only(&["driverName", "parameters"]),
        When::Always,
        STORAGE,
    ),
    row(
        "storage.k8s.io",
        &["CSIStorageCapacity"],
        &[],
        Part::Only(&["nodeTopology", "storageClassName"]),
        When::Always,
        "the API server does not let this field of a capacity change",
    ),
    row(
        "storage.k8s.io",
        &["VolumeAttachment"],
        &["spec"],
        Part::Whole,
        When::Always,
        SPEC,
    ),
    row(
        "scheduling.k8s.io",
        &["PriorityClass"],
        &[],
        Part::Only(&["value", "preemptionPolicy"]),
        When::Always,
        "the API server does not let this field of a priority class change",
    ),
    row(
        "networking.k8s.io",
        &["IngressClass"],
        &["spec", "controller"],
        Part::Whole,
        When::Always,
        "the API server does not let an ingress class change its controller",
    ),
    row(
        "networking.k8s.io",
        &["IPAddress"],
        &["spec", "parentRef"],
        Part::Whole,
        When::Always,
        "the API server does not let an address change its parent",
    ),
    row(
        "node.k8s.io",
        &["RuntimeClass"],
        &["handler"],
        Part::Whole,
        When::Always,
        "the API server does not let a runtime class change its handler",
    ),
    row(
        "discovery.k8s.io",
        &["EndpointSlice"],
        &["addressType"],
        Part::Whole,
        When::Always,
        "the API server does not let the type of addresses change",
    ),
    row(
        "resource.k8s.io",
        &["ResourceClaim", "ResourceClaimTemplate"],
        &["spec"],
        Part::Whole,
        When::Always,
        SPEC,
    ),
    row(
        "apiextensions.k8s.io",
        &["CustomResourceDefinition"],
        &["spec", "group"],
        Part::Whole,
        When::Always,
        NAMES,
    ),
    row(
        "apiextensions.k8s.io",
        &["CustomResourceDefinition"],
        &["spec", "names", "plural"],
        Part::Whole,
        When::Always,
        NAMES,
    ),
    row(
        "apiextensions.k8s.io",
        &["CustomResourceDefinition"],
        &["spec", "scope"],
        Part::Whole,
        When::Established,
        NAMES,
    ),
    row(
        "apiextensions.k8s.io",
        &["CustomResourceDefinition"],
        &["spec", "names", "kind"],
        Part::Whole,
        When::Established,
        NAMES,
    ),
    row(
        "certificates.k8s.io",
        &["ClusterTrustBundle"],
        &["spec", "signerName"],
        Part::Whole,
        When::Always,
        "the API server does not let a bundle change its signer",
    ),
    row(
        "coordination.k8s.io",
        &["LeaseCandidate"],
        &["spec", "leaseName"],
        Part::Whole,
        When::Always,
        "the API server does not let a candidate change its lease",
    ),
];

impl When {
    fn holds(self, live: &Value, merged: &Value) -> bool {
        match self {
            When::Always => true,
            When::MarkedImmutable => live.get("immutable") == Some(&Value::Bool(true)),
            When::Established => {
                let conditions = at(live, &["status", "conditions"]).and_then(Value::as_array);
                let is_so = |condition: &Value| {
                    condition.get("type").and_then(Value::as_str) == Some("Established")
                        && condition.get("status").and_then(Value::as_str) == Some("True")
                };
                conditions.is_some_and(|conditions| conditions.iter().any(is_so))
            }
            When::NotIndexed => {
                at(merged, &["spec", "completionMode"]).and_then(Value::as_str) != Some("Indexed")
            }
            When::NotSuspended => at(live, &["spec", "suspend"]) != Some(&Value::Bool(true)),
        }
    }
}

/// Whether a field of this kind is one that no update may change, whatever the object is.
pub(crate) fn is_fixed(kind: &str, path: &FieldPath) -> bool {
    let keys: Vec<&str> = path.keys().collect();
    let mut rows = TABLE.iter().filter(|row| match row.when {
        When::Always => row.kinds.contains(&kind),
        When::MarkedImmutable | When::Established | When::NotIndexed | When::NotSuspended => false,
    });
    rows.any(|row| {
        let Some(below) = keys.strip_prefix(row.place) else {
            return false;
        };
        match (row.part, below.first()) {
            (Part::Whole, _) => true,
            (Part::AllBut(fields), Some(field)) => !fields.contains(field),
            (Part::Only(fields), Some(field)) => fields.contains(field),
            (Part::AllBut(_) | Part::Only(_), None) => false,
        }
    })
}

/// The rules that the update breaks, each with its place. What is free of doubts is compared as it is stored.
pub(super) fn broken(gvk: &Gvk, live: &Value, merged: &Value) -> Vec<(FieldPath, &'static str)> {
    let mut broken = Vec::new();
    let rows = TABLE
        .iter()
        .filter(|row| row.group == gvk.group() && row.kinds.contains(&gvk.kind.as_str()));
    for row in rows.filter(|row| row.when.holds(live, merged)) {
        let (was, is) = (at(live, row.place), at(merged, row.place));
        let place: FieldPath = row
            .place
            .iter()
            .fold(FieldPath::root(), |path, key| path.key(key));
        let is_fixed = |field: &str| match row.part {
            Part::Whole => true,
            Part::AllBut(free) => !free.contains(&field),
            Part::Only(fixed) => fixed.contains(&field),
        };
        let changed = match row.part {
            Part::Whole => (!same(was, is)).then_some(place),
            Part::AllBut(_) | Part::Only(_) => changed_fields(was, is)
                .find(|field| is_fixed(field))
                .map(|field| place.key(field)),
        };
        if let Some(path) = changed {
            broken.push((path, row.rule));
        }
    }
    broken
}
