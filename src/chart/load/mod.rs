//! A chart from its folder or archive, as Helm loads it (Helm: `pkg/chart/v2/loader`).
//!
//! A chart may come from anybody. Links and special files are refused, every size has a limit, and an archive inside
//! of a chart takes from the same limits as the chart.

mod archive;
mod directory;
mod files;
mod ignored;
mod metadata;
mod values;

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Chart, ChartError};

/// The largest file (Helm: `pkg/chart/loader/archive/archive.go`, `MaxDecompressedFileSize`).
const MAX_FILE: u64 = 5 << 20;

/// The largest archive, before it is decompressed.
const MAX_ARCHIVE: u64 = 32 << 20;

/// The bytes of all files together, those of archives in `charts/` included. Helm takes 100 MiB for each archive; the
/// largest known chart has 12 MiB.
const MAX_BYTES: u64 = 64 << 20;

/// The number of all files together. The largest known chart has 1,400.
const MAX_FILES: usize = 20_000;

/// How deep charts stand in charts.
const MAX_CHARTS: usize = 16;

/// How deep folders stand in folders.
const MAX_FOLDERS: usize = 32;

/// The byte order mark that some editors write.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A file as it was read: its path in the chart, and its bytes.
struct Read {
    name: String,
    data: Vec<u8>,
}

/// What is left of the limits of one chart.
struct Room {
    bytes: u64,
    files: usize,
}

impl Room {
    /// Takes the room of a file.
    fn file(&mut self, bytes: u64) -> Result<(), ChartError> {
        self.files = self
            .files
            .checked_sub(1)
            .ok_or(ChartError::TooMuch("20000 files"))?;
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or(ChartError::TooMuch("64 MiB of files"))?;
        Ok(())
    }
}

/// Loads a chart: a folder, or an archive as `helm package` writes it.
///
/// # Errors
///
/// Whatever Helm refuses, and what is larger or stranger than any chart.
pub fn load(path: &Path) -> Result<Chart, ChartError> {
    let unreadable = |error: std::io::Error| ChartError::Unreadable {
        path: shown(&path.display().to_string()),
        why: error.to_string(),
    };
    let mut room = Room {
        bytes: MAX_BYTES,
        files: MAX_FILES,
    };
    if path.to_str().is_some_and(|path| path.contains("://")) {
        return Err(ChartError::Archive(
            "it is an address: `helm pull` makes an archive of it, which can be given",
        ));
    }
    let found = fs::metadata(path).map_err(unreadable)?;
    let read = if found.is_dir() {
        directory::files(path, &mut room)?
    } else if found.is_file() {
        if found.len() > MAX_ARCHIVE {
            return Err(ChartError::TooMuch("32 MiB"));
        }
        let bytes = crate::limited_file::read(path, MAX_ARCHIVE).map_err(unreadable)?;
        archive::files(&bytes, &mut room)?
    } else {
        return Err(ChartError::Archive("it is neither a folder nor an archive"));
    };
    let chart = files::chart(read, &mut room, 0)?;
    check_dependencies(&chart)?;
    Ok(chart)
}

/// Whether the charts are there that a chart says it depends on (Helm: `pkg/action/package.go`, `CheckDependencies`).
fn check_dependencies(chart: &Chart) -> Result<(), ChartError> {
    let stated = chart.metadata.get("dependencies").and_then(Value::as_array);
    let names = stated.into_iter().flatten();
    let names = names.filter_map(|dependency| dependency.get("name")?.as_str());
    let is_there = |name: &str| chart.dependencies.iter().any(|own| own.name() == name);
    let missing: Vec<&str> = names.filter(|name| !is_there(name)).collect();
    match &missing[..] {
        [] => Ok(()),
        missing => Err(ChartError::NoDependencies(shown(&missing.join(", ")))),
    }
}

/// A name from a chart, as a message shows it: what is not seen is left out, and so is what is too long to be read.
fn shown(name: &str) -> String {
    const LONGEST: usize = 200;
    let mut seen = name.chars().filter(|character| !character.is_control());
    let mut text: String = seen.by_ref().take(LONGEST).collect();
    if seen.next().is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
