//! Reports for tests: small builders, and the reports that the golden tests render.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::summary::{ignored, outcome, verdict};
use crate::model::{
    Actor, Advice, Chart, Cluster, Confirmation, Detail, Finding, Health, IgnoredBy, ObjectDetail,
    ObjectReport, ReleaseReport, Report, ReportError, ReportNote, Revision, RevisionDetail, SCHEMA, Storage,
    Summary, Tool,
};
use crate::policy::ignore::{IgnoreRules, Rule};
use crate::vocabulary::{
    ApplyMethod, FindingCode, HealthCode, HealthSeverity, NextUpgrade, ObjectState, Outcome, Severity,
    Stopped, Verdict,
};

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A report of these releases, counted and sorted as a pipeline does it.
pub(crate) fn report(
    releases: Vec<ReleaseReport>,
    errors: Vec<ReportError>,
    stopped: Option<Stopped>,
) -> Report {
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: "driftline".into(),
            version: "0.1.0".into(),
        },
        cluster: Cluster {
            name: "prod".into(),
            server: "https://10.0.0.1:6443".into(),
        },
        started_at: at("2026-11-20T03:14:00Z"),
        finished_at: at("2026-11-20T03:14:02.5Z"),
        outcome: outcome(&releases, &errors, stopped),
        stopped,
        summary: Summary::of(&releases),
        ignored: Vec::new(),
        confirmation: None,
        releases,
        errors,
        notes: Vec::new(),
    };
    report.sort();
    report
}

pub(crate) fn release(namespace: &str, name: &str) -> ReleaseReport {
    let revision = |number: u64, status: &str, at_text: &str| Revision {
        revision: number,
        status: status.into(),
        deployed_at: Some(at(at_text)),
    };
    ReleaseReport {
        namespace: namespace.into(),
        name: name.into(),
        storage: Storage {
            driver: "secret".into(),
            namespace: namespace.into(),
        },
        chart: Some(Chart {
            name: name.into(),
            version: "1.4.2".into(),
        }),
        baseline: Some(revision(7, "deployed", "2026-11-18T09:12:00Z")),
        previous: Some(revision(6, "superseded", "2026-11-02T10:00:00Z")),
        latest: revision(7, "deployed", "2026-11-18T09:12:00Z"),
        apply_method: Some(ApplyMethod::Csa),
        verdict: Verdict::Clean,
        health: Vec::new(),
        objects: Vec::new(),
        detail: None,
    }
}

impl ReleaseReport {
    pub(crate) fn with_objects(mut self, objects: impl IntoIterator<Item = ObjectReport>) -> Self {
        self.objects.extend(objects);
        self.verdict = verdict(&self.objects, &self.health);
        self
    }

    pub(crate) fn with_health(mut self, code: HealthCode, severity: HealthSeverity, message: &str) -> Self {
        self.health.push(Health {
            code,
            severity,
            message: message.into(),
            evidence: Vec::new(),
            advice: Vec::new(),
        });
        self.verdict = verdict(&self.objects, &self.health);
        self
    }

    pub(crate) fn with_advice(mut self, why: &str, command: &str, destructive: bool) -> Self {
        let advice = Advice {
            command: command.into(),
            destructive,
            why: why.into(),
            changes: String::new(),
        };
        self.health.last_mut().unwrap().advice.push(advice);
        self
    }
}

pub(crate) fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> ObjectReport {
    ObjectReport {
        api_version: api_version.into(),
        kind: kind.into(),
        namespace: (!namespace.is_empty()).then(|| namespace.into()),
        name: name.into(),
        template: Some(format!("web/templates/{}.yaml", kind.to_lowercase())),
        state: ObjectState::InSync,
        reason: None,
        ignored_by: None,
        next_upgrade: None,
        findings: Vec::new(),
        patch: Vec::new(),
    }
}

impl ObjectReport {
    pub(crate) fn in_state(mut self, state: ObjectState, reason: Option<&str>) -> Self {
        self.next_upgrade = (state == ObjectState::Missing).then_some(NextUpgrade::Revert);
        self.state = state;
        self.reason = reason.map(Into::into);
        self
    }

    pub(crate) fn drifted(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.state = ObjectState::Drifted;
        self.findings.extend(findings);
        self
    }
}

pub(crate) fn finding(code: FindingCode, path: &str, desired: Option<Value>, live: Option<Value>) -> Finding {
    Finding {
        code,
        severity: if code == FindingCode::Pruned {
            Severity::Info
        } else {
            Severity::Drift
        },
        path: path.into(),
        pointer: path.replace("[name=app]", "/0"),
        previous: None,
        desired,
        live,
        redacted: false,
        from_revision: match code {
            FindingCode::NotApplied | FindingCode::Undone | FindingCode::Lingering => Some(6),
            FindingCode::HalfUpgraded => Some(8),
            _ => None,
        },
        actor: None,
        ignored_by: None,
        confirmed: None,
        next_upgrade: None,
        message: "the live value differs from the deployed one".into(),
    }
}

impl Finding {
    pub(crate) fn by(mut self, manager: &str, subresource: Option<&str>, time: &str) -> Self {
        self.actor = Some(Actor {
            manager: manager.into(),
            operation: "Update".into(),
            subresource: subresource.map(Into::into),
            time: Some(at(time)),
        });
        self
    }

    pub(crate) fn next(mut self, next: NextUpgrade) -> Self {
        self.next_upgrade = Some(next);
        self
    }

    pub(crate) fn was(mut self, previous: Value) -> Self {
        self.previous = Some(previous);
        self
    }

    pub(crate) fn secret(mut self) -> Self {
        (self.desired, self.live, self.previous, self.redacted) = (None, None, None, true);
        self
    }
}

fn in_sync(kind: &str, name: &str) -> ObjectReport {
    object("v1", kind, "shop", name)
}

pub(crate) fn clean() -> Report {
    let web = release("shop", "web").with_objects([in_sync("Service", "web"), scaled("web")]);
    let api = release("shop", "api").with_objects([in_sync("Service", "api")]);
    ruled(report(vec![web, api], Vec::new(), None)).without_in_sync()
}

pub(crate) fn nothing() -> Report {
    report(Vec::new(), Vec::new(), None)
}

pub(crate) fn all() -> Report {
    let mut opted_out = in_sync("ConfigMap", "web").in_state(
        ObjectState::Ignored,
        Some("leftover; ignored by its annotation example.com/driftline-ignore"),
    );
    opted_out.ignored_by = Some(IgnoredBy::Annotation);
    let web = release("shop", "web").with_objects([in_sync("Service", "web"), opted_out, scaled("web")]);
    ruled(report(vec![web], Vec::new(), None))
}

/// The report of a scan with ignore rules.
fn ruled(report: Report) -> Report {
    Report {
        ignored: ignored(&ignoring(), &report.releases),
        ..report
    }
}

/// Rules of which the second matches nothing.
fn ignoring() -> IgnoreRules {
    IgnoreRules {
        rules: vec![
            Rule {
                reason: Some("replicas belong to our own scaler".into()),
                paths: vec!["/spec/replicas".parse().unwrap()],
                ..Rule::default()
            },
            Rule {
                kind: Some("Job".parse().unwrap()),
                ..Rule::default()
            },
        ],
        annotation: Some("example.com/driftline-ignore".into()),
    }
}

/// A Deployment of which all drift is ignored.
fn scaled(name: &str) -> ObjectReport {
    let replicas = finding(
        FindingCode::Changed,
        "/spec/replicas",
        Some(json!(3)),
        Some(json!(5)),
    );
    let mut deployment = object("apps/v1", "Deployment", "shop", name).drifted([Finding {
        ignored_by: Some(IgnoredBy::Rule(1)),
        ..replicas
    }]);
    deployment.state = ObjectState::Ignored;
    deployment
}

fn web() -> ReleaseReport {
    let image = "/spec/template/spec/containers[name=app]/image";
    let deployment = object("apps/v1", "Deployment", "shop", "web").drifted([
        finding(
            FindingCode::Changed,
            "/spec/replicas",
            Some(json!(3)),
            Some(json!(5)),
        )
        .by("kubectl", Some("scale"), "2026-11-20T03:05:00Z")
        .next(NextUpgrade::Revert),
        finding(
            FindingCode::Changed,
            image,
            Some(json!("nginx:1.25")),
            Some(json!("nginx:1.27")),
        )
        .by("kubectl-set", None, "2026-11-20T03:12:00Z")
        .next(NextUpgrade::Revert),
        finding(
            FindingCode::Removed,
            "/spec/template/spec/priorityClassName",
            Some(json!("high")),
            None,
        )
        .next(NextUpgrade::Revert),
        finding(
            FindingCode::Pruned,
            "/spec/template/spec/hostUser",
            Some(json!("true")),
            None,
        ),
    ]);
    let deployment = ObjectReport {
        patch: vec![json!({"op": "replace", "path": "/spec/replicas", "value": 3})],
        ..deployment
    };
    let before =
        "worker_processes 4;\nevents {\n  worker_connections 1024;\n}\nhttp {\n  keepalive_timeout 65;\n}\n";
    let after =
        "worker_processes 4;\nevents {\n  worker_connections 4096; \n}\nhttp {\n\tkeepalive_timeout 10;\n}";
    let config = object("v1", "ConfigMap", "shop", "web").drifted([
        finding(
            FindingCode::Changed,
            "/data/nginx.conf",
            Some(json!(before)),
            Some(json!(after)),
        )
        .by("kubectl-edit", None, "2026-11-19T16:40:00Z")
        .next(NextUpgrade::Revert),
        finding(
            FindingCode::Changed,
            "/data/GREETING",
            Some(json!("Grüße 日本")),
            Some(json!("Grüße 🦀")),
        ),
        finding(
            FindingCode::Changed,
            "/data/PORT",
            Some(json!("8080")),
            Some(json!("9090")),
        ),
        finding(
            FindingCode::Changed,
            "/data/DSN",
            Some(json!(
                "postgres://web@db-0.db.shop.svc.cluster.local:5432/shop?sslmode=verify-full&pool=10"
            )),
            Some(json!(
                "postgres://web@db-0.db.shop.svc.cluster.local:5432/shop?sslmode=disable&pool=10"
            )),
        ),
    ]);
    let secret = object("v1", "Secret", "shop", "web").drifted([finding(
        FindingCode::Changed,
        "/data/password",
        None,
        None,
    )
    .secret()
    .by("kubectl-patch", None, "2026-11-20T02:59:00Z")
    .next(NextUpgrade::Revert)]);
    release("shop", "web").with_objects([
        deployment,
        config,
        secret,
        object("v1", "Service", "shop", "web").in_state(ObjectState::Missing, None),
        in_sync("ServiceAccount", "web"),
    ])
}

fn half_upgraded() -> ReleaseReport {
    let mut release = release("pay", "ledger")
        .with_health(
            HealthCode::Stuck,
            HealthSeverity::Critical,
            "revision 8 is pending-upgrade for 3 h 12 min",
        )
        .with_advice(
            "keep a copy of the record first",
            "kubectl get secret -n pay sh.helm.release.v1.ledger.v8 -o yaml > ledger.v8.yaml",
            false,
        )
        .with_advice("put revision 7 back", "helm rollback ledger 7 -n pay", true)
        .with_objects([
            object("apps/v1", "Deployment", "pay", "ledger").drifted([
                finding(
                    FindingCode::HalfUpgraded,
                    "/spec/replicas",
                    Some(json!(2)),
                    Some(json!(4)),
                ),
                finding(
                    FindingCode::Changed,
                    "/spec/paused",
                    Some(json!(false)),
                    Some(json!("yes")),
                )
                .was(json!(true)),
                finding(
                    FindingCode::NotApplied,
                    "/spec/minReadySeconds",
                    Some(json!(10)),
                    Some(json!(5)),
                )
                .was(json!(5)),
                finding(
                    FindingCode::Lingering,
                    "/spec/strategy/type",
                    None,
                    Some(json!("Recreate")),
                )
                .was(json!("Recreate")),
            ]),
            object("cert-manager.io/v1", "Certificate", "pay", "ledger")
                .in_state(ObjectState::Foreign, Some("owned by release pay/ledger-v2")),
            object("v1", "ConfigMap", "pay", "ledger-old")
                .in_state(ObjectState::Leftover, Some("created by revision 8")),
            object("v1", "Namespace", "", "pay-jobs")
                .in_state(ObjectState::Terminating, Some("finalizer kubernetes")),
        ]);
    release.storage = Storage {
        driver: "configmap".into(),
        namespace: "flux-system".into(),
    };
    release.latest = Revision {
        revision: 8,
        status: "pending-upgrade".into(),
        deployed_at: None,
    };
    release.apply_method = Some(ApplyMethod::Ssa);
    release
}

/// A release whose every word tries to get out.
fn hostile() -> ReleaseReport {
    let attack = "::error::pwned\u{1b}[2J\r\n::add-mask::x ##[stop-commands]y section_start:1:z \u{202e}evil";
    let mut release = release("::error::ns", "x\u{1b}]0;title\u{7}")
        .with_health(HealthCode::IdentityMismatch, HealthSeverity::Warning, attack)
        .with_advice(attack, attack, true)
        .with_objects([
            object("##[group]/v1", "::warning::Kind", "##vso[task.complete]", attack).drifted([
                finding(
                    FindingCode::Changed,
                    "/data/::set-output name=x",
                    Some(json!(attack)),
                    Some(json!("a\u{200b}b")),
                ),
                finding(
                    FindingCode::Changed,
                    "/data/same",
                    Some(json!("ab")),
                    Some(json!("a\u{200b}b")),
                ),
                finding(
                    FindingCode::Changed,
                    "/data/lines",
                    Some(json!(format!("{attack}\n::x\n"))),
                    Some(json!("::y\n##[z]\n")),
                )
                .by("::error::manager\n", Some(attack), "2026-11-20T03:12:00Z"),
            ]),
            object("v1", "Pod", "shop", "p").in_state(ObjectState::Unknown, Some(attack)),
        ]);
    release.chart = Some(Chart {
        name: attack.into(),
        version: attack.into(),
    });
    release
}

pub(crate) fn drifted() -> Report {
    let web = web().with_objects([scaled("scaled-a"), scaled("scaled-b")]);
    ruled(report(vec![web, half_upgraded(), hostile()], Vec::new(), None)).without_in_sync()
}

pub(crate) fn incomplete() -> Report {
    let forbidden = "forbidden: cannot get secrets in namespace shop";
    let unknown = |kind: &str, name: &str, why: &str| {
        object("v1", kind, "shop", name).in_state(ObjectState::Unknown, Some(why))
    };
    let secrets = (0..5).map(|at| unknown("Secret", &format!("s{at}"), forbidden));
    let web = release("shop", "web").with_objects(secrets).with_objects([
        unknown("ConfigMap", "web", "timed out"),
        in_sync("Service", "web"),
    ]);
    let mut broken = release("shop", "broken").with_health(
        HealthCode::Undecodable,
        HealthSeverity::Critical,
        "revision 3 cannot be decoded: the gzip stream ends early",
    );
    (
        broken.chart,
        broken.baseline,
        broken.apply_method,
        broken.previous,
    ) = (None, None, None, None);
    report(vec![web, broken], Vec::new(), None).without_in_sync()
}

pub(crate) fn stopped(why: Stopped) -> Report {
    let releases = match why {
        Stopped::Deadline => vec![web()],
        Stopped::Signal => vec![release("shop", "api").with_objects([in_sync("Service", "api")])],
    };
    report(releases, Vec::new(), Some(why)).without_in_sync()
}

pub(crate) fn errors() -> Report {
    let error = |scope: &str, message: &str| ReportError {
        scope: scope.into(),
        message: message.into(),
    };
    let errors = vec![
        error("namespace/pay", "forbidden: cannot list secrets"),
        error(
            "discovery",
            "API group metrics.k8s.io/v1beta1 does not answer\n::error::x",
        ),
    ];
    let report = report(
        vec![release("shop", "web").with_objects([in_sync("Service", "web")])],
        errors,
        None,
    );
    assert_eq!(report.outcome, Outcome::Incomplete);
    report.without_in_sync()
}

/// A report whose findings the API server was asked about.
pub(crate) fn confirmed() -> Report {
    let answer = |path: &str, severity, confirmed| Finding {
        severity,
        confirmed,
        ..finding(FindingCode::Changed, path, Some(json!("a")), Some(json!("b")))
    };
    let widget = object("testbed.example/v1", "Widget", "shop", "web").drifted([
        answer("/spec/mode", Severity::Info, Some(false)),
        answer("/spec/size", Severity::Drift, Some(true)),
    ]);
    let mut service =
        object("v1", "Service", "shop", "web").drifted([answer("/spec/type", Severity::Drift, None)]);
    service.reason = Some("not confirmed: the API server answered 422 (Invalid)".into());
    let secret = object("v1", "Secret", "shop", "web").drifted([answer("/type", Severity::Drift, None)]);
    let report = report(
        vec![release("shop", "web").with_objects([widget, service, secret])],
        Vec::new(),
        None,
    );
    let reason = "forbidden: the credentials may not patch secrets in namespace shop".to_owned();
    Report {
        confirmation: Some(Confirmation::of(&report.releases, [(reason, 1)].into())),
        ..report
    }
}

pub(crate) fn notes() -> Report {
    let note = |scope: &str, message: &str| ReportNote {
        scope: scope.into(),
        message: message.into(),
    };
    let web = release("shop", "web").with_objects([in_sync("Service", "web")]);
    let mut report = Report {
        notes: vec![
            note("widgets.example.com/v1", "compared by generic rules\n::error::x"),
            note("ovens.example.com/v1", "compared by generic rules: no schema"),
        ],
        ..report(vec![web], Vec::new(), None)
    };
    report.sort();
    assert_eq!(report.outcome, Outcome::Clean);
    report.without_in_sync()
}

/// What `driftline diagnose` prints of a release in the middle of an upgrade that died.
pub(crate) fn diagnosed() -> Report {
    let revision = |revision, status: &str, description: &str| RevisionDetail {
        revision,
        status: status.into(),
        created: Some(at("2026-11-18T09:12:00Z")),
        written: Some(at("2026-11-18T09:14:00Z")),
        bytes: Some(12_345),
        chart: Some(Chart {
            name: "web".into(),
            version: "1.4.2".into(),
        }),
        description: Some(description.into()),
    };
    let object = |kind: &str, side: Option<&str>, remarks: &[&str]| ObjectDetail {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        namespace: Some("shop".into()),
        name: "web".into(),
        side: side.map(str::to_owned),
        remarks: remarks.iter().map(|remark| (*remark).to_owned()).collect(),
    };
    let mut web = release("shop", "web")
        .with_health(
            HealthCode::Stuck,
            HealthSeverity::Critical,
            "revision 8 is pending-upgrade, last written 3 h ago: longer than 15 min, so Helm probably died",
        )
        .with_advice(
            "shows Helm's own description of every revision",
            "helm history web -n shop",
            false,
        )
        .with_advice(
            "Helm accepts a rollback here",
            "helm rollback web 7 -n shop",
            true,
        );
    let stuck = &mut web.health[0];
    stuck
        .evidence
        .push("the record of revision 8 was last written at 2026-11-18T09:14:00Z".into());
    stuck.advice[1].changes = "writes the objects of revision 7 again".into();
    web.latest.revision = 8;
    web.latest.status = "pending-upgrade".into();
    web.detail = Some(Detail {
        revisions: vec![
            revision(4, "superseded", "Upgrade complete"),
            revision(7, "deployed", "Upgrade complete"),
            revision(8, "pending-upgrade", "Preparing upgrade\n::error::x"),
        ],
        objects: vec![
            object("Deployment", Some("new"), &["1 of 3 replicas are ready"]),
            object("Service", Some("old"), &[]),
            object("StatefulSet", Some("neither"), &[]),
            object("DaemonSet", None, &["it does not exist"]),
        ],
    });
    report(vec![web], Vec::new(), None)
}

/// Every report, by the name of its snapshots.
pub(crate) fn every() -> Vec<(&'static str, Report)> {
    vec![
        ("clean", clean()),
        ("nothing", nothing()),
        ("all", all()),
        ("drifted", drifted()),
        ("incomplete", incomplete()),
        ("deadline", stopped(Stopped::Deadline)),
        ("signal", stopped(Stopped::Signal)),
        ("errors", errors()),
        ("confirmed", confirmed()),
        ("notes", notes()),
        ("diagnosed", diagnosed()),
    ]
}
