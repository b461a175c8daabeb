//! Which releases a scan is about: namespaces and releases by name or by pattern, and labels.
//!
//! The patterns are the globs of ignore rules.

use std::fmt;
use std::str::FromStr;

use super::glob::Glob;
use super::name_pattern::{self, NameError};
use super::shard::Shard;
use crate::model::Selected;

/// The releases that a scan is about. An empty list stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The namespaces of the releases.
    pub namespaces: Vec<NamespacePattern>,
    /// The releases.
    pub releases: Vec<ReleasePattern>,
    /// The label selector of the releases' records, which the API server applies.
    pub selector: Option<String>,
    /// The share of the namespaces that the scan is about; `None` for all. The records of the others are listed, because a
    /// part of what is true of one release depends on others, and not compared.
    pub shard: Option<Shard>,
    /// What it means that something named here does not exist.
    pub when_absent: WhenAbsent,
}

/// What it means that a namespace or a release was named and does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenAbsent {
    /// An error of the report: the scan is incomplete.
    #[default]
    Error,
    /// A note in the report: the operator allows it.
    Note,
}

/// The name of a namespace, or a pattern of such names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespacePattern(Glob);

/// A release by its name, in every selected namespace or in those that a pattern matches: `web`, `shop/web`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasePattern {
    /// The namespaces; `None` for all that are selected.
    pub namespace: Option<NamespacePattern>,
    /// The name, or a pattern of names.
    pub name: Glob,
}

impl Selection {
    /// The selection in the words of a report.
    pub fn in_words(&self) -> Selected {
        Selected {
            namespaces: self.namespaces.iter().map(ToString::to_string).collect(),
            releases: self.releases.iter().map(ToString::to_string).collect(),
            selector: self.selector.clone(),
            shard: self.shard.map(|shard| shard.to_string()),
            drivers: Vec::new(),
            left_out: None,
        }
    }

    /// The selection that a report names; `None` where a word of it is no name and no pattern.
    pub fn from_words(selected: &Selected) -> Option<Self> {
        let namespaces = selected.namespaces.iter().map(|name| name.parse());
        let releases = selected.releases.iter().map(|name| name.parse());
        Some(Self {
            namespaces: namespaces.collect::<Result<_, _>>().ok()?,
            releases: releases.collect::<Result<_, _>>().ok()?,
            selector: selected.selector.clone(),
            shard: selected.shard.as_deref().map(str::parse).transpose().ok()?,
            when_absent: WhenAbsent::default(),
        })
    }

    /// Whether it is about all releases.
    pub fn is_everything(&self) -> bool {
        self.shard.is_none() && self.is_everything_in_its_shard()
    }

    /// Whether it is about all releases, or all shards together are.
    pub(crate) fn is_everything_in_its_shard(&self) -> bool {
        self.namespaces.is_empty() && self.releases.is_empty() && self.selector.is_none()
    }

    /// Whether a namespace with records is in the shard.
    pub(crate) fn is_in_shard(&self, namespace: &str) -> bool {
        self.shard.is_none_or(|shard| shard.has(namespace))
    }

    /// The namespaces whose records have to be listed; all of them when empty.
    pub(crate) fn listed_namespaces(&self) -> Vec<NamespacePattern> {
        let of_releases = self.releases.iter().map(|release| release.namespace.clone());
        if self.namespaces.is_empty() {
            return of_releases.collect::<Option<Vec<_>>>().unwrap_or_default();
        }
        let mut all = self.namespaces.clone();
        for namespace in of_releases.flatten() {
            if !all.contains(&namespace) {
                all.push(namespace);
            }
        }
        all
    }

    /// Whether a release of this name, whose records are in this namespace, is selected.
    ///
    /// The namespaces are those of releases that are named without one: `NAMESPACE/RELEASE` says where that one is.
    pub fn has_named(&self, namespace: &str, name: &str) -> bool {
        self.is_in_shard(namespace) && self.has_in_any_shard(namespace, name)
    }

    /// Whether a release is selected, whatever shard it is in.
    pub(crate) fn has_in_any_shard(&self, namespace: &str, name: &str) -> bool {
        let mut namespaces = self.namespaces.iter();
        let is_in = self.namespaces.is_empty() || namespaces.any(|pattern| pattern.matches(namespace));
        let is_named =
            |named: &ReleasePattern| (is_in || named.namespace.is_some()) && named.matches(namespace, name);
        if self.releases.is_empty() {
            is_in
        } else {
            self.releases.iter().any(is_named)
        }
    }

    /// Whether a release is one of those that are named, if any are.
    pub(crate) fn names(&self, namespace: &str, name: &str) -> bool {
        self.releases.is_empty()
            || self
                .releases
                .iter()
                .any(|pattern| pattern.matches(namespace, name))
    }
}

impl NamespacePattern {
    /// The name, if it is one and no pattern.
    pub fn exact(&self) -> Option<String> {
        (!self.0.has_wildcards()).then(|| self.to_string())
    }

    /// Whether it is this name, or a pattern of it.
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

impl FromStr for NamespacePattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        name_pattern::namespace(text).map(Self)
    }
}

impl ReleasePattern {
    /// The name of the release, if it is one and no pattern.
    pub(crate) fn exact_name(&self) -> Option<String> {
        (!self.name.has_wildcards()).then(|| self.name.to_string())
    }

    /// Whether it names a release.
    pub(crate) fn matches(&self, namespace: &str, name: &str) -> bool {
        let expected = self.namespace.as_ref();
        expected.is_none_or(|expected| expected.matches(namespace)) && self.name.matches(name)
    }
}

impl FromStr for ReleasePattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (Some(namespace.parse()?), name),
            None => (None, text),
        };
        Ok(Self {
            namespace,
            name: name_pattern::release(name)?,
        })
    }
}

impl fmt::Display for NamespacePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ReleasePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => self.name.fmt(f),
        }
    }
}

/// The parts of a comma-separated list of names and patterns. A comma between braces belongs to its pattern.
pub fn split_names(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_name_may_be_missing() {
        for name in ["", "/web", "shop/"] {
            assert_eq!(name.parse::<ReleasePattern>(), Err(NameError::Empty), "{name}");
        }
        let error = "a/b/c".parse::<ReleasePattern>().unwrap_err();
        assert_eq!(error, NameError::Release("b/c".to_owned()));
    }

    #[test]
    fn a_comma_between_braces_separates_no_names() {
        assert_eq!(split_names("a,{b,c}-x,d"), ["a", "{b,c}-x", "d"]);
        assert_eq!(split_names("a,,b}"), ["a", "", "b}"]);
    }

    #[test]
    fn a_release_may_be_named_with_its_namespace() {
        let selection = |releases: &[&str]| Selection {
            releases: releases.iter().map(|text| text.parse().unwrap()).collect(),
            ..Selection::default()
        };
        let listed = |selection: &Selection| {
            let listed = selection.listed_namespaces();
            listed.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let both = selection(&["shop/web", "team-*/api"]);
        assert_eq!(listed(&both), ["shop", "team-*"]);
        assert!(both.has_named("shop", "web") && both.has_named("team-a", "api"));
        assert!(!both.has_named("shop", "api") && !both.has_named("team-a", "web"));
        // A release without a namespace may be in any.
        assert_eq!(listed(&selection(&["shop/web", "api"])), [""; 0]);
        // Regression: a selected namespace hid a release that was named with another one, and the scan passed on nothing.
        let apart = Selection {
            namespaces: vec!["tenant".parse().unwrap()],
            ..selection(&["shop/web", "api"])
        };
        assert_eq!(listed(&apart), ["tenant", "shop"]);
        assert!(apart.has_named("shop", "web") && apart.has_named("tenant", "api"));
        assert!(!apart.has_named("shop", "api") && !apart.has_named("tenant", "web"));
    }
}
