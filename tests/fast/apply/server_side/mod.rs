//! Server-side apply as apimachinery does it, with the answers of its own code (`tests/testbed/tools/oracle`).
//!
//! The sample in `tests/data/apply/server_side.jsonl.gz` is a part of what `tests/data/apply/regenerate` asks.

mod generate;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::process::{Command, Stdio};

use driftline::apply::{Conflict, Merged, Method, OnConflict, Write, merge};
use driftline::compare::managed_fields::{Live, Operation};
use driftline::compare::path::{FieldPath, Segment};
use driftline::compare::work::Work;
use driftline::object::Gvk;
use driftline::types::TypeTable;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/apply/server_side.jsonl.gz"
);

/// The type of the custom resource in the sample.
const CUSTOM: &str = include_str!("../../../data/apply/widget.json");

/// The size of the sample.
const SAMPLED: usize = 1500;

/// A history, as the oracle reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    api_version: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    openapi: Option<Value>,
    deduced: bool,
    writes: Vec<Value>,
    takeover: bool,
    last: Value,
}

/// What the oracle answers.
#[derive(Debug, Clone, Serialize, Deserialize, Default)]
struct Answer {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    live: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    object: Value,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    conflicts: BTreeSet<Told>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    error: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    path: String,
    manager: String,
}

/// One apply of the sample.
#[derive(Serialize, Deserialize)]
struct Case {
    new: Value,
    force: bool,
    takeover: bool,
    answer: Answer,
}

#[test]
fn the_oracles_answers_are_ours() {
    let mut text = String::new();
    let file = std::fs::File::open(SAMPLE).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let custom = TypeTable::from_openapi_v3(CUSTOM.as_bytes()).unwrap();
    let cases: Vec<Case> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(cases.len() >= SAMPLED);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| disagreement(case, &custom))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}: {}",
        wrong.len(),
        cases.len(),
        wrong[0]
    );
    let refused = cases.iter().filter(|case| !case.answer.error.is_empty()).count();
    let conflicts = cases
        .iter()
        .filter(|case| !case.answer.conflicts.is_empty())
        .count();
    assert!(refused > 10 && conflicts > 60 && refused + conflicts < cases.len() * 3 / 4);
}

/// Asks the oracle anew, which `ORACLE` names, and writes the sample: `tests/data/apply/regenerate`.
#[test]
#[ignore = "needs the oracle, a program in Go"]
fn the_oracle_agrees_on_all_that_is_made_up() {
    let count: usize = std::env::var("ORACLE_COUNT").map_or(20_000, |count| count.parse().unwrap());
    let seed: u64 = std::env::var("ORACLE_SEED").map_or(1, |seed| seed.parse().unwrap());
    let document: Value = serde_json::from_str(CUSTOM).unwrap();
    let custom = TypeTable::from_openapi_v3(CUSTOM.as_bytes()).unwrap();
    let mut oracle = Command::new(std::env::var("ORACLE").unwrap())
        .arg("server-side")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = BufWriter::new(oracle.stdin.take().unwrap());
    let answers = BufReader::new(oracle.stdout.take().unwrap());
    let asking = {
        let (document, custom) = (
            document.clone(),
            TypeTable::from_openapi_v3(CUSTOM.as_bytes()).unwrap(),
        );
        std::thread::spawn(move || {
            for number in 0..count {
                let asked = generate::history(seed, number, &custom, &document);
                writeln!(questions, "{}", serde_json::to_string(&asked).unwrap()).unwrap();
            }
        })
    };
    let mut sample = GzEncoder::new(Vec::new(), Compression::best());
    let (mut wrong, mut tally, mut sampled) = (Vec::new(), [0; 4], 0);
    for (number, line) in answers.lines().enumerate() {
        let answer: Answer = serde_json::from_str(&line.unwrap()).unwrap();
        // Versions that the API server does not serve have no schema.
        if answer.error.contains("no corresponding type") {
            continue;
        }
        let asked = generate::history(seed, number, &custom, &document);
        let mut case = Case {
            new: asked.last["object"].clone(),
            force: asked.last["force"] == json!(true),
            takeover: asked.takeover,
            answer,
        };
        tally[match () {
            () if !case.answer.error.is_empty() => 0,
            () if !case.answer.conflicts.is_empty() => 1,
            () if case.answer.object == without_managed_fields(&case.answer.live) => 2,
            () => 3,
        }] += 1;
        wrong.extend(disagreement(&case, &custom).map(|told| format!("{number}: {told}")));
        if sampled < SAMPLED {
            sampled += 1;
            // What follows the colon lists every mistake, in any order.
            let end = case.answer.error.find(": ").unwrap_or(case.answer.error.len());
            case.answer.error.truncate(end);
            writeln!(sample, "{}", serde_json::to_string(&case).unwrap()).unwrap();
        }
    }
    asking.join().unwrap();
    oracle.wait().unwrap();
    println!(
        "refused, conflict, unchanged, changed: {tally:?}; {} disagreements",
        wrong.len()
    );
    for told in wrong.iter().take(5) {
        println!("{told}\n");
    }
    assert!(wrong.is_empty());
    std::fs::write(SAMPLE, sample.finish().unwrap()).unwrap();
}

fn without_managed_fields(live: &Value) -> Value {
    let mut live = live.clone();
    if let Some(metadata) = live["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    live
}

/// What we say otherwise than the oracle.
fn disagreement(case: &Case, custom: &TypeTable) -> Option<String> {
    let text = case.answer.live.to_string();
    let live = Live::parse(&text).unwrap();
    let field = |name: &str| case.new[name].as_str().unwrap().to_owned();
    let gvk = Gvk::new(field("apiVersion"), field("kind"));
    let shape = TypeTable::builtin().kind(&gvk.api_version, &gvk.kind);
    let on_conflict = if case.force {
        OnConflict::Force
    } else {
        OnConflict::Fail
    };
    let work = Work::of_steps(u64::MAX);
    let write = Write {
        method: if case.takeover {
            Method::ToServerSide(on_conflict)
        } else {
            Method::ServerSide(on_conflict)
        },
        gvk: &gvk,
        shape: shape.or_else(|| custom.kind(&gvk.api_version, &gvk.kind)),
        old: None,
        new: Some(&case.new),
        live: Some(&live),
        manager: "helm",
        work: &work,
    };
    let merged = merge(&write, &case.new, &live);
    let agrees = match &merged {
        Merged::Unchanged => same(&without_managed_fields(&case.answer.live), &case.answer.object),
        Merged::Object(object) => same(&without_managed_fields(object), &case.answer.object),
        Merged::Conflict(conflicts) => {
            conflicts
                .iter()
                .map(|conflict| told(conflict, &gvk))
                .collect::<BTreeSet<_>>()
                == case.answer.conflicts
        }
        Merged::Refused(_) => !case.answer.error.is_empty(),
        Merged::Unknown(_) => false,
    };
    let is_conflict = matches!(merged, Merged::Conflict(_));
    (!agrees || is_conflict == case.answer.conflicts.is_empty()).then(|| {
        format!(
            "{gvk} force {} takeover {}\nnew {}\nlive {text}\noracle {}\nours {merged:?}",
            case.force,
            case.takeover,
            case.new,
            serde_json::to_string(&Answer {
                live: Value::Null,
                ..case.answer.clone()
            })
            .unwrap(),
        )
    })
}

/// Whether two objects are equal, numbers by their values.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let both = one.iter().zip(other);
            one.len() == other.len()
                && both
                    .into_iter()
                    .all(|((name, one), (other_name, other))| name == other_name && same(one, other))
        }
        (one, other) => one == other,
    }
}

/// A conflict as the API server words it (apimachinery: `pkg/util/managedfields/internal/conflict.go`).
fn told(conflict: &Conflict, gvk: &Gvk) -> Told {
    let mut manager = format!("\"{}\"", conflict.manager);
    if !conflict.subresource.is_empty() {
        manager += &format!(" with subresource \"{}\"", conflict.subresource);
    }
    if conflict.operation == Operation::Update {
        manager += &format!(" using {}", gvk.api_version);
    }
    Told {
        path: written(&conflict.path),
        manager,
    }
}

/// A path as structured-merge-diff writes it.
fn written(path: &FieldPath) -> String {
    let one = |segment: &Segment| match segment {
        Segment::Key(key) => format!(".{key}"),
        Segment::Index(index) => format!("[{index}]"),
        Segment::Match(keys) => {
            let keys: Vec<String> = keys
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("[{}]", keys.join(","))
        }
        Segment::Member(value) => format!("[={value}]"),
    };
    path.segments().iter().map(one).collect()
}
