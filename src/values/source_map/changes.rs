//! Fields that differ between two trees.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::Value;

use super::find::{is_open_element, is_open_entry};
use super::holes::Readable;
use super::located::is_unknown;
use crate::compare::path::{FieldPath, Segment};
use crate::yaml::located::{Child, Content};

/// A field that differs, with its values before and after.
pub(super) type Difference = (FieldPath, Option<Value>, Option<Value>);

/// The keys of lists whose elements are told apart by something else than a name, by the list's name.
const KEYS: [(&str, &[&str]); 6] = [
    ("ports", &["containerPort", "protocol"]),
    ("ports", &["port", "protocol"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
];

/// What is known of the elements of a list: the step to each.
pub(super) fn steps(body: &Readable, list: &str, items: &[Child]) -> Vec<Segment> {
    let of_list = KEYS
        .iter()
        .filter(|(name, _)| *name == list)
        .map(|(_, keys)| *keys);
    for keys in of_list.chain([&["name"] as &[&str]]) {
        let mut seen = HashSet::new();
        let steps: Option<Vec<Segment>> = items
            .iter()
            .map(|item| {
                let segment = Segment::Match(own_keys(body, *item, keys)?);
                seen.insert(segment.clone()).then_some(segment)
            })
            .collect();
        if let Some(steps) = steps {
            return steps;
        }
    }
    (0..items.len()).map(Segment::Index).collect()
}

/// The keys of an element; the protocol of a port is TCP unless it says otherwise.
fn own_keys(body: &Readable, item: Child, keys: &[&str]) -> Option<Vec<(String, Value)>> {
    let own = keys.iter().map(|key| {
        let value = match body.tree.entry(item.node, key) {
            None if *key == "protocol" => Value::from("TCP"),
            None => return None,
            Some(entry) => match &body.tree.node(entry.value.node)?.content {
                Content::Scalar { value, .. } if !value.is_null() => value.clone(),
                Content::Scalar { .. } | Content::Sequence(_) | Content::Mapping(_) => return None,
            },
        };
        Some(((*key).to_owned(), value))
    });
    own.collect()
}

/// Two bodies that are compared, and what was found.
pub(super) struct Comparison<'b> {
    pub(super) before: &'b Readable,
    pub(super) after: &'b Readable,
    /// How many differences are found at most.
    pub(super) most: usize,
    pub(super) found: Vec<Difference>,
}

impl Comparison<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.most
    }

    /// Adds a field that only one of both has, or that both have.
    fn add(&mut self, path: &FieldPath, before: Option<Child>, after: Option<Child>) {
        if self.is_full() {
            return;
        }
        let before = before.map(|child| self.before.tree.value(child.node));
        let after = after.map(|child| self.after.tree.value(child.node));
        if before != after {
            self.found.push((path.clone(), before, after));
        }
    }

    /// Compares two nodes, and what they hold.
    pub(super) fn nodes(&mut self, path: &FieldPath, before: Child, after: Child) {
        if self.is_full() {
            return;
        }
        let (Some(own), Some(other)) = (
            self.before.tree.node(before.node),
            self.after.tree.node(after.node),
        ) else {
            return;
        };
        match (&own.content, &other.content) {
            (Content::Mapping(own), Content::Mapping(other)) => {
                let (mut own, mut other) = (
                    own.iter()
                        .filter(|entry| !is_open_entry(self.before, entry))
                        .peekable(),
                    other
                        .iter()
                        .filter(|entry| !is_open_entry(self.after, entry))
                        .peekable(),
                );
                loop {
                    let order = match (own.peek(), other.peek()) {
                        (None, None) => break,
                        (Some(_), None) => Ordering::Less,
                        (None, Some(_)) => Ordering::Greater,
                        (Some(own), Some(other)) => own.name.cmp(&other.name),
                    };
                    let one = if order.is_le() { own.next() } else { None };
                    let two = if order.is_ge() { other.next() } else { None };
                    let Some(name) = one.or(two).map(|entry| &entry.name) else {
                        break;
                    };
                    let path = LazyPath { path, name };
                    match (one, two) {
                        (Some(one), Some(two)) => self.entries(&path, one.value, two.value),
                        (one, two) => self.add(&path.join(), one.map(|e| e.value), two.map(|e| e.value)),
                    }
                }
            }
            (Content::Sequence(own), Content::Sequence(other)) => self.lists(path, own, other),
            (Content::Scalar { value: one, .. }, Content::Scalar { value: two, .. }) => {
                if one != two && !is_unknown(self.before, own) && !is_unknown(self.after, other) {
                    self.add(path, Some(before), Some(after));
                }
            }
            _ => self.add(path, Some(before), Some(after)),
        }
    }

    /// Compares the values of two entries of one name. The path is made only where something is to be found.
    fn entries(&mut self, path: &LazyPath<'_>, before: Child, after: Child) {
        let scalars = (
            self.before.tree.node(before.node).map(|node| &node.content),
            self.after.tree.node(after.node).map(|node| &node.content),
        );
        if let (Some(Content::Scalar { value: one, .. }), Some(Content::Scalar { value: two, .. })) = scalars
            && one == two
        {
            return;
        }
        self.nodes(&path.join(), before, after);
    }

    fn lists(&mut self, path: &FieldPath, own: &[Child], other: &[Child]) {
        let list = path.keys().next_back().unwrap_or_default();
        let (steps_before, steps_after) = (steps(self.before, list, own), steps(self.after, list, other));
        let is_keyed = |steps: &[Segment]| !steps.iter().any(|step| matches!(step, Segment::Index(_)));
        if is_keyed(&steps_before) && is_keyed(&steps_after) {
            let mut rest: std::collections::HashMap<&Segment, Child> =
                steps_after.iter().zip(other.iter().copied()).collect();
            for (step, one) in steps_before.iter().zip(own) {
                let path = path.join(step.clone());
                match rest.remove(step) {
                    Some(two) => self.nodes(&path, *one, two),
                    None => self.add(&path, Some(*one), None),
                }
            }
            for (step, two) in steps_after.iter().zip(other) {
                if rest.contains_key(step) {
                    self.add(&path.join(step.clone()), None, Some(*two));
                }
            }
            return;
        }
        for index in 0..own.len().max(other.len()) {
            let path = path.join(Segment::Index(index));
            match (own.get(index), other.get(index)) {
                (Some(one), Some(two)) => self.nodes(&path, *one, *two),
                (one, two) => {
                    let is_hole = one.is_some_and(|one| is_open_element(self.before, *one))
                        || two.is_some_and(|two| is_open_element(self.after, *two));
                    if !is_hole {
                        self.add(&path, one.copied(), two.copied());
                    }
                }
            }
            if self.is_full() {
                return;
            }
        }
    }
}

/// A path with one more name, which is joined only when it is needed.
struct LazyPath<'p> {
    path: &'p FieldPath,
    name: &'p str,
}

impl LazyPath<'_> {
    fn join(&self) -> FieldPath {
        self.path.key(self.name)
    }
}

/// The scalars under a node with their paths from there.
pub(super) fn leaves(
    body: &Readable,
    at: Child,
    list: &str,
    path: &FieldPath,
    most: usize,
    found: &mut Vec<(FieldPath, Child)>,
) {
    if found.len() >= most {
        return;
    }
    let shared = |child: Child| Child {
        node: child.node,
        is_shared: child.is_shared || at.is_shared,
    };
    match body.tree.node(at.node).map(|node| &node.content) {
        None => {}
        Some(Content::Mapping(entries)) if !entries.is_empty() => {
            for entry in entries.iter().filter(|entry| !is_open_entry(body, entry)) {
                leaves(
                    body,
                    shared(entry.value),
                    &entry.name,
                    &path.key(&entry.name),
                    most,
                    found,
                );
            }
        }
        Some(Content::Sequence(items)) if !items.is_empty() => {
            for (step, item) in steps(body, list, items).into_iter().zip(items) {
                leaves(body, shared(*item), list, &path.join(step), most, found);
            }
        }
        Some(Content::Scalar { .. } | Content::Mapping(_) | Content::Sequence(_)) => {
            found.push((path.clone(), at));
        }
    }
}
