//! The end of a report, for a place where the report itself is not read: what went wrong, the worst, and the answer.
//!
//! A job that writes its report to a file fails with nothing but a status. Its log gets these lines.

use std::io::{self, Write};

use super::diagnosis::without_trouble;
use super::line::Line;
use super::{TextOptions, TextWriter, closing, groups, overview};
use crate::model::{Health, ReleaseReport, Report};
use crate::report::ReportKind;
use crate::report::urgency;
use crate::report::words::count;

/// How many errors, and how many health entries, are told. The report has all of them.
const MOST: usize = 10;

/// Writes the end of a report.
pub(crate) fn write(
    report: &Report,
    kind: ReportKind,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = TextWriter {
        options,
        now: Some(report.started_at),
        out,
    };
    for error in report.errors.iter().take(MOST) {
        writer.error(error)?;
    }
    writer.rest(report.errors.len())?;
    match kind {
        ReportKind::Scan => {
            let urgent = urgency::ranked(report);
            let worst = overview::worst(overview::of_groups(&urgent, &groups(report)));
            writer.overview(report, &urgent, &worst)?;
            if options.fail_on.counts_blocked() {
                writer.blocked(report)?;
            }
            writer.line(&closing::answer(report, options))
        }
        ReportKind::Diagnosis => {
            for release in &report.releases {
                writer.health_of(release)?;
            }
            Ok(())
        }
        ReportKind::Preview => {
            for release in &report.releases {
                writer.answer_of_preview(release)?;
            }
            Ok(())
        }
    }
}

impl TextWriter<'_> {
    /// The first releases of which an upgrade or a rollback fails or loses something, where that is a failure.
    fn blocked(&mut self, report: &Report) -> io::Result<()> {
        let fail_on = self.options.fail_on;
        let entries = || {
            report.releases.iter().flat_map(|release| {
                let entries = fail_on.blocked_entries(report, release);
                entries.map(move |entry| (release, entry))
            })
        };
        for (release, entry) in entries().take(MOST) {
            self.entry(release, entry)?;
        }
        self.rest(entries().count())
    }

    fn entry(&mut self, release: &ReleaseReport, entry: &Health) -> io::Result<()> {
        let style = self.options.palette.health(entry.severity);
        let mut line = Line::default();
        line.push(style, entry.severity.as_str()).plain("  ");
        let text = format!("{}: {}: {}", release.full_name(), entry.code, entry.message);
        line.plain(self.options.safe(&text));
        self.line(&line)
    }

    fn health_of(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let name = release.full_name();
        if release.health.is_empty() {
            let mut line = Line::default();
            line.plain("release").plain("  ");
            line.plain(
                self.options
                    .safe(&format!("{name}: {}", without_trouble(release))),
            );
            return self.line(&line);
        }
        for health in release.health.iter().take(MOST) {
            self.entry(release, health)?;
        }
        self.rest(release.health.len())
    }

    /// The answer of a preview.
    pub(super) fn answer_of_preview(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let answer = match &release.preview {
            Some(preview) => &preview.message,
            None => "nothing can be told, because its records could not be read",
        };
        let mut line = Line::default();
        line.plain("release").plain("  ");
        line.plain(self.options.safe(&format!("{}: {answer}", release.full_name())));
        self.line(&line)
    }

    /// Says how many lines like those above are left out.
    fn rest(&mut self, all: usize) -> io::Result<()> {
        let more = all.saturating_sub(MOST);
        if more == 0 {
            return Ok(());
        }
        let text = format!("note  {} more of this kind in the report", count(more, "line"));
        self.line(&Line::of(self.options.palette.dim, self.options.safe(&text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures;
    use crate::report::summary::FailOn;
    use crate::vocabulary::{HealthCode, HealthSeverity};

    /// A job that fails has to say why: which releases, and whether an operation fails or loses something.
    #[test]
    fn what_is_blocked_is_named_where_it_is_a_failure() {
        let named = |name: &str, code, severity| fixtures::release("shop", name).with_health(code, severity);
        let report = fixtures::report(vec![
            named("api", HealthCode::RollbackLoses, HealthSeverity::Info),
            named("web", HealthCode::UpgradeBlocked, HealthSeverity::Warning),
            named("may", HealthCode::UpgradeBlocked, HealthSeverity::Info),
        ]);
        let ending = |fail_on| {
            let options = TextOptions {
                fail_on,
                ..TextOptions::PLAIN
            };
            let mut out = Vec::new();
            write(&report, ReportKind::Scan, &options, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let blocked = ending(FailOn::BLOCKED);
        for words in [
            "info  shop/api: rollback-loses: ",
            "warning  shop/web: upgrade-blocked: ",
            "1 release whose next upgrade or rollback fails, 1 release whose rollback loses something",
        ] {
            assert!(blocked.contains(words), "{words}: {blocked}");
        }
        assert!(!blocked.contains("shop/may"), "{blocked}");
        assert!(!ending(FailOn::DRIFT).contains("shop/api"));
    }
}
