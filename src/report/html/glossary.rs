//! The codes of a report, explained at the end of its page by the texts of `driftline explain`.

use super::prose::Prose;
use crate::explain::{self, Explanation, Group};
use crate::report::text::safe::Safe;
use crate::vocabulary::{FindingCode, HealthCode, ObjectState};

/// A code of a report, by where it stands: one word may be the code of a finding and of a health entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    /// The health of a release.
    Health(HealthCode),
    /// The state of an object.
    State(ObjectState),
    /// A difference in a field.
    Finding(FindingCode),
}

impl Code {
    /// The word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Health(code) => code.as_str(),
            Self::State(state) => state.as_str(),
            Self::Finding(code) => code.as_str(),
        }
    }

    const fn group(self) -> Group {
        match self {
            Self::Health(_) => Group::Health,
            Self::State(_) => Group::State,
            Self::Finding(_) => Group::Finding,
        }
    }

    /// The anchor of its explanation, the same as on the published page of codes.
    pub(super) fn anchor(self) -> String {
        explain::pages::anchor(self.group(), self.as_str())
    }
}

/// The explanation of one code.
pub(super) struct Word {
    /// Its anchor.
    pub(super) anchor: String,
    /// The code.
    pub(super) code: &'static str,
    /// The part of the report that has it.
    pub(super) group: String,
    /// Its meaning in a line.
    pub(super) meaning: &'static str,
    /// Facts that the line leaves out; often none.
    pub(super) details: Vec<Part>,
    /// What else a reader needs, below headings.
    pub(super) sections: Vec<(&'static str, Vec<Part>)>,
}

/// A part of an explanation.
pub(super) struct Part {
    /// Whether it is a command.
    pub(super) is_command: bool,
    /// The text, as it is copied.
    pub(super) text: &'static str,
    /// The text, as it is read.
    pub(super) prose: Prose,
}

/// The explanations of these codes, in their order.
pub(super) fn words(codes: impl IntoIterator<Item = Code>) -> Vec<Word> {
    let explained: Vec<Explanation> = explain::all().collect();
    let word = |code: Code| {
        let is_it = |found: &&Explanation| found.code == code.as_str() && found.kind == code.group();
        explained.iter().find(is_it).map(|found| of(code, found))
    };
    codes.into_iter().filter_map(word).collect()
}

fn of(code: Code, found: &Explanation) -> Word {
    let guidance = found.guidance;
    Word {
        anchor: code.anchor(),
        code: found.code,
        group: found.kind.to_string(),
        meaning: found.message,
        details: parts(guidance.details),
        sections: vec![
            ("How it arises", parts(guidance.arises)),
            ("What to do", parts(guidance.remedy)),
            ("The next helm upgrade", parts(guidance.next_upgrade)),
        ],
    }
}

/// The sentences and the commands of a text.
fn parts(text: &'static str) -> Vec<Part> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let part = |line: &'static str| match line.strip_prefix("$ ") {
        Some(command) => Part {
            is_command: true,
            text: command,
            prose: Prose::of(&Safe::from(command)),
        },
        None => Part {
            is_command: false,
            text: line,
            prose: Prose::of(&Safe::from(line)),
        },
    };
    lines.map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_a_report_is_explained_where_its_link_leads() {
        let health = HealthCode::ALL.iter().map(|code| Code::Health(*code));
        let states = ObjectState::ALL.iter().map(|state| Code::State(*state));
        let findings = FindingCode::ALL.iter().map(|code| Code::Finding(*code));
        let codes: Vec<Code> = health.chain(states).chain(findings).collect();
        let explained: Vec<String> = words(codes.iter().copied())
            .into_iter()
            .map(|word| word.anchor)
            .collect();
        let linked: Vec<String> = codes.into_iter().map(Code::anchor).collect();
        assert_eq!(explained, linked);
    }
}
