//! Keys that reach dependencies, with their templates and without.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::record::release_chart;
use super::{Answer, Certainty, Release, named, set, verified};
use crate::release::chart_part::ChartPart;
use crate::release::decode::MAX_DECODED_BYTES;

fn config_map(name: &str, entry: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  fixed: x\n{entry}")
}

/// The answer about the entry `v` of the chart's own `ConfigMap`.
fn ask(release: &Release, deployed: Value, live: Value) -> Answer {
    release.ask_in(
        "web/templates/web.yaml",
        ("ConfigMap", "web"),
        "data v",
        deployed,
        live,
    )
}

/// A chart with a dependency that a value turns on.
fn with_switch(is_on: bool) -> Release {
    let entry = "{{- if .Values.db.enabled }}\n  v: db\n{{- else }}\n  v: none\n{{- end }}\n";
    let mut release = Release::of(&config_map("web", entry), json!({"db": {"enabled": is_on}}));
    let mut dependency = Release::of(&config_map("db", ""), json!({})).0.chart;
    dependency.metadata = json!({"name": "db", "version": "1.0.0"});
    let chart = &mut release.0.chart;
    chart.metadata = json!({"name": "web", "version": "1.0.0",
        "dependencies": [{"name": "db", "version": "1.0.0", "condition": "db.enabled"}]});
    chart.dependencies = vec![dependency];
    release
}

#[test]
fn the_objects_of_a_dependency_that_comes_or_goes_are_told() {
    for (is_on, deployed, live) in [(true, "db", "none"), (false, "none", "db")] {
        let found = named(ask(&with_switch(is_on), json!(deployed), json!(live)));
        assert_eq!(found.snippet, json!({"db": {"enabled": !is_on}}));
        let also = found.also_changes.iter();
        let also: Vec<&str> = also.map(|moved| moved.name.as_str()).collect();
        assert_eq!(also, ["db"], "{live}");
    }
}

/// Helm renders what lies in `charts/`, declared or not; the manifest says that it did.
#[test]
fn a_dependency_that_is_not_declared_may_see_a_key() {
    let manifest =
        "---\n# Source: web/templates/web.yaml\na: b\n---\n# Source: web/charts/db/templates/a.yaml\na: b\n";
    for (manifest, key, certainty) in [
        (manifest, "global.tag", Certainty::ByName),
        (manifest, "db.port", Certainty::ByName),
        (manifest, "own", Certainty::Verified),
        (
            "---\n# Source: web/templates/web.yaml\na: b\n",
            "global.tag",
            Certainty::Verified,
        ),
    ] {
        let template = STANDARD.encode(config_map("web", &format!("  v: {{{{ .Values.{key} }}}}\n")));
        let record = json!({"name": "shop", "namespace": "prod", "version": 1, "manifest": manifest, "config": {},
            "chart": {"metadata": {"name": "web", "version": "1.0.0"},
                "templates": [{"name": "templates/web.yaml", "data": template}],
                "values": {"own": "a", "db": {"port": "a"}, "global": {"tag": "a"}}}});
        let part = ChartPart::from_json(record.to_string().as_bytes(), MAX_DECODED_BYTES).unwrap();
        let release = Release(release_chart(part).unwrap());
        let found = named(ask(&release, json!("a"), json!("b")));
        assert_eq!(found.certainty, certainty, "{key}");
    }
}

#[test]
fn a_key_that_a_dependency_without_templates_sees_is_not_verified() {
    let values = json!({"own": "a", "db": {"port": "a"}, "global": {"tag": "a"}, "aliased": {"port": "a"}});
    for (key, is_seen) in [
        ("own", false),
        ("db.port", true),
        ("global.tag", true),
        ("aliased.port", true),
    ] {
        let entry = format!("  v: {{{{ .Values.{key} }}}}\n");
        let mut release = Release::of(&config_map("web", &entry), values.clone());
        release.0.chart.metadata = json!({"name": "web", "version": "1.0.0",
            "dependencies": [{"name": "db"}, {"name": "redis", "alias": "aliased"}]});
        release.0.chart.are_dependencies_known = false;
        let (_, value, certainty) = verified(key, json!("b"));
        let certainty = if is_seen { Certainty::ByName } else { certainty };
        let answer = ask(&release, json!("a"), json!("b"));
        assert_eq!(set(answer), (key.to_owned(), value, certainty));
    }
}
