//! Keys of images: the tag beside the repository, or the whole image.

use serde_json::Value;

use super::super::scalar::{cast, text_of};
use super::super::tree;
use super::place::Place;
use super::{Candidate, last_name};
use crate::vocabulary::NoKeyReason;

/// Keys that hold an image, or its repository.
const REPOSITORIES: [&str; 5] = ["repository", "name", "image", "repo", "imageName"];
/// Keys that hold a tag.
const TAGS: [&str; 4] = ["tag", "version", "imageTag", "Tag"];

/// The repository and the tag of an image without a digest.
fn parts(image: &str) -> Option<(&str, &str)> {
    let (repository, tag) = image.rsplit_once(':').filter(|_| !image.contains('@'))?;
    (!tag.contains('/')).then_some((repository, tag))
}

/// Keys that may give an image another tag.
pub(super) fn candidates(place: &Place<'_>, was: &str, is: &str) -> Result<Vec<Candidate>, NoKeyReason> {
    let (Some((repository, from)), Some((other_repository, to))) = (parts(was), parts(is)) else {
        return Err(NoKeyReason::NotEvaluated);
    };
    if repository != other_repository {
        return Err(NoKeyReason::SeveralKeys);
    }
    let values = place.question.session.values();
    let nodes = place.nodes();
    let mut candidates = Vec::new();
    for (key, value) in &nodes {
        let (Some(text), Some(name)) = (value.as_str().filter(|text| !text.is_empty()), last_name(key))
        else {
            continue;
        };
        if !REPOSITORIES.contains(&name) {
            continue;
        }
        if text == was {
            candidates.push(Candidate {
                key: key.clone(),
                value: Value::from(is),
                depth: 6,
            });
            continue;
        }
        let is_repository = repository == text || repository.ends_with(&format!("/{text}"));
        let Some(parent) = key.parent().filter(|_| is_repository) else {
            continue;
        };
        for name in TAGS {
            let tag = parent.name(name);
            let Some(current) = tree::get(values, &tag) else {
                continue;
            };
            let depth = match text_of(current) {
                Some(text) if text == from => 5,
                // The chart's own version stands in. A flavor behind it comes from another key.
                Some(text) if text.is_empty() && is_version(from) => 3,
                Some(_) | None => continue,
            };
            candidates.push(Candidate {
                value: cast(to, Some(current), &Value::Null),
                key: tag,
                depth,
            });
        }
    }
    if candidates.is_empty() {
        let tags = nodes.iter().filter(|(key, value)| {
            last_name(key).is_some_and(|name| TAGS.contains(&name)) && text_of(value).as_deref() == Some(from)
        });
        candidates.extend(tags.map(|(key, value)| Candidate {
            key: key.clone(),
            value: cast(to, Some(value), &Value::Null),
            depth: 1,
        }));
    }
    Ok(candidates)
}

/// Whether a tag is a version and nothing more.
fn is_version(tag: &str) -> bool {
    let mut numbers = tag.strip_prefix('v').unwrap_or(tag).split('.');
    numbers.all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
