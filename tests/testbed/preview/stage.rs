//! A case made real: its namespace, its chart, the revisions, and what happens to the cluster in between.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use super::body::{manifest, whole};
use super::case::{Case, Deed, End, Object, Operation, Step};
use super::method::Method;
use crate::harness::{Cluster, HelmVersion, Outcome, Records, Scan, by_name, shown};

/// The release of every case; each has a namespace of its own.
pub(super) const RELEASE: &str = "web";

/// Shell that the lines of the table can use.
const PRELUDE: &str = include_str!("prelude.sh");

/// Ports and addresses that the API server does not give away by itself, one of each for a case.
static FIXED: AtomicU16 = AtomicU16::new(1);

/// A case in its namespace.
pub(super) struct Stage<'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) case: &'c Case,
    pub(super) method: Method,
    pub(super) namespace: String,
    dir: TempDir,
    port: u16,
}

impl<'c> Stage<'c> {
    /// Makes all that comes before the operation.
    pub(super) fn set(cluster: &'c Cluster, case: &'c Case, method: Method) -> Result<Self, String> {
        let name = format!("{}-{}", case.name, method.name());
        let namespace = cluster.namespace(&name);
        let is_fixed = format!("{case:?}").contains("{port}") || format!("{case:?}").contains("{ip}");
        let port = if is_fixed {
            FIXED.fetch_add(1, Ordering::Relaxed)
        } else {
            0
        };
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let stage = Self {
            cluster,
            case,
            method,
            namespace,
            dir,
            port,
        };
        stage.write("Chart.yaml", "apiVersion: v2\nname: case\nversion: 1.0.0\n")?;
        stage.write("templates/all.yaml", "{{ .Values.manifest }}\n")?;
        stage.act(0)?;
        for revision in case.revisions() {
            stage.make(revision)?;
            stage.act(revision)?;
        }
        Ok(stage)
    }

    /// Replaces what stands for this case's own names.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("{ns}", &self.namespace)
            .replace("{port}", &(30000 + self.port).to_string())
            .replace("{ip}", &format!("10.0.0.{}", 10 + self.port))
    }

    /// The manifest of a revision, as a file.
    pub(super) fn rendered(&self, revision: u64) -> Result<String, String> {
        let mut objects: Vec<Value> = self
            .case
            .objects
            .iter()
            .filter(|object| object.is_in(revision))
            .map(|object| self.object(object))
            .collect();
        objects.extend(canaries(revision));
        self.write(&format!("{revision}.yaml"), &manifest(&objects))
    }

    /// The operation that is previewed, by the real Helm.
    pub(super) fn operate(&self) -> Result<Outcome, String> {
        let flags = self.case.flags(self.method).map(|flag| self.fill(flag));
        let flags: Vec<String> = flags.collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        match self.case.operation {
            Operation::Rollback(to) => {
                let to = to.map(|revision| revision.to_string());
                let mut args = vec!["rollback", RELEASE];
                args.extend(to.as_deref());
                args.extend(flags);
                Ok(self.helm(Step::Last, &args))
            }
            Operation::Upgrade => self.apply_chart("upgrade", Step::Last, self.case.last_revision(), &flags),
        }
    }

    /// What driftline says of it, with these flags.
    pub(super) fn preview(&self, flags: &[&str]) -> Result<Outcome, String> {
        let to;
        let rendered;
        let mut args = vec!["preview"];
        match self.case.operation {
            Operation::Rollback(revision) => {
                args.extend(["rollback", RELEASE]);
                to = revision.map(|revision| revision.to_string());
                args.extend(to.as_deref());
            }
            Operation::Upgrade => {
                rendered = self.rendered(self.case.last_revision())?;
                args.extend(["upgrade", RELEASE, "-f", &rendered]);
            }
        }
        args.extend(["-n", &self.namespace, "-o", "json"]);
        args.extend(flags);
        Ok(self.cluster.driftline(&args))
    }

    /// What a scan finds then.
    pub(super) fn scan(&self) -> Scan {
        let args = ["scan", "-n", &self.namespace, "--release", RELEASE, "-o", "json"];
        self.cluster.driftline(&args).into()
    }

    /// The records that Helm keeps.
    pub(super) fn records(&self) -> Records {
        Records::of(self.cluster, &self.namespace, RELEASE)
    }

    /// Every object that the case names and that lives, by `Kind/name`.
    pub(super) fn objects(&self) -> BTreeMap<String, Value> {
        let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (namespace, name) in self.names() {
            places.entry(namespace).or_default().insert(name);
        }
        let mut found = BTreeMap::new();
        for (namespace, names) in places {
            let all: Vec<&str> = names.iter().map(String::as_str).collect();
            let read = |names: &[&str]| {
                let mut args = vec![
                    "get",
                    "-n",
                    &namespace,
                    "--ignore-not-found",
                    "-o",
                    "json",
                    "--show-managed-fields",
                ];
                args.extend(names);
                let outcome = self.cluster.try_kubectl(&args);
                (outcome.status == 0).then_some(outcome.stdout)
            };
            match read(&all) {
                Some(text) => found.extend(by_name(&text)),
                // A kind that is not served spoils the answer about all others.
                None => all
                    .iter()
                    .filter_map(|name| read(&[name]))
                    .for_each(|text| found.extend(by_name(&text))),
            }
        }
        found
    }

    /// The name of an object of the table in this namespace.
    pub(super) fn named(&self, name: &str) -> String {
        self.fill(name)
    }

    fn names(&self) -> Vec<(String, String)> {
        let of_acts = self.case.acts.iter().filter_map(|act| match &act.what {
            Deed::Create(object) | Deed::OtherRelease(object) => Some(object),
            Deed::Shell(_) => None,
        });
        let objects = self
            .case
            .objects
            .iter()
            .chain(of_acts)
            .map(|object| self.object(object));
        let objects: Vec<Value> = objects.chain(canaries(1)).collect();
        let mut names: Vec<(String, String)> = objects.iter().map(|object| self.place(object)).collect();
        for (object, _) in self.case.fates(self.method) {
            let name = self.named(object);
            let is_known = objects.iter().any(|object| shown(object) == name);
            if !is_known {
                names.push((self.namespace.clone(), name));
            }
        }
        names
    }

    /// The namespace, and the name as kubectl takes it.
    fn place(&self, object: &Value) -> (String, String) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let namespace = object["metadata"]["namespace"]
            .as_str()
            .unwrap_or(&self.namespace);
        let (group, version) = object["apiVersion"]
            .as_str()
            .and_then(|version| version.split_once('/'))
            .unwrap_or(("", "v1"));
        let kind = text(&object["kind"]);
        let name = text(&object["metadata"]["name"]);
        let name = if group.is_empty() {
            format!("{kind}/{name}")
        } else if group.ends_with(".example.com") {
            // A version of a definition may be served no more.
            format!("{kind}.{group}/{name}")
        } else {
            format!("{kind}.{version}.{group}/{name}")
        };
        (namespace.to_owned(), name)
    }

    fn object(&self, object: &Object) -> Value {
        let whole = whole(object.name, &self.fill(object.body));
        serde_json::from_str(&self.fill(&whole.to_string())).expect("still JSON")
    }

    /// Installs, or upgrades to, a revision of the chart.
    fn make(&self, revision: u64) -> Result<(), String> {
        let verb = if revision == 1 { "install" } else { "upgrade" };
        let step = Step::Revision(revision);
        match self.case.end(revision) {
            None => succeeded(&self.apply_chart(verb, step, revision, &[])?),
            Some(End::Fails) => {
                let outcome = self.apply_chart(verb, step, revision, &["--timeout=5s"])?;
                if outcome.status == 0 {
                    return Err(format!("{} should have failed", outcome.command));
                }
                Ok(())
            }
            Some(End::KilledAt(what)) => {
                let client = self.case.client(self.method, step);
                let mut args = self.chart_args(verb, revision)?;
                args.extend(client.flags.iter().map(|flag| (*flag).to_owned()));
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                let mut helm = self.cluster.spawn_helm(client.helm, &args);
                let waited = self.shell(&format!("kubectl wait --for=create --timeout=30s {what}"));
                let killed = helm.kill();
                helm.wait().map_err(|error| error.to_string())?;
                killed.map_err(|error| error.to_string())?;
                succeeded(&waited)
            }
        }
    }

    fn apply_chart(&self, verb: &str, step: Step, revision: u64, flags: &[&str]) -> Result<Outcome, String> {
        let args = self.chart_args(verb, revision)?;
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.extend(flags);
        Ok(self.helm(step, &args))
    }

    fn chart_args(&self, verb: &str, revision: u64) -> Result<Vec<String>, String> {
        let manifest = format!("--set-file=manifest={}", self.rendered(revision)?);
        let chart = self.dir.path().display().to_string();
        let args = [verb, RELEASE, &chart, "-n", &self.namespace, &manifest];
        Ok(args.map(str::to_owned).to_vec())
    }

    fn helm(&self, step: Step, args: &[&str]) -> Outcome {
        let client = self.case.client(self.method, step);
        let mut args = args.to_vec();
        if !args.contains(&"-n") {
            args.extend(["-n", &self.namespace]);
        }
        args.extend(client.flags);
        // What Helm remembers of the API is as old as its last look.
        let cache = self.dir.path().join("cache");
        let _ = fs::remove_dir_all(&cache);
        self.cluster.helm_with(
            client.helm,
            &args,
            &[("KUBECACHEDIR", &cache.display().to_string())],
        )
    }

    /// Does what the table has after a revision.
    fn act(&self, revision: u64) -> Result<(), String> {
        for act in self.case.acts.iter().filter(|act| act.after == revision) {
            match &act.what {
                Deed::Shell(line) => succeeded(&self.shell(line))?,
                Deed::Create(object) => self.create(&self.object(object))?,
                Deed::OtherRelease(object) => self.install_other(&self.object(object))?,
            }
        }
        Ok(())
    }

    fn create(&self, object: &Value) -> Result<(), String> {
        let path = self.write("by-hand.yaml", &object.to_string())?;
        succeeded(&self.shell(&format!("kubectl create -f {path}")))?;
        if object["kind"] == "CustomResourceDefinition" {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            succeeded(&self.shell(&format!(
                "kubectl wait --for=condition=Established crd/{name} --timeout=30s"
            )))?;
        }
        Ok(())
    }

    fn install_other(&self, object: &Value) -> Result<(), String> {
        let path = self.write("other.yaml", &manifest(std::slice::from_ref(object)))?;
        let manifest = format!("--set-file=manifest={path}");
        let chart = self.dir.path().display().to_string();
        succeeded(&self.helm(Step::Revision(1), &["install", "other", &chart, &manifest]))
    }

    fn shell(&self, line: &str) -> Outcome {
        let cache = self.dir.path().join("cache").display().to_string();
        let helm = match self.case.client(self.method, Step::Last).helm {
            HelmVersion::V3 => "helm3",
            HelmVersion::V4 => "helm4",
        };
        let variables = [
            ("NAMESPACE", self.namespace.as_str()),
            ("HELM_NAMESPACE", self.namespace.as_str()),
            ("HELM", helm),
            ("KUBECACHEDIR", &cache),
        ];
        self.cluster
            .shell(&format!("{PRELUDE}\n{}", self.fill(line)), &variables)
    }

    fn write(&self, name: &str, text: &str) -> Result<String, String> {
        let path = self.dir.path().join(name);
        let folder = path.parent().ok_or("a file lies in a folder")?;
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        fs::write(&path, text).map_err(|error| error.to_string())?;
        Ok(path.display().to_string())
    }
}

/// The first and the last object of every chart: they show how far Helm got.
fn canaries(revision: u64) -> [Value; 2] {
    let data = format!("{{data: {{revision: '{revision}'}}}}");
    let backend = format!(
        "{{spec: {{defaultBackend: {{service: {{name: revision-{revision}, port: {{number: 80}}}}}}}}}}"
    );
    [whole("ConfigMap/early", &data), whole("Ingress/late", &backend)]
}

fn succeeded(outcome: &Outcome) -> Result<(), String> {
    if outcome.status == 0 {
        Ok(())
    } else {
        Err(format!(
            "{} failed: {}{}",
            outcome.command, outcome.stdout, outcome.stderr
        ))
    }
}
