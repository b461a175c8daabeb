//! What is answered for small charts that are made here.

mod by_name;
mod dependencies;
mod hot_fixes;
mod lists;
mod scalars;
mod secrets;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Asked, AskedField, Certainty, KeyStep, Reason, Suggestion, suggest};
use crate::chart::{Chart, ChartFile, DefaultNulls, ReleaseChart};
use crate::compare::path::{FieldPath, Segment};
use crate::object::{Gvk, ObjectKey};
use crate::source::Capabilities;

/// A release `shop` of a chart `web`.
pub(super) struct Release(ReleaseChart);

impl Release {
    /// With one template of the chart, and its values.
    fn of(template: &str, values: Value) -> Self {
        let file = ChartFile {
            name: "templates/web.yaml".to_owned(),
            data: Arc::from(template.as_bytes()),
        };
        Self(ReleaseChart {
            name: "shop".to_owned(),
            namespace: "prod".to_owned(),
            revision: 1,
            default_nulls: DefaultNulls::Kept,
            config: json!({}),
            manifest: String::new(),
            chart: Chart {
                metadata: json!({"name": "web", "version": "1.0.0"}),
                templates: vec![file],
                files: Vec::new(),
                values,
                schema: None,
                dependencies: Vec::new(),
                are_dependencies_known: true,
            },
        })
    }

    /// A Deployment `web` with one container, whose text begins at this indentation of eight.
    pub(super) fn of_container(container: &str, values: Value) -> Self {
        let above = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      \
                     containers:\n      - name: web\n";
        Self::of(&format!("{above}{container}\n"), values)
    }

    /// With another template.
    fn with_second(mut self, template: &str) -> Self {
        self.0.chart.templates.push(ChartFile {
            name: "templates/second.yaml".to_owned(),
            data: Arc::from(template.as_bytes()),
        });
        self
    }

    /// With a schema for the values.
    fn with_schema(mut self, schema: &Value) -> Self {
        self.0.chart.schema = Some(schema.to_string().into_bytes().into());
        self
    }

    /// With the values of a dependency whose templates nobody has.
    #[expect(clippy::needless_pass_by_value, reason = "as json! makes it")]
    fn of_dependency(name: &str, values: Value) -> Self {
        let mut release = Self::of("", json!({ name: values }));
        release.0.chart.metadata =
            json!({"name": "web", "version": "1.0.0", "dependencies": [{"name": name}]});
        release.0.chart.are_dependencies_known = false;
        release
    }

    /// The answer about a field of an object of a template.
    fn ask_in(
        &self,
        template: &str,
        object: (&str, &str),
        path: &str,
        deployed: Value,
        live: Value,
    ) -> Answer {
        self.ask_all(template, object, vec![(path, deployed, live)])
            .remove(0)
    }

    /// The answers about fields of an object of a template: the path, what was deployed, what lives.
    fn ask_all(
        &self,
        template: &str,
        (kind, name): (&str, &str),
        fields: Vec<(&str, Value, Value)>,
    ) -> Vec<Answer> {
        let some = |value: Value| Some(value).filter(|value| !value.is_null());
        let version = if kind == "Deployment" { "apps/v1" } else { "v1" };
        let fields = fields.into_iter().map(|(path, deployed, live)| AskedField {
            path: path_of(path),
            deployed: some(deployed),
            live: some(live),
        });
        let asked = Asked {
            template: Some(template.to_owned()),
            key: ObjectKey {
                gvk: Gvk::new(version, kind),
                namespace: None,
                name: name.to_owned(),
            },
            fields: fields.collect(),
            is_autoscaled: false,
        };
        suggest(&self.0, &Capabilities::default(), &[asked]).remove(0)
    }

    /// The answer about a field of the container of the Deployment `web`.
    pub(super) fn ask(&self, field: &str, deployed: Value, live: Value) -> Answer {
        let path = format!("spec template spec containers @web {field}");
        self.ask_in(
            "web/templates/web.yaml",
            ("Deployment", "web"),
            &path,
            deployed,
            live,
        )
    }
}

/// A path of names, with `@NAME` for the element of that name, and `@KEY=VALUE,…` for one with other keys.
fn path_of(text: &str) -> FieldPath {
    let value = |text: &str| {
        text.parse::<u64>()
            .map_or_else(|_| Value::from(text), Value::from)
    };
    let segments = text.split(' ').map(|step| match step.strip_prefix('@') {
        Some(element) => Segment::Match(
            element
                .split(',')
                .map(|key| match key.split_once('=') {
                    Some((key, text)) => (key.to_owned(), value(text)),
                    None => ("name".to_owned(), Value::from(key)),
                })
                .collect(),
        ),
        None => Segment::Key(step.to_owned()),
    });
    segments.collect()
}

/// The key with dots, what it is set to, and how sure that is.
pub(super) fn set(answer: Answer) -> (String, Value, Certainty) {
    let found = named(answer);
    let steps: Vec<String> = found
        .key
        .iter()
        .map(|step| match step {
            KeyStep::Name(name) => name.clone(),
            KeyStep::Index(index) => index.to_string(),
        })
        .collect();
    (steps.join("."), found.value, found.certainty)
}

fn named(answer: Answer) -> Suggestion {
    match answer {
        Answer::Key(found) => *found,
        Answer::None(reason) => panic!("no key: {reason:?}"),
    }
}

pub(super) fn refused(answer: Answer) -> Reason {
    match answer {
        Answer::Key(found) => panic!("a key: {:?} {}", found.key.len(), found.snippet),
        Answer::None(reason) => reason,
    }
}

pub(super) fn verified(key: &str, value: Value) -> (String, Value, Certainty) {
    (key.to_owned(), value, Certainty::Verified)
}

fn by_name(key: &str, value: Value) -> (String, Value, Certainty) {
    (key.to_owned(), value, Certainty::ByName)
}
