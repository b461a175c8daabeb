//! Quotas that are full, and what counts against them.

use super::*;

#[test]
fn a_full_quota_on_records_refuses_everything() {
    for (name, driver, is_refused) in [
        ("secrets", Driver::Secret, true),
        ("count/secrets", Driver::Secret, true),
        ("configmaps", Driver::ConfigMap, true),
        ("configmaps", Driver::Secret, false),
        ("secrets", Driver::ConfigMap, false),
    ] {
        let scene = Scene { driver, ..scene() }.quota("shop", &[(name, "4", "4")]);
        let expected: &[&str] = if is_refused { &["RecordRefused -"] } else { &[] };
        assert_eq!(scene.verdicts(), expected, "{name}");
        let scene = Scene {
            driver,
            ..self::scene()
        }
        .quota("shop", &[(name, "3", "4")]);
        assert_eq!(scene.verdicts(), NONE, "{name}");
    }
    let message = &scene().quota("shop", &[("secrets", "4", "4")]).found()[0];
    assert!(
        message.ends_with("quota q of namespace shop is full (secrets: 4 of 4 used)"),
        "{message}"
    );
}

/// Helm deletes the oldest record before it writes the new one, and the quota is counted anew a moment later.
#[test]
fn a_full_quota_may_take_the_record_where_helm_deletes_an_old_one_first() {
    let scene = Scene { kept: 10, ..scene() }.quota("shop", &[("secrets", "10", "10")]);
    assert_eq!(scene.verdicts(), ["MayFail -"]);
}

#[test]
fn creates_add_up_after_the_record() {
    let scene = scene()
        .quota(
            "shop",
            &[("secrets", "2", "4"), ("count/deployments.apps", "0", "1")],
        )
        .create("Secret", "shop/a")
        .create("Deployment", "shop/web")
        .create("Secret", "shop/b")
        .create("Deployment", "shop/api")
        .send(UPDATE, "Secret", "shop/c", json!({}), json!({}))
        .send(DELETE, "Secret", "shop/d", Value::Null, json!({}));
    assert_eq!(
        scene.verdicts(),
        ["CreateFails Secret shop/b", "CreateFails Deployment shop/api"]
    );
}

#[test]
fn services_and_claims_count_when_they_come_to_use_more() {
    let node = json!({"spec": {"type": "NodePort", "ports": [{}]}});
    let cluster = json!({"spec": {"type": "ClusterIP", "ports": [{}]}});
    let claim = |storage: &str| json!({"spec": {"resources": {"requests": {"storage": storage}}}});
    let full = || {
        scene().quota(
            "shop",
            &[
                ("services.nodeports", "1", "1"),
                ("requests.storage", "8Gi", "10Gi"),
            ],
        )
    };
    let rows = [
        (
            full().send(CREATE, "Service", "shop/s", node.clone(), Value::Null),
            1,
        ),
        (
            full().send(CREATE, "Service", "shop/s", cluster.clone(), Value::Null),
            0,
        ),
        (
            full().send(UPDATE, "Service", "shop/s", node.clone(), cluster.clone()),
            1,
        ),
        (
            full().send(UPDATE, "Service", "shop/s", node.clone(), node.clone()),
            0,
        ),
        (full().send(UPDATE, "Service", "shop/s", cluster, node), 0),
        (
            full().send(
                CREATE,
                "PersistentVolumeClaim",
                "shop/p",
                claim("2Gi"),
                Value::Null,
            ),
            0,
        ),
        (
            full().send(
                CREATE,
                "PersistentVolumeClaim",
                "shop/p",
                claim("2049Mi"),
                Value::Null,
            ),
            1,
        ),
        (
            full().send(
                UPDATE,
                "PersistentVolumeClaim",
                "shop/p",
                claim("3Gi"),
                claim("1Gi"),
            ),
            0,
        ),
        (
            full().send(
                UPDATE,
                "PersistentVolumeClaim",
                "shop/p",
                claim("4Gi"),
                claim("1Gi"),
            ),
            1,
        ),
    ];
    for (scene, expected) in rows {
        assert_eq!(scene.judge().len(), expected, "{:?}", scene.sent);
    }
}

#[test]
fn a_quota_with_scopes_counts_no_records_and_one_without_usage_may_refuse() {
    let mut scoped = scene().quota("shop", &[("secrets", "4", "4")]);
    if let Some(Answer::Read(quotas)) = scoped.surroundings.quotas.get_mut("shop") {
        quotas[0].scopes.insert("BestEffort".to_owned());
    }
    assert_eq!(scoped.verdicts(), NONE);
    assert_eq!(
        scene().quota("shop", &[("secrets", "", "4")]).verdicts(),
        ["MayFail -"]
    );
}

#[test]
fn pods_of_a_manifest_may_be_more_than_a_quota_of_their_requests_allows() {
    let pods = |limit| {
        scene()
            .quota("shop", &[(limit, "0", "1")])
            .create("Pod", "shop/p")
            .verdicts()
    };
    for limit in ["requests.cpu", "limits.memory", "memory"] {
        assert_eq!(pods(limit), ["MayFail Pod shop/p"], "{limit}");
    }
    assert_eq!(pods("requests.storage"), NONE);
}

/// A release must not learn how much of a quota another namespace uses.
#[test]
fn amounts_of_another_namespaces_quota_are_not_told() {
    let scene = scene()
        .quota("edge", &[("configmaps", "7", "7")])
        .create("ConfigMap", "edge/a");
    assert_eq!(
        scene.found(),
        [
            "CreateFails quota ConfigMap edge/a: it cannot be created: a quota of namespace edge leaves no room for it"
        ]
    );
}
