//! Facts of previews for tests: small builders without sentences of their own, but for those that the simulation would say.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::surroundings::{Obstacle, Verdict};
use super::*;
use crate::classify::blocked::{Block, ContestedField};
use crate::classify::transition::{
    HelmRequest, HiddenWords, InManifests, LiveFacts, LiveOwner, Owners, SentRequest, WayOut,
};
use crate::health::{ObjectFacts, RecordFacts, ReleaseFacts};
use crate::model::{Actor, Health, PreviewField};
use crate::object::{Gvk, ObjectKey};
use crate::policy::Confirm;
use crate::policy::redact::Redaction;
use crate::release::history::{Depth, History};
use crate::release::record::{Hook, LastRun};
use crate::release::stored::{Driver, RecordMetadata, StoredRevision};
use crate::source::{DryRun, DryRunError, DryRunWrite, ReadError};
use crate::vocabulary::{ApplyMethod, PreviewCause, PreviewEffect, PreviewedOperation};

/// A release and an operation of Helm on it.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    /// The statuses of revisions 1, 2, …; an empty one is of a record that is missing.
    pub(crate) statuses: Vec<&'static str>,
    pub(crate) kind: PreviewedOperation,
    /// The number that was asked for.
    pub(crate) asked: Option<u64>,
    pub(crate) method: ApplyMethod,
    pub(crate) methods: MethodFacts,
    /// Why records cannot be decoded.
    pub(crate) undecodable: BTreeMap<u64, &'static str>,
    pub(crate) records: BTreeMap<u64, RecordFacts>,
    pub(crate) release: ObjectFacts,
    pub(crate) objects: Vec<ObjectPreview>,
    pub(crate) not_served: NotServed,
    pub(crate) hooks: Vec<HookFacts>,
    pub(crate) around: Option<Vec<Obstacle>>,
    /// Whether the answers of the objects to dry runs are used.
    pub(crate) confirm: Confirm,
}

/// A rollback from revision 2, which is deployed, to revision 1.
pub(crate) fn rollback(method: ApplyMethod, objects: impl Into<Vec<ObjectPreview>>) -> Scene {
    Scene {
        statuses: vec!["superseded", "deployed"],
        kind: PreviewedOperation::Rollback,
        asked: None,
        method,
        methods: MethodFacts {
            from: Some(method),
            decisive: Some(method),
            traces: ServerSideTraces::None,
        },
        undecodable: BTreeMap::new(),
        records: BTreeMap::new(),
        release: ObjectFacts::default(),
        objects: objects.into(),
        not_served: NotServed::default(),
        hooks: Vec::new(),
        around: Some(Vec::new()),
        confirm: Confirm::None,
    }
}

/// An upgrade of the same release.
pub(crate) fn upgrade(method: ApplyMethod, objects: impl Into<Vec<ObjectPreview>>) -> Scene {
    Scene {
        kind: PreviewedOperation::Upgrade,
        ..rollback(method, objects)
    }
}

impl Scene {
    pub(crate) fn preview(&self) -> Preview {
        self.with_facts(preview)
    }

    pub(crate) fn health(&self) -> Vec<Health> {
        self.with_facts(health)
    }

    fn with_facts<T>(&self, ask: impl FnOnce(&PreviewFacts<'_>) -> T) -> T {
        let history = history(&self.statuses);
        let access = |revision: u64| match self.undecodable.get(&revision) {
            Some(why) => RecordAccess::Undecodable((*why).to_owned()),
            None => RecordAccess::Read,
        };
        let mut records = self.records.clone();
        for stored in history.revisions() {
            if !self.undecodable.contains_key(&stored.revision) {
                records.entry(stored.revision).or_default();
            }
        }
        let target_records = history.revisions().iter().map(|stored| {
            let record = self.records.get(&stored.revision);
            let record = TargetRecord {
                access: access(stored.revision),
                description: record.map_or_else(String::new, |record| record.description.clone()),
                rollback_to: None,
                manifest: Some(stored.revision),
            };
            (stored.revision, record)
        });
        let target = match self.kind {
            PreviewedOperation::Rollback => {
                Some(choose_target(&history, &target_records.collect(), self.asked))
            }
            PreviewedOperation::Upgrade => None,
        };
        let from = history.latest().map_or(0, |latest| latest.revision);
        let facts = PreviewFacts {
            release: &ReleaseFacts {
                history: &history,
                records: &records,
                objects: &self.release,
                method: self.method,
                depth: Depth::Comparison,
                now: now(),
                stuck_after: TimeDelta::minutes(15),
            },
            operation: Operation {
                kind: self.kind,
                from,
                to: target.as_ref().map(|target| target.revision),
                method: self.method,
            },
            target: target.as_ref(),
            newest_record: &access(from),
            methods: self.methods,
            objects: &self.objects,
            not_served: &self.not_served,
            hooks: &self.hooks,
            around: self.around.as_deref(),
            dry_runs: None,
        };
        match self.confirm {
            Confirm::None => ask(&facts),
            Confirm::Server => {
                let confirmed = confirm(&facts, &Redaction::default());
                ask(&PreviewFacts {
                    objects: &confirmed.objects,
                    around: confirmed.around.as_deref(),
                    dry_runs: Some(&confirmed.dry_runs),
                    ..facts
                })
            }
        }
    }
}

/// When the previews are made.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn history(statuses: &[&str]) -> History {
    let stored = statuses
        .iter()
        .zip(1_u64..)
        .filter(|(status, _)| !status.is_empty());
    let stored = stored.map(|(status, revision)| {
        let version = revision.to_string();
        StoredRevision::from_metadata(RecordMetadata {
            driver: Driver::Secret,
            namespace: "shop",
            object: &format!("sh.helm.release.v1.web.v{revision}"),
            labels: [Some("web"), Some(&version), Some(status)],
            created: Some(now() - TimeDelta::hours(30)),
            written: Some(now() - TimeDelta::hours(30)),
            resource_version: None,
        })
        .unwrap()
    });
    let [history] = History::group(stored).try_into().unwrap();
    history
}

pub(crate) fn key(api_version: &str, kind: &str, name: &str) -> ObjectKey {
    let is_cluster_scoped = ["Namespace", "CustomResourceDefinition", "PersistentVolume"].contains(&kind);
    ObjectKey {
        gvk: Gvk::new(api_version, kind),
        namespace: (!is_cluster_scoped).then(|| "shop".to_owned()),
        name: name.to_owned(),
    }
}

/// An object of both manifests that lives and stays as it is.
pub(crate) fn object(api_version: &str, kind: &str, name: &str) -> ObjectPreview {
    let mut object = ObjectPreview::new(&key(api_version, kind, name), InManifests::Both);
    object.live = Some(LiveFacts::default());
    object
}

pub(crate) fn deployment(name: &str) -> ObjectPreview {
    object("apps/v1", "Deployment", name)
}

pub(crate) fn config(name: &str) -> ObjectPreview {
    object("v1", "ConfigMap", name)
}

/// The object as Helm changes it.
pub(crate) trait Edit: Sized {
    fn changed(self) -> Self;
    /// It does not exist.
    fn absent(self) -> Self;
    /// Only the manifest has it that Helm starts from.
    fn dropped(self) -> Self;
    /// Only the manifest has it that Helm applies.
    fn added(self) -> Self;
    fn owned_by(self, owner: LiveOwner) -> Self;
    fn conflicting(self, path: &str, owner: &str, ways_out: &[WayOut]) -> Self;
    fn refused(self, path: &str, rule: &str) -> Self;
    fn with(self, field: PreviewField) -> Self;
    fn living(self, edit: impl FnOnce(&mut LiveFacts)) -> Self;
}

impl Edit for ObjectPreview {
    fn changed(mut self) -> Self {
        self.action = PreviewAction::Change;
        self
    }

    fn absent(mut self) -> Self {
        self.live = None;
        self.action = PreviewAction::Create;
        self
    }

    fn dropped(mut self) -> Self {
        self.manifests = InManifests::From;
        self.action = PreviewAction::Delete;
        self
    }

    fn added(mut self) -> Self {
        self.manifests = InManifests::To;
        self
    }

    fn owned_by(self, owner: LiveOwner) -> Self {
        self.living(|live| live.owner = owner)
    }

    fn conflicting(mut self, path: &str, owner: &str, ways_out: &[WayOut]) -> Self {
        self.action = PreviewAction::Fail;
        self.block = Some(Block::Conflict(vec![ContestedField {
            path: path.to_owned(),
            owner: owner.to_owned(),
        }]));
        self.ways_out = ways_out.to_vec();
        self
    }

    fn refused(mut self, path: &str, rule: &str) -> Self {
        self.action = PreviewAction::Fail;
        self.block = Some(Block::Refused {
            path: path.to_owned(),
            rule: rule.to_owned(),
        });
        self
    }

    fn with(mut self, field: PreviewField) -> Self {
        self.fields.push(field);
        self
    }

    fn living(mut self, edit: impl FnOnce(&mut LiveFacts)) -> Self {
        edit(self.live.get_or_insert_default());
        self
    }
}

/// The object with the API server's answer to what Helm sends.
pub(crate) fn answered(mut object: ObjectPreview, answer: Result<(), DryRunError>) -> ObjectPreview {
    object.request = Some(HelmRequest::Sent(SentRequest {
        dry_run: DryRun {
            write: DryRunWrite::Create,
            manager: "helm".to_owned(),
            body: Vec::new(),
        },
        owners: Owners::Asked,
        hidden: HiddenWords::With(Vec::new()),
    }));
    object.dry_run = Some(answer);
    object
}

/// The same where the API server accepts it.
pub(crate) fn accepted(object: ObjectPreview) -> ObjectPreview {
    answered(object, Ok(()))
}

/// The same where it refuses it, in these words.
pub(crate) fn refused_by_server(
    object: ObjectPreview,
    status: u16,
    reason: &str,
    words: &str,
) -> ObjectPreview {
    answered(
        object,
        Err(DryRunError {
            error: ReadError::Refused {
                status,
                reason: reason.to_owned(),
            },
            words: Some(words.to_owned()),
        }),
    )
}

/// A field that lives with one value and then has another.
pub(crate) fn field(
    path: &str,
    effect: PreviewEffect,
    live: Option<Value>,
    after: Option<Value>,
) -> PreviewField {
    PreviewField {
        path: path.to_owned(),
        effect,
        live,
        after,
        applied: None,
        redacted: false,
        actor: None,
        reason: None,
    }
}

/// The same, as somebody wrote it.
pub(crate) fn written(field: PreviewField, manager: &str, subresource: Option<&str>) -> PreviewField {
    PreviewField {
        actor: Some(Actor {
            manager: manager.to_owned(),
            operation: "Update".to_owned(),
            subresource: subresource.map(str::to_owned),
            time: Some(now() - TimeDelta::hours(3)),
        }),
        ..field
    }
}

/// A hook of the target of a rollback.
pub(crate) fn hook(name: &str, time: HookTime, policies: &[&str], presence: HookPresence) -> HookFacts {
    HookFacts {
        key: key("batch/v1", "Job", name),
        revision: Some(1),
        time,
        delete_policies: policies.iter().map(|policy| (*policy).to_owned()).collect(),
        presence,
    }
}

/// A record with a hook that ran when the revision was made.
pub(crate) fn record_with_hook(name: &str, event: &str) -> RecordFacts {
    RecordFacts {
        hooks: vec![Hook {
            name: name.to_owned(),
            kind: "Job".to_owned(),
            events: vec![event.to_owned()],
            last_run: LastRun {
                started_at: Some(now() - TimeDelta::hours(30)),
                completed_at: Some(now() - TimeDelta::hours(30)),
                phase: "Succeeded".to_owned(),
            },
            ..Hook::default()
        }],
        ..RecordFacts::default()
    }
}

/// Something around an object, or around the record.
pub(crate) fn obstacle(
    object: Option<&ObjectPreview>,
    cause: PreviewCause,
    verdict: Verdict,
    message: &str,
) -> Obstacle {
    Obstacle {
        cause,
        object: object.map(|object| object.key.clone()),
        verdict,
        message: message.to_owned(),
        about: object.map(|object| object.key.clone()).into_iter().collect(),
    }
}
