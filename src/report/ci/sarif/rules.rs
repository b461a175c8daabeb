//! The rules of a log: the codes of driftline with all that `driftline explain` says of them.

use std::fmt::Write as _;

use serde_json::json;

use super::super::rule::Rule;
use super::super::severity::Level;
use super::level;
use super::log::{Configuration, ReportingDescriptor, Text};
use crate::report::links::CodesUrl;

/// Every rule, with its place on the page of codes, if there is one.
pub(super) fn descriptors(codes: Option<&CodesUrl>) -> Vec<ReportingDescriptor> {
    Rule::all().iter().map(|rule| descriptor(*rule, codes)).collect()
}

fn descriptor(rule: Rule, codes: Option<&CodesUrl>) -> ReportingDescriptor {
    let explanation = rule.explanation().map(|explanation| explanation.to_string());
    ReportingDescriptor {
        id: rule.to_string(),
        name: pascal_case(&rule.to_string()),
        short_description: Text::plain(sentence(rule.message())),
        full_description: Text::plain(
            explanation
                .as_deref()
                .map_or_else(|| sentence(rule.message()), first_paragraph),
        ),
        help: explanation.map(|text| Text {
            markdown: Some(markdown(&text)),
            text,
        }),
        help_uri: codes.map(|page| page.of(&rule.to_string())),
        default_configuration: Configuration {
            level: level(rule.level()),
        },
        properties: Some(json!({
            "precision": "high",
            "problem.severity": problem_severity(rule.level()),
            "tags": ["helm", "kubernetes", "drift", rule.part()],
        })),
    }
}

/// GitHub's word for the severity of a rule.
const fn problem_severity(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "recommendation",
    }
}

/// A name as programs have them: `FindingChanged`.
pub(super) fn pascal_case(id: &str) -> String {
    let capital = |part: &str| {
        let mut characters = part.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(characters).collect::<String>()
    };
    id.split('-').map(capital).collect()
}

/// The meaning of a code as a sentence of its own.
pub(super) fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    full_stop(&first.into_iter().chain(characters).collect::<String>())
}

/// A sentence with its end, which may begin with a name.
pub(super) fn full_stop(sentence: &str) -> String {
    let end = if sentence.ends_with(['.', '!', '?', '…']) {
        ""
    } else {
        "."
    };
    format!("{sentence}{end}")
}

/// The first paragraph below the heading of an explanation.
fn first_paragraph(explanation: &str) -> String {
    let paragraph = explanation.lines().skip(2).take_while(|line| !line.is_empty());
    paragraph.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The heading of the section with a line that the program printed.
const EXAMPLE: &str = "Example";

/// An explanation as Markdown: lines that begin at the margin are headings, and commands and examples are code.
fn markdown(explanation: &str) -> String {
    let mut text = String::new();
    let mut is_example = false;
    // Its first line is the code, which the rule has.
    for line in explanation.lines().skip(2) {
        let is_code = line.starts_with("    $ ") || (is_example && line.starts_with(' '));
        // Writing to a String cannot fail.
        let _ = if line.is_empty() {
            writeln!(text)
        } else if is_code {
            writeln!(text, "\n```\n{}\n```\n", line.trim().trim_start_matches("$ "))
        } else if line.starts_with(' ') {
            writeln!(text, "{}", escape(line.trim()))
        } else {
            is_example = line == EXAMPLE;
            writeln!(text, "### {line}\n")
        };
    }
    text
}

/// Words that Markdown would take for more than words. The texts are the program's own.
fn escape(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for ch in line.chars() {
        if matches!(ch, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|') {
            escaped.push('\\');
        }
        escaped.push(ch);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::vocabulary::{FindingCode, HealthCode, ObjectState};

    #[test]
    fn every_code_and_every_state_that_is_a_problem_has_a_rule() {
        let rules = descriptors(None);
        let ids: HashSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(ids.len(), rules.len());
        for code in FindingCode::ALL {
            assert!(ids.contains(&*format!("finding-{code}")), "{code}");
        }
        for code in HealthCode::ALL {
            assert!(ids.contains(&*format!("health-{code}")), "{code}");
        }
        for state in ObjectState::ALL
            .iter()
            .filter(|state| **state != ObjectState::InSync)
        {
            assert!(ids.contains(&*format!("state-{state}")), "{state}");
        }
    }

    #[test]
    fn a_rule_says_what_explain_says() {
        let rules = descriptors(Some(&"https://example.com/codes".parse().unwrap()));
        for (rule, known) in rules.iter().zip(Rule::all()) {
            let help = rule.help.as_ref().unwrap();
            let guidance = known.explanation().unwrap().guidance;
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let markdown = help.markdown.as_ref().unwrap().replace('\\', "");
            for part in [
                guidance.details,
                guidance.arises,
                guidance.remedy,
                guidance.next_upgrade,
            ] {
                let part = part.replace("$ ", "");
                let has = |text: &str| {
                    words(&text.replace("$ ", "").replace("```", ""))
                        .join(" ")
                        .contains(&words(&part).join(" "))
                };
                assert!(has(&help.text), "{}: {part}", rule.id);
                assert!(has(&markdown), "{}: {part}\n{markdown}", rule.id);
            }
            assert_eq!(
                rule.help_uri.as_deref(),
                Some(&*format!("https://example.com/codes#{}", rule.id))
            );
            assert!(
                rule.full_description.text.ends_with('.'),
                "{}",
                rule.full_description.text
            );
            let tags = rule.properties.as_ref().unwrap()["tags"]
                .as_array()
                .unwrap()
                .len();
            assert!(tags <= 10, "{tags}");
        }
        assert!(descriptors(None).iter().all(|rule| rule.help_uri.is_none()));
    }

    #[test]
    fn commands_and_examples_are_code() {
        let rules = descriptors(None);
        let missing = rules.iter().find(|rule| rule.id == "state-foreign").unwrap();
        let markdown = missing.help.as_ref().unwrap().markdown.as_ref().unwrap();
        assert!(markdown.contains("```\nkubectl label KIND NAME"), "{markdown}");
        assert!(markdown.contains("### What to do\n"), "{markdown}");
        assert_eq!(markdown.matches("```").count() % 2, 0);
    }
}
