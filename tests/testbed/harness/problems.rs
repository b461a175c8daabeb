//! What went wrong in the rows of a table, so that one run tells all of it.

use std::thread;

use super::release::Release;

/// Collects what was wrong and fails the test when the table is through.
#[derive(Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Notes what was wrong with one release; nothing when the list is empty.
    pub(crate) fn note(&mut self, release: &Release<'_>, what: &str, problems: &[String]) {
        if !problems.is_empty() {
            self.0
                .push(format!("{} {what}:\n  {}", release.name, problems.join("\n  ")));
        }
    }
}

impl Drop for Problems {
    fn drop(&mut self) {
        // A row that panicked has more to say than the rows before it.
        if !thread::panicking() {
            assert!(
                self.0.is_empty(),
                "{} rows are wrong\n{}",
                self.0.len(),
                self.0.join("\n")
            );
        }
    }
}
