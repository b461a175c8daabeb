//! Paths in the syntax of other tools, which could match nothing here.
//!
//! `JSONPath`, as `kubectl -o jsonpath` takes it, has dots, and JSON pointers escape a slash as `~1` and count the elements of
//! lists. Read as a pattern, such a path is a key that no object has. Each is recognised by what no key of a Kubernetes
//! object has, and named with the spelling that is right. A key that really looks like that can stand in quotes.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::Value;

use crate::types::TypeTable;

/// The fields with which a path into an object begins.
const SECTIONS: [&str; 10] = [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "status",
    "data",
    "stringData",
    "rules",
    "subjects",
    "roleRef",
];

/// Those of them that are no words with which a key of a map is likely to begin: `data.json` is a key of a `ConfigMap`.
const CERTAIN: [&str; 4] = ["apiVersion", "metadata", "spec", "status"];

/// The fields that are lists in every built-in type that has them.
static LISTS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| TypeTable::builtin().list_fields());

/// A path in another syntax, with its name, and the same place as a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) syntax: &'static str,
    pub(super) right: String,
}

/// Recognises a path in another syntax.
pub(super) fn recognise(text: &str) -> Option<Foreign> {
    json_path(text).or_else(|| json_pointer(text))
}

fn json_path(text: &str) -> Option<Foreign> {
    let inner = text
        .strip_prefix('{')
        .map_or(text, |inner| inner.trim_end_matches('}'));
    let is_template = inner.len() < text.len() && inner.starts_with(['.', '$']);
    let is_rooted = inner.starts_with("$.") || inner.starts_with("$[") || inner == "$";
    let path = inner.strip_prefix('$').unwrap_or(inner);
    let (dots, rest) = match path.strip_prefix('.') {
        Some(rest) => (true, rest),
        None => (false, path.strip_prefix('/').unwrap_or(path)),
    };
    let first = rest.split(['.', '[', '/']).next().unwrap_or_default();
    let has_dots = rest[first.len()..].starts_with('.');
    let is_dotted = dots && SECTIONS.contains(&first) || has_dots && CERTAIN.contains(&first);
    (is_template || is_rooted || is_dotted).then(|| Foreign {
        syntax: "a JSONPath",
        right: from_dots(rest),
    })
}

/// A path of keys between dots as a pattern.
fn from_dots(path: &str) -> String {
    let (mut right, mut key) = (String::new(), String::new());
    let path = match path.strip_prefix('.') {
        Some(path) => {
            right.push_str("/**");
            path
        }
        None => path,
    };
    let mut characters = path.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.extend(characters.next()),
            '.' if characters.peek() == Some(&'.') => {
                push_key(&mut right, &std::mem::take(&mut key));
                right.push_str("/**");
                characters.next();
            }
            '.' => push_key(&mut right, &std::mem::take(&mut key)),
            '[' => {
                push_key(&mut right, &std::mem::take(&mut key));
                let inside: String = characters
                    .by_ref()
                    .take_while(|character| *character != ']')
                    .collect();
                push_brackets(&mut right, &inside);
            }
            other => key.push(other),
        }
    }
    push_key(&mut right, &key);
    if right.is_empty() { "/".to_owned() } else { right }
}

fn push_brackets(right: &mut String, inside: &str) {
    let quoted = inside.trim_matches(|quote| quote == '\'' || quote == '"');
    if quoted.len() < inside.len() {
        push_key(right, quoted);
    } else if inside.starts_with('?') {
        // A filter: which key and value it asks for is not worth reading.
        right.push_str("[name=NAME]");
    } else {
        right.push_str("[*]");
    }
}

fn push_key(right: &mut String, key: &str) {
    if key.is_empty() {
        return;
    }
    if key
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || "-_.*".contains(character))
    {
        right.push('/');
        right.push_str(key);
    } else {
        let _ = write!(right, "[{}]", Value::from(key));
    }
}

fn json_pointer(text: &str) -> Option<Foreign> {
    let path = text.strip_prefix('#').filter(|path| path.starts_with('/'));
    let is_fragment = path.is_some();
    let path = path.unwrap_or(text);
    // Quotes and brackets are of this syntax.
    if path.contains(['[', '"']) {
        return None;
    }
    let tokens: Vec<&str> = path.split('/').collect();
    let is_position = |at: usize| {
        let token = tokens.get(at).copied().unwrap_or_default();
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let is_number = !token.is_empty() && token.chars().all(|character| character.is_ascii_digit());
        is_number && before.is_some_and(|before| LISTS.contains(before))
    };
    let is_escaped = tokens
        .iter()
        .any(|token| token.contains("~0") || token.contains("~1"));
    if !is_fragment && !is_escaped && !(0..tokens.len()).any(is_position) {
        return None;
    }
    let mut right = String::new();
    for (at, token) in tokens.iter().enumerate() {
        if is_position(at) {
            right.push_str("[*]");
        } else {
            push_key(&mut right, &token.replace("~1", "/").replace("~0", "~"));
        }
    }
    Some(Foreign {
        syntax: "a JSON pointer",
        right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::path_pattern::PathPattern;

    #[test]
    fn paths_of_other_tools_are_named_with_the_right_spelling() {
        for (text, right) in [
            (".spec.replicas", "/spec/replicas"),
            (".spec", "/spec"),
            ("$.spec", "/spec"),
            ("$", "/"),
            ("{.spec.replicas}", "/spec/replicas"),
            ("spec.replicas", "/spec/replicas"),
            ("/spec.replicas", "/spec/replicas"),
            ("metadata.annotations", "/metadata/annotations"),
            (
                ".spec.template.spec.containers[0].image",
                "/spec/template/spec/containers[*]/image",
            ),
            (
                ".spec.containers[?(@.name==\"a\")].image",
                "/spec/containers[name=NAME]/image",
            ),
            ("$['spec']['replicas']", "/spec/replicas"),
            ("$..image", "/**/image"),
            (
                ".metadata.annotations.example\\.com/owner",
                "/metadata/annotations[\"example.com/owner\"]",
            ),
            ("/metadata/annotations/a~1b", "/metadata/annotations[\"a/b\"]"),
            ("/spec/containers/0/image", "/spec/containers[*]/image"),
            ("containers/0/image", "/containers[*]/image"),
            ("#/spec/replicas", "/spec/replicas"),
        ] {
            let foreign = recognise(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(foreign.right, right, "{text}");
            let error = text.parse::<PathPattern>().unwrap_err().to_string();
            assert!(error.contains(&format!("write `{right}`")), "{error}");
            assert!(right.parse::<PathPattern>().is_ok(), "{right}");
        }
    }

    #[test]
    fn keys_that_only_look_like_paths_are_keys() {
        for text in [
            "/data/0",
            "/data/.dockerconfigjson",
            ".dockerconfigjson",
            "data.json",
            "/data/app.properties",
            "/metadata/annotations[\"a~1b\"]",
            "/spec/replicas",
            "containers[name=app]/image",
            "/rules[0]",
            "**",
            "{cache,tmp-?}",
            "/data/{cache,tmp-?}",
            "metadata",
        ] {
            assert_eq!(recognise(text), None, "{text}");
            assert!(text.parse::<PathPattern>().is_ok(), "{text}");
        }
    }
}
