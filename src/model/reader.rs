//! Reads a report back, of this version or of a later one.
//!
//! The contract is additive: later versions add fields and words, and readers pass over what they do not know. Unknown
//! fields are passed over silently. An entry that says something in an unknown word (a finding, a health entry, an
//! object, a release, the count of an ignore rule) is left out, and an optional field that only adds to its entry is
//! cleared; each is said in a note of the report, so that a part never looks like the whole. The counts in the summary
//! stay those of whoever wrote the report.
//!
//! Two words cannot be passed over: the outcome, without which there is no answer, and why the scan was stopped, without
//! which half a scan would look like a whole one. A report with such a word is refused. What is no word at all where a
//! word belongs is an error of the document and no sign of a later version.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{IgnoredBy, Report, ReportNote, SCHEMA};
use crate::vocabulary::{
    ApplyMethod, FindingCode, HealthCode, HealthSeverity, NextUpgrade, ObjectState, Outcome, Severity,
    Stopped, Verdict,
};

/// The largest report that is read, in bytes: far more than the largest cluster makes.
const MAX_BYTES: usize = 256 << 20;

/// How many characters of an unknown word a note repeats.
const WORD: usize = 60;

/// The scope of the notes on what was passed over.
const SCOPE: &str = "report";

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadReportError {
    /// It is larger than any report should be.
    #[error("the report is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    /// It follows another contract.
    #[error("the document is no report that this version reads: its schema is `{found}`, not `{SCHEMA}`")]
    Schema {
        /// What it says of itself, or that it says nothing.
        found: String,
    },
    /// It says something in a later version's word that cannot be passed over.
    #[error("the report's {field} is `{word}`, which this version does not know and cannot pass over")]
    Word {
        /// Which field of the report.
        field: &'static str,
        /// The word.
        word: String,
    },
    /// It is no JSON, nests too deeply, or lacks what every report has.
    #[error("the report cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

impl Report {
    /// Reads a report from its JSON form, and notes what had to be passed over because this version does not know it.
    pub fn from_json(json: &[u8]) -> Result<Self, ReadReportError> {
        if json.len() > MAX_BYTES {
            return Err(ReadReportError::TooLarge);
        }
        // The parser refuses what nests deeper than 128 levels.
        let mut document: Value = serde_json::from_slice(json)?;
        match document.get("schema") {
            Some(Value::String(schema)) if schema == SCHEMA => {}
            Some(Value::String(schema)) => {
                return Err(ReadReportError::Schema { found: short(schema) });
            }
            Some(_) | None => {
                return Err(ReadReportError::Schema {
                    found: "none".to_owned(),
                });
            }
        }
        let indispensable = [
            ("outcome", unknown::<Outcome>(&document, "outcome")),
            ("stopped", unknown::<Stopped>(&document, "stopped")),
        ];
        for (field, word) in indispensable {
            if let Some(word) = word {
                return Err(ReadReportError::Word { field, word });
            }
        }
        let mut passed = PassedOver::default();
        passed.report(&mut document);
        let mut report: Self = serde_json::from_value(document)?;
        report.notes.extend(passed.notes());
        report.notes.sort();
        Ok(report)
    }
}

/// What was passed over: how many of which thing, and the word that is unknown.
#[derive(Default)]
struct PassedOver(BTreeMap<(Thing, String), usize>);

/// What an unknown word takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Thing {
    singular: &'static str,
    plural: &'static str,
    /// The field that holds the word.
    field: &'static str,
    loss: Loss,
}

/// How much an unknown word takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    /// The whole entry.
    Entry,
    /// The field alone.
    Field,
}

impl Thing {
    const fn entry(singular: &'static str, plural: &'static str, field: &'static str) -> Self {
        Self {
            singular,
            plural,
            field,
            loss: Loss::Entry,
        }
    }

    const fn field(singular: &'static str, plural: &'static str, field: &'static str) -> Self {
        Self {
            loss: Loss::Field,
            ..Self::entry(singular, plural, field)
        }
    }

    /// What is said of so many of them with one word.
    fn note(self, word: &str, count: usize) -> String {
        let (noun, were) = match count {
            1 => (self.singular, "was"),
            _ => (self.plural, "were"),
        };
        let field = self.field;
        match self.loss {
            Loss::Entry => format!(
                "{count} {noun} with the {field} `{word}`, which this version does not know, {were} passed over"
            ),
            Loss::Field => format!(
                "the {field} `{word}` of {count} {noun}, which this version does not know, was passed over"
            ),
        }
    }
}

impl PassedOver {
    /// Takes out of a document whatever this version does not know.
    fn report(&mut self, document: &mut Value) {
        const RULE: Thing = Thing::entry("count of an ignore rule", "counts of ignore rules", "rule");
        const VERDICT: Thing = Thing::entry("release", "releases", "verdict");
        const METHOD: Thing = Thing::field("release", "releases", "apply method");
        retain(document, "ignored", |count| {
            !self.is_unknown::<IgnoredBy>(count, "rule", RULE)
        });
        retain(document, "releases", |release| {
            if self.is_unknown::<Verdict>(release, "verdict", VERDICT) {
                return false;
            }
            self.clear::<ApplyMethod>(release, "applyMethod", METHOD);
            self.health(release);
            retain(release, "objects", |object| self.object(object));
            true
        });
    }

    fn health(&mut self, release: &mut Value) {
        const CODE: Thing = Thing::entry("health entry", "health entries", "code");
        const SEVERITY: Thing = Thing::entry("health entry", "health entries", "severity");
        retain(release, "health", |health| {
            !self.is_unknown::<HealthCode>(health, "code", CODE)
                && !self.is_unknown::<HealthSeverity>(health, "severity", SEVERITY)
        });
    }

    /// Whether an object is kept.
    fn object(&mut self, object: &mut Value) -> bool {
        const STATE: Thing = Thing::entry("object", "objects", "state");
        const IGNORED_BY: Thing = Thing::field("object", "objects", "`ignoredBy`");
        const NEXT_UPGRADE: Thing = Thing::field("object", "objects", "`nextUpgrade`");
        if self.is_unknown::<ObjectState>(object, "state", STATE) {
            return false;
        }
        // The state says already that the object is ignored.
        self.clear::<IgnoredBy>(object, "ignoredBy", IGNORED_BY);
        self.clear::<NextUpgrade>(object, "nextUpgrade", NEXT_UPGRADE);
        retain(object, "findings", |finding| self.finding(finding));
        true
    }

    /// Whether a finding is kept.
    fn finding(&mut self, finding: &mut Value) -> bool {
        const CODE: Thing = Thing::entry("finding", "findings", "code");
        const SEVERITY: Thing = Thing::entry("finding", "findings", "severity");
        const IGNORED_BY: Thing = Thing::entry("finding", "findings", "`ignoredBy`");
        const NEXT_UPGRADE: Thing = Thing::field("finding", "findings", "`nextUpgrade`");
        // Without who ignores it an ignored finding would count as drift.
        if self.is_unknown::<FindingCode>(finding, "code", CODE)
            || self.is_unknown::<Severity>(finding, "severity", SEVERITY)
            || self.is_unknown::<IgnoredBy>(finding, "ignoredBy", IGNORED_BY)
        {
            return false;
        }
        self.clear::<NextUpgrade>(finding, "nextUpgrade", NEXT_UPGRADE);
        true
    }

    /// Whether an entry holds an unknown word, which is counted.
    fn is_unknown<W: DeserializeOwned>(&mut self, entry: &Value, field: &str, thing: Thing) -> bool {
        let word = unknown::<W>(entry, field);
        let is_unknown = word.is_some();
        if let Some(word) = word {
            *self.0.entry((thing, word)).or_default() += 1;
        }
        is_unknown
    }

    /// Clears an optional field that holds an unknown word, which is counted.
    fn clear<W: DeserializeOwned>(&mut self, entry: &mut Value, field: &str, thing: Thing) {
        if self.is_unknown::<W>(entry, field, thing) {
            entry[field] = Value::Null;
        }
    }

    /// A note on each kind of thing and word.
    fn notes(self) -> impl Iterator<Item = ReportNote> {
        self.0.into_iter().map(|((thing, word), count)| ReportNote {
            scope: SCOPE.to_owned(),
            message: thing.note(&word, count),
        })
    }
}

/// The word in a field, where there is one that this version does not know.
fn unknown<W: DeserializeOwned>(entry: &Value, field: &str) -> Option<String> {
    let value = entry.get(field)?;
    let word = value.as_str()?;
    W::deserialize(value).is_err().then(|| short(word))
}

/// Keeps the entries of a list that `keep` wants. Whatever is no list is left to the reader of the model to refuse.
fn retain(of: &mut Value, list: &str, keep: impl FnMut(&mut Value) -> bool) {
    if let Some(entries) = of.get_mut(list).and_then(Value::as_array_mut) {
        entries.retain_mut(keep);
    }
}

/// A word of bearable length.
fn short(word: &str) -> String {
    match word.char_indices().nth(WORD) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::report::fixtures;
    use crate::report::json::JSON_SCHEMA;

    const FUTURE: &str = "of-the-future";

    /// What becomes of a report when a word in it is unknown.
    enum Fate {
        /// The report is refused, naming the field.
        Refused,
        /// The entry that so many steps of the pointer lead to is left out.
        LeftOut(usize),
        /// The field is cleared.
        Cleared,
    }

    /// Every field of the contract that holds a word, in the form of `place`, and what an unknown word does to it.
    const FIELDS: [(&str, Fate); 14] = [
        ("/outcome", Fate::Refused),
        ("/stopped", Fate::Refused),
        ("/ignored[]/rule", Fate::LeftOut(2)),
        ("/releases[]/verdict", Fate::LeftOut(2)),
        ("/releases[]/applyMethod", Fate::Cleared),
        ("/releases[]/health[]/code", Fate::LeftOut(4)),
        ("/releases[]/health[]/severity", Fate::LeftOut(4)),
        ("/releases[]/objects[]/state", Fate::LeftOut(4)),
        ("/releases[]/objects[]/ignoredBy", Fate::Cleared),
        ("/releases[]/objects[]/nextUpgrade", Fate::Cleared),
        ("/releases[]/objects[]/findings[]/code", Fate::LeftOut(6)),
        ("/releases[]/objects[]/findings[]/severity", Fate::LeftOut(6)),
        ("/releases[]/objects[]/findings[]/ignoredBy", Fate::LeftOut(6)),
        ("/releases[]/objects[]/findings[]/nextUpgrade", Fate::Cleared),
    ];

    fn read(document: &Value) -> Result<Report, ReadReportError> {
        Report::from_json(document.to_string().as_bytes())
    }

    fn documents() -> Vec<Value> {
        let reports = fixtures::every().into_iter();
        reports
            .map(|(_, report)| serde_json::to_value(report).unwrap())
            .collect()
    }

    /// The pointers of a document that a place with `[]` for positions stands for.
    fn pointers(document: &Value, place: &str) -> Vec<String> {
        let mut found = vec![String::new()];
        for name in place.split('/').skip(1) {
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

    /// The places of the schema that hold a word of a vocabulary.
    fn places(root: &Value, schema: &Value, place: &str, found: &mut BTreeSet<String>) {
        let target = schema["$ref"]
            .as_str()
            .map(|to| (to, root.pointer(&to[1..]).unwrap()));
        if let Some((name, target)) = target {
            if target["enum"].is_array() || name.ends_with("/ignoredBy") {
                found.insert(place.to_owned());
            }
            return places(root, target, place, found);
        }
        for option in schema["anyOf"].as_array().into_iter().flatten() {
            places(root, option, place, found);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            places(root, property, &format!("{place}/{name}"), found);
        }
        if schema["items"].is_object() {
            places(root, &schema["items"], &format!("{place}[]"), found);
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
        places(&schema, &schema, "", &mut words);
        let table: BTreeSet<String> = FIELDS.iter().map(|(place, _)| (*place).to_owned()).collect();
        assert_eq!(words, table);
    }

    #[test]
    fn an_unknown_word_anywhere_takes_no_more_with_it_than_it_must() {
        for (place, fate) in FIELDS {
            let mut tried = 0;
            for document in documents() {
                for pointer in pointers(&document, place) {
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
                        Fate::Cleared => *expected.pointer_mut(&pointer).unwrap() = Value::Null,
                    }
                    let mut report = result.unwrap();
                    let is_new = |note: &ReportNote| note.scope == SCOPE && note.message.contains(FUTURE);
                    assert_eq!(
                        report.notes.iter().filter(|note| is_new(note)).count(),
                        1,
                        "{pointer}"
                    );
                    report.notes.retain(|note| !is_new(note));
                    assert_eq!(report, serde_json::from_value(expected).unwrap(), "{pointer}");
                    // What is no word is a mistake, whatever the version.
                    *future.pointer_mut(&pointer).unwrap() = json!({"of": "the future"});
                    assert!(
                        matches!(read(&future), Err(ReadReportError::Json(_))),
                        "{pointer}"
                    );
                }
            }
            assert!(tried > 0, "no report has {place}");
        }
    }

    #[test]
    fn what_was_passed_over_is_said_once_for_each_kind_and_word() {
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
            .filter(|note| note.scope == SCOPE)
            .map(|note| note.message)
            .collect();
        let long = format!("{}…", "x".repeat(WORD));
        assert_eq!(
            notes,
            [
                format!(
                    "1 finding with the code `{long}`, which this version does not know, was passed over"
                ),
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
                "the document is no report that this version reads: its schema is `none`, not \
                 `driftline.report/v1`",
            ),
            (
                json!({"schema": SCHEMA, "outcome": "clean"}),
                "the report cannot be read: missing field `tool`",
            ),
        ] {
            assert_eq!(read(&document).unwrap_err().to_string(), error);
        }
        let deep = format!("{{\"schema\": {}", "[".repeat(100_000));
        assert!(Report::from_json(deep.as_bytes()).is_err());
    }
}
