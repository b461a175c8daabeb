//! The objects that name a release as their owner, of every kind that the API server serves.
//!
//! Helm labels what it installs and names the release in two annotations (Helm: `pkg/action/validate.go`,
//! `setMetadataVisitor`). The label selects on the server, and only metadata is asked for: the cost is a list of each
//! kind, and the size of its answer is the number of Helm's objects, whatever else the cluster holds. An object with
//! an owner among the objects is none of Helm's: controllers copy labels and annotations to what they make.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use kube::core::Version;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::answer::{StatedType, malformed, must_be_within};
use super::http::{ApiClient, Compression, Purpose, RetryBudget, parse};
use super::pages::{self, ListEnd, ListReader, ListRequest, PageSummary};
use super::paths::ApiResource;
use super::storage::METADATA_ONLY;
use crate::model::{ReportError, ReportNote};
use crate::object::Gvk;
use crate::shell::Word;
use crate::source::{ClaimedRelease, Kinds, OwnedObject, OwnedObjects, OwnedQuestion, ReadError, ServedKind};
use crate::weight;

/// Helm's label (Helm: `pkg/action/validate.go`, `appManagedByLabel`).
const SELECTOR: &str = "app.kubernetes.io/managed-by=Helm";

/// How many lists are made at most, one for each kind and namespace.
const MAX_LISTS: usize = 5_000;

/// How many objects of Helm's are looked at.
const MAX_SEEN: usize = 500_000;

/// How many bytes of metadata are read.
const MAX_READ_BYTES: u64 = 1 << 30;

/// How many objects are kept, and how many of one namespace: nobody who fills one namespace hides what is in others.
const MAX_KEPT: usize = 10_000;
const MAX_KEPT_OF_NAMESPACE: usize = 1_000;

/// How many kinds one sentence names.
const NAMED: usize = 10;

/// How many items a page has.
const PAGE: u32 = 500;

/// How many kinds are listed at once.
const AT_ONCE: usize = 8;

/// The resources that no chart installs, by group and plural: the cluster makes them itself, and accounts that read
/// releases may rarely list them.
const NOT_OF_CHARTS: [(&str, &str); 16] = [
    ("", "componentstatuses"),
    ("", "events"),
    ("", "nodes"),
    ("apps", "controllerrevisions"),
    ("certificates.k8s.io", "certificatesigningrequests"),
    ("coordination.k8s.io", "leasecandidates"),
    ("events.k8s.io", "events"),
    ("internal.apiserver.k8s.io", "storageversions"),
    ("metrics.k8s.io", "nodes"),
    ("metrics.k8s.io", "pods"),
    ("networking.k8s.io", "ipaddresses"),
    ("resource.k8s.io", "resourceslices"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "csistoragecapacities"),
    ("storage.k8s.io", "volumeattachments"),
    ("storagemigration.k8s.io", "storageversionmigrations"),
];

/// The kinds in which orphans are looked for, each in one of its versions: all that can be listed and that charts install.
pub fn searched_kinds(kinds: &Kinds) -> Vec<(Gvk, ServedKind)> {
    let mut chosen: BTreeMap<(&str, &str), (&Gvk, &ServedKind)> = BTreeMap::new();
    for (gvk, served) in &kinds.served {
        let resource = (gvk.group(), served.plural.as_str());
        if !served.listable || NOT_OF_CHARTS.contains(&resource) {
            continue;
        }
        // The stable version, as kubectl prefers it: the storage of others may need a conversion.
        let priority = |gvk: &Gvk| Version::parse(gvk.version()).priority();
        let known = chosen.entry(resource).or_insert((gvk, served));
        if priority(gvk) > priority(known.0) {
            *known = (gvk, served);
        }
    }
    chosen
        .into_values()
        .map(|(gvk, served)| (gvk.clone(), served.clone()))
        .collect()
}

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
        let scope = || "orphans".to_owned();
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

/// What all lists together may take.
#[derive(Default)]
struct Budget {
    seen: AtomicUsize,
    bytes: AtomicU64,
    kept: AtomicUsize,
    kept_of_namespace: Mutex<BTreeMap<Option<String>, usize>>,
    /// The API server takes no requests any more.
    given_up: AtomicBool,
}

impl Budget {
    fn of_namespaces(&self) -> MutexGuard<'_, BTreeMap<Option<String>, usize>> {
        self.kept_of_namespace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another object may be kept.
    fn keep(&self, namespace: Option<&String>) -> bool {
        let mut kept = self.of_namespaces();
        let of_namespace = kept.entry(namespace.cloned()).or_default();
        *of_namespace += 1;
        *of_namespace <= MAX_KEPT_OF_NAMESPACE && self.kept.fetch_add(1, Ordering::Relaxed) < MAX_KEPT
    }

    fn is_spent(&self) -> bool {
        self.seen.load(Ordering::Relaxed) >= MAX_SEEN
            || self.bytes.load(Ordering::Relaxed) >= MAX_READ_BYTES
            || self.kept.load(Ordering::Relaxed) >= MAX_KEPT
    }

    /// The limits that were reached, in words.
    fn breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        if self.seen.load(Ordering::Relaxed) >= MAX_SEEN {
            breaches.push(format!(
                "{MAX_SEEN} objects of Helm's are the most that are looked at"
            ));
        }
        if self.bytes.load(Ordering::Relaxed) >= MAX_READ_BYTES {
            breaches.push(format!(
                "{} MiB of metadata are the most that are read",
                MAX_READ_BYTES >> 20
            ));
        }
        if self.kept.load(Ordering::Relaxed) >= MAX_KEPT {
            breaches.push(format!("{MAX_KEPT} objects are the most that are listed"));
        }
        for (namespace, _) in self
            .of_namespaces()
            .iter()
            .filter(|(_, kept)| **kept > MAX_KEPT_OF_NAMESPACE)
        {
            let place = match namespace {
                Some(namespace) => format!("in namespace {namespace}"),
                None => "without a namespace".to_owned(),
            };
            breaches.push(format!(
                "{MAX_KEPT_OF_NAMESPACE} objects are the most that are listed {place}"
            ));
        }
        breaches
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
            Ok(ListEnd::Early) if self.budget.is_spent() => Some(ReadError::NotReached),
            Ok(ListEnd::Early) => Some(malformed("the list could not be completed")),
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

    fn next_page(&self, page: PageSummary) -> Option<u32> {
        let budget = &self.search.budget;
        budget.bytes.fetch_add(page.bytes as u64, Ordering::Relaxed);
        (!budget.is_spent()).then_some(PAGE)
    }

    fn restart(&self) {
        self.pages().clear();
    }
}

/// The metadata of an object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialObject<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    metadata: ObjectMetadata<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectMetadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    uid: Option<Cow<'a, str>>,
    creation_timestamp: Option<DateTime<Utc>>,
    deletion_timestamp: Option<DateTime<Utc>>,
    #[serde(default, borrow)]
    annotations: Annotations<'a>,
    #[serde(default, rename = "ownerReferences", deserialize_with = "is_not_empty")]
    is_owned: bool,
}

/// The annotations that Helm writes, and the one that it reads.
#[derive(Deserialize, Default)]
struct Annotations<'a> {
    #[serde(borrow, rename = "meta.helm.sh/release-name")]
    release: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "meta.helm.sh/release-namespace")]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "helm.sh/resource-policy")]
    policy: Option<Cow<'a, str>>,
}

impl Annotations<'_> {
    /// Whether Helm keeps the object when the release is uninstalled (Helm: `pkg/action/resource_policy.go`,
    /// `filterManifestsToKeep`).
    fn is_kept(&self) -> bool {
        let policy = self.policy.as_deref();
        policy.is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
    }
}

impl ObjectMetadata<'_> {
    /// The release that the object names; `None` where the names are none that Helm could have written.
    fn claim(&self) -> Option<ClaimedRelease> {
        let name = Word::release(self.annotations.release.as_deref()?).ok()?;
        let namespace = Word::namespace(self.annotations.namespace.as_deref()?).ok()?;
        Some(ClaimedRelease {
            namespace: namespace.as_str().to_owned(),
            name: name.as_str().to_owned(),
        })
    }
}

/// Whether a list has an item.
fn is_not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let found = weight::list::fold(deserializer, |_: bool, _: IgnoredAny| Ok(true));
    found.map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(rows: &[(&str, &str, &str, bool)]) -> Kinds {
        let mut kinds = Kinds::default();
        for (api_version, kind, plural, listable) in rows {
            let served = ServedKind {
                plural: (*plural).to_owned(),
                namespaced: true,
                listable: *listable,
            };
            kinds.served.insert(Gvk::new(*api_version, *kind), served);
        }
        kinds
    }

    #[test]
    fn each_kind_is_searched_once_in_its_stable_version() {
        let kinds = kinds(&[
            (
                "autoscaling/v1",
                "HorizontalPodAutoscaler",
                "horizontalpodautoscalers",
                true,
            ),
            (
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                "horizontalpodautoscalers",
                true,
            ),
            (
                "autoscaling/v2beta2",
                "HorizontalPodAutoscaler",
                "horizontalpodautoscalers",
                true,
            ),
            ("v1", "Event", "events", true),
            ("v1", "ConfigMap", "configmaps", true),
            (
                "authorization.k8s.io/v1",
                "SubjectAccessReview",
                "subjectaccessreviews",
                false,
            ),
        ]);
        let searched: Vec<String> = searched_kinds(&kinds)
            .iter()
            .map(|(gvk, _)| gvk.to_string())
            .collect();
        assert_eq!(
            searched,
            ["v1/ConfigMap", "autoscaling/v2/HorizontalPodAutoscaler"]
        );
    }

    #[test]
    fn one_namespace_fills_no_more_than_its_own_part() {
        let budget = Budget::default();
        let evil = Some("evil".to_owned());
        let kept = (0..MAX_KEPT).filter(|_| budget.keep(evil.as_ref())).count();
        assert_eq!(kept, MAX_KEPT_OF_NAMESPACE);
        assert!(budget.keep(Some(&"shop".to_owned())) && !budget.is_spent());
        assert_eq!(
            budget.breaches(),
            ["1000 objects are the most that are listed in namespace evil"]
        );
    }
}
