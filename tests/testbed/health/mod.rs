//! Releases that are brought into trouble for real, and out of it by what driftline advises.
//!
//! Each state is made with Helm 4, and half of them with Helm 3, too. Then the diagnosis is read, its commands are run in their order, and the release
//! has to be deployed, clean and without a diagnosis. Right before each rollback and upgrade among them its preview is asked
//! for, and held to what it comes to. The pages in `docs/diagnose` are what `driftline diagnose` printed
//! of Helm 4's; `UPDATE_PAGES=1` writes them anew.

mod cure;
mod entangled;
mod page;
mod previewed;
mod states;

use self::cure::Cure;
use self::entangled::ENTANGLED;
use self::states::{STATES, observed};
use crate::harness::{Cluster, HelmVersion, Problems, Release, Scan, is_sampled};

/// A way to get into trouble.
struct State {
    /// The name of its page.
    name: &'static str,
    /// Arguments of the installation.
    install: &'static [&'static str],
    /// Whether the installation itself is what goes wrong.
    begin: Begin,
    /// What goes wrong.
    make: fn(&Release<'_>),
    /// From which age on an operation is stuck.
    stuck_after: &'static str,
    /// The diagnoses, in the order of the page; `helm4: ` begins those that only Helm 4 brings about.
    diagnoses: &'static [&'static str],
    /// A Helm that does not get into this trouble.
    immune: Option<HelmVersion>,
    /// The way out.
    cure: Cure,
}

/// How a state begins.
#[derive(PartialEq, Eq)]
enum Begin {
    /// With a release that is well.
    Installed,
    /// With nothing but a namespace.
    Empty,
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn every_trouble_is_diagnosed_and_the_advice_ends_it() {
    let mut problems = Problems::default();
    for (position, state) in chosen().enumerate() {
        for helm in HelmVersion::ALL {
            // The pages are of Helm 4.
            if helm == HelmVersion::V3 && !is_sampled(position, 0, 2) {
                continue;
            }
            let release = state.made(helm);
            problems.note(&release, state.name, &state.check(&release));
        }
    }
    previewed::tell();
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_a_failed_revision_wrote_and_no_upgrade_removed_is_drift() {
    for helm in HelmVersion::ALL {
        assert_eq!(
            entangled::fields_of_a_failed_revision(helm),
            Vec::<String>::new(),
            "{}",
            helm.name()
        );
    }
}

/// A run begins with each command of every so manieth state.
const SAMPLED: usize = 8;

/// Whoever reads a page may begin with any of its commands. A run tries some of the states, and with `DRIFTLINE_ALL=1` or
/// `TROUBLE` all that are chosen.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn every_advised_command_does_what_it_says_by_itself() {
    let mut problems = Problems::default();
    let is_chosen = std::env::var_os("TROUBLE").is_some();
    for (position, state) in chosen().enumerate() {
        let helms = HelmVersion::ALL
            .into_iter()
            .enumerate()
            .filter(|(_, helm)| state.immune != Some(*helm));
        for (turn, helm) in helms {
            if !is_chosen && !is_sampled(position, turn, SAMPLED) {
                continue;
            }
            for code in state.cure.advice() {
                let release = state.made(helm);
                let report = cure::diagnose(&release, state.stuck_after).report;
                for number in 1..cure::endings(&report, code) {
                    let release = state.made(helm);
                    let report = cure::diagnose(&release, state.stuck_after).report;
                    let failed = cure::run_ending(&release, &report, code, number);
                    problems.note(&release, state.name, &failed);
                }
            }
        }
    }
    previewed::tell();
}

/// The states whose names begin like `TROUBLE`, or all.
fn chosen() -> impl Iterator<Item = &'static State> {
    let begin = std::env::var("TROUBLE").unwrap_or_default();
    STATES
        .iter()
        .chain(ENTANGLED)
        .filter(move |state| state.name.starts_with(&begin))
}

/// What a scan reads is enough for a diagnosis later and elsewhere.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn a_snapshot_is_diagnosed_like_its_cluster() {
    let release = Release::install(Cluster::shared_for_deletions(), HelmVersion::V4, "troubled", &[]);
    release.upgrade_to(&["--set=message=two"]).succeeded();
    release
        .upgrade_to(&["--set=service=second,message=three,added=true"])
        .failed();
    let dir = tempfile::tempdir().expect("there is room for temporary files");
    let path = dir.path().join("snapshot").display().to_string();
    let cluster = release.cluster;
    cluster
        .driftline(&["snapshot", "-n", &release.namespace, "-o", &path, "--redact"])
        .succeeded();
    let diagnose = |place: [&str; 2]| {
        let mut args = vec!["diagnose", &release.name, "-o", "json"];
        args.extend(place);
        Scan::from(cluster.driftline(&args)).report["releases"][0].clone()
    };
    let (live, recorded) = (
        diagnose(["-n", &release.namespace]),
        diagnose(["--snapshot", &path]),
    );
    assert_eq!(recorded["detail"]["objects"], live["detail"]["objects"]);
    assert_eq!(recorded["health"], live["health"]);
    assert_eq!(
        recorded["health"].as_array().map(Vec::len),
        Some(3),
        "{:#}",
        live["health"]
    );
}

impl State {
    /// A release in this state.
    fn made(&self, helm: HelmVersion) -> Release<'static> {
        let release = match self.begin {
            Begin::Installed => {
                let release =
                    Release::install(Cluster::shared_for_deletions(), helm, "troubled", self.install);
                observed(&release);
                release
            }
            Begin::Empty => Release::unborn(Cluster::shared_for_deletions(), helm, "troubled"),
        };
        (self.make)(&release);
        release
    }

    fn check(&self, release: &Release<'_>) -> Vec<String> {
        let mut problems = Vec::new();
        let diagnosis = cure::diagnose(release, self.stuck_after);
        let codes = cure::codes(&diagnosis.report);
        let is_immune = self.immune == Some(release.helm);
        let expected: Vec<&str> = if is_immune {
            Vec::new()
        } else {
            let of_this_helm = |code: &&'static str| match code.split_once(": ") {
                None => Some(*code),
                Some((helm, code)) => (helm == release.helm.name()).then_some(code),
            };
            self.diagnoses.iter().filter_map(of_this_helm).collect()
        };
        if codes != expected {
            problems.push(format!("diagnosed: {codes:?}, not {expected:?}"));
        }
        let is_wrong = cure::severities(&diagnosis.report).any(|severity| severity != "info");
        let is_orphaned = diagnosis.report["orphans"]
            .as_array()
            .is_some_and(|orphans| !orphans.is_empty());
        if diagnosis.status != i32::from(is_wrong || is_orphaned) {
            problems.push(format!("exit status {}: {}", diagnosis.status, diagnosis.stderr));
        }
        if release.helm == HelmVersion::V4 {
            problems.extend(page::check(self, release));
        }
        if !is_immune {
            problems.extend(self.cure.run(release, &diagnosis.report));
        }
        problems
    }
}
