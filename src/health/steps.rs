//! From steps to advice: the commands that can be printed, and a sentence for those that cannot.
//!
//! A step whose command cannot be written, because a text in it breaks its rule, becomes no advice. The entry says so
//! among its evidence, so that nobody takes the rest for everything. A command that destroys is not advised where the
//! command that saves a copy first could not be.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::listed;
use crate::model::{Advice, Health};
use crate::object::ObjectKey;
use crate::shell::{Command, Refusal};

/// The effect of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It only reads.
    Reads,
    /// It writes a file.
    Saves,
    /// It overwrites or deletes.
    Destroys,
}

/// The subject of a command.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The release.
    Release,
    /// A rollback of the release, to this revision.
    Rollback(u64),
    /// An upgrade of the release.
    Upgrade,
    /// An uninstallation of the release.
    Uninstall,
    /// An object.
    Object(ObjectKey),
}

impl Subject {
    /// The subject whose copy has to come first.
    fn saved(&self) -> Self {
        match self {
            Self::Release | Self::Rollback(_) | Self::Upgrade | Self::Uninstall => Self::Release,
            Self::Object(key) => Self::Object(key.clone()),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Release => "the release".to_owned(),
            Self::Rollback(to) => format!("a rollback to revision {to}"),
            Self::Upgrade => "an upgrade".to_owned(),
            Self::Uninstall => "an uninstallation".to_owned(),
            Self::Object(key) => key.to_string(),
        }
    }
}

/// One step of an entry.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The subject of the command.
    pub(crate) subject: Subject,
    /// The effect of the command.
    pub(crate) effect: Effect,
    /// The command, or why there is none.
    pub(crate) command: Result<Command, Refusal>,
    /// Why one would run it.
    pub(crate) why: String,
    /// What it changes.
    pub(crate) changes: String,
}

impl Step {
    /// Adds something to what the command changes.
    pub(crate) fn add_change(&mut self, change: Option<String>) {
        if let Some(change) = change {
            self.changes.push_str("; ");
            self.changes.push_str(&change);
        }
    }
}

/// Adds evidence and steps to an entry.
pub(crate) fn with(mut health: Health, evidence: Vec<String>, steps: Vec<Step>) -> Health {
    let (advice, missing) = advise(steps);
    health.evidence.extend(evidence.into_iter().chain(missing));
    health.advice.extend(advice);
    health
}

/// The commands that can be printed, and a sentence for each reason why one cannot.
pub(crate) fn advise(steps: Vec<Step>) -> (Vec<Advice>, Vec<String>) {
    let mut advice = Vec::new();
    let mut unsaved = BTreeSet::new();
    let mut refused: BTreeMap<Refusal, BTreeSet<Subject>> = BTreeMap::new();
    for step in steps {
        let lacks_copy = step.effect == Effect::Destroys && unsaved.contains(&step.subject.saved());
        match step.command {
            Ok(_) if lacks_copy => {
                refused.entry(Refusal::NoCopy).or_default().insert(step.subject);
            }
            Ok(command) => advice.push(Advice {
                command: command.to_string(),
                destructive: step.effect == Effect::Destroys,
                why: step.why,
                changes: step.changes,
                words: Some(command),
            }),
            Err(refusal) => {
                if step.effect == Effect::Saves {
                    unsaved.insert(step.subject.saved());
                }
                refused.entry(refusal).or_default().insert(step.subject);
            }
        }
    }
    let missing = refused.into_iter().map(|(refusal, subjects)| {
        let subjects = listed(subjects.iter().map(Subject::name));
        format!("no command is printed for {subjects}: {refusal}")
    });
    (advice, missing.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::remark;
    use crate::object::Gvk;
    use crate::vocabulary::{HealthCode, HealthSeverity};

    fn step(name: &str, effect: Effect, command: Result<&'static str, Refusal>) -> Step {
        Step {
            subject: Subject::Object(ObjectKey {
                gvk: Gvk::new("v1", "ConfigMap"),
                namespace: None,
                name: name.to_owned(),
            }),
            effect,
            command: command.map(|verb| Command::new("kubectl", &[verb])),
            why: String::new(),
            changes: String::new(),
        }
    }

    #[test]
    fn nothing_is_destroyed_that_could_not_be_saved() {
        let steps = vec![
            step("a", Effect::Reads, Ok("describe")),
            step("a", Effect::Saves, Err(Refusal::FileName)),
            step("a", Effect::Destroys, Ok("delete-a")),
            step("b", Effect::Saves, Ok("get")),
            step("b", Effect::Destroys, Ok("delete-b")),
        ];
        let entry = remark(
            HealthCode::LeftoverObjects,
            HealthSeverity::Warning,
            String::new(),
        );
        let entry = with(entry, vec!["first".to_owned()], steps);
        let commands: Vec<&str> = entry
            .advice
            .iter()
            .map(|advice| advice.command.as_str())
            .collect();
        assert_eq!(commands, ["kubectl describe", "kubectl get", "kubectl delete-b"]);
        assert_eq!(
            entry.evidence,
            [
                "first",
                "no command is printed for ConfigMap a: the file for a copy would have a name that file systems do not \
                 accept",
                "no command is printed for ConfigMap a: there is no command that saves a copy first",
            ]
        );
    }

    #[test]
    fn what_many_commands_lack_is_said_once() {
        let steps =
            ["a", "b", "c", "d", "e", "e"].map(|name| step(name, Effect::Reads, Err(Refusal::ObjectName)));
        let entry = remark(
            HealthCode::LeftoverObjects,
            HealthSeverity::Warning,
            String::new(),
        );
        let entry = with(entry, Vec::new(), steps.into());
        assert_eq!(
            entry.evidence,
            [
                "no command is printed for ConfigMap a, ConfigMap b, ConfigMap c and 2 more: the name is not one that \
                 Kubernetes accepts for an object of this kind"
            ]
        );
    }
}
