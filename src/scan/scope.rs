//! Where the records of a selection are listed: in all namespaces, or in those that are named or match a pattern.
//!
//! A pattern of namespaces takes the names of all. To list namespaces is a far smaller right than to list the release
//! records of all of them, which are Secrets, so that is tried first. Without it, the records of all namespaces are listed
//! and those of other namespaces are passed over.

use std::collections::BTreeSet;

use crate::model::ReportError;
use crate::policy::selection::{NamespacePattern, Selection};
use crate::source::{Inventory, ReadError, RevisionSet, Source};

/// The namespaces whose records a scan lists.
pub(super) struct Scope {
    /// The patterns that the namespaces match; none for all namespaces.
    patterns: Vec<NamespacePattern>,
    listing: Listing,
    /// The namespaces that exist, as far as that was asked.
    pub(super) namespaces: Namespaces,
}

/// How the records are listed.
enum Listing {
    /// All of them.
    Everywhere,
    /// Those in each of these namespaces.
    Within(Vec<String>),
}

/// The namespaces of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Namespaces {
    /// Nobody asked.
    NotAsked,
    /// Their names.
    Listed(Vec<String>),
    /// They cannot be listed.
    Unlisted(ReadError),
}

impl Namespaces {
    /// Why they cannot be listed, in words.
    pub(super) fn reason(error: &ReadError) -> String {
        match error {
            ReadError::Forbidden { .. } => "that takes the right to list namespaces (RBAC)".to_owned(),
            ReadError::NotRecorded => "a snapshot holds no namespaces".to_owned(),
            other => other.to_string(),
        }
    }

    async fn ask<S: Source>(source: &S) -> Self {
        match source.namespaces().await {
            Ok(names) => Self::Listed(names),
            Err(error) => Self::Unlisted(error),
        }
    }
}

impl Scope {
    /// The scope of a selection.
    pub(super) async fn of<S: Source>(source: &S, selection: &Selection) -> Self {
        let patterns = selection.listed_namespaces();
        let exact: Option<Vec<String>> = patterns.iter().map(NamespacePattern::exact).collect();
        let (listing, namespaces) = match exact {
            Some(_) if patterns.is_empty() => (Listing::Everywhere, Namespaces::NotAsked),
            Some(names) => (Listing::Within(names), Namespaces::NotAsked),
            None => match Namespaces::ask(source).await {
                Namespaces::Listed(all) => {
                    let matching = all
                        .iter()
                        .filter(|name| patterns.iter().any(|pattern| pattern.matches(name)));
                    // What is named is asked for by its name, whether it exists or not.
                    let named = patterns.iter().filter_map(NamespacePattern::exact);
                    let within = matching.cloned().chain(named).collect();
                    (Listing::Within(within), Namespaces::Listed(all))
                }
                unknown @ (Namespaces::Unlisted(_) | Namespaces::NotAsked) => (Listing::Everywhere, unknown),
            },
        };
        let listing = match listing {
            Listing::Everywhere => Listing::Everywhere,
            Listing::Within(mut names) => {
                names.sort();
                names.dedup();
                Listing::Within(names)
            }
        };
        Self {
            patterns,
            listing,
            namespaces,
        }
    }

    /// The stored revisions in the scope.
    pub(super) async fn revisions<S: Source>(
        &self,
        source: &S,
        set: RevisionSet,
    ) -> Result<Inventory, ReadError> {
        let namespaces = match &self.listing {
            Listing::Everywhere => &[][..],
            // Without a name, the source would list everything.
            Listing::Within(names) if names.is_empty() => return Ok(Inventory::default()),
            Listing::Within(names) => names,
        };
        let mut inventory = source.revisions(namespaces, set).await?;
        if !self.patterns.is_empty() {
            let is_in = |namespace: &str| self.patterns.iter().any(|pattern| pattern.matches(namespace));
            inventory
                .revisions
                .retain(|revision| is_in(&revision.release.namespace));
        }
        Ok(inventory)
    }

    /// The namespaces whose records were listed; `None` for all of them. Where nobody knows which namespaces match a pattern,
    /// these are the ones that have records.
    pub(super) fn listed_in(&self, inventory: &Inventory) -> Option<Vec<String>> {
        match &self.listing {
            Listing::Everywhere if self.patterns.is_empty() => None,
            Listing::Everywhere => {
                let revisions = inventory.revisions.iter();
                let names: BTreeSet<&String> =
                    revisions.map(|revision| &revision.release.namespace).collect();
                Some(names.into_iter().cloned().collect())
            }
            Listing::Within(names) => Some(names.clone()),
        }
    }

    /// Makes sure that it was asked which namespaces exist.
    pub(super) async fn ask_for_namespaces<S: Source>(&mut self, source: &S) {
        if self.namespaces == Namespaces::NotAsked {
            self.namespaces = Namespaces::ask(source).await;
        }
    }

    /// The error that no record could be listed at all, with the right that would help.
    pub(super) fn unlisted(&self, error: &ReadError) -> ReportError {
        let hint = match (error, &self.namespaces) {
            (ReadError::Forbidden { namespace: None, .. }, Namespaces::Unlisted(unlisted)) => format!(
                "; which namespaces match the pattern is not known either: {}; grant that right, or name the namespaces",
                Namespaces::reason(unlisted)
            ),
            (ReadError::Forbidden { namespace: None, .. }, Namespaces::NotAsked | Namespaces::Listed(_)) => {
                "; name the namespaces to scan with -n".to_owned()
            }
            (_, _) => String::new(),
        };
        ReportError {
            scope: "storage".to_owned(),
            message: format!("the release records cannot be listed: {error}{hint}"),
        }
    }
}
