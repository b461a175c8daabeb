//! Generated releases and live objects, as many and as large as on a real cluster.
//!
//! The model is 478 public charts, installed: 126 MB of release records, 19 MB of manifests in them, 4,600
//! objects, 69 MB of live JSON.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftline::manifest::parse;
use driftline::yaml::Limits;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

const RELEASES: usize = 478;
/// The size of a record's chart, which decoding skips.
const CHART_BYTES: usize = 220_000;

/// One release: its record, and its live objects.
pub(crate) struct Release {
    /// The payload of its record.
    pub(crate) record: Vec<u8>,
    pub(crate) record_json_bytes: usize,
    pub(crate) objects: Vec<Object>,
}

/// One object, as a manifest asks for it and as it lives, both as JSON.
pub(crate) struct Object {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) live: String,
}

/// All releases. Few fields differ, as on a healthy cluster: those of one object in a hundred.
pub(crate) fn releases() -> Vec<Release> {
    (0..RELEASES).map(release).collect()
}

fn release(number: usize) -> Release {
    let (manifest, objects) = objects(number);
    let chart = STANDARD.encode(templates(number));
    let record = json!({"name": "app", "namespace": "shop", "version": 1, "info": {"status": "deployed"},
        "chart": {"metadata": {"name": "app", "version": "1"}, "templates": [{"data": chart}]},
        "manifest": manifest})
    .to_string();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(record.as_bytes()).unwrap();
    Release {
        record: STANDARD.encode(encoder.finish().unwrap()).into_bytes(),
        record_json_bytes: record.len(),
        objects,
    }
}

/// The manifest of one release, and its live objects.
pub(crate) fn objects(number: usize) -> (String, Vec<Object>) {
    let mut manifest = String::new();
    for part in 0..4 {
        write_workload(&mut manifest, number, part);
    }
    if number.is_multiple_of(4) {
        write_crd(&mut manifest, number);
    }
    let objects = parse::objects(&manifest, &Limits::default()).unwrap();
    let objects = objects
        .iter()
        .enumerate()
        .map(|(at, object)| {
            let drifted = (number * 10 + at).is_multiple_of(100);
            Object {
                api_version: object.gvk.api_version.clone(),
                kind: object.gvk.kind.clone(),
                name: object.name.clone(),
                body: object.body.to_string(),
                live: live(&object.body, drifted).to_string(),
            }
        })
        .collect();
    (manifest, objects)
}

/// Text that compresses about as well as templates do: words in no order that a window of gzip would notice.
fn templates(number: usize) -> String {
    const WORDS: [&str; 16] = [
        "{{ .Values.",
        "}}",
        "template",
        "  - name: ",
        "\n",
        "include ",
        "metadata",
        "labels:",
        "\n    ",
        "quote ",
        "if ",
        "end",
        "spec",
        "nindent 8",
        "image",
        "toYaml ",
    ];
    let mut text = String::new();
    let mut state = number as u64 + 1;
    while text.len() < CHART_BYTES * 3 / 4 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 60) as usize]);
        if (state >> 56).is_multiple_of(8) {
            write!(text, "key{}", state >> 44 & 0xfff).unwrap();
        }
    }
    text
}

/// A Deployment with two containers, a Service and half the time a `ConfigMap`.
fn write_workload(manifest: &mut String, number: usize, part: usize) {
    let name = format!("app-{number}-{part}");
    write!(
        manifest,
        "---\n# Source: app/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels: \
         {{app.kubernetes.io/name: app, app.kubernetes.io/version: \"1.2.3\", helm.sh/chart: app-1.2.3}}\nspec:\n  \
         replicas: 2\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    \
         spec:\n      containers:\n"
    )
    .unwrap();
    for container in ["app", "sidecar"] {
        write!(
            manifest,
            "      - name: {container}\n        image: registry.example.com/{container}:1.2.3\n        ports:\n        - \
             {{name: http, containerPort: 8080}}\n        - {{name: metrics, containerPort: 9090, protocol: TCP}}\n        \
             resources:\n          limits: {{cpu: 1000m, memory: 1024Mi}}\n          requests: {{cpu: 0.1, memory: 128Mi}}\n        \
             securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}}\n        env:\n"
        )
        .unwrap();
        for variable in 0..20 {
            writeln!(
                manifest,
                "        - name: VARIABLE_{variable}\n          value: \"value of {variable}\""
            )
            .unwrap();
        }
    }
    write!(
        manifest,
        "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  ports:\n  - {{name: http, port: 80, targetPort: \
         http}}\n  selector: {{app: {name}}}\n"
    )
    .unwrap();
    if part.is_multiple_of(2) {
        let text = "    key = value, and a comment that says why\n".repeat(60);
        write!(
            manifest,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  app.conf: |\n{text}"
        )
        .unwrap();
    }
}

fn write_crd(manifest: &mut String, number: usize) {
    write!(
        manifest,
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: \
         things{number}.example.com\nspec:\n  group: example.com\n  names: {{kind: Thing, plural: things{number}}}\n  scope: \
         Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        \
         type: object\n        properties:\n"
    )
    .unwrap();
    for field in 0..160 {
        write!(
            manifest,
            "          field{field}:\n            description: |-\n              The field number {field}. It says what it is for, \
             at some length,\n              over two lines.\n            type: object\n            properties:\n              \
             mode: {{type: integer, format: int32, maximum: 511}}\n              selectors:\n                type: array\n                \
             items: {{type: object, properties: {{key: {{type: string, minLength: 1}}}}, required: [key]}}\n"
        )
        .unwrap();
    }
}

/// The object as a server returns it: defaults, bookkeeping, a status and two managers.
fn live(body: &str, drifted: bool) -> Value {
    let mut live: Value = serde_json::from_str(body).unwrap();
    live["metadata"]["namespace"] = json!("shop");
    live["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
    live["metadata"]["annotations"]["meta.helm.sh/release-name"] = json!("app");
    live["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = json!("shop");
    let fields = owned(&live);
    complete(&mut live);
    let entry = |manager: &str, fields: Value| {
        json!({"manager": manager, "operation": "Update", "apiVersion": "v1", "time": "2026-03-01T12:00:00Z",
               "fieldsType": "FieldsV1", "fieldsV1": fields})
    };
    let mut controller =
        json!({"f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}}});
    if drifted {
        live["metadata"]["labels"]["hotfix"] = json!("yes");
        if live["spec"]["replicas"].is_number() {
            live["spec"]["replicas"] = json!(5);
        }
        controller["f:metadata"]["f:labels"] = json!({"f:hotfix": {}});
    }
    live["metadata"]["managedFields"] = json!([
        entry("helm", fields),
        entry(
            if drifted {
                "kubectl-edit"
            } else {
                "kube-controller-manager"
            },
            controller
        )
    ]);
    live["metadata"]["uid"] = json!("5f0d7c52-5a43-4a51-a1d1-2f6f4f3c8a11");
    live["metadata"]["resourceVersion"] = json!("123456");
    let condition = json!({"type": "Available", "status": "True", "lastUpdateTime": "2026-03-01T12:00:00Z",
        "message": "it has been so for a while, and the controller says why at some length"});
    live["status"] = json!({"observedGeneration": 1, "conditions": vec![condition; 30]});
    live
}

/// Some of the defaults, and quantities in the server's spelling.
fn complete(live: &mut Value) {
    if let Some(spec) = live.pointer_mut("/spec/template/spec") {
        spec["restartPolicy"] = json!("Always");
        spec["dnsPolicy"] = json!("ClusterFirst");
        spec["schedulerName"] = json!("default-scheduler");
        spec["securityContext"] = json!({});
        spec["terminationGracePeriodSeconds"] = json!(30);
        for container in spec["containers"].as_array_mut().into_iter().flatten() {
            container["resources"]["limits"] = json!({"cpu": "1", "memory": "1Gi"});
            container["resources"]["requests"]["cpu"] = json!("100m");
            container["imagePullPolicy"] = json!("IfNotPresent");
            container["terminationMessagePath"] = json!("/dev/termination-log");
            container["terminationMessagePolicy"] = json!("File");
            for port in container["ports"].as_array_mut().into_iter().flatten() {
                port["protocol"] = json!("TCP");
            }
        }
    }
}

/// The set of an object's fields, as the API server notes it.
fn owned(value: &Value) -> Value {
    let fields: Map<String, Value> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (format!("f:{key}"), owned(value)))
            .collect(),
        Value::Array(items) if items.iter().all(|item| item["name"].is_string()) => items
            .iter()
            .map(|item| (format!("k:{}", json!({"name": item["name"]})), owned(item)))
            .collect(),
        _ => Map::new(),
    };
    fields.into()
}
