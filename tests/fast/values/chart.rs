//! The chart of the release: its files, in a folder or packed.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::world::OLD_SECRET;

/// What the release's `Chart.yaml` says.
pub(super) const CHART_YAML: &str =
    "apiVersion: v2\nname: shop-web\nversion: 1.2.0\ndependencies:\n  - {name: cache, version: 0.3.0}\n";

const WEB: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  labels:
    version: {{ .Values.image.tag | quote }}
spec:
  replicas: {{ .Values.replicas }}
  revisionHistoryLimit: 5
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: "registry.example.com/shop/web:{{ .Values.image.tag }}"
        env:
        {{- toYaml .Values.env | nindent 8 }}
        resources:
          {{- toYaml .Values.resources | nindent 10 }}
"#;

const SETTINGS: &str = r"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-settings
data:
  version: {{ .Values.image.tag | quote }}
  level: {{ .Values.level | quote }}
";

const LOGIN: &str = r"apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-login
type: Opaque
stringData:
  password: {{ .Values.auth.password | quote }}
";

const CACHE: &str = r"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-cache
spec:
  replicas: {{ .Values.replicaCount }}
  selector: {matchLabels: {app: cache}}
  template:
    metadata: {labels: {app: cache}}
    spec:
      containers:
      - name: cache
        image: registry.example.com/shop/cache:7.2
";

/// The templates of the chart itself.
pub(super) const TEMPLATES: [(&str, &str); 3] = [
    ("templates/web.yaml", WEB),
    ("templates/settings.yaml", SETTINGS),
    ("templates/login.yaml", LOGIN),
];

pub(super) const SCHEMA: &str = r#"{"properties": {"level": {"enum": ["info", "warning"]}}}"#;

/// The defaults of the chart.
pub(super) fn defaults() -> Value {
    json!({"replicas": 2, "image": {"tag": "1.4.0"}, "level": "info",
           "env": [{"name": "REGION", "value": "north"}],
           "resources": {"limits": {"memory": "256Mi"}},
           "auth": {"password": OLD_SECRET}})
}

/// Writes the chart into a folder, under another name and version where that is asked for.
pub(super) fn chart_folder(folder: &Path, chart_yaml: &str) -> String {
    let chart = folder.join("shop-web");
    for (name, text) in chart_files(chart_yaml) {
        let path = chart.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    chart.to_str().unwrap().to_owned()
}

fn chart_files(chart_yaml: &str) -> Vec<(String, String)> {
    let own = [
        ("Chart.yaml", chart_yaml.to_owned()),
        ("values.yaml", defaults().to_string()),
        (
            "charts/cache/Chart.yaml",
            "apiVersion: v2\nname: cache\nversion: 0.3.0\n".to_owned(),
        ),
        ("charts/cache/values.yaml", "replicaCount: 1\n".to_owned()),
        ("charts/cache/templates/cache.yaml", CACHE.to_owned()),
    ];
    let own = own
        .into_iter()
        .chain(TEMPLATES.map(|(name, text)| (name, text.to_owned())));
    own.map(|(name, text)| (name.to_owned(), text)).collect()
}

/// The chart as `helm package` packs it.
pub(super) fn chart_archive(folder: &Path) -> String {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in chart_files(CHART_YAML) {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, format!("shop-web/{name}"), text.as_bytes())
            .unwrap();
    }
    let mut packed = archive.into_inner().unwrap();
    packed.flush().unwrap();
    let path = folder.join("shop-web-1.2.0.tgz");
    fs::write(&path, packed.finish().unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}
