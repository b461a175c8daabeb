//! The files of a chart in a record, of which those in `crds/` leave their fingerprints (Helm:
//! `pkg/chart/common/file.go`, `File`).
//!
//! A file is hashed from the parser's own buffer, piece by piece, and what is no definition is only searched. The templates
//! have the same form, and are read by the same loop.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use base64::Engine as _;
use serde::de::{DeserializeSeed as _, Error, IgnoredAny, MapAccess, SeqAccess};
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};

use super::encoding::BASE64;
use super::lenient::{Lenient, Part};
use super::limits::{MANY_CRDS, MANY_FILES, MAX_CRDS, MAX_FILES, MAX_WORD};
use super::mentions::{Mentions, Search};
use super::record::CrdFingerprint;

/// The folder of the definitions.
const CRDS: &str = "crds/";

/// Characters of base64 that are decoded at once; a multiple of four, which is what stands for three bytes.
const PIECE: usize = 64 << 10;

/// What is kept of a chart's files.
#[derive(Debug, Default)]
pub(super) struct ChartFiles {
    /// The fingerprints of the definitions. Files that nobody could install have none.
    pub(super) definitions: BTreeMap<String, CrdFingerprint>,
    /// Whether any other file has the name of a function that renders something else each time.
    pub(super) has_mention: bool,
}

/// Reads a chart's files.
pub(super) fn chart_files<'de, S: Search, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ChartFiles, D::Error> {
    Lenient::<Files<S>>::new().deserialize(deserializer)
}

struct Files<S>(PhantomData<S>);

impl<'de, S: Search> Part<'de> for Files<S> {
    type Value = ChartFiles;

    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self::Value, A::Error> {
        let mut files = ChartFiles::default();
        for_each_file::<Data<S>, A>(list, |file| {
            files.has_mention |= file.has_mention;
            let Some(name) = file.name.filter(|name| is_definition(name)) else {
                return Ok(());
            };
            let Some(fingerprint) = file.data.unwrap_or_else(Data::<S>::null) else {
                return Ok(());
            };
            if files.definitions.len() == MAX_CRDS {
                return Err(A::Error::custom(MANY_CRDS));
            }
            files.definitions.insert(name, fingerprint);
            Ok(())
        })?;
        Ok(files)
    }
}

fn is_definition(name: &str) -> bool {
    name.starts_with(CRDS)
}

/// Whether a file is for people: it is not rendered, and quotes templates.
pub(super) fn is_prose(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("md"))
}

/// What is read of a file's bytes.
pub(super) trait Content<'de>: Part<'de> {
    /// Whether bytes that are not looked at are searched for names of functions.
    const IS_SEARCHED: bool = false;

    /// Whether the bytes of a file of this name are looked at. They are where they stand before the name.
    fn is_of(_: &str) -> bool {
        true
    }
}

/// One file, as far as it is read.
#[derive(Default)]
pub(super) struct ChartFile<V> {
    /// Its name, empty where it is none; `None` where the file has no such field.
    pub(super) name: Option<String>,
    /// What was read of its bytes; `None` where they are missing or were passed over.
    pub(super) data: Option<V>,
    /// Whether bytes that were passed over have the name of a function that renders something else each time.
    has_mention: bool,
}

/// Reads a list of files, of which no chart has more than [`MAX_FILES`], and hands on each.
pub(super) fn for_each_file<'de, C: Content<'de>, A: SeqAccess<'de>>(
    mut list: A,
    mut take: impl FnMut(ChartFile<C::Value>) -> Result<(), A::Error>,
) -> Result<(), A::Error> {
    let mut files = 0;
    while let Some(file) = list.next_element_seed(Lenient::<File<C>>::new())? {
        files += 1;
        if files > MAX_FILES {
            return Err(A::Error::custom(MANY_FILES));
        }
        take(file)?;
    }
    Ok(())
}

struct File<C>(PhantomData<C>);

impl<'de, C: Content<'de>> Part<'de> for File<C> {
    type Value = ChartFile<C::Value>;

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self::Value, A::Error> {
        let mut file = Self::Value::default();
        while let Some(key) = object.next_key::<Key>()? {
            match key {
                Key::Name => file.name = Some(object.next_value_seed(Lenient::<Name>::new())?),
                // Go writes the name first.
                Key::Data if file.name.as_deref().is_none_or(C::is_of) => {
                    file.data = Some(object.next_value_seed(Lenient::<C>::new())?);
                }
                Key::Data if C::IS_SEARCHED && file.name.as_deref().is_none_or(|name| !is_prose(name)) => {
                    file.has_mention = object.next_value_seed(Lenient::<Mentions>::new())?;
                }
                Key::Data | Key::Other => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        // Whoever else writes the name last.
        if file.name.as_deref().is_some_and(|name| !C::is_of(name)) {
            file.data = None;
        }
        Ok(file)
    }
}

/// The fields of a file.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Key {
    Name,
    Data,
    #[serde(other)]
    Other,
}

/// A file's name; empty where it is none.
struct Name;

impl Part<'_> for Name {
    type Value = String;

    fn text(text: &str) -> String {
        if text.len() <= MAX_WORD {
            text.to_owned()
        } else {
            String::new()
        }
    }
}

/// The fingerprint of a file's bytes, unless they cannot be read.
struct Data<S>(PhantomData<S>);

impl<S> Part<'_> for Data<S> {
    type Value = Option<CrdFingerprint>;

    /// Go writes bytes as base64.
    fn text(base64: &str) -> Self::Value {
        fingerprint(base64.as_bytes())
    }

    /// Go writes nothing as null.
    fn null() -> Self::Value {
        Some(CrdFingerprint::of(b""))
    }
}

impl<S: Search> Content<'_> for Data<S> {
    const IS_SEARCHED: bool = S::IS_ON;

    fn is_of(name: &str) -> bool {
        is_definition(name)
    }
}

fn fingerprint(base64: &[u8]) -> Option<CrdFingerprint> {
    let mut hash = Sha256::new();
    let mut pieces = base64.chunks(PIECE).peekable();
    while let Some(piece) = pieces.next() {
        // Only the end may be padded.
        if pieces.peek().is_some() && piece.last() == Some(&b'=') {
            return None;
        }
        hash.update(BASE64.decode(piece).ok()?);
    }
    Some(CrdFingerprint::from_digest(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::super::mentions::Searched;
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    fn names(files: &str) -> Vec<String> {
        let mut json = serde_json::Deserializer::from_str(files);
        chart_files::<Searched, _>(&mut json)
            .unwrap()
            .definitions
            .into_keys()
            .collect()
    }

    #[test]
    fn a_definition_is_found_in_whatever_order_its_fields_come() {
        let files = r#"[{"data":"AAAA","name":"crds/a.yaml"},{"data":"AAAA","name":"README.md"},
            {"name":"crds/b.yaml","modtime":"x","data":"AAAA"},{"name":"crds/c.yaml"},{"name":["crds/d.yaml"]},
            {"name":"crds/e.yaml","data":{"a":1}},7,null,["crds/f.yaml"]]"#;
        assert_eq!(names(files), ["crds/a.yaml", "crds/b.yaml", "crds/c.yaml"]);
    }

    #[test]
    fn a_long_file_is_hashed_as_a_whole() {
        for length in [0, 1, PIECE / 4 * 3 - 1, PIECE / 4 * 3, PIECE, 200_000] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let found = fingerprint(STANDARD.encode(&bytes).as_bytes());
            assert_eq!(found, Some(CrdFingerprint::of(&bytes)), "{length}");
        }
        let padded = format!("{}AA=={}", "A".repeat(PIECE - 4), "AAAA");
        assert_eq!(fingerprint(padded.as_bytes()), None);
    }

    #[test]
    fn more_definitions_than_any_chart_has_are_refused() {
        let files: Vec<String> = (0..=MAX_CRDS)
            .map(|index| format!("{{\"name\":\"crds/{index}\",\"data\":null}}"))
            .collect();
        let files = format!("[{}]", files.join(","));
        let error = chart_files::<Searched, _>(&mut serde_json::Deserializer::from_str(&files)).unwrap_err();
        assert!(error.to_string().starts_with(MANY_CRDS));
    }
}
