//! The calls among the templates of a chart, as far as they tell which template reads live objects.
//!
//! This is no template engine: of every action (Go: `text/template/parse/lex.go`) the words and the quoted texts are read,
//! and from them which named template it belongs to and which it calls. What only runs under a condition counts, because
//! nobody knows the condition. A name that is put together (`include (print $.Template.BasePath "/secret.yaml") .`, the usual
//! checksum) calls every file whose path ends with one of the quoted texts.

use std::collections::{BTreeMap, BTreeSet};

use super::limits::MAX_WORD;

/// The bytes of the names that are noted of one chart; no known chart has a tenth of them. What comes after is passed over: a
/// chart that has more only loses what is said of itself.
const MAX_BYTES: usize = 4 << 20;

/// How many files that read live objects are told.
const MAX_READERS: usize = 1_000;

/// What a name takes besides its text.
const NAME_BYTES: usize = 64;

/// The templates of a library that many charts depend on, and that read live objects (bitnami/charts:
/// `bitnami/common/templates/_secrets.tpl`).
const LIBRARY: [&str; 3] = [
    "common.secrets.passwords.manage",
    "common.secrets.lookup",
    "common.secrets.exists",
];

/// A piece of template that others can call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// A file, without the templates that it defines.
    File(String),
    /// A named template.
    Named(String),
}

impl Scope {
    fn name(&self) -> &str {
        match self {
            Self::File(name) | Self::Named(name) => name,
        }
    }
}

/// The calls of the templates of one chart.
#[derive(Debug, Default)]
pub(super) struct Calls {
    files: BTreeSet<String>,
    /// Who calls what, the called first. The called may be anything.
    callers: BTreeMap<Scope, BTreeSet<Scope>>,
    /// Quoted texts of names that are put together, with the callers.
    endings: BTreeMap<String, BTreeSet<Scope>>,
    defined: BTreeSet<String>,
    readers: BTreeSet<Scope>,
    bytes: usize,
}

impl Calls {
    /// Notes a piece that reads live objects.
    pub(super) fn add_reader(&mut self, scope: Scope) {
        if self.readers.contains(&scope) || !self.affords(scope.name()) {
            return;
        }
        if let Scope::File(file) = &scope {
            self.files.insert(file.clone());
        }
        self.readers.insert(scope);
    }

    /// Whether one more name may be noted.
    const fn affords(&mut self, name: &str) -> bool {
        self.bytes += NAME_BYTES + 2 * name.len();
        self.bytes <= MAX_BYTES
    }

    /// Notes the calls in a file.
    pub(super) fn add_file(&mut self, name: &str, text: &[u8]) {
        if !self.affords(name) {
            return;
        }
        self.files.insert(name.to_owned());
        let mut blocks = Blocks {
            file: Scope::File(name.to_owned()),
            open: 0,
            named: Vec::new(),
        };
        let mut rest = text;
        while let Some(start) = find(rest, *b"{{") {
            let (action, after) = action(&rest[start + 2..]);
            rest = after;
            self.add_action(&mut blocks, action);
        }
    }

    fn add_action(&mut self, blocks: &mut Blocks, action: &[u8]) {
        let mut tokens = Tokens(action).peekable();
        let mut is_first = true;
        let mut is_put_together = false;
        while let Some(token) = tokens.next() {
            let Token::Word(word) = token else {
                is_first = false;
                continue;
            };
            match (word, is_first) {
                (b"if" | b"range" | b"with", true) => blocks.open += 1,
                (b"end", true) => blocks.end(),
                (b"define" | b"block", true) => {
                    if let Some(Token::Text(name)) = tokens.peek() {
                        let name = lossy(name);
                        // A block is a definition that is called where it stands.
                        if word == b"block" {
                            self.add_call(Scope::Named(name.clone()), blocks.scope());
                        }
                        if self.affords(&name) {
                            self.defined.insert(name.clone());
                        }
                        blocks.begin(name);
                    }
                }
                (b"lookup", _) => self.add_reader(blocks.scope()),
                (b"include" | b"template", _) => {
                    if let Some(Token::Text(name)) = tokens.peek() {
                        self.add_call(Scope::Named(lossy(name)), blocks.scope());
                    } else {
                        is_put_together = true;
                    }
                }
                (_, _) => {}
            }
            is_first = false;
        }
        // Once for the action: only its first word changes what it belongs to.
        if is_put_together {
            self.add_endings(action, &blocks.scope());
        }
    }

    fn add_call(&mut self, called: Scope, by: Scope) {
        if self.affords(called.name()) && self.affords(by.name()) {
            self.callers.entry(called).or_default().insert(by);
        }
    }

    fn add_endings(&mut self, action: &[u8], by: &Scope) {
        for token in Tokens(action) {
            let Token::Text(ending) = token else { continue };
            let ending = lossy(ending);
            if ending.starts_with('/') && self.affords(&ending) && self.affords(by.name()) {
                self.endings.entry(ending).or_default().insert(by.clone());
            }
        }
    }

    /// The files that read live objects, by themselves or by what they call.
    pub(super) fn live_readers(mut self) -> BTreeSet<String> {
        let library = LIBRARY.iter().filter(|name| !self.defined.contains(**name));
        let library = library.map(|name| Scope::Named((*name).to_owned()));
        let mut to_follow: Vec<Scope> = library.chain(std::mem::take(&mut self.readers)).collect();
        let mut readers: BTreeSet<Scope> = to_follow.iter().cloned().collect();
        while let Some(scope) = to_follow.pop() {
            let mut callers: Vec<&Scope> = self.callers.get(&scope).into_iter().flatten().collect();
            if let Scope::File(file) = &scope {
                // Every ending begins with a slash.
                let endings = file
                    .match_indices('/')
                    .filter_map(|(at, _)| self.endings.get(&file[at..]));
                callers.extend(endings.flatten());
            }
            for caller in callers {
                if readers.insert(caller.clone()) {
                    to_follow.push(caller.clone());
                }
            }
        }
        let is_reader = |file: &String| readers.contains(&Scope::File(file.clone()));
        self.files
            .into_iter()
            .filter(is_reader)
            .take(MAX_READERS)
            .collect()
    }
}

/// The blocks that are open at a place of a file.
struct Blocks {
    file: Scope,
    /// How many are open.
    open: usize,
    /// The named templates among them, each with how many blocks were open before it.
    named: Vec<(String, usize)>,
}

impl Blocks {
    fn begin(&mut self, name: String) {
        self.named.push((name, self.open));
        self.open += 1;
    }

    fn end(&mut self) {
        self.open = self.open.saturating_sub(1);
        if self.named.last().is_some_and(|(_, before)| *before == self.open) {
            self.named.pop();
        }
    }

    /// What the place belongs to.
    fn scope(&self) -> Scope {
        match self.named.last() {
            Some((name, _)) => Scope::Named(name.clone()),
            None => self.file.clone(),
        }
    }
}

/// Splits off an action, behind its opening braces, and what comes after it.
fn action(text: &[u8]) -> (&[u8], &[u8]) {
    let trimmed = text.strip_prefix(b"-").unwrap_or(text).trim_ascii_start();
    if trimmed.starts_with(b"/*") {
        let end = find(trimmed, *b"*/").map_or(trimmed.len(), |end| end + 2);
        return (&[], &trimmed[end..]);
    }
    let mut position = 0;
    while position < text.len() {
        match text[position] {
            quote @ (b'"' | b'`' | b'\'') => position = quoted_end(text, position, quote),
            b'}' if text[position..].starts_with(b"}}") => {
                return (&text[..position], &text[position + 2..]);
            }
            _ => position += 1,
        }
    }
    (text, &[])
}

/// Where a quoted text ends, behind its closing quote.
fn quoted_end(text: &[u8], start: usize, quote: u8) -> usize {
    let mut position = start + 1;
    while position < text.len() {
        match text[position] {
            b'\\' if quote != b'`' => position += 2,
            byte if byte == quote => return position + 1,
            _ => position += 1,
        }
    }
    text.len()
}

/// A word or a quoted text of an action.
enum Token<'t> {
    /// A name, a keyword or a field with its dots.
    Word(&'t [u8]),
    /// A quoted text as it is written.
    Text(&'t [u8]),
    /// Anything else, such as a parenthesis.
    Mark,
}

struct Tokens<'t>(&'t [u8]);

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$".contains(byte) || !byte.is_ascii();
        // The dash of a trimmed action is no token of its own.
        let text = self.0.trim_ascii_start();
        let text = text.strip_prefix(b"-").unwrap_or(text).trim_ascii_start();
        let first = text.first()?;
        let (token, rest) = match first {
            quote @ (b'"' | b'`' | b'\'') => {
                let end = quoted_end(text, 0, *quote);
                let inner = text.get(1..end - 1).unwrap_or_default();
                (Token::Text(inner), &text[end..])
            }
            byte if is_word(byte) => {
                let end = text.iter().position(|byte| !is_word(byte)).unwrap_or(text.len());
                (Token::Word(&text[..end]), &text[end..])
            }
            _ => (Token::Mark, &text[1..]),
        };
        self.0 = rest;
        Some(token)
    }
}

fn find(text: &[u8], needle: [u8; 2]) -> Option<usize> {
    text.windows(2).position(|pair| *pair == needle)
}

/// A name, cut to the length of the longest that a record may have.
fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(MAX_WORD)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readers(files: &[(&str, &str)]) -> Vec<String> {
        let mut calls = Calls::default();
        for (name, text) in files {
            calls.add_file(name, text.as_bytes());
        }
        calls.live_readers().into_iter().collect()
    }

    #[test]
    fn a_template_reads_by_itself_or_by_what_it_calls() {
        let helpers = r#"{{- define "app.password" -}}
            {{- if true }}{{ with (lookup "v1" "Secret" .ns "x") }}{{ .data.p }}{{ end }}{{ else }}{{ randAlphaNum 9 }}{{ end -}}
            {{- end -}}
            {{- define "app.labels" }}app: x{{ end }}
            {{- define "app.secret" }}{{ template "app.password" . }}{{ end }}"#;
        let files = [
            ("templates/_helpers.tpl", helpers),
            ("templates/a.yaml", r#"p: {{ include "app.secret" . | b64enc }}"#),
            ("templates/b.yaml", r#"l: {{ include "app.labels" . }}"#),
            ("templates/c.yaml", r"{{- $x := lookup `v1` `Secret` `a` `b` -}}"),
            (
                "templates/d.yaml",
                r#"c: {{ include (print $.Template.BasePath "/a.yaml") . | sha256sum }}"#,
            ),
        ];
        assert_eq!(
            readers(&files),
            ["templates/a.yaml", "templates/c.yaml", "templates/d.yaml"]
        );
    }

    #[test]
    fn the_word_alone_reads_nothing() {
        for text in [
            "lookup",
            "{{/* lookup \"v1\" */}} x",
            "{{- /* {{ lookup }} */ -}}",
            r#"{{ .Values.lookup }}{{ $lookup }}{{ "lookup" }}{{ lookups }}"#,
            "{{ `}} lookup {{` }}",
            r#"{{ "a \" lookup" }}"#,
            r#"{{ define "never.called" }}{{ lookup "v1" "Pod" "a" "b" }}{{ end }}"#,
            "{{ lookup",
        ] {
            let is_cut = text == "{{ lookup";
            assert_eq!(readers(&[("a", text)]).is_empty(), !is_cut, "{text}");
        }
    }

    /// What a dependency defines is not in the record; a chart's own template of the same name is.
    #[test]
    fn the_template_of_a_library_is_known_by_name_unless_the_chart_defines_it() {
        let text = r#"{{ include "common.secrets.passwords.manage" (dict "secret" "x") }}"#;
        assert_eq!(readers(&[("a", text)]), ["a"]);
        let own = r#"{{ define "common.secrets.passwords.manage" }}x{{ end }}"#;
        assert!(readers(&[("a", text), ("b", own)]).is_empty());
        assert!(readers(&[("a", r#"{{ include "common.names.fullname" . }}"#)]).is_empty());
    }

    #[test]
    fn a_block_belongs_to_the_file_that_it_stands_in() {
        let text = r#"{{ block "x" . }}{{ lookup "v1" "Pod" "" "" }}{{ end }}"#;
        assert_eq!(readers(&[("a", text)]), ["a"]);
        let after = r#"{{ define "y" }}{{ if 1 }}{{ end }}{{ end }}{{ lookup "v1" "Pod" "" "" }}"#;
        assert_eq!(readers(&[("a", after)]), ["a"]);
    }

    #[test]
    fn templates_that_call_each_other_come_to_an_end() {
        let text = r#"{{ define "a" }}{{ include "b" . }}{{ end }}{{ define "b" }}{{ include "a" . }}{{ end }}{{ include "a" . }}"#;
        assert!(readers(&[("f", text)]).is_empty());
        let many = r#"{{ include "a" . }}"#.repeat(MAX_BYTES / 64);
        assert!(readers(&[("f", &many)]).is_empty());
    }

    /// Such an action was read again for each of the words, and what it notes counted each time.
    #[test]
    fn an_action_with_many_names_that_are_put_together_is_read_once() {
        let many = format!(
            r#"{{{{ {}(print $.Template.BasePath "/a.yaml") }}}}"#,
            "include ".repeat(90_000)
        );
        let files = [
            ("templates/a.yaml", r#"{{ lookup "v1" "Secret" "a" "b" }}"#),
            ("templates/b.yaml", many.as_str()),
            ("templates/c.yaml", r#"{{ include "d" . }}"#),
            (
                "templates/d.tpl",
                r#"{{ define "d" }}{{ lookup "v1" "Secret" "a" "b" }}{{ end }}"#,
            ),
        ];
        assert_eq!(
            readers(&files),
            ["templates/a.yaml", "templates/b.yaml", "templates/c.yaml"]
        );
    }

    #[test]
    fn an_ending_calls_the_files_that_end_with_it_from_any_of_their_slashes_on() {
        let reads = r#"{{ lookup "v1" "Secret" "a" "b" }}"#;
        let calls = |ending: &str| format!(r#"{{{{ include (print .x "{ending}") . }}}}"#);
        let [folder, file, part, other] = ["/x/a.yaml", "/a.yaml", "/.yaml", "/y/a.yaml"].map(calls);
        let files = [
            ("templates/x/a.yaml", reads),
            ("b", &folder),
            ("c", &file),
            ("d", &part),
            ("e", &other),
        ];
        assert_eq!(readers(&files), ["b", "c", "templates/x/a.yaml"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in r#"[{}"`' a\\*/()-]{0,80}|(\{\{|\}\}|end|define "x"|lookup|[ "`]){0,30}"#) {
            readers(&[("a", &text)]);
        }
    }
}
