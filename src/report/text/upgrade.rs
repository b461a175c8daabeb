//! The effect of the next `helm upgrade`, in words. It is what a reader has to know before the upgrade, so it is the
//! brightest word of its line.

use serde_json::Value;

use super::TextOptions;
use super::change::{REDACTED, VALUE_LIMIT};
use super::line::Line;
use super::safe::Safe;
use super::value::show;
use crate::model::{Finding, Health, ObjectReport, ReleaseReport};
use crate::report::summary::upgrade_fails_for_certain;
use crate::report::urgency::Trouble;
use crate::report::words::{field_effect, object_effect};
use crate::vocabulary::{HealthCode, NextUpgrade, ObjectState};

/// How much of a reason is shown in a line.
const REASON_LIMIT: usize = 200;

/// The effect on a field; `None` where there is nothing to say.
pub(in crate::report) fn of_field(finding: &Finding, options: &TextOptions) -> Option<Line> {
    let mut line = said(
        finding.next_upgrade,
        finding.next_upgrade.map(field_effect),
        finding.next_upgrade_reason.as_deref(),
        options,
    )?;
    if finding.next_upgrade == Some(NextUpgrade::Becomes) {
        let value = afterwards(finding, options);
        line.plain(" ").push(options.palette.warn, value);
    }
    Some(line)
}

/// The effect on a whole object; `None` where there is nothing to say. Helm reverts nothing of an object as such but its
/// absence, also where an ignore rule covers that, and the owner that it names.
pub(in crate::report) fn of_object(object: &ObjectReport, options: &TextOptions) -> Option<Line> {
    said(
        object.next_upgrade,
        object.next_upgrade.map(|next| object_effect(next, object.state)),
        object.next_upgrade_reason.as_deref(),
        options,
    )
}

/// The effect on the worst trouble of a release, in a word; an upgrade that fails anywhere fails, and one that may fail
/// anywhere may.
pub(in crate::report) fn of_release(
    release: &ReleaseReport,
    worst: Option<Trouble<'_>>,
) -> Option<&'static str> {
    if is_refused(release) {
        return Some(PENDING);
    }
    let blocks = |entry: &&Health| entry.code == HealthCode::UpgradeBlocked;
    let blocked = release.health.iter().find(blocks);
    // An upgrade has to build the deployed manifest first.
    let is_unserved = release
        .health
        .iter()
        .any(|entry| entry.code == HealthCode::ApiRemoved);
    if is_unserved || blocked.is_some_and(upgrade_fails_for_certain) {
        return Some("fails");
    }
    let effect = worst.and_then(of_trouble);
    if blocked.is_some() && !effect.is_some_and(|(next, _)| next.is_some_and(NextUpgrade::is_failure)) {
        return Some(MAY_FAIL);
    }
    effect.map(|(_, word)| word)
}

/// The effect on one trouble, where it is known, and its word.
fn of_trouble(trouble: Trouble<'_>) -> Option<(Option<NextUpgrade>, &'static str)> {
    match trouble {
        Trouble::Health(_) => None,
        Trouble::Object(object) => match (object.next_upgrade, &object.next_upgrade_reason, object.state) {
            (Some(next), _, state) => Some((Some(next), object_effect(next, state))),
            (None, Some(_), _) | (None, None, ObjectState::Missing) => Some((None, UNKNOWN)),
            (None, None, _) => None,
        },
        Trouble::Field(_, finding) => match (finding.next_upgrade, &finding.next_upgrade_reason) {
            (Some(next), _) => Some((Some(next), field_effect(next))),
            (None, Some(_)) => Some((None, UNKNOWN)),
            (None, None) => None,
        },
    }
}

/// The word, and the reason where the word alone leaves a question open: the rule that refuses, and whose the field is.
fn said(
    next: Option<NextUpgrade>,
    word: Option<&'static str>,
    reason: Option<&str>,
    options: &TextOptions,
) -> Option<Line> {
    let palette = &options.palette;
    let mut line = Line::default();
    line.whole(palette.dim, "next upgrade: ");
    let reason = match next {
        None => Some(reason?),
        Some(NextUpgrade::Refused | NextUpgrade::Conflict) => reason,
        Some(NextUpgrade::Revert | NextUpgrade::Keep | NextUpgrade::Becomes) => None,
    };
    match next.zip(word) {
        Some((next, word)) => line.whole(palette.next_upgrade(next), word),
        None => line.whole(palette.warn, UNKNOWN),
    };
    if let Some(reason) = reason {
        let reason = Safe::of(reason, options.medium).cut(REASON_LIMIT);
        line.push(palette.dim, ": ").push(palette.dim, reason);
    }
    Some(line)
}

/// Whether Helm refuses every upgrade of a release, because an operation of it is pending (Helm: `pkg/action/upgrade.go`,
/// `prepareUpgrade`).
pub(super) fn is_refused(release: &ReleaseReport) -> bool {
    release.latest.status.starts_with("pending-")
}

/// The line about a release whose upgrades Helm refuses, above what they would do.
pub(in crate::report) fn refused_until(release: &ReleaseReport, options: &TextOptions) -> Option<Line> {
    if !is_refused(release) {
        return None;
    }
    let foretold = |object: &ObjectReport| {
        let mut findings = object.findings.iter();
        object.next_upgrade.is_some() || findings.any(|finding| finding.next_upgrade.is_some())
    };
    release.objects.iter().any(foretold).then(|| {
        let text = format!(
            "Helm refuses upgrades until the operation of revision {} is no longer pending; below stands what the first one after \
             that does",
            release.latest.revision
        );
        let mut line = Line::indented(6);
        line.push(options.palette.dim, "- ").plain(options.safe(&text));
        line
    })
}

/// What is said of a release whose upgrades Helm refuses.
const PENDING: &str = "refused (pending)";

/// What is said of a release whose upgrade fails unless its templates render what lives.
const MAY_FAIL: &str = "may fail";

/// What is said where the effect is not known.
const UNKNOWN: &str = "not known";

/// The value that a field has afterwards.
fn afterwards(finding: &Finding, options: &TextOptions) -> Safe {
    match &finding.becomes {
        Some(Value::Null) => Safe::from("(absent)"),
        Some(_) if finding.redacted => Safe::from(REDACTED),
        Some(value) => show(value, options.medium).cut(VALUE_LIMIT),
        None => Safe::from("(too large to show)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures;
    use crate::vocabulary::{FindingCode, HealthSeverity};
    use serde_json::json;

    fn finding(next: Option<NextUpgrade>, reason: Option<&str>, becomes: Option<Value>) -> Finding {
        let (desired, live) = (Some(json!(2)), Some(json!(4)));
        Finding {
            next_upgrade: next,
            next_upgrade_reason: reason.map(str::to_owned),
            becomes,
            ..fixtures::finding(FindingCode::Changed, "/spec/replicas", desired, live)
        }
    }

    fn shown(finding: &Finding) -> Option<String> {
        let line = of_field(finding, &TextOptions::PLAIN)?;
        let spans = line.spans().iter().map(|span| span.text.as_str().to_owned());
        Some(spans.collect())
    }

    #[test]
    fn each_effect_is_said_with_what_it_leaves_open() {
        use NextUpgrade::{Becomes, Conflict, Keep, Refused, Revert};
        for (next, reason, becomes, expected) in [
            (Some(Revert), None, None, "reverts"),
            (Some(Keep), None, None, "keeps"),
            (
                Some(Conflict),
                Some("owned by hpa"),
                None,
                "fails (conflict): owned by hpa",
            ),
            (Some(Becomes), None, Some(json!(1)), "becomes 1"),
            (Some(Becomes), None, Some(Value::Null), "becomes (absent)"),
            (Some(Becomes), None, None, "becomes (too large to show)"),
            (
                Some(Refused),
                Some("it is immutable"),
                None,
                "fails (refused): it is immutable",
            ),
            (
                None,
                Some("a webhook may change it"),
                None,
                "not known: a webhook may change it",
            ),
        ] {
            let shown = shown(&finding(next, reason, becomes)).unwrap();
            assert_eq!(shown, format!("next upgrade: {expected}"));
        }
        assert_eq!(shown(&finding(None, None, None)), None);
    }

    /// A table has a cell for it: the worst trouble's, unless the upgrade fails anyway.
    #[test]
    fn a_release_has_the_effect_on_its_worst_trouble() {
        let mut release = fixtures::drifted().releases.remove(0);
        let object = release.objects.remove(0);
        for (next, reason, expected) in [
            (Some(NextUpgrade::Revert), None, Some("reverts")),
            (None, Some("a webhook may change it"), Some("not known")),
            (None, None, None),
        ] {
            let finding = finding(next, reason, None);
            let worst = Some(Trouble::Field(&object, &finding));
            assert_eq!(of_release(&release, worst), expected);
        }
        assert_eq!(of_release(&release, None), None);
        let gone = crate::health::remark(HealthCode::ApiRemoved, HealthSeverity::Critical, String::new());
        release.health = vec![gone];
        assert_eq!(of_release(&release, None), Some("fails"));
        let code = HealthCode::UpgradeBlocked;
        let refused = finding(Some(NextUpgrade::Refused), Some("it is immutable"), None);
        let reverted = finding(Some(NextUpgrade::Revert), None, None);
        for (severity, expected) in [
            (HealthSeverity::Warning, ["fails"; 3]),
            (HealthSeverity::Info, ["may fail", "may fail", "fails (refused)"]),
        ] {
            let entry = crate::health::remark(code, severity, String::new());
            release.health = vec![entry];
            let troubles = [None, Some(&reverted), Some(&refused)];
            let said = troubles.map(|finding| {
                of_release(&release, finding.map(|finding| Trouble::Field(&object, finding))).unwrap()
            });
            assert_eq!(said, expected);
        }
    }

    #[test]
    fn a_hidden_value_stays_hidden() {
        let mut hidden = finding(Some(NextUpgrade::Becomes), None, Some(json!("hunter2")));
        hidden.redacted = true;
        assert_eq!(shown(&hidden).unwrap(), "next upgrade: becomes (redacted)");
    }
}
