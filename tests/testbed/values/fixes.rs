//! A table of hot fixes as text, and what keeps each of them.
//!
//! ```text
//! [values-app] {"replicaCount": 3}
//!
//! Deployment/values-app: an image's tag
//!     $ kubectl set image {o} app=registry.example.com/shop/app:1.5.0
//!     {app}/image -> image.tag = "1.5.0"
//! ```
//!
//! A section names a chart and the values that its release is given. All of its hot fixes are made on one release, and what
//! is printed for them is given to one upgrade. A row says what is done in shell, and then all that is said of the drift of
//! its object: the field and the key with its value, followed by whatever is not usual of `verified` and `chart-default`; or
//! `none`, and why. `, disputed` ends a line that cannot be kept beside another one of its section. A line that begins with
//! `alone:` holds without the chart, one with `chart:` where the chart is given as a folder or as an archive; in a section
//! with such lines all three are asked and upgraded.
//!
//! Each key is set alone, too, and rendered by Helm: the field becomes what lives, and what else moves is what was
//! foretold, no more and no less.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use super::kept::{Asked, Said, living, manifest};
use super::rendered::Rendered;
use crate::harness::{Change, Cluster, HelmVersion, Problems, Release, is_sampled, place};

const TABLE: &str = include_str!("fixes.txt");

/// Hot fixes that are made together.
struct Section {
    chart: &'static str,
    /// The values that the release is given, as YAML.
    given: &'static str,
    rows: Vec<Change>,
}

/// What is at hand of the chart when the question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chart {
    Record,
    Folder,
    Archive,
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_upgrade_with_the_printed_values_keeps_every_hot_fix_helm_3() {
    check(HelmVersion::V3);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_upgrade_with_the_printed_values_keeps_every_hot_fix_helm_4() {
    check(HelmVersion::V4);
}

fn check(helm: HelmVersion) {
    let mut problems = Problems::default();
    let turn = usize::from(helm == HelmVersion::V4);
    let sections = sections();
    let runs = sections
        .iter()
        .flat_map(|section| section.charts().iter().map(move |chart| (section, *chart)));
    for (position, (section, chart)) in runs.enumerate() {
        if is_sampled(position, turn, HelmVersion::ALL.len()) {
            section.check(helm, chart, &mut problems);
        }
    }
}

fn sections() -> Vec<Section> {
    let sections = TABLE.split("\n[").skip(1).map(|section| {
        let (head, rows) = section.split_once('\n').expect("a section has rows");
        let (chart, given) = head
            .split_once(']')
            .expect("a section begins with a chart's name");
        Section {
            chart,
            given: given.trim(),
            rows: Change::all(rows),
        }
    });
    sections.collect()
}

impl Section {
    fn charts(&self) -> &'static [Chart] {
        let mut lines = self.rows.iter().flat_map(|row| &row.lines);
        if lines.any(|line| line.starts_with("chart: ")) {
            &[Chart::Record, Chart::Folder, Chart::Archive]
        } else {
            &[Chart::Record]
        }
    }

    fn check(&self, helm: HelmVersion, chart: Chart, problems: &mut Problems) {
        let dir = tempfile::tempdir().expect("there is room for temporary files");
        let file = |name: &str| dir.path().join(name).display().to_string();
        let given = file("values.yaml");
        fs::write(&given, self.given).expect("a file can be written");
        let given = ["-f", given.as_str()];
        let release = Release::install(Cluster::shared(), helm, self.chart, &given);
        let before = manifest(&release);
        for row in &self.rows {
            problems.note(&release, row.title, &row.act(&release));
        }
        let live = living(&release);
        let at_hand = at_hand(&release, chart, &dir);
        let asked = Asked::of(&release, &at_hand.iter().map(String::as_str).collect::<Vec<_>>());
        let what = |text: &str| format!("[{}] {} {chart:?}: {text}", self.chart, self.given);
        problems.note(
            &release,
            &what("what is said"),
            &self.unlike(&release, chart, &asked),
        );
        problems.note(&release, &what("what is printed"), &misprinted(&asked, &live));
        let alone = asked.said.iter();
        let alone: Vec<String> = alone
            .flat_map(|said| said.broken_alone(&release, &given, &before, &live))
            .collect();
        problems.note(&release, &what("alone"), &alone);

        let keep = file("keep.yaml");
        fs::write(&keep, &asked.snippet).expect("a file can be written");
        // Both ways to give the own values again.
        let mut flags = match helm {
            HelmVersion::V3 => given.to_vec(),
            HelmVersion::V4 => vec!["--reset-then-reuse-values"],
        };
        flags.extend(["-f", keep.as_str()]);
        if helm == HelmVersion::V4 && asked.kept().count() < asked.said.len() {
            // Others own the fields that are not kept.
            flags.push("--force-conflicts");
        }
        let upgrade = release.helm("upgrade", &flags);
        if upgrade.status != 0 {
            let failed = format!(
                "{} failed: {}\n{}",
                upgrade.command, upgrade.stderr, asked.snippet
            );
            problems.note(&release, &what("the upgrade"), &[failed]);
            return;
        }
        let mut broken = asked.broken(&before, &manifest(&release), &live);
        broken.extend(lost(&asked, &live, &living(&release)));
        let scan = release.scan();
        let drift = scan.drift().into_iter().filter(|finding| {
            let mut kept = asked.kept();
            kept.any(|said| said.object == finding.object && said.path == finding.path)
        });
        broken.extend(drift.map(|finding| format!("it is drift again: {finding}")));
        problems.note(&release, &what("all together"), &broken);
    }

    /// Where what is said is not what the table has.
    fn unlike(&self, release: &Release<'_>, chart: Chart, asked: &Asked) -> Vec<String> {
        let mut problems = Vec::new();
        let mut wanted: Vec<(String, String)> = Vec::new();
        for row in &self.rows {
            let object = format!("{}/{}", row.kind, row.full_name(release));
            let lines = row.lines.iter().filter_map(|line| match line.split_once(": ") {
                Some(("alone", line)) => (chart == Chart::Record).then_some(line),
                Some(("chart", line)) => (chart != Chart::Record).then_some(line),
                _ => Some(*line),
            });
            wanted.extend(lines.map(|line| (object.clone(), row.fill(release, line))));
        }
        let found: Vec<(String, String)> = asked
            .said
            .iter()
            .map(|said| (said.object.clone(), line(asked, said)))
            .collect();
        let missed = wanted.iter().filter(|line| !found.contains(line));
        problems.extend(missed.map(|(object, line)| format!("missed:   {object} {line}")));
        let more = found.iter().filter(|line| !wanted.contains(line));
        problems.extend(more.map(|(object, line)| format!("said:     {object} {line}")));
        problems
    }
}

/// What is said of a field, as the table writes it.
fn line(asked: &Asked, said: &Said) -> String {
    let line = said.line();
    let is_set = line.contains(" = ") && !said.is_hidden();
    if is_set && !asked.keeps(said) {
        format!("{line}, disputed")
    } else {
        line
    }
}

/// The arguments that give the chart.
fn at_hand(release: &Release<'_>, chart: Chart, dir: &TempDir) -> Vec<String> {
    match chart {
        Chart::Record => Vec::new(),
        Chart::Folder => vec!["--chart".to_owned(), release.chart.clone()],
        Chart::Archive => {
            let into = dir.path().display().to_string();
            let packed = ["package", &release.chart, "-d", &into];
            let told = release.cluster.helm(release.helm, &packed).succeeded();
            let (_, archive) = told
                .trim()
                .rsplit_once(' ')
                .expect("Helm says where the archive is");
            assert!(Path::new(archive).is_file(), "{told}");
            vec!["--chart".to_owned(), archive.to_owned()]
        }
    }
}

/// What is wrong with the printed text: counts, the status, disputes that are not told, and secrets.
fn misprinted(asked: &Asked, live: &Rendered) -> Vec<String> {
    let mut problems = Vec::new();
    let lines: Vec<String> = asked.said.iter().map(|said| line(asked, said)).collect();
    let without_those_that_stay = || {
        let said = asked.said.iter().zip(&lines);
        said.filter(|(said, _)| !said.stays()).map(|(_, line)| line)
    };
    let counted = |what: &str| {
        without_those_that_stay()
            .filter(|line| line.contains(what))
            .count()
    };
    let stays = lines.len() - without_those_that_stay().count();
    let said = asked.said.iter().zip(&lines);
    let (fails, passes): (Vec<_>, Vec<_>) = said
        .filter(|(said, _)| !said.stays())
        .partition(|(said, _)| said.fails());
    let is_set_by_chart = |(_, line): &&(_, &String)| line.contains("none: set-by-chart");
    let set_by_chart = passes.iter().filter(is_set_by_chart).count();
    let fails = fails.len();
    let by_hand = counted("<hidden>") + counted(", disputed");
    let none = counted("none: ") - set_by_chart - fails;
    let kept = lines.len() - set_by_chart - by_hand - stays - none - fails;
    let fields = if lines.len() == 1 { "field" } else { "fields" };
    let mut told = format!("{kept} of {} drifted {fields} kept", lines.len());
    for (number, what) in [
        (by_hand, "to set by hand"),
        (stays, "left by the next upgrade as they live"),
        (set_by_chart, "set by the chart itself"),
        (fails, "without a key, at which the next upgrade fails"),
        (none, "without a known key"),
    ] {
        if number > 0 {
            told = format!("{told}, {number} {what}");
        }
    }
    if asked.told.stderr.trim() != told {
        problems.push(format!("not {told}, but {}", asked.told.stderr.trim()));
    }
    let status = i32::from(by_hand + none + fails > 0);
    if asked.told.status != status {
        problems.push(format!("not status {status}, but {}", asked.told.status));
    }
    let disputes = [
        "These want different values of one key",
        "The key of one of these also changes another one",
    ];
    let disputes = disputes.map(|heading| asked.snippet.split_once(heading).map_or("", |(_, rest)| rest));
    for (said, line) in asked.said.iter().zip(&lines) {
        if line.ends_with(", disputed") && !disputes.iter().any(|told| told.contains(&said.path)) {
            problems.push(format!("nobody is told of the dispute: {line}"));
        }
        if line.contains("<hidden>") {
            let key = line
                .split(" -> ")
                .nth(1)
                .and_then(|rest| rest.split(" = ").next());
            let printed = format!("#   {}: <hidden>", key.unwrap_or_default());
            if !asked.snippet.contains(&printed) {
                problems.push(format!("no line {printed}\n{}", asked.snippet));
            }
        }
        problems.extend(revealed(asked, said, live));
    }
    problems
}

/// The secrets that are printed.
fn revealed(asked: &Asked, said: &Said, live: &Rendered) -> Option<String> {
    if !said.object.starts_with("Secret/") {
        return None;
    }
    let encoded = place::at(live.object(&said.object)?, &said.path)?.as_str()?;
    let decoded = STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())?;
    let printed = [&asked.told.stdout, &asked.told.stderr];
    let is_printed = printed
        .iter()
        .any(|text| text.contains(encoded) || text.contains(&decoded));
    is_printed.then(|| format!("the secret at {} is printed", said.path))
}

/// The fields that were kept, or to stay, and that live otherwise than they did.
fn lost(asked: &Asked, before: &Rendered, after: &Rendered) -> Vec<String> {
    let at = |of: &Rendered, said: &Said| -> Option<Value> {
        place::at(of.object(&said.object)?, &said.path).cloned()
    };
    let stay = asked.said.iter().filter(|said| said.stays());
    let kept = asked
        .kept()
        .chain(stay)
        .map(|said| (said, at(before, said), at(after, said)));
    kept.filter(|(_, before, after)| before != after)
        .map(|(said, before, after)| format!("{} {}: {before:?} became {after:?}", said.object, said.path))
        .collect()
}
