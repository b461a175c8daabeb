//! The value of the annotation by which an object opts out: `true`, or a list of path patterns.
//!
//! Anybody who may edit the object may write it, so it is read with limits, and a value that is not clearly one of the
//! two ignores nothing: a word such as `yes` would be a valid pattern, and would silently stand for no field at all.

use serde_json::Value;

use crate::policy::path_pattern::PathPattern;

/// How many patterns an annotation may hold.
pub(super) const PATTERNS: usize = 64;

/// How many keys and values in all of them may have wildcards, each of which takes memory while the object is compared.
pub(super) const WILDCARDS: usize = 64;

/// The fields of an object that its annotation opts out of comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OptOut {
    /// Of nothing: there is no such annotation, or it says `false`.
    Nothing,
    /// Of everything.
    Whole,
    /// Of these fields.
    Fields(Vec<PathPattern>),
    /// Of nothing, because the entry with this number, counted from 1, makes no sense.
    Unreadable(usize),
    /// Of nothing, because it has more patterns or wildcards than an annotation may hold.
    Excessive,
}

impl OptOut {
    /// Reads the annotation's value.
    pub(super) fn read(value: &Value) -> Self {
        let Some(text) = value.as_str().map(str::trim) else {
            return Self::Unreadable(1);
        };
        match text {
            "true" => return Self::Whole,
            "false" => return Self::Nothing,
            _ => {}
        }
        let mut patterns: Vec<PathPattern> = Vec::new();
        let mut wildcards = 0;
        for (entry, number) in entries(text).into_iter().zip(1..) {
            let entry = entry.trim();
            let is_path = entry.contains(['/', '[']);
            match entry.parse::<PathPattern>() {
                Ok(pattern) if is_path => {
                    wildcards += pattern.wildcards();
                    patterns.push(pattern);
                }
                Ok(_) | Err(_) => return Self::Unreadable(number),
            }
            if patterns.len() > PATTERNS || wildcards > WILDCARDS {
                return Self::Excessive;
            }
        }
        Self::Fields(patterns)
    }
}

/// The entries between commas; those in brackets, braces and quotes, and after a backslash, are a pattern's own.
fn entries(text: &str) -> Vec<&str> {
    let (mut brackets, mut braces): (usize, usize) = (0, 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(|character| {
        match character {
            _ if is_escaped => {
                is_escaped = false;
                return false;
            }
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => brackets += 1,
            ']' if !is_quoted => brackets = brackets.saturating_sub(1),
            '{' if !is_quoted => braces += 1,
            '}' if !is_quoted => braces = braces.saturating_sub(1),
            _ => {}
        }
        character == ',' && brackets == 0 && braces == 0 && !is_quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_an_annotation_says() {
        let fields = |patterns: &[&str]| {
            OptOut::Fields(patterns.iter().map(|pattern| pattern.parse().unwrap()).collect())
        };
        for (value, expected) in [
            (json!("true"), OptOut::Whole),
            (json!(" true\n"), OptOut::Whole),
            (json!("false"), OptOut::Nothing),
            (json!("/spec/replicas"), fields(&["/spec/replicas"])),
            (
                json!("/spec/ports[port=80,protocol=TCP], containers[*]/image"),
                fields(&["/spec/ports[port=80,protocol=TCP]", "containers[*]/image"]),
            ),
            (
                json!(r#"/data["a,]b"],/data/c"#),
                fields(&[r#"/data["a,]b"]"#, "/data/c"]),
            ),
            (
                json!("/data/{a,b},/data/we?,/spec/ports[name=we[ab],protocol={TCP,UDP}]"),
                fields(&[
                    "/data/{a,b}",
                    "/data/we?",
                    "/spec/ports[name=we[ab],protocol={TCP,UDP}]",
                ]),
            ),
            (json!("/data/{a,b"), OptOut::Unreadable(1)),
            (json!(format!("/{}", "a".repeat(1024))), OptOut::Unreadable(1)),
            (json!("yes"), OptOut::Unreadable(1)),
            (json!("True"), OptOut::Unreadable(1)),
            (json!(""), OptOut::Unreadable(1)),
            (json!("/spec/replicas,"), OptOut::Unreadable(2)),
            (json!("/spec/replicas,/a["), OptOut::Unreadable(2)),
            (json!(true), OptOut::Unreadable(1)),
            (json!(vec!["/a"; 65].join(",")), OptOut::Excessive),
            // Each wildcard takes memory, and one object is not alone.
            (json!("/?".repeat(17)), OptOut::Unreadable(1)),
            (json!(vec!["/?/{a,b}"; 33].join(",")), OptOut::Excessive),
            (json!(vec!["/?".repeat(511); 64].join(",")), OptOut::Unreadable(1)),
        ] {
            assert_eq!(OptOut::read(&value), expected, "{value}");
        }
    }
}
