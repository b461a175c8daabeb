//! Differences in objects whose Go type Helm knows: the client merges three ways.

use serde_json::json;

use super::Act::{Apply, Kubectl, Upgrade, Wait};
use super::Fate::{Becomes, Conflicts, Keeps, Refused, Reverts};
use super::Row;

const WEB: &str = "Deployment/{r}-web";
const API: &str = "StatefulSet/{r}-api";
const CONFIG: &str = "ConfigMap/{r}-config";
const SERVICE: &str = "Service/{r}-web";

const CURRENCY: &str = r#"-p={"data":{"currency":"USD"}}"#;

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    let row = |object, path, value, acts, client, server| Row {
        chart: "shop",
        acts,
        object,
        path: Some(path),
        value,
        client,
        server,
    };
    let currency =
        |acts, client, server| row(CONFIG, "/data/currency", "{.data.currency}", acts, client, server);
    vec![
        // Values that people change, by the ways they have of writing.
        row(
            WEB,
            "/spec/template/spec/containers[name=web]/image",
            "{..containers[0].image}",
            vec![Kubectl(&["set", "image", "deployment/{r}-web", "web=hotfix"])],
            Reverts,
            Conflicts,
        ),
        row(
            API,
            "/spec/replicas",
            "{.spec.replicas}",
            vec![Kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"])],
            Reverts,
            Conflicts,
        ),
        currency(
            vec![Kubectl(&["patch", "configmap/{r}-config", CURRENCY])],
            Reverts,
            Conflicts,
        ),
        currency(
            vec![Apply(json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "{r}-config"}, "data": {"currency": "USD"}}))],
            Reverts,
            Conflicts,
        ),
        // Under Helm's name, yet by another operation than Helm's when that applies on the server.
        currency(
            vec![
                Wait,
                Kubectl(&["patch", "configmap/{r}-config", "--field-manager=helm", CURRENCY]),
            ],
            Reverts,
            Conflicts,
        ),
        // The object has no managed fields: the server then makes up an owner of every field.
        currency(
            vec![
                Kubectl(&["patch", "configmap/{r}-config", CURRENCY]),
                Kubectl(&[
                    "patch",
                    "configmap/{r}-config",
                    "--type=json",
                    r#"-p=[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]"#,
                ]),
            ],
            Reverts,
            Conflicts,
        ),
        row(
            API,
            "/spec/template/spec/containers[name=api]/args",
            "{..containers[0].args}",
            vec![Kubectl(&[
                "patch",
                "statefulset/{r}-api",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/template/spec/containers/0/args/1","value":"-x"}]"#,
            ])],
            Reverts,
            Conflicts,
        ),
        row(
            SERVICE,
            "/spec/ports[port=80,protocol=TCP]/targetPort",
            "{.spec.ports[0].targetPort}",
            vec![Kubectl(&[
                "patch",
                "service/{r}-web",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/ports/0/targetPort","value":8081}]"#,
            ])],
            Reverts,
            Conflicts,
        ),
        row(
            WEB,
            r#"/metadata/labels["app.kubernetes.io/component"]"#,
            r"{.metadata.labels.app\.kubernetes\.io/component}",
            vec![Kubectl(&[
                "label",
                "deployment/{r}-web",
                "app.kubernetes.io/component=mine",
                "--overwrite",
            ])],
            Reverts,
            Conflicts,
        ),
        row(
            "Secret/{r}-database",
            "/data/DB_USER",
            "{.data.DB_USER}",
            vec![Kubectl(&[
                "patch",
                "secret/{r}-database",
                r#"-p={"data":{"DB_USER":"bWU="}}"#,
            ])],
            Reverts,
            Conflicts,
        ),
        // An autoscaler's choice is as much somebody else's as a person's.
        row(
            API,
            "/spec/replicas",
            "{.spec.replicas}",
            vec![
                Kubectl(&[
                    "autoscale",
                    "statefulset/{r}-api",
                    "--min=5",
                    "--max=6",
                    "--cpu=50%",
                ]),
                Kubectl(&[
                    "wait",
                    "statefulset/{r}-api",
                    "--for=jsonpath={.spec.replicas}=5",
                    "--timeout=60s",
                ]),
            ],
            Reverts,
            Conflicts,
        ),
        // A field that somebody removed has no owner any more.
        row(
            WEB,
            "/spec/template/spec/containers[name=web]/securityContext/allowPrivilegeEscalation",
            "{..containers[0].securityContext.allowPrivilegeEscalation}",
            vec![Kubectl(&[
                "patch",
                "deployment/{r}-web",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation"}]"#,
            ])],
            Reverts,
            Reverts,
        ),
        row(
            WEB,
            "/spec/template/spec/containers[name=web]/env[name=API_URL]",
            "{..containers[0].env[*].name}",
            vec![Kubectl(&[
                "patch",
                "deployment/{r}-web",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/spec/template/spec/containers/0/env/0"}]"#,
            ])],
            Reverts,
            Reverts,
        ),
        row(
            WEB,
            r#"/metadata/labels["app.kubernetes.io/component"]"#,
            r"{.metadata.labels.app\.kubernetes\.io/component}",
            vec![Kubectl(&[
                "label",
                "deployment/{r}-web",
                "app.kubernetes.io/component-",
            ])],
            Reverts,
            Reverts,
        ),
        // The server refuses the whole object, so that the removed field stays away.
        currency(
            vec![Kubectl(&[
                "patch",
                "configmap/{r}-config",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/data/currency"},{"op":"replace","path":"/data/shipping-days","value":"9"}]"#,
            ])],
            Reverts,
            Conflicts,
        ),
        // Fields that people add beside the manifest.
        row(
            API,
            "/spec/template/spec/containers[name=api]/env[name=DEBUG]",
            "{..containers[0].env[*].name}",
            vec![Kubectl(&["set", "env", "statefulset/{r}-api", "DEBUG=1"])],
            Keeps,
            Keeps,
        ),
        row(
            CONFIG,
            "/data/extra",
            "{.data.extra}",
            vec![Kubectl(&[
                "patch",
                "configmap/{r}-config",
                r#"-p={"data":{"extra":"1"}}"#,
            ])],
            Keeps,
            Keeps,
        ),
        row(
            WEB,
            "/spec/template/spec/containers[name=side]",
            "{..containers[*].name}",
            vec![Kubectl(&[
                "patch",
                "deployment/{r}-web",
                "--type=json",
                r#"-p=[{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"side","image":"side"}}]"#,
            ])],
            Keeps,
            Keeps,
        ),
        // A selector is owned as a whole on the server, and merged key by key in the client.
        row(
            SERVICE,
            "/spec/selector/extra",
            "{.spec.selector}",
            vec![Kubectl(&[
                "patch",
                "service/{r}-web",
                r#"-p={"spec":{"selector":{"extra":"1"}}}"#,
            ])],
            Keeps,
            Conflicts,
        ),
        // The chart gave it up, and somebody else holds on to it.
        row(
            API,
            "/spec/template/spec/containers[name=api]/env[name=LEGACY_CHECKOUT]",
            "{..containers[0].env[*].name}",
            vec![
                Upgrade(&["--set=api.env.LEGACY_CHECKOUT=null"]),
                Kubectl(&["set", "env", "statefulset/{r}-api", "LEGACY_CHECKOUT=true"]),
            ],
            Keeps,
            Keeps,
        ),
        Row {
            path: None,
            ..row(
                CONFIG,
                "",
                "{.data.currency}",
                vec![Kubectl(&["delete", "configmap/{r}-config"])],
                Reverts,
                Reverts,
            )
        },
        // Helm checks the owner only of objects that are new to a release.
        Row {
            path: None,
            ..row(
                CONFIG,
                "",
                r"{.metadata.annotations.meta\.helm\.sh/release-name}",
                vec![Kubectl(&[
                    "annotate",
                    "configmap/{r}-config",
                    "meta.helm.sh/release-name=other",
                    "--overwrite",
                ])],
                Reverts,
                Conflicts,
            )
        },
        // `stringData` is applied under its own name, where no other manager owns a field.
        Row {
            chart: "scalars",
            ..row(
                "Secret/{r}-string-data",
                "/data/only-string",
                "{.data.only-string}",
                vec![Kubectl(&[
                    "patch",
                    "secret/{r}-string-data",
                    r#"-p={"data":{"only-string":"bWU="}}"#,
                ])],
                Reverts,
                Reverts,
            )
        },
        Row {
            chart: "crds",
            ..row(
                "CustomResourceDefinition/things.{r}.testbed.example",
                "/spec/names/shortNames",
                "{.spec.names.shortNames}",
                vec![Kubectl(&[
                    "patch",
                    "crd/things.{r}.testbed.example",
                    "--type=merge",
                    r#"-p={"spec":{"names":{"shortNames":["mine"]}}}"#,
                ])],
                Keeps,
                Keeps,
            )
        },
        Row {
            chart: "crds",
            ..row(
                "CustomResourceDefinition/gadgets.{r}.testbed.example",
                "/spec/names/shortNames",
                "{.spec.names.shortNames}",
                vec![Kubectl(&[
                    "patch",
                    "crd/gadgets.{r}.testbed.example",
                    "--type=merge",
                    r#"-p={"spec":{"names":{"shortNames":["mine"]}}}"#,
                ])],
                Reverts,
                Conflicts,
            )
        },
        Row {
            chart: "cluster-scoped",
            ..row(
                "ClusterRole/{r}-reader",
                "/rules[0]/verbs",
                "{.rules[0].verbs}",
                vec![Kubectl(&[
                    "patch",
                    "clusterrole/{r}-reader",
                    "--type=json",
                    r#"-p=[{"op":"replace","path":"/rules/0/verbs","value":["*"]}]"#,
                ])],
                Reverts,
                Conflicts,
            )
        },
        // A null of the chart is sent as one, and the server chooses again.
        Row {
            chart: "fates",
            ..row(
                "Deployment/{r}-null-replicas",
                "/spec/replicas",
                "{.spec.replicas}",
                vec![Kubectl(&[
                    "scale",
                    "deployment/{r}-null-replicas",
                    "--replicas=3",
                ])],
                Becomes("1"),
                Conflicts,
            )
        },
        Row {
            chart: "fates",
            ..row(
                "CronJob/{r}-nulls",
                "/spec/concurrencyPolicy",
                "{.spec.concurrencyPolicy}",
                vec![Kubectl(&[
                    "patch",
                    "cronjob/{r}-nulls",
                    r#"-p={"spec":{"concurrencyPolicy":"Forbid"}}"#,
                ])],
                Becomes("Allow"),
                Conflicts,
            )
        },
        // The server never lets a bound volume claim shrink.
        Row {
            chart: "cluster-scoped",
            ..row(
                "PersistentVolumeClaim/{r}",
                "/spec/resources/requests/storage",
                "{.spec.resources.requests.storage}",
                vec![
                    Kubectl(&[
                        "wait",
                        "pvc/{r}",
                        "--for=jsonpath={.status.phase}=Bound",
                        "--timeout=60s",
                    ]),
                    Kubectl(&["patch", "storageclass/{r}", r#"-p={"allowVolumeExpansion":true}"#]),
                    Kubectl(&[
                        "patch",
                        "pvc/{r}",
                        r#"-p={"spec":{"resources":{"requests":{"storage":"2Gi"}}}}"#,
                    ]),
                ],
                Refused,
                Conflicts,
            )
        },
    ]
}
