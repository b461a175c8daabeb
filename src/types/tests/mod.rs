use serde_json::json;

use super::*;

/// Follows `spec/containers/*/image`: `*` enters a list or a map's values.
fn at<'a>(table: &'a TypeTable, api_version: &str, kind: &str, path: &str) -> Result<Shape<'a>, String> {
    let mut shape = table.kind(api_version, kind).ok_or("no such kind")?;
    for step in path.split('/').filter(|step| !step.is_empty()) {
        shape = match (step, shape.element()) {
            ("*", Some(element)) => element,
            _ => match shape.field(step) {
                Field::Declared(field) => field,
                Field::Undeclared => return Err(format!("{step} undeclared")),
                Field::Unknown => return Err(format!("{step} unknown")),
            },
        };
    }
    Ok(shape)
}

/// All facts on a place in words: `list by name, dropped`, `integer, kept, filled 1`.
fn facts(table: &TypeTable, api_version: &str, kind: &str, path: &str) -> String {
    let shape = match at(table, api_version, kind, path) {
        Ok(shape) => shape,
        Err(why) => return why,
    };
    let mut value = format!("{:?}", shape.value()).to_lowercase();
    if shape.value() == ValueKind::List {
        value = match shape.list() {
            ListKind::Atomic => "list atomic".to_owned(),
            ListKind::Set => "list set".to_owned(),
            ListKind::Map(keys) => format!("list by {}", keys.join("+")),
        };
    }
    let zero = match shape.zero() {
        ExplicitZero::Dropped => "dropped",
        ExplicitZero::Kept => "kept",
    };
    let mut words = vec![value, zero.to_owned()];
    match (shape.is_server_defaulted(), shape.default()) {
        (true, Some(default)) => words.push(format!("filled {default}")),
        (true, None) => words.push("filled".to_owned()),
        (false, None) => {}
        (false, Some(default)) => words.push(format!("{default} though not filled")),
    }
    if shape.is_unordered() {
        words.push("unordered".to_owned());
    }
    if shape.is_atomic() {
        words.push("owned whole".to_owned());
    }
    if shape.is_nullable() {
        words.push("nullable".to_owned());
    }
    words.join(", ")
}

fn check(table: &TypeTable, rows: &[(&str, &str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(kind, path, expected)| {
            let (api_version, name) = kind.split_once(' ').unwrap();
            let found = facts(table, api_version, name, path);
            (found != *expected).then(|| format!("{kind} {path}: {found} (expected {expected})"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn metadata_is_known_everywhere() {
    check(
        TypeTable::builtin(),
        &[
            ("v1 ConfigMap", "apiVersion", "string, dropped"),
            ("v1 ConfigMap", "metadata/name", "string, dropped, filled"),
            ("v1 ConfigMap", "metadata/namespace", "string, dropped, filled"),
            ("v1 ConfigMap", "metadata/labels", "map, dropped"),
            ("v1 ConfigMap", "metadata/labels/*", "string, kept"),
            (
                "v1 ConfigMap",
                "metadata/creationTimestamp",
                "time, dropped, filled",
            ),
            ("v1 ConfigMap", "metadata/finalizers", "list set, dropped"),
            ("v1 ConfigMap", "metadata/ownerReferences", "list by uid, dropped"),
            ("v1 ConfigMap", "metadata/clusterName", "clusterName undeclared"),
            (
                "apps/v1 Deployment",
                "spec/template/metadata/creationTimestamp",
                "time, dropped, filled",
            ),
        ],
    );
}

#[test]
fn workloads() {
    check(
        TypeTable::builtin(),
        &[
            ("apps/v1 Deployment", "spec/replicas", "integer, kept, filled 1"),
            ("apps/v1 Deployment", "spec/paused", "boolean, dropped"),
            ("apps/v1 Deployment", "spec/selector", "object, kept, owned whole"),
            ("apps/v1 Deployment", "spec/strategy", "object, dropped"),
            (
                "apps/v1 Deployment",
                "spec/strategy/type",
                "string, dropped, filled \"RollingUpdate\"",
            ),
            (
                "apps/v1 Deployment",
                "spec/strategy/rollingUpdate/maxSurge",
                "intorstring, kept, filled",
            ),
            (
                "apps/v1 Deployment",
                "spec/template/spec/selector",
                "selector undeclared",
            ),
            ("apps/v1 Deployment", "status", "any, dropped"),
            ("apps/v1 Deployment", "status/replicas", "replicas unknown"),
            (
                "apps/v1 StatefulSet",
                "spec/podManagementPolicy",
                "string, dropped, filled \"OrderedReady\"",
            ),
            (
                "apps/v1 StatefulSet",
                "spec/volumeClaimTemplates",
                "list atomic, dropped",
            ),
            (
                "apps/v1 StatefulSet",
                "spec/volumeClaimTemplates/*/apiVersion",
                "string, dropped, filled \"v1\"",
            ),
            (
                "apps/v1 StatefulSet",
                "spec/volumeClaimTemplates/*/spec/volumeMode",
                "string, kept, filled \"Filesystem\"",
            ),
            (
                "apps/v1 StatefulSet",
                "spec/volumeClaimTemplates/*/status",
                "any, dropped",
            ),
            (
                "apps/v1 DaemonSet",
                "spec/updateStrategy/type",
                "string, dropped, filled \"RollingUpdate\"",
            ),
            ("batch/v1 CronJob", "spec/suspend", "boolean, kept, filled false"),
            (
                "batch/v1 Job",
                "spec/selector",
                "object, kept, filled, owned whole",
            ),
            ("batch/v1 Job", "spec/backoffLimit", "integer, kept, filled"),
            ("batch/v1 Job", "spec/ttlSecondsAfterFinished", "integer, kept"),
            (
                "extensions/v1beta1 Deployment",
                "spec/replicas",
                "integer, kept, filled 1",
            ),
        ],
    );
}

#[test]
fn pods() {
    check(
        TypeTable::builtin(),
        &[
            ("v1 Pod", "spec/automountServiceAccountToken", "boolean, kept"),
            ("v1 Pod", "spec/containers", "list by name, dropped"),
            (
                "v1 Pod",
                "spec/dnsPolicy",
                "string, dropped, filled \"ClusterFirst\"",
            ),
            ("v1 Pod", "spec/enableServiceLinks", "boolean, kept, filled true"),
            ("v1 Pod", "spec/hostAliases", "list by ip, dropped"),
            ("v1 Pod", "spec/hostNetwork", "boolean, dropped"),
            ("v1 Pod", "spec/imagePullSecrets", "list by name, dropped, filled"),
            ("v1 Pod", "spec/nodeName", "string, dropped, filled"),
            ("v1 Pod", "spec/nodeSelector", "map, dropped, filled, owned whole"),
            ("v1 Pod", "spec/priority", "integer, kept, filled"),
            (
                "v1 Pod",
                "spec/restartPolicy",
                "string, dropped, filled \"Always\"",
            ),
            ("v1 Pod", "spec/securityContext", "object, kept, filled {}"),
            ("v1 Pod", "spec/securityContext/runAsNonRoot", "boolean, kept"),
            ("v1 Pod", "spec/serviceAccount", "string, dropped, filled"),
            (
                "v1 Pod",
                "spec/terminationGracePeriodSeconds",
                "integer, kept, filled 30",
            ),
            ("v1 Pod", "spec/tolerations", "list atomic, dropped, filled"),
            (
                "v1 Pod",
                "spec/topologySpreadConstraints",
                "list by topologyKey+whenUnsatisfiable, dropped",
            ),
            ("v1 Pod", "spec/volumes", "list by name, dropped, filled"),
            ("v1 Pod", "spec/volumes/*/configMap/optional", "boolean, kept"),
            (
                "v1 Pod",
                "spec/volumes/*/configMap/defaultMode",
                "integer, kept, filled 420",
            ),
            ("v1 Pod", "spec/volumes/*/configMap/name", "string, dropped"),
            ("v1 Pod", "spec/volumes/*/emptyDir/sizeLimit", "quantity, kept"),
            (
                "v1 Pod",
                "spec/volumes/*/hostPath/type",
                "string, kept, filled \"\"",
            ),
        ],
    );
}

/// Admission and the scheduler complete Pods, never the templates that workloads make them from.
#[test]
fn templates_of_pods_are_left_as_they_are() {
    const FIELDS: [(&str, &str, &str); 12] = [
        ("imagePullSecrets", "list by name, dropped", ", filled"),
        ("nodeName", "string, dropped", ", filled"),
        ("overhead", "map, dropped", ", filled"),
        ("priority", "integer, kept", ", filled"),
        ("priorityClassName", "string, dropped", ", filled"),
        ("tolerations", "list atomic, dropped", ", filled"),
        ("volumes", "list by name, dropped", ", filled"),
        ("enableServiceLinks", "boolean, kept", ", filled true"),
        (
            "containers/*/volumeMounts",
            "list by mountPath, dropped",
            ", filled",
        ),
        ("containers/*/ports/*/hostPort", "integer, dropped", ", filled"),
        ("containers/*/resources/limits", "map, dropped", ", filled"),
        ("initContainers/*/resources/requests", "map, dropped", ", filled"),
    ];
    let table = TypeTable::builtin();
    let templates = [
        ("apps/v1 Deployment", "spec/template/spec"),
        ("apps/v1 StatefulSet", "spec/template/spec"),
        ("apps/v1 DaemonSet", "spec/template/spec"),
        ("apps/v1 ReplicaSet", "spec/template/spec"),
        ("batch/v1 Job", "spec/template/spec"),
        ("batch/v1 CronJob", "spec/jobTemplate/spec/template/spec"),
        ("v1 PodTemplate", "template/spec"),
        ("v1 ReplicationController", "spec/template/spec"),
        ("extensions/v1beta1 DaemonSet", "spec/template/spec"),
    ];
    for (field, plain, filled) in FIELDS {
        check(
            table,
            &[("v1 Pod", &format!("spec/{field}"), &format!("{plain}{filled}"))],
        );
        for (kind, template) in templates {
            check(table, &[(kind, &format!("{template}/{field}"), plain)]);
        }
    }
    // What the defaulting functions write stands in templates as well.
    for (field, facts) in [
        ("dnsPolicy", "string, dropped, filled \"ClusterFirst\""),
        ("serviceAccount", "string, dropped, filled"),
        ("containers/*/imagePullPolicy", "string, dropped, filled"),
        ("containers/*/ports/*/protocol", "string, dropped, filled \"TCP\""),
        ("nodeSelector", "map, dropped, owned whole"),
    ] {
        check(
            table,
            &[(
                "apps/v1 Deployment",
                &format!("spec/template/spec/{field}"),
                facts,
            )],
        );
    }
}

#[test]
fn containers() {
    check(
        TypeTable::builtin(),
        &[
            ("v1 Pod", "spec/containers/*/args", "list atomic, dropped"),
            ("v1 Pod", "spec/containers/*/env", "list by name, dropped"),
            ("v1 Pod", "spec/containers/*/env/*/value", "string, dropped"),
            (
                "v1 Pod",
                "spec/containers/*/env/*/valueFrom/secretKeyRef/optional",
                "boolean, kept",
            ),
            (
                "v1 Pod",
                "spec/containers/*/env/*/valueFrom/resourceFieldRef/divisor",
                "quantity, dropped",
            ),
            ("v1 Pod", "spec/containers/*/envFrom", "list atomic, dropped"),
            ("v1 Pod", "spec/containers/*/image", "string, dropped"),
            (
                "v1 Pod",
                "spec/containers/*/imagePullPolicy",
                "string, dropped, filled",
            ),
            (
                "v1 Pod",
                "spec/containers/*/livenessProbe/httpGet/port",
                "intorstring, dropped",
            ),
            (
                "v1 Pod",
                "spec/containers/*/livenessProbe/httpGet/scheme",
                "string, dropped, filled \"HTTP\"",
            ),
            (
                "v1 Pod",
                "spec/containers/*/livenessProbe/initialDelaySeconds",
                "integer, dropped",
            ),
            (
                "v1 Pod",
                "spec/containers/*/livenessProbe/periodSeconds",
                "integer, dropped, filled 10",
            ),
            (
                "v1 Pod",
                "spec/containers/*/ports",
                "list by containerPort+protocol, dropped",
            ),
            (
                "v1 Pod",
                "spec/containers/*/ports/*/protocol",
                "string, dropped, filled \"TCP\"",
            ),
            (
                "v1 Pod",
                "spec/containers/*/ports/*/hostPort",
                "integer, dropped, filled",
            ),
            ("v1 Pod", "spec/containers/*/resources", "object, dropped"),
            (
                "v1 Pod",
                "spec/containers/*/resources/limits",
                "map, dropped, filled",
            ),
            (
                "v1 Pod",
                "spec/containers/*/resources/limits/cpu",
                "quantity, kept",
            ),
            (
                "v1 Pod",
                "spec/containers/*/securityContext/allowPrivilegeEscalation",
                "boolean, kept",
            ),
            (
                "v1 Pod",
                "spec/containers/*/securityContext/capabilities/drop",
                "list atomic, dropped",
            ),
            ("v1 Pod", "spec/containers/*/tty", "boolean, dropped"),
            (
                "v1 Pod",
                "spec/containers/*/volumeMounts",
                "list by mountPath, dropped, filled",
            ),
            (
                "v1 Pod",
                "spec/containers/*/volumeMounts/*/readOnly",
                "boolean, dropped",
            ),
            (
                "v1 Pod",
                "spec/containers/*/volumeDevices",
                "list by devicePath, dropped",
            ),
        ],
    );
}

#[test]
fn configuration_and_network() {
    check(
        TypeTable::builtin(),
        &[
            ("v1 ConfigMap", "data", "map, dropped"),
            ("v1 ConfigMap", "data/any.key", "string, kept"),
            ("v1 ConfigMap", "binaryData/*", "bytes, kept"),
            ("v1 ConfigMap", "immutable", "boolean, kept"),
            ("v1 Secret", "data/*", "bytes, kept"),
            ("v1 Secret", "stringData/*", "string, kept"),
            ("v1 Secret", "type", "string, dropped, filled \"Opaque\""),
            ("v1 ServiceAccount", "secrets", "list by name, dropped, filled"),
            (
                "v1 ServiceAccount",
                "imagePullSecrets",
                "list atomic, dropped, filled",
            ),
            (
                "v1 ServiceAccount",
                "automountServiceAccountToken",
                "boolean, kept",
            ),
            ("v1 Service", "spec/clusterIP", "string, dropped, filled"),
            ("v1 Service", "spec/ipFamilyPolicy", "string, kept, filled"),
            ("v1 Service", "spec/ports", "list by port+protocol, dropped"),
            ("v1 Service", "spec/ports/*/nodePort", "integer, dropped, filled"),
            (
                "v1 Service",
                "spec/ports/*/protocol",
                "string, dropped, filled \"TCP\"",
            ),
            (
                "v1 Service",
                "spec/ports/*/targetPort",
                "intorstring, dropped, filled",
            ),
            ("v1 Service", "spec/selector", "map, dropped, owned whole"),
            ("v1 Service", "spec/type", "string, dropped, filled \"ClusterIP\""),
            (
                "v1 Endpoints",
                "subsets",
                "list atomic, dropped, filled, unordered",
            ),
            (
                "v1 PersistentVolumeClaim",
                "spec/storageClassName",
                "string, kept, filled",
            ),
            (
                "v1 PersistentVolumeClaim",
                "spec/volumeName",
                "string, dropped, filled",
            ),
            (
                "v1 PersistentVolumeClaim",
                "spec/resources/requests/storage",
                "quantity, kept",
            ),
            ("v1 ResourceQuota", "spec/hard/pods", "quantity, kept"),
            ("v1 Namespace", "spec/finalizers", "list atomic, dropped, filled"),
            (
                "networking.k8s.io/v1 Ingress",
                "spec/ingressClassName",
                "string, kept, filled",
            ),
            (
                "networking.k8s.io/v1 Ingress",
                "spec/rules",
                "list atomic, dropped",
            ),
            (
                "networking.k8s.io/v1 Ingress",
                "spec/rules/*/http/paths/*/pathType",
                "string, kept",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/podSelector",
                "object, dropped, owned whole",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/policyTypes",
                "list atomic, dropped, filled",
            ),
        ],
    );
}

#[test]
fn policy_access_and_extensions() {
    let crd = "apiextensions.k8s.io/v1 CustomResourceDefinition";
    check(
        TypeTable::builtin(),
        &[
            (
                "autoscaling/v2 HorizontalPodAutoscaler",
                "spec/minReplicas",
                "integer, kept, filled 1",
            ),
            (
                "autoscaling/v2 HorizontalPodAutoscaler",
                "spec/metrics",
                "list atomic, dropped, filled [{\"resource\":{\"name\":\"cpu\",\"target\":{\"averageUtilization\":80,\
                 \"type\":\"Utilization\"}},\"type\":\"Resource\"}], unordered",
            ),
            (
                "autoscaling/v2 HorizontalPodAutoscaler",
                "spec/metrics/*/resource/target/averageValue",
                "quantity, kept",
            ),
            (
                "autoscaling/v1 HorizontalPodAutoscaler",
                "spec/metrics",
                "metrics undeclared",
            ),
            (
                "policy/v1 PodDisruptionBudget",
                "spec/minAvailable",
                "intorstring, kept",
            ),
            (
                "policy/v1beta1 PodDisruptionBudget",
                "spec/maxUnavailable",
                "intorstring, kept",
            ),
            (
                "rbac.authorization.k8s.io/v1 Role",
                "rules",
                "list atomic, dropped, unordered",
            ),
            (
                "rbac.authorization.k8s.io/v1 Role",
                "rules/*/verbs",
                "list atomic, dropped, unordered",
            ),
            (
                "rbac.authorization.k8s.io/v1 ClusterRole",
                "rules",
                "list atomic, dropped, unordered",
            ),
            (
                "rbac.authorization.k8s.io/v1 RoleBinding",
                "subjects/*/apiGroup",
                "string, dropped, filled",
            ),
            (
                "rbac.authorization.k8s.io/v1 RoleBinding",
                "roleRef",
                "object, dropped, owned whole",
            ),
            ("scheduling.k8s.io/v1 PriorityClass", "value", "integer, dropped"),
            (
                "storage.k8s.io/v1 StorageClass",
                "allowVolumeExpansion",
                "boolean, kept",
            ),
            (
                "storage.k8s.io/v1 StorageClass",
                "reclaimPolicy",
                "string, kept, filled \"Delete\"",
            ),
            (
                "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
                "webhooks",
                "list by name, dropped",
            ),
            (
                "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
                "webhooks/*/clientConfig/caBundle",
                "bytes, dropped, filled",
            ),
            (
                "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
                "webhooks/*/rules",
                "list atomic, dropped, unordered",
            ),
            (
                "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
                "webhooks/*/timeoutSeconds",
                "integer, kept, filled 10",
            ),
            (
                "apiregistration.k8s.io/v1 APIService",
                "spec/caBundle",
                "bytes, dropped, filled",
            ),
            (
                "apiregistration.k8s.io/v1 APIService",
                "spec/service/port",
                "integer, kept, filled 443",
            ),
            (
                crd,
                "spec/conversion",
                "object, kept, filled {\"strategy\":\"None\"}",
            ),
            (
                crd,
                "spec/conversion/webhook/clientConfig/caBundle",
                "bytes, dropped, filled",
            ),
            (crd, "spec/names/listKind", "string, dropped, filled"),
            (
                crd,
                "spec/versions/*/schema/openAPIV3Schema/properties/*/items/type",
                "string, dropped",
            ),
            (
                crd,
                "spec/versions/*/schema/openAPIV3Schema/properties/*/default",
                "any, kept",
            ),
            (
                crd,
                "spec/versions/*/schema/openAPIV3Schema/additionalProperties/nullable",
                "boolean, dropped",
            ),
            (
                crd,
                "spec/versions/*/schema/openAPIV3Schema/x-kubernetes-preserve-unknown-fields",
                "boolean, kept",
            ),
        ],
    );
}

/// Structures and maps of which managed fields never name the parts: `x-kubernetes-map-type: atomic`.
#[test]
fn what_is_owned_as_a_whole() {
    let is_whole = |table: &TypeTable, kind: &str, path: &str| {
        let (api_version, kind) = kind.split_once(' ').unwrap();
        at(table, api_version, kind, path).unwrap().is_atomic()
    };
    let builtin = TypeTable::builtin();
    for (kind, path) in [
        ("v1 Service", "spec/selector"),
        ("v1 ReplicationController", "spec/selector"),
        ("v1 Pod", "spec/nodeSelector"),
        ("apps/v1 Deployment", "spec/template/spec/nodeSelector"),
        ("apps/v1 Deployment", "spec/selector"),
        ("extensions/v1beta1 Deployment", "spec/selector"),
        ("policy/v1 PodDisruptionBudget", "spec/selector"),
        ("networking.k8s.io/v1 NetworkPolicy", "spec/podSelector"),
        (
            "networking.k8s.io/v1 NetworkPolicy",
            "spec/ingress/*/from/*/podSelector",
        ),
        (
            "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
            "webhooks/*/namespaceSelector",
        ),
        (
            "apps/v1 Deployment",
            "spec/template/spec/containers/*/env/*/valueFrom/secretKeyRef",
        ),
        ("apps/v1 Deployment", "spec/template/spec/imagePullSecrets/*"),
        ("v1 ConfigMap", "metadata/ownerReferences/*"),
        ("rbac.authorization.k8s.io/v1 RoleBinding", "roleRef"),
        ("rbac.authorization.k8s.io/v1 RoleBinding", "subjects/*"),
        (
            "rbac.authorization.k8s.io/v1 ClusterRole",
            "aggregationRule/clusterRoleSelectors/*",
        ),
    ] {
        assert!(is_whole(builtin, kind, path), "{kind} {path}");
    }
    for (kind, path) in [
        ("v1 ConfigMap", "data"),
        ("v1 ConfigMap", "metadata/labels"),
        ("v1 Secret", "data"),
        ("apps/v1 Deployment", "spec/template"),
        ("apps/v1 Deployment", "spec/template/metadata/annotations"),
        ("apps/v1 Deployment", "spec/template/spec/containers/*"),
        (
            "apps/v1 Deployment",
            "spec/template/spec/containers/*/resources/limits",
        ),
    ] {
        assert!(!is_whole(builtin, kind, path), "{kind} {path}");
    }

    let atomic =
        json!({"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "string"}}});
    let document = json!({"components": {"schemas": {
        "Crd": {
            "type": "object",
            "properties": {
                "metadata": {"type": "object"},
                "selector": atomic,
                "selectors": {"type": "array", "items": atomic},
                "labels": {"type": "object", "x-kubernetes-map-type": "atomic",
                    "additionalProperties": {"type": "string"}},
                "granular": {"type": "object", "x-kubernetes-map-type": "granular",
                    "additionalProperties": {"type": "string"}},
            },
            "x-kubernetes-group-version-kind": [{"group": "a", "version": "v1", "kind": "Crd"}],
        },
        "Go": {
            "type": "object",
            "properties": {
                "metadata": {"type": "object"},
                "selector": {"allOf": [{"$ref": "#/components/schemas/Selector"}], "default": {}},
                "selectors": {"type": "array", "items": {"$ref": "#/components/schemas/Selector"}},
            },
            "x-kubernetes-group-version-kind": [{"group": "a", "version": "v1", "kind": "Go"}],
        },
        "Selector": atomic,
    }}});
    let custom = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
    for (kind, path, expected) in [
        ("a/v1 Crd", "selector", true),
        ("a/v1 Crd", "selectors", false),
        ("a/v1 Crd", "selectors/*", true),
        ("a/v1 Crd", "labels", true),
        ("a/v1 Crd", "granular", false),
        ("a/v1 Go", "selector", true),
        ("a/v1 Go", "selectors/*", true),
    ] {
        assert_eq!(is_whole(&custom, kind, path), expected, "{kind} {path}");
    }
}

/// What charts ship, in the versions that servers serve or old manifests name.
#[test]
fn versions_that_charts_name() {
    let table = TypeTable::builtin();
    for (kind, versions) in [
        (
            "Deployment",
            &["apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"][..],
        ),
        ("StatefulSet", &["apps/v1", "apps/v1beta1", "apps/v1beta2"]),
        ("DaemonSet", &["apps/v1", "apps/v1beta2", "extensions/v1beta1"]),
        ("ReplicaSet", &["apps/v1", "apps/v1beta2", "extensions/v1beta1"]),
        ("Job", &["batch/v1"]),
        ("CronJob", &["batch/v1", "batch/v1beta1"]),
        (
            "Ingress",
            &[
                "networking.k8s.io/v1",
                "networking.k8s.io/v1beta1",
                "extensions/v1beta1",
            ],
        ),
        (
            "IngressClass",
            &["networking.k8s.io/v1", "networking.k8s.io/v1beta1"],
        ),
        ("NetworkPolicy", &["networking.k8s.io/v1", "extensions/v1beta1"]),
        (
            "HorizontalPodAutoscaler",
            &["autoscaling/v1", "autoscaling/v2", "autoscaling/v2beta2"],
        ),
        ("PodDisruptionBudget", &["policy/v1", "policy/v1beta1"]),
        (
            "ClusterRole",
            &[
                "rbac.authorization.k8s.io/v1",
                "rbac.authorization.k8s.io/v1beta1",
            ],
        ),
        (
            "RoleBinding",
            &[
                "rbac.authorization.k8s.io/v1",
                "rbac.authorization.k8s.io/v1beta1",
            ],
        ),
        (
            "ValidatingWebhookConfiguration",
            &[
                "admissionregistration.k8s.io/v1",
                "admissionregistration.k8s.io/v1beta1",
            ],
        ),
        (
            "ValidatingAdmissionPolicy",
            &[
                "admissionregistration.k8s.io/v1",
                "admissionregistration.k8s.io/v1beta1",
            ],
        ),
        (
            "MutatingAdmissionPolicy",
            &["admissionregistration.k8s.io/v1beta1"],
        ),
        (
            "CustomResourceDefinition",
            &["apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"],
        ),
        (
            "APIService",
            &["apiregistration.k8s.io/v1", "apiregistration.k8s.io/v1beta1"],
        ),
        ("StorageClass", &["storage.k8s.io/v1", "storage.k8s.io/v1beta1"]),
        ("CSIDriver", &["storage.k8s.io/v1", "storage.k8s.io/v1beta1"]),
        ("VolumeAttributesClass", &["storage.k8s.io/v1"]),
        (
            "PriorityClass",
            &["scheduling.k8s.io/v1", "scheduling.k8s.io/v1beta1"],
        ),
        ("RuntimeClass", &["node.k8s.io/v1", "node.k8s.io/v1beta1"]),
        (
            "FlowSchema",
            &[
                "flowcontrol.apiserver.k8s.io/v1",
                "flowcontrol.apiserver.k8s.io/v1beta3",
            ],
        ),
        ("PriorityLevelConfiguration", &["flowcontrol.apiserver.k8s.io/v1"]),
        (
            "Lease",
            &["coordination.k8s.io/v1", "coordination.k8s.io/v1beta1"],
        ),
        (
            "EndpointSlice",
            &["discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"],
        ),
        ("DeviceClass", &["resource.k8s.io/v1", "resource.k8s.io/v1beta1"]),
        ("ResourceClaimTemplate", &["resource.k8s.io/v1"]),
        (
            "CertificateSigningRequest",
            &["certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"],
        ),
        ("ClusterTrustBundle", &["certificates.k8s.io/v1beta1"]),
        ("Pod", &["v1"]),
        ("PodTemplate", &["v1"]),
        ("ReplicationController", &["v1"]),
        ("LimitRange", &["v1"]),
        ("ResourceQuota", &["v1"]),
        ("PersistentVolume", &["v1"]),
        ("Namespace", &["v1"]),
        ("Endpoints", &["v1"]),
        ("Node", &["v1"]),
    ] {
        for version in versions {
            assert!(table.kind(version, kind).is_some(), "{version} {kind}");
        }
    }
}

#[test]
fn kinds_that_the_table_does_not_know() {
    let table = TypeTable::builtin();
    for (api_version, kind) in [
        ("apps/v1", "Deploymentt"),
        ("apps/v2", "Deployment"),
        ("", ""),
        ("v1", "List"),
    ] {
        assert!(table.kind(api_version, kind).is_none(), "{api_version} {kind}");
    }
    assert!(table.kinds().count() > 120);
    assert!(table.kinds().is_sorted());
}

#[test]
fn nothing_is_below_a_plain_value() {
    let image = at(TypeTable::builtin(), "v1", "Pod", "spec/containers/*/image").unwrap();
    assert!(matches!(image.field("tag"), Field::Unknown));
    assert!(image.element().is_none());
    let containers = at(TypeTable::builtin(), "v1", "Pod", "spec/containers").unwrap();
    assert!(matches!(containers.field("image"), Field::Unknown));
}

#[test]
fn every_fact_of_the_embedded_table_is_reachable() {
    let table = TypeTable::decode(include_bytes!("../builtin.json.gz")).unwrap();
    for object in &table.types {
        for (name, node) in &object.fields {
            let shape = table.shape(*node);
            assert!(!table.names[*name as usize].is_empty());
            let _ = (shape.list(), shape.default(), shape.element(), shape.field("x"));
        }
        assert!(
            object
                .fields
                .is_sorted_by_key(|(name, _)| &table.names[*name as usize])
        );
    }
    assert!(table.types.len() > 500, "{}", table.types.len());
}

#[test]
fn a_spoilt_table_is_refused() {
    use std::io::Write as _;
    let decode = |json: serde_json::Value| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(json.to_string().as_bytes()).unwrap();
        TypeTable::decode(&packed.finish().unwrap())
    };
    let table = |nodes: &[u32], types: serde_json::Value, kinds: serde_json::Value| json!({"names": ["a"], "keys": [], "defaults": [], "nodes": nodes, "types": types, "kinds": kinds});
    assert!(decode(table(&[11, 0, 0, 0, 0], json!([[0, 0]]), json!([["v1", "A", 0]]))).is_ok());
    for spoilt in [
        table(&[11, 0, 0, 0], json!([]), json!([])),
        table(&[99, 0, 0, 0, 0], json!([]), json!([])),
        table(&[11, 1, 0, 0, 0], json!([[0, 0]]), json!([])),
        table(&[13, 7, 0, 0, 0], json!([]), json!([])),
        table(&[13, 0, 2, 0, 0], json!([]), json!([])),
        table(&[1, 0, 0, 0, 1], json!([]), json!([])),
        table(&[1, 0, 0, 0, 0], json!([[0]]), json!([])),
        table(&[1, 0, 0, 0, 0], json!([[1, 0]]), json!([])),
        table(&[1, 0, 0, 0, 0], json!([]), json!([["v1", "A", 1]])),
    ] {
        assert!(
            matches!(decode(spoilt.clone()), Err(TypesError::Inconsistent(_))),
            "{spoilt}"
        );
    }
    assert!(matches!(
        TypeTable::decode(b"nothing"),
        Err(TypesError::Unpack(_))
    ));
}

/// The answer of an API server 1.36.3 to a CRD that uses every construct; descriptions left out.
#[test]
fn custom_resources() {
    let table = TypeTable::from_openapi_v3(include_bytes!("../../../tests/data/openapi/crd.json")).unwrap();
    let kiln = "pottery.example.com/v1 Kiln";
    check(
        &table,
        &[
            (kiln, "metadata/labels", "map, dropped"),
            (kiln, "metadata/junk", "junk undeclared"),
            (kiln, "spec", "object, kept"),
            (kiln, "spec/junk", "junk undeclared"),
            (kiln, "spec/shelves", "integer, kept"),
            (kiln, "spec/enabled", "boolean, kept, filled true"),
            (kiln, "spec/temperature", "number, kept"),
            (kiln, "spec/glaze", "string, kept, nullable"),
            (kiln, "spec/port", "intorstring, kept"),
            (kiln, "spec/certificate", "bytes, kept"),
            (kiln, "spec/firedAt", "time, kept"),
            (kiln, "spec/soak", "duration, kept"),
            (kiln, "spec/resources/limits/cpu", "quantity, kept"),
            (kiln, "spec/zones", "list by name+side, kept"),
            (kiln, "spec/zones/*/side", "string, kept, filled \"left\""),
            (kiln, "spec/zones/*/cones", "list atomic, kept"),
            (kiln, "spec/tags", "list set, kept"),
            (kiln, "spec/steps", "list atomic, kept"),
            (kiln, "spec/steps/*/ramp", "integer, kept"),
            (kiln, "spec/steps/*/ramps", "ramps undeclared"),
            (kiln, "spec/labels/*", "string, kept"),
            (kiln, "spec/selector", "object, kept, owned whole"),
            (kiln, "spec/extra/free", "free unknown"),
            (kiln, "spec/partly/known", "integer, kept"),
            (kiln, "spec/partly/free", "free unknown"),
            (kiln, "spec/anything/free", "free unknown"),
            (kiln, "spec/emptied/junk", "junk undeclared"),
            (kiln, "spec/template/metadata/labels", "map, dropped"),
            (kiln, "spec/template/metadata/junk", "junk undeclared"),
            (kiln, "spec/template/spec/size", "integer, kept"),
            (kiln, "spec/template/junk", "junk undeclared"),
            (kiln, "spec/owner/free", "free unknown"),
            (kiln, "spec/owner/metadata/name", "string, dropped, filled"),
            ("pottery.example.com/v2 Kiln", "", "no such kind"),
        ],
    );
}

#[test]
fn custom_resources_without_a_schema() {
    let table = TypeTable::from_openapi_v3(include_bytes!(
        "../../../tests/data/openapi/crd-without-schema.json"
    ))
    .unwrap();
    let kiln = "pottery.example.com/v1alpha1 Kiln";
    check(
        &table,
        &[
            (kiln, "metadata/labels", "map, dropped"),
            (kiln, "spec", "spec unknown"),
        ],
    );
}

/// Go types publish no difference between a pointer and a plain field, and the zero as a default.
#[test]
fn go_types_of_an_aggregated_server() {
    let table =
        TypeTable::from_openapi_v3(include_bytes!("../../../tests/data/openapi/go-types.json")).unwrap();
    check(
        &table,
        &[
            (
                "networking.k8s.io/v1 IngressClass",
                "metadata/labels",
                "map, dropped",
            ),
            ("networking.k8s.io/v1 IngressClass", "spec", "object, dropped"),
            (
                "networking.k8s.io/v1 IngressClass",
                "spec/parameters/name",
                "string, dropped",
            ),
            (
                "networking.k8s.io/v1 IngressClass",
                "spec/junk",
                "junk undeclared",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/podSelector/matchLabels/*",
                "string, kept",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/ingress",
                "list atomic, dropped",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/ingress/*/ports/*/port",
                "intorstring, dropped",
            ),
        ],
    );
}

#[test]
fn schemas_that_refer_to_themselves_end() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let document = json!({"components": {"schemas": {
        "Tree": {
            "type": "object",
            "properties": {
                "metadata": {"type": "object"},
                "children": {"type": "array", "items": reference("Tree")},
                "loop": reference("A"),
                "lost": reference("Nowhere"),
            },
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Tree"}],
        },
        "A": {"allOf": [reference("B")]},
        "B": {"allOf": [reference("A")]},
    }}});
    let table = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
    check(
        &table,
        &[
            (
                "v1 Tree",
                "children/*/children/*/children",
                "list atomic, dropped",
            ),
            ("v1 Tree", "loop", "any, dropped"),
            ("v1 Tree", "lost", "any, dropped"),
        ],
    );
}

#[test]
fn documents_that_are_none() {
    assert!(matches!(
        TypeTable::from_openapi_v3(b"<html>"),
        Err(TypesError::OpenApi(_))
    ));
    assert_eq!(TypeTable::from_openapi_v3(b"{}").unwrap().kinds().count(), 0);
}
