//! The folder of a snapshot, which may come from somebody else.
//!
//! A file is opened part by part from the folder itself, and no symbolic link is followed on the way: nothing outside of
//! the folder is ever read or written. Only regular files are read, so that neither a pipe nor a device is waited for, and
//! only so much of them. Files are written anew, for their owner alone.

use std::fs::{DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

/// How many bytes are read from one snapshot. The largest clusters that anybody scans have a tenth of it.
const MAX_TOTAL_BYTES: u64 = 2 << 30;

/// How many files are looked for in one snapshot: a record and an object each.
const MAX_FILES: u64 = 1_000_000;

/// From this size on, files are worked on one after the other: several large ones at once would not fit into memory.
const LARGE_BYTES: u64 = 1 << 20;

/// Directories are for their owner alone: 0700.
const DIRECTORY_MODE: Mode = Mode::RWXU;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileProblem {
    /// The system says so.
    #[error("cannot be read: {}", .0.kind())]
    System(#[source] io::Error),
    /// It is a link, a pipe, a device or a directory.
    #[error("is not a regular file")]
    Irregular,
    /// It is too large.
    #[error("is too large: it has more than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// The whole snapshot is too large.
    #[error("was not read: the snapshot has more than {} GiB or {MAX_FILES} files", MAX_TOTAL_BYTES >> 30)]
    Spent,
}

impl From<Errno> for FileProblem {
    fn from(error: Errno) -> Self {
        Self::System(error.into())
    }
}

/// The folder of a snapshot.
pub(super) struct Folder {
    path: PathBuf,
    root: OwnedFd,
    bytes: AtomicU64,
    files: AtomicU64,
    large: Mutex<()>,
}

/// The content of a file. While it is there, no other large file is read.
pub(super) struct Content<'f> {
    pub(super) bytes: Vec<u8>,
    _turn: Option<MutexGuard<'f, ()>>,
}

impl Folder {
    /// Opens a folder to read from it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self {
            path: path.to_owned(),
            root,
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
            large: Mutex::new(()),
        })
    }

    /// Opens a new or an empty folder to write into it. `None` when there is something in it.
    pub(super) fn open_empty(path: &Path) -> io::Result<Option<Self>> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path)?;
        let folder = Self::open(path)?;
        for entry in Dir::read_from(&folder.root)? {
            if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
                return Ok(None);
            }
        }
        // A folder of somebody else, such as a mounted volume, stays as it is; what is in it is made here.
        if is_own(folder.root.as_fd())? {
            rustix::fs::fchmod(&folder.root, DIRECTORY_MODE)?;
        }
        Ok(Some(folder))
    }

    /// The whole path of a file in the folder.
    pub(super) fn path_of(&self, file: &Path) -> PathBuf {
        self.path.join(file)
    }

    /// Reads a file of at most so many bytes; `None` where there is no such file.
    pub(super) fn read(&self, file: &Path, limit: u64) -> Result<Option<Content<'_>>, FileProblem> {
        if self.files.fetch_add(1, Ordering::Relaxed) >= MAX_FILES {
            return Err(FileProblem::Spent);
        }
        match self.read_regular(file, limit) {
            Ok(content) => Ok(Some(content)),
            Err(FileProblem::System(error)) => match error.kind() {
                // A name that no file can have was not recorded either.
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
                    Ok(None)
                }
                _ => Err(FileProblem::System(error)),
            },
            Err(problem) => Err(problem),
        }
    }

    fn read_regular(&self, file: &Path, limit: u64) -> Result<Content<'_>, FileProblem> {
        let (directory, name) = self.walk(file, |directory, part| {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let opened = rustix::fs::openat(directory, part, flags, Mode::empty());
            match opened {
                // What is no directory is a file in its place, which no snapshot has, or a link.
                Err(Errno::NOTDIR | Errno::LOOP) if !is_regular(directory, part)? => {
                    Err(FileProblem::Irregular)
                }
                opened => Ok(opened?),
            }
        })?;
        // Some devices act on being opened.
        if !is_regular(directory.as_fd(), name)? {
            return Err(FileProblem::Irregular);
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(directory, name, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&opened)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(FileProblem::Irregular);
        }
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        if size > limit {
            return Err(FileProblem::TooLarge(limit));
        }
        let turn = (size > LARGE_BYTES).then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size > MAX_TOTAL_BYTES {
            return Err(FileProblem::Spent);
        }
        let mut bytes = Vec::new();
        let mut rest = File::from(opened).take(limit + 1);
        rest.read_to_end(&mut bytes).map_err(FileProblem::System)?;
        // It may have grown meanwhile.
        if bytes.len() as u64 > limit {
            return Err(FileProblem::TooLarge(limit));
        }
        Ok(Content { bytes, _turn: turn })
    }

    /// Writes a file that must not exist yet: two objects whose names the file system takes for one are an error.
    pub(super) fn write(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let (directory, name) = self.walk(file, |directory, part| {
            match rustix::fs::mkdirat(directory, part, DIRECTORY_MODE) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(io::Error::from(error)),
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let opened = rustix::fs::openat(directory, part, flags, Mode::empty())?;
            if is_own(opened.as_fd())? {
                Ok(opened)
            } else {
                Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "a directory belongs to another user",
                ))
            }
        })?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(directory, name, flags, Mode::RUSR | Mode::WUSR)?;
        File::from(opened).write_all(bytes)
    }

    /// Gives a file in the folder itself another name.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.root, from, &self.root, to)?)
    }

    /// Goes to the directory of a file, and returns it and the file's name there. `enter` opens a directory in another.
    fn walk<'p, E: From<io::Error>>(
        &self,
        file: &'p Path,
        enter: impl Fn(BorrowedFd<'_>, &Path) -> Result<OwnedFd, E>,
    ) -> Result<(OwnedFd, &'p Path), E> {
        let mut directory = self.root.try_clone()?;
        let mut parts = file.components().peekable();
        while let Some(part) = parts.next() {
            // No path of a snapshot has another one (`layout`).
            let Component::Normal(name) = part else { break };
            if parts.peek().is_none() {
                return Ok((directory, Path::new(name)));
            }
            directory = enter(directory.as_fd(), Path::new(name))?;
        }
        Err(io::Error::from(io::ErrorKind::InvalidFilename).into())
    }
}

impl From<io::Error> for FileProblem {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

fn is_regular(directory: BorrowedFd<'_>, name: &Path) -> Result<bool, Errno> {
    let stat = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

fn is_own(file: BorrowedFd<'_>) -> Result<bool, Errno> {
    Ok(rustix::fs::fstat(file)?.st_uid == rustix::process::geteuid().as_raw())
}
