//! Helm's own form of a release record: its JSON (Helm: `pkg/release/v1/release.go`), as far as it is read, and Go's
//! base64.
//!
//! The chart is most of the bytes and is skipped while deserialising. Of its files only those in `crds/` leave
//! something behind: their fingerprints.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::record::{ChartMeta, ChartName, CrdFingerprint, Hook, Info, LastRun, Release};

/// Go's standard encoding insists on padding but not on zero trailing bits.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// A record as Helm writes it.
#[derive(Deserialize)]
pub(super) struct WireRelease {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    info: WireInfo,
    #[serde(default)]
    chart: Option<WireChart>,
    #[serde(default)]
    manifest: Option<String>,
    #[serde(default)]
    hooks: Option<Vec<WireHook>>,
    #[serde(default)]
    apply_method: Option<String>,
}

#[derive(Default, Deserialize)]
struct WireInfo {
    #[serde(default)]
    status: String,
    #[serde(default, deserialize_with = "helm_time")]
    last_deployed: Option<DateTime<Utc>>,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct WireChart {
    #[serde(default)]
    metadata: Option<WireChartName>,
    /// The chart's files besides its templates, of which the fingerprints of CRDs are kept.
    #[serde(default, deserialize_with = "definitions")]
    files: BTreeMap<String, CrdFingerprint>,
}

#[derive(Deserialize)]
struct WireChartName {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

/// See Helm's `pkg/release/v1/hook.go`.
#[derive(Deserialize)]
struct WireHook {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default, deserialize_with = "list")]
    events: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    delete_policies: Vec<String>,
    #[serde(default)]
    last_run: WireLastRun,
    #[serde(default)]
    manifest: String,
}

#[derive(Default, Deserialize)]
struct WireLastRun {
    #[serde(default, deserialize_with = "helm_time")]
    started_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "helm_time")]
    completed_at: Option<DateTime<Utc>>,
    #[serde(default)]
    phase: String,
}

impl From<WireRelease> for Release {
    fn from(wire: WireRelease) -> Self {
        Self {
            name: wire.name,
            namespace: wire.namespace,
            version: wire.version,
            info: Info {
                status: wire.info.status,
                last_deployed: wire.info.last_deployed,
                description: wire.info.description,
            },
            chart: wire.chart.map(|chart| ChartMeta {
                metadata: chart.metadata.map(|metadata| ChartName {
                    name: metadata.name,
                    version: metadata.version,
                }),
                crds: chart.files,
            }),
            manifest: wire.manifest,
            hooks: wire
                .hooks
                .map(|hooks| hooks.into_iter().map(Hook::from).collect()),
            apply_method: wire.apply_method,
            stored_bytes: None,
        }
    }
}

impl From<WireHook> for Hook {
    fn from(wire: WireHook) -> Self {
        Self {
            name: wire.name,
            kind: wire.kind,
            events: wire.events,
            delete_policies: wire.delete_policies,
            last_run: LastRun {
                started_at: wire.last_run.started_at,
                completed_at: wire.last_run.completed_at,
                phase: wire.last_run.phase,
            },
            manifest: wire.manifest,
            location: None,
        }
    }
}

/// The fingerprints of the definitions among a chart's files. Files that nobody could install have none.
fn definitions<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, CrdFingerprint>, D::Error> {
    #[derive(Deserialize)]
    struct File<'a> {
        #[serde(borrow, default)]
        name: Cow<'a, str>,
        /// Go writes bytes as base64, and nothing as null.
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
    }
    let raw = <&RawValue>::deserialize(deserializer)?;
    let files: Vec<File<'_>> = serde_json::from_str(raw.get()).unwrap_or_default();
    Ok(files
        .into_iter()
        .filter(|file| file.name.starts_with("crds/"))
        .filter_map(|file| {
            let data = file.data.map_or("\"\"", RawValue::get);
            let base64 = data.strip_prefix('"')?.strip_suffix('"')?;
            let bytes = BASE64.decode(base64).ok()?;
            Some((file.name.into_owned(), CrdFingerprint::of(&bytes)))
        })
        .collect())
}

/// Reads a list; Go writes an empty one as null.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Helm writes `""` or Go's year 1 for a time that never was (Helm: `pkg/release/v1/info.go`, `UnmarshalJSON`).
fn helm_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Time<'a> {
        #[serde(borrow)]
        Text(Cow<'a, str>),
        Other(IgnoredAny),
    }
    Ok(match Time::deserialize(deserializer)? {
        Time::Text(text) => DateTime::parse_from_rfc3339(&text)
            .ok()
            .map(|time| time.with_timezone(&Utc))
            .filter(|time| time.timestamp() > 0),
        Time::Other(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value is pinned: it is what `sha256sum` prints for a file of three zero bytes.
    #[test]
    fn only_definitions_leave_a_fingerprint() {
        let record = r#"{"chart":{"files":[{"name":"README.md","data":"AA=="},{"name":"crds/a.yaml","data":"AAAA"},
            {"name":"crds/empty.yaml","data":null},{"name":"crds/odd.yaml","data":7},{"name":"crds/no.yaml","data":"?"}]}}"#;
        let release = Release::from(serde_json::from_str::<WireRelease>(record).unwrap());
        let crds: Vec<(String, String)> = release
            .chart
            .unwrap()
            .crds
            .into_iter()
            .map(|(file, fingerprint)| (file, fingerprint.to_string()))
            .collect();
        let expected = [
            (
                "crds/a.yaml",
                "sha256:709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c",
            ),
            (
                "crds/empty.yaml",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
        ];
        assert_eq!(
            crds,
            expected.map(|(file, print)| (file.to_owned(), print.to_owned()))
        );
    }

    #[test]
    fn files_of_another_shape_are_no_definitions() {
        for files in ["null", "{}", "7", "[7]", "[]"] {
            let record = format!(r#"{{"chart":{{"files":{files}}}}}"#);
            let release = Release::from(serde_json::from_str::<WireRelease>(&record).unwrap());
            assert!(release.chart.unwrap().crds.is_empty(), "{files}");
        }
    }
}
