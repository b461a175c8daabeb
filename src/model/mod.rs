//! The report: the one value that every output format and every sink is rendered from.
//!
//! Its JSON form is the contract `driftline.report/v1`, described by `report/schema.json`; fields are
//! only ever added. The model holds no secrets: values of Secrets and the values that redaction rules cover are
//! replaced when findings are built, so no renderer can leak them. Renderers sanitise for their medium.

mod address;
mod confirmation;
mod costs;
mod detail;
mod fingerprint;
mod ignored;
mod kept_by;
mod managed_by;
mod orphans;
mod preview;
mod reader;
pub mod rights;
mod tracked;
mod values_check;

pub use self::address::without_credentials;
pub use self::confirmation::{Confirmation, Unconfirmed};
pub use self::costs::{ApiTraffic, ScanCosts};
pub use self::detail::{ObjectDetail, ReleaseDetail, RevisionDetail};
pub use self::fingerprint::{Fingerprint, ObjectNames, ReleaseNames};
pub use self::ignored::{IgnoredBy, IgnoredCount};
pub use self::kept_by::{KeptBy, KeptList, KeyPath, KeyStep, MovedField, NoKey, NoKeyPath};
pub use self::managed_by::ManagedBy;
pub use self::orphans::{OrphanedObject, OrphanedRelease};
pub use self::preview::{
    Preview, PreviewConfirmation, PreviewField, PreviewHook, PreviewObject, PreviewReason,
};
pub use self::reader::ReadReportError;
pub use self::tracked::{
    ChangeCounts, ComparedWith, Resolved, ResolvedObject, SeenAgain, Selected, Since, Tracked,
};

pub use self::values_check::{CheckedField, ValuesCheck};

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::shell::{ClusterFlags, Command};
use crate::vocabulary::{
    ApplyMethod, FindingCode, HealthCode, HealthSeverity, NextUpgrade, NoKeyReason, ObjectState, Outcome,
    Severity, Stopped, Verdict,
};

/// The name and version of the JSON contract.
pub const SCHEMA: &str = "driftline.report/v1";

/// The result of one scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The program that made this report.
    pub tool: Tool,
    /// Which cluster was read. Of several, their names and addresses, with commas between them.
    pub cluster: Cluster,
    /// The clusters, sorted by name, where the report was put together from reports of several; absent else.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub clusters: Vec<MergedCluster>,
    /// When the scan began.
    pub started_at: DateTime<Utc>,
    /// When the scan ended.
    pub finished_at: DateTime<Utc>,
    /// The answer in one word.
    pub outcome: Outcome,
    /// Why the scan ended before everything was read; absent when it ran to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// The counts.
    pub summary: Summary,
    /// The releases that were asked for; absent where all were.
    #[serde(skip_serializing_if = "Selected::is_everything", default)]
    pub selection: Selected,
    /// What the report was compared with to tell what is new; absent without memory and without a baseline report.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compared_with: Option<ComparedWith>,
    /// The ignore rules with their counts, in the order of the settings; absent without rules.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ignored: Vec<IgnoredCount>,
    /// The API server's answers about the findings; absent when no dry runs were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// Every release, sorted by namespace, name and storage.
    pub releases: Vec<ReleaseReport>,
    /// The releases of which objects are left and no record, sorted by namespace and name; absent where the scan did not
    /// look for them. They change neither the outcome nor the exit status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub orphans: Option<Vec<OrphanedRelease>>,
    /// What earlier scans found and this one did not, in the order of the releases; absent where there is nothing, and
    /// without memory.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub resolved: Vec<Resolved>,
    /// The parts of the cluster that could not be read and belong to no single release.
    pub errors: Vec<ReportError>,
    /// Remarks on how the scan reached its answers, sorted; absent when there are none. Notes change neither the
    /// outcome nor the exit status.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<ReportNote>,
}

impl Report {
    /// Whether another version made it, in words of which this one passed over some when it read the report.
    pub fn is_of_other_words(&self) -> bool {
        self.notes.iter().any(|note| note.scope == ReportError::REPORT)
    }
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Always `driftline`.
    pub name: String,
    /// The program's version.
    pub version: String,
}

/// The cluster a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The configured name, else the kubeconfig context, else `in-cluster`.
    pub name: String,
    /// The API server's address.
    pub server: String,
}

/// One of the clusters that a report of several is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MergedCluster {
    /// Its name in its own report, by which the releases of this one name it.
    pub name: String,
    /// The API server's address.
    pub server: String,
    /// When its scan began.
    pub started_at: DateTime<Utc>,
    /// When its scan ended.
    pub finished_at: DateTime<Utc>,
    /// Its releases by verdict.
    pub releases: ReleaseCounts,
}

/// The counts of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Releases by verdict.
    pub releases: ReleaseCounts,
    /// Objects by state.
    pub objects: ObjectCounts,
    /// Findings by severity.
    pub findings: FindingCounts,
    /// What is new and what is resolved; absent without memory and without a baseline report.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changes: Option<ChangeCounts>,
}

/// Releases by verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCounts {
    /// All of them.
    pub total: usize,
    /// Verdict `clean`.
    pub clean: usize,
    /// Verdict `drifted`.
    pub drifted: usize,
    /// Verdict `incomplete`.
    pub incomplete: usize,
    /// Verdict `unreadable`.
    pub unreadable: usize,
}

/// Objects by state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectCounts {
    /// All that baselines name, and leftovers.
    pub total: usize,
    /// State `in-sync`.
    pub in_sync: usize,
    /// State `drifted`.
    pub drifted: usize,
    /// State `missing`.
    pub missing: usize,
    /// State `terminating`.
    pub terminating: usize,
    /// State `foreign`.
    pub foreign: usize,
    /// State `leftover`.
    pub leftover: usize,
    /// State `unknown`.
    pub unknown: usize,
    /// State `ignored`.
    #[serde(default)]
    pub ignored: usize,
}

/// Findings by severity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingCounts {
    /// Severity `drift`.
    pub drift: usize,
    /// Severity `info`, but for what is expected.
    pub info: usize,
    /// Code `controller-owned` with severity `info`: what controllers write on every healthy cluster.
    #[serde(default)]
    pub expected: usize,
    /// Left out by the operator's own rules, of either severity.
    pub ignored: usize,
}

impl FindingCounts {
    /// Counts a finding. An ignored one counts neither as drift nor as info.
    pub fn count(&mut self, finding: &Finding) {
        *match (finding.ignored_by, finding.severity) {
            (Some(_), _) => &mut self.ignored,
            (None, Severity::Drift) => &mut self.drift,
            (None, Severity::Info) if finding.is_expected() => &mut self.expected,
            (None, Severity::Info) => &mut self.info,
        } += 1;
    }

    /// Adds what others counted.
    pub const fn add(&mut self, other: &Self) {
        let Self {
            drift,
            info,
            expected,
            ignored,
        } = other;
        self.drift += *drift;
        self.info += *info;
        self.expected += *expected;
        self.ignored += *ignored;
    }

    /// How many there are.
    pub const fn total(&self) -> usize {
        self.drift + self.info + self.expected + self.ignored
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.total() == 0
    }
}

/// One release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseReport {
    /// The namespace the release installs into; that of its records, where the record claims another one and the settings do
    /// not trust it.
    pub namespace: String,
    /// The release's name.
    pub name: String,
    /// The name of its cluster, where the report is of several.
    #[serde(rename = "cluster", skip_serializing_if = "Option::is_none", default)]
    pub of_cluster: Option<String>,
    /// Where its records are kept.
    pub storage: Storage,
    /// The labels that people gave it with `helm install --labels`, as the newest revision has them; none that Helm writes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub labels: BTreeMap<String, String>,
    /// The chart of the baseline, else of the newest revision; `null` when no record could be decoded.
    pub chart: Option<Chart>,
    /// The revision compared against; `null` when none is deployed.
    pub baseline: Option<Revision>,
    /// The revision deployed before the baseline, if it is still kept.
    pub previous: Option<Revision>,
    /// The newest revision.
    pub latest: Revision,
    /// How the baseline was applied; `null` when there is none.
    pub apply_method: Option<ApplyMethod>,
    /// The answer for the release as a whole.
    pub verdict: Verdict,
    /// How it stands to what earlier scans found.
    #[serde(flatten)]
    pub tracked: Tracked,
    /// The program that claims to manage it, where its objects have the marks of one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub managed_by: Option<Box<ManagedBy>>,
    /// Remarks on the release that concern no single object.
    pub health: Vec<Health>,
    /// Its objects, sorted by kind, namespace and name; those in sync are left out unless asked for.
    pub objects: Vec<ObjectReport>,
    /// All that is known of its history; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<ReleaseDetail>,
    /// What an operation of Helm would do; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub preview: Option<Preview>,
    /// What manifests that were rendered with other values say of its drift; only where they were given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub values_check: Option<ValuesCheck>,
    /// The objects in sync that it does not list although the report may: of those a scan keeps only this.
    #[serde(skip)]
    pub unlisted: Unlisted,
    /// Whether objects of other revisions could not be read, which are in no report then.
    #[serde(skip)]
    pub has_unread_leftovers: bool,
    /// Whether something of it is too young to be told to the receiver that this report is for, which is in no report.
    #[serde(skip)]
    pub has_unsettled: bool,
    /// How the operator named the cluster, for commands that a text prints; no report has it.
    #[serde(skip)]
    pub cluster: ClusterFlags,
}

/// Objects in sync, of which nothing is worth listing but what is expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// How many there are.
    pub objects: usize,
    /// How many expected findings they have.
    pub expected: usize,
}

impl ReleaseReport {
    /// How many of its objects could not be compared.
    pub fn not_compared(&self) -> usize {
        let objects = self.objects.iter();
        objects
            .filter(|object| object.state == ObjectState::Unknown)
            .count()
    }

    /// Its name with that of its namespace, and of its cluster where the report is of several.
    pub fn full_name(&self) -> String {
        full_name(self.of_cluster.as_deref(), &self.namespace, &self.name)
    }

    /// Its namespace, behind that of its cluster where the report is of several.
    pub fn place(&self) -> Cow<'_, str> {
        match &self.of_cluster {
            Some(cluster) => Cow::Owned(format!("{cluster}/{}", self.namespace)),
            None => Cow::Borrowed(&self.namespace),
        }
    }
}

/// A name with that of its namespace, and of its cluster where the report is of several.
fn full_name(cluster: Option<&str>, namespace: &str, name: &str) -> String {
    match cluster {
        Some(cluster) => format!("{cluster}/{namespace}/{name}"),
        None => format!("{namespace}/{name}"),
    }
}

/// Where Helm keeps the records of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Storage {
    /// `secret` or `configmap`.
    pub driver: String,
    /// The namespace of the records; differs from the release's namespace with some tools.
    pub namespace: String,
}

/// A chart's name and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    /// The chart's name.
    pub name: String,
    /// The chart's version.
    pub version: String,
}

/// One revision of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Its number.
    pub revision: u64,
    /// Helm's status of it, such as `deployed` or `pending-upgrade`.
    pub status: String,
    /// When Helm last deployed it, where its record says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<DateTime<Utc>>,
}

/// One remark on a release as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What it is.
    pub code: HealthCode,
    /// How much it matters.
    pub severity: HealthSeverity,
    /// How it stands to what earlier scans found.
    #[serde(flatten)]
    pub tracked: Tracked,
    /// One sentence.
    pub message: String,
    /// What it rests on: revisions, times and objects, and why a command is missing from the advice, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<String>,
    /// What to run, safest first.
    pub advice: Vec<Advice>,
}

/// One command to consider. driftline never runs it.
#[derive(Debug, Clone, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// The exact command, each word quoted for a POSIX shell where that is necessary.
    pub command: String,
    /// Whether it deletes or overwrites anything.
    pub destructive: bool,
    /// Why one would run it.
    pub why: String,
    /// What it changes.
    #[serde(default)]
    pub changes: String,
    /// The command as words, until it is known how the operator named the cluster; no report has it.
    #[serde(skip)]
    pub words: Option<Command>,
}

/// Advice is what a report says: the words are only another form of the command.
impl PartialEq for Advice {
    fn eq(&self, other: &Self) -> bool {
        self.command == other.command
            && self.destructive == other.destructive
            && self.why == other.why
            && self.changes == other.changes
    }
}

/// One object of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// The API version that the manifest names.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; `null` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The chart's template that it was rendered from, where the manifest says so.
    pub template: Option<String>,
    /// How it stands to the baseline.
    pub state: ObjectState,
    /// How it stands to what earlier scans found.
    #[serde(flatten)]
    pub tracked: Tracked,
    /// Why it is in that state, where the state alone does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The rule or annotation that ignores the whole object, and not only findings of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored_by: Option<IgnoredBy>,
    /// The effect of the next `helm upgrade` on an object that is missing, terminating, foreign or left over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_upgrade: Option<NextUpgrade>,
    /// Why the upgrade fails at the object, or cannot be foretold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_upgrade_reason: Option<String>,
    /// Its differences, sorted by path.
    pub findings: Vec<Finding>,
    /// The differences that are not listed, because there are too many; absent where all of them are.
    #[serde(skip_serializing_if = "FindingCounts::is_empty", default)]
    pub left_out: FindingCounts,
    /// An RFC 6902 patch that turns the live object into the desired one at the drifted paths. Operations on
    /// redacted values are left out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub patch: Vec<Value>,
    /// The fields that an earlier scan found different and this one does not, and whether they still have the value that they
    /// had; no report has them.
    #[serde(skip)]
    pub seen_again: Vec<SeenAgain>,
    /// The ignore rules that would have left something of it out if earlier rules had not. The report has them as the
    /// reason of the rule.
    #[serde(skip)]
    pub shadowed_rules: Vec<usize>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The kind of the difference.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// How it stands to what earlier scans found.
    #[serde(flatten)]
    pub tracked: Tracked,
    /// Where, readable and keyed: `/spec/containers[name=app]/image`.
    pub path: String,
    /// The same place in the live object as an RFC 6901 JSON pointer.
    pub pointer: String,
    /// The previous revision's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Value>,
    /// The baseline's value; absent when the baseline does not set the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<Value>,
    /// The live value; absent when the live object lacks the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Value>,
    /// Whether the values were left out because they may be secret.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub redacted: bool,
    /// Whether a value is shown in part only, because it is long. A text says in itself where it was cut.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub shortened: bool,
    /// Whether the values were left out because they are too large: those of one object, or of the whole report together.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub omitted: bool,
    /// The revision, other than the baseline, whose value the live object has: the previous one, or one that failed or
    /// is pending.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from_revision: Option<u64>,
    /// The field manager under whose name the live value was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The rule or annotation that ignores it. A report has ignored findings only when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored_by: Option<IgnoredBy>,
    /// Whether a server-side dry run of the manifest gives another value than the live one; absent where there was no
    /// dry run, or no answer. A finding that is not confirmed is of severity info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<bool>,
    /// The effect of the next `helm upgrade` on it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_upgrade: Option<NextUpgrade>,
    /// Why the upgrade fails there, or why its effect is not known: one sentence without values.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_upgrade_reason: Option<String>,
    /// The value after the next `helm upgrade`, where that is neither the baseline's nor the live one; null where the field
    /// is gone then.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        deserialize_with = "null_is_a_value"
    )]
    pub becomes: Option<Value>,
    /// The key of the chart's values that keeps what lives; only where keys were asked for and one is known.
    #[serde(rename = "values", skip_serializing_if = "Option::is_none", default)]
    pub kept_by: Option<Box<KeptBy>>,
    /// Why no such key is named; only where keys were asked for.
    #[serde(rename = "noValues", skip_serializing_if = "Option::is_none", default)]
    pub no_key: Option<NoKey>,
    /// One sentence, without values.
    pub message: String,
}

/// Reads a field that may be absent and whose null says something.
fn null_is_a_value<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Finding {
    /// How the reason of a prediction begins where the upgrade fails at other fields of the object.
    pub const OWNED_BESIDE: &str = "other fields of the object are owned by";

    /// Whether the next upgrade fails at other fields of the object alone: it does not where values keep those.
    pub fn fails_beside(&self) -> bool {
        let reason = self.next_upgrade_reason.as_deref();
        reason.is_some_and(|reason| reason.starts_with(Self::OWNED_BESIDE))
    }

    /// Whether the next upgrade fails at this field.
    pub fn fails(&self) -> bool {
        self.next_upgrade.is_some_and(NextUpgrade::is_failure) && !self.fails_beside()
    }

    /// Leaves its values out because they are too large. The path still says where it is.
    pub fn omit_values(&mut self) {
        let has_values = self.values().next().is_some();
        self.omitted |= has_values;
        (self.previous, self.desired, self.live, self.becomes) = (None, None, None, None);
        if self.kept_by.take().is_some() {
            self.no_key = Some(NoKeyReason::TooLarge.into());
        }
    }

    /// The values that it shows.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        let values = [&self.previous, &self.desired, &self.live, &self.becomes];
        let kept_by = self.kept_by.iter().flat_map(|kept_by| kept_by.values());
        values.into_iter().flatten().chain(kept_by)
    }

    /// Whether it makes its object drifted. A finding that the operator ignores does not.
    pub fn is_drift(&self) -> bool {
        self.ignored_by.is_none() && self.severity == Severity::Drift
    }

    /// Whether the next upgrade takes away what others put there, or leaves a value there that nobody asked for.
    ///
    /// A value of the chart that Helm writes back is no such loss: the chart asks for it.
    pub fn takes_away(&self) -> bool {
        match self.next_upgrade {
            Some(NextUpgrade::Becomes) => true,
            Some(NextUpgrade::Revert) => self.desired.is_none() && self.live.is_some(),
            Some(NextUpgrade::Keep | NextUpgrade::Conflict | NextUpgrade::Refused) | None => false,
        }
    }

    /// Whether it is expected on a healthy cluster.
    pub fn is_expected(&self) -> bool {
        self.code == FindingCode::ControllerOwned && self.severity == Severity::Info
    }
}

impl ObjectState {
    /// The state of an object that could be compared, by its findings.
    pub fn of(findings: &[Finding]) -> Self {
        if findings.iter().any(Finding::is_drift) {
            Self::Drifted
        } else if findings.iter().any(|finding| finding.severity == Severity::Drift) {
            // Every difference between this object and the baseline is one that the operator ignores.
            Self::Ignored
        } else {
            Self::InSync
        }
    }
}

impl ObjectReport {
    /// The state of an object that could be compared, by its findings and by those that are not listed.
    ///
    /// Drift is listed first, and ignored drift before all the rest, so that what is listed decides unless there is more
    /// drift than can be listed.
    pub fn state_by_findings(&self) -> ObjectState {
        if self.left_out.drift > 0 {
            ObjectState::Drifted
        } else {
            ObjectState::of(&self.findings)
        }
    }

    /// Leaves the values of its findings out because they are too large, and the patch, which repeats them.
    pub fn omit_values(&mut self) {
        self.findings.iter_mut().for_each(Finding::omit_values);
        self.patch.clear();
    }

    /// Adds to the reason for its state.
    pub fn add_reason(&mut self, text: &str) {
        self.reason = Some(match self.reason.take() {
            Some(reason) => format!("{reason}; {text}"),
            None => text.to_owned(),
        });
    }
}

/// The recorded writer of a field. Field managers are not authenticated: anybody can write under any name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// The field manager's name.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// The subresource written through, such as `scale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// When that manager last wrote any of its fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<DateTime<Utc>>,
}

/// A remark on how the scan reached its answers, where that was not as usual.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportNote {
    /// The subject of the remark, such as the group and version of a custom resource.
    pub scope: String,
    /// One sentence.
    pub message: String,
}

impl ReportError {
    /// The scope of what was named and does not exist.
    pub const SELECTION: &str = "selection";

    /// The scope of what is wrong with manifests that were given.
    pub const RENDERED: &str = "rendered";

    /// The scope of what is missing in a report that was put together from others.
    pub const MERGE: &str = "merge";

    /// The scope of what is said about the search for orphans.
    pub const ORPHANS: &str = "orphans";

    /// The scope of what a reader of a report passed over.
    pub const REPORT: &str = "report";

    /// The namespace that it is about, where it is about a single one.
    pub fn namespace(&self) -> Option<&str> {
        self.scope.strip_prefix("namespace/")
    }

    /// Whether it is about something that was named and does not exist, and not about something that could not be read.
    pub fn is_absence(&self) -> bool {
        self.scope == Self::SELECTION
    }
}

/// A part of the cluster that could not be read, or that was named and does not exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportError {
    /// The part that could not be read: `storage`, `discovery`, `namespace/NAME`; `selection` for what does not exist.
    pub scope: String,
    /// One sentence.
    pub message: String,
}
