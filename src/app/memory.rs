//! The memory of scans, where the operator keeps it: read before a scan, written once after the report and the messages.
//!
//! A memory that cannot be used costs no scan. It is one warning and one note of the report, and the scan begins anew or
//! goes on without one. What is there is replaced only where it is a damaged memory: a wrong path must cost nobody a file,
//! and going back to an earlier image not what the later one remembers. A run that ends between telling and remembering tells twice rather than never.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::Value;

use super::output::file::{self, Attempt};
use super::settings::StateStore;
use crate::cluster::{Cluster, MemoryName, StoredMemory, WriteMemoryError};
use crate::limited_file;
use crate::model::{Report, ReportNote};
use crate::notify::Delivery;
use crate::report::words::minute;
use crate::state::{EncodeError, FormatError, MAX_BYTES, Receipt, Salt, State};
use crate::vocabulary::MemoryDetail;

/// The scope of notes about the memory.
const SCOPE: &str = "state";

/// By how much the clocks of two machines may differ.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// The memory of a scan, and where it is kept.
pub(super) struct Memory {
    /// What is remembered.
    pub(super) state: State,
    place: Place,
    notes: Vec<String>,
    /// Who was told what by this run, and what each asks to keep.
    told: Vec<(Receipt, Option<Value>)>,
}

/// Where a memory is written.
enum Place {
    /// Nowhere: what is there is left alone.
    Nowhere,
    /// To a file, if it still holds what was read.
    File(PathBuf, Option<Vec<u8>>),
    /// To a `ConfigMap`, if it still is the one that was read.
    ConfigMap(Arc<Cluster>, MemoryName, StoredMemory),
}

/// What is remembered, as far as it could be read.
pub(super) enum Loaded {
    /// Nothing is to be remembered.
    Nothing,
    /// The memory.
    Memory(Box<Memory>),
    /// It could not be read, for this reason: nothing is known of earlier scans, and nothing is written.
    Unreadable(String),
}

/// Reads the memory of scans of this cluster.
pub(super) async fn load(store: &StateStore, cluster: Option<&Arc<Cluster>>, name: &str) -> Loaded {
    let (place, bytes) = match (store, cluster) {
        (StateStore::None, _) | (StateStore::ConfigMap { .. }, None) => return Loaded::Nothing,
        (StateStore::File(path), _) => match read_file(path).await {
            Ok(bytes) => (Place::File(path.clone(), bytes.clone()), bytes),
            Err(error) => {
                return Loaded::unreadable(format!(
                    "the state in {} cannot be read: {error}",
                    path.display()
                ));
            }
        },
        (StateStore::ConfigMap { namespace, name }, Some(cluster)) => {
            let name = MemoryName {
                namespace: namespace
                    .clone()
                    .unwrap_or_else(|| cluster.namespace().to_owned()),
                name: name.clone(),
            };
            match cluster.read_memory(&name).await {
                Ok(stored) => {
                    let bytes = stored.bytes.clone();
                    (Place::ConfigMap(Arc::clone(cluster), name, stored), bytes)
                }
                Err(error) => {
                    return Loaded::unreadable(format!(
                        "the state in {} cannot be read: {error}",
                        name.in_words()
                    ));
                }
            }
        }
    };
    let Ok(salt) = salt() else {
        return Loaded::unreadable("the system has no random numbers for the state".to_owned());
    };
    let mut memory = Memory {
        state: State::fresh(name, salt),
        place,
        notes: Vec::new(),
        told: Vec::new(),
    };
    match bytes.map(|bytes| State::decode(&bytes)) {
        None => {}
        Some(Ok(state)) if state.cluster() == name => memory.state = state,
        // It lives in the cluster that it is about, whatever that is called.
        Some(Ok(state)) if matches!(memory.place, Place::ConfigMap(..)) => memory.state = state.renamed(name),
        Some(Ok(state)) => {
            let text = format!(
                "the state in {} is that of the cluster {}, and is left alone: name another place for {name}",
                memory.place,
                state.cluster()
            );
            memory.place = Place::Nowhere;
            memory.note(text);
        }
        Some(Err(error)) if memory.place.keeps(&error) => {
            let text = format!(
                "the state in {} is not used, and is left alone: {error}; everything counts as new, also in the next \
                 scan: name another place",
                memory.place
            );
            memory.place = Place::Nowhere;
            memory.note(text);
        }
        Some(Err(error)) => {
            let text = format!(
                "the state in {} is not used: {error}; everything counts as new",
                memory.place
            );
            memory.note(text);
        }
    }
    Loaded::Memory(Box::new(memory))
}

impl Loaded {
    /// The scan ended before it was read.
    pub(super) fn out_of_time() -> Self {
        Self::unreadable("the scan ended before the state was read".to_owned())
    }

    fn unreadable(text: String) -> Self {
        tracing::warn!("{text}");
        Self::Unreadable(text)
    }
}

impl Memory {
    /// Says of everything in a report how it stands to what is remembered, and remembers the report.
    pub(super) fn compare(&mut self, report: &mut Report) {
        let last = self.state.scanned_at();
        if let Some(last) = last.filter(|last| *last > report.started_at + SKEW) {
            self.note(format!(
                "the last scan that is remembered began at {}, which is after this one ({}): a clock is wrong, or was",
                minute(last),
                minute(report.started_at)
            ));
        }
        self.state.compare(report);
        match self.state.fit() {
            Ok(MemoryDetail::Fields) => {}
            Ok(MemoryDetail::Objects) => self.note(
                "there are too many findings to remember one by one: from now on each object's are remembered together"
                    .to_owned(),
            ),
            Ok(MemoryDetail::Releases) => self.note(
                "there are too many drifted objects to remember one by one: from now on each release's are remembered \
                 together"
                    .to_owned(),
            ),
            Err(error) => {
                self.place = Place::Nowhere;
                self.note(format!("the state is not written: {error}"));
            }
        }
        let notes = std::mem::take(&mut self.notes);
        report.notes.extend(notes.into_iter().map(note));
        report.notes.sort();
    }

    /// Remembers what a receiver was told, if it was.
    pub(super) fn told(&mut self, receipt: Receipt, delivery: Delivery) {
        if delivery.is_undelivered() {
            self.state.undelivered(receipt, delivery.keeps);
        } else {
            self.state.delivered(receipt.clone(), delivery.keeps.clone());
            self.told.push((receipt, delivery.keeps));
        }
    }

    /// Writes the memory, and says why where that fails. No failure changes the result of the scan.
    pub(super) async fn save(self) {
        if matches!(self.place, Place::Nowhere) {
            return;
        }
        let place = self.place.to_string();
        match self.write().await {
            Ok(()) => tracing::debug!("the state in {place} was written"),
            Err(error) => tracing::warn!(
                "the state in {place} was not written: {error}; what was told now may be told again by the next scan"
            ),
        }
    }

    async fn write(self) -> Result<(), String> {
        let Err(error) = self.place.write(&self.state).await else {
            return Ok(());
        };
        if !error.is_conflict() {
            return Err(error.to_string());
        }
        // What the other scan remembers is as good. That receivers were told by this one is not in it.
        let (place, bytes) = self.place.read_again().await?;
        let mut state = match bytes.map(|bytes| State::decode(&bytes)) {
            Some(Ok(state)) if state.cluster() == self.state.cluster() => state,
            Some(_) | None => return Err(error.to_string()),
        };
        for (receipt, keeps) in self.told {
            state.delivered(receipt, keeps);
        }
        place.write(&state).await.map_err(|error| error.to_string())
    }

    fn note(&mut self, text: String) {
        tracing::warn!("{text}");
        self.notes.push(text);
    }
}

/// A note of a report about the memory.
pub(super) fn note(message: String) -> ReportNote {
    ReportNote {
        scope: SCOPE.to_owned(),
        message,
    }
}

/// Why a memory was not written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    /// Another scan has written it since it was read.
    #[error("another scan has written it in the meantime; let only one scan at a time use it")]
    Conflict,
    /// It could not be put into bytes.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The object could not be written.
    #[error(transparent)]
    Object(WriteMemoryError),
}

impl WriteError {
    const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

impl Place {
    /// Whether what is there is left alone, although it cannot be used. The key of a `ConfigMap` is nobody else's.
    const fn keeps(&self, error: &FormatError) -> bool {
        match error {
            FormatError::Later { .. } => true,
            FormatError::Foreign | FormatError::TooLarge => matches!(self, Self::File(..)),
            FormatError::Damaged => false,
        }
    }

    /// Writes a memory in place of the one that was read.
    async fn write(&self, state: &State) -> Result<(), WriteError> {
        let bytes = state.encode()?;
        match self {
            Self::Nowhere => Ok(()),
            Self::File(path, read) => {
                if read_file(path).await? != *read {
                    return Err(WriteError::Conflict);
                }
                Ok(write_file(path.clone(), bytes).await?)
            }
            Self::ConfigMap(cluster, name, read) => match cluster.write_memory(name, read, &bytes).await {
                Ok(()) => Ok(()),
                Err(WriteMemoryError::Conflict) => Err(WriteError::Conflict),
                Err(
                    error @ (WriteMemoryError::Gone
                    | WriteMemoryError::Immutable
                    | WriteMemoryError::MayNotCreate { .. }
                    | WriteMemoryError::MayNotPatch(_)
                    | WriteMemoryError::Invalid
                    | WriteMemoryError::Failed(_)),
                ) => Err(WriteError::Object(error)),
            },
        }
    }

    /// The same place, and what it holds now.
    async fn read_again(self) -> Result<(Self, Option<Vec<u8>>), String> {
        match self {
            Self::Nowhere => Ok((self, None)),
            Self::File(path, _) => {
                let bytes = read_file(&path).await.map_err(|error| error.to_string())?;
                Ok((Self::File(path, bytes.clone()), bytes))
            }
            Self::ConfigMap(cluster, name, _) => {
                let stored = cluster
                    .read_memory(&name)
                    .await
                    .map_err(|error| error.to_string())?;
                let bytes = stored.bytes.clone();
                Ok((Self::ConfigMap(cluster, name, stored), bytes))
            }
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nowhere => f.write_str("no place"),
            Self::File(path, _) => path.display().fmt(f),
            Self::ConfigMap(_, name, _) => f.write_str(&name.in_words()),
        }
    }
}

/// A salt of the system's random numbers.
pub(super) fn salt() -> Result<Salt, ring::error::Unspecified> {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random)?;
    Ok(Salt::new(random))
}

/// What a file holds; `None` where it does not exist or is empty.
async fn read_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let path = path.to_owned();
    let read = move || {
        // Asked before it is opened: a pipe would be waited for.
        let is_other = std::fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file());
        if is_other {
            return Err(io::Error::other("it is no regular file"));
        }
        read_regular(&path)
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(io::Error::other)?
}

fn read_regular(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match limited_file::read(path, MAX_BYTES as u64) {
        Ok(bytes) => Ok(Some(bytes).filter(|bytes| !bytes.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // No memory is as large, and nothing that is none is read on.
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Ok(Some(vec![0])),
        Err(error) => Err(error),
    }
}

/// Writes a file, whole or not at all.
async fn write_file(path: PathBuf, bytes: Vec<u8>) -> io::Result<()> {
    let write = move || file::write(&path, &Attempt::default(), |out| out.write_all(&bytes));
    tokio::task::spawn_blocking(write)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::report::fixtures;
    use crate::vocabulary::{HealthCode, HealthSeverity};

    fn compressed(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn stuck() -> Report {
        let release = fixtures::release("shop", "web");
        fixtures::report(vec![
            release.with_health(HealthCode::Stuck, HealthSeverity::Critical),
        ])
    }

    #[tokio::test]
    async fn only_a_damaged_memory_is_replaced() {
        let whole = State::fresh("demo", salt().unwrap()).encode().unwrap();
        let cut = whole[..whole.len() - 9].to_vec();
        let rows = [
            (b"precious\n".to_vec(), "left alone: it is not a memory", true),
            (compressed("precious"), "left alone: it is not a memory", true),
            (vec![7; MAX_BYTES + 1], "left alone: it is not a memory", true),
            (
                compressed(r#"{"version":99}"#),
                "left alone: it was written by a later version",
                true,
            ),
            (cut, "is not used: it is damaged", false),
        ];
        for (bytes, said, is_left) in rows {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &bytes).unwrap();
            let store = StateStore::File(file.path().to_owned());
            let Loaded::Memory(memory) = load(&store, None, "demo").await else {
                panic!("{said}: nothing is loaded")
            };
            assert!(memory.notes[0].contains(said), "{:?}", memory.notes);
            memory.save().await;
            assert_eq!(std::fs::read(file.path()).unwrap() == bytes, is_left, "{said}");
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_wrong_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = StateStore::File(folder.path().join("state"));
        let at = |year: i32| {
            let mut report = stuck();
            report.started_at = format!("{year}-01-01T00:00:00Z").parse().unwrap();
            report
        };
        let mut told = Vec::new();
        for year in [2027, 2037, 2027, 2028] {
            let Loaded::Memory(mut memory) = load(&store, None, &at(year).cluster.name).await else {
                panic!("nothing is loaded")
            };
            let mut report = at(year);
            memory.compare(&mut report);
            let notes = report.notes.iter().filter(|note| note.scope == SCOPE);
            told.push(notes.map(|note| note.message.clone()).collect::<Vec<_>>());
            memory.save().await;
        }
        let said = "the last scan that is remembered began at 2037-01-01 00:00, which is after this one (2027-01-01 00:00): a \
                    clock is wrong, or was";
        assert_eq!(told, [vec![], vec![], vec![said.to_owned()], vec![]]);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_one_sentence() {
        for path in ["/proc/state", "/nowhere/state"] {
            let store = StateStore::File(path.into());
            let Loaded::Memory(memory) = load(&store, None, "demo").await else {
                panic!("{path}: nothing is loaded")
            };
            let error = memory.write().await.unwrap_err();
            assert!(!error.is_empty() && !error.contains('\n'), "{path}: {error}");
        }
    }

    #[tokio::test]
    async fn two_scans_at_once_leave_one_memory_that_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let store = StateStore::File(path.clone());
        let mut scans = Vec::new();
        for _ in 0..2 {
            let Loaded::Memory(mut memory) = load(&store, None, "demo").await else {
                panic!("nothing is loaded")
            };
            memory.compare(&mut stuck());
            scans.push(memory);
        }
        for memory in scans {
            memory.write().await.unwrap();
        }
        State::decode(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[tokio::test]
    async fn what_is_no_regular_file_is_not_read() {
        for path in ["/dev/zero", "/"] {
            let store = StateStore::File(path.into());
            let Loaded::Unreadable(reason) = load(&store, None, "demo").await else {
                panic!("{path} was read")
            };
            assert!(reason.contains("it is no regular file"), "{reason}");
        }
    }
}
