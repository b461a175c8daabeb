//! `driftline explain CODE`: what a code of the report means and what to do about it.
//!
//! An explanation begins with the code's own message (in [`crate::vocabulary`]); the texts here hold only what that one
//! line leaves out. They are matched exhaustively, so that a new code does not compile without its text. They say what
//! Helm really does: three-way strategic merge for built-in kinds under client-side apply, a two-way merge for custom
//! resources (`createPatch` in Helm's `pkg/kube/client.go`), conflicts under server-side apply, and an ownership check
//! that `helm upgrade` makes only for objects new to the manifest (`performUpgrade` in `pkg/action/upgrade.go`).
//!
//! Examples are not written by hand. `examples.snap` is made by `tests/fast/docs.rs`, which runs the program and takes one line of its
//! output for each code, so an example cannot show what the program does not print.

mod findings;
mod health;
mod states;

use std::collections::HashSet;
use std::fmt;

use crate::vocabulary::{FindingCode, HealthCode, HealthSeverity, ObjectState};

/// Where the lines of an explanation end: with their indent they fit a terminal of 80 columns. Commands and examples are not
/// broken.
const COLUMNS: usize = 78;

/// Lines that the program printed, at most one for each code.
const EXAMPLES: &str = include_str!("examples.snap");

/// The explanation of one code of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// Where it occurs in a report.
    pub kind: CodeKind,
    /// Its meaning in one line.
    pub message: &'static str,
    /// Everything else that a reader needs.
    pub guidance: Guidance,
}

/// The part of a report that a code describes. One code may occur in more than one place: `half-upgraded` is a finding and a health code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// A difference in one field.
    Finding,
    /// The health of a release.
    Health,
    /// The state of one object.
    State,
}

/// Everything that a code's message leaves out. Lines that begin with `$ ` are commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guidance {
    /// The facts that a reader needs besides the message; empty where the message is enough.
    pub details: &'static str,
    /// How it arises.
    pub arises: &'static str,
    /// The recommended action.
    pub remedy: &'static str,
    /// The effect of the next `helm upgrade`.
    pub next_upgrade: &'static str,
}

/// The name of a code that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a code of the report; these are: {}", names().collect::<Vec<_>>().join(", "))]
pub struct UnknownCode {
    given: String,
}

/// Explains one code; there are several explanations if it occurs in several places of the report.
pub fn explain(name: &str) -> Result<Vec<Explanation>, UnknownCode> {
    let found: Vec<Explanation> = all().filter(|explanation| explanation.code == name).collect();
    if found.is_empty() {
        return Err(UnknownCode {
            given: name.to_owned(),
        });
    }
    Ok(found)
}

/// Every code that has an explanation: findings, then health, then states of objects.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut known = HashSet::new();
    let names = all().map(|explanation| explanation.code);
    names.filter(move |name| known.insert(*name))
}

/// Every explanation, in the order of [`names`].
pub fn all() -> impl Iterator<Item = Explanation> {
    let findings = FindingCode::ALL.iter().map(|code| Explanation {
        code: code.as_str(),
        kind: CodeKind::Finding,
        message: code.message(),
        guidance: findings::guidance(*code),
    });
    let health = HealthCode::ALL.iter().map(|code| Explanation {
        code: code.as_str(),
        kind: CodeKind::Health,
        message: code.message(),
        guidance: health::guidance(*code),
    });
    let states = ObjectState::ALL.iter().map(|state| Explanation {
        code: state.as_str(),
        kind: CodeKind::State,
        message: state.message(),
        guidance: states::guidance(*state),
    });
    findings.chain(health).chain(states)
}

impl Explanation {
    /// A line with this code that the program printed.
    pub fn example(&self) -> Option<&'static str> {
        EXAMPLES.lines().find(|line| self.is_in(line))
    }

    /// Whether a line of the text report, or of a diagnosis, is about this code.
    pub fn is_in(&self, line: &str) -> bool {
        let mut words = line.split_whitespace();
        let (Some(first), Some(second)) = (words.next(), words.next()) else {
            return false;
        };
        match self.kind {
            // Followed by the path of a field.
            CodeKind::Finding => first == self.code && second.starts_with('/'),
            CodeKind::Health => {
                first.parse::<HealthSeverity>().is_ok() && second.strip_suffix(':') == Some(self.code)
            }
            // Followed by the kind of an object; names of releases are in lower case.
            CodeKind::State => {
                first == self.code && second.starts_with(|first: char| first.is_ascii_uppercase())
            }
        }
    }
}

impl fmt::Display for CodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finding => "finding",
            Self::Health => "release health",
            Self::State => "object state",
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})\n", self.code, self.kind)?;
        wrap(
            f,
            &format!("{} {}", sentence(self.message), self.guidance.details),
        )?;
        writeln!(f, "\nHow it arises")?;
        wrap(f, self.guidance.arises)?;
        if let Some(example) = self.example() {
            writeln!(f, "\nExample\n  {example}")?;
        }
        writeln!(f, "\nWhat to do")?;
        wrap(f, self.guidance.remedy)?;
        writeln!(f, "\nThe next helm upgrade")?;
        wrap(f, self.guidance.next_upgrade)
    }
}

/// A message as a sentence of its own.
fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

/// Writes text indented and wrapped at blanks; commands stay on one line to be copied.
fn wrap(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for line in text.lines() {
        if line.starts_with("$ ") {
            writeln!(f, "    {line}")?;
            continue;
        }
        let mut column = 0;
        for word in line.split_whitespace() {
            let width = word.chars().count();
            if column > 0 && column + 1 + width > COLUMNS {
                writeln!(f)?;
                column = 0;
            }
            let lead = if column == 0 { "  " } else { " " };
            write!(f, "{lead}{word}")?;
            column += lead.len() + width;
        }
        writeln!(f)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_text() {
        // A release is half upgraded, and so are its fields.
        let vocabulary = FindingCode::ALL.len() + HealthCode::ALL.len() + ObjectState::ALL.len() - 1;
        assert_eq!(names().collect::<BTreeSet<_>>().len(), vocabulary);
        assert_eq!(names().count(), vocabulary);
        for explanation in all() {
            let Guidance {
                details,
                arises,
                remedy,
                next_upgrade,
            } = explanation.guidance;
            for part in [arises, remedy, next_upgrade] {
                assert!(part.len() > 20, "{}: {part}", explanation.code);
            }
            for part in [details, arises, remedy, next_upgrade] {
                assert!(part.is_ascii(), "{}: {part}", explanation.code);
                assert!(!part.contains("  "), "{}: {part}", explanation.code);
                assert_eq!(part, part.trim(), "{}", explanation.code);
            }
            assert!(explain(explanation.code).unwrap().contains(&explanation));
        }
    }

    #[test]
    fn an_unknown_code_is_answered_with_the_known_ones() {
        let message = explain("drifting").unwrap_err().to_string();
        assert!(
            message.starts_with("`drifting` is not a code of the report; these are: changed, "),
            "{message}"
        );
    }

    #[test]
    fn a_code_is_recognised_where_the_report_has_it() {
        for (code, kind, line, expected) in [
            (
                "changed",
                CodeKind::Finding,
                "    changed  /spec/replicas  3 → 5",
                true,
            ),
            (
                "changed",
                CodeKind::Finding,
                "    added    /spec/replicas  3 → 5",
                false,
            ),
            (
                "half-upgraded",
                CodeKind::Finding,
                "  warning  half-upgraded: of 3 objects",
                false,
            ),
            (
                "half-upgraded",
                CodeKind::Health,
                "  warning  half-upgraded: of 3 objects",
                true,
            ),
            (
                "half-upgraded",
                CodeKind::Health,
                "    half-upgraded  /spec/replicas",
                false,
            ),
            ("drifted", CodeKind::State, "  drifted  Service shop/web", true),
            (
                "drifted",
                CodeKind::State,
                "drifted  shop/web   shop-0.3.0",
                false,
            ),
            (
                "drifted",
                CodeKind::State,
                "  drifted  10 objects in the same way",
                false,
            ),
            ("drifted", CodeKind::State, "", false),
        ] {
            let mut explanations = all();
            let explanation = explanations.find(|found| found.code == code && found.kind == kind);
            assert_eq!(
                explanation.map(|found| found.is_in(line)),
                Some(expected),
                "{line}"
            );
        }
    }

    #[test]
    fn prose_is_wrapped_and_commands_and_examples_are_not() {
        for explanation in all() {
            let text = explanation.to_string();
            let example = explanation.example().unwrap_or_default();
            let mut prose = text
                .lines()
                .filter(|line| !line.starts_with("    $ ") && line.trim_start() != example);
            assert!(prose.all(|line| line.chars().count() <= COLUMNS + 2), "{text}");
            let message = sentence(explanation.message);
            let words: Vec<&str> = text.split_whitespace().collect();
            assert!(words.join(" ").contains(&message), "{text}");
        }
    }
}
