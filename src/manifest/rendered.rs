//! Manifests that were rendered for an upgrade: what `helm template` prints, or `helm upgrade --dry-run=server -o json`.
//!
//! Helm keeps hooks and the chart's folder `crds/` apart from the manifest of a release (Helm: `pkg/release/util/manifest_sorter.go`,
//! `SortManifests`; `pkg/action/upgrade.go`, which does not look at `crds/`). `helm template` prints all of them in one
//! stream, so they are taken apart here.

use serde::Deserialize;
use serde_json::Value;

use super::parse::{self, ManifestError, ManifestObject, ParsedDocuments};
use crate::release::record::{HOOK_ANNOTATION, Hook, HookLocation, LastRun};
use crate::yaml::Limits;

/// The manifests of a chart, rendered for an upgrade.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    /// The objects.
    pub objects: Vec<ManifestObject>,
    /// The hooks.
    pub hooks: Vec<Hook>,
    /// The release that Helm rendered them for, where they are the output of `helm upgrade -o json`.
    pub rendered_for: Option<RenderedFor>,
}

/// A release, as Helm's output names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFor {
    /// The namespace that it is installed into, and that has its records.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Why rendered manifests cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RenderedError {
    /// They are no manifests, as the readable output of `helm upgrade --dry-run=server` is none. The error is within the sentence,
    /// and so no source, which would be told once more.
    #[error(
        "{0}; give the manifests that `helm template` prints, or the output of `helm upgrade --dry-run=server -o json`"
    )]
    Manifest(ManifestError),
    /// It is JSON, and not of a release.
    #[error(
        "it is JSON without a `manifest`: give what `helm upgrade --dry-run=server -o json` prints, or the YAML of `helm template`"
    )]
    NoRelease,
    /// It is the other form of a dry run.
    #[error(
        "it is what `helm upgrade --dry-run=server -o yaml` prints: give what -o json prints, or the YAML of `helm template`"
    )]
    Yaml,
    /// It holds nothing.
    #[error(
        "it has no objects: give the manifests that `helm template` prints, or the output of `helm upgrade --dry-run=server -o json`, and not a file of values"
    )]
    Empty,
}

/// The annotation that says when a hook is deleted (Helm: `pkg/release/v1/hook.go`).
const DELETE_POLICY: &str = "helm.sh/hook-delete-policy";

/// The parts of a release in JSON that are needed.
#[derive(Deserialize)]
struct DryRun {
    name: Option<String>,
    namespace: Option<String>,
    manifest: Option<String>,
    #[serde(default)]
    hooks: Option<Vec<DryRunHook>>,
}

#[derive(Deserialize)]
struct DryRunHook {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    delete_policies: Option<Vec<String>>,
}

impl Rendered {
    /// Reads rendered manifests.
    pub fn parse(text: &str) -> Result<Self, RenderedError> {
        let rendered = if text.trim_start().starts_with('{') {
            let dry_run: DryRun = serde_json::from_str(text).map_err(|_| RenderedError::NoRelease)?;
            let manifest = dry_run.manifest.ok_or(RenderedError::NoRelease)?;
            let mut rendered = Self::of_stream(&manifest)?;
            rendered
                .hooks
                .extend(dry_run.hooks.unwrap_or_default().into_iter().map(hook_of_dry_run));
            parse::locate_hooks(&mut rendered.hooks, &mut ParsedDocuments::default());
            rendered.rendered_for = match (dry_run.namespace, dry_run.name) {
                (Some(namespace), Some(name)) => Some(RenderedFor { namespace, name }),
                _ => None,
            };
            return Ok(rendered);
        } else {
            let of_stream = Self::of_stream(text);
            let is_empty = of_stream.as_ref().map_or(true, Self::is_empty);
            if is_empty && text.lines().any(|line| line.starts_with("manifest:")) {
                return Err(RenderedError::Yaml);
            }
            of_stream?
        };
        if rendered.is_empty() {
            return Err(RenderedError::Empty);
        }
        Ok(rendered)
    }

    fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.hooks.is_empty()
    }

    fn of_stream(text: &str) -> Result<Self, RenderedError> {
        let mut rendered = Self::default();
        let mut objects = parse::objects(text, &Limits::default()).map_err(RenderedError::Manifest)?;
        objects.sort_by_cached_key(|object| install_order(&object.gvk.kind));
        for object in objects {
            if is_of_crds_folder(&object) {
                continue;
            }
            match hook_of(&object) {
                Some(hook) => rendered.hooks.push(hook),
                None => rendered.objects.push(object),
            }
        }
        Ok(rendered)
    }
}

/// The order in which Helm installs objects, by their kind: unknown kinds come last, by the alphabet; within a kind the order
/// is that of the templates (Helm: `pkg/release/v1/util/kind_sorter.go`, `InstallOrder` and `lessByKind`).
fn install_order(kind: &str) -> (usize, String) {
    let known = INSTALL_ORDER.iter().position(|known| *known == kind);
    known.map_or_else(
        || (INSTALL_ORDER.len(), kind.to_owned()),
        |position| (position, String::new()),
    )
}

const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Whether `helm template --include-crds` printed it of the folder that an upgrade passes over.
fn is_of_crds_folder(object: &ManifestObject) -> bool {
    let template = object.template.as_deref().unwrap_or_default();
    template.split('/').rev().skip(1).any(|folder| folder == "crds") && !template.contains("/templates/")
}

fn hook_of(object: &ManifestObject) -> Option<Hook> {
    if !object.body.contains(HOOK_ANNOTATION) {
        return None;
    }
    let body: Value = serde_json::from_str(&object.body).ok()?;
    let annotation = |name: &str| body["metadata"]["annotations"][name].as_str();
    let words = |text: &str| {
        let words = text.split(',').map(|word| word.trim().to_lowercase());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>()
    };
    Some(Hook {
        name: object.name.clone(),
        kind: object.gvk.kind.clone(),
        events: words(annotation(HOOK_ANNOTATION)?),
        delete_policies: annotation(DELETE_POLICY).map(words).unwrap_or_default(),
        last_run: LastRun::default(),
        manifest: String::new(),
        location: Some(HookLocation {
            api_version: object.gvk.api_version.clone(),
            namespace: object.namespace.clone(),
        }),
    })
}

fn hook_of_dry_run(hook: DryRunHook) -> Hook {
    Hook {
        name: hook.name,
        kind: hook.kind,
        events: hook.events.unwrap_or_default(),
        delete_policies: hook.delete_policies.unwrap_or_default(),
        manifest: hook.manifest,
        ..Hook::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "---\n# Source: web/crds/widget.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
        metadata: {name: widgets.example.com}\n---\n# Source: web/templates/crds/gadget.yaml\n\
        apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gadgets.example.com}\n---\n\
        # Source: web/templates/settings.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n---\n\
        # Source: web/templates/migrate.yaml\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations:\n    \
        helm.sh/hook: pre-upgrade, Post-Install\n    helm.sh/hook-delete-policy: hook-succeeded\n";

    #[test]
    fn hooks_and_the_folder_of_definitions_are_no_objects_of_the_release() {
        let rendered = Rendered::parse(STREAM).unwrap();
        let names: Vec<&str> = rendered.objects.iter().map(|object| &*object.name).collect();
        assert_eq!(names, ["settings", "gadgets.example.com"]);
        let [hook] = &rendered.hooks[..] else {
            panic!("{rendered:#?}")
        };
        assert_eq!(hook.events, ["pre-upgrade", "post-install"]);
        assert_eq!(hook.delete_policies, ["hook-succeeded"]);
    }

    #[test]
    fn the_other_form_of_a_dry_run_is_told_from_a_file_of_values() {
        for (text, is_dry_run) in [
            ("name: web\nmanifest: |\n  ---\n  kind: X\nversion: 1\n", true),
            ("chart: {}\ninfo:\n\tx\nmanifest: |\n  ---\n", true),
            ("web:\n  manifest: x\n", false),
        ] {
            let error = Rendered::parse(text).unwrap_err();
            assert_eq!(matches!(error, RenderedError::Yaml), is_dry_run, "{text} {error}");
        }
    }

    /// The loop of an upgrade ends at a create that fails: what comes after it is in the order of kinds, not of the templates.
    #[test]
    fn objects_are_in_the_order_in_which_helm_installs_them() {
        let object = |kind: &str, name: &str| {
            format!("---\napiVersion: example.com/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n")
        };
        let stream = [
            object("Widget", "w"),
            object("Ingress", "i"),
            object("ConfigMap", "b"),
            object("Gadget", "g"),
            object("ConfigMap", "a"),
            object("Namespace", "team"),
        ];
        let rendered = Rendered::parse(&stream.concat()).unwrap();
        let names: Vec<&str> = rendered.objects.iter().map(|object| &*object.name).collect();
        assert_eq!(names, ["team", "b", "a", "i", "g", "w"]);
    }

    #[test]
    fn the_json_of_a_dry_run_says_the_same() {
        let json = serde_json::json!({
            "name": "web",
            "manifest": "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
            "hooks": [{"name": "migrate", "kind": "Job", "path": "web/templates/migrate.yaml", "events": ["pre-upgrade"],
                "manifest": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\n"}]
        });
        let rendered = Rendered::parse(&json.to_string()).unwrap();
        assert_eq!(rendered.objects.len(), 1);
        let location = rendered.hooks[0].location.as_ref().unwrap();
        assert_eq!(location.api_version, "batch/v1");
    }

    #[test]
    fn what_is_no_manifest_is_told_with_what_would_be_right() {
        for (text, words) in [
            ("", "helm template"),
            ("{\"a\": 1}", "dry-run"),
            ("{not json", "dry-run"),
            ("NAME: web\nLAST DEPLOYED: now\n", "helm template"),
            ("a: [", "line"),
        ] {
            let error = Rendered::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
