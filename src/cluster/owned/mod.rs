//! The objects that name a release as their owner, of every kind that the API server serves.
//!
//! Helm labels what it installs and names the release in two annotations (Helm: `pkg/action/validate.go`,
//! `setMetadataVisitor`). The label selects on the server, and only metadata is asked for: the cost is a list of each
//! kind, and the size of its answer is the number of Helm's objects, whatever else the cluster holds. An object with
//! an owner among the objects is none of Helm's: controllers copy labels and annotations to what they make.

mod budget;
mod metadata;
mod searched;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use serde_json::value::RawValue;

use self::budget::Budget;
use self::metadata::PartialObject;
pub use self::searched::searched_kinds;
use super::answer::{StatedType, malformed, must_be_within};
use super::http::{ApiClient, Compression, Purpose, RetryBudget, parse};
use super::pages::{self, ListReader, ListRequest, PageSummary};
use super::paths::ApiResource;
use super::place::ListEnd;
use super::seen_version::SeenVersion;
use super::storage::METADATA_ONLY;
use crate::model::{ReportError, ReportNote};
use crate::object::Gvk;
use crate::source::{Kinds, OwnedObject, OwnedObjects, OwnedQuestion, ReadError, ServedKind};

/// Helm's label (Helm: `pkg/action/validate.go`, `appManagedByLabel`).
const SELECTOR: &str = "app.kubernetes.io/managed-by=Helm";

/// How many lists are made at most, one for each kind and namespace.
const MAX_LISTS: usize = 5_000;

/// How many kinds one sentence names.
const NAMED: usize = 10;

/// How many items a page has.
const PAGE: u32 = 500;

/// How many kinds are listed at once.
const AT_ONCE: usize = 8;

/// Lists the objects of releases that are not known.
pub(super) async fn list(http: &ApiClient, question: &OwnedQuestion, kinds: &Kinds) -> OwnedObjects {
    let search = Arc::new(Search {
        question: question.clone(),
        budget: Budget::default(),
    });
    let mut lists = Vec::new();
    let mut outside = 0;
    for (gvk, served) in searched_kinds(kinds) {
        if question.namespaces.is_empty() {
            lists.push((gvk, served, None));
        } else if served.namespaced {
            let within = |namespace: &String| (gvk.clone(), served.clone(), Some(namespace.clone()));
            lists.extend(question.namespaces.iter().map(within));
        } else {
            outside += 1;
        }
    }
    let mut findings = Findings::default();
    if lists.len() > MAX_LISTS {
        lists.truncate(MAX_LISTS);
        findings.limits.insert(format!(
            "only the first {MAX_LISTS} lists were made, one for each kind and namespace"
        ));
    }
    let mut answers = futures::stream::iter(lists)
        .map(|(gvk, served, namespace)| {
            let search = Arc::clone(&search);
            async move {
                let answer = search.list(http, &gvk, &served, namespace.as_deref()).await;
                (Resource { gvk, served }.name(), namespace, answer)
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((resource, namespace, answer)) = answers.next().await {
        let (objects, error) = answer;
        findings.objects.extend(objects);
        if let Some(error) = error {
            findings.add_error(resource, namespace, error);
        }
    }
    drop(answers);
    findings.limits.extend(search.budget.breaches());
    findings.into_owned(question, outside)
}

/// A kind, for its name in roles.
struct Resource {
    gvk: Gvk,
    served: ServedKind,
}

impl Resource {
    fn name(&self) -> String {
        let resource = ApiResource {
            api_version: &self.gvk.api_version,
            plural: &self.served.plural,
        };
        resource.role_name().into_owned()
    }
}

/// An object that was found, with what tells it from the same object under another API group.
struct Found {
    uid: String,
    object: OwnedObject,
}

/// What the lists have come to.
#[derive(Default)]
struct Findings {
    objects: Vec<Found>,
    forbidden: BTreeSet<String>,
    failed: BTreeMap<String, BTreeSet<String>>,
    limits: BTreeSet<String>,
}

impl Findings {
    fn add_error(&mut self, resource: String, namespace: Option<String>, error: ReadError) {
        match error {
            ReadError::Forbidden { .. } => {
                self.forbidden.insert(match namespace {
                    Some(namespace) => format!("{resource} in namespace {namespace}"),
                    None => resource,
                });
            }
            // The limit or the failure that ended the search is told by itself.
            ReadError::NotReached => {}
            error => {
                self.failed.entry(error.to_string()).or_default().insert(resource);
            }
        }
    }

    fn into_owned(mut self, question: &OwnedQuestion, outside: usize) -> OwnedObjects {
        // Some API servers serve the same objects in two groups.
        self.objects.sort_by(|one, other| one.object.cmp(&other.object));
        let mut known = BTreeSet::new();
        self.objects
            .retain(|found| found.uid.is_empty() || known.insert(found.uid.clone()));
        let scope = || ReportError::ORPHANS.to_owned();
        let mut notes = Vec::new();
        if outside > 0 {
            notes.push(format!(
                "kinds without a namespace were not looked at, because the scan is of namespace {}",
                question.namespaces.join(", ")
            ));
        }
        if !self.forbidden.is_empty() {
            notes.push(format!(
                "not looked for in kinds that this account may not list: {}; driftline rights --orphans has the role",
                named(&self.forbidden)
            ));
        }
        let failed = self
            .failed
            .iter()
            .map(|(error, resources)| format!("{} cannot be listed: {error}", named(resources)));
        let errors = failed.chain(
            self.limits
                .into_iter()
                .map(|limit| format!("not all were looked for: {limit}")),
        );
        OwnedObjects {
            notes: notes
                .into_iter()
                .map(|message| ReportNote {
                    scope: scope(),
                    message,
                })
                .collect(),
            errors: errors
                .map(|message| ReportError {
                    scope: scope(),
                    message,
                })
                .collect(),
            objects: self.objects.into_iter().map(|found| found.object).collect(),
        }
    }
}

/// Some of these names, and how many others there are.
fn named(names: &BTreeSet<String>) -> String {
    let some: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    match names.len() - some.len() {
        0 => some.join(", "),
        others => format!("{} and {others} more", some.join(", ")),
    }
}

/// One search through all kinds.
struct Search {
    question: OwnedQuestion,
    budget: Budget,
}

impl Search {
    /// Lists one kind: what was found, and why that is not all.
    async fn list(
        self: &Arc<Self>,
        http: &ApiClient,
        gvk: &Gvk,
        served: &ServedKind,
        namespace: Option<&str>,
    ) -> (Vec<Found>, Option<ReadError>) {
        if self.budget.is_spent() || self.budget.given_up.load(Ordering::Relaxed) {
            return (Vec::new(), Some(ReadError::NotReached));
        }
        let resource = ApiResource {
            api_version: &gvk.api_version,
            plural: &served.plural,
        };
        let list = ListRequest {
            path: &resource.collection(namespace).with("labelSelector", SELECTOR),
            items: &Gvk::new("meta.k8s.io/v1", "PartialObjectMetadata"),
            accept: METADATA_ONLY,
            purpose: Purpose {
                verb: "list",
                resource: &resource.role_name(),
                namespace,
            },
            compression: Compression::Allowed,
            retries: &RetryBudget::default(),
            seen: &SeenVersion::default(),
        };
        let reader = Arc::new(Reader {
            search: Arc::clone(self),
            gvk: gvk.clone(),
            listed: namespace.map(str::to_owned),
            pages: Mutex::default(),
        });
        let read = pages::read(http, list, PAGE, &reader).await;
        if let Err(ReadError::Unauthorized | ReadError::Unreachable { .. }) = &read {
            self.budget.given_up.store(true, Ordering::Relaxed);
        }
        let error = match read {
            Ok(ListEnd::Early | ListEnd::Beyond) if self.budget.is_spent() => Some(ReadError::NotReached),
            Ok(ListEnd::Early | ListEnd::Beyond) => Some(malformed("the list could not be completed")),
            Ok(ListEnd::Whole) => None,
            Err(error) => Some(error),
        };
        let found = std::mem::take(&mut *reader.pages()).into_values().flatten();
        (found.collect(), error)
    }
}

/// Takes the objects of unknown releases out of one list.
struct Reader {
    search: Arc<Search>,
    gvk: Gvk,
    /// The namespace that was listed.
    listed: Option<String>,
    pages: Mutex<BTreeMap<usize, Vec<Found>>>,
}

impl Reader {
    fn pages(&self) -> MutexGuard<'_, BTreeMap<usize, Vec<Found>>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object, where it names a release that is not known.
    fn owned(&self, item: &RawValue) -> Result<Option<Found>, ReadError> {
        let item: PartialObject<'_> = parse(item.get().as_bytes())?;
        let partial = Gvk::new("meta.k8s.io/v1", "PartialObjectMetadata");
        StatedType::new(item.api_version.as_ref(), item.kind.as_ref()).may_be(&partial)?;
        let metadata = item.metadata;
        let namespace = metadata.namespace.as_deref().filter(|name| !name.is_empty());
        must_be_within(&metadata.name, namespace, self.listed.as_deref())?;
        let budget = &self.search.budget;
        budget.seen.fetch_add(1, Ordering::Relaxed);
        let Some(release) = metadata.claim().filter(|_| !metadata.is_owned) else {
            return Ok(None);
        };
        let namespace = namespace.map(str::to_owned);
        if self.search.question.known.contains(&release) || !budget.keep(namespace.as_ref()) {
            return Ok(None);
        }
        Ok(Some(Found {
            object: OwnedObject {
                release,
                kind: self.gvk.kind.clone(),
                api_version: self.gvk.api_version.clone(),
                namespace,
                name: metadata.name.into_owned(),
                created_at: metadata.creation_timestamp,
                deleting_since: metadata.deletion_timestamp,
                kept_by_policy: metadata.annotations.is_kept(),
            },
            uid: metadata.uid.map(Cow::into_owned).unwrap_or_default(),
        }))
    }
}

impl ListReader for Reader {
    fn take(&self, page: usize, items: &[&RawValue]) -> Result<(), ReadError> {
        let found = items.iter().filter_map(|item| self.owned(item).transpose());
        let found = found.collect::<Result<Vec<Found>, ReadError>>()?;
        self.pages().insert(page, found);
        Ok(())
    }

    fn next_page(&self, page: &PageSummary) -> Option<u32> {
        let budget = &self.search.budget;
        budget.bytes.fetch_add(page.bytes as u64, Ordering::Relaxed);
        (!budget.is_spent()).then_some(PAGE)
    }

    fn restart(&self) {
        self.pages().clear();
    }
}
