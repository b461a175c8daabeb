//! Charts that Helm loads, and what nobody may load.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use tar::{Builder, EntryType, Header};

use crate::chart::ChartFile;

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn entry(builder: &mut Builder<Vec<u8>>, name: &str, kind: EntryType, size: u64, data: &[u8]) {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append(&header, data).unwrap();
}

fn packed(files: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, data) in files {
        entry(&mut builder, name, *kind, data.len() as u64, data);
    }
    zipped(&builder.into_inner().unwrap())
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn load_packed(bytes: &[u8]) -> Result<Chart, ChartError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    load(file.path())
}

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: 1.5\n";

#[test]
fn a_folder_is_loaded_as_helm_loads_it() {
    let folder = tempfile::tempdir().unwrap();
    let inner = packed(&[
        ("db/Chart.yaml", EntryType::Regular, b"name: db\nversion: 1.0.0\n"),
        ("db/values.yaml", EntryType::Regular, b"\xef\xbb\xbfa: 0644\n"),
    ]);
    write(
        folder.path(),
        &[
            ("Chart.yaml", CHART),
            ("values.yaml", "a: on\nb: {c: 1, d: 2}\n---\nb: {c: 3}\n"),
            ("values.schema.json", "{}"),
            ("templates/web.yaml", "kind: X"),
            ("templates/.hidden", "no"),
            ("README.md", "text"),
            ("notes.txt", "no"),
            (".helmignore", "*.txt\n"),
            ("charts/cache/Chart.yaml", "name: cache\nversion: 0.1.0\n"),
            (
                "charts/cache/requirements.yaml",
                "dependencies: [{name: x, version: 1}]\n",
            ),
            ("charts/_old/rest", "no chart"),
        ],
    );
    fs::write(folder.path().join("charts/db-1.0.0.tgz"), inner).unwrap();
    let chart = load(folder.path()).unwrap();
    assert_eq!((chart.name(), chart.version()), ("web", "1.2.3"));
    assert_eq!(chart.metadata["appVersion"], "1.5");
    assert_eq!(
        chart.values,
        serde_json::json!({"a": true, "b": {"c": 3, "d": 2}})
    );
    assert_eq!(chart.schema.as_deref(), Some(b"{}".as_slice()));
    let names = |files: &[ChartFile]| files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&chart.templates), ["templates/web.yaml"]);
    assert_eq!(names(&chart.files), [".helmignore", "README.md"]);
    let inner: Vec<&str> = chart.dependencies.iter().map(Chart::name).collect();
    assert_eq!(inner, ["cache", "db"]);
    assert_eq!(chart.dependencies[0].metadata["dependencies"][0]["version"], "1");
    assert_eq!(chart.dependencies[1].values["a"], 420);
}

#[test]
fn a_chart_without_the_charts_that_it_depends_on_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stated = "dependencies: [{name: db, version: 1, alias: store, condition: store.on}, {name: cache, version: 1}]\n";
    write(folder.path(), &[("Chart.yaml", &format!("{CHART}{stated}"))]);
    let error = || load(folder.path()).err().map(|error| error.to_string());
    let begins = |names: &str| format!("it has no {names} in charts/, which its Chart.yaml says");
    assert!(
        error().unwrap().starts_with(&begins("db, cache")),
        "{:?}",
        error()
    );
    write(
        folder.path(),
        &[("charts/db/Chart.yaml", "name: db\nversion: 1.0.0\n")],
    );
    assert!(error().unwrap().starts_with(&begins("cache")), "{:?}", error());
    write(
        folder.path(),
        &[("charts/cache/Chart.yaml", "name: cache\nversion: 1.0.0\n")],
    );
    assert_eq!(error(), None);
}

#[test]
fn an_address_is_no_folder() {
    for address in ["oci://example.com/web", "https://example.com/web-1.0.0.tgz"] {
        let error = load(Path::new(address)).unwrap_err().to_string();
        assert!(error.contains("`helm pull`"), "{error}");
    }
}

#[test]
fn what_helm_refuses_is_refused_with_the_name_of_the_file() {
    let chart: (&str, EntryType, &[u8]) = ("web/Chart.yaml", EntryType::Regular, CHART.as_bytes());
    let with = |name: &'static str, kind: EntryType| load_packed(&packed(&[chart, (name, kind, b"")]));
    for (name, kind, message) in [
        (
            "web/../../x",
            EntryType::Regular,
            "web/../../x has a path with `..`",
        ),
        (
            "web//etc/x",
            EntryType::Regular,
            "web//etc/x has an absolute path",
        ),
        (r"web\c:\x", EntryType::Regular, r"web\c:\x has an absolute path"),
        ("x", EntryType::Regular, "x stands outside of the chart's folder"),
        ("web/x", EntryType::Symlink, "web/x is a link or a special file"),
        ("web/x", EntryType::Link, "web/x is a link or a special file"),
        ("web/x", EntryType::Fifo, "web/x is a link or a special file"),
    ] {
        assert_eq!(with(name, kind).unwrap_err().to_string(), message);
    }
    for (bytes, message) in [
        (
            b"kind: X".to_vec(),
            "it is no archive as `helm package` writes it",
        ),
        (zipped(b"hello"), "its archive is broken or cut off"),
        (zipped(b""), "its archive has no files"),
        (
            packed(&[("web/x", EntryType::Regular, b"")]),
            "it has no Chart.yaml",
        ),
        (
            packed(&[("web/Chart.yaml", EntryType::Regular, b"name: a")]),
            "its Chart.yaml has no version",
        ),
        (
            packed(&[("web/Chart.yaml", EntryType::Regular, b"[secret")]),
            "Chart.yaml is not read: invalid YAML at",
        ),
    ] {
        let error = load_packed(&bytes).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
        assert!(!error.contains("secret"));
    }
}

#[test]
fn bombs_are_refused_before_they_are_held() {
    let zeros = vec![0; 6 << 20];
    let large = packed(&[("web/x", EntryType::Regular, &zeros)]);
    assert_eq!(
        load_packed(&large).unwrap_err().to_string(),
        "web/x is larger than 5 MiB"
    );
    let files: Vec<(&str, EntryType, &[u8])> = vec![("web/x", EntryType::Regular, &zeros[..4 << 20]); 20];
    assert_eq!(
        load_packed(&packed(&files)).unwrap_err().to_string(),
        "it has more than 64 MiB of files"
    );
    let many: Vec<(&str, EntryType, &[u8])> = vec![("web/x", EntryType::Directory, b""); MAX_FILES + 1];
    assert_eq!(
        load_packed(&packed(&many)).unwrap_err().to_string(),
        "it has more than 20000 files"
    );
    // A name that is as long as the limit allows, and more.
    let mut builder = Builder::new(Vec::new());
    entry(
        &mut builder,
        "long",
        EntryType::GNULongName,
        120 << 20,
        &vec![b'a'; 120 << 20],
    );
    let long = zipped(&builder.into_inner().unwrap());
    assert_eq!(
        load_packed(&long).unwrap_err().to_string(),
        "it has more than 64 MiB of files"
    );
    // Archives in archives share the limits.
    let mut inner = packed(&[("a/Chart.yaml", EntryType::Regular, b"name: a\nversion: 1.0.0\n")]);
    for _ in 0..20 {
        let outer: [(&str, EntryType, &[u8]); 2] = [
            ("a/Chart.yaml", EntryType::Regular, b"name: a\nversion: 1.0.0\n"),
            ("a/charts/a.tgz", EntryType::Regular, &inner),
        ];
        inner = packed(&outer);
    }
    let error = load_packed(&inner).unwrap_err().to_string();
    assert!(
        error.ends_with("it has more than 16 charts in each other"),
        "{error}"
    );
}

#[test]
fn no_link_is_followed_and_no_special_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[("Chart.yaml", CHART), (".helmignore", "ignored\n")],
    );
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("ignored")).unwrap();
    assert!(load(folder.path()).is_ok());
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
    let error = load(folder.path()).unwrap_err().to_string();
    assert_eq!(error, "link is a symbolic link, which is not followed");
    let device = load(Path::new("/dev/zero")).unwrap_err().to_string();
    assert_eq!(device, "it is neither a folder nor an archive");
    assert!(
        load(&folder.path().join("none"))
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}
