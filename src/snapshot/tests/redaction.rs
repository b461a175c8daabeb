//! A redacted snapshot holds no hidden value, and a scan of it finds the same differences.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Fake, encoded, files, key, meaning, new_path, objects, record_into, request, revision};
use crate::compare::three_way::{OfRevision, Versions, all_changes};
use crate::manifest::desired::{Owner, StatusField, desired};
use crate::manifest::parse;
use crate::policy::redact::Redaction;
use crate::snapshot::{SensitiveValues, SnapshotSource};
use crate::source::ObjectRequest;
use crate::types::TypeTable;
use crate::yaml::Limits;

/// Built once: it takes longer than the rest of a case.
static RULES: LazyLock<Redaction> = LazyLock::new(Redaction::default);

/// Sensitive texts, and those that happen to be the same or mean nothing.
fn secret_text() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "hunter2-a",
        "hunter2-b",
        "hunter2-\u{e9}\u{2028}",
        "hunter2\n--- \"'{}\n",
        "",
    ])
    .prop_map(str::to_owned)
}

/// One object of each kind with sensitive values; the same shape for manifests and live objects.
fn object(live: bool) -> impl Strategy<Value = Vec<Value>> {
    let text = || prop::option::of(secret_text());
    let plain = || prop::sample::select(vec!["x", "y"]);
    let secret = (text(), text(), text(), any::<bool>()).prop_map(move |(a, b, c, folded)| {
        let mut data = serde_json::Map::new();
        let mut string_data = serde_json::Map::new();
        for (name, value) in [("a", a), ("b", b)] {
            if let Some(value) = value {
                let mut text = STANDARD.encode(value);
                if folded && !live && text.len() > 4 {
                    text.insert(4, '\n');
                }
                data.insert(name.to_owned(), text.into());
            }
        }
        if let Some(value) = c {
            let place = if live { &mut data } else { &mut string_data };
            let value = if live { STANDARD.encode(value) } else { value };
            place.insert("b".to_owned(), value.into());
        }
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "o"}, "data": data,
            "stringData": string_data})
    });
    let config_map = (text(), plain()).prop_map(|(password, log)| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "o", "annotations":
            {"example.com/api-key": password}}, "data": {"DB_PASSWORD": password, "log": log}})
    });
    let pod = (text(), secret_text(), plain(), any::<bool>()).prop_map(|(env, arg, image, swapped)| {
        let mut variables = vec![
            json!({"name": "DB_PASSWORD", "value": env}),
            json!({"name": "LEVEL", "value": "info"}),
            json!({"name": "URL", "value": format!("https://user:{}@db/{image}", arg.replace(['/', '"', '\'', '\n', ' '], "_"))}),
        ];
        if swapped {
            variables.swap(0, 1);
        }
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "o"}, "spec": {"containers": [
            {"name": "app", "image": image, "env": variables, "args": [format!("--token={arg}"), "-v"]}]}})
    });
    (secret, config_map, pod).prop_map(|(secret, config_map, pod)| vec![secret, config_map, pod])
}

/// A Secret as the API server returns it.
fn stored(secret: &Value) -> Value {
    let mut secret = secret.clone();
    let plain = secret["stringData"].take();
    for (name, text) in plain.as_object().unwrap() {
        secret["data"][name] = STANDARD.encode(text.as_str().unwrap()).into();
    }
    for value in secret["data"].as_object_mut().unwrap().values_mut() {
        *value = value.as_str().unwrap().replace('\n', "").into();
    }
    secret
}

/// A manifest of these objects.
fn manifest(objects: &[Value]) -> String {
    let mut text = String::new();
    for object in objects {
        writeln!(text, "---\n# Source: c/templates/x.yaml\n# note\n{object} # note").unwrap();
    }
    text
}

type Differences = Vec<(String, String)>;

/// The differences that a scan finds in each object, given two revisions' manifests.
fn compare(previous: &str, baseline: &str, live: &[Value]) -> Vec<Differences> {
    let owner = Owner {
        name: "web",
        namespace: "shop",
    };
    let read = |manifest: &str| parse::objects(manifest, &Limits::default()).unwrap();
    let (previous, baseline) = (read(previous), read(baseline));
    baseline
        .iter()
        .zip(&previous)
        .zip(live)
        .map(|((baseline, previous), live)| {
            let key = key(&baseline.gvk.api_version, &baseline.gvk.kind, Some("shop"), "o");
            let wanted = |body: &str| {
                desired(
                    serde_json::from_str(body).unwrap(),
                    &key,
                    owner,
                    StatusField::Apart,
                )
            };
            let previous = wanted(&previous.body);
            let changes = all_changes(
                TypeTable::builtin().kind(&key.gvk.api_version, &key.gvk.kind),
                Versions {
                    previous: Some(OfRevision {
                        revision: 1,
                        object: &previous,
                    }),
                    desired: &wanted(&baseline.body),
                    attempted: &[],
                    live,
                },
            );
            changes
                .iter()
                .map(|change| (format!("{:?}", change.code), change.path.to_string()))
                .collect()
        })
        .collect()
}

/// The base64 of a text at every offset within a longer one.
fn encodings(text: &str) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let encoded = STANDARD_NO_PAD.encode(format!("{}{text}", " ".repeat(shift)));
            let first = [0, 2, 3][shift];
            let whole = (shift + text.len()) / 3 * 4;
            encoded[first..whole].to_owned()
        })
        .collect()
}

fn assert_nowhere(text: &str, directory: &Path) {
    for file in files(directory) {
        let held = fs::read_to_string(&file).unwrap();
        for form in encodings(text).iter().map(String::as_str).chain([text]) {
            assert!(!held.contains(form), "{} holds {form}:\n{held}", file.display());
        }
    }
}

/// Takes a redacted snapshot of two revisions and their objects, and reads it back.
async fn through_a_snapshot(manifests: [&str; 2], live: &[Value]) -> ([String; 2], Vec<Value>) {
    let release = |manifest: &str| {
        let quoted = if manifest.contains("hunter2-a") {
            "hunter2-a"
        } else {
            "x"
        };
        encoded(&json!({"name": "web", "namespace": "shop", "manifest": manifest,
            "info": {"description": format!("Upgrade failed: `{quoted}` is wrong")}, "config": {"x": "hunter2"}}))
    };
    let keys: Vec<ObjectRequest> = live
        .iter()
        .map(|object| request(key("v1", object["kind"].as_str().unwrap(), Some("shop"), "o")))
        .collect();
    let fake = Fake {
        records: (1..)
            .zip(manifests)
            .map(|(number, manifest)| (revision("shop", number).object, Ok(release(manifest))))
            .collect(),
        objects: keys
            .iter()
            .zip(live)
            .map(|(wanted, object)| (wanted.key.clone(), Ok(object.to_string())))
            .collect(),
        ..Fake::default()
    };
    let (_guard, path) = new_path();
    let recorder = record_into(&fake, &path, Some(RULES.clone()));
    for number in 1..=2 {
        super::record(&recorder, revision("shop", number)).await.unwrap();
    }
    objects(&recorder, &keys).await;
    recorder.finish().unwrap();

    assert_nowhere("hunter2", &path);
    let snapshot = SnapshotSource::open(&path).unwrap();
    assert_eq!(snapshot.values(), SensitiveValues::Redacted);
    let mut redacted = Vec::new();
    for number in 1..=2 {
        let record = super::record(&snapshot, revision("shop", number)).await;
        redacted.push(meaning(record).unwrap().unwrap().manifest.unwrap());
    }
    let answers = objects(&snapshot, &keys).await;
    let live = keys
        .iter()
        .map(|wanted| answers[&wanted.key].clone().unwrap().unwrap())
        .collect();
    (redacted.try_into().unwrap(), live)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Nothing sensitive is written, and a scan finds the same differences.
    #[test]
    fn redaction_hides_values_and_not_differences(
        previous in object(false), baseline in object(false), live in object(true),
        settled in any::<bool>(),
    ) {
        // Half of the time nothing but the spelling differs.
        let mut live = if settled {
            vec![stored(&baseline[0]), baseline[1].clone(), baseline[2].clone()]
        } else {
            live
        };
        for object in &mut live {
            object["metadata"]["namespace"] = json!("shop");
        }
        let (previous, baseline) = (manifest(&previous), manifest(&baseline));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (redacted, redacted_live) =
            runtime.block_on(through_a_snapshot([&previous, &baseline], &live));
        prop_assert_eq!(
            compare(&redacted[0], &redacted[1], &redacted_live),
            compare(&previous, &baseline, &live)
        );
    }
}
