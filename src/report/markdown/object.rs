//! The items of a release's list: its objects with their findings, and objects of which the same is said together.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::escape::{code, fenced, line, prose, values};
use super::{LeftOut, Page, more};
use crate::model::ObjectReport;
use crate::report::alike::ReleaseGroup;
use crate::report::text::line_diff::{DiffLayout, DiffLimits, LineDiff};
use crate::report::text::objects::{Overview, unknown_key};
use crate::report::text::{changes, fields, upgrade};
use crate::report::urgency;
use crate::vocabulary::ObjectState;

/// How many findings of an object are told, and how many objects of a group are named.
const FINDINGS: usize = 100;
const NAMED: usize = 20;
/// How many lines of a difference are shown, and how many columns of each.
const DIFF: DiffLimits = DiffLimits {
    columns: 160,
    lines: 40,
};

/// The objects of a release, as they are told.
pub(super) struct Items<'r> {
    releases: &'r ReleaseGroup<'r>,
    overview: Overview<'r>,
}

/// One item.
pub(super) enum Item {
    /// Objects at these positions of which the same is said; most often one.
    Objects(Vec<usize>),
    /// Objects of one kind that could not be read for the same reason, by the position of the first.
    Unread { first: usize, count: usize },
}

impl<'r> Items<'r> {
    pub(super) fn of(releases: &'r ReleaseGroup<'r>) -> Self {
        Self {
            releases,
            overview: Overview::of(releases.first),
        }
    }

    fn objects(&self) -> &'r [ObjectReport] {
        &self.releases.first.objects
    }

    pub(super) fn is_empty(&self) -> bool {
        self.objects().is_empty()
    }

    /// How many objects and findings there are.
    pub(super) fn all(&self) -> LeftOut {
        counts(self.objects().iter())
    }

    /// The items, the worst first.
    pub(super) fn worst_first(&self) -> Vec<Item> {
        let objects = self.objects();
        let together: HashSet<usize> = self.overview.alike.iter().flatten().copied().collect();
        let mut shared: HashSet<(&str, &str)> = HashSet::new();
        let mut items = Vec::new();
        for (position, object) in objects.iter().enumerate() {
            let key = unknown_key(object);
            let shared_count = key.and_then(|key| self.overview.shared.get(&key));
            if let (Some(key), Some(count)) = (key, shared_count) {
                if shared.insert(key) {
                    items.push((
                        position,
                        Item::Unread {
                            first: position,
                            count: *count,
                        },
                    ));
                }
            } else if !together.contains(&position) {
                items.push((position, Item::Objects(vec![position])));
            }
        }
        let alike = self.overview.alike.iter();
        items.extend(alike.filter_map(|group| Some((*group.first()?, Item::Objects(group.clone())))));
        items.sort_by_cached_key(|(position, _)| {
            let object = &objects[*position];
            // Objects without drift are in a report only where somebody asked for them.
            (!object.state.is_drift(), urgency::of_object(object), *position)
        });
        items.into_iter().map(|(_, item)| item).collect()
    }
}

impl Page<'_> {
    /// An item with its line break, and how much it tells.
    pub(super) fn item(&self, items: &Items<'_>, item: &Item) -> (String, LeftOut) {
        let objects = items.objects();
        match item {
            Item::Unread { first, count } => {
                let object = &objects[*first];
                let text = format!(
                    "- {} {count} × {}: {}\n",
                    self.codes.state(object.state),
                    code(&self.options.safe(&object.kind)),
                    prose(&self.options.safe(object.reason.as_deref().unwrap_or_default()))
                );
                let told = LeftOut {
                    objects: *count,
                    ..LeftOut::default()
                };
                (text, told)
            }
            Item::Objects(positions) => {
                let of_item = || positions.iter().map(|position| &objects[*position]);
                (self.objects(items, positions), counts(of_item()))
            }
        }
    }

    fn objects(&self, items: &Items<'_>, positions: &[usize]) -> String {
        let objects = items.objects();
        let Some(first) = positions.first().map(|position| &objects[*position]) else {
            return String::new();
        };
        let title = |object: &ObjectReport| {
            let template = object.template.as_ref();
            let template = template.map(|template| format!(" ({})", code(&self.options.safe(template))));
            let title = code(&self.options.safe(&items.overview.title(object)));
            format!("{title}{}", template.unwrap_or_default())
        };
        let mut text = format!("- {} ", self.codes.state(first.state));
        if positions.len() > 1 {
            let named = positions
                .iter()
                .take(NAMED)
                .map(|position| title(&objects[*position]));
            let named: Vec<String> = named.collect();
            let _ = write!(
                text,
                "{} objects in the same way: {}",
                positions.len(),
                named.join(", ")
            );
            let unnamed = positions.len().saturating_sub(NAMED);
            if unnamed > 0 {
                let _ = write!(text, " and {unnamed} more");
            }
        } else {
            text.push_str(&title(first));
            self.remarks(first, &mut text);
        }
        text.push('\n');
        self.findings(items, positions, first, &mut text);
        text
    }

    /// What is said of an object as a whole.
    fn remarks(&self, object: &ObjectReport, text: &mut String) {
        if let Some(reason) = &object.reason {
            let _ = write!(text, ": {}", prose(&self.options.safe(reason)));
        }
        if object.state != ObjectState::Drifted
            && let Some(remark) = changes::remark(&object.tracked, self.now)
        {
            let _ = write!(text, "; {}", prose(&self.options.safe(&remark)));
        }
        if let Some(next) = upgrade::of_object(object, self.options) {
            let _ = write!(text, "; {}", line(&next));
        }
    }

    /// The findings, which hold for the objects at all these positions, in all releases of the group.
    fn findings(&self, items: &Items<'_>, positions: &[usize], first: &ObjectReport, text: &mut String) {
        let releases = items.releases;
        let own = positions
            .iter()
            .map(|position| &releases.first.objects[*position]);
        let counterparts = positions
            .iter()
            .flat_map(|position| releases.counterparts(*position));
        let objects: Vec<&ObjectReport> = own.chain(counterparts).collect();
        for (at, finding) in first.findings.iter().enumerate().take(FINDINGS) {
            let findings: Vec<_> = objects
                .iter()
                .filter_map(|object| object.findings.get(at))
                .collect();
            let row = fields::row(releases, finding, &findings, self.options, self.now);
            let _ = write!(
                text,
                "  - {} {}: {}",
                self.codes.finding(row.code),
                code(&row.path),
                values(&row.value)
            );
            for detail in &row.details {
                let _ = write!(text, "; {}", line(&detail.text));
            }
            if let Some(to_keep) = &row.to_keep {
                let _ = write!(text, "; {}", code(to_keep));
            }
            text.push('\n');
            if let Some((before, after)) = row.texts {
                text.push('\n');
                text.push_str(&fenced("diff", &self.diff(before, after), "    "));
                text.push('\n');
            }
        }
        more(
            text,
            "  ",
            first.findings.len().saturating_sub(FINDINGS),
            "finding",
        );
        let left_out = first.left_out.total();
        if left_out > 0 {
            let _ = writeln!(text, "  - and {left_out} that no format of the report lists");
        }
    }

    /// The lines that differ.
    fn diff(&self, before: &str, after: &str) -> Vec<String> {
        let layout = DiffLayout {
            palette: &self.options.palette,
            medium: self.options.medium,
            indent: 0,
            limits: Some(DIFF),
        };
        let mut written = Vec::new();
        // Writing to memory cannot fail.
        let _ = LineDiff::of(before, after).write(&layout, &mut written);
        let written = String::from_utf8_lossy(&written);
        let lines = written.lines();
        // The mark of each line is the first thing in it here.
        lines
            .map(|line| line.strip_prefix("│ ").unwrap_or(line).to_owned())
            .collect()
    }
}

fn counts<'o>(objects: impl Iterator<Item = &'o ObjectReport>) -> LeftOut {
    let mut counts = LeftOut::default();
    for object in objects {
        counts.objects += 1;
        counts.findings += object.findings.len();
    }
    counts
}
