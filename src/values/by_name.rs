//! The key of a field whose template is not at hand, for its name and its value.
//!
//! Its default values are in the record even where the templates of a dependency are not, so that a key with the value that
//! was deployed, in the right part of the values and with the right name, is most often the one. Where two are as good,
//! none is named.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Suggestion;
use super::names::{is_alike, plain, words};
use super::scalar::{cast, text_of};
use super::suggest::{Question, Template, words_of};
use super::tree;
use crate::template::key::{Key, KeyStep};
use crate::vocabulary::NoKeyReason;

/// The most values that are looked at.
const MAX_LEAVES: usize = 50_000;

/// Values that so many keys have that the name has to fit exactly.
const COMMON: [&str; 17] = [
    "true",
    "false",
    "0",
    "1",
    "",
    "ClusterIP",
    "IfNotPresent",
    "Always",
    "RollingUpdate",
    "RuntimeDefault",
    "default",
    "None",
    "Exists",
    "info",
    "http",
    "HTTP",
    "linux",
];

/// Words in the name of an object that say it is not the chart's main one.
const SECOND: [&str; 11] = [
    "headless",
    "hl",
    "metrics",
    "read",
    "readonly",
    "backup",
    "replica",
    "replicas",
    "secondary",
    "secret",
    "webhook",
];

/// Keys that name objects.
const NAMING: [&str; 4] = [
    "nameoverride",
    "fullnameoverride",
    "namespaceoverride",
    "releasename",
];

/// A key that may be the one.
struct Candidate {
    key: Key,
    shows: String,
    /// How much of the key's end is that of the field.
    depth: u32,
}

/// A candidate, weighed.
struct Weighed {
    candidate: Candidate,
    score: f64,
    unexplained: f64,
}

/// The key that fits best, if it is clearly better than the others.
pub(super) fn suggestion(question: Question<'_>) -> Result<Suggestion, NoKeyReason> {
    let (Some(deployed), Some(live)) = (&question.field.deployed, &question.field.live) else {
        return Err(NoKeyReason::NotEvaluated);
    };
    let (Some(was), Some(is)) = (text_of(deployed), text_of(live)) else {
        return Err(NoKeyReason::NotEvaluated);
    };
    let place = Place::of(question);
    let leaves = tree::leaves(question.session.values(), MAX_LEAVES);
    let allowed = leaves.iter().filter(|(key, _)| place.allows(key));
    let is_image = question.field.path.keys().next_back() == Some("image");
    let candidates = if is_image {
        images(question, allowed, &was, &is)?
    } else {
        others(question, allowed, &was, &is)
    };
    let best = best_of(question, &place, candidates, &was)?;
    let is_explained = best.unexplained == 0.0;
    let is_common = COMMON.contains(&was.as_str()) || was.len() < 4 || !deployed.is_string();
    if !is_explained && (best.candidate.depth < 2 || is_common) {
        return Err(NoKeyReason::Ambiguous);
    }
    let key = &best.candidate.key;
    let last = labels(question.session.values(), key).pop().unwrap_or_default();
    if NAMING.contains(&plain(&last).as_str()) {
        return Err(NoKeyReason::NamesObjects);
    }
    if is_second(question, key, &best) {
        return Err(NoKeyReason::Ambiguous);
    }
    let field = if best.candidate.shows == is {
        live
    } else {
        &Value::Null
    };
    question.by_name(key, cast(&best.candidate.shows, question.current(key), field))
}

/// Where a field's key may be.
struct Place {
    /// The names of the dependencies on the way to its chart.
    charts: Vec<String>,
    /// The names of the chart's own dependencies, whose values are not its own.
    dependencies: BTreeSet<String>,
    /// The keys that its template reads, where that is at hand.
    read: Option<Vec<Key>>,
}

impl Place {
    fn of(question: Question<'_>) -> Self {
        let template = question.asked.template.as_deref().unwrap_or_default();
        let folder = template.split("/templates/").next().unwrap_or_default();
        let charts = folder.split("/charts/").skip(1).map(str::to_owned).collect();
        let dependencies = question.session.chart().metadata.get("dependencies");
        let dependencies = dependencies.and_then(Value::as_array).into_iter().flatten();
        let name_of = |dependency: &Value| {
            let name = dependency
                .get("alias")
                .filter(|alias| alias.as_str().is_some_and(|alias| !alias.is_empty()));
            name.or_else(|| dependency.get("name"))?
                .as_str()
                .map(str::to_owned)
        };
        Self {
            charts,
            dependencies: dependencies.filter_map(name_of).collect(),
            read: match question.template() {
                Template::Known(template) => Some(question.session.keys_read(template)),
                Template::Unknown => None,
            },
        }
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
            first == "global"
                || (steps.len() > self.charts.len()
                    && self
                        .charts
                        .iter()
                        .zip(&steps)
                        .all(|(chart, step)| matches!(step, KeyStep::Name(name) if **name == **chart)))
        };
        is_in_place
            && self
                .read
                .as_ref()
                .is_none_or(|read| read.iter().any(|read| read.overlaps(key)))
    }
}

/// Registry, repository, tag and digest of an image.
struct Image<'i> {
    repository: &'i str,
    tag: &'i str,
}

impl<'i> Image<'i> {
    /// An image with a tag and without a digest.
    fn of(text: &'i str) -> Option<Self> {
        if text.contains('@') {
            return None;
        }
        let (repository, tag) = text.rsplit_once(':')?;
        (!tag.contains('/')).then_some(Self { repository, tag })
    }
}

/// The tag beside the repository, or the whole image.
fn images<'v>(
    question: Question<'_>,
    leaves: impl Iterator<Item = &'v (Key, &'v Value)> + Clone,
    was: &str,
    is: &str,
) -> Result<Vec<Candidate>, NoKeyReason> {
    let (Some(from), Some(to)) = (Image::of(was), Image::of(is)) else {
        return Err(NoKeyReason::NotEvaluated);
    };
    if from.repository != to.repository {
        return Err(NoKeyReason::SeveralKeys);
    }
    let values = question.session.values();
    let mut candidates = Vec::new();
    for (key, value) in leaves.clone() {
        let (Some(text), Some(KeyStep::Name(name))) =
            (value.as_str().filter(|text| !text.is_empty()), key.last())
        else {
            continue;
        };
        if !["repository", "name", "image", "repo", "imageName"].contains(&&**name) {
            continue;
        }
        if text == was {
            candidates.push(Candidate {
                key: key.clone(),
                shows: is.to_owned(),
                depth: 6,
            });
            continue;
        }
        let is_repository = from.repository == text || from.repository.ends_with(&format!("/{text}"));
        let Some(parent) = key.parent().filter(|_| is_repository) else {
            continue;
        };
        for name in ["tag", "version", "imageTag", "Tag"] {
            let tag = parent.name(name);
            let Some(current) = tree::get(values, &tag).and_then(text_of) else {
                continue;
            };
            if current == from.tag || current.is_empty() {
                let depth = if current.is_empty() { 3 } else { 5 };
                candidates.push(Candidate {
                    key: tag,
                    shows: to.tag.to_owned(),
                    depth,
                });
            }
        }
    }
    if candidates.is_empty() {
        let is_tag = |key: &Key| matches!(key.last(), Some(KeyStep::Name(name)) if ["tag", "imageTag", "version"].contains(&&**name));
        let tags = leaves.filter(|(key, value)| is_tag(key) && text_of(value).as_deref() == Some(from.tag));
        candidates.extend(tags.map(|(key, _)| Candidate {
            key: key.clone(),
            shows: to.tag.to_owned(),
            depth: 1,
        }));
    }
    Ok(candidates)
}

/// Keys with the deployed value whose names end as the field's path does.
fn others<'v>(
    question: Question<'_>,
    leaves: impl Iterator<Item = &'v (Key, &'v Value)>,
    was: &str,
    is: &str,
) -> Vec<Candidate> {
    let path = words_of(&question.field.path);
    let Some((last, before)) = path.split_last() else {
        return Vec::new();
    };
    let before_last = before.last().map(String::as_str).unwrap_or_default();
    let mut candidates = Vec::new();
    for (key, value) in leaves.filter(|(_, value)| text_of(value).as_deref() == Some(was)) {
        let names = labels(question.session.values(), key);
        let Some((name, above)) = names.split_last() else {
            continue;
        };
        let above_last = above.last().map(String::as_str).unwrap_or_default();
        let is_element = |name: &str| !before_last.is_empty() && plain(name) == plain(before_last);
        let mut depth = match last.as_str() {
            // `env: [{name: A, value: x}]` is `env.A` or an element named `A`.
            "value" if is_element(name) => 2,
            "value" if plain(name) == "value" && is_element(above_last) => 2,
            "value" => continue,
            last if is_alike(name, last) => 1,
            "port" | "containerPort" | "targetPort" | "nodePort" if is_element(name) => 1,
            _ => continue,
        };
        let same = above.iter().rev().zip(before.iter().rev());
        depth += u32::try_from(same.take_while(|(a, b)| plain(a) == plain(b)).count()).unwrap_or(u32::MAX);
        let _ = value;
        candidates.push(Candidate {
            key: key.clone(),
            shows: is.to_owned(),
            depth,
        });
    }
    candidates
}

/// The names on the way to a key; elements of lists have the names that they give themselves.
fn labels(values: &Value, key: &Key) -> Vec<String> {
    let mut labels = Vec::new();
    let mut place = Some(values);
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
    evidence
}

fn best_of(
    question: Question<'_>,
    place: &Place,
    candidates: Vec<Candidate>,
    _was: &str,
) -> Result<Weighed, NoKeyReason> {
    let evidence = evidence(question);
    let mut weighed: Vec<Weighed> = candidates
        .into_iter()
        .map(|candidate| {
            let names = labels(question.session.values(), &candidate.key);
            let above = names.split_last().map_or(&[][..], |(_, above)| above);
            let is_below =
                above.len() >= place.charts.len() && above.iter().zip(&place.charts).all(|(a, b)| a == b);
            let own = if is_below {
                &above[place.charts.len()..]
            } else {
                above
            };
            let (mut explained, mut unexplained) = (0.0, 0.0);
            for name in own {
                let words = words(name);
                if words.is_empty() || words.is_disjoint(&evidence) {
                    unexplained += 1.0;
                } else if words.is_subset(&evidence) {
                    explained += 1.0;
                } else {
                    unexplained += 0.5;
                }
            }
            let score = 2.0 * f64::from(candidate.depth) + explained - 1.5 * unexplained;
            Weighed {
                candidate,
                score,
                unexplained,
            }
        })
        .collect();
    weighed.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut weighed = weighed.into_iter();
    let best = weighed.next().ok_or(NoKeyReason::NotEvaluated)?;
    match weighed.next() {
        Some(second) if second.score > best.score - 1.0 => Err(NoKeyReason::Ambiguous),
        Some(_) | None => Ok(best),
    }
}

/// Whether the object has a name that says it is not the main one, and the key does not say so.
fn is_second(question: Question<'_>, key: &Key, best: &Weighed) -> bool {
    let names = words(&question.asked.key.name);
    let mut said = BTreeSet::new();
    for label in labels(question.session.values(), key) {
        said.extend(words(&label));
    }
    let mut second = SECOND.iter().filter(|word| names.contains(**word));
    best.candidate.depth < 3 && second.any(|word| !said.contains(*word))
}
