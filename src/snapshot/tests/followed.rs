//! What programs follow to manage releases.

use super::*;
use crate::release::stored::ReleaseKey;
use crate::source::followed::Followed;
use crate::vocabulary::DriftCorrection;

fn question(release: &str) -> FollowedQuestion {
    FollowedQuestion {
        followed: Followed::HelmRelease {
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
