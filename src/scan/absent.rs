//! What was named and not found, in a sentence each.
//!
//! A gate that is asked for a namespace or a release that does not exist must not pass. Each sentence says what is true:
//! that a namespace does not exist, that it holds no releases, or that nobody knows. Where records could not be listed, an
//! error says so already, and nothing is claimed about what may be in them.

use std::collections::BTreeSet;

use super::scope::Namespaces;
use super::selection::{NamespacePattern, ReleasePattern, Selection};
use crate::model::ReportError;
use crate::release::history::History;

/// How many names a sentence has at most.
const NAMES: usize = 3;

/// How many names are compared with one that was not found: to find a near one shall cost nothing.
const CANDIDATES: usize = 10_000;

/// The result of listing the records of a selection.
pub(super) struct Listed<'l> {
    /// Every release in the selected namespaces, whatever its name.
    pub(super) histories: &'l [History],
    /// What could not be listed.
    pub(super) errors: &'l [ReportError],
    /// The namespaces that exist, as far as that is known.
    pub(super) namespaces: &'l Namespaces,
}

/// Which releases count as found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Those that are installed.
    Installed,
    /// Those whose history was kept after they were uninstalled, too.
    WithHistory,
}

impl Listed<'_> {
    /// Whether there is a named namespace without any release: whether it exists makes a difference.
    pub(super) fn has_empty_namespace(&self, selection: &Selection) -> bool {
        selection
            .listed_namespaces()
            .iter()
            .any(|pattern| self.is_missed(pattern))
    }

    /// A sentence about each namespace, selector and release that was named and not found.
    pub(super) fn absent(&self, selection: &Selection, wanted: Wanted) -> Vec<String> {
        let namespaces = selection.listed_namespaces();
        let empty: Vec<&NamespacePattern> = namespaces
            .iter()
            .filter(|pattern| self.is_missed(pattern))
            .collect();
        let mut sentences: Vec<String> = empty
            .iter()
            .filter_map(|pattern| self.empty_namespace(pattern, selection))
            .collect();
        if let Some(selector) = &selection.selector
            && self.histories.is_empty()
            && self.errors.is_empty()
        {
            sentences.push(format!(
                "no release{} has labels that match `{selector}`",
                within(&namespaces)
            ));
        }
        sentences.extend(
            selection
                .releases
                .iter()
                .filter_map(|release| self.absent_release(release, selection, wanted)),
        );
        let mut known = BTreeSet::new();
        sentences.retain(|sentence| known.insert(sentence.clone()));
        sentences
    }

    /// Whether a namespace was listed, and no release is in it.
    fn is_missed(&self, pattern: &NamespacePattern) -> bool {
        let mut histories = self.histories.iter();
        !histories.any(|history| pattern.matches(&history.key.namespace)) && !self.is_unread(Some(pattern))
    }

    /// Whether records of these namespaces, or of any, could not be listed.
    fn is_unread(&self, pattern: Option<&NamespacePattern>) -> bool {
        self.errors
            .iter()
            .any(|error| match (error.scope.strip_prefix("namespace/"), pattern) {
                (Some(namespace), Some(pattern)) => pattern.matches(namespace),
                (Some(_), None) | (None, _) => true,
            })
    }

    /// The sentence about a namespace without any release; `None` where it exists and the labels alone may have left its
    /// releases out.
    fn empty_namespace(&self, pattern: &NamespacePattern, selection: &Selection) -> Option<String> {
        let labelled = if selection.selector.is_some() {
            " with these labels"
        } else {
            ""
        };
        let names = match self.namespaces {
            Namespaces::Listed(names) => names,
            Namespaces::Unlisted(error) => {
                let reason = Namespaces::reason(error);
                return Some(match pattern.exact() {
                    Some(name) => format!(
                        "no release{labelled} is in namespace `{name}`, and whether the namespace exists is not known: {reason}"
                    ),
                    None => format!(
                        "no release{labelled} is in a namespace that matches `{pattern}`, and whether there is such a namespace \
                         is not known: {reason}"
                    ),
                });
            }
            Namespaces::NotAsked => return Some(format!("no release{labelled} is in namespace `{pattern}`")),
        };
        let matching: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| pattern.matches(name))
            .collect();
        match (pattern.exact(), &matching[..]) {
            (Some(name), []) => {
                let near = nearest(&name, names.iter().map(String::as_str));
                Some(format!("there is no namespace `{name}`{}", did_you_mean(&near)))
            }
            (None, []) => Some(format!("no namespace matches `{pattern}`")),
            (_, _) if selection.selector.is_some() => None,
            (Some(name), _) => Some(format!("namespace `{name}` exists and holds no releases")),
            (None, [only]) => Some(format!(
                "namespace {only}, the only one that matches `{pattern}`, holds no releases"
            )),
            (None, several) => Some(format!(
                "the namespaces that match `{pattern}` hold no releases: {}",
                some_of(several)
            )),
        }
    }

    /// The sentence about a release that is nowhere in the selected namespaces.
    fn absent_release(
        &self,
        release: &ReleasePattern,
        selection: &Selection,
        wanted: Wanted,
    ) -> Option<String> {
        let namespaces = match &release.namespace {
            Some(namespace) => vec![namespace.clone()],
            None => selection.namespaces.clone(),
        };
        let is_in = |history: &&History| {
            let mut patterns = namespaces.iter();
            namespaces.is_empty() || patterns.any(|pattern| pattern.matches(&history.key.namespace))
        };
        let searched: Vec<&History> = self.histories.iter().filter(is_in).collect();
        let found: Vec<&History> = searched
            .iter()
            .copied()
            .filter(|history| release.matches(&history.key))
            .collect();
        match wanted {
            Wanted::WithHistory if !found.is_empty() => return None,
            Wanted::Installed if found.iter().any(|history| !history.is_uninstalled()) => return None,
            Wanted::WithHistory | Wanted::Installed => {}
        }
        if let [first, ..] = &found[..] {
            let key = &first.key;
            return Some(format!(
                "release {} in namespace {} is uninstalled and only its history is kept, so there is nothing to compare",
                key.name, key.namespace
            ));
        }
        let is_unread = match &namespaces[..] {
            [] => self.is_unread(None),
            some => some.iter().any(|namespace| self.is_unread(Some(namespace))),
        };
        // That a namespace has no releases at all is said already.
        if is_unread || (!namespaces.is_empty() && searched.is_empty()) {
            return None;
        }
        let labelled = if selection.selector.is_some() {
            " with these labels"
        } else {
            ""
        };
        Some(match release.exact_name() {
            Some(name) => {
                let near = nearest(&name, searched.iter().map(|history| history.key.name.as_str()));
                let near: Vec<String> = near.iter().map(|near| placed(near, &searched)).collect();
                format!(
                    "no release{} is named `{name}`{}",
                    labelled.to_owned() + &within(&namespaces),
                    did_you_mean(&near)
                )
            }
            None => format!(
                "the name of no release{labelled}{} matches `{}`",
                within(&namespaces),
                release.name
            ),
        })
    }
}

/// Where was looked, in words.
fn within(namespaces: &[NamespacePattern]) -> String {
    match namespaces {
        [] => " in any namespace".to_owned(),
        [one] => match one.exact() {
            Some(name) => format!(" in namespace {name}"),
            None => format!(" in the namespaces that match `{one}`"),
        },
        [_, _, ..] => " in the selected namespaces".to_owned(),
    }
}

/// The first names of several, and how many more there are.
fn some_of(names: &[&str]) -> String {
    let shown = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A name with the namespaces that have a release of it.
fn placed(name: &str, histories: &[&History]) -> String {
    let namespaces: BTreeSet<&str> = histories
        .iter()
        .filter(|history| history.key.name == name)
        .map(|history| history.key.namespace.as_str())
        .collect();
    let namespaces: Vec<&str> = namespaces.into_iter().collect();
    format!("{name} (in {})", some_of(&namespaces))
}

fn did_you_mean(names: &[impl AsRef<str>]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("; did you mean {}?", names.join(" or "))
}

/// The names that differ from this one in the fewest letters, and not in most of them, or that have it in them.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let names: BTreeSet<&str> = names.take(CANDIDATES).collect();
    let most = 1 + name.len() / 4;
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|other| {
            let is_close = other.len().abs_diff(name.len()) <= most;
            let distance = is_close.then(|| strsim::osa_distance(name, other));
            let near = distance.filter(|distance| *distance <= most);
            // Of `shop-prod`, people remember `shop`.
            let is_part = name.len() > 2 && other.contains(name);
            near.or(is_part.then_some(most + 1))
                .map(|distance| (distance, other))
        })
        .collect();
    near.sort_unstable();
    near.truncate(NAMES);
    near.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::stored::{Driver, RecordMetadata, StoredRevision};
    use crate::source::ReadError;

    /// Releases as `namespace/name`, each with one revision of this status.
    fn histories(releases: &[&str], status: &str) -> Vec<History> {
        History::group(releases.iter().map(|release| {
            let (namespace, name) = release.split_once('/').unwrap();
            StoredRevision::from_metadata(RecordMetadata {
                driver: Driver::Secret,
                namespace,
                object: &format!("sh.helm.release.v1.{name}.v1"),
                labels: [Some(name), Some("1"), Some(status)],
                created: None,
                written: None,
                resource_version: None,
            })
            .unwrap()
        }))
    }

    fn selection(namespaces: &[&str], releases: &[&str], selector: Option<&str>) -> Selection {
        Selection {
            namespaces: namespaces.iter().map(|name| name.parse().unwrap()).collect(),
            releases: releases.iter().map(|name| name.parse().unwrap()).collect(),
            selector: selector.map(str::to_owned),
            ..Selection::default()
        }
    }

    fn namespaces() -> Namespaces {
        Namespaces::Listed(
            ["empty", "shop", "shop-eu", "billing"]
                .map(str::to_owned)
                .to_vec(),
        )
    }

    fn forbidden() -> Namespaces {
        Namespaces::Unlisted(ReadError::Forbidden {
            verb: "list".to_owned(),
            resource: "namespaces".to_owned(),
            namespace: None,
        })
    }

    #[test]
    fn everything_that_was_named_and_not_found_is_told_as_it_is() {
        type Row<'r> = (
            &'r [&'r str],
            &'r [&'r str],
            Option<&'r str>,
            Namespaces,
            &'r [&'r str],
            &'r [&'r str],
        );
        let installed = ["shop/web", "shop/api", "billing/web"];
        let unknown =
            "whether the namespace exists is not known: that takes the right to list namespaces (RBAC)";
        let rows: [Row<'_>; 20] = [
            (&[], &[], None, Namespaces::NotAsked, &[], &[]),
            (&["shop"], &["web"], None, namespaces(), &installed, &[]),
            (&["sh*"], &["we?"], None, namespaces(), &installed, &[]),
            (
                &["spoh"],
                &[],
                None,
                namespaces(),
                &[],
                &["there is no namespace `spoh`; did you mean shop?"],
            ),
            (
                &["nothing-like-it"],
                &[],
                None,
                namespaces(),
                &[],
                &["there is no namespace `nothing-like-it`"],
            ),
            (
                &["empty"],
                &[],
                None,
                namespaces(),
                &[],
                &["namespace `empty` exists and holds no releases"],
            ),
            (
                &["typo"],
                &[],
                None,
                forbidden(),
                &[],
                &[&format!("no release is in namespace `typo`, and {unknown}")],
            ),
            (
                &["tenant*"],
                &[],
                None,
                namespaces(),
                &[],
                &["no namespace matches `tenant*`"],
            ),
            (
                &["empt?"],
                &[],
                None,
                namespaces(),
                &[],
                &["namespace empty, the only one that matches `empt?`, holds no releases"],
            ),
            (
                &["shop*"],
                &[],
                None,
                namespaces(),
                &[],
                &["the namespaces that match `shop*` hold no releases: shop, shop-eu"],
            ),
            (
                &["shop", "typo"],
                &[],
                None,
                namespaces(),
                &installed[..2],
                &["there is no namespace `typo`"],
            ),
            (
                &[],
                &["wbe"],
                None,
                Namespaces::NotAsked,
                &installed,
                &["no release in any namespace is named `wbe`; did you mean web (in billing, shop)?"],
            ),
            (
                &["shop"],
                &["wbe", "api"],
                None,
                namespaces(),
                &installed[..2],
                &["no release in namespace shop is named `wbe`; did you mean web (in shop)?"],
            ),
            (
                &[],
                &["shop/wbe", "shop/web"],
                None,
                Namespaces::NotAsked,
                &installed[..2],
                &["no release in namespace shop is named `wbe`; did you mean web (in shop)?"],
            ),
            (
                &[],
                &["x*"],
                None,
                Namespaces::NotAsked,
                &installed,
                &["the name of no release in any namespace matches `x*`"],
            ),
            // That the namespace does not exist says it.
            (
                &[],
                &["typo/web"],
                None,
                namespaces(),
                &[],
                &["there is no namespace `typo`"],
            ),
            (
                &[],
                &[],
                Some("team=a"),
                Namespaces::NotAsked,
                &[],
                &["no release in any namespace has labels that match `team=a`"],
            ),
            (
                &["shop", "billing"],
                &[],
                Some("team=a"),
                namespaces(),
                &installed[..2],
                &[],
            ),
            (
                &["shop", "typo"],
                &[],
                Some("team=a"),
                namespaces(),
                &installed[..2],
                &["there is no namespace `typo`"],
            ),
            (
                &["shop"],
                &["web"],
                Some("team=a"),
                namespaces(),
                &["shop/api"],
                &["no release with these labels in namespace shop is named `web`"],
            ),
        ];
        for (named, releases, selector, namespaces, installed, expected) in rows {
            let histories = histories(installed, "deployed");
            let listed = Listed {
                histories: &histories,
                errors: &[],
                namespaces: &namespaces,
            };
            let selection = selection(named, releases, selector);
            assert_eq!(
                listed.absent(&selection, Wanted::Installed),
                expected,
                "{named:?} {releases:?}"
            );
        }
    }

    #[test]
    fn nothing_is_claimed_of_what_could_not_be_listed() {
        let error = |scope: &str| ReportError {
            scope: scope.to_owned(),
            message: String::new(),
        };
        for (error, named, releases) in [
            (error("namespace/shop"), &["shop"][..], &["web"][..]),
            (error("namespace/shop"), &["sh*"], &[]),
            (error("namespace/shop"), &[], &["web"]),
            (error("namespace/shop"), &[], &["shop/web"]),
            (error("storage"), &[], &["web"]),
        ] {
            let listed = Listed {
                histories: &[],
                errors: std::slice::from_ref(&error),
                namespaces: &namespaces(),
            };
            let selection = selection(named, releases, None);
            assert!(!listed.has_empty_namespace(&selection));
            assert_eq!(
                listed.absent(&selection, Wanted::Installed),
                [""; 0],
                "{named:?} {releases:?}"
            );
        }
    }

    #[test]
    fn an_uninstalled_release_is_there_for_a_diagnosis_only() {
        let histories = histories(&["shop/web"], "uninstalled");
        let listed = Listed {
            histories: &histories,
            errors: &[],
            namespaces: &Namespaces::NotAsked,
        };
        let selection = selection(&[], &["web"], None);
        assert_eq!(listed.absent(&selection, Wanted::WithHistory), [""; 0]);
        assert_eq!(
            listed.absent(&selection, Wanted::Installed),
            [
                "release web in namespace shop is uninstalled and only its history is kept, so there is nothing to compare"
            ]
        );
    }
}
