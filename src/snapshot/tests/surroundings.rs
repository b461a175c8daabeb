//! What is around the objects of previewed operations, through a snapshot.

use super::*;
use crate::source::surroundings::{
    Answer, Backend, BackendState, FailurePolicy, FixedPlaces, Holder, NamespaceFacts, Quota, SentVerb,
    ServiceName, Webhook, WebhookKind,
};

const PASSWORD: &str = "hunter2hunter2";

fn service(port: u16) -> Value {
    json!({"spec": {"ports": [{"nodePort": port}]}})
}

fn question(namespace: &str, port: u16) -> SurroundingsQuestion {
    let mut question = SurroundingsQuestion::default();
    question.add_record(namespace, Driver::Secret);
    let key = key("v1", "Service", Some(namespace), "web");
    question.add(SentVerb::Create, &key, Some(&service(port)), &Kinds::default());
    question
}

/// A cluster with a namespace whose label is a secret, a full quota, a port that is taken, and a dead webhook.
fn around() -> Fake {
    let labels = [("password".to_owned(), PASSWORD.to_owned())];
    let namespace = NamespaceFacts {
        terminating_since: None,
        labels: labels.into(),
    };
    let quota = Quota {
        name: "full".to_owned(),
        hard: [("secrets".to_owned(), "4".to_owned())].into(),
        used: [("secrets".to_owned(), "4".to_owned())].into(),
        ..Quota::default()
    };
    let matches = json!({"namespaceSelector": {"matchLabels": {"password": PASSWORD}},
        "rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}]});
    let places = FixedPlaces::of(&service(30_080));
    let webhook = Webhook {
        kind: WebhookKind::Mutating,
        configuration: "c".to_owned(),
        name: "a.example.com".to_owned(),
        matches: serde_json::from_value(matches).unwrap(),
        conditions: 0,
        failure_policy: FailurePolicy::Fail,
        backend: Backend::Service {
            service: ServiceName {
                namespace: "ops".to_owned(),
                name: "guard".to_owned(),
            },
            port: 443,
            state: Answer::Read(BackendState::NoService),
        },
    };
    Fake {
        surroundings: Surroundings {
            namespaces: [("shop".to_owned(), Answer::Read(Some(namespace)))].into(),
            quotas: [("shop".to_owned(), Answer::Read(vec![quota]))].into(),
            holders: Answer::Read(vec![Holder {
                service: None,
                places: places.iter().cloned().collect(),
            }]),
            places,
            webhooks: Answer::Read(vec![webhook]),
            policies: Answer::Unread(ReadError::Unauthorized),
            ..Surroundings::default()
        },
        ..Fake::default()
    }
}

/// Takes a snapshot in which these questions were asked, and opens it.
async fn taken(
    questions: &[SurroundingsQuestion],
    redaction: Option<Redaction>,
) -> (TempDir, SnapshotSource, String) {
    let (dir, path) = new_path();
    let recorder = record_into(&around(), &path, redaction);
    for question in questions {
        let _answer = recorder.surroundings(question, &Kinds::default()).await;
    }
    recorder.finish().unwrap();
    let written = fs::read_to_string(path.join("snapshot.json")).unwrap();
    let source = SnapshotSource::open(&path).unwrap();
    (dir, source, written)
}

#[tokio::test]
async fn what_is_around_objects_is_answered_as_it_was_and_the_rest_is_not_recorded() {
    let asked = question("shop", 30_080);
    let (_dir, source, _) = taken(std::slice::from_ref(&asked), None).await;
    let answer = source.surroundings(&asked, &Kinds::default()).await;
    assert_eq!(answer, around().surroundings(&asked, &Kinds::default()).await);
    let other = source
        .surroundings(&question("bank", 30_081), &Kinds::default())
        .await;
    assert_eq!(other.namespaces["bank"].error(), Some(&ReadError::NotRecorded));
    assert_eq!(other.holders.error(), Some(&ReadError::NotRecorded));
    assert_eq!(other.webhooks, answer.webhooks, "these are the same for all");
}

/// A snapshot without previews says nothing of it, as those of earlier versions.
#[tokio::test]
async fn where_nothing_was_asked_everything_is_not_recorded() {
    let (_dir, source, written) = taken(&[], None).await;
    assert!(!written.contains("surroundings"), "{written}");
    let asked = question("shop", 30_080);
    let answer = source.surroundings(&asked, &Kinds::default()).await;
    assert_eq!(answer, Surroundings::unread(&asked, &ReadError::NotRecorded));
}

#[tokio::test]
async fn a_redacted_snapshot_hides_labels_and_selects_as_before() {
    let asked = question("shop", 30_080);
    let (_dir, source, written) = taken(std::slice::from_ref(&asked), Some(Redaction::default())).await;
    assert!(!written.contains(PASSWORD), "{written}");
    let answer = source.surroundings(&asked, &Kinds::default()).await;
    let namespace = answer.namespaces["shop"].read().and_then(Option::as_ref).unwrap();
    let webhooks = answer.webhooks.read().unwrap();
    assert!(webhooks[0].matches.namespace_selector.selects(&namespace.labels));
}
