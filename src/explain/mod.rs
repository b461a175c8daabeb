//! `driftline explain CODE`: what a word of the report means and what to do about it.
//!
//! One text for every finding code, health code and object state, matched exhaustively, so that a new code does
//! not compile without its explanation. The texts say what Helm really does: three-way strategic merge for
//! built-in kinds under client-side apply, a two-way merge for custom resources (`createPatch` in Helm's
//! `pkg/kube/client.go`), conflicts under server-side apply, and an ownership check that `helm upgrade` makes
//! only for objects new to the manifest (`performUpgrade` in `pkg/action/upgrade.go`).

mod findings;
mod health;
mod states;

use std::collections::HashSet;
use std::fmt;

use crate::vocabulary::{FindingCode, HealthCode, ObjectState};

/// Where the lines of an explanation end.
const COLUMNS: usize = 88;

/// Everything there is to say about one word of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The word.
    pub name: &'static str,
    /// Where it stands in a report.
    pub subject: Subject,
    /// What it says.
    pub text: Text,
}

/// What a word of the report is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A difference in one field.
    Finding,
    /// The health of a release.
    Health,
    /// One object as a whole.
    Object,
}

/// The parts of an explanation. Lines that begin with `$ ` are commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// What it means.
    pub meaning: &'static str,
    /// How it arises.
    pub arises: &'static str,
    /// An example.
    pub example: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// What the next `helm upgrade` does to it.
    pub next_upgrade: &'static str,
}

/// A word that has no explanation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("driftline knows no code `{given}`; it explains: {}", names().collect::<Vec<_>>().join(", "))]
pub struct UnknownName {
    given: String,
}

/// Explains one word of the report; a word may be said of more than one thing.
pub fn explain(name: &str) -> Result<Vec<Explanation>, UnknownName> {
    let found: Vec<Explanation> = all().filter(|explanation| explanation.name == name).collect();
    if found.is_empty() {
        return Err(UnknownName {
            given: name.to_owned(),
        });
    }
    Ok(found)
}

/// Every word that has an explanation: findings, then health, then states of objects.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut known = HashSet::new();
    let names = all().map(|explanation| explanation.name);
    names.filter(move |name| known.insert(*name))
}

/// Every explanation, in the order of [`names`].
pub fn all() -> impl Iterator<Item = Explanation> {
    let findings = FindingCode::ALL.iter().map(|code| Explanation {
        name: code.as_str(),
        subject: Subject::Finding,
        text: findings::text(*code),
    });
    let health = HealthCode::ALL.iter().map(|code| Explanation {
        name: code.as_str(),
        subject: Subject::Health,
        text: health::text(*code),
    });
    let states = ObjectState::ALL.iter().map(|state| Explanation {
        name: state.as_str(),
        subject: Subject::Object,
        text: states::text(*state),
    });
    findings.chain(health).chain(states)
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finding => "a difference in one field",
            Self::Health => "the health of a release",
            Self::Object => "the state of an object",
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})\n", self.name, self.subject)?;
        wrap(f, self.text.meaning)?;
        for (heading, text) in [
            ("How it arises", self.text.arises),
            ("Example", self.text.example),
            ("What to do", self.text.remedy),
            ("The next helm upgrade", self.text.next_upgrade),
        ] {
            writeln!(f, "\n{heading}")?;
            wrap(f, text)?;
        }
        Ok(())
    }
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
    fn every_word_has_its_own_text() {
        // A release is half upgraded, and so are its fields.
        let vocabulary = FindingCode::ALL.len() + HealthCode::ALL.len() + ObjectState::ALL.len() - 1;
        assert_eq!(names().collect::<BTreeSet<_>>().len(), vocabulary);
        assert_eq!(names().count(), vocabulary);
        for explanation in all() {
            let Text {
                meaning,
                arises,
                example,
                remedy,
                next_upgrade,
            } = explanation.text;
            for part in [meaning, arises, example, remedy, next_upgrade] {
                assert!(part.len() > 20, "{}: {part}", explanation.name);
                assert!(
                    part.is_ascii() || part.contains('→'),
                    "{}: {part}",
                    explanation.name
                );
                assert!(!part.contains("  "), "{}: {part}", explanation.name);
            }
            assert!(explain(explanation.name).unwrap().contains(&explanation));
        }
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let message = explain("drifting").unwrap_err().to_string();
        assert!(
            message.starts_with("driftline knows no code `drifting`; it explains: changed, "),
            "{message}"
        );
    }

    #[test]
    fn explanations_read_well() {
        for explanation in all() {
            let text = explanation.to_string();
            let prose = text.lines().filter(|line| !line.trim_start().starts_with("$ "));
            assert!(
                prose.clone().all(|line| line.chars().count() <= COLUMNS + 2),
                "{text}"
            );
        }
        let texts: Vec<_> = all().map(|explanation| explanation.to_string()).collect();
        insta::assert_snapshot!("explanations", texts.join("\n----\n\n"));
    }
}
