//! The memory as bytes: versioned, compressed, and never larger than a `ConfigMap` takes.
//!
//! What is read may be broken, from a later version, no memory at all, or made by somebody who means harm. It is read
//! within limits, and whatever is wrong with it is one reason for a fresh start. Only what is certainly a memory, and
//! damaged, is worth nothing to anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};

use chrono::serde::ts_seconds_option;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::digest::Salt;
use super::entry::{Entry, Item, SinkNumber};
use super::memory::{ReleaseId, Remembered, SinkMemory, State};
use crate::vocabulary::MemoryDetail;

/// The version that is written, and the newest that is read.
const VERSION: u64 = 1;

/// The most that is written. A `ConfigMap` takes 1 MiB with everything in it (Kubernetes:
/// `pkg/apis/core/validation/validation.go`, `ValidateConfigMap`).
pub const MAX_BYTES: usize = 900 << 10;

/// The room that is left for what is remembered after the size was decided: who was told.
const MARGIN: usize = 50 << 10;

/// The most that is written and read, before it is compressed.
const MAX_DECODED_BYTES: u64 = 16 << 20;

/// Why a memory cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is larger than any that is written.
    #[error("it is larger than {} KiB", MAX_BYTES >> 10)]
    TooLarge,
    /// It does not begin as a memory does.
    #[error("it is not a memory of driftline")]
    Foreign,
    /// It begins as a memory does, and cannot be read to its end, or is too large without compression.
    #[error("it is damaged")]
    Damaged,
    /// A later version wrote it.
    #[error(
        "it was written by a later version of driftline (format {found}, this one reads up to {VERSION})"
    )]
    Later {
        /// The version that it names.
        found: u64,
    },
}

/// Why a memory cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Not even its releases fit.
    #[error("it would take {} KiB; at most {} KiB fit, and {MAX_DECODED_BYTES} bytes before they are compressed", .0 >> 10, MAX_BYTES >> 10)]
    TooLarge(usize),
    /// It could not be put into bytes.
    #[error("it cannot be put into bytes")]
    Failed,
}

/// How every memory begins: the magic number of gzip, and then this.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
const BEGINNING: &[u8] = b"{\"version\":";

/// The beginning of every version.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<R, S> {
    version: u64,
    cluster: String,
    salt: Salt,
    #[serde(with = "ts_seconds_option", default)]
    scanned_at: Option<DateTime<Utc>>,
    detail: MemoryDetail,
    sinks: S,
    releases: R,
}

/// The document as it is read.
type ReadDocument = Document<Vec<ReleaseDocument<ReleaseId, Entry>>, BTreeMap<String, SinkMemory>>;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReleaseDocument<I, E> {
    #[serde(flatten)]
    id: I,
    namespace: String,
    #[serde(default)]
    revision: Option<u64>,
    entries: Vec<E>,
}

impl State {
    /// Reads a memory.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > MAX_BYTES {
            return Err(FormatError::TooLarge);
        }
        if !bytes.starts_with(&MAGIC) {
            return Err(FormatError::Foreign);
        }
        let mut json = Vec::new();
        let mut decoder = GzDecoder::new(bytes).take(MAX_DECODED_BYTES + 1);
        let end = decoder.read_to_end(&mut json);
        // What comes before the damage may be shorter than the beginning.
        if json
            .iter()
            .zip(BEGINNING)
            .any(|(byte, expected)| byte != expected)
        {
            return Err(FormatError::Foreign);
        }
        if end.is_err() || json.len() as u64 > MAX_DECODED_BYTES {
            return Err(FormatError::Damaged);
        }
        let Versioned { version } = serde_json::from_slice(&json).map_err(|_| FormatError::Damaged)?;
        if version > VERSION {
            return Err(FormatError::Later { found: version });
        }
        let document: ReadDocument = serde_json::from_slice(&json).map_err(|_| FormatError::Damaged)?;
        let Document {
            cluster,
            salt,
            scanned_at,
            detail,
            sinks,
            releases,
            version: _,
        } = document;
        let releases = releases.into_iter().map(|release| {
            let names = release.id.names(&cluster);
            let entries = release.entries.into_iter();
            let entries = entries.map(|entry| (entry.subject.fingerprint(names, &entry.code), entry));
            let remembered = Remembered {
                namespace: release.namespace,
                revision: release.revision,
                entries: entries.collect(),
            };
            (release.id.clone(), remembered)
        });
        Ok(Self {
            releases: releases.collect(),
            cluster: cluster.clone(),
            salt,
            scanned_at,
            detail,
            sinks,
        })
    }

    /// Writes a memory. [`State::fit`] has made sure that it is small enough.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let releases = self.releases.iter().map(|(id, release)| ReleaseDocument {
            id,
            namespace: release.namespace.clone(),
            revision: release.revision,
            entries: release.entries.values().collect(),
        });
        let document = Document {
            version: VERSION,
            cluster: self.cluster.clone(),
            salt: self.salt,
            scanned_at: self.scanned_at,
            detail: self.detail,
            sinks: &self.sinks,
            releases: releases.collect::<Vec<_>>(),
        };
        let failed = |_| EncodeError::Failed;
        let json = serde_json::to_vec(&document).map_err(|_| EncodeError::Failed)?;
        if json.len() as u64 > MAX_DECODED_BYTES {
            return Err(EncodeError::TooLarge(json.len()));
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&json).map_err(failed)?;
        let bytes = encoder.finish().map_err(failed)?;
        if bytes.len() > MAX_BYTES {
            return Err(EncodeError::TooLarge(bytes.len()));
        }
        Ok(bytes)
    }

    /// Remembers less, until the memory is small enough to be written: first what ended is forgotten, then the findings of an
    /// object are remembered together, then all that drifted in a release. Returns the detail that is left, or why even that does not fit.
    ///
    /// A memory that was too large remembers everything one by one again as soon as that fits.
    pub fn fit(&mut self) -> Result<MemoryDetail, EncodeError> {
        let mut has_forgotten = false;
        loop {
            let size = match self.encode() {
                Ok(bytes) if bytes.len() <= MAX_BYTES - MARGIN => return Ok(self.detail),
                Ok(bytes) => bytes.len(),
                Err(EncodeError::TooLarge(size)) => size,
                Err(error @ EncodeError::Failed) => return Err(error),
            };
            if !has_forgotten {
                self.forget_ended();
                has_forgotten = true;
                continue;
            }
            let less = match self.detail {
                MemoryDetail::Fields => MemoryDetail::Objects,
                MemoryDetail::Objects => MemoryDetail::Releases,
                MemoryDetail::Releases => return Err(EncodeError::TooLarge(size)),
            };
            self.reduce(less);
        }
    }

    /// Forgets what ended, if nobody waits to be told so. It is only needed to tell what comes and goes.
    fn forget_ended(&mut self) {
        for release in self.releases.values_mut() {
            release
                .entries
                .retain(|_, entry| entry.ended_at.is_none() || !entry.known_to.is_empty() || entry.scans > 0);
        }
    }

    /// Remembers together what a memory of this detail does not keep apart.
    fn reduce(&mut self, detail: MemoryDetail) {
        let salt = self.salt;
        for (id, release) in &mut self.releases {
            let names = id.names(&self.cluster);
            let mut together: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
            for entry in std::mem::take(&mut release.entries).into_values() {
                let item = Item {
                    subject: entry.subject.clone(),
                    code: entry.code.clone(),
                    content: entry.content,
                    live: entry.live,
                    matters: entry.matters,
                    is_omitted: entry.is_omitted,
                };
                let item = item.at(detail);
                let key = item.subject.fingerprint(names, &item.code);
                let entry = Entry {
                    subject: item.subject,
                    code: item.code,
                    live: item.live,
                    ..entry
                };
                together.entry(key).or_default().push(entry);
            }
            release.entries = together
                .into_iter()
                .filter_map(|(key, entries)| Some((key, merged(entries, &salt)?)))
                .collect();
        }
        self.detail = detail;
    }
}

/// One entry for several. What is still there counts before what ended.
fn merged(mut entries: Vec<Entry>, salt: &Salt) -> Option<Entry> {
    // As the items of a report are put together: whatever was found.
    let found = entries.iter().filter(|entry| entry.scans > 0);
    let found: Vec<_> = found.map(|entry| entry.content).collect();
    if entries.iter().any(Entry::is_active) {
        entries.retain(Entry::is_active);
    }
    let content = match found[..] {
        [] => entries.last()?.content,
        [content] => content,
        [..] => salt.of_all(found),
    };
    let everybody = |sinks: fn(&Entry) -> &BTreeSet<SinkNumber>| {
        let all = entries.iter().map(sinks).cloned();
        all.reduce(|a, b| &a & &b).unwrap_or_default()
    };
    let told = everybody(|entry| &entry.told);
    let known_to = entries
        .iter()
        .flat_map(|entry| entry.known_to.iter().copied())
        .collect();
    let first_seen = entries.iter().map(|entry| entry.first_seen).min()?;
    let scans = entries.iter().map(|entry| entry.scans).max()?;
    let found_at = entries.iter().map(|entry| entry.found_at).max()?;
    let matters = entries.iter().any(|entry| entry.matters);
    let is_omitted = entries.iter().any(|entry| entry.is_omitted);
    let entry = entries.pop()?;
    Some(Entry {
        content,
        live: None,
        is_omitted,
        matters,
        first_seen,
        found_at,
        scans,
        known_to,
        told,
        ..entry
    })
}
