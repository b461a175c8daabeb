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
use super::release_facts::{ObjectFacts, ReleaseFacts};
use super::steps::advise;
use crate::model::{Advice, Health, ManagedBy};
use crate::object::ObjectKey;
use crate::source::followed::{DriftSettings, Followed, FollowedAnswer, FollowedKind};
use crate::vocabulary::{DriftCorrection, ManagingTool, count};

impl Marks {
    /// What the program that manages the release follows, and an object that says so, where that can be asked.
    pub fn followed(&self) -> Option<(Followed, &ObjectKey)> {
        let manager = Manager::of_marks(self)?;
        let mark = manager.first()?;
        Some((mark.followed()?, &self.counts.get(mark)?.first))
    }
}

/// The program that manages a release, by the marks of its objects; `None` where nothing says that one does.
pub fn managed_by(objects: &ObjectFacts) -> Option<ManagedBy> {
    let manager = Manager::of(objects)?;
    Some(ManagedBy {
        tool: manager.tool,
        name: manager.name(),
        evidence: manager.evidence(),
        drift_correction: manager.settings().map(|(_, settings)| settings.correction),
        meaning: terms::meaning(&manager),
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
    let Some(manager) = Manager::of(facts.objects) else {
        return Vec::new();
    };
    let Some(first) = advice.iter().position(|advice| advice.destructive) else {
        return Vec::new();
    };
    let name = manager
        .name()
        .map_or_else(String::new, |name| format!(" ({name})"));
    let claims = match manager.settings() {
        Some(_) => "manages",
        None => "claims to manage",
    };
    let undoes = terms::undoes(manager.tool);
    let undoes = if manager.waits() {
        format!("it waits now; once it goes on, {undoes}")
    } else {
        undoes.to_owned()
    };
    let mut told = vec![format!(
        "{}{name} {claims} the release: {undoes}",
        terms::title(manager.tool),
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
    /// What the thing that it follows says.
    followed: Option<&'m FollowedAnswer>,
}

impl<'m> Manager<'m> {
    /// The program with the most marks; one that names what it follows goes before one that only wrote.
    fn of(objects: &'m ObjectFacts) -> Option<Self> {
        let manager = Self::of_marks(&objects.marks);
        let answer = objects.followed.as_deref();
        let mark = manager.as_ref().and_then(Self::first);
        if let Some(mark) = mark.filter(|mark| mark.is_named()) {
            let named = mark.followed();
            let followed = answer.filter(|answer| Some(&answer.followed) == named.as_ref());
            return manager.map(|manager| Self { followed, ..manager });
        }
        let chart = answer.filter(|answer| answer.followed.kind == FollowedKind::HelmChart);
        let of_chart = chart.map(|_| Self {
            tool: ManagingTool::K3s,
            marks: Vec::new(),
            objects: objects.marks.objects,
            followed: chart,
        });
        of_chart.or(manager)
    }

    fn of_marks(marks: &'m Marks) -> Option<Self> {
        let counts = marks.counts.iter();
        let mut sorted: Vec<_> = counts.map(|(mark, marked)| (mark, marked.objects)).collect();
        // Of equals the first one of the vocabulary, so that the answer is always the same.
        sorted.sort_by_key(|(mark, count)| Reverse((mark.is_named(), *count, Reverse(*mark))));
        let tool = sorted.first()?.0.tool();
        sorted.retain(|(mark, _)| mark.tool() == tool);
        Some(Self {
            tool,
            marks: sorted,
            objects: marks.objects,
            followed: None,
        })
    }

    /// The mark that most objects have.
    fn first(&self) -> Option<&Mark> {
        self.marks.first().map(|(mark, _)| *mark)
    }

    /// What it follows, and what that says about drift, where it manages the release.
    fn settings(&self) -> Option<(&Followed, DriftSettings)> {
        let FollowedAnswer { followed, settings } = self.followed?;
        Some((followed, (*settings.as_ref().ok()?)?))
    }

    /// Whether what it is said to follow does not exist, or manages something else.
    fn is_disproved(&self) -> bool {
        self.followed.is_some_and(|answer| answer.settings == Ok(None))
    }

    /// Whether it leaves the release alone until it is told to go on.
    fn waits(&self) -> bool {
        let settings = self.settings();
        settings.is_some_and(|(_, settings)| settings.correction == DriftCorrection::Suspended)
    }

    /// What the program follows, as it calls it.
    fn name(&self) -> Option<String> {
        match self.first() {
            Some(Mark::Flux { namespace, name }) => Some(format!("HelmRelease {namespace}/{name}")),
            Some(Mark::ArgoCd { application }) => Some(format!("Application {application}")),
            Some(Mark::Fleet { set }) => Some(format!("bundle {set}")),
            Some(Mark::Manager(_, _)) | None => Some(self.followed?.followed.to_string()),
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
        marks.chain(self.found()).collect()
    }

    /// What was found of what it follows, and why nothing.
    fn found(&self) -> Option<String> {
        let FollowedAnswer { followed, settings } = self.followed?;
        match settings {
            // A mark has told of it.
            Ok(Some(_)) if followed.kind != FollowedKind::HelmChart => None,
            Ok(Some(_)) => Some(format!("{followed} installs the release")),
            Ok(None) => Some(format!(
                "{followed} does not exist, or manages something else than this release"
            )),
            Err(error) => Some(format!("{followed} could not be read: {error}")),
        }
    }
}

/// How many marks a report tells of one release.
const SHOWN: usize = 5;

#[cfg(test)]
mod tests;
