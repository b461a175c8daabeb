//! What a report says that the next `helm upgrade` does to a difference, held to what it really does.
//!
//! Every row gets a release of its own by every way of applying: the difference is made, a scan predicts, the real
//! Helm upgrades to the very same chart and values, and the live value is looked at again. Rows say what is known to
//! happen, so that neither driftline nor the table can be wrong alone.

use std::fmt;

use serde_json::{Value, json};

use crate::harness::{Cluster, HelmVersion, Outcome, Problems, Release, later};

/// A way of applying a release.
struct Method {
    helm: HelmVersion,
    /// What `helm install` is told; upgrades then keep to it.
    flags: &'static [&'static str],
    applies: Applies,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applies {
    InTheClient,
    OnTheServer,
}

/// What happens to a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The live value is again what the release asks for.
    Reverts,
    /// The live value stays.
    Keeps,
    /// The upgrade fails, and the live value stays.
    Fails,
}

impl fmt::Display for Fate {
    /// The report's `nextUpgrade`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reverts => "revert",
            Self::Keeps => "keep",
            Self::Fails => "conflict",
        })
    }
}

/// What somebody does to a release.
enum Act {
    Kubectl(&'static [&'static str]),
    /// Somebody else's server-side apply.
    Apply(Value),
    /// An upgrade to other values.
    Upgrade(&'static [&'static str]),
    /// Waits until the time of a write differs from that of Helm's, in whole seconds.
    Wait,
}

use Act::{Apply, Kubectl, Upgrade, Wait};
use Fate::{Fails, Keeps, Reverts};

/// One cell of the table, for both ways of applying. `{r}` stands for the release's name.
struct Row {
    chart: &'static str,
    acts: Vec<Act>,
    /// As `Kind/name`.
    object: &'static str,
    /// The finding's path; none where the object's state says it all.
    path: Option<&'static str>,
    /// The live value, as kubectl's `JSONPath`.
    value: &'static str,
    client: Fate,
    server: Fate,
}

const WEB: &str = "Deployment/{r}-web";
const API: &str = "StatefulSet/{r}-api";
const CONFIG: &str = "ConfigMap/{r}-config";
const SERVICE: &str = "Service/{r}-web";

const CURRENCY: &str = r#"-p={"data":{"currency":"USD"}}"#;

/// Objects whose Go type Helm knows.
fn built_in() -> Vec<Row> {
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
            Fails,
        ),
        row(
            API,
            "/spec/replicas",
            "{.spec.replicas}",
            vec![Kubectl(&["scale", "statefulset/{r}-api", "--replicas=5"])],
            Reverts,
            Fails,
        ),
        currency(
            vec![Kubectl(&["patch", "configmap/{r}-config", CURRENCY])],
            Reverts,
            Fails,
        ),
        currency(
            vec![Apply(json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "{r}-config"}, "data": {"currency": "USD"}}))],
            Reverts,
            Fails,
        ),
        // Under Helm's name, yet by another operation than Helm's when that applies on the server.
        currency(
            vec![
                Wait,
                Kubectl(&["patch", "configmap/{r}-config", "--field-manager=helm", CURRENCY]),
            ],
            Reverts,
            Fails,
        ),
        // Nobody is known to own anything: the server then makes somebody up.
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
            Fails,
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
            Fails,
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
            Fails,
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
            Fails,
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
            Fails,
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
            Fails,
        ),
        // What people take away is nobody's any more.
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
        // The server refuses the whole object, so that what is gone stays gone.
        currency(
            vec![Kubectl(&[
                "patch",
                "configmap/{r}-config",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/data/currency"},{"op":"replace","path":"/data/shipping-days","value":"9"}]"#,
            ])],
            Reverts,
            Fails,
        ),
        // What people put beside the manifest.
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
            Fails,
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
        // `stringData` is applied under its own name, where nobody else claims anything.
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
                Fails,
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
                Fails,
            )
        },
        // The server never lets a bound claim shrink, whoever asks.
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
                Fails,
                Fails,
            )
        },
    ]
}

/// Objects whose Go type Helm does not know: the client merges the old manifest with the new one.
fn untyped() -> Vec<Row> {
    let row = |chart, object, path, value, acts, client, server| Row {
        chart,
        acts,
        object,
        path: Some(path),
        value,
        client,
        server,
    };
    let widget = |path, value, acts, client, server| {
        row(
            "custom-resources",
            "Widget/{r}",
            path,
            value,
            acts,
            client,
            server,
        )
    };
    let patch = |patch: &'static [&'static str]| vec![Kubectl(patch)];
    vec![
        widget(
            "/spec/size",
            "{.spec.size}",
            patch(&["patch", "widget/{r}", "--type=merge", r#"-p={"spec":{"size":9}}"#]),
            Keeps,
            Fails,
        ),
        widget(
            "/spec/size",
            "{.spec.size}",
            vec![
                Wait,
                Kubectl(&[
                    "patch",
                    "widget/{r}",
                    "--type=merge",
                    "--field-manager=helm",
                    r#"-p={"spec":{"size":9}}"#,
                ]),
            ],
            Keeps,
            Fails,
        ),
        widget(
            "/spec/color",
            "{.spec.color}",
            patch(&[
                "patch",
                "widget/{r}",
                "--type=merge",
                r#"-p={"spec":{"color":null}}"#,
            ]),
            Keeps,
            Reverts,
        ),
        widget(
            "/spec/atomic",
            "{.spec.atomic}",
            patch(&[
                "patch",
                "widget/{r}",
                "--type=merge",
                r#"-p={"spec":{"atomic":["a","b"]}}"#,
            ]),
            Keeps,
            Fails,
        ),
        widget(
            "/spec/labels/extra",
            "{.spec.labels.extra}",
            patch(&[
                "patch",
                "widget/{r}",
                "--type=merge",
                r#"-p={"spec":{"labels":{"extra":"1"}}}"#,
            ]),
            Keeps,
            Keeps,
        ),
        widget(
            "/spec/map[name=web,protocol=TCP]/port",
            "{.spec.map[*].port}",
            patch(&[
                "patch",
                "widget/{r}",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/map/2/port","value":81}]"#,
            ]),
            Keeps,
            Fails,
        ),
        row(
            "cluster-scoped",
            "APIService/v1.{r}.testbed.example",
            "/spec/groupPriorityMinimum",
            "{.spec.groupPriorityMinimum}",
            patch(&[
                "patch",
                "apiservice/v1.{r}.testbed.example",
                "--type=merge",
                r#"-p={"spec":{"groupPriorityMinimum":200}}"#,
            ]),
            Keeps,
            Fails,
        ),
    ]
}

const METHODS: [Method; 3] = [
    Method {
        helm: HelmVersion::V3,
        flags: &[],
        applies: Applies::InTheClient,
    },
    Method {
        helm: HelmVersion::V4,
        flags: &["--server-side=false"],
        applies: Applies::InTheClient,
    },
    Method {
        helm: HelmVersion::V4,
        flags: &[],
        applies: Applies::OnTheServer,
    },
];

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn upgrades_of_built_in_kinds_do_what_was_predicted() {
    check(built_in);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn upgrades_of_other_kinds_do_what_was_predicted() {
    check(untyped);
}

fn check(rows: fn() -> Vec<Row>) {
    let mut problems = Problems::default();
    for method in METHODS {
        for row in rows() {
            let mut flags = method.flags.to_vec();
            // Helm 4 can install what it can never upgrade: see the README of the charts.
            if row.chart == "cluster-scoped" {
                flags.push("--set=installOnly=false");
            }
            let release = Release::install(Cluster::shared(), method.helm, row.chart, &flags);
            let what = format!(
                "{:?}, {} {}",
                method.applies,
                row.object,
                row.path.unwrap_or_default()
            );
            problems.note(&release, &what, &try_row(&release, &row, method.applies));
        }
    }
}

fn try_row(release: &Release<'_>, row: &Row, applies: Applies) -> Vec<String> {
    let read = || {
        let value = format!("-o=jsonpath={}", row.value);
        release.kubectl(&["get", row.object, "--ignore-not-found", &value])
    };
    let asked = read();
    for act in &row.acts {
        match act {
            Kubectl(arguments) => {
                release.kubectl(arguments);
            }
            Apply(object) => {
                let object = serde_json::from_str(&release.fill(&object.to_string())).expect("still JSON");
                release.cluster.apply_as("gitops", &release.namespace, &object);
            }
            Upgrade(arguments) => {
                release.upgrade_to(arguments).succeeded();
            }
            Wait => later(),
        }
    }
    let drifted = read();
    // An autoscaler's choice leaves its object in sync.
    let scan = release.scan_with(&["--all"], &[]);
    let upgrade = release.upgrade_to(&[]);
    let known = match applies {
        Applies::InTheClient => row.client,
        Applies::OnTheServer => row.server,
    };

    let mut problems = Vec::new();
    if let Some(path) = row.path {
        match scan.finding(&release.fill(row.object), &release.fill(path)) {
            None => problems.push(format!("not found; drift: {:?}", scan.drift())),
            Some(finding) => {
                let predicted = finding["nextUpgrade"].as_str().unwrap_or("nothing");
                if predicted != known.to_string() {
                    problems.push(format!("predicted {predicted}, known {known}"));
                }
                problems.extend(unnamed(finding, &upgrade, known));
            }
        }
    }
    let after = read();
    let happened = if upgrade.status != 0 && after == drifted {
        Some(Fails)
    } else if upgrade.status == 0 && after == drifted {
        Some(Keeps)
    } else if upgrade.status == 0 && after == asked {
        Some(Reverts)
    } else {
        None
    };
    if happened != Some(known) {
        problems.push(format!(
            "known {known}, happened {happened:?}: {asked} -> {drifted} -> {after}\n  {}",
            upgrade.stderr
        ));
    }
    problems
}

/// Helm names whom it conflicts with, which has to be the one whom the report names.
fn unnamed(finding: &Value, upgrade: &Outcome, known: Fate) -> Option<String> {
    let manager = finding["actor"]["manager"].as_str()?;
    let is_conflict = known == Fails && upgrade.stderr.contains("conflict occurred");
    let is_named = upgrade.stderr.contains(&format!("with \"{manager}\""));
    (is_conflict && !is_named).then(|| format!("Helm does not name {manager}: {}", upgrade.stderr))
}
