//! The words that a report is written in: codes of findings and of release health, states of objects, verdicts.
//!
//! Each vocabulary is declared once, as a table of variants and names; a code has its one-line message and its default
//! severity beside its name. Reading a word is strict here, because settings and the command line are checked with it.
//! [`crate::model::Report::from_json`] passes over the words of later versions.

/// Declares a kebab-case vocabulary once: the enum, its names, its listing and both conversions.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every value, in the order of its documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    $crate::vocabulary::UnknownName::new(text, Self::ALL.iter().map(|value| value.as_str()))
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Declares a vocabulary of codes: each with the one-line message that documents it and, for findings, the severity it
/// has by default.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal: $message:literal,)+ }) => {
        $crate::vocabulary::vocabulary! {
            $(#[$meta])*
            $name { $(#[doc = $message] $variant = $text,)+ }
        }

        impl $name {
            /// The meaning of the code, in one line without values.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }
        }
    };
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal, $severity:ident: $message:literal,)+ }) => {
        $crate::vocabulary::codes! { $(#[$meta])* $name { $($variant = $text: $message,)+ } }

        impl $name {
            /// How much a finding with this code matters where the operator's settings do not say otherwise.
            pub const fn default_severity(self) -> Severity {
                match self { $(Self::$variant => $crate::vocabulary::Severity::$severity,)+ }
            }
        }
    };
}

pub(crate) use {codes, vocabulary};

mod costs;
mod managing;
mod memory;
mod preview;
mod values;

pub use self::costs::{AnswerCode, ScanStage};
pub use self::managing::{DriftCorrection, ManagingTool};
pub use self::memory::{ChangeStatus, Ending, MemoryDetail, ResolvedKind, SinceSource};
pub use self::preview::{PreviewAction, PreviewCause, PreviewEffect, PreviewOutcome, PreviewedOperation};
pub use self::values::{CheckedOutcome, KeyCertainty, NoKeyReason, ValueOrigin};

/// A name that is not in a vocabulary, with the names that are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not one of: {known}")]
pub struct UnknownName {
    given: String,
    known: String,
}

impl UnknownName {
    /// The error for a word that is none of the known names.
    pub(crate) fn new<'n>(given: &str, known: impl Iterator<Item = &'n str>) -> Self {
        Self {
            given: given.to_owned(),
            known: known.collect::<Vec<_>>().join(", "),
        }
    }
}

/// A number and its noun, in all texts: `1 release`, `2 releases`, `2 entries`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if number == 1 => format!("{number} {noun}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        Some(_) | None => format!("{number} {noun}s"),
    }
}

codes! {
    /// The kind of difference that a finding is.
    FindingCode {
        Changed = "changed", Drift: "the live value is not the one that Helm deployed",
        NotApplied = "not-applied", Drift: "the live value is still the previous revision's, and nothing proves that the upgrade ever changed it",
        Undone = "undone", Drift: "somebody put the previous revision's value back after the upgrade",
        Removed = "removed", Drift: "Helm deployed this field, and the live object does not have it",
        Lingering = "lingering", Drift: "the chart no longer sets this field, and the live object still has an earlier revision's value",
        HalfUpgraded = "half-upgraded", Drift: "the live value is that of a later revision that failed or is pending",
        Pruned = "pruned", Info: "the API server does not know this field and drops it",
        Added = "added", Drift: "another writer added this, and the chart does not set it",
        Overwritten = "overwritten", Drift: "the value was written under Helm's name, but not by an operation of this release",
        MutatedAtAdmission = "mutated-at-admission", Info: "Helm wrote this field, and an admission webhook or policy changed the value",
        Autoscaled = "autoscaled", Info: "an autoscaler set this replica count",
        Restarted = "restarted", Info: "somebody restarted the workload, which sets this annotation",
        Resized = "resized", Info: "a program enlarged the volume claim beyond the chart's size",
        ControllerOwned = "controller-owned", Info: "a known controller writes this field",
        AlsoWritten = "also-written", Info: "somebody wrote this object under Helm's name, but not by an operation of this release; the values are the same",
    }
}

vocabulary! {
    /// How much a finding matters.
    Severity {
        /// The object does not match what Helm deployed.
        Drift = "drift",
        /// Worth knowing, expected on a healthy cluster.
        Info = "info",
    }
}

codes! {
    /// The state of one object, compared with the baseline.
    ObjectState {
        InSync = "in-sync": "the live object matches what Helm deployed",
        Drifted = "drifted": "at least one finding of the object counts as drift",
        Missing = "missing": "the API server answered that the object does not exist",
        Terminating = "terminating": "the object is being deleted and still exists",
        Foreign = "foreign": "the object's ownership metadata names another release, or none",
        Leftover = "leftover": "the object belongs to a previous or failed revision and is not in the deployed manifest",
        Unknown = "unknown": "the object could not be read or compared",
        Ignored = "ignored": "ignore rules, or an annotation that the settings allow, cover everything that would count as drift",
    }
}

impl ObjectState {
    /// Whether this state alone makes its release drifted.
    pub const fn is_drift(self) -> bool {
        match self {
            Self::Drifted | Self::Missing | Self::Terminating | Self::Foreign | Self::Leftover => true,
            Self::InSync | Self::Unknown | Self::Ignored => false,
        }
    }
}

vocabulary! {
    /// The answer for one release as a whole.
    Verdict {
        /// Every object was read and matches.
        Clean = "clean",
        /// At least one object drifted.
        Drifted = "drifted",
        /// No drift was seen, but not everything could be read.
        Incomplete = "incomplete",
        /// The release record itself could not be read.
        Unreadable = "unreadable",
    }
}

codes! {
    /// The kind of trouble or remark that a health entry of a release is.
    HealthCode {
        Undecodable = "undecodable": "a release record cannot be decoded",
        NoBaseline = "no-baseline": "no revision is deployed, so there is nothing to compare with",
        FailedUpgrade = "failed-upgrade": "the newest upgrade or rollback failed",
        FailedInstall = "failed-install": "the first installation failed",
        InProgress = "in-progress": "an operation is pending and may still be running",
        Stuck = "stuck": "an operation has been pending for longer than the configured limit, or ended at a failed hook",
        SeveralDeployed = "several-deployed": "more than one revision has the status deployed",
        IdentityMismatch = "identity-mismatch": "a record's labels, object name and content disagree about its release, revision or status",
        ApiRemoved = "api-removed": "the manifest has an object of an API version that the API server does not serve",
        ChangedDuringScan = "changed-during-scan": "the newest revision changed while the scan was running",
        HalfUpgraded = "half-upgraded": "the newest operation did not complete, and some objects are no longer at the deployed revision",
        HookFailed = "hook-failed": "a hook of the newest operation failed",
        HookRunning = "hook-running": "a hook of the newest operation is still running",
        LeftoverObjects = "leftover-objects": "objects of revisions that are not deployed still exist",
        BlockedByFinalizer = "blocked-by-finalizer": "an object is stuck terminating: no controller is removing its finalizers",
        HistoryBloat = "history-bloat": "the history is long, or its records come near the size limit",
        OwnershipConflict = "ownership-conflict": "an object of the manifest belongs to another release, or to none",
        LeftoverHooks = "leftover-hooks": "objects of hooks that the chart no longer has still exist",
        ChartCrdsChanged = "chart-crds-changed": "the chart's custom resource definitions changed, and Helm does not upgrade them",
        MissingObjects = "missing-objects": "objects of the deployed revision do not exist",
        UpgradeBlocked = "upgrade-blocked": "the next upgrade fails or may fail: other managers own fields that it writes, or a rule forbids it",
        RollbackBlocked = "rollback-blocked": "a rollback to the last good revision would fail",
        RollbackLoses = "rollback-loses": "a rollback to the last good revision would delete data, or objects of others",
    }
}

codes! {
    /// The records that are left of a release whose objects are orphans.
    OrphanRecords {
        None = "none": "there is no record of this release",
        Uninstalled = "uninstalled": "the newest record of this release says that it was uninstalled",
    }
}

vocabulary! {
    /// How much a health entry matters.
    HealthSeverity {
        /// Worth knowing.
        Info = "info",
        /// Somebody should look at it.
        Warning = "warning",
        /// The release cannot be relied on, or Helm refuses every operation on it.
        Critical = "critical",
    }
}

vocabulary! {
    /// The effect of the next `helm upgrade` on a difference.
    NextUpgrade {
        /// Helm writes the baseline's value back.
        Revert = "revert",
        /// Helm leaves the live value.
        Keep = "keep",
        /// The upgrade fails, because somebody else owns a field of the object.
        Conflict = "conflict",
        /// The field has a third value afterwards, or is gone.
        Becomes = "becomes",
        /// The upgrade fails, because Helm or the API server refuses the object by a rule.
        Refused = "refused",
    }
}

impl NextUpgrade {
    /// Whether the upgrade fails.
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Conflict | Self::Refused => true,
            Self::Revert | Self::Keep | Self::Becomes => false,
        }
    }
}

vocabulary! {
    /// How Helm applied a revision.
    ApplyMethod {
        /// Client-side apply: a merge patch that Helm computes (Helm 3, and Helm 4 with `--server-side=false`).
        Csa = "csa",
        /// Server-side apply (Helm 4's default).
        Ssa = "ssa",
    }
}

vocabulary! {
    /// The answer of the whole report.
    Outcome {
        /// Everything was read and matches.
        Clean = "clean",
        /// Something drifted.
        Drift = "drift",
        /// No drift was seen, but not everything could be read.
        Incomplete = "incomplete",
        /// The scan itself failed or ran out of time.
        Error = "error",
    }
}

vocabulary! {
    /// The reason why an ignore rule left nothing out.
    IdleReason {
        /// No difference and no object matches it.
        MatchedNothing = "matched-nothing",
        /// Earlier rules take everything that it matches.
        Shadowed = "shadowed",
    }
}

vocabulary! {
    /// The reason why a scan ended before everything was read.
    Stopped {
        /// The overall deadline passed.
        Deadline = "deadline",
        /// The process was asked to stop.
        Signal = "signal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_right_form_of_its_noun() {
        for (noun, many) in [
            ("release", "releases"),
            ("more entry", "more entries"),
            ("right", "rights"),
            ("key", "keys"),
        ] {
            assert_eq!(count(1, noun), format!("1 {noun}"));
            for number in [0, 2] {
                assert_eq!(count(number, noun), format!("{number} {many}"));
            }
        }
    }

    /// The names are a contract: this list changes only by appending.
    #[test]
    fn finding_codes_are_stable() {
        let names: Vec<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            names,
            [
                "changed",
                "not-applied",
                "undone",
                "removed",
                "lingering",
                "half-upgraded",
                "pruned",
                "added",
                "overwritten",
                "mutated-at-admission",
                "autoscaled",
                "restarted",
                "resized",
                "controller-owned",
                "also-written"
            ]
        );
    }

    #[test]
    fn one_is_singular() {
        let counted = [0, 1, 2].map(|number| count(number, "object"));
        assert_eq!(counted, ["0 objects", "1 object", "2 objects"]);
    }

    #[test]
    fn every_name_parses_back() {
        for code in HealthCode::ALL {
            assert_eq!(code.as_str().parse::<HealthCode>(), Ok(*code));
        }
        let wrong = "drifting".parse::<Severity>().unwrap_err();
        assert_eq!(wrong.to_string(), "`drifting` is not one of: drift, info");
    }
}
