//! The comments of a snippet: which field a key keeps, what it has now, what it also moves, and what nothing keeps.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::entry::{Entry, Kept};
use super::plan::Plan;
use crate::model::{Finding, KeptBy, MovedField, ObjectReport, ReleaseReport};
use crate::report::sanitize::{Medium, sanitize};
use crate::report::text::fields::{self, HIDDEN_VALUE};
use crate::report::text::safe::Safe;
use crate::report::text::value::show;
use crate::report::text::{TextOptions, change};
use crate::report::words;
use crate::vocabulary::{NoKeyReason, ObjectState};

/// How many columns of a path, a key or a value a comment shows.
const COLUMNS: usize = 160;

/// How many other fields that a key moves are named.
const MOVED: usize = 10;

/// How many fields are named below each heading.
const FIELDS: usize = 200;

/// The writer of comments about one release.
pub(super) struct Remarks<'r> {
    pub(super) release: &'r ReleaseReport,
    pub(super) medium: Medium,
}

impl Remarks<'_> {
    /// What the file is.
    pub(super) fn head(&self, out: &mut dyn Write) -> io::Result<()> {
        let release = self.release;
        let chart = release.chart.as_ref();
        let chart = chart.map_or_else(String::new, |chart| {
            format!(", chart {} {}", chart.name, chart.version)
        });
        let revision = release.baseline.as_ref().unwrap_or(&release.latest).revision;
        let of = format!(
            "What keeps the drift of release {} in namespace {} (revision {revision}{chart}).",
            release.name, release.storage.namespace
        );
        self.line(0, &of, out)?;
        if release.latest.status.starts_with("pending-") {
            let diagnose = words::own_command(&["diagnose"], release).map(|command| command.to_string());
            let diagnose = diagnose.unwrap_or_else(|_| "driftline diagnose".to_owned());
            let pending = format!(
                "It is {}: Helm begins no other upgrade before that has ended. What to do: {diagnose}",
                release.latest.status
            );
            self.line(0, &pending, out)?;
        }
        self.line(0, "Give it to helm upgrade behind your own values (-f values.yaml -f keep.yaml), and look first at what", out)?;
        let check = words::own_command(&["values"], release);
        let check = check.map(|command| command.literal(&["--check", "-"]).to_string());
        let check = check.unwrap_or_else(|_| "driftline values --check -".to_owned());
        self.line(
            0,
            "that does: add --dry-run=server -o json to the upgrade, and pipe it to",
            out,
        )?;
        self.line(0, &format!("  {check}"), out)?;
        self.line(
            0,
            "Take these keys over into your own values afterwards: the next upgrade without them takes them back.",
            out,
        )
    }

    /// What a key keeps.
    pub(super) fn entry(&self, entry: &Entry<'_>, indent: usize, out: &mut dyn Write) -> io::Result<()> {
        for kept in &entry.keeps {
            self.line(indent, &self.field(kept.object, kept.finding), out)?;
            self.line(indent, &self.key(kept.by, entry), out)?;
            for moved in kept.by.also_changes.iter().take(MOVED) {
                self.line(indent, &format!("  {}", self.moved(moved)), out)?;
            }
            let more = kept
                .by
                .moved()
                .saturating_sub(kept.by.also_changes.len().min(MOVED));
            if more > 0 {
                self.line(
                    indent,
                    &format!("  and {}", words::count(more, "more field")),
                    out,
                )?;
            }
        }
        Ok(())
    }

    /// What nothing keeps, or nobody can print.
    pub(super) fn tail(&self, plan: &Plan<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.hidden(&plan.hidden, out)?;
        for group in &plan.contradictions {
            let heading = "These want different values of one key, so that none is set; choose one";
            self.contradiction(heading, group, out)?;
        }
        for group in &plan.entangled {
            let heading = "The key of one of these also changes another one, so that none is set; choose one";
            self.contradiction(heading, group, out)?;
        }
        if !plan.stays.is_empty() {
            self.heading("Nothing to set; the next upgrade leaves these as they live", out)?;
            self.fields(&plan.stays, out)?;
        }
        let mut by_reason: BTreeMap<(NoKeyReason, Option<u64>), Vec<_>> = BTreeMap::new();
        for (object, finding, no_key) in &plan.none {
            let revision = match no_key.code {
                NoKeyReason::HalfUpgraded => finding.from_revision,
                _ => None,
            };
            by_reason
                .entry((no_key.code, revision))
                .or_default()
                .push((*object, *finding));
        }
        for ((reason, revision), fields) in by_reason {
            match revision {
                Some(revision) => self.heading(&self.half_upgraded(revision), out)?,
                None => self.heading(heading(reason), out)?,
            }
            self.fields(&fields, out)?;
        }
        self.without_fields(out)
    }

    /// Fields without a key. Of what the upgrade fails at, nobody should learn only from Helm.
    fn fields(&self, fields: &[(&ObjectReport, &Finding)], out: &mut dyn Write) -> io::Result<()> {
        for (object, finding) in fields.iter().take(FIELDS) {
            let fails = if finding.fails() {
                "; the next upgrade fails there"
            } else {
                ""
            };
            self.line(0, &format!("  {}{fails}", self.field(object, finding)), out)?;
        }
        self.more(fields.len(), out)
    }

    /// What is said above the fields that a revision wrote which was never deployed.
    fn half_upgraded(&self, revision: u64) -> String {
        let said = heading(NoKeyReason::HalfUpgraded);
        match words::get_values(self.release, revision) {
            Ok(command) => format!("{said}: {command}"),
            Err(_) => said.to_owned(),
        }
    }

    /// The objects that nothing was compared of, so that nobody takes the snippet for all of the drift.
    fn without_fields(&self, out: &mut dyn Write) -> io::Result<()> {
        let objects = self.release.objects.iter().filter(|object| match object.state {
            ObjectState::Missing | ObjectState::Terminating | ObjectState::Foreign | ObjectState::Unknown => {
                true
            }
            ObjectState::Drifted | ObjectState::InSync | ObjectState::Leftover | ObjectState::Ignored => {
                false
            }
        });
        let objects: Vec<&ObjectReport> = objects.collect();
        if objects.is_empty() {
            return Ok(());
        }
        self.heading(
            "Without fields to keep, as these objects could not be compared",
            out,
        )?;
        for object in objects.iter().take(FIELDS) {
            let place = self.place(object);
            let reason = object.reason.as_ref();
            let reason = reason.map_or_else(String::new, |reason| format!(", {}", self.cut(reason)));
            let line = format!(
                "  {} {place}{}: {}{reason}",
                object.kind, object.name, object.state
            );
            self.line(0, &line, out)?;
        }
        match objects.len().saturating_sub(FIELDS) {
            0 => Ok(()),
            more => self.line(0, &format!("  and {}", words::count(more, "more object")), out),
        }
    }

    /// The namespace in front of an object's name, where it is not the release's.
    fn place(&self, object: &ObjectReport) -> String {
        let namespace = object.namespace.as_ref();
        let namespace = namespace.filter(|namespace| **namespace != self.release.namespace);
        namespace.map_or_else(String::new, |namespace| format!("{namespace}/"))
    }

    fn hidden(&self, hidden: &[Kept<'_>], out: &mut dyn Write) -> io::Result<()> {
        if hidden.is_empty() {
            return Ok(());
        }
        self.heading(
            "Set these yourself: their values may be secret, and are not printed",
            out,
        )?;
        for kept in hidden.iter().take(FIELDS) {
            self.line(
                0,
                &format!("  {}: {HIDDEN_VALUE}", self.cut(&kept.by.key.to_string())),
                out,
            )?;
            self.line(0, &format!("    {}", self.field(kept.object, kept.finding)), out)?;
        }
        self.more(hidden.len(), out)
    }

    fn contradiction(&self, heading: &str, group: &[Kept<'_>], out: &mut dyn Write) -> io::Result<()> {
        self.heading(heading, out)?;
        for kept in group.iter().take(FIELDS) {
            self.line(0, &format!("  {}", self.field(kept.object, kept.finding)), out)?;
            let value = kept.by.value.as_ref();
            let value = value.map_or_else(|| HIDDEN_VALUE.to_owned(), |value| self.value(value));
            let whole = kept.by.list.as_ref();
            let whole = whole.map_or_else(String::new, |list| {
                format!(" (in the whole list {})", self.cut(&list.key.to_string()))
            });
            self.line(
                0,
                &format!("    {}: {value}{whole}", self.cut(&kept.by.key.to_string())),
                out,
            )?;
        }
        self.more(group.len(), out)
    }

    /// A field: its object, its path, deployed → live, and who is said to have written it.
    fn field(&self, object: &ObjectReport, finding: &Finding) -> String {
        let options = self.options();
        let place = self.place(object);
        let path = self.cut(&finding.path);
        let values = change::Values::of(finding);
        let values = match change::hidden(values) {
            Some(instead) => instead.to_owned(),
            None => change::sides(values, self.medium).map_or_else(
                || finding.message.clone(),
                |(before, after)| {
                    format!(
                        "{} → {}",
                        before.cut(COLUMNS).as_str(),
                        after.cut(COLUMNS).as_str()
                    )
                },
            ),
        };
        let actor = finding.actor.as_ref();
        let actor = actor.map_or_else(String::new, |actor| {
            format!(", by {}", fields::actor(actor, &[finding], &options).as_str())
        });
        format!("{} {place}{} {path}: {values}{actor}", object.kind, object.name)
    }

    /// What a key has now, and how sure it is.
    fn key(&self, by: &KeptBy, entry: &Entry<'_>) -> String {
        let whole = if by.key == entry.key {
            String::new()
        } else {
            let whole = if by.list.is_some() { "list" } else { "map" };
            format!("{} in the whole {whole}: ", self.cut(&by.key.to_string()))
        };
        let now = match &by.current {
            Some(current) => format!("now {} ({})", self.value(current), words::value_origin(by.origin)),
            None => format!("now {}", words::value_origin(by.origin)),
        };
        let colon = if by.also_changes.is_empty() { "" } else { ":" };
        format!("{whole}{now}; {}{colon}", words::certainty(by))
    }

    fn moved(&self, moved: &MovedField) -> String {
        let namespace = moved.namespace.as_ref();
        let place = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
        format!("{} {place}{} {}", moved.kind, moved.name, self.cut(&moved.path))
    }

    fn value(&self, value: &serde_json::Value) -> String {
        show(value, self.medium).cut(COLUMNS).as_str().to_owned()
    }

    fn cut(&self, text: &str) -> String {
        Safe::of(text, self.medium).cut_front(COLUMNS).as_str().to_owned()
    }

    fn options(&self) -> TextOptions {
        TextOptions {
            medium: self.medium,
            ..TextOptions::PLAIN
        }
    }

    fn heading(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out)?;
        self.line(0, &format!("{text}:"), out)
    }

    fn more(&self, all: usize, out: &mut dyn Write) -> io::Result<()> {
        match all.saturating_sub(FIELDS) {
            0 => Ok(()),
            more => self.line(0, &format!("  and {}", words::count(more, "more field")), out),
        }
    }

    /// A comment. Whatever a text holds, it stays on its line.
    fn line(&self, indent: usize, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{:indent$}# {}", "", sanitize(text, self.medium))
    }
}

/// What is said above the fields without a key, by the reason.
const fn heading(reason: NoKeyReason) -> &'static str {
    match reason {
        NoKeyReason::SetByChart => "No value sets these; the chart sets them itself",
        NoKeyReason::Autoscaled => "Nothing to keep; an autoscaler sets these replica counts",
        NoKeyReason::HalfUpgraded => "In a revision that was never deployed, too, whose values keep them",
        NoKeyReason::NotInRecord => {
            "Not known: the template is of a chart that the release record does not hold; --chart gives it"
        }
        NoKeyReason::NotEvaluated => {
            "Not known: the template makes these in a way that names no key, such as by a function or a condition"
        }
        NoKeyReason::NoneFound => "Not known: no key was found that adds these or takes them away",
        NoKeyReason::Differs => {
            "Not known: the evaluated template gives something else than what was deployed"
        }
        NoKeyReason::Ambiguous => "Not known: several keys fit, and none better than the others",
        NoKeyReason::SeveralKeys => {
            "Not known: several keys make the text together, and no single one gives what lives"
        }
        NoKeyReason::NamesObjects => {
            "Not set: the key also names objects, and with another name Helm would create others and delete these"
        }
        NoKeyReason::MovesFixed => {
            "Not set: the key also changes a field that the API server lets nobody change, and the upgrade would fail"
        }
        NoKeyReason::NotTogether => {
            "Not set: the chart or its JSON Schema refuses these keys beside the others; choose which to keep"
        }
        NoKeyReason::RefusedBySchema => "Not set: the chart's JSON Schema refuses the value",
        NoKeyReason::NotKept => {
            "Not known: with the key set, the evaluated template does not give what lives"
        }
        NoKeyReason::Hidden => "Not printed: the key looks like a secret itself",
        NoKeyReason::TooLarge => {
            "Not looked into: the chart, its values or the value that lives are too large"
        }
        NoKeyReason::Unreadable => "Not known: the chart in the release record could not be read",
        NoKeyReason::NotRecorded => {
            "Not known: the snapshot does not hold charts and values; snapshot --with-values takes one that does"
        }
        NoKeyReason::NotReached => "Not known: the scan ended before the chart was read",
    }
}
