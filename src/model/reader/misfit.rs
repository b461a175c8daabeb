//! What is wrong with a document that is JSON and no report: the place, and what would be right there.
//!
//! The parser's own messages quote the value, at any length and with any character, and name types of Rust. So a
//! message is made of the names of the contract, numbers, and the words of a table.

use serde_json::Value;

use super::super::Report;
use super::ReadReportError;

/// The forms of the contract, by the words in which the parser asks for them.
const FORMS: [(&str, &str); 8] = [
    ("struct ", "an object"),
    ("a sequence", "an array"),
    ("a string", "a string"),
    ("a boolean", "true or false"),
    ("u64", "a whole number of at least 0"),
    ("usize", "a whole number of at least 0"),
    ("an RFC 3339", "a time in the form of RFC 3339"),
    (
        "the number of an ignore rule",
        "the number of an ignore rule, from 1, or `annotation`",
    ),
];

/// Reads the model from a document whose words are known.
pub(super) fn model(document: Value) -> Result<Report, ReadReportError> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let place = match error.path().iter().next() {
            // The path holds names of fields of the model and positions in lists.
            Some(_) => error.path().to_string(),
            None => "the document".to_owned(),
        };
        let problem = problem(&error.inner().to_string());
        ReadReportError::Form { place, problem }
    })
}

/// What is wrong, from the parser's message.
fn problem(message: &str) -> String {
    if let Some(name) = missing_field(message) {
        return format!("lacks `{name}`");
    }
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    let form = expected.and_then(|expected| FORMS.iter().find(|(words, _)| expected.starts_with(words)));
    match form {
        Some((_, form)) => format!("should be {form}"),
        None => "does not have the form that the contract describes".to_owned(),
    }
}

/// The name in `missing field …`, where it is a name and nothing else.
fn missing_field(message: &str) -> Option<&str> {
    let name = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    let is_name = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then_some(name)
}
