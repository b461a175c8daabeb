//! What a run proves: which releases it read as a whole, and whether nothing is left to alert of.
//!
//! A receiver that keeps alerts open closes one only for what this run evaluated. A run that found no release, failed, was
//! stopped or could not read everything proves little, and a release that was not compared keeps its alert.

use crate::model::{ReleaseReport, Report};
use crate::state::SharedRelease;
use crate::vocabulary::{Outcome, Verdict};

/// Whether the run read everything that it was meant to read.
pub(super) fn is_complete(report: &Report) -> bool {
    let releases = &report.summary.releases;
    let is_whole = match report.outcome {
        Outcome::Clean | Outcome::Drift => true,
        Outcome::Incomplete | Outcome::Error => false,
    };
    is_whole
        && report.stopped.is_none()
        && report.errors.is_empty()
        && releases.incomplete == 0
        && releases.unreadable == 0
        && report.summary.objects.unknown == 0
}

/// Whether the run proves that nothing is left to alert of: it read everything, and found releases, of which each is the one
/// that it claims to be. A cluster without any release is more often an answer that is none than a cluster from which
/// everything was uninstalled.
pub(super) fn is_proof_of_calm(report: &Report) -> bool {
    is_complete(report) && !report.releases.is_empty() && !report.releases.iter().any(is_in_doubt)
}

/// Whether a release was not read as a whole, may be another one than it says, is about to become another one, or has
/// something wrong, or unread, that is not told to this receiver, although no object of it drifted.
pub(super) fn is_in_doubt(release: &ReleaseReport) -> bool {
    release.has_unsettled || SharedRelease::whole(release).is_in_doubt()
}

/// Whether a release was compared as a whole, in a run that was itself in order, and nothing is wrong with it.
pub(super) fn is_resolved(report: &Report, release: &ReleaseReport) -> bool {
    release.verdict == Verdict::Clean && release.baseline.is_some() && is_evaluated(report, release)
}

/// Whether what a report says of a release is all that there is to say: it was read as a whole, in a run that was itself in
/// order.
pub(super) fn is_evaluated(report: &Report, release: &ReleaseReport) -> bool {
    !is_in_doubt(release) && report.stopped.is_none() && report.outcome != Outcome::Error
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use secrecy::SecretString;
    use serde_json::Value;

    use super::*;
    use crate::model::Report;
    use crate::notify::digest::{Beside, Digest, Level};
    use crate::notify::pagerduty::settings::{PagerDutyScope, PagerDutyService};
    use crate::notify::settings::Transport;
    use crate::notify::webhook::message::Message;
    use crate::notify::webhook::settings::{Webhook, WebhookBody};
    use crate::notify::{Notice, Sink as _};
    use crate::report::fixtures::{finding, object, release, report};
    use crate::report::identity::identify;
    use crate::state::{Occasion, Part, PartRequest, Salt, Share, State, Telling, without_memory};
    use crate::vocabulary::{FindingCode, HealthCode, HealthSeverity, ObjectState};

    /// Releases of which something was not read, or that are about to become others.
    fn not_read() -> Vec<ReleaseReport> {
        let web = || release("shop", "web");
        let unknown = || object("v1", "Service", "shop", "web").in_state(ObjectState::Unknown);
        let changed = object("apps/v1", "Deployment", "shop", "web").drifted([finding(
            FindingCode::Changed,
            "/spec/replicas",
            None,
            None,
        )]);
        vec![
            web()
                .with_health(HealthCode::FailedInstall, HealthSeverity::Critical)
                .with_health(HealthCode::NoBaseline, HealthSeverity::Warning),
            web().with_health(HealthCode::Undecodable, HealthSeverity::Critical),
            web().with_health(HealthCode::IdentityMismatch, HealthSeverity::Warning),
            web().with_health(HealthCode::ChangedDuringScan, HealthSeverity::Warning),
            web().with_health(HealthCode::InProgress, HealthSeverity::Warning),
            web().with_objects([unknown()]),
            web().with_objects([unknown(), changed]),
        ]
    }

    fn request(report: &Report, share: Share) -> PartRequest<'_> {
        let releases = report.releases.iter();
        PartRequest {
            sink: "slack",
            report,
            releases: releases.map(|release| SharedRelease { release, share }).collect(),
            errors: Vec::new(),
        }
    }

    /// The events of PagerDuty for a part, by their action.
    fn events(part: &Part, scope: PagerDutyScope) -> Vec<String> {
        let mut service = PagerDutyService::try_new(&SecretString::from("k".repeat(32))).unwrap();
        service.scope = scope;
        let digest = Digest::of(&part.report, Beside::of(part));
        let events = service
            .preview(&Notice::without_memory(&part.report, &digest))
            .unwrap();
        let action = |event: &Value| event["event_action"].as_str().unwrap().to_owned();
        events.iter().map(action).collect()
    }

    /// The releases that a webhook's report says are in order.
    fn clean_releases(part: &Part) -> usize {
        let url = SecretString::from("https://example.com");
        let mut webhook = Webhook::try_new(&url, Transport::HttpsOnly).unwrap();
        webhook.body = WebhookBody::Report;
        let digest = Digest::of(&part.report, Beside::of(part));
        let notice = Notice::without_memory(&part.report, &digest);
        let message = Message::of_scan(&notice, &webhook).unwrap();
        let body: Value = serde_json::from_str(&message.body).unwrap();
        body["releases"].as_array().unwrap().len()
    }

    #[test]
    fn what_was_not_read_of_a_release_for_others_is_not_told_and_resolves_nothing() {
        for release in not_read() {
            let report = report(vec![release.clone()]);
            let part = without_memory(&request(&report, Share::Over));
            let digest = Digest::of(&part.report, Beside::of(&part));
            assert!(digest.unread.is_empty() && digest.news.is_empty(), "{digest:?}");
            assert_eq!(digest.level, Level::Clean, "{release:?}");
            assert!(
                !is_resolved(&part.report, &part.report.releases[0]),
                "{release:?}"
            );
            for scope in [PagerDutyScope::Cluster, PagerDutyScope::Release] {
                assert_eq!(events(&part, scope), [""; 0], "{release:?}");
            }
            assert_eq!(clean_releases(&part), 0, "{release:?}");
        }
        // What was read and is critical for others is over for this receiver.
        let stuck = release("shop", "web").with_health(HealthCode::Stuck, HealthSeverity::Critical);
        let report = report(vec![stuck]);
        let part = without_memory(&request(&report, Share::Over));
        assert_eq!(events(&part, PagerDutyScope::Cluster), ["resolve"]);
        assert_eq!(clean_releases(&part), 1);
    }

    #[test]
    fn a_release_without_a_revision_is_told_to_whoever_it_is_for() {
        let report = report(vec![not_read().remove(0)]);
        let part = without_memory(&request(&report, Share::Whole));
        let digest = Digest::of(&part.report, Beside::of(&part));
        let lines = format!("{:?}", digest.unread);
        assert!(lines.contains(HealthCode::NoBaseline.message()), "{lines}");
    }

    #[test]
    fn a_release_that_others_hear_of_now_is_not_called_read_again() {
        use Occasion::{Changed, Unchanged};
        let mut state = State::fresh("prod", Salt::new([7; 16]));
        let unread = || release("shop", "web").with_health(HealthCode::NoBaseline, HealthSeverity::Warning);
        let stuck = || unread().with_health(HealthCode::FailedInstall, HealthSeverity::Critical);
        let mut said = Vec::new();
        for (hours, release, share) in [
            (0, unread(), Share::Whole),
            (1, stuck(), Share::Over),
            // No reminder of what the receiver is not told of.
            (48, stuck(), Share::Over),
            (49, release("shop", "web"), Share::Over),
        ] {
            let mut report = report(vec![release]);
            report.started_at += TimeDelta::hours(hours);
            report.finished_at = report.started_at;
            identify(&mut report);
            state.compare(&mut report);
            let part = state.part(&request(&report, share), &Telling::default());
            said.push((part.occasion, part.is_unread_new, part.is_read_again));
            state.delivered(part.receipt, None);
        }
        assert_eq!(
            said,
            [
                (Changed, true, false),
                (Unchanged, false, false),
                (Unchanged, false, false),
                (Changed, false, true)
            ]
        );
    }
}
