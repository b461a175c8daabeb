//! Every metric: its name, unit, labels and meaning. `HELP` lines and the table in `docs/metrics.md` come from here.
//!
//! All of them are gauges. A batch job counts from nothing in each run, so that a counter would say that something began
//! anew each time, and `rate` over it would be nonsense.

/// What a metric is about, and so which runs have an answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The run itself: every run writes it.
    Run,
    /// The releases: only a run that came to its end writes it. What an earlier one wrote stays otherwise.
    Cluster,
}

/// Declares the metrics once, in the order in which they are written.
macro_rules! families {
    ($($variant:ident = $name:literal, $about:ident, $unit:literal, [$($label:literal),*]: $help:literal,)+) => {
        /// A metric, which is a family of series.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Family { $(#[doc = $help] $variant,)+ }

        impl Family {
            /// All of them, in the order in which they are written.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The metric's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it is about.
            pub const fn about(self) -> About {
                match self { $(Self::$variant => About::$about,)+ }
            }

            /// The unit of its values.
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)+ }
            }

            /// The names of its labels besides `cluster`, which every metric has.
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($label),*],)+ }
            }

            /// Its meaning, in one line.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)+ }
            }
        }
    };
}

families! {
    BuildInfo = "driftline_build_info", Run, "1", ["version"]:
        "The version of driftline that wrote these metrics.",
    LastScan = "driftline_last_scan_timestamp_seconds", Run, "Unix time", []:
        "When the last scan ended, however it ended.",
    LastSuccess = "driftline_last_success_timestamp_seconds", Run, "Unix time", []:
        "When the last scan ended that was neither stopped nor failed; absent until there is one.",
    LastComplete = "driftline_last_complete_timestamp_seconds", Run, "Unix time", []:
        "When the last scan ended that read everything it was asked for; absent until there is one.",
    Outcome = "driftline_scan_outcome", Run, "0 or 1", ["outcome"]:
        "The outcome of the last scan: 1 for the one that applies.",
    Stopped = "driftline_scan_stopped", Run, "0 or 1", ["reason"]:
        "Whether the last scan ended before everything was read, by the reason.",
    Duration = "driftline_scan_duration_seconds", Run, "seconds", []:
        "How long the last scan took, without writing the report and sending notifications.",
    StageDuration = "driftline_scan_stage_duration_seconds", Run, "seconds", ["stage"]:
        "How long each stage of the last scan took that came to its end; records are decoded beside the other stages.",
    Errors = "driftline_scan_errors", Run, "errors", []:
        "Parts of the cluster that the last scan could not read and that belong to no single release, and what was named and does not exist.",
    ApiRequests = "driftline_api_requests", Run, "requests", ["code"]:
        "Requests of the last scan to the API server, by HTTP status; each attempt counts, and none stands for no answer.",
    ApiBytes = "driftline_api_response_bytes", Run, "bytes", []:
        "What the API server answered to the last scan, decompressed.",
    Notifications = "driftline_notification_status", Run, "0 or 1", ["status"]:
        "What became of the notifications of the last scan: 1 for the one that applies.",
    Releases = "driftline_releases", Cluster, "releases", ["verdict"]:
        "Releases by verdict.",
    Objects = "driftline_objects", Cluster, "objects", ["state"]:
        "Objects of releases by state.",
    Findings = "driftline_findings", Cluster, "findings", ["code", "severity"]:
        "Differences by code and severity, without ignored ones and those that an object has beyond the limit of a report.",
    FindingsUnlisted = "driftline_findings_unlisted", Cluster, "findings", ["severity"]:
        "Differences beyond the limit of what a report lists of one object, by severity.",
    FindingsIgnored = "driftline_findings_ignored", Cluster, "findings", []:
        "Differences that the operator's rules and annotations ignore.",
    HealthEntries = "driftline_health_entries", Cluster, "entries", ["code", "severity"]:
        "Health entries of releases by code and severity.",
    OldestDrift = "driftline_oldest_drift_age_seconds", Cluster, "seconds", []:
        "How long the oldest drift whose beginning is known had lasted when the scan ended; 0 without drift.",
    UndatedDrift = "driftline_drift_undated", Cluster, "differences", []:
        "Drifted fields and objects of which nothing tells since when.",
    Changes = "driftline_changes", Cluster, "changes", ["status"]:
        "What drifted or is unwell by how it stands to earlier scans; absent without memory.",
    Flapping = "driftline_changes_flapping", Cluster, "changes", []:
        "How much of that keeps coming and going; absent without memory.",
    OrphanedReleases = "driftline_orphaned_releases", Cluster, "releases", []:
        "Releases of which objects are left and no record; absent unless --orphans is given.",
    ReleaseDrifted = "driftline_release_drifted", Cluster, "0 or 1", ["namespace", "release"]:
        "Whether a release drifted; absent unless metrics.releases is set.",
    ReleaseDrift = "driftline_release_drift", Cluster, "differences", ["namespace", "release"]:
        "Drifted fields of a release, and its objects that are missing, terminating, foreign or left over; absent unless metrics.releases is set.",
    ReleaseOldestDrift = "driftline_release_oldest_drift_age_seconds", Cluster, "seconds", ["namespace", "release"]:
        "How long the oldest drift of a release whose beginning is known had lasted when the scan ended, 0 without drift; absent unless metrics.releases is set.",
    ReleaseCritical = "driftline_release_critical", Cluster, "entries", ["namespace", "release"]:
        "Health entries of severity critical of a release; absent unless metrics.releases is set.",
    ReleasesLeftOut = "driftline_releases_left_out", Cluster, "releases", []:
        "Releases without series of their own, because there are more than metrics.releases allows; the worst have them first.",
}

impl Family {
    /// The metric of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|family| family.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for family in Family::ALL {
            let (name, unit) = (family.name(), family.unit());
            let parts = name.strip_prefix("driftline_").unwrap();
            assert!(
                parts
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{name}"
            );
            // The endings of counters and of histograms.
            for ending in ["_total", "_count", "_sum", "_bucket"] {
                assert!(!name.ends_with(ending), "{name}");
            }
            assert_eq!(
                unit == "seconds" || unit == "Unix time",
                name.ends_with("_seconds"),
                "{name}"
            );
            assert_eq!(
                unit == "Unix time",
                name.ends_with("_timestamp_seconds"),
                "{name}"
            );
            assert_eq!(unit == "bytes", name.ends_with("_bytes"), "{name}");
            assert!(
                family.help().ends_with('.') && !family.help().contains('\n'),
                "{name}"
            );
            assert!(!family.labels().contains(&"cluster"), "{name}");
            assert_eq!(Family::named(name), Some(*family));
        }
    }
}
