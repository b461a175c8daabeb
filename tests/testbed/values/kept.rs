//! What `driftline values` says of a release, and whether a rendering with it keeps what lives.

use std::collections::BTreeSet;
use std::fs;

use driftline::model::{KeyPath, KeyStep};
use driftline::yaml::{self, Limits};
use serde_json::Value;

use super::rendered::{Field, Rendered, overlap};
use crate::harness::{Outcome, Release, Scan, means, place};

/// What is said of the drift of a release.
pub(super) struct Asked {
    /// The drifted fields.
    pub(super) said: Vec<Said>,
    /// The values, as they are printed.
    pub(super) snippet: String,
    /// The same, read.
    values: Value,
    /// What a person was told, and the status.
    pub(super) told: Outcome,
}

/// What is said of a drifted field.
#[derive(Clone)]
pub(super) struct Said {
    /// The object, as `Kind/name`.
    pub(super) object: String,
    /// The path.
    pub(super) path: String,
    finding: Value,
}

impl Asked {
    /// Asks about a release, with further arguments.
    #[track_caller]
    pub(super) fn of(release: &Release<'_>, more: &[&str]) -> Self {
        let ask = |form: &[&str]| {
            let name = ["values", &release.name, "-n", &release.namespace];
            release.cluster.driftline(&[&name[..], more, form].concat())
        };
        let told = ask(&[]);
        let values = yaml::parse_document(&told.stdout, &Limits::default());
        let values = values.unwrap_or_else(|error| panic!("{error}:\n{}", told.stdout));
        let report = Scan::from(ask(&["-o", "json"]));
        let said = report.objects().flat_map(|object| {
            let word = |key: &str| object[key].as_str().unwrap_or_default();
            let name = format!("{}/{}", word("kind"), word("name"));
            let findings = object["findings"].as_array().into_iter().flatten();
            let asked =
                findings.filter(|finding| !finding["values"].is_null() || !finding["noValues"].is_null());
            asked.map(move |finding| Said {
                object: name.clone(),
                path: finding["path"].as_str().unwrap_or_default().to_owned(),
                finding: finding.clone(),
            })
        });
        Self {
            said: said.collect(),
            snippet: told.stdout.clone(),
            values,
            told,
        }
    }

    /// The fields that the printed values are said to keep.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Said> {
        self.said.iter().filter(|said| self.keeps(said))
    }

    /// Whether the printed values are said to keep a field.
    pub(super) fn keeps(&self, said: &Said) -> bool {
        let Some((key, _)) = said.assignment() else {
            return false;
        };
        let key: KeyPath = key.parse().expect("a report has keys");
        let at = key
            .steps()
            .iter()
            .try_fold(&self.values, |value, step| match step {
                KeyStep::Name(name) => value.get(name),
                KeyStep::Index(index) => value.get(index),
            });
        at.is_some()
    }

    /// What is not right in a rendering with all of the printed values: fields that are not what lives, and fields that moved
    /// without a word.
    pub(super) fn broken(&self, before: &Rendered, after: &Rendered, live: &Rendered) -> Vec<String> {
        let kept: Vec<&Said> = self.kept().collect();
        let mut problems: Vec<String> = kept.iter().filter_map(|said| said.lost(after, live)).collect();
        let foretold: BTreeSet<Field> = kept.iter().flat_map(|said| said.foretold()).collect();
        let own: Vec<Field> = kept.iter().map(|said| said.field()).collect();
        if kept.iter().all(|said| said.is_verified()) {
            let moved = before.moved(after);
            let untold = moved
                .iter()
                .filter(|moved| !follows(moved) && !is_among(moved, &foretold) && !is_among(moved, &own));
            problems.extend(untold.map(|(object, path)| format!("moved without a word: {object} {path}")));
        }
        problems
    }
}

impl Said {
    /// Whether it has no key, and needs none: the next upgrade leaves what lives.
    pub(super) fn stays(&self) -> bool {
        !self.finding["noValues"].is_null() && self.finding["nextUpgrade"] == "keep"
    }

    /// Whether it has no key, and the next upgrade stops at it.
    pub(super) fn fails(&self) -> bool {
        let reason = self.finding["nextUpgradeReason"].as_str().unwrap_or_default();
        !self.finding["noValues"].is_null()
            && (self.finding["nextUpgrade"] == "conflict" || self.finding["nextUpgrade"] == "refused")
            && !reason.starts_with("other fields of the object")
    }

    /// All of it, as tables write it.
    pub(super) fn line(&self) -> String {
        let Self { path, finding, .. } = self;
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(code) = finding["noValues"]["code"].as_str() {
            return format!("{path} -> none: {code}");
        }
        let by = &finding["values"];
        let value = by
            .get("value")
            .map_or_else(|| "<hidden>".to_owned(), Value::to_string);
        let unusual = [
            (word(&by["certainty"]), "verified"),
            (word(&by["origin"]), "chart-default"),
        ];
        let unusual = unusual.into_iter().filter(|(word, usual)| word != usual);
        let unusual = unusual.flat_map(|(word, _)| [", ".to_owned(), word]);
        let unusual: String = unusual.collect();
        format!("{path} -> {} = {value}{unusual}", word(&by["key"]))
    }

    /// The field.
    pub(super) fn field(&self) -> Field {
        (self.object.clone(), self.path.clone())
    }

    /// Whether no value may be shown.
    pub(super) fn is_hidden(&self) -> bool {
        self.finding["values"]["redacted"] == true
    }

    fn is_verified(&self) -> bool {
        self.finding["values"]["certainty"] == "verified"
    }

    /// What is to be set: a key, or the list around it, and its value.
    fn assignment(&self) -> Option<(&str, &Value)> {
        let by = &self.finding["values"];
        let by = by.get("list").unwrap_or(by);
        Some((by["key"].as_str()?, by.get("value")?))
    }

    /// The fields that are said to move, too.
    fn foretold(&self) -> Vec<Field> {
        let moved = self.finding["values"]["alsoChanges"]
            .as_array()
            .into_iter()
            .flatten();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        moved
            .map(|moved| {
                let object = format!("{}/{}", word(&moved["kind"]), word(&moved["name"]));
                (object, word(&moved["path"]))
            })
            .collect()
    }

    /// What is not right in a rendering with this key alone. What is foretold has to move.
    pub(super) fn broken_alone(
        &self,
        release: &Release<'_>,
        given: &[&str],
        before: &Rendered,
        live: &Rendered,
    ) -> Vec<String> {
        let Some((key, value)) = self.assignment() else {
            return Vec::new();
        };
        let values: KeyPath = key.parse().expect("a report has keys");
        let values = values.tree(value.clone()).expect("lists are given whole");
        let file = tempfile::NamedTempFile::new().expect("there is room for temporary files");
        fs::write(file.path(), values.to_string()).expect("a file can be written");
        let name = file.path().display().to_string();
        let with = [given, &["--is-upgrade", "-f", &name]].concat();
        let rendered = release.helm("template", &with);
        if rendered.status != 0 {
            return vec![format!("Helm refuses {values}: {}", rendered.stderr)];
        }
        let after = Rendered::of(&rendered.stdout);
        let mut problems: Vec<String> = self.lost(&after, live).into_iter().collect();
        if self.is_verified() {
            let (foretold, own) = (self.foretold(), [self.field()]);
            let mut moved = before.moved(&after);
            moved.retain(|moved| !follows(moved) && !is_among(moved, &own));
            let untold = moved.iter().filter(|moved| !is_among(moved, &foretold));
            problems.extend(untold.map(|(object, path)| format!("moves without a word: {object} {path}")));
            let still = foretold.iter().filter(|told| !is_among(told, &moved));
            problems.extend(still.map(|(object, path)| format!("was said to move: {object} {path}")));
        }
        let about = |problem: String| format!("{} {}, set alone: {problem}", self.object, self.line());
        problems.into_iter().map(about).collect()
    }

    /// What became of the field, where that is not what lives.
    fn lost(&self, after: &Rendered, live: &Rendered) -> Option<String> {
        // The API server drops what is null.
        let at = |of: &Rendered| {
            let at = place::at(of.object(&self.object)?, &self.path)?;
            (!at.is_null()).then(|| at.clone())
        };
        let (after, live) = (at(after), at(live));
        let is_kept = live.is_some() || after.is_none();
        (!is_kept || !means(after.as_ref(), live.as_ref())).then(|| {
            format!(
                "{} {}: it becomes {after:?}, and {live:?} lives",
                self.object,
                self.line()
            )
        })
    }
}

/// Whether a field is a checksum of what is rendered elsewhere: it follows whatever moves, and is not told of a key.
fn follows((_, path): &Field) -> bool {
    path.contains("checksum/")
}

fn is_among<'f>(field: &Field, fields: impl IntoIterator<Item = &'f Field>) -> bool {
    let mut fields = fields.into_iter();
    fields.any(|(object, path)| *object == field.0 && overlap(path, &field.1))
}

/// The objects that live in the namespace of a release.
#[track_caller]
pub(super) fn living(release: &Release<'_>) -> Rendered {
    let kinds = "deployments,statefulsets,cronjobs,services,configmaps,secrets,horizontalpodautoscalers,ingresses,\
                 poddisruptionbudgets";
    Rendered::of_list(&release.kubectl(&["get", kinds, "-o", "json"]))
}

/// The manifest of a release's newest revision.
#[track_caller]
pub(super) fn manifest(release: &Release<'_>) -> Rendered {
    let line = ["get", "manifest", &release.name, "-n", &release.namespace];
    Rendered::of(&release.cluster.helm(release.helm, &line).succeeded())
}
