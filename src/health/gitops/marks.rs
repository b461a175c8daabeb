//! What programs that manage releases leave on the objects of one: labels, annotations and names of field managers.
//!
//! | program | mark | where it comes from |
//! |---|---|---|
//! | Flux | labels `helm.toolkit.fluxcd.io/name` and `…/namespace` | fluxcd/helm-controller `internal/postrender/origin_labels.go` |
//! | Argo CD | annotation `argocd.argoproj.io/tracking-id`, `APP:GROUP/KIND:NAMESPACE/NAME` | argoproj/argo-cd `util/argo/resource_tracking.go` |
//! | Argo CD | field manager `argocd-controller` (server-side apply) or `argocd-application-controller` | argoproj/argo-cd `common/common.go`, `ArgoCDSSAManager` |
//! | Fleet | annotation `objectset.rio.cattle.io/id` without an owner | rancher/fleet `internal/helmdeployer/postrender.go` |
//! | K3s, RKE2 | field manager `helm_v3`, the program of its Job, while Helm took its own name from that | k3s-io/klipper-helm `entry` |
//! | others | the name of their program as field manager | Helm `pkg/kube/client.go`, `getManagedFieldsManager` |
//!
//! Helm's own program calls itself `helm` by whatever name it runs (Helm: `cmd/helm/main.go`), and so what the helm-controller of
//! K3s installs today has no mark. It is known by its `HelmChart` ([`crate::source::followed::HelmChart`]).
//!
//! Only a manager that wrote Helm's own annotations counts as the one that installs the release: Terraform's Kubernetes provider may
//! as well have set a single label. The label `app.kubernetes.io/instance`, by which Argo CD once tracked objects, is in most
//! charts and proves nothing. Whoever may write to an object may write all of this: it is claimed, no more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::compare::managed_fields::{Entry, Live};
use crate::compare::path::FieldPath;
use crate::compare::work::Work;
use crate::manifest::desired::RELEASE_NAME;
use crate::object::ObjectKey;
use crate::shell::Word;
use crate::source::followed::{Followed, FollowedKind};
use crate::types::Shape;
use crate::vocabulary::ManagingTool;

const FLUX_NAME: &str = "helm.toolkit.fluxcd.io/name";
const FLUX_NAMESPACE: &str = "helm.toolkit.fluxcd.io/namespace";
const ARGO_CD_TRACKING: &str = "argocd.argoproj.io/tracking-id";

/// The namespace that Argo CD's own manifests install it into.
const ARGO_CD_NAMESPACE: &str = "argocd";

const FLEET_SET: &str = "objectset.rio.cattle.io/id";
const FLEET_OWNER: &str = "objectset.rio.cattle.io/owner-gvk";

/// Managers that install releases: the beginning of their names.
const INSTALLERS: [(&str, ManagingTool); 8] = [
    ("helm-controller", ManagingTool::Flux),
    ("fleet", ManagingTool::Fleet),
    ("helm_v", ManagingTool::K3s),
    ("k3s-helm-controller", ManagingTool::K3s),
    ("terraform-provider-helm", ManagingTool::Terraform),
    ("HashiCorp", ManagingTool::Terraform),
    ("pulumi-", ManagingTool::Pulumi),
    ("crossplane-helm-provider", ManagingTool::Crossplane),
];

/// The managers of Argo CD, which writes the objects and not Helm's annotations.
const ARGO_CD_MANAGERS: [&str; 2] = ["argocd-controller", "argocd-application-controller"];

/// The longest name that is told, of anything.
const MAX_NAME: usize = 253;

/// How many different marks of one release are counted. A release of one manager has one or two.
const MAX_MARKS: usize = 32;

/// One mark of a program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// The labels of Flux.
    Flux {
        /// The namespace of the `HelmRelease`.
        namespace: String,
        /// The name of the `HelmRelease`.
        name: String,
    },
    /// The tracking annotation of Argo CD, which names this very object.
    ArgoCd {
        /// The application, as the annotation has it.
        application: String,
    },
    /// The annotation of Fleet.
    Fleet {
        /// The set that it names: a bundle.
        set: String,
    },
    /// A field manager.
    Manager(ManagingTool, String),
}

impl Mark {
    /// The program that it speaks for.
    pub(super) const fn tool(&self) -> ManagingTool {
        match self {
            Self::Flux { .. } => ManagingTool::Flux,
            Self::ArgoCd { .. } => ManagingTool::ArgoCd,
            Self::Fleet { .. } => ManagingTool::Fleet,
            Self::Manager(tool, _) => *tool,
        }
    }

    /// What it names, if that can be read.
    pub(super) fn followed(&self) -> Option<Followed> {
        let (kind, namespace, name) = match self {
            Self::Flux { namespace, name } => (FollowedKind::HelmRelease, namespace.as_str(), name.as_str()),
            Self::ArgoCd { application } => {
                let (namespace, name) = placed(application);
                (
                    FollowedKind::Application,
                    namespace.unwrap_or(ARGO_CD_NAMESPACE),
                    name,
                )
            }
            // Fleet's bundles are in the cluster of its manager.
            Self::Fleet { .. } | Self::Manager(_, _) => return None,
        };
        // Nothing has another name, and in an address it might lead elsewhere.
        let is_possible = Word::namespace(namespace).is_ok() && Word::subdomain(name).is_ok();
        is_possible.then(|| Followed {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Whether it names more than a program.
    pub(super) const fn is_named(&self) -> bool {
        match self {
            Self::Flux { .. } | Self::ArgoCd { .. } | Self::Fleet { .. } => true,
            Self::Manager(_, _) => false,
        }
    }
}

/// The marks of one object that is the release's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectMarks(BTreeSet<Mark>);

impl ObjectMarks {
    /// The marks of a live object.
    pub fn of(key: &ObjectKey, live: &Live<'_>, shape: Option<Shape<'_>>, work: &Work) -> Self {
        let metadata = &live.object["metadata"];
        let label = |name: &str| text(&metadata["labels"][name]);
        let annotation = |name: &str| text(&metadata["annotations"][name]);
        let mut marks = BTreeSet::new();
        if let (Some(namespace), Some(name)) = (label(FLUX_NAMESPACE), label(FLUX_NAME)) {
            marks.insert(Mark::Flux { namespace, name });
        }
        let tracked = metadata["annotations"][ARGO_CD_TRACKING].as_str();
        if let Some(application) = tracked.and_then(|tracking| application(tracking, key)) {
            marks.insert(Mark::ArgoCd { application });
        }
        // With an owner it is that of another set of Rancher's: what K3s applies from its folder, for one.
        if let Some(set) = annotation(FLEET_SET)
            && metadata["annotations"][FLEET_OWNER].is_null()
        {
            marks.insert(Mark::Fleet { set });
        }
        marks.extend(
            live.managed
                .iter()
                .filter_map(|entry| manager(entry, shape, work)),
        );
        Self(marks)
    }
}

/// The marks of the objects of one release, with how many objects have each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// How many objects were looked at.
    pub(super) objects: usize,
    pub(super) counts: BTreeMap<Mark, Marked>,
}

/// The objects that have one mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) objects: usize,
    pub(super) first: ObjectKey,
}

impl Marks {
    /// Adds those of one object.
    pub fn add(&mut self, key: &ObjectKey, marks: &ObjectMarks) {
        self.objects += 1;
        for mark in &marks.0 {
            let has_room = self.counts.len() < MAX_MARKS;
            if let Some(marked) = self.counts.get_mut(mark) {
                marked.objects += 1;
            } else if has_room {
                let marked = Marked {
                    objects: 1,
                    first: key.clone(),
                };
                self.counts.insert(mark.clone(), marked);
            }
        }
    }
}

/// The namespace and the name of an Application, as the tracking annotation has them: one outside of Argo CD's own namespace is
/// `NAMESPACE_NAME` (argo-cd: `docs/operator-manual/app-any-namespace.md`). No name has a `_` of its own.
pub(super) fn placed(application: &str) -> (Option<&str>, &str) {
    match application.split_once('_') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, application),
    }
}

/// A name of letters, digits and what joins them.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    is_name(text).then(|| text.to_owned())
}

fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(is_plain)
}

/// The application of a tracking annotation that names this object; one that was copied from another object names that.
fn application(tracking: &str, key: &ObjectKey) -> Option<String> {
    let (application, rest) = tracking.split_once(':')?;
    let (kind, name) = rest.split_once(':')?;
    let (group, kind) = kind.split_once('/')?;
    let (_, name) = name.split_once('/')?;
    let is_this = group == key.gvk.group() && kind == key.gvk.kind && name == key.name;
    (is_this && is_name(application)).then(|| application.to_owned())
}

fn manager(entry: &Entry<'_>, shape: Option<Shape<'_>>, work: &Work) -> Option<Mark> {
    if !entry.subresource.is_empty() || !is_name(&entry.manager) {
        return None;
    }
    if ARGO_CD_MANAGERS.contains(&entry.manager.as_str()) {
        return Some(Mark::Manager(ManagingTool::ArgoCd, entry.manager.clone()));
    }
    let mut installers = INSTALLERS.iter();
    let (_, tool) = installers.find(|(beginning, _)| entry.manager.starts_with(beginning))?;
    let stamp = FieldPath::root()
        .key("metadata")
        .key("annotations")
        .key(RELEASE_NAME);
    entry
        .owns(&stamp, shape, work)
        .then(|| Mark::Manager(*tool, entry.manager.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Gvk;
    use serde_json::json;

    fn key() -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new("apps/v1", "Deployment"),
            namespace: Some("shop".into()),
            name: "web".into(),
        }
    }

    fn marks(metadata: &Value) -> Vec<Mark> {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}).to_string();
        let live = Live::parse(&object).unwrap();
        ObjectMarks::of(&key(), &live, None, &Work::of_steps(u64::MAX))
            .0
            .into_iter()
            .collect()
    }

    fn written(manager: &str, fields: &Value) -> Vec<Mark> {
        marks(
            &json!({"managedFields": [{"manager": manager, "operation": "Update", "apiVersion": "apps/v1",
            "fieldsType": "FieldsV1", "fieldsV1": fields}]}),
        )
    }

    fn stamp() -> Value {
        json!({"f:metadata": {"f:annotations": {"f:meta.helm.sh/release-name": {}}}})
    }

    #[test]
    fn each_program_is_known_by_what_it_leaves() {
        let flux = json!({"labels": {"helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop"}});
        let name = |text: &str| text.to_owned();
        assert_eq!(
            marks(&flux),
            [Mark::Flux {
                namespace: name("shop"),
                name: name("web")
            }]
        );
        let argo =
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "store:apps/Deployment:shop/web"}});
        assert_eq!(
            marks(&argo),
            [Mark::ArgoCd {
                application: name("store")
            }]
        );
        let fleet = json!({"annotations": {"objectset.rio.cattle.io/id": "default-store"},
            "labels": {"objectset.rio.cattle.io/hash": "f399d0b310fbfb28e9667312fdc7a33954e2b8c8"}});
        assert_eq!(
            marks(&fleet),
            [Mark::Fleet {
                set: name("default-store")
            }]
        );
        for (manager, tool) in [
            ("helm-controller", ManagingTool::Flux),
            ("fleetagent", ManagingTool::Fleet),
            ("helm_v3", ManagingTool::K3s),
            ("terraform-provider-helm_v2.17.0_x5", ManagingTool::Terraform),
            ("pulumi-resource-kubernetes", ManagingTool::Pulumi),
            ("crossplane-helm-provider", ManagingTool::Crossplane),
        ] {
            assert_eq!(written(manager, &stamp()), [Mark::Manager(tool, name(manager))]);
        }
        let spec = json!({"f:spec": {"f:replicas": {}}});
        assert_eq!(
            written("argocd-controller", &spec),
            [Mark::Manager(ManagingTool::ArgoCd, name("argocd-controller"))]
        );
    }

    #[test]
    fn what_charts_and_other_programs_write_is_no_mark() {
        for metadata in [
            // What bitnami's charts render, and what Argo CD once tracked by.
            json!({"labels": {"app.kubernetes.io/instance": "store", "app.kubernetes.io/managed-by": "Helm"}}),
            json!({"labels": {"helm.toolkit.fluxcd.io/name": "web"}}),
            json!({"labels": {"helm.toolkit.fluxcd.io/name": "a b", "helm.toolkit.fluxcd.io/namespace": "shop"}}),
            // Copied from another object.
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "store:apps/Deployment:shop/api"}}),
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "store:apps/StatefulSet:shop/web"}}),
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "store"}}),
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "a;reboot:apps/Deployment:shop/web"}}),
            // What K3s applies from its folder of manifests.
            json!({"annotations": {"objectset.rio.cattle.io/id": "", "objectset.rio.cattle.io/owner-gvk": "k3s.cattle.io/v1, Kind=Addon"}}),
            json!({"annotations": {"objectset.rio.cattle.io/id": "a", "objectset.rio.cattle.io/owner-gvk": "/v1, Kind=Namespace"}}),
            json!({}),
        ] {
            assert_eq!(marks(&metadata), [], "{metadata}");
        }
        let label = json!({"f:metadata": {"f:labels": {"f:team": {}}}});
        for manager in [
            "helm-controller",
            "terraform-provider-helm_v2.17.0_x5",
            "HashiCorp",
            "Terraform",
        ] {
            assert_eq!(written(manager, &label), [], "{manager}");
        }
        for manager in ["helm", "helm4", "kubectl-edit", "argocd-server"] {
            assert_eq!(written(manager, &stamp()), [], "{manager}");
        }
    }

    #[test]
    fn a_hostile_release_has_no_more_marks_than_are_kept() {
        let mut all = Marks::default();
        for number in 0..2 * MAX_MARKS {
            let marks = BTreeSet::from([Mark::Fleet {
                set: number.to_string(),
            }]);
            all.add(&key(), &ObjectMarks(marks));
        }
        assert_eq!((all.objects, all.counts.len()), (2 * MAX_MARKS, MAX_MARKS));
    }
}
