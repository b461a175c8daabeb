//! Secrets in command lines: behind a flag, in a position, and in the words of a directive.

use std::sync::LazyLock;

use regex::Regex;

use super::assignments::is_variable_of_statement;
use super::{LONGEST_NAME, Reader, is_key_file, is_nothing, offset_in};
use crate::policy::redact::names::Sensitivity;
use crate::policy::redact::references::is_reference;
use crate::policy::redact::shapes;

/// Command lines and statements in which a position or a short flag holds the secret.
pub(super) static COMMANDS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r#"(?i)(?:^|[\s/"'])(?:sshpass|docker|podman|nerdctl|helm|oras|skopeo|mongo[a-z]*|az)\s[^|;&\n]*?\s?-p[\s"',]+([^\s"',]+)"#,
        r#"(?:^|[\s/"'])(?:mysql[a-z]*|mariadb[a-z-]*|sshpass)\s[^|;&\n]*?\s?["']?-p([^\s"',]+)"#,
        r#"(?:^|[\s/"'])(?:redis-cli|valkey-cli|keydb-cli)\s[^|;&\n]*?\s?-a[\s"',]+([^\s"',]+)"#,
        r#"(?:^|[\s/"'])(?:curl|wget|http|https)\s[^|;&\n]*?\s?(?:-u|-U|--user|--proxy-user)[\s"',=]*[^\s:"',]+:([^\s"']+)"#,
        r#"(?:^|[\s/"'])(?:ldap[a-z]+)\s[^|;&\n]*?\s?-w[\s"',]*([^\s"',]+)"#,
        r"(?i)(?:identified\s+by|password)\s+(?:password\s+)?'([^']+)'",
        r"(?i)(?:^|\s)(?:machine|login|default|account)\s[^\n]*?password\s+(\S+)",
        r#"(?:^|[\s;&|("'])(?:echo|printf)\s+(?:-[neE]+\s+)?(?:["']?%s(?:\\n)?["']?\s+)?\\?["']?([^\s"'|\\]+)\\?["']?\s*\|[^\n]*(?:-stdin|--with-token|chpasswd|sudo\s+-S)"#,
        r"(?i)(?:^|\s)user\s+\S+\s[^\n]*>(\S+)",
    ];
    // Constants, all built by this module's tests.
    patterns
        .iter()
        .filter_map(|pattern| Regex::new(pattern).ok())
        .collect()
});

impl Reader<'_, '_> {
    /// Hides what stands at the position of a secret in a command line.
    pub(super) fn commands(&mut self, start: usize, end: usize) {
        let line = &self.text[start..end];
        for pattern in &self.commands {
            for captures in pattern.captures_iter(line) {
                let value = captures
                    .get(1)
                    .filter(|value| !shapes::is_placeholder(value.as_str()));
                self.found
                    .extend(value.map(|value| start + value.start()..start + value.end()));
            }
        }
    }

    /// Items of a list of arguments, a line each: `- --password`, and on the next line its value.
    pub(super) fn items(&mut self, content: &str, end: usize) -> bool {
        let item = content
            .strip_prefix("- ")
            .map(|item| item.trim().trim_matches(['"', '\'', ',']));
        let (was_flag, item) = (self.is_flag_before, item.unwrap_or_default());
        self.is_flag_before =
            item.starts_with('-') && !item.contains(['=', ' ', ':']) && self.is_sensitive_flag(item);
        let is_value =
            was_flag && !item.is_empty() && !item.starts_with("--") && !shapes::is_placeholder(item);
        if is_value {
            self.hide(end - content.len() + 2..end);
        }
        is_value
    }

    /// A name and its value with nothing but a blank between them: `requirepass hunter2`, and at the end of a directive
    /// of nginx.
    pub(super) fn directive(&mut self, start: usize, end: usize) {
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
        let Some(value_at) = value_at.filter(|at| *at > 0) else {
            return;
        };
        let (before, value) = statement.split_at(value_at);
        let words: Vec<&str> = before.split_whitespace().collect();
        let (Some(name), true) = (words.last(), is_ended || words.len() == 1) else {
            return;
        };
        let sensitivity = self.sensitivity_of(name.trim_matches(['"', '\'', '$']));
        let is_variable = is_ended && is_variable_of_statement(value, ";");
        let is_sensitive = sensitivity > Sensitivity::Plain
            && !is_reference(sensitivity, value)
            && !is_variable
            && !name.ends_with([':', '=', ',', '.']);
        if is_sensitive && !is_nothing(value) && !shapes::is_placeholder(value) && !is_key_file(value) {
            let at = offset_in(self.text, statement) + value_at;
            self.hide(at..at + value.len());
        }
    }

    /// The value of a sensitive flag in a command line: `--password hunter2`.
    pub(super) fn flag(&mut self, at: usize, end: usize) -> Option<usize> {
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
        let quote = behind[..gap]
            .chars()
            .last()
            .filter(|last| matches!(last, '"' | '\''));
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

    fn is_sensitive_flag(&self, flag: &str) -> bool {
        let name = flag.trim_start_matches('-');
        name.len() > 1 && name.len() < flag.len() && self.sensitivity_of(name) > Sensitivity::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_built() {
        assert_eq!(COMMANDS.len(), 9);
    }
}
