//! The predictions of a report, held to what a real Helm does, object by object.
//!
//! A server-side apply that is refused for one object fails the upgrade of a release, so that an upgrade of the release
//! would tell of the others only that they come too late. An object that the report has fail is therefore upgraded alone:
//! the release gets a record whose manifest is the object's document, and Helm upgrades it to a chart that is the same
//! document. Helm starts from the newest record that is deployed, so that this is what its own code does with the
//! object, from the same manifest to the same manifest; what is in neither manifest it leaves alone. All others are
//! upgraded together.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftline::manifest::parse;
use driftline::manifest::split::documents;
use driftline::object::Gvk;
use driftline::yaml::Limits;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::cluster::Outcome;
use super::fate::{Upgraded, disproved};
use super::release::Release;
use super::report::{Scan, object_name};

/// What became of one object.
pub(crate) struct Rehearsed {
    /// The object, as `Kind/name`.
    pub(crate) object: String,
    /// What the report says of it; null where it says nothing.
    report: Value,
    /// The object before the upgrade; none where there was none.
    before: Option<Value>,
    /// The same after it.
    after: Option<Value>,
    /// What Helm said.
    upgrade: Outcome,
    /// Whether the health of the release says that the upgrade fails at the object.
    is_foretold: bool,
}

impl Rehearsed {
    /// The predictions of the report that did not come true.
    pub(crate) fn disproved(&self) -> Vec<String> {
        disproved(&self.report, self.happened())
    }

    /// What happened at a path, in the report's words, with the value where it is a third one.
    pub(crate) fn fate(&self, path: &str) -> String {
        self.happened().fate(path, desired(&self.report, path))
    }

    /// Whether Helm names a place among the conflicts at which the upgrade failed.
    pub(crate) fn names(&self, path: &str) -> bool {
        self.happened().names(path)
    }

    /// Whether the upgrade failed.
    pub(crate) fn fails(&self) -> bool {
        self.happened().fails()
    }

    /// What happened to the object.
    fn happened(&self) -> Upgraded<'_> {
        Upgraded {
            before: self.before.as_ref(),
            after: self.after.as_ref(),
            upgrade: &self.upgrade,
            is_foretold: self.is_foretold,
        }
    }
}

/// The objects of a release, to be upgraded one by one. The release's history ends with the last of them.
pub(crate) struct Rehearsal<'r, 'c> {
    release: &'r Release<'c>,
    scan: &'r Scan,
    record: Value,
    objects: BTreeMap<String, Part>,
    revision: u64,
}

/// An object as kubectl takes it, and its document.
struct Part {
    resource: String,
    namespace: Option<String>,
    document: String,
}

impl<'r, 'c> Rehearsal<'r, 'c> {
    /// The objects of the release's baseline; none where a scan found no baseline. The scan has to be of this moment.
    pub(crate) fn of(release: &'r Release<'c>, scan: &'r Scan) -> Option<Self> {
        let report = scan.release(&release.name)?;
        let baseline = report["baseline"]["revision"].as_u64()?;
        let record = release.record(baseline);
        let manifest = record["manifest"].as_str().unwrap_or_default();
        let mut objects = by_object(manifest);
        // What the baseline does not have is what an upgrade finds without any document.
        for object in scan.objects() {
            let text = |key: &str| object[key].as_str().unwrap_or_default();
            let beside = Part {
                resource: resource(&Gvk::new(text("apiVersion"), text("kind")), text("name")),
                namespace: object["namespace"].as_str().map(str::to_owned),
                document: String::new(),
            };
            objects.entry(object_name(object)).or_insert(beside);
        }
        let rehearsal = Self {
            release,
            scan,
            objects,
            revision: report["latest"]["revision"].as_u64().unwrap_or(baseline),
            record,
        };
        rehearsal.remove_autoscalers();
        Some(rehearsal)
    }

    /// Removes what people made to scale the objects: an autoscaler may undo an upgrade before its outcome is read.
    fn remove_autoscalers(&self) {
        let all = self.release.kubectl(&["get", "hpa", "-o=name"]);
        let of_people = |resource: &&str| {
            let name = resource.rsplit('/').next().unwrap_or_default();
            name.starts_with(&self.release.name)
                && !self
                    .objects
                    .contains_key(&format!("HorizontalPodAutoscaler/{name}"))
        };
        for resource in all.lines().filter(of_people) {
            self.release.kubectl(&["delete", resource]);
        }
    }

    /// Upgrades one object alone, which the chart has to have.
    pub(crate) fn upgrade(&mut self, object: &str) -> Rehearsed {
        let mut all = self.upgrade_all(&[object.to_owned()]);
        all.remove(0)
    }

    /// Upgrades objects by one upgrade, which takes no longer than that of one.
    fn upgrade_all(&mut self, names: &[String]) -> Vec<Rehearsed> {
        let Self { release, scan, .. } = *self;
        let mut before = self.read(names);
        let documents: Vec<&str> = names
            .iter()
            .map(|name| self.objects[name].document.as_str())
            .collect();
        let manifest = format!("---\n{}\n", documents.join("\n---\n"));
        let chart = chart_of(&manifest);
        self.record["manifest"] = json!(manifest);
        release.store(&mut self.record, self.revision + 1);
        let path = chart.path().display().to_string();
        let line = [
            "upgrade",
            &release.name,
            &path,
            "--no-hooks",
            "-n",
            &release.namespace,
        ];
        let upgrade = release.cluster.helm(release.helm, &line);
        self.revision += 2;
        let mut after = self.read(names);
        let rehearsed = names.iter().map(|name| Rehearsed {
            object: name.clone(),
            report: scan.object(name).cloned().unwrap_or_default(),
            before: before.remove(name),
            after: after.remove(name),
            upgrade: upgrade.clone(),
            is_foretold: scan.says_blocked_at(name),
        });
        rehearsed.collect()
    }

    /// The objects as they are, by name; without those that are not there.
    fn read(&self, names: &[String]) -> BTreeMap<String, Value> {
        let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in names {
            let part = &self.objects[name];
            let namespace = part.namespace.as_ref().unwrap_or(&self.release.namespace);
            places.entry(namespace).or_default().push(&part.resource);
        }
        let mut found = BTreeMap::new();
        for (namespace, resources) in places {
            let options = ["-n", namespace, "--ignore-not-found", "-o=json"];
            let arguments = [&["get"], &resources[..], &options[..]].concat();
            let Ok(read) = serde_json::from_str::<Value>(&self.release.cluster.kubectl(&arguments)) else {
                continue;
            };
            let items = match read["items"].as_array() {
                Some(items) if read["kind"] == "List" => items.clone(),
                Some(_) | None => vec![read],
            };
            for item in items {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let name = format!("{}/{}", text(&item["kind"]), text(&item["metadata"]["name"]));
                found.insert(name, item);
            }
        }
        found
    }

    /// Whether an object has to be upgraded alone: the upgrade may fail at it, or an autoscaler of the chart writes it again.
    fn is_alone(&self, name: &str) -> bool {
        let Some(report) = self.scan.object(name) else {
            return false;
        };
        let fails = |value: &Value| matches!(value["nextUpgrade"].as_str(), Some("conflict" | "refused"));
        let findings = report["findings"].as_array().into_iter().flatten();
        fails(report)
            || self.scan.says_blocked_at(name)
            || findings
                .into_iter()
                .any(|finding| fails(finding) || finding["path"] == "/spec/replicas")
    }
}

impl Release<'_> {
    /// The predictions of a scan that upgrades disprove, by object. The scan has to be of this moment and with `--all`.
    pub(crate) fn disproved(&self, scan: &Scan) -> BTreeMap<String, Vec<String>> {
        let Some(mut rehearsal) = Rehearsal::of(self, scan) else {
            return BTreeMap::new();
        };
        let objects = rehearsal.objects.keys().cloned();
        let (alone, together): (Vec<String>, Vec<String>) =
            objects.partition(|object| rehearsal.is_alone(object));
        let mut all = if together.is_empty() {
            Vec::new()
        } else {
            rehearsal.upgrade_all(&together)
        };
        if all.iter().any(Rehearsed::fails) {
            // It says of none what would have become of it alone.
            all = together.iter().map(|object| rehearsal.upgrade(object)).collect();
        }
        all.extend(alone.iter().map(|object| rehearsal.upgrade(object)));
        let mut problems: BTreeMap<String, Vec<String>> = all
            .iter()
            .map(|rehearsed| (rehearsed.object.clone(), rehearsed.disproved()))
            .filter(|(_, problems)| !problems.is_empty())
            .collect();
        let is_blocked = all.iter().any(Rehearsed::fails);
        if scan.says_blocked() != is_blocked {
            let failed: Vec<&str> = all
                .iter()
                .filter(|rehearsed| rehearsed.fails())
                .map(|rehearsed| rehearsed.object.as_str())
                .collect();
            problems.insert(
                "upgrade-blocked".to_owned(),
                vec![format!("said: {}; failed: {failed:?}", scan.says_blocked())],
            );
        }
        problems
    }

    /// The record of a revision.
    fn record(&self, revision: u64) -> Value {
        let name = format!("secret/sh.helm.release.v1.{}.v{revision}", self.name);
        let stored = self.kubectl(&["get", &name, "-o=jsonpath={.data.release}"]);
        let zipped = STANDARD
            .decode(stored.trim())
            .and_then(|text| STANDARD.decode(text))
            .expect("a record is Base64 twice");
        let mut text = String::new();
        GzDecoder::new(zipped.as_slice())
            .read_to_string(&mut text)
            .expect("a record is zipped");
        serde_json::from_str(&text).expect("a record is JSON")
    }

    /// Stores a record as the newest one, as one that was deployed.
    fn store(&self, record: &mut Value, revision: u64) {
        record["version"] = json!(revision);
        record["info"]["status"] = json!("deployed");
        record["hooks"] = json!([]);
        // It only takes room.
        record["chart"]["templates"] = json!([]);
        record["chart"]["files"] = json!([]);
        let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
        zip.write_all(record.to_string().as_bytes())
            .expect("memory can be written to");
        let zipped = STANDARD.encode(zip.finish().expect("memory can be written to"));
        self.cluster.create(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": {
                "name": format!("sh.helm.release.v1.{}.v{revision}", self.name),
                "namespace": self.namespace,
                "labels": {"owner": "helm", "name": self.name, "status": "deployed", "version": revision.to_string()},
            },
            "data": {"release": STANDARD.encode(zipped)},
        }));
    }
}

/// The value that a report says the chart asks for at a path.
fn desired<'v>(report: &'v Value, path: &str) -> Option<&'v Value> {
    let findings = report["findings"].as_array()?;
    findings
        .iter()
        .find(|finding| finding["path"] == path)?
        .get("desired")
}

/// The objects of a manifest, each with a document of its own.
fn by_object(manifest: &str) -> BTreeMap<String, Part> {
    let mut all = BTreeMap::new();
    for document in documents(manifest).flatten() {
        let objects = parse::objects(document.text, &Limits::default()).unwrap_or_default();
        for object in &objects {
            // A list is several objects, and Helm takes it apart as well.
            let document = match objects.as_slice() {
                [_] => document.text.to_owned(),
                _ => object.body.to_string(),
            };
            let part = Part {
                resource: resource(&object.gvk, &object.name),
                namespace: object.namespace.clone(),
                document,
            };
            all.insert(format!("{}/{}", object.gvk.kind, object.name), part);
        }
    }
    all
}

/// A chart that renders nothing but a document.
fn chart_of(document: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("there is room for temporary files");
    let write = |name: &str, text: &str| {
        fs::write(dir.path().join(name), text).expect("a temporary folder can be written to");
    };
    fs::create_dir(dir.path().join("templates")).expect("a temporary folder can be written to");
    write(
        "Chart.yaml",
        "{apiVersion: v2, name: rehearsal, version: 1.0.0}\n",
    );
    write("object.yaml", document);
    write("templates/object.yaml", r#"{{ .Files.Get "object.yaml" }}"#);
    dir
}

/// An object as kubectl takes it where several groups have a kind of its name.
fn resource(gvk: &Gvk, name: &str) -> String {
    format!("{}.{}.{}/{name}", gvk.kind, gvk.version(), gvk.group())
}
