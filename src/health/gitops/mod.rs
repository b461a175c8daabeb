//! Who manages a release besides the people who run `helm`: what that means for drift, and for commands that change it.
//!
//! A command of Helm's is soon undone where a program keeps the release as its own configuration says. So the program is
//! named, by the marks that it leaves on objects ([`marks`]), and before a command that changes the release stands how to
//! make it wait. Marks are claims of whoever may write to the objects, so no command acts on what only a mark names outside
//! the namespace of the release's records: an administrator who follows it would make another team's release wait.

mod marks;
mod terms;

pub use self::marks::{Marks, ObjectMarks};

use std::cmp::Reverse;

use self::marks::Mark;
use super::release_facts::ReleaseFacts;
use super::steps::advise;
use crate::model::{Advice, Health, ManagedBy};
use crate::vocabulary::{ManagingTool, count};

/// The program that manages a release, by the marks of its objects; `None` where nothing says that one does.
pub fn managed_by(facts: &ReleaseFacts<'_>) -> Option<ManagedBy> {
    let manager = Manager::of(&facts.objects.marks)?;
    Some(ManagedBy {
        tool: manager.tool,
        name: manager.name(),
        evidence: manager.evidence(),
        meaning: terms::meaning(manager.tool).to_owned(),
    })
}

/// Puts before the first command that changes the release how to make the program that manages it wait, and says who undoes
/// the change otherwise.
pub(super) fn wait_first(facts: &ReleaseFacts<'_>, entry: &mut Health) {
    let waited = wait_before(facts, &mut entry.advice);
    entry.evidence.extend(waited);
}

/// Puts before the first command that changes the release how to make the program that manages it wait. Returns who undoes
/// the change otherwise, and why a command is missing.
pub(crate) fn wait_before(facts: &ReleaseFacts<'_>, advice: &mut Vec<Advice>) -> Vec<String> {
    let Some(manager) = Manager::of(&facts.objects.marks) else {
        return Vec::new();
    };
    let Some(first) = advice.iter().position(|advice| advice.destructive) else {
        return Vec::new();
    };
    let name = manager
        .name()
        .map_or_else(String::new, |name| format!(" ({name})"));
    let mut told = vec![format!(
        "{}{name} claims to manage the release: {}",
        terms::title(manager.tool),
        terms::undoes(manager.tool)
    )];
    let (steps, missing) = advise(terms::steps(&manager, facts.commands()));
    told.extend(missing);
    advice.splice(first..first, steps);
    told
}

/// A program that claims to manage a release.
struct Manager<'m> {
    tool: ManagingTool,
    /// Its marks, with how many objects have each.
    marks: Vec<(&'m Mark, usize)>,
    objects: usize,
}

impl<'m> Manager<'m> {
    /// The program with the most marks; one that names what it follows goes before one that only wrote.
    fn of(marks: &'m Marks) -> Option<Self> {
        let mut sorted: Vec<_> = marks.counts.iter().map(|(mark, count)| (mark, *count)).collect();
        // Of equals the first one of the vocabulary, so that the answer is always the same.
        sorted.sort_by_key(|(mark, count)| Reverse((mark.is_named(), *count, Reverse(*mark))));
        let tool = sorted.first()?.0.tool();
        sorted.retain(|(mark, _)| mark.tool() == tool);
        Some(Self {
            tool,
            marks: sorted,
            objects: marks.objects,
        })
    }

    /// The mark that most objects have.
    fn first(&self) -> Option<&Mark> {
        self.marks.first().map(|(mark, _)| *mark)
    }

    /// What the program follows, as it calls it.
    fn name(&self) -> Option<String> {
        match self.first()? {
            Mark::Flux { namespace, name } => Some(format!("HelmRelease {namespace}/{name}")),
            Mark::ArgoCd { application } => Some(format!("Application {application}")),
            Mark::Fleet { set } => Some(format!("bundle {set}")),
            Mark::Manager(_, _) => None,
        }
    }

    fn evidence(&self) -> Vec<String> {
        let objects = self.objects;
        let marks = self.marks.iter().take(SHOWN).map(|(mark, number)| {
            let of = format!("{number} of {}", count(objects, "object"));
            let have = if *number == 1 { "has" } else { "have" };
            match mark {
                Mark::Flux { namespace, name } => {
                    format!("{of} {have} Flux's labels of HelmRelease {namespace}/{name}")
                }
                Mark::ArgoCd { application } => {
                    format!("{of} {have} Argo CD's tracking annotation of Application {application}")
                }
                Mark::Fleet { set } => format!("{of} {have} Fleet's annotation of bundle {set}"),
                Mark::Manager(_, manager) => {
                    let were = if *number == 1 { "was" } else { "were" };
                    format!("{of} {were} written by the field manager {manager}")
                }
            }
        });
        marks.collect()
    }
}

/// How many marks a report tells of one release.
const SHOWN: usize = 5;

#[cfg(test)]
mod tests;
