//! What the templates of a chart may render otherwise the next time, from the same chart and values.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Why something else may be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The template reads live objects (`lookup`), by itself or by what it includes.
    ReadsLive,
    /// It renders random values, the time, the revision, or whether it is an installation or an upgrade.
    RendersAnew,
    /// It has more, or more in one piece, than is looked into.
    NotRead,
    /// It includes a template that the record does not hold, which is one of a dependency.
    Dependency,
}

/// One thing that may be rendered otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Variation {
    /// Why.
    pub cause: Cause,
    /// The key in the YAML whose value it is, where nothing else depends on it; `None` where anything may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Variation {
    /// Anything in the template's objects may be otherwise.
    pub const fn of_all(cause: Cause) -> Self {
        Self { cause, key: None }
    }
}

/// What may be rendered otherwise of one template.
pub type TemplateVariations = BTreeSet<Variation>;

/// What may be rendered otherwise, by template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variations {
    /// By file of the chart: `templates/secret.yaml`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, TemplateVariations>,
    /// Of every other file of the chart.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub other_files: TemplateVariations,
    /// Whether the chart has dependencies, whose templates are not in the record.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_dependencies: bool,
}

impl Variations {
    /// Whether everything is rendered as before, as far as the record tells.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The names in it.
    pub fn texts(&self) -> impl Iterator<Item = &String> {
        let keys = self.files.values().flatten().chain(&self.other_files);
        self.files
            .keys()
            .chain(keys.filter_map(|variation| variation.key.as_ref()))
    }

    /// Those of one of the chart's own files.
    pub fn of_file(&self, file: &str) -> &TemplateVariations {
        self.files.get(file).unwrap_or(&self.other_files)
    }

    /// Those of the chart's own files, by file.
    pub fn own(&self) -> impl Iterator<Item = (&str, &TemplateVariations)> {
        let files = self.files.iter().map(|(file, found)| (file.as_str(), found));
        let others = (!self.other_files.is_empty()).then_some(("templates", &self.other_files));
        files.chain(others)
    }

    /// Those of all files together, for an object whose template is not known.
    pub fn of_any_file(&self) -> TemplateVariations {
        let files = self.files.values().flatten();
        files.chain(&self.other_files).cloned().collect()
    }
}
