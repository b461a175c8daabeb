//! Salted hashes, which tell that something changed and not what it was.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// The salt of one memory. Two memories of the same cluster have no hash in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(Bytes<16>);

/// A salted hash of 64 bits: enough to see a change, too little to be worth guessing values against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Hash(Bytes<8>);

impl Salt {
    /// A salt of these random bytes.
    pub const fn new(random: [u8; 16]) -> Self {
        Self(Bytes(random))
    }

    /// The hash of these parts. Each is preceded by its length, so that no two lists of parts are the same bytes.
    pub(crate) fn hash<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Hash {
        let mut hash = Sha256::new_with_prefix(self.0.0);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let whole = hash.finalize();
        let mut short = [0; 8];
        short.copy_from_slice(&whole[..8]);
        Hash(Bytes(short))
    }

    /// The hash of several hashes, in whatever order they come.
    pub(crate) fn of_all(&self, hashes: impl IntoIterator<Item = Hash>) -> Hash {
        let mut hashes: Vec<Hash> = hashes.into_iter().collect();
        hashes.sort_unstable();
        self.hash(hashes.iter().map(|hash| &hash.0.0[..]))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Bytes as hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> FromStr for Bytes<N> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("a hash has {} hexadecimal digits", N * 2);
        if text.len() != N * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; N];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Bytes::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Bytes::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_salt_gives_another_hash_and_parts_do_not_run_together() {
        let salt = Salt::new([1; 16]);
        assert_eq!(salt.hash([&b"ab"[..]]), salt.hash([&b"ab"[..]]));
        assert_ne!(salt.hash([&b"ab"[..]]), Salt::new([2; 16]).hash([&b"ab"[..]]));
        assert_ne!(salt.hash([&b"ab"[..]]), salt.hash([&b"a"[..], b"b"]));
        let (a, b) = (salt.hash([&b"a"[..]]), salt.hash([&b"b"[..]]));
        assert_eq!(salt.of_all([a, b]), salt.of_all([b, a]));
    }

    #[test]
    fn a_text_that_is_no_hash_is_refused() {
        for text in ["", "12", "zz00000000000000", "é000000000000000"] {
            assert!(serde_json::from_value::<Hash>(text.into()).is_err(), "{text}");
        }
        let hash = Salt::new([0; 16]).hash([]);
        let written = serde_json::to_value(hash).unwrap();
        assert_eq!(serde_json::from_value::<Hash>(written).unwrap(), hash);
    }
}
