//! The policies that a binding puts to use, and denies by.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::answer::nullable;
use super::super::http::parse;
use super::request::{Kind, Reader, Selector};
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
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PolicySpec {
    #[serde(default, deserialize_with = "nullable")]
    match_constraints: MatchResources,
    #[serde(default, deserialize_with = "nullable")]
    match_conditions: Vec<IgnoredAny>,
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
    let mut version = None;
    for api_version in VERSIONS {
        let kind = Kind {
            api_version,
            name: POLICY,
            plural: "validatingadmissionpolicies",
        };
        if reader.is_served(kind)? {
            version = Some(api_version);
            break;
        }
    }
    let Some(api_version) = version else {
        return Ok(Vec::new());
    };
    let policies = Kind {
        api_version,
        name: POLICY,
        plural: "validatingadmissionpolicies",
    };
    let bindings = Kind {
        api_version,
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
    let mut by_policy: BTreeMap<String, Vec<Binding>> = BTreeMap::new();
    for binding in bindings {
        by_policy
            .entry(binding.spec.policy_name)
            .or_default()
            .push(Binding {
                name: binding.metadata.name,
                matches: binding.spec.match_resources,
            });
    }
    let bound = policies.into_iter().filter_map(|policy| {
        let bindings = by_policy.remove(&policy.metadata.name)?;
        Some(Policy {
            name: policy.metadata.name,
            matches: policy.spec.match_constraints,
            conditions: policy.spec.match_conditions.len(),
            bindings,
        })
    });
    Ok(bound.collect())
}
