//! The files of a chart's folder (Helm: `pkg/chart/v2/loader/directory.go`, `LoadDir`).

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::ignored::Rules;
use super::{BOM, MAX_FILE, MAX_FOLDERS, Read, Room, shown};
use crate::chart::ChartError;
use crate::limited_file;

/// The file of what is left out.
const HELMIGNORE: &str = ".helmignore";

/// The longest file of what is left out.
const MAX_HELMIGNORE: u64 = 64 << 10;

/// Reads the files of a folder, in the order of their paths. Those that `.helmignore` names are left out.
pub(super) fn files(folder: &Path, room: &mut Room) -> Result<Vec<Read>, ChartError> {
    let ignoring = folder.join(HELMIGNORE);
    let rules = match fs::symlink_metadata(&ignoring) {
        Ok(_) => Rules::parse(&read(&ignoring, HELMIGNORE, MAX_HELMIGNORE)?)?,
        Err(_) => Rules::parse(b"")?,
    };
    let mut walk = Walk {
        rules,
        room,
        files: Vec::new(),
    };
    walk.folder(folder, "", 0)?;
    Ok(walk.files)
}

struct Walk<'a> {
    rules: Rules,
    room: &'a mut Room,
    files: Vec<Read>,
}

impl Walk<'_> {
    /// Reads what is in a folder, of which `within` is the path in the chart, with a slash at its end.
    fn folder(&mut self, folder: &Path, within: &str, depth: usize) -> Result<(), ChartError> {
        if depth > MAX_FOLDERS {
            return Err(ChartError::TooMuch("32 folders in each other"));
        }
        for (path, name) in self.entries(folder, within)? {
            let kind = fs::symlink_metadata(&path)
                .map_err(|error| unreadable(&name, &error))?
                .file_type();
            if self.rules.leave_out(&name, kind.is_dir())? {
                continue;
            }
            if kind.is_dir() {
                self.folder(&path, &format!("{name}/"), depth + 1)?;
            } else if kind.is_file() {
                let data = read(&path, &name, MAX_FILE)?;
                self.room.file(data.len() as u64)?;
                let data = data
                    .strip_prefix(BOM)
                    .map_or_else(|| data.clone(), <[u8]>::to_vec);
                self.files.push(Read { name, data });
            } else if kind.is_symlink() {
                return Err(refused(&name, "is a symbolic link, which is not followed"));
            } else {
                return Err(refused(&name, "is no regular file"));
            }
        }
        Ok(())
    }

    /// The entries of a folder with their paths in the chart, sorted.
    fn entries(&mut self, folder: &Path, within: &str) -> Result<Vec<(PathBuf, String)>, ChartError> {
        let place = if within.is_empty() { "its folder" } else { within };
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| unreadable(place, &error))? {
            let entry = entry.map_err(|error| unreadable(place, &error))?;
            if entries.len() >= self.room.files.saturating_add(1) {
                return Err(ChartError::TooMuch("20000 files"));
            }
            let Ok(name) = entry.file_name().into_string() else {
                return Err(refused(place, "has a file whose name is not UTF-8"));
            };
            entries.push((entry.path(), format!("{within}{name}")));
        }
        entries.sort();
        Ok(entries)
    }
}

/// Reads a regular file of at most so many bytes, and never through a link.
fn read(path: &Path, name: &str, limit: u64) -> Result<Vec<u8>, ChartError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(|error| unreadable(name, &error))?;
    let found = file.metadata().map_err(|error| unreadable(name, &error))?;
    if !found.is_file() {
        return Err(refused(name, "is no regular file"));
    }
    limited_file::read_from(file, limit).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => refused(name, &format!("is larger than {} KiB", limit >> 10)),
        _ => unreadable(name, &error),
    })
}

fn unreadable(name: &str, error: &io::Error) -> ChartError {
    ChartError::Unreadable {
        path: shown(name),
        why: error.to_string(),
    }
}

fn refused(name: &str, why: &str) -> ChartError {
    ChartError::File {
        file: shown(name),
        why: why.to_owned(),
    }
}
