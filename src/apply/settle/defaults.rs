//! What the API server fills into an object that lacks a field.
//!
//! Most defaults are constants, which the type table has. The others follow from the fields beside them, by the
//! functions `SetDefaults_*` in Kubernetes' `pkg/apis/*/v1/defaults.go`: this is their table. A row is found by the name of
//! the field and by fields that are declared beside it, because the table of types knows no names of Go types.

use serde_json::{Map, Value, json};

use super::place::{Place, declared};
use crate::compare::server_rules::pull_policy_of;
use crate::types::{Shape, is_zero};

/// What the server does about a field that an object lacks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fill {
    /// It writes this value.
    With(Value),
    /// It leaves the field out.
    Nothing,
    /// It writes a value that cannot be told.
    Unknown(&'static str),
}

/// Where a field is, its facts, and the fields that the object has.
struct Asked<'a> {
    place: &'a Place<'a>,
    inner: Shape<'a>,
    fields: &'a Map<String, Value>,
}

impl Asked<'_> {
    fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }

    fn has(&self, field: &str) -> bool {
        self.fields.get(field).is_some_and(|value| !value.is_null())
    }

    fn has_some(&self, field: &str) -> bool {
        self.fields.get(field).is_some_and(|value| !is_zero(value))
    }

    /// The constant.
    fn constant(&self) -> Fill {
        self.inner.default().cloned().map_or(Fill::Nothing, Fill::With)
    }

    /// The constant, where a condition holds.
    fn constant_if(&self, is_so: bool) -> Fill {
        if is_so { self.constant() } else { Fill::Nothing }
    }

    /// The field that the object around this one is in.
    fn outer(&self) -> &str {
        match self.place {
            Place::Key(outer, _) => outer.field(),
            Place::Root | Place::Element(..) => "",
        }
    }
}

struct Rule {
    field: &'static str,
    beside: &'static [&'static str],
    fill: fn(&Asked<'_>) -> Fill,
}

const fn rule(field: &'static str, beside: &'static [&'static str], fill: fn(&Asked<'_>) -> Fill) -> Rule {
    Rule { field, beside, fill }
}

fn nothing(_: &Asked<'_>) -> Fill {
    Fill::Nothing
}

fn with(value: impl Into<Value>) -> Fill {
    Fill::With(value.into())
}

const RULES: [Rule; 50] = [
    // An amount is no pointer, and never empty to Go (k8s.io/api: `core/v1/types.go`, `ResourceFieldSelector`).
    rule("divisor", &["resource", "containerName"], |_| with("0")),
    // core/v1: SetDefaults_Container, SetDefaults_EphemeralContainer, SetDefaults_Volume.
    rule("imagePullPolicy", &["image"], |asked| {
        pull_policy(asked.text("image"))
    }),
    rule("pullPolicy", &["reference"], |asked| {
        pull_policy(asked.text("reference"))
    }),
    rule("emptyDir", &["configMap", "secret", "hostPath"], |asked| {
        let is_named_only = asked
            .fields
            .iter()
            .all(|(key, value)| key == "name" || value.is_null());
        asked.constant_if(is_named_only)
    }),
    // The other name of a Pod's account follows the first one: `mirrors.rs`.
    rule("serviceAccount", &["serviceAccountName"], nothing),
    rule("serviceAccountName", &["serviceAccount"], nothing),
    // Admission chooses a class where a claim or an ingress is created, and controllers bind volumes.
    rule("storageClassName", &["volumeName"], nothing),
    rule("volumeName", &["storageClassName"], nothing),
    rule("dataSource", &["dataSourceRef"], nothing),
    rule("dataSourceRef", &["dataSource"], nothing),
    rule("ingressClassName", &["rules", "tls"], nothing),
    rule("claimRef", &["persistentVolumeReclaimPolicy"], nothing),
    rule("nodeAffinity", &["persistentVolumeReclaimPolicy"], nothing),
    rule("data", &["stringData"], nothing),
    rule("secrets", &["automountServiceAccountToken"], nothing),
    rule("imagePullSecrets", &["automountServiceAccountToken"], nothing),
    // Certificates are injected by programs, and not by the API server.
    rule("caBundle", &["service"], nothing),
    // apiextensions/v1: SetDefaults_CustomResourceDefinitionSpec.
    rule("listKind", &["plural"], |asked| {
        asked
            .text("kind")
            .map_or(Fill::Nothing, |kind| with(format!("{kind}List")))
    }),
    rule("singular", &["plural"], |asked| {
        asked
            .text("kind")
            .map_or(Fill::Nothing, |kind| with(kind.to_lowercase()))
    }),
    rule("preserveUnknownFields", &["scope", "names"], nothing),
    // `strategy.rs`.
    rule("finalizers", &[], nothing),
    rule("selector", &["replicas", "template"], nothing),
    // Services: `service.rs`.
    rule("clusterIP", &["clusterIPs"], nothing),
    rule("clusterIPs", &["clusterIP"], nothing),
    rule("ipFamilies", &["clusterIPs"], nothing),
    rule("ipFamilyPolicy", &["clusterIPs"], nothing),
    rule("healthCheckNodePort", &["clusterIPs"], nothing),
    rule("sessionAffinityConfig", &["clusterIPs"], nothing),
    rule("externalTrafficPolicy", &["clusterIPs"], nothing),
    rule("internalTrafficPolicy", &["clusterIPs"], nothing),
    rule("allocateLoadBalancerNodePorts", &["clusterIPs"], nothing),
    rule("nodePort", &["targetPort"], nothing),
    rule("targetPort", &["nodePort"], |asked| {
        asked
            .fields
            .get("port")
            .cloned()
            .map_or(Fill::Nothing, Fill::With)
    }),
    // apps/v1: SetDefaults_Deployment, SetDefaults_DaemonSet, SetDefaults_StatefulSet.
    rule("rollingUpdate", &["type"], |asked| match asked.text("type") {
        None | Some("") => asked.constant(),
        // A StatefulSet that names the type gets nothing more.
        Some(kind) => {
            asked.constant_if(kind == "RollingUpdate" && declared(asked.inner, "partition").is_none())
        }
    }),
    rule("maxSurge", &["maxUnavailable"], |asked| {
        match asked.inner.default() {
            Some(default) => with(default.clone()),
            None => with("25%"),
        }
    }),
    rule("maxUnavailable", &["maxSurge"], max_unavailable),
    rule("maxUnavailable", &["partition"], |_| {
        Fill::Unknown("it depends on a switch of the API server whether it fills the field")
    }),
    // batch/v1: SetDefaults_Job.
    rule("completions", &["parallelism"], |asked| {
        asked.constant_if(!asked.has("parallelism"))
    }),
    rule("backoffLimit", &["backoffLimitPerIndex"], |asked| {
        with(if asked.has("backoffLimitPerIndex") {
            i32::MAX
        } else {
            6
        })
    }),
    rule("podReplacementPolicy", &["podFailurePolicy"], |asked| {
        with(if asked.has("podFailurePolicy") {
            "Failed"
        } else {
            "TerminatingOrFailed"
        })
    }),
    // SetDefaults_PodFailurePolicyOnPodConditionsPattern.
    rule("status", &["type"], |asked| {
        if asked.outer() == "onPodConditions" {
            with("True")
        } else {
            Fill::Nothing
        }
    }),
    // autoscaling/v2: GenerateHPAScaleUpRules, GenerateHPAScaleDownRules.
    rule("stabilizationWindowSeconds", &["policies"], |asked| {
        asked.constant_if(asked.outer() == "scaleUp")
    }),
    rule("policies", &["stabilizationWindowSeconds"], scaling_policies),
    rule("targetCPUUtilizationPercentage", &["maxReplicas"], |_| {
        Fill::Unknown("it depends on the other metrics whether the API server fills the field")
    }),
    // SetDefaults_LimitRangeItem, and what admission gives to Pods: `strategy.rs`.
    rule("default", &["defaultRequest"], nothing),
    rule("defaultRequest", &["default"], nothing),
    rule("tolerations", &["serviceAccountName"], nothing),
    // networking/v1: SetDefaults_NetworkPolicy.
    rule("policyTypes", &["ingress", "egress"], |asked| {
        with(if asked.has_some("egress") {
            json!(["Ingress", "Egress"])
        } else {
            json!(["Ingress"])
        })
    }),
    // rbac/v1: SetDefaults_Subject.
    rule("apiGroup", &["kind", "name", "namespace"], |asked| {
        match asked.text("kind") {
            Some("User" | "Group") => with("rbac.authorization.k8s.io"),
            Some(_) | None => Fill::Nothing,
        }
    }),
    // resource/v1: SetDefaults_ExactDeviceRequest.
    rule("count", &["allocationMode"], |asked| {
        asked.constant_if(matches!(
            asked.text("allocationMode"),
            None | Some("" | "ExactCount")
        ))
    }),
];

/// The fields that are filled in and that the type table does not mark: it leaves out whatever is called a status, and zeros.
const UNMARKED: [&str; 2] = ["status", "divisor"];

/// What the server does about a field that an object of a type lacks.
pub(super) fn of(place: &Place<'_>, shape: Shape<'_>, inner: Shape<'_>, fields: &Map<String, Value>) -> Fill {
    if !inner.is_server_defaulted() && !UNMARKED.contains(&place.field()) {
        return Fill::Nothing;
    }
    let asked = Asked { place, inner, fields };
    let is_beside = |rule: &&Rule| {
        rule.field == place.field() && rule.beside.iter().all(|field| declared(shape, field).is_some())
    };
    match RULES.iter().find(is_beside).filter(|_| shape.is_builtin()) {
        // The Job that is in a CronJob gets its defaults when it is created.
        _ if is_job_to_be(place, shape) || is_reference(shape) => Fill::Nothing,
        Some(rule) => (rule.fill)(&asked),
        None if !inner.is_server_defaulted() => Fill::Nothing,
        None => inner.default().cloned().map_or(
            Fill::Unknown("the API server or a controller chooses the value"),
            Fill::With,
        ),
    }
}

fn is_job_to_be(place: &Place<'_>, shape: Shape<'_>) -> bool {
    shape.is_builtin()
        && matches!(
            place,
            Place::Key(Place::Key(Place::Key(_, "jobTemplate"), "spec"), _)
        )
        && declared(shape, "manualSelector").is_some()
}

/// Whether the type is a reference to an object, which only controllers complete.
fn is_reference(shape: Shape<'_>) -> bool {
    shape.is_builtin()
        && ["fieldPath", "resourceVersion", "uid"]
            .iter()
            .all(|field| declared(shape, field).is_some())
}

fn pull_policy(image: Option<&str>) -> Fill {
    // Without an image there is nothing to choose by, and an image is required.
    image.map_or(Fill::Nothing, |image| with(pull_policy_of(image)))
}

/// Deployments and `DaemonSets` have different defaults in types that look alike: of the second the surge is 0.
fn max_unavailable(asked: &Asked<'_>) -> Fill {
    if asked.inner.default().is_some() {
        return asked.constant();
    }
    match asked.place {
        Place::Key(Place::Key(Place::Key(_, "updateStrategy"), _), _) => with(1),
        _ => with("25%"),
    }
}

fn scaling_policies(asked: &Asked<'_>) -> Fill {
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    if asked.outer() == "scaleUp" {
        with(json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, percent]))
    } else {
        with(json!([percent]))
    }
}
