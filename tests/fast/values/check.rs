//! `driftline values --check`: what a rendering makes of the drift, so that Helm has the last word.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::reports::is_valid;
use super::world::{World, manifest, rendered};
use crate::support::program::Ran;

/// What `helm upgrade --dry-run=server -o json` prints for a release of this name, as far as it is read.
pub(super) fn dry_run(name: &str, manifest: &str) -> String {
    json!({"name": name, "namespace": "shop", "version": 2, "info": {"status": "pending-upgrade"}, "hooks": [],
           "manifest": manifest})
    .to_string()
}

/// Runs the check with a text on standard input.
fn piped(world: &World, text: &str, flags: &[&str]) -> Ran {
    let file = world.home.file("rendered", text);
    let arguments = [&["values", "web", "--check", "-"], flags].concat();
    world.command(&arguments).after(&format!("exec < {file}")).run()
}

/// What becomes of each drifted field.
fn outcomes(report: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fields = report["releases"][0]["valuesCheck"]["fields"].as_array().unwrap();
    fields
        .iter()
        .map(|field| {
            let path = text(&field["path"]);
            let last = path.rsplit('/').next().unwrap().to_owned();
            (
                format!("{} {last}", text(&field["name"])),
                text(&field["outcome"]),
            )
        })
        .collect()
}

#[test]
fn a_rendering_says_of_each_drifted_field_what_becomes_of_it() {
    let world = World::drifted();
    let expected = "\
release web in namespace shop: the rendering agrees with what lives in 1 of 7 drifted fields
  ConfigMap shop/web-settings /data/level: still has what was deployed
  Secret shop/web-login /data/password: still has what was deployed
  Deployment shop/web-web /spec/revisionHistoryLimit: still has what was deployed (the chart sets it itself)
  Deployment shop/web-web /spec/template/spec/containers[name=web]/image: agrees with what lives
  Deployment shop/web-web /spec/template/spec/containers[name=web]/resources/limits/memory: still has what was deployed
  Deployment shop/web-web /spec/template/spec/containers[name=web]/env[name=TRACE]: stays as it lives: the upgrade does not write it
  Deployment shop/web-cache /spec/replicas: still has what was deployed
it also moves 3 fields:
  ConfigMap shop/web-settings /data/version
  Deployment shop/web-web /metadata/labels/version
  Deployment shop/web-web /spec/replicas
";
    for text in [rendered(), dry_run("web", &rendered())] {
        let ran = piped(&world, &text, &[]);
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        assert_eq!(ran.stdout, expected);
        let file = world.home.file("given", &text);
        let of_file = world.run(&["values", "web", "--check", &file]);
        assert_eq!((of_file.status, of_file.stdout.as_str()), (Some(1), expected));
        let report = piped(&world, &text, &["-o", "json"]).json();
        is_valid(&report);
        let outcomes = outcomes(&report);
        assert_eq!(outcomes["web-web image"], "agrees");
        assert_eq!(outcomes["web-login password"], "as-deployed");
        let moved = report["releases"][0]["valuesCheck"]["alsoMoves"]
            .as_array()
            .unwrap();
        assert_eq!(moved.len(), 3, "{moved:?}");
    }
}

/// What lives in the cluster, as a chart would render it with the printed values.
#[test]
fn a_rendering_that_keeps_all_that_values_keep_passes() {
    let world = World::drifted();
    // The chart sets the history itself; the schema forbids the level, and the password is set by hand.
    let text = super::world::rendered_as_it_lives();
    let ran = piped(&world, &text, &[]);
    assert_eq!(ran.status, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.starts_with(
            "release web in namespace shop: the rendering agrees with what lives in 6 of 7 drifted fields\n"
        ),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_rendering_of_the_same_values_keeps_nothing_and_moves_nothing() {
    let world = World::drifted();
    let ran = piped(&world, &manifest(), &[]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("agrees with what lives in 0 of 7"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.ends_with("it moves nothing else\n"), "{}", ran.stdout);
}

#[test]
fn another_value_and_a_missing_object_are_told_apart() {
    let world = World::drifted();
    let text = rendered()
        .replace("256Mi", "512Mi")
        .replace("# Source: shop-web/charts/cache", "# none")
        .replace("\"web-cache\"", "\"web-other\"");
    let ran = piped(&world, &text, &[]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("resources/limits/memory: becomes another value, 512Mi\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("Deployment shop/web-cache /spec/replicas: is not in the rendering any more\n"),
        "{}",
        ran.stdout
    );
    // Another password is another value, and nobody reads which.
    let text = rendered().replace(super::world::OLD_SECRET, "another-pass-phrase");
    let ran = piped(&world, &text, &[]);
    assert!(
        ran.stdout
            .contains("Secret shop/web-login /data/password: becomes another value, <hidden>\n"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("another-pass-phrase"));
}

#[test]
fn only_the_named_field_is_judged() {
    let world = World::drifted();
    let ran = piped(
        &world,
        &rendered(),
        &["--field", "/spec/template/spec/containers[name=web]/image"],
    );
    assert_eq!(ran.status, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("in 1 of 1 drifted field\n"), "{}", ran.stdout);
}
