//! Which releases and objects are told together.

use super::key::{Piece, pieces};
use super::*;
use crate::report::fixtures::{at, finding, object, release};
use crate::vocabulary::{FindingCode, HealthCode, HealthSeverity};

/// A tenant's release whose one Deployment was scaled.
fn tenant(number: usize) -> ReleaseReport {
    let (namespace, name) = (format!("tenant-{number}"), format!("app-{number}"));
    let mut release = release(&namespace, &name);
    let scaled = finding(
        FindingCode::Changed,
        "/spec/replicas",
        Some(3.into()),
        Some(5.into()),
    );
    let scaled = scaled.by("kubectl", Some("scale"), "2026-11-20T03:05:00Z");
    let web = object("apps/v1", "Deployment", &namespace, &format!("app-{number}-web")).drifted([scaled]);
    release.chart.as_mut().unwrap().name = "app".into();
    release.with_objects([web])
}

/// The names of the releases that are told together, group by group.
fn told(releases: &[ReleaseReport]) -> Vec<Vec<&str>> {
    super::releases(releases, Said::Everything)
        .iter()
        .map(|group| group.releases().map(|release| &*release.name).collect())
        .collect()
}

fn tenants(count: usize) -> Vec<ReleaseReport> {
    (0..count).map(tenant).collect()
}

#[test]
fn tenants_that_drifted_alike_are_one_group() {
    let mut all = tenants(30);
    // Each has been upgraded as often as it was, and nobody changes thirty tenants in one second.
    for (number, release) in (1..).zip(&mut all) {
        release.baseline.as_mut().unwrap().revision = number;
        release.latest.revision = number;
        let actor = release.objects[0].findings[0].actor.as_mut().unwrap();
        actor.time =
            Some(at("2026-11-20T03:05:00Z") + chrono::Duration::seconds(i64::try_from(number).unwrap() * 10));
    }
    let groups = super::releases(&all, Said::Everything);
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].len(), &*groups[0].first.name), (30, "app-0"));
    let findings = std::iter::once(&all[0].objects[0]).chain(groups[0].counterparts(0));
    let span = written(findings.map(|object| &object.findings[0]));
    assert_eq!(
        span,
        Some((at("2026-11-20T03:05:10Z"), at("2026-11-20T03:10:00Z")))
    );
}

#[test]
fn two_are_told_apart() {
    assert_eq!(told(&tenants(2)), [["app-0"], ["app-1"]]);
    assert_eq!(told(&tenants(3)), [["app-0", "app-1", "app-2"]]);
}

/// Whatever a reader would have to know of one tenant alone keeps it apart.
#[test]
fn what_differs_is_told_apart() {
    type Change = fn(&mut ReleaseReport);
    let changes: [(&str, Change); 18] = [
        ("live", |release| {
            release.objects[0].findings[0].live = Some(6.into());
        }),
        ("deployed", |release| {
            release.objects[0].findings[0].desired = Some(4.into());
        }),
        ("type of the value", |release| {
            release.objects[0].findings[0].live = Some("5".into());
        }),
        ("path", |release| {
            release.objects[0].findings[0].path = "/spec/other".into();
        }),
        ("code", |release| {
            release.objects[0].findings[0].code = FindingCode::Overwritten;
        }),
        ("manager", |release| {
            release.objects[0].findings[0].actor.as_mut().unwrap().manager = "argocd".into();
        }),
        ("subresource", |release| {
            release.objects[0].findings[0].actor.as_mut().unwrap().subresource = None;
        }),
        ("writer", |release| release.objects[0].findings[0].actor = None),
        ("next upgrade", |release| {
            release.objects[0].findings[0].next_upgrade = Some(crate::vocabulary::NextUpgrade::Conflict);
        }),
        ("answer of a dry run", |release| {
            release.objects[0].findings[0].confirmed = Some(true);
        }),
        ("origin", |release| {
            release.objects[0].findings[0].previous = Some(2.into());
        }),
        ("hidden", |release| release.objects[0].findings[0].redacted = true),
        ("kind", |release| release.objects[0].kind = "StatefulSet".into()),
        ("name", |release| release.objects[0].name = "app-1-api".into()),
        ("namespace", |release| {
            release.objects[0].namespace = Some("shared".into());
        }),
        ("state", |release| release.objects[0].state = ObjectState::Missing),
        ("version of the chart", |release| {
            release.chart.as_mut().unwrap().version = "2.0.0".into();
        }),
        ("health", |release| {
            *release = release
                .clone()
                .with_health(HealthCode::Stuck, HealthSeverity::Critical);
        }),
    ];
    for (what, change) in changes {
        let mut all = tenants(4);
        change(&mut all[1]);
        assert_eq!(
            told(&all),
            [vec!["app-0", "app-2", "app-3"], vec!["app-1"]],
            "{what}"
        );
    }
    let mut all = tenants(4);
    let more = all[1].objects[0].findings[0].clone();
    all[1].objects[0].findings.push(more);
    assert_eq!(told(&all)[1], ["app-1"], "one more finding");
    let mut all = tenants(4);
    all[1].objects[0].left_out.drift = 1;
    assert_eq!(told(&all)[1], ["app-1"], "findings that are not listed");
}

#[test]
fn the_same_origin_is_the_same_place_in_the_history() {
    let mut all = tenants(3);
    for (number, release) in (10..).zip(&mut all) {
        release.previous.as_mut().unwrap().revision = number;
        let finding = &mut release.objects[0].findings[0];
        (finding.code, finding.from_revision) = (FindingCode::Undone, Some(number));
    }
    assert_eq!(told(&all).len(), 1);
    all[1].objects[0].findings[0].from_revision = Some(3);
    all[2].objects[0].findings[0].from_revision = Some(4);
    assert_eq!(told(&all).len(), 3);
}

/// What a message does not say keeps no two releases apart in it: how far each was scaled by its autoscaler, for one.
#[test]
fn of_drift_alone_nothing_else_has_to_be_the_same() {
    let mut all = tenants(3);
    for (number, release) in (4..).zip(&mut all) {
        let mut scaled = finding(
            FindingCode::Autoscaled,
            "/spec/minReplicas",
            Some(2.into()),
            Some(number.into()),
        );
        scaled.severity = crate::vocabulary::Severity::Info;
        release.objects[0].findings.insert(0, scaled);
        let other = object("v1", "Service", &release.namespace, &format!("only-{number}"));
        release.objects.insert(0, other);
    }
    all[1] = all[1]
        .clone()
        .with_health(HealthCode::HistoryBloat, HealthSeverity::Warning);
    assert_eq!(told(&all).len(), 3);
    let groups = super::releases(&all, Said::Drift);
    assert_eq!((groups.len(), groups[0].counterparts(0).count()), (1, 0));
    let names: Vec<_> = groups[0].counterparts(1).map(|object| &*object.name).collect();
    assert_eq!(names, ["app-1-web", "app-2-web"]);
}

/// Objects are listed by name, and what comes first in one release comes last in another.
#[test]
fn the_counterpart_of_an_object_is_the_one_that_is_alike() {
    let missing = |release: &str| {
        let namespace = format!("{release}-space");
        let names = [release.to_owned(), "cache".to_owned()];
        let mut objects =
            names.map(|name| object("v1", "Service", &namespace, &name).in_state(ObjectState::Missing));
        objects.sort_by(|a, b| a.name.cmp(&b.name));
        let mut built = crate::report::fixtures::release(&namespace, release);
        built.chart = None;
        built.with_objects(objects)
    };
    let all = [missing("a"), missing("z"), missing("b")];
    let groups = super::releases(&all, Said::Everything);
    let names = |position| -> Vec<_> {
        groups[0]
            .counterparts(position)
            .map(|object| &*object.name)
            .collect()
    };
    assert_eq!(
        (groups.len(), names(0), names(1)),
        (1, vec!["z", "b"], vec!["cache", "cache"])
    );
}

#[test]
fn names_are_alike_where_the_release_stands_in_them_as_a_word() {
    let release = release("shop", "shop-web");
    let (is_release, is_namespace) = (Piece::Release, Piece::Namespace);
    for (name, expected) in [
        ("shop-web", vec![is_release]),
        ("shop-web-api", vec![is_release, Piece::Text("-api")]),
        (
            "db.shop.svc",
            vec![Piece::Text("db."), is_namespace, Piece::Text(".svc")],
        ),
        ("webshop", vec![Piece::Text("webshop")]),
        ("shop-website", vec![is_namespace, Piece::Text("-website")]),
        ("", vec![]),
    ] {
        assert_eq!(pieces(name, &release), expected, "{name}");
    }
}

/// Somebody with one namespace makes a thousand releases like the one that matters.
#[test]
fn an_excerpt_names_each_namespace_before_any_second_release_of_one() {
    let mut all = tenants(9);
    for release in &mut all[..7] {
        release.storage.namespace = "crowd".into();
        release.namespace = "crowd".into();
        release.objects[0].namespace = Some("crowd".into());
    }
    let groups = super::releases(&all, Said::Everything);
    let excerpt = groups[0].excerpt(4);
    let names: Vec<_> = excerpt.named.iter().map(|release| &*release.name).collect();
    assert_eq!(
        (names, excerpt.left_out),
        (vec!["app-0", "app-1", "app-7", "app-8"], 5)
    );
}

#[test]
fn objects_of_one_release_are_told_together_whatever_their_names() {
    let label = |live: &str| {
        finding(
            FindingCode::Changed,
            "/metadata/labels/a",
            Some("1".into()),
            Some(live.into()),
        )
    };
    let named = |name: &str, live| object("v1", "ConfigMap", "shop", name).drifted([label(live)]);
    let release = release("shop", "web").with_objects([
        named("a", "2"),
        named("b", "3"),
        named("c", "2"),
        object("v1", "Service", "shop", "d").drifted([label("2")]),
    ]);
    assert_eq!(super::objects(&release), [[0, 2, 3]]);
}

/// Hidden values cannot be compared by a reader. Told apart they would say the same.
#[test]
fn hidden_values_are_told_together_as_unproven() {
    let mut all = tenants(3);
    for release in &mut all {
        let finding = &mut release.objects[0].findings[0];
        (finding.redacted, finding.desired, finding.live) = (true, None, None);
    }
    assert_eq!(told(&all).len(), 1);
    assert!(is_unproven(&all[0].objects[0].findings[0]));
    assert!(!is_unproven(&tenant(0).objects[0].findings[0]));
}
