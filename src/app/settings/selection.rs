//! Which releases a command is about.

use super::file::File;
use crate::app::cli::{ClusterArgs, Names};
use crate::policy::selection::{NamespacePattern, ReleasePattern, Selection, WhenAbsent};
use crate::policy::shard::Shard;

/// The selection of the command line, where it has none that of the configuration file.
pub(super) fn of_releases(args: &ClusterArgs, file: &File) -> Selection {
    let named = all_of(&args.namespaces);
    let namespaces = if args.all_namespaces {
        Vec::new()
    } else if named.is_empty() {
        file.scan.namespaces.clone()
    } else {
        named
    };
    Selection {
        namespaces: each_once(namespaces),
        releases: [all_of(&args.names), all_of(&args.releases)].concat(),
        selector: args.selector.clone(),
        shard: None,
        when_absent: if args.allow_empty || file.scan.allow_empty {
            WhenAbsent::Note
        } else {
            WhenAbsent::Error
        },
    }
}

/// The share of the namespaces: that of the command line and its environment, else that of the configuration file.
pub(super) fn shard(given: Option<Shard>, file: &File) -> Option<Shard> {
    given.or(file.scan.shard)
}

/// One release, in every namespace unless some are given. Whoever asks for one wants it to exist.
pub(super) fn of_one_release(release: &ReleasePattern, namespaces: &[Names<NamespacePattern>]) -> Selection {
    Selection {
        namespaces: each_once(all_of(namespaces)),
        releases: vec![release.clone()],
        selector: None,
        shard: None,
        when_absent: WhenAbsent::Error,
    }
}

/// The conditions that narrow the scan, in the same order on every run: part of the identity of its alerts.
pub(super) fn parts(selection: &Selection) -> Vec<String> {
    let mut releases: Vec<String> = selection.releases.iter().map(ReleasePattern::to_string).collect();
    releases.sort();
    let namespaces = selection
        .namespaces
        .iter()
        .map(|name| format!("namespace={name}"));
    let releases = releases.iter().map(|name| format!("release={name}"));
    let selector = selection
        .selector
        .iter()
        .map(|selector| format!("selector={selector}"));
    // Without the number of shards: with more of them, each goes on with the alert of its number.
    let shard = selection
        .shard
        .iter()
        .map(|shard| format!("shard={}", shard.index()));
    namespaces.chain(releases).chain(selector).chain(shard).collect()
}

/// The names of all lists of names.
fn all_of<T: Clone>(lists: &[Names<T>]) -> Vec<T> {
    lists.iter().flat_map(|Names(names)| names).cloned().collect()
}

/// The names in their order, each once.
fn each_once(mut names: Vec<NamespacePattern>) -> Vec<NamespacePattern> {
    names.sort_by_key(NamespacePattern::to_string);
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PagerDuty keeps alerts by them: they may never change.
    #[test]
    fn parts_are_stable() {
        let namespaces = ["shop", "pay", "shop"].map(|name| name.parse::<NamespacePattern>().unwrap());
        let selection = Selection {
            namespaces: each_once(namespaces.to_vec()),
            releases: ["web", "api"].map(|name| name.parse().unwrap()).to_vec(),
            selector: Some("team=a".to_owned()),
            shard: None,
            when_absent: WhenAbsent::Error,
        };
        assert_eq!(
            parts(&selection),
            [
                "namespace=pay",
                "namespace=shop",
                "release=api",
                "release=web",
                "selector=team=a"
            ]
        );
        let third = Selection {
            shard: Some("2/4".parse().unwrap()),
            ..Selection::default()
        };
        assert_eq!(parts(&third), ["shard=2"]);
    }
}
