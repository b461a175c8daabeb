//! The findings of one object that a report lists, with values that a report can hold.
//!
//! One object can differ in tens of thousands of fields, and one field by a megabyte. A report lists the drift first, up
//! to a number and a size, and counts the rest. A value that is too long is shown in part, and says so itself.

use std::fmt::Write as _;
use std::io;

use serde_json::Value;

use crate::compare::path::size_of_value;
use crate::compare::three_way::Change;
use crate::model::{Finding, FindingCounts};
use crate::vocabulary::Severity;

/// How many findings of one object a report lists.
const MAX_FINDINGS: usize = 1_000;

/// How many bytes the findings of one object may take together in a report.
const MAX_FINDING_BYTES: usize = 2 << 20;

/// How many bytes of one value a finding shows. Most files in `ConfigMap`s are shorter.
const MAX_VALUE_BYTES: usize = 128 << 10;

/// How many bytes that are the same in two long texts are shown before the first difference.
const CONTEXT_BYTES: usize = 1 << 10;

/// The findings that are listed, each with its change, in their order; the others are counted.
pub(super) struct Listed {
    pub(super) findings: Vec<(Finding, Change)>,
    pub(super) left_out: FindingCounts,
}

impl Listed {
    /// Chooses from everything that was found.
    ///
    /// Drift comes first, and ignored drift before the rest, because these decide the object's state.
    pub(super) fn of(found: impl Iterator<Item = (Finding, Change)>) -> Self {
        let mut found: Vec<(usize, Finding, Change)> = found
            .enumerate()
            .map(|(position, (mut finding, change))| {
                shorten(&mut finding);
                (position, finding, change)
            })
            .collect();
        found.sort_by_key(|(_, finding, _)| rank(finding));
        let (mut bytes, mut left_out) = (0, FindingCounts::default());
        let mut listed: Vec<(usize, Finding, Change)> = Vec::new();
        for (position, finding, change) in found {
            bytes += size(&finding);
            if listed.len() < MAX_FINDINGS && bytes <= MAX_FINDING_BYTES {
                listed.push((position, finding, change));
            } else {
                left_out.count(&finding);
            }
        }
        listed.sort_by_key(|(position, _, _)| *position);
        Self {
            findings: listed
                .into_iter()
                .map(|(_, finding, change)| (finding, change))
                .collect(),
            left_out,
        }
    }
}

/// The place of a finding in the order of what is worth listing.
fn rank(finding: &Finding) -> u8 {
    match (finding.severity, finding.ignored_by) {
        (Severity::Drift, None) => 0,
        (Severity::Drift, Some(_)) => 1,
        (Severity::Info, None) => 2,
        (Severity::Info, Some(_)) => 3,
    }
}

/// About how many bytes a finding takes.
fn size(finding: &Finding) -> usize {
    let values: usize = finding.values().map(size_of_value).sum();
    let reason = finding.next_upgrade_reason.as_ref().map_or(0, String::len);
    size_of::<Finding>() + finding.path.len() + finding.pointer.len() + values + reason
}

/// Cuts the values of a finding that are too long. Of two long texts the beginning that they share is left out as well,
/// so that the first difference is shown.
fn shorten(finding: &mut Finding) {
    let shared = shared_beginning(finding.desired.as_ref(), finding.live.as_ref());
    let values = [
        &mut finding.previous,
        &mut finding.desired,
        &mut finding.live,
        &mut finding.becomes,
    ];
    for value in values.into_iter().flatten() {
        if let Some(shown) = shortened(value, &shared) {
            *value = shown;
            finding.shortened = true;
        }
    }
}

/// What is shown of a value that is too long; `None` where it is not. Of a text the shared beginning is left out.
pub(super) fn shortened(value: &Value, shared: &str) -> Option<Value> {
    match value {
        Value::String(text) => shorten_text(text, shared).map(Value::String),
        Value::Array(_) | Value::Object(_) => replaced_by_size(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The beginning of two texts that is not worth showing, because it is the same in both; empty unless one of them is too
/// long. It ends with a line where there are lines.
fn shared_beginning(desired: Option<&Value>, live: Option<&Value>) -> String {
    let (Some(Value::String(desired)), Some(Value::String(live))) = (desired, live) else {
        return String::new();
    };
    if desired.len().max(live.len()) <= MAX_VALUE_BYTES {
        return String::new();
    }
    let same = desired
        .bytes()
        .zip(live.bytes())
        .take_while(|(one, other)| one == other);
    let end = desired.floor_char_boundary(same.count().saturating_sub(CONTEXT_BYTES));
    // A line that is longer than a value may be would hide the difference in it.
    let beginning = desired[..end].rfind('\n').map(|position| position + 1);
    let end = beginning
        .filter(|beginning| end - beginning < MAX_VALUE_BYTES / 2)
        .unwrap_or(end);
    desired[..end].to_owned()
}

/// The part of a text that is shown: after the shared beginning if it has that, and no longer than a value may be;
/// `None` if that is all of it.
fn shorten_text(text: &str, shared: &str) -> Option<String> {
    let (skipped, rest) = match text.strip_prefix(shared) {
        Some(rest) => (shared.len(), rest),
        None => (0, text),
    };
    let end = rest.floor_char_boundary(MAX_VALUE_BYTES.min(rest.len()));
    let (shown, left) = rest.split_at(end);
    if skipped == 0 && left.is_empty() {
        return None;
    }
    let mut part = String::with_capacity(shown.len() + 128);
    if skipped > 0 {
        let _ = writeln!(
            part,
            "(… {skipped} bytes before this are the same in both and not shown)"
        );
    }
    part.push_str(shown);
    if !left.is_empty() {
        let _ = write!(part, "\n(… {} more bytes are not shown)", left.len());
    }
    Some(part)
}

/// The text that stands for a list or an object that is too long; `None` if it is not.
fn replaced_by_size(value: &Value) -> Option<Value> {
    let mut counter = ByteCounter(0);
    serde_json::to_writer(&mut counter, value).ok()?;
    let ByteCounter(bytes) = counter;
    (bytes > MAX_VALUE_BYTES).then(|| format!("(too long to be shown: {bytes} bytes of JSON)").into())
}

/// Counts what is written.
struct ByteCounter(usize);

impl io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::path::FieldPath;
    use crate::model::IgnoredBy;
    use crate::vocabulary::FindingCode;
    use serde_json::json;

    fn finding(
        severity: Severity,
        ignored_by: Option<IgnoredBy>,
        desired: Value,
        live: Value,
    ) -> (Finding, Change) {
        let (desired, live) = (Some(desired), Some(live));
        let change = Change {
            code: FindingCode::Changed,
            path: FieldPath::root(),
            pointer: String::new(),
            previous: None,
            desired: desired.clone(),
            live: live.clone(),
            from_revision: None,
        };
        let finding = Finding {
            code: FindingCode::Changed,
            severity,
            tracked: crate::model::Tracked::default(),
            path: "/".to_owned(),
            pointer: String::new(),
            previous: None,
            desired,
            live,
            redacted: false,
            shortened: false,
            omitted: false,
            from_revision: None,
            actor: None,
            ignored_by,
            confirmed: None,
            next_upgrade: None,
            next_upgrade_reason: None,
            becomes: None,
            kept_by: None,
            no_key: None,
            message: String::new(),
        };
        (finding, change)
    }

    fn shown(desired: Value, live: Value) -> (String, String, bool) {
        let (mut finding, _) = finding(Severity::Drift, None, desired, live);
        shorten(&mut finding);
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => text,
            other => other.unwrap_or_default().to_string(),
        };
        (text(finding.desired), text(finding.live), finding.shortened)
    }

    #[test]
    fn drift_is_listed_before_all_the_rest_and_everything_is_counted() {
        let ignored = Some(IgnoredBy::Rule(1));
        let found = (0..MAX_FINDINGS + 500).flat_map(|at| {
            [
                finding(Severity::Info, None, json!(at), json!(0)),
                finding(Severity::Info, ignored, json!(at), json!(0)),
                finding(Severity::Drift, None, json!(at), json!(0)),
            ]
        });
        let listed = Listed::of(found);
        assert_eq!(listed.findings.len(), MAX_FINDINGS);
        assert!(listed.findings.iter().all(|(finding, _)| finding.is_drift()));
        let wanted: Vec<_> = listed
            .findings
            .iter()
            .map(|(finding, _)| finding.desired.clone())
            .collect();
        assert_eq!(
            wanted,
            (0..MAX_FINDINGS).map(|at| Some(json!(at))).collect::<Vec<_>>()
        );
        let FindingCounts {
            drift,
            info,
            ignored,
            expected,
        } = listed.left_out;
        assert_eq!(
            (drift, info, ignored, expected),
            (500, MAX_FINDINGS + 500, MAX_FINDINGS + 500, 0)
        );
    }

    #[test]
    fn the_findings_of_an_object_have_a_limited_size_together() {
        let text = "x".repeat(MAX_VALUE_BYTES);
        let found =
            (0..100).map(|at| finding(Severity::Drift, None, json!(format!("{at}{text}")), json!("")));
        let listed = Listed::of(found);
        let bytes: usize = listed.findings.iter().map(|(finding, _)| size(finding)).sum();
        assert!(
            bytes <= MAX_FINDING_BYTES && bytes * 2 > MAX_FINDING_BYTES,
            "{bytes}"
        );
        assert_eq!(listed.left_out.drift + listed.findings.len(), 100);
    }

    #[test]
    fn values_up_to_the_limit_are_shown_whole() {
        let text = "ä".repeat(MAX_VALUE_BYTES / 2);
        assert_eq!(shown(json!(text), json!("b")), (text, "b".to_owned(), false));
        assert_eq!(
            shown(json!([1]), json!({})),
            ("[1]".to_owned(), "{}".to_owned(), false)
        );
    }

    #[test]
    fn a_long_text_says_where_it_was_cut() {
        let text = "ä".repeat(MAX_VALUE_BYTES);
        let (desired, live, is_shortened) = shown(json!(text), json!("b"));
        assert!(is_shortened && desired.starts_with("ä") && live == "b");
        assert!(desired.ends_with(&format!("ä\n(… {MAX_VALUE_BYTES} more bytes are not shown)")));
    }

    /// Regression: of a long line, such as JSON, the beginning was shown, and not the part that differs.
    #[test]
    fn the_first_difference_in_a_long_line_is_shown() {
        let text = |end: &str| json!(format!("first\n{}{end}", "x".repeat(3 * MAX_VALUE_BYTES)));
        let (desired, live, is_shortened) = shown(text("a = 1"), text("a = 2"));
        assert!(is_shortened && desired.ends_with("xa = 1") && live.ends_with("xa = 2"));
        assert!(desired.len() < 2 * CONTEXT_BYTES);
    }

    #[test]
    fn the_first_difference_of_two_long_texts_is_shown() {
        let lines = "key = value\n".repeat(100_000);
        let (desired, live, is_shortened) =
            shown(json!(format!("{lines}a = 1\n")), json!(format!("{lines}a = 2\n")));
        assert!(is_shortened);
        for (text, end) in [(&desired, "a = 1\n"), (&live, "a = 2\n")] {
            assert!(text.starts_with("(… ") && text.ends_with(end), "{text}");
            assert!(text.contains("bytes before this are the same in both and not shown)\nkey = value\n"));
            assert!(text.len() < 2 * CONTEXT_BYTES);
        }
    }

    #[test]
    fn a_long_list_is_replaced_by_its_size() {
        let list: Vec<usize> = (0..MAX_VALUE_BYTES).collect();
        let size = json!(list).to_string().len();
        let (desired, live, is_shortened) = shown(json!(list), json!([]));
        assert_eq!(desired, format!("(too long to be shown: {size} bytes of JSON)"));
        assert!(is_shortened && live == "[]");
    }
}
