//! Redaction in every output: the planted secrets are in none, and the harmless values are readable.
//!
//! Every row of a table is an object that drifted, so that both of its versions want to be shown.

mod harmless;
mod marks;
mod planted;

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftline::model::Report;
use driftline::notify::Notice;
use driftline::notify::digest::Digest;
use driftline::notify::pagerduty::events::EventPlan;
use driftline::notify::pagerduty::settings::{PagerDutyScope, PagerDutyService};
use driftline::notify::slack::payload::message;
use driftline::notify::slack::settings::SlackFormat;
use secrecy::SecretString;
use serde_json::{Value, json};

use self::harmless::HARMLESS;
use self::marks::{Filled, filled};
use self::planted::{PLANTED, Place};
use crate::faults::server::{Fault, Server, Stored};
use crate::faults::world::{Home, Revision, scan_command};
use crate::support::program::Driftline;

/// Which version of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Desired,
    Live,
}

/// The object of a row.
fn object(row: usize, place: Place, text: &str, version: Version) -> Value {
    let name = format!("row-{row}");
    let inner = || serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let config_map = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data});
    match place {
        Place::Entry => config_map(json!({"entry": text})),
        Place::Data => config_map(inner()),
        Place::Annotation => {
            let mut object = config_map(json!({}));
            object["metadata"]["annotations"] = json!({"example.com/note": text});
            object
        }
        Place::Spec => {
            json!({"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": name},
            "spec": inner()})
        }
        Place::Container => {
            let mut container = json!({"name": "app", "image": "app:1"});
            json_patch::merge(&mut container, &inner());
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
                "spec": {"template": {"spec": {"containers": [container]}}}})
        }
        Place::Secret => {
            let mut object =
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {}});
            json_patch::merge(&mut object, &inner());
            if version == Version::Live {
                let plain = object.as_object_mut().unwrap().remove("stringData");
                for (key, value) in plain.as_ref().and_then(Value::as_object).into_iter().flatten() {
                    object["data"][key] = json!(STANDARD.encode(value.as_str().unwrap()));
                }
            }
            object
        }
    }
}

/// The object as it lives in the cluster.
fn live(mut body: Value) -> Stored {
    let metadata = &mut body["metadata"];
    metadata["namespace"] = json!("shop");
    metadata["labels"] = json!({"app.kubernetes.io/managed-by": "Helm"});
    metadata["annotations"]["meta.helm.sh/release-name"] = json!("web");
    metadata["annotations"]["meta.helm.sh/release-namespace"] = json!("shop");
    let plural = match body["kind"].as_str().unwrap() {
        "ConfigMap" => "configmaps",
        "Secret" => "secrets",
        "Deployment" => "deployments",
        _ => "crontabs",
    };
    Stored { plural, body }
}

/// The schema of the custom resource: anything, and some lists that are sets or have keys.
fn schema() -> String {
    let set = json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}});
    let keyed = |key: &str| {
        let fields = json!({key: {"type": "string"}, "level": {"type": "integer"}});
        json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key],
               "items": {"type": "object", "required": [key], "properties": fields}})
    };
    let spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
        "tokenSet": set, "urlSet": set, "accounts": keyed("apiKey"), "sites": keyed("url")}});
    let gvk = json!([{"group": "stable.example.com", "version": "v1", "kind": "CronTab"}]);
    let kind = json!({"type": "object", "properties": {"metadata": {"type": "object"}, "spec": spec},
        "x-kubernetes-group-version-kind": gvk});
    json!({"openapi": "3.0.0", "components": {"schemas": {"com.example.stable.v1.CronTab": kind}}})
        .to_string()
}

/// A cluster with an object for each row, and what was put into each object.
struct World {
    server: Server,
    home: Home,
    rows: Vec<(&'static str, [Filled; 2])>,
}

impl World {
    fn new(table: &'static [(Place, &'static str)]) -> Self {
        let mut rows = Vec::new();
        let mut desired = Vec::new();
        let mut stored = Vec::new();
        for (row, &(place, text)) in table.iter().enumerate() {
            let versions = [Version::Desired, Version::Live].map(|version| filled(text, row, version));
            desired.push(object(row, place, &versions[0].text, Version::Desired));
            stored.push(live(object(row, place, &versions[1].text, Version::Live)));
            rows.push((text, versions));
        }
        stored.push(Revision::new("shop", "web", &desired).stored());
        let server =
            Server::start(stored).always("/openapi/v3/apis/stable.example.com/v1", Fault::Body(schema()));
        Self {
            server,
            home: Home::new(),
            rows,
        }
    }

    /// The output of a scan with these flags, standard error included.
    fn scan(&self, flags: &[&str]) -> (Value, String) {
        let ran = scan_command(&self.home, &self.server, flags).run();
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let report = serde_json::from_str(&ran.stdout).unwrap_or_default();
        (report, ran.stdout + &ran.stderr)
    }

    fn command(&self, arguments: &[&str]) -> Driftline {
        let kubeconfig = self.home.kubeconfig(&self.server.url, &json!({"token": "x"}));
        self.home
            .command(&[arguments, &["--kubeconfig", &kubeconfig]].concat())
    }

    /// Takes a redacted snapshot; gives its place and the text of all of its files.
    fn snapshot(&self) -> (String, String) {
        let place = self.home.path().join("snapshot");
        let path = place.to_str().unwrap().to_owned();
        let ran = self.command(&["snapshot", "-o", &path, "--redact"]).run();
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let mut text = ran.stdout + &ran.stderr;
        text_of(&place, &mut text);
        (path, text)
    }
}

fn text_of(directory: &Path, text: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        text.push_str(path.to_str().unwrap());
        if path.is_dir() {
            text_of(&path, text);
        } else {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
        }
    }
}

/// Every message that a report can become.
fn messages(report: &Value) -> String {
    let report = Report::from_json(report.to_string().as_bytes()).unwrap();
    let digest = Digest::new(&report);
    let mut text = String::new();
    for format in [SlackFormat::Blocks, SlackFormat::Attachments, SlackFormat::Text] {
        text.push_str(&message(&digest, format).to_string());
    }
    for scope in [PagerDutyScope::Cluster, PagerDutyScope::Release] {
        let mut settings = PagerDutyService::try_new(&SecretString::from("k".repeat(32))).unwrap();
        settings.scope = scope;
        for event in EventPlan::new(&Notice::without_memory(&report, &digest), None, &settings).events {
            text.push_str(&event.body(&"k".repeat(32)).to_string());
        }
    }
    text
}

/// One report for each object of a report, so that the limits of messages cut nothing off.
fn single_reports(report: &Value) -> Vec<Value> {
    let objects = report["releases"][0]["objects"].as_array().unwrap();
    let single = |object: &Value| {
        let mut single = report.clone();
        single["releases"][0]["objects"] = json!([object]);
        single
    };
    objects.iter().map(single).collect()
}

/// The codes of the findings of each object.
fn codes(report: &Value) -> BTreeMap<String, Vec<String>> {
    let objects = report["releases"][0]["objects"].as_array().unwrap();
    let codes = |object: &Value| {
        let findings = object["findings"].as_array().unwrap();
        let mut codes: Vec<String> = findings
            .iter()
            .map(|finding| finding["code"].to_string())
            .collect();
        codes.sort();
        (object["name"].as_str().unwrap().to_owned(), codes)
    };
    objects.iter().map(codes).collect()
}

#[test]
fn planted_secrets_are_in_no_output() {
    assert!(PLANTED.len() >= 150, "{}", PLANTED.len());
    let world = World::new(PLANTED);
    let (report, json) = world.scan(&["-o", "json", "--all", "-vvv"]);
    let found = codes(&report);
    let unseen: Vec<&str> = (0..PLANTED.len())
        .filter(|row| found.get(&format!("row-{row}")).is_none_or(Vec::is_empty))
        .map(|row| PLANTED[row].1)
        .collect();
    assert!(
        unseen.is_empty(),
        "no finding would show these:\n{}",
        unseen.join("\n")
    );
    let hidden = json.matches("(redacted 1)").count();
    assert!(
        hidden >= 8,
        "sets, keyed lists and maps are compared by their elements: {hidden}"
    );
    let (_, text) = world.scan(&["--all"]);
    let diagnosis = world.command(&["diagnose", "web", "-n", "shop"]).run();
    let (snapshot, files) = world.snapshot();
    let again = world
        .home
        .run(&["scan", "--snapshot", &snapshot, "-o", "json", "--all"]);
    let messages: String = single_reports(&report).iter().map(messages).collect();
    let outputs = [
        ("JSON and -vvv", json),
        ("text", text),
        ("diagnose", diagnosis.stdout + &diagnosis.stderr),
        ("snapshot --redact", files),
        ("scan of the snapshot", again.stdout.clone()),
        ("messages", messages),
    ];
    let mut leaks = Vec::new();
    for (text, versions) in &world.rows {
        for secret in versions.iter().flat_map(|version| &version.marks) {
            for (name, output) in &outputs {
                if output.contains(secret.as_str()) {
                    leaks.push(format!("{name}: {text}"));
                }
            }
        }
    }
    leaks.dedup();
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    let found_again = codes(&again);
    for (name, codes) in &found {
        assert_eq!(
            found_again.get(name),
            Some(codes),
            "{name}: a snapshot has the same differences"
        );
    }
}

#[test]
fn harmless_values_are_readable() {
    assert!(HARMLESS.len() >= 100, "{}", HARMLESS.len());
    let world = World::new(HARMLESS);
    let (report, _) = world.scan(&["-o", "json", "--all"]);
    let (_, text) = world.scan(&["--all"]);
    let (_, files) = world.snapshot();
    let objects = report["releases"][0]["objects"].as_array().unwrap();
    let mut hidden = Vec::new();
    for (row, (template, versions)) in world.rows.iter().enumerate() {
        let name = json!(format!("row-{row}"));
        let object = objects.iter().find(|object| object["name"] == name);
        let shown = object.map(Value::to_string).unwrap_or_default();
        // An element that the live object lacks is all that there is to show.
        let seen = if shown.contains("\"code\":\"removed\"") {
            1
        } else {
            2
        };
        for value in versions.iter().take(seen).flat_map(|version| &version.marks) {
            if !shown.contains(value.as_str()) {
                hidden.push(format!("JSON: {template}"));
            }
            if !files.contains(value.as_str()) {
                hidden.push(format!("snapshot: {template}"));
            }
        }
        if shown.contains("\"redacted\":true") {
            hidden.push(format!("redacted: {template}"));
        }
        let is_short = template.len() < 40 && !template.contains("\\n");
        if is_short && !text.contains(versions[1].marks[0].as_str()) {
            hidden.push(format!("text: {template}"));
        }
    }
    hidden.dedup();
    assert!(
        hidden.is_empty(),
        "{} are not readable:\n{}",
        hidden.len(),
        hidden.join("\n")
    );
}

/// A rule may name a secret, because somebody copied its path from an object.
#[test]
fn the_words_of_ignore_rules_hold_no_secret() {
    let table: &[(Place, &str)] = &[(Place::Spec, r#"{"tokenSet": ["<s>"]}"#)];
    let world = World::new(table);
    let secret = &world.rows[0].1[0].marks[0];
    let rules = format!(
        "ignore:\n  - path: '/spec/tokenSet[={secret}]'\n  - path: '/spec/tokenSet[={secret}x]'\n    reason: 'was password={secret}'\n"
    );
    let config = world.home.file("driftline.yaml", &rules);
    for format in ["json", "text"] {
        let ran = scan_command(
            &world.home,
            &world.server,
            &["--config", &config, "-o", format, "--all"],
        )
        .run();
        assert_eq!(ran.status, Some(0), "{}{}", ran.stdout, ran.stderr);
        let said = ran.stdout + &ran.stderr;
        assert!(!said.contains(secret.as_str()), "{said}");
        assert!(said.contains("/spec/tokenSet[=(redacted 1)]"), "{said}");
    }
}

#[test]
fn lines_beside_a_secret_are_shown_and_a_change_of_the_secret_alone_is_told() {
    let table: &[(Place, &str)] = &[
        (Place::Entry, "password: fixed-hunter-1\nname: <v>\n"),
        (Place::Entry, "password: <s>\nname: fixed\n"),
    ];
    let world = World::new(table);
    let (report, _) = world.scan(&["-o", "json", "--all"]);
    let (_, text) = world.scan(&["--all"]);
    assert!(
        text.contains(&format!("- name: {}", world.rows[0].1[0].marks[0])),
        "{text}"
    );
    assert!(text.contains("(parts redacted)"), "{text}");
    assert!(!text.contains("fixed-hunter"), "{text}");
    let objects = report["releases"][0]["objects"].as_array().unwrap();
    let alone = objects.iter().find(|object| object["name"] == "row-1").unwrap();
    assert_eq!(alone["state"], "drifted");
    let finding = &alone["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["redacted"], &finding["live"]),
        (
            &json!("changed"),
            &json!(true),
            &json!("password: (redacted)\nname: fixed\n")
        )
    );
}

#[test]
fn a_list_with_one_hidden_element_is_readable_in_every_format() {
    let table: &[(Place, &str)] = &[(
        Place::Container,
        r#"{"args": ["--level=<v>", "--password", "fixed-hunter-1"]}"#,
    )];
    let world = World::new(table);
    let (_, json) = world.scan(&["-o", "json", "--all"]);
    let (_, text) = world.scan(&["--all"]);
    for output in [json, text] {
        for version in &world.rows[0].1 {
            assert!(output.contains(&version.marks[0]), "{output}");
        }
        assert!(!output.contains("fixed-hunter"), "{output}");
    }
}
