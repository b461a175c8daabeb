//! Reports of any size and any malice.

use chrono::{TimeZone, Utc};
use driftline::model::{
    Cluster, Finding, FindingCounts, Health, ObjectCounts, ObjectReport, ReleaseReport, Report, Revision,
    SCHEMA, Selected, Storage, Summary, Tool, Tracked, Unlisted,
};
use driftline::vocabulary::{
    ApplyMethod, FindingCode, HealthCode, HealthSeverity, ObjectState, Outcome, Severity, Verdict,
};
use serde_json::json;

/// A value that must never be in any message.
pub(crate) const VALUE: &str = "s3cr3t-value";

/// Names that somebody who controls a namespace could choose if the API server did not check them.
pub(crate) const HOSTILE: [&str; 12] = [
    "<!channel>",
    "<@U123|you> <https://evil.example|click> <!subteam^S1>",
    "```\n@channel @here @all",
    "*bold* _it_ ~no~ `code` &lt;!here&gt; & < >",
    "line\r\none::error::x\n##[error]x",
    "\u{1b}[31mred\u{7}\u{0}",
    "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}",
    "👩\u{200d}👩\u{200d}👧🚀🚀",
    "\"quoted\\\"",
    "<\u{200b}!channel>",
    "",
    "tag\u{e0041}\u{e0042}",
];

/// A report without releases.
pub(crate) fn empty() -> Report {
    let at = |minute| Utc.with_ymd_and_hms(2026, 3, 1, 12, minute, 0).unwrap();
    Report {
        selection: Selected::default(),
        compared_with: None,
        resolved: Vec::new(),
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: "driftline".to_owned(),
            version: "0.1.0".to_owned(),
        },
        cluster: Cluster {
            name: "prod".to_owned(),
            server: "https://10.0.0.1".to_owned(),
        },
        clusters: Vec::new(),
        started_at: at(0),
        finished_at: at(1),
        outcome: Outcome::Clean,
        stopped: None,
        summary: Summary::default(),
        ignored: Vec::new(),
        confirmation: None,
        releases: Vec::new(),
        orphans: None,
        errors: Vec::new(),
        notes: Vec::new(),
    }
}

/// A report of these releases, with the counts and the outcome that follow from them.
pub(crate) fn report(mut releases: Vec<ReleaseReport>) -> Report {
    releases.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let mut report = empty();
    let counts = &mut report.summary.releases;
    counts.total = releases.len();
    for release in &releases {
        match release.verdict {
            Verdict::Clean => counts.clean += 1,
            Verdict::Drifted => counts.drifted += 1,
            Verdict::Incomplete => counts.incomplete += 1,
            Verdict::Unreadable => counts.unreadable += 1,
        }
    }
    report.outcome = if counts.drifted > 0 {
        Outcome::Drift
    } else if counts.incomplete + counts.unreadable > 0 {
        Outcome::Incomplete
    } else {
        Outcome::Clean
    };
    let objects: Vec<_> = releases.iter().flat_map(|release| &release.objects).collect();
    report.summary.objects = ObjectCounts {
        total: objects.len(),
        drifted: objects
            .iter()
            .filter(|object| object.state == ObjectState::Drifted)
            .count(),
        unknown: objects
            .iter()
            .filter(|object| object.state == ObjectState::Unknown)
            .count(),
        ..ObjectCounts::default()
    };
    report.releases = releases;
    report
}

/// A release without objects.
pub(crate) fn release(namespace: &str, name: &str, verdict: Verdict) -> ReleaseReport {
    let revision = Revision {
        revision: 4,
        status: "deployed".to_owned(),
        deployed_at: None,
    };
    ReleaseReport {
        tracked: Tracked::default(),
        unlisted: Unlisted::default(),
        has_unread_leftovers: false,
        has_unsettled: false,
        cluster: driftline::shell::ClusterFlags::default(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        of_cluster: None,
        storage: Storage {
            driver: "secret".to_owned(),
            namespace: namespace.to_owned(),
        },
        labels: std::collections::BTreeMap::new(),
        chart: None,
        baseline: Some(revision.clone()),
        previous: None,
        latest: revision,
        apply_method: Some(ApplyMethod::Csa),
        verdict,
        health: Vec::new(),
        objects: Vec::new(),
        detail: None,
        managed_by: None,
        values_check: None,
        preview: None,
    }
}

/// A drifted release with so many objects of so many drifted fields each.
pub(crate) fn drifted(namespace: &str, name: &str, objects: usize, fields: usize) -> ReleaseReport {
    let mut release = release(namespace, name, Verdict::Drifted);
    release.objects = (0..objects)
        .map(|number| object(namespace, &format!("{name}-{number:03}"), fields))
        .collect();
    release
}

/// An object in its release's namespace.
pub(crate) fn object(namespace: &str, name: &str, fields: usize) -> ObjectReport {
    ObjectReport {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
        template: None,
        state: ObjectState::Drifted,
        tracked: Tracked::default(),
        reason: Some(VALUE.to_owned()),
        ignored_by: None,
        next_upgrade: None,
        next_upgrade_reason: None,
        findings: (0..fields)
            .map(|number| finding(&format!("/spec/field-{number:03}")))
            .collect(),
        left_out: FindingCounts::default(),
        patch: vec![json!({"op": "replace", "path": "/spec", "value": VALUE})],
        seen_again: Vec::new(),
        shadowed_rules: Vec::new(),
    }
}

/// A drifted field.
pub(crate) fn finding(path: &str) -> Finding {
    Finding {
        code: FindingCode::Changed,
        severity: Severity::Drift,
        tracked: Tracked::default(),
        path: path.to_owned(),
        pointer: path.to_owned(),
        previous: Some(json!(VALUE)),
        desired: Some(json!(VALUE)),
        live: Some(json!(VALUE)),
        redacted: false,
        shortened: false,
        omitted: false,
        from_revision: None,
        actor: None,
        ignored_by: None,
        confirmed: None,
        next_upgrade: None,
        next_upgrade_reason: None,
        becomes: None,
        kept_by: None,
        no_key: None,
        message: VALUE.to_owned(),
    }
}

/// A remark that makes a release critical.
pub(crate) fn critical(code: HealthCode) -> Health {
    Health {
        code,
        severity: HealthSeverity::Critical,
        tracked: Tracked::default(),
        message: VALUE.to_owned(),
        evidence: Vec::new(),
        advice: Vec::new(),
    }
}
