//! `driftline explain WORD`: what a word of the report means and what to do about it.
//!
//! A word is a code, with guidance, or another word of a report (`words`). Words are found however they are typed: without
//! regard to case, and with blanks, `-` or `_` between their parts.
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
mod group;
mod health;
pub mod pages;
mod previews;
mod states;
mod values;
mod words;

use std::fmt;

pub use self::group::Group;
pub use self::words::Word;

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
    /// Where it occurs in a report; one code may occur in more than one place.
    pub kind: Group,
    /// Its meaning in one line.
    pub message: &'static str,
    /// Everything else that a reader needs.
    pub guidance: Guidance,
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

/// What is known of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// It is a code.
    Code(Explanation),
    /// It is another word.
    Word(Word),
}

/// A word that no report has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a word of the report{}; `driftline explain` lists them all", suggestion(.near))]
pub struct UnknownWord {
    given: String,
    /// The words that are spelt nearly like it.
    near: Vec<&'static str>,
}

/// The middle of a sentence about a word that no report has.
fn suggestion(words: &[&str]) -> String {
    if words.is_empty() {
        return String::new();
    }
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("; did you mean {}", words.join(" or "))
}

/// How alike a suggestion has to be to what was typed, from 0 to 1.
const NEAR: f64 = 0.85;

/// How many suggestions are made.
const MAX_NEAR: usize = 3;

/// Explains one word; there are several explanations if it occurs in several places of the report.
pub fn explain(typed: &str) -> Result<Vec<Entry>, UnknownWord> {
    let wanted = key(typed);
    let found: Vec<Entry> = entries()
        .filter(|entry| entry.names().iter().any(|name| key(name) == wanted))
        .collect();
    if found.is_empty() {
        return Err(UnknownWord {
            given: typed.to_owned(),
            near: nearest(&wanted),
        });
    }
    Ok(found)
}

/// A word without what does not tell it from others: its case, the marks around it, and what joins its parts.
fn key(word: &str) -> String {
    let is_joint = |character: char| character.is_whitespace() || "-_,:.()'\"`".contains(character);
    let parts: Vec<&str> = word.split(is_joint).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_lowercase()
}

/// The names that are most like what was typed.
fn nearest(wanted: &str) -> Vec<&'static str> {
    let mut near: Vec<(f64, &'static str)> = Vec::new();
    for entry in entries() {
        let alike = |name: &&str| strsim::jaro_winkler(&key(name), wanted);
        let best = entry.names().iter().map(alike).fold(0.0, f64::max);
        if best >= NEAR && !near.iter().any(|(_, name)| *name == entry.name()) {
            near.push((best, entry.name()));
        }
    }
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().map(|(_, name)| name).take(MAX_NEAR).collect()
}

/// Every word with its meaning in a line, below the headings of its groups.
pub fn list() -> String {
    let width = entries()
        .map(|entry| entry.name().len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for group in Group::ALL {
        text.push_str(group.heading());
        text.push('\n');
        for entry in entries().filter(|entry| entry.group() == group) {
            let line = format!("  {:width$}  {}\n", entry.name(), entry.meaning());
            text.push_str(&line);
        }
        text.push('\n');
    }
    text.push_str("`driftline explain WORD` says more about one of them.\n");
    text
}

/// Every code and every other word.
pub fn entries() -> impl Iterator<Item = Entry> {
    all()
        .map(Entry::Code)
        .chain(words::all().map(Entry::Word))
        .chain(previews::all().map(Entry::Word))
        .chain(values::all().map(Entry::Word))
}

impl Entry {
    /// The word as a report has it.
    pub fn name(&self) -> &'static str {
        self.names().first().copied().unwrap_or_default()
    }

    /// The word as a report has it, and other forms of it.
    fn names(&self) -> &[&'static str] {
        match self {
            Self::Code(code) => std::slice::from_ref(&code.code),
            Self::Word(word) => word.names,
        }
    }

    /// The part of a report that has it.
    pub const fn group(&self) -> Group {
        match self {
            Self::Code(code) => code.kind,
            Self::Word(word) => word.group,
        }
    }

    /// Its meaning in one line.
    const fn meaning(&self) -> &'static str {
        match self {
            Self::Code(code) => code.message,
            Self::Word(word) => word.meaning,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.names.first().copied().unwrap_or_default();
        writeln!(f, "{name} ({})\n", self.group)?;
        wrap(f, &format!("{} {}", sentence(self.meaning), self.details))
    }
}

/// The explanation of every code, in the order of the list: findings, then health, then states of objects.
pub fn all() -> impl Iterator<Item = Explanation> {
    let findings = FindingCode::ALL.iter().map(|code| Explanation {
        code: code.as_str(),
        kind: Group::Finding,
        message: code.message(),
        guidance: findings::guidance(*code),
    });
    let health = HealthCode::ALL.iter().map(|code| Explanation {
        code: code.as_str(),
        kind: Group::Health,
        message: code.message(),
        guidance: health::guidance(*code),
    });
    let states = ObjectState::ALL.iter().map(|state| Explanation {
        code: state.as_str(),
        kind: Group::State,
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
            Group::Finding => first == self.code && second.starts_with('/'),
            Group::Health => {
                first.parse::<HealthSeverity>().is_ok() && second.strip_suffix(':') == Some(self.code)
            }
            // Followed by the kind of an object; names of releases are in lower case.
            Group::State => {
                first == self.code && second.starts_with(|first: char| first.is_ascii_uppercase())
            }
            // They have no codes.
            Group::Verdict
            | Group::Outcome
            | Group::Severity
            | Group::NextUpgrade
            | Group::PreviewOutcome
            | Group::PreviewCause
            | Group::PreviewEffect
            | Group::Change
            | Group::Values
            | Group::Term => false,
        }
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
    use super::*;

    #[test]
    fn every_code_has_its_own_text() {
        let vocabulary = FindingCode::ALL.len() + HealthCode::ALL.len() + ObjectState::ALL.len();
        assert_eq!(all().count(), vocabulary);
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
            assert!(
                explain(explanation.code)
                    .unwrap()
                    .contains(&Entry::Code(explanation))
            );
        }
    }

    #[test]
    fn a_word_is_found_however_it_is_typed() {
        for (typed, name) in [
            ("Half_Upgraded", "half-upgraded"),
            (" half upgraded ", "half-upgraded"),
            ("KEEPS", "keeps"),
            ("keep", "keeps"),
            ("fails", "fails (conflict)"),
            ("Fails (conflict)", "fails (conflict)"),
            ("(claimed)", "claimed"),
            ("in sync but failed", "in sync, but failed"),
            ("missing or not owned", "missing or not owned"),
            ("destructive", "DESTRUCTIVE"),
            ("next step:", "next step"),
            ("lookup", "lookup"),
            ("(lookup)", "lookup"),
            ("blocked", "blocked"),
            ("may-fail", "may fail"),
            ("refused (pending)", "refused (pending)"),
        ] {
            let found = explain(typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
            assert_eq!(found[0].name(), name, "{typed}");
        }
        let groups = |word: &str| {
            explain(word)
                .unwrap()
                .iter()
                .map(Entry::group)
                .collect::<Vec<_>>()
        };
        let half_upgraded = [Group::Finding, Group::Health, Group::Values];
        assert_eq!(groups("half-upgraded"), half_upgraded);
        assert_eq!(groups("drift"), [Group::Outcome, Group::Severity]);
    }

    #[test]
    fn templates_that_read_live_objects_are_a_reason_wherever_something_may_fail_or_is_not_known() {
        for word in ["upgrade-blocked", "may fail", "not known"] {
            let found = explain(word).unwrap();
            assert!(
                found.iter().any(|entry| entry.to_string().contains("lookup")),
                "{word}"
            );
        }
        let blocked = explain("upgrade-blocked").unwrap()[0].to_string();
        assert!(blocked.contains("may fail"), "{blocked}");
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_nearest_ones() {
        let message = |word: &str| explain(word).unwrap_err().to_string();
        assert!(
            message("half-upgrade")
                .starts_with("`half-upgrade` is not a word of the report; did you mean `half-upgraded`"),
            "{}",
            message("half-upgrade")
        );
        assert_eq!(
            message("zzz"),
            "`zzz` is not a word of the report; `driftline explain` lists them all"
        );
    }

    #[test]
    fn a_code_is_recognised_where_the_report_has_it() {
        for (code, kind, line, expected) in [
            (
                "changed",
                Group::Finding,
                "    changed  /spec/replicas  3 → 5",
                true,
            ),
            (
                "changed",
                Group::Finding,
                "    added    /spec/replicas  3 → 5",
                false,
            ),
            (
                "half-upgraded",
                Group::Finding,
                "  warning  half-upgraded: of 3 objects",
                false,
            ),
            (
                "half-upgraded",
                Group::Health,
                "  warning  half-upgraded: of 3 objects",
                true,
            ),
            (
                "half-upgraded",
                Group::Health,
                "    half-upgraded  /spec/replicas",
                false,
            ),
            ("drifted", Group::State, "  drifted  Service shop/web", true),
            ("drifted", Group::State, "drifted  shop/web   shop-0.3.0", false),
            (
                "drifted",
                Group::State,
                "  drifted  10 objects in the same way",
                false,
            ),
            ("drifted", Group::State, "", false),
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
