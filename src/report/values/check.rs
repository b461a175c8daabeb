//! What a rendering says of the drift of a release: which drifted fields it agrees with, and what else it moves.

use std::io::{self, Write};

use crate::model::{CheckedField, MovedField, ReleaseReport, Report, ValuesCheck};
use crate::report::sanitize::{Medium, sanitize};
use crate::report::text::fields::HIDDEN_VALUE;
use crate::report::text::safe::Safe;
use crate::report::text::value::show;
use crate::report::words::count;
use crate::vocabulary::{CheckedOutcome, NextUpgrade, ObjectState};

/// How many columns of a path or a value are shown.
const COLUMNS: usize = 160;

/// How many moved fields are listed.
const MOVED: usize = 200;

/// Prints what a rendering says of the drift of each release.
pub fn render(report: &Report, medium: Medium, out: &mut dyn Write) -> io::Result<()> {
    for release in &report.releases {
        let name = format!(
            "release {} in namespace {}",
            release.name, release.storage.namespace
        );
        let name = sanitize(&name, medium);
        let Some(check) = &release.values_check else {
            let said = match release.not_compared() {
                0 => "nothing drifted that a rendering could keep".to_owned(),
                some => format!(
                    "no drift was found that a rendering could keep, and {} could not be compared",
                    count(some, "object")
                ),
            };
            writeln!(out, "{name}: {said}")?;
            missing(release, medium, out)?;
            continue;
        };
        let agrees = check
            .fields
            .iter()
            .filter(|field| field.outcome == CheckedOutcome::Agrees);
        writeln!(
            out,
            "{name}: the rendering agrees with what lives in {} of {}",
            agrees.count(),
            count(check.fields.len(), "drifted field")
        )?;
        for field in &check.fields {
            writeln!(out, "  {}", line(field, release, medium))?;
        }
        missing(release, medium, out)?;
        also_moves(check, medium, out)?;
    }
    Ok(())
}

fn also_moves(check: &ValuesCheck, medium: Medium, out: &mut dyn Write) -> io::Result<()> {
    let all = check.also_moves.len() + check.also_moves_left_out;
    if all == 0 {
        return writeln!(out, "it moves nothing else");
    }
    writeln!(out, "it also moves {}:", count(all, "field"))?;
    for moved in check.also_moves.iter().take(MOVED) {
        writeln!(out, "  {}", moved_line(moved, medium))?;
    }
    match all - check.also_moves.len().min(MOVED) {
        0 => Ok(()),
        more => writeln!(out, "  and {}", count(more, "more field")),
    }
}

fn moved_line(moved: &MovedField, medium: Medium) -> String {
    let place = place(moved.namespace.as_deref());
    let path = match &*moved.path {
        "/" => "as a whole",
        path => path,
    };
    let text = format!("{} {place}{} {path}", moved.kind, moved.name);
    Safe::of(&text, medium).cut_front(2 * COLUMNS).as_str().to_owned()
}

/// The objects that are missing: the upgrade creates them again, or does not get so far.
fn missing(release: &ReleaseReport, medium: Medium, out: &mut dyn Write) -> io::Result<()> {
    let objects = release.objects.iter();
    for object in objects.filter(|object| object.state == ObjectState::Missing) {
        let is_left_out = release.values_check.as_ref().is_some_and(|check| {
            check.also_moves.iter().any(|moved| {
                (&moved.kind, &moved.namespace, &moved.name, &*moved.path)
                    == (&object.kind, &object.namespace, &object.name, "/")
            })
        });
        let becomes = match object.next_upgrade {
            _ if is_left_out => "missing, and not in the rendering",
            Some(next) if next.is_failure() => "missing, and the upgrade fails there",
            Some(_) => "missing, and the upgrade creates it again",
            None => "missing",
        };
        let place = place(object.namespace.as_deref());
        let text = format!("{} {place}{}: {becomes}", object.kind, object.name);
        writeln!(
            out,
            "  {}",
            Safe::of(&text, medium).cut_front(2 * COLUMNS).as_str()
        )?;
    }
    Ok(())
}

/// The namespace in front of a name.
fn place(namespace: Option<&str>) -> String {
    namespace.map_or_else(String::new, |namespace| format!("{namespace}/"))
}

/// That an upgrade fails at a field, and what else may come.
fn fails(field: &CheckedField, release: &ReleaseReport) -> &'static str {
    let next = field
        .finding(release)
        .and_then(|(_, finding)| finding.next_upgrade);
    match next {
        Some(NextUpgrade::Conflict) => "the upgrade fails there, or takes it back with --force-conflicts",
        Some(NextUpgrade::Refused | NextUpgrade::Revert | NextUpgrade::Keep | NextUpgrade::Becomes)
        | None => "the upgrade fails there",
    }
}

/// A field and what becomes of it.
fn line(field: &CheckedField, release: &ReleaseReport, medium: Medium) -> String {
    let becomes = match field.outcome {
        CheckedOutcome::Agrees => "agrees with what lives".to_owned(),
        CheckedOutcome::AsDeployed => "still has what was deployed".to_owned(),
        CheckedOutcome::Stays => "stays as it lives: the upgrade does not write it".to_owned(),
        CheckedOutcome::Fails => fails(field, release).to_owned(),
        CheckedOutcome::Becomes => match (&field.becomes, field.redacted) {
            (_, true) => format!("becomes another value, {HIDDEN_VALUE}"),
            (Some(value), false) => {
                format!(
                    "becomes another value, {}",
                    show(value, medium).cut(COLUMNS).as_str()
                )
            }
            (None, false) => "becomes another value".to_owned(),
        },
        CheckedOutcome::Gone => "is not in the rendering any more".to_owned(),
        CheckedOutcome::Unknown => "cannot be told".to_owned(),
    };
    let path = Safe::of(&field.path, medium);
    let head = format!(
        "{} {}{} {}",
        field.kind,
        place(field.namespace.as_deref()),
        field.name,
        path.cut_front(COLUMNS).as_str()
    );
    let by_chart = match field.outcome {
        CheckedOutcome::AsDeployed | CheckedOutcome::Becomes | CheckedOutcome::Fails
            if field.is_set_by_chart(release) =>
        {
            " (the chart sets it itself)"
        }
        _ => "",
    };
    sanitize(&format!("{head}: {becomes}{by_chart}"), medium).into_owned()
}
