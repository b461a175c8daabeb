//! Label selectors, as `kubectl -l` takes them.
//!
//! The grammar and the meaning are those of apimachinery (`pkg/labels/selector.go`, `Parse` and
//! `Requirement.Matches`): `!=` and `notin` also hold for an object without the label. Evaluated here and not by the
//! API server, because one object read serves every rule.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A label selector: requirements that all hold for the labels of an object that it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    text: String,
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

/// Why a text is not a label selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{selector}` is not a label selector such as app=web,tier!=db: {problem}")]
pub struct SelectorError {
    selector: String,
    problem: String,
}

impl Selector {
    /// Whether it matches these labels, the value of `metadata.labels`.
    pub fn matches(&self, labels: Option<&Value>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = labels
                .and_then(|labels| labels.get(&requirement.key))
                .and_then(Value::as_str);
            let number = || value.and_then(|value| value.parse::<i64>().ok());
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
                Test::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
                Test::Above(limit) => number().is_some_and(|number| number > *limit),
                Test::Below(limit) => number().is_some_and(|number| number < *limit),
            }
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let requirements: Result<Vec<_>, String> = parts(text).into_iter().map(requirement).collect();
        match requirements {
            Ok(requirements) => Ok(Self {
                text: text.to_owned(),
                requirements,
            }),
            Err(problem) => Err(SelectorError {
                selector: text.to_owned(),
                problem,
            }),
        }
    }
}

/// The parts between commas that stand outside of parentheses.
fn parts(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|character| {
        match character {
            '(' => inside = true,
            ')' => inside = false,
            _ => {}
        }
        character == ',' && !inside
    })
    .collect()
}

fn requirement(part: &str) -> Result<Requirement, String> {
    let part = part.trim();
    if part.is_empty() {
        return Err("a requirement is empty".to_owned());
    }
    if let Some(key) = part.strip_prefix('!') {
        return Ok(Requirement {
            key: key_of(key)?,
            test: Test::Absent,
        });
    }
    let end = part.find(|character: char| character.is_whitespace() || "=!<>(".contains(character));
    let (key, rest) = part.split_at(end.unwrap_or(part.len()));
    let key = key_of(key)?;
    let rest = rest.trim();
    let number = |text: &str| {
        let text = text.trim();
        text.parse::<i64>()
            .map_err(|_| format!("`{text}` is not a whole number"))
    };
    let test = if rest.is_empty() {
        Test::Exists
    } else if let Some(value) = rest.strip_prefix("!=") {
        Test::NotIn(vec![value_of(value)?])
    } else if let Some(value) = rest.strip_prefix("==").or_else(|| rest.strip_prefix('=')) {
        Test::In(vec![value_of(value)?])
    } else if let Some(value) = rest.strip_prefix('>') {
        Test::Above(number(value)?)
    } else if let Some(value) = rest.strip_prefix('<') {
        Test::Below(number(value)?)
    } else if let Some(values) = rest.strip_prefix("notin") {
        Test::NotIn(values_of(values)?)
    } else if let Some(values) = rest.strip_prefix("in") {
        Test::In(values_of(values)?)
    } else {
        return Err(format!(
            "`{rest}` after {key} is none of =, ==, !=, in (…), notin (…), > and <"
        ));
    };
    Ok(Requirement { key, test })
}

fn values_of(text: &str) -> Result<Vec<String>, String> {
    let inside = text
        .trim()
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    inside
        .ok_or_else(|| "the values after in and notin stand in parentheses".to_owned())?
        .split(',')
        .map(value_of)
        .collect()
}

fn value_of(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` cannot be the value of a label"))
    }
}

fn key_of(text: &str) -> Result<String, String> {
    let text = text.trim();
    let (prefix, name) = text.rsplit_once('/').unwrap_or(("example.com", text));
    let is_prefix = prefix.split('.').all(|part| {
        is_name(part) && !part.contains(|character: char| character == '_' || character.is_ascii_uppercase())
    });
    if is_prefix && is_name(name) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` cannot be the key of a label"))
    }
}

/// Letters, digits, and in between `-`, `_` and `.`; 63 of them at most.
fn is_name(text: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_alphanumeric();
    text.len() <= 63
        && text.starts_with(is_plain)
        && text.ends_with(is_plain)
        && text
            .chars()
            .all(|character| is_plain(character) || "-_.".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_selector_matches() {
        let labels = json!({"app": "web", "tier": "front", "size": "3", "example.com/team": ""});
        for (selector, matches) in [
            ("app=web", true),
            ("app == web", true),
            ("app=api", false),
            ("app=web,tier!=db", true),
            ("app=web,tier!=front", false),
            ("zone!=a", true),
            ("tier in (front, back)", true),
            ("tier in (back)", false),
            ("tier notin (back,db),app", true),
            ("zone notin (a)", true),
            ("app,!zone", true),
            ("!app", false),
            ("zone", false),
            ("size>2", true),
            ("size < 3", false),
            ("app>2", false),
            ("example.com/team=", true),
        ] {
            let parsed: Selector = selector.parse().unwrap();
            assert_eq!(parsed.matches(Some(&labels)), matches, "{selector}");
            assert_eq!(parsed.to_string(), selector);
        }
        assert!("!app".parse::<Selector>().unwrap().matches(None));
        assert!(!"app".parse::<Selector>().unwrap().matches(None));
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        for (selector, problem) in [
            ("", "a requirement is empty"),
            ("app=web,", "a requirement is empty"),
            ("app=a b", "`a b` cannot be the value of a label"),
            ("=web", "`` cannot be the key of a label"),
            ("a/b/c", "`a/b/c` cannot be the key of a label"),
            ("app in web", "the values after in and notin stand in parentheses"),
            (
                "app in (web",
                "the values after in and notin stand in parentheses",
            ),
            ("size>big", "`big` is not a whole number"),
            (
                "app ~ web",
                "`~ web` after app is none of =, ==, !=, in (…), notin (…), > and <",
            ),
        ] {
            assert_eq!(
                selector.parse::<Selector>().unwrap_err().to_string(),
                format!("`{selector}` is not a label selector such as app=web,tier!=db: {problem}")
            );
        }
    }
}
