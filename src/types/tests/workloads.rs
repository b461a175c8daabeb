//! Pods, and the workloads that make them.

use super::check;
use crate::types::TypeTable;

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
