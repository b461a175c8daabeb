//! What a real API server makes of merged objects, against what `src/apply/settle` says of them.
//!
//! Each object of `tests/data/apply/settle.json` is created, and the API server is asked by dry runs what it makes of it
//! with a patch: with those of the rows, and with each of its fields taken away, emptied and doubled in turn. The rows'
//! answers are recorded for the fast ring.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;

use driftline::apply::{Outcome, Written, settled};
use driftline::compare::work::Work;
use driftline::object::Gvk;
use driftline::types::TypeTable;
use serde_json::{Value, json};

use crate::harness::Cluster;
use crate::support::differences::differences;

/// An API server behind a proxy, to which plain requests are made: there are some thousand.
struct Api {
    proxy: Child,
    address: String,
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

impl Api {
    fn new(cluster: &Cluster) -> Self {
        let mut proxy = cluster.spawn_proxy();
        let mut line = String::new();
        BufReader::new(proxy.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { proxy, address }
    }

    /// The status and the body of an answer.
    fn ask(&self, method: &str, path: &str, content: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: {content}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.ask(method, path, "application/json", body)
    }

    /// Where the objects of a kind are.
    fn collection(&self, object: &Value) -> String {
        let version = object["apiVersion"].as_str().unwrap();
        let base = if version == "v1" {
            "/api/v1".to_owned()
        } else {
            format!("/apis/{version}")
        };
        let (_, resources) = self.json("GET", &base, &Value::Null);
        let resource = resources["resources"]
            .as_array()
            .unwrap()
            .iter()
            .find(|resource| {
                resource["kind"] == object["kind"] && !resource["name"].as_str().unwrap().contains('/')
            })
            .unwrap_or_else(|| panic!("{object}"));
        let name = resource["name"].as_str().unwrap();
        if resource["namespaced"] == json!(true) {
            format!("{base}/namespaces/default/{name}")
        } else {
            format!("{base}/{name}")
        }
    }

    /// Creates an object anew and returns it as it lives.
    fn create(&self, manifest: &Value, status: Option<&Value>) -> (String, Value) {
        let collection = self.collection(manifest);
        let path = format!("{collection}/{}", manifest["metadata"]["name"].as_str().unwrap());
        let is_namespace = manifest["kind"] == json!("Namespace");
        let unlock = || {
            let free = json!({"metadata": {"finalizers": null}});
            self.ask("PATCH", &path, "application/merge-patch+json", &free);
        };
        if !is_namespace {
            let now = json!({"propagationPolicy": "Background", "gracePeriodSeconds": 0});
            while self.json("DELETE", &path, &now).0 != 404 {
                unlock();
            }
        }
        // What is still being deleted is in the way for a moment.
        loop {
            let (code, answer) = self.json("POST", &collection, manifest);
            match code {
                409 if !is_namespace => {}
                200 | 201 | 409 => break,
                _ => panic!("{answer}"),
            }
        }
        if manifest["kind"] == json!("CustomResourceDefinition") {
            let is_ready = || {
                let (_, live) = self.json("GET", &path, &Value::Null);
                let conditions = live["status"]["conditions"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                conditions
                    .iter()
                    .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
            };
            while !is_ready() {}
        }
        if let Some(status) = status {
            let body = json!({"status": status});
            let path = format!("{path}/status");
            let (code, answer) = self.ask("PATCH", &path, "application/merge-patch+json", &body);
            assert_eq!(code, 200, "{answer}");
        }
        let (code, live) = self.json("GET", &path, &Value::Null);
        assert_eq!(code, 200, "{live}");
        (path, live)
    }
}

/// Without what the API server counts, and what controllers write meanwhile.
fn plain(mut object: Value) -> Value {
    object.as_object_mut().unwrap().remove("status");
    let metadata = object["metadata"].as_object_mut().unwrap();
    for field in ["managedFields", "resourceVersion", "generation", "finalizers"] {
        metadata.remove(field);
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| !name.starts_with("deployment.kubernetes.io/"));
    }
    object
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_zero),
    }
}

/// A patch for each thing that can be done to a field without knowing it.
fn sweep(path: &str, value: &Value, patches: &mut Vec<Value>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (key, value) in children {
        let path = format!("{path}/{key}");
        if ["/apiVersion", "/kind", "/metadata", "/status"].contains(&path.as_str()) {
            continue;
        }
        patches.push(json!([{"op": "remove", "path": path}]));
        let other = match value {
            Value::Bool(value) => Some(json!(!value)),
            Value::Number(number) => number.as_i64().map(|number| json!(number + 1)),
            Value::String(_) => Some(json!("")),
            Value::Array(_) => Some(json!([])),
            Value::Object(_) => Some(json!({})),
            Value::Null => None,
        };
        patches.extend(other.map(|other| json!([{"op": "replace", "path": path, "value": other}])));
        if let Some(first) = value.as_array().and_then(|items| items.first()) {
            patches.push(json!([{"op": "add", "path": format!("{path}/-"), "value": first}]));
        }
        sweep(&path, value, patches);
    }
}

/// What is said wrongly of one patch, if anything.
enum Judged {
    Right,
    /// The server refused what was said to be written.
    NotForeseen,
    Wrong(String),
}

fn judge(api: &Api, address: &str, live: &Value, patch: &Value) -> Judged {
    let dry = format!("{address}?dryRun=All");
    let (code, answer) = api.ask("PATCH", &dry, "application/json-patch+json", patch);
    // A controller wrote meanwhile.
    if code == 409 {
        return Judged::Right;
    }
    let mut merged = live.clone();
    let operations: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    json_patch::patch(&mut merged, &operations).unwrap();
    let text = |field: &str| live[field].as_str().unwrap();
    let gvk = Gvk::new(text("apiVersion"), text("kind"));
    let shape = TypeTable::builtin().kind(&gvk.api_version, &gvk.kind);
    match (
        settled(&gvk, shape, live, merged, &Work::of_steps(1_000_000)),
        code == 200,
    ) {
        (Outcome::Unknown(_), _) | (Outcome::Refused(_), false) => Judged::Right,
        (Outcome::Written(_), false) => Judged::NotForeseen,
        (Outcome::Written(Written { object, doubts, .. }), true) => {
            let is_same = |server: &Value, own: &Value| is_zero(server) && is_zero(own);
            let found = differences(&plain(answer), &plain(object), &is_same);
            if found.len() <= doubts.len() {
                Judged::Right
            } else {
                Judged::Wrong(format!("{found:?} {doubts:?}"))
            }
        }
        (outcome, _) => Judged::Wrong(format!("{outcome:?}, and the server says {answer}")),
    }
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_is_said_of_merged_objects_is_what_the_server_does() {
    // Definitions, webhooks and API services would be in the way of other tests.
    let cluster = Cluster::start();
    let api = Api::new(&cluster);
    let recorded: Value = serde_json::from_str(include_str!("../data/apply/settle.json")).unwrap();
    let rows = recorded["rows"].as_array().unwrap();
    let mut wrong = Vec::new();
    let mut not_foreseen = 0;
    let mut asked = 0;
    for (index, manifest) in recorded["manifests"].as_array().unwrap().iter().enumerate() {
        let own = rows.iter().filter(|row| row["manifest"] == json!(index));
        for row in own {
            let (path, live) = api.create(manifest, row.get("status"));
            asked += 1;
            match judge(&api, &path, &live, &row["patch"]) {
                Judged::Right => {}
                Judged::NotForeseen => wrong.push(format!("{}: refused", row["name"])),
                Judged::Wrong(why) => wrong.push(format!("{}: {why}", row["name"])),
            }
        }
        let (path, live) = api.create(manifest, None);
        let mut patches = Vec::new();
        sweep("", &live, &mut patches);
        for patch in patches {
            asked += 1;
            match judge(&api, &path, &live, &patch) {
                Judged::Right => {}
                Judged::NotForeseen => not_foreseen += 1,
                Judged::Wrong(why) => wrong.push(format!("{} {patch}: {why}", live["kind"])),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {asked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // A merge takes no single field away without reason; what that breaks is not a rule about several values.
    assert!(
        asked > 3000 && not_foreseen < asked / 8,
        "{not_foreseen} of {asked}"
    );
}
