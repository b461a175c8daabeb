//! The conditions of ignore rules, read so that one which can never hold is a mistake and no rule that ignores nothing.
//!
//! People write `deployments` and `apps`, as kubectl takes them. An object names its kind and API version as its manifest
//! does, so such a rule would be idle for ever. Only what no object can have is refused: a kind that nobody knows may be
//! that of a custom resource.

use std::str::FromStr;

use crate::policy::glob::Glob;
use crate::policy::name_pattern;
use crate::types::TypeTable;
use crate::vocabulary::{FindingCode, HealthCode, ObjectState};

/// Short names of kinds, as `kubectl api-resources` lists them.
const SHORT_NAMES: [(&str, &str); 26] = [
    ("cm", "ConfigMap"),
    ("cj", "CronJob"),
    ("crd", "CustomResourceDefinition"),
    ("crds", "CustomResourceDefinition"),
    ("csr", "CertificateSigningRequest"),
    ("deploy", "Deployment"),
    ("ds", "DaemonSet"),
    ("ep", "Endpoints"),
    ("ev", "Event"),
    ("hpa", "HorizontalPodAutoscaler"),
    ("ing", "Ingress"),
    ("limits", "LimitRange"),
    ("netpol", "NetworkPolicy"),
    ("no", "Node"),
    ("ns", "Namespace"),
    ("pc", "PriorityClass"),
    ("pdb", "PodDisruptionBudget"),
    ("po", "Pod"),
    ("pv", "PersistentVolume"),
    ("pvc", "PersistentVolumeClaim"),
    ("quota", "ResourceQuota"),
    ("rc", "ReplicationController"),
    ("rs", "ReplicaSet"),
    ("sa", "ServiceAccount"),
    ("sts", "StatefulSet"),
    ("svc", "Service"),
];

/// The longest name of a field manager (apimachinery: `pkg/apis/meta/v1/validation/validation.go`, `FieldManagerMaxLength`).
const MAX_MANAGER: usize = 128;

/// Reads a kind.
pub fn kind(text: &str) -> Result<Glob, String> {
    let glob = glob(text)?;
    if let Some((resource, _)) = text.split_once(['.', '/']) {
        return Err(format!(
            "`{text}` is no kind: write the kind alone, such as {}, and its group as api_version, such as apps/*",
            builtin_kind(resource).unwrap_or("Deployment")
        ));
    }
    if glob.has_wildcards() {
        // Kinds are written with capitals, and a pattern of small letters was meant for them.
        let ignoring_case = Glob::from_str(&text.to_lowercase()).map_err(|error| error.to_string())?;
        let meant = kinds().find(|kind| ignoring_case.matches(&kind.to_lowercase()));
        let is_small = text.starts_with(|first: char| first.is_ascii_lowercase());
        return match meant {
            Some(meant) if is_small && !kinds().any(|kind| glob.matches(kind)) => Err(format!(
                "`{text}` matches no kind: kinds are written with capitals, such as {meant}"
            )),
            Some(_) | None => Ok(glob),
        };
    }
    let is_of_kinds = |character: char| character.is_ascii_alphanumeric() || character == '-';
    match builtin_kind(text) {
        Some(known) if known == text => Ok(glob),
        Some(known) => Err(format!("there is no kind `{text}`: write {known}")),
        None if text.chars().all(is_of_kinds) => Ok(glob),
        None => Err(format!(
            "`{text}` cannot be a kind: that has letters and digits only, such as Deployment"
        )),
    }
}

/// Reads an API version.
pub fn api_version(text: &str) -> Result<Glob, String> {
    let glob = glob(text)?;
    if text
        .chars()
        .any(|character| character.is_ascii_uppercase() || character.is_whitespace())
    {
        return Err(format!(
            "`{text}` matches no API version: these have small letters only, such as apps/v1"
        ));
    }
    if glob.has_wildcards() || text == "v1" {
        return Ok(glob);
    }
    let mut groups = TypeTable::builtin()
        .kinds()
        .filter_map(|(version, _)| version.split_once('/'));
    match text.split_once('/') {
        Some(("core", version)) => Err(format!(
            "`{text}` matches no API version: kinds of the core group have {version} alone"
        )),
        Some((group, version)) if !group.is_empty() && !version.is_empty() && !version.contains('/') => {
            Ok(glob)
        }
        Some(_) => Err(format!("`{text}` is no API version such as v1 and apps/v1")),
        None => Err(match groups.find(|(group, _)| *group == text) {
            Some((group, _)) => format!("`{text}` is a group and no API version: write `{group}/*`"),
            None => {
                format!("`{text}` is no API version: that is v1, or has a group before its version: apps/v1")
            }
        }),
    }
}

/// Reads a namespace.
pub fn namespace(text: &str) -> Result<Glob, String> {
    name_pattern::namespace(text).map_err(|error| error.to_string())
}

/// Reads the name of a release.
pub fn release(text: &str) -> Result<Glob, String> {
    name_pattern::release(text).map_err(|error| error.to_string())
}

/// Reads the name of an object: a segment of a path, whatever else its kind asks of it (apimachinery:
/// `pkg/api/validation/path/name.go`, `IsValidPathSegmentName`).
pub fn name(text: &str) -> Result<Glob, String> {
    let glob = glob(text)?;
    match text.split_once('/') {
        Some((before, after)) => Err(format!(
            "`{text}` matches no name, because names have no `/`: for the object {after} in namespace {before} (or of kind \
             {before}), write `name` and `namespace` (or `kind`)"
        )),
        None if text.contains('%') || text == "." || text == ".." => {
            Err(format!("`{text}` cannot be the name of an object"))
        }
        None => Ok(glob),
    }
}

/// Reads the name of a field manager.
pub fn manager(text: &str) -> Result<Glob, String> {
    let glob = glob(text)?;
    if !glob.has_wildcards() && text.len() > MAX_MANAGER || text.chars().any(char::is_control) {
        return Err(format!(
            "no field manager can have this name: it has up to {MAX_MANAGER} printable characters"
        ));
    }
    Ok(glob)
}

/// The code of a finding, as a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub FindingCode);

impl FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = match text.parse::<FindingCode>() {
            Ok(code) => return Ok(Self(code)),
            Err(error) => error,
        };
        let plain = text.to_lowercase().replace(['_', ' '], "-");
        Err(if let Ok(code) = plain.parse::<FindingCode>() {
            format!("there is no code `{text}`: write {code}")
        } else if plain.parse::<ObjectState>().is_ok() {
            format!(
                "`{text}` is the state of an object and no code of a finding: a rule without path, manager and code ignores \
                 whole objects, whatever their state; the codes are listed by `driftline explain`"
            )
        } else if plain.parse::<HealthCode>().is_ok() {
            format!("`{text}` is the health of a release, which no rule ignores")
        } else {
            error.to_string()
        })
    }
}

fn glob(text: &str) -> Result<Glob, String> {
    text.parse::<Glob>().map_err(|error| error.to_string())
}

fn kinds() -> impl Iterator<Item = &'static str> {
    TypeTable::builtin().kinds().map(|(_, kind)| kind)
}

/// The built-in kind that a text means: as it is, in small letters, in the plural, or by its short name.
fn builtin_kind(text: &str) -> Option<&'static str> {
    let small = text.to_lowercase();
    let is_meant = |kind: &&str| *kind == text || kind.to_lowercase() == small || plural(kind) == small;
    // A kind may be the plural of another one, as in `Endpoints`.
    let exact = kinds().find(|kind| *kind == text);
    let short = || SHORT_NAMES.into_iter().find(|(short, _)| *short == small);
    exact
        .or_else(|| kinds().find(is_meant))
        .or_else(|| short().map(|(_, kind)| kind))
}

/// The resource name of a kind (apimachinery: `pkg/api/meta/restmapper.go`, `UnsafeGuessKindToResource`).
fn plural(kind: &str) -> String {
    let small = kind.to_lowercase();
    if small.ends_with('s') {
        format!("{small}es")
    } else if let Some(stem) = small.strip_suffix('y') {
        format!("{stem}ies")
    } else {
        format!("{small}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = fn(&str) -> Result<Glob, String>;

    #[test]
    fn what_can_never_match_is_refused_with_what_is_right() {
        let rows: [(Read, &str, &str); 22] = [
            (kind, "deployment", "write Deployment"),
            (kind, "deployments", "write Deployment"),
            (kind, "Deployments", "write Deployment"),
            (kind, "DEPLOYMENT", "write Deployment"),
            (kind, "deploy", "write Deployment"),
            (kind, "networkpolicies", "write NetworkPolicy"),
            (kind, "ingresses", "write Ingress"),
            (kind, "hpa", "write HorizontalPodAutoscaler"),
            (kind, "deployment*", "such as Deployment"),
            (
                kind,
                "deployments.apps",
                "such as Deployment, and its group as api_version",
            ),
            (kind, "apps/Deployment", "the kind alone"),
            (kind, "Config Map", "letters and digits only"),
            (api_version, "apps", "write `apps/*`"),
            (
                api_version,
                "rbac.authorization.k8s.io",
                "write `rbac.authorization.k8s.io/*`",
            ),
            (api_version, "v1beta1", "apps/v1"),
            (api_version, "core/v1", "v1 alone"),
            (api_version, "Apps/v1", "small letters"),
            (namespace, "Shop", "cannot be the name of a namespace"),
            (release, "My_App", "cannot be the name of a release"),
            (name, "shop/web", "write `name` and `namespace`"),
            (name, "Deployment/web", "`kind`"),
            (manager, "kubectl\u{7}", "printable"),
        ];
        for (read, text, said) in rows {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
        for (text, said) in [
            (
                "missing",
                "a rule without path, manager and code ignores whole objects",
            ),
            ("Foreign", "is the state of an object"),
            ("stuck", "which no rule ignores"),
            ("Changed", "write changed"),
            ("not_applied", "write not-applied"),
            ("chnged", "is not one of: changed, "),
        ] {
            let error = text.parse::<Code>().unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn what_some_object_may_have_is_accepted() {
        let rows: [(Read, &[&str]); 6] = [
            (
                kind,
                &[
                    "Deployment",
                    "Endpoints",
                    "Widget",
                    "widget",
                    "*",
                    "*Set",
                    "{Deployment,Job}",
                    "?ob",
                ],
            ),
            (
                api_version,
                &[
                    "v1",
                    "apps/v1",
                    "apps/*",
                    "*",
                    "v?",
                    "example.com/v1alpha1",
                    "*.example.com/*",
                ],
            ),
            (namespace, &["shop", "team-*", "{a,b}"]),
            (release, &["web", "*-web", "a.b"]),
            (name, &["web", "system:node", "Web_1", "web-*"]),
            (manager, &["kubectl-*", "Go-http-client", "Mozilla"]),
        ];
        for (read, texts) in rows {
            for text in texts {
                assert_eq!(read(text).unwrap().to_string(), *text);
            }
        }
        assert_eq!("half-upgraded".parse(), Ok(Code(FindingCode::HalfUpgraded)));
    }
}
