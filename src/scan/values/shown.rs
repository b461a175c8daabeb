//! What a report shows of a key: nothing of a value that may be secret.

use serde_json::Value;

use super::super::asked::Said;
use crate::compare::path::size_of_value;
use crate::model::{KeptBy, KeptList, KeyPath, KeyStep, MovedField};
use crate::policy::redact::{HIDDEN, Hidden, Redaction, Replace};
use crate::values::{Moved, Suggestion};
use crate::vocabulary::NoKeyReason;

/// How many other fields that a key moves are listed.
const MOVED: usize = 50;

/// How many bytes the values of one key may have in a report, as much as a finding shows of one value.
const MAX_BYTES: usize = 128 << 10;

/// How long a key may be.
const MAX_KEY: usize = 4 << 10;

/// A key as a report shows it. `is_redacted` says that the values of the field may not be shown.
pub(super) fn kept_by(suggestion: &Suggestion, is_redacted: bool, redaction: &Redaction) -> Said {
    let key = KeyPath::of(suggestion.key.clone()).ok_or(NoKeyReason::NotEvaluated)?;
    if key.to_string().len() > MAX_KEY {
        return Err(NoKeyReason::TooLarge.into());
    }
    if is_secret_key(&key, redaction) {
        return Err(NoKeyReason::Hidden.into());
    }
    let is_hidden = |value: &Value| holds_secret(key.steps(), value, redaction);
    let is_redacted =
        is_redacted || is_hidden(&suggestion.value) || suggestion.current.as_ref().is_some_and(is_hidden);
    let list = key
        .is_in_list()
        .then(|| key.outer_list())
        .and_then(|list| Some((value_at(&suggestion.snippet, &list)?.clone(), list)));
    let is_list_hidden = |(value, list): &(Value, KeyPath)| holds_secret(list.steps(), value, redaction);
    let is_list_redacted = list.as_ref().is_some_and(is_list_hidden);
    let list = list.filter(|_| !is_redacted && !is_list_redacted);
    let shown = |value: &Value| (!is_redacted).then(|| value.clone());
    let kept_by = KeptBy {
        value: shown(&suggestion.value),
        current: suggestion.current.as_ref().and_then(shown),
        origin: suggestion.origin,
        certainty: suggestion.certainty,
        list: list.map(|(value, key)| KeptList { key, value }),
        also_changes: suggestion
            .also_changes
            .iter()
            .take(MOVED)
            .map(|moved| moved_field(moved, redaction))
            .collect(),
        also_changes_left_out: suggestion.also_changes.len().saturating_sub(MOVED),
        redacted: is_redacted || is_list_redacted,
        key,
    };
    if kept_by.values().map(size_of_value).sum::<usize>() > MAX_BYTES {
        return Err(NoKeyReason::TooLarge.into());
    }
    Ok(Box::new(kept_by))
}

/// A moved field, as a report names it.
fn moved_field(moved: &Moved, redaction: &Redaction) -> MovedField {
    MovedField {
        kind: moved.kind.clone(),
        namespace: moved.namespace.clone(),
        name: redaction.shown_text(&moved.name),
        path: redaction.shown_text(&moved.path),
    }
}

/// The value at a key that leads through maps alone.
fn value_at<'v>(values: &'v Value, key: &KeyPath) -> Option<&'v Value> {
    key.steps().iter().try_fold(values, |value, step| match step {
        KeyStep::Name(name) => value.get(name),
        KeyStep::Index(_) => None,
    })
}

/// Whether a name on the way is itself a secret.
fn is_secret_key(key: &KeyPath, redaction: &Redaction) -> bool {
    let mut names = nested(key.steps(), Value::Null);
    redaction.hide_keys(&mut names, &mut |_| HIDDEN.to_owned()) == Hidden::Partly
        || redaction.holds_secret(&key.to_string())
}

/// Whether anything of a value under a key is hidden, or would be a key of a map that is.
fn holds_secret(steps: &[KeyStep], value: &Value, redaction: &Redaction) -> bool {
    let Some((KeyStep::Name(first), rest)) = steps.split_first() else {
        return true;
    };
    let mut tree = nested(rest, value.clone());
    redaction.hide_under(first, &mut tree, &mut Blank) == Hidden::Partly
        || redaction.hide_keys(&mut tree, &mut |_| HIDDEN.to_owned()) == Hidden::Partly
}

/// A value below these steps.
fn nested(steps: &[KeyStep], value: Value) -> Value {
    steps.iter().rev().fold(value, |value, step| match step {
        KeyStep::Name(name) => Value::Object(serde_json::Map::from_iter([(name.clone(), value)])),
        KeyStep::Index(_) => Value::Array(vec![value]),
    })
}

/// Leaves nothing of a hidden value.
struct Blank;

impl Replace for Blank {
    fn value(&mut self, value: &mut Value) {
        *value = HIDDEN.into();
    }

    fn part(&mut self, _part: &str) -> String {
        HIDDEN.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{KeyCertainty, ValueOrigin};
    use serde_json::json;

    fn suggestion(key: &str, value: Value, snippet: Value) -> Suggestion {
        Suggestion {
            key: key.parse::<KeyPath>().unwrap().steps().to_vec(),
            value,
            current: None,
            origin: ValueOrigin::Unset,
            certainty: KeyCertainty::Verified,
            also_changes: Vec::new(),
            snippet,
            takes_away: None,
            leaves_empty: false,
        }
    }

    #[test]
    fn a_value_that_may_be_secret_is_nowhere_in_what_is_shown() {
        for (key, value, is_redacted) in [
            ("auth.password", json!("hunter2hunter2"), false),
            ("auth", json!({"password": "hunter2hunter2"}), false),
            ("web.note", json!("hunter2hunter2"), true),
            ("users[0].apiToken", json!("hunter2hunter2"), false),
        ] {
            let snippet = json!({"users": [{"apiToken": "hunter2hunter2"}]});
            let kept = kept_by(
                &suggestion(key, value, snippet),
                is_redacted,
                &Redaction::default(),
            )
            .unwrap();
            assert!(
                kept.redacted && kept.value.is_none() && kept.list.is_none(),
                "{key}"
            );
            assert!(
                !serde_json::to_string(&kept).unwrap().contains("hunter2"),
                "{key}"
            );
        }
        let plain = suggestion("web.memory", json!("1Gi"), json!({"web": {"memory": "1Gi"}}));
        let kept = kept_by(&plain, false, &Redaction::default()).unwrap();
        assert_eq!((kept.value, kept.redacted), (Some(json!("1Gi")), false));
    }

    /// The other elements of a list have to be given as well, and one of them is a secret.
    #[test]
    fn a_list_with_a_secret_in_another_element_is_not_shown() {
        let list = json!({"env": [{"name": "LEVEL", "value": "debug"}, {"name": "PASSWORD", "value": "hunter2hunter2"}]});
        let asked = suggestion("env[0].value", json!("debug"), list);
        let kept = kept_by(&asked, false, &Redaction::default()).unwrap();
        assert!(kept.redacted && kept.list.is_none() && kept.assignment().is_none());
        assert_eq!(kept.value, Some(json!("debug")));
    }
}
