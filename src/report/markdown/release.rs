//! The section of a release, or of several of which the same is to be said: its health, what to do, and its objects.

use std::fmt::Write as _;

use super::escape::{code, fenced, line, prose, shown};
use super::object::Items;
use super::{LeftOut, Page, more};
use crate::model::{Advice, Health, ReleaseReport};
use crate::report::alike::ReleaseGroup;
use crate::report::text::diagnosis::{NOT_SHOWN, steps};
use crate::report::text::safe::Safe;
use crate::report::text::{changes, facts, upgrade};
use crate::report::words::{count, verdict};

/// How many other releases of a group are named, and how many health entries and sentences of evidence are told.
const NAMED: usize = 20;
const ENTRIES: usize = 50;
const EVIDENCE: usize = 20;
/// From how many findings on they are folded away.
const FOLDED: usize = 10;
/// What ends a part that is folded away, and what precedes it.
const UNFOLD: &str = "\n</details>\n\n";

impl Page<'_> {
    /// The section in at most that many bytes, and what it leaves out; `None` where not even the beginning of it fits.
    pub(super) fn section(&self, group: &ReleaseGroup<'_>, budget: usize) -> Option<(String, LeftOut)> {
        let release = group.first;
        let mut text = self.heading(group);
        self.managed_by(release, &mut text);
        let items = Items::of(group);
        let mut left_out = LeftOut::default();
        // The parts in the order of what a reader needs most; what follows them must still fit.
        let mut rest = items.all();
        for (what, part) in [
            ("its health", self.health(release)),
            ("its commands", self.advice(&release.health)),
        ] {
            if text.len() + part.len() + tail(&rest).len() <= budget {
                text.push_str(&part);
            } else {
                left_out.parts += 1;
                let _ = write!(text, "Left out for length: {what}.\n\n");
            }
        }
        if text.len() + tail(&rest).len() > budget {
            return None;
        }
        if items.is_empty() {
            return Some((text, left_out));
        }
        let is_open = rest.findings <= FOLDED;
        let _ = write!(
            text,
            "<details{}><summary>{}</summary>\n\n",
            if is_open { " open" } else { "" },
            rest.words()
        );
        if let Some(refused) = upgrade::refused_until(release, self.options) {
            let _ = write!(text, "{}\n\n", line(&refused));
        }
        for item in items.worst_first() {
            let (written, counts) = self.item(&items, &item);
            let remaining = rest.minus(&counts);
            if text.len() + written.len() + UNFOLD.len() + tail(&remaining).len() > budget {
                break;
            }
            text.push_str(&written);
            rest = remaining;
        }
        text.push_str(UNFOLD);
        text.push_str(&tail(&rest));
        left_out.add(&rest);
        Some((text, left_out))
    }

    /// Which releases, and what is said of each of them.
    fn heading(&self, group: &ReleaseGroup<'_>) -> String {
        let release = group.first;
        let name = |release: &ReleaseReport| code(&self.options.safe(&release.full_name()));
        let mut text = format!("### {}: {}", verdict(release), name(release));
        if group.len() > 1 {
            let _ = write!(
                text,
                " and {} in the same way",
                count(group.len() - 1, "other release")
            );
        }
        let _ = write!(text, "\n\n{}\n\n", prose(&self.options.safe(&facts(release))));
        if group.len() > 1 {
            let excerpt = group.excerpt(NAMED);
            let named: Vec<String> = excerpt.named.into_iter().map(name).collect();
            let _ = write!(
                text,
                "{} in the same way: {}",
                count(group.len(), "release"),
                named.join(", ")
            );
            if excerpt.left_out > 0 {
                let _ = write!(text, " and {}", count(excerpt.left_out, "more release"));
            }
            text.push_str("\n\n");
        }
        text
    }

    fn managed_by(&self, release: &ReleaseReport, text: &mut String) {
        let Some(managed_by) = &release.managed_by else {
            return;
        };
        let name = managed_by.name.as_ref();
        let name = name.map(|name| format!(", {}", code(&self.options.safe(name))));
        let claimed = if managed_by.drift_correction.is_none() {
            " (claimed)"
        } else {
            ""
        };
        let _ = write!(
            text,
            "**managed by** {}{}{claimed}: {}\n\n",
            code(&self.options.safe(managed_by.tool.as_str())),
            name.unwrap_or_default(),
            prose(&self.options.safe(&managed_by.meaning)),
        );
    }

    fn health(&self, release: &ReleaseReport) -> String {
        let mut text = String::new();
        for entry in release.health.iter().take(ENTRIES) {
            let _ = write!(
                text,
                "- **{}** {}: {}",
                entry.severity,
                self.codes.health(entry.code),
                prose(&self.options.safe(&entry.message))
            );
            if let Some(remark) = changes::remark(&entry.tracked, self.now) {
                let _ = write!(text, "; {}", prose(&self.options.safe(&remark)));
            }
            text.push('\n');
            for evidence in entry.evidence.iter().take(EVIDENCE) {
                let _ = writeln!(text, "  - {}", prose(&self.options.safe(evidence)));
            }
            more(
                &mut text,
                "  ",
                entry.evidence.len().saturating_sub(EVIDENCE),
                "sentence of evidence",
            );
        }
        more(
            &mut text,
            "",
            release.health.len().saturating_sub(ENTRIES),
            "health entry",
        );
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// The commands, safest first, each in a block of its own, which is what a button copies.
    fn advice(&self, health: &[Health]) -> String {
        let steps = steps(health);
        if steps.is_empty() {
            return String::new();
        }
        let mut text = "<details><summary>What to do, safest first</summary>\n\n".to_owned();
        for step in steps {
            text.push_str(&self.step(step));
        }
        text.push_str("</details>\n\n");
        text
    }

    /// One command, with what it is for as a comment of the shell.
    pub(super) fn step(&self, advice: &Advice) -> String {
        let why = self.options.safe(&advice.why);
        let mut lines = Vec::new();
        if advice.destructive {
            lines.push(format!("# DESTRUCTIVE: {}", why.as_str()));
            lines.push(format!("#   {}", self.options.safe(&advice.changes).as_str()));
        } else {
            lines.push(format!("# {}", why.as_str()));
        }
        let command = Safe::at_line_start(&advice.command, self.options.medium);
        // With escapes in it a command would be another one.
        if command.as_str() == advice.command && shown(&advice.command) == advice.command {
            lines.push(advice.command.clone());
        } else {
            lines.push(format!("# {NOT_SHOWN}"));
        }
        fenced("sh", &lines, "") + "\n"
    }
}

/// What is said of the objects that do not fit.
fn tail(rest: &LeftOut) -> String {
    if rest.objects == 0 {
        return String::new();
    }
    format!("Left out for length: {}.\n\n", rest.words())
}
