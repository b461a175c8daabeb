//! The identity of everything that a report speaks of, from one run to the next and from one version to the next.
//!
//! A fingerprint is made of names only: where a release's records are stored, which object, which field. The
//! code, severity, values and writer of a finding are left out, because a difference whose writer becomes known is still
//! the same difference. The version of an API is left out, its group is not: the object stays the same when a chart
//! moves from `v1beta1` to `v1`. PagerDuty's keys are fingerprints already, so the recipe may never change.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use super::{Finding, Health, ObjectReport, ReleaseReport, Report, Storage};
use crate::object::Gvk;

/// The identity of a release, a health entry, an object or a finding: a SHA-256 of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

/// The names of a release, which are the beginning of every fingerprint of something in it.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseNames<'n> {
    /// The cluster.
    pub cluster: &'n str,
    /// Where the records of the release are kept.
    pub storage: &'n Storage,
    /// The release's name.
    pub name: &'n str,
}

/// The names of an object of a release.
#[derive(Debug, Clone, Copy)]
pub struct ObjectNames<'n> {
    /// The API version, of which the group counts.
    pub api_version: &'n str,
    /// The kind.
    pub kind: &'n str,
    /// The namespace.
    pub namespace: Option<&'n str>,
    /// The name.
    pub name: &'n str,
}

impl Fingerprint {
    /// The fingerprint of an identity with these parts. Each part is preceded by its length, so that no two lists of
    /// parts are the same bytes.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The fingerprint of a release, by where the API server says its records are: the content of a record could name
    /// somebody else's release.
    pub fn of_release(release: ReleaseNames<'_>) -> Self {
        Self::of(["release"].into_iter().chain(release.parts()))
    }

    /// The fingerprint of an entry with this code on a release's health.
    pub fn of_health(release: ReleaseNames<'_>, code: &str) -> Self {
        let parts = ["health"].into_iter().chain(release.parts());
        Self::of(parts.chain([code]))
    }

    /// The fingerprint of an object of a release.
    pub fn of_object(release: ReleaseNames<'_>, object: ObjectNames<'_>) -> Self {
        let gvk = object.gvk();
        let parts = ["object"].into_iter().chain(release.parts());
        Self::of(parts.chain(object.parts(&gvk)))
    }

    /// The fingerprint of a difference at a path of an object.
    pub fn of_finding(release: ReleaseNames<'_>, object: ObjectNames<'_>, path: &str) -> Self {
        let gvk = object.gvk();
        let parts = ["finding"].into_iter().chain(release.parts());
        Self::of(parts.chain(object.parts(&gvk)).chain([path]))
    }

    /// The fingerprint of a release of a report.
    pub fn release(report: &Report, release: &ReleaseReport) -> Self {
        Self::of_release(release.names(&report.cluster.name))
    }

    /// The fingerprint of a health entry of a report.
    pub fn health(report: &Report, release: &ReleaseReport, health: &Health) -> Self {
        Self::of_health(release.names(&report.cluster.name), health.code.as_str())
    }

    /// The fingerprint of an object of a report.
    pub fn object(report: &Report, release: &ReleaseReport, object: &ObjectReport) -> Self {
        Self::of_object(release.names(&report.cluster.name), object.names())
    }

    /// The fingerprint of a finding of a report.
    pub fn finding(
        report: &Report,
        release: &ReleaseReport,
        object: &ObjectReport,
        finding: &Finding,
    ) -> Self {
        Self::of_finding(release.names(&report.cluster.name), object.names(), &finding.path)
    }
}

impl fmt::Display for Fingerprint {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hexadecimal digits")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| NoFingerprint)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NoFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl<'n> ReleaseNames<'n> {
    fn parts(self) -> [&'n str; 4] {
        [
            self.cluster,
            &self.storage.driver,
            &self.storage.namespace,
            self.name,
        ]
    }
}

impl ObjectNames<'_> {
    fn gvk(&self) -> Gvk {
        Gvk::new(self.api_version, self.kind)
    }

    fn parts<'n>(&'n self, gvk: &'n Gvk) -> [&'n str; 4] {
        [
            gvk.group(),
            self.kind,
            self.namespace.unwrap_or_default(),
            self.name,
        ]
    }
}

impl ReleaseReport {
    /// The names that identify it in a cluster of this name, or in its own where the report is of several.
    pub fn names<'n>(&'n self, cluster: &'n str) -> ReleaseNames<'n> {
        ReleaseNames {
            cluster: self.of_cluster.as_deref().unwrap_or(cluster),
            storage: &self.storage,
            name: &self.name,
        }
    }
}

impl ObjectReport {
    /// The names that identify it in its release.
    pub fn names(&self) -> ObjectNames<'_> {
        ObjectNames {
            api_version: &self.api_version,
            kind: &self.kind,
            namespace: self.namespace.as_deref(),
            name: &self.name,
        }
    }
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
