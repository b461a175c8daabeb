//! The templates of a chart in a record, of which one fact is kept: what of them may be rendered otherwise the next time.
//!
//! A template that calls `lookup` renders what lives in the cluster (Helm: `pkg/engine/lookup_func.go`, `NewLookupFunction`),
//! and one that calls `randAlphaNum` something else each time, so that the next upgrade with the same chart and values may
//! render another manifest than the stored one. A record holds the templates of its own chart and none of those of its
//! dependencies: Helm keeps them in a field that is not written (`pkg/chart/v2/chart.go`, `dependencies`). Of named
//! templates that only a dependency defines, those of a common library are known by name.
//!
//! Most charts render the same each time, so every text is first searched for the names of those functions, files in
//! their base64. Only a record in which that finds something, or that has a Secret, is read once more, with the calls of
//! its templates.

mod actions;
mod calls;
mod place;
mod texts;

use std::marker::PhantomData;

use base64::Engine as _;
use serde::de::{DeserializeSeed as _, IgnoredAny, SeqAccess};
use serde::{Deserialize, Deserializer};

use self::calls::Calls;
use self::texts::EachText;
use super::chart_files::{Content, for_each_file, is_prose};
use super::encoding::BASE64;
use super::lenient::{Lenient, Part};
use super::mentions::{self, Mentions, Search};
use super::variations::Variations;

/// The characters of the longest file that is looked into.
const MAX_FILE: usize = 1 << 20;

/// Whether any file of a list has the name of a function that renders something else.
pub(super) fn mentions_in_files<'de, S: Search, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<bool, D::Error> {
    struct Files;
    impl<'de> Part<'de> for Files {
        type Value = bool;

        fn list<A: SeqAccess<'de>>(list: A) -> Result<bool, A::Error> {
            let mut found = false;
            for_each_file::<Mentions, A>(list, |file| {
                found |= file.data.unwrap_or_default();
                Ok(())
            })?;
            Ok(found)
        }
    }
    if !S::IS_ON {
        return IgnoredAny::deserialize(deserializer).map(|_| false);
    }
    Lenient::<Files>::new().deserialize(deserializer)
}

/// Whether any text of values has the name of a function that renders something else.
pub(super) fn mentions_in_values<'de, S: Search, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<bool, D::Error> {
    if !S::IS_ON {
        return IgnoredAny::deserialize(deserializer).map(|_| false);
    }
    let mut found = false;
    EachText::of(&mut |text| found |= mentions::are_in(text)).deserialize(deserializer)?;
    Ok(found)
}

/// Whether a list or an object has anything in it.
pub(super) fn is_filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Filled;
    impl<'de> Part<'de> for Filled {
        type Value = bool;

        fn list<A: SeqAccess<'de>>(mut list: A) -> Result<bool, A::Error> {
            let mut found = false;
            while list.next_element::<IgnoredAny>()?.is_some() {
                found = true;
            }
            Ok(found)
        }
    }
    Lenient::<Filled>::new().deserialize(deserializer)
}

/// A record, of which only the calls of its templates are read.
#[derive(Deserialize)]
pub(super) struct WireTemplates {
    #[serde(default)]
    chart: Option<ChartTemplates>,
    #[serde(default, deserialize_with = "calls_of_values")]
    config: Calls,
}

#[derive(Deserialize)]
struct ChartTemplates {
    #[serde(default, deserialize_with = "calls_of::<TemplateFile, _>")]
    templates: Calls,
    #[serde(default, deserialize_with = "calls_of::<OtherFile, _>")]
    files: Calls,
    #[serde(default, deserialize_with = "calls_of_values")]
    values: Calls,
}

impl WireTemplates {
    /// What of the templates may be rendered otherwise.
    pub(super) fn variations(self, has_dependencies: bool) -> Variations {
        let mut calls = self.config;
        if let Some(chart) = self.chart {
            for part in [chart.templates, chart.files, chart.values] {
                calls.absorb(part);
            }
        }
        calls.variations(has_dependencies)
    }
}

/// Files of which the calls are noted.
trait Noted<'de>: Content<'de, Value = Read> {
    /// Notes what was read of one.
    fn note(calls: &mut Calls, name: &str, read: Read);
}

fn calls_of<'de, N: Noted<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Calls, D::Error> {
    struct Files<N>(PhantomData<N>);
    impl<'de, N: Noted<'de>> Part<'de> for Files<N> {
        type Value = Calls;

        fn list<A: SeqAccess<'de>>(list: A) -> Result<Calls, A::Error> {
            let mut calls = Calls::default();
            for_each_file::<N, A>(list, |file| {
                N::note(
                    &mut calls,
                    &file.name.unwrap_or_default(),
                    file.data.unwrap_or_default(),
                );
                Ok(())
            })?;
            Ok(calls)
        }
    }
    Lenient::<Files<N>>::new().deserialize(deserializer)
}

/// The calls in the texts of values, which `tpl` may render.
fn calls_of_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Calls, D::Error> {
    let mut calls = Calls::default();
    EachText::of(&mut |text| calls.add_text(text.as_bytes())).deserialize(deserializer)?;
    Ok(calls)
}

impl Content<'_> for Mentions {}

/// The bytes of a template.
struct TemplateFile;

/// What was read of a file.
#[derive(Default)]
enum Read {
    /// It has no bytes, or none that matter.
    #[default]
    Nothing,
    /// All of it.
    Whole(Vec<u8>),
    /// It is longer than any real template, or not in base64.
    Not,
}

impl Part<'_> for TemplateFile {
    type Value = Read;

    fn text(base64: &str) -> Read {
        if base64.len() > MAX_FILE {
            return if Mentions::text(base64) {
                Read::Not
            } else {
                Read::Nothing
            };
        }
        BASE64.decode(base64).map_or(Read::Not, Read::Whole)
    }
}

impl Content<'_> for TemplateFile {}

impl Noted<'_> for TemplateFile {
    fn note(calls: &mut Calls, name: &str, read: Read) {
        match read {
            Read::Whole(text) => calls.add_file(name, &text),
            Read::Not => calls.add_unread_file(name),
            Read::Nothing => {}
        }
    }
}

/// The bytes of another file, which `tpl` may render.
struct OtherFile;

impl Part<'_> for OtherFile {
    type Value = Read;

    fn text(base64: &str) -> Read {
        TemplateFile::text(base64)
    }
}

impl Content<'_> for OtherFile {
    fn is_of(name: &str) -> bool {
        !is_prose(name)
    }
}

impl Noted<'_> for OtherFile {
    fn note(calls: &mut Calls, _: &str, read: Read) {
        match read {
            Read::Whole(text) => calls.add_text(&text),
            Read::Not => calls.add_unread_text(),
            Read::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests;
