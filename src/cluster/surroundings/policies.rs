//! The policies that a binding puts to use, and denies by.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::answer::nullable;
use super::super::http::parse;
use super::super::request::{Kind, Reader, Selector};
use crate::source::ReadError;
use crate::source::surroundings::{Binding, MatchResources, Policy};

const POLICY: &str = "ValidatingAdmissionPolicy";
const BINDING: &str = "ValidatingAdmissionPolicyBinding";
/// The versions that can be served, the newest first; they agree on what is read here.
const VERSIONS: [&str; 2] = [
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1beta1",
];

#[derive(Deserialize)]
struct WirePolicy {
    metadata: Metadata,
    spec: PolicySpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    creation_timestamp: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "nullable")]
    managed_fields: Vec<Write>,
}

/// A write, by its managed fields. The controller manager writes the status, which decides nothing.
#[derive(Deserialize)]
struct Write {
    time: Option<DateTime<Utc>>,
    subresource: Option<String>,
}

impl Metadata {
    /// When the object was last changed; `None` where it does not say so.
    fn changed(&self) -> Option<DateTime<Utc>> {
        let writes = self.managed_fields.iter();
        let changes = writes.filter(|write| write.subresource.as_deref().unwrap_or_default().is_empty());
        // The times must all be known, or the latest is not.
        let times: Option<Vec<DateTime<Utc>>> = changes.map(|write| write.time).collect();
        times?.into_iter().chain([self.creation_timestamp?]).max()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PolicySpec {
    #[serde(default, deserialize_with = "nullable")]
    match_constraints: MatchResources,
    #[serde(default, deserialize_with = "nullable")]
    match_conditions: Vec<Expression>,
    #[serde(default, deserialize_with = "nullable")]
    validations: Vec<Expression>,
    #[serde(default, deserialize_with = "nullable")]
    variables: Vec<Expression>,
    param_kind: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Expression {
    #[serde(default)]
    expression: String,
}

/// What expressions can look at beside the object (Kubernetes: `apiserver/pkg/admission/plugin/cel/compile.go`,
/// `OldObjectVarName` and the others).
const BESIDE_THE_OBJECT: [&str; 5] = ["oldObject", "params", "namespaceObject", "authorizer", "request"];

impl PolicySpec {
    /// Whether it says the same of the same object, whoever sends it and whatever was there before. The words are looked
    /// for wherever they are: one too many leaves only a doubt.
    fn looks_at_object_alone(&self) -> bool {
        let expressions = [&self.match_conditions, &self.validations, &self.variables];
        self.param_kind.is_none()
            && expressions.into_iter().flatten().all(|expression| {
                BESIDE_THE_OBJECT
                    .iter()
                    .all(|word| !expression.expression.contains(word))
            })
    }
}

#[derive(Deserialize)]
struct WireBinding {
    metadata: Metadata,
    spec: BindingSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BindingSpec {
    policy_name: String,
    #[serde(default, deserialize_with = "nullable")]
    validation_actions: Vec<String>,
    match_resources: Option<MatchResources>,
}

/// Every policy that denies by a binding.
pub(super) async fn read(reader: &Reader<'_>) -> Result<Vec<Policy>, ReadError> {
    let versions = VERSIONS.map(|api_version| Kind {
        api_version,
        name: POLICY,
        plural: "validatingadmissionpolicies",
    });
    let Some(policies) = reader.first_served(versions)? else {
        return Ok(Vec::new());
    };
    let bindings = Kind {
        api_version: policies.api_version,
        name: BINDING,
        plural: "validatingadmissionpolicybindings",
    };
    let (policies, bindings) = futures::try_join!(
        reader.list(policies, None, Selector::All, |json| {
            parse::<WirePolicy>(json.as_bytes()).map(Some)
        }),
        reader.list(bindings, None, Selector::All, |json| {
            let binding: WireBinding = parse(json.as_bytes())?;
            let denies = binding
                .spec
                .validation_actions
                .iter()
                .any(|action| action == "Deny");
            Ok(denies.then_some(binding))
        })
    )?;
    let mut by_policy: BTreeMap<String, Vec<WireBinding>> = BTreeMap::new();
    for binding in bindings {
        let policy = binding.spec.policy_name.clone();
        by_policy.entry(policy).or_default().push(binding);
    }
    let bound = policies.into_iter().filter_map(|policy| {
        let bindings = by_policy.remove(&policy.metadata.name)?;
        Some(bound(policy, bindings))
    });
    Ok(bound.collect())
}

fn bound(policy: WirePolicy, bindings: Vec<WireBinding>) -> Policy {
    let changes = bindings.iter().map(|binding| binding.metadata.changed());
    let changes: Option<Vec<_>> = changes.chain([policy.metadata.changed()]).collect();
    let last_change = changes.and_then(|changes| changes.into_iter().max());
    Policy {
        same_since: last_change.filter(|_| policy.spec.looks_at_object_alone()),
        name: policy.metadata.name,
        matches: policy.spec.match_constraints,
        conditions: policy.spec.match_conditions.len(),
        bindings: bindings
            .into_iter()
            .map(|binding| Binding {
                matches: binding.spec.match_resources,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn same_since(spec: &Value, fields: &Value) -> Option<String> {
        let metadata =
            json!({"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": fields});
        let policy = serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap();
        let binding = serde_json::from_value(json!({
            "metadata": {"name": "b", "creationTimestamp": "2026-02-01T00:00:00Z"},
            "spec": {"policyName": "p", "validationActions": ["Deny"]}
        }));
        let since = bound(policy, vec![binding.unwrap()]).same_since;
        since.map(|since| since.format("%F").to_string())
    }

    #[test]
    fn a_policy_says_the_same_since_it_or_a_binding_changed() {
        let since = |fields: Value| {
            same_since(
                &json!({"validations": [{"expression": "has(object.spec)"}]}),
                &fields,
            )
        };
        let write = |subresource: &str, time: Option<&str>| json!({"subresource": subresource, "time": time});
        assert_eq!(since(json!([])).unwrap(), "2026-02-01");
        assert_eq!(
            since(json!([write("", Some("2026-03-01T00:00:00Z"))])).unwrap(),
            "2026-03-01"
        );
        assert_eq!(
            since(json!([write("status", Some("2026-03-01T00:00:00Z"))])).unwrap(),
            "2026-02-01"
        );
        assert_eq!(since(json!([write("", None)])), None);
    }

    #[test]
    fn a_policy_that_looks_at_more_than_the_object_may_change_its_mind() {
        for spec in [
            json!({"validations": [{"expression": "object.spec == oldObject.spec"}]}),
            json!({"variables": [{"name": "a", "expression": "namespaceObject.metadata.labels"}]}),
            json!({"matchConditions": [{"name": "a", "expression": "request.userInfo.username != 'x'"}]}),
            json!({"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}),
        ] {
            assert_eq!(same_since(&spec, &json!([])), None, "{spec}");
        }
    }
}
