//! A release record as a snapshot has it: decoded, without the chart and without values.
//!
//! The keys are those of Helm's JSON where there is one, for whoever reads the file. `stored_bytes`, `place`, `crds`
//! and `variations` are a snapshot's own.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::release::record::{ChartMeta, ChartName, Hook, HookLocation, Info, LastRun, Release};
use crate::release::variations::Variations;

/// The content of a record's file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReleaseFile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    info: InfoEntry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chart: Option<ChartEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hooks: Option<Vec<HookEntry>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    apply_method: Option<String>,
    /// How large the stored value is, which nobody can tell from its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored_bytes: Option<u64>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct InfoEntry {
    #[serde(default)]
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_deployed: Option<DateTime<Utc>>,
    #[serde(default)]
    description: String,
    /// The revision that a rollback goes back to.
    #[serde(default, skip_serializing_if = "is_none")]
    rollback_revision: u64,
}

/// Whether a revision is not named.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_none(revision: &u64) -> bool {
    *revision == 0
}

#[derive(Debug, Serialize, Deserialize)]
struct ChartEntry {
    #[serde(default)]
    metadata: Option<ChartNameEntry>,
    /// The fingerprints of the definitions in `crds/`, by file.
    ///
    /// The first snapshots had numbers under `files`, of an algorithm that may change with the compiler. They equal
    /// nothing that is computed today, and so are passed over: nothing is said of definitions without a fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    crds: BTreeMap<String, String>,
    /// What its templates may render otherwise the next time.
    #[serde(default, skip_serializing_if = "Variations::is_empty")]
    variations: Variations,
}

#[derive(Debug, Serialize, Deserialize)]
struct ChartNameEntry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

/// A hook, without its manifest, which may hold secrets.
#[derive(Debug, Serialize, Deserialize)]
struct HookEntry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    delete_policies: Vec<String>,
    #[serde(default)]
    last_run: LastRunEntry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "place")]
    location: Option<HookLocationEntry>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct LastRunEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completed_at: Option<DateTime<Utc>>,
    #[serde(default)]
    phase: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct HookLocationEntry {
    api_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
}

impl From<Release> for ReleaseFile {
    fn from(release: Release) -> Self {
        Self {
            name: release.name,
            namespace: release.namespace,
            version: release.version,
            info: InfoEntry {
                status: release.info.status,
                last_deployed: release.info.last_deployed,
                description: release.info.description,
                rollback_revision: release.info.rollback_revision,
            },
            chart: release.chart.map(|chart| ChartEntry {
                metadata: chart.metadata.map(|metadata| ChartNameEntry {
                    name: metadata.name,
                    version: metadata.version,
                }),
                crds: chart
                    .crds
                    .into_iter()
                    .map(|(file, fingerprint)| (file, fingerprint.to_string()))
                    .collect(),
                variations: chart.variations,
            }),
            manifest: release.manifest,
            hooks: release
                .hooks
                .map(|hooks| hooks.into_iter().map(HookEntry::from).collect()),
            apply_method: release.apply_method,
            stored_bytes: release.stored_bytes,
        }
    }
}

impl From<Hook> for HookEntry {
    fn from(hook: Hook) -> Self {
        Self {
            name: hook.name,
            kind: hook.kind,
            events: hook.events,
            delete_policies: hook.delete_policies,
            last_run: LastRunEntry {
                started_at: hook.last_run.started_at,
                completed_at: hook.last_run.completed_at,
                phase: hook.last_run.phase,
            },
            location: hook.location.map(|location| HookLocationEntry {
                api_version: location.api_version,
                namespace: location.namespace,
            }),
        }
    }
}

impl From<ReleaseFile> for Release {
    fn from(file: ReleaseFile) -> Self {
        Self {
            name: file.name,
            namespace: file.namespace,
            version: file.version,
            info: Info {
                status: file.info.status,
                last_deployed: file.info.last_deployed,
                description: file.info.description,
                rollback_revision: file.info.rollback_revision,
            },
            chart: file.chart.map(|chart| ChartMeta {
                metadata: chart.metadata.map(|metadata| ChartName {
                    name: metadata.name,
                    version: metadata.version,
                }),
                crds: chart
                    .crds
                    .into_iter()
                    .filter_map(|(file, fingerprint)| Some((file, fingerprint.parse().ok()?)))
                    .collect(),
                variations: chart.variations,
            }),
            manifest: file.manifest,
            hooks: file
                .hooks
                .map(|hooks| hooks.into_iter().map(Hook::from).collect()),
            apply_method: file.apply_method,
            stored_bytes: file.stored_bytes,
        }
    }
}

impl From<HookEntry> for Hook {
    fn from(entry: HookEntry) -> Self {
        Self {
            name: entry.name,
            kind: entry.kind,
            events: entry.events,
            delete_policies: entry.delete_policies,
            last_run: LastRun {
                started_at: entry.last_run.started_at,
                completed_at: entry.last_run.completed_at,
                phase: entry.last_run.phase,
            },
            manifest: String::new(),
            location: entry.location.map(|location| HookLocation {
                api_version: location.api_version,
                namespace: location.namespace,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::record::CrdFingerprint;
    use serde_json::{Value, json};

    fn read(file: Value) -> Release {
        Release::from(serde_json::from_value::<ReleaseFile>(file).unwrap())
    }

    /// The format is a contract with snapshots that were taken before.
    fn file() -> Value {
        json!({
            "name": "web", "namespace": "shop", "version": 3,
            "info": {"status": "deployed", "last_deployed": "2026-11-20T02:12:00.500Z", "description": "Upgrade complete"},
            "chart": {
                "metadata": {"name": "web", "version": "1.2.3"},
                "crds": {"crds/a.yaml": CrdFingerprint::of(b"a").to_string()},
                "variations": {
                    "files": {"templates/secret.yaml": [{"cause": "reads-live"}, {"cause": "renders-anew", "key": "checksum/config"}]},
                    "other_files": [{"cause": "not-read"}],
                    "has_dependencies": true
                }
            },
            "manifest": "---\nkind: X\n",
            "hooks": [{
                "name": "migrate", "kind": "Job", "events": ["pre-upgrade"], "delete_policies": ["hook-succeeded"],
                "last_run": {"started_at": "2026-11-20T03:00:00Z", "phase": "Running"},
                "place": {"api_version": "batch/v1", "namespace": "jobs"}
            }],
            "apply_method": "ssa", "stored_bytes": 700
        })
    }

    #[test]
    fn a_file_says_what_the_record_says() {
        let release = read(file());
        assert_eq!((release.name.as_str(), release.version), ("web", 3));
        let chart = release.chart.clone().unwrap();
        assert_eq!(chart.crds["crds/a.yaml"], CrdFingerprint::of(b"a"));
        assert_eq!(serde_json::to_value(ReleaseFile::from(release)).unwrap(), file());
    }

    #[test]
    fn a_sparse_file_is_a_sparse_record() {
        let sparse =
            json!({"name": "", "namespace": "", "version": 0, "info": {"status": "", "description": ""}});
        assert_eq!(read(sparse.clone()), Release::default());
        assert_eq!(read(json!({})), Release::default());
        assert_eq!(
            serde_json::to_value(ReleaseFile::from(Release::default())).unwrap(),
            sparse
        );
    }

    #[test]
    fn the_manifest_of_a_hook_is_left_out() {
        let hook = Hook {
            manifest: "password: hunter2".to_owned(),
            ..Hook::default()
        };
        let release = Release {
            hooks: Some(vec![hook]),
            ..Release::default()
        };
        let text = serde_json::to_string(&ReleaseFile::from(release)).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
    }

    /// Fingerprints of another kind equal nothing, and would be definitions that changed.
    #[test]
    fn fingerprints_that_cannot_be_compared_are_passed_over() {
        for chart in [
            json!({"files": {"crds/a.yaml": 1_234_567_890_123_456_789_u64}}),
            json!({"files": null}),
            json!({"crds": {"crds/a.yaml": "md5:0cc175b9c0f1b6a831c399e269772661"}}),
        ] {
            let release = read(json!({ "chart": chart.clone() }));
            assert!(release.chart.unwrap().crds.is_empty(), "{chart}");
        }
    }
}
