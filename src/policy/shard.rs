//! A share of the namespaces of a cluster, so that several scans together are about all of it.
//!
//! A namespace is in the shard that its name says: the first eight bytes of the SHA-256 of the name, read as a number with the
//! most significant byte first, modulo the number of shards. No two versions of the program may disagree about that, because
//! memories, alerts and reports are kept by shards. The namespace is that of the release's records, which is the API
//! server's own word, and not what a record says of itself.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::model::Selected;

/// The most shards. A cluster with so many namespaces that more would be of use has other troubles.
pub const MAX_SHARDS: u16 = 1_000;

/// One of so many shards of the namespaces of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    index: u16,
    count: u16,
}

/// Why a text names no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// It has no known form.
    #[error("`{0}` is no shard: it has to be I/N, shard I of N counted from 0, such as 0/4")]
    Form(String),
    /// There are no such shards, or too many.
    #[error("`{0}` is no shard: the number of shards has to be from 1 to {MAX_SHARDS}")]
    Count(String),
    /// There are fewer.
    #[error("`{text}` is no shard: {count} shards are counted from 0, so that the last one is {}/{count}", count - 1)]
    Index {
        /// The text.
        text: String,
        /// How many shards it speaks of.
        count: u16,
    },
}

impl Shard {
    /// The shard that the scan of a report was of; `None` where it was of none, or of one that is not known.
    pub fn of(selected: &Selected) -> Option<Self> {
        selected.shard.as_deref()?.parse().ok()
    }

    /// Its number, counted from 0.
    pub const fn index(self) -> u16 {
        self.index
    }

    /// How many shards there are.
    pub const fn count(self) -> u16 {
        self.count
    }

    /// Whether a namespace is in it.
    pub fn has(self, namespace: &str) -> bool {
        hash(namespace) % u64::from(self.count) == u64::from(self.index)
    }

    /// All shards, of which this is one.
    pub fn all(self) -> impl Iterator<Item = Self> {
        let count = self.count;
        (0..count).map(move |index| Self { index, count })
    }
}

/// The number of a namespace.
fn hash(namespace: &str) -> u64 {
    let digest = Sha256::digest(namespace);
    let first = digest.iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let form = || ShardError::Form(text.to_owned());
        // Not by the parser of numbers, which takes a sign.
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (index, count) = text.split_once('/').ok_or_else(form)?;
        let (index, count) = [index, count]
            .iter()
            .all(is_number)
            .then_some((index, count))
            .ok_or_else(form)?;
        let count = count.parse().unwrap_or(u16::MAX);
        if !(1..=MAX_SHARDS).contains(&count) {
            return Err(ShardError::Count(text.to_owned()));
        }
        let index = index.parse().unwrap_or(u16::MAX);
        if index >= count {
            return Err(ShardError::Index {
                text: text.to_owned(),
                count,
            });
        }
        Ok(Self { index, count })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str) -> Shard {
        text.parse().unwrap()
    }

    /// Memories, alerts and reports are kept by shards: where a namespace is may never change.
    #[test]
    fn namespaces_stay_in_their_shards() {
        let index_of = |namespace: &str, count: u16| {
            let all = shard(&format!("0/{count}")).all();
            let having: Vec<u16> = all
                .filter(|shard| shard.has(namespace))
                .map(Shard::index)
                .collect();
            let [index] = having[..] else {
                panic!("{namespace} is in {having:?}")
            };
            index
        };
        for (namespace, shards) in [
            ("", [0, 0, 1, 0, 1, 4, 652]),
            ("default", [0, 1, 1, 1, 4, 13, 149]),
            ("kube-system", [0, 1, 1, 1, 1, 1, 969]),
            ("shop", [0, 1, 1, 1, 2, 13, 725]),
            ("payments", [0, 0, 0, 0, 1, 0, 760]),
            ("flux-system", [0, 1, 2, 3, 1, 11, 819]),
            ("team-a", [0, 0, 0, 0, 3, 4, 956]),
            (
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                [0, 0, 2, 2, 5, 6, 126],
            ),
        ] {
            let found = [1, 2, 3, 4, 7, 16, 1_000].map(|count| index_of(namespace, count));
            assert_eq!(found, shards, "{namespace}");
        }
    }

    #[test]
    fn a_shard_is_counted_from_0() {
        for text in ["0/1", "0/4", "3/4", "999/1000"] {
            assert_eq!(shard(text).to_string(), text);
        }
        for (text, says) in [
            ("", "has to be I/N"),
            ("4", "has to be I/N"),
            ("/4", "has to be I/N"),
            ("1/", "has to be I/N"),
            ("+1/4", "has to be I/N"),
            ("-1/4", "has to be I/N"),
            ("1/4/4", "has to be I/N"),
            ("$(JOB_COMPLETION_INDEX)/4", "has to be I/N"),
            ("x", "has to be I/N"),
            ("0/0", "from 1 to 1000"),
            ("1/0", "from 1 to 1000"),
            ("1/100000", "from 1 to 1000"),
            ("0/1001", "from 1 to 1000"),
            ("0/99999999999999999999", "from 1 to 1000"),
            ("4/4", "the last one is 3/4"),
            ("99999999999999999999/4", "the last one is 3/4"),
        ] {
            let error = text.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(text), "{error}");
        }
    }

    #[test]
    fn shards_are_about_equally_large() {
        let names: Vec<String> = (0..1_000).map(|number| format!("team-{number}")).collect();
        for shard in shard("0/4").all() {
            let having = names.iter().filter(|name| shard.has(name)).count();
            assert!((200..300).contains(&having), "{shard}: {having}");
        }
    }
}
