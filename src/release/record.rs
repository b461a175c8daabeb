//! A release record in memory.
//!
//! Helm's JSON is read in `release::wire`, the form in snapshots in `snapshot::release_file`. Most of a record is its
//! chart, of which only name, version, the fingerprints of CRDs and what its templates may render otherwise are kept.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::variations::Variations;

use crate::vocabulary::ApplyMethod;

/// The parts of a release record that driftline needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Release {
    /// The release's name.
    pub name: String,
    /// The namespace it installs into.
    pub namespace: String,
    /// The revision number.
    pub version: u64,
    /// Status and times.
    pub info: Info,
    /// The chart's name and version.
    pub chart: Option<ChartMeta>,
    /// The manifest that was applied; some real records have none.
    pub manifest: Option<String>,
    /// The hooks, which are not part of the manifest.
    pub hooks: Option<Vec<Hook>>,
    /// `ssa`, `csa` or empty; Helm 3 does not write it.
    pub apply_method: Option<String>,
    /// How large the stored value is, of at most 1 MiB; `None` where that is not known.
    pub stored_bytes: Option<u64>,
}

/// Status and times of a revision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Info {
    /// Helm's status.
    pub status: String,
    /// When this revision was applied, on the clock of whoever ran Helm.
    pub last_deployed: Option<DateTime<Utc>>,
    /// Helm's sentence on how the operation ended.
    pub description: String,
    /// The revision that a rollback goes back to; 0 where it is none, or Helm 3's, which does not say it.
    pub rollback_revision: u64,
}

/// A chart, of which only the metadata is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChartMeta {
    /// Name and version.
    pub metadata: Option<ChartName>,
    /// The definitions in its folder `crds/`, which Helm installs once and never upgrades: a fingerprint by file.
    pub crds: BTreeMap<String, CrdFingerprint>,
    /// What its templates may render otherwise the next time, from the same values.
    pub variations: Variations,
}

/// A chart's name and version.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartName {
    /// The chart's name.
    pub name: String,
    /// The chart's version.
    pub version: String,
}

/// The annotation of hooks, with the events that run them (Helm: `pkg/release/v1/hook.go`).
pub const HOOK_ANNOTATION: &str = "helm.sh/hook";

/// A hook: an object that Helm creates at certain events, outside of the manifest (Helm: `pkg/release/v1/hook.go`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hook {
    /// The object's name.
    pub name: String,
    /// The object's kind.
    pub kind: String,
    /// The events that run it, such as `pre-upgrade`.
    pub events: Vec<String>,
    /// When Helm deletes the object, such as `hook-succeeded`; without any it does so before it creates the next one.
    pub delete_policies: Vec<String>,
    /// Its last run in this revision.
    pub last_run: LastRun,
    /// The object as YAML. It may hold secrets, so it is dropped as soon as [`Hook::location`] is known.
    pub manifest: String,
    /// Where the object is, as its manifest says; `None` where the manifest cannot be read.
    pub location: Option<HookLocation>,
}

/// Where a hook's object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookLocation {
    /// Its API version.
    pub api_version: String,
    /// The namespace that its manifest names.
    pub namespace: Option<String>,
}

/// The last run of a hook; all empty where Helm did not run it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LastRun {
    /// When Helm created the object, on its own clock.
    pub started_at: Option<DateTime<Utc>>,
    /// When Helm saw it end, or gave up waiting.
    pub completed_at: Option<DateTime<Utc>>,
    /// `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
}

impl Release {
    /// What a record lacks that Helm writes into every one; `None` where it is whole.
    ///
    /// Helm leaves out what is empty (`omitempty` at every field of `Release` in `pkg/release/v1/release.go`), and of
    /// these nothing ever is: `Install.createRelease` sets them (`pkg/action/install.go`). A
    /// manifest may be empty, as that of a chart with nothing but hooks is.
    pub fn lacks(&self) -> Option<&'static str> {
        let is_chart_named = self.chart.as_ref().is_some_and(|chart| {
            chart
                .metadata
                .as_ref()
                .is_some_and(|chart| !chart.name.is_empty())
        });
        if self.name.is_empty() {
            Some("name")
        } else if self.version == 0 {
            Some("revision")
        } else if self.info.status.is_empty() {
            Some("status")
        } else if !is_chart_named {
            Some("chart")
        } else {
            None
        }
    }

    /// How this revision was applied (Helm 4: `determineReleaseSSApplyMethod`; absent means client-side).
    pub fn apply_method(&self) -> ApplyMethod {
        match self.apply_method.as_deref() {
            Some("ssa") => ApplyMethod::Ssa,
            Some(_) | None => ApplyMethod::Csa,
        }
    }
}

/// The SHA-256 of a file in a chart's `crds/`, written `sha256:` and 64 hexadecimal digits.
///
/// It is kept in snapshots and compared by other versions than the one that computed it, so what it is made of may
/// never change: the bytes of the file as it is in the chart, what `sha256sum` prints for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrdFingerprint([u8; 32]);

impl CrdFingerprint {
    /// The fingerprint of a file with these bytes.
    pub fn of(file: &[u8]) -> Self {
        Self(Sha256::digest(file).into())
    }

    /// The fingerprint of a file with this SHA-256.
    pub(super) const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for CrdFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The error for a text that is not a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not `sha256:` and 64 hexadecimal digits")]
pub struct NoFingerprint;

impl FromStr for CrdFingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let digits = text.strip_prefix("sha256:").ok_or(NoFingerprint)?;
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NoFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NoFingerprint)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NoFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_says_nothing_lacks_something() {
        let whole = Release {
            name: "web".to_owned(),
            version: 1,
            info: Info {
                status: "deployed".to_owned(),
                ..Info::default()
            },
            chart: Some(ChartMeta {
                metadata: Some(ChartName {
                    name: "app".to_owned(),
                    version: String::new(),
                }),
                ..ChartMeta::default()
            }),
            ..Release::default()
        };
        assert_eq!(whole.lacks(), None, "a manifest may be empty");
        let lacking = |change: fn(&mut Release)| {
            let mut release = whole.clone();
            change(&mut release);
            release.lacks()
        };
        assert_eq!(lacking(|release| release.name.clear()), Some("name"));
        assert_eq!(lacking(|release| release.version = 0), Some("revision"));
        assert_eq!(lacking(|release| release.info.status.clear()), Some("status"));
        assert_eq!(lacking(|release| release.chart = None), Some("chart"));
        assert_eq!(Release::default().lacks(), Some("name"));
    }

    /// Pinned: snapshots hold it, and other versions compare it.
    #[test]
    fn the_fingerprint_of_a_file_is_its_sha256() {
        let fingerprint = CrdFingerprint::of(b"kind: CustomResourceDefinition\n");
        let text = "sha256:15eccff2269fd6ecb58381f0ff86eee35f28fb7b5a259a7d2fd4455966e6ef4d";
        assert_eq!(fingerprint.to_string(), text);
        assert_eq!(text.parse(), Ok(fingerprint));
        assert_ne!(CrdFingerprint::of(b""), fingerprint);
    }

    #[test]
    fn other_texts_are_no_fingerprints() {
        let whole = CrdFingerprint::of(b"").to_string();
        for text in [
            "",
            "sha256:",
            "1234567890123456789",
            &whole[..whole.len() - 1],
            &whole.replace("sha256", "sha512"),
            &whole.replace("e3b0", "é30"),
            &whole.replace("e3b0", "+3b0"),
        ] {
            assert_eq!(text.parse::<CrdFingerprint>(), Err(NoFingerprint), "{text}");
        }
    }
}
