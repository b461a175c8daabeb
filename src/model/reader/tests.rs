//! Reports of the future, and what this version makes of them.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::report::fixtures;
use crate::report::json::JSON_SCHEMA;
use crate::report::sanitize::is_unsafe;

const FUTURE: &str = "of-the-future";

/// The effect of an unknown word on the report.
enum Fate {
    /// The report is refused, naming the field.
    Refused,
    /// The entry that so many steps of the pointer lead to is left out.
    LeftOut(usize),
    /// The field is cleared.
    Cleared,
    /// The object that has the field is cleared.
    ObjectCleared,
}

/// Every field of the contract that holds a word, by its path, and the effect of an unknown word there.
const FIELDS: [(&str, Fate); 40] = [
    ("/comparedWith/detail", Fate::ObjectCleared),
    ("/resolved[]/kind", Fate::LeftOut(2)),
    ("/resolved[]/how", Fate::LeftOut(2)),
    ("/releases[]/status", Fate::Cleared),
    ("/releases[]/since/from", Fate::ObjectCleared),
    ("/releases[]/health[]/status", Fate::Cleared),
    ("/releases[]/health[]/since/from", Fate::ObjectCleared),
    ("/releases[]/objects[]/status", Fate::Cleared),
    ("/releases[]/objects[]/since/from", Fate::ObjectCleared),
    ("/releases[]/objects[]/findings[]/status", Fate::Cleared),
    ("/releases[]/objects[]/findings[]/since/from", Fate::ObjectCleared),
    ("/outcome", Fate::Refused),
    ("/stopped", Fate::Refused),
    ("/ignored[]/rule", Fate::LeftOut(2)),
    ("/ignored[]/idle", Fate::Cleared),
    ("/ignored[]/idleInShard", Fate::Cleared),
    ("/orphans[]/records", Fate::LeftOut(2)),
    ("/releases[]/verdict", Fate::LeftOut(2)),
    ("/releases[]/applyMethod", Fate::Cleared),
    ("/releases[]/managedBy/tool", Fate::ObjectCleared),
    ("/releases[]/managedBy/driftCorrection", Fate::Cleared),
    ("/releases[]/health[]/code", Fate::LeftOut(4)),
    ("/releases[]/health[]/severity", Fate::LeftOut(4)),
    ("/releases[]/preview/operation", Fate::ObjectCleared),
    ("/releases[]/preview/applyMethod", Fate::ObjectCleared),
    ("/releases[]/preview/outcome", Fate::ObjectCleared),
    ("/releases[]/preview/causes[]/code", Fate::LeftOut(5)),
    ("/releases[]/preview/objects[]/action", Fate::LeftOut(5)),
    ("/releases[]/preview/objects[]/fields[]/effect", Fate::LeftOut(7)),
    ("/releases[]/objects[]/state", Fate::LeftOut(4)),
    ("/releases[]/objects[]/ignoredBy", Fate::Cleared),
    ("/releases[]/objects[]/nextUpgrade", Fate::Cleared),
    ("/releases[]/objects[]/findings[]/code", Fate::LeftOut(6)),
    ("/releases[]/objects[]/findings[]/severity", Fate::LeftOut(6)),
    ("/releases[]/objects[]/findings[]/ignoredBy", Fate::LeftOut(6)),
    ("/releases[]/objects[]/findings[]/nextUpgrade", Fate::Cleared),
    (
        "/releases[]/objects[]/findings[]/values/origin",
        Fate::ObjectCleared,
    ),
    (
        "/releases[]/objects[]/findings[]/values/certainty",
        Fate::ObjectCleared,
    ),
    (
        "/releases[]/objects[]/findings[]/noValues/code",
        Fate::ObjectCleared,
    ),
    ("/releases[]/valuesCheck/fields[]/outcome", Fate::LeftOut(5)),
];

fn read(document: &Value) -> Result<Report, ReadReportError> {
    Report::from_json(document.to_string().as_bytes())
}

fn documents() -> Vec<Value> {
    let reports = fixtures::every().into_iter().chain(fixtures::previews::every());
    reports
        .map(|(_, report)| report)
        .chain([fixtures::with_values()])
        .map(|report| serde_json::to_value(report).unwrap())
        .collect()
}

/// The pointers into a document that match a path, in which `[]` stands for any position.
fn pointers(document: &Value, path: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for name in path.split('/').skip(1) {
        let (name, is_list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        found = found
            .iter()
            .map(|pointer| format!("{pointer}/{name}"))
            .flat_map(|pointer| match document.pointer(&pointer) {
                Some(Value::Array(entries)) if is_list => {
                    (0..entries.len()).map(|at| format!("{pointer}/{at}")).collect()
                }
                Some(value) if !is_list && !value.is_null() => vec![pointer],
                Some(_) | None => Vec::new(),
            })
            .collect();
    }
    found
}

/// Collects the paths of the schema that hold a word of a vocabulary.
fn word_paths(root: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let target = schema["$ref"]
        .as_str()
        .map(|to| (to, root.pointer(&to[1..]).unwrap()));
    if let Some((name, target)) = target {
        if target["enum"].is_array() || name.ends_with("/ignoredBy") {
            found.insert(path.to_owned());
        }
        return word_paths(root, target, path, found);
    }
    for option in schema["anyOf"].as_array().into_iter().flatten() {
        word_paths(root, option, path, found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        word_paths(root, property, &format!("{path}/{name}"), found);
    }
    if schema["items"].is_object() {
        word_paths(root, &schema["items"], &format!("{path}[]"), found);
    }
}

#[test]
fn every_report_reads_back() {
    for (name, report) in fixtures::every() {
        let json = serde_json::to_vec(&report).unwrap();
        assert_eq!(Report::from_json(&json).unwrap(), report, "{name}");
    }
}

#[test]
fn every_word_of_the_contract_is_in_the_table() {
    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let mut words = BTreeSet::new();
    word_paths(&schema, &schema, "", &mut words);
    let table: BTreeSet<String> = FIELDS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(words, table);
}

#[test]
fn an_unknown_word_anywhere_takes_no_more_with_it_than_it_must() {
    let documents = documents();
    for (path, fate) in FIELDS {
        let mut tried = 0;
        for document in &documents {
            for pointer in pointers(document, path) {
                tried += 1;
                let mut future = document.clone();
                *future.pointer_mut(&pointer).unwrap() = json!(FUTURE);
                let result = read(&future);
                let mut expected = document.clone();
                match fate {
                    Fate::Refused => {
                        let error = result.unwrap_err().to_string();
                        assert!(error.contains(&pointer[1..]) && error.contains(FUTURE), "{error}");
                        continue;
                    }
                    Fate::LeftOut(steps) => {
                        let entry: Vec<&str> = pointer.split('/').take(steps + 1).collect();
                        let (at, list) = entry.split_last().unwrap();
                        let list = expected.pointer_mut(&list.join("/")).unwrap();
                        list.as_array_mut().unwrap().remove(at.parse().unwrap());
                    }
                    Fate::ObjectCleared => {
                        let (object, _) = pointer.rsplit_once('/').unwrap();
                        *expected.pointer_mut(object).unwrap() = Value::Null;
                    }
                    Fate::Cleared => *expected.pointer_mut(&pointer).unwrap() = Value::Null,
                }
                let mut report = result.unwrap();
                let is_new =
                    |note: &ReportNote| note.scope == ReportError::REPORT && note.message.contains(FUTURE);
                assert_eq!(
                    report.notes.iter().filter(|note| is_new(note)).count(),
                    1,
                    "{pointer}"
                );
                report.notes.retain(|note| !is_new(note));
                assert_eq!(report, serde_json::from_value(expected).unwrap(), "{pointer}");
                // A value that is no word is a mistake in any version.
                *future.pointer_mut(&pointer).unwrap() = json!({"of": "the future"});
                assert!(
                    matches!(read(&future), Err(ReadReportError::Form { .. })),
                    "{pointer}"
                );
            }
        }
        assert!(tried > 0, "no report has {path}");
    }
}

#[test]
fn each_use_of_an_unknown_word_has_one_note() {
    let mut document = serde_json::to_value(fixtures::drifted()).unwrap();
    let objects = document["releases"].as_array_mut().unwrap().iter_mut();
    let objects = objects.flat_map(|release| release["objects"].as_array_mut().unwrap());
    let findings = objects.flat_map(|object| object["findings"].as_array_mut().unwrap());
    for (at, finding) in findings.take(4).enumerate() {
        match at {
            0 | 1 => finding["code"] = json!("twisted"),
            2 => finding["code"] = json!("x".repeat(500)),
            _ => finding["nextUpgrade"] = json!("ponders"),
        }
        finding["another"] = json!({"field": "of the future"});
    }
    document["memory"] = json!([1, 2, 3]);
    let notes = read(&document).unwrap().notes.into_iter();
    let notes: Vec<String> = notes
        .filter(|note| note.scope == ReportError::REPORT)
        .map(|note| note.message)
        .collect();
    let long = format!("{}…", "x".repeat(WORD));
    assert_eq!(
        notes,
        [
            format!("1 finding with the code `{long}`, which this version does not know, was passed over"),
            "2 findings with the code `twisted`, which this version does not know, were passed over"
                .to_owned(),
            "the `nextUpgrade` `ponders` of 1 finding, which this version does not know, was passed over"
                .to_owned(),
        ]
    );
}

#[test]
fn another_contract_is_refused_in_one_sentence() {
    for (document, error) in [
        (
            json!({"schema": "driftline.report/v2", "outcome": FUTURE}),
            "the document is no report that this version reads: its schema is `driftline.report/v2`, not \
             `driftline.report/v1`",
        ),
        (
            json!([]),
            "it is not a report in JSON, as `-o json` or DRIFTLINE_OUTPUT=json makes it (in UTF-8)",
        ),
        (
            json!({"schema": SCHEMA, "outcome": "clean"}),
            "the report cannot be read: the document lacks `tool`",
        ),
        (
            json!({"schema": SCHEMA, "outcome": "clean", "stopped": ""}),
            "the report's stopped is `\"\"`, which this version does not know and cannot pass over",
        ),
    ] {
        assert_eq!(read(&document).unwrap_err().to_string(), error);
    }
    let deep = format!("{{\"schema\": {}", "[".repeat(100_000));
    assert!(Report::from_json(deep.as_bytes()).is_err());
}

#[test]
fn errors_say_where_and_what_would_be_right_and_quote_nothing() {
    let whole = serde_json::to_value(fixtures::all()).unwrap();
    let hostile = format!("hunter2\u{1b}[31m`\n\u{202e}{}", "A".repeat(1_000_000));
    let finding = pointers(&whole, "/releases[]/objects[]/findings[]/ignoredBy").remove(0);
    for (place, value, problem) in [
        ("/releases/0", json!(hostile), "releases[0] should be an object"),
        (
            "/releases/0/objects",
            json!(hostile),
            "releases[0].objects should be an array",
        ),
        (
            "/releases/0/name",
            json!({&hostile: 1}),
            "releases[0].name should be a string",
        ),
        ("/tool", json!({&hostile: 1}), "tool lacks `name`"),
        (
            "/summary/objects/total",
            json!(-1),
            "should be a whole number of at least 0",
        ),
        ("/startedAt", json!(hostile), "startedAt "),
        ("/schema", json!(hostile), "its schema is `hunter2??31m???AAA"),
        ("/outcome", json!(hostile), "outcome is `hunter2??31m???AAA"),
        (
            &finding,
            json!(-1),
            "ignoredBy should be the number of an ignore rule, from 1, or `annotation`",
        ),
        (
            &finding,
            json!(0),
            "ignoredBy should be the number of an ignore rule, from 1, or `annotation`",
        ),
        (
            &finding,
            json!(1.5),
            "ignoredBy should be the number of an ignore rule, from 1, or `annotation`",
        ),
        (
            &finding,
            json!({"rule": 99}),
            "ignoredBy should be the number of an ignore rule, from 1, or `annotation`",
        ),
    ] {
        let mut document = whole.clone();
        *document.pointer_mut(place).unwrap() = value;
        let error = read(&document).unwrap_err().to_string();
        assert!(error.contains(problem), "{place}: {error}");
        assert_eq!(error.matches('`').count() % 2, 0, "{error}");
        assert!(error.len() < 250 && !error.chars().any(is_unsafe), "{error:?}");
    }
    let error = Report::from_json(b"{\"schema\": hunter2}")
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("at line 1 column 12"), "{error}");
}

#[test]
fn a_report_of_another_form_is_told_from_a_broken_one() {
    let whole = serde_json::to_string(&fixtures::drifted()).unwrap();
    let marked = format!("\u{feff}{whole}");
    assert_eq!(Report::from_json(marked.as_bytes()).unwrap(), fixtures::drifted());
    let utf_16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for other in [&b"schema: driftline.report/v1\n"[..], &utf_16] {
        let error = Report::from_json(other).unwrap_err();
        assert!(matches!(error, ReadReportError::NotJson), "{error}");
    }
    for nothing in [&b""[..], b" \n", b"\xef\xbb\xbf"] {
        assert_eq!(Report::from_json(nothing).unwrap_err().to_string(), "it is empty");
    }
    let error = Report::from_json(&whole.as_bytes()[..99]).unwrap_err();
    assert!(error.to_string().contains("EOF while parsing"), "{error}");
    assert!(
        std::error::Error::source(&error).is_none(),
        "it would be said twice"
    );
}

#[test]
fn a_document_that_may_have_lost_releases_is_refused() {
    let whole = serde_json::to_string(&fixtures::drifted()).unwrap();
    let twice = format!("{},\"releases\":[]}}", whole.strip_suffix('}').unwrap());
    let error = Report::from_json(twice.as_bytes()).unwrap_err().to_string();
    assert!(
        error.contains("a name stands twice in one object at line 1 column "),
        "{error}"
    );
    let mut short: Value = serde_json::from_str(&whole).unwrap();
    let count = short["releases"].as_array().unwrap().len();
    short["releases"] = json!([]);
    assert_eq!(
        read(&short).unwrap_err().to_string(),
        format!("the report is not whole: its summary counts {count} releases, and it has 0")
    );
}

#[test]
fn notes_are_limited_and_harmless() {
    let mut document = serde_json::to_value(fixtures::drifted()).unwrap();
    let finding = pointers(&document, "/releases[]/objects[]/findings[]").remove(0);
    let findings = document.pointer_mut(finding.rsplit_once('/').unwrap().0).unwrap();
    let mut unknown = findings[0].clone();
    let unknowns = (0..20_000).map(|number| {
        unknown["code"] = json!(format!("later`\u{1b}\n-{number}"));
        unknown.clone()
    });
    *findings = unknowns.collect();
    let notes = read(&document).unwrap().notes;
    let messages: Vec<&str> = (notes.iter().filter(|note| note.scope == ReportError::REPORT))
        .map(|note| note.message.as_str())
        .collect();
    assert_eq!(messages.len(), NOTES + 1);
    let rest = "further words that this version does not know were passed over; words: 19980, entries: 19980";
    assert!(messages.contains(&rest), "{messages:?}");
    assert!(
        messages
            .iter()
            .any(|message| message.contains("the code `later???-0`")),
        "{messages:?}"
    );
}
