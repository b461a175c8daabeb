//! Where in the YAML the output of an action stands.

use super::actions::Token;

/// The longest key that is noted; those of Kubernetes have at most 317 characters.
const MAX_KEY: usize = 320;

/// Keys whose value tells which object it is: where that changes, everything does.
const IDENTITY: [&str; 5] = ["apiVersion", "generateName", "kind", "name", "namespace"];

/// Functions whose output has one line, whatever they are given.
const ONE_LINE: [&[u8]; 10] = [
    b"adler32sum",
    b"b64enc",
    b"bcrypt",
    b"htpasswd",
    b"mustToJson",
    b"quote",
    b"sha1sum",
    b"sha256sum",
    b"sha512sum",
    b"toJson",
];

/// Sources of one line.
const ONE_WORD: [&[u8]; 9] = [
    b"now",
    b"randAlpha",
    b"randAlphaNum",
    b"randBytes",
    b"randInt",
    b"randNumeric",
    b"uuid",
    b"uuidv4",
    b"encryptAES",
];

/// Functions whose output has one line where their last argument has.
const KEEPS_LINE: [&[u8]; 18] = [
    b"date",
    b"float64",
    b"htmlDate",
    b"int",
    b"int64",
    b"lower",
    b"nospace",
    b"squote",
    b"toString",
    b"trim",
    b"trimAll",
    b"trimPrefix",
    b"trimSuffix",
    b"trunc",
    b"unixEpoch",
    b"upper",
    b"dateInZone",
    b"date_in_zone",
];

/// What of the YAML depends on the output of an action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The value behind this key: the action stands there, and has one line.
    Key(String),
    /// What a template renders is put there as it is.
    Whole,
    /// Anything: its output is a condition, a variable or an argument.
    Somewhere,
}

impl Place {
    /// The place of an action with these tokens, behind this text on its line.
    pub(super) fn of(before: &[u8], tokens: &[Token<'_>]) -> Self {
        let word = |token: &Token<'_>| token.word().unwrap_or_default().to_vec();
        let first = tokens.first().map(word).unwrap_or_default();
        let is_used_elsewhere = matches!(&first[..], b"if" | b"else" | b"with" | b"range")
            || tokens.iter().any(|token| token.is_mark(b'='));
        if is_used_elsewhere {
            return Self::Somewhere;
        }
        if has_one_line(tokens)
            && let Some(key) = key_of(before)
        {
            return Self::Key(key);
        }
        match &first[..] {
            b"include" | b"template" | b"block" => Self::Whole,
            _ => Self::Somewhere,
        }
    }
}

fn has_one_line(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_usize;
    let stages = tokens.split(|token| {
        if token.is_mark(b'(') {
            depth += 1;
        } else if token.is_mark(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_mark(b'|')
    });
    let heads: Vec<&[u8]> = stages
        .map(|stage| stage.first().and_then(|token| token.word()).unwrap_or_default())
        .collect();
    let last = heads.iter().rev().find(|head| !KEEPS_LINE.contains(head));
    last.is_some_and(|head| {
        ONE_LINE.contains(head) || ONE_WORD.contains(head) || head.ends_with(b".Release.Revision")
    })
}

/// The key that the text before an action ends with: `  - key: "text`.
fn key_of(before: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(before).ok()?.trim_start();
    if line.contains("{{") || line.contains("}}") {
        return None;
    }
    let mut line = line;
    while let Some(rest) = line.strip_prefix("- ") {
        line = rest.trim_start();
    }
    let (key, rest) = match line.chars().next()? {
        quote @ ('"' | '\'') => line[1..].split_once(quote)?,
        _ => line.split_at(line.find(':')?),
    };
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_.-/".contains(character);
    let is_key = !key.is_empty() && key.len() <= MAX_KEY && key.chars().all(is_plain);
    let is_value = rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(' '));
    (is_key && is_value && !IDENTITY.contains(&key)).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::actions::{Actions, Tokens};
    use super::*;

    fn place(text: &str) -> Place {
        let action = Actions::of(text.as_bytes()).next().unwrap();
        Place::of(action.before, &Tokens(action.inner).collect::<Vec<_>>())
    }

    #[test]
    fn a_line_behind_a_key_is_its_value() {
        for (text, key) in [
            ("a: {{ randAlphaNum 5 }}", "a"),
            (
                "x: 1\n  - a.b/c: {{- randAlphaNum 5 | b64enc | quote -}}",
                "a.b/c",
            ),
            (
                "  \"checksum/config\": {{ include (print . \"/x\") . | sha256sum | trunc 8 }}",
                "checksum/config",
            ),
            ("a: \"v-{{ now | date \"2006\" }}\"", "a"),
            ("a: 'r{{ $.Release.Revision }}'", "a"),
            ("a: {{ include \"x\" . | quote }}", "a"),
            ("a: {{ quote (randAlphaNum 5) }}", "a"),
        ] {
            assert_eq!(place(text), Place::Key(key.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_may_have_more_lines_or_no_key_is_no_value() {
        for (text, expected) in [
            ("a: {{ include \"x\" . }}", Place::Whole),
            ("{{- include \"x\" . | nindent 4 }}", Place::Whole),
            ("a: {{ genPrivateKey \"rsa\" }}", Place::Somewhere),
            ("a: {{ printf \"%s\" (randAlphaNum 5) }}", Place::Somewhere),
            ("a: {{ include \"x\" . | quote | nindent 2 }}", Place::Whole),
            ("name: {{ randAlphaNum 5 }}", Place::Somewhere),
            ("a: {{ $x := randAlphaNum 5 }}", Place::Somewhere),
            ("a: {{ if eq (randInt 0 2) 1 | quote }}", Place::Somewhere),
            ("{{ randAlphaNum 5 }}", Place::Somewhere),
            ("a:{{ randAlphaNum 5 }}", Place::Somewhere),
            ("# a: {{ randAlphaNum 5 }}", Place::Somewhere),
            ("{{ .key }}: {{ randAlphaNum 5 }}", Place::Somewhere),
            ("a={{ randAlphaNum 5 }}", Place::Somewhere),
        ] {
            let last = text.rfind("{{").unwrap();
            let all: Vec<_> = Actions::of(text.as_bytes()).collect();
            let action = all.last().unwrap();
            let found = Place::of(action.before, &Tokens(action.inner).collect::<Vec<_>>());
            assert_eq!(found, expected, "{text} at {last}");
        }
    }
}
