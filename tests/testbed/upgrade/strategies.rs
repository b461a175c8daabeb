//! Differences whose fate follows from the patch strategy of a Go type, or from a merge key that is coarser than the
//! list's keys.

use super::Act::{Kubectl, Upgrade};
use super::Fate::{Becomes, Conflicts, Keeps, Refused, Reverts};
use super::Row;

const SURGE: &[&str] = &[
    "patch",
    "deployment/{r}",
    "--type=merge",
    r#"-p={"spec":{"strategy":{"rollingUpdate":{"maxSurge":3}}}}"#,
];

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    let row = |object, path, value, patch: &'static [&'static str], client, server| Row {
        chart: "strategies",
        acts: vec![Kubectl(patch)],
        object,
        path: Some(path),
        value,
        client,
        server,
    };
    vec![
        // `retainKeys` on an object: the patch removes the fields that the manifest leaves out of it, and the server chooses.
        row(
            "Deployment/{r}",
            "/spec/strategy/rollingUpdate/maxSurge",
            "{.spec.strategy.rollingUpdate.maxSurge}",
            SURGE,
            Becomes("25%"),
            Keeps,
        ),
        // The same for a field that the chart gave up and somebody set again.
        Row {
            acts: vec![
                Upgrade(&["--set=surge=3"]),
                Upgrade(&["--set=surge=null"]),
                Kubectl(SURGE),
            ],
            ..row(
                "Deployment/{r}",
                "/spec/strategy/rollingUpdate",
                "{.spec.strategy.rollingUpdate.maxSurge}",
                SURGE,
                Becomes("25%"),
                Keeps,
            )
        },
        // `merge,retainKeys` on a list: the same of every element.
        row(
            "Deployment/{r}",
            "/spec/template/spec/volumes[name=files]/configMap",
            "{.spec.template.spec.volumes}",
            &[
                "patch",
                "deployment/{r}",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/template/spec/volumes/0","value":{"name":"files","secret":{"secretName":"files"}}}]"#,
            ],
            Reverts,
            Refused,
        ),
        // `replace`.
        row(
            "PodDisruptionBudget/{r}",
            "/spec/selector/matchLabels/track",
            "{.spec.selector.matchLabels.track}",
            &[
                "patch",
                "poddisruptionbudget/{r}",
                "--type=merge",
                r#"-p={"spec":{"selector":{"matchLabels":{"track":"canary"}}}}"#,
            ],
            Reverts,
            Conflicts,
        ),
        // Merged by `topologyKey` alone; on the server `whenUnsatisfiable` is a key too.
        row(
            "Deployment/{r}",
            "/spec/template/spec/topologySpreadConstraints[topologyKey=zone,whenUnsatisfiable=DoNotSchedule]",
            r#"{.spec.template.spec.topologySpreadConstraints[?(@.whenUnsatisfiable=="DoNotSchedule")].topologyKey}"#,
            &[
                "patch",
                "deployment/{r}",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/template/spec/topologySpreadConstraints/0/whenUnsatisfiable","value":"DoNotSchedule"}]"#,
            ],
            Reverts,
            Keeps,
        ),
        // Merged by `port` alone; on the server two ports of one name are refused.
        row(
            "Service/{r}",
            "/spec/ports[port=53,protocol=TCP]",
            "{.spec.ports[*].protocol}",
            &[
                "patch",
                "service/{r}",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/ports/0/protocol","value":"UDP"}]"#,
            ],
            Reverts,
            Refused,
        ),
        // The API server refuses two ports of one name from a client's patch too, and writes nothing else of the
        // object.
        row(
            "Service/{r}",
            "/spec/selector/app",
            "{.spec.selector.app}",
            &[
                "patch",
                "service/{r}",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/ports/0/port","value":54},{"op":"replace","path":"/spec/selector/app","value":"other"}]"#,
            ],
            Refused,
            Conflicts,
        ),
        // Two elements of one merge key: the client's patch brings the first back in the place of the second, and
        // never adds the second beside the first.
        row(
            "Service/{r}-dns",
            "/spec/ports[port=53,protocol=UDP]",
            r#"{.spec.ports[?(@.protocol=="UDP")].name}"#,
            &[
                "patch",
                "service/{r}-dns",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/spec/ports/0"}]"#,
            ],
            Reverts,
            Reverts,
        ),
        row(
            "Service/{r}-dns",
            "/spec/ports[port=53,protocol=TCP]",
            r#"{.spec.ports[?(@.protocol=="TCP")].name}"#,
            &[
                "patch",
                "service/{r}-dns",
                "--type=json",
                r#"-p=[{"op":"remove","path":"/spec/ports/1"}]"#,
            ],
            Keeps,
            Reverts,
        ),
        // The patch does not restore a field of the second either.
        row(
            "Service/{r}-dns",
            "/spec/ports[port=53,protocol=TCP]/name",
            r#"{.spec.ports[?(@.protocol=="TCP")].name}"#,
            &[
                "patch",
                "service/{r}-dns",
                "--type=json",
                r#"-p=[{"op":"replace","path":"/spec/ports/1/name","value":"other"}]"#,
            ],
            Keeps,
            Conflicts,
        ),
    ]
}
