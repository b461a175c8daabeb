//! Releases with their records and objects, and the program run against them.

use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{SECRET, Server, Stored};
use crate::support::program::{Driftline, Ran, write_program};

/// Tries every row, all at once: most of the time goes by in pauses.
pub(crate) fn each<T: Send>(rows: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        for row in rows {
            scope.spawn(move || test(row));
        }
    });
}

/// A `ConfigMap` as a chart writes it.
pub(crate) fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": value}})
}

/// A Secret as a chart writes it.
pub(crate) fn secret(name: &str) -> Value {
    let data = json!({"password": STANDARD.encode(SECRET)});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "data": data})
}

/// A custom resource as a chart writes it.
pub(crate) fn cron_tab(name: &str) -> Value {
    json!({"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": name},
           "spec": {"image": "cron"}})
}

/// One revision of a release.
#[derive(Clone)]
pub(crate) struct Revision {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) status: &'static str,
    pub(crate) manifest: String,
}

impl Revision {
    pub(crate) fn new(namespace: &str, name: &str, objects: &[Value]) -> Self {
        let manifest: Vec<String> = objects.iter().map(|object| format!("---\n{object}\n")).collect();
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            number: 1,
            status: "deployed",
            manifest: manifest.concat(),
        }
    }

    /// The record's JSON, which Helm compresses.
    pub(crate) fn json(&self) -> Value {
        json!({"name": self.name, "namespace": self.namespace, "version": self.number,
               "info": {"status": self.status, "last_deployed": "2026-03-01T12:00:00Z", "notes": SECRET},
               "chart": {"metadata": {"name": "app", "version": "1.0.0"}, "values": {"password": SECRET}},
               "config": {"password": SECRET}, "manifest": self.manifest})
    }

    /// The Secret that Helm keeps it in.
    pub(crate) fn stored(&self) -> Stored {
        self.holding(&STANDARD.encode(gzip(self.json().to_string().as_bytes())))
    }

    /// The same Secret with another payload.
    pub(crate) fn holding(&self, payload: &str) -> Stored {
        let name = format!("sh.helm.release.v1.{}.v{}", self.name, self.number);
        let labels = json!({"owner": "helm", "name": self.name, "version": self.number.to_string(),
                            "status": self.status});
        let body = json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels,
                         "creationTimestamp": "2026-03-01T12:00:00Z"},
            "data": {"release": STANDARD.encode(payload)}});
        Stored {
            plural: "secrets",
            body,
        }
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The object as it lives once a release has put it there.
pub(crate) fn live(namespace: &str, release: &str, object: &Value) -> Stored {
    let mut body = object.clone();
    let metadata = body["metadata"].as_object_mut().unwrap();
    metadata.entry("namespace").or_insert_with(|| json!(namespace));
    metadata.insert(
        "labels".to_owned(),
        json!({"app.kubernetes.io/managed-by": "Helm"}),
    );
    metadata.insert(
        "annotations".to_owned(),
        json!({"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}),
    );
    let plural = match body["kind"].as_str().unwrap() {
        "ConfigMap" => "configmaps",
        "Secret" => "secrets",
        "CronTab" => "crontabs",
        "Role" => "roles",
        "Deployment" => "deployments",
        "HorizontalPodAutoscaler" => "horizontalpodautoscalers",
        other => panic!("no plural for {other}"),
    };
    Stored { plural, body }
}

/// A release at revision 1 with everything in its place.
pub(crate) fn release(namespace: &str, name: &str, objects: &[Value]) -> Vec<Stored> {
    let mut stored = vec![Revision::new(namespace, name, objects).stored()];
    stored.extend(objects.iter().map(|object| live(namespace, name, object)));
    stored
}

/// The cluster of most tests: one release of every kind of object, in sync.
pub(crate) fn shop() -> Vec<Stored> {
    release(
        "shop",
        "web",
        &[
            config_map("settings", "blue"),
            secret("login"),
            cron_tab("nightly"),
        ],
    )
}

impl Ran {
    /// Objects that are not in sync: name, state, reason.
    pub(crate) fn objects(&self) -> Vec<(String, String, String)> {
        let report = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let releases = report["releases"].as_array().unwrap();
        releases
            .iter()
            .flat_map(|release| release["objects"].as_array().unwrap())
            .map(|object| {
                (
                    text(&object["name"]),
                    text(&object["state"]),
                    text(&object["reason"]),
                )
            })
            .collect()
    }

    /// Health entries: release, code, message.
    pub(crate) fn health(&self) -> Vec<(String, String, String)> {
        let report = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut health = Vec::new();
        for release in report["releases"].as_array().unwrap() {
            for entry in release["health"].as_array().unwrap() {
                health.push((
                    text(&release["name"]),
                    text(&entry["code"]),
                    text(&entry["message"]),
                ));
            }
        }
        health
    }

    /// Scan-wide errors: scope and message.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let report = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = report["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|error| (text(&error["scope"]), text(&error["message"])))
            .collect()
    }

    /// The only line on standard error.
    pub(crate) fn sentence(&self) -> &str {
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "{}{}", self.stdout, self.stderr);
        lines[0]
    }
}

/// The program's surroundings: a home directory of its own and nothing else of this machine's.
pub(crate) struct Home(pub(crate) TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Writes a program, and returns its path.
    pub(crate) fn program(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        write_program(&path, text);
        path.to_str().unwrap().to_owned()
    }

    /// A kubeconfig for the server; the user holds the credentials.
    pub(crate) fn kubeconfig(&self, server: &str, user: &Value) -> String {
        let content = json!({"apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": server}}],
            "users": [{"name": "me", "user": user}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}]});
        self.file("kubeconfig", &content.to_string())
    }

    /// A command line that knows this home and no other, and never says the secret.
    pub(crate) fn command(&self, arguments: &[&str]) -> Driftline {
        Driftline::new(arguments)
            .env("HOME", self.path())
            .env("PATH", "/usr/bin:/bin")
            .never_says(SECRET)
            .never_says(STANDARD.encode(SECRET).trim_end_matches('='))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).run()
    }
}

/// Scans the server with these flags, and checks that only reads were sent.
pub(crate) fn scan(server: &Server, flags: &[&str]) -> Ran {
    let home = Home::new();
    let run = scan_command(&home, server, flags).run();
    reads_only(server);
    run
}

/// Scans the server, for a report in JSON.
pub(crate) fn scan_json(server: &Server, flags: &[&str]) -> Ran {
    scan(server, &[flags, &["-o", "json"]].concat())
}

/// The command of a scan of the server.
pub(crate) fn scan_command(home: &Home, server: &Server, flags: &[&str]) -> Driftline {
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": SECRET}));
    let mut arguments = vec!["scan", "--kubeconfig", &kubeconfig];
    if !flags.contains(&"--request-timeout") {
        arguments.extend(["--request-timeout", "5s"]);
    }
    arguments.extend(flags);
    home.command(&arguments)
}

/// Checks that every request so far was a GET, every list a page, and every list of Secrets has its field selector.
pub(crate) fn reads_only(server: &Server) {
    for request in server.received() {
        assert_eq!(request.method, "GET", "{request:?}");
        if !request.is_list() {
            continue;
        }
        assert!(request.target.contains("limit="), "{request:?}");
        let records = request.target.contains("labelSelector=owner%3Dhelm");
        let metadata = request.accept.contains("as=PartialObjectMetadataList");
        let namespaces = request.path() == "/api/v1/namespaces";
        let owned = request
            .target
            .contains("labelSelector=app.kubernetes.io%2Fmanaged-by%3DHelm");
        assert!(records || namespaces || owned || !metadata, "{request:?}");
        // Of what names a release as its owner only the metadata is listed.
        if request.path().ends_with("/secrets") && !(owned && metadata) {
            let selector = if records {
                "fieldSelector=type%3Dhelm.sh%2Frelease.v1"
            } else {
                "fieldSelector=type%21%3Dhelm.sh%2Frelease.v1"
            };
            assert!(request.target.contains(selector), "{request:?}");
        }
    }
}
