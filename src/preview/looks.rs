//! What to look at first where something around the objects stops an operation: a command for each such cause.
//!
//! The cause says what is in the way, and these commands show it in the cluster. They only read: whether a quota is raised,
//! a webhook mended or a definition installed again is for those to decide who own it.

use std::collections::BTreeSet;

use super::course::Course;
use crate::health::entry::ADVISED;
use crate::health::steps::{Effect, Step, Subject};
use crate::model::PreviewReason;
use crate::object::ObjectKey;
use crate::shell::{Command, Refusal, Word};
use crate::vocabulary::PreviewCause;

/// The commands for what stops an operation, each once.
pub(super) fn at(course: &Course, objects: &[&ObjectKey]) -> Vec<Step> {
    let mut known = BTreeSet::new();
    let looks = course.stops.iter().filter_map(|stop| {
        let look = Look::of(stop, objects)?;
        known.insert(look.clone()).then(|| look.step())
    });
    looks.take(ADVISED).collect()
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    Kinds,
    Quotas(String),
    Namespaces,
    Webhooks,
    Services,
}

impl Look {
    fn of(stop: &PreviewReason, objects: &[&ObjectKey]) -> Option<Self> {
        let namespace = || {
            let name = stop.object.as_ref()?;
            let object = objects.iter().find(|key| key.to_string() == *name)?;
            object.namespace.clone()
        };
        match stop.code {
            PreviewCause::KindNotServed => Some(Self::Kinds),
            PreviewCause::Quota => Some(Self::Quotas(namespace()?)),
            PreviewCause::NamespaceGone => Some(Self::Namespaces),
            PreviewCause::Admission => Some(Self::Webhooks),
            PreviewCause::Taken => Some(Self::Services),
            PreviewCause::Record
            | PreviewCause::RecordRefused
            | PreviewCause::Pending
            | PreviewCause::Hook
            | PreviewCause::Conflict
            | PreviewCause::Ownership
            | PreviewCause::Rule
            | PreviewCause::Helm
            | PreviewCause::DeletesData
            | PreviewCause::DeletesForeign
            | PreviewCause::Overwrites
            | PreviewCause::TakesBack
            | PreviewCause::NotApplied
            | PreviewCause::Terminating
            | PreviewCause::RunsAgain
            | PreviewCause::NotUndone
            | PreviewCause::Leftover
            | PreviewCause::Method
            | PreviewCause::Unread => None,
        }
    }

    fn step(&self) -> Step {
        let (command, why): (Result<Command, Refusal>, _) = match self {
            Self::Kinds => (
                Ok(Command::new("kubectl", &["api-resources"])),
                "shows the kinds that the API server serves, with their versions; the definition of a custom resource that is \
                 missing there has to be installed again",
            ),
            Self::Quotas(namespace) => (
                Word::namespace(namespace).map(|namespace| {
                    Command::new("kubectl", &["describe", "resourcequotas", "-n"]).word(&namespace)
                }),
                "shows the quotas with what of them is used: make room, or have the quota raised",
            ),
            Self::Namespaces => (
                Ok(Command::new("kubectl", &["get", "namespaces"])),
                "shows the namespaces, and which of them are being deleted (Terminating)",
            ),
            Self::Webhooks => (
                Ok(Command::new(
                    "kubectl",
                    &[
                        "get",
                        "validatingwebhookconfigurations,mutatingwebhookconfigurations",
                    ],
                )),
                "shows the webhooks of the cluster: let the Service of the one that is named above answer again, or have those \
                 who own it take it out of the way",
            ),
            Self::Services => (
                Ok(Command::new("kubectl", &["get", "services", "-A"])),
                "shows the addresses and ports of all Services",
            ),
        };
        Step {
            subject: Subject::Release,
            effect: Effect::Reads,
            command,
            why: why.to_owned(),
            changes: "nothing: it only reads".to_owned(),
        }
    }
}
