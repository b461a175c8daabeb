//! Snapshots that came by mail: files that are none, that lead elsewhere, or that hold something else than they say.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::faults::world::Home;
use crate::support::limited::{Limits, Measured, run};
use crate::support::program::{copy_tree, example};

/// An object, a record, a schema and the index of the example.
const OBJECT: &str = "objects/apps/v1/Deployment/payments/checkout-web.json";
const OTHER_OBJECT: &str = "objects/apps/v1/Deployment/payments/ledger-web.json";
const RECORD: &str = "releases/payments/secret/sh.helm.release.v1.checkout.v1.json";
const SCHEMA: &str = "schemas/backup.example.com/v1.json";
pub(super) const INDEX: &str = "snapshot.json";

/// A snapshot in which something is hostile.
#[derive(Clone, Copy)]
pub(super) struct Mailed {
    /// What tests and tables call it.
    pub(super) name: &'static str,
    /// What is hostile about it.
    pub(super) about: &'static str,
    /// The file.
    pub(super) file: &'static str,
    /// Puts something into the place of the file.
    make: fn(&Path),
}

pub(super) fn scenes() -> Vec<Mailed> {
    let row = |name, file, about, make| Mailed {
        name,
        about,
        file,
        make,
    };
    vec![
        row("pipe-object", OBJECT, "a named pipe in place of an object", pipe),
        row("pipe-record", RECORD, "a named pipe in place of a record", pipe),
        row("pipe-schema", SCHEMA, "a named pipe in place of a schema", pipe),
        row("pipe-index", INDEX, "a named pipe in place of the index", pipe),
        row(
            "device-object",
            OBJECT,
            "a link to a device in place of an object",
            device,
        ),
        row(
            "device-record",
            RECORD,
            "a link to a device in place of a record",
            device,
        ),
        row(
            "device-index",
            INDEX,
            "a link to a device in place of the index",
            device,
        ),
        row(
            "link-out",
            OBJECT,
            "a link to a file elsewhere in place of an object",
            |path| {
                symlink("/etc/passwd", path).unwrap();
            },
        ),
        row("folder", OBJECT, "a folder in place of an object", |path| {
            fs::create_dir(path).unwrap();
        }),
        row("huge-object", OBJECT, "10 GB in place of an object", huge),
        row("huge-record", RECORD, "10 GB in place of a record", huge),
        row("huge-schema", SCHEMA, "10 GB in place of a schema", huge),
        row("huge-index", INDEX, "10 GB in place of the index", huge),
        row(
            "index-of-listings",
            INDEX,
            "an index of 5 million listings",
            |path| {
                let listing = r#"{"namespaces":[],"answer":{"given":{"revisions":[],"errors":[]}}}"#;
                let text = fs::read_to_string(example().join(INDEX)).unwrap();
                let listings = vec![listing; 5_000_000].join(",");
                fs::write(
                    path,
                    text.replacen("\"listings\": [", &format!("\"listings\": [{listings},"), 1),
                )
                .unwrap();
            },
        ),
        row(
            "another-object",
            OBJECT,
            "an object under another's name",
            |path| {
                fs::copy(example().join(OTHER_OBJECT), path).unwrap();
            },
        ),
        row("object-empty", OBJECT, "`{}` in place of an object", |path| {
            fs::write(path, "{}").unwrap();
        }),
        row("record-empty", RECORD, "`{}` in place of a record", |path| {
            fs::write(path, "{}").unwrap();
        }),
        row("index-empty", INDEX, "`{}` in place of the index", |path| {
            fs::write(path, "{}").unwrap();
        }),
    ]
}

impl Mailed {
    /// Whether a line of [`states`] is about the replaced file: the object that it holds, or the objects whose release or
    /// schema it holds.
    pub(super) fn concerns(&self, state: &str) -> bool {
        match self.file {
            OBJECT => state.starts_with("payments/checkout Deployment/checkout-web "),
            RECORD => state.starts_with("payments/checkout "),
            _ => state.contains(" Backup/"),
        }
    }

    /// Scans the snapshot.
    pub(super) fn scan(&self, limits: Limits) -> Measured {
        let home = Home::new();
        let folder = home.path().join("mailed");
        copy_tree(&example(), &folder);
        let file = folder.join(self.file);
        fs::remove_file(&file).unwrap();
        (self.make)(&file);
        scan(&home, &folder, limits)
    }
}

/// Scans the example.
pub(super) fn scan_without(limits: Limits) -> Measured {
    scan(&Home::new(), &example(), limits)
}

fn scan(home: &Home, folder: &Path, limits: Limits) -> Measured {
    let folder = folder.to_str().unwrap();
    run(
        &[("HOME", home.path().as_os_str())],
        &[
            "scan",
            "--all",
            "--snapshot",
            folder,
            "--timeout",
            "20s",
            "-o",
            "json",
        ],
        limits,
    )
}

/// The state of each object of a report, after its release.
pub(super) fn states(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut states = Vec::new();
    for release in report["releases"].as_array().into_iter().flatten() {
        let place = format!("{}/{}", text(&release["namespace"]), text(&release["name"]));
        for object in release["objects"].as_array().into_iter().flatten() {
            let name = format!("{}/{}", text(&object["kind"]), text(&object["name"]));
            states.push(format!("{place} {name} {}", text(&object["state"])));
        }
    }
    states
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn device(path: &Path) {
    symlink("/dev/zero", path).unwrap();
}

/// A file without blocks takes no room.
fn huge(path: &Path) {
    File::create(path).unwrap().set_len(10_000_000_000).unwrap();
}
