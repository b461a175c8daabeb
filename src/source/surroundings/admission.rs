//! Webhooks and policies that decide about writes, as they are configured.
//!
//! The types are written as the API server writes them, so that an answer of it and a snapshot are read alike.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use super::Answer;
use super::facts::{Labels, ServiceName};
use crate::vocabulary::vocabulary;
use crate::weight;

/// How many entries one list of a rule or a selector may have. A rule that names every resource of a large cluster has some
/// hundred.
const MAX_ENTRIES: usize = 1_000;

/// A webhook of a `ValidatingWebhookConfiguration` or a `MutatingWebhookConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Which kind of configuration it is in.
    pub kind: WebhookKind,
    /// The name of the configuration.
    pub configuration: String,
    /// Its name.
    pub name: String,
    /// The requests that it is asked about.
    #[serde(flatten)]
    pub matches: MatchResources,
    /// How many `matchConditions` it has: CEL expressions that may take a request from it.
    #[serde(default)]
    pub conditions: usize,
    /// What becomes of a request when it does not answer.
    pub failure_policy: FailurePolicy,
    /// Who answers.
    pub backend: Backend,
}

vocabulary! {
    /// The kind of configuration that a webhook is in.
    WebhookKind {
        /// It may refuse objects.
        Validating = "ValidatingWebhookConfiguration",
        /// It may change objects and refuse them.
        Mutating = "MutatingWebhookConfiguration",
    }
}

vocabulary! {
    /// What becomes of a request that a webhook or a policy cannot decide about.
    FailurePolicy {
        /// It is refused.
        Fail = "Fail",
        /// It goes on.
        Ignore = "Ignore",
    }
}

/// Who answers for a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// A server at an address; which one is not kept, as it may hold a secret.
    Url,
    /// A Service.
    Service {
        /// The Service.
        service: ServiceName,
        /// Its port.
        port: u16,
        /// Whether it can answer; not asked where no rule concerns the operation.
        state: Answer<BackendState>,
    },
}

vocabulary! {
    /// Whether a Service can answer for a webhook (Kubernetes: `apiserver/pkg/util/proxy/proxy.go`, `ResolveCluster`).
    BackendState {
        /// One of its endpoints is ready.
        Ready = "ready",
        /// None of its endpoints is ready.
        NoReadyEndpoint = "no-ready-endpoint",
        /// There is no such Service.
        NoService = "no-service",
        /// The Service does not have the port.
        NoPort = "no-port",
        /// The Service has no address that the API server could call.
        NoAddress = "no-address",
        /// The Service stands for a host outside of the cluster.
        Elsewhere = "elsewhere",
    }
}

impl BackendState {
    /// Why nothing answers, after the name of the Service; `None` where something may.
    pub const fn why_dead(self) -> Option<&'static str> {
        match self {
            Self::Ready | Self::Elsewhere => None,
            Self::NoReadyEndpoint => Some("has no ready endpoint"),
            Self::NoService => Some("does not exist"),
            Self::NoPort => Some("does not have the port"),
            Self::NoAddress => Some("has no cluster IP"),
        }
    }
}

/// A `ValidatingAdmissionPolicy` with the bindings that put it to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The requests that it is about.
    pub matches: MatchResources,
    /// How many `matchConditions` it has.
    #[serde(default)]
    pub conditions: usize,
    /// Since when it says the same of the same object: the last change of it and its bindings. `None` where its
    /// expressions look at more than the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_since: Option<DateTime<Utc>>,
    /// Those of its bindings that deny; others warn or write to the audit log.
    pub bindings: Vec<Binding>,
}

/// A binding of a policy, by which it denies requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The requests to which it limits the policy; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<MatchResources>,
}

/// The requests that a webhook, a policy or a binding is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchResources {
    /// Those that match one of these rules. Of a policy or a binding without rules: all of them.
    #[serde(default, alias = "rules", deserialize_with = "few")]
    pub resource_rules: Vec<AdmissionRule>,
    /// But those that match one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "few")]
    pub exclude_resource_rules: Vec<AdmissionRule>,
    /// Whether another version of a resource counts as the same.
    #[serde(default, deserialize_with = "or_default")]
    pub match_policy: MatchPolicy,
    /// And whose namespace has these labels.
    #[serde(default, deserialize_with = "or_default")]
    pub namespace_selector: LabelSelector,
    /// And whose object has these labels, before or after.
    #[serde(default, deserialize_with = "or_default")]
    pub object_selector: LabelSelector,
}

/// Whether a rule about one version of a resource is about its other versions too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MatchPolicy {
    /// It is not.
    Exact,
    /// It is; the default.
    #[default]
    Equivalent,
}

/// A rule that selects requests by what is written and how. `*` stands for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionRule {
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT`.
    #[serde(default, deserialize_with = "few")]
    pub operations: Vec<String>,
    /// The API groups.
    #[serde(default, deserialize_with = "few")]
    pub api_groups: Vec<String>,
    /// The API versions.
    #[serde(default, deserialize_with = "few")]
    pub api_versions: Vec<String>,
    /// The resources, with their subresources: `pods`, `pods/status`, `*`, `*/*`.
    #[serde(default, deserialize_with = "few")]
    pub resources: Vec<String>,
    /// Whether the resources have namespaces.
    #[serde(default, deserialize_with = "or_default")]
    pub scope: RuleScope,
    /// The names of the objects; all of them when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "few")]
    pub resource_names: Vec<String>,
}

/// Which resources a rule is about, by whether they have namespaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleScope {
    /// All of them; the default.
    #[default]
    #[serde(rename = "*")]
    All,
    /// Those with namespaces.
    Namespaced,
    /// Those without, and namespaces.
    Cluster,
}

/// A selector of labels; without requirements it selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must have these values.
    #[serde(
        default,
        skip_serializing_if = "Labels::is_empty",
        deserialize_with = "or_default"
    )]
    pub match_labels: Labels,
    /// Further requirements.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "few")]
    pub match_expressions: Vec<LabelRequirement>,
}

/// A requirement of a selector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelRequirement {
    /// The label.
    pub key: String,
    /// What is required of it.
    pub operator: LabelOperator,
    /// The values that the operator needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "few")]
    pub values: Vec<String>,
}

/// What a requirement says of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LabelOperator {
    /// It has one of the values.
    In,
    /// It has none of the values, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

/// A list of few entries. Go may write `null` for an empty one.
fn few<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    weight::list::at_most(deserializer, MAX_ENTRIES, "too many entries")
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
