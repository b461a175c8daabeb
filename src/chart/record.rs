//! The chart in a release record (Helm: `pkg/release/v1/release.go`, `pkg/chart/v2/chart.go`).
//!
//! A scan passes over it. This is a second reading of a record, which is only made of a release that drifted, and when
//! somebody asks for keys of its values.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Chart, ChartFile, ReleaseChart};
use crate::release::decode::{DecodeError, decode_part};
use crate::release::limits::{MANY_FILES, MAX_FILES};
use crate::weight::Allowance;
use crate::weight::json::{self, ValueError};
use crate::weight::list;

/// Go's standard encoding insists on padding but not on zero trailing bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// The most that the values of a chart, those that were given and its metadata may each weigh. The largest known values
/// weigh 6 MiB.
const MAX_VALUES: usize = 16 << 20;

#[derive(Deserialize)]
struct WireRelease {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    config: Option<Box<RawValue>>,
    #[serde(default)]
    manifest: Option<String>,
    #[serde(default)]
    chart: Option<WireChart>,
}

#[derive(Deserialize)]
struct WireChart {
    #[serde(default)]
    metadata: Option<Box<RawValue>>,
    #[serde(default)]
    values: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "files")]
    templates: Vec<WireFile>,
    #[serde(default, deserialize_with = "files")]
    files: Vec<WireFile>,
    #[serde(default)]
    schema: Option<String>,
}

#[derive(Deserialize)]
struct WireFile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    data: Option<String>,
}

/// Reads a list of files; Go writes none as null.
fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WireFile>, D::Error> {
    list::at_most(deserializer, MAX_FILES, MANY_FILES)
}

/// Reads the chart and what it was rendered with from the value of a record's `release` key.
///
/// # Errors
///
/// As the first reading of a record, and where a part of the chart is larger or of another kind than any real one. No
/// error has any text of the record.
pub fn release_chart(payload: &[u8], max_bytes: u64) -> Result<ReleaseChart, DecodeError> {
    let wire: WireRelease = decode_part(payload, max_bytes)?;
    let Some(chart) = wire.chart else {
        return Err(DecodeError::Incomplete { what: "chart" });
    };
    let metadata = map(chart.metadata, "its chart's metadata take more than 16 MiB of memory")?;
    let has_dependencies = match metadata.get("dependencies") {
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) | None => false,
    };
    let read = |files: Vec<WireFile>| -> Result<Vec<ChartFile>, DecodeError> {
        files.into_iter().map(file).collect()
    };
    let chart = Chart {
        metadata: Value::Object(metadata),
        templates: read(chart.templates)?,
        files: read(chart.files)?,
        values: Value::Object(map(chart.values, "its chart's values take more than 16 MiB of memory")?),
        schema: chart.schema.filter(|schema| !schema.is_empty()).map(bytes).transpose()?,
        dependencies: Vec::new(),
        are_dependencies_known: !has_dependencies,
    };
    Ok(ReleaseChart {
        name: wire.name,
        namespace: wire.namespace,
        revision: wire.version,
        config: Value::Object(map(wire.config, "its values take more than 16 MiB of memory")?),
        manifest: wire.manifest.unwrap_or_default(),
        chart,
    })
}

fn file(wire: WireFile) -> Result<ChartFile, DecodeError> {
    Ok(ChartFile { name: wire.name, data: bytes(wire.data.unwrap_or_default())? })
}

fn bytes(base64: String) -> Result<Arc<[u8]>, DecodeError> {
    let decoded = BASE64.decode(base64);
    decoded.map(Arc::from).map_err(|_| DecodeError::Incomplete { what: "file of its chart that is base64" })
}

/// A map of the record; Go writes none as null.
fn map(raw: Option<Box<RawValue>>, heavy: &'static str) -> Result<Map<String, Value>, DecodeError> {
    let Some(raw) = raw else { return Ok(Map::new()) };
    let mut parser = serde_json::Deserializer::from_str(raw.get());
    match json::within(&mut parser, &Allowance::new(MAX_VALUES)) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(DecodeError::Incomplete { what: "map of values" }),
        Err(ValueError::TooHeavy(_)) => Err(DecodeError::TooMuch { what: heavy }),
        // It is JSON, as the whole record was: only depth is refused here.
        Err(ValueError::Json { .. }) => Err(DecodeError::TooMuch { what: "its values nest deeper than 127 levels" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    fn read(record: &Value) -> Result<ReleaseChart, DecodeError> {
        release_chart(STANDARD.encode(record.to_string()).as_bytes(), 64 << 20)
    }

    #[test]
    fn a_record_has_the_chart_without_its_dependencies() {
        let record = json!({"name": "web", "namespace": "shop", "version": 3, "manifest": "---\n", "config": null,
            "hooks": [], "chart": {"metadata": {"name": "c", "version": "1.0.0", "dependencies": [{"name": "db"}]},
            "lock": null, "templates": [{"name": "templates/a.yaml", "data": STANDARD.encode("kind: X")}],
            "files": null, "values": {"a": {"b": 1}}, "schema": STANDARD.encode("{}")}});
        let read = read(&record).unwrap();
        assert_eq!((read.name.as_str(), read.revision, &read.config), ("web", 3, &json!({})));
        assert_eq!((read.chart.name(), read.chart.are_dependencies_known), ("c", false));
        assert_eq!(&*read.chart.templates[0].data, b"kind: X");
        assert_eq!(read.chart.schema.as_deref(), Some(b"{}".as_slice()));
    }

    #[test]
    fn what_no_chart_has_is_refused_and_nothing_is_quoted() {
        let mut deep = json!("hunter2");
        for _ in 0..200 {
            deep = json!({ "a": deep });
        }
        let wide: Vec<Value> = (0..40_000).map(|_| json!({"hunter2": 1})).collect();
        let many = vec![json!({}); MAX_FILES + 1];
        for (record, message) in [
            (json!({"name": "hunter2"}), "it is no release record: it has no chart"),
            (json!({"chart": {"values": deep}}), "too large: its values nest deeper than 127 levels"),
            (json!({"chart": {"values": {"a": wide}}}), "too large: its chart's values take more than 16 MiB of memory"),
            (json!({"chart": {"templates": many}}), "too large: its chart has more than 100000 files"),
            (json!({"chart": {"values": ["hunter2"]}}), "it is no release record: it has no map of values"),
            (
                json!({"chart": {"files": [{"data": "?hunter2"}]}}),
                "it is no release record: it has no file of its chart that is base64",
            ),
        ] {
            let error = read(&record).unwrap_err().to_string();
            assert_eq!(error, message);
        }
        assert!(!read(&json!({"chart": {"templates": "hunter2"}})).unwrap_err().to_string().contains("hunter2"));
    }
}
