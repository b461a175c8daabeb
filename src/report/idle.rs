//! Ignore rules that left nothing out: mistaken, no longer needed, or behind a rule that takes everything first.
//!
//! Only a scan that read everything which a rule covers can tell. Of a part of the cluster, a rule for another part is no
//! mistake, and in a release that could not be read there may be what the rule is about.

use super::summary::has_unread_records;
use crate::model::{IgnoredBy, IgnoredCount, ObjectReport, ReleaseReport};
use crate::object::{Gvk, ObjectKey};
use crate::policy::ignore::Rule;
use crate::vocabulary::{IdleReason, ObjectState};

/// Says of each rule that left nothing out of these releases why. They have to be all releases of the cluster.
pub fn note_idle(counts: &mut [IgnoredCount], rules: &[Rule], releases: &[ReleaseReport]) {
    for (count, reason) in reasons(counts, rules, releases) {
        count.idle = reason;
    }
}

/// The same of all releases of one shard: a rule for another shard is no mistake, and only the reports of all together tell.
pub fn note_idle_in_shard(counts: &mut [IgnoredCount], rules: &[Rule], releases: &[ReleaseReport]) {
    for (count, reason) in reasons(counts, rules, releases) {
        count.idle_in_shard = reason;
    }
}

fn reasons<'c>(
    counts: &'c mut [IgnoredCount],
    rules: &[Rule],
    releases: &[ReleaseReport],
) -> impl Iterator<Item = (&'c mut IgnoredCount, Option<IdleReason>)> {
    let counts = counts.iter_mut().filter(|count| count.left_nothing_out());
    counts.filter_map(|count| {
        let IgnoredBy::Rule(number) = count.rule else {
            return None;
        };
        let rule = number.checked_sub(1).and_then(|at| rules.get(at));
        let reason = rule.and_then(|rule| idle_reason(number, rule, releases));
        Some((count, reason))
    })
}

fn idle_reason(number: usize, rule: &Rule, releases: &[ReleaseReport]) -> Option<IdleReason> {
    let mut objects = releases.iter().flat_map(|release| &release.objects);
    if objects.any(|object| object.shadowed_rules.contains(&number)) {
        Some(IdleReason::Shadowed)
    } else if releases.iter().any(|release| may_hide(rule, release)) {
        None
    } else {
        Some(IdleReason::MatchedNothing)
    }
}

/// Whether a release may have something that a rule covers and that was not read.
fn may_hide(rule: &Rule, release: &ReleaseReport) -> bool {
    let is_unread = |object: &ObjectReport| {
        let is_partly = object.state == ObjectState::Unknown || !object.left_out.is_empty();
        is_partly && rule.may_cover(&key(object), &release.name)
    };
    rule.is_for_release(&release.name)
        && (has_unread_records(release) || release.objects.iter().any(is_unread))
}

fn key(object: &ObjectReport) -> ObjectKey {
    ObjectKey {
        gvk: Gvk::new(object.api_version.as_str(), object.kind.as_str()),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::remark;
    use crate::policy::ignore::IgnoreRules;
    use crate::policy::redact::Redaction;
    use crate::report::fixtures::{object, release};
    use crate::vocabulary::{HealthCode, HealthSeverity};

    fn rule(kind: &str, release: Option<&str>) -> Rule {
        Rule {
            kind: Some(kind.parse().unwrap()),
            release: release.map(|release| release.parse().unwrap()),
            ..Rule::default()
        }
    }

    fn reasons(releases: &[ReleaseReport]) -> Vec<Option<IdleReason>> {
        let rules = vec![rule("Job", None), rule("Service", None), rule("Job", Some("api"))];
        let ignore = IgnoreRules {
            rules: rules.clone(),
            annotation: None,
        };
        let mut counts = ignore.counts(&Redaction::default());
        note_idle(&mut counts, &rules, releases);
        counts.into_iter().map(|count| count.idle).collect()
    }

    #[test]
    fn a_rule_is_idle_where_everything_that_it_covers_was_read() {
        let nothing = Some(IdleReason::MatchedNothing);
        let in_state = |kind, state| {
            vec![release("shop", "web").with_objects(vec![object("v1", kind, "shop", "a").in_state(state)])]
        };
        assert_eq!(reasons(&in_state("Job", ObjectState::InSync)), [nothing; 3]);
        // The object that was not read may be what the first rule is about.
        assert_eq!(
            reasons(&in_state("Job", ObjectState::Unknown)),
            [None, nothing, nothing]
        );
        let mut unread = in_state("Secret", ObjectState::InSync);
        let health = remark(HealthCode::Undecodable, HealthSeverity::Critical, String::new());
        unread[0].health.push(health);
        assert_eq!(reasons(&unread), [None, None, nothing]);
    }

    #[test]
    fn a_rule_behind_another_one_is_shadowed() {
        let mut releases = vec![release("shop", "web").with_objects(vec![object("v1", "Job", "shop", "a")])];
        releases[0].objects[0].shadowed_rules = vec![2];
        assert_eq!(
            reasons(&releases),
            [
                Some(IdleReason::MatchedNothing),
                Some(IdleReason::Shadowed),
                Some(IdleReason::MatchedNothing)
            ]
        );
    }
}
