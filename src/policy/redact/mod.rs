//! Redaction: values, and parts of paths, that must not be shown.
//!
//! Comparison needs the raw values; reports do not. Everything that enters a finding or a redacted snapshot passes
//! here first, so no renderer, sink or log line can leak a value that it never gets. One set of rules holds for values,
//! for the keys of maps and lists in paths, and for snapshots:
//!
//! - the contents of Secrets, wherever one is embedded;
//! - values under a name that stands for a secret (`names`), or beside such a name (`place`);
//! - texts that are a secret by their shape (`shapes`), and the secret parts of texts that hold more than that, such as
//!   configuration files (`text`) and JSON (`json`); and lists of arguments (`arguments`).
//!
//! Neither the length nor a hash of a hidden value is shown, since both give short secrets away.

mod arguments;
mod json;
mod managed;
mod names;
mod paths;
mod place;
mod references;
mod shapes;
mod text;
mod tokens;
mod words;

use std::ops::Range;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value};

use self::json::{Node, range_in, unescaped};
use self::names::Sensitivity;
pub use self::paths::FieldRedaction;
use self::place::{Contents, Fields, ObjectPlace, Place};
use crate::object::Gvk;

/// What stands in place of a hidden value.
pub const HIDDEN: &str = "(redacted)";

/// The annotation in which `kubectl apply` keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Which values are hidden.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    extra: GlobSet,
    config_maps: ConfigMaps,
}

/// How values of `ConfigMap`s are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConfigMaps {
    /// Like any other value: hidden only where a name or the shape says so.
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

/// Whether anything was hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// The value is as it was.
    Nothing,
    /// At least a part of it was replaced.
    Partly,
}

/// Puts something else where a hidden value was.
pub trait Replace {
    /// Replaces a value that is hidden as a whole.
    fn value(&mut self, value: &mut Value);

    /// What stands in place of a hidden part of a text.
    fn part(&mut self, part: &str) -> String;
}

/// Leaves nothing of a hidden value, for reports.
struct Blank;

impl Replace for Blank {
    fn value(&mut self, value: &mut Value) {
        *value = HIDDEN.into();
    }

    fn part(&mut self, _part: &str) -> String {
        HIDDEN.to_owned()
    }
}

/// What of a value is hidden.
enum Extent {
    Nothing,
    Whole,
    /// These parts of a text.
    Parts(Vec<Range<usize>>),
}

impl Redaction {
    /// The built-in rules and further names of keys whose values are hidden, as globs that ignore case.
    pub fn new(extra: &[String], config_maps: ConfigMaps) -> Result<Self, KeyPatternError> {
        Ok(Self {
            extra: globs(extra)?,
            config_maps,
        })
    }

    /// Replaces every sensitive part of a whole object, but for the keys of its maps.
    pub fn hide_object(&self, gvk: &Gvk, object: &mut Value, replace: &mut dyn Replace) -> Hidden {
        self.hide_at(self.root(gvk), object, replace)
    }

    /// Replaces every sensitive part of a value that stands under a name, wherever in an object that is.
    pub fn hide_under(&self, name: &str, value: &mut Value, replace: &mut dyn Replace) -> Hidden {
        let place = self.field_at(Place::root(Contents::Any), &[], name);
        self.hide_at(place, value, replace)
    }

    /// A text that is no field of an object, such as a sentence, a manager's name or a comment: without its secrets.
    pub fn shown_text(&self, text: &str) -> String {
        text::replaced(text, self.secrets_in(text), &mut |_| HIDDEN.to_owned())
    }

    /// Whether a text, as [`Redaction::shown_text`] shows it, has secrets.
    pub fn holds_secret(&self, text: &str) -> bool {
        !self.secrets_in(text).is_empty()
    }

    /// The secret parts of a text of no known format.
    fn secrets_in(&self, text: &str) -> Vec<Range<usize>> {
        text::find(text, &|name| self.sensitivity(name))
    }

    /// Whether a key of a map is itself a secret. The keys of a Secret are names like any others.
    fn is_secret_key(&self, key: &str) -> bool {
        const SHORTEST: usize = 6;
        key.len() >= SHORTEST && self.holds_secret(key)
    }

    /// Whether a key of the map at a place is itself a secret: by its own form, or as one of many under the name of secrets
    /// (`tokens: {q7ZrW2…: alice}`).
    fn is_secret_key_under(&self, outer: Sensitivity, key: &str) -> bool {
        (outer >= Sensitivity::Inside && references::looks_random(key)) || self.is_secret_key(key)
    }

    /// Replaces the keys of maps that are themselves secrets.
    pub fn hide_keys(&self, value: &mut Value, token: &mut dyn FnMut(&str) -> String) -> Hidden {
        self.hide_keys_under(Sensitivity::Plain, value, token)
    }

    fn hide_keys_under(
        &self,
        outer: Sensitivity,
        value: &mut Value,
        token: &mut dyn FnMut(&str) -> String,
    ) -> Hidden {
        let mut hidden = Hidden::Nothing;
        match value {
            Value::Object(fields) => {
                if fields.keys().any(|key| self.is_secret_key_under(outer, key)) {
                    hidden = Hidden::Partly;
                    *fields = std::mem::take(fields)
                        .into_iter()
                        .map(|(key, value)| {
                            let is_secret = self.is_secret_key_under(outer, &key);
                            (if is_secret { token(&key) } else { key }, value)
                        })
                        .collect();
                }
                for (key, inner) in fields.iter_mut() {
                    let own = place::own_or_inherited(self.sensitivity(key), outer, key);
                    hidden = hidden.or(self.hide_keys_under(own, inner, token));
                }
            }
            Value::Array(items) => {
                for item in items {
                    hidden = hidden.or(self.hide_keys_under(outer, item, token));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        hidden
    }

    /// The value at a place as a report shows it; a list may be the arguments of a command.
    fn shown(&self, place: Place, command: &[String], value: &Value) -> (Value, Hidden) {
        let mut value = value.clone();
        let hidden = match &mut value {
            Value::Array(items) => self.hide_items(place, items, command, &mut Blank),
            value => self.hide_at(place, value, &mut Blank),
        };
        let mut count = 0;
        let keys = self.hide_keys_under(place.name, &mut value, &mut |_| {
            count += 1;
            format!("(redacted {count})")
        });
        (value, hidden.or(keys))
    }

    /// The place of an object of this kind.
    fn root(&self, gvk: &Gvk) -> Place {
        let is_hidden =
            self.config_maps == ConfigMaps::Hidden && gvk.kind == "ConfigMap" && gvk.api_version == "v1";
        Place::root(if is_hidden {
            Contents::HiddenConfigMap
        } else {
            Contents::of_kind(&gvk.kind)
        })
    }

    fn object_at(&self, place: Place, versions: &[&dyn Fields]) -> ObjectPlace {
        place.object(versions, |name| self.sensitivity(name))
    }

    fn field_at(&self, place: Place, versions: &[&dyn Fields], key: &str) -> Place {
        place.field(versions, key, |name| self.sensitivity(name))
    }

    /// Replaces every sensitive part of the value at a place.
    fn hide_at(&self, place: Place, value: &mut Value, replace: &mut dyn Replace) -> Hidden {
        let mut hidden = Hidden::Nothing;
        match value {
            Value::Object(fields) => hidden = self.hide_fields(place, fields, replace),
            Value::Array(items) => hidden = self.hide_items(place, items, &[], replace),
            Value::Null if !place.is_all => {}
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                match self.extent(place, value) {
                    Extent::Nothing => {}
                    Extent::Whole => {
                        replace.value(value);
                        hidden = Hidden::Partly;
                    }
                    Extent::Parts(parts) => {
                        if let Value::String(text) = value {
                            *text = text::replaced(text, parts, &mut |part| replace.part(part));
                        }
                        hidden = Hidden::Partly;
                    }
                }
            }
        }
        hidden
    }

    fn hide_fields(
        &self,
        place: Place,
        fields: &mut Map<String, Value>,
        replace: &mut dyn Replace,
    ) -> Hidden {
        let object = self.object_at(place, &[&*fields]);
        let command = Fields::words(fields, "command");
        let mut hidden = Hidden::Nothing;
        for (key, inner) in fields.iter_mut() {
            let place = object.field(key, self.sensitivity(key));
            hidden = hidden.or(match inner {
                Value::Array(items) if key == "args" => self.hide_items(place, items, &command, replace),
                inner => self.hide_at(place, inner, replace),
            });
        }
        hidden
    }

    /// Replaces the sensitive elements of a list, which may be arguments of a command.
    fn hide_items(
        &self,
        place: Place,
        items: &mut [Value],
        command: &[String],
        replace: &mut dyn Replace,
    ) -> Hidden {
        let secret = arguments::secrets(items, command, &|name| self.sensitivity(name));
        let mut hidden = Hidden::Nothing;
        for (item, is_secret) in items.iter_mut().zip(secret) {
            if is_secret && !place.is_all {
                replace.value(item);
                hidden = Hidden::Partly;
            } else {
                hidden = hidden.or(self.hide_at(place, item, replace));
            }
        }
        hidden
    }

    /// What is hidden of a value that holds no others.
    fn extent(&self, place: Place, value: &Value) -> Extent {
        let is_whole = match value {
            Value::Object(_) | Value::Array(_) => return Extent::Nothing,
            Value::Null => place.is_all,
            Value::Bool(_) => place.hides_scalar(true),
            Value::Number(_) => place.hides_scalar(false),
            Value::String(text) if place.hides_text(text) => true,
            Value::String(text) => return self.extent_of_text(place, text),
        };
        if is_whole { Extent::Whole } else { Extent::Nothing }
    }

    /// What is hidden of a text whose name says nothing.
    fn extent_of_text(&self, place: Place, text: &str) -> Extent {
        if text.len() < SHORTEST_TEXT {
            return Extent::Nothing;
        }
        // All that follows the name of a flag is its value, whatever it looks like.
        let flag = text.split_once('=').filter(|(flag, _)| flag.starts_with('-'));
        if let Some((flag, value)) = flag {
            let sensitivity = self.sensitivity(flag.trim_start_matches('-'));
            if sensitivity > Sensitivity::Plain && !text::is_harmless(sensitivity, value) {
                return Extent::Whole;
            }
        }
        let mut found = Vec::new();
        if let Some(node) = json::parse(text) {
            self.find_in_json(place, text, &node, &mut found);
        } else {
            found = self.secrets_in(text);
            // A line that holds a secret goes as a whole: nobody can tell for sure where the secret ends.
            if !found.is_empty() && !text.trim_end().contains('\n') {
                return Extent::Whole;
            }
        }
        if !found.is_empty() {
            return Extent::Parts(found);
        }
        // Text in base64: an entry of `binaryData`, or a file that somebody encoded.
        let holds_secret = shapes::decoded(text).is_some_and(|decoded| self.holds_secret_in(place, &decoded));
        if holds_secret {
            Extent::Whole
        } else {
            Extent::Nothing
        }
    }

    /// Whether a decoded text holds a secret.
    fn holds_secret_in(&self, place: Place, text: &str) -> bool {
        let Some(node) = json::parse(text) else {
            return self.holds_secret(text);
        };
        let mut found = Vec::new();
        self.find_in_json(place, text, &node, &mut found);
        !found.is_empty()
    }

    /// Adds the hidden parts of a text in JSON: values, and keys that are secrets.
    fn find_in_json(&self, place: Place, text: &str, node: &Node<'_>, found: &mut Vec<Range<usize>>) {
        match node {
            Node::Null => {}
            Node::Scalar(raw) => {
                let is_boolean = matches!(*raw, "true" | "false");
                if place.hides_scalar(is_boolean) {
                    found.push(range_in(text, raw));
                }
            }
            Node::Text(raw) => {
                let value = Value::String(unescaped(raw));
                let is_hidden = match self.extent(place, &value) {
                    Extent::Nothing => false,
                    Extent::Whole | Extent::Parts(_) => !raw.is_empty(),
                };
                if is_hidden {
                    found.push(range_in(text, raw));
                }
            }
            Node::Object(fields) => {
                let object = self.object_at(place, &[fields]);
                for (key, inner) in fields {
                    let name = unescaped(key);
                    if self.is_secret_key_under(place.name, &name) {
                        found.push(range_in(text, key));
                    }
                    let inner_place = object.field(&name, self.sensitivity(&name));
                    // Registries' credentials: `{"auths": {"registry": {"auth": "dXNlcjpwdw=="}}}`.
                    let is_login = name == "auth"
                        && matches!(inner, Node::Text(raw) if shapes::decoded(raw).is_some_and(|login| login.contains(':')));
                    self.find_in_json(inner_place.all_if(is_login), text, inner, found);
                }
            }
            Node::Array(items) => {
                let values: Vec<Value> = items
                    .iter()
                    .map(|item| match item {
                        Node::Text(raw) => Value::String(unescaped(raw)),
                        Node::Scalar(_) | Node::Null | Node::Object(_) | Node::Array(_) => Value::Null,
                    })
                    .collect();
                let secret = arguments::secrets(&values, &[], &|name| self.sensitivity(name));
                for (item, is_secret) in items.iter().zip(secret) {
                    self.find_in_json(place.all_if(is_secret), text, item, found);
                }
            }
        }
    }

    /// How sure a name is to stand for a secret, by the built-in rules and the operator's.
    fn sensitivity(&self, name: &str) -> Sensitivity {
        if name == LAST_APPLIED || (!self.extra.is_empty() && self.extra.is_match(name)) {
            return Sensitivity::Inside;
        }
        names::sensitivity(name)
    }
}

/// The shortest text that is looked at for secrets in it.
const SHORTEST_TEXT: usize = 6;

impl Hidden {
    /// Whether either hid anything.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, Self::Nothing) => Self::Nothing,
            (Self::Partly, _) | (_, Self::Partly) => Self::Partly,
        }
    }
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

#[cfg(test)]
mod tests;
