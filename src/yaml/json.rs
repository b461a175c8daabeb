//! Documents that are JSON already.
//!
//! apimachinery's `YAMLOrJSONDecoder.Decode` tries JSON when the first character that is not a space is `{`, and
//! falls back to YAML. JSON is nearly a subset of YAML, so the outcome differs in corners only, such as surrogate
//! pairs written as escapes, which libyaml refuses. Helm's own manifests start with `---`; this is for the output
//! of post-renderers.

use serde_json::Value;

use super::Limits;
use super::resolve::go_number;

/// Whether a decoder would try JSON: apimachinery's `IsJSONBuffer`.
pub(crate) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The text as JSON with Go's numbers; none when it is something else or exceeds a limit, which is for the YAML
/// parser to explain.
pub(super) fn parse(text: &str, limits: &Limits) -> Option<Value> {
    let mut value = serde_json::from_str(text).ok()?;
    let mut nodes = limits.nodes;
    normalise(&mut value, limits.depth, &mut nodes)?;
    Some(value)
}

/// Rewrites numbers as Go would print them, and measures the value against what is left of the limits.
fn normalise(value: &mut Value, depth: usize, nodes: &mut usize) -> Option<()> {
    let below = depth.checked_sub(1)?;
    *nodes = nodes.checked_sub(1)?;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Some(()),
        Value::Number(number) => {
            if number.as_i64().is_none() {
                *number = go_number(number.as_f64()?)?;
            }
            Some(())
        }
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| normalise(item, below, nodes)),
        Value::Object(entries) => entries
            .values_mut()
            .try_for_each(|item| normalise(item, below, nodes)),
    }
}
