//! What a rendering says of the drift of a release: which drifted fields it agrees with, and what else it moves.

use std::io::{self, Write};

use crate::model::{CheckedField, MovedField, Report, ValuesCheck};
use crate::report::sanitize::{Medium, sanitize};
use crate::report::text::fields::HIDDEN_VALUE;
use crate::report::text::safe::Safe;
use crate::report::text::value::show;
use crate::report::words::count;
use crate::vocabulary::CheckedOutcome;

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
            writeln!(out, "{name}: nothing drifted that a rendering could keep")?;
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
            writeln!(out, "  {}", line(field, medium))?;
        }
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
    let place = moved
        .namespace
        .as_ref()
        .map_or_else(String::new, |namespace| format!("{namespace}/"));
    let text = format!("{} {place}{} {}", moved.kind, moved.name, moved.path);
    Safe::of(&text, medium).cut_front(2 * COLUMNS).as_str().to_owned()
}

/// A field and what becomes of it.
fn line(field: &CheckedField, medium: Medium) -> String {
    let becomes = match field.outcome {
        CheckedOutcome::Agrees => "agrees with what lives".to_owned(),
        CheckedOutcome::AsDeployed => "still has what was deployed".to_owned(),
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
        "{} {} {}",
        field.kind,
        field.name,
        path.cut_front(COLUMNS).as_str()
    );
    sanitize(&format!("{head}: {becomes}"), medium).into_owned()
}
