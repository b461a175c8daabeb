//! The identity of every part of a report, and since when each is known to be so.

use crate::model::{Finding, Fingerprint, Health, ReleaseReport, Report, Since, Tracked};
use crate::vocabulary::SinceSource;

use super::urgency::is_about_the_operation;

/// Gives every release, health entry, object and finding its fingerprint, and the time that the cluster itself tells.
///
/// A field manager's entry has the time of its last write. The field is at least that old, unless the manager has written
/// another one since.
pub fn identify(report: &mut Report) {
    let cluster = report.cluster.name.clone();
    for release in &mut report.releases {
        let names = release.names(&cluster);
        let release_tracked = tracked(Fingerprint::of_release(names), None);
        let health: Vec<_> = release
            .health
            .iter()
            .map(|entry| {
                let fingerprint = Fingerprint::of_health(names, entry.code.as_str());
                tracked(fingerprint, since_of_health(release, entry))
            })
            .collect();
        let objects: Vec<_> = release
            .objects
            .iter()
            .map(|object| {
                let own = tracked(Fingerprint::of_object(names, object.names()), None);
                let findings = object.findings.iter().map(|finding| {
                    let fingerprint = Fingerprint::of_finding(names, object.names(), &finding.path);
                    tracked(fingerprint, since_of_finding(finding))
                });
                (own, findings.collect::<Vec<_>>())
            })
            .collect();
        release.tracked = release_tracked;
        for (entry, tracked) in release.health.iter_mut().zip(health) {
            entry.tracked = tracked;
        }
        for (object, (own, findings)) in release.objects.iter_mut().zip(objects) {
            object.tracked = own;
            for (finding, tracked) in object.findings.iter_mut().zip(findings) {
                finding.tracked = tracked;
            }
        }
    }
}

fn tracked(fingerprint: Fingerprint, since: Option<Since>) -> Tracked {
    Tracked {
        fingerprint: Some(fingerprint),
        since,
        ..Tracked::default()
    }
}

fn since_of_finding(finding: &Finding) -> Option<Since> {
    let time = finding.actor.as_ref()?.time?;
    Some(Since {
        time,
        from: SinceSource::ManagedFields,
    })
}

fn since_of_health(release: &ReleaseReport, entry: &Health) -> Option<Since> {
    let time = release
        .latest
        .deployed_at
        .filter(|_| is_about_the_operation(entry.code))?;
    Some(Since {
        time,
        from: SinceSource::Operation,
    })
}
