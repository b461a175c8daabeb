//! The report as `JUnit` XML, which nearly every CI system shows as tests: a suite for each namespace, a test for each
//! release.
//!
//! The tests say what the exit status says: 1 where one of them fails, 3 where none fails and one has an error, 0 where there
//! is neither, and of a scan that did not finish, which is 2, everything that would fail is an error. What could not be read
//! and belongs to no release is a suite of its own.

use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, Utc};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::entry::{self, failures, safe};
use super::rule::Rule;
use super::severity::{Effect, Effects};
use crate::model::{ReleaseReport, Report};
use crate::report::RenderOptions;
use crate::report::sanitize::Medium;
use crate::report::summary::{FailOn, has_unread_parts};
use crate::report::text::{self, Extent, TextOptions};
use crate::report::urgency::Urgent;
use crate::report::words::{count, headline};
use crate::vocabulary::{HealthCode, ObjectState, Outcome, Verdict};

/// How many lines and bytes of text a test has.
const LINES: usize = 200;
const BYTES: usize = 64 << 10;
/// How many bytes of text all tests have together. GitLab takes files of 30 MB.
const ALL_BYTES: usize = 16 << 20;
/// How many tests say what could not be read.
const FAILURES: usize = 1_000;
/// The suite of what belongs to no release. No namespace is called so.
const SCAN_SUITE: &str = "driftline scan";
/// How the class of a test begins.
const CLASS: &str = "helm";
/// What is said of a release of which everything is ignored.
const IGNORED: &str = "everything of it is ignored";
/// What is said of a release that nothing is deployed of, where its health does not say why.
const NO_BASELINE: &str = "there is no deployed revision to compare with";
/// What is said of a report whose releases do not show what was not read, and of one without an end.
const UNREAD: &str = "not everything could be read";
const UNFINISHED: &str = "the scan did not finish";

/// Writes a report as `JUnit` XML.
pub(in crate::report) fn render(
    report: &Report,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let document = document(report, options, ALL_BYTES);
    let xml = document.to_string().map_err(io::Error::other)?;
    // XML has no form for these two, and the library lets them through.
    let xml = xml
        .replace('\u{fffe}', "\\u{fffe}")
        .replace('\u{ffff}', "\\u{ffff}");
    // The schema that Jenkins holds a file to (junit-10.xsd of its xUnit plugin) knows this count of suites only.
    let (root, suites) = xml.split_once("<testsuite ").unwrap_or((&xml, ""));
    let skipped = format!(" skipped=\"{}\"", document.skipped);
    write!(out, "{}<testsuite {suites}", root.replace(&skipped, ""))
}

fn document(report: &Report, options: &RenderOptions, bytes: usize) -> quick_junit::Report {
    let mut document = quick_junit::Report::new("driftline");
    let took = (report.finished_at - report.started_at)
        .to_std()
        .unwrap_or_default();
    document.set_time(took);
    let effects = Effects::of(report, options.text.fail_on);
    let mut tests = Tests {
        effects,
        fail_on: options.text.fail_on,
        now: report.started_at,
        bytes,
    };
    for releases in report
        .releases
        .chunk_by(|one, other| one.place() == other.place())
    {
        let namespace = releases.first().map(|release| safe(&release.place()));
        let mut suite = suite(&namespace.unwrap_or_default(), report);
        for release in releases {
            suite.add_test_case(tests.of_release(release));
        }
        document.add_test_suite(suite);
    }
    let is_told = document.failures + document.errors > 0;
    document.add_test_suite(scan_suite(report, is_told));
    document
}

fn suite(name: &str, report: &Report) -> TestSuite {
    let mut suite = TestSuite::new(name);
    suite.set_timestamp(report.started_at);
    // Releases are read side by side: none has a time of its own.
    suite.set_time(Duration::ZERO);
    suite
}

/// Whether the scan itself read everything, a test for each thing that it did not. Where no test of a release tells that
/// something is wrong, one of these does.
fn scan_suite(report: &Report, is_told: bool) -> TestSuite {
    let mut suite = suite(SCAN_SUITE, report);
    for (at, failure) in failures(report).take(FAILURES).enumerate() {
        let status = non_success(NonSuccessKind::Error, "scan-error", &failure, None);
        suite.add_test_case(test(&format!("error {}", at + 1), CLASS, status));
    }
    let more = failures(report).count().saturating_sub(FAILURES);
    if more > 0 {
        let status = non_success(
            NonSuccessKind::Error,
            "scan-error",
            &count(more, "more error"),
            None,
        );
        suite.add_test_case(test("more errors", CLASS, status));
    }
    // A report that was shortened, or one that somebody edited.
    let untold = match report.outcome {
        Outcome::Error => Some(UNFINISHED),
        Outcome::Clean | Outcome::Drift | Outcome::Incomplete => has_unread_parts(report).then_some(UNREAD),
    };
    if suite.tests == 0
        && !is_told
        && let Some(untold) = untold
    {
        let status = non_success(NonSuccessKind::Error, "scan-error", untold, None);
        suite.add_test_case(test("scan", CLASS, status));
    }
    if suite.tests == 0 {
        let mut whole = test("scan", CLASS, TestCaseStatus::success());
        whole.set_system_out(safe(&headline(report)));
        suite.add_test_case(whole);
    }
    suite
}

fn test(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut test = TestCase::new(name, status);
    test.set_classname(class);
    test.set_time(Duration::ZERO);
    test
}

fn non_success(kind: NonSuccessKind, ty: &str, message: &str, text: Option<String>) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(ty).set_message(message);
    if let Some(text) = text {
        status.set_description(XmlString::from(text));
    }
    status
}

/// Makes the tests, while there is room for their texts.
struct Tests {
    effects: Effects,
    fail_on: FailOn,
    now: DateTime<Utc>,
    bytes: usize,
}

impl Tests {
    fn of_release(&mut self, release: &ReleaseReport) -> TestCase {
        let urgent = Urgent::of(release);
        let ty = urgent.map_or_else(
            || release.verdict.to_string(),
            |urgent| Rule::of_trouble(urgent.worst).to_string(),
        );
        let message = entry::worst(release, urgent.as_ref());
        let class = format!("{CLASS}.{}", safe(&release.place()));
        let name = test_name(release);
        let kind = match self.effects.of_release(release) {
            Effect::FailsByDrift | Effect::FailsByHealth if !self.effects.is_unfinished() => {
                NonSuccessKind::Failure
            }
            Effect::FailsByDrift | Effect::FailsByHealth | Effect::Unread => NonSuccessKind::Error,
            Effect::None => {
                let status = self
                    .skipped(release)
                    .map_or_else(TestCaseStatus::success, |reason| {
                        let mut status = TestCaseStatus::skipped();
                        status.set_message(reason);
                        status
                    });
                let mut test = test(&name, &class, status);
                // The room is for what fails: known drift is not told again.
                if urgent.is_some() && release.verdict != Verdict::Drifted {
                    test.set_system_out(self.text(release));
                }
                return test;
            }
        };
        let status = non_success(kind, &ty, &message, Some(self.text(release)));
        test(&name, &class, status)
    }

    /// Why there was nothing to test in a release with which nothing is wrong that counts, if there was not.
    fn skipped(&self, release: &ReleaseReport) -> Option<String> {
        if release.verdict == Verdict::Drifted {
            let fail_on = self.fail_on;
            Some(format!("its drift was known before (--fail-on {fail_on})"))
        } else if release.baseline.is_none() {
            let mut health = release.health.iter();
            let entry = health.find(|entry| entry.code == HealthCode::NoBaseline);
            Some(entry.map_or_else(|| NO_BASELINE.to_owned(), |entry| safe(&entry.message)))
        } else if is_ignored(release) {
            Some(IGNORED.to_owned())
        } else {
            None
        }
    }

    /// What the text report says of a release, as far as there is room.
    fn text(&mut self, release: &ReleaseReport) -> String {
        let options = TextOptions {
            medium: Medium::CiLog,
            extent: Extent::Lists,
            ..TextOptions::PLAIN
        };
        let mut excerpt = Excerpt {
            room: BYTES.min(self.bytes),
            ..Excerpt::default()
        };
        // An excerpt takes everything.
        let _ = text::release::write(release, &options, Some(self.now), &mut excerpt);
        let text = excerpt.into_text();
        self.bytes = self.bytes.saturating_sub(text.len());
        text
    }
}

/// The name of the test of a release: two releases of one name, with their records in different places, are two tests.
fn test_name(release: &ReleaseReport) -> String {
    let storage = &release.storage;
    if storage.namespace == release.namespace && storage.driver == "secret" {
        safe(&release.name)
    } else {
        let (driver, namespace) = (&storage.driver, &storage.namespace);
        safe(&format!("{} (stored as {driver} in {namespace})", release.name))
    }
}

/// Whether the operator ignores everything that a report has of a release.
fn is_ignored(release: &ReleaseReport) -> bool {
    let is_ignored = |state| state == ObjectState::Ignored;
    !release.objects.is_empty() && release.objects.iter().all(|object| is_ignored(object.state))
}

/// The beginning of a text, and how much more there is of it.
#[derive(Debug, Default)]
struct Excerpt {
    kept: Vec<u8>,
    lines: usize,
    /// How many bytes may still be kept.
    room: usize,
    /// How many lines are left out.
    left_out: usize,
    /// The line that is being written.
    line: Vec<u8>,
    /// How long it is, kept or not.
    line_bytes: usize,
}

impl Excerpt {
    fn end_line(&mut self) {
        let fits = self.lines < LINES && self.line_bytes <= self.room && self.left_out == 0;
        if fits {
            self.room -= self.line_bytes;
            self.lines += 1;
            self.kept.append(&mut self.line);
            self.kept.push(b'\n');
        } else {
            self.left_out += 1;
        }
        self.line.clear();
        self.line_bytes = 0;
    }

    fn into_text(mut self) -> String {
        if self.line_bytes > 0 {
            self.end_line();
        }
        let mut text = String::from_utf8_lossy(&self.kept).into_owned();
        if self.left_out > 0 {
            text.push_str(&count(self.left_out, "more line"));
            text.push_str(" left out\n");
        }
        text
    }
}

impl Write for Excerpt {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (at, part) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if at > 0 {
                self.end_line();
            }
            self.line_bytes += part.len();
            // A line without end does not fill the memory.
            if self.line_bytes <= self.room {
                self.line.extend_from_slice(part);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
