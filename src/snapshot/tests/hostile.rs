//! Snapshots from somebody else.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

/// A snapshot of the test's cluster, to be changed.
async fn taken() -> (TempDir, PathBuf, Vec<ObjectRequest>) {
    let (fake, wanted) = cluster();
    let (guard, path) = new_path();
    let recorder = record_into(&fake, &path, None);
    ask(&recorder, &wanted).await;
    recorder.finish().unwrap();
    (guard, path, wanted)
}

/// Why the config map `a` cannot be read.
async fn problem(path: &Path, wanted: &[ObjectRequest]) -> String {
    let snapshot = SnapshotSource::open(path).unwrap();
    let answers = objects(&snapshot, wanted).await;
    let answer = &answers[&key("v1", "ConfigMap", Some("shop"), "a")];
    answer.as_ref().unwrap_err().to_string()
}

const FILE: &str = "objects/core/v1/ConfigMap/shop/a.json";

#[tokio::test]
async fn only_regular_files_are_read() {
    let (guard, path, wanted) = taken().await;
    let file = path.join(FILE);
    let elsewhere = guard.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    let fifo = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let expected = format!("{} is not a regular file", file.display());
    fifo(&file);
    assert_eq!(problem(&path, &wanted).await, expected);
    fs::remove_file(&file).unwrap();
    // Even where it stays inside of the folder.
    for target in [
        elsewhere.as_path(),
        Path::new("b.json"),
        Path::new("/dev/zero"),
        Path::new("gone"),
    ] {
        symlink(target, &file).unwrap();
        assert_eq!(problem(&path, &wanted).await, expected, "{target:?}");
        fs::remove_file(&file).unwrap();
    }
    fs::create_dir(&file).unwrap();
    assert_eq!(problem(&path, &wanted).await, expected);
    fs::remove_dir(&file).unwrap();

    // A folder of it may not lie elsewhere either.
    let folder = file.parent().unwrap();
    fs::rename(&elsewhere, &file).unwrap();
    let moved = guard.path().join("folder");
    fs::rename(folder, &moved).unwrap();
    symlink(&moved, folder).unwrap();
    assert_eq!(problem(&path, &wanted).await, expected);

    let index = path.join("snapshot.json");
    let open = || match SnapshotSource::open(&path) {
        Err(SnapshotError::Read { source, .. }) => source.to_string(),
        Err(error) => error.to_string(),
        Ok(_) => "opened".to_owned(),
    };
    assert_eq!(open(), "opened");
    fs::rename(&index, guard.path().join("index")).unwrap();
    assert!(open().starts_with("incomplete snapshot: "));
    fifo(&index);
    assert_eq!(open(), "is not a regular file");
    fs::remove_file(&index).unwrap();
    symlink(guard.path().join("index"), &index).unwrap();
    assert_eq!(open(), "is not a regular file");
    // The folder itself may be a link: whoever names it chose it.
    fs::remove_file(&index).unwrap();
    fs::rename(guard.path().join("index"), &index).unwrap();
    symlink(&path, guard.path().join("latest")).unwrap();
    SnapshotSource::open(&guard.path().join("latest")).unwrap();
}

#[tokio::test]
async fn files_that_are_too_large_are_told_and_not_read() {
    let (_guard, path, wanted) = taken().await;
    let sparse = |file: &str| {
        fs::File::create(path.join(file))
            .unwrap()
            .set_len(200 << 20)
            .unwrap();
    };
    sparse(FILE);
    assert!(
        problem(&path, &wanted)
            .await
            .ends_with("a.json is too large: it has more than 8 MiB")
    );
    sparse("releases/shop/secret/sh.helm.release.v1.web.v1.json");
    sparse("schemas/example.com/v1.json");
    let snapshot = SnapshotSource::open(&path).unwrap();
    for error in [
        record(&snapshot, revision("shop", 1)).await.unwrap_err(),
        snapshot.schema("example.com/v1").await.unwrap_err(),
    ] {
        assert!(
            error
                .to_string()
                .ends_with("is too large: it has more than 16 MiB"),
            "{error}"
        );
    }
    sparse("snapshot.json");
    assert!(SnapshotSource::open(&path).is_err());
}

/// Texts of some megabytes whose values would take a hundred.
#[tokio::test]
async fn no_value_is_built_that_takes_too_much_memory() {
    let zeros = |text: &str| format!("{{{text},\"x\":[{}0]}}", "0,".repeat(3 << 20));
    let (mut fake, wanted) = cluster();
    let heavy = key("v1", "ConfigMap", Some("shop"), "a");
    let text = zeros(r#""metadata":{"name":"a","namespace":"shop"}"#);
    let document = zeros(r#""openapi":"3.0.0""#).into_bytes();
    fake.objects.insert(heavy.clone(), Ok(text));
    fake.schemas
        .insert("example.com/v1".to_owned(), Ok(Some(document.clone())));
    let (_guard, path) = new_path();
    let recorder = record_into(&fake, &path, None);
    recorder.revisions(&[], RevisionSet::All).await.unwrap();
    objects(&recorder, &wanted).await;
    recorder.schema("example.com/v1").await.unwrap();
    recorder.finish().unwrap();
    let snapshot = SnapshotSource::open(&path).unwrap();
    let answers = objects(&snapshot, &wanted).await;
    let error = answers[&heavy].as_ref().unwrap_err().to_string();
    assert_eq!(
        error,
        "the API server's answer cannot be read: too large: it takes more than 32 MiB of memory"
    );
    assert!(!path.join(FILE).exists());
    let written = fs::read(path.join("schemas/example.com/v1.json")).unwrap();
    assert!(
        written == document,
        "it is kept as it came, and a scan tells its size"
    );
}

#[tokio::test]
async fn a_file_holds_the_object_that_its_name_says() {
    let (_guard, path, wanted) = taken().await;
    let file = path.join(FILE);
    let object = |metadata: Value| json!({"metadata": metadata, "data": {}});
    let with = |name: &str, value: &str| {
        let mut object = object(json!({"name": "a", "namespace": "shop"}));
        object[name] = json!(value);
        object
    };
    for wrong in [
        object(json!({"name": "b", "namespace": "shop"})),
        object(json!({"name": "a", "namespace": "kube-system"})),
        object(json!({"name": "a"})),
        with("kind", "Secret"),
        with("apiVersion", "v2"),
    ] {
        fs::write(&file, wrong.to_string()).unwrap();
        let problem = problem(&path, &wanted).await;
        assert!(
            problem.ends_with("a.json holds another object than its name says"),
            "{wrong}: {problem}"
        );
    }
    for none in [
        json!({}),
        json!([]),
        json!({"metadata": {}}),
        json!({"metadata": {"name": 1}}),
    ] {
        fs::write(&file, none.to_string()).unwrap();
        let problem = problem(&path, &wanted).await;
        assert!(
            problem.contains("is not what driftline writes"),
            "{none}: {problem}"
        );
    }
    let snapshot = SnapshotSource::open(&path).unwrap();
    fs::write(&file, with("kind", "ConfigMap").to_string()).unwrap();
    let answers = objects(&snapshot, &wanted).await;
    answers[&key("v1", "ConfigMap", Some("shop"), "a")]
        .as_ref()
        .unwrap();
}

#[tokio::test]
async fn an_index_with_doubles_or_records_of_others_is_refused() {
    let (_guard, path, _) = taken().await;
    let index = path.join("snapshot.json");
    let original: Value = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    let refused = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut changed = original.clone();
        change(&mut changed);
        assert_ne!(changed, original);
        fs::write(&index, changed.to_string()).unwrap();
        let error = SnapshotSource::open(&path).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let double = |list: &mut Value| {
        let entry = list[0].clone();
        assert!(entry.is_object(), "{list}");
        list.as_array_mut().unwrap().push(entry);
    };
    for list in ["records", "objects", "schemas"] {
        refused(&|index| double(&mut index[list]), "stands in it twice");
    }
    let widget = json!({"apiVersion": "v1", "kind": "Widget", "plural": "widgets", "namespaced": true});
    let kinds = json!({"given": {"served": [widget, widget], "unavailable": []}});
    refused(
        &|index| index["kinds"] = kinds.clone(),
        "the kind Widget in v1 stands in it twice",
    );
    let revisions = "/listings/0/answer/given/revisions";
    refused(
        &|index| double(index.pointer_mut(revisions).unwrap()),
        "stands in it twice",
    );
    for (place, value) in [
        ("release/name", json!("other")),
        ("revision", json!(77)),
        ("object", json!("../../../../etc/passwd")),
        ("object", json!("/etc/passwd")),
    ] {
        let pointer = format!("{revisions}/0/{place}");
        refused(
            &|index| *index.pointer_mut(&pointer).unwrap() = value.clone(),
            "cannot be revision",
        );
    }
}

/// Names that would lead out of the folder name nothing in it.
#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let (guard, path, _) = taken().await;
    fs::write(guard.path().join("x.json"), r#"{"metadata": {"name": "x"}}"#).unwrap();
    let snapshot = SnapshotSource::open(&path).unwrap();
    for name in ["../../../../../../x", "/x", "..", ".", "", "a/../x", "\0"] {
        for key in [
            key("v1", "ConfigMap", Some("shop"), name),
            key("v1", "ConfigMap", Some(name), "x"),
            key("v1", name, Some("shop"), "x"),
            key(name, "ConfigMap", None, "x"),
        ] {
            let answers = objects(&snapshot, &[request(key.clone())]).await;
            assert_eq!(answers[&key], Err(ReadError::NotRecorded), "{key:?}");
        }
    }
}

#[tokio::test]
async fn the_server_of_an_index_is_shown_without_credentials() {
    let (_guard, path, _) = taken().await;
    let index = path.join("snapshot.json");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace("https://127", "https://me:hunter2@127")).unwrap();
    let server = SnapshotSource::open(&path).unwrap().cluster().server;
    assert_eq!(server, "https://127.0.0.1:6443");
}

#[tokio::test]
async fn nothing_is_written_through_a_link_or_over_a_file() {
    let (fake, wanted) = cluster();
    let (guard, path) = new_path();
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    let recorder = record_into(&fake, &path, None);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let elsewhere = guard.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, path.join("objects")).unwrap();
    let victim = guard.path().join("victim");
    fs::write(&victim, "old").unwrap();
    symlink(&victim, path.join("snapshot.json.partial")).unwrap();
    ask(&recorder, &wanted).await;
    recorder.finish().unwrap_err();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "old");
}
