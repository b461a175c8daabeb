//! What to look at first where something around the objects stops an operation: a command for each such cause.
//!
//! The cause says what is in the way, and these commands show it in the cluster. They only read: whether a quota is raised,
//! a webhook mended or a definition installed again is for those to decide who own it.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap};

use super::course::Course;
use crate::health::advice::reads;
use crate::health::entry::ADVISED;
use crate::health::steps::{Step, Subject};
use crate::model::PreviewReason;
use crate::object::ObjectKey;
use crate::shell::{Command, Refusal, Word};
use crate::vocabulary::PreviewCause;

/// The commands for what stops an operation, each once.
pub(super) fn at(course: &Course, objects: &[&ObjectKey]) -> Vec<Step> {
    // Only a quota asks for the namespace of an object.
    let namespaces = LazyCell::new(|| {
        let mut namespaces = HashMap::new();
        for key in objects {
            namespaces
                .entry(key.to_string())
                .or_insert(key.namespace.as_deref());
        }
        namespaces
    });
    let namespace_of = |object: &str| namespaces.get(object).copied().flatten();
    let mut known = BTreeSet::new();
    let looks = course.stops.iter().filter_map(|stop| {
        let look = Look::of(stop, namespace_of)?;
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
    /// What to look at for a stop. `namespace_of` tells the namespace of an object by the words for it.
    fn of<'k>(stop: &PreviewReason, namespace_of: impl Fn(&str) -> Option<&'k str>) -> Option<Self> {
        match stop.code {
            PreviewCause::KindNotServed => Some(Self::Kinds),
            PreviewCause::Quota => {
                let namespace = namespace_of(stop.object.as_ref()?)?;
                Some(Self::Quotas(namespace.to_owned()))
            }
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
        reads(Subject::Release, command, why)
    }
}
