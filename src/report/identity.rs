//! The identity of every part of a report, and since when each is known to be so.

use crate::model::{Finding, Fingerprint, Health, ReleaseReport, Report, Since, Tracked};
use crate::vocabulary::SinceSource;

use super::urgency::is_about_the_operation;

/// Gives every release, health entry, object and finding its fingerprint, and the time that the cluster itself tells.
///
/// A field manager's entry has the time of its last write. The field is at least that old, unless the manager has written
/// another one since.
pub fn identify(report: &mut Report) {
    for release in &mut report.releases {
        let since: Vec<_> = release
            .health
            .iter()
            .map(|entry| since_of_health(release, entry))
            .collect();
        release.tracked = Tracked::default();
        for (entry, since) in release.health.iter_mut().zip(since) {
            entry.tracked = known(since);
        }
        for object in &mut release.objects {
            object.tracked = Tracked::default();
            for finding in &mut object.findings {
                finding.tracked = known(since_of_finding(finding));
            }
        }
    }
    fingerprint(report);
}

/// Gives every part its fingerprint by its names and that of the cluster, whatever it had before: a report that was stored may
/// have been given another name.
pub fn fingerprint(report: &mut Report) {
    let cluster = report.cluster.name.clone();
    for release in &mut report.releases {
        let names = release.names(&cluster);
        let of_release = Fingerprint::of_release(names);
        let health = release.health.iter();
        let health: Vec<_> = health
            .map(|entry| Fingerprint::of_health(names, entry.code.as_str()))
            .collect();
        let objects = release.objects.iter().map(|object| {
            let own = Fingerprint::of_object(names, object.names());
            let findings = object.findings.iter();
            let findings =
                findings.map(|finding| Fingerprint::of_finding(names, object.names(), &finding.path));
            (own, findings.collect::<Vec<_>>())
        });
        let objects: Vec<_> = objects.collect();
        release.tracked.fingerprint = Some(of_release);
        for (entry, fingerprint) in release.health.iter_mut().zip(health) {
            entry.tracked.fingerprint = Some(fingerprint);
        }
        for (object, (own, findings)) in release.objects.iter_mut().zip(objects) {
            object.tracked.fingerprint = Some(own);
            for (finding, fingerprint) in object.findings.iter_mut().zip(findings) {
                finding.tracked.fingerprint = Some(fingerprint);
            }
        }
    }
}

/// What the cluster itself tells of something.
fn known(since: Option<Since>) -> Tracked {
    Tracked {
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
