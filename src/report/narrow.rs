//! A part of a stored report: the releases that somebody asks for.

use super::summary;
use crate::model::{ChangeCounts, Finding, Report, ReportError, ReportNote, Summary};
use crate::policy::selection::Selection;
use crate::vocabulary::ObjectState;

impl Report {
    /// Leaves out all releases but the selected ones, and what belongs to others, and counts again.
    ///
    /// A report that leaves out objects in sync does not say how many of them a release has: the counts are then those of
    /// the objects that it lists, which a note says.
    #[must_use]
    pub fn narrowed(mut self, selection: &Selection) -> Self {
        let before = self.sizes();
        let listed = selection.listed_namespaces();
        let lists_all = self.lists_objects_in_sync();
        self.releases.retain(|release| {
            selection.has_named(&release.namespace, &release.name)
                || selection.has_named(&release.storage.namespace, &release.name)
        });
        self.resolved.retain(|resolved| {
            selection.has_named(&resolved.namespace, &resolved.release)
                || selection.has_named(&resolved.storage.namespace, &resolved.release)
        });
        if let Some(orphans) = &mut self.orphans {
            orphans.retain(|orphan| selection.has_named(&orphan.namespace, &orphan.name));
        }
        self.errors.retain(|error| match error.namespace() {
            Some(namespace) => listed.is_empty() || listed.iter().any(|pattern| pattern.matches(namespace)),
            None => true,
        });
        let asked = selection.in_words();
        (self.selection.namespaces, self.selection.releases) = (asked.namespaces, asked.releases);
        self.errors.extend(self.absent(selection));
        self.errors.sort();
        let after = self.sizes();
        if after == before {
            return self;
        }
        self.ignored.clear();
        let changes = self.summary.changes.as_ref();
        let changes = changes.map(|_| ChangeCounts::of(&self.releases, self.resolved.len()));
        let is_whole = after.0 == before.0;
        self.summary = Summary {
            changes,
            ..if is_whole {
                self.summary
            } else {
                Summary::of(&self.releases)
            }
        };
        self.outcome = summary::outcome(&self.releases, &self.errors, self.stopped);
        if !lists_all && !is_whole {
            self.notes.push(ReportNote {
                scope: ReportError::SELECTION.to_owned(),
                message: "objects in sync are not counted: the report does not list them, as one of `scan --all` does"
                    .to_owned(),
            });
            self.notes.sort();
        }
        self
    }

    /// How many releases, errors, resolved things and orphans it has.
    fn sizes(&self) -> (usize, usize, usize, usize) {
        let orphans = self.orphans.as_ref().map_or(0, Vec::len);
        (
            self.releases.len(),
            self.errors.len(),
            self.resolved.len(),
            orphans,
        )
    }

    /// What is named and not there: nobody may take the silence about it for an answer.
    fn absent(&self, selection: &Selection) -> Vec<ReportError> {
        let releases = &self.releases;
        let is_there = |matches: &dyn Fn(&str, &str) -> bool| {
            releases.iter().any(|release| {
                matches(&release.namespace, &release.name)
                    || matches(&release.storage.namespace, &release.name)
            })
        };
        let namespaces = selection.namespaces.iter().filter(|pattern| {
            // The namespaces are those of releases that are named without one.
            let has_own = selection
                .releases
                .iter()
                .all(|release| release.namespace.is_some());
            let is_of_all = !has_own || selection.releases.is_empty();
            is_of_all && !is_there(&|namespace, _| pattern.matches(namespace))
        });
        let namespaces =
            namespaces.map(|pattern| format!("the report has no release in the namespace `{pattern}`"));
        let releases = selection.releases.iter();
        let releases = releases
            .filter(|pattern| !is_there(&|namespace, name| pattern.matches(namespace, name)))
            .map(|pattern| format!("the report has no release `{pattern}`"));
        let absent = namespaces.chain(releases).map(|message| ReportError {
            scope: ReportError::SELECTION.to_owned(),
            message,
        });
        absent.collect()
    }

    /// Whether the objects in sync are listed, but for those of which a scan knows that nobody asks more.
    pub fn lists_objects_in_sync(&self) -> bool {
        let objects = self.releases.iter().flat_map(|release| &release.objects);
        let in_sync = objects.filter(|object| object.state == ObjectState::InSync);
        let releases = self.releases.iter();
        let unlisted: usize = releases.map(|release| release.unlisted.objects).sum();
        in_sync.count() + unlisted == self.summary.objects.in_sync
    }

    /// Whether the scan was asked for the objects in sync, too; `None` where it has nothing to tell it by.
    pub fn was_asked_for_all(&self) -> Option<bool> {
        let mut objects = self.releases.iter().flat_map(|release| &release.objects);
        // An object in sync of which the next upgrade takes something away is listed in any case.
        if objects.any(|object| {
            object.state == ObjectState::InSync && !object.findings.iter().any(Finding::takes_away)
        }) {
            return Some(true);
        }
        (!self.lists_objects_in_sync()).then_some(false)
    }
}
