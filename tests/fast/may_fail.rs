//! An upgrade that may fail is told apart from one that fails: templates that read live objects by `lookup` may render what
//! lives. The recorded cluster of the example, with templates that are said to.

use std::fs;
use std::path::PathBuf;

use driftline::explain::explain;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Driftline, Ran, copy_tree, example};

/// The templates of the two objects of release `catalog` at which its next upgrade fails.
const BOTH: [&str; 2] = ["templates/web.yaml", "templates/api.yaml"];

/// The example, in which these templates of release `catalog` read live objects, and none of its drift counts.
struct Catalog {
    place: TempDir,
}

impl Catalog {
    fn reading_live(templates: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let catalog = Self { place };
        copy_tree(&example(), &catalog.snapshot());
        let record = catalog
            .snapshot()
            .join("releases/shop/secret/sh.helm.release.v1.catalog.v1.json");
        let mut content: Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
        let files = templates
            .iter()
            .map(|file| ((*file).to_owned(), json!([{"cause": "reads-live"}])));
        content["chart"]["variations"] = json!({"files": files.collect::<serde_json::Map<_, _>>()});
        fs::write(record, content.to_string()).unwrap();
        fs::write(catalog.settings(), "ignore: [{release: catalog}]").unwrap();
        catalog
    }

    fn snapshot(&self) -> PathBuf {
        self.place.path().join("snapshot")
    }

    fn settings(&self) -> PathBuf {
        self.place.path().join("driftline.yaml")
    }

    fn run(&self, command: &[&str], arguments: &[&str]) -> Ran {
        let snapshot = self.snapshot();
        let of = ["shop/catalog", "--snapshot", snapshot.to_str().unwrap()];
        Driftline::new([command, &of, arguments].concat()).run()
    }

    fn scan(&self, arguments: &[&str]) -> Ran {
        let settings = self.settings();
        self.run(&["scan", "--config", settings.to_str().unwrap()], arguments)
    }

    fn diagnosis(&self) -> String {
        self.run(&["diagnose"], &[]).stdout
    }

    /// The entry about the next upgrade, in JSON.
    fn entry(&self) -> Value {
        let report = self.scan(&["-o", "json"]).json();
        let mut health = report["releases"][0]["health"].as_array().unwrap().iter();
        let entry = health.find(|entry| entry["code"] == "upgrade-blocked");
        entry.unwrap().clone()
    }

    /// The last column of the table.
    fn table_says(&self) -> String {
        let ran = self.scan(&["-o", "wide"]);
        let row = ran.stdout.lines().last().unwrap();
        let effect = row.rsplit("   ").next().unwrap().trim();
        assert!(explain(effect).is_ok(), "{row}");
        effect.to_owned()
    }
}

#[test]
fn where_every_such_object_reads_live_ones_the_upgrade_may_fail() {
    let catalog = Catalog::reading_live(&BOTH);
    let entry = catalog.entry();
    assert_eq!(entry["severity"], "info", "{entry:#}");
    let message = entry["message"].as_str().unwrap();
    assert!(
        message.starts_with("the next upgrade may fail at Deployment shop/catalog-web and StatefulSet "),
        "{message}"
    );
    for text in [catalog.scan(&[]).stdout, catalog.diagnosis()] {
        assert!(
            text.contains("\n  info  upgrade-blocked: the next upgrade may fail at Deployment "),
            "{text}"
        );
    }
    assert_eq!(catalog.table_says(), "may fail");
}

#[test]
fn where_one_of_them_does_not_the_upgrade_fails_and_the_other_is_told_apart() {
    let catalog = Catalog::reading_live(&BOTH[1..]);
    let entry = catalog.entry();
    assert_eq!(entry["severity"], "warning", "{entry:#}");
    let message = entry["message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "the next upgrade fails at Deployment shop/catalog-web, and may fail at StatefulSet shop/catalog-api: "
        ),
        "{message}"
    );
    assert_eq!(catalog.table_says(), "fails");
    assert_eq!(Catalog::reading_live(&[]).table_says(), "fails");
}

#[test]
fn only_what_fails_for_certain_fails_a_scan() {
    for (templates, blocked) in [(&BOTH[..], 0), (&BOTH[1..], 1), (&[], 1)] {
        let catalog = Catalog::reading_live(templates);
        for (fail_on, status) in [("drift", 0), ("health", 0), ("blocked", blocked)] {
            let ran = catalog.scan(&["--fail-on", fail_on]);
            assert_eq!(
                ran.status,
                Some(status),
                "{templates:?} {fail_on}: {}",
                ran.stdout
            );
            let is_told = ran
                .stdout
                .contains("1 release with a blocked upgrade or rollback");
            assert_eq!(is_told, status == 1, "{templates:?} {fail_on}: {}", ran.stdout);
        }
    }
}
