//! Pods, and the workloads that make them.

use super::check;
use crate::types::TypeTable;

#[test]
fn workloads() {
    check(
        TypeTable::builtin(),
        &[
            (
                "apps/v1 Deployment",
                "spec/replicas",
                "integer, kept, defaulted 1",
            ),
            ("apps/v1 Deployment", "spec/paused", "boolean, dropped"),
            ("apps/v1 Deployment", "spec/selector", "object, kept, atomic"),
            ("apps/v1 Deployment", "spec/strategy", "object, dropped"),
            (
                "apps/v1 Deployment",
                "spec/strategy/type",
                "string, dropped, defaulted \"RollingUpdate\"",
            ),
            (
                "apps/v1 Deployment",
                "spec/strategy/rollingUpdate/maxSurge",
                "intorstring, kept, defaulted",
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
                "string, dropped, defaulted \"OrderedReady\"",
            ),
            (
                "apps/v1 StatefulSet",
                "spec/volumeClaimTemplates",
                "list atomic, dropped",
            ),
            (
                "apps/v1 StatefulSet",
                "spec/volumeClaimTemplates/*/apiVersion",
                "string, dropped, defaulted \"v1\"",
            ),
            (
                "apps/v1 StatefulSet",
                "spec/volumeClaimTemplates/*/spec/volumeMode",
                "string, kept, defaulted \"Filesystem\"",
            ),
            (
                "apps/v1 StatefulSet",
                "spec/volumeClaimTemplates/*/status",
                "any, dropped",
            ),
            (
                "apps/v1 DaemonSet",
                "spec/updateStrategy/type",
                "string, dropped, defaulted \"RollingUpdate\"",
            ),
            (
                "batch/v1 CronJob",
                "spec/suspend",
                "boolean, kept, defaulted false",
            ),
            ("batch/v1 Job", "spec/selector", "object, kept, defaulted, atomic"),
            ("batch/v1 Job", "spec/backoffLimit", "integer, kept, defaulted"),
            ("batch/v1 Job", "spec/ttlSecondsAfterFinished", "integer, kept"),
            (
                "extensions/v1beta1 Deployment",
                "spec/replicas",
                "integer, kept, defaulted 1",
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
                "string, dropped, defaulted \"ClusterFirst\"",
            ),
            (
                "v1 Pod",
                "spec/enableServiceLinks",
                "boolean, kept, defaulted true",
            ),
            ("v1 Pod", "spec/hostAliases", "list by ip, dropped"),
            ("v1 Pod", "spec/hostNetwork", "boolean, dropped"),
            (
                "v1 Pod",
                "spec/imagePullSecrets",
                "list by name, dropped, defaulted",
            ),
            ("v1 Pod", "spec/nodeName", "string, dropped, defaulted"),
            ("v1 Pod", "spec/nodeSelector", "map, dropped, defaulted, atomic"),
            ("v1 Pod", "spec/priority", "integer, kept, defaulted"),
            (
                "v1 Pod",
                "spec/restartPolicy",
                "string, dropped, defaulted \"Always\"",
            ),
            ("v1 Pod", "spec/securityContext", "object, kept, defaulted {}"),
            ("v1 Pod", "spec/securityContext/runAsNonRoot", "boolean, kept"),
            ("v1 Pod", "spec/serviceAccount", "string, dropped, defaulted"),
            (
                "v1 Pod",
                "spec/terminationGracePeriodSeconds",
                "integer, kept, defaulted 30",
            ),
            ("v1 Pod", "spec/tolerations", "list atomic, dropped, defaulted"),
            (
                "v1 Pod",
                "spec/topologySpreadConstraints",
                "list by topologyKey+whenUnsatisfiable, dropped",
            ),
            ("v1 Pod", "spec/volumes", "list by name, dropped, defaulted"),
            ("v1 Pod", "spec/volumes/*/configMap/optional", "boolean, kept"),
            (
                "v1 Pod",
                "spec/volumes/*/configMap/defaultMode",
                "integer, kept, defaulted 420",
            ),
            ("v1 Pod", "spec/volumes/*/configMap/name", "string, dropped"),
            ("v1 Pod", "spec/volumes/*/emptyDir/sizeLimit", "quantity, kept"),
            (
                "v1 Pod",
                "spec/volumes/*/hostPath/type",
                "string, kept, defaulted \"\"",
            ),
        ],
    );
}

/// Admission and the scheduler complete Pods, never the templates that workloads make them from.
#[test]
fn templates_of_pods_are_left_as_they_are() {
    const FIELDS: [(&str, &str, &str); 12] = [
        ("imagePullSecrets", "list by name, dropped", ", defaulted"),
        ("nodeName", "string, dropped", ", defaulted"),
        ("overhead", "map, dropped", ", defaulted"),
        ("priority", "integer, kept", ", defaulted"),
        ("priorityClassName", "string, dropped", ", defaulted"),
        ("tolerations", "list atomic, dropped", ", defaulted"),
        ("volumes", "list by name, dropped", ", defaulted"),
        ("enableServiceLinks", "boolean, kept", ", defaulted true"),
        (
            "containers/*/volumeMounts",
            "list by mountPath, dropped",
            ", defaulted",
        ),
        ("containers/*/ports/*/hostPort", "integer, dropped", ", defaulted"),
        ("containers/*/resources/limits", "map, dropped", ", defaulted"),
        (
            "initContainers/*/resources/requests",
            "map, dropped",
            ", defaulted",
        ),
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
    for (field, plain, defaulted) in FIELDS {
        check(
            table,
            &[("v1 Pod", &format!("spec/{field}"), &format!("{plain}{defaulted}"))],
        );
        for (kind, template) in templates {
            check(table, &[(kind, &format!("{template}/{field}"), plain)]);
        }
    }
    // Values of the defaulting functions are in templates as well.
    for (field, facts) in [
        ("dnsPolicy", "string, dropped, defaulted \"ClusterFirst\""),
        ("serviceAccount", "string, dropped, defaulted"),
        ("containers/*/imagePullPolicy", "string, dropped, defaulted"),
        (
            "containers/*/ports/*/protocol",
            "string, dropped, defaulted \"TCP\"",
        ),
        ("nodeSelector", "map, dropped, atomic"),
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
                "string, dropped, defaulted",
            ),
            (
                "v1 Pod",
                "spec/containers/*/livenessProbe/httpGet/port",
                "intorstring, dropped",
            ),
            (
                "v1 Pod",
                "spec/containers/*/livenessProbe/httpGet/scheme",
                "string, dropped, defaulted \"HTTP\"",
            ),
            (
                "v1 Pod",
                "spec/containers/*/livenessProbe/initialDelaySeconds",
                "integer, dropped",
            ),
            (
                "v1 Pod",
                "spec/containers/*/livenessProbe/periodSeconds",
                "integer, dropped, defaulted 10",
            ),
            (
                "v1 Pod",
                "spec/containers/*/ports",
                "list by containerPort+protocol, dropped",
            ),
            (
                "v1 Pod",
                "spec/containers/*/ports/*/protocol",
                "string, dropped, defaulted \"TCP\"",
            ),
            (
                "v1 Pod",
                "spec/containers/*/ports/*/hostPort",
                "integer, dropped, defaulted",
            ),
            ("v1 Pod", "spec/containers/*/resources", "object, dropped"),
            (
                "v1 Pod",
                "spec/containers/*/resources/limits",
                "map, dropped, defaulted",
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
                "list by mountPath, dropped, defaulted",
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
