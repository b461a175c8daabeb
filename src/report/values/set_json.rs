//! The keys as arguments of `helm upgrade`.

use std::io::{self, Write};

use serde_json::Value;

use super::plan::Plan;
use crate::model::{KeyPath, KeyStep};
use crate::report::words::count;
use crate::shell::{Refusal, set_json};

/// Writes one argument on a line, each but the last with a backslash behind it. A key that a shell cannot be given is a
/// comment. Returns how many fields are not kept because of that.
pub(super) fn write(plan: &Plan<'_>, out: &mut dyn Write) -> io::Result<usize> {
    let mut arguments: Vec<Result<String, Refusal>> = Vec::new();
    let mut not_kept = 0;
    for entry in &plan.set {
        let before = arguments.len();
        of_key(&entry.key, &entry.value, &mut arguments);
        if arguments.iter().skip(before).any(Result::is_err) {
            not_kept += entry.keeps.len();
        }
    }
    let lines: Vec<&String> = arguments.iter().flatten().collect();
    for (position, line) in lines.iter().enumerate() {
        let end = if position + 1 < lines.len() { " \\" } else { "" };
        writeln!(out, "{line}{end}")?;
    }
    let refused = arguments.iter().filter(|argument| argument.is_err()).count();
    if refused > 0 {
        let keys = count(refused, "key");
        writeln!(
            out,
            "# left out, as no argument can have the name: {keys}; the YAML form has all"
        )?;
    }
    Ok(not_kept)
}

/// The arguments for a key, one for each key below it: a map would replace what a file before it has there (Helm:
/// `pkg/strvals/parser.go`, `set`).
fn of_key(key: &KeyPath, value: &Value, arguments: &mut Vec<Result<String, Refusal>>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                of_key(&key.name(name), value, arguments);
            }
        }
        // Helm's arguments have no way to write an empty name.
        _ if key
            .steps()
            .iter()
            .any(|step| matches!(step, KeyStep::Name(name) if name.is_empty())) =>
        {
            arguments.push(Err(Refusal::ValuesKey));
        }
        _ => arguments.push(set_json(&key.to_string(), value)),
    }
}
