//! Releases in every kind of trouble, with the same texts in all places where somebody else chooses them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use driftline::classify::blocked::{Block, ContestedField};
use driftline::health::observe::{Deleting, ObjectOrigin, Observation, Presence};
use driftline::health::orphans::{self, ReleaseEnd};
use driftline::health::readiness::JobState;
use driftline::health::{
    Contested, ForeignObject, ObjectFacts, ObservedObject, RecordFacts, ReleaseFacts, diagnose, undecodable,
};
use driftline::model::{
    Chart, Cluster, Health, OrphanedObject, OrphanedRelease, ReleaseReport, Report, Revision, SCHEMA,
    Selected, Summary, Tool, Tracked, Unlisted,
};
use driftline::object::{Gvk, ObjectKey};
use driftline::release::decode::DecodeError;
use driftline::release::history::{Depth, History};
use driftline::release::record::{CrdFingerprint, Hook, LastRun};
use driftline::release::stored::{Driver, ReleaseKey, Status, StoredRevision};
use driftline::report::text::TextOptions;
use driftline::report::{Format, RenderOptions, ReportKind, render};
use driftline::vocabulary::{ApplyMethod, OrphanRecords, Outcome, Verdict};

/// The texts that other people choose.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    pub(super) release: String,
    pub(super) namespace: String,
    pub(super) chart: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) group: String,
    pub(super) name: String,
    pub(super) description: String,
}

impl Texts {
    /// Ordinary texts, none of which is part of another one or of a command.
    pub(super) fn ordinary() -> Self {
        Self {
            release: "zzrelease".into(),
            namespace: "zznamespace".into(),
            chart: "zzchart".into(),
            version: "9.9.9-zzversion".into(),
            kind: "Zzkind".into(),
            group: "zzgroup.example".into(),
            name: "zzobject".into(),
            description: "zzdescription".into(),
        }
    }

    fn key(&self, api_version: &str, kind: &str) -> ObjectKey {
        ObjectKey {
            gvk: Gvk::new(api_version, kind),
            namespace: Some(self.namespace.clone()),
            name: self.name.clone(),
        }
    }

    /// Objects of a kind of their choice, of kinds whose names are free, and of others.
    fn keys(&self) -> Vec<ObjectKey> {
        let mut keys = vec![
            self.key(&format!("{}/v1", self.group), &self.kind),
            self.key("rbac.authorization.k8s.io/v1", "Role"),
            self.key("v1", "ConfigMap"),
            self.key("v1", "Pod"),
        ];
        keys.push(ObjectKey {
            namespace: None,
            ..self.key("rbac.authorization.k8s.io/v1", "ClusterRole")
        });
        keys
    }

    fn stored(&self, driver: Driver, revision: u64, status: Status) -> StoredRevision {
        StoredRevision {
            release: ReleaseKey {
                namespace: self.namespace.clone(),
                name: self.release.clone(),
                driver,
            },
            object: format!("sh.helm.release.v1.{}.v{revision}", self.release),
            revision,
            status,
            created: Some(now() - TimeDelta::hours(2)),
            written: Some(now() - TimeDelta::hours(2)),
            resource_version: None,
            mismatch: None,
            labels: BTreeMap::new(),
        }
    }

    fn record(&self, file: &str) -> RecordFacts {
        let hook = |kind: &str| Hook {
            name: self.name.clone(),
            kind: kind.into(),
            events: vec!["pre-upgrade".into()],
            last_run: LastRun {
                started_at: Some(now() - TimeDelta::hours(1)),
                completed_at: None,
                phase: "Failed".into(),
            },
            ..Hook::default()
        };
        RecordFacts {
            description: self.description.clone(),
            chart: Some(Chart {
                name: self.chart.clone(),
                version: self.version.clone(),
            }),
            hooks: vec![hook("Job"), hook("Pod")],
            crds: BTreeMap::from([("crds/a.yaml".to_owned(), CrdFingerprint::of(file.as_bytes()))]),
            ..RecordFacts::default()
        }
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn observed(presence: Presence) -> Observation {
    Observation {
        presence,
        side: None,
        unready: None,
        job: None,
        deleting: None,
        written: None,
        origin: ObjectOrigin::Unknown,
        is_kept: false,
    }
}

/// The objects of a release, as every entry about objects wants them.
fn objects(texts: &Texts) -> ObjectFacts {
    let object = |key: ObjectKey, is_deployed: bool, observed: Observation| ObservedObject {
        key,
        is_deployed,
        is_in_good: is_deployed,
        is_in_newest: true,
        is_kept_by_manifest: false,
        observed: Some(observed),
    };
    let mut facts = ObjectFacts::default();
    for key in texts.keys() {
        let mut deleting = observed(Presence::Ours);
        deleting.deleting = Some(Deleting {
            since: None,
            finalizers: vec!["example.com/x".into()],
        });
        facts.observed.push(object(key.clone(), true, deleting));
        facts
            .observed
            .push(object(key.clone(), false, observed(Presence::NoRelease)));
        facts.leftovers.push(key.clone());
        facts.foreign.push(ForeignObject {
            key: key.clone(),
            reason: "belongs to somebody".into(),
            next_upgrade: None,
        });
        let field = ContestedField {
            path: "/spec/replicas".into(),
            owner: "somebody".into(),
        };
        facts.note_block(&key, &Block::Conflict(vec![field]));
    }
    for (kind, api_version, state) in [
        ("Job", "batch/v1", JobState::Running),
        ("Pod", "v1", JobState::Failed),
        ("Pod", "v1", JobState::Running),
    ] {
        let mut hook = observed(Presence::Ours);
        hook.job = Some(state);
        facts
            .hooks
            .push(object(texts.key(api_version, kind), false, hook));
    }
    let left = texts.key("rbac.authorization.k8s.io/v1", "Role");
    facts.hooks.push(object(left, false, observed(Presence::Ours)));
    facts.contested = Contested::Yes;
    facts
}

/// Everything that is said about a release with these texts: its histories in every state that has advice.
fn health(texts: &Texts) -> Vec<Health> {
    use Status::{Deployed, Failed, PendingRollback, PendingUpgrade, Superseded, Uninstalled, Uninstalling};
    let histories: [&[Status]; 8] = [
        &[Deployed, Failed],
        &[Superseded, Failed],
        &[PendingUpgrade],
        &[Deployed, PendingRollback],
        &[Uninstalling],
        &[Deployed, Deployed],
        &[Uninstalled],
        &[Superseded],
    ];
    let objects = objects(texts);
    let records = BTreeMap::from([(1, texts.record("old")), (2, texts.record("new"))]);
    let mut health = Vec::new();
    for (statuses, driver) in histories
        .iter()
        .zip([Driver::Secret, Driver::ConfigMap].into_iter().cycle())
    {
        let revisions = (1..)
            .zip(statuses.iter())
            .map(|(revision, status)| texts.stored(driver, revision, *status));
        let [history] = History::group(revisions).try_into().unwrap();
        health.extend(diagnose(&ReleaseFacts {
            history: &history,
            records: &records,
            objects: &objects,
            method: ApplyMethod::Ssa,
            depth: Depth::History,
            now: now(),
            stuck_after: TimeDelta::minutes(15),
        }));
    }
    health.push(undecodable(
        &texts.stored(Driver::Secret, 1, Status::Deployed),
        &DecodeError::Base64(String::new()),
    ));
    health
}

/// Objects with these texts, whose release has no record or only those of its end.
fn orphaned(texts: &Texts, end: ReleaseEnd, records: OrphanRecords) -> OrphanedRelease {
    let objects = texts.keys().into_iter().map(|key| OrphanedObject {
        api_version: key.gvk.api_version,
        kind: key.gvk.kind,
        namespace: key.namespace,
        name: key.name,
        created_at: None,
        deleting_since: None,
        kept_by_policy: true,
    });
    let objects: Vec<OrphanedObject> = objects.collect();
    let key = ReleaseKey {
        namespace: texts.namespace.clone(),
        name: texts.release.clone(),
        driver: Driver::ConfigMap,
    };
    let (advice, evidence) = orphans::advice(&key, end, &objects);
    OrphanedRelease {
        namespace: texts.namespace.clone(),
        name: texts.release.clone(),
        cluster: None,
        records,
        objects,
        evidence,
        advice,
    }
}

/// A report of one release with these texts, and of one without trouble.
pub(super) fn report(texts: &Texts) -> Report {
    let release = |health: Vec<Health>| ReleaseReport {
        unlisted: Unlisted::default(),
        has_unread_leftovers: false,
        has_unsettled: false,
        cluster: driftline::shell::ClusterFlags::default(),
        namespace: texts.namespace.clone(),
        name: texts.release.clone(),
        of_cluster: None,
        storage: driftline::model::Storage {
            driver: "secret".into(),
            namespace: texts.namespace.clone(),
        },
        labels: BTreeMap::new(),
        chart: None,
        baseline: None,
        previous: None,
        latest: Revision {
            revision: 2,
            status: "failed".into(),
            deployed_at: None,
        },
        apply_method: None,
        verdict: Verdict::Incomplete,
        tracked: Tracked::default(),
        health,
        objects: Vec::new(),
        detail: None,
        managed_by: None,
        preview: None,
        values_check: None,
    };
    Report {
        selection: Selected::default(),
        compared_with: None,
        resolved: Vec::new(),
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: "driftline".into(),
            version: "0.1.0".into(),
        },
        cluster: Cluster {
            name: "prod".into(),
            server: "https://10.0.0.1:6443".into(),
        },
        clusters: Vec::new(),
        started_at: now(),
        finished_at: now(),
        outcome: Outcome::Incomplete,
        stopped: None,
        summary: Summary::default(),
        ignored: Vec::new(),
        confirmation: None,
        releases: vec![release(health(texts)), release(Vec::new())],
        orphans: Some(vec![
            orphaned(texts, ReleaseEnd::Forgotten, OrphanRecords::None),
            orphaned(texts, ReleaseEnd::Uninstalled(2), OrphanRecords::Uninstalled),
        ]),
        errors: Vec::new(),
        notes: Vec::new(),
    }
}

/// The report as its readers get it.
pub(super) fn rendered(report: &Report, format: Format, kind: ReportKind) -> String {
    let options = RenderOptions {
        links: driftline::report::links::Links::default(),
        kind,
        text: TextOptions::PLAIN,
    };
    let mut out = Vec::new();
    render(report, format, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
