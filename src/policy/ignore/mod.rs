//! Differences and objects that the operator leaves out: by rules of the settings, and by an annotation on the objects.
//!
//! Ignoring is a verdict like any other: ignored differences and objects stay in the report with the rule that took
//! them, are counted per rule, and are listed on request. So nobody can silence driftline without a trace, and a rule
//! that has nothing left to ignore can be found and removed. The first rule that matches takes a finding; the
//! annotation comes after the rules. An object that could not be read is never ignored: nobody knows what it is.
//!
//! The annotation counts only if the settings name its key: otherwise everybody who may edit an object could hide their
//! changes to it. On an object that is not this release's it never counts.

mod annotation;
pub mod condition;
mod rule;
mod selector;

use serde_json::Value;

use self::annotation::{OptOut, PATTERNS, WILDCARDS};
pub use self::rule::Rule;
pub use self::selector::{Selector, SelectorError};
use crate::compare::path::FieldPath;
use crate::model::{Finding, IgnoredBy, IgnoredCount, ObjectReport};
use crate::object::ObjectKey;
use crate::policy::redact::Redaction;
use crate::vocabulary::ObjectState;

/// The ignore rules of the settings.
#[derive(Debug, Clone, Default)]
pub struct IgnoreRules {
    /// The rules, in the order of the settings.
    pub rules: Vec<Rule>,
    /// The key of the annotation by which an object opts out; without one no annotation does.
    pub annotation: Option<String>,
}

/// The rules and the annotation that apply to one object.
#[derive(Debug)]
pub struct ApplicableRules<'r> {
    /// The rules that cover the object, with their numbers.
    rules: Vec<(usize, &'r Rule)>,
    opt_out: OptOut,
    annotation: &'r str,
}

impl IgnoreRules {
    /// The rules that apply to an object of a release; a missing object has no live one.
    pub fn on(&self, object: &ObjectKey, release: &str, live: Option<&Value>) -> ApplicableRules<'_> {
        let rules = self.rules.iter().zip(1..);
        let annotation = self.annotation.as_deref().unwrap_or_default();
        let value = live
            .filter(|_| !annotation.is_empty())
            .and_then(|live| live.pointer("/metadata/annotations")?.get(annotation));
        ApplicableRules {
            rules: rules
                .filter(|(rule, _)| rule.covers(object, release, live))
                .map(|(rule, number)| (number, rule))
                .collect(),
            opt_out: value.map_or(OptOut::Nothing, OptOut::read),
            annotation,
        }
    }

    /// An entry for each rule, and one for the annotation if it is in use, that has counted nothing yet. Secrets in the
    /// words of a rule are not repeated: its paths may come from an object.
    pub fn counts(&self, redaction: &Redaction) -> Vec<IgnoredCount> {
        let count = |rule, description, reason| IgnoredCount {
            rule,
            description,
            reason,
            findings: 0,
            objects: 0,
            idle: None,
            idle_in_shard: None,
        };
        let rules = self.rules.iter().zip(1..);
        let rules = rules.map(|(rule, number)| {
            let reason = rule.reason.as_ref().map(|reason| redaction.shown_text(reason));
            count(IgnoredBy::Rule(number), rule.description(redaction), reason)
        });
        let annotation = self.annotation.iter();
        rules
            .chain(annotation.map(|key| count(IgnoredBy::Annotation, format!("annotation {key}"), None)))
            .collect()
    }
}

impl ApplicableRules<'_> {
    /// The rule or annotation that ignores a difference. The finding must have its writer already.
    pub fn finding(&self, path: &FieldPath, finding: &Finding) -> Option<IgnoredBy> {
        let rule = self.taking(path, finding).next();
        let is_annotated = match &self.opt_out {
            OptOut::Whole => true,
            OptOut::Fields(patterns) => patterns.iter().any(|pattern| pattern.matches(path)),
            OptOut::Nothing | OptOut::Unreadable(_) | OptOut::Excessive => false,
        };
        rule.map(IgnoredBy::Rule)
            .or(is_annotated.then_some(IgnoredBy::Annotation))
    }

    /// The rules that would ignore a difference if an earlier one did not.
    pub fn shadowed(&self, path: &FieldPath, finding: &Finding) -> impl Iterator<Item = usize> {
        self.taking(path, finding).skip(1)
    }

    /// The rules that take a difference, the first of which ignores it.
    fn taking(&self, path: &FieldPath, finding: &Finding) -> impl Iterator<Item = usize> {
        let manager = finding.actor.as_ref().map(|actor| actor.manager.as_str());
        let rules = self.rules.iter();
        rules
            .filter(move |(_, rule)| rule.takes(path, manager, finding.code))
            .map(|(number, _)| *number)
    }

    /// The steps for trying the annotation's patterns on a place: they are whoever's may edit the object. The rules are
    /// the operator's own.
    pub fn steps(&self, path: &FieldPath) -> usize {
        match &self.opt_out {
            OptOut::Fields(patterns) => patterns.iter().map(|pattern| pattern.steps(path)).sum(),
            OptOut::Whole | OptOut::Nothing | OptOut::Unreadable(_) | OptOut::Excessive => 0,
        }
    }

    /// The report of an object whose findings have been through [`ApplicableRules::finding`], with its state as the
    /// rules and the annotation leave it.
    #[must_use]
    pub fn object(&self, mut report: ObjectReport) -> ObjectReport {
        let annotated = (self.opt_out == OptOut::Whole).then_some(IgnoredBy::Annotation);
        let ignored_by = match report.state {
            ObjectState::Unknown | ObjectState::Ignored => return report,
            ObjectState::Missing | ObjectState::Foreign => self.whole(),
            ObjectState::Terminating | ObjectState::Leftover => self.whole().or(annotated),
            ObjectState::InSync | ObjectState::Drifted => annotated,
        };
        if let Some(by) = ignored_by {
            let was = (report.state.is_drift()).then(|| match report.reason.take() {
                Some(reason) => format!("{}: {reason}", report.state),
                None => report.state.to_string(),
            });
            let ignored = match by {
                IgnoredBy::Rule(number) => format!("ignored by rule {number}"),
                IgnoredBy::Annotation => format!("ignored by its annotation {}", self.annotation),
            };
            report.reason = Some(was.map_or_else(|| ignored.clone(), |was| format!("{was}; {ignored}")));
            report.state = ObjectState::Ignored;
            report.ignored_by = Some(by);
            report.shadowed_rules.extend(self.whole_rules().skip(1));
        } else if report.state == ObjectState::InSync {
            report.state = report.state_by_findings();
        }
        let problem = match &self.opt_out {
            OptOut::Nothing | OptOut::Whole | OptOut::Fields(_) => return report,
            OptOut::Unreadable(entry) => {
                format!("entry {entry} is neither `true` nor a path such as /spec/replicas")
            }
            OptOut::Excessive => format!("it has more than {PATTERNS} paths or {WILDCARDS} wildcards"),
        };
        if report.state != ObjectState::Foreign {
            let annotation = self.annotation;
            report.add_reason(&format!("its annotation {annotation} ignores nothing: {problem}"));
        }
        report
    }

    /// The rule that covers the object itself and not only some of its differences.
    fn whole(&self) -> Option<IgnoredBy> {
        self.whole_rules().next().map(IgnoredBy::Rule)
    }

    fn whole_rules(&self) -> impl Iterator<Item = usize> {
        let rules = self.rules.iter().filter(|(_, rule)| rule.is_whole());
        rules.map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests;
