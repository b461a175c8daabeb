//! Reads a report back, of this version or of a later one.
//!
//! The contract is additive: later versions add fields and words, and readers pass over what they do not know. Unknown
//! fields are passed over silently. An entry that says something in an unknown word (a finding, a health entry, an
//! object, a release, the count of an ignore rule) is left out, and an optional field that only adds to its entry is
//! cleared; each is named in a note of the report, so that a part never looks like the whole. The counts in the summary
//! stay as they were written.
//!
//! Two words cannot be passed over: the outcome, without which there is no answer, and the reason why the scan was
//! stopped, without which half a scan would look like a whole one. A report with an unknown word there is refused. A
//! number or an object where a word belongs is an error of the document and no sign of a later version. So are a name
//! that stands twice, and a summary that counts other releases than the document has: such a document may have lost
//! some.
//!
//! A report can come from anywhere. Errors and notes are of bounded length and number, and repeat nothing of the
//! document but unknown words, cut and without characters that no word has.

mod document;
mod misfit;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::document::Document;
use super::{IgnoredBy, Report, ReportError, ReportNote, SCHEMA};
use crate::vocabulary::{
    ApplyMethod, ChangeStatus, CheckedOutcome, DriftCorrection, Ending, FindingCode, HealthCode,
    HealthSeverity, IdleReason, KeyCertainty, ManagingTool, MemoryDetail, NextUpgrade, NoKeyReason,
    ObjectState, OrphanRecords, Outcome, PreviewAction, PreviewCause, PreviewEffect, PreviewOutcome,
    PreviewedOperation, ResolvedKind, Severity, SinceSource, Stopped, ValueOrigin, Verdict,
};

/// The largest report that is read, in bytes: far more than the largest cluster makes.
const MAX_BYTES: usize = 256 << 20;

/// What editors and shells on Windows write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How many characters of an unknown word a note repeats.
const WORD: usize = 60;

/// How many notes name an unknown word each. Further words share one note.
const NOTES: usize = 20;

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadReportError {
    /// The document is larger than any report should be.
    #[error("the report is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    /// The document follows another contract.
    #[error("the document is no report that this version reads: its schema is `{found}`, not `{SCHEMA}`")]
    Schema {
        /// The schema that the document names, or `none`.
        found: String,
    },
    /// An indispensable field holds a word of a later version.
    #[error("the report's {field} is `{word}`, which this version does not know and cannot pass over")]
    Word {
        /// Which field of the report.
        field: &'static str,
        /// The word.
        word: String,
    },
    /// There is nothing in the document, as where the scan that was to write it failed.
    #[error("it is empty")]
    Empty,
    /// The document does not begin as a report does: it is a report in YAML, or in UTF-16, or another file.
    #[error("it is not a report in JSON, as `-o json` or DRIFTLINE_OUTPUT=json makes it (in UTF-8)")]
    NotJson,
    /// The document is no JSON, nests too deeply, or has a name twice in one object.
    #[error("the report cannot be read: {reason}")]
    Json {
        /// What is wrong. No source, which would be said a second time.
        reason: String,
    },
    /// A value does not have the form that the contract gives it.
    #[error("the report cannot be read: {place} {problem}")]
    Form {
        /// The path of the value.
        place: String,
        /// What would be right.
        problem: String,
    },
    /// The summary counts other releases than the document has.
    #[error("the report is not whole: its summary counts {counted} releases, and it has {present}")]
    Releases {
        /// The number in the summary.
        counted: u64,
        /// The number of entries.
        present: u64,
    },
}

impl Report {
    /// Reads a report from its JSON form, and notes what had to be passed over because this version does not know it.
    pub fn from_json(json: &[u8]) -> Result<Self, ReadReportError> {
        if json.len() > MAX_BYTES {
            return Err(ReadReportError::TooLarge);
        }
        let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
        match json.trim_ascii_start().first() {
            Some(b'{') => {}
            Some(_) => return Err(ReadReportError::NotJson),
            None => return Err(ReadReportError::Empty),
        }
        // The parser refuses what nests deeper than 128 levels.
        let document = serde_json::from_slice(json);
        let Document(mut document) = document.map_err(|error| ReadReportError::Json {
            reason: error.to_string(),
        })?;
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
        releases_are_counted(&document)?;
        let mut passed = PassedOver::default();
        passed.report(&mut document);
        let mut report = misfit::model(document)?;
        report.notes.extend(passed.notes());
        report.notes.sort();
        Ok(report)
    }
}

/// The unknown words that were passed over, by their use, with the number of entries.
#[derive(Default)]
struct PassedOver(BTreeMap<(WordUse, String), usize>);

/// Where a word stands in a report, and how much is lost with it when it is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct WordUse {
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

impl WordUse {
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

    /// The note on `count` entries that hold one unknown word.
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
    /// Removes from a document all entries and fields whose words this version does not know.
    fn report(&mut self, document: &mut Value) {
        const RULE: WordUse = WordUse::entry("count of an ignore rule", "counts of ignore rules", "rule");
        const IDLE: WordUse = WordUse::field("count of an ignore rule", "counts of ignore rules", "`idle`");
        const IDLE_IN_SHARD: WordUse = WordUse::field(
            "count of an ignore rule",
            "counts of ignore rules",
            "`idleInShard`",
        );
        const VERDICT: WordUse = WordUse::entry("release", "releases", "verdict");
        const METHOD: WordUse = WordUse::field("release", "releases", "apply method");
        const TOOL: WordUse = WordUse::field("release", "releases", "managing tool");
        const CORRECTION: WordUse = WordUse::field("release", "releases", "drift correction");
        const RECORDS: WordUse = WordUse::entry("orphaned release", "orphaned releases", "records");
        self.memory(document);
        retain(document, "orphans", |release| {
            !self.is_unknown::<OrphanRecords>(release, "records", RECORDS)
        });
        retain(document, "ignored", |count| {
            if self.is_unknown::<IgnoredBy>(count, "rule", RULE) {
                return false;
            }
            self.clear::<IdleReason>(count, "idle", IDLE);
            self.clear::<IdleReason>(count, "idleInShard", IDLE_IN_SHARD);
            true
        });
        retain(document, "releases", |release| {
            if self.is_unknown::<Verdict>(release, "verdict", VERDICT) {
                return false;
            }
            self.clear::<ApplyMethod>(release, "applyMethod", METHOD);
            self.tracked(release, "release", "releases");
            if let Some(managed_by) = release.get("managedBy")
                && self.is_unknown::<ManagingTool>(managed_by, "tool", TOOL)
            {
                release["managedBy"] = Value::Null;
            }
            if let Some(managed_by) = release.get_mut("managedBy") {
                self.clear::<DriftCorrection>(managed_by, "driftCorrection", CORRECTION);
            }
            self.health(release);
            self.preview(release);
            self.values_check(release);
            retain(release, "objects", |object| self.object(object));
            true
        });
    }

    fn health(&mut self, release: &mut Value) {
        const CODE: WordUse = WordUse::entry("health entry", "health entries", "code");
        const SEVERITY: WordUse = WordUse::entry("health entry", "health entries", "severity");
        retain(release, "health", |health| {
            self.tracked(health, "health entry", "health entries");
            !self.is_unknown::<HealthCode>(health, "code", CODE)
                && !self.is_unknown::<HealthSeverity>(health, "severity", SEVERITY)
        });
    }

    /// What the report was compared with, and what is resolved.
    fn memory(&mut self, document: &mut Value) {
        const KIND: WordUse = WordUse::entry("resolved entry", "resolved entries", "kind");
        const HOW: WordUse = WordUse::entry("resolved entry", "resolved entries", "ending");
        const DETAIL: WordUse = WordUse::field("report", "reports", "detail of the memory");
        retain(document, "resolved", |resolved| {
            !self.is_unknown::<ResolvedKind>(resolved, "kind", KIND)
                && !self.is_unknown::<Ending>(resolved, "how", HOW)
        });
        if let Some(compared) = document.get("comparedWith")
            && self.is_unknown::<MemoryDetail>(compared, "detail", DETAIL)
        {
            document["comparedWith"] = Value::Null;
        }
    }

    /// How an entry stands to earlier scans.
    fn tracked(&mut self, entry: &mut Value, singular: &'static str, plural: &'static str) {
        self.clear::<ChangeStatus>(entry, "status", WordUse::field(singular, plural, "status"));
        let source = WordUse::field(singular, plural, "source of `since`");
        if let Some(since) = entry.get("since")
            && self.is_unknown::<SinceSource>(since, "from", source)
        {
            entry["since"] = Value::Null;
        }
    }

    /// Without its operation, its method or its outcome a preview says nothing.
    fn preview(&mut self, release: &mut Value) {
        const OPERATION: WordUse = WordUse::entry("preview", "previews", "operation");
        const METHOD: WordUse = WordUse::entry("preview", "previews", "apply method");
        const OUTCOME: WordUse = WordUse::entry("preview", "previews", "outcome");
        const CODE: WordUse = WordUse::entry("cause of a preview", "causes of previews", "code");
        const ACTION: WordUse = WordUse::entry("object of a preview", "objects of previews", "action");
        const EFFECT: WordUse = WordUse::entry("field of a preview", "fields of previews", "effect");
        let Some(preview) = release.get_mut("preview") else {
            return;
        };
        if self.is_unknown::<PreviewedOperation>(preview, "operation", OPERATION)
            || self.is_unknown::<ApplyMethod>(preview, "applyMethod", METHOD)
            || self.is_unknown::<PreviewOutcome>(preview, "outcome", OUTCOME)
        {
            *preview = Value::Null;
            return;
        }
        retain(preview, "causes", |cause| {
            !self.is_unknown::<PreviewCause>(cause, "code", CODE)
        });
        retain(preview, "objects", |object| {
            if self.is_unknown::<PreviewAction>(object, "action", ACTION) {
                return false;
            }
            retain(object, "fields", |field| {
                !self.is_unknown::<PreviewEffect>(field, "effect", EFFECT)
            });
            true
        });
    }

    /// Whether an object is kept.
    fn object(&mut self, object: &mut Value) -> bool {
        const STATE: WordUse = WordUse::entry("object", "objects", "state");
        const IGNORED_BY: WordUse = WordUse::field("object", "objects", "`ignoredBy`");
        const NEXT_UPGRADE: WordUse = WordUse::field("object", "objects", "`nextUpgrade`");
        if self.is_unknown::<ObjectState>(object, "state", STATE) {
            return false;
        }
        // The state says already that the object is ignored.
        self.clear::<IgnoredBy>(object, "ignoredBy", IGNORED_BY);
        self.clear::<NextUpgrade>(object, "nextUpgrade", NEXT_UPGRADE);
        self.tracked(object, "object", "objects");
        retain(object, "findings", |finding| self.finding(finding));
        true
    }

    /// Whether a finding is kept.
    fn finding(&mut self, finding: &mut Value) -> bool {
        const CODE: WordUse = WordUse::entry("finding", "findings", "code");
        const SEVERITY: WordUse = WordUse::entry("finding", "findings", "severity");
        const IGNORED_BY: WordUse = WordUse::entry("finding", "findings", "`ignoredBy`");
        const NEXT_UPGRADE: WordUse = WordUse::field("finding", "findings", "`nextUpgrade`");
        // Without who ignores it an ignored finding would count as drift.
        if self.is_unknown::<FindingCode>(finding, "code", CODE)
            || self.is_unknown::<Severity>(finding, "severity", SEVERITY)
            || self.is_unknown::<IgnoredBy>(finding, "ignoredBy", IGNORED_BY)
        {
            return false;
        }
        self.clear::<NextUpgrade>(finding, "nextUpgrade", NEXT_UPGRADE);
        self.keys(finding);
        self.tracked(finding, "finding", "findings");
        true
    }

    /// What a rendering makes of the drifted fields.
    fn values_check(&mut self, release: &mut Value) {
        const OUTCOME: WordUse = WordUse::entry("checked field", "checked fields", "outcome");
        if let Some(check) = release.get_mut("valuesCheck") {
            retain(check, "fields", |field| {
                !self.is_unknown::<CheckedOutcome>(field, "outcome", OUTCOME)
            });
        }
    }

    /// The key that keeps a field, or why there is none. In words that are not known it says nothing.
    fn keys(&mut self, finding: &mut Value) {
        const ORIGIN: WordUse = WordUse::field("finding", "findings", "origin of a value");
        const CERTAINTY: WordUse = WordUse::field("finding", "findings", "certainty of a key");
        const CODE: WordUse = WordUse::field("finding", "findings", "reason for no key");
        if let Some(values) = finding.get("values")
            && (self.is_unknown::<ValueOrigin>(values, "origin", ORIGIN)
                || self.is_unknown::<KeyCertainty>(values, "certainty", CERTAINTY))
        {
            finding["values"] = Value::Null;
        }
        if let Some(no_values) = finding.get("noValues")
            && self.is_unknown::<NoKeyReason>(no_values, "code", CODE)
        {
            finding["noValues"] = Value::Null;
        }
    }

    /// Whether an entry holds an unknown word. Counts it.
    fn is_unknown<W: DeserializeOwned>(&mut self, entry: &Value, field: &str, word_use: WordUse) -> bool {
        let word = unknown::<W>(entry, field);
        let is_unknown = word.is_some();
        if let Some(word) = word {
            *self.0.entry((word_use, word)).or_default() += 1;
        }
        is_unknown
    }

    /// Clears an optional field that holds an unknown word, and counts it.
    fn clear<W: DeserializeOwned>(&mut self, entry: &mut Value, field: &str, word_use: WordUse) {
        if self.is_unknown::<W>(entry, field, word_use) {
            entry[field] = Value::Null;
        }
    }

    /// A note on each use of each unknown word, and one on all those beyond the limit.
    fn notes(self) -> impl Iterator<Item = ReportNote> {
        let mut words = self.0.into_iter();
        let named: Vec<String> = (words.by_ref().take(NOTES))
            .map(|((word_use, word), count)| word_use.note(&word, count))
            .collect();
        let (others, entries) = words.fold((0, 0), |(words, entries), (_, count)| {
            (words + 1, entries + count)
        });
        let rest = (others > 0).then(|| {
            format!(
                "further words that this version does not know were passed over; words: {others}, entries: {entries}"
            )
        });
        named.into_iter().chain(rest).map(|message| ReportNote {
            scope: ReportError::REPORT.to_owned(),
            message,
        })
    }
}

/// Refuses a document whose summary counts other releases than it has. Where either is missing, reading the model says
/// so.
fn releases_are_counted(document: &Value) -> Result<(), ReadReportError> {
    let counted = document
        .pointer("/summary/releases/total")
        .and_then(Value::as_u64);
    let present = document
        .get("releases")
        .and_then(Value::as_array)
        .map(|list| list.len() as u64);
    if let (Some(counted), Some(present)) = (counted, present)
        && counted != present
    {
        return Err(ReadReportError::Releases { counted, present });
    }
    Ok(())
}

/// The word in a field, where there is one that this version does not know.
fn unknown<W: DeserializeOwned>(entry: &Value, field: &str) -> Option<String> {
    let value = entry.get(field)?;
    let word = value.as_str()?;
    W::deserialize(value).is_err().then(|| short(word))
}

/// Keeps the entries of a list for which `keep` answers true. A value that is no list is refused later, when the model
/// is read.
fn retain(parent: &mut Value, list: &str, keep: impl FnMut(&mut Value) -> bool) {
    if let Some(entries) = parent.get_mut(list).and_then(Value::as_array_mut) {
        entries.retain_mut(keep);
    }
}

/// A word as a message may repeat it: cut after [`WORD`] characters, with `?` for every character that no word has.
fn short(word: &str) -> String {
    if word.is_empty() {
        return "\"\"".to_owned();
    }
    let is_plain = |ch: char| ch.is_ascii_alphanumeric() || "-_./".contains(ch);
    let plain = |ch| if is_plain(ch) { ch } else { '?' };
    let mut shown: String = word.chars().take(WORD).map(plain).collect();
    if word.chars().nth(WORD).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
