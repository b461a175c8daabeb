//! Release records that are made to harm: small as they are stored, large or costly once they are read.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::objects::deployment;
use super::scene::{EVIL, Hostile, Promise, Scene, owned};
use crate::faults::server::Stored;
use crate::faults::world::{Revision, config_map, gzip};

pub(super) fn scenes() -> Vec<Scene> {
    use Promise::{Harmless, OthersAsWithout};
    let row = |name, promise, about, make| Scene {
        name,
        about,
        promise,
        make,
    };
    vec![
        row(
            "one-object-9900-times",
            OthersAsWithout,
            "40 records that name one Deployment of 3,000 variables 9,900 times each",
            one_object_9900_times,
        ),
        row(
            "one-object-9900-times-alike",
            OthersAsWithout,
            "40 records that hold one document 9,900 times each",
            one_document_9900_times,
        ),
        row("hooks-12-kb", OthersAsWithout, "4 million empty hooks", || {
            hooks("{}", 4_000_000)
        }),
        row("hooks-64-mib", OthersAsWithout, "22 million empty hooks", || {
            hooks("{}", 22_000_000)
        }),
        row(
            "hooks-of-names",
            OthersAsWithout,
            "a million hooks that failed",
            || {
                hooks(
                    r#"{"name":"h","kind":"Job","events":["pre-upgrade"],"last_run":{"phase":"Failed"}}"#,
                    700_000,
                )
            },
        ),
        row("events", OthersAsWithout, "20 million events of one hook", || {
            hooks(&format!(r#"{{"events":[{}]}}"#, list(r#""""#, 20_000_000)), 1)
        }),
        row(
            "four-records",
            OthersAsWithout,
            "4 records with 42 MiB of text each",
            || {
                Hostile::stored((0..4).map(|number| {
                let data = "the same line again\\n".repeat(2 << 20);
                payload(number, &manifest_of(number, &format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{{"a":"{data}"}}}}"#)))
            }))
            },
        ),
        row(
            "forty-records",
            OthersAsWithout,
            "40 records with 20 MiB of small objects each",
            || {
                Hostile::stored((0..40).map(|number| payload(number, &manifest_of(number, &documents(9_900, |at| {
                let padding = "x".repeat(2_000);
                format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c{at}"}},"data":{{"a":"{padding}"}}}}"#)
            })))))
            },
        ),
        row(
            "chart-files",
            OthersAsWithout,
            "a chart with a million definitions",
            || {
                let files = list(r#"{"name":"crds/a","data":""}"#, 2_000_000);
                Hostile::stored([payload(
                    0,
                    &format!(
                        r#"{{"name":"e0","namespace":"{EVIL}","version":1,"info":{{"status":"deployed"}},"manifest":"","chart":{{"files":[{files}]}}}}"#
                    ),
                )])
            },
        ),
        row(
            "zeros",
            OthersAsWithout,
            "a manifest of 30 million numbers",
            || {
                let zeros = list("0", 950_000);
                Hostile::stored([payload(
                    0,
                    &manifest(&documents(32, |at| {
                        format!(
                            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"z{at}"}},"data":[{zeros}]}}"#
                        )
                    })),
                )])
            },
        ),
        row(
            "empty-maps",
            OthersAsWithout,
            "a manifest of 20 million empty maps",
            || {
                let maps = list("{}", 950_000);
                Hostile::stored([payload(
                    0,
                    &manifest(&documents(20, |at| {
                        format!(
                            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"m{at}"}},"data":[{maps}]}}"#
                        )
                    })),
                )])
            },
        ),
        row("wide-map", OthersAsWithout, "one map of 490,000 keys", || {
            let keys: Vec<String> = (0..490_000).map(|at| format!(r#""k{at}":"""#)).collect();
            Hostile::stored([payload(
                0,
                &manifest(&format!(
                    r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"w"}},"data":{{{}}}}}"#,
                    keys.join(",")
                )),
            )])
        }),
        row(
            "one-key-a-million-times",
            OthersAsWithout,
            "one map with a key half a million times",
            || {
                let keys = list(r#""k":"""#, 490_000);
                Hostile::stored([payload(
                    0,
                    &manifest(&format!(
                        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"w"}},"data":{{{keys}}}}}"#
                    )),
                )])
            },
        ),
        row(
            "list-of-49999",
            OthersAsWithout,
            "one list of 49,999 objects",
            || {
                let items: Vec<String> = (0..49_999)
                    .map(|at| config_map(&format!("c{at}"), "a").to_string())
                    .collect();
                Hostile::stored([payload(
                    0,
                    &manifest(&format!(
                        r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#,
                        items.join(",")
                    )),
                )])
            },
        ),
        row(
            "49000-namespaces",
            OthersAsWithout,
            "49,000 objects in as many namespaces",
            || {
                let items: Vec<String> = (0..49_000)
                    .map(|at| {
                        let mut object = config_map("a", "a");
                        object["metadata"]["namespace"] = json!(format!("n{at}"));
                        object.to_string()
                    })
                    .collect();
                Hostile::stored([payload(
                    0,
                    &manifest(&format!(
                        r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#,
                        items.join(",")
                    )),
                )])
            },
        ),
        row(
            "49000-kinds",
            OthersAsWithout,
            "49,000 objects of as many kinds",
            || {
                let items: Vec<String> = (0..49_000).map(|at| {
                json!({"apiVersion": format!("g{at}.example.com/v1"), "kind": format!("K{at}"), "metadata": {"name": "a"}}).to_string()
            }).collect();
                Hostile::stored([payload(
                    0,
                    &manifest(&format!(
                        r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#,
                        items.join(",")
                    )),
                )])
            },
        ),
        row(
            "alias-bomb",
            OthersAsWithout,
            "nine levels of nine aliases each",
            || {
                let mut text =
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
                        .to_owned();
                for level in 1..10 {
                    let previous = level - 1;
                    writeln!(
                        text,
                        "a{level}: &a{level} [{}]",
                        list(&format!("*a{previous}"), 9)
                    )
                    .unwrap();
                }
                Hostile::stored([payload(0, &manifest(&text))])
            },
        ),
        row(
            "merge-bomb",
            OthersAsWithout,
            "merge keys over merge keys, in 5,000 documents",
            || {
                let document = |at: usize| {
                    let mut text = format!(
                        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: b{at}}}\na0: &a0 {{a: b}}\n"
                    );
                    for level in 1..90 {
                        writeln!(text, "a{level}: &a{level} {{<<: *a{}, k{level}: v}}", level - 1).unwrap();
                    }
                    text
                };
                Hostile::stored([payload(
                    0,
                    &manifest(
                        &(0..5_000)
                            .map(|at| format!("---\n{}", document(at)))
                            .collect::<String>(),
                    ),
                )])
            },
        ),
        row(
            "deep-yaml",
            OthersAsWithout,
            "a document 10 million levels deep",
            || Hostile::stored([payload(0, &manifest(&format!("a: {}", "[".repeat(10_000_000))))]),
        ),
        row(
            "deep-blocks",
            OthersAsWithout,
            "20,000 levels of block sequences",
            || Hostile::stored([payload(0, &manifest(&format!("a:\n{}", "- ".repeat(20_000_000))))]),
        ),
        row(
            "quoted",
            OthersAsWithout,
            "a scalar of 30 million escapes",
            || {
                Hostile::stored([payload(
                    0,
                    &manifest(&format!("a: \"{}\"", "\\0".repeat(30_000_000))),
                )])
            },
        ),
        row(
            "deep-json",
            Harmless,
            "values 30 million levels deep, which are skipped",
            || Hostile::stored([payload(0, &format!(r#"{{"config":{}"#, "[".repeat(30_000_000)))]),
        ),
        row(
            "says-nothing",
            OthersAsWithout,
            "records that say nothing",
            || {
                let payloads = [
                    "{}",
                    "null",
                    "[]",
                    "\"\"",
                    "0",
                    "",
                    " ",
                    r#"{"name":"e6"}"#,
                    r#"{"manifest":""}"#,
                    r#"{"manifest":null}"#,
                ];
                Hostile::stored(
                    payloads
                        .iter()
                        .enumerate()
                        .map(|(number, text)| payload(number, text)),
                )
            },
        ),
        row("bomb", OthersAsWithout, "a gigabyte of blanks", || {
            Hostile::stored([payload(0, &" ".repeat(1 << 30))])
        }),
        row(
            "long-texts",
            OthersAsWithout,
            "names, descriptions and versions of 10 MB",
            long_texts,
        ),
        row(
            "long-names",
            OthersAsWithout,
            "5 objects with names, namespaces and kinds of 2 MB",
            || {
                let long = "n".repeat(2_000_000);
                Hostile::stored([payload(
                    0,
                    &manifest(&documents(5, |at| {
                        format!(
                            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{long}{at}","namespace":"{long}"}}}}"#
                        )
                    })),
                )])
            },
        ),
        row("history", Harmless, "5,000 revisions of one release", || {
            Hostile::stored((1..=5_000).map(|number| {
                let mut revision = evil(0, "");
                revision.number = number;
                revision.status = if number == 5_000 { "deployed" } else { "superseded" };
                revision.stored()
            }))
        }),
        row(
            "history-of-failures",
            Harmless,
            "5,000 failed revisions of one release",
            || {
                let objects: Vec<Value> = (0..10).map(|at| config_map(&format!("c{at}"), "a")).collect();
                Hostile::stored((1..=5_000).map(|number| {
                    let mut revision = Revision::new(EVIL, "e0", &objects);
                    revision.number = number;
                    revision.status = if number == 1 { "deployed" } else { "failed" };
                    revision.stored()
                }))
            },
        ),
        row("5000-releases", Harmless, "5,000 releases", || {
            Hostile::stored((0..5_000).map(|number| evil(number, "").stored()))
        }),
    ]
}

fn one_object_9900_times() -> Hostile {
    of_one_deployment(|name, at| {
        let env = json!([{"name": "V0", "value": format!("{at}")}]);
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
               "spec": {"template": {"spec": {"containers": [{"name": "app", "env": env}]}}}})
    })
}

fn one_document_9900_times() -> Hostile {
    of_one_deployment(|name, _| deployment(name, 1))
}

/// 40 releases, each with a Deployment of 3,000 variables and a record that names it 9,900 times.
fn of_one_deployment(document: fn(&str, usize) -> Value) -> Hostile {
    let release = |number: usize| {
        let name = format!("many{number}");
        let text = documents(9_900, |at| document(&name, at).to_string());
        let object = owned(&format!("e{number}"), &deployment(&name, 3_000));
        [payload(number, &manifest_of(number, &text)), object]
    };
    Hostile::stored((0..40).flat_map(release))
}

fn long_texts() -> Hostile {
    let long = "t".repeat(10_000_000);
    let text = json!({"name": long, "namespace": long, "version": 1,
        "info": {"status": long, "description": long},
        "chart": {"metadata": {"name": long, "version": long}}, "manifest": "", "apply_method": long});
    Hostile::stored([payload(0, &text.to_string())])
}

fn hooks(hook: &str, count: usize) -> Hostile {
    let text = format!(
        r#"{{"name":"e0","namespace":"{EVIL}","version":1,"info":{{"status":"deployed"}},"manifest":"","hooks":[{}]}}"#,
        list(hook, count)
    );
    Hostile::stored([payload(0, &text)])
}

/// The revision of a release of the hostile tenant, with this manifest.
fn evil(number: usize, manifest: &str) -> Revision {
    let mut revision = Revision::new(EVIL, &format!("e{number}"), &[]);
    manifest.clone_into(&mut revision.manifest);
    revision
}

/// The record of a release whose decoded bytes are this text.
fn payload(number: usize, text: &str) -> Stored {
    evil(number, "").holding(&STANDARD.encode(gzip(text.as_bytes())))
}

/// The text of the first release's record, with this manifest.
fn manifest(text: &str) -> String {
    manifest_of(0, text)
}

fn manifest_of(number: usize, text: &str) -> String {
    evil(number, text).json().to_string()
}

/// A manifest of so many documents.
fn documents(count: usize, document: impl Fn(usize) -> String) -> String {
    (0..count).map(|at| format!("---\n{}\n", document(at))).collect()
}

/// A text so many times, with commas between.
fn list(item: &str, count: usize) -> String {
    let mut text = format!("{item},").repeat(count);
    text.pop();
    text
}
