//! Release records that are made to harm: small as they are stored, large or costly once they are read.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::objects::deployment;
use super::scene::{EVIL, Hostile, Promise, Scene, owned};
use crate::faults::server::Stored;
use crate::faults::world::{Revision, config_map, gzip};
use crate::support::hostile::{
    alias_bomb, documents, list, list_object, long_text, many_namespaces, one_deployment, with_chart_files,
    with_hooks, with_manifest,
};

/// A hook of a name that failed.
const FAILED_HOOK: &str =
    r#"{"name":"h","kind":"Job","events":["pre-upgrade"],"last_run":{"phase":"Failed"}}"#;

/// Records that say nothing, or not what Helm says.
const NOTHING: [&str; 10] = [
    "{}",
    "null",
    "[]",
    "\"\"",
    "0",
    "",
    " ",
    r#"{"name":"e7"}"#,
    r#"{"manifest":""}"#,
    r#"{"manifest":null}"#,
];

pub(super) fn scenes() -> Vec<Scene> {
    [decoded(), manifests(), within(), named(), many()].concat()
}

/// Costly as soon as they are decoded.
fn decoded() -> Vec<Scene> {
    vec![
        Scene::harmless("hooks-12-kb", "4 million empty hooks", || {
            one(&hooks("{}", 4_000_000))
        }),
        Scene::harmless("hooks-64-mib", "22 million empty hooks", || {
            one(&hooks("{}", 22_000_000))
        }),
        Scene::harmless("hooks-of-names", "700,000 hooks that failed", || {
            one(&hooks(FAILED_HOOK, 700_000))
        }),
        Scene::harmless("events", "20 million events of one hook", || {
            let hook = format!(r#"{{"events":[{}]}}"#, list(r#""""#, 20_000_000));
            one(&hooks(&hook, 1))
        }),
        Scene::harmless("chart-files", "a chart with 2 million definitions", || {
            one(&with_chart_files(EVIL, "e0", 2_000_000))
        }),
        Scene::told("four-records", "4 records with 42 MiB of text each", || {
            Hostile::stored((0..4).map(|number| record(number, &long_text())))
        }),
        Scene::told(
            "forty-records",
            "40 records with 20 MiB of small objects each",
            || {
                let padding = "x".repeat(2_000);
                let text = documents(9_900, |at| config_map(&format!("c{at}"), &padding).to_string());
                Hostile::stored((0..40).map(|number| record(number, &text)))
            },
        ),
        Scene::harmless(
            "deep-json",
            "values 30 million levels deep, which are skipped",
            || one(&format!(r#"{{"config":{}"#, "[".repeat(30_000_000))),
        ),
        Scene {
            promise: Promise::NoneClean,
            ..Scene::told("says-nothing", "records that say nothing", || {
                Hostile::stored(
                    NOTHING
                        .iter()
                        .enumerate()
                        .map(|(number, text)| holding(number, text)),
                )
            })
        },
        Scene::told("bomb", "a gigabyte of blanks", || one(&" ".repeat(1 << 30))),
        Scene::told("long-texts", "names, descriptions and versions of 5 MB", || {
            let long = "t".repeat(5_000_000);
            let text = json!({"name": long, "namespace": long, "version": 1,
                "info": {"status": long, "description": long},
                "chart": {"metadata": {"name": long, "version": long}}, "manifest": "", "apply_method": long});
            one(&text.to_string())
        }),
    ]
}

/// Costly once their manifests are parsed.
fn manifests() -> Vec<Scene> {
    vec![
        Scene::told("zeros", "a manifest of 30 million numbers", || {
            let zeros = list("0", 950_000);
            manifest(&documents(32, |at| {
                with_data(&format!("z{at}"), &format!("[{zeros}]"))
            }))
        }),
        Scene::told("empty-maps", "a manifest of 19 million empty maps", || {
            let maps = list("{}", 950_000);
            manifest(&documents(20, |at| {
                with_data(&format!("m{at}"), &format!("[{maps}]"))
            }))
        }),
        Scene::told("wide-map", "one map of 490,000 keys", || {
            let keys: Vec<String> = (0..490_000).map(|at| format!(r#""k{at}":"""#)).collect();
            manifest(&with_data("w", &format!("{{{}}}", keys.join(","))))
        }),
        Scene::told("one-key", "one map with one key 490,000 times", || {
            manifest(&with_data("w", &format!("{{{}}}", list(r#""k":"""#, 490_000))))
        }),
        Scene::told("alias-bomb", "nine levels of nine aliases each", || {
            let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
            manifest(&format!("{head}{}", alias_bomb()))
        }),
        Scene::told(
            "merge-bomb",
            "merge keys over merge keys, in 5,000 documents",
            || manifest(&documents(5_000, merged)),
        ),
        Scene::told("deep-yaml", "10 million levels of flow sequences", || {
            manifest(&format!("a: {}", "[".repeat(10_000_000)))
        }),
        Scene::told("deep-blocks", "20 million levels of block sequences", || {
            manifest(&format!("a:\n{}", "- ".repeat(20_000_000)))
        }),
        Scene::told("quoted", "a scalar of 15 million escapes", || {
            manifest(&format!("a: \"{}\"", "\\0".repeat(15_000_000)))
        }),
    ]
}

/// As much as the limits on records, manifests and values let pass, so that it is worked on and not refused.
fn within() -> Vec<Scene> {
    let far = |name, about, make| Scene {
        promise: Promise::NoneClean,
        ..Scene::told(name, about, make)
    };
    vec![
        far("texts-within", "40 records with 7.6 MiB of text each", || {
            let long = "the same line again\\n".repeat(180_000);
            let text = documents(2, |at| {
                with_data(&format!("a{at}"), &format!(r#"{{"a":"{long}"}}"#))
            });
            Hostile::stored((0..40).map(|number| record(number, &text)))
        }),
        far(
            "objects-within",
            "40 records with 7.6 MiB of small objects each",
            || {
                let padding = "x".repeat(2_000);
                let text = documents(3_500, |at| config_map(&format!("c{at}"), &padding).to_string());
                Hostile::stored((0..40).map(|number| record(number, &text)))
            },
        ),
        far(
            "values-within",
            "40 records with 7 objects of 500,000 numbers each, of which one differs",
            || {
                let [asked, live] = ["1", "2"].map(|last| format!("[{},{last}]", list("0", 500_000)));
                let tab = |at: usize, values: &str| {
                    let name = format!("z{at}");
                    format!(
                        r#"{{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{{"name":"{name}"}},"spec":{{"values":{values}}}}}"#
                    )
                };
                let manifest = documents(7, |at| tab(at, &asked));
                let lives = (0..7).map(|at| {
                    let object: Value = serde_json::from_str(&tab(at, &live)).unwrap();
                    owned("e0", &object)
                });
                let records = (0..40).map(|number| record(number, &manifest));
                Hostile::stored(records.chain(lives))
            },
        ),
        far(
            "maps-within",
            "40 records with 2.4 million empty maps each",
            || {
                let maps = list("{}", 240_000);
                let text = documents(10, |at| with_data(&format!("m{at}"), &format!("[{maps}]")));
                Hostile::stored((0..40).map(|number| record(number, &text)))
            },
        ),
        far(
            "merges-within",
            "40 records with merge keys over merge keys, in 2,000 documents each",
            || {
                let text = documents(2_000, merged);
                Hostile::stored((0..40).map(|number| record(number, &text)))
            },
        ),
        Scene::told("blocks-within", "4 million levels of block sequences", || {
            manifest(&format!("a:\n{}", "- ".repeat(4_000_000)))
        }),
        Scene::told("quoted-within", "a scalar of 4 million escapes", || {
            let text = "\\0".repeat(4_000_000);
            manifest(&format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: \"{text}\"}}"
            ))
        }),
        Scene::harmless("hooks-within", "40 records with 1,000 hooks of 7 kB each", || {
            let padding = "x".repeat(7_000);
            let hook = json!({"name": "h", "kind": "Job", "events": ["pre-upgrade"], "manifest": padding,
                    "last_run": {"phase": "Failed"}});
            let hook = hook.to_string();
            Hostile::stored(
                (0..40).map(|number| holding(number, &with_hooks(EVIL, &format!("e{number}"), &hook, 1_000))),
            )
        }),
        far(
            "names-within",
            "40 records with 3,500 objects whose names and namespaces have 1,000 bytes",
            || {
                let long = "n".repeat(1_000);
                let text = documents(3_500, |at| {
                    let metadata = json!({"name": format!("{long}{at}"), "namespace": long});
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}).to_string()
                });
                Hostile::stored((0..40).map(|number| record(number, &text)))
            },
        ),
    ]
}

/// A document of merge keys over merge keys.
fn merged(number: usize) -> String {
    let mut text =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: b{number}}}\na0: &a0 {{a: b}}\n");
    for level in 1..90 {
        writeln!(text, "a{level}: &a{level} {{<<: *a{}, k{level}: v}}", level - 1).unwrap();
    }
    text
}

/// Costly by what they name.
fn named() -> Vec<Scene> {
    vec![
        Scene::told(
            "one-object-9900-times",
            "40 records that name a Deployment of 3,000 variables 9,900 times each",
            || of_one_deployment(|name| one_deployment(name, 9_900)),
        ),
        Scene::harmless(
            "one-document-9900-times",
            "40 records that hold one document 9,900 times each",
            || of_one_deployment(|name| documents(9_900, |_| deployment(name, 1).to_string())),
        ),
        Scene::told("list-of-49999", "one list of 49,999 objects", || {
            manifest(&list_object(49_999, |at| config_map(&format!("c{at}"), "a")))
        }),
        Scene::told("49000-namespaces", "49,000 objects in as many namespaces", || {
            manifest(&many_namespaces(49_000))
        }),
        Scene::told("49000-kinds", "49,000 objects of as many kinds", || {
            manifest(&list_object(49_000, |at| {
                let (api_version, kind) = (format!("g{at}.example.com/v1"), format!("K{at}"));
                json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}})
            }))
        }),
        Scene::told(
            "forged",
            "a record that claims the release of another namespace, and its objects",
            || {
                one(&with_manifest(
                    "shop",
                    "web",
                    &config_map("settings", "red").to_string(),
                ))
            },
        ),
        Scene::told(
            "long-names",
            "5 objects with names and namespaces of 2 MB",
            || {
                let long = "n".repeat(2_000_000);
                manifest(&documents(5, |at| {
                    let metadata = json!({"name": format!("{long}{at}"), "namespace": long});
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}).to_string()
                }))
            },
        ),
    ]
}

/// Costly by their number.
fn many() -> Vec<Scene> {
    vec![
        Scene::harmless("history", "5,000 revisions of one release", || {
            Hostile::stored((1..=5_000).map(|number| {
                let status = if number == 5_000 { "deployed" } else { "superseded" };
                revision(number, status, &[])
            }))
        }),
        Scene::harmless(
            "history-of-failures",
            "5,000 failed revisions of one release",
            || {
                let objects: Vec<Value> = (0..10).map(|at| config_map(&format!("c{at}"), "a")).collect();
                Hostile::stored((1..=5_000).map(|number| {
                    let status = if number == 1 { "deployed" } else { "failed" };
                    revision(number, status, &objects)
                }))
            },
        ),
        Scene::harmless("5000-releases", "5,000 releases", || {
            Hostile::stored((0..5_000).map(|number| record(number, "")))
        }),
    ]
}

/// 40 releases, each with a Deployment of 3,000 variables that its record names many times.
fn of_one_deployment(manifest: fn(&str) -> String) -> Hostile {
    Hostile::stored((0..40).flat_map(|number| {
        let name = format!("many{number}");
        let object = owned(&format!("e{number}"), &deployment(&name, 3_000));
        [record(number, &manifest(&name)), object]
    }))
}

fn revision(number: u64, status: &'static str, objects: &[Value]) -> Stored {
    let mut revision = Revision::new(EVIL, "e0", objects);
    (revision.number, revision.status) = (number, status);
    revision.stored()
}

fn with_data(name: &str, data: &str) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{data}}}"#)
}

fn hooks(hook: &str, count: usize) -> String {
    with_hooks(EVIL, "e0", hook, count)
}

/// One record that decodes to this text.
fn one(text: &str) -> Hostile {
    Hostile::stored([holding(0, text)])
}

/// One record with this manifest.
fn manifest(manifest: &str) -> Hostile {
    Hostile::stored([record(0, manifest)])
}

/// The record of a release with this manifest.
fn record(number: usize, manifest: &str) -> Stored {
    holding(number, &with_manifest(EVIL, &format!("e{number}"), manifest))
}

/// The record of a release that decodes to this text.
fn holding(number: usize, text: &str) -> Stored {
    let payload = STANDARD.encode(gzip(text.as_bytes()));
    Revision::new(EVIL, &format!("e{number}"), &[]).holding(&payload)
}
