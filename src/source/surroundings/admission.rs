//! Webhooks and policies that decide about writes, and which writes they are asked about.
//!
//! The rules are those of the API server (Kubernetes: `apiserver/pkg/admission/plugin/webhook/generic/webhook.go`,
//! `ShouldCallHook`; `predicates/rules/rules.go`, `predicates/namespace/matcher.go`, `predicates/object/matcher.go`;
//! `plugin/policy/matching/matching.go`, `Matches`). What a webhook answers, and what a CEL expression comes to, is not
//! told here: a match that depends on one is a [`Matched::Perhaps`].
//!
//! The types are written as the API server writes them, so that an answer of it and a snapshot are read alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::Answer;
use super::facts::ServiceName;
use super::question::SentVerb;
use crate::vocabulary::vocabulary;
use crate::weight;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

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
    /// Those of its bindings that deny; others warn or write to the audit log.
    pub bindings: Vec<Binding>,
}

/// A binding of a policy, by which it denies requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// Its name.
    pub name: String,
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
        skip_serializing_if = "BTreeMap::is_empty",
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

impl LabelSelector {
    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// The labels that it looks at.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let expressions = self.match_expressions.iter().map(|requirement| &requirement.key);
        self.match_labels.keys().chain(expressions).map(String::as_str)
    }

    /// Whether it selects an object with these labels (apimachinery: `pkg/labels/selector.go`, `Requirement.Matches`).
    pub fn selects(&self, labels: &Labels) -> bool {
        let equal = |(key, value): (&String, &String)| labels.get(key) == Some(value);
        self.match_labels.iter().all(equal)
            && self.match_expressions.iter().all(|requirement| {
                let value = labels.get(&requirement.key);
                let is_listed = value.is_some_and(|value| requirement.values.contains(value));
                match requirement.operator {
                    LabelOperator::In => is_listed,
                    LabelOperator::NotIn => !is_listed,
                    LabelOperator::Exists => value.is_some(),
                    LabelOperator::DoesNotExist => value.is_none(),
                }
            })
    }
}

/// A resource, as a request names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The version of the request.
    pub version: &'a str,
    /// The other versions that the API server serves it in.
    pub other_versions: &'a [&'a str],
    /// The plural name.
    pub plural: &'a str,
}

/// A request that webhooks and policies may be asked about.
#[derive(Debug, Clone, Copy)]
pub struct AdmissionRequest<'a> {
    /// What is asked.
    pub verb: SentVerb,
    /// The resource.
    pub resource: Resource<'a>,
    /// The name of the object.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: Option<&'a str>,
    /// The labels that selectors look at.
    pub labels: RequestLabels<'a>,
}

/// The labels of a request.
#[derive(Debug, Clone, Copy)]
pub struct RequestLabels<'a> {
    /// Those of the object as it would be, and as it is; `None` where there is no such object.
    pub objects: [Option<&'a Labels>; 2],
    /// Those of its namespace; `None` where they are not known.
    pub namespace: Option<&'a Labels>,
}

/// Whether a request is one that a webhook or a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matched {
    /// It is not.
    No,
    /// It is, unless an expression or labels that are not known say otherwise.
    Perhaps,
    /// It is.
    Yes,
}

impl Matched {
    fn known(is_so: Option<bool>) -> Self {
        match is_so {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Perhaps,
        }
    }
}

/// The group whose objects switch admission itself; no webhook and no policy is asked about them.
const EXEMPT_GROUP: &str = "admissionregistration.k8s.io";

impl AdmissionRequest<'_> {
    /// Whether nothing is asked about it (Kubernetes: `predicates/rules/rules.go`,
    /// `IsExemptAdmissionConfigurationResource`).
    fn is_exempt(&self) -> bool {
        self.resource.group == EXEMPT_GROUP
    }

    fn is_of_namespaces(&self) -> bool {
        self.resource.group.is_empty() && self.resource.plural == "namespaces"
    }
}

impl AdmissionRule {
    /// Whether it is about a resource and a verb, in one of these versions.
    fn is_about(&self, verb: SentVerb, resource: Resource<'_>, versions: &[&str]) -> bool {
        let operation = match verb {
            SentVerb::Create => "CREATE",
            SentVerb::Update => "UPDATE",
            SentVerb::Delete => "DELETE",
        };
        let has = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        has(&self.operations, operation)
            && has(&self.api_groups, resource.group)
            && versions.iter().any(|version| has(&self.api_versions, version))
            && self.resources.iter().any(|named| {
                // A rule without a subresource is about the resource alone, one with `*` about both.
                let (name, subresource) = named.split_once('/').unwrap_or((named, ""));
                (name == "*" || name == resource.plural) && (subresource.is_empty() || subresource == "*")
            })
    }

    fn matches(&self, request: &AdmissionRequest<'_>, versions: &[&str]) -> bool {
        let is_cluster_wide = request.is_of_namespaces() || request.namespace.is_none();
        let is_in_scope = match self.scope {
            RuleScope::All => true,
            RuleScope::Namespaced => !is_cluster_wide,
            RuleScope::Cluster => is_cluster_wide,
        };
        let is_named =
            self.resource_names.is_empty() || self.resource_names.iter().any(|name| name == request.name);
        is_in_scope && is_named && self.is_about(request.verb, request.resource, versions)
    }
}

impl MatchResources {
    /// Whether a rule is about this resource and verb, whatever the object.
    pub fn concern(&self, verb: SentVerb, resource: Resource<'_>) -> bool {
        let versions = self.versions(resource);
        resource.group != EXEMPT_GROUP
            && self
                .resource_rules
                .iter()
                .any(|rule| rule.is_about(verb, resource, &versions))
    }

    fn versions<'a>(&self, resource: Resource<'a>) -> Vec<&'a str> {
        let others = match self.match_policy {
            MatchPolicy::Exact => &[][..],
            MatchPolicy::Equivalent => resource.other_versions,
        };
        [&[resource.version], others].concat()
    }

    /// Whether the rules and the selectors select a request.
    fn matched(&self, request: &AdmissionRequest<'_>) -> Matched {
        if request.is_exempt() {
            return Matched::No;
        }
        let versions = self.versions(request.resource);
        let any = |rules: &[AdmissionRule]| rules.iter().any(|rule| rule.matches(request, &versions));
        if any(&self.exclude_resource_rules) || !any(&self.resource_rules) || !self.selects_object(request) {
            return Matched::No;
        }
        self.selects_namespace(request)
    }

    fn selects_object(&self, request: &AdmissionRequest<'_>) -> bool {
        let selects = |labels: &Labels| self.object_selector.selects(labels);
        self.object_selector.is_empty() || request.labels.objects.into_iter().flatten().any(selects)
    }

    fn selects_namespace(&self, request: &AdmissionRequest<'_>) -> Matched {
        let has_namespace = request.namespace.is_some() || request.is_of_namespaces();
        if self.namespace_selector.is_empty() || !has_namespace {
            return Matched::Yes;
        }
        let selects = |labels| self.namespace_selector.selects(labels);
        Matched::known(request.labels.namespace.map(selects))
    }
}

/// A match that an expression may take back.
fn unless(conditions: usize, matched: Matched) -> Matched {
    match matched {
        Matched::Yes if conditions > 0 => Matched::Perhaps,
        Matched::Yes | Matched::Perhaps | Matched::No => matched,
    }
}

impl Webhook {
    /// Whether it is asked about a request.
    pub fn matched(&self, request: &AdmissionRequest<'_>) -> Matched {
        unless(self.conditions, self.matches.matched(request))
    }
}

impl Policy {
    /// Whether it can deny a request, by one of its bindings at least.
    pub fn matched(&self, request: &AdmissionRequest<'_>) -> Matched {
        let limited = |binding: &Binding| {
            let by_binding = binding.matches.as_ref();
            by_binding.map_or(Matched::Yes, |matches| matches.matched_as_limit(request))
        };
        let by_bindings = self.bindings.iter().map(limited).max();
        let matched = self.matches.matched_as_limit(request);
        unless(self.conditions, matched.min(by_bindings.unwrap_or(Matched::No)))
    }
}

impl MatchResources {
    /// The same for a policy or a binding, where no rules stand for every request (Kubernetes:
    /// `plugin/policy/matching/matching.go`, `Matches`).
    fn matched_as_limit(&self, request: &AdmissionRequest<'_>) -> Matched {
        if !self.resource_rules.is_empty() {
            return self.matched(request);
        }
        let everything = AdmissionRule {
            operations: vec!["*".to_owned()],
            api_groups: vec!["*".to_owned()],
            api_versions: vec!["*".to_owned()],
            resources: vec!["*/*".to_owned()],
            ..AdmissionRule::default()
        };
        let all = Self {
            resource_rules: vec![everything],
            ..self.clone()
        };
        all.matched(request)
    }

    /// The labels of namespaces that it looks at.
    pub fn namespace_labels(&self) -> impl Iterator<Item = &str> {
        self.namespace_selector.keys()
    }
}
