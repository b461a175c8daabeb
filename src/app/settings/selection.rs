//! Which releases a command is about.

use super::file::File;
use crate::app::cli::{ClusterArgs, DiagnoseArgs};

/// Which releases a command is about. An empty list stands for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    /// The namespaces of the releases, sorted.
    pub(super) namespaces: Vec<String>,
    /// The names of the releases.
    pub(super) releases: Vec<String>,
    /// A label selector for the releases' records.
    pub(super) selector: Option<String>,
}

impl Selection {
    /// The selection of the command line, where it has none that of the configuration file.
    pub(super) fn of_releases(args: &ClusterArgs, file: &File) -> Self {
        let (named_namespaces, named_releases) = split(&args.names);
        let mut namespaces = if !named_namespaces.is_empty() {
            named_namespaces
        } else if args.all_namespaces {
            Vec::new()
        } else if args.namespaces.is_empty() {
            file.scan.namespaces.clone()
        } else {
            args.namespaces.clone()
        };
        namespaces.sort();
        namespaces.dedup();
        Self {
            namespaces,
            releases: args.releases.iter().cloned().chain(named_releases).collect(),
            selector: args.selector.clone(),
        }
    }

    /// The one release of a diagnosis, in every namespace unless one is given.
    pub(super) fn of_one_release(args: &DiagnoseArgs) -> Self {
        Self {
            namespaces: args.namespace.iter().cloned().collect(),
            releases: vec![args.release.clone()],
            selector: None,
        }
    }

    /// The conditions that narrow the scan, in the same order on every run: part of the identity of its alerts.
    pub(super) fn parts(&self) -> Vec<String> {
        let mut releases = self.releases.clone();
        releases.sort();
        let namespaces = self.namespaces.iter().map(|name| format!("namespace={name}"));
        let releases = releases.iter().map(|name| format!("release={name}"));
        let selector = self
            .selector
            .iter()
            .map(|selector| format!("selector={selector}"));
        namespaces.chain(releases).chain(selector).collect()
    }
}

/// The namespaces and the names of releases that are named as `NAMESPACE/RELEASE` or `RELEASE`.
fn split(names: &[String]) -> (Vec<String>, Vec<String>) {
    let parts = names.iter().map(|name| match name.split_once('/') {
        Some((namespace, release)) => (Some(namespace.to_owned()), release.to_owned()),
        None => (None, name.clone()),
    });
    let (namespaces, releases): (Vec<_>, Vec<_>) = parts.unzip();
    (namespaces.into_iter().flatten().collect(), releases)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PagerDuty keeps alerts by them: they may never change.
    #[test]
    fn parts_are_stable() {
        let selection = Selection {
            namespaces: vec!["pay".to_owned(), "shop".to_owned()],
            releases: vec!["web".to_owned(), "api".to_owned()],
            selector: Some("team=a".to_owned()),
        };
        assert_eq!(
            selection.parts(),
            [
                "namespace=pay",
                "namespace=shop",
                "release=api",
                "release=web",
                "selector=team=a"
            ]
        );
    }
}
