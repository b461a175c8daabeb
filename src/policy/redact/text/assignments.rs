//! Names and their values on one line, and how far a value goes.

use std::ops::Range;

use super::{
    BlockKind, LONGEST_NAME, NAMING, Open, Pair, Reader, is_harmless, is_key_file, is_nothing,
    is_part_of_name, is_switch,
};
use crate::policy::redact::names::{self, Sensitivity};
use crate::policy::redact::references::is_reference;
use crate::policy::redact::shapes;

/// How far ahead the end of a value is looked for where other text follows it on the line.
const NEARBY: usize = 512;

/// What stands between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Colon,
    Equals,
}

/// A name and where its value begins.
struct Assignment<'t> {
    name: &'t str,
    /// The column of the name.
    column: usize,
    separator: Separator,
    /// Whether nothing but marks stands before the name on its line.
    is_first: bool,
    /// Where the value begins.
    value: usize,
    /// The quote that was opened before the name and is not yet closed.
    quote: Option<u8>,
}

impl<'t> Reader<'t, '_> {
    /// Goes through a line and hides the values of sensitive names, elements and flags.
    pub(super) fn assignments(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut quote: Option<u8> = None;
        while at < end {
            let byte = bytes[at];
            match byte {
                b'\\' if quote.is_some() => {
                    // An escaped quote in a quoted text opens and closes a text of its own.
                    at += 2;
                    continue;
                }
                b'"' | b'\'' | b'`' => {
                    quote = match quote {
                        Some(open) if open == byte => None,
                        Some(open) => Some(open),
                        None => Some(byte),
                    };
                }
                b'{' | b'}' if quote.is_none() => self.pair = Pair::default(),
                b'<' => {
                    if let Some(after) = self.element(at, end) {
                        at = after;
                        continue;
                    }
                }
                b'-' if at == start || !is_part_of_name(bytes[at - 1]) => {
                    if let Some(after) = self.flag(at, end) {
                        at = after;
                        continue;
                    }
                }
                b',' => {
                    if let Some(after) = self.argument(start, at, end) {
                        at = after;
                        quote = None;
                        continue;
                    }
                }
                b':' | b'=' => {
                    if let Some(assignment) = self.assignment(start, at, end, quote)
                        && let Some(after) = self.assign(&assignment, end)
                    {
                        at = after.max(at + 1);
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// The name before a separator, if the separator is one.
    fn assignment(&self, start: usize, at: usize, end: usize, quote: Option<u8>) -> Option<Assignment<'t>> {
        let bytes = self.text.as_bytes();
        let next = (at + 1 < end).then(|| bytes[at + 1]);
        let previous = (at > start).then(|| bytes[at - 1])?;
        let (separator, mut value) = match (bytes[at], next) {
            (b'=', Some(b'=' | b'~')) | (b':', Some(b':')) => return None,
            (b'=', Some(b'>')) | (b':', Some(b'=')) => (Separator::Equals, at + 2),
            // `$http_x_api_key != "x"` compares with a secret if that is a text in quotes.
            (b'=', Some(b' ' | b'"' | b'\'')) if previous == b'!' => {
                let behind = self.text.get(at + 1..end)?.trim_start();
                if !behind.starts_with(['"', '\'']) {
                    return None;
                }
                (Separator::Equals, at + 1)
            }
            (b'=', _) if b"=!<>:".contains(&previous) => return None,
            (b'=', _) => (Separator::Equals, at + 1),
            (_, _) => (Separator::Colon, at + 1),
        };
        let mut to = at;
        while to > start && at - to < 8 && b" \t\"'`\\]+?!".contains(&bytes[to - 1]) {
            to -= 1;
        }
        let mut from = to;
        while from > start && to - from < LONGEST_NAME && is_part_of_name(bytes[from - 1]) {
            from -= 1;
        }
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        let name = self.text.get(from..to).filter(|name| !name.is_empty())?;
        let before = self.text.get(start..from)?;
        let is_first = is_lead(before);
        let is_quoted = matches!(previous, b'"' | b'\'' | b'`' | b'\\');
        // In `image:tag` and `http://` a colon separates nothing; in `password:hunter2` it does.
        let is_loose = next.is_none_or(|next| b" \t\"'".contains(&next));
        let is_password = || is_first && self.sensitivity_of(name) == Sensitivity::Password;
        if separator == Separator::Colon && !(is_quoted || is_loose || is_password()) {
            return None;
        }
        while value < end && b" \t".contains(&bytes[value]) {
            value += 1;
        }
        Some(Assignment {
            name,
            column: from - self.line_start,
            separator,
            is_first,
            value,
            quote: quote.filter(|_| !is_quoted),
        })
    }

    /// Hides the value of a sensitive name; gives the place behind it.
    fn assign(&mut self, assignment: &Assignment<'t>, end: usize) -> Option<usize> {
        let name = assignment.name;
        let mut sensitivity = self.sensitivity_of(name);
        if sensitivity == Sensitivity::Plain {
            let is_named = NAMING.iter().any(|naming| name.eq_ignore_ascii_case(naming));
            if is_named {
                let named = self.text[assignment.value..end].trim_start_matches(['"', '\'', '\\']);
                let ends = |character: char| !(character.is_alphanumeric() || "_.-/$".contains(character));
                let named = &named[..named.find(ends).unwrap_or(named.len())];
                if self.sensitivity_of(named) > Sensitivity::Plain {
                    self.pair.is_sensitive = true;
                    if let Some(value) = self.pair.value.take() {
                        self.hide(value);
                    }
                }
                return None;
            }
            if names::is_value(name) {
                if self.pair.is_sensitive {
                    sensitivity = Sensitivity::Inside;
                } else {
                    self.pair.value = self.nearby_value(assignment, end);
                }
            } else if self.section > Sensitivity::Plain && assignment.is_first && !names::is_attribute(name) {
                sensitivity = self.section;
            }
        }
        let is_data = self.holds_secret && assignment.is_first && matches!(name, "data" | "stringData");
        if is_data || name == "stringData" {
            return self.data(assignment, end);
        }
        if sensitivity == Sensitivity::Plain {
            return None;
        }
        let rest = self.text[assignment.value..end].trim_end();
        if assignment.separator == Separator::Colon && assignment.is_first && opens_block(rest) {
            let kind = if rest.starts_with(['|', '>']) {
                BlockKind::Text
            } else {
                BlockKind::Values(sensitivity)
            };
            self.open = Open::Block(assignment.column, kind);
            return Some(end);
        }
        if assignment.separator == Separator::Colon && !assignment.is_first && is_prose(rest) {
            return None;
        }
        let (value, after) = self.value(assignment, end, sensitivity)?;
        let text = &self.text[value.clone()];
        if after == end && self.open == Open::Nothing && is_continued(text) {
            self.open = Open::Continuation;
        }
        let behind = &self.text[value.end..end];
        if is_reference(sensitivity, text) || is_variable_of_statement(text, behind) {
            return Some(after);
        }
        let is_switch = sensitivity < Sensitivity::Password && is_switch(text);
        if !is_switch && !is_nothing(text) && !shapes::is_placeholder(text) && !is_key_file(text) {
            self.hide(value);
        }
        Some(after)
    }

    /// Hides a line that a value goes on in.
    pub(super) fn continued(&mut self, start: usize, end: usize) {
        if !is_continued(&self.text[start..end]) {
            self.open = Open::Nothing;
        }
        self.hide(start..end);
    }

    /// Hides a line of a text in three quotes; gives the place behind them.
    pub(super) fn triple_quote(&mut self, start: usize, end: usize, marks: &str) -> usize {
        let close = self.text[start..end].find(marks).map(|close| start + close);
        self.hide(start..close.unwrap_or(end));
        if close.is_some() {
            self.open = Open::Nothing;
        }
        close.map_or(end, |close| close + marks.len())
    }

    /// A key of YAML with its value on the next line: `? password`, and then `: x`.
    pub(super) fn explicit_key(&mut self, start: usize, end: usize) -> bool {
        let key_before = self.key_before.take();
        let content = self.text[start..end].trim_start();
        if let Some(key) = content.strip_prefix("? ") {
            self.key_before = Some(key.trim().trim_matches(['"', '\'']));
            return true;
        }
        let (Some(name), Some(value)) = (key_before, content.strip_prefix(':')) else {
            return false;
        };
        let assignment = Assignment {
            name,
            column: end - content.len() - self.line_start,
            separator: Separator::Colon,
            is_first: true,
            value: end - value.trim_start().len(),
            quote: None,
        };
        self.assign(&assignment, end).is_some()
    }

    /// The argument behind a sensitive name in a call or a pair: `define('DB_PASSWORD', 'x')`, `["password", "x"]`; gives
    /// the place behind it.
    fn argument(&mut self, start: usize, comma: usize, end: usize) -> Option<usize> {
        let nearest = comma.saturating_sub(LONGEST_NAME).max(start);
        let nearest = (nearest..=comma).find(|at| self.text.is_char_boundary(*at))?;
        let before = self.text[nearest..comma].trim_end();
        let quote = before
            .chars()
            .next_back()
            .filter(|last| matches!(last, '"' | '\''))?;
        let (call, name) = before[..before.len() - 1].rsplit_once(quote)?;
        let is_call = call.trim_end().ends_with('(');
        let is_pair = call.trim_end().ends_with('[');
        let sensitivity = self.sensitivity_of(name);
        if !(is_call || is_pair) || sensitivity == Sensitivity::Plain {
            return None;
        }
        let value = self.text[comma + 1..end].trim_start();
        let at = end - value.len();
        let mark = *value.as_bytes().first()?;
        let (from, to) = if matches!(mark, b'"' | b'\'') {
            (at + 1, self.closing(at + 1, end, mark)?)
        } else {
            (at, at + value.find([',', ')', ']']).unwrap_or(value.len()))
        };
        let text = self.text.get(from..to)?;
        let behind = self.text[to..end].trim_start_matches(['"', '\'', ' ']);
        let is_list = is_pair && (!behind.starts_with(']') || self.sensitivity_of(text) > Sensitivity::Plain);
        if is_list || is_harmless(sensitivity, text) {
            return None;
        }
        self.hide(from..to);
        Some(if from > at { to + 1 } else { to })
    }

    /// A value whose name may still come. It is not consumed, so it is looked for in a limited distance only.
    fn nearby_value(&mut self, assignment: &Assignment<'t>, end: usize) -> Option<Range<usize>> {
        let rest = self.text.get(assignment.value..end)?;
        let end = assignment.value + floor(rest, NEARBY);
        let open = self.open.clone();
        let value = self.value(assignment, end, Sensitivity::Inside);
        self.open = open;
        value.map(|(range, _)| range)
    }

    /// The values of a Secret's manifest in a text.
    fn data(&mut self, assignment: &Assignment<'t>, end: usize) -> Option<usize> {
        let rest = self.text[assignment.value..end].trim_end();
        if opens_block(rest) {
            self.open = Open::Block(assignment.column, BlockKind::Data);
            return Some(end);
        }
        if rest.starts_with(['{', '[']) {
            let (value, after) = self.value(assignment, end, Sensitivity::Inside)?;
            self.hide(value);
            return Some(after);
        }
        None
    }

    /// The extent of a value, and the place behind it. It may leave a quote or brackets open.
    fn value(
        &mut self,
        assignment: &Assignment<'t>,
        end: usize,
        sensitivity: Sensitivity,
    ) -> Option<(Range<usize>, usize)> {
        let mut from = assignment.value;
        let rest = self.text.get(from..end)?;
        if rest.is_empty() {
            return None;
        }
        // Inside of a quoted text quotes are escaped.
        let bytes = self.text.as_bytes();
        if bytes[from] == b'\\' && from + 1 < end && b"\"'".contains(&bytes[from + 1]) {
            let opened = &self.text[from + 2..end];
            let close = opened.find(['"', '\'']).map_or(end, |at| from + 2 + at);
            let to = if bytes[close - 1] == b'\\' {
                close - 1
            } else {
                close
            };
            return Some((from + 2..to.max(from + 2), (close + 1).min(end)));
        }
        for marks in ["\"\"\"", "'''"] {
            if rest.starts_with(marks) {
                from += marks.len();
                let Some(close) = self.text[from..end].find(marks) else {
                    self.open = Open::TripleQuote(marks);
                    return Some((from..end, end));
                };
                return Some((from..from + close, from + close + marks.len()));
            }
        }
        match bytes[from] {
            open @ (b'"' | b'\'' | b'`') if assignment.quote != Some(open) => {
                from += 1;
                let Some(close) = self.closing(from, end, open) else {
                    self.open = Open::Quote(open);
                    return Some((from..end, end));
                };
                Some((from..close, close + 1))
            }
            b'{' | b'[' if sensitivity > Sensitivity::Value => {
                let (close, depth) = self.brackets(from + 1, end, 1);
                if depth > 0 {
                    self.open = Open::Brackets(depth);
                }
                Some((from + 1..close, close))
            }
            b'{' | b'[' => None,
            _ => {
                let length = unquoted(rest, assignment);
                Some((from..from + length, from + length))
            }
        }
    }

    /// Where a quoted text ends.
    pub(super) fn closing(&self, from: usize, end: usize, quote: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while at < end {
            match bytes[at] {
                b'\\' if quote == b'"' => at += 2,
                byte if byte == quote => return Some(at),
                _ => at += 1,
            }
        }
        None
    }

    /// Where brackets end, or the line; and how many are still open there.
    pub(super) fn brackets(&self, from: usize, end: usize, mut depth: usize) -> (usize, usize) {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while at < end {
            match bytes[at] {
                quote @ (b'"' | b'\'') => match self.closing(at + 1, end, quote) {
                    Some(close) => at = close,
                    None => return (end, depth),
                },
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return (at, 0);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        (end, depth)
    }
}

/// Whether only marks stand before a name: blanks, the mark of an item, a comment's, a quote, a keyword of a shell.
fn is_lead(before: &str) -> bool {
    before.len() <= LONGEST_NAME
        && before.split([' ', '\t']).all(|word| {
            matches!(
                word,
                "" | "-"
                    | "#"
                    | "//"
                    | ";"
                    | "+"
                    | "\""
                    | "'"
                    | "- "
                    | "export"
                    | "set"
                    | "ENV"
                    | "var"
                    | "let"
                    | "const"
            )
        })
}

/// Whether a line ends in a backslash that no other one takes away. In a shell what follows a blank and a backslash is
/// the next word.
fn is_continued(text: &str) -> bool {
    let value = text.trim_end_matches('\\');
    (text.len() - value.len()) % 2 == 1 && (value.trim().is_empty() || !value.ends_with([' ', '\t']))
}

/// Whether a sentence goes on behind a colon: `resets the password: see page 12`.
fn is_prose(rest: &str) -> bool {
    // Only the beginning, since a line may have many names.
    let rest = &rest[..floor(rest, LONGEST_NAME)];
    let (first, others) = rest.split_once(' ').unwrap_or((rest, ""));
    let verbs = [
        "see", "refer", "must", "should", "may", "can", "contact", "ask", "read", "visit", "please",
    ];
    verbs.contains(&first) && !others.trim().is_empty()
}

/// Whether a value is a variable, and its statement ends behind it, as in nginx, PHP and Perl.
pub(super) fn is_variable_of_statement(value: &str, behind: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let name = value.strip_prefix('$').unwrap_or_default();
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(is_name)
        && behind.trim_start_matches(['"', '\'', ' ']).starts_with(';')
}

/// Whether what stands behind a colon says that the value is on the next lines.
fn opens_block(rest: &str) -> bool {
    let is_indicator = |rest: &str| {
        let marks = rest.trim_start_matches(['|', '>']);
        let marks = marks.trim_start_matches(|mark: char| mark.is_ascii_digit() || "+-".contains(mark));
        let marks = marks.trim_start();
        rest.starts_with(['|', '>']) && (marks.is_empty() || marks.starts_with('#'))
    };
    rest.is_empty()
        || is_indicator(rest)
        || (rest.starts_with(['#', '&', '!']) && !rest.contains(char::is_whitespace))
}

/// How long a value without quotes is. Where that is not certain, it goes on to the end of the line.
fn unquoted(rest: &str, assignment: &Assignment<'_>) -> usize {
    if let Some(quote) = assignment.quote {
        return rest.find(char::from(quote)).unwrap_or(rest.len());
    }
    let begins_name = |rest: &str| {
        let ends = |character: char| !(character.is_alphanumeric() || "_.- ".contains(character));
        let rest = &rest[..floor(rest, LONGEST_NAME)];
        let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
        !name.trim().is_empty() && rest[name.len()..].starts_with('=')
    };
    match (assignment.separator, assignment.is_first) {
        (_, true) => rest.trim_end_matches([',', ';', ' ', '\t']).len(),
        (Separator::Colon, false) => rest.find(", ").or(rest.find('}')).unwrap_or(rest.len()),
        (Separator::Equals, false) => {
            let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
            // The fields of a connection string and the parameters of a URL are told by the next name.
            let nearby = &rest[..floor(rest, NEARBY)];
            let field = nearby.match_indices([';', '&', ',']).take(16).find(|(at, mark)| {
                let behind = &nearby[at + mark.len()..];
                behind.trim().is_empty() || begins_name(behind)
            });
            match field {
                Some((at, ";")) => at,
                Some((at, _)) => at.min(word),
                None => word,
            }
        }
    }
}

/// The length of the beginning of a text that has at most so many bytes.
fn floor(text: &str, length: usize) -> usize {
    let mut at = text.len().min(length);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
