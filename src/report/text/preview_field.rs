//! One field of a previewed object: its value now and then, who wrote it, and why it stops the operation.
//!
//! The values are shown as those of findings are: the value of now, and then that of then.

use std::fmt::Write as _;

use super::change::{Values, texts, value};
use super::line::Line;
use super::safe::Safe;
use super::value::show;
use super::{SENTENCE, TextOptions};
use crate::model::PreviewField;
use crate::report::words::minute;
use crate::vocabulary::PreviewEffect;

/// How much of a path is shown.
const PATH_LIMIT: usize = 400;

/// How much of the manifest's value is shown beside the others.
const APPLIED_LIMIT: usize = 60;

/// A field, ready to be laid out.
pub(super) struct Change<'a> {
    /// Where it is.
    pub(super) path: Safe,
    field: &'a PreviewField,
    options: &'a TextOptions,
    /// The value of now and that of then, where both are shown.
    values: Option<Values<'a>>,
}

impl<'a> Change<'a> {
    /// A field of an object.
    pub(super) fn of(field: &'a PreviewField, options: &'a TextOptions) -> Self {
        let then = match field.effect {
            PreviewEffect::Change | PreviewEffect::TakeBack => Some(field.after.as_ref()),
            PreviewEffect::Survive | PreviewEffect::Differ | PreviewEffect::Fail | PreviewEffect::Unknown => {
                None
            }
        };
        let has_values = field.live.is_some() || field.after.is_some();
        Self {
            path: Safe::of(&field.path, options.medium).cut_front(PATH_LIMIT),
            field,
            options,
            values: then.filter(|_| has_values).map(|then| Values {
                before: field.live.as_ref(),
                after: then,
                redacted: field.redacted,
                omitted: false,
                message: "",
            }),
        }
    }

    /// The texts whose lines are compared below the line of the field.
    pub(super) fn texts(&self) -> Option<(&str, &str)> {
        self.values.and_then(texts)
    }

    /// Everything beside the path.
    pub(super) fn details(&self) -> Line {
        let palette = &self.options.palette;
        let mut parts: Vec<Line> = Vec::new();
        match (self.values, &self.field.live) {
            (Some(values), _) => parts.push(value(values, self.texts(), self.options)),
            (None, Some(now)) if !self.field.redacted => {
                let mut line = Line::default();
                line.plain(show(now, self.options.medium).cut(APPLIED_LIMIT));
                parts.push(line);
            }
            (None, Some(_)) => parts.push(Line::of(palette.dim, super::change::REDACTED)),
            (None, None) => {}
        }
        if let Some(applied) = self.field.applied.as_ref().filter(|_| !self.field.redacted) {
            let mut line = Line::default();
            line.push(palette.dim, "manifest: ")
                .plain(show(applied, self.options.medium).cut(APPLIED_LIMIT));
            parts.push(line);
        }
        if let Some(actor) = &self.field.actor {
            let mut text = format!("by {}", actor.manager);
            if let Some(subresource) = &actor.subresource {
                let _ = write!(text, " via {subresource}");
            }
            if let Some(time) = actor.time {
                let _ = write!(text, ", {}", minute(time));
            }
            text.push_str(" (claimed)");
            parts.push(Line::of(
                palette.dim,
                Safe::of(&text, self.options.medium).cut(SENTENCE),
            ));
        }
        if let Some(reason) = &self.field.reason {
            parts.push(Line::of(palette.dim, self.options.safe(reason)));
        }
        let mut all = Line::default();
        for part in parts {
            if all.width() > 0 {
                all.plain("   ");
            }
            all.extend(part);
        }
        all
    }
}
