//! The releases of which objects are left and no record.

use std::io;

use super::TextWriter;
use super::line::Line;
use crate::model::{OrphanedObject, OrphanedRelease};
use crate::report::words::{count, minute};

impl TextWriter<'_> {
    /// Writes one release: its objects, what a reader should know, and the commands.
    pub(super) fn orphaned_release(&mut self, release: &OrphanedRelease) -> io::Result<()> {
        let palette = &self.options.palette;
        let mut line = Line::default();
        line.push(palette.warn, "orphaned").plain("  ");
        let name = release.full_name();
        line.push(palette.name, self.options.safe(&name));
        let left = count(release.objects.len(), "object");
        let fact = format!("   {}; left: {left}", release.records.message());
        line.push(palette.dim, self.options.safe(&fact));
        self.line(&line)?;
        for object in &release.objects {
            let line = self.orphan(object);
            self.line(&line)?;
        }
        for evidence in &release.evidence {
            let mut line = Line::indented(6);
            line.push(palette.dim, "- ").plain(self.options.safe(evidence));
            self.line(&line)?;
        }
        for advice in &release.advice {
            self.step(advice)?;
        }
        Ok(())
    }

    pub(in crate::report) fn orphan(&self, object: &OrphanedObject) -> Line {
        let palette = &self.options.palette;
        let mut line = Line::indented(2);
        line.push(palette.warn, "orphan").plain("  ");
        let name = match &object.namespace {
            Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
            None => format!("{} {}", object.kind, object.name),
        };
        line.push(palette.name, self.options.safe(&name));
        let facts = facts(object);
        if !facts.is_empty() {
            let facts = format!("   {facts}");
            line.push(palette.dim, self.options.safe(&facts));
        }
        line
    }
}

/// What else is known of an object without a release; empty where nothing is.
pub(in crate::report) fn facts(object: &OrphanedObject) -> String {
    let created = object.created_at.map(|at| format!("created {}", minute(at)));
    let deleting = object
        .deleting_since
        .map(|since| format!("being deleted since {}", minute(since)));
    let kept = object
        .kept_by_policy
        .then(|| "kept by helm.sh/resource-policy".to_owned());
    let facts: Vec<String> = created.into_iter().chain(deleting).chain(kept).collect();
    facts.join(", ")
}
