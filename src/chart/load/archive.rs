//! The files of a packed chart (Helm: `pkg/chart/loader/archive/archive.go`, `LoadArchiveFiles`).

use std::io::{self, Read as _};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::{BOM, MAX_BYTES, MAX_FILE, Read, Room, shown};
use crate::chart::ChartError;

const GZIP_MAGIC: &[u8] = b"\x1f\x8b\x08";

/// What an archive has besides the bytes of its files: a header of each, its padding, long names.
const MAX_HEADERS: u64 = 32 << 20;

const BROKEN: ChartError = ChartError::Archive("its archive is broken or cut off");

/// A stream that ends in an error after so many bytes.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: io::Read> io::Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        Ok(read)
    }
}

/// Reads the files of an archive. What leaves the chart's folder, and what is no file, is refused.
pub(super) fn files(bytes: &[u8], room: &mut Room) -> Result<Vec<Read>, ChartError> {
    if !bytes.starts_with(GZIP_MAGIC) {
        return Err(ChartError::Archive(
            "it is no archive as `helm package` writes it",
        ));
    }
    let tar = Limited {
        inner: MultiGzDecoder::new(bytes),
        left: room.bytes.min(MAX_BYTES) + MAX_HEADERS,
    };
    let mut archive = Archive::new(tar);
    let mut files = Vec::new();
    for entry in archive.entries().map_err(|error| broken(&error))? {
        let mut entry = entry.map_err(|error| broken(&error))?;
        let kind = entry.header().entry_type();
        let whole = entry.path_bytes().into_owned();
        let Ok(whole) = String::from_utf8(whole) else {
            return Err(ChartError::Archive(
                "a file in its archive has a name that is not UTF-8",
            ));
        };
        match kind {
            EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader => {
                // A folder takes its place among the files, so that there cannot be any number of them.
                room.file(0)?;
                continue;
            }
            EntryType::Regular if whole.ends_with('/') => {
                room.file(0)?;
                continue;
            }
            EntryType::Regular => {}
            _ => return Err(refused(&whole, "is a link or a special file")),
        }
        let name = within(&whole)?;
        if entry.size() > MAX_FILE {
            return Err(refused(&whole, "is larger than 5 MiB"));
        }
        room.file(entry.size())?;
        let mut data = Vec::new();
        entry
            .by_ref()
            .take(MAX_FILE)
            .read_to_end(&mut data)
            .map_err(|error| broken(&error))?;
        if data.len() as u64 != entry.size() {
            return Err(BROKEN);
        }
        let data = data.strip_prefix(BOM).map(<[u8]>::to_vec).unwrap_or(data);
        files.push(Read { name, data });
    }
    if files.is_empty() {
        return Err(ChartError::Archive("its archive has no files"));
    }
    Ok(files)
}

/// The path of a file in the chart: what stands behind the first folder of its path in the archive.
fn within(whole: &str) -> Result<String, ChartError> {
    let delimiter = if whole.contains('\\') { '\\' } else { '/' };
    let Some((folder, path)) = whole.split_once(delimiter) else {
        return Err(refused(whole, "stands outside of the chart's folder"));
    };
    let path = path.replace(delimiter, "/");
    if path.starts_with('/') || has_drive(&path) {
        return Err(refused(whole, "has an absolute path"));
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refused(whole, "has a path with `..`")),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return Err(refused(whole, "stands outside of the chart's folder"));
    }
    if folder == "Chart.yaml" {
        return Err(refused(whole, "is not in the chart's folder"));
    }
    Ok(parts.join("/"))
}

/// Whether a path begins as those of Windows do.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

fn broken(error: &io::Error) -> ChartError {
    // The parser wraps the error of the stream.
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        let kind = current.downcast_ref::<io::Error>().map(io::Error::kind);
        if kind == Some(io::ErrorKind::FileTooLarge) {
            return ChartError::TooMuch("64 MiB of files");
        }
        source = current.source();
    }
    BROKEN
}

fn refused(name: &str, why: &str) -> ChartError {
    ChartError::File {
        file: shown(name),
        why: why.to_owned(),
    }
}
