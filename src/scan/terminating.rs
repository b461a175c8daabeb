//! Namespaces that are being deleted and that the scan is about.
//!
//! With the namespace go the records of its releases, so that a release vanishes from a scan while the last of its objects
//! still wait for a finalizer. Nobody would know why, unless the report says so.

use std::collections::BTreeSet;

use crate::model::ReportNote;
use crate::report::words::minute;
use crate::shell::{Command, Word};
use crate::source::TerminatingNamespace;

/// The notes on those of the namespaces that the scan is about.
pub(super) fn notes(terminating: &[TerminatingNamespace], concerned: &BTreeSet<&str>) -> Vec<ReportNote> {
    let concerned = terminating
        .iter()
        .filter(|namespace| concerned.contains(namespace.name.as_str()));
    concerned.map(note).collect()
}

fn note(namespace: &TerminatingNamespace) -> ReportNote {
    let mut message = format!(
        "the namespace is being deleted since {}, and the records of its releases with it",
        minute(namespace.since)
    );
    for reason in &namespace.blocked_by {
        message.push_str("; ");
        message.push_str(reason);
    }
    if let Ok(name) = Word::namespace(&namespace.name) {
        let command = Command::new("kubectl", &["describe", "namespace"]).word(&name);
        message.extend(["; see `", &command.to_string(), "`"]);
    }
    ReportNote {
        scope: format!("namespace/{}", namespace.name),
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::at;

    #[test]
    fn only_namespaces_that_the_scan_is_about_are_told() {
        let terminating = ["shop", "other"].map(|name| TerminatingNamespace {
            name: name.to_owned(),
            since: at("2026-11-20T03:14:00Z"),
            blocked_by: vec!["NamespaceFinalizersRemaining: x in 1 resource instances".to_owned()],
        });
        let [note] = notes(&terminating, &BTreeSet::from(["shop", "edge"]))
            .try_into()
            .unwrap();
        assert_eq!(
            (note.scope.as_str(), note.message.as_str()),
            (
                "namespace/shop",
                "the namespace is being deleted since 2026-11-20 03:14, and the records of its releases with it; \
                 NamespaceFinalizersRemaining: x in 1 resource instances; see `kubectl describe namespace shop`"
            )
        );
    }
}
