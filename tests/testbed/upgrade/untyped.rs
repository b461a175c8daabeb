//! Differences in objects whose Go type Helm does not know: the client merges the old manifest with the new one, and
//! never looks at the live object.

use super::Act::{Kubectl, Wait};
use super::Fate::{Conflicts, Keeps, Reverts};
use super::Row;

/// The rows.
pub(super) fn rows() -> Vec<Row> {
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
            Conflicts,
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
            Conflicts,
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
            Conflicts,
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
            Conflicts,
        ),
        widget(
            "/spec/set[=c]",
            "{.spec.set}",
            patch(&[
                "patch",
                "widget/{r}",
                "--type=merge",
                r#"-p={"spec":{"set":["b","a","c"]}}"#,
            ]),
            Keeps,
            Keeps,
        ),
        widget(
            "/spec/set[=a]",
            "{.spec.set}",
            patch(&[
                "patch",
                "widget/{r}",
                "--type=merge",
                r#"-p={"spec":{"set":["b"]}}"#,
            ]),
            Keeps,
            Reverts,
        ),
        // Helm's own marks are in no manifest that it stored, so that every patch has them.
        Row {
            path: None,
            ..widget(
                "",
                r"{.metadata.annotations.meta\.helm\.sh/release-name}",
                patch(&[
                    "annotate",
                    "widget/{r}",
                    "meta.helm.sh/release-name=other",
                    "--overwrite",
                ]),
                Reverts,
                Conflicts,
            )
        },
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
            Conflicts,
        ),
    ]
}
