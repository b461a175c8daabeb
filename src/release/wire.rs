//! Helm's own form of a release record: its JSON (Helm: `pkg/release/v1/release.go`), as far as it is read.
//!
//! The chart is most of the bytes and is skipped while deserialising. Of its files only those in `crds/` leave
//! something behind, their fingerprints, and of its templates what may be rendered otherwise. What is kept has limits,
//! which are checked before anything is copied.

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::chart_files::ChartFiles;
use super::lenient::{Lenient, Part};
use super::limits::{
    LONG_HOOKS, LONG_MANIFEST, LONG_WORD, MANY_HOOK_WORDS, MANY_HOOKS, MAX_DESCRIPTION, MAX_HOOK_WORDS,
    MAX_HOOKS, MAX_MANIFEST, MAX_WORD,
};
use super::mentions::Search;
use super::record::{ChartMeta, ChartName, Hook, Info, LastRun, Release};
use super::variations::Variations;
use super::{chart_files, templates};
use crate::weight;

/// What stands in the manifest where a dependency rendered something: `# Source: CHART/charts/NAME/templates/…`.
const OF_DEPENDENCY: &str = "/charts/";

/// A record as Helm writes it.
#[derive(Deserialize)]
#[serde(bound = "S: Search")]
pub(super) struct WireRelease<S> {
    #[serde(default)]
    name: Word,
    #[serde(default)]
    namespace: Word,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    info: WireInfo,
    #[serde(default)]
    chart: Option<WireChart<S>>,
    #[serde(default)]
    manifest: Option<Manifest>,
    #[serde(default, deserialize_with = "hooks")]
    hooks: Option<Vec<WireHook>>,
    #[serde(default)]
    apply_method: Option<Word>,
    /// Whether a value that was given has the name of a function that renders something else each time.
    #[serde(default, deserialize_with = "templates::mentions_in_values::<S, _>")]
    config: bool,
}

#[derive(Default, Deserialize)]
struct WireInfo {
    #[serde(default)]
    status: Word,
    #[serde(default, deserialize_with = "helm_time")]
    last_deployed: Option<DateTime<Utc>>,
    #[serde(default)]
    description: Description,
    #[serde(default)]
    rollback_revision: u64,
}

#[derive(Deserialize)]
#[serde(bound = "S: Search")]
struct WireChart<S> {
    #[serde(default)]
    metadata: Option<WireChartName>,
    /// The chart's files besides its templates, of which the fingerprints of CRDs are kept.
    #[serde(default, deserialize_with = "chart_files::chart_files::<S, _>")]
    files: ChartFiles,
    /// Whether a template has the name of a function that renders something else each time.
    #[serde(default, deserialize_with = "templates::mentions_in_files::<S, _>")]
    templates: bool,
    /// The same of the default values.
    #[serde(default, deserialize_with = "templates::mentions_in_values::<S, _>")]
    values: bool,
    #[serde(skip)]
    search: PhantomData<S>,
}

#[derive(Deserialize)]
struct WireChartName {
    #[serde(default)]
    name: Word,
    #[serde(default)]
    version: Word,
    #[serde(default, deserialize_with = "templates::is_filled")]
    dependencies: bool,
}

/// See Helm's `pkg/release/v1/hook.go`.
#[derive(Deserialize)]
struct WireHook {
    #[serde(default)]
    name: Word,
    #[serde(default)]
    kind: Word,
    #[serde(default, deserialize_with = "words")]
    events: Vec<String>,
    #[serde(default, deserialize_with = "words")]
    delete_policies: Vec<String>,
    #[serde(default)]
    last_run: WireLastRun,
    #[serde(default)]
    manifest: Manifest,
}

#[derive(Default, Deserialize)]
struct WireLastRun {
    #[serde(default, deserialize_with = "helm_time")]
    started_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "helm_time")]
    completed_at: Option<DateTime<Utc>>,
    #[serde(default)]
    phase: Word,
}

impl<S: Search> WireRelease<S> {
    /// Whether the templates of its chart have to be looked into: something in them may be rendered otherwise, or a Secret's
    /// template may be one of a dependency.
    pub(super) fn may_vary(&self) -> bool {
        let chart = self.chart.as_ref();
        let manifest = self.manifest.as_ref();
        let has = |text: &str| manifest.is_some_and(|manifest| manifest.0.contains(text));
        let mentions = self.config
            || chart.is_some_and(|chart| chart.templates || chart.values || chart.files.has_mention);
        // One that is not declared shows in the manifest by what it renders.
        let has_dependency = self.has_dependencies() || has(OF_DEPENDENCY);
        S::IS_ON && (mentions || (has_dependency && has("Secret")))
    }

    /// Whether its chart has dependencies.
    pub(super) fn has_dependencies(&self) -> bool {
        let chart = self.chart.as_ref();
        let metadata = chart.and_then(|chart| chart.metadata.as_ref());
        metadata.is_some_and(|metadata| metadata.dependencies)
    }
}

impl<S> From<WireRelease<S>> for Release {
    fn from(wire: WireRelease<S>) -> Self {
        Self {
            name: wire.name.0,
            namespace: wire.namespace.0,
            version: wire.version,
            info: Info {
                status: wire.info.status.0,
                last_deployed: wire.info.last_deployed,
                description: wire.info.description.0,
                rollback_revision: wire.info.rollback_revision,
            },
            chart: wire.chart.map(|chart| ChartMeta {
                metadata: chart.metadata.map(|metadata| ChartName {
                    name: metadata.name.0,
                    version: metadata.version.0,
                }),
                crds: chart.files.definitions,
                variations: Variations::default(),
            }),
            manifest: wire.manifest.map(|manifest| manifest.0),
            hooks: wire
                .hooks
                .map(|hooks| hooks.into_iter().map(Hook::from).collect()),
            apply_method: wire.apply_method.map(|method| method.0),
            stored_bytes: None,
        }
    }
}

impl From<WireHook> for Hook {
    fn from(wire: WireHook) -> Self {
        Self {
            name: wire.name.0,
            kind: wire.kind.0,
            events: wire.events,
            delete_policies: wire.delete_policies,
            last_run: LastRun {
                started_at: wire.last_run.started_at,
                completed_at: wire.last_run.completed_at,
                phase: wire.last_run.phase.0,
            },
            manifest: wire.manifest.0,
            location: None,
        }
    }
}

impl WireHook {
    /// How many bytes its manifest and its words take.
    fn bytes(&self) -> usize {
        let words = self.events.iter().chain(&self.delete_policies);
        let words = words.map(|word| size_of::<String>() + word.len());
        self.manifest.0.len() + self.name.0.len() + self.kind.0.len() + words.sum::<usize>()
    }
}

/// A name, a version or another word.
#[derive(Default)]
struct Word(String);

/// The text of a manifest.
#[derive(Default)]
struct Manifest(String);

/// Helm's sentence on how an operation ended, or the beginning of it.
#[derive(Default)]
struct Description(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(AtMost(MAX_WORD, LONG_WORD))?;
        Ok(Self(text))
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(AtMost(MAX_MANIFEST, LONG_MANIFEST))?;
        Ok(Self(text))
    }
}

impl<'de> Deserialize<'de> for Description {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Beginning).map(Self)
    }
}

/// A text of at most so many bytes, and the message for a longer one.
struct AtMost(usize, &'static str);

impl Visitor<'_> for AtMost {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        let Self(limit, message) = self;
        if text.len() > limit {
            return Err(E::custom(message));
        }
        Ok(text.to_owned())
    }
}

/// The first [`MAX_DESCRIPTION`] bytes of a text.
struct Beginning;

impl Visitor<'_> for Beginning {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        let end = text.floor_char_boundary(MAX_DESCRIPTION);
        Ok(text[..end].to_owned())
    }
}

/// Reads a list of words.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words: Vec<Word> = weight::list::at_most(deserializer, MAX_HOOK_WORDS, MANY_HOOK_WORDS)?;
    Ok(words.into_iter().map(|Word(word)| word).collect())
}

/// Reads the hooks, which together are no longer than the manifest of a release.
fn hooks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<WireHook>>, D::Error> {
    let mut bytes = 0;
    weight::list::fold(deserializer, |mut hooks: Vec<WireHook>, hook: WireHook| {
        if hooks.len() == MAX_HOOKS {
            return Err(MANY_HOOKS);
        }
        bytes += hook.bytes();
        if bytes > MAX_MANIFEST {
            return Err(LONG_HOOKS);
        }
        hooks.push(hook);
        Ok(hooks)
    })
}

/// Helm writes `""` or Go's year 1 for a time that never was (Helm: `pkg/release/v1/info.go`, `UnmarshalJSON`).
fn helm_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    struct Time;
    impl Part<'_> for Time {
        type Value = Option<DateTime<Utc>>;

        fn text(text: &str) -> Self::Value {
            let time = DateTime::parse_from_rfc3339(text).ok()?;
            Some(time.with_timezone(&Utc)).filter(|time| time.timestamp() > 0)
        }
    }
    deserializer.deserialize_any(Lenient::<Time>::new())
}

#[cfg(test)]
mod tests {
    use super::super::mentions::Searched;
    use super::*;

    /// The value is pinned: it is what `sha256sum` prints for a file of three zero bytes.
    #[test]
    fn only_definitions_leave_a_fingerprint() {
        let record = r#"{"chart":{"files":[{"name":"README.md","data":"AA=="},{"name":"crds/a.yaml","data":"AAAA"},
            {"name":"crds/empty.yaml","data":null},{"name":"crds/odd.yaml","data":7},{"name":"crds/no.yaml","data":"?"}]}}"#;
        let release = Release::from(serde_json::from_str::<WireRelease<Searched>>(record).unwrap());
        let crds: Vec<(String, String)> = release
            .chart
            .unwrap()
            .crds
            .into_iter()
            .map(|(file, fingerprint)| (file, fingerprint.to_string()))
            .collect();
        let expected = [
            (
                "crds/a.yaml",
                "sha256:709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c",
            ),
            (
                "crds/empty.yaml",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
        ];
        assert_eq!(
            crds,
            expected.map(|(file, print)| (file.to_owned(), print.to_owned()))
        );
    }

    #[test]
    fn files_of_another_shape_are_no_definitions() {
        for files in ["null", "{}", "7", "[7]", "[]"] {
            let record = format!(r#"{{"chart":{{"files":{files}}}}}"#);
            let release = Release::from(serde_json::from_str::<WireRelease<Searched>>(&record).unwrap());
            assert!(release.chart.unwrap().crds.is_empty(), "{files}");
        }
    }
}
