//! The rights that the account of a scan lacks, and where to get them.
//!
//! Each object that may not be read says so itself. What to do about it is the same for all of them, so it is said once.

use std::collections::BTreeSet;

use crate::model::ReportNote;
use crate::shell::{Command, Refusal, Word};
use crate::source::ReadError;

/// How many resources and namespaces are kept.
const MAX_KEPT: usize = 100;

/// How many resources and namespaces the sentence names.
const NAMED: usize = 5;

/// The resources and namespaces in which something may not be read.
#[derive(Debug, Default)]
pub(super) struct Forbidden {
    resources: BTreeSet<String>,
    namespaces: BTreeSet<String>,
}

impl Forbidden {
    /// Notes why an object could not be read.
    pub(super) fn add(&mut self, error: &ReadError) {
        let ReadError::Forbidden {
            resource, namespace, ..
        } = error
        else {
            return;
        };
        if self.resources.len() < MAX_KEPT {
            self.resources.insert(resource.clone());
        }
        if let Some(namespace) = namespace
            && self.namespaces.len() < MAX_KEPT
        {
            self.namespaces.insert(namespace.clone());
        }
    }

    /// Where to get the rights; `None` where none is missing.
    pub(super) fn note(&self) -> Option<ReportNote> {
        if self.resources.is_empty() {
            return None;
        }
        let some: Vec<&str> = self.resources.iter().take(NAMED).map(String::as_str).collect();
        let others = match self.resources.len() - some.len() {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let command = match self.command() {
            Ok(command) => format!("`{command}` prints the role that grants it"),
            Err(refusal) => format!("no command is printed: {refusal}"),
        };
        Some(ReportNote {
            scope: "rights".to_owned(),
            message: format!(
                "the account may not read {}{others}: {command}; with the shipped roles, add it to \
                 deploy/rbac/cluster/custom-resources.yaml, or in the namespaced form to \
                 deploy/rbac/namespace/custom-resources.yaml",
                some.join(", ")
            ),
        })
    }

    /// The command for all namespaces that are concerned, where these are few.
    fn command(&self) -> Result<Command, Refusal> {
        let mut command = Command::new("driftline", &["rights"]);
        if self.namespaces.len() <= NAMED {
            for namespace in &self.namespaces {
                command = command.literal(&["-n"]).word(&Word::namespace(namespace)?);
            }
        }
        Ok(command.literal(&["-o", "role"]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(resource: &str, namespace: Option<&str>) -> ReadError {
        ReadError::Forbidden {
            verb: "get".to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_forbidden_is_said_once_with_the_command_for_its_namespaces() {
        let mut found = Forbidden::default();
        assert_eq!(found.note(), None);
        found.add(&ReadError::Unauthorized);
        assert_eq!(found.note(), None);
        for (resource, namespace) in [
            ("widgets.example.com", "shop"),
            ("widgets.example.com", "edge"),
            ("gadgets.example.com", "shop"),
        ] {
            found.add(&forbidden(resource, Some(namespace)));
        }
        let message = found.note().unwrap().message;
        assert!(
            message.starts_with(
                "the account may not read gadgets.example.com, widgets.example.com: `driftline rights -n edge -n shop \
                 -o role` prints the role"
            ),
            "{message}"
        );
    }
}
