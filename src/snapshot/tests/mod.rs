//! A snapshot gives the answers that its source gave.

mod files;
mod followed;
mod hostile;
mod redaction;
mod scans;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::model::{Cluster, ReportError};
use crate::object::{Gvk, ObjectKey};
use crate::policy::Policy;
use crate::policy::redact::Redaction;
use crate::release::decode::{self, DecodeError};
use crate::release::record::Release;
use crate::release::stored::{Driver, RecordMetadata, StoredRevision};
use crate::source::followed::{DriftSettings, FollowedQuestion, FoundSettings, HelmChart};
use crate::source::surroundings::{Surroundings, SurroundingsQuestion};
use crate::source::{
    Expected, Extent, Inventory, Kinds, Lookup, ObjectHandler, ObjectRequest, ReadError, Record,
    RecordHandler, RevisionSet, ScaleTargets, ServedKind, Share, Source,
};

/// A cluster in memory. An object that it does not have is not found.
#[derive(Clone, Default)]
struct Fake {
    kinds: Kinds,
    listings: Vec<Inventory>,
    records: HashMap<String, Result<Record, ReadError>>,
    objects: HashMap<ObjectKey, Result<String, ReadError>>,
    schemas: BTreeMap<String, Result<Option<Vec<u8>>, ReadError>>,
    listed: Arc<AtomicUsize>,
    surroundings: Surroundings,
    /// What is said of what is followed, of any release.
    followed: Option<DriftSettings>,
    helm_charts: Vec<HelmChart>,
}

impl Source for Fake {
    fn cluster(&self) -> Cluster {
        Cluster {
            name: "test".into(),
            server: "https://127.0.0.1:6443".into(),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    async fn kinds(&self) -> Result<Kinds, ReadError> {
        Ok(self.kinds.clone())
    }

    async fn revisions(&self, _: &[String], set: RevisionSet) -> Result<Inventory, ReadError> {
        let position = self.listed.fetch_add(1, Ordering::Relaxed);
        Ok(self.listings[position.min(self.listings.len() - 1)]
            .clone()
            .only(set))
    }

    async fn records(&self, wanted: Vec<StoredRevision>, found: RecordHandler) {
        for revision in wanted {
            found(&revision, self.records[&revision.object].clone());
        }
    }

    async fn objects(&self, wanted: &[ObjectRequest], _: Share, found: ObjectHandler) {
        for ObjectRequest { key, .. } in wanted {
            match self.objects.get(key) {
                Some(Ok(text)) => found.take(key, Lookup::Found(text)),
                Some(Err(error)) => found.take(key, Lookup::Unreadable(error)),
                None => found.take(key, Lookup::NotFound),
            }
        }
    }

    async fn scale_targets(&self, namespaces: &BTreeSet<String>, _: &Kinds) -> ScaleTargets {
        ScaleTargets {
            targets: BTreeSet::new(),
            unread: namespaces.clone(),
            ..ScaleTargets::default()
        }
    }

    async fn followed(&self, questions: &[FollowedQuestion], _: &Kinds) -> Vec<FoundSettings> {
        vec![Ok(self.followed); questions.len()]
    }

    async fn helm_charts(&self, _: &Kinds) -> Result<Vec<HelmChart>, ReadError> {
        Ok(self.helm_charts.clone())
    }

    async fn surroundings(&self, question: &SurroundingsQuestion, _: &Kinds) -> Surroundings {
        self.surroundings.select(question, &forbidden())
    }

    async fn schema(&self, api_version: &str) -> Result<Option<Vec<u8>>, ReadError> {
        self.schemas[api_version].clone()
    }
}

fn key(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectKey {
    ObjectKey {
        gvk: Gvk::new(api_version, kind),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

fn request(key: ObjectKey) -> ObjectRequest {
    ObjectRequest {
        plural: key.gvk.kind.to_lowercase(),
        expected: Expected::Present,
        turn: 0,
        budget: None,
        key,
    }
}

fn revision(namespace: &str, number: u64) -> StoredRevision {
    StoredRevision::from_metadata(RecordMetadata {
        driver: Driver::Secret,
        namespace,
        object: &format!("sh.helm.release.v1.web.v{number}"),
        labels: [Some("web"), Some(&number.to_string()), Some("deployed")],
        created: DateTime::from_timestamp(1_700_000_000, 0),
        written: None,
        resource_version: None,
    })
    .unwrap()
}

fn encoded(release: &Value) -> Record {
    Record::Encoded(STANDARD.encode(release.to_string()).into_bytes())
}

fn decoded(release: &Value) -> Record {
    let payload = STANDARD.encode(release.to_string());
    let release = decode::decode(payload.as_bytes(), decode::MAX_DECODED_BYTES);
    Record::Decoded(Box::new(release.unwrap()))
}

fn forbidden() -> ReadError {
    ReadError::Forbidden {
        verb: "get".into(),
        resource: "secrets".into(),
        namespace: Some("shop".into()),
    }
}

fn record_into(fake: &Fake, directory: &Path, redaction: Option<Redaction>) -> Recorder<Fake> {
    let fake = Fake {
        listed: Arc::default(),
        ..fake.clone()
    };
    Recorder::create(
        fake,
        directory,
        DateTime::UNIX_EPOCH,
        redaction,
        Policy::default(),
    )
    .unwrap()
}

/// A path in a temporary directory that does not exist yet.
fn new_path() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/snapshot");
    (directory, path)
}

async fn objects(
    source: &impl Source,
    wanted: &[ObjectRequest],
) -> BTreeMap<ObjectKey, Result<Option<Value>, ReadError>> {
    let answers = Arc::new(Mutex::new(BTreeMap::new()));
    let seen = Arc::clone(&answers);
    let found = move |key: &ObjectKey, lookup: Lookup<'_>| {
        let answer = match lookup {
            Lookup::Found(text) => Ok(Some(serde_json::from_str(text).unwrap())),
            Lookup::NotFound => Ok(None),
            Lookup::Unreadable(error) => Err(error.clone()),
        };
        assert_eq!(seen.lock().unwrap().insert(key.clone(), answer), None, "{key}");
    };
    source.objects(wanted, Share::Few, Arc::new(found)).await;
    std::mem::take(&mut *answers.lock().unwrap())
}

/// One record, which is handed over exactly once.
async fn record(source: &impl Source, revision: StoredRevision) -> Result<Record, ReadError> {
    let answers = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&answers);
    let found = move |_: &StoredRevision, answer| seen.lock().unwrap().push(answer);
    source.records(vec![revision], Arc::new(found)).await;
    let answers = std::mem::take(&mut *answers.lock().unwrap());
    let [answer] = answers.try_into().unwrap();
    answer
}

/// A record's meaning, however it is handed over.
fn meaning(record: Result<Record, ReadError>) -> Result<Result<Release, String>, ReadError> {
    record.map(|record| match record {
        Record::Encoded(bytes) => {
            decode::decode(&bytes, decode::MAX_DECODED_BYTES).map_err(|error| error.to_string())
        }
        Record::Decoded(release) => Ok(*release),
        Record::Undecodable(error) => Err(error.to_string()),
    })
}

/// Everything that a source can be asked.
#[derive(Debug, PartialEq)]
struct Answers {
    listings: Vec<Result<Inventory, ReadError>>,
    records: Vec<Result<Result<Release, String>, ReadError>>,
    objects: BTreeMap<ObjectKey, Result<Option<Value>, ReadError>>,
    schemas: Vec<Result<Option<Value>, ReadError>>,
    cluster: Cluster,
}

async fn ask(source: &impl Source, wanted: &[ObjectRequest]) -> Answers {
    let mut listings = Vec::new();
    for _ in 0..3 {
        listings.push(source.revisions(&[], RevisionSet::All).await);
    }
    let mut records = Vec::new();
    for number in 1..=5 {
        records.push(meaning(record(source, revision("shop", number)).await));
    }
    let mut schemas = Vec::new();
    for api_version in ["example.com/v1", "none.example.com/v1", "slow.example.com/v1"] {
        let schema = source.schema(api_version).await;
        let read = |document: Vec<u8>| serde_json::from_slice::<Value>(&document).unwrap();
        schemas.push(schema.map(|document| document.map(read)));
    }
    Answers {
        listings,
        records,
        objects: objects(source, wanted).await,
        schemas,
        cluster: source.cluster(),
    }
}

/// An object with the metadata of its key.
fn named(key: &ObjectKey, text: &str) -> String {
    let mut object: Value = serde_json::from_str(text).unwrap();
    object["metadata"]["name"] = json!(key.name);
    if let Some(namespace) = &key.namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object.to_string()
}

/// The text of an object that the release made: outside of its namespace, a snapshot holds no others.
fn owned(mut object: Value) -> String {
    object["metadata"] = json!({"labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}});
    object.to_string()
}

fn cluster() -> (Fake, Vec<ObjectRequest>) {
    let manifest = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: \
                    example.com/v1\nkind: Widget\nmetadata: {name: w}\n";
    let release = json!({"name": "web", "namespace": "shop", "version": 1, "manifest": manifest,
        "info": {"status": "deployed", "last_deployed": "2026-11-20T03:12:00Z"},
        "hooks": [{"name": "migrate", "kind": "Job"}], "chart": {"metadata": {"name": "web", "version": "1.0.0"}}});
    let served = [
        "v1/ConfigMap",
        "v1/Pod",
        "v1/Node",
        "batch/v1/Job",
        "example.com/v1/Widget",
    ];
    let listing = Inventory {
        extent: Extent::Cluster,
        revisions: (1..=5).map(|number| revision("shop", number)).collect(),
        left_out: None,
        errors: vec![ReportError {
            scope: "namespace/dark".into(),
            message: "forbidden".into(),
        }],
    };
    let mut moved = listing.clone();
    moved.revisions.push(revision("shop", 6));
    let objects = [
        (
            key("v1", "ConfigMap", Some("shop"), "a"),
            Ok(r#"{"data":{"b":"1","a":0.1}}"#.to_owned()),
        ),
        (
            key("v1", "ConfigMap", Some("shop"), "forbidden"),
            Err(forbidden()),
        ),
        (
            key("v1", "Node", None, "../../../../etc/passwd"),
            Ok(owned(json!({}))),
        ),
        (key("v1", "Node", None, ".."), Ok(owned(json!({"a":".."})))),
        (
            key("v1", "Node", None, "system:node"),
            Ok(owned(json!({"a":"system"}))),
        ),
        (
            key("v1", "Node", None, &"../".repeat(300)),
            Ok(owned(json!({"a":"long"}))),
        ),
        (key("v1", "Pod", Some("../.."), "x"), Ok(owned(json!({"a":"up"})))),
    ];
    let objects = objects.map(|(key, answer)| {
        let text = answer.map(|text| named(&key, &text));
        (key, text)
    });
    let mut wanted: Vec<ObjectRequest> = objects.iter().map(|(key, _)| request(key.clone())).collect();
    wanted.push(request(key("v1", "ConfigMap", Some("shop"), "missing")));
    let fake = Fake {
        surroundings: Surroundings::default(),
        followed: None,
        helm_charts: Vec::new(),
        kinds: Kinds {
            served: served
                .into_iter()
                .map(|name| {
                    let (api_version, kind) = name.rsplit_once('/').unwrap();
                    let addressed = ServedKind {
                        plural: format!("{}s", kind.to_lowercase()),
                        namespaced: kind != "Node",
                        listable: false,
                    };
                    (Gvk::new(api_version, kind), addressed)
                })
                .collect(),
            unavailable: vec!["metrics.k8s.io/v1beta1".into()],
        },
        listings: vec![listing, moved],
        records: [
            Ok(encoded(&release)),
            Ok(Record::Encoded(b"%%%".to_vec())),
            Ok(Record::Undecodable(DecodeError::NoPayload)),
            Err(forbidden()),
            Ok(decoded(&release)),
        ]
        .into_iter()
        .enumerate()
        .map(|(at, record)| (format!("sh.helm.release.v1.web.v{}", at + 1), record))
        .collect(),
        objects: objects.into_iter().collect(),
        schemas: [
            ("example.com/v1", Ok(Some(br#"{"openapi":"3.0.0"}"#.to_vec()))),
            ("none.example.com/v1", Ok(None)),
            ("slow.example.com/v1", Err(ReadError::TimedOut { seconds: 30 })),
        ]
        .into_iter()
        .map(|(api_version, answer)| (api_version.to_owned(), answer))
        .collect(),
        listed: Arc::default(),
    };
    (fake, wanted)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn every_question_is_answered_as_it_was() {
    let (fake, wanted) = cluster();
    for redaction in [None, Some(Redaction::default())] {
        let (_guard, path) = new_path();
        let recorder = record_into(&fake, &path, redaction);
        fake.listed.store(0, Ordering::Relaxed);
        let expected = ask(&fake, &wanted).await;
        assert_eq!(
            ask(&recorder, &wanted).await,
            expected,
            "the recorder passes everything on"
        );
        assert_eq!(recorder.kinds().await.unwrap(), fake.kinds);
        record(&recorder, revision("shop", 2)).await.unwrap();
        objects(&recorder, &wanted).await;
        let written = recorder.finish().unwrap();
        assert_eq!(
            written,
            SnapshotCounts {
                records: 5,
                objects: 6,
                charts: 0,
            }
        );

        let snapshot = SnapshotSource::open(&path).unwrap();
        assert_eq!(
            ask(&snapshot, &wanted).await,
            expected,
            "the snapshot says the same"
        );
        let kinds = snapshot.kinds().await.unwrap();
        let mut needed = fake.kinds.clone();
        assert_eq!(kinds.unavailable, needed.unavailable);
        needed.served.retain(|gvk, _| kinds.served.contains_key(gvk));
        assert_eq!(kinds, needed, "each needed kind is addressed as it was");
        assert_eq!(
            kinds.served.len(),
            5,
            "asked for, named by a manifest, or a hook's: {:?}",
            kinds.served
        );
        for file in files(&path) {
            assert!(file.starts_with(&path));
        }
        let elsewhere = request(key("v1", "ConfigMap", Some("shop"), "other"));
        let answers = objects(&snapshot, std::slice::from_ref(&elsewhere)).await;
        assert_eq!(
            answers[&elsewhere.key],
            Err(ReadError::NotRecorded),
            "not asked is not missing"
        );
        assert_eq!(
            record(&snapshot, revision("shop", 9)).await.unwrap_err(),
            ReadError::NotRecorded
        );
    }
}

#[tokio::test]
async fn payloads_are_kept_only_with_their_values() {
    let (fake, _) = cluster();
    for (redaction, kept) in [(None, true), (Some(Redaction::default()), false)] {
        let (_guard, path) = new_path();
        let recorder = record_into(&fake, &path, redaction);
        record(&recorder, revision("shop", 2)).await.unwrap();
        recorder.finish().unwrap();
        let payload = path.join("releases/shop/secret/sh.helm.release.v1.web.v2.payload");
        assert_eq!(payload.exists(), kept);
        let snapshot = SnapshotSource::open(&path).unwrap();
        let record = record(&snapshot, revision("shop", 2)).await.unwrap();
        assert_eq!(matches!(record, Record::Encoded(_)), kept, "{record:?}");
    }
}

#[tokio::test]
async fn later_scans_may_look_at_fewer_namespaces() {
    let in_namespaces = |namespaces: &[&str]| Inventory {
        extent: Extent::Part,
        revisions: namespaces.iter().map(|name| revision(name, 1)).collect(),
        left_out: None,
        errors: vec![],
    };
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let fake = Fake {
        listings: vec![in_namespaces(&["a", "b"])],
        ..Fake::default()
    };
    let taken = [names(&[]), names(&["a", "b"])];
    for limit in taken {
        let (_guard, path) = new_path();
        let recorder = record_into(&fake, &path, None);
        recorder.revisions(&limit, RevisionSet::All).await.unwrap();
        recorder.finish().unwrap();
        let snapshot = SnapshotSource::open(&path).unwrap();
        assert_eq!(
            snapshot.revisions(&[], RevisionSet::All).await.unwrap(),
            in_namespaces(&["a", "b"])
        );
        assert_eq!(
            snapshot
                .revisions(&names(&["b"]), RevisionSet::All)
                .await
                .unwrap(),
            in_namespaces(&["b"])
        );
        let beyond = snapshot
            .revisions(&names(&["b", "c"]), RevisionSet::All)
            .await
            .unwrap();
        assert_eq!(beyond.revisions, in_namespaces(&["b"]).revisions);
        let complaints: Vec<&str> = beyond.errors.iter().map(|error| error.scope.as_str()).collect();
        if limit.is_empty() {
            assert_eq!(complaints, [""; 0], "all namespaces were listed: c has nothing");
        } else {
            assert_eq!(complaints, ["namespace/c"]);
            assert_eq!(
                snapshot
                    .revisions(&names(&["c"]), RevisionSet::All)
                    .await
                    .unwrap_err(),
                ReadError::NotRecorded
            );
        }
    }
}
