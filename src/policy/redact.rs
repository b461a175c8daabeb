//! Redaction: values that must not be shown.
//!
//! Comparison needs the raw values; reports do not. Everything that enters a finding or a redacted snapshot passes
//! here first, so no renderer, sink or log line can leak a value that it never gets. Values are replaced whole: neither
//! their length nor a hash of them is shown, since both give short secrets away.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::Value;

use crate::compare::path::{FieldPath, Segment};
use crate::object::Gvk;

/// What stands in place of a hidden value.
pub const HIDDEN: &str = "(redacted)";

/// The annotation in which `kubectl apply` keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Key names whose text is taken for a secret, unless the name goes on to say that it only refers to one.
const SENSITIVE: [&str; 10] = [
    "*passw*",
    "*secret*",
    "*token*",
    "*api[-_]key*",
    "*apikey*",
    "*private[-_]key*",
    "*privatekey*",
    "*access[-_]key*",
    "*accesskey*",
    "*credential*",
];
const REFERENCES: [&str; 7] = ["*name", "*ref", "*namespace", "*path", "*file", "*dir", "*type"];

/// Which values are hidden.
#[derive(Debug, Clone)]
pub struct Redaction {
    sensitive: GlobSet,
    references: GlobSet,
    extra: GlobSet,
    config_maps: ConfigMaps,
}

/// How values of `ConfigMap`s are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConfigMaps {
    /// Like any other value: hidden only where the key's name says so.
    #[default]
    Shown,
    /// Hidden, all of them.
    Hidden,
}

/// A pattern for key names that is not a glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a pattern of key names: {reason}")]
pub struct KeyPatternError {
    pattern: String,
    reason: String,
}

impl Default for Redaction {
    fn default() -> Self {
        Self {
            sensitive: built_in(&SENSITIVE),
            references: built_in(&REFERENCES),
            extra: GlobSet::empty(),
            config_maps: ConfigMaps::default(),
        }
    }
}

impl Redaction {
    /// The built-in rules and further names of keys whose values are hidden, as globs that ignore case.
    pub fn new(extra: &[String], config_maps: ConfigMaps) -> Result<Self, KeyPatternError> {
        Ok(Self {
            extra: globs(extra)?,
            config_maps,
            ..Self::default()
        })
    }

    /// The value at a path with its sensitive parts hidden, and whether there were any.
    pub fn apply(&self, gvk: &Gvk, path: &FieldPath, value: &Value) -> (Value, Hidden) {
        let mut value = value.clone();
        let hidden = self.hide(gvk, path, &mut value, &mut |leaf| *leaf = HIDDEN.into());
        (value, hidden)
    }

    /// Calls `replace` on every sensitive leaf of the value at a path.
    pub fn hide(
        &self,
        gvk: &Gvk,
        path: &FieldPath,
        value: &mut Value,
        replace: &mut dyn FnMut(&mut Value),
    ) -> Hidden {
        let mut context = LeafContext { key: None, env: None };
        for segment in path.segments() {
            match segment {
                Segment::Key(key) => context = context.under(key),
                Segment::Match(keys) => {
                    let name = keys
                        .iter()
                        .find(|(key, _)| key == "name")
                        .and_then(|(_, value)| value.as_str());
                    context = LeafContext { env: name, ..context };
                }
                Segment::Index(_) | Segment::Member(_) => {}
            }
        }
        let top = path.keys().next();
        let is_secret = gvk.kind == "Secret" && gvk.api_version == "v1";
        let is_hidden_whole = (is_secret && matches!(top, Some("data" | "stringData")))
            || (self.config_maps == ConfigMaps::Hidden
                && gvk.kind == "ConfigMap"
                && gvk.api_version == "v1"
                && matches!(top, Some("data" | "binaryData")));
        let mut count = 0;
        let mut counted = |leaf: &mut Value| {
            count += 1;
            replace(leaf);
        };
        if is_hidden_whole {
            every_leaf(value, &mut counted);
        } else if let (None, Value::Object(fields)) = (top, &mut *value) {
            // A whole object: each of its fields has its own rule.
            for (key, inner) in fields.iter_mut() {
                self.hide(gvk, &FieldPath::root().key(key), inner, &mut counted);
            }
        } else {
            self.walk(context, value, &mut counted);
        }
        if count == 0 {
            Hidden::Nothing
        } else {
            Hidden::Partly
        }
    }

    /// Calls `replace` on every sensitive leaf of a value of which no more is known than its context.
    fn walk(&self, context: LeafContext<'_>, value: &mut Value, replace: &mut dyn FnMut(&mut Value)) {
        match value {
            Value::Object(fields) => {
                let name = fields.get("name").and_then(Value::as_str).map(str::to_owned);
                for (key, inner) in fields.iter_mut() {
                    self.walk(
                        LeafContext {
                            key: Some(key),
                            env: name.as_deref().or(context.env),
                        },
                        inner,
                        replace,
                    );
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.walk(context, item, replace);
                }
            }
            Value::String(text) => {
                if context.key.is_some_and(|key| self.is_sensitive(key))
                    || (context.key == Some("value")
                        && context.env.is_some_and(|name| self.is_sensitive(name)))
                    || self.is_sensitive_flag(text)
                    || has_credentials(text)
                {
                    replace(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a text under this key is taken for a secret.
    fn is_sensitive(&self, key: &str) -> bool {
        key == LAST_APPLIED
            || self.extra.is_match(key)
            || (self.sensitive.is_match(key) && !self.references.is_match(key))
    }

    /// Whether the text is a flag that sets a secret, as `--db-password=hunter2` among a container's arguments.
    fn is_sensitive_flag(&self, text: &str) -> bool {
        text.starts_with('-')
            && text
                .split_once('=')
                .is_some_and(|(flag, value)| !value.is_empty() && self.is_sensitive(flag))
    }
}

/// Whether anything was hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// The value is as it was.
    Nothing,
    /// At least a part of it was replaced.
    Partly,
}

/// Where a leaf is: its own key, and the `name` beside it.
#[derive(Clone, Copy)]
struct LeafContext<'a> {
    key: Option<&'a str>,
    env: Option<&'a str>,
}

impl<'a> LeafContext<'a> {
    fn under(self, key: &'a str) -> Self {
        Self {
            key: Some(key),
            env: self.env,
        }
    }
}

fn every_leaf(value: &mut Value, replace: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|inner| every_leaf(inner, replace)),
        Value::Array(items) => items.iter_mut().for_each(|inner| every_leaf(inner, replace)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => replace(value),
    }
}

/// Whether the text holds an address with a password: `scheme://user:password@host`.
fn has_credentials(text: &str) -> bool {
    text.match_indices("://").any(|(start, _)| {
        let rest = &text[start + 3..];
        let authority = rest
            .split(['/', '?', '#', ' ', '\n', '"', '\''])
            .next()
            .unwrap_or_default();
        authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with("$("))
    })
}

fn globs(patterns: &[String]) -> Result<GlobSet, KeyPatternError> {
    let failed = |pattern: &str, error: &globset::Error| KeyPatternError {
        pattern: pattern.to_owned(),
        reason: error.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern)
            .case_insensitive(true)
            .build()
            .map_err(|error| failed(pattern, &error))?;
        set.add(glob);
    }
    set.build().map_err(|error| failed("", &error))
}

fn built_in(patterns: &[&str]) -> GlobSet {
    let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
    // Constants, all built by this module's tests.
    globs(&patterns).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys(path: &[&str]) -> FieldPath {
        path.iter().fold(FieldPath::root(), |path, key| path.key(key))
    }

    fn named(path: &[&str], name: &str) -> FieldPath {
        keys(path).join(Segment::Match(vec![("name".into(), json!(name))]))
    }

    #[test]
    fn secrets_are_hidden_and_ordinary_values_are_not() {
        let pod = Gvk::new("v1", "Pod");
        let rows = [
            (
                Gvk::new("v1", "Secret"),
                keys(&["data", "user"]),
                json!("YQ=="),
                json!(HIDDEN),
            ),
            (
                Gvk::new("v1", "Secret"),
                keys(&["data"]),
                json!({"a": "b", "c": 1}),
                json!({"a": HIDDEN, "c": HIDDEN}),
            ),
            (
                Gvk::new("v1", "Secret"),
                keys(&["type"]),
                json!("Opaque"),
                json!("Opaque"),
            ),
            (
                Gvk::new("v1", "ConfigMap"),
                keys(&["data", "log"]),
                json!("info"),
                json!("info"),
            ),
            (
                Gvk::new("v1", "ConfigMap"),
                keys(&["data", "DB_PASSWORD"]),
                json!("x"),
                json!(HIDDEN),
            ),
            (
                pod.clone(),
                named(&["spec", "env"], "DB_PASSWORD").key("value"),
                json!("x"),
                json!(HIDDEN),
            ),
            (
                pod.clone(),
                named(&["spec", "env"], "LOG_LEVEL").key("value"),
                json!("x"),
                json!("x"),
            ),
            (
                pod.clone(),
                named(&["spec", "containers"], "app"),
                json!({"name": "app", "env": [{"name": "API_TOKEN", "value": "x"}, {"name": "A", "value": "y"}],
                       "args": ["--token=x", "--level=3"]}),
                json!({"name": "app", "env": [{"name": "API_TOKEN", "value": HIDDEN}, {"name": "A", "value": "y"}],
                       "args": [HIDDEN, "--level=3"]}),
            ),
            (
                pod.clone(),
                keys(&["spec", "volumes"]),
                json!([{"secret": {"secretName": "tls"}}]),
                json!([{"secret": {"secretName": "tls"}}]),
            ),
            (
                pod.clone(),
                keys(&["metadata", "annotations", LAST_APPLIED]),
                json!("{}"),
                json!(HIDDEN),
            ),
            (
                pod.clone(),
                keys(&["spec", "url"]),
                json!("postgres://u:p@db/x"),
                json!(HIDDEN),
            ),
            (
                pod.clone(),
                keys(&["spec", "url"]),
                json!("https://example.com/a@b:c"),
                json!("https://example.com/a@b:c"),
            ),
            (
                pod,
                keys(&["spec", "automountServiceAccountToken"]),
                json!(true),
                json!(true),
            ),
        ];
        for (gvk, path, value, expected) in rows {
            let (shown, hidden) = Redaction::default().apply(&gvk, &path, &value);
            assert_eq!(shown, expected, "{gvk} {path}");
            assert_eq!(hidden == Hidden::Partly, shown != value, "{gvk} {path}");
        }
    }

    #[test]
    fn whole_objects_follow_the_rules_of_their_fields() {
        let object = json!({"kind": "Secret", "data": {"a": "YQ=="}, "metadata": {"annotations": {LAST_APPLIED: "{}"}}});
        let (shown, _) = Redaction::default().apply(&Gvk::new("v1", "Secret"), &FieldPath::root(), &object);
        assert_eq!(
            shown,
            json!({"kind": "Secret", "data": {"a": HIDDEN}, "metadata": {"annotations": {LAST_APPLIED: HIDDEN}}})
        );
    }

    #[test]
    fn operators_can_hide_more() {
        let redaction = Redaction::new(&["*dsn".to_owned()], ConfigMaps::Hidden).unwrap();
        let config_map = Gvk::new("v1", "ConfigMap");
        assert_eq!(
            redaction
                .apply(&config_map, &keys(&["data", "log"]), &json!("x"))
                .0,
            json!(HIDDEN)
        );
        let pod = Gvk::new("v1", "Pod");
        assert_eq!(
            redaction
                .apply(&pod, &keys(&["spec", "SENTRY_DSN"]), &json!("x"))
                .0,
            json!(HIDDEN)
        );
        let error = Redaction::new(&["[".to_owned()], ConfigMaps::Shown)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("`[` is not a pattern of key names"), "{error}");
    }
}
