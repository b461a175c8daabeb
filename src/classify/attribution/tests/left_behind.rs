//! What Helm owns and no manifest asks for.

use super::*;

fn map(kind: &'static str, owners: Vec<Value>) -> Case {
    Case {
        kind: ("v1", kind),
        desired: json!({"data": {"kept": "YQ=="}}),
        live: json!({"data": {"left": "YQ=="}}),
        managed: owners,
        method: ApplyMethod::Csa,
        ..Case::default()
    }
}

fn data(keys: &[&str]) -> Value {
    let keys: serde_json::Map<_, _> = keys.iter().map(|key| (format!("f:{key}"), json!({}))).collect();
    json!({ "f:data": keys })
}

/// Regression: the keys of the release that had the object before `helm install --take-ownership` were in sync.
#[test]
fn a_key_of_data_that_helm_owns_and_no_revision_has_is_left_over() {
    for kind in ["ConfigMap", "Secret"] {
        let found = map(
            kind,
            vec![entry("helm", "Update", "", DURING, &data(&["kept", "left"]))],
        )
        .one();
        assert_eq!(
            (found.code, found.from_revision),
            (FindingCode::Lingering, None),
            "{kind}"
        );
        assert_eq!(
            (found.path.as_str(), found.severity),
            ("/data/left", Severity::Drift)
        );
    }
}

/// Regression: the API server stores a null in `data` as an empty text, which no manifest seemed to ask for.
#[test]
fn a_key_that_the_manifest_names_with_a_null_is_not_left_over() {
    for (kind, field) in [
        ("ConfigMap", "data"),
        ("Secret", "data"),
        ("Secret", "stringData"),
    ] {
        let case = Case {
            desired: json!({field: {"left": null}}),
            live: json!({"data": {"left": ""}, "stringData": null}),
            ..map(kind, vec![entry("helm", "Update", "", DURING, &data(&["left"]))])
        };
        assert_eq!(case.judge().findings, [], "{kind} {field}");
    }
}

#[test]
fn a_key_that_another_manager_owns_is_that_managers() {
    for keys in [&["left"][..], &["kept", "left"]] {
        let helm = entry("helm", "Update", "", DURING, &data(keys));
        let operator = entry("some-operator", "Update", "", AFTER, &data(&["left"]));
        let codes: Vec<FindingCode> = map("ConfigMap", vec![helm, operator])
            .judge()
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect();
        assert!(!codes.contains(&FindingCode::Lingering), "{keys:?} {codes:?}");
    }
}

/// Of other maps the server fills some, so that only a revision that had the key proves it.
#[test]
fn what_helm_owns_elsewhere_may_be_the_servers() {
    let labels = json!({"f:metadata": {"f:labels": {"f:left": {}}}});
    let case = Case {
        live: json!({"metadata": {"labels": {"left": "x"}}}),
        ..map("ConfigMap", vec![entry("helm", "Update", "", DURING, &labels)])
    };
    assert_eq!(case.judge().findings, []);
}

/// Regression: a key that is null in the chart, which the API server stores as the empty text, was left over.
#[test]
fn a_null_of_data_as_the_server_stores_it_is_no_leftover() {
    for (live, expected) in [("", 0), ("YQ==", 1)] {
        let case = Case {
            desired: json!({"data": {"kept": "YQ==", "unset": null}}),
            live: json!({"data": {"unset": live}}),
            ..map(
                "Secret",
                vec![entry("helm", "Update", "", DURING, &data(&["kept", "unset"]))],
            )
        };
        assert_eq!(case.judge().findings.len(), expected, "{live:?}");
    }
}
