//! What Helm gives a template beside the values: `.Release`, `.Chart`, `.Files` and `.Capabilities`.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value as Json;

use super::traced::{KubeVersion, Map, Native, Text, Traced, Tree, Value};
use crate::chart::Chart;

/// The release and the cluster that a chart is rendered for.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The release's name.
    pub release: String,
    /// The namespace that it installs into.
    pub namespace: String,
    /// The revision.
    pub revision: u64,
    /// Whether it upgrades a release, and does not install one.
    pub is_upgrade: bool,
    /// The version of Kubernetes, such as `v1.33.4`; `None` where it is not known.
    pub kube_version: Option<String>,
    /// The API versions that are served, `apps/v1` and `apps/v1/Deployment` alike; `None` where they are not known.
    pub api_versions: Option<Arc<BTreeSet<String>>>,
}

/// `.Release` (Helm: `pkg/chart/common/util/values.go`, `ToRenderValues`).
pub(super) fn release(surroundings: &Surroundings) -> Traced {
    let revision = i64::try_from(surroundings.revision).unwrap_or(i64::MAX);
    map([
        ("Name", text(&surroundings.release)),
        ("Namespace", text(&surroundings.namespace)),
        ("IsUpgrade", Traced::literal(Value::Bool(surroundings.is_upgrade))),
        (
            "IsInstall",
            Traced::literal(Value::Bool(!surroundings.is_upgrade)),
        ),
        ("Revision", Traced::literal(Value::Int(revision))),
        ("Service", text("Helm")),
    ])
}

/// `.Capabilities` (Helm: `pkg/chart/common/capabilities.go`). What Helm made the release is not known.
pub(super) fn capabilities(surroundings: &Surroundings) -> Traced {
    let api_versions = match &surroundings.api_versions {
        Some(served) => Traced::literal(Value::Native(Native::ApiVersions(Arc::clone(served)))),
        None => Traced::unknown(&[]),
    };
    map([
        ("KubeVersion", kube_version(surroundings.kube_version.as_deref())),
        ("APIVersions", api_versions),
        ("HelmVersion", Traced::unknown(&[])),
    ])
}

fn kube_version(version: Option<&str>) -> Traced {
    let Some(version) = version else {
        return Traced::unknown(&[]);
    };
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut number = || {
        let number = numbers.next().unwrap_or_default();
        let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        number.get(..digits).unwrap_or_default().to_owned()
    };
    let kube_version = KubeVersion {
        version: version.to_owned(),
        major: number(),
        minor: number(),
    };
    Traced::literal(Value::Native(Native::KubeVersion(Rc::new(kube_version))))
}

/// The fields of `.Chart` that templates may ask for although a chart does not have them.
const CHART_TEXTS: [&str; 10] = [
    "Name",
    "Home",
    "Version",
    "Description",
    "Icon",
    "APIVersion",
    "Condition",
    "Tags",
    "AppVersion",
    "KubeVersion",
];

/// `.Chart`: the metadata under the names of Go's fields (Helm: `pkg/chart/v2/metadata.go`).
pub(super) fn chart(metadata: &Json, is_root: bool, tree: &Tree) -> Traced {
    let mut fields = Vec::new();
    for name in CHART_TEXTS {
        fields.push((Rc::from(name), text("")));
    }
    for name in [
        "Sources",
        "Keywords",
        "Maintainers",
        "Annotations",
        "Dependencies",
        "Type",
    ] {
        fields.push((Rc::from(name), Traced::nil()));
    }
    fields.push((Rc::from("Deprecated"), Traced::literal(Value::Bool(false))));
    fields.push((Rc::from("IsRoot"), Traced::literal(Value::Bool(is_root))));
    if let Json::Object(metadata) = metadata {
        for (name, value) in metadata {
            let value = match name.as_str() {
                "maintainers" | "dependencies" => with_go_names(value, tree),
                _ => Traced::of_data(value, tree),
            };
            fields.push((go_name(name), value));
        }
    }
    Traced::literal(Value::Map(Map::of_tree(fields.into_iter().collect(), tree)))
}

/// The name that a field has in Go.
fn go_name(json: &str) -> Rc<str> {
    match json {
        "apiVersion" => "APIVersion".into(),
        "url" => "URL".into(),
        "import-values" => "ImportValues".into(),
        name => {
            let mut characters = name.chars();
            let first = characters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(characters).collect::<String>().into()
        }
    }
}

/// A list of objects, whose fields have their names in Go.
fn with_go_names(list: &Json, tree: &Tree) -> Traced {
    let Json::Array(items) = list else {
        return Traced::of_data(list, tree);
    };
    let items = items.iter().map(|item| match item {
        Json::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (go_name(name), Traced::of_data(value, tree)));
            Traced::literal(Value::Map(Map::of_tree(fields.collect(), tree)))
        }
        item => Traced::of_data(item, tree),
    });
    Traced::literal(Value::List(Rc::new(items.collect())))
}

/// `.Files`: what the chart has beside its templates (Helm: `pkg/engine/files.go`).
pub(super) fn files(chart: &Chart) -> Traced {
    let files = chart
        .files
        .iter()
        .map(|file| (file.name.as_str().into(), Rc::from(&*file.data)));
    Traced::literal(Value::Native(Native::Files(Rc::new(files.collect()))))
}

fn text(content: &str) -> Traced {
    Traced::text(Text::literal(content))
}

fn map<const N: usize>(entries: [(&str, Traced); N]) -> Traced {
    let entries = entries.into_iter().map(|(name, value)| (name.into(), value));
    Traced::literal(Value::Map(entries.collect()))
}
