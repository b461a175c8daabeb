//! Which requests a webhook or a policy is asked about.
//!
//! The rules are those of the API server (Kubernetes: `apiserver/pkg/admission/plugin/webhook/generic/webhook.go`,
//! `ShouldCallHook`; `predicates/rules/rules.go`, `predicates/namespace/matcher.go`, `predicates/object/matcher.go`;
//! `plugin/policy/matching/matching.go`, `Matches`). What a webhook answers, and what a CEL expression comes to, is not
//! told here: a match that depends on one is a [`Matched::Perhaps`].

use super::admission::{
    AdmissionRule, Binding, LabelOperator, LabelSelector, MatchPolicy, MatchResources, Policy, RuleScope,
    Webhook,
};
use super::facts::Labels;
use super::question::SentVerb;

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
    /// The versions that the API server serves it in; that of the request may be among them.
    pub served_versions: &'a [&'a str],
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
    /// Whether it is about a resource and a verb, in the version of the request or one that counts as the same.
    fn is_about(&self, verb: SentVerb, resource: Resource<'_>, policy: MatchPolicy) -> bool {
        let operation = match verb {
            SentVerb::Create => "CREATE",
            SentVerb::Update => "UPDATE",
            SentVerb::Delete => "DELETE",
        };
        let has = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        let has_version = |version: &str| has(&self.api_versions, version);
        let has_equivalent = || match policy {
            MatchPolicy::Exact => false,
            MatchPolicy::Equivalent => resource
                .served_versions
                .iter()
                .any(|version| has_version(version)),
        };
        has(&self.operations, operation)
            && has(&self.api_groups, resource.group)
            && (has_version(resource.version) || has_equivalent())
            && self.resources.iter().any(|named| {
                // A rule without a subresource is about the resource alone, one with `*` about both.
                let (name, subresource) = named.split_once('/').unwrap_or((named, ""));
                (name == "*" || name == resource.plural) && (subresource.is_empty() || subresource == "*")
            })
    }

    fn matches(&self, request: &AdmissionRequest<'_>, policy: MatchPolicy) -> bool {
        let is_cluster_wide = request.is_of_namespaces() || request.namespace.is_none();
        let is_in_scope = match self.scope {
            RuleScope::All => true,
            RuleScope::Namespaced => !is_cluster_wide,
            RuleScope::Cluster => is_cluster_wide,
        };
        let is_named =
            self.resource_names.is_empty() || self.resource_names.iter().any(|name| name == request.name);
        is_in_scope && is_named && self.is_about(request.verb, request.resource, policy)
    }
}

/// What it means to have no rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoRules {
    /// No request is meant: a webhook is asked nothing.
    Nothing,
    /// Every request is meant: a policy or a binding is not limited (Kubernetes: `plugin/policy/matching/matching.go`,
    /// `Matches`).
    Everything,
}

impl MatchResources {
    /// Whether a rule is about this resource and verb, whatever the object.
    pub fn concern(&self, verb: SentVerb, resource: Resource<'_>) -> bool {
        resource.group != EXEMPT_GROUP
            && self
                .resource_rules
                .iter()
                .any(|rule| rule.is_about(verb, resource, self.match_policy))
    }

    /// Whether the rules and the selectors select a request.
    fn matched(&self, request: &AdmissionRequest<'_>, no_rules: NoRules) -> Matched {
        if request.is_exempt() {
            return Matched::No;
        }
        let any = |rules: &[AdmissionRule]| rules.iter().any(|rule| rule.matches(request, self.match_policy));
        let is_selected = match no_rules {
            NoRules::Everything if self.resource_rules.is_empty() => true,
            NoRules::Everything | NoRules::Nothing => any(&self.resource_rules),
        };
        if any(&self.exclude_resource_rules) || !is_selected || !self.selects_object(request) {
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

    /// The labels of namespaces that it looks at.
    pub fn namespace_labels(&self) -> impl Iterator<Item = &str> {
        self.namespace_selector.keys()
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
        unless(self.conditions, self.matches.matched(request, NoRules::Nothing))
    }
}

impl Policy {
    /// Whether it can deny a request, by one of its bindings at least.
    pub fn matched(&self, request: &AdmissionRequest<'_>) -> Matched {
        let limited = |binding: &Binding| {
            let by_binding = binding.matches.as_ref();
            by_binding.map_or(Matched::Yes, |matches| {
                matches.matched(request, NoRules::Everything)
            })
        };
        let by_bindings = self.bindings.iter().map(limited).max();
        let matched = self.matches.matched(request, NoRules::Everything);
        unless(self.conditions, matched.min(by_bindings.unwrap_or(Matched::No)))
    }
}
