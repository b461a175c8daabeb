//! Holds the YAML reader to the outputs of the real kubectl, recorded in `tests/data/yaml/cases.json`.
//!
//! `tests/data/yaml/regenerate` wrote them and says how. A case fails when driftline reads other objects than
//! kubectl, refuses what kubectl reads, or reads what kubectl refuses; the exceptions are listed below with their
//! reasons, and an exception that is none any more fails too.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use driftline::manifest::split::documents;
use driftline::yaml::{Limits, YamlError, parse_document};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

/// Cases that kubectl refuses and driftline reads. Harmless: Helm cannot have installed them.
const READ_THOUGH_REFUSED: &[(&str, &str)] = &[
    (
        "!!timestamp 2001-02-30",
        "whether a day exists is not checked: the value stays a string either way",
    ),
    (
        "scalar double escaped slash",
        "the parser knows YAML 1.2's escape as well",
    ),
    (
        "json number too large",
        "read as YAML after it failed as JSON; kubectl fails later, at the number",
    ),
    (
        "json empty object",
        "kubectl wants a kind; whether that is needed is not for the parser to say",
    ),
];

/// Cases that kubectl reads and driftline refuses or reads otherwise.
const KNOWN_DIFFERENCES: &[(&str, &str)] = &[
    (
        "tag comma block",
        "go-yaml takes commas and brackets for a part of a tag, the parser does not",
    ),
    (
        "structure byte order mark inside",
        "the parser skips the mark on any line, go-yaml only at the start",
    ),
    (
        "json lone surrogate",
        "half a surrogate pair is no character; Go replaces it by U+FFFD",
    ),
];

#[derive(Deserialize)]
struct Case {
    name: String,
    text: String,
    objects: Option<Vec<Value>>,
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../data/yaml/cases.json")).unwrap()
}

/// The objects that driftline finds in a manifest, as Helm would: documents that are null do not count.
fn objects(manifest: &str) -> Result<Vec<Value>, String> {
    let mut objects = Vec::new();
    for document in documents(manifest) {
        let document = document.map_err(|error| error.to_string())?;
        match parse_document(document.text, &Limits::default()).map_err(|error| error.to_string())? {
            Value::Null => {}
            object @ Value::Object(_) => objects.push(object),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err("not an object".to_owned());
            }
        }
    }
    if objects.is_empty() {
        Err("no objects".to_owned())
    } else {
        Ok(objects)
    }
}

#[test]
fn every_recorded_manifest_reads_as_kubectl_read_it() {
    let read_though_refused: BTreeMap<_, _> = READ_THOUGH_REFUSED.iter().copied().collect();
    let known_differences: BTreeMap<_, _> = KNOWN_DIFFERENCES.iter().copied().collect();
    let mut failures = Vec::new();
    let mut unused: Vec<&str> = read_though_refused
        .keys()
        .chain(known_differences.keys())
        .copied()
        .collect();
    for case in cases() {
        let ours = objects(&case.text);
        let agrees = match (&case.objects, &ours) {
            (Some(theirs), Ok(ours)) => theirs == ours,
            (None, Err(_)) => true,
            (Some(_), Err(_)) | (None, Ok(_)) => false,
        };
        let exceptions = if case.objects.is_some() {
            &known_differences
        } else {
            &read_though_refused
        };
        if agrees == exceptions.contains_key(case.name.as_str()) {
            let text: String = case.text.chars().take(300).collect();
            failures.push(format!(
                "{}\n  {text:?}\n  kubectl {:?}\n  driftline {ours:?}",
                case.name, case.objects
            ));
        }
        unused.retain(|name| *name != case.name);
    }
    assert!(
        failures.is_empty(),
        "{} cases:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(unused.is_empty(), "exceptions without a case: {unused:?}");
}

#[test]
fn the_recorded_manifests_are_many_distinct_and_of_both_kinds() {
    let cases = cases();
    let names: HashMap<_, _> = cases.iter().map(|case| (&case.name, &case.text)).collect();
    let refused = cases.iter().filter(|case| case.objects.is_none()).count();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() - refused >= 300, "{} read", cases.len() - refused);
    assert!(refused >= 100, "{refused} refused");
}

#[test]
fn no_error_repeats_any_of_the_text() {
    // What stands in a broken manifest may be a Secret's value: errors name a place and a reason only.
    let secret = "hunter2SUPERSECRET";
    let hidden = |text: &str| text.replace(['x', 'a'], secret);
    let mut refused = 0;
    for case in cases().iter().filter(|case| case.objects.is_none()) {
        if let Err(error) = objects(&hidden(&case.text)) {
            refused += 1;
            assert!(!error.contains("hunter2"), "{}: {error}", case.name);
        }
    }
    assert!(refused >= 50, "{refused} refused");
}

/// What a mutation inserts: everything that has a meaning to YAML or to the splitter.
const PIECES: &[&str] = &[
    " ", "\n", "\t", "\r", "\r\n", "- ", "? ", ": ", ":", ",", "[", "]", "{", "}", "#", " #", "&a ", "*a",
    "!", "!!int ", "|", "|2-", ">", "'", "\"", "\\", "\\'", "%", "---", "\n---\n", "...", "<<: ", "~",
    "\u{85}", "\u{2028}", "\u{feff}", "é", "\0",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The parser's panics are caught and become an error; the only one known of it needs a tag.
    #[test]
    fn mutated_manifests_are_read_or_properly_refused(
        case in any::<prop::sample::Index>(),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), 0..5_usize, prop::sample::select(PIECES)), 1..6),
    ) {
        static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
            cases().into_iter().map(|case| case.text).filter(|text| text.len() < 2000).collect()
        });
        let mut characters: Vec<char> = case.get(&TEXTS).chars().collect();
        for (place, removed, inserted) in mutations {
            let start = place.index(characters.len() + 1);
            let end = characters.len().min(start + removed);
            characters.splice(start..end, inserted.chars());
        }
        let text: String = characters.into_iter().collect();
        for document in documents(&text).flatten() {
            let failed = parse_document(document.text, &Limits::default()) == Err(YamlError::ParserFailed);
            prop_assert!(!failed || document.text.contains('!'));
        }
    }
}
