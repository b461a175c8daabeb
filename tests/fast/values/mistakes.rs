//! What people get wrong: each is one sentence that says what would be right.

use super::chart::{CHART_YAML, chart_folder};
use super::check::dry_run;
use super::world::{World, drifted, rendered};
use crate::faults::world::each;
use crate::support::program::Ran;

#[test]
fn a_release_or_a_namespace_that_is_not_there_is_said() {
    let world = World::drifted();
    for (arguments, sentence) in [
        (
            &["values", "wbe"][..],
            "selection: no release in any namespace is named `wbe`; did you mean web (in shop)?",
        ),
        (
            &["values", "web", "-n", "shp"],
            "selection: there is no namespace `shp`; there is a release web in namespace shop",
        ),
    ] {
        let ran = world.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(3), ""), "{arguments:?}");
        assert_eq!(ran.sentence(), sentence);
        let json = world.run(&[arguments, &["-o", "json"]].concat());
        assert_eq!(json.status, Some(3), "{arguments:?}");
        super::reports::is_valid(&json.json());
    }
}

#[test]
fn a_name_that_two_namespaces_have_needs_the_namespace() {
    let world = World::new(drifted("shop").into_iter().chain(drifted("zoo")));
    let ran = world.run(&["values", "web"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        ran.sentence(),
        "driftline: the values of one release are printed at a time, and 2 fit the name: shop/web, zoo/web; say which with -n NAMESPACE"
    );
    for arguments in [&["values", "web", "-n", "zoo"][..], &["values", "zoo/web"]] {
        let ran = world.run(arguments);
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        assert!(
            ran.stdout.contains("release web in namespace zoo"),
            "{}",
            ran.stdout
        );
    }
}

/// Nobody knows the paths by heart.
#[test]
fn a_field_that_did_not_drift_is_told_with_those_that_did() {
    let world = World::drifted();
    // The one that was meant comes first.
    let rest = "/spec/revisionHistoryLimit, /spec/template/spec/containers[name=web]/env[name=TRACE], \
                /spec/template/spec/containers[name=web]/image and 2 more fields";
    for (field, first) in [
        ("/spec/nothing", "/data/level, /spec/replicas"),
        ("spec/replicas", "/spec/replicas, /data/level"),
        ("/spec/replica", "/spec/replicas, /data/level"),
    ] {
        for flags in [&[][..], &["--set-json"], &["-o", "json"]] {
            let ran = world.run(&[&["values", "web", "--field", field], flags].concat());
            assert_eq!(ran.status, Some(3), "{}", ran.stdout);
            assert_eq!(
                ran.sentence(),
                format!("no drifted field has the path {field} or is below it; drifted are {first}, {rest}")
            );
        }
    }
    // One of two: what is there is printed, and the other is not passed over.
    let ran = world.run(&[
        "values",
        "web",
        "--field",
        "/spec/replicas",
        "--field",
        "/spec/nothing",
    ]);
    assert_eq!(ran.status, Some(3));
    assert!(ran.stdout.contains("replicaCount: 3"), "{}", ran.stdout);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines[0], "1 of 1 drifted field kept");
    assert!(
        lines[1].starts_with("no drifted field has the path /spec/nothing"),
        "{lines:?}"
    );
}

#[test]
fn the_chart_of_another_release_is_refused() {
    let world = World::drifted();
    for (chart_yaml, what) in [
        (
            "apiVersion: v2\nname: shop-web\nversion: 1.3.0\n",
            "shop-web 1.3.0",
        ),
        ("apiVersion: v2\nname: other\nversion: 1.2.0\n", "other 1.2.0"),
    ] {
        let chart = chart_folder(world.home.path(), chart_yaml);
        let ran = world.run(&["values", "web", "--chart", &chart]);
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""));
        assert_eq!(
            ran.sentence(),
            format!(
                "driftline: the chart of --chart is {what}, and release web has shop-web 1.2.0: give that one, or leave the option out"
            )
        );
    }
}

#[test]
fn what_is_no_chart_is_refused_with_its_path() {
    let world = World::drifted();
    let manifest = world.home.file("rendered.yaml", &rendered());
    let folder = world.path("");
    let none = world.path("none");
    let rows = [
        (
            &manifest,
            "it is no archive as `helm package` writes it".to_owned(),
        ),
        (&folder, "it has no Chart.yaml".to_owned()),
        (
            &none,
            format!("{none} cannot be read: No such file or directory (os error 2)"),
        ),
    ];
    for (path, why) in rows {
        let ran = world.run(&["values", "web", "--chart", path]);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
        assert_eq!(
            ran.sentence(),
            format!("driftline: the chart in {path} cannot be used: {why}")
        );
    }
}

/// The refusal of what was given to be checked.
fn refusal(world: &World, name: &str, content: &[u8]) -> Ran {
    let path = world.path(name);
    std::fs::write(&path, content).unwrap();
    let ran = world.run(&["values", "web", "--check", &path]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    ran
}

#[test]
fn what_is_no_rendering_is_refused_with_what_would_be() {
    let world = World::drifted();
    let another = dry_run("api", &rendered());
    let rows: [(&str, &[u8], &str); 7] = [
        (
            "helm-output",
            b"Release \"web\" has been upgraded. Happy Helming!\nNAME: web\n",
            "give the manifests that `helm template` prints, or the output of `helm upgrade --dry-run=server -o json`",
        ),
        ("values.yaml", b"replicas: 3\n", "and not a file of values"),
        (
            "some.json",
            b"{\"a\": 1}",
            "it is JSON without a `manifest`: give what `helm upgrade --dry-run=server -o json` prints, or the YAML of `helm template`",
        ),
        ("bytes", b"\x00\xff\xfe", "it is not UTF-8"),
        ("empty", b"\n", "is empty: did the command that wrote it fail?"),
        (
            "cut-off.json",
            &another.as_bytes()[..100],
            "it is JSON without a `manifest`",
        ),
        (
            "another.json",
            another.as_bytes(),
            "the manifests were rendered for release api in namespace shop, and not for web as it is named here",
        ),
    ];
    each(rows, |(name, content, sentence)| {
        let ran = refusal(&world, name, content);
        assert!(ran.sentence().contains(sentence), "{name}: {}", ran.stderr);
    });
}

/// Whoever gives the chart itself has not rendered it. The advice is about this command, and not about another one.
#[test]
fn a_chart_in_place_of_a_rendering_is_to_be_rendered_first() {
    let world = World::drifted();
    let chart = chart_folder(world.home.path(), CHART_YAML);
    let ran = world.run(&["values", "web", "--check", &chart]);
    assert_eq!(ran.status, Some(2));
    assert_eq!(
        ran.sentence(),
        format!(
            "driftline: {chart} is a folder, such as a chart is, and no file of manifests; render it first, and give what \
             `helm template RELEASE CHART -n NAMESPACE -f VALUES` prints"
        )
    );
    let ran = world.command(&["values", "web", "--check", "-"]).run();
    assert_eq!(
        ran.sentence(),
        "driftline: standard input is empty: did the command before the pipe fail?"
    );
}
