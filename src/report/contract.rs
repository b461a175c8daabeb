//! Holds the JSON form of the model to its schema, in both directions.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fixtures;
use super::json::{self, JSON_SCHEMA};
use crate::model::Report;
use crate::vocabulary::{
    ApplyMethod, ChangeStatus, CheckedOutcome, DriftCorrection, Ending, FindingCode, HealthCode,
    HealthSeverity, IdleReason, KeyCertainty, ManagingTool, MemoryDetail, NextUpgrade, NoKeyReason,
    ObjectState, OrphanRecords, Outcome, PreviewAction, PreviewCause, PreviewEffect, PreviewOutcome,
    PreviewedOperation, ResolvedKind, Severity, SinceSource, Stopped, ValueOrigin, Verdict,
};

fn schema() -> Value {
    serde_json::from_str(JSON_SCHEMA).unwrap()
}

fn rendered(report: &Report) -> Value {
    let mut out = Vec::new();
    json::render(report, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn the_schema_is_itself_valid() {
    jsonschema::meta::validate(&schema()).unwrap();
}

#[test]
fn every_rendered_report_is_valid() {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema())
        .unwrap();
    for (name, report) in fixtures::every().into_iter().chain(fixtures::previews::every()) {
        let document = rendered(&report);
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({"schema": "driftline.report/v2"})));
}

#[test]
fn enums_are_the_vocabularies() {
    let schema = schema();
    let check = |name: &str, names: Vec<&str>| {
        assert_eq!(schema["$defs"][name]["enum"], serde_json::json!(names), "{name}");
    };
    macro_rules! check {
        ($($def:literal: $vocabulary:ident),+) => {
            $(check($def, $vocabulary::ALL.iter().map(|value| value.as_str()).collect());)+
        };
    }
    check!(
        "findingCode": FindingCode, "severity": Severity, "objectState": ObjectState, "verdict": Verdict,
        "healthCode": HealthCode, "healthSeverity": HealthSeverity, "nextUpgrade": NextUpgrade,
        "idleReason": IdleReason, "managingTool": ManagingTool, "driftCorrection": DriftCorrection, "applyMethod": ApplyMethod, "orphanRecords": OrphanRecords,
        "outcome": Outcome, "stopped": Stopped, "previewedOperation": PreviewedOperation, "previewOutcome": PreviewOutcome,
        "changeStatus": ChangeStatus, "sinceSource": SinceSource, "ending": Ending, "resolvedKind": ResolvedKind,
        "memoryDetail": MemoryDetail, "previewAction": PreviewAction, "previewEffect": PreviewEffect, "previewCause": PreviewCause,
        "valueOrigin": ValueOrigin, "keyCertainty": KeyCertainty, "noKeyReason": NoKeyReason, "checkedOutcome": CheckedOutcome
    );
}

/// A report that does not list everything: one that really had so many findings would be too long for a golden.
fn cut() -> Report {
    let mut report = fixtures::drifted();
    let mut objects = report
        .releases
        .iter_mut()
        .flat_map(|release| &mut release.objects);
    let object = objects.find(|object| !object.findings.is_empty()).unwrap();
    object.left_out.drift = 1;
    object.next_upgrade_reason = Some("a reason".to_owned());
    let finding = &mut object.findings[0];
    finding.shortened = true;
    finding.next_upgrade = Some(NextUpgrade::Becomes);
    finding.next_upgrade_reason = Some("a reason".to_owned());
    finding.becomes = Some(Value::Null);
    report
}

#[test]
fn every_property_is_described_and_produced() {
    let schema = schema();
    let mut produced = BTreeSet::new();
    for report in fixtures::every()
        .into_iter()
        .chain(fixtures::previews::every())
        .map(|(_, report)| report)
        .chain([cut(), fixtures::with_values()])
    {
        walk(&schema, &schema, &rendered(&report), "", &mut produced);
    }
    let mut described = BTreeSet::new();
    properties(&schema, &schema, "", &mut described);
    // Operations of a patch are RFC 6902's, not the model's.
    described.retain(|place| !place.contains("/patch[]/"));
    produced.retain(|place| !place.contains("/patch[]/"));
    assert_eq!(produced, described);
}

/// A reader who has the schema alone knows what each name means.
#[test]
fn every_definition_and_every_word_is_described() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap();
    assert!(definitions.len() > 50);
    for (name, definition) in definitions {
        let description = definition["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty(), "{name} has no description");
        let words = definition["enum"].as_array().into_iter().flatten();
        for word in words.filter_map(Value::as_str) {
            let is_described = description.contains(&format!("`{word}`"));
            let is_explained = description.contains("`driftline explain ");
            assert!(
                is_described || is_explained,
                "{name} does not say what {word} means"
            );
            assert!(
                is_described || crate::explain::explain(word).is_ok(),
                "{word} is not explained"
            );
        }
    }
}

#[test]
fn every_example_is_valid() {
    let schema = schema();
    let mut places = Vec::new();
    places_with_examples(&schema, "#", &mut places);
    assert!(places.len() > 15, "{places:?}");
    for place in places {
        let mut of_place = serde_json::json!({"$schema": schema["$schema"], "$defs": schema["$defs"]});
        let part = schema.pointer(place.trim_start_matches('#')).unwrap();
        if place == "#" {
            of_place = schema.clone();
        } else {
            of_place["$ref"] = Value::String(place.clone());
        }
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&of_place)
            .unwrap();
        for example in part["examples"].as_array().unwrap() {
            let errors: Vec<_> = validator
                .iter_errors(example)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{place}: {errors:#?}");
        }
    }
}

/// Nothing of the example is passed over by the program itself, and it has the fingerprints that the program gives.
#[test]
fn the_example_is_a_report() {
    let example = &schema()["examples"][0];
    let mut report = Report::from_json(example.to_string().as_bytes()).unwrap();
    assert_eq!(report.notes, []);
    assert_eq!(rendered(&report), *example);
    let given = report.clone();
    super::identity::identify(&mut report);
    assert_eq!(report, given);
}

/// Where the schema has examples, as references to these places.
fn places_with_examples(schema: &Value, place: &str, found: &mut Vec<String>) {
    let Value::Object(members) = schema else { return };
    if members.get("examples").is_some_and(Value::is_array) {
        found.push(place.to_owned());
    }
    for (name, member) in members.iter().filter(|(name, _)| *name != "examples") {
        places_with_examples(member, &format!("{place}/{name}"), found);
    }
}

/// The schemas that may apply to a value.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return vec![root.pointer(reference.trim_start_matches('#')).unwrap()];
    }
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(options) => options.iter().flat_map(|option| resolve(root, option)).collect(),
        None => vec![schema],
    }
}

/// Follows a document through the schema and fails where the schema knows nothing of a property.
fn walk(root: &Value, schema: &Value, document: &Value, place: &str, seen: &mut BTreeSet<String>) {
    let schemas = resolve(root, schema);
    let under = |name: &str| schemas.iter().find_map(|schema| schema.get(name));
    match document {
        Value::Object(members) => {
            // Without properties it is a value of the cluster's, which may be anything.
            let Some(properties) = under("properties") else {
                return;
            };
            for (name, member) in members {
                let place = format!("{place}/{name}");
                let property = properties
                    .get(name)
                    .unwrap_or_else(|| panic!("{place} is not in the schema"));
                assert!(property["description"].is_string(), "{place} has no description");
                walk(root, property, member, &place, seen);
                seen.insert(place);
            }
        }
        Value::Array(items) => {
            let Some(schema) = under("items") else { return };
            for item in items {
                walk(root, schema, item, &format!("{place}[]"), seen);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every place that the schema describes.
fn properties(root: &Value, schema: &Value, place: &str, found: &mut BTreeSet<String>) {
    for schema in resolve(root, schema) {
        for (name, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let place = format!("{place}/{name}");
            properties(root, property, &place, found);
            found.insert(place);
        }
        if let Some(items) = schema.get("items") {
            properties(root, items, &format!("{place}[]"), found);
        }
    }
}
