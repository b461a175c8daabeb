//! Answers the questions of `measure`: a line of JSON for each release, and a line with the answers. `measure --help` has
//! the form of both.
//!
//! What it answers is what the library answers a scan, without the cluster and without hiding anything: charts in public
//! have no secrets.

use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use driftline::compare::path::{FieldPath, Segment};
use driftline::object::{Gvk, ObjectKey};
use driftline::release::chart_part::ChartPart;
use driftline::release::decode::MAX_DECODED_BYTES;
use driftline::source::Capabilities;
use driftline::values::{self, Answer, Asked, AskedField, Certainty, KeyStep, Suggestion, release_chart};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// What is asked about a release.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    /// The release's record, in the form of Helm's JSON.
    record: Box<RawValue>,
    capabilities: Served,
    fields: Vec<Field>,
}

/// What the templates ask of a cluster.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Served {
    kube_version: Option<String>,
    #[serde(default)]
    api_versions: Vec<String>,
}

/// A field of an object, which lives otherwise than it was deployed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    template: Option<String>,
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: String,
    path: Vec<Step>,
    #[serde(default)]
    deployed: Option<Value>,
    #[serde(default)]
    live: Option<Value>,
}

/// A step of a path.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    Key(String),
    Index(usize),
    Match(Map<String, Value>),
    Member(Value),
}

/// Answers until the questions end.
fn main() -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let question: Question = serde_json::from_str(&line).context("a line is no question")?;
        let began = Instant::now();
        // A question that crashes the library is one of the figures, and not the end of the run.
        let answers = thread::spawn(move || answers(&question)).join();
        let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        let reply = match answers {
            Ok(answers) => json!({ "answers": answers?, "ms": milliseconds }),
            Err(_) => json!({ "crash": true, "ms": milliseconds }),
        };
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}

fn answers(question: &Question) -> anyhow::Result<Vec<Value>> {
    let part = ChartPart::from_json(question.record.get().as_bytes(), MAX_DECODED_BYTES)?;
    let release = release_chart(part).map_err(|reason| anyhow!("the record cannot be used: {reason:?}"))?;
    let served = &question.capabilities;
    let capabilities = Capabilities {
        kube_version: served.kube_version.clone(),
        api_versions: Arc::new(served.api_versions.iter().cloned().collect()),
    };
    let asked: Vec<Asked> = question.fields.iter().map(asked).collect();
    let answers = values::suggest(&release, &capabilities, &asked);
    Ok(answers.iter().flatten().map(answer).collect())
}

fn asked(field: &Field) -> Asked {
    let namespace = field.namespace.clone();
    Asked {
        template: field.template.clone(),
        key: ObjectKey {
            gvk: Gvk::new(&field.api_version, &field.kind),
            namespace: namespace.filter(|namespace| !namespace.is_empty()),
            name: field.name.clone(),
        },
        fields: vec![AskedField {
            path: field.path.iter().map(segment).collect::<FieldPath>(),
            deployed: field.deployed.clone(),
            live: field.live.clone(),
        }],
        is_autoscaled: false,
    }
}

fn segment(step: &Step) -> Segment {
    match step {
        Step::Key(key) => Segment::Key(key.clone()),
        Step::Index(index) => Segment::Index(*index),
        Step::Match(keys) => {
            let keys = keys.iter().map(|(key, value)| (key.clone(), value.clone()));
            Segment::Match(keys.collect())
        }
        Step::Member(value) => Segment::Member(value.clone()),
    }
}

fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::None(reason) => json!({ "reason": format!("{reason:?}") }),
        Answer::Key(suggestion) => key(suggestion),
    }
}

fn key(suggestion: &Suggestion) -> Value {
    let steps: Vec<Value> = (suggestion.key.iter())
        .map(|step| match step {
            KeyStep::Name(name) => json!(name),
            KeyStep::Index(index) => json!(index),
        })
        .collect();
    let moved: Vec<Value> = (suggestion.also_changes.iter())
        .map(|moved| {
            json!({ "kind": moved.kind, "namespace": moved.namespace, "name": moved.name, "path": moved.path })
        })
        .collect();
    let certainty = match suggestion.certainty {
        Certainty::Verified => "verified",
        Certainty::ByName => "by-name",
    };
    json!({
        "key": steps,
        "value": suggestion.value,
        "current": suggestion.current,
        "origin": format!("{:?}", suggestion.origin),
        "certainty": certainty,
        "alsoChanges": moved,
        "snippet": suggestion.snippet,
    })
}
