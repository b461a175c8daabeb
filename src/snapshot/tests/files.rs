//! The files of a snapshot: who may read them, and what is said when one is in the way or broken.

use super::*;

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (fake, wanted) = cluster();
    let (_guard, path) = new_path();
    let recorder = record_into(&fake, &path, None);
    ask(&recorder, &wanted).await;
    recorder.finish().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for file in files(&path) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        for directory in file
            .ancestors()
            .skip(1)
            .take_while(|parent| parent.starts_with(&path))
        {
            assert_eq!(mode(directory), 0o700, "{}", directory.display());
        }
    }
}

#[tokio::test]
async fn files_that_cannot_be_written_or_opened_are_named() {
    let (fake, wanted) = cluster();
    let (guard, path) = new_path();
    let open = |path: &Path| SnapshotSource::open(path).err().unwrap().to_string();
    assert_eq!(open(&path), format!("there is no snapshot at {}", path.display()));

    let recorder = record_into(&fake, &path, None);
    assert!(
        open(&path).starts_with("incomplete snapshot: "),
        "not finished yet"
    );
    fs::write(path.join("objects"), "in the way").unwrap();
    ask(&recorder, &wanted).await;
    for _ in 0..2 {
        let error = recorder.finish().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("cannot write {}/objects/", path.display())),
            "{error}"
        );
    }
    assert!(open(&path).starts_with("incomplete snapshot: "));

    for place in [path.clone(), path.join("objects")] {
        let error = Recorder::create(
            fake.clone(),
            &place,
            DateTime::UNIX_EPOCH,
            None,
            Policy::default(),
        )
        .err();
        assert_eq!(
            error.unwrap().to_string(),
            format!(
                "{} is not an empty directory: a snapshot goes into a new or an empty one",
                place.display()
            )
        );
    }

    let path = guard.path().join("empty");
    fs::create_dir(&path).unwrap();
    record_into(&fake, &path, None).finish().unwrap();
    let index = path.join("snapshot.json");
    SnapshotSource::open(&path).unwrap();
    for (text, problem) in [
        (
            r#"{"format": "driftline.snapshot/v2"}"#,
            "is in driftline.snapshot/v2; this version of driftline reads driftline.snapshot/v1",
        ),
        (
            r#"{"format": "hunter2"}"#,
            "is in another format; this version of driftline reads driftline.snapshot/v1",
        ),
        (
            "{\n\"format\": {\"hunter2\": 1}}",
            "is not what driftline writes at line 2, column 10",
        ),
        (r#"{"format": "hun"#, "is cut off at line 1, column 15"),
    ] {
        fs::write(&index, text).unwrap();
        assert_eq!(open(&path), format!("{} {problem}", index.display()));
    }
}

#[tokio::test]
async fn broken_files_are_named_and_not_quoted() {
    let (fake, wanted) = cluster();
    let (_guard, path) = new_path();
    let recorder = record_into(&fake, &path, None);
    ask(&recorder, &wanted).await;
    recorder.finish().unwrap();
    for file in files(&path)
        .iter()
        .filter(|file| !file.ends_with("snapshot.json"))
    {
        fs::write(file, "{\n \"hunter2").unwrap();
    }
    let snapshot = SnapshotSource::open(&path).unwrap();
    let expect = |error: &ReadError, file: &str| {
        let message = format!("{} is cut off at line 2, column 9", path.join(file).display());
        assert_eq!(error, &ReadError::Snapshot { message });
    };
    expect(
        &record(&snapshot, revision("shop", 1)).await.unwrap_err(),
        "releases/shop/secret/sh.helm.release.v1.web.v1.json",
    );
    expect(
        &snapshot.schema("example.com/v1").await.unwrap_err(),
        "schemas/example.com/v1.json",
    );
    let answers = objects(&snapshot, &wanted).await;
    expect(
        answers[&key("v1", "ConfigMap", Some("shop"), "a")]
            .as_ref()
            .unwrap_err(),
        "objects/core/v1/ConfigMap/shop/a.json",
    );
}
