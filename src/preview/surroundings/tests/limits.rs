//! Limits that volume claims and Pods do not keep.

use super::*;
use crate::source::surroundings::LimitRange;

fn limited(limits: Value) -> Scene {
    let mut scene = scene();
    let range = LimitRange {
        limits: serde_json::from_value(limits).unwrap(),
    };
    scene
        .surroundings
        .limits
        .insert("shop".to_owned(), Answer::Read(vec![range]));
    scene
}

fn claim(size: &str) -> Value {
    json!({"spec": {"resources": {"requests": {"storage": size}}}})
}

#[test]
fn a_claim_keeps_the_limits_whenever_it_is_written() {
    let limits =
        json!([{"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}, "min": {"storage": "1Gi"}}]);
    let kind = "PersistentVolumeClaim";
    for (size, is_kept) in [
        ("5Gi", false),
        ("2Gi", true),
        ("2048Mi", true),
        ("1Gi", true),
        ("1G", false),
    ] {
        for (verb, verdict) in [(CREATE, "CreateFails"), (UPDATE, "UpdateFails")] {
            let live = if verb == UPDATE { claim("1Gi") } else { Value::Null };
            let scene = limited(limits.clone()).send(verb, kind, "shop/data", claim(size), live);
            let expected = format!("{verdict} {kind} shop/data");
            let expected: &[&str] = if is_kept { &[] } else { &[&expected] };
            assert_eq!(scene.verdicts(), expected, "{size}");
        }
    }
    let unnamed = limited(limits.clone()).send(UPDATE, kind, "shop/data", json!({}), claim("5Gi"));
    assert_eq!(
        unnamed.found(),
        [
            "UpdateFails rule PersistentVolumeClaim shop/data: it does not keep the limits of namespace shop: storage may be at \
             most 2Gi"
        ]
    );
    let deleted = limited(limits).send(DELETE, kind, "shop/data", Value::Null, claim("5Gi"));
    assert_eq!(deleted.verdicts(), ["Loses PersistentVolumeClaim shop/data"]);
}

#[test]
fn a_pod_keeps_the_limits_when_it_is_created() {
    let pod = |resources: Value| json!({"spec": {"containers": [{"resources": resources}]}});
    let cpu =
        |requests: &str, limits: &str| json!({"requests": {"cpu": requests}, "limits": {"cpu": limits}});
    let rows = [
        (json!({"max": {"cpu": "1"}}), cpu("500m", "1"), true),
        (json!({"max": {"cpu": "1"}}), cpu("500m", "1100m"), false),
        (json!({"max": {"cpu": "1"}}), json!({}), false),
        (
            json!({"max": {"cpu": "1"}, "default": {"cpu": "1"}}),
            json!({}),
            true,
        ),
        (json!({"min": {"cpu": "1"}}), cpu("500m", "2"), false),
        (
            json!({"min": {"cpu": "1"}}),
            json!({"limits": {"cpu": "1"}}),
            true,
        ),
        (
            json!({"min": {"cpu": "1"}, "defaultRequest": {"cpu": "1"}}),
            json!({}),
            true,
        ),
        (json!({"maxLimitRequestRatio": {"cpu": "2"}}), cpu("1", "2"), true),
        (
            json!({"maxLimitRequestRatio": {"cpu": "2"}}),
            cpu("1", "2100m"),
            false,
        ),
        (
            json!({"maxLimitRequestRatio": {"cpu": "2"}}),
            json!({"requests": {"cpu": "1"}}),
            false,
        ),
    ];
    for (mut limit, resources, is_kept) in rows {
        limit["type"] = "Container".into();
        let limited = || limited(json!([limit]));
        let created = limited().send(CREATE, "Pod", "shop/p", pod(resources.clone()), Value::Null);
        let expected: &[&str] = if is_kept { &[] } else { &["CreateFails Pod shop/p"] };
        assert_eq!(created.verdicts(), expected, "{limit} {resources}");
        let changed = limited().send(UPDATE, "Pod", "shop/p", pod(resources), json!({}));
        assert_eq!(changed.verdicts(), NONE);
    }
    let whole = limited(json!([{"type": "Pod", "max": {"cpu": "1"}}])).create("Pod", "shop/p");
    assert_eq!(whole.verdicts(), ["MayFail Pod shop/p"]);
}

#[test]
fn limits_that_could_not_be_read_leave_a_gap() {
    let mut scene = scene().create("PersistentVolumeClaim", "shop/data");
    let unread = Answer::Unread(ReadError::Unauthorized);
    scene.surroundings.limits.insert("shop".to_owned(), unread);
    assert_eq!(scene.verdicts(), ["Gap -"]);
}
