//! What a release may speak of, and what is never advised.

use super::*;
use crate::policy::Policy;
use crate::policy::glob::Glob;
use crate::vocabulary::{HealthCode, Outcome, Verdict};

fn trusting(namespace: &str) -> ScanOptions {
    ScanOptions {
        policy: Policy {
            trusted_storage: vec![namespace.parse::<Glob>().unwrap()],
            ..Policy::default()
        },
        ..options()
    }
}

fn health(report: &Report, release: &str, code: HealthCode) -> Vec<String> {
    let release = report
        .releases
        .iter()
        .find(|known| known.name == release)
        .unwrap();
    let entries = release.health.iter().filter(|entry| entry.code == code);
    entries.map(|entry| entry.message.clone()).collect()
}

fn revision<'a>(number: u64, status: &'static str, objects: &'a [Value]) -> TestRevision<'a> {
    TestRevision {
        number,
        status,
        time: "2026-11-18T09:12:00Z",
        description: "",
        objects,
    }
}

fn config_map(name: &str, namespace: Option<&str>, value: &str) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
        "data": {"key": value}});
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

/// Also with an empty manifest, of which every object was compared.
#[test]
fn a_release_whose_record_claims_another_namespace_is_incomplete_and_says_what_to_do() {
    for objects in [vec![], vec![config_map("near", Some("evil"), "a")], guesses("a")] {
        let mut cluster = TestCluster::new();
        cluster.store(CLAIMS_ANOTHER, &revision(1, "deployed", &objects));
        cluster.put(CLAIMS_ITS_OWN, &config_map("near", Some("evil"), "a"), &[]);
        let report = cluster.scan_with(&options());
        assert_eq!(
            (report.outcome, report.releases[0].verdict),
            (Outcome::Incomplete, Verdict::Incomplete)
        );
        assert_eq!(
            report.releases[0].namespace, "evil",
            "where the API server says it is"
        );
        let [sentence] = &health(&report, "x", HealthCode::IdentityMismatch)[..] else {
            panic!("{:?}", report.releases[0].health)
        };
        assert!(sentence.contains("trusted_storage_namespaces"), "{sentence}");
        assert!(!everything(&report).contains("\"resolve\""));
    }
}

/// As Flux has it, with `storageNamespace` or with `targetNamespace`.
#[test]
fn a_trusted_namespace_of_records_speaks_for_the_namespace_it_names() {
    let web = TestRelease {
        namespace: "shop",
        name: "web",
        driver: Driver::Secret,
        storage: "flux-system",
    };
    let objects = [
        config_map("settings", None, "blue"),
        config_map("far", Some("kube-system"), "a"),
    ];
    let cluster = || {
        let mut cluster = TestCluster::new();
        cluster.store(web, &revision(1, "deployed", &objects));
        cluster.put(web, &objects[0], &[set("/data/key", PRIVATE)]);
        cluster.put(web, &objects[1], &[]);
        cluster
    };
    let untrusted = cluster().scan_with(&trusting("other"));
    assert_eq!(
        state_of(&untrusted, "web", "settings").unwrap().0,
        ObjectState::Unknown
    );
    assert!(!everything(&untrusted).contains(PRIVATE));
    let trusted = cluster().scan_with(&trusting("flux-*"));
    assert_eq!(trusted.releases[0].namespace, "shop");
    assert_eq!(trusted.releases[0].health, []);
    assert_eq!(
        state_of(&trusted, "web", "settings").unwrap().0,
        ObjectState::Drifted
    );
    assert_eq!(trusted.summary.objects.in_sync, 1, "of what it has elsewhere");
    assert!(everything(&trusted).contains(PRIVATE));
}

#[test]
fn an_object_elsewhere_that_helm_made_is_compared_and_its_values_are_hidden() {
    let far = config_map("far", Some("kube-system"), "blue");
    let report = |exists: bool, edit: &str| {
        let mut cluster = TestCluster::new();
        cluster.store(
            CLAIMS_ITS_OWN,
            &revision(1, "deployed", std::slice::from_ref(&far)),
        );
        if exists {
            cluster.put(CLAIMS_ITS_OWN, &far, &[set("/data/key", edit)]);
        }
        cluster.scan_with(&options())
    };
    let state = |report: &Report| state_of(report, "x", "far").map(|(state, _)| state);
    let drifted = report(true, PRIVATE);
    assert_eq!(state(&drifted), Some(ObjectState::Drifted));
    assert!(!everything(&drifted).contains(PRIVATE));
    assert_eq!(report(true, "blue").summary.objects.in_sync, 1);
    let missing = report(false, "");
    assert_eq!(
        state_of(&missing, "x", "far"),
        Some((
            ObjectState::Missing,
            "missing or not owned by this release".to_owned()
        ))
    );
    assert_eq!(
        missing.outcome,
        Outcome::Drift,
        "charts have objects in kube-system"
    );
}

/// Helm deletes and overwrites whatever the manifest of a record names.
#[test]
fn no_command_has_helm_write_objects_that_are_not_the_release_s() {
    let report = |objects: &[Value]| {
        let mut cluster = TestCluster::new();
        cluster.store(CLAIMS_ITS_OWN, &revision(1, "failed", objects));
        put_victims(&mut cluster, World::OfTheVictim);
        cluster.scan_with(&options())
    };
    let is_destructive = |report: &Report| {
        let mut advice = report.releases[0].health.iter().flat_map(|entry| &entry.advice);
        advice.any(|advice| advice.destructive)
    };
    let forged = report(&guesses("a"));
    assert!(!is_destructive(&forged), "{:?}", commands(&forged));
    let evidence = forged.releases[0].health.iter().flat_map(|entry| &entry.evidence);
    let reasons: Vec<_> = evidence.filter(|line| line.contains("are left out")).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(is_destructive(&report(&[config_map("near", None, "a")])));
}

#[test]
fn an_object_that_another_release_deploys_is_not_left_over() {
    const WEB: TestRelease = TestRelease::new("shop", "web");
    const API: TestRelease = TestRelease::new("shop", "api");
    let moved = config_map("moved", None, "a");
    let old = config_map("old", None, "a");
    for depth in [Depth::Comparison, Depth::History] {
        let mut cluster = TestCluster::new();
        let dropped = [moved.clone(), old.clone()];
        cluster.store(WEB, &revision(1, "superseded", &dropped));
        cluster.store(WEB, &revision(2, "deployed", &[]));
        cluster.store(API, &revision(1, "deployed", std::slice::from_ref(&moved)));
        // A forged record that names what others left behind hides nothing.
        cluster.store(
            CLAIMS_ITS_OWN,
            &revision(1, "deployed", &[config_map("old", Some("shop"), "a")]),
        );
        cluster.put(WEB, &moved, &[]);
        cluster.put(WEB, &old, &[]);
        let report = cluster.scan_with(&at_depth(depth));
        assert_eq!(state_of(&report, "web", "moved"), None);
        assert_eq!(state_of(&report, "web", "old").unwrap().0, ObjectState::Leftover);
        let [told] = &health(&report, "web", HealthCode::OwnershipConflict)[..] else {
            panic!("{:?}", report.releases)
        };
        assert!(
            told.contains("ConfigMap shop/moved") && told.contains("shop/api"),
            "{told}"
        );
        let deleted: Vec<_> = commands(&report)
            .into_iter()
            .filter(|command| command.contains("kubectl delete"))
            .collect();
        assert_eq!(deleted, ["kubectl delete configmap old -n shop"]);
    }
}

/// A diagnosis reads one release, so it cannot know who else deploys the object.
#[test]
fn where_not_all_releases_were_read_a_leftover_may_be_another_one_s() {
    let old = config_map("old", None, "a");
    let evidence = |releases: &[&str]| {
        let mut cluster = TestCluster::new();
        cluster.store(
            CLAIMS_ITS_OWN,
            &revision(1, "superseded", std::slice::from_ref(&old)),
        );
        cluster.store(CLAIMS_ITS_OWN, &revision(2, "deployed", &[]));
        cluster.put(CLAIMS_ITS_OWN, &old, &[]);
        let options = ScanOptions {
            selection: selection(releases),
            ..options()
        };
        cluster.scan_with(&options).releases[0].health[0].evidence.clone()
    };
    assert_eq!(evidence(&[]), Vec::<String>::new());
    assert!(evidence(&["x"])[0].starts_with("not all releases were read"));
}
