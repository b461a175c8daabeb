//! A question about one field, and what every answer is held to.

use serde_json::Value;

use super::session::{Session, Trial};
use super::source_map::{Change, Document, SourceMap, differences_inside};
use super::{Asked, AskedField, KeyStep as ReportedStep, Moved, Suggestion, moved, placement, scalar, tree};
use crate::apply::is_fixed;
use crate::compare::path::{FieldPath, Segment};
use crate::template::key::{Key, KeyStep};
use crate::template::traced::HOLE;
use crate::vocabulary::{KeyCertainty, NoKeyReason, ValueOrigin};
use crate::yaml::Limits;

/// One field that differs, and the chart that it comes from.
#[derive(Clone, Copy)]
pub(super) struct Question<'q> {
    pub(super) session: &'q Session<'q>,
    pub(super) asked: &'q Asked,
    pub(super) field: &'q AskedField,
}

/// Where the answer to a question stands in the templates.
pub(super) enum Template<'q> {
    /// The template is at hand.
    Known(&'q str),
    /// It is that of a dependency that the record does not hold, or nobody knows which one it is.
    Unknown,
}

impl<'q> Question<'q> {
    /// The template of the object.
    pub(super) fn template(self) -> Template<'q> {
        match self.asked.template.as_deref() {
            Some(template) if self.session.has_template(template) => Template::Known(template),
            Some(_) | None => Template::Unknown,
        }
    }

    /// The object, among those that a template renders.
    pub(super) fn document(self, map: &SourceMap) -> Option<&Document> {
        let object = &self.asked.key;
        map.document(&object.gvk.kind, object.namespace.as_deref(), &object.name)
    }

    /// What is at a key in the values that the templates see.
    pub(super) fn current(self, key: &Key) -> Option<&'q Value> {
        tree::get(self.session.values(), key).filter(|value| !value.is_null())
    }

    /// The suggestion to set a key, if the chart evaluated with it gives what lives.
    pub(super) fn verified(self, key: &Key, value: Value) -> Result<Suggestion, NoKeyReason> {
        let (mut trial, set, whole) = self.trial(key, &value)?;
        if !self.is_kept_by(&trial) {
            return Err(NoKeyReason::NotKept);
        }
        self.session.complete(&mut trial)?;
        let gone = self.gone_around(&trial);
        if self.empties_others(&trial) || gone.iter().any(|change| self.takes_more(change)) {
            return Err(NoKeyReason::NotKept);
        }
        let is_lived_in = |change: &&&Change| {
            let mut fields = self.asked.fields.iter().filter(|field| field.live.is_some());
            fields.any(|field| field.path.segments().starts_with(change.path.segments()))
        };
        let takes_away = gone.iter().find(is_lived_in).map(|change| change.path.clone());
        // What lives in the field itself was taken by the API server already.
        let is_other = |change: &Change| is_fixed(&change.kind, &change.path) && !self.is_own(change, &trial);
        if trial.moved().any(|(change, _)| is_other(change)) {
            return Err(NoKeyReason::MovesFixed);
        }
        let certainty = if self.session.reaches_unknown(&set) {
            KeyCertainty::ByName
        } else {
            KeyCertainty::Verified
        };
        Ok(Suggestion {
            takes_away,
            leaves_empty: self.leaves_empty(&trial),
            ..self.described(key, value, &set, whole, &trial, certainty)
        })
    }

    /// The same with a value in the type that the key wants, whatever that is.
    pub(super) fn verified_as_any_type(self, key: &Key, value: &Value) -> Result<Suggestion, NoKeyReason> {
        // The API server takes a number for the text of a quantity. To it they are two values all the same: Helm 4 stops at a
        // number where somebody else owns the text.
        if self.is_quantity()
            && let (Some(Value::String(_)), Value::Number(number)) = (&self.field.live, value)
            && let text = Value::String(number.to_string())
            && self.gives_exactly(key, &text)
            && let Ok(found) = self.verified(key, text)
        {
            return Ok(found);
        }
        let first = self.verified(key, value.clone());
        if !matches!(first, Err(NoKeyReason::NotKept | NoKeyReason::RefusedBySchema)) {
            return first;
        }
        let others = scalar::other_types(value);
        others
            .into_iter()
            .find_map(|other| self.verified(key, other).ok())
            .map_or(first, Ok)
    }

    /// Whether the field is the very value that lives, with a value at a key.
    fn gives_exactly(self, key: &Key, value: &Value) -> bool {
        let trial = self.trial(key, value).map(|(trial, ..)| trial);
        let document = trial.as_ref().ok().and_then(|trial| self.document_of(trial));
        document.and_then(|document| document.value(&self.field.path)) == self.field.live
    }

    /// Of keys with values the one that keeps what lives and changes least else; the first of those that change as little. One
    /// that leaves an empty map, which is refused at some places, comes after all others. `Err(None)` where there is none to
    /// try.
    pub(super) fn best_of(
        self,
        tries: impl Iterator<Item = (Key, Value)>,
    ) -> Result<Suggestion, Option<NoKeyReason>> {
        let rank = |found: &Suggestion| (found.leaves_empty, found.also_changes.len());
        let mut best: Option<Suggestion> = None;
        let mut first_reason = None;
        for (key, value) in tries {
            match self.verified(&key, value) {
                Ok(found) if best.as_ref().is_none_or(|best| rank(&found) < rank(best)) => {
                    let is_least = rank(&found) == (false, 0);
                    best = Some(found);
                    if is_least {
                        break;
                    }
                }
                Ok(_) => {}
                Err(reason) => first_reason = first_reason.or(Some(reason)),
            }
        }
        best.ok_or(first_reason)
    }

    /// The suggestion to set a key for its name, unless what is evaluated speaks against it.
    pub(super) fn by_name(self, key: &Key, value: Value) -> Result<Suggestion, NoKeyReason> {
        let (mut trial, set, whole) = self.trial(key, &value)?;
        if self.is_known_otherwise(&trial) {
            return Err(NoKeyReason::NotKept);
        }
        self.session.complete(&mut trial)?;
        Ok(self.described(key, value, &set, whole, &trial, KeyCertainty::ByName))
    }

    fn trial(self, key: &Key, value: &Value) -> Result<(Trial, Key, Value), NoKeyReason> {
        let (set, whole) = tree::without_index(self.session.values(), key, value.clone());
        if set.is_root() {
            return Err(NoKeyReason::NotEvaluated);
        }
        let template = match self.template() {
            Template::Known(template) => Some(template),
            Template::Unknown => None,
        };
        let trial = self.session.try_key(&set, &whole, template)?;
        Ok((trial, set, whole))
    }

    fn described(
        self,
        key: &Key,
        value: Value,
        set: &Key,
        whole: Value,
        trial: &Trial,
        certainty: KeyCertainty,
    ) -> Suggestion {
        let current = self.current(key);
        let origin = match (tree::get(self.session.given(), set), current) {
            (Some(_), _) => ValueOrigin::SetByUser,
            (None, Some(_)) => ValueOrigin::ChartDefault,
            (None, None) => ValueOrigin::Unset,
        };
        let mut also_changes: Vec<Moved> = trial
            .moved()
            .filter(|(change, _)| !self.is_own(change, trial))
            .map(|(_, moved)| moved::without_holes(moved))
            .collect();
        // What Kubernetes acts on comes first.
        also_changes.sort_by(|one, other| (one.is_mark(), one).cmp(&(other.is_mark(), other)));
        also_changes.dedup();
        Suggestion {
            key: key.steps().into_iter().map(step).collect(),
            value,
            current: current.cloned(),
            origin,
            certainty,
            also_changes,
            snippet: tree::tree(set, whole),
            takes_away: None,
            leaves_empty: false,
        }
    }

    /// Whether a change is that of the field, by whatever its elements of lists are named.
    fn is_own(self, change: &Change, trial: &Trial) -> bool {
        if moved::is_own(self.asked, self.field, change) {
            return true;
        }
        let Template::Known(template) = self.template() else {
            return false;
        };
        if !moved::is_of(self.asked, change) {
            return false;
        }
        let before = self.session.source_map(template);
        let maps = [before.as_deref(), trial.file(template)];
        let mut documents = maps.into_iter().flatten().filter_map(|map| self.document(map));
        documents.any(|document| document.leads_into(&change.path, &self.field.path))
    }

    /// The object as a trial renders it.
    fn document_of(self, trial: &Trial) -> Option<&Document> {
        let Template::Known(template) = self.template() else {
            return None;
        };
        self.document(trial.file(template)?)
    }

    /// Whether the field is what lives, in the chart evaluated with a key set.
    fn is_kept_by(self, trial: &Trial) -> bool {
        let Some(document) = self.document_of(trial) else {
            return false;
        };
        let path = &self.field.path;
        match &self.field.live {
            Some(live) => match document.value(path) {
                Some(value) => is_what_lives(&value, live, self.is_quantity()),
                None => fits_around_hole(document, path, live),
            },
            None => match document.value(path) {
                Some(value) => is_as_good_as_absent(&value, path),
                None => document.field(path).is_none() && !document.may_have(path),
            },
        }
    }

    /// Whether nothing stands where another field had a value: a template asks for the key there, too, and the API server may
    /// ask for the field.
    fn empties_others(self, trial: &Trial) -> bool {
        let depth = self.field.path.segments().len();
        trial.moved().any(|(change, _)| {
            let is_own =
                moved::is_own(self.asked, self.field, change) && change.path.segments().len() <= depth;
            let after = change.after.as_ref();
            !is_own && after.is_some_and(|after| moved::is_emptied(change.before.as_ref(), after))
        })
    }

    /// Whether an empty map stands where the field was taken away.
    fn leaves_empty(self, trial: &Trial) -> bool {
        let document = self.document_of(trial).filter(|_| self.field.live.is_none());
        let value = document.and_then(|document| document.value(&self.field.path));
        value.is_some_and(|value| value.is_object())
    }

    /// What is around a field that was taken away, and goes with it when a key is set.
    fn gone_around(self, trial: &Trial) -> Vec<&Change> {
        let path = &self.field.path;
        let is_around = |change: &&Change| {
            moved::is_of(self.asked, change)
                && !change.path.segments().is_empty()
                && change.path.segments().len() < path.segments().len()
                && path.segments().starts_with(change.path.segments())
                && change.after.as_ref().is_none_or(placement::is_empty)
        };
        let changes = trial.moved().map(|(change, _)| change);
        changes
            .filter(|change| self.field.live.is_none() && is_around(change))
            .collect()
    }

    /// Whether a key takes something with the field that did not drift, and so lives.
    fn takes_more(self, change: &Change) -> bool {
        let before = change.before.as_ref();
        before.is_some_and(|before| self.holds_more(before, &change.path))
    }

    /// Whether something at a place is neither the field nor another one that somebody took away.
    fn holds_more(self, value: &Value, at: &FieldPath) -> bool {
        let removed = || self.asked.fields.iter().filter(|field| field.live.is_none());
        if removed().any(|field| at.segments().starts_with(field.path.segments())) {
            return false;
        }
        let is_around = removed().any(|field| field.path.segments().starts_with(at.segments()));
        match value {
            Value::Object(fields) if is_around => fields
                .iter()
                .any(|(name, value)| self.holds_more(value, &at.key(name))),
            // What tells the elements apart is not known here.
            Value::Array(items) if is_around => items.len() > 1,
            Value::Null => false,
            Value::Object(_) | Value::Array(_) => !placement::is_empty(value),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }

    /// Whether the field is known to be something else than what lives.
    fn is_known_otherwise(self, trial: &Trial) -> bool {
        self.document_of(trial)
            .is_some_and(|document| self.is_otherwise(document, self.field.live.as_ref()))
    }

    /// Whether the field is known to be something else than what was deployed, in the chart as it is evaluated.
    pub(super) fn was_otherwise(self) -> bool {
        let Template::Known(template) = self.template() else {
            return false;
        };
        let map = self.session.source_map(template);
        let Some(document) = map.as_ref().and_then(|map| self.document(map)) else {
            // It was deployed.
            return true;
        };
        let deployed = self.field.deployed.as_ref();
        let path = &self.field.path;
        self.is_otherwise(document, deployed)
            || (deployed.is_some() && document.field(path).is_none() && !document.may_have(path))
    }

    /// Whether the field may hang on live objects that the template asks for: then no name says what the upgrade renders.
    pub(super) fn is_asked_of_cluster(self) -> bool {
        let Template::Known(template) = self.template() else {
            return false;
        };
        let map = self.session.source_map(template);
        let document = map.as_ref().and_then(|map| self.document(map));
        let located = document.and_then(|document| document.field(&self.field.path));
        self.session.asks_cluster(template) && located.is_some_and(|located| located.has_hole)
    }

    /// Whether the field takes a number and lives as a text.
    fn is_quantity(self) -> bool {
        matches!(self.field.deployed, Some(Value::Number(_)))
            || self.field.path.keys().any(scalar::holds_quantities)
    }

    /// Whether the field is known to have another value.
    fn is_otherwise(self, document: &Document, than: Option<&Value>) -> bool {
        match (document.value(&self.field.path), than) {
            (Some(value), Some(than)) => !is_what_lives(&value, than, self.is_quantity()),
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

/// Whether the API server takes a value as if the field were not there. A probe or a handler without anything in it is refused.
fn is_as_good_as_absent(value: &Value, path: &FieldPath) -> bool {
    let last = path.keys().next_back().unwrap_or_default();
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() && last == "priorityClassName",
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && !last.ends_with("Probe"),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a rendered value is the live one. Texts that hold YAML are compared by what they say.
fn is_what_lives(value: &Value, live: &Value, is_quantity: bool) -> bool {
    if scalar::is_same(value, live, is_quantity) {
        return true;
    }
    match (value, live) {
        (Value::String(value), Value::String(live)) if value.contains('\n') => {
            differences_inside(value, live, &Limits::default())
                .is_some_and(|differences| differences.is_empty())
        }
        _ => false,
    }
}

/// Whether a text with one hole can be the live value.
fn fits_around_hole(document: &Document, path: &FieldPath, live: &Value) -> bool {
    let (Some(located), Some(live)) = (document.field(path), scalar::text_of(live)) else {
        return false;
    };
    let Some(text) = scalar::text_of(&located.value) else {
        return false;
    };
    let mut around = text.split(HOLE);
    match (around.next(), around.next(), around.next()) {
        (Some(before), Some(after), None) if text.trim() != HOLE.to_string() => live
            .strip_prefix(before.trim_start())
            .is_some_and(|rest| rest.trim_end().ends_with(after.trim_end())),
        _ => false,
    }
}

fn step(step: &KeyStep) -> ReportedStep {
    match step {
        KeyStep::Name(name) => ReportedStep::Name((**name).to_owned()),
        KeyStep::Index(index) => ReportedStep::Index(*index),
    }
}

/// The texts of a path that say what the field is: keys, and the names of list elements.
pub(super) fn words_of(path: &FieldPath) -> Vec<String> {
    let mut words = Vec::new();
    for segment in path.segments() {
        match segment {
            Segment::Key(key) => words.push(key.clone()),
            Segment::Match(keys) => words.extend(
                keys.iter()
                    .filter(|(key, _)| key == "name")
                    .filter_map(|(_, value)| value.as_str().map(str::to_owned)),
            ),
            Segment::Index(_) | Segment::Member(_) => {}
        }
    }
    words
}
