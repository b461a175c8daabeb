//! Whether an object fits the schema: what the API server looks at before it merges anything (structured-merge-diff:
//! `typed/validate.go`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::element::Element;
use super::schema::{Atom, List, Nameless, Scalar, Type};
use super::set::Set;
use crate::apply::Refusal;
use crate::apply::unread::{ONLY_BOOLEAN, ONLY_LIST, ONLY_NUMBER, ONLY_OBJECT, ONLY_SCALAR, ONLY_TEXT};
use crate::compare::path::{FieldPath, Segment};
use crate::compare::work::Work;

/// An object that is validated.
#[derive(Clone, Copy)]
pub(super) enum Checked<'s> {
    /// The one that is applied: no two elements may have the same keys, and every field is declared. Fields that the
    /// API server is known to have in spite of our facts are those that live or are owned.
    Applied { live: &'s Value, owned: &'s Set<'s> },
    /// The live one, which the API server accepted.
    Live,
}

/// Why an object does not fit the schema.
pub(super) enum Misfit {
    /// An element of a list cannot be told from the others.
    Nameless(Refusal),
    /// Anything else.
    Other(Refusal),
}

/// The first place at which a value does not fit its type, in the order of the fields' names.
pub(super) fn validate(of: Type<'_>, value: &Value, checked: Checked<'_>, work: &Work) -> Result<(), Misfit> {
    Validator {
        checked,
        work,
        at: Vec::new(),
    }
    .value(of, value)
}

struct Validator<'s> {
    checked: Checked<'s>,
    work: &'s Work,
    at: Vec<Segment>,
}

impl Validator<'_> {
    fn refusal(&self, rule: &'static str) -> Refusal {
        Refusal {
            path: self.at.iter().cloned().collect::<FieldPath>(),
            rule: rule.into(),
            others: 0,
        }
    }

    fn refused(&self, rule: &'static str) -> Misfit {
        Misfit::Other(self.refusal(rule))
    }

    fn value(&mut self, of: Type<'_>, value: &Value) -> Result<(), Misfit> {
        if !self.work.affords_value(value) || value.is_null() {
            return Ok(());
        }
        match (of.atom(Some(value)), value) {
            (Atom::Map(map), Value::Object(fields)) => {
                for (name, inner) in fields {
                    let inner_type = match map.value(name) {
                        Some(inner_type) => inner_type,
                        None if self.is_known_otherwise(name) => Type::Deduced,
                        None => {
                            self.at.push(Segment::Key(name.clone()));
                            return Err(
                                self.refused("server-side apply refuses a field that the type does not have")
                            );
                        }
                    };
                    self.at.push(Segment::Key(name.clone()));
                    self.value(inner_type, inner)?;
                    self.at.pop();
                }
                Ok(())
            }
            (Atom::List(list), Value::Array(items)) => self.items(list, items),
            (Atom::Scalar(scalar), value) => match (scalar, value) {
                (Scalar::Text | Scalar::Any, Value::String(_))
                | (Scalar::Number | Scalar::Any, Value::Number(_))
                | (Scalar::Boolean | Scalar::Any, Value::Bool(_)) => Ok(()),
                (Scalar::Text, _) => Err(self.refused(ONLY_TEXT)),
                (Scalar::Number, _) => Err(self.refused(ONLY_NUMBER)),
                (Scalar::Boolean, _) => Err(self.refused(ONLY_BOOLEAN)),
                (Scalar::Any, _) => Err(self.refused(ONLY_SCALAR)),
            },
            (Atom::Map(_), _) => Err(self.refused(ONLY_OBJECT)),
            (Atom::List(_), _) => Err(self.refused(ONLY_LIST)),
        }
    }

    fn items(&mut self, list: List<'_>, items: &[Value]) -> Result<(), Misfit> {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let step = if list.is_atomic() {
                Ok(Element::Index(index))
            } else {
                list.step(item)
            };
            let step = step.map_err(|nameless| {
                self.at.push(Segment::Index(index));
                Misfit::Nameless(self.refusal(match nameless {
                    Nameless::Object => "every element of this list has to be an object",
                    Nameless::Keys => "an element of this list has none of the fields that identify it",
                    Nameless::Scalar => {
                        "every element of this list has to be a text, a number, true or false"
                    }
                }))
            })?;
            if !self.work.affords(step.steps()) {
                return Ok(());
            }
            self.at.push(step.to_segment());
            self.value(list.element, item)?;
            if !list.is_atomic() && !seen.insert(step) && matches!(self.checked, Checked::Applied { .. }) {
                return Err(self.refused("server-side apply refuses two elements with the same keys"));
            }
            self.at.pop();
        }
        Ok(())
    }

    /// Whether the API server has a field here that our facts do not: the live object has it, or somebody owns it.
    fn is_known_otherwise(&self, name: &str) -> bool {
        let (live, owned) = match self.checked {
            Checked::Live => return true,
            Checked::Applied { live, owned } => (live, owned),
        };
        if !self.work.affords(self.at.len()) {
            return true;
        }
        let (mut steps, mut owns) = (self.at.iter(), Some(owned));
        while let (Some(set), Some(segment)) = (owns, steps.next()) {
            owns = set.get(&Element::of(segment)).map(|node| &node.below);
        }
        if owns.is_some_and(|set| set.get(&Element::Field(name)).is_some()) {
            return true;
        }
        let mut lives = Some(live);
        for segment in &self.at {
            lives = lives.and_then(|value| inside(value, segment, self.work));
        }
        lives.is_some_and(|value| value.get(name).is_some()) || self.work.is_spent()
    }
}

/// What lies one step further in an object of which the lists have unique keys.
fn inside<'v>(value: &'v Value, segment: &Segment, work: &Work) -> Option<&'v Value> {
    match segment {
        Segment::Key(key) => value.get(key),
        Segment::Index(index) => value.get(index),
        Segment::Match(keys) => value
            .as_array()?
            .iter()
            .find(|item| work.affords(1) && keys.iter().all(|(name, value)| item.get(name) == Some(value))),
        Segment::Member(_) => None,
    }
}
