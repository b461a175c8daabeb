//! Client-side apply: the patch and the object, against those of apimachinery and json-patch.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use driftline::apply::client_side::{Patched, patch};
use driftline::compare::work::Work;
use driftline::object::Gvk;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::generate::{Triple, triples};
use crate::support::program::root;

/// Of the triples with an answer, how many may be declined.
const DECLINED_OF_A_THOUSAND: usize = 20;

/// How many triples the sample has beside one of each kind, and how large they may be.
const SAMPLE: usize = 500;
const SAMPLE_BYTES: usize = 2000;

/// What one answer of the oracle says of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// Both have the same patch and the same object.
    SameObject,
    /// Both send nothing.
    SameNothing,
    /// Both fail.
    SameFailure,
    /// It is not told what happens.
    Declined,
    Disagrees,
}

/// What we say, as the oracle would.
fn told(triple: &Triple) -> Value {
    let work = Work::of_steps(10_000_000);
    match patch(&triple.gvk, Some(&triple.old), &triple.new, &triple.live, &work) {
        Patched::Nothing => json!({"patch": {}, "object": triple.live}),
        Patched::Sent { patch, object, .. } => json!({"patch": patch, "object": object}),
        Patched::Refused(refusal) => json!({"error": refusal.rule}),
        Patched::Unknown(reason) => json!({"unknown": reason}),
    }
}

fn verdict(told: &Value, answer: &Value) -> Verdict {
    let is_empty = |patch: &Value| patch.as_object().is_some_and(serde_json::Map::is_empty);
    if told.get("unknown").is_some() {
        Verdict::Declined
    } else if answer["unstable"] == true {
        Verdict::Disagrees
    } else if answer.get("error").is_some() && told.get("error").is_some() {
        Verdict::SameFailure
    } else if answer.get("error").is_some() || answer["patch"] != told["patch"] {
        Verdict::Disagrees
    } else if is_empty(&answer["patch"]) {
        Verdict::SameNothing
    } else if answer["object"] == told["object"] {
        Verdict::SameObject
    } else {
        Verdict::Disagrees
    }
}

fn sample() -> PathBuf {
    root().join("tests/data/apply/strategic.jsonl.gz")
}

fn triple_of(mut line: Value) -> (Triple, Value) {
    let new = line["new"].take();
    let text = |name: &str| new[name].as_str().unwrap().to_owned();
    let gvk = Gvk::new(text("apiVersion"), text("kind"));
    let triple = Triple {
        gvk,
        old: line["old"].take(),
        live: line["live"].take(),
        new,
    };
    (triple, line["answer"].take())
}

#[test]
fn the_sample_agrees_with_apimachinery() {
    let mut lines = String::new();
    GzDecoder::new(fs::File::open(sample()).unwrap())
        .read_to_string(&mut lines)
        .unwrap();
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for line in lines.lines() {
        let (triple, answer) = triple_of(serde_json::from_str(line).unwrap());
        let told = told(&triple);
        let verdict = verdict(&told, &answer);
        assert_ne!(verdict, Verdict::Disagrees, "{line}\n{told}");
        *counts.entry(verdict).or_default() += 1;
    }
    for (verdict, least) in [
        (Verdict::SameObject, 300),
        (Verdict::SameNothing, 20),
        (Verdict::SameFailure, 10),
    ] {
        assert!(counts.get(&verdict) >= Some(&least), "{verdict:?}: {counts:?}");
    }
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Asks the oracle about made-up triples, and hands each on with its answer.
fn ask(oracle: &str, seed: u64, count: usize, mut each: impl FnMut(Triple, Value)) {
    let mut child = Command::new(oracle)
        .arg("strategic")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        for Triple { old, new, live, .. } in triples(seed, count) {
            writeln!(input, "{}", json!({"old": old, "new": new, "live": live})).unwrap();
        }
    });
    let answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for (triple, answer) in triples(seed, count).zip(answers) {
        each(triple, serde_json::from_str(&answer.unwrap()).unwrap());
    }
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
#[ignore = "needs the oracle: tests/data/apply/regenerate"]
#[expect(clippy::disallowed_macros, reason = "who asks the oracle wants the numbers")]
fn thousands_of_triples_agree_with_apimachinery() {
    let oracle = setting("DRIFTLINE_ORACLE").expect("DRIFTLINE_ORACLE names the oracle");
    let count = setting("DRIFTLINE_TRIPLES").map_or(20_000, |count| count.parse().unwrap());
    let seed = setting("DRIFTLINE_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    ask(&oracle, seed, count, |triple, answer| {
        let told = told(&triple);
        let verdict = verdict(&told, &answer);
        let Triple { old, new, live, .. } = &triple;
        assert_ne!(
            verdict,
            Verdict::Disagrees,
            "old {old}\nnew {new}\nlive {live}\nours {told}\ntheirs {answer}"
        );
        *counts.entry(verdict).or_default() += 1;
    });
    println!("{count} triples of seed {seed}: {counts:?}");
    let declined = counts.get(&Verdict::Declined).copied().unwrap_or_default();
    assert!(declined * 1000 <= count * DECLINED_OF_A_THOUSAND, "{counts:?}");
}

#[test]
#[ignore = "writes the sample: tests/data/apply/regenerate"]
fn write_the_sample() {
    let oracle = setting("DRIFTLINE_ORACLE").expect("DRIFTLINE_ORACLE names the oracle");
    let mut kinds = HashSet::new();
    let mut others = 0;
    let mut packed = GzEncoder::new(fs::File::create(sample()).unwrap(), Compression::best());
    ask(&oracle, 0, 4000, |Triple { gvk, old, new, live }, answer| {
        let line = json!({"old": old, "new": new, "live": live, "answer": answer}).to_string();
        let is_small =
            line.len() <= SAMPLE_BYTES && answer["patch"].as_object().is_none_or(|patch| patch.len() > 1);
        let is_wanted = if is_small { others < SAMPLE } else { false };
        if kinds.insert((gvk.api_version, gvk.kind)) || is_wanted {
            others += usize::from(is_small);
            writeln!(packed, "{line}").unwrap();
        }
    });
    packed.finish().unwrap();
}
