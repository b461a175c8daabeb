//! Which kind of program a field manager is, and which of its writes belong to a healthy cluster.
//!
//! The knowledge is data: `managers.yaml` beside this file, and the operator's own lists in the same form. A name
//! proves nothing, so it decides about severity and wording only; no write is ever left out of a report for it.

use globset::{GlobSet, GlobSetBuilder};
use serde::{Deserialize, Deserializer, de};

use super::path_pattern::PathPattern;
use crate::compare::path::FieldPath;

/// The kind of program that a manager's name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagerKind {
    /// A program that installs Helm releases.
    Helm,
    /// A program that people drive by hand.
    Person,
    /// Any other program.
    Program,
}

/// How much the manifest says about a field that another manager writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManifestMention {
    /// Nothing about it, and nothing else in that top-level section of the object.
    SectionUnset,
    /// Nothing about the field itself.
    Unset,
    /// Another value than the live one.
    Set,
}

/// The known field managers, and the writes that are expected of them.
#[derive(Debug, Clone)]
pub struct Managers {
    helm: GlobSet,
    people: GlobSet,
    autoscalers: GlobSet,
    expected: Vec<WriteMatcher>,
}

/// The lists, as `managers.yaml` and the settings write them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ManagerLists {
    /// Programs that install Helm releases.
    #[serde(deserialize_with = "patterns")]
    pub helm: Vec<String>,
    /// Programs that people drive by hand.
    #[serde(deserialize_with = "patterns")]
    pub people: Vec<String>,
    /// Programs that choose replica counts.
    #[serde(deserialize_with = "patterns")]
    pub autoscalers: Vec<String>,
    /// Writes that are no drift.
    pub expected: Vec<ExpectedWrite>,
}

/// One kind of write that is no drift.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedWrite {
    /// The manager's work, as the end of a sentence that begins with its name.
    pub about: String,
    /// Names of managers, as globs; any program, though no person, when empty.
    #[serde(default, deserialize_with = "patterns")]
    pub managers: Vec<String>,
    /// Kinds, as globs; any when empty.
    #[serde(default, deserialize_with = "patterns")]
    pub kinds: Vec<String>,
    /// The places, with everything in them.
    pub paths: Vec<PathPattern>,
    /// What the manifest may say for the write to be expected.
    #[serde(default)]
    pub only: When,
}

/// What the manifest may say about a field for a write to it to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Anything.
    #[default]
    Always,
    /// Nothing.
    Unset,
    /// Nothing in the whole section.
    SectionUnset,
}

/// A name in one of the lists that is not a glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a valid glob: {reason}")]
pub struct ManagerPatternError {
    pattern: String,
    reason: String,
}

/// An expected write whose globs are compiled.
#[derive(Debug, Clone)]
struct WriteMatcher {
    about: String,
    managers: Option<GlobSet>,
    kinds: Option<GlobSet>,
    paths: Vec<PathPattern>,
    only: When,
}

const BUILT_IN: &str = include_str!("managers.yaml");

impl Default for Managers {
    fn default() -> Self {
        // The built-in lists are held to be valid by a test; without them every manager is just a program.
        Self::new(ManagerLists::default()).unwrap_or_else(|_| Self {
            helm: GlobSet::empty(),
            people: GlobSet::empty(),
            autoscalers: GlobSet::empty(),
            expected: Vec::new(),
        })
    }
}

impl Managers {
    /// The built-in lists with the operator's own before them.
    pub fn new(own: ManagerLists) -> Result<Self, ManagerPatternError> {
        let built_in: ManagerLists = serde_saphyr::from_str(BUILT_IN).unwrap_or_default();
        let expected = own.expected.into_iter().chain(built_in.expected);
        Ok(Self {
            helm: globs(own.helm.iter().chain(&built_in.helm))?,
            people: globs(own.people.iter().chain(&built_in.people))?,
            autoscalers: globs(own.autoscalers.iter().chain(&built_in.autoscalers))?,
            expected: expected.map(WriteMatcher::new).collect::<Result<_, _>>()?,
        })
    }

    /// The kind of program that a manager's name stands for.
    pub fn kind_of(&self, manager: &str) -> ManagerKind {
        if self.helm.is_match(manager) {
            ManagerKind::Helm
        } else if self.people.is_match(manager) {
            ManagerKind::Person
        } else {
            ManagerKind::Program
        }
    }

    /// Whether the manager chooses replica counts.
    pub fn is_autoscaler(&self, manager: &str) -> bool {
        self.autoscalers.is_match(manager)
    }

    /// The work of a manager at a place of an object of this kind, if a write there is expected of it and no drift.
    pub fn expects(
        &self,
        manager: &str,
        kind: &str,
        path: &FieldPath,
        mention: ManifestMention,
    ) -> Option<&str> {
        let expected = self.expected.iter().find(|expected| {
            let is_mention_allowed = match expected.only {
                When::Always => true,
                When::Unset => mention <= ManifestMention::Unset,
                When::SectionUnset => mention == ManifestMention::SectionUnset,
            };
            is_mention_allowed
                && expected.kinds.as_ref().is_none_or(|kinds| kinds.is_match(kind))
                && match &expected.managers {
                    Some(managers) => managers.is_match(manager),
                    None => self.kind_of(manager) == ManagerKind::Program,
                }
                && expected.paths.iter().any(|pattern| pattern.matches(path))
        });
        expected.map(|expected| expected.about.as_str())
    }
}

impl WriteMatcher {
    fn new(write: ExpectedWrite) -> Result<Self, ManagerPatternError> {
        let some = |patterns: &[String]| (!patterns.is_empty()).then(|| globs(patterns)).transpose();
        Ok(Self {
            managers: some(&write.managers)?,
            kinds: some(&write.kinds)?,
            about: write.about,
            paths: write.paths,
            only: write.only,
        })
    }
}

/// Globs, checked where they are read, so that the error is told for the line that has it.
fn patterns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let patterns = Vec::<Pattern>::deserialize(deserializer)?;
    Ok(patterns.into_iter().map(|pattern| pattern.0).collect())
}

/// A glob as it is written.
struct Pattern(String);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pattern = String::deserialize(deserializer)?;
        globs([&pattern]).map_err(de::Error::custom)?;
        Ok(Self(pattern))
    }
}

fn globs<'p>(patterns: impl IntoIterator<Item = &'p String>) -> Result<GlobSet, ManagerPatternError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let error = |reason: &globset::Error| ManagerPatternError {
            pattern: pattern.clone(),
            reason: reason.kind().to_string(),
        };
        set.add(globset::Glob::new(pattern).map_err(|reason| error(&reason))?);
    }
    set.build().map_err(|reason| ManagerPatternError {
        pattern: String::new(),
        reason: reason.kind().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::path::Segment;
    use serde_json::json;

    #[test]
    fn the_built_in_lists_are_valid() {
        let lists: ManagerLists = serde_saphyr::from_str(BUILT_IN).unwrap();
        assert!(lists.expected.len() > 10);
        let managers = Managers::new(lists).unwrap();
        for (name, kind) in [
            ("helm", ManagerKind::Helm),
            ("helm-controller", ManagerKind::Helm),
            ("terraform-provider-helm_v2.17.0_x5", ManagerKind::Helm),
            ("kubectl-edit", ManagerKind::Person),
            ("Mozilla", ManagerKind::Person),
            ("kube-controller-manager", ManagerKind::Program),
        ] {
            assert_eq!(managers.kind_of(name), kind, "{name}");
        }
    }

    #[test]
    fn writes_are_expected_by_manager_kind_place_and_what_the_manifest_says() {
        let managers = Managers::default();
        let bundle = FieldPath::root()
            .key("webhooks")
            .join(Segment::Match(vec![("name".into(), json!("a.example.com"))]))
            .key("clientConfig")
            .key("caBundle");
        let kind = "ValidatingWebhookConfiguration";
        for (manager, kind, mention, expected) in [
            ("kubectl-patch", kind, ManifestMention::Unset, true),
            ("kubectl-patch", kind, ManifestMention::Set, false),
            ("cainjector", kind, ManifestMention::Set, true),
            ("cainjector", "ConfigMap", ManifestMention::Set, false),
        ] {
            let found = managers.expects(manager, kind, &bundle, mention);
            assert_eq!(found.is_some(), expected, "{manager} {kind} {mention:?}");
        }
        let data = FieldPath::root().key("data").key("tls.crt");
        for (manager, mention, expected) in [
            ("some-operator", ManifestMention::SectionUnset, true),
            ("some-operator", ManifestMention::Unset, false),
            ("kubectl-edit", ManifestMention::SectionUnset, false),
        ] {
            let found = managers.expects(manager, "Secret", &data, mention);
            assert_eq!(found.is_some(), expected, "{manager} {mention:?}");
        }
    }

    /// What controllers of clouds, meshes and other products write, each in its place and in no other.
    #[test]
    fn well_known_controllers_are_expected_where_they_write_and_nowhere_else() {
        use ManifestMention::{Set, Unset};
        let webhook = |below: &[&str]| {
            let element = Segment::Match(vec![("name".into(), json!("a.example.com"))]);
            let webhook = FieldPath::root().key("webhooks").join(element);
            below.iter().fold(webhook, |path, key| path.key(key))
        };
        let at = |keys: &[&str]| keys.iter().fold(FieldPath::root(), |path, key| path.key(key));
        let weight = at(&["spec", "http"])
            .join(Segment::Index(0))
            .key("route")
            .join(Segment::Index(1))
            .key("weight");
        let validating = "ValidatingWebhookConfiguration";
        let rows = [
            (
                "admissionsenforcer",
                validating,
                webhook(&["namespaceSelector"]),
                Set,
                true,
            ),
            (
                "admissionsenforcer",
                validating,
                webhook(&["failurePolicy"]),
                Set,
                false,
            ),
            (
                "kubectl-edit",
                validating,
                webhook(&["namespaceSelector"]),
                Set,
                false,
            ),
            (
                "kube-controller-manager",
                "Secret",
                at(&["data", "token"]),
                Unset,
                true,
            ),
            (
                "kube-controller-manager",
                "Secret",
                at(&["data", "ca.crt"]),
                Unset,
                true,
            ),
            (
                "kube-controller-manager",
                "Secret",
                at(&["data", "password"]),
                Unset,
                false,
            ),
            ("kubectl-edit", "Secret", at(&["data", "token"]), Unset, false),
            (
                "kube-vip-cloud-provider",
                "Service",
                at(&["spec", "loadBalancerIP"]),
                Unset,
                true,
            ),
            (
                "kube-vip-cloud-provider",
                "Service",
                at(&["spec", "loadBalancerIP"]),
                Set,
                false,
            ),
            ("flagger", "Deployment", at(&["spec", "replicas"]), Set, true),
            ("flagger", "Service", at(&["spec", "selector", "app"]), Set, true),
            ("flagger", "Deployment", at(&["spec", "template"]), Set, false),
            ("flagger", "VirtualService", weight.clone(), Set, true),
            ("rollouts-controller", "VirtualService", weight.clone(), Set, true),
            (
                "rollouts-controller",
                "VirtualService",
                at(&["spec", "hosts"]),
                Set,
                false,
            ),
            ("kubectl-edit", "VirtualService", weight, Set, false),
            (
                "rollouts-controller",
                "Deployment",
                at(&["spec", "replicas"]),
                Set,
                true,
            ),
            (
                "cert-manager-certificates-issuing",
                "Secret",
                at(&["data", "tls.crt"]),
                Unset,
                true,
            ),
            (
                "cert-manager-certificates-issuing",
                "Secret",
                at(&["data", "tls.crt"]),
                Set,
                false,
            ),
            (
                "cert-manager-certificates-issuing",
                "Secret",
                at(&["data", "password"]),
                Unset,
                false,
            ),
            (
                "externalsecrets.external-secrets.io/db",
                "Secret",
                at(&["data", "password"]),
                Unset,
                true,
            ),
            (
                "externalsecrets.external-secrets.io/db",
                "Secret",
                at(&["data", "password"]),
                Set,
                false,
            ),
            (
                "consul-k8s-control-plane",
                "MutatingWebhookConfiguration",
                webhook(&["clientConfig", "caBundle"]),
                Set,
                true,
            ),
            (
                "service-ca-operator",
                "ConfigMap",
                at(&["data", "service-ca.crt"]),
                Unset,
                true,
            ),
            (
                "service-ca-operator",
                "ConfigMap",
                at(&["data", "app.conf"]),
                Unset,
                false,
            ),
            (
                "velero-server",
                "Deployment",
                at(&["metadata", "labels", "velero.io/backup-name"]),
                Unset,
                true,
            ),
            (
                "velero-server",
                "Deployment",
                at(&["spec", "replicas"]),
                Set,
                false,
            ),
        ];
        let managers = Managers::default();
        for (manager, kind, path, mention, expected) in rows {
            let about = managers.expects(manager, kind, &path, mention);
            assert_eq!(about.is_some(), expected, "{manager} {kind} {path} {mention:?}");
        }
    }
}
