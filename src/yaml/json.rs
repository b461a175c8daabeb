//! Documents that are JSON already.
//!
//! apimachinery's `YAMLOrJSONDecoder.Decode` tries JSON when the first character that is not a space is `{`, and
//! falls back to YAML. JSON is nearly a subset of YAML, so the outcome differs in corners only, such as surrogate
//! pairs written as escapes, which libyaml refuses. Helm's own manifests start with `---`; this is for the output
//! of post-renderers.

use serde_json::Value;

use super::Limits;
use super::resolve::go_number;
use crate::weight::json::ValueError;
use crate::weight::{self, Allowance, TooHeavy};

/// Whether a decoder would try JSON: apimachinery's `IsJSONBuffer`.
pub(crate) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The text as JSON with Go's numbers; none when it is something else or exceeds a limit, which is for the YAML
/// parser to explain. `Err` when it weighs too much, which it does as YAML as well.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Option<Value>, TooHeavy> {
    let allowance = Allowance::new(limits.weight);
    let value = weight::json::within(&mut serde_json::Deserializer::from_str(text), &allowance);
    let mut value = match value {
        Ok(value) => value,
        Err(ValueError::TooHeavy(error)) => return Err(error),
        Err(ValueError::Json { .. }) => return Ok(None),
    };
    let mut nodes = limits.nodes;
    let normal = normalise(&mut value, limits.depth, &mut nodes);
    Ok(normal.map(|()| value))
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
