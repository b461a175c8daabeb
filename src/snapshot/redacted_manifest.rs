//! A manifest without its sensitive values.
//!
//! Documents that hold nothing sensitive stay as they are, to the byte. One that does is written anew, as JSON, which
//! is YAML: its comments go, because nobody can tell what they hold, except for the one with which Helm names the
//! template. Comments also go where they look like a value that somebody put aside, and text that Helm does not read
//! (documents without a kind, what follows the end of a document) goes everywhere.
//!
//! The result is read back and must say what it should: a redacted manifest that Helm's rules read differently would
//! be drift that nobody caused.

use std::fmt::Write as _;

use serde_json::Value;

use super::redactor::{Redactor, Replaced};
use crate::manifest::parse::{self, ManifestError};
use crate::manifest::split::{self, ManifestDocument};
use crate::object::Gvk;
use crate::yaml::{self, Limits};

/// How a document is written.
enum Rewrite {
    /// Its own text.
    Kept,
    /// This object.
    Anew(Value),
    /// Nothing: Helm skips it.
    Dropped,
}

/// A redacted manifest, or the sentence that says why there is none.
pub(super) fn redact(redactor: &Redactor, manifest: &str) -> Result<(String, Replaced), String> {
    let limits = Limits::default();
    // A manifest that a scan would refuse is refused here: it could not be redacted, and the sentence is all a scan needs.
    parse::objects(manifest, &limits).map_err(|error| error.to_string())?;
    let mut text = String::with_capacity(manifest.len());
    let mut expected = Vec::new();
    let mut replaced = Replaced::default();
    for (position, document) in split::documents(manifest).enumerate() {
        let document = document.map_err(|error| ManifestError::from(error).to_string())?;
        let value = yaml::parse_document(document.text, &limits).map_err(|error| error.to_string())?;
        let rewrite = decide(redactor, &document, value, &mut expected, &mut replaced);
        append(redactor, &mut text, position, &document, &rewrite);
    }
    if reads_as(&text, &limits, &expected) {
        Ok((text, replaced))
    } else {
        Err("one of its documents cannot be written down without its sensitive values".to_owned())
    }
}

fn decide(
    redactor: &Redactor,
    document: &ManifestDocument<'_>,
    mut value: Value,
    expected: &mut Vec<Value>,
    replaced: &mut Replaced,
) -> Rewrite {
    let has_kind = value
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|kind| !kind.is_empty());
    let is_null = value.is_null();
    if !has_kind && !is_null {
        return Rewrite::Dropped;
    }
    let found = objects(redactor, &mut value, None);
    let changed = !found.is_empty();
    replaced.append(found);
    if !is_null {
        expected.push(value.clone());
    }
    match (changed || looks_sensitive(redactor, document.text), is_null) {
        (false, _) => Rewrite::Kept,
        (true, true) => Rewrite::Dropped,
        (true, false) => Rewrite::Anew(value),
    }
}

/// Redacts an object, or the objects of a list, whose items may leave out what its kind implies (see
/// [`crate::manifest::parse`]).
fn objects(redactor: &Redactor, value: &mut Value, implied: Option<&Gvk>) -> Replaced {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let gvk = match implied {
        Some(implied) if value.get("kind").is_none() && value.get("apiVersion").is_none() => implied.clone(),
        _ => Gvk::new(text("apiVersion"), text("kind")),
    };
    let items = value
        .get_mut("items")
        .filter(|items| items.is_array())
        .map(Value::take);
    let mut replaced = redactor.object(&gvk, value);
    if let Some(Value::Array(mut items)) = items {
        let kind = gvk.kind.strip_suffix("List").filter(|kind| !kind.is_empty());
        let implied = kind.map(|kind| Gvk::new(gvk.api_version.as_str(), kind));
        for item in &mut items {
            replaced.append(objects(redactor, item, implied.as_ref()));
        }
        value["items"] = Value::Array(items);
    }
    replaced
}

fn append(
    redactor: &Redactor,
    text: &mut String,
    position: usize,
    document: &ManifestDocument<'_>,
    rewrite: &Rewrite,
) {
    if position > 0 {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str("---\n");
    }
    if let Rewrite::Kept = rewrite {
        text.push_str(document.text);
        return;
    }
    if position == 0 {
        // A manifest that starts with a brace would be a stream of JSON.
        text.push_str("---\n");
    }
    if let Some(source) = document.source {
        text.push_str("# Source: ");
        text.push_str(&redactor.shown_text(source));
        text.push('\n');
    }
    if let Rewrite::Anew(value) = rewrite {
        for character in format!("{value:#}").chars() {
            push_printable(text, character);
        }
        text.push('\n');
    }
}

/// JSON may hold characters that YAML reads as line breaks or not at all; escaped, they are the same to both.
fn push_printable(text: &mut String, character: char) {
    match character {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        }
        _ => text.push(character),
    }
}

/// Whether a manifest's objects are these.
fn reads_as(manifest: &str, limits: &Limits, expected: &[Value]) -> bool {
    let mut expected = expected.iter();
    for document in split::documents(manifest) {
        match document.map(|document| yaml::parse_document(document.text, limits)) {
            Ok(Ok(Value::Null)) => {}
            Ok(Ok(value)) if Some(&value) == expected.next() => {}
            Ok(_) | Err(_) => return false,
        }
    }
    expected.next().is_none()
}

/// Whether a document's text, as opposed to what it means, may hold a sensitive value: in a comment, under a key
/// that is given twice, or behind the document's end.
fn looks_sensitive(redactor: &Redactor, text: &str) -> bool {
    let is_own = |line: &&str| !line.starts_with("---") && !line.starts_with("# Source: ");
    text.lines().any(|line| line.starts_with("..."))
        || redactor.holds_secret(&text.lines().filter(is_own).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::redact::Redaction;

    fn redacted(manifest: &str) -> String {
        let redactor = Redactor::new(Redaction::default()).unwrap();
        let (text, _) = redact(&redactor, manifest).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        text
    }

    const PLAIN: &str = "# Source: c/templates/a.yaml\n# as it is\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  \
                         name: a # the name\ndata: {log: info}\n";

    #[test]
    fn documents_without_anything_sensitive_stay_to_the_byte() {
        for manifest in [
            format!("---\n{PLAIN}"),
            format!("{PLAIN}---\n# only this comment\n---\n{PLAIN}"),
            format!("---\n{}", PLAIN.replace('\n', "\r\n")),
            "{\"apiVersion\": \"v1\", \"kind\": \"A\", \"metadata\": {\"name\": \"a\"}}".to_owned(),
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
             automountServiceAccountToken: false\n      volumes:\n      - name: x\n        secret:\n          \
             secretName: y\n"
                .to_owned(),
            String::new(),
        ] {
            assert_eq!(redacted(&manifest), manifest);
        }
    }

    #[test]
    fn changed_documents_are_json_below_their_source() {
        let secret = "# Source: c/templates/s.yaml\n# hunter2\napiVersion: v1\nkind: Secret\nmetadata: {name: \
                      s}\nstringData:\n  a: hunter2 # hunter2\n";
        let text = redacted(&format!("---\n{PLAIN}---\n{secret}---\n{PLAIN}"));
        let rest = text
            .strip_prefix(&format!("---\n{PLAIN}---\n# Source: c/templates/s.yaml\n{{\n"))
            .unwrap();
        assert!(rest.ends_with(&format!("}}\n---\n{PLAIN}")), "{text}");
        assert!(rest.contains("\"a\": \"redacted-"), "{text}");
        for manifest in [secret.to_owned(), format!("--- # hunter2\n{secret}")] {
            assert!(redacted(&manifest).starts_with("---\n# Source: c/templates/s.yaml\n{\n"));
        }
    }

    #[test]
    fn values_put_aside_go_too() {
        let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
        for tail in [
            "# password: hunter2\n",
            "data:\n  a: b # token: 'hunter2'\n",
            "data:\n  password: hunter2\ndata:\n  password: \"\"\n",
            "spec:\n  env:\n  # - name: DB_PASSWORD\n  #   value: hunter2\n",
            "# - --db-password=hunter2\n",
            "# see https://admin:hunter2@example.com\n",
            "...\nhunter2\n",
            "# kind: Secret\n# data:\n#   a: hunter2\n",
        ] {
            let text = redacted(&format!("{head}{tail}"));
            assert_eq!(
                parse::objects(&text, &Limits::default()).unwrap().len(),
                1,
                "{tail}"
            );
        }
        assert_eq!(redacted("foo: hunter2\n---\n# token: hunter2\n"), "---\n---\n");
    }

    #[test]
    fn lists_and_json_streams_are_redacted_item_by_item() {
        let list = "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: a}\n  data: {x: aHVudGVyMg==}\n- \
                    {apiVersion: v1, kind: Secret, metadata: {name: b}, stringData: {x: hunter2}}\n";
        let text = redacted(list);
        assert!(!text.contains("aHVudGVyMg"), "{text}");
        let stream = "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"},\"stringData\":{\"x\":\
                      \"hunter2\"}}\n";
        for stream in [
            format!("{stream}{stream}"),
            format!(
                "{}{stream}",
                stream.replace("Secret", "Plain").replace("hunter2", "x")
            ),
        ] {
            let objects = parse::objects(&redacted(&stream), &Limits::default()).unwrap();
            assert_eq!(
                objects.len(),
                parse::objects(&stream, &Limits::default()).unwrap().len()
            );
        }
    }

    #[test]
    fn characters_that_yaml_minds_survive() {
        let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  password: hunter2\n  \
                        odd: \"\\x7f\\x85\\u2028\\ufeff\\e\\0\\t\\n --- \\\" \\\\ \\U0001F600\"\n  num: \
                        !!float 1e21\n";
        let redactor = Redactor::new(Redaction::default()).unwrap();
        redact(&redactor, manifest).unwrap();
    }

    #[test]
    fn manifests_that_a_scan_refuses_are_refused_with_its_sentence() {
        let redactor = Redactor::new(Redaction::default()).unwrap();
        assert_eq!(
            redact(&redactor, "a: b\n---\n- hunter2\n").unwrap_err(),
            "the document at line 3 of the manifest is not an object with apiVersion, kind and metadata.name"
        );
    }
}
