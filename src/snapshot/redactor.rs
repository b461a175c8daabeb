//! Replaces sensitive values by tokens.
//!
//! [`Redaction`] decides which values are hidden, as for reports. A report can leave a hidden value out; a snapshot has
//! to keep what the comparison needs, which is whether two values are equal *as the API server sees them*: a Secret's
//! `stringData: x` and `data: eA==` are one value in two spellings. So values are brought into one form first and
//! then replaced by a keyed hash of it. Values that mean the same as none (`""`, 0, false) stay, since the comparison
//! asks for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use ring::hmac;
use ring::rand::SystemRandom;
use serde_json::Value;

use super::SnapshotError;
use crate::compare::quantity::Quantity;
use crate::object::Gvk;
use crate::policy::redact::{HIDDEN, Hidden, Redaction, Replace};
use crate::types::{Field, Shape, TypeTable, ValueKind};

/// A text this short says too little to be looked for elsewhere.
const SHORTEST_QUOTE: usize = 3;
const SHORTEST_PART: usize = 6;

/// Below this, every whole number is exact as a float (2^53), so that no two have one token.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The redaction and the key of one snapshot.
pub(super) struct Redactor {
    redaction: Redaction,
    key: hmac::Key,
}

/// The values that were replaced, decoded where they were encoded.
#[derive(Debug, Default)]
pub(super) struct Replaced(Vec<String>);

impl Replaced {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Whether a text quotes one of them, or a part, such as the password of a URL.
    fn is_quoted_in(&self, text: &str) -> bool {
        let is_quoted = |part: &str, shortest: usize| part.len() >= shortest && text.contains(part);
        self.0.iter().any(|value| {
            is_quoted(value.trim(), SHORTEST_QUOTE)
                || value
                    .split(|c: char| c.is_whitespace() || "=:@/?&,;\"'".contains(c))
                    .any(|part| is_quoted(part, SHORTEST_PART))
        })
    }
}

/// The value that a token is made from, by its form. Two values of different forms never have the same token.
enum Form<'a> {
    /// A text, or the bytes that one encodes.
    Bytes(&'a [u8]),
    /// A text that should encode bytes and does not.
    Undecodable(&'a str),
    /// A number or a boolean.
    Scalar(&'a str),
}

impl Redactor {
    /// A redactor with a new random key, which is kept nowhere.
    pub(super) fn new(redaction: Redaction) -> Result<Self, SnapshotError> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| SnapshotError::NoRandomness)?;
        Ok(Self { redaction, key })
    }

    /// Replaces the sensitive values in an object of this kind.
    pub(super) fn object(&self, gvk: &Gvk, object: &mut Value) -> Replaced {
        if gvk.api_version == "v1"
            && gvk.kind == "Secret"
            && let Some(Value::Object(plain)) = object.get_mut("stringData")
        {
            // A value there that is no text counts as an empty one: see `manifest::desired`.
            for value in plain.values_mut().filter(|value| !value.is_string()) {
                *value = Value::Null;
            }
        }
        let managed = object.pointer_mut("/metadata/managedFields").map(Value::take);
        let original = object.clone();
        let mut marks = Marks {
            redactor: self,
            replaced: Replaced::default(),
        };
        let hidden = self.redaction.hide_object(gvk, object, &mut marks);
        let mut replaced = marks.replaced;
        if hidden == Hidden::Partly {
            let shape = TypeTable::builtin().kind(&gvk.api_version, &gvk.kind);
            self.fill(shape, &original, object, &mut replaced);
        }
        self.redaction.hide_keys(object, &mut |key| {
            replaced.0.push(key.to_owned());
            self.token(&Form::Bytes(key.as_bytes()))
        });
        if let Some(mut managed) = managed {
            for entry in managed.as_array_mut().into_iter().flatten() {
                self.managed(gvk, &original, entry);
            }
            object["metadata"]["managedFields"] = managed;
        }
        replaced
    }

    /// A sentence of Helm's about a release, unless it quotes a hidden value or holds one of its own.
    pub(super) fn sentence(&self, replaced: &Replaced, text: String) -> String {
        if self.redaction.holds_secret(&text) || replaced.is_quoted_in(&text) {
            HIDDEN.to_owned()
        } else {
            text
        }
    }

    /// Whether a text, such as a document with its comments, has anything that the rules hide.
    pub(super) fn holds_secret(&self, text: &str) -> bool {
        self.redaction.holds_secret(text)
    }

    /// A line of a document without anything that the rules hide.
    pub(super) fn shown_text(&self, text: &str) -> String {
        self.redaction.shown_text(text)
    }

    /// Puts tokens where a hidden value was.
    fn fill(
        &self,
        shape: Option<Shape<'_>>,
        original: &Value,
        redacted: &mut Value,
        replaced: &mut Replaced,
    ) {
        match (original, redacted) {
            (Value::Object(original), Value::Object(redacted)) => {
                for (key, value) in redacted {
                    let inner = match shape.map(|shape| shape.field(key)) {
                        Some(Field::Declared(inner)) => Some(inner),
                        Some(Field::Undeclared | Field::Unknown) | None => None,
                    };
                    if let Some(original) = original.get(key) {
                        self.fill(inner, original, value, replaced);
                    }
                }
            }
            (Value::Array(original), Value::Array(redacted)) => {
                let element = shape.and_then(Shape::element);
                for (original, redacted) in original.iter().zip(redacted) {
                    self.fill(element, original, redacted, replaced);
                }
            }
            (original, redacted @ Value::Null) => {
                *redacted = self.stand_in(shape, original, replaced);
            }
            _ => {}
        }
    }

    /// The value that stands in a snapshot for a hidden leaf.
    fn stand_in(&self, shape: Option<Shape<'_>>, leaf: &Value, replaced: &mut Replaced) -> Value {
        let kind = shape.map(Shape::value);
        let text = match leaf {
            Value::Null | Value::Bool(false) | Value::Object(_) | Value::Array(_) => return leaf.clone(),
            Value::Number(number) if number.as_f64() == Some(0.0) => return leaf.clone(),
            Value::Bool(_) | Value::Number(_) => {
                // A number is compared by what it is worth: 1.0 is 1.
                let whole = leaf
                    .as_f64()
                    .filter(|number| number.fract() == 0.0 && number.abs() < EXACT);
                let text = whole.map_or_else(|| leaf.to_string(), |number| number.to_string());
                let token = self.token(&Form::Scalar(&text));
                replaced.0.push(text);
                return if kind == Some(ValueKind::Bytes) {
                    STANDARD.encode(token).into()
                } else {
                    token.into()
                };
            }
            Value::String(text) => text,
        };
        if text.is_empty() || kind.is_some_and(|kind| is_measure(kind, text)) {
            return leaf.clone();
        }
        if kind != Some(ValueKind::Bytes) {
            replaced.0.push(text.clone());
            return self.token(&Form::Bytes(text.as_bytes())).into();
        }
        // As the comparison reads it: line breaks in base64 mean nothing.
        let token = match STANDARD.decode(text.replace(['\n', '\r'], "")) {
            Ok(bytes) if bytes.is_empty() => return Value::String(String::new()),
            Ok(bytes) => {
                let token = self.token(&Form::Bytes(&bytes));
                replaced.0.extend(String::from_utf8(bytes));
                token
            }
            Err(_) => self.token(&Form::Undecodable(text)),
        };
        replaced.0.push(text.clone());
        STANDARD.encode(token).into()
    }

    fn token(&self, form: &Form<'_>) -> String {
        let (tag, bytes) = match form {
            Form::Bytes(bytes) => (b'b', *bytes),
            Form::Undecodable(text) => (b'u', text.as_bytes()),
            Form::Scalar(text) => (b's', text.as_bytes()),
        };
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[tag]);
        context.update(bytes);
        let hash = context.sign();
        let short = hash.as_ref().iter().take(8);
        let short = short.fold(0_u64, |short, byte| short << 8 | u64::from(*byte));
        format!("redacted-{short:016x}")
    }

    /// Managed fields hold values where those are the keys: members of sets and keys of lists.
    fn managed(&self, gvk: &Gvk, object: &Value, entry: &mut Value) {
        let mut tokens = Tokens(self);
        if let Some(manager) = entry.get_mut("manager") {
            self.redaction.hide_under("manager", manager, &mut tokens);
        }
        if let Some(Value::Object(fields)) = entry.get_mut("fieldsV1") {
            self.redaction
                .hide_managed_fields(gvk, object, fields, &mut tokens);
        }
    }
}

/// Marks hidden values by null: where that stood before, there is nothing to hide.
struct Marks<'r> {
    redactor: &'r Redactor,
    replaced: Replaced,
}

impl Replace for Marks<'_> {
    fn value(&mut self, value: &mut Value) {
        *value = Value::Null;
    }

    fn part(&mut self, part: &str) -> String {
        self.replaced.0.push(part.to_owned());
        self.redactor.token(&Form::Bytes(part.as_bytes()))
    }
}

/// Puts tokens at once, where values have no type.
struct Tokens<'r>(&'r Redactor);

impl Replace for Tokens<'_> {
    fn value(&mut self, value: &mut Value) {
        *value = self.0.stand_in(None, value, &mut Replaced::default());
    }

    fn part(&mut self, part: &str) -> String {
        self.0.token(&Form::Bytes(part.as_bytes()))
    }
}

/// Amounts and times under a suspicious name, such as a quota on `secrets`. They are compared by what they mean, and
/// their types have no room for a secret.
fn is_measure(kind: ValueKind, text: &str) -> bool {
    match kind {
        ValueKind::Quantity => Quantity::parse(text).is_some(),
        ValueKind::Time => DateTime::parse_from_rfc3339(text).is_ok(),
        ValueKind::Duration => {
            text.len() <= 40
                && text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
                && text
                    .chars()
                    .all(|c| c.is_ascii_digit() || ".+-nuµμmsh".contains(c))
        }
        ValueKind::String
        | ValueKind::Integer
        | ValueKind::Number
        | ValueKind::Boolean
        | ValueKind::IntOrString
        | ValueKind::Bytes
        | ValueKind::Object
        | ValueKind::Map
        | ValueKind::List
        | ValueKind::Any => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn redacted(redactor: &Redactor, gvk: &Gvk, mut object: Value) -> Value {
        redactor.object(gvk, &mut object);
        object
    }

    #[test]
    fn one_value_has_one_token_however_it_is_spelled() {
        let redactor = Redactor::new(Redaction::default()).unwrap();
        let secret = Gvk::new("v1", "Secret");
        let object = redacted(
            &redactor,
            &secret,
            json!({"stringData": {"a": "hunter2", "empty": "", "number": 1},
                "data": {"a": "aHVudGVyMg==", "b": "aHVu\ndGVyMg==", "other": "aHVudGVyMw==", "bad": "hunter2!",
                    "empty": "", "blank": "\n"}}),
        );
        let token = object["stringData"]["a"].as_str().unwrap();
        assert!(
            token.starts_with("redacted-") && token.len() == "redacted-".len() + 16,
            "{token}"
        );
        assert_eq!(object["data"]["a"], STANDARD.encode(token));
        assert_eq!(object["data"]["b"], object["data"]["a"]);
        assert_ne!(object["data"]["other"], object["data"]["a"]);
        assert_ne!(object["data"]["bad"], object["data"]["a"]);
        assert_eq!(
            (&object["data"]["empty"], &object["data"]["blank"]),
            (&json!(""), &json!(""))
        );
        assert_eq!(object["stringData"]["empty"], "");
        assert_eq!(object["stringData"]["number"], Value::Null);

        let another = Redactor::new(Redaction::default()).unwrap();
        let other = redacted(&another, &secret, json!({"stringData": {"a": "hunter2"}}));
        assert_ne!(other["stringData"]["a"], token, "every snapshot has its own key");
    }

    #[test]
    fn quantities_and_ordinary_values_stay() {
        let redactor = Redactor::new(Redaction::default()).unwrap();
        for (gvk, object) in [
            (
                Gvk::new("v1", "ResourceQuota"),
                json!({"spec": {"hard": {"secrets": "10", "count/secrets": "1k"}}}),
            ),
            (
                Gvk::new("v1", "ConfigMap"),
                json!({"data": {"log": "info", "password": ""}}),
            ),
        ] {
            assert_eq!(redacted(&redactor, &gvk, object.clone()), object);
        }
    }

    #[test]
    fn managed_fields_agree_with_the_members_of_a_set() {
        let redactor = Redactor::new(Redaction::default()).unwrap();
        let object = redacted(
            &redactor,
            &Gvk::new("example.com/v1", "Widget"),
            json!({"spec": {"tokens": ["hunter2"], "list": [{"apiKey": "hunter3"}]},
                "metadata": {"managedFields": [{"manager": "helm", "fieldsV1": {"f:spec": {
                    "f:tokens": {".": {}, "v:\"hunter2\"": {}},
                    "f:list": {"k:{\"apiKey\":\"hunter3\"}": {"f:apiKey": {}}}}}}]}}),
        );
        let fields = &object["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
        let member = object["spec"]["tokens"][0].as_str().unwrap();
        assert_eq!(
            fields["f:tokens"],
            json!({".": {}, format!("v:\"{member}\""): {}})
        );
        let key = object["spec"]["list"][0]["apiKey"].as_str().unwrap();
        assert!(
            fields["f:list"]
                .get(format!("k:{{\"apiKey\":\"{key}\"}}"))
                .is_some()
        );
        assert!(!object.to_string().contains("hunter"), "{object}");
    }

    #[test]
    fn keys_of_maps_that_are_secrets_agree_with_managed_fields() {
        let redactor = Redactor::new(Redaction::default()).unwrap();
        let url = "https://u:hunter2@example.com/";
        let object = redacted(
            &redactor,
            &Gvk::new("example.com/v1", "Widget"),
            json!({"spec": {"urls": {url: "x"}, "pin": {"password": 1234.0}, "other": {"password": 1234}},
                "metadata": {"managedFields": [{"manager": "helm", "fieldsV1": {"f:spec": {
                    "f:urls": {format!("f:{url}"): {}}}}}]}}),
        );
        let urls = object["spec"]["urls"].as_object().unwrap();
        let (key, value) = urls.iter().next().unwrap();
        assert_eq!(*value, "x");
        let managed = &object["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:urls"];
        assert!(managed.get(format!("f:{key}")).is_some(), "{object}");
        assert!(!object.to_string().contains("hunter2"), "{object}");
        assert_eq!(
            object["spec"]["pin"]["password"],
            object["spec"]["other"]["password"]
        );
    }

    #[test]
    fn sentences_that_quote_a_hidden_value_go() {
        let redactor = Redactor::new(Redaction::default()).unwrap();
        let mut secret = json!({"data": {"a": "aHVudGVyMg=="}});
        let replaced = redactor.object(&Gvk::new("v1", "Secret"), &mut secret);
        let sentence = |text: &str| redactor.sentence(&replaced, text.to_owned());
        assert_eq!(sentence("Upgrade complete"), "Upgrade complete");
        assert_eq!(sentence("Upgrade failed: invalid value \"hunter2\""), HIDDEN);
        assert_eq!(sentence("Upgrade failed: invalid value \"aHVudGVyMg==\""), HIDDEN);
        assert_eq!(sentence("cannot reach https://u:p@registry"), HIDDEN);
    }
}
