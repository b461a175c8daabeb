//! The keys as arguments of `helm upgrade`.

use std::io::{self, Write};

use super::plan::Plan;
use crate::report::words::count;
use crate::shell::{Refusal, set_json};

/// Writes one argument on a line, each but the last with a backslash behind it. A key that a shell cannot be given is a
/// comment.
pub(super) fn write(plan: &Plan<'_>, out: &mut dyn Write) -> io::Result<()> {
    let arguments = plan
        .set
        .iter()
        .map(|entry| set_json(&entry.key.to_string(), &entry.value));
    let arguments: Vec<Result<String, Refusal>> = arguments.collect();
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
            "# left out, as no shell should be given the name: {keys}; the YAML form has all"
        )?;
    }
    Ok(())
}
