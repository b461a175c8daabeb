//! Documents made readable where a hole stands in a place of its own.
//!
//! A hole in a value is a text like any other. One alone on a line may be entries of a map or elements of a list: its
//! neighbours tell which, and a name or a dash is added. Where the document cannot be read even so, the hole before
//! the error is made a comment, or is taken away.

use std::ops::Range;

use super::source::Source;
use crate::template::traced::{HOLE, Origin};
use crate::yaml::located::{self, Tree};
use crate::yaml::{Limits, Repairs, YamlError};

/// How often a document is read anew with a hole in another form.
const MOST_ATTEMPTS: usize = 24;

/// A document that could be read.
#[derive(Debug)]
pub(super) struct Readable {
    pub(super) source: Source,
    pub(super) tree: Tree,
    /// Where in the text a hole stands that may be anything: entries, elements or nothing.
    pub(super) open: Vec<Range<usize>>,
}

/// What is made of a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// It stays as it is.
    Text,
    /// It is the name of an entry without a value.
    Entry,
    /// It is an element of a list.
    Element,
    /// It is a comment, up to the end of its line.
    Comment,
    /// It is a blank.
    Blank,
}

/// How many holes are looked at one by one.
const MOST_HOLES: usize = 2000;

/// Reads a document, with as few of its holes changed as it takes; `None` where it cannot be read. Each time that it is read
/// again is charged.
pub(super) fn read(
    source: &Source,
    limits: &Limits,
    repairs: &mut Repairs,
    reread: &mut usize,
) -> Option<Readable> {
    let holes = source.holes();
    let lines = Lines::of(source);
    let mut forms: Vec<Form> = holes
        .iter()
        .enumerate()
        .map(|(number, hole)| {
            if number < MOST_HOLES {
                lines.form(source, hole)
            } else {
                Form::Text
            }
        })
        .collect();
    for attempt in 0..MOST_ATTEMPTS {
        let (written, open) = write(source, &holes, &forms);
        let error = match located::parse(&written.text, limits, repairs) {
            Ok(tree) => {
                return Some(Readable {
                    source: written,
                    tree: tree?,
                    open,
                });
            }
            Err(error) => error,
        };
        *reread = reread.checked_sub(source.text.len())?;
        // The last attempt changes all holes at once.
        let is_last = attempt + 2 == MOST_ATTEMPTS;
        let upto = line_of(&error);
        let mut is_changed = false;
        for (hole, form) in holes.iter().zip(&mut forms).rev() {
            let is_before = is_last || upto.is_none_or(|upto| lines.number(hole.start) <= upto);
            if !is_before {
                continue;
            }
            let next = match form {
                Form::Text | Form::Entry | Form::Element if ends_line(source, hole) => Form::Comment,
                Form::Text | Form::Entry | Form::Element => Form::Blank,
                Form::Comment | Form::Blank => continue,
            };
            *form = next;
            is_changed = true;
            if !is_last {
                break;
            }
        }
        if !is_changed {
            return None;
        }
    }
    None
}

/// The line at which the parser stopped, counted from one.
const fn line_of(error: &YamlError) -> Option<usize> {
    match error {
        YamlError::Syntax { at, .. }
        | YamlError::Tag { at }
        | YamlError::Base64 { at }
        | YamlError::NotFinite { at }
        | YamlError::Key { at }
        | YamlError::Merge { at }
        | YamlError::UnknownAnchor { at }
        | YamlError::ContainsItself { at }
        | YamlError::ExcessiveAliasing { at }
        | YamlError::TooDeep { at, .. }
        | YamlError::TooManyNodes { at, .. }
        | YamlError::TooMuchCopied { at, .. } => Some(at.line),
        YamlError::TooHeavy(_) | YamlError::TooManyDirectives { .. } | YamlError::ParserFailed => None,
    }
}

/// Whether nothing but other holes and blanks follow on the line of a hole.
fn ends_line(source: &Source, hole: &Range<usize>) -> bool {
    let rest = source.text.get(hole.end..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    let before = source.text.get(..hole.start).unwrap_or_default();
    line.chars().all(is_blank_or_hole)
        && before
            .chars()
            .next_back()
            .is_none_or(|last| matches!(last, ' ' | '\n' | HOLE))
}

const fn is_blank_or_hole(character: char) -> bool {
    matches!(character, ' ' | '\t' | HOLE)
}

/// The text with its holes in these forms, and where those are that may be anything.
fn write(source: &Source, holes: &[Range<usize>], forms: &[Form]) -> (Source, Vec<Range<usize>>) {
    if forms.iter().all(|form| *form == Form::Text) {
        return (source.clone(), Vec::new());
    }
    let mut written = Source {
        text: String::with_capacity(source.text.len() + 2 * holes.len()),
        parts: Vec::with_capacity(source.parts.len() + holes.len()),
    };
    let mut open = Vec::new();
    let mut forms = forms.iter();
    for part in &source.parts {
        if !part.is_hole {
            written.add_cut(source, part, &part.span);
            continue;
        }
        let form = forms.next().copied().unwrap_or(Form::Text);
        let (before, hole, after) = match form {
            Form::Text => ("", true, ""),
            Form::Entry => ("", true, ":"),
            Form::Element => ("- ", true, ""),
            Form::Comment => ("#", true, ""),
            Form::Blank => ("", false, ""),
        };
        let start = written.text.len();
        if !before.is_empty() {
            written.add(before, None, false, false);
        }
        let text = if hole { HOLE } else { ' ' };
        let origin: Option<&Origin> = part.origin.as_ref();
        written.add(text.encode_utf8(&mut [0; 4]), origin, true, part.is_whole);
        if !after.is_empty() {
            written.add(after, None, false, false);
        }
        if form != Form::Text {
            open.push(start..written.text.len());
        }
    }
    (written, open)
}

/// A line that says something about the structure.
#[expect(clippy::struct_excessive_bools, reason = "each decides what a hole may be")]
struct Line {
    /// Its first byte.
    start: usize,
    /// Its number, counted from one.
    number: usize,
    /// How far it is indented.
    indent: usize,
    /// Whether it has nothing but holes.
    is_hole: bool,
    /// Whether it has nothing, or a comment only.
    is_blank: bool,
    /// Whether it begins with a dash, as elements of lists do.
    is_element: bool,
    /// Whether it has a name and nothing behind it.
    is_name_only: bool,
}

/// The lines of a text that has holes.
struct Lines(Vec<Line>);

impl Lines {
    fn of(source: &Source) -> Self {
        if !source.parts.iter().any(|part| part.is_hole) {
            return Self(Vec::new());
        }
        let mut start = 0;
        let lines = source
            .text
            .split_inclusive('\n')
            .enumerate()
            .map(|(number, text)| {
                let line = text.trim_end();
                let content = line.trim_start_matches(' ');
                let found = Line {
                    start,
                    number: number + 1,
                    indent: line.len() - content.len(),
                    is_hole: !content.is_empty() && content.chars().all(is_blank_or_hole),
                    is_blank: content.is_empty() || content.starts_with('#'),
                    is_element: content == "-" || content.starts_with("- "),
                    is_name_only: content.ends_with(':'),
                };
                start += text.len();
                found
            });
        Self(lines.collect())
    }

    fn index(&self, at: usize) -> usize {
        self.0.partition_point(|line| line.start <= at).saturating_sub(1)
    }

    /// The number of the line of a byte.
    fn number(&self, at: usize) -> usize {
        self.0.get(self.index(at)).map_or(1, |line| line.number)
    }

    /// What is made of a hole at first.
    fn form(&self, source: &Source, hole: &Range<usize>) -> Form {
        let index = self.index(hole.start);
        let Some(line) = self.0.get(index) else {
            return Form::Text;
        };
        let before = source.text.get(line.start..hole.start).unwrap_or_default();
        let is_first = before.trim_start_matches([' ', '-']).is_empty();
        if !is_first || !ends_line(source, hole) {
            return Form::Text;
        }
        let column = before.len();
        let is_in_element = before.contains('-');
        // Elsewhere than at the line's beginning, `-` stands for the element that the hole begins.
        if !is_in_element && !line.is_hole {
            return Form::Text;
        }
        let after = self.0.get(index + 1..).unwrap_or_default().iter();
        let next = after
            .take(MOST_LINES)
            .find(|line| !line.is_blank && !line.is_hole);
        if let Some(next) = next
            && next.indent == column
        {
            return Form::beside(next);
        }
        if is_in_element {
            return Form::Text;
        }
        let lines = self
            .0
            .get(..index)
            .unwrap_or_default()
            .iter()
            .rev()
            .take(MOST_LINES);
        let mut is_nearest = true;
        for previous in lines.filter(|line| !line.is_blank && !line.is_hole) {
            if previous.indent == column {
                // The elements of a list may stand as far to the left as its name.
                return if is_nearest && previous.is_name_only && !previous.is_element {
                    Form::Element
                } else {
                    Form::beside(previous)
                };
            }
            if previous.indent < column {
                let is_in_its_element = previous.is_element && previous.indent + 2 == column;
                return if is_in_its_element {
                    Form::Entry
                } else {
                    Form::Text
                };
            }
            is_nearest = false;
        }
        Form::Text
    }
}

/// How many lines around a hole are looked at.
const MOST_LINES: usize = 200;

impl Form {
    /// That of a hole that stands in a row with a line.
    const fn beside(line: &Line) -> Self {
        if line.is_element {
            Self::Element
        } else {
            Self::Entry
        }
    }
}
