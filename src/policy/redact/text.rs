//! Secrets in texts of no known format: configuration files, scripts, command lines and header lines.
//!
//! An entry of a `ConfigMap` may be YAML, an `.env` file, INI, properties, TOML, XML, a netrc or a shell script, and
//! nothing says which. All of them write a name and its value on a line, with `:`, `=`, a space or tags between the two,
//! so one reader goes through the lines and hides the values of sensitive names: to the end of the value where that is
//! certain, and of the line where it is not. A value of several lines (a block of YAML, a quoted text, brackets) is
//! hidden up to its end. The lines stay, so that a report can show which other lines differ.
//!
//! Every byte is looked at a fixed number of times, whatever the text.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::names::{self, Sensitivity};
use super::shapes;

/// The longest name before a separator.
const LONGEST_NAME: usize = 128;

/// How far ahead the end of a value is looked for where other text follows it on the line.
const NEARBY: usize = 512;

/// Fields that name the value beside them.
const NAMING: [&str; 8] = ["name", "key", "env", "variable", "property", "id", "header", "option"];

/// Command lines and statements in which a position or a short flag holds the secret.
static COMMANDS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r#"(?i)(?:^|[\s/"'])(?:sshpass|docker|podman|nerdctl|helm|oras|skopeo|mongo[a-z]*|az)\s[^|;&\n]*?\s?-p[\s"',]+([^\s"',]+)"#,
        r#"(?:^|[\s/"'])(?:mysql[a-z]*|mariadb[a-z-]*|sshpass)\s[^|;&\n]*?\s?["']?-p([^\s"',]+)"#,
        r#"(?:^|[\s/"'])(?:redis-cli|valkey-cli|keydb-cli)\s[^|;&\n]*?\s?-a[\s"',]+([^\s"',]+)"#,
        r#"(?:^|[\s/"'])(?:curl|wget|http|https)\s[^|;&\n]*?\s?(?:-u|-U|--user|--proxy-user)[\s"',=]*[^\s:"',]+:([^\s"']+)"#,
        r#"(?:^|[\s/"'])(?:ldap[a-z]+)\s[^|;&\n]*?\s?-w[\s"',]*([^\s"',]+)"#,
        r"(?i)(?:identified\s+by|password)\s+(?:password\s+)?'([^']+)'",
        r"(?i)(?:^|\s)(?:machine|login|default|account)\s[^\n]*?password\s+(\S+)",
        r"(?i)(?:^|\s)user\s+\S+\s[^\n]*>(\S+)",
    ];
    // Constants, all built by this module's tests.
    patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
});

/// Adds the secret parts of a text, in no order; some may overlap. A part never goes over the end of a line.
pub(super) fn find(text: &str, sensitivity: &dyn Fn(&str) -> Sensitivity, found: &mut Vec<Range<usize>>) {
    let mut shapes = Vec::new();
    shapes::find(text, &mut shapes);
    let mut reader = Reader {
        text,
        sensitivity,
        found: Vec::new(),
        open: Open::Nothing,
        section: Sensitivity::Plain,
        pair: Pair::default(),
        is_flag_before: false,
        holds_secret: holds_secret(text),
        line_start: 0,
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        reader.line_start = start;
        reader.line(start, start + content.len());
        start += line.len();
    }
    shapes.append(&mut reader.found);
    for range in shapes {
        by_line(text, range, found);
    }
}

/// The text with its parts replaced. Parts that overlap become one.
pub(super) fn replaced(text: &str, mut parts: Vec<Range<usize>>, token: &mut dyn FnMut(&str) -> String) -> String {
    parts.sort_by_key(|part| (part.start, part.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for part in parts {
        match joined.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            Some(_) | None => joined.push(part),
        }
    }
    let mut result = String::with_capacity(text.len());
    let mut from = 0;
    for part in joined {
        result.push_str(&text[from..part.start]);
        result.push_str(&token(&text[part.clone()]));
        from = part.end;
    }
    result.push_str(&text[from..]);
    result
}

/// Cuts a part at the ends of lines and leaves out the blanks around each piece.
fn by_line(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut start = range.start;
    for line in text[range].split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() {
            let at = start + (line.len() - line.trim_start().len());
            found.push(at..at + content.len());
        }
        start += line.len();
    }
}

/// Whether a text holds the manifest of a Secret.
fn holds_secret(text: &str) -> bool {
    text.match_indices("kind").any(|(at, kind)| {
        let rest = text[at + kind.len()..].trim_start_matches(['"', '\'']);
        let value = rest.trim_start_matches(' ').strip_prefix(':');
        let value = value.map(|value| value.trim_start_matches([' ', '"', '\'']));
        value.and_then(|value| value.strip_prefix("Secret")).is_some_and(|rest| {
            rest.strip_prefix("List")
                .unwrap_or(rest)
                .chars()
                .next()
                .is_none_or(|next| !next.is_alphanumeric())
        })
    })
}

/// What the lines before left open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    Nothing,
    /// A text in quotes.
    Quote(u8),
    /// Brackets, that many deep.
    Brackets(usize),
    /// The text of an element, up to the next tag.
    Element,
    /// What is indented deeper than a name at this column.
    Block(usize, BlockKind),
}

/// What a block of YAML holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    /// One text.
    Text,
    /// Values under names of their own.
    Values(Sensitivity),
    /// The values of a Secret.
    Data,
}

/// A name and a value side by side in one item.
#[derive(Debug, Default)]
struct Pair {
    /// Whether the item has a sensitive name.
    is_sensitive: bool,
    /// The value that came before its name.
    value: Option<Range<usize>>,
}

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

struct Reader<'t, 's> {
    text: &'t str,
    sensitivity: &'s dyn Fn(&str) -> Sensitivity,
    found: Vec<Range<usize>>,
    open: Open,
    /// How sensitive the section is that the line belongs to: `[credentials]`.
    section: Sensitivity,
    pair: Pair,
    /// Whether the item before is a flag whose value is a secret: `- --password`.
    is_flag_before: bool,
    holds_secret: bool,
    /// Where the line begins.
    line_start: usize,
}

impl<'t> Reader<'t, '_> {
    /// Reads one line, without its end.
    fn line(&mut self, start: usize, end: usize) {
        let from = match self.open {
            Open::Nothing => start,
            Open::Quote(quote) => match self.closing(start, end, quote) {
                Some(close) => {
                    self.hide(start..close);
                    self.open = Open::Nothing;
                    close + 1
                }
                None => return self.hide(start..end),
            },
            Open::Brackets(depth) => {
                let (close, depth) = self.brackets(start, end, depth);
                self.hide(start..close);
                if depth > 0 {
                    self.open = Open::Brackets(depth);
                    return;
                }
                self.open = Open::Nothing;
                close
            }
            Open::Element => match self.text[start..end].find('<') {
                Some(close) => {
                    self.hide(start..start + close);
                    self.open = Open::Nothing;
                    start + close
                }
                None => return self.hide(start..end),
            },
            Open::Block(column, kind) => {
                if self.block(start, end, column, kind) {
                    return;
                }
                self.open = Open::Nothing;
                start
            }
        };
        self.plain(from, end, from == start);
    }

    /// Reads a line of a block; `false` if the block is over.
    fn block(&mut self, start: usize, end: usize, column: usize, kind: BlockKind) -> bool {
        let line = &self.text[start..end];
        if line.trim().is_empty() {
            return true;
        }
        let indent = line.len() - line.trim_start_matches([' ', '\t', '#']).len();
        let content = &line[indent..];
        let is_item = content.starts_with("- ") && kind != BlockKind::Text;
        if indent < column || (indent == column && !is_item) {
            return false;
        }
        let (BlockKind::Values(_) | BlockKind::Data) = kind else {
            self.hide(start + indent..end);
            return true;
        };
        let mut at = start + indent;
        while let Some(rest) = self.text[at..end].strip_prefix("- ") {
            at = end - rest.trim_start().len();
        }
        let Some((name, value)) = self.text[at..end].split_once(':') else {
            self.hide(at..end);
            return true;
        };
        let is_mapping = value.is_empty() || value.starts_with([' ', '\t']);
        let name = name.trim().trim_matches(['"', '\'']);
        let is_hidden = match kind {
            BlockKind::Values(Sensitivity::Value) => names::is_value(name),
            BlockKind::Values(_) => !names::is_attribute(name) || self.sensitivity_of(name) > Sensitivity::Plain,
            BlockKind::Data | BlockKind::Text => true,
        };
        if !is_mapping {
            self.hide(at..end);
        } else if is_hidden {
            self.hide_value(end - value.len(), end);
        } else {
            self.plain(start, end, true);
            if self.open == Open::Nothing {
                self.open = Open::Block(column, kind);
            }
        }
        true
    }

    /// Hides the value of a name in a block, but for marks of YAML.
    fn hide_value(&mut self, from: usize, end: usize) {
        let value = self.text[from..end].trim();
        let is_mark = value.len() <= 4 && value.starts_with(['|', '>']);
        if !value.is_empty() && !is_mark && !is_nothing(value) && !shapes::is_placeholder(value.trim_matches(['"', '\''])) {
            self.hide(from..end);
        }
    }

    /// Reads a line, or the rest of one, of which nothing is known.
    fn plain(&mut self, start: usize, end: usize, is_whole: bool) {
        let line = &self.text[start..end];
        let content = line.trim_start_matches([' ', '\t', '#', ';']);
        let is_item = content.starts_with("- ") || content == "-";
        if is_whole && (is_item || content.is_empty() || content.starts_with("---")) {
            self.pair = Pair::default();
        }
        if is_whole && self.items(content, end) {
            return;
        }
        if let Some(section) = content.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']')) {
            self.section = match self.sensitivity_of(section.trim_matches(['[', ']', '"'])) {
                Sensitivity::Plain | Sensitivity::Value => Sensitivity::Plain,
                sensitive => sensitive,
            };
        }
        self.directive(start, end);
        for pattern in COMMANDS.iter() {
            for captures in pattern.captures_iter(line) {
                let value = captures.get(1).filter(|value| !shapes::is_placeholder(value.as_str()));
                self.found
                    .extend(value.map(|value| start + value.start()..start + value.end()));
            }
        }
        self.assignments(start, end);
    }

    /// Items of a list of arguments, a line each: `- --password`, and on the next line its value.
    fn items(&mut self, content: &str, end: usize) -> bool {
        let item = content
            .strip_prefix("- ")
            .map(|item| item.trim().trim_matches(['"', '\'', ',']));
        let (was_flag, item) = (self.is_flag_before, item.unwrap_or_default());
        self.is_flag_before =
            item.starts_with('-') && !item.contains(['=', ' ', ':']) && self.is_sensitive_flag(item);
        let is_value = was_flag && !item.is_empty() && !item.starts_with("--") && !shapes::is_placeholder(item);
        if is_value {
            self.hide(end - content.len() + 2..end);
        }
        is_value
    }

    /// A name and its value with nothing but a blank between them: `requirepass hunter2`, and at the end of a directive
    /// of nginx.
    fn directive(&mut self, start: usize, end: usize) {
        let line = self.text[start..end].trim();
        let (statement, is_ended) = match line.strip_suffix(';') {
            Some(statement) => (statement.trim_end(), true),
            None => (line, false),
        };
        if statement.len() > 4 * LONGEST_NAME || statement.contains(['=', ':']) && !is_ended {
            return;
        }
        let value_at = match statement.strip_suffix(['"', '\'']) {
            Some(inner) => inner.rfind(['"', '\'']),
            None => statement.rfind([' ', '\t']).map(|at| at + 1),
        };
        let Some(value_at) = value_at.filter(|at| *at > 0) else { return };
        let (before, value) = statement.split_at(value_at);
        let words: Vec<&str> = before.split_whitespace().collect();
        let (Some(name), true) = (words.last(), is_ended || words.len() == 1) else {
            return;
        };
        let is_sensitive = self.sensitivity_of(name.trim_matches(['"', '\'', '$'])) > Sensitivity::Plain
            && !name.ends_with([':', '=', ',', '.']);
        if is_sensitive && !is_nothing(value) && !shapes::is_placeholder(value) && !is_key_file(value) {
            let at = offset_in(self.text, statement) + value_at;
            self.hide(at..at + value.len());
        }
    }

    /// Goes through a line and hides the values of sensitive names, elements and flags.
    fn assignments(&mut self, start: usize, end: usize) {
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
            (b'=', _) if b"=!<>:".contains(&previous) => return None,
            (b'=', _) => (Separator::Equals, at + 1),
            (_, _) => (Separator::Colon, at + 1),
        };
        let mut to = at;
        while to > start && at - to < 8 && b" \t\"'`\\]+?".contains(&bytes[to - 1]) {
            to -= 1;
        }
        let mut from = to;
        while from > start && to - from < LONGEST_NAME && is_part_of_name(bytes[from - 1]) {
            from -= 1;
        }
        let name = self.text.get(from..to).filter(|name| !name.is_empty())?;
        let before = self.text.get(start..from)?;
        let is_first = is_lead(before);
        let is_quoted = matches!(previous, b'"' | b'\'' | b'`' | b'\\');
        // In `image:tag` and `http://` a colon separates nothing; in `password:hunter2` it does.
        let is_loose = next.is_none_or(|next| b" \t\"'".contains(&next));
        if separator == Separator::Colon
            && !is_quoted
            && !is_loose
            && !(is_first && (self.sensitivity)(name) == Sensitivity::Password)
        {
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
        let (value, after) = self.value(assignment, end, sensitivity)?;
        let text = &self.text[value.clone()];
        let is_switch = sensitivity < Sensitivity::Password && is_switch(text);
        if !is_switch && !is_nothing(text) && !shapes::is_placeholder(text) && !is_key_file(text) {
            self.hide(value);
        }
        Some(after)
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
    fn value(&mut self, assignment: &Assignment<'t>, end: usize, sensitivity: Sensitivity) -> Option<(Range<usize>, usize)> {
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
            let to = if bytes[close - 1] == b'\\' { close - 1 } else { close };
            return Some((from + 2..to.max(from + 2), (close + 1).min(end)));
        }
        match bytes[from] {
            open @ (b'"' | b'\'' | b'`') if assignment.quote != Some(open) => {
                from += 1;
                match self.closing(from, end, open) {
                    Some(close) => Some((from..close, close + 1)),
                    None => {
                        self.open = Open::Quote(open);
                        Some((from..end, end))
                    }
                }
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

    /// The value of a sensitive flag in a command line: `--password hunter2`.
    fn flag(&mut self, at: usize, end: usize) -> Option<usize> {
        let rest = &self.text[at..end];
        let is_part = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        let flag = &rest[..length.min(LONGEST_NAME)];
        if length < 3 || !self.is_sensitive_flag(flag) {
            return None;
        }
        let behind = &rest[length..];
        let value = behind.trim_start_matches([' ', '\t', '"', '\'', ',']);
        let gap = behind.len() - value.len();
        if gap == 0 || !behind[..gap].contains([' ', '\t', ',']) || value.is_empty() {
            return None;
        }
        let quote = behind[..gap].chars().last().filter(|last| matches!(last, '"' | '\''));
        let ends = |character: char| match quote {
            Some(quote) => character == quote,
            None => character.is_whitespace() || matches!(character, '"' | '\''),
        };
        let value = &value[..value.find(ends).unwrap_or(value.len())];
        if value.starts_with("--") || value == "|" || shapes::is_placeholder(value) || is_key_file(value) {
            return None;
        }
        let from = at + length + gap;
        self.hide(from..from + value.len());
        Some(from + value.len())
    }

    /// The text of an element with a sensitive name, and the value beside such a name; gives the place behind the tag.
    fn element(&mut self, at: usize, end: usize) -> Option<usize> {
        let rest = &self.text[at + 1..end];
        let ends = |character: char| !(character.is_alphanumeric() || "_.:-".contains(character));
        let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if !name.starts_with(char::is_alphabetic) {
            return None;
        }
        // Looked for up to the next tag only, so that every byte is looked at once.
        let close = rest.find(['>', '<']).filter(|close| rest[*close..].starts_with('>'))?;
        let tag = &rest[..close];
        let attribute = |wanted: &[&str]| {
            let mut from = 0;
            while let Some(equals) = tag[from..].find('=').map(|equals| from + equals) {
                let name = tag[..equals].trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
                let value = tag[equals + 1..].trim_start();
                let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
                let inner = &value[usize::from(quote.is_some())..];
                let length = inner.find(|character| quote.map_or(character == ' ', |quote| character == quote));
                let inner = &inner[..length.unwrap_or(inner.len())];
                if wanted.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)) {
                    return Some(inner);
                }
                from = offset_in(tag, inner) + inner.len();
            }
            None
        };
        let is_named = attribute(&NAMING).is_some_and(|named| self.sensitivity_of(named) > Sensitivity::Plain);
        let is_sensitive = is_named || self.sensitivity_of(name) > Sensitivity::Plain;
        if !is_sensitive {
            return None;
        }
        if let Some(value) = attribute(&names::VALUES).filter(|value| !value.is_empty() && !shapes::is_placeholder(value)) {
            let from = offset_in(self.text, value);
            self.hide(from..from + value.len());
        }
        let from = at + 1 + close + 1;
        if tag.ends_with('/') {
            return Some(from);
        }
        let text = &self.text[from..end];
        let length = text.find('<');
        if length.is_none() {
            self.open = Open::Element;
        }
        let text = &text[..length.unwrap_or(text.len())];
        if !is_nothing(text.trim()) && !shapes::is_placeholder(text) {
            self.hide(from..from + text.len());
        }
        Some(from + text.len())
    }

    fn sensitivity_of(&self, name: &str) -> Sensitivity {
        (self.sensitivity)(name)
    }

    fn is_sensitive_flag(&self, flag: &str) -> bool {
        let name = flag.trim_start_matches('-');
        name.len() > 1 && name.len() < flag.len() && self.sensitivity_of(name) > Sensitivity::Plain
    }

    fn hide(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.found.push(range);
        }
    }

    /// Where a quoted text ends.
    fn closing(&self, from: usize, end: usize, quote: u8) -> Option<usize> {
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
    fn brackets(&self, from: usize, end: usize, mut depth: usize) -> (usize, usize) {
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

/// Where a part of a text is in it.
fn offset_in(text: &str, part: &str) -> usize {
    super::json::range_in(text, part).start
}

/// Whether a byte can be a part of a name that is not in quotes.
fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-/$@".contains(&byte) || !byte.is_ascii()
}

/// Whether only marks stand before a name: blanks, the mark of an item, a comment's, a quote, a keyword of a shell.
fn is_lead(before: &str) -> bool {
    before.len() <= LONGEST_NAME
        && before
        .split([' ', '\t'])
        .all(|word| matches!(word, "" | "-" | "#" | "//" | ";" | "+" | "\"" | "'" | "- " | "export" | "set" | "ENV" | "var" | "let" | "const"))
}

/// Whether what stands behind a colon says that the value is on the next lines.
fn opens_block(rest: &str) -> bool {
    let is_indicator = |rest: &str| {
        let marks = rest.trim_start_matches(['|', '>']);
        let marks = marks.trim_start_matches(|mark: char| mark.is_ascii_digit() || "+-".contains(mark));
        let marks = marks.trim_start();
        rest.starts_with(['|', '>']) && (marks.is_empty() || marks.starts_with('#'))
    };
    rest.is_empty() || is_indicator(rest) || (rest.starts_with(['#', '&', '!']) && !rest.contains(char::is_whitespace))
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

/// Whether a value is none.
fn is_nothing(value: &str) -> bool {
    let value = value.trim();
    matches!(
        value.trim_matches(['"', '\'', ',']),
        "" | "null" | "~" | "none" | "None" | "nil" | "undefined" | "{}" | "[]" | "<nil>"
    )
}

/// Whether a value switches something on or off.
pub(super) fn is_switch(value: &str) -> bool {
    let value = value.trim();
    ["true", "false", "yes", "no", "on", "off", "enabled", "disabled"]
        .iter()
        .any(|switch| value.eq_ignore_ascii_case(switch))
}

/// Whether a value is the path of a file with a key or a certificate.
pub(super) fn is_key_file(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'', ';']);
    let is_path = value.starts_with(['/', '.', '~'])
        && value
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "/._~-".contains(character));
    is_path && [".pem", ".key", ".crt", ".p12", ".jks", ".pub", ".txt"].iter().any(|end| value.ends_with(end))
}
