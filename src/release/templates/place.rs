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
const KEEPS_LINE: [&[u8]; 19] = [
    b"date",
    b"default",
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
        let first = tokens.first().and_then(|token| token.word()).unwrap_or_default();
        let is_used_elsewhere = matches!(first, b"if" | b"else" | b"with" | b"range")
            || tokens.iter().any(|token| token.is_mark(b'='));
        if is_used_elsewhere {
            return Self::Somewhere;
        }
        if has_one_line(tokens)
            && let Some(key) = key_of(before)
        {
            return Self::Key(key);
        }
        let is_call = matches!(first, b"include" | b"template" | b"block");
        if is_call && stands_alone(before, tokens) {
            Self::Whole
        } else {
            Self::Somewhere
        }
    }
}

/// Whether what a template renders has lines of its own, below a key or beside others.
fn stands_alone(before: &[u8], tokens: &[Token<'_>]) -> bool {
    let stages = stage_heads(tokens);
    let is_indented = stages[1..].contains(&&b"nindent"[..]);
    let is_only_indented = stages[1..]
        .iter()
        .all(|head| matches!(*head, b"indent" | b"nindent"));
    let line = before.trim_ascii();
    is_only_indented && (line.is_empty() || is_indented && line.ends_with(b":") && !line.contains(&b'{'))
}

/// The first word of each stage of a pipeline; there is at least one stage.
fn stage_heads<'t>(tokens: &[Token<'t>]) -> Vec<&'t [u8]> {
    let mut depth = 0_usize;
    let stages = tokens.split(|token| {
        if token.is_mark(b'(') {
            depth += 1;
        } else if token.is_mark(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_mark(b'|')
    });
    stages
        .map(|stage| stage.first().and_then(|token| token.word()).unwrap_or_default())
        .collect()
}

fn has_one_line(tokens: &[Token<'_>]) -> bool {
    let heads = stage_heads(tokens);
    let last = heads.iter().rev().find(|head| !KEEPS_LINE.contains(head));
    last.is_some_and(|head| {
        // A field that stands behind a key has one line: with more, what is rendered would be no YAML.
        ONE_LINE.contains(head) || ONE_WORD.contains(head) || head.starts_with(b".") || head.starts_with(b"$")
    })
}

/// The key that the text before an action ends with: `  - key: "text`.
fn key_of(before: &[u8]) -> Option<String> {
    let line = without_plain_fields(std::str::from_utf8(before).ok()?.trim_start())?;
    let mut line = line.as_str();
    while let Some(rest) = line.strip_prefix("- ") {
        line = rest.trim_start();
    }
    let (key, rest) = match line.chars().next()? {
        quote @ ('"' | '\'') => line[1..].split_once(quote)?,
        _ => line.split_at(line.find(':')?),
    };
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_.-/".contains(character);
    let is_key = !key.is_empty() && key.len() <= MAX_KEY && key.chars().all(is_plain);
    let value = rest.strip_prefix(':').and_then(|rest| rest.strip_prefix(' '))?;
    // No other key, no flow map or list, no anchor and no block may begin before the action.
    let value = value.trim_start();
    let is_value = value
        .strip_prefix(['"', '\''])
        .unwrap_or(value)
        .chars()
        .all(is_plain);
    (is_key && is_value && !IDENTITY.contains(&key)).then(|| key.to_owned())
}

/// A line without the actions that are a field of the chart or the release and nothing else; `None` where others are left.
fn without_plain_fields(line: &str) -> Option<String> {
    let mut parts = line.split("{{");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inner, after) = part.split_once("}}")?;
        let field = inner.trim().trim_start_matches('$');
        let name = field
            .strip_prefix(".Chart.")
            .or_else(|| field.strip_prefix(".Release."))?;
        if !name.chars().all(|character| character.is_ascii_alphanumeric()) {
            return None;
        }
        plain.push_str(after);
    }
    Some(plain)
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
            ("a: {{ .Values.a | default (randAlphaNum 5) }}", "a"),
        ] {
            assert_eq!(place(text), Place::Key(key.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_may_have_more_lines_or_no_key_is_no_value() {
        for (text, expected) in [
            ("  {{ include \"x\" . }}", Place::Whole),
            ("a: {{- include \"x\" . | nindent 2 }}", Place::Whole),
            ("a: {{ include \"x\" . }}", Place::Somewhere),
            ("- --a={{ include \"x\" . | sha256sum }}", Place::Somewhere),
            (
                "- {name: a, value: {{ include \"x\" . | quote }}}",
                Place::Somewhere,
            ),
            ("  {{ include \"x\" . | sha256sum }}", Place::Somewhere),
            ("\"a\" : {{ include \"x\" . | sha256sum }}", Place::Somewhere),
            (
                "a: {{ include \"x\" . | trim | trimPrefix \"b\" }}",
                Place::Somewhere,
            ),
            (
                "{{ include \"x\" . | fromYaml | values | first }}",
                Place::Somewhere,
            ),
            ("{{ include \"x\" . | replace \"a\" \"b\" }}", Place::Somewhere),
            ("name: a-{{ include \"x\" . | sha256sum }}", Place::Somewhere),
            ("  mode: fast, a: {{ randAlphaNum 5 }}", Place::Somewhere),
            ("metadata: {a: \"m-{{ .Release.Revision }}\"}", Place::Somewhere),
            ("\"x\": \"1\", \"a\": \"{{ randAlphaNum 5 }}\"", Place::Somewhere),
            ("a: &v {{ randAlphaNum 5 }}", Place::Somewhere),
            ("a: {b: {{- include \"x\" . | nindent 2 }}", Place::Somewhere),
            ("{{- include \"x\" . | nindent 4 }}", Place::Whole),
            ("a: {{ genPrivateKey \"rsa\" }}", Place::Somewhere),
            ("a: {{ printf \"%s\" (randAlphaNum 5) }}", Place::Somewhere),
            ("a: {{ include \"x\" . | quote | nindent 2 }}", Place::Somewhere),
            (
                "a: {{ .Chart.Name }}-{{ .Release.Revision }}",
                Place::Key("a".to_owned()),
            ),
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
