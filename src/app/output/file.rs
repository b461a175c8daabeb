//! The files that `-o FORMAT=FILE` and `--metrics-file` name: each holds a whole report or the one that it held before.
//!
//! A new report is written to a file of its own beside it, readable by its owner alone unless it is for others, and takes the place of the old one
//! only when all of it is on the disk. A full disk, an error and a signal thus leave the old report and nothing else. A
//! symbolic link stays, and the file that it points to is replaced. What is no regular file, such as a pipe, a terminal
//! or `/dev/null`, is written to as it is, and so is a file of another account, which it has to stay: a job in a container
//! writes the summary that the runner outside made for it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::geteuid;
use tempfile::TempPath;

/// The beginning of the name of a report that is not complete yet; what follows cannot be predicted.
const TEMPORARY: &str = ".driftline-";

/// One attempt to write a report, which can be given up from outside.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Attempt(Arc<Mutex<Progress>>);

/// How far an attempt has come.
#[derive(Debug, Default)]
enum Progress {
    /// There is nothing on the disk that would have to be removed.
    #[default]
    Writing,
    /// There is a temporary file, which is removed with its path.
    Temporary(TempPath),
    /// Nobody waits for the report any more.
    Abandoned,
}

impl Attempt {
    /// Gives the attempt up: its temporary file is removed, and its next write fails.
    pub(in crate::app) fn abandon(&self) {
        *self.progress() = Progress::Abandoned;
    }

    /// A writer that fails once the attempt is given up.
    pub(in crate::app) fn watch<'a>(&'a self, out: &'a mut dyn Write) -> impl Write + 'a {
        Watched { out, attempt: self }
    }

    /// Takes charge of a temporary file.
    fn hold(&self, path: TempPath) -> io::Result<()> {
        let mut progress = self.progress();
        match *progress {
            Progress::Writing | Progress::Temporary(_) => *progress = Progress::Temporary(path),
            Progress::Abandoned => return Err(abandoned()),
        }
        Ok(())
    }

    /// Puts the temporary file in the place of another one.
    fn put(&self, place: &Path) -> io::Result<()> {
        let mut progress = self.progress();
        match std::mem::take(&mut *progress) {
            Progress::Temporary(path) => path.persist(place).map_err(|error| error.error),
            Progress::Writing => Ok(()),
            Progress::Abandoned => {
                *progress = Progress::Abandoned;
                Err(abandoned())
            }
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an attempt fails that was given up. Not `Interrupted`, after which `write_all` would try again.
fn abandoned() -> io::Error {
    io::Error::other("it took too long")
}

/// See [`Attempt::watch`].
struct Watched<'a> {
    out: &'a mut dyn Write,
    attempt: &'a Attempt,
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_abandoned = matches!(*self.attempt.progress(), Progress::Abandoned);
        if is_abandoned {
            return Err(abandoned());
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The place that a path names.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A regular file at this path, or none yet.
    Replaced(PathBuf),
    /// Something that is written to as it is.
    WrittenTo(PathBuf),
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Readers {
    /// Whoever runs driftline: a report names what it finds.
    Owner,
    /// Every account of the machine: another program is meant to read it.
    Everybody,
}

impl Readers {
    const fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Everybody => 0o644,
        }
    }
}

/// Writes a file for its owner through `render`.
pub(in crate::app) fn write(
    path: &Path,
    attempt: &Attempt,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write_for(Readers::Owner, path, attempt, render)
}

/// Writes a file for these readers through `render`.
pub(in crate::app) fn write_for(
    readers: Readers,
    path: &Path,
    attempt: &Attempt,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    match place_of(path)? {
        Place::WrittenTo(path) => render(&mut OpenOptions::new().write(true).truncate(true).open(path)?),
        Place::Replaced(path) => {
            let directory = match path.parent() {
                Some(directory) if directory != Path::new("") => directory,
                Some(_) | None => Path::new("."),
            };
            // Created anew, under a random name, with mode 0600.
            let (mut file, temporary) = tempfile::Builder::new()
                .prefix(TEMPORARY)
                .tempfile_in(directory)
                .map_err(|error| {
                    io::Error::new(error.kind(), format!("no file can be made beside it: {error}"))
                })?
                .into_parts();
            attempt.hold(temporary)?;
            let written = render(&mut file)
                .and_then(|()| file.set_permissions(Permissions::from_mode(readers.mode())))
                .and_then(|()| file.sync_all());
            if let Err(error) = written {
                attempt.abandon();
                return Err(error);
            }
            attempt.put(&path)?;
            // The new name is in the directory. Not every file system can be told to keep that, and none needs it to be right.
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
            Ok(())
        }
    }
}

/// Finds out what a path names. Links are followed as the system follows them, which keeps apart a link of the operator's
/// and one that somebody else laid in a folder for all, such as `/tmp`.
fn place_of(path: &Path) -> io::Result<Place> {
    // A name of an open file, such as /dev/stdout, stands for that file and not for the place where it lies.
    let is_open_file = ["/dev", "/proc"].iter().any(|root| path.starts_with(root));
    let (kind, owner) = match fs::metadata(path) {
        Ok(metadata) => (metadata.file_type(), metadata.uid()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return if fs::symlink_metadata(path).is_ok() {
                Err(io::Error::new(
                    error.kind(),
                    "it is a symbolic link to a file that does not exist",
                ))
            } else {
                Ok(Place::Replaced(path.to_owned()))
            };
        }
        Err(error) => return Err(error),
    };
    if kind.is_dir() {
        Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"))
    } else if kind.is_file() && !is_open_file && owner == geteuid().as_raw() {
        fs::canonicalize(path).map(Place::Replaced)
    } else if kind.is_file() || kind.is_char_device() || kind.is_fifo() {
        Ok(Place::WrittenTo(path.to_owned()))
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is neither a file nor a pipe",
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn write_text(path: &Path, text: &str) -> io::Result<()> {
        write(path, &Attempt::default(), |out| out.write_all(text.as_bytes()))
    }

    #[test]
    fn a_report_replaces_the_old_one_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        for text in ["first", "second"] {
            write_text(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        }
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn what_another_program_reads_is_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.prom");
        for _ in 0..2 {
            let written = write_for(Readers::Everybody, &path, &Attempt::default(), |out| {
                out.write_all(b"x")
            });
            written.unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        }
        assert_eq!(names(folder.path()), ["metrics.prom"]);
    }

    #[test]
    fn a_failure_leaves_the_old_report_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        fs::write(&path, "old").unwrap();
        let fails = |out: &mut dyn Write| {
            out.write_all(b"half")?;
            Err(io::Error::other("full"))
        };
        assert!(write(&path, &Attempt::default(), fails).is_err());
        let attempt = Attempt::default();
        let given_up = write(&path, &attempt, |out| {
            out.write_all(b"half")?;
            assert_eq!(names(folder.path()).len(), 2);
            attempt.abandon();
            assert_eq!(
                names(folder.path()),
                ["report"],
                "gone while the report is still written"
            );
            out.write_all(b"more")
        });
        assert!(given_up.is_err());
        assert!(attempt.watch(&mut Vec::new()).write_all(b"x").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn a_link_stays_and_its_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        symlink("target", &link).unwrap();
        write_text(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        let nowhere = folder.path().join("nowhere");
        symlink("gone", &nowhere).unwrap();
        assert!(write_text(&nowhere, "new").is_err());
        assert_eq!(names(folder.path()), ["link", "nowhere", "target"]);
        assert!(write_text(folder.path(), "new").is_err());
    }

    #[test]
    fn devices_are_written_to_as_they_are() {
        write_text(Path::new("/dev/null"), "text").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let full = write_text(Path::new("/dev/full"), "text");
        assert!(full.is_err());
    }
}
