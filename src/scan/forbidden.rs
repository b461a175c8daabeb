//! The rights that the account of a scan lacks, and where to get them.
//!
//! Each object that may not be read says so itself. What to do about it is the same for all of them, so it is said once.

use std::collections::BTreeSet;

use crate::model::ReportNote;
use crate::shell::{ClusterFlags, Command, Refusal, Word};
use crate::source::ReadError;

/// How many resources are kept.
const MAX_KEPT: usize = 100;

/// How many resources and namespaces the sentence names.
const NAMED: usize = 5;

/// The resources that may not be read.
#[derive(Debug, Default)]
pub(super) struct Forbidden(BTreeSet<String>);

impl Forbidden {
    /// Notes why an object could not be read.
    pub(super) fn add(&mut self, error: &ReadError) {
        if let ReadError::Forbidden { resource, .. } = error
            && self.0.len() < MAX_KEPT
        {
            self.0.insert(resource.clone());
        }
    }

    /// Where to get the rights for a scan of these namespaces, or for one with these options; `None` where none is missing.
    pub(super) fn note(
        &self,
        namespaces: &[String],
        options: &'static [&'static str],
        cluster: &ClusterFlags,
    ) -> Option<ReportNote> {
        if self.0.is_empty() {
            return None;
        }
        let some: Vec<&str> = self.0.iter().take(NAMED).map(String::as_str).collect();
        let others = match self.0.len() - some.len() {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let command = match command(namespaces, options).and_then(|command| command.on(cluster)) {
            Ok(command) => format!("`{command}` prints the role that is missing"),
            Err(refusal) => format!("no command is printed: {refusal}"),
        };
        Some(ReportNote {
            scope: "rights".to_owned(),
            message: format!(
                "the account may not read {}{others}: {command}; the shipped roles are in {}",
                some.join(", "),
                self.shipped()
            ),
        })
    }
}

impl Forbidden {
    /// Where the shipped roles list such resources.
    fn shipped(&self) -> &'static str {
        if self.0.iter().any(|resource| is_custom(resource)) {
            "deploy/rbac/cluster/custom-resources.yaml and deploy/rbac/namespace/custom-resources.yaml"
        } else {
            "deploy/rbac/cluster and deploy/rbac/namespace"
        }
    }
}

/// Whether a resource is none of Kubernetes's own, by its group.
fn is_custom(resource: &str) -> bool {
    let group = resource.split_once('.').map_or("", |(_, group)| group);
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// The command that is about the same releases as the scan, where it is of few namespaces.
fn command(namespaces: &[String], options: &'static [&'static str]) -> Result<Command, Refusal> {
    let mut command = Command::new("driftline", &["rights"]);
    if namespaces.len() <= NAMED {
        for namespace in namespaces {
            command = command.literal(&["-n"]).word(&Word::namespace(namespace)?);
        }
    }
    Ok(command.literal(options).literal(&["-o", "role"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forbidden_is_said_once_with_the_command_for_the_same_scan() {
        let mut found = Forbidden::default();
        found.add(&ReadError::Unauthorized);
        assert_eq!(found.note(&[], &[], &ClusterFlags::default()), None);
        for resource in [
            "widgets.example.com",
            "gadgets.example.com",
            "widgets.example.com",
        ] {
            found.add(&ReadError::Forbidden {
                verb: "get".to_owned(),
                resource: resource.to_owned(),
                namespace: Some("shop".to_owned()),
            });
        }
        for (namespaces, command) in [
            (&[][..], "`driftline rights -o role`"),
            (
                &["edge".to_owned(), "shop".to_owned()],
                "`driftline rights -n edge -n shop -o role`",
            ),
            (&["$(reboot)".to_owned()], "no command is printed"),
        ] {
            let message = found
                .note(namespaces, &[], &ClusterFlags::default())
                .unwrap()
                .message;
            let beginning = "the account may not read gadgets.example.com, widgets.example.com: ";
            let rest = message.strip_prefix(beginning).unwrap();
            assert!(
                rest.starts_with(command) && rest.contains("custom-resources.yaml"),
                "{message}"
            );
        }
        let preview = found.note(&[], &["--preview"], &ClusterFlags::default()).unwrap();
        assert!(
            preview.message.contains("`driftline rights --preview -o role`"),
            "{preview:?}"
        );
    }
}
