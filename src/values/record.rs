//! The chart and the values of a release record, as they are evaluated.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Reason;
use crate::chart::{Chart, ChartFile, DefaultNulls, ReleaseChart};
use crate::release::chart_part::{ChartPart, FileOfRecord};
use crate::weight;

/// How many bytes the files of one chart may have together, as bytes: an encoded record has at most one megabyte.
const MAX_FILE_BYTES: usize = 16 << 20;

/// The most that the values of a record may weigh.
const MAX_VALUE_WEIGHT: usize = 16 << 20;

/// The chart and the values of a record. `Err` where they are too large, or not what Helm writes.
pub fn release_chart(part: ChartPart) -> Result<ReleaseChart, Reason> {
    let mut left = MAX_FILE_BYTES;
    let chart = part.chart.ok_or(Reason::Unreadable)?;
    let metadata = value(chart.metadata)?;
    let is_declared = metadata
        .get("dependencies")
        .and_then(Value::as_array)
        .is_some_and(|dependencies| !dependencies.is_empty());
    // Helm also renders what lies in `charts/` undeclared.
    let manifest = part.manifest.unwrap_or_default();
    let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default();
    let has_dependencies = is_declared || manifest.contains(&format!("\n# Source: {name}/charts/"));
    Ok(ReleaseChart {
        name: part.name,
        namespace: part.namespace,
        revision: part.version,
        default_nulls: match part.apply_method.as_deref() {
            // Few have the first version of Helm 4, which did as Helm 3.
            Some(method) if !method.is_empty() => DefaultNulls::Dropped,
            Some(_) | None => DefaultNulls::Kept,
        },
        config: value(part.config)?,
        manifest,
        chart: Chart {
            metadata,
            templates: files(chart.templates, &mut left)?,
            files: files(chart.files, &mut left)?,
            values: value(chart.values)?,
            schema: chart
                .schema
                .filter(|schema| !schema.is_empty())
                .map(|schema| bytes(&schema, &mut left).map(Into::into))
                .transpose()?,
            dependencies: Vec::new(),
            are_dependencies_known: !has_dependencies,
        },
    })
}

/// A map of a record; an empty one where it has none.
fn value(text: Option<Box<RawValue>>) -> Result<Value, Reason> {
    let empty = || Value::Object(serde_json::Map::new());
    let Some(text) = text else { return Ok(empty()) };
    if weight::json::weigh(text.get()) > MAX_VALUE_WEIGHT {
        return Err(Reason::TooLarge);
    }
    match weight::json::value(text.get()) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(Value::Null) => Ok(empty()),
        Ok(_) | Err(_) => Err(Reason::Unreadable),
    }
}

fn files(files: Option<Vec<FileOfRecord>>, left: &mut usize) -> Result<Vec<ChartFile>, Reason> {
    let read = files.unwrap_or_default().into_iter().map(|file| {
        let data = bytes(file.data.as_deref().unwrap_or_default(), left)?;
        Ok(ChartFile {
            name: file.name,
            data: data.into(),
        })
    });
    read.collect()
}

fn bytes(text: &str, left: &mut usize) -> Result<Vec<u8>, Reason> {
    *left = left.checked_sub(text.len() / 4 * 3).ok_or(Reason::TooLarge)?;
    STANDARD.decode(text).map_err(|_| Reason::Unreadable)
}

/// About how much a chart and its values take.
pub(super) fn weight_of(release: &ReleaseChart) -> usize {
    let chart = &release.chart;
    let files = chart.templates.iter().chain(&chart.files);
    let files: usize = files.map(|file| file.data.len()).sum();
    let values = [&release.config, &chart.values, &chart.metadata];
    let values: usize = values.into_iter().map(weight::of_value).sum();
    release.manifest.len() + files + values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::decode::MAX_DECODED_BYTES;
    use serde_json::json;

    fn read(record: &Value) -> Result<ReleaseChart, Reason> {
        let part = ChartPart::from_json(record.to_string().as_bytes(), MAX_DECODED_BYTES).unwrap();
        release_chart(part)
    }

    #[test]
    fn a_record_has_the_chart_and_both_kinds_of_values() {
        let record = json!({"name": "web", "namespace": "shop", "version": 3, "config": {"a": 1}, "manifest": "---\n",
            "chart": {"metadata": {"name": "shop-web", "version": "1.0.0", "dependencies": [{"name": "db"}]},
                "templates": [{"name": "templates/a.yaml", "data": "YQ=="}], "files": null, "values": null,
                "schema": "e30="}});
        let release = read(&record).unwrap();
        assert_eq!((release.revision, release.config), (3, json!({"a": 1})));
        let chart = release.chart;
        assert_eq!((chart.name(), &chart.values), ("shop-web", &json!({})));
        assert_eq!(&*chart.templates[0].data, b"a");
        assert_eq!(chart.schema.as_deref(), Some(&b"{}"[..]));
        assert!(!chart.are_dependencies_known);
    }

    #[test]
    fn a_record_says_by_its_method_which_helm_wrote_it() {
        for (method, nulls) in [
            (json!(null), DefaultNulls::Kept),
            (json!(""), DefaultNulls::Kept),
            (json!("ssa"), DefaultNulls::Dropped),
            (json!("csa"), DefaultNulls::Dropped),
        ] {
            let release = read(&json!({"chart": {}, "apply_method": method})).unwrap();
            assert_eq!(release.default_nulls, nulls, "{method}");
        }
    }

    #[test]
    fn what_helm_does_not_write_is_no_chart() {
        for chart in [
            json!(null),
            json!({"values": []}),
            json!({"templates": [{"data": "?"}]}),
        ] {
            assert_eq!(read(&json!({"chart": chart})), Err(Reason::Unreadable), "{chart}");
        }
    }
}
