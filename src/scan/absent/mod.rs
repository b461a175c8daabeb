//! What was named and not found, in a sentence each.
//!
//! A gate that is asked for a namespace or a release that does not exist must not pass. Each sentence says what is true:
//! that a namespace does not exist, that it holds no releases, or that nobody knows. Where records could not be listed, an
//! error says so already, and nothing is claimed about what may be in them.

use std::collections::BTreeSet;

use crate::model::ReportError;
use crate::policy::selection::{NamespacePattern, ReleasePattern, Selection};
use crate::release::history::History;
use crate::scan::scope::Namespaces;

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
            .any(|error| match (error.namespace(), pattern) {
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
            .filter(|history| release.matches(&history.key.namespace, &history.key.name))
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

/// The namespaces that have a release of this name, which was not found where it was looked for.
pub(super) fn elsewhere(name: &str, histories: &[History]) -> Option<String> {
    let namesakes = histories.iter().filter(|history| history.key.name == name);
    let namespaces: BTreeSet<&str> = namesakes.map(|history| history.key.namespace.as_str()).collect();
    let namespaces: Vec<&str> = namespaces.into_iter().collect();
    match &namespaces[..] {
        [] => None,
        [one] => Some(format!("; there is a release {name} in namespace {one}")),
        several => Some(format!(
            "; there are releases {name} in the namespaces {}",
            some_of(several)
        )),
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
mod tests;
