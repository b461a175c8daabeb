//! The identity of everything that a report speaks of, from one run to the next and from one version to the next.
//!
//! A fingerprint is made of names only: where a release's records are stored, which object, which field. The
//! code, severity, values and writer of a finding are left out, because a difference whose writer becomes known is still
//! the same difference. The version of an API is left out, its group is not: the object stays the same when a chart
//! moves from `v1beta1` to `v1`. PagerDuty's keys are fingerprints already, so the recipe may never change.

use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};

use super::{Finding, Health, ObjectReport, ReleaseReport, Report};
use crate::object::Gvk;

/// The identity of a release, a health entry, an object or a finding: a SHA-256 of its names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of an identity with these parts. Each part is preceded by its length, so that no two lists of
    /// parts are the same bytes.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut hex = String::new();
        for byte in hash.finalize() {
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }

    /// The fingerprint of a release, by where the API server says its records are: the content of a record could name
    /// somebody else's release.
    pub fn release(report: &Report, release: &ReleaseReport) -> Self {
        Self::of(["release"].into_iter().chain(release_parts(report, release)))
    }

    /// The fingerprint of an entry on a release's health.
    pub fn health(report: &Report, release: &ReleaseReport, health: &Health) -> Self {
        let parts = ["health"].into_iter().chain(release_parts(report, release));
        Self::of(parts.chain([health.code.as_str()]))
    }

    /// The fingerprint of an object of a release.
    pub fn object(report: &Report, release: &ReleaseReport, object: &ObjectReport) -> Self {
        let gvk = Gvk::new(&*object.api_version, &*object.kind);
        let parts = ["object"].into_iter().chain(release_parts(report, release));
        Self::of(parts.chain(object_parts(object, &gvk)))
    }

    /// The fingerprint of a difference in one field of an object.
    pub fn finding(
        report: &Report,
        release: &ReleaseReport,
        object: &ObjectReport,
        finding: &Finding,
    ) -> Self {
        let gvk = Gvk::new(&*object.api_version, &*object.kind);
        let parts = ["finding"].into_iter().chain(release_parts(report, release));
        Self::of(parts.chain(object_parts(object, &gvk)).chain([&*finding.path]))
    }
}

impl fmt::Display for Fingerprint {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn release_parts<'r>(report: &'r Report, release: &'r ReleaseReport) -> [&'r str; 4] {
    let storage = &release.storage;
    [
        &report.cluster.name,
        &storage.driver,
        &storage.namespace,
        &release.name,
    ]
}

fn object_parts<'o>(object: &'o ObjectReport, gvk: &'o Gvk) -> [&'o str; 4] {
    [
        gvk.group(),
        &object.kind,
        object.namespace.as_deref().unwrap_or_default(),
        &object.name,
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::report::fixtures::{drifted, finding, object, release};
    use crate::vocabulary::{FindingCode, HealthCode, HealthSeverity, Severity};

    /// Receivers keep fingerprints from run to run and from version to version: they may never change.
    #[test]
    fn fingerprints_are_stable() {
        assert_eq!(
            Fingerprint::of(["release", "prod", "secret", "shop", "web"]).to_string(),
            "e9e98c845ac160f9a2ab4e844ddc128bf065fc765780d045cacf4aaf11425eea"
        );
    }

    #[test]
    fn crafted_names_do_not_collide() {
        assert_ne!(Fingerprint::of(["ab", "c"]), Fingerprint::of(["a", "bc"]));
        assert_ne!(Fingerprint::of(["a", ""]), Fingerprint::of(["a"]));
    }

    #[test]
    fn every_release_object_finding_and_health_entry_has_its_own_fingerprint() {
        let (report, release) = (drifted(), release("shop", "web"));
        let health = |code| {
            let entry = release.clone().with_health(code, HealthSeverity::Warning);
            Fingerprint::health(&report, &release, &entry.health[0])
        };
        let (deployment, service) = (
            object("apps/v1", "Deployment", "shop", "web"),
            object("v1", "Service", "shop", "web"),
        );
        let (replicas, paused) = (
            finding(FindingCode::Changed, "/spec/replicas", None, None),
            finding(FindingCode::Changed, "/spec/paused", None, None),
        );
        let all = [
            Fingerprint::release(&report, &release),
            health(HealthCode::Stuck),
            health(HealthCode::HookFailed),
            Fingerprint::object(&report, &release, &deployment),
            Fingerprint::object(&report, &release, &service),
            Fingerprint::finding(&report, &release, &deployment, &replicas),
            Fingerprint::finding(&report, &release, &deployment, &paused),
            Fingerprint::finding(&report, &release, &service, &paused),
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn code_values_and_api_version_do_not_change_a_fingerprint() {
        let (report, release) = (drifted(), release("shop", "web"));
        let was = object("autoscaling/v2beta1", "HorizontalPodAutoscaler", "shop", "web");
        let is = object("autoscaling/v2", "HorizontalPodAutoscaler", "shop", "web");
        let before = finding(FindingCode::Changed, "/spec/maxReplicas", None, None);
        let after = Finding {
            code: FindingCode::Overwritten,
            severity: Severity::Info,
            redacted: true,
            ..before.clone()
        };
        assert_eq!(
            Fingerprint::finding(&report, &release, &was, &before),
            Fingerprint::finding(&report, &release, &is, &after)
        );
    }
}
