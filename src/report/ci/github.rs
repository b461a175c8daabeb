//! The report as annotations of a GitHub workflow: a command to the runner for each release, the worst first.
//!
//! A release of which an earlier scan knew everything has none, unless it fails the command. A runner shows ten annotations
//! of a kind for a step, so that no more are written; the last line says how many releases are left out. Commands are escaped as the runner reads them (`_escapeDataMappings` and `_escapePropertyMappings` in
//! `src/Runner.Common/ActionCommand.cs` of actions/runner): it takes a line that begins with `::` for a command up to the
//! next `::`, and the older `##[command]` anywhere in a line. Text from a cluster stands in such a line only, escaped and
//! without anything invisible, and never at the beginning of one.

use std::io::{self, Write};

use super::entry::{cut, failures, name, safe, worst_of};
use super::location::{LINE, Locations};
use super::severity::Effects;
use crate::model::{ReleaseReport, Report};
use crate::report::RenderOptions;
use crate::report::text::changes;
use crate::report::urgency::{Trouble, Urgent, order};
use crate::report::words::{command_elsewhere, count, verdict};
use crate::vocabulary::{HealthSeverity, Verdict};

/// How many annotations are written.
const ANNOTATIONS: usize = 10;
/// How long a title is.
const TITLE: usize = 200;

/// The kinds of annotations, by the names of the runner's commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Annotation {
    Error,
    Warning,
    Notice,
}

impl Annotation {
    const fn command(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// Writes the annotations of a report; nothing where all is in order.
pub(in crate::report) fn render(
    report: &Report,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let is_known = |release: &ReleaseReport| report.compared_with.is_some() && changes::is_known(release);
    let (known, mut releases): (Vec<_>, Vec<_>) = annotated(report, options)
        .into_iter()
        .partition(|(annotation, urgent)| *annotation != Annotation::Error && is_known(urgent.release));
    releases.sort_by_cached_key(|(annotation, urgent)| {
        (*annotation, is_known(urgent.release), order(urgent.release))
    });
    let failures = failure(report);
    let room = ANNOTATIONS - usize::from(failures.is_some());
    if let Some(message) = failures {
        writeln!(out, "::warning title=driftline::{}", data(&message))?;
    }
    let locations = Locations::of(options);
    for (annotation, urgent) in releases.iter().take(room) {
        let release = urgent.release;
        let place = match urgent.worst {
            Trouble::Health(_) => locations.of_release(release),
            Trouble::Object(object) | Trouble::Field(object, _) => locations.of_object(release, object),
        };
        let title = format!("driftline: {} {}", verdict(release), name(release));
        writeln!(
            out,
            "::{} file={},line={LINE},title={}::{}",
            annotation.command(),
            property(&place.path),
            property(&cut(&safe(&title), TITLE)),
            data(&message(urgent))
        )?;
    }
    let left_out = [
        (releases.len().saturating_sub(room), "more release"),
        (known.len(), "known release"),
    ];
    let left_out = left_out.into_iter().filter(|(number, _)| *number > 0);
    let left_out: Vec<String> = left_out.map(|(number, noun)| count(number, noun)).collect();
    if !left_out.is_empty() {
        writeln!(out, "and {} not in order", left_out.join(" and "))?;
    }
    Ok(())
}

/// What an annotation says below its title: the worst of the release, and the command for all that is known of it. Who
/// reads it has neither the files nor the contexts of the job.
fn message(urgent: &Urgent<'_>) -> String {
    let worst = worst_of(urgent);
    let command = command_elsewhere(&["diagnose"], urgent.release);
    let command = command.ok().map(|command| command.to_string());
    // A command that is not what it says is none.
    match command.filter(|command| safe(command) == *command) {
        Some(command) => format!("{worst}; next step: {command}"),
        None => worst,
    }
}

/// The releases that have anything that somebody should look at.
fn annotated<'r>(report: &'r Report, options: &RenderOptions) -> Vec<(Annotation, Urgent<'r>)> {
    let effects = Effects::of(report, options.text.fail_on);
    let annotation = |urgent: Urgent<'r>| {
        let release = urgent.release;
        let is_failure = effects.is_failure(effects.of_release(release));
        let annotation = if is_failure {
            Annotation::Error
        } else if release.verdict != Verdict::Clean || is_critical(release) {
            Annotation::Warning
        } else {
            Annotation::Notice
        };
        (annotation, urgent)
    };
    report
        .releases
        .iter()
        .filter_map(Urgent::of)
        .map(annotation)
        .collect()
}

fn is_critical(release: &ReleaseReport) -> bool {
    let mut health = release.health.iter();
    health.any(|entry| entry.severity == HealthSeverity::Critical)
}

/// What could not be read, in a line.
fn failure(report: &Report) -> Option<String> {
    let first = failures(report).next()?;
    Some(match failures(report).count() - 1 {
        0 => first,
        more => format!("{first} (and {})", count(more, "more error")),
    })
}

/// Text as the data of a command. It ends with the line, so that nothing but a line break could end it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::options;
    use super::*;
    use crate::model::{ChangeCounts, ComparedWith, Summary};
    use crate::report::fixtures::{drifted, every, finding, hostile, object, release, report};
    use crate::report::sanitize::{is_runner_command, is_unsafe};
    use crate::report::summary::FailOn;
    use crate::vocabulary::{ChangeStatus, FindingCode, HealthCode, MemoryDetail};

    fn rendered(report: &Report, fail_on: FailOn) -> Vec<String> {
        let mut out = Vec::new();
        render(report, &options(fail_on), &mut out).unwrap();
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn drifted_release(name: &str) -> ReleaseReport {
        let service = object("v1", "Service", "shop", name);
        release("shop", name).with_objects([service.drifted([finding(
            FindingCode::Changed,
            "/spec/type",
            None,
            None,
        )])])
    }

    #[test]
    fn an_annotation_names_the_release_its_worst_trouble_and_a_file() {
        let lines = rendered(&report(vec![drifted_release("web")]), FailOn::DRIFT);
        assert_eq!(
            lines,
            [
                "::error file=helm/shop/web/Service.web.yaml,line=1,title=driftline%3A drifted shop/web\
              ::changed /spec/type of Service web; next step: driftline diagnose web -n shop"
            ]
        );
    }

    #[test]
    fn what_fails_the_command_is_an_error_and_comes_first() {
        let reports = || {
            report(vec![
                release("shop", "bloated").with_health(HealthCode::HistoryBloat, HealthSeverity::Warning),
                release("shop", "stuck").with_health(HealthCode::Stuck, HealthSeverity::Critical),
                drifted_release("web"),
                release("shop", "fine"),
            ])
        };
        let kinds = |fail_on| {
            let lines = rendered(&reports(), fail_on);
            let kind = |line: &String| line.split(' ').next().unwrap().to_owned();
            lines.iter().map(kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(FailOn::DRIFT), ["::error", "::warning", "::notice"]);
        assert_eq!(kinds(FailOn::HEALTH), ["::error", "::error", "::notice"]);
        let first = &rendered(&reports(), FailOn::HEALTH)[0];
        assert!(first.contains("shop/stuck"), "{first}");
    }

    #[test]
    fn ten_are_written_and_the_rest_is_counted() {
        let releases = (0..25).map(|at| drifted_release(&format!("web-{at:02}")));
        let lines = rendered(&report(releases.collect()), FailOn::DRIFT);
        assert_eq!(lines.len(), ANNOTATIONS + 1);
        assert_eq!(lines[ANNOTATIONS], "and 15 more releases not in order");
    }

    #[test]
    fn what_was_known_before_is_counted_and_not_annotated() {
        let mut compared = report(vec![
            drifted_release("a"),
            drifted_release("b"),
            drifted_release("c"),
            release("shop", "bloated").with_health(HealthCode::HistoryBloat, HealthSeverity::Warning),
        ]);
        let (known, new) = (Some(ChangeStatus::Ongoing), Some(ChangeStatus::New));
        for release in &mut compared.releases {
            let status = if release.name == "b" { new } else { known };
            release.tracked.status = status;
            for object in &mut release.objects {
                object.tracked.status = status;
            }
        }
        compared.summary.changes = Some(ChangeCounts::default());
        // Who compares with nothing knows nothing.
        assert_eq!(rendered(&compared, FailOn::DRIFT).len(), 4);
        compared.compared_with = Some(ComparedWith {
            scanned_at: None,
            detail: MemoryDetail::Fields,
        });
        let lines = rendered(&compared, FailOn::NEW);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].starts_with("::error ") && lines[0].contains("shop/b"),
            "{lines:?}"
        );
        assert_eq!(lines[1], "and 3 known releases not in order");

        // A command never fails without saying why; what is new comes first.
        let lines = rendered(&compared, FailOn::DRIFT);
        let named = |at: usize, name: &str| lines[at].starts_with("::error ") && lines[at].contains(name);
        assert!(
            named(0, "shop/b") && named(1, "shop/a") && named(2, "shop/c"),
            "{lines:?}"
        );
        assert_eq!(lines[3..], ["and 1 known release not in order"]);

        let mut many: Vec<_> = (0..12)
            .map(|at| drifted_release(&format!("web-{at:02}")))
            .collect();
        many.extend(compared.releases.into_iter().take(1));
        let compared = Report {
            compared_with: compared.compared_with,
            summary: Summary {
                changes: Some(ChangeCounts::default()),
                ..Summary::of(&many)
            },
            ..report(many)
        };
        let lines = rendered(&compared, FailOn::NEW);
        assert_eq!(
            lines[ANNOTATIONS],
            "and 2 more releases and 1 known release not in order"
        );
    }

    #[test]
    fn an_annotation_has_no_command_for_a_name_that_cannot_be_pasted() {
        let lines = rendered(&report(vec![drifted_release("$(reboot)\nweb")]), FailOn::DRIFT);
        assert!(!lines[0].contains("next step"), "{lines:?}");
    }

    #[test]
    fn no_name_begins_a_command_or_a_line() {
        let mut reports = every();
        reports.push(("hostile", report(vec![hostile()])));
        let mut percent = drifted_release("a%0A::set-output name=x::y,b:c%");
        percent.objects[0].name = "%0a\n##[add-mask]x".into();
        reports.push(("percent", report(vec![percent])));
        for (name, report) in reports {
            for line in rendered(&report, FailOn::DRIFT) {
                assert!(!line.chars().any(is_unsafe), "{name}: {line:?}");
                let places = || line.char_indices();
                assert!(
                    !places().any(|(at, _)| is_runner_command(&line[at..])),
                    "{name}: {line}"
                );
                let Some(command) = line.strip_prefix("::") else {
                    assert!(line.starts_with("and "), "{name}: {line}");
                    continue;
                };
                let (head, _) = command.split_once("::").unwrap();
                let (kind, properties) = head.split_once(' ').unwrap();
                assert!(["error", "warning", "notice"].contains(&kind), "{name}: {line}");
                let names: Vec<&str> = properties
                    .split(',')
                    .map(|one| one.split('=').next().unwrap())
                    .collect();
                assert!(
                    names == ["file", "line", "title"] || names == ["title"],
                    "{name}: {line}"
                );
            }
        }
    }

    /// What the runner makes of the text is what was meant.
    #[test]
    fn the_runner_reads_what_was_written() {
        let text = "100%, a:b\r\n%0A %25";
        let unescape = |text: &str| {
            let data = text.replace("%0D", "\r").replace("%0A", "\n");
            data.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
        };
        assert_eq!(unescape(&property(text)), text);
        assert_eq!(unescape(&data(text)), text);
        assert!(!property(text).contains([',', ':', '\n', '\r']));
    }

    #[test]
    fn a_report_in_order_has_none() {
        assert!(rendered(&report(vec![release("shop", "web")]), FailOn::DRIFT).is_empty());
        assert!(!rendered(&drifted(), FailOn::DRIFT).is_empty());
    }
}
