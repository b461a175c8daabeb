//! Sets of fields, and what can be made of two of them (structured-merge-diff: `fieldpath/set.go`).
//!
//! A set names places. That it names a place says nothing about the places around it: an object may be named without
//! its fields, and its fields without it.

use std::collections::BTreeMap;

use super::element::Element;
use super::schema::{Atom, Type};
use crate::compare::fields_v1::FieldSet;
use crate::compare::path::{FieldPath, Segment};
use crate::compare::work::Work;

/// The places that are named below one value. No step in it leads to nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Set<'a> {
    below: BTreeMap<Element<'a>, Node<'a>>,
}

/// One step: whether the place that it leads to is named, and which places below it are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Node<'a> {
    pub(super) is_named: bool,
    pub(super) below: Set<'a>,
}

impl Node<'_> {
    /// Whether no place is named at it or below it.
    fn is_empty(&self) -> bool {
        !self.is_named && self.below.is_empty()
    }
}

impl<'a> Set<'a> {
    /// The set that managed fields write. A step without anything below it names its place, with or without a dot
    /// (`fieldpath/serialize.go`, `readIterV1`).
    pub(super) fn of(fields: &'a FieldSet, work: &Work) -> Self {
        let mut below = BTreeMap::new();
        for (segment, inner) in fields.iter() {
            let element = Element::of(segment);
            if !work.affords(element.steps()) {
                break;
            }
            let inner_set = Self::of(inner, work);
            let node = Node {
                is_named: inner.names_itself() || inner_set.is_empty(),
                below: inner_set,
            };
            below.insert(element, node);
        }
        Self { below }
    }

    /// Whether no place is named.
    pub(super) fn is_empty(&self) -> bool {
        self.below.is_empty()
    }

    /// What is named one step further.
    pub(super) fn get<'s>(&'s self, element: &Element<'s>) -> Option<&'s Node<'s>>
    where
        'a: 's,
    {
        let below: &'s BTreeMap<Element<'s>, Node<'s>> = &self.below;
        below.get(element)
    }

    /// Puts a node at a step, if anything is named there.
    pub(super) fn insert(&mut self, element: Element<'a>, node: Node<'a>) {
        if !node.is_empty() {
            self.below.insert(element, node);
        }
    }

    /// Takes out what is named at a step and below it.
    pub(super) fn remove(&mut self, element: &Element<'a>) -> Option<Node<'a>> {
        self.below.remove(element)
    }

    /// Adds all places that another set names.
    pub(super) fn add(&mut self, other: &Set<'a>, work: &Work) {
        for (element, theirs) in &other.below {
            if !work.affords(element.steps()) {
                return;
            }
            let own = self.below.entry(element.clone()).or_default();
            own.is_named |= theirs.is_named;
            own.below.add(&theirs.below, work);
        }
    }

    /// The places that both sets name.
    pub(super) fn intersection(&self, other: &Set<'_>, work: &Work) -> Set<'a> {
        self.filtered(work, &mut |element, own| {
            let theirs = other.get(element)?;
            Some(Node {
                is_named: own.is_named && theirs.is_named,
                below: own.below.intersection(&theirs.below, work),
            })
        })
    }

    /// The places that this set names and the other one does not.
    pub(super) fn difference(&self, other: &Set<'_>, work: &Work) -> Set<'a> {
        self.filtered(work, &mut |element, own| match other.get(element) {
            Some(theirs) => Some(Node {
                is_named: own.is_named && !theirs.is_named,
                below: own.below.difference(&theirs.below, work),
            }),
            None => Some(own.clone()),
        })
    }

    fn filtered(
        &self,
        work: &Work,
        keep: &mut dyn FnMut(&Element<'a>, &Node<'a>) -> Option<Node<'a>>,
    ) -> Set<'a> {
        let mut below = BTreeMap::new();
        for (element, own) in &self.below {
            if !work.affords(element.steps()) {
                break;
            }
            if let Some(kept) = keep(element, own).filter(|kept| !kept.is_empty()) {
                below.insert(element.clone(), kept);
            }
        }
        Set { below }
    }

    /// The set with every declared field named below which it names anything (`EnsureNamedFieldsAreMembers`): such an
    /// object goes when all that is in it goes, a map does not.
    pub(super) fn with_declared_fields(&self, of: Type<'_>, work: &Work) -> Set<'a> {
        let object = of.as_map();
        let list = of.as_list();
        let mut below = BTreeMap::new();
        for (element, own) in &self.below {
            if !work.affords(element.steps()) {
                break;
            }
            let (is_declared, inner) = match element {
                Element::Field(name) => (
                    object.is_some_and(|object| object.declares(name)),
                    object.and_then(|object| object.value(name)),
                ),
                Element::Keys(_) => (false, list.map(|list| list.element)),
                Element::Member(_) | Element::Index(_) => (false, None),
            };
            let inner = inner.unwrap_or(Type::Unresolved);
            let node = Node {
                is_named: own.is_named || is_declared && !own.below.is_empty(),
                below: own.below.with_declared_fields(inner, work),
            };
            below.insert(element.clone(), node);
        }
        Set { below }
    }

    /// The set as it is to a schema that has other atomic values than the one it was written with: what it names in
    /// them names them (`typed/reconcile_schema.go`).
    pub(super) fn reconciled(&self, of: Type<'_>, work: &Work) -> Set<'a> {
        let mut below = BTreeMap::new();
        for (element, own) in &self.below {
            if !work.affords(element.steps()) {
                break;
            }
            let inner = match of.atom(None) {
                Atom::Map(map) => match element {
                    Element::Field(name) => map.value(name),
                    Element::Keys(_) | Element::Member(_) | Element::Index(_) => None,
                },
                Atom::List(list) => Some(list.element),
                Atom::Scalar(_) => None,
            };
            let node = match inner {
                Some(inner) => own.reconciled(inner, work),
                None => own.clone(),
            };
            below.insert(element.clone(), node);
        }
        Set { below }
    }

    /// Whether a type has everything that is named.
    pub(super) fn is_declared(&self, of: Type<'_>, work: &Work) -> bool {
        self.below.iter().all(|(element, node)| {
            let inner = match element {
                Element::Field(name) => of.as_map().and_then(|map| map.value(name)),
                Element::Keys(_) | Element::Member(_) | Element::Index(_) => {
                    of.as_list().map(|list| list.element)
                }
            };
            work.affords(1) && inner.is_some_and(|inner| node.below.is_declared(inner, work))
        })
    }

    /// The first named places, so many at most: each is a path of its own, and a set may name more than memory holds.
    pub(super) fn paths(&self, most: usize, work: &Work) -> Vec<FieldPath> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found, most, work);
        found
    }

    fn collect(&self, at: &mut Vec<Segment>, found: &mut Vec<FieldPath>, most: usize, work: &Work) {
        for (element, node) in &self.below {
            if found.len() >= most || !work.affords(1 + at.len()) {
                return;
            }
            at.push(element.to_segment());
            if node.is_named {
                found.push(at.iter().cloned().collect());
            }
            node.below.collect(at, found, most, work);
            at.pop();
        }
    }
}

impl<'a> Node<'a> {
    fn reconciled(&self, of: Type<'_>, work: &Work) -> Node<'a> {
        if self.below.is_empty() || of.is_deduced() {
            return self.clone();
        }
        let is_atomic = match of.atom(None) {
            Atom::Map(map) => map.is_atomic,
            Atom::List(list) => list.is_atomic(),
            Atom::Scalar(_) => return self.clone(),
        };
        if is_atomic {
            return Node {
                is_named: true,
                below: Set::default(),
            };
        }
        Node {
            is_named: self.is_named,
            below: self.below.reconciled(of, work),
        }
    }
}
