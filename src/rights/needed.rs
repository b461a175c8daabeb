//! From what a scan reads to the rights for it.

mod previews;

use std::collections::BTreeSet;

use super::{Answers, Question};
use crate::cluster::searched_kinds;
use crate::model::rights::{NeededRight, Resource, RightPurpose, RightTarget, Verb};
use crate::policy::Confirm;
use crate::release::stored::Driver;
use crate::scan::{NeededResource, Needs, OrphanSearch};
use crate::shell::ClusterFlags;

/// The scan that the rights are for.
#[derive(Debug, Clone)]
pub struct PlannedScan {
    /// The names of the releases; all of them when empty.
    pub releases: Vec<String>,
    /// The flags that chose the cluster.
    pub flags: ClusterFlags,
    /// The kinds of records that are looked for.
    pub drivers: BTreeSet<Driver>,
    /// Whether dry runs confirm findings.
    pub confirm: Confirm,
    /// Whether objects without a release are looked for.
    pub orphans: OrphanSearch,
    /// Whether previews are made.
    pub previews: Previews,
}

/// Whether previews are made beside a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Previews {
    /// They are.
    Yes,
    /// They are not.
    #[default]
    No,
}

/// A right, and the namespaces that matter where it is one in all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    purpose: RightPurpose,
    target: RightTarget,
    verbs: &'static [Verb],
    releases: Vec<String>,
    places: Vec<String>,
}

const READ: &[Verb] = &[Verb::Get, Verb::List];
const LIST: &[Verb] = &[Verb::List];
const GET: &[Verb] = &[Verb::Get];
const PATCH: &[Verb] = &[Verb::Patch];
const CREATE_AND_PATCH: &[Verb] = &[Verb::Create, Verb::Patch];

/// The discovery documents, of which the API server has one for each root.
const DISCOVERY: [&str; 2] = ["/api", "/apis"];

/// The groups that the rights to confirm leave out, as `deploy/components/confirm/role.yaml` does: whoever can write their
/// objects can do everything.
const NEVER_PATCHED: [&str; 4] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "rbac.authorization.k8s.io",
];

/// The same for resources of the core group.
const NEVER_PATCHED_CORE: [&str; 2] = ["secrets", "serviceaccounts"];

/// The rights that a scan needs.
pub(super) fn needed(needs: &Needs, scan: &PlannedScan) -> Vec<Need> {
    if needs.is_of_nothing {
        return Vec::new();
    }
    let places = Places {
        namespaces: &needs.namespaces,
    };
    let mut wanted = Vec::new();
    for path in DISCOVERY {
        wanted.push(Need::path(RightPurpose::Discovery, path.to_owned()));
    }
    for driver in &scan.drivers {
        let resource = Resource::new("", driver.resource());
        let everywhere = NeededResource {
            namespaces: needs.namespaces.iter().cloned().collect(),
            releases: BTreeSet::new(),
        };
        wanted.extend(places.of(
            RightPurpose::Records,
            &resource,
            &everywhere,
            Scope::Namespaced,
            READ,
        ));
    }
    for (resource, needed) in &needs.resources {
        let scope = Scope::of(needed);
        wanted.extend(places.of(RightPurpose::Objects, resource, needed, scope, READ));
        match scan.confirm {
            Confirm::Server if is_patched(resource) => {
                // A preview is about objects, too, that are not there yet.
                let verbs = match scan.previews {
                    Previews::Yes => CREATE_AND_PATCH,
                    Previews::No => PATCH,
                };
                wanted.extend(places.of(RightPurpose::DryRuns, resource, needed, scope, verbs));
            }
            Confirm::Server | Confirm::None => {}
        }
    }
    if !needs.scalable.is_empty() {
        let autoscalers = Resource::new("autoscaling", "horizontalpodautoscalers");
        let scalable = NeededResource {
            namespaces: needs.scalable.clone(),
            releases: BTreeSet::new(),
        };
        let purpose = RightPurpose::ReplicaCounts;
        wanted.extend(places.of(purpose, &autoscalers, &scalable, Scope::Namespaced, LIST));
    }
    if needs.namespaces.is_empty() {
        let namespaces = NeededResource::default();
        let (resource, purpose) = (Resource::new("", "namespaces"), RightPurpose::Namespaces);
        wanted.extend(places.of(purpose, &resource, &namespaces, Scope::Cluster, LIST));
    }
    match scan.orphans {
        OrphanSearch::Yes => wanted.extend(places.searched(needs)),
        // A diagnosis mostly finds a record, and tells what it may not look for.
        OrphanSearch::No | OrphanSearch::IfNoRecord => {}
    }
    match scan.previews {
        Previews::Yes => wanted.extend(previews::needed(needs, &places)),
        Previews::No => {}
    }
    for api_version in &needs.schemas {
        let path = format!("/openapi/v3/apis/{api_version}");
        wanted.push(Need::path(RightPurpose::Schemas, path));
    }
    wanted
}

fn is_patched(resource: &Resource) -> bool {
    let never = match resource.group.as_str() {
        "" => NEVER_PATCHED_CORE.contains(&resource.resource.as_str()),
        group => NEVER_PATCHED.contains(&group),
    };
    !never
}

/// Whether a resource has namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Namespaced,
    Cluster,
}

impl Scope {
    /// The scope of a resource by where its objects are.
    fn of(needed: &NeededResource) -> Self {
        if needed.namespaces.is_empty() {
            Self::Cluster
        } else {
            Self::Namespaced
        }
    }
}

/// The places in which rights are needed.
struct Places<'a> {
    /// The namespaces of the releases; all of them when empty.
    namespaces: &'a [String],
}

impl Places<'_> {
    /// The kinds in which orphans are looked for. A scan of some namespaces looks at no kind without namespaces.
    fn searched(&self, needs: &Needs) -> Vec<Need> {
        let mut wanted = Vec::new();
        for (gvk, served) in searched_kinds(&needs.kinds) {
            let resource = Resource::new(gvk.group(), &served.plural);
            let everywhere = NeededResource {
                namespaces: self.namespaces.iter().cloned().collect(),
                releases: BTreeSet::new(),
            };
            let scope = match (served.namespaced, self.namespaces.is_empty()) {
                (true, _) => Scope::Namespaced,
                (false, true) => Scope::Cluster,
                (false, false) => continue,
            };
            wanted.extend(self.of(RightPurpose::Orphans, &resource, &everywhere, scope, LIST));
        }
        wanted
    }

    /// The places in which a right is needed: everywhere for a scan of the whole cluster, where releases come and go.
    fn of(
        &self,
        purpose: RightPurpose,
        resource: &Resource,
        needed: &NeededResource,
        scope: Scope,
        verbs: &'static [Verb],
    ) -> Vec<Need> {
        let need = |target, places| Need {
            purpose,
            target,
            verbs,
            releases: needed.releases.iter().cloned().collect(),
            places,
        };
        let resource = resource.clone();
        match scope {
            Scope::Cluster => vec![need(RightTarget::Cluster { resource }, Vec::new())],
            Scope::Namespaced if self.namespaces.is_empty() => {
                let places = needed.namespaces.iter().cloned().collect();
                vec![need(RightTarget::AllNamespaces { resource }, places)]
            }
            Scope::Namespaced => {
                let targets = needed.namespaces.iter().map(|namespace| RightTarget::Namespace {
                    resource: resource.clone(),
                    namespace: namespace.clone(),
                });
                targets.map(|target| need(target, Vec::new())).collect()
            }
        }
    }
}

impl Need {
    fn path(purpose: RightPurpose, path: String) -> Self {
        Self {
            purpose,
            target: RightTarget::Path { path },
            verbs: GET,
            releases: Vec::new(),
            places: Vec::new(),
        }
    }

    /// The questions whether an account has the right.
    pub(super) fn questions(&self) -> impl Iterator<Item = Question> {
        self.verbs.iter().map(|verb| (*verb, self.target.clone()))
    }

    /// The questions whether an account has the right at least in the namespaces that matter, where the answer for all of
    /// them was no.
    pub(super) fn closer_questions(&self, answers: &Answers) -> Vec<Question> {
        let refused = self.questions().filter(|question| !is_given(answers, question));
        refused
            .flat_map(|(verb, target)| {
                let closer = self.places.iter().filter_map(move |place| target.within(place));
                closer.map(move |target| (verb, target))
            })
            .collect()
    }

    /// The right as a report has it.
    pub(super) fn right(self, answers: &Answers) -> NeededRight {
        let missing = self.questions().filter(|question| {
            let (verb, target) = question;
            let within = |place: &String| target.within(place).map(|target| (*verb, target));
            let mut places = self.places.iter().filter_map(within).peekable();
            let is_closer = places.peek().is_some() && places.all(|closer| is_given(answers, &closer));
            !is_given(answers, question) && !is_closer
        });
        let missing = missing.map(|(verb, _)| verb).collect();
        NeededRight {
            missing,
            purpose: self.purpose,
            target: self.target,
            verbs: self.verbs.to_vec(),
            releases: self.releases,
        }
    }
}

/// Whether the answer is yes.
fn is_given(answers: &Answers, question: &Question) -> bool {
    answers.get(question).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(confirm: Confirm) -> PlannedScan {
        PlannedScan {
            releases: Vec::new(),
            flags: ClusterFlags::default(),
            drivers: BTreeSet::from([Driver::Secret]),
            confirm,
            orphans: OrphanSearch::No,
            previews: Previews::No,
        }
    }

    fn needs(scanned: &[&str]) -> Needs {
        let of = |namespaces: &[&str]| NeededResource {
            namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
            releases: BTreeSet::from(["shop/web".to_owned()]),
        };
        let mut needs = Needs {
            namespaces: scanned.iter().map(|name| (*name).to_owned()).collect(),
            ..Needs::default()
        };
        needs
            .resources
            .insert(Resource::new("apps", "deployments"), of(&["shop", "edge"]));
        needs
            .resources
            .insert(Resource::new("", "secrets"), of(&["shop"]));
        needs.resources.insert(
            Resource::new("rbac.authorization.k8s.io", "clusterroles"),
            of(&[]),
        );
        needs
    }

    fn targets(wanted: &[Need], purpose: RightPurpose) -> Vec<RightTarget> {
        let of_purpose = wanted.iter().filter(|need| need.purpose == purpose);
        of_purpose.map(|need| need.target.clone()).collect()
    }

    #[test]
    fn some_namespaces_need_rights_in_these_and_all_of_them_need_one_everywhere() {
        let deployments = Resource::new("apps", "deployments");
        let some = needed(&needs(&["shop"]), &scan(Confirm::None));
        let objects = targets(&some, RightPurpose::Objects);
        for namespace in ["shop", "edge"] {
            let target = RightTarget::Namespace {
                resource: deployments.clone(),
                namespace: namespace.to_owned(),
            };
            assert!(objects.contains(&target), "{objects:?}");
        }
        let all = needed(&needs(&[]), &scan(Confirm::None));
        let everywhere = RightTarget::AllNamespaces {
            resource: deployments,
        };
        assert!(targets(&all, RightPurpose::Objects).contains(&everywhere));
        // A resource without namespaces is one in both.
        for wanted in [some, all] {
            let objects = targets(&wanted, RightPurpose::Objects);
            assert!(
                objects
                    .iter()
                    .any(|target| matches!(target, RightTarget::Cluster { .. }))
            );
            assert_eq!(targets(&wanted, RightPurpose::DryRuns), []);
        }
    }

    #[test]
    fn dry_runs_need_patch_but_on_nothing_that_gives_power() {
        let wanted = needed(&needs(&["shop"]), &scan(Confirm::Server));
        let patched: BTreeSet<String> = targets(&wanted, RightPurpose::DryRuns)
            .iter()
            .map(|target| match target {
                RightTarget::Namespace { resource, .. } => resource.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(patched, BTreeSet::from(["deployments.apps".to_owned()]));
    }

    #[test]
    fn dry_runs_of_previews_create_too() {
        for (previews, verbs) in [(Previews::No, PATCH), (Previews::Yes, CREATE_AND_PATCH)] {
            let planned = PlannedScan {
                previews,
                ..scan(Confirm::Server)
            };
            let wanted = needed(&needs(&["shop"]), &planned);
            let mut dry_runs = wanted.iter().filter(|need| need.purpose == RightPurpose::DryRuns);
            assert!(dry_runs.all(|need| need.verbs == verbs), "{wanted:?}");
        }
    }

    #[test]
    fn only_previews_need_what_is_around_the_objects() {
        let planned = |previews| PlannedScan {
            previews,
            ..scan(Confirm::None)
        };
        let of = |previews| {
            targets(
                &needed(&needs(&["shop"]), &planned(previews)),
                RightPurpose::Previews,
            )
        };
        assert_eq!(of(Previews::No), []);
        let wanted = of(Previews::Yes);
        for namespace in ["edge", "shop"] {
            let quotas = RightTarget::Namespace {
                resource: Resource::new("", "resourcequotas"),
                namespace: namespace.to_owned(),
            };
            assert!(wanted.contains(&quotas), "{wanted:?}");
        }
        let services = RightTarget::AllNamespaces {
            resource: Resource::new("", "services"),
        };
        assert!(wanted.contains(&services), "{wanted:?}");
        // No release has a namespace among its objects, so nothing is counted in one.
        let pods = RightTarget::AllNamespaces {
            resource: Resource::new("", "pods"),
        };
        assert!(!wanted.contains(&pods), "{wanted:?}");
    }

    #[test]
    fn the_limits_of_claims_and_pods_are_one_need() {
        let mut needs = needs(&[]);
        for (plural, namespace, release) in [
            ("persistentvolumeclaims", "data", "shop/db"),
            ("pods", "shop", "shop/web"),
        ] {
            let needed = NeededResource {
                namespaces: BTreeSet::from([namespace.to_owned()]),
                releases: BTreeSet::from([release.to_owned()]),
            };
            needs.resources.insert(Resource::new("", plural), needed);
        }
        let planned = PlannedScan {
            previews: Previews::Yes,
            ..scan(Confirm::None)
        };
        let everywhere = RightTarget::AllNamespaces {
            resource: Resource::new("", "limitranges"),
        };
        let mut limits = needed(&needs, &planned);
        limits.retain(|need| need.target == everywhere);
        let expected = Need {
            purpose: RightPurpose::Previews,
            target: everywhere,
            verbs: LIST,
            releases: ["shop/db", "shop/web"].map(str::to_owned).to_vec(),
            places: ["data", "shop"].map(str::to_owned).to_vec(),
        };
        assert_eq!(limits, [expected]);
    }

    #[test]
    fn the_namespaces_that_matter_stand_for_all_of_them() {
        let wanted = needed(&needs(&[]), &scan(Confirm::None));
        let need = wanted
            .iter()
            .find(|need| need.purpose == RightPurpose::Objects && !need.places.is_empty())
            .unwrap();
        let mut answers = Answers::new();
        answers.extend(need.questions().map(|question| (question, false)));
        let closer = need.closer_questions(&answers);
        assert_eq!(closer.len(), need.verbs.len() * need.places.len());
        assert_eq!(need.clone().right(&answers).missing, READ);
        answers.extend(closer.into_iter().map(|question| (question, true)));
        assert_eq!(need.clone().right(&answers).missing, []);
        // Records may appear in any namespace.
        let records = wanted
            .iter()
            .find(|need| need.purpose == RightPurpose::Records)
            .unwrap();
        assert_eq!(records.closer_questions(&Answers::new()), []);
    }
}
