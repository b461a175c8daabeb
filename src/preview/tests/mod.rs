//! Tables of facts, and what a preview makes of them: the rows of a study of real rollbacks, of which each states what Helm
//! did.

use serde_json::json;

use super::fixtures::{
    Edit as _, Scene, config, deployment, field, hook, key, object, obstacle, record_with_hook, rollback,
    upgrade, written,
};
use super::surroundings::{Obstacle, Verdict};
use super::*;
use crate::classify::transition::{LiveOwner, WayOut};
use crate::health::RecordFacts;
use crate::vocabulary::ApplyMethod::{Csa, Ssa};
use crate::vocabulary::PreviewCause as Cause;
use crate::vocabulary::PreviewEffect as Effect;
use crate::vocabulary::PreviewOutcome::{Failed, LockLeft, Refused, Unknown, Works, WorksBut};
use crate::vocabulary::{HealthCode, PreviewCause};

mod advice;
mod beginning;
mod dry_runs;
mod losses;
mod objects;

/// What it is about, the scene, the outcome, the causes, and a part of what is left.
type Row = (
    &'static str,
    Scene,
    PreviewOutcome,
    &'static [PreviewCause],
    &'static str,
);

fn hold(rows: impl IntoIterator<Item = Row>) {
    for (name, scene, outcome, causes, leaves) in rows {
        let preview = scene.preview();
        let codes: Vec<Cause> = preview.causes.iter().map(|cause| cause.code).collect();
        let context = format!("{name}: {preview:#?}");
        assert_eq!(
            (preview.outcome, codes.as_slice()),
            (outcome, causes),
            "{context}"
        );
        let left = preview.leaves.as_deref().unwrap_or_default();
        assert!(
            left.contains(leaves) && left.is_empty() == leaves.is_empty(),
            "{context}"
        );
        assert_is_safe(&preview, name);
    }
}

/// What only reads and what saves comes before what changes something.
fn assert_is_safe(preview: &Preview, context: &str) {
    let commands: Vec<&str> = preview
        .advice
        .iter()
        .map(|advice| advice.command.as_str())
        .collect();
    let Some(first) = preview.advice.iter().position(|advice| advice.destructive) else {
        return;
    };
    assert!(
        preview.advice[first..]
            .iter()
            .all(|advice| advice.destructive || !advice.command.contains(" > ")),
        "{context}: {commands:#?}"
    );
    assert!(
        commands[..first].iter().any(|command| command.contains(" > ")),
        "{context}: {commands:#?}"
    );
}

fn with(mut scene: Scene, edit: impl FnOnce(&mut Scene)) -> Scene {
    edit(&mut scene);
    scene
}

const NOTHING: &str = "nothing changes: there is no new revision, and revision 2 stays the newest (deployed)";
const LOCK: &str = "revision 3 is the newest and pending-rollback, so that Helm refuses upgrades";
const NONE_DEPLOYED: &str = "revision 3 is the newest and failed; revision 2, which was deployed, becomes superseded, so that none is deployed";

fn failed(description: &str) -> RecordFacts {
    RecordFacts {
        description: description.to_owned(),
        ..RecordFacts::default()
    }
}

/// The commands of a preview, without those that only read.
fn commands(scene: &Scene) -> Vec<String> {
    let advice = scene.preview().advice;
    let acts = advice.into_iter().filter(|advice| advice.destructive);
    acts.map(|advice| advice.command).collect()
}
