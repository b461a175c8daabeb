//! A chart from its files (Helm: `pkg/chart/v2/loader/load.go`, `LoadFiles`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{MAX_CHARTS, Read, Room, archive, metadata, shown, values};
use crate::chart::{Chart, ChartError, ChartFile};

/// Where the charts are that a chart depends on.
const CHARTS: &str = "charts/";

/// Makes a chart of its files, and charts of those in `charts/`.
pub(super) fn chart(files: Vec<Read>, room: &mut Room, depth: usize) -> Result<Chart, ChartError> {
    if depth > MAX_CHARTS {
        return Err(ChartError::TooMuch("16 charts in each other"));
    }
    let mut chart = Chart {
        metadata: Value::Null,
        templates: Vec::new(),
        files: Vec::new(),
        values: Value::Object(Map::new()),
        schema: None,
        dependencies: Vec::new(),
        are_dependencies_known: true,
    };
    let mut about = metadata::Metadata::default();
    let mut inner: BTreeMap<String, Vec<Read>> = BTreeMap::new();
    // The last of two files of one name wins, as in Helm.
    if let Some(file) = files.iter().rev().find(|file| file.name == metadata::CHART_YAML) {
        about.read_chart(&file.data)?;
    }
    for file in files {
        match file.name.as_str() {
            metadata::CHART_YAML | "Chart.lock" => {}
            "values.yaml" => chart.values = values::parse(&file.data)?,
            "values.schema.json" => chart.schema = Some(file.data.into()),
            metadata::REQUIREMENTS => {
                about.read_requirements(&file.data)?;
                if about.is_of_first_version() {
                    chart.files.push(kept(file));
                }
            }
            "requirements.lock" => {
                if about.is_of_first_version() {
                    chart.files.push(kept(file));
                }
            }
            name if name.starts_with("templates/") => chart.templates.push(kept(file)),
            name => match name.strip_prefix(CHARTS) {
                Some(name) if !has_ending(name, "prov") => {
                    let first = name.split_once('/').map_or(name, |(first, _)| first).to_owned();
                    let name = name.to_owned();
                    inner.entry(first).or_default().push(Read {
                        name,
                        data: file.data,
                    });
                }
                _ => chart.files.push(kept(file)),
            },
        }
    }
    chart.metadata = about.checked()?;
    for (name, files) in inner {
        if name.starts_with(['_', '.']) {
            continue;
        }
        let loaded = dependency(&name, files, room, depth);
        let loaded = loaded.map_err(|error| ChartError::Dependency {
            name: shown(&name),
            error: Box::new(error),
        })?;
        chart.dependencies.push(loaded);
    }
    Ok(chart)
}

/// A chart that stands in `charts/` under this name.
fn dependency(name: &str, files: Vec<Read>, room: &mut Room, depth: usize) -> Result<Chart, ChartError> {
    if has_ending(name, "tgz") {
        let Some(file) = files.into_iter().next().filter(|file| file.name == name) else {
            return Err(ChartError::Archive("it is a folder with the name of an archive"));
        };
        let read = archive::files(&file.data, room)?;
        return chart(read, room, depth + 1);
    }
    let files = files.into_iter().filter_map(|file| {
        let (_, name) = file.name.split_once('/')?;
        Some(Read {
            name: name.to_owned(),
            data: file.data,
        })
    });
    chart(files.collect(), room, depth + 1)
}

fn kept(file: Read) -> ChartFile {
    ChartFile {
        name: file.name,
        data: file.data.into(),
    }
}

/// Whether the last part of a path ends so.
fn has_ending(path: &str, ending: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(_, found)| found == ending)
}
