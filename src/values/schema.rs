//! Whether a chart's `values.schema.json` accepts values (Helm: `pkg/chart/common/util/jsonschema.go`,
//! `ValidateAgainstSchema`).
//!
//! A schema comes from whoever may write records. Nothing is fetched for it. What it could cost is counted by a walk
//! through it before it is asked, patterns are of an engine without backtracking, and it is asked on a stack of its own.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::stack::on_a_stack;
use crate::chart::Chart;
use crate::weight::json;

/// The longest schema. The longest known one has 600 kB.
const MAX_BYTES: usize = 2 << 20;

/// How many references a schema has at most.
const MAX_REFERENCES: usize = 2_000;

/// How many pairs of a schema and a value are looked at. The largest known chart takes 40,000.
const MAX_STEPS: usize = 500_000;

/// How deep schemas apply to each other and to values.
const MAX_DEPTH: usize = 200;

/// How many charts have schemas.
const MAX_SCHEMAS: usize = 100;

/// What a schema says of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Acceptance {
    /// It accepts them.
    Accepted,
    /// It refuses them, and accepted those before. The path of what it refuses, from the chart's values: `/a/b`.
    Refused(String),
    /// It cannot be asked, and why.
    CannotTell(String),
}

/// The schemas of a chart and of its dependencies.
pub(super) struct Schema {
    parts: Result<Vec<Part>, &'static str>,
}

struct Part {
    prefix: Vec<String>,
    schema: Value,
    validator: Validator,
}

impl Schema {
    /// Reads the schemas of a chart that is ready to be rendered; `None` if it has none. The values are those that the
    /// chart sees now: a schema that refuses them already cannot be asked.
    pub(super) fn of(chart: &Chart, values: &Value) -> Option<Self> {
        let mut texts = Vec::new();
        collect(chart, &[], &mut texts);
        if texts.is_empty() {
            return None;
        }
        let mut schema = Self { parts: read(&texts) };
        match schema.accepts(values) {
            Acceptance::Accepted => {}
            Acceptance::Refused(_) => schema.parts = Err("it refuses the values that are used already"),
            Acceptance::CannotTell(_) => {
                if schema.parts.is_ok() {
                    schema.parts = Err("it costs more to ask than any real schema");
                }
            }
        }
        Some(schema)
    }

    /// Asks whether values are accepted: those that the chart would see.
    pub(super) fn accepts(&self, values: &Value) -> Acceptance {
        let parts = match &self.parts {
            Ok(parts) => parts,
            Err(why) => return Acceptance::CannotTell((*why).to_owned()),
        };
        let answer = on_a_stack(|| {
            let mut steps = MAX_STEPS;
            for part in parts {
                let found = part.prefix.iter().try_fold(values, |values, key| values.get(key));
                let Some(asked) = found.filter(|found| !found.is_null()) else {
                    continue;
                };
                let mut walk = Walk {
                    root: &part.schema,
                    steps,
                };
                if walk.walk(&part.schema, asked, 0).is_none() {
                    return Acceptance::CannotTell("it costs more to ask than any real schema".to_owned());
                }
                steps = walk.steps;
                if let Err(error) = part.validator.validate(asked) {
                    let prefix = part.prefix.join("/");
                    let slash = if prefix.is_empty() { "" } else { "/" };
                    return Acceptance::Refused(format!("{slash}{prefix}{}", error.instance_path()));
                }
            }
            Acceptance::Accepted
        });
        answer.unwrap_or_else(|| Acceptance::CannotTell("it cannot be asked".to_owned()))
    }
}

/// The schemas of a chart and all that it depends on, with the keys that lead to their values.
fn collect(chart: &Chart, prefix: &[String], texts: &mut Vec<(Vec<String>, Vec<u8>)>) {
    if let Some(text) = &chart.schema {
        texts.push((prefix.to_vec(), text.to_vec()));
    }
    for dependency in &chart.dependencies {
        let prefix: Vec<String> = prefix
            .iter()
            .cloned()
            .chain([dependency.name().to_owned()])
            .collect();
        collect(dependency, &prefix, texts);
    }
}

fn read(texts: &[(Vec<String>, Vec<u8>)]) -> Result<Vec<Part>, &'static str> {
    if texts.len() > MAX_SCHEMAS {
        return Err("more than 100 charts have one");
    }
    let parts = on_a_stack(|| {
        let mut parts = Vec::new();
        for (prefix, text) in texts {
            if text.len() > MAX_BYTES {
                return Err("it has more than 2 MiB");
            }
            let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            let schema = json::value_of_bytes(text).map_err(|_| "it is no JSON that can be read")?;
            let mut references = MAX_REFERENCES;
            check(&schema, &mut references)?;
            let validator = jsonschema::options()
                .offline()
                .with_pattern_options(
                    PatternOptions::regex()
                        .size_limit(1 << 20)
                        .dfa_size_limit(1 << 20),
                )
                .build(&schema)
                .map_err(|_| "it is no schema that can be read")?;
            parts.push(Part {
                prefix: prefix.clone(),
                schema,
                validator,
            });
        }
        Ok(parts)
    });
    parts.unwrap_or(Err("it cannot be read"))
}

/// Refuses what leads out of the schema, or nowhere that the walk could follow.
fn check(schema: &Value, references: &mut usize) -> Result<(), &'static str> {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                match key.as_str() {
                    "$ref" => {
                        let own = value.as_str().is_none_or(|to| to == "#" || to.starts_with("#/"));
                        if !own {
                            return Err("it refers to another schema");
                        }
                        *references = references
                            .checked_sub(1)
                            .ok_or("it has more than 2000 references")?;
                    }
                    "$dynamicRef" | "$recursiveRef" => return Err("it refers to itself by name"),
                    _ => {}
                }
                check(value, references)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| check(item, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Goes wherever a validator could go, and counts.
struct Walk<'a> {
    root: &'a Value,
    steps: usize,
}

impl<'a> Walk<'a> {
    /// `None` once it is too much.
    fn walk(&mut self, schema: &'a Value, value: &Value, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.steps = self.steps.checked_sub(1)?;
        let Value::Object(keywords) = schema else {
            return Some(());
        };
        for (keyword, below) in keywords {
            match keyword.as_str() {
                "$ref" => {
                    let to = below.as_str().and_then(|to| to.strip_prefix('#'));
                    let root: &'a Value = self.root;
                    if let Some(target) = to.and_then(|to| root.pointer(to)) {
                        self.walk(target, value, depth + 1)?;
                    }
                }
                "enum" => {
                    let choices = below.as_array().map_or(0, Vec::len);
                    self.steps = self.steps.checked_sub(choices)?;
                }
                "uniqueItems" => {
                    let items = value.as_array().map_or(0, Vec::len);
                    self.steps = self.steps.checked_sub(items.saturating_mul(items))?;
                }
                "not" | "if" | "then" | "else" => self.walk(below, value, depth + 1)?,
                "allOf" | "anyOf" | "oneOf" => {
                    for schema in below.as_array().into_iter().flatten() {
                        self.walk(schema, value, depth + 1)?;
                    }
                }
                "dependentSchemas" | "dependencies" => {
                    for schema in below.as_object().into_iter().flat_map(|fields| fields.values()) {
                        self.walk(schema, value, depth + 1)?;
                    }
                }
                "properties" => {
                    for (name, schema) in below.as_object().into_iter().flatten() {
                        self.steps = self.steps.checked_sub(1)?;
                        if let Some(value) = value.get(name) {
                            self.walk(schema, value, depth + 1)?;
                        }
                    }
                }
                "patternProperties" => {
                    for schema in below.as_object().into_iter().flat_map(|fields| fields.values()) {
                        self.each(schema, value, depth)?;
                    }
                }
                "items" | "prefixItems" if below.is_array() => {
                    for schema in below.as_array().into_iter().flatten() {
                        self.each(schema, value, depth)?;
                    }
                }
                "items"
                | "additionalItems"
                | "contains"
                | "additionalProperties"
                | "unevaluatedItems"
                | "unevaluatedProperties" => self.each(below, value, depth)?,
                "propertyNames" => {
                    for name in value.as_object().into_iter().flat_map(|fields| fields.keys()) {
                        self.walk(below, &Value::String(name.clone()), depth + 1)?;
                    }
                }
                _ => {}
            }
        }
        Some(())
    }

    fn each(&mut self, schema: &'a Value, value: &Value, depth: usize) -> Option<()> {
        match value {
            Value::Array(items) => items
                .iter()
                .try_for_each(|item| self.walk(schema, item, depth + 1)),
            Value::Object(fields) => fields
                .values()
                .try_for_each(|field| self.walk(schema, field, depth + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chart(name: &str, schema: Option<&Value>, dependencies: Vec<Chart>) -> Chart {
        Chart {
            metadata: json!({ "name": name }),
            templates: Vec::new(),
            files: Vec::new(),
            values: json!({}),
            schema: schema.map(|schema| schema.to_string().into_bytes().into()),
            dependencies,
            are_dependencies_known: true,
        }
    }

    fn asked(schema: &Value, now: &Value, then: &Value) -> Acceptance {
        Schema::of(&chart("c", Some(schema), Vec::new()), now)
            .unwrap()
            .accepts(then)
    }

    #[test]
    fn a_refusal_names_the_place_of_the_value() {
        let schema = json!({"properties": {"a": {"properties": {"b": {"type": "integer"}}}}});
        let now = json!({"a": {"b": 1}});
        assert_eq!(
            asked(&schema, &now, &json!({"a": {"b": 2}})),
            Acceptance::Accepted
        );
        assert_eq!(
            asked(&schema, &now, &json!({"a": {"b": "x"}})),
            Acceptance::Refused("/a/b".to_owned())
        );
        let above = chart("top", None, vec![chart("c", Some(&schema), Vec::new())]);
        let asked = Schema::of(&above, &json!({"c": now})).unwrap();
        assert_eq!(
            asked.accepts(&json!({"c": {"a": {"b": "x"}}})),
            Acceptance::Refused("/c/a/b".to_owned())
        );
        assert!(Schema::of(&chart("c", None, Vec::new()), &json!({})).is_none());
    }

    #[test]
    fn what_is_refused_already_cannot_be_asked() {
        let schema = json!({"required": ["a"]});
        assert!(matches!(
            asked(&schema, &json!({}), &json!({})),
            Acceptance::CannotTell(_)
        ));
    }

    #[test]
    fn schemas_that_mean_harm_are_not_asked() {
        let doubling: serde_json::Map<String, Value> = (0..60)
            .map(|index| {
                let next = json!({"$ref": format!("#/$defs/{}", index + 1)});
                (index.to_string(), json!({"allOf": [next, next]}))
            })
            .chain([("60".to_owned(), json!({}))])
            .collect();
        let chain: serde_json::Map<String, Value> = (0..3000)
            .map(|index| {
                (
                    index.to_string(),
                    json!({"$ref": format!("#/$defs/{}", index + 1)}),
                )
            })
            .collect();
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
            json!({"$ref": "#/$defs/0", "$defs": doubling}),
            json!({"$ref": "#/$defs/0", "$defs": chain}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"properties": {"a": {"pattern": "(?=a)(a+)+$"}}}),
            json!({"type": "nonsense"}),
            json!({"properties": {"a": {"enum": vec![0; 600_000]}}}),
        ] {
            let answer = asked(&schema, &json!({"a": "aaaa"}), &json!({"a": "aaab"}));
            assert!(
                matches!(answer, Acceptance::CannotTell(_)),
                "{}",
                &schema.to_string()[..40.min(schema.to_string().len())]
            );
        }
    }
}
