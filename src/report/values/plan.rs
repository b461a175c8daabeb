//! Which keys are set to what, from what each finding says by itself.
//!
//! Findings may share a key, and lists are given whole: the changes of several findings in one list are put together. Two
//! findings that want different values of one key cannot both be kept, so that neither is set; nor are two keys of which
//! one also moves what the other keeps.

use serde_json::Value;

use super::entry::{Entry, Kept};
use super::{ValuesCounts, entangled, findings};
use crate::model::{Finding, KeptBy, KeyPath, KeyStep, NoKey, ObjectReport, ReleaseReport};
use crate::vocabulary::{NextUpgrade, NoKeyReason};

/// What the drift of a release comes to.
#[derive(Default)]
pub(super) struct Plan<'r> {
    /// The keys that are set, none of them within another.
    pub(super) set: Vec<Entry<'r>>,
    /// The findings that want different values of one key, by groups.
    pub(super) contradictions: Vec<Vec<Kept<'r>>>,
    /// The findings of which one's key also moves the field of another one, by groups.
    pub(super) entangled: Vec<Vec<Kept<'r>>>,
    /// The findings with a key of which the value is hidden.
    pub(super) hidden: Vec<Kept<'r>>,
    /// The findings without a key whose live values the next upgrade leaves, so that nothing has to keep them.
    pub(super) stays: Vec<(&'r ObjectReport, &'r Finding)>,
    /// The other findings without a key.
    pub(super) none: Vec<(&'r ObjectReport, &'r Finding, &'r NoKey)>,
}

impl<'r> Plan<'r> {
    /// The plan for a release.
    pub(super) fn of(release: &'r ReleaseReport) -> Self {
        let mut plan = Self::default();
        for (object, finding) in findings(release) {
            match (&finding.kept_by, &finding.no_key) {
                (Some(by), _) => plan.add(Kept { object, finding, by }),
                (None, Some(_)) if finding.is_drift() && finding.next_upgrade == Some(NextUpgrade::Keep) => {
                    plan.stays.push((object, finding));
                }
                (None, Some(no_key)) => plan.none.push((object, finding, no_key)),
                (None, None) => {}
            }
        }
        (plan.set, plan.entangled) = entangled::separate(std::mem::take(&mut plan.set));
        plan.set.sort_by(|one, other| one.key.cmp(&other.key));
        plan
    }

    /// What becomes of the fields.
    pub(super) fn counts(&self) -> ValuesCounts {
        let kept = self.set.iter().map(|entry| entry.keeps.len()).sum();
        let groups = self.contradictions.iter().chain(&self.entangled);
        let by_hand = groups.map(Vec::len).sum::<usize>() + self.hidden.len();
        let drift = self.none.iter().filter(|(_, finding, _)| finding.is_drift());
        let (fails, passes): (Vec<_>, Vec<_>) = drift.clone().partition(|(_, finding, _)| finding.fails());
        let set_by_chart = |code| code == NoKeyReason::SetByChart;
        ValuesCounts {
            fields: kept + by_hand + self.stays.len() + drift.clone().count(),
            kept,
            by_hand,
            stays: self.stays.len(),
            set_by_chart: (passes.iter())
                .filter(|(_, _, no_key)| set_by_chart(no_key.code))
                .count(),
            fails: fails.len(),
        }
    }

    fn add(&mut self, kept: Kept<'r>) {
        let Some((key, value)) = kept.by.assignment() else {
            self.hidden.push(kept);
            return;
        };
        let is_disputed = |group: &&mut Vec<Kept<'r>>| {
            let mut keys = group.iter().filter_map(|other| other.by.assignment());
            keys.any(|(other, _)| other.overlaps(key))
        };
        if let Some(group) = self.contradictions.iter_mut().find(is_disputed) {
            group.push(kept);
            return;
        }
        // One key may be around several that are set already.
        let (touched, others) = std::mem::take(&mut self.set)
            .into_iter()
            .partition(|entry| entry.key.overlaps(key));
        self.set = others;
        let mut entry = Entry {
            key: key.clone(),
            value: value.clone(),
            keeps: vec![kept],
        };
        let mut disputed: Vec<Kept<'r>> = Vec::new();
        for other in touched {
            let other: Entry<'r> = other;
            match merged(&entry, &other) {
                Some((key, value)) if disputed.is_empty() => {
                    let keeps = other.keeps.into_iter().chain(entry.keeps).collect();
                    entry = Entry { key, value, keeps };
                }
                Some(_) | None => {
                    disputed.extend(other.keeps);
                }
            }
        }
        if disputed.is_empty() {
            self.set.push(entry);
        } else {
            disputed.extend(entry.keeps);
            self.contradictions.push(disputed);
        }
    }
}

/// A key and a value that hold what both want; `None` where they want different things.
fn merged(new: &Entry<'_>, known: &Entry<'_>) -> Option<(KeyPath, Value)> {
    if new.key == known.key {
        let both = united(&known.value, &new.value).or_else(|| {
            let mut kept = new.keeps.iter();
            kept.try_fold(known.value.clone(), |list, kept| {
                edit(list, kept.by, &known.keeps)
            })
        });
        return Some((known.key.clone(), both?));
    }
    let (outer, inner) = if new.key.steps().len() < known.key.steps().len() {
        (new, known)
    } else {
        (known, new)
    };
    let rest = inner.key.steps().get(outer.key.steps().len()..)?;
    let inner = KeyPath::of(rest.to_vec())?.tree(inner.value.clone())?;
    Some((outer.key.clone(), united(&outer.value, &inner)?))
}

/// Two values as one: Helm merges maps, and takes all else as it is.
fn united(one: &Value, other: &Value) -> Option<Value> {
    let (Value::Object(one), Value::Object(more)) = (one, other) else {
        return (one == other).then(|| one.clone());
    };
    let mut fields = one.clone();
    for (name, value) in more {
        let value = match one.get(name) {
            Some(known) => united(known, value)?,
            None => value.clone(),
        };
        fields.insert(name.clone(), value);
    }
    Some(Value::Object(fields))
}

/// The elements that a key puts behind those of a list as it is now; `None` where it does something else.
fn appended(by: &KeptBy) -> Option<&[Value]> {
    let (now, value) = (by.current.as_ref()?.as_array()?, by.value.as_ref()?.as_array()?);
    value.strip_prefix(&now[..]).filter(|more| !more.is_empty())
}

/// A list with the change of one more finding; `None` where the change is not one of a single place, or another finding
/// wants another value there.
fn edit(mut list: Value, by: &KeptBy, known: &[Kept<'_>]) -> Option<Value> {
    if let Some(more) = appended(by) {
        list.as_array_mut()?.extend(more.iter().cloned());
        return Some(list);
    }
    let whole = by.list.as_ref()?;
    let value = by.value.as_ref().filter(|value| !value.is_null())?;
    let rest = by.key.steps().get(whole.key.steps().len()..)?;
    // What comes behind the last element changes none.
    let same = known
        .iter()
        .filter(|other| appended(other.by).is_none() && other.by.key.overlaps(&by.key));
    let is_appended =
        |kept: &KeptBy| kept.current.is_none() && matches!(kept.key.steps().last(), Some(KeyStep::Index(_)));
    let mut others = same.filter(|other| other.by.value.as_ref() != Some(value));
    let is_taken = others.clone().next().is_some();
    if is_taken {
        // Two elements that both come behind the last one.
        if rest.len() == 1 && is_appended(by) && others.all(|other| is_appended(other.by)) {
            list.as_array_mut()?.push(value.clone());
            return Some(list);
        }
        return None;
    }
    set(&mut list, rest, value)?;
    Some(list)
}

/// Sets a place within a list.
fn set(target: &mut Value, steps: &[KeyStep], value: &Value) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        *target = value.clone();
        return Some(());
    };
    let inner = match step {
        KeyStep::Name(name) => {
            let fields = target.as_object_mut()?;
            fields.entry(name.clone()).or_insert(Value::Null)
        }
        KeyStep::Index(index) => {
            let items = target.as_array_mut()?;
            if *index == items.len() {
                items.push(Value::Null);
            }
            items.get_mut(*index)?
        }
    };
    if inner.is_null() && matches!(rest.first(), Some(KeyStep::Name(_))) {
        *inner = Value::Object(serde_json::Map::new());
    }
    set(inner, rest, value)
}
