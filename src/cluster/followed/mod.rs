//! Reads what programs follow to manage releases ([`crate::source::followed`]).
//!
//! It has to say itself that it manages the release that is asked about, in this cluster.

mod application;
mod helm_chart;
mod helm_release;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::application::Application;
pub(super) use self::helm_chart::list as helm_charts;
use self::helm_release::HelmRelease;
use super::http::{ApiClient, parse};
use super::request::{Kind, Reader, Selector};
use crate::source::followed::{DriftSettings, Followed, FollowedKind, FollowedQuestion, FoundSettings};
use crate::source::{Kinds, ReadError};

/// How many objects of one namespace are read one by one; more of them are listed.
const MOST_SINGLE: usize = 3;

/// How many namespaces are under way at once; the client has a limit of its own.
const AT_ONCE: usize = 8;

/// A kind that a program follows, as far as its objects are looked at.
trait Follows: DeserializeOwned + Send + Sync + 'static {
    /// The kind in each version that is known, the best first.
    const KINDS: &'static [Kind<'static>];

    /// What it says about drift of the release; `None` where it manages another one.
    fn settings(&self, question: &FollowedQuestion) -> Option<DriftSettings>;
}

/// The questions about the objects of one kind in one namespace, each with its position.
type Asked<'q> = Vec<(usize, &'q FollowedQuestion)>;

/// Answers each question, in their order.
pub(super) async fn read(
    http: &ApiClient,
    questions: &[FollowedQuestion],
    kinds: &Kinds,
) -> Vec<FoundSettings> {
    let reader = &Reader { http, kinds };
    let (mut releases, mut applications) = (BTreeMap::new(), BTreeMap::new());
    for (position, question) in questions.iter().enumerate() {
        let Followed { kind, namespace, .. } = &question.followed;
        let of_kind: &mut BTreeMap<&str, Asked<'_>> = match kind {
            FollowedKind::HelmRelease => &mut releases,
            FollowedKind::Application => &mut applications,
            // No mark names one, so that all are listed.
            FollowedKind::HelmChart => continue,
        };
        of_kind.entry(namespace).or_default().push((position, question));
    }
    let (releases, applications) = futures::join!(
        read_each::<HelmRelease>(reader, releases),
        read_each::<Application>(reader, applications),
    );
    let mut answers = vec![Err(ReadError::NotReached); questions.len()];
    for (position, answer) in releases.into_iter().chain(applications) {
        answers[position] = answer;
    }
    answers
}

async fn read_each<F: Follows>(
    reader: &Reader<'_>,
    namespaces: BTreeMap<&str, Asked<'_>>,
) -> Vec<(usize, FoundSettings)> {
    let mut reads = Vec::new();
    for (namespace, asked) in namespaces {
        reads.push(read_in::<F>(reader, namespace, asked));
    }
    let answers: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).collect().await;
    answers.into_iter().flatten().collect()
}

async fn read_in<F: Follows>(
    reader: &Reader<'_>,
    namespace: &str,
    asked: Asked<'_>,
) -> Vec<(usize, FoundSettings)> {
    let names: BTreeSet<&str> = asked
        .iter()
        .map(|(_, question)| question.followed.name.as_str())
        .collect();
    let read = read_names::<F>(reader, namespace, &names).await;
    let answer = |question: &FollowedQuestion| -> FoundSettings {
        match read.as_ref().map(|found| found.get(&question.followed.name)) {
            Ok(Some(Ok(found))) => Ok(found.settings(question)),
            Ok(None) => Ok(None),
            Ok(Some(Err(error))) | Err(error) => Err(error.clone()),
        }
    };
    asked
        .iter()
        .map(|&(position, question)| (position, answer(question)))
        .collect()
}

/// The objects of these names that exist. One that cannot be read hides none of the others.
async fn read_names<F: Follows>(
    reader: &Reader<'_>,
    namespace: &str,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Result<F, ReadError>>, ReadError> {
    let Some(kind) = reader.first_served(F::KINDS.iter().copied())? else {
        return Ok(BTreeMap::new());
    };
    if names.len() > MOST_SINGLE {
        let wanted: Arc<BTreeSet<String>> = Arc::new(names.iter().map(|&name| name.to_owned()).collect());
        let keep = move |json: &str| {
            let Named { metadata } = parse(json.as_bytes())?;
            let is_wanted = wanted.contains(&metadata.name);
            Ok(is_wanted.then(|| (metadata.name, parse(json.as_bytes()))))
        };
        let found = reader.list(kind, Some(namespace), Selector::All, keep).await?;
        return Ok(found.into_iter().collect());
    }
    let mut found = BTreeMap::new();
    for &name in names {
        let read = match reader.object(kind, Some(namespace), name).await {
            Ok(Some(body)) => parse(&body),
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        found.insert(name.to_owned(), read);
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Named {
    metadata: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Gvk, ObjectKey};
    use crate::release::stored::{Driver, ReleaseKey};

    /// The question about a release whose Deployment `shop/web` has the marks.
    pub(super) fn question(release: &str, stored_in: &str, installs_into: &str) -> FollowedQuestion {
        FollowedQuestion {
            followed: Followed {
                kind: FollowedKind::HelmRelease,
                namespace: "shop".to_owned(),
                name: "web".to_owned(),
            },
            release: ReleaseKey {
                namespace: stored_in.to_owned(),
                name: release.to_owned(),
                driver: Driver::Secret,
            },
            installs_into: installs_into.to_owned(),
            object: ObjectKey {
                gvk: Gvk::new("apps/v1", "Deployment"),
                namespace: Some("shop".to_owned()),
                name: "web".to_owned(),
            },
        }
    }
}
