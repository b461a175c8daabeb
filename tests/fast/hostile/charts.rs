//! `driftline values` on an ordinary release, with a chart by mail (`--chart`) that is made to harm.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tar::{Builder, EntryType, Header};

use super::scene::honest;
use crate::faults::server::Server;
use crate::faults::world::Home;
use crate::support::hostile::alias_bomb;
use crate::support::limited::{Limits, MOST_RESIDENT, Measured, SHIPPED, run};

/// An archive is read in a second; the rest is for machines that do other things.
const LIMITS: Limits = Limits {
    memory: SHIPPED,
    seconds: 60,
    wall: Duration::from_mins(3),
};

/// The chart of the ordinary releases, as their records name it.
const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\n";

/// An archive of these entries: the path, what it is, the size that it claims, its bytes.
fn archive(entries: &[(&str, EntryType, u64, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, kind, size, data) in entries {
        let mut header = Header::new_gnu();
        // Past the checks of the builder, which writes no such path.
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(*size);
        header.set_mode(0o644);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *data).unwrap();
    }
    zipped(&builder.into_inner().unwrap())
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// The chart with one more file.
fn with(path: &str, kind: EntryType, data: &[u8]) -> Vec<u8> {
    archive(&[
        (
            "app/Chart.yaml",
            EntryType::Regular,
            CHART.len() as u64,
            CHART.as_bytes(),
        ),
        (path, kind, data.len() as u64, data),
    ])
}

/// The chart with this text in a file.
fn with_text(path: &str, text: &str) -> Vec<u8> {
    with(path, EntryType::Regular, text.as_bytes())
}

/// Archives that are no charts, and what is said of each.
fn refused() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let zeros = vec![0; 4 << 20];
    vec![
        (
            "a gigabyte of zeros",
            zipped(&vec![0; 1 << 30]),
            "its archive has no files",
        ),
        (
            "30 files of 4 MiB",
            archive(&vec![
                ("app/x", EntryType::Regular, zeros.len() as u64, &zeros[..]);
                30
            ]),
            "it has more than 64 MiB of files",
        ),
        (
            "30,000 files",
            archive(&vec![("app/x", EntryType::Regular, 0, &b""[..]); 30_000]),
            "it has more than 20000 files",
        ),
        (
            "30,000 folders",
            archive(&vec![("app/x/", EntryType::Directory, 0, &b""[..]); 30_000]),
            "it has more than 20000 files",
        ),
        (
            "a path out of the chart",
            with_text("app/../../etc/cron.d/x", "x"),
            "app/../../etc/cron.d/x has a path with `..`",
        ),
        (
            "an absolute path",
            with_text("app//etc/x", "x"),
            "app//etc/x has an absolute path",
        ),
        (
            "a symbolic link",
            with("app/values.yaml", EntryType::Symlink, b""),
            "app/values.yaml is a link or a special file",
        ),
        (
            "a hard link",
            with("app/values.yaml", EntryType::Link, b""),
            "app/values.yaml is a link or a special file",
        ),
        (
            "a device",
            with("app/values.yaml", EntryType::Char, b""),
            "app/values.yaml is a link or a special file",
        ),
        (
            "a size beyond the end",
            archive(&[("app/Chart.yaml", EntryType::Regular, 4 << 20, b"name: app\n")]),
            "its archive is broken or cut off",
        ),
        (
            "a size beyond every file",
            archive(&[("app/Chart.yaml", EntryType::Regular, u64::MAX / 2, b"name: app\n")]),
            "app/Chart.yaml is larger than 5 MiB",
        ),
        (
            "terminal escapes in a path",
            with("app/\u{1b}]0;owned\u{7}\n/../x", EntryType::Regular, b""),
            "has a path with `..`",
        ),
        (
            "aliases of aliases as values",
            with_text("app/values.yaml", &alias_bomb()),
            "values.yaml",
        ),
        (
            "deep values",
            with_text("app/values.yaml", &"[".repeat(1_000_000)),
            "values.yaml",
        ),
        (
            "2 million empty maps as values",
            with_text(
                "app/values.yaml",
                &format!("a: [{}]", vec!["{}"; 1_600_000].join(",")),
            ),
            "values.yaml",
        ),
        ("a chart in a chart in a chart", nested(), "charts in each other"),
    ]
}

/// 20 charts in each other.
fn nested() -> Vec<u8> {
    let mut inner = with_text("app/README.md", "");
    for _ in 0..20 {
        inner = with("app/charts/app.tgz", EntryType::Regular, &inner);
    }
    inner
}

/// Charts that are read, and cost something once they are evaluated.
fn read() -> Vec<(&'static str, Vec<u8>)> {
    let loops = "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}";
    let aliases = |levels: usize| {
        // Each chart depends on the next 30 times, under other names.
        let chart_yaml = |level: usize| {
            let mut text = match level {
                0 => CHART.to_owned(),
                _ => format!("apiVersion: v2\nname: c{level}\nversion: 1.0.0\n"),
            };
            if level + 1 < levels {
                text += "dependencies:\n";
                for at in 0..30 {
                    writeln!(text, "  - {{name: c{}, version: 1.0.0, alias: a{at}}}", level + 1).unwrap();
                }
            }
            text
        };
        let files: Vec<(String, String)> = (0..levels)
            .map(|level| {
                let folders: Vec<String> = (1..=level).map(|at| format!("charts/c{at}/")).collect();
                let folder = folders.concat();
                (format!("app/{folder}Chart.yaml"), chart_yaml(level))
            })
            .collect();
        let entries: Vec<(&str, EntryType, u64, &[u8])> = files
            .iter()
            .map(|(path, text)| {
                (
                    path.as_str(),
                    EntryType::Regular,
                    text.len() as u64,
                    text.as_bytes(),
                )
            })
            .collect();
        archive(&entries)
    };
    let numbers = format!("a: [{}]", vec!["0"; 400_000].join(","));
    let imports = {
        let import = "    - {child: a, parent: b}\n".repeat(20_000);
        let chart = format!("{CHART}dependencies:\n- name: c1\n  version: 1.0.0\n  import-values:\n{import}");
        let keys: Vec<String> = (0..20_000).map(|at| format!("  k{at}: 1\n")).collect();
        let inner = "apiVersion: v2\nname: c1\nversion: 1.0.0\n";
        let keys = format!("a:\n{}", keys.concat());
        archive(&[
            (
                "app/Chart.yaml",
                EntryType::Regular,
                chart.len() as u64,
                chart.as_bytes(),
            ),
            (
                "app/charts/c1/Chart.yaml",
                EntryType::Regular,
                inner.len() as u64,
                inner.as_bytes(),
            ),
            (
                "app/charts/c1/values.yaml",
                EntryType::Regular,
                keys.len() as u64,
                keys.as_bytes(),
            ),
        ])
    };
    vec![
        ("a template that loops", with_text("app/templates/a.yaml", loops)),
        ("a dependency that loops", {
            let inner = "apiVersion: v2\nname: lib\nversion: 1.0.0\n";
            let entries = [
                ("app/Chart.yaml", CHART),
                ("app/charts/lib/Chart.yaml", inner),
                ("app/charts/lib/templates/a.yaml", loops),
            ];
            archive(
                &entries.map(|(path, text)| (path, EntryType::Regular, text.len() as u64, text.as_bytes())),
            )
        }),
        ("24 million copies of a dependency", aliases(6)),
        (
            "values of 400,000 numbers",
            with_text("app/values.yaml", &numbers),
        ),
        ("20,000 imports of 20,000 values", imports),
    ]
}

/// Runs `driftline values` for an ordinary release with this archive.
fn with_chart(archive: &[u8], flags: &[&str]) -> Measured {
    let server = Server::start(honest());
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": "token"}));
    let chart = home.path().join("chart.tgz");
    std::fs::write(&chart, archive).unwrap();
    let chart = chart.to_str().unwrap();
    let arguments = [
        "values",
        "web",
        "-n",
        "shop",
        "--kubeconfig",
        &kubeconfig,
        "--chart",
        chart,
    ];
    let arguments = [&arguments, flags].concat();
    run(&[("HOME", home.path().as_os_str())], &arguments, LIMITS)
}

/// What a run broke, whatever it says.
fn broken(measured: &Measured) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(signal) = measured.signal {
        problems.push(format!("signal {signal} ended it: {}", measured.stderr));
    }
    if measured.peak_bytes > MOST_RESIDENT {
        problems.push(format!("{} MiB were resident", measured.peak_bytes >> 20));
    }
    if measured.stderr.contains("panicked") {
        problems.push(measured.stderr.clone());
    }
    let is_unsafe = |character: char| character.is_control() && character != '\n';
    if measured.stderr.contains(is_unsafe) || measured.stderr.lines().count() > 3 {
        problems.push(format!("no sentence for people: {:?}", measured.stderr));
    }
    problems
}

#[test]
fn an_archive_that_is_no_chart_is_refused_in_a_sentence() {
    let problems = refused().into_iter().flat_map(|(name, archive, sentence)| {
        let measured = with_chart(&archive, &[]);
        let mut problems = broken(&measured);
        if measured.status != Some(2) || measured.stdout_bytes > 0 {
            problems.push(format!("it ends with {:?}", measured.status));
        }
        if !measured.stderr.contains("cannot be used: ") || !measured.stderr.contains(sentence) {
            problems.push(format!("it says {}", measured.stderr));
        }
        problems
            .into_iter()
            .map(move |problem| format!("{name}: {problem}"))
    });
    let problems: Vec<String> = problems.collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn a_chart_that_is_costly_to_evaluate_takes_no_more_than_its_share() {
    let problems = read().into_iter().flat_map(|(name, archive)| {
        let measured = with_chart(&archive, &["-o", "json"]);
        let mut problems = broken(&measured);
        let findings = &measured.report["releases"][0]["objects"][0]["findings"];
        if measured.status != Some(1) || findings[0]["values"] == findings[0]["noValues"] {
            problems.push(format!(
                "nothing is said: {:?} {}",
                measured.status, measured.stderr
            ));
        }
        problems
            .into_iter()
            .map(move |problem| format!("{name}: {problem}"))
    });
    let problems: Vec<String> = problems.collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
