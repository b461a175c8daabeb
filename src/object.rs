//! Names of Kubernetes objects: which kind, which namespace, which name.
//!
//! One vocabulary for the whole pipeline, so that a key made while reading a manifest finds the live object that
//! the cluster returned, without any stage knowing another one's types.

use std::fmt;

/// An API version and a kind, as a manifest names them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// `v1` for the core group, `GROUP/VERSION` otherwise.
    pub api_version: String,
    /// The kind, such as `Deployment`.
    pub kind: String,
}

impl Gvk {
    /// Names a kind.
    pub fn new(api_version: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            api_version: api_version.into(),
            kind: kind.into(),
        }
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether it is the kind of the definitions of custom kinds.
    pub fn is_definition(&self) -> bool {
        self.group() == "apiextensions.k8s.io" && self.kind == "CustomResourceDefinition"
    }

    /// Whether it is the kind of Secrets.
    pub fn is_secret(&self) -> bool {
        self.group().is_empty() && self.kind == "Secret"
    }

    /// Where an object of a built-in kind has its Pod, or the template of its Pods: the fields that lead to `metadata` and
    /// `spec` of the Pod.
    pub(crate) fn pod(&self) -> Option<&'static [&'static str]> {
        Some(match (self.group(), self.kind.as_str()) {
            ("", "Pod") => &[],
            ("apps", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet")
            | ("", "ReplicationController")
            | ("batch", "Job") => &["spec", "template"],
            ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template"],
            ("", "PodTemplate") => &["template"],
            _ => return None,
        })
    }

    /// The version without its group.
    pub fn version(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or(self.api_version.as_str(), |(_, version)| version)
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.api_version, self.kind)
    }
}

/// One object of a cluster, addressed the way the API server addresses it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// The kind and the version it is read at.
    pub gvk: Gvk,
    /// The namespace, `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.gvk.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_and_version_of_core_and_named_groups() {
        let core = Gvk::new("v1", "Pod");
        assert_eq!((core.group(), core.version()), ("", "v1"));
        let apps = Gvk::new("apps/v1", "Deployment");
        assert_eq!((apps.group(), apps.version()), ("apps", "v1"));
    }
}
