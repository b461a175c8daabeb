//! The codes of findings, of release health, and the states of objects.

use std::fmt;
use std::str::FromStr;

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

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| UnknownName {
                    given: text.to_owned(),
                    known: Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
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

/// A name that is not in a vocabulary, with those that are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not one of: {known}")]
pub struct UnknownName {
    given: String,
    known: String,
}

vocabulary! {
    /// What kind of difference one finding is.
    FindingCode {
        /// The live value differs from the baseline's.
        Changed = "changed",
        /// The live value is still the previous revision's although the baseline sets another.
        NotApplied = "not-applied",
        /// The live value is neither the previous revision's nor the baseline's.
        Conflict = "conflict",
        /// The baseline sets a field that the live object lacks.
        Removed = "removed",
        /// The baseline no longer sets a field, and the live object still has the previous revision's value.
        Lingering = "lingering",
        /// The live value is that of a later revision that failed or is pending.
        HalfUpgraded = "half-upgraded",
        /// The API server does not know the field and drops it on every write.
        Pruned = "pruned",
        /// Somebody else put something there that the baseline does not ask for.
        Added = "added",
        /// The value differs and was written in Helm's name while this release's Helm was not at work.
        Overwritten = "overwritten",
        /// Helm wrote the field, and something changed the value on its way into the cluster.
        MutatedAtAdmission = "mutated-at-admission",
        /// An autoscaler chose the replica count.
        Autoscaled = "autoscaled",
        /// Somebody restarted the workload, which leaves an annotation.
        Restarted = "restarted",
        /// A program grew a claim beyond the size that the chart asks for.
        Resized = "resized",
        /// A known controller wrote what it is there to write.
        ControllerOwned = "controller-owned",
        /// Somebody writes this object in Helm's name beside this release's Helm; the values agree.
        AlsoWritten = "also-written",
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

vocabulary! {
    /// How one object stands to the baseline.
    ObjectState {
        /// Nothing that the baseline asks for differs.
        InSync = "in-sync",
        /// At least one finding of severity drift.
        Drifted = "drifted",
        /// The API server answered that the object does not exist.
        Missing = "missing",
        /// The object is being deleted and has not gone yet.
        Terminating = "terminating",
        /// Its ownership metadata names another release, or none.
        Foreign = "foreign",
        /// It belongs to a previous or failed revision, not to the baseline, and is still there.
        Leftover = "leftover",
        /// It could not be read.
        Unknown = "unknown",
        /// It does not match, and the operator's own rules say that this does not matter.
        Ignored = "ignored",
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
    /// What could be said of one release as a whole.
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

vocabulary! {
    /// What is noteworthy about a release beyond its objects.
    HealthCode {
        /// The release record cannot be decoded.
        Undecodable = "undecodable",
        /// No revision is deployed, so there is nothing to compare against.
        NoBaseline = "no-baseline",
        /// The newest revision failed while an older one is deployed.
        FailedUpgrade = "failed-upgrade",
        /// The first installation failed.
        FailedInstall = "failed-install",
        /// An operation is pending and young enough to be still running.
        InProgress = "in-progress",
        /// An operation has been pending for longer than the threshold.
        Stuck = "stuck",
        /// More than one revision claims to be deployed.
        SeveralDeployed = "several-deployed",
        /// Labels, object name and record disagree about what this release is.
        IdentityMismatch = "identity-mismatch",
        /// The manifest names a kind that the API server does not serve.
        ApiRemoved = "api-removed",
        /// The newest revision moved while the scan was running.
        ChangedDuringScan = "changed-during-scan",
        /// The newest operation did not come to its end, and its objects are at different revisions.
        HalfUpgraded = "half-upgraded",
        /// A hook of the newest operation failed.
        HookFailed = "hook-failed",
        /// A hook still runs.
        HookRunning = "hook-running",
        /// Objects of revisions that are not deployed exist.
        LeftoverObjects = "leftover-objects",
        /// An object cannot go because of its finalizers.
        BlockedByFinalizer = "blocked-by-finalizer",
        /// The history is long, or its records come near the limit.
        HistoryBloat = "history-bloat",
        /// An object that an upgrade adds belongs to somebody else.
        OwnershipConflict = "ownership-conflict",
        /// Objects of hooks that the newest revision does not have exist.
        LeftoverHooks = "leftover-hooks",
        /// The chart's definitions changed, which Helm does not upgrade.
        ChartCrdsChanged = "chart-crds-changed",
    }
}

vocabulary! {
    /// How much a health entry matters.
    HealthSeverity {
        /// Worth knowing.
        Info = "info",
        /// Somebody should look at it.
        Warning = "warning",
        /// The release cannot be relied on, or the next operation on it fails.
        Critical = "critical",
    }
}

vocabulary! {
    /// What the next `helm upgrade` does to a difference.
    NextUpgrade {
        /// Helm writes the baseline's value back.
        Revert = "revert",
        /// Helm leaves the live value.
        Keep = "keep",
        /// Helm refuses to upgrade because somebody else owns the field.
        Conflict = "conflict",
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
    /// What the whole report says.
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
    /// Why a scan ended before everything was read.
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

    /// The names are a contract: this list changes only by appending.
    #[test]
    fn finding_codes_are_stable() {
        let names: Vec<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            names,
            [
                "changed",
                "not-applied",
                "conflict",
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
    fn every_name_parses_back() {
        for code in HealthCode::ALL {
            assert_eq!(code.as_str().parse::<HealthCode>(), Ok(*code));
        }
        let wrong = "drifting".parse::<Severity>().unwrap_err();
        assert_eq!(wrong.to_string(), "`drifting` is not one of: drift, info");
    }
}
