//! What programs follow to manage releases.

use super::*;
use crate::release::stored::ReleaseKey;
use crate::source::followed::{Followed, FollowedKind};
use crate::vocabulary::DriftCorrection;

fn question(release: &str) -> FollowedQuestion {
    FollowedQuestion {
        followed: Followed {
            kind: FollowedKind::HelmRelease,
            namespace: "flux-system".to_owned(),
            name: release.to_owned(),
        },
        release: ReleaseKey {
            namespace: "shop".to_owned(),
            name: release.to_owned(),
            driver: Driver::Secret,
        },
        installs_into: "shop".to_owned(),
        object: key("v1", "ConfigMap", Some("shop"), "web"),
    }
}

#[tokio::test]
async fn what_was_said_of_it_is_said_again_and_the_rest_is_not_recorded() {
    let cluster = Fake {
        followed: Some(DriftSettings {
            correction: DriftCorrection::Reported,
            has_exceptions: true,
        }),
        ..Fake::default()
    };
    let (asked, other) = (question("web"), question("api"));
    let (_dir, path) = new_path();
    let recorder = record_into(&cluster, &path, None);
    recorder
        .followed(std::slice::from_ref(&asked), &Kinds::default())
        .await;
    recorder.finish().unwrap();
    let source = SnapshotSource::open(&path).unwrap();
    let answers = source.followed(&[other, asked], &Kinds::default()).await;
    assert_eq!(answers, [Err(ReadError::NotRecorded), Ok(cluster.followed)]);
}

#[tokio::test]
async fn only_the_charts_of_its_releases_are_in_a_snapshot() {
    let chart = |name: &str, installs_into: &str| HelmChart {
        namespace: "kube-system".to_owned(),
        name: name.to_owned(),
        installs_into: installs_into.to_owned(),
        is_unmanaged: false,
    };
    let web = chart("web", "shop");
    let cluster = Fake {
        helm_charts: vec![chart("web", "bank"), web.clone(), chart("vault", "shop")],
        records: [(
            "sh.helm.release.v1.web.v1".to_owned(),
            Err(ReadError::Unauthorized),
        )]
        .into(),
        ..Fake::default()
    };
    let (_dir, path) = new_path();
    let recorder = record_into(&cluster, &path, None);
    recorder
        .records(vec![revision("shop", 1)], Arc::new(|_, _| {}))
        .await;
    recorder.helm_charts(&Kinds::default()).await.unwrap();
    recorder.finish().unwrap();
    let source = SnapshotSource::open(&path).unwrap();
    assert_eq!(source.helm_charts(&Kinds::default()).await, Ok(vec![web]));
}
