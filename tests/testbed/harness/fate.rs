//! A prediction of a report, compared with what happened.

use serde_json::Value;

use super::cluster::Outcome;
use super::place;

/// An upgrade, and one object before and after it.
#[derive(Clone, Copy)]
pub(super) struct Upgraded<'r> {
    /// The object before the upgrade.
    pub(super) before: Option<&'r Value>,
    /// The object after it.
    pub(super) after: Option<&'r Value>,
    /// What Helm said.
    pub(super) upgrade: &'r Outcome,
    /// Whether the health of the release said that the upgrade fails at the object.
    pub(super) is_foretold: bool,
}

impl<'r> Upgraded<'r> {
    /// The values at a path before and after.
    fn at(self, path: &str) -> [Option<&'r Value>; 2] {
        [self.before, self.after].map(|object| place::at(object?, path))
    }

    /// The values of a finding before and after. Of several elements that share their keys, that is the one that lived,
    /// and the one that the finding's prediction is about.
    fn of(self, finding: &Value, path: &str) -> [Option<&'r Value>; 2] {
        let [before, after] = [self.before, self.after]
            .map(|object| object.map_or_else(Vec::new, |object| place::all(object, path)));
        let pick = |values: &[&'r Value], wanted: &Value| {
            let wanted = values.iter().find(|value| means(Some(wanted), Some(value)));
            wanted.or(values.first()).copied()
        };
        let lived = pick(&before, &finding["live"]);
        let becomes = match finding["nextUpgrade"].as_str() {
            Some("keep") => lived.unwrap_or(&Value::Null),
            Some("becomes") => &finding["becomes"],
            Some(_) | None => &finding["desired"],
        };
        [lived, pick(&after, becomes)]
    }

    /// What happened at a path, in the report's words, with the value where it is a third one.
    pub(super) fn fate(self, path: &str, desired: Option<&Value>) -> String {
        let [before, after] = self.at(path);
        if self.conflicts() {
            "conflict".to_owned()
        } else if self.fails() {
            "refused".to_owned()
        } else {
            match known(desired, before, after) {
                "becomes" => format!("becomes {}", shown(after)),
                word => word.to_owned(),
            }
        }
    }

    /// Whether the API server refused the upgrade because of the owners of fields.
    pub(super) fn conflicts(self) -> bool {
        self.fails() && self.upgrade.stderr.contains("conflict occurred")
    }

    /// Whether the upgrade failed.
    pub(super) fn fails(self) -> bool {
        self.upgrade.status != 0
    }

    /// Whether Helm's error names a place among the conflicts, what is in it, or what it is in.
    pub(super) fn names(self, path: &str) -> bool {
        let place = path.replace('/', ".");
        let is_below = |below: &str, above: &str| {
            below
                .strip_prefix(above)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let told = self.upgrade.stderr.replace(['"', '\\'], "");
        let mut words = told.split_whitespace().filter(|word| word.starts_with('.'));
        self.conflicts()
            && !place.is_empty()
            && words.any(|word| is_below(word, &place) || is_below(&place, word))
    }

    /// Helm's error.
    fn words(self) -> String {
        self.upgrade.stderr.lines().collect::<Vec<_>>().join(" ")
    }
}

/// The predictions of an object of a report that did not come true.
pub(super) fn disproved(object: &Value, happened: Upgraded<'_>) -> Vec<String> {
    let findings = object["findings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut problems: Vec<String> = findings
        .iter()
        .filter_map(|finding| {
            let path = finding["path"].as_str().unwrap_or_default();
            let [before, after] = happened.of(finding, path);
            let predicted = finding["nextUpgrade"].as_str()?;
            let wrong = wrong(finding, predicted, before, after, happened)?;
            Some(format!(
                "predicted {predicted}: {} {path}: {} -> {}, then {}: {wrong}",
                finding["code"].as_str().unwrap_or_default(),
                finding["desired"],
                shown(before),
                shown(after),
            ))
        })
        .collect();
    if let Some(predicted) = object["nextUpgrade"].as_str() {
        let is_kept = happened.before.is_some() == happened.after.is_some();
        let came_true = match predicted {
            "conflict" => happened.conflicts(),
            "refused" => happened.fails() && !happened.conflicts(),
            "keep" => !happened.fails() && is_kept,
            "revert" => !happened.fails() && happened.after.is_some(),
            _ => false,
        };
        if !came_true {
            problems.push(format!(
                "predicted {predicted} of the object: exit status {}, before {}, after {}: {}",
                happened.upgrade.status,
                happened.before.is_some(),
                happened.after.is_some(),
                happened.words()
            ));
        }
    }
    let words = |object: &Value| object["nextUpgrade"].as_str().map(str::to_owned);
    let mut said = findings.iter().map(words).chain([words(object)]);
    // Where no prediction is made of anything, nothing is said that could be wrong.
    let is_told = said
        .clone()
        .any(|word| matches!(word.as_deref(), Some("conflict" | "refused")));
    // Where a rule of the kind may refuse the write, what would be written is left open.
    let may_be_refused = findings.iter().any(|finding| {
        let reason = finding["nextUpgradeReason"].as_str().unwrap_or_default();
        finding["nextUpgrade"].is_null() && reason.contains("may refuse the change")
    });
    let is_certain = !may_be_refused && said.any(|word| word.is_some());
    if happened.fails() && !is_told && !happened.is_foretold && is_certain {
        problems.push(format!(
            "nothing says that the upgrade fails: {}",
            happened.words()
        ));
    }
    problems
}

/// Why a prediction did not come true; none if it did.
fn wrong(
    finding: &Value,
    predicted: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    happened: Upgraded<'_>,
) -> Option<String> {
    let desired = finding.get("desired").filter(|value| !value.is_null());
    let is_hidden = ["redacted", "shortened", "omitted"]
        .iter()
        .any(|word| finding[word] == true);
    let fails = || {
        if happened.conflicts() {
            format!("conflict: {}", happened.words())
        } else {
            format!("refused: {}", happened.words())
        }
    };
    let came_true = match predicted {
        "conflict" if happened.conflicts() => return None,
        "refused" if happened.fails() && !happened.conflicts() => return None,
        // What the write would not have touched stays where it fails, too.
        "keep" if happened.names(finding["path"].as_str().unwrap_or_default()) => return Some(fails()),
        "keep" => before == after,
        _ if happened.fails() => return Some(fails()),
        "revert" | "becomes" if is_hidden => before != after,
        "revert" => means(desired, after),
        "becomes" => means(finding.get("becomes").filter(|value| !value.is_null()), after),
        _ => false,
    };
    (!came_true).then(|| {
        if happened.fails() {
            fails()
        } else {
            known(desired, before, after).to_owned()
        }
    })
}

/// The word for what happened.
fn known(desired: Option<&Value>, before: Option<&Value>, after: Option<&Value>) -> &'static str {
    if before == after {
        "keep"
    } else if means(desired, after) {
        "revert"
    } else {
        "becomes"
    }
}

/// Whether a value is the wanted one, completed by the server and in any spelling of an amount.
pub(crate) fn means(wanted: Option<&Value>, value: Option<&Value>) -> bool {
    match (wanted.unwrap_or(&Value::Null), value.unwrap_or(&Value::Null)) {
        (wanted, Value::Null) => is_zero(wanted),
        (Value::Object(wanted), Value::Object(fields)) => wanted
            .iter()
            .all(|(key, wanted)| means(Some(wanted), fields.get(key))),
        (Value::Array(wanted), Value::Array(items)) => {
            wanted.len() == items.len()
                && wanted
                    .iter()
                    .all(|wanted| items.iter().any(|item| means(Some(wanted), Some(item))))
        }
        (wanted, value) => wanted == value || amount(wanted).is_some_and(|one| Some(one) == amount(value)),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_zero),
    }
}

/// A quantity in thousandths.
fn amount(value: &Value) -> Option<i64> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let number: i64 = text[..end].parse().ok()?;
    let factor = match &text[end..] {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "Ki" => 1_024_000,
        "M" => 1_000_000_000,
        "Mi" => 1_048_576_000,
        "G" => 1_000_000_000_000,
        "Gi" => 1_073_741_824_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "none".to_owned(), Value::to_string)
}
