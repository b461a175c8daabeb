//! Where a field's key may be, and how well a key fits to the field.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::names::{plain, words};
use super::super::question::{Question, Template, words_of};
use super::super::tree;
use super::{MAX_NODES, SECOND, last_name};
use crate::compare::path::Segment;
use crate::template::key::{Key, KeyStep};

/// Words of charts for what a field is part of, by the words of its path and of its object's kind.
const PARTS: [(&str, &[&str]); 5] = [
    ("persistent", &["persistence", "pvc", "storage"]),
    ("claim", &["persistence", "persistent", "pvc", "storage"]),
    ("autoscaler", &["autoscaling", "hpa"]),
    ("disruption", &["pdb"]),
    ("probe", &["probes"]),
];

/// The part of the values that a field's template sees, and the words that say where the field is.
pub(super) struct Place<'q> {
    pub(super) question: Question<'q>,
    /// The names of the dependencies on the way to its chart.
    charts: Vec<String>,
    /// The names of the chart's own dependencies, whose values are not its own.
    dependencies: BTreeSet<String>,
    /// The keys that its template reads, where that is at hand.
    read: Option<Vec<Key>>,
    /// The words of the field's path, its object and its template.
    evidence: BTreeSet<String>,
}

/// How well a key fits.
#[derive(Clone, Copy)]
pub(super) struct Weight {
    /// What is the same and explained, less what is not.
    pub(super) score: f64,
    /// The names on the way to the key that nothing of the field explains; half of one that is explained in part.
    pub(super) unexplained: f64,
}

impl<'q> Place<'q> {
    pub(super) fn of(question: Question<'q>) -> Self {
        let template = question.asked.template.as_deref().unwrap_or_default();
        let folder = template.split("/templates/").next().unwrap_or_default();
        let charts = folder.split("/charts/").skip(1).map(str::to_owned).collect();
        let dependencies = question.session.chart().dependency_names();
        Self {
            question,
            charts,
            dependencies: dependencies.map(str::to_owned).collect(),
            read: match question.template() {
                Template::Known(template) => Some(question.session.keys_read(template)),
                Template::Unknown => None,
            },
            evidence: evidence(question),
        }
    }

    /// The values that may be meant: maps, lists and scalars with their keys.
    pub(super) fn nodes(&self) -> Vec<(Key, &'q Value)> {
        let nodes = tree::nodes(self.question.session.values(), MAX_NODES);
        nodes.into_iter().filter(|(key, _)| self.allows(key)).collect()
    }

    fn allows(&self, key: &Key) -> bool {
        let steps = key.steps();
        let first = match steps.first() {
            Some(KeyStep::Name(name)) => &**name,
            Some(KeyStep::Index(_)) | None => return false,
        };
        let is_in_place = if self.charts.is_empty() {
            !self.dependencies.contains(first)
        } else {
            first == "global" || (steps.len() > self.charts.len() && self.is_below_charts(&steps))
        };
        let is_read = |read: &Vec<Key>| read.iter().any(|read| read.overlaps(key));
        is_in_place && self.read.as_ref().is_none_or(is_read)
    }

    fn is_below_charts(&self, steps: &[&KeyStep]) -> bool {
        let mut pairs = self.charts.iter().zip(steps);
        pairs.all(|(chart, step)| matches!(step, KeyStep::Name(name) if **name == **chart))
    }

    /// The names on the way to a key; elements of lists have the names that they give themselves.
    pub(super) fn labels(&self, key: &Key) -> Vec<String> {
        let mut labels = Vec::new();
        let mut place = Some(self.question.session.values());
        for step in key.steps() {
            match step {
                KeyStep::Name(name) => {
                    place = place.and_then(|value| value.get(&**name));
                    labels.push((**name).to_owned());
                }
                KeyStep::Index(index) => {
                    place = place.and_then(|value| value.get(*index));
                    let name = place.and_then(|value| value.get("name")).and_then(Value::as_str);
                    labels.extend(name.map(str::to_owned));
                }
            }
        }
        labels
    }

    /// The names above a key, from the chart of the field on.
    fn own_labels(&self, key: &Key) -> Vec<String> {
        let mut labels = self.labels(key);
        labels.pop();
        if labels.len() >= self.charts.len() && labels.iter().zip(&self.charts).all(|(a, b)| a == b) {
            labels.drain(..self.charts.len());
        }
        labels
    }

    /// How well a key fits that shares so many names with the end of the field's path.
    pub(super) fn weight(&self, key: &Key, depth: u32) -> Weight {
        let (mut explained, mut unexplained) = (0.0, 0.0);
        for label in self.own_labels(key) {
            let words = words(&label);
            if words.is_empty() || words.is_disjoint(&self.evidence) {
                unexplained += 1.0;
            } else if words.is_subset(&self.evidence) {
                explained += 1.0;
            } else {
                unexplained += 0.5;
            }
        }
        Weight {
            score: 2.0 * f64::from(depth) + explained - 1.5 * unexplained,
            unexplained,
        }
    }

    /// Whether the object has a name that says it is not the main one, and the key does not say so.
    pub(super) fn is_second(&self, key: &Key) -> bool {
        let names = words(&self.question.asked.key.name);
        let said: BTreeSet<String> = self.labels(key).iter().flat_map(|label| words(label)).collect();
        let mut second = SECOND.iter().filter(|word| names.contains(**word));
        second.any(|word| !said.contains(*word))
    }

    /// Whether the key is below the part of the values that is named as the object is, where there is one: what is above it
    /// is that of another object.
    pub(super) fn is_of_component(&self, key: &Key) -> bool {
        let chart_words: BTreeSet<String> = self.charts.iter().flat_map(|chart| words(chart)).collect();
        let object: BTreeSet<String> = self.object_words().difference(&chart_words).cloned().collect();
        let labels = self.own_labels(key);
        let root = self
            .charts
            .iter()
            .try_fold(self.question.session.values(), |value, chart| value.get(chart));
        let names = root.and_then(Value::as_object).into_iter().flatten();
        let mut components = names
            .filter(|(_, value)| value.is_object())
            .map(|(name, _)| name)
            .filter(|name| !words(name).is_empty() && words(name).is_subset(&object));
        let is_named =
            components.clone().next().is_none() || components.any(|name| labels.first() == Some(name));
        let said: BTreeSet<String> = self.labels(key).iter().flat_map(|label| words(label)).collect();
        let mut second = SECOND.iter().filter(|word| object.contains(**word));
        is_named && second.all(|word| said.contains(*word))
    }

    /// The words of the object's name and of its template's place.
    fn object_words(&self) -> BTreeSet<String> {
        let object = &self.question.asked.key;
        let release = self.question.session.release_name();
        let mut found = words(object.name.strip_prefix(release).unwrap_or(&object.name));
        let template = self.question.asked.template.as_deref().unwrap_or_default();
        let file = template.rsplit("/templates/").next().unwrap_or_default();
        for part in file.split('/') {
            found.extend(words(part.split('.').next().unwrap_or_default()));
        }
        found
    }

    /// Whether the key is that of the field's container: the main one of its pod, or one that the key names.
    pub(super) fn is_of_container(&self, key: &Key) -> bool {
        let mut segments = self.question.field.path.segments().iter();
        let Some(list) = segments.find_map(|segment| match segment {
            Segment::Key(key) if matches!(key.as_str(), "containers" | "initContainers") => Some(key),
            _ => None,
        }) else {
            return true;
        };
        let name = segments.next().and_then(|segment| match segment {
            Segment::Match(keys) => keys.iter().find_map(|(_, name)| name.as_str()),
            Segment::Key(_) | Segment::Index(_) | Segment::Member(_) => None,
        });
        let name = words(name.unwrap_or_default());
        let labels: BTreeSet<String> = self
            .own_labels(key)
            .iter()
            .flat_map(|label| words(label))
            .collect();
        if list == "initContainers" {
            return !name.is_disjoint(&labels);
        }
        let mut known = self.object_words();
        known.extend(labels);
        known.extend(self.charts.iter().flat_map(|chart| words(chart)));
        known.extend(words(self.question.session.release_name()));
        !name.is_empty() && name.is_subset(&known)
    }

    /// Whether the key is one that the chart keeps for itself.
    pub(super) fn is_private(&self, key: &Key) -> bool {
        self.labels(key).iter().any(|label| label.starts_with('_'))
    }

    /// Whether a choice beside the key allows one value of it only: a chart of one server has one replica.
    pub(super) fn is_bound(&self, key: &Key) -> bool {
        let beside = |name: &str| {
            let parent = key.parent()?;
            tree::get(self.question.session.values(), &parent.name(name))?.as_str()
        };
        let is_count = last_name(key).is_some_and(|name| plain(name).starts_with("replica"));
        is_count && beside("architecture") == Some("standalone")
    }
}

/// The words that say where a field is: of its path, its object and its template.
fn evidence(question: Question<'_>) -> BTreeSet<String> {
    let object = &question.asked.key;
    let release = question.session.release_name();
    let name = object.name.strip_prefix(release).unwrap_or(&object.name);
    let mut evidence = words(&object.gvk.kind);
    evidence.extend(words(name));
    evidence.extend(words(question.session.chart().name()));
    let template = question.asked.template.as_deref().unwrap_or_default();
    let file = template.split("/templates/").last().unwrap_or_default();
    for part in file.split('/') {
        evidence.extend(words(part.split('.').next().unwrap_or_default()));
    }
    for word in words_of(&question.field.path) {
        evidence.extend(words(&word));
    }
    for (word, parts) in PARTS {
        if evidence.contains(word) {
            evidence.extend(parts.iter().map(|part| (*part).to_owned()));
        }
    }
    evidence
}
