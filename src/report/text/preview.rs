//! The page of `driftline preview`: the answer first, then what it rests on, what becomes of the objects, and what to run.
//!
//! It is for reading at night, like that of `driftline diagnose`: whoever reads no further than the first lines knows whether
//! to run the command. Values stand as they are now and as they are then.

use std::collections::HashSet;
use std::io::{self, Write};

use anstyle::Style;

use super::fields::diff_layout;
use super::line::Line;
use super::line_diff::LineDiff;
use super::preview_field::Change;
use super::{Extent, TextOptions, TextWriter, closing, wrap};
use crate::model::{
    Preview, PreviewConfirmation, PreviewField, PreviewHook, PreviewObject, PreviewReason, ReleaseReport,
    Report,
};
use crate::report::words::count;
use crate::vocabulary::{ApplyMethod, PreviewAction, PreviewEffect, PreviewOutcome, PreviewedOperation};

/// Writes the page of every release in a report.
pub(in crate::report) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = TextWriter {
        options,
        now: Some(report.started_at),
        out,
    };
    for (position, release) in report.releases.iter().enumerate() {
        if position > 0 {
            writer.blank()?;
        }
        match &release.preview {
            Some(preview) => writer.preview(release, preview)?,
            None => writer.answer_of_preview(release)?,
        }
    }
    for error in &report.errors {
        writer.error(error)?;
    }
    for line in closing::notes(report, options) {
        writer.line(&line)?;
    }
    Ok(())
}

/// How many reasons why dry runs have no answer are told before the causes.
const MAX_UNANSWERED: usize = 20;

/// What the actions on objects are called, in the order in which they are shown, with their headings.
const ACTIONS: [(PreviewAction, &str); 8] = [
    (PreviewAction::Fail, "Fails at"),
    (PreviewAction::Delete, "Deletes"),
    (PreviewAction::Create, "Creates"),
    (PreviewAction::Change, "Changes"),
    (PreviewAction::Keep, "Keeps, because of their resource policy"),
    (PreviewAction::Unknown, "Cannot be told"),
    (PreviewAction::NotReached, "Does not come to"),
    (PreviewAction::None, "Leaves as they are"),
];

impl TextWriter<'_> {
    fn preview(&mut self, release: &ReleaseReport, preview: &Preview) -> io::Result<()> {
        let palette = &self.options.palette;
        let mut line = Line::default();
        line.plain("release").plain("  ");
        self.name_and_facts(release, &mut line);
        self.line(&line)?;
        let mut line = Line::default();
        line.plain("preview").plain("  ");
        line.push(palette.dim, self.options.safe(&operation(preview)));
        self.line(&line)?;
        self.managed_by(release)?;
        self.blank()?;
        let style = self.outcome_style(preview.outcome);
        let mut line = Line::default();
        line.push(style, preview.outcome.as_str()).plain(": ");
        line.plain(self.options.safe(&preview.message));
        self.line(&line)?;
        self.confirmation(preview)?;
        self.causes(&preview.causes)?;
        if let Some(leaves) = &preview.leaves {
            self.section("What it leaves")?;
            self.sentence(leaves)?;
        }
        self.preview_objects(preview)?;
        self.hooks(&preview.hooks)?;
        if !preview.not_known.is_empty() {
            self.section("Not known before")?;
            for sentence in &preview.not_known {
                self.sentence(sentence)?;
            }
        }
        if !preview.advice.is_empty() {
            self.section("What to do, safest first")?;
            for advice in &preview.advice {
                self.step(advice)?;
            }
        }
        Ok(())
    }

    const fn outcome_style(&self, outcome: PreviewOutcome) -> Style {
        let palette = &self.options.palette;
        match outcome {
            PreviewOutcome::Works => palette.good,
            PreviewOutcome::WorksBut | PreviewOutcome::Unknown => palette.warn,
            PreviewOutcome::Refused | PreviewOutcome::LockLeft | PreviewOutcome::Failed => palette.bad,
        }
    }

    /// A blank line and a heading.
    fn section(&mut self, words: &'static str) -> io::Result<()> {
        self.blank()?;
        self.line(&Line::of(self.options.palette.name, words))
    }

    fn sentence(&mut self, sentence: &str) -> io::Result<()> {
        let mut line = Line::indented(2);
        line.push(self.options.palette.dim, "- ")
            .plain(self.options.safe(sentence));
        self.line(&line)
    }

    /// What dry runs said, in a line, and why parts have no answer.
    fn confirmation(&mut self, preview: &Preview) -> io::Result<()> {
        let Some(confirmation) = &preview.confirmation else {
            return Ok(());
        };
        let text = self.options.safe(&confirmed(preview, confirmation));
        let line = Line::of(self.options.palette.dim, text);
        wrap::write(&line, self.options.columns(), &Line::indented(2), self.out)?;
        for unanswered in confirmation.unanswered.iter().take(MAX_UNANSWERED) {
            let of_several = match unanswered.objects {
                0 | 1 => String::new(),
                several => format!("{several} "),
            };
            self.sentence(&format!("{of_several}not confirmed: {}", unanswered.message))?;
        }
        match confirmation.unanswered.len().saturating_sub(MAX_UNANSWERED) {
            0 => Ok(()),
            more => self.sentence(&format!("{more} more of this kind")),
        }
    }

    fn causes(&mut self, causes: &[PreviewReason]) -> io::Result<()> {
        if causes.is_empty() {
            return Ok(());
        }
        self.section("Why")?;
        let width = causes.iter().map(|cause| cause.code.as_str().len()).max();
        let end = 2 + width.unwrap_or(0) + 2;
        for cause in causes {
            let mut line = Line::indented(2);
            line.push(self.options.palette.warn, cause.code.as_str())
                .pad_to(end);
            if let Some(object) = &cause.object {
                line.push(self.options.palette.name, self.options.safe(object))
                    .plain(": ");
            }
            line.plain(self.options.safe(&cause.message));
            wrap::write(&line, self.options.columns(), &Line::indented(end), self.out)?;
        }
        Ok(())
    }

    /// The objects by what becomes of them. Those that stay as they are, are counted.
    fn preview_objects(&mut self, preview: &Preview) -> io::Result<()> {
        let causes = Causes::of(preview);
        for (action, heading) in ACTIONS {
            let found = || preview.objects.iter().filter(|object| object.action == action);
            if found().next().is_none() {
                continue;
            }
            self.section(heading)?;
            let is_quiet = |object: &&PreviewObject| {
                action == PreviewAction::None
                    && object.fields.is_empty()
                    && object.reason.is_none()
                    && self.options.extent == Extent::Short
            };
            let quiet = found().filter(is_quiet).count();
            for object in found().filter(|object| !is_quiet(object)) {
                self.preview_object(object, &causes)?;
            }
            if quiet > 0 {
                let mut line = Line::indented(2);
                line.push(self.options.palette.dim, action_word(action))
                    .plain("  ");
                line.plain(self.options.safe(&count(quiet, "object")));
                self.line(&line)?;
            }
        }
        Ok(())
    }

    fn preview_object(&mut self, object: &PreviewObject, causes: &Causes<'_>) -> io::Result<()> {
        let palette = &self.options.palette;
        let mut line = Line::indented(2);
        line.push(self.action_style(object.action), action_word(object.action))
            .plain("  ");
        let name = match &object.namespace {
            Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
            None => format!("{} {}", object.kind, object.name),
        };
        line.push(palette.name, self.options.safe(&name));
        // What stands among the causes already, with the name of the object, is not told again.
        let is_news = |reason: &&str| !causes.have(&name, reason);
        if let Some(reason) = object.reason.as_deref().filter(is_news) {
            line.plain(": ").plain(self.options.safe(reason));
        }
        self.line(&line)?;
        let width = object
            .fields
            .iter()
            .map(|field| field.effect.as_str().len())
            .max();
        let end = 4 + width.unwrap_or(0) + 2;
        for field in &object.fields {
            self.preview_field(field, end)?;
        }
        if object.left_out > 0 {
            let mut line = Line::indented(4);
            let text = format!("and {} that are not listed", count(object.left_out, "more field"));
            line.push(palette.dim, self.options.safe(&text));
            self.line(&line)?;
        }
        Ok(())
    }

    fn preview_field(&mut self, field: &PreviewField, end: usize) -> io::Result<()> {
        let change = Change::of(field, self.options);
        let mut line = Line::indented(4);
        line.push(self.effect_style(field.effect), field.effect.as_str())
            .pad_to(end);
        line.plain(change.path.clone());
        let details = change.details();
        let mut whole = line.clone();
        whole.plain("  ").extend(details.clone());
        let fits = self
            .options
            .columns()
            .is_none_or(|columns| whole.width() <= columns);
        if fits || details.width() == 0 {
            self.line(if details.width() == 0 { &line } else { &whole })?;
        } else {
            let margin = Line::indented(end);
            wrap::write(&line, self.options.columns(), &margin, self.out)?;
            let mut line = Line::indented(end);
            // A word of our own begins the line.
            line.push(self.options.palette.dim, "value  ").extend(details);
            wrap::write(&line, self.options.columns(), &margin, self.out)?;
        }
        match change.texts() {
            Some((before, after)) => LineDiff::of(before, after).write(&diff_layout(self.options), self.out),
            None => Ok(()),
        }
    }

    fn hooks(&mut self, hooks: &[PreviewHook]) -> io::Result<()> {
        if hooks.is_empty() {
            return Ok(());
        }
        self.section("Hooks")?;
        for hook in hooks {
            let palette = &self.options.palette;
            let mut line = Line::indented(2);
            let word = if hook.runs { "runs" } else { "ran" };
            line.push(palette.dim, word).pad_to(8);
            let place = hook.namespace.as_ref().map(|namespace| format!("{namespace}/"));
            let name = format!("{} {}{}", hook.kind, place.unwrap_or_default(), hook.name);
            line.push(palette.name, self.options.safe(&name));
            let of = match hook.revision {
                Some(revision) => format!(" ({} of revision {revision})", hook.event),
                None => format!(" ({})", hook.event),
            };
            line.push(palette.dim, self.options.safe(&of));
            // "runs: runs" says nothing.
            if hook.message != word {
                line.plain(": ").plain(self.options.safe(&hook.message));
            }
            self.line(&line)?;
        }
        Ok(())
    }

    const fn action_style(&self, action: PreviewAction) -> Style {
        let palette = &self.options.palette;
        match action {
            PreviewAction::Fail => palette.bad,
            PreviewAction::Delete => palette.danger,
            PreviewAction::Create
            | PreviewAction::Change
            | PreviewAction::Unknown
            | PreviewAction::NotReached => palette.warn,
            PreviewAction::Keep | PreviewAction::None => palette.dim,
        }
    }

    const fn effect_style(&self, effect: PreviewEffect) -> Style {
        let palette = &self.options.palette;
        match effect {
            PreviewEffect::Fail => palette.bad,
            PreviewEffect::TakeBack | PreviewEffect::Unknown => palette.warn,
            PreviewEffect::Change => palette.name,
            PreviewEffect::Survive | PreviewEffect::Differ => palette.dim,
        }
    }
}

/// The objects among the causes of a preview, with what is told of them there.
struct Causes<'a>(HashSet<(&'a str, &'a str)>);

impl<'a> Causes<'a> {
    fn of(preview: &'a Preview) -> Self {
        let of_objects = preview
            .causes
            .iter()
            .filter_map(|cause| Some((cause.object.as_deref()?, cause.message.as_str())));
        Self(of_objects.collect())
    }

    /// Whether they tell this of an object.
    fn have(&self, object: &str, message: &str) -> bool {
        self.0.contains(&(object, message))
    }
}

/// The word before an object. That of the contract for nothing would read as if there were no such object.
const fn action_word(action: PreviewAction) -> &'static str {
    match action {
        PreviewAction::None => "leaves",
        PreviewAction::Create
        | PreviewAction::Change
        | PreviewAction::Delete
        | PreviewAction::Keep
        | PreviewAction::Fail
        | PreviewAction::NotReached
        | PreviewAction::Unknown => action.as_str(),
    }
}

/// What dry runs said, in words.
fn confirmed(preview: &Preview, confirmation: &PreviewConfirmation) -> String {
    let PreviewConfirmation {
        writes,
        confirmed,
        unconfirmed,
        unanswered,
    } = confirmation;
    let mut parts = vec![match writes {
        0 => "dry runs: Helm writes nothing".to_owned(),
        writes => format!(
            "confirmed by dry runs: {confirmed} of {}",
            count(*writes, "write")
        ),
    }];
    if *unconfirmed > 0 {
        parts.push(format!("{unconfirmed} otherwise than foretold"));
    }
    let unanswered: usize = unanswered.iter().map(|reason| reason.objects).sum();
    if unanswered > 0 {
        parts.push(format!("{unanswered} not confirmed"));
    }
    let deletes = preview
        .objects
        .iter()
        .any(|object| object.action == PreviewAction::Delete);
    let runs = preview.hooks.iter().any(|hook| hook.runs);
    parts.extend(match (deletes, runs) {
        (false, false) => None,
        (true, false) => Some("deletions are not asked about".to_owned()),
        (false, true) => Some("hooks are not asked about".to_owned()),
        (true, true) => Some("deletions and hooks are not asked about".to_owned()),
    });
    parts.join("; ")
}

/// What is previewed, in words.
fn operation(preview: &Preview) -> String {
    let method = match preview.apply_method {
        ApplyMethod::Csa => "client-side apply",
        ApplyMethod::Ssa => "server-side apply",
    };
    let from = preview.from_revision;
    match (preview.operation, preview.to_revision) {
        (PreviewedOperation::Rollback, Some(to)) if to > 0 => {
            format!("helm rollback from revision {from} to revision {to}, by {method}")
        }
        (PreviewedOperation::Rollback, _) => format!("helm rollback from revision {from}, by {method}"),
        (PreviewedOperation::Upgrade, _) => format!("helm upgrade from revision {from}, by {method}"),
    }
}
