//! The part of a release record that says how its manifest was rendered: the chart and the values (Helm:
//! `pkg/release/v1/release.go`, `Release`; `pkg/chart/v2/chart.go`, `Chart`).
//!
//! A scan passes over it. It is read a second time, only of releases of which somebody asks which key of the values
//! keeps what lives. Values and metadata stay texts until somebody weighs them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::decode::{DecodeError, read_json_part, read_part};
use super::limits::{LONG_MANIFEST, MANY_FILES, MAX_FILES, MAX_MANIFEST};

/// The chart part of a record, in the form of Helm's JSON.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChartPart {
    /// The name of the release.
    #[serde(default)]
    pub name: String,
    /// The namespace that it installs into.
    #[serde(default)]
    pub namespace: String,
    /// The revision.
    #[serde(default)]
    pub version: u64,
    /// The values that were given.
    #[serde(default)]
    pub config: Option<Box<RawValue>>,
    /// The manifest, without hooks.
    #[serde(default)]
    pub manifest: Option<String>,
    /// How Helm 4 applied it; Helm 3 writes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_method: Option<String>,
    /// The chart.
    #[serde(default)]
    pub chart: Option<ChartOfRecord>,
}

/// A chart as a record has it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChartOfRecord {
    /// What `Chart.yaml` says.
    #[serde(default)]
    pub metadata: Option<Box<RawValue>>,
    /// The templates.
    #[serde(default)]
    pub templates: Option<Vec<FileOfRecord>>,
    /// The other files.
    #[serde(default)]
    pub files: Option<Vec<FileOfRecord>>,
    /// The default values.
    #[serde(default)]
    pub values: Option<Box<RawValue>>,
    /// The text of `values.schema.json`, in base64.
    #[serde(default)]
    pub schema: Option<String>,
}

/// A file of a chart.
#[derive(Debug, Serialize, Deserialize)]
pub struct FileOfRecord {
    /// Its path in the chart's folder.
    #[serde(default)]
    pub name: String,
    /// Its bytes, in base64.
    #[serde(default)]
    pub data: Option<String>,
}

impl ChartPart {
    /// Reads the value of the `release` key of a record.
    pub fn decode(payload: &[u8], max_bytes: u64) -> Result<Self, DecodeError> {
        read_part(payload, max_bytes).and_then(Self::checked)
    }

    /// Reads it from the JSON that a snapshot keeps.
    pub fn from_json(json: &[u8], max_bytes: u64) -> Result<Self, DecodeError> {
        read_json_part(json, max_bytes).and_then(Self::checked)
    }

    fn checked(self) -> Result<Self, DecodeError> {
        let files = self.chart.as_ref().map_or(0, |chart| {
            let count = |files: &Option<Vec<FileOfRecord>>| files.as_ref().map_or(0, Vec::len);
            count(&chart.templates) + count(&chart.files)
        });
        if files > MAX_FILES {
            return Err(DecodeError::TooMuch { what: MANY_FILES });
        }
        if self
            .manifest
            .as_ref()
            .is_some_and(|manifest| manifest.len() > MAX_MANIFEST)
        {
            return Err(DecodeError::TooMuch { what: LONG_MANIFEST });
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::decode::MAX_DECODED_BYTES;

    #[test]
    fn a_part_reads_back_from_what_is_written_of_it() {
        let record = r#"{"name":"web","namespace":"shop","version":3,"config":{"a":1.0},"manifest":"---\n",
            "info":{"status":"deployed"},"chart":{"metadata":{"name":"web"},"templates":[{"name":"templates/a.yaml",
            "data":"YQ=="}],"files":null,"values":{"a":0},"schema":null}}"#;
        let part = ChartPart::from_json(record.as_bytes(), MAX_DECODED_BYTES).unwrap();
        let text = serde_json::to_vec(&part).unwrap();
        let again = ChartPart::from_json(&text, MAX_DECODED_BYTES).unwrap();
        assert_eq!(serde_json::to_vec(&again).unwrap(), text);
        assert_eq!(again.config.unwrap().get(), r#"{"a":1.0}"#);
        assert_eq!(
            again.chart.unwrap().templates.unwrap()[0].name,
            "templates/a.yaml"
        );
    }
}
