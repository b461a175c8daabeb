//! Secrets in texts of no known format: configuration files, scripts, command lines and header lines.
//!
//! An entry of a `ConfigMap` may be YAML, an `.env` file, INI, properties, TOML, XML, a netrc or a shell script, and
//! nothing says which. All of them write a name and its value on a line, with `:`, `=`, a space or tags between the two,
//! so one reader goes through the lines and hides the values of sensitive names: to the end of the value where that is
//! certain, and of the line where it is not. A value of several lines (a block of YAML, a quoted text, brackets) is
//! hidden up to its end. The lines stay, so that a report can show which other lines differ.
//!
//! Every byte is looked at a fixed number of times, whatever the text.

mod assignments;
mod commands;
mod markup;

use std::ops::Range;

use regex::Regex;

use self::commands::COMMANDS;
use super::names::{self, Sensitivity};
use super::references::{is_reference, looks_random};
use super::shapes;

/// The longest name before a separator.
const LONGEST_NAME: usize = 128;

/// Fields that name the value beside them.
const NAMING: [&str; 8] = [
    "name", "key", "env", "variable", "property", "id", "header", "option",
];

/// The secret parts of a text, in no order; some may overlap. A part never goes over the end of a line.
pub(super) fn find(text: &str, sensitivity: &dyn Fn(&str) -> Sensitivity) -> Vec<Range<usize>> {
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
        key_before: None,
        holds_secret: holds_secret(text),
        commands: COMMANDS.iter().filter(|command| command.is_match(text)).collect(),
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
    let mut found = Vec::new();
    for range in shapes {
        by_line(text, range, &mut found);
    }
    found
}

/// The text with its parts replaced. Parts that overlap become one.
pub(super) fn replaced(
    text: &str,
    mut parts: Vec<Range<usize>>,
    token: &mut dyn FnMut(&str) -> String,
) -> String {
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
        value
            .and_then(|value| value.strip_prefix("Secret"))
            .is_some_and(|rest| {
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
    /// A section of an element in which tags are text.
    CharacterData,
    /// A text in three quotes, as in TOML and Python.
    TripleQuote(&'static str),
    /// A value that goes on behind a backslash at the end of the line.
    Continuation,
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
    /// The key of an entry of YAML that has its value on the next line: `? password`.
    key_before: Option<&'t str>,
    holds_secret: bool,
    /// The command lines that the text may hold: most hold none.
    commands: Vec<&'static Regex>,
    /// Where the line begins.
    line_start: usize,
}

impl Reader<'_, '_> {
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
            Open::Element => self.element_text(start, end),
            Open::CharacterData => self.character_data(start, end),
            Open::TripleQuote(marks) => self.triple_quote(start, end, marks),
            Open::Continuation => return self.continued(start, end),
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
        let sensitivity = match kind {
            BlockKind::Values(sensitivity) => sensitivity,
            BlockKind::Data | BlockKind::Text => Sensitivity::Password,
        };
        let Some((name, value)) = self.text[at..end].split_once(':') else {
            if !is_reference(sensitivity, &self.text[at..end]) {
                self.hide(at..end);
            }
            return true;
        };
        let is_mapping = value.is_empty() || value.starts_with([' ', '\t']);
        let name = name.trim().trim_matches(['"', '\'']);
        let may_have_secret_keys = matches!(
            kind,
            BlockKind::Values(Sensitivity::Inside | Sensitivity::Password)
        );
        if is_mapping && may_have_secret_keys && looks_random(name) {
            let key = offset_in(self.text, name);
            self.hide(key..key + name.len());
        }
        let is_hidden = match kind {
            BlockKind::Values(Sensitivity::Digest | Sensitivity::Reference | Sensitivity::Value) => {
                names::is_value(name)
            }
            BlockKind::Values(_) => {
                !names::is_attribute(name) || self.sensitivity_of(name) > Sensitivity::Plain
            }
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
        if !value.is_empty()
            && !is_mark
            && !is_nothing(value)
            && !shapes::is_placeholder(value.trim_matches(['"', '\'']))
        {
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
        if is_whole && (self.items(content, end) || self.explicit_key(start, end)) {
            return;
        }
        if let Some(section) = content
            .strip_prefix('[')
            .and_then(|rest| rest.trim_end().strip_suffix(']'))
        {
            self.section = match self.sensitivity_of(section.trim_matches(['[', ']', '"'])) {
                Sensitivity::Plain | Sensitivity::Value => Sensitivity::Plain,
                sensitive => sensitive,
            };
        }
        self.directive(start, end);
        self.commands(start, end);
        self.assignments(start, end);
    }

    /// How sensitive a name is, without the marks of flags and variables before it.
    fn sensitivity_of(&self, name: &str) -> Sensitivity {
        (self.sensitivity)(name.trim_start_matches(['-', '$', '@']))
    }

    fn hide(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.found.push(range);
        }
    }
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
    is_path
        && [".pem", ".key", ".crt", ".p12", ".jks", ".pub", ".txt"]
            .iter()
            .any(|end| value.ends_with(end))
}

/// Whether the value of a name of such a sensitivity hides nothing.
pub(super) fn is_harmless(sensitivity: Sensitivity, value: &str) -> bool {
    is_nothing(value)
        || is_switch(value)
        || is_key_file(value)
        || shapes::is_placeholder(value)
        || is_reference(sensitivity, value)
}

/// Where a part of a text is in it.
fn offset_in(text: &str, part: &str) -> usize {
    crate::policy::redact::json::range_in(text, part).start
}

/// Whether a byte can be a part of a name that is not in quotes.
fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-/$@".contains(&byte) || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        replaced(text, find(text, &names::sensitivity), &mut |_| "#".to_owned())
    }

    #[test]
    fn the_leaf_is_hidden_and_the_line_stays() {
        for (text, expected) in [
            ("a: b\npassword: x y\nc: d\n", "a: b\npassword: #\nc: d\n"),
            ("password: \"x\\\"y\" # c\n", "password: \"#\" # c\n"),
            (
                "db:\n  password: |\n    x\n    y\n  host: h\n",
                "db:\n  password: |\n    #\n    #\n  host: h\n",
            ),
            (
                "password:\n  value: x\n  name: y\nlog: z\n",
                "password:\n  value: #\n  name: y\nlog: z\n",
            ),
            ("tokens:\n- x\n- y\nlog: z\n", "tokens:\n- #\n- #\nlog: z\n"),
            (
                "A=b\nexport DB_PASSWORD=x y\nC=d\n",
                "A=b\nexport DB_PASSWORD=#\nC=d\n",
            ),
            ("PASSWORD='x\ny'\nA=b\n", "PASSWORD='#\n#'\nA=b\n"),
            (
                "Server=h;Password=a;b;Encrypt=true",
                "Server=h;Password=#;Encrypt=true",
            ),
            ("host=h password=x dbname=d", "host=h password=# dbname=d"),
            ("https://h/?token=x&a=b", "https://h/?token=#&a=b"),
            (
                "curl -H \"Authorization: Bearer x y\" h",
                "curl -H \"Authorization: #\" h",
            ),
            ("{password: x, log: y}", "{password: #, log: y}"),
            ("run --password x --level 3", "run --password # --level 3"),
            ("run --password=x --level=3", "run --password=# --level=3"),
            (
                "<a><password>x</password><b>y</b></a>",
                "<a><password>#</password><b>y</b></a>",
            ),
            (
                "<p name=\"password\" value=\"x\"/>",
                "<p name=\"password\" value=\"#\"/>",
            ),
            (
                "- name: TOKEN\n  value: x\n- name: A\n  value: y\n",
                "- name: TOKEN\n  value: #\n- name: A\n  value: y\n",
            ),
            ("- value: x\n  name: TOKEN\n", "- value: #\n  name: TOKEN\n"),
            (
                "[credentials]\nadmin = x\n[log]\nlevel = y\n",
                "[credentials]\nadmin = #\n[log]\nlevel = y\n",
            ),
            (
                "kind: Secret\ndata:\n  a: x\ntype: y\n",
                "kind: Secret\ndata:\n  a: #\ntype: y\n",
            ),
            ("tokens: [x,\n  y]\na: b\n", "tokens: [#\n  #]\na: b\n"),
            (
                "a: b\r\npassword: x\r\nc: d\r\n",
                "a: b\r\npassword: #\r\nc: d\r\n",
            ),
            ("a: b\n? password\n: x\nc: d\n", "a: b\n? password\n: #\nc: d\n"),
            (
                "password = \"\"\"\nx\n\"\"\"\nlog = \"y\"\n",
                "password = \"\"\"\n#\n\"\"\"\nlog = \"y\"\n",
            ),
            ("passwd = \\\n  x\nlog = z\n", "passwd = #\n  #\nlog = z\n"),
            (
                "<password><![CDATA[x]]></password>",
                "<password><![CDATA[#]]></password>",
            ),
            (
                "<p>\n<name>a.Password</name>\n<value>x</value>\n</p>\n<p>\n<name>a</name>\n<value>y</value>\n</p>\n",
                "<p>\n<name>a.Password</name>\n<value>#</value>\n</p>\n<p>\n<name>a</name>\n<value>y</value>\n</p>\n",
            ),
            ("define('DB_PASSWORD', 'x');\n", "define('DB_PASSWORD', '#');\n"),
            (
                "a: [[\"db_password\", \"x\"]]\n",
                "a: [[\"db_password\", \"#\"]]\n",
            ),
            (
                "echo \"x\" | docker login --password-stdin\n",
                "echo \"#\" | docker login --password-stdin\n",
            ),
            (
                "if ($http_x_api_key != \"x\") {\n",
                "if ($http_x_api_key != \"#\") {\n",
            ),
            ("tokens:\n  aq7ZkLmPq2Rs: alice\n", "tokens:\n  #: #\n"),
            ("set $token \"x\";\nlisten 80;\n", "set $token #;\nlisten 80;\n"),
        ] {
            assert_eq!(hidden(text), expected, "{text}");
        }
    }

    #[test]
    fn ordinary_lines_stay() {
        for text in [
            "image: example.com/token-service:1.2\n",
            "password: \"\"\npassword:\npassword: null\n",
            "password: ${DB_PASSWORD}\nPASSWORD=$DB_PASSWORD\n",
            "automountServiceAccountToken: \"true\"\n",
            "secretName: x\nkey: password\n",
            "if (token == null) { return; }\n",
            "ssl_certificate_key /etc/tls/tls.key;\n",
            "this token bucket is full of tokens\n",
            "env:\n- name: PASSWORD_FILE\n  value: /x\n",
            "authorization:\n  type: Bearer\n  credentials_file: /var/run/token\n",
            "proxy_set_header Authorization $http_authorization;\nproxy_set_header Cookie $cookie;\n",
            "description: \"Resets the password: see page 12\"\n",
            "tls:\n  tlsSecret: web-tls\npullSecrets:\n- regcred\n",
            "fields: [\"password\", \"token\"]\n",
            "f(\"password\")\nf(\"password\", \"\")\n",
            "",
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
